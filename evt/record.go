package evt

import (
	"encoding/binary"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Record is a view over the bytes of one EVENTLOGRECORD ([MS-EVEN] 2.2.3):
// nothing is copied and nothing is decoded before it is asked for. It is valid
// until the reader that gave it reads on. Its method names are the
// specification's.
type Record struct {
	b      []byte           // the whole record, both lengths included
	off    int64            // where it begins in the file
	origin *eventlog.Origin // what FieldServer and FieldLog are judged by
}

var _ eventlog.View = (*Record)(nil)

// Where things stand in the fixed part.
const (
	atLength              = 0
	atReserved            = 4
	atRecordNumber        = 8
	atTimeGenerated       = 12
	atTimeWritten         = 16
	atEventID             = 20
	atEventType           = 24
	atNumStrings          = 26
	atEventCategory       = 28
	atReservedFlags       = 30
	atClosingRecordNumber = 32
	atStringOffset        = 36
	atUserSidLength       = 40
	atUserSidOffset       = 44
	atDataLength          = 48
	atDataOffset          = 52
)

// UnmarshalBinary makes r a view of the record that b begins with. It checks
// what makes bytes a record: the signature, and both lengths. Check looks at the
// rest.
func (r *Record) UnmarshalBinary(b []byte) error {
	if len(b) < MinRecordSize {
		return recordError(r.off, "", 0, fmt.Errorf("need %d bytes, have %d", MinRecordSize, len(b)))
	}
	n := binary.LittleEndian.Uint32(b)
	if err := checkHead(b, r.off); err != nil {
		return err
	}
	if uint64(n) > uint64(len(b)) {
		return recordError(r.off, "Length", atLength, fmt.Errorf("0x%x, but only 0x%x bytes are left", n, len(b)))
	}
	if last := binary.LittleEndian.Uint32(b[n-4:]); last != n {
		return errLengths(r.off, n, last)
	}
	r.b = b[:n:n]
	return nil
}

// checkHead says what is wrong with the first 8 bytes of a record.
func checkHead(b []byte, off int64) error {
	n := binary.LittleEndian.Uint32(b)
	switch s := binary.LittleEndian.Uint32(b[atReserved:]); {
	case s != signature:
		return recordError(off, "Reserved", atReserved, fmt.Errorf("have 0x%08x, want 0x%08x (LfLe)", s, signature))
	case n < MinRecordSize:
		return recordError(off, "Length", atLength, fmt.Errorf("0x%x is less than 0x%x", n, MinRecordSize))
	case n > MaxRecordSize:
		return recordError(off, "Length", atLength, fmt.Errorf("0x%x is over the limit 0x%x", n, MaxRecordSize))
	case n%4 != 0:
		return recordError(off, "Length", atLength, fmt.Errorf("0x%x is not a multiple of 4", n))
	}
	return nil
}

func errLengths(off int64, first, last uint32) error {
	return recordError(off, "Length2", int64(first)-4, fmt.Errorf("0x%x, but Length is 0x%x", last, first))
}

func recordError(off int64, field string, at int64, err error) error {
	return &eventlog.FormatError{Format: "evt", Struct: "EVENTLOGRECORD", Field: field, Offset: off + at, Err: err}
}

func (r *Record) u32(at int) uint32 { return binary.LittleEndian.Uint32(r.b[at:]) }
func (r *Record) u16(at int) uint16 { return binary.LittleEndian.Uint16(r.b[at:]) }

// Raw is the whole record as stored.
func (r *Record) Raw() []byte { return r.b }

// Offset is where the record begins in its file.
func (r *Record) Offset() int64 { return r.off }

// The fixed part, as it lies there. Times are seconds since 1970 UTC, unsigned.
func (r *Record) Length() uint32              { return r.u32(atLength) }
func (r *Record) RecordNumber() uint32        { return r.u32(atRecordNumber) }
func (r *Record) TimeGenerated() uint32       { return r.u32(atTimeGenerated) }
func (r *Record) TimeWritten() uint32         { return r.u32(atTimeWritten) }
func (r *Record) EventID() uint32             { return r.u32(atEventID) }
func (r *Record) EventType() uint16           { return r.u16(atEventType) }
func (r *Record) NumStrings() uint16          { return r.u16(atNumStrings) }
func (r *Record) EventCategory() uint16       { return r.u16(atEventCategory) }
func (r *Record) ReservedFlags() uint16       { return r.u16(atReservedFlags) }
func (r *Record) ClosingRecordNumber() uint32 { return r.u32(atClosingRecordNumber) }
func (r *Record) StringOffset() uint32        { return r.u32(atStringOffset) }
func (r *Record) UserSidLength() uint32       { return r.u32(atUserSidLength) }
func (r *Record) UserSidOffset() uint32       { return r.u32(atUserSidOffset) }
func (r *Record) DataLength() uint32          { return r.u32(atDataLength) }
func (r *Record) DataOffset() uint32          { return r.u32(atDataOffset) }

// body is the record without its last Length.
func (r *Record) body() []byte { return r.b[:len(r.b)-4] }

// text is the zero-terminated UTF-16LE text at an offset, without its zero; ok
// is false where there is no terminator, and then it goes up to the end.
func (r *Record) text(at int) (u16 []byte, ok bool) {
	b := r.body()
	if at > len(b) {
		return nil, false
	}
	if n := nt.IndexNUL(b[at:]); n >= 0 {
		return b[at : at+n : at+n], true
	}
	return b[at : at+(len(b)-at)&^1], false
}

// SourceName is the source's name in UTF-16LE.
func (r *Record) SourceName() []byte {
	t, _ := r.text(RecordHeadSize)
	return t
}

// Computername is the computer's name in UTF-16LE, as the source gave it.
func (r *Record) Computername() []byte {
	src, ok := r.text(RecordHeadSize)
	if !ok {
		return nil
	}
	t, _ := r.text(RecordHeadSize + len(src) + 2)
	return t
}

// UserSid is the user's SID in its binary form, nil if there is none. With a
// length of 0 the offset means nothing.
func (r *Record) UserSid() ([]byte, error) {
	return r.block("UserSid", atUserSidLength, atUserSidOffset)
}

// Data is the binary data. With a length of 0 the offset means nothing.
func (r *Record) Data() ([]byte, error) { return r.block("Data", atDataLength, atDataOffset) }

func (r *Record) block(field string, atLen, atOff int) ([]byte, error) {
	n, off := r.u32(atLen), r.u32(atOff)
	if n == 0 {
		return nil, nil
	}
	b := r.body()
	if off < RecordHeadSize || uint64(off)+uint64(n) > uint64(len(b)) {
		return nil, recordError(r.off, field+"Offset", int64(atOff),
			fmt.Errorf("0x%x with length 0x%x lies outside of the record's 0x%x bytes", off, n, len(r.b)))
	}
	return b[off : off+n : off+n], nil
}

// stringAt is the string that begins at an offset, and the offset of the one
// behind it; ok is false where it does not end inside the record.
func (r *Record) stringAt(at int) (u16 []byte, next int, ok bool) {
	t, ok := r.text(at)
	return t, at + len(t) + 2, ok
}

func (r *Record) stringsBegin() (int, error) {
	at := r.StringOffset()
	if at < RecordHeadSize || uint64(at) > uint64(len(r.body())) {
		return 0, recordError(r.off, "StringOffset", atStringOffset,
			fmt.Errorf("0x%x lies outside of the record's 0x%x bytes", at, len(r.b)))
	}
	return int(at), nil
}

// Num implements eventlog.View.
func (r *Record) Num(f eventlog.Field) (uint64, bool) {
	switch f {
	case eventlog.FieldTimeGenerated:
		return ticks(r.TimeGenerated()), true
	case eventlog.FieldCode:
		return uint64(r.u16(atEventID)), true
	case eventlog.FieldType:
		return uint64(r.EventType()), true
	case eventlog.FieldLevel:
		return uint64(eventlog.LevelOf(eventlog.Type(r.EventType()))), true
	case eventlog.FieldID:
		return uint64(r.EventID()), true
	case eventlog.FieldRecord:
		return uint64(r.RecordNumber()), true
	case eventlog.FieldTimeWritten:
		return ticks(r.TimeWritten()), true
	case eventlog.FieldCategory:
		return uint64(r.EventCategory()), true
	}
	return eventlog.ClassicNum(f, eventlog.Type(r.EventType())), true
}

// ticks are 100 ns since 1601, as nt.Filetime has them.
func ticks(sec uint32) uint64 { return (uint64(sec) + 11644473600) * 1e7 }
