package spnego

import (
	"strconv"
	"strings"
)

// OID is an object identifier as DER encodes its content.
type OID string

const (
	SPNEGO     OID = "\x2b\x06\x01\x05\x05\x02"                 // 1.3.6.1.5.5.2
	NTLM       OID = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" // 1.3.6.1.4.1.311.2.2.10
	NegoEx     OID = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e" // 1.3.6.1.4.1.311.2.2.30
	Kerberos   OID = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"     // 1.2.840.113554.1.2.2
	MSKerberos OID = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"     // 1.2.840.48018.1.2.2, Windows' own number
)

const (
	maxOID = 64      // bytes of an OID that is read
	maxArc = 1 << 56 // an arc of this size or more is not shown in the dotted form
)

// String is the dotted form, "1.3.6.1.5.5.2"; of bytes that are no object
// identifier it is their hexadecimal.
func (o OID) String() string {
	var arcs []string
	var arc uint64
	for i := 0; i < len(o); i++ {
		c := o[i]
		if arc >= maxArc || i == len(o)-1 && c >= 0x80 {
			return "0x" + hexOf(o)
		}
		arc = arc<<7 | uint64(c&0x7f)
		if c >= 0x80 {
			continue
		}
		if arcs == nil {
			first := min(arc/40, 2)
			arcs = append(arcs, strconv.FormatUint(first, 10))
			arc -= first * 40
		}
		arcs = append(arcs, strconv.FormatUint(arc, 10))
		arc = 0
	}
	return strings.Join(arcs, ".")
}

func hexOf(o OID) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 2*len(o))
	for i := 0; i < len(o); i++ {
		b = append(b, digits[o[i]>>4], digits[o[i]&15])
	}
	return string(b)
}
