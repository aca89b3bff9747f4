package evt

import (
	"encoding/binary"
	"fmt"
	"io"

	"netelf.example/eventlog"
)

// File is what a Writer writes to: an *os.File, or memory.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
}

// DefaultMaxSize is the size up to which a new log grows, that of NT's own logs.
const DefaultMaxSize = 512 << 10

// RetainForever is the Retention of a log that overwrites nothing.
const RetainForever = 0xffffffff

// WriterOptions says how a log is written.
type WriterOptions struct {
	// MaxSize is the size in bytes up to which the file grows, rounded up to
	// SizeStep. 0: DefaultMaxSize for a new log, what the header says for an
	// existing one.
	MaxSize int64

	// Retention is how old a record must be before it may be overwritten, in
	// seconds. 0: overwrite as needed; RetainForever: never.
	Retention uint32

	// FirstRecord is the number of the first record of a new log; OpenWriter
	// ignores it. 0: 1.
	FirstRecord uint32
}

// A Writer appends records to a circular .evt log by the rules of Windows, of
// which the format has no specification; those that matter were seen in files
// of Windows and are held by what other readers accept.
//
// # Places
//
// Records go round between HeaderSize and the physical end of the file. The
// fixed part of a record is never split: fewer than RecordHeadSize bytes up to
// the end of the file are filled with 0x27 and the record begins at HeaderSize.
// The rest of a record, and the EOF record behind the newest one, may run over
// the end. A record that ends exactly there has its EOF record at HeaderSize.
//
// The file grows in steps of SizeStep before it wraps. It can grow only while
// the records lie in one piece with the whole EOF record behind them: in a ring
// that goes over the end of the file the new space would open in its middle. A
// log that is opened with a greater MaxSize while it is wrapped grows when the
// ring has come round. A smaller MaxSize makes no file shorter.
//
// When there is no room the oldest records are removed, each as a whole, unless
// Retention keeps them. A log from which all had to be removed begins again at
// HeaderSize.
//
// # What a reader sees meanwhile
//
// Between an Append and the next Flush the header is marked dirty and its offsets
// and numbers are stale; the EOF record on disk is right after each Append. Where
// the record and the EOF record behind it lie in one piece they are one write
// that begins on the old EOF record, so a reader finds the log as it was, or as
// it is, or, if it reads between two sectors, no EOF record: never a wrong one.
//
// Where they lie in two pieces, or the file grows or is filled up, about once in
// a round, the old records that have to go are first given up in the EOF record
// that stands, and the header, dirty still, is made to point at it; then the
// piece at HeaderSize is written, then the piece at the file's end, over the old
// EOF record. So what was written since the header begins where that says the EOF
// record is, and less than a round of it follows.
//
// Nothing is synced: a caller that wants an order on the disk syncs the file
// after Append, and before Flush clears the mark.
//
// A Writer is for one goroutine at a time, and nobody else may write to its
// file.
type Writer struct {
	f     File
	s     state
	max   int64      // up to which the file grows; not below its size
	disk  FileHeader // as it stands in the file, offsets stale while dirty
	front front
	buf   []byte // one record and the EOF record behind it
	sid   sidText
	torn  bool // a write failed and the EOF record could not be put back
}

// Create makes an empty log of f, of which nothing is kept.
func Create(f File, opts *WriterOptions) (*Writer, error) {
	if opts == nil {
		opts = new(WriterOptions)
	}
	maxSize := int64(DefaultMaxSize)
	if opts.MaxSize != 0 {
		var err error
		if maxSize, err = roundMaxSize(opts.MaxSize); err != nil {
			return nil, err
		}
	}
	w := &Writer{f: f, max: maxSize, s: state{
		size: SizeStep, begin: HeaderSize, end: HeaderSize, next: or(opts.FirstRecord, 1),
	}}
	w.disk = FileHeader{
		HeaderSize: HeaderSize, Signature: signature, MajorVersion: majorVersion, MinorVersion: minorVersion,
		MaxSize: uint32(maxSize), Retention: opts.Retention, EndHeaderSize: HeaderSize,
	}
	w.disk = w.Header()
	b, _ := w.disk.AppendBinary(nil) // these two never fail
	b, _ = w.s.eof().AppendBinary(b)
	if err := f.Truncate(0); err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	if err := f.Truncate(w.s.size); err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	return w, nil
}

const maxMaxSize = 1<<32 - SizeStep // offsets have 32 bits

func roundMaxSize(n int64) (int64, error) {
	switch {
	case n < 0:
		return 0, fmt.Errorf("max size %d: %w", n, eventlog.ErrInvalid)
	case n > maxMaxSize:
		return 0, tooLarge("max size", n, maxMaxSize)
	}
	return (n + SizeStep - 1) &^ (SizeStep - 1), nil
}

// Append writes e as the newest record and returns the number it was given. The
// event's own number is ignored and e is not changed.
//
// Without room the error is eventlog.ErrLogFull: a record that Retention keeps
// would have to go, or the record numbers are used up. The header then says so
// and nothing else has changed. A record that could not fit into MaxSize is
// eventlog.ErrTooLarge. Damage among the oldest records, met while they are
// removed, is a *eventlog.FormatError, and nothing has changed.
//
// When a write fails the record is not in the log, and records that had to go
// for it may be gone.
func (w *Writer) Append(e *eventlog.Event) (number uint32, err error) {
	numbered := *e
	numbered.RecordNumber = uint64(w.s.next)
	if w.buf, err = appendRecord(w.buf[:0], &numbered, &w.sid); err != nil {
		return 0, err
	}
	return w.append(w.s.next)
}

// AppendRaw writes a record as another log has it, its bytes untouched but for
// its number. With keepNumber that stays too: it must not be below the number
// that is due, and where it is above it the log has a gap, which its count does
// not know of. Other errors are those of Append.
func (w *Writer) AppendRaw(record []byte, keepNumber bool) (number uint32, err error) {
	var r Record
	if err := r.UnmarshalBinary(record); err != nil {
		return 0, err
	}
	if len(r.b) != len(record) {
		return 0, fmt.Errorf("record of 0x%x bytes with 0x%x behind it: %w", len(r.b), len(record)-len(r.b), eventlog.ErrInvalid)
	}
	number = w.s.next
	if keepNumber {
		if n := r.RecordNumber(); n < number {
			return 0, fmt.Errorf("record number %d behind %d: %w", n, number-1, eventlog.ErrInvalid)
		}
		number = r.RecordNumber()
	}
	w.buf = append(w.buf[:0], record...)
	binary.LittleEndian.PutUint32(w.buf[atRecordNumber:], number)
	return w.append(number)
}

// append writes the record in w.buf.
func (w *Writer) append(number uint32) (uint32, error) {
	p, err := w.plan(int64(len(w.buf)), number, binary.LittleEndian.Uint32(w.buf[atTimeWritten:]))
	if err == nil {
		err = w.carryOut(&p)
	}
	if err != nil {
		return 0, err
	}
	return number, nil
}

// Flush brings the header up to date and clears the dirty mark. It syncs nothing.
func (w *Writer) Flush() error {
	if w.torn {
		if err := w.writeEOF(&w.s); err != nil {
			return fmt.Errorf("flush: %w", err)
		}
		w.torn = false
	}
	h := w.Header()
	h.Flags &^= FlagDirty
	if err := w.writeHeader(&h); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// Header is what a Flush would write now, but for the dirty mark, which says
// whether there is anything to flush.
func (w *Writer) Header() FileHeader {
	h := w.disk
	h.StartOffset, h.EndOffset = uint32(w.s.begin), uint32(w.s.end)
	h.OldestRecordNumber, h.CurrentRecordNumber = w.s.oldest, w.s.next
	return h
}

// Count is how many records the log has, by its numbers: gaps that AppendRaw
// left are counted too.
func (w *Writer) Count() uint32 {
	if w.s.oldest == 0 {
		return 0
	}
	return w.s.next - w.s.oldest
}

// Size is the size of the file.
func (w *Writer) Size() int64 { return w.s.size }
