package evt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"netelf.example/internal/filelog"
)

// window is a reused buffer over a stretch of the file.
type window struct {
	r    io.ReaderAt
	size int64
	buf  []byte // buf[:n] is what lies at off
	off  int64
	n    int
}

const defaultBuffer = 256 << 10

func newWindow(r io.ReaderAt, size int64, buffer int) *window {
	if buffer <= 0 {
		buffer = defaultBuffer
	}
	return &window{r: r, size: size, buf: make([]byte, min(int64(max(buffer, 4096)), max(size, RecordHeadSize)))}
}

// at is the n bytes at off, which must lie inside the file. Where they are not
// in the buffer it is filled from off on, or up to off+n if backward. The slice
// is valid until the next at.
func (w *window) at(off int64, n int, backward bool) ([]byte, error) {
	if i := off - w.off; i >= 0 && i+int64(n) <= int64(w.n) {
		return w.buf[i : i+int64(n)], nil
	}
	if off < 0 || off+int64(n) > w.size {
		return nil, fmt.Errorf("read of 0x%x bytes at 0x%x: %w", n, off, io.ErrUnexpectedEOF)
	}
	if n > len(w.buf) {
		w.buf = make([]byte, n)
	}
	from := off
	if backward {
		from = max(0, off+int64(n)-int64(len(w.buf)))
	}
	fill := w.buf[:min(int64(len(w.buf)), w.size-from)]
	w.off, w.n = from, 0
	if err := filelog.ReadFull(w.r, fill, from); err != nil {
		return nil, err
	}
	w.n = len(fill)
	return w.buf[off-from : off-from+int64(n)], nil
}

// u32 is the number at off, by a read of its own where the buffer has it not:
// a claim is checked without loading what it claims.
func (w *window) u32(off int64) (uint32, error) {
	if i := off - w.off; i >= 0 && i+4 <= int64(w.n) {
		return binary.LittleEndian.Uint32(w.buf[i:]), nil
	}
	var b [4]byte
	if err := filelog.ReadFull(w.r, b[:], off); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b[:]), nil
}

// find is the offset of the first occurrence of what in [from, to), -1 if there
// is none.
func (w *window) find(what []byte, from, to int64) (int64, error) {
	for from+int64(len(what)) <= to {
		n := min(int64(len(w.buf)), to-from)
		if i := from - w.off; i >= 0 && i+int64(len(what)) <= int64(w.n) {
			n = min(n, int64(w.n)-i) // first what is there already
		}
		b, err := w.at(from, int(n), false)
		if err != nil {
			return -1, err
		}
		if i := bytes.Index(b, what); i >= 0 {
			return from + int64(i), nil
		}
		from += n - int64(len(what)) + 1
	}
	return -1, nil
}

// ring is the part of the file in which records go round.
type ring struct{ base, size int64 }

// add is the place n bytes behind pos.
func (g ring) add(pos, n int64) int64 {
	if pos += n; pos >= g.size {
		pos += g.base - g.size
	}
	return pos
}

// dist is how many bytes lie from a on until b is reached.
func (g ring) dist(a, b int64) int64 {
	if b >= a {
		return b - a
	}
	return g.size - a + b - g.base
}

func (g ring) total() int64 { return g.size - g.base }

// read fills b with what lies at pos, going on at the base behind the end.
func (g ring) read(w *window, b []byte, pos int64) error {
	n := min(int64(len(b)), g.size-pos)
	if err := filelog.ReadFull(w.r, b[:n], pos); err != nil || n == int64(len(b)) {
		return err
	}
	if g.base+int64(len(b))-n > g.size {
		return fmt.Errorf("read of 0x%x bytes at 0x%x: %w", len(b), pos, io.ErrUnexpectedEOF)
	}
	return filelog.ReadFull(w.r, b[n:], g.base)
}
