package scan

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
)

// remote is a server every answer of which takes its time. A log gives a hundred
// events with one answer.
type remote struct {
	*server
	delay time.Duration
}

func (r *remote) wait(ctx context.Context) error {
	select {
	case <-time.After(r.delay):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *remote) open(ctx context.Context) (eventlog.Server, error) {
	if err := r.wait(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *remote) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	if err := r.wait(ctx); err != nil {
		return nil, err
	}
	l, err := r.server.OpenLog(ctx, name)
	return &remoteLog{l, r}, err
}

type remoteLog struct {
	eventlog.Log
	r *remote
}

func (l *remoteLog) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := l.Log.Read(ctx, sel)
	return &remoteCursor{Cursor: c, r: l.r}, err
}

type remoteCursor struct {
	eventlog.Cursor
	r *remote
	n int
}

func (c *remoteCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if c.n%100 == 0 {
		if err := c.r.wait(ctx); err != nil {
			return err
		}
	}
	c.n++
	return c.Cursor.Next(ctx, e)
}

// remotely is a target of a remote with a log System.
func remotely(name string, delay time.Duration, seconds ...int) Target {
	r := &remote{&server{names: []string{"System", "Application", "Security"}}, delay}
	for _, log := range r.names {
		r.logs = append(r.logs, memory(name, log, seconds...))
	}
	return Target{Name: name, Open: r.open, Default: []string{"System", "Application"}}
}

// The job of the old scripts: four servers, of which one is dead, one refuses and
// one is slow.
func TestFourServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := Target{Name: "betty", Open: func(ctx context.Context) (eventlog.Server, error) {
			<-ctx.Done() // no answer at all
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ETIMEDOUT}
		}, OpenTimeout: 30 * time.Second}
		targets := []Target{
			remotely("bedrock", 50*time.Millisecond, 1, 3, 5, 7), dead, failing("barney", errRefused), remotely("wilma", 8*time.Second, 2, 4, 6),
		}
		begin := time.Now()
		c := Open(t.Context(), targets, &eventlog.Selection{Backward: true}, nil)
		defer c.Close()
		var e eventlog.Event
		if err := c.Next(t.Context(), &e); err != nil || e.Origin.Server != "bedrock" || e.RecordNumber != 4 {
			t.Fatalf("%v, %s", err, id(&e))
		}
		if d := time.Since(begin); d != 40*time.Second { // wilma's five answers are later than the dead one's time
			t.Errorf("the first event came after %v", d)
		}
		ids, _, err := drain(t, c)
		if err != ErrIncomplete || len(ids) != 2*4+2*3-1 {
			t.Errorf("%d events, %v", len(ids), err)
		}
		equal(t, states(c), []string{
			"bedrock ok 8 (System ok 4) (Application ok 4)",
			"betty timeout 0: no answer within 30s: context deadline exceeded",
			"barney refused 0: " + errRefused.Error(),
			"wilma ok 6 (System ok 3) (Application ok 3)",
		})
	})
}

// The deadline of a server is that of all its answers together; a reader that takes
// its time does not use it up.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := []Target{
			remotely("slow", 3*time.Second, 1, 2, 3),
			remotely("quick", 500*time.Millisecond, make([]int, 150)...),
		}
		c := Open(t.Context(), targets, nil, &Options{Deadline: 13 * time.Second, Timeout: 5 * time.Second})
		defer c.Close()
		var e eventlog.Event
		for i := 0; ; i++ {
			if err := c.Next(t.Context(), &e); err != nil {
				if i != 301 || err != ErrIncomplete {
					t.Errorf("%d events, %v", i, err)
				}
				break
			}
			time.Sleep(time.Minute) // a pager
		}
		equal(t, states(c), []string{
			"slow timeout 1 (System timeout 1) (Application timeout 0): not done within 13s: context deadline exceeded",
			"quick ok 300 (System ok 150) (Application ok 150)",
		})
		if o := c.Outcomes()[0]; o.Elapsed != 13*time.Second {
			t.Errorf("elapsed %v", o.Elapsed)
		}
	})
}

// Default is for who names no logs.
func TestDefault(t *testing.T) {
	named := remotely("bedrock", 0, 1)
	named.Logs = []string{"Security"}
	all := remotely("bedrock", 0, 1)
	all.Default = nil
	for _, tt := range []struct {
		t    Target
		want string
	}{
		{remotely("bedrock", 0, 1), "bedrock ok 2 (System ok 1) (Application ok 1)"},
		{named, "bedrock ok 1 (Security ok 1)"},
		{all, "bedrock ok 3 (System ok 1) (Application ok 1) (Security ok 1)"},
	} {
		c := Open(t.Context(), []Target{tt.t}, nil, nil)
		drain(t, c)
		c.Close()
		equal(t, states(c), []string{tt.want})
	}
}

// keeper keeps logs for others too.
type keeper struct {
	*server
	closed string // to whom asks; names in a line
}

func (k *keeper) open(context.Context) (eventlog.Server, error) { return k, nil }

func (k *keeper) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	if strings.Contains(k.closed, name) {
		return nil, fs.ErrPermission
	}
	return k.server.OpenLog(ctx, name)
}

// What may not be read is passed over where nobody asked for it by name.
func TestPassRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		closed string
		change func(*Target)
		want   string
	}{
		"one":      {"Security", nil, "bedrock ok 1 (System ok 1)"},
		"all":      {"System Security", nil, "bedrock refused 0: log Security: permission denied"},
		"none":     {"", nil, "bedrock ok 2 (System ok 1) (Security ok 1)"},
		"named":    {"Security", func(t *Target) { t.Logs = []string{"Security", "System"} }, "bedrock refused 1 (Security refused 0) (System ok 1): permission denied"},
		"of files": {"Security", func(t *Target) { t.PassRefused = false }, "bedrock refused 1 (System ok 1) (Security refused 0): permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{&server{names: []string{"System", "Security"}, logs: []eventlog.Log{memory("bedrock", "System", 1), memory("bedrock", "Security", 2)}}, tt.closed}
			target := Target{Name: "bedrock", Open: k.open, PassRefused: true}
			if tt.change != nil {
				tt.change(&target)
			}
			c := Open(t.Context(), []Target{target}, nil, nil)
			drain(t, c)
			c.Close()
			equal(t, states(c), []string{tt.want})
		})
	}
}

// How far each is can be asked while it runs.
func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := memory("stuck", "System", 1, 2, 3)
		stuck.Block, stuck.BlockAfter = true, 2
		c := Open(t.Context(), []Target{
			remotely("bedrock", time.Second, 1, 2), remotely("barney", time.Second, 1), failing("down", io.ErrNoProgress), target("stuck", stuck),
		}, nil, &Options{Parallel: 1})
		now := func() (words []string) {
			synctest.Wait()
			for _, s := range c.Status(nil) {
				words = append(words, fmt.Sprint(s.Target, " ", s.Word(), " ", s.Events))
			}
			return words
		}
		opening := 0
		for _, s := range now() {
			if s == "bedrock opening 0" || s == "barney opening 0" {
				opening++
			}
		}
		if opening > 1 {
			t.Errorf("%d at once", opening)
		}
		time.Sleep(time.Hour)
		for _, s := range c.Status(nil) {
			if s.Target == "down" && s.Word() != "failed" {
				t.Errorf("%+v", s)
			}
		}
		c.Close()
		if got := Phase(9).String() + Waiting.String(); got != "?waiting" {
			t.Error(got)
		}
	})

	c := Open(t.Context(), []Target{target("a", memory("a", "System", 1, 2)), target("none")}, nil, nil)
	drain(t, c)
	c.Close()
	for i, want := range []string{"a ok 2", "none ok 0"} {
		if s := c.Status(nil)[i]; fmt.Sprint(s.Target, " ", s.Word(), " ", s.Events) != want {
			t.Errorf("%+v, want %s", s, want)
		}
	}
}
