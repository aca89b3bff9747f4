package netelf_test

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

// world is a Server with what the tests need to do behind its back; nil where it
// cannot be done.
type world struct {
	srv       eventlog.Server         // never wrapped: that would hide what it can do
	overwrite func(log string, n int) // the oldest n records are overwritten
}

// worlds are the servers that the tests of the functions run over: each has
// System, Security, Application, and Spool, which is empty, and the source Disk, of
// Spool. A server may write into the others by itself.
var worlds = map[string]func(t testing.TB) world{
	"memory": func(t testing.TB) world {
		s := newFake()
		return world{srv: s, overwrite: func(log string, n int) { s.log(log).drop(n) }}
	},
}

// everywhere runs a test over each of the worlds.
func everywhere(t *testing.T, test func(t *testing.T, w world)) {
	for name, open := range worlds {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// fakeServer keeps logs in memory and can do all that the contract has.
type fakeServer struct {
	mu      sync.Mutex
	logs    map[string]*fakeLog // by folded name
	backups map[string]*fakeLog
	sources map[string]string // folded source to log
	err     error             // what everything answers; nil: works
	clock   time.Time
}

func newFake() *fakeServer {
	s := &fakeServer{
		logs: map[string]*fakeLog{}, backups: map[string]*fakeLog{}, sources: map[string]string{"disk": "Spool"},
		clock: time.Date(2004, time.May, 17, 9, 0, 0, 0, time.UTC),
	}
	for _, name := range []string{"System", "Security", "Application", "Spool"} {
		s.logs[eventlog.Fold(name)] = newFakeLog(s, name, nil)
		s.sources[eventlog.Fold(name)] = name
	}
	return s
}

func newFakeLog(s *fakeServer, name string, events []*eventlog.Event) *fakeLog {
	l := &fakeLog{srv: s, next: 1, size: 512 << 10, keep: 7 * 24 * time.Hour}
	l.mem = logtest.NewMemory(eventlog.Origin{Server: "fake", Log: name}, events)
	if n := len(events); n > 0 {
		l.next = events[n-1].RecordNumber + 1
	}
	return l
}

// with puts events into a log, with the numbers they have.
func (s *fakeServer) with(log string, events []*eventlog.Event) *fakeServer {
	s.logs[eventlog.Fold(log)] = newFakeLog(s, log, events)
	return s
}

func (s *fakeServer) log(name string) *fakeLog { return s.logs[eventlog.Fold(name)] }

func (s *fakeServer) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *fakeServer) failure(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return ctx.Err()
}

func (s *fakeServer) Logs(ctx context.Context) (infos []eventlog.Info, err error) {
	for _, l := range s.logs {
		i, err := l.Info(ctx)
		if err != nil {
			return nil, err
		}
		infos = append(infos, i)
	}
	return infos, nil
}

func (s *fakeServer) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	if err := s.failure(ctx); err != nil {
		return nil, err
	}
	if l := s.log(name); l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("log %q: %w", name, fs.ErrNotExist)
}

func (s *fakeServer) OpenBackup(ctx context.Context, name string) (eventlog.Log, error) {
	if err := s.failure(ctx); err != nil {
		return nil, err
	}
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%w: %q", eventlog.ErrBackupName, name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.backups[name]; l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("backup %q: %w", name, fs.ErrNotExist)
}

func (s *fakeServer) RegisterSource(ctx context.Context, name string) (eventlog.Reporter, error) {
	if err := s.failure(ctx); err != nil {
		return nil, err
	}
	log := s.sources[eventlog.Fold(name)]
	switch log {
	case "":
		log = "Application"
	case "Security":
		return nil, fmt.Errorf("report into Security: %w", fs.ErrPermission)
	}
	return &fakeReporter{log: s.log(log)}, nil
}

func (s *fakeServer) Close() error { return nil }

// fakeLog is a log in memory. Cursors are over what it was when they were made.
type fakeLog struct {
	srv *fakeServer

	mu   sync.Mutex
	mem  *logtest.Memory
	next uint64
	size int64
	keep time.Duration
	full bool
}

func (l *fakeLog) now() *logtest.Memory {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mem
}

// set replaces the events; l.mu is held.
func (l *fakeLog) set(events []*eventlog.Event) {
	m := &logtest.Memory{Origin: l.mem.Origin, Events: events}
	for i := range m.Events {
		c := *m.Events[i]
		c.Origin = &m.Origin
		m.Events[i] = &c
	}
	l.mem = m
}

// drop overwrites the oldest n records.
func (l *fakeLog) drop(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set(append([]*eventlog.Event(nil), l.mem.Events[n:]...))
}

func (l *fakeLog) Info(ctx context.Context) (eventlog.Info, error) {
	if err := l.srv.failure(ctx); err != nil {
		return eventlog.Info{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i, err := l.mem.Info(ctx)
	i.MaxSize, i.Retention, i.Full, i.Next = l.size, l.keep, l.full, l.next
	return i, err
}

func (l *fakeLog) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	if err := l.srv.failure(ctx); err != nil {
		return nil, err
	}
	return l.now().Read(ctx, sel)
}

func (l *fakeLog) Backup(ctx context.Context, name string) error {
	if err := l.srv.failure(ctx); err != nil {
		return err
	}
	if !fs.ValidPath(name) {
		return fmt.Errorf("%w: %q", eventlog.ErrBackupName, name)
	}
	m := l.now()
	l.srv.mu.Lock()
	defer l.srv.mu.Unlock()
	if l.srv.backups[name] != nil {
		return fmt.Errorf("backup %q: %w", name, fs.ErrExist)
	}
	l.srv.backups[name] = newFakeLog(l.srv, name, m.Events)
	return nil
}

func (l *fakeLog) Clear(ctx context.Context, backup string) error {
	if backup != "" {
		if err := l.Backup(ctx, backup); err != nil {
			return err
		}
	}
	if err := l.srv.failure(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set(nil)
	l.next = 1
	return nil
}

func (l *fakeLog) Set(ctx context.Context, s eventlog.Settings) error {
	if err := l.srv.failure(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.MaxSize != nil {
		l.size = (*s.MaxSize + 0xffff) &^ 0xffff
	}
	if s.Retention != nil {
		l.keep = *s.Retention
	}
	return nil
}

func (l *fakeLog) Close() error {
	l.srv.mu.Lock()
	defer l.srv.mu.Unlock()
	return l.srv.err
}

type fakeReporter struct{ log *fakeLog }

func (r *fakeReporter) Report(ctx context.Context, events ...*eventlog.Event) (uint64, error) {
	l := r.log
	if err := l.srv.failure(ctx); err != nil {
		return 0, err
	}
	l.srv.mu.Lock()
	l.srv.clock = l.srv.clock.Add(time.Second)
	now := l.srv.clock
	l.srv.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	all := append([]*eventlog.Event(nil), l.mem.Events...)
	for _, e := range events {
		c := e.Clone()
		c.RecordNumber, c.TimeWritten, c.Offset = l.next, now, -1
		if c.TimeGenerated.IsZero() {
			c.TimeGenerated = now
		}
		if c.Computer == "" {
			c.Computer = "FAKE"
		}
		all = append(all, c)
		l.next++
	}
	l.set(all)
	return l.next - 1, nil
}

func (r *fakeReporter) Close() error { return r.log.Close() }

// bare is a Server of which nothing is known but the contract's minimum.
type bare struct{ eventlog.Server }

func (b bare) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	l, err := b.Server.OpenLog(ctx, name)
	if err != nil {
		return nil, err
	}
	return bareLog{l}, nil
}

type bareLog struct{ eventlog.Log }

// want fails the test if err is not of the function fn with the Win32 code.
func want(t testing.TB, fn string, err error, code nt.Win32Error) {
	t.Helper()
	wantIs(t, fn, err, code)
	if e := asError(err); e != nil && e.Win32() != code {
		t.Errorf("%s: code %v, want %v", fn, e.Win32(), code)
	}
}
