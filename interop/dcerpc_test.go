//go:build interop

package interop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/epm"
	"netelf.example/internal/logtest"
	"netelf.example/internal/ndr"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/spnego"
	"netelf.example/nt"
)

// NTLM, raw and in SPNEGO, as mechanisms of dcerpc.
type (
	rpcMechanism struct {
		step     func(token []byte) ([]byte, bool, error)
		session  func() *ntlm.Session
		identity func() any
	}
	rpcSecurity struct{ *ntlm.Session }
)

func (m rpcMechanism) Step(token []byte) ([]byte, bool, error) { return m.step(token) }
func (m rpcMechanism) Security() dcerpc.Security               { return rpcSecurity{m.session()} }
func (m rpcMechanism) Identity() any                           { return m.identity() }

func (s rpcSecurity) SignsHeader() bool { return s.Flags()&ntlm.FlagExtendedSessionSecurity != 0 }

// rpcAcceptor knows fred, whose password is yabba.
func rpcAcceptor(t testing.TB, authType uint8) dcerpc.Mechanism {
	a, err := ntlm.NewAcceptor(ntlm.AcceptorOptions{Computer: "BEDROCK", Lookup: func(_, user string) ([16]byte, bool, error) {
		return ntlm.NTHash("yabba"), user == "fred", nil
	}})
	if err != nil {
		t.Error(err)
	}
	m := rpcMechanism{a.Step, a.Security, func() any {
		user, _ := a.Name()
		return user
	}}
	if authType == dcerpc.AuthSPNEGO {
		s, err := spnego.NewAcceptor([]spnego.Offer{{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return a, nil }}})
		if err != nil {
			t.Error(err)
		}
		m.step = s.Step
	}
	return m
}

// rpcInitiator is a client of a user.
func rpcInitiator(t testing.TB, authType uint8, user, password string) dcerpc.Mechanism {
	i, err := ntlm.NewInitiator(ntlm.InitiatorOptions{User: user, Password: password, Seal: true})
	if err != nil {
		t.Fatal(err)
	}
	m := rpcMechanism{i.Step, i.Security, func() any { return nil }}
	if authType == dcerpc.AuthSPNEGO {
		s, err := spnego.NewInitiator([]spnego.Offer{{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return i, nil }}})
		if err != nil {
			t.Fatal(err)
		}
		m.step = s.Step
	}
	return m
}

var (
	rpcEchoID     = dcerpc.SyntaxID{UUID: nt.GUID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, Version: 1}
	rpcEventlogID = dcerpc.SyntaxID{UUID: nt.GUID{0xdc, 0x3f, 0x27, 0x82, 0x2a, 0xe3, 0xc3, 0x18, 0x3f, 0x78, 0x82, 0x79, 0x29, 0xdc, 0x23, 0xea}}
	rpcWinregID   = dcerpc.SyntaxID{UUID: nt.GUID{0x01, 0xd0, 0x8c, 0x33, 0x44, 0x22, 0xf1, 0x31, 0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03}, Version: 1}
)

// rpcHandler is a handler that is a function.
type rpcHandler func(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error)

func (h rpcHandler) Call(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	return h(ctx, op, in, order)
}
func (rpcHandler) Close() {}

// rpcEcho gives stubs back, and says who the peer is.
func rpcEcho(_ context.Context, p *dcerpc.Peer) (dcerpc.Handler, error) {
	return rpcHandler(func(_ context.Context, op uint16, in []byte, _ binary.ByteOrder) ([]byte, error) {
		switch op {
		case 0:
			return bytes.Clone(in), nil
		case 6:
			return fmt.Appendf(nil, "%v %d %d", p.Identity, p.AuthType, p.AuthLevel), nil
		}
		return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
	}), nil
}

// rpcListen listens, and waits for a port that another test has. Ports below 1024
// want root.
func rpcListen(t *testing.T, address string) net.Listener {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		l, err := net.Listen("tcp", address)
		switch {
		case err == nil:
			return l
		case errors.Is(err, fs.ErrPermission):
			logtest.Missing(t, fmt.Sprintf("%v: run it as root", err))
		case time.Now().After(end):
			t.Fatal(err)
		}
	}
}

// rpcServe runs a server at an address until the test ends.
func rpcServe(t *testing.T, address string, o dcerpc.ServerOptions) *net.TCPAddr {
	t.Helper()
	l := rpcListen(t, address)
	o.Auth = map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism{}
	for _, a := range []uint8{dcerpc.AuthNTLM, dcerpc.AuthSPNEGO} {
		o.Auth[a] = func(*dcerpc.Peer) dcerpc.Mechanism { return rpcAcceptor(t, a) }
	}
	o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := dcerpc.NewServer(o)
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != dcerpc.ErrServerClosed {
			t.Error(err)
		}
	})
	return l.Addr().(*net.TCPAddr)
}

// TestImpacketRPC: impacket as a client of our server, with large stubs, small
// fragments, faults, contexts and the endpoint mapper.
func TestImpacketRPC(t *testing.T) {
	python := logtest.Python(t, "impacket", "python3-impacket")
	for _, x := range []struct {
		auth  string
		level int
	}{{"none", 1}, {"ntlm", 2}, {"ntlm", 5}, {"ntlm", 6}} {
		t.Run(fmt.Sprintf("%s level %d", x.auth, x.level), func(t *testing.T) {
			a := rpcServe(t, "127.0.0.1:0", dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{
				{ID: rpcEchoID, New: rpcEcho},
				epm.Interface(
					epm.Entry{Interface: rpcEchoID, Port: 4711, Annotation: "echo"},
					epm.Entry{Interface: rpcEventlogID, Port: 4712, Addr: netip.MustParseAddr("10.1.2.3")},
				),
			}})
			out, err := run(python, "testdata/impacket_dcerpc.py", fmt.Sprint(a.Port), x.auth, fmt.Sprint(x.level))
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			want := "echo\nsmall fragments\npeer <nil> 0 1\nfault nca_s_op_rng_error\nalter_context\nseveral contexts\n" +
				"refused Bind context 1 rejected: provider_rejection; abstract_syntax_not_supported (this usually means the interface isn't listening on the given endpoint)\n" +
				"map ncacn_ip_tcp:127.0.0.1[4711]\n" +
				"map DCERPC Runtime Error: code: 0x16c9a0d6 - ept_s_not_registered \n" + // a pipe
				"lookup 04030201-0605-0807-090A-0B0C0D0E0F10 v1.0 ncacn_ip_tcp:127.0.0.1[4711] b'echo\\x00'\n" +
				"lookup 82273FDC-E32A-18C3-3F78-827929DC23EA v0.0 ncacn_ip_tcp:10.1.2.3[4712] b'\\x00'\n"
			if x.auth != "none" {
				want = fmt.Sprintf("echo\nsmall fragments\npeer fred 10 %d\nfault nca_s_op_rng_error\n", x.level) +
					"refused Bind context 1 rejected: provider_rejection; abstract_syntax_not_supported (this usually means the interface isn't listening on the given endpoint)\n"
			}
			if out != want {
				t.Errorf("impacket says\n%swant\n%s", out, want)
			}
			if x.auth == "none" {
				return
			}
			if out, err := run(python, "testdata/impacket_dcerpc.py", fmt.Sprint(a.Port), x.auth, fmt.Sprint(x.level), "dabba"); err == nil || !strings.Contains(err.Error(), "rpc_s_access_denied") {
				t.Errorf("with a wrong password: %v\n%s", err, out)
			}
		})
	}
}

// TestSambaClientsRPC: Samba's rpcclient, whose checks of our signatures are its own,
// finds the event log's port at our endpoint mapper and counts records there;
// smbtorture does as well.
func TestSambaClientsRPC(t *testing.T) {
	rpcclient := logtest.Program(t, "rpcclient", "smbclient")
	var mu sync.Mutex
	var peers []string
	a := rpcServe(t, "127.0.0.2:0", dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{{
		ID: rpcEventlogID,
		New: func(_ context.Context, p *dcerpc.Peer) (dcerpc.Handler, error) {
			mu.Lock()
			defer mu.Unlock()
			peers = append(peers, fmt.Sprintf("%v %d %d", p.Identity, p.AuthType, p.AuthLevel))
			return rpcHandler(func(_ context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
				w := ndr.NewWriter(nil, order)
				switch op {
				case 7: // ElfrOpenELW
					w.ContextHandle(ndr.ContextHandle{4: 1})
				case 4: // ElfrNumberOfRecords
					w.Uint32(4711)
				case 2: // ElfrCloseEL
					w.ContextHandle(ndr.ContextHandle{})
				default:
					return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
				}
				w.Uint32(0)
				return w.Bytes()
			}), nil
		},
	}}})
	rpcServe(t, "127.0.0.2:135", dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{epm.Interface(epm.Entry{Interface: rpcEventlogID, Port: uint16(a.Port)})}})
	for _, x := range []struct{ options, peer string }{
		{"", "<nil> 0 1"},
		{"connect", "fred 10 2"},
		{"packet", "fred 10 4"},
		{"sign", "fred 10 5"},
		{"seal", "fred 10 6"},
		{"seal,bigendian", "fred 10 6"},
		{"spnego,connect", "fred 9 2"},
		{"spnego,packet", "fred 9 4"},
		{"spnego,sign", "fred 9 5"},
		{"spnego,seal", "fred 9 6"},
	} {
		peers = nil
		out, err := run(rpcclient, "-s", "/dev/null", "-U", `BEDROCK\fred%yabba`, "ncacn_ip_tcp:127.0.0.2["+x.options+"]", "-c", "eventlog_numrecord System")
		if err != nil || !strings.Contains(out, "number of records: 4711") {
			t.Errorf("%s: %v\n%s", x.options, err, out)
		}
		mu.Lock()
		if got := strings.Join(peers, ","); got != x.peer {
			t.Errorf("%s: peers %q, want %q", x.options, got, x.peer)
		}
		mu.Unlock()
	}
	out, err := run(rpcclient, "-s", "/dev/null", "-U", `BEDROCK\fred%dabba`, "ncacn_ip_tcp:127.0.0.2[sign]", "-c", "eventlog_numrecord System")
	if err == nil || !strings.Contains(out+err.Error(), "NT_STATUS_") {
		t.Errorf("with a wrong password: %v\n%s", err, out)
	}

	// Samba's other client.
	smbtorture := logtest.Program(t, "smbtorture", "samba-testsuite")
	for _, x := range []struct{ options, peer string }{
		{"connect", "fred 9 2"},
		{"packet", "fred 9 4"},
		{"sign", "fred 9 5"},
		{"seal", "fred 9 6"},
		{"seal,bigendian", "fred 9 6"},
		{"ntlm,sign", "fred 10 5"},
		{"ntlm,seal", "fred 10 6"},
	} {
		peers = nil
		out, err := run(smbtorture, "--configfile=/dev/null", "-U", `BEDROCK\fred%yabba`, fmt.Sprintf("ncacn_ip_tcp:127.0.0.2[%d,%s]", a.Port, x.options), "rpc.eventlog.eventlog.GetNumRecords")
		if err != nil || !strings.Contains(out, "success: eventlog.GetNumRecords") {
			t.Errorf("%s: %v\n%s", x.options, err, out)
		}
		mu.Lock()
		if got := strings.Join(peers, ","); got != x.peer {
			t.Errorf("%s: peers %q, want %q", x.options, got, x.peer)
		}
		mu.Unlock()
	}
}

// TestSambaRPC: our client at Samba's servers over TCP: its endpoint mapper, and its
// registry under every protection.
func TestSambaRPC(t *testing.T) {
	const dcerpcd = "/usr/libexec/samba/samba-dcerpcd"
	if _, err := os.Stat(dcerpcd); err != nil {
		logtest.Program(t, dcerpcd, "samba")
	}
	smbpasswd := logtest.Program(t, "smbpasswd", "samba-common-bin")
	if err := rpcListen(t, "127.0.0.1:135").Close(); err != nil { // it is for Samba
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := "[global]\nworkgroup = QUARRY\nnetbios name = BEDROCK\nserver role = standalone server\ninterfaces = lo\nbind interfaces only = yes\n" +
		"disable netbios = yes\nload printers = no\nrpc start on demand helpers = no\n"
	for _, d := range []string{"state", "cache", "lock", "pid", "private", "ncalrpc", "log"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for key, d := range map[string]string{"state directory": "state", "cache directory": "cache", "lock directory": "lock", "pid directory": "pid", "private dir": "private", "ncalrpc dir": "ncalrpc"} {
		conf += key + " = " + filepath.Join(dir, d) + "\n"
	}
	config := filepath.Join(dir, "smb.conf")
	if err := os.WriteFile(config, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	set := exec.Command(smbpasswd, "-c", config, "-s", "-a", "root")
	set.Stdin = strings.NewReader("secret\nsecret\n")
	if out, err := set.CombinedOutput(); err != nil {
		t.Fatalf("smbpasswd: %v: %s", err, out)
	}
	var log bytes.Buffer
	daemon := exec.Command(dcerpcd, "-F", "--libexec-rpcds", "--no-process-group", "-s", config, "-l", filepath.Join(dir, "log"))
	daemon.Stdout, daemon.Stderr = &log, &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Signal(os.Interrupt)
		end := time.AfterFunc(10*time.Second, func() { _ = daemon.Process.Kill() })
		_ = daemon.Wait() // ended by a signal
		end.Stop()
		if t.Failed() {
			t.Logf("samba-dcerpcd: %s", log.String())
		}
	})

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dial := func(addr string) net.Conn {
		t.Helper()
		for {
			nc, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
			if err == nil {
				return nc
			}
			select { // it is starting
			case <-ctx.Done():
				t.Fatal(err)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	addr, err := epm.Map(ctx, dial("127.0.0.1:135"), rpcWinregID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := epm.Map(ctx, dial("127.0.0.1:135"), rpcEchoID); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an interface that Samba doesn't have: %v", err)
	}

	for _, authType := range []uint8{dcerpc.AuthNTLM, dcerpc.AuthSPNEGO} {
		for _, level := range []uint8{dcerpc.LevelConnect, dcerpc.LevelPacket, dcerpc.LevelIntegrity, dcerpc.LevelPrivacy} {
			for _, sign := range []bool{false, true} {
				name := fmt.Sprintf("type %d, level %d, header signing %v", authType, level, sign)
				c, err := dcerpc.Dial(ctx, dial(addr), &dcerpc.ClientOptions{
					Interface: rpcWinregID, AuthType: authType, AuthLevel: level, HeaderSigning: sign, MaxFrag: 2000,
					Mechanism: rpcInitiator(t, authType, "root", "secret"),
				})
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if level == dcerpc.LevelConnect { // Samba's registry wants more
					if _, err := c.Call(ctx, 2, make([]byte, 8)); !errors.Is(err, fs.ErrPermission) {
						t.Errorf("%s: %v, want access denied", name, err)
					}
				} else {
					rpcRegistry(ctx, t, name, c)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
	c, err := dcerpc.Dial(ctx, dial(addr), &dcerpc.ClientOptions{
		Interface: rpcWinregID, AuthType: dcerpc.AuthSPNEGO, Mechanism: rpcInitiator(t, dcerpc.AuthSPNEGO, "root", "wrong"),
	})
	if err == nil {
		_ = c.Close()
	}
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("with a wrong password: %v", err)
	}
}

// rpcRegistry opens HKEY_LOCAL_MACHINE, and a key whose name takes several fragments.
func rpcRegistry(ctx context.Context, t *testing.T, name string, c *dcerpc.Client) {
	t.Helper()
	w := ndr.NewWriter(nil, binary.LittleEndian)
	w.Pointer(false)
	w.Uint32(0x02000000) // MAXIMUM_ALLOWED
	in, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Call(ctx, 2, in) // OpenLocalMachine
	if err != nil || len(out) != 24 || binary.LittleEndian.Uint32(out[20:]) != 0 {
		t.Errorf("%s: OpenLocalMachine: %x, %v", name, out, err)
		return
	}
	r := ndr.NewReader(out, binary.LittleEndian, "OpenLocalMachine")
	root := r.ContextHandle()
	for _, x := range []struct {
		key  string
		want uint32
	}{{"SOFTWARE", 0}, {strings.Repeat("no such key ", 200), 2}} {
		w := ndr.NewWriter(nil, binary.LittleEndian)
		w.ContextHandle(root)
		n := nt.UTF16Len(x.key) + 2
		w.Uint16(uint16(n))
		w.Uint16(uint16(n))
		w.Pointer(true)
		w.WideString(x.key)
		w.Align(4)
		w.Uint32(0)
		w.Uint32(0x02000000)
		in, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.Call(ctx, 15, in) // OpenKey
		if err != nil || len(out) != 24 || binary.LittleEndian.Uint32(out[20:]) != x.want {
			t.Errorf("%s: OpenKey %.12s: %x, %v, want status %d", name, x.key, out, err, x.want)
		}
	}
	var f *dcerpc.Fault
	if _, err := c.Call(ctx, 999, nil); !errors.As(err, &f) || f.Status != dcerpc.FaultOpRange {
		t.Errorf("%s: operation 999: %v", name, err)
	}
}

// tap keeps what a connection's two ends write: one PDU a Write.
type tap struct {
	mu  sync.Mutex
	all []tapped
}

type tapped struct {
	server bool
	pdu    []byte
}

type tappedConn struct {
	net.Conn
	tap    *tap
	server bool
}

func (c tappedConn) Write(b []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.all = append(c.tap.all, tapped{c.server, bytes.Clone(b)})
	c.tap.mu.Unlock()
	return c.Conn.Write(b)
}

// pcap is what was tapped as packets of one TCP connection to a port, in a file of
// link type 101, raw IP.
func (t *tap) pcap(port uint16) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	b := append(le.AppendUint32(nil, 0xa1b2c3d4), 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0)
	seq := map[bool]uint32{}
	for i, p := range t.all {
		ip := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2}
		be.PutUint16(ip[2:], uint16(len(ip)+20+len(p.pdu)))
		from, to := uint16(50000), port
		if p.server {
			from, to = to, from
			ip[15], ip[19] = ip[19], ip[15]
		}
		tcp := be.AppendUint16(be.AppendUint16(nil, from), to)
		tcp = be.AppendUint32(be.AppendUint32(tcp, 1+seq[p.server]), 1+seq[!p.server])
		tcp = append(tcp, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0)
		seq[p.server] += uint32(len(p.pdu))
		packet := bytes.Join([][]byte{ip, tcp, p.pdu}, nil)
		b = le.AppendUint32(le.AppendUint32(b, uint32(i)), 0)
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(packet))), uint32(len(packet)))
		b = append(b, packet...)
	}
	return b
}

// TestTsharkRPC: Wireshark's dissector sees in each of our PDUs what it is, and
// nothing malformed.
func TestTsharkRPC(t *testing.T) {
	tshark := logtest.Program(t, "tshark", "tshark")
	s := dcerpc.NewServer(dcerpc.ServerOptions{
		Interfaces: []dcerpc.Interface{{ID: rpcEchoID, New: rpcEcho}, epm.Interface(epm.Entry{Interface: rpcEventlogID, Port: 4711, Annotation: "log"})},
		Auth: map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism{
			dcerpc.AuthNTLM:   func(*dcerpc.Peer) dcerpc.Mechanism { return rpcAcceptor(t, dcerpc.AuthNTLM) },
			dcerpc.AuthSPNEGO: func(*dcerpc.Peer) dcerpc.Mechanism { return rpcAcceptor(t, dcerpc.AuthSPNEGO) },
		},
	})
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := context.Background()
	call := func(nc net.Conn, o *dcerpc.ClientOptions) {
		c, err := dcerpc.Dial(ctx, nc, o)
		if err != nil {
			t.Error(err)
			return
		}
		for _, x := range []struct {
			op uint16
			n  int
		}{{0, 5}, {99, 0}, {0, 6000}} {
			var f *dcerpc.Fault
			if _, err := c.Call(ctx, x.op, make([]byte, x.n)); err != nil && !errors.As(err, &f) {
				t.Error(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	auth := func(authType, level uint8) func(net.Conn) {
		return func(nc net.Conn) {
			call(nc, &dcerpc.ClientOptions{
				Interface: rpcEchoID, AuthType: authType, AuthLevel: level, HeaderSigning: true,
				Mechanism: rpcInitiator(t, authType, "fred", "yabba"),
			})
		}
	}
	const calls = "request response request fault request request response response"
	for _, x := range []struct {
		name string
		do   func(net.Conn)
		want string
	}{
		{"none", func(nc net.Conn) { call(nc, &dcerpc.ClientOptions{Interface: rpcEchoID}) }, "bind bind_ack " + calls},
		{"refused", func(nc net.Conn) {
			_, _ = dcerpc.Dial(ctx, nc, &dcerpc.ClientOptions{Interface: rpcWinregID, AuthType: 99, Mechanism: rpcInitiator(t, dcerpc.AuthNTLM, "fred", "yabba")})
		}, "bind bind_nak"},
		{"NTLM", auth(dcerpc.AuthNTLM, dcerpc.LevelIntegrity), "bind bind_ack auth3 " + calls},
		{"SPNEGO", auth(dcerpc.AuthSPNEGO, dcerpc.LevelPrivacy), "bind bind_ack alter_context alter_context_resp " + calls},
		{"endpoint mapper", func(nc net.Conn) {
			if _, err := epm.Map(ctx, nc, rpcEventlogID); err != nil {
				t.Error(err)
			}
		}, "bind bind_ack request response"},
	} {
		t.Run(x.name, func(t *testing.T) {
			var tap tap
			client, server := net.Pipe()
			ended := make(chan error, 1)
			go func() {
				ended <- s.ServeConn(ctx, tappedConn{server, &tap, true}, dcerpc.Peer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 49152}})
			}()
			x.do(tappedConn{client, &tap, false})
			<-ended
			file := filepath.Join(t.TempDir(), "rpc.pcap")
			if err := os.WriteFile(file, tap.pcap(135), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := run(tshark, "-r", file, "-d", "tcp.port==135,dcerpc", "-o", "dcerpc.reassemble_dcerpc:FALSE", "-T", "fields", "-e", "dcerpc.pkt_type", "-e", "_ws.malformed", "-e", "_ws.expert.message")
			if err != nil {
				t.Fatal(err)
			}
			names := map[string]string{"0": "request", "2": "response", "3": "fault", "11": "bind", "12": "bind_ack", "13": "bind_nak", "14": "alter_context", "15": "alter_context_resp", "16": "auth3"}
			var got []string
			for line := range strings.Lines(out) {
				f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
				got = append(got, names[f[0]])
				if len(f) != 3 || f[1] != "" || strings.Contains(strings.ToLower(f[2]), "malformed") {
					t.Errorf("packet %d: %q", len(got), f)
				}
			}
			if got := strings.Join(got, " "); got != x.want {
				t.Errorf("tshark sees %s, want %s", got, x.want)
			}
			if x.name != "endpoint mapper" {
				return
			}
			out, err = run(tshark, "-r", file, "-d", "tcp.port==135,dcerpc", "-Y", "epm", "-T", "fields", "-e", "epm.opnum", "-e", "epm.proto.tcp_port", "-e", "epm.proto.ip")
			if want := "3\t0\t0.0.0.0\n3\t4711\t127.0.0.1\n"; err != nil || out != want {
				t.Errorf("tshark sees %q, %v, want %q", out, err, want)
			}
		})
	}
}
