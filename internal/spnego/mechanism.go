package spnego

import (
	"errors"
	"fmt"
	"io/fs"

	"netelf.example/eventlog"
	"netelf.example/internal/worded"
)

// Mechanism is one side of an authentication mechanism's exchange. Those of
// internal/ntlm are such.
type Mechanism interface {
	// Step takes the peer's token, nil at the initiator's first call, and gives the
	// next one to send, nil for none. done: the context is established.
	Step(token []byte) (reply []byte, done bool, err error)
	// WantMIC says, after done, that the list of mechanisms ought to be signed even
	// where SPNEGO does not require it.
	WantMIC() bool
	// MakeMIC signs the list of mechanisms, after done. What it does to the state of
	// the session is for the mechanism to know: NTLM's cipher is set back.
	MakeMIC(list []byte) (mic []byte, err error)
	// CheckMIC checks the peer's signature of the list of mechanisms, after done.
	CheckMIC(list, mic []byte) error
}

// Offer is a mechanism that a side has.
type Offer struct {
	OID OID
	New func() (Mechanism, error) // makes one for one exchange
}

// What Step answers beside malformed tokens and the mechanism's own errors. ErrState
// alone is not fs.ErrPermission.
var (
	// ErrRejected is an acceptor's reject.
	ErrRejected = worded.Errorf(fs.ErrPermission, "the server rejects the authentication")
	// ErrNoMechanism is a peer that has none of the mechanisms.
	ErrNoMechanism = worded.Errorf(fs.ErrPermission, "the two sides have no authentication mechanism in common")
	// ErrMIC is a signature of the list that is missing where it is required.
	ErrMIC = worded.Errorf(fs.ErrPermission, "the signature of the list of mechanisms is missing")
	// ErrState is a token that the state of the exchange does not allow.
	ErrState = errors.New("not possible in this state of the negotiation")
)

func checkOffers(offers []Offer) error {
	if len(offers) == 0 || len(offers) > MaxMechanisms {
		return fmt.Errorf("spnego: %d mechanisms, want 1 to %d", len(offers), MaxMechanisms)
	}
	for i, o := range offers {
		if o.OID == "" || len(o.OID) > maxOID || o.New == nil {
			return fmt.Errorf("spnego: mechanism %d is incomplete", i)
		}
	}
	return nil
}

// find is the place of a mechanism among the offers, -1 if it is not there.
func find(offers []Offer, oid OID) int {
	for i := range offers {
		if offers[i].OID == oid {
			return i
		}
	}
	return -1
}

// exchange is what both sides keep of the agreed mechanism and the list's signature.
type exchange struct {
	mech     Mechanism
	oid      OID
	ready    bool   // the mechanism's context is established
	list     []byte // the initiator's MechTypeList
	required bool   // the signatures must be exchanged
	made     bool   // ours was sent
	checked  bool   // the peer's was right
}

// step hands a token to the mechanism.
func (x *exchange) step(token []byte) (reply []byte, err error) {
	if x.ready {
		return nil, fmt.Errorf("%w: a token after the last one", ErrState)
	}
	reply, x.ready, err = x.mech.Step(token)
	return reply, err
}

// check checks the peer's signature.
func (x *exchange) check(mic []byte) error {
	if !x.ready || x.checked {
		return fmt.Errorf("%w: a signature of the list", ErrState)
	}
	if err := x.mech.CheckMIC(x.list, mic); err != nil {
		return fmt.Errorf("the list of mechanisms: %w", err)
	}
	x.checked = true
	return nil
}

// make gives our signature.
func (x *exchange) make() (mic []byte, err error) {
	if mic, err = x.mech.MakeMIC(x.list); err != nil {
		return nil, fmt.Errorf("the list of mechanisms: %w", err)
	}
	x.made = true
	return mic, nil
}

// named is an error with the package's name, which a FormatError of its own has
// already.
func named(err error) error {
	if f, ok := err.(*eventlog.FormatError); ok && f.Format == format {
		return err
	}
	return fmt.Errorf("spnego: %w", err)
}
