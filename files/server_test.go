package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

func TestOneFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"saved system log.bin": evtFile(3, "x"), "SecEvent.Evt": evtFile(0, "")})
	name := filepath.Join(dir, "saved system log.bin")
	s := open(t, name, nil)
	infos, err := s.Logs(t.Context())
	if err != nil || len(infos) != 1 || infos[0].Name != name || infos[0].Channel != "" || infos[0].Count() != 3 {
		t.Errorf("%+v, %v", infos, err)
	}
	out, e := read(t.Context(), s, name)
	if out.State != eventlog.OK || out.Events != 3 {
		t.Errorf("%+v", out)
	}
	if *e.Origin != (eventlog.Origin{Log: name}) {
		t.Errorf("origin %+v", e.Origin)
	}
	s = open(t, filepath.Join(dir, "SecEvent.Evt"), nil)
	if infos, _ := s.Logs(t.Context()); infos[0].Channel != "Security" || infos[0].Count() != 0 {
		t.Errorf("%+v", infos)
	}
	equal(t, s.Match("security"), []string{filepath.Join(dir, "SecEvent.Evt")})
	write(t, dir, map[string][]byte{"SysEvent.Evt": evtFile(1, "x")})
	name = filepath.Join(dir, "SysEvent.Evt")
	if _, e := read(t.Context(), open(t, name, nil), name); *e.Origin != (eventlog.Origin{Log: name, Channel: "System"}) {
		t.Errorf("origin %+v", e.Origin)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{
		"SysEvent.Evt":           evtFile(2, "x"),
		"barney/system.EVT":      evtFile(1, "x"),
		"barney/old/application": evtFile(4, "x"),
		"barney/old/damaged.evt": []byte("LfLe, no more"),
		"notes.txt":              []byte("SysEvent.Evt is from bedrock"),
		"empty":                  nil,
		"Setup.evtx":             evtxFile(t, 3, "x"),
		"evtx as evt.evt":        evtxFile(t, 2, "x"),
		"evtx without a name":    evtxFile(t, 5, "x"),
		"barney/Microsoft-Windows-TaskScheduler%4Operational.evtx": evtxFile(t, 1, "x"),
		"text.evtx":             []byte("not one"),
		"odd\n\x1b[31mname.evt": evtFile(1, "x"),
	})
	s := open(t, dir, nil)
	equal(t, names(t, s), []string{
		"Setup.evtx", "SysEvent.Evt", "barney/Microsoft-Windows-TaskScheduler%4Operational.evtx", "barney/old/application", "barney/old/damaged.evt",
		"barney/system.EVT", "evtx as evt.evt", "evtx without a name", "odd\n\x1b[31mname.evt", "text.evtx",
	})
	var skipped []string
	for _, k := range s.Skipped() {
		skipped = append(skipped, k.Path+": "+k.Reason)
	}
	equal(t, skipped, nil)
	infos, _ := s.Logs(t.Context())
	for i, want := range []struct {
		channel string
		count   uint64
	}{{"Setup", 3}, {"System", 2}, {"Setup", 1}, {"Application", 4}, {"", 0}, {"System", 1}, {"Setup", 2}, {"Setup", 5}, {"", 1}, {"", 0}} {
		if infos[i].Channel != want.channel || infos[i].Count() != want.count {
			t.Errorf("%q: %+v, want %v", infos[i].Name, infos[i], want)
		}
	}
	for _, test := range []struct {
		name   string
		events uint64
		err    string
	}{
		{"SysEvent.Evt", 2, ""},
		{"BARNEY/System.evt", 1, ""},
		{"setup.EVTX", 3, ""},
		{"evtx as evt.evt", 2, ""},
		{"evtx without a name", 5, ""},
		{"odd\n\x1b[31mname.evt", 1, ""},
		{"nosuch", 0, "open nosuch: file does not exist"},
		{"", 0, "open : file does not exist"},
		{"../" + filepath.Base(dir) + "/SysEvent.Evt", 0, "open ../" + filepath.Base(dir) + "/SysEvent.Evt: file does not exist"},
		{filepath.Join(dir, "SysEvent.Evt"), 0, "open " + filepath.Join(dir, "SysEvent.Evt") + ": file does not exist"},
		{"notes.txt", 0, "open notes.txt: file does not exist"},
	} {
		out, e := read(t.Context(), s, test.name)
		if out.Events != test.events || (out.Err == nil) != (test.err == "") || out.Err != nil && (out.Err.Error() != test.err || !errors.Is(out.Err, fs.ErrNotExist)) {
			t.Errorf("%q: %+v", test.name, out)
		}
		if test.events > 0 && (e.Origin.Server != dir || e.Origin.Log == "" || !eventlog.EqualFold(e.Origin.Log, test.name)) {
			t.Errorf("%q: origin %+v", test.name, e.Origin)
		}
	}
	for _, name := range []string{"barney/old/damaged.evt", "text.evtx"} {
		if out, _ := read(t.Context(), s, name); !out.Bad() || !errors.Is(out.Err, eventlog.ErrCorrupt) {
			t.Errorf("%s: %+v", name, out)
		}
	}
	for name, want := range map[string][]string{
		"System":            {"SysEvent.Evt", "barney/system.EVT"},
		"sysevent":          {"SysEvent.Evt"},
		"SYSTEM.evt":        {"barney/system.EVT"},
		"Barney/system.evt": {"barney/system.EVT"},
		"SysEvent.Evt":      {"SysEvent.Evt"},
		"Application":       {"barney/old/application"},
		"setup":             {"Setup.evtx"},
		"Microsoft-Windows-TaskScheduler/Operational": {"barney/Microsoft-Windows-TaskScheduler%4Operational.evtx"},
		"barney": nil,
		"":       nil,
	} {
		equal(t, s.Match(name), want)
	}
}

func TestNamesThatDifferInCase(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.evt": evtFile(1, "x"), "A.evt": evtFile(2, "x")})
	s := open(t, dir, nil)
	if len(names(t, s)) < 2 {
		t.Skip("the file system knows no case")
	}
	for name, want := range map[string]uint64{"a.evt": 1, "A.evt": 2} {
		if out, _ := read(t.Context(), s, name); out.Events != want {
			t.Errorf("%s: %+v", name, out)
		}
	}
	_, err := s.OpenLog(t.Context(), "A.EVT")
	if !errors.Is(err, eventlog.ErrInvalid) || err.Error() != `log "A.EVT" is 2 files that differ in case: invalid argument` {
		t.Error(err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"nothing/notes.txt": []byte("no log"), "text.evt": []byte("no log at all")})
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, want := range map[string]string{
		"nothing": "no event logs in " + at("nothing"),
		"nosuch":  "stat " + at("nosuch") + ": no such file or directory",
	} {
		_, err := Open(at(name), nil)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	s := open(t, at("text.evt"), nil)
	if l, err := s.OpenLog(t.Context(), at("text.evt")); !errors.Is(err, eventlog.ErrCorrupt) || l != nil {
		t.Errorf("%v, %v", l, err)
	}
}

// What lies beyond a limit stands among the logs, as one that cannot be read.
func TestLimits(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		write(t, dir, map[string][]byte{fmt.Sprintf("%02d/a.evt", i): evtFile(0, "")})
	}
	for _, test := range []struct {
		logs, entries, want int
		err                 string
	}{
		{20, 40, 20, ""},
		{19, 40, 19, "more than 65536 event logs, the others are not read: over a limit"},
		{20, 39, 19, "more than 1048576 files, the others are not read: over a limit"},
		{20, 10, 0, "more than 1048576 files, the others are not read: over a limit"},
	} {
		tr := &tree{root: dir, maxLogs: test.logs, maxEntries: test.entries}
		if err := tr.find(); err != nil {
			t.Error(err)
			continue
		}
		n := len(tr.logs)
		if test.err != "" {
			if n--; tr.logs[0].name != "/" || tr.logs[0].err == nil || tr.logs[0].err.Error() != test.err || !errors.Is(tr.logs[0].err, eventlog.ErrTooLarge) {
				t.Errorf("%+v: %+v", test, tr.logs[0])
			}
		}
		if n != test.want {
			t.Errorf("%+v: %d logs", test, n)
		}
	}
}

func TestBuffer(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.evt": evtFile(1, "x")})
	if s := open(t, dir, nil); s.buffer != 256<<10 {
		t.Errorf("one file: %d", s.buffer)
	}
	for i := range 1024 {
		write(t, dir, map[string][]byte{fmt.Sprintf("%d.evt", i): nil})
	}
	if s := open(t, dir, nil); s.buffer != 65472 {
		t.Errorf("1,025 files: %d", s.buffer)
	}
	if s := open(t, dir, &Options{Buffer: 5000}); s.buffer != 5000 {
		t.Errorf("as told: %d", s.buffer)
	}
	if s := open(t, filepath.Join(dir, "a.evt"), &Options{Beside: 1024}); s.buffer != 65472 {
		t.Errorf("one beside 1,024 others: %d", s.buffer)
	}
	if s := open(t, dir, &Options{Beside: 1 << 16}); s.buffer != 16<<10 {
		t.Errorf("many folders of many: %d", s.buffer)
	}
}

// Chunks are decoded ahead where a file is read alone, or beside few.
func TestParallel(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.evtx": evtxFile(t, 1, "x"), "b.evtx": evtxFile(t, 1, "x")})
	one := filepath.Join(dir, "a.evtx")
	for _, tt := range []struct {
		name                string
		cores, beside, want int
	}{
		{one, 1, 0, 0}, {one, 2, 0, 2}, {one, 3, 0, 3}, {one, 64, 0, 4},
		{one, 2, 1, 0}, {one, 4, 1, 2}, {one, 64, 1, 2}, {one, 64, 2, 0}, {one, 64, 299, 0}, {one, 2, -1, 2},
		{dir, 2, 0, 0}, {dir, 64, 0, 2}, {dir, 64, 1, 0},
	} {
		before := runtime.GOMAXPROCS(tt.cores)
		s := open(t, tt.name, &Options{Beside: tt.beside})
		runtime.GOMAXPROCS(before)
		if s.parallel != tt.want {
			t.Errorf("%s beside %d on %d cores: %d, want %d", filepath.Base(tt.name), tt.beside, tt.cores, s.parallel, tt.want)
		}
	}
}

// A file that must not be written to can be read, and is the same afterwards.
func TestNothingIsWritten(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.evt": evtFile(3, "x")})
	name := filepath.Join(dir, "a.evt")
	if err := os.Chmod(name, 0o444); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(name)
	s := open(t, dir, nil)
	read(t.Context(), s, "a.evt")
	after, _ := os.Stat(name)
	if !same(before, after) {
		t.Error("the file was changed")
	}
}

// TestEVTX reads .evtx files whose beginning is damaged, by their name.
func TestEVTX(t *testing.T) {
	dir := t.TempDir()
	headless := evtxFile(t, 4, "x")
	clear(headless[:0x1000])
	write(t, dir, map[string][]byte{"a.evtx": headless, "b": headless, "c.evt": headless, "chunks.evtx": headless[0x1000:]})
	s := open(t, dir, nil)
	equal(t, names(t, s), []string{"a.evtx", "c.evt", "chunks.evtx"})
	for name, want := range map[string]uint64{"a.evtx": 4, "c.evt": 0, "chunks.evtx": 4} {
		if out, e := read(t.Context(), s, name); out.Events != want || want > 0 && (e.Extra.Channel != "Setup" || e.Strings[0] != "x") {
			t.Errorf("%s: %+v", name, out)
		}
	}
	// Checksums are compared unless that is not wanted.
	spoilt := evtxFile(t, 1, "x")
	spoilt[0x1034]++
	write(t, dir, map[string][]byte{"sum.evtx": spoilt})
	name := filepath.Join(dir, "sum.evtx")
	for noVerify, want := range map[bool]uint64{false: 1, true: 0} {
		if out, _ := read(t.Context(), open(t, name, &Options{NoVerify: noVerify}), name); out.Events != 1 || out.Losses != want {
			t.Errorf("no verify %v: %+v", noVerify, out)
		}
	}
}

// TestContractOfBoth: a folder's .evt and .evtx file of the same events answer
// every selection alike, but for types, of which an .evtx file has a level instead.
func TestContractOfBoth(t *testing.T) {
	type contract = func(*testing.T, func(*testing.T, []*eventlog.Event) eventlog.Log)
	for name, run := range map[string]contract{"App.evt": logtest.Run, "App.evtx": logtest.RunLevels} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
				dir := t.TempDir()
				write(t, dir, map[string][]byte{name: fileOf(t, name, events)})
				l, err := open(t, dir, nil).OpenLog(t.Context(), name)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { l.Close() })
				return l
			})
		})
	}
}
