package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/journal"
	"netelf.example/internal/journal/journaltest"
)

// diskDir is a disk that crashes as a data directory, names and all.
type diskDir struct{ d *journaltest.Disk }

func (d diskDir) ReadFile(name string) ([]byte, error) {
	f, err := d.d.Lookup(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

func (d diskDir) Create(name string) (dirFile, error) {
	f, err := d.d.Create(name)
	if err != nil {
		return nil, err
	}
	return &appended{File: f}, nil
}

func (d diskDir) Rename(from, to string) error { return d.d.Rename(from, to) }
func (d diskDir) Remove(name string) error     { return d.d.Remove(name) }
func (d diskDir) Sync() error                  { return d.d.SyncNames() }

// appended is a file that is written from its beginning on.
type appended struct {
	*journaltest.File
	off int64
}

func (f *appended) Write(b []byte) (int, error) {
	n, err := f.WriteAt(b, f.off)
	f.off += int64(n)
	return n, err
}

// openStorage is journal.OpenStorage on the disk.
func (d diskDir) openStorage(name string, flag int, _ fs.FileMode) (journal.Storage, error) {
	name = filepath.Base(name)
	f, err := d.d.Lookup(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = d.d.Create(name)
	}
	if err == nil {
		err = d.d.SyncNames()
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d diskDir) open(dir string) (*Service, error) {
	return Open(dir, &Options{
		Brief: true, MaxSize: crashMaxSize, maxDirty: 48 << 10, Computer: "bedrock", files: d, OpenStorage: d.openStorage,
		Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	})
}

// shown is what a catalogue says.
type shown struct {
	Logs    []logEntry
	Sources []Source
}

func shownBy(s *Service) shown { return shown{s.cat.logs(), s.cat.sources()} }

// catalogLife is a service whose catalogue changes: each step is one change.
type catalogLife struct {
	s *Service

	// What the last step that was asked for may have left: the state before it, and
	// the one after it; they are the same once it is acknowledged.
	before, after shown

	// The events of the log Quarry that stands in the catalogue, by their ids: each
	// time it is made it has others.
	kept []eventlog.EventID
	next eventlog.EventID
}

const quarry = "Quarry"

// step makes a change: change is what it does to a catalogue, which gives the
// state after it; ask asks for it.
func (c *catalogLife) step(change func(*catalogState) error, ask func(eventlog.Server) error) error {
	c.before = shownBy(c.s)
	old := c.s.cat.state.Load()
	want := &catalogState{logs: map[string]logEntry{}, sources: map[string]Source{}}
	b, err := old.encode()
	if err == nil {
		err = want.decode(b)
	}
	if err == nil {
		err = change(want)
	}
	if err != nil {
		return err
	}
	var to catalog
	to.state.Store(want)
	c.after = shown{to.logs(), to.sources()}
	if err := ask(c.s.As(asAdmin)); err != nil {
		return err
	}
	c.before = c.after
	if diff := cmp.Diff(c.after, shownBy(c.s)); diff != "" {
		return fmt.Errorf("catalogue is not as expected: %s", diff)
	}
	return nil
}

func (c *catalogLife) create() error {
	size := int64(2 * crashMaxSize)
	err := c.step(func(s *catalogState) error {
		return s.addLog(logEntry{Name: quarry, Created: time.Unix(1_800_000_000, 0), MaxSize: 2 * crashMaxSize})
	}, func(v eventlog.Server) error {
		c.kept = nil // whatever comes of it, the log has none
		return eventlog.CreateLog(context.Background(), v, quarry, eventlog.Settings{MaxSize: &size})
	})
	return err
}

func (c *catalogLife) remove() error {
	return c.step(func(s *catalogState) error {
		delete(s.logs, eventlog.Fold(quarry))
		delete(s.sources, "crusher")
		return nil
	}, func(v eventlog.Server) error { return eventlog.DeleteLog(context.Background(), v, quarry) })
}

func (c *catalogLife) addSource() error {
	src := Source{Name: "crusher", Log: quarry, Types: 7}
	return c.step(func(s *catalogState) error { return s.addSource(src, true) }, func(v eventlog.Server) error {
		return eventlog.SetSource(context.Background(), v, src)
	})
}

func (c *catalogLife) setSDDL() error {
	sddl := "O:BAG:SYD:(A;;0x7;;;BA)"
	return c.step(func(s *catalogState) error {
		e := s.logs[eventlog.Fold(quarry)]
		e.SDDL = sddl
		s.logs[eventlog.Fold(quarry)] = e
		return nil
	}, func(v eventlog.Server) error {
		l, err := v.OpenLog(context.Background(), quarry)
		if err != nil {
			return err
		}
		defer l.Close()
		return eventlog.Set(context.Background(), l, eventlog.Settings{SDDL: &sddl})
	})
}

func (c *catalogLife) report() error {
	r, err := eventlog.RegisterSource(context.Background(), c.s.As(asAdmin), quarry)
	if err != nil {
		return err
	}
	c.next++
	if _, err = r.Report(context.Background(), &eventlog.Event{ID: c.next, Type: eventlog.Error}); err == nil {
		c.kept = append(c.kept, c.next)
	}
	return err
}

// run is a life, up to where its disk stops. opened is set once Open has answered.
func (c *catalogLife) run(d diskDir, dir string) (opened bool, err error) {
	if c.s, err = d.open(dir); err != nil {
		return false, err
	}
	c.before = shownBy(c.s)
	c.after = c.before
	if err := broken(c.s); err != nil {
		return true, err
	}
	for _, do := range []func() error{
		c.create, c.addSource, c.report, c.setSDDL, c.report, c.remove,
		c.create, c.report, c.remove, c.create, c.addSource, c.report,
	} {
		if err := do(); err != nil {
			return true, err
		}
	}
	return true, nil
}

// verify looks at what is there after a crash.
func (c *catalogLife) verify(s *Service) error {
	if err := broken(s); err != nil {
		return err
	}
	have := shownBy(s)
	if before := cmp.Diff(c.before, have); before != "" {
		if after := cmp.Diff(c.after, have); after != "" {
			return fmt.Errorf("catalogue is neither the old one: %s\nnor the new one: %s", before, after)
		}
	}
	ctx := context.Background()
	if _, ok := s.cat.log(quarry); !ok {
		if _, err := s.As(asAdmin).OpenLog(ctx, quarry); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("a log that is not in the catalogue: %w", err)
		}
		// Files that it may have left are not those of the next one.
		if err := eventlog.CreateLog(ctx, s.As(asAdmin), quarry, eventlog.Settings{}); err != nil {
			return err
		}
		c.kept, c.next = nil, 0
	}
	f, err := look(s, quarry)
	if err != nil {
		return err
	}
	var ids []eventlog.EventID
	for _, e := range f.events {
		ids = append(ids, e.ID)
	}
	// One more is well: the disk may have stopped behind a report and before its
	// answer.
	if len(ids) == len(c.kept)+1 && ids[len(c.kept)] == c.next {
		ids = ids[:len(c.kept)]
	}
	if !slices.Equal(ids, c.kept) {
		return fmt.Errorf("log has events %v, acknowledged were %v", ids, c.kept)
	}
	return nil
}

// TestCatalogCrash ends the process, or cuts the power, at each operation of a
// service that makes, changes and deletes logs and sources: the catalogue is the old
// or the new one, a log that was made is there with what was reported to it, and one
// that was deleted is gone with its records, also when there is another of its name.
func TestCatalogCrash(t *testing.T) {
	const stripes = 4 // run side by side: opening takes a sync of the lock
	for stripe := range stripes {
		t.Run(fmt.Sprint(stripe), func(t *testing.T) {
			t.Parallel()
			stops := 0
			for n := stripe; ; n += stripes {
				ended, err := catalogCrash(t, n)
				if err != nil {
					t.Fatalf("stopped after %d operations: %v", n, err)
				}
				if stops++; ended {
					break
				}
			}
			if stops < 20 {
				t.Errorf("only %d stops", stops)
			}
			t.Logf("%d stops", stops)
		})
	}
}

func catalogCrash(t *testing.T, n int) (ended bool, err error) {
	dir := t.TempDir()
	disk := journaltest.NewDisk(uint64(n))
	disk.StopAfter(n)
	var c catalogLife
	opened, err := c.run(diskDir{disk}, dir)
	if err != nil && !errors.Is(err, journaltest.ErrStopped) {
		return false, err
	}
	ended = err == nil
	left := disk.Kill(rand.New(rand.NewPCG(0, uint64(n))))
	disk.StopAfter(0)
	if c.s != nil {
		_ = c.s.Close() // its disk has stopped
	}
	for seed := range uint64(5) {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		next := left.Kill(rnd)
		if seed > 0 {
			next = left.Crash(rnd)
		}
		s, err := diskDir{next}.open(dir)
		if err != nil {
			return false, fmt.Errorf("seed %d: open again: %w", seed, err)
		}
		again := c
		if !opened { // then it is new, and empty
			again.before, again.after = shownBy(s), shownBy(s)
			if len(again.before.Logs) != len(standardLogs) {
				return false, fmt.Errorf("seed %d: logs %v", seed, again.before.Logs)
			}
		}
		if err := errors.Join(again.verify(s), s.Close()); err != nil {
			return false, fmt.Errorf("seed %d, files %v: %w", seed, next.Names(), err)
		}
	}
	return ended, nil
}
