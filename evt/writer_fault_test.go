package evt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"netelf.example/eventlog"
)

// TestReadBetweenWrites reads the file after each single write: what is there
// must be the old log, a log from which only records that had to go are gone, or
// the new log.
func TestReadBetweenWrites(t *testing.T) {
	for _, n := range []int{68, 300, 40000, 65000} {
		for left := 0; left <= 400; left += 4 {
			p := newPair(t, WriterOptions{MaxSize: SizeStep})
			p.fillUp(SizeStep, left)
			before := p.m.expect()
			var seen [][]liveRecord
			p.f.onWrite = func() {
				live, err := readLog(p.f.b)
				if err != nil {
					t.Fatalf("record of %d bytes, %d bytes left, write %d: %v", n, left, len(seen)+1, err)
				}
				seen = append(seen, live)
			}
			p.append(n, 2)
			p.f.onWrite = nil
			p.check()
			after := p.m.expect()
			if limit := map[bool]int{false: 5, true: 9}[p.m.restarts > 0]; len(seen) > limit {
				t.Errorf("record of %d bytes, %d bytes left: %d writes", n, left, len(seen))
			}
			kept := after[:len(after)-1]
			for i, live := range seen {
				if slices.Equal(live, after) {
					continue
				}
				skip := len(before) - len(live)
				if skip < 0 || len(live) < len(kept) || !slices.Equal(live, before[skip:]) {
					t.Fatalf("record of %d bytes, %d bytes left, write %d:\nseen %s\nfrom %s\nto   %s",
						n, left, i+1, listLive(live), listLive(before), listLive(after))
				}
			}
		}
	}
}

// TestWritesPerAppend: in one piece a record is one write.
func TestWritesPerAppend(t *testing.T) {
	f := new(diskFile)
	w, err := Create(f, &WriterOptions{MaxSize: SizeStep})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, w, 300, 1)
	const n = 100_000
	f.writes = 0
	for range n {
		mustAppend(t, w, 300, 1)
	}
	// Once in a round of 218 records there are pieces.
	if f.writes > n+5*(n/217+1) {
		t.Errorf("%d writes for %d records", f.writes, n)
	}
}

// TestWriteFails lets each write of an append fail, half done: the record is
// then not in the log, the rest is whole, and the next append is well.
func TestWriteFails(t *testing.T) {
	for _, n := range []int{68, 300, 40000, 65000} {
		for left := 0; left <= 360; left += 4 {
			for k := 1; k <= 12; k++ {
				p := newPair(t, WriterOptions{MaxSize: SizeStep})
				p.fillUp(SizeStep, left)
				if err := p.w.Flush(); err != nil {
					t.Fatal(err)
				}
				before := p.m.expect()
				nth := p.f.writes + k
				p.f.fail = func(i int) bool { return i == nth }
				number, err := p.w.Append(eventOf(n, 2))
				if err == nil {
					break // as many writes as that there are not
				}
				if !errors.Is(err, errDisk) || number != 0 {
					t.Fatal(number, err)
				}
				what := fmt.Sprintf("record of %d bytes, %d bytes left, write %d", n, left, k)
				if k > 1 { // the first is the header's
					_, live, err := walkLog(p.f.b)
					if err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					if skip := len(before) - len(live); skip < 0 || !slices.Equal(live, before[skip:]) {
						t.Fatalf("%s:\nhave %s\nfrom %s", what, listLive(live), listLive(before))
					}
				}
				next := p.w.Header().CurrentRecordNumber
				if got := mustAppend(t, p.w, 100, 2); got != next {
					t.Fatalf("%s: next record is %d, want %d", what, got, next)
				}
				_, live, err := walkLog(p.f.b)
				if err != nil || live[len(live)-1].number != next || len(live) != int(p.w.Count()) {
					t.Fatalf("%s: then %s, %v", what, listLive(live), err)
				}
			}
		}
	}
}

// TestWriteFailsOnAndOn: where even the EOF record cannot be put back, Flush
// does it later.
func TestWriteFailsOnAndOn(t *testing.T) {
	f := new(diskFile)
	w, err := Create(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, w, 100, 1)
	f.fail = func(int) bool { return true }
	if _, err := w.Append(eventOf(400, 1)); !errors.Is(err, errDisk) || err.Error() != "write a record: disk on fire" {
		t.Error(err)
	}
	if err := w.Flush(); !errors.Is(err, errDisk) || err.Error() != "flush: disk on fire" {
		t.Error(err)
	}
	f.fail = nil
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	_, live, err := walkLog(f.b)
	if err != nil || len(live) != 1 {
		t.Errorf("%s, %v", listLive(live), err)
	}
}

// TestOpenWriterRefuses: what cannot be gone on with, and the text.
func TestOpenWriterRefuses(t *testing.T) {
	make := func(dirty bool) []byte {
		f := new(diskFile)
		w, err := Create(f, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			mustAppend(t, w, 100, 1)
		}
		if !dirty {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		return f.b
	}
	const eof = 0x30 + 5*100
	put := func(b []byte, off int, v uint32) []byte {
		binary.LittleEndian.PutUint32(b[off:], v)
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		text string
	}{
		{"empty", nil, "evt: ELF_LOGFILE_HEADER at offset 0x0: need 48 bytes, have 0"},
		{"one short", make(false)[:47], "evt: ELF_LOGFILE_HEADER at offset 0x0: need 48 bytes, have 47"},
		{"signature", put(make(false), 4, 0), "evt: ELF_LOGFILE_HEADER.Signature at offset 0x4: have 0x00000000, want 0x654c664c (LfLe)"},
		{"size", make(false)[:SizeStep-2], "evt: file of 65534 bytes: not a size that a log is written in: the log is damaged"},
		{"no EOF record", put(make(false), eof, 0), "evt: ELF_EOF_RECORD at offset 0x224: no EOF record here"},
		{"no EOF record, dirty", put(make(true), eof, 0), "evt: ELF_EOF_RECORD at offset 0x30: no EOF record here"},
		{"begin", put(put(make(false), eof+20, 0x31), 16, 0x31), "evt: ELF_EOF_RECORD at offset 0x238: BeginRecord 0x31 is not a multiple of 4"},
		{"begin at the end", put(put(make(false), eof+20, eof), 16, eof), "evt: ELF_EOF_RECORD at offset 0x224: records 1 to 6 from 0x224 to 0x224"},
		{"no record", put(make(false), 0x30+4, 7), "evt: EVENTLOGRECORD.Reserved at offset 0x34: have 0x00000007, want 0x654c664c (LfLe)"},
		{"another record", put(make(false), 0x30+8, 7), "evt: EVENTLOGRECORD.RecordNumber at offset 0x38: have 7, want 1, the oldest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := bytes.Clone(c.b)
			_, err := OpenWriter(&diskFile{b: c.b}, int64(len(c.b)), nil)
			if !errors.Is(err, eventlog.ErrCorrupt) || err.Error() != c.text {
				t.Errorf("%v\nwant %s", err, c.text)
			}
			if !bytes.Equal(before, c.b) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestOpenWriterOptions: nil keeps what the header says and writes nothing.
func TestOpenWriterOptions(t *testing.T) {
	f := new(diskFile)
	if _, err := Create(f, &WriterOptions{MaxSize: 3 * SizeStep, Retention: 77}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		opts      *WriterOptions
		max       uint32
		retention uint32
		writes    int
	}{
		{nil, 3 * SizeStep, 77, 0},
		{&WriterOptions{Retention: 77}, 3 * SizeStep, 77, 0},
		{&WriterOptions{}, 3 * SizeStep, 0, 1},
		{&WriterOptions{MaxSize: SizeStep + 1, Retention: RetainForever}, 2 * SizeStep, RetainForever, 1},
	} {
		f.writes = 0
		w, err := OpenWriter(f, int64(len(f.b)), c.opts)
		if err != nil {
			t.Fatal(err)
		}
		var h FileHeader
		if err := h.UnmarshalBinary(f.b); err != nil {
			t.Fatal(err)
		}
		if h != w.Header() || h.MaxSize != c.max || h.Retention != c.retention || f.writes != c.writes {
			t.Errorf("%+v: %+v after %d writes", c.opts, h, f.writes)
		}
	}
	if _, err := OpenWriter(f, int64(len(f.b)), &WriterOptions{MaxSize: -1}); !errors.Is(err, eventlog.ErrInvalid) {
		t.Error(err)
	}
}

// TestDamageInFront: a damaged record that has to go stops the log and changes
// nothing.
func TestDamageInFront(t *testing.T) {
	for _, c := range []struct {
		at   int // in the second record
		v    uint32
		text string
	}{
		{0, 60000 &^ 3, "evt: EVENTLOGRECORD.Length at offset 0x4e50: 0xea60, but 0x9c40 bytes up to the EOF record"},
		{0, 20004, "evt: EVENTLOGRECORD.Reserved at offset 0x9c78: have 0x"},
		{4, 0, "evt: EVENTLOGRECORD.Reserved at offset 0x4e54: have 0x00000000, want 0x654c664c (LfLe)"},
		{8, 1, "evt: EVENTLOGRECORD.RecordNumber at offset 0x4e58: 1 behind 1, newest is 3"},
		{8, 9, "evt: EVENTLOGRECORD.RecordNumber at offset 0x4e58: 9 behind 1, newest is 3"},
	} {
		f := new(diskFile)
		w, err := Create(f, &WriterOptions{MaxSize: SizeStep})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			mustAppend(t, w, 20000, 1)
		}
		binary.LittleEndian.PutUint32(f.b[0x30+20000+c.at:], c.v)
		before := bytes.Clone(f.b)
		_, err = w.Append(eventOf(45000, 1))
		if !errors.Is(err, eventlog.ErrCorrupt) || len(err.Error()) < len(c.text) || err.Error()[:len(c.text)] != c.text {
			t.Errorf("%v\nwant %s", err, c.text)
		}
		if !bytes.Equal(before, f.b) {
			t.Error("the file was changed")
		}
	}
}

// FuzzWriter appends records of the sizes that the input says and compares with
// the model.
func FuzzWriter(f *testing.F) {
	f.Add(uint8(0), []byte{0, 0, 255, 255, 20, 80, 255, 127})
	f.Add(uint8(1), bytes.Repeat([]byte{200, 31, 7, 0}, 40))
	f.Fuzz(func(t *testing.T, steps uint8, sizes []byte) {
		p := newPair(t, WriterOptions{MaxSize: SizeStep * int64(steps%3+1)})
		sizes = sizes[:min(len(sizes), 400)]
		for ; len(sizes) >= 2; sizes = sizes[2:] {
			p.append(68+int(binary.LittleEndian.Uint16(sizes))&^3%65000, 1)
		}
		p.check()
	})
}

// FuzzOpenWriter goes on with a log in which bytes were changed: whatever there
// is, what was appended last can be read.
func FuzzOpenWriter(f *testing.F) {
	f.Add(uint32(16), uint32(0x40), uint64(1))
	f.Fuzz(func(t *testing.T, off, v uint32, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		file := new(diskFile)
		w, err := Create(file, &WriterOptions{MaxSize: SizeStep})
		if err != nil {
			t.Fatal(err)
		}
		for range rnd.IntN(200) {
			mustAppend(t, w, 68+rnd.IntN(2000)&^3, 1)
		}
		if seed%2 == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		binary.LittleEndian.PutUint32(file.b[off%(SizeStep-4):], v)
		if w, err = OpenWriter(file, SizeStep, &WriterOptions{MaxSize: 2 * SizeStep}); err != nil {
			return
		}
		for range 200 {
			n, err := w.Append(eventOf(68+rnd.IntN(2000)&^3, 1))
			if err != nil {
				return
			}
			eof := int64(w.Header().EndOffset)
			var b [EOFSize]byte
			if err := w.s.ring().read(newWindow(file, w.Size(), 0), b[:], eof); err != nil {
				t.Fatal(err)
			}
			var r EOFRecord
			if err := r.UnmarshalBinary(b[:]); err != nil || r.CurrentRecordNumber != n+1 || int64(r.EndRecord) != eof {
				t.Fatalf("EOF record %+v behind record %d, %v", r, n, err)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, maxSize := range []int64{SizeStep, 64 << 20} {
		b.Run(fmt.Sprintf("%dK", maxSize>>10), func(b *testing.B) {
			f := new(diskFile)
			w, err := Create(f, &WriterOptions{MaxSize: maxSize})
			if err != nil {
				b.Fatal(err)
			}
			e := eventOf(196, 1)
			e.Source, e.Computer, e.Strings = "Service Control Manager", "WKS-WINXP32BIT", []string{"one"}
			rec, err := AppendRecord(nil, e)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(rec)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Append(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
