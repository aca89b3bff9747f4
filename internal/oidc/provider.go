package oidc

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Options are those of a Provider. Issuer, Client and Redirect must be set.
type Options struct {
	Issuer   string // its URL, as it calls itself
	Client   string // what it knows this program by
	Secret   string // "": none, for a public client
	Redirect string // the URL that browsers come back to

	Scopes []string // that are asked for; "openid" is in any case
	Name   string   // the claim that is the name; "": preferred_username
	Groups string   // the claim of the groups; "": none are asked for

	Roots *x509.CertPool   // that sign its certificate; nil: the system's
	Now   func() time.Time // nil: time.Now
}

// Limits of what a provider is asked.
const (
	maxAnswer = 1 << 20 // bytes
	askTime   = 10 * time.Second
	fresh     = time.Hour       // how long its document is good
	downTime  = 5 * time.Second // how long after a failure it is not asked again
)

// Provider says who somebody is.
type Provider struct {
	opts   Options
	issuer *url.URL
	http   *http.Client

	turn   chan struct{} // holds one while somebody looks at what follows
	found  *found        // nil: nothing yet
	at     time.Time     // of the last attempt to find it
	failed error         // of that one
}

// found is what the provider's document says.
type found struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	info     bool // it has a UserInfo endpoint
}

// New makes a Provider, which is not asked yet.
func New(o Options) (*Provider, error) {
	issuer, err := url.Parse(o.Issuer)
	if err != nil || issuer.Host == "" || issuer.Scheme != "https" && issuer.Scheme != "http" {
		return nil, fmt.Errorf("issuer %q: want a URL, as https://id.example.com", o.Issuer)
	}
	o.Name = cmp.Or(o.Name, "preferred_username")
	if o.Now == nil {
		o.Now = time.Now
	}
	if !slices.Contains(o.Scopes, oidc.ScopeOpenID) {
		o.Scopes = append([]string{oidc.ScopeOpenID}, o.Scopes...)
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: askTime,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
	}
	return &Provider{opts: o, issuer: issuer, turn: make(chan struct{}, 1), http: &http.Client{
		Transport: bounded{transport}, Timeout: askTime,
		// It would send the secret elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Host is the provider's, for people.
func (p *Provider) Host() string { return p.issuer.Host }

// Issuer is what the provider calls itself.
func (p *Provider) Issuer() string { return p.opts.Issuer }

// Secure says whether browsers come back over TLS.
func (p *Provider) Secure() bool { return strings.HasPrefix(p.opts.Redirect, "https:") }

// bounded cuts answers off.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// find is what the provider's document says, which is fetched if it has to be.
func (p *Provider) find(ctx context.Context) (*found, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := p.opts.Now()
	wait := fresh
	if p.failed != nil {
		wait = downTime
	}
	if p.at.IsZero() || now.Sub(p.at) >= wait {
		f, err := p.discover(context.WithoutCancel(ctx)) // the others wait for it too
		p.at, p.failed = now, err
		if err == nil {
			p.found = f
		}
	}
	if p.found != nil { // what was good does for as long as there is nothing newer
		return p.found, nil
	}
	return nil, &Down{p.failed}
}

func (p *Provider) discover(ctx context.Context) (*found, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.http), p.opts.Issuer)
	var mismatch *oidc.IssuerMismatchError
	switch {
	case errors.As(err, &mismatch):
		return nil, fmt.Errorf("it calls itself %.100q", mismatch.Discovered)
	case err != nil:
		return nil, plain(err)
	}
	var more struct {
		Keys    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, errors.New("its document is none")
	}
	f := &found{
		provider: provider, info: provider.UserInfoEndpoint() != "",
		verifier: provider.Verifier(&oidc.Config{ClientID: p.opts.Client, Now: p.opts.Now}),
		oauth: oauth2.Config{
			ClientID: p.opts.Client, ClientSecret: p.opts.Secret, RedirectURL: p.opts.Redirect,
			Scopes: p.opts.Scopes, Endpoint: provider.Endpoint(),
		},
	}
	// One that is asked twice, to see which way it likes, has taken the code back.
	f.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.opts.Secret == "" || len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		f.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	for what, text := range map[string]string{
		"authorization_endpoint": f.oauth.Endpoint.AuthURL, "token_endpoint": f.oauth.Endpoint.TokenURL,
		"jwks_uri": more.Keys, "userinfo_endpoint": provider.UserInfoEndpoint(),
	} {
		if text == "" && what == "userinfo_endpoint" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != p.issuer.Scheme {
			return nil, fmt.Errorf("its %s is no URL that can be trusted", what)
		}
	}
	return f, nil
}

// plain is an error of asking without what the provider has written: of the network,
// or that the answer is none.
func plain(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of
	}
	return errors.New("what it answers is not what OpenID Connect says")
}

// Down is a provider that cannot be asked now, or answers nonsense.
type Down struct{ Err error }

func (e *Down) Error() string { return fmt.Sprintf("the provider cannot be asked: %v", e.Err) }
func (e *Down) Unwrap() error { return e.Err }
