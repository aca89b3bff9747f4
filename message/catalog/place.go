package catalog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// below is the place of a folder, out of which nothing leads.
type below struct{ root *os.Root }

func (p below) list(name string, more func(name string) bool) error {
	f, err := p.root.Open(name)
	if err != nil {
		return err
	}
	return listFolder(f, more)
}

func (p below) open(name string) (file, int64, error) {
	return openRegular(name, p.root.Stat, p.root.Open)
}

// machine is this machine as a place.
type machine struct{}

func (machine) list(name string, more func(name string) bool) error {
	f, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	return listFolder(f, more)
}

func (machine) open(name string) (file, int64, error) {
	return openRegular(filepath.FromSlash(name), os.Stat, os.Open)
}

// listFolder lists a folder, and closes it. What cannot be read of it is left out.
func listFolder(f *os.File, more func(name string) bool) error {
	defer func() { _ = f.Close() }() // only read
	for {
		list, err := f.ReadDir(1024)
		for _, e := range list {
			if !more(e.Name()) {
				return nil
			}
		}
		if len(list) == 0 || err != nil {
			return nil
		}
	}
}

func openRegular(name string, stat func(string) (fs.FileInfo, error), open func(string) (*os.File, error)) (file, int64, error) {
	st, err := stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !st.Mode().IsRegular() { // opening a pipe would wait
		return nil, 0, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	f, err := open(name)
	if err != nil {
		return nil, 0, err
	}
	if st, err = f.Stat(); err != nil {
		_ = f.Close() // the error of Stat counts
		return nil, 0, err
	}
	return f, st.Size(), nil
}
