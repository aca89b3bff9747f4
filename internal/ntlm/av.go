package ntlm

import (
	"encoding/binary"
	"fmt"

	"netelf.example/nt"
)

// AVID says what an AV_PAIR is ([MS-NLMP] 2.2.2.1).
type AVID uint16

const (
	AVEOL             AVID = 0  // MsvAvEOL
	AVNbComputerName  AVID = 1  // MsvAvNbComputerName, UTF-16LE
	AVNbDomainName    AVID = 2  // MsvAvNbDomainName, UTF-16LE
	AVDNSComputerName AVID = 3  // MsvAvDnsComputerName, UTF-16LE
	AVDNSDomainName   AVID = 4  // MsvAvDnsDomainName, UTF-16LE
	AVDNSTreeName     AVID = 5  // MsvAvDnsTreeName, UTF-16LE
	AVFlags           AVID = 6  // MsvAvFlags, 32 bits
	AVTimestamp       AVID = 7  // MsvAvTimestamp, a FILETIME
	AVSingleHost      AVID = 8  // MsvAvSingleHost, a Single_Host_Data
	AVTargetName      AVID = 9  // MsvAvTargetName, UTF-16LE: the server's principal name
	AVChannelBindings AVID = 10 // MsvAvChannelBindings, an MD5 hash of 16 bytes
)

// avFlagMIC of MsvAvFlags: the AUTHENTICATE_MESSAGE has a MIC.
const avFlagMIC = 0x2

// MaxAVPairs is how many pairs a list may have.
const MaxAVPairs = 64

// AVPair is one AV_PAIR.
type AVPair struct {
	ID    AVID
	Value []byte
}

// AVPairs is a list of them, without the AVEOL that ends it.
type AVPairs []AVPair

// Find is the value of the first pair with that id.
func (p AVPairs) Find(id AVID) (value []byte, ok bool) {
	for _, pair := range p {
		if pair.ID == id {
			return pair.Value, true
		}
	}
	return nil, false
}

// text is the value of a pair that is a text, "" without it.
func (p AVPairs) text(id AVID) string {
	v, _ := p.Find(id)
	return nt.UTF8(v)
}

// flags are the MsvAvFlags, 0 without them.
func (p AVPairs) flags() uint32 {
	if v, ok := p.Find(AVFlags); ok && len(v) == 4 {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// timestamp is the MsvAvTimestamp.
func (p AVPairs) timestamp() (t nt.Filetime, ok bool) {
	if v, ok := p.Find(AVTimestamp); ok && len(v) == 8 {
		return nt.Filetime(binary.LittleEndian.Uint64(v)), true
	}
	return 0, false
}

// set is the list with a pair replaced, or added at its end.
func (p AVPairs) set(id AVID, value []byte) AVPairs {
	for i := range p {
		if p[i].ID == id {
			p[i].Value = value
			return p
		}
	}
	return append(p, AVPair{id, value})
}

// AppendBinary appends the list and its AVEOL. A value of more than 65535 bytes,
// more than MaxAVPairs pairs and a pair AVEOL are errors.
func (p AVPairs) AppendBinary(b []byte) ([]byte, error) {
	if len(p) > MaxAVPairs {
		return nil, fmt.Errorf("ntlm: %d pairs, at most %d fit", len(p), MaxAVPairs)
	}
	for _, pair := range p {
		if pair.ID == AVEOL || len(pair.Value) > 0xffff {
			return nil, fmt.Errorf("ntlm: a pair %d of %d bytes cannot be encoded", pair.ID, len(pair.Value))
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(pair.ID))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(pair.Value)))
		b = append(b, pair.Value...)
	}
	return append(b, 0, 0, 0, 0), nil
}

// UnmarshalBinary decodes a list up to its AVEOL, whatever follows that. The
// values are copies.
func (p *AVPairs) UnmarshalBinary(b []byte) error {
	return p.unmarshal(b, 0)
}

// unmarshal decodes a list that stands at an offset of its message.
func (p *AVPairs) unmarshal(b []byte, offset int) error {
	const name = "AV_PAIR"
	*p = nil
	for at := 0; ; {
		if len(b)-at < 4 {
			return malformed(name, "AvId", offset+at, "the list has no end: need 4 bytes, have %d", len(b)-at)
		}
		id, size := AVID(binary.LittleEndian.Uint16(b[at:])), int(binary.LittleEndian.Uint16(b[at+2:]))
		if size > len(b)-at-4 {
			return malformed(name, "AvLen", offset+at+2, "need %d bytes, have %d", size, len(b)-at-4)
		}
		want := -1
		switch id {
		case AVEOL:
			if size != 0 {
				return malformed(name, "AvLen", offset+at+2, "the end has %d bytes, want 0", size)
			}
			return nil
		case AVFlags:
			want = 4
		case AVTimestamp:
			want = 8
		case AVChannelBindings:
			want = 16
		}
		if want >= 0 && size != want {
			return malformed(name, "AvLen", offset+at+2, "a pair %d has %d bytes, want %d", id, size, want)
		}
		if len(*p) == MaxAVPairs {
			return malformed(name, "AvId", offset+at, "more than %d pairs", MaxAVPairs)
		}
		*p = append(*p, AVPair{id, append([]byte(nil), b[at+4:at+4+size]...)})
		at += 4 + size
	}
}
