package krb5

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/common"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Sizes and values of tokens ([RFC 4121] 4.2.6).
const (
	headerSize = 16
	confounder = blockSize
	macSize    = 12 // HMAC-SHA1-96
	rotation   = headerSize + macSize
	filler     = blockSize // Windows takes none with an EC of 0
	maxFiller  = 64        // that is taken

	micSize  = headerSize + macSize
	wrapSize = headerSize + filler + rotation + confounder

	idMIC  = 0x0404
	idWrap = 0x0504

	flagAcceptor = 1
	flagSealed   = 2
	flagSubkey   = 4
)

// errToken is a token that does not protect what it came with.
var errToken = errors.New("kerberos: wrong signature")

// usable says whether messages can be protected with keys of a type.
func usable(etype int32) bool {
	return etype == etypeID.AES256_CTS_HMAC_SHA1_96 || etype == etypeID.AES128_CTS_HMAC_SHA1_96
}

// keys are what protects one direction.
type keys struct {
	block   cipher.Block // encrypts a wrap token
	sealing []byte       // its HMAC's
	signing []byte       // that of a MIC token
}

func newKeys(key types.EncryptionKey, seal, sign uint32) (k keys, err error) {
	e, err := crypto.GetEtype(key.KeyType)
	if err != nil || !usable(key.KeyType) || len(key.KeyValue) != e.GetKeyByteSize() {
		return k, fmt.Errorf("kerberos: messages cannot be protected with a key of type %d and %d bytes", key.KeyType, len(key.KeyValue))
	}
	encrypting, err := e.DeriveKey(key.KeyValue, common.GetUsageKe(seal))
	if err != nil {
		return k, err
	}
	if k.sealing, err = e.DeriveKey(key.KeyValue, common.GetUsageKi(seal)); err != nil {
		return k, err
	}
	if k.signing, err = e.DeriveKey(key.KeyValue, common.GetUsageKc(sign)); err != nil {
		return k, err
	}
	k.block, err = aes.NewCipher(encrypting)
	return k, err
}

// direction is one direction of a session: for one goroutine at a time.
type direction struct {
	keys
	flags byte
	seq   uint64
	buf   []byte
}

// header is a token's, with RRC 0.
func (d *direction) header(id uint16, flags byte, ec int) (h [headerSize]byte) {
	binary.BigEndian.PutUint16(h[:], id)
	h[2] = flags
	h[3] = 0xff
	if id == idMIC {
		h[4], h[5], h[6], h[7] = 0xff, 0xff, 0xff, 0xff
	} else {
		binary.BigEndian.PutUint16(h[4:], uint16(ec))
	}
	binary.BigEndian.PutUint64(h[8:], d.seq)
	return h
}

// mac is the HMAC over parts.
func mac(key []byte, parts ...[]byte) []byte {
	m := hmac.New(sha1.New, key)
	for _, p := range parts {
		_, _ = m.Write(p) // it never fails
	}
	return m.Sum(nil)[:macSize]
}

// Session protects messages in DCE style: what is encrypted stays in its place, and the
// token stands apart. Each direction has its own order, in which messages must come.
type Session struct {
	key        types.EncryptionKey
	send, recv direction
}

// newSession makes the session of a key. sent and expected are the first sequence
// numbers of either side.
func newSession(key types.EncryptionKey, initiator, acceptorSubkey bool, sent, expected uint32) (*Session, error) {
	s := &Session{key: key, send: direction{seq: uint64(sent)}, recv: direction{seq: uint64(expected)}}
	ours, theirs := &s.send, &s.recv
	if !initiator {
		ours, theirs = theirs, ours
	}
	// ours is now what the initiator sends.
	theirs.flags = flagAcceptor
	if acceptorSubkey {
		ours.flags |= flagSubkey
		theirs.flags |= flagSubkey
	}
	var err error
	if ours.keys, err = newKeys(key, keyusage.GSSAPI_INITIATOR_SEAL, keyusage.GSSAPI_INITIATOR_SIGN); err != nil {
		return nil, err
	}
	theirs.keys, err = newKeys(key, keyusage.GSSAPI_ACCEPTOR_SEAL, keyusage.GSSAPI_ACCEPTOR_SIGN)
	return s, err
}

// SessionKey is the key that protocols above derive theirs from.
func (s *Session) SessionKey() []byte { return append([]byte{}, s.key.KeyValue...) }

// SignatureSize is the length of what Seal, or Sign, gives.
func (s *Session) SignatureSize(sealed bool) int {
	if sealed {
		return wrapSize
	}
	return micSize
}

// SignsHeader: what a signature covers beside the data is negotiated.
func (s *Session) SignsHeader() bool { return false }

// Seal encrypts whole[from:to] in place, and signs all of whole.
func (s *Session) Seal(whole []byte, from, to int) (token []byte, err error) {
	d := &s.send
	h := d.header(idWrap, d.flags|flagSealed, filler)
	n := to - from
	b := d.buffer(confounder + n + filler + headerSize)
	if _, err := rand.Read(b[:confounder]); err != nil {
		return nil, err
	}
	copy(b[confounder:], whole[from:to])
	tail := b[confounder+n:]
	for i := range filler {
		tail[i] = 0xff
	}
	copy(tail[filler:], h[:])
	sum := mac(d.sealing, b[:confounder], whole, tail)
	encryptCTS(d.block, b)
	copy(whole[from:to], b[confounder:])

	binary.BigEndian.PutUint16(h[6:], rotation)
	token = append(make([]byte, 0, wrapSize), h[:]...)
	token = append(append(token, tail...), sum...)
	d.seq++
	return append(token, b[:confounder]...), nil
}

// buffer is n bytes, and as many behind as there are to the end of a block.
func (d *direction) buffer(n int) []byte {
	if size := (n + blockSize - 1) &^ (blockSize - 1); cap(d.buf) < size {
		d.buf = make([]byte, size)
	}
	return d.buf[:n]
}

// Unseal is the inverse of Seal; after an error, whole is not to be used.
func (s *Session) Unseal(whole []byte, from, to int, token []byte) error {
	d := &s.recv
	if len(token) < headerSize+rotation+confounder {
		return fmt.Errorf("kerberos: a wrap token of %d bytes: %w", len(token), errToken)
	}
	ec := int(binary.BigEndian.Uint16(token[4:]))
	h := d.header(idWrap, d.flags|flagSealed, ec)
	outer := h
	binary.BigEndian.PutUint16(outer[6:], rotation)
	if string(token[:headerSize]) != string(outer[:]) || ec > maxFiller || len(token) != headerSize+ec+rotation+confounder {
		return d.unlike("wrap", token, outer)
	}
	rest := token[headerSize:]
	tail, rest := rest[:ec+headerSize], rest[ec+headerSize:]
	sum, conf := rest[:macSize], rest[macSize:]
	n := to - from
	b := d.buffer(confounder + n + len(tail))
	copy(b, conf)
	copy(b[confounder:], whole[from:to])
	copy(b[confounder+n:], tail)
	decryptCTS(d.block, b)
	copy(whole[from:to], b[confounder:])
	tail = b[confounder+n:]
	if subtle.ConstantTimeCompare(sum, mac(d.sealing, b[:confounder], whole, tail)) != 1 || string(tail[ec:]) != string(h[:]) {
		return errToken
	}
	d.seq++
	return nil
}

// unlike is a token whose header is not the one that must come.
func (d *direction) unlike(what string, have []byte, want [headerSize]byte) error {
	if seq := binary.BigEndian.Uint64(have[8:]); seq != d.seq && string(have[:4]) == string(want[:4]) {
		return fmt.Errorf("kerberos: %s token number %d, want %d: %w", what, seq, d.seq, errToken)
	}
	return fmt.Errorf("kerberos: %s token begins with %x, want %x: %w", what, have[:8], want[:8], errToken)
}

// Sign signs whole.
func (s *Session) Sign(whole []byte) (token []byte, err error) {
	d := &s.send
	h := d.header(idMIC, d.flags, 0)
	d.seq++
	return append(append(make([]byte, 0, micSize), h[:]...), mac(d.signing, whole, h[:])...), nil
}

// Verify checks the signature of whole.
func (s *Session) Verify(whole, token []byte) error {
	d := &s.recv
	if len(token) != micSize {
		return fmt.Errorf("kerberos: a signature of %d bytes, want %d: %w", len(token), micSize, errToken)
	}
	h := d.header(idMIC, d.flags, 0)
	if string(token[:headerSize]) != string(h[:]) {
		return d.unlike("MIC", token, h)
	}
	if subtle.ConstantTimeCompare(token[headerSize:], mac(d.signing, whole, h[:])) != 1 {
		return errToken
	}
	d.seq++
	return nil
}
