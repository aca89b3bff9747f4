package render

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// normal is e as json gives it back: what is not UTF-8 replaced, empty lists
// nil, no Extra that says nothing, no text where there is none.
func normal(e *eventlog.Event) *eventlog.Event {
	c := e.Clone()
	clean := func(s *string) { *s = string([]rune(*s)) }
	cleanAll := func(list *[]string) {
		for i := range *list {
			clean(&(*list)[i])
		}
		if len(*list) == 0 {
			*list = nil
		}
	}
	if c.Origin != nil {
		o := *c.Origin
		clean(&o.Server)
		clean(&o.Log)
		c.Origin = &o
	}
	for _, s := range []*string{&c.Source, &c.Computer, &c.Message} {
		clean(s)
	}
	cleanAll(&c.Strings)
	if !hasText(c) {
		c.Message = ""
	}
	if len(c.Data) == 0 {
		c.Data = nil
	}
	if len(c.Raw) == 0 {
		c.Raw = nil
	}
	c.TimeGenerated, c.TimeWritten = c.TimeGenerated.UTC().Round(0), c.TimeWritten.UTC().Round(0)
	c.Offset = max(c.Offset, -1)
	if c.Extra != nil {
		clean(&c.Extra.Channel)
		clean(&c.Extra.XML)
		cleanAll(&c.Extra.Names)
		if reflect.DeepEqual(c.Extra, new(eventlog.Extra)) {
			c.Extra = nil
		}
	}
	return c
}

func checkRoundTrip(t *testing.T, e *eventlog.Event) {
	t.Helper()
	line := AppendJSON(nil, e, 0)
	if !json.Valid(line) {
		t.Fatalf("not JSON: %s", line)
	}
	if err := checkOutput(JSON, string(line)); err != nil {
		t.Fatal(err)
	}
	var got eventlog.Event
	if err := ParseJSON(line, &got); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if got, want := normal(&got), normal(e); !reflect.DeepEqual(got, want) {
		t.Fatalf("round trip of %s\n got %#v %#v\nwant %#v %#v", line, got, got.Extra, want, want.Extra)
	}
}

func TestRoundTrip(t *testing.T) {
	events := testEvents()
	for _, s := range hostile {
		e := hostileEvent(s)
		e.User = ""
		events = append(events, e)
	}
	for _, f := range []nt.Filetime{0, 1, 116444736000000000, math.MaxUint64, 2650467744000000000} {
		events = append(events, &eventlog.Event{TimeGenerated: f.Time(), TimeWritten: f.Time().In(time.FixedZone("", 3600)), Offset: math.MaxInt64})
	}
	events = append(events,
		&eventlog.Event{TimeGenerated: time.Date(-1, 2, 28, 0, 0, 0, 1, time.UTC), TimeWritten: time.Date(10000, 2, 29, 23, 59, 59, 100, time.UTC)},
		&eventlog.Event{Message: "nobody looked", MessageBy: eventlog.NotSought},
		&eventlog.Event{MessageBy: eventlog.ByServer, RecordNumber: math.MaxUint64, ID: math.MaxUint32, Type: math.MaxUint16, Level: math.MaxUint8})
	for _, e := range events {
		checkRoundTrip(t, e)
	}
}

func TestParseJSON(t *testing.T) {
	sys := &eventlog.Origin{Log: "System"}
	for _, tt := range []struct {
		name, in string
		want     eventlog.Event
	}{
		{"empty", " { } \n", eventlog.Event{Offset: -1}},
		{"unknown keys", `{"x":[1,-2.5e+3,{"a":null,"b":[]},true,false,"\u00e9"],"id":5,"Y":{}}`, eventlog.Event{ID: 5, Offset: -1}},
		{"null", `{"log":null,"user":null,"offset":null,"log":"System"}`, eventlog.Event{Origin: sys, Offset: -1}},
		{"names", `{"type":"EVENTLOG_WARNING_TYPE","level":"info","message_by":"server","message":"m"}`,
			eventlog.Event{Type: eventlog.Warning, Level: eventlog.LevelInformation, MessageBy: eventlog.ByServer, Message: "m", Offset: -1}},
		{"type alone", `{"type":"error"}`, eventlog.Event{Type: eventlog.Error, Level: eventlog.LevelError, Offset: -1}},
		{"level alone", `{"keywords":"0x10000000000000","level":0}`, eventlog.Event{Type: eventlog.AuditFailure, Offset: -1,
			Extra: &eventlog.Extra{Keywords: eventlog.KeywordAuditFailure}}},
		{"message alone", `{"message":"m"}`, eventlog.Event{Message: "m", MessageBy: eventlog.ByEvent, Offset: -1}},
		{"message_by alone", `{"message_by":"event"}`, eventlog.Event{Offset: -1}},
		{"escapes", `{"source":"\"\\\/\b\f\n\r\t\u00E9\ud83d\ude42\ud83dx\ude42","strings":[ "a" , "\u0000" ]}`,
			eventlog.Event{Source: "\"\\/\b\f\n\r\té🙂\ufffdx\ufffd", Strings: []string{"a", "\x00"}, Offset: -1}},
		{"not UTF-8", "{\"source\":\"a\xff\"}", eventlog.Event{Source: "a\ufffd", Offset: -1}},
		{"time with an offset", `{"time":"1999-12-23T16:54:09.5+01:00"}`,
			eventlog.Event{TimeGenerated: time.Date(1999, 12, 23, 15, 54, 9, 5e8, time.UTC), Offset: -1}},
		{"user", `{"user":"s-1-05-0x12"}`, eventlog.Event{}},
	} {
		var got eventlog.Event
		err := ParseJSON([]byte(tt.in), &got)
		if tt.name == "user" {
			if err == nil {
				t.Errorf("%s: no error", tt.name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		equal(t, tt.name, *normal(&got), tt.want)
	}
}

func TestParseJSONErrors(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "json: event at offset 0x0: ends where '{' is due"},
		{"[]", "json: event at offset 0x0: '[' where '{' is due"},
		{`{"id":1`, "json: event at offset 0x7: ends where '}' is due"},
		{`{"id":1,}`, `json: event at offset 0x8: '}' where '"' is due`},
		{`{"id":1}{`, "json: event at offset 0x8: something stands behind the object"},
		{`{"id" 1}`, "json: event at offset 0x6: '1' where ':' is due"},
		{`{"x`, "json: event at offset 0x1: a string without its end"},
		{`{"x":"\q"}`, "json: event at offset 0x5: unknown escape 'q'"},
		{`{"x":"\u12g4"}`, `json: event at offset 0x5: \u without four digits`},
		{"{\"x\":\"\n\"}", "json: event at offset 0x5: a control character in a string"},
		{`{"x":01}`, "json: event at offset 0x6: '1' where '}' is due"},
		{`{"x":1.}`, "json: event at offset 0x7: '}' where a digit is due"},
		{`{"x":nil}`, "json: event at offset 0x5: 'n' where a value is due"},
		{`{"x":` + strings.Repeat("[", 100), "json: event at offset 0x45: nested more than 64 deep"},
		{`{"id":65536}`, "json: event.id at offset 0x6: a number over 65535"},
		{`{"id":5,"event_id":6}`, "json: event.id at offset 0x0: 5 is not the low half of event_id 6"},
		{`{"id":5,"id":5}`, "json: event.id at offset 0x8: is there twice"},
		{`{"record":18446744073709551616}`, "json: event.record at offset 0xa: a number over 18446744073709551615"},
		{`{"record":-1}`, "json: event.record at offset 0xa: '-' where a whole number is due"},
		{`{"record":1.5}`, "json: event.record at offset 0xa: a number that is not whole"},
		{`{"record":012}`, "json: event.record at offset 0xa: a number with a leading zero"},
		{`{"offset":9223372036854775808}`, "json: event.offset at offset 0xa: a number over 9223372036854775807"},
		{`{"time":"today"}`, `json: event.time at offset 0x8: "today" is not a time of RFC 3339`},
		{`{"time_written":"+09999-01-01T00:00:00Z"}`, `json: event.time_written at offset 0x10: "+09999-01-01T00:00:00Z" is not a time of RFC 3339`},
		{`{"type":"bad"}`, `json: event.type at offset 0x8: unknown type "bad": one of error, warning, information, audit-success, audit-failure, success`},
		{`{"level":256}`, "json: event.level at offset 0x9: a number over 255"},
		{`{"user":"fred"}`, `json: event.user at offset 0x8: sid "fred": does not begin with S-`},
		{`{"strings":"a"}`, `json: event.strings at offset 0xb: '"' where '[' is due`},
		{`{"strings":["a" "b"]}`, `json: event.strings at offset 0x10: '"' where ',' is due`},
		{`{"data":"a"}`, "json: event.data at offset 0x8: not base64: illegal base64 data at input byte 0"},
		{`{"message_by":"me"}`, `json: event.message_by at offset 0xe: unknown origin of a text "me"`},
		{`{"recovered":1}`, "json: event.recovered at offset 0xd: '1' where true or false is due"},
		{`{"keywords":"x"}`, `json: event.keywords at offset 0xc: "x" is not a number of 64 bits`},
		{`{"provider_guid":"{}"}`, `json: event.provider_guid at offset 0x11: guid "{}": 2 characters, want 36 or 38 with braces`},
		{`{"version":256}`, "json: event.version at offset 0xb: a number over 255"},
	} {
		e := *testEvents()[1]
		err := ParseJSON([]byte(tt.in), &e)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s\n got %v\nwant %s", tt.in, err, tt.want)
			continue
		}
		var format *eventlog.FormatError
		if !errors.As(err, &format) || !errors.Is(err, eventlog.ErrCorrupt) {
			t.Errorf("%s: %T", tt.in, err)
		}
		equal(t, tt.in, *normal(&e), eventlog.Event{Offset: -1})
	}
}

// TestParseJSONAgain parses into one event: the Origin is shared, nothing of the
// event before is left.
func TestParseJSONAgain(t *testing.T) {
	events := testEvents()
	var e eventlog.Event
	var first *eventlog.Origin
	for i, want := range append(events, events...) {
		if err := ParseJSON(AppendJSON(nil, want, 0), &e); err != nil {
			t.Fatal(err)
		}
		equal(t, "again", normal(&e), normal(want))
		if i == 0 {
			first = e.Origin
		} else if i == 1 && e.Origin != first {
			t.Error("the origin is not shared")
		}
	}
}

// eventOf makes an event of arbitrary bytes.
func eventOf(b []byte) *eventlog.Event {
	num := func() uint64 {
		var x [8]byte
		n := copy(x[:], b)
		b = b[n:]
		return binary.LittleEndian.Uint64(x[:])
	}
	text := func() string {
		n := int(num() % 40)
		n = min(n, len(b))
		s := string(b[:n])
		b = b[n:]
		return s
	}
	texts := func() (list []string) {
		for range num() % 4 {
			list = append(list, text())
		}
		return list
	}
	instant := func() time.Time { return time.Unix(int64(num())>>23, int64(num()%1e9)).UTC() }
	e := &eventlog.Event{
		RecordNumber: num(), TimeGenerated: instant(), TimeWritten: nt.Filetime(num()).Time(), ID: eventlog.EventID(num()),
		Type: eventlog.Type(num()), Level: eventlog.Level(num()), Category: uint16(num()), Source: text(), Computer: text(),
		Strings: texts(), Data: []byte(text()), Message: text(), MessageBy: eventlog.TextBy(num() % 5), Raw: []byte(text()),
		Offset: int64(num()), Recovered: num()%2 == 1,
	}
	if num()%2 == 1 {
		e.Origin = &eventlog.Origin{Server: text(), Log: text()}
		e.User = nt.UnixUser(uint32(num()))
	}
	if num()%2 == 1 {
		e.Extra = &eventlog.Extra{
			ProviderGUID: nt.GUID{byte(num()), 3: byte(num())}, Keywords: num(), Task: uint16(num()), Opcode: uint16(num()), Version: uint8(num()),
			ProcessID: uint32(num()), ThreadID: uint32(num()), Channel: text(), Names: texts(), XML: text(),
		}
	}
	return e
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte{})
	b := make([]byte, 600)
	for i := range b {
		b[i] = byte(i * 37)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) { checkRoundTrip(t, eventOf(b)) })
}

func FuzzParseJSON(f *testing.F) {
	for _, e := range testEvents() {
		f.Add(AppendJSON(nil, e, 0))
	}
	f.Add([]byte(`{"x":[1,-2.5e+3,{"a":null,"b":[]},true,"\u00e9\ud83d\ude42"],"id":5,"time":"+060056-05-28T05:36:10.9Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e eventlog.Event
		err := ParseJSON(b, &e)
		if err == nil && utf8.Valid(b) && !json.Valid(b) {
			t.Fatalf("parsed what is not JSON: %q", b)
		}
		if err == nil {
			checkRoundTrip(t, &e)
		}
	})
}

func TestAppendTime(t *testing.T) {
	for _, loc := range []*time.Location{time.UTC, time.FixedZone("", 5400), time.FixedZone("", -12600)} {
		for sec := int64(-70_000_000_000); sec < 250_000_000_000; sec += 86400*31 + 4567 {
			want := time.Unix(sec, 120_000_000).In(loc)
			if y := want.Year(); y < 0 || y > 9999 {
				continue
			}
			if got := string(appendTime(nil, want, offset(want, loc))); got != want.Format(time.RFC3339Nano) {
				t.Fatalf("appendTime = %s, want %s", got, want.Format(time.RFC3339Nano))
			}
		}
	}
	for _, tt := range []struct {
		t    time.Time
		want string
	}{
		{nt.Filetime(math.MaxUint64).Time(), "+060056-05-28T05:36:10.9551615Z"},
		{time.Date(-1, 3, 4, 5, 6, 7, 0, time.UTC), "-000001-03-04T05:06:07Z"},
		{time.Date(1234567, 3, 4, 5, 6, 7, 1, time.UTC), "+1234567-03-04T05:06:07.000000001Z"},
	} {
		got := appendTime(nil, tt.t, 0)
		if string(got) != tt.want {
			t.Errorf("appendTime = %s, want %s", got, tt.want)
		}
		if back, err := parseTime(got); err != nil || !back.Equal(tt.t) {
			t.Errorf("parseTime(%s) = %v, %v", got, back, err)
		}
	}
}

// What is remembered from one event to the next never changes a line.
func TestJSONLines(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(n int) int { return random.IntN(n) }
	origins := []*eventlog.Origin{nil, {}, {Log: "a\x1b"}, {Server: "bedrock", Log: "System"}, {Server: "bedrock", Log: "System"}}
	texts := []string{"", "EventLog", "a\"b", strings.Repeat("x", keepText), "Disk", "disk\x00"}
	users := []eventlog.SID{"", "S-1-5-18", "S-1-5-19", "S-1-5-21-1-2-3-500", eventlog.SID(texts[3] + "x"), "\xff"}
	times := []time.Time{{}, time.Unix(-1, 0), time.Unix(0, 0), time.Unix(86399, 5), time.Unix(86400, 0), time.Unix(year10000-1, 0), time.Unix(year10000, 1),
		time.Unix(-86401, 0), time.Unix(946684799, 0), time.Unix(math.MinInt64, 0), time.Unix(math.MaxInt64, 0)}
	ids := []eventlog.EventID{0, 7, 7036, 0x40001b7c, 0xc0001b7c, math.MaxUint32}
	for _, fields := range []Set{0, SetOf([]Field{FieldLog, FieldTimeWritten, FieldSource, FieldUserName}), 1 << FieldOffset} {
		j := newJSONLines(fields, nil)
		for range 20_000 {
			e := &eventlog.Event{Origin: origins[pick(len(origins))], RecordNumber: uint64(pick(3)), TimeGenerated: times[pick(len(times))],
				TimeWritten: times[pick(len(times))], ID: ids[pick(len(ids))], Type: eventlog.Type(pick(3)), Level: eventlog.Level(pick(2)),
				Category: uint16(pick(2)), Source: texts[pick(len(texts))], Computer: texts[pick(3)], User: users[pick(len(users))], Offset: int64(pick(3)) - 1}
			got, want := string(j.event([]byte("x"), e)), "x"+string(AppendJSON(nil, e, fields))+"\n"
			if got != want {
				t.Fatalf("\n got %s\nwant %s", got, want)
			}
		}
	}
}

func TestDayText(t *testing.T) {
	for _, at := range []int64{-86401, -61, 0, 59, 946684799, year10000 - 1, year10000} {
		var d dayText
		for _, n := range []int64{0, 1, -1, 86399, 86400, -86400, 0, 40, 86401} {
			v := time.Unix(at+n, 500)
			if got, want := string(d.append([]byte("x"), v)), string(appendTime([]byte("x"), v, 0)); got != want {
				t.Fatalf("%v: %s, want %s", v, got, want)
			}
		}
	}
}

// TestTableStamp holds the time of the table, which is kept for a minute, to
// that of package time, also where a zone changes its offset.
func TestTableStamp(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("install the time zone database (tzdata)")
	}
	tab := newTable(&Options{Location: loc})
	change := time.Date(1999, 10, 31, 1, 0, 0, 0, time.UTC)
	for d := -3 * time.Minute; d < 3*time.Minute; d += 7 * time.Second {
		v := change.Add(d)
		if got, want := string(tab.appendStamp(nil, v)), v.In(loc).Format(time.DateTime); got != want {
			t.Fatalf("%v: %s, want %s", v, got, want)
		}
	}
}

// benchEvent is the size of a usual event.
func benchEvent() *eventlog.Event {
	at := time.Date(2001, 7, 14, 8, 32, 1, 0, time.UTC)
	return &eventlog.Event{
		Origin: &eventlog.Origin{Server: "bedrock", Log: "System"}, RecordNumber: 123456, TimeGenerated: at, TimeWritten: at.Add(time.Second),
		ID: 0x40001b7c, Type: eventlog.Information, Level: eventlog.LevelInformation, Category: 3, Source: "Service Cont",
		Computer: "BEDROCK-01", User: "S-1-5-21-1292428093-1580818891-725345543-1003",
		Strings: []string{"Remote Access Connec", "stop control request", "C:\x5cWINNT/system32/sv"}, Data: make([]byte, 40), Offset: 0x12340,
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	e := benchEvent()
	plain := benchEvent()
	plain.Strings[2] = "the service control."
	for name, e := range map[string]*eventlog.Event{"plain": plain, "backslash": e} {
		b.Run(name, func(b *testing.B) {
			buf := AppendJSON(nil, e, 0)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendJSON(buf[:0], e, 0)
			}
		})
	}
}

func BenchmarkParseJSON(b *testing.B) {
	line := AppendJSON(nil, benchEvent(), 0)
	var e eventlog.Event
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseJSON(line, &e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	e := benchEvent()
	for form := Table; form <= XML; form++ {
		b.Run(form.String(), func(b *testing.B) {
			w, err := New(io.Discard, form, &Options{Location: time.FixedZone("", 3600)})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Write(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestNoAllocations(t *testing.T) {
	e := benchEvent()
	buf := AppendJSON(nil, e, 0)
	if n := testing.AllocsPerRun(100, func() { buf = AppendJSON(buf[:0], e, 0) }); n != 0 {
		t.Errorf("AppendJSON: %v allocations", n)
	}
	j := newJSONLines(0, nil)
	if n := testing.AllocsPerRun(100, func() { buf = j.event(buf[:0], e) }); n != 0 {
		t.Errorf("the json output: %v allocations", n)
	}
}
