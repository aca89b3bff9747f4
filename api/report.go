package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"sync/atomic"

	"netelf.example/eventlog"
)

// maxReport is how long a report may get before it is sent in parts, in bytes.
// The server takes MaxLine.
const maxReport = 8 << 20

// reporter reports events of one source.
type reporter struct {
	c      *Client
	source string
	closed atomic.Bool
}

// RegisterSource asks whether the source may report; the server decides again
// with each report.
func (c *Client) RegisterSource(ctx context.Context, name string) (eventlog.Reporter, error) {
	r := &reporter{c: c, source: name}
	if _, err := r.send(ctx, nil); err != nil {
		return nil, err
	}
	return r, nil
}

// Report sends the events at once, or in parts if they are many: then an error
// says what became of the first part that was not taken whole, and last is the
// record number of the last event that is in the log.
func (r *reporter) Report(ctx context.Context, events ...*eventlog.Event) (last uint64, err error) {
	if r.closed.Load() {
		return 0, fmt.Errorf("source %s: %w", r.source, fs.ErrClosed)
	}
	var body []byte
	for i, e := range events {
		body = AppendEvent(body, e)
		if len(body) < maxReport && i < len(events)-1 {
			continue
		}
		n, err := r.send(ctx, body)
		if n != 0 {
			last = n
		}
		if err != nil {
			return last, err
		}
		body = body[:0]
	}
	return last, nil
}

func (r *reporter) send(ctx context.Context, body []byte) (last uint64, err error) {
	resp, err := r.c.send(ctx, http.MethodPost, path("reports")+"?source="+url.QueryEscape(r.source), "application/x-ndjson", body)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			last = e.Problem.Last
		}
		return last, err
	}
	var done Reported
	err = r.c.answer(ctx, resp, &done)
	return done.Last, err
}

func (r *reporter) Close() error {
	r.closed.Store(true)
	return nil
}
