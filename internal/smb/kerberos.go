package smb

import (
	"encoding/asn1"
	"errors"

	"netelf.example/internal/krb5"
	"netelf.example/nt"
)

// keySize is how much of a session's key SMB uses ([MS-SMB2] 3.2.5.3.1).
const keySize = 16

// ticketInitiator logs on by a ticket. The module keeps the text of its errors only,
// so it keeps them itself.
type ticketInitiator struct {
	i        *krb5.Initiator
	answered bool  // the server took the mechanism
	err      error // of the mechanism
}

func newTicketInitiator(t *krb5.Ticket) *ticketInitiator {
	return &ticketInitiator{i: krb5.NewInitiator(t, krb5.Plain, false)}
}

// OID is that of Kerberos.
func (t *ticketInitiator) OID() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}
}

// InitSecContext makes the first token.
func (t *ticketInitiator) InitSecContext() (token []byte, err error) {
	token, _, t.err = t.i.Step(nil)
	return token, t.err
}

// AcceptSecContext takes the server's token, which proves that it has the key of the
// ticket.
func (t *ticketInitiator) AcceptSecContext(token []byte) (reply []byte, err error) {
	t.answered = true
	reply, _, t.err = t.i.Step(token)
	return reply, t.err
}

// Sum signs the list of mechanisms.
func (t *ticketInitiator) Sum(list []byte) []byte {
	if t.i.Session() == nil {
		return nil
	}
	mic, err := t.i.MakeMIC(list)
	if err != nil {
		return nil // the server will not take that
	}
	return mic
}

// SessionKey is what SMB's keys are derived from.
func (t *ticketInitiator) SessionKey() []byte { return t.i.Session().SessionKey()[:keySize] }

// errNoKerberos is a server that answers with another mechanism.
var errNoKerberos = errors.New("the server takes no Kerberos: log on with a password, without -k")

// explain is why a logon failed: the mechanism's error, or the server's status, the
// last one of a SESSION_SETUP. nil: it lies somewhere else.
func (t *ticketInitiator) explain(st nt.Status) error {
	switch {
	case t.err != nil:
		return t.err
	case st != nt.StatusSuccess && st != nt.StatusMoreProcessingRequired:
		return st
	case st == nt.StatusMoreProcessingRequired && !t.answered:
		return errNoKerberos
	}
	return nil
}
