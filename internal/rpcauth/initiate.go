package rpcauth

import (
	"time"

	"netelf.example/internal/dcerpc"
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
	inner *ntlm.Initiator
	outer *spnego.Initiator // nil: NTLM by itself
}

// NewInitiator makes the calling side: NTLM inside SPNEGO, which today's servers
// want, or by itself. target is the server's principal, as "host/bedrock".
func NewInitiator(c Credentials, target string, negotiate bool) (*Initiator, error) {
	inner, err := ntlm.NewInitiator(ntlm.InitiatorOptions{
		User: c.User, Domain: c.Domain, Password: c.Password, Workstation: c.Workstation, Anonymous: c.Anonymous,
		TargetName: target, Sign: true, Seal: true,
	})
	if err != nil || !negotiate {
		return &Initiator{inner: inner}, err
	}
	outer, err := spnego.NewInitiator([]spnego.Offer{{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return inner, nil }}})
	return &Initiator{inner, outer}, err
}

// AuthType is what a dcerpc.ClientOptions wants to know.
func (i *Initiator) AuthType() uint8 {
	if i.outer != nil {
		return dcerpc.AuthSPNEGO
	}
	return dcerpc.AuthNTLM
}

// Step takes the server's token and gives the next one.
func (i *Initiator) Step(token []byte) (reply []byte, done bool, err error) {
	if i.outer != nil {
		return i.outer.Step(token)
	}
	return i.inner.Step(token)
}

// Security is what protects the messages.
func (i *Initiator) Security() dcerpc.Security { return security{i.inner.Security()} }

// Identity is nobody: the server is not authenticated by a name.
func (i *Initiator) Identity() any { return nil }

// ServerTime is the server's clock, as its challenge said it; ok is false where it
// did not.
func (i *Initiator) ServerTime() (t time.Time, ok bool) { return i.inner.Security().ServerTime() }
