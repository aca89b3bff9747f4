//go:build unix

package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"netelf.example/eventlog"
	"netelf.example/internal/config"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/npa"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/users"
	"netelf.example/internal/winbind"
	"netelf.example/nt"
	"netelf.example/service"
)

func init() { children["ntlm_auth"] = ntlmAuthChild }

// ntlmAuthChild is ntlm_auth of a domain where every password is "slate", and
// slowpoke's account is disabled.
func ntlmAuthChild() error {
	asked := map[string]string{}
	for s := bufio.NewScanner(os.Stdin); s.Scan() && s.Text() != "."; {
		if name, value, ok := strings.Cut(s.Text(), ":: "); ok {
			b, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				return err
			}
			asked[name] = string(b)
		} else if name, value, ok := strings.Cut(s.Text(), ": "); ok {
			asked[name] = value
		}
	}
	challenge, err := hex.DecodeString(asked["LANMAN-Challenge"])
	if err != nil {
		return err
	}
	response, err := hex.DecodeString(asked["NT-Response"])
	if err != nil {
		return err
	}
	sum := func(key []byte, b ...[]byte) []byte {
		h := hmac.New(md5.New, key)
		h.Write(bytes.Join(b, nil))
		return h.Sum(nil)
	}
	hash := ntlm.NTHash("slate")
	key := sum(hash[:], nt.AppendUTF16(nt.AppendUTF16(nil, strings.ToUpper(asked["Username"])), asked["NT-Domain"]))
	proof := sum(key, challenge, response[16:])
	switch {
	case asked["Username"] == "slowpoke":
		fmt.Print("Authenticated: No\nAuthentication-Error: The referenced account is currently disabled and cannot be logged on to.\n.\n.\n")
	case asked["Username"] == "gazoo":
		fmt.Print("Authenticated: No\nAuthentication-Error: Reading winbind reply failed!\n.\n.\n")
	case !bytes.Equal(proof, response[:16]):
		fmt.Print("Authenticated: No\nAuthentication-Error: NT_STATUS_WRONG_PASSWORD\n.\n.\n")
	default:
		fmt.Printf("Authenticated: Yes\nUser-Session-Key: %X\n.\n", sum(key, proof))
	}
	return nil
}

// pipeDoor is a door with the user fred, whose password is wilma, that asks
// ntlmAuthChild, and what it logs.
func pipeDoor(t *testing.T) (*rpcDoor, *strings.Builder) {
	t.Helper()
	dir := t.TempDir()
	s, err := service.Open(filepath.Join(dir, "data"), &service.Options{Sync: service.SyncNone, Computer: "bedrock"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	store, err := users.Open(filepath.Join(dir, "users.json"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Add(t.Context(), users.NewUser{Name: "fred", Password: "wilma"}); err != nil {
		t.Fatal(err)
	}
	said := new(strings.Builder)
	d := &rpcDoor{
		s: s, log: slog.New(slog.NewTextHandler(said, nil)), computer: "bedrock", users: store,
		throttle: users.NewThrottle(nil), admin: new(atomic.Pointer[uint32]),
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "ntlm_auth")
	if err := os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\n%s=ntlm_auth exec %s\n", childEnv, program), 0o700); err != nil {
		t.Fatal(err)
	}
	w, err := winbind.New(winbind.Options{Program: script, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // it has no error
	d.winbind = w
	return d, said
}

// hello is what Samba says of a user of QUARRY.
func hello(account string) *npa.Hello {
	return &npa.Hello{
		ClientAddr: "192.0.2.7", ClientPort: 4711, Account: account, Domain: "QUARRY", Principal: account + "@quarry.example",
		SIDs: []nt.SID{"S-1-5-21-1-2-3-1001", nt.SIDEveryone, nt.SIDAuthenticatedUsers}, Authenticated: true,
	}
}

// logOn logs on inside a pipe, with NTLM inside SPNEGO.
func (d *rpcDoor) logOn(t *testing.T, h *npa.Hello, c rpcauth.Credentials) error {
	t.Helper()
	i, err := rpcauth.NewInitiator(c, "host/bedrock", true)
	if err != nil {
		t.Fatal(err)
	}
	p := &dcerpc.Peer{Addr: h.Client(), Transport: dcerpc.TransportPipe, Caller: h}
	m := d.pipeAcceptors()[dcerpc.AuthSPNEGO](p)
	token, in, err := i.Step(nil)
	for done := false; !done; {
		if err != nil {
			t.Fatalf("the client: %v", err)
		}
		if token, done, err = m.Step(token); err != nil {
			return err
		}
		if !in {
			token, in, err = i.Step(token)
		}
	}
	whole := []byte("the calls")
	sig, err := i.Security().Sign(whole)
	if err == nil {
		err = m.Security().Verify(whole, sig)
	}
	if err != nil {
		t.Errorf("the keys differ: %v", err)
	}
	return nil
}

// security is what stands in Security: id and strings.
func (d *rpcDoor) security(t *testing.T) (list []string) {
	t.Helper()
	admin := d.s.As(eventlog.Caller{SIDs: []eventlog.SID{nt.SIDAdministrators}})
	l, err := admin.OpenLog(t.Context(), "Security")
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range eventlog.All(t.Context(), l, new(eventlog.Selection)) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(e.ID.Code(), " ", strings.Join(e.Strings, "|")))
	}
	return list
}

func TestPipeLogon(t *testing.T) {
	d, said := pipeDoor(t)
	asked := d.winbind
	anonymous := &npa.Hello{ClientAddr: "192.0.2.7", SIDs: []nt.SID{nt.SIDAnonymous, nt.SIDEveryone}, Account: "ANONYMOUS LOGON", Domain: "NT AUTHORITY"}
	for _, x := range []struct {
		name    string
		h       *npa.Hello
		c       rpcauth.Credentials
		without bool // winbind is not configured
		want    string
		event   string
	}{
		{name: "own user", h: hello("fred"), c: rpcauth.Credentials{User: "fred", Password: "wilma", Domain: "ANY"}},
		{name: "own user, without winbind", h: hello("fred"), c: rpcauth.Credentials{User: "FRED", Password: "wilma"}, without: true},
		{name: "own user with winbind's password", h: hello("fred"), c: rpcauth.Credentials{User: "fred", Password: "slate", Domain: "quarry"}},
		{name: "winbind's user", h: hello("betty"), c: rpcauth.Credentials{User: "Betty", Password: "slate", Domain: "QUARRY"}},
		{name: "winbind's user by principal", h: hello("betty"), c: rpcauth.Credentials{User: "betty@QUARRY.example", Password: "slate"}},
		{name: "winbind's user without it", h: hello("betty"), c: rpcauth.Credentials{User: "betty", Password: "slate", Domain: "QUARRY"}, without: true,
			want: "unknown user or wrong password", event: `529 betty|QUARRY|3|samba|Negotiate, NTLM|192.0.2.7`},
		{name: "wrong password", h: hello("betty"), c: rpcauth.Credentials{User: "betty", Password: "wilma", Domain: "QUARRY"},
			want: "unknown user or wrong password", event: `529 betty|QUARRY|3|samba|Negotiate, NTLM|192.0.2.7`},
		{name: "a namesake of another domain", h: hello("betty"), c: rpcauth.Credentials{User: "betty", Password: "slate", Domain: "ROCK"},
			want: "unknown user or wrong password", event: `529 betty|ROCK|3|samba|Negotiate, NTLM|192.0.2.7`},
		{name: "another of winbind's users", h: hello("betty"), c: rpcauth.Credentials{User: "barney", Password: "slate", Domain: "QUARRY"},
			want: `the pipe was opened as another user, QUARRY\betty`, event: `537 barney|QUARRY|3|samba|Negotiate, NTLM|192.0.2.7|spnego: ntlm: looking up the user: the pipe was opened as another user, QUARRY\betty`},
		{name: "another, own user", h: hello("betty"), c: rpcauth.Credentials{User: "fred", Password: "wilma", Domain: "QUARRY"},
			want: `the pipe was opened as another user, QUARRY\betty`, event: `537 fred|QUARRY|3|samba|Negotiate, NTLM|192.0.2.7|spnego: ntlm: looking up the user: the pipe was opened as another user, QUARRY\betty`},
		{name: "another's principal", h: hello("betty"), c: rpcauth.Credentials{User: "betty@rock.example", Password: "slate"},
			want: `the pipe was opened as another user, QUARRY\betty`, event: `537 betty@rock.example|-|3|samba|Negotiate, NTLM|192.0.2.7|spnego: ntlm: looking up the user: the pipe was opened as another user, QUARRY\betty`},
		{name: "a disabled account", h: hello("slowpoke"), c: rpcauth.Credentials{User: "slowpoke", Password: "slate", Domain: "QUARRY"},
			want: "winbind: The referenced account is currently disabled", event: `537 slowpoke|QUARRY|3|samba|Negotiate, NTLM|192.0.2.7|spnego: ntlm: verifying the response: winbind: The referenced account is currently disabled and cannot be logged on to`},
		{name: "winbind is not there", h: hello("gazoo"), c: rpcauth.Credentials{User: "gazoo", Password: "slate", Domain: "QUARRY"},
			want: "winbind: Reading winbind reply failed", event: `537 gazoo|QUARRY|3|samba|Negotiate, NTLM|192.0.2.7|spnego: ntlm: verifying the response: winbind: Reading winbind reply failed`},
		{name: "nobody inside a user's", h: hello("fred"), c: rpcauth.Credentials{Anonymous: true}, want: "anonymous inside a pipe that a user has opened"},
		{name: "nobody inside nobody's", h: anonymous, c: rpcauth.Credentials{Anonymous: true}},
		{name: "a user inside nobody's", h: anonymous, c: rpcauth.Credentials{User: "fred", Password: "wilma"},
			want: "the pipe was opened as another user", event: `537 fred|-|3|samba|Negotiate, NTLM|192.0.2.7|spnego: ntlm: looking up the user: the pipe was opened as another user, NT AUTHORITY\ANONYMOUS LOGON`},
		{name: "a user of that name inside nobody's", h: anonymous, c: rpcauth.Credentials{User: "ANONYMOUS LOGON", Password: "slate"},
			want: "the pipe was opened as another user", event: `537 ANONYMOUS LOGON|-|3|samba|Negotiate, NTLM|192.0.2.7|spnego: ntlm: looking up the user: the pipe was opened as another user, NT AUTHORITY\ANONYMOUS LOGON`},
	} {
		t.Run(x.name, func(t *testing.T) {
			said.Reset()
			before := len(d.security(t))
			d.throttle, d.winbind = users.NewThrottle(nil), asked
			if x.without {
				d.winbind = nil
			}
			err := d.logOn(t, x.h, x.c)
			switch {
			case x.want == "" && err != nil:
				t.Error(err)
			case x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)):
				t.Errorf("%v, want %s", err, x.want)
			}
			var want []string
			if x.event != "" {
				want = []string{x.event}
			}
			if diff := cmp.Diff(want, d.security(t)[before:], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Security (-want +got)\n%s", diff)
			}
			if t.Failed() {
				t.Log(said)
			}
		})
	}
}

// TestPipeThrottle: who tries others' names slows down itself, and not the others.
func TestPipeThrottle(t *testing.T) {
	d, _ := pipeDoor(t)
	var soon *users.TooSoon
	for n := 1; ; n++ {
		err := d.logOn(t, hello("barney"), rpcauth.Credentials{User: "fred", Password: "wilma"})
		if errors.As(err, &soon) {
			if n != 6 {
				t.Errorf("attempt %d comes too soon", n)
			}
			break
		}
		if !errors.Is(err, errOtherUser) || n > 100 {
			t.Fatalf("attempt %d: %v", n, err)
		}
	}
	if n := len(d.security(t)); n != 5 {
		t.Errorf("%d events", n)
	}
	if err := d.logOn(t, hello("barney"), rpcauth.Credentials{User: "barney", Password: "slate", Domain: "QUARRY"}); !errors.As(err, &soon) {
		t.Error(err)
	}
	h := hello("fred")
	if err := d.logOn(t, h, rpcauth.Credentials{User: "fred", Password: "wilma"}); err != nil {
		t.Error(err)
	}
	// That winbind is not there costs its users nothing.
	for range 10 {
		if err := d.logOn(t, hello("gazoo"), rpcauth.Credentials{User: "gazoo", Password: "slate"}); !errors.Is(err, errUnasked) {
			t.Error(err)
		}
	}
}

// TestWinbindConfig: what rpc.winbind needs is told at the start.
func TestWinbindConfig(t *testing.T) {
	dir := t.TempDir()
	for _, x := range []struct {
		rpc  config.RPC
		want string
	}{
		{config.RPC{Winbind: "/usr/bin/ntlm_auth"}, "rpc.winbind has nothing to check without rpc.samba_pipe"},
		{config.RPC{Winbind: config.Path(dir + "/none"), SambaPipe: config.Path(dir)},
			fmt.Sprintf("rpc.winbind: winbind: exec: %q: stat %s/none: no such file or directory", dir+"/none", dir)},
	} {
		c := &config.Config{RPC: x.rpc}
		c.Service.Data = config.Path(dir)
		d, err := openRPC(nil, slog.New(slog.DiscardHandler), c, "bedrock", nil)
		if err == nil || err.Error() != x.want {
			t.Errorf("%v, want %s", err, x.want)
		}
		if err == nil {
			_ = d.Close() // the test has failed
		}
	}
}
