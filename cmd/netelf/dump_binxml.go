package main

import (
	"encoding/binary"
	"fmt"

	"netelf.example/binxml"
	"netelf.example/nt"
	"netelf.example/render"
)

// tokens shows the binary XML of a record, token by token. It only says what lies
// there: where something does not fit it stops, and the rest is shown as bytes.
type tokens struct {
	d        *chunkDumper
	at, end  int
	template bool // elements have a DependencyID
}

// Tokens ([MS-EVEN6] 2.2.12). moreToken says that content or attributes follow.
const (
	tokEOF = iota
	tokOpenStart
	tokCloseStart
	tokCloseEmpty
	tokEnd
	tokValue
	tokAttribute
	tokCDATA
	tokCharRef
	tokEntityRef
	tokPITarget
	tokPIData
	tokTemplate
	tokSub
	tokOptionalSub
	tokFragment
	moreToken = 0x40
)

var tokenNames = [...]string{
	"EOF", "OpenStartElement", "CloseStartElement", "CloseEmptyElement", "EndElement", "ValueText", "Attribute", "CDATASection",
	"CharRef", "EntityRef", "PITarget", "PIData", "TemplateInstance", "NormalSubstitution", "OptionalSubstitution", "FragmentHeader",
}

// fragment shows tokens up to the one that ends them, or to what does not fit.
func (t *tokens) fragment(depth int) {
	for t.at < t.end {
		token := int(t.d.c.Bytes()[t.at])
		kind := token &^ moreToken
		if kind >= len(tokenNames) {
			return
		}
		if kind == tokEOF {
			t.show(1, "EOF")
			return
		}
		if !t.token(kind, token, depth) {
			return
		}
	}
}

// has says whether n bytes are left; an n that is read may be less than 0 where an
// int has 32 bits.
func (t *tokens) has(n int) bool { return n >= 0 && n <= t.end-t.at }

// show shows the next n bytes.
func (t *tokens) show(n int, format string, args ...any) {
	t.d.show(t.at, t.at+n, "%s", render.Visible(fmt.Sprintf(format, args...)))
	t.at += n
}

func (t *tokens) u16(at int) int { return int(binary.LittleEndian.Uint16(t.d.c.Bytes()[t.at+at:])) }
func (t *tokens) u32(at int) int { return int(binary.LittleEndian.Uint32(t.d.c.Bytes()[t.at+at:])) }

func (t *tokens) token(kind, token, depth int) bool {
	name := tokenNames[kind]
	switch kind {
	case tokFragment:
		if !t.has(4) {
			return false
		}
		b := t.d.c.Bytes()[t.at:]
		t.show(4, "%s %d.%d, flags %d", name, b[1], b[2], b[3])
	case tokTemplate:
		return t.instance(depth)
	case tokOpenStart:
		return t.element(token)
	case tokAttribute, tokEntityRef, tokPITarget:
		if !t.has(5) {
			return false
		}
		off := t.u32(1)
		t.show(5, "%s %s", name, t.nameAt(off))
		return t.name(off)
	case tokValue, tokCDATA, tokPIData:
		return t.text(kind)
	case tokCharRef:
		if !t.has(3) {
			return false
		}
		t.show(3, "%s &#%d;", name, t.u16(1))
	case tokSub, tokOptionalSub:
		if !t.has(4) {
			return false
		}
		t.show(4, "%s %d, %v", name, t.u16(1), binxml.Type(t.d.c.Bytes()[t.at+3]))
	default:
		t.show(1, "%s", name)
	}
	return true
}

// nameAt is the name at an offset of the chunk, for reading.
func (t *tokens) nameAt(off int) string {
	b := t.d.c.Bytes()
	if off < 0 || off > len(b)-8 {
		return fmt.Sprintf("with a name at 0x%x, where none is", off)
	}
	n := 2 * int(binary.LittleEndian.Uint16(b[off+6:]))
	if n > len(b)-off-8 {
		return fmt.Sprintf("with a name at 0x%x, where none is", off)
	}
	return nt.UTF8(b[off+8 : off+8+n])
}

// name shows the name at an offset, if that is the next byte.
func (t *tokens) name(off int) bool {
	if off != t.at {
		return true
	}
	if !t.has(8) || !t.has(10+2*t.u16(6)) {
		return false
	}
	t.show(4, "Name: the next one with this hash at 0x%x", t.u32(0))
	t.show(2, "hash 0x%04x", t.u16(0))
	n := 2 * t.u16(0)
	t.show(2, "%d characters", n/2)
	t.show(n+2, "%s", nt.UTF8(t.d.c.Bytes()[t.at:t.at+n]))
	return true
}

// element shows the beginning of one. Those of a template have a DependencyID; an
// element that stands by itself has one if its name is where it then must be.
func (t *tokens) element(token int) bool {
	head := 9
	if t.has(11) && (t.template || t.u32(7) == t.at+11) {
		head = 11
	}
	rest := 0
	if token&moreToken != 0 {
		rest = 4
	}
	if !t.has(head) {
		return false
	}
	off := t.u32(head - 4)
	t.show(1, "OpenStartElement %s", t.nameAt(off))
	if head == 11 {
		t.show(2, "DependencyID 0x%x", t.u16(0))
	}
	t.show(4, "ElementByteLength 0x%x", t.u32(0))
	t.show(4, "name at 0x%x of the chunk", off)
	if !t.name(off) || !t.has(rest) {
		return false
	}
	if rest > 0 {
		t.show(4, "AttributeList 0x%x bytes", t.u32(0))
	}
	return true
}

// text shows what has a text in it: a number of characters before it, and of a
// value its type.
func (t *tokens) text(kind int) bool {
	head := 3
	typ := binxml.TypeString
	if kind == tokValue {
		if head = 4; !t.has(2) {
			return false
		}
		typ = binxml.Type(t.d.c.Bytes()[t.at+1])
	}
	if typ != binxml.TypeString || !t.has(head) || !t.has(head+2*t.u16(head-2)) {
		return false
	}
	n := 2 * t.u16(head-2)
	t.show(head+n, "%s %q", tokenNames[kind], nt.UTF8(t.d.c.Bytes()[t.at+head:t.at+head+n]))
	return true
}

// instance shows an instance of a template: its definition, where that stands in
// it, and its values.
func (t *tokens) instance(depth int) bool {
	if !t.has(10) || depth >= binxml.MaxNesting {
		return false
	}
	def := t.u32(6)
	t.show(2, "TemplateInstance")
	t.show(4, "template id 0x%08x", t.u32(0))
	t.show(4, "definition at 0x%x of the chunk", def)
	if def == t.at {
		if !t.has(24) || !t.has(t.u32(20)) || !t.has(24+t.u32(20)) {
			return false
		}
		t.show(4, "TemplateDefinition: the next one with this hash at 0x%x", t.u32(0))
		t.show(16, "id %v", nt.GUID(t.d.c.Bytes()[t.at:t.at+16]))
		n := t.u32(0)
		t.show(4, "0x%x bytes", n)
		in := tokens{d: t.d, at: t.at, end: t.at + n, template: true}
		in.fragment(depth + 1)
		if t.at = in.end; in.at < in.end {
			t.d.show(in.at, in.end, "not used")
		}
	}
	return t.values(depth)
}

// values shows the types of values and then the values themselves.
func (t *tokens) values(depth int) bool {
	if !t.has(4) {
		return false
	}
	n := t.u32(0)
	if n < 0 || n > binxml.MaxValues {
		return false
	}
	t.show(4, "%s", counted(uint64(n), "value"))
	if !t.has(4 * n) {
		return false
	}
	type value struct {
		size int
		typ  binxml.Type
	}
	list := make([]value, n)
	for i := range list {
		list[i] = value{t.u16(0), binxml.Type(t.d.c.Bytes()[t.at+2])}
		t.show(4, "value %d: 0x%x bytes, %v", i, list[i].size, list[i].typ)
	}
	for i, v := range list {
		switch {
		case !t.has(v.size):
			return false
		case v.size == 0:
		case v.typ == binxml.TypeBinXML && depth < binxml.MaxNesting:
			t.d.comment(fmt.Sprintf("value %d", i))
			in := tokens{d: t.d, at: t.at, end: t.at + v.size}
			in.fragment(depth + 1)
			if t.at = in.end; in.at < in.end {
				t.d.show(in.at, in.end, "not used")
			}
		default:
			text := binxml.Value{Type: v.typ, Bytes: t.d.c.Bytes()[t.at : t.at+v.size]}.AppendText(nil)
			if v.typ&binxml.TypeArray != 0 || v.typ == binxml.TypeBinary {
				text = nil // it is below
			}
			t.show(v.size, "value %d %s", i, text)
		}
	}
	return true
}
