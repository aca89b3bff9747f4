package server

import (
	"context"
	"net/http"
	"strings"

	"netelf.example/api"
	"netelf.example/eventlog"
)

// problem is an api.Problem that the library takes for an answer.
type problem struct{ api.Problem }

func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return "application/problem+json" }

// problem is err as an answer; nil stays nil. What the contract does not know is
// said in the log.
func (h *Handler) problem(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, known := eventlog.ProblemOf(err); !known {
		h.opts.Logger.Error("request", "caller", callerOf(ctx).Name, "error", err)
	}
	p := &problem{*api.ProblemOf(err)}
	if p.Status/100 == 2 { // an end where nothing was to end
		p.Status = http.StatusInternalServerError
	}
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	return p
}

// refusal is what the library refuses by itself: a body that is no JSON, a value
// out of its bounds, too much of it.
func refusal(status int, msg string, errs []error) *problem {
	var more []string
	for _, err := range errs {
		if err != nil {
			more = append(more, err.Error())
		}
	}
	if len(more) > 0 {
		msg += ": " + strings.Join(more, "; ")
	}
	p := &problem{api.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: "invalid", Detail: msg}}
	switch status {
	case http.StatusUnauthorized:
		p.Code = "unknown-caller"
	case http.StatusNotFound:
		p.Code = "no-such-path"
	case http.StatusRequestEntityTooLarge:
		p.Code = "too-large"
	case http.StatusServiceUnavailable:
		p.Code = "busy"
	}
	if status >= 500 && p.Code == "invalid" {
		p.Code = "internal"
	}
	return p
}
