package even

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// clientReporter reports events of one source, over a connection of its own.
type clientReporter struct {
	c       *Client
	op      uint16 // the operation that opens the handle
	request message
	source  string // of events that name none
	handle  string // the source that the handle stands for

	mu     sync.Mutex
	closed bool
	s      *session // nil: none is open
}

// RegisterSource opens a source for reporting. What nobody has registered reports
// into Application, and the server does not tell which it is.
func (c *Client) RegisterSource(ctx context.Context, name string) (eventlog.Reporter, error) {
	if name == "" {
		return nil, fmt.Errorf("source name is empty: %w", eventlog.ErrInvalid)
	}
	return c.reporter(ctx, opRegisterEventSourceW, newOpen(name), name, name)
}

// Reporter opens the log itself for reporting; source "" is the log's own name.
func (l *liveLog) Reporter(ctx context.Context, source string) (eventlog.Reporter, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if source == "" {
		source = l.origin.Log
	}
	return l.c.reporter(ctx, opOpenELW, l.request, source, l.origin.Log)
}

func (c *Client) reporter(ctx context.Context, op uint16, req message, source, handle string) (eventlog.Reporter, error) {
	s, _, err := c.open(ctx, op, req)
	if err != nil {
		return nil, err
	}
	s.used = c.o.Now()
	return &clientReporter{c: c, op: op, request: req, source: source, handle: handle, s: s}, nil
}

// probeAfter is how long a handle may have been idle before it is tried out: a
// report that meets a connection which the server has closed would be lost, or be
// there twice.
const probeAfter = 10 * time.Second

// Report reports the events one after the other. An error says what became of the
// first that was not taken; those before it are in the log, and last is the record
// number of the last of them. It is 0 where the server does not tell, as Windows
// since Vista. The time of an event that has none is now. Samba (4.17) takes no user
// and one string at most, and answers more with a fault.
func (r *clientReporter) Report(ctx context.Context, events ...*eventlog.Event) (last uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reqs := make([]*reportRequest, len(events))
	for i, e := range events {
		if reqs[i], err = r.c.reportOf(e, r.source, r.handle); err != nil {
			return 0, nth(i, len(events), err)
		}
	}
	if r.closed {
		return 0, fmt.Errorf("source %s: %w", r.source, fs.ErrClosed)
	}
	if len(events) == 0 {
		return 0, nil
	}
	if err := r.ready(ctx); err != nil {
		return 0, err
	}
	for i, req := range reqs {
		op := uint16(opReportEventW)
		if req.withSource {
			op = opReportEventAndSourceW
		}
		req.LogHandle = r.s.h
		var resp reportResponse
		if err := r.s.call(ctx, op, req, &resp); err != nil {
			if r.s.broken {
				r.forget()
			}
			if broken(err) {
				err = &unknown{err}
			}
			return last, nth(i, len(events), err)
		}
		if err := r.s.refusal(op, resp.Status); err != nil {
			return last, nth(i, len(events), err)
		}
		if last = 0; resp.RecordNumber != nil {
			last = uint64(*resp.RecordNumber)
		}
		r.s.used = r.c.o.Now()
	}
	return last, nil
}

func nth(i, n int, err error) error {
	if n > 1 {
		return fmt.Errorf("event %d: %w", i+1, err)
	}
	return err
}

// ready makes sure that there is a handle, and that it works.
func (r *clientReporter) ready(ctx context.Context) error {
	if r.s != nil && r.c.o.Now().Sub(r.s.used) > probeAfter {
		// Whatever the server answers: that it does is enough, if not about the handle.
		_, err := r.s.number(ctx, opOldestRecord)
		if ctx.Err() != nil {
			r.forget()
			return ctx.Err()
		}
		if r.s.broken || staleHandle(err) {
			r.forget()
		}
	}
	if r.s == nil {
		s, _, err := r.c.open(ctx, r.op, r.request)
		if err != nil {
			return err
		}
		r.s = s
	}
	return nil
}

// forget gives the handle up.
func (r *clientReporter) forget() {
	r.s.drop()
	r.s = nil
}

func (r *clientReporter) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed = true; r.s != nil {
		r.c.give(r.s.conn, r.s.h)
		r.s = nil
	}
	return nil
}

// reportOf is the request for an event of the source own, where it says no other. A
// source that is not that of the handle is named, for which there is an operation
// since Windows Vista.
func (c *Client) reportOf(e *eventlog.Event, own, source string) (*reportRequest, error) {
	switch {
	case len(e.Strings) > maxStrings:
		return nil, invalid(fmt.Sprintf("%d strings, at most %d", len(e.Strings), maxStrings))
	case len(e.Data) > maxData:
		return nil, invalid(fmt.Sprintf("%d bytes of data, at most %d", len(e.Data), maxData))
	case e.User != "" && !e.User.Valid():
		return nil, invalid(fmt.Sprintf("user %q is no SID", string(e.User)))
	}
	at := e.TimeGenerated
	if at.IsZero() {
		at = c.o.Now()
	}
	sec, ok := nt.Time32Of(at)
	if !ok {
		return nil, invalid(fmt.Sprintf("time generated %v", at))
	}
	zero := func() *uint32 { return new(uint32) }
	m := &reportRequest{
		Time: sec, EventType: uint16(e.Type), EventCategory: e.Category, EventID: uint32(e.ID),
		UserSID: e.User, Data: e.Data, RecordNumber: zero(), TimeWritten: zero(),
	}
	name := e.Source
	if name == "" {
		name = own
	}
	m.withSource = name != source
	for _, x := range []struct {
		what, text string
		to         *ndr.String
	}{{"source", name, &m.SourceName}, {"computer", e.Computer, &m.ComputerName}} {
		if err := reportText(x.what, x.text); err != nil {
			return nil, err
		}
		*x.to = ndr.Text(x.text)
	}
	for i, s := range e.Strings {
		if err := reportText(fmt.Sprintf("string %d", i+1), s); err != nil {
			return nil, err
		}
		m.Strings = append(m.Strings, ndr.String{Text: s, Buffer: true})
	}
	return m, nil
}

// reportText says why a text cannot be reported.
func reportText(what, s string) error {
	if n := nt.UTF16Len(s); n > math.MaxUint16/2 {
		return invalid(fmt.Sprintf("%s of %d characters, at most %d", what, n, math.MaxUint16/2))
	}
	for i := range len(s) {
		if s[i] == 0 {
			return invalid(what + " has a zero in it")
		}
	}
	return nil
}
