package message

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// MaxResources is how many entries of the resource tree are looked at, on all of
// its levels together.
const MaxResources = 1 << 16

const (
	dirHeadSize   = 16 // IMAGE_RESOURCE_DIRECTORY
	dirEntrySize  = 8  // IMAGE_RESOURCE_DIRECTORY_ENTRY
	dataEntrySize = 16 // IMAGE_RESOURCE_DATA_ENTRY

	typeMessageTable = 11 // RT_MESSAGETABLE
	highBit          = 1 << 31
)

// typeManifest is the name of the other type that is wanted.
var typeManifest = utf16.Encode([]rune("WEVT_TEMPLATE"))

type kind uint8

const (
	kindTable kind = iota + 1
	kindManifest
)

// resource is one leaf of the tree.
type resource struct {
	kind      kind
	lang      Lang
	rva, size uint32
	entry     int64 // offset of its IMAGE_RESOURCE_DATA_ENTRY in the file
}

// treeWalk walks the resource tree: types, names, languages, and a leaf. It never
// goes deeper than that, so a tree with circles ends all the same.
type treeWalk struct {
	p    *PE
	root uint32 // address of the tree; the offsets in it count from there
	left int    // entries that may still be looked at
}

func (p *PE) readTree(rva uint32) {
	w := &treeWalk{p: p, root: rva, left: MaxResources}
	for _, t := range w.directory(0) {
		k := w.kindOf(t)
		if k == 0 {
			continue
		}
		for _, name := range w.down(t) {
			for _, lang := range w.down(name) {
				w.leaf(k, lang)
			}
		}
	}
}

// dirEntry is one IMAGE_RESOURCE_DIRECTORY_ENTRY, and where it stands in the file.
type dirEntry struct {
	name, data uint32
	at         int64
}

// directory is the entries of the directory at an offset of the tree.
func (w *treeWalk) directory(offset uint32) []dirEntry {
	const s = "IMAGE_RESOURCE_DIRECTORY"
	b, at, err := w.read(s, offset, dirHeadSize)
	if err != nil {
		w.p.damaged(err)
		return nil
	}
	n := int(binary.LittleEndian.Uint16(b[12:])) + int(binary.LittleEndian.Uint16(b[14:]))
	if n > w.left {
		w.p.damaged(peError(s, "NumberOfIdEntries", at+14, over("resources or more", MaxResources+1, MaxResources)))
		n = w.left
	}
	if n == 0 {
		return nil
	}
	w.left -= n
	b, at, err = w.read(s+"_ENTRY", offset+dirHeadSize, uint32(n)*dirEntrySize)
	if err != nil {
		w.p.damaged(err)
		return nil
	}
	list := make([]dirEntry, n)
	for i := range list {
		e := b[i*dirEntrySize:]
		list[i] = dirEntry{binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:]), at + int64(i)*dirEntrySize}
	}
	return list
}

// down is the directory below e.
func (w *treeWalk) down(e dirEntry) []dirEntry {
	if e.data&highBit == 0 {
		w.p.damaged(peError("IMAGE_RESOURCE_DIRECTORY_ENTRY", "OffsetToData", e.at+4, fmt.Errorf("0x%x is a leaf, want a directory", e.data)))
		return nil
	}
	return w.directory(e.data &^ highBit)
}

// kindOf says whether the resources of a type are wanted.
func (w *treeWalk) kindOf(t dirEntry) kind {
	if t.name&highBit == 0 {
		if t.name == typeMessageTable {
			return kindTable
		}
		return 0
	}
	b, _, err := w.read("IMAGE_RESOURCE_DIR_STRING_U", t.name&^highBit, 2)
	if err != nil {
		w.p.damaged(err)
		return 0
	}
	if int(binary.LittleEndian.Uint16(b)) != len(typeManifest) {
		return 0
	}
	b, _, err = w.read("IMAGE_RESOURCE_DIR_STRING_U", t.name&^highBit+2, uint32(2*len(typeManifest)))
	if err != nil {
		w.p.damaged(err)
		return 0
	}
	for i, u := range typeManifest {
		if binary.LittleEndian.Uint16(b[2*i:]) != u {
			return 0
		}
	}
	return kindManifest
}

func (w *treeWalk) leaf(k kind, e dirEntry) {
	if e.data&highBit != 0 {
		w.p.damaged(peError("IMAGE_RESOURCE_DIRECTORY_ENTRY", "OffsetToData", e.at+4, fmt.Errorf("0x%x is a directory, want a leaf", e.data)))
		return
	}
	if e.name > 0xffff {
		w.p.damaged(peError("IMAGE_RESOURCE_DIRECTORY_ENTRY", "Name", e.at, fmt.Errorf("0x%x is no language", e.name)))
		return
	}
	b, at, err := w.read("IMAGE_RESOURCE_DATA_ENTRY", e.data, dataEntrySize)
	if err != nil {
		w.p.damaged(err)
		return
	}
	le := binary.LittleEndian
	w.p.resources = append(w.p.resources, resource{k, Lang(e.name), le.Uint32(b), le.Uint32(b[4:]), at})
}

// read reads n bytes at an offset of the tree, and says where in the file they are.
func (w *treeWalk) read(structure string, offset, n uint32) ([]byte, int64, error) {
	rva := uint64(w.root) + uint64(offset)
	at, ok := w.p.place(uint32(min(rva, 0xffffffff)), n)
	if !ok || rva > 0xffffffff {
		tree, _ := w.p.place(w.root, 0)
		return nil, 0, peError(structure, "", tree+int64(offset), fmt.Errorf("%d bytes at address 0x%x are in no section", n, rva))
	}
	b, err := w.p.read(structure, "", at, int64(n))
	return b, at, err
}

// data is the bytes of a resource, and where in the file they are.
func (p *PE) data(r resource) ([]byte, int64, error) {
	const s = "IMAGE_RESOURCE_DATA_ENTRY"
	if r.size > MaxResource {
		return nil, 0, peError(s, "Size", r.entry+4, over("bytes", uint64(r.size), MaxResource))
	}
	at, ok := p.place(r.rva, r.size)
	if !ok {
		return nil, 0, peError(s, "OffsetToData", r.entry, fmt.Errorf("%d bytes at address 0x%x are in no section", r.size, r.rva))
	}
	b, err := p.read("resource", "", at, int64(r.size))
	return b, at, err
}
