package users

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/internal/worded"
)

// ErrLogon is a name that no user has, or a password that is not its own; which,
// is not said. It is fs.ErrPermission.
var ErrLogon = worded.Errorf(fs.ErrPermission, "wrong user name or password")

// ErrBusy is a file that another process goes on changing.
var ErrBusy = errors.New("is being changed by another process")

// Options are those of a Store; nil is fine.
type Options struct {
	Cost Cost      // of the passwords that are set; zero: Cost's defaults
	Rand io.Reader // nil: crypto/rand
}

// Store is the users of a file. Each method first looks whether the file is
// another one by now, and reads it then; a file that cannot be read lets nobody
// in. It may be used by many goroutines, and processes.
type Store struct {
	name  string
	opts  Options
	decoy hash          // what a password of no user is compared with
	slots chan struct{} // one for each hash that is being computed

	mu   sync.Mutex // guards what follows; nothing is taken under it
	file *file
	info fs.FileInfo // of the file that was read; nil: there was none
}

// maxChecks is how many hashes are computed at once, of 64 MiB each unless a file
// says otherwise.
const maxChecks = 2

// Open opens a file of users. Where there is none, there are no users, until Add
// makes it. A file that others may read is an error that is fs.ErrPermission and
// says what to do; one that is no file of users is *eventlog.FormatError.
func Open(name string, opts *Options) (*Store, error) {
	s := &Store{name: name, slots: make(chan struct{}, maxChecks), file: new(file)}
	if opts != nil {
		s.opts = *opts
	}
	s.opts.Cost = s.opts.Cost.orDefault()
	if s.opts.Rand == nil {
		s.opts.Rand = rand.Reader
	}
	if err := s.opts.Cost.check(); err != nil {
		return nil, fmt.Errorf("argon2id: %w", err)
	}
	s.decoy = hash{cost: s.opts.Cost, salt: make([]byte, saltSize), sum: make([]byte, sumSize)}
	for _, b := range [][]byte{s.decoy.salt, s.decoy.sum} {
		if _, err := io.ReadFull(s.opts.Rand, b); err != nil {
			return nil, err
		}
	}
	if _, err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Name is the file's.
func (s *Store) Name() string { return s.name }

// Reload reads the file if it is not the one that was read last, by its identity,
// time, size and mode. All other methods do so too.
func (s *Store) Reload() (changed bool, err error) {
	_, changed, err = s.load()
	return changed, err
}

// load is the file as it is now.
func (s *Store) load() (f *file, changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		changed = s.info != nil
		s.file, s.info = new(file), nil
		return s.file, changed, nil
	case err != nil:
		return nil, false, err
	case s.info != nil && os.SameFile(info, s.info) && info.ModTime().Equal(s.info.ModTime()) &&
		info.Size() == s.info.Size() && info.Mode() == s.info.Mode():
		return s.file, false, nil
	}
	f, info, err = readFile(s.name)
	if err != nil {
		s.info = nil // so that the next one tries again
		return nil, false, fmt.Errorf("%s: %w", s.name, err)
	}
	s.file, s.info = f, info
	return f, true, nil
}

// readFile reads a file that its owner alone may read.
func readFile(name string) (*file, fs.FileInfo, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, bare(err)
	}
	if err := checkMode(name, info); err != nil { // before it is opened: a pipe would wait
		return nil, nil, err
	}
	in, err := os.Open(name)
	if err != nil {
		return nil, nil, bare(err)
	}
	defer in.Close()
	if info, err = in.Stat(); err == nil {
		err = checkMode(name, info)
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, nil, bare(err)
	}
	f, err := decode(b)
	return f, info, err
}

// bare is an error without the name of the file, for where that stands before it.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func checkMode(name string, info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return errors.New("is no regular file")
	case modesCount && info.Mode().Perm()&0o077 != 0:
		return worded.Errorf(fs.ErrPermission, "has the mode %04o, so others may get at the passwords: chmod 600 %s", info.Mode().Perm(), name)
	}
	return nil
}

// Lookup is the user of a name, in which case does not count. A name that nobody
// has is fs.ErrNotExist.
func (s *Store) Lookup(name string) (User, error) {
	f, _, err := s.load()
	if err != nil {
		return User{}, err
	}
	e, ok := f.find(name)
	if !ok {
		return User{}, noUser(name)
	}
	return f.user(e), nil
}

func noUser(name string) error {
	return worded.Errorf(fs.ErrNotExist, "there is no user %s", quote.Short(name))
}

func isUser(name string) error {
	return worded.Errorf(fs.ErrExist, "there is a user %s already", quote.Short(name))
}

// List is all users, in the order in which they were added.
func (s *Store) List() ([]User, error) {
	f, _, err := s.load()
	if err != nil {
		return nil, err
	}
	list := make([]User, 0, len(f.list))
	for i := range f.list {
		list = append(list, f.user(&f.list[i]))
	}
	return list, nil
}

// Check is the user of a name if the password is its own, else ErrLogon. It takes
// as long for a name that nobody has, if the passwords of the file all cost the
// same, as those that a Store sets do. At most two passwords are computed at once;
// Check waits for its turn, or for the end of ctx.
func (s *Store) Check(ctx context.Context, name, password string) (User, error) {
	f, _, err := s.load()
	if err != nil {
		return User{}, err
	}
	h, known := s.compared(f, name)
	if len(password) > MaxPassword {
		password = password[:MaxPassword] // it is nobody's; only its length is lost
		known = false
	}
	ok := false
	if err := s.turn(ctx, func() error { ok = h.is(password); return nil }); err != nil {
		return User{}, err
	}
	if !ok || !known {
		return User{}, ErrLogon
	}
	e, _ := f.find(name)
	return f.user(e), nil
}

// compared is the hash that a password is compared with: the user's, or one that
// no password has and that costs as much.
func (s *Store) compared(f *file, name string) (h hash, known bool) {
	if e, ok := f.find(name); ok {
		return *e.hash, true
	}
	h = s.decoy
	if len(f.list) > 0 {
		h.cost = f.list[0].hash.cost
	}
	return h, false
}

// turn does what takes memory when there is room for it.
func (s *Store) turn(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.slots }()
	return f()
}

// NTHash is the user of a name, and the hash that NTLM is made of. A name that
// nobody has, and a user who may not come by NTLM, are fs.ErrNotExist.
func (s *Store) NTHash(name string) (hash [16]byte, u User, err error) {
	f, _, err := s.load()
	if err != nil {
		return hash, u, err
	}
	e, ok := f.find(name)
	if !ok || e.nt == nil {
		return hash, u, noUser(name)
	}
	return *e.nt, f.user(e), nil
}

// NewUser is a user to be added.
type NewUser struct {
	Name     string
	Password string
	Groups   []Group // none: Users
	NoNTLM   bool    // it may not come by NTLM; false: it may
}

// Add adds a user, and makes the file, and its folder, if they are not there. A
// name that is there is fs.ErrExist; one that is none, and a password that is
// none, eventlog.ErrInvalid.
func (s *Store) Add(ctx context.Context, n NewUser) (User, error) {
	if err := CheckName(n.Name); err != nil {
		return User{}, err
	}
	f, _, err := s.load()
	if err != nil {
		return User{}, err
	}
	if old, ok := f.find(n.Name); ok { // before the work
		return User{}, isUser(old.name)
	}
	e := entry{name: n.Name, groups: sortedGroups(n.Groups)}
	if len(e.groups) == 0 {
		e.groups = []Group{Users}
	}
	for _, g := range e.groups {
		if g >= groups {
			return User{}, fmt.Errorf("%v: %w", g, eventlog.ErrInvalid)
		}
	}
	if err := s.setPassword(ctx, &e, n.Password, !n.NoNTLM); err != nil {
		return User{}, err
	}
	var u User
	err = s.change(ctx, func(f *file) (*file, error) {
		if old, ok := f.find(n.Name); ok {
			return nil, isUser(old.name)
		}
		if len(f.list) >= maxUsers || f.next >= maxRID {
			return nil, fmt.Errorf("user %s: there are %d users, and have been %d, which is a limit: %w", quote.Short(n.Name), len(f.list), f.next-firstRID, eventlog.ErrTooLarge)
		}
		g := f.clone()
		if g.domain == "" {
			if err := g.makeDomain(s.opts.Rand); err != nil {
				return nil, err
			}
		}
		e.rid = g.next
		g.next++
		g.add(e)
		u = g.user(&e)
		return g, nil
	})
	return u, err
}

// setPassword computes what is kept of a password.
func (s *Store) setPassword(ctx context.Context, e *entry, password string, ntlm bool) error {
	if err := CheckPassword(password); err != nil {
		return err
	}
	err := s.turn(ctx, func() (err error) {
		e.hash, err = newHash(password, s.opts.Cost, s.opts.Rand)
		return err
	})
	e.nt = nil
	if ntlm {
		sum := ntHash(password)
		e.nt = &sum
	}
	return err
}

// SetPassword gives a user another password. ntlm says whether it may come by NTLM
// from now on; nil: as before. A name that nobody has is fs.ErrNotExist.
func (s *Store) SetPassword(ctx context.Context, name, password string, ntlm *bool) (User, error) {
	before, err := s.Lookup(name)
	if err != nil {
		return User{}, err
	}
	var set entry
	if err := s.setPassword(ctx, &set, password, true); err != nil {
		return User{}, err
	}
	var u User
	err = s.change(ctx, func(f *file) (*file, error) {
		g := f.clone()
		e, ok := g.find(name)
		if !ok || g.user(e).SID != before.SID { // removed, and perhaps made anew
			return nil, noUser(name)
		}
		keep := e.nt != nil
		if ntlm != nil {
			keep = *ntlm
		}
		e.hash, e.nt = set.hash, nil
		if keep {
			e.nt = set.nt
		}
		u = g.user(e)
		return g, nil
	})
	return u, err
}

// Remove removes a user; its SID is never given again. A name that nobody has is
// fs.ErrNotExist.
func (s *Store) Remove(ctx context.Context, name string) (User, error) {
	var u User
	err := s.change(ctx, func(f *file) (*file, error) {
		e, ok := f.find(name)
		if !ok {
			return nil, noUser(name)
		}
		u = f.user(e)
		return f.without(name), nil
	})
	return u, err
}

// change makes a change of the file as it is on the disk, if it can be written.
// Only one process at a time does so.
func (s *Store) change(ctx context.Context, do func(*file) (*file, error)) error {
	name, err := filepath.EvalSymlinks(s.name) // a link stays one
	if errors.Is(err, fs.ErrNotExist) {
		name = s.name
		err = os.MkdirAll(filepath.Dir(name), 0o700)
	}
	if err != nil {
		return err
	}
	unlock, err := lock(ctx, name+".lock")
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer unlock()
	old, _, err := s.load()
	if err != nil {
		return err
	}
	f, err := do(old)
	if err != nil {
		return err
	}
	b, err := f.encode()
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if err := writeFile(name, b); err != nil {
		return fmt.Errorf("write %s: %w", s.name, err)
	}
	_, _, err = s.load()
	return err
}
