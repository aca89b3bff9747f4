package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/journal"
	"netelf.example/internal/journal/journaltest"
)

var (
	crashPoints = flag.Int("crash.points", 2000, "how often TestCrash cuts the power or kills")
	faultStep   = flag.Int("crash.step", 2, "how far apart the operations are that TestFaults lets fail")
	crashSeed   = flag.Uint64("crash.seed", 0, "seed of TestCrash; 0: another one each time")
)

// world is a machine whose service lives and dies.
type world struct {
	rnd     *rand.Rand
	dir     string // of the catalogue and the lock, which do not crash
	sync    Sync
	workers int
	most    int // the ledger that half of the work is for: Application, which wraps often
	disk    *journaltest.Disk
	s       *Service
	ledgers []*ledger
	lastID  atomic.Uint32
	clock   atomic.Int64
	lost    bool // the power was cut since the last Open that came to its end
	crashes int

	faulted atomic.Bool // something failed
	mu      sync.Mutex
	syncErr map[string]error // logs of which a sync failed
}

const crashMaxSize = evt.SizeStep

func newWorld(t testing.TB, seed uint64, mode Sync, workers int) *world {
	w := &world{rnd: rand.New(rand.NewPCG(seed, 2)), dir: t.TempDir(), sync: mode, workers: workers, most: 1, disk: journaltest.NewDisk(seed)}
	w.clock.Store(1_800_000_000)
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	large := int64(4 * evt.SizeStep)
	if err := eventlog.CreateLog(context.Background(), w.s.As(asAdmin), "Large", eventlog.Settings{MaxSize: &large}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{logSystem, logApplication, logSecurity, "Large"} {
		f, err := look(w.s, name)
		if err != nil {
			t.Fatal(err)
		}
		l := newLedger(name, setting{})
		l.settle(f)
		w.ledgers = append(w.ledgers, l)
	}
	return w
}

func (w *world) options() *Options {
	return &Options{
		Sync: w.sync, SyncEvery: 3 * time.Millisecond, MaxSize: crashMaxSize, maxDirty: 48 << 10, Computer: "bedrock",
		Now: func() time.Time { return time.Unix(w.clock.Load(), 0) },
		OpenStorage: func(name string, _ int, _ fs.FileMode) (journal.Storage, error) {
			name = filepath.Base(name)
			return &watched{w.disk.Open(name), w, name}, nil
		},
	}
}

// watched notes what fails.
type watched struct {
	*journaltest.File
	w    *world
	name string
}

func (f *watched) note(err error) error {
	if _, failed := errors.AsType[*fs.PathError](err); failed {
		f.w.faulted.Store(true)
	}
	return err
}

func (f *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	return n, f.note(err)
}

func (f *watched) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	return n, f.note(err)
}

func (f *watched) Size() (int64, error) {
	n, err := f.File.Size()
	return n, f.note(err)
}

func (f *watched) Truncate(size int64) error { return f.note(f.File.Truncate(size)) }
func (f *watched) Allocate(size int64) error { return f.note(f.File.Allocate(size)) }

func (f *watched) Sync() error {
	err := f.note(f.File.Sync())
	if err != nil {
		f.w.mu.Lock()
		defer f.w.mu.Unlock()
		if f.w.syncErr == nil {
			f.w.syncErr = map[string]error{}
		}
		f.w.syncErr[strings.TrimSuffix(strings.TrimSuffix(f.name, journalExt), evtExt)] = err
	}
	return err
}

func (w *world) unsynced(log string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.syncErr[log]
}

// start opens the service. What is broken is an error.
func (w *world) start() error {
	w.syncErr = nil
	s, err := Open(w.dir, w.options())
	if err != nil {
		return err
	}
	w.s = s
	return broken(s)
}

// crash ends the service, and cuts the power or does not.
func (w *world) crash(power bool) {
	next := w.disk.Kill
	if power {
		next, w.lost = w.disk.Crash, true
	}
	disk := next(w.rnd)
	w.disk.StopAfter(0)
	if w.s != nil {
		_ = w.s.Close() // its disk has stopped
		w.s = nil
	}
	w.disk = disk
	w.crashes++
}

// verify looks at all logs. After a start it is then known what is there.
func (w *world) verify(started bool) error {
	for _, l := range w.ledgers {
		f, err := look(w.s, l.name)
		if err != nil {
			return err
		}
		floor := l.next
		if w.lost && w.sync != SyncAlways {
			floor = l.sure
		}
		if err := l.verify(f, floor, started); err != nil {
			return err
		}
		if started {
			l.settle(f)
		}
	}
	if started {
		w.lost = false
	}
	return nil
}

// restart opens the service again, with crashes meanwhile.
func (w *world) restart() error {
	for tries := 0; ; tries++ {
		if tries < 4 && w.rnd.IntN(2) == 0 {
			w.disk.StopAfter(w.rnd.IntN(60))
		}
		err := w.start()
		if err == nil {
			err = w.verify(true)
		}
		if !errors.Is(err, journaltest.ErrStopped) {
			return err
		}
		w.crash(w.rnd.IntN(3) > 0)
	}
}

// ids are the ids of a new batch.
func (w *world) ids(rnd *rand.Rand) (ids []uint32) {
	n := 1 + rnd.IntN(4)
	if rnd.IntN(8) == 0 {
		n = 1 + rnd.IntN(60)
	}
	for range n {
		ids = append(ids, w.lastID.Add(1))
	}
	return ids
}

// ended says whether err is to be expected: of the disk, or of a full log.
func (w *world) ended(err error) (stop bool, _ error) {
	switch {
	case err == nil || errors.Is(err, eventlog.ErrLogFull):
		return false, nil
	case errors.Is(err, journaltest.ErrStopped):
		return true, nil
	}
	return true, err
}

// work is what one goroutine asks for in a life.
func (w *world) work(rnd *rand.Rand, steps int, ended func(error) (bool, error)) error {
	ctx := context.Background()
	reporters := map[*ledger]eventlog.Reporter{}
	for range steps {
		l := w.ledgers[rnd.IntN(len(w.ledgers))]
		if rnd.IntN(2) == 0 {
			l = w.ledgers[w.most]
		}
		w.clock.Add(rnd.Int64N(3))
		log, err := w.s.As(asAdmin).OpenLog(ctx, l.name)
		if err != nil {
			return err
		}
		settable := l.name != logSystem && l.name != logSecurity
		switch k := rnd.IntN(40); {
		case k == 0:
			err = l.clear(log)
		case k <= 2 && settable:
			err = l.set(log, setting{crashMaxSize << rnd.IntN(3), []time.Duration{0, 0, 0, 20 * time.Second, eventlog.RetainForever}[rnd.IntN(5)]})
		case l.name == logSecurity: // nobody reports there
		default:
			r := reporters[l]
			if r == nil {
				if r, err = eventlog.RegisterSource(ctx, w.s.As(asAdmin), l.name); err != nil {
					return err
				}
				reporters[l] = r
			}
			failed := w.unsynced(l.name)
			if err = l.report(r, w.ids(rnd)); err == nil && failed != nil {
				return fmt.Errorf("%s: acknowledged after a sync had failed: %w", l.name, failed)
			}
			if errors.Is(err, eventlog.ErrLogFull) && rnd.IntN(4) == 0 {
				err = l.clear(log)
			}
		}
		if stop, err := ended(err); stop || err != nil {
			return err
		}
	}
	return nil
}

// live lets the service do something until its disk stops or it is done.
func (w *world) live() error {
	var wg sync.WaitGroup
	errs := make([]error, w.workers)
	for i := range errs {
		rnd := rand.New(rand.NewPCG(w.rnd.Uint64(), 3))
		wg.Go(func() { errs[i] = w.work(rnd, 25/w.workers+1, w.ended) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// closed closes the service and looks at the files that it leaves.
func (w *world) closed() error {
	found := map[string]found{}
	for _, l := range w.ledgers {
		f, err := look(w.s, l.name)
		if err != nil {
			return err
		}
		found[l.name] = f
	}
	err := w.s.Close()
	w.s = nil
	if err != nil {
		return err
	}
	for _, l := range w.ledgers {
		b := w.disk.Contents(fileName(l.name))
		info := found[l.name].info
		if l.name == logSystem { // which says now that the service was stopped
			r, err := evt.NewReader(strings.NewReader(string(b)), int64(len(b)), nil)
			if err != nil {
				return err
			}
			if info, err = r.Info(context.Background()); err != nil {
				return err
			}
		}
		if err := checkFile(strings.NewReader(string(b)), int64(len(b)), info); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		if n := len(w.disk.Contents(fileName(l.name) + journalExt)); n > 0 {
			return fmt.Errorf("%s: closed, and its journal has %d bytes", l.name, n)
		}
		l.sure = l.next
	}
	return nil
}

// TestCrash lets services live on a disk that stops in the middle of any of its
// operations, those of opening included, and reads what is left.
func TestCrash(t *testing.T) {
	seed := *crashSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	const worlds = 12
	points := *crashPoints
	if testing.Short() {
		points = min(points, 300)
	}
	for i := range uint64(worlds) {
		mode := []Sync{SyncAlways, SyncNone, SyncAlways, SyncPeriodic}[i%4]
		workers := []int{1, 3}[i/4%2]
		t.Run(fmt.Sprintf("%d-workers-%d", i, workers), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed+i, mode, workers)
			err := w.run(points / worlds)
			if w.s != nil {
				_ = w.s.Close() // only if it went wrong
			}
			if err != nil {
				t.Errorf("sync %d, %d crashes, -crash.seed %d: %v", mode, w.crashes, seed, err)
			}
		})
	}
}

func (w *world) run(points int) error {
	for w.crashes < points {
		if w.rnd.IntN(4) > 0 {
			w.disk.StopAfter(w.rnd.IntN(150))
		}
		err := w.live()
		if err == nil {
			err = w.verify(false)
		}
		if err == nil && w.rnd.IntN(4) == 0 {
			err = w.closed()
		}
		if err != nil && !errors.Is(err, journaltest.ErrStopped) {
			return fmt.Errorf("alive: %w", err)
		}
		w.crash(w.rnd.IntN(3) > 0)
		if err := w.restart(); err != nil {
			return fmt.Errorf("after a crash: %w", err)
		}
	}
	if err := w.closed(); !errors.Is(err, journaltest.ErrStopped) {
		return err
	}
	return nil
}

// TestFaults lets each operation of a life fail once, in each way, and the
// machine crash afterwards.
func TestFaults(t *testing.T) {
	for _, fault := range []journaltest.Fault{
		{Op: journaltest.Write, Err: syscall.EIO}, {Op: journaltest.Write, Err: syscall.ENOSPC, Partial: true},
		{Op: journaltest.Truncate, Err: syscall.EIO}, {Op: journaltest.Allocate, Err: syscall.ENOSPC},
		{Op: journaltest.Sync, Err: syscall.EIO}, {Op: journaltest.Sync, Err: syscall.EIO, Partial: true},
		{Op: journaltest.Read, Err: syscall.EIO},
	} {
		t.Run(fmt.Sprint(fault.Op, "-", fault.Err, "-partial-", fault.Partial), func(t *testing.T) {
			t.Parallel()
			step := *faultStep
			if testing.Short() {
				step *= 5
			}
			hits := 0
			for n, missed := 0, 0; missed < 10 && !t.Failed(); n += step {
				w := newWorld(t, uint64(n), []Sync{SyncAlways, SyncNone}[n%2], 1)
				fault.N = n
				hit, err := w.endure(fault)
				if w.s != nil {
					_ = w.s.Close() // only if it went wrong
				}
				if err != nil {
					t.Errorf("the one after %d: %v", n, err)
				}
				if missed++; hit {
					hits, missed = hits+1, 0
				}
			}
			if hits == 0 {
				t.Error("nothing failed")
			}
			t.Logf("%d faults", hits)
		})
	}
}

// endure lives with a fault. hit is false if it did not come to that.
func (w *world) endure(fault journaltest.Fault) (hit bool, err error) {
	w.disk.Fail(fault)
	w.most = 3 // which grows
	told := 0
	err = w.work(w.rnd, 80, func(err error) (bool, error) {
		switch {
		case errors.Is(err, fault.Err):
			told++
			return false, nil
		case err == nil || errors.Is(err, eventlog.ErrLogFull):
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return true, err
	}
	// Reading goes on, and finds all that was acknowledged.
	if err := w.verify(false); err != nil && !(fault.Op == journaltest.Read && errors.Is(err, fault.Err)) {
		return true, fmt.Errorf("reading afterwards: %w", err)
	}
	for _, l := range w.ledgers {
		if failed := w.unsynced(l.name); failed != nil && l.name != logSecurity {
			r, err := eventlog.RegisterSource(context.Background(), w.s.As(asAdmin), l.name)
			if err != nil {
				return true, err
			}
			if err := l.report(r, w.ids(w.rnd)); !errors.Is(err, journal.ErrFailed) || !errors.Is(err, fault.Err) {
				return true, fmt.Errorf("%s: report after a failed sync: %w", l.name, err)
			}
			told++
		}
	}
	hit = w.faulted.Load()
	if !hit && told > 0 {
		return hit, fmt.Errorf("%d errors without a fault", told)
	}
	if w.rnd.IntN(2) == 0 {
		w.crash(w.rnd.IntN(2) == 0)
	} else {
		err = w.s.Close()
		w.s = nil
		if told == 0 && err != nil && !errors.Is(err, fault.Err) {
			return hit, fmt.Errorf("close: %w", err)
		}
		w.crash(w.rnd.IntN(2) == 0)
	}
	if err := w.start(); err != nil {
		return hit, fmt.Errorf("opened again: %w", err)
	}
	if err := w.verify(true); err != nil {
		return hit, fmt.Errorf("opened again: %w", err)
	}
	if err := w.work(w.rnd, 10, w.ended); err != nil {
		return hit, fmt.Errorf("opened again: %w", err)
	}
	if err := w.verify(false); err != nil {
		return hit, fmt.Errorf("opened again: %w", err)
	}
	return hit, w.closed()
}

// TestCheckpointFails has a disk on which the journal can be written and the log's
// file cannot, for a while: when the journal is full reporters are told, what was
// refused then does not turn up later, and what was acknowledged stays.
func TestCheckpointFails(t *testing.T) {
	const seeds = 20
	refused := 0
	for seed := range uint64(seeds) {
		w := newWorld(t, seed, []Sync{SyncAlways, SyncNone}[seed%2], 1+int(seed/2%2))
		w.most = 3
		ended := func(err error) (bool, error) {
			if errors.Is(err, syscall.EIO) {
				if refused++; errors.Is(err, journal.ErrFailed) {
					return true, err
				}
				return false, nil
			}
			return w.ended(err)
		}
		for range 10 + 20*seed {
			w.disk.Fail(journaltest.Fault{Op: journaltest.Write, File: fileName("Large"), Err: syscall.EIO, Partial: seed%3 == 0})
		}
		for range 12 {
			if err := w.work(w.rnd, 12, ended); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if err := w.verify(false); err != nil {
				t.Fatalf("seed %d: reading: %v", seed, err)
			}
		}
		w.crash(w.rnd.IntN(2) == 0)
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.verify(true), w.closed()); err != nil {
			t.Fatalf("seed %d: opened again: %v", seed, err)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	t.Logf("%d times refused", refused)
}

// TestDiskFull fills the disk up: reporters are told, and what they were not told
// is there; with more space it goes on.
func TestDiskFull(t *testing.T) {
	for _, extend := range []bool{false, true} {
		w := newWorld(t, 1, SyncAlways, 1)
		w.disk.Extend = extend
		large := w.ledgers[3]
		if err := large.set(openLogAs(t, w.s, asAdmin, "Large"), setting{4 << 20, 0}); err != nil {
			t.Fatal(err)
		}
		r, err := eventlog.RegisterSource(t.Context(), w.s.As(asAdmin), "Large")
		if err != nil {
			t.Fatal(err)
		}
		w.disk.Capacity = 1500 << 10
		full := 0
		for range 1000 {
			err := large.report(r, w.ids(w.rnd))
			if errors.Is(err, syscall.ENOSPC) {
				if p, _ := eventlog.ProblemOf(err); p.Code != "disk-full" {
					t.Errorf("%v is %q", err, p.Code)
				}
				if full++; full == 20 {
					break
				}
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if full != 20 {
			t.Fatalf("the disk was full %d times", full)
		}
		if err := w.verify(false); err != nil {
			t.Error(err)
		}
		w.disk.Capacity = 0
		for range 10 {
			if err := large.report(r, w.ids(w.rnd)); err != nil {
				t.Error(err)
			}
		}
		w.crash(true)
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.verify(true), w.closed()); err != nil {
			t.Error(err)
		}
	}
}
