package hexdoc

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppend(t *testing.T) {
	var b []byte
	b = AppendComment(b, "header")
	b = AppendField(b, 0x30, []byte{0xdc, 0, 0, 0}, "Length 0xdc")
	b = AppendField(b, 0x34, []byte("LfLe"), "")
	b = AppendField(b, 0x38, []byte("E\x00v\x00e\x00n\x00t\x00L\x00o\x00g\x00\x00\x00"), `SourceName "EventLog"`)
	want := `# header
00000030: dc 00 00 00              # Length 0xdc
00000034: 4c 66 4c 65
# SourceName "EventLog"
00000038: 45 00 76 00 65 00 6e 00 74 00 4c 00 6f 00 67 00  # E.v.e.n.t.L.o.g.
00000048: 00 00                                            # ..
`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []byte
		err      string
	}{
		{"empty", "", nil, ""},
		{"only comments", "# a: b\n\n", nil, ""},
		{"bytes", "01 02\n03\n", []byte{1, 2, 3}, ""},
		{"together", "0102 FF", []byte{1, 2, 255}, ""},
		{"comment behind", "00000000: 4c 66  # Lf: 00\n", []byte("Lf"), ""},
		{"gap", "0: 01\n0x4: 02\n", []byte{1, 0, 0, 0, 2}, ""},
		{"back", "0: 01 02\n1: 03", nil, "line 2: offset 0x1 lies before the end 0x2 of the line above"},
		{"far", "ffffffffff: 00", nil, "line 1: offset 0xffffffffff is over the limit 0x4000000"},
		{"longer than an offset", "ffffffffffffffffff: 00", nil, `line 1: offset "ffffffffffffffffff" is not hexadecimal`},
		{"no offset", "x: 00", nil, `line 1: offset "x" is not hexadecimal`},
		{"half a byte", "00 1", nil, `line 1: "1" is not bytes of two digits`},
		{"no bytes", "\nzz", nil, `line 2: "zz" is not bytes of two digits`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != tt.err || !bytes.Equal(got, tt.want) {
				t.Errorf("got % x and %q, want % x and %q", got, text, tt.want, tt.err)
			}
		})
	}
}

// FuzzParse: what was laid out reads back, and no text does harm.
func FuzzParse(f *testing.F) {
	f.Add("0: 01\n4: 02", []byte("some bytes that take more than a row"), int64(0x30))
	f.Fuzz(func(t *testing.T, text string, b []byte, off int64) {
		_, _ = Parse(text)
		off &= 0xffff
		out := AppendField(nil, off, b, "a comment: 00")
		got, err := Parse(string(out))
		if err != nil {
			t.Fatal(err)
		}
		if want := append(make([]byte, off), b...); !bytes.Equal(got, want) {
			t.Errorf("got % x, want % x", got, want)
		}
		if strings.Count(string(out), "\n") == 0 {
			t.Error("no line")
		}
	})
}
