//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/render"
)

// TestServeRPC is `netelf serve --rpc`, as it is built and run, before foreign
// clients.
func TestServeRPC(t *testing.T) {
	k := newServeKit(t)
	t.Run("torture", k.torture)
	t.Run("roles", k.roles)
	t.Run("rpcclient", k.rpcclient)
	t.Run("levels", k.levels)
	t.Run("guessing", k.guessing)
	t.Run("ansi", k.ansi)
	t.Run("tshark", k.tshark)
}

// serveUsers are who may come, with their groups. The password of each is secret-
// and the name.
var serveUsers = [][2]string{{"fred", "administrators"}, {"betty", "readers"}, {"barney", "users"}, {"pebbles", "administrators"}}

// serveLog is a log that is created.
const serveLog = "DNS Server"

// serveKit is what all services of a test have in common: the program, and a file
// of users.
type serveKit struct{ netelf, users string }

func newServeKit(t *testing.T) *serveKit {
	t.Helper()
	dir := t.TempDir()
	k := &serveKit{netelf: filepath.Join(dir, "netelf"), users: filepath.Join(dir, "users.json")}
	if out, err := exec.Command("go", "build", "-o", k.netelf, "netelf.example/cmd/netelf").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, u := range serveUsers {
		cmd := exec.Command(k.netelf, "user", "add", u[0], "--group", u[1], "--file", k.users)
		cmd.Env, cmd.Stdin = serveEnv(), strings.NewReader("secret-"+u[0]+"\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("user add %s: %v\n%s", u[0], err, out)
		}
	}
	return k
}

// serveEnv is the environment without what netelf takes from it.
func serveEnv(more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		for _, prefix := range []string{"NETELF_", "NOTIFY_SOCKET=", "WATCHDOG_", "JOURNAL_STREAM="} {
			if strings.HasPrefix(v, prefix) {
				return true
			}
		}
		return false
	})
	return append(env, more...)
}

// served is a service in a process of its own.
type served struct {
	t    *testing.T
	k    *serveKit
	env  []string
	dir  string // of its data
	port string

	mu   sync.Mutex
	said strings.Builder // its log
}

var serveListens = regexp.MustCompile(`msg=MS-EVEN listen=\S*:(\d+)`)

// start starts a service with the log DNS Server, new and without a backup, at an
// address such as 127.0.0.1:0. It ends with the test.
func (k *serveKit) start(t *testing.T, address string, env ...string) *served {
	t.Helper()
	dir, err := os.MkdirTemp("", "netelf") // short, since a socket's name must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // nothing else needs it
	s := &served{t: t, k: k, dir: filepath.Join(dir, "data")}
	s.env = serveEnv(append([]string{"NETELF_DATA=" + s.dir, "NETELF_SOCKET=" + filepath.Join(dir, "socket"), "NETELF_USERS=" + k.users}, env...)...)
	cmd := exec.Command(k.netelf, "serve", "--rpc", address)
	cmd.Env = s.env
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan bool, 1), make(chan error, 1)
	go func() {
		for in := bufio.NewReader(stderr); ; {
			line, err := in.ReadString('\n')
			s.mu.Lock()
			s.said.WriteString(line)
			s.mu.Unlock()
			if strings.Contains(line, " msg=ready ") {
				ready <- true
			}
			if err != nil {
				break
			}
		}
		close(ready)
		done <- cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended, which Wait says
		end := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		defer end.Stop()
		err := <-done
		log := s.log()
		if err != nil || strings.Contains(log, "panic") || strings.Contains(log, "level=ERROR") {
			t.Errorf("the service ends with %v", err)
		}
		if t.Failed() {
			t.Logf("the service said:\n%s", log)
		}
	})
	if !<-ready {
		t.Fatal("the service ends at once")
	}
	m := serveListens.FindStringSubmatch(s.log())
	if m == nil {
		t.Fatal("it does not say where it listens")
	}
	s.port = m[1]
	s.do("log", "create", serveLog)
	return s
}

func (s *served) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// do runs a verb of netelf against the service, by its socket.
func (s *served) do(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(s.k.netelf, args...)
	cmd.Env = s.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("netelf %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}

// events are those of a log, the oldest first.
func (s *served) events(log string) (list []*eventlog.Event) {
	s.t.Helper()
	for line := range strings.Lines(s.do("scan", ".", "--since", "all", "--log", log, "-o", "json")) {
		e := new(eventlog.Event)
		if err := render.ParseJSON([]byte(line), e); err != nil {
			s.t.Fatalf("%v: %s", err, line)
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *eventlog.Event) int { return int(a.RecordNumber) - int(b.RecordNumber) })
	return list
}

// audited is what Security has of some ids: the low half of the id and the first
// strings, as many as are told.
func (s *served) audited(count int, ids ...uint32) (list []string) {
	s.t.Helper()
	for _, e := range s.events("Security") {
		if id := uint32(e.ID) & 0xffff; slices.Contains(ids, id) {
			list = append(list, fmt.Sprint(id, " ", strings.Join(e.Strings[:min(count, len(e.Strings))], " ")))
		}
	}
	return list
}

// foreign is a foreign program with a bound on its time: one whose server hangs up
// may wait for ever.
func foreign(program string, args ...string) (string, error) {
	return run("timeout", append([]string{"-k", "5", "60", program}, args...)...)
}

// torture: Samba's test suite finds nothing wrong, by each mechanism and at each
// level. Security says how its client logged on.
func (k *serveKit) torture(t *testing.T) {
	smbtorture := logtest.Program(t, "smbtorture", "samba-testsuite")
	for _, x := range []struct{ options, by string }{
		{"", "Negotiate, NTLM"},
		{"connect", "Negotiate, NTLM"},
		{"packet", "Negotiate, NTLM"},
		{"sign", "Negotiate, NTLM"},
		{"seal", "Negotiate, NTLM"},
		{"seal,bigendian", "Negotiate, NTLM"},
		{"spnego", "Negotiate, NTLM"},
		{"spnego,sign", "Negotiate, NTLM"},
		{"spnego,seal", "Negotiate, NTLM"},
		{"ntlm", "NTLM"},
		{"ntlm,sign", "NTLM"},
		{"ntlm,seal", "NTLM"},
	} {
		t.Run("options "+x.options, func(t *testing.T) {
			s := k.start(t, "127.0.0.1:0")
			out, err := foreign(smbtorture, "--configfile=/dev/null", "--option=torture:dangerous=yes", "-U", "fred%secret-fred",
				"ncacn_ip_tcp:127.0.0.1["+strings.TrimSuffix(s.port+","+x.options, ",")+"]", "rpc.eventlog")
			n, bad := strings.Count(out, "\nsuccess: "), regexp.MustCompile(`(?m)^(failure|error|skip): `).FindString(out)
			if err != nil || n != 8 || bad != "" {
				t.Errorf("%v, %d of 8 tests succeed, %q\n%s", err, n, bad, out)
			}
			logons := s.audited(6, 540, 529, 537)
			want := regexp.MustCompile(`^540 fred \S+ .*MS-EVEN ` + x.by + `$`)
			if len(logons) == 0 || slices.ContainsFunc(logons, func(l string) bool { return !want.MatchString(l) }) {
				t.Errorf("logons %q, want all as %s", logons, want)
			}
		})
	}
}

// serveRoles is what each role may do with each log. open is opening the backup that
// an administrator made of the log.
var serveRoles = map[string]map[string]string{
	"administrator": {
		"System":      "read report register backup clear open",
		"Security":    "read backup clear open",
		"Application": "read report register backup clear open",
		serveLog:      "read report register backup clear open",
	},
	"event log reader": {
		"System":      "read",
		"Security":    "read",
		"Application": "read report register",
		serveLog:      "read report register",
	},
	"user": {
		"System":      "read",
		"Security":    "",
		"Application": "read report register",
		serveLog:      "read report register",
	},
	"anonymous":      {"System": "", "Security": "", "Application": "", serveLog: ""},
	"no name":        {"System": "", "Security": "", "Application": "", serveLog: ""},
	"wrong password": {"System": "", "Security": "", "Application": "", serveLog: ""},
	"nobody":         {"System": "", "Security": "", "Application": "", serveLog: ""},
}

var (
	serveLogs = []string{"System", "Security", "Application", serveLog}

	// The roles, in an order in which an administrator makes backups, and clears
	// Security, before the others come. Level 1 is no logon.
	serveRoleLogins = []struct{ role, level, user, password string }{
		{"administrator", "6", "fred", "secret-fred"},
		{"event log reader", "6", "betty", "secret-betty"},
		{"user", "6", "barney", "secret-barney"},
		{"anonymous", "1", "", ""},
		{"no name", "6", "", ""},
		{"wrong password", "6", "pebbles", "wrong"},
		{"nobody", "6", "dino", "secret-dino"},
	}
)

// roles: impacket, sealed, as each role at each log. What was answered is what was
// done.
func (k *serveKit) roles(t *testing.T) {
	python := logtest.Python(t, "impacket", "python3-impacket")
	s := k.start(t, "127.0.0.1:0")
	allowed := map[string]bool{"00000000": true, "c0000011": true} // done; or read, and at the end
	for _, x := range serveRoleLogins {
		out, err := foreign(python, append([]string{"testdata/serve_rpc.py", "roles", "127.0.0.1", s.port, x.level, x.user, x.password}, serveLogs...)...)
		if err != nil {
			t.Errorf("%s: %v\n%s", x.role, err, out)
			continue
		}
		got := map[string]string{"System": "", "Security": "", "Application": "", serveLog: ""}
		for line := range strings.Lines(out) {
			log, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if rest == "fault:rpc_s_access_denied" {
				continue // the association has ended
			}
			var may []string
			for _, word := range strings.Fields(rest) {
				op, status, _ := strings.Cut(word, "=")
				op = map[string]string{"source": "register", "backups": "open", "open": "opened"}[op] + map[string]string{"read": op, "report": op, "backup": op, "clear": op}[op]
				switch {
				case !allowed[status] && status != "c0000022":
					t.Errorf("%s: %s: %s", x.role, log, word)
				case allowed[status] && op != "opened":
					may = append(may, op)
				}
			}
			got[log] = order(may)
		}
		want := map[string]string{}
		for log, may := range serveRoles[x.role] {
			want[log] = order(strings.Fields(may))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", x.role, d)
		}
		if len(strings.Fields(out)) == 0 {
			t.Errorf("%s: nothing was tried", x.role)
		}
	}

	for log, want := range map[string][]string{
		"System":      {"by the source, from fred"}, // behind his clearing it
		"Application": {"by the source, from fred", "by the log, from betty", "by the source, from betty", "by the log, from barney", "by the source, from barney"},
		serveLog:      {"by the source, from fred", "by the log, from betty", "by the source, from betty", "by the log, from barney", "by the source, from barney"},
	} {
		var got []string
		for _, e := range s.events(log) {
			got = append(got, strings.Join(e.Strings, "|"))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", log, d)
		}
	}
	for _, e := range s.events("Security") {
		if e.Source != "Security" || uint32(e.ID) == 4711 {
			t.Errorf("somebody reported to Security: %+v", e)
		}
	}
	// Of what was before fred cleared Security his backup tells.
	want := []string{"517", "7001", "7001", "540 betty", "540 barney", "529 pebbles", "529 dino"}
	var got []string
	for _, l := range s.audited(1, 517, 7001, 540, 529, 537) {
		if f := strings.Fields(l); f[0] == "517" || f[0] == "7001" {
			l = f[0]
		}
		got = append(got, l)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Security (-want +got):\n%s", d)
	}
	files, err := os.ReadDir(filepath.Join(s.dir, "backup"))
	if err != nil {
		t.Fatal(err)
	}
	var backups []string
	for _, f := range files {
		backups = append(backups, f.Name())
	}
	var made []string
	for _, x := range serveRoleLogins {
		for log, may := range serveRoles[x.role] {
			if strings.Contains(may, "backup") {
				made = append(made, strings.ReplaceAll(log+" of "+x.user+".evt", " ", "%20"))
			}
		}
	}
	for i, b := range backups {
		backups[i] = strings.ReplaceAll(b, " ", "%20")
	}
	slices.Sort(made)
	if slices.Sort(backups); !slices.Equal(backups, made) {
		t.Errorf("backups %q, want %q", backups, made)
	}
}

// order is words in order, as one text.
func order(words []string) string {
	slices.Sort(words)
	return strings.Join(words, " ")
}

// rpcclient: what it has of the same, sealed, by way of the endpoint mapper.
func (k *serveKit) rpcclient(t *testing.T) {
	rpcclient := logtest.Program(t, "rpcclient", "smbclient")
	const host = "127.0.0.3"
	if err := rpcListen(t, host+":135").Close(); err != nil { // it wants root
		t.Fatal(err)
	}
	k.start(t, host+":0", "NETELF_RPC_MAPPER="+host+":135")
	for _, x := range serveRoleLogins {
		server := "ncacn_ip_tcp:" + host + "[seal]"
		if x.level == "1" {
			server = "ncacn_ip_tcp:" + host
		}
		for _, log := range serveLogs {
			for op, command := range map[string]string{
				"read":   fmt.Sprintf("eventlog_numrecord '%s'", log),
				"report": fmt.Sprintf("eventlog_reportevent '%s'", log),
				"backup": fmt.Sprintf(`eventlog_backuplog '%s' 'C:\%s of %s.evt'`, log, log, x.user),
			} {
				if x.user == "pebbles" && op != "read" || x.user == "dino" && op != "report" {
					continue // four times each: not so often that an address has to wait
				}
				out, err := foreign(rpcclient, "-s", "/dev/null", "-U", x.user+"%"+x.password, server, "-c", command)
				may := slices.Contains(strings.Fields(serveRoles[x.role][log]), op)
				denied := err != nil && regexp.MustCompile(`NT_STATUS_(ACCESS_DENIED|LOGON_FAILURE)`).MatchString(out+err.Error())
				if may && err != nil || !may && !denied {
					t.Errorf("%s: %s: %v\n%s\nwant it allowed: %v", x.role, command, err, out, may)
				}
			}
		}
	}
}

// serveFar is the address of this machine to which a client comes that is not on
// loopback, from a network namespace of its own. before is what runs a program
// there.
func serveFar(t *testing.T) (host string, before []string) {
	t.Helper()
	name := fmt.Sprintf("netelf%d", os.Getpid())
	link := fmt.Sprintf("ne%d", os.Getpid())
	ip := logtest.Program(t, "ip", "iproute2")
	add := func(args ...string) error {
		_, err := run(ip, args...)
		return err
	}
	const ours, theirs = "198.18.217.1", "198.18.217.2" // of the range for benchmarks, RFC 2544
	t.Cleanup(func() {
		_ = add("netns", "del", name) // and with it the link; it may not be there
	})
	for _, args := range [][]string{
		{"netns", "add", name},
		{"link", "add", link, "type", "veth", "peer", "name", link, "netns", name},
		{"addr", "add", ours + "/30", "dev", link},
		{"link", "set", link, "up"},
		{"-n", name, "addr", "add", theirs + "/30", "dev", link},
		{"-n", name, "link", "set", link, "up"},
	} {
		if err := add(args...); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Logf("only loopback is tested: a network namespace wants root: %v", err)
			return "", nil
		}
	}
	return ours, []string{ip, "netns", "exec", name}
}

// levels: which security is good enough where, for each value of rpc.security. "log"
// is that a client was let in, and the log's rules refused it.
func (k *serveKit) levels(t *testing.T) {
	python := logtest.Python(t, "impacket", "python3-impacket")
	far, before := serveFar(t)
	for _, x := range []struct{ security, anonymous, near, far string }{
		// of no logon, connect, integrity, privacy
		{"auto", "false", "- yes yes yes", "- - yes yes"},
		{"auto", "true", "log yes yes yes", "- - yes yes"},
		{"none", "false", "- yes yes yes", "- yes yes yes"},
		{"none", "true", "log yes yes yes", "log yes yes yes"},
		{"connect", "false", "- yes yes yes", "- yes yes yes"},
		{"connect", "true", "log yes yes yes", "log yes yes yes"},
		{"integrity", "false", "- - yes yes", "- - yes yes"},
		{"integrity", "true", "- - yes yes", "- - yes yes"},
		{"privacy", "false", "- - - yes", "- - - yes"},
		{"privacy", "true", "- - - yes", "- - - yes"},
	} {
		t.Run(x.security+" anonymous "+x.anonymous, func(t *testing.T) {
			s := k.start(t, ":0", "NETELF_RPC_SECURITY="+x.security, "NETELF_RPC_ANONYMOUS="+x.anonymous)
			words := strings.NewReplacer("fault:rpc_s_access_denied", "-", "00000000", "yes", "c0000022", "log")
			ask := func(host, want string, before ...string) {
				t.Helper()
				args := append(before, python, "testdata/serve_rpc.py", "levels", host, s.port, "barney", "secret-barney")
				out, err := foreign(args[0], args[1:]...)
				var got []string
				for line := range strings.Lines(out) {
					_, said, _ := strings.Cut(strings.TrimSpace(line), " ")
					got = append(got, words.Replace(said))
				}
				if g := strings.Join(got, " "); err != nil || g != want {
					t.Errorf("from %s: %q, %v, want %q", host, g, err, want)
				}
			}
			ask("127.0.0.1", x.near)
			if far != "" {
				ask(far, x.far, before...)
			}
		})
	}
}

// guessing: five wrong passwords are free, then even the right one has to wait for a
// second, and behind the next wrong one for two; who waits costs nothing. All that
// were looked at are in Security, and what came too soon is not: that may be any
// number.
func (k *serveKit) guessing(t *testing.T) {
	python := logtest.Python(t, "impacket", "python3-impacket")
	s := k.start(t, "127.0.0.1:0")
	out, err := foreign(python, "testdata/serve_rpc.py", "guess", "127.0.0.1", s.port, "fred", "secret-fred")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// early: the right password was answered while it had to wait, so it cannot have
	// been taken; soon: it was taken before its time. A machine that is too slow to
	// be early shows nothing here, and fails nothing.
	denied := "wrong fault:rpc_s_access_denied\n"
	round := `refused (fault:rpc_s_access_denied early=True|fault:rpc_s_access_denied early=False|- early=False) soon=False\n`
	if !regexp.MustCompile(`^` + strings.Repeat(denied, 5) + round + denied + round + `$`).MatchString(out) {
		t.Errorf("impacket says\n%s", out)
	}
	if strings.Contains(out, "early=True") != strings.Contains(s.log(), "too many failed attempts") {
		t.Errorf("impacket says\n%s", out)
	}
	fred := `529 fred`
	want := []string{fred, fred, fred, fred, fred, "540 fred", fred, "540 fred"}
	if d := cmp.Diff(want, s.audited(1, 529, 537, 540)); d != "" {
		t.Errorf("Security (-want +got):\n%s", d)
	}
	// Another user of the same address is not held up by it.
	if out, err := foreign(python, "testdata/serve_rpc.py", "roles", "127.0.0.1", s.port, "6", "barney", "secret-barney", "System"); err != nil || !strings.Contains(out, "open=00000000") {
		t.Errorf("barney: %v\n%s", err, out)
	}
}

// ansi: the A forms and ReportEventEx, as a program asks for them that was written
// from the specification alone.
func (k *serveKit) ansi(t *testing.T) {
	python := logtest.Python(t, "impacket", "python3-impacket")
	s := k.start(t, "127.0.0.1:0")
	out, err := foreign(python, "testdata/even_ansi.py", "127.0.0.1", s.port, "fred", "secret-fred")
	const (
		first  = "1:80001234:2:7:1300000000:DNS_Server/PEBBLE:S-1-5-21-1-2-3-500:one|zwölf_€||four:010203"
		second = "2:80001234:2:7:1300000000:DNS_Server/PEBBLE:-::-"
		third  = "3:80001234:2:7:1300000000:DNS_Server/PEBBLE:S-1-5-18:by_ExA:ff"
		fourth = "4:80001234:2:7:1300000000:DNS_Server/PEBBLE:-:by_ExW|??:-"
	)
	want := `open 00000000
open stray 00000000
empty c0000011
report 00000000 1
report 00000000 2
report too many c000000d
report ex 00000000 3
report ex wide 00000000 4
count 00000000 4
read 00000000 ` + first + " " + second + " " + third + " " + fourth + `
read end c0000011
seek back 00000000 ` + second + " " + first + `
seek out c000000d
no flags c000000d
no room c0000023
register 00000000
report source 00000000
backup bad c000003b
backup 00000000
backup twice c0000035
backup stray c0000022
open backup 00000000
open backup none c0000034
read backup 00000000 ` + fourth + " " + third + " " + second + " " + first + `
report backup c0000008
clear backup c0000008
clear stray c0000022
clear twice c0000035
clear 00000000
clear 00000000
count 00000000 0
close 00000000
close twice c0000008
`
	if d := cmp.Diff(want, strings.ReplaceAll(out, " \n", "\n")); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	// What is not in code page 1252 is kept, and only shown as what is.
	for i, name := range []string{"ansi ä.evt", "second.evt"} {
		var got []string
		path := filepath.Join(s.dir, "backup", name)
		if _, err := os.Stat(path); err != nil {
			path = filepath.Join(s.dir, "backup", strings.NewReplacer(" ", "%20", "ä", "%C3%A4").Replace(name))
		}
		for line := range strings.Lines(s.do("scan", path, "-o", "json")) {
			var e eventlog.Event
			if err := render.ParseJSON([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.Join(e.Strings, "|"))
		}
		slices.Sort(got)
		if d := cmp.Diff([]string{"", "by ExA", "by ExW|日本", "one|zwölf €||four"}, got); d != "" {
			t.Errorf("backup %d (-want +got):\n%s", i, d)
		}
	}
}

// taps is a proxy that keeps what goes through each of its connections.
type taps struct {
	port string
	mu   sync.Mutex
	all  []*tap
}

func startTaps(t *testing.T, server string) *taps {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &taps{}
	if _, p.port, err = net.SplitHostPort(l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", server)
			if err != nil {
				t.Error(err)
				_ = client.Close()
				return
			}
			one := &tap{}
			p.mu.Lock()
			p.all = append(p.all, one)
			p.mu.Unlock()
			for _, way := range []struct {
				from, to net.Conn
				server   bool
			}{{client, up, false}, {up, client, true}} {
				running.Go(func() {
					// Without the fast ways of TCP, which tap nothing.
					_, _ = io.Copy(tappedConn{struct{ net.Conn }{way.to}, one, way.server}, struct{ io.Reader }{way.from})
					_ = way.to.Close() // the end, in both directions
					_ = way.from.Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return p
}

// tshark: Wireshark's dissectors find nothing malformed in what the service answers
// to Samba's test suite and to impacket, which is not sealed: what they do find they
// find in the answers of Samba's own event log server too.
func (k *serveKit) tshark(t *testing.T) {
	tshark := logtest.Program(t, "tshark", "tshark")
	smbtorture := logtest.Program(t, "smbtorture", "samba-testsuite")
	python := logtest.Python(t, "impacket", "python3-impacket")
	// found is the PDUs of a server, each with whether one of them is malformed.
	// Requests are of Samba and impacket.
	found := func(p *taps, as string) map[string]bool {
		t.Helper()
		all := map[string]bool{}
		p.mu.Lock()
		defer p.mu.Unlock()
		const port = 49152
		for _, one := range p.all {
			file := filepath.Join(t.TempDir(), "rpc.pcap")
			one.mu.Lock()
			b := one.pcap(port)
			one.mu.Unlock()
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := foreign(tshark, "-r", file, "-2", "-d", fmt.Sprintf("tcp.port==%d,%s", port, as), "-Y", fmt.Sprintf("dcerpc && tcp.srcport==%d", port), "-T", "fields",
				"-e", "dcerpc.pkt_type", "-e", "eventlog.opnum", "-e", "_ws.malformed", "-e", "_ws.expert.message", "-e", "dcerpc.cn_frag_len")
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out) {
				f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
				if len(f) != 5 {
					t.Fatalf("tshark: %q", line)
				}
				// A packet may have several PDUs, whose values are joined by commas.
				var names []string
				if types := strings.Split(f[0], ","); !slices.Contains(types, "2") {
					names = append(names, "PDU of type "+f[0])
				} else if f[1] == "" {
					names = append(names, "part of a response")
				} else {
					for op := range strings.SplitSeq(f[1], ",") {
						name := "response of operation " + op
						if n, err := strconv.Atoi(f[4]); err == nil && n <= 64 {
							name += " without a buffer"
						}
						names = append(names, name)
					}
				}
				for _, name := range names {
					all[name] = all[name] || f[2] != "" || strings.Contains(strings.ToLower(f[3]), "malformed")
				}
			}
		}
		return all
	}
	// play is the same calls at either server.
	play := func(p *taps, binding, host, port, user, password string) {
		t.Helper()
		out, err := foreign(smbtorture, "--configfile=/dev/null", "--option=torture:dangerous=yes", "-p", p.port, "-U", user+"%"+password, binding, "rpc.eventlog")
		if !strings.Contains(out, "\nsuccess: eventlog.ReadEventLog") {
			t.Fatalf("%v\n%s", err, out) // Samba's server fails at one of them
		}
		out, err = foreign(python, append([]string{"testdata/serve_rpc.py", "roles", host, port, "2", user, password}, serveLogs...)...)
		if err != nil || !strings.Contains(out, "System: open=00000000") {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	s := k.start(t, "127.0.0.1:0")
	p := startTaps(t, "127.0.0.1:"+s.port)
	play(p, "ncacn_ip_tcp:127.0.0.1["+p.port+",connect]", "127.0.0.1", p.port, "fred", "secret-fred")
	ours := found(p, "dcerpc")
	for _, op := range []int{0, 1, 2, 4, 7, 8, 9, 10, 11, 22, 23} {
		name := fmt.Sprint("response of operation ", op)
		_, long := ours[name]
		_, short := ours[name+" without a buffer"]
		if op == 10 && !long || !long && !short {
			t.Errorf("tshark saw no response of operation %d", op)
		}
	}

	samba := startSMBD(t, smbdOptions{EventLogs: serveLogs})
	q := startTaps(t, fmt.Sprint("127.0.0.1:", samba.port))
	play(q, "ncacn_np:127.0.0.1", "smb:127.0.0.1", q.port, "root", "secret")
	theirs := found(q, "nbss")
	if len(theirs) < 5 {
		t.Errorf("tshark sees of Samba's server only %v", theirs)
	}
	for name, bad := range ours {
		switch theirsBad, ok := theirs[name]; {
		case bad && !ok:
			t.Errorf("malformed: %s, which Samba's server does not make", name)
		case bad && !theirsBad:
			t.Errorf("malformed: %s, and not that of Samba's server", name)
		case bad:
			t.Logf("malformed, and so is that of Samba's server: %s", name)
		}
	}
}
