package binxml

import (
	"encoding/binary"
	"fmt"
	"slices"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Machine reads the fragments of one piece of data after the other, in which
// names and template definitions are found by their offset: a chunk of an .evtx
// file. It keeps the templates that it has compiled. It is for one goroutine.
type Machine struct {
	data []byte
	base int64

	cache  map[string]*Template
	cached int // bytes of the keys
	here   [placeSlots]place
	epoch  uint32
	canon  []byte
	work   int             // bytes of canonical forms that may still be made of the data
	values []value         // of all open documents
	inner  [MaxNesting]Doc // that are being written
	left   int             // what the record may still cost
	grant  int             // and may still get more for its templates
}

// Bounds of what a Machine remembers: beyond them it forgets all and begins anew.
const (
	maxTemplates     = 2048
	maxTemplateBytes = 1 << 20
)

// place remembers which template stands at an offset of the data.
type place struct {
	epoch    uint32
	at, size uint32 // size of the definition with its head
	template *Template
}

// A place is sought in placeTries slots from the one that its hash says.
const (
	placeSlots = 512
	placeTries = 8
)

// maxWork is how many bytes of canonical forms are made of one piece of data. A
// chunk has room for 64 KiB of definitions; but they may overlap, and point to
// long names.
const maxWork = 8 << 20

// find is the slot of the definition at an offset, which has its template if it
// is known.
func (m *Machine) find(def uint32) (p *place, known bool) {
	h := def * 0x9e3779b1 >> 23
	for i := range uint32(placeTries) {
		q := &m.here[(h+i)%placeSlots]
		if q.epoch != m.epoch {
			return q, false
		}
		if q.at == def {
			return q, true
		}
	}
	return &m.here[h], false
}

// value says where in the data a value lies, and has its size and type as its
// instance has them.
type value struct{ at, spec uint32 }

func (v value) size() uint32 { return v.spec & 0xffff }
func (v value) typ() Type    { return Type(v.spec >> 16) }

// Load makes data what is read next; base is its offset in the file, for errors.
// Documents of what was there before are void.
func (m *Machine) Load(data []byte, base int64) {
	m.data, m.base = data, base
	m.values, m.work = m.values[:0], maxWork
	if m.epoch++; m.epoch == 0 {
		m.here = [placeSlots]place{}
		m.epoch = 1
	}
}

// Doc is a fragment with the values that its template gets.
type Doc struct {
	Template *Template
	m        *Machine
	values   []value
}

// Len is how many values there are.
func (d *Doc) Len() int { return len(d.values) }

// Value is the i-th value: null where the template has more places than the
// instance has values.
func (d *Doc) Value(i int) Value {
	if i >= len(d.values) {
		return Value{}
	}
	v := d.values[i]
	end := v.at + v.size()
	return Value{v.typ(), d.m.data[v.at:end:end]}
}

// Begin begins a record of so many bytes: documents opened before are void, and
// what rendering it may cost is bounded.
func (m *Machine) Begin(size int) {
	m.values = m.values[:0]
	m.left, m.grant = freeCost+costFactor*size, maxGrant
}

// use lets the record cost more for a template.
func (m *Machine) use(t *Template) {
	n := min(grantFactor*t.size, m.grant)
	m.left += n
	m.grant -= n
}

// What rendering a record may cost, in steps and in bytes of output: so much, and
// so much more for each byte of it and of the templates that it uses, up to a limit:
// a value can be named any number of times by one template, and again by the one
// around it.
const (
	freeCost    = 32 << 10
	costFactor  = 16
	grantFactor = 4
	maxGrant    = 1 << 20
)

var errCost = fmt.Errorf("its template makes more of it than any event has: %w", eventlog.ErrTooLarge)

// Charge takes n off what the record may cost; it answers false when that is
// used up.
func (m *Machine) Charge(n int) bool {
	m.left -= n
	return m.left >= 0
}

// Open finds the fragment in data[at:end] of a record.
func (m *Machine) Open(at, end int) (Doc, error) { return m.open(at, end, atTop) }

// OpenValue finds the fragment of the i-th value of d, which has TypeBinXML.
func (m *Machine) OpenValue(d *Doc, i int) (Doc, error) {
	v := d.values[i]
	return m.open(int(v.at), int(v.at+v.size()), inValue)
}

func (m *Machine) open(at, end int, how form) (Doc, error) {
	if at < 0 || end > len(m.data) || at > end {
		return Doc{}, m.formatError("Fragment", "", at, fmt.Errorf("0x%x bytes lie outside of the 0x%x bytes", end-at, len(m.data)))
	}
	for end-at >= 4 && m.data[at] == tokenFragmentHeader {
		at += 4
	}
	if at < end && m.data[at] == tokenTemplateInstance {
		return m.instance(at, end)
	}
	canon, err := m.canonical(m.canon[:0], at, end, how)
	m.canon = canon
	if err != nil {
		return Doc{}, err
	}
	t := compile(string(canon), nt.GUID{})
	m.use(t)
	if !m.Charge(len(canon)) { // a value may be opened again and again
		return Doc{}, m.formatError("Fragment", "", at, errCost)
	}
	return Doc{Template: t, m: m}, nil
}

// instance is a TemplateInstance: which template, and the values for it.
func (m *Machine) instance(at, end int) (d Doc, err error) {
	const head = 10 // token, 0x01, TemplateId, offset of the definition
	if end-at < head {
		return d, m.formatError("TemplateInstance", "", at, errShort(head, end-at))
	}
	def := int(binary.LittleEndian.Uint32(m.data[at+6:]))
	p, known := m.find(uint32(def))
	if !known {
		if err = m.define(p, def); err != nil {
			return d, err
		}
	}
	m.use(p.template)
	d.Template, d.m = p.template, m
	if at += head; at == def {
		at += int(p.size)
	}
	d.values, err = m.specs(at, end)
	return d, err
}

// defHead is what stands before a template's elements: the offset of the next
// template with the same hash, the GUID, and the length of what follows.
const defHead = 24

// define finds the template whose definition stands at an offset, and compiles
// it if it is a new one.
func (m *Machine) define(p *place, def int) error {
	if def < 0 || def > len(m.data)-defHead {
		return m.formatError("TemplateDef", "", def, fmt.Errorf("offset 0x%x lies outside of the 0x%x bytes", def, len(m.data)))
	}
	size := int(binary.LittleEndian.Uint32(m.data[def+20:]))
	begin := def + defHead
	if size < 0 || size > len(m.data)-begin { // an int may have 32 bits
		return m.formatError("TemplateDef", "TemplateDefByteLength", def+20, errShort(size, len(m.data)-begin))
	}
	at, end := begin, begin+size
	for end-at >= 4 && m.data[at] == tokenFragmentHeader {
		at += 4
	}
	guid := nt.GUID(m.data[def+4 : def+20])
	canon, err := m.canonical(append(m.canon[:0], guid[:]...), at, end, inTemplate)
	m.canon = canon
	if err != nil {
		return err
	}
	t := m.cache[string(canon)]
	if t == nil {
		if m.cache == nil || len(m.cache) >= maxTemplates || m.cached+len(canon) > maxTemplateBytes {
			m.cache, m.cached = map[string]*Template{}, 0
		}
		key := string(canon)
		t = compile(key[len(guid):], guid)
		t.nodes = slices.Clone(t.nodes) // kept for long: no larger than they are
		m.cache[key] = t
		m.cached += len(key)
	}
	*p = place{m.epoch, uint32(def), uint32(defHead + size), t}
	return nil
}

// specs are the values of an instance: their number, size and type of each, and
// then their bytes.
func (m *Machine) specs(at, end int) ([]value, error) {
	if at < 0 || end-at < 4 {
		return nil, m.formatError("TemplateInstanceData", "NumValues", at, errShort(4, end-at))
	}
	n := int(binary.LittleEndian.Uint32(m.data[at:]))
	if n < 0 || n > MaxValues {
		return nil, m.formatError("TemplateInstanceData", "NumValues", at, errOver("values", n, MaxValues))
	}
	spec := m.data[at+4 : end]
	if len(spec) < 4*n {
		return nil, m.formatError("TemplateInstanceData", "ValueSpec", at+4, errShort(4*n, len(spec)))
	}
	if !m.Charge(n) {
		return nil, m.formatError("TemplateInstanceData", "NumValues", at, errCost)
	}
	first := len(m.values)
	m.values = slices.Grow(m.values, n)[:first+n]
	values := m.values[first:]
	pos := uint32(at + 4 + 4*n)
	for i := range values {
		v := value{pos, binary.LittleEndian.Uint32(spec[4*i:])}
		values[i] = v
		if pos += v.size(); pos > uint32(end) {
			return nil, m.formatError("TemplateInstanceData", "ValueByteLength", at+4+4*i,
				fmt.Errorf("value %d of 0x%x bytes ends 0x%x bytes behind the fragment", i, v.size(), pos-uint32(end)))
		}
	}
	return values[:n:n], nil
}
