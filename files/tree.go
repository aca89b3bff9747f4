package files

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/evtx"
)

// Limits of a folder.
const (
	MaxDepth   = 64      // of folders below the one that was named
	MaxLogs    = 1 << 16 // in all folders together
	MaxEntries = 1 << 20 // of directories that are looked at, in all together
)

// Limits of the search for a link's file among those that are there anyway.
const maxTwins = 16

var (
	errDepth   = fmt.Errorf("folders nest more than %d deep: %w", MaxDepth, eventlog.ErrTooLarge)
	errLogs    = fmt.Errorf("more than %d event logs, the others are not read: %w", MaxLogs, eventlog.ErrTooLarge)
	errEntries = fmt.Errorf("more than %d files, the others are not read: %w", MaxEntries, eventlog.ErrTooLarge)
)

// tree finds the logs of a folder.
type tree struct {
	root                string
	maxLogs, maxEntries int

	logs    []entry
	skipped []Skip
	entries int
	full    error
	links   []string // to files, by name: looked at last
	seen    map[twin][]seen
}

// twin is what two names of one file have in common.
type twin struct {
	size int64
	time time.Time
}

type seen struct {
	name string
	info fs.FileInfo
}

func (t *tree) find() error {
	t.seen = make(map[twin][]seen)
	if err := t.folder("", 0); err != nil {
		return err
	}
	slices.Sort(t.links)
	for _, name := range t.links {
		if t.full != nil {
			break // said already, or by the next folder's name
		}
		t.file(name, true)
	}
	if t.full != nil {
		t.logs = append(t.logs, entry{name: "/", err: t.full})
	}
	slices.SortFunc(t.logs, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	slices.SortFunc(t.skipped, func(a, b Skip) int { return cmp.Compare(a.Path, b.Path) })
	if len(t.logs) == 0 {
		return fmt.Errorf("no event logs in %s", t.root)
	}
	return nil
}

// folder looks at everything in a folder. Only the error of the root is
// returned.
func (t *tree) folder(name string, depth int) error {
	err := t.list(name, depth)
	if err != nil && name != "" {
		t.logs = append(t.logs, entry{name: name + "/", err: err})
		return nil
	}
	return err
}

func (t *tree) list(name string, depth int) error {
	if depth > MaxDepth {
		return errDepth
	}
	dir, err := openRead(t.path(name))
	if err != nil {
		return err
	}
	var folders []string
	for err == nil && t.full == nil {
		var entries []fs.DirEntry
		entries, err = dir.ReadDir(1024)
		for _, e := range entries {
			if t.entries++; t.entries > t.maxEntries {
				t.full = errEntries
				break
			}
			at := e.Name()
			if name != "" {
				at = name + "/" + at
			}
			switch mode := e.Type(); {
			case mode.IsDir():
				folders = append(folders, at)
			case mode&fs.ModeSymlink != 0:
				t.link(at)
			case mode.IsRegular():
				t.file(at, false)
			case called(at):
				t.skip(at, errNotFile)
			}
		}
	}
	_ = dir.Close() // it was only read from
	slices.Sort(folders)
	for _, f := range folders {
		if t.full != nil {
			break
		}
		_ = t.folder(f, depth+1) // has made an entry of it
	}
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// link sorts links: those to files wait until all files are known.
func (t *tree) link(name string) {
	info, err := os.Stat(t.path(name))
	switch {
	case err == nil && info.IsDir():
		t.skip(name, errLink)
	case err == nil && !info.Mode().IsRegular():
		if called(name) {
			t.skip(name, errNotFile)
		}
	case err == nil, called(name):
		t.links = append(t.links, name)
	default:
		t.skip(name, err)
	}
}

// file takes a regular file, if it is a log.
func (t *tree) file(name string, link bool) {
	kind, info, err := look(t.path(name))
	switch {
	case errors.Is(err, errNotFile): // since we looked
		t.skip(name, err)
		return
	case err != nil && !called(name):
		t.skip(name, err)
		return
	case err == nil && kind == isOther && !called(name):
		return
	}
	if err == nil {
		key := twin{info.Size(), info.ModTime()}
		twins := t.seen[key]
		if link {
			for _, s := range twins {
				if os.SameFile(s.info, info) {
					t.skip(name, fmt.Errorf("it is a link to %q", s.name))
					return
				}
			}
		}
		if len(twins) < maxTwins {
			t.seen[key] = append(twins, seen{name, info})
		}
	}
	if len(t.logs) >= t.maxLogs {
		t.full = errLogs
		return
	}
	t.logs = append(t.logs, entryOf(name, t.path(name), kind))
}

func (t *tree) path(name string) string {
	return filepath.Join(t.root, filepath.FromSlash(name))
}

var (
	errLink    = errors.New("it is a link to a folder, which is not followed")
	errNotFile = errors.New("it is not a regular file")
)

func (t *tree) skip(name string, err error) {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // the path is said already
	}
	t.skipped = append(t.skipped, Skip{name, err.Error()})
}

// slashes is a path with slashes.
func slashes(name string) string { return filepath.ToSlash(name) }

// kind is what a file is by its first bytes.
type kind uint8

const (
	isOther kind = iota
	isEvt
	isEvtx
)

// look opens a file to see what it is.
func look(name string) (kind, fs.FileInfo, error) {
	f, info, err := openFile(name)
	if err != nil {
		return isOther, nil, err
	}
	defer f.Close()
	var head [16]byte
	n, err := f.ReadAt(head[:], 0)
	switch b := head[:n]; {
	case err != nil && err != io.EOF:
		return isOther, nil, err
	case n < 8:
		return isOther, info, nil
	case evtx.Sniff(b):
		return isEvtx, info, nil
	case evt.Sniff(b):
		return isEvt, info, nil
	}
	return isOther, info, nil
}

// openFile opens a regular file for reading. Anything else is refused before it
// is opened, since opening alone can do something to a device, and again
// afterwards.
func openFile(name string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: errNotFile}
	}
	f, err := openRead(name)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNotFile}
	}
	if err != nil {
		_ = f.Close() // it was only read from
		return nil, nil, err
	}
	return f, info, nil
}
