package message

import (
	"encoding/binary"
	"fmt"
	"iter"

	"netelf.example/nt"
)

// Limits of a manifest.
const (
	MaxProviders   = 1024    // providers of a manifest
	MaxElements    = 64      // elements of a provider; there are nine kinds
	MaxDefinitions = 1 << 16 // definitions of one kind; an event id has 16 bits
	MaxItems       = 1024    // items of a template; an event has 128 at most
	MaxName        = 4096    // bytes of a name in UTF-16
)

// providerName is the private attribute with a provider's name.
const providerName = 0x10000001

// NoMessage is the message id of what has no text.
const NoMessage uint32 = 0xffffffff

const (
	crimHeadSize  = 16
	crimEntrySize = 20
	wevtHeadSize  = 16
	wevtEntrySize = 8
	defsHeadSize  = 12
)

// Manifest is the compiled form of an instrumentation manifest, as it lies in a
// WEVT_TEMPLATE resource: a view over its bytes. All offsets in it count from its
// beginning.
type Manifest struct {
	Major, Minor uint16
	Providers    []*Provider

	b    []byte
	base int64 // of b in its file, for errors
}

// ParseManifest makes a Manifest of b, which it keeps. It reads the heads of the
// providers and nothing of what they define.
func ParseManifest(b []byte) (*Manifest, error) { return newManifest(b, 0) }

func newManifest(b []byte, base int64) (*Manifest, error) {
	m := &Manifest{b: b, base: base}
	if len(b) < crimHeadSize {
		return nil, m.bad("CRIM", "", 0, short(crimHeadSize, int64(len(b))))
	}
	if string(b[:4]) != "CRIM" {
		return nil, m.bad("CRIM", "Signature", 0, fmt.Errorf("have %q, want \"CRIM\"", b[:4]))
	}
	if n := m.u32(4); n < crimHeadSize || uint64(n) > uint64(len(b)) {
		return nil, m.bad("CRIM", "Size", 4, fmt.Errorf("%d bytes, want %d to %d", n, crimHeadSize, len(b)))
	} else {
		m.b = b[:n]
	}
	m.Major, m.Minor = binary.LittleEndian.Uint16(b[8:]), binary.LittleEndian.Uint16(b[10:])
	n := m.u32(12)
	if n > MaxProviders {
		return nil, m.bad("CRIM", "NumberOfProviders", 12, over("providers", uint64(n), MaxProviders))
	}
	if need := crimHeadSize + int64(n)*crimEntrySize; need > int64(len(m.b)) {
		return nil, m.bad("CRIM", "NumberOfProviders", 12, short(need, int64(len(m.b))))
	}
	for i := range int(n) {
		at := crimHeadSize + i*crimEntrySize
		p, err := m.provider(nt.GUID(m.b[at:at+16]), m.u32(at+16))
		if err != nil {
			return nil, err
		}
		m.Providers = append(m.Providers, p)
	}
	return m, nil
}

func (m *Manifest) bad(structure, field string, at int64, err error) error {
	return bad("wevt", structure, field, m.base+at, err)
}

func (m *Manifest) u32(at int) uint32 { return binary.LittleEndian.Uint32(m.b[at:]) }

// room says whether n bytes lie at an offset.
func (m *Manifest) room(at uint32, n int64) bool {
	return int64(at) <= int64(len(m.b)) && n <= int64(len(m.b))-int64(at)
}

// Provider is one provider of a manifest: a view.
type Provider struct {
	GUID      nt.GUID
	Name      string // "" where the manifest does not have it: before Windows 10
	MessageID uint32 // of its display name, or NoMessage

	m        *Manifest
	elements map[string]uint32 // offsets, by signature
}

func (m *Manifest) provider(guid nt.GUID, at uint32) (*Provider, error) {
	if !m.room(at, wevtHeadSize) {
		return nil, m.bad("WEVT", "", int64(at), short(wevtHeadSize, max(int64(len(m.b))-int64(at), 0)))
	}
	off := int(at)
	if sig := string(m.b[off : off+4]); sig != "WEVT" {
		return nil, m.bad("WEVT", "Signature", int64(at), fmt.Errorf("have %q, want \"WEVT\"", sig))
	}
	p := &Provider{GUID: guid, MessageID: m.u32(off + 8), m: m, elements: map[string]uint32{}}
	n := m.u32(off + 12)
	if n > MaxElements {
		return nil, m.bad("WEVT", "NumberOfElements", int64(at)+12, over("elements", uint64(n), MaxElements))
	}
	if !m.room(at, wevtHeadSize+int64(n)*wevtEntrySize) {
		return nil, m.bad("WEVT", "NumberOfElements", int64(at)+12, short(wevtHeadSize+int64(n)*wevtEntrySize, int64(len(m.b)-off)))
	}
	for i := range int(n) {
		// The first word is the kind as a number; the signature says it too.
		at := off + wevtHeadSize + i*wevtEntrySize + 4
		e := m.u32(at)
		if !m.room(e, defsHeadSize) {
			return nil, m.bad("WEVT", "ElementOffset", int64(at), fmt.Errorf("no element at 0x%x of %d bytes", e, len(m.b)))
		}
		if sig := string(m.b[e : e+4]); p.elements[sig] == 0 {
			p.elements[sig] = e
		}
	}
	p.Name = p.attribute(providerName)
	return p, nil
}

// attribute is a private attribute of the provider, "" if it has none such. They
// are pairs of a number and the offset of a text that ends with a NUL.
func (p *Provider) attribute(number uint32) string {
	at, ok := p.elements["PRVA"]
	if !ok {
		return ""
	}
	for i := range min(p.m.u32(int(at)+8), MaxElements) {
		e := at + defsHeadSize + i*8
		if !p.m.room(e, 8) {
			break
		}
		if off := p.m.u32(int(e) + 4); p.m.u32(int(e)) == number && p.m.room(off, 2) {
			b := p.m.b[off:min(int64(len(p.m.b)), int64(off)+MaxName)]
			if n := nt.IndexNUL(b); n >= 0 {
				return nt.UTF8(b[:n])
			}
		}
	}
	return ""
}

// table is where the definitions of a kind begin and how many there are. head is
// how long the element's own head is.
func (p *Provider) table(sig string, head, size int) (at, n int, err error) {
	off, ok := p.elements[sig]
	if !ok {
		return 0, 0, nil
	}
	count := p.m.u32(int(off) + 8)
	if count > MaxDefinitions {
		return 0, 0, p.m.bad(sig, "NumberOfDefinitions", int64(off)+8, over("definitions", uint64(count), MaxDefinitions))
	}
	if need := int64(head) + int64(count)*int64(size); !p.m.room(off, need) {
		return 0, 0, p.m.bad(sig, "NumberOfDefinitions", int64(off)+8, short(need, int64(len(p.m.b))-int64(off)))
	}
	return int(off) + head, int(count), nil
}

// name is the text at an offset: its length in bytes with the length itself, then
// UTF-16 with a NUL. Offset 0 is no name.
func (m *Manifest) name(structure string, field int, at uint32) (string, error) {
	if at == 0 {
		return "", nil
	}
	if !m.room(at, 4) {
		return "", m.bad(structure, "NameOffset", int64(field), fmt.Errorf("no name at 0x%x of %d bytes", at, len(m.b)))
	}
	n := m.u32(int(at))
	if n > MaxName {
		return "", m.bad(structure, "NameSize", int64(at), over("bytes", uint64(n), MaxName))
	}
	if n < 4 || !m.room(at, int64(n)) {
		return "", m.bad(structure, "NameSize", int64(at), fmt.Errorf("%d bytes, want 4 to %d", n, int64(len(m.b))-int64(at)))
	}
	b := m.b[at+4 : at+n]
	if i := nt.IndexNUL(b); i >= 0 {
		b = b[:i]
	}
	return nt.UTF8(b), nil
}

// Definition is a level, task, opcode, keyword or channel that a provider defines.
type Definition struct {
	Value     uint64  // the number, or a keyword's mask
	Task      uint16  // of an opcode: the task that it is for, 0 for all
	MessageID uint32  // of its text, or NoMessage
	Name      string  // as in the manifest: "win:Error"
	GUID      nt.GUID // of a task: its event GUID
}

// layout is how the definitions of a kind lie: their size and where in them the
// message id and the offset of the name are.
type layout struct {
	sig                 string
	size, message, name int
}

var (
	levels   = layout{"LEVL", 12, 4, 8}
	tasks    = layout{"TASK", 28, 4, 24}
	opcodes  = layout{"OPCO", 12, 4, 8}
	keywords = layout{"KEYW", 16, 8, 12}
	channels = layout{"CHAN", 16, 12, 4}
)

// value is the number of the definition at an offset, and the task of an opcode.
func (m *Manifest) value(l layout, at int) (v uint64, task uint16) {
	switch l.sig {
	case "KEYW":
		return binary.LittleEndian.Uint64(m.b[at:]), 0
	case "OPCO":
		return uint64(m.u32(at) >> 16), uint16(m.u32(at))
	}
	return uint64(m.u32(at)), 0
}

func (m *Manifest) definition(l layout, at int) (d Definition, err error) {
	d.Value, d.Task = m.value(l, at)
	d.MessageID = m.u32(at + l.message)
	if l.sig == "TASK" {
		d.GUID = nt.GUID(m.b[at+8 : at+24])
	}
	d.Name, err = m.name(l.sig, at+l.name, m.u32(at+l.name))
	return d, err
}

// definitions ranges over a kind. A definition whose name is damaged comes with the
// error.
func (p *Provider) definitions(l layout) iter.Seq2[Definition, error] {
	return func(yield func(Definition, error) bool) {
		at, n, err := p.table(l.sig, defsHeadSize, l.size)
		if err != nil {
			yield(Definition{}, err)
			return
		}
		for ; n > 0; n, at = n-1, at+l.size {
			if !yield(p.m.definition(l, at)) {
				return
			}
		}
	}
}

func (p *Provider) find(l layout, value uint64, task uint16) (Definition, bool) {
	at, n, _ := p.table(l.sig, defsHeadSize, l.size) // damaged: nothing is found; the ranges say why
	for ; n > 0; n, at = n-1, at+l.size {
		if v, t := p.m.value(l, at); v == value && t == task {
			d, err := p.m.definition(l, at)
			return d, err == nil
		}
	}
	return Definition{}, false
}

// Levels ranges over the levels that the provider defines. An error stands for what
// is damaged, here and in the ranges below.
func (p *Provider) Levels() iter.Seq2[Definition, error] { return p.definitions(levels) }

// Tasks ranges over its tasks, which in .evt files are categories.
func (p *Provider) Tasks() iter.Seq2[Definition, error] { return p.definitions(tasks) }

// Opcodes ranges over its opcodes.
func (p *Provider) Opcodes() iter.Seq2[Definition, error] { return p.definitions(opcodes) }

// Keywords ranges over its keywords.
func (p *Provider) Keywords() iter.Seq2[Definition, error] { return p.definitions(keywords) }

// Channels ranges over its channels.
func (p *Provider) Channels() iter.Seq2[Definition, error] { return p.definitions(channels) }

// Level is one level.
func (p *Provider) Level(v uint8) (Definition, bool) { return p.find(levels, uint64(v), 0) }

// Task is one task.
func (p *Provider) Task(v uint16) (Definition, bool) { return p.find(tasks, uint64(v), 0) }

// Opcode is one opcode: that of the task if it has such a one, else that for all.
func (p *Provider) Opcode(task uint16, v uint8) (Definition, bool) {
	if d, ok := p.find(opcodes, uint64(v), task); ok || task == 0 {
		return d, ok
	}
	return p.find(opcodes, uint64(v), 0)
}

// Keyword is the keyword of one mask.
func (p *Provider) Keyword(mask uint64) (Definition, bool) { return p.find(keywords, mask, 0) }

// Channel is the channel of the number that events carry.
func (p *Provider) Channel(v uint8) (Definition, bool) { return p.find(channels, uint64(v), 0) }
