package smb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	smb2 "github.com/cloudsoda/go-smb2"

	"netelf.example/nt"
)

// maxPDU is the longest message of a pipe, in bytes: a PDU says its length in 16
// bits. What is read is never less than that, since the module drops a message that
// does not fit.
const maxPDU = 65535

// pipe is an open pipe in message mode. A call of the module is never given up: one
// that a deadline or Close leaves behind goes on, and a later call of the same kind
// takes what it brings. So there is at most one of each kind.
type pipe struct {
	session *Session
	name    string
	file    file
	closing chan struct{}
	once    sync.Once

	reading, writing side
}

// file is what a pipe does with the module.
type file interface {
	ReadAt(b []byte, _ int64) (int, error)  // a pipe has no offset
	WriteAt(b []byte, _ int64) (int, error) // one message
	close() error                           // ends what is under way
}

// side is one direction of a pipe. busy holds the turn of who reads, or writes; what
// stands below deadline is for that one.
type side struct {
	busy     sync.Mutex
	deadline deadline
	call     <-chan error // under way; nil: none is
	buf      []byte       // of the call
	n        int          // what the call has read or written; it is there when the call is over
	rest     []byte       // of buf: what was read and not yet handed out
}

// Pipe opens the pipe \pipe\NAME of the server. ctx is for the call alone. One that
// is not there is an *Error that is fs.ErrNotExist.
//
// Each Write is one message; a Read gives what is there of one message, and only
// then the next. Both take deadlines: the Conn can be used after one has passed, and
// what came meanwhile is not lost. The Conn's addresses are those of the server and
// the pipe. Closing it does not wait for the server.
func (s *Session) Pipe(ctx context.Context, name string) (net.Conn, error) {
	if name == "" || name == "." || len(name) > maxName || strings.ContainsAny(name, "\\/:*?\"<>|\x00") {
		return nil, fmt.Errorf("smb: %q is not the name of a pipe", name)
	}
	op := `\pipe\` + name
	var f *treeFile
	done, err := s.start(func() error {
		var err error
		f, err = s.open(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	select {
	case err := <-done:
		if err != nil {
			return nil, s.pipeError(op, err)
		}
		return newPipe(s, name, f), nil
	case <-ctx.Done():
		// When the server answers after all, the pipe is closed.
		_, _ = s.start(func() error { // a session that was closed has no pipes
			if err := <-done; err != nil {
				return err
			}
			return f.close()
		})
		return nil, ctx.Err()
	}
}

// treeFile is a pipe in the module. Each has a connection to IPC$ to itself, which is
// what close ends: the server ends with it what is under way ([MS-SMB2] 3.3.5.8),
// while the module's own way to close a file must not meet a read.
type treeFile struct {
	*smb2.File
	tree *smb2.Share
}

func (s *Session) open(name string) (*treeFile, error) {
	tree, err := s.smb.Mount(`\\` + s.host + `\IPC$`)
	if err != nil {
		return nil, err
	}
	tree = tree.WithContext(s.ctx)
	f, err := tree.OpenFile(name, os.O_RDWR, 0o666)
	if err != nil {
		_ = tree.Umount() // what went wrong is err
		return nil, err
	}
	runtime.SetFinalizer(f, nil) // the module's: it would talk to the server from there
	return &treeFile{f, tree}, nil
}

func (f *treeFile) close() error { return f.tree.Umount() }

func newPipe(s *Session, name string, f file) *pipe {
	return &pipe{session: s, name: name, file: f, closing: make(chan struct{})}
}

// pipeError is err of a pipe.
func (s *Session) pipeError(op string, err error) error {
	if s.ctx.Err() != nil {
		return errClosed
	}
	if st, ok := status(err); ok {
		return &Error{Server: s.address, Op: op, Status: st}
	}
	return s.named(op, err)
}

// Read gives bytes of one message, and waits where there is none.
func (p *pipe) Read(b []byte) (int, error) {
	r := &p.reading
	r.busy.Lock()
	defer r.busy.Unlock()
	if err := p.usable(r); err != nil || len(b) == 0 {
		return 0, err
	}
	if len(r.rest) == 0 {
		if err := p.fill(r); err != nil {
			return 0, err
		}
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fill waits for a message; it asks for one if it has not been done.
func (p *pipe) fill(r *side) (err error) {
	if r.call == nil {
		if r.buf == nil {
			r.buf = make([]byte, maxPDU+1)
		}
		r.call, err = p.session.start(func() (err error) {
			r.n, err = p.file.ReadAt(r.buf, 0)
			return err
		})
		if err != nil {
			return p.named("read", err)
		}
	}
	if done, err := p.wait(r); !done {
		return p.named("read", err)
	} else if err != nil {
		switch st, _ := status(err); st {
		case nt.StatusPipeBroken, nt.StatusPipeDisconnected, nt.StatusPipeClosing, nt.StatusFileClosed, nt.StatusEndOfFile:
			return io.EOF
		}
		if err == io.EOF {
			return err
		}
		return p.named("read", err)
	}
	if r.n == 0 {
		return p.named("read", errEmpty)
	}
	r.rest = r.buf[:r.n]
	return nil
}

var (
	errEmpty = errors.New("the server sent a message without anything in it")
	errShort = errors.New("the server took a part of the message only")
)

// Write sends one message.
func (p *pipe) Write(b []byte) (int, error) {
	w := &p.writing
	w.busy.Lock()
	defer w.busy.Unlock()
	if err := p.usable(w); err != nil || len(b) == 0 {
		return 0, err
	}
	if len(b) > maxPDU {
		return 0, fmt.Errorf("smb: a message of %d bytes, at most %d", len(b), maxPDU)
	}
	if w.call != nil { // that of a deadline that has passed
		if _, err := p.wait(w); err != nil {
			return 0, p.named("write", err)
		}
	}
	w.buf = append(w.buf[:0], b...) // b is the caller's again when a deadline passes
	call, err := p.session.start(func() (err error) {
		w.n, err = p.file.WriteAt(w.buf, 0)
		return err
	})
	if err != nil {
		return 0, p.named("write", err)
	}
	w.call = call
	if _, err := p.wait(w); err != nil {
		return 0, p.named("write", err)
	}
	if w.n != len(b) {
		return 0, p.named("write", errShort)
	}
	return len(b), nil
}

// usable says whether a direction can be used.
func (p *pipe) usable(sd *side) error {
	select {
	case <-p.closing:
		return net.ErrClosed
	default:
	}
	if at, _ := sd.deadline.get(); !at.IsZero() && time.Until(at) <= 0 {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// wait waits for the call of a direction. done says that it is over, and err is its
// own.
func (p *pipe) wait(sd *side) (done bool, err error) {
	for {
		at, changed := sd.deadline.get()
		var expired <-chan time.Time
		if !at.IsZero() {
			left := time.Until(at)
			if left <= 0 {
				return false, os.ErrDeadlineExceeded
			}
			expired = time.After(left)
		}
		select {
		case <-p.closing:
			return false, net.ErrClosed
		case err := <-sd.call:
			sd.call = nil
			return true, err
		case <-changed:
		case <-expired:
		}
	}
}

// named is an error of a direction with its place; those that a net.Conn has are as
// they are.
func (p *pipe) named(op string, err error) error {
	if err == net.ErrClosed || err == os.ErrDeadlineExceeded || err == errClosed {
		return err
	}
	select {
	case <-p.closing:
		return net.ErrClosed
	default:
	}
	return p.session.pipeError(`\pipe\`+p.name+": "+op, err)
}

// Close ends what is under way.
func (p *pipe) Close() error {
	p.once.Do(func() {
		close(p.closing)
		_, _ = p.session.start(p.file.close) // a session that was closed has no pipes
	})
	return nil
}

func (p *pipe) LocalAddr() net.Addr { return p.session.link.LocalAddr() }

// RemoteAddr is the pipe, as \\bedrock\pipe\eventlog.
func (p *pipe) RemoteAddr() net.Addr { return addr(`\\` + p.session.host + `\pipe\` + p.name) }

func (p *pipe) SetReadDeadline(t time.Time) error {
	p.reading.deadline.set(t)
	return nil
}

func (p *pipe) SetWriteDeadline(t time.Time) error {
	p.writing.deadline.set(t)
	return nil
}

func (p *pipe) SetDeadline(t time.Time) error {
	p.reading.deadline.set(t)
	p.writing.deadline.set(t)
	return nil
}

// addr is a pipe's address.
type addr string

func (addr) Network() string  { return "ncacn_np" }
func (a addr) String() string { return string(a) }

// deadline is one that can be moved while it is waited for.
type deadline struct {
	mu      sync.Mutex
	at      time.Time     // zero: never
	changed chan struct{} // closed when at changes; nil: nobody waits
}

func (d *deadline) get() (at time.Time, changed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changed == nil {
		d.changed = make(chan struct{})
	}
	return d.at, d.changed
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = t
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}
