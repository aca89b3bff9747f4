package service

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// maxGroup is how many events one commit takes, beyond the first request.
const maxGroup = 16384

// idleCheckpoint is how long a log stands still before its .evt file is brought up
// to date.
const idleCheckpoint = time.Second

// run is the committer. It takes what is in the queue, appends all of it, commits
// once, and only then answers: reporters that come together share a commit.
func (l *log) run() {
	defer close(l.done)
	timer := time.NewTimer(idleCheckpoint)
	synced := time.Now()
	for {
		select {
		case <-l.wake:
		case <-timer.C:
			if (l.file.Dirty() > 0 || l.behind.Load()) && l.file.Err() == nil {
				l.checkpoint()
				timer.Reset(idleCheckpoint) // if one still ran, or this one fails
			}
			continue
		}
		for {
			group, closed := l.take()
			if len(group) == 0 {
				if closed {
					l.finish()
					return
				}
				break
			}
			l.serve(group)
			l.await(len(group))
			if l.opts.Sync == SyncPeriodic && time.Since(synced) >= l.opts.SyncEvery {
				if err := l.file.Sync(); err != nil {
					l.logger().Error("sync", "error", err)
				}
				synced = time.Now()
			}
		}
		timer.Reset(idleCheckpoint)
	}
}

// How often the committer lets others go first before it takes a group, and for how
// long: a machine that is busy with something else must not hold it up.
const (
	maxYields = 16
	maxYield  = 100 * time.Microsecond
)

// await lets those who were answered come again, which they mostly do at once: then
// the next commit has all of them, and not only the ones that were quick. It waits
// for nobody who is not running already.
func (l *log) await(answered int) {
	begin := time.Now()
	for range maxYields {
		l.mu.Lock()
		n := len(l.queue)
		l.mu.Unlock()
		if n >= answered || time.Since(begin) > maxYield {
			return
		}
		runtime.Gosched()
	}
}

// take is the next group of the queue.
func (l *log) take() (group []*request, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := 0
	for len(l.queue) > 0 {
		r := l.queue[0]
		if len(group) > 0 && (r.do != nil || group[0].do != nil || events+len(r.events) > maxGroup) {
			break
		}
		events += len(r.events)
		group = append(group, r)
		l.queue[0] = nil
		l.queue = l.queue[1:]
	}
	return group, l.closed
}

// serve carries out a group: one request that does something, or any number that
// append.
func (l *log) serve(group []*request) {
	if r := group[0]; r.do != nil {
		if r.err = l.ready(); r.err == nil {
			r.err = r.do()
		}
		close(r.done)
		return
	}
	l.report(group)
	for _, r := range group {
		close(r.done)
	}
	if l.file.Dirty() > l.maxDirty/2 {
		l.checkpoint()
	}
}

// report appends the events of all requests and commits them. What is too much for
// one transaction takes several; the last is synced, and all before it with it.
func (l *log) report(group []*request) {
	err := l.ready()
	for i, now := 0, l.opts.Now(); i < len(group) && err == nil; i++ {
		group[i].first = uint64(l.w.Header().CurrentRecordNumber)
		err = l.appendAll(group[i], now)
	}
	durable := l.opts.Sync == SyncAlways
	if err == nil {
		err = l.commit(durable)
	}
	if err == nil {
		return
	}
	// What is committed is in the log, and all else is not.
	if durable && l.file.Err() == nil {
		if e := l.file.Sync(); e != nil {
			err = fmt.Errorf("log %s: %w", l.origin.Log, e)
		}
	}
	var committed uint64
	if l.file.Err() == nil {
		committed = uint64(l.State().Next)
	}
	for _, r := range group {
		if r.last > 0 && r.last < committed {
			continue
		}
		r.last, r.err = 0, err
		if r.first > 0 && r.first < committed {
			r.last = committed - 1
		}
	}
}

// appendAll appends the events of one request, which are its own to fill in, up to
// the first that cannot be: that is the request's error. What it returns is that
// nothing can be committed.
func (l *log) appendAll(r *request, now time.Time) error {
	for _, e := range r.events {
		e.TimeWritten = now
		if e.TimeGenerated.IsZero() {
			e.TimeGenerated = now
		}
		if e.Computer == "" {
			e.Computer = l.opts.Computer
		}
		full := l.w.Header().Flags&evt.FlagFull != 0
		n, err := l.w.Append(e)
		if err != nil {
			if errors.Is(err, eventlog.ErrLogFull) && !full {
				l.full(l.origin.Log) // once, until there is room again
			}
			r.err = fmt.Errorf("report to %s: %w", l.origin.Log, err)
			return nil
		}
		r.last = uint64(n)
		// A transaction is bounded. What is committed in between is not answered
		// yet, and is made durable with the rest.
		if l.pending += roughSize(e); l.pending > l.maxDirty/4 {
			if err := l.commit(false); err != nil {
				return err
			}
		}
	}
	return nil
}

// roughSize is not less than the bytes of the record of e.
func roughSize(e *eventlog.Event) int64 {
	n := 256 + 2*(len(e.Source)+len(e.Computer)+len(e.Strings)) + len(e.Data)
	for _, s := range e.Strings {
		n += 2 * len(s)
	}
	return int64(n)
}

// commit makes what was appended the state of the log. If it cannot, the log is as
// it was committed last.
func (l *log) commit(sync bool) error {
	l.publish(false)
	if err := l.file.Commit(sync); err != nil {
		l.rollback()
		return fmt.Errorf("log %s: %w", l.origin.Log, err)
	}
	l.pending = 0
	l.publish(true)
	return nil
}

// rollback forgets what is not committed.
func (l *log) rollback() {
	l.stale = true
	if err := l.ready(); err != nil {
		l.logger().Error("go back to what is committed", "error", err)
	}
}

// ready sees to it that the writer is at what is committed, if that could not be
// read before.
func (l *log) ready() error {
	if !l.stale {
		return nil
	}
	l.file.Rollback()
	size, err := l.file.Size()
	if err != nil {
		return err
	}
	w, err := evt.OpenWriter(l.file, size, nil)
	if err != nil {
		return fmt.Errorf("log %s: %w", l.origin.Log, err)
	}
	l.w, l.stale, l.pending = w, false, 0
	l.publish(true)
	return nil
}

// checkpoint brings the .evt file up to date, header included, beside what goes
// on.
func (l *log) checkpoint() {
	if !l.checkpointing.CompareAndSwap(false, true) {
		return
	}
	if err := l.flush(); err != nil {
		l.checkpointing.Store(false)
		l.logger().Error("checkpoint", "error", err)
		return
	}
	l.running.Go(func() {
		defer l.checkpointing.Store(false)
		err := l.file.Checkpoint()
		l.behind.Store(err != nil)
		if err != nil {
			l.logger().Error("checkpoint", "error", err)
		}
	})
}

// flush brings the header up to date and commits it.
func (l *log) flush() error {
	if err := l.ready(); err != nil {
		return err
	}
	if err := l.w.Flush(); err != nil {
		l.rollback()
		return err
	}
	return l.commit(false)
}

// finish leaves a clean header; closing the file then leaves an empty journal.
func (l *log) finish() {
	l.running.Wait()
	l.ended = l.flush()
}

// set changes what the header says of size and retention. A size below what the
// file has takes effect when the log is cleared.
func (l *log) set(opts evt.WriterOptions) error {
	err := l.w.Flush()
	if err == nil {
		var w *evt.Writer
		if w, err = evt.OpenWriter(l.file, l.w.Size(), &opts); err == nil {
			l.w = w
			return l.commit(true)
		}
	}
	l.rollback()
	return err
}

// clear makes the log empty. Record numbers begin at 1 again.
func (l *log) clear() error {
	h := l.w.Header()
	w, err := evt.Create(l.file, &evt.WriterOptions{MaxSize: int64(h.MaxSize), Retention: h.Retention})
	if err != nil {
		l.rollback()
		return err
	}
	// Readers must know before the bytes change.
	before, header := l.State(), *l.header.Load()
	before.Changed = make(chan struct{})
	l.swap(evt.State{Size: before.Size, Begin: evt.HeaderSize, End: evt.HeaderSize, Next: 1,
		Generation: before.Generation + 1, Changed: make(chan struct{})}, w.Header())
	if err := l.file.Commit(true); err != nil {
		l.swap(before, header)
		l.rollback()
		return err
	}
	l.w = w
	l.publish(true)
	return nil
}
