package users

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"netelf.example/eventlog"
)

// What the reference implementation of argon2 made of these (Debian's argon2
// 20171227, "argon2 SALT -id -e").
var foreign = []struct{ password, phc string }{
	{"Bedrock 1", "$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHQ$AjZsQC+QPb+BNgF+reqxGBt3UU4+/q3HObEJmMDKFds"},
	{"Bedrock 1", "$argon2id$v=19$m=65536,t=3,p=4$c2l4dGVlbiBieXRlcyBvaw$Zxxn/6xcUFI8bnVR4PxM49C0uLxYli+DZzevjoBCw0o"},
	{"Fälsch 🔑", "$argon2id$v=19$m=64,t=1,p=2$YW5vdGhlcnNhbHQ$oRCBPbkUFMg0FSZqhQBWfQ"},
}

func TestForeignHash(t *testing.T) {
	for _, tt := range foreign {
		h, err := parseHash(tt.phc)
		if err != nil {
			t.Fatal(err)
		}
		if !h.is(tt.password) {
			t.Errorf("%s is not that of %q", tt.phc, tt.password)
		}
		if h.is(tt.password + " ") {
			t.Errorf("%s is that of another password too", tt.phc)
		}
		if h.String() != tt.phc {
			t.Errorf("%s became %s", tt.phc, h)
		}
	}
}

func TestNewHash(t *testing.T) {
	h, err := newHash("Bedrock 1", Cost{Memory: 64}.orDefault(), strings.NewReader("sixteen bytes ok"))
	if err != nil {
		t.Fatal(err)
	}
	if got := h.String(); !strings.HasPrefix(got, "$argon2id$v=19$m=64,t=3,p=4$c2l4dGVlbiBieXRlcyBvaw$") || len(h.sum) != sumSize {
		t.Error(got)
	}
	if _, err := newHash("x", Cost{Memory: 64}.orDefault(), strings.NewReader("short")); err == nil {
		t.Error("too little of the random numbers is no error")
	}
	if c := (Cost{}).orDefault(); c != (Cost{64 << 10, 3, 4}) || c.check() != nil {
		t.Errorf("the default costs %+v", c)
	}
	if _, err := newHash("x", Cost{Memory: math.MaxUint32, Passes: 1, Lanes: 1}, nil); err == nil || err.Error() != "argon2id: m=4294967295, want 8 to 262144" {
		t.Error(err)
	}
}

func TestParseHashErrors(t *testing.T) {
	const salt, sum = "c2l4dGVlbiBieXRlcyBvaw", "oRCBPbkUFMg0FSZqhQBWfQ"
	tests := []struct{ name, phc, want string }{
		{"empty", "", "is no $argon2id$v=…$m=…,t=…,p=…$salt$hash"},
		{"another algorithm", "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + sum, "is no $argon2id$v=…$m=…,t=…,p=…$salt$hash"},
		{"no version", "$argon2id$m=64,t=1,p=1$" + salt + "$" + sum, "is no $argon2id$v=…$m=…,t=…,p=…$salt$hash"},
		{"something behind it", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + sum + "$", "is no $argon2id$v=…$m=…,t=…,p=…$salt$hash"},
		{"an old version", "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + sum, `version "v=16", want v=19`},
		{"much memory", "$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + sum, "m=4294967295, want 8 to 262144"},
		{"one over the memory", "$argon2id$v=19$m=262145,t=1,p=1$" + salt + "$" + sum, "m=262145, want 8 to 262144"},
		{"little memory", "$argon2id$v=19$m=15,t=1,p=2$" + salt + "$" + sum, "m=15, want 16 to 262144"},
		{"many passes", "$argon2id$v=19$m=64,t=17,p=1$" + salt + "$" + sum, "t=17, want 1 to 16"},
		{"no pass", "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + sum, "t=0, want 1 to 16"},
		{"many lanes", "$argon2id$v=19$m=64,t=1,p=17$" + salt + "$" + sum, "p=17, want 1 to 16"},
		{"lanes that do not fit", "$argon2id$v=19$m=64,t=1,p=257$" + salt + "$" + sum, "p=257, want 1 to 16"},
		{"no lane", "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + sum, "p=0, want 1 to 16"},
		{"much work", "$argon2id$v=19$m=262144,t=5,p=1$" + salt + "$" + sum, "m=262144 over t=5 passes, want at most 1048576 together"},
		{"other parameters", "$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + sum, `parameters "t=1,m=64,p=1", want m=…,t=…,p=…`},
		{"one more parameter", "$argon2id$v=19$m=64,t=1,p=1,x=1$" + salt + "$" + sum, `parameters "m=64,t=1,p=1,x=1", want m=…,t=…,p=…`},
		{"a sign", "$argon2id$v=19$m=+64,t=1,p=1$" + salt + "$" + sum, `parameters "m=+64,t=1,p=1", want m=…,t=…,p=…`},
		{"a leading zero", "$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + sum, `parameters "m=064,t=1,p=1", want m=…,t=…,p=…`},
		{"a short salt", "$argon2id$v=19$m=64,t=1,p=1$YWJjZGVmZw$" + sum, "salt: want 8 to 64 bytes in base64"},
		{"no salt", "$argon2id$v=19$m=64,t=1,p=1$$" + sum, "salt: want 8 to 64 bytes in base64"},
		{"a short hash", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$YWJjZGVmZw", "hash: want 16 to 64 bytes in base64"},
		{"padding", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "==$" + sum, "salt: want 8 to 64 bytes in base64"},
		{"bits behind the hash", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$oRCBPbkUFMg0FSZqhQBWfR", "hash: want 16 to 64 bytes in base64"},
		{"a line break", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$oRCBPbkUFMg0FS\nZqhQBWfQ", "is not written as netelf writes it"},
		{"long", strings.Repeat("$", 257), "257 bytes, at most 256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parseHash(tt.phc); err == nil || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// The first is the widely published one, the second openssl's and impacket's.
func TestNTHash(t *testing.T) {
	for password, want := range map[string]string{
		"password": "8846f7eaee8fb117ad06bdd830b7586c",
		"Fälsch 🔑": "47fcf5774ba122ba1b874b1071c222ad",
	} {
		if got := ntHash(password); hex.EncodeToString(got[:]) != want {
			t.Errorf("%q: %x, want %s", password, got, want)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	for _, good := range []string{"x", " ", "pass word", "ä", strings.Repeat("x", MaxPassword)} {
		if err := CheckPassword(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"":                                 "the password is empty: invalid argument",
		"secret\x00":                       "the password has a control character: invalid argument",
		"secret\n":                         "the password has a control character: invalid argument",
		"secret\xff":                       "the password is not valid UTF-8: invalid argument",
		strings.Repeat("x", MaxPassword+1): "the password has over 1024 bytes: invalid argument",
	} {
		if err := CheckPassword(bad); err == nil || err.Error() != want || !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%q: %v, want %s", bad, err, want)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	for _, tt := range foreign {
		f.Add(tt.phc)
	}
	f.Add("$argon2id$v=19$m=4294967295,t=99,p=255$$")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parseHash(s)
		if err != nil {
			return
		}
		if h.String() != s || h.cost.check() != nil {
			t.Errorf("%q became %q", s, h)
		}
		again, err := parseHash(h.String())
		if err != nil || !bytes.Equal(again.salt, h.salt) || !bytes.Equal(again.sum, h.sum) || again.cost != h.cost {
			t.Errorf("%q became %v, %v", s, again, err)
		}
	})
}
