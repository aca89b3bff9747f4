package message

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Limits of a PE file.
const (
	MaxSections = 96        // sections of a file; the loader of Windows takes no more
	MaxResource = 16 << 20  // bytes of one message table or manifest
	MaxTotal    = 256 << 20 // bytes of all message tables that are read; tables may overlap
)

const (
	dosHeaderSize  = 64
	fileHeaderSize = 24 // with the signature
	sectionSize    = 40

	dirResource = 2 // IMAGE_DIRECTORY_ENTRY_RESOURCE
)

// PE is a PE file with its message resources: a .dll or .exe, a .mui or .mun. It
// reads a resource when it is asked for the first time, and keeps it. It may be
// used by many goroutines, as long as its ReaderAt may.
type PE struct {
	r         io.ReaderAt
	size      int64
	bits      int
	sections  []section
	resources []resource // that are message tables or manifests, in the order of the tree
	damage    []error

	mu     sync.Mutex
	tables map[int]*Table // by the index in resources; mu
	room   int64          // bytes of tables that may still be read; mu
}

type section struct {
	address, length uint32 // in memory
	offset, raw     uint32 // in the file
}

// OpenPE reads the headers of the PE file of size bytes in r, and what its resource
// tree says of message tables and manifests. It fails where r is no PE file or is
// cut off before the end of its headers. What is wrong with the resources is for
// Damage; a file without any is well.
func OpenPE(r io.ReaderAt, size int64) (*PE, error) {
	p := &PE{r: r, size: size, tables: map[int]*Table{}, room: MaxTotal}
	dos, err := p.read("IMAGE_DOS_HEADER", "", 0, dosHeaderSize)
	if err != nil {
		return nil, err
	}
	if string(dos[:2]) != "MZ" {
		return nil, peError("IMAGE_DOS_HEADER", "e_magic", 0, fmt.Errorf("have %q, want \"MZ\"", dos[:2]))
	}
	le := binary.LittleEndian
	at := int64(le.Uint32(dos[60:]))
	head, err := p.read("IMAGE_NT_HEADERS", "", at, fileHeaderSize)
	if err != nil {
		return nil, err
	}
	if string(head[:4]) != "PE\x00\x00" {
		return nil, peError("IMAGE_NT_HEADERS", "Signature", at, fmt.Errorf("have %q, want \"PE\\x00\\x00\"", head[:4]))
	}
	count := int(le.Uint16(head[6:]))
	if count > MaxSections {
		return nil, peError("IMAGE_FILE_HEADER", "NumberOfSections", at+6, over("sections", uint64(count), MaxSections))
	}
	optional := int64(le.Uint16(head[20:]))
	at += fileHeaderSize
	opt, err := p.read("IMAGE_OPTIONAL_HEADER", "", at, optional)
	if err != nil {
		return nil, err
	}
	if len(opt) < 2 {
		return nil, peError("IMAGE_OPTIONAL_HEADER", "Magic", at, short(2, int64(len(opt))))
	}
	dirs := 0 // where NumberOfRvaAndSizes stands; the directories follow
	switch magic := le.Uint16(opt); magic {
	case 0x10b:
		p.bits, dirs = 32, 92
	case 0x20b:
		p.bits, dirs = 64, 108
	default:
		return nil, peError("IMAGE_OPTIONAL_HEADER", "Magic", at, fmt.Errorf("have 0x%x, want 0x10b or 0x20b", magic))
	}
	table, err := p.read("IMAGE_SECTION_HEADER", "", at+optional, int64(count)*sectionSize)
	if err != nil {
		return nil, err
	}
	for ; len(table) > 0; table = table[sectionSize:] {
		p.sections = append(p.sections, section{
			length: le.Uint32(table[8:]), address: le.Uint32(table[12:]),
			raw: le.Uint32(table[16:]), offset: le.Uint32(table[20:]),
		})
	}
	if len(opt) < dirs+4 {
		return p, nil
	}
	entry := dirs + 4 + 8*dirResource
	if le.Uint32(opt[dirs:]) <= dirResource || len(opt) < entry+8 {
		return p, nil
	}
	if rva := le.Uint32(opt[entry:]); rva != 0 {
		p.readTree(rva)
	}
	return p, nil
}

// Bits is 32 or 64.
func (p *PE) Bits() int { return p.bits }

// Damage is what was wrong with the resource tree. The resources that it does not
// speak of were found.
func (p *PE) Damage() []error { return p.damage }

func (p *PE) damaged(err error) {
	if len(p.damage) < MaxErrors {
		p.damage = append(p.damage, err)
	}
}

func peError(structure, field string, offset int64, err error) error {
	return bad("pe", structure, field, offset, err)
}

// read reads n bytes at off, which must lie in the file; n is bounded by the caller.
func (p *PE) read(structure, field string, off, n int64) ([]byte, error) {
	if off > p.size || n > p.size-off {
		return nil, peError(structure, field, off, short(n, max(p.size-off, 0)))
	}
	b := make([]byte, n)
	if got, err := p.r.ReadAt(b, off); int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = short(n, int64(got))
			return nil, peError(structure, field, off, err)
		}
		return nil, fmt.Errorf("pe: %s at offset 0x%x: %w", structure, off, err)
	}
	return b, nil
}

// place is where n bytes at an address in memory lie in the file.
func (p *PE) place(rva, n uint32) (off int64, ok bool) {
	for _, s := range p.sections {
		if rva < s.address {
			continue
		}
		d := rva - s.address
		if d < max(s.length, s.raw) && d <= s.raw && n <= s.raw-d {
			return int64(s.offset) + int64(d), true
		}
	}
	return 0, false
}

// Languages are the languages of the file's message tables, in the file's order.
func (p *PE) Languages() []Lang {
	var ts Tables
	for _, r := range p.resources {
		if r.kind == kindTable {
			ts = append(ts, &Table{Lang: r.lang})
		}
	}
	return ts.Languages()
}

// Tables are the message tables of the languages named, or all of them, in the
// file's order. Those that can be read are given even if there is an error, which
// speaks of all that can not.
func (p *PE) Tables(languages ...Lang) (Tables, error) {
	var list Tables
	var errs []error
	for i, r := range p.resources {
		if r.kind != kindTable || len(languages) > 0 && !contains(languages, r.lang) {
			continue
		}
		t, err := p.table(i)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, t)
	}
	return list, errors.Join(errs...)
}

func contains(list []Lang, l Lang) bool {
	for _, x := range list {
		if x == l {
			return true
		}
	}
	return false
}

func (p *PE) table(i int) (*Table, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.tables[i]; t != nil {
		return t, nil
	}
	if n := int64(p.resources[i].size); n > p.room {
		return nil, peError("IMAGE_RESOURCE_DATA_ENTRY", "Size", p.resources[i].entry+4, over("bytes of tables or more", uint64(MaxTotal-p.room+n), MaxTotal))
	}
	b, at, err := p.data(p.resources[i])
	if err != nil {
		return nil, err
	}
	p.room -= int64(len(b))
	t, err := newTable(b, p.resources[i].lang, at)
	if err != nil {
		return nil, err
	}
	p.tables[i] = t
	return t, nil
}

// Message is the text of id in the language nearest to want, by the order of
// Order. It reads one table after the other until it has the text. The error
// speaks of tables that could not be read before the text was found.
func (p *PE) Message(id uint32, want ...Lang) (text Text, ok bool, err error) {
	var errs []error
	for rank := range ranks(want) {
		for i, r := range p.resources {
			if r.kind != kindTable || r.lang.rank(want) != rank {
				continue
			}
			t, err := p.table(i)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if text, ok := t.Lookup(id); ok {
				return text, true, errors.Join(errs...)
			}
		}
	}
	return Text{}, false, errors.Join(errs...)
}

// Manifests are the manifests of event providers in the file, undecoded beyond
// their heads. Those that can be read are given even if there is an error.
func (p *PE) Manifests() ([]*Manifest, error) {
	var list []*Manifest
	var errs []error
	for _, r := range p.resources {
		if r.kind != kindManifest {
			continue
		}
		b, at, err := p.data(r)
		if err == nil {
			var m *Manifest
			if m, err = newManifest(b, at); err == nil {
				list = append(list, m)
			}
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return list, errors.Join(errs...)
}
