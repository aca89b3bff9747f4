package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

var reset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// breaking is a server over one connection: once its logs have given so many
// events, all of them break off. What is opened with it then holds.
type breaking struct {
	logs   []*logtest.Memory
	after  []int32 // of the first opening, the second, …; the rest hold
	opens  atomic.Int32
	closed atomic.Int32
	refuse error // of all openings but the first
}

func (b *breaking) target(name string) Target {
	return Target{Name: name, Open: func(context.Context) (eventlog.Server, error) {
		n := int(b.opens.Add(1)) - 1
		if n > 0 && b.refuse != nil {
			return nil, b.refuse
		}
		c := &line{breaking: b, left: new(atomic.Int32)}
		c.left.Store(1 << 30)
		if n < len(b.after) {
			c.left.Store(b.after[n])
		}
		return c, nil
	}}
}

type line struct {
	*breaking
	left *atomic.Int32
}

func (c *line) Close() error { c.closed.Add(1); return nil }
func (c *line) Logs(context.Context) (infos []eventlog.Info, err error) {
	for _, l := range c.logs {
		infos = append(infos, eventlog.Info{Name: l.Origin.Log})
	}
	return infos, nil
}

func (c *line) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	for _, l := range c.logs {
		if l.Origin.Log == name {
			return &fragile{l, c.left}, nil
		}
	}
	return nil, errors.New("no such log")
}

type fragile struct {
	*logtest.Memory
	left *atomic.Int32
}

func (f *fragile) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := f.Memory.Read(ctx, sel)
	if err != nil {
		return nil, err
	}
	return &fragileCursor{Cursor: c, left: f.left}, nil
}

type fragileCursor struct {
	eventlog.Cursor
	left *atomic.Int32
	err  error
}

func (f *fragileCursor) Examined() uint64 { return eventlog.Examined(f.Cursor) }
func (f *fragileCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if f.err == nil && f.left.Add(-1) < 0 {
		f.err = fmt.Errorf("bedrock: %w", reset)
	}
	if f.err != nil {
		return f.err
	}
	return f.Cursor.Next(ctx, e)
}

// A connection that breaks off once costs nothing: the list is the same, whatever
// the place, the direction, the filter and the other logs.
func TestReopened(t *testing.T) {
	for seed := range uint64(120) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		var logs []*logtest.Memory
		for i := range rnd.IntN(3) + 1 {
			var seconds []int
			for range rnd.IntN(60) {
				seconds = append(seconds, rnd.IntN(50))
			}
			l := memory("bedrock", fmt.Sprint("log", i), seconds...)
			if len(seconds) > 2 {
				l.Losses = map[uint64]*eventlog.Loss{2: {Origin: &l.Origin, Offset: -1, First: 2, Partial: true, Err: io.ErrUnexpectedEOF}}
			}
			logs = append(logs, l)
		}
		sel := eventlog.Selection{Backward: rnd.IntN(2) == 0}
		if rnd.IntN(2) == 0 {
			sel.Where = eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 3)
		}
		if rnd.IntN(3) == 0 {
			sel.Limit = rnd.IntN(40) + 1
		}
		other := memory("barney", "System", rnd.Perm(40)...)
		run := func(after ...int32) ([]string, []*eventlog.Loss, []Outcome, *breaking, error) {
			b := &breaking{logs: logs, after: after}
			c := Open(t.Context(), []Target{b.target("bedrock"), target("barney", other)}, &sel, &Options{Ahead: rnd.IntN(200)})
			defer c.Close()
			ids, losses, err := drain(t, c)
			return ids, losses, c.Outcomes(), b, err
		}
		want, wantLosses, _, _, err := run()
		if err != io.EOF {
			t.Fatal(err)
		}
		got, losses, outcomes, b, err := run(rnd.Int32N(100))
		if err != io.EOF || len(losses) != len(wantLosses) {
			t.Errorf("seed %d: %v, %d losses, want %d; %v", seed, err, len(losses), len(wantLosses), outcomes[0].Err)
		}
		equal(t, got, want)
		if broke := outcomes[0].Broke; (broke != nil) != (b.opens.Load() == 2) || outcomes[1].Broke != nil {
			t.Errorf("seed %d: %d times opened, broke: %v", seed, b.opens.Load(), broke)
		}
	}
}

// Pages, too, are together the whole, where the connection of each second one breaks.
func TestReopenedPages(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 8))
		var seconds []int
		for range rnd.IntN(80) {
			seconds = append(seconds, rnd.IntN(50))
		}
		l := memory("bedrock", "System", seconds...)
		b := &breaking{logs: []*logtest.Memory{l}}
		for range 50 {
			b.after = append(b.after, rnd.Int32N(12), 1<<30)
		}
		other := memory("barney", "System", rnd.Perm(20)...)
		sel := eventlog.Selection{Backward: seed%2 == 0}
		want := reference([]*logtest.Memory{l, other}, sel.Backward, nil)
		got := pages(t, []Target{b.target("bedrock"), target("barney", other)}, sel, func(s *eventlog.Selection) {
			if seed%3 == 0 {
				s.Limit = rnd.IntN(9) + 1
			} else {
				s.Budget = int64(rnd.IntN(9) + 1)
			}
		})
		equal(t, got, want)
	}
}

// The second time it is over, as it is when the server is not there any more.
func TestReopenedOnce(t *testing.T) {
	numbers := memory("bedrock", "System", 1, 2, 3, 4, 5, 6, 7, 8)
	for _, tt := range []struct {
		name  string
		b     *breaking
		want  string
		opens int32
	}{
		{"twice", &breaking{after: []int32{3, 2}},
			"bedrock unreachable 5 (System unreachable 5): bedrock: read tcp: connection reset by peer", 2},
		{"gone", &breaking{after: []int32{3}, refuse: io.ErrNoProgress},
			"bedrock unreachable 3 (System unreachable 3): bedrock: read tcp: connection reset by peer; opened again: " + io.ErrNoProgress.Error(), 2},
		{"at once", &breaking{after: []int32{0, 0}},
			"bedrock unreachable 0 (System unreachable 0): bedrock: read tcp: connection reset by peer", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.b
			b.logs = []*logtest.Memory{numbers}
			c := Open(t.Context(), []Target{b.target("bedrock")}, nil, nil)
			_, _, err := drain(t, c)
			if err != ErrIncomplete {
				t.Error(err)
			}
			equal(t, states(c), []string{tt.want})
			c.Close()
			if n := b.opens.Load(); n != tt.opens {
				t.Errorf("opened %d times", n)
			}
			if n, want := b.closed.Load(), b.opens.Load(); b.refuse == nil && n != want {
				t.Errorf("%d of %d closed", n, want)
			}
		})
	}
}

// What is no broken connection is not tried again: a log that was cleared, a
// errRefused, a server that does not answer.
func TestNotReopened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opens atomic.Int32
		var targets []Target
		for i, err := range []error{eventlog.ErrMarkGone, errRefused, context.DeadlineExceeded, io.ErrUnexpectedEOF} {
			l := memory(fmt.Sprint(i), "System", 1, 2)
			l.Fail, l.FailAfter = err, 1
			s := &server{names: []string{"System"}, logs: []eventlog.Log{l}}
			targets = append(targets, Target{Name: fmt.Sprint(i), Open: func(context.Context) (eventlog.Server, error) {
				opens.Add(1)
				return s, nil
			}})
		}
		c := Open(t.Context(), targets, nil, nil)
		defer c.Close()
		drain(t, c)
		if n := opens.Load(); n != 4 {
			t.Errorf("opened %d times", n)
		}
		for _, o := range c.Outcomes() {
			if !o.Bad() || o.Broke != nil {
				t.Errorf("%s is %s, %v", o.Target, o.Word(), o.Broke)
			}
		}
	})
}

// clocked is a server whose clock is known once a log is open.
type clocked struct {
	*server
	ahead time.Duration
	open  bool
}

func (c *clocked) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	c.open = true
	return c.server.OpenLog(ctx, name)
}
func (c *clocked) Skew() (time.Duration, bool) { return c.ahead, c.open }

func TestSkew(t *testing.T) {
	var targets []Target
	for i, d := range []time.Duration{0, -90 * time.Second, time.Hour} {
		name := fmt.Sprint(i)
		s := &clocked{server: &server{names: []string{"System"}, logs: []eventlog.Log{memory(name, "System", 1)}}, ahead: d}
		targets = append(targets, Target{Name: name, Open: func(context.Context) (eventlog.Server, error) { return s, nil }})
	}
	targets = append(targets, target("silent", memory("silent", "System", 1)))
	targets[2].Logs = []string{} // no log, no clock
	c := Open(t.Context(), targets, nil, nil)
	defer c.Close()
	drain(t, c)
	var got []string
	for _, o := range c.Outcomes() {
		got = append(got, fmt.Sprint(o.Skew, o.SkewKnown))
	}
	equal(t, got, []string{"0s true", "-1m30s true", "0s false", "0s false"})
}
