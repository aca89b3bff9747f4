package query

import (
	"strconv"

	"netelf.example/eventlog"
	"netelf.example/internal/spelling"
)

// place is what a path stands at.
type place uint8

const (
	atRoot      place = iota // above the event
	atEvent                  // *, Event
	atSystem                 // System
	atEventData              // EventData
	atUserData               // UserData
	atUserBody               // the element in UserData, and those in it
	atElement                // an element of System: where.element
	atValue                  // text or attribute: where.value
)

// where is a place with what it is.
type where struct {
	place   place
	element *element
	value   *leaf
	path    string // as it is said in messages
}

// test is what a value is compared by. The zero test is that it is there.
type test struct {
	op  string // an operator of XPath, or contains, starts-with, band, timediff
	lit *node
}

// parseXPath reads a query in XPath and makes its tree.
func parseXPath(text string, opts *Options, w *work) (eventlog.Expr, int, error) {
	x := &xpath{text: text, opts: opts, work: w}
	if err := x.next(); err != nil {
		return nil, 0, err
	}
	n, err := x.or()
	if err != nil {
		return nil, 0, err
	}
	if x.tok.kind != tokenEnd {
		return nil, 0, x.here("%s cannot stand here; want and, or, or the end", x.tokenText())
	}
	if err := x.takeLimit(n); err != nil {
		return nil, 0, err
	}
	tree, err := x.compile(n, &where{})
	if err != nil {
		return nil, 0, err
	}
	if and, ok := tree.(eventlog.And); ok && len(and) == 0 {
		tree = nil
	}
	return tree, x.limit, nil
}

// takeLimit takes position() off the end of a query, which makes it a limit.
func (x *xpath) takeLimit(n *node) error {
	if n.kind != nodePath || len(n.steps) != 1 || len(n.steps[0].preds) == 0 {
		return nil
	}
	s := &n.steps[0]
	last := s.preds[len(s.preds)-1]
	if last.kind != nodeCompare || !isCall(last.parts[0], "position") || last.parts[1].kind != nodeNumber {
		return nil
	}
	count, err := strconv.ParseUint(last.parts[1].s, 10, 31)
	if last.s == "<" {
		count--
	}
	if err != nil || int64(count) < 1 || last.s != "<" && last.s != "<=" && (last.s != "=" || count != 1) {
		return x.errorIn(last, "position() bounds how many events there are: position() <= 10")
	}
	s.preds = s.preds[:len(s.preds)-1]
	x.limit = int(count)
	return nil
}

func isCall(n *node, name string) bool { return n.kind == nodeCall && n.s == name }

// compile makes the tree of what holds at a place.
func (x *xpath) compile(n *node, at *where) (eventlog.Expr, error) {
	switch n.kind {
	case nodeOr, nodeAnd:
		xs := make([]eventlog.Expr, 0, len(n.parts))
		for _, p := range n.parts {
			e, err := x.compile(p, at)
			if err != nil {
				return nil, err
			}
			xs = append(xs, e)
		}
		if n.kind == nodeOr {
			return anyOf(xs), nil
		}
		return both(xs...), nil
	case nodePath:
		return x.walk(n, at, n.steps, test{})
	case nodeCompare:
		return x.comparison(n, at)
	case nodeCall:
		return x.function(n, at)
	case nodeNumber:
		return nil, x.errorIn(n, "a number alone is a position; of events only Data has one: Data[1]")
	}
	return nil, x.errorIn(n, "a text alone says nothing; want a comparison, as Computer='bedrock'")
}

// both is all of xs, without those that say nothing.
func both(xs ...eventlog.Expr) eventlog.Expr {
	var and eventlog.And
	for _, e := range xs {
		switch e := e.(type) {
		case eventlog.And:
			and = append(and, e...)
		default:
			and = append(and, e)
		}
	}
	if len(and) == 0 {
		return eventlog.And{}
	}
	return all(and)
}

// turned is an operator with its two sides changed.
var turned = map[string]string{"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (x *xpath) comparison(n *node, at *where) (eventlog.Expr, error) {
	left, right, op := n.parts[0], n.parts[1], n.s
	if left.literal() {
		left, right, op = right, left, turned[op]
	}
	switch {
	case left.kind == nodeCall && right.literal():
		return x.callCompared(left, op, right, at)
	case !right.literal():
		return nil, x.errorIn(right, "want a number, or a text in quotation marks, to compare with")
	case left.kind != nodePath:
		return nil, x.errorIn(left, "want a name to compare, as EventID or @Name")
	}
	return x.walk(left, at, left.steps, test{op: op, lit: right})
}

// walk goes along the steps of a path and tests what is at its end.
func (x *xpath) walk(n *node, at *where, steps []step, t test) (eventlog.Expr, error) {
	if x.steps++; x.steps > maxSteps {
		return nil, x.errorIn(n, "the query multiplies to more than %d steps", maxSteps)
	}
	if len(steps) == 0 {
		return x.test(n, at, t)
	}
	s, rest := &steps[0], steps[1:]
	if !s.attr && s.name == "." && at.place != atRoot {
		if len(s.preds) > 0 || len(rest) > 0 {
			return nil, x.errorAt(s.at, s.end-s.at, "nothing can stand behind the value itself")
		}
		return x.walk(n, at, rest, t)
	}
	switch at.place {
	case atRoot:
		if s.attr || s.name != "*" && s.name != "Event" {
			return nil, x.errorAt(s.at, s.end-s.at, "a query selects events: it begins with * or Event, as *[System[EventID=4625]]")
		}
		return x.into(n, s, &where{place: atEvent, path: "Event"}, rest, t)
	case atEvent:
		return x.section(n, s, rest, t)
	case atSystem:
		return x.system(n, s, rest, t)
	case atEventData:
		return x.data(n, s, rest, t)
	case atUserData, atUserBody:
		return x.userData(n, at, s, rest, t)
	case atElement:
		return x.element(n, at, s, rest, t)
	}
	return nil, x.errorAt(s.at, s.end-s.at, "%s has nothing below it", at.path)
}

// into tests the predicates of a step at the place that it leads to, and goes on.
func (x *xpath) into(n *node, s *step, to *where, rest []step, t test) (eventlog.Expr, error) {
	var xs []eventlog.Expr
	for _, p := range s.preds {
		e, err := x.compile(p, to)
		if err != nil {
			return nil, err
		}
		xs = append(xs, e)
	}
	if len(rest) > 0 || t.op != "" || len(s.preds) == 0 {
		e, err := x.walk(n, to, rest, t)
		if err != nil {
			return nil, err
		}
		xs = append(xs, e)
	}
	return both(xs...), nil
}

// section is a step below the event.
func (x *xpath) section(n *node, s *step, rest []step, t test) (eventlog.Expr, error) {
	places := map[string]place{"System": atSystem, "EventData": atEventData, "UserData": atUserData}
	switch to, ok := places[s.name]; {
	case to == atEventData && !s.attr:
		e, err := x.into(n, s, &where{place: to, path: s.name}, rest, t)
		if err != nil {
			return nil, err
		}
		return both(e, eventlog.Not{X: userDataThere()}), nil
	case ok && !s.attr:
		return x.into(n, s, &where{place: to, path: s.name}, rest, t)
	case s.name == "*" && !s.attr:
		return nil, x.errorAt(s.at, s.end-s.at, "say which it is below the event: System, EventData or UserData")
	case s.name == "RenderingInfo":
		return nil, x.errorAt(s.at, s.end-s.at, "RenderingInfo is not stored with events; ask for it in the small language: message:text")
	}
	hint := spelling.Like(s.name, []string{"System", "EventData", "UserData"})
	if hint != "" {
		hint = "; do you mean " + hint + "?"
	}
	return nil, x.errorAt(s.at, s.end-s.at, "an event has System, EventData and UserData, no %s%s", s.name, hint)
}

// test is what a path that ends at a place says.
func (x *xpath) test(n *node, at *where, t test) (eventlog.Expr, error) {
	if at.place == atValue {
		return x.value(n, at, t)
	}
	if at.place == atElement {
		switch {
		case at.element.text != nil:
			return x.value(n, &where{place: atValue, value: at.element.text, path: at.path}, t)
		case t.op != "":
			return nil, x.errorIn(n, "%s has no text; compare %s", at.path, at.element.example)
		}
		return x.elementThere(at.element), nil
	}
	if t.op != "" {
		return nil, x.errorIn(n, "%s has no value of its own; compare what is in it", at.path)
	}
	if at.place == atUserData || at.place == atUserBody {
		return userDataThere(), nil
	}
	return eventlog.And{}, nil
}

// userDataThere is that an event has UserData. An event has either that or
// EventData, so that what is asked of the one is not found in the other.
func userDataThere() eventlog.Expr {
	return eventlog.TextTerm(eventlog.FieldUserData, eventlog.Contains, "")
}
