//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"netelf.example/internal/logtest"
)

// TestServeKerberos is `netelf serve --rpc` with a keytab, before foreign clients and
// our own.
func TestServeKerberos(t *testing.T) {
	c := startKDC(t)
	for _, user := range []string{"fred", "betty", "dino"} { // dino is no user of the service
		c.user(user)
	}
	keytab := c.service("host/"+krbServer, "cifs/"+krbServer)
	c.service("host/barney.quarry.example")
	const old = "wilma.quarry.example" // whose only keys have 128 bits
	c.admin("addprinc -randkey -e aes128-cts-hmac-sha1-96:normal +no_auth_data_required host/" + old)
	c.keytab(keytab, "host/"+old)
	k := newServeKit(t)
	env := "NETELF_RPC_KEYTAB=" + keytab

	t.Run("smbtorture", func(t *testing.T) {
		smbtorture := logtest.Program(t, "smbtorture", "samba-testsuite")
		for _, x := range []struct{ host, options, by string }{
			{krbServer, "krb5", "Kerberos"},
			{krbServer, "krb5,connect", "Kerberos"},
			{krbServer, "krb5,packet", "Kerberos"},
			{krbServer, "krb5,sign", "Kerberos"},
			{krbServer, "krb5,seal", "Kerberos"},
			{krbServer, "krb5,seal,bigendian", "Kerberos"},
			{krbServer, "spnego,sign", "Negotiate, Kerberos"},
			{krbServer, "spnego,seal", "Negotiate, Kerberos"},
			{old, "krb5,sign", "Kerberos"},
			{old, "spnego,seal", "Negotiate, Kerberos"},
		} {
			t.Run(x.host+" "+x.options, func(t *testing.T) {
				s := k.start(t, "127.0.0.1:0", env)
				out, said, err := c.run(nil, smbtorture, "--configfile=/dev/null", "--option=torture:dangerous=yes", "-U", "fred@"+krbRealm+"%secret",
					"--use-kerberos=required", fmt.Sprintf("ncacn_ip_tcp:%s[%s,%s]", x.host, s.port, x.options), "rpc.eventlog")
				n, bad := strings.Count(out, "\nsuccess: "), regexp.MustCompile(`(?m)^(failure|error|skip): `).FindString(out)
				if err != nil || n != 8 || bad != "" {
					t.Errorf("%v, %d of 8 tests succeed, %q\n%s%s", err, n, bad, out, said)
				}
				logons := s.audited(6, 540, 529, 537)
				want := regexp.MustCompile(`^540 fred \S+ .*MS-EVEN ` + x.by + `$`)
				for _, l := range logons {
					if !want.MatchString(l) {
						t.Errorf("logon %q, want %s", l, want)
					}
				}
				if len(logons) == 0 {
					t.Error("nobody has logged on")
				}
			})
		}
	})

	t.Run("rpcclient", func(t *testing.T) {
		rpcclient := logtest.Program(t, "rpcclient", "smbclient")
		const host = "127.0.0.4"
		if err := rpcListen(t, host+":135").Close(); err != nil { // it wants root
			t.Fatal(err)
		}
		k.start(t, host+":0", env, "NETELF_RPC_MAPPER="+host+":135")
		hosts := filepath.Join(c.dir, "hosts")
		text, err := os.ReadFile(hosts)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.WriteFile(hosts, text, 0o600) }() // the tests behind it would tell
		if err := os.WriteFile(hosts, []byte(host+" "+krbServer+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, options := range []string{"krb5,sign", "krb5,seal", "spnego,sign", "spnego,seal"} {
			// numrecord is of Security: fred is an administrator.
			out, said, err := c.run([]string{"KRB5CCNAME=" + c.kinit("fred")}, rpcclient, "-s", "/dev/null", "--use-kerberos=required", "-N",
				"ncacn_ip_tcp:"+krbServer+"["+options+"]", "-c", "eventlog_numrecord Security")
			if err != nil || !strings.Contains(out, "number of records: ") {
				t.Errorf("%s: %v\n%s%s", options, err, out, said)
			}
		}
	})

	t.Run("impacket", func(t *testing.T) {
		python := logtest.Python(t, "impacket.dcerpc.v5.even", "python3-impacket")
		s := k.start(t, "127.0.0.1:0", env)
		cache := c.kinit("betty")
		// impacket asks a KDC on port 88 only.
		if out, err := exec.Command("kvno", "-c", cache, "host/"+krbServer).CombinedOutput(); err != nil {
			t.Fatalf("kvno: %v: %s", err, out)
		}
		for _, level := range []string{"2", "6"} {
			out, said, err := c.run([]string{"KRB5CCNAME=" + strings.TrimPrefix(cache, "FILE:")}, python, "testdata/impacket_kerberos.py", "127.0.0.1", s.port, krbServer, "betty", krbRealm, level)
			if err != nil || !regexp.MustCompile(`^records \d+\nread \d+\nclear c0000022\n$`).MatchString(out) {
				t.Errorf("level %s: %v\n%s%s", level, err, out, said)
			}
		}
	})

	t.Run("another realm", func(t *testing.T) {
		// A service of one realm, whose users are its own, and fred of another one.
		other := filepath.Join(c.dir, "other")
		c.adminOf(krbOther, "addprinc -randkey host/slate.slate.example")
		c.adminOf(krbOther, "ktadd -k "+other+" -norandkey host/slate.slate.example")
		s := k.start(t, "127.0.0.1:0", "NETELF_RPC_KEYTAB="+other)
		server := "rpc://slate.slate.example:" + s.port
		for log, may := range map[string]bool{"System": true, "Security": false} {
			_, said, err := c.run([]string{"KRB5CCNAME=" + c.kinit("fred")}, k.netelf, "scan", "-k", "--since", "all", "--log", log, server)
			if may != (err == nil) {
				t.Errorf("%s: %v\n%s", log, err, said)
			}
		}
		if l := strings.Join(s.audited(1, 540), "\n"); !strings.HasPrefix(l, "540 fred@"+krbRealm) {
			t.Errorf("logons %q", l)
		}
	})

	t.Run("netelf", func(t *testing.T) {
		s := k.start(t, "127.0.0.1:0", env, "NETELF_RPC_SECURITY=privacy")
		server := "rpc://" + krbServer + ":" + s.port
		scan := func(user, log string) (string, string, error) {
			return c.run([]string{"KRB5CCNAME=" + c.kinit(user)}, k.netelf, "scan", "-k", "--since", "all", "--log", log, "-o", "json", server)
		}
		if out, said, err := scan("fred", "Security"); err != nil || out == "" {
			t.Errorf("fred in Security: %v\n%s%s", err, out, said)
		}
		if out, said, err := scan("dino", "System"); err != nil || out == "" {
			t.Errorf("dino in System: %v\n%s%s", err, out, said)
		}
		if _, said, err := scan("dino", "Security"); err == nil || !strings.Contains(said, "refused") {
			t.Errorf("dino in Security: %v\n%s", err, said)
		}
		// A ticket for a service whose key the server does not have.
		_, said, err := c.run([]string{"KRB5CCNAME=" + c.kinit("fred")}, k.netelf, "scan", "-k", "rpc://barney.quarry.example:"+s.port)
		if err == nil || !strings.Contains(said, "bind refused") {
			t.Errorf("a ticket for barney: %v\n%s", err, said)
		}
		if log := s.log(); !strings.Contains(log, "the keytab has no key for a ticket of") {
			t.Errorf("the log does not say why:\n%s", log)
		}
		// What came over the wire is in Security by whom it was.
		text := strings.Join(s.audited(6, 540), "\n")
		for _, want := range []string{"540 fred ", "540 dino@QUARRY.EXAMPLE ", "Negotiate, Kerberos"} {
			if !strings.Contains(text, want) {
				t.Errorf("in Security is no %q:\n%s", want, text)
			}
		}
	})
}
