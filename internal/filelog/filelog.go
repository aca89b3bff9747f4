// Package filelog has what the readers of log files share, whatever the format:
// how a file is opened and read, and what of a walk has nothing to do with bytes.
package filelog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"netelf.example/eventlog"
)

// Open opens the named file and has reader make a reader of its size bytes, which
// closes it. Where there is none the file is closed here.
func Open[R any](name string, reader func(f *os.File, size int64) (R, error)) (r R, err error) {
	f, err := os.Open(name)
	if err != nil {
		return r, err
	}
	fi, err := f.Stat()
	if err == nil {
		r, err = reader(f, fi.Size())
	}
	if err != nil {
		f.Close()
	}
	return r, err
}

// ReadFull reads all of b at off. An early end means that the file has become
// shorter than it was.
func ReadFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil, errors.Is(err, io.EOF):
		return fmt.Errorf("file ends at 0x%x while it is read: %w", off+int64(n), io.ErrUnexpectedEOF)
	}
	return err
}

// First is the first event of a walk, nil if there is none. It closes c.
func First(ctx context.Context, c eventlog.Cursor) (*eventlog.Event, error) {
	defer c.Close()
	var e eventlog.Event
	var out eventlog.Outcome
	for !out.Done() {
		err := c.Next(ctx, &e)
		if err == nil {
			return &e, nil
		}
		out.Note(err)
	}
	if out.Bad() {
		return nil, out.Err
	}
	return nil, nil
}

// Mark is where a walk over the log of o stands before it begins.
func Mark(sel *eventlog.Selection, o *eventlog.Origin) (m eventlog.Mark) {
	if given := sel.Mark(o); given != nil {
		m = *given
	}
	m.Server, m.Log = o.Server, o.Log
	return m
}

// Clip leaves of a loss what lies in the way of a walk that begins with the record
// first; false: nothing does.
func Clip(l *eventlog.Loss, first uint64, back bool) bool {
	if l.Partial || l.Last == 0 {
		return true
	}
	if back {
		l.Last = min(l.Last, first)
	} else {
		l.First = max(l.First, first)
	}
	return l.First <= l.Last
}
