package journal

import (
	"slices"
)

const runSize = 256 << 10 // of one write into the data file

// Checkpoint brings all that was committed before into the data file, and makes
// the journal's entries void. Commits and readers go on meanwhile, in the other
// area. After an error of the data file that is no failed sync, the journal keeps
// what it has and the next Checkpoint tries again.
func (f *File) Checkpoint() error {
	if err := f.usable(); err != nil {
		return err
	}
	f.checkpoint.Lock()
	defer f.checkpoint.Unlock()
	if err := f.settleFrozen(); err != nil {
		return err
	}
	if err := f.freeze(); err != nil {
		return err
	}
	return f.settleFrozen()
}

// settle waits for the checkpoint that runs, or tries again one that could not end.
func (f *File) settle() error {
	f.checkpoint.Lock()
	defer f.checkpoint.Unlock()
	return f.settleFrozen()
}

// freeze ends the epoch, if there is anything in it.
func (f *File) freeze() error {
	f.end.Lock()
	defer f.end.Unlock()
	if err := f.Err(); err != nil || f.pos == 0 {
		return err
	}
	have, err := f.data.Size()
	if err != nil {
		return wrap("data file", err)
	}
	f.mu.Lock()
	f.exchange()
	f.shrinks = f.frozen.size < have
	if f.shrinks {
		f.reserved = f.frozen.size
	}
	f.mu.Unlock()
	f.last = f.seq
	f.epoch++
	f.next = f.epoch
	f.pos = 0
	f.dirty.Store(0)
	return nil
}

// exchange makes the active layer the frozen one.
func (f *File) exchange() {
	f.frozen, f.active, f.spare = f.active, f.spare, nil
	f.active.low, f.active.size = f.frozen.size, f.frozen.size
}

// settleFrozen writes the frozen layer into the data file and moves the header
// behind it. The caller holds checkpoint.
func (f *File) settleFrozen() error {
	if f.frozen == nil {
		return f.Err()
	}
	if err := f.syncLog(f.last); err != nil { // before the data file is touched
		return err
	}
	if err := f.apply(f.frozen); err != nil {
		return err
	}
	if err := f.writeHeader(&header{f.next, f.last + 1, f.salt, f.area, f.frozen.size}); err != nil {
		return err
	}
	done := f.frozen
	f.mu.Lock()
	f.frozen = nil
	f.base = done.size
	f.gen++
	f.shrinks = false
	f.mu.Unlock()
	f.pool.putAll(done)
	f.spare = done // read by freeze only, under checkpoint
	return nil
}

// apply makes the data file what l says, and syncs it.
func (f *File) apply(l *layer) error {
	have, err := f.resize(l.size)
	if err != nil {
		return wrap("resize data file", err)
	}
	if err := f.zero(l, min(have, l.size)); err != nil {
		return wrap("write data file", err)
	}
	if err := f.writePages(l); err != nil {
		return wrap("write data file", err)
	}
	if err := f.data.Sync(); err != nil {
		return f.fail("sync data file", err)
	}
	return nil
}

// resize gives the data file its size, and the size it had. Nothing is reserved
// meanwhile; what was is reserved again, since a file system may give it back.
func (f *File) resize(size int64) (have int64, err error) {
	f.end.Lock()
	defer f.end.Unlock()
	if have, err = f.data.Size(); err != nil || have == size {
		return have, err
	}
	if err := f.data.Truncate(size); err != nil {
		return have, err
	}
	f.mu.RLock()
	more := f.reserved
	f.mu.RUnlock()
	if more > size {
		err = allocate(f.data, more)
	}
	return have, err
}

// zero clears what the file lost by becoming shorter and got back, as far as no
// page overwrites it. A truncation would give up the space with it.
func (f *File) zero(l *layer, have int64) error {
	var zeros []byte
	for off := l.low; off < have; {
		end := off
		for end < have && end-off < runSize && l.pages[end>>pageShift] == nil {
			end = min(have, (end>>pageShift+1)<<pageShift)
		}
		if end == off {
			off = (off>>pageShift + 1) << pageShift
			continue
		}
		if zeros == nil {
			zeros = make([]byte, runSize+pageSize)
		}
		if _, err := f.data.WriteAt(zeros[:end-off], off); err != nil {
			return err
		}
		off = end
	}
	return nil
}

// writePages writes whole pages, those that touch in one piece: what did not
// change in one is overwritten by what it is.
func (f *File) writePages(l *layer) error {
	index := make([]int64, 0, len(l.pages))
	for i := range l.pages {
		index = append(index, i)
	}
	slices.Sort(index)
	if f.run == nil {
		f.run = make([]byte, 0, runSize)
	}
	for len(index) > 0 {
		first := index[0]
		run := f.run[:0]
		for len(index) > 0 && index[0] == first+int64(len(run)>>pageShift) && len(run) < runSize {
			run = append(run, l.pages[index[0]][:]...)
			index = index[1:]
		}
		off := first << pageShift
		if _, err := f.data.WriteAt(run[:before(l.size, off, len(run))], off); err != nil {
			return err
		}
	}
	return nil
}

// writeHeader puts h into the slot that is not in force, and syncs it.
func (f *File) writeHeader(h *header) error {
	if err := f.Err(); err != nil {
		return err
	}
	slot := slotSize - f.slot
	if _, err := f.log.WriteAt(h.encode(), slot); err != nil {
		return f.fail("write header", err)
	}
	f.syncing.Lock()
	defer f.syncing.Unlock()
	if err := f.syncNow(); err != nil {
		return err
	}
	f.slot = slot
	return nil
}
