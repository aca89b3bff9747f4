package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// server is logs in memory that can be listed.
type server struct {
	logs   []eventlog.Log
	names  []string
	list   error // of Logs
	closed *atomic.Int32
}

func (s *server) Logs(context.Context) ([]eventlog.Info, error) {
	if s.list != nil {
		return nil, s.list
	}
	var infos []eventlog.Info
	for _, n := range s.names {
		infos = append(infos, eventlog.Info{Name: n})
	}
	return infos, nil
}

func (s *server) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	for i, n := range s.names {
		if eventlog.EqualFold(n, name) {
			return s.logs[i], nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (s *server) Close() error {
	if s.closed != nil {
		s.closed.Add(1)
	}
	return nil
}

// target is a Target of logs, named after their Origin.
func target(name string, logs ...*logtest.Memory) Target {
	s := &server{}
	for _, l := range logs {
		s.logs = append(s.logs, l)
		s.names = append(s.names, l.Origin.Log)
	}
	return Target{Name: name, Open: s.open}
}

func (s *server) open(context.Context) (eventlog.Server, error) { return s, nil }

var day = time.Date(2003, 2, 1, 8, 0, 0, 0, time.UTC)

// memory is a log of events at the given seconds, numbered from 1.
func memory(server, log string, seconds ...int) *logtest.Memory {
	var events []*eventlog.Event
	for i, s := range seconds {
		t := day.Add(time.Duration(s) * time.Second)
		events = append(events, &eventlog.Event{
			RecordNumber: uint64(i + 1), TimeGenerated: t, TimeWritten: t, Type: eventlog.Information,
			Level: eventlog.LevelInformation, Source: "Test", Computer: server,
			ID: eventlog.EventID(i % 7), Strings: []string{log, fmt.Sprint(i + 1)}, Data: []byte{byte(i)}, Offset: -1,
		})
	}
	return logtest.NewMemory(eventlog.Origin{Server: server, Log: log}, events)
}

// world is targets with random logs. Times mostly ascend; if steps, they
// sometimes step back.
func world(rnd *rand.Rand, servers, logs, events int, steps bool) (targets []Target, all []*logtest.Memory) {
	for i := range servers {
		var of []*logtest.Memory
		for j := range rnd.IntN(logs) + 1 {
			var seconds []int
			now := rnd.IntN(20)
			for range rnd.IntN(events + 1) {
				now += rnd.IntN(4)
				if steps && rnd.IntN(8) == 0 {
					now -= rnd.IntN(12)
				}
				seconds = append(seconds, now)
			}
			of = append(of, memory(fmt.Sprintf("srv%02d", i), fmt.Sprintf("log%02d", j), seconds...))
		}
		targets = append(targets, target(fmt.Sprintf("srv%02d", i), of...))
		all = append(all, of...)
	}
	rnd.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
	return targets, all
}

// id says which event e is.
func id(e *eventlog.Event) string {
	return fmt.Sprintf("%s:%s:%d:%s:%q:%x", e.TimeWritten.Format("15:04:05"), e.Origin, e.RecordNumber, e.Computer, e.Strings, e.Data)
}

// reference is the plain merge: of all next events the first by time, server,
// log and record, or the last.
func reference(logs []*logtest.Memory, backward bool, match func(*eventlog.Event) bool) (ids []string) {
	var rest [][]*eventlog.Event
	for _, l := range logs {
		var events []*eventlog.Event
		for _, e := range l.Events {
			if match == nil || match(e) {
				events = append(events, e)
			}
		}
		if backward {
			slices.Reverse(events)
		}
		rest = append(rest, events)
	}
	before := func(a, b *eventlog.Event) bool {
		c := a.TimeWritten.Compare(b.TimeWritten)
		if c == 0 {
			if a.Origin.Server != b.Origin.Server {
				c = 1
				if a.Origin.Server < b.Origin.Server {
					c = -1
				}
			} else {
				c = 1
				if a.Origin.Log < b.Origin.Log {
					c = -1
				}
			}
		}
		if backward {
			return c > 0
		}
		return c < 0
	}
	for {
		best := -1
		for i := range rest {
			if len(rest[i]) > 0 && (best < 0 || before(rest[i][0], rest[best][0])) {
				best = i
			}
		}
		if best < 0 {
			return ids
		}
		ids = append(ids, id(rest[best][0]))
		rest[best] = rest[best][1:]
	}
}

// drain walks c to its end.
func drain(t testing.TB, c *Cursor) (ids []string, losses []*eventlog.Loss, err error) {
	t.Helper()
	var e eventlog.Event
	for {
		err := c.Next(t.Context(), &e)
		var loss *eventlog.Loss
		switch {
		case err == nil:
			ids = append(ids, id(&e))
		case errors.As(err, &loss):
			losses = append(losses, loss)
		default:
			if again := c.Next(t.Context(), &e); again != err {
				t.Errorf("Next after the end: %v, want %v again", again, err)
			}
			return ids, losses, err
		}
	}
}

// whole is drain where all must go well.
func whole(t testing.TB, targets []Target, sel *eventlog.Selection, opts *Options) []string {
	t.Helper()
	c := Open(t.Context(), targets, sel, opts)
	defer c.Close()
	ids, losses, err := drain(t, c)
	if err != io.EOF || len(losses) > 0 {
		t.Errorf("end: %v, losses %v, want EOF and none", err, losses)
	}
	return ids
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%d events, want %d; from %d on\n got %q\nwant %q", len(got), len(want), i,
				got[min(i, len(got)):min(i+3, len(got))], want[min(i, len(want)):min(i+3, len(want))])
		}
	}
}
