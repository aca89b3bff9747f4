package even

import (
	"context"
	"errors"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/internal/results"
	"netelf.example/internal/watch"
	"netelf.example/scan"
)

// A log at the other end is read in pieces, paged through and watched like any other.
func TestClientResults(t *testing.T) {
	var list []*eventlog.Event
	for i := range 4000 {
		e := logtest.Realistic(i)
		e.RecordNumber = uint64(i + 1)
		list = append(list, e)
	}
	kept := memory("System", list)
	d := door(t, shelf{"System": kept})
	target := scan.Target{
		Name: "bedrock", Logs: []string{"System"},
		Open: func(ctx context.Context) (eventlog.Server, error) {
			return Dial(ctx, &ClientOptions{Dialer: d, Name: "bedrock"})
		},
	}
	store := results.NewStore(&results.Options{Dir: t.TempDir()})
	defer store.Close()
	r, err := store.Create(eventlog.Caller{}, &results.Query{Targets: []scan.Target{target}})
	if err != nil {
		t.Fatal(err)
	}
	var p *results.Progress
	for version := uint64(0); p == nil || !p.Done; {
		if version, err = r.Wait(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		if p, err = r.Progress(); err != nil {
			t.Fatal(err)
		}
	}
	if s := &p.Servers[0]; p.Rows != 4000 || s.State != eventlog.OK || s.Examined != 4000 || s.Records != 4000 {
		t.Fatalf("%d rows: %+v", p.Rows, s)
	}
	for _, rank := range []uint64{0, 1020, 2500, 3950} {
		page, err := r.Page(t.Context(), &results.PageQuery{Rank: rank, Rows: 50, Want: eventlog.DefaultFields})
		if err != nil || len(page.Rows) != 50 {
			t.Fatalf("%d rows from %d, %v", len(page.Rows), rank, err)
		}
		for _, row := range page.Rows {
			if row.Err != nil {
				t.Fatalf("row %d: %v", row.Rank, row.Err)
			}
			if diff := logtest.Diff(row.Event, list[3999-row.Rank]); diff != "" {
				t.Fatalf("row %d differs:%s", row.Rank, diff)
			}
		}
	}
	kept.Events = kept.Events[:10] // and so cleared, for one who has seen more
	page, err := r.Page(t.Context(), &results.PageQuery{Rank: 2500, Rows: 50})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Rows {
		if row.Event != nil || !errors.Is(row.Err, eventlog.ErrMarkGone) {
			t.Fatalf("row %d of a log that was cleared: %v, %v", row.Rank, row.Event, row.Err)
		}
	}

	for _, e := range kept.Events {
		e.TimeGenerated = time.Now().Add(-time.Minute).UTC().Truncate(time.Second)
		e.TimeWritten = e.TimeGenerated
	}
	w, err := watch.New([]scan.Target{target}, &watch.Options{Every: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for range 2 {
		if err := w.Refresh(t.Context(), "bedrock"); err != nil {
			t.Fatal(err)
		}
		s, err := w.Server("bedrock")
		if err != nil {
			t.Fatal(err)
		}
		var n uint64
		for i := range s.Hours {
			n += s.Hours[i].Levels.Sum()
		}
		if n != 10 || s.Last.Record != 10 || s.State != eventlog.OK || !s.Logs[0].Cleared.IsZero() {
			t.Errorf("%d events in a day: %+v", n, s)
		}
	}
}
