//go:build interop

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/logtest"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/smb"
	"netelf.example/internal/winbind"
)

// startWinbind starts a private winbindd beside a smbd, whose users it knows, and
// answers the path of an ntlm_auth that asks it. The place of winbindd's socket is
// compiled into Samba's programs, so that this ntlm_auth has a mount namespace of
// its own. The
// smbd must have been started with winbindLines.
func startWinbind(t testing.TB, s *smbd) (ntlmAuth string) {
	t.Helper()
	program, auth, unshare := logtest.Program(t, "winbindd", "winbind"), logtest.Program(t, "ntlm_auth", "winbind"), logtest.Program(t, "unshare", "util-linux")
	if out, err := exec.Command(unshare, "-m", "true").CombinedOutput(); err != nil {
		logtest.Missing(t, fmt.Sprintf("no mount namespaces here, which the test needs beside root: unshare: %v: %s", err, out))
	}
	if err := os.Mkdir(filepath.Join(s.dir, "wb"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--foreground", "--no-process-group", "-s", s.conf, "-l", filepath.Join(s.dir, "log"))
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                                      // it is ended by a signal
		if t.Failed() {
			t.Logf("winbindd: %s", log.String())
		}
	})
	s.until("winbindd's socket", func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "wb", "pipe"))
		return err == nil
	})
	ntlmAuth = filepath.Join(s.dir, "ntlm_auth")
	text := fmt.Sprintf(`#!/bin/sh
mkdir -p /run/samba
exec %s -m sh -c 'mount -t tmpfs none /run/samba && mkdir /run/samba/winbindd && mount --bind %s /run/samba/winbindd && exec "$@"' sh %s --configfile=%s "$@"
`, unshare, filepath.Join(s.dir, "wb"), auth, s.conf)
	if err := os.WriteFile(ntlmAuth, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return ntlmAuth
}

var winbindLines = []string{"winbindd socket directory = DIR/wb"}

// winbindAnswer asks about a logon that package ntlm makes, and answers what winbind
// says and how the logon ends: its keys are compared by its integrity code.
func winbindAnswer(t *testing.T, w *winbind.Winbind, domain, user, password string) (a winbind.Answer, err error) {
	t.Helper()
	i, err := ntlm.NewInitiator(ntlm.InitiatorOptions{User: user, Domain: domain, Password: password, Seal: true})
	if err != nil {
		t.Fatal(err)
	}
	acc, err := ntlm.NewAcceptor(ntlm.AcceptorOptions{
		Computer: "BEDROCK",
		Verify: func(domain, user string, challenge [8]byte, response []byte) (base [16]byte, ok bool, err error) {
			a, err = w.Ask(t.Context(), winbind.Question{Domain: domain, User: user, Challenge: challenge, Response: response})
			return a.Key, a.Verdict == winbind.Yes, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := i.Step(nil)
	for err == nil && acc.Security() == nil {
		var done bool
		if token, done, err = acc.Step(token); err == nil && !done {
			token, _, err = i.Step(token)
		}
	}
	return a, err
}

// TestWinbind: Samba's ntlm_auth and winbindd take our questions, and their session
// key is that of the client; what they refuse is told apart by their texts.
func TestWinbind(t *testing.T) {
	s := startSMBD(t, smbdOptions{Users: []string{"daemon", "nobody"}, Config: winbindLines})
	w, err := winbind.New(winbind.Options{Program: startWinbind(t, s)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // it has no error
	if out, err := run(logtest.Program(t, "smbpasswd", "samba-common-bin"), "-c", s.conf, "-d", "nobody"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, x := range []struct {
		domain, user, password string
		verdict                winbind.Verdict
		err                    error
	}{
		{"BEDROCK", "daemon", "secret", winbind.Yes, nil},
		{"bedrock", "DAEMON", "secret", winbind.Yes, nil},
		{"", "daemon", "secret", winbind.Yes, nil},
		{"BEDROCK", "daemon", "wrong", winbind.Wrong, ntlm.ErrLogon},
		{"BEDROCK", "daemon", "", winbind.Wrong, ntlm.ErrLogon},
		{"BEDROCK", "nosuch", "secret", winbind.Wrong, ntlm.ErrLogon},
		{"BEDROCK", "fr: ëd:: =", "secret", winbind.Wrong, ntlm.ErrLogon},
		{"BEDROCK", "nobody", "secret", winbind.Refused, ntlm.ErrLogon},
		{"QUARRY", "daemon", "secret", winbind.Absent, ntlm.ErrLogon}, // the workgroup, which has no controllers
		{"ROCK", "daemon", "secret", winbind.Absent, ntlm.ErrLogon},
	} {
		t.Run(fmt.Sprintf(`%s\%s%%%s`, x.domain, x.user, x.password), func(t *testing.T) {
			a, err := winbindAnswer(t, w, x.domain, x.user, x.password)
			if a.Verdict != x.verdict || !errors.Is(err, x.err) {
				t.Errorf("%v, %v, want %v, %v", a, err, x.verdict, x.err)
			}
		})
	}
	t.Run("many at once", func(t *testing.T) {
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				if a, err := winbindAnswer(t, w, "BEDROCK", "daemon", "secret"); err != nil {
					t.Errorf("%v, %v", a, err)
				}
			})
		}
		all.Wait()
	})
	t.Run("without winbindd", func(t *testing.T) {
		script := filepath.Join(t.TempDir(), "ntlm_auth")
		text := fmt.Sprintf("#!/bin/sh\nmkdir -p /run/samba\nexec unshare -m sh -c 'mount -t tmpfs none /run/samba && exec \"$@\"' sh ntlm_auth --configfile=%s \"$@\"\n", s.conf)
		if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		w, err := winbind.New(winbind.Options{Program: script})
		if err != nil {
			t.Fatal(err)
		}
		if a, err := winbindAnswer(t, w, "BEDROCK", "daemon", "secret"); a.Verdict != winbind.Absent || !errors.Is(err, ntlm.ErrLogon) {
			t.Errorf("%v, %v", a, err)
		}
	})
}

// TestSambaWinbind: behind smbd, users that the service does not have sign and seal
// inside the pipe; another password, and another user's, do not.
func TestSambaWinbind(t *testing.T) {
	s := startSMBD(t, smbdOptions{Users: []string{"daemon"}, Config: winbindLines})
	auth := startWinbind(t, s)
	netelf, data, socket := filepath.Join(t.TempDir(), "netelf"), t.TempDir(), filepath.Join(t.TempDir(), "sock")
	if out, err := run("go", "build", "-o", netelf, "netelf.example/cmd/netelf"); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.Command(netelf, "serve", "--data", data, "--socket", socket, "--samba-pipe", s.ncalrpc)
	cmd.Env = append(os.Environ(), "NETELF_RPC_WINBIND="+auth, "NETELF_COMPUTER=bedrock", "NETELF_SYNC=none")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("netelf serve: %v", err)
		}
		if t.Failed() {
			t.Logf("netelf serve: %s", log.String())
		}
	})
	t.Cleanup(stop)
	if _, err := s.rpcclient("root%secret", "127.0.0.1", "lsaquery"); err != nil {
		t.Fatal(err)
	}
	s.until("netelf's socket in the pipe's place", (&behindSamba{smbd: s}).ours)

	for _, server := range []string{
		"127.0.0.1", "ncacn_np:127.0.0.1[sign]", "ncacn_np:127.0.0.1[seal]",
		"ncacn_np:127.0.0.1[spnego,ntlm,sign]", "ncacn_np:127.0.0.1[spnego,ntlm,seal]",
	} {
		for _, user := range []string{`BEDROCK\root%secret`, `BEDROCK\daemon%secret`} {
			out, err := s.rpcclient(user, server, "eventlog_numrecord Application")
			if err != nil || !strings.Contains(out, "number of records: 0") {
				t.Errorf("%s as %s: %v\n%s", server, user, err, out)
			}
		}
	}
	// The caller stays the token's: daemon's rights are those of daemon.
	if out, err := s.rpcclient(`BEDROCK\daemon%secret`, "ncacn_np:127.0.0.1[seal]", "eventlog_numrecord Security"); err == nil || !strings.Contains(out+err.Error(), "NT_STATUS_ACCESS_DENIED") {
		t.Errorf("daemon in Security: %v\n%s", err, out)
	}
	smbtorture := logtest.Program(t, "smbtorture", "samba-testsuite")
	create := exec.Command(netelf, "log", "create", "dns server")
	create.Env = append(os.Environ(), "NETELF_SOCKET="+socket)
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, options := range []string{"sign", "seal"} {
		out, err := run(smbtorture, "-s", s.conf, "--option=torture:dangerous=yes", fmt.Sprintf("ncacn_np:127.0.0.1[port=%d,%s]", s.port, options), "-U", `BEDROCK\root%secret`, "rpc.eventlog")
		if n := strings.Count(out, "\nsuccess: "); err != nil || n != 8 {
			t.Errorf("%s: %d of 8: %v\n%s", options, n, err, out)
		}
		// The next run makes backups of the same names.
		if err := os.RemoveAll(filepath.Join(data, "backup")); err != nil {
			t.Fatal(err)
		}
	}

	daemon := smbDial(t, s, smb.Credentials{User: "daemon", Password: "secret"})
	for _, x := range []struct {
		name  string
		inner rpcauth.Credentials
		ok    bool
	}{
		{"right", rpcauth.Credentials{User: "daemon", Domain: "BEDROCK", Password: "secret"}, true},
		{"wrong password", rpcauth.Credentials{User: "daemon", Domain: "BEDROCK", Password: "wrong"}, false},
		{"another user", rpcauth.Credentials{User: "root", Domain: "BEDROCK", Password: "secret"}, false},
		{"anonymous", rpcauth.Credentials{Anonymous: true}, false},
		{"right again", rpcauth.Credentials{User: "daemon", Password: "secret"}, true},
	} {
		for _, negotiate := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, SPNEGO %v", x.name, negotiate), func(t *testing.T) {
				err := innerBind(t, daemon, x.inner, negotiate)
				if x.ok != (err == nil) || !x.ok && !errors.Is(err, fs.ErrPermission) {
					t.Errorf("%v", err)
				}
			})
		}
	}
	// Without a domain rpcclient names the workgroup, which winbind does not know. It is the
	// last of the failures that cost nothing.
	if out, err := s.rpcclient("daemon%secret", "ncacn_np:127.0.0.1[seal]", "eventlog_numrecord Application"); err == nil {
		t.Errorf("in the workgroup's domain: %s", out)
	}
	stop()
	if text := log.String(); strings.Contains(text, "Session-Key") || strings.Contains(text, "NT-Response") {
		t.Error("there is what is secret in the log")
	}
	out, err := run(netelf, "scan", "-o", "json", "--log", "Security", "dir:"+data)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := map[string]int{}
	for line := range strings.Lines(out) {
		var e struct {
			EventID int      `json:"id"`
			Strings []string `json:"strings"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		if e.EventID == 529 || e.EventID == 537 || e.EventID == 540 {
			got[fmt.Sprint(e.EventID, " ", e.Strings[0], " ", e.Strings[3])]++
		}
	}
	want := map[string]int{"529 daemon samba": 3, "537 root samba": 2}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("in Security is %v, want %v\n%s", got, want, out)
	}
}

// innerBind binds inside a pipe, and makes a call that is refused by its number.
func innerBind(t *testing.T, s *smb.Session, c rpcauth.Credentials, negotiate bool) error {
	t.Helper()
	i, err := rpcauth.NewInitiator(c, "host/127.0.0.1", negotiate)
	if err != nil {
		t.Fatal(err)
	}
	return bindAs(t, s, i)
}

// bindAs is innerBind with the calling side as it is.
func bindAs(t *testing.T, s *smb.Session, i *rpcauth.Initiator) error {
	t.Helper()
	nc, err := s.Pipe(t.Context(), "eventlog")
	if err != nil {
		t.Fatal(err)
	}
	cl, err := dcerpc.Dial(t.Context(), nc, &dcerpc.ClientOptions{Interface: rpcEventlogID, Mechanism: i, AuthType: i.AuthType()})
	if err != nil {
		return err
	}
	defer cl.Close()
	_, err = cl.Call(context.Background(), 200, nil)
	var f *dcerpc.Fault
	if errors.As(err, &f) && f.Status == dcerpc.FaultOpRange {
		return nil
	}
	return err
}
