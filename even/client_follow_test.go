package even

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
)

// follower follows a script's log in a bubble of synctest. The test's context is not
// of the bubble.
type follower struct {
	t *testing.T
	s *script
	w *wired
	c eventlog.Cursor
}

func follows(t *testing.T, sel *eventlog.Selection, f func(*follower)) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, events(101, 5))
		w := &wired{rpc: dcerpc.NewServer(dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{s.iface()}})}
		c, err := Dial(context.Background(), &ClientOptions{Name: "bedrock", Dialer: w})
		if err != nil {
			t.Fatal(err)
		}
		l, err := c.OpenLog(context.Background(), "System")
		if err != nil {
			t.Fatal(err)
		}
		x := &follower{t: t, s: s, w: w}
		if x.c, err = eventlog.Follow(context.Background(), l, sel); err != nil {
			t.Fatal(err)
		}
		f(x)
		for _, err := range []error{x.c.Close(), l.Close(), c.Close(), w.rpc.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
		w.wg.Wait()
	})
}

// want waits for what comes next: a number, "lost …", "cleared"; within so long.
func (x *follower) want(within time.Duration, want string) {
	x.t.Helper()
	begin := time.Now()
	one := &eventlogOne{x.c}
	got, err := cursorText(context.Background(), one)
	if err != nil || got != want {
		x.t.Errorf("have %q, %v, want %q", got, err, want)
	}
	if d := time.Since(begin); d > within {
		x.t.Errorf("%s came after %v, want %v at most", want, d, within)
	}
}

// eventlogOne is one item of a walk.
type eventlogOne struct{ eventlog.Cursor }

func (o *eventlogOne) Next(ctx context.Context, e *eventlog.Event) error {
	if o.Cursor == nil {
		return io.EOF
	}
	c := o.Cursor
	o.Cursor = nil
	return c.Next(ctx, e)
}

// put makes the log one of n records from a number on.
func (x *follower) put(first uint64, n int) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if n == 0 {
		x.s.first, x.s.records = 0, nil
		return
	}
	x.s.put(x.t, first, n)
}

func (x *follower) asked() (n int) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	return x.s.counts
}

func TestClientFollow(t *testing.T) {
	t.Run("new records", func(t *testing.T) {
		follows(t, nil, func(x *follower) {
			if m := x.c.AppendMarks(nil); len(m) != 1 || m[0].Record != 105 {
				t.Errorf("the first mark: %v", m)
			}
			x.put(101, 7)
			x.want(time.Second, "106-106")
			x.want(0, "107-107")
			time.AfterFunc(500*time.Millisecond, func() { x.put(101, 8) })
			x.want(time.Second, "108-108")
			// It is asked seldom while nothing happens, and often again when something does.
			before := x.asked()
			time.AfterFunc(time.Hour, func() { x.put(101, 9) })
			x.want(time.Hour+10*time.Second, "109-109")
			if n := x.asked() - before; n > 3*(360+10) || n < 3*350 {
				t.Errorf("asked %d times in an hour", n)
			}
			x.put(101, 10)
			x.want(time.Second, "110-110")
		})
	})
	t.Run("from a place", func(t *testing.T) {
		follows(t, &eventlog.Selection{Start: 104, Limit: 3}, func(x *follower) {
			x.want(0, "104-104")
			x.want(0, "105-105")
			x.put(101, 7)
			x.want(time.Second, "106-106")
			if err := x.c.Next(context.Background(), new(eventlog.Event)); err != io.EOF {
				t.Errorf("behind the limit: %v", err)
			}
		})
	})
	t.Run("overtaken", func(t *testing.T) {
		follows(t, nil, func(x *follower) {
			x.put(200, 3)
			x.want(time.Second, "lost 106-199")
			x.want(0, "200-200")
			x.want(0, "201-201")
		})
	})
	t.Run("cleared", func(t *testing.T) {
		follows(t, nil, func(x *follower) {
			x.put(0, 0)
			x.want(time.Second, "cleared")
			if m := x.c.AppendMarks(nil); m[0].Record != 0 {
				t.Errorf("the mark behind it: %v", m)
			}
			x.put(1, 2)
			x.want(2*time.Second, "1-1")
			x.want(0, "2-2")
			x.put(1, 1)
			x.want(time.Second, "cleared")
			x.want(0, "1-1")
		})
	})
	t.Run("cleared and longer than before", func(t *testing.T) {
		follows(t, &eventlog.Selection{Start: 105}, func(x *follower) {
			x.want(0, "105-105")
			x.put(101, 7)
			x.want(time.Second, "106-106")
			x.want(0, "107-107")
			x.put(101, 20)
			x.s.mu.Lock()
			x.s.records[6][20]++ // another event under the number that was read last
			x.s.mu.Unlock()
			x.want(time.Second, "cleared")
			x.want(0, "101-101")
		})
	})
	t.Run("the connection is lost", func(t *testing.T) {
		follows(t, nil, func(x *follower) {
			x.w.cut()
			x.put(101, 6)
			x.want(2*time.Second, "106-106")
			gone := errors.New("nobody is there")
			x.w.mu.Lock()
			x.w.err = gone
			x.w.mu.Unlock()
			x.w.cut()
			for range 2 {
				if err := x.c.Next(context.Background(), new(eventlog.Event)); !errors.Is(err, gone) {
					t.Errorf("nobody there: %v", err)
				}
			}
		})
	})
	t.Run("ended", func(t *testing.T) {
		follows(t, nil, func(x *follower) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := x.c.Next(ctx, new(eventlog.Event)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a deadline: %v", err)
			}
		})
		follows(t, nil, func(x *follower) {
			time.AfterFunc(time.Minute, func() { _ = x.c.Close() }) // never fails
			if err := x.c.Next(context.Background(), new(eventlog.Event)); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("closed: %v", err)
			}
		})
	})
	t.Run("backwards", func(t *testing.T) {
		s := newScript(t, events(1, 1))
		l := openLog(t, asking(t, serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{s.iface()}}), ClientOptions{}), "System")
		if _, err := eventlog.Follow(context.Background(), l, &eventlog.Selection{Backward: true}); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%v", err)
		}
	})
}
