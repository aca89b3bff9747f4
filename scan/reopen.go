package scan

import (
	"context"
	"fmt"

	"netelf.example/eventlog"
)

// again opens a log a second time where its connection broke off, at the place that
// it had come to, and answers nil; else it answers err, with what came of the try.
// The server is opened once more by the first of its logs that breaks; the others
// go over to it when they break as well, and what works is left as it is.
func (w *worker) again(ctx context.Context, s *source, err error) error {
	if s.again || s.cursor == nil || ctx.Err() != nil || eventlog.StateOf(err) != eventlog.Unreachable {
		return err
	}
	if s.generation == w.generation && w.reopened {
		return err
	}
	s.again = true
	timeout := w.timeout
	defer func() { w.timeout = timeout }()
	w.timeout = w.opening()
	sel := *w.sel
	if marks := s.cursor.AppendMarks(nil); len(marks) > 0 {
		sel.After = marks
	}
	if sel.Budget > 0 {
		sel.Budget = max(sel.Budget-int64(eventlog.Examined(s.cursor)), 1)
	}
	s.close()
	if s.generation == w.generation {
		w.reopened = true
		server, failed := answer(ctx, w, w.target.Open)
		if failed != nil {
			return fmt.Errorf("%w; opened again: %w", err, failed)
		}
		w.about.ask(server)
		w.former, w.server = w.server, server
		w.generation++
	}
	s.generation = w.generation
	if failed := w.openLog(ctx, s, &sel); failed != nil {
		return fmt.Errorf("%w; opened again: %w", err, failed)
	}
	s.told = s.partial
	w.about.reopened(err)
	return nil
}
