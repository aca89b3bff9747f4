package krb5

import (
	"errors"
	"fmt"
)

// MaxToken is the longest token that is read, in bytes: a ticket with the groups of
// someone who is in a thousand of them has less.
const MaxToken = 64 << 10

// Token identifiers of [RFC 4121] 4.1.
const (
	idRequest = 0x0100
	idReply   = 0x0200
	idError   = 0x0300
)

// First bytes of bare messages: their ASN.1 application tags.
const (
	tagRequest = 0x60 | 14
	tagReply   = 0x60 | 15
	tagError   = 0x60 | 30
	tagFrame   = 0x60
)

// mechanism is the OID of Kerberos, in DER with its tag and length.
const mechanism = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"

// frame puts a message into the GSS-API header ([RFC 2743] 3.1).
func frame(id uint16, message []byte) []byte {
	n := len(mechanism) + 2 + len(message)
	b := append([]byte{tagFrame}, derLength(n)...)
	b = append(b, mechanism...)
	return append(append(b, byte(id>>8), byte(id)), message...)
}

func derLength(n int) []byte {
	switch {
	case n < 0x80:
		return []byte{byte(n)}
	case n < 0x100:
		return []byte{0x81, byte(n)}
	case n < 0x10000:
		return []byte{0x82, byte(n >> 8), byte(n)}
	}
	return []byte{0x83, byte(n >> 16), byte(n >> 8), byte(n)}
}

// unframe is the message in a token, framed or bare, and what it is.
func unframe(b []byte) (id uint16, message []byte, err error) {
	switch {
	case len(b) == 0:
		return 0, nil, errors.New("kerberos: empty token")
	case len(b) > MaxToken:
		return 0, nil, fmt.Errorf("kerberos: a token of %d bytes, at most %d", len(b), MaxToken)
	}
	switch b[0] {
	case tagRequest:
		return idRequest, b, nil
	case tagReply:
		return idReply, b, nil
	case tagError:
		return idError, b, nil
	case tagFrame:
		n, rest, ok := readLength(b[1:])
		if !ok || n != len(rest) || len(rest) < len(mechanism)+2 || string(rest[:len(mechanism)]) != mechanism {
			return 0, nil, errors.New("kerberos: the token's header is not that of Kerberos")
		}
		rest = rest[len(mechanism):]
		return uint16(rest[0])<<8 | uint16(rest[1]), rest[2:], nil
	}
	return 0, nil, fmt.Errorf("kerberos: no token begins with 0x%02x", b[0])
}

// readLength reads a definite length of DER, of up to three bytes.
func readLength(b []byte) (n int, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	if b[0] < 0x80 {
		return int(b[0]), b[1:], true
	}
	k := int(b[0] & 0x7f)
	if k < 1 || k > 3 || len(b) < 1+k {
		return 0, nil, false
	}
	for _, c := range b[1 : 1+k] {
		n = n<<8 | int(c)
	}
	return n, b[1+k:], true
}
