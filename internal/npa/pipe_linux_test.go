package npa

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

const isLinux = true

// TestWatch: a change is told without a look from time to time.
func TestWatch(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Poll = time.Hour
	w.samba("first")
	p := w.take(o)
	w.samba("second")
	w.until("taking back", func() bool { return w.ours(p) })
	if err := os.Remove(w.np("eventlog")); err != nil {
		t.Fatal(err)
	}
	w.until("the name's return", func() bool { return w.ours(p) })
}

// TestLongPath: a path that is longer than a socket's address may be is no matter.
func TestLongPath(t *testing.T) {
	w := &world{t: t, dir: t.TempDir() + "/" + strings.Repeat("x", 120)}
	if err := os.MkdirAll(w.np(), 0o700); err != nil {
		t.Fatal(err)
	}
	p := w.take(w.options())
	if st, err := os.Lstat(w.np("eventlog")); err != nil || st.Mode().Type() != os.ModeSocket {
		t.Errorf("%v, %v", st, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestPeerUID: others than root and this user may not hand over.
func TestPeerUID(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("unix", w.np("eventlog"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	there, err := net.Dial("unix", w.np("eventlog"))
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	here, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	p := &Pipe{o: Options{HelloTimeout: time.Minute, Logger: slog.New(slog.DiscardHandler)}, uids: []uint32{1 << 31}}
	if c, err := p.greet(context.Background(), here); c != nil || err == nil || !strings.Contains(err.Error(), "may not hand over") {
		t.Errorf("%v, %v", c, err)
	}
	p.uids = trusted()
	if _, err := there.Write(golden(t, "hello7.hex")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.greet(context.Background(), here); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(there, make([]byte, 36)); err != nil {
		t.Error(err)
	}
	if _, ok := peerUID(&net.TCPConn{}); ok {
		t.Error("a TCP connection has a user")
	}
}
