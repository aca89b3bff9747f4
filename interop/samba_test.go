//go:build interop

package interop

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"netelf.example/internal/logtest"
)

// smbdOptions are those of a private smbd.
type smbdOptions struct {
	EventLogs []string // of its own event log server; empty: it opens none
	Users     []string // Unix users with the password secret, beside root
	Config    []string // more lines of [global]
	OwnHelper bool     // samba-dcerpcd runs as a service; false: smbd starts it as pipes are opened
}

// smbd is Samba with everything of it under one folder, on a port of its own.
// Root's password is secret.
type smbd struct {
	t       testing.TB
	dir     string
	conf    string // smb.conf
	ncalrpc string // its ncalrpc directory
	port    int
	cmd     *exec.Cmd
	log     bytes.Buffer
	ended   chan struct{} // cmd has
}

// startSMBD starts a private smbd, which ends with the test, and its helpers too. It
// needs root.
func startSMBD(t testing.TB, o smbdOptions) *smbd {
	t.Helper()
	program, smbpasswd := logtest.Program(t, "smbd", "samba"), logtest.Program(t, "smbpasswd", "samba-common-bin")
	if os.Getuid() != 0 {
		logtest.Missing(t, "smbd wants root")
	}
	s := &smbd{t: t, dir: t.TempDir(), ended: make(chan struct{})}
	s.conf, s.ncalrpc = filepath.Join(s.dir, "smb.conf"), filepath.Join(s.dir, "ncalrpc")
	for _, name := range []string{"state", "cache", "lock", "pid", "private", "ncalrpc", "log"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	list := ""
	for _, name := range o.EventLogs {
		list += fmt.Sprintf(" %q", name)
	}
	conf := append([]string{
		"[global]",
		"workgroup = QUARRY", "netbios name = BEDROCK", "server role = standalone server",
		fmt.Sprint("smb ports = ", s.port), "interfaces = lo", "bind interfaces only = yes",
		"state directory = DIR/state", "cache directory = DIR/cache", "lock directory = DIR/lock",
		"pid directory = DIR/pid", "private dir = DIR/private", "ncalrpc dir = DIR/ncalrpc",
		"eventlog list =" + list, "disable netbios = yes", "load printers = no",
	}, o.Config...)
	if o.OwnHelper {
		conf = append(conf, "rpc start on demand helpers = no")
	}
	text := strings.ReplaceAll(strings.Join(conf, "\n")+"\n", "DIR", s.dir)
	if err := os.WriteFile(s.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, user := range append([]string{"root"}, o.Users...) {
		cmd := exec.Command(smbpasswd, "-c", s.conf, "-s", "-a", user)
		cmd.Stdin = strings.NewReader("secret\nsecret\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("smbpasswd: %v: %s", err, out)
		}
	}
	s.cmd = exec.Command(program, "--foreground", "--no-process-group", "-s", s.conf, "-l", filepath.Join(s.dir, "log"))
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // it is ended by a signal
	}()
	t.Cleanup(s.stop)
	s.until("smbd answering", func() bool {
		nc, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", s.port))
		if err == nil {
			_ = nc.Close()
		}
		return err == nil
	})
	if o.OwnHelper {
		s.startHelper()
	}
	return s
}

// startHelper starts samba-dcerpcd as a service.
func (s *smbd) startHelper() {
	s.t.Helper()
	program := "/usr/libexec/samba/samba-dcerpcd"
	if out, err := exec.Command(program, "-s", s.conf, "-D", "-l", filepath.Join(s.dir, "log"), "--libexec-rpcds").CombinedOutput(); err != nil {
		s.t.Fatalf("samba-dcerpcd: %v: %s", err, out)
	}
	s.until("samba-dcerpcd's pipes", func() bool {
		nc, err := net.Dial("unix", s.np("lsarpc"))
		if err == nil {
			_ = nc.Close()
		}
		return err == nil
	})
}

// stop ends smbd, its children, and its helpers.
func (s *smbd) stop() {
	s.stopHelpers()
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
	}
	s.stopHelpers() // one that was started meanwhile
	if s.t.Failed() {
		s.t.Logf("smbd: %s", s.log.String())
	}
}

// helper is the process of samba-dcerpcd, which unless it is a service smbd starts
// at the first open of a pipe; 0: there is none.
func (s *smbd) helper() int {
	b, err := os.ReadFile(filepath.Join(s.dir, "pid", "samba-dcerpcd.pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 1 {
		return 0
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !bytes.Contains(line, []byte(s.conf)) {
		return 0 // it has ended
	}
	return pid
}

// stopHelpers ends samba-dcerpcd and its rpcd_*, which are a process group, as they
// end when they are idle.
func (s *smbd) stopHelpers() {
	pid := s.helper()
	if pid == 0 {
		return
	}
	_ = syscall.Kill(-pid, syscall.SIGTERM) // it may have ended meanwhile
	for end := time.Now().Add(10 * time.Second); s.helper() == pid; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
			return
		}
	}
}

// np is a name in the folder of pipes.
func (s *smbd) np(name string) string { return filepath.Join(s.ncalrpc, "np", name) }

// until waits for what must happen.
func (s *smbd) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("no %s in time", what)
		}
	}
}

// rpcclient runs commands as a user, "root%secret", on a server, "127.0.0.1" or
// "ncacn_np:127.0.0.1[seal]". It prints records only where it is told to debug.
func (s *smbd) rpcclient(user, server string, commands ...string) (string, error) {
	s.t.Helper()
	return run(logtest.Program(s.t, "rpcclient", "smbclient"), "-d1", "--debug-stdout", "-s", s.conf, "-p", strconv.Itoa(s.port), "-U", user, server, "-c", strings.Join(commands, ";"))
}
