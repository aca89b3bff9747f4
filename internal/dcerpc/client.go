package dcerpc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// ClientOptions say what a client binds to and how. Zero values mean what stands
// at each.
type ClientOptions struct {
	Interface SyntaxID
	// Mechanism is the initiating side of an authentication; nil: none, and the
	// three fields behind it are not used.
	Mechanism     Mechanism
	AuthType      uint8 // as AuthNTLM, which like AuthKerberos sends its last leg as rpc_auth_3
	AuthLevel     uint8 // 0: LevelPrivacy
	HeaderSigning bool  // proposed; whether it is done is the server's to say
	MaxFrag       int   // longest fragment, 1432 to 65535 bytes; 0: 5840
	MaxResponse   int   // stub of a response, bytes; 0: 16 MiB
}

const defaultMaxResponse = 16 << 20

// partingWait is how long a fault is waited for where writing has failed: what
// came is there already.
const partingWait = time.Second

// clientAuthContext is the auth_context_id of a client: there is one.
const clientAuthContext = 1

// ErrClientClosed is a call on a client that was closed, or whose connection an
// earlier call has ended.
var ErrClientClosed = errors.New("dcerpc: client closed")

// Client calls the operations of one interface over one connection. Its methods
// may be called by many goroutines; there is one call at a time.
type Client struct {
	nc        net.Conn
	turn      chan struct{} // holds one token: whose turn it is to call
	closeOnce sync.Once
	closed    chan struct{}

	// What follows is for the goroutine whose turn it is.
	in, out     []byte
	callID      uint32
	xmit, recv  int
	maxResponse int
	session     session
	address     string
	unanswered  Mechanism // whose last leg the server has not answered; nil: there is none
}

// Dial binds to an interface over nc, authenticates, and returns the client that
// owns nc; after an error nc is closed. Each PDU is written by one Write. A refusal is a *[BindError] or a *[Fault],
// inside a *[LogonError] where it is about what the Mechanism has shown.
// ctx is for Dial alone.
func Dial(ctx context.Context, nc net.Conn, o *ClientOptions) (*Client, error) {
	if o == nil {
		o = &ClientOptions{}
	}
	c := &Client{nc: nc, turn: make(chan struct{}, 1), closed: make(chan struct{}), maxResponse: o.MaxResponse}
	if c.maxResponse <= 0 {
		c.maxResponse = defaultMaxResponse
	}
	c.recv = o.MaxFrag
	if c.recv == 0 {
		c.recv = defaultFrag
	}
	c.recv = min(max(c.recv, minFrag), maxPDU)
	c.xmit = c.recv
	if err := c.during(ctx, func() error { return c.bind(o) }); err != nil {
		_ = c.Close() // what went wrong is err
		return nil, err
	}
	c.turn <- struct{}{}
	return c, nil
}

// Address is the secondary address that the server named: its port or pipe.
func (c *Client) Address() string { return c.address }

// Close closes the connection. A call that is under way fails.
func (c *Client) Close() error {
	err := net.ErrClosed
	c.closeOnce.Do(func() {
		close(c.closed)
		err = c.nc.Close()
	})
	if err == net.ErrClosed {
		return nil
	}
	return err
}

// during runs f, whose reading and writing fails when ctx ends: the connection is
// closed then, since nothing tells which part of an answer is still to come.
func (c *Client) during(ctx context.Context, f func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() }) // ctx says why
	err := f()
	if !stop() {
		// ctx has ended, perhaps behind the last byte; the connection is closed.
		return ctx.Err()
	}
	return err
}

// bind binds and authenticates.
func (c *Client) bind(o *ClientOptions) error {
	h := header{Type: ptBind, Flags: flagWhole, Order: binary.LittleEndian, CallID: c.next()}
	b := bind{MaxXmit: uint16(c.recv), MaxRecv: uint16(c.recv), Elements: []element{{Abstract: o.Interface, Transfer: []SyntaxID{NDR}}}}
	body := b.append(nil, binary.LittleEndian)
	if o.Mechanism == nil {
		p, err := c.exchange(h, body, nil, nil, ptBindAck)
		if err != nil {
			return err
		}
		return c.accept(&p)
	}

	l := o.AuthLevel
	if l == 0 {
		l = LevelPrivacy
	}
	t := &c.session.trailer
	*t = trailer{Type: o.AuthType, Level: level(l), ContextID: clientAuthContext}
	if t.Level < LevelConnect || t.Level > LevelPrivacy || t.Type == AuthNone {
		return fmt.Errorf("dcerpc: authentication of type %d at level %d", o.AuthType, o.AuthLevel)
	}
	if o.HeaderSigning && t.Level >= LevelIntegrity {
		h.Flags |= flagHeaderSign
	}
	token, done, err := o.Mechanism.Step(nil)
	if err != nil {
		return fmt.Errorf("dcerpc: authentication: %w", err)
	}
	want := ptBindAck
	signing := false
	for leg := 1; ; leg++ {
		if leg > maxLegs {
			return fmt.Errorf("dcerpc: authentication of more than %d legs", maxLegs)
		}
		p, err := c.exchange(h, body, t, token, want)
		if err != nil {
			return refusedLogon(o.Mechanism, err, true)
		}
		if leg == 1 {
			if err := c.accept(&p); err != nil {
				return err
			}
			signing = h.Flags&p.Flags&flagHeaderSign != 0
		}
		if p.Trailer != nil && (p.Trailer.Type != t.Type || level(p.Trailer.Level) != t.Level || p.Trailer.ContextID != t.ContextID) {
			return fmt.Errorf("dcerpc: %s authenticates otherwise: %w", p.Type, errUnverified)
		}
		if done {
			if len(p.Token) > 0 {
				return errors.New("dcerpc: the server's authentication goes on behind its end")
			}
			break
		}
		if token, done, err = o.Mechanism.Step(append([]byte{}, p.Token...)); err != nil {
			return fmt.Errorf("dcerpc: authentication: %w", err)
		}
		if done && len(token) == 0 {
			break
		}
		if done && (t.Type == AuthNTLM || t.Type == AuthKerberos) {
			h.Type, h.Flags = ptAuth3, flagWhole
			if c.out, err = appendPDU(c.out[:0], h, make([]byte, 4), t, token); err != nil {
				return err
			}
			if _, err := c.nc.Write(c.out); err != nil {
				return fmt.Errorf("dcerpc: rpc_auth_3: %w", err)
			}
			c.unanswered = o.Mechanism
			break
		}
		h.Type, want, h.CallID = ptAlterContext, ptAlterContextResp, c.next()
	}
	return c.session.begin(o.Mechanism, signing)
}

// next is the next call id.
func (c *Client) next() uint32 {
	c.callID++
	return c.callID
}

// exchange sends a PDU of a bind and reads its answer.
func (c *Client) exchange(h header, body []byte, t *trailer, token []byte, want ptype) (p pdu, err error) {
	if c.out, err = appendPDU(c.out[:0], h, body, t, token); err != nil {
		return p, err
	}
	if _, err := c.nc.Write(c.out); err != nil {
		return p, fmt.Errorf("dcerpc: %s: %w", h.Type, err)
	}
	if p, err = c.read(h.CallID, 0); err != nil {
		return p, fmt.Errorf("dcerpc: answer to %s: %w", h.Type, err)
	}
	switch {
	case p.Type == want && p.Flags&flagWhole == flagWhole:
		return p, nil
	case p.Type == ptBindNak:
		reason, err := decodeBindNak(&p)
		if err != nil {
			return p, err
		}
		return p, &BindError{Nak: true, Reason: reason}
	case p.Type == ptFault:
		v, err := decodeResponse(&p)
		if err != nil {
			return p, err
		}
		return p, &Fault{v.Status}
	}
	return p, fmt.Errorf("dcerpc: %s with flags 0x%02x answers %s", p.Type, p.Flags, h.Type)
}

// accept takes what the server says in its bind_ack.
func (c *Client) accept(p *pdu) error {
	a, err := decodeBindAck(p)
	if err != nil {
		return err
	}
	if len(a.Results) != 1 {
		return fmt.Errorf("dcerpc: %d results for one interface", len(a.Results))
	}
	switch r := a.Results[0]; {
	case r.Result != resultAccept:
		return &BindError{Reason: r.Reason}
	case r.Transfer != NDR:
		return fmt.Errorf("dcerpc: transfer syntax %s, proposed was %s", r.Transfer, NDR)
	}
	if a.MaxRecv < minFrag {
		return fmt.Errorf("dcerpc: the server takes fragments of %d bytes, the least is %d", a.MaxRecv, minFrag)
	}
	c.xmit = min(c.xmit, int(a.MaxRecv))
	c.address = a.Address
	return nil
}

// read reads one PDU that answers a call.
func (c *Client) read(callID uint32, limit int) (p pdu, err error) {
	if c.in, err = readPDU(c.nc, c.in, limit); err != nil {
		return p, err
	}
	if p, err = decodePDU(c.in); err != nil {
		return p, err
	}
	if p.CallID != callID {
		return p, formatError(p.Type.String(), "call_id", 12, "have %d, want %d", p.CallID, callID)
	}
	return p, nil
}

// Call calls operation op with a stub in little-endian, and returns the stub of
// the answer, which is the caller's and little-endian too: another answer is an
// error. What the server refuses is a *[Fault], in a *[LogonError] where that may be
// what is meant, and the client can go on, unless
// the server has closed the connection with it; any other error ends the client.
//
// When ctx ends before the call has begun, the client can go on too. When it ends
// amid a call, the connection is closed, which tells the server to give the call
// up, and later calls fail with [ErrClientClosed]: the rest of the answer is not
// waited for.
func (c *Client) Call(ctx context.Context, op uint16, in []byte) (out []byte, err error) {
	select {
	case <-c.closed:
		return nil, ErrClientClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.turn:
	}
	defer func() { c.turn <- struct{}{} }()
	select {
	case <-c.closed:
		return nil, ErrClientClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = c.during(ctx, func() error {
		var err error
		out, err = c.call(op, in)
		return err
	})
	if c.unanswered != nil {
		// A refused rpc_auth_3 has no answer but that to the first call.
		err = refusedLogon(c.unanswered, err, false)
		c.unanswered = nil
	}
	if err == nil {
		return out, nil
	}
	if f := (*Fault)(nil); errors.As(err, &f) && ctx.Err() == nil {
		return nil, err
	}
	_ = c.Close() // what went wrong is err
	return nil, err
}

// call writes the request and reads the response.
func (c *Client) call(op uint16, in []byte) ([]byte, error) {
	room, err := c.session.room(c.xmit)
	if err != nil {
		return nil, err
	}
	h := header{Type: ptRequest, Flags: flagFirst, Order: binary.LittleEndian, CallID: c.next()}
	for {
		n := min(room, len(in))
		if n == len(in) {
			h.Flags |= flagLast
		}
		c.out, err = c.session.appendFragment(c.out[:0], h, requestIDs(h.Order, len(in), 0, op), in[:n])
		if err != nil {
			return nil, err
		}
		if _, err := c.nc.Write(c.out); err != nil {
			err = fmt.Errorf("dcerpc: call of operation %d: %w", op, err)
			return nil, c.parting(h.CallID, err)
		}
		if in = in[n:]; len(in) == 0 {
			break
		}
		h.Flags = 0
	}
	out, err := c.response(h.CallID)
	if err != nil {
		return nil, fmt.Errorf("dcerpc: answer of operation %d: %w", op, err)
	}
	return out, nil
}

// parting is why the server took no more of a call: the fault that it sent before
// it closed the connection, if one came, else err. The client has ended.
func (c *Client) parting(callID uint32, err error) error {
	_ = c.nc.SetReadDeadline(time.Now().Add(partingWait)) // of a closed connection, which reading tells
	_, answer := c.response(callID)
	_ = c.Close() // what went wrong is err
	if f := (*Fault)(nil); errors.As(answer, &f) {
		return fmt.Errorf("%w: %w", f, err)
	}
	return err
}

// response reads the fragments of a response.
func (c *Client) response(callID uint32) ([]byte, error) {
	out := []byte{}
	for first := true; ; first = false {
		p, err := c.read(callID, c.recv)
		if err != nil {
			return nil, err
		}
		if p.Type != ptResponse && p.Type != ptFault {
			return nil, fmt.Errorf("a %s answers a request", p.Type)
		}
		v, err := decodeResponse(&p)
		if err != nil {
			return nil, err
		}
		if p.Type == ptFault {
			return nil, c.fault(&p, v)
		}
		stub, err := c.session.open(&p, callSize)
		switch {
		case err != nil:
			return nil, err
		case p.Order != order(binary.LittleEndian):
			return nil, formatError("response", "drep", 4, "big-endian answers little-endian")
		case v.ContextID != 0:
			return nil, formatError("response", "p_cont_id", 20, "have %d, want 0", v.ContextID)
		case first != (p.Flags&flagFirst != 0):
			return nil, formatError("response", "pfc_flags", 3, "have 0x%02x amid %d bytes", p.Flags, len(out))
		case len(stub) > c.maxResponse-len(out):
			return nil, fmt.Errorf("response of more than %d bytes", c.maxResponse)
		case len(stub) == 0 && p.Flags&flagLast == 0:
			return nil, errors.New("empty fragment") // an answer without end, made of nothing
		}
		if out = append(out, stub...); p.Flags&flagLast != 0 {
			return out, nil
		}
	}
}

// fault is the error that a fault PDU says.
func (c *Client) fault(p *pdu, v responseBody) error {
	if p.Trailer != nil {
		// It is not expected to be signed; where it is, the order of signatures goes on.
		if _, err := c.session.open(p, callSize); err != nil {
			return err
		}
		v, _ = decodeResponse(p) // it was long enough, and may have been decrypted in place
	}
	return &Fault{v.Status}
}
