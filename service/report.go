package service

import (
	"context"
	"fmt"
	"io/fs"
	"sync/atomic"
	"unicode/utf16"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// What a report may hold, as on NT (ReportEvent; [MS-EVEN] 2.2.12 and 3.1.4.10).
const (
	MaxStrings      = 256   // strings of an event
	MaxStringLength = 31839 // UTF-16 units of one
	MaxData         = 61440 // bytes of binary data
	MaxNameLength   = 255   // UTF-16 units of a source's or computer's name
)

// reporter writes events of one source.
type reporter struct {
	v      *server
	l      *log
	source string
	closed atomic.Bool
	user   atomic.Pointer[eventlog.SID] // the last one that was found to be valid
}

// RegisterSource opens a source for reporting into its log; one that nobody has
// registered reports into Application. The right to write is decided here.
func (v *server) RegisterSource(_ context.Context, name string) (eventlog.Reporter, error) {
	if err := checkLength("source name", name, MaxNameLength); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, fmt.Errorf("source name is empty: %w", eventlog.ErrInvalid)
	}
	src, _ := v.s.cat.source(name)
	l, err := v.s.find(src.Log)
	if err != nil {
		return nil, err
	}
	if v.s.opts.ReadOnly {
		return nil, fmt.Errorf("report to log %s: %w", l.origin.Log, ErrReadOnly)
	}
	if l.access.Load().allowed(v.c)&eventlog.RightWrite == 0 {
		v.s.auditRefusal(v.c, "report to", l.origin.Log)
		return nil, denied(v.c, "report to log", l.origin.Log)
	}
	return &reporter{v: v, l: l, source: name}, nil
}

// Report returns when the events are as durable as the service was opened for,
// with the record number of the last. It is all that is reported, or an error
// that says why not; with eventlog.ErrLogFull, and where the disk is full, the
// events before the one that found no room are in the log, and last is the number
// of the last of them. Source is the reporter's unless an event names another
// one.
func (r *reporter) Report(ctx context.Context, events ...*eventlog.Event) (last uint64, err error) {
	if r.closed.Load() {
		return 0, fmt.Errorf("source %s: %w", r.source, fs.ErrClosed)
	}
	if len(events) == 0 {
		return 0, nil
	}
	var own []eventlog.Event
	var list []*eventlog.Event
	var req *request
	if len(events) == 1 { // mostly, and then one piece of memory does
		var one struct {
			req  request
			own  [1]eventlog.Event
			list [1]*eventlog.Event
		}
		own, list, req = one.own[:], one.list[:], &one.req
	} else {
		own, list, req = make([]eventlog.Event, len(events)), make([]*eventlog.Event, len(events)), new(request)
	}
	var source string // the last that was looked at: mostly that of the next event too
	var ours string   // the name of source, if only the service may report under it
	user := r.known()
	for i, e := range events {
		own[i] = *e
		if own[i].Source == "" {
			own[i].Source = r.source
		}
		err := checkEvent(&own[i], user)
		if u := own[i].User; u != "" && u != user && err == nil {
			user = u
			r.know(u)
		}
		if i == 0 || own[i].Source != source {
			source, ours = own[i].Source, ""
			if src, is := ownSource(source); is && eventlog.EqualFold(src.Log, r.l.origin.Log) && !isAdministrator(r.v.c) {
				ours = src.Name
			}
		}
		if ours != "" && err == nil {
			err = fmt.Errorf("source %s is the service's own: %w", ours, fs.ErrPermission)
		}
		if err != nil {
			if len(events) > 1 {
				err = fmt.Errorf("event %d: %w", i+1, err)
			}
			return 0, err
		}
		list[i] = &own[i]
	}
	req.events = list
	if err := r.l.ask(ctx, req); err != nil {
		select {
		case <-req.done:
			return req.last, err
		default: // ctx has ended, and the committer may be at it
			return 0, err
		}
	}
	return req.last, nil
}

// known is a user that need not be looked at again.
func (r *reporter) known() eventlog.SID {
	if u := r.user.Load(); u != nil {
		return *u
	}
	return ""
}

func (r *reporter) know(u eventlog.SID) { r.user.Store(&u) }

func (r *reporter) Close() error {
	r.closed.Store(true)
	return nil
}

// checkEvent keeps the limits. known is a user that is valid, or "".
func checkEvent(e *eventlog.Event, known eventlog.SID) error {
	switch {
	case len(e.Strings) > MaxStrings:
		return overLimit("strings", len(e.Strings), MaxStrings)
	case len(e.Data) > MaxData:
		return overLimit("bytes of data", len(e.Data), MaxData)
	case e.User != known && e.User != "" && !e.User.Valid():
		return fmt.Errorf("user %q is not a SID: %w", e.User, eventlog.ErrInvalid)
	}
	if err := checkLength("source name", e.Source, MaxNameLength); err != nil {
		return err
	}
	if err := checkLength("computer name", e.Computer, MaxNameLength); err != nil {
		return err
	}
	for i, s := range e.Strings {
		if len(s) > MaxStringLength {
			if err := checkLength(fmt.Sprintf("string %d", i+1), s, MaxStringLength); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkLength(what, s string, limit int) error {
	if len(s) <= limit {
		return nil
	}
	n := 0
	for _, r := range s {
		if r == utf8.RuneError || utf16.RuneLen(r) < 1 {
			n++
		} else {
			n += utf16.RuneLen(r)
		}
	}
	if n > limit {
		return overLimit("characters in "+what, n, limit)
	}
	return nil
}

func overLimit(what string, have, limit int) error {
	return fmt.Errorf("%d %s, the limit is %d: %w", have, what, limit, eventlog.ErrTooLarge)
}
