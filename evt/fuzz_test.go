package evt

import (
	"context"
	"errors"
	"io"
	"testing"

	"netelf.example/eventlog"
)

// FuzzReader reads whatever it is given, in both directions: it must come to an
// end within as many steps as the file can have records and stretches between
// them, give live records in ascending order, and give only what lies there.
func FuzzReader(f *testing.F) {
	const size = 4 << 10
	for _, begin := range []int{HeaderSize, size - 200, size - RecordHeadSize} {
		for _, dirty := range []bool{false, true} {
			f.Add(newRingFile(f, size, begin, series(7, 30), dirty).b, uint64(0), false)
		}
	}
	f.Add(newRingFile(f, size, HeaderSize, nil, false).b, uint64(3), true)
	f.Add(newRingFile(f, size, HeaderSize, series(1, 3), false).b[100:], uint64(0), true)
	f.Fuzz(func(t *testing.T, b []byte, start uint64, back bool) {
		r, err := NewReader(bytesFile(b), int64(len(b)), &Options{Buffer: 4096})
		if err != nil {
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		ctx := context.Background()
		if _, err := r.Info(ctx); err != nil {
			t.Fatal(err)
		}
		for _, sel := range []eventlog.Selection{
			{Recovered: true}, {Recovered: true, Backward: true}, {Start: start, Backward: back, Want: eventlog.AllFields},
		} {
			c, err := r.Read(ctx, &sel)
			if err != nil {
				t.Fatal(err)
			}
			var e eventlog.Event
			var last uint64
			for n := 0; ; n++ {
				err := c.Next(ctx, &e)
				if err == io.EOF {
					break
				}
				if n > 3*len(b)/MinRecordSize+100 {
					t.Fatalf("no end after %d items of a file of %d bytes", n, len(b))
				}
				if err != nil {
					if _, ok := eventlog.AsLoss(err); !ok {
						t.Fatal(err)
					}
					continue
				}
				var rec Record
				if len(e.Raw) > 0 && rec.UnmarshalBinary(e.Raw) == nil {
					checkFields(t, &rec)
				}
				if e.Recovered {
					continue
				}
				if last != 0 && (e.RecordNumber <= last) != sel.Backward {
					t.Fatalf("record %d behind %d", e.RecordNumber, last)
				}
				last = e.RecordNumber
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
