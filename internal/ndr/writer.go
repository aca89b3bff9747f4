package ndr

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"netelf.example/nt"
)

// firstReferent is the id of the first pointer that is not null, and
// referentStep is between two, as in Windows' stubs. Any other ids would do.
const (
	firstReferent = 0x00020000
	referentStep  = 4
)

// Writer encodes a stub. It keeps the first error, which is always that a value
// cannot be said in NDR.
type Writer struct {
	b        []byte
	base     int // where the stub begins in b: alignment counts from there
	order    binary.ByteOrder
	err      error
	next     uint32
	deferred []func()
	full     map[uint32]bool
}

// NewWriter appends a stub to dst, with numbers in the given order.
func NewWriter(dst []byte, order binary.ByteOrder) *Writer {
	return &Writer{b: dst, base: len(dst), order: order, next: firstReferent}
}

// Bytes is dst with the stub behind it, or the first error.
func (w *Writer) Bytes() ([]byte, error) {
	if w.err != nil {
		return w.b[:w.base], w.err
	}
	return w.b, nil
}

// Len is how long the stub is by now, in bytes.
func (w *Writer) Len() int { return len(w.b) - w.base }

// Fail makes err the Writer's error, if it has none.
func (w *Writer) Fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

var zeros [8]byte

// Align appends zeros up to a multiple of n, a power of two up to 8.
func (w *Writer) Align(n int) { w.b = append(w.b, zeros[:-w.Len()&(n-1)]...) }

// Uint8 is a small or byte.
func (w *Writer) Uint8(v uint8) { w.b = append(w.b, v) }

// Uint16 is a short, aligned to 2.
func (w *Writer) Uint16(v uint16) {
	w.Align(2)
	w.order.PutUint16(w.Extend(2), v)
}

// Uint32 is a long, aligned to 4.
func (w *Writer) Uint32(v uint32) {
	w.Align(4)
	w.order.PutUint32(w.Extend(4), v)
}

// Uint64 is a hyper, aligned to 8.
func (w *Writer) Uint64(v uint64) {
	w.Align(8)
	w.order.PutUint64(w.Extend(8), v)
}

// Raw is bytes as they are.
func (w *Writer) Raw(b []byte) { w.b = append(w.b, b...) }

// Extend appends n zeros and gives them to be filled in, before anything else is
// written.
func (w *Writer) Extend(n int) []byte {
	at := len(w.b)
	w.b = slices.Grow(w.b, n)[:at+n]
	clear(w.b[at:])
	return w.b[at:]
}

// Pointer is a unique pointer: a new referent id, or null. What it points to is
// written behind it, or with Defer.
func (w *Writer) Pointer(there bool) {
	if !there {
		w.Uint32(0)
		return
	}
	w.Uint32(w.next)
	w.next += referentStep
}

// FullPointer is a full pointer with an id of the caller's, 0 for null. first says
// that what it points to must follow, since the id is a new one.
func (w *Writer) FullPointer(id uint32) (first bool) {
	w.Uint32(id)
	if id == 0 || w.full[id] {
		return false
	}
	if w.full == nil {
		w.full = map[uint32]bool{}
	}
	w.full[id] = true
	return true
}

// Defer puts off the writing of what an embedded pointer points to.
func (w *Writer) Defer(write func()) { w.deferred = append(w.deferred, write) }

// Flush writes what was put off.
func (w *Writer) Flush() {
	now := w.deferred
	w.deferred = nil
	for _, write := range now {
		write()
		w.Flush() // what it points to itself comes before the next one
	}
}

// Count is a count of n elements, at most limit: the head of a conformant array.
func (w *Writer) Count(n, limit int) {
	if n < 0 || n > limit || int64(n) > math.MaxUint32 {
		w.Fail(fmt.Errorf("ndr: array of %d elements, at most %d", n, limit))
		n = 0
	}
	w.Uint32(uint32(n))
}

// ConformantVarying is the head of an array of n elements that is both.
func (w *Writer) ConformantVarying(n, limit int) {
	w.Count(n, limit)
	w.Uint32(0)
	w.Count(n, limit)
}

// ByteArray is a conformant array of bytes.
func (w *Writer) ByteArray(b []byte) {
	w.Count(len(b), math.MaxInt32)
	w.Raw(b)
}

// WideString is a conformant varying string of wchar_t ([string]); the zero at its
// end is added.
func (w *Writer) WideString(s string) {
	n := nt.UTF16Len(s)/2 + 1
	w.ConformantVarying(n, math.MaxInt32)
	w.wide(s)
	w.Uint16(0)
}

// wide is the characters of s, of which NDR wants UTF-16 in the stub's order.
func (w *Writer) wide(s string) {
	at := len(w.b)
	w.b = nt.AppendUTF16(w.b, s)
	if w.order == binary.LittleEndian {
		return
	}
	for b := w.b[at:]; len(b) > 1; b = b[2:] {
		w.order.PutUint16(b, binary.LittleEndian.Uint16(b))
	}
}

// maxStringBytes is what the 16 bits of a length can say.
const maxStringBytes = math.MaxUint16

// head is the structure that both kinds of string are, and says whether a buffer
// follows.
func (w *Writer) head(s String, length, most int) bool {
	if most > maxStringBytes {
		w.Fail(fmt.Errorf("ndr: string of %d bytes, at most %d", most, maxStringBytes))
		return false
	}
	w.Align(4)
	w.Uint16(uint16(length))
	w.Uint16(uint16(most))
	there := s.Buffer || s.Text != ""
	w.Pointer(there)
	return there
}

// UnicodeString is an RPC_UNICODE_STRING ([MS-DTYP] 2.3.10), whose text is put off.
// Its Length and MaximumLength are the same, and no zero ends it.
func (w *Writer) UnicodeString(s String) {
	n := nt.UTF16Len(s.Text)
	if w.head(s, n, n) {
		w.Defer(func() {
			w.ConformantVarying(n/2, maxStringBytes/2)
			w.wide(s.Text)
		})
	}
}

// ANSIString is an RPC_STRING as [MS-EVEN] 2.2.12 has it, whose bytes are put off.
// MaximumLength is one more than Length, for the zero at its end, as it says there.
func (w *Writer) ANSIString(s String) {
	n := len(s.Text)
	most := n
	if n > 0 {
		most++
	}
	if w.head(s, n, most) {
		w.Defer(func() {
			w.Count(most, maxStringBytes)
			copy(w.Extend(most), s.Text)
		})
	}
}

// SID is an RPC_SID ([MS-DTYP] 2.4.2.3).
func (w *Writer) SID(s nt.SID) {
	b, err := s.AppendBinary(nil)
	if err != nil {
		w.Fail(fmt.Errorf("ndr: %w", err))
		return
	}
	w.Uint32(uint32(b[1]))
	w.Raw(b[:8])
	for b = b[8:]; len(b) > 0; b = b[4:] {
		w.Uint32(binary.LittleEndian.Uint32(b))
	}
}

// GUID is a uuid_t, aligned to 4.
func (w *Writer) GUID(g nt.GUID) {
	w.Uint32(binary.LittleEndian.Uint32(g[0:]))
	w.Uint16(binary.LittleEndian.Uint16(g[4:]))
	w.Uint16(binary.LittleEndian.Uint16(g[6:]))
	w.Raw(g[8:])
}

// ContextHandle is a context handle.
func (w *Writer) ContextHandle(h ContextHandle) {
	w.Uint32(binary.LittleEndian.Uint32(h[0:]))
	w.GUID(nt.GUID(h[4:]))
}
