package evtx_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
)

// memory is a file that is written.
type memory struct{ b []byte }

func (m *memory) WriteAt(b []byte, off int64) (int, error) {
	if need := int(off) + len(b); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	return copy(m.b[off:], b), nil
}

// recovered writes what can be saved of a file into a new one, and holds that to
// have the same records and, but for what is missing, nothing wrong.
func recovered(t *testing.T, name string, b []byte) ([]byte, evtx.Recovery) {
	t.Helper()
	old := reader(t, b, nil)
	out := new(memory)
	done, err := evtx.Recover(t.Context(), old, out, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r := reader(t, out.b, nil)
	if _, err := r.Header(); err != nil {
		t.Errorf("%s: header: %v", name, err)
	}
	var c evtx.Chunk
	for block := range r.Extent().Blocks {
		if err := r.Chunk(block, true, &c); err != nil || c.HeaderErr != nil || c.SumErr != nil || c.DataErr != nil {
			t.Errorf("%s: chunk %d: %v %v %v %v", name, block, err, c.HeaderErr, c.SumErr, c.DataErr)
		}
	}
	list := func(r *evtx.Reader) (all []string) {
		for e, err := range eventlog.All(t.Context(), r, &eventlog.Selection{Want: eventlog.DefaultFields | eventlog.FieldXML.Bit()}) {
			if l, ok := eventlog.AsLoss(err); ok && l.First != 0 && l.Partial || err == nil {
				if err == nil {
					all = append(all, e.Extra.XML)
				}
			}
		}
		return all
	}
	if was, is := list(old), list(r); !slices.Equal(was, is) {
		t.Errorf("%s: %d records have become %d", name, len(was), len(is))
	} else if uint64(len(is)) != done.Records {
		t.Errorf("%s: %d records, and it says %d", name, len(is), done.Records)
	}
	again := new(memory)
	if _, err := evtx.Recover(t.Context(), r, again, nil); err != nil || !bytes.Equal(again.b, out.b) {
		t.Errorf("%s: what was recovered is not recovered as it is: %v", name, err)
	}
	return out.b, done
}

func TestRecover(t *testing.T) {
	le := binary.LittleEndian
	at := func(b []byte, n uint64) int { // of a record
		for pos := 0; ; pos++ {
			i := bytes.Index(b[pos:], []byte("**\x00\x00"))
			if i < 0 {
				t.Fatalf("no record %d", n)
			}
			if pos += i; le.Uint64(b[pos+8:]) == n {
				return pos
			}
		}
	}
	for _, x := range []struct {
		name      string
		damage    func(b []byte) []byte
		records   uint64
		losses    uint64
		covered   int
		unreached uint64
		left      uint64
	}{
		{"well", func(b []byte) []byte { return b }, 30, 0, 0, 0, 0},
		{"no header", func(b []byte) []byte { clear(b[:0x1000]); return b }, 30, 1, 0, 0, 0},
		{"dirty", func(b []byte) []byte { b[120] = 1; le.PutUint16(b[42:], 1); logtest.EVTXHeaderSum(b); return b }, 30, 0, 0, 0, 0},
		{"a chunk without its header", func(b []byte) []byte { clear(b[0x11000:0x11200]); return b }, 30, 1, 0, 0, 0},
		{"a record in the middle", func(b []byte) []byte { b[at(b, 15)] = 0; return b }, 29, 2, 1, 0, 0},
		{"two records", func(b []byte) []byte { b[at(b, 15)], b[at(b, 16)] = 0, 0; return b }, 28, 2, 1, 0, 0},
		{"the first of a chunk", func(b []byte) []byte { b[at(b, 11)] = 0; return b }, 29, 2, 0, 9, 0},
		{"the last of a chunk", func(b []byte) []byte { b[at(b, 20)] = 0; return b }, 29, 2, 0, 0, 0},
		{"turned round", func(b []byte) []byte {
			return slices.Concat(b[:0x1000], b[0x11000:0x31000], b[0x1000:0x11000])
		}, 30, 0, 0, 0, 0},
		{"a chunk less", func(b []byte) []byte { return slices.Concat(b[:0x11000], b[0x21000:]) }, 20, 1, 0, 0, 0},
		{"nothing", func(b []byte) []byte { return b[:0x1000] }, 0, 0, 0, 0, 0},
	} {
		b := x.damage(file(t, &logtest.EVTX{PerChunk: 10}, series(1, 30)))
		_, done := recovered(t, x.name, b)
		if done.Records != x.records || done.Covered != x.covered || done.Unreached != x.unreached || done.Left != x.left || done.Damage.Losses != x.losses {
			t.Errorf("%s: %+v", x.name, done)
		}
	}
}

// TestRecoverReal does so with the real logs, as far as all their records can be
// decoded.
func TestRecoverReal(t *testing.T) {
	dir := corpus(t)
	for _, x := range real {
		b, err := os.ReadFile(filepath.Join(dir, x.name))
		if err != nil {
			t.Fatal(err)
		}
		_, done := recovered(t, x.name, b)
		if done.Records != uint64(x.events) || done.Oldest != x.oldest {
			t.Errorf("%s: %+v", x.name, done)
		}
	}
}

// FuzzRecover: whatever is wrong with a file, what is saved of it is well, and has
// the same records.
func FuzzRecover(f *testing.F) {
	seed := file(f, &logtest.EVTX{PerChunk: 4}, series(1, 9))
	f.Add(uint32(0x1000), []byte{0}, uint32(0))
	f.Add(uint32(0x1208), []byte{7}, uint32(0x20000))
	f.Add(uint32(0x11204), []byte{1, 2, 3, 4}, uint32(1))
	f.Fuzz(func(t *testing.T, at uint32, patch []byte, cut uint32) {
		b := slices.Clone(seed)
		copy(b[int(at)%len(b):], patch)
		b = b[:len(b)-int(cut)%len(b)]
		old, err := evtx.NewReader(bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			return
		}
		out := new(memory)
		if _, err := evtx.Recover(t.Context(), old, out, nil); err != nil {
			t.Fatal(err)
		}
		numbers := func(r *evtx.Reader) (list []uint64) {
			for e, err := range eventlog.All(t.Context(), r, &eventlog.Selection{Want: eventlog.FieldRecord.Bit()}) {
				if err == nil {
					list = append(list, e.RecordNumber)
				} else if _, ok := eventlog.AsLoss(err); !ok {
					t.Fatal(err)
				}
			}
			return list
		}
		r := reader(t, out.b, nil)
		if _, err := r.Header(); err != nil {
			t.Error(err)
		}
		if was, is := numbers(old), numbers(r); !slices.Equal(was, is) {
			t.Errorf("records %v have become %v", was, is)
		}
	})
}
