package message

import (
	"strconv"
	"unicode/utf8"

	"netelf.example/nt"
)

// Limits of inserting.
const (
	MaxTemplate   = 1 << 17 // bytes of a message text that are used; a table holds no longer one
	MaxText       = 1 << 16 // bytes that Insert appends; FormatMessage has a limit like it
	MaxWidth      = 4096    // characters that a form may fill a string up to
	MaxParams     = 256     // parameter strings, SIDs and GUIDs that one text asks for
	MaxParamDepth = 8       // parameter strings within parameter strings
)

// Options are what Insert does beyond FormatMessage.
type Options struct {
	// Param is the text that %%n in a text or a string stands for, from the
	// source's parameter messages or the system's. nil, or false: it stays as it is,
	// but %% in a text becomes %, as FormatMessage has it.
	Param func(id uint32) (string, bool)

	// SID names the account that %{S-1-5-18} in a string stands for, GUID what
	// %{bf967aba-…} stands for. nil, or false: it stays as it is.
	SID  func(nt.SID) (string, bool)
	GUID func(nt.GUID) (string, bool)

	// CRLF gives line ends as FormatMessage does: all as CR LF, and those at the
	// end as well. false: line feeds, and none at the end.
	CRLF bool
}

// AccountName is an [Options.SID]: it knows the accounts that are the same on every
// computer, by their names in English. No message file has them.
func AccountName(sid nt.SID) (string, bool) {
	name := sid.Name()
	return name, name != ""
}

// Insert appends a message text to dst with the strings of an event in it. It does
// what FormatMessage does with an array of strings:
//
//	%1 to %99        a string
//	%1!form!         a string in a form of printf; numbers in the forms for numbers
//	%1!*.*s!         with width and precision from the strings before it
//	%n %r %t %b      line end, carriage return, tab, space
//	%0               the end of the text, without a line end
//	%% %. %! %space  the character itself, as with all others
//
// All strings of an event are text. In a form for numbers a string that is a number
// of that size is shown so, and any other as it is. Where FormatMessage fails, and
// an event viewer still must show something, the text stays as it was written: the
// number of a string that is missing, a percent sign at its end, a form that is
// none. opts says what comes on top of that; nil is fine.
//
// At most MaxText bytes are appended, whole characters. It allocates only where dst
// has no room.
func Insert(dst []byte, text string, strings []string, opts *Options) []byte {
	x := inserter{begin: len(dst), strings: strings}
	if opts != nil {
		x.opts = *opts
	}
	dst = x.run(dst, bound(text, MaxTemplate), 0)
	return x.finish(dst)
}

// bound is text, cut behind a whole character if it is longer than limit.
func bound(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

type inserter struct {
	opts    Options
	strings []string
	begin   int  // of what was appended
	last    int  // the highest number of a string that was asked for
	params  int  // how often a hook was asked
	cr      bool // the last piece was %r
	done    bool // %0, or MaxText is reached
}

func (x *inserter) run(dst []byte, text string, depth int) []byte {
	for i := 0; i < len(text) && !x.done; {
		var p piece
		p, i = next(text, i)
		dst = x.piece(dst, text, p, depth)
	}
	return dst
}

// finish is the end of a text.
func (x *inserter) finish(dst []byte) []byte {
	if !x.opts.CRLF {
		for len(dst) > x.begin && (dst[len(dst)-1] == '\n' || dst[len(dst)-1] == '\r') {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

// put appends what there is room for.
func (x *inserter) put(dst []byte, s string) []byte {
	if room := MaxText - (len(dst) - x.begin); len(s) > room {
		s, x.done = bound(s, room), true
	}
	return append(dst, s...)
}

// cut takes away what is over the limit.
func (x *inserter) cut(dst []byte) []byte {
	limit := x.begin + MaxText
	if len(dst) < limit {
		return dst
	}
	x.done = true
	if len(dst) == limit {
		return dst
	}
	for limit > x.begin && !utf8.RuneStart(dst[limit]) {
		limit--
	}
	return dst[:limit]
}

func (x *inserter) piece(dst []byte, text string, p piece, depth int) []byte {
	cr := x.cr
	x.cr = false
	switch p.kind {
	case pieceBreak:
		if x.opts.CRLF {
			return x.put(dst, "\r\n")
		}
		if cr {
			return dst // %r%n is one line end
		}
		return x.put(dst, "\n")
	case pieceCR:
		if x.opts.CRLF {
			return x.put(dst, "\r")
		}
		x.cr = true
		return x.put(dst, "\n")
	case pieceEnd:
		x.done = true
		return dst
	case pieceParam:
		if dst, ok := x.parameter(dst, p.param, depth); ok {
			return dst
		}
		return x.put(dst, text[p.lo+1:p.hi])
	case pieceArg:
		return x.arg(dst, text, p, depth)
	}
	switch p.verb {
	case 't':
		return x.put(dst, "\t")
	case 'b':
		return x.put(dst, " ")
	}
	return x.put(dst, text[p.lo:p.hi])
}

// parameter appends the parameter string of a number. The string is a message text
// of its own, to which no strings belong: %1 in it stays.
func (x *inserter) parameter(dst []byte, id uint32, depth int) ([]byte, bool) {
	if x.opts.Param == nil || depth == MaxParamDepth || x.params == MaxParams {
		return dst, false
	}
	x.params++
	text, ok := x.opts.Param(id)
	if !ok {
		return dst, false
	}
	// Its own line ends at the end are the compiler's, not the author's.
	text = bound(text, MaxTemplate)
	for text != "" && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	strings, last := x.strings, x.last
	x.strings = nil
	dst = x.run(dst, text, depth+1)
	x.strings, x.last = strings, last
	x.done = len(dst)-x.begin >= MaxText // a %0 in it is the end of it alone
	return dst, true
}

// string is a string of the event; 0 is the one behind the last that was asked for,
// which is how forms with a star count.
func (x *inserter) string(n int) (string, bool) {
	if n == 0 {
		n = x.last + 1
	}
	x.last = max(x.last, n)
	if n > len(x.strings) {
		return "", false
	}
	return x.strings[n-1], true
}

func (x *inserter) arg(dst []byte, text string, p piece, depth int) []byte {
	n := int(p.arg)
	star := func(v int16) (int, bool) {
		if v != starred {
			return int(v), true
		}
		s, ok := x.string(n)
		n = 0
		i, err := strconv.ParseInt(s, 0, 32)
		return int(max(i, -MaxWidth)), ok && err == nil // beyond, an int may have no room for its negative
	}
	width, ok1 := star(p.width)
	if width < 0 {
		width, p.flags = -width, p.flags|flagMinus
	}
	prec, ok2 := star(p.prec)
	s, ok := x.string(n)
	if !ok || !ok1 || !ok2 {
		return x.put(dst, text[p.lo:p.hi])
	}
	width = min(width, MaxWidth)
	at := len(dst)
	if b, ok := p.number(dst, s, prec); ok {
		if prec >= 0 {
			p.flags &^= flagZero // printf's rule for numbers
		}
		return x.cut(x.fill(b, at, width, p.flags, true))
	}
	dst = x.expand(dst, s, depth)
	if width == 0 && prec < 0 {
		return dst
	}
	if prec >= 0 && !isNumeric(p.verb) {
		end := at
		for ; prec > 0 && end < len(dst); prec-- {
			_, n := utf8.DecodeRune(dst[end:])
			end += n
		}
		dst = dst[:end]
		x.done = false
	}
	return x.cut(x.fill(dst, at, width, p.flags, false))
}

// expand appends a string of the event, with what stands in it for other things.
func (x *inserter) expand(dst []byte, s string, depth int) []byte {
	if x.opts.Param == nil && x.opts.SID == nil && x.opts.GUID == nil {
		return x.put(dst, s)
	}
	from := 0
	for i := 0; i+2 < len(s) && !x.done; i++ {
		if s[i] != '%' {
			continue
		}
		switch s[i+1] {
		case '%':
			id, end, ok := number(s, i+2)
			if !ok {
				continue
			}
			dst = x.put(dst, s[from:i])
			if dst, ok = x.parameter(dst, id, depth); !ok {
				dst = x.put(dst, s[i:end])
			}
			i, from = end-1, end
		case '{':
			end := i + 2
			for end < len(s) && s[end] != '}' && end-i < maxBraced {
				end++
			}
			if end == len(s) || s[end] != '}' {
				continue
			}
			name, ok := x.braced(s[i+2 : end])
			if !ok {
				continue
			}
			dst = x.put(x.put(dst, s[from:i]), name)
			i, from = end, end+1
		}
	}
	return x.put(dst, s[from:])
}

// maxBraced is more than the longest SID or GUID has characters.
const maxBraced = 192

// braced is the name of what stands in %{ }.
func (x *inserter) braced(s string) (string, bool) {
	if x.params == MaxParams {
		return "", false
	}
	if len(s) > 2 && (s[0] == 'S' || s[0] == 's') && s[1] == '-' {
		sid, err := nt.ParseSID(s)
		if err != nil || x.opts.SID == nil {
			return "", false
		}
		x.params++
		return x.opts.SID(sid)
	}
	guid, err := nt.ParseGUID(s)
	if err != nil || x.opts.GUID == nil {
		return "", false
	}
	x.params++
	return x.opts.GUID(guid)
}
