package catalog

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest/petest"
	"netelf.example/message"
	"netelf.example/nt"
)

var (
	ctx = context.Background()
	le  = binary.LittleEndian
)

const (
	German  message.Lang = 0x0407
	English              = message.English
	Neutral              = message.Neutral
)

// at is the clock of tests.
var at = time.Date(2003, 4, 5, 6, 7, 8, 0, time.UTC)

func now() time.Time { return at }

func newTest(t testing.TB) *Catalog {
	t.Helper()
	c, err := Create(filepath.Join(t.TempDir(), "c.netelf"), &Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { integrity(t, c); _ = c.Close() })
	return c
}

// integrity is SQLite's own check, after every test that writes.
func integrity(t testing.TB, c *Catalog) {
	t.Helper()
	c.cold.Lock()
	defer c.cold.Unlock()
	var s string
	if err := c.conn.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&s); err != nil || s != "ok" {
		t.Errorf("integrity_check: %q, %v", s, err)
	}
}

func tableOf(t testing.TB, lang message.Lang, list ...message.Message) *message.Table {
	t.Helper()
	b, err := message.AppendTable(nil, slices.Clone(list))
	if err != nil {
		t.Fatal(err)
	}
	tab, err := message.NewTable(b, lang)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func addFile(t testing.TB, c *Catalog, f *File) FileID {
	t.Helper()
	id, err := c.AddFile(ctx, f)
	must(t, err)
	return id
}

func source(log, name string, files ...string) Source {
	return Source{Source: eventlog.Source{Log: log, Name: name, MessageFiles: files}}
}

func event(channel, source string, id uint32, strings ...string) *eventlog.Event {
	return &eventlog.Event{Origin: &eventlog.Origin{Log: "x.evt", Channel: channel}, Source: source, ID: eventlog.EventID(id), Strings: strings}
}

// wantText holds the text of e to want, "" being none.
func wantText(t testing.TB, c *Catalog, lang string, e *eventlog.Event, want string) {
	t.Helper()
	for _, how := range []string{"cold", "warm"} {
		got, by := c.Message(lang, e)
		if got != want || by != (map[bool]eventlog.TextBy{true: eventlog.NotFound, false: eventlog.ByCatalogue})[want == ""] {
			t.Errorf("%s %s 0x%x in %q, %s: have %q by %v, want %q", e.Source, e.Origin.Channel, uint32(e.ID), lang, how, got, by, want)
		}
	}
}

func wantNoDamage(t testing.TB, c *Catalog) {
	t.Helper()
	for _, err := range c.Damage() {
		t.Errorf("damage: %v", err)
	}
}

// peOf is a PE file with message tables and, if it is given, a manifest.
func peOf(manifest []byte, tables ...*message.Table) []byte { return petest.File(manifest, tables...) }

// manifestOf is a manifest of one provider with one task, 5, and the event 100 in
// version 0 and 1.
func manifestOf(guid nt.GUID, name string) []byte {
	b := []byte("CRIM\x00\x00\x00\x00\x05\x00\x01\x00\x01\x00\x00\x00")
	u32 := func(v ...uint32) {
		for _, v := range v {
			b = le.AppendUint32(b, v)
		}
	}
	b = append(b, guid[:]...)
	u32(0x24)
	b = append(b, "WEVT"...)
	u32(0, 0x90000001, 3)
	elements := len(b)
	b = append(b, make([]byte, 3*8)...)
	begin := func(i int, sig string, n uint32) {
		le.PutUint32(b[elements+8*i+4:], uint32(len(b)))
		b = append(b, sig...)
		u32(0, n)
	}
	begin(0, "PRVA", 1)
	u32(0x10000001, uint32(len(b))+8)
	b = append(nt.AppendUTF16(b, name), 0, 0)
	begin(1, "TASK", 2)
	task := func(v, id uint32) {
		u32(v, id)
		b = append(b, make([]byte, 16)...)
		u32(0)
	}
	task(5, 0x70000005)
	task(6, message.NoMessage)
	le.PutUint32(b[len(b)-4:], uint32(len(b)))
	u32(4 + 2*7 + 2)
	b = append(nt.AppendUTF16(b, "100%_ok"), 0, 0)
	begin(2, "EVNT", 3)
	u32(0)
	ev := func(id uint16, version byte, message uint32) {
		b = le.AppendUint16(b, id)
		b = append(b, version, 16, 2, 1, 5, 0)
		b = le.AppendUint64(b, 1<<63)
		u32(message, 0, 0, 0, 0, 0, 0, 0)
	}
	ev(100, 0, 0xb0000064)
	ev(100, 1, 0xb0010064)
	ev(101, 0, 0xb0000065)
	le.PutUint32(b[4:], uint32(len(b)))
	return b
}

func openPE(t testing.TB, b []byte) *message.PE {
	t.Helper()
	pe, err := message.OpenPE(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	for _, err := range pe.Damage() {
		t.Error(err)
	}
	return pe
}

// tree writes files into a new folder.
func writeTree(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o777))
		must(t, os.WriteFile(path, b, 0o666))
	}
	return dir
}

func problems(r Imported) []string {
	var list []string
	for _, err := range r.Problems {
		list = append(list, err.Error())
	}
	return list
}
