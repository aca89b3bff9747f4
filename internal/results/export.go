package results

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// exportRows is how many rows are read at once, at least, and for each log, so that a
// log is not asked for each row anew.
const (
	exportRows    = 512
	exportPerRun  = 8
	mostExportRow = 8192
)

// Export is a walk over all rows in their order. While the result is still coming it
// gives those whose rank is settled and waits for others. An event that is gone is a
// *eventlog.Loss, and so is one whose server does not answer any more: the walk goes on.
// want is what is filled in; 0: eventlog.DefaultFields and the message.
//
// It ends with what counting has ended with, if not all could be seen: scan.ErrIncomplete
// says so of servers, which Progress has. It has no marks.
func (r *Result) Export(want eventlog.Fields) (eventlog.Cursor, error) {
	if err := r.use(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.ctx)
	return &export{r: r, want: want, ctx: ctx, cancel: cancel}, nil
}

type export struct {
	r      *Result
	want   eventlog.Fields
	ctx    context.Context // ended by Close, of it or of the result
	cancel context.CancelFunc
	closed atomic.Bool

	order   *order // a state of the result
	merge   *merge // over it
	settled uint64 // rows that are to be had from it
	rank    uint64 // of the next row to be read
	rows    []Row  // that are read and not given yet
	err     error
}

// Next implements eventlog.Cursor.
func (x *export) Next(ctx context.Context, e *eventlog.Event) error {
	if x.err != nil {
		return x.err
	}
	err := x.next(ctx, e)
	if _, lost := eventlog.AsLoss(err); err == nil || lost {
		return err
	}
	if x.closed.Load() || x.r.closed.Load() {
		err = fs.ErrClosed
	}
	x.err = err
	return err
}

func (x *export) next(ctx context.Context, e *eventlog.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := x.ctx.Err(); err != nil {
		return err
	}
	if len(x.rows) == 0 {
		if err := x.more(ctx); err != nil {
			return err
		}
	}
	row := &x.rows[0]
	x.rows = x.rows[1:]
	if row.Event != nil {
		*e = *row.Event // a clone, nobody else has it
		return nil
	}
	if loss, ok := eventlog.AsLoss(row.Err); ok && loss.First == row.Record && loss.Last == row.Record {
		return loss
	}
	return &eventlog.Loss{
		Origin: &eventlog.Origin{Server: row.Server, Log: row.Log}, Offset: -1, First: row.Record, Last: row.Record, Err: row.Err,
	}
}

// more reads the next rows.
func (x *export) more(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(x.ctx, cancel)()
	for {
		if err := x.r.use(); err != nil {
			return err
		}
		if x.order == nil {
			if err := x.state(); err != nil {
				return err
			}
		}
		if x.rank < x.settled {
			break
		}
		if x.order.over {
			return x.r.end()
		}
		seen := x.order.version
		x.order = nil
		if _, err := x.r.changes.Wait(ctx, seen); err != nil {
			return err
		}
	}
	n := min(max(exportRows, exportPerRun*len(x.order.runs)), mostExportRow)
	rows := make([]Row, 0, min(uint64(n), x.settled-x.rank))
	for len(rows) < cap(rows) {
		position, index, k, ok, err := x.merge.next()
		if err != nil {
			return err
		}
		if !ok {
			return io.ErrUnexpectedEOF // settled counts rows that are there
		}
		row := rowOf(x.order.runs[position], index, k)
		row.Rank = x.rank
		x.rank++
		rows = append(rows, row)
	}
	x.r.fill(ctx, rows, x.want)
	x.rows = rows
	return ctx.Err()
}

// state takes a state of the result that has more rows.
func (x *export) state() (err error) {
	x.order = x.r.order()
	if x.settled, err = x.order.settled(); err != nil || x.rank >= x.settled {
		return err
	}
	at, err := x.order.seek(x.rank)
	if err != nil {
		return err
	}
	clear(x.order.blocks)
	x.merge, err = x.order.merge(at)
	return err
}

// AppendMarks implements eventlog.Cursor.
func (x *export) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return m }

// Close implements eventlog.Cursor.
func (x *export) Close() error {
	x.closed.Store(true)
	x.cancel()
	return nil
}

// end is how a walk over all rows ends.
func (r *Result) end() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped != nil {
		return fmt.Errorf("%w: %w", scan.ErrIncomplete, r.stopped)
	}
	for i := range r.targets {
		if o := r.targets[i].outcome; o != nil && o.Bad() {
			return scan.ErrIncomplete
		}
	}
	return io.EOF
}
