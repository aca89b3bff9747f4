package results

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// Field is what a facet counts by: FieldServer, FieldLog, FieldSource, FieldCode,
// FieldType, FieldLevel, FieldUser, FieldCategory and FieldComputer; FieldNamed with the
// Name of a string; FieldString with its Position, from 1.
type Field struct {
	Field    eventlog.Field
	Name     string
	Position int
}

func (f Field) String() string {
	switch f.Field {
	case eventlog.FieldNamed:
		return "data." + f.Name
	case eventlog.FieldString:
		return "data." + strconv.Itoa(f.Position)
	}
	return f.Field.String()
}

const (
	maxFields   = 16      // data fields of one result
	maxPosition = 1 << 16 // of a string in an event
)

// dataFields are what data fields need.
const dataFields = eventlog.Fields(1<<eventlog.FieldString | 1<<eventlog.FieldNamed)

// data says whether f is a field of the data.
func (f Field) data() bool {
	switch f.Field {
	case eventlog.FieldNamed:
		return f.Name != "" && len(f.Name) <= maxValue && f.Position == 0
	case eventlog.FieldString:
		return f.Name == "" && f.Position >= 1 && f.Position <= maxPosition
	}
	return false
}

// Value is a value of a field with the number of events that have it.
type Value struct {
	Text   string // of a text field; "" is an event's that has none
	Number uint64 // of a numeric field
	Count  uint64
	More   uint64 // there may be so many more, see Facet.Exact
}

// Term is the selection of the events that have the value; false: nothing can say that,
// since strings have no names there.
func (f Field) Term(v *Value) (*eventlog.Term, bool) {
	switch {
	case f.Field == eventlog.FieldString:
		return nil, false
	case f.Field.Numeric():
		return eventlog.NumTerm(f.Field, eventlog.Eq, v.Number), true
	}
	return eventlog.NamedTerm(f.Field, f.Name, eventlog.Eq, v.Text), true
}

// Facet is how often the values of a field are there. Texts that differ only in case
// are one, as they are in selections.
type Facet struct {
	Version uint64
	Field   Field
	Top     []Value // the most frequent ones, the first first
	Rare    []Value // the rarest of those that are not in Top, the rarest first
	Values  int     // how many values are known
	Rest    uint64  // values counted that are none of these, as there were too many or they are too long

	// Counted of Total events have been counted. They are the same, but for a data field
	// that was asked for later, which is counted by a second walk.
	Counted, Total uint64

	// Exact says that Values are all there are, and their counts are right, for the
	// events that have been counted. Else a Value may have been there More times more,
	// and one that is not known as often as that at most.
	Exact bool
	Done  bool  // nothing else is coming
	Err   error // why not all could be counted for a data field, the last of the reasons; nil: none
}

// facets are what is counted of each event as it comes.
type facets struct {
	code, typ, category numbers
	levels              [256]uint64
	source, computer    dictionary
	user                dictionary
}

func (f *facets) add(e *eventlog.Event) {
	f.code.add(e.ID.Code())
	f.typ.add(uint16(e.Type))
	f.category.add(e.Category)
	f.levels[e.Level]++
	f.source.add(e.Source)
	f.computer.add(e.Computer)
	f.user.add(string(e.User))
}

// Facet counts by a field: the top and the rarest values, at most so many of each. A
// data field that is not in Query.Fields is counted from then on: Counted says how far
// that is.
func (r *Result) Facet(f Field, top, rare int) (*Facet, error) {
	if top < 0 || rare < 0 {
		return nil, fmt.Errorf("%d and %d values: %w", top, rare, eventlog.ErrInvalid)
	}
	if err := r.use(); err != nil {
		return nil, err
	}
	x := &Facet{Version: r.changes.Now(), Field: f, Exact: true}
	var values []Value
	if f.data() {
		c, err := r.field(f)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		values = x.take(&c.values)
		x.Counted, x.Done, x.Err = c.events, c.done, c.err
		if c.live {
			x.Counted, x.Done = r.total, r.over
		}
		x.Total = r.total
		r.mu.Unlock()
	} else {
		if f.Name != "" || f.Position != 0 {
			return nil, fmt.Errorf("no field %v: %w", f, eventlog.ErrInvalid)
		}
		r.mu.Lock()
		values = r.facet(f.Field, x)
		x.Counted, x.Total, x.Done = r.total, r.total, r.over
		r.mu.Unlock()
		if values == nil && !counts(f.Field) {
			return nil, fmt.Errorf("nothing is counted by %v: %w", f, eventlog.ErrInvalid)
		}
	}
	x.show(values, top, rare)
	return x, nil
}

// counts says whether there is a facet of a field that is none of the data.
func counts(f eventlog.Field) bool {
	switch f {
	case eventlog.FieldServer, eventlog.FieldLog, eventlog.FieldSource, eventlog.FieldCode, eventlog.FieldType,
		eventlog.FieldLevel, eventlog.FieldUser, eventlog.FieldCategory, eventlog.FieldComputer:
		return true
	}
	return false
}

// facet gives the values of a field. mu is held.
func (r *Result) facet(f eventlog.Field, x *Facet) []Value {
	switch f {
	case eventlog.FieldServer:
		return r.perRun(func(run *run) string { return run.server })
	case eventlog.FieldLog:
		return r.perRun(func(run *run) string { return run.log })
	case eventlog.FieldSource:
		return x.take(&r.facets.source)
	case eventlog.FieldComputer:
		return x.take(&r.facets.computer)
	case eventlog.FieldUser:
		return x.take(&r.facets.user)
	case eventlog.FieldCode:
		return r.facets.code.values()
	case eventlog.FieldType:
		return r.facets.typ.values()
	case eventlog.FieldCategory:
		return r.facets.category.values()
	case eventlog.FieldLevel:
		var list []Value
		for l, n := range r.facets.levels {
			if n > 0 {
				list = append(list, Value{Number: uint64(l), Count: n})
			}
		}
		return list
	}
	return nil
}

// perRun counts by what is the same for a whole log.
func (r *Result) perRun(name func(*run) string) (list []Value) {
	at := map[string]int{}
	for _, run := range r.runs {
		n := run.view.len()
		if n == 0 {
			continue
		}
		key := eventlog.Fold(name(run))
		i, ok := at[key]
		if !ok {
			i = len(list)
			at[key] = i
			list = append(list, Value{Text: name(run)})
		}
		list[i].Count += n
	}
	return list
}

func (n *numbers) values() (list []Value) {
	for i, p := range n.pages {
		if p == nil {
			continue
		}
		for j, count := range p {
			if count > 0 {
				list = append(list, Value{Number: uint64(i<<8 | j), Count: count})
			}
		}
	}
	return list
}

// take gives the values of a dictionary, and says what is missing in it.
func (x *Facet) take(d *dictionary) (list []Value) {
	x.Rest = d.total
	for _, v := range d.folded {
		list = append(list, Value{Text: v.text, Count: v.count, More: v.more})
		x.Rest -= v.count
	}
	x.Exact = !d.lost && d.long == 0
	return list
}

// show picks what is shown.
func (x *Facet) show(values []Value, top, rare int) {
	slices.SortFunc(values, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Number, b.Number))
	})
	x.Values = len(values)
	top = min(top, len(values))
	rare = min(rare, len(values)-top)
	x.Top = slices.Clone(values[:top])
	x.Rare = slices.Clone(values[len(values)-rare:])
	slices.Reverse(x.Rare)
}

// fieldCount counts a data field. The mutex of the Result guards it.
type fieldCount struct {
	field  Field
	live   bool // it is counted together with all the rest
	values dictionary
	events uint64
	done   bool
	err    error
}

func (c *fieldCount) add(e *eventlog.Event) {
	c.events++
	if c.field.Field == eventlog.FieldString {
		if i := c.field.Position - 1; i < len(e.Strings) {
			c.values.add(e.Strings[i])
		}
		return
	}
	for i := 0; ; i++ {
		t, known := e.Text(eventlog.FieldNamed, c.field.Name, i)
		if known != eventlog.Yes {
			return
		}
		c.values.add(t.S)
	}
}

// liveFields are the data fields that are counted together with all the rest.
func (r *Result) liveFields() (list []*fieldCount) {
	if len(r.query.Fields) == 0 {
		return nil
	}
	r.fieldsMu.Lock()
	defer r.fieldsMu.Unlock()
	for _, c := range r.fields {
		if c.live {
			list = append(list, c)
		}
	}
	return list
}

// field finds the count of a data field, or begins it.
func (r *Result) field(f Field) (*fieldCount, error) {
	r.fieldsMu.Lock()
	defer r.fieldsMu.Unlock()
	if c := r.fields[f]; c != nil {
		return c, nil
	}
	if len(r.fields) == maxFields {
		return nil, fmt.Errorf("more than %d data fields: %w", maxFields, eventlog.ErrTooLarge)
	}
	if r.closed.Load() {
		return nil, fs.ErrClosed
	}
	c := &fieldCount{field: f}
	r.fields[f] = c
	r.running.Go(func() { r.count(c) })
	return c, nil
}

// count walks over all events of the result once more, when it has them all.
func (r *Result) count(c *fieldCount) {
	select {
	case <-r.counted:
	case <-r.ctx.Done():
		return
	}
	sel := r.query.Selection
	sel.Want = dataFields
	opts := &scan.EachOptions{Options: r.scan, Info: true}
	if r.settles() {
		sel.Want = eventlog.DefaultFields | eventlog.FieldMessage.Bit()
	}
	t := &fieldTaker{r: r, c: c, runs: make([][]*run, len(r.query.Targets))}
	scan.Each(r.ctx, r.query.Targets, &sel, opts, t)
	r.mu.Lock()
	c.done = true
	r.mu.Unlock()
	r.changes.Changed()
}

// fieldTaker counts a data field of the events that are rows.
type fieldTaker struct {
	r    *Result
	c    *fieldCount
	runs [][]*run // of each target, as they stand in this walk; nil: it was not there before
}

func (*fieldTaker) Opening(int) {}

func (t *fieldTaker) Opened(target int, logs []scan.Opened) {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	for i := range logs {
		l := &logs[i]
		var found *run
		for _, run := range t.r.targets[target].runs {
			if run.log == l.Name {
				found = run
			}
		}
		if found != nil && found.generation != 0 && l.Known && l.Info.Generation != found.generation {
			t.c.err = fmt.Errorf("%s/%s: %w", found.server, found.log, eventlog.ErrMarkGone)
			found = nil
		}
		t.runs[target] = append(t.runs[target], found)
	}
}

func (t *fieldTaker) Take(s *scan.Stretch) {
	run := t.runs[s.Target][s.Log]
	if run == nil || run.newest == 0 {
		return
	}
	settles := t.r.settles()
	t.r.mu.Lock()
	for i := range s.Events {
		e := &s.Events[i]
		if e.RecordNumber <= run.newest && e.RecordNumber >= run.lowest && t.r.wanted(e, settles) {
			t.c.add(e)
		}
	}
	t.r.mu.Unlock()
	t.r.changes.Changed()
}

func (t *fieldTaker) Over(_ int, o *scan.Outcome) {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	if o.Err != nil {
		t.c.err = fmt.Errorf("%s: %w", o.Target, o.Err)
	}
}

var _ scan.Taker = (*fieldTaker)(nil)
