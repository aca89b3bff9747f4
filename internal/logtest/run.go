package logtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"netelf.example/eventlog"
)

// Run holds an implementation to the contract. open makes a log of the events
// given, which are those of Events or none at all; Run closes it. The Origin of
// its events is whatever the log says, but the same for all.
func Run(t *testing.T, open func(t *testing.T, events []*eventlog.Event) eventlog.Log) {
	run(t, open, Cases)
}

// RunLevels is Run for a log that keeps no types but levels and keywords, as .evtx
// files do: what the fixture has of type success or of none that is known is
// information there.
func RunLevels(t *testing.T, open func(t *testing.T, events []*eventlog.Event) eventlog.Log) {
	run(t, open, func(o eventlog.Origin) []Case {
		cases := Cases(o)
		for i, c := range cases {
			if want, ok := byLevel[c.Name]; ok {
				cases[i].Want = want
			}
		}
		return cases
	})
}

// byLevel is what selections by type give of a log of levels.
var byLevel = map[string][]uint64{
	"type eq 0":       nil,
	"type eq unknown": nil,
	"type bits":       {5, 6, 7, 11, 12, 13, 14, 16, 17, 18},
}

func run(t *testing.T, open func(t *testing.T, events []*eventlog.Event) eventlog.Log, cases func(eventlog.Origin) []Case) {
	l := open(t, Events())
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the log: %v", err)
		}
	})
	o := originOf(t, l)

	for _, c := range cases(o) {
		t.Run("select/"+c.Name, func(t *testing.T) { runCase(t, l, c) })
	}
	for _, x := range []struct {
		name string
		test func(*testing.T, eventlog.Log, eventlog.Origin)
	}{
		{"info", testInfo}, {"events", testEvents}, {"reuse", testReuse}, {"kept", testKept}, {"all", testAll},
		{"examined", testExamined}, {"pages", testPages}, {"budgets", testBudgets}, {"marks", testMarks},
		{"fresh marks", testFreshMarks}, {"loss marks", testLossMarks}, {"close", testClose}, {"cancel", testCancel},
		{"cancelled before", testCancelledBefore}, {"two cursors", testTwoCursors}, {"many goroutines", testGoroutines},
	} {
		t.Run(x.name, func(t *testing.T) { x.test(t, l, o) })
	}
	t.Run("empty", func(t *testing.T) { testEmpty(t, open(t, nil), o) })
}

// originOf is what the log says about itself in its first event.
func originOf(t *testing.T, l eventlog.Log) eventlog.Origin {
	t.Helper()
	c := read(t, l, eventlog.Selection{})
	defer closeCursor(t, c)
	var e eventlog.Event
	next(t, c, &e)
	if e.Origin == nil {
		t.Fatal("the first event has no Origin")
	}
	return *e.Origin
}

func runCase(t *testing.T, l eventlog.Log, c Case) {
	check := func(what string, s eventlog.Selection, r eventlog.Resolver, want []uint64) {
		t.Helper()
		w := walk(t, l, s, r)
		checkRecords(t, what, w.records, want)
		checkEnd(t, what, w.err, c.WantErr)
		checkLoss(t, what, w, c.WantLoss)
		if w.marks == nil {
			return // refused by Read
		}
		if want := c.WantRest; want != nil {
			rest := s
			rest.Budget, rest.After = 0, w.marks
			w := walk(t, l, rest, r)
			checkRecords(t, what+", the rest", w.records, want)
			checkEnd(t, what+", the rest", w.err, nil)
			checkLoss(t, what+", the rest", w, [2]uint64{})
		} else if w.err == io.EOF && s.Limit == 0 {
			rest := s
			rest.After = w.marks
			w := walk(t, l, rest, r)
			checkRecords(t, what+", behind the end", w.records, nil)
			checkEnd(t, what+", behind the end", w.err, nil)
			checkLoss(t, what+", behind the end", w, [2]uint64{})
		}
	}
	s := c.Selection
	check("whole events", s, nil, c.Want)
	s.Want = eventlog.FieldRecord.Bit()
	check("record numbers only", s, nil, c.Want)
	s.Want = eventlog.DefaultFields | eventlog.FieldMessage.Bit()
	if c.WantResolved == nil {
		c.WantResolved = c.Want
	}
	check("resolved", s, Resolver(), c.WantResolved)
}

// checkLoss looks for the one loss before any event.
func checkLoss(t *testing.T, what string, w walked, want [2]uint64) {
	t.Helper()
	var got [][2]uint64
	for _, l := range w.losses {
		got = append(got, [2]uint64{l.First, l.Last})
		if l.Error() == "" || l.Partial {
			t.Errorf("%s: odd loss: %+v", what, l)
		}
	}
	switch {
	case want == [2]uint64{} && len(got) != 0:
		t.Errorf("%s: lost records %v, want none", what, got)
	case want != [2]uint64{} && !slices.Equal(got, [][2]uint64{want}):
		t.Errorf("%s: lost records %v, want %v", what, got, want)
	case w.late:
		t.Errorf("%s: the loss comes behind an event", what)
	}
}

func testInfo(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	i, err := l.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if i.Oldest != First || i.Next != Last+1 || i.Count() != 14 {
		t.Errorf("Info: oldest %d, next %d, count %d, want %d, %d, 14", i.Oldest, i.Next, i.Count(), First, Last+1)
	}
}

// testEvents compares every event, read in both directions into an Event that
// was full of something else.
func testEvents(t *testing.T, l eventlog.Log, o eventlog.Origin) {
	for _, back := range []bool{false, true} {
		c := read(t, l, eventlog.Selection{Backward: back})
		want := all
		if back {
			want = backward
		}
		var got []*eventlog.Event
		for range want {
			e := &eventlog.Event{
				Origin: &eventlog.Origin{Server: "x", Log: "y"}, RecordNumber: 99, ID: 99, Type: 99, Level: 99, Category: 99,
				Source: "x", Computer: "x", User: "x", Strings: []string{"x", "y"}, Data: []byte("xyz"),
				Message: "x", MessageBy: eventlog.ByEvent, Extra: &eventlog.Extra{Names: []string{"x"}}, Raw: []byte("xyz"), Recovered: true,
			}
			next(t, c, e)
			if e.Origin == nil || *e.Origin != o {
				t.Errorf("record %d: Origin %v, want %v", e.RecordNumber, e.Origin, &o)
			}
			if len(e.Raw) != 0 {
				t.Errorf("record %d: Raw has %d bytes and was not wanted", e.RecordNumber, len(e.Raw))
			}
			if e.Extra != nil && (len(e.Extra.Names) != 0 || e.Extra.XML != "") {
				t.Errorf("record %d: Extra has %+v", e.RecordNumber, e.Extra)
			}
			got = append(got, e)
		}
		closeCursor(t, c)
		checkEvents(t, got, want)
	}
}

// testReuse reads with one Event: its strings stay the caller's, and nothing of
// an event is left in the next.
func testReuse(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	c := read(t, l, eventlog.Selection{})
	defer closeCursor(t, c)
	var e eventlog.Event
	var got []*eventlog.Event
	for range all {
		next(t, c, &e)
		kept := e // the strings are shared, the slices are not
		kept.Strings = slices.Clone(e.Strings)
		kept.Data = slices.Clone(e.Data)
		kept.Extra = e.Clone().Extra
		got = append(got, &kept)
	}
	if err := c.Next(t.Context(), &e); err != io.EOF {
		t.Errorf("Next behind the last: %v, want io.EOF", err)
	}
	checkEvents(t, got, all)
}

// testKept reads with an Event each: what one holds, no later Next touches, nor
// Close.
func testKept(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	c := read(t, l, eventlog.Selection{})
	var got []*eventlog.Event
	for range all {
		e := new(eventlog.Event)
		next(t, c, e)
		got = append(got, e)
	}
	closeCursor(t, c)
	walk(t, l, eventlog.Selection{Backward: true}, nil)
	checkEvents(t, got, all)
}

func testAll(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	var got []*eventlog.Event
	for e, err := range eventlog.All(t.Context(), l, nil) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	checkEvents(t, got, all)
	got = nil
	for e, err := range eventlog.All(t.Context(), l, &eventlog.Selection{Backward: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e); len(got) == 3 {
			break
		}
	}
	checkEvents(t, got, backward[:3])
}

func testExamined(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	c := read(t, l, eventlog.Selection{})
	defer closeCursor(t, c)
	drain(t, c)
	if _, ok := c.(eventlog.Examiner); ok && eventlog.Examined(c) != uint64(len(all)) {
		t.Errorf("examined %d records, want %d", eventlog.Examined(c), len(all))
	}
}

// wheres are those that walks by pages are tried with.
func wheres() map[string]eventlog.Expr {
	return map[string]eventlog.Expr{
		"all":     nil,
		"source":  eventlog.TextTerm(eventlog.FieldSource, contains, "s"),
		"odd":     eventlog.NumTerm(eventlog.FieldRecord, bits, 1),
		"audit":   eventlog.RangeTerm(eventlog.FieldType, 8, 16),
		"none":    eventlog.Or{},
		"message": eventlog.TextTerm(eventlog.FieldMessage, contains, "logon"),
		"either":  eventlog.Or{eventlog.NumTerm(eventlog.FieldLevel, eq, 2), eventlog.TextTerm(eventlog.FieldMessage, contains, "log")},
	}
}

// eachWalk runs f for both directions and some selections, with what they give
// in one piece behind Resolve.
func eachWalk(t *testing.T, l eventlog.Log, f func(t *testing.T, s eventlog.Selection, whole []uint64)) {
	for name, x := range wheres() {
		for _, back := range []bool{false, true} {
			s := eventlog.Selection{Where: x, Backward: back}
			whole := walk(t, l, s, Resolver())
			checkEnd(t, name, whole.err, nil)
			t.Run(fmt.Sprintf("%s/backward=%v", name, back), func(t *testing.T) { f(t, s, whole.records) })
		}
	}
}

// testPages walks by Limit and marks.
func testPages(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	eachWalk(t, l, func(t *testing.T, s eventlog.Selection, whole []uint64) {
		for k := 1; k <= 5; k++ {
			s.Limit, s.After = k, nil
			var got []uint64
			for pages := 0; ; pages++ {
				page := walk(t, l, s, Resolver())
				checkEnd(t, "page", page.err, nil)
				got = append(got, page.records...)
				if len(page.records) > k {
					t.Errorf("page of %d has %d events", k, len(page.records))
				}
				if len(page.records) == 0 || t.Failed() {
					break
				}
				if pages > len(whole) {
					t.Fatal("the pages do not end")
				}
				s.After = page.marks
			}
			checkRecords(t, fmt.Sprintf("pages of %d", k), got, whole)
		}
	})
}

// testBudgets walks by Budget and marks.
func testBudgets(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	eachWalk(t, l, func(t *testing.T, s eventlog.Selection, whole []uint64) {
		for k := int64(1); k <= 5; k++ {
			s.Budget, s.After = k, nil
			var got []uint64
			for parts := 0; ; parts++ {
				part := walk(t, l, s, Resolver())
				got = append(got, part.records...)
				if !errors.Is(part.err, eventlog.ErrBudget) {
					checkEnd(t, "the last part", part.err, nil)
					break
				}
				if parts > len(all) {
					t.Fatal("the parts do not end")
				}
				s.After = part.marks
			}
			checkRecords(t, fmt.Sprintf("parts of %d", k), got, whole)
		}
	})
}

// testMarks looks at the mark behind each event, and at the end.
func testMarks(t *testing.T, l eventlog.Log, o eventlog.Origin) {
	for _, back := range []bool{false, true} {
		c := read(t, l, eventlog.Selection{Backward: back})
		var e eventlog.Event
		for range all {
			next(t, c, &e)
			checkMark(t, c, o, e.RecordNumber)
			if m := c.AppendMarks(nil); len(m) == 1 && !m[0].Time.Equal(e.TimeWritten) {
				t.Errorf("the mark behind record %d has the time %v, want %v", e.RecordNumber, m[0].Time, e.TimeWritten)
			}
		}
		last := e.RecordNumber
		if err := c.Next(t.Context(), &e); err != io.EOF {
			t.Errorf("Next behind the last: %v, want io.EOF", err)
		}
		checkMark(t, c, o, last)
		other := eventlog.Mark{Server: "kept", Log: "kept", Record: 1}
		if m := c.AppendMarks([]eventlog.Mark{other}); len(m) != 2 || m[0] != other {
			t.Errorf("AppendMarks does not append: %v", m)
		}
		closeCursor(t, c)
	}
	// Records that did not match are behind the mark, too.
	c := read(t, l, eventlog.Selection{Where: eventlog.NumTerm(eventlog.FieldRecord, eq, 9)})
	defer closeCursor(t, c)
	var e eventlog.Event
	next(t, c, &e)
	checkMark(t, c, o, 9)
	if err := c.Next(t.Context(), &e); err != io.EOF {
		t.Errorf("Next behind the last match: %v, want io.EOF", err)
	}
	checkMark(t, c, o, Last)
}

// testFreshMarks goes on from a cursor that has given nothing yet.
func testFreshMarks(t *testing.T, l eventlog.Log, o eventlog.Origin) {
	m := eventlog.Mark{Server: o.Server, Log: o.Log, Record: 8, Time: at(8, 10, 0)}
	for _, x := range []struct {
		s    eventlog.Selection
		want []uint64
	}{
		{eventlog.Selection{}, all},
		{eventlog.Selection{Backward: true}, backward},
		{eventlog.Selection{Start: 16}, []uint64{16, 17, 18}},
		{eventlog.Selection{After: []eventlog.Mark{m}}, all[4:]},
		{eventlog.Selection{After: []eventlog.Mark{m}, Backward: true}, []uint64{7, 6, 5}},
	} {
		c := read(t, l, x.s)
		x.s.After = c.AppendMarks(nil)
		closeCursor(t, c)
		w := walk(t, l, x.s, nil)
		checkRecords(t, fmt.Sprintf("after %v", x.s.After), w.records, x.want)
		checkEnd(t, "after fresh marks", w.err, nil)
	}
}

// testLossMarks goes on from behind a loss: it is not told twice.
func testLossMarks(t *testing.T, l eventlog.Log, o eventlog.Origin) {
	s := eventlog.Selection{After: []eventlog.Mark{{Server: o.Server, Log: o.Log, Record: 2}}}
	c := read(t, l, s)
	defer closeCursor(t, c)
	before := c.AppendMarks(nil)
	var loss *eventlog.Loss
	if err := c.Next(t.Context(), new(eventlog.Event)); !errors.As(err, &loss) {
		t.Fatalf("Next: %v, want a *Loss", err)
	}
	if loss.Origin == nil || *loss.Origin != o {
		t.Errorf("the loss has the Origin %v, want %v", loss.Origin, &o)
	}
	behind := c.AppendMarks(nil)
	s.After = before
	w := walk(t, l, s, nil)
	checkRecords(t, "before the loss", w.records, all)
	checkLoss(t, "before the loss", w, [2]uint64{3, 4})
	s.After = behind
	w = walk(t, l, s, nil)
	checkRecords(t, "behind the loss", w.records, all)
	checkLoss(t, "behind the loss", w, [2]uint64{})
}

// testClose closes a cursor in the middle and the other ones go on.
func testClose(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	c, other := read(t, l, eventlog.Selection{}), read(t, l, eventlog.Selection{})
	defer closeCursor(t, other)
	var e eventlog.Event
	next(t, c, &e)
	closeCursor(t, c)
	for range 2 {
		if err := c.Next(t.Context(), &e); err == nil || err == io.EOF {
			t.Errorf("Next behind Close: %v, want an error", err)
		}
	}
	_ = c.Close() // a second time: whatever it answers, it must not panic
	checkRecords(t, "the other cursor", drain(t, other).records, all)

	never := read(t, l, eventlog.Selection{Backward: true})
	closeCursor(t, never)
	if err := never.Next(t.Context(), &e); err == nil || err == io.EOF {
		t.Errorf("Next behind Close of a fresh cursor: %v, want an error", err)
	}
}

// testCancel cancels in the middle: the walk is over, and its marks go on.
func testCancel(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	for _, back := range []bool{false, true} {
		s := eventlog.Selection{Backward: back}
		want := all
		if back {
			want = backward
		}
		c := read(t, l, s)
		ctx, cancel := context.WithCancel(t.Context())
		var e eventlog.Event
		for range 3 {
			if err := c.Next(ctx, &e); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := c.Next(ctx, &e); !errors.Is(err, context.Canceled) {
			t.Errorf("Next, cancelled: %v, want context.Canceled", err)
		}
		if err := c.Next(t.Context(), &e); !errors.Is(err, context.Canceled) {
			t.Errorf("Next behind a cancelled one: %v, want context.Canceled again", err)
		}
		s.After = c.AppendMarks(nil)
		closeCursor(t, c)
		checkRecords(t, "behind the cancelled walk", walk(t, l, s, nil).records, want[3:])
	}
}

// testCancelledBefore reads with a context that is done.
func testCancelledBefore(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := l.Read(ctx, new(eventlog.Selection))
	if err == nil {
		defer closeCursor(t, c)
		var e eventlog.Event
		err = c.Next(ctx, &e)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v, want context.Canceled", err)
	}
}

func testTwoCursors(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	there, back := read(t, l, eventlog.Selection{}), read(t, l, eventlog.Selection{Backward: true})
	defer closeCursor(t, there)
	defer closeCursor(t, back)
	var a, b []*eventlog.Event
	var e eventlog.Event
	for range all {
		next(t, there, &e)
		a = append(a, e.Clone())
		next(t, back, &e)
		b = append(b, e.Clone())
	}
	checkEvents(t, a, all)
	checkEvents(t, b, backward)
}

// testGoroutines is for the race detector.
func testGoroutines(t *testing.T, l eventlog.Log, _ eventlog.Origin) {
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			var got []*eventlog.Event
			for e, err := range eventlog.All(t.Context(), l, &eventlog.Selection{Backward: i%2 == 1}) {
				if err != nil {
					t.Error(err)
					return
				}
				got = append(got, e)
			}
			checkEvents(t, got, [][]uint64{all, backward}[i%2])
			if _, err := l.Info(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// testEmpty reads a log without records: it is at its end, whatever is asked.
func testEmpty(t *testing.T, l eventlog.Log, o eventlog.Origin) {
	defer func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the log: %v", err)
		}
	}()
	if i, err := l.Info(t.Context()); err != nil {
		t.Error(err)
	} else if i.Count() != 0 {
		t.Errorf("an empty log has %d records: %+v", i.Count(), i)
	}
	for _, back := range []bool{false, true} {
		for name, s := range map[string]eventlog.Selection{
			"plain":  {},
			"where":  {Where: eventlog.TextTerm(eventlog.FieldSource, eq, "disk")},
			"start":  {Start: 3},
			"limit":  {Limit: 1},
			"budget": {Budget: 1},
			"since":  {Since: at(8, 0, 0), Until: at(9, 0, 0)},
			"other":  {After: []eventlog.Mark{{Server: o.Server + "-other", Log: o.Log, Record: 3}}},
		} {
			s.Backward = back
			what := fmt.Sprintf("%s, backward %v", name, back)
			w := walk(t, l, s, Resolver())
			checkRecords(t, what, w.records, nil)
			checkEnd(t, what, w.err, nil)
			checkLoss(t, what, w, [2]uint64{})
			s.After = w.marks
			w = walk(t, l, s, nil)
			checkRecords(t, what+", behind the end", w.records, nil)
			checkEnd(t, what+", behind the end", w.err, nil)
			checkLoss(t, what+", behind the end", w, [2]uint64{})
		}
	}
}
