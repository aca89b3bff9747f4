package query

import (
	"fmt"
	"strings"

	"netelf.example/eventlog"
)

// nodeKind is what a part of an XPath expression is.
type nodeKind uint8

const (
	nodeOr nodeKind = iota
	nodeAnd
	nodeCompare // of two parts by op
	nodePath
	nodeCall // of the function s with parts
	nodeNumber
	nodeText
)

// node is a part of an XPath expression.
type node struct {
	kind  nodeKind
	at    int
	end   int
	s     string // operator, function, number or text
	parts []*node
	steps []step
}

// literal says whether n is a number or a text.
func (n *node) literal() bool { return n.kind == nodeNumber || n.kind == nodeText }

// step is one step of a path: an element, an attribute, "." or text().
type step struct {
	attr  bool
	name  string
	at    int
	end   int
	preds []*node
}

// xpath reads an expression.
type xpath struct {
	text    string
	at      int
	tok     token
	opts    *Options
	nesting int
	limit   int
	*work
}

// work bounds what reading a text may cost: some expressions multiply. It is that
// of all Selects of a QueryList together.
type work struct {
	parts   int // of the text
	steps   int // that were gone
	choices int // of Data
}

const (
	maxParts = 4 * eventlog.MaxExprTerms
	maxSteps = 16 * eventlog.MaxExprTerms
)

func (x *xpath) errorAt(offset, length int, format string, args ...any) *Error {
	return &Error{Text: x.text, Offset: offset, Len: length, Msg: fmt.Sprintf(format, args...)}
}

// errorIn is an error of a part.
func (x *xpath) errorIn(n *node, format string, args ...any) *Error {
	return x.errorAt(n.at, n.end-n.at, format, args...)
}

func (x *xpath) here(format string, args ...any) *Error {
	return x.errorAt(x.tok.at, x.tok.end-x.tok.at, format, args...)
}

// want takes a sign.
func (x *xpath) want(sign, opened string, at int) error {
	if x.tok.is(sign) {
		return x.next()
	}
	if x.tok.kind == tokenEnd {
		return x.errorAt(at, len(opened), "this %s is not closed", opened)
	}
	return x.here("%s cannot stand here; want %s, and, or", x.tokenText(), sign)
}

func (x *xpath) tokenText() string {
	if x.tok.kind == tokenEnd {
		return "the end"
	}
	return x.text[x.tok.at:x.tok.end]
}

// operator says whether the token is the word and, or.
func (x *xpath) operator(word string) bool {
	return x.tok.kind == tokenName && strings.EqualFold(x.tok.s, word)
}

func (x *xpath) or() (*node, error) { return x.chain(nodeOr, "or", x.and) }

func (x *xpath) and() (*node, error) { return x.chain(nodeAnd, "and", x.compare) }

// chain reads parts with a word between them into one node.
func (x *xpath) chain(kind nodeKind, word string, part func() (*node, error)) (*node, error) {
	first, err := part()
	if err != nil || !x.operator(word) {
		return first, err
	}
	n := &node{kind: kind, at: first.at, parts: []*node{first}}
	for x.operator(word) {
		if err := x.next(); err != nil {
			return nil, err
		}
		p, err := part()
		if err != nil {
			return nil, err
		}
		n.parts = append(n.parts, p)
	}
	n.end = n.parts[len(n.parts)-1].end
	return n, nil
}

func (x *xpath) compare() (*node, error) {
	left, err := x.primary()
	if err != nil || x.tok.kind != tokenSign {
		return left, err
	}
	switch op := x.tok.s; op {
	case "=", "!=", "<", "<=", ">", ">=":
		if err := x.next(); err != nil {
			return nil, err
		}
		right, err := x.primary()
		if err != nil {
			return nil, err
		}
		return &node{kind: nodeCompare, at: left.at, end: right.end, s: op, parts: []*node{left, right}}, nil
	case "|":
		return nil, x.here("Windows' event queries have no |: write or")
	case "+", "-", "*":
		return nil, x.here("Windows' event queries do not calculate: there is no %s", op)
	}
	return left, nil
}

func (x *xpath) primary() (*node, error) {
	if x.parts++; x.parts > maxParts {
		return nil, x.here("the query has more than %d parts", maxParts)
	}
	t := x.tok
	switch {
	case t.kind == tokenNumber, t.kind == tokenText:
		kind := nodeNumber
		if t.kind == tokenText {
			kind = nodeText
		}
		return &node{kind: kind, at: t.at, end: t.end, s: t.s}, x.next()
	case t.is("("):
		if err := x.deeper(); err != nil {
			return nil, err
		}
		if err := x.next(); err != nil {
			return nil, err
		}
		n, err := x.or()
		if err != nil {
			return nil, err
		}
		x.nesting--
		return n, x.want(")", "(", t.at)
	case t.is("$"):
		return nil, x.here("Windows' event queries have no variables")
	}
	return x.path()
}

func (x *xpath) deeper() error {
	if x.nesting++; x.nesting > MaxNesting {
		return x.here("the query is nested more than %d deep", MaxNesting)
	}
	return nil
}

// path reads a path, or the call of a function.
func (x *xpath) path() (*node, error) {
	n := &node{kind: nodePath, at: x.tok.at}
	if x.tok.is("/") {
		if x.nesting > 0 {
			return nil, x.here("a path inside of brackets begins with a name, not with /")
		}
		if err := x.next(); err != nil {
			return nil, err
		}
	}
	for {
		s, call, err := x.step()
		if err != nil {
			return nil, err
		}
		if call != nil {
			if len(n.steps) > 0 {
				return nil, x.errorIn(call, "%s() cannot be a step of a path", call.s)
			}
			return call, nil
		}
		if n.steps, n.end = append(n.steps, s), s.end; len(n.steps) > MaxNesting {
			return nil, x.errorIn(n, "the path has more than %d steps", MaxNesting)
		}
		if !x.tok.is("/") {
			break
		}
		if err := x.next(); err != nil {
			return nil, err
		}
	}
	if x.tok.is("//") {
		return nil, x.here("Windows' event queries have no //: name every element on the way, or write *")
	}
	return n, nil
}

// step reads a step with its predicates. A name with a parenthesis behind it is the
// call of a function, but for text().
func (x *xpath) step() (s step, call *node, err error) {
	t := x.tok
	s = step{at: t.at, end: t.end}
	if t.is("@") {
		s.attr = true
		if err := x.next(); err != nil {
			return s, nil, err
		}
		t = x.tok
	}
	switch {
	case t.is("//"):
		return s, nil, x.here("Windows' event queries have no //: begin with *[System[...]]")
	case t.is(".."):
		return s, nil, x.here("Windows' event queries have no way up: there is no ..")
	case t.is("*"), t.is(".") && !s.attr:
		s.name = t.s
	case t.kind == tokenName:
		s.name = t.s
	case t.kind == tokenEnd:
		return s, nil, x.errorAt(t.at, 0, "something is missing at the end")
	default:
		return s, nil, x.here("%s cannot stand here; want a name, as System or EventID, or a value in quotation marks", x.tokenText())
	}
	s.end = t.end
	if err := x.next(); err != nil {
		return s, nil, err
	}
	switch {
	case x.tok.is("::"):
		return s, nil, x.errorAt(t.at, x.tok.end-t.at, "axes are not written out: System is a child, @Name an attribute; Windows has no other")
	case x.tok.is(":"):
		return s, nil, x.errorAt(t.at, x.tok.end-t.at, "Windows' event queries have no namespaces")
	case x.tok.is("(") && t.kind == tokenName && !s.attr:
		call, err := x.call(t)
		if err != nil || call.s != "text" {
			return s, call, err
		}
		if len(call.parts) > 0 {
			return s, nil, x.errorIn(call, "text() takes nothing")
		}
		s.name, s.end = ".", call.end
	}
	for x.tok.is("[") {
		open := x.tok.at
		if err := x.deeper(); err != nil {
			return s, nil, err
		}
		if err := x.next(); err != nil {
			return s, nil, err
		}
		p, err := x.or()
		if err != nil {
			return s, nil, err
		}
		s.end = x.tok.end
		if err := x.want("]", "[", open); err != nil {
			return s, nil, err
		}
		x.nesting--
		s.preds = append(s.preds, p)
	}
	return s, nil, nil
}

// call reads the parentheses behind a function's name.
func (x *xpath) call(name token) (*node, error) {
	n := &node{kind: nodeCall, at: name.at, s: name.s}
	open := x.tok.at
	if err := x.deeper(); err != nil {
		return nil, err
	}
	if err := x.next(); err != nil {
		return nil, err
	}
	for !x.tok.is(")") {
		p, err := x.or()
		if err != nil {
			return nil, err
		}
		n.parts = append(n.parts, p)
		if !x.tok.is(",") {
			break
		}
		if err := x.next(); err != nil {
			return nil, err
		}
	}
	n.end = x.tok.end
	x.nesting--
	return n, x.want(")", "(", open)
}
