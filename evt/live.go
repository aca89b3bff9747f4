package evt

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
	"netelf.example/nt"
)

// Live is a log that goes on being written while it is read, in one process. A
// ReadAt sees one state of it. Old records are overwritten meanwhile: a reader
// asks for the State behind each ReadAt, and what that still has was whole.
type Live interface {
	io.ReaderAt
	State() State
}

// State is where a live log lies at a moment.
type State struct {
	Size         int64         // of the file
	Begin, End   int64         // offset of the oldest record, and behind the newest
	Oldest, Next uint32        // record numbers; Oldest 0: no records
	Generation   uint64        // another one after each clear
	Changed      chan struct{} // closed when there is another state
	Closed       bool          // there will be no other: whoever follows gets fs.ErrClosed
}

// ReadLive walks over a live log: up to what is its newest record now, or, if
// follow is set, on and on, waiting for new ones; following is for forward
// selections only, and begins behind the newest record unless Start or After say
// otherwise. What is overwritten before it was read is a *eventlog.Loss with
// eventlog.ErrOverwrite and the numbers that are gone; that the log is cleared
// meanwhile is eventlog.ErrMarkGone, a *eventlog.Loss when following.
func ReadLive(ctx context.Context, l Live, sel *eventlog.Selection, follow bool, opts *Options) (eventlog.Cursor, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Origin == nil {
		o.Origin = new(eventlog.Origin)
	}
	if follow && sel.Backward {
		return nil, fmt.Errorf("follow backwards: %w", eventlog.ErrInvalid)
	}
	c, err := newCursor(o.Origin, sel)
	if err != nil {
		return nil, err
	}
	st := l.State()
	oldest, next := uint64(st.Oldest), uint64(st.Next)
	if oldest == 0 {
		oldest = next
	}
	first, lost, err := sel.First(o.Origin, oldest, next)
	if err != nil {
		return nil, err
	}
	mark := sel.Mark(o.Origin)
	if follow && mark == nil && sel.Start == 0 {
		first, c.mark.Record = next, next-1
	}
	if lost != nil {
		c.losses = append(c.losses, lost)
	}
	c.first, c.follows = first, follow

	s := &live{l: l, back: sel.Backward, follow: follow, gen: st.Generation, until: st.Next, lowest: uint32(oldest), first: uint32(first)}
	s.buf = make([]byte, max(o.Buffer, 0))
	if len(s.buf) < 4096 {
		s.buf = make([]byte, defaultBuffer)
	}
	start := first
	if mark != nil && !mark.Time.IsZero() && mark.Record >= oldest && mark.Record < next && oldest < next {
		s.verify, start = mark, mark.Record
	}
	if oldest == next || first > math.MaxUint32 || sel.Backward && start < oldest {
		s.lowest, s.until = 0, 0
		if !follow {
			return c, nil // nothing there to be read
		}
	}
	if err := s.seek(ctx, st, uint32(start)); err != nil {
		return nil, err
	}
	c.stages = append(c.stages, s)
	return c, nil
}

func overwritten(o *eventlog.Origin, first, last uint64) *eventlog.Loss {
	return &eventlog.Loss{Origin: o, Offset: -1, First: first, Last: last, Err: eventlog.ErrOverwrite}
}

// live is the one stage of a walk over a live log.
type live struct {
	l      Live
	back   bool
	follow bool
	gen    uint64

	pos    int64  // of the next record; backwards behind it
	number uint32 // of the next record
	until  uint32 // forwards: this one is not of the walk any more
	lowest uint32 // backwards: the last one
	first  uint32 // what comes before it is passed over
	verify *eventlog.Mark

	behind int64 // where the walk goes on behind the record that was found
	buf    []byte
	off    int64 // buf[:n] lies there
	n      int
	since  uint32 // oldest record when the buffer was filled: less in it may be torn
	split  []byte
}

// seek finds record number start: forwards it comes next, backwards too. Where the
// log moves on too fast for that, the walk begins at its end and passes over what
// lies between.
func (s *live) seek(ctx context.Context, st State, start uint32) error {
	for range 4 {
		if s.number = s.first; s.back {
			s.number = start
		}
		if s.number < st.Oldest || st.Oldest == 0 {
			return nil // overwritten by now, or nothing there: moved says so
		}
		s.pos, s.number = st.Begin, st.Oldest
		near := start <= st.Oldest
		if s.back {
			s.pos, s.number = st.End, st.Next-1
			near = start >= st.Next-1
		} else if start >= st.Next {
			s.pos, s.number, near = st.End, st.Next, true
		}
		if near {
			return nil
		}
		r := &Reader{r: s.l, size: st.Size, layout: &layout{
			ring: ring{HeaderSize, st.Size}, begin: st.Begin, end: st.End, eofLen: EOFSize,
			oldest: st.Oldest, next: st.Next, known: true,
		}}
		r.layout.live = r.layout.dist(st.Begin, st.End)
		target := start
		if s.back {
			target++
		}
		k, err := r.position(ctx, r.window(0), target)
		now := s.l.State()
		if now.Oldest == st.Oldest && now.Generation == st.Generation {
			if err != nil {
				return err
			}
			if s.pos, s.number = k.pos, k.last+1; s.back {
				s.number = k.last
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if now.Generation != s.gen {
			return eventlog.ErrMarkGone
		}
		st = now
	}
	return nil
}

func (s *live) step(ctx context.Context, rec *Record) (item, *eventlog.Loss, error) {
	for {
		what, loss, err := s.next(ctx, rec)
		if what != isRecord || err != nil {
			return what, loss, err
		}
		n := rec.RecordNumber()
		if m := s.verify; m != nil && uint64(n) == m.Record {
			s.verify = nil
			if !nt.Time32(rec.TimeWritten()).Equal(m.Time) {
				return atEnd, nil, eventlog.ErrMarkGone
			}
		}
		if s.back && n <= s.first || !s.back && n >= s.first {
			return isRecord, nil, nil
		}
	}
}

func (s *live) next(ctx context.Context, rec *Record) (item, *eventlog.Loss, error) {
	if s.back {
		if s.number < s.lowest || s.number == 0 {
			return atEnd, nil, nil
		}
	} else if s.number >= s.until && !s.follow {
		return atEnd, nil, nil
	}
	if s.buffered(rec) {
		s.took()
		return isRecord, nil, nil
	}
	for {
		if err := ctx.Err(); err != nil {
			return atEnd, nil, err
		}
		st := s.l.State()
		if what, loss, err := s.moved(st); what == isLoss || err != nil {
			return what, loss, err
		}
		if !s.back && (st.Oldest == 0 || s.number >= st.Next) {
			if !s.follow {
				return atEnd, nil, nil
			}
			if st.Closed {
				return atEnd, nil, fs.ErrClosed
			}
			select {
			case <-st.Changed:
			case <-ctx.Done():
			}
			continue
		}
		if !s.back && s.number == st.Oldest {
			s.pos = st.Begin // where a log begins again of which nothing was left
		}
		err := s.load(st, rec)
		if now := s.l.State(); now.Generation != s.gen || s.number < now.Oldest || now.Oldest == 0 {
			continue // what was read may be torn; moved says what became of it
		} else {
			s.since = now.Oldest
		}
		if err != nil {
			return atEnd, nil, err
		}
		if n := rec.RecordNumber(); n != s.number {
			if s.back || n < s.number || n >= st.Next {
				return atEnd, nil, recordError(rec.off, "RecordNumber", atRecordNumber, fmt.Errorf("have %d, want %d", n, s.number))
			}
			loss := &eventlog.Loss{Offset: rec.off, First: uint64(s.number), Last: uint64(n) - 1,
				Err: recordError(rec.off, "RecordNumber", atRecordNumber, fmt.Errorf("%d where %d comes next", n, s.number))}
			s.number = n
			return isLoss, loss, nil
		}
		s.took()
		return isRecord, nil, nil
	}
}

// moved says what became of the log since the last look at it, if that concerns
// this walk.
func (s *live) moved(st State) (item, *eventlog.Loss, error) {
	if st.Generation != s.gen {
		if !s.follow {
			return atEnd, nil, eventlog.ErrMarkGone
		}
		s.gen, s.n, s.verify, s.first = st.Generation, 0, nil, 0
		s.pos, s.number = st.Begin, max(st.Oldest, 1)
		return isLoss, &eventlog.Loss{Offset: -1, Err: eventlog.ErrMarkGone}, nil
	}
	oldest := st.Oldest
	if oldest == 0 {
		oldest = st.Next
	}
	if s.number >= oldest {
		return isRecord, nil, nil
	}
	s.n = 0
	loss := overwritten(nil, uint64(s.number), uint64(oldest)-1)
	if s.back {
		loss.First, loss.Last = uint64(s.lowest), uint64(s.number)
		s.number = 0
		return isLoss, loss, nil
	}
	if !s.follow {
		loss.Last = min(loss.Last, uint64(s.until)-1)
	}
	s.pos, s.number = st.Begin, oldest
	return isLoss, loss, nil
}

// took moves on from the record that was given.
func (s *live) took() {
	if s.pos = s.behind; s.back {
		s.number--
	} else {
		s.number++
	}
}

// buffered finds the record in the buffer, if all of it is there.
func (s *live) buffered(rec *Record) bool {
	b := s.buf[:s.n]
	i := s.pos - s.off
	if i < 0 || i > int64(len(b)) {
		return false
	}
	var n int64
	if s.back {
		if i < MinRecordSize || s.number < s.since {
			return false
		}
		n = int64(binary.LittleEndian.Uint32(b[i-4:]))
		if i -= n; i < 0 {
			return false
		}
		s.behind = s.off + i
	} else {
		if i+MinRecordSize > int64(len(b)) {
			return false
		}
		n = int64(binary.LittleEndian.Uint32(b[i:]))
		s.behind = s.pos + n
	}
	if n < MinRecordSize || i+n > int64(len(b)) || binary.LittleEndian.Uint32(b[i+atRecordNumber:]) != s.number {
		return false
	}
	rec.off = s.off + i
	return rec.UnmarshalBinary(b[i:i+n]) == nil
}

// load reads the next record, and what lies around it into the buffer.
func (s *live) load(st State, rec *Record) error {
	g := ring{HeaderSize, st.Size}
	if s.back {
		return s.loadBack(g, st, rec)
	}
	pos := s.pos
	if g.size-pos < RecordHeadSize {
		pos = g.base
	}
	avail := g.dist(pos, st.End)
	piece := min(avail, g.size-pos)
	if piece < RecordHeadSize {
		return recordError(pos, "", 0, fmt.Errorf("0x%x bytes are left before the end of the log", avail))
	}
	if err := s.fill(pos, min(piece, int64(len(s.buf)))); err != nil {
		return err
	}
	if err := checkHead(s.buf, pos); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(s.buf))
	if n > avail {
		return recordError(pos, "Length", atLength, fmt.Errorf("0x%x, but only 0x%x bytes are left", n, avail))
	}
	s.behind = g.add(pos, n)
	return s.whole(g, rec, pos, n, pos)
}

func (s *live) loadBack(g ring, st State, rec *Record) error {
	pos := s.pos
	if pos <= g.base {
		var end [RecordHeadSize - 4]byte
		if err := filelog.ReadFull(s.l, end[:], g.size-int64(len(end))); err != nil {
			return err
		}
		pos = g.size
		for i := len(end) - 4; i >= 0 && binary.LittleEndian.Uint32(end[i:]) == fillPattern; i -= 4 {
			pos -= 4
		}
	}
	left := g.dist(st.Begin, pos)
	low := max(g.base, pos-int64(len(s.buf)))
	if st.Begin < pos {
		low = max(low, st.Begin)
	}
	if left < MinRecordSize || pos-low < 4 {
		return recordError(pos, "", 0, fmt.Errorf("0x%x bytes are left before the oldest record", left))
	}
	if err := s.fill(low, pos-low); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(s.buf[s.n-4:]))
	if n < MinRecordSize || n > MaxRecordSize || n > left {
		return recordError(pos, "Length2", -4, fmt.Errorf("0x%x with 0x%x bytes before it", n, left))
	}
	begin := pos - n
	if begin < g.base {
		begin += g.total()
	}
	s.behind = begin
	return s.whole(g, rec, begin, n, max(g.base, pos-n))
}

// whole makes rec the n bytes at begin: out of the buffer, or read again where
// the buffer, which has what lies from low on, is too short or the record turns
// round at the end of the ring.
func (s *live) whole(g ring, rec *Record, begin, n, low int64) error {
	rec.off = begin
	if i := begin - s.off; i >= 0 && i+n <= int64(s.n) {
		return rec.UnmarshalBinary(s.buf[i : i+n])
	}
	if begin+n <= g.size {
		if int64(len(s.buf)) < n {
			s.buf = make([]byte, n)
		}
		if err := s.fill(low, n); err != nil {
			return err
		}
		return rec.UnmarshalBinary(s.buf[:n])
	}
	if int64(cap(s.split)) < n {
		s.split = make([]byte, n)
	}
	b := s.split[:n]
	part := g.size - begin
	if err := filelog.ReadFull(s.l, b[:part], begin); err != nil {
		return err
	}
	if err := filelog.ReadFull(s.l, b[part:], g.base); err != nil {
		return err
	}
	return rec.UnmarshalBinary(b)
}

func (s *live) fill(off, n int64) error {
	s.off, s.n = off, 0
	if err := filelog.ReadFull(s.l, s.buf[:n], off); err != nil {
		return err
	}
	s.n = int(n)
	return nil
}
