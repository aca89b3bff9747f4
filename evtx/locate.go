package evtx

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
)

// layout is where the chunks of a file lie, as far as it can be known.
type layout struct {
	r    io.ReaderAt
	size int64

	header    FileHeader
	headerErr error // why header is none
	sumErr    error // its checksum is not its own

	base   int64   // where chunks begin
	blocks int64   // so many are there, whatever is in them; the last may be cut off
	chunks []place // those of the log, by the numbers of their records
	order  []int32 // of each block its index in chunks, -1: it is not of the log
	next   uint64  // number the next record gets; 0: not known
	tail   tail    // of one that was renewed

	damage []*eventlog.Loss
}

// place is a chunk of the log.
type place struct {
	block       uint32
	well        bool   // its header is well
	first, last uint64 // numbers of its records: as the header says, or else of the first alone
}

// before is the order of places: of those that begin with the same record the one
// that is well comes first, and of those the one that has more.
func (p place) before(q place) int {
	return cmp.Or(cmp.Compare(p.first, q.first), -compareBool(p.well, q.well), -cmp.Compare(p.last, q.last), cmp.Compare(p.block, q.block))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (l *layout) offset(block int64) int64 { return l.base + block*ChunkSize }

// clean says whether the header's numbers can be believed.
func (l *layout) clean() bool {
	return l.headerErr == nil && l.sumErr == nil && l.header.Flags&FlagDirty == 0
}

// locate looks at the head of every chunk and puts them in order. A log goes
// round chunk by chunk, and a file that was put together again from what is left
// of it may have them in any order: what counts is what their records are called.
func locate(r io.ReaderAt, size int64, verify bool) (*layout, error) {
	l := &layout{r: r, size: size, base: HeaderBlockSize}
	if err := l.readHeader(verify); err != nil {
		return nil, err
	}
	if l.blocks = l.count(); l.offset(l.blocks) < size {
		l.lost(l.offset(MaxChunks), fileError("Chunks", 42, fmt.Errorf("what is behind chunk %d is not read: %w", MaxChunks, eventlog.ErrTooLarge)))
	}
	if err := l.survey(verify); err != nil {
		return nil, err
	}
	for _, err := range []error{l.headerErr, l.sumErr} {
		if err == nil {
			continue
		}
		if len(l.chunks) == 0 && l.headerErr != nil {
			return nil, l.headerErr
		}
		l.damage = append(l.damage, &eventlog.Loss{Partial: true, Offset: offsetOf(err, 0), Err: err})
	}
	return l, l.end(verify)
}

// readHeader reads the file header, and finds out where the chunks begin.
func (l *layout) readHeader(verify bool) error {
	var b [HeaderSize]byte
	head := b[:min(HeaderSize, l.size)]
	if err := filelog.ReadFull(l.r, head, 0); err != nil {
		return err
	}
	l.sumErr = nil
	if l.headerErr = l.header.UnmarshalBinary(head); l.headerErr == nil && verify {
		l.sumErr = l.header.Verify(head)
	}
	if bytes.HasPrefix(head, []byte(chunkSignature)) {
		l.base = 0 // chunks without the file around them
	}
	return nil
}

// count is how many chunks there is room for.
func (l *layout) count() int64 {
	return min(max(0, (l.size-l.base+ChunkSize-1)/ChunkSize), MaxChunks)
}

// lost notes damage that may hide records.
func (l *layout) lost(off int64, err error) {
	l.damage = append(l.damage, &eventlog.Loss{Offset: off, Err: err})
}

func offsetOf(err error, otherwise int64) int64 {
	var f *eventlog.FormatError
	if errors.As(err, &f) {
		return f.Offset
	}
	return otherwise
}

// survey finds the chunks of the log.
func (l *layout) survey(verify bool) error {
	s := surveyor{l: l, verify: verify}
	for block := range l.blocks {
		if err := s.look(block); err != nil {
			return err
		}
	}
	slices.SortFunc(l.chunks, place.before)
	// What begins inside of a chunk that is well is a copy of some of it, or its
	// number is damaged. Two that are well may overlap: then the second goes on.
	kept := l.chunks[:0]
	for _, p := range l.chunks {
		if n := len(kept); n > 0 && p.first <= kept[n-1].last && (!p.well || p.last <= kept[n-1].last) {
			continue
		}
		kept = append(kept, p)
	}
	l.chunks = kept
	l.order = make([]int32, l.blocks)
	for i := range l.order {
		l.order[i] = -1
	}
	for i, p := range l.chunks {
		l.order[p.block] = int32(i)
	}
	last := int64(-1)
	for _, p := range l.chunks {
		last = max(last, int64(p.block))
	}
	for _, d := range s.empty {
		if d.from < max(l.counted(), last) {
			l.lost(l.offset(d.from), d.err)
		}
	}
	return nil
}

// counted is how many chunks the header says there are.
func (l *layout) counted() int64 {
	if l.headerErr != nil {
		return 0
	}
	return int64(l.header.Chunks)
}

// surveyor looks at one block after the other.
type surveyor struct {
	l      *layout
	verify bool
	head   [ChunkDataOffset + RecordHeadSize]byte
	whole  []byte
	empty  []stretch // of blocks in which no record is
}

type stretch struct {
	from, to int64
	err      error
}

func (s *surveyor) look(block int64) error {
	l := s.l
	off := l.offset(block)
	b := s.head[:min(int64(len(s.head)), l.size-off)]
	if err := filelog.ReadFull(l.r, b, off); err != nil {
		return err
	}
	var h ChunkHeader
	err := h.UnmarshalBinary(b)
	unwritten := err == nil && h.FirstRecordID == math.MaxUint64
	if unwritten && !l.begun(b) {
		return nil
	}
	p := place{block: uint32(block)}
	if err == nil && !unwritten && len(b) == len(s.head) {
		sum, _ := h.Checksums(b)
		p.well = (sum == h.Checksum || !s.verify || l.unsummed()) && h.LastRecordID >= h.FirstRecordID && h.LastRecordID-h.FirstRecordID < MaxRecordSize
	}
	first, rec := uint64(0), b[min(ChunkDataOffset, len(b)):]
	if p.well && string(rec[:4]) == recordSignature && recordID(rec) == h.FirstRecordID {
		first = h.FirstRecordID // the usual case
	} else {
		var e error
		if first, e = s.search(off); e != nil {
			return e
		}
		// Where the first record is damaged the header still knows its number; a
		// chunk that is used anew has records that its header knows nothing of.
		if p.well && (first == 0 || first > h.FirstRecordID && first <= h.LastRecordID) {
			first = h.FirstRecordID
		}
		p.well = p.well && first == h.FirstRecordID
		if unwritten && first != recordID(rec) {
			return nil // it is just being written
		}
	}
	if first == 0 {
		if err != nil {
			s.nothing(block, moved(err, off))
		}
		return nil
	}
	if l.clean() && block >= l.counted() && l.blocks <= math.MaxUint16 {
		return nil // remains of an older log
	}
	p.first, p.last = first, first
	if p.well {
		p.last = h.LastRecordID
	}
	l.chunks = append(l.chunks, p)
	return nil
}

// begun says whether a chunk has records already though its header says that it was
// made and not written to yet. Headers are brought up to date behind the records, so
// those follow soon after what the file's says; any others are remains.
func (l *layout) begun(b []byte) bool {
	if l.headerErr != nil || l.clean() || len(b) < ChunkDataOffset+RecordHeadSize {
		return false
	}
	rec := b[ChunkDataOffset:]
	return string(rec[:4]) == recordSignature && recordID(rec)-l.header.NextRecordID < ChunkSize/MinRecordSize
}

// nothing notes a block without records; neighbours are one stretch.
func (s *surveyor) nothing(block int64, err error) {
	if n := len(s.empty); n > 0 && s.empty[n-1].to == block {
		s.empty[n-1].to++
		return
	}
	s.empty = append(s.empty, stretch{block, block + 1, err})
}

// search is the number of the first record of a damaged chunk that the next one
// confirms, or else of the first at all; 0 if there is none.
func (s *surveyor) search(off int64) (uint64, error) {
	if s.whole == nil {
		s.whole = make([]byte, ChunkSize)
	}
	b := s.whole[:min(ChunkSize, s.l.size-off)]
	if err := filelog.ReadFull(s.l.r, b, off); err != nil {
		return 0, err
	}
	first, before, end := uint64(0), uint64(0), -1
	for pos := min(ChunkDataOffset, len(b)); ; {
		n := bytes.Index(b[pos:], []byte(recordSignature))
		if n < 0 {
			return first, nil
		}
		pos += n
		size, err := checkRecord(b[pos:], 0)
		if err != nil {
			pos++
			continue
		}
		id := recordID(b[pos:])
		if end == pos && id == before+1 && id > 1 {
			return before, nil
		}
		if first == 0 {
			first = id
		}
		pos += size
		before, end = id, pos
	}
}

func recordID(b []byte) uint64 { return binary.LittleEndian.Uint64(b[8:]) }

// unsummed says that the file keeps no checksums.
func (l *layout) unsummed() bool {
	return l.headerErr == nil && l.header.Flags&FlagNoChecksum != 0
}

// end finds out which number the next record gets.
func (l *layout) end(verify bool) error {
	if len(l.chunks) == 0 {
		if l.headerErr == nil {
			l.next = max(l.header.NextRecordID, 1)
		}
		return nil
	}
	var c Chunk
	i := len(l.chunks) - 1
	if err := c.load(l.r, l.offset(int64(l.chunks[i].block)), l.size, verify); err != nil {
		return err
	}
	c.index(l.span(i), false)
	l.next = c.next(l.chunks[i].first)
	if l.clean() && l.header.NextRecordID > l.next && l.header.NextRecordID-l.next < math.MaxUint32 {
		l.next = l.header.NextRecordID
	}
	return nil
}

// next is the number behind those that a chunk has, which begins with first.
func (c *Chunk) next(first uint64) uint64 {
	next := first + 1
	for _, f := range c.found {
		switch {
		case f.what == isRecord:
			next = max(next, recordID(c.buf[f.at:])+1)
		case f.what == isLoss && !f.loss.Partial:
			next = max(next, f.loss.Last+1)
		}
	}
	return next
}

// span is which records the i-th chunk has of the log.
func (l *layout) span(i int) span {
	if i+1 < len(l.chunks) {
		return span{l.chunks[i].first, l.chunks[i+1].first}
	}
	return span{l.chunks[i].first, math.MaxUint64}
}

// oldest is the number of the oldest record, 0 if there is none.
func (l *layout) oldest() uint64 {
	if len(l.chunks) == 0 {
		return 0
	}
	return l.chunks[0].first
}
