package render

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// Every text of an event is written by whoever could write to the log, or forge
// a file. Nothing here lets a character through that moves a cursor, changes the
// direction of what stands around it, or cannot be seen at all.

// unsafeRune says whether r must not reach a terminal as it is: controls (C0,
// DEL, C1), format characters (category Cf: bidirectional controls, zero-width
// characters, the byte order mark, tags), line and paragraph separators, and
// what is no character.
func unsafeRune(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r < 0xad:
		return false
	case r >= 0x2100 && r < 0xd800: // scripts and symbols, ideographs, Hangul
		return false
	case r == 0x2028, r == 0x2029:
		return true
	case r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe:
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

const (
	ones  = 0x0101_0101_0101_0101
	highs = 0x80 * ones
)

// oddByte marks by its highest bit the first byte of x, from the lowest on, that
// is not printable ASCII. What it says of the bytes above that one is void.
func oddByte(x uint64) uint64 {
	return (x | (x + ones) | (x - 0x20*ones)) & highs
}

// oddJSON is oddByte, and marks the quotation mark and the backslash too.
func oddJSON(x uint64) uint64 {
	return (x | (x + ones) | (x - 0x20*ones) | (x ^ '"'*ones - ones) | (x ^ '\\'*ones - ones)) & highs
}

// oddCSV is oddByte, and marks the quotation mark and the comma too.
func oddCSV(x uint64) uint64 {
	return (x | (x + ones) | (x - 0x20*ones) | (x ^ '"'*ones - ones) | (x ^ ','*ones - ones)) & highs
}

// tail is the last n bytes of b, 0 < n < 8, as the low bytes of a word that is
// filled with spaces.
func tail(b []byte, n int) uint64 {
	const spaces = 0x20 * ones
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b[len(b)-8:])>>(64-8*n) | spaces<<(8*n)
	}
	x := uint64(spaces)
	for i, c := range b[len(b)-n:] {
		x = x&^(0xff<<(8*i)) | uint64(c)<<(8*i)
	}
	return x
}

// plainFrom is the offset in b, from start on, of the first byte that is not
// printable ASCII; len(b) if there is none.
func plainFrom(b []byte, start int) int {
	i := start
	for ; len(b)-i >= 8; i += 8 {
		if m := oddByte(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	if n := len(b) - i; n > 0 {
		if m := oddByte(tail(b, n)); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	return len(b)
}

// appendPlain appends what of s can stand as it is, mostly all of it, and answers the
// rest.
func appendPlain(dst []byte, s string) (_ []byte, rest string) {
	start := len(dst)
	dst = append(dst, s...)
	i := plainFrom(dst, start)
	return dst[:i], s[i-start:]
}

// appendVisible appends s for a terminal. Printable characters stay as they are,
// a backslash too; the others become \x1b, \u202e or \U000e0041, and a byte that
// is not UTF-8 becomes U+FFFD.
func appendVisible(dst []byte, s string) []byte {
	dst, s = appendPlain(dst, s)
	for _, r := range s {
		if unsafeRune(r) {
			dst = appendEscape(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// appendLine is appendVisible for a text that is to be one line: a run of line
// ends and tabs, with the spaces around it, becomes one space, and none at the
// start and the end.
func appendLine(dst []byte, s string) []byte {
	start := len(dst)
	dst, s = appendPlain(dst, s)
	gap := false
	for _, r := range s {
		if r == '\r' || r == '\n' || r == '\t' {
			gap = true
			for len(dst) > start && dst[len(dst)-1] == ' ' {
				dst = dst[:len(dst)-1]
			}
			continue
		}
		if gap {
			if r == ' ' {
				continue
			}
			if gap = false; len(dst) > start {
				dst = append(dst, ' ')
			}
		}
		if unsafeRune(r) {
			dst = appendEscape(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendEscape appends r as \x1b, \u202e or \U000e0041.
func appendEscape(dst []byte, r rune) []byte {
	kind, n := byte('U'), 8
	switch {
	case r < 0x100:
		kind, n = 'x', 2
	case r < 0x10000:
		kind, n = 'u', 4
	}
	return appendHex(append(dst, '\\', kind), uint64(r), n)
}

// appendHex appends the low n hexadecimal digits of x.
func appendHex(dst []byte, x uint64, n int) []byte {
	for n--; n >= 0; n-- {
		dst = append(dst, hexDigits[x>>(4*n)&15])
	}
	return dst
}
