package logtest

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"sort"
	"sync"

	"netelf.example/eventlog"
)

// Memory is a Log over a slice. It fills in of an event only what is wanted (the
// numbers always, strings and bytes only if a Selection asks for them), never
// ends a walk early because of a time, and knows nothing of recovered records.
//
// The fields below Events make its walks go wrong. All fields must be set before
// the first Read.
type Memory struct {
	Origin eventlog.Origin
	Events []*eventlog.Event // ascending by RecordNumber, all of Origin; gaps are well

	// Losses are given before the event with this record number, in the
	// direction of the walk, whether or not it matches.
	Losses map[uint64]*eventlog.Loss

	// Fail is what Next answers after FailAfter events were given; nil: it does
	// not fail.
	Fail      error
	FailAfter int

	// Block makes Next wait, after BlockAfter events were given, until its
	// context is done or the Cursor is closed.
	Block      bool
	BlockAfter int
}

var _ eventlog.Log = (*Memory)(nil)

// NewMemory is a Log of clones of events, whose Origin becomes origin.
func NewMemory(origin eventlog.Origin, events []*eventlog.Event) *Memory {
	m := &Memory{Origin: origin}
	for _, e := range events {
		c := e.Clone()
		c.Origin = &m.Origin
		m.Events = append(m.Events, c)
	}
	return m
}

// Info implements eventlog.Log.
func (m *Memory) Info(ctx context.Context) (eventlog.Info, error) {
	if err := ctx.Err(); err != nil {
		return eventlog.Info{}, err
	}
	i := eventlog.Info{Name: m.Origin.Log, Channel: cmp.Or(m.Origin.Channel, m.Origin.Log)}
	i.Oldest, i.Next = m.bounds()
	if n := len(m.Events); n > 0 {
		i.OldestTime, i.NewestTime = m.Events[0].TimeWritten, m.Events[n-1].TimeWritten
	}
	return i, nil
}

func (m *Memory) bounds() (oldest, next uint64) {
	if len(m.Events) == 0 {
		return 0, 1
	}
	return m.Events[0].RecordNumber, m.Events[len(m.Events)-1].RecordNumber + 1
}

// index is that of the first event whose record number is at least n.
func (m *Memory) index(n uint64) int {
	return sort.Search(len(m.Events), func(i int) bool { return m.Events[i].RecordNumber >= n })
}

// Read implements eventlog.Log.
func (m *Memory) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	oldest, next := m.bounds()
	first, lost, err := s.First(&m.Origin, oldest, next)
	if err != nil {
		return nil, err
	}
	c := &cursor{log: m, back: s.Backward, want: s.Wanted(), judge: eventlog.NewJudge(s), closed: make(chan struct{})}
	c.mark = eventlog.Mark{Server: m.Origin.Server, Log: m.Origin.Log}
	if mark := s.Mark(&m.Origin); mark != nil {
		c.mark.Record, c.mark.Time = mark.Record, mark.Time
		i := m.index(mark.Record)
		if !mark.Time.IsZero() && i < len(m.Events) && m.Events[i].RecordNumber == mark.Record &&
			!m.Events[i].TimeWritten.Equal(mark.Time) {
			return nil, eventlog.ErrMarkGone
		}
	}
	c.pending = lost
	if c.i = m.index(first); c.back && (c.i == len(m.Events) || m.Events[c.i].RecordNumber > first) {
		c.i--
	}
	return c, nil
}

// Close implements eventlog.Log.
func (m *Memory) Close() error { return nil }

type cursor struct {
	log     *Memory
	back    bool
	want    eventlog.Fields
	judge   *eventlog.Judge
	i       int            // of the next event
	pending *eventlog.Loss // to be given first
	told    bool           // the loss before event i was given
	given   int
	mark    eventlog.Mark
	err     error // the end

	once   sync.Once
	closed chan struct{}
}

func (c *cursor) Next(ctx context.Context, e *eventlog.Event) error {
	select {
	case <-c.closed:
		return fs.ErrClosed
	default:
	}
	if c.err != nil {
		return c.err
	}
	err := c.next(ctx, e)
	if _, loss := err.(*eventlog.Loss); err != nil && !loss {
		c.err = err
	}
	return err
}

func (c *cursor) next(ctx context.Context, e *eventlog.Event) error {
	m := c.log
	if l := c.pending; l != nil {
		c.pending = nil
		c.mark.Record, _ = l.Behind(c.back)
		c.mark.Time = eventlog.Mark{}.Time
		return l
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		more := c.judge.More()
		if more == io.EOF {
			return more
		}
		if m.Fail != nil && c.given >= m.FailAfter {
			return m.Fail
		}
		if m.Block && c.given >= m.BlockAfter {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-c.closed:
				return fs.ErrClosed
			}
		}
		if c.i < 0 || c.i >= len(m.Events) {
			return io.EOF
		}
		if more != nil {
			return more
		}
		from := m.Events[c.i]
		if l := m.Losses[from.RecordNumber]; l != nil && !c.told {
			c.told = true
			return l
		}
		c.told = false
		if c.back {
			c.i--
		} else {
			c.i++
		}
		c.mark.Record, c.mark.Time = from.RecordNumber, from.TimeWritten
		if c.judge.Take(from) != eventlog.No {
			fill(e, from, c.want)
			c.given++
			return nil
		}
	}
}

func (c *cursor) AppendMarks(marks []eventlog.Mark) []eventlog.Mark { return append(marks, c.mark) }

func (c *cursor) Examined() uint64 { return c.judge.Examined() }

func (c *cursor) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// fill copies into e what is wanted of from.
func fill(e, from *eventlog.Event, want eventlog.Fields) {
	e.Reset()
	e.Origin = from.Origin
	e.RecordNumber, e.TimeGenerated, e.TimeWritten = from.RecordNumber, from.TimeGenerated, from.TimeWritten
	e.ID, e.Type, e.Level, e.Category = from.ID, from.Type, from.Level, from.Category
	e.Offset, e.Recovered = from.Offset, from.Recovered
	if want.Has(eventlog.FieldSource) {
		e.Source = from.Source
	}
	if want.Has(eventlog.FieldComputer) {
		e.Computer = from.Computer
	}
	if want.Has(eventlog.FieldUser) {
		e.User = from.User
	}
	if want.Has(eventlog.FieldString) || want.Has(eventlog.FieldNamed) {
		e.Strings = append(e.Strings, from.Strings...)
	}
	if want.Has(eventlog.FieldData) {
		e.Data = append(e.Data, from.Data...)
	}
	if want.Has(eventlog.FieldMessage) {
		e.Message, e.MessageBy = from.Message, from.MessageBy
	}
	if want.Has(eventlog.FieldCategoryName) {
		e.CategoryName = from.CategoryName
	}
	if want.Has(eventlog.FieldRaw) {
		e.Raw = append(e.Raw, from.Raw...)
	}
	if from.Extra != nil {
		e.Extra = from.Clone().Extra
		if !want.Has(eventlog.FieldXML) {
			e.Extra.XML = ""
		}
	}
}
