package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"netelf.example/eventlog"
	"netelf.example/internal/regf"
)

// MaxServerBytes is how much an import from a server reads of its files;
// ServerOptions may have a smaller limit.
const MaxServerBytes = 4 << 30

// ServerOptions are those of ImportServer; nil is fine.
type ServerOptions struct {
	// Origin is what the catalogue says of where sources and files are from.
	Origin string

	// MaxBytes is how much is read of files: what would be more is a problem. 0:
	// MaxServerBytes.
	MaxBytes int64

	// Progress is told what is being done, before each source. nil: nobody is.
	Progress func(Progress)
}

// Registry is the registry of a server. A key that is not there is fs.ErrNotExist.
type Registry interface {
	// Keys gives the names of the keys below one of HKEY_LOCAL_MACHINE.
	Keys(ctx context.Context, path string) ([]string, error)
	Values(ctx context.Context, path string) ([]RegistryValue, error)
	// Over says of an error of Keys or Values that nothing more can be had.
	Over(err error) bool
}

// RegistryValue is a value of a key: its name, its type and its data.
type RegistryValue = regf.Value

// Shares are the shares of a server. Names of files and folders have slashes, and the
// folder that a share is, is ".".
type Shares interface {
	// List gives the names in a folder, until more says no.
	List(ctx context.Context, share, folder string, more func(name string) bool) error
	Open(ctx context.Context, share, name string) (ServerFile, error)
	// Over says of an error of List, Open or a file that nothing more can be had.
	Over(err error) bool
}

// ServerFile is an open file of a server.
type ServerFile interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Progress is how far an import is.
type Progress struct {
	Doing   string // "registry", or the name of a source
	Sources int    // that are done
	Of      int    // sources there are; 0: not known yet
	Files   int    // that were added
	Bytes   int64  // that were read
}

// ImportServer adds the sources that a Windows server's registry has, and the files
// that they name out of its shares: ADMIN$ for its Windows folder, C$ and its like for
// drives. Case does not count, and a file that several sources name is read once.
//
// Each file is added by itself, and then the sources of the server: what was added
// before an error stays, and is in the Imported that comes with it. What is wrong with
// one key or file is a problem.
func (c *Catalog) ImportServer(ctx context.Context, registry Registry, from Shares, opts *ServerOptions) (Imported, error) {
	var o ServerOptions
	if opts != nil {
		o = *opts
	}
	left := o.MaxBytes
	if left <= 0 || left > MaxServerBytes {
		left = MaxServerBytes
	}
	if checkText(o.Origin, MaxName) != nil {
		o.Origin = ""
	}
	h := &remote{newBudget(), ctx, registry}
	at := &shares{ctx: ctx, from: from, left: left, limit: left, names: MaxWalk}
	var result Imported
	im := &importer{
		ctx: ctx, add: func(fn func(tx *Tx) error) error { return c.Update(ctx, fn) },
		tree: tree{place: at}, origin: o.Origin, done: map[string]imported{}, result: &result,
	}
	tell := func(p Progress) {
		if o.Progress != nil {
			p.Files, p.Bytes = result.Files, at.limit-at.left
			o.Progress(p)
		}
	}
	tell(Progress{Doing: "registry"})
	found := newRegistered()
	problem := func(err error) {
		if !errors.Is(err, fs.ErrNotExist) {
			result.problem(err)
		}
	}
	err := found.read(h, `SYSTEM\CurrentControlSet`, eventLogKey, problem)
	if err == nil {
		err = found.read(h, "SOFTWARE", publishersKey, problem)
	}
	if err != nil {
		return result, err
	}
	root := systemRoot(h, problem)
	list := found.list()
	if len(list) == 0 {
		return result, fmt.Errorf("the server's registry names no sources: %w", fs.ErrNotExist)
	}
	resources, err := im.tree.find(adminShare, "SystemResources")
	if err != nil {
		resources = "" // before Windows 10
	}
	err = nil
	var whole []Source
	for i, s := range list {
		tell(Progress{Doing: s.Name, Sources: i, Of: len(list)})
		if err = im.files(&s, resources, root.place(im)); err == nil {
			err = at.over
		}
		if err != nil {
			break
		}
		whole = append(whole, s)
	}
	if len(whole) > 0 {
		// What was read is kept also where the time is over.
		add := c.Update(context.WithoutCancel(ctx), func(tx *Tx) error {
			im.add = func(fn func(tx *Tx) error) error { return fn(tx) }
			for _, s := range whole {
				if err := im.source(s); err != nil {
					return err
				}
			}
			return nil
		})
		if add != nil {
			result.Sources = 0
			err = errors.Join(err, add)
		}
	}
	tell(Progress{Sources: len(whole), Of: len(list)})
	return result, err
}

// windows is where a server's Windows folder is.
type windows struct {
	drive string   // "C"
	dir   []string // "Windows"
}

const adminShare = "ADMIN$"

// systemRoot asks where the Windows folder is.
func systemRoot(h hierarchy, problem func(error)) windows {
	values, err := h.values(`SOFTWARE\Microsoft\Windows NT\CurrentVersion`)
	if err != nil {
		problem(err)
	}
	for i := range values {
		v := &values[i]
		if !eventlog.EqualFold(v.Name, "SystemRoot") {
			continue
		}
		s, err := v.Text()
		if err != nil {
			problem(err)
			continue
		}
		if drive, dir, err := windowsPath(s, nil); err == nil && drive != "" {
			return windows{drive, dir}
		}
	}
	return windows{"C", []string{"Windows"}}
}

// place finds the file of a path in the shares.
func (w windows) place(im *importer) func(string) (string, error) {
	return func(p string) (string, error) {
		drive, parts, err := windowsPath(p, w.dir)
		if err != nil {
			return "", err
		}
		if drive == "" {
			drive = w.drive
		}
		share := drive + "$"
		if n := len(w.dir); drive == w.drive && len(parts) > n && slices.EqualFunc(parts[:n], w.dir, eventlog.EqualFold) {
			share, parts = adminShare, parts[n:]
		}
		return im.tree.find(append([]string{share}, parts...)...)
	}
}

// remote is a server's registry as a hierarchy. It lasts as long as ctx.
type remote struct {
	budget
	ctx  context.Context
	from Registry
}

// note keeps an error that is the end of the connection.
func (r *remote) note(err error) error {
	if err != nil && r.from.Over(err) {
		r.over = err
	}
	return err
}

func (r *remote) keys(path string) ([]string, error) {
	if r.over != nil {
		return nil, r.over
	}
	names, err := r.from.Keys(r.ctx, path)
	for _, name := range names {
		if !r.spend(len(name)) {
			return nil, r.over
		}
	}
	return names, r.note(err)
}

func (r *remote) values(path string) ([]regf.Value, error) {
	if r.over != nil {
		return nil, r.over
	}
	list, err := r.from.Values(r.ctx, path)
	for i := range list {
		if !r.spend(len(list[i].Data)) {
			return nil, r.over
		}
	}
	return list, r.note(err)
}
