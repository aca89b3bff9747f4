package winreg

import "netelf.example/internal/regf"

// Values are the same over the network as in the files that a registry is kept in.
type (
	// Value is a value of a key.
	Value = regf.Value
	// Type is a value's type.
	Type = regf.Type
)

// Types.
const (
	TypeString      = regf.TypeString
	TypeExpand      = regf.TypeExpand
	TypeBinary      = regf.TypeBinary
	TypeNumber      = regf.TypeNumber
	TypeMultiString = regf.TypeMultiString
)

// NumberValue is a value that is a number.
func NumberValue(name string, n uint32) Value { return regf.NumberValue(name, n) }
