package results

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/scan"
)

var (
	fred    = eventlog.Caller{Name: "fred", SIDs: []eventlog.SID{"S-1-5-32-544", "S-1-1-0"}}
	barney  = eventlog.Caller{Name: "barney", SIDs: []eventlog.SID{"S-1-1-0"}}
	day     = time.Date(2003, 2, 1, 8, 0, 0, 0, time.UTC)
	errGone = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}
)

// world is servers for tests. Their number of open servers and logs can be asked for.
type world struct {
	servers []*testServer
	open    atomic.Int32
}

// testServer is a server whose logs can be slow, break off and change.
type testServer struct {
	world *world
	name  string
	logs  []*testLog
	pause func() time.Duration // before it is open; nil: none
	fail  error                // of opening
	tries atomic.Int32
}

func (w *world) server(name string, logs ...*testLog) *testServer {
	s := &testServer{world: w, name: name, logs: logs}
	w.servers = append(w.servers, s)
	return s
}

func (w *world) targets() (list []scan.Target) {
	for _, s := range w.servers {
		list = append(list, scan.Target{Name: s.name, Open: s.Open})
	}
	return list
}

// opened is a testServer that somebody has open.
type opened struct {
	*testServer
	once sync.Once
}

func (s *testServer) Open(ctx context.Context) (eventlog.Server, error) {
	s.tries.Add(1)
	if err := sleep(ctx, s.pause); err != nil {
		return nil, err
	}
	if s.fail != nil {
		return nil, s.fail
	}
	s.world.open.Add(1)
	return &opened{testServer: s}, nil
}

func (o *opened) Close() error {
	o.once.Do(func() { o.world.open.Add(-1) })
	return nil
}

func sleep(ctx context.Context, pause func() time.Duration) error {
	if pause == nil {
		return ctx.Err()
	}
	d := pause()
	if d == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *testServer) Logs(context.Context) (infos []eventlog.Info, err error) {
	for _, l := range s.logs {
		infos = append(infos, eventlog.Info{Name: l.Origin.Log})
	}
	return infos, nil
}

func (s *testServer) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	for _, l := range s.logs {
		if eventlog.EqualFold(l.Origin.Log, name) {
			return l, nil
		}
	}
	return nil, fs.ErrNotExist
}

// testLog is a log in memory with troubles of its own.
type testLog struct {
	mu sync.Mutex
	*logtest.Memory
	generation uint64
	pause      func() time.Duration // before each answer; nil: none
	failAt     uint64               // the record at which Next fails; 0: none
	err        error
	reads      atomic.Int32
}

func (l *testLog) now() (*logtest.Memory, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Memory, l.generation
}

// change gives the log other events.
func (l *testLog) change(events []*eventlog.Event, cleared bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Memory = logtest.NewMemory(l.Origin, events)
	if cleared {
		l.generation++
	}
}

func (l *testLog) Info(ctx context.Context) (eventlog.Info, error) {
	m, g := l.now()
	i, err := m.Info(ctx)
	i.Generation = g
	return i, err
}

func (l *testLog) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	l.reads.Add(1)
	m, _ := l.now()
	c, err := m.Read(ctx, s)
	if err != nil {
		return nil, err
	}
	return &testCursor{Cursor: c, log: l}, nil
}

type testCursor struct {
	eventlog.Cursor
	log *testLog
}

func (c *testCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if err := sleep(ctx, c.log.pause); err != nil {
		return err
	}
	err := c.Cursor.Next(ctx, e)
	if err == nil && c.log.failAt != 0 && e.RecordNumber <= c.log.failAt {
		return c.log.err
	}
	return err
}

func (c *testCursor) Examined() uint64 { return eventlog.Examined(c.Cursor) }

// logOf is a log with an event at each of the seconds, numbered from 1.
func logOf(server, log string, seconds ...int) *testLog {
	var events []*eventlog.Event
	for i, s := range seconds {
		events = append(events, event(log, i, s))
	}
	return &testLog{Memory: logtest.NewMemory(eventlog.Origin{Server: server, Log: log}, events)}
}

var types = []eventlog.Type{eventlog.Information, eventlog.Warning, eventlog.Error, eventlog.AuditFailure, eventlog.Information}

func event(log string, i, second int) *eventlog.Event {
	t := day.Add(time.Duration(second) * time.Second)
	e := &eventlog.Event{
		RecordNumber: uint64(i + 1), TimeGenerated: t.Add(-time.Duration(i%3) * time.Second), TimeWritten: t,
		Type: types[i%len(types)], ID: eventlog.EventID(0x40000000 | i%7), Category: uint16(i % 2),
		Source: []string{"Disk", "disk", "Kerberos"}[i%3], Computer: "BEDROCK",
		Strings: []string{log, fmt.Sprint(i % 11)}, Offset: -1,
		Extra: &eventlog.Extra{Names: []string{"Log", "Rest"}},
	}
	if i%4 == 0 {
		e.User = "S-1-5-18"
	}
	if i%50 == 7 {
		e.TimeGenerated = time.Unix(0, 0).UTC()
	}
	e.Level = eventlog.LevelOf(e.Type)
	return e
}

// seconds are n times that ascend by step.
func seconds(n, step int) (list []int) {
	for i := range n {
		list = append(list, i*step)
	}
	return list
}

func storeOf(t testing.TB, opts *Options) *Store {
	t.Helper()
	own := Options{}
	if opts != nil {
		own = *opts
	}
	if own.Dir == "" {
		own.Dir = t.TempDir()
	}
	s := NewStore(&own)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
		if n := s.Disk(); n != 0 {
			t.Errorf("%d bytes are still counted as kept", n)
		}
		if left, err := os.ReadDir(own.Dir); err != nil || len(left) > 0 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
	})
	return s
}

func create(t testing.TB, s *Store, q *Query) *Result {
	t.Helper()
	r, err := s.Create(fred, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// done waits until all is counted.
func done(t testing.TB, r *Result) *Progress {
	t.Helper()
	for version := uint64(0); ; {
		p, err := r.Progress()
		if err != nil {
			t.Fatal(err)
		}
		if p.Done {
			return p
		}
		if version, err = r.Wait(t.Context(), version); err != nil {
			t.Fatal(err)
		}
	}
}

func page(t testing.TB, r *Result, q *PageQuery) *Page {
	t.Helper()
	p, err := r.Page(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// counted is a facet of a data field, when all is counted.
func counted(t testing.TB, r *Result, f Field) *Facet {
	t.Helper()
	for {
		x, err := r.Facet(f, 1000, 3)
		if err != nil {
			t.Fatal(err)
		}
		if x.Done {
			return x
		}
		if _, err := r.Wait(t.Context(), x.Version); err != nil {
			t.Fatal(err)
		}
	}
}

// whole is a result that is counted to its end.
func whole(t testing.TB, w *world, q *Query) *Result {
	t.Helper()
	if q == nil {
		q = new(Query)
	}
	if q.Targets == nil {
		q.Targets = w.targets()
	}
	r := create(t, storeOf(t, nil), q)
	done(t, r)
	return r
}
