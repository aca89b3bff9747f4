package logtest

import (
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// The record numbers of the fixture run from First to Last without a gap.
const (
	First = 5
	Last  = 18
)

// at is a time on the day of the fixture.
func at(hour, min, sec int) time.Time {
	return time.Date(2004, time.May, 17, hour, min, sec, 0, time.UTC)
}

// ticks is at as the number that time fields are compared by.
func ticks(hour, min, sec int) uint64 {
	f, _ := nt.FiletimeOf(at(hour, min, sec))
	return uint64(f)
}

func utf16(s string) []byte { return nt.AppendUTF16(nil, s) }

// Events returns the fixture anew: 14 events with neither Origin, Raw, Extra nor
// Message. TimeGenerated is out of order at record 9 by minutes, at 17 by
// seconds and at 15 by hours; TimeWritten steps back once, at record 11, by less
// than eventlog.DefaultSlack.
func Events() []*eventlog.Event {
	events := []*eventlog.Event{
		{ // no strings, no data, no user
			RecordNumber: 5, TimeGenerated: at(8, 0, 0), TimeWritten: at(8, 0, 0),
			ID: 0x80001775, Type: eventlog.Information,
			Source: "EventLog", Computer: "SRV1",
		},
		{
			RecordNumber: 6, TimeGenerated: at(8, 0, 5), TimeWritten: at(8, 0, 7),
			ID: 0x40001B7C, Type: eventlog.Information,
			Source: "Service Control Manager", Computer: "SRV1",
			Strings: []string{"Print Spooler", "running"},
		},
		{ // binary data
			RecordNumber: 7, TimeGenerated: at(8, 10, 0), TimeWritten: at(8, 10, 0),
			ID: 0xC0040007, Type: eventlog.Error,
			Source: "Disk", Computer: "SRV1",
			Strings: []string{`\Device\Harddisk0\DR0`},
			Data:    []byte{0x0F, 0x00, 0x10, 0x00, 0xDE, 0xAD, 0xBE, 0xEF, 0x00, 0xFF},
		},
		{ // the source in another case; one string, empty; data that is ASCII
			RecordNumber: 8, TimeGenerated: at(8, 10, 0), TimeWritten: at(8, 10, 0),
			ID: 0x80040033, Type: eventlog.Warning, Category: 1,
			Source: "disk", Computer: "srv1",
			Strings: []string{""},
			Data:    []byte("Sector 4711 not found"),
		},
		{ // generated before what was written before it
			RecordNumber: 9, TimeGenerated: at(8, 5, 0), TimeWritten: at(8, 12, 0),
			ID: 528, Type: eventlog.AuditSuccess, Category: 2,
			Source: "Security", Computer: "SRV1", User: "S-1-5-18",
			Strings: []string{"Administrator", "SRV1", "(0x0,0x3E7)", "2"},
		},
		{ // an empty string between others; one byte of data
			RecordNumber: 10, TimeGenerated: at(8, 15, 0), TimeWritten: at(8, 15, 0),
			ID: 529, Type: eventlog.AuditFailure, Category: 2,
			Source: "SECURITY", Computer: "SRV1", User: "S-1-5-21-1004336348-1177238915-682003330-500",
			Strings: []string{"root", "", "3"},
			Data:    []byte{0x00},
		},
		{ // type 0, id 0; the clock was set back; data that is UTF-8
			RecordNumber: 11, TimeGenerated: at(8, 11, 0), TimeWritten: at(8, 11, 0),
			ID: 0, Type: eventlog.Success,
			Source: "Größenprüfung", Computer: "MÜNCHEN", User: "S-1-5-18",
			Strings: []string{"Straße gesperrt"},
			Data:    []byte("Füllstand 97 %"),
		},
		{ // an unknown type, all bits of id and category; characters beyond the BMP
			RecordNumber: 12, TimeGenerated: at(8, 16, 0), TimeWritten: at(8, 16, 0),
			ID: 0xFFFFFFFF, Type: 0x20, Category: 0xFFFF,
			Source: "I\u015f\u0131k \u0130zleyici", Computer: "SRV2", // Işık İzleyici
			Strings: []string{"\U0001F600 haz\u0131r", "\u011e\u00dc\u015e \U00010400"}, // 😀 hazır, ĞÜŞ 𐐀
		},
		{ // data that is UTF-16
			RecordNumber: 13, TimeGenerated: at(8, 16, 0), TimeWritten: at(8, 17, 0),
			ID: 0x20000001, Type: eventlog.Information, Category: 4,
			Source: "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3", Computer: "SRV2", User: "S-1-1-0", // ΣΊΣΥΦΟΣ
			Strings: []string{"\u039b\u03af\u03b8\u03bf\u03c2"}, // Λίθος
			Data:    utf16("Ölstand niedrig"),
		},
		{ // the source in lower case, with a final sigma; UTF-16 at an odd offset
			RecordNumber: 14, TimeGenerated: at(8, 18, 0), TimeWritten: at(8, 18, 0),
			ID: 0xC0000007, Type: eventlog.Error, Category: 4,
			Source: "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", Computer: "SRV2", // σίσυφος
			Data: append([]byte{0x01}, utf16("Überlauf im Kessel")...),
		},
		{ // generated hours before it was written
			RecordNumber: 15, TimeGenerated: at(6, 0, 0), TimeWritten: at(8, 20, 0),
			ID: 0x00010007, Type: eventlog.Warning, Category: 0x0101,
			Source: "Save Dump", Computer: "SRV1",
			Strings: []string{"0x0000007b", `C:\WINNT\MEMORY.DMP`},
			Data:    dump(),
		},
		{ // many strings
			RecordNumber: 16, TimeGenerated: at(8, 30, 0), TimeWritten: at(8, 30, 0),
			ID: 17, Type: eventlog.Error, Category: 1,
			Source: "Diskperf", Computer: "srv10", User: "S-1-5-19",
			Strings: []string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"},
		},
		{ // Kelvin signs, which fold to the letter k, three bytes to one
			RecordNumber: 17, TimeGenerated: at(8, 29, 59), TimeWritten: at(8, 30, 1),
			ID: 0xC0001B58, Type: eventlog.Error,
			Source: "service control manager", Computer: "SRV1",
			Strings: []string{"300 \u212a"},
			Data:    []byte("\u212a\u212a\u212a\u212a"),
		},
		{
			RecordNumber: 18, TimeGenerated: at(8, 45, 0), TimeWritten: at(8, 45, 0),
			ID: 0x80001776, Type: eventlog.Information,
			Source: "EventLog", Computer: "SRV1",
		},
	}
	for _, e := range events {
		e.Level = eventlog.LevelOf(e.Type)
		e.Offset = -1
	}
	return events
}

// dump is binary data in which no text is.
func dump() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i * 37)
	}
	return b
}

// texts are the message texts of the fixture; the other records have none.
var texts = map[string]map[uint64]string{
	"": {
		5:  "The Event log service was started.",
		7:  `The device, \Device\Harddisk0\DR0, has a bad block.`,
		9:  "Successful Logon",
		10: "Logon Failure",
		18: "The Event log service was stopped.",
	},
	"de": {
		5:  "Der Ereignisprotokolldienst wurde gestartet.",
		18: "Der Ereignisprotokolldienst wurde beendet.",
	},
}

// Resolver finds the message text of some of the fixture's events, by their
// record numbers: in English, and in German if lang is "de".
func Resolver() eventlog.Resolver { return resolver{} }

type resolver struct{}

func (resolver) Message(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	if s, ok := texts[lang][e.RecordNumber]; ok {
		return s, eventlog.ByCatalogue
	}
	return "", eventlog.NotFound
}
