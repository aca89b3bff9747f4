package message

import (
	"encoding/binary"
	"fmt"
	"iter"

	"netelf.example/nt"
)

const (
	eventsHeadSize   = 16
	eventSize        = 48
	templateHeadSize = 40
	itemSize         = 20
	mapHeadSize      = 20
	mapEntrySize     = 8
)

// EventDefinition is an event as the manifest defines it. Its fields are those of
// EVENT_DESCRIPTOR.
type EventDefinition struct {
	ID        uint16
	Version   uint8
	Channel   uint8
	Level     uint8
	Opcode    uint8
	Task      uint16
	Keywords  uint64
	MessageID uint32 // of its text in the message table, or NoMessage; it is not ID

	template uint32 // offset, 0: none
}

// HasTemplate says whether the event has data.
func (e *EventDefinition) HasTemplate() bool { return e.template != 0 }

func (m *Manifest) event(at int) EventDefinition {
	le := binary.LittleEndian
	b := m.b[at : at+eventSize]
	return EventDefinition{
		ID: le.Uint16(b), Version: b[2], Channel: b[3], Level: b[4], Opcode: b[5], Task: le.Uint16(b[6:]),
		Keywords: le.Uint64(b[8:]), MessageID: le.Uint32(b[16:]), template: le.Uint32(b[20:]),
	}
}

// Events ranges over the events in the order of the manifest, by id and version.
// An error is the last that it gives.
func (p *Provider) Events() iter.Seq2[EventDefinition, error] {
	return func(yield func(EventDefinition, error) bool) {
		at, n, err := p.table("EVNT", eventsHeadSize, eventSize)
		if err != nil {
			yield(EventDefinition{}, err)
			return
		}
		for ; n > 0; n, at = n-1, at+eventSize {
			if !yield(p.m.event(at), nil) {
				return
			}
		}
	}
}

// Event is the definition of one version of an event.
func (p *Provider) Event(id uint16, version uint8) (EventDefinition, bool) {
	at, n, _ := p.table("EVNT", eventsHeadSize, eventSize) // damaged: nothing is found; Events says why
	for ; n > 0; n, at = n-1, at+eventSize {
		if binary.LittleEndian.Uint16(p.m.b[at:]) == id && p.m.b[at+2] == version {
			return p.m.event(at), true
		}
	}
	return EventDefinition{}, false
}

// EventTemplate says what the data of an event are.
type EventTemplate struct {
	GUID   nt.GUID
	Items  []Item
	BinXML []byte // the fragment that the items are put into, in the manifest's dialect of binary XML; a view
}

// Item is one datum of an event.
type Item struct {
	Name string
	// In and Out are its type as it is stored and as it is shown: the numbers of
	// inType and outType of the manifest schema. In is a BinXml value type
	// ([MS-EVEN6] 2.2.12).
	In, Out       uint8
	Count, Length uint16 // of an array, and of a text or bytes; 0: not given
	Map           uint32 // offset for Map, 0: none
}

// Template is the template of an event; nil where it has none.
func (p *Provider) Template(e *EventDefinition) (*EventTemplate, error) {
	if e.template == 0 {
		return nil, nil
	}
	m, at := p.m, e.template
	if !m.room(at, templateHeadSize) {
		return nil, m.bad("TEMP", "", int64(at), short(templateHeadSize, max(int64(len(m.b))-int64(at), 0)))
	}
	off := int(at)
	if sig := string(m.b[off : off+4]); sig != "TEMP" {
		return nil, m.bad("TEMP", "Signature", int64(at), fmt.Errorf("have %q, want \"TEMP\"", sig))
	}
	size := m.u32(off + 4)
	if size < templateHeadSize || !m.room(at, int64(size)) {
		return nil, m.bad("TEMP", "Size", int64(at)+4, fmt.Errorf("%d bytes, want %d to %d", size, templateHeadSize, len(m.b)-off))
	}
	n, items := m.u32(off+8), m.u32(off+16)
	t := &EventTemplate{GUID: nt.GUID(m.b[off+24 : off+40])}
	end := at + size
	if n > 0 {
		if n > MaxItems {
			return nil, m.bad("TEMP", "NumberOfItems", int64(at)+8, over("items", uint64(n), MaxItems))
		}
		if !m.room(items, int64(n)*itemSize) {
			return nil, m.bad("TEMP", "ItemsOffset", int64(at)+16, fmt.Errorf("no %d items at 0x%x of %d bytes", n, items, len(m.b)))
		}
		if items >= at+templateHeadSize && items <= end {
			end = items
		}
	}
	t.BinXML = m.b[at+templateHeadSize : end : end]
	le := binary.LittleEndian
	for i := range int(n) {
		b := m.b[int(items)+i*itemSize:]
		item := Item{In: b[4], Out: b[5], Map: le.Uint32(b[8:]), Count: le.Uint16(b[12:]), Length: le.Uint16(b[14:])}
		var err error
		if item.Name, err = m.name("TEMP", int(items)+i*itemSize+16, le.Uint32(b[16:])); err != nil {
			return nil, err
		}
		t.Items = append(t.Items, item)
	}
	return t, nil
}

// Map gives the values of an item texts.
type Map struct {
	Name    string
	Bits    bool // a bitMap: the values are bits that come together; else a valueMap
	Entries []MapEntry
}

// MapEntry is one value and the message id of its text, or NoMessage.
type MapEntry struct {
	Value, MessageID uint32
}

// Map is the map at the offset that an Item has.
func (p *Provider) Map(at uint32) (*Map, error) {
	m := p.m
	if !m.room(at, 4) {
		return nil, m.bad("VMAP", "", int64(at), short(4, max(int64(len(m.b))-int64(at), 0)))
	}
	off := int(at)
	sig := string(m.b[off : off+4])
	if sig != "VMAP" && sig != "BMAP" {
		return nil, m.bad("VMAP", "Signature", int64(at), fmt.Errorf("have %q, want \"VMAP\" or \"BMAP\"", sig))
	}
	if !m.room(at, mapHeadSize) {
		return nil, m.bad(sig, "", int64(at), short(mapHeadSize, int64(len(m.b)-off)))
	}
	n := m.u32(off + 16)
	if n > MaxDefinitions {
		return nil, m.bad(sig, "NumberOfEntries", int64(at)+16, over("entries", uint64(n), MaxDefinitions))
	}
	if need := mapHeadSize + int64(n)*mapEntrySize; !m.room(at, need) {
		return nil, m.bad(sig, "NumberOfEntries", int64(at)+16, short(need, int64(len(m.b)-off)))
	}
	name, err := m.name(sig, off+8, m.u32(off+8))
	if err != nil {
		return nil, err
	}
	t := &Map{Name: name, Bits: sig == "BMAP"}
	for i := range int(n) {
		e := off + mapHeadSize + i*mapEntrySize
		t.Entries = append(t.Entries, MapEntry{m.u32(e), m.u32(e + 4)})
	}
	return t, nil
}

// Maps ranges over the maps in the order of the manifest, which is that of their
// names. A map that is damaged comes as an error.
func (p *Provider) Maps() iter.Seq2[*Map, error] {
	return func(yield func(*Map, error) bool) {
		at, n, err := p.table("MAPS", defsHeadSize, 4)
		if err != nil {
			yield(nil, err)
			return
		}
		// The entries of all maps together have a limit: offsets may point all at
		// one and the same.
		for left := MaxDefinitions; n > 0; n, at = n-1, at+4 {
			t, err := p.Map(p.m.u32(at))
			if t != nil {
				if left -= len(t.Entries); left < 0 {
					yield(nil, p.m.bad("MAPS", "", int64(at), over("entries or more", MaxDefinitions+1, MaxDefinitions)))
					return
				}
			}
			if !yield(t, err) {
				return
			}
		}
	}
}
