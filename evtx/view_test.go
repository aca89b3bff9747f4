package evtx_test

import (
	"os"
	"path/filepath"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

// TestView: in every field a record as it lies there says what its event says.
func TestView(t *testing.T) {
	events := logtest.Events()
	for _, x := range []eventlog.Extra{
		{UserData: "Job", Names: []string{"Id", "Owner"}, Opcode: 3, Version: 2, ProcessID: 4, ThreadID: 8, Channel: "Setup", Keywords: 1 << 63},
		{DataName: "d", Names: []string{"a", "a"}, ProviderGUID: nt.GUID{1}, ActivityID: nt.GUID{2}, RelatedActivityID: nt.GUID{3}},
	} {
		events = append(events, &eventlog.Event{RecordNumber: events[len(events)-1].RecordNumber + 1, TimeGenerated: written, TimeWritten: written, Extra: &x, Strings: []string{"7", "me"}})
	}
	checkViews(t, "fixture", file(t, &logtest.EVTX{}, events))
	checkViews(t, "no keywords, no channel", fragments(t, func(b *logtest.BinXML) error {
		return b.Elements(`<Event `+space+`><System><Provider Name="p"/><Level>2</Level></System></Event>`, true)
	}))
	dir := corpus(t)
	for _, x := range real {
		b, err := os.ReadFile(filepath.Join(dir, x.name))
		if err != nil {
			t.Fatal(err)
		}
		checkViews(t, x.name, b)
	}
}

func checkViews(t *testing.T, name string, b []byte) {
	r := reader(t, b, nil)
	var c evtx.Chunk
	n := 0
	for block := range r.Extent().Blocks {
		if err := r.Chunk(block, true, &c); err != nil {
			t.Fatal(err)
		}
		for rec := range c.Records() {
			var e eventlog.Event
			_ = rec.Event(&e, eventlog.AllFields) // what it has of a damaged one
			if !sameViews(t, name, rec, &e) {
				return
			}
			n++
		}
	}
	if n == 0 {
		t.Errorf("%s: no records", name)
	}
}

// lastField is the last of eventlog's fields.
const lastField = eventlog.FieldCategoryName

func sameViews(t *testing.T, name string, rec *evtx.Record, e *eventlog.Event) bool {
	ok := true
	for f := range lastField + 1 {
		if f.Numeric() {
			got, _ := rec.Num(f)
			if want, _ := e.Num(f); got != want {
				t.Errorf("%s: record %d: %v is %#x, its event has %#x", name, e.RecordNumber, f, got, want)
				ok = false
			}
			continue
		}
		names := []string{""}
		if f == eventlog.FieldNamed && e.Extra != nil {
			names = append([]string{"", "absent"}, e.Extra.Names...)
		}
		for _, item := range names {
			for i := 0; ; i++ {
				got, gotKnown := rec.Text(f, item, i)
				want, wantKnown := e.Text(f, item, i)
				if gotKnown != wantKnown || plainText(got) != plainText(want) {
					t.Errorf("%s: record %d: %v %q %d is %+q %v, its event has %+q %v", name, e.RecordNumber, f, item, i, plainText(got), gotKnown, plainText(want), wantKnown)
					ok = false
				}
				if wantKnown != eventlog.Yes || !ok {
					break
				}
			}
		}
	}
	return ok
}

func plainText(x eventlog.Text) string {
	switch {
	case x.U16 != nil:
		return string(nt.AppendUTF8(nil, x.U16))
	case x.Bin != nil:
		return string(x.Bin)
	}
	return x.S
}
