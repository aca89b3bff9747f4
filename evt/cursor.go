package evt

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
	"netelf.example/nt"
)

// cursor is one walk over a file: first what was found wrong when the file was
// opened, then its stages one after the other.
type cursor struct {
	origin  *eventlog.Origin
	want    eventlog.Fields
	judge   *eventlog.Judge
	dec     decoder
	rec     Record
	losses  []*eventlog.Loss // to be given first
	stages  []stage
	first   uint64 // losses before it are not of this walk, in its direction
	back    bool
	until   uint32 // forwards it ends before this record; 0: it does not
	pending bool   // rec was said to be incomplete and is to be given now
	what    item   // of rec
	mark    eventlog.Mark
	err     error // what ended the walk
	closed  atomic.Bool

	follows bool
	passed  atomic.Uint64 // when following: number and time of the last record that did not match, 0: none
}

func newCursor(o *eventlog.Origin, sel *eventlog.Selection) (*cursor, error) {
	if err := eventlog.CheckExpr(sel.Where); err != nil {
		return nil, err
	}
	c := &cursor{origin: o, want: sel.Wanted(), judge: eventlog.NewJudge(sel), back: sel.Backward}
	c.rec.origin = o
	c.mark = filelog.Mark(sel, o)
	return c, nil
}

// stage is a part of the file in one direction.
type stage interface {
	step(context.Context, *Record) (item, *eventlog.Loss, error)
}

type forwards struct{ walker }

func (s *forwards) step(_ context.Context, rec *Record) (item, *eventlog.Loss, error) {
	return s.walker.step(rec)
}

// backwards is the live zone from a place back to its beginning: record by
// record while all is well, replayed from the first damage on.
type backwards struct {
	backward
	front  walker
	replay *replay
}

func (s *backwards) step(ctx context.Context, rec *Record) (item, *eventlog.Loss, error) {
	if s.replay != nil {
		return s.replay.step(rec)
	}
	if s.left > 0 && s.front.known && s.expect >= s.front.oldest {
		if ok, err := s.backward.step(rec); ok || err != nil {
			return isRecord, nil, err
		}
	} else if s.left == 0 && s.expect == s.front.last {
		return atEnd, nil, nil
	}
	var err error
	if s.replay, err = newReplay(ctx, s.front, s.front.left-s.left, s.expect+1); err != nil {
		return atEnd, nil, err
	}
	return s.replay.step(rec)
}

// reversed is a zone in which nothing is linked together, backwards.
type reversed struct {
	zone   walker
	replay *replay
}

func (s *reversed) step(ctx context.Context, rec *Record) (item, *eventlog.Loss, error) {
	if s.replay == nil {
		var err error
		if s.replay, err = newReplay(ctx, s.zone, 0, 0); err != nil {
			return atEnd, nil, err
		}
	}
	return s.replay.step(rec)
}

// plan finds where the walk over r begins and lines up its stages.
func (c *cursor) plan(ctx context.Context, r *Reader, sel *eventlog.Selection, w *window) error {
	l := r.layout
	oldest, next := uint64(max(l.oldest, 1)), uint64(l.next)
	if next == 0 {
		next = math.MaxUint32 + 1
	}
	if l.live == 0 {
		oldest = next
	}
	first, lost, err := sel.First(c.origin, oldest, next)
	if err != nil {
		return err
	}
	m := sel.Mark(c.origin)
	// A damaged log may have nothing but a record 0, which no range of numbers has.
	zero := l.live > 0 && l.oldest == 0 && l.next == 1 && sel.Start == 0 && (m == nil || m.Record == 0)
	if m != nil && m.Record != 0 && !m.Time.IsZero() && m.Record <= math.MaxUint32 {
		switch t, ok, err := r.timeOf(ctx, w, uint32(m.Record)); {
		case err != nil:
			return err
		case ok && !t.Equal(m.Time):
			return eventlog.ErrMarkGone
		}
	}
	if lost != nil {
		c.losses = append(c.losses, lost)
	}
	c.first = first

	if sel.Backward {
		s := &backwards{front: r.front(w)}
		s.backward = backward{ring: l.ring, w: w, pos: l.end, left: l.live, expect: l.next - 1}
		if first < next-1 {
			k, err := r.position(ctx, w, uint32(first)+1)
			if err != nil {
				return err
			}
			s.pos, s.left, s.expect = k.pos, l.live-k.left, k.last
		}
		if first >= oldest && l.live > 0 || zero {
			c.stages = append(c.stages, s)
		}
		if sel.Recovered {
			c.stages = append(c.stages, &reversed{zone: r.slackZone(w)})
		}
		return nil
	}
	c.until = l.tail.until
	if sel.Recovered && first <= oldest {
		c.stages = append(c.stages, &forwards{r.slackZone(w)})
	}
	if first < next || zero {
		k := r.front(w)
		if first > oldest {
			if k, err = r.position(ctx, w, uint32(first)); err != nil {
				return err
			}
		}
		c.stages = append(c.stages, &forwards{k})
	}
	return nil
}

// Next implements eventlog.Cursor.
func (c *cursor) Next(ctx context.Context, e *eventlog.Event) error {
	if c.err != nil {
		return c.err
	}
	err := c.next(ctx, e)
	if err != nil {
		if _, ok := err.(*eventlog.Loss); !ok {
			c.err = err
		}
	}
	return err
}

func (c *cursor) next(ctx context.Context, e *eventlog.Event) error {
	if c.closed.Load() {
		return fs.ErrClosed
	}
	if c.pending {
		c.pending = false
		c.pass()
		_ = c.fill(e) // was told
		return nil
	}
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if c.judge.Full() {
			return io.EOF
		}
		if len(c.losses) > 0 {
			loss := c.losses[0]
			c.losses = c.losses[1:]
			return c.given(loss)
		}
		if len(c.stages) == 0 {
			return io.EOF
		}
		what, loss, err := c.stages[0].step(ctx, &c.rec)
		switch {
		case err != nil:
			return err
		case what == atEnd:
			c.stages = c.stages[1:]
			continue
		case what == isLoss:
			if loss = c.clip(loss); loss != nil {
				return c.given(loss)
			}
			continue
		}
		if what == isRecord && c.until != 0 && c.rec.RecordNumber() >= c.until {
			return io.EOF
		}
		if err := c.judge.More(); err != nil {
			return err
		}
		c.what = what
		if c.judge.Take(&c.rec) == eventlog.No {
			c.pass()
			if c.follows {
				c.passed.Store(uint64(c.rec.RecordNumber())<<32 | uint64(c.rec.TimeWritten()))
			}
			continue
		}
		if err := c.fill(e); err != nil {
			c.pending = true // the event comes next, and only then the mark moves
			return &eventlog.Loss{Origin: c.origin, Offset: c.rec.off,
				First: uint64(c.rec.RecordNumber()), Last: uint64(c.rec.RecordNumber()), Partial: true, Err: err}
		}
		c.pass()
		return nil
	}
}

// pass moves the mark to the record that was looked at.
func (c *cursor) pass() {
	if c.what == isRecord {
		c.mark.Record = uint64(c.rec.RecordNumber())
		c.mark.Time = nt.Time32(c.rec.TimeWritten())
	}
}

func (c *cursor) fill(e *eventlog.Event) error {
	err := c.dec.event(&c.rec, e, c.want)
	e.Recovered = c.what == isRecovery
	return err
}

// clip leaves of a loss what lies in the way of this walk.
func (c *cursor) clip(l *eventlog.Loss) *eventlog.Loss {
	l.Origin = c.origin
	if !filelog.Clip(l, c.first, c.back) {
		return nil
	}
	return l
}

// given lets the walk go on behind a loss that was told.
func (c *cursor) given(l *eventlog.Loss) *eventlog.Loss {
	if errors.Is(l.Err, eventlog.ErrMarkGone) { // the log was cleared: all of it is still to come
		c.passed.Store(0)
		c.mark.Record, c.mark.Time = 0, time.Time{}
		return l
	}
	if n, ok := l.Behind(c.back); ok {
		c.mark.Record, c.mark.Time = n, time.Time{}
	}
	return l
}

// AppendMarks implements eventlog.Cursor.
func (c *cursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return append(m, c.mark) }

// Passed implements eventlog.Passer.
func (c *cursor) Passed() eventlog.Mark {
	v := c.passed.Load()
	if v == 0 {
		return eventlog.Mark{}
	}
	return eventlog.Mark{Server: c.origin.Server, Log: c.origin.Log, Record: v >> 32, Time: nt.Time32(uint32(v))}
}

// Examined implements eventlog.Examiner.
func (c *cursor) Examined() uint64 { return c.judge.Examined() }

// Close implements eventlog.Cursor.
func (c *cursor) Close() error {
	c.closed.Store(true)
	return nil
}
