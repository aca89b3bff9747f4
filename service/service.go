package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/journal"
	"netelf.example/internal/sourcetext"
)

// Sync is when a report is answered.
type Sync uint8

// The ways. After the end of the process nothing is lost in any of them; they
// differ in what a power cut can take.
const (
	SyncAlways   Sync = iota // when it is on the disk
	SyncPeriodic             // when the kernel has it; it is on the disk within SyncEvery, while reports come
	SyncNone                 // when the kernel has it; it is on the disk when there is enough of it, or a second after the last
)

// Options are those of a Service; nil is fine.
type Options struct {
	ReadOnly  bool          // nothing is written, and others may read too; false: alone
	Brief     bool          // it is opened for a moment and is no service: System does not say that one started and stopped
	Sync      Sync          // zero: SyncAlways
	SyncEvery time.Duration // of SyncPeriodic; 0: one second

	BackupDir string // where backups are written and opened; "": "backup" in the data directory
	MaxSize   uint32 // of logs that are made, in bytes; 0: evt.DefaultMaxSize

	Server   string           // what events say they were read from (Origin.Server); "": nothing
	Computer string           // of events that have none; "": the name of this machine
	Now      func() time.Time // nil: time.Now
	Logger   *slog.Logger     // nil: nothing is logged

	// OpenStorage opens a file of a log; nil: journal.OpenStorage.
	OpenStorage func(name string, flag int, perm fs.FileMode) (journal.Storage, error)

	maxDirty int64 // bytes of a log that may be in its journal alone, for tests; 0: by its size
	files    dirFS // the catalogue, and the files of logs where they are removed, for tests; nil: those of the directory
}

// ErrReadOnly is what changing a data directory says that was opened for reading.
var ErrReadOnly = fmt.Errorf("data directory is open for reading only: %w", fs.ErrPermission)

// lockName is the lock of a data directory.
const lockName = "netelf.lock"

// journalExt stands behind the name of a log's file.
const journalExt = ".journal"

// Service keeps the logs of one data directory.
type Service struct {
	dir  string
	opts Options
	lock *dirLock
	cat  *catalog

	files *sourcetext.Files // the message files of sources

	mu     sync.RWMutex
	logs   map[string]*log // by folded name
	broken map[string]brokenLog
	closed bool

	copies chan struct{} // one for each Copy under way
}

// maxCopies bounds what copies of logs may take of the disk.
const maxCopies = 4

// brokenLog is a log that cannot be opened, and why.
type brokenLog struct {
	name string
	err  error
}

func (s *Service) brokenLogs() (names []string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, b := range s.broken {
		names = append(names, b.name)
	}
	slices.Sort(names)
	return names
}

var (
	_ eventlog.Guarded = (*Service)(nil)
	_ eventlog.Auditor = (*Service)(nil)
)

// Open opens a data directory, and makes it if it is not there. Whoever has it
// open already is named by the error, which is ErrInUse. A log that cannot be
// opened does not keep the others from it: opening that one says why.
func Open(dir string, opts *Options) (*Service, error) {
	s := &Service{dir: dir, logs: map[string]*log{}, broken: map[string]brokenLog{}, copies: make(chan struct{}, maxCopies)}
	if opts != nil {
		s.opts = *opts
	}
	s.opts.setDefaults(dir)
	s.files = sourcetext.New(&sourcetext.Options{Now: s.opts.Now, Logger: s.opts.Logger})
	if !s.opts.ReadOnly {
		if err := makeDir(dir); err != nil {
			return nil, err
		}
	}
	holder := fmt.Sprintf("process %d, since %s", os.Getpid(), s.opts.Now().UTC().Format(time.RFC3339))
	lock, unclean, err := lockDir(filepath.Join(dir, lockName), !s.opts.ReadOnly, holder)
	if err != nil {
		if s.opts.ReadOnly && errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is no data directory: %w", dir, err)
		}
		return nil, err
	}
	s.lock = lock
	if !s.opts.ReadOnly {
		names, err := removeAside(s.opts.BackupDir)
		if len(names) > 0 {
			s.opts.Logger.Warn("unfinished backups removed", "dir", s.opts.BackupDir, "files", names)
		}
		if err != nil { // they only take room
			s.opts.Logger.Warn("unfinished backups", "dir", s.opts.BackupDir, "error", err)
		}
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, lock.release(false))
	}
	if !s.opts.ReadOnly {
		if unclean {
			s.own(uncleanEvent(s.lastRan()))
		}
		if !s.opts.Brief {
			s.own(serviceEvent(ownStarted))
		}
	}
	return s, nil
}

func (o *Options) setDefaults(dir string) {
	if o.SyncEvery <= 0 {
		o.SyncEvery = time.Second
	}
	if o.BackupDir == "" {
		o.BackupDir = filepath.Join(dir, "backup")
	}
	if o.MaxSize == 0 {
		o.MaxSize = evt.DefaultMaxSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Computer == "" {
		o.Computer, _ = os.Hostname() // a machine without a name has events without one
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OpenStorage == nil {
		o.OpenStorage = journal.OpenStorage
	}
	if o.files == nil {
		o.files = osDir(dir)
	}
}

func (s *Service) load() error {
	var err error
	if s.cat, err = loadCatalog(s.opts.files); err != nil {
		return err
	}
	if s.cat.fresh && !s.opts.ReadOnly {
		if err := s.cat.save(); err != nil {
			return err
		}
	}
	for _, e := range s.cat.logs() {
		key := eventlog.Fold(e.Name)
		l, err := s.open(e)
		if err != nil {
			s.broken[key] = brokenLog{e.Name, fmt.Errorf("log %s: %w", e.Name, err)}
			s.opts.Logger.Error("open", "log", e.Name, "error", err)
			continue
		}
		s.logs[key] = l
	}
	return nil
}

// open opens the log of an entry.
func (s *Service) open(e logEntry) (*log, error) {
	rules, err := accessOf(e.Name, e.SDDL)
	if err != nil {
		return nil, err
	}
	l := &log{origin: &eventlog.Origin{Server: s.opts.Server, Log: e.Name}, opts: &s.opts, full: s.noteFull}
	l.access.Store(rules)
	name := filepath.Join(s.dir, fileName(e.Name))
	flag := os.O_RDWR | os.O_CREATE
	if s.opts.ReadOnly {
		flag = os.O_RDONLY
	}
	if l.data, err = s.opts.OpenStorage(name, flag, 0o600); err != nil {
		return nil, err
	}
	if l.jnl, err = s.opts.OpenStorage(name+journalExt, flag, 0o600); err != nil {
		return nil, errors.Join(err, l.data.Close())
	}
	if s.opts.ReadOnly {
		err = openLogReadOnly(l)
	} else {
		maxSize := s.opts.MaxSize
		if e.MaxSize != 0 {
			maxSize = e.MaxSize
		}
		err = openLog(l, evt.WriterOptions{MaxSize: int64(maxSize), Retention: e.Retention})
	}
	if err != nil {
		return nil, errors.Join(err, l.data.Close(), l.jnl.Close())
	}
	return l, nil
}

// Close lets all logs finish, leaves clean files, and gives the directory back.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	if !s.opts.ReadOnly && !s.opts.Brief {
		s.own(serviceEvent(ownStopped))
	}
	var errs []error
	for _, l := range s.all() {
		if err := l.close(); err != nil {
			errs = append(errs, fmt.Errorf("log %s: %w", l.origin.Log, err))
		}
	}
	err := errors.Join(errs...)
	return errors.Join(err, s.lock.release(err == nil))
}

// As is the service as a caller sees it.
func (s *Service) As(c eventlog.Caller) eventlog.Server { return &server{s, c} }

// all is all open logs, sorted by name.
func (s *Service) all() []*log {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []*log
	for _, l := range s.logs {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *log) int {
		return strings.Compare(eventlog.Fold(a.origin.Log), eventlog.Fold(b.origin.Log))
	})
	return all
}

// find is the log of a name, in which case does not count.
func (s *Service) find(name string) (*log, error) {
	key := eventlog.Fold(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if l, ok := s.logs[key]; ok {
		return l, nil
	}
	if b, ok := s.broken[key]; ok {
		return nil, b.err
	}
	return nil, noLog(name)
}

// own writes an event of the service itself and waits until it is committed.
// Nobody is asked whether that is allowed.
func (s *Service) own(e *eventlog.Event) {
	if s.opts.ReadOnly {
		return
	}
	l, err := s.find(ownLog(e))
	if err == nil {
		err = l.ask(context.Background(), &request{events: []*eventlog.Event{e}})
	}
	if err != nil {
		s.opts.Logger.Error("own event", "source", e.Source, "id", e.Code(), "error", err)
	}
}

// ownLog is where an event of the service itself goes.
func ownLog(e *eventlog.Event) string {
	if src, ok := ownSource(e.Source); ok {
		return src.Log
	}
	return logSecurity
}

// Audit writes an event into Security; doors use it.
func (s *Service) Audit(ctx context.Context, c eventlog.Caller, e *eventlog.Event) error {
	if err := checkEvent(e, ""); err != nil {
		return err
	}
	l, err := s.find(logSecurity)
	if err != nil {
		return err
	}
	own := *e
	if own.Source == "" {
		own.Source = sourceSecurity
	}
	if own.User == "" {
		own.User = callerSID(c)
	}
	return l.ask(ctx, &request{events: []*eventlog.Event{&own}})
}

func (s *Service) auditRefusal(c eventlog.Caller, what, on string) {
	s.own(refusedEvent(c, what, on))
}

// noteFull is called by the committer of a log, for which nobody may wait.
func (s *Service) noteFull(name string) {
	s.opts.Logger.Warn("log is full", "log", name)
	if eventlog.EqualFold(name, logSystem) {
		return // where that would be written
	}
	if l, err := s.find(logSystem); err == nil {
		l.post(&request{events: []*eventlog.Event{logFullEvent(name)}})
	}
}

// lastRan is when the newest event of System was written: the service ran then.
func (s *Service) lastRan() time.Time {
	l, err := s.find(logSystem)
	if err != nil {
		return time.Time{}
	}
	i, err := l.info(context.Background())
	if err != nil {
		return time.Time{}
	}
	return i.NewestTime
}
