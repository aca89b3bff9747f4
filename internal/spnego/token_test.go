package spnego

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"netelf.example/eventlog"
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

var ignoreList = cmpopts.IgnoreUnexported(Init{})

// token is what both tokens can do.
type token interface {
	UnmarshalBinary([]byte) error
	AppendBinary([]byte) ([]byte, error)
}

func encode(t testing.TB, x token) []byte {
	t.Helper()
	b, err := x.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTokens are whole tokens, byte for byte. The second is what Samba 4.17 sends
// first, the NTLM message in it cut short; the third what a Windows server does.
func TestTokens(t *testing.T) {
	for _, x := range []struct {
		name string
		hex  string
		want token
		got  token
	}{
		{"init with nothing", `6019 0606 2b0601050502 a00f 300d a00b 3009 0607 2b060105050207`,
			&Init{Mechanisms: []OID{SPNEGO + "\x07"}}, &Init{}},
		{"init of Samba", `602a 0606 2b0601050502 a020 301e a00e 300c 060a 2b06010401823702020a a20c 040a 4e544c4d535350000100`,
			&Init{Mechanisms: []OID{NTLM}, Token: []byte("NTLMSSP\x00\x01\x00")}, &Init{}},
		{"init2", `604c 0606 2b0601050502 a042 3040 a00e 300c 060a 2b06010401823702020a
			a32a 3028 a026 1b24 6e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265 a402 0400`,
			&Init{Mechanisms: []OID{NTLM}, Hint: "not_defined_in_RFC4178@please_ignore", MIC: []byte{}}, &Init{}},
		{"init with a signature", `6023 0606 2b0601050502 a019 3017 a00d 300b 0609 2a864886f712010202 a306 0404 01020304`,
			&Init{Mechanisms: []OID{Kerberos}, MIC: []byte{1, 2, 3, 4}}, &Init{}},
		{"resp with all", `a121 301f a003 0a0101 a10c 060a 2b06010401823702020a a204 0402 6162 a304 0402 6364`,
			&Resp{State: StateIncomplete, Mechanism: NTLM, Token: []byte("ab"), MIC: []byte("cd")}, &Resp{}},
		{"resp with nothing", `a102 3000`, &Resp{State: StateNone}, &Resp{}},
		{"reject", `a107 3005 a003 0a0102`, &Resp{State: StateReject}, &Resp{}},
	} {
		raw := unhex(t, x.hex)
		if err := x.got.UnmarshalBinary(raw); err != nil {
			t.Errorf("%s: %v", x.name, err)
		} else if diff := cmp.Diff(x.want, x.got, ignoreList); diff != "" {
			t.Errorf("%s (-want +got)\n%s", x.name, diff)
		}
		if b := encode(t, x.want); !bytes.Equal(b, raw) {
			t.Errorf("%s is encoded\n%x, want\n%x", x.name, b, raw)
		}
		if !IsToken(raw) {
			t.Errorf("%s is not recognised", x.name)
		}
	}
	var bare, full Init
	b := encode(t, &Init{Mechanisms: []OID{NTLM, Kerberos}, Token: []byte("x")})
	if err := full.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if err := bare.UnmarshalBinary(b[10:]); err != nil { // 60 xx, 06 06 and the OID
		t.Fatal(err)
	}
	if diff := cmp.Diff(full, bare, cmp.AllowUnexported(Init{})); diff != "" {
		t.Errorf("without the header (-full +bare)\n%s", diff)
	}
	if want := mechTypes([]OID{NTLM, Kerberos}); !bytes.Equal(full.list, want) {
		t.Errorf("list %x, want %x", full.list, want)
	}
	for _, s := range []string{"", "NTLMSSP\x00", "\x60\x08\x06\x06abcdef", "\x60\x01", "\x60\x02\x04\x00"} {
		if IsToken([]byte(s)) {
			t.Errorf("%q is taken for a token", s)
		}
	}
}

// TestLengths: tokens whose lengths take one to four bytes.
func TestLengths(t *testing.T) {
	for _, n := range []int{0, 1, 0x7f, 0x80, 0xff, 0x100, 0xf000} {
		want := Resp{State: StateNone, Token: bytes.Repeat([]byte{'x'}, n)}
		var got Resp
		if err := got.UnmarshalBinary(encode(t, &want)); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		} else if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%d bytes (-want +got)\n%s", n, diff)
		}
	}
	// A longer form than needed is BER and is read.
	var r Resp
	if err := r.UnmarshalBinary(unhex(t, `a184 0000000a 3083 000005 a081 02 0a00`)); err == nil {
		t.Error("an enumeration without a byte is taken")
	}
	if err := r.UnmarshalBinary(unhex(t, `a184 0000000b 3083 000006 a081 03 0a0100`)); err != nil || r.State != StateCompleted {
		t.Errorf("%v, %v", r.State, err)
	}
	if b, err := (&Resp{Token: make([]byte, MaxToken)}).AppendBinary(nil); err == nil {
		t.Errorf("a token of %d bytes", len(b))
	}
	if _, err := (&Init{}).AppendBinary(nil); err == nil {
		t.Error("an empty list is sent")
	}
	if _, err := (&Init{Mechanisms: make([]OID, MaxMechanisms+1)}).AppendBinary(nil); err == nil {
		t.Error("a long list is sent")
	}
}

func TestTokenErrors(t *testing.T) {
	list := strings.Repeat("0601 2a", MaxMechanisms+1)
	for _, x := range []struct {
		name, hex string
		to        token
		want      string
	}{
		{"empty", "", &Resp{}, "spnego: NegTokenResp at offset 0x0: need 2 bytes, have 0"},
		{"empty", "", &Init{}, "spnego: NegTokenInit at offset 0x0: need 2 bytes, have 0"},
		{"other tag", "a000", &Resp{}, "spnego: NegTokenResp at offset 0x0: want tag 0xa1, have 0xa0"},
		{"one short", "a105 3003 a001", &Resp{}, "spnego: NegTokenResp at offset 0x0: need 5 bytes, have 4"},
		{"length cut off", "a183 01", &Resp{}, "spnego: NegTokenResp at offset 0x0: a length of 3 bytes, have 1"},
		{"indefinite length", "a180 3000 0000", &Resp{}, "spnego: NegTokenResp at offset 0x0: a length 0x80: want one of 1 to 4 bytes"},
		{"length of five bytes", "a185 0000000000", &Resp{}, "spnego: NegTokenResp at offset 0x0: a length 0x85: want one of 1 to 4 bytes"},
		{"length of all bits", "a184 ffffffff", &Resp{}, "spnego: NegTokenResp at offset 0x0: need 4294967295 bytes, have 0"},
		{"tag of two bytes", "bf81 00", &Resp{}, "spnego: NegTokenResp at offset 0x0: a tag 0xbf of several bytes"},
		{"bytes behind it", "a102 3000 00", &Resp{}, "spnego: NegTokenResp at offset 0x4: 1 bytes behind it"},
		{"bytes in it", "a103 3000 00", &Resp{}, "spnego: NegTokenResp at offset 0x4: 1 bytes behind it"},
		{"a field twice", "a10c 300a a003 0a0100 a003 0a0100", &Resp{}, "spnego: NegTokenResp at offset 0x9: field [0] after [0]"},
		{"fields not in order", "a10b 3009 a202 0400 a003 0a0100", &Resp{}, "spnego: NegTokenResp at offset 0x8: field [0] after [2]"},
		{"an unknown field", "a104 3002 a500", &Resp{}, "spnego: NegTokenResp at offset 0x4: an unknown field [5]"},
		{"no field", "a104 3002 0400", &Resp{}, "spnego: NegTokenResp at offset 0x4: want a field [n], have tag 0x04"},
		{"a state of two bytes", "a108 3006 a004 0a020000", &Resp{}, "spnego: NegTokenResp.negState at offset 0x8: want one byte of 0 to 3, have 0000"},
		{"an unknown state", "a107 3005 a003 0a0104", &Resp{}, "spnego: NegTokenResp.negState at offset 0x8: want one byte of 0 to 3, have 04"},
		{"an empty mechanism", "a106 3004 a102 0600", &Resp{}, "spnego: NegTokenResp.supportedMech at offset 0x6: an object identifier of 0 bytes, want 1 to 64"},
		{"two mechanisms", "a10a 3008 a106 06012a 06012a", &Resp{}, "spnego: NegTokenResp.supportedMech at offset 0x9: 3 bytes behind it"},
		{"a token that is none", "a106 3004 a202 0300", &Resp{}, "spnego: NegTokenResp.responseToken at offset 0x6: want tag 0x04, have 0x03"},
		{"other mechanism's header", "6005 0603 2a0304", &Init{}, "spnego: NegTokenInit.thisMech at offset 0x4: want 1.3.6.1.5.5.2, have 1.2.3.4"},
		{"no list", "a006 3004 a202 0400", &Init{}, "spnego: NegTokenInit.mechTypes at offset 0x8: missing"},
		{"an empty list", "a006 3004 a002 3000", &Init{}, "spnego: NegTokenInit.mechTypes at offset 0x8: empty"},
		{"a long list", "a069 3067 a065 3063" + list, &Init{}, "spnego: NegTokenInit.mechTypes at offset 0x68: more than 32"},
		{"an unknown hint", "a00f 300d a005 3003 06012a a304 3002 a200", &Init{}, "spnego: NegTokenInit.negHints at offset 0xf: an unknown field [2]"},
		{"flags that are none", "a00d 300b a005 3003 06012a a102 0400", &Init{}, "spnego: NegTokenInit.reqFlags at offset 0xd: want tag 0x03, have 0x04"},
	} {
		raw := unhex(t, x.hex)
		err := x.to.UnmarshalBinary(raw)
		var f *eventlog.FormatError
		if !errors.As(err, &f) || !errors.Is(err, eventlog.ErrCorrupt) || err.Error() != x.want {
			t.Errorf("%s:\nhave %v\nwant %s", x.name, err, x.want)
		}
	}
	for _, to := range []token{&Init{}, &Resp{}} {
		if err := to.UnmarshalBinary(make([]byte, MaxToken+1)); err == nil || !strings.Contains(err.Error(), "65537 bytes, at most 65536 are read") {
			t.Error(err)
		}
	}
}

func TestOIDString(t *testing.T) {
	for oid, want := range map[OID]string{
		SPNEGO: "1.3.6.1.5.5.2", NTLM: "1.3.6.1.4.1.311.2.2.10", NegoEx: "1.3.6.1.4.1.311.2.2.30",
		Kerberos: "1.2.840.113554.1.2.2", MSKerberos: "1.2.840.48018.1.2.2",
		"": "", "\x88\x37": "2.999", "\x2a\x80": "0x2a80", "\x00": "0.0",
		"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f": "0x2affffffffffffffffff7f",
	} {
		if got := oid.String(); got != want {
			t.Errorf("%x is %q, want %q", string(oid), got, want)
		}
	}
}
