package rpcauth

import (
	"context"
	"time"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/krb5"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/spnego"
)

// Credentials are who a client is.
type Credentials struct {
	User, Domain string
	Password     string
	Workstation  string
	Anonymous    bool // the others are not used
}

// Initiator is the calling side for a dcerpc.Client.
type Initiator struct {
	ntlm   *ntlm.Initiator // nil: Kerberos
	ticket *krb5.Initiator // nil: NTLM
	inner  spnego.Mechanism
	outer  *spnego.Initiator // nil: the mechanism by itself

	anonymous bool
	steps     int // tokens that were made
}

// NewInitiator makes the calling side: NTLM inside SPNEGO, which today's servers
// want, or by itself. target is the server's principal, as "host/bedrock".
func NewInitiator(c Credentials, target string, negotiate bool) (*Initiator, error) {
	inner, err := ntlm.NewInitiator(ntlm.InitiatorOptions{
		User: c.User, Domain: c.Domain, Password: c.Password, Workstation: c.Workstation, Anonymous: c.Anonymous,
		TargetName: target, Sign: true, Seal: true,
	})
	if err != nil {
		return nil, err
	}
	return newInitiator(&Initiator{ntlm: inner, inner: inner, anonymous: c.Anonymous}, spnego.NTLM, negotiate)
}

// NewKerberosInitiator makes the calling side by a ticket for the server: Kerberos
// inside SPNEGO, or by itself. seal says that the level will be dcerpc.LevelPrivacy.
func NewKerberosInitiator(t *krb5.Ticket, negotiate, seal bool) (*Initiator, error) {
	inner := krb5.NewInitiator(t, krb5.DCE, seal)
	return newInitiator(&Initiator{ticket: inner, inner: inner}, spnego.Kerberos, negotiate)
}

// Negotiate makes the calling side inside SPNEGO, for dcerpc.LevelPrivacy: by a ticket
// of tickets for a service of the host or, where that is nil, by NTLM as c.
func Negotiate(ctx context.Context, c Credentials, tickets *krb5.Client, service, host string) (*Initiator, error) {
	if tickets == nil {
		return NewInitiator(c, "host/"+host, true)
	}
	t, err := tickets.Ticket(ctx, service, host)
	if err != nil {
		return nil, err
	}
	return NewKerberosInitiator(t, true, true)
}

func newInitiator(i *Initiator, oid spnego.OID, negotiate bool) (_ *Initiator, err error) {
	if negotiate {
		i.outer, err = spnego.NewInitiator([]spnego.Offer{{OID: oid, New: func() (spnego.Mechanism, error) { return i.inner, nil }}})
	}
	return i, err
}

// AuthType is what a dcerpc.ClientOptions wants to know.
func (i *Initiator) AuthType() uint8 {
	switch {
	case i.outer != nil:
		return dcerpc.AuthSPNEGO
	case i.ticket != nil:
		return dcerpc.AuthKerberos
	}
	return dcerpc.AuthNTLM
}

// Step takes the server's token and gives the next one.
func (i *Initiator) Step(token []byte) (reply []byte, done bool, err error) {
	i.steps++
	if i.outer != nil {
		return i.outer.Step(token)
	}
	return i.inner.Step(token)
}

// Security is what protects the messages.
func (i *Initiator) Security() dcerpc.Security {
	if i.ticket != nil {
		return i.ticket.Session()
	}
	return security{i.ntlm.Security()}
}

// Refusal implements dcerpc.Shower. NTLM's first token asks only for a challenge; a
// ticket is in the first.
func (i *Initiator) Refusal() string {
	switch {
	case i.ticket != nil && i.steps > 0:
		return "the server does not take the ticket, or has no such user"
	case i.steps < 2:
		return ""
	case i.anonymous:
		return "the server refuses who has no name"
	}
	return "the server refuses the user or the password"
}

// Identity is nobody: whom a ticket is for, who asks has chosen.
func (i *Initiator) Identity() any { return nil }

// ServerTime is the server's clock, as NTLM's challenge said it; ok is false where
// nothing did.
func (i *Initiator) ServerTime() (t time.Time, ok bool) {
	if i.ntlm == nil {
		return t, false
	}
	return i.ntlm.Security().ServerTime()
}
