// Package oidctest is a small provider of OpenID Connect for tests. It keeps to the
// rules that a real one keeps to: a code is good once, for its client, its redirect
// and its PKCE verifier. It signs with crypto/rsa alone, so that it shares no code
// with what verifies.
package oidctest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// What the provider knows its one client by.
const (
	Client = "netelf"
	Secret = "Yabba & Dabba: Doo"
)

// Rules are what a test may change.
type Rules struct {
	User   map[string]any                      // claims of whoever logs in
	Info   map[string]any                      // what UserInfo says
	Change func(header, claims map[string]any) // of an ID token, last; nil: nothing
	Sign   func(input string) []byte           // an ID token; nil: RS256
	Broken map[string]int                      // the status that a path answers, as "/token"
	Public bool                                // no secret is wanted
	Post   bool                                // the secret is wanted in the body
}

// Provider is a provider on loopback, over TLS.
type Provider struct {
	*httptest.Server
	Roots *x509.CertPool
	Key   *rsa.PrivateKey

	mu    sync.Mutex // guards what follows
	rules Rules
	codes map[string]url.Values // of the requests that they are for
	asked map[string]int        // by path
}

var text = base64.RawURLEncoding

// theKey is that of all providers of a test binary, since one is slow in the making.
var theKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// New makes a Provider that ends with the test.
func New(t testing.TB) *Provider {
	t.Helper()
	key, err := theKey()
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{Key: key, Roots: x509.NewCertPool(), codes: map[string]url.Values{}, asked: map[string]int{}}
	p.rules.User = map[string]any{"sub": "0815", "preferred_username": "barney"}
	mux := http.NewServeMux()
	for path, f := range map[string]func(*http.Request, Rules) (int, any){
		"/.well-known/openid-configuration": p.document, "/jwks": p.keys, "/token": p.token, "/userinfo": p.info,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.asked[path]++
			status, answer := p.rules.Broken[path], any(map[string]string{"error": "server_error", "error_description": Secret})
			if status == 0 {
				status, answer = f(r, p.rules)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(answer) // whoever is gone does not hear it
		})
	}
	mux.HandleFunc("/authorize", p.authorize)
	p.Server = httptest.NewTLSServer(mux)
	t.Cleanup(p.Close)
	p.Roots.AddCert(p.Certificate())
	return p
}

// Set changes the rules.
func (p *Provider) Set(change func(*Rules)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.rules)
}

// Asked is how often a path was asked for.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

func (p *Provider) document(_ *http.Request, rules Rules) (int, any) {
	methods := "client_secret_basic"
	if rules.Post {
		methods = "client_secret_post"
	}
	d := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/jwks",
		"id_token_signing_alg_values_supported": []string{"none", "HS256", "RS256"},
		"token_endpoint_auth_methods_supported": []string{methods},
	}
	if rules.Info != nil {
		d["userinfo_endpoint"] = p.URL + "/userinfo"
	}
	return http.StatusOK, d
}

func (p *Provider) keys(*http.Request, Rules) (int, any) {
	return http.StatusOK, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig", "kid": "1", "alg": "RS256", "n": text.EncodeToString(p.Key.N.Bytes()), "e": "AQAB",
	}}}
}

// authorize lets everybody in who is sent here.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != Client || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" {
		http.Error(w, "invalid_request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	back := url.Values{"code": {code}, "state": q["state"], "iss": {p.URL}, "session_state": {"x"}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (p *Provider) token(r *http.Request, rules Rules) (int, any) {
	refuse := func(code string) (int, any) { return http.StatusBadRequest, map[string]string{"error": code} }
	code := r.PostFormValue("code")
	q, ok := p.codes[code]
	delete(p.codes, code)
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	if rules.Public || rules.Post {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != Client || !rules.Public && secret != Secret:
		return refuse("invalid_client")
	case !ok || r.PostFormValue("redirect_uri") != q.Get("redirect_uri") || text.EncodeToString(challenge[:]) != q.Get("code_challenge"):
		return refuse("invalid_grant")
	}
	header := map[string]any{"alg": "RS256", "kid": "1", "typ": "JWT"}
	claims := map[string]any{
		"iss": p.URL, "aud": Client, "nonce": q.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(claims, rules.User)
	if rules.Change != nil {
		rules.Change(header, claims)
	}
	sign := rules.Sign
	if sign == nil {
		sign = p.Sign
	}
	input := part(header) + "." + part(claims)
	return http.StatusOK, map[string]any{
		"access_token": "bowling", "token_type": "Bearer", "refresh_token": "kept nowhere", "expires_in": 3600,
		"id_token": input + "." + text.EncodeToString(sign(input)),
	}
}

// Sign is RS256.
func (p *Provider) Sign(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	b, err := rsa.SignPKCS1v15(nil, p.Key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key is large enough
	}
	return b
}

func part(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers
	}
	return text.EncodeToString(b)
}

func (p *Provider) info(r *http.Request, rules Rules) (int, any) {
	if r.Header.Get("Authorization") != "Bearer bowling" {
		return http.StatusUnauthorized, map[string]string{"error": "invalid_token"}
	}
	return http.StatusOK, rules.Info
}
