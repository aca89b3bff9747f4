package message

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// ParseMC reads a message text file. The error is SourceErrors, all that is wrong
// with it; the Source has what could be read all the same, and is nil only for a
// file of more than MaxSource bytes.
//
// A message has the severity and the facility named last, and without an id the
// next one of its facility, as the documentation of the Message Compiler has it.
// Before the first that is named they are Success and no facility, 0: that is what
// mc.exe does, where its documentation says Application.
func ParseMC(b []byte) (*Source, error) {
	if len(b) > MaxSource {
		return nil, fmt.Errorf("message text file: %w", over("bytes", uint64(len(b)), MaxSource))
	}
	p := parser{
		scanner: scanner{s: sourceText(b), line: 1},
		src: Source{
			Severities: []Name{{"Success", 0, ""}, {"Informational", 1, ""}, {"Warning", 2, ""}, {"Error", 3, ""}},
			Facilities: []Name{{"System", 0xff, ""}, {"Application", 0xfff, ""}},
			Languages:  []Name{{"English", uint32(English), "MSG00001"}},
		},
		severity: Name{Name: "Success"},
		last:     map[uint32]uint32{},
		symbols:  map[string]int{},
		ids:      map[uint32]int{},
		texts:    map[Lang]bool{},
	}
	for p.statement() {
	}
	p.finish()
	if len(p.errs) > 0 {
		told := p.errs[:min(len(p.errs), MaxErrors-1)] // behind it comes that there are more
		slices.SortStableFunc(told, func(a, b *SourceError) int { return cmp.Or(a.Line-b.Line, a.Col-b.Col) })
		return &p.src, p.errs
	}
	return &p.src, nil
}

type parser struct {
	scanner
	src                Source
	typedef            string
	severity, facility Name
	last               map[uint32]uint32 // the id given last, by facility
	symbols            map[string]int    // the line of each symbolic name
	ids                map[uint32]int    // the line of each id

	msg    *SourceMessage // the message that is being defined; nil: none
	code   *uint32        // its MessageId, if it has a value
	plus   bool           // code is to be added
	idAt   place
	sealed bool // its id is made: a text has come
	texts  map[Lang]bool
}

// mcKeywords are the keywords of statements, in lower case.
var mcKeywords = []string{
	"messageidtypedef", "severitynames", "facilitynames", "languagenames", "outputbase",
	"messageid", "severity", "facility", "symbolicname", "language",
}

func isKeyword(s string) bool { return slices.Contains(mcKeywords, strings.ToLower(s)) }

// statement reads one statement: keyword = value. It is false at the end.
func (p *parser) statement() bool {
	t := p.next()
	if t.text == "" {
		return false
	}
	if !isKeyword(t.text) {
		p.fail(t.place, "%.40q is no keyword", t.text)
		p.skip()
		return true
	}
	if eq := p.next(); eq.text != "=" {
		p.fail(eq.place, "%.40q behind %s, want \"=\"", eq.text, t.text)
		p.peeked = &eq
		p.skip()
		return true
	}
	switch strings.ToLower(t.text) {
	case "messageidtypedef":
		p.messageIDTypedef()
	case "severitynames":
		p.names(&p.src.Severities, 3, "severity")
	case "facilitynames":
		p.names(&p.src.Facilities, 0xfff, "facility")
	case "languagenames":
		p.names(&p.src.Languages, 0xffff, "language")
	case "outputbase":
		p.outputBase()
	case "messageid":
		p.messageID(t)
	case "severity":
		p.choose(&p.severity, p.src.Severities, "severity")
	case "facility":
		p.choose(&p.facility, p.src.Facilities, "facility")
	case "symbolicname":
		p.symbolicName(t)
	case "language":
		p.language(t)
	}
	return true
}

// skip goes on to the next keyword that is at the beginning of a line.
func (p *parser) skip() {
	for {
		t := p.peek()
		if t.text == "" || isKeyword(t.text) && strings.TrimSpace(p.s[p.begin:p.i-len(t.text)]) == "" {
			return
		}
		p.next()
	}
}

// value is the next token if it can be a value. A keyword is none, but only where it
// begins a line: there is nothing to keep a facility from being called Severity.
func (p *parser) value(what string) (token, bool) {
	line := p.line
	t := p.peek()
	if t.text == "" || strings.Contains("=():+", t.text) || isKeyword(t.text) && t.line != line {
		p.fail(t.place, "%.40q, want %s", t.text, what)
		return t, false
	}
	return p.next(), true
}

func (p *parser) messageIDTypedef() {
	// Without a value there is no type from here on.
	if t := p.peek(); t.text == "" || isKeyword(t.text) {
		p.typedef = ""
		return
	}
	if t, ok := p.value("a type"); ok {
		if !isName(t.text) {
			p.fail(t.place, "%.40q is no name of a type", t.text)
			return
		}
		p.typedef = t.text
	}
}

func (p *parser) outputBase() {
	t, ok := p.value("10 or 16")
	if !ok {
		return
	}
	switch n, err := parseNumber(t.text); {
	case err != nil:
		p.fail(t.place, "%w", err)
	case n != 10 && n != 16:
		p.fail(t.place, "OutputBase is %d, want 10 or 16", n)
	default:
		p.src.OutputBase = int(n)
	}
}

// names reads (name=number[:symbol] …), whose values are limit at most.
func (p *parser) names(list *[]Name, limit uint32, what string) {
	if t := p.next(); t.text != "(" {
		p.fail(t.place, "%.40q, want \"(\"", t.text)
		p.peeked = &t
		p.skip()
		return
	}
	for {
		t := p.next()
		switch {
		case t.text == ")":
			return
		case t.text == "":
			p.fail(t.place, "the end of the file, want \")\"")
			return
		case !isName(t.text):
			p.fail(t.place, "%.40q is no name of a %s", t.text, what)
			if p.toClose() {
				return
			}
			continue
		}
		n := Name{Name: t.text}
		if eq := p.next(); eq.text != "=" {
			p.fail(eq.place, "%.40q behind %s, want \"=\"", eq.text, t.text)
			p.peeked = &eq
			continue
		}
		v := p.next()
		var err error
		if n.Value, err = parseNumber(v.text); err != nil {
			p.fail(v.place, "%w", err)
			p.peeked = nil
			if v.text == "" || v.text == ")" {
				return
			}
		} else if n.Value > limit {
			p.fail(v.place, "the %s %s is 0x%x, and 0x%x is the highest", what, n.Name, n.Value, limit)
			err = eventlog.ErrTooLarge
		}
		if p.peek().text == ":" {
			p.next()
			s := p.next()
			if s.text == "" || strings.Contains("=():+", s.text) {
				p.fail(s.place, "%.40q, want a symbol", s.text)
				p.peeked = &s
				continue
			}
			n.Symbol = s.text
		}
		if err == nil {
			define(list, n)
		}
	}
}

// toClose goes on until a closing parenthesis or a name, and is true behind the
// parenthesis or at the end.
func (p *parser) toClose() bool {
	for {
		switch t := p.peek(); {
		case t.text == "":
			return true
		case t.text == ")":
			p.next()
			return true
		case isName(t.text):
			return false
		}
		p.next()
	}
}

// define adds n, or changes what has its name.
func define(list *[]Name, n Name) {
	for i := range *list {
		if strings.EqualFold((*list)[i].Name, n.Name) {
			(*list)[i] = n
			return
		}
	}
	*list = append(*list, n)
}

func (p *parser) messageID(t token) {
	p.finish()
	p.msg = &SourceMessage{Line: t.line}
	p.idAt = t.place
	switch v := p.peek(); {
	case v.text == "" || isKeyword(v.text):
		return // the next one
	case v.text == "+":
		p.next()
		p.plus = true
	}
	v, ok := p.value("a number")
	if !ok {
		return
	}
	n, err := parseNumber(v.text)
	switch {
	case err != nil:
		p.fail(v.place, "%w", err)
	case n > 0xffff:
		p.fail(v.place, "MessageId 0x%x has more than 16 bits", n)
	default:
		p.idAt, p.code = v.place, &n
	}
}

// choose takes a name out of a list.
func (p *parser) choose(to *Name, list []Name, what string) {
	t, ok := p.value("a " + what)
	if !ok {
		return
	}
	if p.sealed {
		p.fail(t.place, "the %s comes behind a text of the message", what)
		return
	}
	for _, n := range list {
		if strings.EqualFold(n.Name, t.text) {
			*to = n
			return
		}
	}
	p.fail(t.place, "there is no %s %.40q", what, t.text)
}

func (p *parser) symbolicName(at token) {
	t, ok := p.value("a name")
	switch {
	case !ok:
	case p.msg == nil:
		p.fail(at.place, "SymbolicName before the first MessageId")
	case !isName(t.text):
		p.fail(t.place, "%.40q is no name of C", t.text)
	case p.msg.SymbolicName != "":
		p.fail(t.place, "the message has the name %s already", p.msg.SymbolicName)
	default:
		if line := p.symbols[t.text]; line != 0 {
			p.fail(t.place, "the name %s is that of the message in line %d", t.text, line)
		}
		p.symbols[t.text] = t.line
		p.msg.SymbolicName = t.text
	}
}

// seal makes the id of the message: all that it is made of has come.
func (p *parser) seal() {
	if p.sealed || p.msg == nil {
		return
	}
	p.sealed = true
	m := p.msg
	m.Severity, m.Facility, m.Typedef = p.severity.Name, p.facility.Name, p.typedef
	last, used := p.last[p.facility.Value]
	code := uint32(0)
	switch {
	case p.code != nil && !p.plus:
		code = *p.code
	case p.code != nil:
		code = last + *p.code
	case used:
		code = last + 1
	default:
		code = 1
	}
	if code > 0xffff {
		p.fail(p.idAt, "MessageId 0x%x has more than 16 bits", code)
		code = 0xffff
	}
	p.last[p.facility.Value] = code
	m.ID = p.severity.Value<<30 | p.facility.Value<<16 | code
	if line := p.ids[m.ID]; line != 0 {
		p.fail(p.idAt, "the id 0x%x is that of the message in line %d", m.ID, line)
	} else {
		p.ids[m.ID] = m.Line
	}
	p.src.Messages = append(p.src.Messages, m)
}

func (p *parser) language(at token) {
	t, ok := p.value("a language")
	if !ok {
		return
	}
	var lang Lang
	known := false
	for _, n := range p.src.Languages {
		if strings.EqualFold(n.Name, t.text) {
			lang, known = Lang(n.Value), true
		}
	}
	if !known {
		p.fail(t.place, "there is no language %.40q", t.text)
	}
	text, line, ended := p.text()
	if !ended {
		p.fail(place{line, 1}, "the text is not ended by a line with a single dot")
	}
	if p.msg == nil {
		p.fail(at.place, "Language before the first MessageId")
		return
	}
	p.seal()
	if !known {
		return
	}
	if p.texts[lang] {
		p.fail(t.place, "the message has a text in %s already", t.text)
		return
	}
	p.texts[lang] = true
	if n := units(text); n > MaxTextUnits {
		p.fail(place{line, 1}, "the text: %w", over("UTF-16 units", uint64(n), MaxTextUnits))
		return
	}
	if strings.IndexByte(text, 0) >= 0 {
		p.fail(place{line, 1}, "the text has a NUL, which ends it in a table")
		return
	}
	p.checkForms(text, line)
	p.msg.Texts = append(p.msg.Texts, SourceText{lang, text, line})
}

// checkForms looks for what FormatMessage refuses in a text.
func (p *parser) checkForms(text string, line int) {
	begin := 0
	for i := 0; i < len(text); {
		var x piece
		x, i = next(text, i)
		at := func(o int32) place { return place{line, utf8.RuneCountInString(text[begin:o]) + 1} }
		switch {
		case x.kind == pieceBreak && text[x.lo] != '%':
			line, begin = line+1, i
		case x.kind == pieceArg && x.verb == 0 && i < len(text) && text[i] == '!':
			p.fail(at(x.lo), "%s with a form that is none; an exclamation mark behind an insertion is written %%!", text[x.lo:x.hi])
		case x.kind == pieceText && x.lo == x.hi: // a line end is behind it
			p.fail(at(x.lo-1), "a percent sign at the end of a line stands for nothing; it is written %%%%")
		}
	}
}

// finish ends the message that is being defined.
func (p *parser) finish() {
	if p.msg != nil && !p.sealed {
		p.seal()
		p.fail(place{p.msg.Line, 1}, "the message has no text")
	}
	p.msg, p.code, p.plus, p.sealed = nil, nil, false, false
	clear(p.texts)
}
