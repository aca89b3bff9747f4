package scan

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

func TestMergeEqualsReference(t *testing.T) {
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		targets, logs := world(rnd, rnd.IntN(6)+1, 4, 60, seed%2 == 0)
		opts := &Options{Parallel: rnd.IntN(3) + 1, Ahead: rnd.IntN(500)}
		for _, backward := range []bool{false, true} {
			got := whole(t, targets, &eventlog.Selection{Backward: backward}, opts)
			equal(t, got, reference(logs, backward, nil))
		}
	}
}

func TestBackwardIsReverse(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		targets, _ := world(rnd, 5, 3, 80, false)
		forward := whole(t, targets, nil, nil)
		backward := whole(t, targets, &eventlog.Selection{Backward: true}, nil)
		slices.Reverse(backward)
		equal(t, backward, forward)
	}
}

// Pages by Limit and by Budget are together the whole, also where a selection
// leaves most of it out.
func TestPages(t *testing.T) {
	code := func(e *eventlog.Event) bool { return e.ID.Code() == 3 }
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		targets, logs := world(rnd, rnd.IntN(5)+1, 3, 50, seed%2 == 0)
		for _, backward := range []bool{false, true} {
			for _, some := range []bool{false, true} {
				want := reference(logs, backward, nil)
				sel := eventlog.Selection{Backward: backward}
				if some {
					want = reference(logs, backward, code)
					sel.Where = eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 3)
				}
				for name, limit := range map[string]func(*eventlog.Selection){
					"limit":  func(s *eventlog.Selection) { s.Limit = rnd.IntN(9) + 1 },
					"budget": func(s *eventlog.Selection) { s.Budget = int64(rnd.IntN(9) + 1) },
				} {
					got := pages(t, targets, sel, limit)
					t.Run(fmt.Sprint(seed, name, backward, some), func(t *testing.T) { equal(t, got, want) })
				}
			}
		}
	}
}

func pages(t *testing.T, targets []Target, sel eventlog.Selection, limit func(*eventlog.Selection)) (ids []string) {
	for range 10000 {
		limit(&sel)
		c := Open(t.Context(), targets, &sel, nil)
		got, _, err := drain(t, c)
		ids = append(ids, got...)
		sel.After = c.AppendMarks(nil)
		c.Close()
		seen := map[eventlog.Mark]bool{}
		for _, m := range sel.After {
			m.Record, m.Time = 0, day
			if seen[m] {
				t.Fatalf("two marks for %s/%s", m.Server, m.Log)
			}
			seen[m] = true
		}
		if err == io.EOF && (sel.Limit == 0 || len(got) < sel.Limit) {
			return ids
		}
		if err != io.EOF && err != eventlog.ErrBudget {
			t.Fatal(err)
		}
	}
	t.Fatal("no end")
	return nil
}

func TestLimit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 4))
	targets, logs := world(rnd, 5, 3, 60, true)
	want := reference(logs, false, nil)
	for n := 1; n < len(want)+3; n += 7 {
		c := Open(t.Context(), targets, &eventlog.Selection{Limit: n}, nil)
		got, _, err := drain(t, c)
		if err != io.EOF {
			t.Errorf("limit %d: %v", n, err)
		}
		equal(t, got, want[:min(n, len(want))])
		var sum uint64
		for _, o := range c.Outcomes() {
			if o.State != eventlog.OK || !o.Done() {
				t.Errorf("limit %d: %s is %v", n, o.Target, o.State)
			}
			sum += o.Events
		}
		if sum != uint64(len(got)) {
			t.Errorf("limit %d: outcomes count %d events", n, sum)
		}
		c.Close()
	}
}

// Only events that are Yes count, for the limit and in the outcomes, once Resolve has
// said which they are; a limit that is reached is the end and no cancelling.
func TestLimitCountsYes(t *testing.T) {
	for _, x := range []struct {
		name  string
		where eventlog.Expr
		limit int
		want  []uint64
	}{
		{"one of five", eventlog.TextTerm(eventlog.FieldMessage, eventlog.Contains, "text 3"), 2, []uint64{3}},
		{"as many as the limit", eventlog.TextTerm(eventlog.FieldMessage, eventlog.Contains, "text 3"), 1, []uint64{3}},
		{"more than the limit", eventlog.Not{X: eventlog.TextTerm(eventlog.FieldMessage, eventlog.Contains, "text 2")}, 3, []uint64{1, 3, 4}},
		{"no limit", eventlog.Not{X: eventlog.TextTerm(eventlog.FieldMessage, eventlog.Contains, "text 2")}, 0, []uint64{1, 3, 4, 5}},
		{"some without the text", eventlog.Or{eventlog.NumTerm(eventlog.FieldRecord, eventlog.Eq, 1), eventlog.TextTerm(eventlog.FieldMessage, eventlog.Contains, "text 4")}, 2, []uint64{1, 4}},
	} {
		t.Run(x.name, func(t *testing.T) {
			sel := &eventlog.Selection{Limit: x.limit, Want: eventlog.AllFields, Where: x.where}
			c := Open(t.Context(), []Target{target("a", memory("a", "System", 1, 2, 3, 4, 5))}, sel, nil)
			defer c.Close()
			r := eventlog.Resolve(c, sel, text{})
			var got []uint64
			var e eventlog.Event
			err := r.Next(t.Context(), &e)
			for ; err == nil; err = r.Next(t.Context(), &e) {
				got = append(got, e.RecordNumber)
			}
			if err != io.EOF || !slices.Equal(got, x.want) {
				t.Errorf("records %v, %v, want %v", got, err, x.want)
			}
			if o := c.Outcomes()[0]; o.State != eventlog.OK || o.Events != uint64(len(x.want)) {
				t.Errorf("%v with %d events", o.State, o.Events)
			}
		})
	}
}

type text struct{}

func (text) Message(_ string, e *eventlog.Event) (string, eventlog.TextBy) {
	return fmt.Sprint("text ", e.RecordNumber), eventlog.ByCatalogue
}

// A log fills in what the merge goes by, whatever the caller wants.
func TestWant(t *testing.T) {
	l := &wants{Memory: memory("a", "System", 1)}
	s := &server{logs: []eventlog.Log{l}, names: []string{"System"}}
	want := eventlog.FieldSource.Bit()
	whole(t, []Target{{Name: "a", Open: s.open}}, &eventlog.Selection{Want: want}, nil)
	if l.want != want|eventlog.FieldRecord.Bit()|eventlog.FieldTimeWritten.Bit() {
		t.Errorf("want %b", l.want)
	}
}

func TestLosses(t *testing.T) {
	a, b := memory("a", "System", 1, 4, 7), memory("b", "System", 2, 5, 8)
	a.Losses = map[uint64]*eventlog.Loss{2: {Origin: &a.Origin, Offset: -1, First: 2, Last: 2, Err: io.ErrUnexpectedEOF}}
	b.Losses = map[uint64]*eventlog.Loss{1: {Origin: &b.Origin, Offset: -1, Err: eventlog.ErrOverwrite}}
	c := Open(t.Context(), []Target{target("a", a), target("b", b)}, nil, nil)
	defer c.Close()
	var got []string
	var e eventlog.Event
	for {
		err := c.Next(t.Context(), &e)
		if err == io.EOF {
			break
		}
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, fmt.Sprint(e.Origin, ":", e.RecordNumber))
	}
	equal(t, got, []string{
		"b/System: records may be missing: the log was overwritten faster than it was read",
		"a/System:1",
		"a/System: record 2 is missing: unexpected EOF",
		"b/System:1", "a/System:2", "b/System:2", "a/System:3", "b/System:3",
	})
	o := c.Outcomes()
	if o[0].State != eventlog.Partial || o[0].Losses != 1 || o[0].Lost != 1 || o[0].LostUnknown || o[0].Events != 3 {
		t.Errorf("outcome %+v", o[0])
	}
	if o[1].State != eventlog.Partial || !o[1].LostUnknown || o[1].Err == nil || !o[1].Logs[0].First.Equal(b.Events[0].TimeWritten) {
		t.Errorf("outcome %+v", o[1])
	}
}

func TestManySources(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 5))
	targets, logs := world(rnd, 2000, 1, 20, true)
	got := whole(t, targets, nil, nil)
	slices.Sort(got)
	var want []string
	for _, l := range logs {
		for _, e := range l.Events {
			want = append(want, id(e))
		}
	}
	slices.Sort(want)
	equal(t, got, want)
	one := []Target{{Name: "one"}}
	s := &server{}
	for i, l := range logs {
		s.logs, s.names = append(s.logs, l), append(s.names, fmt.Sprintf("log%04d", i))
	}
	one[0].Open = s.open
	if n := len(whole(t, one, nil, nil)); n != len(want) {
		t.Errorf("one target of 2,000 logs: %d events, want %d", n, len(want))
	}
}

func TestNothing(t *testing.T) {
	if got := whole(t, nil, nil, nil); got != nil {
		t.Error(got)
	}
	if got := whole(t, []Target{target("a"), target("b", memory("b", "System"))}, nil, nil); got != nil {
		t.Error(got)
	}
}

// An event that has been given is the caller's: a Next with another one must not
// write to it, whatever the workers are doing.
func TestEventsAreTheCallers(t *testing.T) {
	var seconds []int
	for i := range 3000 {
		seconds = append(seconds, i)
	}
	c := Open(t.Context(), []Target{target("a", memory("a", "System", seconds...))}, nil, nil)
	defer c.Close()
	events := make([]eventlog.Event, len(seconds))
	for i := range events {
		if err := c.Next(t.Context(), &events[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range events {
		e := &events[i]
		if e.RecordNumber != uint64(i+1) || e.Strings[1] != fmt.Sprint(i+1) || e.Data[0] != byte(i) {
			t.Fatalf("event %d is %s", i, id(e))
		}
	}
}

type wants struct {
	*logtest.Memory
	want eventlog.Fields
}
