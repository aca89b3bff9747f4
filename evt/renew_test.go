package evt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"netelf.example/eventlog"
)

// counted counts what is read.
type counted struct {
	io.ReaderAt
	n int64
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

// growing is a log of at most size bytes in a file, and what appends n records to it.
func growing(t testing.TB, size int64) (f *os.File, grow func(n int)) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "a.evt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	w, err := Create(f, &WriterOptions{MaxSize: size})
	if err != nil {
		t.Fatal(err)
	}
	return f, func(n int) {
		for range n {
			at := time.Unix(1_000_000_000, 0).UTC()
			if _, err := w.Append(&eventlog.Event{TimeGenerated: at, TimeWritten: at, Source: "Test", Computer: "SRV", Strings: []string{fmt.Sprint(n)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func sizeOf(t testing.TB, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// behind is the numbers of the first and the last event behind a record, and how
// many there are.
func behind(t testing.TB, r *Reader, mark uint64) (first, last uint64, n int) {
	t.Helper()
	for e, err := range eventlog.All(context.Background(), r, &eventlog.Selection{After: []eventlog.Mark{{Record: mark, Time: time.Unix(1_000_000_000, 0).UTC()}}}) {
		if err != nil {
			t.Error(err)
			continue
		}
		if n++; n == 1 {
			first = e.RecordNumber
		}
		last = e.RecordNumber
	}
	return first, last, n
}

// TestRenew: what came is found by reading the end of the log, however long that is,
// and where it goes round the file. It is given by the reader behind the one that
// found it.
func TestRenew(t *testing.T) {
	const size = 8 << 20
	for _, x := range []struct {
		name   string
		before int
	}{
		{"in one piece", 30000},
		{"round the file", 150000},
	} {
		t.Run(x.name, func(t *testing.T) {
			f, grow := growing(t, size)
			grow(x.before)
			file := &counted{ReaderAt: f}
			r, err := NewReader(file, sizeOf(t, f), &Options{Buffer: 16 << 10})
			if err != nil {
				t.Fatal(err)
			}
			for mark := x.before; mark < x.before+1000; mark += 50 {
				grow(50)
				file.n = 0
				seen, err := r.Renew(sizeOf(t, f))
				if err != nil || seen == r {
					t.Fatal(seen == r, err)
				}
				if _, _, n := behind(t, seen, uint64(mark)); n > 0 {
					t.Errorf("%d given at once", n)
				}
				n, err := seen.Renew(sizeOf(t, f))
				if err != nil || n == seen {
					t.Fatal(n == seen, err)
				}
				if first, last, n := behind(t, n, uint64(mark)); first != uint64(mark+1) || last != uint64(mark+50) || n != 50 {
					t.Errorf("%d events, %d to %d, want %d and 49 more", n, first, last, mark+1)
				}
				if file.n > 300<<10 {
					t.Errorf("%d bytes were read", file.n)
				}
				all, err := NewReader(f, sizeOf(t, f), nil)
				if err != nil {
					t.Fatal(err)
				}
				if have, want := n.Extent(), all.Extent(); have != want {
					t.Errorf("%+v, want %+v", have, want)
				}
				for range 3 { // what nothing comes into is looked at in a few places
					file.n = 0
					if r, err = n.Renew(sizeOf(t, f)); err != nil {
						t.Fatal(err)
					}
					same := r == n
					if n = r; same {
						break
					}
				}
				if again, err := r.Renew(sizeOf(t, f)); again != r || err != nil || file.n > 64<<10 {
					t.Errorf("nothing came: another reader: %v, %v, %d bytes", again != r, err, file.n)
				}
			}
		})
	}
}

// TestRenewErrors: what makes a file other than it was, or not understood.
func TestRenewErrors(t *testing.T) {
	zeros := make([]byte, 0x100)
	for _, x := range []struct {
		name string
		do   func(f *os.File, end int64) error
		want string
	}{
		{"shorter", func(f *os.File, end int64) error { return f.Truncate(0x1000) }, "evt: ELF_LOGFILE_HEADER at offset 0x0: the file has become shorter"},
		{"no header", func(f *os.File, end int64) error { _, err := f.WriteAt(zeros[:8], 0); return err }, "evt: ELF_LOGFILE_HEADER.Signature at offset 0x4: have 0x00000000, want 0x654c664c (LfLe)"},
		{"no end", func(f *os.File, end int64) error { _, err := f.WriteAt(zeros, end); return err }, "evt: ELF_EOF_RECORD at offset 0x180: no EOF record where the log ended, nor behind what came since"},
		{"begun anew", func(f *os.File, end int64) error { _, err := Create(f, nil); return err }, "evt: ELF_EOF_RECORD at offset 0x30: records 0 to 0, but it had 1 to 4"},
	} {
		t.Run(x.name, func(t *testing.T) {
			f, grow := growing(t, 0)
			grow(4)
			size := sizeOf(t, f)
			r, err := NewReader(f, size, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := x.do(f, r.Extent().End); err != nil {
				t.Fatal(err)
			}
			if x.name == "shorter" {
				size = sizeOf(t, f)
			}
			_, err = r.Renew(size)
			if err == nil || err.Error() != x.want || !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("%v, want %s", err, x.want)
			}
			if _, err := r.Follow(t.Context(), new(eventlog.Selection)); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("whose file it is nobody knows: %v", err)
			}
		})
	}
}

// FuzzRenew: whatever became of a file, Renew ends, and so does a walk, which gives
// no record twice.
func FuzzRenew(f *testing.F) {
	f.Add(int64(20), []byte{0x30, 1}, uint8(1))
	f.Add(int64(0x200), []byte{0xff, 0xff}, uint8(5))
	f.Add(int64(0x300), []byte("LfLe\xff\xff"), uint8(60))
	f.Fuzz(func(t *testing.T, at int64, patch []byte, more uint8) {
		file, grow := growing(t, 0x10000)
		grow(4)
		r, err := NewReader(file, sizeOf(t, file), &Options{Buffer: 4 << 10})
		if err != nil {
			t.Fatal(err)
		}
		grow(int(more))
		if at >= 0 && at < sizeOf(t, file) {
			if _, err := file.WriteAt(patch, at); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			n, err := r.Renew(sizeOf(t, file))
			if err != nil {
				return
			}
			last := uint64(4)
			for e, err := range eventlog.All(t.Context(), n, &eventlog.Selection{After: []eventlog.Mark{{Record: 4}}}) {
				if err != nil || e.Recovered {
					continue
				}
				if e.RecordNumber <= last {
					t.Fatalf("record %d behind %d", e.RecordNumber, last)
				}
				last = e.RecordNumber
			}
			r = n
		}
	})
}
