package evt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// ringFile lays events round a ring of size bytes by the rules of the format,
// beginning at begin, and keeps as many of the newest as there is room for. It is
// independent of Writer.
type ringFile struct {
	b      []byte
	spans  []span // of the live records, oldest first
	old    []span // of whole records in the slack
	header FileHeader
	eof    EOFRecord
}

// span is where the bytes of a record lie: one stretch or two.
type span struct {
	number uint32
	parts  [][2]int
}

func newRingFile(t testing.TB, size, begin int, events []*eventlog.Event, dirty bool) *ringFile {
	t.Helper()
	f := &ringFile{b: make([]byte, size)}
	pos := begin
	put := func(b []byte) (parts [][2]int) {
		for len(b) > 0 {
			n := copy(f.b[pos:], b)
			parts = append(parts, [2]int{pos, pos + n})
			b = b[n:]
			if pos += n; pos == size {
				pos = HeaderSize
			}
		}
		return parts
	}
	overlaps := func(a, b [][2]int) bool {
		for _, x := range a {
			for _, y := range b {
				if x[0] < y[1] && y[0] < x[1] {
					return true
				}
			}
		}
		return false
	}
	drop := func(parts [][2]int) {
		f.old = slices.DeleteFunc(f.old, func(s span) bool { return overlaps(s.parts, parts) })
	}
	for _, e := range events {
		rec, err := AppendRecord(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		if size-pos < RecordHeadSize {
			fill := make([]byte, size-pos)
			for i := range fill {
				fill[i] = 0x27
			}
			drop(put(fill))
		}
		s := span{uint32(e.RecordNumber), put(rec)}
		// The EOF record overwrites too: what it touches is lost.
		save := pos
		eof := make([][2]int, 0, 2)
		for n := EOFSize; n > 0; {
			k := min(n, size-pos)
			eof = append(eof, [2]int{pos, pos + k})
			n -= k
			if pos += k; pos == size {
				pos = HeaderSize
			}
		}
		pos = save
		for len(f.spans) > 0 && (overlaps(f.spans[0].parts, s.parts) || overlaps(f.spans[0].parts, eof)) {
			f.old = append(f.old, f.spans[0])
			f.spans = f.spans[1:]
			f.header.Flags |= FlagWrapped
		}
		drop(s.parts)
		drop(eof)
		f.spans = append(f.spans, s)
	}
	f.eof = EOFRecord{BeginRecord: uint32(pos), EndRecord: uint32(pos), CurrentRecordNumber: 1}
	if len(f.spans) > 0 {
		f.eof.BeginRecord = uint32(f.spans[0].parts[0][0])
		f.eof.OldestRecordNumber = f.spans[0].number
		f.eof.CurrentRecordNumber = f.spans[len(f.spans)-1].number + 1
	}
	b, _ := f.eof.AppendBinary(nil)
	put(b)
	f.header.StartOffset, f.header.EndOffset = f.eof.BeginRecord, f.eof.EndRecord
	f.header.CurrentRecordNumber, f.header.OldestRecordNumber = f.eof.CurrentRecordNumber, f.eof.OldestRecordNumber
	f.header.MaxSize = uint32(size)
	if dirty { // as it was long ago
		f.header.Flags |= FlagDirty
		f.header.StartOffset, f.header.EndOffset = HeaderSize, HeaderSize
		f.header.CurrentRecordNumber, f.header.OldestRecordNumber = 1, 0
	}
	b, _ = f.header.AppendBinary(nil)
	copy(f.b, b)
	return f
}

func (f *ringFile) reader(t testing.TB) *Reader {
	t.Helper()
	r, err := NewReader(bytesFile(f.b), int64(len(f.b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// series is n events with numbers from first on and sizes that vary.
func series(first, n int) []*eventlog.Event {
	var es []*eventlog.Event
	for i := range n {
		e := logtest.Realistic(i)
		e.RecordNumber = uint64(first + i)
		e.Strings = append(e.Strings, fmt.Sprintf("%0*d", i*7%150, i))
		es = append(es, e)
	}
	return es
}

type walked struct {
	live, recovered []uint32
	offsets         map[int64]bool // of all given
	losses          []*eventlog.Loss
	err             error
}

func walk(t testing.TB, r *Reader, sel eventlog.Selection) (w walked) {
	t.Helper()
	w.offsets = map[int64]bool{}
	for e, err := range eventlog.All(context.Background(), r, &sel) {
		var loss *eventlog.Loss
		switch {
		case errors.As(err, &loss):
			w.losses = append(w.losses, loss)
		case err != nil:
			w.err = err
		case e.Recovered:
			w.recovered = append(w.recovered, uint32(e.RecordNumber))
			w.offsets[e.Offset] = true
		default:
			w.live = append(w.live, uint32(e.RecordNumber))
			if w.offsets[e.Offset] {
				t.Fatalf("the record at 0x%x was given twice", e.Offset)
			}
			w.offsets[e.Offset] = true
		}
	}
	return w
}

func numbers(spans []span) (n []uint32) {
	for _, s := range spans {
		n = append(n, s.number)
	}
	return n
}

func TestReaderIsALog(t *testing.T) {
	for _, x := range []struct {
		name        string
		size, begin int
		dirty       bool
	}{
		{"clean", 1 << 16, HeaderSize, false},
		{"dirty", 1 << 16, HeaderSize, true},
		{"over the end", 1 << 16, 1<<16 - 1000, false},
		{"over the end, dirty", 1 << 16, 1<<16 - 1000, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			logtest.Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
				f := newRingFile(t, x.size, x.begin, events, x.dirty)
				if len(f.spans) != len(events) {
					t.Fatalf("%d of %d events fit", len(f.spans), len(events))
				}
				r, err := NewReader(bytesFile(f.b), int64(len(f.b)), &Options{Origin: &eventlog.Origin{Server: "bedrock", Log: "System"}})
				if err != nil {
					t.Fatal(err)
				}
				return r
			})
		})
	}
}

// TestWrappedEverywhere lets the newest record end at every possible place, so
// that heads, bodies and the EOF record meet the end of the file in every way.
func TestWrappedEverywhere(t *testing.T) {
	const size = 8 << 10 // smaller than Windows makes them: the ring does not care
	for begin := HeaderSize; begin <= size-RecordHeadSize; begin += 4 {
		for _, dirty := range []bool{false, true} {
			f := newRingFile(t, size, begin, series(100, 90), dirty)
			r := f.reader(t)
			want, old := numbers(f.spans), numbers(f.old)
			for _, back := range []bool{false, true} {
				w := walk(t, r, eventlog.Selection{Backward: back, Recovered: true})
				if back {
					slices.Reverse(w.live)
					slices.Reverse(w.recovered)
				}
				if !slices.Equal(w.live, want) || !slices.Equal(w.recovered, old) || w.err != nil || len(w.losses) > 0 {
					t.Fatalf("begin 0x%x, dirty %v, backward %v:\nlive %v, want %v\nrecovered %v, want %v\n%v %v",
						begin, dirty, back, w.live, want, w.recovered, old, w.losses, w.err)
				}
			}
		}
	}
}

// TestPosition compares bisection with walking: every record number of a log
// that is long enough to be bisected, in its places.
func TestPosition(t *testing.T) {
	const size = 12 << 20
	events := series(1000, 60000)
	f := newRingFile(t, size, 9<<20, events, false)
	// A record that holds records must not lead astray.
	r := f.reader(t)
	first, last := f.spans[0].number, f.spans[len(f.spans)-1].number
	w := r.window(64 << 10)
	for n := first; n <= last; n += 997 {
		k, err := r.position(context.Background(), w, n)
		if err != nil {
			t.Fatal(err)
		}
		var rec Record
		if what, _, err := k.step(&rec); err != nil || what != isRecord || rec.RecordNumber() != n {
			t.Fatalf("position %d: item %d, record %d, %v", n, what, rec.RecordNumber(), err)
		}
	}
	for _, back := range []bool{false, true} {
		for _, start := range []uint32{first, first + 1, (first + last) / 2, last - 1, last} {
			got := walk(t, r, eventlog.Selection{Backward: back, Start: uint64(start), Limit: 3}).live
			var want []uint32
			for n := start; len(want) < 3 && n >= first && n <= last; {
				want = append(want, n)
				if back {
					n--
				} else {
					n++
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("start %d, backward %v: %v, want %v", start, back, got, want)
			}
		}
	}
}
