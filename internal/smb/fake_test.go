package smb

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"netelf.example/internal/ntlm"
	"netelf.example/internal/spnego"
	"netelf.example/nt"
)

// Commands ([MS-SMB2] 2.2.1.2) beside those that the package knows.
const (
	commandTreeConnect    = 3
	commandTreeDisconnect = 4
	commandCreate         = 5
	commandRead           = 8
	commandWrite          = 9
	commandEcho           = 13
)

// fakeServer speaks as much of SMB 2.1 as pipes need, to one client, fred, whose
// password is yabba. Its pipe "echo" gives back each message that it takes.
type fakeServer struct {
	t testing.TB

	sessionFlags [2]uint16                                                        // of both answers to a logon
	unsigned     bool                                                             // its answers are not signed
	badKey       bool                                                             // they are signed with another key
	status       func(command uint16) nt.Status                                   // nil, or 0: well
	answer       func(command uint16, status nt.Status, body []byte) (b []byte)   // changes a body
	silent       func(command uint16) bool                                        // there is no answer
	raw          func(command uint16, whole []byte, send func(whole []byte)) bool // takes a request; true: that was all

	mu      sync.Mutex
	seen    map[uint16]int // how often each command came
	more    *sync.Cond     // seen changes; nil: nobody waits
	logon   *ntlm.Acceptor
	outer   *spnego.Acceptor
	key     *[16]byte
	waiting map[uint32][]byte   // by tree: the request that wants a message
	queue   map[uint32][][]byte // by tree: messages that nobody has read
	trees   uint32
}

// dial logs on at the server as fred.
func (s *fakeServer) dial(t testing.TB, ctx context.Context) (*Session, error) {
	t.Helper()
	return Dial(ctx, Options{Address: "bedrock", Credentials: Credentials{User: "fred", Domain: "QUARRY", Password: "yabba"}, Dial: s.connect})
}

// connect is a connection to the server, over TCP, so that nobody waits for a reader.
func (s *fakeServer) connect(context.Context, string, string) (net.Conn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }() // it has taken one connection
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	theirs, err := l.Accept()
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve(theirs)
	}()
	s.t.Cleanup(func() {
		_ = nc.Close()
		<-done
	})
	return nc, nil
}

// serve answers until the connection ends.
func (s *fakeServer) serve(nc net.Conn) {
	defer func() { _ = nc.Close() }()
	for {
		var head [4]byte
		if _, err := io.ReadFull(nc, head[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(nc, b); err != nil {
			return
		}
		s.request(b, func(whole []byte) {
			_, _ = nc.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(whole))), whole...)) // the client may have gone
		})
	}
}

// request answers one request.
func (s *fakeServer) request(b []byte, send func(whole []byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	le := binary.LittleEndian
	command, tree := le.Uint16(b[offsetCommand:]), le.Uint32(b[36:])
	if s.seen == nil {
		s.seen = map[uint16]int{}
	}
	s.seen[command]++
	if s.more != nil {
		s.more.Broadcast()
	}
	if s.silent != nil && s.silent(command) || s.raw != nil && s.raw(command, b, send) {
		return
	}
	status, body, treeOut := nt.StatusSuccess, []byte{4, 0, 0, 0}, tree
	if s.status != nil {
		status = s.status(command)
	}
	if status != 0 {
		s.send(b, status, treeOut, []byte{9, 0, 0, 0, 0, 0, 0, 0, 0}, send)
		return
	}
	switch command {
	case commandNegotiate:
		body = make([]byte, 64)
		le.PutUint16(body, 65)
		le.PutUint16(body[2:], 1)      // signing is possible
		le.PutUint16(body[4:], 0x0210) // SMB 2.1
		le.PutUint32(body[24:], 4)     // large MTU
		for at := 28; at <= 36; at += 4 {
			le.PutUint32(body[at:], 1<<20)
		}
		le.PutUint16(body[56:], headerSize+64)
	case commandSessionSetup:
		status, body = s.sessionSetup(b)
	case commandTreeConnect:
		s.trees++
		treeOut = s.trees
		body = make([]byte, 16)
		le.PutUint16(body, 16)
		body[2] = 2 // pipes
	case commandTreeDisconnect:
		if w := s.waiting[tree]; w != nil {
			delete(s.waiting, tree)
			s.send(w, nt.StatusCancelled, tree, []byte{9, 0, 0, 0, 0, 0, 0, 0, 0}, send)
		}
	case commandCreate:
		body = make([]byte, 88)
		le.PutUint16(body, 89)
		le.PutUint32(body[64:], treeOut) // the file's id
	case commandWrite:
		at, n := le.Uint16(b[headerSize+2:]), le.Uint32(b[headerSize+4:])
		s.message(tree, bytes.Clone(b[at:][:n]), send)
		body = make([]byte, 16)
		le.PutUint16(body, 17)
		le.PutUint32(body[4:], n)
	case commandRead:
		if q := s.queue[tree]; len(q) > 0 {
			s.queue[tree] = q[1:]
			body = readBody(q[0])
			break
		}
		if s.waiting == nil {
			s.waiting = map[uint32][]byte{}
		}
		s.waiting[tree] = b
		return
	}
	if s.answer != nil {
		body = s.answer(command, status, body)
	}
	s.send(b, status, treeOut, body, send)
}

// message puts a message into a pipe.
func (s *fakeServer) message(tree uint32, m []byte, send func(whole []byte)) {
	if w := s.waiting[tree]; w != nil {
		delete(s.waiting, tree)
		s.send(w, 0, tree, readBody(m), send)
		return
	}
	if s.queue == nil {
		s.queue = map[uint32][][]byte{}
	}
	s.queue[tree] = append(s.queue[tree], m)
}

// readBody is the answer to a read.
func readBody(m []byte) []byte {
	b := make([]byte, 16, 16+len(m))
	binary.LittleEndian.PutUint16(b, 17)
	b[2] = headerSize + 16
	binary.LittleEndian.PutUint32(b[4:], uint32(len(m)))
	return append(b, m...)
}

// sessionSetup is one leg of a logon.
func (s *fakeServer) sessionSetup(b []byte) (nt.Status, []byte) {
	le := binary.LittleEndian
	if s.logon == nil {
		var err error
		s.logon, err = ntlm.NewAcceptor(ntlm.AcceptorOptions{Computer: "BEDROCK", Lookup: func(_, user string) ([16]byte, bool, error) {
			return ntlm.NTHash("yabba"), user == "fred", nil
		}})
		if err == nil {
			s.outer, err = spnego.NewAcceptor([]spnego.Offer{{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return s.logon, nil }}})
		}
		if err != nil {
			s.t.Error(err)
		}
	}
	at, n := le.Uint16(b[headerSize+12:]), le.Uint16(b[headerSize+14:])
	token, done, err := s.outer.Step(b[at:][:n])
	if err != nil {
		return nt.StatusLogonFailure, []byte{9, 0, 0, 0, 0, 0, 0, 0, 0}
	}
	status, flags := nt.StatusMoreProcessingRequired, s.sessionFlags[0]
	if done {
		key := s.logon.Security().Key()
		if s.badKey {
			key[0] ^= 1
		}
		s.key = &key
		status, flags = 0, s.sessionFlags[1]
	}
	body := make([]byte, 8, 8+len(token))
	le.PutUint16(body, 9)
	le.PutUint16(body[2:], flags)
	le.PutUint16(body[4:], headerSize+8)
	le.PutUint16(body[6:], uint16(len(token)))
	return status, append(body, token...)
}

// send sends an answer to a request, signed where there is a key.
func (s *fakeServer) send(request []byte, status nt.Status, tree uint32, body []byte, send func(whole []byte)) {
	le := binary.LittleEndian
	b := make([]byte, headerSize, headerSize+len(body))
	copy(b, request[:headerSize])
	clear(b[48:64])
	le.PutUint32(b[8:], uint32(status))
	le.PutUint16(b[14:], 8) // credits
	le.PutUint32(b[offsetFlags:], 1)
	le.PutUint32(b[36:], tree)
	if le.Uint16(b[offsetCommand:]) != commandNegotiate {
		le.PutUint64(b[40:], 0x4711)
	}
	b = append(b, body...)
	if s.key != nil && !s.unsigned {
		le.PutUint32(b[offsetFlags:], 1|flagSigned)
		h := hmac.New(sha256.New, s.key[:])
		h.Write(b)
		copy(b[48:], h.Sum(nil)[:16])
	}
	send(b)
}

// until waits until a command came, and says how often it has.
func (s *fakeServer) until(command uint16) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.more == nil {
		s.more = sync.NewCond(&s.mu)
	}
	for s.seen[command] == 0 {
		s.more.Wait()
	}
	return s.seen[command]
}
