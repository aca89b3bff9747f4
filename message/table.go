package message

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"

	"netelf.example/nt"
)

// MaxMessages is how many messages All gives of one table.
const MaxMessages = 1 << 20

// Flags of an entry, MESSAGE_RESOURCE_ENTRY.Flags. Neither means ANSI.
const (
	FlagUnicode uint16 = 0x1 // MESSAGE_RESOURCE_UNICODE: UTF-16LE
	FlagUTF8    uint16 = 0x2 // MESSAGE_RESOURCE_UTF8
)

const (
	blockSize = 12 // of MESSAGE_RESOURCE_BLOCK
	entryHead = 4  // Length and Flags of MESSAGE_RESOURCE_ENTRY
)

// Table is a message table in one language: a view over the bytes of an
// RT_MESSAGETABLE resource, MESSAGE_RESOURCE_DATA. It may be used by many
// goroutines as long as nobody changes the bytes.
type Table struct {
	Lang Lang

	b      []byte
	base   int64 // of b in its file, for errors
	blocks int
	sorted bool // the blocks ascend and none reaches into the next
}

// NewTable makes a Table of b, which it keeps. It looks at the heads of the blocks
// and at no message. It fails where b is too short for the blocks that it claims.
func NewTable(b []byte, lang Lang) (*Table, error) { return newTable(b, lang, 0) }

func newTable(b []byte, lang Lang, base int64) (*Table, error) {
	if len(b) < 4 {
		return nil, bad("message", "MESSAGE_RESOURCE_DATA", "NumberOfBlocks", base, short(4, int64(len(b))))
	}
	n := binary.LittleEndian.Uint32(b)
	if need := 4 + int64(n)*blockSize; need > int64(len(b)) {
		return nil, bad("message", "MESSAGE_RESOURCE_DATA", "NumberOfBlocks", base, short(need, int64(len(b))))
	}
	t := &Table{Lang: lang, b: b, base: base, blocks: int(n), sorted: true}
	for i, last := 0, int64(-1); i < t.blocks && t.sorted; i++ {
		low, high, _ := t.block(i)
		t.sorted = int64(low) > last && high >= low
		last = int64(high)
	}
	return t, nil
}

// Bytes are the bytes that t was made of.
func (t *Table) Bytes() []byte { return t.b }

// block is the i-th MESSAGE_RESOURCE_BLOCK.
func (t *Table) block(i int) (low, high, offset uint32) {
	b := t.b[4+i*blockSize:]
	return binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
}

// entry is the length of the entry at off; 0 where there is none.
func (t *Table) entry(off int) int {
	if off > len(t.b)-entryHead {
		return 0
	}
	n := int(binary.LittleEndian.Uint16(t.b[off:]))
	if n < entryHead || n > len(t.b)-off {
		return 0
	}
	return n
}

// Lookup is the text of a message. It reads the heads of blocks until it has the
// one that covers id, by halves if they are in order, and then the lengths of the
// entries before the one asked for.
func (t *Table) Lookup(id uint32) (Text, bool) {
	i, end := 0, t.blocks
	if t.sorted {
		for i < end { // the first block whose High is not below id
			m := int(uint(i+end) >> 1)
			if _, high, _ := t.block(m); high < id {
				i = m + 1
			} else {
				end = m
			}
		}
		end = min(i+1, t.blocks)
	}
	for ; i < end; i++ {
		low, high, offset := t.block(i)
		if id < low || id > high {
			continue
		}
		off := int64(offset)
		for n := id - low; ; n-- {
			if off >= int64(len(t.b)) {
				return Text{}, false
			}
			length := t.entry(int(off))
			if length == 0 {
				return Text{}, false
			}
			if n == 0 {
				return t.text(id, int(off), length), true
			}
			off += int64(length)
		}
	}
	return Text{}, false
}

func (t *Table) text(id uint32, off, length int) Text {
	return Text{
		ID: id, Lang: t.Lang,
		Flags: binary.LittleEndian.Uint16(t.b[off+2:]),
		Raw:   t.b[off+entryHead : off+length : off+length],
	}
}

// All ranges over the messages in the order of the table. What is damaged comes as
// an error, in the place of the rest of its block, and the range goes on; behind
// MaxMessages messages and damages it ends with an error.
func (t *Table) All() iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		given := 0
		for i := range t.blocks {
			low, high, offset := t.block(i)
			at := t.base + 4 + int64(i)*blockSize
			if high < low {
				if given++; !yield(Text{}, bad("message", "MESSAGE_RESOURCE_BLOCK", "HighId", at+4, fmt.Errorf("0x%x is below LowId, 0x%x", high, low))) {
					return
				}
				continue
			}
			off := int64(offset)
			for id := uint64(low); id <= uint64(high); id++ {
				if given == MaxMessages {
					yield(Text{}, bad("message", "MESSAGE_RESOURCE_DATA", "", t.base, over("messages or more", MaxMessages+1, MaxMessages)))
					return
				}
				given++
				length := 0
				if off < int64(len(t.b)) {
					length = t.entry(int(off))
				}
				if length == 0 {
					if !yield(Text{}, bad("message", "MESSAGE_RESOURCE_ENTRY", "Length", t.base+off, fmt.Errorf("no entry for message 0x%x", id))) {
						return
					}
					break
				}
				if !yield(t.text(uint32(id), int(off), length), nil) {
					return
				}
				off += int64(length)
			}
		}
	}
}

// Text is one message of a table, undecoded.
type Text struct {
	ID    uint32
	Lang  Lang
	Flags uint16
	Raw   []byte // as it lies in the table, with what fills it up
}

// Append appends the text as UTF-8, up to its first NUL. It ends with the line end
// that compilers put there, and its insertions are not made: that is Insert's.
func (t Text) Append(dst []byte) []byte {
	if t.Flags&FlagUnicode != 0 {
		raw := t.Raw
		if i := nt.IndexNUL(raw); i >= 0 {
			raw = raw[:i]
		}
		return nt.AppendUTF8(dst, raw)
	}
	raw := t.Raw
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		raw = raw[:i]
	}
	if t.Flags&FlagUTF8 == 0 {
		return appendANSI(dst, raw, t.Lang)
	}
	if utf8.Valid(raw) {
		return append(dst, raw...)
	}
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		dst, raw = utf8.AppendRune(dst, r), raw[n:]
	}
	return dst
}

// String is the text of Append.
func (t Text) String() string {
	var buf [512]byte // on the stack, so that a usual text costs one allocation
	return string(t.Append(buf[:0]))
}

// Tables are message tables in the order in which they are asked: those of .mui
// files before those of the file that they belong to. Joining two is append.
type Tables []*Table

// Languages are the languages that there are tables of, in their order.
func (ts Tables) Languages() []Lang {
	var list []Lang
	for _, t := range ts {
		if !slices.Contains(list, t.Lang) {
			list = append(list, t.Lang)
		}
	}
	return list
}

// Message is the text of id in the language nearest to want, by the order of
// Order. A message that is missing in one language is looked for in the next.
func (ts Tables) Message(id uint32, want ...Lang) (Text, bool) {
	for rank := range ranks(want) {
		for _, t := range ts {
			if t.Lang.rank(want) == rank {
				if text, ok := t.Lookup(id); ok {
					return text, true
				}
			}
		}
	}
	return Text{}, false
}

// Message is a message to be written into a table.
type Message struct {
	ID   uint32
	Text string
}

// MaxTextUnits is the longest text that an entry of a table holds, in UTF-16
// units: its length is a 16-bit number of bytes.
const MaxTextUnits = (0xffff&^3 - entryHead - 2) / 2

// AppendTable appends the message table of list, in UTF-16: MESSAGE_RESOURCE_DATA.
// It sorts list. It fails, with dst as it was, where an id comes twice or a text
// has more than MaxTextUnits.
func AppendTable(dst []byte, list []Message) ([]byte, error) {
	slices.SortFunc(list, func(a, b Message) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	type block struct{ low, high, offset uint32 }
	var blocks []block
	var offset uint64
	for i, m := range list {
		n := nt.UTF16Len(m.Text)
		if n > 2*MaxTextUnits {
			return dst, fmt.Errorf("message 0x%x: %w", m.ID, over("UTF-16 units", uint64(n/2), MaxTextUnits))
		}
		if i > 0 && m.ID == list[i-1].ID {
			return dst, fmt.Errorf("message 0x%x comes twice", m.ID)
		}
		if k := len(blocks); k > 0 && m.ID == blocks[k-1].high+1 {
			blocks[k-1].high = m.ID
		} else {
			blocks = append(blocks, block{m.ID, m.ID, uint32(offset)})
		}
		if offset += uint64(entryLength(n)); offset > 1<<31 {
			return dst, fmt.Errorf("message 0x%x: the table has no place for it: %w", m.ID, over("bytes", offset, 1<<31))
		}
	}
	le := binary.LittleEndian
	head := uint32(4 + blockSize*len(blocks))
	dst = le.AppendUint32(dst, uint32(len(blocks)))
	for _, b := range blocks {
		dst = le.AppendUint32(dst, b.low)
		dst = le.AppendUint32(dst, b.high)
		dst = le.AppendUint32(dst, b.offset+head)
	}
	for _, m := range list {
		end := len(dst) + entryLength(nt.UTF16Len(m.Text))
		dst = le.AppendUint16(dst, uint16(end-len(dst)))
		dst = le.AppendUint16(dst, FlagUnicode)
		dst = nt.AppendUTF16(dst, m.Text)
		for len(dst) < end {
			dst = append(dst, 0)
		}
	}
	return dst, nil
}

// entryLength is the length of an entry with a text of n bytes: with its head and
// a NUL, a multiple of 4.
func entryLength(n int) int { return (entryHead + n + 2 + 3) &^ 3 }
