package evt

import (
	"errors"
	"fmt"

	"netelf.example/eventlog"
)

// layout is where the records of a file lie, as far as it can be known.
type layout struct {
	ring
	header    FileHeader
	headerErr error // why header is none

	begin, end int64 // the live zone: of the oldest record, of the EOF record
	live       int64 // bytes from begin to end along the ring; 0: no records
	eofLen     int64 // EOFSize, 0 where there is no EOF record
	oldest     uint32
	next       uint32 // number the next record gets; 0: not known
	known      bool   // oldest is known

	tail   tail             // of one that was renewed
	damage []*eventlog.Loss // what was found wrong on the way
}

// maxEOFCandidates bounds how many copies of an EOF record are looked at.
const maxEOFCandidates = 10000

// locate finds the live zone. The header is right in a clean file; in a dirty one
// its fields are stale and the EOF record's are current, and that stands behind
// the newest record. Where neither can be had, the newest record that the file
// holds ends the log.
func locate(w *window) (*layout, error) {
	l := &layout{ring: ring{HeaderSize, w.size}}
	if w.size < HeaderSize {
		return nil, headerError("", 0, fmt.Errorf("need %d bytes, have %d", HeaderSize, w.size))
	}
	b, err := w.at(0, HeaderSize, false)
	if err != nil {
		return nil, err
	}
	l.headerErr = l.header.UnmarshalBinary(b)
	if l.size == l.base {
		return l, l.headerErr
	}
	for _, find := range []func(*window) (bool, error){l.byHeader, l.byChain, l.bySearch, l.byCleanHeader, l.byNewest} {
		if ok, err := find(w); ok || err != nil {
			return l, err
		}
	}
	// Not one record, and no EOF record either.
	if l.headerErr != nil {
		return nil, l.headerErr
	}
	l.next, l.known = max(l.header.CurrentRecordNumber, 1), true
	l.unknown(eofError(int64(l.header.EndOffset), errors.New("no EOF record and no records in the whole file")))
	return l, nil
}

func eofError(at int64, err error) error {
	return &eventlog.FormatError{Format: "evt", Struct: "ELF_EOF_RECORD", Offset: at, Err: err}
}

// intact notes damage by which no record is lost, unknown such that may hide some.
func (l *layout) intact(err error) {
	l.damage = append(l.damage, &eventlog.Loss{Partial: true, Offset: offsetOf(err), Err: err})
}
func (l *layout) unknown(err error) {
	l.damage = append(l.damage, &eventlog.Loss{Offset: offsetOf(err), Err: err})
}

func offsetOf(err error) int64 {
	var f *eventlog.FormatError
	if errors.As(err, &f) {
		return f.Offset
	}
	return -1
}

func (l *layout) inside(off uint32) bool { return int64(off) >= l.base && int64(off) < l.size }

// eofAt is the EOF record at off if it is one that was current when it was
// written: its EndRecord is its own offset.
func (l *layout) eofAt(w *window, off int64) (EOFRecord, bool, error) {
	var r EOFRecord
	if off < l.base || off >= l.size || l.total() < EOFSize {
		return r, false, nil
	}
	var b [EOFSize]byte
	if err := l.read(w, b[:], off); err != nil {
		return r, false, err
	}
	ok := r.UnmarshalBinary(b[:]) == nil && int64(r.EndRecord) == off && int64(r.BeginRecord) >= l.base
	return r, ok, nil
}

// beginAt is where the ring begins that has its oldest record at off: at the base,
// if what was there has been cut off.
func (l *layout) beginAt(off uint32) int64 {
	if !l.inside(off) {
		return l.base
	}
	return int64(off)
}

// take believes an EOF record.
func (l *layout) take(r EOFRecord) {
	l.begin, l.end, l.eofLen = l.beginAt(r.BeginRecord), int64(r.EndRecord), EOFSize
	l.oldest, l.next, l.known = r.OldestRecordNumber, r.CurrentRecordNumber, true
	l.live = l.dist(l.begin, l.end)
	if l.oldest == 0 || l.oldest >= l.next {
		l.oldest, l.live = 0, 0
	}
	if l.headerErr != nil {
		l.intact(l.headerErr)
		return
	}
	if h := &l.header; h.Flags&FlagDirty == 0 {
		for _, f := range []struct {
			name      string
			at        int64
			have, eof uint32
		}{
			{"StartOffset", 16, h.StartOffset, r.BeginRecord},
			{"EndOffset", 20, h.EndOffset, r.EndRecord},
			{"CurrentRecordNumber", 24, h.CurrentRecordNumber, r.CurrentRecordNumber},
			{"OldestRecordNumber", 28, h.OldestRecordNumber, r.OldestRecordNumber},
		} {
			if f.have != f.eof {
				l.intact(headerError(f.name, f.at, fmt.Errorf("0x%x, but the EOF record at 0x%x says 0x%x", f.have, r.EndRecord, f.eof)))
			}
		}
	}
}

// byHeader: the EOF record is where the header says.
func (l *layout) byHeader(w *window) (bool, error) {
	if l.headerErr != nil {
		return false, nil
	}
	r, ok, err := l.eofAt(w, int64(l.header.EndOffset))
	if !ok || err != nil {
		return false, err
	}
	h := EOFRecord{l.header.StartOffset, l.header.EndOffset, l.header.CurrentRecordNumber, l.header.OldestRecordNumber}
	if l.clean() && h != r {
		// One of the two is damaged.
		byHeader, err := l.fits(w, h)
		if err != nil {
			return false, err
		}
		byEOF, err := l.fits(w, r)
		if err != nil {
			return false, err
		}
		if byHeader > byEOF {
			l.intact(eofError(int64(h.EndRecord), fmt.Errorf("%+v does not fit the records, the header does", r)))
			r = h
		}
	}
	l.take(r)
	return true, nil
}

// byChain: what was written since the header was begins where the EOF record was
// then, and ends at the current one.
func (l *layout) byChain(w *window) (bool, error) {
	if l.headerErr != nil || !l.inside(l.header.EndOffset) {
		return false, nil
	}
	return l.chain(w, int64(l.header.EndOffset))
}

// chain goes from a place where a record begins, or the EOF record stands, to that.
func (l *layout) chain(w *window, from int64) (bool, error) {
	k := walker{ring: l.ring, w: w, pos: from, left: l.total(), slack: true}
	var rec Record
	for k.left > 0 {
		if l.size-k.pos >= RecordHeadSize {
			err := k.parse(&rec)
			if err == nil {
				k.advance(int64(len(rec.b)))
				continue
			}
			if !isFormat(err) {
				return false, err
			}
		}
		r, ok, err := l.eofAt(w, k.pos)
		if ok || err != nil {
			if ok {
				l.take(r)
			}
			return ok, err
		}
		rest := l.size - k.pos
		if rest >= RecordHeadSize {
			return false, nil
		}
		k.advance(rest)
	}
	return false, nil
}

// bySearch: of all EOF records in the file that are at their own offset, the one
// that fits what stands around it best, and then the newest.
func (l *layout) bySearch(w *window) (bool, error) {
	if l.size > 1<<32 {
		return false, nil // no EOF record can name its offset
	}
	var best EOFRecord
	score := -1
	consider := func(off int64) error {
		r, ok, err := l.eofAt(w, off)
		if !ok || err != nil {
			return err
		}
		s, err := l.fits(w, r)
		if s > score || s == score && r.CurrentRecordNumber > best.CurrentRecordNumber {
			best, score = r, s
		}
		return err
	}
	// One that is split over the end.
	for off := max(l.base, l.size-EOFSize+1); off < l.size; off++ {
		if err := consider(off); err != nil {
			return false, err
		}
	}
	at := l.base
	for range maxEOFCandidates {
		var err error
		if at, err = w.find(eofMagic, at, l.size); err != nil {
			return false, err
		}
		if at < 0 {
			break
		}
		if err := consider(at); err != nil {
			return false, err
		}
		at += 4
	}
	if score < 0 {
		return false, nil
	}
	if l.clean() && best.CurrentRecordNumber < l.header.CurrentRecordNumber {
		// An old copy, if more is to be seen of what the header says.
		h := &l.header
		s, err := l.fits(w, EOFRecord{h.StartOffset, h.EndOffset, h.CurrentRecordNumber, h.OldestRecordNumber})
		if s > 0 && s >= score || err != nil {
			return false, err
		}
	}
	l.take(best)
	return true, nil
}

// clean says whether the header's offsets and numbers can be believed.
func (l *layout) clean() bool { return l.headerErr == nil && l.header.Flags&FlagDirty == 0 }

// fits says how much of what stands around an EOF record agrees with it.
func (l *layout) fits(w *window, r EOFRecord) (score int, err error) {
	if r.OldestRecordNumber == 0 || r.OldestRecordNumber >= r.CurrentRecordNumber {
		return 0, nil
	}
	k := walker{ring: l.ring, w: w, pos: l.beginAt(r.BeginRecord), left: l.total(), slack: true}
	var rec Record
	if l.size-k.pos >= RecordHeadSize {
		switch err := k.parse(&rec); {
		case err == nil && rec.RecordNumber() == r.OldestRecordNumber:
			score++
		case err != nil && !isFormat(err):
			return score, err
		}
	}
	if !l.inside(r.EndRecord) {
		return score, nil
	}
	b := backward{ring: l.ring, w: w, pos: int64(r.EndRecord), left: l.total(), expect: r.CurrentRecordNumber - 1}
	ok, err := b.step(&rec)
	if ok {
		score++
	}
	return score, err
}

// byCleanHeader: there is no EOF record, but a clean header says where things
// are, and its first or last record is there, or what it points to was cut off.
func (l *layout) byCleanHeader(w *window) (bool, error) {
	h := &l.header
	if !l.clean() || int64(h.StartOffset) < l.base || int64(h.EndOffset) < l.base ||
		h.OldestRecordNumber >= h.CurrentRecordNumber || h.OldestRecordNumber == 0 {
		return false, nil
	}
	if l.inside(h.EndOffset) {
		s, err := l.fits(w, EOFRecord{h.StartOffset, h.EndOffset, h.CurrentRecordNumber, h.OldestRecordNumber})
		if s == 0 || err != nil {
			return false, err
		}
	} else if !l.inside(h.StartOffset) && h.StartOffset < h.EndOffset {
		return false, nil
	}
	l.begin, l.end = l.beginAt(h.StartOffset), int64(h.EndOffset)
	if l.live = l.dist(l.begin, min(l.end, l.size)); l.end >= l.size {
		l.end = l.base
	}
	l.oldest, l.next, l.known = h.OldestRecordNumber, h.CurrentRecordNumber, true
	l.intact(eofError(int64(h.EndOffset), errNoEOF))
	return true, nil
}

// byNewest: neither header nor EOF record help. In a file with a header the
// newest record ends the log, and the ring begins behind it. Without one, what is
// there was cut out of something else: all of it can only be recovered.
func (l *layout) byNewest(w *window) (bool, error) {
	k := walker{ring: l.ring, w: w, pos: l.base, left: l.total(), slack: true}
	if l.headerErr != nil {
		k.pos, k.left, k.loose, k.any = 0, l.size, true, true
	}
	var rec Record
	var newest, before uint32
	var end, endBefore int64
	run := false // newest stands in a run of at least two
	for found := false; ; found = true {
		what, _, err := k.step(&rec)
		if err != nil {
			return false, err
		}
		if what == atEnd {
			if !found {
				return false, nil
			}
			break
		}
		if l.headerErr != nil {
			l.begin, l.end, l.known = 0, 0, true
			l.unknown(l.headerErr)
			return true, nil
		}
		n := rec.RecordNumber()
		inRun := before != 0 && n == before+1 && rec.off == endBefore
		if inRun && !run || inRun == run && n > newest {
			newest, end, run = n, k.pos, inRun
		}
		before, endBefore = n, k.pos
	}
	l.begin, l.end, l.live = end, end, l.total()
	l.next = newest + 1
	l.unknown(eofError(int64(l.header.EndOffset),
		fmt.Errorf("%w; record %d before 0x%x is the newest that was found", errNoEOF, newest, end)))
	return true, nil
}
