package binxml

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"netelf.example/nt"
)

func le(n uint64, size int) []byte { return binary.LittleEndian.AppendUint64(nil, n)[:size] }

func utf16(s string) []byte { return nt.AppendUTF16(nil, s) }

func TestValueText(t *testing.T) {
	at, _ := nt.FiletimeOf(time.Date(2016, 7, 8, 18, 12, 51, 681640500, time.UTC))
	sys := []byte{0xe0, 7, 7, 0, 5, 0, 8, 0, 18, 0, 12, 0, 51, 0, 0xa9, 2}
	sid, err := nt.SID("S-1-5-21-1-2-500").AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	guid := nt.GUID{0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xa5, 0xba, 0x3e, 0x3b, 0x03, 0x28, 0xc3, 0x0d}
	for _, x := range []struct {
		name string
		v    Value
		want string
	}{
		{"null", Value{TypeNull, []byte{1, 2}}, ""},
		{"string", Value{TypeString, utf16("Größe")}, "Größe"},
		{"string with zeros", Value{TypeString, utf16("a\x00b\x00\x00")}, "a\x00b"},
		{"string of an odd length", Value{TypeString, append(utf16("a"), 'b')}, "a"},
		{"ansi", Value{TypeAnsiString, []byte("caf\xe9\x00")}, "café"},
		{"ansi that is UTF-8", Value{TypeAnsiString, []byte("café")}, "café"},
		{"int8", Value{TypeInt8, []byte{0xff}}, "-1"},
		{"uint8", Value{TypeUInt8, []byte{0xff}}, "255"},
		{"int16", Value{TypeInt16, le(0x8000, 2)}, "-32768"},
		{"uint16", Value{TypeUInt16, le(0x8000, 2)}, "32768"},
		{"int32", Value{TypeInt32, le(math.MaxUint32, 4)}, "-1"},
		{"uint32", Value{TypeUInt32, le(math.MaxUint32, 4)}, "4294967295"},
		{"int64", Value{TypeInt64, le(1<<63, 8)}, "-9223372036854775808"},
		{"uint64", Value{TypeUInt64, le(math.MaxUint64, 8)}, "18446744073709551615"},
		{"uint32 of two bytes", Value{TypeUInt32, le(7, 2)}, "7"},
		{"int32 of one byte", Value{TypeInt32, []byte{0xfe}}, "-2"},
		{"number of three bytes", Value{TypeUInt32, []byte{1, 2, 0xab}}, "0102AB"},
		{"number of no bytes", Value{TypeUInt32, nil}, ""},
		{"real32", Value{TypeReal32, le(uint64(math.Float32bits(0.1)), 4)}, "0.1"},
		{"real64", Value{TypeReal64, le(math.Float64bits(-1.5e300), 8)}, "-1.5e+300"},
		{"real64 that is none", Value{TypeReal64, le(math.Float64bits(math.NaN()), 8)}, "NaN"},
		{"bool", Value{TypeBool, le(1, 4)}, "true"},
		{"bool that is neither", Value{TypeBool, le(0x100, 4)}, "true"},
		{"bool, false", Value{TypeBool, le(0, 4)}, "false"},
		{"bool of one byte", Value{TypeBool, []byte{1}}, "true"},
		{"binary", Value{TypeBinary, []byte{0, 0x1f, 0xab}}, "001FAB"},
		{"guid", Value{TypeGUID, guid[:]}, "{54849625-5478-4994-A5BA-3E3B0328C30D}"},
		{"guid cut off", Value{TypeGUID, guid[:3]}, "259684"},
		{"size_t, 64 bits", Value{TypeSizeT, le(0x4d8, 8)}, "0x4d8"},
		{"size_t, 32 bits", Value{TypeSizeT, le(0x4d8, 4)}, "0x4d8"},
		{"filetime", Value{TypeFileTime, le(uint64(at), 8)}, "2016-07-08T18:12:51.6816405Z"},
		{"filetime 0", Value{TypeFileTime, le(0, 8)}, "1601-01-01T00:00:00.0000000Z"},
		{"filetime, the last", Value{TypeFileTime, le(math.MaxUint64, 8)}, "60056-05-28T05:36:10.9551615Z"},
		{"systemtime", Value{TypeSysTime, sys}, "2016-07-08T18:12:51.681Z"},
		{"systemtime that is none", Value{TypeSysTime, make([]byte, 16)}, "00000000000000000000000000000000"},
		{"sid", Value{TypeSID, sid}, "S-1-5-21-1-2-500"},
		{"sid cut off", Value{TypeSID, sid[:9]}, "010400000000000515"},
		{"hexint32", Value{TypeHexInt32, le(0xC0000022, 4)}, "0xc0000022"},
		{"hexint64", Value{TypeHexInt64, le(0x8020000000000000, 8)}, "0x8020000000000000"},
		{"hexint64, 0", Value{TypeHexInt64, le(0, 8)}, "0x0"},
		{"handle", Value{TypeEvtHandle, le(16, 8)}, "0x10"},
		{"xml", Value{TypeEvtXML, utf16("<a/>")}, "<a/>"},
		{"fragment", Value{TypeBinXML, []byte{1, 2}}, ""},
		{"unknown", Value{0x55, []byte{1, 2}}, "0102"},
		{"strings", Value{TypeString | TypeArray, utf16("a\x00\x00b")}, "a, , b"},
		{"ansi strings", Value{TypeAnsiString | TypeArray, []byte("a\x00b\x00")}, "a, b"},
		{"numbers", Value{TypeInt16 | TypeArray, []byte{1, 0, 0xff, 0xff}}, "1, -1"},
		{"numbers and a half", Value{TypeUInt16 | TypeArray, []byte{1, 0, 2}}, "1, 2"},
		{"guids", Value{TypeGUID | TypeArray, append(guid[:], guid[:]...)}, "{54849625-5478-4994-A5BA-3E3B0328C30D}, {54849625-5478-4994-A5BA-3E3B0328C30D}"},
		{"sids", Value{TypeSID | TypeArray, append(sid, sid...)}, "S-1-5-21-1-2-500, S-1-5-21-1-2-500"},
		{"sizes of 32 bits", Value{TypeSizeT | TypeArray, []byte{1, 0, 0, 0}}, "0x1"},
		{"binary in an array", Value{TypeBinary | TypeArray, []byte{1, 2}}, "0102"},
		{"nothing in an array", Value{TypeUInt16 | TypeArray, nil}, ""},
	} {
		if got := string(x.v.AppendText([]byte("-"))); got != "-"+x.want {
			t.Errorf("%s: %q, want %q", x.name, got[1:], x.want)
		}
	}
}

// TestTime compares with the standard library.
func TestTime(t *testing.T) {
	for _, base := range []time.Time{
		time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1700, 2, 28, 23, 59, 59, 999999900, time.UTC),
		time.Date(2000, 2, 28, 0, 0, 0, 100, time.UTC), time.Date(2100, 2, 28, 12, 0, 0, 0, time.UTC), time.Date(9999, 12, 20, 0, 0, 0, 0, time.UTC),
	} {
		for day := range 1500 {
			at := base.AddDate(0, 0, day*7/3).Add(time.Duration(day) * 1000003 * 100)
			f, ok := nt.FiletimeOf(at)
			want := at.Format("2006-01-02T15:04:05.0000000Z")
			if got := string(appendTime(nil, f, 7)); !ok || got != want {
				t.Fatalf("%s, want %s", got, want)
			}
		}
	}
}

func TestValueNumbers(t *testing.T) {
	for _, x := range []struct {
		v    Value
		want uint64
		ok   bool
	}{
		{Value{TypeUInt8, []byte{7}}, 7, true}, {Value{TypeUInt16, le(7, 2)}, 7, true}, {Value{TypeHexInt64, le(1<<63, 8)}, 1 << 63, true},
		{Value{TypeUInt32, le(7, 3)}, 0, false}, {Value{TypeString, le(7, 2)}, 0, false}, {Value{TypeNull, nil}, 0, false},
		{Value{TypeUInt16 | TypeArray, le(7, 2)}, 0, false},
	} {
		if got, ok := x.v.Uint(); got != x.want || ok != x.ok {
			t.Errorf("%v: %d, %v, want %d, %v", x.v, got, ok, x.want, x.ok)
		}
	}
	if _, ok := (Value{TypeFileTime, le(1, 4)}).Time(); ok {
		t.Error("four bytes are a FILETIME")
	}
	for typ, want := range map[Type]string{TypeNull: "null", TypeString | TypeArray: "string[]", 0x55: "type 0x55", TypeBinXML: "binxml"} {
		if got := typ.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// FuzzValue takes any bytes for a value of any type: the elements of an array are
// all of it, and no text is much longer than its value.
func FuzzValue(f *testing.F) {
	for typ := range typeNames {
		f.Add(uint8(typ), []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 7, 0, 0, 0})
		f.Add(uint8(typ|TypeArray), []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 7, 0, 0, 0})
	}
	f.Fuzz(func(t *testing.T, typ uint8, b []byte) {
		v := Value{Type(typ), b}
		if text := v.AppendText(nil); len(text) > 64+8*len(b) {
			t.Errorf("%d bytes of text for %d", len(text), len(b))
		}
		n, sum := 0, 0
		for rest := v; ; n++ {
			x, ok := rest.Next()
			if !ok {
				break
			}
			if sum += len(x.Bytes); n > len(b)+1 || sum > len(b) || x.Type&TypeArray != 0 {
				t.Fatalf("element %d: %v", n, x)
			}
		}
	})
}
