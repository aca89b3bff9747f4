package render

import (
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// maxSkipDepth bounds the nesting of values that are skipped.
const maxSkipDepth = 64

// jsonReader reads the values of RFC 8259 from a slice.
type jsonReader struct {
	b       []byte
	i       int
	at      int    // where the token began that is being read, for errors
	scratch []byte // the last string that had escapes
}

func (r *jsonReader) space() {
	for r.i < len(r.b) && (r.b[r.i] == ' ' || r.b[r.i] == '\t' || r.b[r.i] == '\n' || r.b[r.i] == '\r') {
		r.i++
	}
}

func (r *jsonReader) take(c byte) bool {
	if r.i < len(r.b) && r.b[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *jsonReader) expect(c byte) error {
	if r.take(c) {
		return nil
	}
	return r.want(fmt.Sprintf("%q", c))
}

// want is the error for something else than what.
func (r *jsonReader) want(what string) error {
	r.at = r.i
	if r.i >= len(r.b) {
		return fmt.Errorf("ends where %s is due", what)
	}
	return fmt.Errorf("%q where %s is due", r.b[r.i], what)
}

func (r *jsonReader) word(s string) bool {
	if len(r.b)-r.i >= len(s) && string(r.b[r.i:r.i+len(s)]) == s {
		r.i += len(s)
		return true
	}
	return false
}

func (r *jsonReader) null() bool { return r.word("null") }

func (r *jsonReader) digit() bool { return r.i < len(r.b) && r.b[r.i]-'0' <= 9 }

func (r *jsonReader) bool() (bool, error) {
	switch {
	case r.word("true"):
		return true, nil
	case r.word("false"):
		return false, nil
	}
	return false, r.want("true or false")
}

// number reads a whole number that is not negative and has so many bits.
func (r *jsonReader) number(bits int) (uint64, error) {
	r.at = r.i
	if !r.digit() {
		return 0, r.want("a whole number")
	}
	most := uint64(1)<<bits - 1 // all ones for 64
	var n uint64
	for ; r.digit(); r.i++ {
		d := uint64(r.b[r.i] - '0')
		if n > (most-d)/10 {
			return 0, fmt.Errorf("a number over %d", most)
		}
		if n == 0 && r.i > r.at {
			return 0, errors.New("a number with a leading zero")
		}
		n = n*10 + d
	}
	if r.i < len(r.b) && (r.b[r.i] == '.' || r.b[r.i]|0x20 == 'e') {
		return 0, errors.New("a number that is not whole")
	}
	return n, nil
}

// text reads a string; if it is equal to old, old is answered and nothing is
// allocated.
func (r *jsonReader) text(old string) (string, error) {
	b, err := r.bytes()
	if err != nil {
		return "", err
	}
	if string(b) == old {
		return old, nil
	}
	return string(b), nil
}

// texts reads an array of strings into the memory of dst.
func (r *jsonReader) texts(dst []string) ([]string, error) {
	dst = dst[:0]
	if err := r.expect('['); err != nil {
		return dst, err
	}
	r.space()
	if r.take(']') {
		return dst, nil
	}
	for {
		r.space()
		s, err := r.text("")
		if err != nil {
			return dst, err
		}
		dst = append(dst, s)
		r.space()
		if r.take(']') {
			return dst, nil
		}
		if err := r.expect(','); err != nil {
			return dst, err
		}
	}
}

// bytes reads a string, which is good until the next one. What is not UTF-8, and
// a surrogate without its other half, becomes U+FFFD.
func (r *jsonReader) bytes() ([]byte, error) {
	if err := r.expect('"'); err != nil {
		return nil, err
	}
	r.at = r.i - 1
	start := r.i
	for r.i < len(r.b) {
		c := r.b[r.i]
		switch {
		case c == '"':
			r.i++
			return r.b[start : r.i-1], nil
		case c < 0x20:
			return nil, errors.New("a control character in a string")
		case c == '\\', c >= utf8.RuneSelf:
			return r.escaped(start)
		}
		r.i++
	}
	return nil, errors.New("a string without its end")
}

// escaped goes on with a string at the first byte that is not simple.
func (r *jsonReader) escaped(start int) ([]byte, error) {
	dst := append(r.scratch[:0], r.b[start:r.i]...)
	for r.i < len(r.b) {
		c := r.b[r.i]
		switch {
		case c == '"':
			r.i++
			r.scratch = dst
			return dst, nil
		case c < 0x20:
			return nil, errors.New("a control character in a string")
		case c >= utf8.RuneSelf:
			x, size := utf8.DecodeRune(r.b[r.i:])
			dst = utf8.AppendRune(dst, x)
			r.i += size
		case c != '\\':
			dst = append(dst, c)
			r.i++
		default:
			x, err := r.escape()
			if err != nil {
				return nil, err
			}
			dst = utf8.AppendRune(dst, x)
		}
	}
	return nil, errors.New("a string without its end")
}

// escape reads one escape sequence.
func (r *jsonReader) escape() (rune, error) {
	if len(r.b)-r.i < 2 {
		return 0, errors.New("a string without its end")
	}
	c := r.b[r.i+1]
	r.i += 2
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		x, ok := r.hex4(r.i)
		if !ok {
			return 0, errors.New(`\u without four digits`)
		}
		r.i += 4
		if !utf16.IsSurrogate(x) {
			return x, nil
		}
		if r.i+1 < len(r.b) && r.b[r.i] == '\\' && r.b[r.i+1] == 'u' {
			if low, ok := r.hex4(r.i + 2); ok {
				if both := utf16.DecodeRune(x, low); both != utf8.RuneError {
					r.i += 6
					return both, nil
				}
			}
		}
		return utf8.RuneError, nil
	}
	return 0, fmt.Errorf("unknown escape %q", c)
}

func (r *jsonReader) hex4(i int) (x rune, ok bool) {
	if len(r.b)-i < 4 {
		return 0, false
	}
	for _, c := range r.b[i : i+4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		x = x<<4 | rune(c)
	}
	return x, true
}

// skip reads a value of any kind that nobody asked for.
func (r *jsonReader) skip(depth int) error {
	r.at = r.i
	if depth == maxSkipDepth {
		return fmt.Errorf("nested more than %d deep", maxSkipDepth)
	}
	if r.i >= len(r.b) {
		return r.want("a value")
	}
	switch c := r.b[r.i]; {
	case c == '"':
		_, err := r.bytes()
		return err
	case c == '-' || c-'0' <= 9:
		return r.skipNumber()
	case c == '{' || c == '[':
		return r.skipList(c+2, c == '{', depth) // in ASCII the closing one is two further
	case r.word("true"), r.word("false"), r.null():
		return nil
	}
	return r.want("a value")
}

func (r *jsonReader) skipList(closing byte, keys bool, depth int) error {
	r.i++
	r.space()
	if r.take(closing) {
		return nil
	}
	for {
		r.space()
		if keys {
			if _, err := r.bytes(); err != nil {
				return err
			}
			r.space()
			if err := r.expect(':'); err != nil {
				return err
			}
			r.space()
		}
		if err := r.skip(depth + 1); err != nil {
			return err
		}
		r.space()
		if r.take(closing) {
			return nil
		}
		if err := r.expect(','); err != nil {
			return err
		}
	}
}

func (r *jsonReader) skipNumber() error {
	r.take('-')
	if !r.take('0') && !r.digits() {
		return r.want("a digit")
	}
	if r.take('.') && !r.digits() {
		return r.want("a digit")
	}
	if r.take('e') || r.take('E') {
		if !r.take('+') {
			r.take('-')
		}
		if !r.digits() {
			return r.want("a digit")
		}
	}
	return nil
}

func (r *jsonReader) digits() bool {
	start := r.i
	for r.digit() {
		r.i++
	}
	return r.i > start
}
