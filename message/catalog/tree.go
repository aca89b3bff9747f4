package catalog

import (
	"fmt"
	"io"
	"io/fs"
	"path"
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

// place is where the files of an import are. Names have slashes.
type place interface {
	// list gives the names in a folder, until more says no. What it has given counts
	// even where there is an error.
	list(name string, more func(name string) bool) error
	// open opens a regular file, and says how long it is.
	open(name string) (file, int64, error)
}

// file is an open file.
type file interface {
	io.ReaderAt
	io.Closer
}

// tree is the folders that an import reads, in which case does not count.
type tree struct {
	place
	dirs map[string]map[string]string
}

// dir is what is in a folder: the names by their folded form.
func (t *tree) dir(name string) (map[string]string, error) {
	if d, ok := t.dirs[name]; ok {
		return d, nil
	}
	d := map[string]string{}
	full := false
	err := t.list(name, func(name string) bool {
		// Of names that differ only in case the first in order is taken.
		key := eventlog.Fold(name)
		if old, ok := d[key]; !ok || name < old {
			d[key] = name
		}
		full = len(d) > MaxDirEntries
		return !full
	})
	if full {
		return nil, fmt.Errorf("folder %s: %w", name, over("entries or more", MaxDirEntries+1, MaxDirEntries))
	}
	if err != nil {
		return nil, err
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

// windowsPath is a path of the registry as parts below a drive of a Windows
// installation; windir are those of its folder. The drive is a capital letter, or "": the
// one with that folder.
func windowsPath(s string, windir []string) (drive string, at []string, err error) {
	bad := func(why string) (string, []string, error) {
		return "", nil, fmt.Errorf("path %q: %s", clip(s), why)
	}
	p := strings.ReplaceAll(strings.Trim(strings.TrimSpace(s), `"`), "/", `\`)
	for _, prefix := range []string{`\\?\`, `\??\`} {
		p = strings.TrimPrefix(p, prefix)
	}
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
		if drive = strings.ToUpper(p[:1]); drive < "A" || drive > "Z" {
			return bad("no drive")
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
	return drive, at, nil
}
