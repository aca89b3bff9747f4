package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

var (
	modelSteps = flag.Int("model.steps", 1500, "how many operations TestModel does")
	modelSeed  = flag.Uint64("model.seed", 0, "seed of TestModel; 0: another one each time")
)

// memory is an evt.File.
type memory struct{ b []byte }

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(m.b)) {
		return 0, io.EOF
	}
	n := copy(p, m.b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	if end := off + int64(len(p)); end > int64(len(m.b)) {
		m.b = append(m.b, make([]byte, end-int64(len(m.b)))...)
	}
	return copy(m.b[off:], p), nil
}

func (m *memory) Truncate(size int64) error {
	if size > int64(len(m.b)) {
		m.b = append(m.b, make([]byte, size-int64(len(m.b)))...)
	}
	m.b = m.b[:size]
	return nil
}

// modelLog is a log as it has to be: its records in a slice, and a bare Writer that
// decides which of them are overwritten and what finds no room.
type modelLog struct {
	ids []uint32 // record n is ids[n-1]
	f   *memory
	w   *evt.Writer
}

func newModelLog(t *testing.T, maxSize int64, retention uint32) *modelLog {
	m := &modelLog{f: &memory{}}
	var err error
	if m.w, err = evt.Create(m.f, &evt.WriterOptions{MaxSize: maxSize, Retention: retention}); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *modelLog) clear(t *testing.T) {
	h := m.w.Header()
	*m = *newModelLog(t, int64(h.MaxSize), h.Retention)
}

func (m *modelLog) set(t *testing.T, maxSize int64, retention uint32) {
	var err error
	if err = m.w.Flush(); err == nil {
		m.w, err = evt.OpenWriter(m.f, m.w.Size(), &evt.WriterOptions{MaxSize: maxSize, Retention: retention})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// model is a service and what it must be.
type model struct {
	t     *testing.T
	rnd   *rand.Rand
	dir   string
	s     *Service
	now   time.Time
	clock atomic.Int64         // now, for the service
	logs  map[string]*modelLog // System and Security are not in it
	names []string
	next  uint32
	saved int // backups
}

func (m *model) open() {
	s, err := Open(m.dir, &Options{Sync: SyncNone, MaxSize: modelMaxSize, Now: func() time.Time { return time.Unix(m.clock.Load(), 0) }, Computer: "bedrock"})
	if err != nil {
		m.t.Fatal(err)
	}
	m.s = s
}

const modelMaxSize = 2 * evt.SizeStep

// TestModel does anything to a service, in any order, and compares it with a slice.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	m := &model{
		t: t, rnd: rand.New(rand.NewPCG(seed, 4)), dir: t.TempDir(), now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC),
		names: []string{logApplication, "Alpha", "Beta/Operational", "Gämma"}, logs: map[string]*modelLog{},
	}
	m.clock.Store(m.now.Unix())
	m.open()
	m.logs[logApplication] = newModelLog(t, modelMaxSize, 0)
	defer func() {
		if err := m.s.Close(); err != nil {
			t.Error(err)
		}
		check(t, m.dir)
		if t.Failed() {
			t.Logf("-model.seed %d", seed)
		}
	}()
	steps := *modelSteps
	if testing.Short() {
		steps = min(steps, 300)
	}
	for i := range steps {
		m.step()
		if t.Failed() {
			t.Logf("at step %d", i)
			return
		}
	}
}

func (m *model) step() {
	ctx := context.Background()
	m.now = m.now.Add(time.Duration(m.rnd.IntN(3)) * time.Second)
	m.clock.Store(m.now.Unix())
	name := m.names[m.rnd.IntN(len(m.names))]
	admin := m.s.As(asAdmin)
	l, there := m.logs[name]
	if !there {
		if _, err := admin.OpenLog(ctx, name); !errors.Is(err, fs.ErrNotExist) {
			m.t.Errorf("open %s, which is not there: %v", name, err)
		}
		maxSize, keep := m.size(), m.keep()
		if err := eventlog.CreateLog(ctx, admin, name, eventlog.Settings{MaxSize: &maxSize, Retention: &keep}); err != nil {
			m.t.Errorf("create %s: %v", name, err)
		}
		seconds, _ := retentionSeconds(keep)
		m.logs[name] = newModelLog(m.t, maxSize, seconds)
		return
	}
	h := openLogAs(m.t, m.s, asAdmin, name)
	defer h.Close()
	switch k := m.rnd.IntN(100); {
	case k < 55:
		m.report(name, l)
	case k < 58:
		backup := ""
		if m.rnd.IntN(2) == 0 {
			m.saved++
			backup = fmt.Sprint("backup-", m.saved)
		}
		if err := eventlog.Clear(ctx, h, backup); err != nil {
			m.t.Errorf("clear %s: %v", name, err)
		}
		if backup != "" {
			m.backup(l, backup)
		}
		l.clear(m.t)
	case k < 60:
		m.saved++
		backup := fmt.Sprint("backup-", m.saved)
		if err := eventlog.Backup(ctx, h, backup); err != nil {
			m.t.Errorf("back up %s: %v", name, err)
		}
		m.backup(l, backup)
	case k < 65:
		maxSize, keep := m.size(), m.keep()
		if err := eventlog.Set(ctx, h, eventlog.Settings{MaxSize: &maxSize, Retention: &keep}); err != nil {
			m.t.Errorf("set %s: %v", name, err)
		}
		seconds, _ := retentionSeconds(keep)
		l.set(m.t, maxSize, seconds)
	case k < 67 && name != logApplication:
		if err := eventlog.DeleteLog(ctx, admin, name); err != nil {
			m.t.Errorf("delete %s: %v", name, err)
		}
		delete(m.logs, name)
		if _, err := h.Info(ctx); err != nil && !errors.Is(err, fs.ErrClosed) {
			m.t.Errorf("a handle of a log that was deleted: %v", err)
		}
	case k < 70:
		if err := m.s.Close(); err != nil {
			m.t.Errorf("close: %v", err)
		}
		check(m.t, m.dir)
		m.open()
	default:
		m.read(h, l)
	}
	if _, there := m.logs[name]; there {
		m.info(name, l)
	}
}

// size is one of few, so that all logs wrap.
func (m *model) size() int64 { return int64(1+m.rnd.IntN(3)) * evt.SizeStep }

func (m *model) keep() time.Duration {
	return []time.Duration{0, 0, 0, time.Minute, eventlog.RetainForever}[m.rnd.IntN(5)]
}

// report reports a batch, as far as it fits.
func (m *model) report(name string, l *modelLog) {
	var batch []*eventlog.Event
	var last uint64
	var full error
	for range 1 + m.rnd.IntN(80) {
		m.next++
		batch = append(batch, eventOf(m.next))
		e := eventOf(m.next)
		e.Source, e.TimeWritten = name, m.now
		if full != nil {
			continue
		}
		n, err := l.w.Append(e)
		if full = err; err == nil {
			last = uint64(n)
			l.ids = append(l.ids, m.next)
		}
	}
	r, err := eventlog.RegisterSource(context.Background(), m.s.As(asUser), name)
	if err != nil {
		m.t.Error(err)
		return
	}
	have, err := r.Report(context.Background(), batch...)
	if have != last || errors.Is(err, eventlog.ErrLogFull) != (full != nil) || (err == nil) != (full == nil) {
		m.t.Errorf("report %d events to %s: %d, %v; want %d, %v", len(batch), name, have, err, last, full)
	}
}

// info compares what the service says of a log.
func (m *model) info(name string, l *modelLog) {
	h := openLogAs(m.t, m.s, asAdmin, name)
	have, err := h.Info(context.Background())
	if err != nil {
		m.t.Errorf("info of %s: %v", name, err)
		return
	}
	w := l.w.Header()
	if have.Oldest != uint64(w.OldestRecordNumber) || have.Next != uint64(w.CurrentRecordNumber) || have.Count() != uint64(l.w.Count()) ||
		have.Size != l.w.Size() || have.MaxSize != int64(w.MaxSize) || have.Retention != evt.RetentionOf(w.Retention) ||
		have.Full != (w.Flags&evt.FlagFull != 0) {
		m.t.Errorf("info of %s: %+v\nwant %+v, size %d", name, have, w, l.w.Size())
	}
}

// read reads from anywhere, in any direction, some of it or all.
func (m *model) read(h eventlog.Log, l *modelLog) {
	oldest, next := uint64(l.w.Header().OldestRecordNumber), uint64(l.w.Header().CurrentRecordNumber)
	if oldest == 0 {
		oldest = next
	}
	sel := &eventlog.Selection{Backward: m.rnd.IntN(2) == 0}
	at := oldest
	if sel.Backward {
		at = next - 1
	}
	if oldest < next && m.rnd.IntN(3) > 0 {
		at = oldest + m.rnd.Uint64N(next-oldest)
		sel.Start = at
	}
	if m.rnd.IntN(3) == 0 {
		sel.Limit = 1 + m.rnd.IntN(30)
	}
	want := next - at
	if sel.Backward {
		want = at + 1 - oldest
	}
	if sel.Limit > 0 {
		want = min(want, uint64(sel.Limit))
	}
	m.compare(h, l, sel, at, want)
}

// compare reads want records from number at on.
func (m *model) compare(h eventlog.Log, l *modelLog, sel *eventlog.Selection, at, want uint64) {
	have := uint64(0)
	for e, err := range eventlog.All(context.Background(), h, sel) {
		if err != nil {
			m.t.Errorf("read %+v: %v", sel, err)
			return
		}
		if err := intact(e); err != nil || e.RecordNumber != at || at > uint64(len(l.ids)) || uint32(e.ID) != l.ids[at-1] {
			m.t.Errorf("read %+v: record %d, id %d, want %d; %v", sel, e.RecordNumber, e.ID, at, err)
			return
		}
		have++
		if at++; sel.Backward {
			at -= 2
		}
	}
	if have != want {
		m.t.Errorf("read %+v: %d records, want %d", sel, have, want)
	}
}

// backup compares a backup with the log, which it was made of just now.
func (m *model) backup(l *modelLog, name string) {
	b, err := eventlog.OpenBackup(context.Background(), m.s.As(asAdmin), name)
	if err != nil {
		m.t.Error(err)
		return
	}
	defer b.Close()
	oldest := uint64(l.w.Header().OldestRecordNumber)
	m.compare(b, l, &eventlog.Selection{}, oldest, uint64(l.w.Count()))
	m.compare(b, l, &eventlog.Selection{Backward: true}, uint64(l.w.Header().CurrentRecordNumber)-1, uint64(l.w.Count()))
	i, err := b.Info(context.Background())
	if err != nil || i.Dirty || i.Count() != uint64(l.w.Count()) || i.MaxSize != int64(l.w.Header().MaxSize) {
		m.t.Errorf("backup: %+v, %v", i, err)
	}
}
