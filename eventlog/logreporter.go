package eventlog

import (
	"context"
	"time"
)

// LogReporter is a Log that takes events itself, whatever source they have: where
// reports go is decided by the log that was opened, and not by the source's
// registration.
type LogReporter interface {
	// Reporter opens the log for reporting; source "" is the log's own name. The
	// right to write is that which the caller had when the log was opened. The
	// Reporter takes events that name another source.
	Reporter(ctx context.Context, source string) (Reporter, error)
}

// Destined is a Reporter that knows where its events go.
type Destined interface {
	// Destination is the log's name. registered is false where nobody has
	// registered the source, and the log is only the one for such events.
	Destination() (log string, registered bool)
}

// Timed is a Reporter that knows when its log took a record.
type Timed interface {
	// Written is the TimeWritten of a record that was reported through it; the
	// right to read the log is not asked for.
	Written(ctx context.Context, record uint64) (time.Time, error)
}

// LogReporterOf opens l for reporting, if l can.
func LogReporterOf(ctx context.Context, l Log, source string) (Reporter, error) {
	if r, ok := l.(LogReporter); ok {
		return r.Reporter(ctx, source)
	}
	return nil, unsupported("report to an open log")
}

// Destination is where the events of r go, "" where it does not know.
func Destination(r Reporter) (log string, registered bool) {
	if d, ok := r.(Destined); ok {
		return d.Destination()
	}
	return "", false
}

// Written is the TimeWritten of a record that was reported through r, if r knows.
func Written(ctx context.Context, r Reporter, record uint64) (time.Time, error) {
	if t, ok := r.(Timed); ok {
		return t.Written(ctx, record)
	}
	return time.Time{}, unsupported("time of a record")
}
