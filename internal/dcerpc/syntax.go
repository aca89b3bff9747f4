package dcerpc

import (
	"encoding/binary"
	"fmt"

	"netelf.example/nt"
)

// SyntaxID names an interface or a transfer syntax and its version
// (p_syntax_id_t, C706 12.6.3.1). The major version is in the low 16 bits of
// Version, the minor one in the high.
type SyntaxID struct {
	UUID    nt.GUID
	Version uint32
}

// syntaxSize is what a SyntaxID takes on the wire, in bytes.
const syntaxSize = 20

// NDR is the one transfer syntax that is spoken here:
// 8a885d04-1ceb-11c9-9fe8-08002b104860, version 2.0.
var NDR = SyntaxID{
	UUID:    nt.GUID{0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60},
	Version: 2,
}

// featurePrefix is how the UUID of the bind-time feature negotiation begins:
// 6cb71c2c-9812-4540 (3.3.1.5.3). The eight bytes behind it are bits.
var featurePrefix = [8]byte{0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45}

// Bits of the bind-time feature negotiation (2.2.2.14).
const (
	featureContextMultiplexing = 0x01 // SecurityContextMultiplexingSupported
	featureKeepOnOrphan        = 0x02 // KeepConnectionOnOrphanSupported
)

// Major is the major version.
func (s SyntaxID) Major() uint16 { return uint16(s.Version) }

// Minor is the minor version.
func (s SyntaxID) Minor() uint16 { return uint16(s.Version >> 16) }

func (s SyntaxID) String() string {
	return fmt.Sprintf("%s v%d.%d", s.UUID, s.Major(), s.Minor())
}

// serves says whether what is offered as s can be used as want: the same
// interface and major version, and a minor version that is no older.
func (s SyntaxID) serves(want SyntaxID) bool {
	return s.UUID == want.UUID && s.Major() == want.Major() && s.Minor() >= want.Minor()
}

// features are the bits of a feature negotiation; ok says whether s is one.
func (s SyntaxID) features() (bits byte, ok bool) {
	if [8]byte(s.UUID[:8]) != featurePrefix || s.Version != 1 {
		return 0, false
	}
	return s.UUID[8], true
}

// guidIn is the GUID of 16 bytes in the given order. Its first three fields are
// numbers and are swapped in big-endian.
func guidIn(b []byte, order binary.ByteOrder) nt.GUID {
	g := nt.GUID(b[:16])
	if order == binary.ByteOrder(binary.BigEndian) {
		g[0], g[1], g[2], g[3] = g[3], g[2], g[1], g[0]
		g[4], g[5] = g[5], g[4]
		g[6], g[7] = g[7], g[6]
	}
	return g
}

func syntaxIn(b []byte, order binary.ByteOrder) SyntaxID {
	return SyntaxID{guidIn(b, order), order.Uint32(b[16:])}
}

func appendSyntax(dst []byte, s SyntaxID, order order) []byte {
	g := guidIn(s.UUID[:], order) // the swap is its own inverse
	return order.AppendUint32(append(dst, g[:]...), s.Version)
}

// order is a byte order that reads and appends: binary.LittleEndian or BigEndian.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}
