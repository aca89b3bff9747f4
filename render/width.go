package render

import (
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// wide are the ranges that take two columns of a terminal: East_Asian_Width W
// and F of Unicode 16 (UAX #11), joined where only unassigned code points lie
// between. What is ambiguous takes one.
var wide = [...][2]rune{
	{0x1100, 0x115f}, {0x231a, 0x231b}, {0x2329, 0x232a}, {0x23e9, 0x23ec}, {0x23f0, 0x23f0}, {0x23f3, 0x23f3},
	{0x25fd, 0x25fe}, {0x2614, 0x2615}, {0x2630, 0x2637}, {0x2648, 0x2653}, {0x267f, 0x267f}, {0x268a, 0x268f},
	{0x2693, 0x2693}, {0x26a1, 0x26a1}, {0x26aa, 0x26ab}, {0x26bd, 0x26be}, {0x26c4, 0x26c5}, {0x26ce, 0x26ce},
	{0x26d4, 0x26d4}, {0x26ea, 0x26ea}, {0x26f2, 0x26f3}, {0x26f5, 0x26f5}, {0x26fa, 0x26fa}, {0x26fd, 0x26fd},
	{0x2705, 0x2705}, {0x270a, 0x270b}, {0x2728, 0x2728}, {0x274c, 0x274c}, {0x274e, 0x274e}, {0x2753, 0x2755},
	{0x2757, 0x2757}, {0x2795, 0x2797}, {0x27b0, 0x27b0}, {0x27bf, 0x27bf}, {0x2b1b, 0x2b1c}, {0x2b50, 0x2b50},
	{0x2b55, 0x2b55}, {0x2e80, 0x303e}, {0x3041, 0x3247}, {0x3250, 0xa4c6}, {0xa960, 0xa97c}, {0xac00, 0xd7a3},
	{0xf900, 0xfaff}, {0xfe10, 0xfe19}, {0xfe30, 0xfe6b}, {0xff01, 0xff60}, {0xffe0, 0xffe6}, {0x16fe0, 0x18d08},
	{0x1aff0, 0x1b2fb}, {0x1d300, 0x1d376}, {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
	{0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3},
	{0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d},
	{0x1f54b, 0x1f54e}, {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f},
	{0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc},
	{0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
}

// runeWidth is the number of terminal columns that a printable character takes.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me), r >= 0x1160 && r <= 0x11ff: // marks, and vowels and finals of Hangul
		return 0
	case r < 0x1100:
		return 1
	}
	i := sort.Search(len(wide), func(i int) bool { return wide[i][1] >= r })
	if i < len(wide) && wide[i][0] <= r {
		return 2
	}
	return 1
}

// width is the number of terminal columns that safe text takes.
func width(b []byte) int {
	i := plainFrom(b, 0)
	n := i
	for i < len(b) {
		if b[i] < utf8.RuneSelf {
			n++
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		n += runeWidth(r)
		i += size
	}
	return n
}

// cut shortens safe text to at most most columns, the last an ellipsis where
// something is lost.
func cut(b []byte, most int) []byte {
	if width(b) <= most {
		return b
	}
	if most <= 0 {
		return b[:0]
	}
	n, i := 0, 0
	for i < len(b) {
		r, size := utf8.DecodeRune(b[i:])
		w := runeWidth(r)
		if n+w > most-1 {
			break
		}
		n += w
		i += size
	}
	return append(b[:i], "…"...)
}

// cutInside is cut that keeps the first columns, keep at most, and the last ones.
func cutInside(b []byte, most, keep int) []byte {
	n := width(b)
	if n <= most {
		return b
	}
	if most <= 0 {
		return b[:0]
	}
	from, to := 0, 0 // what is left out
	for to < len(b) {
		r, size := utf8.DecodeRune(b[to:])
		w := runeWidth(r)
		if n < most && w > 0 { // a mark goes with what it stands on
			break
		}
		if to += size; keep >= w && from == to-size {
			keep -= w
			from = to
			continue
		}
		n -= w
	}
	return slices.Replace(b, from, to, []byte("…")...)
}
