package evt

import (
	"encoding/binary"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
)

// state is where a log's records lie and which they are.
type state struct {
	size         int64 // of the file
	begin, end   int64 // of the oldest record, of the EOF record; equal where the log is empty
	oldest, next uint32
}

func (s *state) ring() ring { return ring{HeaderSize, s.size} }

func (s *state) eof() *EOFRecord {
	return &EOFRecord{uint32(s.begin), uint32(s.end), s.next, s.oldest}
}

// skip is how many bytes are filled up before the next record.
func (s *state) skip() int64 {
	if left := s.size - s.end; left < RecordHeadSize {
		return left
	}
	return 0
}

// fits says whether a record of n bytes and the EOF record have room before the
// oldest record.
func (s *state) fits(n int64) bool {
	return s.skip()+n+EOFSize <= s.ring().dist(s.end, s.begin)
}

// grow makes the file long enough for a record of n bytes and the EOF record in
// one piece, or as long as it may become, if it can grow at all.
func (s *state) grow(n, limit int64) {
	if need := s.end + n + EOFSize; need > s.size && s.begin <= s.end && s.end+EOFSize <= s.size {
		s.size = max(s.size, min(limit, (need+SizeStep-1)&^(SizeStep-1)))
	}
}

// plan is what an append will do, all decided before anything is written.
type plan struct {
	freed   state // with the records removed that have to go
	restart bool  // all of them have: begin again at HeaderSize
	removed bool
	grown   int64 // the file's size from here on
	start   int64 // where the record begins
	done    state
}

func (w *Writer) plan(n int64, number, written uint32) (p plan, err error) {
	if n+EOFSize > w.max-HeaderSize {
		return p, tooLarge("record", n, w.max-HeaderSize-EOFSize)
	}
	if number == 0 || number == 1<<32-1 { // none would be left for the next
		return p, w.refuse("record numbers are used up")
	}
	p.freed = w.s
	s := w.s
	for s.oldest != 0 {
		if s.grow(n, w.max); s.fits(n) {
			break
		}
		if err := w.removeOldest(&s, number, written); err != nil {
			return p, err
		}
		p.removed = true
	}
	p.freed.begin, p.freed.oldest = s.begin, s.oldest
	if s.oldest == 0 {
		p.restart = s.end != HeaderSize
		s.begin, s.end = HeaderSize, HeaderSize
		s.grow(n, w.max)
	}
	p.grown = s.size
	p.start = s.ring().add(s.end, s.skip())
	s.end = s.ring().add(p.start, n)
	s.next = number + 1
	if s.oldest == 0 {
		s.begin, s.oldest = p.start, number
	}
	p.done = s
	return p, nil
}

// removeOldest takes the oldest record out of s, if it may go.
func (w *Writer) removeOldest(s *state, number, written uint32) error {
	b, err := w.front.head(w, s.begin)
	if err != nil {
		return err
	}
	have := binary.LittleEndian.Uint32(b[atRecordNumber:])
	if have != s.oldest {
		return errNotOldest(s.begin, have, s.oldest)
	}
	if w.disk.Retention != 0 {
		age := int64(written) - int64(binary.LittleEndian.Uint32(b[atTimeWritten:]))
		if w.disk.Retention == RetainForever || age < int64(w.disk.Retention) {
			return w.refuse(fmt.Sprintf("record %d may not be overwritten", s.oldest))
		}
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if left := s.ring().dist(s.begin, s.end); n > left {
		return recordError(s.begin, "Length", atLength, fmt.Errorf("0x%x, but 0x%x bytes up to the EOF record", n, left))
	}
	at := s.ring().add(s.begin, n)
	if at != s.end && s.size-at < RecordHeadSize {
		at = HeaderSize
	}
	if at == s.end {
		s.begin, s.oldest = at, 0
		return nil
	}
	if b, err = w.front.head(w, at); err != nil {
		return err
	}
	after := binary.LittleEndian.Uint32(b[atRecordNumber:])
	if after <= have || after >= number {
		return recordError(at, "RecordNumber", atRecordNumber, fmt.Errorf("%d behind %d, newest is %d", after, have, s.next-1))
	}
	s.begin, s.oldest = at, after
	return nil
}

// refuse marks the log as full.
func (w *Writer) refuse(why string) error {
	h := w.disk
	h.Flags |= FlagFull
	if err := w.writeHeader(&h); err != nil {
		return fmt.Errorf("%w: %s; mark it so: %w", eventlog.ErrLogFull, why, err)
	}
	return fmt.Errorf("%w: %s", eventlog.ErrLogFull, why)
}

// front is a small window over the oldest records, whose lengths, numbers and
// times are needed when they are removed.
type front struct {
	buf []byte
	b   []byte // the part of buf that is good
	off int64  // where b begins in the file
}

const frontSize = 8 << 10

// head is the checked fixed part of the record at off.
func (fr *front) head(w *Writer, off int64) ([]byte, error) {
	if off < fr.off || off+RecordHeadSize > fr.off+int64(len(fr.b)) {
		// Never beyond the records: what lies there will be written to.
		limit := w.s.size
		if off < w.s.end {
			limit = w.s.end
		}
		if off < HeaderSize || limit-off < RecordHeadSize {
			return nil, recordError(off, "", 0, fmt.Errorf("need 0x%x bytes, have 0x%x", RecordHeadSize, max(0, limit-off)))
		}
		if fr.buf == nil {
			fr.buf = make([]byte, frontSize)
		}
		fr.b = nil
		b := fr.buf[:min(frontSize, limit-off)]
		if err := filelog.ReadFull(w.f, b, off); err != nil {
			return nil, fmt.Errorf("read the oldest record: %w", err)
		}
		fr.b, fr.off = b, off
	}
	b := fr.b[off-fr.off:][:RecordHeadSize]
	return b, checkHead(b, off)
}

// wrote forgets what was overwritten.
func (fr *front) wrote(off, n int64) {
	if off < fr.off+int64(len(fr.b)) && fr.off < off+n {
		fr.b = nil
	}
}

// passed forgets what lies before the oldest record: it is overwritten next.
func (fr *front) passed(begin int64) {
	if d := begin - fr.off; d > 0 && d < int64(len(fr.b)) {
		fr.b, fr.off = fr.b[d:], begin
	}
}
