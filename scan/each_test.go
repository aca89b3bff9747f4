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

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// collected is what Each gave, log by log.
type collected struct {
	t  *testing.T
	mu sync.Mutex

	opened   map[int][]Opened
	ids      map[string][]string // by "target/log"
	losses   map[string][]*eventlog.Loss
	ends     map[string]error
	examined map[string]uint64
	first    map[string]int // events of the first piece
	over     map[int]*Outcome
	order    []string      // of logs, as their first events came
	slow     time.Duration // Take takes so long
}

func collect(t *testing.T) *collected {
	return &collected{
		t: t, opened: map[int][]Opened{}, ids: map[string][]string{}, losses: map[string][]*eventlog.Loss{},
		ends: map[string]error{}, examined: map[string]uint64{}, first: map[string]int{}, over: map[int]*Outcome{},
	}
}

func (c *collected) Opening(int) {}

func (c *collected) Opened(target int, logs []Opened) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened[target] = logs
}

func (c *collected) Take(s *Stretch) {
	time.Sleep(c.slow)
	c.mu.Lock()
	defer c.mu.Unlock()
	name := fmt.Sprintf("%d/%s", s.Target, c.opened[s.Target][s.Log].Name)
	if _, ended := c.ends[name]; ended {
		c.t.Errorf("%s: a stretch behind the last", name)
	}
	if len(s.Events) > 0 && len(c.ids[name]) == 0 {
		c.order = append(c.order, name)
	}
	for i := range s.Events {
		c.ids[name] = append(c.ids[name], id(&s.Events[i]))
	}
	if s.First {
		c.first[name] += len(s.Events)
	}
	c.examined[name] += s.Examined
	if loss, ok := eventlog.AsLoss(s.Err); ok {
		c.losses[name] = append(c.losses[name], loss)
	}
	if s.Last {
		c.ends[name] = s.Err
	}
}

func (c *collected) Over(target int, o *Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over[target] = o
}

// Each gives of each log what the log gives, whatever the pieces are.
func TestEach(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		targets, logs := world(rnd, 4, 3, 80, true)
		dead := rnd.IntN(len(targets) + 3)
		if dead < len(targets) {
			targets[dead].Open = func(context.Context) (eventlog.Server, error) { return nil, reset }
		}
		sel := eventlog.Selection{Backward: rnd.IntN(2) == 0}
		match := func(*eventlog.Event) bool { return true }
		if rnd.IntN(2) == 0 {
			sel.Where = eventlog.RangeTerm(eventlog.FieldCode, 2, 3)
			match = func(e *eventlog.Event) bool { return e.Code() == 2 || e.Code() == 3 }
		}
		opts := &EachOptions{Piece: []int64{1, 2, 7, 0}[rnd.IntN(4)], Info: true, Options: Options{Ahead: 8 + rnd.IntN(100)}}
		got := collect(t)
		out := Each(t.Context(), targets, &sel, opts, got)
		for i, target := range targets {
			if out[i].Target != target.Name || !out[i].Done() || got.over[i] == nil || got.over[i].State != out[i].State {
				t.Fatalf("seed %d: outcome %+v, told %+v", seed, out[i], got.over[i])
			}
			if i == dead {
				if out[i].State != eventlog.Unreachable || len(got.opened[i]) > 0 {
					t.Errorf("seed %d: a dead server: %+v", seed, out[i])
				}
				continue
			}
			if out[i].State != eventlog.OK {
				t.Fatalf("seed %d: %+v", seed, out[i])
			}
			for j, o := range got.opened[i] {
				k := slices.IndexFunc(logs, func(l *logtest.Memory) bool {
					return l.Origin.Server == target.Name && l.Origin.Log == o.Name
				})
				name := fmt.Sprintf("%d/%s", i, o.Name)
				want := reference([]*logtest.Memory{logs[k]}, sel.Backward, match)
				equal(t, got.ids[name], want)
				if n := uint64(len(logs[k].Events)); got.examined[name] != n || !o.Known || o.Info.Count() != n {
					t.Errorf("seed %d: %s: %d examined, %+v, want %d records", seed, name, got.examined[name], o, n)
				}
				if got.ends[name] != io.EOF {
					t.Errorf("seed %d: %s ended with %v", seed, name, got.ends[name])
				}
				if l := out[i].Logs[j]; l.Log != o.Name || l.Events != uint64(len(want)) || l.Examined != uint64(len(logs[k].Events)) {
					t.Errorf("seed %d: %+v of %d events", seed, l, len(want))
				}
			}
		}
	}
}

// A log in which nothing is found, or which is slow, holds up no other one of its
// server for longer than a piece of it takes; and the first piece of each log has all
// fields.
func TestEachTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		empty, full := memory("bedrock", "Application", make([]int, 5000)...), memory("bedrock", "System", make([]int, 5000)...)
		slow := &pausingLog{empty, time.Millisecond}
		s := &server{logs: []eventlog.Log{slow, full}, names: []string{"Application", "System"}}
		sel := &eventlog.Selection{Backward: true, Where: eventlog.TextTerm(eventlog.FieldString, eventlog.Eq, "System")}
		got := collect(t)
		begin := time.Now()
		var came time.Duration
		taker := &firstOf{collected: got, log: "0/System", came: func() { came = time.Since(begin) }}
		Each(t.Context(), []Target{{Name: "bedrock", Open: s.open}}, sel, &EachOptions{Later: eventlog.FieldRecord.Bit()}, taker)
		if n := len(got.ids["0/System"]); n != 5000 || got.examined["0/Application"] != 5000 {
			t.Errorf("%d events, %d records examined of the other log", n, got.examined["0/Application"])
		}
		// A piece is 1,024 records at first, and the whole log would be 5 s.
		if came > 1100*time.Millisecond {
			t.Errorf("the first event came after %v", came)
		}
		if n := got.first["0/System"]; n != 1024 {
			t.Errorf("%d events of the first piece", n)
		}
	})
}

type firstOf struct {
	*collected
	log  string
	came func()
}

func (f *firstOf) Take(s *Stretch) {
	had := len(f.ids[f.log])
	f.collected.Take(s)
	if had == 0 && len(f.ids[f.log]) > 0 {
		f.came()
	}
}

// pausingLog looks at each record for a while.
type pausingLog struct {
	*logtest.Memory
	pause time.Duration
}

func (l *pausingLog) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := l.Memory.Read(ctx, s)
	return &pausing{c, l.pause}, err
}

type pausing struct {
	eventlog.Cursor
	pause time.Duration
}

func (c *pausing) Examined() uint64 { return eventlog.Examined(c.Cursor) }
func (c *pausing) Next(ctx context.Context, e *eventlog.Event) error {
	before := c.Examined()
	err := c.Cursor.Next(ctx, e)
	time.Sleep(time.Duration(c.Examined()-before) * c.pause)
	return err
}

// A Timeout is for a piece: a log that is long and has nothing is not one that does
// not answer.
func TestEachTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &pausingLog{memory("bedrock", "System", make([]int, 20000)...), time.Millisecond}
		s := &server{logs: []eventlog.Log{l}, names: []string{"System"}}
		none := &eventlog.Selection{Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 9999)}
		opts := &EachOptions{Piece: 1000, Options: Options{Timeout: 2 * time.Second}}
		out := Each(t.Context(), []Target{{Name: "bedrock", Open: s.open}}, none, opts, collect(t))
		if out[0].State != eventlog.OK || out[0].Examined != 20000 {
			t.Errorf("%+v", out[0])
		}
	})
}

// What the log overwrites between two pieces backwards is told; what was behind the
// bound in time anyway is not.
func TestEachOverwritten(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    int // records that are overwritten behind the first three
		since time.Time
		want  []string
	}{
		{"all", 4, time.Time{}, []string{"records 1 to 4 are missing"}},
		{"since", 4, day.Add(8 * time.Second), nil},
		{"up to the mark", 7, time.Time{}, []string{"records 1 to 7 are missing"}},
		{"the mark too", 8, time.Time{}, []string{"records 1 to 7 are missing"}},
		{"the mark too, since", 8, day.Add(10 * time.Second), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &shrinking{by: c.by, Memory: memory("bedrock", "System", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)}
			s := &server{logs: []eventlog.Log{l}, names: []string{"System"}}
			got := collect(t)
			sel := &eventlog.Selection{Backward: true, Since: c.since}
			out := Each(t.Context(), []Target{{Name: "bedrock", Open: s.open}}, sel, &EachOptions{Piece: 3, Info: true}, got)
			var losses []string
			for _, l := range got.losses["0/System"] {
				losses = append(losses, fmt.Sprintf("records %d to %d are missing", l.First, l.Last))
				if !errors.Is(l, eventlog.ErrOverwrite) {
					t.Errorf("why: %v", l)
				}
			}
			equal(t, losses, c.want)
			if got.ends["0/System"] != io.EOF || out[0].Lost != uint64(min(c.by, 7)*len(c.want)) || out[0].LostUnknown {
				t.Errorf("end %v, %+v", got.ends["0/System"], out[0])
			}
		})
	}
}

// shrinking loses its oldest records with the second Read.
type shrinking struct {
	*logtest.Memory
	by    int
	reads int
}

func (s *shrinking) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	if s.reads++; s.reads == 2 {
		s.Memory = logtest.NewMemory(s.Origin, s.Events[s.by:])
	}
	return s.Memory.Read(ctx, sel)
}

// A connection that breaks off once costs nothing here either.
func TestEachReopened(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		var logs []*logtest.Memory
		for i := range 1 + rnd.IntN(3) {
			logs = append(logs, memory("bedrock", fmt.Sprint("log", i), make([]int, rnd.IntN(60))...))
		}
		b := &breaking{logs: logs, after: []int32{int32(rnd.IntN(100))}}
		got := collect(t)
		sel := &eventlog.Selection{Backward: rnd.IntN(2) == 0}
		out := Each(t.Context(), []Target{b.target("bedrock")}, sel, &EachOptions{Piece: int64(1 + rnd.IntN(50))}, got)
		if out[0].State != eventlog.OK || b.opens.Load() != b.closed.Load() {
			t.Fatalf("seed %d: %+v, opened %d, closed %d", seed, out[0], b.opens.Load(), b.closed.Load())
		}
		for _, l := range logs {
			equal(t, got.ids["0/"+l.Origin.Log], reference([]*logtest.Memory{l}, sel.Backward, nil))
		}
	}
}

// A log that does not say where it goes on is not read again and again.
func TestEachWithoutMarks(t *testing.T) {
	for name, marks := range map[string][]eventlog.Mark{"none": nil, "the same": {{Server: "bedrock", Log: "System", Record: 3}}} {
		t.Run(name, func(t *testing.T) {
			l := &markless{memory("bedrock", "System", 1, 2, 3, 4, 5, 6, 7, 8, 9), marks}
			s := &server{logs: []eventlog.Log{l}, names: []string{"System"}}
			out := Each(t.Context(), []Target{{Name: "bedrock", Open: s.open}}, nil, &EachOptions{Piece: 2}, collect(t))
			if out[0].State != eventlog.Failed || !errors.Is(out[0].Err, eventlog.ErrInvalid) {
				t.Errorf("%+v", out[0])
			}
		})
	}
}

type markless struct {
	*logtest.Memory
	marks []eventlog.Mark
}

func (m *markless) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := m.Memory.Read(ctx, s)
	return &marklessCursor{c, m.marks}, err
}

type marklessCursor struct {
	eventlog.Cursor
	marks []eventlog.Mark
}

func (c *marklessCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark {
	return append(m, c.marks...)
}

// Cancelling ends it, and everything is closed and told.
func TestEachCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		blocked := memory("bedrock", "System", 1, 2, 3)
		blocked.Block, blocked.BlockAfter = true, 1
		got := collect(t)
		got.slow = 10 * time.Millisecond
		targets := []Target{target("bedrock", blocked), target("barney", memory("barney", "System", 1, 2))}
		targets = append(targets, Target{Name: "wilma", Credential: "x", Open: func(ctx context.Context) (eventlog.Server, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		out := Each(ctx, targets, nil, nil, got)
		var states []string
		for _, o := range out {
			states = append(states, o.State.String())
		}
		equal(t, states, []string{"timeout", "ok", "timeout"})
		if len(got.over) != 3 || len(got.ids["1/System"]) != 2 {
			t.Errorf("over %v, %v", got.over, got.ids)
		}
	})
}

// A password that was good and is refused is tried alone once it was renewed.
func TestRenew(t *testing.T) {
	c := new(Credentials)
	var tries []string
	refuse := true
	ask := func(names ...string) (words []string) {
		var targets []Target
		for _, n := range names {
			targets = append(targets, Target{Name: n, Credential: "fred", Open: func(context.Context) (eventlog.Server, error) {
				tries = append(tries, n)
				if refuse {
					return nil, fs.ErrPermission
				}
				return &server{}, nil
			}})
		}
		for _, o := range Each(t.Context(), targets, nil, &EachOptions{Options: Options{Credentials: c, Parallel: 1}}, collect(t)) {
			words = append(words, o.Word())
		}
		slices.Sort(words)
		return words
	}
	equal(t, ask("a", "b"), []string{"not tried", "refused"})
	equal(t, ask("c"), []string{"not tried"})
	refuse = false
	c.Renew("wilma") // another one
	equal(t, ask("d"), []string{"not tried"})
	c.Renew("fred")
	equal(t, ask("e", "f"), []string{"ok", "ok"})
	if n := len(tries); n != 3 {
		t.Errorf("tried %v", tries)
	}
}
