package scan

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
)

// Ask opens many servers at once and does f with each of them, by its place in
// targets, for what is not read from their logs. As in a scan each has a worker,
// deadlines and an error of its own, and a credential that one has refused is not
// tried at the next; what f does is one answer. The server is closed behind f.
//
// It answers when all is over or ctx is, with what became of the targets in their
// order, of which no outcome has Logs.
func Ask(ctx context.Context, targets []Target, opts *Options, f func(ctx context.Context, target int, server eventlog.Server) error) []Outcome {
	if opts == nil {
		opts = new(Options)
	}
	all := make([]Outcome, len(targets))
	var examined atomic.Uint64
	var running sync.WaitGroup
	for i, w := range newWorkers(targets, nil, opts, &examined) {
		running.Go(func() {
			defer w.close()
			err := w.turn.wait(ctx)
			if err == nil {
				if !w.work(ctx, func() { err = w.once(ctx, f) }) {
					err = ctx.Err()
				}
				w.turn.leave() // if nobody has answered
			}
			o := Outcome{Target: w.target.Name, Elapsed: time.Duration(w.busy.Load())}
			switch err {
			case nil:
				err = io.EOF // of the outcome: all is well
			case io.EOF:
				err = io.ErrUnexpectedEOF
			}
			o.Note(err)
			all[i] = o
		})
	}
	running.Wait()
	return all
}

// once opens the server and does f with it.
func (w *worker) once(ctx context.Context, f func(context.Context, int, eventlog.Server) error) error {
	w.timeout = w.opening()
	if err := w.openServer(ctx); err != nil {
		return err
	}
	return w.ask(ctx, func(ctx context.Context) error { return f(ctx, w.index, w.server) })
}
