//go:build interop

package interop

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/files"
	"netelf.example/internal/results"
	"netelf.example/scan"
)

// TestResultsLikeLibevt counts a real log, pages through it and draws it: libevt must
// have the same events, in the opposite order, and the same numbers of them.
func TestResultsLikeLibevt(t *testing.T) {
	name := corpus(t, "evt/SysEvent.Evt")
	_, all, err := needLibevt(t).read(name)
	if err != nil {
		t.Fatal(err)
	}
	store := results.NewStore(&results.Options{Dir: t.TempDir()})
	defer store.Close()
	r, err := store.Create(eventlog.Caller{}, &results.Query{Targets: []scan.Target{{
		Name: name, Open: func(context.Context) (eventlog.Server, error) { return files.Open(name, nil) },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for version := uint64(0); ; {
		p, err := r.Progress()
		if err != nil {
			t.Fatal(err)
		}
		if p.Done {
			break
		}
		if version, err = r.Wait(t.Context(), version); err != nil {
			t.Fatal(err)
		}
	}

	at := len(all) - 1
	for rank := uint64(0); at >= 0; {
		// All fields, so that events are read again and do not come from memory.
		p, err := r.Page(t.Context(), &results.PageQuery{Rank: rank, Rows: 333, Want: eventlog.DefaultFields | eventlog.FieldRaw.Bit()})
		if err != nil || len(p.Rows) == 0 || p.Total != uint64(len(all)) {
			t.Fatalf("page at %d of %d: %d rows, %v", rank, p.Total, len(p.Rows), err)
		}
		for _, row := range p.Rows {
			if row.Err != nil || !reflect.DeepEqual(exportOf(row.Event), all[at]) {
				t.Fatalf("row %d: %v\n   have %+v\nevtexport %+v", row.Rank, row.Err, exportOf(row.Event), all[at])
			}
			at--
		}
		rank += uint64(len(p.Rows))
	}

	count := func(of func(*exported) string) map[string]uint64 {
		counts := map[string]uint64{}
		for i := range all {
			counts[of(&all[i])]++
		}
		return counts
	}
	for _, c := range []struct {
		field eventlog.Field
		of    func(*exported) string
	}{
		{eventlog.FieldSource, func(x *exported) string { return eventlog.Fold(x.Source) }},
		{eventlog.FieldComputer, func(x *exported) string { return eventlog.Fold(x.Computer) }},
		{eventlog.FieldUser, func(x *exported) string { return eventlog.Fold(x.User) }},
		{eventlog.FieldCode, func(x *exported) string { return fmt.Sprint(x.ID & 0xffff) }},
		{eventlog.FieldType, func(x *exported) string { return fmt.Sprint(x.Type) }},
		{eventlog.FieldCategory, func(x *exported) string { return fmt.Sprint(x.Category) }},
	} {
		x, err := r.Facet(results.Field{Field: c.field}, len(all), 0)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]uint64{}
		for _, v := range x.Top {
			key := eventlog.Fold(v.Text)
			if c.field.Numeric() {
				key = fmt.Sprint(v.Number)
			}
			got[key] = v.Count
		}
		if want := count(c.of); !maps.Equal(got, want) || !x.Exact {
			t.Errorf("%v:\n     have %v\nevtexport %v", c.field, got, want)
		}
	}

	day := func(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }
	since := day(all[0].Generated)
	days := int(day(all[len(all)-1].Generated).Sub(since)/(24*time.Hour)) + 1
	h, err := r.Histogram(since, since.AddDate(0, 0, days), days)
	if err != nil {
		t.Fatal(err)
	}
	want := count(func(x *exported) string { return day(x.Generated).Format(time.DateOnly) })
	for i := range h.Buckets {
		d := since.AddDate(0, 0, i).Format(time.DateOnly)
		if n := h.Buckets[i].Sum(); n != want[d] {
			t.Errorf("%s: %d events, evtexport has %d", d, n, want[d])
		}
		delete(want, d)
	}
	if !h.Exact || h.Outside != 0 || len(want) > 0 {
		t.Errorf("histogram: exact %v, %d outside, missing %v", h.Exact, h.Outside, want)
	}
}
