package server

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/query"
)

func (h *Handler) queries() {
	op := operation("query", http.MethodPost, "query", "What a query means, what is wrong with it, and what can stand at a place of it", http.StatusOK)
	huma.Register(h.api, op, func(ctx context.Context, in *of[api.QueryText]) (*of[api.QueryAnswer], error) {
		if _, _, err := h.looker(ctx); err != nil {
			return nil, err
		}
		if in.Body.At > len(in.Body.Text) {
			return nil, h.problem(ctx, fmt.Errorf("at is %d, and the text has %d bytes: %w", in.Body.At, len(in.Body.Text), eventlog.ErrInvalid))
		}
		return &of[api.QueryAnswer]{queryAnswer(in.Body.Text, in.Body.At, h.opts.Now())}, nil
	})
}

// maxCompletions is how many are answered.
const maxCompletions = 100

func queryAnswer(text string, at int, now time.Time) api.QueryAnswer {
	a := api.QueryAnswer{Completions: []api.Completion{}}
	c := query.Complete(text, at)
	for _, i := range c.Items[:min(len(c.Items), maxCompletions)] {
		a.Completions = append(a.Completions, api.Completion{Text: i.Text, Detail: i.Help, From: c.From, To: c.To})
	}
	q, err := query.Parse(text, &query.Options{Now: now})
	if err != nil {
		p := api.ProblemOf(err)
		a.Error = &api.QueryError{Length: p.Length, Message: cmp.Or(p.Message, p.Detail)}
		if p.Offset != nil {
			a.Error.Offset = *p.Offset
		}
		return a
	}
	a.Canonical, a.Since, a.Until, a.Limit, a.Logs = query.Format(q.Where), timeOf(q.Since), timeOf(q.Until), q.Limit, q.Logs
	return a
}
