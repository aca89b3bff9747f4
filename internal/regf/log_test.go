package regf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMarvin32: values that .NET publishes for its own.
func TestMarvin32(t *testing.T) {
	whole := make([]byte, 256)
	for i := range whole {
		whole[i] = byte(i)
	}
	for _, x := range []struct {
		seed uint64
		b    []byte
		want uint64
	}{
		{0x004fb61a001bdbcc, nil, 0x30ed35c100cd3c7d},
		{0x004fb61a001bdbcc, []byte{0xaf}, 0x48e73fc77d75ddc1},
		{0x004fb61a001bdbcc, []byte{0xe7, 0x0f}, 0xb5f6e1fc485dbff8},
		{0x004fb61a001bdbcc, []byte{0x37, 0xf4, 0x95}, 0xf0b07c789b8cf7e8},
		{0x004fb61a001bdbcc, []byte{0x86, 0x42, 0xdc, 0x59}, 0x7008f2e87e9cf556},
		{0x004fb61a001bdbcc, []byte{0xab, 0x42, 0x7e, 0xa8, 0xd1, 0x0f, 0xc7}, 0xe11847e4f0678c41},
		{0x804fb61a001bdbcc, whole, 0x73b4ae569e0db919},
	} {
		if got := marvin32(x.seed, x.b); got != x.want {
			t.Errorf("0x%x of % x: 0x%016x, want 0x%016x", x.seed, x.b, got, x.want)
		}
	}
}

// ref is a page of a log entry.
type ref struct {
	at uint32
	b  []byte
}

// newLog is a log of entries as Windows 8.1 writes them.
func newLog(sequence uint32, like []byte, entries ...[]byte) []byte {
	b := base(typeNewLog, le.Uint32(like[24:]), sequence, sequence, le.Uint32(like[36:]), int(le.Uint32(like[40:])))[:blockSize]
	return append(b, bytes.Join(entries, nil)...)
}

func logEntry(sequence uint32, size int, refs ...ref) []byte {
	b := append([]byte("HvLE"), u32s(0, 0, sequence, uint32(size), uint32(len(refs)), 0, 0, 0, 0)...)
	for _, r := range refs {
		b = append(b, u32s(r.at, uint32(len(r.b)))...)
	}
	for _, r := range refs {
		b = append(b, r.b...)
	}
	b = append(b, make([]byte, -len(b)&(blockSize-1))...)
	le.PutUint32(b[4:], uint32(len(b)))
	seal(b)
	return b
}

func seal(b []byte) {
	le.PutUint64(b[24:], marvin32(hashSeed, b[entryHead:]))
	le.PutUint64(b[32:], marvin32(hashSeed, b[:32]))
}

// differ are the pages of b that are not as in a.
func differ(a, b []byte, page int) (refs []ref) {
	for at := baseSize; at < len(b); at += page {
		if at >= len(a) || !bytes.Equal(a[at:at+page], b[at:at+page]) {
			refs = append(refs, ref{uint32(at - baseSize), b[at : at+page]})
		}
	}
	return refs
}

// oldLog is a log as Windows before 8.1 writes them.
func oldLog(like []byte, refs []ref) []byte {
	size := int(le.Uint32(like[40:]))
	b := base(typeOldLog, le.Uint32(like[24:]), 8, 8, le.Uint32(like[36:]), size)[:blockSize]
	vector := make([]byte, (4+size/blockSize/8+blockSize-1)/blockSize*blockSize)
	copy(vector, "DIRT")
	var pages []byte
	for _, r := range refs {
		vector[4+r.at/blockSize/8] |= 1 << (r.at / blockSize % 8)
		pages = append(pages, r.b...)
	}
	return slices.Concat(b, vector, pages)
}

// dirty marks a hive as one whose write was not finished.
func dirty(b []byte, sequence2 uint32) []byte {
	b = bytes.Clone(b)
	le.PutUint32(b[4:], sequence2+1)
	le.PutUint32(b[8:], sequence2)
	sum(b)
	return b
}

func tree3(n string) *tree {
	t := &tree{name: "R", keys: []*tree{{name: "a", values: []Value{text("v", n)}}}}
	for range len(n) {
		t.keys = append(t.keys, &tree{name: fmt.Sprint(len(t.keys)), values: []Value{text("filler", strings.Repeat(n, 2000))}})
	}
	return t
}

// TestLogs: a hive that is dirty is read as it will be when Windows has recovered it.
func TestLogs(t *testing.T) {
	one, two, three := build(tree3("one"), 5), build(tree3("tw"), 5), build(tree3("three"), 5)
	wants := func(s string) []string { return want(tree3(s), "R") }
	if len(three) <= len(one) {
		t.Fatal("the last does not grow")
	}
	size := func(b []byte) int { return len(b) - baseSize }
	first := logEntry(20, size(two), differ(one, two, pageSize)...)
	second := logEntry(21, size(three), differ(two, three, blockSize)...)
	all := logEntry(22, size(one), differ(make([]byte, len(one)), one, pageSize)...)
	torn := bytes.Clone(second)
	torn[len(torn)-1] ^= 1
	lost := dirty(one, 20)
	lost[100] ^= 1 // the checksum is wrong
	for _, x := range []struct {
		name     string
		hive     []byte
		logs     [][]byte
		want     string
		replayed int
		err      string
	}{
		{"not dirty", one, [][]byte{newLog(20, one, first)}, "one", 0, ""},
		{"one entry", dirty(one, 20), [][]byte{newLog(20, one, first)}, "tw", 1, ""},
		{"two entries", dirty(one, 20), [][]byte{newLog(20, one, first, second)}, "three", 2, ""},
		{"two logs", dirty(one, 20), [][]byte{newLog(20, one, first), newLog(21, two, second)}, "three", 2, ""},
		{"the later first", dirty(one, 20), [][]byte{newLog(21, two, second), newLog(20, one, first)}, "three", 2, ""},
		{"an empty log", dirty(one, 20), [][]byte{nil, newLog(20, one, first)}, "tw", 1, ""},
		{"old entries behind", dirty(one, 20), [][]byte{newLog(20, one, first, logEntry(7, size(one), ref{0, make([]byte, pageSize)}))}, "tw", 1, ""},
		{"written in part already", dirty(two, 21), [][]byte{newLog(20, one, first, second)}, "three", 1, ""},
		{"torn", dirty(one, 20), [][]byte{newLog(20, one, first, torn)}, "tw", 1, "regf: HvLE.Hash1 at offset"},
		{"head torn", dirty(one, 20), [][]byte{newLog(20, one, func() []byte { b := bytes.Clone(first); b[8] = 1; return b }())}, "one", 0, "regf: HvLE.Hash2 at offset 0x220"},
		{"a gap", dirty(one, 20), [][]byte{newLog(21, two, second)}, "one", 0, "no transaction log has what it lacks"},
		{"no log", dirty(one, 20), nil, "one", 0, "regf: the hive is dirty (sequence 21, 20), and no transaction log has what it lacks"},
		{"checksum", lost, [][]byte{newLog(20, one, first, second)}, "three", 2, ""},
		{"checksum, and two logs", lost, [][]byte{newLog(22, three, all), newLog(20, one, first, second)}, "one", 3, ""},
		{"log of another", dirty(one, 20), [][]byte{one}, "one", 0, "transaction log 1: regf: regf.Type at offset 0x1c: 0, and a transaction log has 1, 2 or 6"},
		{"no log at all", dirty(one, 20), [][]byte{[]byte(strings.Repeat("slate", 200))}, "one", 0, `transaction log 1: regf: regf.Signature at offset 0x0: have "slat", want "regf"`},
		{"page outside", dirty(one, 20), [][]byte{newLog(20, one, logEntry(20, pageSize, ref{pageSize, make([]byte, pageSize)}))}, "one", 0, "regf: HvLE.DirtyPage at offset 0x228: 4096 bytes at 0x1000: not in the hive, or not in the entry"},
		{"count", dirty(one, 20), [][]byte{newLog(20, one, func() []byte { b := bytes.Clone(first); le.PutUint32(b[20:], 1<<31); seal(b); return b }())}, "one", 0, "regf: HvLE.DirtyPagesCount at offset 0x214: 2147483648 references"},
		{"old log", dirty(one, 20), [][]byte{oldLog(three, differ(one, three, blockSize))}, "three", 1, ""},
		{"old log, checksum", lost, [][]byte{nil, oldLog(two, differ(one, two, blockSize))}, "tw", 1, ""},
		{"old log, cut off", dirty(one, 20), [][]byte{func() []byte { b := oldLog(two, differ(one, two, blockSize)); return b[:len(b)-1] }()}, "one", 0, "the log ends before its last page"},
		{"old log, too old", dirty(one, 20), [][]byte{func() []byte { b := oldLog(two, differ(one, two, blockSize)); b[13]--; sum(b); return b }()}, "one", 0, "regf: regf.TimeStamp at offset 0xc: the log is older than the hive"},
		{"old log, not finished", dirty(one, 20), [][]byte{func() []byte { b := oldLog(two, differ(one, two, blockSize)); b[4]++; sum(b); return b }()}, "one", 0, "the log was not finished"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if strings.HasPrefix(x.name, "old log, checksum") {
				copy(x.hive[baseSize+20:], x.hive[12:20]) // the first bin's copy of the time
			}
			h := open(t, x.hive, x.logs...)
			got, errs := dump(h)
			if d := cmp.Diff(wants(x.want), got); d != "" || len(errs) > 0 || h.Replayed != x.replayed {
				t.Errorf("%d entries, %v (-want +got):\n%.2000s", h.Replayed, errs, d)
			}
			if all := fmt.Sprint(h.Damage()); !strings.Contains(all, x.err) || x.err == "" && all != "[]" {
				t.Errorf("have %s, want %s", all, x.err)
			}
		})
	}
}
