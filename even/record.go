package even

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/nt"
)

// stored says whether what is stored of an event is its EVENTLOGRECORD (2.2.3), and
// one that every client can take apart: all that its offsets and counts speak of
// lies inside, and texts end in zeros. Nothing is decoded for that.
func stored(e *eventlog.Event) bool {
	var r evt.Record
	return len(e.Raw) > 0 && r.UnmarshalBinary(e.Raw) == nil && len(r.Raw()) == len(e.Raw) &&
		r.RecordNumber() == uint32(e.RecordNumber) && whole(&r)
}

// whole looks at what evt.Record's UnmarshalBinary does not.
func whole(r *evt.Record) bool {
	body := r.Raw()[:len(r.Raw())-4]
	at, ok := pastText(body, evt.RecordHeadSize)
	if !ok {
		return false
	}
	if _, ok = pastText(body, at); !ok {
		return false
	}
	sid, err := r.UserSid()
	if err != nil || sid != nil && (len(sid) < 8 || sid[0] != 1 || sid[1] > nt.MaxSubAuthorities || len(sid) < 8+4*int(sid[1])) {
		return false
	}
	if _, err = r.Data(); err != nil {
		return false
	}
	n := int(r.NumStrings())
	if n == 0 {
		return true
	}
	if off := r.StringOffset(); off < evt.RecordHeadSize || uint64(off) > uint64(len(body)) {
		return false
	}
	for at = int(r.StringOffset()); n > 0; n-- {
		if at, ok = pastText(body, at); !ok {
			return false
		}
	}
	return true
}

// pastText is where a zero-terminated UTF-16LE text of b at an offset ends, behind
// its zero.
func pastText(b []byte, at int) (int, bool) {
	if at > len(b) {
		return 0, false
	}
	n := nt.IndexNUL(b[at:])
	return at + n + 2, n >= 0
}

// appendRecord appends e as an EVENTLOGRECORD made of its fields. Of the record
// number and of what a record cannot say it has what fits: the lower half; no time
// for one that is not known; a replacement for characters that are none.
func appendRecord(dst []byte, e *eventlog.Event) ([]byte, error) {
	c := *e
	c.RecordNumber &= 0xffffffff
	for _, t := range []*time.Time{&c.TimeGenerated, &c.TimeWritten} {
		if t.IsZero() {
			*t = time.Unix(0, 0)
		}
	}
	c.Source, c.Computer = clean(c.Source), clean(c.Computer)
	c.Strings = make([]string, len(e.Strings))
	for i, s := range e.Strings {
		c.Strings[i] = clean(s)
	}
	return evt.AppendRecord(dst, &c)
}

// clean is s as it can stand in a record, where a zero ends a string.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
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
			end, ok := pastText(record[:len(record)-4], next)
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
