package ntlm

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// message is what all three messages can do.
type message interface {
	UnmarshalBinary([]byte) error
	AppendBinary([]byte) ([]byte, error)
}

func encode(t testing.TB, m message) []byte {
	t.Helper()
	b, err := m.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sampleNegotiate() *Negotiate {
	return &Negotiate{Flags: FlagUnicode | FlagVersion | FlagDomainSupplied | FlagWorkstationSupplied,
		Domain: []byte("ROCK"), Workstation: []byte("QUARRY"), Version: Version{6, 1, 7601, 15}}
}

func sampleChallenge() *Challenge {
	return &Challenge{Flags: FlagUnicode | FlagTargetInfo | FlagVersion, TargetName: "BEDROCK", ServerChallenge: [8]byte{1, 2, 3, 4, 5, 6, 7, 8},
		TargetInfo: AVPairs{{AVNbComputerName, nt.AppendUTF16(nil, "BEDROCK")}, {AVTimestamp, []byte{1, 2, 3, 4, 5, 6, 7, 8}}},
		Version:    Version{10, 0, 17763, 15}}
}

func sampleAuthenticate() *Authenticate {
	return &Authenticate{Flags: FlagUnicode | FlagVersion, LMResponse: make([]byte, 24), NTResponse: []byte("an NT response that is long enough"),
		Domain: "ROCK", User: "fréd", Workstation: "QUARRY", SessionKey: []byte("sixteen bytes ok"), Version: Version{10, 0, 17763, 15},
		HasMIC: true, MIC: [16]byte{15: 9}}
}

func TestMessageRoundTrip(t *testing.T) {
	for _, x := range []struct {
		name       string
		have, read message
	}{
		{"negotiate", sampleNegotiate(), &Negotiate{}},
		{"negotiate of flags alone", &Negotiate{Flags: FlagUnicode}, &Negotiate{}},
		{"challenge", sampleChallenge(), &Challenge{}},
		{"challenge without anything", &Challenge{Flags: FlagUnicode}, &Challenge{}},
		{"authenticate", sampleAuthenticate(), &Authenticate{}},
		{"authenticate without MIC", &Authenticate{Flags: FlagUnicode, User: "x"}, &Authenticate{}},
	} {
		// Behind other bytes, to which no offset may refer.
		b, err := x.have.AppendBinary([]byte("before"))
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		if err := x.read.UnmarshalBinary(b[len("before"):]); err != nil {
			t.Errorf("%s: %v", x.name, err)
		} else if diff := cmp.Diff(x.have, x.read); diff != "" {
			t.Errorf("%s (-want +got)\n%s", x.name, diff)
		}
	}
}

func TestMessageShortForms(t *testing.T) {
	var n Negotiate
	if err := n.UnmarshalBinary([]byte("NTLMSSP\x00\x01\x00\x00\x00\x07\x02\x00\x00")); err != nil || n.Flags != FlagUnicode|FlagOEM|FlagRequestTarget|FlagNTLM {
		t.Errorf("16 bytes: %v, %v", n.Flags, err)
	}
	// A payload that begins at 64 or 72 leaves no room for a version or a MIC.
	a := Authenticate{Flags: FlagUnicode | FlagVersion, User: "fred", Version: ours}
	b := encode(t, &a)
	short := append(append([]byte(nil), b[:64]...), b[72:]...)
	for at := 12; at <= 52; at += 8 {
		short[at+4] -= 8
	}
	var got Authenticate
	if err := got.UnmarshalBinary(short); err != nil || got.User != "fred" || got.HasMIC || got.Version != (Version{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMessageErrors(t *testing.T) {
	patch := func(m message, at int, bytes ...byte) []byte {
		b := encode(t, m)
		copy(b[at:], bytes)
		return b
	}
	cut := func(m message, n int) []byte { return encode(t, m)[:n] }
	pairs := func(raw string) []byte {
		b := encode(t, &Challenge{Flags: FlagUnicode})
		b[20], b[22] = byte(FlagUnicode), byte(FlagTargetInfo>>16)
		b[40], b[44] = byte(len(raw)), byte(len(b))
		return append(b, raw...)
	}
	for _, x := range []struct {
		name string
		b    []byte
		to   message
		want string
	}{
		{"empty", nil, &Negotiate{}, "ntlm: NEGOTIATE_MESSAGE at offset 0x0: need 16 bytes, have 0"},
		{"signature", patch(sampleNegotiate(), 0, 'n'), &Negotiate{}, `ntlm: NEGOTIATE_MESSAGE.Signature at offset 0x0: want "NTLMSSP\x00", have "nTLMSSP\x00"`},
		{"type", encode(t, sampleNegotiate()), &Challenge{}, "ntlm: CHALLENGE_MESSAGE.MessageType at offset 0x8: want 2, have 1"},
		{"too long", append(encode(t, sampleNegotiate()), make([]byte, MaxMessage)...), &Negotiate{}, "ntlm: NEGOTIATE_MESSAGE at offset 0x0: 65586 bytes, at most 65536 are read"},
		{"negotiate one short", cut(sampleNegotiate(), 15), &Negotiate{}, "ntlm: NEGOTIATE_MESSAGE at offset 0x0: need 16 bytes, have 15"},
		{"negotiate without its fields", cut(sampleNegotiate(), 31), &Negotiate{}, "ntlm: NEGOTIATE_MESSAGE at offset 0x0: need 32 bytes, have 31"},
		{"negotiate payload one short", cut(sampleNegotiate(), 49), &Negotiate{}, "ntlm: NEGOTIATE_MESSAGE.WorkstationBufferOffset at offset 0x1c: 6 bytes at 44, the message has 49"},
		{"negotiate name over its limit", patch(sampleNegotiate(), 16, 1, 8), &Negotiate{}, "ntlm: NEGOTIATE_MESSAGE.DomainNameLen at offset 0x10: 2049 bytes, at most 2048 are read"},
		{"challenge one short", cut(&Challenge{Flags: FlagUnicode}, 47), &Challenge{}, "ntlm: CHALLENGE_MESSAGE at offset 0x0: need 48 bytes, have 47"},
		{"challenge in OEM", patch(sampleChallenge(), 20, 2), &Challenge{}, "ntlm: CHALLENGE_MESSAGE.NegotiateFlags at offset 0x14: not Unicode"},
		{"challenge name odd", patch(sampleChallenge(), 12, 13), &Challenge{}, "ntlm: CHALLENGE_MESSAGE.TargetNameLen at offset 0xc: UTF-16 of 13 bytes"},
		{"challenge offset beyond 32 bits", patch(sampleChallenge(), 16, 0xff, 0xff, 0xff, 0xff), &Challenge{}, "ntlm: CHALLENGE_MESSAGE.TargetNameBufferOffset at offset 0x10: 14 bytes at 4294967295, the message has 104"},
		{"pairs without end", pairs("\x01\x00\x00\x00"), &Challenge{}, "ntlm: AV_PAIR.AvId at offset 0x3c: the list has no end: need 4 bytes, have 0"},
		{"pair one short", pairs("\x01\x00\x03\x00ab"), &Challenge{}, "ntlm: AV_PAIR.AvLen at offset 0x3a: need 3 bytes, have 2"},
		{"pair of a wrong size", pairs("\x07\x00\x01\x00a\x00\x00\x00\x00"), &Challenge{}, "ntlm: AV_PAIR.AvLen at offset 0x3a: a pair 7 has 1 bytes, want 8"},
		{"end with bytes", pairs("\x00\x00\x01\x00a"), &Challenge{}, "ntlm: AV_PAIR.AvLen at offset 0x3a: the end has 1 bytes, want 0"},
		{"authenticate one short", cut(sampleAuthenticate(), 63), &Authenticate{}, "ntlm: AUTHENTICATE_MESSAGE at offset 0x0: need 64 bytes, have 63"},
		{"authenticate in OEM", patch(sampleAuthenticate(), 60, 2), &Authenticate{}, "ntlm: AUTHENTICATE_MESSAGE.NegotiateFlags at offset 0x3c: not Unicode"},
		{"authenticate payload one short", cut(sampleAuthenticate(), len(encode(t, sampleAuthenticate()))-1), &Authenticate{}, "ntlm: AUTHENTICATE_MESSAGE.EncryptedRandomSessionKeyBufferOffset at offset 0x38: 16 bytes at 174, the message has 189"},
		{"authenticate name odd", patch(sampleAuthenticate(), 36, 7), &Authenticate{}, "ntlm: AUTHENTICATE_MESSAGE.UserNameLen at offset 0x24: UTF-16 of 7 bytes"},
	} {
		err := x.to.UnmarshalBinary(x.b)
		var f *eventlog.FormatError
		if !errors.As(err, &f) || !errors.Is(err, eventlog.ErrCorrupt) || err.Error() != x.want {
			t.Errorf("%s:\nhave %v\nwant %s", x.name, err, x.want)
		}
	}
}

func TestPairLimits(t *testing.T) {
	var p AVPairs
	if err := p.UnmarshalBinary(append(bytes.Repeat([]byte{1, 0, 0, 0}, MaxAVPairs), 0, 0, 0, 0)); err != nil || len(p) != MaxAVPairs {
		t.Errorf("%d pairs, %v", len(p), err)
	}
	err := p.UnmarshalBinary(append(bytes.Repeat([]byte{1, 0, 0, 0}, MaxAVPairs+1), 0, 0, 0, 0))
	if err == nil || err.Error() != "ntlm: AV_PAIR.AvId at offset 0x100: more than 64 pairs" {
		t.Error(err)
	}
	for _, p := range []AVPairs{make(AVPairs, MaxAVPairs+1), {{AVEOL, nil}}, {{AVNbDomainName, make([]byte, 0x10000)}}} {
		if b, err := p.AppendBinary(nil); err == nil {
			t.Errorf("%d pairs became %d bytes", len(p), len(b))
		}
	}
}

func TestEncodeLimits(t *testing.T) {
	long := strings.Repeat("x", MaxName/2+1)
	for _, m := range []message{
		&Negotiate{Domain: make([]byte, MaxName+1)},
		&Challenge{TargetName: long},
		&Challenge{Flags: FlagTargetInfo, TargetInfo: AVPairs{{1, make([]byte, 0xffff)}}},
		&Authenticate{User: long},
		&Authenticate{NTResponse: make([]byte, 0x10000)},
		&Authenticate{NTResponse: make([]byte, 0xff00), LMResponse: make([]byte, 0xff00)},
	} {
		if b, err := m.AppendBinary(nil); err == nil {
			t.Errorf("%T became %d bytes", m, len(b))
		}
	}
}

func TestFlagsString(t *testing.T) {
	for f, want := range map[Flags]string{
		0:                                   "0x0",
		FlagSign | FlagSeal | Flag128:       "SIGN|SEAL|128",
		FlagUnicode | 0x8:                   "UNICODE|0x8",
		math.MaxUint32 &^ Flags(0xe2ffffff): "0x1d000000",
	} {
		if got := f.String(); got != want {
			t.Errorf("%08x: %s, want %s", uint32(f), got, want)
		}
	}
}

func TestUpper(t *testing.T) {
	for in, want := range map[string]string{
		"fred": "FRED", "Frédéric": "FRÉDÉRIC", "straße": "STRAßE", "ÿ": "Ÿ", "ı": "ı", "ſ": "ſ", "µ": "µ", "σς": "ΣΣ", "\U00010428": "\U00010428",
	} {
		if got := upper(in); got != want {
			t.Errorf("upper(%q) is %q, want %q", in, got, want)
		}
	}
}
