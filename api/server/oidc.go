package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/oidc"
	"netelf.example/internal/users"
	"netelf.example/nt"
)

// OIDC lets in whom a provider of OpenID Connect knows.
type OIDC struct {
	Provider *oidc.Provider
	Name     string // what people know it by; "": its host

	// Known makes who has the name of a user of the file that user, with its rights
	// and no others. Everybody else is somebody of the provider, with a SID of its own,
	// one of the Authenticated Users, and what its groups may.
	Known bool
	Roles map[string][]nt.SID // by group
}

// outsider is somebody of a provider.
type outsider struct {
	name string // with the provider before it
	sids []nt.SID
}

// provided is an OIDC at work. Nothing is kept between the begin of a logon and its
// end: the browser has a cookie, and what else is needed is made of that with the key.
type provided struct {
	*OIDC
	key   []byte
	guess *users.Throttle // of what fails
}

func newProvided(o *OIDC, now func() time.Time) *provided {
	// By address alone: there is no name before the provider has said it.
	return &provided{o, []byte(random()), users.NewThrottle(&users.ThrottleOptions{NameFree: math.MaxInt, Now: now})}
}

const (
	attemptTime = 10 * time.Minute // from begin to end
	maxReturn   = 1024             // bytes of the path that is gone back to
	maxCode     = 4096             // bytes of what a provider sends
	byProvider  = "OpenID Connect" // how a logon was tried
)

var (
	errNoProvider = refusal(http.StatusNotFound, "there is no login by OpenID Connect here", nil)
	errAttempt    = refusal(http.StatusBadRequest, "this login was not begun in this browser, or took too long: begin again", nil).coded("login-void")
)

// provider is that of the service, if it has one.
func (h *Handler) provider() (*Accounts, *provided, error) {
	a, err := h.accounts()
	if err == nil && a.provided == nil {
		err = errNoProvider
	}
	if err != nil {
		return nil, nil, err
	}
	return a, a.provided, nil
}

func (p *provided) name() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Provider.Host()
}

// cookieName has the prefix of a session's, where browsers come by TLS.
func (p *provided) cookieName() string {
	if p.Provider.Secure() {
		return "__Host-netelf-login"
	}
	return "netelf-login"
}

// cookie is that of an attempt; "" takes it back. It comes with whoever is sent here by
// the provider, so it cannot be strict.
func (p *provided) cookie(text string) string {
	c := &http.Cookie{
		Name: p.cookieName(), Value: text, Path: "/", MaxAge: int(attemptTime.Seconds()),
		HttpOnly: true, Secure: p.Provider.Secure(), SameSite: http.SameSiteLaxMode,
	}
	if text == "" {
		c.MaxAge = -1
	}
	return c.String()
}

// attempt is what belongs to a cookie. Whoever has one of the three has no other.
func (p *provided) attempt(cookie string) oidc.Attempt {
	of := func(what string) string {
		m := hmac.New(sha256.New, p.key)
		m.Write([]byte(what + "\x00" + cookie))
		return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
	}
	return oidc.Attempt{State: of("state"), Nonce: of("nonce"), Verifier: of("verifier")}
}

// begin makes an attempt, which ends with going back to a path.
func (p *provided) begin(ctx context.Context, back string, now time.Time) (to, cookie string, err error) {
	cookie = random() + "." + strconv.FormatInt(now.Add(attemptTime).Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString([]byte(back))
	to, err = p.Provider.Begin(ctx, p.attempt(cookie))
	return to, cookie, err
}

// resume is the attempt that a browser comes back with. What its cookie says is
// true: the state was made of it.
func (p *provided) resume(r *http.Request, q url.Values, now time.Time) (at oidc.Attempt, back string, err error) {
	c, err := r.Cookie(p.cookieName())
	if err != nil || len(q["state"]) != 1 {
		return at, "", errAttempt
	}
	at = p.attempt(c.Value)
	if !hmac.Equal([]byte(at.State), []byte(q["state"][0])) {
		return at, "", errAttempt
	}
	part := strings.Split(c.Value, ".")
	until, err := strconv.ParseInt(part[1], 10, 64)
	b, wrong := base64.RawURLEncoding.DecodeString(part[2])
	if err != nil || wrong != nil || now.Unix() >= until {
		return at, "", errAttempt
	}
	return at, string(b), nil
}

// checkReturn wants a path of this server: what a browser could take for another one
// is refused, and so is what does not stand in a path anyway.
func checkReturn(back string) error {
	wrong := fmt.Errorf("return: want a path of this server, as /logs: %w", eventlog.ErrInvalid)
	if len(back) > maxReturn || !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") {
		return wrong
	}
	for _, c := range []byte(back) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"'<>`", c) >= 0 {
			return wrong
		}
	}
	if u, err := url.Parse(back); err != nil || u.Host != "" || u.Scheme != "" {
		return wrong
	}
	return nil
}

// end lets in who came back from the provider.
func (a *Accounts) end(r *http.Request, q url.Values) (text, back string, err error) {
	c := eventlog.Caller{Door: door, Addr: addrOf(r).String()}
	done, err := a.provided.guess.Try("", addrOf(r))
	if err != nil {
		a.opts.Logger.Warn("logon refused", "addr", c.Addr, "error", err)
		return "", "/", err
	}
	failed := false
	defer func() { done(failed) }()
	text, back, err = a.admit(r, q, &c)
	var refused *oidc.Refused
	var down *oidc.Down
	switch {
	case errors.As(err, &refused):
		failed = true
		a.opts.Logger.Debug("logon refused", "addr", c.Addr, "reason", refused.Reason, "error", refused.Err)
		a.audit(r.Context(), c, Act{Kind: ActLogonRefused, What: byProvider, More: refused.Reason})
		err = refusal(http.StatusUnauthorized, "the login was refused: "+refused.Reason, nil).coded("logon-refused")
	case errors.Is(err, errAttempt):
		failed = true
		a.audit(r.Context(), c, Act{Kind: ActLogonRefused, What: byProvider, More: "not begun in this browser, or too long ago"})
	case errors.As(err, &down):
		err = a.provided.down(a, err)
	}
	return text, back, err
}

// down is a provider that cannot be asked. Why is for the log alone.
func (p *provided) down(a *Accounts, err error) error {
	a.opts.Logger.Error("OpenID Connect", "provider", p.Provider.Host(), "error", err)
	return refusal(http.StatusServiceUnavailable, p.name()+" cannot be asked who you are at the moment; the log of the service says why. Who has a password here can log in with that", nil).coded("provider-down")
}

// admit has the provider say who it is, and begins a session.
func (a *Accounts) admit(r *http.Request, q url.Values, c *eventlog.Caller) (text, back string, err error) {
	p, ctx := a.provided, r.Context()
	at, back, err := p.resume(r, q, a.opts.Now())
	if err != nil {
		return "", "/", err
	}
	code := q.Get("code")
	switch {
	case q.Has("iss") && q.Get("iss") != p.Provider.Issuer(): // RFC 9207
		return "", back, &oidc.Refused{Reason: "it is the answer of another provider"}
	case q.Has("error"):
		return "", back, oidc.Answered(q.Get("error"))
	case code == "" || len(code) > maxCode:
		return "", back, &oidc.Refused{Reason: "the provider sent no code"}
	}
	who, err := p.Provider.End(ctx, at, code)
	if who.Name != "" {
		c.Name = p.Provider.Host() + `\` + who.Name
	}
	if err != nil {
		return "", back, err
	}
	made, caller, on, err := a.sessionOf(r, &who, c.Name)
	if err != nil {
		return "", back, err
	}
	*c = caller
	if err := a.opts.Audit(ctx, *c, Act{Kind: ActLogon, On: on, What: byProvider}); err != nil {
		return "", back, fmt.Errorf("a logon that cannot be written down: %w", err)
	}
	text, _ = a.sessions.add(made)
	return text, back, nil
}

// sessionOf is a session of somebody whom the provider knows, not yet begun.
func (a *Accounts) sessionOf(r *http.Request, who *oidc.Identity, name string) (made *session, c eventlog.Caller, on string, err error) {
	now := a.opts.Now()
	made = &session{made: now, used: now}
	if a.provided.Known && users.CheckName(who.Name) == nil {
		u, stamp, err := a.opts.Users.Stamped(who.Name)
		if err == nil {
			made.user, made.stamp = eventlog.Fold(u.Name), stamp
			return made, a.callerOf(r, &u), u.Name, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, c, "", err
		}
	}
	sid := who.SID()
	made.user = "\x00" + string(sid) // which no user of the file is called
	made.outside = &outsider{name: name, sids: []nt.SID{sid}}
	for _, g := range who.Groups {
		made.outside.sids = append(made.outside.sids, a.provided.Roles[g]...)
	}
	return made, a.callerOutside(r, made.outside), name, nil
}

// callerOutside is somebody of a provider as a caller.
func (a *Accounts) callerOutside(r *http.Request, o *outsider) eventlog.Caller {
	return eventlog.Caller{
		Name: o.name, Door: door, Addr: addrOf(r).String(),
		SIDs: append(append([]eventlog.SID(nil), o.sids...), nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDNetwork),
	}
}
