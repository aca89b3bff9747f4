package regf

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

// TestHive: all forms of lists, names and values, in the versions that have them.
func TestHive(t *testing.T) {
	for _, minor := range []uint32{2, 3, 5, 6} {
		s := sample()
		h := open(t, build(s, minor))
		got, errs := dump(h)
		if d := cmp.Diff(want(s, s.name), got); d != "" {
			t.Errorf("1.%d (-want +got):\n%s", minor, d)
		}
		for _, err := range append(errs, h.Damage()...) {
			t.Errorf("1.%d: %v", minor, err)
		}
		if h.FileName != `\Config\SYSTEM` || h.Written.Year() != 2005 || h.Dirty || h.Minor != minor {
			t.Errorf("1.%d: %+v", minor, h.Header)
		}
	}
}

func TestLookup(t *testing.T) {
	h := open(t, build(sample(), 5))
	root, err := h.Root()
	if err != nil {
		t.Fatal(err)
	}
	k, err := root.Key(`GNEIß\BELOW`)
	if err != nil || k.Name != "below" || k.Written.Year() != 2005 {
		t.Fatalf("%+v, %v", k, err)
	}
	if k, err = root.Key(`many\G`); err != nil {
		t.Fatal(err)
	}
	v, err := k.Value("")
	if s, _ := v.Text(); err != nil || s != "of g" {
		t.Errorf("%q, %v", s, err)
	}
	k, err = root.Key("gneiß")
	if err != nil {
		t.Fatal(err)
	}
	if v, err = k.Value("ωMEGA"); err != nil || v.Name != "Ωmega" {
		t.Errorf("%+v, %v", v, err)
	}
	for _, err := range []error{second(root.Key("slate")), second(root.Key(`many\slate`)), second(root.Key("")), second(k.Value("slate"))} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestBad: what is wrong is said with its place, and the rest is given.
func TestBad(t *testing.T) {
	simple := func() *tree {
		return &tree{name: "R", keys: []*tree{{name: "a", values: []Value{text("v", "slate")}}, {name: "b"}}}
	}
	good := build(simple(), 5)
	find := func(sig string, nth int) int { // of a cell, behind its size
		at := baseSize
		for {
			i := bytes.Index(good[at:], []byte(sig))
			if at += i; nth == 0 {
				return at
			}
			nth, at = nth-1, at+1
		}
	}
	root, a, b, lh, vk := find("nk", 0), find("nk", 1), find("nk", 2), find("lh", 0), find("vk", 0)
	rel := func(at int) uint32 { return uint32(at - baseSize - cellHead) }
	for _, x := range []struct {
		name   string
		change func(b []byte) []byte
		lines  int    // that are left, of 4
		err    string // "": Open fails with fatal
		fatal  string
	}{
		{"empty", func([]byte) []byte { return nil }, 0, "", "regf: regf at offset 0x0: 0 bytes, want 512 at least"},
		{"short", func(b []byte) []byte { return b[:511] }, 0, "", "regf: regf at offset 0x0: 511 bytes, want 512 at least"},
		{"no hive", func(b []byte) []byte { b[0]++; return b }, 0, "", `regf: regf.Signature at offset 0x0: have "segf", want "regf"`},
		{"a log", func(b []byte) []byte { le.PutUint32(b[28:], 6); sum(b); return b }, 0, "", "regf: regf.Type at offset 0x1c: 6, want 0: a transaction log is not a hive"},
		{"version", func(b []byte) []byte { le.PutUint32(b[24:], 1); sum(b); return b }, 0, "", "regf: regf.Version at offset 0x14: 1.1, want 1.2 to 1.6"},
		{"checksum", func(b []byte) []byte { b[508] ^= 1; return b }, 4, fmt.Sprintf("regf: regf.CheckSum at offset 0x1fc: have 0x%08x, and the bytes have 0x%08x", checksum(good)^1, checksum(good)), ""},
		{"cut off", func(b []byte) []byte { return b[:baseSize] }, 0, "regf: nk at offset 0x1020: no cell: the bins have 0 bytes", ""},
		{"bin", func(b []byte) []byte { b[baseSize] = 'x'; return b }, 4, `regf: hbin.Signature at offset 0x1000: have "xbin", want "hbin"`, ""},
		{"bin elsewhere", func(b []byte) []byte { b[baseSize+5] = 0x10; return b }, 4, "regf: hbin.FileOffset at offset 0x1004: 0x1000, and it is at 0x0", ""},
		{"bin's size", func(b []byte) []byte { b[baseSize+8] = 1; return b }, 4, "regf: hbin.Size at offset 0x1008: 4097 bytes, want a multiple of 4096 and at most 4096", ""},
		{"root", func(b []byte) []byte { le.PutUint32(b[36:], 0xffffffff); sum(b); return b }, 0, "regf: nk at offset 0x100000fff: no cell: the bins have 4096 bytes", ""},
		{"signature of a key", func(b []byte) []byte { b[a] = 'x'; return b }, 2, fmt.Sprintf(`regf: nk.Signature at offset 0x%x: have "xk", want "nk"`, a), ""},
		{"free key", func(b []byte) []byte { le.PutUint32(b[a-4:], 88); return b }, 2, fmt.Sprintf("regf: nk.Size at offset 0x%x: the cell is free, of 88 bytes", a-4), ""},
		{"vast key", func(b []byte) []byte { le.PutUint32(b[a-4:], 1<<31); return b }, 2, fmt.Sprintf("regf: nk.Size at offset 0x%x: 2147483648 bytes, and the bin has %d", a-4, baseSize+pageSize-(a-4)), ""},
		{"short key", func(b []byte) []byte { le.PutUint32(b[a-4:], uint32(0xffffffff-79+1)); return b }, 2, fmt.Sprintf("regf: nk at offset 0x%x: 75 bytes, want 76 at least", a-4), ""},
		{"name of a key", func(b []byte) []byte { le.PutUint16(b[a+72:], 500); return b }, 2, fmt.Sprintf("regf: nk.NameLength at offset 0x%x: 500 bytes, and the cell has", a), ""},
		{"odd name", func(x []byte) []byte { le.PutUint16(x[b+2:], 0); return x }, 3, fmt.Sprintf("regf: nk.NameLength at offset 0x%x: 1 bytes of UTF-16", b), ""},
		{"parent", func(x []byte) []byte { le.PutUint32(x[b+16:], 4); return x }, 3, fmt.Sprintf("regf: nk.Parent at offset 0x%x: 0x4, and 0x%x lists it", b+16, rel(root)), ""},
		{"loop", func(x []byte) []byte { le.PutUint32(x[lh+4:], rel(root)); return x }, 2, fmt.Sprintf("regf: nk.Parent at offset 0x%x: 0xffffffff, and 0x%x lists it", root+16, rel(root)), ""},
		{"twice", func(x []byte) []byte { copy(x[lh+12:], x[lh+4:][:4]); return x }, 3, fmt.Sprintf("regf: nk at offset 0x%x: the key at 0x%x lists it twice", a-4, root-4), ""},
		{"list", func(x []byte) []byte { x[lh] = 'x'; return x }, 1, fmt.Sprintf(`regf: lf.Signature at offset 0x%x: have "xh", want "lf", "lh" or "li"`, lh), ""},
		{"count of a list", func(x []byte) []byte { x[lh+2] = 9; return x }, 1, fmt.Sprintf("regf: lh.Count at offset 0x%x: 72 bytes, and the cell has", lh+2), ""},
		{"count of values", func(x []byte) []byte { x[a+38] = 1; return x }, 3, fmt.Sprintf("regf: nk.ValueListCount at offset 0x%x: 65537 values, and 65536 is the limit: over a limit", a+36), ""},
		{"list of values", func(x []byte) []byte { x[a+36] = 99; return x }, 3, "bytes, want 396 at least", ""},
		{"value", func(x []byte) []byte { x[vk+1] = 'x'; return x }, 3, fmt.Sprintf(`regf: vk.Signature at offset 0x%x: have "vx", want "vk"`, vk), ""},
		{"long value in place", func(x []byte) []byte { le.PutUint32(x[vk+4:], 1<<31|5); return x }, 3, fmt.Sprintf("regf: vk.DataLength at offset 0x%x: 5 bytes in place of an offset", vk+4), ""},
		{"vast value", func(x []byte) []byte { le.PutUint32(x[vk+4:], MaxData+1); return x }, 3, fmt.Sprintf("regf: vk.DataLength at offset 0x%x: %d bytes, and %d is the limit: over a limit", vk+4, MaxData+1, MaxData), ""},
		{"data", func(x []byte) []byte { le.PutUint32(x[vk+4:], 100); return x }, 3, "bytes, want 100 at least", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := x.change(bytes.Clone(good))
			h, err := Open(bytes.NewReader(b), int64(len(b)), nil)
			if x.fatal != "" {
				if err == nil || err.Error() != x.fatal || !errors.Is(err, eventlog.ErrCorrupt) {
					t.Errorf("have %v, want %s", err, x.fatal)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			lines, errs := dump(h)
			errs = append(errs, h.Damage()...)
			if len(lines) != x.lines || !strings.Contains(fmt.Sprint(errs), x.err) {
				t.Errorf("%q, %v; want %d lines and %s", lines, errs, x.lines, x.err)
			}
		})
	}
}

// TestSegments: a list that names one segment again and again is no reason to read it
// so often.
func TestSegments(t *testing.T) {
	b := build(&tree{name: "R", values: []Value{{Name: "v", Type: TypeBinary, Data: make([]byte, 3*maxSegment)}}}, 5)
	db := baseSize + bytes.Index(b[baseSize:], []byte("db\x03\x00"))
	list := baseSize + cellHead + int(le.Uint32(b[db+4:]))
	copy(b[list+4:], b[list:list+4])
	_, errs := dump(open(t, b))
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "the segment comes twice") {
		t.Error(errs)
	}
	le.PutUint16(b[db+2:], 2)
	if _, errs = dump(open(t, b)); len(errs) != 1 || !strings.Contains(errs[0].Error(), "2 segments, and 49032 bytes want 3") {
		t.Error(errs)
	}
}

// TestDepth: keys deeper than Windows has them are not followed.
func TestDepth(t *testing.T) {
	root := &tree{name: "R"}
	for k, i := root, 0; i < MaxDepth+5; i++ {
		k.keys = []*tree{{name: "k"}}
		k = k.keys[0]
	}
	lines, errs := dump(open(t, build(root, 5)))
	if len(lines) != MaxDepth+1 || len(errs) != 1 || !errors.Is(errs[0], eventlog.ErrTooLarge) {
		t.Errorf("%d lines, %v", len(lines), errs)
	}
}
