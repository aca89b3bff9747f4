package catalog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/message"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	c, err := Create(good, nil)
	must(t, err)
	must(t, c.Close())
	whole, err := os.ReadFile(good)
	must(t, err)
	with := func(at int, b ...byte) []byte {
		x := append([]byte(nil), whole...)
		copy(x[at:], b)
		return x
	}
	for _, x := range []struct {
		name string
		b    []byte
		want string
	}{
		{"empty", nil, "catalogue: header at offset 0x0: need 100 bytes, have 0"},
		{"one short", whole[:99], "catalogue: header at offset 0x0: need 100 bytes, have 99"},
		{"a text", []byte(strings.Repeat("text ", 40)), "catalogue: header.magic at offset 0x0: not an SQLite file"},
		{"write-ahead log", with(18, 2, 2), "catalogue: header.format versions at offset 0x12: have 2 and 2, want 1 and 1: no write-ahead log"},
		{"another application", with(68, 0, 0, 0, 1), "catalogue: header.application_id at offset 0x44: have 0x00000001, want 0x6e456c66: not a message catalogue"},
		{"a later version", with(60, 0, 0, 0, 3), "catalogue: header.user_version at offset 0x3c: version 3 of the catalogue, want 1 to 2"},
		{"none", with(60, 0, 0, 0, 0), "catalogue: header.user_version at offset 0x3c: version 0 of the catalogue, want 1 to 2"},
	} {
		name := filepath.Join(dir, "bad")
		must(t, os.WriteFile(name, x.b, 0o666))
		_, err := Open(name, nil)
		if want := name + ": " + x.want; !errors.Is(err, eventlog.ErrCorrupt) || err.Error() != want {
			t.Errorf("%s: have %v\nwant %s", x.name, err, want)
		}
	}
	name := filepath.Join(dir, "cut")
	must(t, os.WriteFile(name, whole[:len(whole)/2], 0o666))
	if _, err := Open(name, nil); !errors.Is(err, eventlog.ErrCorrupt) {
		t.Errorf("half a file: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "absent"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(dir, "absent"), &Options{Write: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Open(dir, nil); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
	if _, err := Create(good, nil); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if _, err := Open(good, &Options{Lang: "no language"}); err == nil {
		t.Error("no error for a language that is none")
	}
	big := filepath.Join(dir, "big")
	must(t, os.WriteFile(big, whole, 0o666))
	must(t, os.Truncate(big, MaxSize+1))
	if _, err := Open(big, nil); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Error(err)
	}
	r, err := Open(good, nil)
	must(t, err)
	defer func() { must(t, r.Close()) }()
	if err := r.AddSource(ctx, source("a", "b", "c")); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if _, err := r.conn.ExecContext(ctx, `DELETE FROM source`); err == nil {
		t.Error("a reader writes")
	}
	if _, err := r.conn.ExecContext(ctx, `ATTACH ? AS x`, filepath.Join(dir, "x")); err == nil {
		t.Error("another file is attached")
	}
}

// TestNames: files whose names mean something in a URI.
func TestNames(t *testing.T) {
	for _, name := range []string{"a?mode=memory", "a#b", "a%41b", "ä ö", "a&b=c;d"} {
		path := filepath.Join(t.TempDir(), name)
		c, err := Create(path, nil)
		must(t, err)
		must(t, c.AddSource(ctx, source("System", "S", "m.dll")))
		must(t, c.Close())
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		c, err = Open(path, nil)
		must(t, err)
		if list, err := c.List(ctx); err != nil || len(list) != 1 {
			t.Errorf("%s: %d sources, %v", name, len(list), err)
		}
		must(t, c.Close())
	}
}

// hostile makes a catalogue and lets statements at it that no writer of ours would
// run.
func hostile(t testing.TB, statements ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "hostile")
	c, err := Create(name, nil)
	must(t, err)
	addFile(t, c, &File{Name: "m.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1, Text: "one"})}})
	must(t, c.AddSource(ctx, source("System", "S", "m.dll")))
	must(t, c.Close())
	db, err := sql.Open("sqlite", name)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return name
}

// TestHostileSchema: nothing but our own schema is opened.
func TestHostileSchema(t *testing.T) {
	for _, x := range []struct{ sql, want string }{
		{`CREATE VIEW v AS SELECT 1`, `catalogue: schema: v: not as catalogues have it`},
		{`CREATE TRIGGER tr AFTER INSERT ON source BEGIN DELETE FROM file; END`, `catalogue: schema: tr: not as catalogues have it`},
		{`CREATE TABLE t (a)`, `catalogue: schema: t: not as catalogues have it`},
		{`DROP INDEX file_name`, `catalogue: schema: file_name: missing`},
		{`DROP TABLE source; CREATE VIEW source AS SELECT * FROM file`, `catalogue: schema: source: not as catalogues have it`},
		{`ALTER TABLE source ADD COLUMN x TEXT DEFAULT 'y'`, `catalogue: schema: source: not as catalogues have it`},
	} {
		name := hostile(t, x.sql)
		_, err := Open(name, nil)
		if !errors.Is(err, eventlog.ErrCorrupt) || err.Error() != name+": "+x.want {
			t.Errorf("%s: %v, want %s", x.sql, err, x.want)
		}
	}
}

// TestHostileValues: values that no writer of ours makes cost their own text, and say
// so.
func TestHostileValues(t *testing.T) {
	for _, x := range []struct{ name, sql, want string }{
		{"table of garbage", `UPDATE message_table SET body = x'ffffffff00000000'`, "MESSAGE_RESOURCE_DATA.NumberOfBlocks"},
		{"empty table", `UPDATE message_table SET body = x''`, "no bytes, or more than"},
		{"a table that is too long", fmt.Sprintf(`UPDATE message_table SET body = zeroblob(%d)`, message.MaxResource+1), "no bytes, or more than"},
		{"a table longer than SQLite's limit", fmt.Sprintf(`UPDATE message_table SET body = zeroblob(%d)`, limitLength+1), "no bytes, or more than"},
		{"language beyond 16 bits", `UPDATE message_table SET lang = 70000`, "value out of range"},
		{"name with a NUL", `UPDATE source SET name = 'S' || char(0)`, "control character"},
		{"name that is too long", fmt.Sprintf(`UPDATE source SET name = printf('%%.*c', %d, 'x')`, MaxName+1), "catalogue: source: sql"},
		{"GUID of one byte", `UPDATE source SET guid = x'00'`, "a GUID of 1 bytes"},
		{"hash of one byte", `UPDATE source_file SET hash = x'00'`, "a hash of 1 bytes"},
		{"hash of a file", `UPDATE file SET hash = x'00'`, "a hash of 1 bytes"},
		{"kind", `UPDATE source_file SET kind = 9`, "file of kind 9"},
		{"path that ends in a slash", `UPDATE source_file SET path = 'C:\x\'`, "no file's name"},
		{"count", `UPDATE source SET category_count = -1`, "category_count"},
		{"many files", `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
			INSERT INTO source_file (source, kind, ord, path) SELECT 1, 0, i, 'x.dll' FROM n`, "66 is the limit"},
		{"many tables", `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
			INSERT INTO message_table (file, ord, lang, messages, body) SELECT 1, i, i, 1, x'00000000' FROM n`, "1024 is the limit"},
	} {
		t.Run(x.name, func(t *testing.T) {
			name := hostile(t, x.sql)
			c, err := Open(name, nil)
			must(t, err)
			defer func() { must(t, c.Close()) }()
			wantText(t, c, "", event("System", "S", 1), "")
			var all []string
			for _, err := range c.Damage() {
				all = append(all, err.Error())
			}
			if len(all) == 0 || (x.name != "count" && !strings.Contains(strings.Join(all, "\n"), x.want)) {
				t.Errorf("damage %q, want %q", all, x.want)
			}
			// The others do not fall over it either.
			_, _ = c.List(ctx)             // an error, or not
			_, _ = c.Show(ctx, "", "S", 1) // likewise
			_, _ = c.Files(ctx)            // likewise
			dst := newTest(t)
			_ = dst.Merge(ctx, c) // likewise
		})
	}
}

// TestManyVersions: a name that thousands of files have.
func TestManyVersions(t *testing.T) {
	name := hostile(t, `WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
		INSERT INTO file (hash, name, name_key, version, origin, added) SELECT CAST(printf('%032d', i) AS BLOB), 'm.dll', 'm.dll', '', '', -i FROM n`)
	c, err := Open(name, nil)
	must(t, err)
	defer func() { must(t, c.Close()) }()
	wantText(t, c, "", event("System", "S", 1), "one")
	wantText(t, c, "", event("System", "S", 2), "")
	wantNoDamage(t, c)
	if len(c.files) > MaxVersions {
		t.Errorf("%d files are kept", len(c.files))
	}
}

// TestMaxRead: one text reads no more bytes of tables than the limit.
func TestMaxRead(t *testing.T) {
	name := hostile(t, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
		INSERT INTO message_table (file, ord, lang, messages, body) SELECT 1, i, i, 1, zeroblob(%d) FROM n`, 1<<16))
	c, err := Open(name, nil)
	must(t, err)
	c.maxRead = 1 << 20
	defer func() { must(t, c.Close()) }()
	wantText(t, c, "", event("System", "S", 2), "")
	if list := c.Damage(); len(list) != 1 || !strings.Contains(list[0].Error(), fmt.Sprint(1<<20)) {
		t.Errorf("%v", list)
	}
	wantText(t, c, "en", event("System", "S", 1), "one")
}

// TestDamagedPages: a catalogue with bytes changed anywhere is an error or has texts,
// and nothing else happens.
func TestDamagedPages(t *testing.T) {
	name := hostile(t)
	whole, err := os.ReadFile(name)
	must(t, err)
	bad := filepath.Join(t.TempDir(), "bad")
	opened := 0
	for at := 100; at < len(whole); at += 521 {
		x := append([]byte(nil), whole...)
		for i := at; i < min(at+8, len(x)); i++ {
			x[i] ^= 0xff
		}
		must(t, os.WriteFile(bad, x, 0o666))
		c, err := Open(bad, nil)
		if err != nil {
			continue
		}
		opened++
		text, _ := c.Message("", event("System", "S", 1))
		if len(text) > 1<<16 {
			t.Errorf("at %d: %d bytes of text", at, len(text))
		}
		_, _ = c.List(ctx) // an error, or not
		must(t, c.Close())
	}
	if opened == 0 {
		t.Error("no damaged file was opened")
	}
}

// TestUpdateWhole: a change that fails leaves nothing.
func TestUpdateWhole(t *testing.T) {
	c := newTest(t)
	boom := errors.New("boom")
	if err := c.Update(ctx, func(tx *Tx) error {
		must(t, tx.AddSource(source("System", "S", "m.dll")))
		return boom
	}); !errors.Is(err, boom) {
		t.Error(err)
	}
	end, cancel := context.WithCancel(ctx)
	if err := c.Update(end, func(tx *Tx) error {
		must(t, tx.AddSource(source("System", "S", "m.dll")))
		cancel()
		return nil
	}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	list, err := c.List(ctx)
	if err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	must(t, c.AddSource(ctx, source("System", "S", "m.dll")))
}

func TestAddErrors(t *testing.T) {
	c := newTest(t)
	long := strings.Repeat("x", MaxName+1)
	many := make([]string, MaxSourceFiles+1)
	for _, x := range []struct {
		s    Source
		want string
	}{
		{source("System", ""), "a source without a name"},
		{source(long, "S"), `source "S": log: 1025 bytes, and 1024 is the limit: over a limit`},
		{source("System", "S\x01"), `source "S\x01": name: control character U+0001`},
		{source("System", "S\xff"), `source "S\xff": name: not UTF-8`},
		{source("System", "S", many...), `source "S": 65 message files, and 64 is the limit: over a limit`},
		{source("System", "S", `C:\x\`), `source "S": path "C:\\x\\": no file's name at its end`},
	} {
		if err := c.AddSource(ctx, x.s); err == nil || err.Error() != x.want {
			t.Errorf("have %v\nwant %s", err, x.want)
		}
	}
	for _, x := range []struct {
		f    File
		want string
	}{
		{File{}, `file "": not the name of a file`},
		{File{Name: `C:\x.dll`}, `file "C:\\x.dll": not the name of a file`},
		{File{Name: "x.dll", Version: long}, `file "x.dll": version: 1025 bytes, and 1024 is the limit: over a limit`},
		{File{Name: "x.dll", Tables: make(message.Tables, MaxTables+1)}, `file "x.dll": 1025 tables, and 1024 is the limit: over a limit`},
	} {
		if _, err := c.AddFile(ctx, &x.f); err == nil || err.Error() != x.want {
			t.Errorf("have %v\nwant %s", err, x.want)
		}
	}
	for _, err := range []error{
		c.Update(ctx, func(tx *Tx) error { return tx.RemoveSource("System", "S") }),
		c.Update(ctx, func(tx *Tx) error { return tx.RemoveFile(FileID{}) }),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}

// FuzzOpen: whatever stands in the file, opening it and asking it end with an error or
// with something bounded, and the file is not changed.
func FuzzOpen(f *testing.F) {
	for _, s := range []string{`SELECT 1`, `UPDATE message_table SET body = x'01000000'`, `DROP INDEX file_name`} {
		b, err := os.ReadFile(hostile(f, s))
		must(f, err)
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte("SQLite format 3\x00"))
	name := filepath.Join(f.TempDir(), "fuzz")
	f.Fuzz(func(t *testing.T, b []byte) {
		name := fmt.Sprint(name, os.Getpid())
		must(t, os.WriteFile(name, b, 0o666))
		c, err := Open(name, nil)
		if err == nil {
			if text, _ := c.Message("", event("System", "S", 1)); len(text) > 1<<16 {
				t.Errorf("%d bytes of text", len(text))
			}
			if list, err := c.List(ctx); err == nil && len(list) > MaxSources {
				t.Errorf("%d sources", len(list))
			}
			must(t, c.Close())
		}
		after, err := os.ReadFile(name)
		must(t, err)
		if !bytes.Equal(b, after) {
			t.Error("the file was changed")
		}
	})
}
