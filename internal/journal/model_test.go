package journal_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"netelf.example/internal/journal"
	"netelf.example/internal/journal/journaltest"
)

var (
	seedFlag = flag.Uint64("seed", 0, "run the model test with this seed only")
	runsFlag = flag.Int("runs", 0, "number of seeds of the model test")
)

var small = &journal.Options{MaxDirty: 16 << 10}

func openDisk(d *journaltest.Disk, opts *journal.Options) (*journal.File, error) {
	return journal.Open(d.Open("data"), d.Open("log"), opts)
}

func readAll(r interface {
	io.ReaderAt
	Size() (int64, error)
}) ([]byte, error) {
	size, err := r.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	if size == 0 {
		return b, nil
	}
	n, err := r.ReadAt(b, 0)
	if err == io.EOF && n == len(b) {
		err = nil
	}
	return b[:n], err
}

// model is what a file may hold: the state after each commit.
type model struct {
	mu     sync.Mutex
	states [][]byte
	open   []byte // with the open transaction
	sure   int    // of states: what a power cut leaves at least
	acked  int    // of states: what a kill leaves at least
}

func (m *model) committed() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.acked
}

func (m *model) durable(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sure = max(m.sure, n)
}

func resize(b []byte, n int) []byte {
	if n > len(b) {
		return append(b, make([]byte, n-len(b))...)
	}
	return b[:n:n]
}

// life is one process: it opens the files and works till it is done or stopped.
type life struct {
	*model
	rnd    *rand.Rand
	disk   *journaltest.Disk
	f      *journal.File
	inside int // commits in the middle of a checkpoint
}

const modelSize = 40 << 10

// change makes random changes. Without grow the size does not become greater.
func (l *life) change(grow bool) error {
	for range 1 + l.rnd.IntN(6) {
		if l.rnd.IntN(12) == 0 && grow {
			n := l.rnd.IntN(modelSize)
			switch l.rnd.IntN(4) {
			case 0:
				n = 0
			case 1:
				n &^= 4095
			}
			if err := l.f.Truncate(int64(n)); err != nil {
				return err
			}
			l.open = resize(l.open, n)
			continue
		}
		off := l.rnd.IntN(modelSize)
		p := make([]byte, 1+l.rnd.IntN(300))
		switch l.rnd.IntN(10) {
		case 0:
			p = make([]byte, 4096)
			off &^= 4095
		case 1:
			p = make([]byte, l.rnd.IntN(5000))
		}
		for i := range p {
			p[i] = byte(l.rnd.Uint32())
		}
		if !grow {
			off = min(off, len(l.open))
			p = p[:min(len(p), len(l.open)-off)]
		}
		if _, err := l.f.WriteAt(p, int64(off)); errors.Is(err, journal.ErrTooLarge) {
			l.f.Rollback()
			l.open = bytes.Clone(l.states[l.acked])
			continue
		} else if err != nil {
			return err
		}
		if len(p) > 0 {
			l.open = resize(l.open, max(len(l.open), off+len(p)))
			copy(l.open[off:], p)
		}
	}
	b, err := readAll(l.f)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, l.open) {
		return fmt.Errorf("writer reads something else than it wrote: %s", differ(b, l.open))
	}
	return nil
}

func (l *life) commit(sync bool) error {
	l.mu.Lock()
	l.states = append(l.states[:l.acked+1], bytes.Clone(l.open))
	l.mu.Unlock()
	err := l.f.Commit(sync)
	if errors.Is(err, journal.ErrTooLarge) {
		l.f.Rollback()
		l.states = l.states[:l.acked+1]
		l.open = bytes.Clone(l.states[l.acked])
		return nil
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.acked++
	n := l.acked
	l.mu.Unlock()
	if sync {
		l.durable(n)
	}
	b, err := readAll(l.f.Reader())
	if err != nil {
		return err
	}
	if !bytes.Equal(b, l.open) {
		return fmt.Errorf("reader reads something else than was committed: %s", differ(b, l.open))
	}
	return nil
}

func (l *life) checkpoint() error {
	n := l.committed()
	if err := l.f.Checkpoint(); err != nil {
		return err
	}
	l.durable(n)
	return nil
}

// work is a process. It ends with ErrStopped somewhere under it, if all is well.
func (l *life) work(steps int, concurrent bool) (err error) {
	if l.f, err = openDisk(l.disk, &journal.Options{MaxDirty: int64(16+4*l.rnd.IntN(5)) << 10}); err != nil {
		return err
	}
	var wait sync.WaitGroup
	defer wait.Wait()
	for range steps {
		switch k := l.rnd.IntN(20); {
		case k == 0:
			err = l.checkpoint()
		case k == 1 && concurrent:
			wait.Go(func() { _ = l.checkpoint() }) // what fails there, fails here too
		case k == 2:
			n := l.committed()
			if err = l.f.Sync(); err == nil {
				l.durable(n)
			}
		case k == 3:
			if err = l.change(true); err == nil {
				l.f.Rollback()
				l.open = bytes.Clone(l.states[l.acked])
			}
		case k == 4 && !concurrent:
			l.inside = 3
			err = l.checkpoint()
			l.inside = 0
		default:
			if err = l.change(true); err == nil {
				err = l.commit(l.rnd.IntN(3) == 0)
			}
		}
		if err != nil {
			return err
		}
	}
	if l.rnd.IntN(3) == 0 {
		n := l.acked
		wait.Wait()
		if err := l.f.Close(); err != nil {
			return err
		}
		l.durable(n)
	}
	return nil
}

// between commits while a checkpoint writes the data file.
func (l *life) between(op journaltest.Op, file string) {
	if l.inside == 0 || file != "data" || op != journaltest.Write && op != journaltest.Sync || l.rnd.IntN(2) == 0 {
		return
	}
	left := l.inside - 1
	l.inside = 0
	if l.f.Dirty() == 0 { // else it might wait for this checkpoint
		if l.change(false) == nil {
			_ = l.commit(l.rnd.IntN(2) == 0) // what fails there, fails later too
		}
	}
	l.inside = left
}

func differ(have, want []byte) string {
	for i := range min(len(have), len(want)) {
		if have[i] != want[i] {
			return fmt.Sprintf("%d bytes, %d expected, first difference at %d", len(have), len(want), i)
		}
	}
	return fmt.Sprintf("%d bytes, %d expected", len(have), len(want))
}

// TestModel lets processes end anywhere, the power too, and looks at what the next
// one finds.
func TestModel(t *testing.T) {
	seed, runs := uint64(time.Now().UnixNano()), 250
	if *seedFlag != 0 {
		seed, runs = *seedFlag, 1
	}
	if *runsFlag != 0 {
		runs = *runsFlag
	}
	if testing.Short() {
		runs /= 5
	}
	t.Logf("seeds from %d", seed)
	points := 0
	for i := range runs {
		points += modelRun(t, seed+uint64(i))
		if t.Failed() {
			t.Fatalf("run again with -seed %d", seed+uint64(i))
		}
	}
	t.Logf("%d ends of a process", points)
}

func modelRun(t *testing.T, seed uint64) (points int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	disk := journaltest.NewDisk(seed)
	disk.Extend = seed%4 == 0
	first := make([]byte, rnd.IntN(20000))
	for i := range first {
		first[i] = byte(rnd.Uint32())
	}
	disk.SetContents("data", first)
	m := &model{states: [][]byte{first}, open: bytes.Clone(first)}
	for range 12 {
		points++
		l := &life{model: m, rnd: rnd, disk: disk}
		disk.Before = l.between
		disk.StopAfter(rnd.IntN(150))
		if rnd.IntN(8) == 0 {
			disk.Fail(journaltest.Fault{
				Op: journaltest.Op(rnd.IntN(4)), N: rnd.IntN(20), Err: errors.New("injected"), Partial: rnd.IntN(2) == 0,
			})
		}
		concurrent := rnd.IntN(4) == 0
		if err := l.work(60, concurrent); err != nil && !errors.Is(err, journaltest.ErrStopped) && !bytes.Contains([]byte(err.Error()), []byte("injected")) {
			t.Errorf("seed %d: %v", seed, err)
			return points
		}
		least := m.acked
		disk.Before = nil
		if rnd.IntN(4) > 0 {
			disk, least = disk.Crash(rnd), m.sure
		} else {
			disk = disk.Kill(rnd)
		}
		// Opening is stopped too, some times in a row.
		for range rnd.IntN(3) {
			points++
			disk.StopAfter(rnd.IntN(8))
			if _, err := openDisk(disk, small); err != nil && !errors.Is(err, journaltest.ErrStopped) {
				t.Errorf("seed %d: reopen: %v", seed, err)
				return points
			}
			if rnd.IntN(2) == 0 {
				disk = disk.Kill(rnd)
			} else {
				disk, least = disk.Crash(rnd), m.sure
			}
		}
		if err := m.found(disk, least); err != nil {
			t.Errorf("seed %d: %v", seed, err)
			return points
		}
	}
	return points
}

// found looks at what is there, which must be the model's state least or a later
// one, and goes on from it.
func (m *model) found(disk *journaltest.Disk, least int) error {
	ops := disk.Ops()
	ro, err := journal.OpenReadOnly(disk.Open("data"), disk.Open("log"))
	if err != nil {
		return fmt.Errorf("open for reading: %w", err)
	}
	have, err := readAll(ro.Reader())
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if disk.Ops() != ops {
		return errors.New("opened for reading only, and wrote")
	}
	f, err := openDisk(disk, small)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	again, err := readAll(f.Reader())
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if !bytes.Equal(have, again) {
		return fmt.Errorf("reading and writing give different states: %s", differ(again, have))
	}
	if data := disk.Contents("data"); !bytes.Equal(data, have) {
		return fmt.Errorf("data file differs from what is read: %s", differ(data, have))
	}
	for n := len(m.states) - 1; n >= least; n-- {
		if bytes.Equal(have, m.states[n]) {
			m.states, m.open = [][]byte{have}, bytes.Clone(have)
			m.sure, m.acked = 0, 0
			return nil
		}
	}
	for n := range least {
		if bytes.Equal(have, m.states[n]) {
			return fmt.Errorf("state is that after commit %d of %d, at least %d was promised", n, len(m.states)-1, least)
		}
	}
	return fmt.Errorf("state is none that was committed: %s", differ(have, m.states[least]))
}
