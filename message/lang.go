package message

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Lang is a language identifier, LANGID: the primary language in the low ten bits,
// the sublanguage above ([MS-LCID] 2.1). It is the low half of an LCID.
type Lang uint16

// Languages that have a part in looking up.
const (
	Neutral Lang = 0      // LANG_NEUTRAL: no language at all
	English Lang = 0x0409 // en-US

	sublangDefault Lang = 0x0400 // SUBLANG_DEFAULT: the first place of a language
)

// Base is the language without its place: de for de-AT. It is Neutral for Neutral.
func (l Lang) Base() Lang { return l & 0x3ff }

// search is where l stands in langs.
func (l Lang) search() (int, bool) {
	lo, hi := 0, len(langs)
	for lo < hi {
		if m := int(uint(lo+hi) >> 1); langs[m].lang < l {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo, lo < len(langs) && langs[lo].lang == l
}

// String is the BCP 47 tag, "de-AT"; "neutral" for Neutral, and "0x1234" for what
// has no tag.
func (l Lang) String() string {
	if l == Neutral {
		return "neutral"
	}
	if i, ok := l.search(); ok {
		return langs[i].tag
	}
	return fmt.Sprintf("0x%04x", uint16(l))
}

// ParseLang parses what String gives, in any case: a BCP 47 tag that Windows has an
// identifier for, "neutral", or a number in C's notation. A tag with parts that
// Windows does not know means what is left without them: "de-DE-1996" is "de-DE".
func ParseLang(s string) (Lang, error) {
	if strings.EqualFold(s, "neutral") {
		return Neutral, nil
	}
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		n, err := strconv.ParseUint(s, 0, 16)
		if err != nil {
			return 0, fmt.Errorf("language %q: not a language identifier of 16 bits", s)
		}
		return Lang(n), nil
	}
	for tag := strings.ReplaceAll(s, "_", "-"); tag != ""; {
		for i := range langs {
			if strings.EqualFold(langs[i].tag, tag) {
				return langs[i].lang, nil
			}
		}
		i := strings.LastIndexByte(tag, '-')
		if i < 0 {
			break
		}
		tag = tag[:i]
	}
	return 0, fmt.Errorf("language %q: no language identifier is known for it", s)
}

// codePage is the code page of ANSI text in l, 1252 where it is not known.
func (l Lang) codePage() uint16 {
	for _, l := range [...]Lang{l, l.Base()} {
		if i, ok := l.search(); ok && langs[i].ansi != 0 {
			return langs[i].ansi
		}
	}
	return 1252
}

// MaxLangs is how many languages can be wanted at once.
const MaxLangs = 16

// ParseLangs parses a list of languages, separated by commas, the one wanted most
// first: "de,en". The empty list is none in particular.
func ParseLangs(s string) ([]Lang, error) {
	var list []Lang
	for tag := range strings.SplitSeq(s, ",") {
		if tag = strings.TrimSpace(tag); tag == "" {
			continue
		}
		l, err := ParseLang(tag)
		if err != nil {
			return list, err
		}
		if len(list) == MaxLangs {
			return list, over("languages or more", MaxLangs+1, MaxLangs)
		}
		list = append(list, l)
	}
	return list, nil
}

// ranks is how many values rank has.
func ranks(want []Lang) int { return 4*len(want) + 4 }

// rank is how far l is from what is wanted: 0 the first language itself, then its
// base form, its first place (de-DE, en-US), any other place of it; the same of each
// further one; no language, English, any other language.
func (l Lang) rank(want []Lang) int {
	for i, w := range want {
		switch {
		case l == w:
			return 4 * i
		case l == w.Base():
			return 4*i + 1
		case l == w.Base()|sublangDefault && w != Neutral:
			return 4*i + 2
		case l.Base() == w.Base():
			return 4*i + 3
		}
	}
	last := 4 * len(want)
	switch {
	case l == Neutral:
		return last
	case l == English:
		return last + 1
	case l.Base() == English.Base():
		return last + 2
	}
	return last + 3
}

// Order sorts have into the order in which a text is looked for when the languages
// want are wanted, the first most: each of them, its base form, its first place, other places of the
// same language; then no language, US English, other English, and the rest as they
// came. No want, or Neutral, means: none in particular.
func Order(have []Lang, want ...Lang) {
	slices.SortStableFunc(have, func(a, b Lang) int { return a.rank(want) - b.rank(want) })
}
