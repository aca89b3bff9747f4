package evt

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Limits of what AppendRecord encodes. NT's own for reports are lower (256
// strings, 61,440 bytes of data); they are the service's to keep, so that a file
// of another writer can be written again.
const (
	MaxStrings    = 0xffff
	MaxNameLength = 1024 // of a source's or computer's name, in UTF-16 units
)

// AppendRecord appends e as a record with its own RecordNumber, laid out as
// Windows lays it out: the names behind the fixed part, the SID directly behind
// them, the strings directly behind it, the data directly behind them, then 1 to
// 4 zero bytes up to a multiple of 4, and the length again. Offsets of what is
// empty are where it would stand. Times are cut to the second.
//
// What does not fit a record is an error that wraps eventlog.ErrTooLarge or
// ErrInvalid and names the field; dst is then returned unchanged.
func AppendRecord(dst []byte, e *eventlog.Event) ([]byte, error) {
	return appendRecord(dst, e, new(sidText))
}

func appendRecord(dst []byte, e *eventlog.Event, users *sidText) ([]byte, error) {
	generated, ok := nt.Time32Of(e.TimeGenerated)
	if !ok {
		return dst, invalid("time generated", e.TimeGenerated)
	}
	written, ok := nt.Time32Of(e.TimeWritten)
	if !ok {
		return dst, invalid("time written", e.TimeWritten)
	}
	switch {
	case e.RecordNumber > 0xffffffff:
		return dst, invalid("record number", e.RecordNumber)
	case len(e.Strings) > MaxStrings:
		return dst, tooLarge("strings", len(e.Strings), MaxStrings)
	}
	if err := checkName("source", e.Source); err != nil {
		return dst, err
	}
	if err := checkName("computer", e.Computer); err != nil {
		return dst, err
	}

	begin := len(dst)
	at := func() uint32 { return uint32(len(dst) - begin) }
	dst = append(dst, make([]byte, RecordHeadSize)...)
	dst = appendText(dst, e.Source)
	dst = appendText(dst, e.Computer)
	sidAt := at()
	dst, err := users.append(dst, e.User)
	if err != nil {
		return dst[:begin], fmt.Errorf("user: %w: %w", err, eventlog.ErrInvalid)
	}
	stringsAt := at()
	for i, s := range e.Strings {
		if len(s) > MaxRecordSize || len(dst)-begin > MaxRecordSize {
			return dst[:begin], tooLarge("record", len(dst)-begin+len(s), MaxRecordSize)
		}
		if flaw := flawOf(s); flaw != "" {
			return dst[:begin], fmt.Errorf("string %d %s: %w", i+1, flaw, eventlog.ErrInvalid)
		}
		dst = appendText(dst, s)
	}
	dataAt := at()
	if n := len(dst) - begin + len(e.Data) + 8; n > MaxRecordSize {
		return dst[:begin], tooLarge("record", n, MaxRecordSize)
	}
	dst = append(dst, e.Data...)
	dst = append(dst, make([]byte, 4-(len(dst)-begin)%4)...)
	n := at() + 4
	dst = binary.LittleEndian.AppendUint32(dst, n)

	le, b := binary.LittleEndian, dst[begin:]
	le.PutUint32(b[atLength:], n)
	le.PutUint32(b[atReserved:], signature)
	le.PutUint32(b[atRecordNumber:], uint32(e.RecordNumber))
	le.PutUint32(b[atTimeGenerated:], generated)
	le.PutUint32(b[atTimeWritten:], written)
	le.PutUint32(b[atEventID:], uint32(e.ID))
	le.PutUint16(b[atEventType:], uint16(e.Type))
	le.PutUint16(b[atNumStrings:], uint16(len(e.Strings)))
	le.PutUint16(b[atEventCategory:], e.Category)
	le.PutUint32(b[atStringOffset:], stringsAt)
	le.PutUint32(b[atUserSidLength:], stringsAt-sidAt)
	le.PutUint32(b[atUserSidOffset:], sidAt)
	le.PutUint32(b[atDataLength:], uint32(len(e.Data)))
	le.PutUint32(b[atDataOffset:], dataAt)
	return dst, nil
}

func appendText(dst []byte, s string) []byte { return append(nt.AppendUTF16(dst, s), 0, 0) }

// sidText remembers the binary form of the last user: many events in a row have the
// same.
type sidText struct {
	text nt.SID
	b    []byte
}

func (c *sidText) append(dst []byte, sid nt.SID) ([]byte, error) {
	if sid == "" {
		return dst, nil
	}
	if sid != c.text {
		b, err := sid.AppendBinary(c.b[:0])
		if err != nil {
			c.text = ""
			return dst, err
		}
		c.text, c.b = sid, b
	}
	return append(dst, c.b...), nil
}

func checkName(what, s string) error {
	if n := nt.UTF16Len(s) / 2; n > MaxNameLength {
		return tooLarge(what, n, MaxNameLength)
	}
	if flaw := flawOf(s); flaw != "" {
		return fmt.Errorf("%s %s: %w", what, flaw, eventlog.ErrInvalid)
	}
	return nil
}

// flawOf is why a text would not come back as it was given, "" if it would.
func flawOf(s string) string {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return "holds a zero character"
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	}
	return ""
}

func tooLarge[N int | int64](what string, have, limit N) error {
	return fmt.Errorf("%s: %d is over the limit of %d: %w", what, have, limit, eventlog.ErrTooLarge)
}

func invalid(what string, value any) error {
	return fmt.Errorf("%s %v does not fit a record: %w", what, value, eventlog.ErrInvalid)
}
