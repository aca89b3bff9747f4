package dcerpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzPDU: what decodes, encodes to what decodes to the same.
func FuzzPDU(f *testing.F) {
	for _, auth := range []*trailer{nil, {Type: AuthNTLM, Level: LevelPrivacy, ContextID: 2}, {Type: AuthNTLM, Level: LevelIntegrity, ContextID: 3}} {
		for _, p := range conversation(f, auth) {
			f.Add(p)
		}
	}
	f.Add(unhex(f, goldenBind))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePDU(b)
		if err != nil {
			return
		}
		switch p.Type {
		case ptBind, ptAlterContext:
			v, err := decodeBind(&p)
			if err != nil {
				return
			}
			p.Body = v.append(nil, p.Order)
			again, err := decodeBind(&p)
			if d := cmp.Diff(v, again); err != nil || d != "" {
				t.Errorf("%v\n%s", err, d)
			}
		case ptBindAck, ptAlterContextResp:
			v, err := decodeBindAck(&p)
			if err != nil {
				return
			}
			p.Body = v.append(nil, p.Order)
			again, err := decodeBindAck(&p)
			if d := cmp.Diff(v, again); err != nil || d != "" {
				t.Errorf("%v\n%s", err, d)
			}
		case ptRequest:
			if v, err := decodeRequest(&p); err == nil {
				stub, err := (&session{}).open(&p, v.Stub)
				if err == nil && len(stub) > len(b)-callSize {
					t.Errorf("stub of %d bytes", len(stub))
				}
			}
		default:
			_, _ = decodeResponse(&p)
			_, _ = decodeBindNak(&p)
		}
		if p.Trailer == nil || int(p.Trailer.PadLength) != -len(p.Body)&(takeAlign-1) {
			return // padded otherwise than here
		}
		body := p.Body
		again, err := appendPDU(nil, p.header, body, p.Trailer, p.Token)
		if err != nil {
			return
		}
		q, err := decodePDU(again)
		if err != nil || q.CallID != p.CallID || !bytes.Equal(q.Token, p.Token) || q.Type != p.Type {
			t.Errorf("%+v, %v, want %+v", q, err, p)
		}
	})
}

// bytesConn is a connection whose peer sends what is there, and takes everything.
type bytesConn struct {
	net.Conn // nil: no other method is called
	in       *bytes.Reader
	out      int
}

func (c *bytesConn) Read(b []byte) (int, error)        { return c.in.Read(b) }
func (c *bytesConn) Write(b []byte) (int, error)       { c.out += len(b); return len(b), nil }
func (c *bytesConn) Close() error                      { return nil }
func (c *bytesConn) SetReadDeadline(_ time.Time) error { return nil }
func (c *bytesConn) SetWriteDeadline(time.Time) error  { return nil }
func (c *bytesConn) SetDeadline(time.Time) error       { return nil }

// FuzzServer: arbitrary bytes against a server.
func FuzzServer(f *testing.F) {
	for _, auth := range []*trailer{nil, {Type: AuthNTLM, Level: LevelPrivacy, ContextID: 2}, {Type: AuthNTLM, Level: LevelIntegrity, ContextID: 3}} {
		all := conversation(f, auth)
		for n := range all {
			f.Add(bytes.Join(all[:n+1], nil))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, server := mechanisms("three legs")
		w := newWorld(t, ServerOptions{MaxCallSize: 4096, Auth: map[uint8]func(*Peer) Mechanism{AuthNTLM: anyPeer(server)}})
		nc := &bytesConn{in: bytes.NewReader(b)}
		err := w.ServeConn(context.Background(), nc, Peer{})
		if errors.Is(err, io.EOF) {
			t.Error("an end amid a PDU taken for one between them")
		}
		// An answer is longer than what it answers by no more than its headers.
		if most := 64 * (len(b) + 1); nc.out > most {
			t.Errorf("%d bytes answer %d", nc.out, len(b))
		}
	})
}

// FuzzClient: arbitrary bytes as the answers that a client gets.
func FuzzClient(f *testing.F) {
	for _, script := range []string{"", "three legs", "four legs"} {
		f.Add(script != "", answers(f, script))
	}
	f.Fuzz(func(t *testing.T, auth bool, b []byte) {
		o := ClientOptions{Interface: echoID, MaxResponse: 4096, HeaderSigning: true}
		if auth {
			client, _ := mechanisms("three legs")
			o.Mechanism, o.AuthType = client(), AuthNTLM
		}
		nc := &bytesConn{in: bytes.NewReader(b)}
		c, err := Dial(context.Background(), nc, &o)
		if err != nil {
			return
		}
		for range 3 {
			out, err := c.Call(context.Background(), opEcho, pattern(100))
			if len(out) > 4096 {
				t.Errorf("response of %d bytes", len(out))
			}
			if f := (*Fault)(nil); err != nil && !errors.As(err, &f) {
				break
			}
		}
		_ = c.Close()
	})
}

// recorder keeps what is read through it.
type recorder struct {
	net.Conn
	got bytes.Buffer
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.got.Write(b[:n])
	return n, err
}

// answers are the bytes that a server answers to FuzzClient's client.
func answers(t testing.TB, script string) []byte {
	o := ClientOptions{Interface: echoID, HeaderSigning: true}
	so := ServerOptions{}
	if script != "" {
		client, server := mechanisms(script)
		o.Mechanism, o.AuthType = client(), AuthNTLM
		if script != "three legs" {
			o.AuthType = AuthSPNEGO
		}
		so.Auth = map[uint8]func(*Peer) Mechanism{o.AuthType: anyPeer(server)}
	}
	w := newWorld(t, so)
	nc, _ := w.connect()
	r := &recorder{Conn: nc}
	c, err := Dial(context.Background(), r, &o)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []uint16{opEcho, opFault, opEcho} {
		_, _ = c.Call(context.Background(), op, pattern(100)) // a fault is wanted too
	}
	_ = c.Close()
	return r.got.Bytes()
}
