package binxml

import (
	"fmt"

	"netelf.example/eventlog"
)

// Limits. What is beyond them is a *eventlog.FormatError.
const (
	MaxDepth     = 64      // of elements, in one fragment
	MaxNesting   = 16      // of fragments in values of fragments
	MaxValues    = 4096    // of one template instance
	MaxFragment  = 1 << 18 // bytes of a fragment or a template definition, with its names in place
	MaxNameUnits = 1024    // of an element's or attribute's name
)

// Tokens of binary XML ([MS-EVEN6] 2.2.12). moreBit says that attributes, or
// more of the same, follow.
const (
	tokenEOF              = 0x00 // EOFToken
	tokenOpenStart        = 0x01 // OpenStartElementToken
	tokenCloseStart       = 0x02 // CloseStartElementToken
	tokenCloseEmpty       = 0x03 // CloseEmptyElementToken
	tokenEnd              = 0x04 // EndElementToken
	tokenValue            = 0x05 // ValueTextToken
	tokenAttribute        = 0x06 // AttributeToken
	tokenCDATA            = 0x07 // CDATASectionToken
	tokenCharRef          = 0x08 // CharRefToken
	tokenEntityRef        = 0x09 // EntityRefToken
	tokenPITarget         = 0x0a // PITargetToken
	tokenPIData           = 0x0b // PIDataToken
	tokenTemplateInstance = 0x0c // TemplateInstanceToken
	tokenNormalSub        = 0x0d // NormalSubstitutionToken
	tokenOptionalSub      = 0x0e // OptionalSubstitutionToken
	tokenFragmentHeader   = 0x0f // FragmentHeaderToken

	moreBit = 0x40
)

// noDependency is the DependencyID of an element that hangs on no value.
const noDependency = 0xffff

// formatError is malformed binary XML at a place in the machine's data.
func (m *Machine) formatError(what, field string, at int, err error) error {
	return &eventlog.FormatError{Format: "binxml", Struct: what, Field: field, Offset: m.base + int64(at), Err: err}
}

func errShort(need, have int) error { return fmt.Errorf("need %d bytes, have %d", need, have) }
func errOver(what string, n, limit int) error {
	return fmt.Errorf("%d %s, at most %d: %w", n, what, limit, eventlog.ErrTooLarge)
}
