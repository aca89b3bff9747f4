package message

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	list := []Message{
		{0x100, "a hundred and more\r\n"}, {1, "one\r\n"}, {2, "two \u20ac \U0001f600\r\n"}, {3, ""},
		{0xc0000005, "access\r\n"}, {0xffffffff, "last\r\n"},
	}
	b := tableOf(t, list...)
	tab, err := NewTable(b, German)
	if err != nil {
		t.Fatal(err)
	}
	got := map[uint32]string{}
	var order []uint32
	for m, err := range tab.All() {
		if err != nil {
			t.Fatal(err)
		}
		got[m.ID] = m.String()
		order = append(order, m.ID)
		if m.Lang != German || m.Flags != FlagUnicode {
			t.Errorf("%#x: %v, flags %x", m.ID, m.Lang, m.Flags)
		}
	}
	if diff := cmp.Diff([]uint32{1, 2, 3, 0x100, 0xc0000005, 0xffffffff}, order); diff != "" {
		t.Errorf("order (-want +got)\n%s", diff)
	}
	for _, m := range list {
		if got[m.ID] != m.Text {
			t.Errorf("%#x: All gives %q, want %q", m.ID, got[m.ID], m.Text)
		}
		if text, ok := tab.Lookup(m.ID); !ok || text.String() != m.Text {
			t.Errorf("%#x: Lookup gives %q, %v, want %q", m.ID, text.String(), ok, m.Text)
		}
	}
	for _, id := range []uint32{0, 4, 0xff, 0x101, 0xc0000004, 0xc0000006, 0xfffffffe} {
		if text, ok := tab.Lookup(id); ok {
			t.Errorf("%#x: Lookup gives %q", id, text.String())
		}
	}
	// Blocks: 1 to 3, 0x100, 0xc0000005, 0xffffffff.
	if n := le.Uint32(b); n != 4 {
		t.Errorf("%d blocks, want 4", n)
	}
	if n := len(b) % 4; n != 0 {
		t.Errorf("length %d", len(b))
	}
}

func TestAppendTableErrors(t *testing.T) {
	long := strings.Repeat("x", MaxTextUnits)
	for _, c := range []struct {
		name string
		list []Message
		want string
	}{
		{"none", nil, ""},
		{"twice", []Message{{5, "a"}, {6, ""}, {5, "b"}}, "message 0x5 comes twice"},
		{"longest", []Message{{5, long}}, ""},
		{"too long", []Message{{5, long + "x"}}, "message 0x5: 32764 UTF-16 units, and 32763 is the limit: over a limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := AppendTable([]byte("x"), c.list)
			if errText(err) != c.want {
				t.Errorf("have %q, want %q", errText(err), c.want)
			}
			if err != nil && string(b) != "x" {
				t.Errorf("dst is %q", b)
			}
			if err == nil {
				tab, err := NewTable(b[1:], Neutral)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range c.list {
					if text, ok := tab.Lookup(m.ID); !ok || text.String() != m.Text {
						t.Errorf("%#x: %v, %d bytes of text", m.ID, ok, len(text.String()))
					}
				}
			}
		})
	}
}

func TestTextEncodings(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags uint16
		lang  Lang
		raw   string
		want  string
	}{
		{"western", 0, German, "\x80 \x9fber f\xfcr \x81\r\n\x00\x00", "\u20ac \u0178ber f\u00fcr \u0081\r\n"},
		{"no language", 0, Neutral, "caf\xe9", "caf\u00e9"},
		{"unknown language", 0, 0x03ff, "caf\xe9", "caf\u00e9"},
		{"Russian", 0, 0x0419, "ab\xcf\xf0\x00c", "ab\ufffd\ufffd"},
		{"Japanese, by its base", 0, 0x0811, "\x82\xa0!", "\ufffd\ufffd!"},
		{"UTF-8", FlagUTF8, English, "\xc3\xa4\x00\x00", "\u00e4"},
		{"bad UTF-8", FlagUTF8, English, "a\xc3b", "a\ufffdb"},
		{"UTF-16", FlagUnicode, English, "a\x00\xe4\x00\x00\x00b\x00", "a\u00e4"},
		{"half a pair", FlagUnicode, English, "\x3d\xd8a\x00", "\ufffda"},
		{"odd", FlagUnicode, English, "a\x00b", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, err := NewTable(rawTable(7, entryOf(c.flags, []byte(c.raw))), c.lang)
			if err != nil {
				t.Fatal(err)
			}
			text, ok := tab.Lookup(7)
			if !ok || text.String() != c.want {
				t.Errorf("have %q, %v, want %q", text.String(), ok, c.want)
			}
		})
	}
}

func TestTableDamage(t *testing.T) {
	block := func(n uint32, words ...uint32) []byte {
		b := le.AppendUint32(nil, n)
		for _, w := range words {
			b = le.AppendUint32(b, w)
		}
		return b
	}
	good := entryOf(FlagUnicode, []byte("a\x00\x00\x00"))
	for _, c := range []struct {
		name string
		b    []byte
		open string
		want []string // texts, and errors
		has  []uint32
	}{
		{name: "empty", open: "message: MESSAGE_RESOURCE_DATA.NumberOfBlocks at offset 0x0: need 4 bytes, have 0"},
		{name: "one short", b: []byte{1, 0, 0}, open: "message: MESSAGE_RESOURCE_DATA.NumberOfBlocks at offset 0x0: need 4 bytes, have 3"},
		{name: "no blocks", b: block(0)},
		{name: "blocks missing", b: block(2, 1, 1, 16), open: "message: MESSAGE_RESOURCE_DATA.NumberOfBlocks at offset 0x0: need 28 bytes, have 16"},
		{name: "very many blocks", b: block(0xffffffff, 1, 1, 16), open: "message: MESSAGE_RESOURCE_DATA.NumberOfBlocks at offset 0x0: need 51539607544 bytes, have 16"},
		{name: "ids the wrong way", b: block(1, 2, 1, 16), want: []string{"message: MESSAGE_RESOURCE_BLOCK.HighId at offset 0x8: 0x1 is below LowId, 0x2"}},
		{name: "no entry", b: block(1, 1, 0xffffffff, 0xffffffff), want: []string{"message: MESSAGE_RESOURCE_ENTRY.Length at offset 0xffffffff: no entry for message 0x1"}},
		{name: "length 0", b: append(block(1, 1, 5, 16), append(good, 0, 0, 1, 0)...), want: []string{"a", "message: MESSAGE_RESOURCE_ENTRY.Length at offset 0x18: no entry for message 0x2"}, has: []uint32{1}},
		{name: "length 3", b: append(block(1, 1, 1, 16), 3, 0, 1, 0), want: []string{"message: MESSAGE_RESOURCE_ENTRY.Length at offset 0x10: no entry for message 0x1"}},
		{name: "longer than the table", b: append(block(1, 1, 1, 16), 9, 0, 1, 0, 0, 0, 0, 0), want: []string{"message: MESSAGE_RESOURCE_ENTRY.Length at offset 0x10: no entry for message 0x1"}},
		{name: "a block behind damage", b: append(block(2, 1, 1, 0xfff, 2, 2, 28), good...), want: []string{"message: MESSAGE_RESOURCE_ENTRY.Length at offset 0xfff: no entry for message 0x1", "a"}, has: []uint32{2}},
		{name: "out of order", b: append(block(2, 9, 9, 28, 2, 2, 28), good...), want: []string{"a", "a"}, has: []uint32{2, 9}},
		{name: "overlapping", b: append(block(2, 1, 9, 28, 2, 3, 28), good...), want: []string{"a", "message: MESSAGE_RESOURCE_ENTRY.Length at offset 0x24: no entry for message 0x2", "a", "message: MESSAGE_RESOURCE_ENTRY.Length at offset 0x24: no entry for message 0x3"}, has: []uint32{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, err := NewTable(c.b, English)
			if errText(err) != c.open {
				t.Fatalf("have %q, want %q", errText(err), c.open)
			}
			if err != nil {
				return
			}
			var got []string
			for text, err := range tab.All() {
				if err != nil {
					got = append(got, err.Error())
				} else {
					got = append(got, text.String())
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			var has []uint32
			for id := range uint32(20) {
				if _, ok := tab.Lookup(id); ok {
					has = append(has, id)
				}
			}
			if diff := cmp.Diff(c.has, has); diff != "" {
				t.Errorf("Lookup (-want +got)\n%s", diff)
			}
		})
	}
}

// TestTableBound: blocks that all point at the same entries do not make All run for
// ever.
func TestTableBound(t *testing.T) {
	const blocks = 4096
	b := le.AppendUint32(nil, blocks)
	for range blocks {
		b = le.AppendUint32(b, 0)
		b = le.AppendUint32(b, 0xffffffff)
		b = le.AppendUint32(b, 4+blockSize*blocks)
	}
	for range 1000 {
		b = append(b, 4, 0, 0, 0)
	}
	tab, err := NewTable(b, English)
	if err != nil {
		t.Fatal(err)
	}
	n, last := 0, ""
	for _, err := range tab.All() {
		n++
		last = errText(err)
	}
	if want := "message: MESSAGE_RESOURCE_DATA at offset 0x0: 1048577 messages or more, and 1048576 is the limit: over a limit"; n != MaxMessages+1 || last != want {
		t.Errorf("%d items, the last %q", n, last)
	}
}

func TestTablesMessage(t *testing.T) {
	table := func(lang Lang, list ...Message) *Table {
		tab, err := NewTable(tableOf(t, list...), lang)
		if err != nil {
			t.Fatal(err)
		}
		return tab
	}
	ts := Tables{
		table(0x0c0c, Message{1, "fr-CA"}, Message{3, "only fr-CA"}),
		table(0x000c, Message{1, "fr"}, Message{2, "fr 2"}),
		table(English, Message{1, "en"}, Message{2, "en 2"}, Message{4, "en 4"}),
		table(Neutral, Message{1, "none"}, Message{5, "none 5"}),
		table(0x0411, Message{1, "ja"}, Message{6, "ja 6"}),
		table(0x000c, Message{1, "fr again"}, Message{7, "fr 7"}),
	}
	for _, c := range []struct {
		id   uint32
		want Lang
		text string
	}{
		{1, 0x0c0c, "fr-CA"}, {1, 0x000c, "fr"}, {1, 0x040c, "fr"}, {2, 0x040c, "fr 2"}, {3, 0x040c, "only fr-CA"},
		{4, 0x040c, "en 4"}, {5, 0x040c, "none 5"}, {6, 0x040c, "ja 6"}, {7, 0x040c, "fr 7"},
		{1, EnglishUK, "en"}, {2, EnglishUK, "en 2"}, {1, Neutral, "none"}, {2, Neutral, "en 2"}, {1, 0x0411, "ja"},
		{9, English, ""},
	} {
		text, ok := ts.Message(c.id, c.want)
		if text.String() != c.text || ok != (c.text != "") {
			t.Errorf("%d in %v: have %q, %v, want %q", c.id, c.want, text.String(), ok, c.text)
		}
	}
	if diff := cmp.Diff([]Lang{0x0c0c, 0x000c, English, Neutral, 0x0411}, ts.Languages()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
