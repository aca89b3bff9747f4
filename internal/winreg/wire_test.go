package winreg

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/internal/hexdoc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hexdoc.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// An answer of BaseRegEnumKey as Samba gives it.
const enumKeyGolden = `
0e 00 00 02 00 00 02 00  00 01 00 00 00 00 00 00 07 00 00 00    # 14 of 512 bytes: 7 of 256 characters
53 00 79 00 73 00 74 00 65 00 6d 00 00 00 00 00                 # "System", zero, padding
04 00 02 00                                                     # the class
00 00 00 08 08 00 02 00  00 04 00 00 00 00 00 00 00 00 00 00    # none of 1,024 characters
00 00 00 00                                                     # no time
00 00 00 00                                                     # well
`

// An answer of BaseRegQueryValue.
const queryValueGolden = `
00 00 02 00 04 00 00 00                                         # REG_DWORD
04 00 02 00 00 10 00 00 00 00 00 00 04 00 00 00  00 00 08 00    # 4 of 4,096 bytes
08 00 02 00 04 00 00 00
0c 00 02 00 04 00 00 00
00 00 00 00                                                     # well
`

func TestAnswers(t *testing.T) {
	name, code, err := enumKeyAnswer(unhex(t, enumKeyGolden))
	if name != "System" || code != 0 || err != nil {
		t.Errorf("%q, %v, %v", name, code, err)
	}
	_, d, code, err := valueAnswer(opQueryValue, unhex(t, queryValueGolden), firstBuffer)
	if diff := cmp.Diff(data{TypeNumber, []byte{0, 0, 8, 0}, 4}, d, cmp.AllowUnexported(data{})); diff != "" || code != 0 || err != nil {
		t.Errorf("%v, %v\n%s", code, err, diff)
	}
}

func TestAnswerErrors(t *testing.T) {
	enum, query := unhex(t, enumKeyGolden), unhex(t, queryValueGolden)
	change := func(b []byte, at int, to ...byte) []byte {
		c := append([]byte{}, b...)
		copy(c[at:], to)
		return c
	}
	long := ndr.NewWriter(nil, binary.LittleEndian)
	new(fakeServer).name(long, strings.Repeat("x", maxName+1), maxName+2)
	for range 3 {
		long.Uint32(0)
	}
	tooLong, err := long.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name string
		op   uint16
		b    []byte
		text string
	}{
		{"empty", opEnumKey, nil, "ndr: BaseRegEnumKey.lpNameOut at offset 0x0: need 2 bytes, have 0"},
		{"one short", opEnumKey, enum[:len(enum)-1], "ndr: BaseRegEnumKey.error at offset 0x40: need 4 bytes, have 3"},
		{"zero inside", opEnumKey, change(enum, 22, 0), "ndr: BaseRegEnumKey.lpNameOut at offset 0x0: name with a zero in it"},
		{"long name", opEnumKey, tooLong, "ndr: BaseRegEnumKey.lpNameOut at offset 0x0: name of 256 characters, at most 255"},
		{"actual count", opEnumKey, change(enum, 16, 8), "ndr: BaseRegEnumKey.lpNameOut at offset 0x8: array of 8 of 256 characters, but the lengths say 7 of 256"},
		{"empty value", opQueryValue, nil, "ndr: BaseRegQueryValue.lpType at offset 0x0: need 4 bytes, have 0"},
		{"value one short", opQueryValue, query[:len(query)-1], "ndr: BaseRegQueryValue.error at offset 0x2c: need 4 bytes, have 3"},
		{"vast value", opQueryValue, change(query, 20, 0xff, 0xff, 0xff, 0x7f), "ndr: BaseRegQueryValue.lpData at offset 0x14: actual count 2147483647 needs 2147483647 bytes, have 24"},
		{"lengths differ", opQueryValue, change(query, 40, 3), "ndr: BaseRegQueryValue.lpcbLen at offset 0x28: length 3, but there are 4 bytes"},
		{"no room", opQueryValue, query, "ndr: BaseRegQueryValue.lpData at offset 0x0: 4 bytes, there was room for 3"},
	} {
		var err error
		if x.op == opEnumKey {
			_, _, err = enumKeyAnswer(x.b)
		} else {
			_, _, _, err = valueAnswer(x.op, x.b, map[bool]int{true: 3, false: firstBuffer}[x.name == "no room"])
		}
		if err == nil || err.Error() != x.text {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

// FuzzAnswers: no answer makes a decoder panic, or give what its limits forbid.
func FuzzAnswers(f *testing.F) {
	f.Add(uint16(opEnumKey), unhex(f, enumKeyGolden))
	f.Add(uint16(opQueryValue), unhex(f, queryValueGolden))
	s := &fakeServer{root: fakeTree()}
	for _, op := range []uint16{opOpenLocalMachine, opOpenKey, opEnumKey, opEnumValue, opQueryInfoKey, opQueryValue, opSetValue, opCloseKey} {
		in, err := request(func(w *ndr.Writer) {
			if op == opOpenLocalMachine {
				w.Pointer(false)
				w.Uint32(0)
				return
			}
			w.ContextHandle(ndr.ContextHandle{4: 1})
			switch op {
			case opOpenKey:
				writeName(w, eventLogPath+`\System`)
				w.Uint32(0)
				w.Uint32(0)
			case opEnumKey, opEnumValue:
				w.Uint32(0)
				writeRoom(w, maxName+1)
				if op == opEnumKey {
					w.Uint32(0)
					w.Uint32(0)
				} else {
					writeData(w, firstBuffer)
				}
			case opQueryInfoKey:
				w.UnicodeString(ndr.String{})
			case opQueryValue:
				writeName(w, "MaxSize")
				writeData(w, firstBuffer)
			case opSetValue:
				writeName(w, "MaxSize")
				w.Uint32(uint32(TypeNumber))
				w.ByteArray([]byte{1, 2, 3, 4})
				w.Uint32(4)
			}
		})
		if err != nil {
			f.Fatal(err)
		}
		out, err := s.Call(context.Background(), op, in, binary.LittleEndian)
		if err != nil {
			f.Fatalf("%s: %v", opNames[op], err)
		}
		f.Add(op, out)
	}
	f.Fuzz(func(t *testing.T, op uint16, b []byte) {
		switch op {
		case opOpenLocalMachine, opOpenKey, opCloseKey:
			_, _, _ = openAnswer(op, b)
		case opEnumKey:
			name, _, err := enumKeyAnswer(b)
			if err == nil && (nt.UTF16Len(name) > 2*maxName || strings.Contains(name, "\x00")) {
				t.Errorf("name %q", name)
			}
		case opEnumValue, opQueryValue:
			_, d, _, err := valueAnswer(op, b, firstBuffer)
			if err == nil && len(d.b) > firstBuffer {
				t.Errorf("%d bytes", len(d.b))
			}
			v := Value{Name: "v", Type: d.typ, Data: d.b}
			_, _ = v.Number()
			_, _ = v.Text()
			v.Type = TypeMultiString
			all, _ := v.Texts()
			n := 0
			for _, s := range all {
				n += nt.UTF16Len(s) + 2
			}
			if n > len(d.b)+2 {
				t.Errorf("texts of %d bytes out of %d", n, len(d.b))
			}
		case opQueryInfoKey:
			_, _, _ = infoAnswer(b)
		default:
			_, _ = codeAnswer(opSetValue, b)
		}
	})
}
