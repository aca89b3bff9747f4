package logtest

import (
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"netelf.example/nt"
)

// BinXML writes binary XML ([MS-EVEN6] 2.2.12) as it stands in a chunk of an .evtx
// file: names and templates are written where they are first used, and pointed to
// afterwards. It knows nothing of the package that reads it.
type BinXML struct {
	Data []byte // of the chunk, from its beginning

	names     map[string]uint32
	templates map[string]uint32
}

// NewBinXML begins with a chunk that has so many bytes before its first record.
func NewBinXML(head int) *BinXML {
	return &BinXML{Data: make([]byte, head), names: map[string]uint32{}, templates: map[string]uint32{}}
}

// BinValue is a value with its type, as it is written.
type BinValue struct {
	Type  byte
	Bytes []byte
}

// Types of values, as far as the fixtures use them.
const (
	binNull        = 0x00
	binString      = 0x01
	binUint8       = 0x04
	binUint16      = 0x06
	binUint32      = 0x08
	binUint64      = 0x0a
	binBinary      = 0x0e
	binGUID        = 0x0f
	binTime        = 0x11
	binSID         = 0x13
	binHex64       = 0x15
	binXML         = 0x21
	binStringArray = 0x81
)

// BinString is a string.
func BinString(s string) BinValue { return BinValue{binString, nt.AppendUTF16(nil, s)} }

// BinStrings is an array of strings.
func BinStrings(list ...string) BinValue {
	v := BinValue{Type: binStringArray}
	for _, s := range list {
		v.Bytes = append(nt.AppendUTF16(v.Bytes, s), 0, 0)
	}
	return v
}

func binUint(t byte, n uint64, size int) BinValue {
	return BinValue{t, binary.LittleEndian.AppendUint64(nil, n)[:size]}
}

func (b *BinXML) u16(v uint16) { b.Data = binary.LittleEndian.AppendUint16(b.Data, v) }
func (b *BinXML) u32(v uint32) { b.Data = binary.LittleEndian.AppendUint32(b.Data, v) }

// size writes the length of what f writes, before it.
func (b *BinXML) size(f func() error) error {
	at := len(b.Data)
	b.u32(0)
	err := f()
	binary.LittleEndian.PutUint32(b.Data[at:], uint32(len(b.Data)-at-4))
	return err
}

// name writes the offset of a name, and the name if it is new.
func (b *BinXML) name(s string) {
	if at, ok := b.names[s]; ok {
		b.u32(at)
		return
	}
	at := uint32(len(b.Data) + 4)
	b.names[s] = at
	b.u32(at)
	b.u32(0) // the next name with this hash
	u := nt.AppendUTF16(nil, s)
	var h uint32
	for i := 0; i < len(u); i += 2 {
		h = h*65599 + uint32(binary.LittleEndian.Uint16(u[i:]))
	}
	b.u16(uint16(h))
	b.u16(uint16(len(u) / 2))
	b.Data = append(b.Data, u...)
	b.u16(0)
}

// Instance writes a fragment that is an instance of the template that text is;
// see Elements.
func (b *BinXML) Instance(text string, values ...BinValue) error {
	if err := b.template(text); err != nil {
		return err
	}
	b.values(values)
	return nil
}

// Define writes an instance that nobody reads, so that the template is known from
// then on.
func (b *BinXML) Define(text string) error { return b.template(text) }

// template writes an instance up to its values, with the template's definition if
// it is new.
func (b *BinXML) template(text string) error {
	at, known := b.templates[text]
	if !known {
		at = uint32(len(b.Data) + 14)
		b.templates[text] = at
	}
	id := crc32.ChecksumIEEE([]byte(text))
	b.Data = append(b.Data, 0x0f, 1, 1, 0, 0x0c, 1)
	b.u32(id)
	b.u32(at)
	if known {
		return nil
	}
	b.u32(0) // the next template with this hash
	b.u32(id)
	b.Data = append(b.Data, "test writer."...)
	return b.size(func() error {
		b.Data = append(b.Data, 0x0f, 1, 1, 0)
		err := b.Elements(text, true)
		b.Data = append(b.Data, 0)
		return err
	})
}

func (b *BinXML) values(values []BinValue) {
	b.u32(uint32(len(values)))
	for _, v := range values {
		b.u16(uint16(len(v.Bytes)))
		b.Data = append(b.Data, v.Type, 0)
	}
	for _, v := range values {
		b.Data = append(b.Data, v.Bytes...)
	}
}

// Value writes what f writes as the bytes of a value would be written: at the
// place where they will stand, behind so many bytes. The caller writes them there.
func (b *BinXML) Value(behind int, f func() error) (BinValue, error) {
	at := len(b.Data)
	b.Data = append(b.Data, make([]byte, behind)...)
	err := f()
	v := BinValue{binXML, append([]byte(nil), b.Data[at+behind:]...)}
	b.Data = b.Data[:at]
	return v, err
}

// Elements writes the elements of an XML text. In texts and attributes
//
//	{3:06}    is value 3, of type 0x06
//	{3?:06}   is the same, optional
//	{#13}     is a reference to a character
//	{entity:lt} is one to an entity
//	{cdata:x} is a CDATA section
//	{11:=…}   is a literal value of type 0x11, in hexadecimal
//
// and an element's attribute "dependency" is its DependencyID. With template
// elements have one.
func (b *BinXML) Elements(text string, template bool) error {
	d := xml.NewDecoder(strings.NewReader(text))
	return b.content(d, template)
}

func (b *BinXML) content(d *xml.Decoder, template bool) error {
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := b.element(d, t, template); err != nil {
				return err
			}
		case xml.EndElement:
			b.Data = append(b.Data, 0x04)
			return nil
		case xml.CharData:
			if err := b.text(string(t)); err != nil {
				return err
			}
		case xml.ProcInst:
			b.Data = append(b.Data, 0x0a)
			b.name(t.Target)
			b.Data = append(b.Data, 0x0b)
			b.counted(string(t.Inst))
		}
	}
}

func xmlName(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

func (b *BinXML) element(d *xml.Decoder, t xml.StartElement, template bool) error {
	dependency := uint64(0xffff)
	var attrs []xml.Attr
	for _, a := range t.Attr {
		if a.Name.Local == "dependency" {
			dependency, _ = strconv.ParseUint(a.Value, 10, 16)
			continue
		}
		attrs = append(attrs, a)
	}
	token := byte(0x01)
	if len(attrs) > 0 {
		token = 0x41
	}
	b.Data = append(b.Data, token)
	if template {
		b.u16(uint16(dependency))
	}
	return b.size(func() error {
		b.name(xmlName(t.Name))
		if len(attrs) > 0 {
			err := b.size(func() error { return b.attributes(attrs) })
			if err != nil {
				return err
			}
		}
		// An element is written as empty if its end follows its start.
		b.Data = append(b.Data, 0x02)
		at := len(b.Data)
		err := b.content(d, template)
		if len(b.Data) == at+1 && err == nil && !strings.HasSuffix(t.Name.Local, "Open") {
			b.Data = append(b.Data[:at-1], 0x03)
		}
		return err
	})
}

func (b *BinXML) attributes(attrs []xml.Attr) error {
	for i, a := range attrs {
		token := byte(0x46)
		if i == len(attrs)-1 {
			token = 0x06
		}
		b.Data = append(b.Data, token)
		b.name(xmlName(a.Name))
		if err := b.text(a.Value); err != nil {
			return err
		}
	}
	return nil
}

func (b *BinXML) counted(s string) {
	u := nt.AppendUTF16(nil, s)
	b.u16(uint16(len(u) / 2))
	b.Data = append(b.Data, u...)
}

func (b *BinXML) text(s string) error {
	for s != "" {
		before, rest, ok := strings.Cut(s, "{")
		if before != "" {
			b.Data = append(b.Data, 0x05, binString)
			b.counted(before)
		}
		if !ok {
			return nil
		}
		special, after, ok := strings.Cut(rest, "}")
		if !ok {
			return fmt.Errorf("no end of %q", rest)
		}
		if err := b.special(special); err != nil {
			return fmt.Errorf("%q: %w", special, err)
		}
		s = after
	}
	return nil
}

func (b *BinXML) special(s string) error {
	switch {
	case strings.HasPrefix(s, "#"):
		n, err := strconv.ParseUint(s[1:], 10, 16)
		b.Data = append(b.Data, 0x08)
		b.u16(uint16(n))
		return err
	case strings.HasPrefix(s, "entity:"):
		b.Data = append(b.Data, 0x09)
		b.name(s[len("entity:"):])
		return nil
	case strings.HasPrefix(s, "cdata:"):
		b.Data = append(b.Data, 0x07)
		b.counted(s[len("cdata:"):])
		return nil
	}
	left, right, _ := strings.Cut(s, ":")
	if literal, ok := strings.CutPrefix(right, "="); ok {
		var v []byte
		t, err := strconv.ParseUint(left, 16, 8)
		if _, e := fmt.Sscanf(literal, "%x", &v); e != nil {
			err = e
		}
		b.Data = append(append(b.Data, 0x05, byte(t)), v...)
		return err
	}
	token := byte(0x0d)
	if number, ok := strings.CutSuffix(left, "?"); ok {
		token, left = 0x0e, number
	}
	n, err := strconv.ParseUint(left, 10, 16)
	if err != nil {
		return err
	}
	t, err := strconv.ParseUint(right, 16, 8)
	b.Data = append(b.Data, token)
	b.u16(uint16(n))
	b.Data = append(b.Data, byte(t))
	return err
}
