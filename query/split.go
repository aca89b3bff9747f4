package query

import (
	"math"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Bounds are the ends of what a tree can select: nothing outside of them.
type Bounds struct {
	// Since and Until bound TimeGenerated, half open; zero is no bound.
	Since, Until time.Time

	// First and Last bound the record number, both inclusive; 0 is no bound.
	First, Last uint64
}

// Split finds the bounds on time and record that stand at the top of a tree, so
// that a walk can begin late and end early. The tree keeps them: it is still what
// decides.
func Split(x eventlog.Expr) Bounds {
	t := interval{hi: math.MaxUint64}
	r := interval{hi: math.MaxUint64}
	narrow(x, &t, &r)
	var b Bounds
	if t.lo > 0 {
		b.Since = nt.Filetime(t.lo).Time()
	}
	if t.hi < math.MaxUint64 {
		b.Until = nt.Filetime(t.hi + 1).Time()
	}
	if r.lo > 0 {
		b.First = r.lo
	}
	if r.hi < math.MaxUint64 && r.hi > 0 {
		b.Last = r.hi
	}
	return b
}

// interval is lo to hi, both inclusive; empty where lo is above hi.
type interval struct{ lo, hi uint64 }

func (i *interval) within(lo, hi uint64) {
	i.lo, i.hi = max(i.lo, lo), min(i.hi, hi)
}

// narrow takes what x says of time and record into t and r.
func narrow(x eventlog.Expr, t, r *interval) {
	switch x := x.(type) {
	case eventlog.And:
		for _, part := range x {
			narrow(part, t, r)
		}
	case eventlog.Or:
		if len(x) == 0 {
			return
		}
		// What one of them can select: from the least to the greatest.
		some, others := interval{lo: math.MaxUint64}, interval{lo: math.MaxUint64}
		for _, part := range x {
			pt, pr := interval{hi: math.MaxUint64}, interval{hi: math.MaxUint64}
			narrow(part, &pt, &pr)
			some.lo, some.hi = min(some.lo, pt.lo), max(some.hi, pt.hi)
			others.lo, others.hi = min(others.lo, pr.lo), max(others.hi, pr.hi)
		}
		t.within(some.lo, some.hi)
		r.within(others.lo, others.hi)
	case *eventlog.Term:
		i := t
		switch x.Field {
		case eventlog.FieldTimeGenerated:
		case eventlog.FieldRecord:
			i = r
		default:
			return
		}
		switch x.Op {
		case eventlog.Eq:
			i.within(x.Lo, x.Lo)
		case eventlog.Range:
			i.within(x.Lo, x.Hi)
		}
	}
}
