package krb5

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

const (
	kdcPort    = "88"
	kdcTimeout = 10 * time.Second // for one KDC of several
	maxKDCs    = 16               // that are tried
	maxReply   = 256 << 10        // bytes of a KDC's answer
	maxRounds  = 1 << 20          // of the password's hash, that a KDC asks for; 4096 is usual
)

// kdcs are the addresses of a realm's KDCs.
func (c *Client) kdcs(ctx context.Context, realm string) ([]string, error) {
	var list []string
	for _, r := range c.as.Realms {
		if r.Realm == realm {
			list = slices.Clone(r.KDC)
		}
	}
	for i, k := range list {
		if _, _, err := net.SplitHostPort(k); err != nil {
			list[i] = net.JoinHostPort(strings.Trim(k, "[]"), kdcPort)
		}
	}
	if len(list) == 0 && c.as.LibDefaults.DNSLookupKDC {
		_, records, err := net.DefaultResolver.LookupSRV(ctx, "kerberos", "tcp", realm)
		if err != nil {
			return nil, fmt.Errorf("kerberos: krb5.conf names no KDC of %s, and DNS: %w", realm, err)
		}
		for _, r := range records {
			list = append(list, net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port))))
		}
	} else {
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("kerberos: krb5.conf names no KDC of %s: name one there, or set dns_lookup_kdc", realm)
	}
	return list[:min(len(list), maxKDCs)], nil
}

// exchange sends a request to the first KDC of a realm that answers. A KRB-ERROR is a
// messages.KRBError.
func (c *Client) exchange(ctx context.Context, realm string, request []byte) ([]byte, error) {
	list, err := c.kdcs(ctx, realm)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, address := range list {
		reply, err := c.ask(ctx, address, request)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			if failed == nil {
				failed = fmt.Errorf("kerberos: no KDC of %s answers: start it, or name another one in krb5.conf: %w", realm, err)
			}
			continue
		}
		if id, _, err := unframe(reply); err == nil && id == idError {
			var k messages.KRBError
			if err := guard(func() error { return k.Unmarshal(reply) }); err != nil {
				return nil, fmt.Errorf("kerberos: the KDC %s answers what cannot be understood", address)
			}
			if k.ErrorCode == errorcode.KDC_ERR_SVC_UNAVAILABLE && failed == nil {
				failed = k
				continue
			}
			return nil, k
		}
		return reply, nil
	}
	return nil, failed
}

// ask sends a request to one KDC ([RFC 4120] 7.2.2).
func (c *Client) ask(ctx context.Context, address string, request []byte) (reply []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, kdcTimeout)
	defer cancel()
	nc, err := c.o.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer nc.Close() // all was read
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	defer stop()
	if _, err := nc.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(request))), request...)); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(nc, head[:]); err != nil {
		return nil, unanswered(address, err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > maxReply {
		return nil, fmt.Errorf("the KDC %s announces %d bytes, at most %d are read", address, n, maxReply)
	}
	reply = make([]byte, n)
	if _, err := io.ReadFull(nc, reply); err != nil {
		return nil, unanswered(address, err)
	}
	return reply, nil
}

// unanswered is a connection that ended before an answer.
func unanswered(address string, err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &net.OpError{Op: "read from KDC " + address, Net: "tcp", Err: err}
}

// authenticate asks for a ticket-granting ticket.
func (c *Client) authenticate(ctx context.Context) (t *Ticket, err error) {
	realm := c.principal.Realm
	from := "the KDC of " + realm
	said := func(err error) error {
		if k, ok := codeOf(err); ok {
			return answered(k.ErrorCode, k.EText, from, c.principal.String(), "krbtgt/"+realm)
		}
		return err
	}
	req, err := messages.NewASReqForTGT(realm, c.as, c.principal.PrincipalName)
	if err != nil {
		return nil, err
	}
	var key types.EncryptionKey // ours, once the KDC has said of which type and with which salt
	var reply []byte
	for again := false; ; again = true {
		b, err := req.Marshal()
		if err != nil {
			return nil, err
		}
		reply, err = c.exchange(ctx, realm, b)
		if err == nil {
			break
		}
		k, ok := codeOf(err)
		if !ok || k.ErrorCode != errorcode.KDC_ERR_PREAUTH_REQUIRED || again {
			return nil, said(err)
		}
		var pa types.PAData
		if err := guard(func() (err error) { pa, key, err = c.preauthenticate(k.EData); return err }); err != nil {
			return nil, err
		}
		req.PAData = types.PADataSequence{pa}
	}
	var rep messages.ASRep
	err = guard(func() error {
		if err := rep.Unmarshal(reply); err != nil {
			return errMalformed
		}
		if _, err := checkRounds(rep.PAData); err != nil {
			return err
		}
		if key.KeyType != rep.EncPart.EType {
			if key, _, err = c.key(rep.EncPart.EType, rep.PAData); err != nil {
				return answered(errorcode.KDC_ERR_ETYPE_NOSUPP, "", from, c.principal.String(), "krbtgt/"+realm)
			}
		}
		b, err := crypto.DecryptEncPart(rep.EncPart, key, keyusage.AS_REP_ENCPART)
		if err != nil {
			return answered(errorcode.KDC_ERR_PREAUTH_FAILED, "", from, c.principal.String(), "")
		}
		part := &rep.DecryptedEncPart
		if err := part.Unmarshal(b); err != nil {
			return errMalformed
		}
		switch now := c.o.Now(); {
		case part.Nonce != req.ReqBody.Nonce || !rep.CName.Equal(c.principal.PrincipalName) || rep.CRealm != realm ||
			!part.SName.Equal(req.ReqBody.SName) || !part.SName.Equal(rep.Ticket.SName) || part.SRealm != realm:
			return fmt.Errorf("kerberos: %s answers for another request", from)
		case now.Sub(part.AuthTime) > maxSkew || part.AuthTime.Sub(now) > maxSkew:
			return answered(errorcode.KRB_AP_ERR_SKEW, "", from, c.principal.String(), "")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newTicket(c.principal, rep.Ticket, rep.DecryptedEncPart), nil
}

// newTicket is the ticket of an answer.
func newTicket(client principal, t messages.Ticket, part messages.EncKDCRepPart) *Ticket {
	return &Ticket{client: client, ticket: t, key: part.Key, start: part.StartTime, end: part.EndTime}
}

// preauthenticate proves that we have the key ([RFC 4120] 5.2.7.2), with the type of
// key that the KDC prefers of those that it names.
func (c *Client) preauthenticate(methods []byte) (pa types.PAData, key types.EncryptionKey, err error) {
	var pas types.PADataSequence
	if err := pas.Unmarshal(methods); err != nil {
		return pa, key, errMalformed
	}
	offered, err := checkRounds(pas)
	if err != nil {
		return pa, key, err
	}
	kvno := 0
	for _, etype := range offered {
		if key, kvno, err = c.key(etype, pas); err == nil {
			break
		}
	}
	switch {
	case len(key.KeyValue) > 0:
	case c.keytab != nil:
		return pa, key, refusal("the keytab %s has no key of %s that its KDC takes", c.o.Keytab, c.principal)
	default:
		return pa, key, answered(errorcode.KDC_ERR_ETYPE_NOSUPP, "", "the KDC of "+c.principal.Realm, c.principal.String(), "krbtgt")
	}
	stamp, err := types.GetPAEncTSEncAsnMarshalled()
	if err != nil {
		return pa, key, err
	}
	sealed, err := crypto.GetEncryptedData(stamp, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, kvno)
	if err != nil {
		return pa, key, err
	}
	b, err := sealed.Marshal()
	return types.PAData{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: b}, key, err
}

// key is the user's key of a type: the keytab's, or made of the password as the KDC
// says.
func (c *Client) key(etype int32, pas types.PADataSequence) (key types.EncryptionKey, kvno int, err error) {
	switch {
	case !slices.Contains(c.as.LibDefaults.DefaultTktEnctypeIDs, etype):
		return key, 0, errMalformed
	case c.keytab != nil:
		return c.keytab.GetEncryptionKey(c.principal.PrincipalName, c.principal.Realm, 0, etype)
	}
	key, _, err = crypto.GetKeyFromPassword(c.o.Password, c.principal.PrincipalName, c.principal.Realm, etype, pas)
	return key, 0, err
}

// checkRounds gives the types of key that a KDC names, of which the module takes the
// first as it stands there. Before that it looks at how often a password would be hashed.
func checkRounds(pas types.PADataSequence) (offered []int32, err error) {
	for _, pa := range pas {
		switch pa.PADataType {
		case patype.PA_ETYPE_INFO2:
			var list types.ETypeInfo2
			if _, err := asn1.Unmarshal(pa.PADataValue, &list); err != nil || len(list) == 0 {
				return nil, errMalformed
			}
			offered = offered[:0]
			for _, e := range list {
				if p := e.S2KParams; len(p) == 4 && e.EType != etypeID.RC4_HMAC && binary.BigEndian.Uint32(p)-1 >= maxRounds {
					return nil, &Error{Text: fmt.Sprintf("the KDC wants a password hashed %d times, at most %d are done", binary.BigEndian.Uint32(p), maxRounds)}
				}
				offered = append(offered, e.EType)
			}
			return offered[:1], nil
		case patype.PA_ETYPE_INFO:
			var list types.ETypeInfo
			if _, err := asn1.Unmarshal(pa.PADataValue, &list); err != nil || len(list) == 0 {
				return nil, errMalformed
			}
			offered = append(offered, list[0].EType)
		}
	}
	return offered, nil
}

// grant asks the KDC of a realm for a ticket, by a ticket-granting one of it.
func (c *Client) grant(ctx context.Context, realm string, tgt *Ticket, server types.PrincipalName) (t *Ticket, err error) {
	from, what := "the KDC of "+realm, server.PrincipalNameString()
	var req messages.TGSReq
	var b []byte
	err = guard(func() (err error) {
		if req, err = messages.NewTGSReq(c.principal.PrincipalName, realm, c.tgs, tgt.ticket, tgt.key, server, false); err != nil {
			return err
		}
		b, err = req.Marshal()
		return err
	})
	if err != nil {
		return nil, err
	}
	reply, err := c.exchange(ctx, realm, b)
	if k, ok := codeOf(err); ok {
		if k.ErrorCode == errorcode.KRB_AP_ERR_BAD_INTEGRITY || k.ErrorCode == errorcode.KRB_AP_ERR_MODIFIED {
			return nil, refusal("%s does not take the ticket of %s: run kinit", from, c.principal)
		}
		return nil, answered(k.ErrorCode, k.EText, from, c.principal.String(), what)
	}
	if err != nil {
		return nil, err
	}
	var rep messages.TGSRep
	err = guard(func() error {
		if err := rep.Unmarshal(reply); err != nil {
			return errMalformed
		}
		if err := rep.DecryptEncPart(tgt.key); err != nil {
			return fmt.Errorf("kerberos: what %s answers is not from it", from)
		}
		if ok, err := rep.Verify(c.tgs, req); !ok || err != nil {
			return fmt.Errorf("kerberos: %s answers for another request, or the clocks differ by more than 5 minutes", from)
		}
		// The module does not look at the name: what a referral grants has another one.
		name := rep.DecryptedEncPart.SName
		if !name.Equal(rep.Ticket.SName) || len(name.NameString) == 0 || name.NameString[0] != "krbtgt" && !name.Equal(server) {
			return fmt.Errorf("kerberos: %s answers with a ticket for %q", from, name.PrincipalNameString())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newTicket(c.principal, rep.Ticket, rep.DecryptedEncPart), nil
}
