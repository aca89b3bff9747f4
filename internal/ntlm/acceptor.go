package ntlm

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"netelf.example/nt"
)

// AcceptorOptions say who the server is, and who may log on.
type AcceptorOptions struct {
	Computer    string // NetBIOS name; must be given
	Domain      string // NetBIOS name; "": Computer
	DNSComputer string // "": not told
	DNSDomain   string // "": not told
	// Lookup finds the NT hash of a user, whose names are as the client sent them;
	// ok is false for one that is not known. Its error ends the logon and is wrapped.
	// That it takes the same time for known and unknown users is its own task. nil:
	// nobody is known.
	Lookup func(domain, user string) (hash [16]byte, ok bool, err error)
	// Verify has somebody else, who knows passwords that Lookup does not, check an
	// NTLMv2_RESPONSE to the challenge. It is asked where Lookup knows nobody, and
	// where its hash is not the one of the response: both alike, so that neither the
	// answer nor its time tells which it was. base is the SessionBaseKey ([MS-NLMP]
	// 3.3.2); that the user or the password is wrong is ok false. The response is not
	// to be changed. Its error ends the logon and is wrapped. nil: nobody is asked.
	Verify  func(domain, user string, challenge [8]byte, response []byte) (base [16]byte, ok bool, err error)
	Allow56 bool             // take a client that has only 56-bit keys
	Now     func() time.Time // nil: time.Now
	Rand    io.Reader        // nil: crypto/rand
}

// Acceptor is the server's side of one logon. It is for one goroutine.
type Acceptor struct {
	o           AcceptorOptions
	state       int // messages taken so far; -1 after an error
	offered     Flags
	random      [24]byte // a challenge of 8 bytes and a hash of 16
	negotiate   []byte
	challenge   []byte
	sent        time.Time
	user        string
	domain      string
	workstation string
	target      string
	anonymous   bool
	hasMIC      bool
	session     *Session
}

// NewAcceptor checks the options.
func NewAcceptor(o AcceptorOptions) (*Acceptor, error) {
	if o.Computer == "" {
		return nil, fmt.Errorf("ntlm: no computer is named")
	}
	if o.Domain == "" {
		o.Domain = o.Computer
	}
	if o.Lookup == nil {
		o.Lookup = func(string, string) (hash [16]byte, ok bool, err error) { return hash, false, nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return &Acceptor{o: o}, nil
}

// String says nothing secret.
func (a *Acceptor) String() string { return "ntlm acceptor of " + a.o.Computer }

// GoString is String, so that no verb of fmt prints more.
func (a *Acceptor) GoString() string { return a.String() }

// Format prints String for every verb.
func (a *Acceptor) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, a.String()) }

// Step takes the NEGOTIATE_MESSAGE and gives the CHALLENGE_MESSAGE, then takes the
// AUTHENTICATE_MESSAGE and gives nothing; done is true with it. Whoever is anonymous
// is let in here: ask Anonymous. Errors: ErrLogon, ErrWeak, ErrMIC, ErrState, an
// eventlog.FormatError, or those of Lookup and Verify; after one the Acceptor is of no use.
func (a *Acceptor) Step(token []byte) (reply []byte, done bool, err error) {
	switch a.state {
	case 0:
		reply, err = a.makeChallenge(token)
	case 1:
		err = a.check(token)
	default:
		err = ErrState
	}
	if err != nil {
		a.state = -1
		a.session = nil
		return nil, false, named(err)
	}
	a.state++
	return reply, a.state == 2, nil
}

// Security is the established session, nil before done.
func (a *Acceptor) Security() *Session { return a.session }

// Name is the user and the domain as the client sent them, both "" for somebody
// anonymous, and before done.
func (a *Acceptor) Name() (user, domain string) {
	if a.session == nil {
		return "", ""
	}
	return a.user, a.domain
}

// Anonymous says that the client has logged on as nobody. False before done.
func (a *Acceptor) Anonymous() bool { return a.session != nil && a.anonymous }

// Workstation is what the client calls its computer, unproven; "" before done.
func (a *Acceptor) Workstation() string {
	if a.session == nil {
		return ""
	}
	return a.workstation
}

// TargetName is the service principal name that the client wanted to reach, which
// is proven; "" if it does not say, and before done.
func (a *Acceptor) TargetName() string {
	if a.session == nil {
		return ""
	}
	return a.target
}

// WantMIC is false: the client decides whether SPNEGO's list of mechanisms is
// signed where that is not required.
func (a *Acceptor) WantMIC() bool { return false }

// MakeMIC signs SPNEGO's list of mechanisms; see Session.MakeMIC.
func (a *Acceptor) MakeMIC(list []byte) ([]byte, error) { return makeMIC(a.session, list) }

// CheckMIC checks the signature of SPNEGO's list of mechanisms.
func (a *Acceptor) CheckMIC(list, sig []byte) error { return checkMIC(a.session, list, sig) }

// required is what a client must be able to do, somebody anonymous too. Samba's own
// clients offer no extended session security when they are anonymous, and so are
// refused (seen in Samba 4.17; TestSambaInitiator in interop).
const required = FlagUnicode | FlagNTLM | FlagExtendedSessionSecurity

// keys checks the key sizes that are left.
func (a *Acceptor) keys(f Flags) error {
	want := required
	switch {
	case !a.o.Allow56:
		want |= Flag128
	case f&Flag128 == 0:
		want |= Flag56
	}
	if m := f.missing(want); m != 0 {
		return fmt.Errorf("%w: it does not have %v", ErrWeak, m)
	}
	return nil
}

// makeChallenge is [MS-NLMP] 3.2.5.1.1.
func (a *Acceptor) makeChallenge(token []byte) ([]byte, error) {
	var n Negotiate
	if err := n.UnmarshalBinary(token); err != nil {
		return nil, err
	}
	if err := a.keys(n.Flags); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(a.o.Rand, a.random[:]); err != nil {
		return nil, fmt.Errorf("random bytes: %w", err)
	}
	f := n.Flags & (required | FlagRequestTarget | FlagSign | FlagSeal | FlagAlwaysSign | FlagAnonymous |
		FlagIdentify | FlagVersion | Flag128 | FlagKeyExchange | Flag56)
	f |= FlagTargetInfo
	c := Challenge{Flags: f, ServerChallenge: [8]byte(a.random[:8])}
	if f&FlagVersion != 0 {
		c.Version = ours
	}
	if f&FlagRequestTarget != 0 {
		c.Flags |= FlagTargetTypeServer
		c.TargetName = a.o.Computer
	}
	now, _ := nt.FiletimeOf(a.o.Now()) // the nearest that it can be
	a.sent = now.Time()
	for _, p := range []struct {
		id   AVID
		text string
	}{{AVNbDomainName, a.o.Domain}, {AVNbComputerName, a.o.Computer}, {AVDNSDomainName, a.o.DNSDomain}, {AVDNSComputerName, a.o.DNSComputer}} {
		if p.text != "" {
			c.TargetInfo = append(c.TargetInfo, AVPair{p.id, nt.AppendUTF16(nil, p.text)})
		}
	}
	c.TargetInfo = append(c.TargetInfo, AVPair{AVTimestamp, binary.LittleEndian.AppendUint64(nil, uint64(now))})
	b, err := c.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	a.offered = c.Flags
	a.negotiate = bytes.Clone(token)
	a.challenge = bytes.Clone(b)
	return b, nil
}

// check is [MS-NLMP] 3.2.5.1.2.
func (a *Acceptor) check(token []byte) error {
	var m Authenticate
	if err := m.UnmarshalBinary(token); err != nil {
		return err
	}
	f := m.Flags & a.offered
	if err := a.keys(f); err != nil {
		return err
	}
	keyLen := 0
	if f&FlagKeyExchange != 0 {
		keyLen = 16
	}
	if keyLen != 0 && len(m.SessionKey) != keyLen {
		return malformed(structAuthenticate, "EncryptedRandomSessionKeyLen", 52, "%d bytes, want %d", len(m.SessionKey), keyLen)
	}
	var base [16]byte // of zeros for somebody anonymous
	a.user, a.domain, a.workstation = m.User, m.Domain, m.Workstation
	if a.anonymous = isAnonymous(&m); a.anonymous {
		a.user, a.domain = "", ""
	} else {
		var err error
		if base, err = a.checkResponse(&m); err != nil {
			return err
		}
	}
	exported := base
	if keyLen != 0 {
		exported = [16]byte(crypt(base, m.SessionKey))
	}
	if a.hasMIC {
		if sum := mic(exported, a.negotiate, a.challenge, token); !hmac.Equal(sum[:], m.MIC[:]) {
			return ErrMIC
		}
	}
	a.session = newSession(f, exported, toClient)
	a.session.serverTime = a.sent
	return nil
}

// isAnonymous says whether nobody logs on: no user, no response, and an LM response
// that is empty or one byte of zero ([MS-NLMP] 3.2.5.1.2).
func isAnonymous(m *Authenticate) bool {
	return m.User == "" && len(m.NTResponse) == 0 && (len(m.LMResponse) == 0 || len(m.LMResponse) == 1 && m.LMResponse[0] == 0)
}

// checkResponse checks the NTLMv2_RESPONSE and gives the SessionBaseKey. A user who is
// not known is computed with a random hash, so that neither the answer nor its time
// tells it.
func (a *Acceptor) checkResponse(m *Authenticate) (base [16]byte, err error) {
	if len(m.NTResponse) <= 24 {
		return base, fmt.Errorf("%w: an NTLMv2 response is missing", ErrWeak)
	}
	var client clientChallenge
	if err := client.unmarshal(m.NTResponse[16:]); err != nil {
		return base, err
	}
	if a.hasMIC = client.Pairs.flags()&avFlagMIC != 0; a.hasMIC && !m.HasMIC {
		return base, malformed(structAuthenticate, "MIC", micAt, "missing, though its flag is set")
	}
	hash, ok, err := a.o.Lookup(m.Domain, m.User)
	if err != nil {
		return base, fmt.Errorf("looking up the user: %w", err)
	}
	known := 1
	if !ok {
		hash, known = [16]byte(a.random[8:]), 0
	}
	key := responseKey(hash, m.User, m.Domain)
	p := proof(key, [8]byte(a.random[:8]), m.NTResponse[16:])
	base = sessionBase(key, p)
	same := 0
	if hmac.Equal(p[:], m.NTResponse[:16]) {
		same = 1
	}
	if known&same == 0 {
		if a.o.Verify == nil || m.User == "" {
			return [16]byte{}, ErrLogon
		}
		base, ok, err = a.o.Verify(m.Domain, m.User, [8]byte(a.random[:8]), m.NTResponse)
		switch {
		case err != nil:
			return [16]byte{}, fmt.Errorf("verifying the response: %w", err)
		case !ok:
			return [16]byte{}, ErrLogon
		}
	}
	a.target = client.Pairs.text(AVTargetName)
	return base, nil
}
