package nt

import (
	"encoding/json"
	"strings"
	"testing"
)

// securityAuditing is the provider Microsoft-Windows-Security-Auditing.
var securityAuditing = GUID{0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xA5, 0xBA, 0x3E, 0x3B, 0x03, 0x28, 0xC3, 0x0D}

func TestGUID(t *testing.T) {
	const text = "{54849625-5478-4994-A5BA-3E3B0328C30D}"
	if got := securityAuditing.String(); got != text {
		t.Errorf("String = %s, want %s", got, text)
	}
	for _, tt := range []struct{ name, in string }{
		{"braces", text},
		{"no braces", text[1:37]},
		{"lower case", strings.ToLower(text)},
		{"mixed case, no braces", "54849625-5478-4994-a5bA-3E3b0328c30D"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := ParseGUID(tt.in); got != securityAuditing || err != nil {
				t.Errorf("ParseGUID(%q) = %v, %v", tt.in, got, err)
			}
		})
	}
	if got, err := securityAuditing.AppendText([]byte("g=")); string(got) != "g="+text || err != nil {
		t.Errorf("AppendText = %q, %v", got, err)
	}
	js, err := json.Marshal(struct{ G GUID }{securityAuditing})
	if want := `{"G":"` + text + `"}`; string(js) != want || err != nil {
		t.Errorf("json.Marshal = %s, %v, want %s", js, err, want)
	}
	var back struct{ G GUID }
	if err := json.Unmarshal(js, &back); back.G != securityAuditing || err != nil {
		t.Errorf("json.Unmarshal = %v, %v", back.G, err)
	}
	if securityAuditing.IsZero() || !(GUID{}).IsZero() || (GUID{15: 1}).IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestParseGUIDErrors(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", `guid "": 0 characters, want 36 or 38 with braces`},
		{"one short", "54849625-5478-4994-A5BA-3E3B0328C30", `guid "54849625-5478-4994-A5BA-3E3B0328C30": 35 characters, want 36 or 38 with braces`},
		{"one brace", "{54849625-5478-4994-A5BA-3E3B0328C30D", `guid "{54849625-5478-4994-A5BA-3E3B0328C30D": 37 characters, want 36 or 38 with braces`},
		{"parentheses", "(54849625-5478-4994-A5BA-3E3B0328C30D)", `guid "(54849625-5478-4994-A5BA-3E3B0328C30D)": 38 characters without braces, want 36`},
		{"digit", "5484962g-5478-4994-A5BA-3E3B0328C30D", `guid "5484962g-5478-4994-A5BA-3E3B0328C30D": no hexadecimal digit at character 7`},
		{"digit in braces", "{5484962-g5478-4994-A5BA-3E3B0328C30D}", `guid "{5484962-g5478-4994-A5BA-3E3B0328C30D}": no hexadecimal digit at character 8`},
		{"hyphen", "54849625+5478-4994-A5BA-3E3B0328C30D", `guid "54849625+5478-4994-A5BA-3E3B0328C30D": no hyphen at character 8`},
		{"long", strings.Repeat("x", 100), `guid "` + strings.Repeat("x", 64) + `…": 100 characters, want 36 or 38 with braces`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseGUID(tt.in)
			if !got.IsZero() || err == nil || err.Error() != tt.want {
				t.Errorf("ParseGUID = %v, %v, want error %s", got, err, tt.want)
			}
			g := securityAuditing
			if err := g.UnmarshalText([]byte(tt.in)); err == nil || g != securityAuditing {
				t.Errorf("UnmarshalText = %v, and the GUID is %v", err, g)
			}
		})
	}
}

func FuzzGUID(f *testing.F) {
	f.Add(securityAuditing.String())
	f.Add("54849625-5478-4994-a5ba-3e3b0328c30d")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ParseGUID(text)
		if err != nil {
			return
		}
		if s := g.String(); !strings.EqualFold(strings.Trim(text, "{}"), strings.Trim(s, "{}")) {
			t.Fatalf("ParseGUID(%q) = %s", text, s)
		}
	})
}

func BenchmarkGUIDAppendText(b *testing.B) {
	dst := make([]byte, 0, guidTextLen)
	b.SetBytes(16)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = securityAuditing.AppendText(dst)
	}
}
