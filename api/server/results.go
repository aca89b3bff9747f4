package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/results"
	"netelf.example/query"
	"netelf.example/scan"
)

// ResultPath is exported for the library, which does not see it otherwise.
type ResultPath struct {
	ID string `path:"id" maxLength:"128" doc:"id of the result"`
}

// Created is exported for the library, too.
type Created struct {
	Location string `header:"Location"`
	Body     api.Progress
}

func (h *Handler) results() {
	op := operation("create-result", http.MethodPost, "results", "Asks many servers, and keeps what they answer", http.StatusCreated)
	op.Description = "The answer comes at once and the events by and by: all there is can be asked for from the beginning. " +
		"A result belongs to whoever has asked; it ends 15 minutes after it was used last."
	huma.Register(h.api, op, func(ctx context.Context, in *of[api.Ask]) (*Created, error) {
		c, m, err := h.looker(ctx)
		if err != nil {
			return nil, err
		}
		q, text, err := h.asked(ctx, &in.Body)
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		r, err := m.opts.Results.Create(c, q)
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		p, err := h.progress(r)
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		p.Query = text
		return &Created{"/v1/results/" + r.ID(), *p}, nil
	})
	huma.Register(h.api, operation("result", http.MethodGet, "results/{id}", "How far a result is", http.StatusOK),
		func(ctx context.Context, in *struct {
			ResultPath
			AfterQuery
		}) (*of[*api.Progress], error) {
			r, err := h.resultOf(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			h.awaits(ctx, in.After, r.Wait)
			p, err := h.progress(r)
			return &of[*api.Progress]{p}, h.problem(ctx, ended(err))
		})
	huma.Register(h.api, operation("end-result", http.MethodDelete, "results/{id}", "Ends a result", http.StatusNoContent),
		func(ctx context.Context, in *ResultPath) (*struct{}, error) {
			r, err := h.resultOf(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return nil, h.problem(ctx, r.Close())
		})
}

// resultOf is a result of the caller.
func (h *Handler) resultOf(ctx context.Context, id string) (*results.Result, error) {
	c, m, err := h.looker(ctx)
	if err != nil {
		return nil, err
	}
	r, err := m.opts.Results.Get(c, id)
	return r, h.problem(ctx, err)
}

// ended is the error of a result that was closed meanwhile: there is none any more.
func ended(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return fmt.Errorf("the result has ended: %w", fs.ErrNotExist)
	}
	return err
}

// asked is what a caller asks for, and the query in the words it was given.
func (h *Handler) asked(ctx context.Context, in *api.Ask) (q *results.Query, text string, err error) {
	parsed, err := query.Parse(in.Query, &query.Options{Now: h.opts.Now()})
	switch {
	case err != nil:
		return nil, "", err
	case parsed.Limit > 0:
		return nil, "", fmt.Errorf("a result has all events: the query bounds them by position(): %w", eventlog.ErrInvalid)
	}
	logs := in.Logs
	if in.Of != "" {
		base, err := h.opts.Many.opts.Results.Get(callerOf(ctx), in.Of)
		if err != nil {
			return nil, "", err
		}
		where, servers := parsed.Where, in.Servers
		if len(servers) == 0 {
			servers = nil
		}
		if len(logs) > 0 {
			var any eventlog.Or
			for _, l := range logs {
				any = append(any, eventlog.TextTerm(eventlog.FieldLog, eventlog.Eq, l))
			}
			where = query.Both(where, any)
		}
		if q, err = base.Refine(where, servers); err != nil {
			return nil, "", ended(err)
		}
		parsed.Where = nil
	} else {
		q = new(results.Query)
		if len(logs) == 0 {
			logs = parsed.Logs
		}
		if q.Targets, err = h.targetsOf(ctx, in.Servers, logs); err != nil {
			return nil, "", err
		}
	}
	return q, in.Query, h.narrow(&q.Selection, parsed, in.Since, in.Until)
}

// progress is how far a result is.
func (h *Handler) progress(r *results.Result) (*api.Progress, error) {
	p, err := r.Progress()
	if err != nil {
		return nil, err
	}
	sel := r.Selection()
	out := &api.Progress{
		ID: r.ID(), Version: p.Version, Canonical: query.Format(sel.Where), Since: timeOf(sel.Since), Until: timeOf(sel.Until),
		Done: p.Done, Total: p.Rows, Examined: p.Examined, First: timeOf(p.First), Last: timeOf(p.Last), Servers: []api.AskedServer{},
	}
	out.Query = out.Canonical
	if p.Stopped != nil {
		out.More = p.Stopped.Error()
	}
	for i := range p.Servers {
		s := &p.Servers[i]
		a := api.AskedServer{
			Name: s.Name, State: s.State.String(), Matched: s.Rows, Examined: s.Examined, Oldest: timeOf(s.Oldest),
			Done: s.Phase == scan.Over, Losses: s.Losses,
		}
		switch {
		case s.NotTried:
			a.State = "not tried"
		case !a.Done && s.State == eventlog.OK:
			a.State = s.Phase.String()
		}
		if s.Err != nil {
			a.Error = s.Err.Error()
		}
		out.Servers = append(out.Servers, a)
	}
	return out, nil
}
