package evt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
)

// item is what a walk meets.
type item uint8

const (
	atEnd      item = iota
	isRecord        // a record of the log
	isRecovery      // a record that the log does not reach, or whose number cannot be right
	isLoss
)

// walker goes forwards over a zone of the ring, from pos on for left bytes. It is
// the one authority on what of damaged files is a record: reading backwards
// replays it wherever something is wrong. It is a value: a copy is a place to
// come back to.
//
// In the live zone records have ascending numbers. One whose number is not the
// next is believed if the stretch that was skipped before it has room for the
// missing ones, or if the record behind it goes on counting; otherwise its number
// is damaged, and taking it would make all that follow look wrong. In slack there
// are no numbers to go by: whatever is a record is recovered.
type walker struct {
	ring
	w       *window
	pos     int64
	left    int64
	slack   bool
	loose   bool   // the zone's end may be wrong: a body may go on behind it
	any     bool   // records may begin at any offset, not at multiples of 4 only
	known   bool   // last is known: the log's first record has number last+1
	last    uint32 // number of the newest record given
	oldest  uint32 // less is not of this log; 0: not known
	next    uint32 // as much or more is not of this log; 0: not known
	bad     bool   // inside a damaged stretch
	badAt   int64
	badErr  error
	skipped int64 // bytes since the last record of the log
	split   []byte
}

// step finds the next item. For isLoss the loss is returned; for records rec is
// a view that is valid until the next step.
func (k *walker) step(rec *Record) (item, *eventlog.Loss, error) {
	// The common case first: the next record of a healthy log, in the buffer.
	if i := k.pos - k.w.off; !k.slack && !k.bad && i >= 0 && i+MinRecordSize <= int64(k.w.n) {
		b := k.w.buf[i:k.w.n]
		n := int64(binary.LittleEndian.Uint32(b))
		if n >= MinRecordSize && n+4 <= int64(len(b)) && n <= k.left && n&3 == 0 && n <= MaxRecordSize &&
			binary.LittleEndian.Uint32(b[atReserved:]) == signature &&
			binary.LittleEndian.Uint32(b[atRecordNumber:]) == k.last+1 && k.last < k.next-1 && k.known &&
			int64(binary.LittleEndian.Uint32(b[n-4:])) == n &&
			binary.LittleEndian.Uint32(b[n:]) != signature { // or else it reaches into another record
			rec.b, rec.off = b[:n:n], k.pos
			k.pos += n
			k.left -= n
			k.last++
			return isRecord, nil, nil
		}
	}
	return k.search(rec)
}

func (k *walker) search(rec *Record) (item, *eventlog.Loss, error) {
	for k.left > 0 {
		if rest := k.size - k.pos; rest < RecordHeadSize {
			// No head fits here: the file's end is filled and the ring goes on.
			k.advance(min(rest, k.left))
			continue
		}
		err := k.parse(rec)
		if err != nil {
			if !isFormat(err) {
				return atEnd, nil, err
			}
			k.note(k.pos, err)
			if err := k.resync(); err != nil {
				return atEnd, nil, err
			}
			continue
		}
		n, length := rec.RecordNumber(), int64(len(rec.b))
		over, err := k.overlapped(rec)
		if err != nil {
			return atEnd, nil, err
		}
		if over {
			if !k.bad && !k.slack {
				k.note(k.pos, errReaches(k.pos, length))
			}
			if err := k.resync(); err != nil {
				return atEnd, nil, err
			}
			continue
		}
		if k.slack {
			k.advance(length)
			return isRecovery, nil, nil
		}
		switch ok, err := k.believes(rec); {
		case err != nil:
			return atEnd, nil, err
		case !ok:
			k.note(rec.off, recordError(rec.off, "RecordNumber", atRecordNumber, k.wrongNumber(n)))
			k.skipped += length
			k.advance(length)
			return isRecovery, nil, nil
		case k.bad, k.known && n != k.last+1:
			loss := k.loss(n, rec.off)
			k.known, k.last = true, n-1
			if loss != nil {
				return isLoss, loss, nil // the record comes with the next step
			}
		}
		k.known, k.last, k.skipped = true, n, 0
		k.advance(length)
		return isRecord, nil, nil
	}
	if !k.slack && (k.bad || k.next != 0 && k.known && k.last+1 < k.next) {
		loss := k.loss(k.next, k.pos)
		k.known, k.last = true, max(k.next, 1)-1
		if loss != nil {
			return isLoss, loss, nil
		}
	}
	return atEnd, nil, nil
}

func (k *walker) wrongNumber(n uint32) error {
	if !k.known {
		return fmt.Errorf("%d does not fit the records around it", n)
	}
	return fmt.Errorf("%d does not fit: %d comes next", n, k.last+1)
}

// note remembers where damage begins, and why.
func (k *walker) note(at int64, err error) {
	if !k.bad && !k.slack {
		k.bad, k.badAt, k.badErr = true, at, err
	}
}

// loss is what is missing before number n, which 0 says is not known. nil: there
// is nothing to be said, because the log's beginning is not known.
func (k *walker) loss(n uint32, at int64) *eventlog.Loss {
	l := &eventlog.Loss{Offset: at, First: uint64(k.last) + 1, Last: uint64(n) - 1}
	if k.bad {
		l.Offset, l.Err = k.badAt, k.badErr
	} else {
		l.Err = recordError(at, "RecordNumber", atRecordNumber, fmt.Errorf("%d where %d comes next", n, k.last+1))
		if k.left == 0 {
			l.Err = recordError(at, "", 0, fmt.Errorf("the log ends here, but its last record is %d", n-1))
		}
	}
	k.bad, k.badErr = false, nil
	switch {
	case !k.known:
		return nil
	case n == 0:
		l.Last = 0
	case n <= k.last+1:
		*l = eventlog.Loss{Offset: l.Offset, Partial: true, Err: l.Err}
	}
	return l
}

// believes decides whether a record's number can be right.
func (k *walker) believes(rec *Record) (bool, error) {
	n := rec.RecordNumber()
	switch {
	case k.known && n == k.last+1 && (k.next == 0 || n < k.next):
		return true, nil
	case n == 0, n < k.oldest, k.known && n <= k.last, k.next != 0 && n >= k.next:
		return false, nil
	}
	room := k.known && int64(n-k.last-1)*MinRecordSize <= k.skipped
	run, contradicted, err := k.lookAhead(n)
	if err != nil {
		return false, err
	}
	last := k.next != 0 && n == k.next-1
	if err := k.parse(rec); err != nil { // looking ahead has moved the window
		return false, err
	}
	adjacent := k.known && !k.bad && k.skipped == 0 // a gap that a writer left
	return (room || run > 1 || last || adjacent) && !contradicted, nil
}

// How far lookAhead looks.
const (
	aheadRecords = 64
	aheadBytes   = 64 << 10
)

// lookAhead follows the records from pos on, the first of which has number n. run
// is how many of them count on without a gap. contradicted says that a longer run
// follows whose numbers are not larger, so that n cannot be right there: damage
// has a copy of other records in it.
func (k *walker) lookAhead(n uint32) (run int, contradicted bool, err error) {
	p := walker{ring: k.ring, w: k.w, pos: k.pos, left: min(k.left, aheadBytes), slack: true}
	var rec Record
	var first, last uint32
	var end int64
	length := 0 // of the run that the walk is in
	for range 4 * aheadRecords {
		what, _, err := p.step(&rec)
		if err != nil || what == atEnd {
			return max(run, length), false, err
		}
		m := rec.RecordNumber()
		if length > 0 && m == last+1 && (rec.off == end || rec.off == k.base && k.size-end < RecordHeadSize) {
			length++
		} else {
			if run == 0 {
				run = length
			}
			first, length = m, 1
		}
		last, end = m, p.pos
		switch {
		case run == 0 && length == aheadRecords:
			return length, false, nil
		case run > 0 && length > run && first <= n+uint32(run)-1:
			return run, true, nil
		case run > 0 && length > max(run, 1):
			return run, false, nil
		}
	}
	return max(run, 1), false, nil
}

// advance moves over n bytes of the zone.
func (k *walker) advance(n int64) {
	k.left = max(0, k.left-n)
	k.pos = k.add(k.pos, n)
}

// parse makes rec the record at pos, if there is one.
//
// Where nobody will be told why there is none, in slack and behind the beginning
// of a damaged stretch, the error is always errNoRecord: files can be made of
// nothing else than what looks like records at first sight.
func (k *walker) parse(rec *Record) error {
	quiet := k.slack || k.bad
	if k.left < MinRecordSize && !k.loose {
		return recordError(k.pos, "", 0, fmt.Errorf("0x%x bytes are left, a record has 0x%x or more", k.left, MinRecordSize))
	}
	head, err := k.w.at(k.pos, RecordHeadSize, false)
	if err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(head))
	if quiet && (n < MinRecordSize || n > MaxRecordSize || n%4 != 0 || binary.LittleEndian.Uint32(head[atReserved:]) != signature) {
		return errNoRecord
	}
	if err := checkHead(head, k.pos); err != nil {
		return err
	}
	if n > k.left && !k.loose || n > k.total() {
		return recordError(k.pos, "Length", atLength, fmt.Errorf("0x%x, but only 0x%x bytes are left", n, k.left))
	}
	rec.off = k.pos
	if k.pos+n <= k.size {
		if quiet && k.pos+n > k.w.off+int64(k.w.n) {
			// Many such claims may follow: check them in memory, with room for
			// as much again.
			want := int64(len(k.w.buf))
			if n > want/2 {
				want = 2 * MaxRecordSize
			}
			if _, err := k.w.at(k.pos, int(min(want, k.size-k.pos)), false); err != nil {
				return err
			}
		}
		last, err := k.w.u32(k.pos + n - 4)
		if err != nil {
			return err
		}
		if int64(last) != n {
			if quiet {
				return errNoRecord
			}
			return errLengths(k.pos, uint32(n), last)
		}
		if err := k.firstLook(n); err != nil {
			return err
		}
		b, err := k.w.at(k.pos, int(n), false)
		rec.b = b[:len(b):len(b)]
		return err
	}
	return k.parseSplit(rec, n)
}

// parseSplit joins a record whose body goes on at the ring's base.
func (k *walker) parseSplit(rec *Record, n int64) error {
	if k.size%4 != 0 {
		return recordError(k.pos, "Length", atLength, fmt.Errorf("0x%x, but the file was cut off at 0x%x", n, k.size))
	}
	var last [4]byte
	if err := k.read(k.w, last[:], k.add(k.pos, n-4)); err != nil {
		return err
	}
	if x := binary.LittleEndian.Uint32(last[:]); int64(x) != n {
		return errLengths(k.pos, uint32(n), x)
	}
	if err := k.firstLook(n); err != nil {
		return err
	}
	if int64(cap(k.split)) < n {
		k.split = make([]byte, n)
	}
	rec.b = k.split[:n:n]
	return k.read(k.w, rec.b, k.pos)
}

// firstLook refuses a long record at pos that its first bytes show to be none,
// before all of it is loaded.
func (k *walker) firstLook(n int64) error {
	if n <= preview {
		return nil
	}
	b, err := k.w.at(k.pos, int(min(preview, k.size-k.pos)), false)
	if err != nil {
		return err
	}
	tries := 0
	switch over, err := k.reached(b, 0, k.pos, n, &tries); {
	case err != nil:
		return err
	case over && (k.slack || k.bad):
		return errNoRecord
	case over:
		return errReaches(k.pos, n)
	}
	return nil
}

// maxNested bounds how many signatures inside of one record are looked at.
const maxNested = 64

// overlapped says whether another record begins inside of rec and ends behind it:
// then rec is the head of a damaged record whose length happens to point at an
// equal number. A record that lies inside of rec altogether is data.
func (k *walker) overlapped(rec *Record) (bool, error) {
	size, tries := int64(len(rec.b)), 0
	if over, err := k.reached(rec.b, 0, rec.off, size, &tries); over || err != nil {
		return over, err
	}
	// Its head may stand across rec's end: an equal Length is enough for that.
	var tail [16]byte
	copy(tail[:8], rec.b[size-8:])
	behind := k.add(rec.off, size)
	n := max(0, min(8, k.size-behind, k.left-size))
	if i := behind - k.w.off; n > 0 && i >= 0 && i+n <= int64(k.w.n) {
		copy(tail[8:], k.w.buf[i:i+n])
	} else if n > 0 {
		if err := filelog.ReadFull(k.w.r, tail[8:8+n], behind); err != nil {
			return false, err
		}
	}
	return k.reached(tail[:8+n], size-8, rec.off, size, &tries)
}

func errReaches(at, n int64) error {
	return recordError(at, "Length", atLength, fmt.Errorf("0x%x reaches into another record", n))
}

// preview is how much of a record is looked at before all of it is loaded.
const preview = 4 << 10

// reached looks for a record that begins in b, which lies at bytes behind the
// beginning of a record of size bytes at off, and that ends behind that record.
func (k *walker) reached(b []byte, from, off, size int64, tries *int) (bool, error) {
	for i := 1; ; i++ {
		j := bytes.Index(b[i:], signatureBytes)
		if *tries++; j < 0 || *tries > maxNested {
			return false, nil
		}
		i += j
		at := from + int64(i) - atReserved
		if i < atReserved || at <= 0 || at >= size || !k.any && at%4 != 0 {
			continue
		}
		n := int64(binary.LittleEndian.Uint32(b[i-atReserved:]))
		end := k.add(off, at+n-4)
		if n < MinRecordSize || n > MaxRecordSize || n%4 != 0 || at+n <= size || end+4 > k.size {
			continue
		}
		if last, err := k.w.u32(end); err != nil || int64(last) == n {
			return err == nil, err
		}
	}
}

// resync moves from a place where no record begins to the next one where a
// signature says that one may, or else to the end of this piece of the ring.
func (k *walker) resync() error {
	end := min(k.size, k.pos+k.left)
	to := end
	if k.loose { // a record may begin in the last bytes
		to = min(k.size, end+atReserved+int64(len(signatureBytes))-1)
	}
	n := end - k.pos
	for from := k.pos + 1; ; {
		at, err := k.w.find(signatureBytes, from+atReserved, to)
		if err != nil {
			return err
		}
		if at < 0 {
			break
		}
		if from = at - atReserved; k.any || (from-k.base)%4 == 0 {
			n = from - k.pos
			break
		}
		from++
	}
	k.skipped += n
	k.advance(n)
	return nil
}

// errNoRecord is why there is no record, where nobody asks.
var errNoRecord = &eventlog.FormatError{Format: "evt", Struct: "EVENTLOGRECORD", Err: errors.New("no record here")}

func isFormat(err error) bool {
	if err == errNoRecord {
		return true
	}
	var f *eventlog.FormatError
	return errors.As(err, &f)
}
