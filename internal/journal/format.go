package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

const (
	sectorSize = 512  // what a disk writes as a whole
	slotSize   = 4096 // from one header slot to the next: never in one physical sector
	areaStart  = 8192 // of the first area
	headerLen  = 64   // used bytes of a slot
	headLen    = 72   // of an entry, before its ranges
	rangeLen   = 16   // of a range in the table
	minArea    = 16 << 10
	maxArea    = 1 << 30
	maxSize    = 1<<62 - 1 // of the data file

	headerMagic   = "NELFJRNL"
	headerVersion = 1
	entryMagic    = 0x454a454e // "NEJE"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A CorruptError is journal content that no crash can have left. Nothing was
// changed when it is returned.
type CorruptError struct {
	Offset int64 // in the journal
	What   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal: offset 0x%x: %s", e.Offset, e.What)
}

func corrupt(off int64, format string, args ...any) error {
	return &CorruptError{off, fmt.Sprintf(format, args...)}
}

// header is what a slot says: where the replay begins, and on what.
type header struct {
	epoch uint64 // the oldest that is not void
	seq   uint64 // of its first entry
	salt  uint64 // that entries must show
	area  int64  // bytes of an area
	size  int64  // of the data file before that entry
}

func (h *header) encode() []byte {
	b := make([]byte, sectorSize)
	copy(b, headerMagic)
	le := binary.LittleEndian
	le.PutUint32(b[8:], headerVersion)
	le.PutUint64(b[16:], h.epoch)
	le.PutUint64(b[24:], h.seq)
	le.PutUint64(b[32:], h.salt)
	le.PutUint64(b[40:], uint64(h.area))
	le.PutUint64(b[48:], uint64(h.size))
	le.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	return b
}

var errBadSlot = errors.New("bad slot")

// decodeHeader reads a slot. It is errBadSlot if the slot is not a header as a
// whole, and another error for a header that is one and cannot be used.
func decodeHeader(b []byte) (h header, err error) {
	le := binary.LittleEndian
	if len(b) < headerLen || string(b[:8]) != headerMagic ||
		le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli) {
		return h, errBadSlot
	}
	if v := le.Uint32(b[8:]); v != headerVersion {
		return h, fmt.Errorf("version %d, known is %d", v, headerVersion)
	}
	h = header{
		epoch: le.Uint64(b[16:]), seq: le.Uint64(b[24:]), salt: le.Uint64(b[32:]),
		area: int64(le.Uint64(b[40:])), size: int64(le.Uint64(b[48:])),
	}
	switch {
	case h.area < minArea || h.area > maxArea || h.area%slotSize != 0:
		return h, fmt.Errorf("area of %d bytes", h.area)
	case h.size < 0 || h.size > maxSize:
		return h, fmt.Errorf("data size %d", h.size)
	case h.epoch > 1<<62 || h.seq > 1<<62:
		return h, fmt.Errorf("epoch %d, sequence number %d", h.epoch, h.seq)
	}
	return h, nil
}

// areaOffset is where the entries of an epoch lie.
func (h *header) areaOffset(epoch uint64) int64 { return areaStart + int64(epoch%2)*h.area }

func logSize(area int64) int64 { return areaStart + 2*area }

// head begins an entry.
type head struct {
	salt, epoch, seq uint64
	synced           uint64 // the newest entry that was known to be on the disk
	low, size        int64  // of the data file: the least meanwhile, and at the end
	body             uint32 // bytes behind the head
	ranges           uint32
	sum              uint32 // of the body
}

func (h *head) put(b []byte) {
	le := binary.LittleEndian
	le.PutUint32(b, entryMagic)
	le.PutUint64(b[8:], h.salt)
	le.PutUint64(b[16:], h.epoch)
	le.PutUint64(b[24:], h.seq)
	le.PutUint64(b[32:], h.synced)
	le.PutUint64(b[40:], uint64(h.low))
	le.PutUint64(b[48:], uint64(h.size))
	le.PutUint32(b[56:], h.body)
	le.PutUint32(b[60:], h.ranges)
	le.PutUint32(b[64:], h.sum)
	le.PutUint32(b[68:], 0)
	le.PutUint32(b[4:], crc32.Checksum(b[8:headLen], castagnoli))
}

// decodeHead reads the head of an entry that shows salt. ok is false where there
// is none.
func decodeHead(b []byte, salt uint64) (h head, ok bool) {
	le := binary.LittleEndian
	if len(b) < headLen || le.Uint32(b) != entryMagic || le.Uint64(b[8:]) != salt ||
		le.Uint32(b[4:]) != crc32.Checksum(b[8:headLen], castagnoli) {
		return h, false
	}
	return head{
		salt: salt, epoch: le.Uint64(b[16:]), seq: le.Uint64(b[24:]), synced: le.Uint64(b[32:]),
		low: int64(le.Uint64(b[40:])), size: int64(le.Uint64(b[48:])),
		body: le.Uint32(b[56:]), ranges: le.Uint32(b[60:]), sum: le.Uint32(b[64:]),
	}, true
}

// stored is what an entry with so much behind its head takes of the area.
func stored(body int64) int64 { return (headLen + body + sectorSize - 1) &^ (sectorSize - 1) }

// span is a range of the data file.
type span struct{ off, end int64 }

// merge sorts s and joins what overlaps, touches, or is so close that the bytes
// between are cheaper than a range of their own.
func merge(s []span) []span {
	if len(s) < 2 {
		return s
	}
	slices.SortFunc(s, func(a, b span) int {
		if a.off < b.off {
			return -1
		} else if a.off > b.off {
			return 1
		}
		return 0
	})
	out := s[:1]
	for _, r := range s[1:] {
		if last := &out[len(out)-1]; r.off <= last.end+rangeLen {
			last.end = max(last.end, r.end)
		} else {
			out = append(out, r)
		}
	}
	return out
}
