package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/users"
)

// browser is a client with cookies and nothing else.
type browser struct {
	n       *network
	cookie  *http.Cookie
	headers map[string]string
}

// ask sends a request, and keeps the cookie of the answer.
func (b *browser) ask(method, path, body string) (status int, answer string, h http.Header) {
	t := b.n.t
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range b.headers {
		req.Header.Set(name, value)
	}
	if b.cookie != nil {
		req.AddCookie(&http.Cookie{Name: b.cookie.Name, Value: b.cookie.Value})
	}
	resp, err := b.n.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, resp.Body)
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		b.cookie = c
	}
	return resp.StatusCode, string(text), resp.Header
}

// want asks, and says what the status should be, and what the answer should have.
func (b *browser) want(status int, has, method, path, body string) string {
	b.n.t.Helper()
	got, answer, _ := b.ask(method, path, body)
	if got != status || !strings.Contains(answer, has) {
		b.n.t.Errorf("%s %s: %d %s, want %d with %s", method, path, got, answer, status, has)
	}
	return answer
}

func (n *network) browser(user, password string) *browser {
	n.t.Helper()
	b := &browser{n: n}
	b.want(200, `"caller"`, "POST", "/v1/session", login(user, password))
	return b
}

func login(user, password string) string {
	b, err := json.Marshal(api.Login{User: user, Password: password})
	if err != nil {
		panic(err) // texts
	}
	return string(b)
}

// TestSession is one from its cookie to its end.
func TestSession(t *testing.T) {
	n := overTLSService(t)
	b := &browser{n: n}
	b.want(401, `"code":"unknown-caller"`, "GET", "/v1", "")
	status, answer, h := b.ask("POST", "/v1/session", login(`ANY\Fred`, "Yabba1"))
	if status != 200 || !strings.Contains(answer, `"name":"fred"`) || !strings.Contains(answer, `"idle":3600`) {
		t.Errorf("login: %d %s", status, answer)
	}
	c := h.Get("Set-Cookie")
	for _, part := range []string{"__Host-netelf=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict"} {
		if !strings.Contains(c, part) || strings.Contains(c, "Domain") {
			t.Errorf("cookie %q, want %q in it", c, part)
		}
	}
	if len(b.cookie.Value) != 43 || strings.Contains(answer, b.cookie.Value) {
		t.Errorf("what the session is known by: %q", b.cookie.Value)
	}
	b.want(200, `"administrator":true`, "GET", "/v1", "")
	b.want(204, "", "DELETE", "/v1/session", "")
	b.want(401, "log in", "GET", "/v1", "")
	want := []string{"0 fred fred password"}
	if d := cmp.Diff(want, n.told()); d != "" {
		t.Errorf("written down (-want +got):\n%s", d)
	}
	for _, forged := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 4000)} {
		f := &browser{n: n, cookie: &http.Cookie{Name: "__Host-netelf", Value: forged}}
		f.want(401, "", "GET", "/v1", "")
		f = &browser{n: n, headers: map[string]string{"Authorization": "Bearer " + forged}}
		f.want(401, "", "GET", "/v1", "")
	}
	f := &browser{n: n, headers: map[string]string{"Authorization": "Basic ZnJlZDpZYWJiYTE="}}
	f.want(401, "", "GET", "/v1", "")
}

// TestSessionEnds: after an hour without use, after a day of use, with the password,
// and with the user.
func TestSessionEnds(t *testing.T) {
	n := overTLSService(t)
	ahead := func(d time.Duration) { n.now.Add(int64(d)) }
	b := n.browser("fred", "Yabba1")
	for range 23 {
		ahead(59 * time.Minute)
		b.want(200, "fred", "GET", "/v1", "")
	}
	ahead(59 * time.Minute)
	b.want(200, "fred", "GET", "/v1", "")
	ahead(59 * time.Minute) // over 24 hours
	b.want(401, "the session is over", "GET", "/v1", "")

	b = n.browser("fred", "Yabba1")
	ahead(time.Hour)
	b.want(401, "the session is over", "GET", "/v1", "")

	one, other := n.browser("dino", "Bone1"), n.browser("dino", "Bone1")
	one.want(401, "wrong user name or password", "PUT", "/v1/users/dino/password", `{"password":"Bone2","old":"Bone"}`)
	one.want(401, "wrong user name or password", "PUT", "/v1/users/dino/password", `{"password":"Bone2"}`)
	one.want(400, "control character", "PUT", "/v1/users/dino/password", `{"password":"\u0001","old":"Bone1"}`)
	one.want(204, "", "PUT", "/v1/users/DINO/password", `{"password":"Bone2","old":"Bone1"}`)
	one.want(200, "dino", "GET", "/v1", "")
	other.want(401, "the session is over", "GET", "/v1", "")

	fred := n.browser("fred", "Yabba1")
	fred.want(204, "", "PUT", "/v1/users/dino/password", `{"password":"Bone3"}`)
	one.want(401, "the session is over", "GET", "/v1", "")
	one = n.browser("dino", "Bone3")
	fred.want(204, "", "PUT", "/v1/users/dino/groups", `{"groups":["administrators"]}`)
	one.want(200, `"administrator":true`, "GET", "/v1", "")
	fred.want(204, "", "DELETE", "/v1/users/dino", "")
	one.want(401, "the session is over", "GET", "/v1", "")
	fred.want(200, `"name":"dino"`, "POST", "/v1/users", `{"name":"dino","password":"Bone3"}`)
	one.want(401, "the session is over", "GET", "/v1", "")
	if k := n.accounts.sessions.all(); k != 1 {
		t.Errorf("%d sessions are remembered, want fred's", k)
	}
}

// TestSessionsAreBounded: of a user, and of all.
func TestSessionsAreBounded(t *testing.T) {
	var s sessions
	s.idle, s.most = time.Hour, 24*time.Hour
	now := time.Now()
	var first, own string
	for i := range maxSessions + 100 {
		text, _ := s.begin(fmt.Sprint("u", i/2), users.Stamp{}, now.Add(time.Duration(i)*time.Millisecond))
		if i == 0 {
			first = text
		}
	}
	if s.all() != maxSessions {
		t.Errorf("%d sessions", s.all())
	}
	now = now.Add(time.Minute)
	if x, _ := s.find(first, now); x != nil {
		t.Error("the oldest is still there")
	}
	for i := range maxSessionsUser + 1 {
		text, _ := s.begin("fred", users.Stamp{}, now.Add(time.Duration(i)*time.Millisecond))
		if i == 0 {
			own = text
		}
	}
	if x, _ := s.find(own, now); x != nil || s.count["fred"] != maxSessionsUser || s.all() > maxSessions {
		t.Errorf("fred has %d, all are %d", s.count["fred"], s.all())
	}
	now = now.Add(2 * time.Hour)
	if _, x := s.begin("wilma", users.Stamp{}, now); s.all() != 1 || s.count["wilma"] != 1 {
		t.Errorf("%d sessions behind %v", s.all(), x.made)
	}
}

// TestTokens are made by their owner in a session, and may do what their scope says.
func TestTokens(t *testing.T) {
	n := overTLSService(t)
	fred, dino := n.browser("fred", "Yabba1"), n.browser("dino", "Bone1")
	token := func(b *browser, user, body string) *browser {
		t.Helper()
		var made api.MadeToken
		if err := json.Unmarshal([]byte(b.want(200, `"token":"netelf_`, "POST", "/v1/users/"+user+"/tokens", body)), &made); err != nil {
			t.Fatal(err)
		}
		return &browser{n: n, headers: map[string]string{"Authorization": "Bearer " + made.Text}}
	}
	all := token(fred, "fred", `{"name":"all","scope":["manage"]}`)
	all.want(200, `"administrator":true`, "GET", "/v1", "")
	all.want(200, `"dino"`, "GET", "/v1/users", "")
	all.want(403, "access-denied", "POST", "/v1/users/fred/tokens", `{"name":"more","scope":["read"]}`)
	all.want(403, "", "PUT", "/v1/users/fred/password", `{"password":"x","old":"Yabba1"}`)
	read := token(fred, "fred", `{"name":"read","scope":["read"]}`)
	read.want(200, `"administrator":false`, "GET", "/v1", "")
	read.want(200, `"events"`, "GET", "/v1/logs/Security/events", "")
	read.want(403, "", "GET", "/v1/users", "")
	read.want(403, "", "GET", "/v1/users/fred/tokens", "")
	read.want(403, "", "PUT", "/v1/users/fred/password", `{"password":"x","old":"Yabba1"}`)
	read.want(403, "", "POST", "/v1/logs/System/clear", `{}`)
	read.want(403, "", "POST", "/v1/logs", `{"name":"x"}`)
	read.want(403, "", "GET", "/v1/logs/System/copy", "")
	one := token(fred, "fred", `{"name":"one","scope":["manage"],"log":"system"}`)
	one.want(200, `{"logs":[{"name":"System"`, "GET", "/v1/logs", "")
	one.want(200, `"events"`, "GET", "/v1/logs/System/events", "")
	one.want(403, "", "GET", "/v1/logs/Security/events", "")
	one.want(403, "", "PATCH", "/v1/logs/System", `{"max_size":65536}`)
	report := token(dino, "dino", `{"name":"report","scope":["report"],"expires":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)
	report.want(403, "", "GET", "/v1/logs/Application/events", "")
	report.headers["Content-Type"] = "application/x-ndjson"
	if status, answer, _ := report.ask("POST", "/v1/reports?source=x", ""); status != 200 {
		t.Errorf("report: %d %s", status, answer)
	}

	dino.want(409, "exists", "POST", "/v1/users/dino/tokens", `{"name":"REPORT","scope":["read"]}`)
	dino.want(403, "", "POST", "/v1/users/fred/tokens", `{"name":"x","scope":["read"]}`)
	dino.want(403, "", "GET", "/v1/users/fred/tokens", "")
	fred.want(403, "", "POST", "/v1/users/dino/tokens", `{"name":"x","scope":["read"]}`)
	fred.want(200, `"name":"report","scope":["report"]`, "GET", "/v1/users/dino/tokens", "")
	dino.want(422, "scope", "POST", "/v1/users/dino/tokens", `{"name":"x","scope":["all"]}`)
	dino.want(400, "of no use", "POST", "/v1/users/dino/tokens", `{"name":"x","scope":["read"],"expires":"2001-01-01T00:00:00Z"}`)
	if list := dino.want(200, "report", "GET", "/v1/users/dino/tokens", ""); strings.Contains(list, "netelf_") {
		t.Errorf("the list has the token itself: %s", list)
	}

	n.now.Add(int64(2 * time.Hour))
	report.want(401, "past its end", "GET", "/v1", "")
	all.want(200, "", "GET", "/v1", "")
	fred = n.browser("fred", "Yabba1")
	fred.want(204, "", "DELETE", "/v1/users/fred/tokens/ALL", "")
	all.want(401, "revoked", "GET", "/v1", "")
	fred.want(404, "not-found", "DELETE", "/v1/users/fred/tokens/ALL", "")

	var made int
	for _, act := range n.told() {
		if strings.HasPrefix(act, fmt.Sprint(int(ActTokenMade), " ")) {
			made++
		}
		if strings.Contains(act, "netelf_") || strings.Contains(act, "Yabba") {
			t.Errorf("a secret was written down: %s", act)
		}
	}
	if made != 4 {
		t.Errorf("%d tokens were written down, want 4", made)
	}
}

// TestAudit writes down what was done and what was refused; where that cannot be,
// nobody comes in.
func TestAudit(t *testing.T) {
	n := overTLSService(t)
	dino := n.browser("dino", "Bone1")
	dino.want(403, "list users", "GET", "/v1/users", "")
	dino.want(403, "remove user fred", "DELETE", "/v1/users/fred", "")
	(&browser{n: n}).want(401, "logon-refused", "POST", "/v1/session", login("dino", "Bone"))
	(&browser{n: n, headers: map[string]string{"Authorization": "Bearer netelf_x"}}).want(401, "", "GET", "/v1", "")
	fred := n.browser("fred", "Yabba1")
	fred.want(200, "", "POST", "/v1/users", `{"name":"betty","password":"Bone1","groups":["readers","users"],"ntlm":true}`)
	fred.want(204, "", "DELETE", "/v1/users/betty", "")
	want := []string{
		"0 dino dino password",
		"2 dino users list",
		"2 dino user fred remove",
		"1 dino  password",
		"1   token",
		"0 fred fred password",
		"3 fred betty  users, event log readers",
		"4 fred betty",
	}
	if d := cmp.Diff(want, n.told()); d != "" {
		t.Errorf("written down (-want +got):\n%s", d)
	}
	n.mu.Lock()
	n.fail = errors.New("the disk of the audit trail is full")
	n.mu.Unlock()
	(&browser{n: n}).want(500, "internal", "POST", "/v1/session", login("fred", "Yabba1"))
}

// TestGuessing slows down a thousand wrong passwords, in bounded memory; whoever is
// elsewhere, and another name there, is let in.
func TestGuessing(t *testing.T) {
	n := overTLSService(t)
	var mu sync.Mutex
	count := map[int]int{}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			b := &browser{n: n}
			for range 100 {
				status, _, h := b.ask("POST", "/v1/session", login("fred", "wrong"))
				mu.Lock()
				count[status]++
				mu.Unlock()
				if after := h.Get("Retry-After"); (status == 429) != (after != "") || after == "0" {
					t.Errorf("status %d with Retry-After %q", status, after)
				}
			}
		})
	}
	wg.Wait()
	if count[401] < 5 || count[401] > 64 || count[401]+count[429] != 1000 {
		t.Errorf("answers %v", count)
	}
	if acts := n.told(); len(acts) != count[401] {
		t.Errorf("%d were written down, want %d", len(acts), count[401])
	}
	if n.accounts.sessions.all() != 0 {
		t.Error("there are sessions")
	}
	// The right one has to wait, too, and is then let in.
	(&browser{n: n}).want(429, "too many failed attempts", "POST", "/v1/session", login("fred", "Yabba1"))
	n.now.Add(int64(16 * time.Minute))
	n.browser("fred", "Yabba1")
	// An address that guesses keeps no other out.
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for i := range 30 {
		if done, err := n.accounts.opts.Throttle.Try(fmt.Sprint("guess", i), here); err == nil {
			done(true)
		}
	}
	if _, err := n.accounts.opts.Throttle.Try("dino", here); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("who guesses is let in: %v", err)
	}
	if done, err := n.accounts.opts.Throttle.Try("dino", there); err != nil {
		t.Errorf("another address is kept out: %v", err)
	} else {
		done(false)
	}
}

// TestNoSecretComesBack: what is wrong with a request is said without what it has.
func TestNoSecretComesBack(t *testing.T) {
	n := overTLSService(t)
	b := &browser{n: n}
	for _, body := range []string{
		`{"user":"fred","password":"Yabba1","pasword":"Yabba1"}`, `{"user":1,"password":"Yabba1"}`, `{"user":"fred","password":["Yabba1"]}`,
		`{"user":"fred","password":"Yabba1"`, `"Yabba1"`, `{"user":"","password":"Yabba1"}`, `{"user":"fred","password":"` + strings.Repeat("Yabba1", 200) + `"}`,
	} {
		if status, answer, _ := b.ask("POST", "/v1/session", body); status/100 != 4 || strings.Contains(answer, "Yabba") {
			t.Errorf("%.60s: %d %s", body, status, answer)
		}
	}
}

// TestUnknownUser: a name that nobody has is answered as a wrong password is. That it
// costs as much is shown in package users.
func TestUnknownUser(t *testing.T) {
	n := overTLSService(t)
	b := &browser{n: n}
	known := b.want(401, "wrong user name or password", "POST", "/v1/session", login("fred", "wrong"))
	unknown := b.want(401, "wrong user name or password", "POST", "/v1/session", login("nobody", "wrong"))
	if known != unknown {
		t.Errorf("answers differ: %s, %s", known, unknown)
	}
}

// TestCrossOrigin: a page of somebody else changes nothing with the cookie of whoever
// looks at it.
func TestCrossOrigin(t *testing.T) {
	n := overTLSService(t)
	b := n.browser("fred", "Yabba1")
	for _, h := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}} {
		b.headers = h
		b.want(403, `"code":"cross-origin"`, "POST", "/v1/logs/System/clear", "{}")
		b.want(403, `"code":"cross-origin"`, "POST", "/v1/session", login("fred", "Yabba1"))
	}
	b.headers = map[string]string{"Sec-Fetch-Site": "same-origin"}
	b.want(204, "", "POST", "/v1/logs/System/clear", "{}")
}

// TestHeaders are on all answers, and none lets another origin read.
func TestHeaders(t *testing.T) {
	n := overTLSService(t)
	b := n.browser("fred", "Yabba1")
	for _, path := range []string{"/v1", "/v1/logs/System/events", "/v1/nothing", "/v1/logs/System/export?format=csv", "/openapi.json", "/"} {
		_, _, h := b.ask("GET", path, "")
		for name, value := range headers {
			if got := h.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", path, name, got, value)
			}
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: another origin may read it", path)
		}
	}
}

// TestManyUsers keep apart who is who, at once.
func TestManyUsers(t *testing.T) {
	n := overTLSService(t)
	var wg sync.WaitGroup
	for _, x := range []struct{ user, password string }{{"fred", "Yabba1"}, {"wilma", "Pebbles1"}, {"dino", "Bone1"}} {
		wg.Go(func() {
			b := n.browser(x.user, x.password)
			for range 50 {
				b.want(200, `"name":"`+x.user+`"`, "GET", "/v1", "")
			}
		})
	}
	wg.Wait()
	list, err := n.client("fred", "Yabba1").Logs(t.Context())
	if err != nil || !slices.ContainsFunc(list, func(i eventlog.Info) bool { return i.Name == "System" }) {
		t.Errorf("%v, %v", list, err)
	}
}
