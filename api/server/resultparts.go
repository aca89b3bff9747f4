package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/results"
	"netelf.example/render"
)

// RowsQuery, HistogramQuery, FacetsQuery and FormQuery are exported for the library,
// which does not see them otherwise.
type RowsQuery struct {
	First  uint64 `query:"first" doc:"rank of the first row; 0 is the newest"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Around string `query:"around" maxLength:"64" doc:"the key of a row, in place of first and limit"`
	Before int    `query:"before" minimum:"0" maximum:"500" doc:"rows before it"`
	After  int    `query:"after" minimum:"0" maximum:"499" doc:"rows behind it"`
}

type HistogramQuery struct {
	Slots int    `query:"slots" minimum:"1" maximum:"4096" default:"200"`
	Since string `query:"since" maxLength:"64" doc:"not there: the bound of the result, or its oldest event"`
	Until string `query:"until" maxLength:"64"`
}

type FacetsQuery struct {
	Fields string `query:"fields" maxLength:"4096" default:"source,id,level,server,log" doc:"source, id, level, server, log, user, computer, type, category, data.NAME, with commas"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" default:"10" doc:"most frequent values of each"`
	Rare   int    `query:"rare" minimum:"0" maximum:"1000" default:"5" doc:"rarest values of each"`
}

type FormQuery struct {
	Form string `query:"form" required:"true" enum:"json,csv,xml,evt"`
}

func (h *Handler) resultParts() {
	get := func(id, part, summary string) huma.Operation {
		return operation(id, http.MethodGet, "results/{id}/"+part, summary, http.StatusOK)
	}
	huma.Register(h.api, get("rows", "rows", "Events of a result, the newest first"),
		func(ctx context.Context, in *struct {
			ResultPath
			RowsQuery
		}) (*of[*api.Rows], error) {
			r, err := h.resultOf(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			rows, err := h.rows(ctx, r, &in.RowsQuery)
			return &of[*api.Rows]{rows}, h.problem(ctx, ended(err))
		})
	huma.Register(h.api, get("histogram", "histogram", "How many events of a result there are, by time and level"),
		func(ctx context.Context, in *struct {
			ResultPath
			HistogramQuery
		}) (*of[*api.Histogram], error) {
			r, err := h.resultOf(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			bars, err := h.histogram(r, &in.HistogramQuery)
			return &of[*api.Histogram]{bars}, h.problem(ctx, ended(err))
		})
	huma.Register(h.api, get("facets", "facets", "Which values the fields of a result's events have"),
		func(ctx context.Context, in *struct {
			ResultPath
			FacetsQuery
		}) (*of[*api.Facets], error) {
			r, err := h.resultOf(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			all, err := h.facets(r, &in.FacetsQuery)
			return &of[*api.Facets]{all}, h.problem(ctx, ended(err))
		})
	op := get("export-result", "export", "The events of a result as a file, the newest first")
	op.Description = "While the result is still coming the file waits for it. It is whole if it ends well; how much is missing is said behind it, " +
		"in the trailers Netelf-Events, Netelf-Losses and Netelf-Lost. In an .evt file, which is at most 256 MiB, records are numbered anew, in the order of the result."
	op.Responses = streamed("application/x-ndjson", "text/csv", "application/xml", evtType)
	huma.Register(h.api, op, func(ctx context.Context, in *struct {
		ResultPath
		FormQuery
	}) (*huma.StreamResponse, error) {
		r, err := h.resultOf(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return h.exportResult(ctx, r, in.Form)
	})
}

// rows is a stretch of a result.
func (h *Handler) rows(ctx context.Context, r *results.Result, in *RowsQuery) (*api.Rows, error) {
	q := results.PageQuery{Rank: in.First, Rows: in.Limit}
	if in.Around != "" {
		row, err := r.Row(ctx, results.Anchor(in.Around), eventlog.FieldRecord.Bit())
		if err != nil {
			return nil, err
		}
		q.Rank = row.Rank - min(row.Rank, uint64(in.Before))
		q.Rows = int(row.Rank-q.Rank) + 1 + in.After
	}
	p, err := r.Page(ctx, &q)
	if err != nil {
		return nil, err
	}
	out := &api.Rows{Version: p.Version, Total: p.Total, Done: p.Done, Pending: append([]string{}, p.Pending...), First: p.Rank, Rows: []api.Row{}}
	for i := range p.Rows {
		row := &p.Rows[i]
		a := api.Row{Rank: row.Rank, Key: string(row.Anchor), Server: row.Server, Log: row.Log, Event: []byte("null")}
		if row.Event != nil {
			a.Event = render.AppendJSON(nil, relabelled(row.Event, row.Server, row.Log), 0)
		} else {
			a.Gone = "it cannot be read"
			if row.Err != nil {
				a.Gone = row.Err.Error()
			}
		}
		out.Rows = append(out.Rows, a)
	}
	return out, nil
}

// histogram counts a result by time.
func (h *Handler) histogram(r *results.Result, in *HistogramQuery) (*api.Histogram, error) {
	var s eventlog.Selection
	if err := h.narrow(&s, nil, in.Since, in.Until); err != nil {
		return nil, err
	}
	b, err := r.Histogram(s.Since, s.Until, in.Slots)
	if err != nil {
		return nil, err
	}
	out := &api.Histogram{Version: b.Version, Done: b.Done, Since: b.Since.UTC(), Until: b.Until.UTC(), Exact: b.Exact, Counts: make([]api.ByLevel, 0, len(b.Buckets))}
	if out.Until.Before(out.Since) || out.Since.IsZero() { // there is nothing, in bounds that nobody gave
		now := h.opts.Now().UTC()
		out.Until = now
		if out.Since.IsZero() || out.Since.After(now) {
			out.Since = now
		}
	}
	out.Step = float64(out.Until.Sub(out.Since)) / float64(time.Millisecond) / float64(in.Slots)
	for i := range b.Buckets {
		out.Counts = append(out.Counts, byLevel(&b.Buckets[i]))
	}
	return out, nil
}

// maxFacets is how many fields one request can ask for.
const maxFacets = 32

// facets counts a result by fields.
func (h *Handler) facets(r *results.Result, in *FacetsQuery) (*api.Facets, error) {
	fields, err := parseFields(in.Fields)
	if err != nil {
		return nil, err
	}
	out := &api.Facets{Version: r.Version(), Done: true, Facets: []api.Facet{}}
	for _, f := range fields {
		x, err := r.Facet(f.field, in.Limit, in.Rare)
		if err != nil {
			return nil, err
		}
		a := api.Facet{Field: f.name, Exact: x.Exact && x.Counted == x.Total, Counted: x.Counted, Distinct: x.Values, Values: []api.FacetValue{}, Rare: []api.FacetValue{}}
		if x.Err != nil {
			a.Error = x.Err.Error()
		}
		// A data field is there once, more often, or not at all in an event: what is left
		// of the others is known, of these only what no value was kept for.
		a.Other = x.Rest
		for _, list := range []struct {
			from []results.Value
			to   *[]api.FacetValue
		}{{x.Top, &a.Values}, {x.Rare, &a.Rare}} {
			for _, v := range list.from {
				*list.to = append(*list.to, api.FacetValue{Value: f.text(&v), Count: v.Count})
			}
		}
		out.Facets = append(out.Facets, a)
		out.Of, out.Done = x.Total, out.Done && x.Done
	}
	return out, nil
}

// facetField is a field of a facet by the name that it was asked for.
type facetField struct {
	name  string
	field results.Field
}

// facetFields are those of every event, by the names of the small language.
var facetFields = map[string]eventlog.Field{
	"source": eventlog.FieldSource, "id": eventlog.FieldCode, "level": eventlog.FieldLevel, "server": eventlog.FieldServer, "log": eventlog.FieldLog,
	"user": eventlog.FieldUser, "computer": eventlog.FieldComputer, "type": eventlog.FieldType, "category": eventlog.FieldCategory,
}

// text is a value as the small language takes it.
func (f *facetField) text(v *results.Value) string {
	switch f.field.Field {
	case eventlog.FieldLevel:
		return eventlog.Level(v.Number).String()
	case eventlog.FieldType:
		return eventlog.Type(v.Number).String()
	case eventlog.FieldCode, eventlog.FieldCategory:
		return strconv.FormatUint(v.Number, 10)
	}
	return v.Text
}

// parseFields takes a list of fields. A name of data may stand in quotation marks, which
// are doubled in it, as in the small language.
func parseFields(text string) (list []facetField, err error) {
	for text != "" {
		var name string
		name, text = cutField(text)
		f := facetField{name: name}
		if data, ok := strings.CutPrefix(name, "data."); ok {
			if q, quoted := strings.CutPrefix(data, `"`); quoted {
				data = strings.ReplaceAll(strings.TrimSuffix(q, `"`), `""`, `"`)
			}
			f.field = results.Field{Field: eventlog.FieldNamed, Name: data}
			if n, err := strconv.Atoi(data); err == nil && n > 0 {
				f.field = results.Field{Field: eventlog.FieldString, Position: n}
			}
		} else if f.field.Field, ok = facetFields[name]; !ok {
			return nil, fmt.Errorf("nothing is counted by %q: %w", name, eventlog.ErrInvalid)
		}
		if list = append(list, f); len(list) > maxFacets {
			return nil, fmt.Errorf("more than %d fields: %w", maxFacets, eventlog.ErrInvalid)
		}
	}
	return list, nil
}

// cutField cuts a list at its first comma that is not between quotation marks.
func cutField(text string) (first, rest string) {
	quoted := false
	for i, c := range text {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}
