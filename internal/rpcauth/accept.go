package rpcauth

import (
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/spnego"
)

// Logon is somebody who wants in, as it says of itself.
type Logon struct {
	Domain, User string // "" of who names nobody
	Workstation  string
	Anonymous    bool
	By           string // how it is authenticated: "NTLM", "Negotiate, NTLM"
	Peer         *dcerpc.Peer

	// Whom is what Options.Lookup made of the user.
	Whom any
}

// Options are those of a door.
type Options struct {
	Computer, Domain string // NetBIOS names, of up to 15 characters, that clients are told

	// Lookup finds a user's hash (ntlm.NTHash) and sets Whom. It is asked before
	// the password is looked at, and not about who names nobody. That nobody has
	// the name is ok false; an error refuses.
	Lookup func(l *Logon) (hash [16]byte, ok bool, err error)

	// Verify is asked behind Lookup where that did not let the user in; see
	// ntlm.AcceptorOptions. nil: nobody is.
	Verify func(l *Logon, challenge [8]byte, response []byte) (base [16]byte, ok bool, err error)

	// Done is told how it ended: nil, it is in; ntlm.ErrLogon, the password, or the
	// name, is wrong. It is told of each Logon that Lookup was asked about, and of
	// who names nobody. The error that it answers refuses; nil: the first one stays.
	Done func(l *Logon, err error) error
}

// Acceptors are the accepting sides for a dcerpc.Server. What they authenticate,
// Peer.Identity, is a *Logon.
func Acceptors(o Options) map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism {
	return map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism{
		dcerpc.AuthNTLM: func(p *dcerpc.Peer) dcerpc.Mechanism { return newAcceptor(o, p, "NTLM") },
		dcerpc.AuthSPNEGO: func(p *dcerpc.Peer) dcerpc.Mechanism {
			a := newAcceptor(o, p, "Negotiate, NTLM")
			if a.err == nil {
				a.outer, a.err = spnego.NewAcceptor([]spnego.Offer{{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return a.inner, nil }}})
			}
			return a
		},
	}
}

// acceptor is NTLM, inside SPNEGO or not.
type acceptor struct {
	o     Options
	l     *Logon
	inner *ntlm.Acceptor
	outer *spnego.Acceptor // nil: NTLM by itself
	asked bool             // Lookup was, and Done must be told
	over  bool             // Done was told
	err   error            // it cannot begin
}

func newAcceptor(o Options, p *dcerpc.Peer, by string) *acceptor {
	a := &acceptor{o: o, l: &Logon{By: by, Peer: p}}
	inner := ntlm.AcceptorOptions{
		Computer: o.Computer, Domain: o.Domain,
		Lookup: func(domain, user string) (hash [16]byte, ok bool, err error) {
			a.l.Domain, a.l.User, a.asked = domain, user, true
			return o.Lookup(a.l)
		},
	}
	if o.Verify != nil {
		inner.Verify = func(_, _ string, challenge [8]byte, response []byte) (base [16]byte, ok bool, err error) {
			return o.Verify(a.l, challenge, response)
		}
	}
	a.inner, a.err = ntlm.NewAcceptor(inner)
	return a
}

func (a *acceptor) Step(token []byte) (reply []byte, done bool, err error) {
	if a.err != nil {
		return nil, false, a.err
	}
	if a.outer != nil {
		reply, done, err = a.outer.Step(token)
	} else {
		reply, done, err = a.inner.Step(token)
	}
	if err == nil && !done {
		return reply, false, nil
	}
	if done && err == nil {
		a.l.User, a.l.Domain = a.inner.Name()
		a.l.Anonymous, a.l.Workstation = a.inner.Anonymous(), a.inner.Workstation()
	}
	if (a.asked || a.l.Anonymous) && !a.over {
		a.over = true
		if told := a.o.Done(a.l, err); told != nil {
			err = told
		}
	}
	if err != nil {
		a.err = err
		return reply, false, err
	}
	return reply, true, nil
}

func (a *acceptor) Security() dcerpc.Security { return security{a.inner.Security()} }
func (a *acceptor) Identity() any             { return a.l }

// security is an NTLM session.
type security struct{ *ntlm.Session }

// SignsHeader: with extended session security NTLM signs all of a PDU, whatever
// was negotiated.
func (s security) SignsHeader() bool { return s.Flags()&ntlm.FlagExtendedSessionSecurity != 0 }
