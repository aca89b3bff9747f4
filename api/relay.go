package api

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"netelf.example/eventlog"
)

// relay is a walk over the network. Where the server stops because one request may
// examine no more records, it goes on with another.
type relay struct {
	read func(context.Context, *eventlog.Selection) (*cursor, error)
	sel  eventlog.Selection // what is left of it
	own  bool               // it has a budget of its own

	mu       sync.Mutex // guards what follows: Close may come at any time
	cur      *cursor
	closed   bool
	examined uint64 // of those before cur
}

func (r *relay) Next(ctx context.Context, e *eventlog.Event) error {
	for {
		err := r.cur.Next(ctx, e)
		if err == nil {
			if r.sel.Limit > 0 && (r.sel.Where == nil || r.sel.Where.Match(e) == eventlog.Yes) {
				r.sel.Limit--
			}
			return nil
		}
		n := r.cur.examined.Load()
		if !errors.Is(err, eventlog.ErrBudget) || n == 0 || r.own && r.sel.Budget <= int64(n) {
			return err
		}
		if err := r.goOn(ctx, n); err != nil {
			return r.cur.fail(err)
		}
	}
}

// goOn puts another walk in the place of the one that stopped.
func (r *relay) goOn(ctx context.Context, n uint64) error {
	sel := r.sel
	sel.After = r.cur.AppendMarks(nil)
	if r.own {
		sel.Budget -= int64(n)
	}
	next, err := r.read(ctx, &sel)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		_ = next.Close() // never fails
		return fs.ErrClosed
	}
	_ = r.cur.Close() // never fails
	r.sel.Budget, r.cur = sel.Budget, next
	r.examined += n
	return nil
}

func (r *relay) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return r.cur.AppendMarks(m) }

// Examined is that of all parts.
func (r *relay) Examined() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.examined + r.cur.Examined()
}

// Close may be called at any time.
func (r *relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.cur.Close()
}
