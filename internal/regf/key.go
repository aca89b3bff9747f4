package regf

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

const (
	keyHead   = 76
	valueHead = 20
)

// flags of a key.
const (
	keyLink       = 0x0010 // a symbolic link
	keyNarrowName = 0x0020 // its name is Latin-1
	keyPredefined = 0x0040 // a handle of the system: it has no values
)

// narrowName is the flag of a value whose name is Latin-1.
const narrowName = 0x0001

// Key is a key of a hive.
type Key struct {
	Name    string
	Written time.Time // of the last change; zero: not known
	Link    bool      // it stands for the key that its value SymbolicLinkValue names

	h      *Hive
	at     uint32
	depth  int
	flags  uint16
	keys   uint32 // below it
	lists  uint32 // where they are listed
	values uint32
	list   uint32 // where those are
}

// Root is the root key.
func (h *Hive) Root() (*Key, error) {
	k, _, err := h.key(h.RootCell, 0)
	return k, err
}

// key reads a key, and says which it names as its parent.
func (h *Hive) key(at uint32, depth int) (k *Key, parent uint32, err error) {
	b, err := h.signed("nk", at, keyHead, keyHead+1<<16)
	if err != nil {
		return nil, 0, err
	}
	k = &Key{
		h: h, at: at, depth: depth, flags: le.Uint16(b[2:]), Written: filetime(b[4:]),
		keys: le.Uint32(b[20:]), lists: le.Uint32(b[28:]), values: le.Uint32(b[36:]), list: le.Uint32(b[40:]),
	}
	k.Link = k.flags&keyLink != 0
	if k.Name, err = h.name("nk", b, keyHead, int(le.Uint16(b[72:])), k.flags&keyNarrowName != 0, baseSize+int64(at)+cellHead); err != nil {
		return nil, 0, err
	}
	return k, le.Uint32(b[16:]), nil
}

// name is a name of n bytes at an offset of a cell.
func (h *Hive) name(what string, b []byte, at, n int, narrow bool, pos int64) (string, error) {
	if n > len(b)-at {
		return "", bad(what, "NameLength", pos, fmt.Errorf("%d bytes, and the cell has %d", n, len(b)-at))
	}
	b = b[at : at+n]
	if !narrow {
		if n%2 != 0 {
			return "", bad(what, "NameLength", pos, fmt.Errorf("%d bytes of UTF-16", n))
		}
		return nt.UTF8(b), nil
	}
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String(), nil
}

// Keys ranges over the keys below. One that is damaged comes as an error.
func (k *Key) Keys() iter.Seq2[*Key, error] {
	return func(yield func(*Key, error) bool) {
		if k.keys == 0 {
			return
		}
		if k.depth == MaxDepth {
			yield(nil, bad("nk", "", baseSize+int64(k.at), over("keys above one another, or more", MaxDepth+1, MaxDepth)))
			return
		}
		seen := map[uint32]bool{}
		for at, err := range k.offsets() {
			if err == nil && seen[at] {
				err = bad("nk", "", baseSize+int64(at), fmt.Errorf("the key at 0x%x lists it twice", baseSize+int64(k.at)))
			}
			var below *Key
			if err == nil {
				seen[at] = true
				var parent uint32
				below, parent, err = k.h.key(at, k.depth+1)
				if err == nil && parent != k.at {
					below, err = nil, bad("nk", "Parent", baseSize+int64(at)+cellHead+16, fmt.Errorf("0x%x, and 0x%x lists it", parent, k.at))
				}
			}
			if !yield(below, err) {
				return
			}
		}
	}
}

// offsets ranges over where the keys below are.
func (k *Key) offsets() iter.Seq2[uint32, error] {
	return func(yield func(uint32, error) bool) {
		n := 0
		leaf := func(at uint32) bool {
			b, size, err := k.h.list(at)
			if err != nil {
				return yield(0, err)
			}
			for ; len(b) >= size; b = b[size:] {
				if n++; n > MaxKeys {
					yield(0, bad("nk", "", baseSize+int64(k.at), over("keys or more", MaxKeys+1, MaxKeys)))
					return false
				}
				if !yield(le.Uint32(b), nil) {
					return false
				}
			}
			return true
		}
		b, err := k.h.bytes("ri", k.lists, 4, 4)
		if err != nil {
			yield(0, err)
			return
		}
		if string(b[:2]) != "ri" {
			leaf(k.lists)
			return
		}
		b, err = k.h.bytes("ri", k.lists, 4, 4+4*int(le.Uint16(b[2:])))
		if err != nil {
			yield(0, err)
			return
		}
		if want := 4 + 4*int(le.Uint16(b[2:])); len(b) < want {
			if !yield(0, bad("ri", "Count", baseSize+int64(k.lists)+cellHead+2, fmt.Errorf("%d bytes, and the cell has %d", want, len(b)))) {
				return
			}
		}
		seen := map[uint32]bool{}
		for b = b[4:]; len(b) >= 4; b = b[4:] {
			at := le.Uint32(b)
			if seen[at] {
				if !yield(0, bad("ri", "", baseSize+int64(k.lists), fmt.Errorf("the list at 0x%x stands in it twice", baseSize+int64(at)))) {
					return
				}
				continue
			}
			seen[at] = true
			if !leaf(at) {
				return
			}
		}
	}
}

// list are the elements of a list of keys, and how long each is.
func (h *Hive) list(at uint32) (b []byte, size int, err error) {
	const head = 4
	if b, err = h.bytes("lf", at, head, head+8<<16); err != nil {
		return nil, 0, err
	}
	sig := string(b[:2])
	switch sig {
	case "lf", "lh": // with the beginning of the name, or a hash of it
		size = 8
	case "li":
		size = 4
	default:
		return nil, 0, bad("lf", "Signature", baseSize+int64(at)+cellHead, fmt.Errorf("have %q, want \"lf\", \"lh\" or \"li\"", b[:2]))
	}
	n := int(le.Uint16(b[2:])) * size
	if n > len(b)-head {
		return nil, 0, bad(sig, "Count", baseSize+int64(at)+cellHead+2, fmt.Errorf("%d bytes, and the cell has %d", n, len(b)-head))
	}
	return b[head : head+n], size, nil
}

// Key is the key at a path below, of parts that backslashes separate; case does not
// count. One that is not there is fs.ErrNotExist, unless it may be among those that are
// damaged: then it is their first error.
func (k *Key) Key(path string) (*Key, error) {
	at := k
parts:
	for part := range strings.SplitSeq(path, `\`) {
		var damage error
		for below, err := range at.Keys() {
			if err != nil {
				if damage == nil {
					damage = err
				}
				continue
			}
			if eventlog.EqualFold(below.Name, part) {
				at = below
				continue parts
			}
		}
		if damage != nil {
			return nil, fmt.Errorf("key %q: %w", path, damage)
		}
		return nil, fmt.Errorf("key %q: %w", path, fs.ErrNotExist)
	}
	return at, nil
}

// Values ranges over the values. One that is damaged comes as an error.
func (k *Key) Values() iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		for at, err := range k.cells() {
			var v Value
			if err == nil {
				v, err = k.h.value(at, nil)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// cells ranges over the cells of the values.
func (k *Key) cells() iter.Seq2[uint32, error] {
	return func(yield func(uint32, error) bool) {
		if k.values == 0 || k.flags&keyPredefined != 0 {
			return
		}
		if k.values > MaxValues {
			yield(0, bad("nk", "ValueListCount", baseSize+int64(k.at)+cellHead+36, over("values", uint64(k.values), MaxValues)))
			return
		}
		b, err := k.h.bytes("values", k.list, 4*int(k.values), 4*int(k.values))
		if err != nil {
			yield(0, err)
			return
		}
		seen := map[uint32]bool{}
		for ; len(b) >= 4; b = b[4:] {
			at := le.Uint32(b)
			if seen[at] {
				err = bad("vk", "", baseSize+int64(at), fmt.Errorf("the key at 0x%x lists it twice", baseSize+int64(k.at)))
			}
			seen[at] = true
			if !yield(at, err) {
				return
			}
			err = nil
		}
	}
}

// Value is the value of a name, in which case does not count; "" is the key's default.
// One that is not there is fs.ErrNotExist.
func (k *Key) Value(name string) (Value, error) {
	var damage error
	for at, err := range k.cells() {
		var v Value
		if err == nil {
			v, err = k.h.value(at, &name)
		}
		switch {
		case err == nil:
			return v, nil
		case !errors.Is(err, fs.ErrNotExist) && damage == nil:
			damage = err
		}
	}
	if damage != nil {
		return Value{}, fmt.Errorf("value %q: %w", name, damage)
	}
	return Value{}, fmt.Errorf("value %q: %w", name, fs.ErrNotExist)
}

// value reads a value; want is the name that it must have, nil any.
func (h *Hive) value(at uint32, want *string) (v Value, err error) {
	b, err := h.signed("vk", at, valueHead, valueHead+1<<16)
	if err != nil {
		return v, err
	}
	pos := baseSize + int64(at) + cellHead
	v.Type = Type(le.Uint32(b[12:]))
	if v.Name, err = h.name("vk", b, valueHead, int(le.Uint16(b[2:])), le.Uint16(b[16:])&narrowName != 0, pos+2); err != nil {
		return v, err
	}
	if want != nil && !eventlog.EqualFold(v.Name, *want) {
		return v, fs.ErrNotExist
	}
	size := le.Uint32(b[4:])
	if inline := size&(1<<31) != 0; inline {
		if size &^= 1 << 31; size > 4 {
			return v, bad("vk", "DataLength", pos+4, fmt.Errorf("%d bytes in place of an offset", size))
		}
		v.Data = b[8 : 8+size : 8+size]
		return v, nil
	}
	if size > MaxData {
		return v, bad("vk", "DataLength", pos+4, over("bytes", uint64(size), MaxData))
	}
	if size > 0 {
		v.Data, err = h.data(le.Uint32(b[8:]), int(size))
	}
	return v, err
}

// data are the data of a value, in a cell or in several.
func (h *Hive) data(at uint32, size int) ([]byte, error) {
	_, have, err := h.cell("data", at)
	if err != nil {
		return nil, err
	}
	// Windows NT 4 and earlier, and programs that write hives, have one cell of any size.
	if size <= maxSegment || h.Minor <= 3 || have >= size {
		return h.bytes("data", at, size, size)
	}
	b, err := h.signed("db", at, 8, 8)
	if err != nil {
		return nil, err
	}
	n := int(le.Uint16(b[2:]))
	if want := (size + maxSegment - 1) / maxSegment; n < want {
		return nil, bad("db", "Count", baseSize+int64(at)+cellHead+2, fmt.Errorf("%d segments, and %d bytes want %d", n, size, want))
	}
	list, err := h.bytes("db", le.Uint32(b[4:]), 4*n, 4*n)
	if err != nil {
		return nil, err
	}
	seen := map[uint32]bool{}
	var data []byte
	for ; len(data) < size; list = list[4:] {
		seg := le.Uint32(list)
		if seen[seg] {
			return nil, bad("db", "", baseSize+int64(seg), errors.New("the segment comes twice"))
		}
		seen[seg] = true
		part := min(size-len(data), maxSegment)
		b, err := h.bytes("db", seg, part, part)
		if err != nil {
			return nil, err
		}
		data = append(data, b...)
	}
	return data, nil
}
