package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
)

// Loss is an item of a walk: something is missing at this place.
type Loss struct {
	Origin *Origin
	Offset int64 // in the file; -1: none

	// First and Last are the record numbers that are missing. Last 0: how many
	// is not known; backwards, all down to First if that is not 0.
	First, Last uint64

	// Partial: no record is missing. Something else is damaged, or, if First is
	// set, a part of the next event, whose number that is, could not be read.
	Partial bool

	Err error
}

func (l *Loss) Error() string {
	s := l.Origin.String()
	if s != "" {
		s += ": "
	}
	switch {
	case l.Partial && l.First != 0:
		s += fmt.Sprintf("record %d is incomplete", l.First)
	case l.Partial:
		s += "damaged, but no record is missing"
	case l.Last == 0, l.Last < l.First:
		s += "records may be missing"
	case l.First == l.Last:
		s += fmt.Sprintf("record %d is missing", l.First)
	default:
		s += fmt.Sprintf("records %d to %d are missing", l.First, l.Last)
	}
	if l.Err != nil {
		s += ": " + l.Err.Error()
	}
	return s
}

func (l *Loss) Unwrap() error { return l.Err }

// Count is how many records are missing; known is false where that cannot be
// said.
func (l *Loss) Count() (n uint64, known bool) {
	switch {
	case l.Partial:
		return 0, true
	case l.Last == 0 || l.Last < l.First:
		return 0, false
	}
	return l.Last - l.First + 1, true
}

// Behind is the record of the mark behind which a walk goes on that was told l; false:
// the mark stays where it is.
func (l *Loss) Behind(back bool) (record uint64, ok bool) {
	if record = l.Last; back {
		record = l.First
	}
	return record, !l.Partial && record != 0
}

// State is how a walk went.
type State uint8

// The states, from well to worse.
const (
	OK          State = iota
	Partial           // something is missing
	Cancelled         // the reader stopped it
	Refused           // no permission
	Timeout           // it took too long
	Unreachable       // no connection
	Failed            // anything else
)

func (s State) String() string {
	return name([]string{"ok", "partial", "cancelled", "refused", "timeout", "unreachable", "failed"}, int(s))
}

// Outcome is what became of a walk. The zero Outcome is that of a walk that has
// not begun; Note folds it together from what Next answers.
type Outcome struct {
	State       State
	Events      uint64 // given
	Losses      uint64 // *Loss items
	Lost        uint64 // records missing, as far as known
	LostUnknown bool   // and others, nobody knows how many
	Examined    uint64 // records looked at
	Err         error  // the first *Loss, or what ended the walk too early

	done bool
}

// Note folds in one answer of Next, or the error of opening.
func (o *Outcome) Note(err error) {
	switch {
	case o.done:
	case err == nil:
		o.Events++
	case err == io.EOF:
		o.done = true
	default:
		o.noteError(err)
	}
}

func (o *Outcome) noteError(err error) {
	loss, ok := AsLoss(err)
	if !ok {
		o.done = true
		o.State = StateOf(err)
		o.Err = err
		return
	}
	o.Losses++
	n, known := loss.Count()
	o.Lost += n
	o.LostUnknown = o.LostUnknown || !known
	o.State = Partial
	if o.Err == nil {
		o.Err = err
	}
}

// Add folds in the outcome of another walk, such as one over another log of the
// same server: counts add up, the worse state and its error remain.
func (o *Outcome) Add(p Outcome) {
	o.Events += p.Events
	o.Losses += p.Losses
	o.Lost += p.Lost
	o.LostUnknown = o.LostUnknown || p.LostUnknown
	o.Examined += p.Examined
	if p.State > o.State || o.Err == nil {
		o.State, o.Err = max(o.State, p.State), p.Err
	}
	o.done = o.done || p.done
}

// AsLoss is the *Loss that err is.
func AsLoss(err error) (*Loss, bool) {
	var l *Loss
	ok := errors.As(err, &l)
	return l, ok
}

// Done says whether the walk is over.
func (o *Outcome) Done() bool { return o.done }

// Bad says whether the walk ended with an error: not all was seen that could be.
func (o *Outcome) Bad() bool { return o.State > Partial }

// StateOf sorts an error that ended a walk.
func StateOf(err error) State {
	var netErr net.Error
	var opErr *net.OpError
	var dnsErr *net.DNSError
	switch {
	case err == nil:
		return OK
	case errors.Is(err, ErrBudget):
		return Partial
	case errors.Is(err, context.Canceled):
		return Cancelled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return Timeout
	case errors.Is(err, fs.ErrPermission):
		return Refused
	case errors.As(err, &dnsErr), errors.As(err, &opErr):
		return Unreachable
	}
	return Failed
}
