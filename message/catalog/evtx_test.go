package catalog

import (
	"bytes"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
	"netelf.example/message"
	"netelf.example/nt"
)

// TestEVTX finds the text of events out of an .evtx file: by provider, id and version
// through the manifest in a DLL, and by all 32 bits of the id where they are classic.
func TestEVTX(t *testing.T) {
	c := newTest(t)
	guid := nt.GUID{1, 2, 3}
	f, err := FileOf("prov.dll", openPE(t, peOf(manifestOf(guid, "Test-Provider"), tableOf(t, English,
		message.Message{ID: 100, Text: "wrong"}, message.Message{ID: 0xb0000064, Text: "hundred %1"}, message.Message{ID: 0xb0010064, Text: "%2, then %1"},
		message.Message{ID: 0x70000005, Text: "Work\r\n"}))))
	must(t, err)
	addFile(t, c, f)
	addFile(t, c, &File{Name: "old.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 0x40000007, Text: "seven %1"}, message.Message{ID: 7, Text: "wrong"})}})
	must(t, c.AddSource(ctx, source("System", "Old Name", "old.dll")))

	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var events []*eventlog.Event
	add := func(id uint32, source string, x eventlog.Extra) {
		x.Names = []string{"a", "b"}
		events = append(events, &eventlog.Event{RecordNumber: uint64(len(events) + 1), TimeGenerated: at, TimeWritten: at, ID: eventlog.EventID(id),
			Level: 4, Category: 5, Source: source, Computer: "srv", Strings: []string{"x", "y"}, Extra: &x})
	}
	const reserved = 1 << 63
	add(100, "Test-Provider", eventlog.Extra{ProviderGUID: guid, Keywords: reserved, Channel: "Test/Operational"})
	add(100, "Another name", eventlog.Extra{ProviderGUID: guid, Keywords: reserved, Version: 1, Channel: "Test/Operational"})
	add(100, "Test-Provider", eventlog.Extra{ProviderGUID: nt.GUID{9}, Keywords: reserved, Channel: "Test/Operational"})
	add(0x40000007, "Microsoft-Windows-Modern", eventlog.Extra{ProviderGUID: nt.GUID{8}, EventSourceName: "Old Name", Keywords: reserved | eventlog.KeywordClassic, Channel: "System"})
	file, err := new(logtest.EVTX).Bytes(events)
	must(t, err)
	r, err := evtx.NewReader(bytes.NewReader(file), int64(len(file)), &evtx.Options{Origin: &eventlog.Origin{Log: "a.evtx", Channel: "Setup"}})
	must(t, err)
	sel := &eventlog.Selection{Want: eventlog.DefaultFields | eventlog.FieldMessage.Bit() | eventlog.FieldCategoryName.Bit()}
	cur, err := r.Read(ctx, sel)
	must(t, err)
	cur = eventlog.Resolve(cur, sel, c)
	for i, want := range []struct{ text, task string }{{"hundred x", "Work"}, {"y, then x", "Work"}, {"", ""}, {"seven x", ""}} {
		var e eventlog.Event
		must(t, cur.Next(ctx, &e))
		if e.Message != want.text || e.CategoryName != want.task || (e.MessageBy == eventlog.ByCatalogue) != (want.text != "") {
			t.Errorf("event %d: %q, %q by %v, want %+v", i, e.Message, e.CategoryName, e.MessageBy, want)
		}
	}
	wantNoDamage(t, c)
}
