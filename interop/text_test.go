//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest/petest"
	"netelf.example/message"
	"netelf.example/message/catalog"
	"netelf.example/nt"
	"netelf.example/service"
)

// scanned are the lines of a 'netelf scan -o json'.
func scanned[T any](t testing.TB, netelf, data string, args ...string) (list []T) {
	t.Helper()
	cmd := exec.Command(netelf, append([]string{"scan", "-q", "-o", "json"}, args...)...)
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+data)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.String())
	}
	for in := bufio.NewScanner(bytes.NewReader(out)); in.Scan(); {
		var v T
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// xp are DLLs as the registry of Windows XP names them, with texts of the test's own.
var xp = map[string]string{
	"Windows/system32/netevent.dll": `FacilityNames=(None=0x0)
LanguageNames=(English=0x409:MSG00409)
MessageId=0x1775 Severity=Warning Facility=None
Language=English
The Event log service was started.
.
MessageId=0x1779 Severity=Warning Facility=None
Language=English
Microsoft (R) Windows (R) %1 %2 %3 %4.
.
MessageId=0x1b58 Severity=Error Facility=None
Language=English
The %1 service failed to start due to the following error: %n%2
.
MessageId=0x1b7b Severity=Informational Facility=None
Language=English
The %1 service was sent a %2 control.
.
MessageId=0x1b7c Severity=Informational Facility=None
Language=English
The %1 service entered the %2 state.
.
`,
	"Windows/system32/de-DE/netevent.dll.mui": `FacilityNames=(None=0x0)
LanguageNames=(German=0x407:MSG00407)
MessageId=0x1b7c Severity=Informational Facility=None
Language=German
Dienst "%1" befindet sich jetzt im Status "%2".
.
`,
	"Windows/system32/netmsg.dll": `FacilityNames=(None=0x0)
MessageId=0x1657 Severity=Success Facility=None
Language=English
No Domain Controller is available for domain %1 due to the following: %n%2.
.
`,
	"Windows/system32/kernel32.dll": `FacilityNames=(None=0x0)
MessageId=1053 Severity=Success Facility=None
Language=English
The service did not respond to the start or control request in a timely fashion.
.
MessageId=1311 Severity=Success Facility=None
Language=English
Nobody answers for this domain.
.
`,
}

const xpSources = `Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Eventlog\System\Service Control Manager]
"EventMessageFile"="%SystemRoot%\\system32\\NETEVENT.DLL"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Eventlog\System\EventLog]
"EventMessageFile"="C:\\windows\\System32\\netevent.dll"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Eventlog\System\NETLOGON]
"EventMessageFile"="%SystemRoot%\\System32\\netmsg.dll"
"ParameterMessageFile"="%SystemRoot%\\system32\\kernel32.dll"
`

// TestRealLogText renders a real log with a catalogue of a folder that is laid out like
// Windows, whose DLLs binutils made: what had no text before is the same as what has
// none after, but for the events of the sources in it.
func TestRealLogText(t *testing.T) {
	name := corpus(t, "evt/SysEvent.Evt")
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	netelf := filepath.Join(dir, "netelf")
	if out, err := run("go", "build", "-o", netelf, "netelf.example/cmd/netelf"); err != nil {
		t.Fatal(out, err)
	}
	for file, source := range xp {
		path := filepath.Join(dir, "disk", filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		buildDLL(t, path, source)
	}
	if err := os.WriteFile(filepath.Join(dir, "sources.reg"), []byte(xpSources), 0o666); err != nil {
		t.Fatal(err)
	}
	type kind struct {
		Count   int
		Source  string
		EventID uint32 `json:"event_id"`
	}
	sum := func(list []kind) (n int) {
		for _, k := range list {
			n += k.Count
		}
		return n
	}
	before := scanned[kind](t, netelf, data, "--unresolved", name)
	cmd := exec.Command(netelf, "message", "import", filepath.Join(dir, "disk"), filepath.Join(dir, "sources.reg"))
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+data)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "disk: 3 sources, 3 files with 4 tables\n") {
		t.Fatalf("%v: %s", err, out)
	}
	after := scanned[kind](t, netelf, data, "--unresolved", name)

	type event struct {
		Record  uint64
		Source  string
		EventID uint32 `json:"event_id"`
		Strings []string
		Message string
		By      string `json:"message_by"`
	}
	// What each event of these has to say, and how many there are.
	tell := map[uint32]func(s []string) string{
		0x80001775: func([]string) string { return "The Event log service was started." },
		0x80001779: func(s []string) string {
			return fmt.Sprintf("Microsoft (R) Windows (R) %s %s %s %s.", s[0], s[1], s[2], s[3])
		},
		0x40001b7b: func(s []string) string { return fmt.Sprintf("The %s service was sent a %s control.", s[0], s[1]) },
		0x40001b7c: func(s []string) string { return fmt.Sprintf("The %s service entered the %s state.", s[0], s[1]) },
		0xc0001b58: func(s []string) string {
			return fmt.Sprintf("The %s service failed to start due to the following error: \n%s", s[0],
				strings.ReplaceAll(s[1], "%%1053", "The service did not respond to the start or control request in a timely fashion."))
		},
		0x1657: func(s []string) string {
			return fmt.Sprintf("No Domain Controller is available for domain %s due to the following: \n%s.", s[0],
				strings.ReplaceAll(s[1], "%%1311", "Nobody answers for this domain."))
		},
	}
	of := func(e *event) func([]string) string {
		switch e.Source {
		case "Service Control Manager", "EventLog", "NETLOGON":
			return tell[e.EventID]
		}
		return nil
	}
	texts := 0
	for _, e := range scanned[event](t, netelf, data, name) {
		want, by := "", "not found"
		if f := of(&e); f != nil {
			want, by = f(e.Strings), "catalogue"
			texts++
		}
		if e.Message != want || e.By != by {
			t.Fatalf("record %d, %s 0x%x: %q by %s, want %q by %s", e.Record, e.Source, e.EventID, e.Message, e.By, want, by)
		}
	}
	var want []kind
	for _, k := range before {
		if of(&event{Source: k.Source, EventID: k.EventID}) == nil {
			want = append(want, k)
		}
	}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("unresolved: -want +got\n%s", diff)
	}
	if sum(before)-sum(after) != texts || texts < 4000 {
		t.Errorf("%d without text, and %d after %d have it", sum(before), sum(after), texts)
	}
	german := scanned[event](t, netelf, data, "--lang", "de", "--id", "7036", "-n", "1", name)
	if s := german[0].Strings; german[0].Message != fmt.Sprintf("Dienst \"%s\" befindet sich jetzt im Status \"%s\".", s[0], s[1]) {
		t.Errorf("%+v", german)
	}
	found := scanned[event](t, netelf, data, "--grep", "NOBODY ANSWERS", name)
	for _, e := range found {
		if !strings.Contains(e.Message, "Nobody answers for this domain.") {
			t.Errorf("found by a word that is not there: %+v", e)
		}
	}
	if len(found) != 110 {
		t.Errorf("%d events found", len(found))
	}
	t.Logf("%d of %d events have text", texts, sum(before))
}

// TestOwnMessages: windmc finds the same texts in netelf's own message file as netelf.
func TestOwnMessages(t *testing.T) {
	source := string(service.MessageFile())
	want := petest.Compile(t, source)
	dll := filepath.Join(t.TempDir(), "netelf.dll")
	linkDLL(t, dll, nt.AppendUTF16(nil, strings.ReplaceAll(source, "\n", "\r\n")), "-u") // windmc wants no mark of the byte order
	got, err := openPE(t, dll).Tables()
	if err != nil {
		t.Fatal(err)
	}
	all := texts(t, want)
	if diff := cmp.Diff(all, texts(t, got)); diff != "" || len(all) < 40 {
		t.Errorf("%d texts, -netelf +windmc\n%s", len(all), diff)
	}
}

// TestParameterStrings: %%n is, out of a catalogue with Wine's kernelbase.dll, what
// Wine's FormatMessage has as the system's message n.
func TestParameterStrings(t *testing.T) {
	wine := startWine(t)
	dll := wineDLL(t, "kernelbase.dll")
	exe := filepath.Join(t.TempDir(), "formatmessage.exe")
	build := exec.Command("go", "build", "-o", exe, "./testdata/formatmessage")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ts, err := openPE(t, dll).Tables(message.English)
	if err != nil || len(ts) != 1 {
		t.Fatalf("%d tables, %v", len(ts), err)
	}
	var ids []uint32
	var in strings.Builder
	for m, err := range ts[0].All() {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(m.String(), "%") { // what FormatMessage leaves of these is another matter
			ids = append(ids, m.ID)
			fmt.Fprintf(&in, "system\t%d\n", m.ID)
		}
	}
	out, err := wine(in.String(), exe)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(out, "\r\n", "\n"), "\n"), "\n")
	if len(lines) != len(ids) || len(ids) < 500 {
		t.Fatalf("%d results of %d messages", len(lines), len(ids))
	}

	ctx := context.Background()
	dir := t.TempDir()
	buildDLL(t, filepath.Join(dir, "s.dll"), "FacilityNames=(None=0x0)\nMessageId=1 Severity=Success Facility=None\nLanguage=English\n[%1]\n.\n")
	c, err := catalog.Create(filepath.Join(dir, "catalogue"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // its writes are done
	r, err := c.ImportSources(ctx, []eventlog.Source{
		{Log: "System", Name: "S", MessageFiles: []string{filepath.Join(dir, "s.dll")}},
		{Log: "System", Name: "Kernel", MessageFiles: []string{dll}}, // by which the file comes in
	}, nil)
	if err != nil || len(r.Problems) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, id := range ids {
		want, err := strconv.Unquote(lines[i])
		if err != nil {
			t.Errorf("message %d: %s", id, lines[i])
			continue
		}
		want = "[" + strings.TrimRight(strings.ReplaceAll(want, "\r\n", "\n"), "\n") + "]"
		e := &eventlog.Event{Origin: &eventlog.Origin{Channel: "System"}, Source: "S", ID: 1, Strings: []string{fmt.Sprintf("%%%%%d", id)}}
		if got, _ := c.Message("en-US", e); got != want {
			t.Errorf("%%%%%d:\nhave %q\nwant %q", id, got, want)
		}
	}
	t.Logf("%d parameter strings compared", len(ids))
}
