package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/message"
)

// Limits of importing from folders.
const (
	MaxDirEntries = 1 << 17 // entries of one folder
	MaxWalk       = 1 << 20 // files and folders of a tree
	MaxParts      = 512     // .mui files of one file
)

// tree is the folders that an import reads: those below a root, of which nothing
// leads out, or those of this machine. Names have slashes.
type tree struct {
	root *os.Root // nil: this machine's
	dirs map[string]map[string]string
}

// dir is what is in a folder: the names by their folded form.
func (t *tree) dir(name string) (map[string]string, error) {
	if d, ok := t.dirs[name]; ok {
		return d, nil
	}
	var f *os.File
	var err error
	if t.root != nil {
		f, err = t.root.Open(name)
	} else {
		f, err = os.Open(filepath.FromSlash(name))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	d := map[string]string{}
	for {
		list, err := f.ReadDir(1024)
		for _, e := range list {
			// Of names that differ only in case the first in order is taken.
			key := eventlog.Fold(e.Name())
			if old, ok := d[key]; !ok || e.Name() < old {
				d[key] = e.Name()
			}
		}
		if len(d) > MaxDirEntries {
			return nil, fmt.Errorf("folder %s: %w", name, over("entries or more", MaxDirEntries+1, MaxDirEntries))
		}
		if len(list) == 0 || err != nil {
			break // at the end, or what could be read of it
		}
	}
	if t.dirs == nil || len(t.dirs) > 4096 {
		t.dirs = map[string]map[string]string{}
	}
	t.dirs[name] = d
	return d, nil
}

// find is the name below the root that parts are when case does not count.
func (t *tree) find(parts ...string) (string, error) {
	at := "."
	for _, p := range parts {
		d, err := t.dir(at)
		if err != nil {
			return "", err
		}
		real, ok := d[eventlog.Fold(p)]
		if !ok {
			return "", &fs.PathError{Op: "find", Path: path.Join(at, p), Err: fs.ErrNotExist}
		}
		at = path.Join(at, real)
	}
	return at, nil
}

// open opens a regular file.
func (t *tree) open(name string) (*os.File, int64, error) {
	stat, open := os.Stat, os.Open
	if t.root != nil {
		stat, open = t.root.Stat, t.root.Open
	} else {
		name = filepath.FromSlash(name)
	}
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

// parts are the files that belong to a file: its .mui files in folders beside it that
// are named like a language, those beside it, and its .mun in resources, a folder.
func (t *tree) parts(name, resources string) []string {
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	var list []string
	add := func(in, suffix string) {
		if d, err := t.dir(in); err == nil {
			if real, ok := d[eventlog.Fold(base+suffix)]; ok && len(list) < MaxParts {
				list = append(list, path.Join(in, real))
			}
		}
	}
	if d, err := t.dir(dir); err == nil {
		var langs []string
		for _, real := range d {
			if isLang(real) {
				langs = append(langs, real)
			}
		}
		slices.Sort(langs)
		for _, l := range langs {
			add(path.Join(dir, l), ".mui")
		}
	}
	add(dir, ".mui")
	add(dir, ".mun")
	if resources != "" {
		add(resources, ".mun")
	}
	return list
}

// isLang says whether a folder's name is a language's, as Windows names folders of
// .mui files: "de-DE", or "0407" of old.
func isLang(name string) bool {
	if len(name) == 4 && strings.Trim(name, "0123456789abcdefABCDEF") == "" {
		return true
	}
	if len(name) < 2 || len(name) > 16 || strings.Trim(name[:2], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return false
	}
	l, err := message.ParseLang(name)
	return err == nil && eventlog.EqualFold(l.String(), name)
}

// windowsPath is a path of the registry as parts below the drive of a Windows
// installation; windir are those of its folder.
func windowsPath(s string, windir []string) ([]string, error) {
	bad := func(why string) ([]string, error) { return nil, fmt.Errorf("path %q: %s", clip(s), why) }
	p := strings.ReplaceAll(strings.Trim(strings.TrimSpace(s), `"`), "/", `\`)
	for _, prefix := range []string{`\\?\`, `\??\`} {
		p = strings.TrimPrefix(p, prefix)
	}
	var at []string
	switch {
	case strings.HasPrefix(p, "%"):
		name, rest, ok := strings.Cut(p[1:], "%")
		if !ok {
			return bad("a % without its other one")
		}
		switch eventlog.Fold(name) {
		case "systemroot", "windir":
			at = windir
		case "systemdrive", "homedrive":
		case "programfiles", "programw6432":
			at = []string{"Program Files"}
		case "programfiles(x86)":
			at = []string{"Program Files (x86)"}
		case "commonprogramfiles", "commonprogramw6432":
			at = []string{"Program Files", "Common Files"}
		case "commonprogramfiles(x86)":
			at = []string{"Program Files (x86)", "Common Files"}
		case "programdata", "allusersprofile":
			at = []string{"ProgramData"}
		default:
			return bad("a variable that is not known")
		}
		p = rest
	case len(p) >= len(`\SystemRoot\`) && eventlog.EqualFold(p[:len(`\SystemRoot\`)], `\SystemRoot\`):
		at, p = windir, p[len(`\SystemRoot`):]
	case strings.HasPrefix(p, `\\`):
		return bad("on another machine")
	case len(p) > 2 && p[1] == ':':
		if p[2] != '\\' {
			return bad("a drive without a folder")
		}
		p = p[2:]
	case strings.HasPrefix(p, `\`):
	case !strings.Contains(p, `\`):
		at = append(slices.Clone(windir), "System32")
	default: // drivers: System32\drivers\x.sys
		at = windir
	}
	at = slices.Clone(at)
	for part := range strings.SplitSeq(p, `\`) {
		switch {
		case part == "" || part == ".":
		case part == ".." || strings.ContainsAny(part, ":%\x00"):
			return bad("leads elsewhere")
		default:
			at = append(at, part)
		}
	}
	if len(at) == 0 {
		return bad("no file")
	}
	return at, nil
}
