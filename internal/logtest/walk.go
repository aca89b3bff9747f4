package logtest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"netelf.example/eventlog"
)

// maxNext is far more than any walk of the fixture needs: one that does not end
// fails and does not hang.
const maxNext = 1000

// walked is what a walk gave.
type walked struct {
	records []uint64
	events  []*eventlog.Event // clones
	losses  []*eventlog.Loss
	late    bool // a loss came behind an event
	err     error
	marks   []eventlog.Mark
}

// walk reads l to its end, through Resolve if r is not nil.
func walk(t *testing.T, l eventlog.Log, s eventlog.Selection, r eventlog.Resolver) walked {
	t.Helper()
	c, err := l.Read(t.Context(), &s)
	if err != nil {
		return walked{err: err}
	}
	if r != nil {
		c = eventlog.Resolve(c, &s, r)
	}
	defer closeCursor(t, c)
	return drain(t, c)
}

// drain pulls c to its end with one Event.
func drain(t *testing.T, c eventlog.Cursor) (w walked) {
	t.Helper()
	var e eventlog.Event
	for range maxNext {
		err := c.Next(t.Context(), &e)
		var loss *eventlog.Loss
		switch {
		case err == nil:
			w.records = append(w.records, e.RecordNumber)
			w.events = append(w.events, e.Clone())
			continue
		case errors.As(err, &loss):
			w.losses = append(w.losses, loss)
			w.late = w.late || len(w.records) > 0
			continue
		}
		w.err = err
		if errors.Is(err, io.EOF) && err != io.EOF {
			t.Errorf("the end is %q, not io.EOF itself", err)
		}
		w.marks = c.AppendMarks(nil)
		if again := c.Next(t.Context(), &e); !sameErr(again, err) {
			t.Errorf("Next behind the end: %v, want %v again", again, err)
		}
		return w
	}
	t.Fatalf("the walk did not end after %d calls of Next", maxNext)
	return w
}

// sameErr says whether b is a as far as a caller can tell.
func sameErr(a, b error) bool {
	if a == nil || b == nil || a == io.EOF || b == io.EOF {
		return a == b
	}
	return a.Error() == b.Error()
}

func read(t *testing.T, l eventlog.Log, s eventlog.Selection) eventlog.Cursor {
	t.Helper()
	c, err := l.Read(t.Context(), &s)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return c
}

func closeCursor(t *testing.T, c eventlog.Cursor) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// next is Next that must give an event.
func next(t *testing.T, c eventlog.Cursor, e *eventlog.Event) {
	t.Helper()
	if err := c.Next(t.Context(), e); err != nil {
		t.Fatalf("Next: %v", err)
	}
}

// checkRecords compares record numbers in order.
func checkRecords(t *testing.T, what string, got, want []uint64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: records %v, want %v", what, got, want)
	}
}

// checkEnd compares how a walk ended; want nil is io.EOF.
func checkEnd(t *testing.T, what string, got, want error) {
	t.Helper()
	if want == nil {
		want = io.EOF
	}
	if !errors.Is(got, want) {
		t.Errorf("%s: ended with %v, want %v", what, got, want)
	}
}

// checkMark says whether a cursor has exactly one mark, of o and at record; the
// time, if there is one, must be that record's.
func checkMark(t *testing.T, c eventlog.Cursor, o eventlog.Origin, record uint64) {
	t.Helper()
	marks := c.AppendMarks(nil)
	if len(marks) != 1 {
		t.Errorf("%d marks of one log: %v", len(marks), marks)
		return
	}
	m := marks[0]
	if !eventlog.EqualFold(m.Server, o.Server) || !eventlog.EqualFold(m.Log, o.Log) {
		t.Errorf("mark is of %q in %q, want %q in %q", m.Log, m.Server, o.Log, o.Server)
	}
	if m.Record != record {
		t.Errorf("mark is at record %d, want %d", m.Record, record)
	}
	if e := event(record); e != nil && !m.Time.IsZero() && !m.Time.Equal(e.TimeWritten) {
		t.Errorf("mark at record %d has the time %v, want %v", record, m.Time, e.TimeWritten)
	}
}

// event is the fixture's event with a record number, nil if there is none.
func event(record uint64) *eventlog.Event {
	for _, e := range Events() {
		if e.RecordNumber == record {
			return e
		}
	}
	return nil
}

// Diff says field by field what got has and want has not, "" if they are equal.
// Origin, Offset, Raw and Extra are the log's own and not compared.
func Diff(got, want *eventlog.Event) string {
	s := ""
	field := func(name string, same bool, got, want any) {
		if !same {
			s += fmt.Sprintf("\n\t%s: got %+q, want %+q", name, got, want)
		}
	}
	number := func(name string, got, want uint64) {
		if got != want {
			s += fmt.Sprintf("\n\t%s: got %#x, want %#x", name, got, want)
		}
	}
	when := func(name string, got, want time.Time) {
		if !got.Equal(want) || got.Location() != time.UTC {
			s += fmt.Sprintf("\n\t%s: got %v, want %v", name, got, want)
		}
	}
	number("RecordNumber", got.RecordNumber, want.RecordNumber)
	when("TimeGenerated", got.TimeGenerated, want.TimeGenerated)
	when("TimeWritten", got.TimeWritten, want.TimeWritten)
	number("ID", uint64(got.ID), uint64(want.ID))
	number("Type", uint64(got.Type), uint64(want.Type))
	number("Level", uint64(got.Level), uint64(want.Level))
	number("Category", uint64(got.Category), uint64(want.Category))
	field("Source", got.Source == want.Source, got.Source, want.Source)
	field("Computer", got.Computer == want.Computer, got.Computer, want.Computer)
	field("User", got.User == want.User, got.User, want.User)
	field("Strings", slices.Equal(got.Strings, want.Strings), got.Strings, want.Strings)
	field("Data", slices.Equal(got.Data, want.Data), got.Data, want.Data)
	field("Message", got.Message == want.Message, got.Message, want.Message)
	field("CategoryName", got.CategoryName == want.CategoryName, got.CategoryName, want.CategoryName)
	field("MessageBy", got.MessageBy == want.MessageBy, got.MessageBy.String(), want.MessageBy.String())
	if got.Recovered != want.Recovered {
		s += fmt.Sprintf("\n\tRecovered: got %v, want %v", got.Recovered, want.Recovered)
	}
	return s
}

// checkEvents compares whole events with those of the fixture that have the
// record numbers want.
func checkEvents(t *testing.T, got []*eventlog.Event, want []uint64) {
	t.Helper()
	var records []uint64
	for _, e := range got {
		records = append(records, e.RecordNumber)
		if w := event(e.RecordNumber); w == nil {
			t.Errorf("record %d is not in the fixture", e.RecordNumber)
		} else if d := Diff(e, w); d != "" {
			t.Errorf("record %d differs:%s", e.RecordNumber, d)
		}
	}
	checkRecords(t, "events", records, want)
}
