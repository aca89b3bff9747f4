package query

import (
	"encoding/xml"
	"errors"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// maxElements is how deep elements may be nested in a QueryList.
const maxElements = 32

// selects is what one Query element asks for in one log.
type selects struct {
	path       string
	yes, no    []eventlog.Expr
	everything bool // one Select is *
}

// list reads the XML of a QueryList.
type list struct {
	text  string // all of it, for errors
	at    offsets
	opts  *Options
	work  *work
	d     *xml.Decoder
	open  []string
	inner bool // it is the text of a subscription
	found bool // a QueryList
	count int  // of Select
	limit int

	query   []selects // of the Query element that is open
	path    string    // its Path
	refused []refusal // Suppress elements of it, until its Selects are known
	logs    []LogQuery
}

// refusal is a Suppress.
type refusal struct {
	path    string
	where   eventlog.Expr
	at, end int
}

// parseList reads a QueryList, a view that Event Viewer saved, or a subscription
// of an event collector.
func (q *Query) parseList(text string, opts *Options) error {
	l := &list{text: text, opts: opts, work: new(work)}
	l.at.add(0, 0)
	if err := l.read(text); err != nil {
		return err
	}
	q.Limit, q.PerLog = l.limit, l.logs
	var or []eventlog.Expr
	for i := range l.logs {
		log := l.logs[i].Log
		if log == "" {
			q.Logs = nil
		} else if len(q.Logs) == i {
			q.Logs = append(q.Logs, log)
		}
		or = append(or, inLog(log, l.logs[i].Where))
	}
	if where := anyOf(or); !Equal(where, eventlog.And{}) {
		q.Where = where
	}
	return nil
}

// inLog is what holds in a log: one that is called so, or whose events say that
// they are of it, as those of files do.
func inLog(log string, where eventlog.Expr) eventlog.Expr {
	var of eventlog.Expr = eventlog.And{}
	if log != "" {
		of = eventlog.Or{
			eventlog.TextTerm(eventlog.FieldLog, eventlog.Eq, log),
			eventlog.TextTerm(eventlog.FieldChannel, eventlog.Eq, log),
		}
	}
	if where == nil {
		return of
	}
	return both(of, where)
}

func (l *list) errorAt(from, to int, msg string) *Error {
	at := l.at.of(from)
	return &Error{Text: l.text, Offset: at, Len: max(0, l.at.of(to)-at), Msg: msg}
}

// read goes through a document, which is text of l.text.
func (l *list) read(text string) error {
	l.d = xml.NewDecoder(strings.NewReader(text))
	// What the text is in was settled by whoever made a string of it.
	l.d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	done := false // the outermost element has ended
	for {
		from := int(l.d.InputOffset())
		token, err := l.d.Token()
		to := int(l.d.InputOffset())
		if err == io.EOF {
			break
		}
		if err != nil {
			var syntax *xml.SyntaxError
			if errors.As(err, &syntax) {
				return l.errorAt(from, to, "this is no XML: "+syntax.Msg)
			}
			return l.errorAt(from, to, "this is no XML: "+err.Error())
		}
		switch t := token.(type) {
		case xml.Directive:
			return l.errorAt(from, to, "a query has no document type and declares no entities")
		case xml.StartElement:
			if done {
				return l.errorAt(from, to, "there is more behind the end of the query")
			}
			if err := l.start(text, t, from, to); err != nil {
				return err
			}
		case xml.EndElement:
			if err := l.end(); err != nil {
				return err
			}
			done = len(l.open) == 0
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" && l.inside() {
				return l.errorAt(from, to, "a text stands here that is in no Select or Suppress")
			}
		}
	}
	switch {
	case !l.found:
		return l.errorAt(0, 0, "there is no QueryList")
	case l.count == 0:
		return l.errorAt(0, 0, "the QueryList has no Select")
	}
	return nil
}

// inside says whether what is read now is in a QueryList.
func (l *list) inside() bool {
	for _, name := range l.open {
		if name == "QueryList" {
			return true
		}
	}
	return false
}

// around are the elements that a QueryList can stand in.
var around = map[string]bool{"ViewerConfig": true, "QueryConfig": true, "QueryNode": true, "Subscription": true}

func (l *list) start(text string, t xml.StartElement, from, to int) error {
	name := t.Name.Local
	if len(l.open) == maxElements {
		return l.errorAt(from, to, "elements are nested more than 32 deep")
	}
	last := ""
	if len(l.open) > 0 {
		last = l.open[len(l.open)-1]
	}
	switch {
	case last == "" && name != "QueryList" && (!around[name] || l.inner):
		return l.errorAt(from, to, "want a QueryList, a ViewerConfig or a Subscription, not "+name)
	case name == "QueryList" && !l.inside():
		if l.found {
			return l.errorAt(from, to, "there is more than one QueryList")
		}
		l.found = true
	case name == "Query" && last == "Subscription":
		return l.subscription(text, from, to)
	case name == "Query" && last == "QueryList":
		l.query, l.refused, l.path = nil, nil, attr(t, "Path")
	case (name == "Select" || name == "Suppress") && last == "Query":
		return l.selector(text, t, from, to)
	case last == "" || !l.inside():
	default:
		return l.errorAt(from, to, name+" cannot stand in "+last)
	}
	l.open = append(l.open, name)
	return nil
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// selector reads a Select or Suppress with what is in it.
func (l *list) selector(text string, t xml.StartElement, from, to int) error {
	name := t.Name.Local
	path := attr(t, "Path")
	if path == "" {
		path = l.path
	}
	if len(path) >= 5 && strings.EqualFold(path[:5], "file:") {
		return l.errorAt(from, to, "a query opens no files: name the file where logs are named, and leave Path out")
	}
	body, err := l.content(text, name)
	if err != nil {
		return err
	}
	where, limit, err := parseXPath(body.text.String(), l.opts, l.work)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			return l.errorAt(body.of(e.Offset), body.of(e.Offset+e.Len), e.Msg)
		}
		return err
	}
	if name == "Suppress" {
		if limit > 0 {
			return l.errorAt(from, to, "position() cannot bound what is left out")
		}
		l.refused = append(l.refused, refusal{path, where, from, to})
		return nil
	}
	if l.count++; l.count > 1 && (limit > 0 || l.limit > 0) {
		return l.errorAt(from, to, "position() can bound a query with one Select only")
	}
	l.limit = limit
	s := l.of(path)
	if s == nil {
		l.query = append(l.query, selects{path: path})
		s = &l.query[len(l.query)-1]
	}
	s.yes = append(s.yes, where)
	s.everything = s.everything || where == nil
	return nil
}

// of is what the open Query asks for in a log; nil if it is nothing.
func (l *list) of(path string) *selects {
	for i := range l.query {
		if eventlog.EqualFold(l.query[i].path, path) {
			return &l.query[i]
		}
	}
	return nil
}

// content is the text up to the end of an element, in which are no others.
func (l *list) content(text, name string) (*mapped, error) {
	var m mapped
	for {
		from := int(l.d.InputOffset())
		token, err := l.d.Token()
		to := int(l.d.InputOffset())
		if err != nil {
			return nil, l.errorAt(from, to, "this is no XML: "+name+" has no end")
		}
		switch t := token.(type) {
		case xml.CharData:
			m.add(text[from:to], string(t), from)
		case xml.StartElement:
			return nil, l.errorAt(from, to, t.Name.Local+" cannot stand in "+name+"; a < in a query is written &lt;")
		case xml.Directive:
			return nil, l.errorAt(from, to, "a query has no document type and declares no entities")
		case xml.EndElement:
			m.offsets.add(m.text.Len(), from)
			return &m, nil
		}
	}
}

// subscription reads the Query element of a subscription, which has a whole
// QueryList as its text.
func (l *list) subscription(text string, from, to int) error {
	if l.found {
		return l.errorAt(from, to, "there is more than one QueryList")
	}
	body, err := l.content(text, "Query")
	if err != nil {
		return err
	}
	inner := &list{text: l.text, opts: l.opts, work: l.work, at: body.offsets, inner: true}
	if err := inner.read(body.text.String()); err != nil {
		return err
	}
	l.found, l.count, l.limit, l.logs = true, inner.count, inner.limit, inner.logs
	return nil
}

// end closes an element. With a Query all of it is known.
func (l *list) end() error {
	name := l.open[len(l.open)-1]
	l.open = l.open[:len(l.open)-1]
	if name != "Query" {
		return nil
	}
	for _, r := range l.refused {
		s := l.of(r.path)
		if s == nil {
			return l.errorAt(r.at, r.end, "no Select of this Query has the path of this Suppress")
		}
		if r.where == nil {
			r.where = eventlog.And{}
		}
		s.no = append(s.no, r.where)
	}
	for i := range l.query {
		l.add(&l.query[i])
	}
	l.query, l.refused = nil, nil
	return nil
}

// add adds what a Query asks for in a log to what others do.
func (l *list) add(s *selects) {
	var where eventlog.Expr
	if !s.everything {
		where = anyOf(s.yes)
	}
	if len(s.no) > 0 {
		no := eventlog.Not{X: anyOf(s.no)}
		if where == nil {
			where = no
		} else {
			where = both(where, no)
		}
	}
	for i := range l.logs {
		q := &l.logs[i]
		switch {
		case !eventlog.EqualFold(q.Log, s.path):
			continue
		case q.Where == nil || where == nil:
			q.Where = nil
		default:
			or, ok := q.Where.(eventlog.Or)
			if !ok {
				or = eventlog.Or{q.Where}
			}
			q.Where = append(or, where)
		}
		return
	}
	l.logs = append(l.logs, LogQuery{Log: s.path, Where: where})
}

// offsets says where pieces of a text begin in the text that they are from.
type offsets struct{ here, there []int }

func (o *offsets) add(here, there int) {
	o.here, o.there = append(o.here, here), append(o.there, there)
}

// of is where what stands at an offset comes from.
func (o *offsets) of(at int) int {
	i := sort.SearchInts(o.here, at+1) - 1 // the last that begins at or before it
	if i < 0 {
		return at
	}
	from := o.there[i] + at - o.here[i]
	if i+1 < len(o.there) {
		from = min(from, o.there[i+1])
	}
	return from
}

// mapped is character data that knows where it is from.
type mapped struct {
	text strings.Builder
	offsets
}

// add adds character data, that stands as raw at an offset of the document.
// References and line ends are the only characters that are longer there.
func (m *mapped) add(raw, decoded string, at int) {
	const open, end = "<![CDATA[", "]]>"
	reference := byte('&')
	if inner, ok := strings.CutPrefix(raw, open); ok && strings.HasSuffix(inner, end) {
		raw, at, reference = strings.TrimSuffix(inner, end), at+len(open), 0
	}
	base := m.text.Len()
	m.text.WriteString(decoded)
	m.offsets.add(base, at)
	here := 0
	for i := 0; i < len(raw) && here < len(decoded); {
		switch {
		case raw[i] == reference && reference != 0:
			n := strings.IndexByte(raw[i:], ';') + 1
			_, size := utf8.DecodeRuneInString(decoded[here:])
			i, here = i+max(n, 1), here+size
			m.offsets.add(base+here, at+i)
		case raw[i] == '\r' && i+1 < len(raw) && raw[i+1] == '\n':
			i, here = i+2, here+1
			m.offsets.add(base+here, at+i)
		default:
			i, here = i+1, here+1
		}
	}
}
