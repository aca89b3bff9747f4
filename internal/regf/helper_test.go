package regf

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"netelf.example/nt"
)

// tree is a key as tests write it.
type tree struct {
	name   string
	flags  uint16
	keys   []*tree
	values []Value
	list   string // "lf", "lh", "li" or "ri"; "": lh

	// Filled by build: the cells that it takes to read the key, the list of those
	// below, and each value.
	own, lists []span
	ofValue    [][]span
}

// span is where bytes of a hive are.
type span [2]int

// builder writes a hive: its bins, of which each is as long as what is put into it.
type builder struct {
	minor uint32
	b     []byte // bins, the last of which is not ended
	bin   int    // where that one begins
	log   []span // of the cells since it was last emptied, and the heads of their bins
}

// taken are the spans since the last time.
func (w *builder) taken() []span {
	l := w.log
	w.log = nil
	return l
}

const builderBin = 64 << 10

// cell puts a cell into the bins and says where it is.
func (w *builder) cell(data []byte) uint32 {
	n := (cellHead + len(data) + 7) &^ 7
	if len(w.b) == 0 || len(w.b)-w.bin+n > max(builderBin, binHead+n) {
		w.endBin()
		w.bin = len(w.b)
		head := make([]byte, binHead)
		copy(head, "hbin")
		le.PutUint32(head[4:], uint32(w.bin))
		w.b = append(w.b, head...)
	}
	at := uint32(len(w.b))
	c := make([]byte, n)
	le.PutUint32(c, uint32(-n))
	copy(c[cellHead:], data)
	w.b = append(w.b, c...)
	w.log = append(w.log, span{baseSize + w.bin, baseSize + w.bin + binHead}, span{baseSize + int(at), baseSize + int(at) + n})
	return at
}

// endBin fills the bin with a free cell.
func (w *builder) endBin() {
	if len(w.b) == 0 {
		return
	}
	if left := -(len(w.b) - w.bin) & (pageSize - 1); left > 0 {
		free := make([]byte, left)
		le.PutUint32(free, uint32(left))
		w.b = append(w.b, free...)
	}
	le.PutUint32(w.b[w.bin+8:], uint32(len(w.b)-w.bin))
}

// name is a name as cells have it, and whether it is Latin-1.
func name(s string) (b []byte, narrow bool) {
	for _, r := range s {
		if r > 0xff {
			return nt.AppendUTF16(nil, s), false
		}
		b = append(b, byte(r))
	}
	return b, true
}

func u32s(list ...uint32) (b []byte) {
	for _, v := range list {
		b = le.AppendUint32(b, v)
	}
	return b
}

func (w *builder) value(v Value) uint32 {
	text, narrow := name(v.Name)
	b := make([]byte, valueHead, valueHead+len(text))
	copy(b, "vk")
	le.PutUint16(b[2:], uint16(len(text)))
	le.PutUint32(b[4:], uint32(len(v.Data)))
	le.PutUint32(b[12:], uint32(v.Type))
	if narrow {
		le.PutUint16(b[16:], narrowName)
	}
	switch n := len(v.Data); {
	case n <= 4:
		le.PutUint32(b[4:], uint32(n)|1<<31)
		copy(b[8:12], v.Data)
	case n <= maxSegment || w.minor <= 3:
		le.PutUint32(b[8:], w.cell(v.Data))
	default:
		var list []uint32
		for part := range slices.Chunk(v.Data, maxSegment) {
			list = append(list, w.cell(part))
		}
		db := append([]byte("db"), byte(len(list)), byte(len(list)>>8))
		le.PutUint32(b[8:], w.cell(append(db, u32s(w.cell(u32s(list...)))...)))
	}
	return w.cell(append(b, text...))
}

// key writes a key, and all that is in it.
func (w *builder) key(k *tree, parent uint32, root bool) uint32 {
	text, narrow := name(k.name)
	b := make([]byte, keyHead, keyHead+len(text))
	copy(b, "nk")
	flags := k.flags
	if narrow {
		flags |= keyNarrowName
	}
	if root {
		flags |= 0x000c
	}
	le.PutUint16(b[2:], flags)
	le.PutUint64(b[4:], 0x01c5da72e4b5d000)
	le.PutUint32(b[16:], parent)
	le.PutUint32(b[20:], uint32(len(k.keys)))
	for at := 28; at <= 48; at += 4 {
		le.PutUint32(b[at:], 0xffffffff)
	}
	le.PutUint32(b[36:], uint32(len(k.values)))
	le.PutUint16(b[72:], uint16(len(text)))
	w.taken()
	at := w.cell(append(b, text...))
	k.own, k.lists, k.ofValue = w.taken(), nil, nil
	var values, keys []uint32
	for _, v := range k.values {
		values = append(values, w.value(v))
		k.ofValue = append(k.ofValue, w.taken())
	}
	for _, below := range k.keys {
		keys = append(keys, w.key(below, at, false))
	}
	w.taken()
	if len(values) > 0 {
		list := w.cell(u32s(values...)) // w.b moves
		le.PutUint32(w.b[at+cellHead+40:], list)
		for i, l := 0, w.taken(); i < len(k.ofValue); i++ {
			k.ofValue[i] = append(k.ofValue[i], l...)
		}
	}
	if len(keys) > 0 {
		list := w.list(k, keys)
		le.PutUint32(w.b[at+cellHead+28:], list)
		k.lists = w.taken()
	}
	return at
}

func (w *builder) list(k *tree, keys []uint32) uint32 {
	leaf := func(sig string, keys []uint32) uint32 {
		b := append([]byte(sig), byte(len(keys)), byte(len(keys)>>8))
		for _, at := range keys {
			b = le.AppendUint32(b, at)
			if sig != "li" {
				b = append(b, 0, 0, 0, 0)
			}
		}
		return w.cell(b)
	}
	switch k.list {
	case "":
		return leaf("lh", keys)
	case "ri":
		var lists []uint32
		for part := range slices.Chunk(keys, 2) {
			lists = append(lists, leaf([]string{"lf", "lh", "li"}[len(lists)%3], part))
		}
		b := append([]byte("ri"), byte(len(lists)), byte(len(lists)>>8))
		return w.cell(append(b, u32s(lists...)...))
	}
	return leaf(k.list, keys)
}

// base is a base block.
func base(typ, minor, sequence1, sequence2, root uint32, size int) []byte {
	b := make([]byte, baseSize)
	copy(b, "regf")
	copy(b[4:], u32s(sequence1, sequence2))
	le.PutUint64(b[12:], 0x01c5da72e4b5d000)
	copy(b[20:], u32s(1, minor, typ, 1, root, uint32(size), 1))
	copy(b[48:], nt.AppendUTF16(nil, `\Config\SYSTEM`))
	sum(b)
	return b
}

func sum(b []byte) { le.PutUint32(b[508:], checksum(b)) }

// build makes a hive of version 1.minor.
func build(root *tree, minor uint32) []byte {
	w := &builder{minor: minor}
	at := w.key(root, 0xffffffff, true)
	w.endBin()
	return append(base(typePrimary, minor, 7, 7, at, len(w.b)), w.b...)
}

func text(name, s string) Value {
	return Value{Name: name, Type: TypeExpand, Data: nt.AppendUTF16(nil, s+"\x00")}
}

// open opens a hive that is well.
func open(t testing.TB, b []byte, logs ...[]byte) *Hive {
	t.Helper()
	h, err := Open(bytes.NewReader(b), int64(len(b)), &Options{Logs: sections(logs)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func sections(logs [][]byte) (list []*io.SectionReader) {
	for _, l := range logs {
		list = append(list, io.NewSectionReader(bytes.NewReader(l), 0, int64(len(l))))
	}
	return list
}

// dump is all that a hive gives, and the errors.
func dump(h *Hive) (lines []string, errs []error) {
	root, err := h.Root()
	if err != nil {
		return nil, []error{err}
	}
	var walk func(k *Key, path string)
	walk = func(k *Key, path string) {
		lines = append(lines, path)
		for v, err := range k.Values() {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			lines = append(lines, path+"\t"+v.Name+"\t"+v.Type.String()+"\t"+string(v.Data))
		}
		for below, err := range k.Keys() {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			walk(below, path+`\`+below.Name)
		}
	}
	walk(root, root.Name)
	return lines, errs
}

// want is what dump gives of a tree.
func want(k *tree, path string) (lines []string) {
	lines = append(lines, path)
	for _, v := range k.values {
		lines = append(lines, path+"\t"+v.Name+"\t"+v.Type.String()+"\t"+string(v.Data))
	}
	for _, below := range k.keys {
		lines = append(lines, want(below, path+`\`+below.name)...)
	}
	return lines
}

// sample has one of everything.
func sample() *tree {
	long := []byte(strings.Repeat("slate", 10_000))
	many := &tree{name: "Many", list: "ri"}
	for _, c := range "abcdefg" {
		many.keys = append(many.keys, &tree{name: string(c), values: []Value{text("", "of "+string(c))}})
	}
	return &tree{name: "ROOT", list: "lf", keys: []*tree{
		{name: "Gneiß", list: "li", keys: []*tree{{name: "below"}}, values: []Value{
			text("", "default"), NumberValue("Count", 7), {Name: "none"}, {Name: "three", Type: TypeBinary, Data: []byte{1, 2, 3}},
			{Name: "Ωmega", Type: TypeMultiString, Data: nt.AppendUTF16(nil, "a\x00b\x00\x00")},
		}},
		many,
		{name: "Ἀθῆναι", values: []Value{{Name: "long", Type: TypeBinary, Data: long}, {Name: "edge", Type: TypeBinary, Data: long[:maxSegment]}, {Name: "over", Type: TypeBinary, Data: long[:maxSegment+1]}}},
	}}
}
