package smb

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"sync"
	"testing"

	"netelf.example/nt"
)

// dialer is a Dialer; each of its connections goes to a new server, which is given to
// made.
func dialer(t *testing.T, password string, made func(n int, f *fakeServer)) *Dialer {
	n := 0 // of connections, which are made one at a time
	d := NewDialer(Options{
		Address: "bedrock", Credentials: Credentials{User: "fred", Password: password},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			n++
			f := &fakeServer{t: t}
			made(n, f)
			return f.connect(ctx, network, address)
		},
	})
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestDialer(t *testing.T) {
	var made int
	var first *fakeServer
	d := dialer(t, "yabba", func(n int, f *fakeServer) {
		if made = n; n == 1 {
			first = f
		}
	})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			nc, err := d.Dial(t.Context(), "echo")
			if err != nil {
				t.Error(err)
				return
			}
			write(t, nc, "shale")
			read(t, nc, 9, "shale")
			if err := nc.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("%d sessions", made)
	}

	// The session ends, which a pipe of it shows, and the next pipe is of another.
	first.mu.Lock()
	first.status = func(c uint16) nt.Status {
		return map[bool]nt.Status{true: nt.StatusUserSessionDeleted}[c == commandTreeConnect]
	}
	first.mu.Unlock()
	for range 2 {
		nc, err := d.Dial(t.Context(), "echo")
		if err != nil {
			t.Fatal(err)
		}
		write(t, nc, "tuff")
		read(t, nc, 9, "tuff")
	}
	if made != 2 {
		t.Errorf("%d sessions", made)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Dial(ended, "echo"); err != context.Canceled {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := d.Dial(t.Context(), "echo"); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// TestDialerGone: a server that is gone is dialled again once, and not more often.
func TestDialerGone(t *testing.T) {
	made := 0
	d := dialer(t, "yabba", func(n int, f *fakeServer) {
		made = n
		f.raw = func(command uint16, _ []byte, send func([]byte)) bool {
			if command == commandTreeConnect {
				send(make([]byte, maxMessage+1)) // which ends the connection
			}
			return command == commandTreeConnect
		}
	})
	for i := range 2 {
		var op *net.OpError
		if _, err := d.Dial(t.Context(), "echo"); !errors.As(err, &op) {
			t.Error(err)
		}
		if made != 1+i {
			t.Errorf("%d sessions at call %d", made, i+1)
		}
	}
}

// TestDialerRefused: a refusal is no reason to ask again.
func TestDialerRefused(t *testing.T) {
	made := 0
	d := dialer(t, "dabba", func(n int, _ *fakeServer) { made = n })
	if _, err := d.Dial(t.Context(), "echo"); !errors.Is(err, fs.ErrPermission) || made != 1 {
		t.Errorf("%d sessions, %v", made, err)
	}
	made = 0
	d = dialer(t, "yabba", func(n int, f *fakeServer) {
		made = n
		f.status = func(c uint16) nt.Status {
			return map[bool]nt.Status{true: nt.StatusObjectNameNotFound}[c == commandCreate]
		}
	})
	for range 2 {
		if _, err := d.Dial(t.Context(), "echo"); !errors.Is(err, fs.ErrNotExist) || made != 1 {
			t.Errorf("%d sessions, %v", made, err)
		}
	}
}
