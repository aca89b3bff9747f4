package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/nt"
)

const logInOperation = "log-in"

// openOperations are those for which nobody needs to be known.
var openOperations = []string{logInOperation, "log-in-ways", "begin-oidc", "end-oidc"}

// maxLogin bounds the body of who is not known yet, in bytes.
const maxLogin = 16 << 10

// Cookie is exported for the library, which does not see it otherwise.
type Cookie struct {
	Cookie string `header:"Set-Cookie" doc:"what the session is known by"`
}

// accounts are those of the service, if it has any.
func (h *Handler) accounts() (*Accounts, error) {
	if h.opts.Accounts == nil {
		return nil, refusal(http.StatusNotImplemented, "there are no users here: nobody comes over the network", nil)
	}
	return h.opts.Accounts, nil
}

// aboutCaller is a caller as it is told of itself.
func aboutCaller(c eventlog.Caller) api.Caller {
	out := api.Caller{Name: c.Name, SIDs: []string{}, Administrator: administrates(c)}
	for _, s := range c.SIDs {
		out.SIDs = append(out.SIDs, string(s))
	}
	return out
}

func administrates(c eventlog.Caller) bool {
	return c.Whole() && slices.Contains(c.SIDs, nt.SIDAdministrators)
}

func (h *Handler) session() {
	op := operation(logInOperation, http.MethodPost, "session", "Logs in by password", http.StatusOK)
	op.Description = "The session is in a cookie, and ends when it is not used, after a time in any case, and when the password becomes another one. " +
		"Who guesses passwords has to wait: the answer is then 429, and Retry-After says how long."
	op.MaxBodyBytes = maxLogin
	op.Errors = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusTooManyRequests}
	op.Security = []map[string][]string{{}}
	huma.Register(h.api, op, func(ctx context.Context, in *of[api.Login]) (*struct {
		Cookie
		Body api.Session
	}, error) {
		a, err := h.accounts()
		if err != nil {
			return nil, err
		}
		r := requestOf(ctx)
		text, made, c, err := a.logIn(r, in.Body.User, in.Body.Password)
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		return &struct {
			Cookie
			Body api.Session
		}{Cookie{cookie(r, text)}, api.Session{
			Caller: aboutCaller(c), Idle: int64(a.opts.Idle.Seconds()), Ends: made.made.Add(a.opts.Most).UTC(),
		}}, nil
	})
	h.ways()
	op = operation("log-out", http.MethodDelete, "session", "Ends the session", http.StatusNoContent)
	huma.Register(h.api, op, func(ctx context.Context, _ *struct{}) (*Cookie, error) {
		a, err := h.accounts()
		if err != nil {
			return nil, err
		}
		id := identityOf(ctx)
		if id.session == nil {
			return nil, refusal(http.StatusBadRequest, "there is no session to end", nil)
		}
		a.sessions.end(id.session)
		return &Cookie{cookie(requestOf(ctx), "")}, nil
	})
}

// refusedAct writes down that something was refused, and says so.
func (h *Handler) refusedAct(ctx context.Context, a *Accounts, what, on string) error {
	a.audit(ctx, callerOf(ctx), Act{Kind: ActRefused, What: what, On: on})
	return refusal(http.StatusForbidden, what+" "+on+" as "+callerOf(ctx).Name+": permission denied", nil)
}

// administer does f for administrators.
func (h *Handler) administer(ctx context.Context, what, on string, f func(a *Accounts) error) error {
	a, err := h.accounts()
	if err != nil {
		return err
	}
	if !administrates(callerOf(ctx)) {
		return h.refusedAct(ctx, a, what, on)
	}
	return h.problem(ctx, f(a))
}

// own does f for a user itself, and for administrators. Who comes by a token with
// less than all rights is neither.
func (h *Handler) own(ctx context.Context, what, user string, f func(a *Accounts, self bool) error) error {
	a, err := h.accounts()
	if err != nil {
		return err
	}
	id := identityOf(ctx)
	self := id.user != "" && id.caller.Whole() && eventlog.EqualFold(id.user, user)
	if !self && !administrates(id.caller) {
		return h.refusedAct(ctx, a, what, "user "+user)
	}
	return h.problem(ctx, f(a, self))
}

func joined(list []string) string { return strings.Join(list, ", ") }
