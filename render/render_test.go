package render

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

var update = flag.Bool("update", false, "write the golden files anew")

// testEvents are events of every sort.
func testEvents() []*eventlog.Event {
	system := &eventlog.Origin{Server: "bedrock", Log: "System"}
	start := time.Date(1999, 12, 23, 15, 54, 9, 0, time.UTC)
	return []*eventlog.Event{
		{
			Origin: system, RecordNumber: 4711, TimeGenerated: start, TimeWritten: start,
			ID: 0x80001775, Type: eventlog.Information, Level: eventlog.LevelInformation,
			Source: "EventLog", Computer: "bedrock", Offset: 0x30,
			Message: "The Event log service was started.\r\n", MessageBy: eventlog.ByCatalogue,
		},
		{
			Origin: system, RecordNumber: 4712, TimeGenerated: start.Add(61 * time.Second), TimeWritten: start.Add(62 * time.Second),
			ID: 0xc0001b58, Type: eventlog.Error, Level: eventlog.LevelError,
			Source: "Service Control Manager", Computer: "bedrock", User: "S-1-5-18", Offset: 0xd4,
			Strings: []string{"Print Spooler", "%%2, \"C:\\spool|er\""}, Data: []byte("\x05\x00\x00\x00abcdefghijklmnop\xff"),
			MessageBy: eventlog.NotFound,
		},
		{
			Origin: &eventlog.Origin{Log: "logs/SecEvent.Evt"}, RecordNumber: 99, TimeGenerated: start.Add(time.Hour),
			TimeWritten: start.Add(time.Hour), ID: 529, Type: eventlog.AuditFailure, Category: 2, Source: "Security", Computer: "BARNEY", CategoryName: "Logon/Logoff",
			User: "S-1-5-21-1-2-3-500", Strings: []string{"fred", "", "it's"}, Offset: 4096, Recovered: true,
		},
		{
			Origin: &eventlog.Origin{Server: "wilma", Log: "Microsoft-Windows-Kernel/日本"}, RecordNumber: 1 << 63,
			TimeGenerated: start.Add(1234567 * 100), TimeWritten: start.Add(1234567 * 100), ID: 12, Type: eventlog.Error,
			Level: eventlog.LevelCritical, Source: "カーネル", Computer: "wilma.example", User: "S-1-5-19", Strings: []string{"α", "β"},
			CategoryName: "<3>", Message: "日本語のメッセージ: e\u0301tat\n\tα\n\n β ", MessageBy: eventlog.ByServer, Offset: -1, Raw: []byte{1, 2, 3},
			Extra: &eventlog.Extra{
				ProviderGUID: nt.GUID{0x25, 0x96, 0x84, 0x54}, Keywords: 0x8000000000000010, Task: 3, Opcode: 4, Version: 5,
				ProcessID: 600, ThreadID: 700, Channel: "System", Names: []string{"first", ""},
				ActivityID: nt.GUID{1}, RelatedActivityID: nt.GUID{2}, RecordID: 77, EventSourceName: "old name", DataName: "what it is",
			},
		},
		{Type: 0x20, Level: 9, Offset: -1},
	}
}

func renderAll(t testing.TB, form Form, opts *Options, events []*eventlog.Event) string {
	t.Helper()
	var out bytes.Buffer
	w, err := New(&out, form, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGolden(t *testing.T) {
	zone := time.FixedZone("bedrock", -8*3600)
	now := func() time.Time { return time.Date(1999, 12, 24, 0, 0, 1, 0, time.UTC) }
	fields, _, err := ParseFields("id, RECORD,user,user_name,category,data,strings,server,log")
	if err != nil {
		t.Fatal(err)
	}
	var every []Field
	for f := range fieldCount {
		every = append(every, f)
	}
	for _, tt := range []struct {
		file string
		form Form
		opts *Options
	}{
		{"table.txt", Table, nil},
		{"table-100.txt", Table, &Options{Width: 100, Location: zone, Data: true}},
		{"table-160.txt", Table, &Options{Width: 160}},
		{"table-140-one-log-colour.txt", Table, &Options{Width: 140, OneLog: true, Colour: true}},
		{"table-80-one-log.txt", Table, &Options{Width: 80, OneLog: true}},
		{"table-fields.txt", Table, &Options{Fields: fields}},
		{"classic.txt", Classic, &Options{Location: zone}},
		{"classic-now.txt", Classic, &Options{Now: now}},
		{"all.json", JSON, nil},
		{"fields.json", JSON, &Options{Fields: fields}},
		{"all.csv", CSV, nil},
		{"every.csv", CSV, &Options{Fields: every, Location: zone}},
		{"all.xml", XML, nil},
	} {
		t.Run(tt.file, func(t *testing.T) {
			golden(t, tt.file, renderAll(t, tt.form, tt.opts, testEvents()))
		})
	}
	for s, file := range map[Schema]string{ECS: "ecs.json", OTel: "otel.json"} {
		t.Run(file, func(t *testing.T) {
			golden(t, file, renderAll(t, JSON, &Options{Schema: s}, schemaEvents()))
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	name := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("%s, line %d\n got %q\nwant %q", file, i+1, g[i], w[i])
			}
		}
		t.Fatalf("%s: %d lines, want %d", file, len(g), len(w))
	}
}

func TestNoEvents(t *testing.T) {
	for form, want := range map[Form]string{
		Table: "", Classic: "", JSON: "",
		CSV: "server,log,record,time,time_written,id,event_id,type,level,category,source,computer,user,user_name,strings,data,message,message_by,recovered\r\n",
		XML: "<?xml version='1.0' encoding='UTF-8'?>\n<Events>\n</Events>\n",
	} {
		if got := renderAll(t, form, nil, nil); got != want {
			t.Errorf("%v of no events: %q, want %q", form, got, want)
		}
	}
}

func TestForms(t *testing.T) {
	for f := Table; f <= XML; f++ {
		if got, err := ParseForm(f.String()); got != f || err != nil {
			t.Errorf("ParseForm(%q) = %v, %v", f, got, err)
		}
	}
	for _, tt := range []struct {
		err  func() error
		want string
	}{
		{func() error { _, err := ParseForm("yaml"); return err }, `unknown output "yaml": one of table, classic, json, csv, xml`},
		{func() error { _, err := New(io.Discard, 7, nil); return err }, `unknown output 7`},
		{func() error { _, err := New(io.Discard, XML, &Options{Fields: []Field{0}}); return err }, `the xml output has fixed fields`},
		{func() error { _, err := New(io.Discard, CSV, &Options{Fields: []Field{99}}); return err }, `unknown field 99`},
		{func() error { _, _, err := ParseFields("time,,id"); return err }, `unknown field "": one of ` + strings.Join(fieldNames(), ", ") + ", or data.NAME for a datum"},
		{func() error { _, _, err := ParseFields("time,host"); return err }, `unknown field "host": one of ` + strings.Join(fieldNames(), ", ") + ", or data.NAME for a datum"},
		{func() error { _, _, err := ParseFields("time,Time"); return err }, `field "time" is there twice`},
		{func() error { _, _, err := ParseFields("data.User, id, DATA.user"); return err }, `field "data.User" is there twice`},
		{func() error { _, _, err := ParseFields("time,mesage"); return err }, `unknown field "mesage"; do you mean message?`},
		{func() error { _, _, err := ParseFields("data."); return err }, `unknown field "data.": one of ` + strings.Join(fieldNames(), ", ") + ", or data.NAME for a datum"},
		{func() error { _, _, err := ParseFields("data.x" + manyData(MaxNamed)); return err }, "more than 128 fields of data"},
		{func() error { _, err := New(io.Discard, CSV, &Options{Fields: []Field{fieldCount}}); return err }, fmt.Sprintf("unknown field %d", fieldCount)},
	} {
		if err := tt.err(); err == nil || err.Error() != tt.want {
			t.Errorf("error %v, want %s", err, tt.want)
		}
	}
	got, _, err := ParseFields(strings.Join(fieldNames(), ","))
	if err != nil || len(got) != int(fieldCount) || SetOf(got) != allFields {
		t.Errorf("ParseFields of all = %v, %v", got, err)
	}
}

func TestWants(t *testing.T) {
	def := eventlog.DefaultFields
	for _, tt := range []struct {
		form   Form
		fields []Field
		want   eventlog.Fields
	}{
		{Table, nil, def | eventlog.FieldMessage.Bit()},
		{XML, nil, def | eventlog.FieldMessage.Bit() | eventlog.FieldXML.Bit() | eventlog.FieldCategoryName.Bit()},
		{JSON, nil, def | eventlog.FieldMessage.Bit() | eventlog.FieldCategoryName.Bit()},
		{JSON, []Field{FieldID}, def},
		{JSON, []Field{FieldRaw, FieldXML, FieldMessageBy, FieldCategoryName}, eventlog.AllFields},
	} {
		if got := Wants(tt.form, tt.fields); got != tt.want {
			t.Errorf("Wants(%v, %v) = %b, want %b", tt.form, tt.fields, got, tt.want)
		}
	}
}

type failing struct{ n int }

func (f *failing) Write(p []byte) (int, error) { f.n++; return 0, errors.New("disk full") }

func TestWriterErrors(t *testing.T) {
	f := new(failing)
	w, err := New(f, JSON, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := testEvents()[0]
	if err := w.Write(e); err != nil || f.n != 0 {
		t.Fatalf("a small event was not held back: %v", err)
	}
	for i, err := range []error{w.Flush(), w.Write(e), w.Flush(), w.Close()} {
		if err == nil || err.Error() != "disk full" {
			t.Errorf("%d: error %v", i, err)
		}
	}
	if f.n != 1 {
		t.Errorf("%d writes, want 1", f.n)
	}

	var out bytes.Buffer
	w, _ = New(&out, JSON, &Options{Fields: []Field{FieldMessage}})
	big := &eventlog.Event{Message: strings.Repeat("x", 2<<20), MessageBy: eventlog.ByEvent}
	for range 2 {
		if err := w.Write(big); err != nil {
			t.Fatal(err)
		}
	}
	if w.buf != nil {
		t.Errorf("kept a buffer of %d bytes", cap(w.buf))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(big); err != io.ErrClosedPipe {
		t.Errorf("Write after Close: %v", err)
	}
	if want := 2 * (2<<20 + len(`{"message":""}`+"\n")); out.Len() != want {
		t.Errorf("%d bytes, want %d", out.Len(), want)
	}
}

func TestClassicFrames(t *testing.T) {
	now := time.Date(1999, 12, 23, 15, 54, 9, 0, time.FixedZone("", 3600))
	for _, tt := range []struct{ got, want string }{
		{ClassicHeader("System", "in the last 8 hours", now), "System events found in the last 8 hours since: 15:54:09"},
		{ClassicServerHeader("in the last 8 hours", now, "barney"), "events found in the last 8 hours since:15:54:09  for barney"},
		{ClassicError("barney", errors.New("access\ndenied\x1b")), `Error for barney:access denied\x1b`},
		{ClassicSeparator, strings.Repeat("#", 15)},
		{string(AppendClassic(nil, &eventlog.Event{Message: "\x1b]0;x\a\n0123456789", MessageBy: eventlog.ByEvent}, nil)),
			`:::0:0:0:EVENTLOG_SUCCESS:\x1b]0;x\x07\x0a01234567`},
		{Visible("a\\b\x7f"), `a\b\x7f`},
	} {
		if tt.got != tt.want {
			t.Errorf("got  %s\nwant %s", tt.got, tt.want)
		}
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %#v\nwant %#v", what, got, want)
	}
}

// manyData are so many fields of data behind others.
func manyData(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",data.%d", i)
	}
	return b.String()
}

// TestNamedFields: data in fields of their own, by their names without regard to
// case; data itself stays the binary data.
func TestNamedFields(t *testing.T) {
	fields, named, err := ParseFields("id,data.=A,data,Data.b")
	if err != nil {
		t.Fatal(err)
	}
	events := []*eventlog.Event{
		{ID: 1, Strings: []string{"x", "-1", "second"}, Data: []byte{1}, Extra: &eventlog.Extra{Names: []string{"=a", "B", "b"}}},
		{ID: 2, Strings: []string{"no name"}},
	}
	for form, want := range map[Form]string{
		CSV:   "id,data.=A,data,data.b\r\n1,x,01,'-1\r\n2,,,\r\n",
		JSON:  `{"id":1,"data":"AQ==","data.=A":"x","data.b":"-1"}` + "\n" + `{"id":2}` + "\n",
		Table: "   ID  DATA.=A           DATA              DATA.B\n    1  x                 01                -1\n    2  -                 -                 -\n",
	} {
		got := renderAll(t, form, &Options{Fields: fields, Named: named}, events)
		if got != want {
			t.Errorf("%v: %q, want %q", form, got, want)
		}
	}
}
