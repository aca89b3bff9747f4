package binxml

import (
	"encoding/binary"
	"errors"
	"fmt"

	"netelf.example/nt"
)

// The canonical form of a fragment is what it says without where it stands: the
// same tokens with names in place of offsets, and without lengths and hashes. Two
// chunks keep one template at different places with different offsets; their
// canonical forms are equal byte for byte, so the form itself is the key under
// which a compiled template is found. What has a canonical form is well formed:
// elements and attributes are closed in order, all lies inside the data, and no
// limit is passed. Compile reads nothing else.
const (
	canonElement  = 'E' // u16 dependency, name
	canonAttr     = 'A' // name; its values follow, up to the next that is none
	canonClose    = '>'
	canonEmpty    = '/'
	canonEnd      = '<'
	canonText     = 'T' // text
	canonCDATA    = 'C' // text
	canonCharRef  = '#' // u16
	canonEntity   = '&' // name
	canonPI       = '?' // name
	canonPIData   = '!' // text
	canonSub      = 's' // u16 number, u8 type
	canonOptional = 'o' // the same
	canonValue    = 'V' // u8 type, text: a value that is no string
)

// How elements begin.
type form uint8

const (
	inTemplate form = iota // with a DependencyID
	inValue                // without one
	atTop                  // of a record: whichever it is
)

// canonical appends to dst the canonical form of the elements in m.data[at:end].
// It ends at the EOF token, or at end behind a closed root element.
func (m *Machine) canonical(dst []byte, at, end int, how form) ([]byte, error) {
	c := canonizer{m: m, dst: dst, at: at, end: end, how: how}
	err := c.run()
	m.work -= len(c.dst)
	return c.dst, err
}

type canonizer struct {
	m       *Machine
	dst     []byte
	at, end int
	how     form
	depth   int
	open    bool // the start tag is open
	attr    bool // an attribute's values may come
	pi      bool // data of a processing instruction comes
	root    bool // the root element was there
}

var (
	errNoRoot    = errors.New("no element")
	errUnclosed  = errors.New("ends inside of an element")
	errMisplaced = errors.New("not allowed here")
)

func (c *canonizer) run() error {
	for c.at < c.end {
		begin := c.at
		token := c.m.data[c.at]
		c.at++
		if token == tokenEOF {
			break
		}
		if err := c.token(token); err != nil {
			return err
		}
		if len(c.dst) > MaxFragment {
			return c.m.formatError("Fragment", "", begin, errOver("bytes", len(c.dst), MaxFragment))
		}
		if len(c.dst) > c.m.work {
			return c.m.formatError("Fragment", "", begin, errCost)
		}
	}
	switch {
	case c.depth > 0:
		return c.m.formatError("Element", "", c.at, errUnclosed)
	case !c.root:
		return c.m.formatError("Fragment", "", c.at, errNoRoot)
	}
	return nil
}

func (c *canonizer) misplaced(name string) error {
	return c.m.formatError(name, "", c.at-1, errMisplaced)
}

func (c *canonizer) token(token byte) error {
	kind := token &^ moreBit
	if c.pi && kind != tokenPIData {
		return c.m.formatError("PI", "", c.at-1, errors.New("no data behind the target"))
	}
	switch kind {
	case tokenOpenStart:
		return c.element(token)
	case tokenCloseStart, tokenCloseEmpty:
		if !c.open {
			return c.misplaced("CloseStartElement")
		}
		c.open, c.attr = false, false
		if kind == tokenCloseStart {
			c.dst = append(c.dst, canonClose)
			return nil
		}
		c.depth--
		c.dst = append(c.dst, canonEmpty)
		return nil
	case tokenEnd:
		if c.open || c.depth == 0 {
			return c.misplaced("EndElement")
		}
		c.depth--
		c.dst = append(c.dst, canonEnd)
		return nil
	case tokenAttribute:
		if !c.open {
			return c.misplaced("Attribute")
		}
		c.attr = true
		c.dst = append(c.dst, canonAttr)
		return c.name("Attribute")
	case tokenPITarget: // allowed outside of the root element, too
		if c.open {
			return c.misplaced("PITarget")
		}
		c.pi = true
		c.dst = append(c.dst, canonPI)
		return c.name("PITarget")
	case tokenPIData:
		if !c.pi {
			return c.misplaced("PIData")
		}
		c.pi = false
		return c.text("PIData", canonPIData)
	}
	// What is left is content, or part of an attribute's value.
	if c.depth == 0 || c.open && !c.attr {
		return c.content(kind, errMisplaced)
	}
	return c.content(kind, nil)
}

func (c *canonizer) content(kind byte, misplaced error) error {
	name := ""
	if int(kind) < len(contentNames) {
		name = contentNames[kind]
	}
	switch {
	case name == "":
		return c.m.formatError("Token", "", c.at-1, fmt.Errorf("0x%02x is no token", c.m.data[c.at-1]))
	case misplaced != nil, c.open && kind == tokenCDATA:
		return c.misplaced(name)
	}
	switch kind {
	case tokenValue:
		return c.value()
	case tokenCDATA:
		return c.text("CDATASection", canonCDATA)
	case tokenCharRef:
		b, err := c.take(name, 2)
		if err == nil {
			c.dst = append(append(c.dst, canonCharRef), b...)
		}
		return err
	case tokenEntityRef:
		c.dst = append(c.dst, canonEntity)
		return c.name("EntityRef")
	}
	b, err := c.take(name, 3)
	if err != nil {
		return err
	}
	if c.how != inTemplate {
		return c.m.formatError(name, "", c.at-4, errors.New("outside of a template"))
	}
	if n := int(binary.LittleEndian.Uint16(b)); n >= MaxValues {
		return c.m.formatError(name, "SubstitutionId", c.at-3, errOver("values", n+1, MaxValues))
	}
	op := byte(canonSub)
	if kind == tokenOptionalSub {
		op = canonOptional
	}
	c.dst = append(append(c.dst, op), b...)
	return nil
}

var contentNames = [...]string{
	tokenValue: "ValueText", tokenCDATA: "CDATASection", tokenCharRef: "CharRef", tokenEntityRef: "EntityRef",
	tokenNormalSub: "NormalSubstitution", tokenOptionalSub: "OptionalSubstitution",
}

// element is a start tag up to its name. ElementByteLength and AttributeList's
// length are not used: the tokens say where things end.
func (c *canonizer) element(token byte) error {
	begin := c.at - 1
	if c.open || c.depth == 0 && c.root {
		return c.misplaced("OpenStartElement")
	}
	if c.depth == MaxDepth {
		return c.m.formatError("OpenStartElement", "", begin, errOver("levels", c.depth+1, MaxDepth))
	}
	dependency := []byte{0xff, 0xff}
	if c.how == atTop {
		c.how = inValue
		if c.m.named(c.at + 6) {
			c.how = inTemplate
		}
	}
	if c.how == inTemplate {
		b, err := c.take("OpenStartElement", 2)
		if err != nil {
			return err
		}
		dependency = b
	}
	if _, err := c.take("OpenStartElement", 4); err != nil {
		return err
	}
	c.depth++
	c.root, c.open, c.attr = true, true, false
	c.dst = append(append(c.dst, canonElement), dependency...)
	if err := c.name("OpenStartElement"); err != nil {
		return err
	}
	if token&moreBit != 0 {
		_, err := c.take("AttributeList", 4)
		return err
	}
	return nil
}

// take is the next n bytes.
func (c *canonizer) take(what string, n int) ([]byte, error) {
	if c.end-c.at < n {
		return nil, c.m.formatError(what, "", c.at, errShort(n, c.end-c.at))
	}
	b := c.m.data[c.at : c.at+n]
	c.at += n
	return b, nil
}

// name appends the name to which the next four bytes point: right behind them,
// or somewhere else in the data.
func (c *canonizer) name(what string) error {
	b, err := c.take(what, 4)
	if err != nil {
		return err
	}
	off := int(binary.LittleEndian.Uint32(b))
	name, size, err := c.m.nameAt(off)
	if err != nil {
		return err
	}
	if off == c.at {
		if c.end-c.at < size {
			return c.m.formatError("Name", "NumChars", off, errShort(size, c.end-c.at))
		}
		c.at += size
	}
	c.dst = appendCanonText(c.dst, name)
	return nil
}

// nameAt is the name stored at off, in UTF-16LE, and the size of all of it: the
// offset of the next name with the same hash, the hash, the length, the
// characters and a zero.
func (m *Machine) nameAt(off int) (name []byte, size int, err error) {
	const head = 8
	if off < 0 || off > len(m.data)-head {
		return nil, 0, m.formatError("Name", "", off, fmt.Errorf("offset 0x%x lies outside of the 0x%x bytes", off, len(m.data)))
	}
	units := int(binary.LittleEndian.Uint16(m.data[off+6:]))
	switch {
	case units > MaxNameUnits:
		return nil, 0, m.formatError("Name", "NumChars", off+6, errOver("characters", units, MaxNameUnits))
	case len(m.data)-off-head < 2*units+2:
		return nil, 0, m.formatError("Name", "NumChars", off+6, errShort(2*units+2, len(m.data)-off-head))
	}
	b := m.data[off+head : off+head+2*units]
	if !isName(b) {
		return nil, 0, m.formatError("Name", "Chars", off+head, fmt.Errorf("%+q is no name of XML", nt.UTF8(b)))
	}
	return b, head + 2*units + 2, nil
}

// isName says whether a name can stand in a tag (XML 1.0, section 2.3), as far as
// characters of the Basic Multilingual Plane go.
func isName(u16 []byte) bool {
	for i := 0; i < len(u16); i += 2 {
		c := uint16(u16[i]) | uint16(u16[i+1])<<8
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == ':' || c >= 0x80 && within(c, nameStart)
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.' && !within(c, nameRest)) {
			return false
		}
	}
	return len(u16) > 0
}

var (
	nameStart = [][2]uint16{
		{0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x2ff}, {0x370, 0x37d}, {0x37f, 0x1fff}, {0x200c, 0x200d}, {0x2070, 0x218f},
		{0x2c00, 0x2fef}, {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd},
	}
	nameRest = [][2]uint16{{0xb7, 0xb7}, {0x300, 0x36f}, {0x203f, 0x2040}}
)

func within(c uint16, ranges [][2]uint16) bool {
	for _, r := range ranges {
		if c >= r[0] && c <= r[1] {
			return true
		}
	}
	return false
}

// named says whether the four bytes at at point to a name, by its hash.
func (m *Machine) named(at int) bool {
	if at < 0 || at > len(m.data)-4 {
		return false
	}
	off := int(binary.LittleEndian.Uint32(m.data[at:]))
	name, _, err := m.nameAt(off)
	return err == nil && hashName(name) == binary.LittleEndian.Uint16(m.data[off+4:])
}

// hashName is the hash that is kept with a name.
func hashName(u16 []byte) uint16 {
	var h uint32
	for i := 0; i < len(u16); i += 2 {
		h = h*65599 + uint32(binary.LittleEndian.Uint16(u16[i:]))
	}
	return uint16(h)
}

// text appends a text that has its number of characters before it.
func (c *canonizer) text(what string, op byte) error {
	b, err := c.take(what, 2)
	if err != nil {
		return err
	}
	if b, err = c.take(what, 2*int(binary.LittleEndian.Uint16(b))); err != nil {
		return err
	}
	c.dst = appendCanonText(append(c.dst, op), b)
	return nil
}

// value appends a literal value. Windows writes strings only; NetApp's filers
// write numbers and times as they are.
func (c *canonizer) value() error {
	b, err := c.take("ValueText", 1)
	if err != nil {
		return err
	}
	t := Type(b[0])
	if t == TypeString {
		return c.text("ValueText", canonText)
	}
	n := t.size()
	if t == TypeAnsiString || t == TypeBinary {
		if b, err = c.take("ValueText", 2); err != nil {
			return err
		}
		n = int(binary.LittleEndian.Uint16(b))
	} else if n == 0 {
		return c.m.formatError("ValueText", "ValueType", c.at-1, fmt.Errorf("0x%02x is no type of a literal value", uint8(t)))
	}
	if b, err = c.take("ValueText", n); err != nil {
		return err
	}
	c.dst = appendCanonText(append(c.dst, canonValue, byte(t)), b)
	return nil
}

func appendCanonText(dst, b []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(b))), b...)
}

// cutCanonText is the reverse of appendCanonText.
func cutCanonText(b []byte) (text, rest []byte) {
	n := 4 + int(binary.LittleEndian.Uint32(b))
	return b[4:n], b[n:]
}
