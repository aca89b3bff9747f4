package netelf

import (
	"context"
	"errors"

	"netelf.example/eventlog"
	"netelf.example/internal/reading"
)

// ReadFlags say from where and in which direction records are read.
type ReadFlags uint32

// The flags ([MS-EVEN] 3.1.4.7). One of the first two and one of the other two
// belong together. Where both of a pair are given, SequentialRead and ForwardsRead
// win; where none is, it is SequentialRead and BackwardsRead.
const (
	SequentialRead ReadFlags = reading.Sequential // EVENTLOG_SEQUENTIAL_READ: go on from the last read
	SeekRead       ReadFlags = reading.Seek       // EVENTLOG_SEEK_READ: begin at a record number
	ForwardsRead   ReadFlags = reading.Forwards   // EVENTLOG_FORWARDS_READ: from older to newer
	BackwardsRead  ReadFlags = reading.Backwards  // EVENTLOG_BACKWARDS_READ: from newer to older
)

// mode is what the flags come to.
func (f ReadFlags) mode() (seek, back bool, err error) { return reading.Mode(uint32(f)) }

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
// goes on there. Backwards nothing is left then, and the next read is at the end;
// one forwards goes on behind the record that was read last. Records that are damaged or missing are
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
	q := reading.Request{From: func(i *eventlog.Info) (uint64, error) { return offset, inRange(offset, i) }}
	if q.Seek, q.Back, err = flags.mode(); err != nil {
		return 0, 0, fail(fn, l.name, err)
	}
	if read, needed, err = l.at.Read(ctx, &q, buf); err != nil {
		return 0, needed, l.failRead(fn, err, q.Back)
	}
	return read, 0, nil
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

// overwritten is the loss that err is, if it is one by overwriting.
func overwritten(err error) (*eventlog.Loss, bool) {
	loss, ok := eventlog.AsLoss(err)
	return loss, ok && errors.Is(loss.Err, eventlog.ErrOverwrite)
}
