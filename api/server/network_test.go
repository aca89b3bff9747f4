package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/internal/users"
	"netelf.example/service"
)

// TestBadBodies are the client's fault, and said so.
func TestBadBodies(t *testing.T) {
	socket := serve(t, Options{For: forAll(&memory{})})
	for _, x := range []struct{ name, request, status, text string }{
		{"a chunk that is none", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nnonsense\r\n", "400", "cannot be read to its end"},
		{"chunks that break off", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n5\r\n{\"na", "400", "cannot be read to its end"},
		{"less than was announced", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nContent-Type: application/json\r\n\r\n{\"na", "400", "cannot be read to its end"},
		{"an unknown key", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\nContent-Type: application/json\r\n\r\n{\"name\":\"a\",\"b\":1}", "422", "unexpected property"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, err := new(net.Dialer).DialContext(t.Context(), "unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			defer closing(t, c)
			if _, err := io.WriteString(c, x.request); err != nil {
				t.Fatal(err)
			}
			if err := c.(*net.UnixConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(c)
			if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 "+x.status) || !strings.Contains(string(b), x.text) {
				t.Errorf("%s, %v", b, err)
			}
		})
	}
}

// TestDrainHalf: a request of which half has come does not hold a server up that
// goes; one that came whole is answered.
func TestDrainHalf(t *testing.T) {
	slow := &slowServer{begun: make(chan struct{}), go_: make(chan struct{})}
	h := New(Options{Caller: CallerOf, For: forAll(slow)})
	socket := listen(t, h)
	dial := func(text string) net.Conn {
		c, err := new(net.Dialer).DialContext(t.Context(), "unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() }) // it may be closed
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		return c
	}
	half := dial("POST /v1/reports?source=x HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nContent-Type: application/x-ndjson\r\n\r\n{\"event")
	whole := dial("POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nContent-Type: application/json\r\n\r\n{\"name\":\"a\"}")
	<-slow.begun
	h.Drain()
	resp, err := http.ReadResponse(bufio.NewReader(half), nil) // which takes hurryTime, where five minutes are for a report
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(b), "too-slow") {
		t.Errorf("half: %s %s, %v", resp.Status, b, err)
	}
	close(slow.go_)
	answer := make([]byte, len("HTTP/1.1 204"))
	if _, err := io.ReadFull(whole, answer); err != nil || string(answer) != "HTTP/1.1 204" {
		t.Errorf("whole: %s, %v", answer, err)
	}
}

// slowServer creates logs when it may.
type slowServer struct {
	memory
	begun, go_ chan struct{}
}

func (s *slowServer) CreateLog(ctx context.Context, _ string, _ eventlog.Settings) error {
	close(s.begun)
	select {
	case <-s.go_:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
func (s *slowServer) DeleteLog(context.Context, string) error { return errors.ErrUnsupported }

// TestLimit: so many connections at a time, and an eighth of them of one address.
func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Limit(inner, 16, nil, slog.New(slog.DiscardHandler))
	defer closing(t, l)
	accepted := make(chan net.Conn, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	var d net.Dialer
	dial := func() net.Conn {
		t.Helper()
		c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() }) // it may be closed
		return c
	}
	dial()
	dial()
	one, two := <-accepted, <-accepted
	third := dial()
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Error("a third of one address is let in")
	}
	for range 2 { // which counts once
		_ = one.Close()
	}
	dial()
	three := <-accepted
	for _, c := range []net.Conn{two, three} {
		closing(t, c)
	}
	if l.all != 0 || len(l.from) != 0 {
		t.Errorf("%d are counted, of %v", l.all, l.from)
	}
}

func TestPrefix(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7:1": "192.0.2.7/32", "[::ffff:192.0.2.7]:1": "192.0.2.7/32", "[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64", "@": "invalid Prefix",
	} {
		if got, proxy := new(Limited).keyOf(address(text)); got.String() != want || proxy {
			t.Errorf("%s: %v, want %s; a proxy: %v", text, got, want, proxy)
		}
	}
}

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

// FuzzHandler asks for anything, as somebody who may do everything: no answer is a
// panic or an internal error, and each is JSON or a file.
func FuzzHandler(f *testing.F) {
	for _, seed := range []struct{ method, path, body string }{
		{"GET", "/v1", ""}, {"POST", "/v1/session", `{"user":"a","password":"b"}`}, {"GET", "/v1/logs/System/events?limit=3&cursor=AMlNEYsB", ""},
		{"POST", "/v1/logs/System/events", `{"where":{"and":[{"field":"id","number":7},{"not":{"field":"source","op":"prefix","text":"x"}}]},"limit":3}`},
		{"GET", "/v1/logs/System/count?select=%7B%22since%22%3A%222026-11-22T08%3A30%3A00Z%22%7D", ""}, {"GET", "/v1/logs/System/export?format=evt", ""},
		{"GET", "/v1/logs/System/events/1/context?before=1", ""}, {"POST", "/v1/reports?source=x", `{"event_id":7,"strings":["a"]}`},
		{"PATCH", "/v1/logs/Application", `{"retention":-1}`}, {"PUT", "/v1/sources/x", `{"name":"x","log":"Application"}`},
		{"POST", "/v1/users", `{"name":"x","password":"y","groups":["readers"]}`}, {"PUT", "/v1/users/x/groups", `{"groups":["users"]}`},
		{"POST", "/v1/users/x/tokens", `{"name":"t","scope":["read"]}`}, {"GET", "/v1/sources/EventLog/text?id=2147489653&strings=a", ""},
		{"GET", "/v1/logs/System/copy", ""}, {"DELETE", "/v1/users/x", ""},
	} {
		f.Add(seed.method, seed.path, []byte(seed.body))
	}
	s, err := service.Open(f.TempDir(), &service.Options{Sync: service.SyncNone})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { closing(f, s) })
	store, err := users.Open(f.TempDir()+"/users.json", &users.Options{Cost: cheap})
	if err != nil {
		f.Fatal(err)
	}
	var log bytes.Buffer
	h := New(Options{
		// Over a socket, so that somebody is known; Accounts are there all the same.
		Caller: CallerOf, For: func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
		Accounts: NewAccounts(AccountsOptions{Users: store, Audit: func(context.Context, eventlog.Caller, Act) error { return nil }}), Texts: s.Texts(),
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		r, err := http.NewRequest(method, "http://netelf"+path, bytes.NewReader(body))
		if err != nil || strings.Contains(path, "follow") || bytes.Contains(body, []byte("follow")) || strings.Contains(strings.ToLower(path), "%6") {
			return // it would wait
		}
		r.Header.Set("Content-Type", "application/json")
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), peerKey{}, callerFor(Peer{})), 5*time.Second)
		defer cancel()
		log.Reset()
		w := httptest.NewRecorder()
		h.Network().ServeHTTP(deadlines{w}, r.WithContext(ctx))
		if w.Code >= 500 && w.Code != http.StatusInsufficientStorage && w.Code != http.StatusNotImplemented {
			t.Fatalf("%s %s: %d %s\n%s", method, path, w.Code, w.Body, &log)
		}
	})
}

// deadlines is a ResponseWriter that takes deadlines and has none.
type deadlines struct{ http.ResponseWriter }

func (d deadlines) SetReadDeadline(time.Time) error  { return nil }
func (d deadlines) SetWriteDeadline(time.Time) error { return nil }
func (d deadlines) FlushError() error                { return nil }

// TestProblemsOverTLS: the errors of the contract come out as they went in.
func TestProblemsOverTLS(t *testing.T) {
	m := &memory{}
	n := overTLS(t, Options{For: forAll(m)}, AccountsOptions{})
	n.add("fred", "Yabba1")
	c := n.client("fred", "Yabba1")
	for _, row := range eventlog.Problems() {
		if row.Err == io.EOF {
			continue
		}
		m.err = fmt.Errorf("log %q: %w", "Quarry", row.Err)
		_, err := c.Logs(t.Context())
		if got, ok := eventlog.ProblemOf(err); !ok || got.Code != row.Code {
			t.Errorf("%s came out as %v", row.Code, err)
		}
	}
}

// TestBroken: what reads is asked for once more where its connection breaks off, what
// changes is not.
func TestBroken(t *testing.T) {
	m := logtest.NewMemory(eventlog.Origin{Log: "System"}, logtest.Events())
	n := overTLS(t, Options{For: forAll(&memory{log: m})}, AccountsOptions{})
	n.add("fred", "Yabba1")
	asked := 0
	inner := n.h.opts.For
	n.h.opts.For = func(ctx context.Context, c eventlog.Caller) (eventlog.Server, error) {
		if asked++; asked%2 == 1 {
			panic(http.ErrAbortHandler)
		}
		return inner(ctx, c)
	}
	c := n.client("fred", "Yabba1")
	if _, err := c.Logs(t.Context()); err != nil || asked != 2 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	err := c.DeleteLog(t.Context(), "System")
	if err == nil || asked != 3 || eventlog.StateOf(err) != eventlog.Unreachable || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("asked %d times: %v, %v", asked, err, eventlog.StateOf(err))
	}
}

// gone is a client that takes no answer.
type gone struct {
	*httptest.ResponseRecorder
	statuses []int
}

func (g *gone) WriteHeader(status int) { g.statuses = append(g.statuses, status) }

func (g *gone) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// TestGone: a client that goes away before it has the answer is no error, and gets no
// second one.
func TestGone(t *testing.T) {
	h := New(Options{Caller: CallerOf, For: forAll(&memory{})})
	for _, cancelled := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), peerKey{}, callerFor(Peer{})))
		if cancelled {
			cancel()
		}
		g := &gone{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(g, httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/about", nil))
		cancel()
		if !slices.Equal(g.statuses, []int{200}) {
			t.Errorf("cancelled %t: statuses %d", cancelled, g.statuses)
		}
	}
}
