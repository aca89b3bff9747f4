package dcerpc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// conn is a server's connection. One goroutine, serve, reads and answers; a call
// runs in a second one, so that a cancel can be read meanwhile. Anything but a
// cancel waits until the call has been answered, so at each time one of the two
// writes, and only one touches what is not behind mu.
type conn struct {
	s      *Server
	nc     net.Conn
	r      *bufio.Reader
	ctx    context.Context // of the calls; ended by cancel
	cancel context.CancelFunc
	peer   Peer

	in, out []byte // one PDU each

	bound    bool
	xmit     int // longest fragment that the client takes
	recv     int // longest fragment that it may send
	group    uint32
	contexts map[uint16]*Interface
	handlers map[*Interface]Handler
	allowed  map[*Interface]bool // by Authorize

	auth    authState
	mech    Mechanism
	legs    int
	session session
	signing bool // header signing was negotiated

	partial *request // being assembled
	current *request // being answered

	// mu guards when reading times out, see deadline. Server.mu stands above it.
	mu        sync.Mutex
	handshake time.Time // until a handler was made
	admitted  bool
	inPDU     bool
	assembles bool
	calling   bool
	draining  bool
	failure   error // why the call's goroutine closed the connection
}

func newConn(ctx context.Context, s *Server, nc net.Conn, p Peer) *conn {
	c := &conn{s: s, nc: nc, peer: p, contexts: map[uint16]*Interface{}, handlers: map[*Interface]Handler{}, allowed: map[*Interface]bool{}, recv: s.opts.MaxFrag}
	c.ctx, c.cancel = context.WithCancel(ctx)
	return c
}

// close ends the connection from outside.
func (c *conn) close() {
	c.cancel()
	_ = c.nc.Close() // the reader ends by it
}

// drain ends the connection as soon as no call is under way.
func (c *conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	c.deadline()
}

// deadline sets when reading times out, which depends on what is waited for. mu
// must be held.
func (c *conn) deadline() {
	now := time.Now()
	t := now.Add(c.s.opts.IdleTimeout)
	switch {
	case c.calling:
		t = time.Time{}
	case c.draining:
		t = now
	case c.inPDU, c.assembles:
		t = now.Add(c.s.opts.PDUTimeout)
	}
	if !c.admitted && !c.draining && t.After(c.handshake) {
		t = c.handshake
	}
	_ = c.nc.SetReadDeadline(t) // of a closed connection, which reading tells
}

// state changes what is waited for.
func (c *conn) state(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.deadline()
}

// serve runs the connection to its end.
func (c *conn) serve() (err error) {
	defer c.s.done(c)
	defer func() { _ = c.nc.Close() }() // for the second time where it was ended from outside
	stop := context.AfterFunc(c.ctx, func() { _ = c.nc.Close() })
	defer stop()
	// The connection of one client must not take the process, and with it the logs
	// of all, down: a fault in here ends this connection and is logged as such.
	defer func() {
		if r := recover(); r != nil {
			err = c.panicked(r)
		}
	}()
	defer func() {
		c.cancel()
		c.wait()
		for _, h := range c.handlers {
			h.Close()
		}
	}()
	c.r = bufio.NewReaderSize(c.nc, headerSize*16)
	c.state(func() { c.handshake = time.Now().Add(c.s.opts.HandshakeTimeout) })
	for {
		p, err := c.read()
		if err == nil {
			err = c.handle(&p)
		}
		if err != nil {
			return c.why(err)
		}
	}
}

func (c *conn) panicked(r any) error {
	c.s.log.Error("panic; the connection is closed", "peer", addr(c.peer.Addr), "panic", r, "stack", string(debug.Stack()))
	return fmt.Errorf("dcerpc: panic: %v", r)
}

// why is what ended the connection, by the error that its reader got.
func (c *conn) why(err error) error {
	ended := c.s.isClosed() // before mu, since Server.mu stands above it
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failure != nil {
		err = c.failure
	}
	closed := errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
	switch {
	case c.draining && errors.Is(err, os.ErrDeadlineExceeded), closed && ended:
		return ErrServerClosed
	case closed && c.ctx.Err() != nil:
		return c.ctx.Err()
	case err == io.EOF:
		return nil
	}
	return err
}

// read reads one PDU into c.in. io.EOF is the end between PDUs.
func (c *conn) read() (pdu, error) {
	c.state(func() { c.inPDU = false })
	if _, err := c.r.Peek(1); err != nil {
		return pdu{}, err
	}
	c.state(func() { c.inPDU = true })
	var err error
	if c.in, err = readPDU(c.r, c.in, 0); err != nil {
		if errors.Is(err, errVersion) {
			c.wait()
			h, _ := decodeHeader(c.in) // for the call id; fails as it did
			c.refuseBind(&pdu{header: h}, nakVersion)
		}
		return pdu{}, err
	}
	return decodePDU(c.in)
}

// readPDU reads one PDU into buf, or a larger one, of at most limit bytes; 0 means
// no limit but that of frag_length. The header is in the result where that is
// refused.
func readPDU(r io.Reader, buf []byte, limit int) ([]byte, error) {
	buf = append(buf[:0], make([]byte, headerSize)...)
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf, noEOF(err)
	}
	h, err := decodeHeader(buf)
	if err != nil {
		return buf, err
	}
	if limit > 0 && int(h.FragLength) > limit {
		return buf, formatError("header", "frag_length", 8, "have %d, the most is %d", h.FragLength, limit)
	}
	if n := int(h.FragLength); n > cap(buf) {
		buf = append(make([]byte, 0, n), buf...) // at most maxPDU
	}
	buf = buf[:h.FragLength]
	_, err = io.ReadFull(r, buf[headerSize:])
	return buf, noEOF(err)
}

// noEOF makes an end inside a PDU one that is not mistaken for the end.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// write writes whole PDUs.
func (c *conn) write(b []byte) error {
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.s.opts.PDUTimeout)) // of a closed connection, which writing tells
	_, err := c.nc.Write(b)
	return err
}

// wait waits until no call runs.
func (c *conn) wait() {
	if c.current != nil {
		<-c.current.done
		c.current = nil
	}
}

// handle acts on one PDU. An error ends the connection.
func (c *conn) handle(p *pdu) error {
	switch p.Type {
	case ptCancel, ptOrphaned:
		return c.interrupt(p)
	}
	c.wait()
	if err := c.broken(); err != nil {
		return err
	}
	if p.Type != ptRequest && p.Flags&flagWhole != flagWhole {
		return c.violation(p, "a %s in fragments", p.Type)
	}
	switch p.Type {
	case ptRequest:
		return c.request(p)
	case ptBind, ptAlterContext, ptAuth3:
		if c.partial != nil {
			return c.violation(p, "%s amid the fragments of a request", p.Type)
		}
	}
	switch p.Type {
	case ptBind:
		return c.bind(p)
	case ptAlterContext:
		return c.alter(p)
	case ptAuth3:
		return c.auth3(p)
	}
	return c.violation(p, "%s from a client", p.Type)
}

// broken is why the call's goroutine wants the connection to end.
func (c *conn) broken() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// fault answers a fault.
func (c *conn) fault(h header, contextID uint16, status uint32) error {
	c.out = appendFault(c.out[:0], h, contextID, status)
	return c.write(c.out)
}

// violation answers a protocol error, and returns what it was.
func (c *conn) violation(p *pdu, format string, args ...any) error {
	return c.refuse(p, FaultProto, fmt.Errorf("dcerpc: protocol error: "+format, args...))
}

// refuse answers a PDU that ends the connection with a fault, and returns err.
func (c *conn) refuse(p *pdu, status uint32, err error) error {
	h := p.header
	h.Flags = flagNotExecuted
	if e := c.fault(h, 0, status); e != nil {
		return errors.Join(err, e)
	}
	return err
}
