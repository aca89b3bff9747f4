package render

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// hostile are texts that must not reach a terminal as they are.
var hostile = []string{
	"\x1b[2J\x1b]0;owned\a", "a\rb", "a\r\nb", "a\tb", "\x00\x01\x08\x0b\x0c\x1f\x7f", "\u0080\u009b31m\u0085\u009f",
	"\u202aa\u202bb\u202cc\u202dd\u202ee", "\u2066\u2067\u2068\u2069\u200e\u200f\u061c", "\u2028\u2029",
	"\ufeff\u200b\u200c\u200d\u2060\u00ad\u180e", "\U000e0001\U000e0041\U0001d173", "\ufffe\uffff\U0010ffff\ufdd0",
	"\xff\xfe\xc0\x80\xed\xa0\x80", "=cmd|' /C calc'!A0", "＝1+1", "\t=1", "<a href=\"x\">&amp;]]></a>", "'\"\\|,;:", "日本\x1b語",
	"0123456\x1b", "01234567\x1b", strings.Repeat("x", 70000) + "\u202e", " \n ", "\n", "",
}

func hostileEvent(s string) *eventlog.Event {
	return &eventlog.Event{
		Origin: &eventlog.Origin{Server: s, Log: s}, Source: s, Computer: s, User: nt.SID(s), Strings: []string{s, s}, Data: []byte(s),
		Message: s, MessageBy: eventlog.ByEvent, Extra: &eventlog.Extra{Channel: s, Names: []string{s}, XML: s}, Raw: []byte(s),
	}
}

// checkOutput says what in an output must not be there.
func checkOutput(form Form, out string) error {
	if !utf8.ValidString(out) {
		return fmt.Errorf("not UTF-8")
	}
	for i, r := range out {
		switch {
		case r == '\n', form == CSV && (r == '\t' || r == '\r' && strings.HasPrefix(out[i:], "\r\n")):
			continue
		case forbidden(r):
			return fmt.Errorf("%U at %d: %q", r, i, out[max(0, i-20):min(len(out), i+20)])
		}
	}
	return nil
}

// forbidden is the rule in other words than unsafeRune.
func forbidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point, unicode.Bidi_Control)
}

func TestHostile(t *testing.T) {
	every, _, err := ParseFields(strings.Join(fieldNames(), ","))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range hostile {
		e, plain := hostileEvent(s), hostileEvent(s)
		plain.MessageBy, plain.Message, plain.Extra = eventlog.NotFound, "", nil
		for _, tt := range []struct {
			form Form
			opts Options
		}{
			{Table, Options{}}, {Table, Options{Width: 60, Data: true}}, {Table, Options{Fields: every}}, {Classic, Options{}},
			{JSON, Options{}}, {CSV, Options{Fields: every}}, {XML, Options{}},
		} {
			out := renderAll(t, tt.form, &tt.opts, []*eventlog.Event{e, plain})
			if err := checkOutput(tt.form, out); err != nil {
				t.Errorf("%v of %.40q: %v", tt.form, s, err)
			}
			if tt.form == XML {
				if err := wellFormed(out); err != nil {
					t.Errorf("xml of %.40q: %v", s, err)
				}
			}
			if n := strings.Count(out, "\n"); tt.form != CSV && tt.form != XML && !tt.opts.Data && n != 2+b2i(tt.form == Table) {
				t.Errorf("%v of %.40q has %d lines", tt.form, s, n)
			}
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestUnsafeRune(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue
		}
		if unsafeRune(r) != forbidden(r) {
			t.Fatalf("unsafeRune(%U) = %v", r, unsafeRune(r))
		}
	}
}

func TestSafeText(t *testing.T) {
	for _, tt := range []struct{ in, visible, line, csv string }{
		{"plain text", "plain text", "plain text", "plain text"},
		{`a\b`, `a\b`, `a\b`, `a\b`},
		{"\r\n one \t\r\n two\n", `\x0d\x0a one \x09\x0d\x0a two\x0a`, "one two", "\r\n one \t\r\n two\n"},
		{"a\rb\x1b", `a\x0db\x1b`, `a b\x1b`, `a\x0db\x1b`},
		{"é\u202e\u009b\U000e0041\xff", `é\u202e\x9b\U000e0041` + "\ufffd", `é\u202e\x9b\U000e0041` + "\ufffd", `é\u202e\x9b\U000e0041` + "\ufffd"},
		{"  two  spaces  ", "  two  spaces  ", "  two  spaces  ", "  two  spaces  "},
	} {
		for _, c := range []struct{ what, got, want string }{
			{"appendVisible", string(appendVisible([]byte("x "), tt.in)), "x " + tt.visible},
			{"appendLine", string(appendLine([]byte("x "), tt.in)), "x " + tt.line},
			{"appendCSVText", string(appendCSVText([]byte("x "), tt.in)), "x " + tt.csv},
		} {
			if c.got != c.want {
				t.Errorf("%s(%q) = %q, want %q", c.what, tt.in, c.got, c.want)
			}
		}
	}
}

func TestPlainFrom(t *testing.T) {
	for n := range 40 {
		for start := range n + 1 {
			b := bytes.Repeat([]byte("~"), n)
			for i := 0; i < start; i++ {
				b[i] = 0x1b // before the start nothing counts
			}
			if got := plainFrom(b, start); got != n {
				t.Fatalf("plainFrom(%q, %d) = %d", b, start, got)
			}
			for at := start; at < n; at++ {
				for _, c := range []byte{0, 0x1f, 0x7f, 0x80, 0xff} {
					b[at] = c
					if got := plainFrom(b, start); got != at {
						t.Fatalf("plainFrom(%q, %d) = %d, want %d", b, start, got, at)
					}
					b[at] = ' '
				}
			}
		}
	}
}

func TestWidth(t *testing.T) {
	for _, tt := range []struct {
		s    string
		n    int
		most int
		cut  string
	}{
		{"", 0, 0, ""},
		{"abc", 3, 3, "abc"},
		{"abcd", 4, 3, "ab…"},
		{"abcd", 4, 0, ""},
		{"日本語", 6, 6, "日本語"},
		{"日本語", 6, 5, "日本…"},
		{"日本語", 6, 4, "日…"},
		{"日本語", 6, 1, "…"},
		{"e\u0301e\u0301e\u0301", 3, 2, "e\u0301…"},
		{"ＡＢ한글", 8, 7, "ＡＢ한…"},
		{"ไม่", 2, 2, "ไม่"},
		{"🙂x", 3, 2, "…"},
		{"naïve", 5, 5, "naïve"},
	} {
		if got := width([]byte(tt.s)); got != tt.n {
			t.Errorf("width(%q) = %d, want %d", tt.s, got, tt.n)
		}
		if got := string(cut([]byte(tt.s), tt.most)); got != tt.cut {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.s, tt.most, got, tt.cut)
		}
	}
	for i, w := range wide {
		if w[1] < w[0] || i > 0 && w[0] <= wide[i-1][1] {
			t.Errorf("wide[%d] is out of order", i)
		}
	}
}

// TestCutLines holds every line of the table within every terminal.
func TestCutLines(t *testing.T) {
	events := testEvents()
	for _, s := range hostile {
		events = append(events, hostileEvent(s))
	}
	for n := 1; n < 200; n++ {
		for line := range strings.SplitSeq(renderAll(t, Table, &Options{Width: n}, events), "\n") {
			if got := width([]byte(line)); got > n {
				t.Fatalf("a line of %d columns on a terminal of %d: %q", got, n, line)
			}
		}
	}
}

func TestCSV(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"=1+1", "'=1+1"}, {"+1", "'+1"}, {"-1", "'-1"}, {"@SUM(1)", "'@SUM(1)"}, {"\t=1", "'\t=1"}, {"\n=1", "'\n=1"}, {"\r\n=", "'\n="},
		{"＝1", "'＝1"}, {"＋1", "'＋1"}, {"－1", "'－1"}, {"＠1", "'＠1"}, {"\r=", `\x0d=`}, {"a=1", "a=1"}, {"'=1", "'=1"}, {" x ", " x "},
		{`he said "no", and left`, `he said "no", and left`}, {"two\r\nlines", "two\nlines"}, // encoding/csv drops the CR of a CRLF
	} {
		out := renderAll(t, CSV, &Options{Fields: []Field{FieldSource, FieldID}}, []*eventlog.Event{{Source: tt.in, ID: 5}})
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Errorf("%q: %v", out, err)
			continue
		}
		equal(t, fmt.Sprintf("csv of %q", tt.in), rows, [][]string{{"source", "id"}, {tt.want, "5"}})
	}
	out := renderAll(t, CSV, &Options{Fields: []Field{FieldSource}}, []*eventlog.Event{{}, {Source: "x"}})
	if want := "source\r\n\"\"\r\nx\r\n"; out != want {
		t.Errorf("csv of an empty cell alone: %q, want %q", out, want)
	}
}

func FuzzSafe(f *testing.F) {
	for _, s := range hostile {
		f.Add(s[:min(len(s), 100)], uint8(30))
	}
	f.Fuzz(func(t *testing.T, s string, n uint8) {
		for _, c := range []struct {
			form Form
			got  []byte
		}{
			{Table, appendVisible(nil, s)}, {Table, appendLine([]byte("x"), s)}, {Table, cut(appendLine(nil, s), int(n))},
			{CSV, appendQuoted(nil, appendCSVText(nil, s))}, {JSON, appendString([]byte(`"`), s)}, {XML, appendXMLText(nil, s)},
			{Classic, AppendClassic(nil, hostileEvent(s), nil)}, {XML, AppendXML(nil, hostileEvent(s))},
		} {
			if err := checkOutput(c.form, string(c.got)); err != nil {
				t.Errorf("%v of %q: %v", c.form, s, err)
			}
		}
		if got := width(cut(appendLine(nil, s), int(n))); got > int(n) {
			t.Errorf("cut(%q, %d) takes %d", s, n, got)
		}
		if err := wellFormed(string(AppendXML(nil, hostileEvent(s)))); err != nil {
			t.Errorf("xml of %q: %v", s, err)
		}
	})
}
