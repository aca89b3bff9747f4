package regf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/nt"
)

// multi is the data of texts.
func multi(texts ...string) []byte {
	return nt.AppendUTF16(nil, strings.Join(texts, "\x00")+"\x00\x00")
}

func TestValue(t *testing.T) {
	u16 := func(s string) []byte { return nt.AppendUTF16(nil, s) }
	for _, x := range []struct {
		name   string
		v      Value
		number uint32
		text   string
		texts  []string
		err    string
	}{
		{"number", NumberValue("n", 0x01020304), 0x01020304, "", nil, ""},
		{"short number", Value{"n", TypeNumber, []byte{1, 2, 3}}, 0, "", nil, `value "n": a number of 3 bytes, want 4`},
		{"long number", Value{"n", TypeNumber, make([]byte, 8)}, 0, "", nil, `value "n": a number of 8 bytes, want 4`},
		{"text", Value{"t", TypeString, u16("gneiß\x00")}, 0, "gneiß", nil, ""},
		{"text without a zero", Value{"t", TypeExpand, u16("%a%")}, 0, "%a%", nil, ""},
		{"text behind the zero", Value{"t", TypeString, u16("a\x00b\x00")}, 0, "a", nil, ""},
		{"no text", Value{"t", TypeString, nil}, 0, "", nil, ""},
		{"half a surrogate", Value{"t", TypeString, []byte{0, 0xd8}}, 0, "\ufffd", nil, ""},
		{"odd text", Value{"t", TypeString, []byte{'a', 0, 'b'}}, 0, "", nil, `value "t": text of 3 bytes, which is odd`},
		{"texts", Value{"m", TypeMultiString, multi("a", "bc")}, 0, "", []string{"a", "bc"}, ""},
		{"texts without an end", Value{"m", TypeMultiString, u16("a\x00bc")}, 0, "", []string{"a", "bc"}, ""},
		{"texts behind the end", Value{"m", TypeMultiString, u16("a\x00\x00b\x00\x00")}, 0, "", []string{"a"}, ""},
		{"no texts", Value{"m", TypeMultiString, multi()}, 0, "", nil, ""},
		{"odd texts", Value{"m", TypeMultiString, []byte{1}}, 0, "", nil, `value "m": text of 1 bytes, which is odd`},
		{"too many texts", Value{"m", TypeMultiString, multi(strings.Split(strings.Repeat("a ", maxStrings)+"a", " ")...)}, 0, "", nil, `value "m": over 65536 texts`},
		{"binary", Value{"b", TypeBinary, nil}, 0, "", nil, `value "b" is REG_BINARY, want REG_MULTI_SZ`},
		{"unknown", Value{"b", 99, nil}, 0, "", nil, `value "b" is type 99, want REG_MULTI_SZ`},
	} {
		var number uint32
		var text string
		var texts []string
		var err error
		switch x.v.Type {
		case TypeNumber:
			number, err = x.v.Number()
		case TypeString, TypeExpand:
			text, err = x.v.Text()
		default:
			texts, err = x.v.Texts()
		}
		if d := cmp.Diff(x.texts, texts); d != "" || number != x.number || text != x.text {
			t.Errorf("%s: %d, %q\n%s", x.name, number, text, d)
		}
		if x.err == "" && err != nil || x.err != "" && (err == nil || err.Error() != x.err) {
			t.Errorf("%s: %v", x.name, err)
		}
	}
	v := NumberValue("n", 1)
	if _, err := v.Text(); err == nil || err.Error() != `value "n" is REG_DWORD, want REG_SZ or REG_EXPAND_SZ` {
		t.Error(err)
	}
	v = Value{"t", TypeString, nil}
	if _, err := v.Number(); err == nil || err.Error() != `value "t" is REG_SZ, want REG_DWORD` {
		t.Error(err)
	}
}
