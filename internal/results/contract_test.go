package results

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/files"
	"netelf.example/internal/logtest"
	"netelf.example/scan"
	"netelf.example/service"
)

// write makes an .evt file of events.
func write(t *testing.T, name string, events []*eventlog.Event) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := evt.Create(f, &evt.WriterOptions{FirstRecord: uint32(events[0].RecordNumber)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// kept are the servers that keep the fixture's events.
func kept(t *testing.T) map[string]scan.Target {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Application.evt"), logtest.Events())
	s, err := service.Open(dir, &service.Options{Server: "bedrock"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	folder := t.TempDir()
	write(t, filepath.Join(folder, "Application.evt"), logtest.Events())
	return map[string]scan.Target{
		"service": {
			Name: "bedrock", Logs: []string{"Application"},
			Open: func(context.Context) (eventlog.Server, error) { return s.As(fred), nil },
		},
		"files": {
			Name: folder, Open: func(context.Context) (eventlog.Server, error) { return files.Open(folder, nil) },
		},
		"memory": {
			Name: "bedrock", Open: (&testServer{world: new(world), logs: []*testLog{
				{Memory: logtest.NewMemory(eventlog.Origin{Server: "bedrock", Log: "Application"}, logtest.Events())},
			}}).Open,
		},
	}
}

// TestContract holds results to the selection cases that every log answers alike:
// those that a result can be asked.
func TestContract(t *testing.T) {
	for name, target := range kept(t) {
		t.Run(name, func(t *testing.T) {
			origin := eventlog.Origin{Server: target.Name, Log: "Application"}
			if name == "files" {
				r := create(t, storeOf(t, nil), &Query{Targets: []scan.Target{target}})
				done(t, r)
				origin = *page(t, r, nil).Rows[0].Event.Origin
			}
			s := storeOf(t, &Options{PerOwner: 1})
			cases := 0
			for _, c := range logtest.Cases(origin) {
				sel := c.Selection
				if sel.Start != 0 || sel.After != nil || sel.Limit != 0 || sel.Budget != 0 || c.WantErr != nil {
					continue
				}
				if sel.Where != nil && sel.Where.Needs().Has(eventlog.FieldMessage) {
					continue // TestMessages
				}
				want := slices.Clone(c.Want)
				if !sel.Backward {
					slices.Reverse(want)
				}
				cases++
				sel.Backward, sel.Recovered = false, false
				r := create(t, s, &Query{Targets: []scan.Target{target}, Selection: sel})
				p := done(t, r)
				got := []uint64{}
				for _, want := range []eventlog.Fields{0, eventlog.AllFields} { // what was kept, and what is read again
					got = got[:0]
					for _, row := range page(t, r, &PageQuery{Want: want}).Rows {
						got = append(got, row.Record)
						if row.Err != nil {
							t.Fatalf("%s: record %d: %v", c.Name, row.Record, row.Err)
						}
						for _, e := range logtest.Events() {
							if e.RecordNumber == row.Record {
								if d := logtest.Diff(plain(row.Event), e); d != "" {
									t.Errorf("%s: record %d differs:%s", c.Name, row.Record, d)
								}
							}
						}
					}
				}
				if !slices.Equal(got, want) || p.Rows != uint64(len(want)) || p.Servers[0].State != eventlog.OK {
					t.Errorf("%s: records %v of %d, want %v; %+v", c.Name, got, p.Rows, want, p.Servers[0])
				}
			}
			if cases < 80 {
				t.Errorf("only %d cases could be asked", cases)
			}
		})
	}
}

// plain is an event without the text that was sought for it.
func plain(e *eventlog.Event) *eventlog.Event {
	e.Message, e.MessageBy = "", eventlog.NotSought
	return e
}

// A service that is cleared while its events are shown gives none of its new ones for
// them, though they have the same numbers and were written within the same second.
func TestServiceCleared(t *testing.T) {
	s, err := service.Open(t.TempDir(), &service.Options{Server: "bedrock", Sync: service.SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := s.As(fred)
	report := func(text string) {
		t.Helper()
		reporter, err := eventlog.RegisterSource(t.Context(), server, "quarry")
		if err != nil {
			t.Fatal(err)
		}
		defer reporter.Close()
		for range 400 {
			e := &eventlog.Event{Type: eventlog.Information, ID: 7, Source: "quarry", Strings: []string{text}}
			if _, err := reporter.Report(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	report("the old life")
	target := scan.Target{
		Name: "bedrock", Logs: []string{"Application"},
		Open: func(context.Context) (eventlog.Server, error) { return server, nil },
	}
	r := create(t, storeOf(t, nil), &Query{Targets: []scan.Target{target}})
	done(t, r)
	const at = 300
	for _, row := range page(t, r, &PageQuery{Rank: at, Want: eventlog.AllFields}).Rows {
		if row.Err != nil || row.Event.Strings[0] != "the old life" {
			t.Fatalf("before: %v, %v", row.Event, row.Err)
		}
	}
	l, err := server.OpenLog(t.Context(), "Application")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := eventlog.Clear(t.Context(), l, ""); err != nil {
		t.Fatal(err)
	}
	report("the new life")
	for _, row := range page(t, r, &PageQuery{Rank: at, Want: eventlog.AllFields}).Rows {
		if row.Event != nil || !errors.Is(row.Err, eventlog.ErrMarkGone) {
			t.Fatalf("behind: %v, %v", row.Event, row.Err)
		}
	}
}
