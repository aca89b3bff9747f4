package dcerpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// raw is a client that sends what it likes.
type raw struct {
	t     testing.TB
	nc    net.Conn
	ended <-chan error
	order order
}

func (w *world) raw(t testing.TB) *raw {
	nc, ended := w.connect()
	t.Cleanup(func() { _ = nc.Close() })
	return &raw{t, nc, ended, binary.LittleEndian}
}

func (r *raw) write(b []byte) {
	r.t.Helper()
	if _, err := r.nc.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

// send sends a PDU of a body.
func (r *raw) send(t ptype, flags uint8, call uint32, body []byte, tr *trailer, token string) {
	r.t.Helper()
	b, err := appendPDU(nil, header{Type: t, Flags: flags, Order: r.order, CallID: call}, body, tr, []byte(token))
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(b)
}

// read reads the answer.
func (r *raw) read() pdu {
	r.t.Helper()
	b, err := readPDU(r.nc, nil, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	p, err := decodePDU(b)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *raw) bindBody(elements ...element) []byte {
	if len(elements) == 0 {
		elements = []element{{Abstract: echoID, Transfer: []SyntaxID{NDR}}}
	}
	b := bind{MaxXmit: defaultFrag, MaxRecv: defaultFrag, Elements: elements}
	return b.append(nil, r.order)
}

func (r *raw) bind(elements ...element) bindAck {
	r.t.Helper()
	r.send(ptBind, flagWhole, 1, r.bindBody(elements...), nil, "")
	return r.ack(ptBindAck)
}

func (r *raw) ack(want ptype) bindAck {
	r.t.Helper()
	p := r.read()
	if p.Type != want {
		r.t.Fatalf("%s, want %s", p.Type, want)
	}
	a, err := decodeBindAck(&p)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *raw) requestBody(id, op uint16, stub string) []byte {
	ids := requestIDs(r.order, len(stub), id, op)
	return append(ids[:], stub...)
}

func (r *raw) request(flags uint8, call uint32, id, op uint16, stub string) {
	r.t.Helper()
	r.send(ptRequest, flags, call, r.requestBody(id, op, stub), nil, "")
}

// fault reads a fault.
func (r *raw) fault(want uint32) {
	r.t.Helper()
	p := r.read()
	if p.Type != ptFault {
		r.t.Fatalf("%s, want a fault", p.Type)
	}
	v, err := decodeResponse(&p)
	if err != nil || v.Status != want {
		r.t.Fatalf("fault 0x%x, %v, want 0x%x", v.Status, err, want)
	}
}

// response reads a response in one fragment.
func (r *raw) response(call uint32, want string) {
	r.t.Helper()
	p := r.read()
	if p.Type != ptResponse || p.CallID != call || p.Order != r.order || p.Flags != flagWhole || string(p.Body[8:]) != want {
		r.t.Fatalf("%s of call %d with flags %x: %q, want %q of call %d", p.Type, p.CallID, p.Flags, p.Body, want, call)
	}
}

// end waits for the end of the connection.
func (r *raw) end(want string) {
	r.t.Helper()
	if got := errorText(<-r.ended); got != want {
		r.t.Errorf("ended with %q, want %q", got, want)
	}
}

// TestProtocol plays PDUs against a server, as clients do and as they must not.
func TestProtocol(t *testing.T) {
	other := echoID
	other.UUID[3] = 99
	ndr64 := SyntaxID{Version: 1}
	feature := SyntaxID{Version: 1}
	copy(feature.UUID[:], featurePrefix[:])
	feature.UUID[8] = 3
	auth := &trailer{Type: AuthNTLM, Level: LevelIntegrity, ContextID: 7}
	for _, x := range []struct {
		name string
		play func(r *raw)
	}{
		{"contexts", func(r *raw) {
			a := r.bind(
				element{0, echoID, []SyntaxID{NDR}},
				element{1, other, []SyntaxID{NDR}},
				element{2, echoID, []SyntaxID{ndr64}},
				element{3, echoID, []SyntaxID{ndr64, NDR}},
				element{4, echoID, []SyntaxID{feature}},
				element{5, echoID, nil},
				element{0, echoID, []SyntaxID{NDR}},
			)
			want := []result{
				{resultAccept, 0, NDR}, {resultReject, reasonAbstractSyntax, SyntaxID{}}, {resultReject, reasonTransferSyntax, SyntaxID{}},
				{resultAccept, 0, NDR}, {resultFeatures, featureKeepOnOrphan, SyntaxID{}}, {resultReject, reasonTransferSyntax, SyntaxID{}},
				{resultAccept, 0, NDR},
			}
			if fmt.Sprint(a.Results) != fmt.Sprint(want) {
				r.t.Errorf("%v, want %v", a.Results, want)
			}
			if a.Group == 0 || a.MaxXmit != defaultFrag || a.MaxRecv != defaultFrag {
				r.t.Errorf("%+v", a)
			}
			r.request(flagWhole, 2, 3, opEcho, "three")
			r.response(2, "three")
			r.request(flagWhole, 3, 1, opEcho, "one")
			r.fault(FaultUnkIf)
			r.request(flagWhole, 4, 0, opEcho, "zero")
			r.response(4, "zero")
		}},
		{"alter_context", func(r *raw) {
			r.bind()
			r.send(ptAlterContext, flagWhole, 2, r.bindBody(element{9, echoID, []SyntaxID{NDR}}), nil, "")
			if a := r.ack(ptAlterContextResp); len(a.Results) != 1 || a.Results[0].Result != resultAccept || a.Address != "" {
				r.t.Errorf("%+v", a)
			}
			r.request(flagWhole, 3, 9, opEcho, "nine")
			r.response(3, "nine")
		}},
		{"too many contexts", func(r *raw) {
			var e []element
			for i := range 20 {
				e = append(e, element{uint16(i), echoID, []SyntaxID{NDR}})
			}
			a := r.bind(e...)
			if a.Results[15].Result != resultAccept || a.Results[16] != (result{resultReject, reasonLocalLimit, SyntaxID{}}) {
				r.t.Errorf("%+v", a.Results)
			}
		}},
		{"group of the client", func(r *raw) {
			b := bind{MaxXmit: 2000, MaxRecv: 1432, Group: 77}
			r.send(ptBind, flagWhole, 1, b.append(nil, r.order), nil, "")
			if a := r.ack(ptBindAck); a.Group != 77 || a.MaxXmit != 1432 || a.MaxRecv != 2000 {
				r.t.Errorf("%+v", a)
			}
			r.request(flagWhole, 2, 0, opEcho, string(make([]byte, 2001-callSize)))
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: fragment of 2001 bytes, negotiated were 2000")
		}},
		{"fragments too short", func(r *raw) {
			b := bind{MaxXmit: 2000, MaxRecv: 1431}
			r.send(ptBind, flagWhole, 1, b.append(nil, r.order), nil, "")
			if p := r.read(); p.Type != ptBindNak {
				r.t.Errorf("%s", p.Type)
			}
			r.end("dcerpc: bind: fragments of 2000 and 1431 bytes, the least is 1432")
		}},
		{"big-endian", func(r *raw) {
			r.order = binary.BigEndian
			r.bind()
			r.request(flagWhole, 2, 0, opOrder, "\x00\x00\x01\xff")
			r.response(2, "\x00\x00\x02\x00")
		}},
		{"object", func(r *raw) {
			r.bind()
			body := r.requestBody(0, opEcho, "0123456789abcdefstub")
			r.send(ptRequest, flagWhole|flagObject, 2, body, nil, "")
			r.response(2, "stub")
			r.send(ptRequest, flagWhole|flagObject, 3, body[:23], nil, "")
			r.fault(FaultProto)
			r.end("dcerpc: request at offset 0x10: body of 23 bytes, need 24")
		}},
		{"fragments", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "a")
			r.request(0, 2, 0, opEcho, "bc")
			r.request(flagLast, 2, 0, opEcho, "")
			r.response(2, "abc")
		}},
		{"fragment without a first", func(r *raw) {
			r.bind()
			r.request(flagLast, 2, 0, opEcho, "a")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: call 2 without its first fragment")
		}},
		{"first fragment twice", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "a")
			r.request(flagFirst, 3, 0, opEcho, "a")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: call 3 begins amid call 2")
		}},
		{"fragment of another call", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "a")
			r.request(flagLast, 3, 0, opEcho, "a")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: fragment of another call")
		}},
		{"fragment of another operation", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "a")
			r.request(flagLast, 2, 0, opPeer, "a")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: fragment of another call")
		}},
		{"empty fragment", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: empty fragment")
		}},
		{"bind amid fragments", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "a")
			r.send(ptAlterContext, flagWhole, 3, r.bindBody(), nil, "")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: alter_context amid the fragments of a request")
		}},
		{"too large", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, string(make([]byte, 3000)))
			r.request(flagLast, 2, 0, opEcho, string(make([]byte, 1097)))
			r.fault(FaultNoMemory)
			r.end("dcerpc: request of more than 4096 bytes")
		}},
		{"request before bind", func(r *raw) {
			r.request(flagWhole, 2, 0, opEcho, "a")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: request before bind")
		}},
		{"alter_context before bind", func(r *raw) {
			r.send(ptAlterContext, flagWhole, 1, r.bindBody(), nil, "")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: alter_context before bind")
		}},
		{"second bind", func(r *raw) {
			r.bind()
			r.send(ptBind, flagWhole, 2, r.bindBody(), nil, "")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: a second bind")
		}},
		{"bind in fragments", func(r *raw) {
			r.send(ptBind, flagFirst, 2, r.bindBody(), nil, "")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: a bind in fragments")
		}},
		{"response from a client", func(r *raw) {
			r.bind()
			r.send(ptResponse, flagWhole, 2, make([]byte, 8), nil, "")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: response from a client")
		}},
		{"unknown type", func(r *raw) {
			r.send(200, flagWhole, 2, nil, nil, "")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: PTYPE 200 from a client")
		}},
		{"short bind", func(r *raw) {
			r.send(ptBind, flagWhole, 1, make([]byte, 11), nil, "")
			if p := r.read(); p.Type != ptBindNak {
				r.t.Errorf("%s", p.Type)
			}
			r.end("dcerpc: bind at offset 0x10: body of 11 bytes, need 12")
		}},
		{"version", func(r *raw) {
			b, err := appendPDU(nil, header{Type: ptBind, Flags: flagWhole, Order: r.order, CallID: 5}, nil, nil, nil)
			if err != nil {
				r.t.Fatal(err)
			}
			b[0] = 6
			r.write(b)
			p := r.read()
			if p.Type != ptBindNak || p.CallID != 5 || !bytes.Equal(p.Body, []byte{4, 0, 1, 5, 0}) {
				r.t.Errorf("%s of call %d: %x", p.Type, p.CallID, p.Body)
			}
			r.end("dcerpc: header.rpc_vers at offset 0x0: have 6.0: not version 5.0 or 5.1")
		}},
		{"no PDU", func(r *raw) {
			r.write([]byte("GET / HTTP/1.1\r\n"))
			r.end("dcerpc: header.drep at offset 0x4: byte order 2")
		}},
		{"cut short", func(r *raw) {
			r.write([]byte{5, 0})
			_ = r.nc.Close()
			r.end("unexpected EOF")
		}},
		{"closed", func(r *raw) {
			r.bind()
			_ = r.nc.Close()
			r.end("")
		}},
		{"request amid the authentication", func(r *raw) {
			r.send(ptBind, flagWhole, 1, r.bindBody(), auth, "c1")
			r.ack(ptBindAck)
			r.request(flagWhole, 2, 0, opEcho, "a")
			r.fault(FaultAccessDenied)
			r.end("dcerpc: request before the authentication is through")
		}},
		{"authentication goes on otherwise", func(r *raw) {
			r.send(ptBind, flagWhole, 1, r.bindBody(), auth, "c1")
			r.ack(ptBindAck)
			weaker := *auth
			weaker.Level = LevelConnect
			r.send(ptAuth3, flagWhole, 1, make([]byte, 4), &weaker, "c2")
			r.request(flagWhole, 2, 0, opEcho, "a")
			r.fault(FaultAccessDenied)
			r.end("dcerpc: request behind a failed authentication")
		}},
		{"auth3 unasked", func(r *raw) {
			r.bind()
			r.send(ptAuth3, flagWhole, 1, make([]byte, 4), auth, "c1")
			r.fault(FaultProto)
			r.end("dcerpc: protocol error: rpc_auth_3 without a bind that asks for it")
		}},
		{"authenticated", func(r *raw) {
			r.authenticate(auth)
			// A second security context is refused, and changes nothing.
			r.send(ptAlterContext, flagWhole, 3, r.bindBody(), &trailer{Type: AuthNTLM, Level: LevelConnect, ContextID: 8}, "c1")
			r.fault(FaultProto)
			r.signed(auth, 4, "still", nil)
			if p := r.read(); p.Type != ptResponse || !bytes.HasPrefix(p.Body[8:], []byte("still")) || p.Trailer == nil {
				r.t.Errorf("%s %q", p.Type, p.Body)
			}
		}},
		{"authentication behind a call", func(r *raw) {
			r.bind()
			r.request(flagWhole, 2, 0, opEcho, "a")
			r.response(2, "a")
			r.send(ptAlterContext, flagWhole, 3, r.bindBody(), auth, "c1")
			r.fault(FaultProto)
			r.request(flagWhole, 4, 0, opPeer, "")
			r.response(4, "<nil> 0 1 token")
		}},
		{"unsigned request", func(r *raw) {
			r.authenticate(auth)
			r.request(flagWhole, 2, 0, opEcho, "a")
			r.fault(FaultAccessDenied)
			r.end("dcerpc: request.auth_length at offset 0xa: no signature: not what was authenticated")
		}},
		{"wrong signature", func(r *raw) {
			r.authenticate(auth)
			r.signed(auth, 2, "a", func(b []byte) { b[len(b)-1]++ })
			r.fault(FaultAccessDenied)
			r.end("dcerpc: request.auth_value at offset 0x30: not what was authenticated: bad signature")
		}},
		{"changed stub", func(r *raw) {
			r.authenticate(auth)
			r.signed(auth, 2, "a", func(b []byte) { b[callSize]++ })
			r.fault(FaultAccessDenied)
			r.end("dcerpc: request.auth_value at offset 0x30: not what was authenticated: bad signature")
		}},
		{"lower level", func(r *raw) {
			r.authenticate(auth)
			r.signed(auth, 2, "a", func(b []byte) { b[41] = LevelConnect })
			r.fault(FaultAccessDenied)
			r.end("dcerpc: sec_trailer.auth_level at offset 0x29: have 2, want 5: not what was authenticated")
		}},
		{"other type", func(r *raw) {
			r.authenticate(auth)
			r.signed(auth, 2, "a", func(b []byte) { b[40] = AuthNone })
			r.fault(FaultAccessDenied)
			r.end("dcerpc: sec_trailer.auth_type at offset 0x28: have 0, want 10: not what was authenticated")
		}},
		{"other security context", func(r *raw) {
			r.authenticate(auth)
			r.signed(auth, 2, "a", func(b []byte) { b[44]++ })
			r.fault(FaultAccessDenied)
			r.end("dcerpc: sec_trailer.auth_context_id at offset 0x2c: have 8, want 7: not what was authenticated")
		}},
		{"too much padding", func(r *raw) {
			r.authenticate(auth)
			r.signed(auth, 2, "a", func(b []byte) { b[42] = 17 })
			r.fault(FaultAccessDenied)
			r.end("dcerpc: sec_trailer.auth_pad_length at offset 0x2a: have 17 behind a stub of 16 bytes")
		}},
		{"signature on a connection without authentication", func(r *raw) {
			r.bind()
			r.send(ptRequest, flagWhole, 2, r.requestBody(0, opEcho, "abcd"), auth, "0123456789abcdef")
			r.fault(FaultAccessDenied)
			r.end("dcerpc: sec_trailer.auth_type at offset 0x1c: have 10 on a connection without authentication: not what was authenticated")
		}},
		{"legs without end", func(r *raw) {
			r.send(ptBind, flagWhole, 1, r.bindBody(), &trailer{Type: 99, Level: LevelConnect}, "x")
			r.ack(ptBindAck)
			for i := range maxLegs {
				r.send(ptAlterContext, flagWhole, uint32(i+2), r.bindBody(), &trailer{Type: 99, Level: LevelConnect}, "x")
				if i < maxLegs-1 {
					r.ack(ptAlterContextResp)
				}
			}
			r.fault(FaultAccessDenied)
			r.end("dcerpc: authentication of more than 6 legs")
		}},
		{"orphaned fragments", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "a")
			r.send(ptOrphaned, flagWhole, 2, nil, nil, "")
			r.request(flagWhole, 3, 0, opEcho, "b")
			r.response(3, "b")
		}},
		{"cancelled fragments", func(r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opBlock, "a")
			r.send(ptCancel, flagWhole, 2, nil, nil, "")
			r.request(flagLast, 2, 0, opBlock, "a")
			r.fault(FaultCancel)
			r.request(flagWhole|flagPendingCancel, 3, 0, opBlock, "")
			r.fault(FaultCancel)
		}},
		{"late cancel", func(r *raw) {
			r.bind()
			r.request(flagWhole, 2, 0, opEcho, "a")
			r.response(2, "a")
			r.send(ptCancel, flagWhole, 2, nil, nil, "")
			r.send(ptOrphaned, flagWhole, 2, nil, nil, "")
			r.request(flagWhole, 3, 0, opEcho, "b")
			r.response(3, "b")
		}},
		{"request amid a call waits", func(r *raw) {
			r.bind()
			r.request(flagWhole, 2, 0, opBlock, "")
			r.send(ptCancel, flagWhole, 99, nil, nil, "") // of another call
			go func() {
				synctest.Wait()
				r.send(ptCancel, flagWhole, 2, nil, nil, "")
				r.request(flagWhole, 3, 0, opEcho, "b")
			}()
			r.fault(FaultCancel)
			r.response(3, "b")
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, server := mechanisms("three legs")
				w := newWorld(t, ServerOptions{MaxCallSize: 4096, Auth: map[uint8]func(*Peer) Mechanism{
					AuthNTLM: anyPeer(server),
					99:       func(*Peer) Mechanism { return endless{} },
				}})
				x.play(w.raw(t))
			})
		})
	}
}

// endless is an authentication without end.
type endless struct{}

func (endless) Step([]byte) ([]byte, bool, error) { return []byte("more"), false, nil }
func (endless) Security() Security                { return nil }
func (endless) Identity() any                     { return nil }

// authenticate does the three legs of the script.
func (r *raw) authenticate(auth *trailer) {
	r.t.Helper()
	r.send(ptBind, flagWhole, 1, r.bindBody(), auth, "c1")
	r.ack(ptBindAck)
	r.send(ptAuth3, flagWhole, 1, make([]byte, 4), auth, "c2")
}

// signed sends the first signed request, changed by f.
func (r *raw) signed(auth *trailer, call uint32, stub string, f func(b []byte)) {
	r.t.Helper()
	s := session{trailer: *auth, sec: &hmacSecurity{send: "client"}}
	b, err := s.appendFragment(nil, header{Type: ptRequest, Flags: flagWhole, Order: r.order, CallID: call}, requestIDs(r.order, 0, 0, opEcho), []byte(stub))
	if err != nil {
		r.t.Fatal(err)
	}
	if f != nil {
		f(b)
	}
	r.write(b)
}

// TestOrphaned: an orphaned call ends without an answer; the connection goes on.
func TestOrphaned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, ServerOptions{})
		r := w.raw(t)
		r.bind()
		r.request(flagWhole, 2, 0, opBlock, "")
		<-w.blocked
		r.send(ptOrphaned, flagWhole, 2, nil, nil, "")
		if err := <-w.cancelled; err != context.Canceled {
			t.Error(err)
		}
		r.request(flagWhole, 3, 0, opEcho, "b")
		r.response(3, "b")
		r.request(flagWhole, 4, 0, opBlock, "")
		<-w.blocked
		_ = r.nc.Close()
		if err := <-w.cancelled; err != context.Canceled {
			t.Errorf("of a client that is gone: %v", err)
		}
		r.end("")
	})
}

// TestRefusedEarly: of a request that is refused, no second fragment is waited for.
func TestRefusedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		w := newWorld(t, ServerOptions{Authorize: func(*Peer, SyntaxID) error {
			if asked++; asked > 1 {
				return errors.New("not for you")
			}
			return nil
		}})
		r := w.raw(t)
		r.bind()
		for call := range uint32(3) { // once let in is let in
			r.request(flagFirst, call, 0, opEcho, "a")
			r.request(flagLast, call, 0, opEcho, "b")
			r.response(call, "ab")
		}
		r = w.raw(t)
		r.bind()
		r.request(flagFirst, 2, 0, opEcho, "a")
		r.fault(FaultAccessDenied)
		r.end("rpc fault 0x00000005: access denied")
		r = w.raw(t)
		r.bind()
		r.request(flagFirst, 2, 9, opEcho, "a")
		r.fault(FaultUnkIf)
		r.end("rpc fault 0x1c010003: unknown interface")
	})
}

// TestOneHandler: contexts of one interface have one handler, which lives as long
// as the connection: what a context handle is, is known in all of them.
func TestOneHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, ServerOptions{})
		r := w.raw(t)
		r.bind(element{0, echoID, []SyntaxID{NDR}}, element{7, echoID, []SyntaxID{NDR}})
		for call, id := range []uint16{0, 7, 0, 7} {
			r.request(flagWhole, uint32(call), id, opEcho, "a")
			r.response(uint32(call), "a")
		}
		_ = r.nc.Close()
		r.end("")
		if w.opened != 1 || w.open != 0 {
			t.Errorf("%d handlers were made, %d are open", w.opened, w.open)
		}
	})
}

// TestTimeouts: how long a client may take, in time that does not pass.
func TestTimeouts(t *testing.T) {
	refusedID := echoID
	refusedID.UUID[1] = 77
	o := ServerOptions{
		IdleTimeout: time.Hour, HandshakeTimeout: time.Minute, PDUTimeout: 10 * time.Second,
		Interfaces: []Interface{{ID: refusedID}},
		Authorize: func(_ *Peer, id SyntaxID) error {
			if id == refusedID {
				return errors.New("not for you")
			}
			return nil
		},
	}
	for _, x := range []struct {
		name string
		play func(w *world, r *raw)
		want time.Duration // from the end of play to the end of the connection
	}{
		{"says nothing", func(*world, *raw) {}, time.Minute},
		{"only binds", func(_ *world, r *raw) {
			time.Sleep(50 * time.Second)
			r.bind()
		}, 10 * time.Second},
		{"begins a PDU", func(_ *world, r *raw) { r.write([]byte{5}) }, 10 * time.Second},
		{"begins a PDU late", func(_ *world, r *raw) {
			time.Sleep(55 * time.Second)
			r.write([]byte{5})
		}, 5 * time.Second},
		{"begins a call", func(_ *world, r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "a")
		}, 10 * time.Second},
		{"idles", func(_ *world, r *raw) {
			r.bind()
			r.request(flagWhole, 2, 0, opEcho, "a")
			r.response(2, "a")
		}, time.Hour},
		{"idles behind what was orphaned", func(_ *world, r *raw) {
			r.bind()
			r.request(flagFirst, 2, 0, opEcho, "a")
			r.send(ptOrphaned, flagWhole, 2, nil, nil, "")
		}, time.Minute},
		{"is refused", func(_ *world, r *raw) {
			r.bind(element{0, refusedID, []SyntaxID{NDR}})
			for call := range uint32(5) {
				time.Sleep(5 * time.Second)
				r.request(flagWhole, call, 0, opEcho, "a")
				r.fault(FaultAccessDenied)
			}
		}, 35 * time.Second},
		{"waits for a call, and idles", func(w *world, r *raw) {
			r.bind()
			r.request(flagWhole, 2, 0, opBlock, "")
			<-w.blocked
			time.Sleep(5 * time.Hour)
			r.send(ptCancel, flagWhole, 2, nil, nil, "")
			r.fault(FaultCancel)
		}, time.Hour},
		{"does not read", func(_ *world, r *raw) {
			r.bind()
			r.request(flagWhole, 2, 0, opEcho, "a")
		}, 10 * time.Second},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, o)
				r := w.raw(t)
				x.play(w, r)
				begin := time.Now()
				err := <-r.ended
				if got := time.Since(begin); got != x.want || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("ended after %v with %v, want %v", got, err, x.want)
				}
			})
		})
	}
}

// TestShutdown: idle connections end at once, a call is answered before, and a
// context cuts it off.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, ServerOptions{})
		idle, busy, stuck := w.raw(t), w.raw(t), w.raw(t)
		for _, r := range []*raw{idle, busy, stuck} {
			r.bind()
		}
		for _, r := range []*raw{busy, stuck} {
			r.request(flagWhole, 2, 0, opBlock, "")
			<-w.blocked
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		shut := make(chan error, 1)
		begin := time.Now()
		go func() { shut <- w.Shutdown(ctx) }()
		idle.end("dcerpc: server closed")
		if d := time.Since(begin); d != 0 {
			t.Errorf("the idle connection ended after %v", d)
		}
		time.Sleep(time.Minute)
		busy.send(ptCancel, flagWhole, 2, nil, nil, "")
		busy.fault(FaultCancel)
		busy.end("dcerpc: server closed")
		nc, late := w.connect()
		if err := <-late; err != ErrServerClosed {
			t.Errorf("a new connection: %v", err)
		}
		_ = nc.Close()
		stuck.end("dcerpc: server closed")
		if err := <-shut; err != context.DeadlineExceeded || time.Since(begin) != time.Hour {
			t.Errorf("Shutdown: %v after %v", err, time.Since(begin))
		}
		if err := w.Shutdown(context.Background()); err != nil {
			t.Errorf("a second Shutdown: %v", err)
		}
	})
}

// TestMaxConns: one more than allowed is closed, and there is room again later.
func TestMaxConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, ServerOptions{MaxConns: 2})
		a, b, c := w.raw(t), w.raw(t), w.raw(t)
		synctest.Wait()
		var refused, rest *raw
		for _, r := range []*raw{a, b, c} { // whose goroutine was the last
			select {
			case err := <-r.ended:
				if err != ErrTooManyConns || refused != nil {
					t.Errorf("refused: %v", err)
				}
				refused = r
			default:
				rest = r
			}
		}
		if refused == nil {
			t.Fatal("none was refused")
		}
		if _, err := refused.nc.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the refused connection: %v", err)
		}
		_ = rest.nc.Close()
		rest.end("")
		synctest.Wait()
		w.raw(t).bind()
	})
}

// TestServeEnds: Serve ends with its context, and its connections with it.
func TestServeEnds(t *testing.T) {
	w := newWorld(t, ServerOptions{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.Serve(ctx, l) }()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(context.Background(), nc, &ClientOptions{Interface: echoID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Call(context.Background(), opEcho, nil); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-served; err != context.Canceled {
		t.Errorf("Serve: %v", err)
	}
	if _, err := c.Call(context.Background(), opEcho, nil); err == nil {
		t.Error("the connection goes on")
	}
	if err := w.Server.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Serve(context.Background(), l); err != ErrServerClosed {
		t.Errorf("Serve of a closed server: %v", err)
	}
}
