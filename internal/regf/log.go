package regf

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// recover finds the base block to go by, and lays what the logs have over a hive that
// is dirty. ok is false where the block it gives back has a wrong checksum.
func (h *Hive) recover(base []byte, logs []*io.SectionReader) (head []byte, ok bool) {
	ok = checksum(base) == le.Uint32(base[508:])
	h.Dirty = !ok || le.Uint32(base[4:]) != le.Uint32(base[8:])
	if !h.Dirty {
		return base, ok
	}
	var entries []entry
	var blocks [][]byte // of logs, that can be used
	for i, l := range logs {
		b, list, err := h.readLog(l, base, ok)
		if err != nil {
			h.note(fmt.Errorf("transaction log %d: %w", i+1, err))
		}
		if b != nil {
			blocks = append(blocks, b)
		}
		entries = append(entries, list...)
	}
	slices.SortStableFunc(blocks, func(a, b []byte) int { return cmp.Compare(le.Uint32(a[8:]), le.Uint32(b[8:])) })
	head, known := base, ok
	if !ok && len(blocks) > 0 {
		head, ok = blocks[len(blocks)-1], true
	}
	head = slices.Clone(head)
	h.replay(head, known, entries)
	if h.Replayed == 0 {
		h.note(fmt.Errorf("regf: the hive is dirty (sequence %d, %d), and no transaction log has what it lacks", le.Uint32(base[4:]), le.Uint32(base[8:])))
	}
	return head, ok
}

// entry is an entry of a log: pages of the bins.
type entry struct {
	sequence, dataSize uint32
	pages              []logPage
	old                bool
}

type logPage struct {
	at uint32 // of the bins
	b  []byte
}

// replay lays entries over the hive: those that follow one another from the sequence
// number at which the base block stands. Where the hive's own block is damaged they are
// the last ones that follow one another.
func (h *Hive) replay(head []byte, known bool, entries []entry) {
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.sequence, b.sequence) })
	next := le.Uint32(head[8:])
	if !known {
		for i := len(entries) - 1; i >= 0 && (i == len(entries)-1 || entries[i].sequence+1 >= next); i-- {
			next = entries[i].sequence
		}
	}
	var total int
	for _, e := range entries {
		if !e.old && e.sequence != next {
			continue
		}
		for _, p := range e.pages {
			total += len(p.b)
		}
		if total > MaxReplayed {
			h.note(fmt.Errorf("regf: transaction logs: %w", over("bytes", uint64(total), MaxReplayed)))
			return
		}
		if err := h.lay(e); err != nil {
			h.note(err)
			return
		}
		h.Replayed++
		le.PutUint32(head[40:], e.dataSize)
		if e.old {
			return // each old log is whole
		}
		next++
	}
}

// lay lays the pages of an entry over the hive.
func (h *Hive) lay(e entry) error {
	if h.over == nil {
		h.over = map[uint32][]byte{}
	}
	for _, p := range e.pages {
		for at, b := p.at, p.b; len(b) > 0; {
			n := at / pageSize
			page, ok := h.over[n]
			if !ok {
				below, err := h.page(n)
				if err != nil {
					return err
				}
				page = make([]byte, pageSize)
				copy(page, below)
				h.over[n] = page
			}
			k := copy(page[at%pageSize:], b)
			at, b = at+uint32(k), b[k:]
		}
	}
	return nil
}

// readLog reads the base block of a log and its entries, as many as are whole. base is
// that of the hive, which is well where ok is true.
func (h *Hive) readLog(l *io.SectionReader, base []byte, ok bool) (block []byte, list []entry, err error) {
	if l.Size() == 0 {
		return nil, nil, nil // a log of no use is left there, empty
	}
	b, err := readBase(l, l.Size())
	if err != nil {
		return nil, nil, err
	}
	if sum := checksum(b); sum != le.Uint32(b[508:]) {
		return nil, nil, bad("regf", "CheckSum", 508, fmt.Errorf("have 0x%08x, and the bytes have 0x%08x", le.Uint32(b[508:]), sum))
	}
	body := make([]byte, 0)
	if n := min(l.Size(), MaxLog) - blockSize; n > 0 {
		body = make([]byte, n)
		if k, err := l.ReadAt(body, blockSize); int64(k) < n {
			return nil, nil, readError(err)
		}
	}
	switch t := le.Uint32(b[28:]); t {
	case typeNewLog:
		list, err = newEntries(body)
	case typeOldLog, typeOldestLog:
		if le.Uint32(b[4:]) != le.Uint32(b[8:]) {
			return nil, nil, bad("regf", "Sequence2", 8, fmt.Errorf("%d, and Sequence1 is %d: the log was not finished", le.Uint32(b[8:]), le.Uint32(b[4:])))
		}
		written := le.Uint64(base[12:])
		if !ok {
			var t [8]byte // the first bin has a copy
			if n, _ := h.r.ReadAt(t[:], baseSize+20); n == len(t) {
				written = le.Uint64(t[:])
			}
		}
		if le.Uint64(b[12:]) < written {
			return nil, nil, bad("regf", "TimeStamp", 12, errors.New("the log is older than the hive"))
		}
		var e entry
		if e, err = oldEntry(body, le.Uint32(b[40:]), max(le.Uint32(b[44:]), 1)); err == nil {
			list = []entry{e}
		}
	default:
		return nil, nil, bad("regf", "Type", 28, fmt.Errorf("%d, and a transaction log has 1, 2 or 6", t))
	}
	return b, list, err
}

const (
	entryHead = 40
	// hashSeed is that of the hashes in log entries. Suhanov's specification lists its
	// bytes from the highest on; his program yarp, and others that have read logs of
	// Windows, take this number.
	hashSeed = 0x82ef4d887a4e55c5
)

// newEntries are the entries of a log of Windows 8.1 or later that follow one another:
// a log is written over from its beginning, and old entries stay behind the new.
func newEntries(b []byte) (list []entry, err error) {
	for at := 0; len(b)-at >= entryHead; {
		e, size, err := newEntry(b[at:], int64(blockSize+at))
		if size == 0 {
			return list, err
		}
		if n := len(list); n > 0 && e.sequence != list[n-1].sequence+1 {
			return list, nil
		}
		list = append(list, e)
		at += size
	}
	return list, nil
}

// newEntry is one entry; its size is 0 where there is none. What is no entry at all is
// the end, without an error.
func newEntry(b []byte, pos int64) (e entry, size int, err error) {
	if string(b[:4]) != "HvLE" {
		return e, 0, nil
	}
	n := le.Uint32(b[4:])
	if n < entryHead || n%blockSize != 0 || uint64(n) > uint64(len(b)) {
		return e, 0, bad("HvLE", "Size", pos+4, fmt.Errorf("%d bytes, want a multiple of %d and at most %d", n, blockSize, len(b)))
	}
	b = b[:n]
	if have, want := le.Uint64(b[32:]), marvin32(hashSeed, b[:32]); have != want {
		return e, 0, bad("HvLE", "Hash2", pos+32, fmt.Errorf("have 0x%016x, and the bytes have 0x%016x", have, want))
	}
	if have, want := le.Uint64(b[24:]), marvin32(hashSeed, b[entryHead:]); have != want {
		return e, 0, bad("HvLE", "Hash1", pos+24, fmt.Errorf("have 0x%016x, and the bytes have 0x%016x", have, want))
	}
	e.sequence, e.dataSize = le.Uint32(b[12:]), le.Uint32(b[16:])
	if e.dataSize%pageSize != 0 {
		return e, 0, bad("HvLE", "HiveBinsDataSize", pos+16, fmt.Errorf("%d, want a multiple of %d", e.dataSize, pageSize))
	}
	count := le.Uint32(b[20:])
	if uint64(count) > uint64(len(b)-entryHead)/8 {
		return e, 0, bad("HvLE", "DirtyPagesCount", pos+20, fmt.Errorf("%d references in %d bytes", count, len(b)))
	}
	data := b[entryHead+8*count:]
	for i := range int(count) {
		ref := b[entryHead+8*i:]
		at, n := le.Uint32(ref), le.Uint32(ref[4:])
		if n == 0 || at%blockSize != 0 || n%blockSize != 0 || uint64(n) > uint64(len(data)) || uint64(at)+uint64(n) > uint64(e.dataSize) {
			return e, 0, bad("HvLE", "DirtyPage", pos+entryHead+8*int64(i), fmt.Errorf("%d bytes at 0x%x: not in the hive, or not in the entry", n, at))
		}
		e.pages = append(e.pages, logPage{at, data[:n]})
		data = data[n:]
	}
	return e, len(b), nil
}

// oldEntry is what a log before Windows 8.1 has: a bit for each 512 bytes of the bins,
// and those whose bit is set.
func oldEntry(b []byte, dataSize, cluster uint32) (e entry, err error) {
	if cluster > 128 {
		return e, bad("regf", "Cluster", 44, fmt.Errorf("sectors of %d times 512 bytes", cluster))
	}
	sector := int(cluster) * blockSize
	skip := sector - blockSize // of the first sector, behind the block
	if len(b) < skip+4 || string(b[skip:skip+4]) != "DIRT" {
		return e, bad("DIRT", "Signature", int64(sector), errors.New("no dirty vector"))
	}
	n := int((uint64(dataSize)/blockSize + 7) / 8)
	if dataSize%pageSize != 0 || n > len(b)-skip-4 {
		return e, bad("DIRT", "", int64(sector), fmt.Errorf("%d bytes of bins want a vector of %d bytes, and the log has %d", dataSize, n, len(b)-skip-4))
	}
	vector := b[skip+4:][:n]
	at := skip + (4+n+sector-1)/sector*sector
	e = entry{dataSize: dataSize, old: true}
	for i, v := range vector {
		for ; v != 0; v &= v - 1 {
			if len(b)-at < blockSize {
				return e, bad("DIRT", "", int64(blockSize+at), errors.New("the log ends before its last page"))
			}
			e.pages = append(e.pages, logPage{uint32(8*i+bits.TrailingZeros8(v)) * blockSize, b[at : at+blockSize]})
			at += blockSize
		}
	}
	return e, nil
}

// marvin32 is the Marvin32 hash.
func marvin32(seed uint64, b []byte) uint64 {
	lo, hi := uint32(seed), uint32(seed>>32)
	mix := func(v uint32) {
		lo += v
		hi ^= lo
		lo = bits.RotateLeft32(lo, 20) + hi
		hi = bits.RotateLeft32(hi, 9) ^ lo
		lo = bits.RotateLeft32(lo, 27) + hi
		hi = bits.RotateLeft32(hi, 19)
	}
	for ; len(b) >= 4; b = b[4:] {
		mix(le.Uint32(b))
	}
	last := uint32(0x80) << (8 * len(b))
	for i, c := range b {
		last |= uint32(c) << (8 * i)
	}
	mix(last)
	mix(0)
	return uint64(hi)<<32 | uint64(lo)
}
