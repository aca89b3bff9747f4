package eventlog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"netelf.example/eventlog"
)

// plainLog has no abilities; reportingLog takes events.
type plainLog struct{ eventlog.Log }

type reportingLog struct{ eventlog.Log }

func (reportingLog) Reporter(_ context.Context, source string) (eventlog.Reporter, error) {
	return sourceReporter{source: source}, nil
}

type plainReporter struct{ eventlog.Reporter }

type sourceReporter struct {
	eventlog.Reporter
	source string
}

func (r sourceReporter) Destination() (string, bool) { return "log of " + r.source, true }

func (r sourceReporter) Written(_ context.Context, record uint64) (time.Time, error) {
	return time.Unix(int64(record), 0), nil
}

func TestLogReporter(t *testing.T) {
	if r, err := eventlog.LogReporterOf(t.Context(), plainLog{}, "x"); r != nil || !errors.Is(err, errors.ErrUnsupported) || err.Error() != "report to an open log: unsupported operation" {
		t.Errorf("%v, %v", r, err)
	}
	r, err := eventlog.LogReporterOf(t.Context(), reportingLog{}, "x")
	if err != nil {
		t.Fatal(err)
	}
	if log, registered := eventlog.Destination(r); log != "log of x" || !registered {
		t.Errorf("%q, %v", log, registered)
	}
	if at, err := eventlog.Written(t.Context(), r, 77); err != nil || at.Unix() != 77 {
		t.Errorf("%v, %v", at, err)
	}
	if _, err := eventlog.Written(t.Context(), plainReporter{}, 77); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if log, registered := eventlog.Destination(plainReporter{}); log != "" || registered {
		t.Errorf("%q, %v", log, registered)
	}
}
