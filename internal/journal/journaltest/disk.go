// Package journaltest is a disk in memory that fails as disks do: for tests of
// what has to survive a crash.
//
// A [File] of a [Disk] is a journal.Storage and a journal.Allocator. What is
// written to it may be read at once, but is on the disk only after a Sync: Crash
// gives the disk as a power cut leaves it, each sector that was not synced with
// any of the contents it was given meanwhile. Kill ends only the process: all that
// was written is there, still not synced. Names of files can be lost too, see
// [Disk.SyncNames]. All that is random comes from the seeds, so that a run can be
// repeated.
package journaltest

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"sync"
	"syscall"
)

// SectorSize is what is written as a whole or not.
const SectorSize = 512

// ErrStopped is what each operation gives after StopAfter.
var ErrStopped = errors.New("process has ended")

// Op is a kind of operation.
type Op int

// The operations that change a disk, and reading, which StopAfter does not count.
const (
	Write Op = iota
	Truncate
	Sync
	Allocate
	Read
	Create
	Rename
	Remove
	SyncNames
)

func (o Op) String() string {
	return [...]string{"write", "truncate", "sync", "allocate", "read", "create", "rename", "remove", "sync names"}[o]
}

// A Fault makes one operation fail.
type Fault struct {
	Op   Op
	File string // "": any
	N    int    // how many succeed before it
	Err  error

	// Partial: a failing Write leaves the first half of its bytes. A failed Sync
	// leaves written sectors as the kernel does: seen by who reads, never written
	// by a later Sync, and on the disk or not.
	Partial bool
}

// A Disk holds files by name. Its fields are set before it is used.
type Disk struct {
	// Capacity is what fits on it, in bytes. 0: 64 MiB.
	Capacity int64

	// Extend makes Allocate append zeros, as it does where a system cannot
	// reserve space behind a file's end.
	Extend bool

	// Before, if not nil, is called before each operation, without a lock.
	Before func(op Op, file string)

	mu      sync.Mutex
	files   map[string]*state // as a process sees the names
	names   map[string]*state // as they are on the disk
	moves   []move            // between the two
	faults  []*Fault
	rnd     *rand.Rand
	ops     int
	stop    int // stop at so many ops; 0: never
	stopped bool
}

// NewDisk makes an empty disk. The seed decides what a stopped operation leaves.
func NewDisk(seed uint64) *Disk {
	return &Disk{files: make(map[string]*state), names: make(map[string]*state), rnd: rand.New(rand.NewPCG(seed, 0))}
}

// Open gives a file, a new empty one if there is none.
func (d *Disk) Open(name string) *File {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.files[name]
	if s == nil {
		s = new(state)
		d.files[name], d.names[name] = s, s
	}
	return &File{d: d, s: s, name: name}
}

// Fail adds a fault, which counts the operations from now on.
func (d *Disk) Fail(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, &f)
}

// StopAfter lets n more operations succeed. The one after that happens in part, as
// the seed has it, and gives ErrStopped, as all later ones do, of whatever kind.
func (d *Disk) StopAfter(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stop = d.ops + n + 1
}

// Ops is how many operations there were that change the disk.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// Contents is a copy of what a process sees in a file.
func (d *Disk) Contents(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.files[name]; s != nil {
		return append([]byte(nil), s.now...)
	}
	return nil
}

// SetContents replaces a file, durably.
func (d *Disk) SetContents(name string, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &state{now: append([]byte(nil), b...), disk: append([]byte(nil), b...), space: int64(len(b))}
	d.files[name], d.names[name] = s, s
}

// Crash is a power cut: it gives what is on the disk then. d is as it was.
func (d *Disk) Crash(rnd *rand.Rand) *Disk {
	return d.after(rnd, true, func(s *state) *state { return s.crash(rnd) })
}

// Kill is the end of the process: it gives the disk as the next one finds it.
func (d *Disk) Kill(rnd *rand.Rand) *Disk {
	return d.after(rnd, false, (*state).clone)
}

// do counts an operation and finds its fault. half: it is to happen in part.
func (d *Disk) do(op Op, name string) (half bool, err error) {
	if d.stopped {
		return false, ErrStopped
	}
	if op != Read {
		d.ops++
		if d.ops == d.stop {
			d.stopped = true
			return d.rnd.IntN(2) == 0, ErrStopped
		}
	}
	for _, f := range d.faults {
		if f.Op != op || f.File != "" && f.File != name || f.N < 0 {
			continue
		}
		if f.N--; f.N < 0 {
			return f.Partial, &fs.PathError{Op: op.String(), Path: name, Err: f.Err}
		}
	}
	return false, nil
}

// take makes s have space up to end.
func (d *Disk) take(s *state, end int64) error {
	if end <= s.space {
		return nil
	}
	limit := d.Capacity
	if limit == 0 {
		limit = 64 << 20
	}
	used := end - s.space
	for _, o := range d.files {
		used += o.space
	}
	if used > limit {
		return syscall.ENOSPC
	}
	s.space = end
	return nil
}
