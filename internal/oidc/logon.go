package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"netelf.example/internal/quote"
	"netelf.example/nt"
)

// Attempt is what a logon is known by until it ends: of 43 characters each, which
// nobody can guess.
type Attempt struct {
	State    string // comes back with the code
	Nonce    string // comes back in the token
	Verifier string // of PKCE; the provider gets its hash first
}

// Identity is who somebody is, as the provider says.
type Identity struct {
	Issuer, Subject string   // for ever the same
	Name            string   // may become another one, and somebody else's
	Groups          []string // may be none
}

// Refused is a logon that comes to nothing, and why.
type Refused struct {
	Reason string
	Err    error // what the program knows of it beyond that; nil: nothing
}

func (e *Refused) Error() string { return e.Reason }
func (e *Refused) Unwrap() error { return e.Err }

// Limits of who somebody is.
const (
	maxSubject = 255  // bytes, by OpenID Connect Core section 2
	maxName    = 256  // UTF-16 units
	maxGroups  = 4096 // more are not looked at
)

// Begin is where a browser is sent. The error is Down, or that of ctx.
func (p *Provider) Begin(ctx context.Context, a Attempt) (string, error) {
	f, err := p.find(ctx)
	if err != nil {
		return "", err
	}
	return f.oauth.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// End is who the browser that came back with a code belongs to. The error is Refused,
// Down, or that of ctx.
func (p *Provider) End(ctx context.Context, a Attempt, code string) (who Identity, err error) {
	f, err := p.find(ctx)
	if err != nil {
		return who, err
	}
	ctx = oidc.ClientContext(ctx, p.http)
	token, err := f.oauth.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return who, exchangeError(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return who, &Refused{Reason: "the provider sent no ID token"}
	}
	id, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		return who, verifyError(err)
	}
	if id.Nonce != a.Nonce {
		return who, &Refused{Reason: "the ID token is of another logon"}
	}
	claims := map[string]json.RawMessage{}
	if err := id.Claims(&claims); err != nil {
		return who, &Refused{Reason: "the ID token cannot be read"}
	}
	// By section 3.1.3.7: whom it was made for, where others may see it too.
	if azp, ok := text(claims["azp"]); ok && azp != p.opts.Client || !ok && len(id.Audience) > 1 {
		return who, &Refused{Reason: "the ID token was made for another program"}
	}
	if id.Subject == "" || len(id.Subject) > maxSubject {
		return who, &Refused{Reason: "the ID token is of nobody"}
	}
	if f.info && (claims[p.opts.Name] == nil || p.opts.Groups != "" && claims[p.opts.Groups] == nil) {
		if err := p.more(ctx, f, token, id.Subject, claims); err != nil {
			return who, err
		}
	}
	who = Identity{Issuer: p.opts.Issuer, Subject: id.Subject, Groups: texts(claims[p.opts.Groups])}
	who.Name, err = p.name(claims)
	return who, err
}

// more adds what the ID token leaves out.
func (p *Provider) more(ctx context.Context, f *found, token *oauth2.Token, subject string, claims map[string]json.RawMessage) error {
	info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return &Down{plain(err)}
	}
	more := map[string]json.RawMessage{}
	if info.Subject != subject || info.Claims(&more) != nil {
		return &Refused{Reason: "the provider speaks of two users"}
	}
	for name, value := range more {
		if claims[name] == nil {
			claims[name] = value
		}
	}
	return nil
}

// name is what somebody is called. An address that nobody has looked at is anybody's.
func (p *Provider) name(claims map[string]json.RawMessage) (string, error) {
	name, ok := text(claims[p.opts.Name])
	if !ok {
		return "", &Refused{Reason: "the provider says no " + p.opts.Name}
	}
	if p.opts.Name == "email" {
		if verified := string(claims["email_verified"]); verified != "true" && verified != `"true"` { // some have it as text
			return "", &Refused{Reason: "the provider has not verified the address of the user"}
		}
	}
	if !shown(name) {
		return "", &Refused{Reason: "the name that the provider says is none: " + quote.Short(name)}
	}
	return name, nil
}

// shown says whether a name is one line of what prints, and no other when a domain
// stands before it.
func shown(name string) bool {
	if name == "" || !utf8.ValidString(name) || nt.UTF16Len(name)/2 > maxName || strings.TrimSpace(name) != name {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r == '\\' || r == utf8.RuneError || r != ' ' && !unicode.IsPrint(r)
	})
}

func text(b json.RawMessage) (s string, ok bool) {
	var v any
	if json.Unmarshal(b, &v) != nil { // nothing, or what was read before as a part of the whole
		return "", false
	}
	s, ok = v.(string)
	return s, ok
}

// texts is a list of text, or one: some write a list of one so.
func texts(b json.RawMessage) (list []string) {
	if s, ok := text(b); ok {
		return []string{s}
	}
	var all []any
	if json.Unmarshal(b, &all) != nil { // then it is no list of groups
		return nil
	}
	for _, v := range all[:min(len(all), maxGroups)] {
		if s, ok := v.(string); ok {
			list = append(list, s)
		}
	}
	return list
}

// codes are the words of a provider that refuses: RFC 6749 sections 4.1.2.1 and 5.2,
// OpenID Connect Core section 3.1.2.6.
var codes = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "access_denied",
	"unsupported_response_type", "invalid_scope", "server_error", "temporarily_unavailable", "interaction_required",
	"login_required", "account_selection_required", "consent_required", "request_not_supported",
}

// Answered is the error of a provider that sends the browser back without a code. Only
// words that are known are said again.
func Answered(code string) error {
	if !slices.Contains(codes, code) {
		return &Refused{Reason: "the provider refused it"}
	}
	return &Refused{Reason: "the provider refused it: " + code}
}

func exchangeError(err error) error {
	var refused *oauth2.RetrieveError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &refused):
		return &Down{plain(err)}
	case refused.Response != nil && refused.Response.StatusCode >= http.StatusInternalServerError:
		return &Down{fmt.Errorf("it answers %d", refused.Response.StatusCode)}
	}
	return Answered(refused.ErrorCode)
}

func verifyError(err error) error {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return &Refused{Reason: "the ID token is past its end"}
	}
	// The library says the rest in words alone; a test holds them.
	for _, x := range []struct {
		begin string
		err   error
	}{
		{"failed to verify signature: fetching keys", &Down{errors.New("its keys cannot be fetched")}},
		{"failed to verify signature", &Refused{Reason: "the ID token is not signed by the provider", Err: err}},
		{"oidc: malformed jwt", &Refused{Reason: "the ID token is not signed as it should be", Err: err}},
		{"oidc: id token issued by a different provider", &Refused{Reason: "the ID token is of another issuer", Err: err}},
		{"oidc: expected audience", &Refused{Reason: "the ID token was made for another program", Err: err}},
	} {
		if strings.HasPrefix(err.Error(), x.begin) {
			return x.err
		}
	}
	return &Refused{Reason: "the ID token is not good", Err: err}
}
