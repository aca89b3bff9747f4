package spnego

import "fmt"

// Initiator is the client's side of one negotiation. It is for one goroutine.
type Initiator struct {
	exchange
	offers  []Offer
	started bool // the NegTokenInit is sent
	replied bool // the first NegTokenResp is there
	over    bool // done, or an error
}

// NewInitiator offers mechanisms, the preferred one first.
func NewInitiator(offers []Offer) (*Initiator, error) {
	if err := checkOffers(offers); err != nil {
		return nil, err
	}
	return &Initiator{offers: append([]Offer(nil), offers...)}, nil
}

// Mechanism is the mechanism that was agreed on, nil before done.
func (i *Initiator) Mechanism() (Mechanism, OID) {
	if !i.over || i.mech == nil {
		return nil, ""
	}
	return i.mech, i.oid
}

// Step takes the peer's token and gives the next one to send, nil for none. The first
// call gets nil, or the NegTokenInit2 of a server that speaks first. done: the
// mechanism's context is established, the server accepts it and the list of
// mechanisms is as it was sent. Errors: ErrRejected, ErrNoMechanism, ErrMIC, ErrState,
// an eventlog.FormatError, the mechanism's; after one the Initiator is of no use.
func (i *Initiator) Step(token []byte) (reply []byte, done bool, err error) {
	switch {
	case i.over:
		err = ErrState
	case !i.started:
		reply, err = i.begin(token)
	default:
		reply, done, err = i.next(token)
	}
	if err != nil {
		i.over, i.mech = true, nil
		return nil, false, named(err)
	}
	i.over = done
	return reply, done, nil
}

func (i *Initiator) begin(token []byte) ([]byte, error) {
	if len(token) > 0 {
		var hint Init
		if err := hint.UnmarshalBinary(token); err != nil {
			return nil, err
		}
		var both []Offer
		for _, o := range i.offers {
			for _, oid := range hint.Mechanisms {
				if o.OID == oid {
					both = append(both, o)
					break
				}
			}
		}
		if both == nil {
			return nil, ErrNoMechanism
		}
		i.offers = both
	}
	t := Init{Mechanisms: make([]OID, len(i.offers))}
	for k, o := range i.offers {
		t.Mechanisms[k] = o.OID
	}
	i.list = mechTypes(t.Mechanisms)
	var err error
	if err = i.choose(0); err != nil {
		return nil, err
	}
	if t.Token, err = i.step(nil); err != nil {
		return nil, err
	}
	i.started = true
	return t.AppendBinary(nil)
}

func (i *Initiator) choose(k int) (err error) {
	i.oid, i.ready = i.offers[k].OID, false
	i.mech, err = i.offers[k].New()
	return err
}

// agree follows the acceptor's first answer.
func (i *Initiator) agree(r *Resp) (fresh bool, err error) {
	i.replied = true
	if r.State == StateRequestMIC {
		i.required = true
	}
	if r.Mechanism == "" || r.Mechanism == i.oid {
		return false, nil
	}
	k := find(i.offers, r.Mechanism)
	if k < 0 {
		return false, fmt.Errorf("%w: it takes %v, which was not offered", ErrNoMechanism, r.Mechanism)
	}
	i.required = true // not our first: the list may have been changed
	return true, i.choose(k)
}

func (i *Initiator) next(token []byte) (reply []byte, done bool, err error) {
	var r Resp
	if err := r.UnmarshalBinary(token); err != nil {
		return nil, false, err
	}
	if r.State == StateReject {
		return nil, false, ErrRejected
	}
	fresh := false
	switch {
	case !i.replied:
		if fresh, err = i.agree(&r); err != nil {
			return nil, false, err
		}
	case r.Mechanism != "" && r.Mechanism != i.oid:
		return nil, false, fmt.Errorf("%w: another mechanism", ErrState)
	}
	out := Resp{State: StateNone}
	if fresh && r.Token == nil || !i.ready && (r.Token != nil || r.State != StateCompleted) {
		if !fresh && r.Token == nil {
			return nil, false, fmt.Errorf("%w: an answer without a token", ErrState)
		}
		if out.Token, err = i.step(r.Token); err != nil {
			return nil, false, err
		}
	} else if len(r.Token) > 0 {
		return nil, false, fmt.Errorf("%w: a token after the last one", ErrState)
	}
	if r.State == StateCompleted && (!i.ready || out.Token != nil) {
		return nil, false, fmt.Errorf("%w: accepted before the end", ErrState)
	}
	if r.MIC != nil {
		if err := i.check(r.MIC); err != nil {
			return nil, false, err
		}
		i.required = true
	}
	if i.ready && i.mech.WantMIC() && !i.made && r.State != StateCompleted {
		i.required = true
	}
	// An acceptor that has completed takes nothing more.
	if i.ready && i.required && !i.made && r.State != StateCompleted {
		if out.MIC, err = i.make(); err != nil {
			return nil, false, err
		}
	}
	if out.Token != nil || out.MIC != nil {
		reply, err = out.AppendBinary(nil)
		return reply, false, err
	}
	if !i.ready {
		return nil, false, fmt.Errorf("%w: nothing to answer", ErrState)
	}
	if i.required && !i.checked {
		return nil, false, ErrMIC
	}
	if r.State != StateCompleted && r.State != StateNone {
		return nil, false, fmt.Errorf("%w: %v with nothing left to send", ErrState, r.State)
	}
	return nil, true, nil
}
