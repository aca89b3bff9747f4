package nt

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// sidCases pairs canonical text with the binary form as annotated hex.
var sidCases = []struct {
	name string
	sid  SID
	hex  string // revision count | authority | sub-authorities
}{
	{"null", SIDNull, "01 01 | 000000000000 | 00000000"},
	{"everyone", SIDEveryone, "01 01 | 000000000001 | 00000000"},
	{"system", SIDSystem, "01 01 | 000000000005 | 12000000"},
	{"administrators", SIDAdministrators, "01 02 | 000000000005 | 20000000 20020000"},
	{"account", "S-1-5-21-397955417-626881126-188441444-1010",
		"01 05 | 000000000005 | 15000000 5951b817 66725d25 64633b0b f2030000"},
	{"no sub-authority", "S-1-5", "01 00 | 000000000005 |"},
	{"largest sub-authority", "S-1-5-4294967295", "01 01 | 000000000005 | ffffffff"},
	{"largest decimal authority", "S-1-4294967295-1", "01 01 | 0000ffffffff | 01000000"},
	{"smallest hexadecimal authority", "S-1-0x000100000000-1", "01 01 | 000100000000 | 01000000"},
	{"largest authority", "S-1-0xffffffffffff-1", "01 01 | ffffffffffff | 01000000"},
	{"fifteen sub-authorities", "S-1-9-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
		"01 0f | 000000000009 | 01000000 02000000 03000000 04000000 05000000 06000000 07000000 08000000" +
			"09000000 0a000000 0b000000 0c000000 0d000000 0e000000 0f000000"},
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "|", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSIDBinary(t *testing.T) {
	for _, tt := range sidCases {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.hex)
			got, n, err := DecodeSID(append(b[:len(b):len(b)], 0xEE, 0xEE))
			if got != tt.sid || n != len(b) || err != nil {
				t.Errorf("DecodeSID = %q, %d, %v, want %q, %d", got, n, err, tt.sid, len(b))
			}
			text, err := AppendSIDText([]byte("sid="), b)
			if string(text) != "sid="+string(tt.sid) || err != nil {
				t.Errorf("AppendSIDText = %q, %v", text, err)
			}
			enc, err := tt.sid.AppendBinary([]byte{0xAA})
			if !bytes.Equal(enc, append([]byte{0xAA}, b...)) || err != nil {
				t.Errorf("AppendBinary = %x, %v, want aa%x", enc, err, b)
			}
			if !tt.sid.Valid() {
				t.Errorf("%s is not valid", tt.sid)
			}
		})
	}
}

func TestDecodeSIDErrors(t *testing.T) {
	for _, tt := range []struct{ name, hex, want string }{
		{"empty", "", "sid: 0 bytes, need 8"},
		{"header one short", "01 01 | 0000000000", "sid: 7 bytes, need 8"},
		{"revision 0", "00 01 | 000000000005 | 12000000", "sid: revision 0, want 1"},
		{"revision 2", "02 01 | 000000000005 | 12000000", "sid: revision 2, want 1"},
		{"over the limit", "01 10 | 000000000005 | 12000000", "sid: 16 sub-authorities, at most 15"},
		{"count 255", "01 ff | 000000000005 | 12000000", "sid: 255 sub-authorities, at most 15"},
		{"one short", "01 02 | 000000000005 | 20000000 200200", "sid: 15 bytes, need 16 for 2 sub-authorities"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.hex)
			s, n, err := DecodeSID(b)
			if s != "" || n != 0 || err == nil || err.Error() != tt.want {
				t.Errorf("DecodeSID = %q, %d, %v, want error %s", s, n, err, tt.want)
			}
			dst, err := AppendSIDText([]byte("keep"), b)
			if string(dst) != "keep" || err == nil || err.Error() != tt.want {
				t.Errorf("AppendSIDText = %q, %v, want error %s", dst, err, tt.want)
			}
		})
	}
}

func TestParseSID(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     SID
	}{
		{"canonical", "S-1-5-18", SIDSystem},
		{"lower case", "s-1-5-18", SIDSystem},
		{"leading zeros", "S-1-05-0000000018", SIDSystem},
		{"hexadecimal authority", "S-1-0x5-18", SIDSystem},
		{"hexadecimal authority of full length", "S-1-0X000000000005-18", SIDSystem},
		{"decimal authority over 32 bits", "S-1-4294967296-7", "S-1-0x000100000000-7"},
		{"upper-case digits", "S-1-0xABCDEF012345-7", "S-1-0xabcdef012345-7"},
		{"longest", "S-1-281474976710655" + strings.Repeat("-4294967295", 15), SID("S-1-0xffffffffffff" + strings.Repeat("-4294967295", 15))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseSID(tt.in)
			if got != tt.want || err != nil {
				t.Errorf("ParseSID(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
			}
			if valid := SID(tt.in).Valid(); valid != (tt.in == string(tt.want)) {
				t.Errorf("SID(%q).Valid() = %v", tt.in, valid)
			}
		})
	}
}

func TestParseSIDErrors(t *testing.T) {
	long := "S-1-5" + strings.Repeat("-0", 100)
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", `sid: empty`},
		{"a name", "SYSTEM", `sid "SYSTEM": does not begin with S-`},
		{"no revision", "S-", `sid "S-": revision "", want 1`},
		{"revision 2", "S-2-5-18", `sid "S-2-5-18": revision "2", want 1`},
		{"revision alone", "S-1", `sid "S-1": no authority`},
		{"empty authority", "S-1-", `sid "S-1-": authority is not a number`},
		{"authority", "S-1-x", `sid "S-1-x": authority is not a number`},
		{"empty hexadecimal authority", "S-1-0x-1", `sid "S-1-0x-1": authority is not a number`},
		{"authority over 48 bits", "S-1-281474976710656-1", `sid "S-1-281474976710656-1": authority is over 48 bits`},
		{"authority over 64 bits", "S-1-99999999999999999999-1", `sid "S-1-99999999999999999999-1": authority is over 48 bits`},
		{"sub-authority", "S-1-5-x", `sid "S-1-5-x": sub-authority 1 is not a number`},
		{"signed", "S-1-5-18-+4", `sid "S-1-5-18-+4": sub-authority 2 is not a number`},
		{"final hyphen", "S-1-5-18-", `sid "S-1-5-18-": sub-authority 2 is not a number`},
		{"space", "S-1-5-18 ", `sid "S-1-5-18 ": sub-authority 1 is not a number`},
		{"sub-authority over 32 bits", "S-1-5-4294967296", `sid "S-1-5-4294967296": sub-authority 1 is over 32 bits`},
		{"sub-authority of eleven digits", "S-1-5-00000000018", `sid "S-1-5-00000000018": sub-authority 1 has 11 digits, at most 10`},
		{"sixteen sub-authorities", "S-1-5-1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6", `sid "S-1-5-1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6": over 15 sub-authorities`},
		{"too long", long, `sid "` + long[:64] + `…": 205 characters, at most 184`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseSID(tt.in)
			if got != "" || err == nil || err.Error() != tt.want {
				t.Errorf("ParseSID = %q, %v, want error %s", got, err, tt.want)
			}
			dst, err := SID(tt.in).AppendBinary([]byte{7})
			if len(dst) != 1 || err == nil || err.Error() != tt.want {
				t.Errorf("AppendBinary = %x, %v, want error %s", dst, err, tt.want)
			}
			if SID(tt.in).Valid() {
				t.Errorf("SID(%q) is valid", tt.in)
			}
		})
	}
}

func TestUnixSIDs(t *testing.T) {
	if got := UnixUser(1000); got != "S-1-22-1-1000" || !got.Valid() {
		t.Errorf("UnixUser(1000) = %q", got)
	}
	if got := UnixGroup(4294967295); got != "S-1-22-2-4294967295" || !got.Valid() {
		t.Errorf("UnixGroup(4294967295) = %q", got)
	}
}

func TestSIDNames(t *testing.T) {
	if !slices.IsSortedFunc(sidNames[:], func(a, b sidName) int { return strings.Compare(string(a.sid), string(b.sid)) }) {
		t.Error("sidNames is not sorted")
	}
	for _, r := range sidNames {
		if !r.sid.Valid() {
			t.Errorf("%q is not valid", r.sid)
		}
		if got := r.sid.Name(); got != r.name {
			t.Errorf("%s.Name() = %q, want %q", r.sid, got, r.name)
		}
		_, account, _ := strings.Cut(r.name, `\`)
		for _, name := range []string{r.name, strings.ToUpper(r.name), strings.ToLower(r.name), account} {
			if name == "" {
				continue
			}
			if got, ok := WellKnownSID(name); got != r.sid || !ok {
				t.Errorf("WellKnownSID(%q) = %q, %v, want %q", name, got, ok, r.sid)
			}
		}
	}
	for _, tt := range []struct {
		sid  SID
		want string
	}{
		{SIDSystem, `NT AUTHORITY\SYSTEM`},
		{SIDAdministrators, `BUILTIN\Administrators`},
		{SIDEventLogReaders, `BUILTIN\Event Log Readers`},
		{SIDEveryone, "Everyone"},
		{"S-1-5-21-1-2-3-500", ""},
		{"s-1-5-18", ""},
		{"", ""},
	} {
		if got := tt.sid.Name(); got != tt.want {
			t.Errorf("SID(%q).Name() = %q, want %q", tt.sid, got, tt.want)
		}
	}
	for _, name := range []string{"", `\`, `NT AUTHORITY\`, `HOST\Administrators`, "nobody"} {
		if got, ok := WellKnownSID(name); ok {
			t.Errorf("WellKnownSID(%q) = %q, want none", name, got)
		}
	}
}

func TestSIDAllocations(t *testing.T) {
	known, account := unhex(t, sidCases[3].hex), unhex(t, sidCases[4].hex)
	dst := make([]byte, 0, maxSIDText)
	for _, tt := range []struct {
		name string
		want float64
		f    func()
	}{
		{"well-known", 0, func() { _, _, _ = DecodeSID(known) }},
		{"account", 1, func() { _, _, _ = DecodeSID(account) }},
		{"text", 0, func() { _, _ = AppendSIDText(dst, account) }},
		{"binary", 0, func() { _, _ = sidCases[4].sid.AppendBinary(dst) }},
	} {
		if got := testing.AllocsPerRun(100, tt.f); got != tt.want {
			t.Errorf("%s: %v allocations, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzSID(f *testing.F) {
	for _, tt := range sidCases {
		b := unhex(f, tt.hex)
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, n, err := DecodeSID(b)
		if err != nil {
			return
		}
		if n > len(b) || !s.Valid() {
			t.Fatalf("DecodeSID(%x) = %q, %d", b, s, n)
		}
		enc, err := s.AppendBinary(nil)
		if err != nil || !bytes.Equal(enc, b[:n]) {
			t.Fatalf("%q encodes as %x, %v, want %x", s, enc, err, b[:n])
		}
	})
}

func FuzzSIDText(f *testing.F) {
	for _, tt := range sidCases {
		f.Add(string(tt.sid))
	}
	f.Add("s-1-0x5-018")
	f.Add("S-1-5-")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSID(text)
		if err != nil {
			if s != "" {
				t.Fatalf("ParseSID(%q) = %q with error %v", text, s, err)
			}
			return
		}
		again, err := ParseSID(string(s))
		if err != nil || again != s || !s.Valid() {
			t.Fatalf("ParseSID(%q) = %q, which parses as %q, %v", text, s, again, err)
		}
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if dec, n, err := DecodeSID(b); dec != s || n != len(b) || err != nil {
			t.Fatalf("%q decodes as %q, %d, %v", s, dec, n, err)
		}
	})
}

func BenchmarkDecodeSID(b *testing.B) {
	for _, i := range []int{2, 4} {
		bin := unhex(b, sidCases[i].hex)
		b.Run(sidCases[i].name, func(b *testing.B) {
			b.SetBytes(int64(len(bin)))
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = DecodeSID(bin)
			}
		})
	}
}

func BenchmarkAppendSIDText(b *testing.B) {
	bin := unhex(b, sidCases[4].hex)
	dst := make([]byte, 0, maxSIDText)
	b.SetBytes(int64(len(bin)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = AppendSIDText(dst, bin)
	}
}
