package smb

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// session is a session with the server.
func (s *fakeServer) session(t testing.TB) *Session {
	t.Helper()
	x, err := s.dial(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return x
}

// pipe is a pipe of a session.
func openPipe(t testing.TB, s *Session) net.Conn {
	t.Helper()
	nc, err := s.Pipe(t.Context(), "echo")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nc.Close(); err != nil {
			t.Error(err)
		}
	})
	return nc
}

func write(t testing.TB, nc net.Conn, m string) {
	t.Helper()
	if n, err := nc.Write([]byte(m)); n != len(m) || err != nil {
		t.Fatalf("write: %d of %d bytes, %v", n, len(m), err)
	}
}

func read(t testing.TB, nc net.Conn, size int, want string) {
	t.Helper()
	b := make([]byte, size)
	if n, err := nc.Read(b); string(b[:n]) != want || err != nil {
		t.Errorf("read: %d bytes, want %d: %v", n, len(want), err)
	}
}

func TestPipe(t *testing.T) {
	f := &fakeServer{t: t}
	s := f.session(t)
	nc := openPipe(t, s)
	// Messages are not joined, and come in the parts that are asked for.
	write(t, nc, "granite")
	write(t, nc, "slate")
	read(t, nc, 100, "granite")
	read(t, nc, 2, "sl")
	read(t, nc, 0, "")
	read(t, nc, 100, "ate")
	// The longest one.
	long := strings.Repeat("x", maxPDU)
	write(t, nc, long)
	read(t, nc, 1<<20, long)
	if n, err := nc.Write(make([]byte, maxPDU+1)); n != 0 || err == nil || err.Error() != "smb: a message of 65536 bytes, at most 65535" {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := nc.Write(nil); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
	if a := nc.RemoteAddr(); a.String() != `\\bedrock\pipe\echo` || a.Network() != "ncacn_np" {
		t.Errorf("%s of %s", a, a.Network())
	}
	if nc.LocalAddr() == nil || s.RemoteAddr().Network() != "tcp" {
		t.Errorf("%v, %v", nc.LocalAddr(), s.RemoteAddr())
	}
	// Two pipes have nothing of each other, and reading one does not hold up the other.
	other := openPipe(t, s)
	write(t, other, "other")
	write(t, nc, "one")
	read(t, nc, 100, "one")
	read(t, other, 100, "other")
}

func TestPipes(t *testing.T) {
	s := (&fakeServer{t: t}).session(t)
	var all sync.WaitGroup
	for i := range 8 {
		nc := openPipe(t, s)
		all.Go(func() {
			for j := range 50 {
				m := fmt.Sprint(i, j)
				write(t, nc, m)
				read(t, nc, 100, m)
			}
		})
	}
	all.Wait()
}

// TestDeadline: a deadline ends a call, and takes nothing away.
func TestDeadline(t *testing.T) {
	f := &fakeServer{t: t}
	nc := openPipe(t, f.session(t))
	past := time.Now().Add(-time.Second)
	set := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	set(nc.SetReadDeadline(past))
	if n, err := nc.Read(make([]byte, 9)); n != 0 || err != os.ErrDeadlineExceeded {
		t.Errorf("%d, %v", n, err)
	}
	// One that comes while the read waits, in place of a far one.
	set(nc.SetReadDeadline(time.Now().Add(time.Hour)))
	done := make(chan error)
	go func() {
		_, err := nc.Read(make([]byte, 9))
		done <- err
	}()
	f.until(commandRead)
	set(nc.SetReadDeadline(past))
	if err := <-done; err != os.ErrDeadlineExceeded {
		t.Error(err)
	}
	set(nc.SetDeadline(time.Time{}))
	write(t, nc, "marble")
	read(t, nc, 100, "marble")
	if n := f.until(commandRead); n != 1 {
		t.Errorf("the server was asked %d times", n)
	}
	set(nc.SetWriteDeadline(past))
	if n, err := nc.Write([]byte("a")); n != 0 || err != os.ErrDeadlineExceeded {
		t.Errorf("%d, %v", n, err)
	}
	set(nc.SetWriteDeadline(time.Time{}))
	write(t, nc, "chalk")
	read(t, nc, 100, "chalk")
}

// TestClose: what is under way ends when the pipe or the session does.
func TestClose(t *testing.T) {
	for name, end := range map[string]func(*Session, net.Conn) error{
		"pipe":    func(_ *Session, nc net.Conn) error { return nc.Close() },
		"session": func(s *Session, _ net.Conn) error { return s.Close() },
	} {
		f := &fakeServer{t: t}
		s := f.session(t)
		nc := openPipe(t, s)
		other := openPipe(t, s)
		done := make(chan error)
		go func() {
			_, err := nc.Read(make([]byte, 9))
			done <- err
		}()
		f.until(commandRead)
		if err := end(s, nc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := nc.Read(make([]byte, 9)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: read behind it: %v", name, err)
		}
		if _, err := nc.Write(make([]byte, 9)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: write behind it: %v", name, err)
		}
		if name == "pipe" {
			write(t, other, "gravel")
			read(t, other, 9, "gravel")
			f.until(commandTreeDisconnect)
		} else if _, err := s.Pipe(t.Context(), "echo"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("pipe of a closed session: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestGiveUp: a pipe that nobody waits for any more is closed when it comes.
func TestGiveUp(t *testing.T) {
	asked, hold := make(chan struct{}, 2), make(chan struct{})
	f := &fakeServer{t: t}
	f.status = func(command uint16) nt.Status {
		if command == commandCreate {
			asked <- struct{}{}
			<-hold
		}
		return 0
	}
	s := f.session(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Pipe(ctx, "echo")
		done <- err
	}()
	<-asked
	cancel()
	if err := <-done; err != context.Canceled {
		t.Error(err)
	}
	close(hold)
	f.until(commandTreeDisconnect)
	nc := openPipe(t, s)
	write(t, nc, "basalt")
	read(t, nc, 9, "basalt")
}

func TestDialErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	const at = `smb: bedrock:445: logon as QUARRY\fred: `
	atLogon := func(st nt.Status) *fakeServer { // the answer to its second leg
		legs := 0
		return &fakeServer{status: func(c uint16) nt.Status {
			if c == commandSessionSetup {
				legs++
			}
			return map[bool]nt.Status{true: st}[legs == 2]
		}}
	}
	for _, x := range []struct {
		name  string
		f     *fakeServer
		ctx   context.Context
		is    error
		state eventlog.State
		text  string
	}{
		{"guest", &fakeServer{sessionFlags: [2]uint16{0, 1}}, nil, errUnsigned, eventlog.Failed, at + "the server took the logon as that of a guest, and nothing could be signed"},
		{"guest at once", &fakeServer{sessionFlags: [2]uint16{1, 1}}, nil, nil, eventlog.Failed, at + "invalid response error: guest account doesn't support signing"},
		{"nobody", &fakeServer{sessionFlags: [2]uint16{0, 2}}, nil, errUnsigned, eventlog.Failed, at + "the server took the logon as that of a guest, and nothing could be signed"},
		{"another key", &fakeServer{badKey: true}, nil, nil, eventlog.Failed, at + "the server does not prove that it knows the user: invalid response error: packet failed signature verification"},
		{"no signature", &fakeServer{unsigned: true}, nil, nil, eventlog.Failed, at + "the server does not prove that it knows the user: invalid response error: packet failed signature verification"},
		{"encrypted without a key", &fakeServer{sessionFlags: [2]uint16{0, 4}}, nil, nil, eventlog.Failed, at + "what the server sent cannot be understood"},
		{"wrong password", atLogon(nt.StatusLogonFailure), nil, fs.ErrPermission, eventlog.Refused, at + "wrong user name or password (STATUS_LOGON_FAILURE)"},
		{"locked out", atLogon(nt.StatusAccountLockedOut), nil, fs.ErrPermission, eventlog.Refused, at + "account locked out (STATUS_ACCOUNT_LOCKED_OUT)"},
		{"refused at once", &fakeServer{status: func(c uint16) nt.Status {
			return map[bool]nt.Status{true: nt.StatusNotSupported}[c == commandNegotiate]
		}}, nil, errors.ErrUnsupported, eventlog.Failed, at + "not supported (STATUS_NOT_SUPPORTED)"},
		{"long message", &fakeServer{raw: func(_ uint16, _ []byte, send func([]byte)) bool {
			send(make([]byte, maxMessage+1))
			return true
		}}, nil, nil, eventlog.Unreachable, at + "read tcp: a message of 1052673 bytes, at most 1052672"},
		{"cancelled", &fakeServer{}, ended, context.Canceled, eventlog.Cancelled, at + "context canceled"},
	} {
		x.f.t = t
		ctx := x.ctx
		if ctx == nil {
			ctx = t.Context()
		}
		s, err := x.f.dial(t, ctx)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || x.is != nil && !errors.Is(err, x.is) || err.Error() != x.text || strings.Contains(err.Error(), "yabba") {
			t.Errorf("%s: %v", x.name, err)
		}
		if got := eventlog.StateOf(err); got != x.state {
			t.Errorf("%s: the state is %s, want %s", x.name, got, x.state)
		}
	}
}

// TestDialTimeout: a server that says nothing is left when the context ends.
func TestDialTimeout(t *testing.T) {
	for _, command := range []uint16{commandNegotiate, commandSessionSetup, commandEcho} {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fakeServer{t: t, silent: func(c uint16) bool {
			if c == command {
				cancel()
			}
			return c == command
		}}
		if _, err := f.dial(t, ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("command %d: %v", command, err)
		}
	}
}

func TestPipeErrors(t *testing.T) {
	const at = `smb: bedrock:445: \pipe\echo: `
	refuse := func(command uint16, st nt.Status) *fakeServer {
		return &fakeServer{status: func(c uint16) nt.Status { return map[bool]nt.Status{true: st}[c == command] }}
	}
	change := func(command uint16, body ...byte) *fakeServer {
		return &fakeServer{answer: func(c uint16, _ nt.Status, b []byte) []byte {
			if c == command {
				return body
			}
			return b
		}}
	}
	le := binary.LittleEndian
	for _, x := range []struct {
		name  string
		f     *fakeServer
		is    error
		state eventlog.State
		text  string
	}{
		{"not there", refuse(commandCreate, nt.StatusObjectNameNotFound), fs.ErrNotExist, eventlog.Failed, at + "the server has no such pipe"},
		{"refused", refuse(commandCreate, nt.StatusAccessDenied), fs.ErrPermission, eventlog.Refused, at + "access denied (STATUS_ACCESS_DENIED)"},
		{"busy", refuse(commandCreate, nt.StatusPipeNotAvailable), nt.StatusPipeNotAvailable, eventlog.Failed,
			at + "the server has no instance of it left: no pipe instance available (STATUS_PIPE_NOT_AVAILABLE)"},
		{"no share", refuse(commandTreeConnect, nt.StatusBadNetworkName), nt.StatusBadNetworkName, eventlog.Failed, at + "network name not found (STATUS_BAD_NETWORK_NAME)"},
		{"bad create", change(commandCreate, 89, 0), nil, eventlog.Failed, at + "invalid response error: broken create response format"},
		{"broken", refuse(commandRead, nt.StatusPipeBroken), io.EOF, eventlog.Failed, "EOF"},
		{"end", refuse(commandRead, nt.StatusEndOfFile), io.EOF, eventlog.Failed, "EOF"},
		{"session expired", refuse(commandRead, nt.StatusNetworkSessionExpired), nt.StatusNetworkSessionExpired, eventlog.Failed,
			at + "read: network session expired (STATUS_NETWORK_SESSION_EXPIRED)"},
		{"too long", refuse(commandRead, nt.StatusBufferOverflow), nt.StatusBufferOverflow, eventlog.Failed,
			at + "read: the data did not fit in the buffer (STATUS_BUFFER_OVERFLOW)"},
		{"empty", change(commandRead, readBody(nil)...), errEmpty, eventlog.Failed, at + "read: the server sent a message without anything in it"},
		{"write", refuse(commandWrite, nt.StatusPipeDisconnected), nt.StatusPipeDisconnected, eventlog.Failed, at + "write: pipe disconnected (STATUS_PIPE_DISCONNECTED)"},
		{"wrote more", change(commandWrite, le.AppendUint32([]byte{17, 0, 0, 0}, 99)[:8]...), nil, eventlog.Failed,
			at + "write: invalid response error: broken write response format"},
		{"wrote far more", change(commandWrite, append(le.AppendUint32([]byte{17, 0, 0, 0}, 99), make([]byte, 8)...)...), nil, eventlog.Failed,
			at + "write: what the server sent cannot be understood"},
	} {
		x.f.t = t
		s := x.f.session(t)
		nc, err := s.Pipe(t.Context(), "echo")
		if err == nil {
			if _, err = nc.Write([]byte("quartz")); err == nil {
				_, err = nc.Read(make([]byte, 100))
			}
			_ = nc.Close()
		}
		if err == nil || x.is != nil && !errors.Is(err, x.is) || err.Error() != x.text {
			t.Errorf("%s: %v", x.name, err)
		}
		if got := eventlog.StateOf(err); got != x.state {
			t.Errorf("%s: the state is %s, want %s", x.name, got, x.state)
		}
	}
	s := (&fakeServer{t: t}).session(t)
	for _, name := range []string{"", ".", `a\b`, "a/b", "a\x00", strings.Repeat("a", maxName+1)} {
		if _, err := s.Pipe(t.Context(), name); err == nil || !strings.HasSuffix(err.Error(), "is not the name of a pipe") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestServerGone: what is under way says that the connection has ended.
func TestServerGone(t *testing.T) {
	f := &fakeServer{t: t}
	s := f.session(t)
	nc := openPipe(t, s)
	f.mu.Lock()
	f.raw = func(command uint16, _ []byte, send func([]byte)) bool {
		send(make([]byte, maxMessage+1)) // which ends the connection
		return true
	}
	f.mu.Unlock()
	if _, err := nc.Read(make([]byte, 9)); eventlog.StateOf(err) != eventlog.Unreachable {
		t.Errorf("read: %v", err)
	}
	if _, err := nc.Write([]byte("a")); eventlog.StateOf(err) != eventlog.Unreachable {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Pipe(t.Context(), "echo"); eventlog.StateOf(err) != eventlog.Unreachable {
		t.Errorf("pipe: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for _, x := range []struct{ in, address, host string }{
		{"bedrock", "bedrock:445", "bedrock"},
		{"bedrock:4455", "bedrock:4455", "bedrock"},
		{"10.1.2.3", "10.1.2.3:445", "10.1.2.3"},
		{"::1", "[::1]:445", "::1"},
		{"[::1]", "[::1]:445", "::1"},
		{"[::1]:4455", "[::1]:4455", "::1"},
		{"bedrock:", "bedrock:445", "bedrock"},
	} {
		address, host, err := parseAddress(x.in)
		if address != x.address || host != x.host || err != nil {
			t.Errorf("%s: %q, %q, %v", x.in, address, host, err)
		}
	}
	for in, text := range map[string]string{
		"":          `smb: address "" has no host`,
		":445":      `smb: address ":445" has no host`,
		`\\bedrock`: `smb: address "\\\\bedrock" has no host`,
		"a:b:c":     `smb: address "a:b:c": address a:b:c: too many colons in address`,
	} {
		if _, _, err := parseAddress(in); err == nil || err.Error() != text {
			t.Errorf("%q: %v", in, err)
		}
	}
	for _, c := range []Credentials{{}, {User: strings.Repeat("a", maxName+1)}, {User: "a", Password: strings.Repeat("b", maxName+1)}} {
		if _, err := Dial(t.Context(), Options{Address: "bedrock", Credentials: c}); err == nil || !strings.HasPrefix(err.Error(), "smb: ") || strings.Contains(err.Error(), "bbb") {
			t.Error(err)
		}
	}
}

func TestCredentials(t *testing.T) {
	o := Options{Address: "bedrock", Credentials: Credentials{User: "fred", Domain: "QUARRY", Password: "yabba"}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if s := fmt.Sprintf(verb, o); strings.Contains(s, "yabba") || strings.Contains(s, "7961626261") || !strings.Contains(s, `QUARRY\fred`) {
			t.Errorf("%s: %s", verb, s)
		}
	}
	if s := fmt.Sprint(Credentials{Anonymous: true}, Credentials{User: "fred"}); s != "nobody fred" {
		t.Error(s)
	}
}

// message is a message of SMB with a command and flags.
func message(id [4]byte, command uint16, flags uint32) []byte {
	b := make([]byte, headerSize)
	copy(b, id[:])
	binary.LittleEndian.PutUint16(b[offsetCommand:], command)
	binary.LittleEndian.PutUint32(b[offsetFlags:], flags)
	return b
}

// TestLink: nothing bare goes out, and each message in one piece.
func TestLink(t *testing.T) {
	for _, x := range []struct {
		name string
		bare bool
		b    []byte
		ok   bool
	}{
		{"negotiate", false, message(protocolID, commandNegotiate, 0), true},
		{"session setup", false, message(protocolID, commandSessionSetup, 0), true},
		{"signed", false, message(protocolID, commandRead, flagSigned), true},
		{"encrypted", false, message(transformID, 0, 0), true},
		{"unsigned", false, message(protocolID, commandRead, 1), false},
		{"unsigned, of nobody", true, message(protocolID, commandRead, 1), true},
		{"short", false, []byte("\xfeSMB"), false},
		{"SMB 1", false, message([4]byte{0xff, 'S', 'M', 'B'}, 0, flagSigned), false},
	} {
		ours, theirs := net.Pipe()
		got := make(chan []byte, 1)
		go func() {
			b := make([]byte, 1000)
			n, _ := theirs.Read(b)
			got <- b[:n]
		}()
		l := newLink(ours, x.bare)
		head := binary.BigEndian.AppendUint32(nil, uint32(len(x.b)))
		if n, err := l.Write(head); n != 4 || err != nil {
			t.Errorf("%s: %d, %v", x.name, n, err)
		}
		n, err := l.Write(x.b)
		if x.ok != (err == nil) || x.ok != (n == len(x.b)) || l.unsigned.Load() == x.ok {
			t.Errorf("%s: %d, %v", x.name, n, err)
		}
		_ = ours.Close()
		if b := <-got; x.ok && !bytes.Equal(b, append(head, x.b...)) || !x.ok && len(b) > 0 {
			t.Errorf("%s: %d bytes go out", x.name, len(b))
		}
	}
}

// TestLinkWriteErrors: an error ends the connection.
func TestLinkWriteErrors(t *testing.T) {
	for name, x := range map[string]struct {
		head []byte
		b    []byte
		text string
	}{
		"no length":    {nil, make([]byte, 70), "a message of 70 bytes goes out without its length"},
		"wrong length": {[]byte{0, 0, 0, 71}, make([]byte, 70), "a message of 70 bytes goes out without its length"},
		"bare":         {[]byte{0, 0, 0, headerSize}, message(protocolID, commandRead, 0), errUnsigned.Error()},
		"nobody reads": {[]byte{0, 0, 0, headerSize}, message(protocolID, commandNegotiate, 0), "write pipe: i/o timeout"},
	} {
		ours, theirs := net.Pipe()
		l := newLink(ours, false)
		l.timeout = time.Millisecond
		if x.head != nil {
			if _, err := l.Write(x.head); err != nil {
				t.Error(err)
			}
		}
		if n, err := l.Write(x.b); n != 0 || err == nil || err.Error() != x.text {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		if n, err := theirs.Read(make([]byte, 9)); n != 0 || err != io.EOF {
			t.Errorf("%s: behind it: %d, %v", name, n, err)
		}
	}
}

// FuzzLink: whatever comes, messages end where their lengths say.
func FuzzLink(f *testing.F) {
	f.Add([]byte{0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0, 0, 0, 0, 1, 'd'}, 2)
	f.Add([]byte{0, 4, 0, 1}, 9)
	f.Add([]byte{0xff, 0, 0, 1}, 4)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Write(b) // until we have enough
			_ = theirs.Close()
		}()
		defer func() { _ = ours.Close() }()
		l := newLink(ours, true)
		var got []byte
		part := make([]byte, max(1, min(size, 4096)))
		for {
			at := len(got)
			n, err := l.Read(part)
			got = append(got, part[:n]...)
			if !bytes.Equal(got[at:], b[at:at+n]) {
				t.Fatal("bytes change")
			}
			if err != nil {
				break
			}
		}
		// What came is a prefix that ends nowhere behind a length over the limit.
		for at := 0; at+4 <= len(b); {
			n := binary.BigEndian.Uint32(b[at:])
			if n > maxMessage {
				if len(got) > at {
					t.Fatalf("%d bytes come, but the length at %d is %d", len(got), at, n)
				}
				return
			}
			at += 4 + int(n)
		}
	})
}

// FuzzServer: whatever a server answers, Dial and what follows end without a panic.
// Each answer takes a part of the input: 1 byte of length in units of 4, 4 of
// status, then the body.
func FuzzServer(f *testing.F) {
	part := func(status nt.Status, body []byte) []byte {
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		return append(binary.LittleEndian.AppendUint32([]byte{byte(len(body) / 4)}, uint32(status)), body...)
	}
	var whole []byte
	s := &fakeServer{t: f, answer: func(_ uint16, st nt.Status, b []byte) []byte {
		whole = append(whole, part(st, bytes.Clone(b))...)
		return b
	}}
	if x, err := s.dial(f, f.Context()); err != nil {
		f.Fatal(err)
	} else {
		nc, err := x.Pipe(f.Context(), "echo")
		if err != nil {
			f.Fatal(err)
		}
		_ = nc.Close()
		_ = x.Close()
	}
	for _, body := range [][]byte{{16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, append([]byte{89}, make([]byte, 87)...), output(folderEntries("a"))} {
		whole = append(whole, part(0, body)...) // of a share, and a folder in it
	}
	f.Add(whole, uint32(0))
	f.Add(whole[:len(whole)/2], uint32(0))
	f.Add(whole, uint32(1))
	f.Fuzz(func(t *testing.T, b []byte, flags uint32) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := &fakeServer{t: t}
		s.raw = func(_ uint16, request []byte, send func([]byte)) bool {
			if len(b) < 5 {
				cancel()
				return true
			}
			status := nt.Status(binary.LittleEndian.Uint32(b[1:]))
			n := min(4*int(b[0]), len(b)-5)
			body := b[5 : 5+n]
			b = b[5+n:]
			if status == nt.StatusPending {
				cancel() // there is no other answer
			}
			s.send(request, status, binary.LittleEndian.Uint32(request[36:]), body, func(whole []byte) {
				binary.LittleEndian.PutUint32(whole[offsetFlags:], flags|1)
				send(whole)
			})
			return true
		}
		x, err := Dial(ctx, Options{Address: "bedrock", Credentials: Credentials{Anonymous: true}, Dial: s.connect})
		if err != nil {
			return
		}
		defer func() { _ = x.Close() }()
		if nc, err := x.Pipe(ctx, "echo"); err == nil {
			defer func() { _ = nc.Close() }()
			context.AfterFunc(ctx, func() { _ = nc.Close() })
			if _, err := nc.Write([]byte("lava")); err == nil {
				_, _ = nc.Read(make([]byte, 100))
			}
		}
		if sh, err := x.Share(ctx, "ADMIN$"); err == nil {
			_ = sh.List(ctx, ".", func(string) bool { return true })
			if f, err := sh.Open(ctx, "a"); err == nil {
				context.AfterFunc(ctx, func() { _ = x.Close() })
				_, _ = f.ReadAt(make([]byte, 100), 0)
			}
		}
	})
}
