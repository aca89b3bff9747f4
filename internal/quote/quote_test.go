package quote

import (
	"strings"
	"testing"
)

func TestShort(t *testing.T) {
	x := strings.Repeat("x", most)
	for s, want := range map[string]string{
		"":                         `""`,
		"a\"b\x1b\u202e":           `"a\"b\x1b\u202e"`,
		x:                          `"` + x + `"`,
		x + "y":                    `"` + x + `"…`,
		x[1:] + "€":                `"` + x[1:] + `"…`,
		x[3:] + "€":                `"` + x[3:] + `€"`,
		strings.Repeat("\x80", 99): `"` + strings.Repeat(`\x80`, most-4) + `"…`,
	} {
		if got := Short(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}
