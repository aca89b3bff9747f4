package nt

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

// units encodes 16-bit units as they are, paired or not.
func units(u ...uint16) []byte {
	var b []byte
	for _, v := range u {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

// slowUTF8 is AppendUTF8 by way of the standard library.
func slowUTF8(u16 []byte) string {
	u := make([]uint16, len(u16)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(u16[2*i:])
	}
	return string(utf16.Decode(u))
}

// slowIndexNUL is IndexNUL unit by unit.
func slowIndexNUL(u16 []byte) int {
	for i := 0; i+1 < len(u16); i += 2 {
		if u16[i] == 0 && u16[i+1] == 0 {
			return i
		}
	}
	return -1
}

var utf16Cases = []struct {
	name string
	u16  []byte
	want string
}{
	{"empty", nil, ""},
	{"one byte", []byte{'a'}, ""},
	{"odd last byte", append(units('a', 'b'), 'c'), "ab"},
	{"ASCII of a few units", units('a', 'b', 'c'), "abc"},
	{"ASCII of 4 units", units('a', 'b', 'c', 'd'), "abcd"},
	{"ASCII of 13 units", units('S', 'e', 'r', 'v', 'i', 'c', 'e', ' ', 's', 't', 'o', 'p', '.'), "Service stop."},
	{"NUL within", units('a', 0, 'b'), "a\x00b"},
	{"last of ASCII", units(0x7F, 0x7F, 0x7F, 0x7F), "\x7f\x7f\x7f\x7f"},
	{"first of two bytes", units('a', 'b', 'c', 0x80, 'd'), "abc\u0080d"},
	{"low byte ASCII, high byte not", units('a', 'b', 0x0161, 'd'), "abšd"},
	{"last of two bytes", units(0x7FF), "\u07ff"},
	{"first of three bytes", units(0x800), "\u0800"},
	{"Cyrillic", units(0x421, 0x43B, 0x443, 0x436, 0x431, 0x430, ' ', 0x43E, 0x43A), "Служба ок"},
	{"around the surrogates", units(0xD7FF, 0xE000, 0xFFFF), "\ud7ff\ue000\uffff"},
	{"pair", units(0xD83D, 0xDE00), "😀"},
	{"pair across a word", units('a', 'b', 'c', 0xD83D, 0xDE00, 'd', 'e', 'f'), "abc😀def"},
	{"first and last pair", units(0xD800, 0xDC00, 0xDBFF, 0xDFFF), "\U00010000\U0010ffff"},
	{"high surrogate at the end", units('a', 0xD83D), "a\ufffd"},
	{"high surrogate before a letter", units(0xD83D, 'a'), "\ufffda"},
	{"low surrogate alone", units(0xDE00, 'a'), "\ufffda"},
	{"pair the wrong way round", units(0xDE00, 0xD83D), "\ufffd\ufffd"},
	{"high, then a pair", units(0xD83D, 0xD83D, 0xDE00), "\ufffd😀"},
	{"replacement character", units(0xFFFD, 0xFFFD), "\ufffd\ufffd"},
	{"ASCII again after the rest", append(units(0x421, 0x43B), AppendUTF16(nil, strings.Repeat("x", 40))...), "Сл" + strings.Repeat("x", 40)},
}

func TestUTF8(t *testing.T) {
	for _, tt := range utf16Cases {
		t.Run(tt.name, func(t *testing.T) {
			if got := UTF8(tt.u16); got != tt.want {
				t.Errorf("UTF8 = %q, want %q", got, tt.want)
			}
			if got := AppendUTF8([]byte("<"), tt.u16); string(got) != "<"+tt.want {
				t.Errorf("AppendUTF8 = %q, want %q", got, "<"+tt.want)
			}
			if slow := slowUTF8(tt.u16); slow != tt.want {
				t.Errorf("utf16.Decode = %q, want %q", slow, tt.want)
			}
		})
	}
}

func TestAppendUTF16(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []byte
	}{
		{"empty", "", nil},
		{"ASCII", "Security", units('S', 'e', 'c', 'u', 'r', 'i', 't', 'y')},
		{"ASCII and a rest", "Setup", units('S', 'e', 't', 'u', 'p')},
		{"umlaut in a word", "Prüf", units('P', 'r', 0xFC, 'f')},
		{"Cyrillic", "Служба ok", units(0x421, 0x43B, 0x443, 0x436, 0x431, 0x430, ' ', 'o', 'k')},
		{"pair", "a😀b", units('a', 0xD83D, 0xDE00, 'b')},
		{"not UTF-8", "a\xffbcd\xe2\x82", units('a', 0xFFFD, 'b', 'c', 'd', 0xFFFD, 0xFFFD)},
		{"surrogate in UTF-8", "\xed\xa0\x80", units(0xFFFD, 0xFFFD, 0xFFFD)},
		{"NUL", "a\x00bcd", units('a', 0, 'b', 'c', 'd')},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := AppendUTF16([]byte{1}, tt.in); !bytes.Equal(got, append([]byte{1}, tt.want...)) {
				t.Errorf("AppendUTF16 = % x, want 01 % x", got, tt.want)
			}
			if got := UTF16Len(tt.in); got != len(tt.want) {
				t.Errorf("UTF16Len = %d, want %d", got, len(tt.want))
			}
		})
	}
}

func TestIndexNUL(t *testing.T) {
	for _, tt := range []struct {
		name string
		u16  []byte
		want int
	}{
		{"empty", nil, -1},
		{"one byte", []byte{0}, -1},
		{"first", units(0, 'a', 'b', 'c', 'd'), 0},
		{"last of a word", units('a', 'b', 'c', 0, 'd'), 6},
		{"two in a word", units('a', 0, 0, 'd'), 2},
		{"behind the last word", units('a', 'b', 'c', 'd', 'e', 0), 10},
		{"none", units('a', 'b', 'c', 'd', 'e'), -1},
		{"zero bytes at an odd offset", []byte{1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1}, -1},
		{"zero low bytes", units(0x100, 0x100, 0x8000, 0x8000, 0x100), -1},
		{"a unit of 1 behind NUL, where a borrow would lie", units(2, 0, 1, 1), 2},
		{"units of 1 and 0x8000", units(1, 0x8000, 1, 0x8001), -1},
		{"odd last byte", append(units('a', 'b'), 0), -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := IndexNUL(tt.u16); got != tt.want {
				t.Errorf("IndexNUL = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestUTF16Allocations(t *testing.T) {
	u16 := AppendUTF16(nil, strings.Repeat("x", 80))
	dst := make([]byte, 0, 160)
	for _, tt := range []struct {
		name string
		want float64
		f    func()
	}{
		{"AppendUTF8 with just enough room", 0, func() { _ = AppendUTF8(dst[:0:80], u16) }},
		{"AppendUTF16 with just enough room", 0, func() { _ = AppendUTF16(dst, "Служба xxxx") }},
		{"UTF8", 1, func() { stringSink = UTF8(u16) }},
	} {
		if got := testing.AllocsPerRun(100, tt.f); got != tt.want {
			t.Errorf("%s: %v allocations, want %v", tt.name, got, tt.want)
		}
	}
}

// stringSink keeps a result from staying on the stack.
var stringSink string

func FuzzUTF16(f *testing.F) {
	for _, tt := range utf16Cases {
		f.Add(tt.u16)
	}
	f.Fuzz(func(t *testing.T, u16 []byte) {
		want := slowUTF8(u16)
		if got := UTF8(u16); got != want {
			t.Fatalf("UTF8(% x) = %q, want %q", u16, got, want)
		}
		if got, want := IndexNUL(u16), slowIndexNUL(u16); got != want {
			t.Fatalf("IndexNUL(% x) = %d, want %d", u16, got, want)
		}
		// The bytes taken as UTF-8, which they mostly are not, the other way.
		for _, s := range []string{want, string(u16)} {
			enc := AppendUTF16(nil, s)
			if slow := units(utf16.Encode([]rune(s))...); !bytes.Equal(enc, slow) {
				t.Fatalf("AppendUTF16(%q) = % x, want % x", s, enc, slow)
			}
			if len(enc) != UTF16Len(s) {
				t.Fatalf("UTF16Len(%q) = %d, want %d", s, UTF16Len(s), len(enc))
			}
		}
	})
}

var benchTexts = []struct{ name, text string }{
	{"ASCII12", "Service Cont"},
	{"ASCII80", strings.Repeat("The Print Spooler service entered the ru", 2)},
	{"German80", strings.Repeat("Der Dienst Druckwarteschlange läuft übel", 2)},
	{"Cyrillic80", strings.Repeat("Служба диспетчер печати работает исправн", 2)},
}

func BenchmarkAppendUTF8(b *testing.B) {
	for _, tt := range benchTexts {
		b.Run(tt.name, func(b *testing.B) {
			u16 := AppendUTF16(nil, tt.text)
			dst := make([]byte, 0, 512)
			b.SetBytes(int64(len(u16)))
			b.ReportAllocs()
			for b.Loop() {
				_ = AppendUTF8(dst, u16)
			}
		})
	}
}

func BenchmarkUTF8(b *testing.B) {
	for _, tt := range benchTexts[:2] {
		b.Run(tt.name, func(b *testing.B) {
			u16 := AppendUTF16(nil, tt.text)
			b.SetBytes(int64(len(u16)))
			b.ReportAllocs()
			for b.Loop() {
				stringSink = UTF8(u16)
			}
		})
	}
}

func BenchmarkAppendUTF16(b *testing.B) {
	for _, tt := range benchTexts {
		b.Run(tt.name, func(b *testing.B) {
			dst := make([]byte, 0, 512)
			b.SetBytes(int64(len(tt.text)))
			b.ReportAllocs()
			for b.Loop() {
				_ = AppendUTF16(dst, tt.text)
			}
		})
	}
}

func BenchmarkIndexNUL(b *testing.B) {
	for _, tt := range benchTexts[:2] {
		b.Run(tt.name, func(b *testing.B) {
			u16 := AppendUTF16(nil, tt.text+"\x00")
			b.SetBytes(int64(len(u16)))
			b.ReportAllocs()
			for b.Loop() {
				_ = IndexNUL(u16)
			}
		})
	}
}

func TestFileText(t *testing.T) {
	for _, tt := range []struct {
		name, file, want string
		ok               bool
	}{
		{"empty", "", "", true},
		{"UTF-8", "Größe", "Größe", true},
		{"UTF-8 with a mark", "\xef\xbb\xbfGröße", "Größe", true},
		{"two marks", "\ufeff\ufeffa", "\ufeffa", true},
		{"damaged behind a mark", "\xef\xbb\xbfa\xff\xfeb", "a\ufffdb", true},
		{"half a mark", "\xef\xbb", "\xef\xbb", false},
		{"code page 1252", "Gr\xf6\xdfe", "Gr\xf6\xdfe", false},
		{"UTF-16LE", "\xff\xfeG\x00\xf6\x00", "Gö", true},
		{"UTF-16BE", "\xfe\xff\x00G\x00\xf6\xd8\x3d\xde\x00", "Gö😀", true},
		{"UTF-16LE of nothing", "\xff\xfe", "", true},
		{"UTF-16BE with an odd end", "\xfe\xff\x00G\x00", "G", true},
		{"one byte of a mark", "\xff", "\xff", false},
	} {
		before := []byte(tt.file)
		text, ok := FileText(before)
		if text != tt.want || ok != tt.ok {
			t.Errorf("%s: got %q, %v, want %q, %v", tt.name, text, ok, tt.want, tt.ok)
		}
		if string(before) != tt.file {
			t.Errorf("%s: the bytes have changed", tt.name)
		}
	}
}
