package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/scan"
)

var errDown = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}

// fake is a server with one log, System, to which a test writes.
type fake struct {
	name string

	mu         sync.Mutex
	events     []*eventlog.Event
	info       eventlog.Info // what Info says beside the numbers
	generation uint64
	fail       error         // of opening
	failLog    error         // of opening the log
	pause      time.Duration // before it is open
	opens      []time.Time
	given      int // events that were read
	skew       time.Duration
	busy, most *atomic.Int32 // servers being opened at the same time
}

func (f *fake) target() scan.Target {
	return scan.Target{Name: f.name, Open: f.open, Logs: []string{"System"}}
}

func (f *fake) open(ctx context.Context) (eventlog.Server, error) {
	f.mu.Lock()
	f.opens = append(f.opens, time.Now())
	fail, pause := f.fail, f.pause
	f.mu.Unlock()
	if f.busy != nil {
		f.most.Store(max(f.most.Load(), f.busy.Add(1)))
		defer f.busy.Add(-1)
	}
	if pause > 0 {
		t := time.NewTimer(pause)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return f, fail
}

func (f *fake) Close() error                                  { return nil }
func (f *fake) Logs(context.Context) ([]eventlog.Info, error) { return nil, errors.ErrUnsupported }
func (f *fake) Skew() (time.Duration, bool)                   { return f.skew, f.skew != 0 }

func (f *fake) OpenLog(context.Context, string) (eventlog.Log, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failLog != nil {
		return nil, f.failLog
	}
	l := logtest.NewMemory(eventlog.Origin{Server: f.name, Log: "System"}, f.events)
	return &fakeLog{l, f}, nil
}

type fakeLog struct {
	*logtest.Memory
	f *fake
}

func (l *fakeLog) Info(ctx context.Context) (eventlog.Info, error) {
	i, err := l.Memory.Info(ctx)
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	i.Generation, i.Size, i.MaxSize = l.f.generation, l.f.info.Size, l.f.info.MaxSize
	i.Retention, i.Full = l.f.info.Retention, l.f.info.Full
	return i, err
}

func (l *fakeLog) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := l.Memory.Read(ctx, s)
	if err != nil {
		return nil, err
	}
	return &fakeCursor{c, l.f}, nil
}

type fakeCursor struct {
	eventlog.Cursor
	f *fake
}

func (c *fakeCursor) Examined() uint64 { return eventlog.Examined(c.Cursor) }
func (c *fakeCursor) Next(ctx context.Context, e *eventlog.Event) error {
	err := c.Cursor.Next(ctx, e)
	if err == nil {
		c.f.mu.Lock()
		c.f.given++
		c.f.mu.Unlock()
	}
	return err
}

// report writes an event.
func (f *fake) report(t eventlog.Type, ago time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := uint64(1)
	if len(f.events) > 0 {
		n = f.events[len(f.events)-1].RecordNumber + 1
	}
	at := time.Now().Add(-ago).UTC().Truncate(time.Second)
	f.events = append(f.events, &eventlog.Event{
		RecordNumber: n, TimeGenerated: at, TimeWritten: at, Type: t, Level: eventlog.LevelOf(t), ID: 7, Source: "Disk",
	})
}

// clear empties the log and begins again with record 1.
func (f *fake) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = nil
	f.generation++
}

func (f *fake) tried() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.opens)
}

func start(t *testing.T, opts *Options, targets ...scan.Target) *Watch {
	t.Helper()
	w, err := New(targets, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func state(t *testing.T, w *Watch, name string) Server {
	t.Helper()
	s, err := w.Server(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func refresh(t *testing.T, w *Watch, name string) {
	t.Helper()
	if err := w.Refresh(t.Context(), name); err != nil {
		t.Fatalf("refresh %s: %v", name, err)
	}
}

// sum is what was counted of all hours.
func (s *Server) sum() (all eventlog.LevelCounts) {
	for i := range s.Hours {
		all.Add(&s.Hours[i].Levels)
	}
	return all
}

// Each server is asked at its pace, and not too many of them at once.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy, most atomic.Int32
		var fakes []*fake
		var targets []scan.Target
		for i := range 20 {
			f := &fake{name: fmt.Sprint("srv", i), pause: time.Second, busy: &busy, most: &most}
			f.report(eventlog.Error, 0)
			fakes, targets = append(fakes, f), append(targets, f.target())
		}
		start(t, &Options{Parallel: 5}, targets...)
		time.Sleep(24 * time.Hour)
		if n := most.Load(); n > 5 {
			t.Errorf("%d at the same time", n)
		}
		moments := map[time.Duration]int{}
		for _, f := range fakes {
			if n := f.tried(); n < 270 || n > 300 {
				t.Errorf("%s was asked %d times in a day", f.name, n)
			}
			for i := 1; i < len(f.opens); i++ {
				// With its own second, and waiting for room.
				if d := f.opens[i].Sub(f.opens[i-1]); d < 270*time.Second || d > 345*time.Second {
					t.Errorf("%s was asked again after %v", f.name, d)
				}
			}
			moments[f.opens[100].Sub(fakes[0].opens[100]).Truncate(10*time.Second)]++
		}
		if len(moments) < 5 {
			t.Errorf("the servers are asked all together: %v", moments)
		}
	})
}

// Only what is new is read, and the day is what the last 24 hours had.
func TestState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "bedrock", skew: time.Minute, info: eventlog.Info{Size: 95, MaxSize: 100, Retention: eventlog.RetainForever}}
		f.report(eventlog.Error, 30*time.Hour) // too old
		f.report(eventlog.Warning, 22*time.Hour)
		f.report(eventlog.Error, time.Hour)
		f.report(eventlog.Error, 0)
		w := start(t, nil, f.target())
		synctest.Wait()
		if s := state(t, w, "bedrock"); s.Next.IsZero() || s.Next.After(time.Now()) && !s.Tried.IsZero() {
			t.Errorf("before: %+v", s)
		}
		begin := time.Now()
		refresh(t, w, "bedrock")
		s := state(t, w, "bedrock")
		if s.State != eventlog.OK || s.Err != nil || !s.Seen.Equal(begin) || s.Refreshing || s.Skew != time.Minute || !s.SkewKnown {
			t.Errorf("after: %+v", s)
		}
		if want := (eventlog.LevelCounts{eventlog.LevelError: 2, eventlog.LevelWarning: 1}); s.sum() != want {
			t.Errorf("counted %v, want %v", s.sum(), want)
		}
		if now := s.Hours[23]; now.Levels[eventlog.LevelError] != 1 || now.Begin != begin.UTC().Truncate(time.Hour) {
			t.Errorf("the hour that is under way: %+v", now)
		}
		if s.Last.Record != 4 || s.Last.Source != "Disk" || s.Last.Level != eventlog.LevelError || s.Last.Log != "System" {
			t.Errorf("the last event: %+v", s.Last)
		}
		if len(s.Logs) != 1 || s.Logs[0].Reach.Truncate(time.Second) != 30*time.Hour || s.Logs[0].Risk != RiskFills || s.Logs[0].Info.Count() != 4 {
			t.Errorf("the log: %+v", s.Logs)
		}
		if f.given != 3 {
			t.Errorf("%d events were read", f.given)
		}

		_, version := w.Servers()
		f.report(eventlog.Warning, 0)
		f.report(eventlog.AuditFailure, -48*time.Hour) // its clock is wrong: that is now
		refresh(t, w, "bedrock")
		s = state(t, w, "bedrock")
		if f.given != 5 || s.sum().Sum() != 5 || s.Hours[23].Levels[eventlog.LogAlways] != 1 || s.Last.Record != 6 {
			t.Errorf("%d events were read, %v counted, last %+v", f.given, s.sum(), s.Last)
		}
		if now, err := w.Wait(t.Context(), version); err != nil || now == version {
			t.Errorf("no change: %d, %v", now, err)
		}

		// The day goes on.
		time.Sleep(3 * time.Hour)
		if s := state(t, w, "bedrock"); s.sum()[eventlog.LevelWarning] != 1 || s.Hours[20].Levels.Sum() != 3 {
			t.Errorf("three hours later: %v", s.Hours)
		}
		time.Sleep(24 * time.Hour)
		if s := state(t, w, "bedrock"); s.sum().Sum() != 0 || s.Last.Record != 6 || f.given != 5 {
			t.Errorf("a day later: %v, %d events were read", s.sum(), f.given)
		}
	})
}

// What was cleared is read from its beginning, and what was overwritten is counted.
func TestClearedAndOverwritten(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*fake)
		events  uint64 // counted in the end
		lost    uint64
		cleared bool
	}{
		{"cleared", func(f *fake) { f.clear() }, 3, 0, true},
		{"cleared, and something is there", func(f *fake) { f.clear(); f.report(eventlog.Error, 0) }, 4, 0, true},
		{"cleared, and within a second as much is there as before", func(f *fake) {
			f.clear()
			for range 4 {
				f.report(eventlog.Error, 0)
			}
		}, 7, 0, true},
		{"cleared, and nobody knows of its lives", func(f *fake) {
			f.clear()
			f.generation = 0
			time.Sleep(time.Second)
			for range 4 {
				f.report(eventlog.Error, 0)
			}
		}, 7, 0, true},
		{"overwritten", func(f *fake) {
			for range 10 {
				f.report(eventlog.Error, 0)
			}
			f.events = f.events[5:] // up to record 5
		}, 11, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{name: "bedrock", generation: 1}
				for range 3 {
					f.report(eventlog.Error, 0)
				}
				w := start(t, nil, f.target())
				refresh(t, w, "bedrock")
				if s := state(t, w, "bedrock"); s.sum().Sum() != 3 || !s.Logs[0].Cleared.IsZero() {
					t.Fatalf("%+v", s)
				}
				c.change(f)
				err := w.Refresh(t.Context(), "bedrock")
				s := state(t, w, "bedrock")
				if s.sum().Sum() != c.events || s.Logs[0].Lost != c.lost || s.Logs[0].Cleared.IsZero() == c.cleared {
					t.Errorf("%d events, %+v", s.sum().Sum(), s.Logs[0])
				}
				if loss, ok := eventlog.AsLoss(err); err != nil != (c.lost > 0) || ok && !errors.Is(loss, eventlog.ErrOverwrite) || s.Err != err {
					t.Errorf("refreshed with %v; %+v", err, s)
				}
				f.report(eventlog.Error, 0)
				refresh(t, w, "bedrock")
				if s := state(t, w, "bedrock"); s.sum().Sum() != c.events+1 || s.State != eventlog.OK {
					t.Errorf("with one more: %d events, %+v", s.sum().Sum(), s)
				}
			})
		})
	}
}

// One server's error is never another's, and what was known stays.
func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, down, hung, denied := &fake{name: "bedrock"}, &fake{name: "barney"}, &fake{name: "betty"}, &fake{name: "wilma"}
		var targets []scan.Target
		for _, f := range []*fake{good, down, hung, denied} {
			f.report(eventlog.Error, 0)
			targets = append(targets, f.target())
		}
		w := start(t, &Options{Parallel: 2}, targets...)
		time.Sleep(time.Minute)
		down.mu.Lock()
		down.fail = errDown
		down.mu.Unlock()
		hung.mu.Lock()
		hung.pause = 24 * time.Hour
		hung.mu.Unlock()
		denied.mu.Lock()
		denied.failLog = fs.ErrPermission
		denied.mu.Unlock()
		time.Sleep(time.Hour)
		for name, want := range map[string]eventlog.State{
			"bedrock": eventlog.OK, "barney": eventlog.Unreachable, "betty": eventlog.Timeout, "wilma": eventlog.Refused,
		} {
			s := state(t, w, name)
			if s.State != want || (s.Err == nil) != (want == eventlog.OK) || s.Stopped || s.Next.IsZero() {
				t.Errorf("%s: %+v, want %v", name, s, want)
			}
			if s.sum().Sum() != 1 || len(s.Logs) != 1 || s.Seen.IsZero() || s.Last.Record != 1 {
				t.Errorf("%s: what was known is gone: %+v", name, s)
			}
			if stale := time.Since(s.Seen) > 10*time.Minute; stale != (name == "barney" || name == "betty") {
				t.Errorf("%s was seen %v ago", name, time.Since(s.Seen))
			}
		}
		if n := good.tried(); n < 11 {
			t.Errorf("the good one was asked %d times in an hour", n)
		}
	})
}

// A server that somebody asks for is asked at once, whoever holds up the others.
func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "bedrock"}
		targets := []scan.Target{f.target()}
		for i := range 20 {
			hung := &fake{name: fmt.Sprint("hung", i), pause: 24 * time.Hour}
			targets = append(targets, hung.target())
		}
		w := start(t, &Options{Parallel: 2}, targets...)
		time.Sleep(15 * time.Second) // all are due, and two of those that hang are asked
		before := f.tried()
		begin := time.Now()
		refresh(t, w, "bedrock")
		if n := f.tried(); n != before+1 || time.Since(begin) != 0 {
			t.Errorf("asked %d times, done after %v", n-before, time.Since(begin))
		}
		// Those that ask meanwhile get the next one, together.
		f.mu.Lock()
		f.pause = time.Second
		f.mu.Unlock()
		before = f.tried()
		var asking sync.WaitGroup
		for i := range 10 {
			asking.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				if err := w.Refresh(t.Context(), "bedrock"); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		if n := f.tried() - before; n != 2 {
			t.Errorf("asked %d times", n)
		}
		time.Sleep(time.Minute)
		if n := f.tried() - before; n != 2 {
			t.Errorf("and %d times afterwards", n-2)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.Refresh(ctx, "hung3"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one that hangs: %v", err)
		}
		if err := w.Refresh(t.Context(), "dino"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("one that is not watched: %v", err)
		}
		if _, err := w.Server("dino"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("its state: %v", err)
		}
		ended := make(chan error)
		go func() { ended <- w.Refresh(context.Background(), "hung1") }()
		synctest.Wait()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, fs.ErrClosed) && !errors.Is(err, context.Canceled) {
			t.Errorf("asked for while it is closed: %v", err)
		}
	})
}

// A credential that is refused stops what has it, and nothing else, until it is renewed.
func TestCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fakes []*fake
		var targets []scan.Target
		for i := range 20 {
			f := &fake{name: fmt.Sprint("srv", i)}
			f.report(eventlog.Error, 0)
			target := f.target()
			if target.Credential = "fred"; i >= 18 {
				target.Credential = "barney"
			}
			fakes, targets = append(fakes, f), append(targets, target)
		}
		w := start(t, &Options{Parallel: 4}, targets...)
		tried := func() (n int) {
			for _, f := range fakes[:18] {
				n += f.tried()
			}
			return n
		}
		stopped := func() (names []string) {
			list, _ := w.Servers()
			for _, s := range list {
				if s.Stopped {
					names = append(names, s.Name)
					if s.State != eventlog.Refused || !s.Next.IsZero() {
						t.Errorf("stopped: %+v", s)
					}
				}
			}
			return names
		}
		fail := func(err error, of ...*fake) {
			for _, f := range of {
				f.mu.Lock()
				f.fail = err
				f.mu.Unlock()
			}
		}
		time.Sleep(time.Hour)
		if s := stopped(); s != nil || tried() < 18*10 {
			t.Fatalf("stopped: %v, asked %d times", s, tried())
		}

		// One server alone refuses: that is its own affair.
		fail(fs.ErrPermission, fakes[3])
		time.Sleep(time.Hour)
		if s := stopped(); !slices.Equal(s, []string{"srv3"}) {
			t.Errorf("stopped: %v", s)
		}
		if err := w.Refresh(t.Context(), "srv3"); !errors.Is(err, scan.ErrNotTried) {
			t.Errorf("asked for: %v", err)
		}
		fail(nil, fakes[3])
		w.Renew("fred")
		time.Sleep(time.Second)
		if s := stopped(); s != nil || state(t, w, "srv3").State != eventlog.OK {
			t.Errorf("renewed, and stopped: %v", s)
		}

		// The password has expired: all of them stop, and few of them have tried it.
		before := tried()
		fail(fs.ErrPermission, fakes[:18]...)
		time.Sleep(time.Hour)
		if s := stopped(); len(s) != 18 || slices.Contains(s, "srv18") {
			t.Errorf("stopped: %v", s)
		}
		if n := tried() - before; n > 4+1 {
			t.Errorf("a password that has expired was tried %d times", n)
		}
		before = tried()
		time.Sleep(24 * time.Hour)
		if n := tried() - before; n != 0 {
			t.Errorf("and %d times within the next day", n)
		}
		if n := fakes[18].tried(); n < 280 {
			t.Errorf("who has another one was asked %d times", n)
		}

		// Another wrong one is tried once.
		before = tried()
		w.Renew("fred")
		time.Sleep(time.Hour)
		if n := tried() - before; n != 1 || len(stopped()) != 18 {
			t.Errorf("a new one that is wrong was tried %d times; stopped: %v", n, stopped())
		}
		fail(nil, fakes[:18]...)
		w.Renew("fred")
		time.Sleep(time.Hour)
		if s := stopped(); s != nil {
			t.Errorf("stopped, with the right one: %v", s)
		}
	})
}

func TestRisk(t *testing.T) {
	for _, c := range []struct {
		name  string
		info  eventlog.Info
		reach time.Duration
		want  Risk
	}{
		{"nothing known", eventlog.Info{}, 0, RiskNone},
		{"full", eventlog.Info{Full: true}, 0, RiskFull},
		{"keeps all, half full", eventlog.Info{Retention: eventlog.RetainForever, Size: 50, MaxSize: 100}, time.Hour, RiskNone},
		{"keeps all, nine tenths full", eventlog.Info{Retention: eventlog.RetainForever, Size: 90, MaxSize: 100}, time.Hour, RiskFills},
		{"keeps a week, nearly full", eventlog.Info{Retention: 7 * 24 * time.Hour, Size: 99, MaxSize: 100}, time.Hour, RiskFills},
		{"overwrites, and has a week", eventlog.Info{Oldest: 4711, Size: 100, MaxSize: 100}, 168 * time.Hour, RiskNone},
		{"overwrites, and has an hour", eventlog.Info{Oldest: 4711, Size: 100, MaxSize: 100}, time.Hour, RiskShort},
		{"is an hour old", eventlog.Info{Oldest: 1, Size: 100, MaxSize: 100}, time.Hour, RiskNone},
	} {
		if got := riskOf(&c.info, c.reach); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTwice(t *testing.T) {
	f := &fake{name: "bedrock"}
	if _, err := New([]scan.Target{f.target(), f.target()}, nil); !errors.Is(err, eventlog.ErrInvalid) {
		t.Error(err)
	}
}
