//go:build unix

package npa

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"netelf.example/nt"
)

// world is a folder as Samba's, and a log.
type world struct {
	t   *testing.T
	dir string
	mu  sync.Mutex
	log strings.Builder
}

func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir()}
	if err := os.Mkdir(w.np(), 0o700); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) np(name ...string) string {
	return filepath.Join(append([]string{w.dir, "np"}, name...)...)
}

func (w *world) options() Options {
	return Options{Dir: w.dir, Name: "eventlog", Poll: 5 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

func (w *world) take(o Options) *Pipe {
	w.t.Helper()
	p, err := Take(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Close() }) // a test may have closed it
	return p
}

// samba makes a socket at the pipe's place as samba-dcerpcd does, which answers each
// connection with a word.
func (w *world) samba(word string) {
	w.t.Helper()
	if err := os.Remove(w.np("eventlog")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	l, err := net.Listen("unix", w.np("eventlog"))
	if err != nil {
		w.t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	w.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(nc, word) // who has asked may be gone
			_ = nc.Close()
		}
	}()
}

// answers is the word that a socket answers with.
func (w *world) answers(name string) (string, error) {
	nc, err := net.Dial("unix", w.np(name))
	if err != nil {
		return "", err
	}
	defer nc.Close()
	b, err := io.ReadAll(nc)
	return string(b), err
}

// names are what is in the folder.
func (w *world) names() []string {
	all, err := os.ReadDir(w.np())
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// until waits for what must happen.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("%s did not happen; %v\n%s", what, w.names(), w.logged())
		}
	}
}

// open opens the pipe as smbd does and gives the status of the reply.
func (w *world) open(hello []byte) (net.Conn, nt.Status, error) {
	nc, err := net.Dial("unix", w.np("eventlog"))
	if err != nil {
		return nil, 0, err
	}
	w.t.Cleanup(func() { _ = nc.Close() })
	if _, err := nc.Write(hello); err != nil {
		return nil, 0, err
	}
	reply := make([]byte, 36)
	if _, err := io.ReadFull(nc, reply); err != nil {
		return nil, 0, err
	}
	if want := appendReply(nil, binary.LittleEndian.Uint32(hello[8:]), nt.Status(binary.LittleEndian.Uint32(reply[32:]))); !bytes.Equal(reply, want) {
		return nil, 0, fmt.Errorf("reply %x, want %x", reply, want)
	}
	return nc, nt.Status(binary.LittleEndian.Uint32(reply[32:])), nil
}

// ours opens the pipe and says whether the Pipe has it.
func (w *world) ours(p *Pipe) bool {
	type result struct {
		c   *Conn
		err error
	}
	got := make(chan result, 1)
	nc, err := net.Dial("unix", w.np("eventlog"))
	if err != nil {
		return false
	}
	defer nc.Close()
	if _, err := nc.Write(golden(w.t, "hello7.hex")); err != nil {
		return false
	}
	reply := make([]byte, 36)
	if _, err := io.ReadFull(nc, reply); err != nil {
		return false
	}
	go func() { c, err := p.Accept(); got <- result{c, err} }()
	r := <-got
	if r.err != nil {
		w.t.Fatal(r.err)
	}
	_ = r.c.Close()
	return true
}

func TestTake(t *testing.T) {
	w := newWorld(t)
	w.samba("first")
	p := w.take(w.options())
	if !w.ours(p) {
		t.Fatal("the pipe is not ours")
	}
	if st, err := os.Lstat(w.np("eventlog")); err != nil || st.Mode() != fs.ModeSocket|0o600 && isLinux {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if word, err := w.answers("eventlog.SAMBA"); word != "first" || err != nil {
		t.Errorf("aside: %q, %v", word, err)
	}
	for _, word := range []string{"second", "third"} {
		w.samba(word)
		w.until("taking back from "+word, func() bool { return w.ours(p) })
		if got, err := w.answers("eventlog.SAMBA"); got != word || err != nil {
			t.Errorf("aside: %q, %v, want %q", got, err, word)
		}
	}
	if err := os.Remove(w.np("eventlog")); err != nil {
		t.Fatal(err)
	}
	w.until("a removed name's return", func() bool { return w.ours(p) })
	if err := os.Remove(w.np("eventlog.NETELF")); err != nil {
		t.Fatal(err)
	}
	w.until("our own name's return", func() bool {
		_, err := os.Lstat(w.np("eventlog.NETELF"))
		return err == nil && w.ours(p)
	})
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if word, err := w.answers("eventlog"); word != "third" || err != nil {
		t.Errorf("after the end: %q, %v", word, err)
	}
	if got := w.names(); !slices.Equal(got, []string{"eventlog"}) {
		t.Errorf("left: %q", got)
	}
	if _, err := p.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after the end: %v", err)
	}
	if log := w.logged(); strings.Count(log, `msg="pipe taken over"`) != 1 || !strings.Contains(log, `msg="pipe taken back"`) || strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
}

// TestTakeWithoutSamba: where nothing stood, nothing stands afterwards.
func TestTakeWithoutSamba(t *testing.T) {
	w := newWorld(t)
	p := w.take(w.options())
	if !w.ours(p) {
		t.Fatal("the pipe is not ours")
	}
	if err := p.Close(); err != nil || len(w.names()) != 0 {
		t.Errorf("%v, %q", err, w.names())
	}
}

// TestTakeSambaMakesNewAtTheEnd: what Samba has made since is left alone.
func TestTakeSambaMakesNewAtTheEnd(t *testing.T) {
	w := newWorld(t)
	w.samba("first")
	k := &keeper{path: w.np(), name: "eventlog", log: slog.New(slog.DiscardHandler), serve: func(net.Listener) {}}
	if err := k.look(); err != nil {
		t.Fatal(err)
	}
	w.samba("second")
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	if word, err := w.answers("eventlog"); word != "second" || err != nil || len(w.names()) != 1 {
		t.Errorf("%q, %v, %q", word, err, w.names())
	}
}

// TestTakeWithoutExchange: where names cannot be swapped in one step, it takes two.
// Another error changes nothing.
func TestTakeWithoutExchange(t *testing.T) {
	w := newWorld(t)
	w.samba("first")
	k := &keeper{path: w.np(), name: "eventlog", log: slog.New(slog.DiscardHandler), serve: func(net.Listener) {}}
	k.exchange = func(*folder, string, string) error { return fs.ErrPermission }
	if err := k.look(); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want a missing right", err)
	}
	if word, err := w.answers("eventlog"); word != "first" || err != nil {
		t.Errorf("%q, %v", word, err)
	}
	k.exchange = func(f *folder, _, b string) error { return f.fail("exchange", b, errors.ErrUnsupported) }
	if err := k.look(); err != nil {
		t.Fatal(err)
	}
	if id, err := k.folder.stat("eventlog"); err != nil || id != k.own {
		t.Errorf("%v, %v: not ours", id, err)
	}
	if word, err := w.answers("eventlog.SAMBA"); word != "first" || err != nil {
		t.Errorf("aside: %q, %v", word, err)
	}
	if err := k.close(); err != nil {
		t.Error(err)
	}
	if word, err := w.answers("eventlog"); word != "first" || err != nil || len(w.names()) != 1 {
		t.Errorf("%q, %v, %q", word, err, w.names())
	}
}

// TestTakeAfterKill: a process that ended without putting back leaves its names;
// Samba's socket is not lost over them.
func TestTakeAfterKill(t *testing.T) {
	w := newWorld(t)
	w.samba("first")
	k := &keeper{path: w.np(), name: "eventlog", log: slog.New(slog.DiscardHandler), serve: func(net.Listener) {}}
	if err := k.look(); err != nil {
		t.Fatal(err)
	}
	k.drop() // as the end of a process
	p := w.take(w.options())
	if !w.ours(p) {
		t.Fatal("the pipe is not ours")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if word, err := w.answers("eventlog"); word != "first" || err != nil || len(w.names()) != 1 {
		t.Errorf("%q, %v, %q", word, err, w.names())
	}
}

// TestTakeFolder: the folder may come later, and be replaced.
func TestTakeFolder(t *testing.T) {
	w := newWorld(t)
	if err := os.Remove(w.np()); err != nil {
		t.Fatal(err)
	}
	p := w.take(w.options())
	for i := range 3 {
		if i > 0 {
			if err := os.Rename(w.np(), fmt.Sprint(w.np(), i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(w.np(), 0o700); err != nil {
			t.Fatal(err)
		}
		w.until("taking in the folder", func() bool { return w.ours(p) })
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if log := w.logged(); strings.Count(log, "waiting for Samba's folder") != 1 {
		t.Error(log)
	}
}

func TestTakeErrors(t *testing.T) {
	for _, x := range []struct {
		name string
		make func(w *world, o *Options) error
		want string
		left string // what must still be there
	}{
		{"no name", func(_ *world, o *Options) error { o.Name = ""; return nil }, `npa: "" is not the name of a pipe`, ""},
		{"upper case", func(_ *world, o *Options) error { o.Name = "EventLog"; return nil }, `npa: "EventLog" is not the name of a pipe`, ""},
		{"a path", func(_ *world, o *Options) error { o.Name = "../eventlog"; return nil }, `npa: "../eventlog" is not the name of a pipe`, ""},
		{"hidden", func(_ *world, o *Options) error { o.Name = ".."; return nil }, `npa: ".." is not the name of a pipe`, ""},
		{"no directory", func(_ *world, o *Options) error { o.Dir = ""; return nil }, "npa: no directory of Samba's sockets", ""},
		{"a file in the pipe's place", func(w *world, _ *Options) error { return os.WriteFile(w.np("eventlog"), nil, 0o600) },
			"npa: DIR/np/eventlog is not a socket", "eventlog"},
		{"a symbolic link in the pipe's place", func(w *world, _ *Options) error { return os.Symlink("elsewhere", w.np("eventlog")) },
			"npa: DIR/np/eventlog is not a socket", "eventlog"},
		{"a folder aside", func(w *world, _ *Options) error {
			w.samba("")
			return os.Mkdir(w.np("eventlog.SAMBA"), 0o700)
		}, "npa: DIR/np/eventlog.SAMBA is not a socket", "eventlog.SAMBA"},
		{"a file at the name in between", func(w *world, _ *Options) error {
			w.samba("")
			return os.WriteFile(w.np("eventlog.NETELF.NEW"), nil, 0o600)
		}, "npa: DIR/np/eventlog.NETELF.NEW is not a socket", "eventlog.NETELF.NEW"},
		{"a file at our name", func(w *world, _ *Options) error { return os.WriteFile(w.np("eventlog.NETELF"), nil, 0o600) },
			"npa: DIR/np/eventlog.NETELF is not a socket", "eventlog.NETELF"},
		{"all may write", func(w *world, _ *Options) error { return os.Chmod(w.np(), 0o777) },
			"npa: others than its owner may write to DIR/np (mode 0777)", ""},
		{"a file as the folder", func(w *world, _ *Options) error {
			return errors.Join(os.Remove(w.np()), os.WriteFile(w.np(), nil, 0o600))
		}, "npa: open DIR/np: not a directory", ""},
		{"a symbolic link as the folder", func(w *world, _ *Options) error {
			return errors.Join(os.Rename(w.np(), w.np()+"2"), os.Symlink("np2", w.np()))
		}, "npa: open DIR/np: not a directory", ""},
		{"a second one", func(w *world, o *Options) error {
			w.take(*o)
			return nil
		}, "npa: another process answers DIR/np/eventlog.NETELF", "eventlog.NETELF"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t)
			o := w.options()
			if err := x.make(w, &o); err != nil {
				t.Fatal(err)
			}
			p, err := Take(t.Context(), o)
			if err == nil {
				_ = p.Close()
				t.Fatal("taken")
			}
			if got := strings.ReplaceAll(err.Error(), w.dir, "DIR"); got != x.want {
				t.Errorf("error %s\nwant  %s", got, x.want)
			}
			if x.left != "" {
				if _, err := os.Lstat(w.np(x.left)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestTakeSaysOnce: what stands in the way later is said once, and survived.
func TestTakeSaysOnce(t *testing.T) {
	w := newWorld(t)
	p := w.take(w.options())
	if err := os.WriteFile(w.np("file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(w.np("file"), w.np("eventlog")); err != nil {
		t.Fatal(err)
	}
	w.until("the error", func() bool { return strings.Contains(w.logged(), "is not a socket") })
	time.Sleep(50 * time.Millisecond) // some looks more
	if err := os.Remove(w.np("eventlog")); err != nil {
		t.Fatal(err)
	}
	w.until("taking back", func() bool { return w.ours(p) })
	if log := w.logged(); strings.Count(log, "level=ERROR") != 1 {
		t.Error(log)
	}
}

func TestGreet(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.MaxHellos = 8
	p := w.take(o)
	system := &maker{Hello: Hello{Level: 7, Transport: TransportSMB, SIDs: []nt.SID{nt.SIDSystem}}}
	newer := golden(t, "hello7.hex")
	newer[8] = 9
	for _, x := range []struct {
		name  string
		hello []byte
		want  nt.Status
		log   string
	}{
		{"level 7", golden(t, "hello7.hex"), nt.StatusSuccess, ""},
		{"level 8", fred().make(t), nt.StatusSuccess, ""},
		{"another level", newer, nt.StatusNotSupported, "hello of level 9, known are 7 (Samba 4.17) and 8 (later)"},
		{"not understood", relength(append(golden(t, "hello7.hex"), 0)), nt.StatusInvalidParameter, "1 bytes are left over"},
		{"the system", system.make(t), nt.StatusAccessDenied, "claims to be the system, by SMB"},
	} {
		t.Run(x.name, func(t *testing.T) {
			nc, status, err := w.open(x.hello)
			if err != nil || status != x.want {
				t.Fatalf("%v, %v, want %v", status, err, x.want)
			}
			if status != nt.StatusSuccess {
				if n, err := nc.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("behind the refusal: %d, %v", n, err)
				}
				w.until("a line in the log", func() bool { return strings.Contains(w.logged(), x.log) })
				return
			}
			c, err := p.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(nc, message("bind")); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 8)
			if n, err := io.ReadAtLeast(c, b, 4); string(b[:n]) != "bind" || err != nil {
				t.Errorf("read %q, %v", b[:n], err)
			}
			if _, err := io.WriteString(c, "ack"); err != nil {
				t.Fatal(err)
			}
			if n, err := io.ReadAtLeast(nc, b, 5); string(b[:n]) != message("ack") || err != nil {
				t.Errorf("smbd reads %q, %v", b[:n], err)
			}
		})
	}
	t.Run("no NPAM", func(t *testing.T) {
		nc, err := net.Dial("unix", w.np("eventlog"))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if _, err := io.WriteString(nc, "\x00\x00\x00\x0eGET / HTTP/1.1"); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(nc); len(b) != 0 || err != nil {
			t.Errorf("answered %q, %v", b, err)
		}
	})
	t.Run("slow ones do not block", func(t *testing.T) {
		for range o.MaxHellos - 1 {
			nc, err := net.Dial("unix", w.np("eventlog"))
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			if _, err := nc.Write([]byte{0, 0}); err != nil {
				t.Fatal(err)
			}
		}
		if !w.ours(p) {
			t.Error("the pipe does not answer")
		}
	})
}

// TestGreetTimeout: who says nothing is let go, and those behind get their turn.
func TestGreetTimeout(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.HelloTimeout, o.MaxHellos = 20*time.Millisecond, 1
	p := w.take(o)
	for range 3 {
		nc, err := net.Dial("unix", w.np("eventlog"))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
	}
	w.until("a turn", func() bool { return w.ours(p) })
	if log := w.logged(); !strings.Contains(log, "npa: hello: length: ") {
		t.Error(log)
	}
}

// TestCloseEndsHellos: Close does not wait for a hello, nor for somebody to Accept.
func TestCloseEndsHellos(t *testing.T) {
	w := newWorld(t)
	p := w.take(w.options())
	silent, err := net.Dial("unix", w.np("eventlog"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	waiting, _, err := w.open(golden(t, "hello7.hex"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, nc := range []net.Conn{silent, waiting} {
		if n, err := nc.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read %d, %v", n, err)
		}
	}
	if strings.Contains(w.logged(), "refused") {
		t.Error(w.logged())
	}
}
