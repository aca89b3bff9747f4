//go:build interop

package interop

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"netelf.example/internal/oidc"
)

// providerVersion is of PyPI: a provider of OpenID Connect that is built on Authlib.
const providerVersion = "0.3.4"

// TestOIDCProvider logs on by a provider that nobody here wrote.
func TestOIDCProvider(t *testing.T) {
	program := needPyPI(t, "oidc-provider-mock", providerVersion)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // it is one
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "--port", port, "--require-nonce", "true",
		"--user-claims", `{"sub":"0815","preferred_username":"barney","groups":["quarry"]}`)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // it serves for ever
		_ = cmd.Wait()         // that it was killed
		if t.Failed() {
			t.Logf("the provider said:\n%s", said.Bytes())
		}
	}()
	const redirect = "https://bedrock.quarry.example:7446/v1/session/oidc/callback"
	p, err := oidc.New(oidc.Options{
		Issuer: "http://localhost:" + port, Client: "netelf", Secret: "Yabba & Dabba: Doo", Redirect: redirect, Scopes: []string{"profile"}, Groups: "groups",
	})
	if err != nil {
		t.Fatal(err)
	}
	a := oidc.Attempt{State: strings.Repeat("s", 43), Nonce: strings.Repeat("n", 43), Verifier: strings.Repeat("v", 43)}
	var to string
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		var down *oidc.Down
		if to, err = p.Begin(t.Context(), a); !errors.As(err, &down) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	// code is what a browser is sent back with.
	code := func() string {
		browser := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := browser.PostForm(to, url.Values{"sub": {"0815"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close() // its header is looked at
		back, err := resp.Location()
		if err != nil || !strings.HasPrefix(back.String(), redirect+"?") || back.Query().Get("state") != a.State {
			t.Fatalf("%s, %v, %v", resp.Status, back, err)
		}
		return back.Query().Get("code")
	}
	once := code()
	who, err := p.End(t.Context(), a, once)
	if err != nil || who.Subject != "0815" || who.Name != "barney" || len(who.Groups) != 1 || who.Groups[0] != "quarry" {
		t.Errorf("%+v, %v", who, err)
	}
	var refused *oidc.Refused
	if _, err := p.End(t.Context(), a, once); !errors.As(err, &refused) {
		t.Errorf("a code is good twice: %v", err)
	}
	other := a
	other.Nonce = strings.Repeat("m", 43)
	if _, err := p.End(t.Context(), other, code()); !errors.As(err, &refused) || refused.Reason != "the ID token is of another logon" {
		t.Errorf("with another nonce: %v", err)
	}
}
