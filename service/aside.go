package service

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// asidePrefix begins the names of backups that are being written; a number follows.
const asidePrefix = ".backup-"

// asideTries is how often a new file may be taken for one that was left.
const asideTries = 10

// createAside makes a file for a backup that is being written. It is locked until it
// is closed: another service may have the same directory for its backups. Where files
// cannot be locked, removeAside finds that too, and leaves them.
func createAside(dir string) (*os.File, error) {
	for range asideTries {
		f, err := os.CreateTemp(dir, asidePrefix+"*")
		if err != nil {
			return nil, err
		}
		if err := lockFile(f, true); !errors.Is(err, errLocked) && stillThere(f) {
			return f, nil
		}
		_ = f.Close() // nothing was written
	}
	return nil, errors.New("backup: whatever is made in " + dir + " is removed")
}

// stillThere says whether f is the file that has its name: between its making and its
// lock somebody could take it for one that was left.
func stillThere(f *os.File) bool {
	have, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(have, named)
}

// removeAside removes the backups in a directory that whoever wrote them did not
// finish: a process that was killed. What is locked is being written, and what has
// another name is not ours. It answers their names, and why others could not be removed.
func removeAside(dir string) (names []string, err error) {
	if !canLock {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	errs := []error{err} // with what was read before it
	for _, e := range entries {
		if !e.Type().IsRegular() || !isAside(e.Name()) {
			continue
		}
		switch err := removeUnlocked(filepath.Join(dir, e.Name())); {
		case err == nil:
			names = append(names, e.Name())
		case !errors.Is(err, errLocked) && !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	return names, errors.Join(errs...)
}

// isAside says whether createAside makes such names.
func isAside(name string) bool {
	number, ok := strings.CutPrefix(name, asidePrefix)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

func removeUnlocked(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0) // some systems lock nothing else alone
	if err != nil {
		return err
	}
	defer f.Close() // it was only locked
	if err := lockFile(f, true); err != nil {
		return err
	}
	if !stillThere(f) {
		return fs.ErrNotExist
	}
	if err := os.Remove(name); err == nil {
		return nil
	}
	// Windows removes nothing that is open; nor could it be written to meanwhile.
	if err := f.Close(); err != nil {
		return err
	}
	return os.Remove(name)
}
