package results

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"netelf.example/eventlog"
)

// MaxRows is how many rows a page can have.
const MaxRows = 1000

// Anchor names a row of a Result, in letters and digits that a URL can have. It stays
// the same while other rows come in before it.
type Anchor string

func anchorOf(id runID, index uint64) Anchor {
	return Anchor(fmt.Sprintf("%d.%d.%d", id.target, id.log, index))
}

// parse takes an anchor apart.
func (a Anchor) parse() (id runID, index uint64, err error) {
	var n [3]uint64
	parts := strings.SplitN(string(a), ".", len(n))
	if len(parts) != len(n) || len(a) > 64 {
		return id, 0, fmt.Errorf("no anchor %q: %w", trimmed(string(a)), eventlog.ErrInvalid)
	}
	for i, p := range parts {
		bits := 32
		if i == 2 {
			bits = 64
		}
		if n[i], err = strconv.ParseUint(p, 10, bits); err != nil || p[0] == '+' || len(p) > 1 && p[0] == '0' {
			return id, 0, fmt.Errorf("no anchor %q: %w", trimmed(string(a)), eventlog.ErrInvalid)
		}
	}
	return runID{uint32(n[0]), uint32(n[1])}, n[2], nil
}

func trimmed(s string) string { return s[:min(len(s), 64)] }

// PageQuery says which rows. At most one of After, Before and At counts, in this order;
// without one it is Rank.
type PageQuery struct {
	Rank   uint64    // of the first row
	After  Anchor    // the rows behind this one
	Before Anchor    // the rows before this one, the last of them next to it
	At     time.Time // from the first row on that was written at that time or before
	Rows   int       // at most; 0: 100

	// Want is what is to be filled in of events; 0: eventlog.DefaultFields and the
	// message.
	Want eventlog.Fields
}

// Row is a row of a page.
type Row struct {
	Rank   uint64 // in the version of the page
	Anchor Anchor
	Server string // the target's name
	Log    string // in its server
	Record uint64
	Time   time.Time // TimeGenerated
	ID     eventlog.EventID
	Type   eventlog.Type
	Level  eventlog.Level

	// Event is the event as it was read just now, or when it was counted; nil: Err says
	// why there is none. That is eventlog.ErrMarkGone where the log was cleared, and
	// eventlog.ErrOverwrite where newer events have taken its room.
	Event *eventlog.Event
	Err   error

	key key
	run *run
}

// Page is a stretch of rows.
type Page struct {
	Version uint64
	Rank    uint64 // of the first row
	Rows    []Row
	Total   uint64 // rows there are in this version
	Settled uint64 // rows from the first on whose rank will not change any more

	// Pending are the servers from which rows may still come that stand before the end
	// of this page, by the names of their targets. None: the page is final.
	Pending []string
	Done    bool // nothing at all is coming any more
}

// Page gives rows. A row whose event cannot be read says so; the error is of the page.
func (r *Result) Page(ctx context.Context, q *PageQuery) (*Page, error) {
	if err := r.use(); err != nil {
		return nil, err
	}
	if q == nil {
		q = new(PageQuery)
	}
	n := q.Rows
	if n == 0 {
		n = 100
	}
	if n < 0 || n > MaxRows {
		return nil, fmt.Errorf("%d rows, want at most %d: %w", n, MaxRows, eventlog.ErrInvalid)
	}
	o := r.order()
	rank, err := r.rankOf(o, q, &n)
	if err != nil {
		return nil, err
	}
	p := &Page{Version: o.version, Rank: min(rank, o.total), Total: o.total, Done: o.over}
	if p.Settled, err = o.settled(); err != nil {
		return nil, err
	}
	if p.Rows, err = o.page(rank, n); err != nil {
		return nil, err
	}
	p.Pending = r.pending(o, p.Rows, n)
	r.fill(ctx, p.Rows, q.Want)
	return p, ctx.Err()
}

// Row gives one row, as for a panel that shows all of an event.
func (r *Result) Row(ctx context.Context, a Anchor, want eventlog.Fields) (*Row, error) {
	if err := r.use(); err != nil {
		return nil, err
	}
	o := r.order()
	position, index, err := o.find(a)
	if err != nil {
		return nil, err
	}
	block, err := o.views[position].block(int(index/blockKeys), o.load)
	if err != nil {
		return nil, err
	}
	row := rowOf(o.runs[position], index, decodeKey(block, int(index%blockKeys)))
	if row.Rank, err = o.rank(position, index); err != nil {
		return nil, err
	}
	rows := []Row{row}
	r.fill(ctx, rows, want)
	return &rows[0], ctx.Err()
}

// rankOf is the rank at which a page begins; rows is made less where a page before an
// anchor has fewer.
func (r *Result) rankOf(o *order, q *PageQuery, rows *int) (uint64, error) {
	a, after := q.After, true
	if a == "" {
		a, after = q.Before, false
	}
	if a == "" {
		if !q.At.IsZero() {
			return o.before(^(ticks(q.At) + 1), len(o.views))
		}
		return q.Rank, nil
	}
	position, index, err := o.find(a)
	if err != nil {
		return 0, err
	}
	rank, err := o.rank(position, index)
	switch {
	case err != nil:
		return 0, err
	case after:
		return rank + 1, nil
	}
	*rows = int(min(uint64(*rows), rank))
	return rank - uint64(*rows), nil
}

// find is where the row of an anchor stands.
func (o *order) find(a Anchor) (position int, index uint64, err error) {
	id, index, err := a.parse()
	if err != nil {
		return 0, 0, err
	}
	position = slices.IndexFunc(o.runs, func(r *run) bool { return r.id == id })
	if position < 0 || index >= o.views[position].len() {
		return 0, 0, fmt.Errorf("no row %q: %w", string(a), fs.ErrNotExist)
	}
	return position, index, nil
}

// page gives rows without their events.
func (o *order) page(rank uint64, n int) ([]Row, error) {
	if rank >= o.total || n == 0 {
		return nil, nil
	}
	at, err := o.seek(rank)
	if err != nil {
		return nil, err
	}
	m, err := o.merge(at)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, 0, min(uint64(n), o.total-rank))
	for len(rows) < cap(rows) {
		position, index, k, ok, err := m.next()
		if err != nil || !ok {
			return rows, err
		}
		row := rowOf(o.runs[position], index, k)
		row.Rank = rank + uint64(len(rows))
		rows = append(rows, row)
	}
	return rows, nil
}

func rowOf(run *run, index uint64, k key) Row {
	return Row{
		Anchor: anchorOf(run.id, index), Server: run.server, Log: run.log, Record: k.record, Time: k.time(),
		ID: eventlog.EventID(k.id), Type: eventlog.Type(k.typ), Level: eventlog.Level(k.level), key: k, run: run,
	}
}

// pending are the servers from which something may still come before the end of rows,
// which were to be n.
func (r *Result) pending(o *order, rows []Row, n int) (names []string) {
	pending := map[int]bool{}
	for _, t := range o.waiting {
		pending[t] = true
	}
	var place uint64
	position := -1
	if n > 0 && len(rows) == n {
		last := &rows[n-1]
		place, position = last.key.place, slices.Index(o.runs, last.run)
	}
	for i := range o.views {
		v := &o.views[i]
		if !v.over && (position < 0 || v.last < place || v.last == place && i < position) {
			pending[o.runs[i].target] = true
		}
	}
	for i := range r.query.Targets {
		if pending[i] {
			names = append(names, r.query.Targets[i].Name)
		}
	}
	return names
}

// fill gives rows their events: those of the first rows are kept since they were
// counted, the others are read.
func (r *Result) fill(ctx context.Context, rows []Row, want eventlog.Fields) {
	const kept = eventlog.DefaultFields | 1<<eventlog.FieldMessage
	if want == 0 {
		want = kept
	}
	var missing []*Row
	r.mu.Lock()
	for i := range rows {
		row := &rows[i]
		_, index, _ := row.Anchor.parse() // made by rowOf
		if e := r.first.rows[rowID{row.run.id, index}].event; e != nil && want&^kept == 0 {
			row.Event = e.Clone()
		} else {
			missing = append(missing, row)
		}
	}
	r.mu.Unlock()
	if want.Has(eventlog.FieldMessage) {
		for i := range rows {
			if e := rows[i].Event; e != nil {
				r.resolve(e)
			}
		}
	}
	if len(missing) == 0 {
		return
	}
	r.life.RLock()
	defer r.life.RUnlock()
	if r.closed.Load() {
		fail(missing, fs.ErrClosed)
		return
	}
	r.readRows(ctx, missing, want)
}
