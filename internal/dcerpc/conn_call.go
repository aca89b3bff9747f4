package dcerpc

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// request is a call of a client, while it is assembled and answered.
type request struct {
	header    header // of its last fragment so far
	contextID uint16
	op        uint16
	stub      []byte

	ctx      context.Context
	cancel   context.CancelFunc
	orphaned atomic.Bool
	done     chan struct{} // closed when it was answered
}

// request takes one fragment of a request.
func (c *conn) request(p *pdu) error {
	switch {
	case !c.bound:
		return c.violation(p, "request before bind")
	case c.auth == authPending:
		return c.refuse(p, FaultAccessDenied, errors.New("dcerpc: request before the authentication is through"))
	case c.auth == authFailed:
		return c.refuse(p, FaultAccessDenied, errors.New("dcerpc: request behind a failed authentication"))
	case int(p.FragLength) > c.recv:
		return c.violation(p, "fragment of %d bytes, negotiated were %d", p.FragLength, c.recv)
	}
	v, err := decodeRequest(p)
	if err != nil {
		return c.refuse(p, FaultProto, err)
	}
	stub, err := c.session.open(p, v.Stub)
	if err != nil {
		return c.refuse(p, FaultAccessDenied, err)
	}
	first, last := p.Flags&flagFirst != 0, p.Flags&flagLast != 0
	r := c.partial
	switch {
	case first && r != nil:
		return c.violation(p, "call %d begins amid call %d", p.CallID, r.header.CallID)
	case first:
		if err := c.admit(v.ContextID); err != nil {
			if !last { // the rest is not waited for
				return c.refuse(p, err.Status, err)
			}
			h := p.header
			h.Flags = flagNotExecuted
			return c.fault(h, v.ContextID, err.Status)
		}
		r = &request{contextID: v.ContextID, op: v.Op, done: make(chan struct{})}
		r.ctx, r.cancel = context.WithCancel(c.ctx)
	case r == nil:
		return c.violation(p, "call %d without its first fragment", p.CallID)
	case p.CallID != r.header.CallID || v.ContextID != r.contextID || v.Op != r.op || p.Order != r.header.Order:
		return c.violation(p, "fragment of another call")
	}
	c.partial, r.header = r, p.header
	if p.Flags&flagPendingCancel != 0 {
		r.cancel()
	}
	switch {
	case len(stub) > c.s.opts.MaxCallSize-len(r.stub):
		c.drop()
		return c.refuse(p, FaultNoMemory, fmt.Errorf("dcerpc: request of more than %d bytes", c.s.opts.MaxCallSize))
	case len(stub) == 0 && !last:
		// A call without end, made of nothing.
		return c.violation(p, "empty fragment")
	}
	r.stub = append(r.stub, stub...)
	if !last {
		c.state(func() { c.assembles = true })
		return nil
	}
	c.partial, c.current = nil, r
	c.state(func() { c.assembles, c.calling = false, true })
	go c.answer(r)
	return nil
}

// admit says whether this peer may call an interface, before anything of the call
// is kept.
func (c *conn) admit(contextID uint16) *Fault {
	iface, ok := c.contexts[contextID]
	if !ok {
		return &Fault{FaultUnkIf}
	}
	if f := c.s.opts.Authorize; f != nil && !c.allowed[iface] {
		if err := f(&c.peer, iface.ID); err != nil {
			c.s.log.Info("refused", "peer", addr(c.peer.Addr), "interface", iface.ID, "error", err)
			return &Fault{FaultAccessDenied}
		}
		c.allowed[iface] = true
	}
	return nil
}

// drop forgets the call that is being assembled.
func (c *conn) drop() {
	if c.partial != nil {
		c.partial.cancel()
		c.partial = nil
	}
	c.state(func() { c.assembles = false })
}

// interrupt acts on a co_cancel or orphaned PDU. Its trailer, if any, is not looked
// at: who can write into the connection can as well end it.
func (c *conn) interrupt(p *pdu) error {
	if r := c.partial; r != nil && r.header.CallID == p.CallID {
		if p.Type == ptOrphaned {
			c.drop()
		} else {
			r.cancel()
		}
	}
	if r := c.current; r != nil && r.header.CallID == p.CallID {
		if p.Type == ptOrphaned {
			r.orphaned.Store(true)
		}
		r.cancel()
	}
	return nil // a call that is over was cancelled too late
}

// answer runs a call and writes its answer.
func (c *conn) answer(r *request) {
	defer close(r.done)
	defer r.cancel()
	err := c.run(r)
	r.stub = nil
	c.state(func() { c.calling, c.failure = false, err })
	if err != nil {
		_ = c.nc.Close() // the reader ends by it, and tells err
	}
}

// run is answer, without what holds whatever comes of it.
func (c *conn) run(r *request) (err error) {
	defer func() { // see serve
		if p := recover(); p != nil {
			err = c.panicked(p)
		}
	}()
	out, err := c.dispatch(r)
	if r.orphaned.Load() {
		return nil
	}
	if err != nil {
		return c.fault(r.header, r.contextID, c.status(r, err))
	}
	return c.respond(r, out)
}

// dispatch gives a call to its handler, which is made where it is the first.
func (c *conn) dispatch(r *request) ([]byte, error) {
	iface := c.contexts[r.contextID] // there, by admit
	stub := r.stub
	if c.session.Type != AuthNone {
		var err error
		stub, err = cutVerification(stub, verified{c.signing, iface.ID, r.header, r.contextID, r.op})
		if err != nil {
			return nil, err
		}
	}
	h := c.handlers[iface]
	if h == nil {
		var err error
		if h, err = iface.New(r.ctx, &c.peer); err != nil {
			if f := (*Fault)(nil); errors.As(err, &f) {
				return nil, f
			}
			c.s.log.Info("refused", "peer", addr(c.peer.Addr), "interface", iface.ID, "error", err)
			return nil, &Fault{FaultAccessDenied}
		}
		c.handlers[iface] = h
		c.state(func() { c.admitted = true })
	}
	return h.Call(r.ctx, r.op, stub, r.header.Order)
}

// status is how a handler's error is told.
func (c *conn) status(r *request, err error) uint32 {
	var f *Fault
	switch {
	case errors.As(err, &f):
		return f.Status
	case r.ctx.Err() != nil && errors.Is(err, r.ctx.Err()):
		return FaultCancel
	}
	c.s.log.Warn("call failed", "peer", addr(c.peer.Addr), "op", r.op, "error", err)
	return FaultUnspecified
}

// respond writes the fragments of a response.
func (c *conn) respond(r *request, out []byte) error {
	room, err := c.session.room(c.xmit)
	if err != nil {
		return err
	}
	h := header{Minor: r.header.Minor, Type: ptResponse, Flags: flagFirst, Order: r.header.Order, CallID: r.header.CallID}
	for {
		n := min(room, len(out))
		if n == len(out) {
			h.Flags |= flagLast
		}
		c.out, err = c.session.appendFragment(c.out[:0], h, responseIDs(h.Order, len(out), r.contextID), out[:n])
		if err != nil {
			return err
		}
		if err := c.write(c.out); err != nil {
			return err
		}
		if out = out[n:]; len(out) == 0 {
			return nil
		}
		h.Flags = 0
	}
}
