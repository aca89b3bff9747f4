package even

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/nt"
)

// clientCursor is a walk over a log at the other end. What the server says is
// believed only so far: a record counts if it is one, and if its number goes on in
// the direction of the walk, within what the log had when the walk began. What is
// left out is a *eventlog.Loss with its numbers.
type clientCursor struct {
	log    *clientLog
	sel    eventlog.Selection
	back   bool
	follow bool
	judge  *eventlog.Judge
	want   eventlog.Fields
	bound  bound

	// The way: pos is the number of the next record, end the last one backwards and
	// the one behind the last one forwards. Backwards the walk is over with pos 0 too.
	pos, end uint64
	seen     bounds // of the log, when it was asked last

	mark    eventlog.Mark // behind what was given
	last    last          // the record that the walk passed last
	losses  []*eventlog.Loss
	record  view
	pending bool  // the record was told to be incomplete, and comes now
	err     error // how the walk ended

	fetcher

	mu     sync.Mutex
	busy   bool               // Next uses the session
	cancel context.CancelFunc // of what it waits for
	once   sync.Once
	done   chan struct{} // closed by Close
	closed atomic.Bool
}

// last is a record that was passed, by which it is known again.
type last struct {
	number uint64 // 0: none was
	time   time.Time
	sum    uint64 // of its bytes; 0: not known
}

// seed is that of the sums of this process.
var seed = maphash.MakeSeed()

// view is a record with what it does not know of itself.
type view struct {
	evt.Record
	number uint64 // all of it
	origin *eventlog.Origin
}

// Num implements eventlog.View.
func (v *view) Num(f eventlog.Field) (uint64, bool) {
	if f == eventlog.FieldRecord {
		return v.number, true
	}
	return v.Record.Num(f)
}

// Text implements eventlog.View.
func (v *view) Text(f eventlog.Field, name string, i int) (eventlog.Text, eventlog.Tri) {
	switch {
	case i > 0:
	case f == eventlog.FieldServer, f == eventlog.FieldLog, f == eventlog.FieldChannel:
		return eventlog.Text{S: v.origin.Text(f)}, eventlog.Yes
	}
	return v.Record.Text(f, name, i)
}

// Read walks over the log as it is now: what is reported meanwhile is not part of
// it. That the log is cleared meanwhile is eventlog.ErrMarkGone.
func (l *clientLog) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	return l.walk(ctx, s, false)
}

// Follow goes on with new events. MS-EVEN tells nobody from afar about them, so the
// log is looked at now and then. It is for forward selections only, and begins
// behind the newest record unless Start or After say otherwise; a log that is
// cleared is a *eventlog.Loss with eventlog.ErrMarkGone.
func (l *liveLog) Follow(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	return l.walk(ctx, s, true)
}

func (l *clientLog) walk(ctx context.Context, sel *eventlog.Selection, follow bool) (eventlog.Cursor, error) {
	if sel == nil {
		sel = new(eventlog.Selection)
	}
	if follow && sel.Backward {
		return nil, fmt.Errorf("follow backwards: %w", eventlog.ErrInvalid)
	}
	c := &clientCursor{
		log: l, sel: *sel, back: sel.Backward, follow: follow, judge: eventlog.NewJudge(sel), want: sel.Wanted(),
		bound: newBound(sel), mark: eventlog.Mark{Server: l.origin.Server, Log: l.origin.Log}, done: make(chan struct{}),
	}
	c.record.origin = l.origin
	c.fetcher.size = l.c.largest()
	mark := sel.Mark(l.origin)
	if mark != nil && mark.Record != 0 {
		c.mark.Record, c.mark.Time = mark.Record, mark.Time
	}
	err := l.do(ctx, func(s *session) error {
		b, err := s.bounds(ctx)
		if err != nil {
			return err
		}
		return c.begin(ctx, s, b, mark)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// begin finds where the walk begins.
func (c *clientCursor) begin(ctx context.Context, s *session, b bounds, mark *eventlog.Mark) error {
	first, lost, err := c.sel.First(c.log.origin, b.oldest, b.next)
	if err != nil {
		return err
	}
	c.losses, c.seen = nil, b
	if mark != nil && mark.Record != 0 && !mark.Time.IsZero() && b.oldest != 0 && mark.Record >= b.oldest && mark.Record < b.next {
		t, ok, err := s.timeAt(ctx, mark.Record)
		switch {
		case err != nil:
			return err
		case ok && !t.Equal(mark.Time):
			return eventlog.ErrMarkGone
		}
		c.last = last{number: mark.Record, time: mark.Time}
	}
	if lost != nil {
		c.losses = append(c.losses, lost)
	}
	c.pos, c.end = first, b.next
	switch {
	case c.back:
		if c.end = b.oldest; b.oldest == 0 {
			c.pos = 0
		}
	case c.follow && mark == nil && c.sel.Start == 0:
		c.pos, c.mark.Record = b.next, b.next-1
	}
	if c.bound.skips(c) {
		return c.skip(ctx, s)
	}
	return nil
}

// lose tells a loss.
func (c *clientCursor) lose(first, last uint64, err error) {
	c.losses = append(c.losses, &eventlog.Loss{Origin: c.log.origin, Offset: -1, First: first, Last: last, Err: err})
}

// left is how many records lie on the way that is left.
func (c *clientCursor) left() uint64 {
	switch {
	case !c.back && c.pos < c.end:
		return c.end - c.pos
	case c.back && c.pos != 0 && c.pos >= c.end:
		return c.pos - c.end + 1
	}
	return 0
}

// step moves the way on behind a record.
func (c *clientCursor) step(number uint64) {
	if c.back {
		c.pos = number - 1
	} else {
		c.pos = number + 1
	}
}

// Next implements eventlog.Cursor.
func (c *clientCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if c.err != nil {
		return c.err
	}
	err := c.next(ctx, e)
	if err == nil {
		return nil
	}
	if _, lost := err.(*eventlog.Loss); lost {
		return err
	}
	if c.closed.Load() {
		err = fs.ErrClosed
	}
	c.err = err
	c.release()
	return err
}

func (c *clientCursor) next(ctx context.Context, e *eventlog.Event) error {
	if c.pending && !c.closed.Load() {
		c.pending = false
		_ = c.fill(e) // was told
		c.pass()
		return nil
	}
	for n := 0; ; n++ {
		if n%64 == 0 {
			if c.closed.Load() {
				return fs.ErrClosed
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if c.judge.Full() {
			return io.EOF
		}
		if len(c.losses) > 0 {
			return c.told()
		}
		found, err := c.find(ctx)
		if err != nil {
			return err
		}
		if !found {
			continue // there is a loss to tell
		}
		if c.bound.over(&c.record, c.left() > 0) {
			return io.EOF
		}
		if err := c.judge.More(); err != nil {
			return err
		}
		if c.judge.Take(&c.record) == eventlog.No {
			c.pass()
			continue
		}
		if err := c.fill(e); err != nil {
			c.pending = true // the event comes next, and only then the mark moves
			return &eventlog.Loss{Origin: c.log.origin, Offset: -1, First: c.record.number, Last: c.record.number, Partial: true, Err: err}
		}
		c.pass()
		return nil
	}
}

// told gives the first loss that waits; the walk goes on behind it.
func (c *clientCursor) told() *eventlog.Loss {
	loss := c.losses[0]
	c.losses = c.losses[1:]
	if n, ok := loss.Behind(c.back); ok || errors.Is(loss.Err, eventlog.ErrMarkGone) {
		c.mark.Record, c.mark.Time = n, time.Time{}
	}
	return loss
}

// fill makes an event of the record.
func (c *clientCursor) fill(e *eventlog.Event) error {
	err := c.record.Event(e, c.want)
	e.Origin, e.RecordNumber, e.Offset = c.log.origin, c.record.number, -1
	return err
}

// pass moves the mark behind the record.
func (c *clientCursor) pass() {
	c.mark.Record, c.mark.Time = c.last.number, c.last.time
}

// find brings the next record of the way into c.record, and moves the way behind
// it. With false there is a loss to be told first.
func (c *clientCursor) find(ctx context.Context) (bool, error) {
	for {
		raw, err := c.head()
		if err == nil && raw == nil {
			if c.left() == 0 && !c.follow {
				return false, io.EOF
			}
			if err := c.fetch(ctx); err != nil {
				return false, err
			}
			if len(c.losses) > 0 {
				return false, nil
			}
			continue
		}
		if err != nil {
			if err := c.damaged(err); err != nil {
				return false, err
			}
			if len(c.losses) > 0 {
				return false, nil
			}
			continue
		}
		number, ahead, in := c.unfold(c.record.RecordNumber())
		switch {
		case c.left() == 0:
			c.discard() // it is newer than the walk
		case !in && c.noSeek:
			c.discard()
			c.cut()
			return false, nil
		case !in, ahead > 0 && !c.goesOn(number):
			if err := c.damaged(errNumber); err != nil || len(c.losses) > 0 {
				return false, err
			}
		case ahead < 0:
			if err := c.stray(number); err != nil {
				return false, err
			}
			if c.restart {
				c.discard()
			} else {
				c.shift()
			}
		case ahead > 0:
			first, last := c.pos, number-1
			if c.back {
				first, last = number+1, c.pos
			}
			c.lose(first, last, errLeftOut)
			c.pos = number
			c.progress()
			return false, nil
		default:
			c.record.number = number
			c.last = last{number, nt.Time32(c.record.TimeWritten()), maphash.Bytes(seed, raw)}
			c.step(number)
			c.shift()
			c.progress()
			return true, nil
		}
	}
}

var (
	errLeftOut = errors.New("the server left them out")
	errNumber  = fmt.Errorf("a record with another number came: %w", eventlog.ErrCorrupt)
)

// goesOn says whether a record that lies beyond pos is to be believed, so that what
// is before it was left out: the one behind it must be the next, or there is none
// even when it is read once more.
func (c *clientCursor) goesOn(number uint64) bool {
	if c.noSeek || len(c.stack) > 0 {
		return true
	}
	var r evt.Record
	if r.UnmarshalBinary(c.page[c.record.Length():]) != nil {
		return c.damagedAt == c.pos || c.back && number == c.end || !c.back && number+1 == c.end
	}
	if c.back {
		return r.RecordNumber() == uint32(number-1)
	}
	return r.RecordNumber() == uint32(number+1)
}

// unfold is the whole number of a record by its lower 32 bits, near to where the
// walk is: ahead is how far it lies beyond pos in the direction of the walk. in says
// whether it is on the way, or was.
func (c *clientCursor) unfold(n uint32) (number uint64, ahead int64, in bool) {
	d := int64(int32(n - uint32(c.pos)))
	number = c.pos + uint64(d)
	if d < 0 && uint64(-d) > c.pos {
		number = 0
	}
	if c.back {
		return number, -d, number >= c.end
	}
	return number, d, number < c.end
}

// cut ends the way: what is left of it the server does not give.
func (c *clientCursor) cut() {
	switch {
	case c.left() == 0:
	case c.back:
		c.lose(c.end, c.pos, errLeftOut)
		c.pos = 0
	default:
		c.lose(c.pos, c.end-1, errLeftOut)
		c.pos = c.end
	}
}

// AppendMarks implements eventlog.Cursor.
func (c *clientCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return append(m, c.mark) }

// Examined implements eventlog.Examiner.
func (c *clientCursor) Examined() uint64 { return c.judge.Examined() }

// Bounded implements eventlog.Bounder.
func (c *clientCursor) Bounded() (record uint64, ok bool) { return c.bound.at, c.bound.at != 0 }

// Close may be called at any time.
func (c *clientCursor) Close() error {
	c.once.Do(func() {
		c.closed.Store(true)
		close(c.done)
		c.mu.Lock()
		busy := c.busy
		if busy {
			c.cancel()
		}
		c.mu.Unlock()
		if !busy {
			c.release()
		}
	})
	return nil
}

// begins says that the session is used from here on, and gives the context for it.
func (c *clientCursor) begins(ctx context.Context) (context.Context, context.CancelFunc, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return nil, nil, fs.ErrClosed
	}
	ctx, c.cancel = context.WithCancel(ctx)
	c.busy = true
	return ctx, c.cancel, nil
}

// ends is the end of that.
func (c *clientCursor) ends(cancel context.CancelFunc) {
	cancel()
	c.mu.Lock()
	c.busy = false
	c.mu.Unlock()
	if c.closed.Load() {
		c.release()
	}
}

// release gives the session back. It is called by who uses the walk, or by Close
// when nobody does.
func (c *clientCursor) release() {
	c.mu.Lock()
	s := c.s
	if c.busy {
		s = nil
	} else {
		c.s = nil
	}
	c.mu.Unlock()
	if s != nil {
		c.log.give(s)
	}
}
