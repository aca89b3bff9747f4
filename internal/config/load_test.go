package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func defaults() Service {
	return Service{
		Data: "/var/lib/netelf", Socket: "/run/netelf/netelf.sock", Sync: SyncAlways,
		SyncEvery: Duration(time.Second), MaxSize: 512 << 10,
	}
}

func TestLoad(t *testing.T) {
	tests := []struct {
		name, file string
		env        []string
		change     func(*Service)
		from       map[string]string
	}{
		{"nothing", "", nil, func(*Service) {}, nil},
		{"comments alone", "# service:\n", nil, func(*Service) {}, nil},
		{"an empty section", "service:\n  # data: /x\n", nil, func(*Service) {}, nil},
		{"an empty document", "---\n...\n", nil, func(*Service) {}, nil},
		{"a byte order mark", "\ufeffservice:\n  data: /d\n", nil, func(s *Service) { s.Data = "/d" }, map[string]string{"service.data": "n.yaml:2"}},
		{"CRLF", "service:\r\n  data: /d\r\n  sync: none\r\n", nil, func(s *Service) { s.Data, s.Sync = "/d", SyncNone },
			map[string]string{"service.data": "n.yaml:2", "service.sync": "n.yaml:3"}},
		{
			"everything",
			`service:
  data: /srv/events
  socket: /run/n.sock
  admin_group: wheel
  computer: BEDROCK
  sync: periodic
  sync_every: 250ms
  backup: /srv/backup
  users: /etc/netelf/users.json
  max_size: 16MiB
  log_level: debug
`,
			nil,
			func(s *Service) {
				*s = Service{"/srv/events", "/run/n.sock", "wheel", "BEDROCK", SyncPeriodic, Duration(250 * time.Millisecond),
					"/srv/backup", "/etc/netelf/users.json", 16 << 20, -4}
			},
			map[string]string{"service.data": "n.yaml:2", "service.log_level": "n.yaml:11"},
		},
		{"a size as a number", "service: {max_size: 65536}", nil, func(s *Service) { s.MaxSize = 65536 }, nil},
		{"a size as text", "service: {max_size: '1 g'}", nil, func(s *Service) { s.MaxSize = 1 << 30 }, nil},
		{"a number in quotes is a name", "service: {computer: '0815'}", nil, func(s *Service) { s.Computer = "0815" }, nil},
		{"empty where that means something", "service: {backup: '', computer: ''}", nil, func(*Service) {}, map[string]string{"service.backup": "n.yaml:1"}},
		{
			"the environment overrides the file", "service:\n  data: /file\n  backup: /b\n",
			[]string{"NETELF_DATA=/first", "HOME=/root", "NETELF_DATA=/env", "NETELF_SYNC=none", "NETELF_MAX_SIZE=1M", "NETELF_BACKUP="},
			func(s *Service) { s.Data, s.Backup, s.Sync, s.MaxSize = "/env", "/b", SyncNone, 1<<20 },
			map[string]string{"service.data": "NETELF_DATA", "service.backup": "n.yaml:3", "service.sync": "NETELF_SYNC", "service.users": "default"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load(Source{"n.yaml", []byte(tt.file)}, tt.env)
			if err != nil {
				t.Fatal(err)
			}
			want := defaults()
			tt.change(&want)
			if d := cmp.Diff(want, c.Service); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			for key, from := range tt.from {
				if got := c.From(key).String(); got != from {
					t.Errorf("%s is from %s, want %s", key, got, from)
				}
			}
		})
	}
}

func TestProblems(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	tests := []struct {
		name, file string
		env        []string
		want       []string
	}{
		{"an unknown key", "service:\n  dta: /x\n", nil, []string{
			`n.yaml:2:3: service.dta: unknown key; service has data, socket, admin_group, computer, sync, sync_every, backup, users, max_size, log_level`}},
		{"an unknown section", "srv: {}", nil, []string{`n.yaml:1:1: srv: unknown key; the file has service, rpc, http, watch`}},
		{"a key outside of its section", "data: /x", nil, []string{`n.yaml:1:1: data: unknown key; did you mean service.data?`}},
		{"a merge key", "service:\n  <<: {data: /x}\n", nil, []string{
			`n.yaml:2:3: service.<<: unknown key; service has data, socket, admin_group, computer, sync, sync_every, backup, users, max_size, log_level`}},
		{"a key twice", "service:\n  data: /x\n  sync: none\n  data: /y\n", nil, []string{`n.yaml:4:3: service.data: stands there twice, first in line 2`}},
		{"a section twice", "service: {}\nservice: {}\n", nil, []string{`n.yaml:2:1: service: stands there twice, first in line 1`}},
		{"several", "service:\n  data: x\n  sync: often\n  max_size: big\n  loglevel: info\n", []string{"NETELF_LOG_LEVEL=loud"}, []string{
			`n.yaml:2:9: service.data: have "x", want an absolute path`,
			`n.yaml:3:9: service.sync: have "often", want always, periodic or none`,
			`n.yaml:4:13: service.max_size: have "big", want a size, as 512KiB, 16MiB or 65536`,
			`n.yaml:5:3: service.loglevel: unknown key; service has data, socket, admin_group, computer, sync, sync_every, backup, users, max_size, log_level`,
			`NETELF_LOG_LEVEL: service.log_level: have "loud", want debug, info, warn or error`}},
		{"no path", "service: {data: ''}", nil, []string{`n.yaml:1:17: service.data: is empty; leave it out for the default, "/var/lib/netelf"`}},
		{"no value", "service:\n  data:\n", nil, []string{`n.yaml:2:8: service.data: has no value; leave it out for the default, "/var/lib/netelf"`}},
		{"a path with a NUL", `service: {data: "/x\0"}`, nil, []string{`n.yaml:1:17: service.data: has the control character U+0000`}},
		{"a long path of a socket", "service: {socket: /" + strings.Repeat("x", 103) + "}", nil, []string{
			`n.yaml:1:19: service.socket: have 104 bytes, want at most 103: systems allow no longer path of a socket`}},
		{"a relative socket", "service: {socket: x}", nil, []string{`n.yaml:1:19: service.socket: have "x", want an absolute path`}},
		{"a number for text", "service: {computer: 0815}", nil, []string{
			`n.yaml:1:21: service.computer: have "0815", which is a number in YAML; want text: put it in quotes`}},
		{"a bool for text", "service: {computer: true}", nil, []string{
			`n.yaml:1:21: service.computer: have "true", which is true or false in YAML; want text: put it in quotes`}},
		{"a time for text", "service: {computer: 2001-01-02}", nil, []string{
			`n.yaml:1:21: service.computer: have "2001-01-02", which is a time in YAML; want text: put it in quotes`}},
		{"a bool for a word", "service: {sync: false}", nil, []string{`n.yaml:1:17: service.sync: have "false", want always, periodic or none`}},
		{"a fraction for a size", "service: {max_size: 1.5}", nil, []string{`n.yaml:1:21: service.max_size: have "1.5", want a size, as 512KiB, 16MiB or 65536`}},
		{"a hexadecimal size", "service: {max_size: 0x10000}", nil, []string{`n.yaml:1:21: service.max_size: have "0x10000", want a size, as 512KiB, 16MiB or 65536`}},
		{"no size", "service: {max_size: 0}", nil, []string{`n.yaml:1:21: service.max_size: have "0", want a size, as 512KiB, 16MiB or 65536`}},
		{"a size over the limit", "service: {max_size: 4G}", nil, []string{`n.yaml:1:21: service.max_size: have "4G", want at most 4294901760`}},
		{"a size over all limits", "service: {max_size: 99999999999G}", nil, []string{
			`n.yaml:1:21: service.max_size: have "99999999999G", want a size, as 512KiB, 16MiB or 65536`}},
		{"a length of time without a unit", "service: {sync_every: 5}", nil, []string{
			`n.yaml:1:23: service.sync_every: have "5", want a length of time with its unit, as 1s or 250ms`}},
		{"a length of time that is too short", "service: {sync_every: 1us}", nil, []string{`n.yaml:1:23: service.sync_every: have "1us", want at least 1ms`}},
		{"a length of time that is too long", "service: {sync_every: 2h}", nil, []string{`n.yaml:1:23: service.sync_every: have "2h", want at most 1h`}},
		{"a name with a space behind it", "service: {admin_group: 'x '}", nil, []string{`n.yaml:1:24: service.admin_group: have "x ", want no space before or behind it`}},
		{"a long name", "service: {computer: " + strings.Repeat("x", 256) + "}", nil, []string{`n.yaml:1:21: service.computer: have 256 characters, want at most 255`}},
		{"a line break in a name", "service: {computer: \"a\\nb\"}", nil, []string{`n.yaml:1:21: service.computer: has the control character U+000A`}},
		{"a long value", "service: {computer: " + strings.Repeat("x", 5000) + "}", nil, []string{`n.yaml:1:21: service.computer: have 5000 bytes, want at most 4096`}},
		{"a list for a value", "service: {data: [/x]}", nil, []string{`n.yaml:1:17: service.data: have a list, want one value`}},
		{"a mapping for a value", "service: {data: {a: b}}", nil, []string{`n.yaml:1:17: service.data: have keys with values, want one value`}},
		{"text for a section", "service: x", nil, []string{
			`n.yaml:1:10: service: have text, want keys with values: data, socket, admin_group, computer, sync, sync_every, backup, users, max_size, log_level`}},
		{"a list for the file", "- x", nil, []string{`n.yaml:1:1: have a list, want keys with values: service, rpc, http, watch`}},
		{"a list for a key", "? [a]\n: b\n", nil, []string{`n.yaml:1:3: have a list for a key, want one of service, rpc, http, watch`}},
		{"an anchor", "service: &a {}", nil, []string{`n.yaml:1:10: service: have an anchor, &a; there are no aliases here`}},
		{"an alias", "x: &a b\nservice:\n  data: *a\n", nil, []string{
			`n.yaml:1:1: x: unknown key; the file has service, rpc, http, watch`,
			`n.yaml:3:9: service.data: have an alias, *a; write the value itself`}},
		{"a tag", "service: {data: !!binary L3g=}", nil, []string{`n.yaml:1:17: service.data: have a tag, !!binary; write the value without one`}},
		{"two documents", "service: {}\n---\nservice: {}\n", nil, []string{`n.yaml:3:1: has a second document; want one`}},
		{"no YAML", "service:\n  data: [\n", nil, []string{`n.yaml:3:1: is no YAML: did not find expected node content`}},
		{"a tab", "service:\n\tdata: /x\n", nil, []string{`n.yaml:2:1: is no YAML: found character that cannot start any token`}},
		{"an unknown alias", "service: *a", nil, []string{`n.yaml:1:10: is no YAML: unknown anchor 'a' referenced`}},
		{"no UTF-8", "service:\n  data: \xff\n", nil, []string{`n.yaml:2: is not valid UTF-8`}},
		{"too deep", "x: " + deep, nil, []string{`n.yaml:1:36: is no YAML: nested over 32 deep`}},
		{"a key that does harm to a terminal", `"\e[2J": x`, nil, []string{`n.yaml:1:1: "\x1b[2J": unknown key; the file has service, rpc, http, watch`}},
		{"too large", strings.Repeat("#", maxFile+1), nil, []string{`n.yaml: is over 1048576 bytes`}},
		{"plain HTTP for everybody", "http: {plain: true, listen: ':7446'}", nil, []string{
			`n.yaml:1: http.plain: is true, and http.listen is ":7446", which others can reach: passwords would be read on the way; want a loopback address, as 127.0.0.1`}},
		{"plain HTTP on a name", "http: {listen: 'bedrock:80'}", []string{"NETELF_HTTP_PLAIN=true"}, []string{
			`NETELF_HTTP_PLAIN: http.plain: is true, and http.listen is "bedrock:80", which others can reach: passwords would be read on the way; want a loopback address, as 127.0.0.1`}},
		{"plain HTTP with a certificate", "http: {plain: true, listen: 'localhost:80', certificate: /c, key: /k}", nil, []string{
			`n.yaml:1: http.plain: is true, and there is a certificate: want one of the two`}},
		{"a certificate without its key", "http: {certificate: /c}", nil, []string{`n.yaml:1: http.certificate: certificate and key go together: one of them is missing`}},
		{"OpenID Connect without its provider", "http: {oidc_client: netelf}", nil, []string{
			`n.yaml:1: http.oidc_client: is there, and http.oidc_issuer is missing`}},
		{"a provider without its client", "http: {oidc_issuer: 'https://id.quarry.example'}", nil, []string{
			`n.yaml:1: http.oidc_issuer: is there, and http.oidc_client or http.oidc_redirect is missing`}},
		{"a redirect that leads elsewhere", "http: {oidc_issuer: 'https://id.quarry.example', oidc_client: netelf, oidc_redirect: 'https://bedrock/callback'}", nil, []string{
			`n.yaml:1: http.oidc_redirect: have "https://bedrock/callback", want the path /v1/session/oidc/callback`}},
		{"a redirect without TLS", "http: {oidc_issuer: 'https://id.quarry.example', oidc_client: netelf, oidc_redirect: 'http://127.0.0.1:7446/v1/session/oidc/callback'}", nil, []string{
			`n.yaml:1: http.oidc_redirect: have "http://127.0.0.1:7446/v1/session/oidc/callback", and the service speaks TLS: want https://`}},
		{"a provider without TLS", "http: {oidc_issuer: 'http://id.quarry.example'}", nil, []string{
			`n.yaml:1:21: http.oidc_issuer: have "http://id.quarry.example", which others can read and change on the way: want https://`}},
		{"a provider that is no URL", "http: {oidc_issuer: 'https://fred:secret@id.quarry.example', oidc_redirect: 'https://x?y'}", nil, []string{
			`n.yaml:1:21: http.oidc_issuer: has a user name in it, want a URL without one, as https://id.example.com`,
			`n.yaml:1:77: http.oidc_redirect: have "https://x?y", want a URL without query, as https://id.example.com`}},
		{"scopes that are none", `http: {oidc_scopes: 'openid "x"'}`, nil, []string{`n.yaml:1:21: http.oidc_scopes: have "openid \"x\"", in which '"' cannot be`}},
		{"a role that there is not", "http: {oidc_roles: 'a=administrators; b=owner'}", nil, []string{
			`n.yaml:1:20: http.oidc_roles: have the role "owner", want administrators, readers, or the SID of a group, as S-1-5-21-1-2-3-1105`}},
		{"the role of the system itself", "http: {oidc_roles: 'a=S-1-5-18'}", nil, []string{
			`n.yaml:1:20: http.oidc_roles: have the role "S-1-5-18", want administrators, readers, or the SID of a group, as S-1-5-21-1-2-3-1105`}},
		{"a role of no group", "http: {oidc_roles: '=readers'}", nil, []string{`n.yaml:1:20: http.oidc_roles: have "=readers", which names no group`}},
		{"a group without a role", "http: {oidc_roles: 'readers'}", nil, []string{
			`n.yaml:1:20: http.oidc_roles: have "readers", want group=role, with a semicolon between two`}},
		{"a count that is none", "http: {max_records: 1e6}", nil, []string{`n.yaml:1:21: http.max_records: have "1e6", want a whole number`}},
		{"a count that is too small", "http: {max_records: 10}", nil, []string{`n.yaml:1:21: http.max_records: have 10, want at least 1000`}},
		{"a count that is too large", "http: {max_connections: 65537}", nil, []string{`n.yaml:1:25: http.max_connections: have 65537, want at most 65536`}},
		{"proxies that are none", "http: {proxies: 127.0.0.1 bedrock}", nil, []string{`n.yaml:1:17: http.proxies: have "bedrock", want addresses and networks, as 127.0.0.1 10.1.0.0/24`}},
		{"a network with a host", "http: {proxies: 10.1.0.7/24}", nil, []string{`n.yaml:1:17: http.proxies: have "10.1.0.7/24", want 10.1.0.0/24, or an address alone`}},
		{"a zone", "http: {proxies: 'fe80::1%eth0'}", nil, []string{`n.yaml:1:17: http.proxies: have "fe80::1%eth0", want addresses and networks, as 127.0.0.1 10.1.0.0/24`}},
		{"IPv4 within IPv6", "http: {proxies: '::ffff:10.1.0.7'}", nil, []string{`n.yaml:1:17: http.proxies: have "::ffff:10.1.0.7", want it as an address of IPv4`}},
		{"an empty value where it means nothing", "", []string{"NETELF_DATA=x"}, []string{`NETELF_DATA: service.data: have "x", want an absolute path`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(Source{"n.yaml", []byte(tt.file)}, tt.env)
			var ps Problems
			if !errors.As(err, &ps) {
				t.Fatalf("error %v, want Problems", err)
			}
			if d := cmp.Diff(strings.Join(tt.want, "\n"), err.Error()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			var one *Problem
			if !errors.As(err, &one) || one.Err == nil {
				t.Errorf("no Problem in %#v", err)
			}
		})
	}
}

func TestManyProblems(t *testing.T) {
	_, err := Load(Source{"n.yaml", []byte(strings.Repeat("? x\n", 5000))}, nil)
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != maxProblems+1 || lines[maxProblems] != "n.yaml: and 4900 more" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

// Aliases of aliases are not followed: what they would be is not built.
func TestBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("a: &a [x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c < 'z'; c++ {
		b.WriteString(string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "]\n")
	}
	_, err := Load(Source{"n.yaml", []byte(b.String() + "service: *y\n")}, nil)
	if err == nil || !strings.HasSuffix(err.Error(), "\nn.yaml:26:10: service: have an alias, *y; write the value itself") {
		t.Errorf("%v", err)
	}
}

func TestOpen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "n.yaml")
	if _, err := Open(name, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
	if err := os.WriteFile(name, []byte("service:\n  data: /d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(name, []string{"NETELF_SYNK=none", "NETELF_A=1", "NETELFX=2"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Service.Data != "/d" || c.From("service.data") != (Origin{name, 2}) {
		t.Errorf("%q from %v", c.Service.Data, c.From("service.data"))
	}
	if d := cmp.Diff([]string{"NETELF_A", "NETELF_SYNK"}, c.Odd()); d != "" {
		t.Error(d)
	}
	if err := os.WriteFile(name, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(name, nil); err == nil || err.Error() != name+": is over 1048576 bytes" {
		t.Error(err)
	}
	if _, err := Open(filepath.Dir(name), nil); err == nil {
		t.Error("a folder is no error")
	}
}

func TestSet(t *testing.T) {
	c, err := Load(Source{"n.yaml", []byte("service: {data: /file}")}, []string{"NETELF_DATA=/env"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set("service.data", "/flag", "--data"); err != nil {
		t.Fatal(err)
	}
	if c.Service.Data != "/flag" || c.From("service.data").String() != "--data" || c.Text("service.data") != "/flag" {
		t.Errorf("%q from %v", c.Service.Data, c.From("service.data"))
	}
	for _, tt := range []struct{ key, text, want string }{
		{"service.data", "rel", `--x: service.data: have "rel", want an absolute path`},
		{"service.data", "", `--x: service.data: is empty; leave it out for the default, "/var/lib/netelf"`},
		{"service.sync", strings.Repeat("x", 5000), `--x: service.sync: have 5000 bytes, want at most 4096`},
		{"service.nothing", "x", `--x: service.nothing: unknown key`},
	} {
		var p *Problem
		if err := c.Set(tt.key, tt.text, "--x"); !errors.As(err, &p) || err.Error() != tt.want {
			t.Errorf("Set(%q, %.10q): %v, want %s", tt.key, tt.text, err, tt.want)
		}
	}
	if c.Service.Data != "/flag" || c.From("service.data").Name != "--data" {
		t.Error("an error changed the value")
	}
	if got := c.Text("service.nothing"); got != "" {
		t.Errorf("text of no key: %q", got)
	}
}

func TestPaths(t *testing.T) {
	s := Service{Data: "/d"}
	if s.BackupDir() != "/d/backup" || s.UsersFile() != "/d/users.json" {
		t.Errorf("%s, %s", s.BackupDir(), s.UsersFile())
	}
	s.Backup, s.Users = "/b", "/u"
	if s.BackupDir() != "/b" || s.UsersFile() != "/u" {
		t.Errorf("%s, %s", s.BackupDir(), s.UsersFile())
	}
}

func same(a, b *Config) string {
	return cmp.Diff(a, b, cmpopts.IgnoreUnexported(Config{}))
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("service:\n  data: /d\n  sync: none\n  max_size: 16MiB\n"), "/env")
	f.Add([]byte("service: {computer: \"\\u202ex\", backup: '# x', log_level: warn}"), "/ # x")
	f.Add([]byte("a: &a [*a, &b !!x *b]\n? {x: y}\n: z\n---\n"), "")
	f.Add([]byte("%YAML 1.2\n--- |\n text\n...\n--- >-\n x\n"), "x")
	f.Fuzz(func(t *testing.T, b []byte, data string) {
		env := []string{"NETELF_DATA=" + data}
		c, err := Load(Source{"n.yaml\n\"", b}, env)
		if err != nil {
			var ps Problems
			if !errors.As(err, &ps) || len(ps) == 0 || len(ps) > maxProblems+1 {
				t.Fatalf("%#v", err)
			}
			for _, p := range ps {
				if p.Line < 0 || p.Line > len(b)+1 {
					t.Errorf("line %d of %d bytes", p.Line, len(b))
				}
			}
			if lineFlaw(strings.ReplaceAll(err.Error(), "\n", " ")) != nil {
				t.Errorf("not fit for a terminal: %q", err)
			}
			return
		}
		text, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Load(Source{"again", text}, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if d := same(c, again); d != "" {
			t.Errorf("-first +again:\n%s\n%s", d, text)
		}
	})
}
