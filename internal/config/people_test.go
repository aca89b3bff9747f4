package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// noFTP is what is wrong with a target.
func noFTP(target string) error {
	if strings.HasPrefix(target, "ftp:") {
		return fmt.Errorf("%s: unknown kind of address", target)
	}
	return nil
}

func TestPeople(t *testing.T) {
	p, err := LoadPeople(Source{Name: "config.yaml", Data: []byte(`
servers:
  bedrock: {target: "smb://bedrock.example.com"}
  wilma:
    target: dir:/srv/events
groups:
  web: [bedrock, barney, "rpc://betty:1026", bedrock]
  all: ["@web", wilma, "@web", barney, "@none"]
  none: []
`)}, noFTP)
	if err != nil {
		t.Fatal(err)
	}
	all, ok := p.Expand("all")
	want := []Member{
		{Name: "bedrock", Target: "smb://bedrock.example.com"}, {Name: "barney", Target: "barney"},
		{Name: "rpc://betty:1026", Target: "rpc://betty:1026"}, {Name: "wilma", Target: "dir:/srv/events"},
	}
	if d := cmp.Diff(want, all); d != "" || !ok {
		t.Errorf("%v (-want +got):\n%s", ok, d)
	}
	if list, ok := p.Expand("none"); !ok || list != nil {
		t.Errorf("%v, %v", list, ok)
	}
	if list, ok := p.Expand("db"); ok || list != nil {
		t.Errorf("%v, %v", list, ok)
	}
	for _, empty := range []string{"", "servers:\ngroups:\n", "# nothing\n"} {
		if p, err := LoadPeople(Source{Data: []byte(empty)}, nil); err != nil || len(p.Servers)+len(p.Groups) > 0 {
			t.Errorf("%q: %+v, %v", empty, p, err)
		}
	}
}

// The logon that is nearest to a server counts, as a whole.
func TestPeopleLogons(t *testing.T) {
	dir := t.TempDir()
	p, err := LoadPeople(Source{Name: filepath.Join(dir, "config.yaml"), Data: []byte(`
servers:
  bedrock: {target: "smb://bedrock", user: 'QUARRY\fred'}
  wilma: {target: "rpc://wilma", auth_file: wilma.auth}
  dino: {target: dino, kerberos: true}
  hoppy: {target: hoppy, user: h@QUARRY.EXAMPLE, keytab: h.keytab, kerberos: false}
groups:
  web: [bedrock, barney]
  old: {servers: [slate, "@web", "@dust"], auth_file: sub/old.auth, user: betty}
  dust: {servers: [gravel, wilma, slate, dino, hoppy], user: pebbles}
catalog: texts.db
`)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	old := Logon{User: "betty", AuthFile: filepath.Join(dir, "sub", "old.auth")}
	want := []Member{
		{"slate", "slate", old}, {"bedrock", "smb://bedrock", Logon{User: `QUARRY\fred`}}, {"barney", "barney", old},
		{"gravel", "gravel", Logon{User: "pebbles"}}, {"wilma", "rpc://wilma", Logon{AuthFile: filepath.Join(dir, "wilma.auth")}},
		{"dino", "dino", Logon{Kerberos: true}}, {"hoppy", "hoppy", Logon{User: "h@QUARRY.EXAMPLE", Keytab: filepath.Join(dir, "h.keytab")}},
	}
	list, _ := p.Expand("old")
	if d := cmp.Diff(want, list); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if want := filepath.Join(dir, "texts.db"); p.Catalog != want {
		t.Errorf("catalog %s, want %s", p.Catalog, want)
	}
	if m := p.Member("wilma"); m != want[4] {
		t.Errorf("%+v", m)
	}
	if m := p.Member("barney"); m.Logon != (Logon{}) {
		t.Errorf("%+v", m)
	}
}

// A file that is named without its folder lies beside the configuration.
func TestPeopleCertificates(t *testing.T) {
	dir := t.TempDir()
	absolute := filepath.Join(dir, "other", "ca.pem")
	print := strings.Repeat("AB", 32)
	p, err := LoadPeople(Source{Name: filepath.Join(dir, "config.yaml"), Data: fmt.Appendf(nil, `
servers:
  bedrock: {target: "https://bedrock", ca: certs/ca.pem}
  wilma: {target: "https://wilma", ca: '%s', fingerprint: %s}
`, absolute, print)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Server{
		"bedrock": {Target: "https://bedrock", CA: filepath.Join(dir, "certs", "ca.pem")},
		"wilma":   {Target: "https://wilma", CA: absolute, Fingerprint: print},
	}
	if d := cmp.Diff(want, p.Servers); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestPeopleProblems(t *testing.T) {
	nested := "groups:\n"
	for i := range 40 {
		nested += fmt.Sprintf("  g%d: [\"@g%d\"]\n", i, i+1)
	}
	nested += "  g40: [bedrock]\n"
	many := "groups:\n  web:\n" + strings.Repeat("  - ftp://x\n", maxProblems+5)
	for _, tt := range []struct {
		name, file string
		want       []string
	}{
		{"unknown keys", "server: {}\nservice: {data: /srv}\nservers: {bedrock: {target: a, usr: fred}}\n", []string{
			`n.yaml:1:1: server: unknown key; the file has servers, groups, catalog`,
			`n.yaml:2:1: service: is for the service, in a file of its own, as /etc/netelf/netelf.yaml; this one has servers, groups, catalog`,
			`n.yaml:3:32: servers.bedrock.usr: unknown key; a server has target, ca, fingerprint, user, auth_file, kerberos, keytab`}},
		{"logons", "servers:\n  a: {target: a, user: 7, auth_file: [x]}\n  b: {target: b, user: 'BEDROCK\\', auth_file: \"\"}\n  c: {target: c, password: secret}\n  d: {target: d, kerberos: maybe}\ngroups:\n  web: {servers: a, user: fred}\n  db: {user: fred}\n  all: {servers: [\"@none\"], password: secret, pass: x}\n", []string{
			`n.yaml:2:24: servers.a.user: have "7", which is a number in YAML; want text: put it in quotes`,
			`n.yaml:2:38: servers.a.auth_file: have a list, want the name of a file`,
			`n.yaml:3:24: servers.b.user: have "BEDROCK\\", want a user, as fred or BEDROCK\fred`,
			`n.yaml:3:47: servers.b.auth_file: have "", want the name of a file`,
			`n.yaml:4:18: servers.c.password: no password stands in here: auth_file names a file of its own, of mode 0600, that has it`,
			`n.yaml:5:28: servers.d.kerberos: have "maybe", want true or false`,
			`n.yaml:7:18: groups.web.servers: have text, want a list of servers, as [bedrock, barney]`,
			`n.yaml:8:3: groups.db: has no servers; it lists what is in the group`,
			`n.yaml:9:29: groups.all.password: no password stands in here: auth_file names a file of its own, of mode 0600, that has it`,
			`n.yaml:9:47: groups.all.pass: unknown key; a group has servers, user, auth_file, kerberos, keytab`,
			`n.yaml:9:19: groups.all: there is no group "none"`}},
		{"certificates", "servers:\n  a: {target: a, ca: [x], fingerprint: AB}\n  b: {target: b, ca: \"\", fingerprint: 7}\n", []string{
			`n.yaml:2:22: servers.a.ca: have a list, want the name of a file`,
			`n.yaml:2:40: servers.a.fingerprint: want the SHA-256 of a certificate, 64 hexadecimal digits, as AB:CD:…`,
			`n.yaml:3:22: servers.b.ca: have "", want the name of a file`,
			`n.yaml:3:39: servers.b.fingerprint: have "7", which is a number in YAML; want text: put it in quotes`}},
		{"no target", "servers:\n  bedrock: {}\n  barney:\n  betty: {target: }\n  wilma: smb://wilma\n", []string{
			`n.yaml:2:3: servers.bedrock: has no target; it says where the server is`,
			`n.yaml:3:3: servers.barney: has no target; it says where the server is`,
			`n.yaml:4:19: servers.betty.target: have nothing, want a target, as smb://bedrock`,
			`n.yaml:5:10: servers.wilma: have text, want keys with values: target, ca, fingerprint, user, auth_file, kerberos, keytab`}},
		{"bad targets", "servers:\n  a: {target: ftp://x}\n  b: {target: \"@web\"}\n  c: {target: \" x\"}\n  d: {target: 12}\n  e: {target: \"x\\ny\"}\n  f: {target: [x]}\n  g: {target: " + strings.Repeat("x", maxText+1) + "}\n", []string{
			`n.yaml:2:15: servers.a.target: ftp://x: unknown kind of address`,
			`n.yaml:3:15: servers.b.target: have the group "@web", want one server`,
			`n.yaml:4:15: servers.c.target: have " x", want a target, as smb://bedrock`,
			`n.yaml:5:15: servers.d.target: have "12", which is a number in YAML; want text: put it in quotes`,
			`n.yaml:6:15: servers.e.target: has the control character U+000A`,
			`n.yaml:7:15: servers.f.target: have a list, want a target, as smb://bedrock`,
			`n.yaml:8:15: servers.g.target: have 4097 bytes, want at most 4096`}},
		{"names", "servers:\n  a/b: {target: x}\n  \"\": {target: x}\n  .a: {target: x}\ngroups:\n  \"@web\": [x]\n  \"a\\tb\": [x]\n  " + strings.Repeat("x", maxName+1) + ": [x]\n", []string{
			`n.yaml:2:3: servers.a/b: have "a/b", want a name without @ / \ : # , and spaces that begins with no dot and no dash`,
			`n.yaml:3:3: servers.: the name is empty`,
			`n.yaml:4:3: servers..a: have ".a", want a name without @ / \ : # , and spaces that begins with no dot and no dash`,
			`n.yaml:6:3: groups.@web: have "@web", want a name without @ / \ : # , and spaces that begins with no dot and no dash`,
			`n.yaml:7:3: "groups.a\tb": the name has the control character U+0009`,
			`n.yaml:8:3: "groups.` + strings.Repeat("x", 57) + `"…: the name has 256 bytes, want at most 255`}},
		{"groups", "groups:\n  web: bedrock\n  db:\n  all: [\"@web\", \"@mail\", \"@\", [x], 7, {a: b}]\n", []string{
			`n.yaml:2:8: groups.web: have text, want a list of servers, as [bedrock, barney]`,
			`n.yaml:3:6: groups.db: have nothing, want a list of servers, as [bedrock, barney]`,
			`n.yaml:4:26: groups.all: group the name is empty`,
			`n.yaml:4:31: groups.all: have a list, want a target, as smb://bedrock`,
			`n.yaml:4:36: groups.all: have "7", which is a number in YAML; want text: put it in quotes`,
			`n.yaml:4:39: groups.all: have keys with values, want a target, as smb://bedrock`,
			`n.yaml:4:17: groups.all: there is no group "mail"`}},
		{"a cycle", "groups:\n  web: [\"@db\", x]\n  all: [\"@web\"]\n  db: [y, \"@all\"]\n", []string{
			`n.yaml:3:9: groups.all: the group is in itself: web → db → all → web`}},
		{"itself", "groups: {web: [\"@web\"]}\n", []string{`n.yaml:1:16: groups.web: the group is in itself: web → web`}},
		{"nested", nested, []string{`n.yaml:2:8: groups.g0: groups are nested over 16 deep`}},
		{"twice", "servers: {a: {target: x}, a: {target: y}}\nservers: {}\n", []string{
			`n.yaml:1:27: servers.a: stands there twice, first in line 1`,
			`n.yaml:2:1: servers: stands there twice, first in line 1`}},
		{"no mapping", "- bedrock\n", []string{`n.yaml:1:1: have a list, want keys with values: servers, groups, catalog`}},
		{"a key that is none", "? [a]\n: b\n", []string{`n.yaml:1:3: have a list for a key, want servers, groups, catalog`}},
		{"an alias", "servers: &a {}\ngroups: *a\n", []string{
			`n.yaml:1:10: servers: have an anchor, &a; there are no aliases here`,
			`n.yaml:2:9: groups: have an alias, *a; write the value itself`}},
		{"no YAML", "servers: [", []string{`n.yaml:2:1: is no YAML: did not find expected node content`}},
		{"large", strings.Repeat("#", maxFile+1), []string{`n.yaml: is over 1048576 bytes`}},
		{"many", many, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := LoadPeople(Source{Name: "n.yaml", Data: []byte(tt.file)}, noFTP)
			var problems Problems
			if !errors.As(err, &problems) || p != nil {
				t.Fatalf("got %v, %v", p, err)
			}
			if tt.want == nil {
				if got := problems[len(problems)-1].Error(); len(problems) != maxProblems+1 || got != "n.yaml: and 5 more" {
					t.Errorf("%d problems, the last: %s", len(problems), got)
				}
				return
			}
			if d := cmp.Diff(strings.Join(tt.want, "\n"), err.Error()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// Sixteen groups in each other are not too many, and a group may be in many.
func TestNested(t *testing.T) {
	file := "groups:\n"
	for i := range maxNested - 1 {
		file += fmt.Sprintf("  g%d: [\"@g%d\", s%d, \"@g%d\"]\n", i, i+1, i, i+1)
	}
	file += fmt.Sprintf("  g%d: [last]\n", maxNested-1)
	p, err := LoadPeople(Source{Data: []byte(file)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if list, _ := p.Expand("g0"); len(list) != maxNested || list[0].Name != "last" || list[1].Name != "s14" {
		t.Errorf("%v", list)
	}
	deeper := strings.Replace(file, "[last]", "[\"@g16\"]\n  g16: [last]", 1)
	if _, err := LoadPeople(Source{Data: []byte(deeper)}, nil); err == nil {
		t.Error("one more is well")
	}
}

func TestIsPeople(t *testing.T) {
	for file, want := range map[string]bool{
		"servers: {}\n": true, "groups:\n  web: [x]\n": true, "service: {}\n": false, "": false, "rpc: {}\nservers: {}\n": false,
		"severs: {}\n": false, "- servers\n": false, "servers: [": false, "other: 1\ngroups: {}\n": true,
		"catalog: messages.db\n": true,
	} {
		if got := IsPeople([]byte(file)); got != want {
			t.Errorf("%q: got %v", file, got)
		}
	}
}

func TestOpenPeople(t *testing.T) {
	name := filepath.Join(t.TempDir(), "config.yaml")
	if _, err := OpenPeople(name, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(name, []byte("\ufeffservers: {bedrock: {target: x}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := OpenPeople(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m := p.Member("bedrock"); m != (Member{Name: "bedrock", Target: "x"}) {
		t.Errorf("%+v", m)
	}
}

func TestPeopleFile(t *testing.T) {
	home := t.TempDir()
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_CONFIG_HOME": home, "HOME": "/x"}, filepath.Join(home, "netelf", "config.yaml")},
		{map[string]string{"HOME": home}, filepath.Join(home, ".config", "netelf", "config.yaml")},
		{map[string]string{"XDG_CONFIG_HOME": "config", "USERPROFILE": home}, filepath.Join(home, ".config", "netelf", "config.yaml")},
		{map[string]string{"HOME": "fred"}, ""},
		{nil, ""},
	} {
		if got := PeopleFile(func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.env, got, tt.want)
		}
	}
}

func TestMessagesFile(t *testing.T) {
	home := t.TempDir()
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_DATA_HOME": home, "HOME": "/x"}, filepath.Join(home, "netelf", "messages.db")},
		{map[string]string{"HOME": home}, filepath.Join(home, ".local", "share", "netelf", "messages.db")},
		{map[string]string{"XDG_DATA_HOME": "data"}, ""},
	} {
		if got := MessagesFile(func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.env, got, tt.want)
		}
	}
}

// Whatever a file says, it is read without harm, and a group that was accepted can
// be expanded.
func FuzzPeople(f *testing.F) {
	f.Add([]byte("servers:\n  bedrock: {target: smb://bedrock}\ngroups:\n  web: [bedrock, x]\n  all: [\"@web\"]\n"))
	f.Add([]byte("groups:\n  a: [\"@b\"]\n  b: [\"@a\"]\n"))
	f.Add([]byte("servers: [1]\ngroups: {a: {b: c}}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		IsPeople(b)
		p, err := LoadPeople(Source{Name: "fuzz", Data: b}, noFTP)
		if err != nil {
			return
		}
		for g := range p.Groups {
			list, ok := p.Expand(g)
			seen := map[string]bool{}
			for _, m := range list {
				if m.Name == "" || m.Target == "" || strings.HasPrefix(m.Target, "@") || seen[m.Name] {
					t.Errorf("%q: %+v", g, m)
				}
				seen[m.Name] = true
			}
			if !ok {
				t.Errorf("%q cannot be expanded", g)
			}
		}
	})
}
