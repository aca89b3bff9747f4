package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/message"
)

// MaxProblems is how many problems an import tells.
const MaxProblems = 1000

// ImportOptions are those of the imports; nil is fine.
type ImportOptions struct {
	// Origin is what the catalogue says of where sources and files are from. "": the
	// path as it was given, "registry export" or "registered sources".
	Origin string

	// Sources are the sources that the files of a folder belong to, for ImportFolder:
	// of their paths only the last part counts. nil: each file with messages is a
	// guessed source of its name without the ending.
	Sources []eventlog.Source

	// Map says where on this machine the file of a path is, for ImportSources: a
	// path that begins with %SystemRoot% or a drive. nil, or false: the path as it
	// stands, if this machine takes it for an absolute one.
	Map func(path string) (name string, ok bool)
}

// Imported is what an import has done.
type Imported struct {
	Sources, Files    int
	Tables, Providers int // of the files

	// Problems are what could not be read, of which nothing or a part is in the
	// catalogue: the first MaxProblems. More is how many there were besides.
	Problems []error
	More     int
}

func (r *Imported) problem(err error) {
	if len(r.Problems) < MaxProblems {
		r.Problems = append(r.Problems, err)
	} else {
		r.More++
	}
}

// importer is one import.
type importer struct {
	ctx    context.Context
	add    func(fn func(tx *Tx) error) error // makes a change
	tree   tree
	origin string
	done   map[string]imported // by the name in the tree
	of     string              // source that files are read for; "": none
	result *Imported
}

// problem keeps what is wrong with a file, and for which source it was read first.
func (im *importer) problem(err error) {
	if im.of != "" {
		err = fmt.Errorf("source %q: %w", clip(im.of), err)
	}
	im.result.problem(err)
}

type imported struct {
	id     FileID
	ok     bool // it has messages or providers
	tables int
}

// run makes an import: fn within one transaction.
func (c *Catalog) run(ctx context.Context, opts *ImportOptions, origin string, at place, fn func(im *importer) error) (Imported, error) {
	if opts != nil && opts.Origin != "" {
		origin = opts.Origin
	}
	if checkText(origin, MaxName) != nil {
		origin = ""
	}
	var result Imported
	err := c.Update(ctx, func(tx *Tx) error {
		result = Imported{}
		return fn(&importer{
			ctx: ctx, add: func(fn func(tx *Tx) error) error { return fn(tx) },
			tree: tree{place: at}, origin: origin, done: map[string]imported{}, result: &result,
		})
	})
	if err != nil {
		return Imported{}, err
	}
	return result, nil
}

// file adds a file and its parts, unless they were, and says what it has become. What
// is wrong with it is a problem; the error is the catalogue's.
func (im *importer) file(name string, parts []string) (imported, error) {
	if d, ok := im.done[name]; ok {
		return d, nil
	}
	if err := im.ctx.Err(); err != nil {
		return imported{}, err
	}
	base := path.Base(name)
	for _, suffix := range []string{".mui", ".mun"} { // parts without their file
		if len(base) > len(suffix) && eventlog.EqualFold(base[len(base)-len(suffix):], suffix) {
			base = base[:len(base)-len(suffix)]
		}
	}
	var list []*message.PE
	var open []io.Closer
	defer func() {
		for _, f := range open {
			_ = f.Close() // only read
		}
	}()
	for _, part := range append(slices.Clone(parts), name) {
		f, size, err := im.tree.open(part)
		if err != nil {
			im.problem(err)
			continue
		}
		open = append(open, f)
		pe, err := message.OpenPE(f, size)
		if err != nil {
			im.problem(fmt.Errorf("%s: %w", part, err))
			continue
		}
		list = append(list, pe)
	}
	f, err := FileOf(base, list...)
	if err != nil {
		im.problem(fmt.Errorf("%s: %w", name, err))
	}
	f.Origin = im.origin
	d := imported{ok: len(f.Tables) > 0 || len(f.Providers) > 0, tables: len(f.Tables)}
	if d.ok {
		if err := f.check(); err != nil {
			im.problem(err)
			d.ok = false
		}
	}
	if d.ok {
		err := im.add(func(tx *Tx) (err error) {
			d.id, err = tx.AddFile(f)
			return err
		})
		if err != nil {
			return d, err
		}
		im.result.Files++
		im.result.Tables += len(f.Tables)
		im.result.Providers += len(f.Providers)
	}
	im.done[name] = d
	return d, nil
}

// source adds a source. What is wrong with it is a problem.
func (im *importer) source(s Source) error {
	if s.Origin == "" {
		s.Origin = im.origin
	}
	if err := s.check(); err != nil {
		im.result.problem(err)
		return nil
	}
	im.result.Sources++
	return im.add(func(tx *Tx) error { return tx.AddSource(s) })
}

// endings are those of files that may have messages.
var endings = []string{".dll", ".exe", ".sys", ".cpl", ".drv", ".ocx", ".mui", ".mun"}

// ImportFolder adds all files with messages or providers in a folder and those below
// it: .dll, .exe, .sys, .cpl, .drv, .ocx, .mui and .mun. A .mui belongs to the
// file of its name beside it, or above it where its folder is named like a
// language; a .mun to that, or else to the only file of its name. Nothing outside the
// folder is opened, and no link is followed.
func (c *Catalog) ImportFolder(ctx context.Context, dir string, opts *ImportOptions) (Imported, error) {
	if opts == nil {
		opts = &ImportOptions{}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Imported{}, err
	}
	defer func() { _ = root.Close() }() // only read
	return c.run(ctx, opts, dir, below{root}, func(im *importer) error {
		files, err := im.walk(root.FS())
		if err != nil {
			return err
		}
		named := map[string][]FileID{} // by folded name
		guessed := map[string]bool{}
		for _, f := range group(files) {
			d, err := im.file(f.name, f.parts)
			if err != nil {
				return err
			}
			if !d.ok {
				continue
			}
			base := path.Base(f.name)
			key := eventlog.Fold(strip(base))
			named[key] = append(named[key], d.id)
			if opts.Sources != nil || d.tables == 0 {
				continue
			}
			file := strip(base)
			name := strings.TrimSuffix(file, path.Ext(file))
			if name == "" || guessed[eventlog.Fold(name)] {
				continue // the first of a name is the one that has its own file, not parts alone
			}
			guessed[eventlog.Fold(name)] = true
			s := Source{Source: eventlog.Source{Name: name, MessageFiles: []string{file}}, Files: map[string]FileID{file: d.id}, Guessed: true}
			if err := im.source(s); err != nil {
				return err
			}
		}
		for _, from := range opts.Sources {
			s := Source{Source: from, Files: map[string]FileID{}}
			for _, p := range s.allPaths() {
				switch ids := named[eventlog.Fold(Base(p))]; len(ids) {
				case 0:
					im.result.problem(fmt.Errorf("source %q: path %q: %w", clip(s.Name), clip(p), fs.ErrNotExist))
				case 1:
					s.Files[p] = ids[0]
				}
			}
			if err := im.source(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// strip is a name without .mui or .mun at its end.
func strip(name string) string {
	if e := eventlog.Fold(path.Ext(name)); e == ".mui" || e == ".mun" {
		return name[:len(name)-len(e)]
	}
	return name
}

// walk lists the files of the tree that may have messages.
func (im *importer) walk(in fs.FS) (list []string, err error) {
	n := 0
	err = fs.WalkDir(in, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == "." {
				return err
			}
			im.result.problem(err)
			return nil
		}
		if n++; n > MaxWalk {
			return over("files or more", MaxWalk+1, MaxWalk)
		}
		if d.Type().IsRegular() && slices.Contains(endings, eventlog.Fold(path.Ext(name))) {
			list = append(list, name)
		}
		return im.ctx.Err()
	})
	return list, err
}

// joined is a file and its parts.
type joined struct {
	name  string
	parts []string
}

// group joins .mui and .mun files to their files. Parts without one stand together:
// the last of them takes its place.
func group(files []string) []joined {
	byPath, byName := map[string]int{}, map[string][]int{}
	var list []joined
	isPart := func(name string) bool { return strip(path.Base(name)) != path.Base(name) }
	for _, name := range files {
		if !isPart(name) {
			byPath[eventlog.Fold(name)] = len(list)
			byName[eventlog.Fold(path.Base(name))] = append(byName[eventlog.Fold(path.Base(name))], len(list))
			list = append(list, joined{name: name})
		}
	}
	bases := len(list)
	for _, name := range files {
		if !isPart(name) {
			continue
		}
		dir, base := path.Dir(name), strip(path.Base(name))
		mun := eventlog.EqualFold(path.Ext(name), ".mun")
		above := dir
		if isLang(path.Base(dir)) {
			above = path.Dir(dir)
		}
		i, ok := byPath[eventlog.Fold(path.Join(dir, base))]
		if !ok {
			i, ok = byPath[eventlog.Fold(path.Join(above, base))]
		}
		if same := byName[eventlog.Fold(base)]; !ok && mun && len(same) == 1 {
			i, ok = same[0], true
		}
		switch {
		case !ok: // the place where its file would be
			byPath[eventlog.Fold(path.Join(above, base))] = len(list)
			list = append(list, joined{name: name})
		case i >= bases:
			list[i].parts, list[i].name = append(list[i].parts, list[i].name), name
		case len(list[i].parts) < MaxParts:
			list[i].parts = append(list[i].parts, name)
		}
	}
	return list
}

// ImportReg adds the sources of an export of the registry, as ParseReg reads it. Its
// RegErrors are problems. The files are looked for by their names.
func (c *Catalog) ImportReg(ctx context.Context, r io.Reader, opts *ImportOptions) (Imported, error) {
	list, err := ParseReg(r)
	var lines RegErrors
	if err != nil && !errors.As(err, &lines) {
		return Imported{}, err
	}
	return c.run(ctx, opts, "registry export", machine{}, func(im *importer) error {
		for _, e := range lines {
			im.result.problem(e)
		}
		for _, s := range list {
			if err := im.source(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// ImportSources adds sources that a service of this machine has registered, and the
// files that they name with the .mui files beside them.
func (c *Catalog) ImportSources(ctx context.Context, list []eventlog.Source, opts *ImportOptions) (Imported, error) {
	if opts == nil {
		opts = &ImportOptions{}
	}
	return c.run(ctx, opts, "registered sources", machine{}, func(im *importer) error {
		for _, from := range list {
			err := im.sourceWith(Source{Source: from}, "", func(p string) (string, error) {
				if opts.Map != nil {
					if name, ok := opts.Map(p); ok {
						return filepath.ToSlash(name), nil
					}
				}
				if !filepath.IsAbs(p) {
					return "", fmt.Errorf("path %q: not one of this machine", clip(p))
				}
				return filepath.ToSlash(p), nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// sourceWith adds a source and the files that its paths are by place.
func (im *importer) sourceWith(s Source, resources string, place func(path string) (string, error)) error {
	if err := im.files(&s, resources, place); err != nil {
		return err
	}
	return im.source(s)
}

// files adds the files that the paths of a source are by place.
func (im *importer) files(s *Source, resources string, place func(path string) (string, error)) error {
	s.Files = map[string]FileID{}
	im.of = s.Name
	defer func() { im.of = "" }()
	for _, p := range s.allPaths() {
		if checkText(p, MaxPath) != nil {
			continue // source says it
		}
		name, err := place(p)
		if err != nil {
			im.problem(err)
			continue
		}
		d, err := im.file(name, im.tree.parts(name, resources))
		if err != nil {
			return err
		}
		if d.ok {
			s.Files[p] = d.id
		}
	}
	return nil
}

// ImportWindows adds sources and the files that they name out of a folder that is
// the drive of a Windows installation, or its Windows folder: a mounted disk or a
// copy. Sources come from ParseReg or ParseHive; nil: those of the hives in the folder
// itself, System32\config\SYSTEM and SOFTWARE. %SystemRoot% and its like, and every drive letter,
// mean that folder; case does not count. Nothing outside the folder is opened.
func (c *Catalog) ImportWindows(ctx context.Context, folder string, sources []Source, opts *ImportOptions) (Imported, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return Imported{}, err
	}
	defer func() { _ = root.Close() }() // only read
	return c.run(ctx, opts, folder, below{root}, func(im *importer) error {
		windir, inside, err := im.windir()
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		resources, err := im.tree.find(append(slices.Clone(windir[inside:]), "SystemResources")...)
		if err != nil {
			resources = "" // before Windows 10
		}
		if sources == nil {
			if sources, err = im.hives(windir[inside:]); err != nil {
				return fmt.Errorf("%s: %w", folder, err)
			}
		}
		for _, s := range sources {
			err := im.sourceWith(s, resources, func(p string) (string, error) {
				_, parts, err := windowsPath(p, windir)
				if err != nil {
					return "", err
				}
				if inside == 1 {
					if len(parts) < 2 || !eventlog.EqualFold(parts[0], "Windows") && !eventlog.EqualFold(parts[0], "WINNT") {
						return "", fmt.Errorf("path %q: not in the Windows folder", clip(p))
					}
					parts = parts[1:]
				}
				return im.tree.find(parts...)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// windir are the parts of the Windows folder's name on its drive. inside is 1 where
// the tree is that folder itself, and 0 where it is the drive.
func (im *importer) windir() (windir []string, inside int, err error) {
	for _, name := range []string{"Windows", "WINNT"} {
		if _, err := im.tree.find(name, "System32"); err == nil {
			return []string{name}, 0, nil
		}
	}
	if _, err := im.tree.find("System32"); err != nil {
		return nil, 0, errors.New("no Windows installation: neither Windows nor WINNT with System32 in it")
	}
	return []string{"Windows"}, 1, nil
}
