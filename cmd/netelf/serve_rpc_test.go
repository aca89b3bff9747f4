//go:build unix

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/epm"
	"netelf.example/internal/ndr"
	"netelf.example/internal/rpcauth"
	"netelf.example/nt"
)

// rpcUsers are the users of serveRPC, with their groups; the password of each is
// secret- and the name.
var rpcUsers = [][2]string{{"fred", "administrators"}, {"betty", "readers"}, {"barney", "users"}}

// rpcServing is a service that answers MS-EVEN.
type rpcServing struct {
	*serving
	addr, mapper string
}

var rpcListens = regexp.MustCompile(`msg=(MS-EVEN|"endpoint mapper") listen=(\S+)`)

// serveRPC starts a service with rpcUsers on ports of its own. more is lines of the
// section rpc.
func serveRPC(t *testing.T, more ...string) *rpcServing {
	t.Helper()
	dir := serveDir(t)
	bin, err := netelfBin()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "users.json")
	for _, u := range rpcUsers {
		cmd := exec.Command(bin, "user", "add", u[0], "--group", u[1], "--file", file)
		cmd.Env, cmd.Stdin = plainEnv(), strings.NewReader("secret-"+u[0]+"\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	conf := filepath.Join(dir, "netelf.yaml")
	text := "service:\n  users: " + file + "\n  computer: bedrock.quarry.example\nrpc:\n  listen: 127.0.0.1:0\n  mapper: 127.0.0.1:0\n"
	for _, line := range more {
		text += "  " + line + "\n"
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &rpcServing{serving: serve(t, dir, "--config", conf)}
	for _, m := range rpcListens.FindAllStringSubmatch(s.stderr(), -1) {
		if m[1] == "MS-EVEN" {
			s.addr = m[2]
		} else {
			s.mapper = m[2]
		}
	}
	if s.addr == "" || s.mapper == "" {
		t.Fatalf("it does not say where it listens:\n%s", s.stderr())
	}
	return s
}

// logOn binds as a user; "" does not log on.
func (s *rpcServing) logOn(user, password string, level uint8) (*dcerpc.Client, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), awaitTime)
	defer cancel()
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	o := &dcerpc.ClientOptions{Interface: even.Interface}
	if user != "" {
		m, err := rpcauth.NewInitiator(rpcauth.Credentials{User: user, Password: password}, "host/bedrock", true)
		if err != nil {
			s.t.Fatal(err)
		}
		o.Mechanism, o.AuthType, o.AuthLevel, o.HeaderSigning = m, m.AuthType(), level, true
	}
	c, err := dcerpc.Dial(ctx, nc, o)
	if err == nil {
		s.t.Cleanup(func() { _ = c.Close() }) // the service may have ended it
	}
	return c, err
}

// opens opens a log (ElfrOpenELW) or a source (ElfrRegisterEventSourceW).
func (s *rpcServing) opens(c *dcerpc.Client, op uint16, name string) error {
	s.t.Helper()
	w := ndr.NewWriter(nil, binary.LittleEndian)
	w.Pointer(false)
	for _, text := range []string{name, ""} {
		w.UnicodeString(ndr.Text(text))
		w.Flush()
	}
	w.Uint32(1)
	w.Uint32(1)
	in, err := w.Bytes()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), awaitTime)
	defer cancel()
	out, err := c.Call(ctx, op, in)
	if err != nil {
		return err
	}
	r := ndr.NewReader(out, binary.LittleEndian, "open")
	h, status := r.ContextHandle(), nt.Status(r.Uint32())
	if r.Err() != nil || h.IsZero() != status.Failed() {
		s.t.Errorf("%s: handle %x with %v, %v", name, h, status, r.Err())
	}
	if status != nt.StatusSuccess {
		return status
	}
	return nil
}

// logons are what Security says of logons: its ids and users.
func (s *rpcServing) logons() (list []string) {
	s.t.Helper()
	l, err := s.client().OpenLog(s.t.Context(), "Security")
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	for e, err := range eventlog.All(s.t.Context(), l, &eventlog.Selection{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		if id := uint32(e.ID) & 0xffff; slices.Contains([]uint32{540, 529, 537}, id) {
			list = append(list, fmt.Sprint(id, " ", strings.Join(e.Strings[:2], " ")))
		}
	}
	return list
}

const (
	opOpenLog        = 7
	opRegisterSource = 8
)

// TestServeRPC: the endpoint mapper tells the port, each user may what its group
// may, and Security has all who came.
func TestServeRPC(t *testing.T) {
	s := serveRPC(t)
	nc, err := net.Dial("tcp", s.mapper)
	if err != nil {
		t.Fatal(err)
	}
	if addr, err := epm.Map(t.Context(), nc, even.Interface); err != nil || addr != s.addr {
		t.Errorf("the endpoint mapper says %s, %v, want %s", addr, err, s.addr)
	}
	for _, x := range []struct{ user, reads, reports string }{
		{"fred", "System Security Application", "System Application"},
		{"betty", "System Security Application", "Application"},
		{"barney", "System Application", "Application"},
	} {
		c, err := s.logOn(x.user, "secret-"+x.user, dcerpc.LevelPrivacy)
		if err != nil {
			t.Errorf("%s: %v", x.user, err)
			continue
		}
		for _, log := range []string{"System", "Security", "Application"} {
			for op, may := range map[uint16]string{opOpenLog: x.reads, opRegisterSource: x.reports} {
				want := error(nt.StatusAccessDenied)
				if slices.Contains(strings.Fields(may), log) {
					want = nil
				}
				if err := s.opens(c, op, log); err != want {
					t.Errorf("%s: operation %d of %s: %v, want %v", x.user, op, log, err, want)
				}
			}
		}
	}
	for _, x := range [][2]string{{"fred", "wrong"}, {"dino", "secret-dino"}} {
		if _, err := s.logOn(x[0], x[1], dcerpc.LevelPrivacy); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s with %s: %v", x[0], x[1], err)
		}
	}
	c, err := s.logOn("", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.opens(c, opOpenLog, "System"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("who did not log on: %v", err)
	}
	// A refused logon names no domain of ours.
	want := []string{"540 fred BEDROCK", "540 betty BEDROCK", "540 barney BEDROCK", "529 fred -", "529 dino -"}
	if d := cmp.Diff(want, s.logons()); d != "" {
		t.Errorf("Security (-want +got):\n%s", d)
	}
	s.stop() // with clients that are still there
	if !strings.Contains(s.stderr(), `reason="it does not log on, and rpc.anonymous is false"`) {
		t.Errorf("it does not say why it refused:\n%s", s.stderr())
	}
}

// TestServeRPCThrottle: behind five wrong passwords the right one has to wait for a
// second, whoever asks, and what waits is not written down.
func TestServeRPCThrottle(t *testing.T) {
	s := serveRPC(t)
	for range 4 {
		if _, err := s.logOn("barney", "wrong", dcerpc.LevelPrivacy); !errors.Is(err, fs.ErrPermission) {
			t.Fatal(err)
		}
	}
	fifth := time.Now()
	if _, err := s.logOn("Barney", "wrong", dcerpc.LevelPrivacy); !errors.Is(err, fs.ErrPermission) {
		t.Fatal(err)
	}
	var err error
	for end := fifth.Add(awaitTime); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err = s.logOn("barney", "secret-barney", dcerpc.LevelPrivacy); err == nil {
			break
		}
	}
	if took := time.Since(fifth); err != nil || took < time.Second {
		t.Errorf("behind five wrong passwords the right one is taken within %v, %v", took, err)
	}
	want := []string{"529 barney -", "529 barney -", "529 barney -", "529 barney -", "529 Barney -", "540 barney BEDROCK"}
	if d := cmp.Diff(want, s.logons()); d != "" {
		t.Errorf("Security (-want +got):\n%s", d)
	}
}

// TestServeRPCSecurity: rpc.security and rpc.anonymous, from loopback. TestServeRPC
// of package interop has all of them, and from elsewhere.
func TestServeRPCSecurity(t *testing.T) {
	for _, x := range []struct {
		more []string
		want string // of nobody, and of connect, integrity, privacy
	}{
		{nil, "- ok ok ok"},
		{[]string{"anonymous: true"}, "log ok ok ok"},
		{[]string{"security: integrity"}, "- - ok ok"},
		{[]string{"security: privacy", "anonymous: true"}, "- - - ok"},
	} {
		s := serveRPC(t, x.more...)
		var got []string
		for _, level := range []uint8{0, dcerpc.LevelConnect, dcerpc.LevelIntegrity, dcerpc.LevelPrivacy} {
			user := "fred"
			if level == 0 {
				user = ""
			}
			c, err := s.logOn(user, "secret-fred", level)
			if err == nil {
				err = s.opens(c, opOpenLog, "System")
			}
			switch {
			case err == nil:
				got = append(got, "ok")
			case err == nt.StatusAccessDenied: // by the log's rules
				got = append(got, "log")
			case errors.Is(err, fs.ErrPermission):
				got = append(got, "-")
			default:
				got = append(got, err.Error())
			}
		}
		if g := strings.Join(got, " "); g != x.want {
			t.Errorf("%q: %s, want %s", x.more, g, x.want)
		}
		s.stop()
	}
}

// TestServeRPCMistakes: what cannot be offered ends the start, and says what it was.
func TestServeRPCMistakes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, x := range []struct{ conf, want string }{
		{"rpc: {mapper: '127.0.0.1:0'}", "rpc.mapper has nothing to tell without rpc.listen"},
		{"rpc: {listen: '" + taken.Addr().String() + "'}", "rpc.listen: listen tcp " + taken.Addr().String() + ": bind: address already in use"},
		{"rpc: {listen: '127.0.0.1:0', mapper: '" + taken.Addr().String() + "'}", "rpc.mapper: listen tcp " + taken.Addr().String() + ": bind: address already in use"},
		{"rpc: {listen: '127.0.0.1'}", "want an address and a port"},
		{"rpc: {listen: '127.0.0.1:0', security: much}", "want auto, none, connect, integrity or privacy"},
	} {
		dir := serveDir(t)
		conf := filepath.Join(dir, "netelf.yaml")
		if err := os.WriteFile(conf, []byte(x.conf+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := begin(t, dir, "--config", conf)
		select {
		case <-s.done:
		case <-time.After(awaitTime):
			t.Fatalf("%s: it does not end", x.conf)
		}
		if s.err == nil || !strings.Contains(s.stderr(), x.want) {
			t.Errorf("%s: %v\n%s\nwant %s", x.conf, s.err, s.stderr(), x.want)
		}
	}
}

// TestNetBIOS: names of computers as NT knows them.
func TestNetBIOS(t *testing.T) {
	for name, want := range map[string]string{
		"": "NETELF", "bedrock": "BEDROCK", "bedrock.quarry.example": "BEDROCK", ".example": "NETELF", "a-computer-with-a-long-name": "A-COMPUTER-WITH",
	} {
		if got := netBIOS(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestAddrOf: where a peer is, as far as that can be said.
func TestAddrOf(t *testing.T) {
	for want, a := range map[string]net.Addr{
		"127.0.0.1":  &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1},
		"10.1.2.3":   &net.TCPAddr{IP: net.ParseIP("::ffff:10.1.2.3"), Port: 1},
		"fe80::1%lo": &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "lo", Port: 1},
	} {
		if got := addrOf(&dcerpc.Peer{Addr: a}).String(); got != want {
			t.Errorf("%v: %s, want %s", a, got, want)
		}
	}
	for _, p := range []*dcerpc.Peer{nil, {}, {Addr: &net.UnixAddr{Name: "/run/x", Net: "unix"}}} {
		if got := addrOf(p); got.IsValid() {
			t.Errorf("%v: %v", p, got)
		}
	}
}
