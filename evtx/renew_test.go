package evtx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// counted counts what is read.
type counted struct {
	b []byte
	n int64
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	n, err := bytes.NewReader(c.b).ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

// grow appends records up to number n to a log, which is numbered from 1.
func grow(t testing.TB, l *logtest.EVTXLog, from, to uint64) {
	t.Helper()
	for n := from; n <= to; n++ {
		at := time.Unix(1_000_000_000+int64(n), 0).UTC()
		if _, err := l.Append(&eventlog.Event{RecordNumber: n, TimeGenerated: at, TimeWritten: at, Level: 4, Source: "Test", Computer: "SRV", Strings: []string{fmt.Sprint(n)}}); err != nil {
			t.Fatal(err)
		}
	}
}

// behind is the numbers of the events behind a record.
func behind(t testing.TB, r *Reader, mark uint64) (numbers []uint64, losses int) {
	t.Helper()
	c, err := r.Read(context.Background(), &eventlog.Selection{After: []eventlog.Mark{{Record: mark}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var e eventlog.Event
	for {
		err := c.Next(context.Background(), &e)
		if _, lost := eventlog.AsLoss(err); lost {
			losses++
			continue
		}
		if err == io.EOF {
			return numbers, losses
		}
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, e.RecordNumber)
	}
}

// TestRenew: what came is found by reading the end of the file, however long that
// is, and what came into other chunks, behind it and at the beginning again.
func TestRenew(t *testing.T) {
	const before = 64 * 4
	for _, x := range []struct {
		name      string
		maxChunks int
		more      uint64
		read      int64 // so many chunks at most
	}{
		{"nothing", 0, 0, 2},
		{"into the same chunk", 0, 1, 4},
		{"into the next one", 0, 6, 8},
		{"into the first one again", 65, 6, 8},
		{"round and round", 65, 100, 60},
	} {
		t.Run(x.name, func(t *testing.T) {
			l := &logtest.EVTXLog{EVTX: logtest.EVTX{PerChunk: 4}, MaxChunks: x.maxChunks}
			grow(t, l, 1, before+2)
			file := &counted{b: l.File()}
			r, err := NewReader(file, int64(len(file.b)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r, err = r.Renew(int64(len(file.b))); err != nil { // it looks where the end is
				t.Fatal(err)
			}
			grow(t, l, before+3, before+2+x.more)
			file.b, file.n = l.File(), 0
			n, err := r.Renew(int64(len(file.b)))
			if err != nil {
				t.Fatal(err)
			}
			if (n == r) != (x.more == 0) {
				t.Errorf("another reader: %v", n != r)
			}
			numbers, losses := behind(t, n, before+2)
			if uint64(len(numbers)) != x.more || losses > 0 || x.more > 0 && (numbers[0] != before+3 || numbers[x.more-1] != before+2+x.more) {
				t.Errorf("%v, %d losses", numbers, losses)
			}
			if file.n > x.read*ChunkSize {
				t.Errorf("%d bytes were read", file.n)
			}
			if again, err := r.Renew(int64(len(file.b))); (again == r) != (n == r) || err != nil {
				t.Errorf("for who asks beside it: another reader: %v, %v", again != r, err)
			}
			for range 3 { // what nothing comes into is looked at in a few places
				file.n = 0
				if same, err := n.Renew(int64(len(file.b))); same != n || err != nil {
					t.Fatalf("nothing came: another reader: %v, %v", same != n, err)
				}
			}
			if file.n > 4<<10 {
				t.Errorf("%d bytes were read where nothing came", file.n)
			}
			all, err := NewReader(file, int64(len(file.b)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if have, want := n.Extent(), all.Extent(); have != want {
				t.Errorf("%+v, want %+v", have, want)
			}
			for b := range n.Extent().Blocks {
				if have, want := n.layout.spanOf(b), all.layout.spanOf(b); have != want {
					t.Errorf("chunk %d: %v, want %v", b, have, want)
				}
			}
		})
	}
}

// TestRenewErrors: what makes a file other than it was, or not understood.
func TestRenewErrors(t *testing.T) {
	for _, x := range []struct {
		name string
		do   func(b []byte) []byte
		want string
	}{
		{"shorter", func(b []byte) []byte { return b[:0x11000] }, "evtx: FileHeader.Chunks at offset 0x2a: the file has become shorter"},
		{"no header", func(b []byte) []byte { b[0] = 0; return b }, `evtx: FileHeader.Signature at offset 0x0: have "\x00lfFile\x00", want "ElfFile\x00"`},
		{"half a header", func(b []byte) []byte { b[24]++; return b }, "evtx: FileHeader.Checksum at offset 0x7c: 0x142b529b is stored, 0x2a288843 is what the bytes give"},
		{"the newest chunk is another one", func(b []byte) []byte { b[0x11208]++; return b }, "evtx: ChunkHeader.FirstRecordID at offset 0x11018: it does not begin with the record that it did"},
		{"there is more", func(b []byte) []byte { b[24] = 40; logtest.EVTXHeaderSum(b); return b }, "evtx: FileHeader.NextRecordID at offset 0x18: 40, but the last record is 6"},
		{"a chunk is missing", func(b []byte) []byte {
			b = append(b, b[0x11000:]...)
			b[0x21208] = 9
			return b
		}, "evtx: ChunkHeader.FirstRecordID at offset 0x21018: 9, but 7 comes next"},
	} {
		t.Run(x.name, func(t *testing.T) {
			l := &logtest.EVTXLog{EVTX: logtest.EVTX{PerChunk: 4}}
			grow(t, l, 1, 6)
			file := &counted{b: l.File()}
			r, err := NewReader(file, int64(len(file.b)), nil)
			if err != nil {
				t.Fatal(err)
			}
			file.b = x.do(file.b)
			for range 2 { // it stays so
				_, err = r.Renew(int64(len(file.b)))
				if err == nil || err.Error() != x.want || !errors.Is(err, eventlog.ErrCorrupt) {
					t.Errorf("%v, want %s", err, x.want)
				}
			}
		})
	}
	empty := &counted{b: func() []byte { b, _ := (&logtest.EVTX{}).Bytes(nil); return b }()}
	r, err := NewReader(empty, int64(len(empty.b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if same, err := r.Renew(int64(len(empty.b))); same != r || err != nil {
			t.Errorf("an empty log stays so: another reader: %v, %v", same != r, err)
		}
	}
	l := new(logtest.EVTXLog)
	grow(t, l, 1, 1)
	copy(empty.b[0x1200:], l.File()[0x1200:]) // and not the headers
	for range 2 {
		if _, err := r.Renew(int64(len(empty.b))); err == nil || err.Error() != "evtx: FileHeader.Chunks at offset 0x2a: none had a record" {
			t.Errorf("the first record: %v", err)
		}
	}
	if _, err := r.Follow(t.Context(), new(eventlog.Selection)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("whose file it is nobody knows: %v", err)
	}
}

// TestRenewUnvouched: records that no checksum is of are given at the second look,
// if they are the same then.
func TestRenewUnvouched(t *testing.T) {
	l := &logtest.EVTXLog{HeadEvery: 100}
	grow(t, l, 1, 3)
	file := &counted{b: l.File()}
	r, err := NewReader(file, int64(len(file.b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	torn := func(b []byte) []byte { // a byte inside of record 3 is another one
		i := bytes.LastIndex(b, []byte("**\x00\x00"))
		b[i+0x30] ^= 0xff
		return b
	}
	for i, x := range []struct {
		file []byte
		want int
	}{
		{torn(l.File()), 0}, // 1 is vouched for, 2 and 3 are seen
		{l.File(), 0},       // 3 has changed since
		{l.File(), 2},
	} {
		file.b = x.file
		if r, err = r.Renew(int64(len(file.b))); err != nil {
			t.Fatal(err)
		}
		if numbers, losses := behind(t, r, 1); len(numbers) != x.want || losses > 0 {
			t.Errorf("look %d: %v, %d losses, want %d", i+1, numbers, losses, x.want)
		}
	}
}

// FuzzRenew: whatever became of a file, Renew ends, and so does a walk.
func FuzzRenew(f *testing.F) {
	f.Add(int64(24), []byte{40}, uint16(1))
	f.Add(int64(0x1030), []byte{0xff, 0xff}, uint16(5))
	f.Add(int64(0x11200), []byte("**\x00\x00\xff\xff"), uint16(6))
	f.Fuzz(func(t *testing.T, at int64, patch []byte, more uint16) {
		l := &logtest.EVTXLog{EVTX: logtest.EVTX{PerChunk: 3}, MaxChunks: 3, HeadEvery: 2}
		grow(t, l, 1, 5)
		file := &counted{b: l.File()}
		r, err := NewReader(file, int64(len(file.b)), nil)
		if err != nil {
			t.Fatal(err)
		}
		grow(t, l, 6, 6+uint64(more%12))
		file.b = l.File()
		if at >= 0 && at < int64(len(file.b)) {
			copy(file.b[at:], patch)
		}
		for range 3 {
			n, err := r.Renew(int64(len(file.b)))
			if err != nil {
				return
			}
			c, err := n.Read(context.Background(), &eventlog.Selection{After: []eventlog.Mark{{Record: 5}}})
			if err != nil {
				return
			}
			var e eventlog.Event
			last := uint64(5)
			for {
				err := c.Next(context.Background(), &e)
				if _, lost := eventlog.AsLoss(err); err != nil && !lost {
					break
				}
				if err == nil && !e.Recovered {
					if e.RecordNumber <= last {
						t.Fatalf("record %d behind %d", e.RecordNumber, last)
					}
					last = e.RecordNumber
				}
			}
			c.Close()
			r = n
		}
	})
}
