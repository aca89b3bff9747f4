package spnego

import "fmt"

// Acceptor is the server's side of one negotiation. It is for one goroutine.
type Acceptor struct {
	exchange
	offers  []Offer
	started bool // the NegTokenInit is there
	over    bool // done, or an error
}

// NewAcceptor takes any of the mechanisms, in the initiator's order.
func NewAcceptor(offers []Offer) (*Acceptor, error) {
	if err := checkOffers(offers); err != nil {
		return nil, err
	}
	return &Acceptor{offers: append([]Offer(nil), offers...)}, nil
}

// Mechanism is the mechanism that was agreed on, nil before done.
func (a *Acceptor) Mechanism() (Mechanism, OID) {
	if !a.over || a.mech == nil {
		return nil, ""
	}
	return a.mech, a.oid
}

// Step takes the peer's token and gives the next one to send. done: the mechanism's
// context is established and the list of mechanisms is as it was sent; the reply that
// comes with it must still be sent. Errors: ErrNoMechanism, ErrMIC, ErrState, an
// eventlog.FormatError, the mechanism's. With an error, reply is a NegTokenResp that
// rejects, for protocols that carry it; the Acceptor is of no use after it.
func (a *Acceptor) Step(token []byte) (reply []byte, done bool, err error) {
	var out Resp
	switch {
	case a.over:
		err = ErrState
	case !a.started:
		out, err = a.begin(token)
	default:
		out, err = a.next(token)
	}
	if err == nil {
		reply, err = out.AppendBinary(nil)
	}
	if err != nil {
		a.over, a.mech = true, nil
		reject := Resp{State: StateReject}
		reply, _ = reject.AppendBinary(nil) // a few bytes, which fit
		return reply, false, named(err)
	}
	a.over = out.State == StateCompleted
	return reply, a.over, nil
}

func (a *Acceptor) begin(token []byte) (out Resp, err error) {
	var t Init
	if err := t.UnmarshalBinary(token); err != nil {
		return out, err
	}
	a.started = true
	for k, oid := range t.Mechanisms {
		n := find(a.offers, oid)
		if n < 0 {
			continue
		}
		a.oid, a.list, a.required = oid, t.list, k > 0
		if a.mech, err = a.offers[n].New(); err != nil {
			return out, err
		}
		out = Resp{State: StateIncomplete, Mechanism: oid}
		if k > 0 {
			// The token is of another mechanism, and so is a signature.
			out.State = StateRequestMIC
			return out, nil
		}
		if t.Token == nil {
			return out, nil
		}
		return a.advance(out, t.Token, t.MIC)
	}
	return out, ErrNoMechanism
}

func (a *Acceptor) next(token []byte) (out Resp, err error) {
	var r Resp
	if err := r.UnmarshalBinary(token); err != nil {
		return out, err
	}
	if r.State == StateReject {
		return out, ErrRejected
	}
	return a.advance(Resp{State: StateIncomplete}, r.Token, r.MIC)
}

// advance hands what came to the mechanism, and completes out.
func (a *Acceptor) advance(out Resp, token, mic []byte) (Resp, error) {
	var err error
	switch {
	case !a.ready:
		if out.Token, err = a.step(token); err != nil {
			return out, err
		}
	case len(token) > 0:
		return out, fmt.Errorf("%w: a token after the last one", ErrState)
	}
	if mic != nil {
		if err := a.check(mic); err != nil {
			return out, err
		}
		a.required = true
	}
	if !a.ready {
		return out, nil
	}
	if a.mech.WantMIC() && !a.made {
		a.required = true
	}
	if a.required {
		if a.made && !a.checked {
			return out, ErrMIC
		}
		if !a.made {
			if out.MIC, err = a.make(); err != nil {
				return out, err
			}
		}
	}
	if !a.required || a.checked {
		out.State = StateCompleted
	}
	return out, nil
}
