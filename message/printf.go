package message

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// isNumeric says whether a verb is for whole numbers. Those for floating point
// are not: FormatMessage does not know them.
func isNumeric(verb byte) bool {
	switch verb {
	case 'd', 'i', 'u', 'o', 'x', 'X', 'p':
		return true
	}
	return false
}

// number appends s in the form of p, if it is a number and the form for one. A
// number that the form's size does not hold is not cut to it: it is text.
func (p *piece) number(dst []byte, s string, prec int) ([]byte, bool) {
	if p.verb == 'c' || p.verb == 'C' {
		return character(dst, s)
	}
	if !isNumeric(p.verb) {
		return dst, false
	}
	negative, v, ok := integer(s)
	if !ok {
		return dst, false
	}
	bits := 32
	switch {
	case p.size == 'l' || p.verb == 'p':
		bits = 64
	case p.size == 'h':
		bits = 16
	}
	if mask := ^uint64(0) >> (64 - bits); negative && v > mask>>1+1 || v > mask {
		return dst, false
	} else if signed := p.verb == 'd' || p.verb == 'i'; !signed && negative {
		negative, v = false, -v&mask
	} else if signed && !negative && v > mask>>1 {
		return dst, false
	}
	sign, base := "", 10
	switch p.verb {
	case 'o':
		base = 8
	case 'x', 'X', 'p':
		base = 16
	case 'd', 'i':
		switch {
		case negative:
			sign = "-"
		case p.flags&flagPlus != 0:
			sign = "+"
		case p.flags&flagSpace != 0:
			sign = " "
		}
	}
	var buf [24]byte
	digits := strconv.AppendUint(buf[:0], v, base)
	if p.verb == 'X' || p.verb == 'p' {
		for i, c := range digits {
			if c >= 'a' {
				digits[i] = c - 'a' + 'A'
			}
		}
	}
	if p.verb == 'p' {
		prec = 16
	}
	if prec == 0 && v == 0 {
		digits = nil
	}
	if p.flags&flagAlt != 0 && v != 0 {
		switch p.verb {
		case 'x':
			sign = "0x"
		case 'X':
			sign = "0X"
		case 'o':
			if prec <= len(digits) {
				prec = len(digits) + 1
			}
		}
	}
	dst = append(dst, sign...)
	for n := min(prec, MaxWidth) - len(digits); n > 0; n-- {
		dst = append(dst, '0')
	}
	return append(dst, digits...), true
}

// integer parses a decimal number, or a hexadecimal one behind 0x.
func integer(s string) (negative bool, v uint64, ok bool) {
	if len(s) > 1 && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	base := 10
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		base, s = 16, s[2:]
	}
	if s == "" || len(s) > 64 || strings.TrimLeft(s, "0123456789abcdefABCDEF") != "" {
		return false, 0, false
	}
	v, err := strconv.ParseUint(s, base, 64)
	if err != nil || negative && v > 1<<63 {
		return false, 0, false
	}
	return negative && v != 0, v, true
}

// character appends the character that a number of two digits or more stands for:
// FormatMessage takes numbers, but a string of one character is that character.
func character(dst []byte, s string) ([]byte, bool) {
	if len(s) < 2 {
		return dst, false
	}
	negative, v, ok := integer(s)
	if !ok || negative || v < ' ' || v > utf8.MaxRune || !utf8.ValidRune(rune(v)) {
		return dst, false
	}
	return utf8.AppendRune(dst, rune(v)), true
}

// fill fills what stands behind at up to a width in characters: with spaces, on
// the left if not told otherwise, or with zeros behind the sign of a number.
func (*inserter) fill(dst []byte, at, width int, flags uint8, number bool) []byte {
	n := width - utf8.RuneCount(dst[at:])
	if n <= 0 {
		return dst
	}
	c := byte(' ')
	where := at
	switch {
	case flags&flagMinus != 0:
		where = len(dst)
	case flags&flagZero != 0:
		c = '0'
		if number && at < len(dst) && strings.IndexByte("+- ", dst[at]) >= 0 {
			where++
		} else if number && len(dst)-at > 1 && dst[at] == '0' && dst[at+1]|0x20 == 'x' {
			where += 2
		}
	}
	old := len(dst)
	dst = slices.Grow(dst, n)[:old+n]
	copy(dst[where+n:], dst[where:old])
	for i := range n {
		dst[where+i] = c
	}
	return dst
}
