package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/oidc"
	"netelf.example/internal/oidc/oidctest"
	"netelf.example/internal/users"
	"netelf.example/nt"
	"netelf.example/service"
)

const callback = "https://bedrock.quarry.example:7446/v1/session/oidc/callback"

// opsGroup is a group of the tests that a log may name.
const opsGroup nt.SID = "S-1-5-21-1-2-3-1105"

// oidcNetwork is the service over TLS, with fred who administrates, and a provider.
type oidcNetwork struct {
	*network
	p *oidctest.Provider
}

func overOIDC(t testing.TB, change func(*OIDC)) *oidcNetwork {
	t.Helper()
	p := oidctest.New(t)
	provider, err := oidc.New(oidc.Options{
		Issuer: p.URL, Client: oidctest.Client, Secret: oidctest.Secret, Redirect: callback, Groups: "groups", Roots: p.Roots,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := &OIDC{Provider: provider, Name: "Quarry & Sons", Roles: map[string][]nt.SID{
		"admins": {nt.SIDAdministrators}, "auditors": {nt.SIDEventLogReaders}, "ops": {opsGroup},
	}}
	if change != nil {
		change(o)
	}
	s, err := service.Open(t.TempDir(), &service.Options{Sync: service.SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, s) })
	n := overTLS(t, Options{For: func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil }, Texts: s.Texts()},
		AccountsOptions{OIDC: o, Domain: "BEDROCK"})
	n.add("fred", "Yabba1", users.Administrators)
	n.add("dino", "Bone1")
	return &oidcNetwork{n, p}
}

// person is a browser that keeps cookies as browsers do, and is asked where it would
// go next.
type person struct {
	*oidcNetwork
	http *http.Client
	html bool // prefers pages
}

func (n *oidcNetwork) person() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		n.t.Fatal(err)
	}
	return &person{n, &http.Client{
		Transport: n.network.http.Transport, Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, false}
}

// get asks the service, or the provider.
func (p *person) get(to string) (status int, answer string, h http.Header) {
	p.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = p.url + to
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, to, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.html {
		req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	}
	resp, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer closing(p.t, resp.Body)
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

// sent begins a login and answers what the provider sends the browser back with.
func (p *person) sent(back string) url.Values {
	p.t.Helper()
	path := "/v1/session/oidc"
	if back != "" {
		path += "?return=" + url.QueryEscape(back)
	}
	status, answer, h := p.get(path)
	if status != http.StatusSeeOther {
		p.t.Fatalf("begin: %d %s", status, answer)
	}
	status, answer, h = p.get(h.Get("Location"))
	to, ok := strings.CutPrefix(h.Get("Location"), callback+"?")
	if status != http.StatusFound || !ok {
		p.t.Fatalf("provider: %d %s", status, answer)
	}
	q, err := url.ParseQuery(to)
	if err != nil {
		p.t.Fatal(err)
	}
	return q
}

// back is the end of a login.
func (p *person) back(q url.Values) (status int, answer string, h http.Header) {
	p.t.Helper()
	return p.get("/v1/session/oidc/callback?" + q.Encode())
}

func (p *person) logIn() {
	p.t.Helper()
	if status, answer, _ := p.back(p.sent("")); status != http.StatusOK {
		p.t.Fatalf("login: %d %s", status, answer)
	}
}

// self is who the service takes the browser for; nobody: not logged in.
func (p *person) self() api.Caller {
	p.t.Helper()
	status, answer, _ := p.get("/v1")
	var about api.About
	if status == http.StatusUnauthorized {
		return about.Caller
	}
	if err := json.Unmarshal([]byte(answer), &about); err != nil {
		p.t.Fatalf("%d %s: %v", status, answer, err)
	}
	return about.Caller
}

// is makes the provider know whoever comes as somebody.
func (n *oidcNetwork) is(sub, name string, groups ...string) {
	n.p.Set(func(r *oidctest.Rules) {
		r.User = map[string]any{"sub": sub, "preferred_username": name, "groups": groups}
	})
}

func (n *oidcNetwork) host() string { return strings.TrimPrefix(n.p.URL, "https://") }

// TestOIDC is a login from its begin to its end.
func TestOIDC(t *testing.T) {
	n := overOIDC(t, nil)
	p := n.person()
	if _, answer, _ := p.get("/v1/login"); strings.TrimSpace(answer) != `{"password":true,"oidc":{"name":"Quarry & Sons"}}` {
		t.Errorf("ways to log in: %s", answer)
	}
	status, _, h := p.get("/v1/session/oidc?return=/logs/System%23top")
	c := h.Get("Set-Cookie")
	for _, part := range []string{"__Host-netelf-login=", "; Path=/", "; Max-Age=600", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if status != 303 || !strings.Contains(c, part) || strings.Contains(c, "Domain") {
			t.Errorf("%d, cookie %q, want %q in it", status, c, part)
		}
	}
	to, err := url.Parse(h.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), n.p.URL+"/authorize?") || strings.Contains(to.RawQuery, "Yabba") {
		t.Errorf("sent to %v, %v", to, err)
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if v := to.Query().Get(name); len(v) != 43 || strings.Contains(c, v) {
			t.Errorf("%s is %q", name, v)
		}
	}
	status, answer, h := p.back(p.sent("/logs/System?q=a&b=%22#top"))
	if status != 200 || !strings.Contains(answer, `<meta http-equiv="refresh" content="0;url=/logs/System?q=a&amp;b=%22#top">`) {
		t.Errorf("%d %s", status, answer)
	}
	cookies := h.Values("Set-Cookie")
	if len(cookies) != 2 || !strings.Contains(cookies[0], "__Host-netelf-login=; Path=/; Max-Age=0") ||
		!strings.HasPrefix(cookies[1], "__Host-netelf=") || !strings.Contains(cookies[1], "SameSite=Strict") {
		t.Errorf("cookies %q", cookies)
	}
	for name, value := range headers {
		if got := h.Get(name); got != value {
			t.Errorf("%s is %q", name, got)
		}
	}
	who := oidc.Identity{Issuer: n.p.URL, Subject: "0815"}
	want := api.Caller{Name: n.host() + `\barney`, SIDs: []string{string(who.SID()), "S-1-1-0", "S-1-5-11", "S-1-5-2"}}
	if d := cmp.Diff(want, p.self()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	name := n.host() + `\barney`
	if d := cmp.Diff([]string{fmt.Sprintf("0 %s %s OpenID Connect", name, name)}, n.told()); d != "" {
		t.Errorf("written down (-want +got):\n%s", d)
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, n.url+"/v1/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.http.Do(req)
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%v, %v", resp, err)
	}
	closing(t, resp.Body)
	if p.self().Name != "" || n.accounts.sessions.all() != 0 {
		t.Error("logged in behind the logout")
	}
}

// TestOIDCNotOffered: what is not there is said, to whoever asks.
func TestOIDCNotOffered(t *testing.T) {
	n := overTLSService(t)
	b := &browser{n: n}
	b.want(200, `{"password":true,"oidc":null}`, "GET", "/v1/login", "")
	b.want(404, "no login by OpenID Connect", "GET", "/v1/session/oidc", "")
	b.want(404, "no login by OpenID Connect", "GET", "/v1/session/oidc/callback?state=x&code=y", "")
}

// TestOIDCReturn: only paths of this server are gone back to.
func TestOIDCReturn(t *testing.T) {
	for _, good := range []string{"/", "/logs", "/logs/System?select=%7B%7D#row-7", "/%2f%2fevil.example", "/./logs", "/~fred/x:y@z"} {
		if err := checkReturn(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "logs", "https://evil.example", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "/\n/evil.example",
		"/\x00", " /logs", "/lo gs", "/l\u00f6gs", "javascript:alert(1)", "/x\"onload=", "/<script>", "/'", "/%zz", "/" + strings.Repeat("x", maxReturn),
	} {
		if err := checkReturn(bad); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	n := overOIDC(t, nil)
	for _, to := range []string{"//evil.example", "https://evil.example"} {
		if status, answer, h := n.person().get("/v1/session/oidc?return=" + url.QueryEscape(to)); status != 400 || h.Get("Set-Cookie")+h.Get("Location") != "" {
			t.Errorf("%s: %d %s", to, status, answer)
		}
	}
}

// TestOIDCRefused: what is wrong is said, to browsers as a page, and written down; and
// nobody comes in.
func TestOIDCRefused(t *testing.T) {
	claim := func(name string, value any) func(*person, url.Values) {
		return func(p *person, _ url.Values) {
			p.p.Set(func(r *oidctest.Rules) { r.Change = func(_, claims map[string]any) { claims[name] = value } })
		}
	}
	const begun = "not begun in this browser"
	for _, tt := range []struct {
		name   string
		do     func(*person, url.Values)
		status int
		want   string
		down   bool
	}{
		{name: "another state", do: func(_ *person, q url.Values) { q.Set("state", strings.Repeat("s", 43)) }, status: 400, want: begun},
		{name: "no state", do: func(_ *person, q url.Values) { q.Del("state") }, status: 400, want: begun},
		{name: "two states", do: func(_ *person, q url.Values) { q.Add("state", "x") }, status: 400, want: begun},
		{name: "another browser", do: func(p *person, _ url.Values) { p.http.Jar = p.person().http.Jar }, status: 400, want: begun},
		{name: "begun anew meanwhile", do: func(p *person, _ url.Values) { p.sent("/") }, status: 400, want: begun},
		{name: "too late", do: func(p *person, _ url.Values) { p.now.Add(int64(attemptTime)) }, status: 400, want: begun},
		{name: "another provider's answer", do: func(_ *person, q url.Values) { q.Set("iss", "https://evil.example") }, status: 401, want: "the answer of another provider"},
		{name: "refused by the provider", do: func(_ *person, q url.Values) {
			q.Del("code")
			q.Set("error", "access_denied")
			q.Set("error_description", "<script>")
		}, status: 401, want: "the provider refused it: access_denied"},
		{name: "no code", do: func(_ *person, q url.Values) { q.Del("code") }, status: 401, want: "sent no code"},
		{name: "a code without end", do: func(_ *person, q url.Values) { q.Set("code", strings.Repeat("x", maxCode+1)) }, status: 401, want: "sent no code"},
		{name: "another code", do: func(_ *person, q url.Values) { q.Set("code", "guess") }, status: 401, want: "invalid_grant"},
		{name: "the code of another attempt", do: func(p *person, q url.Values) { q.Set("code", p.person().sent("").Get("code")) }, status: 401, want: "invalid_grant"},
		{name: "another nonce", do: claim("nonce", "x"), status: 401, want: "of another logon"},
		{name: "expired", do: claim("exp", 1), status: 401, want: "past its end"},
		{name: "another audience", do: claim("aud", "x"), status: 401, want: "another program"},
		{name: "another issuer", do: claim("iss", "x"), status: 401, want: "another issuer"},
		{name: "unsigned", do: func(p *person, _ url.Values) {
			p.p.Set(func(r *oidctest.Rules) {
				r.Change, r.Sign = func(h, _ map[string]any) { h["alg"] = "none" }, func(string) []byte { return nil }
			})
		}, status: 401, want: "not signed as it should be"},
		{name: "a hostile name", do: claim("preferred_username", "<b>fred</b>\n"), status: 401, want: "is none: "},
		{name: "the provider is down", do: func(p *person, _ url.Values) {
			p.p.Set(func(r *oidctest.Rules) { r.Broken = map[string]int{"/token": 500} })
		}, status: 503, want: "Sons cannot be asked who you are", down: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, page := range []bool{false, true} {
				n := overOIDC(t, nil)
				p := n.person()
				p.html = page
				q := p.sent("/logs")
				tt.do(p, q)
				status, answer, h := p.back(q)
				if status != tt.status || !strings.Contains(answer, tt.want) || h.Get("Location") != "" {
					t.Errorf("%d %s, want %d with %q", status, answer, tt.status, tt.want)
				}
				if got := strings.HasPrefix(answer, "<!DOCTYPE html>"); got != page || page && strings.Contains(answer, "<b>") || strings.Contains(answer, "<script>") {
					t.Errorf("a page: %v: %s", got, answer)
				}
				acts := n.told()
				if want := !tt.down; want != (len(acts) == 1) || want && (!strings.HasPrefix(acts[0], "1 ") || !strings.Contains(acts[0], "OpenID Connect")) {
					t.Errorf("written down: %q", acts)
				}
				for _, text := range append(acts, answer) {
					if strings.Contains(text, oidctest.Secret) || q.Get("code") != "" && strings.Contains(text, q.Get("code")) || strings.Contains(text, "eyJ") {
						t.Errorf("a secret: %s", text)
					}
				}
				if p.self().Name != "" || n.accounts.sessions.all() != 0 {
					t.Error("logged in all the same")
				}
			}
		})
	}
}

// TestOIDCReplay: an answer of the provider is good once, also for whoever sees it.
func TestOIDCReplay(t *testing.T) {
	n := overOIDC(t, nil)
	p := n.person()
	q := p.sent("")
	jar := p.http.Jar
	at, err := url.Parse(n.url)
	if err != nil {
		t.Fatal(err)
	}
	stolen := slices.Clone(jar.Cookies(at))
	if status, answer, _ := p.back(q); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	if status, answer, _ := p.back(q); status != 400 || !strings.Contains(answer, "login-void") {
		t.Errorf("again: %d %s", status, answer)
	}
	thief := n.person()
	thief.http.Jar.SetCookies(at, stolen)
	if status, answer, _ := thief.back(q); status != 401 || !strings.Contains(answer, "invalid_grant") {
		t.Errorf("with the cookie: %d %s", status, answer)
	}
}

// TestOIDCRights: nobody gets more than is said.
func TestOIDCRights(t *testing.T) {
	n := overOIDC(t, nil)
	own := func(sub string) string {
		who := oidc.Identity{Issuer: n.p.URL, Subject: sub}
		return string(who.SID())
	}
	all := []string{"S-1-1-0", "S-1-5-11", "S-1-5-2"}
	for _, tt := range []struct {
		name, sub, user string
		groups          []string
		want            []string
		admin           bool
		security        int // what reading it answers
	}{
		{"nobody in particular", "1", "betty", nil, nil, false, 403},
		{"groups that mean nothing", "1", "betty", []string{"administrators", "Admins", "S-1-5-32-544", "admins "}, nil, false, 403},
		{"a log's group", "1", "betty", []string{"ops"}, []string{string(opsGroup)}, false, 403},
		{"a reader", "1", "betty", []string{"ops", "auditors"}, []string{string(opsGroup), "S-1-5-32-573"}, false, 200},
		{"an administrator", "1", "betty", []string{"admins"}, []string{"S-1-5-32-544"}, true, 200},
		{"the name of one who administrates", "2", "fred", nil, nil, false, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n.is(tt.sub, tt.user, tt.groups...)
			p := n.person()
			p.logIn()
			want := api.Caller{Name: n.host() + `\` + tt.user, Administrator: tt.admin, SIDs: slices.Concat([]string{own(tt.sub)}, tt.want, all)}
			if d := cmp.Diff(want, p.self()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if status, answer, _ := p.get("/v1/logs/Security/events"); status != tt.security {
				t.Errorf("Security: %d %s", status, answer)
			}
			if status, answer, _ := p.get("/v1/users/" + tt.user + "/tokens"); !tt.admin && status != 403 {
				t.Errorf("tokens: %d %s", status, answer)
			}
		})
	}
}

// TestOIDCKnown: where names are trusted, a user of the file is that user, with its
// rights alone, for as long as it is there.
func TestOIDCKnown(t *testing.T) {
	n := overOIDC(t, func(o *OIDC) { o.Known = true })
	n.is("1", "FRED")
	fred := n.person()
	fred.logIn()
	if c := fred.self(); c.Name != `BEDROCK\fred` || !c.Administrator {
		t.Errorf("%+v", c)
	}
	if d := cmp.Diff([]string{`0 BEDROCK\fred fred OpenID Connect`}, n.told()); d != "" {
		t.Errorf("written down (-want +got):\n%s", d)
	}
	n.is("2", "dino", "admins")
	dino := n.person()
	dino.logIn()
	if c := dino.self(); c.Name != `BEDROCK\dino` || c.Administrator {
		t.Errorf("%+v", c)
	}
	if status, answer, _ := dino.get("/v1/users/dino/tokens"); status != 200 {
		t.Errorf("its own tokens: %d %s", status, answer)
	}
	n.is("3", "fred@quarry.example")
	other := n.person()
	other.logIn()
	if c := other.self(); c.Name != n.host()+`\fred@quarry.example` || c.Administrator {
		t.Errorf("%+v", c)
	}
	if _, err := n.users.SetPassword(t.Context(), "dino", "Bone2", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := n.users.Remove(t.Context(), "fred"); err != nil {
		t.Fatal(err)
	}
	if a, b := fred.self().Name, dino.self().Name; a+b != "" || other.self().Name == "" {
		t.Errorf("%q and %q are still there", a, b)
	}
}

// TestOIDCSessionEnds as all do.
func TestOIDCSessionEnds(t *testing.T) {
	n := overOIDC(t, nil)
	n.p.Set(func(r *oidctest.Rules) { // whose clock stands
		r.Change = func(_, claims map[string]any) { claims["exp"] = time.Now().Add(100 * time.Hour).Unix() }
	})
	p := n.person()
	p.logIn()
	for range 24 {
		n.now.Add(int64(59 * time.Minute))
		if p.self().Name == "" {
			t.Fatal("it ended while it was used")
		}
	}
	n.now.Add(int64(59 * time.Minute)) // over 24 hours
	if p.self().Name != "" {
		t.Error("it goes on")
	}
	p.logIn()
	n.now.Add(int64(time.Hour))
	if p.self().Name != "" {
		t.Error("it goes on unused")
	}
	for range maxSessionsUser + 1 {
		n.person().logIn()
	}
	if k := n.accounts.sessions.all(); k != maxSessionsUser {
		t.Errorf("%d sessions of one", k)
	}
}

// TestOIDCDown: passwords go on without the provider, and whoever begins is told.
func TestOIDCDown(t *testing.T) {
	n := overOIDC(t, nil)
	n.p.Close()
	p := n.person()
	status, answer, h := p.get("/v1/session/oidc")
	if status != 503 || !strings.Contains(answer, `"code":"provider-down"`) || strings.Contains(answer, n.host()) || h.Get("Set-Cookie") != "" {
		t.Errorf("%d %s", status, answer)
	}
	n.browser("fred", "Yabba1").want(200, "fred", "GET", "/v1", "")
}

// TestOIDCGuessing: an address that goes on failing has to wait, and fills no log;
// whoever logs on by password does not.
func TestOIDCGuessing(t *testing.T) {
	n := overOIDC(t, nil)
	p := n.person()
	count := map[int]int{}
	for range 100 {
		status, _, h := p.get("/v1/session/oidc/callback?state=x&code=y")
		count[status]++
		if (status == 429) != (h.Get("Retry-After") != "") {
			t.Errorf("%d with Retry-After %q", status, h.Get("Retry-After"))
		}
	}
	if acts := n.told(); count[400]+count[429] != 100 || count[400] > 25 || len(acts) != count[400] {
		t.Errorf("answers %v, %d written down", count, len(acts))
	}
	n.browser("fred", "Yabba1").want(200, "fred", "GET", "/v1", "")
	n.now.Add(int64(time.Hour))
	p.logIn()
}

// TestOIDCAudit: a logon that cannot be written down is none.
func TestOIDCAudit(t *testing.T) {
	n := overOIDC(t, nil)
	p := n.person()
	q := p.sent("")
	n.mu.Lock()
	n.fail = errors.New("the disk of the audit trail is full")
	n.mu.Unlock()
	if status, answer, _ := p.back(q); status != 500 || n.accounts.sessions.all() != 0 {
		t.Errorf("%d %s", status, answer)
	}
}
