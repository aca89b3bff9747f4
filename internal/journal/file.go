package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
)

// DefaultMaxDirty is the MaxDirty of nil Options.
const DefaultMaxDirty = 8 << 20

// Options says how a File is kept.
type Options struct {
	// MaxDirty is how much may be committed and not yet checkpointed, in bytes,
	// before a Commit waits: so much while no checkpoint runs, and as much again
	// beside what a running one writes. It is also the limit of one transaction,
	// counted in pages of 4 KiB, and the size of each of the journal's two areas.
	// It is rounded up to 4 KiB, from 16 KiB to 1 GiB. 0: DefaultMaxDirty.
	MaxDirty int64
}

var (
	// ErrFailed is wrapped by each error of a File that gave up: a sync or a
	// write of the journal failed, and what is on the disk is not known.
	ErrFailed = errors.New("failed for good")

	// ErrTooLarge is wrapped where a transaction does not fit Options.MaxDirty.
	ErrTooLarge = errors.New("transaction is too large")

	// ErrReadOnly is wrapped where a File of OpenReadOnly would be changed.
	ErrReadOnly = errors.New("opened for reading only")

	errClosed = fmt.Errorf("journal: %w", fs.ErrClosed)
)

// A File is a data file whose changes become durable together.
//
// WriteAt, Truncate, ReadAt, Size, Commit, Rollback and Close are for one
// goroutine at a time, the writer's. Checkpoint, Sync, Dirty, and what a Reader
// has, may be called by any goroutine meanwhile.
//
// The order of locks: checkpoint, end, syncing, mu, the pool's.
type File struct {
	data, log Storage
	readOnly  bool
	area      int64 // bytes of one area, and of the pages of a transaction
	salt      uint64
	pool      pool

	failed atomic.Pointer[error] // the first failure
	closed atomic.Bool
	dirty  atomic.Int64  // for Dirty
	synced atomic.Uint64 // the newest entry known to be on the disk
	filed  atomic.Uint64 // the newest entry that is written
	shown  atomic.Uint64 // transactions that readers see

	checkpoint sync.Mutex // held by the one that runs
	slot       int64      // of the header in force
	last       uint64     // entry of frozen
	next       uint64     // epoch behind frozen
	run        []byte     // pages in one piece

	end   sync.Mutex // of the journal: held while an entry is made, and while a checkpoint begins
	epoch uint64
	seq   uint64 // of the newest entry
	pos   int64  // in the area
	entry []byte

	syncing sync.Mutex // one sync of the journal at a time: the kernel reports an error once

	mu       sync.RWMutex // the committed state
	active   *layer       // what is committed in this epoch
	frozen   *layer       // what a checkpoint writes, also guarded by checkpoint; nil: none
	spare    *layer       // the next active one, empty
	base     int64        // size of what the layers lie on, the data file as checkpointed last
	gen      uint64       // counts the finished checkpoints
	reserved int64        // the data file has space for so many bytes
	shrinks  bool         // the checkpoint that runs makes the data file shorter

	// The writer's alone.
	txn       layer
	lastIndex int64 // lastPage is the page of txn that was used last; nil: none
	lastPage  *page
	spans     []span // written in txn, not sorted
	merged    int    // of spans, when they were merged last
}

func newFile(data, log Storage, opts *Options) *File {
	f := &File{data: data, log: log, area: DefaultMaxDirty}
	if opts != nil && opts.MaxDirty != 0 {
		f.area = min(max((opts.MaxDirty+slotSize-1)&^(slotSize-1), minArea), maxArea)
	}
	return f
}

// begin makes what the data file holds the committed state.
func (f *File) begin(size int64) {
	f.base, f.reserved = size, size
	f.active, f.spare = newLayer(size), newLayer(size)
	f.txn = *newLayer(size)
}

// usable is nil while the writer may go on.
func (f *File) usable() error {
	if err := f.failed.Load(); err != nil {
		return *err
	}
	if f.closed.Load() {
		return errClosed
	}
	if f.readOnly {
		return fmt.Errorf("journal: %w", ErrReadOnly)
	}
	return nil
}

// fail ends all writing, and gives the error that is given from now on.
func (f *File) fail(doing string, cause error) error {
	err := fmt.Errorf("journal: %s: %w: %w", doing, ErrFailed, cause)
	f.failed.CompareAndSwap(nil, &err)
	return *f.failed.Load()
}

// Err is the error for which the File failed, nil while it has not.
func (f *File) Err() error {
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Dirty is how much a Checkpoint would write that began now, in bytes: from half
// of Options.MaxDirty on is a good time. What a running one writes does not count.
func (f *File) Dirty() int64 { return f.dirty.Load() }

// Close forgets the open transaction, checkpoints, leaves an empty journal, and
// closes both files. Without it nothing is lost that was committed; the next Open
// replays it. Where the checkpoint fails the journal stays as it is.
func (f *File) Close() error {
	if f.closed.Load() {
		return errClosed
	}
	var err error
	if !f.readOnly {
		f.Rollback()
		if f.failed.Load() == nil {
			err = errors.Join(f.Checkpoint(), f.trim())
		}
	}
	f.closed.Store(true)
	return errors.Join(err, f.data.Close(), f.log.Close())
}

// trim takes away what only a writer needs: what was reserved of the data file,
// where that shows in its size, and the journal. The header in force voids all
// entries by then, and an empty journal goes with any data file, so it does not
// matter which of the two a crash leaves; but the header also holds the size of
// the data file, which must be on the disk before that goes. The journal is not
// synced: the next Open does that before it relies on it.
func (f *File) trim() error {
	f.checkpoint.Lock()
	defer f.checkpoint.Unlock()
	if f.frozen != nil || f.failed.Load() != nil || f.pos != 0 {
		return nil
	}
	size, err := f.data.Size()
	if err == nil && size > f.base {
		if err = f.data.Truncate(f.base); err == nil {
			err = f.data.Sync()
		}
	}
	if err != nil {
		return wrap("trim data file", err)
	}
	return wrap("empty journal", f.log.Truncate(0))
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("journal: %s: %w", doing, err)
}
