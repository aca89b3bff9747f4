package ndr

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

var orders = map[string]binary.ByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian}

// unhex is bytes written as hex, with spaces.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestLayout holds the bytes of each type, in both orders.
func TestLayout(t *testing.T) {
	for _, x := range []struct {
		name        string
		write       func(*Writer)
		little, big string
	}{
		{"numbers are aligned", func(w *Writer) {
			w.Uint8(1)
			w.Uint16(2)
			w.Uint8(3)
			w.Uint32(4)
			w.Uint8(5)
			w.Uint64(6)
		},
			"01 00 0200 03 000000 04000000 05 000000 0600000000000000",
			"01 00 0002 03 000000 00000004 05 000000 0000000000000006"},
		{"unique pointers", func(w *Writer) { w.Pointer(true); w.Pointer(false); w.Pointer(true) },
			"00000200 00000000 04000200", "00020000 00000000 00020004"},
		{"unicode string", func(w *Writer) { w.UnicodeString(Text("Aé")); w.Flush() },
			"0400 0400 00000200 02000000 00000000 02000000 4100 e900",
			"0004 0004 00020000 00000002 00000000 00000002 0041 00e9"},
		{"unicode string without a buffer", func(w *Writer) { w.UnicodeString(String{}); w.Flush() },
			"0000 0000 00000000", "0000 0000 00000000"},
		{"empty unicode string", func(w *Writer) { w.UnicodeString(String{Buffer: true}); w.Flush() },
			"0000 0000 00000200 00000000 00000000 00000000", "0000 0000 00020000 00000000 00000000 00000000"},
		{"ansi string", func(w *Writer) { w.ANSIString(Text("ab")); w.Flush() },
			"0200 0300 00000200 03000000 616200", "0002 0003 00020000 00000003 616200"},
		{"wide string", func(w *Writer) { w.WideString("A") },
			"02000000 00000000 02000000 4100 0000", "00000002 00000000 00000002 0041 0000"},
		{"byte array", func(w *Writer) { w.ByteArray([]byte{7, 8, 9}); w.Align(4) },
			"03000000 070809 00", "00000003 070809 00"},
		{"sid", func(w *Writer) { w.SID("S-1-5-32-544") },
			"02000000 01 02 000000000005 20000000 20020000", "00000002 01 02 000000000005 00000020 00000220"},
		{"context handle", func(w *Writer) {
			w.ContextHandle(ContextHandle{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
		},
			"01020304 05060708 090a 0b0c 0d0e0f1011121314", "04030201 08070605 0a09 0c0b 0d0e0f1011121314"},
		// The array stands whole before what its pointers point to, and each of
		// these brings what it points to itself before the next one.
		{"pointers in pointees", func(w *Writer) {
			w.Count(2, 2)
			for _, s := range []string{"A", "B"} {
				w.Pointer(true)
				w.Defer(func() { w.UnicodeString(Text(s)) })
			}
			w.Flush()
		},
			"02000000 00000200 04000200" +
				"0200 0200 08000200 01000000 00000000 01000000 4100 0000" +
				"0200 0200 0c000200 01000000 00000000 01000000 4200",
			"00000002 00020000 00020004" +
				"0002 0002 00020008 00000001 00000000 00000001 0041 0000" +
				"0002 0002 0002000c 00000001 00000000 00000001 0042"},
	} {
		for name, want := range map[string]string{"little": x.little, "big": x.big} {
			// Alignment counts from the stub's beginning, not from dst's.
			w := NewWriter([]byte{0xee}, orders[name])
			x.write(w)
			b, err := w.Bytes()
			if err != nil {
				t.Errorf("%s, %s: %v", x.name, name, err)
				continue
			}
			if d := cmp.Diff(hex.EncodeToString(unhex(t, want)), hex.EncodeToString(b[1:])); d != "" || b[0] != 0xee {
				t.Errorf("%s, %s (-want +got):\n%s", x.name, name, d)
			}
		}
	}
}

// everything is one of each type.
type everything struct {
	A     uint8
	B     uint16
	C     uint32
	D     uint64
	P, Q  bool
	U, V  String
	S     String
	W     string
	Bytes []byte
	SID   nt.SID
	H     ContextHandle
	G     nt.GUID
	F     []uint32
	List  []String
}

func (e *everything) write(w *Writer) {
	w.Uint8(e.A)
	w.Uint16(e.B)
	w.Uint32(e.C)
	w.Uint64(e.D)
	w.Pointer(e.P)
	w.Pointer(e.Q)
	w.UnicodeString(e.U)
	w.ANSIString(e.S)
	w.UnicodeString(e.V)
	w.Flush()
	w.WideString(e.W)
	w.ByteArray(e.Bytes)
	w.SID(e.SID)
	w.ContextHandle(e.H)
	w.GUID(e.G)
	w.Count(len(e.F), 100)
	for _, id := range e.F {
		if w.FullPointer(id) {
			w.Defer(func() { w.Uint32(id * 10) })
		}
	}
	w.Flush()
	w.Count(len(e.List), 100)
	for _, s := range e.List {
		w.Pointer(true)
		w.Defer(func() { w.UnicodeString(s) })
	}
	w.Flush()
}

func (e *everything) read(r *Reader) {
	e.A, e.B, e.C, e.D = r.Uint8(), r.Uint16(), r.Uint32(), r.Uint64()
	e.P, e.Q = r.Pointer(), r.Pointer()
	r.Field("U").UnicodeString(&e.U)
	r.Field("S").ANSIString(&e.S)
	r.Field("V").UnicodeString(&e.V)
	r.Flush()
	e.W = r.Field("W").WideString(1000)
	e.Bytes = bytes.Clone(r.Field("Bytes").ByteArray(1000))
	e.SID, _ = r.Field("SID").SID()
	e.H = r.Field("H").ContextHandle()
	e.G = r.Field("G").GUID()
	n := r.Field("F").Conformant(4, 100)
	e.F = nil
	for range n {
		id, first := r.FullPointer()
		if e.F = append(e.F, id); first {
			r.Defer(func() {
				if at := r.Offset(); r.Uint32() != id*10 {
					r.Fail(at, errors.New("not what the pointer points to"))
				}
			})
		}
	}
	r.Flush()
	e.List = make([]String, r.Field("List").Conformant(4, 100))
	for i := range e.List {
		if r.Pointer() {
			r.Defer(func() { r.UnicodeString(&e.List[i]) })
		}
	}
	r.Flush()
}

func sample() everything {
	return everything{
		A: 1, B: 0x1234, C: 0x12345678, D: 1 << 60, P: true,
		U: Text("Größe 😀"), V: String{Buffer: true}, S: Text("ansi \xe4"), W: "wide", Bytes: []byte{1, 2, 3},
		SID: "S-1-5-21-1-2-3-1000", H: ContextHandle{0, 0, 0, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1}, G: nt.GUID{1, 2, 3, 4, 5, 6, 7, 8, 9},
		F: []uint32{7, 0, 7, 8}, List: []String{Text("one"), {}, Text("three")},
	}
}

func TestRoundTrip(t *testing.T) {
	for name, order := range orders {
		want := sample()
		w := NewWriter(nil, order)
		want.write(w)
		b, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var got everything
		r := NewReader(b, order, "everything")
		got.read(r)
		if r.Err() != nil || r.Rest() != 0 {
			t.Errorf("%s: %v, %d bytes left", name, r.Err(), r.Rest())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		// Every cut is an error, and none panics.
		for n := range len(b) {
			var got everything
			r := NewReader(b[:n], order, "everything")
			if got.read(r); r.Err() == nil {
				t.Errorf("%s: cut to %d of %d bytes: no error", name, n, len(b))
			}
		}
	}
}

func TestErrors(t *testing.T) {
	text := func(r *Reader) { var s String; r.UnicodeString(&s); r.Flush() }
	ansi := func(r *Reader) { var s String; r.ANSIString(&s); r.Flush() }
	for _, x := range []struct {
		name, in string
		read     func(*Reader)
		want     string
	}{
		{"short number", "010203", func(r *Reader) { r.Uint32() }, "offset 0x0: need 4 bytes, have 3"},
		{"short behind alignment", "01 000000 0102", func(r *Reader) { r.Uint8(); r.Uint32() }, "offset 0x1: need 7 bytes, have 5"},
		{"negative bytes", "01", func(r *Reader) { r.Bytes(-1) }, "offset 0x0: -1 bytes"},
		{"odd length", "0300 0400 00000200 02000000 00000000 02000000 4100 4100", text, "offset 0x0: length 3 is odd"},
		{"length over maximum", "0400 0200 00000200 01000000 00000000 02000000 4100 4100", text, "offset 0x0: length 4 is over the maximum length 2"},
		{"length over odd maximum", "0400 0300 00000200 01000000 00000000 02000000 4100 4100", text, "offset 0x0: length 4 is over the maximum length 2"},
		{"length without buffer", "0200 0200 00000000", text, "offset 0x0: length 2 without a buffer"},
		{"array offset", "0200 0400 00000200 02000000 01000000 01000000 4100", text, "offset 0xc: array offset 1, want 0"},
		{"maximum count differs", "0200 0400 00000200 01000000 00000000 01000000 4100", text, "offset 0x8: array of 1 of 1 characters, but the lengths say 1 of 2"},
		{"actual count differs", "0200 0400 00000200 02000000 00000000 02000000 4100 4100", text, "offset 0x8: array of 2 of 2 characters, but the lengths say 1 of 2"},
		{"huge maximum count", "0200 0200 00000200 ffffffff 00000000 01000000 4100", text, "offset 0x8: maximum count 4294967295 is over the limit 1"},
		{"huge actual count", "0200 0200 00000200 01000000 00000000 ffffffff 4100", text, "offset 0x10: actual count 4294967295 is over the limit 1"},
		{"text cut off", "feff feff 00000200 ff7f0000 00000000 ff7f0000 4100", text, "offset 0x10: actual count 32767 needs 65534 bytes, have 2"},
		{"ansi length over maximum", "0300 0200 00000200 02000000 4141", ansi, "offset 0x0: length 3 is over the maximum length 2"},
		{"ansi length without buffer", "0300 0400 00000000", ansi, "offset 0x0: length 3 without a buffer"},
		{"ansi count differs", "0100 0200 00000200 01000000 4141", ansi, "offset 0x8: array of 1 characters, but the maximum length is 2"},
		{"array over limit", "05000000 0102030405", func(r *Reader) { r.ByteArray(4) }, "offset 0x0: maximum count 5 is over the limit 4"},
		{"array over what is left", "00000010 01", func(r *Reader) { r.ByteArray(math.MaxInt32) }, "offset 0x0: maximum count 268435456 needs 268435456 bytes, have 1"},
		{"negative limit", "00000001", func(r *Reader) { r.Conformant(1, -1) }, "offset 0x0: maximum count 16777216 is over the limit -1"},
		{"actual over maximum", "01000000 00000000 02000000 4100 4100", func(r *Reader) { r.ConformantVarying(2, 10) }, "offset 0x8: actual count 2 is over the maximum count 1"},
		{"string without zero", "01000000 00000000 01000000 4100", func(r *Reader) { r.WideString(10) }, "offset 0xc: string without a zero at its end"},
		{"string of nothing", "01000000 00000000 00000000", func(r *Reader) { r.WideString(10) }, "offset 0xc: string without a zero at its end"},
		{"sid counts differ", "01000000 01 02 000000000005 20000000 20020000", func(r *Reader) { r.SID() }, "offset 0x0: array of 1 sub-authorities, but the SID has 2"},
		{"sid cut off", "02000000 01 02 000000000005 20000000", func(r *Reader) { r.SID() }, "offset 0x10: need 4 bytes, have 0"},
	} {
		r := NewReader(unhex(t, x.in), binary.LittleEndian, "Call").Field("Arg")
		x.read(r)
		var fe *eventlog.FormatError
		if err := r.Err(); !errors.As(err, &fe) || err.Error() != "ndr: Call.Arg at "+x.want {
			t.Errorf("%s: have %v\nwant %s", x.name, err, x.want)
		}
		// After the first error all is zero, and the error stays.
		first := r.Err()
		if r.Uint8() != 0 || r.Uint64() != 0 || r.Bytes(1) != nil || r.Rest() != 0 || r.WideString(9) != "" || r.Pointer() || r.Err() != first {
			t.Errorf("%s: something is read behind the error", x.name)
		}
	}
}

func TestTolerated(t *testing.T) {
	for _, x := range []struct {
		name, in string
		want     String
	}{
		{"room for a zero", "0200 0400 00000200 02000000 00000000 01000000 4100", Text("A")},
		{"odd maximum length counts as one less", "0200 0500 00000200 02000000 00000000 01000000 4100", Text("A")},
		{"room without a buffer", "0000 0200 00000000", String{}},
		{"half a surrogate pair", "0200 0200 00000200 01000000 00000000 01000000 3dd8", Text("\ufffd")},
		{"bytes behind it", "0200 0200 00000200 01000000 00000000 01000000 4100 ffffffff", Text("A")},
	} {
		var s String
		r := NewReader(unhex(t, x.in), binary.LittleEndian, "Call")
		r.UnicodeString(&s)
		if r.Flush(); r.Err() != nil || s != x.want {
			t.Errorf("%s: %+v, %v; want %+v", x.name, s, r.Err(), x.want)
		}
	}
	for _, in := range []string{
		"01000000 02 01 000000000005 20000000",                         // revision 2
		"10000000 01 10 000000000005" + strings.Repeat("20000000", 16), // too many sub-authorities
	} {
		r := NewReader(unhex(t, in), binary.LittleEndian, "Call")
		if s, ok := r.SID(); ok || s != "" || r.Err() != nil || r.Rest() != 0 {
			t.Errorf("%s: %q, %v, %v, %d bytes left", in, s, ok, r.Err(), r.Rest())
		}
	}
}

func TestWriterErrors(t *testing.T) {
	for _, x := range []struct {
		name  string
		write func(*Writer)
		want  string
	}{
		{"text too long", func(w *Writer) { w.UnicodeString(Text(strings.Repeat("a", 32768))) }, "ndr: string of 65536 bytes, at most 65535"},
		{"ansi text too long", func(w *Writer) { w.ANSIString(Text(strings.Repeat("a", 65535))) }, "ndr: string of 65536 bytes, at most 65535"},
		{"no SID", func(w *Writer) { w.SID("") }, "ndr: sid: empty"},
		{"count over limit", func(w *Writer) { w.Count(3, 2) }, "ndr: array of 3 elements, at most 2"},
		{"negative count", func(w *Writer) { w.Count(-1, 2) }, "ndr: array of -1 elements, at most 2"},
	} {
		w := NewWriter([]byte{1}, binary.LittleEndian)
		x.write(w)
		w.Flush()
		w.Fail(errors.New("a later one"))
		if b, err := w.Bytes(); err == nil || err.Error() != x.want || len(b) != 1 {
			t.Errorf("%s: %v, %d bytes; want %s", x.name, err, len(b), x.want)
		}
	}
}

// TestNesting: a list whose nodes point to the next one is bounded, however long it is.
func TestNesting(t *testing.T) {
	r := NewReader(bytes.Repeat([]byte{1}, 4*1000), binary.LittleEndian, "Node")
	var node func()
	node = func() {
		if r.Pointer() {
			r.Defer(node)
		}
	}
	node()
	r.Flush()
	if err := r.Err(); err == nil || !strings.HasSuffix(err.Error(), "pointers nested over 64 deep") {
		t.Error(err)
	}
}

// TestManyPointers: what waits to be read is bounded.
func TestManyPointers(t *testing.T) {
	r := NewReader(bytes.Repeat([]byte{1}, 4*(maxDeferred+1)), binary.LittleEndian, "Array")
	for range maxDeferred + 1 {
		if r.Pointer() {
			r.Defer(func() {})
		}
	}
	if err := r.Err(); err == nil || !strings.HasSuffix(err.Error(), "over 65536 pointers") {
		t.Error(err)
	}
}

// FuzzReader: no input makes the Reader panic or read out of bounds, and what
// decodes encodes to what decodes to the same.
func FuzzReader(f *testing.F) {
	for big, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		e := sample()
		w := NewWriter(nil, order)
		e.write(w)
		b, err := w.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, big == 1)
		f.Add(b[:len(b)/2], big == 1)
		f.Add(bytes.Repeat([]byte{1, 0, 0, 0}, 60), big == 1)
	}
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		var e everything
		r := NewReader(b, order, "everything")
		e.read(r)
		if r.Offset() > len(b) {
			t.Fatalf("at %d of %d bytes", r.Offset(), len(b))
		}
		if r.Err() != nil || e.SID == "" {
			return
		}
		w := NewWriter(nil, order)
		e.write(w)
		again, err := w.Bytes()
		if err != nil {
			return // a replacement character made text longer than a string can be
		}
		var f everything
		r = NewReader(again, order, "everything")
		f.read(r)
		if d := cmp.Diff(e, f); r.Err() != nil || d != "" {
			t.Errorf("%v (-first +again):\n%s", r.Err(), d)
		}
	})
}
