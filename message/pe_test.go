package message

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

// TestPEOverlap: tables that lie over each other make no more memory than the limit.
func TestPEOverlap(t *testing.T) {
	one := tableOf(t, Message{1, "one\r\n"})
	p := openBytes(t, buildPE(64, res{11, 1, German, one}, res{11, 1, English, one}, res{11, 1, EnglishUK, one}))
	p.room = int64(2*len(one) + 1)
	ts, err := p.Tables()
	if len(ts) != 2 || !errors.Is(err, eventlog.ErrTooLarge) || p.room != 1 {
		t.Errorf("%d tables, %d left, %v", len(ts), p.room, err)
	}
	if ts, _ := p.Tables(); len(ts) != 2 {
		t.Errorf("%d tables the second time", len(ts))
	}
	if text, ok, err := p.Message(1, German); !ok || err != nil || text.String() != "one\r\n" {
		t.Errorf("%q, %v", text.String(), err)
	}
}

func TestPE(t *testing.T) {
	for _, bits := range []int{32, 64} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			b := buildPE(bits,
				res{"REGISTRY", 1, English, []byte("no table")},
				res{10, 1, English, []byte("no table either")},
				res{11, 1, German, tableOf(t, Message{1, "eins\r\n"}, Message{2, "zwei\r\n"})},
				res{11, 1, English, tableOf(t, Message{1, "one\r\n"}, Message{2, "two\r\n"}, Message{0x80000003, "three\r\n"})},
				res{11, 2, English, tableOf(t, Message{9, "nine\r\n"})},
				res{"WEVT_TEMPLATE", 1, English, manifestBytes()},
				res{"MUI", 1, English, nil},
			)
			p := openBytes(t, b)
			if p.Bits() != bits || p.Damage() != nil {
				t.Errorf("%d bits, damage %v", p.Bits(), p.Damage())
			}
			if diff := cmp.Diff([]Lang{German, English}, p.Languages()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			for _, c := range []struct {
				id   uint32
				lang Lang
				want string
			}{
				{1, German, "eins\r\n"}, {1, 0x0c07, "eins\r\n"}, {1, English, "one\r\n"}, {1, 0x0411, "one\r\n"},
				{0x80000003, German, "three\r\n"}, {9, German, "nine\r\n"}, {10, German, ""},
			} {
				text, ok, err := p.Message(c.id, c.lang)
				if text.String() != c.want || ok != (c.want != "") || err != nil {
					t.Errorf("%#x in %v: have %q, %v, %v, want %q", c.id, c.lang, text.String(), ok, err, c.want)
				}
			}
			for langs, want := range map[*[]Lang]int{{}: 3, {German}: 1, {English}: 2, {0x0411}: 0, {German, English}: 3} {
				ts, err := p.Tables(*langs...)
				if len(ts) != want || err != nil {
					t.Errorf("%v: %d tables, %v, want %d", *langs, len(ts), err, want)
				}
			}
			ms, err := p.Manifests()
			if err != nil || len(ms) != 1 || len(ms[0].Providers) != 1 {
				t.Errorf("manifests: %v, %v", ms, err)
			}
		})
	}
}

// TestMUI: the text in a .mui and the rest in its file.
func TestMUI(t *testing.T) {
	base := openBytes(t, buildPE(64, res{"WEVT_TEMPLATE", 1, English, manifestBytes()}, res{11, 1, Neutral, tableOf(t, Message{7, "base"})}))
	mui := openBytes(t, buildPE(32, res{11, 1, German, tableOf(t, Message{1, "Sprache"})}))
	ts, err := mui.Tables()
	if err != nil {
		t.Fatal(err)
	}
	own, err := base.Tables()
	if err != nil {
		t.Fatal(err)
	}
	ts = append(ts, own...)
	for id, want := range map[uint32]string{1: "Sprache", 7: "base", 8: ""} {
		if text, _ := ts.Message(id, German); text.String() != want {
			t.Errorf("%d: %q, want %q", id, text.String(), want)
		}
	}
}

func TestOpenPEErrors(t *testing.T) {
	good := buildPE(64, res{11, 1, English, tableOf(t, Message{1, "one"})})
	with := func(at int, v uint16) []byte {
		b := bytes.Clone(good)
		le.PutUint16(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"empty", nil, "pe: IMAGE_DOS_HEADER at offset 0x0: need 64 bytes, have 0"},
		{"one short", good[:63], "pe: IMAGE_DOS_HEADER at offset 0x0: need 64 bytes, have 63"},
		{"not MZ", with(0, 0x1111), `pe: IMAGE_DOS_HEADER.e_magic at offset 0x0: have "\x11\x11", want "MZ"`},
		{"no PE header", good[:64], "pe: IMAGE_NT_HEADERS at offset 0x80: need 24 bytes, have 0"},
		{"PE header beyond the file", with(62, 0xffff), "pe: IMAGE_NT_HEADERS at offset 0xffff0080: need 24 bytes, have 0"},
		{"not PE", with(0x80, 0x454e), `pe: IMAGE_NT_HEADERS.Signature at offset 0x80: have "NE\x00\x00", want "PE\x00\x00"`},
		{"sections", with(0x86, 0xffff), "pe: IMAGE_FILE_HEADER.NumberOfSections at offset 0x86: 65535 sections, and 96 is the limit: over a limit"},
		{"magic", with(0x98, 0x107), "pe: IMAGE_OPTIONAL_HEADER.Magic at offset 0x98: have 0x107, want 0x10b or 0x20b"},
		{"no optional header", with(0x94, 0), "pe: IMAGE_OPTIONAL_HEADER.Magic at offset 0x98: need 2 bytes, have 0"},
		{"optional header cut off", good[:0x100], "pe: IMAGE_OPTIONAL_HEADER at offset 0x98: need 240 bytes, have 104"},
		{"sections cut off", good[:0x190], "pe: IMAGE_SECTION_HEADER at offset 0x188: need 40 bytes, have 8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := OpenPE(bytes.NewReader(c.b), int64(len(c.b)))
			if errText(err) != c.want {
				t.Errorf("have %q\nwant %q", errText(err), c.want)
			}
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("%v is no ErrCorrupt", err)
			}
		})
	}
	if _, err := OpenPE(bytes.NewReader(good[:0x300]), int64(len(good))); err != nil {
		t.Errorf("a reader that ends early: %v", err) // the headers are there
	}
	broken := errors.New("disk on fire")
	if _, err := OpenPE(failing{broken}, 1000); !errors.Is(err, broken) || errors.Is(err, eventlog.ErrCorrupt) {
		t.Errorf("a reader that fails: %v", err)
	}
	if _, err := OpenPE(bytes.NewReader(good[:10]), 1000); errText(err) != "pe: IMAGE_DOS_HEADER at offset 0x0: need 64 bytes, have 10" {
		t.Errorf("a file that shrank: %v", err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

var _ io.ReaderAt = failing{}

// TestPEWithout: files without resources, or without a directory for them.
func TestPEWithout(t *testing.T) {
	good := buildPE(64, res{11, 1, English, tableOf(t, Message{1, "one"})})
	for name, f := range map[string]func(b []byte){
		"no directory":   func(b []byte) { le.PutUint32(b[0x98+108:], 2) },
		"address 0":      func(b []byte) { le.PutUint32(b[0x98+112+16:], 0) },
		"short optional": func(b []byte) { le.PutUint16(b[0x94:], 100) },
	} {
		b := bytes.Clone(good)
		f(b)
		p := openBytes(t, b)
		if _, ok, err := p.Message(1, English); ok || err != nil || p.Languages() != nil || p.Damage() != nil {
			t.Errorf("%s: %v, %v, %v", name, ok, err, p.Damage())
		}
	}
}

func TestResourceDamage(t *testing.T) {
	// The tree of one resource: directories at 0, 0x18 and 0x30, the entry at 0x48,
	// the data at 0x58.
	good := buildPE(64, res{11, 1, English, tableOf(t, Message{1, "one"})})
	put := func(at int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint32(b[testTree+at:], v); return b }
	}
	for _, c := range []struct {
		name   string
		f      func([]byte) []byte
		damage []string
		read   string
	}{
		{"well", func(b []byte) []byte { return b }, nil, ""},
		{"tree in no section", func(b []byte) []byte { le.PutUint32(b[0x98+112+16:], 0x9000); return b },
			[]string{"pe: IMAGE_RESOURCE_DIRECTORY at offset 0x0: 16 bytes at address 0x9000 are in no section"}, ""},
		{"tree at the end of addresses", func(b []byte) []byte {
			le.PutUint32(b[0x98+112+16:], 0xfffffff8)
			le.PutUint32(b[0x188+12:], 0xfffffff8)
			return b
		}, []string{"pe: IMAGE_RESOURCE_DIRECTORY_ENTRY at offset 0x410: 8 bytes at address 0x100000008 are in no section"}, ""},
		{"many entries", func(b []byte) []byte {
			le.PutUint16(b[testTree+14:], 0xffff)
			le.PutUint16(b[testTree+12:], 0xffff)
			return b
		},
			[]string{"pe: IMAGE_RESOURCE_DIRECTORY.NumberOfIdEntries at offset 0x40e: 65537 resources or more, and 65536 is the limit: over a limit",
				"pe: IMAGE_RESOURCE_DIRECTORY_ENTRY at offset 0x410: 524288 bytes at address 0x1010 are in no section"}, ""},
		{"a leaf among the types", put(0x14, 0x48), []string{"pe: IMAGE_RESOURCE_DIRECTORY_ENTRY.OffsetToData at offset 0x414: 0x48 is a leaf, want a directory"}, ""},
		{"a circle", put(0x14, highBit), []string{"pe: IMAGE_RESOURCE_DIRECTORY_ENTRY.OffsetToData at offset 0x414: 0x80000000 is a directory, want a leaf"}, ""},
		{"deeper", put(0x44, highBit|0x30), []string{"pe: IMAGE_RESOURCE_DIRECTORY_ENTRY.OffsetToData at offset 0x444: 0x80000030 is a directory, want a leaf"}, ""},
		{"language with a name", put(0x40, highBit|0x48), []string{"pe: IMAGE_RESOURCE_DIRECTORY_ENTRY.Name at offset 0x440: 0x80000048 is no language"}, ""},
		{"leaf in no section", put(0x44, 0x7fff0000), []string{"pe: IMAGE_RESOURCE_DATA_ENTRY at offset 0x7fff0400: 16 bytes at address 0x7fff1000 are in no section"}, ""},
		{"type with a name that is nowhere", put(0x10, highBit|0x7fff0000), []string{"pe: IMAGE_RESOURCE_DIR_STRING_U at offset 0x7fff0400: 2 bytes at address 0x7fff1000 are in no section"}, ""},
		{"data in no section", put(0x48, 0x9000), nil, "pe: IMAGE_RESOURCE_DATA_ENTRY.OffsetToData at offset 0x448: 28 bytes at address 0x9000 are in no section"},
		{"data too long", put(0x4c, 29), nil, "pe: IMAGE_RESOURCE_DATA_ENTRY.OffsetToData at offset 0x448: 29 bytes at address 0x1058 are in no section"},
		{"data over the limit", put(0x4c, MaxResource+1), nil, "pe: IMAGE_RESOURCE_DATA_ENTRY.Size at offset 0x44c: 16777217 bytes, and 16777216 is the limit: over a limit"},
		{"section beyond the file", func(b []byte) []byte {
			le.PutUint32(b[0x188+16:], 0x10000)
			le.PutUint32(b[testTree+0x4c:], 0x1000)
			return b
		},
			nil, "pe: resource at offset 0x458: need 4096 bytes, have 28"},
		{"no table", put(0x58, 99), nil, "message: MESSAGE_RESOURCE_DATA.NumberOfBlocks at offset 0x458: need 1192 bytes, have 28"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := openBytes(t, c.f(bytes.Clone(good)))
			var got []string
			for _, err := range p.Damage() {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(c.damage, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			_, ok, err := p.Message(1, English)
			if errText(err) != c.read {
				t.Errorf("have %q\nwant %q", errText(err), c.read)
			}
			if ok != (c.damage == nil && c.read == "") {
				t.Errorf("found: %v", ok)
			}
			if ts, err := p.Tables(); errText(err) != c.read || (len(ts) == 1) != ok {
				t.Errorf("Tables: %d, %v", len(ts), err)
			}
		})
	}
}

// TestTreeBound: a tree in which every directory is the same one has more paths than
// anyone can walk.
func TestTreeBound(t *testing.T) {
	b := buildPE(64, res{11, 1, English, bytes.Repeat([]byte{0}, 3000*dirEntrySize)})
	tree := b[testTree:]
	le.PutUint16(tree[14:], 3000)
	for i := range 3000 {
		le.PutUint32(tree[dirHeadSize+i*dirEntrySize:], typeMessageTable)
		le.PutUint32(tree[dirHeadSize+i*dirEntrySize+4:], highBit)
	}
	p := openBytes(t, b)
	if n := len(p.Damage()); n != MaxErrors {
		t.Errorf("%d damages, want %d", n, MaxErrors)
	}
}
