package api

import (
	"fmt"

	"netelf.example/eventlog"
)

// Expr is an eventlog.Expr: one of And, Or, Not, or else a term.
type Expr struct {
	And *[]Expr `json:"and,omitempty" doc:"all of these hold"`
	Or  *[]Expr `json:"or,omitempty" doc:"one of these holds"`
	Not *Expr   `json:"not,omitempty" doc:"this does not hold"`

	Field  string  `json:"field,omitempty" doc:"field of a term"`
	Name   string  `json:"name,omitempty" doc:"of a string, where field is named; its number from 1 on, where field is string"`
	Op     string  `json:"op,omitempty" enum:"eq,range,bitand,contains,prefix,like,differs" doc:"how a term compares; not there: eq"`
	Number *uint64 `json:"number,omitempty" doc:"what a number is compared with; lower bound of a range; times are in 100 ns since 1601"`
	To     *uint64 `json:"to,omitempty" doc:"upper bound of a range, inclusive"`
	Text   *string `json:"text,omitempty" doc:"what a text is compared with; case does not count"`
}

// ExprOf is x as it travels. The tree must be one that eventlog.CheckExpr takes.
func ExprOf(x eventlog.Expr) *Expr {
	list := func(xs []eventlog.Expr) *[]Expr {
		l := make([]Expr, len(xs))
		for i, x := range xs {
			l[i] = *ExprOf(x)
		}
		return &l
	}
	switch x := x.(type) {
	case eventlog.And:
		return &Expr{And: list(x)}
	case eventlog.Or:
		return &Expr{Or: list(x)}
	case eventlog.Not:
		return &Expr{Not: ExprOf(x.X)}
	case *eventlog.Term:
		e := &Expr{Field: x.Field.String(), Name: x.Name, Op: x.Op.String()}
		switch {
		case !x.Field.Numeric() && !numbers(x.Op):
			e.Text = &x.S
		case x.Op == eventlog.Range:
			e.Number, e.To = &x.Lo, &x.Hi
		default:
			e.Number = &x.Lo
		}
		return e
	}
	panic(fmt.Sprintf("expression of type %T", x)) // CheckExpr takes no other
}

// Expr is the tree that x says, within the bounds of eventlog.CheckExpr.
func (x *Expr) Expr() (eventlog.Expr, error) {
	terms := 0
	e, err := x.expr(1, &terms)
	if err != nil {
		return nil, err
	}
	return e, eventlog.CheckExpr(e)
}

func (x *Expr) expr(depth int, terms *int) (eventlog.Expr, error) {
	if depth > eventlog.MaxExprDepth {
		return nil, fmt.Errorf("selection is nested more than %d deep: %w", eventlog.MaxExprDepth, eventlog.ErrInvalid)
	}
	if *terms++; *terms > 2*eventlog.MaxExprTerms { // CheckExpr counts more exactly
		return nil, fmt.Errorf("selection has more than %d terms: %w", eventlog.MaxExprTerms, eventlog.ErrInvalid)
	}
	kinds := 0
	for _, is := range []bool{x.And != nil, x.Or != nil, x.Not != nil, x.Field != ""} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		return nil, fmt.Errorf("a part of a selection is one of and, or, not, field: %w", eventlog.ErrInvalid)
	}
	list := func(xs []Expr) ([]eventlog.Expr, error) {
		l := make([]eventlog.Expr, 0, len(xs))
		for i := range xs {
			e, err := xs[i].expr(depth+1, terms)
			if err != nil {
				return nil, err
			}
			l = append(l, e)
		}
		return l, nil
	}
	switch {
	case x.And != nil:
		l, err := list(*x.And)
		return eventlog.And(l), err
	case x.Or != nil:
		l, err := list(*x.Or)
		return eventlog.Or(l), err
	case x.Not != nil:
		e, err := x.Not.expr(depth+1, terms)
		return eventlog.Not{X: e}, err
	}
	return x.term()
}

func (x *Expr) term() (eventlog.Expr, error) {
	f, err := fieldOf(x.Field)
	if err != nil {
		return nil, err
	}
	op, err := opOf(x.Op)
	if err != nil {
		return nil, err
	}
	if !f.Numeric() && !numbers(op) {
		if x.Text == nil || x.Number != nil || x.To != nil {
			return nil, fmt.Errorf("field %s is compared with a text: %w", f, eventlog.ErrInvalid)
		}
		return eventlog.NamedTerm(f, x.Name, op, *x.Text), nil
	}
	if x.Number == nil || x.Text != nil || (x.To != nil) != (op == eventlog.Range) {
		return nil, fmt.Errorf("field %s is compared with a number, a range with two: %w", f, eventlog.ErrInvalid)
	}
	switch {
	case !f.Numeric() && op == eventlog.Range:
		return eventlog.NumberTerm(f, x.Name, op, *x.Number, *x.To), nil
	case !f.Numeric():
		return eventlog.NumberTerm(f, x.Name, op, *x.Number, *x.Number), nil
	case op == eventlog.Range:
		return eventlog.RangeTerm(f, *x.Number, *x.To), nil
	}
	return eventlog.NumTerm(f, op, *x.Number), nil
}

// numbers says whether a text that is compared by op is compared as a number.
func numbers(op eventlog.Op) bool { return op == eventlog.Range || op == eventlog.BitAnd }

func opOf(name string) (eventlog.Op, error) {
	if name == "" {
		return eventlog.Eq, nil
	}
	for op := eventlog.Eq; op <= eventlog.Differs; op++ {
		if op.String() == name {
			return op, nil
		}
	}
	return 0, fmt.Errorf("unknown comparison %q: %w", name, eventlog.ErrInvalid)
}
