package krb5

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Style is how tokens are exchanged.
type Style uint8

const (
	Plain Style = iota // a request and a reply, with GSS-API headers, as SMB has them
	DCE                // three bare messages, as RPC has them
)

// Flags of a context ([RFC 4121] 4.1.1.1, [MS-KILE] 3.2.5.2).
const (
	contextMutual    = 0x2
	contextReplay    = 0x4
	contextSequence  = 0x8
	contextConf      = 0x10
	contextIntegrity = 0x20
	contextDCE       = 0x1000
)

// boundSize is the length of the channel bindings in a request's checksum.
const boundSize = 16

// errState is a token that the exchange does not allow.
var errState = errors.New("kerberos: a token that does not belong here")

// Initiator is the client's side. It is a spnego.Mechanism, for one exchange and one
// goroutine.
type Initiator struct {
	t       *Ticket
	style   Style
	seal    bool
	auth    types.Authenticator
	asked   bool
	session *Session
}

// NewInitiator makes the client's side of a context with the service of a ticket. seal
// says that messages will be encrypted: Samba's servers for Active Directory make
// room for what that takes, and sign nothing where the two differ.
func NewInitiator(t *Ticket, style Style, seal bool) *Initiator {
	return &Initiator{t: t, style: style, seal: seal}
}

// Step takes the service's token, nil at first, and gives the next one to send.
func (i *Initiator) Step(token []byte) (reply []byte, done bool, err error) {
	switch {
	case i.session != nil || !i.asked && len(token) > 0:
		return nil, false, errState
	case !i.asked:
		err = guard(func() error { reply, err = i.request(); return err })
		i.asked = true
		return reply, false, err
	}
	err = guard(func() error { reply, err = i.accept(token); return err })
	if err != nil {
		return nil, false, err
	}
	return reply, true, nil
}

// request makes the AP-REQ.
func (i *Initiator) request() ([]byte, error) {
	var err error
	if i.auth, err = types.NewAuthenticator(i.t.client.Realm, i.t.client.PrincipalName); err != nil {
		return nil, err
	}
	if i.auth.SubKey, err = newKey(i.t.key.KeyType); err != nil {
		return nil, err
	}
	sum := make([]byte, 4+boundSize+4)
	binary.LittleEndian.PutUint32(sum, boundSize)
	f := uint32(contextMutual | contextReplay | contextSequence | contextIntegrity)
	if i.seal {
		f |= contextConf
	}
	if i.style == DCE {
		f |= contextDCE
	}
	binary.LittleEndian.PutUint32(sum[4+boundSize:], f)
	i.auth.Cksum = types.Checksum{CksumType: chksumtype.GSSAPI, Checksum: sum}
	req, err := messages.NewAPReq(i.t.ticket, i.t.key, i.auth)
	if err != nil {
		return nil, err
	}
	types.SetFlag(&req.APOptions, flags.APOptionMutualRequired)
	b, err := req.Marshal()
	if err != nil || i.style == DCE {
		return b, err
	}
	return frame(idRequest, b), nil
}

// newKey makes a key.
func newKey(etype int32) (types.EncryptionKey, error) {
	e, err := crypto.GetEtype(etype)
	if err != nil {
		return types.EncryptionKey{}, err
	}
	k := types.EncryptionKey{KeyType: etype, KeyValue: make([]byte, e.GetKeyByteSize())}
	_, err = rand.Read(k.KeyValue)
	return k, err
}

// accept takes the AP-REP, and makes ours where the style wants it.
func (i *Initiator) accept(token []byte) ([]byte, error) {
	part, err := openReply(token, i.t.key, i.t.ticket.SName.PrincipalNameString())
	if err != nil {
		return nil, err
	}
	if part.CTime.Unix() != i.auth.CTime.Unix() || part.Cusec != i.auth.Cusec {
		return nil, errors.New("kerberos: the service answers another request")
	}
	key, own := i.auth.SubKey, len(part.Subkey.KeyValue) > 0
	if own {
		key = part.Subkey
	}
	s, err := newSession(key, true, own, uint32(i.auth.SeqNumber), uint32(part.SequenceNumber))
	if err != nil {
		return nil, err
	}
	var reply []byte
	if i.style == DCE {
		// The third leg has the service's number, and the time of the request ([MS-KILE]
		// 3.4.5.1).
		reply, err = sealReply(messages.EncAPRepPart{CTime: i.auth.CTime, Cusec: i.auth.Cusec, SequenceNumber: part.SequenceNumber}, i.t.key)
		if err != nil {
			return nil, err
		}
	}
	i.session = s
	return reply, nil
}

// openReply decrypts an AP-REP.
func openReply(token []byte, key types.EncryptionKey, service string) (part messages.EncAPRepPart, err error) {
	id, b, err := unframe(token)
	if err != nil {
		return part, err
	}
	if id == idError {
		var k messages.KRBError
		if err := k.Unmarshal(b); err != nil {
			return part, errMalformed
		}
		return part, answered(k.ErrorCode, k.EText, "the service "+service, "the user", service)
	}
	if id != idReply {
		return part, fmt.Errorf("kerberos: a token of type 0x%04x, want 0x%04x", id, idReply)
	}
	var rep messages.APRep
	if err := rep.Unmarshal(b); err != nil {
		return part, errMalformed
	}
	plain, err := crypto.DecryptEncPart(rep.EncPart, key, keyusage.AP_REP_ENCPART)
	if err != nil {
		return part, refusal("the other side does not have the key of the ticket")
	}
	if err := part.Unmarshal(plain); err != nil {
		return part, errMalformed
	}
	return part, nil
}

// sealReply makes an AP-REP.
func sealReply(part messages.EncAPRepPart, key types.EncryptionKey) ([]byte, error) {
	b, err := asn1.Marshal(part)
	if err != nil {
		return nil, err
	}
	sealed, err := crypto.GetEncryptedData(asn1tools.AddASNAppTag(b, asnAppTag.EncAPRepPart), key, keyusage.AP_REP_ENCPART, 0)
	if err != nil {
		return nil, err
	}
	b, err = asn1.Marshal(messages.APRep{PVNO: iana.PVNO, MsgType: msgtype.KRB_AP_REP, EncPart: sealed})
	if err != nil {
		return nil, err
	}
	return asn1tools.AddASNAppTag(b, asnAppTag.APREP), nil
}

// Session protects messages, after done.
func (i *Initiator) Session() *Session { return i.session }

// WantMIC says no: the list of mechanisms is signed where SPNEGO wants it.
func (i *Initiator) WantMIC() bool { return false }

// MakeMIC signs the list of mechanisms, with the next number.
func (i *Initiator) MakeMIC(list []byte) ([]byte, error) { return i.session.Sign(list) }

// CheckMIC checks the service's signature of it.
func (i *Initiator) CheckMIC(list, mic []byte) error { return i.session.Verify(list, mic) }
