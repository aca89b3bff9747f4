package even

import (
	"encoding/binary"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/reading"
	"netelf.example/nt"
)

// Read flags (3.1.4.7).
const (
	flagSequential = reading.Sequential
	flagSeek       = reading.Seek
	flagForwards   = reading.Forwards
	flagBackwards  = reading.Backwards
)

// seekTo is the record of the log whose number has offset as its lower half. How
// many a log has that does not know its next number shows only the walk.
func seekTo(offset uint32, i *eventlog.Info) (uint64, error) {
	n := i.Oldest&^0xffffffff | uint64(offset)
	if n < i.Oldest {
		n += 1 << 32
	}
	if i.Oldest == 0 || offset == 0 && i.Oldest>>32 == 0 || i.Next != 0 && n >= i.Next {
		return 0, fmt.Errorf("record %d is not one of the log: %w", offset, eventlog.ErrInvalid)
	}
	if i.Next == 0 && n>>32 != i.Oldest>>32 {
		return 0, fmt.Errorf("record %d is older than the oldest: %w", offset, eventlog.ErrInvalid)
	}
	return n, nil
}

// ansiRecord is a reading.Request's: a record with ANSI strings.
func ansiRecord(dst, record []byte) ([]byte, error) {
	b, err := appendANSIRecord(dst, record)
	if err == nil && len(b)-len(dst) > maxBatchBuff { // its parts lie on each other, and now they do not
		err = eventlog.ErrTooLarge
	}
	return b, err
}

// Where things stand in the fixed part of an EVENTLOGRECORD.
const (
	atLength        = 0
	atStringOffset  = 36
	atUserSidOffset = 44
	atDataOffset    = 52
)

// appendANSIRecord appends an EVENTLOGRECORD with the texts of another one in code
// page 1252 (3.1.4.8). Its parts lie in the same order, so lengths and offsets are
// others.
func appendANSIRecord(dst, record []byte) ([]byte, error) {
	var r evt.Record
	if err := r.UnmarshalBinary(record); err != nil {
		return dst, err
	}
	sid, err := r.UserSid()
	if err != nil {
		return dst, err
	}
	data, err := r.Data()
	if err != nil {
		return dst, err
	}
	begin := len(dst)
	at := func() uint32 { return uint32(len(dst) - begin) }
	dst = append(dst, record[:evt.RecordHeadSize]...)
	dst = appendANSIText(dst, r.SourceName())
	dst = appendANSIText(dst, r.Computername())
	sidAt := at()
	dst = append(dst, sid...)
	stringsAt := at()
	if n := int(r.NumStrings()); n > 0 {
		next := int(r.StringOffset())
		for range n {
			end, ok := reading.PastText(record[:len(record)-4], next)
			if !ok {
				return dst[:begin], eventlog.ErrCorrupt
			}
			dst = appendANSIText(dst, record[next:end-2])
			next = end
		}
	}
	dataAt := at()
	dst = append(dst, data...)
	dst = append(dst, make([]byte, 4-(len(dst)-begin)%4)...)
	n := at() + 4
	dst = binary.LittleEndian.AppendUint32(dst, n)

	le, b := binary.LittleEndian, dst[begin:]
	le.PutUint32(b[atLength:], n)
	le.PutUint32(b[atStringOffset:], stringsAt)
	le.PutUint32(b[atUserSidOffset:], sidAt)
	le.PutUint32(b[atDataOffset:], dataAt)
	return dst, nil
}

// appendANSIText appends UTF-16LE text in code page 1252, with a zero.
func appendANSIText(dst, u16 []byte) []byte {
	at := len(dst)
	for i := 0; i+1 < len(u16); i += 2 {
		c := rune(u16[i]) | rune(u16[i+1])<<8
		if c >= 0x80 { // seldom: then all of it, with pairs of surrogates
			dst = appendANSI(dst[:at], nt.UTF8(u16))
			break
		}
		dst = append(dst, byte(c))
	}
	return append(dst, 0)
}
