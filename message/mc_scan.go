package message

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// sourceText is the text of a message text file: UTF-16 with a byte order mark,
// UTF-8 with or without one, or else code page 1252.
func sourceText(b []byte) string {
	text, ok := nt.FileText(b)
	if !ok {
		return string(appendANSI(nil, b, English))
	}
	return text
}

// place is a place in the source.
type place struct{ line, col int }

// token is a word of the source: a name, a number, or one of = ( ) : +. An empty
// text is the end.
type token struct {
	text string
	place
}

// scanner cuts a source into tokens, and into the lines of message texts.
type scanner struct {
	s      string
	i      int // in s
	line   int
	begin  int    // of the line in s
	peeked *token // the token that peek saw
	errs   SourceErrors
}

// fail notes an error.
func (s *scanner) fail(at place, format string, args ...any) {
	switch {
	case len(s.errs) < MaxErrors-1:
		s.errs = append(s.errs, &SourceError{at.line, at.col, fmt.Errorf(format, args...)})
	case len(s.errs) == MaxErrors-1:
		s.errs = append(s.errs, &SourceError{at.line, at.col, fmt.Errorf("and more errors from here on: %w", eventlog.ErrTooLarge)})
	}
}

// here is the place of s.i.
func (s *scanner) here() place {
	return place{s.line, utf8.RuneCountInString(s.s[s.begin:s.i]) + 1}
}

// newline goes behind the line end at s.i.
func (s *scanner) newline() {
	if s.s[s.i] == '\r' && s.i+1 < len(s.s) && s.s[s.i+1] == '\n' {
		s.i++
	}
	s.i++
	s.line, s.begin = s.line+1, s.i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == 0x1a }

// next is the next token. Comments, from a semicolon to the end of the line, are
// left out.
func (s *scanner) next() token {
	if t := s.peeked; t != nil {
		s.peeked = nil
		return *t
	}
	for s.i < len(s.s) {
		switch c := s.s[s.i]; {
		case c == '\n' || c == '\r':
			s.newline()
		case isSpace(c):
			s.i++
		case c == ';':
			for s.i < len(s.s) && s.s[s.i] != '\n' && s.s[s.i] != '\r' {
				s.i++
			}
		case strings.IndexByte("=():+", c) >= 0:
			t := token{s.s[s.i : s.i+1], s.here()}
			s.i++
			return t
		default:
			t := token{place: s.here()}
			begin := s.i
			for s.i < len(s.s) && !isSpace(s.s[s.i]) && strings.IndexByte("=():+;\r\n", s.s[s.i]) < 0 {
				s.i++
			}
			t.text = s.s[begin:s.i]
			return t
		}
	}
	return token{place: s.here()}
}

func (s *scanner) peek() token {
	if s.peeked == nil {
		t := s.next()
		s.peeked = &t
	}
	return *s.peeked
}

// text is the lines of a message up to the one that is a single dot. s stands
// behind the name of the language; nothing was peeked.
func (s *scanner) text() (text string, line int, ok bool) {
	rest := s.takeLine()
	if rest = strings.TrimSpace(rest); rest != "" && rest[0] != ';' {
		s.fail(place{s.line - 1, 1}, "%.40q behind the language: the text begins on the next line", rest)
	}
	line = s.line
	var b strings.Builder
	for s.i < len(s.s) {
		l := s.takeLine()
		if l == "." {
			return b.String(), line, true
		}
		b.WriteString(l)
		b.WriteString("\r\n")
	}
	return b.String(), line, false
}

// takeLine is the rest of the line, without its end.
func (s *scanner) takeLine() string {
	begin := s.i
	for s.i < len(s.s) && s.s[s.i] != '\n' && s.s[s.i] != '\r' {
		s.i++
	}
	l := s.s[begin:s.i]
	if s.i < len(s.s) {
		s.newline()
	} else {
		s.line, s.begin = s.line+1, s.i
	}
	return l
}

// parseNumber parses a number in C's notation: decimal, 0x… or octal behind a 0,
// with any of C's suffixes.
func parseNumber(s string) (uint32, error) {
	digits := strings.TrimRight(s, "uUlL")
	base := 10
	switch {
	case len(digits) > 2 && (digits[:2] == "0x" || digits[:2] == "0X"):
		base, digits = 16, digits[2:]
	case len(digits) > 1 && digits[0] == '0':
		base, digits = 8, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a number of 32 bits", s)
	}
	return uint32(n), nil
}

// isName says whether s is an identifier of C.
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && isDigit(c)) {
			return false
		}
	}
	return s != ""
}
