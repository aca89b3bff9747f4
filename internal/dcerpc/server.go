package dcerpc

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Interface is what a server offers.
type Interface struct {
	ID SyntaxID
	// New makes the state of one association, which is a connection here, for one
	// authenticated peer; it is called at the first request on the interface. An
	// error refuses: a *Fault with its status, any other as access denied.
	New func(ctx context.Context, p *Peer) (Handler, error)
}

// Handler answers the calls of one association on one interface. It is called by
// one goroutine at a time.
type Handler interface {
	// Call answers operation op. in is the stub as it came, without padding; out is
	// encoded in the same byte order, and neither is kept. ctx ends when the client
	// cancels or is gone. Of an error, a *Fault goes to the client with its status;
	// any other is an unspecified fault whose text stays here.
	Call(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) (out []byte, err error)
	// Close ends the association: what its context handles hold is released.
	Close()
}

// Transports, as [Peer] and towers name them.
const (
	TransportTCP  = "ncacn_ip_tcp"
	TransportPipe = "ncacn_np"
)

// Peer is the other end of a server's connection.
type Peer struct {
	Addr, LocalAddr net.Addr
	Transport       string // TransportTCP or TransportPipe
	Endpoint        string // what a bind_ack calls this endpoint, as `\pipe\eventlog`; "": the port of LocalAddr
	AuthType        uint8  // AuthNone where there was none
	AuthLevel       uint8  // LevelNone where there was none
	Identity        any    // whom the mechanism authenticated
	Caller          any    // whom the transport knows, as Samba's token
}

// ServerOptions are what a server offers and its limits. Zero values mean the
// default that stands at each.
type ServerOptions struct {
	Interfaces []Interface
	// Auth makes the accepting side of each authentication type, for a peer of which
	// the addresses are known; nil: none.
	Auth map[uint8]func(*Peer) Mechanism
	// Authorize says whether this peer's security is good enough for an interface.
	// It is asked at the first fragment of a request on it, when the authentication is
	// through, and again until it says yes; an error is answered as access denied, and
	// nothing of the request is kept. nil: all are.
	Authorize func(p *Peer, iface SyntaxID) error

	MaxConns         int           // connections at a time; 0: 256
	MaxCallSize      int           // stub of a request, bytes; 0: 1 MiB
	MaxContexts      int           // presentation contexts of a connection; 0: 16
	MaxFrag          int           // longest fragment, 1432 to 65535 bytes; 0: 5840
	IdleTimeout      time.Duration // between calls; 0: 15 minutes
	HandshakeTimeout time.Duration // until the first request for which New made a Handler; 0: 30 s
	PDUTimeout       time.Duration // for the rest of a PDU or call that has begun, and for writing a PDU; 0: 30 s

	Logger *slog.Logger // nil: discarded
}

// ErrServerClosed is what Serve and ServeConn return after Close or Shutdown.
var ErrServerClosed = errors.New("dcerpc: server closed")

// ErrTooManyConns is a connection that was closed at once, since MaxConns are there.
var ErrTooManyConns = errors.New("dcerpc: too many connections")

// Server answers DCE/RPC. Its methods may be called by many goroutines.
type Server struct {
	opts ServerOptions
	log  *slog.Logger

	group atomic.Uint32 // the last association group id

	mu        sync.Mutex
	closed    bool
	conns     map[*conn]struct{}
	listeners map[net.Listener]struct{}
	running   sync.WaitGroup // connections; added to with mu held and closed unset
}

// NewServer makes a server of o.
func NewServer(o ServerOptions) *Server {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	wait := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.MaxConns, 256)
	def(&o.MaxCallSize, 1<<20)
	def(&o.MaxContexts, 16)
	def(&o.MaxFrag, defaultFrag)
	o.MaxFrag = min(max(o.MaxFrag, minFrag), maxPDU)
	wait(&o.IdleTimeout, 15*time.Minute)
	wait(&o.HandshakeTimeout, 30*time.Second)
	wait(&o.PDUTimeout, 30*time.Second)
	o.Interfaces = slices.Clone(o.Interfaces) // connections keep pointers into it
	s := &Server{opts: o, log: o.Logger, conns: map[*conn]struct{}{}, listeners: map[net.Listener]struct{}{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Accept errors, as too many open files, are waited out for a while.
const (
	maxAcceptErrors = 8
	maxAcceptWait   = time.Second
)

// Serve answers the connections of l, each in a goroutine, until ctx or the server
// ends or l fails; l is closed then. The connections go on until the server ends,
// or with ctx.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer func() { _ = l.Close() }() // for the second time where the server was closed
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrServerClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
	}()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // Accept tells
	defer stop()
	for failures := 0; ; {
		nc, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if s.isClosed() {
				return ErrServerClosed
			}
			if failures++; failures > maxAcceptErrors || errors.Is(err, net.ErrClosed) {
				return err
			}
			s.log.Warn("accepting a connection", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(min(5*time.Millisecond<<failures, maxAcceptWait)):
			}
			continue
		}
		failures = 0
		p := Peer{Addr: nc.RemoteAddr(), LocalAddr: nc.LocalAddr(), Transport: TransportTCP}
		c, err := s.start(ctx, nc, p)
		if err != nil {
			_ = nc.Close() // nothing was written
			s.log.Warn("refused a connection", "peer", addr(p.Addr), "error", err)
			continue
		}
		go func() {
			if err := c.serve(); err != nil {
				s.log.Debug("connection ended", "peer", addr(p.Addr), "error", err)
			}
		}()
	}
}

// ServeConn answers one connection, a stream of PDUs, until it ends, and closes
// it. p is what is known of the peer; its Auth fields and Identity are filled in.
// Each PDU is written by one Write, as message pipes need it; reading may come in
// any parts. It returns nil where the client closed between calls.
func (s *Server) ServeConn(ctx context.Context, nc net.Conn, p Peer) error {
	c, err := s.start(ctx, nc, p)
	if err != nil {
		_ = nc.Close() // nothing was written
		return err
	}
	return c.serve()
}

// start counts a connection; conn.serve must follow.
func (s *Server) start(ctx context.Context, nc net.Conn, p Peer) (*conn, error) {
	p.AuthType, p.AuthLevel, p.Identity = AuthNone, LevelNone, nil
	c := newConn(ctx, s, nc, p)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		c.cancel()
		return nil, ErrServerClosed
	case len(s.conns) >= s.opts.MaxConns:
		c.cancel()
		return nil, ErrTooManyConns
	}
	s.conns[c] = struct{}{}
	s.running.Add(1)
	return c, nil
}

func (s *Server) done(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.running.Done()
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// end stops accepting, and gives each connection to f.
func (s *Server) end(f func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for l := range s.listeners {
		_ = l.Close() // its Serve returns
	}
	for c := range s.conns {
		f(c)
	}
}

// Close ends the server and its connections at once: calls are cancelled. It
// waits until all have ended.
func (s *Server) Close() error {
	s.end((*conn).close)
	s.running.Wait()
	return nil
}

// Shutdown ends the server: connections without a call at once, the others behind
// its answer. When ctx ends before that, it does as Close and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.end((*conn).drain)
	idle := make(chan struct{})
	go func() {
		s.running.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		s.end((*conn).close)
		<-idle
		return ctx.Err()
	}
}

// newGroup is a new association group id, which is never 0.
func (s *Server) newGroup() uint32 {
	for {
		if id := s.group.Add(1); id != 0 {
			return id
		}
	}
}

// addr is how an address is logged: pipes may have none.
func addr(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}
