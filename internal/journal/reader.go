package journal

import (
	"fmt"
	"io"
)

// A Reader reads what is committed, while the writer goes on. It may be used by
// several goroutines at once.
type Reader struct{ f *File }

// Reader reads the committed state as it is at each call.
func (f *File) Reader() Reader { return Reader{f} }

// ReadAt shows of each transaction either all or nothing. It holds up a Commit
// for no longer than it takes to copy p from memory; the data file is read
// before.
func (r Reader) ReadAt(p []byte, off int64) (int, error) { return r.f.read(nil, p, off) }

// Size is that of the file as committed.
func (r Reader) Size() (int64, error) {
	r.f.mu.RLock()
	defer r.f.mu.RUnlock()
	return r.f.active.size, nil
}

// Commits counts the transactions that have become visible since the Open, so
// that several calls can be seen to have read the same state.
func (r Reader) Commits() uint64 { return r.f.shown.Load() }

// read reads through txn, or the committed state if that is nil.
//
// The data file is read without a lock; then, under it, what the layers hold is
// laid over it. That is right if no checkpoint has ended in between: till then
// all that it changes in the data file lies in a layer.
func (f *File) read(txn *layer, p []byte, off int64) (int, error) {
	if f.closed.Load() {
		return 0, errClosed
	}
	if off < 0 {
		return 0, fmt.Errorf("journal: read at %d: offset is out of range", off)
	}
	if len(p) == 0 {
		return 0, nil
	}
	var gen uint64
	var readErr error
	for base, tried := 0, false; ; tried = true {
		f.mu.RLock()
		size := f.active.size
		if txn != nil {
			size = txn.size
		}
		if off >= size {
			f.mu.RUnlock()
			return 0, io.EOF
		}
		n := int(min(int64(len(p)), size-off))
		err := errNeedBase
		same := gen == f.gen
		if !tried || same {
			err = compose(p[:n], off, base, f.base, txn, f.active, f.frozen)
		}
		gen = f.gen
		f.mu.RUnlock()
		switch {
		case err == nil && n < len(p):
			return n, io.EOF
		case err == nil:
			return n, nil
		case tried && same && readErr != nil:
			return 0, wrap("read data file", readErr)
		}
		if base, readErr = f.data.ReadAt(p, off); readErr == io.EOF {
			readErr = io.ErrUnexpectedEOF // if it turns out to matter
		}
		if readErr == nil {
			readErr = io.ErrNoProgress // a whole p that does not suffice: cannot be
		}
	}
}
