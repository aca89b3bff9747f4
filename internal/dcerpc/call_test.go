package dcerpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// protections are the ways in which the tests of calls are run.
type protection struct {
	name          string
	script        string
	level         uint8
	authType      uint8
	headerSigning bool
	signsHeader   bool
}

func protections() (all []protection) {
	all = append(all, protection{name: "none"})
	for _, script := range []string{"two legs", "three legs", "four legs"} {
		authType := uint8(AuthSPNEGO)
		if script == "three legs" {
			authType = AuthNTLM
		}
		for l := uint8(LevelConnect); l <= LevelPrivacy; l++ {
			all = append(all, protection{fmt.Sprintf("%s, level %d", script, l), script, l, authType, false, false})
		}
		all = append(all,
			protection{script + ", integrity with headers", script, LevelIntegrity, authType, true, false},
			protection{script + ", privacy with headers", script, LevelPrivacy, authType, true, false},
			protection{script + ", privacy with headers unasked", script, LevelPrivacy, authType, false, true})
	}
	return all
}

// start makes server and client of a protection.
func (p protection) start(t *testing.T, so ServerOptions, co ClientOptions) (*world, *Client) {
	t.Helper()
	if p.script != "" {
		client, server := mechanisms(p.script)
		both := func(m func() Mechanism) func() Mechanism {
			return func() Mechanism {
				s := m().(*scripted)
				s.header = p.signsHeader
				return s
			}
		}
		so.Auth = map[uint8]func(*Peer) Mechanism{p.authType: anyPeer(both(server))}
		co.Mechanism, co.AuthType, co.AuthLevel, co.HeaderSigning = both(client)(), p.authType, p.level, p.headerSigning
	}
	w := newWorld(t, so)
	return w, w.dial(t, co)
}

// TestEcho: every size of a stub about each boundary of a fragment goes there and
// back, under every protection.
func TestEcho(t *testing.T) {
	for _, p := range protections() {
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, c := p.start(t, ServerOptions{MaxFrag: minFrag}, ClientOptions{MaxFrag: minFrag})
				room, err := c.session.room(c.xmit)
				if err != nil {
					t.Fatal(err)
				}
				sizes := []int{0, 1, 2, 3, 4, 15, 16, 17}
				for n := range 3 {
					for d := -18; d <= 18; d++ {
						sizes = append(sizes, (n+1)*room+d)
					}
				}
				sizes = append(sizes, 100_000)
				for _, n := range sizes {
					in := pattern(n)
					out, err := c.Call(context.Background(), opEcho, in)
					if err != nil {
						t.Fatalf("%d bytes: %v", n, err)
					}
					if !bytes.Equal(in, out) {
						t.Fatalf("%d bytes came back as %d others", n, len(out))
					}
				}
			})
		})
	}
}

// TestPeer: the handler learns whom the mechanism and the transport know.
func TestPeer(t *testing.T) {
	for _, p := range protections() {
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, c := p.start(t, ServerOptions{}, ClientOptions{})
				want := "<nil> 0 1 token"
				if p.script != "" {
					want = fmt.Sprintf("fred %d %d token", p.authType, level(p.level))
				}
				for range 2 {
					got, err := c.Call(context.Background(), opPeer, nil)
					if err != nil || string(got) != want {
						t.Errorf("peer %q, %v, want %q", got, err, want)
					}
				}
				if c.Address() != `\pipe\echo` {
					t.Errorf("address %q", c.Address())
				}
				if want := p.headerSigning || p.signsHeader; c.session.header != want {
					t.Errorf("header signing %v, want %v", c.session.header, want)
				}
			})
		})
	}
}

// TestFaults: what a handler answers is what the client gets, and it goes on.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := protections()[1].start(t, ServerOptions{}, ClientOptions{})
		for _, x := range []struct {
			op   uint16
			in   []byte
			want uint32
		}{
			{opFault, []byte{5, 0, 0, 0}, FaultAccessDenied},
			{opFault, []byte{0xf7, 6, 0, 0}, FaultNDR},
			{opFault, nil, FaultNDR},
			{opFault, []byte{0x1a, 0, 0, 0x1c}, FaultContextMismatch},
			{opError, nil, FaultUnspecified},
			{99, nil, FaultOpRange},
		} {
			_, err := c.Call(context.Background(), x.op, x.in)
			var f *Fault
			if !errors.As(err, &f) || f.Status != x.want {
				t.Errorf("operation %d: %v, want fault 0x%x", x.op, err, x.want)
			}
			if errors.Is(err, fs.ErrPermission) != (x.want == FaultAccessDenied) {
				t.Errorf("%v: fs.ErrPermission: %v", err, errors.Is(err, fs.ErrPermission))
			}
		}
		if out, err := c.Call(context.Background(), opEcho, []byte("on")); err != nil || string(out) != "on" {
			t.Errorf("%q, %v", out, err)
		}
	})
}

// TestConcurrentCalls: calls of many goroutines take turns.
func TestConcurrentCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := protections()[7].start(t, ServerOptions{}, ClientOptions{})
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				in := pattern(i * 1000)
				if out, err := c.Call(context.Background(), opEcho, in); err != nil || !bytes.Equal(in, out) {
					t.Errorf("call %d: %d bytes, %v", i, len(out), err)
				}
			})
		}
		all.Wait()
	})
}

// TestCancel: a context that ends amid a call ends the client, and the server's
// handler learns it; one that ends before does no harm.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := protections()[0].start(t, ServerOptions{}, ClientOptions{})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := c.Call(ctx, opEcho, nil); err != context.Canceled {
			t.Errorf("%v, want %v", err, context.Canceled)
		}
		if _, err := c.Call(context.Background(), opEcho, nil); err != nil {
			t.Errorf("after a call that did not begin: %v", err)
		}
		ctx, cancel = context.WithCancel(context.Background())
		go func() {
			<-w.blocked
			cancel()
		}()
		if _, err := c.Call(ctx, opBlock, nil); err != context.Canceled {
			t.Errorf("%v, want %v", err, context.Canceled)
		}
		if err := <-w.cancelled; err != context.Canceled {
			t.Errorf("the handler was told %v", err)
		}
		if _, err := c.Call(context.Background(), opEcho, nil); err != ErrClientClosed {
			t.Errorf("%v, want %v", err, ErrClientClosed)
		}
	})
}

// TestPanic: a panic of a handler ends its connection and no other.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, ServerOptions{})
		other := w.dial(t, ClientOptions{})
		nc, ended := w.connect()
		c, err := Dial(context.Background(), nc, &ClientOptions{Interface: echoID})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Call(context.Background(), opPanic, nil); err == nil {
			t.Error("answered")
		}
		if err := <-ended; err == nil || err.Error() != "dcerpc: panic: as the test wants" {
			t.Errorf("ServeConn: %v", err)
		}
		if _, err := other.Call(context.Background(), opEcho, nil); err != nil {
			t.Errorf("the other connection: %v", err)
		}
	})
}

// TestAuthorize: a refusal is access denied, for the interface that it is about.
func TestAuthorize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := mechanisms("three legs")
		w := newWorld(t, ServerOptions{
			Auth: map[uint8]func(*Peer) Mechanism{AuthNTLM: anyPeer(server)},
			Authorize: func(p *Peer, iface SyntaxID) error {
				if iface != echoID {
					t.Errorf("asked for %s", iface)
				}
				if p.AuthLevel < LevelIntegrity {
					return errors.New("not good enough")
				}
				return nil
			},
		})
		for _, x := range []struct {
			o  ClientOptions
			ok bool
		}{
			{ClientOptions{}, false},
			{ClientOptions{Mechanism: client(), AuthType: AuthNTLM, AuthLevel: LevelConnect}, false},
			{ClientOptions{Mechanism: client(), AuthType: AuthNTLM, AuthLevel: LevelCall}, false},
			{ClientOptions{Mechanism: client(), AuthType: AuthNTLM, AuthLevel: LevelIntegrity}, true},
			{ClientOptions{Mechanism: client(), AuthType: AuthNTLM}, true},
		} {
			_, err := w.dial(t, x.o).Call(context.Background(), opEcho, nil)
			if x.ok && err != nil || !x.ok && !errors.Is(err, fs.ErrPermission) {
				t.Errorf("level %d: %v", x.o.AuthLevel, err)
			}
		}
	})
}

// TestNew: what New refuses is told.
func TestNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, x := range []struct {
			err  error
			want uint32
		}{{errors.New("no"), FaultAccessDenied}, {&Fault{FaultTooBusy}, FaultTooBusy}} {
			id := echoID
			id.UUID[0]++
			w := newWorld(t, ServerOptions{Interfaces: []Interface{{ID: id, New: func(context.Context, *Peer) (Handler, error) { return nil, x.err }}}})
			nc, _ := w.connect()
			c, err := Dial(context.Background(), nc, &ClientOptions{Interface: id})
			if err != nil {
				t.Fatal(err)
			}
			var f *Fault
			if _, err := c.Call(context.Background(), opEcho, nil); !errors.As(err, &f) || f.Status != x.want {
				t.Errorf("%v, want fault 0x%x", err, x.want)
			}
			_ = c.Close()
		}
	})
}

// TestDialRefused: what a server refuses in a bind.
func TestDialRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := mechanisms("four legs")
		other := echoID
		other.UUID[15]++
		major, minor := echoID, echoID
		major.Version++
		minor.Version += 1 << 16
		old := echoID
		old.Version -= 1 << 16
		bad := func(at int) Mechanism {
			m := client().(*scripted)
			m.legs = append([]leg{}, m.legs...)
			m.legs[at].reply = "bad"
			return m
		}
		shown := func(m Mechanism) Mechanism {
			m.(*scripted).refusal = "the server refuses the password"
			return m
		}
		for _, x := range []struct {
			name string
			o    ClientOptions
			want string
		}{
			{"first token, with a password", ClientOptions{Interface: echoID, Mechanism: shown(bad(0)), AuthType: AuthSPNEGO}, "the server refuses the password: rpc: bind refused: authentication failed"},
			{"second token, with a password", ClientOptions{Interface: echoID, Mechanism: shown(bad(1)), AuthType: AuthSPNEGO}, "the server refuses the password: rpc fault 0x00000005: access denied"},
			{"type, with a password", ClientOptions{Interface: echoID, Mechanism: shown(client()), AuthType: AuthKerberos}, "rpc: bind refused: authentication type not recognized"},
			{"interface, with a password", ClientOptions{Interface: other, Mechanism: shown(client()), AuthType: AuthSPNEGO}, "rpc: interface refused: interface not supported"},
			{"interface", ClientOptions{Interface: other}, "rpc: interface refused: interface not supported"},
			{"major version", ClientOptions{Interface: major}, "rpc: interface refused: interface not supported"},
			{"newer minor version", ClientOptions{Interface: minor}, "rpc: interface refused: interface not supported"},
			{"older minor version", ClientOptions{Interface: old}, ""},
			{"type", ClientOptions{Interface: echoID, Mechanism: client(), AuthType: AuthKerberos}, "rpc: bind refused: authentication type not recognized"},
			{"first token", ClientOptions{Interface: echoID, Mechanism: bad(0), AuthType: AuthSPNEGO}, "rpc: bind refused: authentication failed"},
			{"second token", ClientOptions{Interface: echoID, Mechanism: bad(1), AuthType: AuthSPNEGO}, "rpc fault 0x00000005: access denied"},
			{"level", ClientOptions{Interface: echoID, Mechanism: client(), AuthType: AuthSPNEGO, AuthLevel: LevelNone}, "dcerpc: authentication of type 9 at level 1"},
		} {
			w := newWorld(t, ServerOptions{Auth: map[uint8]func(*Peer) Mechanism{AuthSPNEGO: anyPeer(server)}})
			nc, _ := w.connect()
			c, err := Dial(context.Background(), nc, &x.o)
			if got := errorText(err); got != x.want {
				t.Errorf("%s: %q, want %q", x.name, got, x.want)
			}
			if logon := (*LogonError)(nil); errors.As(err, &logon) && !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%s: %v is no fs.ErrPermission", x.name, err)
			}
			if err == nil {
				_ = c.Close()
			} else if _, err := nc.Write([]byte{0}); err == nil {
				t.Errorf("%s: the connection was left open", x.name)
			}
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestAuth3Fails: a failed third leg has no answer; the first request is refused.
func TestAuth3Fails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := mechanisms("three legs")
		m := client().(*scripted)
		m.legs = []leg{{"", "c1", false}, {"s1", "wrong password", true}}
		m.refusal = "the server refuses the password"
		w := newWorld(t, ServerOptions{Auth: map[uint8]func(*Peer) Mechanism{AuthNTLM: anyPeer(server)}})
		nc, ended := w.connect()
		c, err := Dial(context.Background(), nc, &ClientOptions{Interface: echoID, Mechanism: m, AuthType: AuthNTLM})
		if err != nil {
			t.Fatal(err)
		}
		const want = "the server refuses the password, or what was asked: dcerpc: answer of operation 0: rpc fault 0x00000005: access denied"
		_, err = c.Call(context.Background(), opEcho, []byte("x"))
		if f := (*Fault)(nil); errorText(err) != want || !errors.Is(err, fs.ErrPermission) || !errors.As(err, &f) {
			t.Errorf("%v, want %s", err, want)
		}
		if err := <-ended; errorText(err) != "dcerpc: request behind a failed authentication" {
			t.Errorf("ServeConn: %v", err)
		}
		if w.opened != 0 {
			t.Error("a handler was made")
		}
	})
}

// TestNoSecurity: a mechanism that protects nothing serves level connect only.
func TestNoSecurity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		weak := func(name string, side int) func() Mechanism {
			return func() Mechanism { return &scripted{legs: scripts[name][side], weak: true} }
		}
		w := newWorld(t, ServerOptions{Auth: map[uint8]func(*Peer) Mechanism{AuthSPNEGO: anyPeer(weak("two legs", 1))}})
		c := w.dial(t, ClientOptions{Mechanism: weak("two legs", 0)(), AuthType: AuthSPNEGO, AuthLevel: LevelConnect})
		if _, err := c.Call(context.Background(), opEcho, nil); err != nil {
			t.Error(err)
		}
		nc, _ := w.connect()
		_, err := Dial(context.Background(), nc, &ClientOptions{Interface: echoID, Mechanism: weak("two legs", 0)(), AuthType: AuthSPNEGO})
		if want := "rpc: bind refused: authentication failed"; errorText(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	})
}

// TestMaxResponse: a client takes no more than it was told to.
func TestMaxResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := protections()[0].start(t, ServerOptions{}, ClientOptions{MaxResponse: 10_000})
		if _, err := c.Call(context.Background(), opEcho, pattern(10_000)); err != nil {
			t.Error(err)
		}
		_, err := c.Call(context.Background(), opEcho, pattern(10_001))
		if want := "dcerpc: answer of operation 0: response of more than 10000 bytes"; errorText(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
		if _, err := c.Call(context.Background(), opEcho, nil); err != ErrClientClosed {
			t.Errorf("%v, want %v", err, ErrClientClosed)
		}
	})
}

// TestMaxCallSize: a request over the limit is refused while its fragments come.
// It goes over TCP, where both sides can write at a time.
func TestMaxCallSize(t *testing.T) {
	w := newWorld(t, ServerOptions{MaxCallSize: 100_000})
	c := w.dialTCP(t)
	for _, n := range []int{99_999, 100_000} {
		if out, err := c.Call(context.Background(), opEcho, pattern(n)); err != nil || len(out) != n {
			t.Errorf("%d bytes, %v", len(out), err)
		}
	}
	// Where the server closes, what it said before may be lost on the way.
	_, err := c.Call(context.Background(), opEcho, pattern(100_001))
	if f := (*Fault)(nil); err == nil || errors.As(err, &f) && f.Status != FaultNoMemory {
		t.Errorf("%v, want a fault 0x%x or a broken connection", err, FaultNoMemory)
	}
	if _, err := c.Call(context.Background(), opEcho, nil); err == nil {
		t.Error("the connection goes on")
	}
}

// dialTCP binds a client over TCP, through Serve.
func (w *world) dialTCP(t testing.TB) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		_ = w.Server.Close()
		if err := <-served; err != ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(context.Background(), nc, &ClientOptions{Interface: echoID})
	if err != nil {
		t.Fatal(err)
	}
	if want := l.Addr().(*net.TCPAddr).Port; c.Address() != fmt.Sprint(want) {
		t.Errorf("address %q, want the port %d", c.Address(), want)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestVerificationTrailer: what Windows appends is taken off where it holds, and
// refused where it does not.
func TestVerificationTrailer(t *testing.T) {
	le := binary.LittleEndian
	h := header{Type: ptRequest, Order: le, CallID: 7}
	v := verified{headerSigning: true, abstract: echoID, header: h, contextID: 2, op: 9}
	command := func(c uint16, data ...byte) []byte {
		return append(le.AppendUint16(le.AppendUint16(nil, c), uint16(len(data))), data...)
	}
	context := func(a, b SyntaxID) []byte { return appendSyntax(appendSyntax(nil, a, le), b, le) }
	head := func(call uint32, id, op uint16) []byte {
		b := le.AppendUint32([]byte{0, 0, 0, 0, 0x10, 0, 0, 0}, call)
		return le.AppendUint16(le.AppendUint16(b, id), op)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, x := range []struct {
		name    string
		trailer []byte
		ok, cut bool
	}{
		{"all", join(command(vtBitmask, 1, 0, 0, 0), command(vtContext, context(echoID, NDR)...), command(vtHeader|vtEnd, head(7, 2, 9)...)), true, true},
		{"bitmask", command(vtBitmask|vtEnd, 1, 0, 0, 0), true, true},
		{"other interface", command(vtContext|vtEnd, context(NDR, NDR)...), false, false},
		{"other syntax", command(vtContext|vtEnd, context(echoID, echoID)...), false, false},
		{"other call", command(vtHeader|vtEnd, head(8, 2, 9)...), false, false},
		{"other context", command(vtHeader|vtEnd, head(7, 3, 9)...), false, false},
		{"other operation", command(vtHeader|vtEnd, head(7, 2, 8)...), false, false},
		{"unknown", command(99|vtEnd, 1, 2, 3, 4), true, true},
		{"unknown, must be processed", command(99|vtEnd|vtMustProcess, 1, 2, 3, 4), false, false},
		{"no end", command(vtBitmask, 1, 0, 0, 0), true, false},
		{"not at the end", join(command(vtBitmask|vtEnd, 1, 0, 0, 0), []byte{1, 2, 3, 4}), true, false},
		{"length beyond", []byte{1, 0x40, 8, 0, 1, 2, 3, 4}, true, false},
	} {
		for _, before := range []int{0, 3, 4, 1000} {
			whole := join(pattern(before), verificationMark, x.trailer)
			want := whole
			if x.cut {
				want = whole[:before]
			}
			got, err := cutVerification(whole, v)
			if (err == nil) != x.ok || x.ok && !bytes.Equal(got, want) {
				t.Errorf("%s behind %d bytes: %d bytes, %v", x.name, before, len(got), err)
			}
		}
	}
	v.headerSigning = false
	if _, err := cutVerification(join(verificationMark, command(vtBitmask|vtEnd, 1, 0, 0, 0)), v); err == nil {
		t.Error("header signing was taken out of the bind, and it was not noticed")
	}
}

// TestErrors: the texts.
func TestErrors(t *testing.T) {
	for want, err := range map[string]error{
		"rpc fault 0x1c010003: unknown interface":                &Fault{FaultUnkIf},
		"rpc fault 0x12345678":                                   &Fault{0x12345678},
		"rpc: bind refused: protocol version not supported":      &BindError{Nak: true, Reason: nakVersion},
		"rpc: bind refused: reason 77":                           &BindError{Nak: true, Reason: 77},
		"rpc: interface refused: transfer syntax not supported":  &BindError{Reason: reasonTransferSyntax},
		"dcerpc: bind.p_cont_elem at offset 0x1c: need 24 bytes": formatError("bind", "p_cont_elem", 28, "need 24 bytes"),
		"dcerpc: sec_trailer at offset 0x20: not aligned":        formatError("sec_trailer", "", 32, "not aligned"),
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err.Error(), want)
		}
	}
	if d := cmp.Diff("{8A885D04-1CEB-11C9-9FE8-08002B104860} v2.0", NDR.String()); d != "" {
		t.Error(d)
	}
}
