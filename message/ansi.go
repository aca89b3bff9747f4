package message

import "unicode/utf8"

// cp1252 is what the bytes 0x80 to 0x9f mean in code page 1252; the other bytes are
// the characters of the same number. Windows maps the five that are not assigned
// to the control characters of the same number.
var cp1252 = [32]rune{
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
}

// appendANSI appends the ANSI text b of a language. Of code pages other than 1252
// only the ASCII half is known: the rest becomes U+FFFD, one for each byte.
func appendANSI(dst, b []byte, lang Lang) []byte {
	western := lang.codePage() == 1252
	for _, c := range b {
		switch {
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		case !western:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		case c < 0xa0:
			dst = utf8.AppendRune(dst, cp1252[c-0x80])
		default:
			dst = utf8.AppendRune(dst, rune(c))
		}
	}
	return dst
}
