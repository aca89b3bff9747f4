package evtx

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
	"netelf.example/nt"
)

// cursor is one walk over a file: first what was found wrong when the file was
// opened, then chunk by chunk.
type cursor struct {
	r      *Reader
	origin *eventlog.Origin
	sel    *eventlog.Selection
	judge  *eventlog.Judge
	back   bool
	first  uint64           // number with which the walk begins, in its direction
	losses []*eventlog.Loss // to be given first
	edge   uint64           // forwards the number that comes next, backwards the one that came last
	above  int64            // backwards: where the chunk is in which that stands
	ended  bool             // all chunks were seen
	until  uint64           // forwards it ends before this record; 0: it does not

	feed    feed
	batch   *batch // nil: the next one is to be fetched
	at      int    // of the next entry in it, in the direction of the walk
	pending *result
	hand    result // the one that pending points to
	mark    eventlog.Mark
	err     error // what ended the walk
	closed  atomic.Bool
}

// visit is a chunk that the walk comes to.
type visit struct {
	block     int64
	span      span
	recovered bool // what the log does not reach is wanted, and nothing else
	newest    bool // the log goes on being written in it
}

// batch is what a visited chunk has for the walk.
type batch struct {
	visit
	err   error            // of reading
	about []*eventlog.Loss // what is wrong with the chunk itself
	last  uint64           // number of its last record
	count int

	w       *worker // in whose chunk the entries lie; nil: they were decoded ahead
	results []result
}

// result is one entry of a batch.
type result struct {
	what    entryKind
	id      uint64
	written nt.Filetime
	offset  int64
	loss    *eventlog.Loss

	// Of one that was decoded ahead.
	tri   eventlog.Tri
	event eventlog.Event
	err   error
}

// feed gives the batches of a walk, in order; nil: there are no more. close ends
// what it has begun, and next then answers fs.ErrClosed.
type feed interface {
	next(context.Context) (*batch, error)
	close()
}

func newCursor(r *Reader, sel *eventlog.Selection) (*cursor, error) {
	if err := eventlog.CheckExpr(sel.Where); err != nil {
		return nil, err
	}
	o := r.opts.Origin
	c := &cursor{r: r, origin: o, sel: sel, judge: eventlog.NewJudge(sel), back: sel.Backward}
	c.mark, c.until = filelog.Mark(sel, o), r.layout.tail.until
	return c, nil
}

// plan finds where the walk begins and which chunks it comes to.
func (c *cursor) plan(ctx context.Context, sel *eventlog.Selection) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l := c.r.layout
	oldest, next := l.oldest(), l.next
	first, lost, err := sel.First(c.origin, oldest, next)
	if err != nil {
		return err
	}
	if m := sel.Mark(c.origin); m != nil && m.Record != 0 && !m.Time.IsZero() {
		switch t, ok, err := c.r.timeOf(m.Record); {
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
	begin := oldest
	if len(l.chunks) == 0 {
		begin = next
	}
	route := route{l: l, back: sel.Backward, recovered: sel.Recovered && (sel.Backward || first <= begin)}
	if sel.Backward {
		route.live = -1
		if first >= oldest && oldest != 0 {
			route.live = l.chunkOf(first)
		}
		c.edge, c.above = next, -1
	} else {
		route.live = len(l.chunks)
		if first < next {
			route.live = max(0, l.chunkOf(first))
		}
		c.edge = next
		if route.live < len(l.chunks) {
			c.edge = l.chunks[route.live].first
		}
	}
	if route.back {
		route.block = l.blocks - 1
	}
	if n := c.r.opts.Parallel; n > 0 && (sel.Limit == 0 || sel.Limit > fewEvents) {
		c.feed = newPipeline(c.r, sel, route, n)
	} else {
		c.feed = &single{w: newWorker(c.r, sel), route: route}
	}
	return nil
}

// fewEvents are so few that nothing is decoded ahead for them.
const fewEvents = 100

// route is the order in which a walk comes to the chunks.
type route struct {
	l         *layout
	back      bool
	live      int   // index of the next chunk of the log
	block     int64 // the next one that is searched for other records
	recovered bool  // they are wanted
}

func (t *route) next() (visit, bool) {
	search := t.recovered && t.block >= 0 && t.block < t.l.blocks
	live := t.live >= 0 && t.live < len(t.l.chunks)
	switch {
	case search && (!t.back || !live):
		v := visit{block: t.block, span: t.l.spanOf(t.block), recovered: true}
		if t.block++; t.back {
			t.block -= 2
		}
		return v, true
	case live:
		i := t.live
		if t.live++; t.back {
			t.live -= 2
		}
		newest := i == len(t.l.chunks)-1 && !t.l.clean()
		return visit{block: int64(t.l.chunks[i].block), span: t.l.span(i), newest: newest}, true
	}
	return visit{}, false
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
			c.feed.close()
		}
	}
	return err
}

func (c *cursor) next(ctx context.Context, e *eventlog.Event) error {
	if c.closed.Load() {
		return fs.ErrClosed
	}
	if p := c.pending; p != nil {
		c.pending = nil
		c.pass(p)
		_ = c.fill(p, e) // was told
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
		if c.batch == nil {
			if c.ended {
				return io.EOF
			}
			if err := c.fetch(ctx); err != nil {
				return err
			}
			continue
		}
		if c.at == c.batch.count {
			if c.back {
				c.tell(c.batch)
			}
			c.batch = nil
			continue
		}
		i := c.at
		if c.back {
			i = c.batch.count - 1 - i
		}
		c.at++
		x := c.entry(i)
		switch {
		case x.what == isLoss:
			if loss := c.clip(x.loss); loss != nil {
				return c.given(loss)
			}
			continue
		case x.what == isRecord && c.before(x.id):
			continue
		case x.what == isRecord && !c.back && c.until != 0 && x.id >= c.until:
			return io.EOF
		}
		if err := c.judge.More(); err != nil {
			c.at-- // it is not looked at
			return err
		}
		if c.take(x) == eventlog.No {
			c.pass(x)
			continue
		}
		err := x.err
		if err == nil {
			err = c.fill(x, e)
		}
		if err != nil {
			c.pending = x // the event comes next, and only then the mark moves
			return &eventlog.Loss{Origin: c.origin, Offset: x.offset, First: x.id, Last: x.id, Partial: true, Err: err}
		}
		c.pass(x)
		return nil
	}
}

// entry is the i-th entry of the batch.
func (c *cursor) entry(i int) *result {
	if c.batch.w == nil {
		return &c.batch.results[i]
	}
	c.batch.w.at(i, &c.hand)
	return &c.hand
}

func (c *cursor) take(x *result) eventlog.Tri {
	if w := c.batch.w; w != nil {
		return c.judge.Take(&w.rec)
	}
	c.judge.Took(x.tri)
	return x.tri
}

// fill gives the event: one that was decoded ahead in exchange for the memory of
// the one before.
func (c *cursor) fill(x *result, e *eventlog.Event) error {
	if w := c.batch.w; w != nil {
		return w.fill(e, x.what)
	}
	*e, x.event = x.event, *e
	return nil
}

// before says whether a record lies before the beginning of the walk.
func (c *cursor) before(id uint64) bool {
	return !c.back && id < c.first || c.back && id > c.first
}

// fetch goes on to the next chunk: what is missing between the two comes first.
func (c *cursor) fetch(ctx context.Context) error {
	b, err := c.feed.next(ctx)
	if err != nil {
		return err
	}
	if b == nil {
		c.ended = true
		if !c.back {
			c.gap(c.edge, c.r.layout.next, -1)
		}
		return nil
	}
	if b.err != nil {
		return b.err
	}
	c.batch, c.at = b, 0
	if b.recovered {
		return nil
	}
	off := c.r.layout.offset(b.block)
	if c.back {
		c.gap(b.last+1, c.edge, c.above)
		c.edge, c.above = b.span.first, off
	} else {
		c.gap(c.edge, b.span.first, off)
		c.edge = b.last + 1
	}
	if !c.back && !c.before(b.span.first) { // or else the walk begins inside of it
		c.tell(b)
	}
	return nil
}

// tell notes what is wrong with a chunk itself: that stands before its records.
func (c *cursor) tell(b *batch) {
	for _, l := range b.about {
		l.Origin = c.origin
		c.losses = append(c.losses, l)
	}
}

// gap notes that the numbers from from up to to, with which the chunk at above
// begins, have no records. -1: it is the end of the log.
func (c *cursor) gap(from, to uint64, above int64) {
	if from >= to {
		return
	}
	err := chunkError(above, "FirstRecordID", 24, fmt.Errorf("%d, but %d comes next", to, from))
	if above < 0 {
		err = fileError("NextRecordID", 24, fmt.Errorf("%d, but the last record is %d", to, from-1))
	}
	if l := c.clip(&eventlog.Loss{Offset: offsetOf(err, 0), First: from, Last: to - 1, Err: err}); l != nil {
		c.losses = append(c.losses, l)
	}
}

// pass moves the mark to the record that was looked at.
func (c *cursor) pass(x *result) {
	if x.what == isRecord {
		c.mark.Record, c.mark.Time = x.id, x.written.Time()
	}
}

// clip leaves of a loss what lies in the way of this walk.
func (c *cursor) clip(l *eventlog.Loss) *eventlog.Loss {
	l.Origin = c.origin
	if l.Partial && l.First == 0 {
		if b := c.batch; b != nil && (c.before(b.span.first) || c.before(b.last)) && !c.started() {
			return nil
		}
		return l
	}
	if !filelog.Clip(l, c.first, c.back) {
		return nil
	}
	return l
}

// started says whether the walk has come to a record yet.
func (c *cursor) started() bool { return c.judge.Examined() > 0 }

// given lets the walk go on behind a loss that was told.
func (c *cursor) given(l *eventlog.Loss) *eventlog.Loss {
	if n, ok := l.Behind(c.back); ok {
		c.mark.Record, c.mark.Time = n, time.Time{}
	}
	return l
}

// AppendMarks implements eventlog.Cursor.
func (c *cursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return append(m, c.mark) }

// Examined implements eventlog.Examiner.
func (c *cursor) Examined() uint64 { return c.judge.Examined() }

// Close implements eventlog.Cursor.
func (c *cursor) Close() error {
	c.closed.Store(true)
	c.feed.close()
	return nil
}
