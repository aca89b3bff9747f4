package krb5

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"
)

// TestForeignWrap: what impacket 0.10 has wrapped by GSS_Wrap, with a key of bytes that
// count up and the sequence number 7. Its EC is what the data needs to fill a block.
func TestForeignWrap(t *testing.T) {
	for _, x := range []struct {
		etype              int32
		text, token, bytes string
	}{
		{17, "rock", "050406ff000c001c0000000000000007c774a58688e40027f8ca6b5b34800f2ef1e748801a36cc0f3ee84fc42645e7fb3c999e80811a03394ea39c1306d4eb871d1b650ee0804c6c",
			"7633d53d"},
		{17, "The stone age had event logs too", "050406ff0000001c0000000000000007ff9866471920557beecdf7c1964a8db45c375a755160b67fefb73ebe5572d6caa531b6fb7abe5723fdc724d5",
			"8fe6f3107a2d78f73823148b2e0cba71eb225692a5b51673d95a690eecab8b09"},
		{18, "rock", "050406ff000c001c000000000000000787748e78c39953239ae1912a9b8999664bf082dd31c629395313878aeba819213b05724d95a328c5a119799d30197d9007470cabf60c4250",
			"a517f7f2"},
		{18, "The stone age had event logs too", "050406ff0000001c0000000000000007c25d5af0fa9fc328305ca67940b68526d4510e600ab1cf9c32b175881207063139088ff955f0c45f41d2de05",
			"e312eff35721d99b5e2eabdcc3c4a31a02e48cbbf1ee8f37b22af97de03fcf5b"},
	} {
		s, err := newSession(counting(x.etype), false, true, 0, 7)
		if err != nil {
			t.Fatal(err)
		}
		token, _ := hex.DecodeString(x.token)
		b, _ := hex.DecodeString(x.bytes)
		if err := s.Unseal(b, 0, len(b), token); err != nil || string(b) != x.text {
			t.Errorf("%d: %v, %q, want %q", x.etype, err, b, x.text)
		}
	}
}

// counting is a key of bytes that count up.
func counting(etype int32) types.EncryptionKey {
	k := types.EncryptionKey{KeyType: etype}
	for i := range map[int32]int{etypeID.AES128_CTS_HMAC_SHA1_96: 16, etypeID.AES256_CTS_HMAC_SHA1_96: 32}[etype] {
		k.KeyValue = append(k.KeyValue, byte(i))
	}
	return k
}

// pair are the two sides of a session.
func pair(t testing.TB, etype int32) (initiator, acceptor *Session) {
	t.Helper()
	k := counting(etype)
	initiator, err := newSession(k, true, true, 1000, 2000)
	if err != nil {
		t.Fatal(err)
	}
	if acceptor, err = newSession(k, false, true, 2000, 1000); err != nil {
		t.Fatal(err)
	}
	return initiator, acceptor
}

func TestSession(t *testing.T) {
	for _, etype := range []int32{etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.AES256_CTS_HMAC_SHA1_96} {
		i, a := pair(t, etype)
		for _, s := range []struct {
			name     string
			from, to *Session
		}{{"to the acceptor", i, a}, {"to the initiator", a, i}} {
			for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 33, 1000, 65000} {
				for _, frame := range []int{0, 8, 24} {
					name := fmt.Sprintf("type %d, %s, %d bytes in %d", etype, s.name, n, frame)
					plain := bytes.Repeat([]byte("rock"), (n+2*frame+3)/4)[:n+2*frame]
					whole := bytes.Clone(plain)
					token, err := s.from.Seal(whole, frame, frame+n)
					if err != nil || len(token) != s.from.SignatureSize(true) {
						t.Fatalf("%s: %v, %d bytes", name, err, len(token))
					}
					if !bytes.Equal(whole[:frame], plain[:frame]) || !bytes.Equal(whole[frame+n:], plain[frame+n:]) {
						t.Errorf("%s: what is only signed has changed", name)
					}
					if n > 8 && bytes.Contains(whole[frame:frame+n], []byte("rockrock")) {
						t.Errorf("%s: it is not encrypted", name)
					}
					if err := s.to.Unseal(whole, frame, frame+n, token); err != nil || !bytes.Equal(whole, plain) {
						t.Errorf("%s: %v", name, err)
					}
					sig, err := s.from.Sign(plain)
					if err != nil || len(sig) != s.from.SignatureSize(false) {
						t.Fatalf("%s: %v, %d bytes", name, err, len(sig))
					}
					if err := s.to.Verify(plain, sig); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		}
	}
}

// TestSessionRefuses: each changed byte of a token, of what is encrypted and of what is
// only signed, another length, another order.
func TestSessionRefuses(t *testing.T) {
	const etype = etypeID.AES256_CTS_HMAC_SHA1_96
	plain := []byte("header..The stone age had event logs too..trailer")
	const from, to = 8, 40
	i, _ := pair(t, etype)
	whole := bytes.Clone(plain)
	token, err := i.Seal(whole, from, to)
	if err != nil {
		t.Fatal(err)
	}
	unseal := func(whole, token []byte) error {
		_, a := pair(t, etype)
		return a.Unseal(bytes.Clone(whole), from, to, token)
	}
	if err := unseal(whole, token); err != nil {
		t.Fatal(err)
	}
	for k := range token {
		bad := bytes.Clone(token)
		bad[k] ^= 0x10
		if err := unseal(whole, bad); !errors.Is(err, errToken) {
			t.Errorf("byte %d of the token: %v", k, err)
		}
	}
	for k := range whole {
		bad := bytes.Clone(whole)
		bad[k] ^= 0x10
		if err := unseal(bad, token); !errors.Is(err, errToken) {
			t.Errorf("byte %d of the message: %v", k, err)
		}
	}
	for n := range token {
		if err := unseal(whole, token[:n]); !errors.Is(err, errToken) {
			t.Errorf("%d bytes of the token: %v", n, err)
		}
	}
	if err := unseal(whole, append(bytes.Clone(token), 0)); !errors.Is(err, errToken) {
		t.Errorf("a byte too many: %v", err)
	}
	// An EC that says that the filler goes on into what follows.
	for _, ec := range []byte{0, 15, 17, 200} {
		bad := bytes.Clone(token)
		bad[5] = ec
		if err := unseal(whole, bad); !errors.Is(err, errToken) {
			t.Errorf("EC %d: %v", ec, err)
		}
	}

	i, a := pair(t, etype)
	first, _ := i.Sign(plain)
	second, _ := i.Sign(plain)
	for _, x := range []struct {
		name  string
		token []byte
		text  string
	}{
		{"second before first", second, "kerberos: MIC token number 1001, want 1000: kerberos: wrong signature"},
		{"short", first[:27], "kerberos: a signature of 27 bytes, want 28: kerberos: wrong signature"},
		{"first", first, ""},
		{"first again", first, "kerberos: MIC token number 1000, want 1001: kerberos: wrong signature"},
		{"second", second, ""},
	} {
		err := a.Verify(plain, x.token)
		if x.text == "" && err != nil || x.text != "" && (err == nil || err.Error() != x.text) {
			t.Errorf("%s: %v, want %q", x.name, err, x.text)
		}
	}
	// What comes back to who has sent it.
	own, _ := a.Sign(plain)
	if err := a.Verify(plain, own); !errors.Is(err, errToken) {
		t.Errorf("our own: %v", err)
	}
}

// TestKeys: what messages cannot be protected with.
func TestKeys(t *testing.T) {
	for _, k := range []types.EncryptionKey{
		{},
		{KeyType: etypeID.RC4_HMAC, KeyValue: make([]byte, 16)},
		{KeyType: etypeID.AES256_CTS_HMAC_SHA1_96, KeyValue: make([]byte, 16)},
		{KeyType: etypeID.AES256_CTS_HMAC_SHA384_192, KeyValue: make([]byte, 32)},
		{KeyType: 99, KeyValue: make([]byte, 32)},
	} {
		if s, err := newSession(k, true, true, 0, 0); err == nil {
			t.Errorf("a session %v of a key of type %d and %d bytes", s, k.KeyType, len(k.KeyValue))
		}
	}
}

func BenchmarkSession(b *testing.B) {
	i, a := pair(b, etypeID.AES256_CTS_HMAC_SHA1_96)
	whole := make([]byte, 65000)
	b.SetBytes(int64(len(whole)))
	b.ReportAllocs()
	for b.Loop() {
		token, err := i.Seal(whole, 24, len(whole)-8)
		if err == nil {
			err = a.Unseal(whole, 24, len(whole)-8, token)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
