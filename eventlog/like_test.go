package eventlog

import (
	"regexp"
	"strings"
	"testing"

	"netelf.example/nt"
)

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"***", "x", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"?", "\U0001F600", true},
		{"?", "ß", true},
		{"a*", "Abc", true},
		{"*c", "abC", true},
		{"*b*", "abc", true},
		{"a*c", "abcbc", true},
		{"a*c", "abcb", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"*ab?", "aabab", false},
		{"*ab?", "aababx", true},
		{"10.*", "10.1.2.3", true},
		{"10.*", "110.1.2.3", false},
		{`a\*c`, "a*c", true},
		{`a\*c`, "abc", false},
		{`a\?c`, "a?c", true},
		{`c:\\w*`, `C:\Windows`, true},
		{`c:\`, `c:\`, true},
		{"*Ö*", "größe", true},
		{"\u212a?", "kk", true},
	} {
		b := nt.AppendUTF16(nil, tt.text)
		for name, x := range map[string]Text{"string": {S: tt.text}, "UTF-16": {U16: b}, "bytes": {Bin: []byte(tt.text)}, "bytes, UTF-16": {Bin: b}} {
			if strings.HasPrefix(name, "bytes") && strings.HasPrefix(tt.pattern, "?") || len(b) == 0 && name != "string" {
				continue // two bytes are one character in one encoding and two in the other
			}
			if got := matchText(Like, tt.pattern, x); got != tt.want {
				t.Errorf("%q like %q as %s: %v", tt.text, tt.pattern, name, got)
			}
		}
	}
	if !matchText(Like, "*ab", Text{Bin: append([]byte{1}, nt.AppendUTF16(nil, "xAB")...)}) {
		t.Error("UTF-16 at an odd offset is not found")
	}
	if !matchText(Like, "a?b", Text{U16: []byte{'a', 0, 0, 0xd8, 'b', 0}}) {
		t.Error("half of a pair is no character")
	}
}

func FuzzLike(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*\u00f6*", "GRÖSSE")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if strings.Contains(pattern, `\`) || len(pattern) > 40 {
			return
		}
		pattern, text = strings.ToValidUTF8(pattern, ""), strings.ToValidUTF8(text, "")
		re := regexp.QuoteMeta(Fold(pattern))
		re = strings.NewReplacer(`\*`, `(?s:.*)`, `\?`, `(?s:.)`).Replace(re)
		want := regexp.MustCompile(`\A` + re + `\z`).MatchString(Fold(text))
		if got := matchText(Like, pattern, Text{S: text}); got != want {
			t.Errorf("%q like %q: %v", text, pattern, got)
		}
		if b := nt.AppendUTF16(nil, text); len(b) > 0 && matchText(Like, pattern, Text{U16: b}) != want {
			t.Errorf("%q like %q in UTF-16: not %v", text, pattern, want)
		}
	})
}

func TestNumberTerm(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    uint64
		ok   bool
	}{
		{"", 0, false}, {" ", 0, false}, {"0", 0, true}, {"42", 42, true}, {" 42\r\n", 42, true}, {"4 2", 0, false},
		{"0x2A", 42, true}, {"0X2a ", 42, true}, {"0x", 0, false}, {"0x0x1", 0, false}, {"2A", 0, false}, {"x2", 0, false},
		{"18446744073709551615", 1<<64 - 1, true}, {"18446744073709551616", 0, false}, {"0xffffffffffffffff", 1<<64 - 1, true},
		{"0x10000000000000000", 0, false}, {"-1", 0, false}, {"1.5", 0, false}, {"00x1", 0, false},
	} {
		for _, x := range []Text{{S: tt.text}, {U16: nt.AppendUTF16([]byte{}, tt.text)}} {
			if n, ok := x.number(); ok != tt.ok || ok && n != tt.n {
				t.Errorf("%q: %d, %v, want %d, %v", tt.text, n, ok, tt.n, tt.ok)
			}
		}
	}
	e := &Event{Strings: []string{"bob", "0x10", "300"}, Extra: &Extra{Names: []string{"User", "Mask", "Port"}}}
	for _, tt := range []struct {
		x    *Term
		want Tri
	}{
		{NumberTerm(FieldString, "", Range, 300, 400), Yes},
		{NumberTerm(FieldString, "", Range, 301, 400), No},
		{NumberTerm(FieldString, "2", Range, 300, 400), No},
		{NumberTerm(FieldString, "3", Range, 300, 400), Yes},
		{NumberTerm(FieldString, "4", Range, 0, 1<<64-1), No},
		{NumberTerm(FieldNamed, "mask", BitAnd, 0x30, 0x30), Yes},
		{NumberTerm(FieldNamed, "mask", BitAnd, 0x20, 0x20), No},
		{NamedTerm(FieldString, "1", Eq, "BOB"), Yes},
		{NamedTerm(FieldString, "2", Eq, "bob"), No},
		{NamedTerm(FieldString, "", Differs, "bob"), Yes},
		{NamedTerm(FieldString, "1", Differs, "bob"), No},
		{NamedTerm(FieldNamed, "User", Differs, "x"), Yes},
		{NamedTerm(FieldNamed, "Nobody", Differs, "x"), No},
	} {
		if got := tt.x.Match(e); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.x, got, tt.want)
		}
	}
}
