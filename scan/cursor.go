package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"netelf.example/eventlog"
)

// Cursor is a walk over many servers; an eventlog.Cursor and Examiner.
//
// It has no lock: what Next changes is of the goroutine that calls it, and Close,
// which may be called by any, changes nothing of that. It cancels, and Next finds
// out. (A lock that is always free was a third of the merge's cost.)
type Cursor struct {
	sel      *eventlog.Selection
	limit    int
	judge    bool // Where hangs on the text: only what is Yes counts towards limit
	ahead    int
	workers  []*worker // in the order of the targets
	running  sync.WaitGroup
	opened   chan *worker // has room for all
	cancel   context.CancelFunc
	done     <-chan struct{} // closed when all is to end
	cause    func() error    // why done was closed
	examined atomic.Uint64

	// Of the goroutine that calls Next.
	reached map[*worker]bool // that are opened, or failed to be
	sources []*source        // in the order of rank, nil until all targets are opened
	live    int              // of sources: not over yet
	size    int              // of a batch, in events at most
	bytes   int              // of a batch, that end it
	started int              // of sources: these had their first event in the heap, or ended
	heap    heap
	stale   bool    // the top of the heap has no event yet
	budget  bool    // a log has used up its budget
	bad     bool    // there was an error
	yes     int     // events that count towards limit
	last    *source // of the event that was given last, until it is settled
	counted bool    // that event was counted towards limit
	err     error
}

var (
	_ eventlog.Cursor   = (*Cursor)(nil)
	_ eventlog.Examiner = (*Cursor)(nil)
	_ eventlog.Settler  = (*Cursor)(nil)
)

// Next implements eventlog.Cursor. The contents of e are not copied: e and a
// buffer change places.
func (c *Cursor) Next(ctx context.Context, e *eventlog.Event) error {
	if c.err != nil {
		return c.err
	}
	select {
	case <-c.done:
		return c.end(c.cause())
	default:
	}
	if err := ctx.Err(); err != nil {
		return c.end(err)
	}
	if c.limit > 0 && c.yes >= c.limit {
		return c.end(io.EOF)
	}
	if c.stale || c.started < len(c.sources) || c.sources == nil {
		// What is missing here is rare, or comes once a batch.
		if err := c.heads(ctx); err != nil {
			return err
		}
	}
	switch {
	case c.budget && c.bad:
		return c.end(fmt.Errorf("%w: %w", ErrIncomplete, eventlog.ErrBudget))
	case c.budget:
		return c.end(eventlog.ErrBudget)
	case len(c.heap) > 0:
		c.give(e)
		return nil
	case c.bad:
		return c.end(ErrIncomplete)
	}
	return c.end(io.EOF)
}

// give gives the event at the top of the heap.
func (c *Cursor) give(e *eventlog.Event) {
	s := c.heap[0].source
	b, i := s.current, s.next
	*e, b.events[i] = b.events[i], *e
	s.next++
	s.out.Events++ // as Note(nil) does
	c.last, c.counted = s, false
	s.given.event(e)
	if b.marks != nil && b.err == nil && s.next == b.n {
		s.given.behind(b.marks)
	}
	if c.limit > 0 && (!c.judge || c.sel.Where.Match(e) == eventlog.Yes) {
		c.yes++
		c.counted = true
	}
	if i == 0 && !b.last {
		c.ask(s) // now, as the log has turned out to have events here
	}
	if s.next < b.n {
		c.heap.lower(b.keys[s.next])
		return
	}
	c.stale = true
}

// Settle implements eventlog.Settler: outcomes and the limit count what was wanted.
func (c *Cursor) Settle(wanted bool) {
	switch {
	case c.last == nil:
		return
	case !wanted:
		c.last.out.Events--
	case !c.counted:
		c.yes++
	}
	c.last = nil
}

// heads sees to it that every log has its next event in the heap, or is over. It
// answers a *Loss that comes before, or what ended all.
func (c *Cursor) heads(ctx context.Context) error {
	if c.sources == nil {
		if err := c.collect(ctx); err != nil {
			return err
		}
	}
	if c.stale {
		s := c.heap[0].source
		more, err := c.head(ctx, s)
		if err != nil {
			return err
		}
		c.stale = false
		if more {
			c.heap.lower(s.current.keys[0])
		} else {
			c.heap.pop()
		}
	}
	for c.started < len(c.sources) {
		s := c.sources[c.started]
		more, err := c.head(ctx, s)
		if err != nil {
			return err
		}
		c.started++
		if more {
			c.heap.push(s, s.current.keys[0])
		}
	}
	return nil
}

// collect waits until all targets are opened and puts their logs in order.
func (c *Cursor) collect(ctx context.Context) error {
	if c.reached == nil {
		c.reached = make(map[*worker]bool, len(c.workers))
	}
	for len(c.reached) < len(c.workers) {
		w, err := wait(ctx, c, c.opened)
		if err != nil {
			return err
		}
		c.reached[w] = true
		c.bad = c.bad || w.err != nil
	}
	sources := []*source{}
	for _, w := range c.workers {
		sources = append(sources, w.sources...)
	}
	rank(sources, c.sel.Backward)
	c.live = len(sources)
	c.resize()
	c.heap = make(heap, 0, len(sources))
	c.sources = sources
	return nil
}

// resize shares out what may be decoded ahead, two batches a log.
func (c *Cursor) resize() {
	batches := 2 * max(c.live, 1)
	c.size = min(max(c.ahead/batches, minBatch), maxBatch)
	c.bytes = min(max(aheadBytes/batches, minBatchBytes), maxBatchBytes)
	if c.limit > 0 {
		c.size = min(c.size, c.limit)
	}
}

// head finds the next event of s; false: the log is over. It answers a *Loss that
// comes before, or what ended all.
func (c *Cursor) head(ctx context.Context, s *source) (more bool, err error) {
	for {
		if b := s.current; b != nil {
			if s.next < b.n {
				return true, nil
			}
			if err := b.err; err != nil {
				b.err = nil
				s.given.behind(b.marks)
				s.out.Note(err)
				if !b.last {
					return false, err
				}
				switch {
				case errors.Is(err, eventlog.ErrBudget):
					c.budget = true
				case err != io.EOF:
					c.bad = true
				}
				s.current, s.idle = nil, nil
				c.live--
				c.resize()
				return false, nil
			}
		}
		if !s.asked {
			c.ask(s)
		}
		b, err := wait(ctx, c, s.ready)
		if err != nil {
			return false, err
		}
		s.current, s.idle, s.next, s.asked = b, s.current, 0, false
		s.bounded = cmp.Or(s.bounded, b.bounded)
	}
}

// ask sends for the next batch of s. Each is twice as large as the one before.
func (c *Cursor) ask(s *source) {
	if s.idle == nil {
		s.idle = &batch{source: s}
	}
	s.size = min(2*s.size, c.size)
	s.idle.want, s.idle.most = s.size, c.bytes
	s.worker.requests <- s.idle
	s.idle, s.asked = nil, true
}

// wait takes from ch, or ends the walk.
func wait[T any](ctx context.Context, c *Cursor, ch <-chan T) (v T, err error) {
	select {
	case v = <-ch:
		return v, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.done:
		err = c.cause()
	}
	return v, c.end(err)
}

// end ends the walk with err and says so to the workers.
func (c *Cursor) end(err error) error {
	c.err = err
	c.cancel()
	return err
}

// Examined is how many records the logs have looked at, also ahead. It may be
// called at any time.
func (c *Cursor) Examined() uint64 { return c.examined.Load() }

// Close ends the walk, also a Next that waits, and returns when everything is
// closed. It may be called by any goroutine and more than once.
func (c *Cursor) Close() error {
	c.cancel()
	c.running.Wait()
	return nil
}
