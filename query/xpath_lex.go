package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a token of XPath is.
type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenName             // a name, and or or
	tokenNumber           // a whole number, decimal, hexadecimal or negative
	tokenText             // a text in quotation marks
	tokenSign             // an operator or a bracket
)

type token struct {
	kind tokenKind
	s    string // the name, the number, the sign, the text without its marks
	at   int
	end  int
}

// is says whether t is this sign.
func (t *token) is(sign string) bool { return t.kind == tokenSign && t.s == sign }

// signs, the longer ones first. Those of XML's escapes are what is copied out of
// a QueryList.
var signs = []struct{ text, sign string }{
	{"&lt;=", "<="}, {"&gt;=", ">="}, {"&lt;", "<"}, {"&gt;", ">"},
	{"//", "//"}, {"..", ".."}, {"::", "::"}, {"!=", "!="}, {"<=", "<="}, {">=", ">="},
	{"/", "/"}, {"[", "["}, {"]", "]"}, {"(", "("}, {")", ")"}, {"@", "@"}, {",", ","}, {"|", "|"},
	{".", "."}, {"*", "*"}, {"=", "="}, {"<", "<"}, {">", ">"}, {"+", "+"}, {"-", "-"}, {"$", "$"}, {":", ":"},
}

// next reads the token at x.at into x.tok.
func (x *xpath) next() error {
	s := x.text
	for x.at < len(s) {
		r, n := utf8.DecodeRuneInString(s[x.at:])
		if !unicode.IsSpace(r) && r != '\ufeff' {
			break
		}
		x.at += n
	}
	begin := x.at
	x.tok = token{at: begin, end: begin}
	if begin == len(s) {
		return nil
	}
	c := s[begin]
	switch {
	case c == '\'' || c == '"':
		n := strings.IndexByte(s[begin+1:], c)
		if n < 0 {
			return x.errorAt(begin, 1, "this quotation mark has no other end")
		}
		x.at += n + 2
		x.tok.kind, x.tok.s = tokenText, s[begin+1:x.at-1]
	case c-'0' < 10 || c == '-' && begin+1 < len(s) && s[begin+1]-'0' < 10:
		for x.at++; x.at < len(s) && (s[x.at] == '.' || s[x.at] < utf8.RuneSelf && nameByte(s[x.at], true)); {
			x.at++
		}
		x.tok.kind, x.tok.s = tokenNumber, s[begin:x.at]
	case nameByte(c, false) || c >= utf8.RuneSelf:
		for x.at < len(s) {
			r, n := utf8.DecodeRuneInString(s[x.at:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r) {
				break
			}
			x.at += n
		}
		if x.at == begin {
			r, n := utf8.DecodeRuneInString(s[begin:])
			if strings.ContainsRune("‘’“”′″", r) {
				return x.errorAt(begin, n, "this quotation mark is one of print: write '")
			}
			return x.errorAt(begin, n, "%q cannot stand here", r)
		}
		x.tok.kind, x.tok.s = tokenName, s[begin:x.at]
	default:
		for _, sign := range signs {
			if strings.HasPrefix(s[begin:], sign.text) {
				x.at += len(sign.text)
				x.tok.kind, x.tok.s = tokenSign, sign.sign
				break
			}
		}
		if x.at == begin {
			return x.errorAt(begin, 1, "%q cannot stand here", rune(c))
		}
	}
	x.tok.end = x.at
	return nil
}
