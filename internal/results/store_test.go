package results

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

func TestOwner(t *testing.T) {
	w := new(world)
	w.server("bedrock", logOf("bedrock", "System", 1, 2, 3))
	s := storeOf(t, nil)
	r := create(t, s, &Query{Targets: w.targets()})
	turned := fred
	turned.SIDs = []eventlog.SID{"S-1-1-0", "S-1-5-32-544", "S-1-1-0"}
	turned.Door, turned.Addr = "http", "192.0.2.1"
	less, masked, spelt := fred, fred, fred
	less.SIDs = fred.SIDs[:1]
	masked.Mask = eventlog.RightRead
	spelt.Name, spelt.SIDs = `fred" "S-1-1-0 S-1-5-32-544`, nil
	for _, c := range []struct {
		name   string
		caller eventlog.Caller
		want   bool
	}{
		{"the same", fred, true}, {"by another door", turned, true}, {"somebody else", barney, false},
		{"with fewer groups", less, false}, {"with a mask", masked, false}, {"a name like an owner", spelt, false},
		{"nobody", eventlog.Caller{}, false},
	} {
		got, err := s.Get(c.caller, r.ID())
		if (got == r) != c.want || (err == nil) != c.want || !c.want && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if n := len(s.List(c.caller)); n != 0 != c.want {
			t.Errorf("%s: %d results", c.name, n)
		}
	}
	if _, err := s.Get(fred, "no such id"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another id: %v", err)
	}
	if other := create(t, s, &Query{Targets: w.targets()}); other.ID() == r.ID() || len(r.ID()) < 26 {
		t.Errorf("ids %q and %q", r.ID(), other.ID())
	}
}

func TestMost(t *testing.T) {
	w := new(world)
	w.server("bedrock", logOf("bedrock", "System", 1, 2, 3))
	q := &Query{Targets: w.targets()}
	s := storeOf(t, &Options{PerOwner: 2, Most: 3})
	a, b := create(t, s, q), create(t, s, q)
	if _, err := s.Get(fred, a.ID()); err != nil { // now b is the one used longest ago
		t.Fatal(err)
	}
	c := create(t, s, q)
	if _, err := s.Get(fred, b.ID()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the result used longest ago is still there: %v", err)
	}
	if _, err := b.Progress(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("and it is not closed: %v", err)
	}
	if got := s.List(fred); len(got) != 2 || !slices.Contains(got, a) || !slices.Contains(got, c) {
		t.Errorf("left: %v", got)
	}
	if _, err := s.Create(barney, q); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(eventlog.Caller{Name: "wilma"}, q); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("one too many: %v", err)
	}
	create(t, s, q) // makes way for itself
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(world)
		w.server("bedrock", logOf("bedrock", "System", seconds(2000, 1)...))
		s := storeOf(t, &Options{Idle: 10 * time.Minute, Age: time.Hour})
		idle := create(t, s, &Query{Targets: w.targets()})
		busy := create(t, s, &Query{Targets: w.targets()})
		closed := func(r *Result) bool {
			_, err := r.changes.Wait(t.Context(), 0) // does not count as use
			return err == nil && r.closed.Load()
		}
		for i := range 11 {
			time.Sleep(5 * time.Minute)
			if _, err := busy.Progress(); err != nil {
				t.Fatalf("in use, and closed after %d minutes: %v", 5*i+5, err)
			}
			if got := closed(idle); got != (i >= 2) && i != 1 {
				t.Fatalf("idle for %d minutes: closed %v", 5*i+5, got)
			}
		}
		if _, err := s.Get(fred, idle.ID()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("found the idle one: %v", err)
		}
		time.Sleep(5*time.Minute + handleIdle)
		if !closed(busy) {
			t.Error("an hour old, and not closed")
		}
		if s.Disk() != 0 || len(s.List(fred)) != 0 {
			t.Errorf("%d bytes and %d results are left", s.Disk(), len(s.List(fred)))
		}
	})
}

// Waiting ends when something changes, when ctx does, and when the result is closed.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(world)
		w.server("bedrock", logOf("bedrock", "System", 1)).pause = constant(time.Minute)
		r := create(t, storeOf(t, nil), &Query{Targets: w.targets()})
		synctest.Wait()
		seen := r.Version()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if v, err := r.Wait(ctx, seen); v != seen || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nothing has happened: %d, %v", v, err)
		}
		begin := time.Now()
		if v, err := r.Wait(t.Context(), seen); v == seen || err != nil || time.Since(begin) != 59*time.Second {
			t.Errorf("after %v: %d, %v", time.Since(begin), v, err)
		}
		done(t, r)
		ended := make(chan error)
		go func() {
			_, err := r.Wait(t.Context(), r.Version())
			ended <- err
		}()
		synctest.Wait()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, fs.ErrClosed) {
			t.Errorf("closed while it waits: %v", err)
		}
	})
}

// An export that nobody reads on, or that is closed or whose context ends, holds up
// nobody.
func TestExportEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(world)
		w.server("bedrock", logOf("bedrock", "System", seconds(100, 1)...))
		w.server("barney", logOf("barney", "System", seconds(100, 1)...)).pause = constant(time.Minute)
		r := create(t, storeOf(t, nil), &Query{Targets: w.targets()})
		export := func() eventlog.Cursor {
			c, err := r.Export(0)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		var e eventlog.Event
		c := export()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Next(ctx, &e); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waits for barney: %v", err)
		}
		c = export()
		go func() {
			time.Sleep(time.Second)
			c.Close()
		}()
		if err := c.Next(t.Context(), &e); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("closed while it waits: %v", err)
		}
		c = export()
		defer c.Close()
		begin, n := time.Now(), 0
		for {
			err := c.Next(t.Context(), &e)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 200 || time.Since(begin) > time.Minute {
			t.Errorf("%d events after %v", n, time.Since(begin))
		}
		c = export()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := c.Next(t.Context(), &e); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("behind the result's end: %v", err)
		}
	})
}

func TestQueryCheck(t *testing.T) {
	w := new(world)
	w.server("bedrock", logOf("bedrock", "System", 1))
	one := w.targets()
	for name, q := range map[string]*Query{
		"no servers":   {},
		"twice":        {Targets: append(one, one...)},
		"a limit":      {Targets: one, Selection: eventlog.Selection{Limit: 1}},
		"a budget":     {Targets: one, Selection: eventlog.Selection{Budget: 1}},
		"a start":      {Targets: one, Selection: eventlog.Selection{Start: 1}},
		"marks":        {Targets: one, Selection: eventlog.Selection{After: make([]eventlog.Mark, 1)}},
		"recovered":    {Targets: one, Selection: eventlog.Selection{Recovered: true}},
		"a bad tree":   {Targets: one, Selection: eventlog.Selection{Where: eventlog.And{nil}}},
		"a field":      {Targets: one, Fields: []Field{{Field: eventlog.FieldSource}}},
		"a position":   {Targets: one, Fields: []Field{{Field: eventlog.FieldString}}},
		"many fields":  {Targets: one, Fields: make([]Field, maxFields+1)},
		"an odd field": {Targets: one, Fields: []Field{{Field: eventlog.FieldNamed, Name: "x", Position: 1}}},
	} {
		if _, err := storeOf(t, nil).Create(fred, q); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := whole(t, w, nil)
	for name, ask := range map[string]func() error{
		"no buckets":    func() error { _, err := r.Histogram(day, day, 0); return err },
		"many buckets":  func() error { _, err := r.Histogram(day, day, MaxBuckets+1); return err },
		"many rows":     func() error { _, err := r.Page(t.Context(), &PageQuery{Rows: MaxRows + 1}); return err },
		"fewer rows":    func() error { _, err := r.Page(t.Context(), &PageQuery{Rows: -1}); return err },
		"an anchor":     func() error { _, err := r.Page(t.Context(), &PageQuery{After: "1.2"}); return err },
		"facet of time": func() error { _, err := r.Facet(Field{Field: eventlog.FieldTimeWritten}, 1, 1); return err },
		"odd facet":     func() error { _, err := r.Facet(Field{Field: eventlog.FieldCode, Name: "x"}, 1, 1); return err },
		"fewer values":  func() error { _, err := r.Facet(Field{Field: eventlog.FieldCode}, -1, 1); return err },
	} {
		if err := ask(); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Row(t.Context(), "0.0.99", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a row that is not there: %v", err)
	}
	if h, err := r.Histogram(day.Add(time.Hour), day, 3); err != nil || len(h.Buckets) != 3 || h.Outside != 1 {
		t.Errorf("a span of nothing: %+v, %v", h, err)
	}
}

// A click on a value of a facet finds as many events as it has said.
func TestRefine(t *testing.T) {
	w := new(world)
	for i := range 3 {
		name := fmt.Sprintf("srv%d", i)
		w.server(name, logOf(name, "System", seconds(500, 3+i)...), logOf(name, "Application", seconds(300, 2)...))
	}
	r := whole(t, w, &Query{Selection: eventlog.Selection{Where: eventlog.RangeTerm(eventlog.FieldCode, 1, 5)}})
	for _, f := range []Field{
		{Field: eventlog.FieldServer}, {Field: eventlog.FieldLog}, {Field: eventlog.FieldSource}, {Field: eventlog.FieldCode},
		{Field: eventlog.FieldType}, {Field: eventlog.FieldLevel}, {Field: eventlog.FieldUser}, {Field: eventlog.FieldCategory},
		{Field: eventlog.FieldComputer}, {Field: eventlog.FieldNamed, Name: "Rest"},
	} {
		counted(t, r, f)
		x, err := r.Facet(f, 3, 2)
		if err != nil || len(x.Top) == 0 {
			t.Fatalf("facet %v: %+v, %v", f, x, err)
		}
		for _, v := range slices.Concat(x.Top, x.Rare) {
			term, ok := f.Term(&v)
			if !ok {
				t.Fatalf("no term for %v", f)
			}
			q, err := r.Refine(term, nil)
			if err != nil {
				t.Fatal(err)
			}
			refined := create(t, r.store, q)
			if p := done(t, refined); p.Rows != v.Count {
				t.Errorf("%v %+v: %d rows", f, v, p.Rows)
			}
			if err := refined.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, ok := (Field{Field: eventlog.FieldString, Position: 1}).Term(&Value{}); ok {
		t.Error("there is a term for a position")
	}
	q, err := r.Refine(nil, []string{"srv2", "srv0"})
	if err != nil {
		t.Fatal(err)
	}
	refined := create(t, r.store, q)
	p := done(t, refined)
	whole, err := r.Progress()
	if err != nil || p.Rows != whole.Servers[0].Rows+whole.Servers[2].Rows {
		t.Errorf("%d rows of two servers, %v", p.Rows, err)
	}
	if _, err := r.Refine(nil, []string{"srv9"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a server that is not in it: %v", err)
	}
}

// A hundred results, all of them used and given up in the middle, leave no goroutine
// (synctest sees to that), no open server and no file.
func TestNothingIsLeft(t *testing.T) {
	files := openFiles(t)
	synctest.Test(t, func(t *testing.T) {
		w := new(world)
		for i := range 5 {
			name := fmt.Sprintf("srv%d", i)
			l := logOf(name, "System", seconds(700, 1)...)
			if i%2 == 0 {
				l.pause = constant(time.Millisecond)
			}
			w.server(name, l)
		}
		hung := w.server("hung", logOf("hung", "System", 1))
		hung.pause = constant(time.Hour)
		s := storeOf(t, &Options{PerOwner: 100})
		for i := range 100 {
			r := create(t, s, &Query{Targets: w.targets()})
			time.Sleep(time.Duration(i) * 20 * time.Millisecond)
			page(t, r, &PageQuery{Rank: 300, Rows: 50})
			if _, err := r.Facet(Field{Field: eventlog.FieldString, Position: 1}, 5, 5); err != nil {
				t.Fatal(err)
			}
			switch i % 3 {
			case 0:
				r.Cancel()
			case 1:
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if n := w.open.Load(); n != 0 {
			t.Errorf("%d servers are open", n)
		}
		if _, err := s.Create(fred, &Query{Targets: w.targets()}); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("created in a closed store: %v", err)
		}
	})
	if n := openFiles(t); n > files {
		t.Errorf("%d files are open, %d before", n, files)
	}
}

// openFiles is how many files this process has open, 0 where nobody can tell.
func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

// Memory does not grow with what is found: two million rows and their pages stay below
// a bound that is coarse.
func TestMemory(t *testing.T) {
	const bound = 16 << 20
	rows := uint64(2_000_000)
	if raceEnabled || testing.Short() {
		rows = 200_000
	}
	m := &endless{origin: eventlog.Origin{Server: "bedrock", Log: "System"}, n: rows}
	r := create(t, storeOf(t, nil), &Query{Targets: []scan.Target{{Name: "bedrock", Logs: []string{"System"}, Open: m.open}}})
	inUse := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := inUse()
	p := done(t, r)
	if p.Rows != rows || uint64(p.Disk) < (rows-blockKeys)*keySize {
		t.Fatalf("%d rows, %d bytes on the disk", p.Rows, p.Disk)
	}
	for rank := uint64(0); rank < rows; rank += rows / 50 {
		got := page(t, r, &PageQuery{Rank: rank, Rows: 10})
		if got.Rows[0].Record != rows-rank || got.Rows[0].Event == nil {
			t.Fatalf("row %d: %+v", rank, got.Rows[0])
		}
	}
	if h, err := r.Histogram(time.Time{}, time.Time{}, 100); err != nil || h.Outside != 0 {
		t.Errorf("%+v, %v", h, err)
	}
	if x, err := r.Facet(Field{Field: eventlog.FieldSource}, 10, 10); err != nil || x.Exact || x.Counted != rows {
		t.Errorf("%+v, %v", x, err)
	}
	if grown := int64(inUse()) - int64(before); grown > bound {
		t.Errorf("%d bytes more are in use, %.1f a row", grown, float64(grown)/float64(rows))
	}
}

// endless is a server whose events are made when they are asked for, with more sources
// than are counted.
type endless struct {
	origin eventlog.Origin
	n      uint64
}

func (m *endless) open(context.Context) (eventlog.Server, error)         { return m, nil }
func (m *endless) Close() error                                          { return nil }
func (m *endless) Logs(context.Context) ([]eventlog.Info, error)         { return nil, nil }
func (m *endless) OpenLog(context.Context, string) (eventlog.Log, error) { return m, nil }
func (m *endless) Info(context.Context) (eventlog.Info, error) {
	return eventlog.Info{Name: m.origin.Log, Oldest: 1, Next: m.n + 1}, nil
}

func (m *endless) Read(_ context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	first, _, err := s.First(&m.origin, 1, m.n+1)
	return &endlessCursor{m: m, at: first, judge: eventlog.NewJudge(s)}, err
}

type endlessCursor struct {
	m     *endless
	at    uint64
	judge *eventlog.Judge
	mark  eventlog.Mark
}

func (c *endlessCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return append(m, c.mark) }
func (c *endlessCursor) Examined() uint64                              { return c.judge.Examined() }
func (c *endlessCursor) Close() error                                  { return nil }

func (c *endlessCursor) Next(_ context.Context, e *eventlog.Event) error {
	if c.at == 0 {
		return io.EOF
	}
	if err := c.judge.More(); err != nil {
		return err
	}
	e.Reset()
	e.Origin, e.RecordNumber, e.Source = &c.m.origin, c.at, fmt.Sprint("source ", c.at%30_000)
	e.TimeWritten = day.Add(time.Duration(c.at) * time.Second)
	e.TimeGenerated, e.Type, e.Level = e.TimeWritten, eventlog.Information, eventlog.LevelInformation
	c.judge.Take(e)
	c.mark = e.Mark()
	c.at--
	return nil
}
