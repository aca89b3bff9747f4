package ntlm

import (
	"encoding/binary"
	"fmt"

	"netelf.example/nt"
)

const (
	// MaxMessage is the most bytes that a message may have.
	MaxMessage = 1 << 16
	// MaxName is the most bytes that a name in a message may have. A user's
	// principal name has at most 1024 characters.
	MaxName = 2048
)

const signature = "NTLMSSP\x00"

// messageType is the MessageType of a message.
type messageType uint32

const (
	typeNegotiate    messageType = 1
	typeChallenge    messageType = 2
	typeAuthenticate messageType = 3
)

// Version is what a peer says of its system, for people who look at traces
// ([MS-NLMP] 2.2.2.10). The zero Version is none.
type Version struct {
	Major, Minor uint8
	Build        uint16
	Revision     uint8 // NTLMRevisionCurrent
}

// ours is the version that is sent: Windows 10's major and minor number, no build
// of it, and NTLMSSP_REVISION_W2K3, which all current peers send.
var ours = Version{Major: 10, Revision: 15}

func (v Version) append(b []byte) []byte {
	b = append(b, v.Major, v.Minor)
	b = binary.LittleEndian.AppendUint16(b, v.Build)
	return append(b, 0, 0, 0, v.Revision)
}

func versionOf(b []byte) Version {
	return Version{Major: b[0], Minor: b[1], Build: binary.LittleEndian.Uint16(b[2:]), Revision: b[7]}
}

// IsMessage says whether a token is a bare NTLM message, not one in SPNEGO.
func IsMessage(token []byte) bool {
	return len(token) >= len(signature) && string(token[:len(signature)]) == signature
}

// head checks what all messages begin with, and that the fixed part is there.
func head(structure string, b []byte, want messageType, fixed int) error {
	switch {
	case len(b) > MaxMessage:
		return malformed(structure, "", 0, "%d bytes, at most %d are read", len(b), MaxMessage)
	case len(b) < 12:
		return malformed(structure, "", 0, "need %d bytes, have %d", fixed, len(b))
	case !IsMessage(b):
		return malformed(structure, "Signature", 0, "want %q, have %q", signature, b[:8])
	}
	if t := messageType(binary.LittleEndian.Uint32(b[8:])); t != want {
		return malformed(structure, "MessageType", 8, "want %d, have %d", want, t)
	}
	if len(b) < fixed {
		return malformed(structure, "", 0, "need %d bytes, have %d", fixed, len(b))
	}
	return nil
}

// payload finds what the fields at an offset (Len, MaxLen, BufferOffset) point to.
// low is made the least offset of a payload that has bytes.
func payload(structure, field string, b []byte, at, limit int, low *int) ([]byte, error) {
	size, offset := int(binary.LittleEndian.Uint16(b[at:])), binary.LittleEndian.Uint32(b[at+4:])
	if size == 0 {
		return nil, nil // the offset means nothing then
	}
	if size > limit {
		return nil, malformed(structure, field+"Len", at, "%d bytes, at most %d are read", size, limit)
	}
	if uint64(offset)+uint64(size) > uint64(len(b)) {
		return nil, malformed(structure, field+"BufferOffset", at+4, "%d bytes at %d, the message has %d", size, offset, len(b))
	}
	*low = min(*low, int(offset))
	return b[offset : int(offset)+size], nil
}

// text is a payload that is UTF-16LE.
func text(structure, field string, b []byte, at int, low *int) (string, error) {
	p, err := payload(structure, field, b, at, MaxName, low)
	if err != nil {
		return "", err
	}
	if len(p)%2 != 0 {
		return "", malformed(structure, field+"Len", at, "UTF-16 of %d bytes", len(p))
	}
	return nt.UTF8(p), nil
}

// builder makes a message whose fixed part points to a payload behind it.
type builder struct {
	b     []byte // the message
	start int    // where it begins in b
	err   error
}

// field writes the fields at an offset and appends what they point to.
func (m *builder) field(name string, at int, p []byte, limit int) {
	if len(p) > limit && m.err == nil {
		m.err = fmt.Errorf("ntlm: a %s of %d bytes, at most %d are sent", name, len(p), limit)
	}
	if m.err != nil {
		return
	}
	at += m.start
	binary.LittleEndian.PutUint16(m.b[at:], uint16(len(p)))
	binary.LittleEndian.PutUint16(m.b[at+2:], uint16(len(p)))
	binary.LittleEndian.PutUint32(m.b[at+4:], uint32(len(m.b)-m.start))
	m.b = append(m.b, p...)
}

// begin appends the signature, the type and the rest of the fixed part as zeros.
func begin(b []byte, t messageType, fixed int) *builder {
	m := &builder{start: len(b)}
	m.b = append(append(b, signature...), byte(t))
	m.b = append(m.b, make([]byte, fixed-9)...)
	return m
}

func (m *builder) put32(at int, v uint32) { binary.LittleEndian.PutUint32(m.b[m.start+at:], v) }

func (m *builder) end() ([]byte, error) {
	if m.err == nil && len(m.b)-m.start > MaxMessage {
		m.err = fmt.Errorf("ntlm: a message of %d bytes, at most %d are sent", len(m.b)-m.start, MaxMessage)
	}
	if m.err != nil {
		return nil, m.err
	}
	return m.b, nil
}

// Negotiate is a NEGOTIATE_MESSAGE ([MS-NLMP] 2.2.1.1).
type Negotiate struct {
	Flags       Flags
	Domain      []byte // in the sender's OEM code page; counts with FlagDomainSupplied only
	Workstation []byte // likewise, with FlagWorkstationSupplied
	Version     Version
}

const structNegotiate = "NEGOTIATE_MESSAGE"

// UnmarshalBinary decodes a message. One that ends after its flags is taken: old
// clients send no more. The fields are copies.
func (m *Negotiate) UnmarshalBinary(b []byte) error {
	if err := head(structNegotiate, b, typeNegotiate, 16); err != nil {
		return err
	}
	n := Negotiate{Flags: Flags(binary.LittleEndian.Uint32(b[12:]))}
	low := len(b)
	for _, f := range []struct {
		flag Flags
		name string
		at   int
		to   *[]byte
	}{
		{FlagDomainSupplied, "DomainName", 16, &n.Domain},
		{FlagWorkstationSupplied, "Workstation", 24, &n.Workstation},
	} {
		if n.Flags&f.flag == 0 {
			continue
		}
		if len(b) < 32 {
			return malformed(structNegotiate, "", 0, "need 32 bytes, have %d", len(b))
		}
		p, err := payload(structNegotiate, f.name, b, f.at, MaxName, &low)
		if err != nil {
			return err
		}
		*f.to = append([]byte(nil), p...)
	}
	if n.Flags&FlagVersion != 0 && low >= 40 {
		n.Version = versionOf(b[32:40])
	}
	*m = n
	return nil
}

// AppendBinary appends the message. Names beyond MaxName are an error.
func (m *Negotiate) AppendBinary(b []byte) ([]byte, error) {
	n := begin(b, typeNegotiate, 40)
	n.put32(12, uint32(m.Flags))
	m.Version.append(n.b[:n.start+32])
	n.field("domain", 16, m.Domain, MaxName)
	n.field("workstation", 24, m.Workstation, MaxName)
	return n.end()
}

// Challenge is a CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2).
type Challenge struct {
	Flags           Flags
	TargetName      string
	ServerChallenge [8]byte
	TargetInfo      AVPairs
	Version         Version
}

const structChallenge = "CHALLENGE_MESSAGE"

// UnmarshalBinary decodes a message. One that is not Unicode is malformed.
func (m *Challenge) UnmarshalBinary(b []byte) error {
	if err := head(structChallenge, b, typeChallenge, 48); err != nil {
		return err
	}
	c := Challenge{Flags: Flags(binary.LittleEndian.Uint32(b[20:])), ServerChallenge: [8]byte(b[24:32])}
	if c.Flags&FlagUnicode == 0 {
		return malformed(structChallenge, "NegotiateFlags", 20, "not Unicode")
	}
	low := len(b)
	var err error
	if c.TargetName, err = text(structChallenge, "TargetName", b, 12, &low); err != nil {
		return err
	}
	info, err := payload(structChallenge, "TargetInfo", b, 40, MaxMessage, &low)
	if err != nil {
		return err
	}
	if c.Flags&FlagTargetInfo != 0 && info != nil {
		if err := c.TargetInfo.unmarshal(info, int(binary.LittleEndian.Uint32(b[44:]))); err != nil {
			return err
		}
	}
	if c.Flags&FlagVersion != 0 && low >= 56 {
		c.Version = versionOf(b[48:56])
	}
	*m = c
	return nil
}

// AppendBinary appends the message. What does not fit is an error.
func (m *Challenge) AppendBinary(b []byte) ([]byte, error) {
	var info []byte
	if m.Flags&FlagTargetInfo != 0 {
		var err error
		if info, err = m.TargetInfo.AppendBinary(nil); err != nil {
			return nil, err
		}
	}
	c := begin(b, typeChallenge, 56)
	c.put32(20, uint32(m.Flags))
	copy(c.b[c.start+24:], m.ServerChallenge[:])
	m.Version.append(c.b[:c.start+48])
	c.field("target name", 12, nt.AppendUTF16(nil, m.TargetName), MaxName)
	c.field("target information", 40, info, 0xffff)
	return c.end()
}

// Authenticate is an AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3).
type Authenticate struct {
	Flags       Flags
	LMResponse  []byte
	NTResponse  []byte // an NTLMv2_RESPONSE, except of somebody anonymous
	Domain      string
	User        string
	Workstation string
	SessionKey  []byte // EncryptedRandomSessionKey
	Version     Version
	// HasMIC says that the message has room for a MIC. That it is one is said by
	// the MsvAvFlags in NTResponse.
	HasMIC bool
	MIC    [16]byte
}

const (
	structAuthenticate = "AUTHENTICATE_MESSAGE"

	micAt = 72 // the offset of the MIC in its message
)

// UnmarshalBinary decodes a message. One that is not Unicode is malformed. The
// fields are copies.
func (m *Authenticate) UnmarshalBinary(b []byte) error {
	if err := head(structAuthenticate, b, typeAuthenticate, 64); err != nil {
		return err
	}
	a := Authenticate{Flags: Flags(binary.LittleEndian.Uint32(b[60:]))}
	if a.Flags&FlagUnicode == 0 {
		return malformed(structAuthenticate, "NegotiateFlags", 60, "not Unicode")
	}
	low := len(b)
	for _, f := range []struct {
		name string
		at   int
		to   *[]byte
	}{
		{"LmChallengeResponse", 12, &a.LMResponse},
		{"NtChallengeResponse", 20, &a.NTResponse},
		{"EncryptedRandomSessionKey", 52, &a.SessionKey},
	} {
		p, err := payload(structAuthenticate, f.name, b, f.at, MaxMessage, &low)
		if err != nil {
			return err
		}
		*f.to = append([]byte(nil), p...)
	}
	for _, f := range []struct {
		name string
		at   int
		to   *string
	}{
		{"DomainName", 28, &a.Domain},
		{"UserName", 36, &a.User},
		{"Workstation", 44, &a.Workstation},
	} {
		var err error
		if *f.to, err = text(structAuthenticate, f.name, b, f.at, &low); err != nil {
			return err
		}
	}
	// Version and MIC are there if the payload leaves room for them: the field has
	// no flag of its own, and old clients begin their payload at 64 or 72.
	if a.Flags&FlagVersion != 0 && low >= micAt {
		a.Version = versionOf(b[64:72])
	}
	if low >= micAt+16 {
		a.HasMIC = true
		a.MIC = [16]byte(b[micAt : micAt+16])
	}
	*m = a
	return nil
}

// AppendBinary appends the message. What does not fit is an error.
func (m *Authenticate) AppendBinary(b []byte) ([]byte, error) {
	fixed := micAt
	if m.HasMIC {
		fixed += 16
	}
	a := begin(b, typeAuthenticate, fixed)
	a.put32(60, uint32(m.Flags))
	m.Version.append(a.b[:a.start+64])
	if m.HasMIC {
		copy(a.b[a.start+micAt:], m.MIC[:])
	}
	a.field("domain", 28, nt.AppendUTF16(nil, m.Domain), MaxName)
	a.field("user", 36, nt.AppendUTF16(nil, m.User), MaxName)
	a.field("workstation", 44, nt.AppendUTF16(nil, m.Workstation), MaxName)
	a.field("LM response", 12, m.LMResponse, 0xffff)
	a.field("NT response", 20, m.NTResponse, 0xffff)
	a.field("session key", 52, m.SessionKey, 0xffff)
	return a.end()
}

// clientChallenge is an NTLMv2_CLIENT_CHALLENGE ([MS-NLMP] 2.2.2.7), with the four
// zero bytes that clients send after it.
type clientChallenge struct {
	Timestamp nt.Filetime
	Challenge [8]byte
	Pairs     AVPairs
}

const structClientChallenge = "NTLMv2_CLIENT_CHALLENGE"

func (c *clientChallenge) unmarshal(b []byte) error {
	switch {
	case len(b) < 32:
		return malformed(structClientChallenge, "", 0, "need 32 bytes, have %d", len(b))
	case b[0] != 1:
		return malformed(structClientChallenge, "RespType", 0, "want 1, have %d", b[0])
	case b[1] != 1:
		return malformed(structClientChallenge, "HiRespType", 1, "want 1, have %d", b[1])
	}
	c.Timestamp = nt.Filetime(binary.LittleEndian.Uint64(b[8:]))
	c.Challenge = [8]byte(b[16:24])
	return c.Pairs.unmarshal(b[28:], 28)
}

func (c *clientChallenge) marshal() ([]byte, error) {
	b := append(make([]byte, 0, 64), 1, 1, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Timestamp))
	b = append(b, c.Challenge[:]...)
	b = append(b, 0, 0, 0, 0)
	b, err := c.Pairs.AppendBinary(b)
	if err != nil {
		return nil, err
	}
	return append(b, 0, 0, 0, 0), nil
}
