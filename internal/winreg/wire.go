package winreg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// ID is the interface.
var ID = dcerpc.SyntaxID{
	UUID:    nt.GUID{0x01, 0xd0, 0x8c, 0x33, 0x44, 0x22, 0xf1, 0x31, 0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03},
	Version: 1,
}

// Pipe is the pipe that it is reached by.
const Pipe = "winreg"

// Operations ([MS-RRP] 3.1.5).
const (
	opOpenLocalMachine = 2
	opCloseKey         = 5
	opEnumKey          = 9
	opEnumValue        = 10
	opOpenKey          = 15
	opQueryInfoKey     = 16
	opQueryValue       = 17
	opSetValue         = 22
)

var opNames = map[uint16]string{
	opOpenLocalMachine: "OpenLocalMachine", opCloseKey: "BaseRegCloseKey", opEnumKey: "BaseRegEnumKey", opEnumValue: "BaseRegEnumValue",
	opOpenKey: "BaseRegOpenKey", opQueryInfoKey: "BaseRegQueryInfoKey", opQueryValue: "BaseRegQueryValue", opSetValue: "BaseRegSetValue",
}

// Limits of names, in characters ([MS-RRP] 3.1.1.4 gives 255 for keys and 16,383 for
// values, of which nothing here is near), and of values, in bytes.
const (
	maxName     = 255
	maxPath     = 1024
	firstBuffer = 4 << 10
	maxData     = 1 << 20
)

// writeName writes an RRP_UNICODE_STRING ([MS-RRP] 2.2.4), whose lengths count the
// zero at its end.
func writeName(w *ndr.Writer, s string) {
	w.UnicodeString(ndr.Text(s + "\x00"))
	w.Flush()
}

// writeRoom writes an RRP_UNICODE_STRING with nothing in it and room for so many
// characters.
func writeRoom(w *ndr.Writer, characters int) {
	w.Align(4)
	w.Uint16(0)
	w.Uint16(uint16(2 * characters))
	w.Pointer(true)
	w.Uint32(uint32(characters))
	w.Uint32(0)
	w.Uint32(0)
}

// readName reads an RRP_UNICODE_STRING of at most limit characters behind which there
// may be a zero.
func readName(r *ndr.Reader, field string, limit int) string {
	var s ndr.String
	at := r.Field(field).Offset()
	r.UnicodeString(&s)
	r.Flush()
	name := strings.TrimSuffix(s.Text, "\x00")
	switch {
	case r.Err() != nil:
	case nt.UTF16Len(name) > 2*limit:
		r.Fail(at, fmt.Errorf("name of %d characters, at most %d", nt.UTF16Len(name)/2, limit))
	case strings.Contains(name, "\x00"):
		r.Fail(at, errors.New("name with a zero in it"))
	default:
		return name
	}
	return ""
}

// request is a stub in the making.
func request(write func(w *ndr.Writer)) ([]byte, error) {
	w := ndr.NewWriter(nil, binary.LittleEndian)
	write(w)
	return w.Bytes()
}

// response reads a stub up to the error code at its end.
func response(op uint16, b []byte, read func(r *ndr.Reader)) (nt.Win32Error, error) {
	r := ndr.NewReader(b, binary.LittleEndian, opNames[op])
	read(r)
	code := nt.Win32Error(r.Field("error").Uint32())
	return code, r.Err()
}

// writeData writes the parameters lpType, lpData, lpcbData and lpcbLen of a question
// for a value of at most n bytes.
func writeData(w *ndr.Writer, n int) {
	w.Pointer(true) // lpType
	w.Uint32(0)
	w.Pointer(true) // lpData
	w.Uint32(uint32(n))
	w.Uint32(0)
	w.Uint32(0)
	w.Pointer(true) // lpcbData
	w.Uint32(uint32(n))
	w.Pointer(true) // lpcbLen
	w.Uint32(0)
}

// data is the answer to it.
type data struct {
	typ  Type
	b    []byte
	size uint32 // of the value, in bytes, also where it did not come
}

// readData reads what writeData asked for. The maximum count is not looked at: where
// the value did not fit, Samba has in it what is needed.
func readData(r *ndr.Reader) (d data) {
	if r.Field("lpType").Pointer() {
		d.typ = Type(r.Uint32())
	}
	length := -1
	if r.Field("lpData").Pointer() {
		_, count := r.ConformantVarying(1, math.MaxInt32)
		length = count
		d.b = append([]byte{}, r.Bytes(count)...)
	}
	if r.Field("lpcbData").Pointer() {
		d.size = r.Uint32()
	}
	if r.Field("lpcbLen").Pointer() {
		at := r.Offset()
		if l := r.Uint32(); r.Err() == nil && length >= 0 && uint64(l) != uint64(length) {
			r.Fail(at, fmt.Errorf("length %d, but there are %d bytes", l, length))
		}
	}
	return d
}

// openAnswer is that of both operations that open a key.
func openAnswer(op uint16, b []byte) (h ndr.ContextHandle, code nt.Win32Error, err error) {
	code, err = response(op, b, func(r *ndr.Reader) { h = r.Field("handle").ContextHandle() })
	return h, code, err
}

// enumKeyAnswer is that of BaseRegEnumKey.
func enumKeyAnswer(b []byte) (name string, code nt.Win32Error, err error) {
	code, err = response(opEnumKey, b, func(r *ndr.Reader) {
		name = readName(r, "lpNameOut", maxName)
		if r.Field("lplpClassOut").Pointer() {
			readName(r, "lplpClassOut", maxPath)
		}
		if r.Field("lpftLastWriteTime").Pointer() {
			r.Uint32()
			r.Uint32()
		}
	})
	return name, code, err
}

// valueAnswer is that of BaseRegEnumValue, where there is a name, and of
// BaseRegQueryValue, to a question for at most n bytes.
func valueAnswer(op uint16, b []byte, n int) (name string, d data, code nt.Win32Error, err error) {
	code, err = response(op, b, func(r *ndr.Reader) {
		if op == opEnumValue {
			name = readName(r, "lpValueNameOut", maxName)
		}
		at := r.Offset()
		if d = readData(r); len(d.b) > n {
			r.Field("lpData").Fail(at, fmt.Errorf("%d bytes, there was room for %d", len(d.b), n))
		}
	})
	return name, d, code, err
}

// infoAnswer is that of BaseRegQueryInfoKey.
func infoAnswer(b []byte) (i Info, code nt.Win32Error, err error) {
	code, err = response(opQueryInfoKey, b, func(r *ndr.Reader) {
		readName(r, "lpClassOut", maxPath)
		i.Keys = r.Field("lpcSubKeys").Uint32()
		r.Field("lpcbMaxSubKeyLen").Uint32()
		r.Field("lpcbMaxClassLen").Uint32()
		i.Values = r.Field("lpcValues").Uint32()
		r.Field("lpcbMaxValueNameLen").Uint32()
		i.MaxData = r.Field("lpcbMaxValueLen").Uint32()
		r.Field("lpcbSecurityDescriptor").Uint32()
		low := r.Field("lpftLastWriteTime").Uint32()
		if t := nt.Filetime(uint64(r.Uint32())<<32 | uint64(low)); t != 0 {
			i.Written = t.Time()
		}
	})
	return i, code, err
}

// codeAnswer is that of BaseRegSetValue.
func codeAnswer(op uint16, b []byte) (nt.Win32Error, error) {
	return response(op, b, func(*ndr.Reader) {})
}
