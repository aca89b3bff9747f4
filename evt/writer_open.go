package evt

import (
	"encoding/binary"
	"fmt"

	"netelf.example/eventlog"
)

// OpenWriter goes on with the log that f, of size bytes, holds. Nothing of it is
// changed but the header, and that only where opts say other than it does; nil
// keeps what it says.
//
// A log that was not flushed is taken up where its EOF record stands. One that
// has no EOF record, or whose oldest record is not where that says, is a
// *eventlog.FormatError: what can be read of it can be written to a new log by
// AppendRaw. Damage further on is met when it is to be overwritten.
func OpenWriter(f File, size int64, opts *WriterOptions) (*Writer, error) {
	l, err := locate(newWindow(f, size, 0))
	if err == nil {
		err = l.writable()
	}
	if err != nil {
		return nil, err
	}
	w := &Writer{f: f, disk: l.header, torn: len(l.damage) > 0, s: state{
		size: size, begin: l.begin, end: l.end, oldest: l.oldest, next: max(l.next, 1),
	}}
	h := w.disk
	if opts == nil {
		opts = &WriterOptions{Retention: h.Retention}
	}
	h.Retention = opts.Retention
	if opts.MaxSize != 0 {
		n, err := roundMaxSize(opts.MaxSize)
		if err != nil {
			return nil, err
		}
		h.MaxSize = uint32(n)
	}
	limit := int64(or(h.MaxSize, DefaultMaxSize))
	w.max = max(size, min(maxMaxSize, (limit+SizeStep-1)&^(SizeStep-1)))

	if w.s.oldest == 0 {
		w.s.begin = w.s.end
	} else {
		b, err := w.front.head(w, w.s.begin)
		if err != nil {
			return nil, err
		}
		if n := binary.LittleEndian.Uint32(b[atRecordNumber:]); n != w.s.oldest {
			return nil, errNotOldest(w.s.begin, n, w.s.oldest)
		}
	}
	if err := w.writeHeader(&h); err != nil {
		return nil, err
	}
	return w, nil
}

// writable says why the log cannot be gone on with.
func (l *layout) writable() error {
	switch {
	case l.headerErr != nil:
		return l.headerErr
	case l.size > 1<<32-1 || l.size%4 != 0:
		return fmt.Errorf("evt: file of %d bytes: not a size that a log is written in: %w", l.size, eventlog.ErrCorrupt)
	case l.eofLen == 0:
		return eofError(int64(l.header.EndOffset), errNoEOF)
	case l.begin%4 != 0:
		return eofError(l.end+20, fmt.Errorf("BeginRecord 0x%x is not a multiple of 4", l.begin))
	case l.end%4 != 0:
		return eofError(l.end+24, fmt.Errorf("EndRecord 0x%x is not a multiple of 4", l.end))
	case l.next == 0 && l.oldest != 0 || l.oldest != 0 && l.begin == l.end:
		return eofError(l.end, fmt.Errorf("records %d to %d from 0x%x to 0x%x", l.oldest, l.next, l.begin, l.end))
	}
	return nil
}

func errNotOldest(at int64, have, want uint32) error {
	return recordError(at, "RecordNumber", atRecordNumber, fmt.Errorf("have %d, want %d, the oldest", have, want))
}
