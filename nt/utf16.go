package nt

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// notASCII has the bits that are zero in four UTF-16 units of ASCII.
const notASCII = 0xFF80_FF80_FF80_FF80

// AppendUTF8 appends the UTF-16LE text u16 to dst as UTF-8. An unpaired
// surrogate becomes U+FFFD, an odd last byte is ignored, and a NUL is a
// character like any other (cut the text with IndexNUL where it ends one). It
// allocates only where dst has no room: one byte a unit for ASCII, three at
// most.
func AppendUTF8(dst, u16 []byte) []byte {
	u16 = u16[:len(u16)&^1]
	dst = slices.Grow(dst, len(u16)/2)
	for {
		// Almost all text in event logs is ASCII: eight units at a time, then four.
		for len(u16) >= 16 {
			a, b := binary.LittleEndian.Uint64(u16), binary.LittleEndian.Uint64(u16[8:])
			if (a|b)&notASCII != 0 {
				break
			}
			dst = binary.LittleEndian.AppendUint64(dst, uint64(narrow(a))|uint64(narrow(b))<<32)
			u16 = u16[16:]
		}
		if len(u16) >= 8 {
			if a := binary.LittleEndian.Uint64(u16); a&notASCII == 0 {
				dst = binary.LittleEndian.AppendUint32(dst, narrow(a))
				u16 = u16[8:]
			}
		}
		if len(u16) == 0 {
			return dst
		}
		// Then the next few one by one: a text that is not ASCII here is mostly
		// not ASCII right after either.
		for n := 0; n < 8 && len(u16) >= 2; n++ {
			r := rune(binary.LittleEndian.Uint16(u16))
			u16 = u16[2:]
			switch {
			case r < utf8.RuneSelf:
				dst = append(dst, byte(r))
				continue
			case r < 0x800:
				dst = append(dst, 0xC0|byte(r>>6), 0x80|byte(r&0x3F))
				continue
			case utf16.IsSurrogate(r):
				var low rune
				if len(u16) >= 2 {
					low = rune(binary.LittleEndian.Uint16(u16))
				}
				r = utf16.DecodeRune(r, low)
				if r != utf8.RuneError {
					u16 = u16[2:]
				}
			}
			dst = utf8.AppendRune(dst, r)
		}
	}
}

// narrow packs four UTF-16 units of ASCII, the first in the lowest bits, into
// four bytes.
func narrow(x uint64) uint32 {
	x |= x >> 8
	x &= 0x0000_FFFF_0000_FFFF
	return uint32(x | x>>16)
}

// UTF8 returns the UTF-16LE text u16 as a string; see AppendUTF8.
func UTF8(u16 []byte) string {
	var buf [256]byte // on the stack, so that a short text costs one allocation
	return string(AppendUTF8(buf[:0], u16))
}

// FileText returns the text of a file as Windows and others write it: UTF-16 of
// either byte order behind a byte order mark, else UTF-8 with or without one. ok
// is false where there is no mark and the bytes are not UTF-8: nobody knows then
// what they are, and they are returned as they stand. Behind a mark what is
// damaged becomes U+FFFD.
func FileText(b []byte) (text string, ok bool) {
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		return UTF8(b[2:]), true
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		b = bytes.Clone(b[2:])
		for i := 0; i+1 < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
		return UTF8(b), true
	}
	if marked, ok := bytes.CutPrefix(b, []byte("\ufeff")); ok {
		return strings.ToValidUTF8(string(marked), "\ufffd"), true
	}
	return string(b), utf8.Valid(b)
}

// AppendUTF16 appends s to dst as UTF-16LE, without a final NUL. A byte that is
// not UTF-8 becomes U+FFFD, as in a range loop.
func AppendUTF16(dst []byte, s string) []byte {
	dst = slices.Grow(dst, 2*len(s)) // no character has more units than bytes
	for {
		for len(s) >= 4 {
			x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
			if x&0x8080_8080 != 0 {
				break
			}
			x = (x | x<<16) & 0x0000_FFFF_0000_FFFF
			x = (x | x<<8) & 0x00FF_00FF_00FF_00FF
			dst = binary.LittleEndian.AppendUint64(dst, x)
			s = s[4:]
		}
		if len(s) == 0 {
			return dst
		}
		for n := 0; n < 4 && len(s) > 0; n++ {
			r, size := utf8.DecodeRuneInString(s)
			s = s[size:]
			if r >= 0x10000 {
				hi, lo := utf16.EncodeRune(r)
				dst = append(dst, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8))
				continue
			}
			dst = append(dst, byte(r), byte(r>>8))
		}
	}
}

// UTF16Len returns the number of bytes that AppendUTF16 appends for s.
func UTF16Len(s string) int {
	n := 0
	for _, r := range s {
		n += 2
		if r >= 0x10000 {
			n += 2
		}
	}
	return n
}

// IndexNUL returns the byte offset of the first NUL unit of the UTF-16LE text
// u16, -1 if there is none. The offset is always even; an odd last byte is
// ignored.
func IndexNUL(u16 []byte) int {
	// A lane of 16 bits is zero where neither its upper bit is set nor adding
	// 0x7FFF to the rest carries into it. No sum leaves its lane, so, unlike in
	// the shorter (x-0x0001…)&^x&0x8000…, each lane's answer is exact.
	const low15 = 0x7FFF_7FFF_7FFF_7FFF
	i := 0
	for ; len(u16)-i >= 8; i += 8 {
		x := binary.LittleEndian.Uint64(u16[i:])
		if zero := ^((x&low15 + low15) | x | low15); zero != 0 {
			return i + bits.TrailingZeros64(zero)/16*2
		}
	}
	for ; len(u16)-i >= 2; i += 2 {
		if u16[i]|u16[i+1] == 0 {
			return i
		}
	}
	return -1
}
