//go:build interop

package interop

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"netelf.example/internal/krb5"
	"netelf.example/internal/logtest"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/smb"
)

// TestKerberosPipe is the service behind Samba, both with one keytab: who has opened the
// pipe by Kerberos signs and seals inside it by the same ticket, and by nobody else's.
func TestKerberosPipe(t *testing.T) {
	c := startKDC(t)
	c.user("root")
	c.user("daemon")
	keytab := c.service("cifs/"+krbServer, "host/"+krbServer)
	s := startSMBD(t, smbdOptions{Users: []string{"daemon"}, Config: []string{
		"realm = " + krbRealm, "kerberos method = dedicated keytab", "dedicated keytab file = " + keytab,
	}})
	k := newServeKit(t)
	data, socket := t.TempDir(), filepath.Join(t.TempDir(), "sock")
	cmd := exec.Command(k.netelf, "serve", "--data", data, "--socket", socket, "--samba-pipe", s.ncalrpc)
	cmd.Env = serveEnv("NETELF_RPC_KEYTAB="+keytab, "NETELF_COMPUTER=bedrock", "NETELF_SYNC=none", "NETELF_USERS="+k.users)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &log, &log, 10*time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended, which Wait says
		if err := cmd.Wait(); err != nil {
			t.Errorf("netelf serve: %v", err)
		}
		if t.Failed() {
			t.Logf("netelf serve: %s", log.String())
		}
	}
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			stop()
		}
	})
	if _, err := s.rpcclient("root%secret", "127.0.0.1", "lsaquery"); err != nil { // it starts Samba's helper
		t.Fatal(err)
	}
	s.until("netelf's socket in the pipe's place", (&behindSamba{smbd: s}).ours)

	root := c.kinit("root")
	out, said, err := c.run([]string{"KRB5CCNAME=" + root}, k.netelf, "scan", "-k", "--since", "all", "--log", "Security", "-o", "json", fmt.Sprintf("smb://%s:%d", krbServer, s.port))
	if err != nil {
		t.Errorf("netelf: %v\n%s%s", err, out, said)
	}
	for _, options := range []string{"", "[sign]", "[seal]", "[krb5,sign]", "[krb5,seal]", "[spnego,seal]"} {
		out, said, err := c.run([]string{"KRB5CCNAME=" + root}, logtest.Program(t, "rpcclient", "smbclient"), "-s", s.conf, "-p", fmt.Sprint(s.port),
			"--use-kerberos=required", "-N", "ncacn_np:"+krbServer+options, "-c", "eventlog_numrecord Security")
		if err != nil || !strings.Contains(out, "number of records: ") {
			t.Errorf("rpcclient %s: %v\n%s%s", options, err, out, said)
		}
	}

	// Whose ticket is used inside, of who has opened the pipe as daemon.
	session := smbDial(t, s, smb.Credentials{User: "daemon", Password: "secret"})
	for _, x := range []struct {
		user string
		ok   bool
	}{{"daemon", true}, {"root", false}} {
		tickets, err := krb5.NewClient(krb5.ClientOptions{Config: c.conf, User: x.user, Password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		ticket, err := tickets.Ticket(t.Context(), smb.Service, krbServer)
		if err != nil {
			t.Fatal(err)
		}
		for _, negotiate := range []bool{true, false} {
			i, err := rpcauth.NewKerberosInitiator(ticket, negotiate, true)
			if err != nil {
				t.Fatal(err)
			}
			err = bindAs(t, session, i)
			if x.ok != (err == nil) {
				t.Errorf("%s's ticket inside daemon's pipe, SPNEGO %v: %v", x.user, negotiate, err)
			}
		}
	}
	stop()
	stopped = true
	text, err := run(k.netelf, "scan", "-o", "json", "--log", "Security", "dir:"+data)
	if n := strings.Count(text, "\"id\":537"); err != nil || n != 2 {
		t.Errorf("%v; %d refusals in Security, want 2\n%s", err, n, text)
	}
}
