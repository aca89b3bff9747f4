package query

import (
	"strings"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// Limits of a text. The tree that is made of it has those of eventlog.CheckExpr.
const (
	MaxText    = 4 << 20 // bytes
	MaxNesting = 192     // parentheses, brackets, minus and not inside of each other
)

// Options are what a text does not say itself.
type Options struct {
	// Now is the time from which 8h and timediff count back. Zero: a text that
	// counts from now is refused.
	Now time.Time

	// Location is the zone of times that name none, in the small language only:
	// XPath's are UTC. nil: UTC.
	Location *time.Location
}

// Form is one of the languages.
type Form uint8

// The forms of a text.
const (
	Small     Form = iota // words and field:value
	XPath                 // of Windows' event queries
	QueryList             // structured XML query, or a view that Event Viewer saved
)

func (f Form) String() string {
	switch f {
	case XPath:
		return "XPath"
	case QueryList:
		return "QueryList"
	}
	return "query"
}

// Query is what a text asks for.
type Query struct {
	Form  Form
	Where eventlog.Expr // what must hold, all of it; nil: all events

	// Bounds are those that Where has, lifted out by Split; Where keeps them.
	Bounds

	// Limit is how many events are asked for, by position() of XPath; 0: all.
	Limit int

	// Logs are the logs that a QueryList names, each once, in the order in which
	// it names them; nil: it is left to the reader which. Where asks for them too.
	Logs []string

	// PerLog has for each of Logs what is asked for in it alone.
	PerLog []LogQuery
}

// LogQuery is what is asked for in one log.
type LogQuery struct {
	Log   string
	Where eventlog.Expr // without the log; nil: all events
}

// FormOf is the language that a text is in: what begins with < is a QueryList,
// what begins with *[ or */ or Event, a bracket or a slash behind it, is XPath.
func FormOf(text string) Form {
	text = strings.TrimLeft(text, " \t\r\n\ufeff(")
	if strings.HasPrefix(text, "<") {
		return QueryList
	}
	rest, ok := strings.CutPrefix(text, "*")
	if !ok {
		rest, ok = strings.CutPrefix(strings.TrimLeft(text, "/"), "Event")
	}
	if rest = strings.TrimLeft(rest, " \t\r\n"); ok && rest != "" && (rest[0] == '[' || rest[0] == '/') {
		return XPath
	}
	return Small
}

// Parse reads a text in any of the three languages. What is wrong with it is an
// *Error. An empty text asks for all events.
func Parse(text string, opts *Options) (*Query, error) {
	if opts == nil {
		opts = new(Options)
	}
	if len(text) > MaxText {
		return nil, &Error{Text: text[:64], Msg: "the query is longer than 4 MiB"}
	}
	if !utf8.ValidString(text) {
		at := 0
		for at < len(text) {
			r, n := utf8.DecodeRuneInString(text[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		return nil, &Error{Text: text, Offset: at, Len: 1, Msg: "this is no UTF-8"}
	}
	q := &Query{Form: FormOf(text)}
	var err error
	switch q.Form {
	case QueryList:
		err = q.parseList(text, opts)
	case XPath:
		q.Where, q.Limit, err = parseXPath(text, opts, new(work))
	default:
		q.Where, err = parseSmall(text, opts)
	}
	if err != nil {
		return nil, err
	}
	if err := eventlog.CheckExpr(q.Where); err != nil {
		return nil, &Error{Text: text, Len: len(text), Msg: strings.TrimSuffix(err.Error(), ": "+eventlog.ErrInvalid.Error())}
	}
	q.Bounds = Split(q.Where)
	return q, nil
}

// Word is the tree of a word: strings, data or source have it.
func Word(text string) eventlog.Or { return word(eventlog.Contains, text) }

func word(op eventlog.Op, text string) eventlog.Or {
	return eventlog.Or{
		eventlog.TextTerm(eventlog.FieldString, op, text),
		eventlog.TextTerm(eventlog.FieldData, op, text),
		eventlog.TextTerm(eventlog.FieldSource, op, text),
	}
}

// all is all of xs, without an And around a single one.
func all(xs []eventlog.Expr) eventlog.Expr {
	if len(xs) == 1 {
		return xs[0]
	}
	return eventlog.And(xs)
}

// anyOf is one of xs, without an Or around a single one.
func anyOf(xs []eventlog.Expr) eventlog.Expr {
	if len(xs) == 1 {
		return xs[0]
	}
	return eventlog.Or(xs)
}

// Both is what holds where a and b do; nil is all.
func Both(a, b eventlog.Expr) eventlog.Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return eventlog.And{a, b}
}

// Equal says whether two trees are the same.
func Equal(a, b eventlog.Expr) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case eventlog.And:
		b, ok := b.(eventlog.And)
		return ok && equalParts(a, b)
	case eventlog.Or:
		b, ok := b.(eventlog.Or)
		return ok && equalParts(a, b)
	case eventlog.Not:
		b, ok := b.(eventlog.Not)
		return ok && Equal(a.X, b.X)
	case *eventlog.Term:
		b, ok := b.(*eventlog.Term)
		return ok && a.Field == b.Field && a.Name == b.Name && a.Op == b.Op && a.Lo == b.Lo && a.S == b.S &&
			(a.Op != eventlog.Range || a.Hi == b.Hi)
	}
	return false
}

func equalParts(a, b []eventlog.Expr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
