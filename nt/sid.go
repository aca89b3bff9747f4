package nt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// SID is a security identifier in its canonical text form, "S-1-5-18" (MS-DTYP
// section 2.4.2.1). Being a string it is immutable and comparable, sorts, serves
// as a map key and needs no resolving; "" is no SID. Make one of foreign text
// with ParseSID: only canonical texts are equal when the SIDs are.
type SID string

// MaxSubAuthorities is the largest number of sub-authorities that a SID has
// (MS-DTYP section 2.4.2.2).
const MaxSubAuthorities = 15

const (
	sidRevision      = 1
	sidHeaderLen     = 8              // revision, count and identifier authority
	maxSIDAuthority  = 1<<48 - 1      // six bytes
	maxSIDDecimal    = math.MaxUint32 // the largest authority written in decimal
	maxSubAuthDigits = 10             // of a decimal sub-authority
	maxSIDText       = 4 + 15 + 15*11 // "S-1-", 2^48 in decimal, 15 times "-4294967295"
)

// UnixUser returns the SID that Samba gives a Unix user that has no other,
// S-1-22-1-uid.
func UnixUser(uid uint32) SID {
	return SID("S-1-22-1-" + strconv.FormatUint(uint64(uid), 10))
}

// UnixGroup returns the SID that Samba gives a Unix group that has no other,
// S-1-22-2-gid.
func UnixGroup(gid uint32) SID {
	return SID("S-1-22-2-" + strconv.FormatUint(uint64(gid), 10))
}

// sidParts is a SID taken apart.
type sidParts struct {
	authority uint64
	sub       [MaxSubAuthorities]uint32
	n         int // of sub
}

// appendText appends the canonical form. An authority of 2^32 and above is
// written as 0x and twelve hexadecimal digits.
func (p *sidParts) appendText(dst []byte) []byte {
	dst = append(dst, "S-1-"...)
	if p.authority <= maxSIDDecimal {
		dst = strconv.AppendUint(dst, p.authority, 10)
	} else {
		const digits = "0123456789abcdef"
		dst = append(dst, "0x"...)
		for shift := 44; shift >= 0; shift -= 4 {
			dst = append(dst, digits[p.authority>>shift&15])
		}
	}
	for _, sub := range p.sub[:p.n] {
		dst = append(dst, '-')
		dst = strconv.AppendUint(dst, uint64(sub), 10)
	}
	return dst
}

// sid returns the canonical form as a SID, without an allocation if it is well
// known.
func (p *sidParts) sid() SID {
	var buf [maxSIDText]byte
	return sidOf(p.appendText(buf[:0]))
}

// sidOf returns canonical text as a SID, without an allocation if it is well
// known: most records of most logs carry one of a few SIDs.
func sidOf(text []byte) SID {
	if r := wellKnown(text); r != nil {
		return r.sid
	}
	return SID(text)
}

// ParseSID parses the text form of a SID and returns it in canonical form. The S
// may be lower-case, the authority decimal or hexadecimal behind 0x, and numbers
// may have leading zeros. "S-1-5", with no sub-authority, is accepted though the
// grammar of MS-DTYP wants one, because the binary form can say it. Names and
// the two-letter forms of SDDL are not SIDs here; see WellKnownSID.
func ParseSID(s string) (SID, error) {
	var p sidParts
	if err := p.parse(s); err != nil {
		return "", err
	}
	return p.sid(), nil
}

// parse fills p, which is zero, from text.
func (p *sidParts) parse(s string) error {
	if s == "" {
		return errors.New("sid: empty")
	}
	if len(s) > maxSIDText {
		return fmt.Errorf("sid %q: %d characters, at most %d", quotable(s), len(s), maxSIDText)
	}
	rest, ok := strings.CutPrefix(s, "S-")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "s-"); !ok {
			return fmt.Errorf("sid %q: does not begin with S-", s)
		}
	}
	revision, rest, ok := strings.Cut(rest, "-")
	if revision != "1" {
		return fmt.Errorf("sid %q: revision %q, want 1", s, revision)
	}
	if !ok {
		return fmt.Errorf("sid %q: no authority", s)
	}
	authority, rest, more := strings.Cut(rest, "-")
	var err error
	if hex, isHex := cutHexPrefix(authority); isHex {
		p.authority, err = strconv.ParseUint(hex, 16, 64)
	} else {
		p.authority, err = strconv.ParseUint(authority, 10, 64)
	}
	switch {
	case numberError(err):
		return fmt.Errorf("sid %q: authority is not a number", s)
	case err != nil, p.authority > maxSIDAuthority:
		return fmt.Errorf("sid %q: authority is over 48 bits", s)
	}
	for more {
		var field string
		field, rest, more = strings.Cut(rest, "-")
		if p.n == MaxSubAuthorities {
			return fmt.Errorf("sid %q: over %d sub-authorities", s, MaxSubAuthorities)
		}
		v, err := strconv.ParseUint(field, 10, 32)
		switch {
		case numberError(err):
			return fmt.Errorf("sid %q: sub-authority %d is not a number", s, p.n+1)
		case err != nil:
			return fmt.Errorf("sid %q: sub-authority %d is over 32 bits", s, p.n+1)
		case len(field) > maxSubAuthDigits:
			return fmt.Errorf("sid %q: sub-authority %d has %d digits, at most %d", s, p.n+1, len(field), maxSubAuthDigits)
		}
		p.sub[p.n] = uint32(v)
		p.n++
	}
	return nil
}

// cutHexPrefix removes 0x or 0X.
func cutHexPrefix(s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "0x"); ok {
		return rest, true
	}
	return strings.CutPrefix(s, "0X")
}

// numberError reports whether err of strconv is about the syntax, not the range.
func numberError(err error) bool {
	return errors.Is(err, strconv.ErrSyntax)
}

// decode fills p, which is zero, from the binary form and returns its length.
func (p *sidParts) decode(b []byte) (n int, err error) {
	if len(b) < sidHeaderLen {
		return 0, fmt.Errorf("sid: %d bytes, need %d", len(b), sidHeaderLen)
	}
	if b[0] != sidRevision {
		return 0, fmt.Errorf("sid: revision %d, want %d", b[0], sidRevision)
	}
	p.n = int(b[1])
	if p.n > MaxSubAuthorities {
		return 0, fmt.Errorf("sid: %d sub-authorities, at most %d", p.n, MaxSubAuthorities)
	}
	n = sidHeaderLen + 4*p.n
	if len(b) < n {
		return 0, fmt.Errorf("sid: %d bytes, need %d for %d sub-authorities", len(b), n, p.n)
	}
	p.authority = uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	for i := range p.n {
		p.sub[i] = binary.LittleEndian.Uint32(b[sidHeaderLen+4*i:])
	}
	return n, nil
}

// DecodeSID decodes the binary form of a SID at the start of b (MS-DTYP section
// 2.4.2.2): revision, count, six bytes of big-endian authority, the
// sub-authorities little-endian. n is the number of bytes that it takes; what
// follows is not looked at. On an error n is zero. A well-known SID is decoded
// without an allocation, any other with one.
func DecodeSID(b []byte) (s SID, n int, err error) {
	var p sidParts
	if n, err = p.decode(b); err != nil {
		return "", 0, err
	}
	return p.sid(), n, nil
}

// AppendSIDText decodes like DecodeSID and appends the canonical text to dst. It
// allocates only where dst has no room; on an error dst is returned as it was.
func AppendSIDText(dst, b []byte) ([]byte, error) {
	var p sidParts
	if _, err := p.decode(b); err != nil {
		return dst, err
	}
	return p.appendText(dst), nil
}

// AppendBinary appends the binary form of s (MS-DTYP section 2.4.2.2). On an
// error, which is ParseSID's, dst is returned as it was. For no SID, "", there
// is no binary form: whether a field without one is empty or S-1-0-0 is for the
// format to say.
func (s SID) AppendBinary(dst []byte) ([]byte, error) {
	var p sidParts
	if err := p.parse(string(s)); err != nil {
		return dst, err
	}
	dst = append(dst, sidRevision, byte(p.n))
	dst = binary.BigEndian.AppendUint16(dst, uint16(p.authority>>32))
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.authority))
	for _, sub := range p.sub[:p.n] {
		dst = binary.LittleEndian.AppendUint32(dst, sub)
	}
	return dst, nil
}

// Valid reports whether s is a SID in canonical form, one that ParseSID returns
// unchanged. No SID, "", is not valid.
func (s SID) Valid() bool {
	var p sidParts
	if p.parse(string(s)) != nil {
		return false
	}
	var buf [maxSIDText]byte
	return string(p.appendText(buf[:0])) == string(s)
}
