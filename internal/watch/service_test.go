package watch

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/scan"
	"netelf.example/service"
)

// The service's own logs are watched like any others.
func TestService(t *testing.T) {
	s, err := service.Open(t.TempDir(), &service.Options{Server: "bedrock", Sync: service.SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := s.As(eventlog.Caller{Name: "fred", SIDs: []eventlog.SID{"S-1-5-32-544"}})
	report := func(typ eventlog.Type, n int) {
		t.Helper()
		r, err := eventlog.RegisterSource(t.Context(), server, "quarry")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for range n {
			if _, err := r.Report(t.Context(), &eventlog.Event{Type: typ, Level: eventlog.LevelOf(typ), ID: 7, Source: "quarry"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	w := start(t, &Options{Every: time.Hour}, scan.Target{
		Name: ".", Logs: []string{"Application"}, Open: func(context.Context) (eventlog.Server, error) { return server, nil },
	})
	report(eventlog.Error, 3)
	refresh(t, w, ".")
	report(eventlog.Warning, 5)
	refresh(t, w, ".")
	got := state(t, w, ".")
	if n := got.sum(); n[eventlog.LevelError] != 3 || n[eventlog.LevelWarning] != 5 || got.Last.Record != 8 || got.Last.Source != "quarry" {
		t.Errorf("%v, last %+v", n, got.Last)
	}
	if l := got.Logs[0]; l.Info.Count() != 8 || l.Info.MaxSize == 0 || l.Risk != RiskNone || !l.Cleared.IsZero() {
		t.Errorf("%+v", l)
	}
	l, err := server.OpenLog(t.Context(), "Application")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := eventlog.Clear(t.Context(), l, ""); err != nil {
		t.Fatal(err)
	}
	report(eventlog.Error, 9)
	refresh(t, w, ".")
	got = state(t, w, ".")
	if n := got.sum(); n[eventlog.LevelError] != 12 || got.Logs[0].Cleared.IsZero() || got.State != eventlog.OK {
		t.Errorf("cleared: %v, %+v", n, got)
	}
}

// Two hundred servers cost little memory, however long they are watched.
func TestManyServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var targets []scan.Target
		for i := range 200 {
			f := &fake{name: fmt.Sprint("srv", i)}
			for j := range 50 {
				f.report(eventlog.Error, time.Duration(50-j)*time.Minute)
			}
			targets = append(targets, f.target())
		}
		inUse := func() int64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc + m.StackInuse)
		}
		before := inUse()
		w := start(t, nil, targets...)
		time.Sleep(time.Hour)
		if a := (inUse() - before) / 200; a > 32<<10 {
			t.Errorf("%d bytes a server", a)
		}
		list, _ := w.Servers()
		for _, s := range list {
			if s.State != eventlog.OK || s.sum().Sum() != 50 {
				t.Fatalf("%+v", s)
			}
		}
	})
}
