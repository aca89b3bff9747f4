package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// replay reads the entries of the header's epoch and the next into the active
// layer; the data file has have bytes. With rewrite it writes each entry back to
// where it stands: one whose sync failed may look written and not be.
func (f *File) replay(h *header, have int64, rewrite bool) error {
	f.seq = h.seq - 1
	least := h.size
	end := h.areaOffset(h.epoch)
	for epoch := h.epoch; epoch <= h.epoch+1; epoch++ {
		start := h.areaOffset(epoch)
		off := start
		for {
			n, low, err := f.replayEntry(h, epoch, off, start+h.area, rewrite)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			least = min(least, low)
			off += n
			end = off
		}
	}
	if err := f.searchLater(h, end); err != nil {
		return err
	}
	if have < least {
		return corrupt(f.slot, "data file of %d bytes, the journal goes with one of at least %d", have, least)
	}
	return nil
}

// replayEntry brings the entry at off into the active layer and gives the bytes it
// takes and the least size meanwhile. It takes 0 where the next entry is not.
func (f *File) replayEntry(h *header, epoch uint64, off, end int64, rewrite bool) (n, low int64, err error) {
	if end-off < sectorSize {
		return 0, 0, nil
	}
	var b [headLen]byte
	if _, err := f.log.ReadAt(b[:], off); err != nil {
		return 0, 0, wrap("read entry", err)
	}
	e, ok := decodeHead(b[:], h.salt)
	if !ok || e.epoch != epoch || e.seq != f.seq+1 {
		return 0, 0, nil
	}
	n = stored(int64(e.body))
	if n > end-off {
		return 0, 0, corrupt(off, "entry %d of %d bytes, the area has %d", e.seq, n, end-off)
	}
	if int64(cap(f.entry)) < n { // the journal has so many
		f.entry = make([]byte, n)
	}
	f.entry = f.entry[:n]
	if _, err := f.log.ReadAt(f.entry, off); err != nil {
		return 0, 0, wrap("read entry", err)
	}
	body := f.entry[headLen : headLen+e.body]
	if [headLen]byte(f.entry) != b || crc32.Checksum(body, castagnoli) != e.sum {
		return 0, 0, nil
	}
	if err := f.replayBody(&e, body, off); err != nil {
		return 0, 0, err
	}
	if int64(len(f.active.pages))<<pageShift > 2*h.area {
		return 0, 0, corrupt(off, "entry %d: more pages than an area of %d bytes can have", e.seq, h.area)
	}
	if rewrite {
		if _, err := f.log.WriteAt(f.entry, off); err != nil {
			return 0, 0, wrap("write entry", err)
		}
	}
	f.seq = e.seq
	return n, e.low, nil
}

// replayBody does again what the transaction did, by the same means.
func (f *File) replayBody(e *head, body []byte, off int64) error {
	table := int64(e.ranges) * rangeLen
	switch {
	case table > int64(len(body)):
		return corrupt(off, "entry %d: %d ranges in %d bytes", e.seq, e.ranges, len(body))
	case e.low < 0 || e.low > f.active.size || e.low > e.size || e.size > maxSize:
		return corrupt(off, "entry %d: size from %d over %d to %d", e.seq, f.active.size, e.low, e.size)
	}
	f.reset()
	f.truncate(e.low)
	f.truncate(e.size)
	data := body[table:]
	last := int64(0)
	for t := body[:table]; len(t) > 0; t = t[rangeLen:] {
		at, n := binary.LittleEndian.Uint64(t), binary.LittleEndian.Uint64(t[8:])
		if at < uint64(last) || at > uint64(e.size) || n == 0 || n > uint64(e.size)-at || n > uint64(len(data)) {
			return corrupt(off, "entry %d: range of %d bytes at 0x%x, file of %d, %d bytes left, range before ends at 0x%x",
				e.seq, n, at, e.size, len(data), last)
		}
		if _, err := f.write(data[:n], int64(at)); err != nil {
			return corrupt(off, "entry %d: %v", e.seq, err)
		}
		data, last = data[n:], int64(at+n)
	}
	if len(data) > 0 {
		return corrupt(off, "entry %d: %d bytes in no range", e.seq, len(data))
	}
	f.publish()
	f.shown.Store(0)
	return nil
}

// searchLater looks for what shows that the replay ended too early: an entry that
// was begun when the missing one was known to be on the disk, or one of a later
// epoch than the header can go with.
func (f *File) searchLater(h *header, end int64) error {
	b := make([]byte, 256<<10)
	stop := logSize(h.area)
	for off := int64(areaStart); off < stop; {
		chunk := b[:min(int64(len(b)), stop-off)]
		if _, err := f.log.ReadAt(chunk, off); err != nil {
			return wrap("read journal", err)
		}
		for ; len(chunk) > 0; chunk, off = chunk[sectorSize:], off+sectorSize {
			e, ok := decodeHead(chunk, h.salt)
			switch {
			case !ok || e.epoch < h.epoch:
			case e.epoch > h.epoch+1:
				return corrupt(f.slot, "header of epoch %d is not the newest: entry %d at 0x%x has epoch %d", h.epoch, e.seq, off, e.epoch)
			case e.synced > f.seq:
				return corrupt(end, "entry %d is damaged: entry %d at 0x%x was written after it had been synced", f.seq+1, e.seq, off)
			}
		}
	}
	return nil
}
