package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

// memDir is a directory in memory that can be told to fail.
type memDir struct {
	files map[string][]byte
	err   error // of the next write
	after bool  // and the file is the new one
}

func (d *memDir) ReadFile(name string) ([]byte, error) {
	if b, ok := d.files[name]; ok {
		return b, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (d *memDir) Create(name string) (dirFile, error) {
	if _, ok := d.files[name]; ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	}
	d.files[name] = nil
	return &memFile{d, name}, nil
}

// Rename is where a write fails that is to fail.
func (d *memDir) Rename(from, to string) error {
	if d.err != nil && !d.after {
		err := d.err
		d.err = nil
		return err
	}
	d.files[to] = d.files[from]
	delete(d.files, from)
	return nil
}

func (d *memDir) Remove(name string) error {
	if _, ok := d.files[name]; !ok {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(d.files, name)
	return nil
}

func (d *memDir) Sync() error {
	err := d.err
	d.err = nil
	return err
}

type memFile struct {
	d    *memDir
	name string
}

func (f *memFile) Write(b []byte) (int, error) {
	f.d.files[f.name] = append(f.d.files[f.name], b...)
	return len(b), nil
}

func (f *memFile) Sync() error  { return nil }
func (f *memFile) Close() error { return nil }

func newMemDir(text string) *memDir {
	d := &memDir{files: map[string][]byte{}}
	if text != "" {
		d.files[catalogName] = []byte(text)
	}
	return d
}

func mustLoad(t testing.TB, d dirFS) *catalog {
	t.Helper()
	c, err := loadCatalog(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func logNames(c *catalog) (names []string) {
	for _, l := range c.logs() {
		names = append(names, l.Name)
	}
	return names
}

const catalogGolden = `{
  "version": 1,
  "logs": [
    {
      "name": "Application"
    },
    {
      "name": "Backup/Tape & Disk",
      "created": "2001-02-03T03:05:06Z",
      "max_size": 65536,
      "retention": 7
    },
    {
      "name": "Security"
    },
    {
      "name": "System",
      "sddl": "D:(A;;GA;;;BA)"
    }
  ],
  "sources": [
    {
      "name": "Disk",
      "log": "System",
      "message_files": [
        "%SystemRoot%\\System32\\IoLogMsg.dll",
        "disk.mc"
      ],
      "category_file": "disk.mc",
      "parameter_file": "../p.dll",
      "category_count": 3,
      "types": 7
    }
  ]
}
`

func TestCatalogGolden(t *testing.T) {
	d := newMemDir("")
	c := mustLoad(t, d)
	if !c.fresh || len(d.files) != 0 {
		t.Errorf("fresh %v, files %v", c.fresh, d.files)
	}
	if err := c.addLog(logEntry{Name: "Backup/Tape & Disk", Created: time.Date(2001, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600)), MaxSize: 65536, Retention: 7}); err != nil {
		t.Fatal(err)
	}
	if err := c.setSDDL("SYSTEM", "D:(A;;GA;;;BA)"); err != nil {
		t.Fatal(err)
	}
	disk := Source{
		Name: "Disk", Log: "system", MessageFiles: []string{`%SystemRoot%\System32\IoLogMsg.dll`, "disk.mc"},
		CategoryFile: "disk.mc", ParameterFile: "../p.dll", CategoryCount: 3, Types: 7,
	}
	if err := c.addSource(disk); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(catalogGolden, string(d.files[catalogName])); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	again := mustLoad(t, d)
	if again.fresh {
		t.Error("fresh")
	}
	if diff := cmp.Diff(c.logs(), again.logs()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(c.sources(), again.sources()); diff != "" {
		t.Error(diff)
	}
	if err := again.save(); err != nil || string(d.files[catalogName]) != catalogGolden {
		t.Errorf("%v\n%s", err, d.files[catalogName])
	}
}

func TestCatalogLogs(t *testing.T) {
	c := mustLoad(t, newMemDir(""))
	standard := []string{"Application", "Security", "System"}
	if diff := cmp.Diff(standard, logNames(c)); diff != "" {
		t.Error(diff)
	}
	if err := c.addLog(logEntry{Name: "Ätna"}); err != nil {
		t.Fatal(err)
	}
	if e, ok := c.log("äTNA"); !ok || e.Name != "Ätna" {
		t.Errorf("%+v, %v", e, ok)
	}
	if _, ok := c.log("other"); ok {
		t.Error("there is a log that nobody made")
	}
	for _, s := range []Source{{Name: "a", Log: "ätna"}, {Name: "b", Log: "ätna"}, {Name: "k", Log: "System"}, {Name: "Ätna", Log: "Ätna"}} {
		if err := c.addSource(s); err != nil {
			t.Fatal(err)
		}
	}
	bad := "D:(A;;GA;;;BA"
	for _, tt := range []struct {
		do   func() error
		is   error
		want string
	}{
		{func() error { return c.addLog(logEntry{Name: "ätna"}) }, fs.ErrExist, "there is a log Ätna already"},
		{func() error { return c.addLog(logEntry{Name: "SYSTEM"}) }, fs.ErrExist, "there is a log System already"},
		{func() error { return c.addLog(logEntry{Name: "a:b"}) }, eventlog.ErrInvalid, `log name "a:b" has the character ":": invalid argument`},
		{func() error { return c.addLog(logEntry{Name: "K"}) }, fs.ErrExist, "log K: it is the name of a source of log System"},
		{func() error { return c.addLog(logEntry{Name: "eventlog"}) }, fs.ErrExist, "log eventlog: it is the name of a source of log System"},
		{func() error { return c.addLog(logEntry{Name: "x", SDDL: bad}) }, eventlog.ErrInvalid, "sddl at offset 2: ACE 1 is not closed: invalid argument"},
		{func() error { return c.addLog(logEntry{Name: "x", SDDL: "D:(OD;;GA;;;BA)"}) }, eventlog.ErrInvalid,
			"sddl at offset 3: ACE 1 is of kind OD, and only A and D are understood: invalid argument"},
		{func() error { return c.removeLog("security") }, eventlog.ErrInvalid, "log Security is always there and is not deleted: invalid argument"},
		{func() error { return c.removeLog("no\nlog") }, fs.ErrNotExist, `there is no log "no\nlog"`},
		{func() error { return c.setSDDL("nolog", "") }, fs.ErrNotExist, `there is no log "nolog"`},
		{func() error { return c.setSDDL("system", bad) }, eventlog.ErrInvalid, "sddl at offset 2: ACE 1 is not closed: invalid argument"},
	} {
		if err := tt.do(); err == nil || err.Error() != tt.want || !errors.Is(err, tt.is) {
			t.Errorf("\n got %v\nwant %s", err, tt.want)
		}
	}
	if err := c.setSDDL("ätna", "D:"); err != nil {
		t.Fatal(err)
	}
	if e, _ := c.log("Ätna"); e.SDDL != "D:" {
		t.Errorf("%+v", e)
	}
	if err := c.setSDDL("ätna", ""); err != nil {
		t.Fatal(err)
	}
	if err := c.removeLog("äTNA"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(standard, logNames(c)); diff != "" {
		t.Error(diff)
	}
	if s, ok := c.source("a"); ok || s.Log != "Application" {
		t.Errorf("a source is left of a deleted log: %+v", s)
	}
	if s, ok := c.source("k"); !ok || s.Log != "System" {
		t.Errorf("a source of another log is gone: %+v", s)
	}
}

func TestCatalogLimits(t *testing.T) {
	s := &catalogState{logs: map[string]logEntry{}, sources: map[string]Source{}}
	for i := range maxLogs {
		if err := s.addLog(logEntry{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	want := "log x: there are 1024 logs, which is the limit: over a limit"
	if err := s.addLog(logEntry{Name: "x"}); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	for i := range maxSources {
		if err := s.addSource(Source{Name: fmt.Sprint("s", i), Log: "1"}, false); err != nil {
			t.Fatal(err)
		}
	}
	want = "source x: there are 16384 sources, which is the limit: over a limit"
	if err := s.addSource(Source{Name: "x", Log: "1"}, false); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if err := s.addSource(Source{Name: "S1", Log: "2"}, true); err != nil {
		t.Errorf("replacing one of so many: %v", err)
	}
	if _, err := s.encode(); err != nil {
		t.Error(err)
	}
	big := Source{Log: "1"}
	for range maxMessageFiles {
		big.MessageFiles = append(big.MessageFiles, strings.Repeat("x", maxFilePath))
	}
	for i := range 600 {
		big.Name = fmt.Sprint("s", i)
		if err := s.addSource(big, true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.encode(); !errors.Is(err, eventlog.ErrTooLarge) || !strings.HasPrefix(err.Error(), "catalog.json: ") {
		t.Error(err)
	}
}

func TestCatalogWriteFails(t *testing.T) {
	d := newMemDir("")
	c := mustLoad(t, d)
	if err := c.addLog(logEntry{Name: "kept"}); err != nil {
		t.Fatal(err)
	}
	before := string(d.files[catalogName])
	boom := errors.New("disk on fire")
	for _, do := range []func() error{
		func() error { return c.addLog(logEntry{Name: "new"}) },
		func() error { return c.removeLog("kept") },
		func() error { return c.setSDDL("kept", "D:") },
		func() error { return c.addSource(Source{Name: "s", Log: "kept"}) },
		c.save,
	} {
		d.err = boom
		if err := do(); !errors.Is(err, boom) || err.Error() != "write catalog.json: disk on fire" {
			t.Error(err)
		}
		if string(d.files[catalogName]) != before {
			t.Error("the file is another one")
		}
		if diff := cmp.Diff([]string{"Application", "kept", "Security", "System"}, logNames(c)); diff != "" {
			t.Error(diff)
		}
		if e, _ := c.log("kept"); e.SDDL != "" || len(c.sources()) != len(ownSources) {
			t.Errorf("%+v, %v", e, c.sources())
		}
	}
	// The file is the new one, and only that it is durable is not known: nothing
	// has changed here, and the next change writes what holds here.
	d.err, d.after = boom, true
	if err := c.addLog(logEntry{Name: "new"}); !errors.Is(err, boom) {
		t.Error(err)
	}
	if _, ok := c.log("new"); ok {
		t.Error("made in spite of the error")
	}
	if err := c.save(); err != nil || string(d.files[catalogName]) != before {
		t.Errorf("%v", err)
	}
}

func TestCatalogErrors(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", " ", "json: catalog.json at offset 0x0: line 1: unexpected end of JSON input"},
		{"null", "null", "json: catalog.json.version at offset 0x0: line 1: there is none"},
		{"cut off", "{\n \"version\": 1,\n \"logs\"", "json: catalog.json at offset 0x17: line 3: unexpected end of JSON input"},
		{"not JSON", "{\n  \"version\": 1,\n  x", "json: catalog.json at offset 0x14: line 3: invalid character 'x' looking for beginning of object key string"},
		{"something behind", "{\"version\": 1}\n{}", "json: catalog.json at offset 0xf: line 2: invalid character '{' after top-level value"},
		{"an array", "[]", "json: catalog.json at offset 0x0: line 1: have array, want an object"},
		{"version is no number", `{"version": "1"}`, "json: catalog.json.version at offset 0x0: line 1: have string, want a number that fits"},
		{"version is a fraction", `{"version": 1.5}`, "json: catalog.json.version at offset 0x0: line 1: have number 1.5, want a number that fits"},
		{"size too large", `{"version": 1, "logs": [{"name": "a", "max_size": 4294967296}]}`,
			"json: catalog.json.logs[0].max_size at offset 0x18: line 1: have number 4294967296, want a number that fits"},
		{"files are no array", `{"version": 1, "sources": [{"message_files": "a"}]}`,
			"json: catalog.json.sources[0].message_files at offset 0x1b: line 1: have string, want an array"},
		{"no version", `{"logs": []}`, "json: catalog.json.version at offset 0x0: line 1: there is none"},
		{"another version", `{"version": 2, "new": 1}`, "json: catalog.json.version at offset 0x0: line 1: have 2, want 1: it is of another netelf"},
		{"unknown key", "{\"version\": 1,\n\"log\": []}", "json: catalog.json.log at offset 0xf: line 2: unknown key"},
		{"a key in capitals", "{\"version\": 1,\n\"Logs\": []}", "json: catalog.json.Logs at offset 0xf: line 2: unknown key"},
		{"a key twice", "{\"version\": 1,\n\"logs\": [], \"logs\": []}", "json: catalog.json.logs at offset 0x1b: line 2: it stands there twice"},
		{"logs is no array", `{"version": 1, "logs": {}}`, "json: catalog.json.logs at offset 0xf: line 1: not an array"},
		{"unknown key of a log", "{\"version\": 1, \"logs\": [\n{\"name\": \"a\"},\n{\"name\": \"b\", \"ssdl\": \"\"}]}",
			`json: catalog.json.logs[1] at offset 0x28: line 3: json: unknown field "ssdl"`},
		{"a log is no object", `{"version": 1, "logs": [7]}`, "json: catalog.json.logs[0] at offset 0x18: line 1: have number, want an object"},
		{"a log is null", `{"version": 1, "logs": [null]}`, `json: catalog.json.logs[0].name at offset 0x18: line 1: log name "" is empty: invalid argument`},
		{"a log's name", `{"version": 1, "logs": [{"name": "../x"}]}`, `json: catalog.json.logs[0].name at offset 0x18: line 1: log name "../x" begins with a dot or space: invalid argument`},
		{"a log twice", "{\"version\": 1, \"logs\": [\n{\"name\": \"a\"},\n{\"name\": \"A\"}]}", "json: catalog.json.logs[1].name at offset 0x28: line 3: there is a log a already"},
		{"a log's rules", `{"version": 1, "logs": [{"name": "a", "sddl": "O:BA"}]}`,
			"json: catalog.json.logs[0].sddl at offset 0x18: line 1: sddl at offset 4: there is no DACL (D:): invalid argument"},
		{"a log's time", `{"version": 1, "logs": [{"name": "a", "created": "yesterday"}]}`,
			`json: catalog.json.logs[0] at offset 0x18: line 1: parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"`},
		{"a source's log", `{"version": 1, "sources": [{"name": "s", "log": "a"}]}`, `json: catalog.json.sources[0] at offset 0x1b: line 1: source s: there is no log "a"`},
		{"a source of Security", `{"version": 1, "logs": [{"name": "Security"}], "sources": [{"name": "s", "log": "Security"}]}`,
			"json: catalog.json.sources[0] at offset 0x3b: line 1: source s: only the service reports to Security: permission denied"},
		{"not UTF-8", "{\"version\": 1,\n \"logs\": [{\"name\": \"\xff\"}]}", "json: catalog.json at offset 0x23: line 2: not valid UTF-8"},
		{"too large", strings.Repeat(" ", maxCatalogSize+1), "json: catalog.json at offset 0x0: line 1: 16777217 bytes, at most 16777216"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := loadCatalog(newMemDir(tt.text))
			if err == nil || err.Error() != tt.want {
				t.Errorf("\n got %v\nwant %s", err, tt.want)
			}
			if c != nil || !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("%v, %v", c, err)
			}
		})
	}
}

// A file with fewer logs, in another order, and with rules that are not
// understood is well.
func TestCatalogTolerates(t *testing.T) {
	c := mustLoad(t, newMemDir(`{"sources": [{"name": "s", "log": "A"}], "logs": [{"name": "a", "sddl": "D:(OD;;GA;;;BA)"}, {"name": "SYSTEM"}], "version": 1}`))
	if diff := cmp.Diff([]string{"a", "Application", "Security", "SYSTEM"}, logNames(c)); diff != "" {
		t.Error(diff)
	}
	if s, ok := c.source("S"); !ok || s.Log != "a" {
		t.Errorf("%+v, %v", s, ok)
	}
	e, _ := c.log("A")
	if a, err := accessOf(e.Name, e.SDDL); err != nil || a.allowed(callerRoot) != 0 {
		t.Errorf("%v, %v", a, err)
	}
	for _, text := range []string{`{"version": 1}`, `{"version": 1, "logs": null, "sources": null}`, `{"version": 1, "logs": [], "sources": []}`} {
		if c := mustLoad(t, newMemDir(text)); len(c.logs()) != 3 || c.fresh {
			t.Errorf("%s: %v", text, c.logs())
		}
	}
	if _, err := loadCatalog(failingDir{}); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

type failingDir struct{ dirFS }

func (failingDir) ReadFile(string) ([]byte, error) { return nil, fs.ErrPermission }

func TestOSDir(t *testing.T) {
	dir := t.TempDir()
	d := osDir(dir)
	if _, err := d.ReadFile(catalogName); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	// What another service left is overwritten, and not written through.
	target := filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, catalogName+".new")); err != nil {
		t.Skip(err)
	}
	for _, text := range []string{"one", "", "three"} {
		if err := writeAside(d, catalogName, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if b, err := d.ReadFile(catalogName); string(b) != text || err != nil {
			t.Errorf("%q, %v", b, err)
		}
	}
	if b, err := os.ReadFile(target); string(b) != "kept" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
	if err := writeAside(osDir(filepath.Join(dir, "none")), "x", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	// A directory stands where the file should be: nothing is left beside it.
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeAside(d, "taken", []byte("x")); err == nil {
		t.Error("no error")
	}
	if _, err := os.Lstat(filepath.Join(dir, "taken.new")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	c := mustLoad(t, d.sub(t))
	if err := c.addLog(logEntry{Name: "x"}); err != nil {
		t.Error(err)
	}
}

func (d osDir) sub(t *testing.T) osDir {
	name := filepath.Join(string(d), "sub")
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	return osDir(name)
}

// Readers see a whole state while it changes.
func TestCatalogConcurrent(t *testing.T) {
	c := mustLoad(t, newMemDir(""))
	done := make(chan error)
	go func() {
		var err error
		for range 200 {
			err = errors.Join(err, c.addLog(logEntry{Name: "x"}), c.addSource(Source{Name: "s", Log: "x"}), c.removeLog("x"))
		}
		done <- err
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
		if s, ok := c.source("s"); ok != (s.Log == "x") {
			t.Fatalf("%+v, %v", s, ok)
		}
		if n := len(c.logs()); n < 3 || n > 4 {
			t.Fatal(n)
		}
	}
}

// FuzzCatalog: no panic; what is read is written and read again as the same.
func FuzzCatalog(f *testing.F) {
	f.Add([]byte(catalogGolden))
	f.Add([]byte(`{"version": 1, "logs": [{"name": "a", "created": "2001-02-03T04:05:06.789+01:00"}], "sources": [{"name": "s", "log": "A", "types": 31}]}`))
	f.Add([]byte(`{"version": 2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newMemDir("")
		d.files[catalogName] = b
		c, err := loadCatalog(d)
		if err != nil {
			var format *eventlog.FormatError
			if !errors.As(err, &format) || format.Offset < 0 || format.Offset > int64(len(b)) {
				t.Fatal(err)
			}
			return
		}
		if err := c.save(); err != nil {
			t.Fatal(err)
		}
		again, err := loadCatalog(d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.logs(), again.logs()); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(c.sources(), again.sources()); diff != "" {
			t.Fatal(diff)
		}
	})
}
