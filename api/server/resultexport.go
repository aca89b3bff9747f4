package server

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/eventlog"
	"netelf.example/internal/results"
	"netelf.example/scan"
)

// exportResult streams a result as a file.
func (h *Handler) exportResult(ctx context.Context, r *results.Result, format string) (_ *huma.StreamResponse, err error) {
	select {
	case h.streams <- struct{}{}:
	default:
		return nil, errBusy
	}
	w := &walk{h: h, release: []func(){func() { <-h.streams }}}
	sel := &eventlog.Selection{Want: withText}
	if format == "evt" {
		defer w.close()
		sel.Want = eventlog.AllFields &^ (1<<eventlog.FieldMessage | 1<<eventlog.FieldXML)
		w.cur = &named{Cursor: &oldestFirst{r: r, want: sel.Want}, m: h.opts.Many, made: map[*eventlog.Origin]*eventlog.Origin{}}
		return h.exportEVT(ctx, "result", w, sel)
	}
	cur, err := r.Export(sel.Want)
	if err != nil {
		w.close()
		return nil, h.problem(ctx, ended(err))
	}
	w.cur = &named{Cursor: cur, m: h.opts.Many, made: map[*eventlog.Origin]*eventlog.Origin{}}
	w.closing(cur)
	return h.streamExport("result", w, sel, format), nil
}

// named gives the events of a result by the names that its servers have here. That not
// all servers could be read does not break a file off: the result says which.
type named struct {
	eventlog.Cursor
	m    *Many
	made map[*eventlog.Origin]*eventlog.Origin
}

// maxNamed is how many origins are remembered: each log has one, but a page that is
// read again may have others.
const maxNamed = 4096

// Next implements eventlog.Cursor.
func (n *named) Next(ctx context.Context, e *eventlog.Event) error {
	err := n.Cursor.Next(ctx, e)
	if errors.Is(err, scan.ErrIncomplete) {
		return io.EOF
	}
	if err != nil || e.Origin == nil {
		return err
	}
	o := n.made[e.Origin]
	if o == nil {
		if len(n.made) >= maxNamed {
			clear(n.made)
		}
		c := *e.Origin
		c.Server = n.m.uploads.label(c.Server)
		o = &c
		n.made[e.Origin] = o
	}
	e.Origin = o
	return nil
}

// oldestFirst is a walk over a result from its last row to its first, when nothing else
// is coming.
type oldestFirst struct {
	r     *results.Result
	want  eventlog.Fields
	begun bool
	left  uint64 // rows that are not read yet
	rows  []results.Row
}

// Next implements eventlog.Cursor.
func (c *oldestFirst) Next(ctx context.Context, e *eventlog.Event) error {
	for !c.begun {
		p, err := c.r.Progress()
		switch {
		case err != nil:
			return ended(err)
		case p.Stopped != nil:
			return p.Stopped
		case p.Done:
			c.begun, c.left = true, p.Rows
		default:
			if _, err := c.r.Wait(ctx, p.Version); err != nil {
				return ended(err)
			}
		}
	}
	if len(c.rows) == 0 {
		if c.left == 0 {
			return io.EOF
		}
		n := min(c.left, results.MaxRows)
		p, err := c.r.Page(ctx, &results.PageQuery{Rank: c.left - n, Rows: int(n), Want: c.want})
		if err != nil {
			return ended(err)
		}
		c.rows, c.left = p.Rows, c.left-n
		slices.Reverse(c.rows)
	}
	row := &c.rows[0]
	c.rows = c.rows[1:]
	if row.Event == nil {
		return &eventlog.Loss{Origin: &eventlog.Origin{Server: row.Server, Log: row.Log}, Offset: -1, First: row.Record, Last: row.Record, Err: row.Err}
	}
	*e = *row.Event
	return nil
}

// AppendMarks implements eventlog.Cursor: there are none.
func (c *oldestFirst) AppendMarks(marks []eventlog.Mark) []eventlog.Mark { return marks }

// Close implements eventlog.Cursor.
func (c *oldestFirst) Close() error { return nil }
