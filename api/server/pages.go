package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
)

// Bounds of a page: of its size in bytes, after which it is full, and of the losses
// that it tells.
const (
	maxPageBytes  = 8 << 20
	maxPageLosses = 100
)

// SelectQuery, CursorQuery, PageQuery, RecordPath, ContextQuery, TextQuery and the
// like are exported for the library, which does not see them otherwise.
type SelectQuery struct {
	Select string `query:"select" maxLength:"4096" doc:"what is selected, the Selection that is the body of a walk, as JSON; not there: all. Follow and after are said otherwise here."`
}

type CursorQuery struct {
	Cursor string `query:"cursor" maxLength:"256" doc:"where to go on, as an answer said it"`
}

type PageQuery struct {
	SelectQuery
	CursorQuery
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"events of the page"`
}

type RecordPath struct {
	LogPath
	Record uint64 `path:"record" minimum:"1" doc:"record number"`
}

type ContextQuery struct {
	Before int `query:"before" minimum:"0" maximum:"500" default:"10" doc:"events before it"`
	After  int `query:"after" minimum:"0" maximum:"500" default:"10" doc:"events behind it"`
}

type TextQuery struct {
	ID      uint32   `query:"id" required:"true" doc:"the event id, all 32 bits"`
	Log     string   `query:"log" maxLength:"1024" doc:"the log that the event is in"`
	Lang    string   `query:"lang" maxLength:"64" doc:"language, a BCP 47 tag"`
	Strings []string `query:"strings,explode" maxItems:"256" doc:"what is put into the text; may be given several times"`
}

// selection is what a query selects.
func (q *SelectQuery) selection() (*eventlog.Selection, error) {
	var t api.Selection
	if q.Select != "" {
		d := json.NewDecoder(bytes.NewReader([]byte(q.Select)))
		d.DisallowUnknownFields()
		err := d.Decode(&t)
		if err == nil {
			if _, more := d.Token(); more != io.EOF {
				err = fmt.Errorf("something stands behind its end")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("select: %v: %w", err, eventlog.ErrInvalid)
		}
	}
	switch {
	case t.Follow, t.After != nil:
		return nil, fmt.Errorf("select: follow and after are not for this: %w", eventlog.ErrInvalid)
	case t.Limit < 0, t.Budget < 0:
		return nil, fmt.Errorf("select: limit and budget are no less than 0: %w", eventlog.ErrInvalid)
	}
	return t.Selection()
}

func (h *Handler) pages() {
	get := func(id, path, summary string) huma.Operation {
		return operation(id, http.MethodGet, path, summary, http.StatusOK)
	}
	huma.Register(h.api, get("page", "logs/{log}/events", "A page of events"),
		func(ctx context.Context, in *struct {
			LogPath
			PageQuery
		}) (*of[*api.Page], error) {
			s, err := in.selection()
			if err != nil {
				return nil, h.problem(ctx, err)
			}
			p, err := h.page(ctx, in.Log, s, in.Cursor, in.Limit)
			return &of[*api.Page]{p}, h.problem(ctx, err)
		})
	huma.Register(h.api, get("event", "logs/{log}/events/{record}", "One event"),
		func(ctx context.Context, in *RecordPath) (*of[json.RawMessage], error) {
			p, err := h.page(ctx, in.Log, &eventlog.Selection{Start: in.Record, Limit: 1, Budget: 1, Want: withText}, "", 1)
			if err == nil && (len(p.Events) == 0 || !isRecord(p.Events[0], in.Record)) {
				err = fmt.Errorf("record %d of log %q: %w", in.Record, in.Log, fs.ErrNotExist)
			}
			if err != nil {
				return nil, h.problem(ctx, err)
			}
			return &of[json.RawMessage]{p.Events[0]}, nil
		})
	huma.Register(h.api, get("context", "logs/{log}/events/{record}/context", "An event with those around it, oldest first"),
		func(ctx context.Context, in *struct {
			RecordPath
			ContextQuery
		}) (*of[*api.Page], error) {
			p, err := h.around(ctx, in.Log, in.Record, in.Before, in.After)
			return &of[*api.Page]{p}, h.problem(ctx, err)
		})
	huma.Register(h.api, get("count", "logs/{log}/count", "How many events are selected"),
		func(ctx context.Context, in *struct {
			LogPath
			SelectQuery
			CursorQuery
		}) (*of[*api.Count], error) {
			s, err := in.selection()
			if err != nil {
				return nil, h.problem(ctx, err)
			}
			n, err := h.count(ctx, in.Log, s, in.Cursor)
			return &of[*api.Count]{n}, h.problem(ctx, err)
		})
	follow := get("follow", "logs/{log}/follow", "Follows a log as server-sent events")
	follow.Description = "An event of the stream without a type is an event of the log, one of type note tells of the walk, as in an NDJSON stream; " +
		"at least every 15 seconds there is one. Each id is a cursor, with which a browser goes on by itself (Last-Event-ID); what was overwritten meanwhile is a loss with its record numbers."
	follow.Responses = streamed("text/event-stream")
	huma.Register(h.api, follow, func(ctx context.Context, in *struct {
		LogPath
		SelectQuery
		CursorQuery
		Last string `header:"Last-Event-ID" maxLength:"256" doc:"a cursor, in place of the one of the query"`
	}) (*huma.StreamResponse, error) {
		s, err := in.selection()
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		if in.Last != "" {
			in.Cursor = in.Last
		}
		after, _, err := h.from(in.Cursor, in.Log, s)
		if err == nil && s.Backward {
			err = fmt.Errorf("follow backwards: %w", eventlog.ErrInvalid)
		}
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		return h.stream(ctx, in.Log, false, s, after, endless, &sse)
	})
	huma.Register(h.api, get("text", "sources/{source}/text", "The text of a message"),
		func(ctx context.Context, in *struct {
			SourcePath
			TextQuery
		}) (*of[api.Text], error) {
			t, err := h.text(in.Source, &in.TextQuery)
			return &of[api.Text]{t}, h.problem(ctx, err)
		})
}

// streamed is the answer of an operation that streams.
func streamed(contentTypes ...string) map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	for _, t := range contentTypes {
		content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		if t == sse.contentType {
			content[t].Schema = sseEvent
		}
	}
	return map[string]*huma.Response{"200": {Description: "A stream", Content: content}}
}

// sseEvent is each event of a stream of server-sent events: OpenAPI 3.1 has no words of
// its own for such streams, and readers of documents take the schema for that of one.
var sseEvent = &huma.Schema{
	Type: huma.TypeObject,
	Properties: map[string]*huma.Schema{
		"id":    {Type: huma.TypeString, Description: "a cursor"},
		"event": {Type: huma.TypeString, Description: "the type"},
		"data":  {Type: huma.TypeString, Description: "a line of JSON"},
	},
}

// withText is what an event by itself is shown with.
const withText = eventlog.DefaultFields | 1<<eventlog.FieldMessage

// from begins s at a cursor. The direction in which s was asked for is turned round
// by a cursor of the page before.
func (h *Handler) from(cursor, log string, s *eventlog.Selection) (after *api.Mark, turned bool, err error) {
	if cursor == "" {
		return nil, false, nil
	}
	p, err := parsePlace(cursor, log)
	if err != nil {
		return nil, false, err
	}
	return p.begin(s), p.turned, nil
}

// page reads a page of at most limit events.
func (h *Handler) page(ctx context.Context, log string, s *eventlog.Selection, cursor string, limit int) (*api.Page, error) {
	if s.Limit == 0 || s.Limit > limit {
		s.Limit = limit
	}
	after, turned, err := h.from(cursor, log, s)
	if err != nil {
		return nil, err
	}
	start := s.Start
	w, err := h.open(ctx, log, false, s, after, bounded)
	if err != nil {
		return nil, err
	}
	defer w.close()
	p := &api.Page{Events: []json.RawMessage{}}
	cur := eventlog.Resolve(w.cur, s, h.opts.Texts)
	var first place
	var e eventlog.Event
	for size := 0; ; {
		err := cur.Next(ctx, &e)
		if loss, ok := eventlog.AsLoss(err); ok {
			if len(p.Losses) < maxPageLosses {
				p.Losses = append(p.Losses, *api.LossNote(loss, api.MarkOf(*w.mark())))
			}
			continue
		}
		if err == io.EOF {
			p.End = len(p.Events) < s.Limit
			break
		}
		if err != nil {
			if len(p.Events) == 0 && !isBudget(err) || ctx.Err() != nil {
				return nil, err
			}
			p.Stopped = api.ProblemOf(err)
			break
		}
		line := bytes.TrimSuffix(api.AppendEvent(nil, &e), []byte{'\n'})
		if len(p.Events) == 0 {
			m := e.Mark()
			first = placeOf(&m, !turned)
		}
		p.Events = append(p.Events, line)
		if size += len(line); size >= maxPageBytes {
			break
		}
	}
	p.Examined = eventlog.Examined(w.cur)
	last := placeOf(w.mark(), turned)
	if len(p.Events) == 0 { // the page before is the one that this came from
		first = place{turned: !turned, at: true, record: max(start, last.record)}
		if after != nil {
			first.record = after.Record
		}
	}
	next, previous := last.text(log), ""
	if first.record != 0 {
		previous = first.text(log)
	}
	if s.Backward && p.End { // nothing is ever behind the oldest record
		next = ""
	}
	if turned {
		slices.Reverse(p.Events)
		next, previous = previous, next
	}
	p.Next, p.Previous = next, previous
	return p, nil
}

// isRecord says whether a line is of the event with a number.
func isRecord(line json.RawMessage, number uint64) bool {
	var e struct {
		Record uint64 `json:"record"`
	}
	return json.Unmarshal(line, &e) == nil && e.Record == number
}

func isBudget(err error) bool {
	p, _ := eventlog.ProblemOf(err)
	return p.Err == eventlog.ErrBudget
}

// around is an event with those before and behind it.
func (h *Handler) around(ctx context.Context, log string, record uint64, before, after int) (*api.Page, error) {
	p, err := h.page(ctx, log, &eventlog.Selection{Start: record, Want: withText}, "", after+1)
	if err != nil {
		return nil, err
	}
	if len(p.Events) == 0 || !isRecord(p.Events[0], record) {
		return nil, fmt.Errorf("record %d of log %q: %w", record, log, fs.ErrNotExist)
	}
	if before == 0 || record == 1 || p.Previous == "" {
		return p, nil
	}
	older, err := h.page(ctx, log, &eventlog.Selection{Want: withText}, p.Previous, before)
	if err != nil {
		return nil, err
	}
	p.Events = append(older.Events, p.Events...)
	p.Losses = append(older.Losses, p.Losses...)
	p.Previous, p.Examined = older.Previous, p.Examined+older.Examined
	if p.Stopped == nil {
		p.Stopped = older.Stopped
	}
	return p, nil
}

// count walks without answering events.
func (h *Handler) count(ctx context.Context, log string, s *eventlog.Selection, cursor string) (*api.Count, error) {
	after, _, err := h.from(cursor, log, s)
	if err != nil {
		return nil, err
	}
	s.Want = eventlog.FieldRecord.Bit()
	where := s.Where
	if where != nil && where.Needs().Has(eventlog.FieldMessage) {
		s.Want |= withText
	}
	w, err := h.open(ctx, log, false, s, after, bounded)
	if err != nil {
		return nil, err
	}
	defer w.close()
	cur := eventlog.Resolve(w.cur, s, h.opts.Texts)
	var out eventlog.Outcome
	var e eventlog.Event
	for err = nil; !out.Done(); out.Note(err) {
		if err = cur.Next(ctx, &e); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	n := &api.Count{Count: out.Events, Lost: out.Lost, Examined: eventlog.Examined(w.cur), End: err == io.EOF}
	if !n.End {
		if n.Examined == 0 {
			return nil, err
		}
		n.Stopped = api.ProblemOf(err)
		n.Next = placeOf(w.mark(), false).text(log)
	}
	return n, nil
}

// text is that of a message, by the same hand as that of events.
func (h *Handler) text(source string, q *TextQuery) (api.Text, error) {
	e := eventlog.Event{Origin: &eventlog.Origin{Log: q.Log}, Source: source, ID: eventlog.EventID(q.ID), Strings: q.Strings}
	if h.opts.Texts != nil {
		if text, by := h.opts.Texts.Message(q.Lang, &e); by != eventlog.NotFound && by != eventlog.NotSought {
			return api.Text{Text: text, By: by.String()}, nil
		}
	}
	return api.Text{}, fmt.Errorf("text of event %d of source %q: %w", q.ID, source, fs.ErrNotExist)
}
