package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/internal/spelling"
)

// parseSmall reads the small language:
//
//	list  = and { "or" and }
//	and   = unary { ["and"] unary }
//	unary = ( "-" | "not" ) unary | "(" list ")" | "(" ("and"|"or") { unary } ")" | term
//	term  = word | field operator value { "," value }
func parseSmall(text string, opts *Options) (eventlog.Expr, error) {
	p := &parser{text: text, opts: opts}
	x, err := p.list()
	if err != nil {
		return nil, err
	}
	if p.at < len(text) { // list ends at a closing parenthesis only
		return nil, p.errorAt(p.at, 1, "no parenthesis is open here")
	}
	return x, nil
}

type parser struct {
	text    string
	at      int
	opts    *Options
	nesting int
	terms   int
}

func (p *parser) errorAt(offset, length int, format string, args ...any) *Error {
	return &Error{Text: p.text, Offset: offset, Len: length, Msg: fmt.Sprintf(format, args...)}
}

// deeper counts a level that begins at p.at.
func (p *parser) deeper() error {
	if p.nesting++; p.nesting > MaxNesting {
		return p.errorAt(p.at, 1, "the query is nested more than %d deep", MaxNesting)
	}
	return nil
}

func (p *parser) space() {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) && r != '\ufeff' {
			return
		}
		p.at += n
	}
}

// ended says whether p is at the end of the text or of a list.
func (p *parser) ended() bool { return p.at == len(p.text) || p.text[p.at] == ')' }

// keyword takes one of the words and, or, not; "" if none stands here.
func (p *parser) keyword(words ...string) string {
	for _, w := range words {
		end := p.at + len(w)
		if end > len(p.text) || !strings.EqualFold(p.text[p.at:end], w) {
			continue
		}
		if end < len(p.text) {
			if r, _ := utf8.DecodeRuneInString(p.text[end:]); !unicode.IsSpace(r) && r != '(' && r != ')' {
				continue
			}
		}
		p.at = end
		return w
	}
	return ""
}

// list is all up to the end or a closing parenthesis; nil: nothing.
func (p *parser) list() (eventlog.Expr, error) {
	var or, and []eventlog.Expr
	last, lastAt := "", 0 // the operator that wants something behind it
	for {
		p.space()
		if p.ended() {
			break
		}
		at := p.at
		if w := p.keyword("and", "or"); w != "" {
			if len(and) == 0 || last != "" {
				return nil, p.errorAt(at, len(w), "nothing stands before %s; for the word itself write \"%s\"", w, p.text[at:p.at])
			}
			if last, lastAt = w, at; w == "or" {
				or, and = append(or, all(and)), nil
			}
			continue
		}
		x, err := p.unary()
		if err != nil {
			return nil, err
		}
		and, last = append(and, x), ""
	}
	switch {
	case last != "":
		return nil, p.errorAt(lastAt, len(last), "nothing stands behind %s; for the word itself write \"%s\"", last, last)
	case len(and) == 0:
		return nil, nil
	}
	return anyOf(append(or, all(and))), nil
}

func (p *parser) unary() (eventlog.Expr, error) {
	at := p.at
	minus := p.text[p.at] == '-'
	switch {
	case minus:
		p.at++
	case p.keyword("not") == "":
		return p.primary()
	}
	if err := p.deeper(); err != nil {
		return nil, err
	}
	if p.space(); p.ended() || minus && p.at != at+1 {
		return nil, p.errorAt(at, 1, "nothing stands behind what is to be left out")
	}
	x, err := p.unary()
	p.nesting--
	if err != nil {
		return nil, err
	}
	return eventlog.Not{X: x}, nil
}

func (p *parser) primary() (eventlog.Expr, error) {
	if p.text[p.at] != '(' {
		if p.terms++; p.terms > eventlog.MaxExprTerms {
			return nil, p.errorAt(p.at, 1, "the query has more than %d terms", eventlog.MaxExprTerms)
		}
		return p.term()
	}
	at := p.at
	if err := p.deeper(); err != nil {
		return nil, err
	}
	p.at++
	p.space()
	var x eventlog.Expr
	var err error
	if w := p.keyword("and", "or"); w != "" {
		var parts []eventlog.Expr
		for p.space(); !p.ended() && err == nil; p.space() {
			var part eventlog.Expr
			part, err = p.unary()
			parts = append(parts, part)
		}
		if x = eventlog.Expr(eventlog.And(parts)); w == "or" {
			x = eventlog.Or(parts)
		}
	} else {
		x, err = p.list()
	}
	switch {
	case err != nil:
		return nil, err
	case p.at == len(p.text):
		return nil, p.errorAt(at, 1, "this parenthesis is not closed")
	case x == nil:
		return nil, p.errorAt(at, p.at+1-at, "nothing stands between the parentheses")
	}
	p.at++
	p.nesting--
	return x, nil
}

// operators, the longer ones first.
var operators = []string{"!=", "<>", "<=", ">=", "^=", "*=", "#=", ":", "=", "<", ">", "~", "&"}

// operator takes the operator that stands here, "" if none does.
func (p *parser) operator() string {
	for _, op := range operators {
		if strings.HasPrefix(p.text[p.at:], op) {
			p.at += len(op)
			return op
		}
	}
	return ""
}

// head is what stands before a value.
type head struct {
	*field
	as   string // the name of a string
	op   string
	at   int
	opAt int
}

// head takes a field's name and an operator. If none stands here it is nil, and p
// does not move.
func (p *parser) head() (*head, error) {
	begin := p.at
	end := begin
	for end < len(p.text) && nameByte(p.text[end], end > begin) {
		end++
	}
	if end == begin {
		return nil, nil
	}
	h := &head{at: begin}
	name := strings.ToLower(p.text[begin:end])
	h.field = byName[name]
	p.at = end
	if p.at < len(p.text) && p.text[p.at] == '.' {
		p.at++
		as, err := p.as()
		if err != nil {
			return nil, err
		}
		h.as = as
		switch {
		case name == "data":
			h.field = &named
		case h.field == nil || h.of != eventlog.FieldString:
			h.field = nil
		}
	}
	opAt := p.at
	h.op = p.operator()
	if h.op == "" && h.field != nil {
		p.space()
		opAt = p.at
		switch h.op = p.operator(); h.op {
		case "", ":", "~", "&":
			h.op = "" // a word that is called like a field
		}
	}
	switch {
	case h.op == "":
		p.at = begin
		return nil, nil
	case h.field == nil:
		end, whole := opAt, p.at
		for whole < len(p.text) && !strings.ContainsRune(" \t\r\n()\"", rune(p.text[whole])) {
			whole++
		}
		hint := ""
		if n := spelling.Like(name, names()); n != "" {
			hint = ", do you mean " + n + "?"
		}
		return nil, p.errorAt(begin, end-begin, "there is no field %s%s (the text itself is \"%s\", in quotation marks)",
			p.text[begin:end], hint, p.text[begin:whole])
	case h.as != "" && h.of == eventlog.FieldString && eventlog.CheckExpr(eventlog.NamedTerm(h.of, h.as, eventlog.Eq, "")) != nil:
		return nil, p.errorAt(begin, opAt-begin, "strings have numbers from 1 on: string.2; what has a name is data.NAME")
	}
	h.opAt = opAt
	return h, nil
}

func nameByte(c byte, behind bool) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || behind && c >= '0' && c <= '9'
}

// as takes the name of a string: all up to an operator, or a quoted text.
func (p *parser) as() (string, error) {
	if p.at < len(p.text) && p.text[p.at] == '"' {
		return p.quoted()
	}
	begin := p.at
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if unicode.IsSpace(r) || strings.ContainsRune(`()":=<>!~^*&#,`, r) {
			break
		}
		p.at += n
	}
	return p.text[begin:p.at], nil
}

// quoted takes a text in quotation marks; two of them are one of it.
func (p *parser) quoted() (string, error) {
	begin := p.at
	var b strings.Builder
	for p.at++; ; {
		n := strings.IndexByte(p.text[p.at:], '"')
		if n < 0 {
			return "", p.errorAt(begin, 1, "this quotation mark has no other end")
		}
		b.WriteString(p.text[p.at : p.at+n])
		p.at += n + 1
		if p.at == len(p.text) || p.text[p.at] != '"' {
			return b.String(), nil
		}
		b.WriteByte('"')
		p.at++
	}
}

// term is a word, or a field with its values.
func (p *parser) term() (eventlog.Expr, error) {
	h, err := p.head()
	if err != nil {
		return nil, err
	}
	if h == nil {
		v, err := p.value(false)
		if err != nil {
			return nil, err
		}
		return p.word(&v)
	}
	p.space()
	var xs []eventlog.Expr
	for {
		v, err := p.value(true)
		switch {
		case err != nil:
			return nil, err
		case v.empty():
			return nil, p.errorAt(h.at, p.at-h.at, "%s wants a value behind %s; no value at all is \"\"", h.name, h.op)
		}
		x, err := p.compare(h, &v)
		if err != nil {
			return nil, err
		}
		xs = append(xs, x)
		if p.at == len(p.text) || p.text[p.at] != ',' {
			break
		}
		if h.op != ":" && h.op != "=" && h.op != "!=" {
			return nil, p.errorAt(p.at, 1, "only : = and != take several values; a comma in a text stands in quotation marks")
		}
		if p.terms++; p.terms > eventlog.MaxExprTerms {
			return nil, p.errorAt(p.at, 1, "the query has more than %d terms", eventlog.MaxExprTerms)
		}
		p.at++
	}
	x := anyOf(xs)
	if h.op == "!=" {
		x = eventlog.Not{X: x}
	}
	return x, nil
}

// value is one value: pieces with and without quotation marks.
type value struct {
	at, end int
	text    string // as it stands there, without quotation marks
	pattern string // of eventlog.Like: * and ? outside of quotation marks
	wild    bool   // there are such
	quoted  bool
}

func (v *value) empty() bool { return v.text == "" && !v.quoted }

// value takes a value; list: it ends at a comma.
func (p *parser) value(list bool) (value, error) {
	v := value{at: p.at}
	var text, pattern strings.Builder
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if unicode.IsSpace(r) || r == '(' || r == ')' || r == ',' && list {
			break
		}
		if r == '"' {
			s, err := p.quoted()
			if err != nil {
				return v, err
			}
			v.quoted = true
			text.WriteString(s)
			pattern.WriteString(escape(s))
			continue
		}
		piece := p.text[p.at : p.at+n]
		text.WriteString(piece)
		if r == '*' || r == '?' {
			v.wild = true
			pattern.WriteString(piece)
		} else {
			pattern.WriteString(escape(piece))
		}
		p.at += n
	}
	v.end, v.text, v.pattern = p.at, text.String(), pattern.String()
	return v, nil
}

// escape is s as a pattern that only s is like.
func escape(s string) string { return escaper.Replace(s) }

var escaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)
