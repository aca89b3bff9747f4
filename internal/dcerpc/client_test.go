package dcerpc

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"testing"
	"testing/synctest"
)

// script plays the server of one connection: it reads with raw.read and answers
// with raw.send.
func script(t *testing.T, play func(r *raw)) net.Conn {
	client, server := net.Pipe()
	t.Cleanup(func() { _ = server.Close() })
	go play(&raw{t: t, nc: server, order: binary.LittleEndian})
	return client
}

// ackBody is the body of a bind_ack that accepts.
func ackBody(results ...result) []byte {
	if len(results) == 0 {
		results = []result{{Result: resultAccept, Transfer: NDR}}
	}
	a := bindAck{MaxXmit: defaultFrag, MaxRecv: defaultFrag, Group: 1, Address: "135", Results: results}
	return a.append(nil, binary.LittleEndian)
}

// acceptBind answers the bind.
func (r *raw) acceptBind() {
	p := r.read()
	r.send(ptBindAck, flagWhole, p.CallID, ackBody(), nil, "")
}

// TestBindAnswers: servers that answer a bind as they must not.
func TestBindAnswers(t *testing.T) {
	for _, x := range []struct {
		name string
		auth bool
		play func(r *raw, call uint32)
		want string
	}{
		{"closes", false, func(r *raw, _ uint32) { _ = r.nc.Close() }, "dcerpc: answer to bind: unexpected EOF"},
		{"fault", false, func(r *raw, call uint32) {
			r.write(appendFault(nil, header{Order: r.order, CallID: call}, 0, FaultAccessDenied))
		}, "rpc fault 0x00000005: access denied"},
		{"short fault", false, func(r *raw, call uint32) { r.send(ptFault, flagWhole, call, make([]byte, 11), nil, "") },
			"dcerpc: fault at offset 0x10: body of 11 bytes, need 12"},
		{"short bind_nak", false, func(r *raw, call uint32) { r.send(ptBindNak, flagWhole, call, []byte{1}, nil, "") },
			"dcerpc: bind_nak at offset 0x10: body of 1 bytes, need 2"},
		{"bind_nak", false, func(r *raw, call uint32) { r.send(ptBindNak, flagWhole, call, []byte{1, 0}, nil, "") },
			"rpc: bind refused: temporary congestion"},
		{"short bind_ack", false, func(r *raw, call uint32) { r.send(ptBindAck, flagWhole, call, nil, nil, "") },
			"dcerpc: bind_ack at offset 0x10: body of 0 bytes, need 10"},
		{"other call", false, func(r *raw, _ uint32) { r.send(ptBindAck, flagWhole, 99, ackBody(), nil, "") },
			"dcerpc: answer to bind: dcerpc: bind_ack.call_id at offset 0xc: have 99, want 1"},
		{"response", false, func(r *raw, call uint32) { r.send(ptResponse, flagWhole, call, make([]byte, 8), nil, "") },
			"dcerpc: response with flags 0x03 answers bind"},
		{"fragment", false, func(r *raw, call uint32) { r.send(ptBindAck, flagFirst, call, ackBody(), nil, "") },
			"dcerpc: bind_ack with flags 0x01 answers bind"},
		{"two results", false, func(r *raw, call uint32) {
			r.send(ptBindAck, flagWhole, call, ackBody(result{}, result{}), nil, "")
		}, "dcerpc: 2 results for one interface"},
		{"other syntax", false, func(r *raw, call uint32) {
			r.send(ptBindAck, flagWhole, call, ackBody(result{Transfer: echoID}), nil, "")
		}, "dcerpc: transfer syntax {04030201-0605-0807-090A-0B0C0D0E0F10} v1.3, proposed was {8A885D04-1CEB-11C9-9FE8-08002B104860} v2.0"},
		{"short fragments", false, func(r *raw, call uint32) {
			a := bindAck{MaxRecv: 100, Results: []result{{Transfer: NDR}}}
			r.send(ptBindAck, flagWhole, call, a.append(nil, r.order), nil, "")
		}, "dcerpc: the server takes fragments of 100 bytes, the least is 1432"},
		{"lower level", true, func(r *raw, call uint32) {
			r.send(ptBindAck, flagWhole, call, ackBody(), &trailer{Type: AuthSPNEGO, Level: LevelConnect, ContextID: clientAuthContext}, "s1")
		}, "dcerpc: bind_ack authenticates otherwise: not what was authenticated"},
		{"no token", true, func(r *raw, call uint32) { r.send(ptBindAck, flagWhole, call, ackBody(), nil, "") },
			`dcerpc: authentication: token "", want "s1"`},
		{"a token too many", true, func(r *raw, call uint32) {
			auth := &trailer{Type: AuthSPNEGO, Level: LevelPrivacy, ContextID: clientAuthContext}
			r.send(ptBindAck, flagWhole, call, ackBody(), auth, "s1")
			p := r.read()
			r.send(ptAlterContextResp, flagWhole, p.CallID, ackBody(), auth, "again")
		}, "dcerpc: the server's authentication goes on behind its end"},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := ClientOptions{Interface: echoID}
				if x.auth {
					o.Mechanism = &scripted{legs: []leg{{"", "c1", false}, {"s1", "c2", true}}, client: true}
					o.AuthType = AuthSPNEGO
				}
				nc := script(t, func(r *raw) { x.play(r, r.read().CallID) })
				_, err := Dial(context.Background(), nc, &o)
				if errorText(err) != x.want {
					t.Errorf("%v, want %s", err, x.want)
				}
			})
		})
	}
}

// TestDialCancelled: a server that says nothing is given up with the context.
func TestDialCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc := script(t, func(r *raw) { r.read() })
		ctx, cancel := context.WithTimeout(context.Background(), 1)
		defer cancel()
		if _, err := Dial(ctx, nc, &ClientOptions{Interface: echoID}); err != context.DeadlineExceeded {
			t.Errorf("%v, want %v", err, context.DeadlineExceeded)
		}
		if _, err := nc.Write(nil); err == nil {
			t.Error("the connection is open")
		}
	})
}

// TestAnswers: servers that answer a call as they must not. Each ends the client.
func TestAnswers(t *testing.T) {
	body := func(id uint16, stub string) []byte {
		ids := responseIDs(binary.LittleEndian, len(stub), id)
		return append(ids[:], stub...)
	}
	for _, x := range []struct {
		name string
		play func(r *raw, call uint32)
		want string
	}{
		{"closes", func(r *raw, _ uint32) { _ = r.nc.Close() }, "unexpected EOF"},
		{"closes amid the answer", func(r *raw, call uint32) {
			r.send(ptResponse, flagFirst, call, body(0, "abc"), nil, "")
			_ = r.nc.Close()
		}, "unexpected EOF"},
		{"shutdown", func(r *raw, call uint32) { r.send(ptShutdown, flagWhole, call, nil, nil, "") }, "a shutdown answers a request"},
		{"short", func(r *raw, call uint32) { r.send(ptResponse, flagWhole, call, make([]byte, 7), nil, "") },
			"dcerpc: response at offset 0x10: body of 7 bytes, need 8"},
		{"other call", func(r *raw, call uint32) { r.send(ptResponse, flagWhole, call+1, body(0, ""), nil, "") },
			"dcerpc: response.call_id at offset 0xc: have 3, want 2"},
		{"other context", func(r *raw, call uint32) { r.send(ptResponse, flagWhole, call, body(7, ""), nil, "") },
			"dcerpc: response.p_cont_id at offset 0x14: have 7, want 0"},
		{"no first fragment", func(r *raw, call uint32) { r.send(ptResponse, flagLast, call, body(0, "a"), nil, "") },
			"dcerpc: response.pfc_flags at offset 0x3: have 0x02 amid 0 bytes"},
		{"first fragment twice", func(r *raw, call uint32) {
			r.send(ptResponse, flagFirst, call, body(0, "a"), nil, "")
			r.send(ptResponse, flagFirst, call, body(0, "a"), nil, "")
		}, "dcerpc: response.pfc_flags at offset 0x3: have 0x01 amid 1 bytes"},
		{"empty fragment", func(r *raw, call uint32) { r.send(ptResponse, flagFirst, call, body(0, ""), nil, "") }, "empty fragment"},
		{"big-endian", func(r *raw, call uint32) {
			r.order = binary.BigEndian
			r.send(ptResponse, flagWhole, call, make([]byte, 8), nil, "")
		}, "dcerpc: response.drep at offset 0x4: big-endian answers little-endian"},
		{"long fragment", func(r *raw, call uint32) {
			b, _ := appendPDU(nil, header{Type: ptResponse, Order: r.order, CallID: call}, make([]byte, defaultFrag), nil, nil) // not too long for a PDU
			_, _ = r.nc.Write(b)                                                                                                // the client closes amid it
		}, "dcerpc: header.frag_length at offset 0x8: have 5856, the most is 5840"},
		{"signed", func(r *raw, call uint32) {
			r.send(ptResponse, flagWhole, call, body(0, ""), &trailer{Type: AuthNTLM, Level: LevelIntegrity}, "0123456789abcdef")
		}, "dcerpc: sec_trailer.auth_type at offset 0x18: have 10 on a connection without authentication: not what was authenticated"},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nc := script(t, func(r *raw) {
					r.acceptBind()
					x.play(r, r.read().CallID)
				})
				c, err := Dial(context.Background(), nc, &ClientOptions{Interface: echoID})
				if err != nil {
					t.Fatal(err)
				}
				_, err = c.Call(context.Background(), 1, nil)
				if want := "dcerpc: answer of operation 1: " + x.want; errorText(err) != want {
					t.Errorf("%v, want %s", err, want)
				}
				if _, err := c.Call(context.Background(), 1, nil); err != ErrClientClosed {
					t.Errorf("then %v, want %v", err, ErrClientClosed)
				}
			})
		})
	}
}

// TestSignedAnswers: a client that has authenticated takes signed answers only;
// faults come unsigned, and are verified where they are signed.
func TestSignedAnswers(t *testing.T) {
	auth := trailer{Type: AuthNTLM, Level: LevelPrivacy, ContextID: clientAuthContext}
	for _, x := range []struct {
		name   string
		change func(b []byte) []byte
		want   string // "": the fault
	}{
		{"fault", func(b []byte) []byte { return b }, ""},
		{"changed fault", func(b []byte) []byte { b[callSize]++; return b },
			"dcerpc: answer of operation 1: dcerpc: fault.auth_value at offset 0x30: not what was authenticated: bad signature"},
		{"unsigned fault", func([]byte) []byte {
			return appendFault(nil, header{Order: binary.LittleEndian, CallID: 2}, 0, FaultCancel)
		}, ""},
		{"unsigned response", func([]byte) []byte {
			b, _ := appendPDU(nil, header{Type: ptResponse, Flags: flagWhole, Order: binary.LittleEndian, CallID: 2}, make([]byte, 8), nil, nil) // short enough
			return b
		}, "dcerpc: answer of operation 1: dcerpc: response.auth_length at offset 0xa: no signature: not what was authenticated"},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nc := script(t, func(r *raw) {
					p := r.read()
					r.send(ptBindAck, flagWhole, p.CallID, ackBody(), &auth, "s1")
					r.read() // auth3
					r.read() // the request
					s := session{trailer: auth, sec: &hmacSecurity{send: "server"}}
					b, err := s.appendFragment(nil, header{Type: ptFault, Flags: flagWhole, Order: r.order, CallID: 2},
						responseIDs(r.order, 0, 0), r.order.AppendUint64(nil, FaultCancel))
					if err != nil {
						r.t.Error(err)
					}
					r.write(x.change(b))
				})
				client, _ := mechanisms("three legs")
				c, err := Dial(context.Background(), nc, &ClientOptions{Interface: echoID, Mechanism: client(), AuthType: AuthNTLM})
				if err != nil {
					t.Fatal(err)
				}
				_, err = c.Call(context.Background(), 1, nil)
				var f *Fault
				if errors.Is(err, fs.ErrPermission) {
					t.Errorf("%v is a refusal", err)
				}
				if x.want == "" && (!errors.As(err, &f) || f.Status != FaultCancel) || x.want != "" && errorText(err) != x.want {
					t.Errorf("%v, want %s", err, x.want)
				}
				_ = c.Close()
			})
		})
	}
}

// TestParting: the fault of a server that closes amid a request is found.
func TestParting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // once is enough
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		r := &raw{t: t, nc: nc, order: binary.LittleEndian}
		r.acceptBind()
		p := r.read()
		r.write(appendFault(nil, header{Order: r.order, CallID: p.CallID}, 0, FaultAccessDenied))
		_ = nc.(*net.TCPConn).CloseRead() // and takes no more
		_ = nc.(*net.TCPConn).CloseWrite()
	}()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(context.Background(), &brokenConn{Conn: nc, writes: 2}, &ClientOptions{Interface: echoID})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Call(context.Background(), 0, make([]byte, 20_000))
	if want := "rpc fault 0x00000005: access denied: dcerpc: call of operation 0: broken"; errorText(err) != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err := c.Call(context.Background(), 0, nil); err != ErrClientClosed {
		t.Errorf("then %v, want %v", err, ErrClientClosed)
	}
}

// brokenConn takes so many writes.
type brokenConn struct {
	net.Conn
	writes int
}

func (c *brokenConn) Write(b []byte) (int, error) {
	if c.writes--; c.writes < 0 {
		return 0, errors.New("broken")
	}
	return c.Conn.Write(b)
}
