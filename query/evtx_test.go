package query

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
)

// TestXPathEVTX selects by the table of queries from an .evtx file of the same
// events: of records as they lie there.
func TestXPathEVTX(t *testing.T) {
	var events []*eventlog.Event
	for _, e := range testEvents() {
		if e.Extra == nil {
			e.Extra = &eventlog.Extra{Channel: e.Channel()}
		}
		events = append(events, e)
	}
	file, err := new(logtest.EVTX).Bytes(events)
	if err != nil {
		t.Fatal(err)
	}
	r, err := evtx.NewReader(bytes.NewReader(file), int64(len(file)), &evtx.Options{Origin: &eventlog.Origin{Log: "all.evtx"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range xpathTable(t) {
		q, err := Parse(row.expr, &Options{Now: testNow})
		if err != nil {
			t.Errorf("line %d: %v", row.line, err)
			continue
		}
		if got := selectedOf(t, r, q.Where); got != row.want {
			t.Errorf("line %d: %s: %s, want %s", row.line, row.expr, got, row.want)
		}
	}
}

// selectedOf are the record numbers that a tree selects in a log.
func selectedOf(t *testing.T, l eventlog.Log, x eventlog.Expr) string {
	var list []string
	for e, err := range eventlog.All(t.Context(), l, &eventlog.Selection{Where: x, Want: eventlog.FieldRecord.Bit()}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, strconv.FormatUint(e.RecordNumber, 10))
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, " ")
}
