package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/regf"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/smb"
	"netelf.example/internal/winreg"
	"netelf.example/nt"
)

// Limits of importing from a server; ServerOptions may have smaller ones.
const (
	MaxServerBytes = 4 << 30 // that are read of its files
	MaxServerTime  = 2 * time.Hour
)

// ServerOptions are those of ImportServer; nil is fine.
type ServerOptions struct {
	// Origin is what the catalogue says of where sources and files are from. "":
	// smb:// and the address.
	Origin string

	// Timeout ends the import. What was added until then stays. 0: MaxServerTime.
	Timeout time.Duration

	// MaxBytes is how much is read of files: what would be more is a problem. 0:
	// MaxServerBytes.
	MaxBytes int64

	// AllowBare asks a server's registry also without authentication inside the pipe,
	// which is protected by SMB, where the server refuses that. False: it is an error.
	AllowBare bool

	// Progress is told what is being done, before each source. nil: nobody is.
	Progress func(Progress)
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
// drives. It asks over SMB 2 or 3, as c, who must be an administrator there. Case
// does not count, and a file that several sources name is read once.
//
// Each file is added by itself, and then the sources of the server: what was added
// before an error stays, and is in the Imported that comes with it. What is wrong with
// one key or file is a problem.
func (c *Catalog) ImportServer(ctx context.Context, address string, who smb.Credentials, opts *ServerOptions) (Imported, error) {
	o := ServerOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Timeout <= 0 {
		o.Timeout = MaxServerTime
	}
	if o.Origin == "" {
		o.Origin = "smb://" + address
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	s, err := smb.Dial(ctx, smb.Options{Address: address, Credentials: who})
	if err != nil {
		return Imported{}, err
	}
	defer func() { _ = s.Close() }() // only read
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	r, err := openRegistry(ctx, s, address, who, o.AllowBare)
	if err != nil {
		return Imported{}, err
	}
	defer func() { _ = r.Close() }() // only read
	done, err := c.importServer(ctx, &remote{newBudget(), ctx, r.LocalMachine()}, &sessionFiles{s, map[string]*smb.Share{}}, &o)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // and not that the session was closed
	}
	return done, err
}

// openRegistry opens a server's registry, with privacy inside the pipe. A server that
// takes no authentication there is asked without it where bare is true.
func openRegistry(ctx context.Context, s *smb.Session, address string, who smb.Credentials, bare bool) (*winreg.Registry, error) {
	dial := func(o dcerpc.ClientOptions) (*winreg.Registry, error) {
		nc, err := s.Pipe(ctx, winreg.Pipe)
		if err != nil {
			return nil, err
		}
		return winreg.Dial(ctx, nc, &o)
	}
	if who.Anonymous {
		return dial(dcerpc.ClientOptions{})
	}
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	m, err := initiator(ctx, who, host)
	if err != nil {
		return nil, err
	}
	r, err := dial(dcerpc.ClientOptions{Mechanism: m, AuthType: m.AuthType(), HeaderSigning: true})
	var refused *dcerpc.BindError
	var fault *dcerpc.Fault
	if err == nil || !bare || errors.Is(err, fs.ErrPermission) || !errors.As(err, &refused) && !errors.As(err, &fault) {
		return r, err
	}
	return dial(dcerpc.ClientOptions{})
}

// initiator makes the calling side of an authentication inside the pipe.
func initiator(ctx context.Context, who smb.Credentials, host string) (*rpcauth.Initiator, error) {
	if who.Kerberos == nil {
		return rpcauth.NewInitiator(rpcauth.Credentials{User: who.User, Domain: who.Domain, Password: who.Password}, "host/"+host, true)
	}
	ticket, err := who.Kerberos.Ticket(ctx, smb.Service, host)
	if err != nil {
		return nil, err
	}
	return rpcauth.NewKerberosInitiator(ticket, true, true)
}

// files are the shares of a server.
type files interface {
	list(ctx context.Context, share, folder string, more func(name string) bool) error
	open(ctx context.Context, share, name string) (file, int64, error)
}

// importServer imports what a registry says out of shares.
func (c *Catalog) importServer(ctx context.Context, h hierarchy, from files, o *ServerOptions) (Imported, error) {
	left := o.MaxBytes
	if left <= 0 || left > MaxServerBytes {
		left = MaxServerBytes
	}
	if checkText(o.Origin, MaxName) != nil {
		o.Origin = ""
	}
	at := &shares{ctx: ctx, files: from, left: left, limit: left, names: MaxWalk}
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

// shares is the place of a server's shares: the first part of a name is the share. It
// lasts as long as ctx.
type shares struct {
	ctx         context.Context
	files       files
	left, limit int64 // bytes of files that may be read, and those at first
	names       int   // of files and folders that may be listed
	over        error // why nothing more can be had
}

// note keeps an error that is the end of the session.
func (p *shares) note(err error) error {
	if err != nil && p.over == nil && smb.IsOver(err) {
		p.over = err
	}
	return err
}

func (p *shares) list(name string, more func(name string) bool) error {
	if name == "." { // shares are not listed: one that is not there is found out when it is opened
		for c := 'A'; c <= 'Z'; c++ {
			more(string(c) + "$")
		}
		more(adminShare)
		return nil
	}
	share, folder, ok := strings.Cut(name, "/")
	if !ok {
		folder = "."
	}
	err := p.files.list(p.ctx, share, folder, func(name string) bool {
		if p.names--; p.names < 0 {
			return false
		}
		return more(name)
	})
	if p.names < 0 && p.over == nil {
		p.over = over("names of the server's files or more", MaxWalk+1, MaxWalk)
	}
	if p.over != nil {
		return p.over
	}
	return p.note(err)
}

func (p *shares) open(name string) (file, int64, error) {
	share, name, _ := strings.Cut(name, "/")
	f, size, err := p.files.open(p.ctx, share, name)
	if p.note(err) != nil {
		return nil, 0, err
	}
	return &blocks{file: f, size: size, of: p, have: map[int64][]byte{}}, size, nil
}

// sessionFiles are the shares of a session.
type sessionFiles struct {
	session *smb.Session
	shares  map[string]*smb.Share
}

func (f *sessionFiles) share(ctx context.Context, name string) (*smb.Share, error) {
	if sh, ok := f.shares[name]; ok {
		return sh, nil
	}
	sh, err := f.session.Share(ctx, name)
	if err == nil {
		f.shares[name] = sh
	}
	return sh, err
}

func (f *sessionFiles) list(ctx context.Context, share, folder string, more func(name string) bool) error {
	sh, err := f.share(ctx, share)
	if err != nil {
		return err
	}
	return sh.List(ctx, folder, func(e smb.Entry) bool { return more(e.Name) })
}

func (f *sessionFiles) open(ctx context.Context, share, name string) (file, int64, error) {
	sh, err := f.share(ctx, share)
	if err != nil {
		return nil, 0, err
	}
	file, err := sh.Open(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	return file, file.Size(), nil
}

// blocks reads a file in pieces that are worth the way to the server, and counts them.
type blocks struct {
	file
	size int64
	of   *shares
	have map[int64][]byte // by their number; at most maxBlocks
}

const (
	block     = 64 << 10
	maxBlocks = 8
)

func (b *blocks) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= b.size {
		return 0, io.EOF
	}
	if len(p) > block {
		return b.read(p, off)
	}
	for n := 0; ; {
		i := (off + int64(n)) / block
		piece, ok := b.have[i]
		if !ok {
			piece = make([]byte, min(block, b.size-i*block))
			if _, err := b.read(piece, i*block); err != nil && err != io.EOF {
				return n, err
			}
			if len(b.have) == maxBlocks {
				clear(b.have)
			}
			b.have[i] = piece
		}
		n += copy(p[n:], piece[off+int64(n)-i*block:])
		if n == len(p) {
			return n, nil
		}
		if off+int64(n) >= b.size {
			return n, io.EOF
		}
	}
}

func (b *blocks) read(p []byte, off int64) (int, error) {
	if b.of.left -= int64(len(p)); b.of.left < 0 {
		b.of.left = 0
		return 0, over("bytes of the server's files or more", b.of.limit+1, b.of.limit)
	}
	n, err := b.file.ReadAt(p, off)
	return n, b.of.note(err)
}

// remote is a server's registry as a hierarchy. It lasts as long as ctx.
type remote struct {
	budget
	ctx  context.Context
	root *winreg.Key
}

// with opens a key for fn.
func (r *remote) with(path string, fn func(k *winreg.Key) error) error {
	if r.over != nil {
		return r.over
	}
	k, err := r.root.Open(r.ctx, path, winreg.AccessRead)
	if err == nil {
		err = fn(k)
		if e := k.Close(r.ctx); err == nil {
			err = e
		}
	}
	var code nt.Win32Error
	if err != nil && !errors.As(err, &code) && !errors.Is(err, eventlog.ErrTooLarge) && !errors.Is(err, eventlog.ErrInvalid) {
		r.over = err
	}
	return err
}

func (r *remote) keys(path string) (names []string, err error) {
	err = r.with(path, func(k *winreg.Key) (err error) {
		names, err = k.Keys(r.ctx, MaxSources)
		return err
	})
	for _, name := range names {
		if !r.spend(len(name)) {
			return nil, r.over
		}
	}
	return names, err
}

func (r *remote) values(path string) (list []regf.Value, err error) {
	err = r.with(path, func(k *winreg.Key) (err error) {
		list, err = k.Values(r.ctx)
		return err
	})
	for i := range list {
		if !r.spend(len(list[i].Data)) {
			return nil, r.over
		}
	}
	return list, err
}
