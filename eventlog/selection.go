package eventlog

import (
	"io"
	"math"
	"time"

	"netelf.example/nt"
)

// Selection says which events of a log, in which order, and what of them will be
// looked at. The zero Selection is all events, oldest first. The order is record
// order; Backward turns it round. A log yields every event for which Where is
// Yes or Maybe and none for which it is No.
type Selection struct {
	// Backward reads the newest record first.
	Backward bool

	// Start is the first record number to be looked at, inclusive, in the
	// direction of the walk; 0 is the end that Backward says. One that lies
	// outside the log means the nearest record in the direction of the walk.
	Start uint64

	// After says to go on behind these places; a log takes the one of its
	// Origin and answers ErrMarkGone where it is void. With Start too, the one
	// further on counts.
	After []Mark

	// Since and Until bound TimeGenerated, half open [Since, Until), each event
	// judged by itself; zero is no bound.
	Since, Until time.Time

	// Slack lets a live log end its walk when TimeWritten, which logs are
	// ordered by, is this far beyond the bound; 0 is DefaultSlack, negative is
	// never. Files always read on.
	Slack time.Duration

	// Where is what must hold; nil is all.
	Where Expr

	// Limit ends the walk with io.EOF after this many events that are Yes; 0 is
	// none.
	Limit int

	// Budget ends the walk with ErrBudget when this many records were examined
	// and there are more; 0 is none.
	Budget int64

	// Want is what must be filled in of an event, beyond what Where needs; 0 is
	// DefaultFields.
	Want Fields

	// Lang is the languages of Message, BCP 47 tags separated by commas, the one
	// wanted most first; "" is the reader's default.
	Lang string

	// Recovered yields also records that the log no longer reaches, marked as
	// such, before the log's oldest record. Logs that cannot look ignore it.
	Recovered bool
}

// DefaultSlack is how far TimeWritten may lie beyond a bound before a live log
// ends its walk: clocks that step back by less lose nothing.
const DefaultSlack = 10 * time.Minute

// Wanted is every field that an event must have filled in.
func (s *Selection) Wanted() Fields {
	w := s.Want
	if w == 0 {
		w = DefaultFields
	}
	if s.Where != nil {
		w |= s.Where.Needs()
	}
	return w
}

// Mark is the one of After that is for o, nil if there is none: the one with
// exactly its names, else one with names that differ in case.
func (s *Selection) Mark(o *Origin) *Mark {
	var like *Mark
	for i := range s.After {
		m := &s.After[i]
		if m.Server == o.Server && m.Log == o.Log {
			return m
		}
		if like == nil && EqualFold(m.Server, o.Server) && EqualFold(m.Log, o.Log) {
			like = m
		}
	}
	return like
}

// First is the record number at which a walk over records oldest to next-1 of
// the log o begins, in the direction of the walk. It lies within the log; when
// nothing is left to be read it is next forwards and 0 backwards. A log is empty
// where oldest is 0 or not below next. Whether the mark's Time is that of its record
// is for the log to compare, where it still has the record.
//
// lost is what was overwritten behind the mark, to be told before any event; nil:
// nothing. Forwards it is the records directly before First. Backwards it is said
// where the mark's own record is gone, and how many is not known: nobody knows which
// was the oldest when the mark was made. Where that record is the oldest by now, the
// walk may have been at its end with it, and nothing is said.
func (s *Selection) First(o *Origin, oldest, next uint64) (first uint64, lost *Loss, err error) {
	if oldest == 0 || oldest > next {
		oldest = next
	}
	m := s.Mark(o)
	if m != nil && m.Record == 0 {
		m = nil // before the first: the whole log
	}
	if m != nil && m.Record >= next {
		return 0, nil, ErrMarkGone
	}
	overwritten := func(first, last uint64) {
		lost = &Loss{Origin: o, Offset: -1, First: first, Last: last, Err: ErrOverwrite}
	}
	if s.Backward {
		if m != nil && m.Record < oldest && m.Record > 1 && (s.Start == 0 || s.Start >= m.Record-1) {
			overwritten(1, 0)
		}
		if oldest == next {
			return 0, lost, nil
		}
		first = next - 1
		if s.Start != 0 {
			first = min(first, s.Start)
		}
		if m != nil {
			first = min(first, m.Record-1)
		}
		if first < oldest {
			first = 0
		}
		return first, lost, nil
	}
	first = max(oldest, s.Start)
	if m != nil {
		if m.Record+1 < oldest && s.Start <= m.Record+1 {
			overwritten(m.Record+1, oldest-1)
		}
		first = max(first, m.Record+1)
	}
	return min(first, next), lost, nil
}

// Judge applies a Selection to the records of one log, one after the other in
// the order of the walk. Implementations of Log share it, so that they answer
// alike.
type Judge struct {
	where        Expr
	since, until uint64 // TimeGenerated in ticks, since <= t < until
	timed        bool   // there is such a bound
	limit        int
	budget       uint64
	yes          int
	examined     uint64
}

// NewJudge prepares a Judge for s. The Selection must not change while it is in
// use.
func NewJudge(s *Selection) *Judge {
	j := &Judge{where: s.Where, until: math.MaxUint64, limit: s.Limit, budget: math.MaxUint64}
	if j.limit <= 0 {
		j.limit = math.MaxInt
	}
	if s.Budget > 0 {
		j.budget = uint64(s.Budget)
	}
	if !s.Since.IsZero() {
		j.since, j.timed = ceilTicks(s.Since), true
	}
	if !s.Until.IsZero() {
		j.until, j.timed = ceilTicks(s.Until), true
	}
	return j
}

// ceilTicks is the first tick that is not before t.
func ceilTicks(t time.Time) uint64 {
	f, ok := nt.FiletimeOf(t)
	if ok && f.Time().Before(t) {
		f++
	}
	return uint64(f)
}

// Full says whether the limit was reached: then the walk is over, whatever comes.
func (j *Judge) Full() bool { return j.yes >= j.limit }

// More says whether a record that was found may be examined: nil, io.EOF when the
// limit was reached, ErrBudget when the budget is used up.
func (j *Judge) More() error {
	if j.Full() {
		return io.EOF
	}
	if j.examined >= j.budget {
		return ErrBudget
	}
	return nil
}

// Take judges a record. Yes and Maybe are to be given, No is not.
func (j *Judge) Take(v View) Tri {
	r := j.judge(v)
	j.Took(r)
	return r
}

func (j *Judge) judge(v View) Tri {
	if j.timed {
		if t, known := v.Num(FieldTimeGenerated); known && (t < j.since || t >= j.until) {
			return No
		}
	}
	if j.where == nil {
		return Yes
	}
	return j.where.Match(v)
}

// Took is Take for a record that was judged ahead, by another Judge of the same
// Selection without its Limit and Budget.
func (j *Judge) Took(r Tri) {
	j.examined++
	if r == Yes {
		j.yes++
	}
}

// Examined is how many records were judged.
func (j *Judge) Examined() uint64 { return j.examined }
