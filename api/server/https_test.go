package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/certs"
	"netelf.example/internal/logtest"
	"netelf.example/internal/users"
	"netelf.example/service"
)

// network is a Handler over TLS, with users.
type network struct {
	t        testing.TB
	h        *Handler
	accounts *Accounts
	users    *users.Store
	url      string // https://127.0.0.1:port
	print    string // fingerprint of the certificate
	http     *http.Client
	now      atomic.Int64 // nanoseconds since start that the clock of sessions is ahead

	mu   sync.Mutex // guards what follows
	acts []string
	fail error // of writing down
}

// cheap is what a password costs in tests.
var cheap = users.Cost{Memory: 64, Passes: 1, Lanes: 1}

func overTLS(t testing.TB, opts Options, accounts AccountsOptions) *network {
	t.Helper()
	n := &network{t: t}
	var err error
	if n.users, err = users.Open(filepath.Join(t.TempDir(), "users.json"), &users.Options{Cost: cheap}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	now := func() time.Time { return start.Add(time.Duration(n.now.Load())) }
	accounts.Users, accounts.Now = n.users, now
	if accounts.Throttle == nil {
		accounts.Throttle = users.NewThrottle(&users.ThrottleOptions{Now: now})
	}
	accounts.Audit = func(_ context.Context, c eventlog.Caller, a Act) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.fail != nil {
			return n.fail
		}
		n.acts = append(n.acts, strings.TrimSpace(fmt.Sprintf("%d %s %s %s %s", a.Kind, c.Name, a.On, a.What, a.More)))
		return nil
	}
	n.accounts = NewAccounts(accounts)
	opts.Accounts = n.accounts
	if opts.Caller == nil {
		opts.Caller = CallerOf
	}
	n.h = New(opts)
	s := httptest.NewUnstartedServer(n.h.Network())
	s.EnableHTTP2 = true
	s.Config.WriteTimeout = 10 * time.Second
	s.StartTLS()
	t.Cleanup(s.Close)
	n.url, n.http, n.print = s.URL, s.Client(), certs.Of(s.Certificate().Raw).String()
	n.http.Timeout = time.Minute
	return n
}

func (n *network) add(name, password string, groups ...users.Group) users.User {
	n.t.Helper()
	u, err := n.users.Add(n.t.Context(), users.NewUser{Name: name, Password: password, Groups: groups})
	if err != nil {
		n.t.Fatal(err)
	}
	return u
}

// client is a client that logs in as a user.
func (n *network) client(user, password string) *api.Client {
	return n.as(func(context.Context) (api.Credentials, error) {
		return api.Credentials{User: user, Password: password}, nil
	})
}

func (n *network) as(login func(context.Context) (api.Credentials, error)) *api.Client {
	n.t.Helper()
	c, err := api.HTTPS(strings.TrimPrefix(n.url, "https://"), &api.HTTPSOptions{Name: ".", Fingerprint: n.print, Login: login})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { closing(n.t, c) })
	return c
}

func (n *network) told() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	acts := n.acts
	n.acts = nil
	return acts
}

// forAll answers the same Server to everybody.
func forAll(srv eventlog.Server) func(context.Context, eventlog.Caller) (eventlog.Server, error) {
	return func(context.Context, eventlog.Caller) (eventlog.Server, error) { return srv, nil }
}

// overTLSService is the service over TLS, with fred who administrates, wilma who
// reads Security, and dino who is a user.
func overTLSService(t testing.TB) *network {
	t.Helper()
	s, err := service.Open(t.TempDir(), &service.Options{Sync: service.SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, s) })
	n := overTLS(t, Options{
		For:   func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
		Texts: s.Texts(), Version: "1.2.3",
	}, AccountsOptions{})
	n.add("fred", "Yabba1", users.Administrators)
	n.add("wilma", "Pebbles1", users.EventLogReaders)
	n.add("dino", "Bone1")
	return n
}

// TestHTTPSIsALog holds a log over TLS to the contract, also where the server lets a
// request examine two records and the client has to go on by itself.
func TestHTTPSIsALog(t *testing.T) {
	for _, records := range []int64{0, 2} {
		t.Run(fmt.Sprint("records ", records), func(t *testing.T) {
			m := &switched{}
			n := overTLS(t, Options{For: forAll(m), Records: records}, AccountsOptions{})
			n.add("fred", "Yabba1")
			c := n.client("fred", "Yabba1")
			logtest.Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
				m.set(logtest.NewMemory(eventlog.Origin{Server: "behind", Log: "System", Channel: "System"}, events))
				l, err := c.OpenLog(t.Context(), "System")
				if err != nil {
					t.Fatal(err)
				}
				return l
			})
		})
	}
}

// switched is a Server of a log that may become another one.
type switched struct {
	mu  sync.Mutex
	log eventlog.Log
}

func (s *switched) set(l eventlog.Log) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = l
}
func (s *switched) Logs(context.Context) ([]eventlog.Info, error) { return nil, nil }
func (s *switched) OpenLog(context.Context, string) (eventlog.Log, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log, nil
}
func (s *switched) Close() error { return nil }

// TestCertificate trusts whom it is told to, and says what it saw of others.
func TestCertificate(t *testing.T) {
	n := overTLSService(t)
	address := strings.TrimPrefix(n.url, "https://")
	other := strings.Repeat("AB", 32)
	for _, pin := range []string{"", other} {
		asked := false
		c, err := api.HTTPS(address, &api.HTTPSOptions{Fingerprint: pin, Login: func(context.Context) (api.Credentials, error) {
			asked = true
			return api.Credentials{Token: "netelf_x"}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.About(t.Context())
		var untrusted *api.CertificateError
		if !errors.As(err, &untrusted) || untrusted.Fingerprint != n.print || !strings.Contains(err.Error(), n.print) || !asked {
			t.Errorf("pin %q: %v", pin, err)
		}
		closing(t, c)
	}
	for _, wrong := range []string{"", "a b", "x/y", "bedrock:", ":1", "fred@bedrock"} {
		if _, err := api.HTTPS(wrong, nil); err == nil {
			t.Errorf("%q is an address", wrong)
		}
	}
	if _, err := api.HTTPS("bedrock", &api.HTTPSOptions{Fingerprint: "AB"}); err == nil {
		t.Error("half a fingerprint was taken")
	}
}

// TestRefusedOnce tries a wrong password once, whatever is asked for.
func TestRefusedOnce(t *testing.T) {
	n := overTLSService(t)
	c := n.client("fred", "wrong")
	for range 3 {
		if _, err := c.Logs(t.Context()); !errors.Is(err, fs.ErrPermission) || eventlog.StateOf(err) != eventlog.Refused || err.Error() != "wrong user name or password" {
			t.Errorf("got %v", err)
		}
	}
	if acts := n.told(); len(acts) != 1 {
		t.Errorf("tried %d times: %q", len(acts), acts)
	}
	if _, err := n.as(nil).Logs(t.Context()); eventlog.StateOf(err) != eventlog.Refused {
		t.Errorf("nobody: %v", err)
	}
}
