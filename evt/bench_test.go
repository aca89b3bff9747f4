package evt

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// plainLog is an unwrapped file of at least size bytes.
func plainLog(size int) []byte {
	b := make([]byte, HeaderSize, size+1024)
	n := 0
	for ; len(b) < size; n++ {
		e := logtest.Realistic(n)
		e.RecordNumber = uint64(n) + 1
		b, _ = AppendRecord(b, e)
	}
	eof := EOFRecord{HeaderSize, uint32(len(b)), uint32(n) + 1, 1}
	h := FileHeader{StartOffset: HeaderSize, EndOffset: uint32(len(b)), CurrentRecordNumber: uint32(n) + 1, OldestRecordNumber: 1}
	b, _ = eof.AppendBinary(b)
	for len(b)%SizeStep != 0 {
		b = append(b, 0)
	}
	h.MaxSize = uint32(len(b))
	head, _ := h.AppendBinary(nil)
	copy(b, head)
	return b
}

var bigLog = sync.OnceValue(func() []byte { return plainLog(64 << 20) })

type bytesFile []byte

func (m bytesFile) ReadAt(b []byte, off int64) (int, error) {
	if off >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(b, m[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func benchmarkRead(b *testing.B, sel *eventlog.Selection) {
	data := bigLog()
	r, err := NewReader(bytesFile(data), int64(len(data)), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	ctx := context.Background()
	var records uint64
	for b.Loop() {
		c, err := r.Read(ctx, sel)
		if err != nil {
			b.Fatal(err)
		}
		var e eventlog.Event
		for err == nil {
			err = c.Next(ctx, &e)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
		records = eventlog.Examined(c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(records), "ns/record")
}

func BenchmarkRead(b *testing.B) {
	for _, back := range []bool{false, true} {
		dir := map[bool]string{false: "forward", true: "backward"}[back]
		for _, x := range []struct {
			name string
			sel  eventlog.Selection
		}{
			{"all", eventlog.Selection{}},
			{"none by time", eventlog.Selection{Since: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)}},
			{"none by id", eventlog.Selection{Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 9999)}},
			{"none by type", eventlog.Selection{Where: eventlog.NumTerm(eventlog.FieldType, eventlog.Eq, 16)}},
			{"none by source", eventlog.Selection{Where: eventlog.TextTerm(eventlog.FieldSource, eventlog.Eq, "Server Control Manager")}},
		} {
			b.Run(x.name+" "+dir, func(b *testing.B) {
				sel := x.sel
				sel.Backward = back
				benchmarkRead(b, &sel)
			})
		}
	}
}
