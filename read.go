package netelf

import (
	"context"
	"io"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// ReadFlags say from where and in which direction records are read.
type ReadFlags uint32

// The flags ([MS-EVEN] 3.1.4.7). One of the first two and one of the other two
// belong together. Where both of a pair are given, SequentialRead and ForwardsRead
// win; where none is, it is SequentialRead and BackwardsRead.
const (
	SequentialRead ReadFlags = 1 // EVENTLOG_SEQUENTIAL_READ: go on from the last read
	SeekRead       ReadFlags = 2 // EVENTLOG_SEEK_READ: begin at a record number
	ForwardsRead   ReadFlags = 4 // EVENTLOG_FORWARDS_READ: from older to newer
	BackwardsRead  ReadFlags = 8 // EVENTLOG_BACKWARDS_READ: from newer to older

	readFlags = SequentialRead | SeekRead | ForwardsRead | BackwardsRead
)

// mode is what the flags come to.
func (f ReadFlags) mode() (seek, back bool, err error) {
	if f == 0 || f&^readFlags != 0 {
		return false, false, invalidf("read flags 0x%x", uint32(f))
	}
	return f&(SequentialRead|SeekRead) == SeekRead, f&ForwardsRead == 0, nil
}

// ReadEventLog reads as many whole records as fit into buf, one behind the other
// and each an EVENTLOGRECORD: NetElfReadEventLog. [Decode] takes them apart.
//
// read is how many bytes of buf were filled. Where not even the next record fits,
// it is ERROR_INSUFFICIENT_BUFFER, and needed is the size of that record; else
// needed is 0. A buffer of evt.MaxRecordSize bytes holds any record.
//
// # Where it reads
//
// With [SeekRead] it begins at record number offset; one that the log does not
// have is ERROR_INVALID_PARAMETER. With [SequentialRead] offset does not count, and
// it goes on from the record that was read last with this handle, in the direction
// that flags say: after a change of direction too, that record is not read again.
// The first sequential read begins at the oldest record forwards and at the newest
// backwards. A read that gives nothing for want of room or because of its arguments
// leaves the place as it was.
//
// At the end it is ERROR_HANDLE_EOF, and io.EOF; when the log has grown, the next
// read gives what is new. Flags of 0, and unknown ones, are ERROR_INVALID_PARAMETER,
// whatever the buffer.
//
// # What changes meanwhile
//
// Where the log was cleared since the last read it is ERROR_EVENTLOG_FILE_CHANGED,
// and eventlog.ErrMarkGone. Sequential reads go on answering that, since the place
// is void; a seek read gives the handle a new one, if it is not itself the one
// that has to say it. Where records were overwritten that would have been next, it
// is the same code, and eventlog.ErrOverwrite, with [Error].Oldest; the next read
// goes on there. Records that are damaged or missing are
// ERROR_EVENTLOG_FILE_CORRUPT; the next read goes on behind them.
//
// For that each read of a live log asks for its state, on another machine a call
// more: read with buffers of some 64 KB.
func ReadEventLog(ctx context.Context, h Handle, flags ReadFlags, offset uint64, buf []byte) (read, needed int, err error) {
	l, err := as[*EventLog]("ReadEventLog", h)
	if err != nil {
		return 0, 0, err
	}
	return l.Read(ctx, flags, offset, buf)
}

// Read is [ReadEventLog].
func (l *EventLog) Read(ctx context.Context, flags ReadFlags, offset uint64, buf []byte) (read, needed int, err error) {
	const fn = "ReadEventLog"
	l.reading.Lock()
	defer l.reading.Unlock()
	if err := l.open(); err != nil {
		return 0, 0, fail(fn, l.name, err)
	}
	seek, back, err := flags.mode()
	if err != nil {
		return 0, 0, fail(fn, l.name, err)
	}
	if err := l.check(ctx, seek, back, offset); err != nil {
		return 0, 0, l.failRead(fn, err, back)
	}
	goesOn := l.walking(seek, back, offset)
	if !goesOn {
		err = l.walk(ctx, seek, back, offset)
	}
	if err == nil {
		read, needed, err = l.fill(ctx, buf, 0)
	}
	if err == io.EOF && goesOn { // the end of a walk that began when the log was shorter
		if err = l.walk(ctx, seek && read == 0, back, offset); err == nil {
			read, needed, err = l.fill(ctx, buf, read)
		}
	}
	if err == nil || read > 0 {
		return read, 0, nil
	}
	if seek && needed > 0 {
		l.drop() // the place stays what it was before
	}
	return 0, needed, l.failRead(fn, err, back)
}

// failRead is fail with the oldest record, where err is that records were
// overwritten.
func (l *EventLog) failRead(fn string, err error, back bool) error {
	err = l.fail(fn, err)
	if e, ok := err.(*Error); ok && !back {
		if loss, ok := overwritten(e.Err); ok && loss.Last != 0 {
			e.Oldest = loss.Last + 1
		}
	}
	return err
}

// check compares the place and the arguments with the state of the log.
func (l *EventLog) check(ctx context.Context, seek, back bool, offset uint64) error {
	p := &l.at
	if seek || !l.backup {
		info, err := l.log.Info(ctx)
		if err != nil {
			return err
		}
		switch cleared, moved := p.observe(&info); {
		case cleared && p.last() != 0 && !p.void:
			p.void = true
			l.drop()
			return eventlog.ErrMarkGone
		case cleared, moved:
			l.drop()
		}
		if seek {
			if err := inRange(offset, &info); err != nil {
				return err
			}
		} else if !p.void {
			if loss := p.overtaken(&info, back); loss != nil {
				l.drop()
				return loss
			}
		}
	}
	if !seek && p.void {
		return eventlog.ErrMarkGone
	}
	return nil
}

// walk begins a walk where this read does.
func (l *EventLog) walk(ctx context.Context, seek, back bool, offset uint64) error {
	p := &l.at
	l.drop()
	sel := &eventlog.Selection{Backward: back, Want: eventlog.DefaultFields | eventlog.FieldRaw.Bit()}
	if seek {
		sel.Start = offset
	} else {
		sel.After = p.marks
	}
	c, err := l.log.Read(ctx, sel)
	if err != nil {
		return p.note(err)
	}
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.cursor = c
	}
	l.mu.Unlock()
	if closed {
		_ = c.Close() // the handle is what is wrong
		return eventlog.ErrHandle
	}
	p.back, p.seek = back, offset
	if !seek {
		p.seek = 0
	}
	return nil
}

// walking says whether the open walk goes on where a read begins.
func (l *EventLog) walking(seek, back bool, offset uint64) bool {
	p := &l.at
	l.mu.Lock()
	open := l.cursor != nil
	l.mu.Unlock()
	switch last := p.last(); {
	case !open || p.back != back:
		return false
	case !seek:
		return true
	case p.void || last == 0 || p.seek != 0:
		return false
	case back:
		return offset == last-1
	default:
		return offset == last+1
	}
}

// drop ends the walk, and forgets what of it was not given.
func (l *EventLog) drop() {
	l.mu.Lock()
	c := l.cursor
	l.cursor = nil
	l.mu.Unlock()
	if c != nil {
		_ = c.Close() // nothing is lost by a walk that is not wanted any more
	}
	l.at.held, l.at.seek = held{}, 0
}

// inRange is an error if the log has no record with this number. How many a log
// has that does not know its next number shows only the walk.
func inRange(offset uint64, i *eventlog.Info) error {
	if offset != 0 && i.Oldest != 0 && offset >= i.Oldest && (i.Next == 0 || offset < i.Next) {
		return nil
	}
	if i.Oldest == 0 || i.Oldest == i.Next {
		return invalidf("record %d: the log is empty", offset)
	}
	return invalidf("record %d is not one of %d to %d", offset, i.Oldest, i.Next-1)
}

// fill copies records into buf behind the n bytes that are there, up to the first
// that does not fit or that cannot be had. The end is said; whatever else stops it
// is an error only if n is 0, else it is for the next read to meet.
func (l *EventLog) fill(ctx context.Context, buf []byte, n int) (read, needed int, err error) {
	p := &l.at
	for n == 0 || len(buf)-n >= evt.MinRecordSize {
		if !p.held.is {
			l.fetch(ctx)
		}
		_, lost := eventlog.AsLoss(p.held.err)
		switch err := p.held.err; {
		case err == nil && len(p.held.record) <= len(buf)-n:
			n += copy(buf[n:], p.held.record)
			p.take()
		case err == nil && n == 0:
			return 0, len(p.held.record), eventlog.ErrBuffer
		case err == nil, lost && n > 0:
			return n, 0, nil // it stays held
		case lost:
			p.take()
			return 0, 0, err
		case err == io.EOF:
			l.drop()
			return n, 0, err
		default:
			l.drop()
			if n > 0 {
				return n, 0, nil
			}
			return 0, 0, p.note(err)
		}
	}
	return n, 0, nil
}

// fetch takes the next item out of the walk and holds it.
func (l *EventLog) fetch(ctx context.Context) {
	p := &l.at
	l.mu.Lock()
	c := l.cursor
	l.mu.Unlock()
	h := held{is: true, record: p.buf[:0], marks: p.spare[:0]}
	if c == nil { // the handle was closed meanwhile
		h.err = eventlog.ErrHandle
		p.held = h
		return
	}
	if h.err = c.Next(ctx, &p.event); h.err == nil {
		h.record, h.err = appendRecord(h.record, &p.event)
		p.buf = h.record
		if h.err != nil {
			n := p.event.RecordNumber
			h.err = &eventlog.Loss{Origin: p.event.Origin, Offset: p.event.Offset, First: n, Last: n, Err: h.err}
		}
	}
	h.marks = c.AppendMarks(h.marks)
	p.held = h
}
