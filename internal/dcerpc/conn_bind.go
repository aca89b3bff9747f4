package dcerpc

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// authState is how far the authentication of a connection has come.
type authState uint8

const (
	authNone authState = iota
	authPending
	authDone
	authFailed // told at the first request, since an auth3 has no answer
)

// refuseBind answers a bind_nak; the connection ends by the error that follows.
func (c *conn) refuseBind(p *pdu, reason uint16) {
	h := p.header
	h.Minor = min(h.Minor, 1)
	h.Type, h.Flags = ptBindNak, flagWhole
	var err error
	if c.out, err = appendPDU(c.out[:0], h, appendBindNak(nil, reason, h.Order), nil, nil); err == nil {
		_ = c.write(c.out) // the connection ends anyway
	}
}

// bind answers the first PDU of a connection.
func (c *conn) bind(p *pdu) error {
	if c.bound {
		return c.violation(p, "a second bind")
	}
	b, err := decodeBind(p)
	if err != nil {
		c.refuseBind(p, nakNotSpecified)
		return err
	}
	if b.MaxXmit < minFrag || b.MaxRecv < minFrag {
		c.refuseBind(p, nakLocalLimit)
		return fmt.Errorf("dcerpc: bind: fragments of %d and %d bytes, the least is %d", b.MaxXmit, b.MaxRecv, minFrag)
	}
	token, err := c.authenticate(p)
	if err != nil {
		reason := uint16(nakChecksum)
		if errors.Is(err, errAuthType) {
			reason = nakAuthType
		}
		c.refuseBind(p, reason)
		return err
	}
	c.bound = true
	c.xmit = min(int(b.MaxRecv), c.s.opts.MaxFrag)
	c.recv = min(int(b.MaxXmit), c.s.opts.MaxFrag)
	if c.group = b.Group; c.group == 0 {
		c.group = c.s.newGroup()
	}
	return c.acknowledge(p, ptBindAck, &b, c.endpoint(), token)
}

// alter answers an alter_context: further presentation contexts, or a further leg
// of the authentication.
func (c *conn) alter(p *pdu) error {
	if !c.bound {
		return c.violation(p, "alter_context before bind")
	}
	b, err := decodeBind(p)
	if err != nil {
		return c.refuse(p, FaultProto, err)
	}
	if p.Trailer != nil && (c.auth == authDone || c.auth == authNone && len(c.handlers)+len(c.allowed) > 0) {
		// A second security context was not negotiated (3.3.1.5.4), and what was made
		// for nobody is not given to somebody. Nothing changes by it.
		h := p.header
		h.Flags = flagNotExecuted
		return c.fault(h, 0, FaultProto)
	}
	token, err := c.authenticate(p)
	if err != nil {
		return c.refuse(p, FaultAccessDenied, err)
	}
	return c.acknowledge(p, ptAlterContextResp, &b, "", token)
}

// auth3 takes the third leg of an authentication (2.2.2.10), which has no answer.
func (c *conn) auth3(p *pdu) error {
	if !c.bound || c.auth != authPending || p.Trailer == nil {
		return c.violation(p, "rpc_auth_3 without a bind that asks for it")
	}
	_, err := c.authenticate(p)
	if err == nil && c.auth != authDone {
		err = errors.New("dcerpc: rpc_auth_3 does not end the authentication")
	}
	if err != nil {
		c.auth, c.mech = authFailed, nil
		c.s.log.Info("authentication failed", "peer", addr(c.peer.Addr), "error", err)
	}
	return nil
}

var errAuthType = errors.New("authentication type not offered")

// authenticate gives the token of a PDU to the mechanism. What it returns is the
// token of the answer, where the PDU has one.
func (c *conn) authenticate(p *pdu) ([]byte, error) {
	t := p.Trailer
	if t == nil {
		return nil, nil
	}
	if c.auth == authNone {
		make, ok := c.s.opts.Auth[t.Type]
		if !ok {
			return nil, fmt.Errorf("dcerpc: authentication type %d: %w", t.Type, errAuthType)
		}
		c.session.trailer = trailer{Type: t.Type, Level: level(t.Level), ContextID: t.ContextID}
		if l := c.session.Level; l < LevelConnect || l > LevelPrivacy {
			return nil, fmt.Errorf("dcerpc: authentication level %d", l)
		}
		c.mech, c.auth = make(&c.peer), authPending
		c.signing = p.Flags&flagHeaderSign != 0
	}
	s := &c.session
	switch {
	case c.auth != authPending:
		return nil, errors.New("dcerpc: authentication goes on behind its end")
	case t.Type != s.Type || level(t.Level) != s.Level || t.ContextID != s.ContextID:
		return nil, fmt.Errorf("dcerpc: authentication of type %d, level %d, context %d goes on as %d, %d, %d",
			s.Type, s.Level, s.ContextID, t.Type, t.Level, t.ContextID)
	}
	if c.legs++; c.legs > maxLegs {
		return nil, fmt.Errorf("dcerpc: authentication of more than %d legs", maxLegs)
	}
	token, done, err := c.mech.Step(p.Token)
	if err != nil {
		return nil, fmt.Errorf("dcerpc: authentication: %w", err)
	}
	if !done {
		return token, nil
	}
	if err := s.begin(c.mech, c.signing); err != nil {
		return nil, err
	}
	c.peer.AuthType, c.peer.AuthLevel, c.peer.Identity = s.Type, s.Level, c.mech.Identity()
	c.auth, c.mech = authDone, nil
	return token, nil
}

// acknowledge answers a bind or alter_context.
func (c *conn) acknowledge(p *pdu, as ptype, b *bind, address string, token []byte) error {
	a := bindAck{MaxXmit: uint16(c.xmit), MaxRecv: uint16(c.recv), Group: c.group, Address: address}
	for _, e := range b.Elements {
		a.Results = append(a.Results, c.negotiate(e))
	}
	h := p.header
	h.Type, h.Flags = as, flagWhole
	if p.Trailer != nil && c.signing {
		h.Flags |= flagHeaderSign
	}
	var err error
	if c.out, err = appendPDU(c.out[:0], h, a.append(nil, h.Order), &c.session.trailer, token); err != nil {
		return err
	}
	return c.write(c.out)
}

// negotiate answers one proposal, and remembers what was accepted.
func (c *conn) negotiate(e element) result {
	for _, t := range e.Transfer {
		if bits, ok := t.features(); ok {
			return result{Result: resultFeatures, Reason: uint16(bits & featureKeepOnOrphan)}
		}
	}
	reject := func(reason uint16) result { return result{Result: resultReject, Reason: reason} }
	var offered *Interface
	for i := range c.s.opts.Interfaces {
		if c.s.opts.Interfaces[i].ID.serves(e.Abstract) {
			offered = &c.s.opts.Interfaces[i]
			break
		}
	}
	if offered == nil {
		return reject(reasonAbstractSyntax)
	}
	for _, t := range e.Transfer {
		if t != NDR {
			continue
		}
		switch old, ok := c.contexts[e.ContextID]; {
		case ok && old != offered:
			return reject(reasonNone)
		case !ok && len(c.contexts) >= c.s.opts.MaxContexts:
			return reject(reasonLocalLimit)
		}
		c.contexts[e.ContextID] = offered
		return result{Result: resultAccept, Transfer: NDR}
	}
	return reject(reasonTransferSyntax)
}

// endpoint is the secondary address of a bind_ack.
func (c *conn) endpoint() string {
	if c.peer.Endpoint != "" {
		return c.peer.Endpoint
	}
	if a, ok := c.peer.LocalAddr.(*net.TCPAddr); ok {
		return strconv.Itoa(a.Port)
	}
	return ""
}
