package binxml

import (
	"encoding/binary"
	"unicode/utf8"

	"netelf.example/nt"
)

// Kind is what a Node stands for.
type Kind uint8

// The kinds of nodes.
const (
	Element      Kind = iota // Name; its attributes and content follow, up to End
	EndElement               // of the element at End
	Attribute                // Name; its values follow, up to End
	Text                     // Text
	CDATA                    // Text
	CharRef                  // Text, the character
	EntityRef                // Name, and Text if it is one of XML's own
	PI                       // Name is the target, Text the data
	Substitution             // Sub and Type
	Literal                  // Text, and Value as it lies there
)

// Node is one step of a Template, in the order of the document.
type Node struct {
	Kind     Kind
	Optional bool   // of a Substitution: with no value, what it stands in is not there
	Empty    bool   // of an Element: written as <Name/>
	Type     Type   // of a Substitution: what it claims; the value has its own
	Sub      uint16 // number of the value
	Dep      uint16 // of an Element: with no such value it is not there; 0xffff: always
	End      int32  // of an Element its EndElement, and the other way round; of an Attribute what follows it
	Name     string
	Text     string // UTF-8
	Value    Value  // of a Literal
}

// Template is a fragment that was taken apart once: of a template definition, or
// of elements that stand for themselves. It is not changed afterwards, and belongs
// to its Machine.
type Template struct {
	// Kept is what the reader of the template wants to find with it again.
	Kept any

	GUID  nt.GUID // of the definition; zero: none
	nodes []Node
	subs  int // one more than the largest number of a value
	size  int // of the canonical form
	xml   []step
}

// Nodes are the steps of the template; they are not to be changed.
func (t *Template) Nodes() []Node { return t.nodes }

// Size is about how many bytes the template takes.
func (t *Template) Size() int { return t.size }

// compile makes a template of a canonical form.
func compile(canon string, guid nt.GUID) *Template {
	t := &Template{GUID: guid, size: len(canon)}
	var open [MaxDepth]int32
	depth, attr := 0, int32(-1)
	b := []byte(canon)
	// Room for all: nothing is shorter than a byte, and names and texts are most of it.
	t.nodes = make([]Node, 0, len(canon)/12+4)
	text := func() string {
		u16, rest := cutCanonText(b)
		b = rest
		return nt.UTF8(u16)
	}
	add := func(n Node) { t.nodes = append(t.nodes, n) }
	for len(b) > 0 {
		op := b[0]
		b = b[1:]
		if attr >= 0 && (op == canonAttr || op == canonClose || op == canonEmpty) {
			t.nodes[attr].End = int32(len(t.nodes))
			attr = -1
		}
		switch op {
		case canonElement:
			n := Node{Kind: Element, Dep: binary.LittleEndian.Uint16(b)}
			b = b[2:]
			n.Name = text()
			open[depth] = int32(len(t.nodes))
			depth++
			add(n)
		case canonAttr:
			attr = int32(len(t.nodes))
			add(Node{Kind: Attribute, Name: text()})
		case canonClose:
		case canonEmpty, canonEnd:
			depth--
			begin := open[depth]
			t.nodes[begin].Empty = op == canonEmpty
			t.nodes[begin].End = int32(len(t.nodes))
			add(Node{Kind: EndElement, End: begin})
		case canonText:
			add(Node{Kind: Text, Text: text()})
		case canonCDATA:
			add(Node{Kind: CDATA, Text: text()})
		case canonCharRef:
			add(Node{Kind: CharRef, Text: string(utf8.AppendRune(nil, rune(binary.LittleEndian.Uint16(b))))})
			b = b[2:]
		case canonEntity:
			name := text()
			add(Node{Kind: EntityRef, Name: name, Text: entities[name]})
		case canonPI:
			add(Node{Kind: PI, Name: text()})
		case canonPIData:
			t.nodes[len(t.nodes)-1].Text = text()
		case canonSub, canonOptional:
			n := Node{Kind: Substitution, Optional: op == canonOptional, Sub: binary.LittleEndian.Uint16(b), Type: Type(b[2])}
			b = b[3:]
			t.subs = max(t.subs, int(n.Sub)+1)
			add(n)
		case canonValue:
			v := Value{Type: Type(b[0])}
			v.Bytes, b = cutCanonText(b[1:])
			add(Node{Kind: Literal, Value: v, Text: string(v.AppendText(nil))})
		}
	}
	return t
}

// entities are those that XML knows without a declaration.
var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}
