package service

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

var (
	_ eventlog.LogReporter = (*handle)(nil)
	_ eventlog.Destined    = (*reporter)(nil)
	_ eventlog.Timed       = (*reporter)(nil)
)

// Reporter opens the log for reporting, by the right to write that the caller had
// when the log was opened.
func (h *handle) Reporter(_ context.Context, source string) (eventlog.Reporter, error) {
	if source == "" {
		source = h.l.origin.Log
	}
	if err := checkLength("source name", source, MaxNameLength); err != nil {
		return nil, err
	}
	if err := h.check(eventlog.RightWrite, "report to"); err != nil {
		return nil, err
	}
	if h.l.opts.ReadOnly {
		return nil, fmt.Errorf("report to log %s: %w", h.l.origin.Log, ErrReadOnly)
	}
	return &reporter{v: h.v, l: h.l, source: source}, nil
}

// Destination is the log that the events go to. registered is true for every
// source that the service knows: its own, those that were registered, and logs.
func (r *reporter) Destination() (log string, registered bool) {
	_, registered = r.v.s.cat.source(r.source)
	return r.l.origin.Log, registered
}

// Written is when the log took a record. One that is not there any more is
// fs.ErrNotExist.
func (r *reporter) Written(ctx context.Context, record uint64) (time.Time, error) {
	sel := &eventlog.Selection{Start: record, Limit: 1, Want: eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit()}
	c, err := evt.ReadLive(ctx, r.l, sel, false, &evt.Options{Origin: r.l.origin, Buffer: 4096})
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = c.Close() }() // nothing is lost by it
	var e eventlog.Event
	switch err := c.Next(ctx, &e); {
	case err == io.EOF, err == nil && e.RecordNumber != record:
		return time.Time{}, fmt.Errorf("record %d of log %s: %w", record, r.l.origin.Log, fs.ErrNotExist)
	case err != nil:
		return time.Time{}, err
	}
	return e.TimeWritten, nil
}
