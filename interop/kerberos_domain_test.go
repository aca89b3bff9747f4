//go:build interop && linux

package interop

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/krb5"
	"netelf.example/internal/logtest"
	"netelf.example/internal/rpcauth"
	"netelf.example/nt"
)

// domain is a controller of an Active Directory domain, Samba's, with everything of
// it under one folder, in a network namespace of its own: its ports are fixed.
type domain struct {
	t     *testing.T
	dir   string
	conf  string // smb.conf
	krb   string // krb5.conf
	space string // the name of the network namespace
}

// domainPassword is every user's: the domain wants a good one.
const domainPassword = "Secret-1234"

// startDomain makes a domain, QUARRY or quarry.example, and starts its controller,
// bedrock, which ends with the test.
func startDomain(t *testing.T) *domain {
	t.Helper()
	program, ip := logtest.Program(t, "samba", "samba"), logtest.Program(t, "ip", "iproute2")
	logtest.Program(t, "samba-tool", "samba-common-bin")
	logtest.Program(t, "kinit", "krb5-user")
	if _, err := os.Stat("/usr/share/samba/setup/ad-schema"); err != nil {
		logtest.Missing(t, "no schema of Active Directory: apt-get install samba-ad-provision samba-dsdb-modules")
	}
	dir, err := os.MkdirTemp("", "netelf") // short, since a socket's name must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // nothing else needs it
	d := &domain{t: t, dir: dir, conf: filepath.Join(dir, "dc/etc/smb.conf"), krb: filepath.Join(dir, "krb5.conf"), space: fmt.Sprint("netelfdc", os.Getpid())}
	if out, err := exec.Command(ip, "netns", "add", d.space).CombinedOutput(); err != nil {
		logtest.Missing(t, fmt.Sprintf("no network namespaces here, which the test needs beside root: %v: %s", err, out))
	}
	t.Cleanup(d.end)
	for name, text := range map[string]string{
		"krb5.conf": "[libdefaults]\n  default_realm = QUARRY.EXAMPLE\n  dns_lookup_kdc = false\n  dns_lookup_realm = false\n  dns_canonicalize_hostname = false\n  rdns = false\n" +
			"[realms]\n  QUARRY.EXAMPLE = {\n    kdc = 127.0.0.1\n  }\n[domain_realm]\n  .quarry.example = QUARRY.EXAMPLE\n",
		"hosts": "127.0.0.1 localhost\n127.0.0.1 " + krbServer + " bedrock\n127.0.0.1 quarry.example\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{
		"domain", "provision", "--realm=" + krbRealm, "--domain=QUARRY", "--adminpass=" + domainPassword, "--server-role=dc",
		"--dns-backend=NONE", "--host-name=bedrock", "--host-ip=127.0.0.1", "--targetdir=" + dir + "/dc",
	}
	for _, option := range []string{
		"interfaces=lo", "bind interfaces only=yes", "log file=DIR/log", "server services=s3fs rpc ldap cldap kdc winbindd", "disable netbios=yes",
	} {
		args = append(args, "--option="+strings.ReplaceAll(option, "DIR", dir))
	}
	d.tool(args...)
	b, err := os.ReadFile(d.conf)
	if err == nil { // samba-tool takes no lists in quotes
		b = bytes.Replace(b, []byte("[global]\n"), []byte("[global]\n\teventlog list = System Application\n"), 1)
		err = os.WriteFile(d.conf, b, 0o600)
	}
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, "run/samba"), 0o755) // what is in /run for Samba alone
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(ip, "-n", d.space, "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := d.command(nil, program, "-i", "-M", "single", "-s", d.conf, "--debug-stdout")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &log, &log, 10*time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.end()
		_ = cmd.Wait() // it is ended by a signal
		if t.Failed() {
			t.Logf("samba: %s", &log)
		}
	})
	for _, port := range []string{"88", "445", "49152"} {
		d.until("port "+port, func() bool {
			nc, err := d.dial(t.Context(), "tcp", "127.0.0.1:"+port)
			if err == nil {
				_ = nc.Close()
			}
			return err == nil
		})
	}
	return d
}

// end ends what runs in the namespace, and the namespace.
func (d *domain) end() {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for range 50 {
			out, err := exec.Command("ip", "netns", "pids", d.space).Output()
			if err != nil || len(bytes.TrimSpace(out)) == 0 {
				_ = exec.Command("ip", "netns", "del", d.space).Run() // it may be gone
				return
			}
			for pid := range strings.FieldsSeq(string(out)) {
				if n, err := strconv.Atoi(pid); err == nil && n > 1 && n != os.Getpid() {
					_ = syscall.Kill(n, signal) // it may have ended meanwhile
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// tool runs samba-tool.
func (d *domain) tool(args ...string) string {
	d.t.Helper()
	if args[1] != "provision" {
		args = append(args, "-s", d.conf)
	}
	out, err := exec.Command("samba-tool", args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("samba-tool %s: %v: %s", strings.Join(args[:2], " "), err, out)
	}
	return string(out)
}

// command is a program in the namespace, with the domain's names of hosts.
func (d *domain) command(env []string, program string, args ...string) *exec.Cmd {
	cmd := exec.Command("ip", append([]string{"netns", "exec", d.space, "unshare", "-m", "sh", "-c", `mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/run" /run && exec "$@"`, d.dir, program}, args...)...)
	cmd.Env = append(serveEnv("LC_ALL=C.UTF-8", "TZ=UTC", "KRB5_CONFIG="+d.krb), env...)
	return cmd
}

// run runs a program in the namespace, for a minute at most.
func (d *domain) run(env []string, program string, args ...string) (stdout, stderr string, err error) {
	cmd := d.command(env, "timeout", append([]string{"-k", "5", "60", program}, args...)...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// kinit gets a user's ticket, and the environment that names its cache.
func (d *domain) kinit(user string) (env string) {
	d.t.Helper()
	env = "KRB5CCNAME=FILE:" + filepath.Join(d.dir, "cc-"+user)
	cmd := d.command([]string{env}, "kinit", user)
	cmd.Stdin = strings.NewReader(domainPassword + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("kinit: %v: %s", err, out)
	}
	return env
}

// dial makes a connection in the namespace.
func (d *domain) dial(ctx context.Context, network, address string) (nc net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // not unlocked unless the thread is back
		var ours, theirs *os.File
		if ours, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return
		}
		defer ours.Close() // it was only looked at
		if theirs, err = os.Open("/run/netns/" + d.space); err != nil {
			return
		}
		defer theirs.Close()
		if err = unix.Setns(int(theirs.Fd()), unix.CLONE_NEWNET); err != nil {
			return
		}
		nc, err = new(net.Dialer).DialContext(ctx, network, address)
		if unix.Setns(int(ours.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return nc, err
}

// serve starts the service in the namespace, on port 10260, and runs a verb of netelf
// against it. It ends with the domain.
func (d *domain) serve(k *serveKit, keytab string, verb ...string) {
	d.t.Helper()
	env := []string{"NETELF_DATA=" + d.dir + "/data", "NETELF_SOCKET=" + d.dir + "/socket", "NETELF_USERS=" + k.users, "NETELF_RPC_KEYTAB=" + keytab}
	cmd := d.command(env, k.netelf, "serve", "--rpc", "127.0.0.1:10260")
	var log bytes.Buffer
	cmd.Stderr, cmd.WaitDelay = &log, 10*time.Second
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended, which Wait says
		if err := cmd.Wait(); err != nil || d.t.Failed() {
			d.t.Errorf("the service ends with %v: %s", err, &log)
		}
	})
	d.until("service", func() bool {
		nc, err := d.dial(d.t.Context(), "tcp", "127.0.0.1:10260")
		if err == nil {
			_ = nc.Close()
		}
		return err == nil
	})
	if out, said, err := d.run(env[:2], k.netelf, verb...); err != nil {
		d.t.Fatalf("netelf %s: %v: %s%s", strings.Join(verb, " "), err, out, said)
	}
}

// until waits for what must happen.
func (d *domain) until(what string, ok func() bool) {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("no %s in time", what)
		}
	}
}

// TestKerberosDomain is a domain with PACs: netelf reads its controller; our sealed
// bind reaches a server of Samba's own over TCP; and who comes to netelf's service has the
// groups of the domain.
func TestKerberosDomain(t *testing.T) {
	d := startDomain(t)
	d.tool("group", "add", "quarriers")
	for _, user := range []string{"fred", "betty"} {
		d.tool("user", "create", user, domainPassword)
	}
	d.tool("group", "addmembers", "quarriers", "fred")
	d.tool("group", "addmembers", "Domain Admins", "betty")
	m := regexp.MustCompile(`(?m)^objectSid: (S-\S+)$`).FindStringSubmatch(d.tool("group", "show", "quarriers"))
	if m == nil {
		t.Fatal("the group has no SID")
	}
	group := m[1]
	k := newServeKit(t)

	t.Run("netelf reads", func(t *testing.T) {
		(&smbd{t: t, conf: d.conf}).eventlogadm("System", 1, 20, time.Now().Add(-time.Hour))
		for _, x := range [][]string{
			{d.kinit("Administrator"), "-k"},
			{"NETELF_PASSWORD=" + domainPassword, "-k", "-U", "administrator@quarry.example"},
		} {
			out, said, err := d.run(x[:1], k.netelf, append([]string{"scan", "--since", "all", "--log", "System", "-o", "json", "smb://" + krbServer}, x[1:]...)...)
			if err != nil || strings.Count(out, "\n") != 20 {
				t.Errorf("%v: %v, %d records, want 20\n%s", x[1:], err, strings.Count(out, "\n"), said)
			}
		}
	})

	// DsRolerGetPrimaryDomainInformation, level 1, of Samba's own server for AD.
	t.Run("bind", func(t *testing.T) {
		c, err := krb5.NewClient(krb5.ClientOptions{Config: d.krb, User: "fred", Password: domainPassword, Dial: d.dial})
		if err != nil {
			t.Fatal(err)
		}
		id, err := hex.DecodeString("6a2819390cb1d0119ba800c04fd92ef5")
		if err != nil {
			t.Fatal(err)
		}
		dsRole := dcerpc.SyntaxID{UUID: nt.GUID(id)}
		var port string // one of the first of the dynamic ones
		for n := 49152; port == "" && n < 49160; n++ {
			nc, err := d.dial(t.Context(), "tcp", fmt.Sprint("127.0.0.1:", n))
			if err != nil {
				continue
			}
			if r, err := dcerpc.Dial(t.Context(), nc, &dcerpc.ClientOptions{Interface: dsRole}); err == nil {
				port = strconv.Itoa(n)
				_ = r.Close() // nothing was asked
			}
		}
		if port == "" {
			t.Fatal("no server for DsRole")
		}
		want := nt.AppendUTF16(nil, "quarry.example")
		for _, negotiate := range []bool{true, false} {
			for _, level := range []uint8{dcerpc.LevelPacket, dcerpc.LevelIntegrity, dcerpc.LevelPrivacy} {
				t.Run(fmt.Sprintf("SPNEGO %v, level %d", negotiate, level), func(t *testing.T) {
					ticket, err := c.Ticket(t.Context(), "host", krbServer)
					if err != nil {
						t.Fatal(err)
					}
					i, err := rpcauth.NewKerberosInitiator(ticket, negotiate, level == dcerpc.LevelPrivacy)
					if err != nil {
						t.Fatal(err)
					}
					nc, err := d.dial(t.Context(), "tcp", "127.0.0.1:"+port)
					if err != nil {
						t.Fatal(err)
					}
					r, err := dcerpc.Dial(t.Context(), nc, &dcerpc.ClientOptions{
						Interface: dsRole, Mechanism: i, AuthType: i.AuthType(), AuthLevel: level, HeaderSigning: true,
					})
					if err != nil {
						t.Fatal(err)
					}
					defer r.Close() // it was only asked
					for range 3 {
						out, err := r.Call(t.Context(), 0, []byte{1, 0})
						if err != nil || !bytes.Contains(out, want) {
							t.Fatalf("%v: %x", err, out)
						}
					}
				})
			}
		}
	})

	t.Run("netelf serves", func(t *testing.T) {
		keytab := filepath.Join(d.dir, "keytab")
		d.tool("domain", "exportkeytab", keytab, "--principal=BEDROCK$")
		d.serve(k, keytab, "set", "System", "--sddl", "D:(A;;0x7;;;BA)(A;;0x1;;;"+group+")")
		scan := func(user, log string) (string, string, error) {
			return d.run([]string{d.kinit(user)}, k.netelf, "scan", "-k", "--since", "all", "--log", log, "-o", "json", "rpc://"+krbServer+":10260")
		}
		// fred is in the group, betty is not: Domain Admins are no administrators here.
		if out, said, err := scan("fred", "System"); err != nil || out == "" {
			t.Errorf("fred: %v\n%s", err, said)
		}
		for _, log := range []string{"System", "Security"} {
			if _, said, err := scan("betty", log); err == nil || !strings.Contains(said, "access denied") {
				t.Errorf("betty in %s: %v\n%s", log, err, said)
			}
		}
		for _, options := range []string{"krb5,seal", "spnego,seal"} {
			out, said, err := d.run(nil, logtest.Program(t, "smbtorture", "samba-testsuite"), "--configfile=/dev/null", "-U", "fred@"+krbRealm+"%"+domainPassword,
				"--use-kerberos=required", "ncacn_ip_tcp:"+krbServer+"[10260,"+options+"]", "rpc.eventlog")
			if !regexp.MustCompile(`(?m)^success: eventlog.OpenEventLog$`).MatchString(out) {
				t.Errorf("smbtorture %s: %v\n%s%s", options, err, out, said)
			}
		}
	})
}
