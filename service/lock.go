package service

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// ErrInUse is a data directory that somebody else has open.
var ErrInUse = errors.New("data directory is in use")

// maxHolder bounds what is read of a lock file.
const maxHolder = 256

// dirLock is the lock on a data directory: alone for whoever changes it, shared by
// readers. The file says who has it alone, and goes on saying so after a crash:
// that is how the next one knows.
type dirLock struct {
	f     *os.File
	alone bool
}

// lockDir takes the lock or says who has it. unclean is set if the last one to
// have it alone did not give it back.
func lockDir(name string, alone bool, holder string) (l *dirLock, unclean bool, err error) {
	flags := os.O_RDONLY
	if alone {
		flags = os.O_RDWR | os.O_CREATE
	}
	f, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		return nil, false, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxHolder))
	if err != nil {
		f.Close()
		return nil, false, err
	}
	last, _, _ := strings.Cut(string(b), "\n") // behind it may be the rest of a longer one
	last = strings.TrimSpace(last)
	if err := lockFile(f, alone); err != nil {
		if alone && lockFile(f, false) == nil {
			last = "readers" // and what stands there is of one that is gone
		}
		f.Close()
		if !errors.Is(err, errLocked) {
			return nil, false, fmt.Errorf("lock %s: %w", name, err)
		}
		return nil, false, fmt.Errorf("%w by %q (%s)", ErrInUse, last, name)
	}
	l = &dirLock{f: f, alone: alone}
	if alone {
		if err := l.write(holder + "\n"); err != nil {
			f.Close()
			return nil, false, err
		}
	}
	return l, last != "", nil
}

// write puts s into the file, durably: what stands there after a power cut says
// whether it was given back.
func (l *dirLock) write(s string) error {
	// At no moment the file is empty that says somebody holds it.
	if s != "" {
		if _, err := l.f.WriteAt([]byte(s), 0); err != nil {
			return err
		}
	}
	if err := l.f.Truncate(int64(len(s))); err != nil {
		return err
	}
	return l.f.Sync()
}

// release gives the lock back; clean says that nothing is left to be repaired.
func (l *dirLock) release(clean bool) error {
	var err error
	if l.alone && clean {
		err = l.write("")
	}
	return errors.Join(err, unlockFile(l.f), l.f.Close())
}
