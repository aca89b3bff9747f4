package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Storage is one file of the pair: an *os.File with a data sync, or memory. Its
// methods may be called by several goroutines at once.
type Storage interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Size() (int64, error)

	// Sync returns when all that was written before is on the disk, and the
	// size. After an error nothing may be taken for written.
	Sync() error
	Close() error
}

// An Allocator is a Storage that can reserve space, so that a full disk is known
// before a write that must not fail.
type Allocator interface {
	// Allocate reserves space for the first size bytes. What is in the file
	// stays; its size does too where the system can do that, else zeros are
	// appended. After an error the file is as it was.
	Allocate(size int64) error
}

func allocate(s Storage, size int64) error {
	if a, ok := s.(Allocator); ok {
		return a.Allocate(size)
	}
	return nil
}

// OpenStorage opens a file as a Storage and Allocator. If flag has os.O_CREATE,
// the directory is synced too: a file that a power cut takes away keeps nothing.
func OpenStorage(name string, flag int, perm fs.FileMode) (Storage, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	if flag&os.O_CREATE != 0 {
		if err := syncDir(name); err != nil {
			return nil, errors.Join(fmt.Errorf("sync directory: %w", err), f.Close())
		}
	}
	return &diskFile{f}, nil
}

type diskFile struct{ *os.File }

func (d *diskFile) Size() (int64, error) {
	fi, err := d.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}

func (d *diskFile) Sync() error { return dataSync(d.File) }

func (d *diskFile) Allocate(size int64) error {
	have, err := d.Size()
	if err != nil || size <= have {
		return err
	}
	err = preallocate(d.File, have, size-have)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	zeros := make([]byte, 64<<10)
	for off := have; off < size; {
		n, err := d.WriteAt(zeros[:min(int64(len(zeros)), size-off)], off)
		if err != nil {
			return errors.Join(err, d.Truncate(have))
		}
		off += int64(n)
	}
	return nil
}
