package ntlm

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"unicode"

	"golang.org/x/crypto/md4" //lint:ignore SA1019 the NT hash is MD4

	"netelf.example/nt"
)

// NTHash is the hash that Windows keeps of a password: MD4 over its UTF-16LE
// ([MS-NLMP] 3.3.1, NTOWFv1). Who has it can log on as the user, without the
// password.
func NTHash(password string) (hash [16]byte) {
	h := md4.New()
	_, _ = h.Write(nt.AppendUTF16(nil, password)) // a hash never fails
	h.Sum(hash[:0])
	return hash
}

func hmacMD5(key []byte, parts ...[]byte) (sum [16]byte) {
	h := hmac.New(md5.New, key)
	for _, p := range parts {
		_, _ = h.Write(p) // a hash never fails
	}
	h.Sum(sum[:0])
	return sum
}

func sumMD5(parts ...[]byte) (sum [16]byte) {
	h := md5.New()
	for _, p := range parts {
		_, _ = h.Write(p) // a hash never fails
	}
	h.Sum(sum[:0])
	return sum
}

// crypt is RC4 under a key of 16 bytes, from its beginning.
func crypt(key [16]byte, b []byte) []byte {
	out := make([]byte, len(b))
	newRC4(key).XORKeyStream(out, b)
	return out
}

func newRC4(key [16]byte) *rc4.Cipher {
	c, _ := rc4.NewCipher(key[:]) // it refuses only keys of 0 and of more than 256 bytes
	return c
}

// upper is the user's name as it is hashed: in upper case by UTF-16 units, as
// Windows does it. No unit outside ASCII becomes one inside it.
func upper(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if r > 0xffff || r == 'µ' {
			continue
		}
		if u := unicode.ToUpper(r); u <= 0xffff && (u >= 0x80 || r < 0x80) {
			runes[i] = u
		}
	}
	return string(runes)
}

// responseKey is NTOWFv2 ([MS-NLMP] 3.3.2). The domain's case counts.
func responseKey(hash [16]byte, user, domain string) [16]byte {
	return hmacMD5(hash[:], nt.AppendUTF16(nt.AppendUTF16(nil, upper(user)), domain))
}

// proof is the NTProofStr over a client challenge, and sessionBase the
// SessionBaseKey, which with NTLMv2 is the KeyExchangeKey ([MS-NLMP] 3.3.2).
func proof(key [16]byte, server [8]byte, client []byte) [16]byte {
	return hmacMD5(key[:], server[:], client)
}

func sessionBase(key, proof [16]byte) [16]byte { return hmacMD5(key[:], proof[:]) }

// mic is the integrity code over the three messages; the third with zeros where
// the code will stand ([MS-NLMP] 3.1.5.1.2).
func mic(exported [16]byte, negotiate, challenge, authenticate []byte) [16]byte {
	var zero [16]byte
	return hmacMD5(exported[:], negotiate, challenge, authenticate[:micAt], zero[:], authenticate[micAt+16:])
}

// direction is one of the two ways of a connection.
type direction bool

const (
	toServer direction = false
	toClient direction = true
)

func (d direction) String() string {
	if d == toClient {
		return "server-to-client"
	}
	return "client-to-server"
}

// signKey is SIGNKEY and sealKey SEALKEY with extended session security
// ([MS-NLMP] 3.4.5.2, 3.4.5.3).
func signKey(exported [16]byte, d direction) [16]byte {
	return sumMD5(exported[:], []byte("session key to "+d.String()+" signing key magic constant\x00"))
}

func sealKey(f Flags, exported [16]byte, d direction) [16]byte {
	key := exported[:]
	if f&Flag128 == 0 {
		key = key[:7]
	}
	return sumMD5(key, []byte("session key to "+d.String()+" sealing key magic constant\x00"))
}
