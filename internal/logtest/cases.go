package logtest

import (
	"slices"

	"netelf.example/eventlog"
)

// Case is a selection on the log of Events and what it must give.
type Case struct {
	Name      string
	Selection eventlog.Selection

	// Want is the record numbers in the order in which the log yields them.
	Want []uint64

	// WantResolved is what is left of Want behind eventlog.Resolve with
	// Resolver; nil: the same.
	WantResolved []uint64

	// WantLoss is First and Last of the one *Loss, which comes before any event;
	// zero: there is none. Last 0: it is not known how many.
	WantLoss [2]uint64

	// WantErr is the end, by errors.Is; nil: io.EOF. Read may answer it, too.
	WantErr error

	// WantRest is what the same selection without its Budget goes on with behind
	// the marks of the end; nil: not looked at.
	WantRest []uint64
}

// Cases returns the table for a log whose events have the Origin o. None of the
// selections has a Want.
func Cases(o eventlog.Origin) []Case {
	return slices.Concat(numberCases(), textCases(o), treeCases(), messageCases(), timeCases(), placeCases(), limitCases(), markCases(o))
}

// all is every record, in both directions; none is a list that is not nil.
var (
	all      = []uint64{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}
	backward = []uint64{18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5}
	none     = []uint64{}
)

func where(x eventlog.Expr) eventlog.Selection { return eventlog.Selection{Where: x} }

func num(f eventlog.Field, op eventlog.Op, n uint64) eventlog.Selection {
	return where(eventlog.NumTerm(f, op, n))
}

func within(f eventlog.Field, lo, hi uint64) eventlog.Selection {
	return where(eventlog.RangeTerm(f, lo, hi))
}

func text(f eventlog.Field, op eventlog.Op, s string) eventlog.Selection {
	return where(eventlog.TextTerm(f, op, s))
}
