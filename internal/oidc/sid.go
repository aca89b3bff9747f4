package oidc

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"netelf.example/nt"
)

// SIDs of those whom a provider knows begin with an authority that is nobody else's,
// the six letters "netelf", and a 1. Five numbers follow, so that neither a domain of
// Windows nor Samba's Unix users (S-1-22) can mean the same.
const sidPrefix = "S-1-0x6e6574656c66-1"

// SID is the user's: of the SHA-256 of issuer and subject, of which it has the first
// 160 bits. It stays when the name becomes another one.
func (i *Identity) SID() nt.SID {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(i.Issuer)))
	sum := sha256.Sum256(append(append(b, i.Issuer...), i.Subject...))
	text := sidPrefix
	for n := range 5 {
		text += "-" + strconv.FormatUint(uint64(binary.BigEndian.Uint32(sum[4*n:])), 10)
	}
	return nt.SID(text)
}
