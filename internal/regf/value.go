package regf

import (
	"encoding/binary"
	"fmt"

	"netelf.example/nt"
)

// Type is a value's type, in a hive and over the network ([MS-RRP] 3.1.1.5).
type Type uint32

// Types.
const (
	TypeNone        Type = 0 // REG_NONE
	TypeString      Type = 1 // REG_SZ
	TypeExpand      Type = 2 // REG_EXPAND_SZ: with environment variables of the server, as %SystemRoot%
	TypeBinary      Type = 3 // REG_BINARY
	TypeNumber      Type = 4 // REG_DWORD
	TypeMultiString Type = 7 // REG_MULTI_SZ
)

func (t Type) String() string {
	switch t {
	case TypeNone:
		return "REG_NONE"
	case TypeString:
		return "REG_SZ"
	case TypeExpand:
		return "REG_EXPAND_SZ"
	case TypeBinary:
		return "REG_BINARY"
	case TypeNumber:
		return "REG_DWORD"
	case TypeMultiString:
		return "REG_MULTI_SZ"
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Value is a value of a key.
type Value struct {
	Name string // "": the key's default
	Type Type
	Data []byte
}

// maxStrings bounds a REG_MULTI_SZ. Windows has one long one: the Sources of a log.
const maxStrings = 1 << 16

// Number is the number that the value is.
func (v *Value) Number() (uint32, error) {
	if v.Type != TypeNumber {
		return 0, fmt.Errorf("value %q is %s, want %s", v.Name, v.Type, TypeNumber)
	}
	if len(v.Data) != 4 {
		return 0, fmt.Errorf("value %q: a number of %d bytes, want 4", v.Name, len(v.Data))
	}
	return binary.LittleEndian.Uint32(v.Data), nil
}

// Text is the text that the value is, up to the zero at its end, which may be
// missing. Environment variables are left in it.
func (v *Value) Text() (string, error) {
	if v.Type != TypeString && v.Type != TypeExpand {
		return "", fmt.Errorf("value %q is %s, want %s or %s", v.Name, v.Type, TypeString, TypeExpand)
	}
	if err := v.even(); err != nil {
		return "", err
	}
	b := v.Data
	if n := nt.IndexNUL(b); n >= 0 {
		b = b[:n]
	}
	return nt.UTF8(b), nil
}

// Texts are the texts that the value is. An empty one ends them.
func (v *Value) Texts() ([]string, error) {
	if v.Type != TypeMultiString {
		return nil, fmt.Errorf("value %q is %s, want %s", v.Name, v.Type, TypeMultiString)
	}
	if err := v.even(); err != nil {
		return nil, err
	}
	var all []string
	for b := v.Data; len(b) > 0; {
		n := nt.IndexNUL(b)
		if n == 0 {
			break
		}
		if len(all) == maxStrings {
			return nil, fmt.Errorf("value %q: over %d texts", v.Name, maxStrings)
		}
		if n < 0 {
			all = append(all, nt.UTF8(b))
			break
		}
		all = append(all, nt.UTF8(b[:n]))
		b = b[n+2:]
	}
	return all, nil
}

func (v *Value) even() error {
	if len(v.Data)%2 != 0 {
		return fmt.Errorf("value %q: text of %d bytes, which is odd", v.Name, len(v.Data))
	}
	return nil
}

// NumberValue is a value that is a number.
func NumberValue(name string, n uint32) Value {
	return Value{name, TypeNumber, binary.LittleEndian.AppendUint32(nil, n)}
}
