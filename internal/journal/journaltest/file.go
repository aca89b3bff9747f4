package journaltest

import (
	"io"
	"io/fs"
	"sync/atomic"
	"syscall"
)

// File is a file of a Disk.
type File struct {
	d      *Disk
	s      *state
	name   string
	closed atomic.Bool
}

// begin counts the operation. It returns with the disk locked.
func (f *File) begin(op Op) (half bool, err error) {
	if f.d.Before != nil {
		f.d.Before(op, f.name)
	}
	f.d.mu.Lock()
	if f.closed.Load() {
		return false, &fs.PathError{Op: op.String(), Path: f.name, Err: fs.ErrClosed}
	}
	return f.d.do(op, f.name)
}

// ReadAt reads what was written, synced or not.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	_, err := f.begin(Read)
	defer f.d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if off >= int64(len(f.s.now)) {
		return 0, io.EOF
	}
	n := copy(p, f.s.now[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt writes, without a sync.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	half, err := f.begin(Write)
	defer f.d.mu.Unlock()
	if err != nil && !half {
		return 0, err
	}
	if half {
		p = p[:len(p)/2]
	}
	if full := f.d.take(f.s, off+int64(len(p))); full != nil {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: full}
	}
	f.s.write(p, off)
	return len(p), err
}

// Truncate sets the size. It takes no space.
func (f *File) Truncate(size int64) error {
	half, err := f.begin(Truncate)
	defer f.d.mu.Unlock()
	if err != nil && !half {
		return err
	}
	if size > 1<<28 {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: syscall.EFBIG}
	}
	if size <= int64(len(f.s.now)) {
		f.s.space = min(f.s.space, size)
	}
	f.s.resize(size)
	return err
}

// Size is the size that is seen.
func (f *File) Size() (int64, error) {
	_, err := f.begin(Read)
	defer f.d.mu.Unlock()
	return int64(len(f.s.now)), err
}

// Sync makes what was written durable.
func (f *File) Sync() error {
	half, err := f.begin(Sync)
	defer f.d.mu.Unlock()
	switch {
	case err == nil || err == ErrStopped && half:
		f.s.sync()
	case half:
		f.s.failedSync()
	}
	return err
}

// Allocate reserves space up to size.
func (f *File) Allocate(size int64) error {
	_, err := f.begin(Allocate)
	defer f.d.mu.Unlock()
	if err != nil {
		return err
	}
	if full := f.d.take(f.s, size); full != nil {
		return &fs.PathError{Op: "allocate", Path: f.name, Err: full}
	}
	if f.d.Extend && size > int64(len(f.s.now)) {
		f.s.resize(size)
	}
	return nil
}

// Close ends the use of this File, not the file.
func (f *File) Close() error {
	f.closed.Store(true)
	return nil
}
