package even

import (
	"errors"
	"fmt"

	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// readRequest is that of ElfrReadELW and A (3.1.4.7, 3.1.4.8).
type readRequest struct {
	LogHandle           ndr.ContextHandle
	ReadFlags           uint32
	RecordOffset        uint32 // a record number
	NumberOfBytesToRead uint32 // at most 0x7ffff
}

func (m *readRequest) marshal(w *ndr.Writer) {
	w.ContextHandle(m.LogHandle)
	w.Uint32(m.ReadFlags)
	w.Uint32(m.RecordOffset)
	w.Uint32(m.NumberOfBytesToRead)
}

func (m *readRequest) unmarshal(r *ndr.Reader) {
	m.LogHandle = r.Field("LogHandle").ContextHandle()
	m.ReadFlags = r.Field("ReadFlags").Uint32()
	m.RecordOffset = r.Field("RecordOffset").Uint32()
	m.NumberOfBytesToRead = readRange(r, "NumberOfBytesToRead", maxBatchBuff)
}

// readRange is a number that has a range from 0 to most in its type.
func readRange(r *ndr.Reader, field string, most uint32) uint32 {
	at := r.Offset()
	n := r.Field(field).Uint32()
	if n > most {
		r.Fail(at, fmt.Errorf("%d is over the limit %d", n, most))
		return 0
	}
	return n
}

// readResponse is that of ElfrReadELW and A. On the wire the buffer is as long as
// the client asked for, filled up with zeros.
type readResponse struct {
	Size                   uint32 // NumberOfBytesToRead
	Buffer                 []byte // the records, NumberOfBytesRead bytes
	MinNumberOfBytesNeeded uint32
	Status                 nt.Status
}

func (m *readResponse) marshal(w *ndr.Writer) {
	buf := beginRead(w, m.Size)
	endRead(w, copy(buf, m.Buffer), m.MinNumberOfBytesNeeded, m.Status)
}

// beginRead writes the head of a response and gives the buffer to be filled; the
// records go there directly, since this is where the time goes.
func beginRead(w *ndr.Writer, size uint32) []byte {
	w.Count(int(size), maxBatchBuff)
	return w.Extend(int(size))
}

// endRead writes what is behind the buffer.
func endRead(w *ndr.Writer, read int, needed uint32, s nt.Status) {
	w.Uint32(uint32(read))
	w.Uint32(needed)
	w.Uint32(uint32(s))
}

func (m *readResponse) unmarshal(r *ndr.Reader) {
	b := r.Field("Buffer").ByteArray(maxBatchBuff)
	m.Size = uint32(len(b))
	at := r.Offset()
	n := r.Field("NumberOfBytesRead").Uint32()
	if uint64(n) > uint64(len(b)) {
		r.Fail(at, errors.New("more bytes were read than the buffer has"))
	}
	m.MinNumberOfBytesNeeded = r.Field("MinNumberOfBytesNeeded").Uint32()
	m.Status = readStatus(r)
	if r.Err() == nil {
		m.Buffer = b[:n:n]
	}
}
