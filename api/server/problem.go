package server

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/users"
)

// problem is an api.Problem that the library takes for an answer.
type problem struct{ api.Problem }

func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return "application/problem+json" }

// Schema is that of what it wraps, so that the document has one Problem.
func (*problem) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[api.Problem](), true, "Problem")
}

// problem is err as an answer; nil stays nil. What the contract does not know is
// said in the log.
func (h *Handler) problem(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var own *problem
	if errors.As(err, &own) {
		return own
	}
	if _, known := eventlog.ProblemOf(err); !known {
		h.opts.Logger.Error("request", "caller", callerOf(ctx).Name, "error", err)
	}
	var soon *users.TooSoon
	if errors.As(err, &soon) {
		p := refusal(http.StatusTooManyRequests, err.Error(), nil)
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.FormatInt(soon.Seconds(), 10)}})
	}
	if errors.Is(err, users.ErrLogon) {
		return refusal(http.StatusUnauthorized, err.Error(), nil).coded("logon-refused")
	}
	p := &problem{*api.ProblemOf(err)}
	if p.Status/100 == 2 { // an end where nothing was to end
		p.Status = http.StatusInternalServerError
	}
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	return p
}

// coded is p with another code.
func (p *problem) coded(code string) *problem {
	p.Code = code
	return p
}

// refusal is what the library refuses by itself: a body that is no JSON, a value
// out of its bounds, too much of it.
func refusal(status int, msg string, errs []error) *problem {
	var more []string
	for _, err := range errs {
		var d huma.ErrorDetailer
		switch {
		case err == nil:
		case errors.As(err, &d): // whose text has what was sent, which may be a password
			x := d.ErrorDetail()
			more = append(more, strings.TrimSpace(x.Message+" "+x.Location))
		default:
			more = append(more, err.Error())
		}
	}
	if status == http.StatusInternalServerError && msg == "cannot read request body" { // it broke off, or its chunks are none
		status, more = http.StatusBadRequest, nil
		msg = "the body cannot be read to its end"
	}
	if len(more) > 0 {
		msg += ": " + strings.Join(more, "; ")
	}
	code, known := codes[status]
	switch {
	case known:
	case status >= 500:
		code = "internal"
	default:
		code = "invalid"
	}
	return &problem{api.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: msg}}
}

// codes are those of what the library refuses by itself.
var codes = map[int]string{
	http.StatusUnauthorized:          "unknown-caller",
	http.StatusForbidden:             "access-denied",
	http.StatusNotFound:              "no-such-path",
	http.StatusRequestTimeout:        "too-slow",
	http.StatusConflict:              "exists",
	http.StatusRequestEntityTooLarge: "too-large",
	http.StatusTooManyRequests:       "too-soon",
	http.StatusNotImplemented:        "unsupported",
	http.StatusServiceUnavailable:    "busy",
}
