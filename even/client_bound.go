package even

import (
	"context"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// bound is what a walk over a log that is ordered by TimeWritten need not read. One
// record beyond a bound may be one whose time is wrong; beyondRun of them in a row
// are believed.
type bound struct {
	back, ends, begins bool
	end                int64  // seconds since 1970: forwards the first beyond, backwards the last that is not
	begin              int64  // forwards: the first that is not before the bound
	run                int    // records beyond, one after the other
	at                 uint64 // the record at which it shortened the walk; 0: it did not
}

const beyondRun = 8

func newBound(s *eventlog.Selection) bound {
	slack := s.Slack
	if slack == 0 {
		slack = eventlog.DefaultSlack
	}
	b := bound{back: s.Backward}
	if slack < 0 {
		return b
	}
	since, until := !s.Since.IsZero(), !s.Until.IsZero()
	switch {
	case b.back && since:
		b.ends, b.end = true, s.Since.Add(-slack).Unix()
	case !b.back:
		if until {
			b.ends, b.end = true, s.Until.Add(slack+time.Second-1).Unix() // rounded up
		}
		if since {
			b.begins, b.begin = true, s.Since.Add(-slack).Unix()
		}
	}
	return b
}

// over says whether the walk ends at a record, which shortens it if more is left.
func (b *bound) over(r *view, more bool) bool {
	t := int64(r.TimeWritten())
	if !b.ends || b.back && t >= b.end || !b.back && t < b.end {
		b.run = 0
		return false
	}
	if b.run++; b.run < beyondRun {
		return false
	}
	if more {
		b.at = r.number
	}
	return true
}

// skipFrom is how many records there must be for it to be worth while to look for
// the one to begin with.
const skipFrom = 512

// skips says whether a walk forwards may begin later than asked: what was written
// before the bound is not looked at, as a walk backwards would not.
func (b *bound) skips(c *clientCursor) bool { return b.begins && c.left() > skipFrom }

// skip moves pos to a record before which all lies before the bound. It looks at the
// log from its newest record on, in steps that get longer, and then halves the last
// one: so it ends no later than a walk backwards would.
func (c *clientCursor) skip(ctx context.Context, s *session) error {
	before, after := uint64(0), c.end
	for d := uint64(skipFrom / 4); d < c.left() && before == 0; d *= 4 {
		n := c.end - d
		is, sure, err := c.before(ctx, s, n)
		switch {
		case err != nil || !sure:
			return err
		case is:
			before = n
		default:
			after = n
		}
	}
	if before == 0 {
		return nil // what is left is read in less time than it takes to look
	}
	for after-before > skipFrom/4 {
		n := before + (after-before)/2
		is, sure, err := c.before(ctx, s, n)
		switch {
		case err != nil:
			return err
		case is && sure:
			before = n
		default:
			after = n
		}
	}
	c.pos, c.last, c.bound.at = before, last{}, before
	return nil
}

// before says whether the records from n on were written before the bound. It is not
// sure where the server does not give them, and false where there are too few to
// judge by. The error is of the connection.
func (c *clientCursor) before(ctx context.Context, s *session, n uint64) (is, sure bool, err error) {
	b, _, err := s.read(ctx, flagSeek|flagForwards, n, 4*smallBuffer)
	if err != nil {
		if s.useless(ctx, err) {
			return false, false, err
		}
		return false, false, nil
	}
	for i := range uint64(beyondRun) {
		var r evt.Record
		if r.UnmarshalBinary(b) != nil || r.RecordNumber() != uint32(n+i) {
			return false, i > 0, nil
		}
		if int64(r.TimeWritten()) >= c.bound.begin {
			return false, true, nil
		}
		b = b[r.Length():]
	}
	return true, true, nil
}
