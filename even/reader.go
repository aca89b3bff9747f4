package even

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// Read flags (3.1.4.7).
const (
	flagSequential = 1 // EVENTLOG_SEQUENTIAL_READ
	flagSeek       = 2 // EVENTLOG_SEEK_READ
	flagForwards   = 4 // EVENTLOG_FORWARDS_READ
	flagBackwards  = 8 // EVENTLOG_BACKWARDS_READ
	flagsAll       = flagSequential | flagSeek | flagForwards | flagBackwards
)

// readMode is what flags come to: of two that exclude each other, sequential and
// forwards count; of two of which none is given, sequential and backwards.
func readMode(flags uint32) (seek, back bool, err error) {
	if flags == 0 || flags&^flagsAll != 0 {
		return false, false, fmt.Errorf("read flags 0x%x: %w", flags, eventlog.ErrInvalid)
	}
	return flags&(flagSequential|flagSeek) == flagSeek, flags&flagForwards == 0, nil
}

// reader is where the reads of one handle stand: behind the item that was given
// last. It keeps a walk open between reads, so that a log is read at the speed of
// one walk however small the buffers are.
//
// That of a walk which did not fit is held and is not part of the place yet. A
// read that gives nothing leaves the place as it was.
type reader struct {
	log   eventlog.Log
	fixed bool // a backup, which nobody changes

	marks []eventlog.Mark // behind the item that was given last; none: nothing was
	void  bool            // the log was cleared, and marks are of what was before

	cursor eventlog.Cursor // the walk; nil: none is open
	back   bool            // its direction
	start  uint64          // where it began, until an item of it was given; 0: behind marks
	held   held
	full   bool // records are made of decoded events, since what is stored is not always one

	// The log as the last read saw it.
	seen         bool
	generation   uint64
	oldest, next uint64
	oldestTime   time.Time

	event eventlog.Event  // reused
	made  []byte          // reused, for records that are made
	ansi  []byte          // reused
	spare []eventlog.Mark // reused
}

// held is an item of a walk: a record, or an error.
type held struct {
	is     bool
	record []byte
	ansi   []byte // the record with ANSI strings, once it was asked for
	err    error
	marks  []eventlog.Mark // behind it
}

// read copies whole records into buf, as many as fit. At the end it is io.EOF.
// Where not even the next record fits, it is eventlog.ErrBuffer, and needed is how
// many bytes it has.
//
// With seek it begins at the record whose number has offset as its lower 32 bits;
// else it goes on from the record that was given last, in either direction without
// that one.
func (p *reader) read(ctx context.Context, flags, offset uint32, buf []byte, ansi bool) (read, needed int, err error) {
	seek, back, err := readMode(flags)
	if err != nil {
		return 0, 0, err
	}
	from, err := p.check(ctx, seek, back, offset)
	if err != nil {
		return 0, 0, err
	}
	goesOn := p.walking(seek, back, from)
	if !goesOn {
		err = p.walk(ctx, back, from)
	}
	if err == nil {
		read, needed, err = p.fill(ctx, buf, 0, ansi)
	}
	if err == io.EOF && goesOn { // the end of a walk that began when the log was shorter
		if read > 0 {
			from = 0
		}
		if err = p.walk(ctx, back, from); err == nil {
			read, needed, err = p.fill(ctx, buf, read, ansi)
		}
	}
	if read > 0 {
		return read, 0, nil
	}
	if seek && needed > 0 {
		p.drop() // the place stays what it was
	}
	return 0, needed, err
}

// check compares the place and the arguments with the log as it is now, and gives
// the number of the record to begin with, 0 for going on.
func (p *reader) check(ctx context.Context, seek, back bool, offset uint32) (from uint64, err error) {
	if seek || !p.fixed {
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
		if seek {
			return seekTo(offset, &info)
		}
		if !p.void {
			if loss := p.overtaken(&info, back); loss != nil {
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

// seekTo is the record of the log whose number has offset as its lower half. How
// many a log has that does not know its next number shows only the walk.
func seekTo(offset uint32, i *eventlog.Info) (uint64, error) {
	n := i.Oldest&^0xffffffff | uint64(offset)
	if n < i.Oldest {
		n += 1 << 32
	}
	if i.Oldest == 0 || offset == 0 && i.Oldest>>32 == 0 || i.Next != 0 && n >= i.Next {
		return 0, fmt.Errorf("record %d is not one of the log: %w", offset, eventlog.ErrInvalid)
	}
	if i.Next == 0 && n>>32 != i.Oldest>>32 {
		return 0, fmt.Errorf("record %d is older than the oldest: %w", offset, eventlog.ErrInvalid)
	}
	return n, nil
}

// observe compares the log with what it was. cleared: another generation, a number
// that went back, or another record under the oldest number. moved: its beginning is
// another; whether it was cleared and has grown since then, only a new walk finds
// out, by the time of the mark.
func (p *reader) observe(i *eventlog.Info) (cleared, moved bool) {
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
func (p *reader) overtaken(i *eventlog.Info, back bool) error {
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
func (p *reader) last() uint64 {
	if len(p.marks) == 0 {
		return 0
	}
	return p.marks[0].Record
}

// walking says whether the open walk goes on where a read begins.
func (p *reader) walking(seek, back bool, from uint64) bool {
	switch last := p.last(); {
	case p.cursor == nil || p.back != back:
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
func (p *reader) walk(ctx context.Context, back bool, from uint64) error {
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
	p.cursor, p.back, p.start = c, back, from
	return nil
}

// drop ends the walk, and forgets what of it was not given.
func (p *reader) drop() {
	if p.cursor != nil {
		_ = p.cursor.Close() // nothing is lost by a walk that is not wanted any more
	}
	p.cursor, p.held, p.start = nil, held{}, 0
}

// rest ends the walk and gives up all buffers, until the next read.
func (p *reader) rest() {
	p.drop()
	p.event, p.made, p.ansi = eventlog.Event{}, nil, nil
}

// fill copies records into buf behind the n bytes that are there, up to the first
// that does not fit or that cannot be had. The end is said; whatever else stops it
// is an error only if n is 0, else it is for the next read to meet.
func (p *reader) fill(ctx context.Context, buf []byte, n int, ansi bool) (read, needed int, err error) {
	for n == 0 || len(buf)-n >= evt.RecordHeadSize {
		if !p.held.is {
			if err := p.fetch(ctx); err != nil {
				return n, 0, err
			}
		}
		record, err := p.held.record, p.held.err
		if err == nil && ansi {
			record, err = p.inANSI()
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

// take makes what is held a part of the place: it is given.
func (p *reader) take() {
	p.marks, p.spare = p.held.marks, p.marks
	p.held, p.start, p.void = held{}, 0, false
}

// fetch takes the next item out of the walk and holds it. The bytes of a record are
// taken as they are stored, where they are an EVENTLOGRECORD that is well; the first
// time that they are not, the walk is begun anew where it stands, with all fields.
func (p *reader) fetch(ctx context.Context) error {
	err := p.cursor.Next(ctx, &p.event)
	if err == nil && !p.full && !stored(&p.event) {
		from := p.start
		p.full = true
		if err := p.walk(ctx, p.back, from); err != nil {
			return err
		}
		err = p.cursor.Next(ctx, &p.event)
	}
	h := held{is: true, err: err}
	switch {
	case err != nil:
	case stored(&p.event):
		h.record = p.event.Raw
	default:
		if p.made, h.err = appendRecord(p.made[:0], &p.event); h.err != nil {
			n := p.event.RecordNumber
			h.err = &eventlog.Loss{Origin: p.event.Origin, Offset: p.event.Offset, First: n, Last: n, Err: h.err}
		}
		h.record = p.made
	}
	h.marks = p.cursor.AppendMarks(p.spare[:0])
	p.held = h
	return nil
}

// inANSI is the record that is held with ANSI strings.
func (p *reader) inANSI() ([]byte, error) {
	if p.held.ansi == nil {
		b, err := appendANSIRecord(p.ansi[:0], p.held.record)
		if err == nil && len(b) > maxBatchBuff { // its parts lie on each other, and now they do not
			err = eventlog.ErrTooLarge
		}
		if err != nil {
			n := p.event.RecordNumber
			return nil, &eventlog.Loss{Origin: p.event.Origin, Offset: p.event.Offset, First: n, Last: n, Err: err}
		}
		p.ansi, p.held.ansi = b, b
	}
	return p.held.ansi, nil
}

// note remembers of an error that the place is void.
func (p *reader) note(err error) error {
	if _, lost := eventlog.AsLoss(err); !lost && errors.Is(err, eventlog.ErrMarkGone) {
		p.void = true
	}
	return err
}
