package results

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// randomWorld is servers of all paces, some of them in trouble.
func randomWorld(rnd *rand.Rand) *world {
	w := new(world)
	for i := range 1 + rnd.IntN(6) {
		var logs []*testLog
		name := fmt.Sprintf("srv%02d", i)
		for j := range 1 + rnd.IntN(3) {
			n := rnd.IntN(60)
			if rnd.IntN(4) == 0 {
				n = rnd.IntN(2500)
			}
			var times []int
			now := rnd.IntN(50)
			for range n {
				now += rnd.IntN(3)
				if rnd.IntN(20) == 0 {
					now -= rnd.IntN(15) // the clock was set back
				}
				times = append(times, now)
			}
			l := logOf(name, fmt.Sprintf("log%d", j), times...)
			if rnd.IntN(3) == 0 {
				l.pause = pace(rnd, time.Duration(1+rnd.IntN(2000))*time.Microsecond)
			}
			if rnd.IntN(8) == 0 && n > 0 {
				l.failAt, l.err = uint64(1+rnd.IntN(n)), errors.New("the disk is on fire")
			}
			logs = append(logs, l)
		}
		s := w.server(name, logs...)
		s.pause = pace(rnd, time.Duration(rnd.IntN(300))*time.Millisecond)
		if rnd.IntN(8) == 0 {
			s.fail = errGone
		}
	}
	return w
}

// pace is pauses up to most, of a source of its own: many goroutines use them.
func pace(rnd *rand.Rand, most time.Duration) func() time.Duration {
	if most == 0 {
		return nil
	}
	pause := time.Duration(rnd.Int64N(int64(most)))
	return func() time.Duration { return pause }
}

func randomSelection(rnd *rand.Rand) (s eventlog.Selection) {
	switch rnd.IntN(4) {
	case 0:
		s.Where = eventlog.NumTerm(eventlog.FieldType, eventlog.Eq, uint64(types[rnd.IntN(len(types))]))
	case 1:
		s.Where = eventlog.Or{eventlog.TextTerm(eventlog.FieldSource, eventlog.Eq, "disk"), eventlog.RangeTerm(eventlog.FieldCode, 0, 2)}
	}
	if rnd.IntN(3) == 0 {
		s.Since = day.Add(time.Duration(rnd.IntN(60)) * time.Second)
	}
	if rnd.IntN(3) == 0 {
		s.Until = day.Add(time.Duration(60+rnd.IntN(600)) * time.Second)
	}
	return s
}

// reference is what package scan says.
func reference(t *testing.T, w *world, sel eventlog.Selection) (events []*eventlog.Event, good bool) {
	t.Helper()
	sel.Backward = true
	c := scan.Open(t.Context(), w.targets(), &sel, nil)
	defer c.Close()
	for {
		e := new(eventlog.Event)
		switch err := c.Next(t.Context(), e); {
		case err == nil:
			events = append(events, e)
		case err == io.EOF:
			return events, true
		case errors.Is(err, scan.ErrIncomplete):
			return events, false
		default:
			t.Fatal(err)
		}
	}
}

func name(e *eventlog.Event) string {
	return fmt.Sprintf("%s#%d@%d %q", e.Origin, e.RecordNumber, e.TimeWritten.Unix(), e.Strings)
}

// TestModel compares whatever a result says with a plain list of what package scan
// gives, at the end, and with itself on the way there.
func TestModel(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 7))
				w := randomWorld(rnd)
				sel := randomSelection(rnd)
				want, good := reference(t, w, sel)
				data := Field{Field: eventlog.FieldNamed, Name: "rest"}
				s := storeOf(t, nil)
				r := create(t, s, &Query{Targets: w.targets(), Selection: sel, Fields: []Field{data}})
				underway(t, rnd, r)
				p := done(t, r)
				if p.Rows != uint64(len(want)) {
					t.Fatalf("%d rows, want %d", p.Rows, len(want))
				}
				checkServers(t, w, p)
				checkRows(t, r, want)
				checkJumps(t, rnd, r, want)
				checkHistogram(t, rnd, r, want)
				checkFacets(t, r, want, data, Field{Field: eventlog.FieldString, Position: 2})
				checkExport(t, r, want, good)
			})
		})
	}
}

// underway looks at a result while it is coming: nothing may contradict what was said
// before, and what is settled stays.
func underway(t *testing.T, rnd *rand.Rand, r *Result) {
	t.Helper()
	var before Progress
	var settled []Anchor
	finals := map[uint64][]Anchor{}
	for version := uint64(0); ; {
		p, err := r.Progress()
		if err != nil {
			t.Fatal(err)
		}
		if p.Rows < before.Rows || p.Examined < before.Examined || before.Done && !p.Done {
			t.Fatalf("went back: %d rows and %d examined, then %d and %d", before.Rows, before.Examined, p.Rows, p.Examined)
		}
		before = *p
		rank := uint64(rnd.IntN(100))
		got := page(t, r, &PageQuery{Rank: rank, Rows: 20, Want: eventlog.FieldRecord.Bit()})
		if got.Settled > got.Total || got.Total < p.Rows {
			t.Fatalf("a page with %d rows of which %d are settled; there were %d before", got.Total, got.Settled, p.Rows)
		}
		var anchors []Anchor
		for i, row := range got.Rows {
			if row.Rank != rank+uint64(i) {
				t.Fatalf("row %d of a page from %d has the rank %d", i, rank, row.Rank)
			}
			if row.Event == nil && row.Err == nil || row.Event != nil && row.Event.RecordNumber != row.Record {
				t.Fatalf("row %+v", row)
			}
			anchors = append(anchors, row.Anchor)
		}
		if len(got.Pending) == 0 {
			if was, ok := finals[rank]; ok && !slices.Equal(was, anchors) {
				t.Fatalf("a final page has changed: %v, then %v", was, anchors)
			}
			finals[rank] = anchors
		}
		if got.Done && len(got.Pending) > 0 {
			t.Fatalf("done, but %v are to come", got.Pending)
		}
		head := page(t, r, &PageQuery{Rows: 100, Want: eventlog.FieldRecord.Bit()})
		var now []Anchor
		for _, row := range head.Rows[:min(uint64(len(head.Rows)), head.Settled)] {
			now = append(now, row.Anchor)
		}
		if len(now) < len(settled) || !slices.Equal(now[:len(settled)], settled) {
			t.Fatalf("settled rows have changed: %v, then %v", settled, now)
		}
		settled = now
		h, err := r.Histogram(time.Time{}, time.Time{}, 1+rnd.IntN(50))
		if err != nil {
			t.Fatal(err)
		}
		n := h.Outside + h.Undated.Sum()
		for i := range h.Buckets {
			n += h.Buckets[i].Sum()
		}
		if n < head.Total {
			t.Fatalf("the histogram has %d events, and there were %d", n, head.Total)
		}
		f, err := r.Facet(Field{Field: eventlog.FieldSource}, 100, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n := sum(f.Top); n != f.Total || n < head.Total || !f.Exact {
			t.Fatalf("the facet has %d events of %d, there were %d", n, f.Total, head.Total)
		}
		if p.Done {
			for rank, was := range finals {
				var now []Anchor
				for _, row := range page(t, r, &PageQuery{Rank: rank, Rows: 20, Want: eventlog.FieldRecord.Bit()}).Rows {
					now = append(now, row.Anchor)
				}
				if !slices.Equal(was, now) {
					t.Fatalf("the final page at %d was none: %v, at the end %v", rank, was, now)
				}
			}
			return
		}
		if version, err = r.Wait(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rnd.IntN(100)) * time.Millisecond)
	}
}

func sum(values []Value) (n uint64) {
	for _, v := range values {
		n += v.Count
	}
	return n
}

// checkServers says whether each server's trouble is its own.
func checkServers(t *testing.T, w *world, p *Progress) {
	t.Helper()
	for i, s := range w.servers {
		got := &p.Servers[i]
		want := eventlog.OK
		for _, l := range s.logs {
			if l.failAt != 0 {
				want = eventlog.Failed // unless it was not selected that far
			}
		}
		if s.fail != nil {
			want = eventlog.Unreachable
		}
		if got.Name != s.name || got.Phase != scan.Over || got.State != want && !(want == eventlog.Failed && got.State == eventlog.OK) {
			t.Errorf("server %s: %+v, want state %v", s.name, got, want)
		}
		if (got.Err != nil) != (got.State != eventlog.OK) {
			t.Errorf("server %s: state %v with the error %v", s.name, got.State, got.Err)
		}
	}
}

// checkRows pages from the first row to the last, and back.
func checkRows(t *testing.T, r *Result, want []*eventlog.Event) {
	t.Helper()
	var after Anchor
	for at := 0; ; {
		p := page(t, r, &PageQuery{After: after, Rows: 333})
		if !p.Done || len(p.Pending) > 0 || p.Settled != p.Total {
			t.Fatalf("page at %d of a whole result: %+v", at, p)
		}
		for i := range p.Rows {
			row := &p.Rows[i]
			if at == len(want) {
				t.Fatalf("more than %d rows", at)
			}
			if row.Rank != uint64(at) {
				t.Fatalf("row %d has the rank %d", at, row.Rank)
			}
			checkRow(t, row, want[at])
			at++
		}
		if len(p.Rows) < 333 {
			if at != len(want) {
				t.Fatalf("%d rows, want %d", at, len(want))
			}
			break
		}
		after = p.Rows[332].Anchor
	}
	if len(want) == 0 {
		return
	}
	last := page(t, r, &PageQuery{Rank: uint64(len(want)) - 1, Rows: 1}).Rows[0].Anchor
	for at := len(want) - 1; at > 0; {
		p := page(t, r, &PageQuery{Before: last, Rows: 100})
		if n := min(100, at); len(p.Rows) != n {
			t.Fatalf("%d rows before %d, want %d", len(p.Rows), at, n)
		}
		at -= len(p.Rows)
		for i := range p.Rows {
			checkRow(t, &p.Rows[i], want[at+i])
		}
		last = p.Rows[0].Anchor
	}
}

func checkRow(t *testing.T, row *Row, want *eventlog.Event) {
	t.Helper()
	if row.Record != want.RecordNumber || row.Server != want.Origin.Server || row.Log != want.Origin.Log ||
		!row.Time.Equal(want.TimeGenerated) || row.ID != want.ID || row.Type != want.Type || row.Level != want.Level {
		t.Fatalf("row %d is %s/%s %d at %v, want %s", row.Rank, row.Server, row.Log, row.Record, row.Time, name(want))
	}
	if row.Event == nil {
		// A log that breaks off does so when it is read again.
		if row.Err == nil {
			t.Fatalf("row %d has neither an event nor an error", row.Rank)
		}
		return
	}
	if name(row.Event) != name(want) {
		t.Fatalf("row %d has %s, want %s", row.Rank, name(row.Event), name(want))
	}
}

// checkJumps asks for single rows and for times.
func checkJumps(t *testing.T, rnd *rand.Rand, r *Result, want []*eventlog.Event) {
	t.Helper()
	for range min(20, len(want)) {
		at := rnd.IntN(len(want))
		p := page(t, r, &PageQuery{Rank: uint64(at), Rows: 1})
		checkRow(t, &p.Rows[0], want[at])
		row, err := r.Row(t.Context(), p.Rows[0].Anchor, 0)
		if err != nil || row.Rank != uint64(at) {
			t.Fatalf("row %d by its anchor: %+v, %v", at, row, err)
		}
		checkRow(t, row, want[at])
		when := want[at].TimeWritten
		first := page(t, r, &PageQuery{At: when, Rows: 1})
		if first.Rank > uint64(at) {
			t.Fatalf("the rows of %v begin at %d, but %d is one", when, first.Rank, at)
		}
	}
	if p := page(t, r, &PageQuery{Rank: uint64(len(want)) + 5}); len(p.Rows) != 0 || p.Rank != uint64(len(want)) {
		t.Errorf("behind the end: %+v", p)
	}
}

func checkHistogram(t *testing.T, rnd *rand.Rand, r *Result, want []*eventlog.Event) {
	t.Helper()
	for range 5 {
		since := day.Add(time.Duration(rnd.IntN(2000)-100) * time.Second)
		until := since.Add(time.Duration(1 + rnd.Int64N(int64(30*time.Minute))))
		if rnd.IntN(3) == 0 {
			since, until = time.Time{}, time.Time{}
		}
		n := 1 + rnd.IntN(100)
		h, err := r.Histogram(since, until, n)
		if err != nil {
			t.Fatal(err)
		}
		if !h.Exact || !h.Done || len(h.Buckets) != n {
			t.Fatalf("histogram: exact %v, done %v, %d buckets", h.Exact, h.Done, len(h.Buckets))
		}
		buckets := make([]eventlog.LevelCounts, n)
		var undated eventlog.LevelCounts
		var outside uint64
		span := h.Until.Sub(h.Since)
		for _, e := range want {
			at := e.TimeGenerated.Sub(h.Since)
			switch {
			case e.TimeGenerated.Unix() <= 0:
				undated[e.Level]++
			case at < 0 || at >= span:
				outside++
			default:
				buckets[int64(at/100)*int64(n)/int64(span/100)][e.Level]++
			}
		}
		if !slices.Equal(buckets, h.Buckets) || undated != h.Undated || outside != h.Outside {
			t.Fatalf("histogram of %v to %v:\n got %v, undated %v, outside %d\nwant %v, %v, %d", h.Since, h.Until, h.Buckets, h.Undated, h.Outside, buckets, undated, outside)
		}
		if since.IsZero() && r.query.Selection.Since.IsZero() && r.query.Selection.Until.IsZero() && outside != 0 {
			t.Fatalf("%d events outside of their own span", outside)
		}
	}
}

func checkFacets(t *testing.T, r *Result, want []*eventlog.Event, data ...Field) {
	t.Helper()
	text := map[eventlog.Field]func(*eventlog.Event) string{
		eventlog.FieldServer:   func(e *eventlog.Event) string { return e.Origin.Server },
		eventlog.FieldLog:      func(e *eventlog.Event) string { return e.Origin.Log },
		eventlog.FieldSource:   func(e *eventlog.Event) string { return e.Source },
		eventlog.FieldComputer: func(e *eventlog.Event) string { return e.Computer },
		eventlog.FieldUser:     func(e *eventlog.Event) string { return string(e.User) },
		eventlog.FieldNamed:    func(e *eventlog.Event) string { return e.Strings[1] },
		eventlog.FieldString:   func(e *eventlog.Event) string { return e.Strings[1] },
	}
	fields := data
	for _, f := range []eventlog.Field{
		eventlog.FieldServer, eventlog.FieldLog, eventlog.FieldSource, eventlog.FieldComputer, eventlog.FieldUser,
		eventlog.FieldCode, eventlog.FieldType, eventlog.FieldLevel, eventlog.FieldCategory,
	} {
		fields = append(fields, Field{Field: f})
	}
	for _, f := range fields {
		counts := map[string]uint64{}
		for _, e := range want {
			key := ""
			if f.Field.Numeric() {
				n, _ := e.Num(f.Field)
				key = fmt.Sprint(n)
			} else {
				key = eventlog.Fold(text[f.Field](e))
			}
			counts[key]++
		}
		x := counted(t, r, f)
		got := map[string]uint64{}
		for _, v := range x.Top {
			key := eventlog.Fold(v.Text)
			if f.Field.Numeric() {
				key = fmt.Sprint(v.Number)
			}
			got[key] = v.Count
		}
		whole := x.Exact && x.Rest == 0 && x.Values == len(counts) && len(x.Rare) == 0 && (x.Err != nil || x.Counted == uint64(len(want)))
		if x.Err == nil && fmt.Sprint(got) != fmt.Sprint(counts) || !whole {
			t.Fatalf("facet %v: %+v\n got %v\nwant %v", f, x, got, counts)
		}
	}
}

// checkExport walks over all rows at once.
func checkExport(t *testing.T, r *Result, want []*eventlog.Event, good bool) {
	t.Helper()
	c, err := r.Export(0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var e eventlog.Event
	for at := 0; ; at++ {
		err := c.Next(t.Context(), &e)
		if loss, ok := eventlog.AsLoss(err); ok {
			if good || loss.First != want[at].RecordNumber {
				t.Fatalf("row %d: %v", at, err)
			}
			continue
		}
		if err != nil {
			if at != len(want) || good && err != io.EOF || !good && !errors.Is(err, scan.ErrIncomplete) {
				t.Fatalf("the export ends after %d of %d rows: %v", at, len(want), err)
			}
			return
		}
		if name(&e) != name(want[at]) {
			t.Fatalf("row %d is %s, want %s", at, name(&e), name(want[at]))
		}
	}
}
