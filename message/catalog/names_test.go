package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/nt"
)

// namedManifest is a manifest of one provider with a level, opcodes, keywords, and an
// event whose second and third data have maps.
func namedManifest(guid nt.GUID) []byte {
	b := []byte("CRIM\x00\x00\x00\x00\x05\x00\x01\x00\x01\x00\x00\x00")
	u32 := func(v ...uint32) {
		for _, v := range v {
			b = le.AppendUint32(b, v)
		}
	}
	b = append(b, guid[:]...)
	u32(0x24)
	b = append(b, "WEVT"...)
	u32(0, message.NoMessage, 4)
	elements := len(b)
	b = append(b, make([]byte, 4*8)...)
	begin := func(i int, sig string, n uint32) {
		le.PutUint32(b[elements+8*i+4:], uint32(len(b)))
		b = append(b, sig...)
		u32(0, n)
	}
	var names []int
	var texts []string
	name := func(s string) {
		names, texts = append(names, len(b)), append(texts, s)
		u32(0)
	}
	begin(0, "LEVL", 1)
	u32(2, 0x50000002)
	name("win:Error")
	begin(1, "OPCO", 2)
	u32(0x0001_0000, 0x30000001)
	name("start")
	u32(0x0001_0005, 0x30000002)
	name("start of five")
	begin(2, "KEYW", 2)
	b = le.AppendUint64(b, 1<<3)
	u32(0x10000003)
	name("third")
	b = le.AppendUint64(b, 1<<62)
	u32(message.NoMessage)
	name("high%1")
	begin(3, "EVNT", 2)
	u32(0)
	template := 0
	for i := range 2 {
		b = le.AppendUint16(b, uint16(200+i))
		b = append(b, 0, 16, 2, 1, 5, 0)
		b = le.AppendUint64(b, 1<<3)
		u32([]uint32{message.NoMessage, 0xb00000c9}[i])
		template = len(b)
		u32(0, 0, 0, 0, 0, 0, 0)
	}
	maps := make([]uint32, 2)
	for i, sig := range []string{"VMAP", "BMAP"} {
		maps[i] = uint32(len(b))
		b = append(b, sig...)
		u32(0)
		name([]string{"States", "Flags"}[i])
		u32(0, 2)
		u32(1, 0xd0000001, 2, 0xd0000002)
	}
	le.PutUint32(b[template:], uint32(len(b))) // of the second event alone
	at := len(b)
	b = append(b, "TEMP"...)
	u32(0, 3, 3, uint32(at+40), 0)
	b = append(b, make([]byte, 16)...)
	for i, m := range []uint32{0, maps[0], maps[1]} {
		u32(0, 8, m, 0)
		name(string(rune('a' + i)))
	}
	le.PutUint32(b[at+4:], uint32(len(b)-at))
	for i, place := range names {
		le.PutUint32(b[place:], uint32(len(b)))
		u32(uint32(4 + 2*len(texts[i]) + 2))
		b = append(nt.AppendUTF16(b, texts[i]), 0, 0)
	}
	le.PutUint32(b[4:], uint32(len(b)))
	return b
}

func namedFile(t *testing.T, guid nt.GUID) *File {
	t.Helper()
	f, err := FileOf("named.dll", openPE(t, peOf(namedManifest(guid), tableOf(t, English, message.Message{ID: 0x50000002, Text: "Error\r\n"},
		message.Message{ID: 0x30000001, Text: "Start\r\n"}, message.Message{ID: 0x30000002, Text: "Start of five\r\n"}, message.Message{ID: 0x10000003, Text: "Third\r\n"},
		message.Message{ID: 0xb00000c9, Text: "%1 is %2, has %3, and %4"}, message.Message{ID: 0xd0000001, Text: "On \r\n"}, message.Message{ID: 0xd0000002, Text: "Off%1 "}),
		tableOf(t, German, message.Message{ID: 0x50000002, Text: "Fehler\r\n"}, message.Message{ID: 0xd0000001, Text: "An "}))))
	must(t, err)
	return f
}

// TestProviderNames: levels, tasks, opcodes and keywords of a manifest's events have the names
// that their provider gives them.
func TestProviderNames(t *testing.T) {
	c := newTest(t)
	guid := nt.GUID{7}
	addFile(t, c, namedFile(t, guid))
	e := event("Test/Operational", "Named", 200)
	e.Level = 2
	for _, x := range []struct {
		lang   string
		change func(e *eventlog.Event)
		want   Names
	}{
		{"", func(e *eventlog.Event) {}, Names{Level: "Error", Opcode: "Start"}},
		{"de", func(e *eventlog.Event) { e.Extra.Task = 5 }, Names{Level: "Fehler", Opcode: "Start of five"}},
		{"", func(e *eventlog.Event) { e.Extra.Task, e.Extra.Keywords = 6, 1<<3|1<<5|1<<62 }, Names{Level: "Error", Opcode: "Start", Keywords: []string{"Third", "high%1"}}},
		{"", func(e *eventlog.Event) { e.Level, e.Extra.Opcode = 4, 9 }, Names{}},
		{"", func(e *eventlog.Event) { e.Extra.Keywords = eventlog.KeywordClassic }, Names{}},
		{"", func(e *eventlog.Event) { e.Extra.ProviderGUID = nt.GUID{8} }, Names{}},
		{"", func(e *eventlog.Event) { e.Extra = nil }, Names{}},
	} {
		e := e.Clone()
		e.Extra = &eventlog.Extra{ProviderGUID: guid, Opcode: 1}
		x.change(e)
		for range 2 { // cold and warm
			if d := cmp.Diff(x.want, c.Names(x.lang, e)); d != "" {
				t.Errorf("%+v (-want +got):\n%s", e.Extra, d)
			}
		}
	}
	wantNoDamage(t, c)
}

// TestMaps: the maps of a provider come back as they went in, also out of a catalogue
// that was merged.
func TestMaps(t *testing.T) {
	c := newTest(t)
	guid := nt.GUID{7}
	f := namedFile(t, guid)
	want := []message.Map{
		{Name: "States", Entries: []message.MapEntry{{Value: 1, MessageID: 0xd0000001}, {Value: 2, MessageID: 0xd0000002}}},
		{Name: "Flags", Bits: true, Entries: []message.MapEntry{{Value: 1, MessageID: 0xd0000001}, {Value: 2, MessageID: 0xd0000002}}},
	}
	mapped := []Mapped{{201, 0, 1, 0}, {201, 0, 2, 1}}
	id := addFile(t, c, f)
	other := newTest(t)
	must(t, other.Merge(ctx, c))
	for _, c := range []*Catalog{c, other} {
		list, err := c.Providers(ctx, guid, "")
		must(t, err)
		if d := cmp.Diff(want, list[0].Maps); d != "" {
			t.Errorf("maps (-want +got):\n%s", d)
		}
		if d := cmp.Diff(mapped, list[0].Mapped); d != "" {
			t.Errorf("mapped (-want +got):\n%s", d)
		}
	}
	f.Providers[0].Maps[0].Entries[0].Value++
	if f.ID() == id {
		t.Error("another map, and the same hash")
	}
	f.Providers[0].Mapped[0].Map = 2
	if _, err := c.AddFile(ctx, f); err == nil || !strings.Contains(err.Error(), "event 201: map 2 of 2") {
		t.Error(err)
	}
	must(t, c.Update(ctx, func(tx *Tx) error { return tx.RemoveFile(id) }))
	for _, table := range []string{"provider_map", "provider_map_entry", "provider_mapped"} {
		var n int
		must(t, c.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows stay in %s", n, table)
		}
	}
}

// TestMapsHostile: events that all point to one long template are not read for ever,
// and a damaged map costs itself.
func TestMapsHostile(t *testing.T) {
	b := namedManifest(nt.GUID{7})
	i := strings.Index(string(b), "VMAP")
	b[i] = 'X'
	f, err := FileOf("x.dll", openPE(t, peOf(b)))
	if !errors.Is(err, eventlog.ErrCorrupt) || len(f.Providers[0].Maps) != 0 || len(f.Providers[0].Events) != 2 {
		t.Errorf("%v: %+v", err, f.Providers[0])
	}
}

// TestUpgrade: a catalogue of version 1 is read, and becomes one of this version when
// it is opened for changes.
func TestUpgrade(t *testing.T) {
	name := filepath.Join(t.TempDir(), "old")
	c, err := Create(name, &Options{Now: now})
	must(t, err)
	guid := nt.GUID{1, 2, 3}
	f, err := FileOf("prov.dll", openPE(t, peOf(manifestOf(guid, "Test-Provider"), tableOf(t, English, message.Message{ID: 0xb0000064, Text: "hundred"}))))
	must(t, err)
	id := addFile(t, c, f)
	for _, q := range []string{"DROP TABLE provider_map", "DROP TABLE provider_map_entry", "DROP TABLE provider_mapped", "PRAGMA user_version = 1"} {
		_, err := c.conn.ExecContext(ctx, q)
		must(t, err)
	}
	must(t, c.Close())
	old, err := os.ReadFile(name)
	must(t, err)
	e := event("x", "Test-Provider", 100)
	e.Extra = &eventlog.Extra{ProviderGUID: guid}
	check := func(c *Catalog) {
		t.Helper()
		wantText(t, c, "", e, "hundred")
		if list, err := c.Providers(ctx, guid, ""); err != nil || len(list) != 1 || len(list[0].Events) != 3 {
			t.Errorf("%+v, %v", list, err)
		}
		wantNoDamage(t, c)
	}
	c, err = Open(name, nil)
	must(t, err)
	check(c)
	dst := newTest(t)
	must(t, dst.Merge(ctx, c))
	check(dst)
	must(t, c.Close())
	if now, err := os.ReadFile(name); err != nil || string(now) != string(old) {
		t.Errorf("reading has changed it, %v", err)
	}

	c, err = Open(name, &Options{Write: true, Now: now})
	must(t, err)
	check(c)
	if again := addFile(t, c, f); again != id {
		t.Error("the file has another hash")
	}
	addFile(t, c, namedFile(t, nt.GUID{7}))
	integrity(t, c)
	must(t, c.Close())
	c, err = Open(name, nil)
	must(t, err)
	check(c)
	if list, err := c.Providers(ctx, nt.GUID{7}, ""); err != nil || len(list[0].Maps) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	must(t, c.Close())

	// One that says that it is new and has the old tables, and the other way round.
	old[63] = 2
	must(t, os.WriteFile(name, old, 0o666))
	if _, err := Open(name, nil); !errors.Is(err, eventlog.ErrCorrupt) || !strings.Contains(err.Error(), "schema: provider_map: missing") {
		t.Error(err)
	}
}
