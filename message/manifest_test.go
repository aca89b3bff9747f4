package message

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/nt"
)

// manifestBytes is a manifest of one provider with everything once, laid out as
// mc.exe of Windows 10 does.
func manifestBytes() []byte {
	b := []byte("CRIM\x00\x00\x00\x00\x05\x00\x01\x00\x01\x00\x00\x00")
	u32 := func(v ...uint32) {
		for _, v := range v {
			b = le.AppendUint32(b, v)
		}
	}
	guid := func(g byte) { b = append(b, bytes.Repeat([]byte{g}, 16)...) }
	fix := func(at int, v int) { le.PutUint32(b[at:], uint32(v)) }
	name := func(field int, s string) { // a text, and its offset at field
		fix(field, len(b))
		u32(uint32(4 + 2*len(s) + 2))
		b = append(nt.AppendUTF16(b, s), 0, 0)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	guid(0x11)
	u32(0x24) // the provider
	b = append(b, "WEVT"...)
	u32(0, 0x90000001, 9)
	dir := len(b)
	b = append(b, make([]byte, 9*8)...)
	element := 0
	begin := func(kind uint32, sig string, n uint32) int {
		le.PutUint32(b[dir+element*8:], kind)
		fix(dir+element*8+4, len(b))
		element++
		at := len(b)
		b = append(b, sig...)
		u32(0, n)
		return at
	}
	end := func(at int) { fix(at+4, len(b)-at) }

	maps := begin(6, "MAPS", 2)
	u32(0, 0)
	bmap := len(b)
	b = append(b, "BMAP"...)
	u32(36, 0, 1, 2, 1, 0xf0000001, 2, 0xf0000002)
	vmap := len(b)
	b = append(b, "VMAP"...)
	u32(28, 0, 0, 1, 7, 0xd0000001)
	fix(maps+12, bmap)
	fix(maps+16, vmap)
	name(bmap+8, "Bits")
	name(vmap+8, "Values")
	end(maps)

	ttbl := begin(7, "TTBL", 1)
	temp := len(b)
	b = append(b, "TEMP"...)
	u32(0, 2, 2, 0, 2)
	guid(0x22)
	b = append(b, "\x0f\x01\x01\x00binary XML!\x00"...)
	items := len(b)
	fix(temp+16, items)
	u32(0, 0x00000101, 0, 0, 0)
	u32(0, 0x00001208, uint32(bmap), 0x00080003, 0)
	name(items+16, "Text")
	name(items+36, "Flags")
	fix(temp+4, len(b)-temp)
	end(ttbl)

	prva := begin(13, "PRVA", 1)
	u32(providerName, uint32(len(b))+8)
	b = append(nt.AppendUTF16(b, "Test-Provider"), 0, 0)
	end(prva)

	opco := begin(2, "OPCO", 2)
	u32(0x00010000, 0x30000001, 0, 0x00010005, NoMessage, 0)
	name(opco+20, "win:Start")
	name(opco+32, "Own")
	end(opco)

	levl := begin(0, "LEVL", 1)
	u32(2, 0x50000002, 0)
	name(levl+20, "win:Error")
	end(levl)

	task := begin(1, "TASK", 1)
	u32(5, 0x70000005)
	guid(0x33)
	u32(0)
	name(task+36, "Work")
	end(task)

	keyw := begin(3, "KEYW", 1)
	u32(0, 0x80000000, 0x10000001, 0)
	name(keyw+24, "Top")
	end(keyw)

	chanAt := begin(5, "CHAN", 1)
	u32(16, 0, 0, NoMessage)
	name(chanAt+16, "Test/Operational")
	end(chanAt)

	evnt := begin(4, "EVNT", 2)
	u32(0)
	event := func(id uint16, version byte, message uint32, template int) {
		b = le.AppendUint16(b, id)
		b = append(b, version, 16, 2, 1, 5, 0)
		b = le.AppendUint64(b, 1<<63)
		u32(message, uint32(template), 0, 0, 0, 0, 0, 0)
	}
	event(100, 0, 0xb0000064, 0)
	event(100, 1, 0xb0010064, temp)
	end(evnt)
	fix(4, len(b))
	return b
}

func collect[T any](t *testing.T, seq func(func(T, error) bool)) (list []T, errs []string) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			errs = append(errs, err.Error())
		} else {
			list = append(list, v)
		}
	}
	return list, errs
}

func guidOf(b byte) nt.GUID { return nt.GUID(bytes.Repeat([]byte{b}, 16)) }

func TestManifest(t *testing.T) {
	m, err := ParseManifest(append(manifestBytes(), "behind it"...))
	if err != nil {
		t.Fatal(err)
	}
	if m.Major != 5 || m.Minor != 1 || len(m.Providers) != 1 {
		t.Fatalf("%d.%d, %d providers", m.Major, m.Minor, len(m.Providers))
	}
	p := m.Providers[0]
	if p.GUID != guidOf(0x11) || p.Name != "Test-Provider" || p.MessageID != 0x90000001 {
		t.Errorf("%v %q %#x", p.GUID, p.Name, p.MessageID)
	}
	for _, c := range []struct {
		name string
		seq  func(func(Definition, error) bool)
		want []Definition
	}{
		{"levels", p.Levels(), []Definition{{Value: 2, MessageID: 0x50000002, Name: "win:Error"}}},
		{"tasks", p.Tasks(), []Definition{{Value: 5, MessageID: 0x70000005, Name: "Work", GUID: guidOf(0x33)}}},
		{"opcodes", p.Opcodes(), []Definition{{Value: 1, MessageID: 0x30000001, Name: "win:Start"}, {Value: 1, Task: 5, MessageID: NoMessage, Name: "Own"}}},
		{"keywords", p.Keywords(), []Definition{{Value: 1 << 63, MessageID: 0x10000001, Name: "Top"}}},
		{"channels", p.Channels(), []Definition{{Value: 16, MessageID: NoMessage, Name: "Test/Operational"}}},
	} {
		list, errs := collect(t, c.seq)
		if diff := cmp.Diff(c.want, list); diff != "" || errs != nil {
			t.Errorf("%s: %v (-want +got)\n%s", c.name, errs, diff)
		}
	}
	name := func(d Definition, ok bool) string {
		if !ok {
			return "none"
		}
		return d.Name
	}
	for _, c := range [][2]string{
		{name(p.Level(2)), "win:Error"}, {name(p.Level(3)), "none"}, {name(p.Task(5)), "Work"}, {name(p.Task(0)), "none"},
		{name(p.Opcode(5, 1)), "Own"}, {name(p.Opcode(6, 1)), "win:Start"}, {name(p.Opcode(0, 1)), "win:Start"}, {name(p.Opcode(5, 2)), "none"},
		{name(p.Keyword(1 << 63)), "Top"}, {name(p.Keyword(1)), "none"}, {name(p.Channel(16)), "Test/Operational"}, {name(p.Channel(1)), "none"},
	} {
		if c[0] != c[1] {
			t.Errorf("have %s, want %s", c[0], c[1])
		}
	}
	events, errs := collect(t, p.Events())
	if len(events) != 2 || errs != nil {
		t.Fatalf("%d events, %v", len(events), errs)
	}
	for v := range uint8(3) {
		e, ok := p.Event(100, v)
		if ok != (v < 2) || ok && e != events[v] {
			t.Errorf("version %d: %+v, %v", v, e, ok)
		}
	}
	e := events[1]
	e.template = 0
	want := EventDefinition{ID: 100, Version: 1, Channel: 16, Level: 2, Opcode: 1, Task: 5, Keywords: 1 << 63, MessageID: 0xb0010064}
	if e != want {
		t.Errorf("have %+v\nwant %+v", e, want)
	}
	if tmpl, err := p.Template(&events[0]); tmpl != nil || err != nil || events[0].HasTemplate() {
		t.Errorf("template of an event without: %v, %v", tmpl, err)
	}
	tmpl, err := p.Template(&events[1])
	if err != nil {
		t.Fatal(err)
	}
	wantTmpl := &EventTemplate{
		GUID: guidOf(0x22), BinXML: []byte("\x0f\x01\x01\x00binary XML!\x00"),
		Items: []Item{{Name: "Text", In: 1, Out: 1}, {Name: "Flags", In: 8, Out: 18, Count: 3, Length: 8, Map: tmpl.Items[1].Map}},
	}
	if diff := cmp.Diff(wantTmpl, tmpl); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	maps, errs := collect(t, p.Maps())
	wantMaps := []*Map{
		{Name: "Bits", Bits: true, Entries: []MapEntry{{1, 0xf0000001}, {2, 0xf0000002}}},
		{Name: "Values", Entries: []MapEntry{{7, 0xd0000001}}},
	}
	if diff := cmp.Diff(wantMaps, maps); diff != "" || errs != nil {
		t.Errorf("%v (-want +got)\n%s", errs, diff)
	}
	if mp, err := p.Map(tmpl.Items[1].Map); err != nil || mp.Name != "Bits" {
		t.Errorf("%v, %v", mp, err)
	}
}

func TestManifestDamage(t *testing.T) {
	good := manifestBytes()
	find := func(sig string) int { return bytes.Index(good, []byte(sig)) }
	put := func(at int, v uint32) []byte {
		b := bytes.Clone(good)
		le.PutUint32(b[at:], v)
		return b
	}
	size := uint32(len(good))
	for _, c := range []struct {
		name string
		b    []byte
		want string // the first error of ParseManifest or of any range
	}{
		{"empty", nil, "wevt: CRIM at offset 0x0: need 16 bytes, have 0"},
		{"one short", good[:15], "wevt: CRIM at offset 0x0: need 16 bytes, have 15"},
		{"signature", put(0, 0x41414141), `wevt: CRIM.Signature at offset 0x0: have "AAAA", want "CRIM"`},
		{"cut off", good[:len(good)-1], "wevt: CRIM.Size at offset 0x4: 828 bytes, want 16 to 827"},
		{"size 0", put(4, 0), "wevt: CRIM.Size at offset 0x4: 0 bytes, want 16 to 828"},
		{"providers", put(12, 1025), "wevt: CRIM.NumberOfProviders at offset 0xc: 1025 providers, and 1024 is the limit: over a limit"},
		{"providers missing", put(12, 1000), "wevt: CRIM.NumberOfProviders at offset 0xc: need 20016 bytes, have 828"},
		{"provider nowhere", put(32, size), "wevt: WEVT at offset 0x33c: need 16 bytes, have 0"},
		{"provider is none", put(32, 0), `wevt: WEVT.Signature at offset 0x0: have "CRIM", want "WEVT"`},
		{"elements", put(0x24+12, 65), "wevt: WEVT.NumberOfElements at offset 0x30: 65 elements, and 64 is the limit: over a limit"},
		{"element nowhere", put(0x24+16+4, 0xfffffff0), "wevt: WEVT.ElementOffset at offset 0x38: no element at 0xfffffff0 of 828 bytes"},
		{"levels", put(find("LEVL")+8, 0xffffffff), "wevt: LEVL.NumberOfDefinitions at offset 0x200: 4294967295 definitions, and 65536 is the limit: over a limit"},
		{"events missing", put(find("EVNT")+8, 1000), "wevt: EVNT.NumberOfDefinitions at offset 0x2d4: need 48016 bytes, have 112"},
		{"a name nowhere", put(find("LEVL")+20, size-2), "wevt: LEVL.NameOffset at offset 0x20c: no name at 0x33a of 828 bytes"},
		{"a name too long", put(int(le.Uint32(good[find("LEVL")+20:])), 5000), "wevt: LEVL.NameSize at offset 0x210: 5000 bytes, and 4096 is the limit: over a limit"},
		{"a name too short", put(int(le.Uint32(good[find("LEVL")+20:])), 3), "wevt: LEVL.NameSize at offset 0x210: 3 bytes, want 4 to 300"},
		{"template is none", put(find("TEMP"), 0), `wevt: TEMP.Signature at offset 0x100: have "\x00\x00\x00\x00", want "TEMP"`},
		{"template too long", put(find("TEMP")+4, size), "wevt: TEMP.Size at offset 0x104: 828 bytes, want 40 to 572"},
		{"items", put(find("TEMP")+8, 1025), "wevt: TEMP.NumberOfItems at offset 0x108: 1025 items, and 1024 is the limit: over a limit"},
		{"items nowhere", put(find("TEMP")+16, size-10), "wevt: TEMP.ItemsOffset at offset 0x110: no 2 items at 0x332 of 828 bytes"},
		{"map is none", put(find("VMAP"), 0), `wevt: VMAP.Signature at offset 0xb4: have "\x00\x00\x00\x00", want "VMAP" or "BMAP"`},
		{"map entries", put(find("VMAP")+16, 0x10000), "wevt: VMAP.NumberOfEntries at offset 0xc4: need 524308 bytes, have 648"},
		{"map nowhere", put(find("MAPS")+16, size), "wevt: VMAP at offset 0x33c: need 4 bytes, have 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ParseManifest(c.b)
			got := errText(err)
			if err == nil {
				for _, err := range walkManifest(m) {
					got = err.Error()
					break
				}
			}
			if got != c.want {
				t.Errorf("have %q\nwant %q", got, c.want)
			}
		})
	}
}

// walkManifest asks m for all that it has, and gives the errors.
func walkManifest(m *Manifest) (errs []error) {
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	for _, p := range m.Providers {
		for _, seq := range []func(func(Definition, error) bool){p.Levels(), p.Tasks(), p.Opcodes(), p.Keywords(), p.Channels()} {
			for _, err := range seq {
				note(err)
			}
		}
		for _, err := range p.Maps() {
			note(err)
		}
		for e, err := range p.Events() {
			note(err)
			tmpl, err := p.Template(&e)
			note(err)
			if tmpl == nil {
				continue
			}
			for _, item := range tmpl.Items {
				if item.Map != 0 {
					_, err := p.Map(item.Map)
					note(err)
				}
			}
		}
	}
	return errs
}
