package query

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"netelf.example/eventlog"
)

func num(f eventlog.Field, n uint64) eventlog.Expr { return eventlog.NumTerm(f, eventlog.Eq, n) }
func text(f eventlog.Field, op eventlog.Op, s string) eventlog.Expr {
	return eventlog.TextTerm(f, op, s)
}
func data(name string, op eventlog.Op, s string) eventlog.Expr {
	return eventlog.NamedTerm(eventlog.FieldNamed, name, op, s)
}

// ticks is a time as the number that it is compared as.
func ticks(t *testing.T, s string) uint64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(at.Unix()+11644473600)*1e7 + uint64(at.Nanosecond()/100)
}

// TestSmall: texts of the small language and their trees.
func TestSmall(t *testing.T) {
	const most = math.MaxUint64
	type (
		and = eventlog.And
		or  = eventlog.Or
		not = eventlog.Not
	)
	id := func(n uint64) eventlog.Expr { return num(eventlog.FieldCode, n) }
	between := func(lo, hi uint64) eventlog.Expr { return eventlog.RangeTerm(eventlog.FieldCode, lo, hi) }
	level := func(lo, hi uint64) eventlog.Expr { return eventlog.RangeTerm(eventlog.FieldLevel, lo, hi) }
	at := func(lo, hi uint64) eventlog.Expr {
		return eventlog.RangeTerm(eventlog.FieldTimeGenerated, lo, hi)
	}
	tick := func(s string) uint64 { return ticks(t, s) }
	for _, tt := range []struct {
		text string
		want eventlog.Expr
	}{
		{"", nil},
		{" \t\n", nil},
		{"*", and{}},
		{"(and)", and{}},
		{"(OR)", or{}},
		{"(or id:7)", or{id(7)}},
		{"( and id:7 (or) )", and{id(7), or{}}},
		{"spooler", Word("spooler")},
		{`"and"`, Word("and")},
		{`"a ""b"" c"`, Word(`a "b" c`)},
		{`C"x y"z`, Word("Cx yz")},
		{"*spool*", Word("spool")},
		{`"a*b"`, Word("a*b")},
		{"a*b", word(eventlog.Like, "*a*b*")},
		{`s?x\y*`, word(eventlog.Like, `*s?x\\y*`)},
		{`x\*`, Word(`x\`)},
		{`*"x\*"`, Word(`x\*`)},
		{`*"x\*"y?`, word(eventlog.Like, `*x\\\*y?*`)},
		{`?"x\*"`, word(eventlog.Like, `*?x\\\**`)},
		{`\\server\share`, Word(`\\server\share`)},
		{"10.0.0.1", Word("10.0.0.1")},
		{"a,b", Word("a,b")},
		{"id", Word("id")},
		{"a b", and{Word("a"), Word("b")}},
		{"a AND b", and{Word("a"), Word("b")}},
		{"a or b c", or{Word("a"), and{Word("b"), Word("c")}}},
		{"(a or b) c", and{or{Word("a"), Word("b")}, Word("c")}},
		{"a (b c)", and{Word("a"), and{Word("b"), Word("c")}}},
		{"((a))", Word("a")},
		{"foo(bar)", and{Word("foo"), Word("bar")}},
		{"-a", not{X: Word("a")}},
		{"--a", not{X: not{X: Word("a")}}},
		{"not a", not{X: Word("a")}},
		{"NOT(a b)", not{X: and{Word("a"), Word("b")}}},
		{"-(a or b)", not{X: or{Word("a"), Word("b")}}},
		{"orchid", Word("orchid")},
		{"well-known", Word("well-known")},

		{"id:4625", id(4625)},
		{"ID:0x1211", id(4625)},
		{"code:4625", id(4625)},
		{"id=4625", id(4625)},
		{"id = 4625", id(4625)},
		{"id: 4625", id(4625)},
		{"id:4625,4740", or{id(4625), id(4740)}},
		{"id:4000..4999", between(4000, 4999)},
		{"id:7,4000..4999", or{id(7), between(4000, 4999)}},
		{"id:4000..", between(4000, most)},
		{"id:..4000", between(0, 4000)},
		{"id:5..5", id(5)},
		{"id:#5..5", between(5, 5)},
		{"id:#9..5", between(9, 5)},
		{"id:65536", num(eventlog.FieldID, 65536)},
		{"id:1..65536", eventlog.RangeTerm(eventlog.FieldID, 1, 65536)},
		{"id:#65536", id(65536)},
		{"id!=7", not{X: id(7)}},
		{"id!=7,8", not{X: or{id(7), id(8)}}},
		{"id<7", between(0, 6)},
		{"id<0", or{}},
		{"id<=7", between(0, 7)},
		{"id>7", between(8, most)},
		{"id>=7", between(7, most)},
		{"event_id:0xC0000007", num(eventlog.FieldID, 0xC0000007)},
		{"qualifiers:16384", eventlog.RangeTerm(eventlog.FieldID, 16384<<16, 16384<<16|0xffff)},
		{"qualifiers>=0x4000", eventlog.RangeTerm(eventlog.FieldID, 16384<<16, math.MaxUint32)},
		{"type:error,audit-failure", or{num(eventlog.FieldType, 1), num(eventlog.FieldType, 16)}},
		{"type:32", num(eventlog.FieldType, 32)},
		{"level<=2", level(1, 2)},
		{"level <= error", level(1, 2)},
		{"level<3", level(1, 2)},
		{"level>=warning", level(3, most)},
		{"level:0..2", level(0, 2)},
		{"level:critical", num(eventlog.FieldLevel, 1)},
		{"category:3", num(eventlog.FieldCategory, 3)},
		{"task:3", num(eventlog.FieldCategory, 3)},
		{"record:100..200", eventlog.RangeTerm(eventlog.FieldRecord, 100, 200)},
		{"keywords&0x10", eventlog.NumTerm(eventlog.FieldKeywords, eventlog.BitAnd, 16)},
		{"pid:4 tid:8", and{num(eventlog.FieldProcessID, 4), num(eventlog.FieldThreadID, 8)}},

		{"since:8h", at(tick("2026-01-02T04:00:00Z"), most)},
		{"until:2026-01-02", at(0, tick("2026-01-02T00:00:00Z")-1)},
		{"time:2026-01-02", at(tick("2026-01-02T00:00:00Z"), tick("2026-01-03T00:00:00Z")-1)},
		{"time:2026-01-02..2026-01-04", at(tick("2026-01-02T00:00:00Z"), tick("2026-01-05T00:00:00Z")-1)},
		{`time:"2026-01-02 08:00"`, at(tick("2026-01-02T08:00:00Z"), tick("2026-01-02T08:01:00Z")-1)},
		{"time:yesterday", at(tick("2026-01-01T00:00:00Z"), tick("2026-01-02T00:00:00Z")-1)},
		{`time:"yesterday 22:00"..today`, at(tick("2026-01-01T22:00:00Z"), tick("2026-01-03T00:00:00Z")-1)},
		{"since:14:30 until:08:15", and{at(tick("2026-01-01T14:30:00Z"), most), at(0, tick("2026-01-02T08:15:00Z")-1)}},
		{"time:2026-01-02T08:00:00+01:00", at(tick("2026-01-02T07:00:00Z"), tick("2026-01-02T07:00:01Z")-1)},
		{"time:2026-01-02T08:00:00.25Z", at(tick("2026-01-02T08:00:00.25Z"), tick("2026-01-02T08:00:00.26Z")-1)},
		{"time:2026-01-02T08:00:00.1234567Z", num(eventlog.FieldTimeGenerated, tick("2026-01-02T08:00:00.1234567Z"))},
		{"time>2026-01-02", at(tick("2026-01-03T00:00:00Z"), most)},
		{"time>=2026-01-02", at(tick("2026-01-02T00:00:00Z"), most)},
		{"time<=2026-01-02", at(0, tick("2026-01-03T00:00:00Z")-1)},
		{"time<2026-01-02", at(0, tick("2026-01-02T00:00:00Z")-1)},
		{"written>=1h", eventlog.RangeTerm(eventlog.FieldTimeWritten, tick("2026-01-02T11:00:00Z"), most)},

		{"source:Disk", text(eventlog.FieldSource, eventlog.Eq, "Disk")},
		{"provider:dc*", text(eventlog.FieldSource, eventlog.Prefix, "dc")},
		{"source:*dc*", text(eventlog.FieldSource, eventlog.Contains, "dc")},
		{"source:*dc", text(eventlog.FieldSource, eventlog.Like, "*dc")},
		{"source:*", text(eventlog.FieldSource, eventlog.Contains, "")},
		{`source:""`, text(eventlog.FieldSource, eventlog.Eq, "")},
		{`source:"Service Control"*`, text(eventlog.FieldSource, eventlog.Prefix, "Service Control")},
		{`source:"a,b",c`, or{text(eventlog.FieldSource, eventlog.Eq, "a,b"), text(eventlog.FieldSource, eventlog.Eq, "c")}},
		{"source=dc*", text(eventlog.FieldSource, eventlog.Eq, "dc*")},
		{"source~dc", text(eventlog.FieldSource, eventlog.Contains, "dc")},
		{"source^=dc", text(eventlog.FieldSource, eventlog.Prefix, "dc")},
		{`source*="d\*?"`, text(eventlog.FieldSource, eventlog.Like, `d\*?`)},
		{"source<>dc", text(eventlog.FieldSource, eventlog.Differs, "dc")},
		{"source!=dc*", not{X: text(eventlog.FieldSource, eventlog.Prefix, "dc")}},
		{"-source:X", not{X: text(eventlog.FieldSource, eventlog.Eq, "X")}},
		{"server:a log:b channel:c computer:d", and{text(eventlog.FieldServer, eventlog.Eq, "a"), text(eventlog.FieldLog, eventlog.Eq, "b"),
			text(eventlog.FieldChannel, eventlog.Eq, "c"), text(eventlog.FieldComputer, eventlog.Eq, "d")}},
		{`message:"logon failure"`, text(eventlog.FieldMessage, eventlog.Contains, "logon failure")},
		{"message:The*", text(eventlog.FieldMessage, eventlog.Prefix, "The")},
		{"message=The", text(eventlog.FieldMessage, eventlog.Eq, "The")},
		{"string:running", text(eventlog.FieldString, eventlog.Contains, "running")},
		{"string.2:run*", eventlog.NamedTerm(eventlog.FieldString, "2", eventlog.Prefix, "run")},
		{"data:sector", text(eventlog.FieldData, eventlog.Contains, "sector")},
		{"data.IpAddress:10.*", data("IpAddress", eventlog.Prefix, "10.")},
		{`data."two words":x`, data("two words", eventlog.Eq, "x")},
		{`data."":x`, data("", eventlog.Eq, "x")},
		{"data.LogonType:3,10", or{data("LogonType", eventlog.Eq, "3"), data("LogonType", eventlog.Eq, "10")}},
		{"data.Port>=1024", eventlog.NumberTerm(eventlog.FieldNamed, "Port", eventlog.Range, 1024, most)},
		{"data.Port#=1..1023", eventlog.NumberTerm(eventlog.FieldNamed, "Port", eventlog.Range, 1, 1023)},
		{"data.Mask&0x10", eventlog.NumberTerm(eventlog.FieldNamed, "Mask", eventlog.BitAnd, 16, 16)},
		{"string<5", eventlog.NumberTerm(eventlog.FieldString, "", eventlog.Range, 0, 4)},
		{"user:SYSTEM", text(eventlog.FieldUser, eventlog.Eq, "S-1-5-18")},
		{"user:s-1-5-18", text(eventlog.FieldUser, eventlog.Eq, "S-1-5-18")},
		{"user:S-1-5-21-*", text(eventlog.FieldUser, eventlog.Prefix, "S-1-5-21-")},
		{"user:bob", or{text(eventlog.FieldUser, eventlog.Eq, "bob"), text(eventlog.FieldString, eventlog.Eq, "bob")}},
		{"activity:54849625-5478-4994-a5ba-3e3b0328c30d", text(eventlog.FieldActivityID, eventlog.Eq, "{54849625-5478-4994-A5BA-3E3B0328C30D}")},
		{"user_data:EventXML xml:foo raw:bar", and{text(eventlog.FieldUserData, eventlog.Eq, "EventXML"),
			text(eventlog.FieldXML, eventlog.Contains, "foo"), text(eventlog.FieldRaw, eventlog.Contains, "bar")}},
	} {
		q, err := Parse(tt.text, &Options{Now: testNow})
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if !Equal(q.Where, tt.want) {
			t.Errorf("%s is %s, want %s", tt.text, Format(q.Where), Format(tt.want))
		}
		if q.Form != Small {
			t.Errorf("%s: taken for %v", tt.text, q.Form)
		}
		backAndForth(t, q.Where)
	}
}

// TestZone: times that name no zone are of the zone that is given.
func TestZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	q, err := Parse("time:2026-03-29", &Options{Location: berlin}) // 23 hours long
	if err != nil {
		t.Fatal(err)
	}
	if want := eventlog.RangeTerm(eventlog.FieldTimeGenerated, ticks(t, "2026-03-28T23:00:00Z"), ticks(t, "2026-03-29T22:00:00Z")-1); !Equal(q.Where, want) {
		t.Errorf("got %s, want %s", Format(q.Where), Format(want))
	}
}

// TestSmallErrors: what is wrong, in one line, and where: the carets stand below
// the text as they are shown.
func TestSmallErrors(t *testing.T) {
	for _, tt := range []struct{ text, carets, msg string }{
		{"sorce:disk", "^^^^^", `there is no field sorce, do you mean source? (the text itself is "sorce:disk", in quotation marks)`},
		{`a C:\x`, "  ^", `there is no field C (the text itself is "C:\x", in quotation marks)`},
		{"data.:x nosuch.y:z", "        ^^^^^^^^", `there is no field nosuch.y (the text itself is "nosuch.y:z", in quotation marks)`},
		{"source.x:y", "^^^^^^^^", `there is no field source.x, do you mean source? (the text itself is "source.x:y", in quotation marks)`},
		{"string.x:y", "^^^^^^^^", "strings have numbers from 1 on: string.2; what has a name is data.NAME"},
		{"a or", "  ^^", `nothing stands behind or; for the word itself write "or"`},
		{"and b", "^^^", `nothing stands before and; for the word itself write "and"`},
		{"a or or b", "     ^^", `nothing stands before or; for the word itself write "or"`},
		{"(a", "^", "this parenthesis is not closed"},
		{"a)", " ^", "no parenthesis is open here"},
		{"a ()", "  ^^", "nothing stands between the parentheses"},
		{"(or a", "^", "this parenthesis is not closed"},
		{"a -", "  ^", "nothing stands behind what is to be left out"},
		{"- a", "^", "nothing stands behind what is to be left out"},
		{"not", "^", "nothing stands behind what is to be left out"},
		{`a "b`, "  ^", "this quotation mark has no other end"},
		{`""`, "^^", "an empty text is in every event"},
		{"source:", "^^^^^^^", `source wants a value behind :; no value at all is ""`},
		{"source:a,", "^^^^^^^^^", `source wants a value behind :; no value at all is ""`},
		{"source~a,b", "        ^", "only : = and != take several values; a comma in a text stands in quotation marks"},
		{"id:x", "   ^", `id "x": want an event id, as 4625, or a range, as 4000..4999`},
		{"id:46*", "   ^^^", `id "46*": want an event id, as 4625, or a range, as 4000..4999`},
		{"id:9..5", "   ^^^^", "the range is upside down: write 5..9"},
		{"id:4294967296", "   ^^^^^^^^^^", `id "4294967296": want an event id, as 4625, or a range, as 4000..4999`},
		{"id<5..9", "   ^^^^", "< takes one value, no range"},
		{"id~5", "  ^", "id is a number: ~ compares texts"},
		{"id:#x", "   ^^", "behind :# stands a number or a range, as it is compared: #5, #1..5"},
		{"qualifiers:70000", "           ^^^^^", `qualifiers "70000": want a number up to 65535`},
		{"type:bad", "     ^^^", `type "bad": want one of error, warning, information, audit-success, audit-failure, success, or a number`},
		{"level<=bad", "       ^^^", `level "bad": want one of critical, error, warning, information, verbose, or a number`},
		{"since:yesterdag", "      ^^^^^^^^^", `since "yesterdag": want ` + WhenForms},
		{"since>8h", "     ^", "since: is all that since takes; time> compares"},
		{"since:1500-01-01", "      ^^^^^^^^^^", `since "1500-01-01": lies before 1601 or too far ahead`},
		{"source>5", "      ^", "source is a text: > compares numbers"},
		{"data.x>y", "       ^", "> wants a number; texts are compared by : and ="},
		{"data.x#=y", "        ^", "#= wants a number or a range: 443, 1..1023"},
		{"keywords&x", "         ^", "keywords& wants a number, as 0x10, one bit of which is set"},
		{"activity:x", "         ^", "activity_id wants a GUID, as {54849625-5478-4994-a5ba-3e3b0328c30d}"},
		{"größe ünï:x", "      ^", ""},
		{"a \xff", "  ^", "this is no UTF-8"},
	} {
		_, err := Parse(tt.text, &Options{Now: testNow})
		if tt.msg == "" && err == nil {
			continue
		}
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if e.Msg != tt.msg {
			t.Errorf("%s: %s\nwant %s", tt.text, e.Msg, tt.msg)
		}
		if _, below, _ := strings.Cut(e.Caret(), "\n"); below != tt.carets {
			t.Errorf("%s: %s\n%s\nwant\n%s", tt.text, e.Msg, e.Caret(), tt.carets)
		}
		if strings.Contains(e.Error(), "\n") {
			t.Errorf("%q has several lines", e.Error())
		}
	}
	if _, err := Parse("since:8h", nil); err == nil || !strings.Contains(err.Error(), "counts from now") {
		t.Errorf("without a clock: %v", err)
	}
}

// TestCaret: the place is shown in its line, cut where that is long.
func TestCaret(t *testing.T) {
	long := strings.Repeat("ö", 200)
	for _, tt := range []struct {
		e           Error
		text, caret string
	}{
		{Error{Text: "a\nbcd\ne", Offset: 3, Len: 1, Msg: "m"}, "line 2, column 2: m", "bcd\n ^"},
		{Error{Text: "a\tb", Offset: 2, Len: 1, Msg: "m"}, "column 3: m", "a b\n  ^"},
		{Error{Text: "ab", Offset: 2, Msg: "m"}, "column 3: m", "ab\n  ^"},
		{Error{Text: "ab", Offset: 9, Len: 9, Msg: "m"}, "column 3: m", "ab\n  ^"},
		{Error{Text: "ab", Offset: 0, Len: 99, Msg: "m"}, "column 1: m", "ab\n^^"},
		{Error{Text: long, Offset: 200, Len: 2, Msg: "m"}, "column 101: m",
			"…" + strings.Repeat("ö", 96) + "…\n" + strings.Repeat(" ", 49) + "^"},
	} {
		if tt.e.Error() != tt.text || tt.e.Caret() != tt.caret {
			t.Errorf("got %q\n%s\nwant %q\n%s", tt.e.Error(), tt.e.Caret(), tt.text, tt.caret)
		}
	}
}
