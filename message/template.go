package message

import "math"

// pieceKind says what a piece of a message text stands for.
type pieceKind uint8

const (
	pieceText  pieceKind = iota // itself: text[lo:hi]
	pieceArg                    // %1 to %99, with or without a form
	pieceBreak                  // %n, or a line end in the text
	pieceCR                     // %r
	pieceParam                  // %%n
	pieceEnd                    // %0
)

// piece is a part of a message text. lo and hi are what it stands for as it was
// written: a piece that cannot be replaced stays so.
type piece struct {
	lo, hi int32
	kind   pieceKind
	verb   byte   // of an arg: 0 where no form is given
	arg    uint8  // 1 to 99
	size   byte   // of an arg's form: 'h', 'l' for I64 and ll, or 0
	flags  uint8  // of an arg's form
	width  int16  // 0: none; starred: from the strings
	prec   int16  // -1: none; starred
	param  uint32 // of %%n
}

// starred is a width or a precision that comes from the strings.
const starred = -2

// Flags of a form.
const (
	flagMinus uint8 = 1 << iota
	flagPlus
	flagSpace
	flagAlt
	flagZero
)

// next is the piece of text that begins at i, which is below len(text). text has at
// most math.MaxInt32 bytes.
func next(text string, i int) (p piece, end int) {
	p.lo = int32(i)
	end = i
	switch c := text[i]; c {
	case '\n', '\r':
		p.kind = pieceBreak
		end++
		if c == '\r' && end < len(text) && text[end] == '\n' {
			end++
		}
	case '%':
		p, end = escape(text, i)
	default:
		for end < len(text) && text[end] != '%' && text[end] != '\n' && text[end] != '\r' {
			end++
		}
	}
	if p.hi == 0 {
		p.hi = int32(end)
	}
	return p, end
}

// escape is the piece that begins with the percent sign at i.
func escape(text string, i int) (p piece, end int) {
	p.lo = int32(i)
	if i+1 == len(text) {
		return p, i + 1 // a percent sign at the end, which FormatMessage refuses: itself
	}
	end = i + 2
	switch c := text[i+1]; {
	case c >= '1' && c <= '9':
		p.kind, p.arg, p.prec = pieceArg, c-'0', -1
		if end < len(text) && isDigit(text[end]) {
			p.arg = p.arg*10 + text[end] - '0'
			end++
		}
		if end < len(text) && text[end] == '!' {
			end = p.form(text, end)
		}
	case c == '0':
		p.kind = pieceEnd
	case c == 'n':
		p.kind = pieceBreak
	case c == 'r':
		p.kind = pieceCR
	case c == 't', c == 'b':
		p.kind, p.verb = pieceText, c
		// %t and %b are the only two that are another character than the one written.
	case c == '%':
		if n, e, ok := number(text, end); ok {
			p.kind, p.param, end = pieceParam, n, e
		} else {
			p.lo++ // one percent sign
		}
	case c == '\n', c == '\r':
		p.lo, end = int32(i+1), i+1 // the line end is a piece of its own
	default:
		p.lo++ // %. %! %space %\ and all others: the character itself
		end = i + 1
		for end++; end < len(text) && text[end]&0xc0 == 0x80; end++ {
			// the rest of a character of many bytes
		}
	}
	p.hi = int32(end)
	return p, end
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number is the decimal number at i, if it has 32 bits.
func number(text string, i int) (n uint32, end int, ok bool) {
	v := uint64(0)
	for end = i; end < len(text) && isDigit(text[end]); end++ {
		if v = v*10 + uint64(text[end]-'0'); v > math.MaxUint32 {
			return 0, i, false
		}
	}
	return uint32(v), end, end > i
}

// form parses a printf form between exclamation marks, the first of which is at i,
// and gives where it ends. What is no form is none: then the exclamation mark is a
// character of the text.
func (p *piece) form(text string, i int) int {
	f := piece{prec: -1}
	j := i + 1
	at := func() byte {
		if j < len(text) {
			return text[j]
		}
		return 0
	}
flags:
	for ; ; j++ {
		switch at() {
		case '-':
			f.flags |= flagMinus
		case '+':
			f.flags |= flagPlus
		case ' ':
			f.flags |= flagSpace
		case '#':
			f.flags |= flagAlt
		case '0':
			f.flags |= flagZero
		default:
			break flags
		}
	}
	measure := func() int16 {
		if at() == '*' {
			j++
			return starred
		}
		n := 0
		for ; isDigit(at()); j++ {
			n = min(n*10+int(at()-'0'), MaxWidth)
		}
		return int16(n)
	}
	f.width = measure()
	if at() == '.' {
		j++
		f.prec = measure()
	}
	switch rest := text[j:]; {
	case hasPrefix(rest, "I64"), hasPrefix(rest, "I32"):
		if rest[1] == '6' {
			f.size = 'l'
		}
		j += 3
	case hasPrefix(rest, "ll"):
		f.size = 'l'
		j += 2
	case hasPrefix(rest, "I"): // as wide as a pointer
		f.size = 'l'
		j++
	case hasPrefix(rest, "h"):
		f.size = 'h'
		j++
	case hasPrefix(rest, "l"), hasPrefix(rest, "w"), hasPrefix(rest, "L"):
		j++
	}
	switch at() {
	case 'd', 'i', 'u', 'o', 'x', 'X', 'p', 'c', 'C', 's', 'S', 'e', 'E', 'f', 'g', 'G', 'a', 'A':
		f.verb = at()
	default:
		return i
	}
	if j++; at() != '!' {
		return i
	}
	p.verb, p.flags, p.size, p.width, p.prec = f.verb, f.flags, f.size, f.width, f.prec
	return j + 1
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// Template is a message text that was taken apart once and is used again and again.
type Template struct {
	text   string
	pieces []piece
	args   int
}

// NewTemplate takes a message text apart. Every text is well; what FormatMessage
// refuses stands for itself. Of a text beyond MaxTemplate bytes the rest is not
// used.
func NewTemplate(text string) *Template {
	t := &Template{text: bound(text, MaxTemplate)}
	for i := 0; i < len(t.text); {
		var p piece
		p, i = next(t.text, i)
		t.pieces = append(t.pieces, p)
		if p.kind == pieceArg {
			t.args = max(t.args, int(p.arg))
		}
		if p.kind == pieceEnd {
			break
		}
	}
	return t
}

// Text is the text that t was made of.
func (t *Template) Text() string { return t.text }

// Args is the highest number of a string that the text asks for.
func (t *Template) Args() int { return t.args }

// Append appends the text with the strings in it; see Insert.
func (t *Template) Append(dst []byte, strings []string, opts *Options) []byte {
	x := inserter{begin: len(dst), strings: strings}
	if opts != nil {
		x.opts = *opts
	}
	for _, p := range t.pieces {
		if dst = x.piece(dst, t.text, p, 0); x.done {
			break
		}
	}
	return x.finish(dst)
}
