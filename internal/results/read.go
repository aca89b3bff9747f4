package results

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"netelf.example/eventlog"
)

const (
	// maxGap is how many records a walk passes over to get to the next one that is
	// wanted, before another walk is begun there.
	maxGap = 256

	// readers is how many servers are read from at the same time for one page.
	readers = 16
)

// errOverwritten is why the event of a row is not there.
var errOverwritten = fmt.Errorf("the event was overwritten: %w", eventlog.ErrOverwrite)

// readRows fills in the events of rows that have none. A server that does not answer
// is the trouble of its rows.
func (r *Result) readRows(ctx context.Context, rows []*Row, want eventlog.Fields) {
	by := map[int]map[*run][]*Row{}
	for _, row := range rows {
		t := by[row.run.target]
		if t == nil {
			t = map[*run][]*Row{}
			by[row.run.target] = t
		}
		t[row.run] = append(t[row.run], row)
	}
	ctx, cancel := context.WithTimeout(ctx, r.store.opts.ReadTimeout)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	tokens := make(chan struct{}, readers)
	var reading sync.WaitGroup
	for t, runs := range by {
		tokens <- struct{}{}
		reading.Go(func() {
			defer func() { <-tokens }()
			h := r.handles.get(t)
			var broken error
			for run, rows := range runs {
				if err := r.readRun(ctx, h, run, rows, want); err != nil {
					broken = err
				}
			}
			r.store.pool.put(h, broken)
		})
	}
	reading.Wait()
}

// readRun reads rows of one log, in their order. The error, which is also that of the
// rows that it concerns, says that the server is in trouble.
func (r *Result) readRun(ctx context.Context, h *handle, run *run, rows []*Row, want eventlog.Fields) error {
	l, own, err := h.log(ctx, run.log)
	if err != nil {
		fail(rows, err)
		if errors.Is(err, fs.ErrNotExist) || refused(err) {
			return nil
		}
		return err
	}
	if own {
		defer l.Close() // it was only read from
	}
	w := rowWalk{r: r, log: l, want: want}
	defer w.close()
	for i, row := range rows {
		if row.Err = w.find(ctx, row); w.err != nil {
			fail(rows[i+1:], w.err)
			break
		}
	}
	r.explain(ctx, l, run, rows)
	return w.err
}

func fail(rows []*Row, err error) {
	for _, row := range rows {
		row.Err = err
	}
}

// rowWalk is a walk over a log from one wanted row to the next.
type rowWalk struct {
	r      *Result
	log    eventlog.Log
	want   eventlog.Fields
	cursor eventlog.Cursor
	at     eventlog.Event // the event that the cursor has given last
	have   bool           // at is one
	lost   *eventlog.Loss // what it has told last
	err    error          // the log cannot be read
}

func (w *rowWalk) close() {
	if w.cursor != nil {
		_ = w.cursor.Close() // it was only read from
		w.cursor, w.have = nil, false
	}
}

// find reads the event of a row. The error is of the row; w.err is of the log.
func (w *rowWalk) find(ctx context.Context, row *Row) error {
	record := row.key.record
	fresh := false
	if w.cursor == nil || !w.have || w.at.RecordNumber < record || w.at.RecordNumber-record > maxGap {
		if err := w.begin(ctx, record); err != nil {
			return err
		}
		fresh = true
	}
	for !w.have || w.at.RecordNumber > record {
		err := w.cursor.Next(ctx, &w.at)
		loss, lost := eventlog.AsLoss(err)
		switch {
		case err == nil:
			w.have = true
		case lost:
			w.lost = loss
		case errors.Is(err, eventlog.ErrBudget) && !fresh:
			if err := w.begin(ctx, record); err != nil {
				return err
			}
			fresh = true
		case err == io.EOF, errors.Is(err, eventlog.ErrBudget), errors.Is(err, eventlog.ErrMarkGone):
			w.close()
			return w.gone(record)
		default:
			w.err = err
			return err
		}
	}
	if w.at.RecordNumber != record {
		return w.gone(record)
	}
	return w.give(row)
}

// gone is why a record was not found.
func (w *rowWalk) gone(record uint64) error {
	if l := w.lost; l != nil && !l.Partial && l.First <= record && (record <= l.Last || l.Last == 0) {
		return l
	}
	return eventlog.ErrMarkGone
}

// begin begins a walk at a record.
func (w *rowWalk) begin(ctx context.Context, record uint64) error {
	w.close()
	w.lost = nil
	sel := w.r.query.Selection // where it has the same records, it gives the same ones
	sel.Start, sel.Want, sel.Budget = record, w.want, 4*maxGap
	var err error
	if w.cursor, err = w.log.Read(ctx, &sel); err != nil {
		w.err = err
	}
	return err
}

// give puts the event into the row, if it is the one.
func (w *rowWalk) give(row *Row) error {
	if !row.key.is(&w.at) {
		return eventlog.ErrMarkGone
	}
	row.Event = w.at.Clone()
	if w.want.Has(eventlog.FieldMessage) {
		w.r.resolve(row.Event)
	}
	return nil
}

// explain asks the log what became of rows that were not found; and whether what was
// found is of the same life of the log, where the log knows of its lives.
func (r *Result) explain(ctx context.Context, l eventlog.Log, run *run, rows []*Row) {
	r.mu.Lock()
	generation, newest := run.generation, run.newest
	r.mu.Unlock()
	gone := false
	for _, row := range rows {
		gone = gone || errors.Is(row.Err, eventlog.ErrMarkGone)
	}
	if !gone && generation == 0 {
		return
	}
	info, err := l.Info(ctx)
	if err != nil {
		if generation == 0 || ctx.Err() == nil && errors.Is(err, errors.ErrUnsupported) {
			return
		}
		fail(rows, err) // nobody knows whether these are they
		for _, row := range rows {
			row.Event = nil
		}
		return
	}
	cleared := generation != 0 && info.Generation != 0 && info.Generation != generation
	for _, row := range rows {
		switch {
		case cleared:
			row.Event, row.Err = nil, eventlog.ErrMarkGone
		case errors.Is(row.Err, eventlog.ErrMarkGone) && info.Oldest > row.key.record && info.Next > newest:
			row.Err = errOverwritten
		}
	}
}
