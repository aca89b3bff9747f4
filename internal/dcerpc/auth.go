package dcerpc

import (
	"errors"
	"fmt"
)

// Authentication types (2.2.1.1.7).
const (
	AuthNone     = 0
	AuthSPNEGO   = 9  // RPC_C_AUTHN_GSS_NEGOTIATE
	AuthNTLM     = 10 // RPC_C_AUTHN_WINNT, raw NTLM
	AuthKerberos = 16 // RPC_C_AUTHN_GSS_KERBEROS
)

// Authentication levels (2.2.1.1.8). LevelCall is handled as LevelPacket, and
// LevelPacket signs like LevelIntegrity, as Samba does: the specification asks for
// replay protection, and the signature is what has a sequence number.
const (
	LevelNone      = 1
	LevelConnect   = 2
	LevelCall      = 3
	LevelPacket    = 4
	LevelIntegrity = 5
	LevelPrivacy   = 6
)

// Mechanism is one side of an authentication.
type Mechanism interface {
	// Step takes the peer's token and gives the next one; an initiator's first
	// token comes of a nil token. done says that this side is through, and Security
	// and Identity can be asked for; reply may still have to be sent.
	Step(token []byte) (reply []byte, done bool, err error)
	Security() Security
	Identity() any
}

// Shower is an initiating Mechanism that knows what a server which refuses it at this
// moment does not take, as "the server refuses the user or the password"; "": it has
// shown nothing yet that could be refused.
type Shower interface {
	Refusal() string
}

// Security protects the messages of an authenticated connection. Each direction
// has its own order of calls: what is signed is verified in the same order.
type Security interface {
	// SignatureSize is what Seal, or Sign, gives, in bytes. A peer's may be longer or
	// shorter.
	SignatureSize(sealed bool) int
	// Seal encrypts whole[from:to] in place, and signs the plain text of whole.
	Seal(whole []byte, from, to int) (sig []byte, err error)
	// Unseal is its inverse; after an error, whole is not to be used.
	Unseal(whole []byte, from, to int, sig []byte) error
	Sign(whole []byte) (sig []byte, err error)
	Verify(whole []byte, sig []byte) error
}

// HeaderSigner is a Security that may sign header and sec_trailer even where
// header signing was not negotiated. NTLM with extended session security does so in
// Samba and impacket, which does not propose header signing at all; [MS-RPCE]
// 3.3.1.5.2.2 has only the negotiated form. A wrapper, as SPNEGO's, passes the
// answer of what it wraps on.
type HeaderSigner interface {
	SignsHeader() bool
}

// maxLegs is how many tokens a peer may send in one authentication: Kerberos and
// NTLM in SPNEGO need three, with one more for a choice of mechanism.
const maxLegs = 6

// session is the one security context of a connection. Its zero value protects
// nothing.
type session struct {
	trailer
	sec    Security
	header bool // the signature covers header and sec_trailer
}

// protects says whether requests and responses are signed.
func (s *session) protects() bool { return s.sec != nil && s.Level >= LevelPacket }

// begin makes the session of what the mechanism has found out.
func (s *session) begin(m Mechanism, headerSigning bool) error {
	sec := m.Security()
	if sec == nil {
		if s.Level >= LevelPacket {
			return errors.New("dcerpc: the mechanism cannot protect packets")
		}
		return nil
	}
	s.sec, s.header = sec, headerSigning
	if h, ok := sec.(HeaderSigner); ok && h.SignsHeader() {
		s.header = true
	}
	return nil
}

// room is how many bytes of stub go into a fragment of at most size bytes: as
// many as need no padding.
func (s *session) room(size int) (int, error) {
	n := size - callSize
	if s.protects() {
		n -= trailerSize + s.sec.SignatureSize(s.Level == LevelPrivacy)
	}
	if n &^= sendAlign - 1; n <= 0 {
		return 0, fmt.Errorf("dcerpc: no room for data in fragments of %d bytes", size)
	}
	return n, nil
}

// appendFragment appends one PDU of a request or response to dst, protected. ids
// are the eight bytes between header and stub. The PDU must fit.
func (s *session) appendFragment(dst []byte, h header, ids [callSize - headerSize]byte, stub []byte) ([]byte, error) {
	begin := len(dst)
	size := callSize + len(stub)
	if !s.protects() {
		h.FragLength, h.AuthLength = uint16(size), 0
		return append(append(appendHeader(dst, h), ids[:]...), stub...), nil
	}
	pad := -len(stub) & (sendAlign - 1)
	signature := s.sec.SignatureSize(s.Level == LevelPrivacy)
	h.FragLength = uint16(size + pad + trailerSize + signature)
	h.AuthLength = uint16(signature)
	dst = append(append(appendHeader(dst, h), ids[:]...), stub...)
	dst = append(dst, make([]byte, pad)...)
	dst = appendTrailer(dst, trailer{s.Type, s.Level, uint8(pad), s.ContextID}, h.Order)
	whole, from := dst[begin:], callSize
	to := len(whole) - trailerSize
	if !s.header {
		whole, from, to = whole[from:to], 0, to-from
	}
	var sig []byte
	var err error
	if s.Level == LevelPrivacy {
		sig, err = s.sec.Seal(whole, from, to)
	} else {
		sig, err = s.sec.Sign(whole)
	}
	if err != nil {
		return dst[:begin], fmt.Errorf("dcerpc: signing a %s: %w", h.Type, err)
	}
	if len(sig) != signature {
		return dst[:begin], fmt.Errorf("dcerpc: signature of %d bytes, announced were %d", len(sig), signature)
	}
	return append(dst, sig...), nil
}

// errUnverified is a fragment that is not what the authentication asks for.
var errUnverified = errors.New("not what was authenticated")

// open verifies a request, a response or a fault that carries a trailer, and
// returns its stub, decrypted in place, without padding. from is where the stub
// begins in p.Raw, which the caller has compared with its length.
func (s *session) open(p *pdu, from int) ([]byte, error) {
	what := p.Type.String()
	to := headerSize + len(p.Body)
	if p.Trailer == nil {
		if s.protects() {
			return nil, formatError(what, "auth_length", 10, "no signature: %w", errUnverified)
		}
		return p.Raw[from:to], nil
	}
	t := *p.Trailer
	t.Level = level(t.Level)
	switch {
	case s.Type == AuthNone:
		return nil, formatError("sec_trailer", "auth_type", to, "have %d on a connection without authentication: %w", t.Type, errUnverified)
	case t.Type != s.Type:
		return nil, formatError("sec_trailer", "auth_type", to, "have %d, want %d: %w", t.Type, s.Type, errUnverified)
	case t.Level != s.Level:
		return nil, formatError("sec_trailer", "auth_level", to+1, "have %d, want %d: %w", t.Level, s.Level, errUnverified)
	case t.ContextID != s.ContextID:
		return nil, formatError("sec_trailer", "auth_context_id", to+4, "have %d, want %d: %w", t.ContextID, s.ContextID, errUnverified)
	case int(t.PadLength) > to-from:
		return nil, formatError("sec_trailer", "auth_pad_length", to+2, "have %d behind a stub of %d bytes", t.PadLength, to-from)
	}
	if s.protects() { // at level connect a token means nothing
		whole, b, e := p.Raw[:to+trailerSize], from, to
		if !s.header {
			whole, b, e = p.Raw[from:to], 0, to-from
		}
		var err error
		if s.Level == LevelPrivacy {
			err = s.sec.Unseal(whole, b, e, p.Token)
		} else {
			err = s.sec.Verify(whole, p.Token)
		}
		if err != nil {
			// Whatever the mechanism makes of it, nobody has refused anything: %v.
			return nil, formatError(what, "auth_value", to+trailerSize, "%w: %v", errUnverified, err)
		}
	}
	return p.Raw[from : to-int(t.PadLength)], nil
}

// level is the level that is meant (2.2.1.1.8).
func level(l uint8) uint8 {
	switch l {
	case 0: // RPC_C_AUTHN_LEVEL_DEFAULT
		return LevelConnect
	case LevelCall:
		return LevelPacket
	}
	return l
}
