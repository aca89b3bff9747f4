package netelf

import (
	"context"
	"fmt"
	"sync"

	"netelf.example/eventlog"
)

// EventSource is the handle of a source that reports. It may be used by many
// goroutines.
type EventSource struct {
	name string
	to   eventlog.Reporter

	mu     sync.Mutex
	closed bool
}

// RegisterEventSource gives a handle for reporting events of a source:
// NetElfRegisterEventSource.
//
// name is that of a source that srv knows; another one reports into Application,
// as in NT. The right to write to the source's log is decided here: without it, it
// is ERROR_ACCESS_DENIED. A server that takes no events is ERROR_NOT_SUPPORTED, an
// empty name ERROR_INVALID_PARAMETER.
//
// The handle is closed by [DeregisterEventSource].
func RegisterEventSource(ctx context.Context, srv eventlog.Server, name string) (*EventSource, error) {
	const fn = "RegisterEventSource"
	if err := checkOpen(srv, name); err != nil {
		return nil, fail(fn, name, err)
	}
	r, err := eventlog.RegisterSource(ctx, srv, name)
	if err != nil {
		return nil, fail(fn, name, err)
	}
	return &EventSource{name: name, to: r}, nil
}

// DeregisterEventSource closes the handle of a source: NetElfDeregisterEventSource.
// What is called with it afterwards, and DeregisterEventSource itself, is
// ERROR_INVALID_HANDLE.
func DeregisterEventSource(h Handle) error {
	s, err := as[*EventSource]("DeregisterEventSource", h)
	if err != nil {
		return err
	}
	return s.Close()
}

// Close is [DeregisterEventSource].
func (s *EventSource) Close() error {
	const fn = "DeregisterEventSource"
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return fail(fn, s.name, eventlog.ErrHandle)
	}
	return fail(fn, s.name, s.to.Close())
}

// Name is the source's name as it was registered.
func (s *EventSource) Name() string { return s.name }

func (s *EventSource) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return eventlog.ErrHandle
	}
	return nil
}

// ReportEvent writes an event at the end of a source's log, and returns its record
// number when it is as durable as the server was configured for: NetElfReportEvent.
//
// h is a handle of [RegisterEventSource], or of [OpenEventLog]: then the source is
// the log's own, with its name, and the right to write is decided with the first
// report. A backup's is ERROR_INVALID_HANDLE. user is "" for none, id has all 32
// bits. There are at most [MaxReportStrings] strings and [MaxReportData] bytes of
// data; over a limit, and with a user that is no SID, it is
// ERROR_INVALID_PARAMETER, and eventlog.ErrTooLarge for a limit. A log that is full
// is ERROR_LOG_FILE_FULL, a full disk ERROR_DISK_FULL. TimeGenerated and the
// computer's name are the server's to fill in.
func ReportEvent(ctx context.Context, h Handle, typ eventlog.Type, category uint16, id eventlog.EventID,
	user eventlog.SID, strings []string, data []byte) (record uint64, err error) {
	e := &eventlog.Event{Type: typ, Category: category, ID: id, User: user, Strings: strings, Data: data}
	if l, ok := h.(*EventLog); ok && l != nil {
		return l.Report(ctx, e)
	}
	s, err := as[*EventSource]("ReportEvent", h)
	if err != nil {
		return 0, err
	}
	return s.Report(ctx, e)
}

// Report writes events, all or none of them over a limit: [ReportEvent] for
// many, in one call of the server's. last is the record number of the last one.
//
// Of each event ID, Type, Category, User, Strings and Data count, and
// TimeGenerated and Computer if they are given; else the server fills these two
// in. Its Source is the one that was registered: another name is
// ERROR_INVALID_PARAMETER, "" is well. The events are not changed.
func (s *EventSource) Report(ctx context.Context, events ...*eventlog.Event) (last uint64, err error) {
	const fn = "ReportEvent"
	if err := s.open(); err != nil {
		return 0, fail(fn, s.name, err)
	}
	last, err = report(ctx, s.to, s.name, events)
	if err != nil && s.open() != nil {
		err = eventlog.ErrHandle
	}
	return last, fail(fn, s.name, err)
}

// Report writes events of the source that has the log's name; see
// [EventSource.Report]. It is registered with the first report.
func (l *EventLog) Report(ctx context.Context, events ...*eventlog.Event) (last uint64, err error) {
	const fn = "ReportEvent"
	if err := l.live(); err != nil {
		return 0, fail(fn, l.name, err)
	}
	to, err := l.register(ctx)
	if err != nil {
		return 0, l.fail(fn, err)
	}
	last, err = report(ctx, to, l.name, events)
	return last, l.fail(fn, err)
}

func (l *EventLog) register(ctx context.Context) (eventlog.Reporter, error) {
	l.registering.Lock()
	defer l.registering.Unlock()
	if err := l.open(); err != nil || l.reporter != nil {
		return l.reporter, err
	}
	to, err := eventlog.RegisterSource(ctx, l.srv, l.name)
	if err != nil {
		return nil, err
	}
	l.reporter = to
	return to, nil
}

// report checks all events before it hands over any.
func report(ctx context.Context, to eventlog.Reporter, source string, events []*eventlog.Event) (last uint64, err error) {
	if len(events) == 0 {
		return 0, nil
	}
	whole := make([]eventlog.Event, len(events))
	refs := make([]*eventlog.Event, len(events))
	for i, e := range events {
		if err := checkReport(e, source); err != nil {
			if len(events) > 1 {
				err = fmt.Errorf("event %d: %w", i+1, err)
			}
			return 0, err
		}
		whole[i] = *e
		whole[i].Source, whole[i].Level = source, eventlog.LevelOf(e.Type)
		refs[i] = &whole[i]
	}
	return to.Report(ctx, refs...)
}

func checkReport(e *eventlog.Event, source string) error {
	switch {
	case e == nil:
		return invalidf("no event given")
	case e.Source != "" && !eventlog.EqualFold(e.Source, source):
		return invalidf("source %q is not the one that was registered", e.Source)
	case len(e.Strings) > MaxReportStrings:
		return tooLarge("strings", len(e.Strings), MaxReportStrings, "MaxReportStrings")
	case len(e.Data) > MaxReportData:
		return tooLarge("bytes of data", len(e.Data), MaxReportData, "MaxReportData")
	case e.User != "" && !e.User.Valid():
		return invalidf("user %q is no SID", e.User)
	}
	return nil
}

func tooLarge(what string, have, limit int, name string) error {
	return fmt.Errorf("%w: %d %s, the limit is %d (%s)", eventlog.ErrTooLarge, have, what, limit, name)
}
