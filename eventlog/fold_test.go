package eventlog

import (
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for _, x := range []struct{ in, want string }{
		{"", ""},
		{"system", "system"},
		{"Service Control Manager", "service control manager"},
		{"@[`{", "@[`{"},
		{"MÜNCHEN", "münchen"},
		{"\u1e9e\u00df", "\u00df\u00df"},                 // sharp s, large and small; never ss
		{"\u03a3\u03c3\u03c2", "\u03c3\u03c3\u03c3"},     // the three sigmas
		{"I\u0130i\u0131", "iiii"},                       // the four Turkish i
		{"\u212a\u212b\u017f", "k\u00e5s"},               // Kelvin, Angstrom, long s
		{"\u01c4\u01c5\u01c6", "\u01c6\u01c6\u01c6"},     // capital, title case, small
		{"\U00010400\U0001F600", "\U00010400\U0001F600"}, // beyond the BMP: as it is
		{"a\xffB", "a\ufffdb"},
	} {
		if got := Fold(x.in); got != x.want {
			t.Errorf("Fold(%+q) = %+q, want %+q", x.in, got, x.want)
		}
		if !EqualFold(x.in, x.want) {
			t.Errorf("EqualFold(%+q, %+q) = false", x.in, x.want)
		}
	}
	for _, x := range [][2]string{{"", "a"}, {"ab", "a"}, {"ss", "ß"}, {"e\u0301", "\u00e9"}, {"\U00010400", "\U00010428"}, {"[", "{"}} {
		if EqualFold(x[0], x[1]) || EqualFold(x[1], x[0]) {
			t.Errorf("EqualFold(%+q, %+q) = true", x[0], x[1])
		}
	}
}

// TestFoldRune looks at every character: folding again changes nothing, the
// length in UTF-16 stays, UTF-8 shrinks to a third at most (see matchBytes), and
// units are folded as characters are.
func TestFoldRune(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		f := foldRune(r)
		if foldRune(f) != f {
			t.Errorf("%U folds to %U, and that to %U", r, f, foldRune(f))
		}
		if r <= 0xffff && foldUnit(uint16(r)) != uint16(f) || r <= 0xffff && f > 0xffff || r > 0xffff && f != r {
			t.Errorf("%U folds to %U", r, f)
		}
		if utf8.ValidRune(r) && utf8.RuneLen(r) > 3*utf8.RuneLen(f) || utf8.ValidRune(r) != utf8.ValidRune(f) {
			t.Errorf("%U folds to %U", r, f)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "a", "A", "Straße", "STRA\u1e9eE", "\u212a", "k", "\xff", "\xfe", "\ufffd", "\u0130", "\u0131", "I", "\U00010400"} {
		f.Add(s, "K")
		f.Add("\xff", s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if got, want := EqualFold(a, b), Fold(a) == Fold(b); got != want {
			t.Errorf("EqualFold(%+q, %+q) = %v, want %v", a, b, got, want)
		}
		if EqualFold(a, b) != EqualFold(b, a) || !EqualFold(a, a) || Fold(Fold(a)) != Fold(a) || !EqualFold(a, Fold(a)) {
			t.Errorf("no equivalence: %+q, %+q", a, b)
		}
	})
}
