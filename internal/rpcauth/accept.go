package rpcauth

import (
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/krb5"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/spnego"
)

// Logon is somebody who wants in, as it says of itself.
type Logon struct {
	Domain, User string // "" of who names nobody
	Workstation  string
	Anonymous    bool
	By           string // how it is authenticated: "NTLM", "Negotiate, NTLM", "Kerberos", "Negotiate, Kerberos"
	Peer         *dcerpc.Peer

	// Kerberos says that it came with a ticket. Ticket is who it is by that, and Domain
	// its realm; nil: the ticket cannot be read.
	Kerberos bool
	Ticket   *krb5.Identity

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

	// Kerberos accepts tickets, which Lookup and Verify are not asked about; nil: none
	// are.
	Kerberos *krb5.Service

	// Done is told how it ended: nil, it is in; ntlm.ErrLogon, the password, or the
	// name, is wrong. It is told of each Logon that Lookup was asked about, of who
	// names nobody, and of each ticket. The error that it answers refuses; nil: the
	// first one stays.
	Done func(l *Logon, err error) error
}

// Names of mechanisms, as Logon.By has them.
const (
	byNTLM      = "NTLM"
	byKerberos  = "Kerberos"
	byNegotiate = "Negotiate, "
)

// Acceptors are the accepting sides for a dcerpc.Server. What they authenticate,
// Peer.Identity, is a *Logon.
func Acceptors(o Options) map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism {
	m := map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism{
		dcerpc.AuthNTLM: func(p *dcerpc.Peer) dcerpc.Mechanism {
			a := newAcceptor(o, p)
			a.inner, a.err = a.newNTLM("")
			return a
		},
		dcerpc.AuthSPNEGO: func(p *dcerpc.Peer) dcerpc.Mechanism {
			a := newAcceptor(o, p)
			a.outer, a.err = spnego.NewAcceptor(a.offers())
			return a
		},
	}
	if o.Kerberos != nil {
		m[dcerpc.AuthKerberos] = func(p *dcerpc.Peer) dcerpc.Mechanism {
			a := newAcceptor(o, p)
			a.inner = a.newKerberos("")
			return a
		}
	}
	return m
}

// acceptor is NTLM or Kerberos, inside SPNEGO or not.
type acceptor struct {
	o      Options
	l      *Logon
	ntlm   *ntlm.Acceptor // nil: it is not used
	ticket *krb5.Acceptor // the same
	inner  spnego.Mechanism
	outer  *spnego.Acceptor // nil: the mechanism by itself
	asked  bool             // Lookup was, or a ticket came, and Done must be told
	over   bool             // Done was told
	err    error            // it cannot begin
}

func newAcceptor(o Options, p *dcerpc.Peer) *acceptor {
	return &acceptor{o: o, l: &Logon{Peer: p}}
}

// offers are the mechanisms inside SPNEGO.
func (a *acceptor) offers() []spnego.Offer {
	list := []spnego.Offer{{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return a.newNTLM(byNegotiate) }}}
	if a.o.Kerberos != nil {
		ticket := func() (spnego.Mechanism, error) { return a.newKerberos(byNegotiate), nil }
		list = append(list, spnego.Offer{OID: spnego.Kerberos, New: ticket}, spnego.Offer{OID: spnego.MSKerberos, New: ticket})
	}
	return list
}

// newKerberos makes the accepting side of Kerberos.
func (a *acceptor) newKerberos(prefix string) spnego.Mechanism {
	a.l.By, a.l.Kerberos, a.asked = prefix+byKerberos, true, true
	a.ticket = a.o.Kerberos.Accept()
	return a.ticket
}

// newNTLM makes the accepting side of NTLM.
func (a *acceptor) newNTLM(prefix string) (spnego.Mechanism, error) {
	a.l.By = prefix + byNTLM
	o := ntlm.AcceptorOptions{
		Computer: a.o.Computer, Domain: a.o.Domain,
		Lookup: func(domain, user string) (hash [16]byte, ok bool, err error) {
			a.l.Domain, a.l.User, a.asked = domain, user, true
			return a.o.Lookup(a.l)
		},
	}
	if a.o.Verify != nil {
		o.Verify = func(_, _ string, challenge [8]byte, response []byte) (base [16]byte, ok bool, err error) {
			return a.o.Verify(a.l, challenge, response)
		}
	}
	var err error
	a.ntlm, err = ntlm.NewAcceptor(o)
	return a.ntlm, err
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
	switch {
	case a.ticket != nil:
		if i := a.ticket.Identity(); i != nil {
			a.l.Ticket, a.l.User, a.l.Domain = i, i.User, i.Realm
		}
	case err == nil:
		a.l.User, a.l.Domain = a.ntlm.Name()
		a.l.Anonymous, a.l.Workstation = a.ntlm.Anonymous(), a.ntlm.Workstation()
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

func (a *acceptor) Security() dcerpc.Security {
	if a.ticket != nil {
		return a.ticket.Session()
	}
	return security{a.ntlm.Security()}
}

func (a *acceptor) Identity() any { return a.l }

// security is an NTLM session.
type security struct{ *ntlm.Session }

// SignsHeader: with extended session security NTLM signs all of a PDU, whatever
// was negotiated.
func (s security) SignsHeader() bool { return s.Flags()&ntlm.FlagExtendedSessionSecurity != 0 }
