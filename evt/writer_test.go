package evt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"testing"
	"time"

	"netelf.example/eventlog"
)

func TestCreate(t *testing.T) {
	f := &diskFile{b: bytes.Repeat([]byte{0xee}, 100)}
	w, err := Create(f, &WriterOptions{MaxSize: 100_000, Retention: 604800, FirstRecord: 7})
	if err != nil {
		t.Fatal(err)
	}
	want := FileHeader{
		HeaderSize: 0x30, Signature: 0x654c664c, MajorVersion: 1, MinorVersion: 1, StartOffset: 0x30, EndOffset: 0x30,
		CurrentRecordNumber: 7, MaxSize: 0x20000, Retention: 604800, EndHeaderSize: 0x30,
	}
	var have FileHeader
	if err := have.UnmarshalBinary(f.b); err != nil || have != want || w.Header() != want {
		t.Errorf("header %+v, %v\nwant   %+v", have, err, want)
	}
	eof, live, err := walkLog(f.b)
	if err != nil || live != nil || eof != (EOFRecord{0x30, 0x30, 7, 0}) {
		t.Errorf("EOF record %+v, records %v, %v", eof, live, err)
	}
	if w.Size() != SizeStep || len(f.b) != SizeStep || w.Count() != 0 {
		t.Errorf("size %d, file of %d bytes, count %d", w.Size(), len(f.b), w.Count())
	}
	if n := mustAppend(t, w, 100, 1); n != 7 || w.Count() != 1 {
		t.Errorf("first record is %d, count %d", n, w.Count())
	}
}

func TestCreateLimits(t *testing.T) {
	for _, c := range []struct {
		max  int64
		is   error
		text string
	}{
		{-1, eventlog.ErrInvalid, "max size -1: invalid argument"},
		{1 << 32, eventlog.ErrTooLarge, "max size: 4294967296 is over the limit of 4294901760: over a limit"},
	} {
		_, err := Create(new(diskFile), &WriterOptions{MaxSize: c.max})
		if !errors.Is(err, c.is) || err.Error() != c.text {
			t.Errorf("max size %d: %v", c.max, err)
		}
	}
	if w, err := Create(new(diskFile), nil); err != nil || w.Header().MaxSize != DefaultMaxSize {
		t.Errorf("no options: %+v, %v", w.Header(), err)
	}
}

// TestFlags: what the header on disk says at each moment.
func TestFlags(t *testing.T) {
	f := new(diskFile)
	w, err := Create(f, &WriterOptions{MaxSize: SizeStep, Retention: 100})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, want Flags, current, stale uint32) {
		t.Helper()
		var h FileHeader
		if err := h.UnmarshalBinary(f.b); err != nil {
			t.Fatal(err)
		}
		if h.Flags != want || h.CurrentRecordNumber != stale || w.Header().CurrentRecordNumber != current || w.Header().Flags != want {
			t.Errorf("%s: file has flags %v and next %d, writer %v and %d; want %v, %d and %d",
				when, h.Flags, h.CurrentRecordNumber, w.Header().Flags, w.Header().CurrentRecordNumber, want, stale, current)
		}
	}
	flush := func() {
		t.Helper()
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	check("new", 0, 1, 1)
	mustAppend(t, w, 40000, 1000)
	check("written", FlagDirty|FlagArchive, 2, 1)
	flush()
	check("flushed", FlagArchive, 2, 2)
	if _, err := w.Append(eventOf(40000, 1099)); !errors.Is(err, eventlog.ErrLogFull) || err.Error() != "the log is full: record 1 may not be overwritten" {
		t.Fatalf("refusal: %v", err)
	}
	check("full", FlagArchive|FlagFull, 2, 2)
	mustAppend(t, w, 100, 1099)
	check("taken again", FlagArchive|FlagDirty, 3, 2)
	mustAppend(t, w, 40000, 1100)
	check("wrapped", FlagArchive|FlagDirty|FlagWrapped, 4, 3) // brought up at the wrap
	flush()
	check("flushed", FlagArchive|FlagWrapped, 4, 4)
	writes := f.writes
	flush()
	if f.writes != writes {
		t.Errorf("a flush of nothing writes")
	}
}

func TestRetention(t *testing.T) {
	for _, c := range []struct {
		name      string
		retention uint32
		old, new  uint32
		full      bool
	}{
		{"as needed", 0, 1000, 1000, false},
		{"as needed, time goes back", 0, 1000, 1, false},
		{"never", RetainForever, 0, 0xffffffff, true},
		{"too young", 604800, 1000, 1000 + 604799, true},
		{"just old enough", 604800, 1000, 1000 + 604800, false},
		{"from the future", 1, 1000, 999, true},
		{"far apart", 0xfffffffe, 0, 0xfffffffe, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := new(diskFile)
			w, err := Create(f, &WriterOptions{MaxSize: SizeStep, Retention: c.retention})
			if err != nil {
				t.Fatal(err)
			}
			mustAppend(t, w, 30000, c.old)
			mustAppend(t, w, 30000, c.old)
			before := bytes.Clone(f.b[HeaderSize:])
			n, err := w.Append(eventOf(30000, c.new))
			if !c.full {
				if err != nil || n != 3 {
					t.Fatalf("record %d, %v", n, err)
				}
				return
			}
			if !errors.Is(err, eventlog.ErrLogFull) {
				t.Fatalf("record %d, %v; want ErrLogFull", n, err)
			}
			if !bytes.Equal(before, f.b[HeaderSize:]) {
				t.Error("a refusal changed records")
			}
			if w.Header().Flags&FlagFull == 0 {
				t.Error("the header does not say that the log is full")
			}
		})
	}
}

// TestTooLarge: the largest record that fits a file, and one more.
func TestTooLarge(t *testing.T) {
	for _, prior := range []int{0, 1, 3} {
		f := new(diskFile)
		w, err := Create(f, &WriterOptions{MaxSize: 2 * SizeStep})
		if err != nil {
			t.Fatal(err)
		}
		for range prior {
			mustAppend(t, w, 50000, 1)
		}
		const largest = 2*SizeStep - HeaderSize - EOFSize
		_, err = w.Append(eventOf(largest+4, 2))
		if !errors.Is(err, eventlog.ErrTooLarge) || err.Error() != "record: 130988 is over the limit of 130984: over a limit" {
			t.Errorf("one over: %v", err)
		}
		n := mustAppend(t, w, largest, 2)
		_, live, err := walkLog(f.b)
		if err != nil {
			t.Fatal(err)
		}
		sameLive(t, "largest", live, []liveRecord{{n, string(recordOf(t, largest, n, 2))}})
	}
}

func TestRecordNumbersEnd(t *testing.T) {
	w, err := Create(new(diskFile), &WriterOptions{FirstRecord: 0xfffffffe})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, w, 100, 1)
	_, err = w.Append(eventOf(100, 1))
	if !errors.Is(err, eventlog.ErrLogFull) || err.Error() != "the log is full: record numbers are used up" {
		t.Error(err)
	}
}

func TestAppendRaw(t *testing.T) {
	f := new(diskFile)
	w, err := Create(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	odd := recordOf(t, 200, 1392, 5)
	binary.LittleEndian.PutUint32(odd[atUserSidOffset:], 0xdeadbeef) // arbitrary where there is no SID
	given := bytes.Clone(odd)
	for _, c := range []struct {
		keep  bool
		patch uint32
		want  uint32
		text  string
	}{
		{true, 1392, 1392, ""},
		{true, 1392, 0, "record number 1392 behind 1392: invalid argument"},
		{true, 0, 0, "record number 0 behind 1392: invalid argument"},
		{false, 1392, 1393, ""},
		{true, 2000, 2000, ""},
		{true, 0xffffffff, 0, "the log is full: record numbers are used up"},
	} {
		binary.LittleEndian.PutUint32(odd[atRecordNumber:], c.patch)
		n, err := w.AppendRaw(odd, c.keep)
		if n != c.want || err != nil && err.Error() != c.text || err == nil && c.text != "" {
			t.Errorf("number %d, keep %v: %d, %v; want %d, %q", c.patch, c.keep, n, err, c.want, c.text)
		}
	}
	_, live, err := walkLog(f.b)
	if err != nil || len(live) != 3 {
		t.Fatal(listLive(live), err)
	}
	if live[0].raw != string(given) {
		t.Error("bytes were changed")
	}
	if w.Count() != 2001-1392 {
		t.Errorf("count %d", w.Count())
	}
	if _, err := w.AppendRaw(append(given, 0, 0, 0, 0), false); !errors.Is(err, eventlog.ErrInvalid) ||
		err.Error() != "record of 0xc8 bytes with 0x4 behind it: invalid argument" {
		t.Error(err)
	}
	if _, err := w.AppendRaw(given[:100], false); !errors.Is(err, eventlog.ErrCorrupt) {
		t.Error(err)
	}
}

// TestAppendKeepsEvent: what was given is not changed, and what cannot be encoded
// changes nothing.
func TestAppendKeepsEvent(t *testing.T) {
	f := new(diskFile)
	w, err := Create(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := eventOf(100, 1)
	e.RecordNumber = 1 << 40
	was := e.Clone()
	if n, err := w.Append(e); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if !reflect.DeepEqual(e, was) {
		t.Errorf("event changed: %+v", e)
	}
	before := bytes.Clone(f.b)
	e.TimeWritten = time.Time{}
	if _, err := w.Append(e); !errors.Is(err, eventlog.ErrInvalid) {
		t.Error(err)
	}
	if !bytes.Equal(before, f.b) {
		t.Error("a refused event changed the file")
	}
}

// reads counts what a Writer reads of its file.
type reads struct {
	File
	n int
}

func (r *reads) ReadAt(b []byte, off int64) (int, error) {
	r.n++
	return r.File.ReadAt(b, off)
}

// TestOldestReadAhead: the records that have to go are read many at a time, also
// where the new ones are written directly before them.
func TestOldestReadAhead(t *testing.T) {
	f := &reads{File: new(diskFile)}
	w, err := Create(f, &WriterOptions{MaxSize: SizeStep})
	if err != nil {
		t.Fatal(err)
	}
	e := eventOf(288, 1)
	const more = 2000
	for n := 0; n < more; {
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
		if w.Header().OldestRecordNumber == 1 {
			f.n = 0 // until the ring is full
		} else {
			n++
		}
	}
	if f.n > more/10 {
		t.Errorf("%d reads for %d records", f.n, more)
	}
}
