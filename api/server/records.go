package server

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/render"
	"netelf.example/scan"
)

// ServerRecordPath and RecordTime are exported for the library, which does not see them
// otherwise.
type ServerRecordPath struct {
	ServerPath
	Log    string `path:"log" maxLength:"1024" doc:"name of the log"`
	Record uint64 `path:"record" minimum:"1" doc:"record number"`
}

type RecordTime struct {
	Time time.Time `query:"time" doc:"when the event was generated or written: another one with its number is not it, the log was cleared then"`
}

func (h *Handler) records() {
	op := operation("server-record", http.MethodGet, "servers/{server}/logs/{log}/records/{record}", "One event of a server, with all that is known of it", http.StatusOK)
	op.Errors = append(op.Errors, http.StatusGone, http.StatusBadGateway, http.StatusGatewayTimeout)
	huma.Register(h.api, op, func(ctx context.Context, in *struct {
		ServerRecordPath
		RecordTime
	}) (*of[*api.Single], error) {
		if _, _, err := h.looker(ctx); err != nil {
			return nil, err
		}
		s, err := h.single(ctx, in.name(), in.Log, in.Record, in.Time)
		return &of[*api.Single]{s}, h.problem(ctx, err)
	})
}

// recordTime bounds how long a server may take for one event.
const recordTime = 30 * time.Second

// single reads one event, and looks which records are beside it.
func (h *Handler) single(ctx context.Context, server, log string, record uint64, at time.Time) (*api.Single, error) {
	t, err := h.find(ctx, server, []string{log})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	var found eventlog.Event
	out := &api.Single{}
	err = h.keeping(ctx, server, t, func(t scan.Target) (answered bool, err error) {
		found, *out = eventlog.Event{}, api.Single{}
		return h.beside(ctx, t, record, &found, out)
	})
	if err != nil {
		return nil, h.foreign(ctx, server, err)
	}
	if found.RecordNumber == 0 {
		what := fs.ErrNotExist
		if !at.IsZero() { // somebody has seen it
			what = eventlog.ErrMarkGone
		}
		return nil, fmt.Errorf("record %d of log %q: %w", record, log, what)
	}
	if !at.IsZero() && !at.Equal(found.TimeGenerated) && !at.Equal(found.TimeWritten) {
		return nil, fmt.Errorf("record %d of log %q is another one now: %w", record, log, eventlog.ErrMarkGone)
	}
	relabelled(&found, server, log)
	out.XML = string(render.AppendXML(nil, &found))
	out.Hex = hexOf(found.Raw)
	switch found.MessageBy {
	case eventlog.NotFound, eventlog.NotSought:
	default:
		out.Text = &api.TextSource{By: found.MessageBy.String()}
	}
	found.Raw = nil
	found.Offset = -1
	out.Event = render.AppendJSON(nil, &found, 0)
	return out, nil
}

// beside reads a record, which stays empty if there is none, and notes in out which
// ones are beside it. The error is of what could not be read, if it was not found.
func (h *Handler) beside(ctx context.Context, t scan.Target, record uint64, found *eventlog.Event, out *api.Single) (answered bool, err error) {
	sel := eventlog.Selection{Start: max(record, 2) - 1, Limit: 3, Budget: 3, Want: eventlog.AllFields}
	cur := scan.Open(ctx, []scan.Target{t}, &sel, &h.opts.Many.opts.Scan)
	defer cur.Close()
	texts := eventlog.Resolve(cur, &sel, h.opts.Texts)
	var e eventlog.Event
	for {
		err = texts.Next(ctx, &e)
		if _, lost := eventlog.AsLoss(err); lost {
			continue
		}
		if err != nil {
			break
		}
		switch {
		case e.RecordNumber == record:
			*found = *e.Clone()
		case e.RecordNumber+1 == record:
			out.Previous = e.RecordNumber
		case e.RecordNumber == record+1:
			out.Next = e.RecordNumber
		}
	}
	if err == io.EOF || isBudget(err) {
		return true, nil
	}
	if found.RecordNumber != 0 {
		return false, nil
	}
	if o := cur.Outcomes(); len(o) == 1 && o[0].Err != nil {
		err = o[0].Err
	}
	return false, err
}

// hexOf is a record as it is stored; nil: it is not known.
func hexOf(raw []byte) *api.Hex {
	if len(raw) == 0 {
		return nil
	}
	x := &api.Hex{Bytes: raw, Fields: []api.HexField{}}
	var r evt.Record
	if r.UnmarshalBinary(raw) != nil {
		return x // of another format
	}
	x.Fields = append(x.Fields, fieldsOf(&r)...)
	return x
}
