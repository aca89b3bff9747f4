package users

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// A change takes milliseconds, so whoever finds the lock taken tries again for a
// while.
const (
	lockPause = 10 * time.Millisecond
	lockTries = 300
)

// lock takes the lock that whoever writes has. The file stays, since somebody may
// wait for it; it is empty.
func lock(ctx context.Context, name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := sameOwner(f, filepath.Dir(name)); err != nil {
		f.Close()
		return nil, err
	}
	pause := time.NewTicker(lockPause)
	defer pause.Stop()
	for range lockTries {
		err = lockFile(f)
		if err == nil {
			return func() { _ = f.Close() }, nil // which gives it back
		}
		if !errors.Is(err, errLocked) {
			break
		}
		err = ErrBusy
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-pause.C:
		}
	}
	f.Close()
	if !errors.Is(err, ErrBusy) {
		err = fmt.Errorf("lock %s: %w", name, err)
	}
	return nil, err
}

// writeFile makes b the text of the file, which is durable then. On an error the
// file is what it was before, or, if only that is not known to be durable, the new
// one. It belongs to whom it belonged to, so that root may change what a service
// reads.
func writeFile(name string, b []byte) error {
	aside := name + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeAside(aside, name, b); err != nil {
		_ = os.Remove(aside) // the next one tries again
		return err
	}
	if err := os.Rename(aside, name); err != nil {
		_ = os.Remove(aside) // the next one tries again
		return err
	}
	return syncDir(filepath.Dir(name))
}

func writeAside(aside, name string, b []byte) error {
	f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	like := name
	if _, err := os.Stat(name); err != nil {
		like = filepath.Dir(name)
	}
	err = sameOwner(f, like)
	if err == nil {
		_, err = f.Write(b)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// syncDir makes the names in a folder durable.
func syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil // a folder cannot be synced there, and a rename is journaled
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
