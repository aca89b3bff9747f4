//go:build interop

package interop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/catalogserver"
	"netelf.example/internal/logtest"
	"netelf.example/message/catalog"
	"netelf.example/nt"
)

// mc is a message text file of messages with ids of 16 bits: severity, id and text.
func mc(lang string, list ...[3]string) string {
	s := "FacilityNames=(None=0x0)\nLanguageNames=(English=0x409:MSG00409)\nLanguageNames=(German=0x407:MSG00407)\n"
	for _, m := range list {
		s += fmt.Sprintf("MessageId=%s Severity=%s Facility=None\nLanguage=%s\n%s\n.\n\n", m[1], m[0], lang, m[2])
	}
	return s
}

// windowsFiles makes a drive with the message files of a Windows installation.
func windowsFiles(t *testing.T) (root string) {
	root = t.TempDir()
	for name, text := range map[string]string{
		"WINDOWS/system32/netevent.dll": mc("English", [3]string{"Informational", "7036", "The %1 service entered the %2 state."},
			[3]string{"Informational", "7035", "The %1 service was successfully sent a %2 control."}, [3]string{"Error", "7000", "The %1 service failed to start due to the following error: %n%2"},
			[3]string{"Error", "10005", "DCOM got error \"%%%1\" attempting to start the service %2 with arguments \"%3\" in order to run the server:%n%4"}),
		"WINDOWS/system32/de-DE/NETEVENT.dll.mui": mc("German", [3]string{"Informational", "7036", "Dienst \"%1\" befindet sich jetzt im Status \"%2\"."}),
		"WINDOWS/system32/NetMsg.dll":             mc("English", [3]string{"Success", "5719", "No Domain Controller is available for domain %1 due to the following: %n%2"}),
		"WINDOWS/system32/kernel32.dll":           mc("English", [3]string{"Success", "1722", "The RPC server is unavailable."}, [3]string{"Success", "1053", "The service did not respond in a timely fashion."}),
		"WINDOWS/system32/category.dll":           mc("English", [3]string{"Success", "1", "Disk"}, [3]string{"Success", "2", "Shell"}),
		"Program Files/Quarry/Quarry.exe":         mc("English", [3]string{"Success", "1", "One %1"}),
		"Program Files/Quarry/extra.dll":          mc("English", [3]string{"Success", "2", "Two %1 %%1722"}),
		"outside.dll":                             mc("English", [3]string{"Success", "3", "Outside"}),
	} {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		buildDLL(t, name, text)
	}
	// A link that leads out, which a mounted disk may have.
	if err := os.Rename(filepath.Join(root, "outside.dll"), filepath.Join(t.TempDir(), "outside.dll")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "WINDOWS", "system32", "link.dll")); err != nil {
		t.Fatal(err)
	}
	return root
}

// windowsSources are the sources of that installation: values by name, of keys.
var windowsSources = map[string]map[string]string{
	`System\Service Control Manager`: {"EventMessageFile": `%SystemRoot%\System32\netevent.dll`, "ProviderGuid": "{555908d1-a6d7-4695-8e1e-26931d2012f4}"},
	`System\NETLOGON`:                {"EventMessageFile": `C:\WINDOWS\System32\NETMSG.DLL`},
	`System\DCOM`:                    {"EventMessageFile": `%systemroot%\system32\NETEVENT.DLL`},
	`System\Away`:                    {"EventMessageFile": `%SystemRoot%\System32\..\..\..\etc\passwd;\\other\c$\x.dll;%SystemRoot%\System32\link.dll;%SystemRoot%\System32\gone.dll`},
	`Application\Quarry`: {
		"EventMessageFile": `"%ProgramFiles%\Quarry\QUARRY.EXE";C:\Program Files\quarry\Extra.dll`, "CategoryMessageFile": `%windir%\system32\category.dll`,
		"CategoryCount": "#2", "TypesSupported": "#7", "ParameterMessageFile": `%SystemRoot%\system32\kernel32.dll`,
	},
}

// regText is a .reg file of keys and values.
func regText(keys map[string]map[string]string) string {
	var s strings.Builder
	for key, values := range keys {
		fmt.Fprintf(&s, "[%s]\n", key)
		for name, v := range values {
			if n, ok := strings.CutPrefix(v, "#"); ok {
				fmt.Fprintf(&s, "\"%s\"=dword:%08s\n", name, n)
			} else {
				b := nt.AppendUTF16(nil, v+"\x00")
				if name == "" {
					fmt.Fprintf(&s, "@=hex(1):%s\n", strings.ReplaceAll(fmt.Sprintf("% x", b), " ", ","))
				} else {
					fmt.Fprintf(&s, "\"%s\"=hex(2):%s\n", name, strings.ReplaceAll(fmt.Sprintf("% x", b), " ", ","))
				}
			}
		}
		s.WriteString("\n")
	}
	return s.String()
}

// wantProblems holds the problems of an import to those of the source Away, of which two
// depend on how the files are reached.
func wantProblems(t *testing.T, r catalog.Imported, link, gone string) {
	t.Helper()
	var got []string
	for _, err := range r.Problems {
		got = append(got, err.Error())
	}
	want := []string{
		`source "Away": path "%SystemRoot%\\System32\\..\\..\\..\\etc\\passwd": leads elsewhere`,
		`source "Away": path "\\\\other\\c$\\x.dll": on another machine`,
		link, `source "Away": ` + gone,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

// windowsTexts holds a catalogue to what windowsFiles and windowsSources have, by
// source, language and id.
func windowsTexts(t *testing.T, c *catalog.Catalog) {
	t.Helper()
	for _, x := range []struct {
		log, source, lang string
		id                uint32
		strings           []string
		want              string
	}{
		{"System", "Service Control Manager", "", 0x40001b7c, []string{"Spooler", "running"}, "The Spooler service entered the running state."},
		{"System", "Service Control Manager", "de", 0x40001b7c, []string{"Spooler", "running"}, `Dienst "Spooler" befindet sich jetzt im Status "running".`},
		{"System", "Service Control Manager", "de", 0x40001b7b, []string{"Spooler", "stop"}, "The Spooler service was successfully sent a stop control."},
		{"System", "NETLOGON", "", 5719, []string{"QUARRY", "%%1722"}, "No Domain Controller is available for domain QUARRY due to the following: \nThe RPC server is unavailable."},
		{"Application", "Quarry", "", 1, []string{"x"}, "One x"},
		{"Application", "Quarry", "fr", 2, []string{"x"}, "Two x The RPC server is unavailable."},
		{"Application", "Quarry", "", 3, nil, ""},
		{"System", "Away", "", 3, nil, ""},
	} {
		e := &eventlog.Event{Origin: &eventlog.Origin{Channel: x.log}, Source: x.source, ID: eventlog.EventID(x.id), Strings: x.strings, Category: 2}
		if got, _ := c.Message(x.lang, e); got != x.want {
			t.Errorf("%s %d in %q: %q, want %q", x.source, x.id, x.lang, got, x.want)
		}
		if got, _ := c.Category("", e); (got != "") != (x.source == "Quarry") || got != "" && got != "Shell" {
			t.Errorf("%s: category %q", x.source, got)
		}
	}
	for _, err := range c.Damage() {
		t.Error(err)
	}
}

// windowsInstallation is windowsFiles with hives.
func windowsInstallation(t *testing.T) (root string) {
	t.Helper()
	root = windowsFiles(t)
	config := filepath.Join(root, "WINDOWS", "system32", "config")
	if err := os.Mkdir(config, 0o777); err != nil {
		t.Fatal(err)
	}
	keys := map[string]map[string]string{
		"P\\Select": {"Current": "#2", "Default": "#1"},
		"P\\ControlSet001\\Services\\EventLog\\System\\Service Control Manager": {"EventMessageFile": `C:\old.dll`},
		"P\\ControlSet001\\Services\\EventLog\\System\\Old":                     {"EventMessageFile": `C:\old.dll`},
	}
	for key, values := range windowsSources {
		keys[`P\ControlSet002\Services\Eventlog\`+key] = values
	}
	newHive(t, filepath.Join(config, "system"), "P", regText(keys))
	newHive(t, filepath.Join(config, "software"), "P", regText(map[string]map[string]string{
		`P\Microsoft\Windows\CurrentVersion\WINEVT\Publishers\{11111111-2222-3333-4444-555555555555}`: {
			"": "Quarry-Provider", "MessageFileName": `%ProgramFiles%\quarry\extra.dll`, "ResourceFileName": `%ProgramFiles%\quarry\quarry.exe`,
			"ParameterFileName": `%SystemRoot%\system32\kernel32.dll`,
		},
	}))
	return root
}

// TestCatalogHives: a folder that is laid out like Windows, with hives that hivex made
// and DLLs that binutils made, becomes a catalogue, out of which the events of a real
// log of Windows XP get their text.
func TestCatalogHives(t *testing.T) {
	root := windowsInstallation(t)
	c, err := catalog.Create(filepath.Join(t.TempDir(), "catalogue"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // its writes are done
	for _, folder := range []string{root, filepath.Join(root, "WINDOWS")} {
		r, err := c.ImportWindows(context.Background(), folder, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if folder != root {
			// The drive's other folders are not there.
			if all := fmt.Sprint(r.Problems); r.Sources != 6 || r.Files != 4 || !strings.Contains(all, "not in the Windows folder") {
				t.Errorf("the Windows folder: %+v", r)
			}
			continue
		}
		wantProblems(t, r, `source "Away": statat WINDOWS/system32/link.dll: path escapes from parent`, "find WINDOWS/system32/gone.dll: file does not exist")
		if r.Sources != 6 || r.Files != 6 || r.Tables != 7 {
			t.Errorf("%+v", r)
		}
		windowsTexts(t, c)
		p := &eventlog.Event{Origin: &eventlog.Origin{Channel: "Any"}, Source: "quarry-provider", ID: 2, Strings: []string{"x"}}
		if got, _ := c.Message("", p); got != "Two x The RPC server is unavailable." {
			t.Errorf("the provider has %q", got)
		}
		list, err := c.List(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.Name == "Old" || s.Name == "Service Control Manager" && (s.GUID.IsZero() || s.Found != 1) || s.Name == "Quarry" && (s.Types != 7 || s.CategoryCount != 2 || s.Found != 4) {
				t.Errorf("%+v", s)
			}
		}
	}

	r, err := evt.Open(corpus(t, "evt/SysEvent.Evt"), &evt.Options{Origin: &eventlog.Origin{Log: "System"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }() // only read
	counts, first := map[string]int{}, map[string]string{}
	for e, err := range eventlog.All(context.Background(), r, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if text, by := c.Message("", e); by == eventlog.ByCatalogue {
			key := fmt.Sprint(e.Source, " ", e.Code())
			if counts[key]++; first[key] == "" {
				first[key] = text
			}
		}
	}
	if d := cmp.Diff(map[string]int{"Service Control Manager 7036": 2487, "Service Control Manager 7035": 1320, "Service Control Manager 7000": 109, "NETLOGON 5719": 111, "DCOM 10005": 99}, counts); d != "" {
		t.Errorf("events with a text (-want +got):\n%s", d)
	}
	for key, want := range map[string]string{
		"Service Control Manager 7036": "The IMAPI CD-Burning COM Service service entered the running state.",
		"NETLOGON 5719":                "No Domain Controller is available for domain SHIELDBASE due to the following: \n%%1311",
		"DCOM 10005":                   "DCOM got error \"%2\" attempting to start the service McAfee SiteAdvisor Service with arguments \"\" in order to run the server:\n{5A90F5EE-16B8-4C2A-81B3-FD5329BA477C}",
	} {
		if first[key] != want {
			t.Errorf("%s: %q, want %q", key, first[key], want)
		}
	}
}

// windowsServer is a Samba server with that installation: its sources are in its
// registry, and its files in shares.
func windowsServer(t *testing.T) *smbd {
	t.Helper()
	root := windowsFiles(t)
	w := startSMBD(t, smbdOptions{EventLogs: []string{"System", "Application"}, Config: []string{
		"registry shares = yes",
		"[ADMIN$]", "path = " + filepath.Join(root, "WINDOWS"), "admin users = root", "read only = yes",
		"[C$]", "path = " + root, "admin users = root", "read only = yes",
	}})
	program := logtest.Program(t, "net", "samba-common-bin")
	registry := func(args ...string) {
		t.Helper()
		if out, err := run(program, append([]string{"-s", w.conf, "registry"}, args...)...); err != nil {
			t.Fatalf("net registry %q: %v\n%s", args, err, out)
		}
	}
	const logs = `HKLM\SYSTEM\CurrentControlSet\Services\Eventlog`
	for key, values := range windowsSources {
		registry("createkey", logs+`\`+strings.Split(key, `\`)[0])
		registry("createkey", logs+`\`+key)
		for name, v := range values {
			if n, ok := strings.CutPrefix(v, "#"); ok {
				registry("setvalue", logs+`\`+key, name, "dword", n)
			} else {
				registry("setvalue", logs+`\`+key, name, "sz", v)
			}
		}
	}
	return w
}

// TestCatalogServer: the same installation behind Samba, which has its sources in its
// registry and its files in shares.
func TestCatalogServer(t *testing.T) {
	w := windowsServer(t)
	c, err := catalog.Create(filepath.Join(t.TempDir(), "catalogue"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // its writes are done
	var last catalog.Progress
	r, err := catalogserver.Import(t.Context(), c, smbAddress(w), smbRoot, &catalogserver.Options{
		Timeout: time.Minute, ServerOptions: catalog.ServerOptions{Progress: func(p catalog.Progress) { last = p }},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, r, `source "Away": find ADMIN$/system32/link.dll: file does not exist`, "find ADMIN$/system32/gone.dll: file does not exist")
	if last.Sources != 5 || last.Of != 5 || last.Files != 6 || last.Bytes == 0 || r.Sources != 5 || r.Files != 6 || r.Tables != 7 {
		t.Errorf("%+v; %+v", last, r)
	}
	windowsTexts(t, c)

	// Who may not log on, and a server that is not there.
	bad := smbRoot
	bad.Password = "wrong"
	if _, err := catalogserver.Import(t.Context(), c, smbAddress(w), bad, nil); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // it says nothing
	if _, err := catalogserver.Import(t.Context(), c, l.Addr().String(), smbRoot, &catalogserver.Options{Timeout: 50 * time.Millisecond}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestMessageImport: the verb takes both in, and the text of an event is found.
func TestMessageImport(t *testing.T) {
	w, root := windowsServer(t), windowsInstallation(t)
	netelf := filepath.Join(t.TempDir(), "netelf")
	if out, err := run("go", "build", "-o", netelf, "netelf.example/cmd/netelf"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{[]string{root}, root + ": 6 sources, 6 files with 7 tables"},
		{[]string{filepath.Join(root, "WINDOWS", "system32"), filepath.Join(root, "WINDOWS", "system32", "config", "system")}, "system: 5 sources, 0 files"},
		{[]string{"smb://root@" + smbAddress(w)}, "smb://root@" + smbAddress(w) + ": 5 sources, 6 files with 7 tables"},
	} {
		name := filepath.Join(t.TempDir(), "catalogue")
		cmd := exec.Command(netelf, append([]string{"message", "import", "--catalog", name}, x.args...)...)
		cmd.Env = append(os.Environ(), "NETELF_PASSWORD=secret")
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		// 3: the link that leads out of the folder cannot be read.
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) || !strings.Contains(string(out), x.want) || strings.Contains(string(out), "secret") {
			t.Errorf("%v\n%s", err, out)
		}
		show, err := run(netelf, "message", "show", "--catalog", name, "Service Control Manager", "7036")
		if err != nil || !strings.Contains(show, "The %1 service entered the %2 state.") || !strings.Contains(show, "befindet sich jetzt im Status") {
			t.Errorf("%v\n%s", err, show)
		}
	}
}
