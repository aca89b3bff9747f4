package ntlm

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"netelf.example/nt"
)

// InitiatorOptions say who logs on, and how.
type InitiatorOptions struct {
	User        string
	Domain      string    // as it will be sent; "" is the server's own
	Workstation string    // "": not told
	Password    string    // or
	NTHash      *[16]byte // the hash of it, instead of the password
	Anonymous   bool      // log on as nobody; the others above are not used
	TargetName  string    // service principal name, as "host/bedrock"; "": not told
	Sign, Seal  bool      // what the server must be able to do; Seal brings Sign along
	Allow56     bool      // take a server that has only 56-bit keys
	// ChannelBindings is the MD5 hash of the gss_channel_bindings_struct of the TLS
	// connection below; zero: none.
	ChannelBindings [16]byte
	Now             func() time.Time // nil: time.Now
	Rand            io.Reader        // nil: crypto/rand
}

// Initiator is the client's side of one logon. It is for one goroutine.
type Initiator struct {
	o         InitiatorOptions
	hash      [16]byte
	state     int // messages made so far; -1 after an error
	offered   Flags
	negotiate []byte
	session   *Session
	hasMIC    bool
}

// NewInitiator checks the options; it needs no random bytes and no time yet.
func NewInitiator(o InitiatorOptions) (*Initiator, error) {
	if !o.Anonymous && o.User == "" {
		return nil, fmt.Errorf("ntlm: no user is named")
	}
	if o.Password != "" && o.NTHash != nil {
		return nil, fmt.Errorf("ntlm: a password and an NT hash are given")
	}
	i := &Initiator{}
	switch {
	case o.Anonymous:
		o.User, o.Domain = "", ""
	case o.NTHash != nil:
		i.hash = *o.NTHash
	default:
		i.hash = NTHash(o.Password)
	}
	o.Password, o.NTHash = "", nil
	o.Sign = o.Sign || o.Seal
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	i.o = o
	return i, nil
}

// String is the user's name and nothing secret.
func (i *Initiator) String() string { return "ntlm initiator of " + i.o.Domain + `\` + i.o.User }

// GoString is String, so that no verb of fmt prints the hash.
func (i *Initiator) GoString() string { return i.String() }

// Format prints String for every verb.
func (i *Initiator) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, i.String()) }

// Step gives the NEGOTIATE_MESSAGE (token nil), then takes the CHALLENGE_MESSAGE and
// gives the AUTHENTICATE_MESSAGE; done is true with it, and whether the server
// accepts it is seen by what it answers. Errors: ErrWeak, ErrState, an
// eventlog.FormatError; after one the Initiator is of no use.
func (i *Initiator) Step(token []byte) (reply []byte, done bool, err error) {
	switch {
	case i.state == 0 && len(token) == 0:
		reply, err = i.makeNegotiate()
	case i.state == 1 && len(token) != 0:
		reply, err = i.answer(token)
	default:
		err = ErrState
	}
	if err != nil {
		i.state = -1
		i.session = nil
		return nil, false, named(err)
	}
	i.state++
	return reply, i.state == 2, nil
}

// Security is the established session, nil before done.
func (i *Initiator) Security() *Session { return i.session }

// WantMIC says that SPNEGO's list of mechanisms ought to be signed: a client that
// sends a MIC does so.
func (i *Initiator) WantMIC() bool { return i.hasMIC && i.session.flags&(FlagSign|FlagSeal) != 0 }

// MakeMIC signs SPNEGO's list of mechanisms; see Session.MakeMIC.
func (i *Initiator) MakeMIC(list []byte) ([]byte, error) { return makeMIC(i.session, list) }

// CheckMIC checks the signature of SPNEGO's list of mechanisms.
func (i *Initiator) CheckMIC(list, sig []byte) error { return checkMIC(i.session, list, sig) }

func makeMIC(s *Session, list []byte) ([]byte, error) {
	if s == nil {
		return nil, fmt.Errorf("ntlm: %w", ErrState)
	}
	return s.MakeMIC(list)
}

func checkMIC(s *Session, list, sig []byte) error {
	if s == nil {
		return fmt.Errorf("ntlm: %w", ErrState)
	}
	return s.CheckMIC(list, sig)
}

func (i *Initiator) makeNegotiate() (b []byte, err error) {
	i.offered = FlagUnicode | FlagRequestTarget | FlagNTLM | FlagAlwaysSign | FlagExtendedSessionSecurity |
		FlagTargetInfo | FlagVersion | Flag128 | FlagKeyExchange | Flag56
	if i.o.Sign {
		i.offered |= FlagSign
	}
	if i.o.Seal {
		i.offered |= FlagSeal
	}
	if i.o.Anonymous {
		i.offered |= FlagAnonymous
	}
	n := Negotiate{Flags: i.offered, Version: ours}
	if i.negotiate, err = n.AppendBinary(nil); err != nil {
		return nil, err
	}
	return bytes.Clone(i.negotiate), nil
}

// answer makes the AUTHENTICATE_MESSAGE ([MS-NLMP] 3.1.5.1.2).
func (i *Initiator) answer(token []byte) ([]byte, error) {
	var c Challenge
	if err := c.UnmarshalBinary(token); err != nil {
		return nil, err
	}
	// What was not offered is not taken.
	f := c.Flags & i.offered
	want := FlagUnicode | FlagNTLM | FlagExtendedSessionSecurity | FlagTargetInfo | i.offered&(FlagSign|FlagSeal)
	if !i.o.Allow56 {
		want |= Flag128
	} else if f&Flag128 == 0 {
		want |= Flag56
	}
	if m := f.missing(want); m != 0 {
		return nil, fmt.Errorf("%w: it does not have %v", ErrWeak, m)
	}
	a := Authenticate{Flags: f | i.offered&FlagAnonymous, Domain: i.o.Domain, User: i.o.User, Workstation: i.o.Workstation, Version: ours}
	var base [16]byte // of zeros for somebody anonymous
	when, timed := c.TargetInfo.timestamp()
	if !i.o.Anonymous {
		var err error
		if base, err = i.respond(&a, &c, when, timed); err != nil {
			return nil, err
		}
		a.HasMIC = timed
	}
	exported := base
	if f&FlagKeyExchange != 0 {
		if _, err := io.ReadFull(i.o.Rand, exported[:]); err != nil {
			return nil, fmt.Errorf("random bytes: %w", err)
		}
		a.SessionKey = crypt(base, exported[:])
	}
	b, err := a.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	if a.HasMIC {
		sum := mic(exported, i.negotiate, token, b)
		copy(b[micAt:], sum[:])
	}
	i.hasMIC = a.HasMIC
	i.session = newSession(f, exported, toServer)
	if timed {
		i.session.serverTime = when.Time()
	}
	return b, nil
}

// respond makes the responses and the SessionBaseKey. The LM response is 24 zeros
// always: an LMv2 response tells an eavesdropper no less than the other one.
func (i *Initiator) respond(a *Authenticate, c *Challenge, when nt.Filetime, timed bool) (base [16]byte, err error) {
	client := clientChallenge{Timestamp: when, Pairs: append(AVPairs(nil), c.TargetInfo...)}
	if timed {
		flags := c.TargetInfo.flags() | avFlagMIC
		client.Pairs = client.Pairs.set(AVFlags, []byte{byte(flags), byte(flags >> 8), byte(flags >> 16), byte(flags >> 24)})
	} else {
		client.Timestamp, _ = nt.FiletimeOf(i.o.Now()) // the nearest that it can be
	}
	client.Pairs = client.Pairs.set(AVChannelBindings, i.o.ChannelBindings[:])
	client.Pairs = client.Pairs.set(AVTargetName, nt.AppendUTF16(nil, i.o.TargetName))
	if _, err := io.ReadFull(i.o.Rand, client.Challenge[:]); err != nil {
		return base, fmt.Errorf("random bytes: %w", err)
	}
	blob, err := client.marshal()
	if err != nil {
		return base, err
	}
	key := responseKey(i.hash, i.o.User, i.o.Domain)
	p := proof(key, c.ServerChallenge, blob)
	a.LMResponse = make([]byte, 24)
	a.NTResponse = append(p[:], blob...)
	return sessionBase(key, p), nil
}
