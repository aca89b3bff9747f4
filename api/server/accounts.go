package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/users"
	"netelf.example/nt"
)

// door is what callers that come over the network come by.
const door = "HTTP"

// Accounts lets the users of a file in: by password, for which they get a session,
// and by token.
type Accounts struct {
	opts     AccountsOptions
	sessions sessions
	tokens   *users.Throttle // of what is written down of wrong tokens
	provided *provided       // nil: there is no provider
}

// AccountsOptions are those of Accounts. Users and Audit must be set.
type AccountsOptions struct {
	Users *users.Store

	// Audit writes down what was done. Where a logon cannot be written
	// nobody comes in.
	Audit func(context.Context, eventlog.Caller, Act) error

	OIDC     *OIDC            // lets others in beside them; nil: nobody
	Throttle *users.Throttle  // of wrong passwords, which other doors may share; nil: its own
	Domain   string           // what stands before the names of users, and a backslash; "": nothing
	Idle     time.Duration    // how long a session lasts that is not used; 0: one hour
	Most     time.Duration    // how long any lasts; 0: a day
	Now      func() time.Time // nil: time.Now
	Logger   *slog.Logger     // nil: nothing is logged
}

// Act is something that was done with an account or a server, or refused.
type Act struct {
	Kind ActKind
	On   string // the user or the server that it is about; what was asked for on, if it was refused
	What string // how a logon was tried; what changed of a user; a token's name; who asks a server; what was refused
	More string // why a logon was refused, "" for a wrong password; the new value; the scope of a token
}

// ActKind is what an Act was.
type ActKind uint8

// The kinds of acts.
const (
	ActLogon ActKind = iota
	ActLogonRefused
	ActRefused
	ActUserAdded
	ActUserRemoved
	ActUserChanged
	ActTokenMade
	ActTokenRevoked
	ActCredentialGiven
)

// NewAccounts makes Accounts.
func NewAccounts(o AccountsOptions) *Accounts {
	o.Idle, o.Most = cmp.Or(o.Idle, time.Hour), cmp.Or(o.Most, 24*time.Hour)
	if o.Throttle == nil {
		o.Throttle = users.NewThrottle(nil)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Accounts{opts: o, sessions: sessions{idle: o.Idle, most: o.Most}, tokens: users.NewThrottle(&users.ThrottleOptions{Now: o.Now})}
	if o.OIDC != nil {
		a.provided = newProvided(o.OIDC, o.Now)
	}
	return a
}

// identity is who asks, and how that is known.
type identity struct {
	caller  eventlog.Caller
	user    string   // of the file; "": it is none of these
	session *session // nil: it did not come by one
}

// The refusals of those who are not known.
var (
	errNobody  = refusal(http.StatusUnauthorized, "log in first: POST /v1/session, or send a token", nil)
	errSession = refusal(http.StatusUnauthorized, "the session is over: log in again", nil)
	errToken   = refusal(http.StatusUnauthorized, "the token is not known, was revoked, or is past its end", nil)
)

// identify finds out who asks over the network.
func (a *Accounts) identify(r *http.Request) (identity, error) {
	if bearer, ok := bearerOf(r); ok {
		return a.byToken(r, bearer)
	}
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return identity{}, errNobody
	}
	x, stamp := a.sessions.find(c.Value, a.opts.Now())
	if x == nil {
		return identity{}, errSession
	}
	if x.outside != nil {
		return identity{caller: a.callerOutside(r, x.outside), session: x}, nil
	}
	u, now, err := a.opts.Users.Stamped(x.user)
	if errors.Is(err, fs.ErrNotExist) || err == nil && now != stamp {
		a.sessions.end(x)
		return identity{}, errSession
	}
	if err != nil {
		return identity{}, err
	}
	return identity{a.callerOf(r, &u), u.Name, x}, nil
}

// bearerOf is the token of a request.
func bearerOf(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

func (a *Accounts) byToken(r *http.Request, text string) (identity, error) {
	u, t, err := a.opts.Users.ByToken(text, a.opts.Now())
	switch {
	case errors.Is(err, users.ErrLogon):
		a.wrongToken(r)
		return identity{}, errToken
	case err != nil:
		return identity{}, err
	}
	c := a.callerOf(r, &u)
	c.Mask, c.Only = t.Scope.Mask(), t.Log
	return identity{caller: c, user: u.Name}, nil
}

// wrongToken writes it down, unless that happens too often.
func (a *Accounts) wrongToken(r *http.Request) {
	c := eventlog.Caller{Door: door, Addr: addrOf(r).String()}
	done, err := a.tokens.Try("", addrOf(r))
	if err != nil {
		a.opts.Logger.Warn("token refused", "addr", c.Addr)
		return
	}
	done(true)
	a.audit(r.Context(), c, Act{Kind: ActLogonRefused, What: "token"})
}

// audit writes down what has been done. Where nobody has an account, as on a page for
// oneself, there is no Security either.
func (a *Accounts) audit(ctx context.Context, c eventlog.Caller, act Act) {
	if a == nil {
		return
	}
	if err := a.opts.Audit(context.WithoutCancel(ctx), c, act); err != nil {
		a.opts.Logger.Error("audit", "error", err)
	}
}

// callerOf is a user as a caller.
func (a *Accounts) callerOf(r *http.Request, u *users.User) eventlog.Caller {
	return eventlog.Caller{
		Name: a.fullName(u.Name), Door: door, Addr: addrOf(r).String(),
		SIDs: append(u.SIDs(), nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDNetwork),
	}
}

func (a *Accounts) fullName(user string) string {
	if a.opts.Domain == "" {
		return user
	}
	return a.opts.Domain + `\` + user
}

// addrOf is where a request comes from; the zero Addr where that cannot be said.
func addrOf(r *http.Request) netip.Addr {
	p, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}

// cookieName is what a session's cookie is called. The prefix has browsers take it
// from this host alone, and only over TLS.
func cookieName(r *http.Request) string {
	if r.TLS == nil {
		return "netelf"
	}
	return "__Host-netelf"
}

// cookie is a session's cookie; "" takes it back.
func cookie(r *http.Request, text string) string {
	c := &http.Cookie{Name: cookieName(r), Value: text, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode}
	if text == "" {
		c.MaxAge = -1
	}
	return c.String()
}

// logIn lets a user in by its password.
func (a *Accounts) logIn(r *http.Request, name, password string) (text string, made *session, c eventlog.Caller, err error) {
	ctx := r.Context()
	c = eventlog.Caller{Name: name, Door: door, Addr: addrOf(r).String()}
	if _, user, ok := strings.Cut(name, `\`); ok { // clients name their own domain as often as ours
		name = user
	}
	// Before the password is looked at: one that is changed meanwhile ends the session
	// with its first use. Whether there is such a user is for check to say.
	_, stamp, _ := a.opts.Users.Stamped(name)
	u, err := a.check(r, name, password)
	var soon *users.TooSoon
	switch {
	case errors.As(err, &soon): // Security has the ones that were looked at; these may be any number
		a.opts.Logger.Warn("logon refused", "user", name, "addr", c.Addr, "error", err)
		return "", nil, c, err
	case errors.Is(err, users.ErrLogon):
		a.audit(ctx, c, Act{Kind: ActLogonRefused, What: "password"})
		return "", nil, c, err
	case err != nil:
		return "", nil, c, err
	}
	c = a.callerOf(r, &u)
	if err := a.opts.Audit(ctx, c, Act{Kind: ActLogon, On: u.Name, What: "password"}); err != nil {
		return "", nil, c, fmt.Errorf("a logon that cannot be written down: %w", err)
	}
	text, made = a.sessions.begin(u.Name, stamp, a.opts.Now())
	return text, made, c, nil
}

// check looks at a password, if it does not come too early.
func (a *Accounts) check(r *http.Request, name, password string) (users.User, error) {
	done, err := a.opts.Throttle.Try(name, addrOf(r))
	if err != nil {
		return users.User{}, err
	}
	u, err := a.opts.Users.Check(r.Context(), name, password)
	done(errors.Is(err, users.ErrLogon))
	return u, err
}
