package journal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
)

// Open makes a File of a data file and its journal, both opened for reading and
// writing and used by nobody else. An empty log becomes a journal; any data file
// will do for that. What the last use left in the journal is brought into the data
// file first. The File closes both; where Open fails, the caller does.
func Open(data, log Storage, opts *Options) (*File, error) {
	f := newFile(data, log, opts)
	area := f.area
	h, size, err := f.load(true)
	if err != nil {
		return nil, err
	}
	f.area = area
	// Nothing that was in the areas may count again: neither by its epoch, since
	// what was lost before it is going to be written anew, nor by a salt that
	// stood in a file that somebody may have read.
	var salt [8]byte
	_, _ = rand.Read(salt[:]) // never fails
	f.salt = binary.LittleEndian.Uint64(salt[:])
	f.epoch = h.epoch + 2
	f.next, f.last = f.epoch, f.seq
	f.filed.Store(f.seq)
	if err := f.extendLog(size); err != nil {
		return nil, wrap("reserve journal", err)
	}
	f.syncing.Lock()
	err = f.syncNow() // a killed process may have left it to the kernel
	f.syncing.Unlock()
	if err != nil {
		return nil, err
	}
	if f.active.size > f.base {
		if err := allocate(f.data, f.active.size); err != nil {
			return nil, wrap("reserve data file", err)
		}
	}
	f.reserved = f.active.size
	f.exchange()
	if err := f.settleFrozen(); err != nil {
		return nil, err
	}
	if size > logSize(f.area) {
		if err := f.log.Truncate(logSize(f.area)); err != nil {
			return nil, wrap("truncate journal", err)
		}
	}
	f.reset()
	f.dirty.Store(0)
	return f, nil
}

// OpenReadOnly makes a File for readers of a data file and its journal, as Open
// would, and writes nothing: what is in the journal is held in memory. A nil or
// empty log is no journal. Nobody may write to the two meanwhile.
func OpenReadOnly(data, log Storage) (*File, error) {
	f := newFile(data, log, nil)
	if _, _, err := f.load(false); err != nil {
		return nil, err
	}
	f.reset()
	f.readOnly = true
	if log == nil {
		f.log = noLog{}
	}
	return f, nil
}

type noLog struct{ Storage }

func (noLog) Close() error { return nil }

// load reads the journal into the active layer. It gives the header in force and
// the size of the journal.
func (f *File) load(rewrite bool) (h header, size int64, err error) {
	have, err := f.data.Size()
	if err != nil {
		return h, 0, wrap("data file", err)
	}
	if f.log != nil {
		if size, err = f.log.Size(); err != nil {
			return h, 0, wrap("journal", err)
		}
	}
	fresh := size == 0
	if !fresh {
		if h, fresh, err = f.readHeader(size); err != nil {
			return h, 0, err
		}
	}
	if fresh {
		f.slot = slotSize // so that the first slot is written
		f.begin(have)
		return h, size, nil
	}
	f.salt, f.area = h.salt, h.area
	f.begin(h.size)
	f.base = min(h.size, have) // a checkpoint that was cut off may have made it shorter
	err = f.replay(&h, have, rewrite)
	return h, size, err
}

// readHeader finds the header in force. fresh is true if none was ever written.
func (f *File) readHeader(size int64) (h header, fresh bool, err error) {
	var b [sectorSize]byte
	found, zeros := false, true
	for slot := int64(0); slot <= slotSize; slot += slotSize {
		n, err := f.log.ReadAt(b[:], slot)
		if err != nil && err != io.EOF {
			return h, false, wrap("read header", err)
		}
		zeros = zeros && allZero(b[:n])
		got, err := decodeHeader(b[:n])
		if errors.Is(err, errBadSlot) {
			continue
		}
		if err != nil {
			return h, false, corrupt(slot, "header: %v", err)
		}
		if !found || got.epoch > h.epoch {
			h, f.slot, found = got, slot, true
		}
	}
	if found && logSize(h.area) > size { // the other slot may be from when it was longer
		return h, false, corrupt(f.slot, "journal of %d bytes, its header says %d", size, logSize(h.area))
	}
	if found {
		return h, false, nil
	}
	if zeros {
		if zeros, err = f.neverWritten(size); err != nil {
			return h, false, wrap("read journal", err)
		}
	}
	if !zeros {
		return h, false, corrupt(0, "no valid header in either slot")
	}
	return h, true, nil
}

// neverWritten reports whether the journal is zeros throughout: the first thing
// that is written is the header, synced before any entry.
func (f *File) neverWritten(size int64) (bool, error) {
	b := make([]byte, min(size, 256<<10))
	for off := int64(0); off < size; off += int64(len(b)) {
		n, err := f.log.ReadAt(b, off)
		if err != nil && err != io.EOF {
			return false, err
		}
		if !allZero(b[:n]) {
			return false, nil
		}
	}
	return true, nil
}

var zeroSector [sectorSize]byte

func allZero(b []byte) bool {
	for len(b) > sectorSize {
		if !bytes.Equal(b[:sectorSize], zeroSector[:]) {
			return false
		}
		b = b[sectorSize:]
	}
	return bytes.Equal(b, zeroSector[:len(b)])
}

// extendLog reserves the journal's full size, of which it has size bytes.
func (f *File) extendLog(size int64) error {
	want := logSize(f.area)
	if size >= want {
		return nil
	}
	if err := allocate(f.log, want); err != nil {
		return err
	}
	return f.log.Truncate(want)
}
