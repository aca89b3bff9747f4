package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/query"
	"netelf.example/render"
	"netelf.example/scan"
)

// Bounds of a tail: how often a batch goes out; what waits for it, in events and bytes,
// beyond which the oldest are dropped; and how long a cursor may be, in bytes.
const (
	tailEvery  = 100 * time.Millisecond
	tailEvents = 5000
	tailBytes  = 4 << 20
	tailCursor = 8 << 10
)

// TailQuery is exported for the library, which does not see it otherwise.
type TailQuery struct {
	Servers []string `query:"servers,explode" maxItems:"4096" doc:"names, one each time; none: all"`
	Logs    []string `query:"logs,explode" maxItems:"1024" doc:"names, one each time; none: those that the query names, else System and Application"`
	Query   string   `query:"query" maxLength:"65536"`
	Last    string   `header:"Last-Event-ID" maxLength:"16384" doc:"the id behind which to go on"`
}

func (h *Handler) tail() {
	op := operation("tail", http.MethodGet, "tail", "Follows many servers as server-sent events", http.StatusOK)
	op.Description = "An event of type rows has those that came within a tenth of a second, and how many were dropped since they came faster than they were taken; " +
		"one of type status tells of servers. Each id is a cursor, with which a browser goes on by itself; there is none where it would be too long."
	op.Responses = streamed("text/event-stream")
	huma.Register(h.api, op, func(ctx context.Context, in *TailQuery) (*huma.StreamResponse, error) {
		if _, _, err := h.looker(ctx); err != nil {
			return nil, err
		}
		q, err := query.Parse(in.Query, &query.Options{Now: h.opts.Now()})
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		logs := in.Logs
		if len(logs) == 0 {
			logs = q.Logs
		}
		targets, err := h.targetsOf(ctx, in.Servers, logs)
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		sel := eventlog.Selection{Want: withText}
		if err := h.narrow(&sel, q, "", ""); err != nil {
			return nil, h.problem(ctx, err)
		}
		if sel.After, err = parseTailCursor(in.Last); err != nil {
			return nil, h.problem(ctx, err)
		}
		select {
		case h.streams <- struct{}{}:
		default:
			return nil, errBusy
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer func() { <-h.streams }()
			r, rw := humago.Unwrap(hc)
			hc.SetHeader("Content-Type", sse.contentType)
			hc.SetHeader("X-Accel-Buffering", "no")
			h.streamTail(hc.Context(), r, rw, targets, &sel)
		}}, nil
	})
}

// tailing is what waits to be sent. Events come by one goroutine, notices by another.
type tailing struct {
	mu      sync.Mutex // guards what follows
	rows    []json.RawMessage
	bytes   int
	dropped uint64
	marks   []eventlog.Mark
	status  map[string]api.TailServer
	told    bool // status was sent
	err     error
}

// take takes an event; what has waited longest goes where there is no room.
func (t *tailing) take(line []byte, marks []eventlog.Mark) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, line)
	t.bytes += len(line)
	drop := 0
	for len(t.rows)-drop > tailEvents || t.bytes > tailBytes && drop < len(t.rows)-1 {
		t.bytes -= len(t.rows[drop])
		drop++
	}
	if drop > 0 {
		t.rows = slices.Delete(t.rows, 0, drop)
		t.dropped += uint64(drop)
	}
	if marks != nil {
		t.marks = marks
	}
}

// notice takes what is told of a server.
func (t *tailing) notice(n scan.Notice) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := api.TailServer{Name: n.Target, State: eventlog.OK.String()}
	if n.Err != nil {
		var o eventlog.Outcome
		o.Note(n.Err)
		s.State, s.Error = o.State.String(), n.Err.Error()
		if errors.Is(n.Err, scan.ErrNotTried) {
			s.State = "not tried"
		}
		if n.Log != "" {
			s.State, s.Error = eventlog.Partial.String(), n.Log+": "+s.Error
		}
	}
	t.status[n.Target], t.told = s, false
}

// batch is what is to be sent, and what is told of servers if that is news.
func (t *tailing) batch() (rows *api.TailRows, status *api.TailStatus, marks []eventlog.Mark, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rows) > 0 || t.dropped > 0 {
		rows = &api.TailRows{Rows: t.rows, Dropped: t.dropped}
		t.rows, t.bytes, t.dropped = nil, 0, 0
	}
	if !t.told {
		t.told = true
		status = &api.TailStatus{Servers: []api.TailServer{}}
		for _, name := range slices.Sorted(maps.Keys(t.status)) {
			status.Servers = append(status.Servers, t.status[name])
		}
	}
	return rows, status, t.marks, t.err
}

// streamTail follows until the client or its session is gone, or the server goes.
func (h *Handler) streamTail(ctx context.Context, r *http.Request, rw http.ResponseWriter, targets []scan.Target, sel *eventlog.Selection) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.going, cancel)()
	t := &tailing{status: map[string]api.TailServer{}}
	for _, x := range targets {
		t.status[x.Name] = api.TailServer{Name: x.Name, State: eventlog.OK.String()}
	}
	cur := scan.Follow(ctx, targets, sel, &scan.FollowOptions{Resolver: h.opts.Texts, Credentials: h.opts.Many.opts.Scan.Credentials, Notice: t.notice})
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cur.Close()
	reading.Go(func() { t.read(ctx, cur, sel, h) })

	w := &patient{w: rw, control: http.NewResponseController(rw), stall: h.opts.Stall}
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	beat := time.NewTicker(h.opts.Beat)
	defer beat.Stop()
	var out []byte
	for {
		rows, status, marks, err := t.batch()
		out = out[:0]
		if status != nil {
			out = appendSSE(out, "status", "", status)
		}
		if rows != nil {
			out = appendSSE(out, "rows", tailCursorOf(marks), rows)
		}
		select {
		case <-beat.C:
			if _, err := h.who(r); err != nil {
				return
			}
			out = append(out, ": here\n\n"...)
		default:
		}
		if len(out) > 0 {
			if _, err := w.Write(out); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// read reads events into t until they end.
func (t *tailing) read(ctx context.Context, cur *scan.FollowCursor, sel *eventlog.Selection, h *Handler) {
	texts := eventlog.Resolve(cur, sel, h.opts.Texts)
	var e eventlog.Event
	var last time.Time
	for {
		err := texts.Next(ctx, &e)
		if _, lost := eventlog.AsLoss(err); lost {
			continue // of a log that was cleared, or overwritten before it was read: it goes on
		}
		if err != nil {
			t.mu.Lock()
			t.err = err
			t.mu.Unlock()
			return
		}
		var marks []eventlog.Mark
		if now := time.Now(); now.Sub(last) >= tailEvery {
			marks, last = cur.AppendMarks(nil), now
		}
		t.take(render.AppendJSON(nil, &e, 0), marks)
	}
}

// appendSSE appends an event of a stream.
func appendSSE(dst []byte, kind, id string, v any) []byte {
	if id != "" {
		dst = append(append(append(dst, "id: "...), id...), '\n')
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, numbers, and JSON of our own
	}
	dst = append(append(append(dst, "event: "...), kind...), "\ndata: "...)
	return append(append(dst, b...), "\n\n"...)
}

// tailMark is a mark in a cursor.
type tailMark struct {
	Server string    `json:"s"`
	Log    string    `json:"l"`
	Record uint64    `json:"r"`
	Time   time.Time `json:"t,omitzero"`
}

// tailCursorOf is marks as the id of an event; "": they would be too long.
func tailCursorOf(marks []eventlog.Mark) string {
	list := make([]tailMark, len(marks))
	for i, m := range marks {
		list[i] = tailMark(m)
	}
	b, err := json.Marshal(list)
	if err != nil || len(marks) == 0 { // a time that RFC 3339 has no way to say
		return ""
	}
	text := base64.RawURLEncoding.EncodeToString(b)
	if len(text) > tailCursor {
		return ""
	}
	return text
}

func parseTailCursor(text string) (marks []eventlog.Mark, err error) {
	if text == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	var list []tailMark
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("the cursor is none of ours: %w", eventlog.ErrInvalid)
	}
	for _, m := range list {
		marks = append(marks, eventlog.Mark(m))
	}
	return marks, nil
}
