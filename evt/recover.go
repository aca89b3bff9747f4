package evt

import (
	"context"
	"fmt"
	"io"
	"math"

	"netelf.example/eventlog"
)

// RecoverOptions are those of Recover; nil is fine.
type RecoverOptions struct {
	// Loss is told of each damage; nil: nobody is.
	Loss func(*eventlog.Loss)

	// Renumbered is told of each record that stands in the new log under
	// another number, with the place where it was found; nil: nobody is.
	Renumbered func(old, new uint32, offset int64)
}

// Recovery is what Recover did.
type Recovery struct {
	Live       uint64           // records that were written, of those the log reaches
	Recovered  uint64           // and of those it does not
	Renumbered uint64           // of both: under another number
	Copies     uint64           // records found again, byte for byte, and not written again
	Damage     eventlog.Outcome // Losses and Lost: what is missing
	Oldest     uint32           // number of the oldest record in the new log, 0: none
	Next       uint32           // and of the one that would come next
	Size       int64            // of the new file
}

// Recover makes of out a clean log of all that can be saved of r: what the log
// reaches, and what it no longer does. Records keep their bytes and, as far as
// that can be, their numbers and stand in the order of those. Under a new number,
// behind all others, stands a record
//
//   - whose number another record has that is not the same byte for byte: the log's
//     own stays, or else the one that stands in the longer row;
//   - whose number is one that the log has not reached yet;
//   - that has a number to itself, with none next to it: nobody could tell that it
//     is right, and a reader would not take it for one of the log;
//   - that was found in more disorder than maxRuns rows.
//
// The new log has room for all, and the old one's retention. The file is read up
// to three times; memory does not grow with it.
func Recover(ctx context.Context, r *Reader, out File, opts *RecoverOptions) (Recovery, error) {
	if opts == nil {
		opts = new(RecoverOptions)
	}
	c := &recovery{r: r, opts: opts}
	if err := c.survey(ctx); err != nil {
		return c.done, err
	}
	room := HeaderSize + c.bytes + EOFSize
	if room > maxMaxSize {
		return c.done, tooLarge("log", room, maxMaxSize)
	}
	c.create = func(first uint32) error {
		wo := &WriterOptions{MaxSize: room, FirstRecord: first}
		if h, err := r.Header(); err == nil {
			wo.MaxSize, wo.Retention = max(room, min(int64(h.MaxSize), maxMaxSize)), h.Retention
		}
		var err error
		c.w, err = Create(out, wo)
		return err
	}
	if err := c.merge(ctx, c.keep); err != nil {
		return c.done, err
	}
	if c.aside {
		if err := c.merge(ctx, c.renumber); err != nil {
			return c.done, err
		}
	}
	if c.w == nil {
		if err := c.create(1); err != nil {
			return c.done, err
		}
	}
	if err := c.w.Flush(); err != nil {
		return c.done, err
	}
	h := c.w.Header()
	c.done.Oldest, c.done.Next, c.done.Size = h.OldestRecordNumber, h.CurrentRecordNumber, c.w.Size()
	return c.done, nil
}

// recovery is a Recover that is under way.
type recovery struct {
	r      *Reader
	opts   *RecoverOptions
	runs   []*run // the log itself is the first
	rest   []*run // what is in more disorder than maxRuns: of each zone what is left, in any order
	bytes  int64  // of all records
	total  uint64 // records
	create func(first uint32) error
	w      *Writer
	aside  bool // some records get another number
	done   Recovery
}

// maxRuns is how many rows of recovered records are put in order; each has a
// small buffer.
const (
	maxRuns   = 128
	runBuffer = 16 << 10
)

// run is a row of records with ascending numbers, as the walk over a zone gives
// them. It is read again from the place where it began.
type run struct {
	from  walker // before the first record
	what  item   // which items of the walk are of it
	count uint64

	// While it is read again.
	k    walker
	left uint64
	rec  Record
}

// survey finds the rows, and tells what is damaged.
func (c *recovery) survey(ctx context.Context) error {
	note := func(l *eventlog.Loss) {
		l.Origin = c.r.opts.Origin
		c.done.Damage.Note(l)
		if c.opts.Loss != nil {
			c.opts.Loss(l)
		}
	}
	for _, l := range c.r.layout.damage {
		note(l)
	}
	w := c.r.window(0)
	live := &run{from: c.r.front(w), what: isRecord}
	c.runs = []*run{live}
	for _, k := range []walker{c.r.slackZone(w), c.r.front(w)} {
		var rec Record
		var row *run    // the newest, nil: none in this zone
		var last uint32 // number in it
		for i := 1; ; i++ {
			if i%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			before := k
			what, loss, err := k.step(&rec)
			if err != nil {
				return err
			}
			if what == atEnd {
				break
			}
			if what == isLoss {
				note(loss)
				continue
			}
			c.total++
			c.bytes += int64(len(rec.b))
			if what == isRecord {
				live.count++
				continue
			}
			n := rec.RecordNumber()
			if row == nil || n <= last && len(c.rest) == 0 {
				row = &run{from: before, what: isRecovery}
				if len(c.rest) == 0 && len(c.runs) <= maxRuns {
					c.runs = append(c.runs, row)
				} else {
					c.rest = append(c.rest, row)
				}
			}
			row.count++
			last = n
		}
	}
	return nil
}

// begin goes back to the first record.
func (r *run) begin(rd *Reader) error {
	r.k = r.from
	r.k.w, r.k.split = rd.window(runBuffer), nil
	r.left = r.count + 1
	return r.next()
}

// next is the next record of the row; left is 0 when there is none.
func (r *run) next() error {
	if r.left--; r.left == 0 {
		r.k.w = nil
		return nil
	}
	for {
		what, _, err := r.k.step(&r.rec)
		switch {
		case err != nil:
			return err
		case what == r.what:
			return nil
		case what == atEnd:
			return fmt.Errorf("read the file again: it changed meanwhile: %w", io.ErrUnexpectedEOF)
		}
	}
}

// verdict is what becomes of a record.
type verdict uint8

const (
	kept verdict = iota
	renumbered
	isCopy
)

// merge goes over all records in the order of their numbers, those of the rest
// last, and says of each what becomes of it: the same each time.
func (c *recovery) merge(ctx context.Context, each func(rec *Record, live bool, v verdict) error) error {
	for _, r := range c.runs {
		if err := r.begin(c.r); err != nil {
			return err
		}
	}
	// A number that the log has not reached is wrong. Where that is not known,
	// there must be room behind it for what gets a new one.
	limit := uint64(c.r.layout.next)
	if limit == 0 {
		limit = math.MaxUint32 - c.total
	}
	var due uint64 // the number behind the last that was kept; 0: none was
	var held []byte
	for i := 1; ; i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		best := c.lowest()
		if best == nil {
			break
		}
		n := best.rec.RecordNumber()
		held = append(held[:0], best.rec.b...)
		winner := Record{b: held, off: best.rec.off}
		live := best == c.runs[0]
		// Those with the same number first, so that what stands at the heads
		// afterwards is what comes next.
		for _, r := range c.runs {
			if r == best || r.left == 0 || r.rec.RecordNumber() != n {
				continue
			}
			v := renumbered
			if string(r.rec.b) == string(held) {
				v = isCopy
			}
			if err := each(&r.rec, r == c.runs[0], v); err != nil {
				return err
			}
			if err := r.next(); err != nil {
				return err
			}
		}
		if err := best.next(); err != nil {
			return err
		}
		v := renumbered
		next := c.lowest()
		switch {
		case !live && uint64(n) >= limit, n == 0:
		case uint64(n) == due, next != nil && next.rec.RecordNumber() == n+1 && uint64(n)+1 < limit,
			due == 0 && (live || next == nil):
			v = kept
			due = uint64(n) + 1
		}
		if err := each(&winner, live, v); err != nil {
			return err
		}
	}
	for _, r := range c.rest {
		if err := r.begin(c.r); err != nil {
			return err
		}
		for i := 1; r.left > 0; i++ {
			if i%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := each(&r.rec, false, renumbered); err != nil {
				return err
			}
			if err := r.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

// lowest is the row whose next record has the lowest number; of several the log
// itself, or else the longest.
func (c *recovery) lowest() (best *run) {
	for i, r := range c.runs {
		if r.left == 0 {
			continue
		}
		if best == nil {
			best = r
			continue
		}
		switch a, b := r.rec.RecordNumber(), best.rec.RecordNumber(); {
		case a < b, a == b && i > 0 && best != c.runs[0] && r.count > best.count:
			best = r
		}
	}
	return best
}

// keep writes what stays under its number.
func (c *recovery) keep(rec *Record, live bool, v verdict) error {
	switch v {
	case isCopy:
		c.done.Copies++
		return nil
	case renumbered:
		c.aside = true
		return nil
	}
	if c.w == nil {
		if err := c.create(rec.RecordNumber()); err != nil {
			return err
		}
	}
	_, err := c.w.AppendRaw(rec.b, true)
	if err == nil {
		c.written(live)
	}
	return err
}

// renumber writes what does not.
func (c *recovery) renumber(rec *Record, live bool, v verdict) error {
	if v != renumbered {
		return nil
	}
	if c.w == nil {
		if err := c.create(1); err != nil {
			return err
		}
	}
	n, err := c.w.AppendRaw(rec.b, false)
	if err != nil {
		return err
	}
	c.written(live)
	if c.done.Renumbered++; c.opts.Renumbered != nil {
		c.opts.Renumbered(rec.RecordNumber(), n, rec.off)
	}
	return nil
}

func (c *recovery) written(live bool) {
	if live {
		c.done.Live++
	} else {
		c.done.Recovered++
	}
}
