package ntlm

import (
	"crypto/hmac"
	"crypto/rc4"
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// SignatureSize is the number of bytes of a signature.
const SignatureSize = 16

// Session protects the messages of an established context ([MS-NLMP] 3.4). What is
// sent and what is received have keys, cipher state and sequence number of their
// own: one goroutine may send while another one receives, but not two each. A
// message that is wrong ends its direction: everything later in it is ErrSignature.
type Session struct {
	flags      Flags
	key        [16]byte
	send, recv stream
	serverTime time.Time
}

// stream is one direction.
type stream struct {
	signKey [16]byte
	cipher  *rc4.Cipher
	seq     uint32
	broken  bool
}

func newStream(f Flags, exported [16]byte, d direction) stream {
	return stream{signKey: signKey(exported, d), cipher: newRC4(sealKey(f, exported, d))}
}

// newSession is the session of the side that sends in direction d.
func newSession(f Flags, exported [16]byte, d direction) *Session {
	return &Session{flags: f, key: exported, send: newStream(f, exported, d), recv: newStream(f, exported, !d)}
}

// String says what was negotiated, and nothing of the keys.
func (s *Session) String() string { return "ntlm session: " + s.flags.String() }

// GoString is String, so that no verb of fmt prints the keys.
func (s *Session) GoString() string { return s.String() }

// Format prints String for every verb.
func (s *Session) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// Flags are what was negotiated.
func (s *Session) Flags() Flags { return s.flags }

// Key is the ExportedSessionKey, from which other protocols derive theirs.
func (s *Session) Key() [16]byte { return s.key }

// ServerTime is the server's time as its challenge has it, in units of 100 ns; ok
// is false if it has none. It was taken when the challenge was made.
func (s *Session) ServerTime() (t time.Time, ok bool) {
	return s.serverTime, !s.serverTime.IsZero()
}

// SignatureSize is the number of bytes that Seal gives, and Sign too.
func (s *Session) SignatureSize(bool) int { return SignatureSize }

// Seal encrypts whole[from:to] in place and gives the signature over all of whole
// as it was before. ErrProtection: sealing was not negotiated.
func (s *Session) Seal(whole []byte, from, to int) (sig []byte, err error) {
	if err := s.check(FlagSeal, whole, from, to); err != nil {
		return nil, err
	}
	return s.send.sign(s.flags, whole, whole[from:to])
}

// Unseal decrypts whole[from:to] in place and then checks the signature over all
// of whole. ErrSignature: it does not fit, and nothing of whole may be used.
func (s *Session) Unseal(whole []byte, from, to int, sig []byte) error {
	if err := s.check(FlagSeal, whole, from, to); err != nil {
		return err
	}
	return s.recv.verify(s.flags, whole, whole[from:to], sig)
}

// Sign gives the signature over whole. ErrProtection: signing was not negotiated.
func (s *Session) Sign(whole []byte) (sig []byte, err error) {
	if err := s.check(FlagSign|FlagSeal, nil, 0, 0); err != nil {
		return nil, err
	}
	return s.send.sign(s.flags, whole, nil)
}

// Verify checks the signature over whole. ErrSignature: it does not fit.
func (s *Session) Verify(whole, sig []byte) error {
	if err := s.check(FlagSign|FlagSeal, nil, 0, 0); err != nil {
		return err
	}
	return s.recv.verify(s.flags, whole, nil, sig)
}

// MakeMIC is Sign for SPNEGO's mechListMIC: the cipher stands afterwards where it
// stood before, so that the first message of the application is signed with the
// same part of the key stream, and only the sequence number goes on ([MS-SPNG]
// 3.3.5.1; seen in Samba 4.17).
func (s *Session) MakeMIC(list []byte) (sig []byte, err error) {
	cipher := *s.send.cipher
	sig, err = s.Sign(list)
	*s.send.cipher = cipher
	return sig, err
}

// CheckMIC is Verify for SPNEGO's mechListMIC; see MakeMIC.
func (s *Session) CheckMIC(list, sig []byte) error {
	cipher := *s.recv.cipher
	err := s.Verify(list, sig)
	*s.recv.cipher = cipher
	return err
}

func (s *Session) check(any Flags, whole []byte, from, to int) error {
	if s.flags&any == 0 {
		return ErrProtection
	}
	if from < 0 || from > to || to > len(whole) {
		return fmt.Errorf("ntlm: bytes %d to %d of %d cannot be sealed", from, to, len(whole))
	}
	return nil
}

// mac is the NTLMSSP_MESSAGE_SIGNATURE of the next message ([MS-NLMP] 3.4.4.2):
// version 1, checksum, sequence number. The checksum is encrypted by seal.
func (d *stream) mac(whole []byte) (sig [SignatureSize]byte) {
	binary.LittleEndian.PutUint32(sig[:], 1)
	binary.LittleEndian.PutUint32(sig[12:], d.seq)
	sum := hmacMD5(d.signKey[:], sig[12:], whole)
	copy(sig[4:12], sum[:])
	return sig
}

// encryptSum encrypts the checksum of a signature, if keys were exchanged.
func (d *stream) encryptSum(f Flags, sig *[SignatureSize]byte) {
	if f&FlagKeyExchange != 0 {
		d.cipher.XORKeyStream(sig[4:12], sig[4:12])
	}
}

// sign signs whole and encrypts secret, a part of it, in this order; the checksum
// is encrypted behind the secret.
func (d *stream) sign(f Flags, whole, secret []byte) ([]byte, error) {
	if d.seq == math.MaxUint32 {
		return nil, fmt.Errorf("ntlm: the sequence numbers are used up")
	}
	sig := d.mac(whole)
	d.cipher.XORKeyStream(secret, secret)
	d.encryptSum(f, &sig)
	d.seq++
	return sig[:], nil
}

// verify decrypts secret, a part of whole, and checks the signature over whole.
func (d *stream) verify(f Flags, whole, secret, sig []byte) error {
	if d.broken || d.seq == math.MaxUint32 {
		return ErrSignature
	}
	d.cipher.XORKeyStream(secret, secret)
	want := d.mac(whole)
	d.encryptSum(f, &want)
	if !hmac.Equal(want[:], sig) {
		d.broken = true
		return ErrSignature
	}
	d.seq++
	return nil
}
