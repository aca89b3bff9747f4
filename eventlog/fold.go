package eventlog

import (
	"unicode"
	"unicode/utf8"
)

// Case does not count in names of logs, sources, computers and in text searches.
// This is the one rule for it: characters of the Basic Multilingual Plane are
// folded one to one, the others are compared as they are, so that folding never
// changes a length in UTF-16 units. Windows upcases by such a table too.

// EqualFold says whether a and b are the same name.
func EqualFold(a, b string) bool {
	for a != "" && b != "" {
		if a[0]|b[0] < utf8.RuneSelf {
			if a[0] != b[0] && foldASCII(a[0]) != foldASCII(b[0]) {
				return false
			}
			a, b = a[1:], b[1:]
			continue
		}
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb && foldRune(ra) != foldRune(rb) {
			return false
		}
		a, b = a[na:], b[nb:]
	}
	return a == b
}

// Fold is the form of a name under which equal names are the same string: the
// key for maps.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || c != foldASCII(c) {
			b := make([]byte, 0, len(s)+8)
			for _, r := range s {
				b = utf8.AppendRune(b, foldRune(r))
			}
			return string(b)
		}
	}
	return s
}

func foldASCII(c byte) byte {
	if c-'A' < 26 {
		return c + 'a' - 'A'
	}
	return c
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(foldASCII(byte(r)))
	}
	if r > 0xffff {
		return r
	}
	// By way of the upper case, so that letters with two lower forms meet.
	if f := unicode.ToLower(unicode.ToUpper(r)); f <= 0xffff && f >= 0 {
		return f
	}
	return r
}

func foldUnit(u uint16) uint16 {
	if u < utf8.RuneSelf {
		return uint16(foldASCII(byte(u)))
	}
	return uint16(foldRune(rune(u)))
}
