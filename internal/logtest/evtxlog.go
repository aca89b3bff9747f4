package logtest

import (
	"bytes"
	"encoding/binary"
	"io"

	"netelf.example/eventlog"
)

// EVTXLog is an .evtx file that goes on being written, as Windows does it: records
// are put into the newest chunk, its head is brought up to date now and then, and
// behind the last chunk that the file may have comes the first one again.
type EVTXLog struct {
	EVTX
	MaxChunks int // that the file may have, 2 or more; 0: as many as come
	HeadEvery int // the heads are brought up to date after so many records; 0: after each

	image   []byte            // the file
	chunk   int               // that is written to
	events  []*eventlog.Event // of that
	records int               // of the file before those
	stale   int               // records since the heads were brought up to date
}

// Write is bytes that come to stand at a place of a file.
type Write struct {
	Off  int64
	Data []byte
}

// sector is how much of a write reaches a reader as one.
const sector = 512

// Append is the writes by which the event becomes the newest record, in the order
// in which Windows makes them: the record, the head of its chunk, that of the file.
func (l *EVTXLog) Append(e *eventlog.Event) ([]Write, error) {
	if l.image == nil {
		b, err := l.Bytes(nil)
		if err != nil {
			return nil, err
		}
		l.image = b
		return l.append(e, []Write{{0, bytes.Clone(b)}})
	}
	return l.append(e, nil)
}

func (l *EVTXLog) append(e *eventlog.Event, writes []Write) ([]Write, error) {
	events := append(l.events, e)
	b, n, err := l.EVTX.chunk(events, l.records)
	if err != nil {
		return nil, err
	}
	l.stale++
	heads := l.stale >= l.HeadEvery || len(l.events) == 0
	if n < len(events) {
		// The chunk that is full gets its head, and the record the next chunk.
		full, _, err := l.EVTX.chunk(l.events, l.records)
		if err != nil {
			return nil, err
		}
		writes = append(writes, l.differ(full, 0, evtxRecords)...)
		l.records += len(l.events)
		if l.chunk++; l.MaxChunks > 0 && l.chunk == l.MaxChunks {
			l.chunk = 0
		}
		if events, heads = []*eventlog.Event{e}, true; len(l.image) < l.at(l.chunk+1) {
			l.image = append(l.image, make([]byte, evtxChunk)...)
			writes = append(writes, Write{int64(len(l.image) - 1), make([]byte, 1)})
		}
		if b, _, err = l.EVTX.chunk(events, l.records); err != nil {
			return nil, err
		}
	}
	l.events = events
	writes = append(writes, l.differ(b, evtxRecords, evtxChunk)...)
	if heads {
		l.stale = 0
		writes = append(writes, l.differ(b, 0, evtxRecords)...)
	}
	h := bytes.Clone(l.image[:128])
	le := binary.LittleEndian
	if heads {
		le.PutUint64(h[16:], uint64(l.chunk))
		le.PutUint64(h[24:], e.RecordNumber+1)
		le.PutUint16(h[42:], uint16((len(l.image)-evtxBlock)/evtxChunk))
	}
	le.PutUint32(h[120:], 1) // dirty
	EVTXHeaderSum(h)
	return append(writes, l.put(0, h)...), nil
}

// at is where a chunk begins.
func (l *EVTXLog) at(chunk int) int { return evtxBlock + chunk*evtxChunk }

// differ is the writes that bring the bytes from from up to to of the newest chunk
// to what b has there.
func (l *EVTXLog) differ(b []byte, from, to int) (writes []Write) {
	for ; from < to; from += sector {
		writes = append(writes, l.put(l.at(l.chunk)+from, b[from:from+sector])...)
	}
	return writes
}

func (l *EVTXLog) put(off int, b []byte) []Write {
	if bytes.Equal(l.image[off:off+len(b)], b) {
		return nil
	}
	copy(l.image[off:], b)
	return []Write{{int64(off), bytes.Clone(b)}}
}

// File is the file as it is now.
func (l *EVTXLog) File() []byte { return bytes.Clone(l.image) }

// Apply makes writes.
func Apply(w io.WriterAt, writes []Write) error {
	for _, x := range writes {
		if _, err := w.WriteAt(x.Data, x.Off); err != nil {
			return err
		}
	}
	return nil
}
