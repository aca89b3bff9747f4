package service

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// dirFS is the files of a data directory, by their bare names. What is done to the
// names is durable only when Sync returns, and until then the disk may have any of
// it and not the rest.
type dirFS interface {
	ReadFile(name string) ([]byte, error)
	Create(name string) (dirFile, error) // a new file; where there is one it is fs.ErrExist
	Rename(from, to string) error        // in place of what is called so
	Remove(name string) error
	Sync() error
}

// dirFile is a file that is being written.
type dirFile interface {
	io.WriteCloser
	Sync() error
}

// writeAside writes a file whole, aside, and gives it its name. It returns when
// that is durable. On an error the file is what it was before, or, if only that is
// not known to be durable, the new one. One service at a time writes to a
// directory: what another left half-written is removed.
func writeAside(d dirFS, name string, data []byte) error {
	aside := name + ".new"
	if err := d.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := writeSynced(d, aside, data)
	if err == nil {
		err = d.Rename(aside, name)
	}
	if err != nil {
		_ = d.Remove(aside) // the next one tries again
		return err
	}
	return d.Sync()
}

func writeSynced(d dirFS, name string, data []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// osDir is a directory of the system as a dirFS. It reads no file longer than a
// catalogue may be.
type osDir string

func (d osDir) path(name string) string { return filepath.Join(string(d), name) }

func (d osDir) ReadFile(name string) ([]byte, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCatalogSize+1))
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Create makes a file that only its owner reads: a catalogue says who may do what.
func (d osDir) Create(name string) (dirFile, error) {
	f, err := os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d osDir) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }
func (d osDir) Remove(name string) error     { return os.Remove(d.path(name)) }
func (d osDir) Sync() error                  { return syncDir(string(d)) }

// syncDir makes the names in a directory durable.
func syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be synced there, and a rename is journaled
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// makeDir is os.MkdirAll for a directory that only its owner sees, and returns
// when a power cut cannot take it away any more: what is in it would go too.
func makeDir(name string) error {
	made := []string{}
	for p := filepath.Clean(name); ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(p) == p {
			break // it is there, or MkdirAll says what is wrong
		}
		made = append(made, p)
	}
	if err := os.MkdirAll(name, 0o700); err != nil {
		return err
	}
	for _, p := range made {
		if err := syncDir(filepath.Dir(p)); err != nil {
			return err
		}
	}
	return nil
}
