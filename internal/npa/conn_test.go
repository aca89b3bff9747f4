package npa

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pair is a Conn and smbd's end of it.
func pair(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	here, there := net.Pipe()
	c := newConn(here, &Hello{ClientAddr: "192.0.2.7", ClientPort: 50001, ServerAddr: "192.0.2.1", ServerPort: 445})
	t.Cleanup(func() {
		_ = c.Close() // a test may have closed it
		_ = there.Close()
	})
	return c, there
}

// message is a message with its length.
func message(b string) string {
	return string(binary.LittleEndian.AppendUint16(nil, uint16(len(b)))) + b
}

func TestConnRead(t *testing.T) {
	long := strings.Repeat("x", maxMessage)
	for _, x := range []struct {
		name, in string
		want     string
		err      error
	}{
		{"nothing", "", "", io.EOF},
		{"one", message("bind"), "bind", io.EOF},
		{"several", message("a") + message("bc") + message("def"), "abcdef", io.EOF},
		{"the longest", message(long) + message("y"), long + "y", io.EOF},
		{"half a length", message("a") + "\x01", "a", io.ErrUnexpectedEOF},
		{"only a length", message("a") + "\x05\x00", "a", io.ErrUnexpectedEOF},
		{"half a message", "\x05\x00abc", "abc", io.ErrUnexpectedEOF},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, there := pair(t)
			go func() {
				_, _ = io.Copy(there, iotest.HalfReader(strings.NewReader(x.in))) // the reader may have ended
				_ = there.Close()
			}()
			var got bytes.Buffer
			b := make([]byte, 3)
			var err error
			for err == nil {
				var n int
				n, err = c.Read(b)
				got.Write(b[:n])
			}
			if got.String() != x.want || err != x.err {
				t.Errorf("read %d bytes and %v, want %d and %v", got.Len(), err, len(x.want), x.err)
			}
		})
	}
}

func TestConnReadEmptyMessage(t *testing.T) {
	c, there := pair(t)
	go func() { _, _ = io.WriteString(there, message("")) }()
	if n, err := c.Read(make([]byte, 8)); n != 0 || err == nil || err.Error() != "npa: message without bytes" {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Errorf("read into nothing: %d, %v", n, err)
	}
}

// TestConnReadStaysInMessage: a Read gives nothing of the next message.
func TestConnReadStaysInMessage(t *testing.T) {
	c, there := pair(t)
	go func() { _, _ = io.WriteString(there, message("abc")+message("def")) }()
	b := make([]byte, 64)
	for _, want := range []string{"abc", "def"} {
		if n, err := io.ReadAtLeast(c, b, 3); string(b[:n]) != want || err != nil {
			t.Errorf("read %q, %v, want %q", b[:n], err, want)
		}
	}
}

// TestConnDeadline: a deadline that passes amid a length loses nothing of it.
func TestConnDeadline(t *testing.T) {
	c, there := pair(t)
	sent := make(chan error, 1)
	go func() { _, err := io.WriteString(there, "\x03"); sent <- err }()
	for len(sent) == 0 { // until the first byte is there
		if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 8)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%v, want a passed deadline", err)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(there, "\x00abc") }()
	b := make([]byte, 8)
	if n, err := io.ReadAtLeast(c, b, 3); string(b[:n]) != "abc" || err != nil {
		t.Errorf("read %q, %v", b[:n], err)
	}
	if err := c.SetWriteDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Write([]byte("x")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: %d, %v", n, err)
	}
}

func TestConnWrite(t *testing.T) {
	c, there := pair(t)
	if n, err := c.Write(nil); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
	if n, err := c.Write(make([]byte, maxMessage+1)); n != 0 || err == nil || err.Error() != "npa: message of 65536 bytes, at most 65535" {
		t.Errorf("too long: %d, %v", n, err)
	}
	long := strings.Repeat("x", maxMessage)
	for _, want := range []string{"a", "bind_ack", long, "b"} {
		go func() {
			if n, err := c.Write([]byte(want)); n != len(want) || err != nil {
				t.Errorf("wrote %d of %d: %v", n, len(want), err)
			}
		}()
		got := make([]byte, 2+len(want))
		if _, err := io.ReadFull(there, got); err != nil || string(got) != message(want) {
			t.Errorf("message of %d bytes: %v", len(want), err)
		}
	}
}

// TestConnWriteTogether: messages of many goroutines stay whole.
func TestConnWriteTogether(t *testing.T) {
	c, there := pair(t)
	want := map[string]int{}
	var all sync.WaitGroup
	for i := range 8 {
		s := strings.Repeat(string(rune('a'+i)), 100*i+1)
		want[s] = 5
		all.Go(func() {
			for range 5 {
				if _, err := c.Write([]byte(s)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() {
		all.Wait()
		_ = c.Close()
	}()
	got := map[string]int{}
	r := newConn(there, c.Hello())
	b := make([]byte, 4096)
	for {
		n, err := r.Read(b)
		if err == io.EOF {
			break
		}
		for err == nil && r.left > 0 {
			var more int
			more, err = r.Read(b[n:])
			n += more
		}
		if err != nil {
			t.Fatal(err)
		}
		got[string(b[:n])]++
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestConnAddrs(t *testing.T) {
	c, _ := pair(t)
	var _ net.Conn = c
	if got := c.RemoteAddr().String() + " " + c.LocalAddr().String(); got != "192.0.2.7:50001 192.0.2.1:445" {
		t.Error(got)
	}
}

func FuzzConn(f *testing.F) {
	f.Add([]byte(message("bind") + message("request")))
	f.Add([]byte(message("") + message("a")))
	f.Add([]byte(message("half")[:4]))
	f.Fuzz(func(t *testing.T, in []byte) {
		var want []byte
		whole := false
		for rest := in; ; {
			if len(rest) < 2 {
				whole = len(rest) == 0
				break
			}
			n := int(binary.LittleEndian.Uint16(rest))
			want = append(want, rest[2:min(2+n, len(rest))]...)
			if n == 0 || 2+n > len(rest) {
				break
			}
			rest = rest[2+n:]
		}
		c := newConn(&reading{r: bytes.NewReader(in)}, &Hello{})
		got, err := io.ReadAll(c)
		if !bytes.Equal(got, want) || (err == nil) != whole {
			t.Errorf("read %q, %v, want %q, whole %v", got, err, want, whole)
		}
	})
}

// reading is a net.Conn that can only be read.
type reading struct {
	net.Conn
	r io.Reader
}

func (r *reading) Read(p []byte) (int, error) { return r.r.Read(p) }
