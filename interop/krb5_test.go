//go:build interop

package interop

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"netelf.example/internal/logtest"
)

const (
	krbRealm  = "QUARRY.EXAMPLE"
	krbServer = "bedrock.quarry.example"
	krbOther  = "SLATE.EXAMPLE" // another realm, whose services krbRealm's users may use
)

// kdc is MIT's KDC with everything of it under one folder, on a port of its own, and
// a file of hosts, for programs in a mount namespace, that has names for loopback.
type kdc struct {
	t     testing.TB
	dir   string
	conf  string // krb5.conf
	hosts string
}

// startKDC starts a KDC, which ends with the test. Programs that the test runs find it
// by KRB5_CONFIG.
func startKDC(t *testing.T) *kdc {
	t.Helper()
	program, create := logtest.Program(t, "krb5kdc", "krb5-kdc"), logtest.Program(t, "kdb5_util", "krb5-kdc")
	logtest.Program(t, "kadmin.local", "krb5-admin-server")
	logtest.Program(t, "kinit", "krb5-user")
	if out, err := exec.Command(logtest.Program(t, "unshare", "util-linux"), "-m", "true").CombinedOutput(); err != nil {
		logtest.Missing(t, fmt.Sprintf("no mount namespaces here, which the test needs beside root: unshare: %v: %s", err, out))
	}
	k := &kdc{t: t, dir: t.TempDir()}
	k.conf, k.hosts = filepath.Join(k.dir, "krb5.conf"), filepath.Join(k.dir, "hosts")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"krb5.conf": `[libdefaults]
  default_realm = QUARRY.EXAMPLE
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  QUARRY.EXAMPLE = {
    kdc = ADDRESS
  }
  SLATE.EXAMPLE = {
    kdc = ADDRESS
  }
[domain_realm]
  .quarry.example = QUARRY.EXAMPLE
  .slate.example = SLATE.EXAMPLE
`,
		"kdc.conf": `[kdcdefaults]
  kdc_listen = ADDRESS
  kdc_tcp_listen = ADDRESS
[realms]
  QUARRY.EXAMPLE = {
    database_name = DIR/principal
    key_stash_file = DIR/stash
    acl_file = DIR/acl
  }
  SLATE.EXAMPLE = {
    database_name = DIR/principal2
    key_stash_file = DIR/stash2
    acl_file = DIR/acl
  }
[logging]
  kdc = FILE:DIR/kdc.log
`,
		"hosts": "127.0.0.1 localhost " + krbServer + " barney.quarry.example wilma.quarry.example slate.slate.example\n",
	} {
		text = strings.NewReplacer("ADDRESS", address, "DIR", k.dir).Replace(text)
		if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("KRB5_CONFIG", k.conf)
	t.Setenv("KRB5_KDC_PROFILE", filepath.Join(k.dir, "kdc.conf"))
	t.Setenv("KRB5CCNAME", "FILE:"+filepath.Join(k.dir, "nothing"))
	for _, realm := range []string{krbRealm, krbOther} {
		if out, err := exec.Command(create, "create", "-s", "-P", "master", "-r", realm).CombinedOutput(); err != nil {
			t.Fatalf("kdb5_util: %v: %s", err, out)
		}
		k.adminOf(realm, "addprinc -pw trust krbtgt/"+krbOther+"@"+krbRealm)
	}
	cmd := exec.Command(program, "-n", "-r", krbRealm, "-r", krbOther)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // it is ended by a signal
		if t.Failed() {
			b, _ := os.ReadFile(filepath.Join(k.dir, "kdc.log")) // it may not be there
			t.Logf("krb5kdc: %s\n%s", &log, b)
		}
	})
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		nc, err := net.Dial("tcp", address)
		if err == nil {
			_ = nc.Close()
			return k
		}
		if time.Now().After(end) {
			t.Fatalf("krb5kdc does not answer: %v\n%s", err, &log)
		}
	}
}

// admin runs a command of kadmin.
func (k *kdc) admin(query string) {
	k.t.Helper()
	k.adminOf(krbRealm, query)
}

func (k *kdc) adminOf(realm, query string) {
	k.t.Helper()
	// It answers with 0 whatever became of it.
	out, err := exec.Command("kadmin.local", "-r", realm, "-q", query).CombinedOutput()
	if err != nil || strings.Contains(string(out), "while ") {
		k.t.Fatalf("kadmin.local %s: %v: %s", query, err, out)
	}
}

// user makes a user, whose password is secret.
func (k *kdc) user(name string) { k.admin("addprinc +requires_preauth -pw secret " + name) }

// service makes services and a keytab of them. Their tickets have no PAC, which Samba
// refuses where it is in no domain.
func (k *kdc) service(names ...string) (keytab string) {
	k.t.Helper()
	keytab = filepath.Join(k.dir, strings.ReplaceAll(names[0], "/", "-")+".keytab")
	for _, name := range names {
		k.admin("addprinc -randkey +no_auth_data_required " + name)
	}
	k.keytab(keytab, names...)
	return keytab
}

// keytab puts the keys of principals into a file.
func (k *kdc) keytab(file string, names ...string) {
	k.t.Helper()
	k.admin("ktadd -k " + file + " -norandkey " + strings.Join(names, " "))
}

// kinit gets a ticket for a user, and the name of the cache that has it.
func (k *kdc) kinit(user string, args ...string) (cache string) {
	k.t.Helper()
	f, err := os.CreateTemp(k.dir, "cc-"+user+"-")
	if err != nil {
		k.t.Fatal(err)
	}
	_ = f.Close() // nothing was written
	cache = "FILE:" + f.Name()
	cmd := exec.Command("kinit", append(args, "-c", cache, user)...)
	cmd.Stdin = strings.NewReader("secret\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		k.t.Fatalf("kinit: %v: %s", err, out)
	}
	return cache
}

// run runs a program in a mount namespace that has the names of hosts, with more in
// its environment.
func (k *kdc) run(env []string, program string, args ...string) (stdout, stderr string, err error) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", append([]string{"-m", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, k.hosts, program}, args...)...)
	cmd.Env = append(serveEnv("LC_ALL=C.UTF-8", "TZ=UTC"), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}
