package eventlog

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"netelf.example/nt"
)

// oneText is a View of one value.
type oneText struct {
	text  Text
	known Tri
}

func (v *oneText) Num(Field) (uint64, bool) { return 0, false }

func (v *oneText) Text(_ Field, _ string, i int) (Text, Tri) {
	if i > 0 {
		return Text{}, No
	}
	return v.text, v.known
}

func matchText(op Op, s string, x Text) bool {
	return TextTerm(FieldSource, op, s).Match(&oneText{x, Yes}) == Yes
}

// plainMatch is what a comparison of texts means.
func plainMatch(op Op, s, text string) bool {
	s, text = Fold(s), Fold(text)
	switch op {
	case Eq:
		return s == text
	case Prefix:
		return strings.HasPrefix(text, s)
	}
	return strings.Contains(text, s)
}

var textOps = []Op{Eq, Contains, Prefix}

func TestTermText(t *testing.T) {
	for _, x := range []struct {
		op      Op
		s, text string
		want    bool
	}{
		{Eq, "", "", true},
		{Eq, "", "a", false},
		{Eq, "a", "", false},
		{Eq, "DISK", "disk", true},
		{Eq, "disk", "diskperf", false},
		{Eq, "diskperf", "disk", false},
		{Prefix, "", "", true},
		{Prefix, "DISK", "diskperf", true},
		{Prefix, "disk", "dis", false},
		{Prefix, "perf", "diskperf", false},
		{Contains, "", "", true},
		{Contains, "", "a", true},
		{Contains, "a", "", false},
		{Contains, "PERF", "diskperf", true},
		{Contains, "aab", "aaab", true},
		{Contains, "perfs", "diskperf", false},
		{Contains, "kk", "x\u212a\u212a", true},
		{Contains, "\u212aK", "kk", true},
		{Contains, "\U0001F600", "a\U0001F600", true},
		{Contains, "\U0001F600", "\U0001F601", false},
		{Contains, "ı", "I", true},
	} {
		b := nt.AppendUTF16(nil, x.text)
		for name, text := range map[string]Text{"string": {S: x.text}, "UTF-16": {U16: b}, "bytes": {Bin: []byte(x.text)}, "bytes, UTF-16": {Bin: b}} {
			if got := matchText(x.op, x.s, text); got != x.want {
				t.Errorf("%v %+q in %+q as %s: %v, want %v", x.op, x.s, x.text, name, got, x.want)
			}
		}
	}
}

// TestTermTextForms holds forms of a text that only one of the encodings has.
func TestTermTextForms(t *testing.T) {
	utf16 := nt.AppendUTF16(nil, "Überlauf")
	odd := append([]byte{1}, utf16...)
	for _, x := range []struct {
		name string
		op   Op
		s    string
		text Text
		want bool
	}{
		{"none is the empty text", Eq, "", Text{}, true},
		{"no units are the empty text", Eq, "", Text{U16: []byte{}}, true},
		{"no bytes are the empty text", Contains, "", Text{Bin: []byte{}}, true},
		{"half a unit is nothing", Eq, "", Text{U16: []byte{'a'}}, true},
		{"half a unit behind the text", Eq, "überlauf", Text{U16: append(utf16[:len(utf16):len(utf16)], 'x')}, true},
		{"units at an odd offset", Contains, "ÜBERLAUF", Text{Bin: odd}, true},
		{"units at an odd offset do not begin the data", Prefix, "überlauf", Text{Bin: odd}, false},
		{"units at an odd offset are not all the data", Eq, "überlauf", Text{Bin: odd}, false},
		{"units and half a one are not all the data", Eq, "überlauf", Text{Bin: append(utf16[:len(utf16):len(utf16)], 'x')}, false},
		{"units are not bytes", Contains, "rl", Text{U16: []byte("rl")}, false},
		{"half a surrogate pair", Contains, "\U0001F600", Text{U16: []byte{0x3D, 0xD8}}, false},
		{"the end of a character is not its own", Contains, "\ufffd", Text{Bin: []byte("é")}, false},
		{"broken UTF-8 is U+FFFD", Contains, "\ufffdb", Text{Bin: []byte("a\xffB")}, true},
		{"broken UTF-8 in a string", Contains, "\ufffdb", Text{S: "a\xffB"}, true},
		{"behind broken UTF-8", Contains, "disk", Text{Bin: []byte("\xe2\x82Disk")}, true},
		{"long data, eq", Eq, "ab", Text{Bin: []byte("abcdefghijklmnop")}, false},
		{"long data, prefix", Prefix, "kk", Text{Bin: []byte("\u212a\u212acdefghijklmnop")}, true},
	} {
		if got := matchText(x.op, x.s, x.text); got != x.want {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
	}
}

func TestTermNum(t *testing.T) {
	e := &Event{RecordNumber: 6, ID: 0xC0000007}
	for _, x := range []struct {
		term *Term
		want Tri
	}{
		{NumTerm(FieldRecord, Eq, 6), Yes},
		{NumTerm(FieldRecord, Eq, 7), No},
		{NumTerm(FieldRecord, BitAnd, 3), Yes},
		{NumTerm(FieldRecord, BitAnd, 1), No},
		{NumTerm(FieldRecord, BitAnd, 0), No},
		{NumTerm(FieldRecord, Contains, 6), No}, // refused by CheckExpr
		{RangeTerm(FieldRecord, 6, 6), Yes},
		{RangeTerm(FieldRecord, 7, 9), No},
		{RangeTerm(FieldRecord, 0, 5), No},
		{NumTerm(FieldCode, Eq, 7), Yes},
		{NumTerm(FieldID, Eq, 7), No},
		{NumTerm(FieldTimeWritten, Eq, 0), Yes},
	} {
		if got := x.term.Match(e); got != x.want {
			t.Errorf("%v %v %d..%d: %v, want %v", x.term.Field, x.term.Op, x.term.Lo, x.term.Hi, got, x.want)
		}
	}
	if got := NumTerm(FieldRecord, Eq, 0).Match(&oneText{}); got != Maybe {
		t.Errorf("a number that is not known: %v", got)
	}
	if got := TextTerm(FieldMessage, Eq, "").Match(&oneText{known: Maybe}); got != Maybe {
		t.Errorf("a text that is not known: %v", got)
	}
	if got := TextTerm(FieldMessage, Eq, "").Match(&oneText{known: No}); got != No {
		t.Errorf("a text that is not there: %v", got)
	}
}

func TestTermNamed(t *testing.T) {
	e := &Event{Strings: []string{"root", "3", "wheel"}, Extra: &Extra{Names: []string{"User", "LogonType", "user", "too many"}}}
	for _, x := range []struct {
		name, s string
		want    Tri
	}{
		{"user", "ROOT", Yes}, {"USER", "wheel", Yes}, {"logontype", "3", Yes},
		{"user", "3", No}, {"group", "wheel", No}, {"too many", "", No}, {"", "root", No},
	} {
		if got := NamedTerm(FieldNamed, x.name, Eq, x.s).Match(e); got != x.want {
			t.Errorf("%s=%s: %v, want %v", x.name, x.s, got, x.want)
		}
	}
}

// TestTermNamedIsText: what Match finds among the strings of a name is what Text gives one
// by one.
func TestTermNamedIsText(t *testing.T) {
	for _, e := range []*Event{
		{}, {Strings: []string{"a"}}, {Strings: []string{"a"}, Extra: &Extra{}},
		{Extra: &Extra{Names: []string{"n"}}},
		{Strings: []string{"x", "a", "b"}, Extra: &Extra{Names: []string{"n", "m"}}},
		{Strings: []string{"x", "a", "b", "A"}, Extra: &Extra{Names: []string{"N", "m", "n", "", "n"}}},
	} {
		for _, name := range []string{"", "n", "M", "o"} {
			for _, s := range []string{"a", "b", "x", ""} {
				term := NamedTerm(FieldNamed, name, Eq, s)
				if got, want := term.Match(e), term.Match(oneByOne{e}); got != want {
					t.Errorf("%+v: %q=%q: %v, want %v", e, name, s, got, want)
				}
			}
		}
	}
}

// oneByOne is an Event that is known as a View alone.
type oneByOne struct{ View }

func BenchmarkTermNamed(b *testing.B) {
	for _, n := range []int{16, 1 << 12} {
		e := &Event{Strings: make([]string, n), Extra: &Extra{Names: slices.Repeat([]string{"Data"}, n)}}
		term := NamedTerm(FieldNamed, "data", Eq, "x")
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if term.Match(e) != No {
					b.Fatal("found")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/string")
		})
	}
}

// FuzzTerm judges one text in all the forms in which it may lie there.
func FuzzTerm(f *testing.F) {
	for _, s := range []string{"", "a", "Disk", "KELVIN \u212a", "Straße", "\u0130\u0131", "\U0001F600x", "ab\x00", "\ufffd", "\xff", "aaab"} {
		for _, in := range []string{"", "a", "disk", "k", "\U0001F601\U0001F600X", "x\u212a\u212a", "a\x00b\x00", "\xe2\x82\ufffd", "aaaab"} {
			f.Add(s, in)
		}
	}
	f.Fuzz(func(t *testing.T, s, text string) {
		b := nt.AppendUTF16(nil, text)
		odd := append([]byte{7}, b...)
		for _, op := range textOps {
			want := plainMatch(op, s, text)
			if got := matchText(op, s, Text{S: text}); got != want {
				t.Errorf("%v %+q in the string %+q: %v, want %v", op, s, text, got, want)
			}
			if got := matchText(op, s, Text{U16: b}); got != want {
				t.Errorf("%v %+q in UTF-16 %+q: %v, want %v", op, s, text, got, want)
			}
			// Bytes are searched in every way, so they may match in one more.
			term := TextTerm(FieldData, op, s)
			if got := term.matchBytes([]byte(text)); got != want {
				t.Errorf("%v %+q in the bytes %+q: %v, want %v", op, s, text, got, want)
			}
			for name, bin := range map[string][]byte{"UTF-8": []byte(text), "UTF-16": b, "odd UTF-16": odd} {
				if want && (name != "odd UTF-16" || op == Contains) && !term.matchText(Text{Bin: bin}) && utf8.ValidString(text) {
					t.Errorf("%v %+q not in %s data %x", op, s, name, bin)
				}
			}
		}
	})
}

func BenchmarkTermMatch(b *testing.B) {
	const text = "The Print Spooler service entered the running state on server SRV1."
	u16 := nt.AppendUTF16(nil, text)
	for _, x := range []struct {
		name string
		term *Term
		text Text
	}{
		{"utf16/eq", TextTerm(FieldSource, Eq, text), Text{U16: u16}},
		{"utf16/prefix", TextTerm(FieldSource, Prefix, "the print spooler"), Text{U16: u16}},
		{"utf16/contains", TextTerm(FieldSource, Contains, "srv1"), Text{U16: u16}},
		{"utf16/contains_no", TextTerm(FieldSource, Contains, "stopped"), Text{U16: u16}},
		{"string/contains_no", TextTerm(FieldSource, Contains, "stopped"), Text{S: text}},
		{"bytes/contains_no", TextTerm(FieldData, Contains, "stopped"), Text{Bin: u16}},
	} {
		b.Run(x.name, func(b *testing.B) {
			v := &oneText{x.text, Yes}
			b.SetBytes(int64(len(x.text.U16) + len(x.text.S) + len(x.text.Bin)))
			b.ReportAllocs()
			for b.Loop() {
				x.term.Match(v)
			}
		})
	}
}
