package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

// place is a server in memory whose logs grow, and which breaks.
type place struct {
	name string

	mu     sync.Mutex
	logs   []*growing
	down   error         // of opening it
	hang   bool          // opening waits for its context
	opens  []time.Time   // when it was opened
	broken chan struct{} // closed when what is open breaks off
}

func newPlace(name string, logs ...string) *place {
	p := &place{name: name, broken: make(chan struct{})}
	for _, l := range logs {
		p.logs = append(p.logs, &growing{place: p, origin: eventlog.Origin{Server: name, Log: l}, oldest: 1, changed: make(chan struct{}), broken: make(chan struct{})})
	}
	return p
}

func (p *place) target(logs ...string) Target {
	return Target{Name: p.name, Logs: logs, PassRefused: true, Open: func(ctx context.Context) (eventlog.Server, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.opens = append(p.opens, time.Now())
		if p.hang {
			p.mu.Unlock()
			<-ctx.Done()
			p.mu.Lock()
			return nil, ctx.Err()
		}
		if p.down != nil {
			return nil, p.down
		}
		return &connection{p, p.broken}, nil
	}}
}

// fall breaks off what is open, and lets nobody in; nil lets them in again.
func (p *place) fall(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = err
	if err != nil {
		close(p.broken)
		p.broken = make(chan struct{})
	}
}

func (p *place) log(name string) *growing {
	i := slices.IndexFunc(p.logs, func(l *growing) bool { return l.origin.Log == name })
	return p.logs[i]
}

type connection struct {
	p      *place
	broken chan struct{}
}

func (c *connection) Close() error { return nil }

func (c *connection) Logs(context.Context) (infos []eventlog.Info, err error) {
	for _, l := range c.p.logs {
		infos = append(infos, eventlog.Info{Name: l.origin.Log})
	}
	return infos, nil
}

func (c *connection) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	for _, l := range c.p.logs {
		if !eventlog.EqualFold(l.origin.Log, name) {
			continue
		}
		if l.down != nil {
			return nil, l.down
		}
		if l.still {
			return struct{ eventlog.Log }{&opened{l, c.broken, l.broken}}, nil
		}
		return &opened{l, c.broken, l.broken}, nil
	}
	return nil, fmt.Errorf("log %q: %w", name, fs.ErrNotExist)
}

// growing is a log; its place's mu guards it.
type growing struct {
	place   *place
	origin  eventlog.Origin
	events  []eventlog.Event // from oldest on
	oldest  uint64
	cleared uint64
	changed chan struct{}
	broken  chan struct{}
	down    error  // of opening it
	end     error  // of what is open, when it breaks off; nil: errFell
	still   bool   // it cannot be followed
	asked   int    // how often Next was called
	onRead  func() // is called before a Read
}

func (l *growing) change(f func()) {
	l.place.mu.Lock()
	defer l.place.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

// add reports an event of this id.
func (l *growing) add(ids ...int) {
	l.change(func() {
		for _, id := range ids {
			now := time.Now()
			l.events = append(l.events, eventlog.Event{
				Origin: &l.origin, RecordNumber: l.oldest + uint64(len(l.events)), ID: eventlog.EventID(id),
				TimeGenerated: now, TimeWritten: now, Source: "Test", Offset: -1,
			})
		}
	})
}

func (l *growing) clear() {
	l.change(func() { l.events, l.oldest, l.cleared = nil, 1, l.cleared+1 })
}

// lose drops the oldest n.
func (l *growing) lose(n int) {
	l.change(func() { l.events, l.oldest = l.events[n:], l.oldest+uint64(n) })
}

// fall breaks off what is open of the log alone.
func (l *growing) fall(err error) {
	l.change(func() {
		l.down = err
		if err != nil {
			close(l.broken)
			l.broken = make(chan struct{})
		}
	})
}

type opened struct {
	*growing
	all, one chan struct{} // closed when it breaks off
}

func (l *opened) Close() error { return nil }

func (l *opened) Info(context.Context) (eventlog.Info, error) {
	l.place.mu.Lock()
	defer l.place.mu.Unlock()
	return eventlog.Info{Name: l.origin.Log, Oldest: l.oldest, Next: l.oldest + uint64(len(l.events)), Generation: l.cleared + 1}, nil
}

func (l *opened) Read(_ context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	if l.onRead != nil {
		l.onRead()
	}
	l.place.mu.Lock()
	defer l.place.mu.Unlock()
	first, _, err := sel.First(&l.origin, l.oldest, l.oldest+uint64(len(l.events)))
	if err != nil {
		return nil, err
	}
	if !sel.Backward {
		return nil, errors.ErrUnsupported
	}
	return &walk{log: l, sel: *sel, next: first, judge: eventlog.NewJudge(sel), closed: make(chan struct{})}, nil
}

func (l *opened) Follow(_ context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	l.place.mu.Lock()
	defer l.place.mu.Unlock()
	end := l.oldest + uint64(len(l.events))
	first, lost, err := sel.First(&l.origin, l.oldest, end)
	if err != nil {
		return nil, err
	}
	w := &walk{log: l, sel: *sel, next: first, judge: eventlog.NewJudge(sel), cleared: l.cleared, closed: make(chan struct{})}
	w.mark = eventlog.Mark{Server: l.origin.Server, Log: l.origin.Log, Record: end - 1}
	if m := sel.Mark(&l.origin); m != nil {
		w.mark = *m
		if i := int64(m.Record) - int64(l.oldest); !m.Time.IsZero() && i >= 0 && !l.events[i].TimeWritten.Equal(m.Time) {
			w.gone = true // found out when it is read
		}
	} else {
		w.next = end
	}
	if lost != nil {
		w.next = lost.First
	}
	return w, nil
}

// walk follows a log, or goes back from next. Like that of a real log its mark
// says nothing of a clearing before there is an event.
type walk struct {
	log     *opened
	sel     eventlog.Selection
	judge   *eventlog.Judge
	next    uint64
	cleared uint64
	gone    bool
	mark    eventlog.Mark
	closed  chan struct{}
	once    sync.Once
}

func (w *walk) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return append(m, w.mark) }

func (w *walk) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

var errFell = errors.New("the connection broke off")

func (w *walk) Next(ctx context.Context, e *eventlog.Event) error {
	l := w.log
	for {
		l.place.mu.Lock()
		done, err := w.step(e)
		changed := l.changed
		l.place.mu.Unlock()
		if done {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-w.closed:
			return fs.ErrClosed
		case <-l.all:
			return errFell
		case <-l.one:
			l.place.mu.Lock()
			defer l.place.mu.Unlock()
			if l.end != nil {
				return l.end
			}
			return errFell
		}
	}
}

func (w *walk) step(e *eventlog.Event) (done bool, err error) {
	l := w.log
	l.asked++
	for {
		end := l.oldest + uint64(len(l.events))
		switch {
		case w.gone:
			return true, eventlog.ErrMarkGone
		case w.sel.Backward && (w.next < l.oldest || w.next == 0 || w.judge.Full()):
			return true, io.EOF
		case !w.sel.Backward && w.cleared != l.cleared:
			w.cleared, w.next = l.cleared, 1
			return true, &eventlog.Loss{Origin: &l.origin, Offset: -1, Err: eventlog.ErrMarkGone}
		case w.next < l.oldest:
			loss := &eventlog.Loss{Origin: &l.origin, Offset: -1, First: w.next, Last: l.oldest - 1, Err: eventlog.ErrOverwrite}
			w.next, w.mark.Record, w.mark.Time = l.oldest, l.oldest-1, time.Time{}
			return true, loss
		case w.next >= end:
			return false, nil
		}
		x := &l.events[w.next-l.oldest]
		if w.next++; w.sel.Backward {
			w.next -= 2
		}
		w.mark = x.Mark()
		if w.judge.Take(x) != eventlog.No {
			*e = *x
			return true, nil
		}
	}
}

// heard is what was told.
type heard struct {
	mu   sync.Mutex
	list []string
}

func (h *heard) notice(n Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := n.Target
	if n.Log != "" {
		s += "/" + n.Log
	}
	text := "back"
	if n.Err != nil {
		text = n.Err.Error()
	}
	if n.GivenUp {
		text += "; given up"
	}
	h.list = append(h.list, s+": "+text)
}

func (h *heard) want(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := cmp.Diff(want, h.list); d != "" {
		t.Errorf("told: -want +got\n%s", d)
	}
	h.list = nil
}

// next is what Next says: an event, or an error.
func next(t *testing.T, c eventlog.Cursor) string {
	t.Helper()
	var e eventlog.Event
	if err := c.Next(t.Context(), &e); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %d", e.Origin, e.RecordNumber)
}

func wantNext(t *testing.T, c *FollowCursor, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := next(t, c); got != w {
			t.Fatalf("%s, want %s", got, w)
		}
	}
}

// follows runs a test in its own time; a goroutine that is left behind fails it.
func follows(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

func TestFollowArrival(t *testing.T) {
	follows(t, func(t *testing.T) {
		a, b := newPlace("bedrock", "System", "Security"), newPlace("barney", "System")
		a.log("System").add(1, 2, 3)
		c := Follow(t.Context(), []Target{a.target(), b.target("system", "SYSTEM")}, nil, nil)
		defer c.Close()
		synctest.Wait()
		b.log("System").add(1)
		wantNext(t, c, "barney/System 1")
		a.log("System").add(4)
		wantNext(t, c, "bedrock/System 4")
		a.log("Security").add(1)
		time.Sleep(time.Hour) // its time is not what counts
		wantNext(t, c, "bedrock/Security 1")
		b.log("System").add(2, 3, 4, 5, 6, 7, 8, 9)
		wantNext(t, c, "barney/System 2", "barney/System 3", "barney/System 4", "barney/System 5",
			"barney/System 6", "barney/System 7", "barney/System 8", "barney/System 9")
	})
}

func TestFollowSelection(t *testing.T) {
	follows(t, func(t *testing.T) {
		p := newPlace("bedrock", "System")
		sel := &eventlog.Selection{Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 7), Limit: 3, Start: 99, Budget: 1, Want: eventlog.FieldSource.Bit()}
		p.log("System").add(7, 1, 7, 1)
		c := Follow(t.Context(), []Target{p.target()}, sel, &FollowOptions{Last: 1})
		defer c.Close()
		synctest.Wait()
		p.log("System").add(2, 7, 3, 7, 7)
		wantNext(t, c, "bedrock/System 3", "bedrock/System 6", "bedrock/System 8", "EOF", "EOF")
	})
}

func TestFollowWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		sel  eventlog.Selection
		want string
	}{
		"backward":   {eventlog.Selection{Backward: true}, "follow backwards: invalid argument"},
		"empty part": {eventlog.Selection{Where: eventlog.Not{}}, "selection has an empty part: invalid argument"},
	} {
		t.Run(name, func(t *testing.T) {
			follows(t, func(t *testing.T) {
				p := newPlace("bedrock", "System")
				c := Follow(t.Context(), []Target{p.target()}, &tt.sel, nil)
				defer c.Close()
				wantNext(t, c, tt.want, tt.want)
				if len(p.opens) > 0 {
					t.Error("it was opened")
				}
			})
		})
	}
	follows(t, func(t *testing.T) {
		c := Follow(t.Context(), nil, nil, nil)
		defer c.Close()
		if err := c.Next(t.Context(), new(eventlog.Event)); !errors.Is(err, ErrIncomplete) {
			t.Errorf("no targets: %v", err)
		}
	})
}

// The newest events are those of a scan backward, and nothing comes twice or is
// left out between them and what follows.
func TestFollowLast(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		follows(t, func(t *testing.T) {
			var targets []Target
			var logs []*growing
			for i := range rnd.IntN(3) + 1 {
				p := newPlace(fmt.Sprint("srv", i), []string{"A", "B", "C"}[:rnd.IntN(3)+1]...)
				targets, logs = append(targets, p.target()), append(logs, p.logs...)
			}
			for range rnd.IntN(40) {
				logs[rnd.IntN(len(logs))].add(rnd.IntN(3))
				time.Sleep(time.Duration(rnd.IntN(3)) * time.Second)
			}
			sel := new(eventlog.Selection)
			if round%2 == 1 {
				sel.Where = eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 1)
			}
			last := rnd.IntN(12) + 1
			back := *sel
			back.Backward, back.Limit = true, last
			var want []string
			scanned := Open(t.Context(), targets, &back, nil)
			defer scanned.Close()
			for n := next(t, scanned); n != "EOF"; n = next(t, scanned) {
				want = append(want, n)
			}
			slices.Reverse(want)
			c := Follow(t.Context(), targets, sel, &FollowOptions{Last: last})
			defer c.Close()
			synctest.Wait()
			var new []string
			for range 5 {
				l := logs[rnd.IntN(len(logs))]
				l.add(0, 1)
				for _, e := range l.events[len(l.events)-2:] {
					if sel.Where == nil || e.ID == 1 {
						new = append(new, fmt.Sprintf("%s %d", e.Origin, e.RecordNumber))
					}
				}
			}
			var got []string
			for range want {
				got = append(got, next(t, c))
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the newest %d: -want +got\n%s", last, d)
			}
			got = nil
			for range new {
				got = append(got, next(t, c))
			}
			slices.Sort(new)
			slices.Sort(got)
			if d := cmp.Diff(new, got); d != "" {
				t.Errorf("behind the newest %d: -want +got\n%s", last, d)
			}
		})
	}
}

// What happens between the beginning of the following and the look at what was
// before comes once.
func TestFollowLastMeanwhile(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(l *growing)
		want   []string
	}{
		"an event": {func(l *growing) { l.add(1) }, []string{"bedrock/System 2", "bedrock/System 3", "bedrock/System 4", "bedrock/System 5"}},
		"cleared": {func(l *growing) {
			l.clear()
			l.add(1, 1, 1, 1)
			l.onRead = nil
		}, []string{"bedrock/System 3", "bedrock/System 4", "bedrock/System 5"}},
		"cleared, and there is less": {func(l *growing) {
			l.clear()
			l.add(1)
			l.onRead = nil
		}, []string{"bedrock/System 1", "bedrock/System 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			follows(t, func(t *testing.T) {
				p := newPlace("bedrock", "System")
				l := p.log("System")
				l.add(1, 2, 3)
				l.onRead = func() { tt.change(l) }
				c := Follow(t.Context(), []Target{p.target()}, nil, &FollowOptions{Last: 2})
				defer c.Close()
				synctest.Wait()
				if name != "an event" {
					l.add(1)
				}
				wantNext(t, c, tt.want...)
			})
		})
	}
}

// A target that is slow to answer does not keep the others from beginning, and
// gives its newest events when it has come.
func TestFollowLateTarget(t *testing.T) {
	follows(t, func(t *testing.T) {
		a, b := newPlace("bedrock", "System"), newPlace("barney", "System", "Security")
		a.log("System").add(1, 2, 3)
		b.log("System").add(1, 2, 3)
		time.Sleep(time.Second)
		b.log("Security").add(1)
		b.hang = true
		var h heard
		c := Follow(t.Context(), []Target{a.target(), b.target()}, nil, &FollowOptions{Last: 2, Timeout: 20 * time.Second, Notice: h.notice})
		defer c.Close()
		begin := time.Now()
		wantNext(t, c, "bedrock/System 2", "bedrock/System 3")
		if d := time.Since(begin); d != defaultWait {
			t.Errorf("it began after %v", d)
		}
		a.log("System").add(4)
		wantNext(t, c, "bedrock/System 4")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		h.want(t, "barney: no answer within 20s: context deadline exceeded")
		b.mu.Lock()
		b.hang = false
		b.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		h.want(t, "barney: back")
		wantNext(t, c, "barney/System 3", "barney/Security 1")
		b.log("System").add(4)
		wantNext(t, c, "barney/System 4")
	})
}

// A server that breaks off is told once, tried again in growing pauses, and goes
// on where it was. The others do not notice.
func TestFollowBreaks(t *testing.T) {
	follows(t, func(t *testing.T) {
		a, b := newPlace("bedrock", "System", "Security"), newPlace("barney", "System")
		a.log("System").add(1, 2, 3)
		var h heard
		c := Follow(t.Context(), []Target{a.target(), b.target()}, nil, &FollowOptions{Notice: h.notice})
		defer c.Close()
		synctest.Wait()
		a.log("System").add(4)
		wantNext(t, c, "bedrock/System 4")
		a.opens = nil
		a.fall(errors.New("no route"))
		fell := time.Now()
		a.log("System").add(5)
		time.Sleep(5 * time.Minute)
		b.log("System").add(1)
		wantNext(t, c, "barney/System 1")
		h.want(t, "bedrock: the connection broke off")
		a.log("Security").add(1)
		a.fall(nil)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		h.want(t, "bedrock: back")
		got := []string{next(t, c), next(t, c)}
		slices.Sort(got)
		if d := cmp.Diff([]string{"bedrock/Security 1", "bedrock/System 5"}, got); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		a.log("System").add(6)
		wantNext(t, c, "bedrock/System 6")
		for i, pause := 0, time.Second; i < len(a.opens); i, pause = i+1, min(2*pause, 30*time.Second) {
			if d := a.opens[i].Sub(fell); d < pause/2 || d > pause {
				t.Errorf("pause %d was %v, want up to %v", i+1, d, pause)
			}
			fell = a.opens[i]
		}
		if n := len(a.opens); n < 10 {
			t.Errorf("it was tried %d times", n)
		}
		// After a good while the pauses begin anew.
		time.Sleep(time.Minute)
		a.opens = nil
		a.fall(errFell)
		a.fall(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(a.opens) != 1 {
			t.Errorf("it was tried %d times in a second", len(a.opens))
		}
		h.want(t, "bedrock: the connection broke off", "bedrock: back")
	})
}

// A log that breaks off alone is told and tried again alone.
func TestFollowLogBreaks(t *testing.T) {
	follows(t, func(t *testing.T) {
		p := newPlace("bedrock", "System", "Security")
		var h heard
		c := Follow(t.Context(), []Target{p.target()}, nil, &FollowOptions{Notice: h.notice})
		defer c.Close()
		synctest.Wait()
		p.log("System").fall(errors.New("damaged"))
		time.Sleep(2 * time.Minute)
		p.log("System").add(1)
		p.log("Security").add(1)
		wantNext(t, c, "bedrock/Security 1")
		h.want(t, "bedrock/System: damaged")
		p.log("System").fall(nil)
		wantNext(t, c, "bedrock/System 1")
		synctest.Wait()
		h.want(t, "bedrock/System: back")
		if len(p.opens) != 1 {
			t.Errorf("the server was opened %d times", len(p.opens))
		}
		// Broken again, and then all of it.
		p.log("System").fall(errors.New("damaged"))
		time.Sleep(time.Second)
		p.fall(errors.New("no route"))
		time.Sleep(time.Minute)
		h.want(t, "bedrock/System: damaged", "bedrock: the connection broke off")
		p.fall(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		h.want(t, "bedrock: back")
		p.log("System").fall(nil)
		p.log("System").add(2)
		wantNext(t, c, "bedrock/System 2")
		synctest.Wait()
		h.want(t, "bedrock/System: back")
		// One that is well again at once is not told.
		p.log("System").fall(errors.New("damaged"))
		p.log("System").fall(nil)
		time.Sleep(time.Minute)
		p.log("System").add(3)
		wantNext(t, c, "bedrock/System 3")
		h.want(t)
		// One that is broken from the beginning.
		q := newPlace("barney", "A", "B")
		q.log("A").add(1, 2)
		q.log("A").down = errors.New("damaged")
		d := Follow(t.Context(), []Target{q.target()}, nil, &FollowOptions{Notice: h.notice, Last: 1})
		defer d.Close()
		q.log("B").add(1)
		wantNext(t, d, "barney/B 1")
		time.Sleep(time.Minute)
		synctest.Wait()
		h.want(t, "barney/A: damaged")
		q.log("A").fall(nil)
		wantNext(t, d, "barney/A 2")
		q.log("A").add(3)
		wantNext(t, d, "barney/A 3")
		h.want(t, "barney/A: back")
	})
}

const cleared = ": records may be missing: the remembered place is void: the log was cleared"

// A log that was cleared says so once and goes on with what is in it.
func TestFollowCleared(t *testing.T) {
	follows(t, func(t *testing.T) {
		p := newPlace("bedrock", "System")
		l := p.log("System")
		l.add(1, 2, 3)
		var h heard
		c := Follow(t.Context(), []Target{p.target()}, nil, &FollowOptions{Notice: h.notice})
		defer c.Close()
		synctest.Wait()
		// While it is followed.
		l.clear()
		wantNext(t, c, "bedrock/System"+cleared)
		// It breaks off before there is anything.
		synctest.Wait()
		p.fall(errFell)
		p.fall(nil)
		l.add(1, 2)
		wantNext(t, c, "bedrock/System 1", "bedrock/System 2")
		// While it is away, with less in it.
		synctest.Wait()
		p.fall(errFell)
		l.clear()
		l.add(1)
		p.fall(nil)
		wantNext(t, c, "bedrock/System"+cleared, "bedrock/System 1")
		// While it is away, with more in it: that is found out when it is read.
		synctest.Wait()
		p.fall(errFell)
		time.Sleep(time.Second)
		l.clear()
		l.add(1, 2)
		p.fall(nil)
		wantNext(t, c, "bedrock/System"+cleared, "bedrock/System 1", "bedrock/System 2")
		// What was overwritten while it was away.
		synctest.Wait()
		p.fall(errFell)
		l.add(3, 4, 5, 6)
		l.lose(4)
		p.fall(nil)
		wantNext(t, c, "bedrock/System: records 3 to 4 are missing: the log was overwritten faster than it was read", "bedrock/System 5", "bedrock/System 6")
		// What was overwritten of a log that was empty.
		synctest.Wait()
		l.clear()
		wantNext(t, c, "bedrock/System"+cleared)
		synctest.Wait()
		p.fall(errFell)
		l.add(1, 2, 3, 4)
		l.lose(2)
		p.fall(nil)
		wantNext(t, c, "bedrock/System: records 1 to 2 are missing: the log was overwritten faster than it was read", "bedrock/System 3", "bedrock/System 4")
		// The time of the place where it began is known as well.
		d := Follow(t.Context(), []Target{p.target()}, nil, nil)
		defer d.Close()
		synctest.Wait()
		p.fall(errFell)
		time.Sleep(time.Second)
		l.clear()
		l.add(1, 2, 3, 4, 5, 6, 7)
		p.fall(nil)
		wantNext(t, d, "bedrock/System"+cleared, "bedrock/System 1", "bedrock/System 2")
	})
}

// What trying again does not help is told and given up.
func TestFollowGivenUp(t *testing.T) {
	refused := fmt.Errorf("open log Security: %w", fs.ErrPermission)
	for name, tt := range map[string]struct {
		change func(p *place)
		logs   []string
		told   []string
		gives  bool // Application goes on
		folder bool // it is one: nothing in it is for others
	}{
		"one is not there":      {nil, []string{"Quarry", "Application"}, []string{`bedrock/Quarry: log "Quarry": file does not exist; given up`}, true, false},
		"none is there":         {nil, []string{"Quarry", "Slate"}, []string{`bedrock: log "Quarry": file does not exist; given up`}, false, false},
		"one is refused":        {func(p *place) { p.logs[0].down = refused }, []string{"System", "Application"}, []string{"bedrock/System: open log Security: permission denied; given up"}, true, false},
		"one of all is refused": {func(p *place) { p.logs[0].down = refused }, nil, nil, true, false},
		"all are refused": {func(p *place) { p.logs[0].down, p.logs[1].down = refused, refused }, nil,
			[]string{"bedrock: open log Security: permission denied; given up"}, false, false},
		"one cannot be followed": {func(p *place) { p.logs[0].still = true }, nil, []string{"bedrock/System: follow: unsupported operation; given up"}, true, false},
		"none can be followed": {func(p *place) { p.logs[0].still, p.logs[1].still = true, true }, nil,
			[]string{"bedrock: follow: unsupported operation; given up"}, false, false},
		"the server is refused":      {func(p *place) { p.down = refused }, nil, []string{"bedrock: open log Security: permission denied; given up"}, false, false},
		"one of a folder is refused": {func(p *place) { p.logs[0].down = refused }, nil, []string{"bedrock/System: open log Security: permission denied; given up"}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			follows(t, func(t *testing.T) {
				p := newPlace("bedrock", "System", "Application")
				if tt.change != nil {
					tt.change(p)
				}
				var h heard
				target := p.target(tt.logs...)
				target.PassRefused = !tt.folder
				c := Follow(t.Context(), []Target{target}, nil, &FollowOptions{Notice: h.notice, Last: 3})
				defer c.Close()
				if !tt.gives {
					wantNext(t, c, "nothing is left to be followed: not all servers could be read")
					h.want(t, tt.told...)
					return
				}
				synctest.Wait()
				p.log("Application").add(1)
				wantNext(t, c, "bedrock/Application 1")
				h.want(t, tt.told...)
				// The last one goes, too.
				p.log("Application").fall(fmt.Errorf("log %q: %w", "Application", fs.ErrNotExist))
				wantNext(t, c, "nothing is left to be followed: not all servers could be read")
				h.want(t, "bedrock: the connection broke off", `bedrock: log "Application": file does not exist; given up`)
			})
		})
	}
	// One of two is deleted while it is followed.
	follows(t, func(t *testing.T) {
		p := newPlace("bedrock", "System", "Application")
		var h heard
		c := Follow(t.Context(), []Target{p.target()}, nil, &FollowOptions{Notice: h.notice})
		defer c.Close()
		synctest.Wait()
		p.log("System").fall(fs.ErrNotExist)
		time.Sleep(time.Minute)
		h.want(t, "bedrock/System: file does not exist; given up")
		p.log("Application").add(1)
		wantNext(t, c, "bedrock/Application 1")
	})
}

// What is refused while it is followed is given up, and all of it is told as the
// target's.
func TestFollowRefusedLater(t *testing.T) {
	follows(t, func(t *testing.T) {
		p := newPlace("bedrock", "System", "Security", "Application")
		for _, l := range p.logs {
			l.end = fmt.Errorf("read log %s: %w", l.origin.Log, fs.ErrPermission)
		}
		var h heard
		c := Follow(t.Context(), []Target{p.target()}, nil, &FollowOptions{Notice: h.notice})
		defer c.Close()
		synctest.Wait()
		p.log("Security").fall(errFell)
		synctest.Wait()
		h.want(t, "bedrock/Security: read log Security: permission denied; given up")
		p.log("System").end = nil
		p.log("System").fall(errors.New("damaged"))
		time.Sleep(time.Second)
		h.want(t, "bedrock/System: damaged")
		// Of those that are left all have broken off: that is the target.
		p.log("Application").fall(errFell)
		synctest.Wait()
		h.want(t, "bedrock/Application: read log Application: permission denied; given up", "bedrock: the connection broke off")
		p.log("System").fall(nil)
		p.log("System").add(1)
		wantNext(t, c, "bedrock/System 1")
		h.want(t, "bedrock: back")
		p.log("System").end = fs.ErrPermission
		synctest.Wait()
		p.log("System").fall(errFell)
		wantNext(t, c, "nothing is left to be followed: not all servers could be read")
		h.want(t, "bedrock: permission denied; given up")
	})
}

// A reader that is slow makes the logs wait, and loses nothing.
func TestFollowSlowReader(t *testing.T) {
	follows(t, func(t *testing.T) {
		p := newPlace("bedrock", "System", "Security")
		c := Follow(t.Context(), []Target{p.target()}, nil, nil)
		defer c.Close()
		synctest.Wait()
		for i := range 1000 {
			p.log("System").add(i)
			p.log("Security").add(i)
		}
		synctest.Wait()
		for _, l := range p.logs {
			if l.asked > slots+3 {
				t.Errorf("%s was asked %d times, and nobody read", l.origin.Log, l.asked)
			}
		}
		n := map[string]uint64{}
		var e eventlog.Event
		for range 2000 {
			if err := c.Next(t.Context(), &e); err != nil {
				t.Fatal(err)
			}
			if n[e.Origin.Log]++; e.RecordNumber != n[e.Origin.Log] || e.Code() != uint16(e.RecordNumber-1) {
				t.Fatalf("%s %d is event %d of it", e.Origin, e.RecordNumber, n[e.Origin.Log])
			}
		}
	})
}

// Close and contexts end everything, wherever it waits; follows finds what is left.
func TestFollowEnds(t *testing.T) {
	for name, prepare := range map[string]func(p *place){
		"waiting for events":   func(*place) {},
		"opening":              func(p *place) { p.hang = true },
		"trying again":         func(p *place) { p.down = errors.New("no route") },
		"a log is tried again": func(p *place) { p.logs[0].down = errors.New("damaged") },
		"a reader that reads nothing": func(p *place) {
			for i := range 100 {
				p.logs[1].add(i)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, last := range []int{0, 3} {
				open := func(t *testing.T, ctx context.Context, reads int) *FollowCursor {
					p := newPlace("bedrock", "System", "Security")
					prepare(p)
					c := Follow(ctx, []Target{p.target()}, &eventlog.Selection{After: []eventlog.Mark{{Server: "bedrock", Log: "Security"}}}, &FollowOptions{Last: last, Notice: func(Notice) {}})
					for range reads {
						go func() { _ = c.Next(ctx, new(eventlog.Event)) }()
					}
					time.Sleep(7 * time.Second)
					return c
				}
				follows(t, func(t *testing.T) { // nobody reads
					c := open(t, t.Context(), 0)
					for range 2 {
						if err := c.Close(); err != nil {
							t.Error(err)
						}
					}
					wantNext(t, c, "context canceled", "context canceled")
				})
				follows(t, func(t *testing.T) { // somebody waits
					if err := open(t, t.Context(), 1).Close(); err != nil {
						t.Error(err)
					}
				})
				follows(t, func(t *testing.T) { // the context of Follow
					ctx, cancel := context.WithCancel(t.Context())
					c := open(t, ctx, 0)
					cancel()
					synctest.Wait()
					wantNext(t, c, "context canceled")
				})
				follows(t, func(t *testing.T) { // that of Next
					c := open(t, t.Context(), 0)
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					var err error
					for err == nil {
						err = c.Next(ctx, new(eventlog.Event))
					}
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("it ended with %v", err)
					}
					synctest.Wait()
					wantNext(t, c, "context deadline exceeded")
				})
			}
		})
	}
}

// TestFollowModel lets everything happen at once: what is given of a log is each
// of its records once and in order, but for those that are said to be missing,
// also over readers that come and go.
func TestFollowModel(t *testing.T) {
	for seed := range uint64(150) {
		follows(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			var targets []Target
			var places []*place
			var logs []*growing
			for i := range rnd.IntN(3) + 1 {
				p := newPlace(fmt.Sprint("srv", i), []string{"A", "B", "C"}[:rnd.IntN(3)+1]...)
				places, targets, logs = append(places, p), append(targets, p.target()), append(logs, p.logs...)
			}
			for range rnd.IntN(10) {
				logs[rnd.IntN(len(logs))].add(1, 1)
			}
			m := &model{t: t, at: map[string]uint64{}}
			for _, l := range logs {
				m.at[l.origin.String()] = l.oldest + uint64(len(l.events)) - 1
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := Follow(ctx, targets, nil, &FollowOptions{Notice: func(Notice) {}})
			synctest.Wait()
			for range 60 {
				p, l := places[rnd.IntN(len(places))], logs[rnd.IntN(len(logs))]
				switch rnd.IntN(12) {
				case 0:
					p.fall(errFell)
				case 1:
					p.fall(nil)
				case 2:
					l.fall(errFell)
				case 3:
					l.fall(nil)
				case 4:
					// Not within the second in which it began: that cannot be told.
					time.Sleep(time.Second)
					l.clear()
				case 5:
					if n := len(l.events); n > 1 {
						l.lose(rnd.IntN(n))
					}
				case 6:
					time.Sleep(time.Duration(rnd.IntN(40)) * time.Second)
				case 7:
					marks := c.AppendMarks(nil)
					if err := c.Close(); err != nil {
						t.Error(err)
					}
					c = Follow(ctx, targets, &eventlog.Selection{After: marks}, &FollowOptions{Last: 2, Wait: time.Second, Notice: func(Notice) {}})
				case 8, 9:
					m.read(c, time.Duration(rnd.IntN(10))*time.Second)
				default:
					for range rnd.IntN(4) {
						l.add(1)
						time.Sleep(time.Duration(rnd.IntN(2)) * time.Second)
					}
				}
				if m.ended { // its context did
					m.ended = false
					marks := c.AppendMarks(nil)
					if err := c.Close(); err != nil {
						t.Error(err)
					}
					c = Follow(ctx, targets, &eventlog.Selection{After: marks}, nil)
				}
			}
			for _, p := range places {
				p.fall(nil)
			}
			for _, l := range logs {
				l.fall(nil)
			}
			m.read(c, 10*time.Minute)
			for _, l := range logs {
				if end := l.oldest + uint64(len(l.events)) - 1; m.at[l.origin.String()] != end {
					t.Errorf("seed %d: %s was given up to %d of %d", seed, &l.origin, m.at[l.origin.String()], end)
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
		if t.Failed() {
			return
		}
	}
}

// model is what was given of each log.
type model struct {
	t     *testing.T
	at    map[string]uint64
	ended bool
}

// read takes what c gives until nothing comes for that long.
func (m *model) read(c *FollowCursor, d time.Duration) {
	ctx, cancel := context.WithTimeout(m.t.Context(), d)
	defer cancel()
	var e eventlog.Event
	for {
		err := c.Next(ctx, &e)
		loss, lost := eventlog.AsLoss(err)
		switch {
		case lost && errors.Is(err, eventlog.ErrMarkGone):
			m.at[loss.Origin.String()] = 0
		case lost:
			if o := loss.Origin.String(); m.at[o] != 0 && loss.First != m.at[o]+1 {
				m.t.Errorf("%s: %v, after %d", o, err, m.at[o])
			} else {
				m.at[o] = loss.Last
			}
		case err != nil:
			m.ended = true
			return
		default:
			// 0 is also the mark behind a clearing: what comes then is the oldest.
			if o := e.Origin.String(); m.at[o] != 0 && e.RecordNumber != m.at[o]+1 {
				m.t.Errorf("%s: record %d, after %d", o, e.RecordNumber, m.at[o])
			}
			m.at[e.Origin.String()] = e.RecordNumber
		}
	}
}
