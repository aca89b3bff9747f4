package ndr

import (
	"encoding/binary"
	"errors"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// maxDeferred is how many pointees may wait to be read at once. Each has taken 4
// bytes of the stub by then, but is remembered in more.
const maxDeferred = 1 << 16

// maxDepth is how deep pointees may lie in pointees: a list of records that point
// to the next one is as deep as it is long.
const maxDepth = 64

// Reader decodes a stub. It keeps the first error; whatever is read after that is
// zero.
type Reader struct {
	b        []byte
	off      int
	order    binary.ByteOrder
	str      string // the structure or call, for errors
	field    string // the field of it
	err      error
	deferred []func()
	depth    int             // of Flush in Flush
	full     map[uint32]bool // ids of full pointers that were met
}

// NewReader decodes b, in which numbers stand in the given order. structName is
// what errors name: the call, or the structure, by the name that the specification
// gives it.
func NewReader(b []byte, order binary.ByteOrder, structName string) *Reader {
	return &Reader{b: b, order: order, str: structName}
}

// Field names what is read next, for errors.
func (r *Reader) Field(name string) *Reader {
	r.field = name
	return r
}

// Err is the first error, an *eventlog.FormatError with the offset in the stub;
// nil if there was none.
func (r *Reader) Err() error { return r.err }

// Offset is how far the stub was read, in bytes.
func (r *Reader) Offset() int { return r.off }

// Rest is how many bytes are left; 0 after an error.
func (r *Reader) Rest() int {
	if r.err != nil {
		return 0
	}
	return len(r.b) - r.off
}

// Fail makes err the Reader's error, at offset off of the stub, if it has none.
func (r *Reader) Fail(off int, err error) {
	if r.err == nil {
		r.err = &eventlog.FormatError{Format: "ndr", Struct: r.str, Field: r.field, Offset: int64(off), Err: err}
	}
}

// take is the next n bytes behind the alignment, nil after an error.
func (r *Reader) take(n, align int) []byte {
	if r.err != nil {
		return nil
	}
	off := (r.off + align - 1) &^ (align - 1)
	if off > len(r.b) || n > len(r.b)-off {
		r.Fail(r.off, fmt.Errorf("need %d bytes, have %d", off-r.off+n, len(r.b)-r.off))
		return nil
	}
	r.off = off + n
	return r.b[off:r.off:r.off]
}

// Align skips to the next multiple of n, a power of two.
func (r *Reader) Align(n int) { r.take(0, n) }

// Uint8 is a small or byte.
func (r *Reader) Uint8() uint8 {
	if b := r.take(1, 1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 is a short, aligned to 2.
func (r *Reader) Uint16() uint16 {
	if b := r.take(2, 2); b != nil {
		return r.order.Uint16(b)
	}
	return 0
}

// Uint32 is a long, aligned to 4.
func (r *Reader) Uint32() uint32 {
	if b := r.take(4, 4); b != nil {
		return r.order.Uint32(b)
	}
	return 0
}

// Uint64 is a hyper, aligned to 8.
func (r *Reader) Uint64() uint64 {
	if b := r.take(8, 8); b != nil {
		return r.order.Uint64(b)
	}
	return 0
}

// Bytes is the next n bytes, a view; nil after an error, and where there are fewer.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 {
		r.Fail(r.off, fmt.Errorf("%d bytes", n))
		return nil
	}
	return r.take(n, 1)
}

// Pointer is a unique pointer's referent id; false is null, and nothing follows
// for it.
func (r *Reader) Pointer() bool { return r.Uint32() != 0 }

// FullPointer is a full pointer's referent id. Only where first is set does what
// it points to follow; else it is that of the pointer with the same id, or null
// where id is 0.
func (r *Reader) FullPointer() (id uint32, first bool) {
	if id = r.Uint32(); id == 0 || r.full[id] {
		return id, false
	}
	if len(r.full) >= maxDeferred {
		r.Fail(r.off-4, fmt.Errorf("over %d full pointers", maxDeferred))
		return 0, false
	}
	if r.full == nil {
		r.full = map[uint32]bool{}
	}
	r.full[id] = true
	return id, true
}

// Defer puts off the reading of what an embedded pointer points to.
func (r *Reader) Defer(read func()) {
	switch {
	case r.err != nil:
	case len(r.deferred) >= maxDeferred:
		r.Fail(r.off, fmt.Errorf("over %d pointers", maxDeferred))
	default:
		field := r.field
		r.deferred = append(r.deferred, func() {
			r.field = field
			read()
		})
	}
}

// Flush reads what was put off.
func (r *Reader) Flush() {
	if r.depth++; r.depth > maxDepth && len(r.deferred) > 0 {
		r.Fail(r.off, fmt.Errorf("pointers nested over %d deep", maxDepth))
	}
	defer func() { r.depth-- }()
	for len(r.deferred) > 0 && r.err == nil {
		now := r.deferred
		r.deferred = nil
		for _, read := range now {
			if r.err != nil {
				return
			}
			read()
			r.Flush() // what it points to itself comes before the next one
		}
	}
}

// Conformant is the maximum count of a conformant array of elements of at least
// size bytes: at most limit, and no more than can follow.
func (r *Reader) Conformant(size, limit int) int {
	return r.count("maximum count", size, limit)
}

// count is a count that was compared with the limit and with what is left.
func (r *Reader) count(what string, size, limit int) int {
	n := r.Uint32()
	switch {
	case r.err != nil:
	case uint64(n) > uint64(max(limit, 0)):
		r.Fail(r.off-4, fmt.Errorf("%s %d is over the limit %d", what, n, limit))
	case uint64(n)*uint64(max(size, 1)) > uint64(r.Rest()):
		r.Fail(r.off-4, fmt.Errorf("%s %d needs %d bytes, have %d", what, n, uint64(n)*uint64(max(size, 1)), r.Rest()))
	default:
		return int(n)
	}
	return 0
}

// Varying is the offset and actual count of a varying array of elements of at
// least size bytes. An offset other than 0 is an error: nobody sends one.
func (r *Reader) Varying(size, limit int) int {
	if off := r.Uint32(); r.err == nil && off != 0 {
		r.Fail(r.off-4, fmt.Errorf("array offset %d, want 0", off))
		return 0
	}
	return r.count("actual count", size, limit)
}

// ConformantVarying is the head of an array that is both, and how many elements
// follow. The maximum count is not bounded by what is left: only actual elements are
// transmitted.
func (r *Reader) ConformantVarying(size, limit int) (most, n int) {
	m := r.Uint32()
	if r.err == nil && uint64(m) > uint64(max(limit, 0)) {
		r.Fail(r.off-4, fmt.Errorf("maximum count %d is over the limit %d", m, limit))
		return 0, 0
	}
	n = r.Varying(size, limit)
	if r.err == nil && n > int(m) {
		r.Fail(r.off-4, fmt.Errorf("actual count %d is over the maximum count %d", n, m))
	}
	if r.err != nil {
		return 0, 0
	}
	return int(m), n
}

// ByteArray is a conformant array of bytes, a view.
func (r *Reader) ByteArray(limit int) []byte {
	n := r.Conformant(1, limit)
	return r.Bytes(n)
}

// WideString is a conformant varying string of wchar_t ([string]), which ends in a
// zero; at most limit characters with it.
func (r *Reader) WideString(limit int) string {
	_, n := r.ConformantVarying(2, limit)
	at := r.off
	u16 := r.wide(n)
	switch {
	case r.err != nil:
		return ""
	case n == 0 || u16[2*n-2] != 0 || u16[2*n-1] != 0:
		r.Fail(at, errors.New("string without a zero at its end"))
		return ""
	}
	return nt.UTF8(u16[:2*n-2])
}

// wide is n characters as UTF-16LE.
func (r *Reader) wide(n int) []byte {
	b := r.take(2*n, 2)
	if b == nil || r.order == binary.LittleEndian {
		return b
	}
	le := make([]byte, len(b))
	for i := 0; i < len(b); i += 2 {
		binary.LittleEndian.PutUint16(le[i:], r.order.Uint16(b[i:]))
	}
	return le
}

// UnicodeString is an RPC_UNICODE_STRING ([MS-DTYP] 2.3.10), aligned to 4. Its text
// is put off and is in s after Flush.
func (r *Reader) UnicodeString(s *String) {
	*s = String{}
	r.Align(4)
	at := r.off
	length, most := r.Uint16(), r.Uint16()&^1 // an odd MaximumLength counts as one less
	switch there := r.Pointer(); {
	case r.err != nil:
	case length%2 != 0:
		r.Fail(at, fmt.Errorf("length %d is odd", length))
	case length > most:
		r.Fail(at, fmt.Errorf("length %d is over the maximum length %d", length, most))
	case !there && length > 0:
		r.Fail(at, fmt.Errorf("length %d without a buffer", length))
	case there:
		s.Buffer = true
		r.Defer(func() {
			begin := r.off
			m, n := r.ConformantVarying(2, int(most/2))
			if r.err == nil && (m != int(most/2) || n != int(length/2)) {
				r.Fail(begin, fmt.Errorf("array of %d of %d characters, but the lengths say %d of %d", n, m, length/2, most/2))
			}
			s.Text = nt.UTF8(r.wide(n))
		})
	}
}

// ANSIString is an RPC_STRING as [MS-EVEN] 2.2.12 has it, aligned to 4: its buffer
// is a conformant array that does not vary. Its text is put off and is in s after
// Flush: the bytes as they are, since which code page they are of is the caller's
// to know.
func (r *Reader) ANSIString(s *String) {
	*s = String{}
	r.Align(4)
	at := r.off
	length, most := r.Uint16(), r.Uint16()
	switch there := r.Pointer(); {
	case r.err != nil:
	case length > most:
		r.Fail(at, fmt.Errorf("length %d is over the maximum length %d", length, most))
	case !there && length > 0:
		r.Fail(at, fmt.Errorf("length %d without a buffer", length))
	case there:
		s.Buffer = true
		r.Defer(func() {
			begin := r.off
			b := r.ByteArray(int(most))
			if r.err == nil && len(b) != int(most) {
				r.Fail(begin, fmt.Errorf("array of %d characters, but the maximum length is %d", len(b), most))
			}
			if r.err == nil {
				s.Text = string(b[:length])
			}
		})
	}
}

// SID is an RPC_SID ([MS-DTYP] 2.4.2.3). ok is false, and s "", where it is
// transmitted well but is none: of another revision, or with too many
// sub-authorities.
func (r *Reader) SID() (s nt.SID, ok bool) {
	at := r.off
	n := r.Conformant(4, 255)
	r.Align(4)
	head := r.take(8, 1)
	if r.err != nil {
		return "", false
	}
	if n != int(head[1]) {
		r.Fail(at, fmt.Errorf("array of %d sub-authorities, but the SID has %d", n, head[1]))
		return "", false
	}
	b := append(make([]byte, 0, 8+4*n), head...)
	for range n {
		b = binary.LittleEndian.AppendUint32(b, r.Uint32())
	}
	if r.err != nil {
		return "", false
	}
	s, _, err := nt.DecodeSID(b)
	return s, err == nil
}

// GUID is a uuid_t, aligned to 4.
func (r *Reader) GUID() (g nt.GUID) {
	r.Align(4)
	binary.LittleEndian.PutUint32(g[0:], r.Uint32())
	binary.LittleEndian.PutUint16(g[4:], r.Uint16())
	binary.LittleEndian.PutUint16(g[6:], r.Uint16())
	copy(g[8:], r.Bytes(8))
	return g
}

// ContextHandle is a context handle: its bytes with all numbers little-endian,
// however they stood.
func (r *Reader) ContextHandle() (h ContextHandle) {
	binary.LittleEndian.PutUint32(h[0:], r.Uint32())
	g := r.GUID()
	copy(h[4:], g[:])
	return h
}
