package files

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf16"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
)

const (
	headerSize = 0x30
	signature  = 0x654c664c // LfLe
)

func u32(b []byte, v ...uint32) []byte {
	for _, v := range v {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func u16(b []byte, v ...uint16) []byte {
	for _, v := range v {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

// record is an EVENTLOGRECORD with one string.
func record(number, seconds uint32, text string) []byte {
	var names []byte
	names = u16(u16(names, utf16.Encode([]rune("Test"))...), 0)
	names = u16(u16(names, utf16.Encode([]rune("SRV"))...), 0)
	strings := u16(u16(nil, utf16.Encode([]rune(text))...), 0)
	length := 56 + len(names) + len(strings)
	pad := 4 - length%4
	length += pad + 4
	b := u32(nil, uint32(length), signature, number, seconds, seconds, 7)
	b = u16(b, 4, 1, 0, 0)
	b = u32(b, 0, uint32(56+len(names)), 0, uint32(56+len(names)), 0, uint32(56+len(names)+len(strings)))
	b = append(b, names...)
	b = append(b, strings...)
	b = append(b, make([]byte, pad)...)
	return u32(b, uint32(length))
}

// evtFile is an .evt file of n records, a minute apart.
func evtFile(n int, text string) []byte {
	b := make([]byte, headerSize)
	for i := range n {
		b = append(b, record(uint32(i+1), 1_000_000_000+60*uint32(i), text)...)
	}
	end, oldest := uint32(len(b)), uint32(1)
	if n == 0 {
		oldest = 0
	}
	b = u32(b, 0x28, 0x11111111, 0x22222222, 0x33333333, 0x44444444, headerSize, end, uint32(n+1), oldest, 0x28)
	b = append(b, make([]byte, max(0, 0x10000-len(b)))...)
	copy(b, u32(nil, headerSize, signature, 1, 1, headerSize, end, uint32(n+1), oldest, uint32(len(b)), 0, 0, headerSize))
	return b
}

// evtxFile is an .evtx file of n records of the channel Setup.
func evtxFile(t testing.TB, n int, text string) []byte {
	t.Helper()
	var events []*eventlog.Event
	for i := range n {
		at := time.Unix(1_000_000_000+60*int64(i), 0).UTC()
		events = append(events, &eventlog.Event{RecordNumber: uint64(i + 1), TimeGenerated: at, TimeWritten: at, Level: 4, Source: "Test", Computer: "SRV", Strings: []string{text}})
	}
	b, err := (&logtest.EVTX{Channel: "Setup"}).Bytes(events)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fileOf is a file of events, of the kind that its name says.
func fileOf(t *testing.T, name string, events []*eventlog.Event) []byte {
	t.Helper()
	if hasExt(name, ".evtx") {
		b, err := (&logtest.EVTX{Channel: name}).Bytes(events)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := evt.Create(f, &evt.WriterOptions{FirstRecord: uint32(max(1, first(events)))})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func first(events []*eventlog.Event) uint64 {
	if len(events) == 0 {
		return 0
	}
	return events[0].RecordNumber
}

// write makes files of a folder.
func write(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, name string, opts *Options) *Server {
	t.Helper()
	s, err := Open(name, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func names(t *testing.T, s *Server) (names []string) {
	t.Helper()
	infos, err := s.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		names = append(names, i.Name)
	}
	return names
}

// read walks the whole log and counts.
func read(ctx context.Context, s eventlog.Server, name string) (out eventlog.Outcome, last eventlog.Event) {
	l, err := s.OpenLog(ctx, name)
	if err != nil {
		out.Note(err)
		return out, last
	}
	defer l.Close()
	c, err := l.Read(ctx, new(eventlog.Selection))
	if err != nil {
		out.Note(err)
		return out, last
	}
	defer c.Close()
	for !out.Done() {
		out.Note(c.Next(ctx, &last))
	}
	return out, last
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("\n got %q\nwant %q", got, want)
		}
	}
}
