// Package pebuild makes PE files with resources, for tests. It knows nothing of package
// message, whose own tests use it; petest puts message tables into such files.
package pebuild

import (
	"encoding/binary"
	"slices"

	"netelf.example/nt"
)

var le = binary.LittleEndian

// Resource is one resource of a file.
type Resource struct {
	Type     any // int or string
	ID, Lang int
	Data     []byte
}

// File is a PE file of 32 or 64 bits with one section, .rsrc, as linkers lay it out: the
// tree, its strings, the data entries, the data.
func File(bits int, list ...Resource) []byte {
	const (
		rva           = 0x1000
		rawOff        = 0x400
		dirHeadSize   = 16
		dirEntrySize  = 8
		dataEntrySize = 16
		dirResource   = 2
		highBit       = 1 << 31
	)
	// The tree: types, names, languages.
	type node struct {
		name any
		sub  []*node
		leaf *Resource
	}
	root := &node{}
	child := func(n *node, name any) *node {
		for _, c := range n.sub {
			if c.name == name {
				return c
			}
		}
		c := &node{name: name}
		n.sub = append(n.sub, c)
		return c
	}
	for i := range list {
		r := &list[i]
		child(child(child(root, r.Type), r.ID), r.Lang).leaf = r
	}
	// Directories first, breadth first.
	var dirs []*node
	offset := map[*node]int{}
	size := 0
	level := []*node{root}
	for len(level) > 0 {
		var below []*node
		for _, n := range level {
			if n.leaf == nil {
				dirs = append(dirs, n)
				offset[n] = size
				size += dirHeadSize + len(n.sub)*dirEntrySize
				below = append(below, n.sub...)
			}
		}
		level = below
	}
	tree := make([]byte, size)
	text := map[string]int{}
	for _, d := range dirs {
		for _, c := range d.sub {
			if s, ok := c.name.(string); ok {
				text[s] = len(tree)
				tree = le.AppendUint16(tree, uint16(len(s)))
				tree = nt.AppendUTF16(tree, s)
			}
			if c.leaf != nil {
				for len(tree)%4 != 0 {
					tree = append(tree, 0)
				}
				offset[c] = len(tree)
				tree = append(tree, make([]byte, dataEntrySize)...)
			}
		}
	}
	for _, d := range dirs {
		at := offset[d]
		slices.SortStableFunc(d.sub, func(a, b *node) int { // names before numbers
			_, x := a.name.(int)
			_, y := b.name.(int)
			switch {
			case x == y:
				return 0
			case x:
				return 1
			}
			return -1
		})
		for i, c := range d.sub {
			e := tree[at+dirHeadSize+i*dirEntrySize:]
			switch n := c.name.(type) {
			case string:
				le.PutUint32(e, highBit|uint32(text[n]))
				le.PutUint16(tree[at+12:], le.Uint16(tree[at+12:])+1)
			case int:
				le.PutUint32(e, uint32(n))
				le.PutUint16(tree[at+14:], le.Uint16(tree[at+14:])+1)
			}
			o := uint32(offset[c])
			if c.leaf == nil {
				o |= highBit
			} else {
				for len(tree)%8 != 0 {
					tree = append(tree, 0)
				}
				le.PutUint32(tree[offset[c]:], rva+uint32(len(tree)))
				le.PutUint32(tree[offset[c]+4:], uint32(len(c.leaf.Data)))
				tree = append(tree, c.leaf.Data...)
				e = tree[at+dirHeadSize+i*dirEntrySize:]
			}
			le.PutUint32(e[4:], o)
		}
	}
	b := make([]byte, rawOff)
	copy(b, "MZ")
	le.PutUint32(b[60:], 0x80)
	h := b[0x80:]
	copy(h, "PE\x00\x00")
	le.PutUint16(h[6:], 1)
	optional, dirsAt := 224, 92
	le.PutUint16(h[24:], 0x10b)
	if bits == 64 {
		optional, dirsAt = 240, 108
		le.PutUint16(h[24:], 0x20b)
	}
	le.PutUint16(h[20:], uint16(optional))
	le.PutUint32(h[24+dirsAt:], 16)
	le.PutUint32(h[24+dirsAt+4+8*dirResource:], rva)
	le.PutUint32(h[24+dirsAt+8+8*dirResource:], uint32(len(tree)))
	s := h[24+optional:]
	copy(s, ".rsrc")
	le.PutUint32(s[8:], uint32(len(tree)))
	le.PutUint32(s[12:], rva)
	le.PutUint32(s[16:], uint32(len(tree)))
	le.PutUint32(s[20:], rawOff)
	return append(b, tree...)
}
