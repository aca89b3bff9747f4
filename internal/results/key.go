package results

import (
	"encoding/binary"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// keySize is how many bytes are kept of a match:
//
//	0   place      8  what runs are merged by; smaller comes first
//	8   generated  8  TimeGenerated in ticks
//	16  record     8  the record number
//	24  id         4  the event id
//	28  type       2
//	30  level      1
//	31  flags      1
//
// All numbers are little-endian. The place is the complement of TimeWritten in
// ticks, and where that steps back in its log the greatest place so far: by it the
// keys of a run ascend, and merging runs by it gives the order in which package scan
// merges them, in which a log's own order is always kept.
const keySize = 32

// flagStepped says that place is not the event's own TimeWritten.
const flagStepped = 1

// key is what is kept of a match.
type key struct {
	place     uint64
	generated uint64
	record    uint64
	id        uint32
	typ       uint16
	level     uint8
	flags     uint8
}

// keyOf is the key of an event behind one whose place was last.
func keyOf(e *eventlog.Event, last uint64) key {
	k := key{
		place: ^ticks(e.TimeWritten), generated: ticks(e.TimeGenerated), record: e.RecordNumber,
		id: uint32(e.ID), typ: uint16(e.Type), level: uint8(e.Level),
	}
	if k.place < last {
		k.place, k.flags = last, flagStepped
	}
	return k
}

func ticks(t time.Time) uint64 {
	f, _ := nt.FiletimeOf(t) // one outside the range is as good as its end
	return uint64(f)
}

func (k *key) append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, k.place)
	b = le.AppendUint64(b, k.generated)
	b = le.AppendUint64(b, k.record)
	b = le.AppendUint32(b, k.id)
	b = le.AppendUint16(b, k.typ)
	return append(b, k.level, k.flags)
}

// decodeKey decodes the i-th key of a block that has it.
func decodeKey(block []byte, i int) key {
	b := (*[keySize]byte)(block[i*keySize:])
	le := binary.LittleEndian
	return key{
		place: le.Uint64(b[0:]), generated: le.Uint64(b[8:]), record: le.Uint64(b[16:]),
		id: le.Uint32(b[24:]), typ: le.Uint16(b[28:]), level: b[30], flags: b[31],
	}
}

// placeAt is the place of the i-th key of a block.
func placeAt(block []byte, i int) uint64 { return binary.LittleEndian.Uint64(block[i*keySize:]) }

// is says whether e is the event that the key was made of.
func (k *key) is(e *eventlog.Event) bool {
	return k.record == e.RecordNumber && k.generated == ticks(e.TimeGenerated) && k.id == uint32(e.ID) &&
		k.typ == uint16(e.Type) && (k.flags&flagStepped != 0 || k.place == ^ticks(e.TimeWritten))
}

// time is TimeGenerated, zero if it is not known.
func (k *key) time() time.Time {
	if k.generated == 0 {
		return time.Time{}
	}
	return nt.Filetime(k.generated).Time()
}
