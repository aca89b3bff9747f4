package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"netelf.example/eventlog"
)

// Peer is the process at the other end of a Unix socket, as the system knows it.
type Peer struct {
	PID    int // 0: not known
	UID    uint32
	Groups []uint32 // the effective one first, then the others as far as the system says them
}

// maxPerUser bounds the connections of one user at a time, so that one cannot
// keep the others out.
const maxPerUser = 128

// Listener accepts connections of processes that the system can name.
type Listener struct {
	net.Listener
	log *slog.Logger

	mu    sync.Mutex
	users map[uint32]int  // connections that are open
	told  map[uint32]bool // that one has too many
}

// Peers makes a Listener of one on a Unix socket. A connection whose other end
// cannot be named, or of a user who has too many, is closed at once.
func Peers(l net.Listener, log *slog.Logger) *Listener {
	return &Listener{Listener: l, log: log, users: map[uint32]int{}, told: map[uint32]bool{}}
}

// Accept waits for a connection.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		u, ok := c.(*net.UnixConn)
		if !ok {
			_ = c.Close() // it is of no use
			return nil, fmt.Errorf("a connection of kind %T on a Unix socket", c)
		}
		p, err := peerOf(u)
		if err != nil {
			l.log.Warn("refused", "error", err)
		}
		if err != nil || !l.enter(p.UID) {
			_ = c.Close() // it is of no use
			continue
		}
		return &peerConn{Conn: c, peer: p, l: l}, nil
	}
}

func (l *Listener) enter(uid uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users[uid] < maxPerUser {
		l.users[uid]++
		return true
	}
	if !l.told[uid] { // once, or whoever does it fills the log, too
		l.told[uid] = true
		l.log.Warn("refused: too many connections of one user", "uid", uid, "limit", maxPerUser)
	}
	return false
}

func (l *Listener) leave(uid uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users[uid]--; l.users[uid] == 0 {
		delete(l.users, uid)
		delete(l.told, uid)
	}
}

type peerConn struct {
	net.Conn
	peer Peer
	l    *Listener
	once sync.Once
}

func (c *peerConn) Close() error {
	c.once.Do(func() { c.l.leave(c.peer.UID) })
	return c.Conn.Close()
}

// ConnContext is an http.Server's: it finds out once a connection who the caller
// is, by what of says of the peer. CallerOf answers it for each request.
func ConnContext(of func(Peer) eventlog.Caller) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		if p, ok := c.(*peerConn); ok {
			return context.WithValue(ctx, peerKey{}, of(p.peer))
		}
		return ctx
	}
}

type peerKey struct{}

// CallerOf is who the connection of r belongs to.
func CallerOf(r *http.Request) (eventlog.Caller, error) {
	c, ok := r.Context().Value(peerKey{}).(eventlog.Caller)
	if !ok {
		return c, errors.New("the connection is of nobody")
	}
	return c, nil
}
