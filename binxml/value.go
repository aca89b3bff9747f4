package binxml

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"netelf.example/nt"
)

// Type is the type of a value ([MS-EVEN6] 2.2.12, 3.1.4.7.3).
type Type uint8

// The types, with the specification's identifiers. TypeArray is a bit on top of
// one of them.
const (
	TypeNull       Type = 0x00 // NullType
	TypeString     Type = 0x01 // StringType, UTF-16LE
	TypeAnsiString Type = 0x02 // AnsiStringType
	TypeInt8       Type = 0x03 // Int8Type
	TypeUInt8      Type = 0x04 // UInt8Type
	TypeInt16      Type = 0x05 // Int16Type
	TypeUInt16     Type = 0x06 // UInt16Type
	TypeInt32      Type = 0x07 // Int32Type
	TypeUInt32     Type = 0x08 // UInt32Type
	TypeInt64      Type = 0x09 // Int64Type
	TypeUInt64     Type = 0x0a // UInt64Type
	TypeReal32     Type = 0x0b // Real32Type
	TypeReal64     Type = 0x0c // Real64Type
	TypeBool       Type = 0x0d // BoolType
	TypeBinary     Type = 0x0e // BinaryType
	TypeGUID       Type = 0x0f // GuidType
	TypeSizeT      Type = 0x10 // SizeTType
	TypeFileTime   Type = 0x11 // FileTimeType
	TypeSysTime    Type = 0x12 // SysTimeType
	TypeSID        Type = 0x13 // SidType
	TypeHexInt32   Type = 0x14 // HexInt32Type
	TypeHexInt64   Type = 0x15 // HexInt64Type
	TypeEvtHandle  Type = 0x20 // EvtHandle, of EvtRender only
	TypeBinXML     Type = 0x21 // BinXmlType: a fragment
	TypeEvtXML     Type = 0x23 // EvtXml, of EvtRender only
	TypeArray      Type = 0x80
)

var typeNames = map[Type]string{
	TypeNull: "null", TypeString: "string", TypeAnsiString: "ansi string", TypeInt8: "int8", TypeUInt8: "uint8",
	TypeInt16: "int16", TypeUInt16: "uint16", TypeInt32: "int32", TypeUInt32: "uint32", TypeInt64: "int64",
	TypeUInt64: "uint64", TypeReal32: "real32", TypeReal64: "real64", TypeBool: "bool", TypeBinary: "binary",
	TypeGUID: "guid", TypeSizeT: "size_t", TypeFileTime: "filetime", TypeSysTime: "systemtime", TypeSID: "sid",
	TypeHexInt32: "hexint32", TypeHexInt64: "hexint64", TypeEvtHandle: "handle", TypeBinXML: "binxml", TypeEvtXML: "xml",
}

// String is the type's name in lower case, with [] for an array of it.
func (t Type) String() string {
	s, ok := typeNames[t&^TypeArray]
	if !ok {
		s = fmt.Sprintf("type 0x%02x", uint8(t&^TypeArray))
	}
	if t&TypeArray != 0 {
		s += "[]"
	}
	return s
}

// size is how many bytes a value of a fixed size has, 0 for the others.
func (t Type) size() int {
	switch t {
	case TypeInt8, TypeUInt8:
		return 1
	case TypeInt16, TypeUInt16:
		return 2
	case TypeInt32, TypeUInt32, TypeHexInt32, TypeReal32, TypeBool:
		return 4
	case TypeInt64, TypeUInt64, TypeHexInt64, TypeReal64, TypeFileTime, TypeSizeT:
		return 8
	case TypeGUID, TypeSysTime:
		return 16
	}
	return 0
}

// Value is one value as it lies there. Its bytes are a view: they are the next
// record's when the data is.
type Value struct {
	Type  Type
	Bytes []byte
}

// Uint is an unsigned number, of any of the types that are one, or a boolean.
func (v Value) Uint() (n uint64, ok bool) {
	if uintTypes>>v.Type&1 == 0 {
		return 0, false
	}
	return uintOf(v.Bytes)
}

// uintTypes has the bit of each type that Uint takes.
const uintTypes = uint64(1<<TypeUInt8 | 1<<TypeUInt16 | 1<<TypeUInt32 | 1<<TypeUInt64 | 1<<TypeHexInt32 | 1<<TypeHexInt64 | 1<<TypeSizeT |
	1<<TypeFileTime | 1<<TypeBool | 1<<TypeEvtHandle | 1<<TypeInt8 | 1<<TypeInt16 | 1<<TypeInt32 | 1<<TypeInt64)

func uintOf(b []byte) (n uint64, ok bool) {
	switch len(b) {
	case 8:
		return binary.LittleEndian.Uint64(b), true
	case 4:
		return uint64(binary.LittleEndian.Uint32(b)), true
	case 2:
		return uint64(binary.LittleEndian.Uint16(b)), true
	case 1:
		return uint64(b[0]), true
	}
	return 0, false
}

// UTF16 is a string without the zeros that end it, in UTF-16LE.
func (v Value) UTF16() []byte { return trimNUL(v.Bytes) }

// Time is the time of a FILETIME or SYSTEMTIME.
func (v Value) Time() (t nt.Filetime, ok bool) {
	switch {
	case v.Type == TypeFileTime && len(v.Bytes) == 8:
		return nt.Filetime(binary.LittleEndian.Uint64(v.Bytes)), true
	case v.Type == TypeSysTime && len(v.Bytes) == 16:
		return systemTime(v.Bytes)
	}
	return 0, false
}

// Next cuts the first element off an array; ok is false where there is none
// left. A value that is no array is its own and only element.
func (v *Value) Next() (element Value, ok bool) {
	if v.Type&TypeArray == 0 {
		element = *v
		*v = Value{TypeNull | TypeArray, nil}
		return element, true
	}
	b, t := v.Bytes, v.Type&^TypeArray
	if len(b) == 0 {
		return Value{}, false
	}
	n := t.size()
	skip := 0
	switch t {
	case TypeString, TypeEvtXML:
		if n = nt.IndexNUL(b); n < 0 {
			n = len(b)
		} else {
			skip = 2
		}
	case TypeAnsiString:
		for n = 0; n < len(b) && b[n] != 0; n++ {
		}
		skip = min(1, len(b)-n)
	case TypeSizeT:
		if len(b)%8 != 0 {
			n = 4
		}
	case TypeSID:
		if len(b) > 1 {
			n = 8 + 4*int(b[1])
		}
	}
	if n == 0 && skip == 0 || n > len(b) {
		n = len(b) // what cannot be taken apart is one
	}
	v.Bytes = b[n+skip:]
	return Value{t, b[:n]}, true
}

// AppendText appends the value as Windows writes it in an event's XML, without
// what XML makes necessary. The elements of an array are joined by ", ". A
// fragment has no text of its own.
func (v Value) AppendText(dst []byte) []byte {
	if v.Type&TypeArray != 0 {
		for first := true; ; first = false {
			x, ok := v.Next()
			if !ok {
				return dst
			}
			if !first {
				dst = append(dst, ", "...)
			}
			dst = x.AppendText(dst)
		}
	}
	b := v.Bytes
	switch v.Type {
	case TypeNull, TypeBinXML:
		return dst
	case TypeString, TypeEvtXML:
		return nt.AppendUTF8(dst, trimNUL(b))
	case TypeAnsiString:
		return appendAnsi(dst, b)
	case TypeInt8, TypeInt16, TypeInt32, TypeInt64:
		if n, ok := uintOf(b); ok {
			shift := 64 - 8*len(b)
			return strconv.AppendInt(dst, int64(n<<shift)>>shift, 10)
		}
	case TypeUInt8, TypeUInt16, TypeUInt32, TypeUInt64:
		if n, ok := uintOf(b); ok {
			return strconv.AppendUint(dst, n, 10)
		}
	case TypeHexInt32, TypeHexInt64, TypeSizeT, TypeEvtHandle:
		if n, ok := uintOf(b); ok {
			return strconv.AppendUint(append(dst, '0', 'x'), n, 16)
		}
	case TypeReal32:
		if len(b) == 4 {
			return strconv.AppendFloat(dst, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 'g', -1, 32)
		}
	case TypeReal64:
		if len(b) == 8 {
			return strconv.AppendFloat(dst, math.Float64frombits(binary.LittleEndian.Uint64(b)), 'g', -1, 64)
		}
	case TypeBool:
		// Windows takes all but 0 for true; what it writes has one, four or more bytes.
		if n, ok := uintOf(b); ok {
			return strconv.AppendBool(dst, n != 0)
		}
	case TypeGUID:
		if len(b) == 16 {
			dst, _ = nt.GUID(b).AppendText(dst) // its error is always nil
			return dst
		}
	case TypeFileTime:
		if t, ok := v.Time(); ok {
			return appendTime(dst, t, 7)
		}
	case TypeSysTime:
		if t, ok := v.Time(); ok {
			return appendTime(dst, t, 3)
		}
	case TypeSID:
		if text, err := nt.AppendSIDText(dst, b); err == nil {
			return text
		}
	}
	return appendHexBytes(dst, b)
}

// trimNUL takes off the zeros that end a string.
func trimNUL(u16 []byte) []byte {
	u16 = u16[:len(u16)&^1]
	for n := len(u16); n >= 2 && u16[n-1]|u16[n-2] == 0; n -= 2 {
		u16 = u16[:n-2]
	}
	return u16
}

// appendAnsi decodes text whose code page nobody knows: as UTF-8 if it is that,
// or else as Latin-1.
func appendAnsi(dst, b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	for _, c := range b {
		dst = utf8.AppendRune(dst, rune(c))
	}
	return dst
}

func appendHexBytes(dst, b []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range b {
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}
