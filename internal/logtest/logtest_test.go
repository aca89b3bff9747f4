package logtest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

func TestRun(t *testing.T) {
	for name, o := range map[string]eventlog.Origin{
		"log":  {Server: "srv1", Log: "System"},
		"file": {Log: "/var/log/App Event.evt"},
	} {
		t.Run(name, func(t *testing.T) {
			Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log { return NewMemory(o, events) })
		})
	}
}

// TestEvents says of the fixture what the table relies on, and that a classic
// record can hold it.
func TestEvents(t *testing.T) {
	events := Events()
	var steps, types = 0, map[eventlog.Type]bool{}
	for i, e := range events {
		if e.RecordNumber != First+uint64(i) {
			t.Errorf("event %d is record %d", i, e.RecordNumber)
		}
		if e.TimeGenerated.Nanosecond() != 0 || e.TimeWritten.Nanosecond() != 0 || e.TimeWritten.Before(e.TimeGenerated) {
			t.Errorf("record %d: times %v, %v", e.RecordNumber, e.TimeGenerated, e.TimeWritten)
		}
		if i > 0 && e.TimeWritten.Before(events[i-1].TimeWritten) {
			steps++
			if events[i-1].TimeWritten.Sub(e.TimeWritten) >= eventlog.DefaultSlack {
				t.Errorf("record %d steps back by more than the slack", e.RecordNumber)
			}
		}
		if s, err := nt.ParseSID(string(e.User)); e.User != "" && (err != nil || s != e.User) {
			t.Errorf("record %d: user %q: %v, %v", e.RecordNumber, e.User, s, err)
		}
		for _, s := range append([]string{e.Source, e.Computer}, e.Strings...) {
			if strings.Contains(s, "\x00") || strings.ToValidUTF8(s, "") != s {
				t.Errorf("record %d: a string that is not one: %q", e.RecordNumber, s)
			}
		}
		types[e.Type] = true
	}
	if events[len(events)-1].RecordNumber != Last || steps != 1 || len(types) != 7 {
		t.Errorf("last %d, %d steps back, %d types", events[len(events)-1].RecordNumber, steps, len(types))
	}
	events[0].Source = "changed"
	if Events()[0].Source != "EventLog" {
		t.Error("Events are shared")
	}
}

func TestCases(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Cases(eventlog.Origin{Server: "s", Log: "l"}) {
		if names[c.Name] {
			t.Errorf("two cases are called %q", c.Name)
		}
		names[c.Name] = true
		if err := eventlog.CheckExpr(c.Selection.Where); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if c.Selection.Want != 0 {
			t.Errorf("%s: has a Want", c.Name)
		}
	}
}

func TestDiff(t *testing.T) {
	a, b := Events()[0], Events()[0]
	a.Origin, a.Raw, a.Offset, a.Extra = new(eventlog.Origin), []byte{1}, 5, new(eventlog.Extra)
	a.Strings, a.Data = []string{}, []byte{}
	if d := Diff(a, b); d != "" {
		t.Errorf("equal events differ:%s", d)
	}
	a.ID, a.Source, a.Strings = 1, "x", []string{"y"}
	want := "\n\tID: got 0x1, want 0x80001775\n\tSource: got \"x\", want \"EventLog\"\n\tStrings: got [\"y\"], want []"
	if d := Diff(a, b); d != want {
		t.Errorf("Diff: %q, want %q", d, want)
	}
}

var origin = eventlog.Origin{Server: "srv1", Log: "System"}

func TestMemoryWant(t *testing.T) {
	events := Events()
	events[1].Message, events[1].MessageBy = "text", eventlog.ByEvent
	events[1].Extra = &eventlog.Extra{XML: "<Event/>", Names: []string{"a"}}
	events[1].Raw = []byte("raw")
	m := NewMemory(origin, events)
	get := func(want eventlog.Fields) *eventlog.Event {
		c := read(t, m, eventlog.Selection{Start: 6, Want: want})
		defer closeCursor(t, c)
		var e eventlog.Event
		next(t, c, &e)
		return &e
	}
	if e := get(eventlog.FieldCode.Bit()); e.Source+e.Computer+string(e.User)+e.Message+e.Extra.XML != "" || len(e.Strings)+len(e.Data)+len(e.Raw) != 0 {
		t.Errorf("not wanted and filled: %+v", e)
	}
	if e := get(eventlog.AllFields); Diff(e, events[1]) != "" || e.Extra.XML == "" || string(e.Raw) != "raw" {
		t.Errorf("wanted and not filled: %+v", e)
	}
}

func TestMemoryLosses(t *testing.T) {
	m := NewMemory(origin, Events())
	loss := &eventlog.Loss{First: 8, Err: eventlog.ErrCorrupt}
	m.Losses = map[uint64]*eventlog.Loss{9: loss, 18: loss}
	for _, s := range []eventlog.Selection{{}, {Backward: true}, {Where: eventlog.Or{}}} {
		w := walk(t, m, s, nil)
		if len(w.losses) != 2 || w.losses[0] != loss || w.err != io.EOF {
			t.Errorf("losses %v, %v", w.losses, w.err)
		}
		if s.Where == nil && len(w.records) != len(all) {
			t.Errorf("records %v", w.records)
		}
	}
}

func TestMemoryFail(t *testing.T) {
	m := NewMemory(origin, Events())
	m.Fail, m.FailAfter = fs.ErrPermission, 3
	w := walk(t, m, eventlog.Selection{}, nil)
	checkRecords(t, "fail", w.records, all[:3])
	checkEnd(t, "fail", w.err, fs.ErrPermission)
	checkEnd(t, "limit before", walk(t, m, eventlog.Selection{Limit: 3}, nil).err, io.EOF)
}

func TestMemoryBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(origin, Events())
		m.Block, m.BlockAfter = true, 2
		for _, want := range []error{context.Canceled, fs.ErrClosed} {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := read(t, m, eventlog.Selection{})
			ended := make(chan error)
			go func() {
				var e eventlog.Event
				for {
					if err := c.Next(ctx, &e); err != nil {
						ended <- err
						return
					}
				}
			}()
			synctest.Wait()
			select {
			case err := <-ended:
				t.Fatalf("did not block: %v", err)
			default:
			}
			if want == fs.ErrClosed {
				closeCursor(t, c)
			} else {
				cancel()
			}
			if err := <-ended; !errors.Is(err, want) {
				t.Errorf("ended with %v, want %v", err, want)
			}
			closeCursor(t, c)
		}
	})
}

// TestMemoryGaps walks over numbers that are not there.
func TestMemoryGaps(t *testing.T) {
	m := NewMemory(origin, slices.DeleteFunc(Events(), func(e *eventlog.Event) bool { return e.RecordNumber%3 != 0 })) // 6 9 12 15 18
	for _, x := range []struct {
		s    eventlog.Selection
		want []uint64
	}{
		{eventlog.Selection{}, []uint64{6, 9, 12, 15, 18}},
		{eventlog.Selection{Start: 10}, []uint64{12, 15, 18}},
		{eventlog.Selection{Start: 10, Backward: true}, []uint64{9, 6}},
		{eventlog.Selection{After: []eventlog.Mark{{Server: "srv1", Log: "System", Record: 13}}}, []uint64{15, 18}},
		{eventlog.Selection{After: []eventlog.Mark{{Server: "srv1", Log: "System", Record: 13}}, Backward: true}, []uint64{12, 9, 6}},
	} {
		checkRecords(t, "gaps", walk(t, m, x.s, nil).records, x.want)
	}
}
