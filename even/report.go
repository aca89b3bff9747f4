package even

import (
	"context"
	"errors"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// report is the operations that report an event. RecordNumber and TimeWritten are
// returned to those who gave room for them; when it fails, as they came.
func (a *association) report(ctx context.Context, op uint16, m *reportRequest) message {
	out := &reportResponse{ex: m.ex, RecordNumber: m.RecordNumber, TimeWritten: m.TimeWritten}
	h, last, err := a.reported(ctx, m)
	if err == nil {
		if out.RecordNumber != nil {
			*out.RecordNumber = uint32(last)
		}
		if out.TimeWritten != nil {
			*out.TimeWritten = a.written(ctx, h, last)
		}
	}
	out.Status = a.status(op, err)
	return out
}

// reported reports the event, and gives the number of its record.
func (a *association) reported(ctx context.Context, m *reportRequest) (h *handle, last uint64, err error) {
	if h, err = a.handles.get(m.LogHandle); err != nil {
		return nil, 0, err
	}
	if h.backup {
		return nil, 0, fmt.Errorf("report to a backup: %w", eventlog.ErrHandle)
	}
	e, err := m.event()
	if err != nil {
		return nil, 0, err
	}
	if h.to == nil { // of ElfrOpenEL: the log's name is the source
		if h.to, err = eventlog.LogReporterOf(ctx, h.log, ""); errors.Is(err, errors.ErrUnsupported) {
			h.to, err = eventlog.RegisterSource(ctx, a.srv, h.name)
		}
		if err != nil {
			h.to = nil
			return nil, 0, err
		}
	}
	last, err = h.to.Report(ctx, e)
	return h, last, err
}

// event is what is to be reported. What the protocol does not allow is
// eventlog.ErrInvalid.
func (m *reportRequest) event() (*eventlog.Event, error) {
	switch {
	case m.Missing:
		return nil, invalid(errMissing.Error())
	case m.NoSID:
		return nil, invalid("UserSID is no SID")
	case len(m.Strings) > maxStrings:
		return nil, invalid(fmt.Sprintf("%d strings, at most %d", len(m.Strings), maxStrings))
	case len(m.Data) > maxData:
		return nil, invalid(fmt.Sprintf("%d bytes of data, at most %d", len(m.Data), maxData))
	}
	typ := eventlog.Type(m.EventType)
	e := &eventlog.Event{
		TimeGenerated: nt.Time32(m.Time),
		ID:            eventlog.EventID(m.EventID), Type: typ, Level: eventlog.LevelOf(typ), Category: m.EventCategory,
		Source: trimZero(m.SourceName.Text), Computer: trimZero(m.ComputerName.Text),
		User: m.UserSID, Data: m.Data, Offset: -1,
	}
	if m.ex {
		e.TimeGenerated = m.TimeGenerated.Time()
	}
	for _, s := range m.Strings {
		e.Strings = append(e.Strings, trimZero(s.Text))
	}
	return e, nil
}

func invalid(what string) error { return fmt.Errorf("%s: %w", what, eventlog.ErrInvalid) }

// written is the TimeWritten of a record, in seconds since 1970: that of the record
// itself, where the server tells it, else the time now.
func (a *association) written(ctx context.Context, h *handle, number uint64) uint32 {
	t, err := eventlog.Written(ctx, h.to, number)
	if errors.Is(err, errors.ErrUnsupported) && h.log != nil {
		var i eventlog.Info
		if i, err = h.log.Info(ctx); err == nil && i.Next == number+1 { // nobody has reported meanwhile
			t = i.NewestTime
		}
	}
	if err != nil || t.IsZero() {
		t = a.opts.Now()
	}
	sec, _ := nt.Time32Of(t)
	return sec
}
