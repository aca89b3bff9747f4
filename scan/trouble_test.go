package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

func (w *wants) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	w.want = s.Want
	return w.Memory.Read(ctx, s)
}

func failing(name string, err error) Target {
	return Target{Name: name, Open: func(context.Context) (eventlog.Server, error) { return nil, err }}
}

// states are the outcomes in short.
func states(c *Cursor) (s []string) {
	for _, o := range c.Outcomes() {
		line := fmt.Sprintf("%s %v %d", o.Target, o.State, o.Events)
		for _, l := range o.Logs {
			line += fmt.Sprintf(" (%s %v %d)", l.Log, l.State, l.Events)
		}
		if o.Err != nil {
			line += ": " + o.Err.Error()
		}
		s = append(s, line)
	}
	return s
}

func TestTroubleIsAnOutcome(t *testing.T) {
	broken := memory("broken", "System", 1, 2, 3)
	broken.Fail, broken.FailAfter = io.ErrUnexpectedEOF, 2
	cannotList := &server{names: []string{"System"}, logs: []eventlog.Log{memory("old", "System", 4)}, list: errors.ErrUnsupported}
	refuses := &server{list: fs.ErrPermission}
	marked := target("marked", memory("marked", "System", 1))
	some := target("some", memory("some", "System", 9))
	some.Logs = []string{"Nosuch", "system", "system"}
	sel := &eventlog.Selection{After: []eventlog.Mark{
		{Server: "marked", Log: "system", Record: 17}, {Server: "down", Log: "System", Record: 5},
	}}
	c := Open(t.Context(), []Target{
		target("well", memory("well", "System", 1, 2, 3)),
		failing("down", &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}),
		target("broken", broken),
		{Name: "old", Open: cannotList.open},
		{Name: "refuses", Open: refuses.open},
		marked, some,
	}, sel, nil)
	defer c.Close()
	ids, _, err := drain(t, c)
	if err != ErrIncomplete || err.Error() != "not all servers could be read" {
		t.Errorf("end: %v", err)
	}
	if len(ids) != 7 {
		t.Errorf("%d events: %q", len(ids), ids)
	}
	equal(t, states(c), []string{
		"well ok 3 (System ok 3)",
		"down unreachable 0: dial tcp: connection refused",
		"broken failed 2 (System failed 2): unexpected EOF",
		"old failed 1 (System ok 1) (Security failed 0) (Application failed 0): open Security: file does not exist",
		"refuses refused 0: list logs: permission denied",
		"marked failed 0 (System failed 0): the remembered place is void: the log was cleared",
		"some failed 1 (Nosuch failed 0) (system ok 1): open Nosuch: file does not exist",
	})
	marks := map[string]uint64{}
	for _, m := range c.AppendMarks(nil) {
		marks[m.Server] = m.Record
	}
	for name, record := range map[string]uint64{"well": 3, "broken": 2, "old": 1, "some": 1, "down": 5, "marked": 17} {
		if marks[name] != record {
			t.Errorf("mark of %s is at record %d, want %d", name, marks[name], record)
		}
	}
}

// matching is a server that knows better which logs are meant.
type matching struct{ *server }

func (m matching) Match(name string) []string {
	if name == "System" {
		return m.names
	}
	return nil
}

func TestMatch(t *testing.T) {
	s := matching{&server{names: []string{"a/SysEvent.Evt", "b/SysEvent.Evt"},
		logs: []eventlog.Log{memory("x", "a", 1), memory("x", "b", 2)}}}
	c := Open(t.Context(), []Target{{Name: "x", Logs: []string{"System", "DNS"},
		Open: func(context.Context) (eventlog.Server, error) { return s, nil }}}, nil, nil)
	defer c.Close()
	drain(t, c)
	equal(t, states(c), []string{"x failed 2 (a/SysEvent.Evt ok 1) (b/SysEvent.Evt ok 1) (DNS failed 0): open DNS: file does not exist"})
}

func TestTooManyLogs(t *testing.T) {
	s := &server{names: make([]string, MaxLogs+1)}
	c := Open(t.Context(), []Target{{Name: "x", Open: s.open}}, nil, nil)
	defer c.Close()
	drain(t, c)
	equal(t, states(c), []string{"x failed 0: 65537 logs: over a limit"})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := Target{Name: "hangs", Open: func(ctx context.Context) (eventlog.Server, error) {
			<-ctx.Done()
			return nil, errors.New("use of closed network connection")
		}}
		stuck := memory("stuck", "System", 1, 2, 3)
		stuck.Block, stuck.BlockAfter = true, 2
		begin := time.Now()
		c := Open(t.Context(), []Target{
			hangs, target("stuck", stuck, memory("stuck", "Security", 1, 5)), target("well", memory("well", "System", 1, 2, 3)),
		}, nil, &Options{Timeout: 5 * time.Second, Parallel: 1})
		_, _, err := drain(t, c)
		if err != ErrIncomplete {
			t.Errorf("end: %v", err)
		}
		equal(t, states(c), []string{
			"hangs timeout 0: no answer within 5s: context deadline exceeded",
			"stuck timeout 4 (System timeout 2) (Security ok 2): no answer within 5s: context deadline exceeded",
			"well ok 3 (System ok 3)",
		})
		if d := time.Since(begin); d > 11*time.Second {
			t.Errorf("took %v", d)
		}
		if d := c.Outcomes()[0].Elapsed; d != 5*time.Second {
			t.Errorf("elapsed %v, want 5s", d)
		}
		c.Close()
	})
}

// A log that needs its time for every event is not cut off as long as each comes
// before the deadline, and what has come is given without waiting for more.
func TestSlowIsNotStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &slow{memory("slow", "System", 1, 2, 3, 4, 5, 6, 7, 8, 9)}
		s := &server{logs: []eventlog.Log{l}, names: []string{"System"}}
		c := Open(t.Context(), []Target{{Name: "slow", Open: s.open}}, nil, &Options{Timeout: 2 * time.Second})
		defer c.Close()
		var e eventlog.Event
		begin := time.Now()
		for i := range 9 {
			if err := c.Next(t.Context(), &e); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(begin); d > time.Duration(i+1)*1500*time.Millisecond {
				t.Errorf("event %d came after %v", i, d)
			}
		}
		if err := c.Next(t.Context(), &e); err != io.EOF {
			t.Error(err)
		}
	})
}

type slow struct{ *logtest.Memory }

func (s *slow) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := s.Memory.Read(ctx, sel)
	return slowCursor{c}, err
}

type slowCursor struct{ eventlog.Cursor }

func (s slowCursor) Next(ctx context.Context, e *eventlog.Event) error {
	select {
	case <-time.After(1500 * time.Millisecond):
		return s.Cursor.Next(ctx, e)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		stuck := memory("stuck", "System", 1, 2)
		stuck.Block, stuck.BlockAfter = true, 1
		c := Open(ctx, []Target{target("well", memory("well", "System", 1, 2, 3)), target("stuck", stuck), failing("down", io.ErrNoProgress)}, nil, nil)
		defer c.Close()
		time.AfterFunc(time.Minute, cancel)
		ids, _, err := drain(t, c)
		if !errors.Is(err, context.Canceled) || len(ids) != 1 {
			t.Errorf("%d events, %v", len(ids), err)
		}
		equal(t, states(c), []string{
			"well cancelled 0 (System cancelled 0): context canceled",
			"stuck cancelled 1 (System cancelled 1): context canceled",
			"down failed 0: " + io.ErrNoProgress.Error(),
		})
	})
}

// What has been decoded ahead is not given any more.
func TestCancelIsPrompt(t *testing.T) {
	for _, reader := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		c := Open(ctx, []Target{target("a", memory("a", "System", make([]int, 5000)...))}, nil, nil)
		var e eventlog.Event
		for range 1000 {
			if err := c.Next(ctx, &e); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		next := t.Context()
		if reader {
			next = ctx
		}
		if err := c.Next(next, &e); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if m := c.AppendMarks(nil); len(m) != 1 || m[0].Record != 1000 {
			t.Errorf("marks %v", m)
		}
		c.Close()
	}
}

func TestCloseInTheMiddle(t *testing.T) {
	for _, n := range []int{0, 1, 700} {
		synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
			var closed atomic.Int32
			var targets []Target
			for i := range 20 {
				name := fmt.Sprintf("srv%02d", i)
				s := &server{closed: &closed, names: []string{"System"}, logs: []eventlog.Log{memory(name, "System", make([]int, 500)...)}}
				targets = append(targets, Target{Name: name, Open: s.open})
			}
			c := Open(context.Background(), targets, nil, &Options{Parallel: 3})
			var e eventlog.Event
			for range n {
				if err := c.Next(t.Context(), &e); err != nil {
					t.Fatal(err)
				}
			}
			if n > 0 {
				synctest.Wait()
			}
			c.Close()
			c.Close()
			if n > 0 && closed.Load() != 20 {
				t.Errorf("%d servers closed, want 20", closed.Load())
			}
			if err := c.Next(t.Context(), &e); !errors.Is(err, context.Canceled) {
				t.Errorf("Next after Close: %v", err)
			}
			for _, o := range c.Outcomes() {
				if o.State != eventlog.Cancelled && o.Events != 500 {
					t.Errorf("%s is %v with %d events", o.Target, o.State, o.Events)
				}
			}
		})
	}
}

// Close ends a Next that waits.
func TestCloseWhileNextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := memory("stuck", "System", 1)
		stuck.Block = true
		c := Open(context.Background(), []Target{target("stuck", stuck)}, nil, nil)
		go func() {
			time.Sleep(time.Second)
			c.Close()
		}()
		var e eventlog.Event
		if err := c.Next(t.Context(), &e); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// With one token, servers that do not answer keep others waiting only until
// their deadline, and a reader that does not read keeps nobody.
func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		var targets []Target
		for i := range 12 {
			name := fmt.Sprintf("srv%02d", i)
			l := memory(name, "System", make([]int, 100)...)
			targets = append(targets, Target{Name: name, Open: func(context.Context) (eventlog.Server, error) {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Second)
				now.Add(-1)
				return &server{names: []string{"System"}, logs: []eventlog.Log{l}}, nil
			}})
		}
		c := Open(t.Context(), targets, nil, &Options{Parallel: 4})
		time.Sleep(time.Hour) // nobody reads
		ids, _, err := drain(t, c)
		if err != io.EOF || len(ids) != 1200 {
			t.Errorf("%d events, %v", len(ids), err)
		}
		if most.Load() != 4 {
			t.Errorf("%d at the same time, want 4", most.Load())
		}
		c.Close()
	})
}
