package results

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/version"
	"netelf.example/scan"
)

// Query is what is asked.
type Query struct {
	// Targets are the servers. Their names must differ.
	Targets []scan.Target

	// Selection says which events: Where, Since, Until, Slack and Lang. The others are
	// not for a result, which is all there is, newest first.
	Selection eventlog.Selection

	// Fields are data fields that are to be counted from the beginning; others are
	// counted when they are asked for, which reads all events once more.
	Fields []Field
}

// MaxTargets is how many servers one query can ask.
const MaxTargets = 1 << 16

func (q *Query) check() error {
	if len(q.Targets) == 0 || len(q.Targets) > MaxTargets {
		return fmt.Errorf("%d servers, want 1 to %d: %w", len(q.Targets), MaxTargets, eventlog.ErrInvalid)
	}
	names := make(map[string]bool, len(q.Targets))
	for _, t := range q.Targets {
		if names[t.Name] {
			return fmt.Errorf("server %q is named twice: %w", t.Name, eventlog.ErrInvalid)
		}
		names[t.Name] = true
	}
	s := &q.Selection
	if s.Start != 0 || len(s.After) > 0 || s.Limit != 0 || s.Budget != 0 || s.Recovered {
		return fmt.Errorf("a result has no start, marks, limit, budget and recovered records: %w", eventlog.ErrInvalid)
	}
	if len(q.Fields) > maxFields {
		return fmt.Errorf("%d data fields, want at most %d: %w", len(q.Fields), maxFields, eventlog.ErrInvalid)
	}
	for _, f := range q.Fields {
		if !f.data() {
			return fmt.Errorf("field %v is not one of the data: %w", f, eventlog.ErrInvalid)
		}
	}
	return eventlog.CheckExpr(s.Where)
}

// lean is what must be known of an event to count it.
const lean = eventlog.Fields(1<<eventlog.FieldRecord | 1<<eventlog.FieldTimeWritten | 1<<eventlog.FieldTimeGenerated |
	1<<eventlog.FieldCode | 1<<eventlog.FieldID | 1<<eventlog.FieldType | 1<<eventlog.FieldLevel | 1<<eventlog.FieldCategory |
	1<<eventlog.FieldSource | 1<<eventlog.FieldComputer | 1<<eventlog.FieldUser)

// Result is the answer of many servers to one Query. Many goroutines may use it. What
// was closed, or has expired, answers fs.ErrClosed.
//
// life, barsMu, fieldsMu and the ready of a handle stand above mu, and mu above nothing.
type Result struct {
	id      string
	owner   string
	store   *Store
	query   Query
	created time.Time
	spill   spill
	handles *handles
	scan    scan.Options

	ctx     context.Context // of all that works for it
	cancel  context.CancelFunc
	stop    context.CancelFunc // of counting alone
	running sync.WaitGroup
	counted chan struct{} // closed when counting is over
	changes version.Counter
	used    atomic.Int64 // when it was used last, nanoseconds
	closed  atomic.Bool
	life    sync.RWMutex // held while events are read, and taken to close

	barsMu sync.Mutex
	bars   []*bars

	fieldsMu sync.Mutex
	fields   map[Field]*fieldCount

	mu      sync.Mutex
	targets []target
	runs    []*run // in the order that breaks ties
	total   uint64
	slots   slots
	facets  facets
	first   firstRows
	stopped error // why counting was ended before its end; nil: it was not
	over    bool
	ended   time.Time
}

// target is what is known of a server.
type target struct {
	phase   scan.Phase
	runs    []*run
	outcome *scan.Outcome // nil: it is not over
	refused error         // why it is not asked for events again; nil: it may be
}

func newResult(s *Store, id, owner string, q *Query) *Result {
	r := &Result{
		id: id, owner: owner, store: s, query: *q, created: time.Now(), counted: make(chan struct{}),
		spill:   spill{dir: s.opts.Dir, most: s.opts.ResultDisk, shared: &s.disk, all: s.opts.Disk},
		targets: make([]target, len(q.Targets)),
		fields:  map[Field]*fieldCount{}, scan: s.opts.Scan,
	}
	if r.scan.Credentials == nil {
		r.scan.Credentials = new(scan.Credentials)
	}
	r.query.Targets, r.query.Fields = slices.Clone(q.Targets), slices.Clone(q.Fields)
	r.query.Selection.Backward = true
	for _, f := range q.Fields {
		r.fields[f] = &fieldCount{field: f, live: true}
	}
	r.handles = newHandles(r)
	r.touch()
	return r
}

// ID is what the result is found by, and nobody can guess.
func (r *Result) ID() string { return r.id }

// Selection is what the query of the result selects.
func (r *Result) Selection() eventlog.Selection { return r.query.Selection }

// begin starts to count.
func (r *Result) begin() {
	r.ctx, r.cancel = context.WithCancel(context.Background())
	var counting context.Context
	counting, r.stop = context.WithCancel(r.ctx)
	r.running.Go(func() {
		defer r.stop()
		sel := r.query.Selection
		opts := &scan.EachOptions{Options: r.scan, Later: lean, Info: true}
		if r.settles() {
			opts.Later = eventlog.DefaultFields | eventlog.FieldMessage.Bit()
		} else if len(r.query.Fields) > 0 {
			opts.Later |= dataFields
		}
		sel.Want = eventlog.DefaultFields | eventlog.FieldMessage.Bit() // the first rows are shown at once
		scan.Each(counting, r.query.Targets, &sel, opts, (*counter)(r))
		r.mu.Lock()
		r.over, r.ended = true, time.Now()
		r.mu.Unlock()
		close(r.counted)
		r.changes.Changed()
	})
}

// settles says whether the selection hangs on message text.
func (r *Result) settles() bool {
	w := r.query.Selection.Where
	return w != nil && w.Needs().Has(eventlog.FieldMessage)
}

// resolve finds the text of an event that has none.
func (r *Result) resolve(e *eventlog.Event) {
	if e.MessageBy != eventlog.NotSought {
		return
	}
	e.MessageBy = eventlog.NotFound
	if by := r.store.opts.Resolver; by != nil {
		e.Message, e.MessageBy = by.Message(r.query.Selection.Lang, e)
	}
}

// wanted says whether an event is of the result: the log says so but for what hangs on
// text.
func (r *Result) wanted(e *eventlog.Event, settles bool) bool {
	if !settles {
		return true
	}
	r.resolve(e)
	return r.query.Selection.Where.Match(e) == eventlog.Yes
}

// counter is a Result as scan.Each sees it.
type counter Result

// Opening implements scan.Taker.
func (c *counter) Opening(t int) {
	c.mu.Lock()
	c.targets[t].phase = scan.Opening
	c.mu.Unlock()
	c.changes.Changed()
}

// Opened implements scan.Taker.
func (c *counter) Opened(t int, logs []scan.Opened) {
	c.mu.Lock()
	target := &c.targets[t]
	target.phase = scan.Reading
	for i := range logs {
		l := &logs[i]
		run := &run{
			id: runID{uint32(t), uint32(i)}, server: c.query.Targets[t].Name, log: l.Name, target: t,
			total: l.Info.Count(), generation: l.Info.Generation,
		}
		target.runs = append(target.runs, run)
		at, _ := slices.BinarySearchFunc(c.runs, run, byRank)
		c.runs = slices.Insert(c.runs, at, run)
	}
	c.mu.Unlock()
	c.changes.Changed()
}

// byRank orders runs with equal places. In package scan they go by server and log, and
// backwards that is turned round.
func byRank(a, b *run) int {
	return cmp.Or(strings.Compare(b.server, a.server), strings.Compare(b.log, a.log), cmp.Compare(b.id.log, a.id.log))
}

// Take implements scan.Taker.
func (c *counter) Take(s *scan.Stretch) {
	r := (*Result)(c)
	run := c.targets[s.Target].runs[s.Log] // not changed behind Opened, which came before on this way
	c.mu.Lock()
	stopped := c.stopped != nil
	c.mu.Unlock()
	if stopped {
		return // the stretch before this one may not be whole
	}
	settles := r.settles()
	keys := make([]key, 0, len(s.Events))
	events := make([]*eventlog.Event, 0, len(s.Events))
	var full error
	for i := range s.Events {
		e := &s.Events[i]
		if !r.wanted(e, settles) {
			continue
		}
		k, err := run.add(e, &r.spill)
		if err != nil {
			full = err
			break
		}
		keys, events = append(keys, k), append(events, e)
	}
	live := r.liveFields()
	c.mu.Lock()
	c.publish(run, s, keys, events, live) // also where another run has stopped the result meanwhile
	if full != nil && c.stopped == nil && c.ctx.Err() == nil {
		c.stopped = full
		c.stop()
	}
	c.mu.Unlock()
	c.changes.Changed()
}

// publish shows what a stretch has brought. mu is held.
func (c *counter) publish(run *run, s *scan.Stretch, keys []key, events []*eventlog.Event, live []*fieldCount) {
	if len(keys) > 0 && run.newest == 0 {
		run.newest = keys[0].record
	}
	had := run.view.len()
	for i, e := range events {
		k := &keys[i]
		c.slots.add(k)
		c.facets.add(e)
		for _, f := range live {
			f.add(e)
		}
		if s.First {
			c.first.add(rowID{run.id, had + uint64(i)}, k.place, e)
		}
	}
	c.total += uint64(len(keys))
	if len(keys) > 0 {
		run.lowest = keys[len(keys)-1].record
	}
	run.progress(s, len(keys))
	run.publish()
}

// Over implements scan.Taker.
func (c *counter) Over(t int, o *scan.Outcome) {
	c.mu.Lock()
	own := *o
	target := &c.targets[t]
	c.blame(&own.Outcome)
	target.phase, target.outcome = scan.Over, &own
	for i, run := range target.runs {
		run.over = true
		run.view.over = true
		if i < len(own.Logs) {
			events := run.outcome.Events
			run.outcome = own.Logs[i].Outcome
			run.outcome.Events = events // what was kept
			c.blame(&run.outcome)
		}
	}
	c.mu.Unlock()
	c.changes.Changed()
}

// blame has an outcome say why counting was ended, where that cut it off. mu is held.
func (c *counter) blame(o *eventlog.Outcome) {
	if c.stopped != nil && o.State == eventlog.Cancelled {
		o.State, o.Err = eventlog.Partial, c.stopped
	}
}

// order is the state of all runs.
func (r *Result) order() *order {
	o := &order{spill: &r.spill, blocks: map[uint32][]byte{}, version: r.changes.Now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	o.over = r.over
	o.runs = slices.Clone(r.runs)
	o.views = make([]view, len(o.runs))
	for i, run := range o.runs {
		o.views[i] = run.view
		o.total += run.view.len()
	}
	for i := range r.targets {
		if t := &r.targets[i]; t.phase < scan.Reading {
			o.waiting = append(o.waiting, i)
		}
	}
	return o
}

// Version is that of the state there is.
func (r *Result) Version() uint64 { return r.changes.Now() }

// Wait answers the version there is as soon as it is another one than seen, or with the
// error of ctx.
func (r *Result) Wait(ctx context.Context, seen uint64) (uint64, error) {
	if err := r.use(); err != nil {
		return seen, err
	}
	v, err := r.changes.Wait(ctx, seen)
	if err == nil && r.closed.Load() {
		err = fs.ErrClosed
	}
	return v, err
}

// Cancel ends counting. What was found so far remains.
func (r *Result) Cancel() { r.stop() }

// Close gives up the result and all it has.
func (r *Result) Close() error {
	r.store.forget(r)
	return r.close()
}

func (r *Result) close() error {
	r.fieldsMu.Lock() // whoever begins to count a field sees that it is closed, or has begun
	again := r.closed.Swap(true)
	r.fieldsMu.Unlock()
	if again {
		return nil
	}
	r.cancel()
	r.running.Wait()
	r.life.Lock() // until nobody reads
	defer r.life.Unlock()
	r.handles.close()
	r.changes.Changed()
	return r.spill.close()
}

// use notes that somebody needs the result.
func (r *Result) use() error {
	if r.closed.Load() {
		return fs.ErrClosed
	}
	r.touch()
	return nil
}

func (r *Result) touch() { r.used.Store(time.Now().UnixNano()) }
