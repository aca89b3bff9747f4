package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"netelf.example/internal/journal/journaltest"
)

// forged is a journal of one entry whose checksums are right.
func forged(low, size int64, ranges uint32, body []byte) []byte {
	h := header{epoch: 2, seq: 1, salt: 7, area: minArea, size: 3000}
	b := make([]byte, logSize(minArea))
	copy(b, h.encode())
	body = body[:min(len(body), minArea-headLen)]
	e := head{
		salt: 7, epoch: 2, seq: 1, low: low, size: size,
		body: uint32(len(body)), ranges: ranges, sum: crc32.Checksum(body, castagnoli),
	}
	e.put(b[areaStart:])
	copy(b[areaStart+headLen:], body)
	return b
}

func rangeBody(data int, offsets ...uint64) []byte {
	var b []byte
	for _, v := range offsets {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return append(b, make([]byte, data)...)
}

func TestHostileEntry(t *testing.T) {
	for name, c := range map[string]struct {
		low, size int64
		ranges    uint32
		body      []byte
		want      string
	}{
		"good":          {3000, 5000, 1, rangeBody(9, 4991, 9), ""},
		"many ranges":   {3000, 3000, 1 << 31, rangeBody(9, 0, 9), "entry 1: 2147483648 ranges in 25 bytes"},
		"low too great": {3001, 5000, 0, nil, "entry 1: size from 3000 over 3001 to 5000"},
		"low over size": {3000, 2999, 0, nil, "entry 1: size from 3000 over 3000 to 2999"},
		"negative":      {-1, 2999, 0, nil, "entry 1: size from 3000 over -1 to 2999"},
		"behind end":    {3000, 3000, 1, rangeBody(9, 2999, 9), "entry 1: range of 9 bytes at 0xbb7, file of 3000, 9 bytes left, range before ends at 0x0"},
		"no data":       {3000, 3000, 1, rangeBody(8, 0, 9), "entry 1: range of 9 bytes at 0x0, file of 3000, 8 bytes left, range before ends at 0x0"},
		"overlap":       {3000, 3000, 2, rangeBody(9, 0, 5, 4, 4), "entry 1: range of 4 bytes at 0x4, file of 3000, 4 bytes left, range before ends at 0x5"},
		"left over":     {3000, 3000, 1, rangeBody(9, 0, 8), "entry 1: 1 bytes in no range"},
		"empty range":   {3000, 3000, 1, rangeBody(0, 0, 0), "entry 1: range of 0 bytes at 0x0, file of 3000, 0 bytes left, range before ends at 0x0"},
	} {
		t.Run(name, func(t *testing.T) {
			d := journaltest.NewDisk(1)
			d.SetContents("data", make([]byte, 3000))
			d.SetContents("log", forged(c.low, c.size, c.ranges, c.body))
			f, err := Open(d.Open("data"), d.Open("log"), nil)
			if c.want == "" {
				if err != nil || f.txn.size != c.size {
					t.Errorf("%v, or wrong size", err)
				}
				return
			}
			if want := "journal: offset 0x2000: " + c.want; err == nil || err.Error() != want {
				t.Errorf("have %v\nwant %s", err, want)
			}
		})
	}
}

// FuzzEntry replays entries whose checksums are right.
func FuzzEntry(f *testing.F) {
	f.Add(int64(3000), int64(5000), uint32(1), rangeBody(9, 4991, 9))
	f.Add(int64(0), int64(1<<61), uint32(2), rangeBody(9, 0, 5, 1<<50, 4))
	f.Fuzz(func(t *testing.T, low, size int64, ranges uint32, body []byte) {
		d := journaltest.NewDisk(1)
		d.SetContents("data", make([]byte, 3000))
		d.SetContents("log", forged(low, size, ranges, body))
		r, err := OpenReadOnly(d.Open("data"), d.Open("log"))
		var ce *CorruptError
		if err != nil {
			if !errors.As(err, &ce) {
				t.Fatal(err)
			}
			return
		}
		if n := len(r.active.pages) << pageShift; n > 2*minArea {
			t.Fatalf("%d bytes in pages", n)
		}
		p := make([]byte, 10000)
		_, _ = r.Reader().ReadAt(p, 0)
		_, _ = r.Reader().ReadAt(p, max(0, size-5000))
	})
}
