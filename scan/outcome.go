package scan

import (
	"context"
	"errors"
	"io"
	"time"

	"netelf.example/eventlog"
)

// Outcome is what became of one target: the sum over its logs, with the worst
// State and the error that belongs to it.
type Outcome struct {
	Target string
	eventlog.Outcome
	Logs    []LogOutcome  // in the order in which they were opened; none if the target could not be
	Elapsed time.Duration // of opening and reading it; waiting for a turn and for the reader is not in it

	// Skew is how far the server's clock is ahead of this machine's, as far as the
	// server tells it.
	Skew      time.Duration
	SkewKnown bool

	// Broke is the error with which the connection broke off that was made again;
	// the walk has gone on where it was. nil: none did, or it could not be.
	Broke error
}

// NotTried says whether the target was left alone because of its credential.
func (o *Outcome) NotTried() bool { return errors.Is(o.Err, ErrNotTried) }

// Word is the state in a word or two: that of State, or "not tried", of which the
// State is Refused.
func (o *Outcome) Word() string { return word(o.NotTried(), o.State) }

// LogOutcome is what became of one log, by what was given of it.
type LogOutcome struct {
	Log string // its name in its server
	eventlog.Outcome
	Bounded     uint64    // the record at which the walk was shortened, see eventlog.Bounder; 0: it was not
	First, Last time.Time // TimeWritten of the first and the last event given; zero: none
}

// Outcomes is what became of the targets, in the order in which they were given.
// It is valid after the end or Close, and belongs to the
// goroutine that calls Next. A log that was not read to its end is OK if
// Limit ended the walk, Partial with ErrBudget if Budget did, and Cancelled if
// the reader did.
func (c *Cursor) Outcomes() []Outcome {
	ended := c.err
	if ended == nil {
		ended = context.Canceled
	}
	if c.budget {
		ended = eventlog.ErrBudget
	}
	all := make([]Outcome, 0, len(c.workers))
	for _, w := range c.workers {
		o := Outcome{Target: w.target.Name, Elapsed: time.Duration(w.busy.Load())}
		o.Skew, o.SkewKnown, o.Broke = w.about.told()
		switch {
		case !c.reached[w]:
			o.Note(ended)
		case w.err != nil:
			o.Note(w.err)
		default:
			for _, s := range w.sources {
				l := LogOutcome{Log: s.name, Outcome: s.out, Bounded: s.bounded, First: s.given.first, Last: s.given.last}
				l.Examined = s.examined.Load()
				l.Note(ended) // nothing, if it is done
				o.Logs = append(o.Logs, l)
				o.add(&l.Outcome)
			}
		}
		o.Note(io.EOF) // nothing but Done
		all = append(all, o)
	}
	return all
}

// add folds in the outcome of a log.
func (o *Outcome) add(l *eventlog.Outcome) {
	o.Events += l.Events
	o.Losses += l.Losses
	o.Lost += l.Lost
	o.LostUnknown = o.LostUnknown || l.LostUnknown
	o.Examined += l.Examined
	if l.State > o.State {
		o.State, o.Err = l.State, l.Err
	}
}
