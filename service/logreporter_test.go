package service

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"netelf.example/eventlog"
)

// TestLogReporter: a log that is open takes events of any source, with the right
// that the caller had when it was opened.
func TestLogReporter(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	s, err := Open(dir, &Options{Sync: SyncNone, Computer: "bedrock"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.As(callerRoot).(eventlog.SourceKeeper).SetSource(ctx, Source{Name: "Disk", Log: "System"}); err != nil {
		t.Fatal(err)
	}
	open := func(c eventlog.Caller, log string) eventlog.Log {
		t.Helper()
		l, err := s.As(c).OpenLog(ctx, log)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	app := open(callerUser, "application")
	for _, x := range []struct{ source, event, want string }{
		{"", "", "Application"}, {"Disk", "", "Disk"}, {"", "nobody's", "nobody's"},
	} {
		r, err := eventlog.LogReporterOf(ctx, app, x.source)
		if err != nil {
			t.Fatal(err)
		}
		record, err := r.Report(ctx, &eventlog.Event{Source: x.event})
		if err != nil {
			t.Fatal(err)
		}
		written, err := eventlog.Written(ctx, r, record)
		if err != nil {
			t.Error(err)
		}
		if _, err := eventlog.Written(ctx, r, record+1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a record that is not there: %v", err)
		}
		for e, err := range eventlog.All(ctx, app, &eventlog.Selection{Backward: true, Limit: 1}) {
			if err != nil || e.Source != x.want || e.RecordNumber != record || !e.TimeWritten.Equal(written) {
				t.Errorf("%+v: %v, %+v", x, err, e)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if i, err := app.Info(ctx); err != nil || i.Count() != 3 {
		t.Errorf("%d events, %v", i.Count(), err)
	}

	// Only the service reports as itself, in its own log too.
	r, err := eventlog.LogReporterOf(ctx, open(callerSystem, "System"), "EventLog")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Report(ctx, &eventlog.Event{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("report as the service: %v", err)
	}
	for _, log := range []string{"System", "Security"} {
		c := callerUser
		if log == "Security" {
			c = callerRoot
		}
		if _, err := eventlog.LogReporterOf(ctx, open(c, log), ""); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("report to %s: %v", log, err)
		}
	}
	if _, err := eventlog.LogReporterOf(ctx, app, strings.Repeat("x", MaxNameLength+1)); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("a long source: %v", err)
	}
	closed := open(callerUser, "Application")
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := eventlog.LogReporterOf(ctx, closed, ""); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a log that was closed: %v", err)
	}

	for source, want := range map[string]string{
		"Disk": "System true", "disk": "System true", "Application": "Application true", "EventLog": "System true", "nobody's": "Application false",
	} {
		r, err := eventlog.RegisterSource(ctx, s.As(callerRoot), source)
		if err != nil {
			t.Fatal(err)
		}
		log, registered := eventlog.Destination(r)
		if got := log + map[bool]string{true: " true", false: " false"}[registered]; got != want {
			t.Errorf("source %s: %s, want %s", source, got, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s, err = Open(dir, &Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := eventlog.LogReporterOf(ctx, open(callerRoot, "Application"), ""); !errors.Is(err, ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
