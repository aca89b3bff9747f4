// Package reading reads a log as ReadEventLog does: whole records into a caller's
// buffer, from a place that one read leaves to the next ([MS-EVEN] 3.1.4.7). The
// NetElf API and the handler of MS-EVEN both read through it.
package reading

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// The flags of a read.
const (
	Sequential = 1 // EVENTLOG_SEQUENTIAL_READ: go on from the last read
	Seek       = 2 // EVENTLOG_SEEK_READ: begin at a record number
	Forwards   = 4 // EVENTLOG_FORWARDS_READ
	Backwards  = 8 // EVENTLOG_BACKWARDS_READ

	flags = Sequential | Seek | Forwards | Backwards
)

// Mode is what flags come to: of two that exclude each other, sequential and
// forwards count; of two of which none is given, sequential and backwards. No flag
// at all, and one that is not known, is eventlog.ErrInvalid.
func Mode(f uint32) (seek, back bool, err error) {
	if f == 0 || f&^flags != 0 {
		return false, false, fmt.Errorf("%w: read flags 0x%x", eventlog.ErrInvalid, f)
	}
	return f&(Sequential|Seek) == Seek, f&Forwards == 0, nil
}

// Reader is where the reads of one handle stand: behind the item that was given
// last. Its reads are one after the other; Close may be called at any time, and ends
// the one that is under way. It keeps a walk open between reads, so that a log is read at the speed of
// one walk however small the buffers are.
//
// That of a walk which did not fit is held and is not part of the place yet. A
// read that gives nothing leaves the place as it was.
type Reader struct {
	log   eventlog.Log
	fixed bool // a backup, which nobody changes

	mu     sync.Mutex // for moments only
	closed bool
	cursor eventlog.Cursor // the walk; nil: none is open

	marks []eventlog.Mark // behind the item that was given last; none: nothing was
	void  bool            // the log was cleared, and marks are of what was before
	gone  bool            // what comes backwards was overwritten, and that was told

	back  bool   // the direction of the walk
	start uint64 // where it began, until an item of it was given; 0: behind marks
	held  held
	full  bool // records are made of decoded events, since what is stored is not always one

	// The log as the last read saw it.
	seen         bool
	generation   uint64
	oldest, next uint64
	oldestTime   time.Time

	event eventlog.Event  // reused
	made  []byte          // reused, for records that are made
	other []byte          // reused, for records in another form
	spare []eventlog.Mark // reused
}

// held is an item of a walk: a record, or an error.
type held struct {
	is     bool
	record []byte
	other  []byte // the record in another form, once it was asked for
	err    error
	marks  []eventlog.Mark // behind it
}

// New is a Reader that has read nothing of l. A log that is fixed, as a backup is,
// is not asked for its state before each read.
func New(l eventlog.Log, fixed bool) *Reader { return &Reader{log: l, fixed: fixed} }

// Request says what a read is to give.
type Request struct {
	Seek, Back bool // as Mode has them

	// From is the number of the record that a seek begins with, by the state of the
	// log. An error of it is the read's, which leaves the place as it was.
	From func(*eventlog.Info) (uint64, error)

	// Convert appends the record in another form; nil: it is given as it is. All reads
	// of one Reader have the same, or none. Its error is that the record is damaged.
	Convert func(dst, record []byte) ([]byte, error)
}

// Read copies whole records into buf, as many as fit. At the end it is io.EOF.
// Where not even the next record fits, it is eventlog.ErrBuffer, and needed is how
// many bytes it has.
//
// A seek begins at the record that From says; else a read goes on from the record
// that was given last, in either direction without that one. Where the log was
// cleared it is eventlog.ErrMarkGone, until a seek gives the Reader a new place.
// Records that are missing are a *eventlog.Loss, told once.
func (p *Reader) Read(ctx context.Context, q *Request, buf []byte) (read, needed int, err error) {
	from, err := p.check(ctx, q)
	if err != nil {
		return 0, 0, err
	}
	if p.gone && q.Back && !q.Seek {
		return 0, 0, io.EOF
	}
	goesOn := p.walking(q.Seek, q.Back, from)
	if !goesOn {
		err = p.walk(ctx, q.Back, from)
	}
	if err == nil {
		read, needed, err = p.fill(ctx, buf, 0, q.Convert)
	}
	if err == io.EOF && goesOn { // the end of a walk that began when the log was shorter
		if read > 0 {
			from = 0
		}
		if err = p.walk(ctx, q.Back, from); err == nil {
			read, needed, err = p.fill(ctx, buf, read, q.Convert)
		}
	}
	if read > 0 {
		return read, 0, nil
	}
	if q.Seek && needed > 0 {
		p.drop() // the place stays what it was
	}
	return 0, needed, err
}

// check compares the place and the arguments with the log as it is now, and gives
// the number of the record to begin with, 0 for going on.
func (p *Reader) check(ctx context.Context, q *Request) (from uint64, err error) {
	if q.Seek || !p.fixed {
		info, err := p.log.Info(ctx)
		if err != nil {
			return 0, err
		}
		switch cleared, moved := p.observe(&info); {
		case cleared && p.last() != 0 && !p.void:
			p.void = true
			p.drop()
			return 0, eventlog.ErrMarkGone
		case cleared, moved:
			p.drop()
		}
		if q.Seek {
			return q.From(&info)
		}
		if !p.void {
			if loss := p.overtaken(&info, q.Back); loss != nil {
				p.drop()
				return 0, loss
			}
		}
	}
	if p.void {
		return 0, eventlog.ErrMarkGone
	}
	return 0, nil
}

// observe compares the log with what it was. cleared: another generation, a number
// that went back, or another record under the oldest number. moved: its beginning is
// another; whether it was cleared and has grown since then, only a new walk finds
// out, by the time of the mark.
func (p *Reader) observe(i *eventlog.Info) (cleared, moved bool) {
	if p.seen {
		moved = i.Oldest != p.oldest
		cleared = i.Generation != p.generation || i.Next != 0 && i.Next < p.next ||
			p.oldest != 0 && i.Oldest < p.oldest ||
			p.oldest != 0 && i.Oldest == p.oldest &&
				!p.oldestTime.IsZero() && !i.OldestTime.IsZero() && !i.OldestTime.Equal(p.oldestTime)
	}
	cleared = cleared || !p.void && i.Next != 0 && p.last() >= i.Next
	p.seen, p.generation, p.oldest, p.next, p.oldestTime = true, i.Generation, i.Oldest, i.Next, i.OldestTime
	return cleared, moved
}

// overtaken is what was overwritten of the records that would come next, nil if
// nothing was. It is said once: the place is before the oldest record then.
func (p *Reader) overtaken(i *eventlog.Info, back bool) error {
	last := p.last()
	if back || last == 0 || i.Oldest <= last+1 {
		return nil
	}
	m := p.marks[0]
	m.Record, m.Time = i.Oldest-1, time.Time{}
	p.marks = append(p.marks[:0], m)
	return &eventlog.Loss{Offset: -1, First: last + 1, Last: m.Record, Err: eventlog.ErrOverwrite}
}

// last is the number of the record that was given last, 0 if there is none.
func (p *Reader) last() uint64 {
	if len(p.marks) == 0 {
		return 0
	}
	return p.marks[0].Record
}

// walking says whether the open walk goes on where a read begins.
func (p *Reader) walking(seek, back bool, from uint64) bool {
	switch last := p.last(); {
	case p.Walk() == nil || p.back != back:
		return false
	case !seek:
		return true
	case p.void || last == 0 || p.start != 0:
		return false
	case back:
		return from == last-1
	default:
		return from == last+1
	}
}

// walk begins a walk at a record, or behind the place.
func (p *Reader) walk(ctx context.Context, back bool, from uint64) error {
	p.drop()
	sel := &eventlog.Selection{Backward: back, Start: from, Want: eventlog.FieldRecord.Bit() | eventlog.FieldRaw.Bit()}
	if p.full {
		sel.Want |= eventlog.DefaultFields
	}
	if from == 0 {
		sel.After = p.marks
	}
	c, err := p.log.Read(ctx, sel)
	if err != nil {
		return p.note(err)
	}
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.cursor = c
	}
	p.mu.Unlock()
	if closed {
		_ = c.Close() // the handle is what is wrong
		return eventlog.ErrHandle
	}
	p.back, p.start = back, from
	return nil
}

// Walk is the walk that is open, nil if none is.
func (p *Reader) Walk() eventlog.Cursor {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cursor
}

// Close ends the Reader, and a read that is under way: it is eventlog.ErrHandle, as
// are later ones.
func (p *Reader) Close() error {
	p.mu.Lock()
	c := p.cursor
	p.closed, p.cursor = true, nil
	p.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.Close()
}

// drop ends the walk, and forgets what of it was not given.
func (p *Reader) drop() {
	p.mu.Lock()
	c := p.cursor
	p.cursor = nil
	p.mu.Unlock()
	if c != nil {
		_ = c.Close() // nothing is lost by a walk that is not wanted any more
	}
	p.held, p.start = held{}, 0
}

// Rest ends the walk and gives up all buffers, until the next read.
func (p *Reader) Rest() {
	p.drop()
	p.event, p.made, p.other = eventlog.Event{}, nil, nil
}

// fill copies records into buf behind the n bytes that are there, up to the first
// that does not fit or that cannot be had. The end is said; whatever else stops it
// is an error only if n is 0, else it is for the next read to meet.
func (p *Reader) fill(ctx context.Context, buf []byte, n int, convert func(dst, record []byte) ([]byte, error)) (read, needed int, err error) {
	for n == 0 || len(buf)-n >= evt.RecordHeadSize {
		if !p.held.is {
			if err := p.fetch(ctx); err != nil {
				return n, 0, err
			}
		}
		record, err := p.held.record, p.held.err
		if err == nil && convert != nil {
			record, err = p.converted(convert)
		}
		if err == nil && len(record) <= len(buf)-n {
			n += copy(buf[n:], record)
			p.take()
			continue
		}
		_, lost := eventlog.AsLoss(err)
		switch {
		case err == nil && n == 0:
			return 0, len(record), eventlog.ErrBuffer
		case err == nil, lost && n > 0:
			return n, 0, nil // it stays held
		case lost:
			p.take()
			return 0, 0, err
		case err == io.EOF:
			p.drop()
			return n, 0, err
		default:
			p.drop()
			if n > 0 {
				return n, 0, nil
			}
			return 0, 0, p.note(err)
		}
	}
	return n, 0, nil
}

// take makes what is held a part of the place: it is given. Where what comes behind
// the place backwards was overwritten, the place stays, since what comes forwards may
// still be there.
func (p *Reader) take() {
	p.gone = p.back && p.start == 0 && p.last() != 0 && errors.Is(p.held.err, eventlog.ErrOverwrite)
	if !p.gone {
		p.marks, p.spare = p.held.marks, p.marks
	}
	p.held, p.start, p.void = held{}, 0, false
}

// fetch takes the next item out of the walk and holds it. The bytes of a record are
// taken as they are stored, where they are an EVENTLOGRECORD that is well; the first
// time that they are not, the walk is begun anew where it stands, with all fields.
func (p *Reader) fetch(ctx context.Context) error {
	err := p.pull(ctx)
	if err == nil && !p.full && !Stored(&p.event) {
		p.full = true
		err = p.again(ctx)
	}
	c := p.Walk()
	if c == nil { // the handle was closed meanwhile
		return eventlog.ErrHandle
	}
	h := held{is: true, err: err}
	switch {
	case err != nil:
	case Stored(&p.event):
		h.record = p.event.Raw
	default:
		if p.made, err = AppendRecord(p.made[:0], &p.event); err != nil {
			h.err = p.damaged(err)
		}
		h.record = p.made
	}
	h.marks = c.AppendMarks(p.spare[:0])
	p.held = h
	return nil
}

// pull is the next item of the walk.
func (p *Reader) pull(ctx context.Context) error {
	c := p.Walk()
	if c == nil {
		return eventlog.ErrHandle
	}
	return c.Next(ctx, &p.event)
}

// again begins the walk anew, for the event that was just taken out of it. What
// stands before that one was given already, losses too; if it is not there any more,
// all that comes is new.
func (p *Reader) again(ctx context.Context) error {
	n, from := p.event.RecordNumber, p.start
	if err := p.walk(ctx, p.back, from); err != nil {
		return err
	}
	for {
		err := p.pull(ctx)
		if _, lost := eventlog.AsLoss(err); lost {
			continue
		}
		if err == nil && p.event.RecordNumber == n {
			return nil
		}
		break
	}
	if err := p.walk(ctx, p.back, from); err != nil {
		return err
	}
	return p.pull(ctx)
}

// damaged is the loss of the record that is held.
func (p *Reader) damaged(err error) error {
	n := p.event.RecordNumber
	return &eventlog.Loss{Origin: p.event.Origin, Offset: p.event.Offset, First: n, Last: n, Err: err}
}

// converted is the record that is held in another form.
func (p *Reader) converted(convert func(dst, record []byte) ([]byte, error)) ([]byte, error) {
	if p.held.other == nil {
		b, err := convert(p.other[:0], p.held.record)
		if err != nil {
			return nil, p.damaged(err)
		}
		p.other, p.held.other = b, b
	}
	return p.held.other, nil
}

// note remembers of an error that the place is void.
func (p *Reader) note(err error) error {
	if _, lost := eventlog.AsLoss(err); !lost && errors.Is(err, eventlog.ErrMarkGone) {
		p.void = true
	}
	return err
}
