package eventlog

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// What stands in a pattern beside characters.
const (
	likeAny rune = -1 // *
	likeOne rune = -2 // ?
)

// parseLike takes a folded pattern apart. Several * in a row are one.
func parseLike(folded string) []rune {
	p := make([]rune, 0, len(folded))
	taken := false // the next character is taken as it is
	for _, r := range folded {
		switch {
		case taken:
			taken = false
			p = append(p, r)
		case r == '\\':
			taken = true
		case r == '*':
			if n := len(p); n == 0 || p[n-1] != likeAny {
				p = append(p, likeAny)
			}
		case r == '?':
			p = append(p, likeOne)
		default:
			p = append(p, r)
		}
	}
	if taken {
		p = append(p, '\\')
	}
	return p
}

func (t *Term) matchLike(x Text) bool {
	switch {
	case x.U16 != nil:
		return like(t.like, unitText(x.U16))
	case x.Bin != nil:
		switch {
		case like(t.like, byteText(x.Bin)), len(x.Bin)%2 == 0 && like(t.like, unitText(x.Bin)):
			return true
		}
		// At any offset, as Contains looks, where the pattern takes what is before.
		return len(x.Bin)%2 == 1 && len(t.like) > 0 && t.like[0] == likeAny && like(t.like, unitText(x.Bin[1:]))
	}
	return like(t.like, stringText(x.S))
}

// chars is text of one encoding: the character at an offset, and the next offset.
type chars interface {
	size() int
	at(i int) (r rune, next int)
}

type (
	stringText string
	byteText   []byte
	unitText   []byte // UTF-16LE
)

func (s stringText) size() int { return len(s) }
func (s stringText) at(i int) (rune, int) {
	r, n := utf8.DecodeRuneInString(string(s[i:]))
	return r, i + n
}

func (s byteText) size() int { return len(s) }
func (s byteText) at(i int) (rune, int) {
	r, n := utf8.DecodeRune(s[i:])
	return r, i + n
}

func (s unitText) size() int { return len(s) &^ 1 }
func (s unitText) at(i int) (rune, int) {
	r := rune(binary.LittleEndian.Uint16(s[i:]))
	if utf16.IsSurrogate(r) {
		if i+4 <= len(s) {
			if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(s[i+2:]))); pair != utf8.RuneError {
				return pair, i + 4
			}
		}
		r = utf8.RuneError
	}
	return r, i + 2
}

// like goes back to the last * alone, so that the work is at most the product of
// the two lengths.
func like[T chars](p []rune, s T) bool {
	at, i := 0, 0
	star, from := -1, 0 // the pattern behind the last *, and where its text began
	for i < s.size() {
		r, next := s.at(i)
		switch {
		case at < len(p) && p[at] == likeAny:
			at++
			star, from = at, i
		case at < len(p) && (p[at] == likeOne || p[at] == foldRune(r)):
			at, i = at+1, next
		case star >= 0:
			_, from = s.at(from)
			at, i = star, from
		default:
			return false
		}
	}
	for at < len(p) && p[at] == likeAny {
		at++
	}
	return at == len(p)
}

// number is the whole number that a text is: decimal, or hexadecimal with 0x.
func (x Text) number() (uint64, bool) {
	switch {
	case x.U16 != nil:
		return numberOf(unitText(x.U16))
	case x.Bin != nil:
		return 0, false
	}
	return numberOf(stringText(x.S))
}

func numberOf[T chars](s T) (n uint64, ok bool) {
	base := uint64(10)
	end := false // blanks behind the digits
	digits := 0
	for i := 0; i < s.size(); {
		r, next := s.at(i)
		i = next
		d := uint64(99)
		switch {
		case r == ' ' || r == '\t' || r == '\r' || r == '\n':
			end = ok
			continue
		case end:
			return 0, false
		case r >= '0' && r <= '9':
			d = uint64(r - '0')
		case (r == 'x' || r == 'X') && digits == 1 && n == 0 && base == 10:
			base, ok = 16, false
			continue
		case r|0x20 >= 'a' && r|0x20 <= 'f':
			d = uint64(r|0x20-'a') + 10
		}
		if d >= base || n > (1<<64-1-d)/base {
			return 0, false
		}
		n, ok = n*base+d, true
		digits++
	}
	return n, ok
}
