package evt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// diskFile is a File in memory.
type diskFile struct {
	b       []byte
	writes  int
	onWrite func()         // after each WriteAt
	fail    func(int) bool // whether the nth WriteAt fails, having written half of it
}

var errDisk = errors.New("disk on fire")

func (m *diskFile) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(m.b)) {
		return 0, io.EOF
	}
	n := copy(p, m.b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (m *diskFile) WriteAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > int64(len(m.b)) {
		return 0, fmt.Errorf("write of 0x%x bytes at 0x%x goes over the end 0x%x", len(p), off, len(m.b))
	}
	m.writes++
	if m.fail != nil && m.fail(m.writes) {
		n := copy(m.b[off:], p[:len(p)/2])
		return n, errDisk
	}
	n := copy(m.b[off:], p)
	if m.onWrite != nil {
		m.onWrite()
	}
	return n, nil
}

func (m *diskFile) Truncate(size int64) error {
	if size <= int64(len(m.b)) {
		m.b = m.b[:size]
		return nil
	}
	m.b = append(m.b, make([]byte, size-int64(len(m.b)))...)
	return nil
}

// eventOf is an event whose record takes n bytes, a multiple of 4 from 68 on,
// written at second sec.
func eventOf(n int, sec uint32) *eventlog.Event {
	e := &eventlog.Event{
		TimeGenerated: nt.Time32(sec), TimeWritten: nt.Time32(sec),
		ID: 0x80000000 | eventlog.EventID(n&0xffff), Type: eventlog.Warning, Level: eventlog.LevelWarning,
		Data: make([]byte, n-68),
	}
	for i := range e.Data {
		e.Data[i] = byte(i*7) ^ byte(sec)
	}
	return e
}

func recordOf(t testing.TB, n int, number, sec uint32) []byte {
	t.Helper()
	e := eventOf(n, sec)
	e.RecordNumber = uint64(number)
	b, err := AppendRecord(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != n {
		t.Fatalf("a record of %d bytes, want %d", len(b), n)
	}
	return b
}

// liveRecord is one that a walk gave.
type liveRecord struct {
	number uint32
	raw    string
}

// walkLog reads a log by the rules alone, with nothing of the package but the
// decoding of an EOF record. There must be exactly one EOF record at its own
// offset.
func walkLog(b []byte) (found EOFRecord, live []liveRecord, err error) {
	const base = 0x30
	around := func(at, n int) []byte {
		if at+n <= len(b) {
			return b[at : at+n]
		}
		return append(bytes.Clone(b[at:]), b[base:base+n-(len(b)-at)]...)
	}
	ends := 0
	for at := base; at < len(b); at += 4 {
		if binary.LittleEndian.Uint32(b[at:]) != 0x28 {
			continue
		}
		var r EOFRecord
		if r.UnmarshalBinary(around(at, 0x28)) == nil && int(r.EndRecord) == at {
			found, ends = r, ends+1
		}
	}
	if ends != 1 {
		return found, nil, fmt.Errorf("%d EOF records", ends)
	}
	if found.OldestRecordNumber == 0 {
		return found, nil, nil
	}
	for at := int(found.BeginRecord); at != int(found.EndRecord); {
		if left := len(b) - at; left < 56 {
			for _, c := range b[at:] {
				if c != 0x27 {
					return found, live, fmt.Errorf("fill at 0x%x is % x", at, b[at:])
				}
			}
			at = base
			continue
		}
		n := binary.LittleEndian.Uint32(b[at:])
		if string(b[at+4:at+8]) != "LfLe" || n > uint32(len(b)) || n < 60 {
			return found, live, fmt.Errorf("no record at 0x%x: % x", at, b[at:at+8])
		}
		raw := string(around(at, int(n)))
		live = append(live, liveRecord{binary.LittleEndian.Uint32([]byte(raw[8:])), raw})
		if at += int(n); at >= len(b) {
			at += base - len(b)
		}
	}
	return found, live, nil
}

// readLog reads a log with the package's Reader.
func readLog(b []byte) (live []liveRecord, err error) {
	r, err := NewReader(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return nil, err
	}
	for e, err := range eventlog.All(context.Background(), r, &eventlog.Selection{Want: eventlog.FieldRaw.Bit()}) {
		if err != nil {
			return live, err
		}
		live = append(live, liveRecord{uint32(e.RecordNumber), string(e.Raw)})
	}
	return live, nil
}

func sameLive(t testing.TB, what string, got, want []liveRecord) {
	t.Helper()
	if reflect.DeepEqual(got, want) || len(got)+len(want) == 0 {
		return
	}
	t.Fatalf("%s:\ngot  %s\nwant %s", what, listLive(got), listLive(want))
}

func listLive(live []liveRecord) (s string) {
	for _, r := range live {
		s += fmt.Sprintf(" %d(%d)", r.number, len(r.raw))
	}
	return s
}

func mustAppend(t testing.TB, w *Writer, n int, sec uint32) uint32 {
	t.Helper()
	number, err := w.Append(eventOf(n, sec))
	if err != nil {
		t.Fatalf("append of %d bytes at 0x%x: %v", n, w.s.end, err)
	}
	return number
}
