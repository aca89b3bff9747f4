package message

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLangTable(t *testing.T) {
	seen := map[string]bool{}
	for i, l := range langs {
		if i > 0 && langs[i-1].lang >= l.lang {
			t.Errorf("%s: out of order", l.tag)
		}
		if seen[l.tag] {
			t.Errorf("%s comes twice", l.tag)
		}
		seen[l.tag] = true
		if l.lang.String() != l.tag {
			t.Errorf("%#x is %s, want %s", uint16(l.lang), l.lang, l.tag)
		}
		if got, err := ParseLang(l.tag); err != nil || got != l.lang {
			t.Errorf("%s is %#x, %v, want %#x", l.tag, uint16(got), err, uint16(l.lang))
		}
	}
}

func TestLang(t *testing.T) {
	for _, c := range []struct {
		text string
		want Lang
		err  string
		back string
	}{
		{"en-US", 0x0409, "", "en-US"}, {"EN-us", 0x0409, "", "en-US"}, {"de", 0x0007, "", "de"}, {"de_AT", 0x0c07, "", "de-AT"},
		{"pt-BR", 0x0416, "", "pt-BR"}, {"zh-Hans", 0x0004, "", "zh-Hans"}, {"sr-Latn-RS", 0x241a, "", "sr-Latn-RS"},
		{"de-DE-1996", 0x0407, "", "de-DE"}, {"neutral", 0, "", "neutral"}, {"0x0409", 0x409, "", "en-US"}, {"1031", 0x407, "", "de-DE"},
		{"0x8018", 0x8018, "", "0x8018"},
		{"", 0, `language "": no language identifier is known for it`, ""},
		{"xx-YY", 0, `language "xx-YY": no language identifier is known for it`, ""},
		{"-", 0, `language "-": no language identifier is known for it`, ""},
		{"0x10000", 0, `language "0x10000": not a language identifier of 16 bits`, ""},
	} {
		got, err := ParseLang(c.text)
		if got != c.want || errText(err) != c.err {
			t.Errorf("%q: have %#x, %q, want %#x, %q", c.text, uint16(got), errText(err), uint16(c.want), c.err)
		}
		if err == nil && got.String() != c.back {
			t.Errorf("%q: String is %q, want %q", c.text, got, c.back)
		}
	}
	if Lang(0x0c07).Base() != 0x0007 || Neutral.Base() != Neutral {
		t.Error("Base")
	}
}

func TestParseLangs(t *testing.T) {
	for in, want := range map[string][]Lang{
		"": nil, " , ": nil, "de": {0x0007}, "de-AT, en,neutral": {0x0c07, 0x0009, Neutral},
		strings.Repeat("de,", MaxLangs): slices.Repeat([]Lang{0x0007}, MaxLangs),
	} {
		if got, err := ParseLangs(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: have %v, %v, want %v", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"de,xx-tlh-none":                  `language "xx-tlh-none": no language identifier is known for it`,
		strings.Repeat("de,", MaxLangs+1): "17 languages or more, and 16 is the limit: over a limit",
	} {
		list, err := ParseLangs(in)
		if err == nil || err.Error() != want || len(list) == 0 {
			t.Errorf("%q: have %v, %v, want %s", in, list, err, want)
		}
	}
}

func TestOrder(t *testing.T) {
	have := func() []Lang { return []Lang{0x0411, EnglishUK, 0x0c07, English, Neutral, 0x0007, German} }
	for _, c := range []struct {
		want []Lang
		list []Lang
	}{
		{nil, []Lang{Neutral, English, EnglishUK, 0x0411, 0x0c07, 0x0007, German}},
		{[]Lang{0x0411, 0x0407}, []Lang{0x0411, German, 0x0007, 0x0c07, Neutral, English, EnglishUK}},
		{[]Lang{0x0c, 0x0409, 0x0407}, []Lang{English, EnglishUK, German, 0x0007, 0x0c07, Neutral, 0x0411}},
		{[]Lang{0x0009}, []Lang{English, EnglishUK, Neutral, 0x0411, 0x0c07, 0x0007, German}},
		{[]Lang{German}, []Lang{German, 0x0007, 0x0c07, Neutral, English, EnglishUK, 0x0411}},
		{[]Lang{0x1007}, []Lang{0x0007, German, 0x0c07, Neutral, English, EnglishUK, 0x0411}},
		{[]Lang{Neutral}, []Lang{Neutral, English, EnglishUK, 0x0411, 0x0c07, 0x0007, German}},
		{[]Lang{EnglishUK}, []Lang{EnglishUK, English, Neutral, 0x0411, 0x0c07, 0x0007, German}},
	} {
		list := have()
		Order(list, c.want...)
		if diff := cmp.Diff(c.list, list); diff != "" {
			t.Errorf("%v (-want +got)\n%s", c.want, diff)
		}
	}
}
