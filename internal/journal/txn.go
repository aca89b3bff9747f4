package journal

import (
	"fmt"
	"io"
)

// WriteAt writes into the open transaction. Behind the end the file grows; what
// lies between is zeros. Where it fails, the bytes it counts are in the
// transaction.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	if err := f.usable(); err != nil {
		return 0, err
	}
	if off < 0 || off > maxSize-int64(len(p)) {
		return 0, fmt.Errorf("journal: write %d bytes at %d: offset is out of range", len(p), off)
	}
	return f.write(p, off)
}

func (f *File) write(p []byte, off int64) (int, error) {
	done := 0
	var err error
	for done < len(p) {
		at := off + int64(done)
		in := at & (pageSize - 1)
		n := min(len(p)-done, int(pageSize-in))
		var pg *page
		if pg, err = f.page(at>>pageShift, n == pageSize); err != nil {
			break
		}
		copy(pg[in:], p[done:done+n])
		done += n
	}
	if done > 0 {
		f.note(off, off+int64(done))
		f.txn.size = max(f.txn.size, off+int64(done))
	}
	return done, err
}

// page is the transaction's page i. If it is not going to be overwritten as a
// whole, it begins as what is committed.
func (f *File) page(i int64, whole bool) (*page, error) {
	if f.lastPage != nil && f.lastIndex == i {
		return f.lastPage, nil
	}
	pg := f.txn.pages[i]
	if pg == nil {
		if have := int64(len(f.txn.pages)) + 1; have<<pageShift > f.area {
			return nil, fmt.Errorf("journal: %w: limit is %d bytes in pages of %d", ErrTooLarge, f.area, pageSize)
		}
		pg = f.pool.get()
		if !whole {
			start := i << pageShift
			n := 0
			if start < f.txn.low {
				var err error
				if n, err = f.read(&f.txn, pg[:], start); err != nil && err != io.EOF {
					f.pool.put(pg)
					return nil, err
				}
			}
			clear(pg[n:])
		}
		f.txn.pages[i] = pg
	}
	f.lastIndex, f.lastPage = i, pg
	return pg, nil
}

// note keeps a written range.
func (f *File) note(off, end int64) {
	if n := len(f.spans); n > 0 {
		if last := &f.spans[n-1]; off <= last.end && end >= last.off {
			last.off, last.end = min(last.off, off), max(last.end, end)
			return
		}
	}
	if len(f.spans) >= 2*f.merged+256 {
		f.spans = merge(f.spans)
		f.merged = len(f.spans)
	}
	f.spans = append(f.spans, span{off, end})
}

// Truncate sets the size in the open transaction. To make the file longer it
// reserves the space in the data file first, and fails where there is none.
func (f *File) Truncate(size int64) error {
	if err := f.usable(); err != nil {
		return err
	}
	if size < 0 || size > maxSize {
		return fmt.Errorf("journal: truncate to %d bytes: size is out of range", size)
	}
	if size > f.txn.size {
		if err := f.reserve(size); err != nil {
			return err
		}
	}
	f.truncate(size)
	return nil
}

func (f *File) truncate(size int64) {
	if size >= f.txn.size {
		f.txn.size = size
		return
	}
	f.txn.cut(size, f.pool.put)
	f.lastPage = nil
	kept := f.spans[:0]
	for _, s := range f.spans {
		if s.end = min(s.end, size); s.off < s.end {
			kept = append(kept, s)
		}
	}
	f.spans = kept
}

// ReadAt reads what the writer sees: the open transaction over what is committed.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.read(&f.txn, p, off) }

// Size is that of the file as the writer sees it.
func (f *File) Size() (int64, error) { return f.txn.size, nil }

// Rollback forgets the open transaction.
func (f *File) Rollback() {
	f.pool.putAll(&f.txn)
	f.reset()
}

// reset begins a transaction. Its pages are gone already.
func (f *File) reset() {
	f.mu.RLock()
	f.txn.low, f.txn.size = f.active.size, f.active.size
	f.mu.RUnlock()
	f.lastPage = nil
	f.spans, f.merged = f.spans[:0], 0
}

// reserve sees to it that the data file can become size bytes long.
func (f *File) reserve(size int64) error {
	for {
		f.mu.RLock()
		done, shrinks := size <= f.reserved, f.shrinks
		f.mu.RUnlock()
		if done {
			return nil
		}
		if shrinks { // and would give back what is reserved now
			if err := f.settle(); err != nil {
				return err
			}
			continue
		}
		// Locked out: a checkpoint that begins now and shrinks.
		f.end.Lock()
		err := f.allocate(size)
		f.end.Unlock()
		if err != nil {
			return wrap(fmt.Sprintf("reserve %d bytes of the data file", size), err)
		}
	}
}

func (f *File) allocate(size int64) error {
	f.mu.RLock()
	shrinks := f.shrinks
	f.mu.RUnlock()
	if shrinks {
		return nil
	}
	if err := allocate(f.data, size); err != nil {
		return err
	}
	f.mu.Lock()
	f.reserved = max(f.reserved, size)
	f.mu.Unlock()
	return nil
}
