package oidc

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/internal/oidc/oidctest"
	"netelf.example/nt"
)

const redirect = "https://bedrock.quarry.example:7446/v1/session/oidc/callback"

// attempt is one whose texts are as long as real ones.
var attempt = Attempt{State: strings.Repeat("s", 43), Nonce: strings.Repeat("n", 43), Verifier: strings.Repeat("v", 43)}

func open(t *testing.T, p *oidctest.Provider, change func(*Options)) *Provider {
	t.Helper()
	o := Options{Issuer: p.URL, Client: oidctest.Client, Secret: oidctest.Secret, Redirect: redirect, Groups: "groups", Roots: p.Roots}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// visit is what a browser does between Begin and End.
func visit(t *testing.T, p *oidctest.Provider, to string) url.Values {
	t.Helper()
	browser := p.Client()
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := browser.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // its header is looked at
	back, err := resp.Location()
	if err != nil || !strings.HasPrefix(back.String(), redirect+"?") {
		t.Fatalf("%v, %v", back, err)
	}
	return back.Query()
}

func logon(t *testing.T, p *oidctest.Provider, c *Provider, a Attempt) (Identity, error) {
	t.Helper()
	to, err := c.Begin(t.Context(), attempt)
	if err != nil {
		return Identity{}, err
	}
	return c.End(t.Context(), a, visit(t, p, to).Get("code"))
}

// secretFree wants an error without what nobody should see.
func secretFree(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, s := range []string{oidctest.Secret, url.QueryEscape(oidctest.Secret), "bowling", "eyJ", attempt.Verifier, "kept nowhere"} {
			if strings.Contains(err.Error(), s) {
				t.Errorf("%q has %q", err, s)
			}
		}
	}
}

// TestLogon: a good one, and all that makes one bad.
func TestLogon(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*oidctest.Rules, *oidctest.Provider) {
		return func(r *oidctest.Rules, _ *oidctest.Provider) {
			r.Change = func(_, claims map[string]any) { claims[name] = value }
		}
	}
	user := func(u map[string]any) func(*oidctest.Rules, *oidctest.Provider) {
		return func(r *oidctest.Rules, _ *oidctest.Provider) { u["sub"] = "0815"; r.User = u }
	}
	email := func(o *Options) { o.Name = "email" }
	tests := []struct {
		name   string
		rules  func(*oidctest.Rules, *oidctest.Provider)
		change func(*Options)
		ended  func(*Attempt)
		want   Identity
		reason string
	}{
		{name: "good", want: Identity{Name: "barney"}},
		{name: "groups", rules: user(map[string]any{"preferred_username": "Barney Rubble", "groups": []any{"a", 7, "b"}}),
			want: Identity{Name: "Barney Rubble", Groups: []string{"a", "b"}}},
		{name: "one group as text", rules: user(map[string]any{"preferred_username": "b", "groups": "a"}), want: Identity{Name: "b", Groups: []string{"a"}}},
		{name: "groups that are none", rules: user(map[string]any{"preferred_username": "b", "groups": map[string]any{"a": true}}), want: Identity{Name: "b"}},
		{name: "a public client", rules: func(r *oidctest.Rules, _ *oidctest.Provider) { r.Public = true },
			change: func(o *Options) { o.Secret = "" }, want: Identity{Name: "barney"}},
		{name: "the secret in the body", rules: func(r *oidctest.Rules, _ *oidctest.Provider) { r.Post = true }, want: Identity{Name: "barney"}},
		{name: "an address", rules: user(map[string]any{"email": "b@quarry.example", "email_verified": true}), change: email, want: Identity{Name: "b@quarry.example"}},
		{name: "an address nobody has looked at", rules: user(map[string]any{"email": "b@quarry.example"}), change: email,
			reason: "the provider has not verified the address of the user"},
		{name: "an address that is not verified", rules: user(map[string]any{"email": "b@quarry.example", "email_verified": false}), change: email,
			reason: "the provider has not verified the address of the user"},
		{name: "the client among others", rules: func(r *oidctest.Rules, _ *oidctest.Provider) {
			r.Change = func(_, c map[string]any) { c["aud"], c["azp"] = []string{"x", oidctest.Client}, oidctest.Client }
		}, want: Identity{Name: "barney"}},

		{name: "a wrong secret", change: func(o *Options) { o.Secret = "guess" }, reason: "the provider refused it: invalid_client"},
		{name: "another verifier", ended: func(a *Attempt) { a.Verifier = strings.Repeat("w", 43) }, reason: "the provider refused it: invalid_grant"},
		{name: "another nonce", ended: func(a *Attempt) { a.Nonce = strings.Repeat("m", 43) }, reason: "the ID token is of another logon"},
		{name: "no nonce", rules: claim("nonce", ""), reason: "the ID token is of another logon"},
		{name: "expired", rules: claim("exp", time.Now().Add(-time.Second).Unix()), reason: "the ID token is past its end"},
		{name: "no end", rules: claim("exp", 0), reason: "the ID token is past its end"},
		{name: "not yet", rules: claim("nbf", time.Now().Add(time.Hour).Unix()), reason: "the ID token is not good"},
		{name: "another audience", rules: claim("aud", "hal"), reason: "the ID token was made for another program"},
		{name: "made for another one among us", rules: claim("azp", "hal"), reason: "the ID token was made for another program"},
		{name: "for many, and nobody says for whom", rules: claim("aud", []string{"hal", oidctest.Client}), reason: "the ID token was made for another program"},
		{name: "another issuer", rules: claim("iss", "https://evil.example"), reason: "the ID token is of another issuer"},
		{name: "of nobody", rules: claim("sub", ""), reason: "the ID token is of nobody"},
		{name: "a subject without end", rules: claim("sub", strings.Repeat("0", 256)), reason: "the ID token is of nobody"},
		{name: "unsigned", rules: func(r *oidctest.Rules, _ *oidctest.Provider) {
			r.Change = func(h, _ map[string]any) { h["alg"] = "none" }
			r.Sign = func(string) []byte { return nil }
		}, reason: "the ID token is not signed as it should be"},
		{name: "signed with the public key as a secret", rules: func(r *oidctest.Rules, p *oidctest.Provider) {
			r.Change = func(h, _ map[string]any) { h["alg"] = "HS256" }
			r.Sign = func(input string) []byte {
				der, err := x509.MarshalPKIXPublicKey(&p.Key.PublicKey)
				if err != nil {
					panic(err) // a key that was made
				}
				m := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
				m.Write([]byte(input))
				return m.Sum(nil)
			}
		}, reason: "the ID token is not signed as it should be"},
		{name: "signed by somebody else", rules: func(r *oidctest.Rules, _ *oidctest.Provider) {
			r.Sign = func(input string) []byte { return (&oidctest.Provider{Key: other}).Sign(input) }
		}, reason: "the ID token is not signed by the provider"},
		{name: "a signature cut off", rules: func(r *oidctest.Rules, p *oidctest.Provider) {
			r.Sign = func(input string) []byte { return p.Sign(input)[:255] }
		}, reason: "the ID token is not signed by the provider"},

		{name: "no name", rules: claim("preferred_username", nil), reason: "the provider says no preferred_username"},
		{name: "a name that is no text", rules: claim("preferred_username", []string{"fred"}), reason: "the provider says no preferred_username"},
		{name: "an empty name", rules: claim("preferred_username", ""), reason: `the name that the provider says is none: ""`},
		{name: "a name in two lines", rules: claim("preferred_username", "fred\nwilma"), reason: `the name that the provider says is none: "fred\nwilma"`},
		{name: "a name for a terminal", rules: claim("preferred_username", "\x1b[2Jfred"), reason: `the name that the provider says is none: "\x1b[2Jfred"`},
		{name: "a name that turns round", rules: claim("preferred_username", "fred\u202enimda"), reason: `the name that the provider says is none: "fred\u202enimda"`},
		{name: "a name in a domain", rules: claim("preferred_username", `BEDROCK\fred`), reason: `the name that the provider says is none: "BEDROCK\\fred"`},
		{name: "a name with a space behind it", rules: claim("preferred_username", "fred "), reason: `the name that the provider says is none: "fred "`},
		{name: "a name without end", rules: claim("preferred_username", strings.Repeat("x", 257)),
			reason: `the name that the provider says is none: "` + strings.Repeat("x", 64) + `"…`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := oidctest.New(t)
			if tt.rules != nil {
				p.Set(func(r *oidctest.Rules) { tt.rules(r, p) })
			}
			a := attempt
			if tt.ended != nil {
				tt.ended(&a)
			}
			c := open(t, p, tt.change)
			got, err := logon(t, p, c, a)
			if tt.reason != "" {
				var refused *Refused
				if !errors.As(err, &refused) || refused.Reason != tt.reason {
					t.Errorf("%+v, %v, want %q", got, err, tt.reason)
				}
				secretFree(t, err)
				return
			}
			tt.want.Issuer, tt.want.Subject = p.URL, "0815"
			if d := cmp.Diff(tt.want, got); d != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		})
	}
}

// TestBegin asks for what it should, and nothing that stays a secret goes along.
func TestBegin(t *testing.T) {
	p := oidctest.New(t)
	c := open(t, p, func(o *Options) { o.Scopes = []string{"profile"} })
	to, err := c.Begin(t.Context(), attempt)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(attempt.Verifier))
	want := url.Values{
		"client_id": {"netelf"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "nonce": {attempt.Nonce},
		"redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid profile"}, "state": {attempt.State},
	}
	if d := cmp.Diff(want, u.Query()); d != "" || u.Path != "/authorize" {
		t.Errorf("%s (-want +got):\n%s", u.Path, d)
	}
}

// TestReplay: a code is good once.
func TestReplay(t *testing.T) {
	p := oidctest.New(t)
	c := open(t, p, nil)
	to, err := c.Begin(t.Context(), attempt)
	if err != nil {
		t.Fatal(err)
	}
	code := visit(t, p, to).Get("code")
	if _, err := c.End(t.Context(), attempt, code); err != nil {
		t.Fatal(err)
	}
	if who, err := c.End(t.Context(), attempt, code); err == nil || err.Error() != "the provider refused it: invalid_grant" {
		t.Errorf("%+v, %v", who, err)
	}
}

// TestUserInfo is asked for what the token leaves out, and believed of the same user
// alone.
func TestUserInfo(t *testing.T) {
	for _, tt := range []struct {
		name   string
		info   map[string]any
		user   map[string]any
		status int
		want   string
		down   bool
		asked  int
	}{
		{name: "name and groups", info: map[string]any{"sub": "0815", "preferred_username": "barney", "groups": []string{"a"}}, user: map[string]any{"sub": "0815"}, want: "barney a", asked: 1},
		{name: "what the token says counts", info: map[string]any{"sub": "0815", "preferred_username": "fred", "groups": []string{"a"}}, user: map[string]any{"sub": "0815", "preferred_username": "barney"}, want: "barney a", asked: 1},
		{name: "nothing is missing", info: map[string]any{"sub": "0815"}, user: map[string]any{"sub": "0815", "preferred_username": "barney", "groups": []string{"b"}}, want: "barney b"},
		{name: "another user", info: map[string]any{"sub": "1", "preferred_username": "fred"}, user: map[string]any{"sub": "0815"}, want: "the provider speaks of two users", asked: 1},
		{name: "of nobody", info: map[string]any{"preferred_username": "fred"}, user: map[string]any{"sub": "0815"}, want: "the provider speaks of two users", asked: 1},
		{name: "broken", info: map[string]any{}, user: map[string]any{"sub": "0815"}, status: 500, down: true, asked: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := oidctest.New(t)
			p.Set(func(r *oidctest.Rules) {
				r.Info, r.User, r.Broken = tt.info, tt.user, map[string]int{"/userinfo": tt.status}
			})
			who, err := logon(t, p, open(t, p, nil), attempt)
			got := strings.TrimSpace(who.Name + " " + strings.Join(who.Groups, " "))
			var down *Down
			if errors.As(err, &down) != tt.down || err == nil && got != tt.want || err != nil && !tt.down && err.Error() != tt.want {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
			secretFree(t, err)
			if n := p.Asked("/userinfo"); n != tt.asked {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// TestDown: what is broken is said without what the provider writes, is not asked at
// once again, and is forgotten when it is well.
func TestDown(t *testing.T) {
	const document = "/.well-known/openid-configuration"
	p := oidctest.New(t)
	var ahead atomic.Int64
	start := time.Now()
	c := open(t, p, func(o *Options) { o.Now = func() time.Time { return start.Add(time.Duration(ahead.Load())) } })
	if p.Asked(document) != 0 {
		t.Error("it is asked before anybody comes")
	}
	breaks := func(path string, status int) {
		p.Set(func(r *oidctest.Rules) { r.Broken = map[string]int{path: status} })
	}
	want := func(part string) {
		t.Helper()
		_, err := logon(t, p, c, attempt)
		var down *Down
		if part == "" && err != nil || part != "" && (!errors.As(err, &down) || !strings.Contains(err.Error(), part)) {
			t.Errorf("%v, want %q", err, part)
		}
		secretFree(t, err)
	}
	breaks(document, 503)
	want("is not what OpenID Connect says")
	breaks("", 0)
	want("is not what OpenID Connect says") // not yet
	if n := p.Asked(document); n != 1 {
		t.Errorf("asked %d times", n)
	}
	ahead.Add(int64(downTime))
	breaks("/jwks", 500)
	want("its keys cannot be fetched")
	breaks("/token", 502)
	want("it answers 502")
	breaks("", 0)
	for range 3 {
		want("")
	}
	if n, k := p.Asked(document), p.Asked("/jwks"); n != 2 || k != 2 {
		t.Errorf("the document was asked for %d times, the keys %d", n, k)
	}
	ahead.Add(int64(30 * time.Minute))
	want("")
	ahead.Add(int64(30 * time.Minute))
	breaks(document, 500)
	p.Set(func(r *oidctest.Rules) { // the token is of the real time
		r.Change = func(_, claims map[string]any) { claims["exp"] = start.Add(3 * time.Hour).Unix() }
	})
	want("") // what was good goes on
	if n := p.Asked(document); n != 3 {
		t.Errorf("asked %d times", n)
	}
	p.Close()
	ahead.Add(int64(downTime))
	_, err := c.End(t.Context(), attempt, "x")
	var down *Down
	if !errors.As(err, &down) {
		t.Errorf("nobody is there: %v", err)
	}
	fresh := open(t, p, nil)
	if _, err := fresh.Begin(t.Context(), attempt); !errors.As(err, &down) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody is there: %v", err)
	}
}

// TestDocument: one of another issuer, or that leads away from TLS, is none.
func TestDocument(t *testing.T) {
	for _, tt := range []struct{ name, key, value, want string }{
		{"another issuer", "issuer", "https://evil.example", `it calls itself "https://evil.example"`},
		{"a token without TLS", "token_endpoint", "http://id.example/token", "its token_endpoint is no URL that can be trusted"},
		{"keys without TLS", "jwks_uri", "http://id.example/keys", "its jwks_uri is no URL that can be trusted"},
		{"a script", "authorization_endpoint", "javascript:alert(1)", "its authorization_endpoint is no URL that can be trusted"},
		{"a file", "userinfo_endpoint", "file:///etc/passwd", "its userinfo_endpoint is no URL that can be trusted"},
		{"no end", "x", strings.Repeat("x", maxAnswer), "is not what OpenID Connect says"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s *httptest.Server
			s = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				d := map[string]any{"issuer": s.URL, "authorization_endpoint": s.URL, "token_endpoint": s.URL, "jwks_uri": s.URL, tt.key: tt.value}
				_ = json.NewEncoder(w).Encode(d) // whoever is gone does not hear it
			}))
			defer s.Close()
			roots := x509.NewCertPool()
			roots.AddCert(s.Certificate())
			c, err := New(Options{Issuer: s.URL, Client: "netelf", Redirect: redirect, Roots: roots})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = c.Begin(t.Context(), attempt); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	for _, issuer := range []string{"", "id.example", "ftp://id.example", "https:///x", "https://[::1"} {
		if _, err := New(Options{Issuer: issuer}); err == nil {
			t.Errorf("issuer %q", issuer)
		}
	}
}

// TestCancel: whoever goes away does not wait for a provider that does not answer.
func TestCancel(t *testing.T) {
	p := oidctest.New(t)
	c := open(t, p, nil)
	c.turn <- struct{}{} // somebody asks, and waits
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Begin(ctx, attempt); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSID is the same for ever, and one that there cannot be otherwise.
func TestSID(t *testing.T) {
	a := Identity{Issuer: "https://id.quarry.example", Subject: "0815", Name: "fred"}
	const want = "S-1-0x6e6574656c66-1-617324805-3944863620-663257948-1124422178-3695191388"
	if sid, err := nt.ParseSID(want); err != nil || sid != a.SID() {
		t.Errorf("%s, %v", sid, err)
	}
	b, err := a.SID().AppendBinary(nil)
	if err != nil || !bytes.Equal(b[2:8], []byte("netelf")) || len(b) != 8+6*4 {
		t.Errorf("% x, %v", b, err)
	}
	renamed := Identity{Issuer: a.Issuer, Subject: a.Subject, Name: "wilma"}
	if renamed.SID() != a.SID() {
		t.Error("another name makes another SID")
	}
	seen := map[nt.SID]string{}
	for _, x := range []Identity{a, {Issuer: a.Issuer + "0", Subject: "815"}, {Issuer: a.Issuer, Subject: "0816"}, {Issuer: a.Issuer + "/", Subject: "0815"}} {
		if of, ok := seen[x.SID()]; ok {
			t.Errorf("%s and %s are one", of, x.Issuer)
		}
		seen[x.SID()] = x.Issuer
	}
}

// TestAnswered says known words of a provider, and no others.
func TestAnswered(t *testing.T) {
	for code, want := range map[string]string{
		"access_denied": "the provider refused it: access_denied", "<script>": "the provider refused it", "": "the provider refused it",
	} {
		if got := Answered(code).Error(); got != want {
			t.Errorf("%q: %q", code, got)
		}
	}
}
