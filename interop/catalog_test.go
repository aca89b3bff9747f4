//go:build interop

package interop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
	"netelf.example/message"
	"netelf.example/message/catalog"
	"netelf.example/render"
)

const catalogSource = `LanguageNames=(German=0x407:MSG00407)
LanguageNames=(English=0x409:MSG00409)
MessageId=1 Severity=%s Facility=System SymbolicName=ONE
Language=English
The %%1 service entered the %%2 state.%%n%%3
.
%s`

// writeEvents makes an .evt file.
func writeEvents(t testing.TB, path string, list []*eventlog.Event) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := evt.Create(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		e.Computer, e.TimeGenerated, e.TimeWritten = "BEDROCK", time.Unix(1e9, 0), time.Unix(1e9, 0)
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// readEvents reads one, as the log System.
func readEvents(t testing.TB, path string) (list []*eventlog.Event) {
	t.Helper()
	f, size := openFile(t, path)
	r, err := evt.NewReader(f, size, &evt.Options{Origin: &eventlog.Origin{Log: "System"}})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range eventlog.All(context.Background(), r, nil) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// TestCatalog: DLLs that binutils made are imported with a registry export, an .evt file
// of ours is read, and its events get the texts of the DLLs. Debian's sqlite3 finds
// nothing wrong with the catalogue.
func TestCatalog(t *testing.T) {
	ctx := context.Background()
	sqlite3 := logtest.Program(t, "sqlite3", "sqlite3")
	root := t.TempDir()
	system := filepath.Join(root, "Windows", "System32")
	if err := os.MkdirAll(filepath.Join(system, "de-DE"), 0o777); err != nil {
		t.Fatal(err)
	}
	// The DLL has English, its .mui German.
	buildDLL(t, filepath.Join(system, "svc.dll"), fmt.Sprintf(catalogSource, "Warning", ""))
	buildDLL(t, filepath.Join(system, "de-DE", "svc.dll.mui"), `LanguageNames=(German=0x407:MSG00407)
MessageId=1 Severity=Warning Facility=System
Language=German
Der Dienst %1 ist jetzt %2.
.
`)
	buildDLL(t, filepath.Join(system, "param.dll"), "FacilityNames=(None=0x0)\nMessageId=42 Severity=Success Facility=None\nLanguage=English\nBy hand.\n.\n")
	sources, err := catalog.ParseReg(strings.NewReader(`Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\EventLog\System\Svc]
"EventMessageFile"="%SystemRoot%\\System32\\SVC.dll"
"ParameterMessageFile"="%SystemRoot%\\System32\\param.dll"
"TypesSupported"=dword:00000007
`))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "catalogue")
	w, err := catalog.Create(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.ImportWindows(ctx, root, sources, nil)
	if err != nil || len(r.Problems) > 0 || r.Sources != 1 || r.Files != 2 || r.Tables != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := run(sqlite3, "-readonly", name, "PRAGMA integrity_check; PRAGMA application_id; SELECT count(*) FROM message_table"); err != nil || out != fmt.Sprintf("ok\n%d\n3\n", catalog.ApplicationID) {
		t.Errorf("sqlite3: %q, %v", out, err)
	}

	path := filepath.Join(t.TempDir(), "System.evt")
	writeEvents(t, path, []*eventlog.Event{
		{Source: "Svc", ID: 0x80ff0001, Type: eventlog.Warning, Strings: []string{"Spooler", "running", "%%42"}},
		{Source: "Svc", ID: 1, Type: eventlog.Warning, Strings: []string{"it's", "b"}},
	})
	c, err := catalog.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // only read
	var none *eventlog.Event
	for lang, want := range map[string][]string{
		"":   {"The Spooler service entered the running state.\nBy hand.", ""},
		"de": {"Der Dienst Spooler ist jetzt running.", ""},
	} {
		var got []string
		for _, e := range readEvents(t, path) {
			text, by := c.Message(lang, e)
			if (by == eventlog.ByCatalogue) != (text != "") {
				t.Errorf("%q by %v", text, by)
			}
			got, none = append(got, text), e
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q: have %q, want %q", lang, got, want)
		}
	}
	for _, err := range c.Damage() {
		t.Error(err)
	}

	// What stands in for a text is what Python makes of pywin32's own format.
	python := logtest.Program(t, "python3", "python3")
	script := `import sys
print("<The description for Event ID ( %d ) in Source ( %r ) could not be found. It contains the following insertion string(s):%r.>" % (int(sys.argv[1]), sys.argv[2], sys.argv[3]))`
	for _, list := range [][]string{none.Strings, nil, {"\u00e4\u20ac\U0001f600", "\x01\x7f\u00a0\u00ad\u200b\ue000\U000e0001"}, {"a\\b\n\r\t", `"`, `'`}} {
		none.Strings = list
		want, err := run(python, "-X", "utf8", "-c", script, fmt.Sprint(none.Code()), none.Source, none.Inserts())
		if err != nil {
			t.Fatal(err)
		}
		if got := render.NoText(none) + "\n"; got != want {
			t.Errorf("have %s\nwant %s", got, want)
		}
	}
}

// TestCatalogWine: all messages of Wine's files, in all languages, come out of a
// catalogue as they went in.
func TestCatalogWine(t *testing.T) {
	ctx := context.Background()
	dll := wineDLL(t, "kernelbase.dll")
	c, err := catalog.Create(filepath.Join(t.TempDir(), "catalogue"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // its writes are done
	r, err := c.ImportSources(ctx, []eventlog.Source{{Log: "System", Name: "K", MessageFiles: []string{dll}}}, nil)
	if err != nil || len(r.Problems) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	ts, err := openPE(t, dll).Tables()
	if err != nil || len(ts) != r.Tables {
		t.Fatalf("%d tables, and %d imported: %v", len(ts), r.Tables, err)
	}
	n := 0
	for _, tab := range ts {
		for m, err := range tab.All() {
			if err != nil {
				t.Fatal(err)
			}
			e := &eventlog.Event{Origin: &eventlog.Origin{Channel: "System"}, Source: "K", ID: eventlog.EventID(m.ID)}
			want := string(message.Insert(nil, m.String(), nil, &message.Options{Param: func(uint32) (string, bool) { return "", false }}))
			if strings.Contains(want, "%%") {
				continue
			}
			if got, by := c.Message(m.Lang.String(), e); got != want || by != eventlog.ByCatalogue {
				t.Fatalf("0x%x in %v: have %q by %v, want %q", m.ID, m.Lang, got, by, want)
			}
			n++
		}
	}
	if n < 1000 {
		t.Errorf("only %d messages", n)
	}
	t.Logf("%d messages", n)
}
