package eventlog

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
)

// list is a Cursor over events and errors, ended by io.EOF. It neither selects
// nor counts: what it holds is what a log would yield.
type list struct {
	items  []any
	i      int
	closed bool
}

func (c *list) Next(ctx context.Context, e *Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.i == len(c.items) {
		return io.EOF
	}
	c.i++
	switch x := c.items[c.i-1].(type) {
	case error:
		return x
	case *Event:
		*e = *x.Clone()
	}
	return nil
}

func (c *list) AppendMarks(m []Mark) []Mark { return append(m, Mark{Record: uint64(c.i)}) }
func (c *list) Close() error                { c.closed = true; return nil }
func (c *list) Examined() uint64            { return uint64(c.i) }

// texts resolves by record number and notes what it was asked.
type texts struct {
	byRecord map[uint64]string
	langs    []string
}

func (r *texts) Message(lang string, e *Event) (string, TextBy) {
	r.langs = append(r.langs, lang)
	if s, ok := r.byRecord[e.RecordNumber]; ok {
		return s, ByCatalogue
	}
	return "", NotFound
}

func events(n int) []any {
	var items []any
	for i := range n {
		items = append(items, &Event{RecordNumber: uint64(i + 1)})
	}
	return items
}

// resolved walks and gives record numbers, texts and the end.
func walkResolved(t *testing.T, c Cursor) (records []uint64, messages []string, err error) {
	t.Helper()
	var e Event
	for range 100 {
		if err = c.Next(t.Context(), &e); err != nil {
			return records, messages, err
		}
		records = append(records, e.RecordNumber)
		messages = append(messages, e.MessageBy.String()+":"+e.Message)
	}
	t.Fatal("the walk does not end")
	return nil, nil, nil
}

func TestResolve(t *testing.T) {
	logon := TextTerm(FieldMessage, Contains, "logon")
	message := DefaultFields | FieldMessage.Bit()
	for _, x := range []struct {
		name     string
		s        Selection
		records  []uint64
		messages []string
		asked    int
		left     []uint64 // the mark at the end
	}{
		{"not wanted", Selection{}, []uint64{1, 2, 3, 4}, []string{"not sought:", "not sought:", "not sought:", "not sought:"}, 0, []uint64{4}},
		{"wanted", Selection{Want: message}, []uint64{1, 2, 3, 4},
			[]string{"not found:", "catalogue:Successful Logon", "catalogue:Disk", "catalogue:Logon Failure"}, 4, []uint64{4}},
		{"wanted, the limit is the log's", Selection{Want: message, Limit: 1}, []uint64{1, 2, 3, 4},
			[]string{"not found:", "catalogue:Successful Logon", "catalogue:Disk", "catalogue:Logon Failure"}, 4, []uint64{4}},
		{"settled", Selection{Where: logon}, []uint64{2, 4}, []string{"catalogue:Successful Logon", "catalogue:Logon Failure"}, 4, []uint64{4}},
		{"settled, not", Selection{Where: Not{logon}}, []uint64{1, 3}, []string{"not found:", "catalogue:Disk"}, 4, []uint64{4}},
		{"settled with a limit", Selection{Where: logon, Limit: 1}, []uint64{2}, []string{"catalogue:Successful Logon"}, 2, []uint64{2}},
		{"settled with the limit at the end", Selection{Where: logon, Limit: 2}, []uint64{2, 4},
			[]string{"catalogue:Successful Logon", "catalogue:Logon Failure"}, 4, []uint64{4}},
		{"settled with little wanted", Selection{Where: logon, Want: FieldRecord.Bit()}, []uint64{2, 4},
			[]string{"catalogue:Successful Logon", "catalogue:Logon Failure"}, 4, []uint64{4}},
	} {
		r := &texts{byRecord: map[uint64]string{2: "Successful Logon", 3: "Disk", 4: "Logon Failure"}}
		inner := &list{items: events(4)}
		x.s.Lang = "de-AT"
		c := Resolve(inner, &x.s, r)
		records, messages, err := walkResolved(t, c)
		if !slices.Equal(records, x.records) || !slices.Equal(messages, x.messages) || err != io.EOF {
			t.Errorf("%s: %v %q, %v, want %v %q", x.name, records, messages, err, x.records, x.messages)
		}
		if len(r.langs) != x.asked || x.asked > 0 && r.langs[0] != "de-AT" {
			t.Errorf("%s: asked in %q, want %d times", x.name, r.langs, x.asked)
		}
		if m := c.AppendMarks(nil); m[0].Record != x.left[0] || Examined(c) != x.left[0] {
			t.Errorf("%s: mark %v, examined %d, want %v", x.name, m, Examined(c), x.left)
		}
		if err := c.Next(t.Context(), new(Event)); err != io.EOF {
			t.Errorf("%s: behind the end: %v", x.name, err)
		}
		if err := c.Close(); err != nil || !inner.closed {
			t.Errorf("%s: Close: %v, closed %v", x.name, err, inner.closed)
		}
	}
}

// categorised is texts that knows a category too.
type categorised struct{ texts }

func (*categorised) Category(lang string, e *Event) (string, TextBy) {
	if e.Category == 2 {
		return "Logon/Logoff " + lang, ByCatalogue
	}
	return "", NotFound
}

// counting counts what it gives, as a walk with outcomes does.
type counting struct {
	list
	count int
}

func (c *counting) Next(ctx context.Context, e *Event) error {
	err := c.list.Next(ctx, e)
	if err == nil {
		c.count++
	}
	return err
}

func (c *counting) Settle(wanted bool) {
	if !wanted {
		c.count--
	}
}

// TestResolveCategory: a category has its name where that is wanted and nobody gave it
// one before.
func TestResolveCategory(t *testing.T) {
	items := func() []any {
		return []any{&Event{RecordNumber: 1, Category: 2}, &Event{RecordNumber: 2}, &Event{RecordNumber: 3, Category: 3}, &Event{RecordNumber: 4, Category: 2, CategoryName: "by the server"}}
	}
	for _, x := range []struct {
		name string
		want Fields
		by   Resolver
		out  []string
	}{
		{"wanted", FieldCategoryName.Bit(), &categorised{}, []string{"not sought Logon/Logoff de", "not sought ", "not sought ", "not sought by the server"}},
		{"with text", FieldCategoryName.Bit() | FieldMessage.Bit(), &categorised{}, []string{"not found Logon/Logoff de", "not found ", "not found ", "not found by the server"}},
		{"not wanted", FieldMessage.Bit(), &categorised{}, []string{"not found ", "not found ", "not found ", "not found by the server"}},
		{"not known", FieldCategoryName.Bit(), &texts{}, []string{"not sought ", "not sought ", "not sought ", "not sought by the server"}},
	} {
		c := Resolve(&list{items: items()}, &Selection{Want: x.want, Lang: "de"}, x.by)
		var got []string
		var e Event
		for c.Next(t.Context(), &e) == nil {
			got = append(got, e.MessageBy.String()+" "+e.CategoryName)
		}
		if !slices.Equal(got, x.out) {
			t.Errorf("%s: %q, want %q", x.name, got, x.out)
		}
	}
}

// TestResolveSettles: who counts is told of events that were not wanted after all.
func TestResolveSettles(t *testing.T) {
	inner := &counting{list: list{items: events(4)}}
	r := &texts{byRecord: map[uint64]string{2: "Successful Logon", 4: "Logon Failure"}}
	c := Resolve(inner, &Selection{Where: TextTerm(FieldMessage, Contains, "logon")}, r)
	if records, _, err := walkResolved(t, c); len(records) != 2 || err != io.EOF || inner.count != 2 {
		t.Errorf("%d events, %d counted, %v", len(records), inner.count, err)
	}
}

func TestResolveNil(t *testing.T) {
	s := &Selection{Where: Or{NumTerm(FieldRecord, Eq, 1), TextTerm(FieldMessage, Contains, "")}}
	records, messages, err := walkResolved(t, Resolve(&list{items: events(3)}, s, nil))
	if !slices.Equal(records, []uint64{1}) || !slices.Equal(messages, []string{"not found:"}) || err != io.EOF {
		t.Errorf("without a Resolver: %v %q, %v", records, messages, err)
	}
}

// TestResolveKeeps has events that carry their text: nobody else is asked.
func TestResolveKeeps(t *testing.T) {
	items := []any{
		&Event{RecordNumber: 1, Message: "logon by event", MessageBy: ByEvent},
		&Event{RecordNumber: 2, Message: "logon by server", MessageBy: ByServer},
		&Event{RecordNumber: 3, MessageBy: NotFound},
	}
	r := &texts{byRecord: map[uint64]string{1: "x", 2: "x", 3: "logon"}}
	s := &Selection{Where: TextTerm(FieldMessage, Prefix, "logon")}
	records, messages, err := walkResolved(t, Resolve(&list{items: items}, s, r))
	if !slices.Equal(records, []uint64{1, 2}) || !slices.Equal(messages, []string{"event:logon by event", "server:logon by server"}) || err != io.EOF {
		t.Errorf("%v %q, %v", records, messages, err)
	}
	if len(r.langs) != 0 {
		t.Errorf("asked %d times", len(r.langs))
	}
}

// TestResolveErrors lets losses and failures through as they are.
func TestResolveErrors(t *testing.T) {
	loss, broken := &Loss{First: 3, Last: 4}, errors.New("broken")
	c := Resolve(&list{items: append(events(1), loss, broken)}, &Selection{Where: TextTerm(FieldMessage, Eq, "x")}, &texts{})
	for _, want := range []error{loss, broken, io.EOF} {
		if err := c.Next(t.Context(), new(Event)); err != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if Examined(struct{ Cursor }{c}) != 0 {
		t.Error("a Cursor that does not count was counted")
	}
}

// listLog is a Log of one walk and no ability.
type listLog struct {
	cursor *list
	err    error
}

func (l *listLog) Info(context.Context) (Info, error) { return Info{}, nil }
func (l *listLog) Close() error                       { return nil }
func (l *listLog) Read(context.Context, *Selection) (Cursor, error) {
	if l.err != nil {
		return nil, l.err
	}
	return l.cursor, nil
}

func TestAll(t *testing.T) {
	loss, broken := &Loss{First: 3, Last: 4}, errors.New("broken")
	for _, x := range []struct {
		name   string
		log    *listLog
		stop   int // after so many pairs; 0: never
		events int
		errs   []error
	}{
		{"all", &listLog{cursor: &list{items: events(3)}}, 0, 3, nil},
		{"loss", &listLog{cursor: &list{items: append([]any{loss}, events(3)...)}}, 0, 3, []error{loss}},
		{"failure", &listLog{cursor: &list{items: append(events(2), broken, &Event{})}}, 0, 2, []error{broken}},
		{"refused", &listLog{err: broken}, 0, 0, []error{broken}},
		{"stopped at an event", &listLog{cursor: &list{items: events(3)}}, 1, 1, nil},
		{"stopped at a loss", &listLog{cursor: &list{items: append([]any{loss}, events(3)...)}}, 1, 0, []error{loss}},
	} {
		var got []*Event
		var errs []error
		for e, err := range All(t.Context(), x.log, nil) {
			if err != nil {
				errs = append(errs, err)
			} else {
				got = append(got, e)
			}
			if (e == nil) != (err != nil) {
				t.Errorf("%s: %v with %v", x.name, e, err)
			}
			if len(got)+len(errs) == x.stop {
				break
			}
		}
		if len(got) != x.events || !slices.Equal(errs, x.errs) {
			t.Errorf("%s: %d events, %v, want %d, %v", x.name, len(got), errs, x.events, x.errs)
		}
		for i, e := range got {
			if e.RecordNumber != uint64(i+1) {
				t.Errorf("%s: event %d is record %d: not a clone", x.name, i, e.RecordNumber)
			}
		}
		if x.log.cursor != nil && !x.log.cursor.closed {
			t.Errorf("%s: not closed", x.name)
		}
	}
}
