package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/results"
	"netelf.example/scan"
	"netelf.example/service"
)

// What is aimed at.
const (
	resultEvents = 1_000_000 // of the service's own logs
	resultRows   = 5_000_000 // of a result that is paged through
	resultLogs   = 50        // that these are of

	aimCounted  = 1.0   // seconds, until the histogram and all facets are exact
	aimFirst    = 0.300 // seconds, until the first rows and the first bars
	aimPage     = 5.0   // milliseconds, a page anywhere in the rows
	aimRowBytes = 8.0   // in memory
)

// benchResults asks the service for all it has, beside a plain scan of the same, and
// pages through a long result.
func benchResults(w io.Writer, work string) error {
	if err := benchCounting(w, work); err != nil {
		return err
	}
	return benchPaging(w, work)
}

func benchCounting(w io.Writer, work string) error {
	s, r, err := openService(work, &service.Options{Sync: service.SyncNone, MaxSize: 1 << 30, Brief: true})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx := context.Background()
	now := time.Now()
	batch := make([]*eventlog.Event, 1000)
	for n := 0; n < resultEvents; n += len(batch) {
		for i := range batch {
			e := benchEvent(n + i)
			e.ID = eventlog.EventID(0x40000000 | uint32((n+i)%97))
			e.Type = []eventlog.Type{eventlog.Information, eventlog.Warning, eventlog.Error}[(n+i)%3]
			e.Source = []string{"quarry", "conveyor", "dinosaur", "whistle"}[(n+i)%4]
			e.TimeGenerated = now.Add(time.Duration(n+i-resultEvents) * time.Second)
			batch[i] = e
		}
		if _, err := r.Report(ctx, batch...); err != nil {
			return err
		}
	}
	targets := []scan.Target{{Name: ".", Logs: []string{logName}, Open: func(context.Context) (eventlog.Server, error) { return s.As(administrator), nil }}}
	store := results.NewStore(&results.Options{Dir: work})
	defer store.Close()

	var plain, first, bars, counted, walked []float64
	for range *runs {
		begin := time.Now()
		if err := scanAll(ctx, targets); err != nil {
			return err
		}
		plain = append(plain, time.Since(begin).Seconds())
		t, err := count(ctx, store, targets)
		if err != nil {
			return err
		}
		first, bars, counted = append(first, t.first), append(bars, t.bars), append(counted, t.counted)
		walked = append(walked, t.counted/plain[len(plain)-1])
	}
	fmt.Fprintf(w, "\na result of %d events of the service; median of %d rounds\n", resultEvents, *runs)
	fmt.Fprintf(w, "  %-58s %10.3f s\n", "a plain scan of them, for comparison", median(plain))
	fmt.Fprintf(w, "  %-58s %10.2f\n", "counted, sorted and kept: times the plain scan", median(walked))
	counting{median(first), median(bars), median(counted)}.judge(w, "first page")
	return nil
}

// scanAll is the same work without keeping anything.
func scanAll(ctx context.Context, targets []scan.Target) error {
	want := eventlog.FieldSource.Bit() | eventlog.FieldComputer.Bit() | eventlog.FieldUser.Bit()
	c := scan.Open(ctx, targets, &eventlog.Selection{Backward: true, Want: want}, nil)
	defer c.Close()
	var e eventlog.Event
	for n := 0; ; n++ {
		if err := c.Next(ctx, &e); err == io.EOF && n >= resultEvents {
			return nil
		} else if err != nil {
			return fmt.Errorf("after %d events: %w", n, err)
		}
	}
}

// counting is how long it took, in seconds.
type counting struct{ first, bars, counted float64 }

// judge compares it with what is aimed at. first says what the first rows are.
func (t counting) judge(w io.Writer, first string) {
	for _, l := range []struct {
		what      string
		have, aim float64
	}{
		{first, t.first, aimFirst}, {"first bars", t.bars, aimFirst},
		{"exact histogram and nine facets", t.counted, aimCounted},
	} {
		verdict(w, l.what, fmt.Sprintf("%.3f s", l.have), fmt.Sprintf("%.1f s", l.aim), l.have <= l.aim)
	}
}

func count(ctx context.Context, store *results.Store, targets []scan.Target) (t counting, err error) {
	begin := time.Now()
	r, err := store.Create(administrator, &results.Query{Targets: targets})
	if err != nil {
		return t, err
	}
	defer r.Close()
	for version := uint64(0); ; {
		if version, err = r.Wait(ctx, version); err != nil {
			return t, err
		}
		if t.first == 0 {
			p, err := r.Page(ctx, &results.PageQuery{Rows: 50})
			if err != nil {
				return t, err
			}
			if len(p.Rows) == 50 && p.Rows[49].Event != nil {
				t.first = time.Since(begin).Seconds()
			}
		}
		if t.bars == 0 {
			h, err := r.Histogram(time.Time{}, time.Time{}, 200)
			if err != nil {
				return t, err
			}
			if h.Outside == 0 && len(h.Buckets) == 200 && h.Since != h.Until && !h.Since.IsZero() {
				t.bars = time.Since(begin).Seconds()
			}
		}
		select {
		case <-time.After(10 * time.Millisecond): // as a page would, which does not ask all the time
		case <-ctx.Done():
		}
		p, err := r.Progress()
		if err != nil {
			return t, err
		}
		if !p.Done {
			continue
		}
		h, err := r.Histogram(time.Time{}, time.Time{}, 200)
		if err != nil {
			return t, err
		}
		for _, f := range []eventlog.Field{
			eventlog.FieldServer, eventlog.FieldLog, eventlog.FieldSource, eventlog.FieldCode, eventlog.FieldType,
			eventlog.FieldLevel, eventlog.FieldUser, eventlog.FieldCategory, eventlog.FieldComputer,
		} {
			x, err := r.Facet(results.Field{Field: f}, 20, 5)
			if err != nil {
				return t, err
			}
			if !x.Exact || x.Counted < resultEvents {
				return t, fmt.Errorf("facet %v: %d of %d counted", f, x.Counted, resultEvents)
			}
		}
		if !h.Exact || p.Rows < resultEvents {
			return t, fmt.Errorf("%d rows of %d", p.Rows, resultEvents)
		}
		t.counted = time.Since(begin).Seconds()
		return t, nil
	}
}

// benchPaging pages through a result whose events cost nothing, so that what is
// measured is finding the rows.
func benchPaging(w io.Writer, work string) error {
	store := results.NewStore(&results.Options{Dir: work})
	defer store.Close()
	var targets []scan.Target
	for i := range resultLogs {
		l := &made{origin: eventlog.Origin{Server: fmt.Sprintf("srv%02d", i), Log: "System"}, n: resultRows / resultLogs, step: int64(i) + 40}
		targets = append(targets, scan.Target{Name: l.origin.Server, Logs: []string{"System"}, Open: l.open})
	}
	ctx := context.Background()
	before := inUse()
	r, err := store.Create(administrator, &results.Query{Targets: targets})
	if err != nil {
		return err
	}
	defer r.Close()
	var p *results.Progress
	for version := uint64(0); ; {
		if p, err = r.Progress(); err != nil {
			return err
		}
		if p.Done {
			break
		}
		if version, err = r.Wait(ctx, version); err != nil {
			return err
		}
	}
	if p.Rows != resultRows {
		return fmt.Errorf("%d rows, want %d", p.Rows, resultRows)
	}
	memory := max(inUse()-before, 0) / resultRows
	var times []float64
	for i := range 200 {
		rank := uint64(i) * resultRows / 200
		if i == 0 {
			rank = resultRows - 50 // the last row
		}
		begin := time.Now()
		page, err := r.Page(ctx, &results.PageQuery{Rank: rank, Rows: 50})
		if err != nil {
			return err
		}
		if len(page.Rows) != 50 || page.Rows[0].Rank != rank || page.Rows[49].Event == nil {
			return fmt.Errorf("page at %d: %d rows, the last one's error: %v", rank, len(page.Rows), page.Rows[len(page.Rows)-1].Err)
		}
		times = append(times, time.Since(begin).Seconds()*1e3)
	}
	begin := time.Now()
	if _, err := r.Histogram(time.Time{}, time.Time{}, 200); err != nil {
		return err
	}
	fmt.Fprintf(w, "\na result of %d rows of %d logs\n", resultRows, resultLogs)
	fmt.Fprintf(w, "  %-58s %10.1f ms\n", "exact histogram of all, from the keys", time.Since(begin).Seconds()*1e3)
	fmt.Fprintf(w, "  %-58s %10.1f MiB\n", "on the disk", float64(p.Disk)/(1<<20))
	verdict(w, "a page of 50 rows anywhere, events included, median", fmt.Sprintf("%.2f ms", median(times)), fmt.Sprintf("%.0f ms", aimPage), median(times) <= aimPage)
	verdict(w, "memory a row", fmt.Sprintf("%.2f bytes", memory), fmt.Sprintf("%.0f bytes", aimRowBytes), memory <= aimRowBytes)
	return nil
}

// made is a server with one log whose events are made as they are asked for.
type made struct {
	origin eventlog.Origin
	n      uint64
	step   int64 // seconds from one event to the next
}

func (m *made) open(context.Context) (eventlog.Server, error)         { return m, nil }
func (m *made) Close() error                                          { return nil }
func (m *made) Logs(context.Context) ([]eventlog.Info, error)         { return nil, nil }
func (m *made) OpenLog(context.Context, string) (eventlog.Log, error) { return m, nil }
func (m *made) Info(context.Context) (eventlog.Info, error) {
	return eventlog.Info{Name: m.origin.Log, Oldest: 1, Next: m.n + 1}, nil
}

func (m *made) Read(_ context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	first, _, err := s.First(&m.origin, 1, m.n+1)
	return &madeCursor{m: m, at: first, judge: eventlog.NewJudge(s)}, err
}

type madeCursor struct {
	m     *made
	at    uint64
	judge *eventlog.Judge
	mark  eventlog.Mark
}

func (c *madeCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return append(m, c.mark) }
func (c *madeCursor) Examined() uint64                              { return c.judge.Examined() }
func (c *madeCursor) Close() error                                  { return nil }

func (c *madeCursor) Next(_ context.Context, e *eventlog.Event) error {
	if c.at == 0 {
		return io.EOF
	}
	if err := c.judge.More(); err != nil {
		return err
	}
	e.Reset()
	e.Origin, e.RecordNumber = &c.m.origin, c.at
	e.TimeWritten = time.Unix(1e9+int64(c.at)*c.m.step, 0).UTC()
	e.TimeGenerated, e.Type, e.Level, e.Source = e.TimeWritten, eventlog.Information, eventlog.LevelInformation, "made"
	c.judge.Take(e)
	c.mark = e.Mark()
	c.at--
	return nil
}
