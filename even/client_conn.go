package even

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

const (
	maxIdle     = 4           // connections that wait to be used again
	idleFor     = time.Minute // after which one is not used again: servers close them
	maxStale    = 32          // handles of a connection that are still to be closed
	maxResponse = maxBatchBuff + 4096
)

// conn is one connection. One goroutine uses it at a time.
type conn struct {
	rpc    *dcerpc.Client
	server string
	used   time.Time           // when it became idle
	stale  []ndr.ContextHandle // to be closed before it is used for something else
	broken bool
}

// call makes a call. An answer that is none ends the connection, since nothing it
// says can be relied upon.
func (c *conn) call(ctx context.Context, op uint16, req, resp message) error {
	in, err := encode(req, binary.LittleEndian)
	if err != nil {
		return callError(opName(op), err)
	}
	out, err := c.rpc.Call(ctx, op, in)
	if err != nil {
		if f := (*dcerpc.Fault)(nil); !errors.As(err, &f) {
			c.broken = true
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return callError(opName(op), err)
	}
	if err := decode(resp, opName(op), out, binary.LittleEndian); err != nil {
		c.broken = true
		return callError("answer", err)
	}
	return nil
}

// refusal is the error of a status; nil if it is none.
func (c *conn) refusal(op uint16, s nt.Status) error {
	if !s.Failed() {
		return nil
	}
	return &Error{Op: opName(op), Server: c.server, Status: s}
}

// opens opens something: op is the operation that req is for.
func (c *conn) opens(ctx context.Context, op uint16, req message) (ndr.ContextHandle, error) {
	var resp handleResponse
	if err := c.call(ctx, op, req, &resp); err != nil {
		return ndr.ContextHandle{}, err
	}
	if err := c.refusal(op, resp.Status); err != nil {
		return ndr.ContextHandle{}, err
	}
	if resp.LogHandle.IsZero() {
		return ndr.ContextHandle{}, callError(opName(op), errors.New("the server gave no handle"))
	}
	return resp.LogHandle, nil
}

// binder binds as the options say.
type binder struct {
	o *ClientOptions

	mu   sync.Mutex
	bare bool // the server takes no authentication
}

// bind calls f, which dials a pipe and binds, with the security to do it with: once
// without it, where that is allowed and the server does not take it.
func (b *binder) bind(ctx context.Context, f func(ctx context.Context, o dcerpc.ClientOptions) error) error {
	b.mu.Lock()
	bare := b.bare
	b.mu.Unlock()
	o := dcerpc.ClientOptions{MaxFrag: b.o.MaxFrag}
	if b.o.Mechanism == nil || bare {
		return f(ctx, o)
	}
	secure := o
	m, authType, err := b.o.Mechanism(ctx)
	if err != nil {
		return callError("", err)
	}
	secure.Mechanism, secure.AuthType, secure.AuthLevel, secure.HeaderSigning = m, authType, b.o.Level, true
	why := f(ctx, secure)
	if why == nil || !b.o.AllowBare || !refusesSecurity(why) {
		return why
	}
	if err := f(ctx, o); err != nil {
		return errors.Join(why, err)
	}
	b.mu.Lock()
	first := !b.bare
	b.bare = true
	b.mu.Unlock()
	if first {
		b.o.notice(fmt.Sprintf("%s takes no authentication inside the pipe (%v): what is read is protected by the pipe alone", b.o.Name, why))
	}
	return nil
}

// refusesSecurity says whether a bind failed because the server does not know the
// authentication or does not want it. A wrong password is nothing to go down for.
func refusesSecurity(err error) bool {
	var b *dcerpc.BindError
	var f *dcerpc.Fault
	return !errors.Is(err, fs.ErrPermission) && (errors.As(err, &b) || errors.As(err, &f))
}

// dial makes a connection, binds and authenticates.
func (c *Client) dial(ctx context.Context) (n *conn, err error) {
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return nil, fs.ErrClosed
	}
	err = c.binder.bind(ctx, func(ctx context.Context, o dcerpc.ClientOptions) error {
		o.Interface, o.MaxResponse = Interface, maxResponse
		nc, err := c.o.Dialer.Dial(ctx, PipeName)
		if err != nil {
			return err
		}
		rpc, err := dcerpc.Dial(ctx, nc, &o)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return callError("bind", err)
		}
		if m, ok := o.Mechanism.(interface{ ServerTime() (time.Time, bool) }); ok {
			if t, ok := m.ServerTime(); ok {
				c.mu.Lock()
				c.skew, c.skewKnown = t.Sub(c.o.Now()), true
				c.mu.Unlock()
			}
		}
		n = &conn{rpc: rpc, server: c.o.Name}
		return nil
	})
	return n, err
}

// take is a connection to use alone: one that is idle, or a new one. reused says
// that the server may have closed it meanwhile.
func (c *Client) take(ctx context.Context) (n *conn, reused bool, err error) {
	for {
		c.mu.Lock()
		n = nil
		if i := len(c.idle) - 1; i >= 0 {
			n = c.idle[i]
			c.idle = c.idle[:i]
		}
		c.mu.Unlock()
		if n == nil {
			n, err = c.dial(ctx)
			return n, false, err
		}
		if c.o.Now().Sub(n.used) > idleFor || n.cleanUp(ctx) != nil {
			n.drop()
			if err := ctx.Err(); err != nil {
				return nil, false, err
			}
			continue
		}
		return n, true, nil
	}
}

// cleanUp closes the handles that are not used any more.
func (c *conn) cleanUp(ctx context.Context) error {
	for _, h := range c.stale {
		if err := c.call(ctx, opCloseEL, &handleRequest{h}, &handleResponse{}); err != nil {
			return err
		}
	}
	c.stale = nil
	return nil
}

// give takes a connection back. Its handle h, if it has one, is closed when the
// connection is used the next time: nobody waits for that now.
func (c *Client) give(n *conn, h ndr.ContextHandle) {
	if !h.IsZero() {
		n.stale = append(n.stale, h)
	}
	n.used = c.o.Now()
	c.mu.Lock()
	keep := !n.broken && !c.closed && len(c.idle) < maxIdle && len(n.stale) <= maxStale
	if keep {
		c.idle = append(c.idle, n)
	}
	c.mu.Unlock()
	if !keep {
		n.drop()
	}
}

// drop closes the connection, and with it all that was opened over it.
func (c *conn) drop() {
	c.broken = true
	_ = c.rpc.Close() // nothing is written that could be lost
}

// closeIdle closes all connections that nobody uses.
func (c *Client) closeIdle() {
	c.mu.Lock()
	c.closed = true
	idle := slices.Clone(c.idle)
	c.idle = nil
	c.mu.Unlock()
	for _, n := range idle {
		n.drop()
	}
}

// open opens something over a connection, which is the session's until it is given
// back.
func (c *Client) open(ctx context.Context, op uint16, req message) (*session, bool, error) {
	for {
		n, reused, err := c.take(ctx)
		if err != nil {
			return nil, false, err
		}
		h, err := n.opens(ctx, op, req)
		if err == nil {
			return &session{conn: n, h: h}, reused, nil
		}
		c.give(n, ndr.ContextHandle{})
		if !reused || !n.broken || ctx.Err() != nil {
			return nil, false, err
		}
	}
}
