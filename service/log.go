package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/journal"
)

// log is one log: an .evt file, its journal, and the goroutine that alone writes
// to them. Readers take what was committed, and no lock but that of a memory
// copy.
type log struct {
	origin *eventlog.Origin
	opts   *Options
	access atomic.Pointer[access]
	full   func(log string) // tells the service that the log refuses reports

	data, jnl journal.Storage
	file      *journal.File
	view      io.ReaderAt
	state     atomic.Pointer[evt.State]
	header    atomic.Pointer[evt.FileHeader]

	maxDirty      int64 // bytes that may be in the journal alone
	checkpointing atomic.Bool
	behind        atomic.Bool    // the last checkpoint failed
	running       sync.WaitGroup // the checkpoint that runs

	// The committer's alone.
	w       *evt.Writer
	stale   bool  // w is not at what is committed
	pending int64 // about how many bytes are appended and not committed
	ended   error // why the file is not left clean

	mu     sync.Mutex
	queue  []*request
	closed bool
	wake   chan struct{} // holds one token while there is something in the queue
	done   chan struct{} // closed when the committer has ended
}

// request is one thing that the committer is asked to do: to append events, or to
// do something else between two commits.
type request struct {
	events []*eventlog.Event // the committer's from here on
	do     func() error
	first  uint64 // record number of the first event
	last   uint64 // and of the last that is in the log; 0: none
	err    error
	done   chan struct{}
}

// How much of a log may be in its journal alone: as much as the log is large,
// within these. The journal has room for it twice.
const (
	minDirty = 2 << 20
	maxDirty = 8 << 20
)

// openLog brings the files of a log to the state that was last committed, makes
// an empty log where there is none, and begins to write.
func openLog(l *log, fresh evt.WriterOptions) error {
	have, err := l.data.Size()
	if err != nil {
		return err
	}
	if l.maxDirty = l.opts.maxDirty; l.maxDirty == 0 {
		l.maxDirty = min(max(have, fresh.MaxSize, minDirty), maxDirty)
	}
	f, err := journal.Open(l.data, l.jnl, &journal.Options{MaxDirty: l.maxDirty})
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil {
		if size == 0 {
			l.w, err = evt.Create(f, &fresh)
		} else {
			l.w, err = evt.OpenWriter(f, size, nil)
		}
	}
	if err == nil {
		err = l.w.Flush()
	}
	if err == nil {
		err = f.Commit(true)
	}
	if err != nil {
		return err
	}
	l.file, l.view = f, f.Reader()
	l.wake, l.done = make(chan struct{}, 1), make(chan struct{})
	l.publish(true)
	go l.run()
	return nil
}

// openLogReadOnly is openLog for readers: nothing is written, and what is in the
// journal alone is held in memory.
func openLogReadOnly(l *log) error {
	f, err := journal.OpenReadOnly(l.data, l.jnl)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err != nil {
		return err
	}
	if l.w, err = evt.OpenWriter(f, size, nil); err != nil {
		return err
	}
	l.file, l.view, l.closed = f, f.Reader(), true
	l.publish(true)
	return nil
}

// publish shows readers the state that the writer has reached. With commit false
// only what was given up of the oldest is shown: that must be known before the
// bytes change, and what is new only after.
func (l *log) publish(commit bool) {
	h := l.w.Header()
	st := evt.State{
		Size: l.w.Size(), Begin: int64(h.StartOffset), End: int64(h.EndOffset),
		Oldest: h.OldestRecordNumber, Next: h.CurrentRecordNumber, Changed: make(chan struct{}),
	}
	old := l.state.Load()
	if old != nil {
		st.Generation = old.Generation
		if !commit {
			if st.Oldest >= old.Next || st.Oldest == 0 { // nothing of the old ones remains
				st.Begin, st.Oldest = old.End, 0
			}
			st.Size, st.End, st.Next = old.Size, old.End, old.Next
		}
	}
	l.swap(st, h)
}

func (l *log) swap(st evt.State, h evt.FileHeader) {
	l.header.Store(&h)
	if old := l.state.Swap(&st); old != nil {
		close(old.Changed)
	}
}

// ReadAt and State make a log an evt.Live.
func (l *log) ReadAt(b []byte, off int64) (int, error) { return l.view.ReadAt(b, off) }

// State is what was last committed.
func (l *log) State() evt.State { return *l.state.Load() }

// info is what is known of the log.
func (l *log) info(ctx context.Context) (eventlog.Info, error) {
	st, h := l.State(), l.header.Load()
	i := eventlog.Info{
		Name: l.origin.Log, Channel: l.origin.Log,
		Oldest: uint64(st.Oldest), Next: uint64(st.Next), Generation: st.Generation + 1,
		Size: st.Size, MaxSize: int64(h.MaxSize), Retention: evt.RetentionOf(h.Retention),
		Full: h.Flags&evt.FlagFull != 0,
		Can:  eventlog.CanFollow,
	}
	for _, end := range []struct {
		back bool
		time *time.Time
	}{{false, &i.OldestTime}, {true, &i.NewestTime}} {
		c, err := evt.ReadLive(ctx, l, &eventlog.Selection{Backward: end.back, Want: eventlog.FieldRecord.Bit()}, false, &evt.Options{Origin: l.origin, Buffer: 4096})
		if err != nil {
			return i, err
		}
		var e eventlog.Event
		for {
			err := c.Next(ctx, &e)
			if _, lost := eventlog.AsLoss(err); lost {
				continue
			}
			if err == nil {
				*end.time = e.TimeWritten
			} else if err != io.EOF && !errors.Is(err, eventlog.ErrMarkGone) {
				return i, err
			}
			break
		}
	}
	return i, nil
}

// ask puts a request into the queue and waits until it is answered. A request
// that is in the queue is carried out even if ctx ends first: then it is not
// known whether it was.
func (l *log) ask(ctx context.Context, r *request) error {
	r.done = make(chan struct{})
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		if l.opts.ReadOnly {
			return fmt.Errorf("log %s: %w", l.origin.Log, ErrReadOnly)
		}
		return fmt.Errorf("log %s: %w", l.origin.Log, fs.ErrClosed)
	}
	l.queue = append(l.queue, r)
	l.rouse()
	l.mu.Unlock()
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// post is ask without waiting.
func (l *log) post(r *request) {
	r.done = make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.queue = append(l.queue, r)
	l.rouse()
}

func (l *log) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// close lets the committer finish what is asked, ends followers, and closes the
// files.
func (l *log) close() error {
	if l.done != nil {
		l.mu.Lock()
		l.closed = true
		l.rouse()
		l.mu.Unlock()
		<-l.done
	}
	st := l.State()
	st.Closed, st.Changed = true, make(chan struct{})
	l.swap(st, *l.header.Load())
	return errors.Join(l.ended, l.file.Close())
}

func (l *log) logger() *slog.Logger { return l.opts.Logger.With("log", l.origin.Log) }
