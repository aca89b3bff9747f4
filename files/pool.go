package files

import (
	"bytes"
	"container/list"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
)

// ErrChanged is a file that is no longer the one that was opened: replaced, or
// written to.
var ErrChanged = errors.New("the file changed while it was read")

// pool keeps a bounded number of files open. A file is opened when it is read
// from; where that would be one too many, the one not read from for longest is
// closed, and if all are just being read from, it waits for one.
type pool struct {
	max int

	mu     sync.Mutex
	change *sync.Cond // of anything below
	open   int        // open, being opened or being closed
	idle   list.List  // of *file: open and not in use, the longest idle in front
}

// file is an io.ReaderAt that may be used by many goroutines.
type file struct {
	pool *pool
	path string
	info fs.FileInfo // what it was at first

	// pool.mu guards what follows.
	f       *os.File // nil: not open
	users   int
	place   *list.Element // in pool.idle
	opening bool
	closed  bool
	live    bool // it is followed: that it is written to is no change
}

func newPool(max int) *pool {
	p := &pool{max: max}
	p.change = sync.NewCond(&p.mu)
	return p
}

// file opens a regular file for reading.
func (p *pool) file(path string) (*file, error) {
	f := &file{pool: p, path: path}
	if _, err := f.acquire(); err != nil {
		return nil, err
	}
	f.release()
	return f, nil
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	h, err := f.acquire()
	if err != nil {
		return 0, err
	}
	defer f.release()
	if f.followed() {
		return readSteady(h, b, off)
	}
	return h.ReadAt(b, off)
}

// follow says that the file is written to while it is read.
func (f *file) follow() {
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	f.live = true
}

func (f *file) followed() bool {
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	return f.live
}

// size is that of the file as it is now.
func (f *file) size() (int64, error) {
	h, err := f.acquire()
	if err != nil {
		return 0, err
	}
	defer f.release()
	info, err := h.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// errMoving is a file that is written to faster than it can be read.
var errMoving = errors.New("it was written to while it was read")

// readSteady is ReadAt of what a writer that goes round may just be overwriting. It
// writes in the order of the bytes, as they are read: if the first of them are the
// same behind the read, it had not come to any of them.
func readSteady(r io.ReaderAt, b []byte, off int64) (n int, err error) {
	var again [64]byte
	for range 3 {
		if n, err = r.ReadAt(b, off); n <= len(again) || err != nil && err != io.EOF {
			return n, err
		}
		if m, _ := r.ReadAt(again[:], off); m == len(again) && bytes.Equal(again[:], b[:m]) {
			return n, err
		}
	}
	return 0, errMoving
}

var _ io.ReaderAt = (*file)(nil)

// acquire opens the file if it is not, and keeps it open until release.
func (f *file) acquire() (*os.File, error) {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case f.closed:
			return nil, &fs.PathError{Op: "read", Path: f.path, Err: fs.ErrClosed}
		case f.f != nil:
			if f.place != nil {
				p.idle.Remove(f.place)
				f.place = nil
			}
			f.users++
			return f.f, nil
		case f.opening:
			p.change.Wait()
		case p.open < p.max:
			if err := f.reopen(); err != nil {
				return nil, err
			}
		case p.idle.Len() > 0:
			p.idle.Front().Value.(*file).shut()
		default:
			p.change.Wait()
		}
	}
}

// reopen opens the file, without the lock meanwhile.
func (f *file) reopen() error {
	p := f.pool
	f.opening = true
	live := f.live
	p.open++
	p.mu.Unlock()
	h, info, err := openFile(f.path)
	if err == nil && f.info != nil && !same(f.info, info) && !(live && os.SameFile(f.info, info)) {
		_ = h.Close() // it was only read from
		err = &fs.PathError{Op: "read", Path: f.path, Err: ErrChanged}
	}
	p.mu.Lock()
	f.opening = false
	p.change.Broadcast()
	if err != nil {
		p.open--
		return err
	}
	if f.info == nil {
		f.info = info
	}
	f.f = h
	if f.closed {
		f.idle()
		f.shut()
	}
	return nil
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// idle puts an open file that nobody uses at the end of the line.
func (f *file) idle() { f.place = f.pool.idle.PushBack(f) }

// shut closes an idle file, without the lock meanwhile.
func (f *file) shut() {
	p, h := f.pool, f.f
	p.idle.Remove(f.place)
	f.place, f.f = nil, nil
	p.mu.Unlock()
	_ = h.Close() // it was only read from
	p.mu.Lock()
	p.open--
	p.change.Broadcast()
}

func (f *file) release() {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.users--; f.users > 0 {
		return
	}
	f.idle()
	if f.closed {
		f.shut()
		return
	}
	p.change.Broadcast()
}

// Close closes the file; a read that is under way ends first.
func (f *file) Close() error {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if !f.closed {
		f.closed = true
		if f.place != nil {
			f.shut()
		}
	}
	return nil
}
