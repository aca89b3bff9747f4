package evt

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// TestAppendRecordLayout: the places are those of Windows. The SID follows
// Computername directly, here at an offset that is 2 modulo 4.
func TestAppendRecordLayout(t *testing.T) {
	e := &eventlog.Event{
		RecordNumber: 0x01020304, TimeGenerated: nt.Time32(0x4e2fb3eb), TimeWritten: nt.Time32(0x4e2fb3ec),
		ID: 0x8000a001, Type: eventlog.Warning, Level: eventlog.LevelWarning, Category: 3,
		Source: "Src", Computer: "PC1", User: "S-1-5-32-544", Strings: []string{"ä", "", "x"}, Data: []byte{0xde, 0xad, 0xbe},
	}
	for _, c := range []struct {
		name   string
		change func(e *eventlog.Event)
		hex    string
	}{
		{"all of it", func(*eventlog.Event) {}, `
6c 00 00 00  4c 66 4c 65                          # Length, Reserved
04 03 02 01                                       # RecordNumber
eb b3 2f 4e  ec b3 2f 4e                          # TimeGenerated, TimeWritten
01 a0 00 80                                       # EventID
02 00  03 00                                      # EventType, NumStrings
03 00  00 00                                      # EventCategory, ReservedFlags
00 00 00 00                                       # ClosingRecordNumber
58 00 00 00                                       # StringOffset
10 00 00 00  48 00 00 00                          # UserSidLength, UserSidOffset
03 00 00 00  62 00 00 00                          # DataLength, DataOffset
53 00 72 00 63 00 00 00                           # 38 SourceName
50 00 43 00 31 00 00 00                           # 40 Computername
01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00   # 48 UserSid
e4 00 00 00                                       # 58 Strings
00 00
78 00 00 00
de ad be                                          # 62 Data
00 00 00                                          # 65 3 bytes of padding
6c 00 00 00                                       # 68 Length
`},
		{"SID not aligned, 1 byte of padding", func(e *eventlog.Event) {
			e.Computer, e.Strings, e.Data = "PC", []string{"s"}, []byte{1, 2, 3, 4, 5}
		}, `
64 00 00 00  4c 66 4c 65
04 03 02 01
eb b3 2f 4e  ec b3 2f 4e
01 a0 00 80
02 00  01 00
03 00  00 00
00 00 00 00
56 00 00 00                                       # StringOffset
10 00 00 00  46 00 00 00                          # UserSidLength, UserSidOffset
05 00 00 00  5a 00 00 00                          # DataLength, DataOffset
53 00 72 00 63 00 00 00                           # 38 SourceName
50 00 43 00 00 00                                 # 40 Computername
01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00   # 46 UserSid, at 2 modulo 4
73 00 00 00                                       # 56 Strings
01 02 03 04 05                                    # 5a Data
00                                                # 5f 1 byte of padding
64 00 00 00                                       # 60 Length
`},
		{"2 bytes of padding", func(e *eventlog.Event) { e.Computer, e.User, e.Strings, e.Data = "PC", "", nil, nil }, `
4c 00 00 00  4c 66 4c 65
04 03 02 01
eb b3 2f 4e  ec b3 2f 4e
01 a0 00 80
02 00  00 00
03 00  00 00
00 00 00 00
46 00 00 00                                       # StringOffset: where they would be
00 00 00 00  46 00 00 00                          # UserSidLength, UserSidOffset
00 00 00 00  46 00 00 00                          # DataLength, DataOffset
53 00 72 00 63 00 00 00                           # 38 SourceName
50 00 43 00 00 00                                 # 40 Computername
00 00                                             # 46 2 bytes of padding
4c 00 00 00                                       # 48 Length
`},
		{"4 bytes of padding, nothing at all", func(e *eventlog.Event) { *e = eventlog.Event{TimeGenerated: nt.Time32(0), TimeWritten: nt.Time32(0)} }, `
44 00 00 00  4c 66 4c 65
00 00 00 00
00 00 00 00  00 00 00 00
00 00 00 00
00 00  00 00
00 00  00 00
00 00 00 00
3c 00 00 00
00 00 00 00  3c 00 00 00
00 00 00 00  3c 00 00 00
00 00                                             # 38 SourceName
00 00                                             # 3a Computername
00 00 00 00                                       # 3c 4 bytes of padding: aligned already
44 00 00 00                                       # 40 Length
`},
	} {
		e := e.Clone()
		c.change(e)
		have, err := AppendRecord([]byte("before"), e)
		if want := "before" + string(unhex(t, c.hex)); err != nil || string(have) != want {
			t.Errorf("%s: %v\nhave % x\nwant % x", c.name, err, have, want)
		}
	}
}

// shapes are events that differ in what a record has of parts.
var shapes = func() (all []struct {
	name  string
	event eventlog.Event
}) {
	add := func(name string, change func(*eventlog.Event)) {
		e := eventlog.Event{
			RecordNumber: uint64(len(all) + 1), TimeGenerated: nt.Time32(1_300_000_000), TimeWritten: nt.Time32(1_300_000_001),
			ID: 0xc0001b58, Type: eventlog.Error, Level: eventlog.LevelError, Category: 9, Source: "Source", Computer: "COMPUTER",
		}
		change(&e)
		e.Level = eventlog.LevelOf(e.Type)
		all = append(all, struct {
			name  string
			event eventlog.Event
		}{name, e})
	}
	for data := range 6 {
		for _, user := range []nt.SID{"", "S-1-5-18", "S-1-5-21-1-2-3-1000"} {
			for _, computer := range []string{"PC", "PC1"} {
				add(fmt.Sprintf("%d bytes, user %q, computer %s", data, user, computer), func(e *eventlog.Event) {
					e.Data, e.User, e.Computer = []byte{1, 2, 3, 4, 5}[:data], user, computer
					e.Strings = []string{"one", "two"}[:data%3]
				})
			}
		}
	}
	add("no names", func(e *eventlog.Event) { e.Source, e.Computer = "", "" })
	add("empty strings", func(e *eventlog.Event) { e.Strings = []string{"", "", ""} })
	add("not ASCII", func(e *eventlog.Event) {
		e.Source, e.Strings = "Größe", []string{"日本語", "😀", "a\r\nb\tc", "%1 %%2"}
	})
	add("types", func(e *eventlog.Event) { e.Type = 0xffff })
	add("extremes", func(e *eventlog.Event) {
		e.RecordNumber, e.ID, e.Category = 0xffffffff, 0xffffffff, 0xffff
		e.TimeGenerated, e.TimeWritten = nt.Time32(0), nt.Time32(0xffffffff)
	})
	add("long", func(e *eventlog.Event) {
		e.Strings = []string{strings.Repeat("long ", 6000)}
		e.Data = bytes.Repeat([]byte("data"), 15360)
	})
	add("many strings", func(e *eventlog.Event) { e.Strings = strings.Split(strings.Repeat("s,", 2000), ",") })
	return all
}()

func TestRecordRoundTrip(t *testing.T) {
	for _, c := range shapes {
		b, err := AppendRecord(nil, &c.event)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var r Record
		var have eventlog.Event
		if err := errors.Join(r.UnmarshalBinary(b), r.Event(&have, 0)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		sameEvent(t, c.name, &have, &c.event)
	}
}

func TestAppendRecordLimits(t *testing.T) {
	valid := eventlog.Event{TimeGenerated: nt.Time32(1), TimeWritten: nt.Time32(1)}
	for _, c := range []struct {
		name   string
		change func(*eventlog.Event)
		is     error
		text   string
	}{
		{"no time", func(e *eventlog.Event) { e.TimeGenerated = time.Time{} }, eventlog.ErrInvalid,
			"time generated 0001-01-01 00:00:00 +0000 UTC does not fit a record: invalid argument"},
		{"late", func(e *eventlog.Event) { e.TimeWritten = nt.Time32(0xffffffff).Add(time.Second) }, eventlog.ErrInvalid,
			"time written 2106-02-07 06:28:16 +0000 UTC does not fit a record: invalid argument"},
		{"number", func(e *eventlog.Event) { e.RecordNumber = 1 << 32 }, eventlog.ErrInvalid,
			"record number 4294967296 does not fit a record: invalid argument"},
		{"source", func(e *eventlog.Event) { e.Source = strings.Repeat("é", MaxNameLength+1) }, eventlog.ErrTooLarge,
			"source: 1025 is over the limit of 1024: over a limit"},
		{"computer", func(e *eventlog.Event) { e.Computer = "a\x00b" }, eventlog.ErrInvalid,
			"computer holds a zero character: invalid argument"},
		{"user", func(e *eventlog.Event) { e.User = "root" }, eventlog.ErrInvalid,
			`user: sid "root": does not begin with S-: invalid argument`},
		{"string", func(e *eventlog.Event) { e.Strings = []string{"", "\xff"} }, eventlog.ErrInvalid,
			"string 2 is not valid UTF-8: invalid argument"},
		{"strings", func(e *eventlog.Event) { e.Strings = make([]string, MaxStrings+1) }, eventlog.ErrTooLarge,
			"strings: 65536 is over the limit of 65535: over a limit"},
		{"long string", func(e *eventlog.Event) { e.Strings = []string{strings.Repeat("x", 1<<18)} }, eventlog.ErrTooLarge,
			"record: 524358 is over the limit of 524287: over a limit"},
		{"very long string", func(e *eventlog.Event) { e.Strings = []string{strings.Repeat("x", 1<<20)} }, eventlog.ErrTooLarge,
			"record: 1048636 is over the limit of 524287: over a limit"},
		{"data", func(e *eventlog.Event) { e.Data = make([]byte, MaxRecordSize-60-4-3) }, eventlog.ErrTooLarge,
			"record: 524288 is over the limit of 524287: over a limit"},
	} {
		e := valid
		c.change(&e)
		have, err := AppendRecord([]byte("kept"), &e)
		if !errors.Is(err, c.is) || err.Error() != c.text {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.text)
		}
		if string(have) != "kept" {
			t.Errorf("%s: gives %d bytes", c.name, len(have))
		}
	}
	e := valid
	e.Source, e.Data = strings.Repeat("é", MaxNameLength), make([]byte, MaxRecordSize-60-8-2*MaxNameLength)
	b, err := AppendRecord(nil, &e)
	if err != nil || len(b) != MaxRecordSize&^3 {
		t.Errorf("largest: %d bytes, %v", len(b), err)
	}
	var r Record
	if err := r.UnmarshalBinary(b); err != nil {
		t.Error(err)
	}
}
