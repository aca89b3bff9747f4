package evtx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
)

var (
	damageSeed = flag.Uint64("damage.seed", 1, "seed of TestDamage")
	damageRuns = flag.Int("damage.runs", 400, "damaged variants that TestDamage makes")
)

// series are n events with numbers from first on.
func series(first, n int) []*eventlog.Event {
	var events []*eventlog.Event
	for i := range n {
		e := logtest.Realistic(i)
		e.RecordNumber = uint64(first + i)
		e.Extra = &eventlog.Extra{Names: []string{"a", "b", "c"}[:len(e.Strings)]}
		e.Data = nil
		events = append(events, e)
	}
	return events
}

// item is what a walk gave, for comparing walks.
type item struct {
	record    uint64
	recovered bool
	text      string // of an event its strings, of a loss its error
}

// items walks over a log; loss and incomplete event are one item each.
func items(t testing.TB, r *evtx.Reader, sel eventlog.Selection) []item {
	t.Helper()
	c, err := r.Read(t.Context(), &sel)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all []item
	var e eventlog.Event
	for n := 0; ; n++ {
		if n > 1_000_000 {
			t.Fatal("the walk does not end")
		}
		err := c.Next(t.Context(), &e)
		if err == io.EOF {
			return all
		}
		if l, ok := eventlog.AsLoss(err); ok {
			all = append(all, item{text: l.Error()})
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, item{e.RecordNumber, e.Recovered, fmt.Sprint(e.TimeWritten, e.ID, e.Source, e.Strings)})
	}
}

// turned is a walk in the opposite order: a partial loss of a record stands before
// it in both directions.
func turned(a []item) []item {
	b := slices.Clone(a)
	slices.Reverse(b)
	for i := 0; i+1 < len(b); i++ {
		if b[i+1].record == 0 && strings.HasPrefix(b[i+1].text, fmt.Sprintf("srv1/App.evtx: record %d is incomplete", b[i].record)) && b[i].record != 0 {
			b[i], b[i+1] = b[i+1], b[i]
			i++
		}
	}
	return b
}

// TestDamage damages one chunk of a file in thousands of ways. Every record of the
// other chunks must be given, whole, and all directions and ways of reading must
// agree.
func TestDamage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(*damageSeed, 0))
	const chunks, per = 5, 7
	whole := file(t, &logtest.EVTX{PerChunk: per}, series(1001, chunks*per))
	dirty := file(t, &logtest.EVTX{PerChunk: per, Flags: 1}, series(1001, chunks*per))
	want := items(t, reader(t, whole, nil), eventlog.Selection{})
	if len(want) != chunks*per {
		t.Fatalf("%d items of a whole file: %v", len(want), want)
	}
	for run := range *damageRuns {
		from := whole
		if run%2 == 1 {
			from = dirty
		}
		b := bytes.Clone(from)
		hit := rnd.IntN(chunks)
		begin := 0x1000 + hit*evtx.ChunkSize
		what := spoil(rnd, b[begin:begin+evtx.ChunkSize])
		check := func(ok bool, format string, args ...any) {
			t.Helper()
			if !ok {
				t.Fatalf("seed %d, run %d, chunk %d: %s: %s", *damageSeed, run, hit, what, fmt.Sprintf(format, args...))
			}
		}
		r := reader(t, b, nil)
		there := items(t, r, eventlog.Selection{})
		given := map[uint64]item{}
		for _, x := range there {
			if x.record != 0 {
				given[x.record] = x
			}
		}
		for i, w := range want {
			if i/per != hit {
				check(given[w.record] == w, "record %d: %v, want %v", w.record, given[w.record], w)
			}
		}
		back := items(t, r, eventlog.Selection{Backward: true})
		for len(back) > 0 && len(there) > 0 && there[0].record == 0 && back[0] == there[0] { // of the file as a whole: first in both
			back, there = back[1:], there[1:]
		}
		check(slices.Equal(turned(back), there), "backwards\n%v, forwards\n%v", back, there)
		par := reader(t, b, &evtx.Options{Parallel: 2, Origin: &eventlog.Origin{Server: "srv1", Log: "App.evtx"}})
		check(slices.Equal(items(t, par, eventlog.Selection{}), items(t, r, eventlog.Selection{})), "in parallel it differs")
		all := items(t, r, eventlog.Selection{Recovered: true})
		live := slices.DeleteFunc(slices.Clone(all), func(x item) bool { return x.recovered || x.record == 0 })
		plain := slices.DeleteFunc(slices.Clone(there), func(x item) bool { return x.record == 0 })
		check(slices.Equal(live, plain), "with recovered the log differs: %v, want %v", live, plain)
	}
}

// spoil damages a chunk.
func spoil(rnd *rand.Rand, c []byte) (what string) {
	used := evtx.ChunkDataOffset + int(binary.LittleEndian.Uint32(c[48:])) - evtx.ChunkDataOffset
	for range 1 + rnd.IntN(3) {
		n := 1 + rnd.IntN(1<<rnd.IntN(12))
		at := rnd.IntN(used)
		switch rnd.IntN(4) {
		case 0: // the header, or the head of the first record
			at = rnd.IntN(64)
			if rnd.IntN(2) == 0 {
				at += evtx.ChunkDataOffset
			}
			n = 1 + rnd.IntN(8)
		case 1:
			at = at &^ 0xfff
			n = 0x1000
		}
		n = min(n, len(c)-at)
		part := c[at : at+n]
		switch kind := rnd.IntN(4); kind {
		case 0:
			part[rnd.IntN(n)] ^= 1 << rnd.IntN(8)
			what += fmt.Sprintf("flip in 0x%x+0x%x; ", at, n)
		case 1:
			clear(part)
			what += fmt.Sprintf("zero 0x%x+0x%x; ", at, n)
		case 2:
			for i := range part {
				part[i] = byte(rnd.Uint32())
			}
			what += fmt.Sprintf("random 0x%x+0x%x; ", at, n)
		case 3:
			from := rnd.IntN(len(c) - n + 1)
			copy(part, bytes.Clone(c[from:from+n]))
			what += fmt.Sprintf("copy 0x%x to 0x%x+0x%x; ", from, at, n)
		}
	}
	return what
}

// TestLosses says of each kind of damage what is told of it.
func TestLosses(t *testing.T) {
	const per = 5
	events := series(1, 4*per)
	const second = 0x1000 + evtx.ChunkSize
	le := binary.LittleEndian
	sum := func(b []byte, chunk int) { logtest.EVTXSum(b[chunk : chunk+evtx.ChunkSize]) }
	for _, x := range []struct {
		name   string
		flags  uint32
		damage func(b []byte) []byte
		lost   []uint64 // that are not given
		want   []string // beginnings of losses, without where
	}{
		{"none", 0, func(b []byte) []byte { return b }, nil, nil},
		{"checksum of the file header", 0, func(b []byte) []byte { b[124]++; return b }, nil,
			[]string{"damaged, but no record is missing: evtx: FileHeader.Checksum at offset 0x7c: 0x"}},
		{"no file header", 0, func(b []byte) []byte { clear(b[:0x1000]); return b }, nil,
			[]string{`damaged, but no record is missing: evtx: FileHeader.Signature at offset 0x0: have "\x00\x00`}},
		{"checksum of a chunk's header", 0, func(b []byte) []byte { b[second+124]++; return b }, nil,
			[]string{"damaged, but no record is missing: evtx: ChunkHeader.Checksum at offset 0x1107c: 0x"}},
		{"checksum of the records", 0, func(b []byte) []byte { b[second+52]++; sum(b, second); return b }, nil,
			[]string{"damaged, but no record is missing: evtx: ChunkHeader.DataChecksum at offset 0x11034: 0x"}},
		{"checksums are not kept", 4, func(b []byte) []byte { b[124]++; b[second+124]++; return b }, nil, nil},
		{"chunk signature", 0, func(b []byte) []byte { b[second]++; return b }, nil,
			[]string{`damaged, but no record is missing: evtx: ChunkHeader.Signature at offset 0x11000: have "FlfChnk\x00"`}},
		{"a chunk of zeros", 0, func(b []byte) []byte { clear(b[second : second+evtx.ChunkSize]); return b }, []uint64{6, 7, 8, 9, 10},
			[]string{`records may be missing: evtx: ChunkHeader.Signature at offset 0x11000: have "\x00`,
				"records 6 to 10 are missing: evtx: ChunkHeader.FirstRecordID at offset 0x21018: 11, but 6 comes next"}},
		{"the last chunk is gone", 0, func(b []byte) []byte { return b[:0x1000+3*evtx.ChunkSize] }, []uint64{16, 17, 18, 19, 20},
			[]string{"records 16 to 20 are missing: evtx: FileHeader.NextRecordID at offset 0x18: 21, but the last record is 15"}},
		{"signature of a record", 0, func(b []byte) []byte { b[second+0x200]++; return b }, []uint64{6},
			[]string{"damaged, but no record is missing: evtx: ChunkHeader.DataChecksum at offset 0x11034: 0x",
				`record 6 is missing: evtx: EventRecord.Signature at offset 0x11200: have "+*`}},
		{"size of a record", 0, func(b []byte) []byte { le.PutUint32(b[second+0x204:], 0); return b }, []uint64{6},
			[]string{"damaged, but", "record 6 is missing: evtx: EventRecord.Size at offset 0x11204: 0x0 is less than 0x1c"}},
		{"size of a record beyond the chunk", 0, func(b []byte) []byte { le.PutUint32(b[second+0x204:], 0x10000); return b }, []uint64{6},
			[]string{"damaged, but", "record 6 is missing: evtx: EventRecord.Size at offset 0x11204: 0x10000, but only 0xfe00 bytes are left in the chunk"}},
		{"number of a record", 0, func(b []byte) []byte { le.PutUint64(b[second+0x208:], 3); return b }, []uint64{6},
			[]string{"damaged, but", "record 6 is missing: evtx: EventRecord.RecordID at offset 0x11208: 3 does not fit: 6 comes next"}},
		{"number of a record that is far too high", 0, func(b []byte) []byte {
			c := b[0x1000+3*evtx.ChunkSize:]
			le.PutUint64(c[0x208+le.Uint32(c[0x204:]):], 1<<40)
			return b
		}, []uint64{17}, []string{"damaged, but", "record 17 is missing: evtx: EventRecord.RecordID at offset 0x31"}},
		{"number of the last record", 0, func(b []byte) []byte {
			c := b[0x1000+3*evtx.ChunkSize:]
			le.PutUint64(c[le.Uint32(c[44:])+8:], 1<<40)
			return b
		}, []uint64{20}, []string{"damaged, but", "record 20 is missing: evtx: EventRecord.RecordID at offset 0x31"}},
		{"tail of the chunk torn off", 0, func(b []byte) []byte { clear(b[second+0xc00 : second+evtx.ChunkSize]); return b }, []uint64{9, 10},
			[]string{"damaged, but", "records 9 to 10 are missing: evtx: EventRecord.SizeCopy at offset 0x1"}},
		{"not whole chunks", 0, func(b []byte) []byte { return append(b, "ElfChnk"...) }, nil, nil},
		{"dirty, and the newest chunk ahead of its header", 1, func(b []byte) []byte {
			c := b[0x1000+3*evtx.ChunkSize:]
			le.PutUint32(c[48:], le.Uint32(c[44:])) // the last record is not known to it
			le.PutUint64(c[32:], 19)
			sum(b, 0x1000+3*evtx.ChunkSize)
			return b
		}, nil, nil},
		{"dirty, and the header knows of one chunk", 1, func(b []byte) []byte {
			h := evtx.FileHeader{NextRecordID: 3, Chunks: 1, Flags: evtx.FlagDirty}
			head, err := h.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			copy(b, head)
			return b
		}, nil, nil},
		{"chunks in another order", 0, func(b []byte) []byte {
			c := bytes.Clone(b[0x1000:second])
			copy(b[0x1000:], b[second:second+evtx.ChunkSize])
			copy(b[second:], c)
			return b
		}, nil, nil},
		{"a copy of a chunk", 1, func(b []byte) []byte { return append(b, b[second:second+evtx.ChunkSize]...) }, nil, nil},
		{"chunks without a file around them", 0, func(b []byte) []byte { return b[0x1000:] }, nil,
			[]string{`damaged, but no record is missing: evtx: FileHeader.Signature at offset 0x0: have "ElfChnk\x00"`}},
	} {
		b := x.damage(file(t, &logtest.EVTX{PerChunk: per, Flags: x.flags}, events))
		var losses []string
		var got, want []uint64
		for _, i := range items(t, reader(t, b, nil), eventlog.Selection{}) {
			if i.record == 0 {
				losses = append(losses, strings.TrimPrefix(i.text, "srv1/App.evtx: "))
			} else {
				got = append(got, i.record)
			}
		}
		for _, e := range events {
			if !slices.Contains(x.lost, e.RecordNumber) {
				want = append(want, e.RecordNumber)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: records %v, want %v", x.name, got, want)
		}
		if len(losses) != len(x.want) {
			t.Errorf("%s: losses %q, want %q", x.name, losses, x.want)
			continue
		}
		for i := range losses {
			if !strings.HasPrefix(losses[i], x.want[i]) {
				t.Errorf("%s: %s, want %s", x.name, losses[i], x.want[i])
			}
		}
	}
}

// TestRecovered finds what the log does not reach: in the free space of a chunk
// that is used anew, and in chunks that a clean header does not count.
func TestRecovered(t *testing.T) {
	old := file(t, &logtest.EVTX{}, series(1, 20))
	now := file(t, &logtest.EVTX{}, series(101, 3))
	free := int(binary.LittleEndian.Uint32(now[0x1000+48:]))
	copy(now[0x1000+free:], old[0x1000+free:])
	now = append(now, file(t, &logtest.EVTX{}, series(51, 2))[0x1000:]...)
	r := reader(t, now, nil)
	plain := items(t, r, eventlog.Selection{})
	if len(plain) != 3 || plain[0].record != 101 {
		t.Errorf("the log has %v", plain)
	}
	var recovered, live []uint64
	for _, x := range items(t, r, eventlog.Selection{Recovered: true}) {
		switch {
		case x.recovered && len(live) == 0:
			recovered = append(recovered, x.record)
		case x.record != 0:
			live = append(live, x.record)
		}
	}
	if !slices.Equal(live, []uint64{101, 102, 103}) {
		t.Errorf("the log has %v", live)
	}
	// Which of the old ones are whole hangs on where the new ones end.
	if n := len(recovered); n < 12 || recovered[n-1] != 52 || recovered[n-2] != 51 || recovered[n-3] != 20 {
		t.Errorf("recovered %v", recovered)
	}
}

// TestRecoveredAlone finds records in a file whose log is empty: the clean header
// counts no chunk.
func TestRecoveredAlone(t *testing.T) {
	b := file(t, &logtest.EVTX{}, series(1, 3))
	h := evtx.FileHeader{NextRecordID: 9}
	head, err := h.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	copy(b, head)
	r := reader(t, b, nil)
	if got := items(t, r, eventlog.Selection{}); len(got) != 0 {
		t.Errorf("an empty log has %v", got)
	}
	there, back := items(t, r, eventlog.Selection{Recovered: true}), items(t, r, eventlog.Selection{Recovered: true, Backward: true})
	if len(there) != 3 || !there[0].recovered || !slices.Equal(turned(back), there) {
		t.Errorf("recovered %v, backwards %v", there, back)
	}
}

// TestBegun: records are there before the header of their chunk says so, which is what
// a log that was just made looks like.
func TestBegun(t *testing.T) {
	for _, x := range []struct {
		name   string
		first  int    // of the records, 3 a chunk
		chunks int    // of which the last one has a header that knows of none
		next   uint64 // that the file's header knows of
		flags  evtx.Flags
		torn   bool // the first record of the last chunk
		want   int  // records
	}{
		{"just made", 1, 1, 1, evtx.FlagDirty, false, 3},
		{"the second chunk", 1, 2, 4, evtx.FlagDirty, false, 6},
		{"numbers go on from a log that was cleared", 501, 1, 501, evtx.FlagDirty, false, 3},
		{"remains of later numbers", 5001, 1, 1, evtx.FlagDirty, false, 0},
		{"remains of earlier ones", 1, 1, 4, evtx.FlagDirty, false, 0},
		{"a log that was closed", 1, 1, 1, 0, false, 0},
		{"half of a record", 1, 1, 1, evtx.FlagDirty, true, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := file(t, &logtest.EVTX{PerChunk: 3}, series(x.first, 3*x.chunks))
			h := evtx.FileHeader{NextRecordID: x.next, Chunks: uint16(x.chunks), Flags: x.flags}
			head, err := h.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			copy(b, head)
			last := b[len(b)-evtx.ChunkSize:]
			copy(last, unwritten)
			if x.torn {
				last[evtx.ChunkDataOffset+4]++
			}
			r := reader(t, b, nil)
			there := items(t, r, eventlog.Selection{})
			if len(there) != x.want || !slices.Equal(turned(items(t, r, eventlog.Selection{Backward: true})), there) {
				t.Errorf("%v, want %d records", there, x.want)
			}
			for i, e := range there {
				if e.record != uint64(x.first+i) {
					t.Errorf("record %d: %v", x.first+i, e)
				}
			}
			if want := uint64(x.first + x.want); x.want > 0 && r.Extent().Next != want {
				t.Errorf("%d comes next, want %d", r.Extent().Next, want)
			}
		})
	}
}

// TestNoFile says what is no .evtx file.
func TestNoFile(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("not a log"), "zeros": make([]byte, 200000),
	} {
		_, err := evtx.NewReader(bytes.NewReader(b), int64(len(b)), nil)
		var f *eventlog.FormatError
		if !errors.As(err, &f) || f.Format != "evtx" || f.Struct != "FileHeader" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChunk looks at a file chunk by chunk.
func TestChunk(t *testing.T) {
	b := file(t, &logtest.EVTX{PerChunk: 3}, series(1, 7))
	b[0x1000+evtx.ChunkSize+0x200]++ // a record's signature
	b = append(b, make([]byte, 100)...)
	r := reader(t, b, nil)
	var c evtx.Chunk
	var got [][]uint64
	for block := range r.Extent().Blocks {
		if err := r.Chunk(block, true, &c); err != nil {
			t.Fatal(err)
		}
		if c.Offset() != 0x1000+block*evtx.ChunkSize || len(c.Bytes()) != evtx.ChunkSize && block < 3 {
			t.Errorf("chunk %d: 0x%x bytes at 0x%x", block, len(c.Bytes()), c.Offset())
		}
		var ids []uint64
		var e eventlog.Event
		for rec, recovered := range c.Records() {
			if err := rec.Event(&e, 0); err != nil || recovered || e.RecordNumber != rec.RecordID() || *e.Origin != (eventlog.Origin{Server: "srv1", Log: "App.evtx"}) {
				t.Errorf("%+v, %v", e, err)
			}
			ids = append(ids, rec.RecordID())
		}
		got = append(got, ids)
		if bad := block == 1; (c.DataErr != nil) != bad || len(c.Losses()) > 0 != bad || (c.HeaderErr != nil) != (block == 3) || c.SumErr != nil {
			t.Errorf("chunk %d: %v, %v, %v, %v", block, c.HeaderErr, c.SumErr, c.DataErr, c.Losses())
		}
	}
	if want := [][]uint64{{1, 2, 3}, {5, 6}, {7}, nil}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v, want %v", got, want)
	}
}
