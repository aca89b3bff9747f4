//go:build interop

package interop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/logtest"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/smb"
	"netelf.example/nt"
)

var smbRoot = smb.Credentials{User: "root", Password: "secret"}

// rpcRoot is the same inside a pipe.
var rpcRoot = rpcauth.Credentials{User: smbRoot.User, Password: smbRoot.Password}

// smbAddress is a smbd's address.
func smbAddress(w *smbd) string { return fmt.Sprint("127.0.0.1:", w.port) }

// smbDial logs on at a smbd.
func smbDial(t testing.TB, w *smbd, c smb.Credentials) *smb.Session {
	t.Helper()
	s, err := smb.Dial(t.Context(), smb.Options{Address: smbAddress(w), Credentials: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

// bind binds to an interface over a pipe, with privacy inside it or without.
func bindPipe(t testing.TB, s *smb.Session, pipe string, iface dcerpc.SyntaxID, negotiate, private bool) *dcerpc.Client {
	t.Helper()
	nc, err := s.Pipe(t.Context(), pipe)
	if err != nil {
		t.Fatal(err)
	}
	o := &dcerpc.ClientOptions{Interface: iface}
	if private {
		i, err := rpcauth.NewInitiator(rpcRoot, "host/127.0.0.1", negotiate)
		if err != nil {
			t.Fatal(err)
		}
		o.Mechanism, o.AuthType = i, i.AuthType()
	}
	c, err := dcerpc.Dial(t.Context(), nc, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the session is over, too
	return c
}

// TestSMBDialects: a pipe works in every dialect, signed and encrypted, and with
// privacy inside it.
func TestSMBDialects(t *testing.T) {
	smbstatus := logtest.Program(t, "smbstatus", "samba")
	for _, x := range []struct {
		name   string
		lines  []string
		status string // dialect, encryption and signing, as Samba sees them
	}{
		{"2.0.2", []string{"server max protocol = SMB2_02"}, "SMB2_02 - HMAC-SHA256"},
		{"2.1", []string{"server max protocol = SMB2_10"}, "SMB2_10 - HMAC-SHA256"},
		{"3.0", []string{"server max protocol = SMB3_00"}, "SMB3_00 - AES-128-CMAC"},
		{"3.0.2", []string{"server max protocol = SMB3_02"}, "SMB3_02 - AES-128-CMAC"},
		{"3.1.1", nil, "SMB3_11 - AES-128-CMAC"},
		{"3.0 encrypted", []string{"server max protocol = SMB3_00", "smb encrypt = required"}, "SMB3_00 AES-128-CCM AES-128-CMAC"},
		{"3.1.1 encrypted", []string{"smb encrypt = required"}, "SMB3_11 AES-128-GCM AES-128-CMAC"},
		{"3.1.1 encrypted with CCM", []string{"smb encrypt = required", "server smb3 encryption algorithms = AES-128-CCM"}, "SMB3_11 AES-128-CCM AES-128-CMAC"},
		{"3.1.1 without encryption", []string{"smb encrypt = off"}, "SMB3_11 - AES-128-CMAC"},
		{"3.1.1 signing required", []string{"server signing = mandatory"}, "SMB3_11 - AES-128-CMAC"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := startSMBD(t, smbdOptions{Config: x.lines})
			s := smbDial(t, w, smbRoot)
			if d, ok := s.Skew(); !ok || d.Abs() > 10*time.Second {
				t.Errorf("the clock of this very machine is %v ahead, %v", d, ok)
			}
			for _, private := range []bool{false, true} {
				c := bindPipe(t, s, "winreg", rpcWinregID, true, private)
				// OpenLocalMachine with no server name and the right to ask.
				out, err := c.Call(t.Context(), 2, []byte{0, 0, 0, 0, 0x19, 0, 2, 0})
				if err != nil || len(out) != 24 || string(out[20:]) != "\x00\x00\x00\x00" {
					t.Errorf("private %v: % x, %v", private, out, err)
				}
			}
			out, err := run(smbstatus, "-s", w.conf, "-p")
			got := ""
			for line := range strings.Lines(out) {
				if f := strings.Fields(line); len(f) > 3 && f[1] == "root" {
					got = strings.Join(f[len(f)-3:], " ")
				}
			}
			if err != nil || got != x.status {
				t.Errorf("Samba says %q, want %q: %v\n%s", got, x.status, err, out)
			}
		})
	}
}

// TestSMBPipes: one session has many pipes at a time; closing one, or giving up a
// call in it, leaves the others alone.
func TestSMBPipes(t *testing.T) {
	w := startSMBD(t, smbdOptions{})
	s := smbDial(t, w, smbRoot)
	var all sync.WaitGroup
	for range 4 {
		c := bindPipe(t, s, "winreg", rpcWinregID, true, true)
		all.Go(func() {
			for range 50 {
				if _, err := c.Call(t.Context(), 2, []byte{0, 0, 0, 0, 0x19, 0, 2, 0}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()

	// Nothing comes from a pipe before there was a bind: the read waits.
	nc, err := s.Pipe(t.Context(), "winreg")
	if err != nil {
		t.Fatal(err)
	}
	if a := nc.RemoteAddr(); a.String() != `\\127.0.0.1\pipe\winreg` || a.Network() != "ncacn_np" {
		t.Errorf("the address is %s of %s", a, a.Network())
	}
	if err := nc.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := nc.Read(make([]byte, 100)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %d, %v", n, err)
	}
	if err := nc.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() {
		_, err := nc.Read(make([]byte, 100))
		read <- err
	}()
	if err := nc.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of a pipe that is closed: %v", err)
	}
	c := bindPipe(t, s, "winreg", rpcWinregID, false, true)
	if _, err := c.Call(t.Context(), 2, []byte{0, 0, 0, 0, 0x19, 0, 2, 0}); err != nil {
		t.Error(err)
	}

	// The end of the session is the end of its pipes, and of what is under way.
	nc, err = s.Pipe(t.Context(), "winreg")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := nc.Read(make([]byte, 100))
		read <- err
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of a session that is closed: %v", err)
	}
	if _, err := s.Pipe(t.Context(), "winreg"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("pipe of a session that is closed: %v", err)
	}
}

// TestSMBErrors: what is refused says so, and never with the password.
func TestSMBErrors(t *testing.T) {
	w := startSMBD(t, smbdOptions{Config: []string{"restrict anonymous = 2", "max protocol = SMB3"}})
	old := startSMBD(t, smbdOptions{Config: []string{"server min protocol = NT1", "server max protocol = NT1"}})
	guests := startSMBD(t, smbdOptions{Config: []string{"map to guest = Bad User"}})
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	dial := func(address string, c smb.Credentials) error {
		s, err := smb.Dial(t.Context(), smb.Options{Address: address, Credentials: c})
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	s := smbDial(t, w, smbRoot)
	pipe := func(name string) error {
		nc, err := s.Pipe(t.Context(), name)
		if err == nil {
			_ = nc.Close()
		}
		return err
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, gaveUp := s.Pipe(ended, "winreg")
	for _, x := range []struct {
		name  string
		err   error
		is    error
		state eventlog.State
		text  string
	}{
		{"wrong password", dial(smbAddress(w), smb.Credentials{User: "root", Domain: "QUARRY", Password: "hunter2"}), fs.ErrPermission, eventlog.Refused,
			"smb: " + smbAddress(w) + `: logon as QUARRY\root: wrong user name or password (STATUS_LOGON_FAILURE)`},
		{"no such user", dial(smbAddress(w), smb.Credentials{User: "barney", Password: "hunter2"}), fs.ErrPermission, eventlog.Refused,
			"smb: " + smbAddress(w) + `: logon as barney: `},
		{"guest", dial(smbAddress(guests), smb.Credentials{User: "barney", Password: "hunter2"}), nil, eventlog.Failed,
			"smb: " + smbAddress(guests) + ": logon as barney: the server took the logon as that of a guest, and nothing could be signed"},
		{"SMB 1", dial(smbAddress(old), smbRoot), nil, eventlog.Unreachable, "smb: " + smbAddress(old) + ": the server hangs up, as one that speaks SMB 1 only: read tcp: unexpected EOF"},
		{"refused", dial(nobody.Addr().String(), smbRoot), syscall.ECONNREFUSED, eventlog.Unreachable, "smb: dial tcp " + nobody.Addr().String()},
		{"no pipe", pipe("quarry"), fs.ErrNotExist, eventlog.Failed, "smb: " + smbAddress(w) + `: \pipe\quarry: the server has no such pipe`},
		{"gave up", gaveUp, context.Canceled, eventlog.Cancelled, "context canceled"},
	} {
		if x.err == nil || x.is != nil && !errors.Is(x.err, x.is) || !strings.HasPrefix(x.err.Error(), x.text) || strings.Contains(x.err.Error(), "hunter2") {
			t.Errorf("%s: %v", x.name, x.err)
		}
		if got := eventlog.StateOf(x.err); got != x.state {
			t.Errorf("%s: the state is %s, want %s", x.name, got, x.state)
		}
	}
	if err := pipe("winreg"); err != nil {
		t.Errorf("behind the errors: %v", err)
	}
}

// TestSMBAnonymous: nobody gets in where the server lets it.
func TestSMBAnonymous(t *testing.T) {
	w := startSMBD(t, smbdOptions{})
	s := smbDial(t, w, smb.Credentials{Anonymous: true})
	c := bindPipe(t, s, "lsarpc", lsarpcID, false, false)
	if c.Address() != `\pipe\lsass` {
		t.Errorf("bound to %s", c.Address())
	}
}

// TestSMBServerGone: when the server ends, what is under way says so.
func TestSMBServerGone(t *testing.T) {
	w := startSMBD(t, smbdOptions{})
	var tcp net.Conn
	s, err := smb.Dial(t.Context(), smb.Options{Address: smbAddress(w), Credentials: smbRoot, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, address)
		tcp = nc
		return nc, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := s.Pipe(t.Context(), "winreg")
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() {
		_, err := nc.Read(make([]byte, 100))
		read <- err
	}()
	if err := tcp.(*net.TCPConn).CloseRead(); err != nil {
		t.Fatal(err)
	}
	if err := <-read; eventlog.StateOf(err) != eventlog.Unreachable {
		t.Errorf("read: %v", err)
	}
	if _, err := s.Pipe(t.Context(), "winreg"); eventlog.StateOf(err) != eventlog.Unreachable {
		t.Errorf("pipe: %v", err)
	}
	if err := nc.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// lsarpcID is an interface that Samba lets nobody bind to.
var lsarpcID = dcerpc.SyntaxID{UUID: nt.GUID{0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab}}
