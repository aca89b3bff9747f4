//go:build interop

package interop

import (
	"context"
	"slices"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// TestRealLogAsLibevt compares a real log, dirty and wrapped, record by record
// with what libevt prints of it: numbers, ids, times, types, sources, computers,
// users and strings of all records, live and recovered.
func TestRealLogAsLibevt(t *testing.T) {
	name := corpus(t, "evt/SysEvent.Evt")
	l := needLibevt(t)
	r, err := evt.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var live, recovered []exported
	for e, err := range eventlog.All(context.Background(), r, &eventlog.Selection{Recovered: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Recovered {
			recovered = append(recovered, exportOf(e))
		} else {
			live = append(live, exportOf(e))
		}
	}
	_, want, err := l.readMode(name, "items")
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != 6063 {
		t.Errorf("libevt has %d records, once it had 6063", len(want))
	}
	compareExported(t, "live", live, want)
	for i, e := range live {
		if e.Number != uint32(1392+i) {
			t.Fatalf("record %d of the log has number %d, want %d", i, e.Number, 1392+i)
		}
	}

	// libevt recovers one more than we give: record 1572, of which the slack has
	// the head only. The other end of it was overwritten, and the log itself still
	// has it whole.
	_, all, err := l.readMode(name, "recovered")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 438 || len(recovered) != 437 {
		t.Errorf("recovered: libevt %d, netelf %d; once it was 438 and 437", len(all), len(recovered))
	}
	numbers := func(es []exported) map[uint32]bool {
		m := map[uint32]bool{}
		for _, e := range es {
			m[e.Number] = true
		}
		return m
	}
	ours, inLog := numbers(recovered), numbers(live)
	var more []uint32
	all = slices.DeleteFunc(all, func(e exported) bool {
		if !ours[e.Number] {
			more = append(more, e.Number)
		}
		return !ours[e.Number]
	})
	if !slices.Equal(more, []uint32{1572}) || !inLog[1572] {
		t.Errorf("libevt recovers %v more, want 1572", more)
	}
	byNumber := func(a, b exported) int { return int(a.Number) - int(b.Number) }
	slices.SortFunc(all, byNumber)
	slices.SortFunc(recovered, byNumber)
	compareExported(t, "recovered", recovered, all)
	if len(ours) != len(recovered) {
		t.Error("a recovered record was given twice")
	}
}
