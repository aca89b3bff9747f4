package query

import (
	"math"

	"netelf.example/eventlog"
	"netelf.example/internal/spelling"
	"netelf.example/nt"
)

// function is the call of a function that is true or false by itself.
func (x *xpath) function(n *node, at *where) (eventlog.Expr, error) {
	switch n.s {
	case "band":
		return x.band(n, "!=", 0, at)
	case "not":
		if len(n.parts) != 1 {
			return nil, x.errorIn(n, "not() takes one part")
		}
		e, err := x.compile(n.parts[0], at)
		if err != nil {
			return nil, err
		}
		return eventlog.Not{X: e}, nil
	case "contains", "starts-with":
		path, lit, err := x.pathAndText(n)
		if err != nil {
			return nil, err
		}
		return x.walk(path, at, path.steps, test{op: n.s, lit: lit})
	}
	return nil, x.badCall(n)
}

// pathAndText are the two parts of contains and starts-with.
func (x *xpath) pathAndText(n *node) (path, lit *node, err error) {
	if len(n.parts) != 2 || n.parts[0].kind != nodePath || n.parts[1].kind != nodeText {
		return nil, nil, x.errorIn(n, "%s takes a name and a text: %s(Computer, 'dc')", n.s, n.s)
	}
	return n.parts[0], n.parts[1], nil
}

func (x *xpath) badCall(n *node) error {
	switch n.s {
	case "position", "last":
		return x.errorIn(n, "position() can only bound the whole query, in brackets of its own at its end, *[...][position() <= 10], or number a Data: Data[position()=1]")
	case "timediff":
		return x.errorIn(n, "timediff is compared with milliseconds: TimeCreated[timediff(@SystemTime) <= 3600000]")
	}
	hint := ""
	if h := spelling.Like(n.s, []string{"band", "timediff", "position", "not", "contains", "starts-with"}); h != "" {
		hint = "; do you mean " + h + "?"
	}
	return x.errorIn(n, "Windows' event queries have no function %s%s: theirs are band, timediff and position; netelf takes not, contains and starts-with too", n.s, hint)
}

// callCompared is the value of a function compared with a number.
func (x *xpath) callCompared(n *node, op string, lit *node, at *where) (eventlog.Expr, error) {
	switch n.s {
	case "band":
		v, err := xpathNumber(lit.s, true)
		if err != nil {
			return nil, x.errorIn(lit, "band is compared with a whole number")
		}
		return x.band(n, op, v, at)
	case "timediff":
		return x.timediff(n, op, lit, at)
	}
	return nil, x.badCall(n)
}

// band is true where two numbers have a bit in common.
func (x *xpath) band(n *node, op string, v uint64, at *where) (eventlog.Expr, error) {
	if len(n.parts) != 2 || n.parts[0].kind != nodePath || !n.parts[1].literal() {
		return nil, x.errorIn(n, "band takes a name and a number: band(Keywords, 4503599627370496)")
	}
	mask, err := xpathNumber(n.parts[1].s, true)
	if err != nil {
		return nil, x.errorIn(n.parts[1], "band takes a whole number")
	}
	bit := func(b uint64) (eventlog.Expr, error) {
		return x.walk(n.parts[0], at, n.parts[0].steps, test{op: "band", lit: &node{kind: nodeNumber, at: n.at, end: n.end, s: "0x" + hex(b)}})
	}
	if op == ">" && v == 0 {
		op = "!="
	}
	if op != "=" && op != "!=" {
		return nil, x.errorIn(n, "band is compared by = and !=")
	}
	var e eventlog.Expr
	switch {
	case v == 0:
		if e, err = bit(mask); err != nil {
			return nil, err
		}
		if op == "=" {
			return eventlog.Not{X: e}, nil
		}
		return e, nil
	case v&^mask != 0:
		e = eventlog.Or{}
	default:
		var xs []eventlog.Expr
		for b := uint64(1); b != 0; b <<= 1 {
			if v&b == 0 {
				continue
			}
			e, err := bit(b)
			if err != nil {
				return nil, err
			}
			xs = append(xs, e)
		}
		if others := mask &^ v; others != 0 {
			e, err := bit(others)
			if err != nil {
				return nil, err
			}
			xs = append(xs, eventlog.Not{X: e})
		}
		e = all(xs)
	}
	if op == "!=" {
		return eventlog.Not{X: e}, nil
	}
	return e, nil
}

// timediff is how many milliseconds lie between the event and now, or a time that
// is given.
func (x *xpath) timediff(n *node, op string, lit *node, at *where) (eventlog.Expr, error) {
	if len(n.parts) < 1 || len(n.parts) > 2 || n.parts[0].kind != nodePath || len(n.parts) == 2 && n.parts[1].kind != nodeText {
		return nil, x.errorIn(n, "timediff takes @SystemTime, and a time if it is not to count from now")
	}
	ms, err := xpathNumber(lit.s, false)
	if err != nil || ms > math.MaxUint64/10_000 {
		return nil, x.errorIn(lit, "timediff is compared with a number of milliseconds")
	}
	var now uint64
	if len(n.parts) == 2 {
		if now, _, err = x.time(n.parts[1]); err != nil {
			return nil, err
		}
	} else {
		if x.opts.Now.IsZero() {
			return nil, x.errorIn(n, "timediff %v", errNoNow)
		}
		f, _ := nt.FiletimeOf(x.opts.Now)
		now = uint64(f)
	}
	if _, err := x.walk(n.parts[0], at, n.parts[0].steps, test{op: "timediff", lit: lit}); err != nil {
		return nil, err
	}
	// The younger an event, the smaller is the difference.
	then := now - min(now, ms*10_000)
	return numberTest(eventlog.FieldTimeGenerated, turned[op], then, then), nil
}
