package even

import (
	"strings"
	"unicode/utf8"
)

// high is what the bytes 0x80 to 0x9f are in code page 1252; the five that are
// undefined stand for the control characters of their number, as Windows converts
// them. All other bytes are the characters of their number.
var high = [32]rune{
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
}

// fromANSI is text of code page 1252.
func fromANSI(s string) string {
	if ascii(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/2)
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x80 && c < 0xa0:
			b.WriteRune(high[c-0x80])
		default:
			b.WriteRune(rune(c))
		}
	}
	return b.String()
}

// toANSI is text in code page 1252, with question marks for what that does not
// have.
func toANSI(s string) string {
	if ascii(s) {
		return s
	}
	return string(appendANSI(nil, s))
}

func appendANSI(dst []byte, s string) []byte {
	for _, r := range s {
		dst = append(dst, ansiByte(r))
	}
	return dst
}

func ansiByte(r rune) byte {
	if r < 0x80 || r >= 0xa0 && r <= 0xff {
		return byte(r)
	}
	for i, h := range high {
		if h == r {
			return byte(0x80 + i)
		}
	}
	return '?'
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
