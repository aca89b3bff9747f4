package evtx

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"math"

	"netelf.example/binxml"
	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
)

// Chunk is one chunk of a file, with what was found in it. It is loaded again and
// again, so that a walk takes the memory of one; it is for one goroutine.
type Chunk struct {
	Header    ChunkHeader
	HeaderErr error // why Header is none
	SumErr    error // the header's checksum is not its own
	DataErr   error // the records' checksum is not their own

	buf   []byte // what of the chunk is in the file
	off   int64  // where it begins in the file
	block []byte
	m     binxml.Machine
	found []entry
	rec   Record

	verified bool // checksums were compared
}

// entry is what stands at a place of a chunk.
type entry struct {
	what     entryKind
	at, size uint32
	loss     *eventlog.Loss
}

type entryKind uint8

const (
	isRecord   entryKind = iota // of the log
	isRecovery                  // that the log does not reach
	isLoss
)

// load reads the chunk at off. A chunk that is cut off has what is left of it.
func (c *Chunk) load(r io.ReaderAt, off, size int64, verify bool) error {
	if c.block == nil {
		c.block = make([]byte, ChunkSize)
	}
	c.verified = verify
	c.off, c.buf = off, c.block[:max(0, min(ChunkSize, size-off))]
	c.found = c.found[:0]
	if err := filelog.ReadFull(r, c.buf, off); err != nil {
		return err
	}
	c.m.Load(c.buf, off)
	c.Header, c.SumErr, c.DataErr = ChunkHeader{}, nil, nil
	c.HeaderErr = c.Header.UnmarshalBinary(c.buf)
	if c.HeaderErr != nil {
		c.HeaderErr = moved(c.HeaderErr, off)
		return nil
	}
	if verify && len(c.buf) >= ChunkDataOffset {
		header, data := c.Header.Checksums(c.buf)
		if header != c.Header.Checksum {
			c.SumErr = chunkError(off, "Checksum", 124, errChecksum(c.Header.Checksum, header))
		}
		if data != c.Header.DataChecksum && c.SumErr == nil { // or else nobody knows of what
			c.DataErr = chunkError(off, "DataChecksum", 52, errChecksum(c.Header.DataChecksum, data))
		}
	}
	return nil
}

// moved is a FormatError of a structure that stands at off.
func moved(err error, off int64) error {
	if f, ok := err.(*eventlog.FormatError); ok {
		e := *f
		e.Offset += off
		return &e
	}
	return err
}

// Offset is where the chunk begins in its file.
func (c *Chunk) Offset() int64 { return c.off }

// Bytes is the chunk as it lies in the file, shorter where it is cut off.
func (c *Chunk) Bytes() []byte { return c.buf }

// planOf is where a template has its fields, if it stands in such a place. It is
// kept with the template.
func planOf(t *binxml.Template, in scope) *plan {
	p, ok := t.Kept.(*[scopeCount]*plan)
	if !ok {
		p = new([scopeCount]*plan)
		t.Kept = p
	}
	if p[in] == nil {
		p[in] = newPlan(t, in)
	}
	return p[in]
}

// span is which record numbers a chunk has of the log: from its first up to what
// the next chunk begins with.
type span struct{ first, next uint64 }

// rest is where the free space begins.
func (c *Chunk) rest() int {
	if c.HeaderErr != nil || c.SumErr != nil {
		return len(c.buf) // nobody knows
	}
	return min(int(c.Header.FreeSpaceOffset), len(c.buf))
}

// index finds all that stands in the chunk. Records are of the log while their
// numbers ascend inside of the span; a damaged stretch is searched for the next
// signature. Behind the records, in what is free or has remains of older use, a
// record is of the log only if it goes on counting right where the others end:
// then the chunk was being written. The others are listed if recovered is asked
// for.
func (c *Chunk) index(s span, recovered bool) {
	c.found = c.found[:0]
	free := c.rest()
	x := indexer{c: c, last: s.first - 1, next: s.next, end: ChunkDataOffset}
	pos := ChunkDataOffset
	for pos < len(c.buf) {
		slack := pos >= free
		size, err := checkRecord(c.buf[pos:], c.off+int64(pos))
		if err == nil {
			id := recordID(c.buf[pos:])
			live := id > x.last && id < s.next && (!slack || id == x.last+1 && x.end == pos) && x.believes(pos, size, id)
			switch {
			case live:
				x.record(pos, size, id)
			case slack && !recovered:
				pos = len(c.buf)
				continue
			default:
				if !slack {
					x.note(recordError(c.off+int64(pos), "RecordID", 8, fmt.Errorf("%d does not fit: %d comes next", id, x.last+1)))
				}
				x.c.found = append(x.c.found, entry{what: isRecovery, at: uint32(pos), size: uint32(size)})
			}
			pos += size
			continue
		}
		if slack && !recovered || c.rest() == len(c.buf) && zeros(c.buf[pos:]) {
			break
		}
		if !slack {
			x.note(err)
		}
		n := bytes.Index(c.buf[pos+1:], []byte(recordSignature))
		if n < 0 {
			break
		}
		pos += 1 + n
	}
	x.finish(s)
}

// zeros says whether b is nothing else: free space whose beginning nobody knows.
func zeros(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// indexer lists what a chunk has.
type indexer struct {
	c    *Chunk
	last uint64 // number of the newest record
	next uint64
	end  int // behind it
	bad  error
}

// note remembers what is wrong since the last record.
func (x *indexer) note(err error) {
	if x.bad == nil {
		x.bad = err
	}
}

func (x *indexer) record(at, size int, id uint64) {
	if x.bad != nil || id != x.last+1 {
		x.lose(id, at)
	}
	x.c.found = append(x.c.found, entry{what: isRecord, at: uint32(at), size: uint32(size)})
	x.last, x.end = id, at+size
}

// believes says whether a number can be right: the next one; one for which the
// stretch that was skipped has room for those between; one that the next record
// confirms; or the last one that the header knows of.
func (x *indexer) believes(at, size int, id uint64) bool {
	if id == x.last+1 || id-x.last-1 <= uint64(at-x.end)/MinRecordSize {
		return true
	}
	c := x.c
	if _, err := checkRecord(c.buf[at+size:], 0); err == nil && recordID(c.buf[at+size:]) == id+1 {
		return true
	}
	return c.HeaderErr == nil && c.SumErr == nil && id == c.Header.LastRecordID
}

// lose says what is missing before number id.
func (x *indexer) lose(id uint64, at int) {
	l := &eventlog.Loss{Offset: x.c.off + int64(at), First: x.last + 1, Last: id - 1, Err: x.bad}
	if x.bad == nil {
		l.Err = recordError(l.Offset, "RecordID", 8, fmt.Errorf("%d where %d comes next", id, x.last+1))
	} else if f, ok := x.bad.(*eventlog.FormatError); ok {
		l.Offset = f.Offset
	}
	if l.First > l.Last {
		*l = eventlog.Loss{Offset: l.Offset, Partial: true, Err: l.Err}
	}
	x.bad = nil
	x.c.found = append(x.c.found, entry{what: isLoss, loss: l})
}

// finish says what is missing behind the last record, as far as the chunk's
// header knows it.
func (x *indexer) finish(s span) {
	h := &x.c.Header
	if x.c.HeaderErr == nil && x.c.SumErr == nil && h.LastRecordID < math.MaxUint64 && h.LastRecordID > x.last && h.LastRecordID < s.next && h.LastRecordID-s.first < MaxRecordSize {
		x.note(chunkError(x.c.off, "LastRecordID", 32, fmt.Errorf("%d, but the last record is %d", h.LastRecordID, x.last)))
		x.lose(h.LastRecordID+1, x.c.rest())
		x.last = h.LastRecordID
		return
	}
	if x.bad != nil {
		x.c.found = append(x.c.found, entry{what: isLoss, loss: &eventlog.Loss{Offset: offsetOf(x.bad, x.c.off), Partial: true, Err: x.bad}})
	}
}

// Records ranges over the records of the chunk: recovered says of each that the
// log does not reach it. A record is a view that is valid until the next.
func (c *Chunk) Records() iter.Seq2[*Record, bool] {
	return func(yield func(*Record, bool) bool) {
		for _, f := range c.found {
			if f.what == isLoss {
				continue
			}
			c.rec.set(c, int(f.at), int(f.size))
			if !yield(&c.rec, f.what == isRecovery) {
				return
			}
		}
	}
}

// Losses are what is missing in the chunk, in the order of the records.
func (c *Chunk) Losses() []*eventlog.Loss {
	var all []*eventlog.Loss
	for _, f := range c.found {
		if f.what == isLoss {
			all = append(all, f.loss)
		}
	}
	return all
}
