package even

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/internal/version"
	"netelf.example/nt"
)

// fetcher is how a walk gets its records, and what it has found out about how the
// server gives them.
//
// The first read seeks, and those behind it are sequential. A server that does not
// seek, as NT in logs of 2 MB and more (KB177199), is read from an end of the log,
// with a new handle, and what comes before the place is passed over. A buffer that is
// refused is halved, and the size remembered. Whatever goes wrong, the place is
// known, by number, so that a read can be made once more; how often is limited.
type fetcher struct {
	s      *session // nil: none is open
	reused bool     // it was idle, and the server may have closed it

	page  []byte   // records that are still to be looked at
	stack [][]byte // records that were read forwards, to be taken from the end; before page

	size  uint32 // the largest buffer
	need  uint32 // of the next read, for a record that is larger than the buffer was
	ramp  uint32 // the largest one for now, of a walk that may end soon; 0: size
	bytes uint64 // of records that were read
	count uint64 // records that were read

	asked  uint32 // the last read: its buffer
	seeked bool   // it began at a number, which is from
	from   uint64
	synced bool   // a sequential read goes on with pos
	at     uint64 // the last number that came since the place was set; 0: none
	verify bool   // begin with the last record, to see whether it is the same one

	noSeek     bool   // the server does not seek
	noSeq      bool   // its sequential reading backwards ends too early
	single     int    // reads backwards that gave one record, though there were more
	reversed   bool   // it reads backwards so badly that it is read forwards, piece by piece
	chunk      uint64 // records of such a piece
	restart    bool   // the log was cleared, and the walk begins anew
	pace       version.Pace
	stalls     int    // reads since the walk went on
	breaks     int    // connections that were lost since then
	eofs       int    // ends of the log since then, though there is more
	damagedRun int    // damaged records, one after the other
	damagedAt  uint64 // what came for this number was damaged once
}

const (
	maxStalls  = 24 // halving the largest buffer down to the smallest takes 7
	maxBreaks  = 1  // a connection that is lost is made again, if the walk went on since the last time
	maxDamaged = 64 // damaged records in a row
)

// largest is the largest buffer that the server is known to take, learn that it is
// no more than size.
func (c *Client) largest() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

func (c *Client) learn(size uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size = min(c.size, size)
}

// head is the bytes of the next record, decoded into c.record; nil if there are
// none.
func (c *clientCursor) head() ([]byte, error) {
	b := c.page
	if n := len(c.stack); n > 0 {
		b = c.stack[n-1]
	}
	if len(b) == 0 {
		return nil, nil
	}
	if err := c.record.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	return c.record.Raw(), nil
}

// shift takes it away.
func (c *clientCursor) shift() {
	if n := len(c.stack); n > 0 {
		c.stack = c.stack[:n-1]
		return
	}
	c.page = c.page[c.record.Length():]
}

// discard forgets what was read, and where the handle stands.
func (c *clientCursor) discard() {
	c.page, c.stack, c.synced, c.at = nil, nil, false, 0
}

// progress says that the walk went on.
func (c *clientCursor) progress() {
	c.stalls, c.breaks, c.eofs, c.damagedRun = 0, 0, 0, 0
}

// damaged makes the best of bytes that are no record: they are read once more, and
// then it is the record that is lost.
func (c *clientCursor) damaged(err error) error {
	c.discard()
	if c.damagedAt != c.pos {
		c.damagedAt = c.pos
		return nil
	}
	return c.lost(err)
}

// lost passes over one record that cannot be had.
func (c *clientCursor) lost(err error) error {
	c.discard()
	if c.damagedRun++; c.damagedRun > maxDamaged || c.noSeek {
		return fmt.Errorf("%s: record %d: %w", c.log.origin, c.pos, err)
	}
	c.lose(c.pos, c.pos, err)
	c.step(c.pos)
	c.stalls = 0
	return nil
}

// stray looks at a record that the walk has passed.
func (c *clientCursor) stray(number uint64) error {
	if l := c.last; number == l.number {
		c.verify = false
		same := l.time.Equal(nt.Time32(c.record.TimeWritten()))
		if l.sum != 0 {
			same = same && l.sum == maphash.Bytes(seed, c.record.Raw())
		}
		if !same {
			if !c.follow {
				return eventlog.ErrMarkGone
			}
			c.restart = true
		}
	}
	if c.noSeek && (c.at == 0 || c.back && number < c.at || !c.back && number > c.at) {
		c.at, c.stalls = number, 0 // on its way from the end of the log
	}
	return nil
}

// fetch reads until there are records to be looked at, or losses to be told, or the
// way has come to its end.
func (c *clientCursor) fetch(ctx context.Context) error {
	ctx, cancel, err := c.begins(ctx)
	if err != nil {
		return err
	}
	defer c.ends(cancel)
	for {
		if c.restart {
			c.restart = false
			if err := c.reopen(ctx, c.again(ctx)); err != nil || len(c.losses) > 0 {
				return err
			}
			continue
		}
		if c.left() == 0 {
			if !c.follow {
				return nil
			}
			if err := c.wait(ctx); err != nil || len(c.losses) > 0 {
				return err
			}
			continue
		}
		if c.stalls++; c.stalls > maxStalls {
			return fmt.Errorf("%s: the server answers, but reading does not go on from record %d", c.log.origin, c.pos)
		}
		err := c.ensure(ctx)
		if err != nil {
			return err // the server was asked anew already
		}
		if c.reversed {
			err = c.readReversed(ctx)
		} else {
			err = c.read(ctx)
		}
		if err == nil {
			return nil
		}
		if err := c.cope(ctx, err); err != nil || len(c.losses) > 0 {
			return err
		}
	}
}

// ensure makes sure that there is a session.
func (c *clientCursor) ensure(ctx context.Context) error {
	if c.s != nil && c.s.broken {
		c.leave()
	}
	if c.s != nil && (c.synced || !c.noSeek || !c.s.moved) {
		return nil
	}
	if c.s != nil { // a place at an end of the log is had by a new handle only
		c.log.c.give(c.s.conn, c.s.h)
		c.s = nil
	}
	s, reused, err := c.log.session(ctx, c.noSeek)
	if err != nil {
		return err
	}
	c.s, c.reused = s, reused
	c.synced, c.at, c.verify = false, 0, c.last.number != 0
	return nil
}

// leave gives up the session.
func (c *clientCursor) leave() {
	if c.s.broken {
		c.s.drop()
	} else {
		c.log.c.give(c.s.conn, ndr.ContextHandle{})
	}
	c.s = nil
	c.discard()
}

// read reads one buffer.
func (c *clientCursor) read(ctx context.Context) error {
	flags, from := uint32(flagForwards), c.pos
	if c.back {
		flags = flagBackwards
	}
	if c.seeked = !c.noSeek && (!c.synced || c.back && c.noSeq); c.seeked {
		flags |= flagSeek
		c.at = 0
		if l := c.last.number; c.verify && l >= c.seen.oldest && l < c.seen.next {
			from = l
		}
	} else {
		flags |= flagSequential
	}
	c.asked = c.buffer()
	c.from = from
	records, needed, err := c.s.read(ctx, flags, from, c.asked)
	if status, _ := statusOf(err); status == nt.StatusBufferTooSmall && needed > c.asked && needed <= maxBatchBuff {
		c.need = needed
		return err
	}
	if err == nil && len(records) == 0 {
		err = c.s.refusal(opReadELW, nt.StatusEndOfFile) // that is what it comes to
	}
	if err != nil {
		if status, _ := statusOf(err); status != nt.StatusEndOfFile {
			c.synced = false
		}
		return err
	}
	c.page, c.synced = records, true
	c.measure(records)
	return nil
}

// buffer is the size of the next buffer. All of it is transmitted, however little is
// in it, so it is no larger than what is left needs.
func (c *clientCursor) buffer() uint32 {
	if n := c.need; n > 0 {
		c.need = 0
		return n
	}
	each := uint64(1024)
	if c.count > 0 {
		each = c.bytes/c.count*3/2 + evt.MinRecordSize
	}
	n := c.size
	if c.sel.Limit > 0 || c.sel.Budget > 0 {
		c.ramp = min(max(c.ramp*4, 4*smallBuffer), maxBatchBuff)
		n = min(n, c.ramp)
	}
	if left := c.left(); left < maxBatchBuff/each {
		n = min(n, uint32((left+1)*each)+smallBuffer)
	}
	return max(n, smallBuffer)
}

// measure counts what a read gave, and notices a server that gives one record at a
// time when it reads backwards.
func (c *clientCursor) measure(records []byte) {
	n := uint64(0)
	var r evt.Record
	for b := records; r.UnmarshalBinary(b) == nil; n++ {
		b = b[r.Length():]
	}
	c.bytes, c.count = c.bytes+uint64(len(records)), c.count+n
	if !c.back {
		return
	}
	if c.single++; n != 1 || c.left() <= 1 || uint64(len(records))*2+smallBuffer/2 > uint64(c.asked) {
		c.single = 0
	}
	if c.single > 2 && !c.noSeek {
		c.reversed, c.chunk = true, 256
	}
}

// reopen makes the best of an error that a new session is good for: nil is to go on.
func (c *clientCursor) reopen(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case c.s == nil, !c.s.broken && !staleHandle(err):
		return err
	}
	most := maxBreaks
	if c.reused {
		most += maxIdleSessions
	}
	c.leave()
	if c.breaks++; c.breaks > most {
		return err
	}
	return nil
}

// cope makes the best of an error of a read.
func (c *clientCursor) cope(ctx context.Context, err error) error {
	if err = c.reopen(ctx, err); err == nil || ctx.Err() != nil || c.s == nil {
		return err
	}
	if fault := (*dcerpc.Fault)(nil); errors.As(err, &fault) {
		if errors.Is(err, fs.ErrPermission) {
			return err
		}
		return c.smaller(err)
	}
	status, _ := statusOf(err)
	switch status {
	case nt.StatusBufferTooSmall:
		if c.need > 0 {
			return nil
		}
		return c.lost(err) // no buffer is large enough
	case nt.StatusNoMemory, nt.StatusInsufficientResources:
		return c.smaller(err)
	case nt.StatusEndOfFile:
		return c.reopen(ctx, c.ended(ctx))
	case nt.StatusInvalidParameter:
		if !c.seeked {
			return c.smaller(err)
		}
		pos := c.pos
		if err := c.look(ctx); err != nil {
			return c.reopen(ctx, err)
		}
		if c.pos == pos && c.left() > 0 && c.from >= c.seen.oldest {
			c.noSeek, c.reversed = true, false
		}
		return nil
	case nt.StatusEventlogFileChanged:
		c.s.stale = append(c.s.stale, c.s.h)
		c.leave()
		return nil
	case nt.StatusEventlogFileCorrupt:
		return c.damaged(err)
	}
	return err
}

// smaller goes on with a smaller buffer, or without the record that needs it.
func (c *clientCursor) smaller(err error) error {
	c.synced = false
	switch {
	case c.asked > c.size:
		return c.lost(err)
	case c.asked <= smallBuffer:
		return err
	}
	c.size = max(c.asked/2, smallBuffer)
	c.log.c.learn(c.size)
	return nil
}

// ended looks whether the log has come to its end where the server says so.
func (c *clientCursor) ended(ctx context.Context) error {
	synced, pos := c.synced, c.pos
	c.synced = false
	if err := c.look(ctx); err != nil {
		return err
	}
	if c.pos != pos || c.left() == 0 || len(c.losses) > 0 {
		return nil
	}
	if c.back && synced && !c.seeked {
		c.noSeq = true
	}
	if c.eofs++; c.eofs > 2 {
		c.cut()
	}
	return nil
}

// look asks where the log begins and ends now, and moves the way to what of it is
// there.
func (c *clientCursor) look(ctx context.Context) error {
	b, err := c.s.bounds(ctx)
	if err != nil {
		return err
	}
	was := c.seen
	if b.sure && b.next < was.next || b.oldest != 0 && b.oldest < was.oldest {
		if !c.follow {
			return eventlog.ErrMarkGone
		}
		c.anew(b)
		return nil
	}
	c.seen = b
	switch {
	case c.left() == 0 || b.oldest <= c.pos:
	case c.back:
		c.lose(c.end, c.pos, eventlog.ErrOverwrite)
		c.pos = 0
		c.discard()
	default:
		end := min(b.oldest, c.end)
		if c.follow {
			end = b.oldest
		}
		c.lose(c.pos, end-1, eventlog.ErrOverwrite)
		c.pos, c.end = end, max(c.end, end)
		c.discard()
	}
	return nil
}
