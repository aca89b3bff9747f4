//go:build unix

package main

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/users"
	"netelf.example/target"
)

var httpListens = regexp.MustCompile(`msg=HTTPS listen=(\S+) fingerprint=(\S+)`)

// https is where a service answers over TLS, and its fingerprint.
func (s *serving) https() (addr, fingerprint string) {
	s.t.Helper()
	m := httpListens.FindStringSubmatch(s.stderr())
	if m == nil {
		s.t.Fatalf("it does not say where it listens:\n%s", s.stderr())
	}
	return m[1], m[2]
}

// TestServeDoors has users try all operations by each door: socket, MS-EVEN, HTTP by
// password, and HTTP by tokens of an administrator. What each may do is decided by
// the rules of the logs and by what a token leaves of that, whatever the door.
func TestServeDoors(t *testing.T) {
	s := serveRPC(t, "security: connect\nhttp:\n  listen: 127.0.0.1:0")
	addr, fingerprint := s.https()
	ctx := t.Context()
	sealed := "O:BAG:SYD:(A;;0x7;;;SY)"
	if err := s.client().CreateLog(ctx, "Sealed", eventlog.Settings{SDDL: &sealed}); err != nil {
		t.Fatal(err)
	}
	store, err := users.Open(s.dir+"/users.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	token := func(name, log string, scope users.Scope) target.Credentials {
		t.Helper()
		text, err := store.AddToken(ctx, "fred", users.Token{Name: name, Scope: scope, Log: log, Made: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		return target.Credentials{Token: text}
	}
	user := func(name string) target.Credentials {
		return target.Credentials{User: name, Password: "secret-" + name}
	}

	// By log: Application, System, Security, Sealed. What MS-EVEN has no call for is
	// "-"; over TCP it opens the three logs that every server has, and no other.
	type table map[string]string
	admin := table{"read": "yes yes yes no", "follow": "yes yes yes no", "info": "yes yes yes no", "report": "yes yes no no",
		"back up": "yes yes yes no", "set": "yes yes yes yes", "clear": "yes yes yes no", "add source": "yes yes no yes"}
	nothing := table{"read": "no no no no", "follow": "no no no no", "info": "no no no no", "report": "no no no no",
		"back up": "no no no no", "set": "no no no no", "clear": "no no no no", "add source": "no no no no"}
	with := func(base table, more ...string) table {
		c := table{}
		for op, verdicts := range base {
			c[op] = verdicts
		}
		for i := 0; i < len(more); i += 2 {
			c[more[i]] = more[i+1]
		}
		return c
	}
	reader := with(nothing, "read", "yes yes yes no", "follow", "yes yes yes no", "info", "yes yes yes no", "report", "yes no no no")
	ordinary := with(nothing, "read", "yes yes no no", "follow", "yes yes no no", "info", "yes yes no no", "report", "yes no no no")
	rpc := func(of table) table { // no call for settings and sources, no Sealed
		c := with(of, "set", "- - - -", "add source", "- - - -")
		for op, verdicts := range c {
			c[op] = strings.Join(strings.Fields(verdicts)[:3], " ") + " -"
		}
		return c
	}
	for _, x := range []struct {
		name, where string
		who         target.Credentials
		want        table
	}{
		{"socket, root", s.socket, target.Credentials{}, admin},
		{"MS-EVEN, administrator", "rpc://" + s.addr, user("fred"), rpc(admin)},
		{"MS-EVEN, reader", "rpc://" + s.addr, user("betty"), rpc(reader)},
		{"MS-EVEN, user", "rpc://" + s.addr, user("barney"), rpc(ordinary)},
		{"HTTP, administrator", "https://" + addr, user("fred"), admin},
		{"HTTP, reader", "https://" + addr, user("betty"), reader},
		{"HTTP, user", "https://" + addr, user("barney"), ordinary},
		{"HTTP, manage", "https://" + addr, token("manage", "", users.ScopeManage), admin},
		{"HTTP, read", "https://" + addr, token("read", "", users.ScopeRead), with(nothing,
			"read", "yes yes yes no", "follow", "yes yes yes no", "info", "yes yes yes no")},
		{"HTTP, report", "https://" + addr, token("report", "", users.ScopeReport), with(nothing, "report", "yes yes no no")},
		{"HTTP, read and clear", "https://" + addr, token("clear", "", users.ScopeRead|users.ScopeClear), with(nothing,
			"read", "yes yes yes no", "follow", "yes yes yes no", "info", "yes yes yes no", "back up", "yes yes yes no", "clear", "yes yes yes no")},
		{"HTTP, all of System", "https://" + addr, token("system", "system", users.ScopeManage), with(nothing,
			"read", "no yes no no", "follow", "no yes no no", "info", "no yes no no", "report", "no yes no no", "back up", "no yes no no", "clear", "no yes no no")},
	} {
		t.Run(x.name, func(t *testing.T) {
			tg, err := target.Parse(x.where)
			if err != nil {
				t.Fatal(err)
			}
			if tg.Kind == target.Path {
				tg = target.Target{Text: ".", Kind: target.Local, Socket: x.where}
			}
			tg.Remote = target.Remote{
				HTTP:        target.HTTPRemote{Fingerprint: fingerprint},
				Credentials: func(context.Context, string) (target.Credentials, error) { return x.who, nil },
			}
			srv, err := tg.Open(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer srv.Close()
			got := table{}
			for _, op := range accessOps {
				var list []string
				for _, log := range accessLogs {
					v := verdict(op.do(ctx, srv, log, strings.ReplaceAll(x.name, " ", "")))
					if tg.Kind == target.RPC && (log == "Sealed" || op.name == "set" || op.name == "add source") {
						if v == "yes" {
							t.Errorf("%s of %s went well", op.name, log)
						}
						v = "-"
					}
					list = append(list, v)
				}
				got[op.name] = strings.Join(list, " ")
			}
			if d := cmp.Diff(x.want, got); d != "" {
				t.Errorf("what it may do (-want +got):\n%s", d)
			}
		})
	}
	nobody := target.Target{Text: "x", Kind: target.HTTP, Name: addr, Remote: target.Remote{HTTP: target.HTTPRemote{Fingerprint: fingerprint}}}
	if _, err := nobody.Open(ctx); eventlog.StateOf(err) != eventlog.Refused {
		t.Errorf("nobody: %v", err)
	}
	s.stop()
}

// TestServeHTTPRefused does not start with what would give passwords away.
func TestServeHTTPRefused(t *testing.T) {
	for _, x := range []struct {
		env  []string
		args []string
		want string
	}{
		{[]string{"NETELF_HTTP_PLAIN=true"}, []string{"--http", "0.0.0.0:0"}, "others can reach"},
		{[]string{"NETELF_HTTP_PLAIN=true"}, []string{"--http", ":0"}, "others can reach"},
		{nil, []string{"--http", "7446"}, "want an address and a port"},
		{[]string{"NETELF_HTTP_CERTIFICATE=/nowhere/crt"}, nil, "go together"},
		{[]string{"NETELF_HTTP_CERTIFICATE=/nowhere/crt", "NETELF_HTTP_KEY=/nowhere/key"}, []string{"--http", "127.0.0.1:0"}, "/nowhere/crt: no such file"},
	} {
		s := beginEnv(t, serveDir(t), x.env, x.args...)
		select {
		case <-s.done:
		case <-time.After(awaitTime):
			t.Fatalf("%v: it runs", x.args)
		}
		if s.err == nil || !strings.Contains(s.stderr(), x.want) {
			t.Errorf("%v %v: %v\n%s", x.env, x.args, s.err, s.stderr())
		}
	}
}

// TestServeStopsAtHalf ends a service while a client has sent half of a report: that
// one is told, and nobody is cut off.
func TestServeStopsAtHalf(t *testing.T) {
	s := serve(t, serveDir(t))
	c := dialRaw(t, s)
	if _, err := io.WriteString(c, "POST /v1/reports?source=x HTTP/1.1\r\nHost: netelf\r\nContent-Type: application/x-ndjson\r\nContent-Length: 50\r\n\r\n{\"event"); err != nil {
		t.Fatal(err)
	}
	answers(t, s)
	s.stop()
	if strings.Contains(s.stderr(), "cut off") {
		t.Errorf("the service said:\n%s", s.stderr())
	}
}
