// Package petest makes message files for tests that have no linker.
package petest

import (
	"encoding/binary"
	"testing"

	"netelf.example/message"
	"netelf.example/nt"
)

var le = binary.LittleEndian

// Compile makes message tables of .mc text.
func Compile(t testing.TB, mc string) message.Tables {
	t.Helper()
	source, err := message.ParseMC([]byte(mc))
	if err != nil {
		t.Fatal(err)
	}
	tables, err := source.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// File is a PE file of 32 bits whose one section is a resource tree with message tables
// and, if it is given, a manifest.
func File(manifest []byte, tables ...*message.Table) []byte {
	const raw, rva, head, entry, leaf = 0x400, 0x1000, 16, 8, 16
	b := make([]byte, raw)
	copy(b, "MZ")
	le.PutUint32(b[60:], 0x80)
	h := b[0x80:]
	copy(h, "PE\x00\x00")
	le.PutUint16(h[6:], 1)
	le.PutUint16(h[20:], 224)
	le.PutUint16(h[24:], 0x10b)
	le.PutUint32(h[24+92:], 16)
	le.PutUint32(h[24+96+16:], rva)

	types := 0
	if len(tables) > 0 {
		types++
	}
	if manifest != nil {
		types++
	}
	var tree []byte
	dir := func(named, n int) {
		d := make([]byte, head)
		le.PutUint16(d[12:], uint16(named))
		le.PutUint16(d[14:], uint16(n))
		tree = append(tree, d...)
	}
	put := func(name, offset int) {
		tree = le.AppendUint32(tree, uint32(name))
		tree = le.AppendUint32(tree, uint32(offset))
	}
	const sub = 1 << 31
	named := 0
	if manifest != nil {
		named = 1
	}
	dir(named, types-named)
	at := head + types*entry // of what comes next
	rootAt := len(tree)
	tree = append(tree, make([]byte, types*entry)...)
	rootPut := func(name, offset int) {
		le.PutUint32(tree[rootAt:], uint32(name))
		le.PutUint32(tree[rootAt+4:], uint32(offset))
		rootAt += entry
	}
	type res struct {
		lang int
		data []byte
	}
	write := func(name int, list []res) {
		rootPut(name, at|sub)
		dir(0, 1)
		put(1, (at+head+entry)|sub)
		dir(0, len(list))
		leaves := at + head + entry + head + len(list)*entry
		data := leaves + len(list)*leaf
		for i, r := range list {
			put(r.lang, leaves+i*leaf)
		}
		for _, r := range list {
			tree = le.AppendUint32(tree, uint32(rva+data))
			tree = le.AppendUint32(tree, uint32(len(r.data)))
			tree = append(tree, make([]byte, 8)...)
			data += len(r.data)
		}
		for _, r := range list {
			tree = append(tree, r.data...)
		}
		at = len(tree)
	}
	if manifest != nil {
		// The name of the type stands at the very end; its offset is put in below.
		write(0, []res{{0, manifest}})
	}
	if len(tables) > 0 {
		var list []res
		for _, t := range tables {
			list = append(list, res{int(t.Lang), t.Bytes()})
		}
		write(11, list)
	}
	if manifest != nil {
		le.PutUint32(tree[head:], uint32(len(tree))|sub)
		tree = le.AppendUint16(tree, uint16(len("WEVT_TEMPLATE")))
		tree = nt.AppendUTF16(tree, "WEVT_TEMPLATE")
	}
	s := h[24+224:]
	copy(s, ".rsrc")
	le.PutUint32(s[8:], uint32(len(tree)))
	le.PutUint32(s[12:], rva)
	le.PutUint32(s[16:], uint32(len(tree)))
	le.PutUint32(s[20:], raw)
	return append(b, tree...)
}
