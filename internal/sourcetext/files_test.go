package sourcetext

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest/petest"
	"netelf.example/message"
)

const crusher = `LanguageNames=(English=0x409:MSG00409)
LanguageNames=(German=0x407:MSG00407)
MessageId=1 Severity=Success Facility=System
Language=English
Hardware
.
Language=German
Geräte
.
MessageId=7 Severity=Error Facility=System
Language=English
Belt %1 is %2: %%42.
.
Language=German
Band %1 ist %2: %%42.
.
`

// world is a folder with the files of a source, and a clock.
type world struct {
	dir   string
	src   eventlog.Source
	files *Files
	now   time.Time
	log   bytes.Buffer
}

func (w *world) put(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func newWorld(t testing.TB) *world {
	w := &world{dir: t.TempDir(), now: time.Unix(1e9, 0)}
	mc := w.put(t, "crusher.mc", []byte(crusher))
	w.src = eventlog.Source{Name: "Crusher", Log: "Quarry", MessageFiles: []string{mc}, CategoryFile: mc, CategoryCount: 1}
	w.files = New(&Options{Now: func() time.Time { return w.now }, Logger: slog.New(slog.NewTextHandler(&w.log, nil))})
	return w
}

func (w *world) message(lang string, id uint32, values ...string) string {
	langs, _ := message.ParseLangs(lang)
	text, ok := w.files.Message(&w.src, langs, &eventlog.Event{ID: eventlog.EventID(id), Strings: values})
	if ok == (text == "") {
		return "?"
	}
	return text
}

const belt = 0xc0ff0007 // error 7 of the facility System, which has 0xff by default

func TestMC(t *testing.T) {
	w := newWorld(t)
	w.src.ParameterFile = w.put(t, "param.mc", []byte("FacilityNames=(None=0)\nMessageId=42 Severity=Success Facility=None\nLanguage=English\nstone %1\n.\n"))
	for _, c := range []struct {
		lang string
		id   uint32
		want string
	}{
		{"", belt, "Belt 3 is jammed: stone %1."}, {"de-AT,en", belt, "Band 3 ist jammed: stone %1."}, {"fr", belt, "Belt 3 is jammed: stone %1."},
		{"", 7, ""}, {"", belt + 1, ""},
	} {
		if got := w.message(c.lang, c.id, "3", "jammed"); got != c.want {
			t.Errorf("0x%x in %q: %q, want %q", c.id, c.lang, got, c.want)
		}
	}
	if got, want := w.message("", belt, "%{S-1-5-18}", "%{S-1-5-21-1-2-3-4}"), `Belt NT AUTHORITY\SYSTEM is %{S-1-5-21-1-2-3-4}: stone %1.`; got != want {
		t.Errorf("SIDs: %q, want %q", got, want)
	}
	for n, want := range map[uint16]string{0: "", 1: "Geräte", 2: ""} {
		w.src.CategoryFile = w.put(t, "category.mc", []byte(strings.Replace(crusher, "LanguageNames", "FacilityNames=(System=0)\nLanguageNames", 1)))
		if got, ok := w.files.Category(&w.src, []message.Lang{0x407}, n); got != want || ok != (want != "") {
			t.Errorf("category %d: %q", n, got)
		}
	}
	if w.log.Len() > 0 {
		t.Error(w.log.String())
	}
}

func TestPE(t *testing.T) {
	w := newWorld(t)
	tables := petest.Compile(t, crusher) // English, German
	var english, german []*message.Table
	for _, tab := range tables {
		if tab.Lang == message.English {
			english = append(english, tab)
		} else {
			german = append(german, tab)
		}
	}
	dll := w.put(t, "lib/crusher.dll", petest.File(nil, english...))
	w.put(t, "lib/de-DE/crusher.dll.mui", petest.File(nil, german...))
	w.put(t, "lib/docs/crusher.dll.mui", petest.File(nil, german...))
	w.src.MessageFiles = []string{filepath.Join(w.dir, "not there.dll"), dll}
	for lang, want := range map[string]string{"": "Belt 3 is jammed: %42.", "de": "Band 3 ist jammed: %42."} {
		if got := w.message(lang, belt, "3", "jammed"); got != want {
			t.Errorf("%q: %q, want %q", lang, got, want)
		}
	}
	if got := Parts(dll); len(got) != 1 || got[0] != filepath.Join(w.dir, "lib", "de-DE", "crusher.dll.mui") {
		t.Errorf("parts %q", got)
	}
	if !strings.Contains(w.log.String(), "not there.dll") || strings.Count(w.log.String(), "\n") != 1 {
		t.Errorf("logged: %s", w.log.String())
	}
}

// TestChange: a file that is written again has other texts after a while, one that is
// removed has none, and one that comes is found.
func TestChange(t *testing.T) {
	w := newWorld(t)
	path := w.src.MessageFiles[0]
	step := func(name, want string) {
		t.Helper()
		w.now = w.now.Add(Recheck)
		if got := w.message("", belt, "3", "x"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	step("first", "Belt 3 is x: %42.")
	w.put(t, "crusher.mc", []byte(strings.Replace(crusher, "Belt", "The belt", 1)))
	if got := w.message("", belt, "3", "x"); got != "Belt 3 is x: %42." {
		t.Errorf("at once: %q", got)
	}
	step("written again", "The belt 3 is x: %42.")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	step("removed", "")
	step("still", "")
	w.put(t, "crusher.mc", []byte(crusher))
	step("back", "Belt 3 is x: %42.")
	w.now = w.now.Add(-time.Hour) // a clock that is put back
	step("an hour before", "Belt 3 is x: %42.")
	if n := strings.Count(w.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines are logged: %s", n, w.log.String())
	}
}

// TestRefused: what is never opened, or is nothing to read, has no text and says why.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	if err := os.Mkdir(filepath.Join(w.dir, "folder.dll"), 0o777); err != nil {
		t.Fatal(err)
	}
	big := w.put(t, "big.mc", []byte("x"))
	if err := os.Truncate(big, message.MaxSource+1); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"crusher.mc":                                 "not the whole path of a file of this machine",
		"%SystemRoot%\\System32\\net.dll":            "not the whole path of a file of this machine",
		`\\server\share\x.dll`:                       "not a file of this machine",
		"//server/share/x.dll":                       "not a file of this machine",
		filepath.Join(w.dir, "none"):                 "no such file",
		filepath.Join(w.dir, "folder.dll"):           "not a regular file",
		big:                                          "is the limit of text",
		w.put(t, "empty", nil):                       "empty",
		w.put(t, "MZ", []byte("MZ")):                 "IMAGE_DOS_HEADER",
		w.put(t, "noise.mc", []byte("\x00\x01\x02")): ":1:",
	}
	if runtime.GOOS == "linux" {
		cases["/dev/zero"], cases["/proc/self/mem"] = "not a regular file", ""
	}
	for path, want := range cases {
		if _, err := w.files.Check(path); err == nil || runtime.GOOS == "linux" && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		w.src.MessageFiles = []string{path}
		if got := w.message("", belt); got != "" {
			t.Errorf("%s: %q", path, got)
		}
	}
}

// TestMany: what is kept has a limit, and all is found again.
func TestMany(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.files.held = MaxHeld
		delete(w.files.files, w.src.MessageFiles[0])
		if got := w.message("", belt, "3", "x"); got == "" || w.files.held > 1<<10 || len(w.files.files) != 1 {
			t.Errorf("%q, %d bytes of %d files are held", got, w.files.held, len(w.files.files))
		}
	}
}

func TestConcurrent(t *testing.T) {
	w := newWorld(t)
	var g sync.WaitGroup
	for range 8 {
		g.Go(func() {
			for range 200 {
				if got := w.message("de", belt, "3", "x"); got != "Band 3 ist x: %42." {
					t.Errorf("%q", got)
					return
				}
			}
		})
	}
	g.Wait()
}

func BenchmarkMessage(b *testing.B) {
	w := newWorld(b)
	e := &eventlog.Event{ID: belt, Strings: []string{"3", "jammed"}}
	langs := []message.Lang{0x407}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := w.files.Message(&w.src, langs, e); !ok {
			b.Fatal("no text")
		}
	}
}
