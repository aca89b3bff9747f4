package dcerpc

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"testing"

	"netelf.example/nt"
)

// leg is one step of a scripted mechanism.
type leg struct {
	want, reply string
	done        bool
}

// scripted is a mechanism that follows a script, and protects with HMAC-SHA256.
type scripted struct {
	legs     []leg
	identity string
	client   bool
	header   bool // SignsHeader
	weak     bool // has no Security
	refusal  string
}

func (m *scripted) Step(token []byte) ([]byte, bool, error) {
	if len(m.legs) == 0 {
		return nil, false, errors.New("one step too many")
	}
	l := m.legs[0]
	if m.legs = m.legs[1:]; string(token) != l.want {
		return nil, false, fmt.Errorf("token %q, want %q", token, l.want)
	}
	return []byte(l.reply), l.done, nil
}

func (m *scripted) Refusal() string { return m.refusal }

func (m *scripted) Identity() any { return m.identity }

func (m *scripted) Security() Security {
	if m.weak {
		return nil
	}
	s := &hmacSecurity{send: "server", recv: "client", header: m.header}
	if m.client {
		s.send, s.recv = s.recv, s.send
	}
	return s
}

// Scripts: client and server of an authentication of so many legs.
var scripts = map[string][2][]leg{
	"two legs":   {{{"", "c1", false}, {"s1", "", true}}, {{"c1", "s1", true}}},
	"three legs": {{{"", "c1", false}, {"s1", "c2", true}}, {{"c1", "s1", false}, {"c2", "", true}}},
	"four legs":  {{{"", "c1", false}, {"s1", "c2", false}, {"s2", "", true}}, {{"c1", "s1", false}, {"c2", "s2", true}}},
}

// anyPeer makes an accepting side for whoever comes.
func anyPeer(f func() Mechanism) func(*Peer) Mechanism { return func(*Peer) Mechanism { return f() } }

// mechanisms are both sides of a script.
func mechanisms(name string) (client, server func() Mechanism) {
	s := scripts[name]
	return func() Mechanism { return &scripted{legs: s[0], client: true} },
		func() Mechanism { return &scripted{legs: s[1], identity: "fred"} }
}

// hmacSecurity signs with HMAC over a sequence number and the message, and
// encrypts with a stream of hashes.
type hmacSecurity struct {
	send, recv       string
	sendSeq, recvSeq uint64
	header           bool
}

func (s *hmacSecurity) SignsHeader() bool      { return s.header }
func (s *hmacSecurity) SignatureSize(bool) int { return 16 }

func mac(key string, seq uint64, whole []byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write(binary.BigEndian.AppendUint64(nil, seq))
	h.Write(whole)
	return h.Sum(nil)[:16]
}

func crypt(key string, seq uint64, b []byte) {
	for i := range b {
		if i%32 == 0 {
			sum := sha256.Sum256(fmt.Append(nil, key, seq, i))
			for j := i; j < min(i+32, len(b)); j++ {
				b[j] ^= sum[j-i]
			}
		}
	}
}

func (s *hmacSecurity) Sign(whole []byte) ([]byte, error) {
	s.sendSeq++
	return mac(s.send, s.sendSeq, whole), nil
}

// badSignature says no to the peer, as NTLM's does.
type badSignature struct{}

func (badSignature) Error() string        { return "bad signature" }
func (badSignature) Is(target error) bool { return target == fs.ErrPermission }

func (s *hmacSecurity) Verify(whole, sig []byte) error {
	s.recvSeq++
	if !hmac.Equal(mac(s.recv, s.recvSeq, whole), sig) {
		return badSignature{}
	}
	return nil
}

func (s *hmacSecurity) Seal(whole []byte, from, to int) ([]byte, error) {
	sig, err := s.Sign(whole)
	crypt(s.send, s.sendSeq, whole[from:to])
	return sig, err
}

func (s *hmacSecurity) Unseal(whole []byte, from, to int, sig []byte) error {
	crypt(s.recv, s.recvSeq+1, whole[from:to])
	return s.Verify(whole, sig)
}

// echoID is the interface of echo.
var echoID = SyntaxID{UUID: nt.GUID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, Version: 1 | 3<<16}

// Operations of echo.
const (
	opEcho  = iota // gives the stub back
	opFault        // answers the status in the stub
	opError        // fails
	opPanic
	opBlock // waits for ctx, and returns its error
	opOrder // gives a number back in the caller's byte order
	opPeer  // says who the caller is
)

// echo is a handler that counts its lives.
type echo struct {
	peer    *Peer
	world   *world
	calling bool
}

// world is a server with the echo interface, and what its handlers saw.
type world struct {
	*Server
	mu           sync.Mutex
	open, opened int
	blocked      chan struct{} // gets one for each call that blocks
	cancelled    chan error
}

func newWorld(t testing.TB, o ServerOptions) *world {
	t.Helper()
	w := &world{blocked: make(chan struct{}, 8), cancelled: make(chan error, 8)}
	o.Interfaces = append(o.Interfaces, Interface{ID: echoID, New: func(_ context.Context, p *Peer) (Handler, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.open++
		w.opened++
		return &echo{peer: p, world: w}, nil
	}})
	w.Server = NewServer(o)
	t.Cleanup(func() {
		if err := w.Server.Close(); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.open != 0 {
			t.Errorf("%d handlers are still open", w.open)
		}
	})
	return w
}

func (e *echo) Call(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	e.world.mu.Lock()
	two := e.calling
	e.calling = true
	e.world.mu.Unlock()
	if two {
		panic("two calls at a time")
	}
	defer func() {
		e.world.mu.Lock()
		e.calling = false
		e.world.mu.Unlock()
	}()
	switch op {
	case opEcho:
		return bytes.Clone(in), nil
	case opFault:
		if len(in) < 4 {
			return nil, &Fault{FaultNDR}
		}
		return nil, fmt.Errorf("wrapped: %w", &Fault{order.Uint32(in)})
	case opError:
		return nil, errors.New("a secret path")
	case opPanic:
		panic("as the test wants")
	case opBlock:
		e.world.blocked <- struct{}{}
		<-ctx.Done()
		e.world.cancelled <- ctx.Err()
		return nil, ctx.Err()
	case opOrder:
		b := make([]byte, 4)
		order.PutUint32(b, order.Uint32(in)+1)
		return b, nil
	case opPeer:
		return fmt.Appendf(nil, "%v %d %d %v", e.peer.Identity, e.peer.AuthType, e.peer.AuthLevel, e.peer.Caller), nil
	}
	return nil, &Fault{FaultOpRange}
}

func (e *echo) Close() {
	e.world.mu.Lock()
	defer e.world.mu.Unlock()
	e.world.open--
}

// connect starts a connection to the server, and returns the client's end and what
// ServeConn will return.
func (w *world) connect() (net.Conn, <-chan error) {
	client, server := net.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- w.ServeConn(context.Background(), server, Peer{Transport: TransportPipe, Endpoint: `\pipe\echo`, Caller: "token"})
	}()
	return client, ended
}

// dial binds a client to the server.
func (w *world) dial(t testing.TB, o ClientOptions) *Client {
	t.Helper()
	nc, _ := w.connect()
	o.Interface = echoID
	c, err := Dial(context.Background(), nc, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// pattern is n bytes of which no two neighbouring blocks are alike.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i/251)
	}
	return b
}
