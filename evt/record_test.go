package evt

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

func TestRecordErrors(t *testing.T) {
	good := recordOf(t, 100, 1, 1)
	for _, c := range []struct {
		name   string
		b      []byte
		offset int64
		text   string
	}{
		{"empty", nil, 0x1000, "evt: EVENTLOGRECORD at offset 0x1000: need 60 bytes, have 0"},
		{"less than the least", good[:59], 0x1000, "evt: EVENTLOGRECORD at offset 0x1000: need 60 bytes, have 59"},
		{"one short", good[:99], 0x1000, "evt: EVENTLOGRECORD.Length at offset 0x1000: 0x64, but only 0x63 bytes are left"},
		{"bad signature", patched(good, 4, 0x654c664d), 0x1004, "evt: EVENTLOGRECORD.Reserved at offset 0x1004: have 0x654c664d, want 0x654c664c (LfLe)"},
		{"length under the least", patched(good, 0, 56), 0x1000, "evt: EVENTLOGRECORD.Length at offset 0x1000: 0x38 is less than 0x3c"},
		{"length no multiple of 4", patched(good, 0, 98), 0x1000, "evt: EVENTLOGRECORD.Length at offset 0x1000: 0x62 is not a multiple of 4"},
		{"length over the limit", patched(good, 0, 0x80000), 0x1000, "evt: EVENTLOGRECORD.Length at offset 0x1000: 0x80000 is over the limit 0x7ffff"},
		{"length far over", patched(good, 0, 0xfffffffc), 0x1000, "evt: EVENTLOGRECORD.Length at offset 0x1000: 0xfffffffc is over the limit 0x7ffff"},
		{"lengths disagree", patched(good, 96, 104), 0x1060, "evt: EVENTLOGRECORD.Length2 at offset 0x1060: 0x68, but Length is 0x64"},
	} {
		r := Record{off: 0x1000}
		checkFormatError(t, c.name, r.UnmarshalBinary(c.b), c.offset, c.text)
		if r.b != nil {
			t.Errorf("%s: has a value", c.name)
		}
	}
	var r Record
	if err := r.UnmarshalBinary(append(good, 1, 2, 3)); err != nil || !bytes.Equal(r.Raw(), good) {
		t.Errorf("with something behind it: % x, %v", r.Raw(), err)
	}
}

// TestRecordDamage: offsets that lead out of the record. What else the record
// says is had all the same.
func TestRecordDamage(t *testing.T) {
	e := &eventlog.Event{
		RecordNumber: 5, TimeGenerated: nt.Time32(1), TimeWritten: nt.Time32(2), ID: 7, Type: eventlog.Error, Level: eventlog.LevelError,
		Source: "src", Computer: "PC", User: "S-1-5-18", Strings: []string{"a", "bc"}, Data: []byte{1, 2, 3},
	}
	good, err := AppendRecord(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	last := uint32(len(good) - 4)
	for _, c := range []struct {
		name   string
		b      []byte
		offset int64
		text   string
		lost   func(*eventlog.Event)
	}{
		{"SID outside", patched(good, atUserSidOffset, last-11), atUserSidOffset,
			"evt: EVENTLOGRECORD.UserSidOffset at offset 0x2c: 0x55 with length 0xc lies outside of the record's 0x64 bytes",
			func(e *eventlog.Event) { e.User = "" }},
		{"SID in the head", patched(good, atUserSidOffset, 55), atUserSidOffset,
			"evt: EVENTLOGRECORD.UserSidOffset at offset 0x2c: 0x37 with length 0xc lies outside of the record's 0x64 bytes",
			func(e *eventlog.Event) { e.User = "" }},
		{"SID that is none", patched(good, 0x46, 0x00000102), 0x46,
			"evt: EVENTLOGRECORD.UserSid at offset 0x46: sid: revision 2, want 1",
			func(e *eventlog.Event) { e.User = "" }},
		{"data outside", patched(good, atDataOffset, 0xffffffff), atDataOffset,
			"evt: EVENTLOGRECORD.DataOffset at offset 0x34: 0xffffffff with length 0x3 lies outside of the record's 0x64 bytes",
			func(e *eventlog.Event) { e.Data = nil }},
		{"strings outside", patched(good, atStringOffset, last+1), atStringOffset,
			"evt: EVENTLOGRECORD.StringOffset at offset 0x24: 0x61 lies outside of the record's 0x64 bytes",
			func(e *eventlog.Event) { e.Strings = nil }},
	} {
		var r Record
		if err := r.UnmarshalBinary(c.b); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var have eventlog.Event
		checkFormatError(t, c.name, r.Event(&have, 0), c.offset, c.text)
		want := e.Clone()
		c.lost(want)
		sameEvent(t, c.name, &have, want)
	}
	// With a length or count of 0 an offset means nothing.
	bare, err := AppendRecord(nil, eventOf(68, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{atStringOffset, atUserSidOffset, atDataOffset} {
		bare = patched(bare, at, 0xfffffff0)
	}
	var r Record
	if err := errors.Join(r.UnmarshalBinary(bare), r.Event(new(eventlog.Event), 0)); err != nil {
		t.Error(err)
	}
}

// sameEvent compares whole events; nil and empty are the same.
func sameEvent(t testing.TB, name string, have, want *eventlog.Event) {
	t.Helper()
	a, b := *have.Clone(), *want.Clone()
	for _, e := range []*eventlog.Event{&a, &b} {
		if len(e.Strings) == 0 {
			e.Strings = nil
		}
		if len(e.Data) == 0 {
			e.Data = nil
		}
		if len(e.Raw) == 0 {
			e.Raw = nil
		}
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s:\nhave %+v\nwant %+v", name, a, b)
	}
}

// FuzzRecord: whatever the bytes, nothing panics and views stay inside; what
// decodes without an error encodes again and decodes equal.
func FuzzRecord(f *testing.F) {
	for _, e := range shapes {
		b, err := AppendRecord(nil, &e.event)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(patched(b, atStringOffset, 0x39))
		f.Add(patched(b, atUserSidLength, 0x40))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Record
		if r.UnmarshalBinary(b) != nil {
			return
		}
		inside := func(what string, part []byte) {
			if len(part) > 0 && !bytes.Contains(r.Raw(), part) {
				t.Fatalf("%s: % x lies outside of the record", what, part)
			}
		}
		for field := eventlog.Field(0); field <= eventlog.FieldRaw; field++ {
			if field.Numeric() {
				r.Num(field)
				continue
			}
			for i := range 40 { // each costs a walk over those before it
				text, ok := r.Text(field, "", i)
				if ok != eventlog.Yes {
					break
				}
				inside(field.String(), text.U16)
				inside(field.String(), text.Bin)
			}
		}
		var e eventlog.Event
		if r.Event(&e, 0) != nil {
			return
		}
		for _, s := range e.Strings {
			if len(s) > 3*len(r.Raw()) {
				t.Fatalf("string of %d bytes from a record of %d", len(s), len(r.Raw()))
			}
		}
		again, err := AppendRecord(nil, &e)
		if errors.Is(err, eventlog.ErrTooLarge) {
			return // names and records can be longer than what is written
		}
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		var have eventlog.Event
		var r2 Record
		if err := errors.Join(r2.UnmarshalBinary(again), r2.Event(&have, 0)); err != nil {
			t.Fatal(err)
		}
		sameEvent(t, "again", &have, &e)
	})
}

// TestDecoderMemory: what a decoder remembers of the records before never changes
// what it makes of the next, whatever their names are.
func TestDecoderMemory(t *testing.T) {
	names := []string{"", "D", "Disk", "DiskA", "Disk\u00e9", "Disk perf", strings.Repeat("n", 300), "Application Popup"}
	rnd := rand.New(rand.NewPCG(5, 6))
	var d decoder
	for i := range 20_000 {
		e := &eventlog.Event{
			RecordNumber: 1, TimeGenerated: nt.Time32(1), TimeWritten: nt.Time32(1), ID: eventlog.EventID(rnd.IntN(3)), Type: eventlog.Error, Level: eventlog.LevelError,
			Source: names[rnd.IntN(len(names))], Computer: names[rnd.IntN(len(names))], Strings: []string{"text"},
		}
		if rnd.IntN(4) == 0 {
			e.User = "S-1-5-18"
		}
		b, err := AppendRecord(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		if err := r.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		if rnd.IntN(3) == 0 { // a terminator less, or another letter
			k := RecordHeadSize + 2*rnd.IntN(20)
			if k < len(b)-4 {
				b[k] = 'x'
			}
		}
		want := []eventlog.Fields{eventlog.AllFields, eventlog.DefaultFields, eventlog.FieldSource.Bit(), eventlog.FieldComputer.Bit()}[rnd.IntN(4)]
		var have, fresh eventlog.Event
		err1, err2 := d.event(&r, &have, want), new(decoder).event(&r, &fresh, want)
		if !reflect.DeepEqual(have, fresh) || fmt.Sprint(err1) != fmt.Sprint(err2) {
			t.Fatalf("record %d\nhave %+v, %v\nwant %+v, %v", i, have, err1, fresh, err2)
		}
	}
}
