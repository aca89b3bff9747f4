package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Commit makes the open transaction one entry of the journal, written at once.
// With sync it returns when the entry is on the disk; without, when the kernel has
// it, so that only a power cut can take it, and what was committed after it. Then
// readers see it.
//
// Where the data file cannot grow, or the transaction is too large, it is still
// open, and nothing was written. An error that wraps ErrFailed ends all writing.
func (f *File) Commit(sync bool) error {
	if err := f.usable(); err != nil {
		return err
	}
	t := &f.txn
	f.mu.RLock()
	unchanged := len(f.spans) == 0 && t.size == f.active.size && t.low == f.active.size
	f.mu.RUnlock()
	if unchanged {
		f.Rollback()
		if sync {
			return f.Sync()
		}
		return nil
	}
	f.spans = merge(f.spans)
	f.merged = len(f.spans)
	body := rangeLen * int64(len(f.spans))
	for _, s := range f.spans {
		body += s.end - s.off
	}
	if n := stored(body); n > f.area {
		return fmt.Errorf("journal: %w: %d bytes in the journal, limit is %d", ErrTooLarge, n, f.area)
	}
	if err := f.room(stored(body)); err != nil { // and f.end is locked
		return err
	}
	defer f.end.Unlock()
	f.encode(body)
	if _, err := f.log.WriteAt(f.entry, areaStart+int64(f.epoch%2)*f.area+f.pos); err != nil {
		return f.fail("write entry", err)
	}
	f.seq++
	f.filed.Store(f.seq)
	if sync {
		if err := f.syncLog(f.seq); err != nil {
			return err
		}
	}
	f.pos += int64(len(f.entry))
	if err := f.usable(); err != nil { // the sync of another goroutine
		return err
	}
	f.publish()
	f.reset()
	return nil
}

// Sync returns when all that was committed before is on the disk.
func (f *File) Sync() error {
	if err := f.usable(); err != nil {
		return err
	}
	return f.syncLog(f.filed.Load())
}

// room waits until an entry of n bytes fits the area and the transaction's pages
// the memory, and the data file can take them. It returns with f.end locked,
// unless it fails.
func (f *File) room(n int64) error {
	for {
		if err := f.reserve(f.txn.size); err != nil {
			return err
		}
		f.end.Lock()
		f.mu.RLock()
		reserved := f.txn.size <= f.reserved
		f.mu.RUnlock()
		fits := f.pos+n <= f.area && f.fits()
		if reserved && fits {
			return nil
		}
		f.end.Unlock()
		if !fits {
			if err := f.Checkpoint(); err != nil {
				return err
			}
		}
	}
}

// fits reports whether the committed pages and the transaction's are few enough.
// The active layer changes only where end is locked.
func (f *File) fits() bool {
	most := int(f.area >> pageShift)
	have := len(f.active.pages)
	if have+len(f.txn.pages) <= most {
		return true
	}
	for i := range f.txn.pages {
		if f.active.pages[i] == nil {
			have++
		}
	}
	return have <= most
}

// encode makes the entry.
func (f *File) encode(body int64) {
	n := int(stored(body))
	if cap(f.entry) < n {
		f.entry = make([]byte, n+n/4)
	}
	b := f.entry[:n]
	f.entry = b
	at := headLen
	for _, s := range f.spans {
		binary.LittleEndian.PutUint64(b[at:], uint64(s.off))
		binary.LittleEndian.PutUint64(b[at+8:], uint64(s.end-s.off))
		at += rangeLen
	}
	for _, s := range f.spans {
		for off := s.off; off < s.end; {
			in := off & (pageSize - 1)
			k := copy(b[at:], f.txn.pages[off>>pageShift][in:min(pageSize, in+s.end-off)])
			off += int64(k)
			at += k
		}
	}
	clear(b[at:])
	h := head{
		salt: f.salt, epoch: f.epoch, seq: f.seq + 1, synced: f.synced.Load(),
		low: f.txn.low, size: f.txn.size,
		body: uint32(body), ranges: uint32(len(f.spans)),
		sum: crc32.Checksum(b[headLen:at], castagnoli),
	}
	h.put(b)
}

// publish makes the transaction part of the committed state. The caller holds end.
func (f *File) publish() {
	t := &f.txn
	f.mu.Lock()
	a := f.active
	if t.low < a.size {
		a.cut(t.low, f.pool.put)
	}
	f.pool.mu.Lock()
	for i, pg := range t.pages {
		if old := a.pages[i]; old != nil {
			f.pool.free = append(f.pool.free, old)
		}
		a.pages[i] = pg
	}
	f.pool.mu.Unlock()
	a.size = t.size
	f.shown.Add(1)
	f.mu.Unlock()
	clear(t.pages)
	f.dirty.Store(max(f.pos, int64(len(a.pages))<<pageShift))
}

// syncLog returns when entry seq is on the disk.
func (f *File) syncLog(seq uint64) error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	if f.synced.Load() >= seq {
		return f.Err()
	}
	return f.syncNow()
}

// syncNow syncs the journal. The caller holds syncing.
func (f *File) syncNow() error {
	if err := f.Err(); err != nil {
		return err
	}
	filed := f.filed.Load()
	if err := f.log.Sync(); err != nil {
		return f.fail("sync journal", err)
	}
	f.synced.Store(filed)
	return nil
}
