package regf

import (
	"bytes"
	"errors"
	"testing"

	"netelf.example/eventlog"
)

// FuzzHive: whatever comes is read to its end, or is an error with its place.
func FuzzHive(f *testing.F) {
	small := sample()
	small.keys = small.keys[:2]
	good := build(small, 5)
	f.Add(good, []byte(nil))
	f.Add(dirty(good, 20), newLog(20, good, logEntry(20, len(good)-baseSize, ref{0, good[baseSize : baseSize+pageSize]})))
	f.Add(dirty(good, 20), oldLog(good, differ(make([]byte, len(good)), good, blockSize)))
	f.Fuzz(func(t *testing.T, b, log []byte) {
		h, err := Open(bytes.NewReader(b), int64(len(b)), &Options{Logs: sections([][]byte{log})})
		if err != nil {
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Error(err)
			}
			return
		}
		lines, _ := dump(h)
		// A key takes 80 bytes at least, and stands in one place of the tree alone;
		// a value takes 24, and one key may name the cells of another.
		if n := len(b) + len(log); len(lines) > n*n {
			t.Errorf("%d lines out of %d bytes", len(lines), n)
		}
	})
}

// FuzzLog: log entries that are sealed by their hashes.
func FuzzLog(f *testing.F) {
	good := build(tree3("one"), 5)
	f.Add(logEntry(7, len(good)-baseSize, ref{0, good[baseSize : baseSize+pageSize]}))
	f.Add(logEntry(7, 1<<20, ref{512, good[:512]}, ref{0, good[:1024]}))
	hive := dirty(good, 7)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < entryHead {
			return
		}
		b = append(b, make([]byte, -len(b)&(blockSize-1))...)
		copy(b, "HvLE")
		le.PutUint32(b[4:], uint32(len(b)))
		seal(b)
		h := open(t, hive, newLog(7, good, b))
		if n := len(h.over) * pageSize; n > 9*len(b) {
			t.Errorf("%d bytes are kept for a log of %d", n, len(b))
		}
		dump(h)
	})
}
