package krb5

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"netelf.example/nt"
)

const (
	maxTries    = 64      // keys of a keytab that a ticket is tried with
	maxRequests = 1 << 17 // that are remembered
)

// ServiceOptions are those of a service.
type ServiceOptions struct {
	Keytab string           // the file with the service's keys; read again when it changes
	Realm  string           // whose users are the service's own by their names; "": those of the keytab
	Now    func() time.Time // nil: time.Now
}

// Service accepts tickets for any principal of its keytab. Its methods may be called by
// many goroutines.
type Service struct {
	o ServiceOptions

	mu     sync.Mutex // guards what follows
	keytab *keytab.Keytab
	stamp  fileStamp
	seen   map[[sha256.Size]byte]time.Time // requests, and when they may be forgotten
	swept  time.Time
}

// fileStamp tells one state of a file from another.
type fileStamp struct {
	time time.Time
	size int64
}

// NewService reads the keytab.
func NewService(o ServiceOptions) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{o: o, seen: map[[sha256.Size]byte]time.Time{}}
	if _, err := s.keys(); err != nil {
		return nil, err
	}
	return s, nil
}

// keys are those of the keytab, as it is now. One that cannot be read any more keeps
// those that it had.
func (s *Service) keys() (*keytab.Keytab, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var stamp fileStamp
	if fi, err := os.Stat(s.o.Keytab); err == nil {
		stamp = fileStamp{fi.ModTime(), fi.Size()}
	}
	if s.keytab != nil && stamp == s.stamp {
		return s.keytab, nil
	}
	k, err := loadKeytab(s.o.Keytab)
	if err != nil {
		if s.keytab != nil {
			return s.keytab, nil
		}
		return nil, err
	}
	s.keytab, s.stamp = k, stamp
	return k, nil
}

// Principals are those of the keytab, each once.
func (s *Service) Principals() []string {
	k, err := s.keys()
	if err != nil {
		return nil
	}
	var list []string
	seen := map[string]bool{}
	for _, e := range k.Entries {
		if p := e.Principal.String(); !seen[p] {
			seen[p] = true
			list = append(list, p)
		}
	}
	return list
}

// Own says whether users of a realm are the service's own.
func (s *Service) Own(realm string) bool {
	if s.o.Realm != "" {
		return realm == s.o.Realm
	}
	k, err := s.keys()
	if err != nil {
		return false
	}
	for _, e := range k.Entries {
		if e.Principal.Realm == realm {
			return true
		}
	}
	return false
}

// remember says whether a request is new, and keeps it until its time is over.
func (s *Service) remember(req *messages.APReq) error {
	now := s.o.Now()
	sum := sha256.Sum256(req.EncryptedAuthenticator.Cipher)
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) > maxSkew || len(s.seen) >= maxRequests {
		for k, until := range s.seen {
			if now.After(until) {
				delete(s.seen, k)
			}
		}
		s.swept = now
	}
	if _, ok := s.seen[sum]; ok {
		return ErrReplay
	}
	if len(s.seen) >= maxRequests {
		return errors.New("kerberos: too many logons within a few minutes")
	}
	s.seen[sum] = now.Add(2 * maxSkew)
	return nil
}

// Identity is who came.
type Identity struct {
	User, Realm string // the principal; of one with several parts, User has slashes
	Own         bool   // the realm is the service's own

	// Of the PAC ([MS-PAC]), where the ticket has one with logon information.
	PAC             bool
	Account, Domain string   // the NetBIOS names
	SID             nt.SID   // of the account
	SIDs            []nt.SID // of the account and the groups
}

// Principal is the name in its realm.
func (i *Identity) Principal() string { return i.User + "@" + i.Realm }

// Acceptor is the service's side of one exchange, in DCE style. It is a
// spnego.Mechanism, for one goroutine.
type Acceptor struct {
	s        *Service
	key      types.EncryptionKey
	own      uint32 // our first sequence number
	identity *Identity
	pending  *Session // until the third leg is there
	session  *Session
	failed   bool
}

// Accept begins an exchange.
func (s *Service) Accept() *Acceptor { return &Acceptor{s: s} }

// Step takes the client's token and gives the next one to send. An error that has to
// do with who comes is an [*Error]; Identity says whom it is about, if that is known.
func (a *Acceptor) Step(token []byte) (reply []byte, done bool, err error) {
	switch {
	case a.session != nil || a.failed:
		return nil, false, errState
	case a.pending == nil:
		err = guard(func() error { reply, err = a.accept(token); return err })
	default:
		if err = guard(func() error { return a.finish(token) }); err == nil {
			a.session, done = a.pending, true
		}
	}
	if err != nil {
		a.failed = true
		return nil, false, err
	}
	return reply, done, nil
}

// accept verifies the AP-REQ and makes the AP-REP.
func (a *Acceptor) accept(token []byte) ([]byte, error) {
	id, b, err := unframe(token)
	if err != nil {
		return nil, err
	}
	var req messages.APReq
	if id != idRequest {
		return nil, fmt.Errorf("kerberos: a token of type 0x%04x, want 0x%04x", id, idRequest)
	}
	if err := req.Unmarshal(b); err != nil || len(req.Ticket.SName.NameString) == 0 {
		return nil, errMalformed
	}
	serviceKey, err := a.s.open(&req)
	if err != nil {
		return nil, err
	}
	part := &req.Ticket.DecryptedEncPart
	a.identity = &Identity{User: part.CName.PrincipalNameString(), Realm: part.CRealm, Own: a.s.Own(part.CRealm)}
	if err := a.s.check(&req); err != nil {
		return nil, err
	}
	if err := a.identity.readPAC(part.AuthorizationData, serviceKey); err != nil {
		return nil, err
	}
	if err := a.s.remember(&req); err != nil {
		return nil, err
	}
	return a.reply(&req)
}

// open decrypts the ticket with a key of the keytab: any of its principals, since
// clients know a machine by several names.
func (s *Service) open(req *messages.APReq) (types.EncryptionKey, error) {
	kt, err := s.keys()
	if err != nil {
		return types.EncryptionKey{}, err
	}
	t := &req.Ticket
	tries := 0
	for _, e := range kt.Entries {
		if e.Key.KeyType != t.EncPart.EType || !usable(e.Key.KeyType) {
			continue
		}
		if tries++; tries > maxTries {
			break
		}
		if t.Decrypt(e.Key) == nil {
			return e.Key, nil
		}
	}
	return types.EncryptionKey{}, &Error{
		Code: errorcode.KRB_AP_ERR_NOKEY,
		Text: fmt.Sprintf("the keytab has no key for a ticket of %.100q, type %d, version %d", t.SName.PrincipalNameString()+"@"+t.Realm, t.EncPart.EType, t.EncPart.KVNO),
	}
}

// check looks at the ticket's times and at the authenticator.
func (s *Service) check(req *messages.APReq) error {
	part, now := &req.Ticket.DecryptedEncPart, s.o.Now()
	begin := part.StartTime
	if begin.IsZero() {
		begin = part.AuthTime
	}
	switch {
	case !usable(part.Key.KeyType):
		return refusal("the session key is of type %d: AES is wanted", part.Key.KeyType)
	case now.Sub(part.EndTime) > maxSkew:
		return &Error{Code: errorcode.KRB_AP_ERR_TKT_EXPIRED, Text: "the ticket has expired", refused: true}
	case begin.Sub(now) > maxSkew || types.IsFlagSet(&part.Flags, flags.Invalid):
		return &Error{Code: errorcode.KRB_AP_ERR_TKT_NYV, Text: "the ticket is not valid yet", refused: true}
	case len(part.Transited.Contents) > 0 && !types.IsFlagSet(&part.Flags, flags.TransitedPolicyChecked):
		return refusal("the ticket came through other realms, and no KDC has checked them")
	case len(part.CAddr) > 0:
		return refusal("the ticket is bound to addresses")
	case len(part.CName.NameString) == 0 || part.CRealm == "":
		return errMalformed
	}
	if err := req.DecryptAuthenticator(part.Key); err != nil {
		return refusal("who sends the ticket does not have its key")
	}
	auth := &req.Authenticator
	if !auth.CName.Equal(part.CName) || auth.CRealm != part.CRealm {
		return refusal("the ticket is another one's")
	}
	at := auth.CTime.Add(time.Duration(auth.Cusec) * time.Microsecond)
	if d := now.Sub(at); d > maxSkew || d < -maxSkew {
		return &Error{Code: errorcode.KRB_AP_ERR_SKEW, Text: "the client's clock differs by more than 5 minutes", refused: true}
	}
	sum := auth.Cksum.Checksum
	if auth.Cksum.CksumType != chksumtype.GSSAPI || len(sum) < 4+boundSize+4 || binary.LittleEndian.Uint32(sum) != boundSize {
		return refusal("the request is none of GSS-API")
	}
	if f := binary.LittleEndian.Uint32(sum[4+boundSize:]); f&contextDCE == 0 || f&contextMutual == 0 {
		return refusal("the request is not in DCE style with mutual authentication: flags 0x%x", f)
	}
	return nil
}

// reply makes the AP-REP and the session that it offers.
func (a *Acceptor) reply(req *messages.APReq) ([]byte, error) {
	a.key = req.Ticket.DecryptedEncPart.Key
	subkey, err := newKey(a.key.KeyType)
	if err != nil {
		return nil, err
	}
	var seq [4]byte
	if _, err := rand.Read(seq[:]); err != nil {
		return nil, err
	}
	a.own = binary.BigEndian.Uint32(seq[:]) & 0x3fffffff // some take it for a signed number
	if a.pending, err = newSession(subkey, false, true, a.own, uint32(req.Authenticator.SeqNumber)); err != nil {
		return nil, err
	}
	part := messages.EncAPRepPart{CTime: req.Authenticator.CTime, Cusec: req.Authenticator.Cusec, Subkey: subkey, SequenceNumber: int64(a.own)}
	return sealReply(part, a.key)
}

// finish takes the third leg, which proves that the client has seen our number. What
// time stands there differs from client to client.
func (a *Acceptor) finish(token []byte) error {
	part, err := openReply(token, a.key, "")
	if err != nil {
		return err
	}
	if uint32(part.SequenceNumber) != a.own {
		return refusal("the third message answers another one")
	}
	return nil
}

// Identity is who came: known before done, and where it failed, as soon as the ticket
// could be read; else nil.
func (a *Acceptor) Identity() *Identity { return a.identity }

// Session protects messages, after done.
func (a *Acceptor) Session() *Session { return a.session }

// WantMIC says no: the list of mechanisms is signed where SPNEGO wants it.
func (a *Acceptor) WantMIC() bool { return false }

// MakeMIC signs the list of mechanisms, with the next number.
func (a *Acceptor) MakeMIC(list []byte) ([]byte, error) { return a.session.Sign(list) }

// CheckMIC checks the client's signature of it.
func (a *Acceptor) CheckMIC(list, mic []byte) error { return a.session.Verify(list, mic) }
