package service

import (
	"errors"
	"fmt"
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
			if l.file.Dirty() > 0 {
				l.checkpoint()
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
		r.err = r.do()
		close(r.done)
		return
	}
	now := l.opts.Now()
	for _, r := range group {
		r.last, r.err = l.appendAll(r.events, now)
	}
	if err := l.commit(l.opts.Sync == SyncAlways); err != nil {
		for _, r := range group {
			r.last, r.err = 0, err
		}
	}
	for _, r := range group {
		close(r.done)
	}
	if l.file.Dirty() > l.opts.maxDirty/2 {
		l.checkpoint()
	}
}

// appendAll appends the events of one request up to the first that cannot be.
func (l *log) appendAll(events []*eventlog.Event, now time.Time) (last uint64, err error) {
	for _, e := range events {
		own := *e
		own.TimeWritten = now
		if own.TimeGenerated.IsZero() {
			own.TimeGenerated = now
		}
		if own.Computer == "" {
			own.Computer = l.opts.Computer
		}
		n, err := l.w.Append(&own)
		if err != nil {
			if errors.Is(err, eventlog.ErrLogFull) {
				l.full(l.origin.Log)
			}
			return last, fmt.Errorf("report to %s: %w", l.origin.Log, err)
		}
		last = uint64(n)
	}
	return last, nil
}

// commit makes what was appended the state of the log.
func (l *log) commit(sync bool) error {
	l.publish(false)
	if err := l.file.Commit(sync); err != nil {
		return fmt.Errorf("log %s: %w", l.origin.Log, err)
	}
	l.publish(true)
	return nil
}

// maxDirty is how many bytes of a log may be in its journal alone, twice, unless
// Options say otherwise.
const maxDirty = 8 << 20

// checkpoint brings the .evt file up to date, header included, beside what goes
// on.
func (l *log) checkpoint() {
	if !l.checkpointing.CompareAndSwap(false, true) {
		return
	}
	err := l.w.Flush()
	if err == nil {
		err = l.commit(false)
	}
	if err != nil {
		l.checkpointing.Store(false)
		l.logger().Error("checkpoint", "error", err)
		return
	}
	l.running.Go(func() {
		defer l.checkpointing.Store(false)
		if err := l.file.Checkpoint(); err != nil {
			l.logger().Error("checkpoint", "error", err)
		}
	})
}

// finish leaves a clean header; closing the file then leaves an empty journal.
func (l *log) finish() {
	l.running.Wait()
	err := l.w.Flush()
	if err == nil {
		err = l.commit(false)
	}
	if err != nil {
		l.logger().Error("close", "error", err)
	}
}

// set changes what the header says of size and retention. A size below what the
// file has takes effect when the log is cleared.
func (l *log) set(opts evt.WriterOptions) error {
	if err := l.w.Flush(); err != nil {
		return err
	}
	w, err := evt.OpenWriter(l.file, l.w.Size(), &opts)
	if err != nil {
		l.file.Rollback()
		return err
	}
	before := l.w
	l.w = w
	if err := l.commit(true); err != nil {
		l.w = before
		return err
	}
	return nil
}

// clear makes the log empty. Record numbers begin at 1 again.
func (l *log) clear() error {
	h := l.w.Header()
	w, err := evt.Create(l.file, &evt.WriterOptions{MaxSize: int64(h.MaxSize), Retention: h.Retention})
	if err != nil {
		l.file.Rollback()
		return err
	}
	// Readers must know before the bytes change.
	before, header := l.State(), *l.header.Load()
	before.Changed = make(chan struct{})
	l.swap(evt.State{Size: before.Size, Begin: evt.HeaderSize, End: evt.HeaderSize, Next: 1,
		Generation: before.Generation + 1, Changed: make(chan struct{})}, w.Header())
	if err := l.file.Commit(true); err != nil {
		l.swap(before, header)
		return err
	}
	l.w = w
	l.publish(true)
	return nil
}
