package query

import (
	"fmt"
	"math"
	"strconv"

	"netelf.example/eventlog"
)

// data is a step below EventData: Data, of which there may be many, or an element
// of the event's own.
func (x *xpath) data(n *node, s *step, rest []step, t test) (eventlog.Expr, error) {
	switch {
	case s.attr:
		return nil, x.errorAt(s.at, s.end-s.at, "EventData can be asked for by what is in it, not by @%s", s.name)
	case s.name == "Binary":
		return nil, x.errorAt(s.at, s.end-s.at, "binary data is not compared; the small language looks for text in it: data:text")
	}
	first := choice{}
	if s.name != "Data" && s.name != "*" {
		first.name, first.named = s.name, true
	}
	return x.values(n, s, first, rest, t)
}

// userData is a step below UserData: the element in it, then what is in that.
func (x *xpath) userData(n *node, at *where, s *step, rest []step, t test) (eventlog.Expr, error) {
	if s.attr {
		return nil, x.errorAt(s.at, s.end-s.at, "UserData can be asked for by what is in it, not by @%s", s.name)
	}
	if at.place == atUserData {
		body := userDataThere()
		if s.name != "*" {
			body = eventlog.TextTerm(eventlog.FieldUserData, eventlog.Eq, s.name)
		}
		if len(s.preds) == 0 && len(rest) == 0 && t.op == "" {
			return body, nil
		}
		e, err := x.into(n, s, &where{place: atUserBody, path: "UserData/" + s.name}, rest, t)
		if err != nil {
			return nil, err
		}
		return both(body, e), nil
	}
	if !x.leafOf(s, rest) {
		return x.into(n, s, at, rest, t) // an element around others
	}
	first := choice{}
	if s.name != "*" {
		first.name, first.named = s.name, true
	}
	return x.values(n, s, first, rest, t)
}

// leafOf says whether a step inside of UserData is the last element of its path.
func (x *xpath) leafOf(s *step, rest []step) bool {
	if len(rest) > 0 && !rest[0].attr && rest[0].name != "." {
		return false
	}
	for _, p := range s.preds {
		if descends(p) {
			return false
		}
	}
	return true
}

// descends says whether n asks for elements below where it stands.
func descends(n *node) bool {
	if n.kind == nodePath && !n.steps[0].attr && n.steps[0].name != "." {
		return true
	}
	for _, p := range n.parts {
		if descends(p) {
			return true
		}
	}
	return false
}

// choice is what one Data must be: a Data has one name and one value, so what is
// asked of it belongs together.
type choice struct {
	named bool
	name  string
	nth   int // 0: any
	tests []test
}

// values is that one of the values which a step leads to is as its predicates and
// the test behind it say.
func (x *xpath) values(n *node, s *step, first choice, rest []step, t test) (eventlog.Expr, error) {
	choices := []choice{first}
	for i, p := range s.preds {
		more, err := x.ways(p, i == 0)
		if err != nil {
			return nil, err
		}
		if choices, err = x.cross(p, choices, more); err != nil {
			return nil, err
		}
	}
	switch {
	case len(rest) == 1 && !rest[0].attr && rest[0].name == "." && len(rest[0].preds) == 0:
		rest = nil
	case len(rest) == 1 && rest[0].attr && rest[0].name == "Name" && t.op == "=" && len(rest[0].preds) == 0:
		more := []choice{{named: true, name: t.lit.s}}
		var err error
		if choices, err = x.cross(n, choices, more); err != nil {
			return nil, err
		}
		rest, t = nil, test{}
	}
	if len(rest) > 0 {
		return nil, x.errorAt(rest[0].at, rest[0].end-rest[0].at, "behind Data stands its value; its name is compared by =: Data[@Name='TargetUserName']")
	}
	if t.op != "" {
		if (t.op == "contains" || t.op == "starts-with") && len(choices) == 1 && !choices[0].named && choices[0].nth == 0 {
			choices[0].nth = 1 // XPath's functions look at the first of many
		}
		for i := range choices {
			choices[i].tests = append(choices[i].tests[:len(choices[i].tests):len(choices[i].tests)], t)
		}
	}
	var xs []eventlog.Expr
	for i := range choices {
		e, err := x.choice(n, &choices[i])
		if err != nil {
			return nil, err
		}
		xs = append(xs, e)
	}
	return anyOf(xs), nil
}

// cross is each of a together with each of b, without those that cannot be.
func (x *xpath) cross(n *node, a, b []choice) ([]choice, error) {
	if x.choices += len(a) * len(b); x.choices > maxSteps || len(a)*len(b) > eventlog.MaxExprTerms {
		return nil, x.errorIn(n, "the query asks for more than %d kinds of Data", eventlog.MaxExprTerms)
	}
	var both []choice
	for _, p := range a {
		for _, q := range b {
			c := p
			if q.named {
				if c.named && !eventlog.EqualFold(c.name, q.name) {
					continue
				}
				c.named, c.name = true, q.name
			}
			if q.nth != 0 {
				c.nth = q.nth
			}
			if len(c.tests)+len(q.tests) > maxTests {
				return nil, x.errorIn(n, "this asks more than %d things of one Data", maxTests)
			}
			c.tests = append(c.tests[:len(c.tests):len(c.tests)], q.tests...)
			both = append(both, c)
		}
	}
	return both, nil
}

// maxTests is how many things may be asked of one Data at once.
const maxTests = 64

// ways are what a predicate of Data lets it be.
func (x *xpath) ways(n *node, first bool) ([]choice, error) {
	switch n.kind {
	case nodeOr:
		var some []choice
		for _, p := range n.parts {
			c, err := x.ways(p, first)
			if err != nil {
				return nil, err
			}
			some = append(some, c...)
		}
		return some, nil
	case nodeAnd:
		both := []choice{{}}
		for _, p := range n.parts {
			c, err := x.ways(p, false)
			if err != nil {
				return nil, err
			}
			if both, err = x.cross(n, both, c); err != nil {
				return nil, err
			}
		}
		return both, nil
	case nodeNumber:
		return x.nth(n, n, first)
	case nodePath:
		if self(n) {
			return []choice{{}}, nil
		}
		if isName(n) {
			return nil, x.errorIn(n, "that Data has any name at all cannot be asked; say which: @Name='TargetUserName'")
		}
	case nodeCompare:
		left, right, op := n.parts[0], n.parts[1], n.s
		if left.literal() {
			left, right, op = right, left, turned[op]
		}
		switch {
		case !right.literal():
		case isCall(left, "position") && op == "=":
			return x.nth(n, right, first)
		case isName(left) && op == "=":
			return []choice{{named: true, name: right.s}}, nil
		case isName(left):
			return nil, x.errorIn(n, "names of Data are compared by = only")
		case self(left):
			return []choice{{tests: []test{{op: op, lit: right}}}}, nil
		}
	case nodeCall:
		switch n.s {
		case "contains", "starts-with":
			path, lit, err := x.pathAndText(n)
			if err != nil {
				return nil, err
			}
			if self(path) {
				return []choice{{tests: []test{{op: n.s, lit: lit}}}}, nil
			}
		case "not":
			if len(n.parts) == 1 && n.parts[0].kind == nodeCompare && self(n.parts[0].parts[0]) && n.parts[0].s == "=" && n.parts[0].parts[1].literal() {
				return []choice{{tests: []test{{op: "!=", lit: n.parts[0].parts[1]}}}}, nil
			}
		case "band":
			return nil, x.errorIn(n, "write band(Data[@Name='AccessMask'], 65536)")
		}
	}
	return nil, x.errorIn(n, "Data can be asked for by @Name='…', by its value, .='…', and by its place, Data[1]")
}

func self(n *node) bool {
	return n.kind == nodePath && len(n.steps) == 1 && !n.steps[0].attr && n.steps[0].name == "." && len(n.steps[0].preds) == 0
}

func isName(n *node) bool {
	return n.kind == nodePath && len(n.steps) == 1 && n.steps[0].attr && n.steps[0].name == "Name" && len(n.steps[0].preds) == 0
}

// nth is the place of a Data, which must be asked for first: behind other
// predicates it would number what they leave.
func (x *xpath) nth(n, lit *node, first bool) ([]choice, error) {
	i, err := strconv.Atoi(lit.s)
	if err != nil || i < 1 || i > math.MaxUint16 {
		return nil, x.errorIn(lit, "a place is a number from 1 to 65535")
	}
	if !first {
		return nil, x.errorIn(n, "the place of a Data stands alone and first: Data[1][.='…']")
	}
	return []choice{{nth: i}}, nil
}

// choice is the tree of one kind of Data.
func (x *xpath) choice(n *node, c *choice) (eventlog.Expr, error) {
	f, name := eventlog.FieldString, ""
	switch {
	case c.named && c.nth != 0:
		return nil, x.errorIn(n, "a Data is asked for by its name or by its place, not by both")
	case c.named:
		f, name = eventlog.FieldNamed, c.name
	case c.nth != 0:
		name = strconv.Itoa(c.nth)
	}
	if len(c.tests) == 0 {
		return eventlog.NamedTerm(f, name, eventlog.Contains, ""), nil
	}
	// Several bounds are one range, which one value must be in.
	lo, hi, ranges := uint64(0), uint64(math.MaxUint64), 0
	var xs []eventlog.Expr
	for _, t := range c.tests {
		e, err := x.dataTest(n, f, name, t)
		if err != nil {
			return nil, err
		}
		if r, ok := e.(*eventlog.Term); ok && r.Op == eventlog.Range {
			lo, hi, ranges = max(lo, r.Lo), min(hi, r.Hi), ranges+1
			continue
		}
		xs = append(xs, e)
	}
	if ranges > 0 {
		xs = append(xs, eventlog.NumberTerm(f, name, eventlog.Range, lo, hi))
	}
	if len(xs) > 1 && name == "" {
		return nil, x.errorIn(n, "this asks several things of one Data without a name; ask for it by its name or place")
	}
	return all(xs), nil
}

// dataTest is one test of a value.
func (x *xpath) dataTest(n *node, f eventlog.Field, name string, t test) (eventlog.Expr, error) {
	text := func(op eventlog.Op) (eventlog.Expr, error) { return eventlog.NamedTerm(f, name, op, t.lit.s), nil }
	switch t.op {
	case "contains":
		return text(eventlog.Contains)
	case "starts-with":
		return text(eventlog.Prefix)
	case "=", "!=":
		if t.lit.kind == nodeText {
			if t.op == "=" {
				return text(eventlog.Eq)
			}
			return text(eventlog.Differs)
		}
	}
	v, err := xpathNumber(t.lit.s, false)
	if err != nil {
		return nil, x.errorIn(t.lit, "want a whole number to compare by %s", t.op)
	}
	switch t.op {
	case "band":
		return eventlog.NumberTerm(f, name, eventlog.BitAnd, v, v), nil
	case "!=":
		if name == "" {
			return nil, x.errorIn(n, "this asks several things of one Data without a name; ask for it by its name or place")
		}
		return eventlog.And{eventlog.NamedTerm(f, name, eventlog.Contains, ""),
			eventlog.Not{X: eventlog.NumberTerm(f, name, eventlog.Range, v, v)}}, nil
	case "timediff":
		return nil, x.errorIn(n, "timediff takes @SystemTime of TimeCreated")
	}
	lo, hi, ok := bounds(t.op, v, v)
	if !ok {
		return eventlog.Or{}, nil
	}
	return eventlog.NumberTerm(f, name, eventlog.Range, lo, hi), nil
}

func hex(n uint64) string { return fmt.Sprintf("%x", n) }
