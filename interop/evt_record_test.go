//go:build interop

package interop

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

// shape is an event that differs from the others in what its record has of parts.
type shape struct {
	name   string
	event  eventlog.Event
	astral bool // has characters beyond U+FFFF, which libevt 20200926 prints wrongly
}

func shapes() (all []shape) {
	add := func(name string, change func(*eventlog.Event)) {
		e := eventlog.Event{
			RecordNumber: uint64(len(all) + 1), TimeGenerated: nt.Time32(1_300_000_000), TimeWritten: nt.Time32(1_300_000_001),
			ID: 0xc0001b58, Type: eventlog.Error, Category: 9, Source: "Source", Computer: "COMPUTER",
		}
		change(&e)
		all = append(all, shape{name: name, event: e})
	}
	for data := range 6 {
		for _, user := range []nt.SID{"", "S-1-5-18", "S-1-5-21-1-2-3-1000"} {
			for _, computer := range []string{"PC", "PC1"} {
				for n := range 3 {
					add(fmt.Sprintf("%d bytes, user %q, computer %s, %d strings", data, user, computer, n), func(e *eventlog.Event) {
						e.Data, e.User, e.Computer = []byte{1, 2, 3, 4, 5}[:data], user, computer
						e.Strings = []string{"one", "two "}[:n]
					})
				}
			}
		}
	}
	add("no names", func(e *eventlog.Event) { e.Source, e.Computer = "", "" })
	add("empty strings", func(e *eventlog.Event) { e.Strings = []string{"", "", ""} })
	add("not ASCII", func(e *eventlog.Event) {
		e.Source, e.Computer, e.Strings = "Größe", "СЕРВЕР", []string{"日本語", "a\r\nb\tc", "%1 %%2", "it's"}
	})
	add("beyond U+FFFF", func(e *eventlog.Event) { e.Strings = []string{"😀"} })
	all[len(all)-1].astral = true
	add("success", func(e *eventlog.Event) { e.Type = eventlog.Success })
	add("audit", func(e *eventlog.Event) { e.Type = eventlog.AuditFailure })
	add("extremes", func(e *eventlog.Event) {
		e.RecordNumber, e.ID, e.Category = 0xfffffffe, 0xffffffff, 0xffff
		e.TimeGenerated, e.TimeWritten = nt.Time32(0), nt.Time32(0xffffffff)
	})
	add("long", func(e *eventlog.Event) {
		e.Strings = []string{strings.Repeat("long ", 6000), "end"}
		e.Data = bytes.Repeat([]byte("data"), 15360)
	})
	add("many strings", func(e *eventlog.Event) { e.Strings = strings.Split(strings.Repeat("s,", 255), ",") })
	add("most sub-authorities", func(e *eventlog.Event) { e.User = "S-1-5" + nt.SID(strings.Repeat("-4294967295", 15)) })
	return all
}

// TestSambaDecodesRecords: Samba's decoder knows a record by the order of its
// parts and by their alignment, not by the offsets. What it reads is what any
// Samba client would.
func TestSambaDecodesRecords(t *testing.T) {
	ndrdump := logtest.Program(t, "ndrdump", "samba-testsuite")
	name := filepath.Join(t.TempDir(), "record")
	for _, s := range shapes() {
		e := s.event
		b, err := evt.AppendRecord(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := run(ndrdump, "eventlog", "EVENTLOGRECORD", "struct", name)
		if err != nil {
			t.Errorf("%s: %v\n%s", s.name, err, out)
			continue
		}
		if strings.Contains(out, "unread bytes") {
			t.Errorf("%s: bytes were left over\n%s", s.name, out)
		}
		have, err := parseNdrdump(out)
		want := dumped{
			Length: uint64(len(b)), Length2: uint64(len(b)), Number: e.RecordNumber, ID: uint64(e.ID), Type: uint64(e.Type), Category: uint64(e.Category),
			NumStrings: uint64(len(e.Strings)), DataLength: uint64(len(e.Data)), Data: hex.EncodeToString(e.Data),
			Source: e.Source, Computer: e.Computer, User: string(e.User), Strings: e.Strings,
		}
		if want.User == "" {
			want.User = "S-0-0"
		}
		if len(want.Strings) == 0 {
			want.Strings = nil
		}
		if err != nil || !reflect.DeepEqual(have, want) {
			t.Errorf("%s: %v\nhave %.2000v\nwant %.2000v", s.name, err, fmt.Sprintf("%+v", have), fmt.Sprintf("%+v", want))
		}
	}
}

// dumped is what ndrdump prints of an EVENTLOGRECORD.
type dumped struct {
	Length, Length2, Number, ID, Type, Category, NumStrings, DataLength uint64
	Data, Source, Computer, User                                        string
	Strings                                                             []string
}

var dumpLine = regexp.MustCompile(`(?m)^ +(\w+) +: `)

// dumpedBytes is the hex of many bytes, which ndrdump prints in lines of 16 with
// text beside them.
func dumpedBytes(dump string) string {
	var b strings.Builder
	for line := range strings.Lines(dump) {
		if _, line, ok := strings.Cut(line, "] "); ok {
			const width = 16*3 + 2
			b.WriteString(strings.Join(strings.Fields(line[:min(len(line), width)]), ""))
		}
	}
	return strings.ToLower(b.String())
}

// parseNdrdump parses the output of ndrdump. A value goes on until the next line
// that begins like one: a string may have line ends in it.
func parseNdrdump(out string) (d dumped, err error) {
	_, out, ok := strings.Cut(out, "    EVENTLOGRECORD: struct EVENTLOGRECORD\n")
	if !ok || !strings.HasSuffix(out, "dump OK\n") {
		return d, fmt.Errorf("not understood: %s", out)
	}
	out = strings.TrimSuffix(out, "dump OK\n")
	if i, j := strings.LastIndex(out, "\n        Data: ARRAY("), strings.LastIndex(out, "\n        Pad "); i >= 0 && j > i {
		d.Data = dumpedBytes(out[i+1 : j])
		out = out[:i] + out[j:]
	}
	places := dumpLine.FindAllStringSubmatchIndex(out, -1)
	for i, p := range places {
		end := len(out)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		key, value := out[p[2]:p[3]], strings.TrimSuffix(out[p[1]:end], "\n")
		value, _, _ = strings.Cut(value, "\n        Strings: ARRAY(")
		number := func() uint64 {
			text := value
			if i := strings.LastIndexByte(text, '('); i >= 0 {
				text = strings.TrimSuffix(text[i+1:], ")")
			}
			n, e := strconv.ParseUint(text, 0, 64)
			if e != nil && err == nil {
				err = fmt.Errorf("%s: %w", key, e)
			}
			return n
		}
		text := func() string { return strings.TrimSuffix(strings.TrimPrefix(value, "'"), "'") }
		switch key {
		case "Length":
			d.Length = number()
		case "Length2":
			d.Length2 = number()
		case "RecordNumber":
			d.Number = number()
		case "EventID":
			d.ID = number()
		case "EventType":
			d.Type = number()
		case "EventCategory":
			d.Category = number()
		case "NumStrings":
			d.NumStrings = number()
		case "DataLength":
			d.DataLength = number()
		case "SourceName":
			d.Source = text()
		case "Computername":
			d.Computer = text()
		case "UserSid":
			d.User = value
		case "Data":
			d.Data = value
		case "Strings":
			d.Strings = append(d.Strings, text())
		}
	}
	return d, err
}
