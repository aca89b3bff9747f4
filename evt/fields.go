package evt

import (
	"cmp"
	"fmt"
	"slices"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// RecordField is a stretch of a record and what it is.
type RecordField struct {
	Name   string // the specification's; of a string Strings[i]
	Offset int    // in the record
	Length int

	// Value is what stands there: a number, a Hex one, a time.Time, an
	// eventlog.EventID, an eventlog.Type, a Text, an nt.SID or the error that says
	// why it is none, the bytes of Data, or a string, of the signature.
	Value any
}

// Hex is a number that is read in hexadecimal: a length, an offset, flags.
type Hex uint32

func (h Hex) String() string { return fmt.Sprintf("0x%x", uint32(h)) }

// Text is a text of a record, without its zero.
type Text struct {
	Text  string
	NoEnd bool // there is no zero: it goes on up to the end of the record
}

func (t Text) String() string { return t.Text }

// Fields are the fields of the record in the order of their offsets: what its head
// has, and what that says where it lies. Of a damaged record they may overlap, and
// what is said to lie outside of it is left out.
func (r *Record) Fields() []RecordField {
	end := len(r.body())
	list := []RecordField{
		{"Length", atLength, 4, Hex(r.Length())},
		{"Reserved", atReserved, 4, "LfLe"},
		{"RecordNumber", atRecordNumber, 4, r.RecordNumber()},
		{"TimeGenerated", atTimeGenerated, 4, nt.Time32(r.TimeGenerated())},
		{"TimeWritten", atTimeWritten, 4, nt.Time32(r.TimeWritten())},
		{"EventID", atEventID, 4, eventlog.EventID(r.EventID())},
		{"EventType", atEventType, 2, eventlog.Type(r.EventType())},
		{"NumStrings", atNumStrings, 2, r.NumStrings()},
		{"EventCategory", atEventCategory, 2, r.EventCategory()},
		{"ReservedFlags", atReservedFlags, 2, Hex(r.ReservedFlags())},
		{"ClosingRecordNumber", atClosingRecordNumber, 4, r.ClosingRecordNumber()},
		{"StringOffset", atStringOffset, 4, Hex(r.StringOffset())},
		{"UserSidLength", atUserSidLength, 4, Hex(r.UserSidLength())},
		{"UserSidOffset", atUserSidOffset, 4, Hex(r.UserSidOffset())},
		{"DataLength", atDataLength, 4, Hex(r.DataLength())},
		{"DataOffset", atDataOffset, 4, Hex(r.DataOffset())},
		{"Length2", end, 4, Hex(r.Length())},
	}
	text := func(name string, at int) (next int) {
		if at >= end {
			return end
		}
		u16, next, ok := r.stringAt(at)
		if !ok {
			next = at + len(u16)
		}
		list = append(list, RecordField{name, at, next - at, Text{nt.UTF8(u16), !ok}})
		if !ok {
			return end
		}
		return next
	}
	text("Computername", text("SourceName", RecordHeadSize))
	if b, err := r.UserSid(); err == nil && len(b) > 0 {
		f := RecordField{"UserSid", int(r.UserSidOffset()), len(b), nil}
		if sid, _, err := nt.DecodeSID(b); err != nil {
			f.Value = err
		} else {
			f.Value = sid
		}
		list = append(list, f)
	}
	if at, err := r.stringsBegin(); err == nil {
		for i := 0; i < int(r.NumStrings()) && at < end; i++ {
			at = text(fmt.Sprintf("Strings[%d]", i), at)
		}
	}
	if b, err := r.Data(); err == nil && len(b) > 0 {
		list = append(list, RecordField{"Data", int(r.DataOffset()), len(b), b})
	}
	slices.SortStableFunc(list, func(a, b RecordField) int { return cmp.Compare(a.Offset, b.Offset) })
	return list
}
