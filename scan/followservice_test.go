package scan_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/nt"
	"netelf.example/scan"
	"netelf.example/service"
)

var administrator = eventlog.Caller{Name: "tester", Door: "test", SIDs: []eventlog.SID{nt.SIDAdministrators, nt.SIDAuthenticatedUsers}}

// daemon is the service that is started and stopped, with its socket.
type daemon struct {
	t           *testing.T
	dir, socket string

	mu   sync.Mutex
	s    *service.Service // nil: it does not run
	http *http.Server
	done chan error
}

func newDaemon(t *testing.T) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "follow") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	d := &daemon{t: t, dir: t.TempDir(), socket: filepath.Join(dir, "s")}
	d.start()
	t.Cleanup(func() {
		if d.s != nil {
			d.stop()
		}
	})
	return d
}

func (d *daemon) start() {
	d.t.Helper()
	s, err := service.Open(d.dir, &service.Options{Sync: service.SyncNone, Server: "inside"})
	if err != nil {
		d.t.Fatal(err)
	}
	l, err := net.Listen("unix", d.socket)
	if err != nil {
		d.t.Fatal(err)
	}
	h := &http.Server{Handler: server.New(server.Options{
		Caller: func(*http.Request) (eventlog.Caller, error) { return administrator, nil },
		For:    func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
	})}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.s, d.http, d.done = s, h, done
}

// stop ends the service first, so that followers are told, and then the
// connections.
func (d *daemon) stop() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.s.Close(); err != nil {
		d.t.Error(err)
	}
	if err := d.http.Close(); err != nil {
		d.t.Error(err)
	}
	if err := <-d.done; !errors.Is(err, http.ErrServerClosed) {
		d.t.Error(err)
	}
	d.s = nil
}

// targets are the service from within and by its socket.
func (d *daemon) targets() map[string]scan.Target {
	return map[string]scan.Target{
		"service": {Name: "service", Open: func(context.Context) (eventlog.Server, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.s == nil {
				return nil, errors.New("it does not run")
			}
			return d.s.As(administrator), nil
		}},
		"socket": {Name: "socket", Open: func(context.Context) (eventlog.Server, error) {
			return api.Unix(d.socket, "outside"), nil
		}},
	}
}

// report reports n events of a log.
func (d *daemon) report(log string, n int) {
	d.t.Helper()
	source := "Crusher"
	srv := d.s.As(administrator)
	if log != "Application" {
		source += " of " + log
		if err := eventlog.SetSource(d.t.Context(), srv, eventlog.Source{Name: source, Log: log}); err != nil {
			d.t.Fatal(err)
		}
	}
	r, err := eventlog.RegisterSource(d.t.Context(), srv, source)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := range n {
		if _, err := r.Report(d.t.Context(), &eventlog.Event{ID: eventlog.EventID(i), Type: eventlog.Warning, Strings: []string{"belt"}}); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *daemon) info(log string) eventlog.Info {
	d.t.Helper()
	l, err := d.s.As(administrator).OpenLog(d.t.Context(), log)
	if err != nil {
		d.t.Fatal(err)
	}
	i, err := l.Info(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return i
}

// TestFollowService follows the real service through restarts, from within and
// over its socket: each record of each log comes once and in order.
func TestFollowService(t *testing.T) {
	for name := range (&daemon{}).targets() {
		t.Run(name, func(t *testing.T) {
			d := newDaemon(t)
			d.report("Application", 3)
			told := make(chan scan.Notice, 100)
			c := scan.Follow(t.Context(), []scan.Target{d.targets()[name]},
				&eventlog.Selection{Want: eventlog.DefaultFields | eventlog.FieldMessage.Bit()},
				&scan.FollowOptions{Last: 1000, Retry: time.Millisecond, MaxRetry: 50 * time.Millisecond, Notice: func(n scan.Notice) { told <- n }})
			given := make(chan any, 10000) // events and errors, as soon as they come
			var reading sync.WaitGroup
			reading.Go(func() {
				for {
					var e eventlog.Event
					err := c.Next(t.Context(), &e)
					if _, ok := eventlog.AsLoss(err); err != nil {
						if given <- err; !ok {
							return
						}
						continue
					}
					given <- &e
				}
			})
			defer reading.Wait()
			defer c.Close()
			at := map[string]uint64{}
			messages := 0
			// read takes all that there is now.
			read := func() {
				t.Helper()
				for _, log := range []string{"System", "Application", "Security"} {
					for next := d.info(log).Next; at[log] < next-1; {
						e, ok := (<-given).(*eventlog.Event)
						if !ok {
							t.Fatalf("it ended or was interrupted, at %v", at)
						}
						if at[e.Origin.Log]++; e.RecordNumber != at[e.Origin.Log] {
							t.Fatalf("%s: record %d where %d comes next", e.Origin, e.RecordNumber, at[e.Origin.Log])
						}
						if e.Message != "" {
							messages++
						}
					}
				}
			}
			read() // all that is there
			for round := range 4 {
				d.report("Application", 20*round)
				d.report("System", 10)
				read()
				d.report("Application", 7) // some of it is under way when it ends
				d.stop()
				n := <-told
				if n.Target != name || n.Log != "" || n.Err == nil || n.GivenUp {
					t.Errorf("told %+v, want that %s is gone", n, name)
				}
				d.start()
				d.report("System", 3)
				read()
				if n := <-told; n != (scan.Notice{Target: name}) {
					t.Errorf("told %+v, want that %s is back", n, name)
				}
			}
			if messages < 8 { // that it was stopped and started, each time
				t.Errorf("%d events had text", messages)
			}
			l, err := d.s.As(administrator).OpenLog(t.Context(), "Application")
			if err != nil {
				t.Fatal(err)
			}
			if err := eventlog.Clear(t.Context(), l, ""); err != nil {
				t.Fatal(err)
			}
			d.report("Application", 1)
			cleared := false
			for x := range given {
				switch x := x.(type) {
				case error:
					loss, ok := eventlog.AsLoss(x)
					if !ok || !errors.Is(x, eventlog.ErrMarkGone) || loss.Origin.Log != "Application" || cleared {
						t.Fatalf("cleared: %v", x)
					}
					cleared = true
				case *eventlog.Event:
					if x.Origin.Log != "Application" {
						continue // Security says so, too
					}
					if !cleared || x.RecordNumber != 1 {
						t.Errorf("record %d behind the clearing, which was told: %v", x.RecordNumber, cleared)
					}
					return
				}
			}
		})
	}
}

// A reader that ends goes on with its marks, also from within to the socket.
func TestFollowServiceMarks(t *testing.T) {
	d := newDaemon(t)
	targets := d.targets()
	var marks []eventlog.Mark
	var got []string
	d.report("Application", 5)
	for range 6 {
		target := targets["socket"]
		target.Logs = []string{"application", "Application"}
		c := scan.Follow(t.Context(), []scan.Target{target}, &eventlog.Selection{After: marks, Limit: 3, Where: eventlog.TextTerm(eventlog.FieldSource, eventlog.Eq, "crusher")},
			&scan.FollowOptions{Last: 2})
		if marks != nil {
			d.report("Application", 3)
		}
		var e eventlog.Event
		for c.Next(t.Context(), &e) == nil {
			if got = append(got, fmt.Sprint(e.RecordNumber)); len(got) == 1 {
				d.report("Application", 3) // it has begun
			}
		}
		marks = c.AppendMarks(nil)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if len(marks) != 1 || marks[0].Log != "Application" || fmt.Sprint(marks[0].Record) != got[len(got)-1] || marks[0].Time.IsZero() {
			t.Fatalf("marks %+v behind %v", marks, got)
		}
	}
	var want []string
	for i := range 18 {
		want = append(want, fmt.Sprint(4+i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
