package server

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/semaphore"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/render"
)

const reportsPath = "/v1/reports"

// held is how much of reports is in memory, by whom it is of.
type held struct {
	mu      sync.Mutex
	callers map[eventlog.SID]*holder
}

type holder struct {
	sem   *semaphore.Weighted
	users int // that hold or wait
}

// take waits until the caller may have a body of size bytes in memory, of which
// -1 is any. release gives it back.
func (h *held) take(ctx context.Context, c eventlog.Caller, size int64) (release func(), err error) {
	var who eventlog.SID
	if len(c.SIDs) > 0 {
		who = c.SIDs[0]
	}
	if size < 0 || size > maxBody {
		size = maxBody
	}
	h.mu.Lock()
	if h.callers == nil {
		h.callers = map[eventlog.SID]*holder{}
	}
	x := h.callers[who]
	if x == nil {
		x = &holder{sem: semaphore.NewWeighted(maxHeld)}
		h.callers[who] = x
	}
	x.users++
	h.mu.Unlock()
	leave := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if x.users--; x.users == 0 {
			delete(h.callers, who)
		}
	}
	if err := x.sem.Acquire(ctx, size); err != nil {
		leave()
		return nil, err
	}
	return func() {
		x.sem.Release(size)
		leave()
	}, nil
}

// MaxEvents bounds the events of one report.
const MaxEvents = 100_000

func (h *Handler) reports() {
	op := operation("report", http.MethodPost, strings.TrimPrefix(reportsPath, "/v1/"), "Reports events; returns when they are as durable as the server was configured for", http.StatusOK)
	op.MaxBodyBytes = maxBody
	op.BodyReadTimeout = 5 * time.Minute
	op.Description = "The body has an event a line, as 'netelf scan -o json' writes it; record and time_written are the server's to say. " +
		"An empty body asks only whether the source may report."
	op.RequestBody = &huma.RequestBody{}
	defer func() { op.RequestBody.Required = false }() // which Register takes a body for
	huma.Register(h.api, op, func(ctx context.Context, in *struct {
		Source  string `query:"source" required:"true" minLength:"1" doc:"that reports; where an event says another, the event decides"`
		RawBody []byte `contentType:"application/x-ndjson"`
	}) (*of[api.Reported], error) {
		var done api.Reported
		err := h.with(ctx, func(srv eventlog.Server) error {
			events, err := parseEvents(in.RawBody, callerOf(ctx))
			if err != nil {
				return err
			}
			r, err := eventlog.RegisterSource(ctx, srv, in.Source)
			if err != nil {
				return err
			}
			defer r.Close() // what was reported is reported
			done.Count = len(events)
			done.Last, err = r.Report(ctx, events...)
			return err
		})
		if p, ok := err.(*problem); ok {
			p.Last = done.Last
		}
		return &of[api.Reported]{done}, err
	})
}

// parseEvents takes the lines of a report. Events without a user get the caller.
func parseEvents(body []byte, c eventlog.Caller) ([]*eventlog.Event, error) {
	n := bytes.Count(body, []byte{'\n'}) + 1
	if n > MaxEvents+1 {
		return nil, fmt.Errorf("%d lines in a report, the limit is %d events: %w", n, MaxEvents, eventlog.ErrTooLarge)
	}
	events := make([]*eventlog.Event, 0, n)
	store := make([]eventlog.Event, n)
	number := 0
	for line := range bytes.Lines(body) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e := &store[number-1]
		if err := render.ParseJSON(line, e); err != nil {
			return nil, fmt.Errorf("line %d: %v: %w", number, err, eventlog.ErrInvalid)
		}
		if e.User == "" && len(c.SIDs) > 0 {
			e.User = c.SIDs[0]
		}
		events = append(events, e)
	}
	return events, nil
}
