package ntlm

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/nt"
)

// unhex is bytes written in hexadecimal, with blanks anywhere.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hash16(t testing.TB, s string) [16]byte {
	t.Helper()
	return [16]byte(unhex(t, s))
}

// The common values of [MS-NLMP] 4.2.1 and the messages of 4.2.4.
const (
	vectorChallenge = `
		4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000
		2400240044000000 060070170000000f
		530065007200760065007200
		02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000`
	vectorAuthenticate = `
		4e544c4d53535000 03000000 180018006c000000 5400540084000000 0c000c0048000000 0800080054000000
		100010005c000000 10001000d8000000 358288e2 0501280a0000000f
		44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
		86c35097ac9cec102554764a57cccc19 aaaaaaaaaaaaaaaa
		68cd0ab851e51c96aabc927bebef6a1c
		0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
		02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000
		c5dad2544fc9799094ce1ce90bc9d03e`
)

func vectorKeys(t testing.TB) (server [8]byte, client [8]byte, exported [16]byte) {
	t.Helper()
	return [8]byte(unhex(t, "0123456789abcdef")), [8]byte(bytes.Repeat([]byte{0xaa}, 8)), [16]byte(bytes.Repeat([]byte{0x55}, 16))
}

// TestVectorKeys holds [MS-NLMP] 4.2.2.1.2 and 4.2.4.1 to 4.2.4.2.
func TestVectorKeys(t *testing.T) {
	server, client, exported := vectorKeys(t)
	hash := NTHash("Password")
	if want := hash16(t, "a4f49c406510bdcab6824ee7c30fd852"); hash != want {
		t.Errorf("NTHash %x, want %x", hash, want)
	}
	key := responseKey(hash, "User", "Domain")
	if want := hash16(t, "0c868a403bfd7a93a3001ef22ef02e3f"); key != want {
		t.Errorf("responseKey %x, want %x", key, want)
	}
	blob, err := (&clientChallenge{Challenge: client, Pairs: AVPairs{
		{AVNbDomainName, nt.AppendUTF16(nil, "Domain")}, {AVNbComputerName, nt.AppendUTF16(nil, "Server")},
	}}).marshal()
	if err != nil {
		t.Fatal(err)
	}
	p := proof(key, server, blob)
	if want := hash16(t, "68cd0ab851e51c96aabc927bebef6a1c"); p != want {
		t.Errorf("proof %x, want %x", p, want)
	}
	base := sessionBase(key, p)
	if want := hash16(t, "8de40ccadbc14a82f15cb0ad0de95ca3"); base != want {
		t.Errorf("sessionBase %x, want %x", base, want)
	}
	if got, want := crypt(base, exported[:]), unhex(t, "c5dad2544fc9799094ce1ce90bc9d03e"); !bytes.Equal(got, want) {
		t.Errorf("encrypted session key %x, want %x", got, want)
	}
}

// TestVectorMessages holds the messages of [MS-NLMP] 4.2.4.3, byte for byte.
func TestVectorMessages(t *testing.T) {
	server, client, exported := vectorKeys(t)
	var c Challenge
	raw := unhex(t, vectorChallenge)
	if err := c.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	want := Challenge{
		Flags: 0xe28a8233, TargetName: "Server", ServerChallenge: server, Version: Version{6, 0, 6000, 15},
		TargetInfo: AVPairs{{AVNbDomainName, nt.AppendUTF16(nil, "Domain")}, {AVNbComputerName, nt.AppendUTF16(nil, "Server")}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("challenge (-want +got)\n%s", diff)
	}
	if again, err := c.AppendBinary(nil); err != nil || !bytes.Equal(again, raw) {
		t.Errorf("challenge encoded\n%x, want\n%x; %v", again, raw, err)
	}

	key := responseKey(NTHash("Password"), "User", "Domain")
	blob, err := (&clientChallenge{Challenge: client, Pairs: c.TargetInfo}).marshal()
	if err != nil {
		t.Fatal(err)
	}
	p := proof(key, server, blob)
	lm := hmacMD5(key[:], server[:], client[:])
	wantAuth := Authenticate{
		Flags: 0xe2888235, Domain: "Domain", User: "User", Workstation: "COMPUTER", Version: Version{5, 1, 2600, 15},
		LMResponse: append(lm[:], client[:]...), NTResponse: append(p[:], blob...), SessionKey: crypt(sessionBase(key, p), exported[:]),
	}
	raw = unhex(t, vectorAuthenticate)
	var a Authenticate
	if err := a.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantAuth, a); diff != "" {
		t.Errorf("authenticate (-want +got)\n%s", diff)
	}
	if again, err := a.AppendBinary(nil); err != nil || !bytes.Equal(again, raw) {
		t.Errorf("authenticate encoded\n%x, want\n%x; %v", again, raw, err)
	}
}

// TestVectorSession holds the keys and the sealed message of [MS-NLMP] 4.2.4.4.
func TestVectorSession(t *testing.T) {
	_, _, exported := vectorKeys(t)
	const flags = Flags(0xe28a8233)
	if got, want := signKey(exported, toServer), hash16(t, "4788dc861b4782f35d43fd98fe1a2d39"); got != want {
		t.Errorf("signKey %x, want %x", got, want)
	}
	if got, want := sealKey(flags, exported, toServer), hash16(t, "59f600973cc4960a25480a7c196e4c58"); got != want {
		t.Errorf("sealKey %x, want %x", got, want)
	}
	// No example of the specification has keys of 56 bits: these are impacket's.
	for d, want := range map[direction]string{toServer: "a5f7253c1065e8d3d68642040e71cfe0", toClient: "583e2f98959b385cd158f3734b5f5d3f"} {
		if got := sealKey(Flag56, exported, d); got != hash16(t, want) {
			t.Errorf("%v, 56 bits: sealKey %x, want %s", d, got, want)
		}
	}
	s := newSession(flags, exported, toServer)
	plain := nt.AppendUTF16(nil, "Plaintext")
	data := bytes.Clone(plain)
	sig, err := s.Seal(data, 0, len(data))
	if err != nil {
		t.Fatal(err)
	}
	if want := unhex(t, "54e50165bf1936dc996020c1811b0f06fb5f"); !bytes.Equal(data, want) {
		t.Errorf("sealed %x, want %x", data, want)
	}
	if want := unhex(t, "01000000 7fb38ec5c55d4976 00000000"); !bytes.Equal(sig, want) {
		t.Errorf("signature %x, want %x", sig, want)
	}
	if err := newSession(flags, exported, toClient).Unseal(data, 0, len(data), sig); err != nil || !bytes.Equal(data, plain) {
		t.Errorf("unsealed %x, %v", data, err)
	}
}
