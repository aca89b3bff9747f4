package reading

import (
	"strings"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/nt"
)

// Stored says whether what is stored of an event is its EVENTLOGRECORD ([MS-EVEN] 2.2.3), and
// one that every program can take apart: all that its offsets and counts speak of
// lies inside, and texts end in zeros. Nothing is decoded for that.
func Stored(e *eventlog.Event) bool {
	var r evt.Record
	return len(e.Raw) > 0 && r.UnmarshalBinary(e.Raw) == nil && len(r.Raw()) == len(e.Raw) &&
		r.RecordNumber() == uint32(e.RecordNumber) && whole(&r)
}

// whole looks at what evt.Record's UnmarshalBinary does not.
func whole(r *evt.Record) bool {
	body := r.Raw()[:len(r.Raw())-4]
	at, ok := PastText(body, evt.RecordHeadSize)
	if !ok {
		return false
	}
	if _, ok = PastText(body, at); !ok {
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
		if at, ok = PastText(body, at); !ok {
			return false
		}
	}
	return true
}

// PastText is where a zero-terminated UTF-16LE text of b at an offset ends, behind
// its zero.
func PastText(b []byte, at int) (int, bool) {
	if at > len(b) {
		return 0, false
	}
	n := nt.IndexNUL(b[at:])
	return at + n + 2, n >= 0
}

// AppendRecord appends e as an EVENTLOGRECORD made of its fields. Of the record
// number and of what a record cannot say it has what fits: the lower half; no time
// for one that is not known; a replacement for characters that are none.
func AppendRecord(dst []byte, e *eventlog.Event) ([]byte, error) {
	c := *e
	c.RecordNumber &= 0xffffffff
	for _, t := range []*time.Time{&c.TimeGenerated, &c.TimeWritten} {
		if t.IsZero() {
			*t = time.Unix(0, 0)
		}
	}
	c.Source, c.Computer = Clean(c.Source), Clean(c.Computer)
	c.Strings = make([]string, len(e.Strings))
	for i, s := range e.Strings {
		c.Strings[i] = Clean(s)
	}
	return evt.AppendRecord(dst, &c)
}

// Clean is s as it can stand in a record, where a zero ends a string.
func Clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
