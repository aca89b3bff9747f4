package eventlog

import "fmt"

// Expr is a closed tree of [And], [Or], [Not] and [*Term]. Flags, query
// languages and wire forms all become this tree; its one evaluator is Match.
type Expr interface {
	// Match judges v: And is the least of its parts, Or the greatest, Not turns
	// Yes and No round and leaves Maybe.
	Match(v View) Tri
	// Needs is the set of fields that the tree looks at.
	Needs() Fields
	expr()
}

// And is Yes where all parts are. The empty And is Yes.
type And []Expr

// Or is Yes where one part is. The empty Or is No.
type Or []Expr

// Not is the opposite of X.
type Not struct{ X Expr }

func (a And) expr()   {}
func (o Or) expr()    {}
func (n Not) expr()   {}
func (t *Term) expr() {}

// Match implements Expr.
func (a And) Match(v View) Tri {
	r := Yes
	for _, x := range a {
		if m := x.Match(v); m < r {
			if r = m; r == No {
				break
			}
		}
	}
	return r
}

// Match implements Expr.
func (o Or) Match(v View) Tri {
	r := No
	for _, x := range o {
		if m := x.Match(v); m > r {
			if r = m; r == Yes {
				break
			}
		}
	}
	return r
}

// Match implements Expr.
func (n Not) Match(v View) Tri { return Yes - n.X.Match(v) }

// Needs implements Expr.
func (a And) Needs() Fields { return needs(a) }

// Needs implements Expr.
func (o Or) Needs() Fields { return needs(o) }

// Needs implements Expr.
func (n Not) Needs() Fields { return n.X.Needs() }

func needs(xs []Expr) (f Fields) {
	for _, x := range xs {
		f |= x.Needs()
	}
	return f
}

// Bounds of a tree that comes from outside.
const (
	MaxExprDepth = 64
	MaxExprTerms = 16384
)

// CheckExpr says what is wrong with a tree: a nil part, a term that was not made
// by NumTerm or TextTerm, more than MaxExprDepth levels or MaxExprTerms terms. A
// nil tree is well and selects all.
func CheckExpr(x Expr) error {
	if x == nil {
		return nil
	}
	terms := 0
	return checkExpr(x, 1, &terms)
}

var errTerms = fmt.Errorf("selection has more than %d terms: %w", MaxExprTerms, ErrInvalid)

func checkExpr(x Expr, depth int, terms *int) error {
	if depth > MaxExprDepth {
		return fmt.Errorf("selection is nested more than %d deep: %w", MaxExprDepth, ErrInvalid)
	}
	parts := []Expr(nil)
	switch x := x.(type) {
	case And:
		parts = x
	case Or:
		parts = x
	case Not:
		parts = []Expr{x.X}
	case *Term:
		if *terms++; *terms > MaxExprTerms {
			return errTerms
		}
		return x.check()
	default:
		return fmt.Errorf("selection has an empty part: %w", ErrInvalid)
	}
	if len(parts) == 0 {
		// An empty And or Or costs as much as a term, and a tree may have any
		// number of them.
		if *terms++; *terms > MaxExprTerms {
			return errTerms
		}
	}
	for _, p := range parts {
		if err := checkExpr(p, depth+1, terms); err != nil {
			return err
		}
	}
	return nil
}
