package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/nt"
)

func msg(t testing.TB, lang message.Lang, text string) *message.Table {
	return tableOf(t, lang, message.Message{ID: 1, Text: text})
}

func TestImportFolder(t *testing.T) {
	guid := nt.GUID{7}
	dir := writeTree(t, map[string][]byte{
		"App.dll":                  peOf(nil, msg(t, Neutral, "app")),
		"de-DE/app.dll.mui":        peOf(nil, msg(t, German, "App auf Deutsch")),
		"en-US/App.dll.mui":        peOf(nil, msg(t, English, "app in English")),
		"docs/App.dll.mui":         peOf(nil, msg(t, English, "of another one")),
		"sub/tool.EXE":             peOf(nil, msg(t, English, "tool")),
		"resources/tool.exe.mun":   peOf(nil, tableOf(t, English, message.Message{ID: 2, Text: "moved"})),
		"de-DE/lonely.dll.mui":     peOf(nil, msg(t, German, "einsam")),
		"en-US/lonely.dll.mui":     peOf(nil, msg(t, English, "lonely")),
		"nothing.dll":              peOf(nil),
		"prov.dll":                 peOf(manifestOf(guid, "P"), tableOf(t, English, message.Message{ID: 0xb0000065, Text: "of P"})),
		"text.dll":                 []byte("not a DLL"),
		"readme.txt":               []byte("not looked at"),
		"de-DE/unrelated.text.mui": peOf(nil),
	})
	if runtime.GOOS != "windows" {
		must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link.dll")))
	}
	c := newTest(t)
	r, err := c.ImportFolder(ctx, dir, nil)
	must(t, err)
	if want := []string{`text.dll: pe: IMAGE_DOS_HEADER at offset 0x0: need 64 bytes, have 9`}; !slices.Equal(problems(r), want) {
		t.Errorf("problems %q, want %q", problems(r), want)
	}
	r.Problems = nil
	if diff := cmp.Diff(Imported{Sources: 4, Files: 5, Tables: 9, Providers: 1}, r); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, x := range []struct {
		lang, source string
		id           uint32
		want         string
	}{
		{"", "App", 1, "app"}, {"de", "app", 1, "App auf Deutsch"}, {"en", "App", 1, "app in English"}, {"fr", "App", 1, "app"},
		{"", "tool", 1, "tool"}, {"", "tool", 2, "moved"}, {"", "lonely", 1, "lonely"}, {"de", "lonely", 1, "einsam"},
		{"", "P", 101, "of P"}, {"", "text", 1, ""},
	} {
		wantText(t, c, x.lang, event("Application", x.source, x.id), x.want)
	}
	wantNoDamage(t, c)

	// The registry's data replace what was guessed, and guessing again does nothing.
	s := source("Application", "App", `C:\x\App.dll`)
	must(t, c.AddSource(ctx, s))
	_, err = c.ImportFolder(ctx, dir, nil)
	must(t, err)
	list, err := c.List(ctx)
	must(t, err)
	var got []string
	for _, s := range list {
		got = append(got, s.Log+"/"+s.Name)
		if s.Guessed != (s.Log == "") || s.Log == "" && s.Origin != dir {
			t.Errorf("%+v", s)
		}
	}
	if want := []string{"/lonely", "/prov", "/tool", "Application/App"}; !slices.Equal(got, want) {
		t.Errorf("have %q, want %q", got, want)
	}
	files, err := c.Files(ctx)
	if err != nil || len(files) != 5 {
		t.Errorf("%d files, %v", len(files), err)
	}

	c = newTest(t)
	r, err = c.ImportFolder(ctx, dir, &ImportOptions{Origin: "here", Sources: []eventlog.Source{
		{Log: "System", Name: "Listed", MessageFiles: []string{`%SystemRoot%\TOOL.exe`}, CategoryFile: "absent.dll"},
	}})
	must(t, err)
	if want := `source "Listed": path "absent.dll": file does not exist`; len(r.Problems) != 2 || problems(r)[1] != want {
		t.Errorf("problems %q", problems(r))
	}
	list, err = c.List(ctx)
	must(t, err)
	if len(list) != 1 || list[0].Origin != "here" || list[0].Messages != 2 || list[0].Found != 1 || len(list[0].Files) != 1 || !slices.Equal(list[0].Languages, []message.Lang{English}) {
		t.Errorf("%+v", list)
	}
	end, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.ImportFolder(end, dir, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := c.ImportFolder(ctx, filepath.Join(dir, "absent"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestImportReg(t *testing.T) {
	c := newTest(t)
	addFile(t, c, &File{Name: "A.dll", Tables: message.Tables{msg(t, English, "one of SCM")}})
	r, err := c.ImportReg(ctx, strings.NewReader(utf16File(regText+"\n[x\\Services\\EventLog\\System\\Bad]\n\"EventMessageFile\"=x\n")), nil)
	must(t, err)
	if r.Sources != 3 || len(r.Problems) != 1 || r.Problems[0].Error() != fmt.Sprintf(`line %d: value "EventMessageFile": "x" is no data`, strings.Count(regText, "\n")+3) {
		t.Errorf("%d sources, %q", r.Sources, problems(r))
	}
	wantText(t, c, "", event("System", "Service Control Manager", 1), "one of SCM")
	list, err := c.List(ctx)
	must(t, err)
	for i, want := range regWant(t) {
		want.Origin, want.Added = "registry export", at
		if diff := cmp.Diff(want, list[i].Source); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	if _, err := c.ImportReg(ctx, strings.NewReader("x"), nil); err == nil {
		t.Error("no error for what is no export")
	}
}

func TestImportSources(t *testing.T) {
	dir := writeTree(t, map[string][]byte{
		"app.dll":           peOf(nil, msg(t, English, "app")),
		"de-DE/app.dll.mui": peOf(nil, msg(t, German, "deutsch")),
		"sys/cat.dll":       peOf(nil, msg(t, English, "category")),
	})
	c := newTest(t)
	r, err := c.ImportSources(ctx, []eventlog.Source{
		{Log: "Application", Name: "App", MessageFiles: []string{filepath.Join(dir, "app.dll")}, CategoryFile: `%SystemRoot%\cat.dll`},
		{Log: "Application", Name: "Other", MessageFiles: []string{`C:\other.dll`}},
	}, &ImportOptions{Map: func(p string) (string, bool) {
		rest, ok := strings.CutPrefix(p, `%SystemRoot%\`)
		return filepath.Join(dir, "sys", rest), ok
	}})
	must(t, err)
	if r.Sources != 2 || r.Files != 2 || len(r.Problems) != 1 || r.Problems[0].Error() != `source "Other": path "C:\\other.dll": not one of this machine` {
		t.Errorf("%+v", r)
	}
	e := event("Application", "App", 1)
	e.Category = 1
	wantText(t, c, "de", e, "deutsch")
	if text, _ := c.Category("", e); text != "category" {
		t.Errorf("category %q", text)
	}
}

func TestImportWindows(t *testing.T) {
	files := map[string][]byte{
		"WINDOWS/system32/netevent.dll":           peOf(nil, msg(t, Neutral, "net")),
		"WINDOWS/system32/de-DE/NETEVENT.DLL.mui": peOf(nil, msg(t, German, "Netz")),
		"WINDOWS/System32x/y.dll":                 peOf(nil, msg(t, English, "not this")),
		"WINDOWS/system32/drivers/d.sys":          peOf(nil, msg(t, English, "driver")),
		"WINDOWS/SystemResources/big.dll.mun":     peOf(nil, msg(t, English, "moved out")),
		"WINDOWS/system32/big.dll":                peOf(nil),
		"Program Files/App/app.dll":               peOf(nil, msg(t, English, "app")),
	}
	list := []Source{
		source("System", "Net", `%systemroot%\System32\NetEvent.dll`),
		source("System", "Net2", `C:\Windows\SYSTEM32\netevent.dll`),
		source("System", "Bare", `netevent.dll`),
		source("System", "Driver", `\SystemRoot\System32\drivers\D.SYS`),
		source("System", "Driver2", `System32\drivers\D.SYS`),
		source("System", "Big", `%windir%\System32\big.dll`),
		source("Application", "App", `%ProgramFiles%\App\app.dll`),
		source("Application", "Up", `C:\Windows\..\..\etc\passwd.dll`),
		source("Application", "Away", `\\server\share\x.dll`),
		source("Application", "Absent", `C:\absent.dll`),
		source("Application", "Var", `%NOPE%\x.dll`),
		source("Application", "Link", `C:\link\passwd`),
	}
	dir := writeTree(t, files)
	if runtime.GOOS != "windows" {
		must(t, os.Symlink("/etc", filepath.Join(dir, "link")))
	}
	c := newTest(t)
	r, err := c.ImportWindows(ctx, dir, list, nil)
	must(t, err)
	if r.Sources != len(list) || r.Files != 4 {
		t.Errorf("%d sources, %d files", r.Sources, r.Files)
	}
	got := problems(r)
	want := []string{
		`source "Up": path "C:\\Windows\\..\\..\\etc\\passwd.dll": leads elsewhere`,
		`source "Away": path "\\\\server\\share\\x.dll": on another machine`,
		`source "Absent": find absent.dll: file does not exist`,
		`source "Var": path "%NOPE%\\x.dll": a variable that is not known`,
	}
	if len(got) != 5 || !slices.Equal(got[:4], want) {
		t.Errorf("problems %q\nwant %q and one of a link", got, want)
	}
	for _, x := range []struct{ lang, log, source, want string }{
		{"", "System", "Net", "net"}, {"de", "System", "Net", "Netz"}, {"de", "System", "Net2", "Netz"}, {"", "System", "Bare", "net"},
		{"", "System", "Driver", "driver"}, {"", "System", "Driver2", "driver"}, {"", "System", "Big", "moved out"},
		{"", "Application", "App", "app"}, {"", "Application", "Up", ""}, {"", "Application", "Link", ""},
	} {
		wantText(t, c, x.lang, event(x.log, x.source, 1), x.want)
	}
	wantNoDamage(t, c)

	// The Windows folder alone.
	c = newTest(t)
	r, err = c.ImportWindows(ctx, filepath.Join(dir, "WINDOWS"), list, nil)
	must(t, err)
	if r.Files != 3 {
		t.Errorf("%d files, %q", r.Files, problems(r))
	}
	wantText(t, c, "de", event("System", "Net2", 1), "Netz")
	wantText(t, c, "", event("System", "Big", 1), "moved out")
	if _, err := c.ImportWindows(ctx, t.TempDir(), list, nil); err == nil || !strings.Contains(err.Error(), "no Windows installation") {
		t.Error(err)
	}
}

func TestWindowsPath(t *testing.T) {
	win := []string{"WINNT"}
	for _, x := range []struct{ path, want string }{
		{`%SystemRoot%\System32\a.dll`, "WINNT/System32/a.dll"}, {`%WINDIR%/System32/a.dll`, "WINNT/System32/a.dll"}, {`a.dll`, "WINNT/System32/a.dll"},
		{` "C:\a b\c.dll" `, "a b/c.dll"}, {`\??\D:\x\c.dll`, "x/c.dll"}, {`\\?\C:\c.dll`, "c.dll"}, {`%SystemDrive%\c.dll`, "c.dll"},
		{`%ProgramFiles(x86)%\a\c.dll`, "Program Files (x86)/a/c.dll"}, {`%CommonProgramFiles%\c.dll`, "Program Files/Common Files/c.dll"},
		{`\x\.\\c.dll`, "x/c.dll"}, {`%ProgramData%\c.dll`, "ProgramData/c.dll"},
		{`C:c.dll`, "!a drive without a folder"}, {`%x`, "!a % without its other one"}, {`\`, "!no file"}, {`a\b:c`, "!leads elsewhere"}, {`C:\%x%\y`, "!leads elsewhere"},
	} {
		_, parts, err := windowsPath(x.path, win)
		if why, bad := strings.CutPrefix(x.want, "!"); bad {
			if err == nil || !strings.HasSuffix(err.Error(), ": "+why) {
				t.Errorf("%s: %q, %v, want %s", x.path, parts, err, why)
			}
		} else if got := strings.Join(parts, "/"); got != x.want || err != nil {
			t.Errorf("%s: have %s, %v, want %s", x.path, got, err, x.want)
		}
	}
}

func TestShow(t *testing.T) {
	c := newTest(t)
	addFile(t, c, &File{Name: "m.dll", Tables: message.Tables{
		tableOf(t, English, message.Message{ID: 0x40000007, Text: "seven %1\r\n"}, message.Message{ID: 8, Text: "eight"}),
		tableOf(t, German, message.Message{ID: 0x40000007, Text: "sieben"}, message.Message{ID: 0xc0000007, Text: "SIEBEN"}),
	}})
	must(t, c.AddSource(ctx, source("System", "S", "m.dll", "c:/M.DLL")))
	got, err := c.Show(ctx, "", "s", 7)
	must(t, err)
	want := []Found{{"m.dll", 0x40000007, English, "seven %1\r\n"}, {"m.dll", 0x40000007, German, "sieben"}, {"m.dll", 0xc0000007, German, "SIEBEN"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got, err = c.Show(ctx, "system", "s", 0xc0000007); err != nil || len(got) != 1 || got[0].Text != "SIEBEN" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err = c.Show(ctx, "Application", "S", 7); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestMergeExport(t *testing.T) {
	a, b := newTest(t), newTest(t)
	f, err := FileOf("prov.dll", openPE(t, peOf(manifestOf(nt.GUID{7}, "P"), msg(t, English, "a's"))))
	must(t, err)
	id := addFile(t, a, f)
	addFile(t, a, &File{Name: "free.dll", Tables: message.Tables{msg(t, English, "named by nobody")}})
	s := source("System", "S", "prov.dll")
	s.Files = map[string]FileID{"prov.dll": id}
	must(t, a.AddSource(ctx, s))
	must(t, a.AddSource(ctx, source("System", "Both", "a.dll")))
	at = at.Add(1e9)
	must(t, b.AddSource(ctx, source("System", "Both", "b.dll")))
	addFile(t, b, &File{Name: "prov.dll", Tables: message.Tables{msg(t, English, "b's")}})
	guess := source("", "S", "prov.dll")
	guess.Guessed = true
	must(t, b.AddSource(ctx, guess))
	wantText(t, b, "", event("System", "S", 1), "b's")
	for range 2 { // the second time nothing changes
		must(t, b.Merge(ctx, a))
		wantText(t, b, "", event("System", "S", 1), "a's")
		list, err := b.List(ctx)
		must(t, err)
		if len(list) != 2 || list[0].Name != "Both" || list[0].MessageFiles[0] != "b.dll" || list[1].Files["prov.dll"] != id {
			t.Errorf("%+v", list)
		}
		if files, err := b.Files(ctx); err != nil || len(files) != 3 {
			t.Errorf("%d files, %v", len(files), err)
		}
	}
	if p, err := b.Providers(ctx, nt.GUID{7}, ""); err != nil || len(p) != 1 || cmp.Diff(f.Providers[0].Tasks, p[0].Tasks) != "" {
		t.Errorf("%+v, %v", p, err)
	}
	must(t, b.Merge(ctx, b))

	part := filepath.Join(t.TempDir(), "part")
	must(t, b.Export(ctx, part, func(s *Source) bool { return s.Name == "S" }))
	c, err := Open(part, nil)
	must(t, err)
	defer func() { must(t, c.Close()) }()
	wantText(t, c, "", event("System", "S", 1), "a's")
	if files, err := c.Files(ctx); err != nil || len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
	if err := b.Export(ctx, part, nil); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	all := filepath.Join(t.TempDir(), "all")
	must(t, b.Export(ctx, all, nil))
	d, err := Open(all, nil)
	must(t, err)
	defer func() { must(t, d.Close()) }()
	if files, err := d.Files(ctx); err != nil || len(files) != 3 {
		t.Errorf("%d files, %v", len(files), err)
	}
	wantNoDamage(t, c)
}

// TestMergeHostile: a file that is not what its hash says stays outside, the rest
// comes in.
func TestMergeHostile(t *testing.T) {
	from, err := Open(hostile(t, `INSERT INTO file (hash, name, name_key, version, origin, added) VALUES (zeroblob(32), 'fake.dll', 'fake.dll', '', '', 0)`), nil)
	must(t, err)
	defer func() { must(t, from.Close()) }()
	c := newTest(t)
	if err := c.Merge(ctx, from); !errors.Is(err, eventlog.ErrCorrupt) || !strings.Contains(err.Error(), "fake.dll: its content has another one") {
		t.Error(err)
	}
	wantText(t, c, "", event("System", "S", 1), "one")
	if files, err := c.Files(ctx); err != nil || len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
}
