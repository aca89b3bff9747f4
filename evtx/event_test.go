package evtx_test

import (
	"encoding/binary"
	"hash/crc32"
	"reflect"
	"slices"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

func sumOf(b []byte) uint32 { return crc32.ChecksumIEEE(b[:120]) }

var written = time.Date(2024, 2, 29, 12, 30, 15, 123456700, time.UTC)

// fragments makes a file of records that build writes, one each.
func fragments(t testing.TB, build ...func(b *logtest.BinXML) error) []byte {
	t.Helper()
	b := logtest.NewBinXML(0x200)
	last := 0
	for i, f := range build {
		last = len(b.Data)
		if err := logtest.EVTXRecord(b, uint64(i+1), written, func() error { return f(b) }); err != nil {
			t.Fatal(err)
		}
	}
	n := uint64(len(build))
	file := make([]byte, 0x1000)
	h := evtx.FileHeader{NextRecordID: n + 1, Chunks: 1}
	head, err := h.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	copy(file, head)
	return append(file, logtest.EVTXChunk(b.Data, 1, n, 1, n, last)...)
}

const space = `xmlns="http://schemas.microsoft.com/win/2004/08/events/event"`

// event reads the only event of a file.
func event(t *testing.T, file []byte, want eventlog.Fields) *eventlog.Event {
	t.Helper()
	var found *eventlog.Event
	for e, err := range eventlog.All(t.Context(), reader(t, file, nil), &eventlog.Selection{Want: want}) {
		if err != nil || found != nil {
			t.Fatalf("%+v, %v", e, err)
		}
		found = e
	}
	return found
}

// TestSystem has every field of System, as values and as text.
func TestSystem(t *testing.T) {
	a, b, g := nt.GUID{1, 2}, nt.GUID{3, 4}, nt.GUID{5, 6}
	created := written.Add(-time.Second)
	in := &eventlog.Event{
		RecordNumber: 1, TimeGenerated: created, TimeWritten: written, ID: 0xC0040007, Type: eventlog.Warning, Level: eventlog.LevelWarning,
		Category: 300, Source: "Disk", Computer: "SRV1", User: "S-1-5-21-1-2-3", Strings: []string{"a", "b"},
		Extra: &eventlog.Extra{ProviderGUID: g, Keywords: 0x8000000000000010, Task: 300, Opcode: 2, Version: 3, ProcessID: 4, ThreadID: 5,
			Channel: "System", RecordID: 77, ActivityID: a, RelatedActivityID: b, EventSourceName: "dsk", DataName: "DISK", Names: []string{"x", ""}},
	}
	got := event(t, file(t, &logtest.EVTX{}, []*eventlog.Event{in}), 0)
	want := in.Clone()
	want.Origin, want.Offset = got.Origin, 0x1200
	want.Data, want.Raw, got.Data, got.Raw = nil, nil, nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %+v\nwant %+v %+v", got, got.Extra, want, want.Extra)
	}

	// As an event that a collector has from another machine: text, and no template.
	const text = `<Event ` + space + `><System><Provider Name="Disk" Guid="00000605-0000-0000-0000-000000000000" EventSourceName="dsk"/>` +
		`<EventID Qualifiers="49156">7</EventID><Version>101.3</Version><Level>3</Level><Task>300</Task><Opcode>2</Opcode>` +
		`<Keywords>0x8000000000000010</Keywords><TimeCreated SystemTime="2024-02-29T12:30:14.123456700Z"/><EventRecordID>77</EventRecordID>` +
		`<Correlation ActivityID="00000201-0000-0000-0000-000000000000" RelatedActivityID="00000403-0000-0000-0000-000000000000"/>` +
		`<Execution ProcessID="4" ThreadID="5"/><Channel>System</Channel><Computer>SRV1</Computer><Security UserID="S-1-5-21-1-2-3"/></System>` +
		`<EventData Name="DISK"><Data Name="x">a</Data><Data>b</Data></EventData></Event>`
	g, a, b = nt.GUID{5, 6}, nt.GUID{1, 2}, nt.GUID{3, 4}
	want.Extra.Version = 101
	for name, template := range map[string]bool{"with dependencies": true, "without, as NetApp writes": false} {
		got := event(t, fragments(t, func(b *logtest.BinXML) error { return b.Elements(text, template) }), 0)
		want.Origin = got.Origin
		got.Data, got.Raw = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v %+v\nwant %+v %+v", name, got, got.Extra, want, want.Extra)
		}
	}
}

// TestData reads what can stand beside System.
func TestData(t *testing.T) {
	u8 := func(n byte) logtest.BinValue { return logtest.BinValue{Type: 4, Bytes: []byte{n}} }
	str := logtest.BinString
	for _, x := range []struct {
		name, text string
		values     []logtest.BinValue
		want       eventlog.Event
		extra      eventlog.Extra
	}{
		{"nothing", `<EventData/>`, nil, eventlog.Event{}, eventlog.Extra{}},
		{"named", `<EventData><Data Name="a">{0:01}</Data><Data Name="b">{1:04}</Data></EventData>`, []logtest.BinValue{str("x"), u8(7)},
			eventlog.Event{Strings: []string{"x", "7"}}, eventlog.Extra{Names: []string{"a", "b"}}},
		{"null keeps its place", `<EventData><Data Name="a">{0:01}</Data><Data Name="b">{1?:04}</Data><Data Name="c">1</Data></EventData>`, nil,
			eventlog.Event{Strings: []string{"", "", "1"}}, eventlog.Extra{Names: []string{"a", "b", "c"}}},
		{"old interface", `<EventData><Data>{0:81}</Data><Binary>{1:0e}</Binary></EventData>`,
			[]logtest.BinValue{logtest.BinStrings("a", ""), {Type: 0x0e, Bytes: []byte{1, 2}}},
			eventlog.Event{Strings: []string{"a", ""}, Data: []byte{1, 2}}, eventlog.Extra{}},
		{"binary that is none", `<EventData><Binary>{0:01}</Binary></EventData>`, []logtest.BinValue{str("x")},
			eventlog.Event{Strings: []string{"x"}}, eventlog.Extra{Names: []string{"Binary"}}},
		{"names that are values", `<EventData Name="{0:01}"><Data Name="{1:01}">{2:04}</Data></EventData>`, []logtest.BinValue{str("n"), str("m"), u8(1)},
			eventlog.Event{Strings: []string{"1"}}, eventlog.Extra{Names: []string{"m"}, DataName: "n"}},
		{"complex data", `<EventData><ComplexData Name="c">{0:0e}</ComplexData></EventData>`, []logtest.BinValue{{Type: 0x0e, Bytes: []byte{0xab}}},
			eventlog.Event{Strings: []string{"AB"}}, eventlog.Extra{Names: []string{"c"}}},
		{"pieces of text", `<EventData><Data Name="a">x{0:04}&amp;{#65}</Data></EventData>`, []logtest.BinValue{u8(1)},
			eventlog.Event{Strings: []string{"x1&A"}}, eventlog.Extra{Names: []string{"a"}}},
		{"user data", `<UserData><Job xmlns="urn:x" kind="print"><Id>{0:04}</Id><Owner><Name>{1:01}</Name><Empty/></Owner></Job></UserData>`,
			[]logtest.BinValue{u8(9), str("me")}, eventlog.Event{Strings: []string{"print", "9", "me", ""}},
			eventlog.Extra{Names: []string{"Job/kind", "Id", "Name", "Empty"}, UserData: "Job"}},
		{"all in attributes", `<UserData><Certs><Cert file="{0:01}" size="3"/></Certs></UserData>`, []logtest.BinValue{str("f")},
			eventlog.Event{Strings: []string{"f", "3"}}, eventlog.Extra{Names: []string{"Cert/file", "Cert/size"}, UserData: "Certs"}},
		{"an error of processing", `<ProcessingErrorData><ErrorCode>15003</ErrorCode></ProcessingErrorData>`, nil,
			eventlog.Event{Strings: []string{"15003"}}, eventlog.Extra{Names: []string{"ErrorCode"}, UserData: "ProcessingErrorData"}},
		{"a message", `<EventData><Data>1</Data></EventData><RenderingInfo Culture="de-DE"><Message>{0:01}</Message><Level>Fehler</Level></RenderingInfo>`,
			[]logtest.BinValue{str("Größe & Maß")}, eventlog.Event{Strings: []string{"1"}, Message: "Größe & Maß", MessageBy: eventlog.ByEvent}, eventlog.Extra{}},
		{"no message", `<EventData/><RenderingInfo Culture="de-DE"><Message/></RenderingInfo>`, nil, eventlog.Event{}, eventlog.Extra{}},
	} {
		const system = `<Event ` + space + `><System><Provider Name="p"/><EventID>1</EventID><Level>2</Level></System>`
		for form, f := range map[string][]byte{
			"whole":    fragments(t, func(b *logtest.BinXML) error { return b.Instance(system+x.text+"</Event>", x.values...) }),
			"in value": nested(t, system, x.text, x.values),
		} {
			if form == "in value" && x.name == "a message" || x.name == "no message" {
				continue // two elements are no fragment
			}
			e := event(t, f, eventlog.AllFields&^(eventlog.FieldRaw.Bit()|eventlog.FieldXML.Bit()))
			if !slices.Equal(e.Strings, x.want.Strings) || string(e.Data) != string(x.want.Data) || e.Message != x.want.Message || e.MessageBy != x.want.MessageBy {
				t.Errorf("%s, %s: %+v", x.name, form, e)
			}
			if !slices.Equal(e.Extra.Names, x.extra.Names) || e.Extra.DataName != x.extra.DataName || e.Extra.UserData != x.extra.UserData || e.Type != eventlog.Error || e.Code() != 1 {
				t.Errorf("%s, %s: %+v", x.name, form, e.Extra)
			}
			if e.TimeGenerated != written {
				t.Errorf("%s: without TimeCreated the time is %v, want %v", x.name, e.TimeGenerated, written)
			}
		}
	}
}

// nested is a file in which the data is a value with a template of its own.
func nested(t *testing.T, system, text string, values []logtest.BinValue) []byte {
	outer := system + "{0:21}</Event>"
	return fragments(t, func(b *logtest.BinXML) error {
		if err := b.Define(outer); err != nil {
			return err
		}
		// Define leaves an instance without values: they are what follows.
		v, err := b.Value(4+4, func() error { return b.Instance(text, values...) })
		if err != nil {
			return err
		}
		b.Data = binary.LittleEndian.AppendUint32(b.Data, 1)
		b.Data = binary.LittleEndian.AppendUint16(b.Data, uint16(len(v.Bytes)))
		b.Data = append(append(b.Data, v.Type, 0), v.Bytes...)
		return nil
	})
}

// TestWant fills only what is wanted, and into an event that had something else.
func TestWant(t *testing.T) {
	r := open(t, &logtest.EVTX{}, logtest.Events(), nil)
	for want, has := range map[eventlog.Field]func(*eventlog.Event) bool{
		eventlog.FieldSource:   func(e *eventlog.Event) bool { return e.Source != "" },
		eventlog.FieldComputer: func(e *eventlog.Event) bool { return e.Computer != "" },
		eventlog.FieldUser:     func(e *eventlog.Event) bool { return e.User != "" },
		eventlog.FieldString:   func(e *eventlog.Event) bool { return len(e.Strings) > 0 },
		eventlog.FieldData:     func(e *eventlog.Event) bool { return len(e.Data) > 0 },
		eventlog.FieldXML:      func(e *eventlog.Event) bool { return e.Extra.XML != "" },
		eventlog.FieldRaw:      func(e *eventlog.Event) bool { return len(e.Raw) > 0 },
	} {
		for f, with := range map[eventlog.Fields]bool{want.Bit(): true, eventlog.FieldRecord.Bit(): false} {
			c, err := r.Read(t.Context(), &eventlog.Selection{Start: 10, Limit: 1, Want: f})
			if err != nil {
				t.Fatal(err)
			}
			e := eventlog.Event{Source: "x", Computer: "x", User: "x", Strings: []string{"x"}, Data: []byte("x"), Raw: []byte("x"), Extra: &eventlog.Extra{XML: "x", Names: []string{"x"}}}
			if err := c.Next(t.Context(), &e); err != nil || has(&e) != with {
				t.Errorf("%v wanted: %v; %+v, %v", want, with, e, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestAllocations: a walk allocates nothing for an event, but for its texts in
// pieces that many share.
func TestAllocations(t *testing.T) {
	var events []*eventlog.Event
	for i := range 2000 {
		e := logtest.Realistic(i)
		e.RecordNumber = uint64(i + 1)
		e.Extra = &eventlog.Extra{Names: []string{"param1", "param2", "param3"}[:len(e.Strings)]}
		events = append(events, e)
	}
	r := open(t, &logtest.EVTX{}, events, nil)
	for name, x := range map[string]struct {
		sel   eventlog.Selection
		most  float64 // for each record
		count int
	}{
		"all":  {eventlog.Selection{}, 0.5, 2000},
		"xml":  {eventlog.Selection{Want: eventlog.FieldXML.Bit()}, 0.6, 2000},
		"none": {eventlog.Selection{Where: eventlog.TextTerm(eventlog.FieldSource, eventlog.Eq, "x")}, 0.3, 0},
	} {
		n := 0
		allocs := testing.AllocsPerRun(3, func() {
			n = 0
			c, err := r.Read(t.Context(), &x.sel)
			if err != nil {
				t.Fatal(err)
			}
			var e eventlog.Event
			for c.Next(t.Context(), &e) == nil {
				n++
			}
		})
		if n != x.count || allocs > x.most*2000 {
			t.Errorf("%s: %v allocations for %d events", name, allocs, n)
		}
	}
}

// TestNamed finds each of the strings that have one name, and what is judged is
// what an event of it says.
func TestNamed(t *testing.T) {
	f := fragments(t, func(b *logtest.BinXML) error {
		return b.Elements(`<Event `+space+`><EventData><Data Name="a">1</Data><Data Name="b">2</Data><Data Name="A">3</Data><Data>4</Data></EventData></Event>`, true)
	})
	r := reader(t, f, nil)
	e := event(t, f, 0)
	for _, x := range []struct {
		name, s string
		want    int
	}{{"a", "1", 1}, {"A", "3", 1}, {"a", "2", 0}, {"b", "2", 1}, {"", "4", 1}, {"c", "", 0}} {
		where := eventlog.NamedTerm(eventlog.FieldNamed, x.name, eventlog.Eq, x.s)
		if got := items(t, r, eventlog.Selection{Where: where}); len(got) != x.want {
			t.Errorf("%q is %q: %d events, want %d", x.name, x.s, len(got), x.want)
		}
		if got := where.Match(e); (got == eventlog.Yes) != (x.want == 1) {
			t.Errorf("%q is %q: the event says %v", x.name, x.s, got)
		}
	}
}

// TestTooManyStrings gives what it has of an event with more strings than any has.
func TestTooManyStrings(t *testing.T) {
	f := fragments(t, func(b *logtest.BinXML) error {
		return b.Instance(`<Event `+space+`><EventData><Data Name="a">{0:81}</Data></EventData></Event>`, logtest.BinValue{Type: 0x81, Bytes: make([]byte, 40000)})
	})
	got := items(t, reader(t, f, nil), eventlog.Selection{})
	if len(got) != 2 || got[0].text != "srv1/App.evtx: record 1 is incomplete: evtx: EventRecord at offset 0x1218: more data than any event has: over a limit" || got[1].record != 1 {
		t.Errorf("%.300v", got)
	}
	got = items(t, reader(t, f, nil), eventlog.Selection{Where: eventlog.NamedTerm(eventlog.FieldNamed, "a", eventlog.Eq, "b")})
	if len(got) != 0 {
		t.Errorf("%.300v", got)
	}
}
