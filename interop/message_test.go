//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/internal/logtest"
	"netelf.example/message"
	"netelf.example/nt"
)

// mcSource has every insertion form, in three languages. Each message names its
// severity and facility: windmc does not carry them over.
const mcSource = `;// Messages to compare.
MessageIdTypedef=DWORD
SeverityNames=(Success=0x0:S_OK
               Informational=0x1
               Warning=0x2
               Error=0x3:S_ERR)
FacilityNames=(System=0x0FF
               App=0x123:FAC_APP)
LanguageNames=(German=0x407:MSG00407)
LanguageNames=(English=0x409:MSG00409)
LanguageNames=(French=0x40c:MSG0040c)

MessageId=1
Severity=Error
Facility=App
SymbolicName=MSG_ONE
Language=English
Hello, %1: %2!s! of %3!d!, 0x%4!08x!, %5!*.*s! %1!-10.3s!%n%t%b|%r|%. %!%% % \
;no comment
  indented

after an empty line
.
Language=German
H` + "\u00e4" + `llo, %2 f` + "\u00fc" + `r %1!u!%0
.
Language=French
Caf` + "\u00e9" + ` %1!I64d! %1!x! %1!X! %1!c! %1!S! %%1 %%%1
.

MessageId=+4 Severity=Error Facility=App
SymbolicName=MSG_FIVE
Language=English
..
 .
.x
.

MessageId=
Severity=Error
Facility=App
Language=English
six
.
Language=German
sechs
.

MessageId=0x1000
Severity=Success
Facility=System
Language=English
thousand %99
.
;// The last one.
MessageId=0xffff
Severity=Warning
Facility=System
Language=French
dernier
.
`

// TestMessageWindmc: what netelf reads of a source and of the DLL that windmc, windres and
// ld made of it are the same texts.
func TestMessageWindmc(t *testing.T) {
	source := strings.ReplaceAll(mcSource, "\n", "\r\n")
	latin1 := make([]byte, 0, len(source))
	for _, r := range source {
		latin1 = append(latin1, byte(r))
	}
	for _, c := range []struct {
		name   string
		source []byte // as windmc reads it
		args   []string
	}{
		{"ANSI in", latin1, nil},
		{"UTF-16 in", nt.AppendUTF16(nil, source), []string{"-u"}},
		{"ANSI out", latin1, []string{"-A"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dll := filepath.Join(t.TempDir(), "t.dll")
			dir := linkDLL(t, dll, c.source, c.args...)
			ours := c.source
			if len(c.args) > 0 && c.args[0] == "-u" {
				ours = append([]byte{0xff, 0xfe}, ours...)
			}
			parsed, err := message.ParseMC(ours)
			if err != nil {
				t.Fatal(err)
			}
			want, err := parsed.Compile()
			if err != nil {
				t.Fatal(err)
			}
			got, err := openPE(t, dll).Tables()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(texts(t, want), texts(t, got)); diff != "" {
				t.Errorf("-source +DLL\n%s", diff)
			}
			if n := len(texts(t, got)); n != 8 {
				t.Errorf("%d texts, want 8", n)
			}
			// The numbers stand in the header file too.
			header, err := os.ReadFile(filepath.Join(dir, "t.h"))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range parsed.Messages {
				if m.SymbolicName == "" {
					continue
				}
				if line := fmt.Sprintf("#define %s (%s) 0x%x\n", m.SymbolicName, m.Typedef, m.ID); !strings.Contains(string(header), line) {
					t.Errorf("the header has no %q", line)
				}
			}
		})
	}
}

// texts are all texts of tables, by language and id.
func texts(t testing.TB, ts message.Tables) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, tab := range ts {
		for m, err := range tab.All() {
			if err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprintf("%v 0x%08x", m.Lang, m.ID)] = m.String()
		}
	}
	return all
}

// wineDLL is the path of one of Wine's own files.
func wineDLL(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range []string{os.Getenv("NETELF_WINE"), "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); dir != "" && err == nil {
			return path
		}
	}
	logtest.Missing(t, "Wine's DLLs are not there: apt-get install libwine, or apt-get download it, dpkg-deb -x, and set NETELF_WINE to the folder with "+name)
	return ""
}

var wrestoolLine = regexp.MustCompile(`(?m)^--type=11 --name=(\d+) --language=(\d+) `)

// TestMessageTables: every message of every table of the four files of Wine that have
// any is what wrestool and a reader in Python find.
func TestMessageTables(t *testing.T) {
	for _, c := range []struct {
		name                string
		languages, messages int // of Wine 8.0
	}{
		{"kernelbase.dll", 33, 25113}, {"mferror.dll", 32, 3232}, {"wininet.dll", 22, 264}, {"fsutil.exe", 17, 51},
	} {
		t.Run(c.name, func(t *testing.T) {
			languages, messages := compareTables(t, wineDLL(t, c.name))
			if messages == 0 || strings.HasPrefix(wineVersion(t), "8.0") && (messages != c.messages || languages != c.languages) {
				t.Errorf("%d messages in %d languages, want %d in %d", messages, languages, c.messages, c.languages)
			}
		})
	}
}

// TestMessageCorpus: the same for the PE files among the real files. Where the source
// of a file's table lies beside it, x.dll.mc beside x.dll, mc.exe must have made of it
// what Compile makes. clretwrc.dll of PyPI's dotnetcore2 and, with their sources,
// servicemanager.pyd and PyISAPI_loader.dll of its pywin32 for win32 are good ones.
func TestMessageCorpus(t *testing.T) {
	list, err := os.ReadDir(corpus(t, "pe"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if strings.HasSuffix(e.Name(), ".mc") {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			path := corpus(t, "pe/"+e.Name())
			compareTables(t, path)
			source, err := os.ReadFile(path + ".mc")
			if errors.Is(err, fs.ErrNotExist) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := message.ParseMC(source)
			if err != nil {
				t.Fatal(err)
			}
			want, err := parsed.Compile()
			if err != nil {
				t.Fatal(err)
			}
			got, err := openPE(t, path).Tables()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(texts(t, want), texts(t, got)); diff != "" {
				t.Errorf("-source +mc.exe\n%s", diff)
			}
			if len(want) != 1 || len(got) != 1 || !bytes.Equal(want[0].Bytes(), got[0].Bytes()) {
				t.Error("the tables differ in their bytes")
			}
		})
	}
}

// compareTables compares all tables of a file with what wrestool and Python find,
// and says how many there are.
func compareTables(t *testing.T, path string) (languages, messages int) {
	t.Helper()
	wrestool, python := logtest.Program(t, "wrestool", "icoutils"), logtest.Program(t, "python3", "python3")
	list, err := run(wrestool, "-l", "-t", "11", path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{filepath.Join("testdata", "messagetable.py")}
	var langs []message.Lang
	for _, m := range wrestoolLine.FindAllStringSubmatch(list, -1) {
		n, err := strconv.ParseUint(m[2], 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		langs = append(langs, message.Lang(n))
		out := filepath.Join(dir, m[2])
		if _, err := run(wrestool, "-x", "--raw", "-t", "11", "-n", m[1], "-L", m[2], "-o", out, path); err != nil {
			t.Fatal(err)
		}
		args = append(args, out)
	}
	pe := openPE(t, path)
	if diff := cmp.Diff(langs, pe.Languages()); diff != "" {
		t.Errorf("languages (-wrestool +netelf)\n%s", diff)
	}
	out, err := run(python, args...)
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		File  string
		ID    uint32
		Flags uint16
		Text  string
	}
	tables := map[message.Lang]map[uint32]message.Text{}
	var tab *message.Table
	compared := 0
	for in := bufio.NewScanner(strings.NewReader(out)); in.Scan(); {
		var l line
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.File != "" {
			n, err := strconv.ParseUint(filepath.Base(l.File), 10, 16)
			if err != nil {
				t.Fatal(err)
			}
			ts, err := pe.Tables(message.Lang(n))
			if err != nil || len(ts) != 1 {
				t.Fatalf("%d tables, %v", len(ts), err)
			}
			tab = ts[0]
			tables[tab.Lang] = map[uint32]message.Text{}
			for m, err := range tab.All() {
				if err != nil {
					t.Fatal(err)
				}
				tables[tab.Lang][m.ID] = m
			}
			continue
		}
		m, ok := tables[tab.Lang][l.ID]
		again, found := tab.Lookup(l.ID)
		if !ok || !found || m.String() != l.Text || again.String() != l.Text || m.Flags != l.Flags {
			t.Errorf("%v 0x%x: have %q, %v, and by Lookup %q, %v; want %q", tab.Lang, l.ID, m.String(), ok, again.String(), found, l.Text)
		}
		delete(tables[tab.Lang], l.ID)
		compared++
	}
	for lang, rest := range tables {
		if len(rest) > 0 {
			t.Errorf("%v: %d messages that Python does not find", lang, len(rest))
		}
	}
	t.Logf("%d messages in %d languages", compared, len(langs))
	return len(langs), compared
}

// wineVersion is the version of libwine, if Debian's is installed.
func wineVersion(t testing.TB) string {
	t.Helper()
	out, err := run("dpkg-query", "-W", "-f", "${Version}", "libwine")
	if err != nil {
		return "" // the DLLs come from elsewhere
	}
	return out
}

// TestMessageManifest: what a manifest of Microsoft's compiler defines is what a reader in
// Python finds, and every message that it names is there. clretwrc.dll is part of
// .NET: PyPI's dotnetcore2 3.1.23 for win_amd64 has it.
func TestMessageManifest(t *testing.T) {
	path := corpus(t, "pe/clretwrc.dll")
	wrestool, python := logtest.Program(t, "wrestool", "icoutils"), logtest.Program(t, "python3", "python3")
	raw := filepath.Join(t.TempDir(), "manifest")
	if _, err := run(wrestool, "-x", "--raw", "-t", "WEVT_TEMPLATE", "-o", raw, path); err != nil {
		t.Fatal(err)
	}
	out, err := run(python, filepath.Join("testdata", "manifest.py"), raw)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	pe := openPE(t, path)
	ms, err := pe.Manifests()
	if err != nil || len(ms) != 1 {
		t.Fatalf("%d manifests, %v", len(ms), err)
	}
	var got []string
	put := func(v ...any) {
		b := new(bytes.Buffer)
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSuffix(b.String(), "\n"))
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	text := func(what string, id uint32) {
		if id == message.NoMessage {
			return
		}
		if m, ok, err := pe.Message(id, message.English); !ok || err != nil || m.String() == "" {
			t.Errorf("%s: no message 0x%x (%v)", what, id, err)
		}
	}
	entries := func(m *message.Map) (list [][]uint32) {
		for _, e := range m.Entries {
			list = append(list, []uint32{e.Value, e.MessageID})
			text(m.Name, e.MessageID)
		}
		return list
	}
	for _, p := range ms[0].Providers {
		put("provider", p.GUID, p.MessageID, p.Name)
		for _, d := range []struct {
			sig string
			seq func(func(message.Definition, error) bool)
		}{{"LEVL", p.Levels()}, {"TASK", p.Tasks()}, {"OPCO", p.Opcodes()}, {"KEYW", p.Keywords()}, {"CHAN", p.Channels()}} {
			for v, err := range d.seq {
				must(err)
				put(d.sig, v.Value, v.Task, v.MessageID, v.Name, v.GUID)
				text(v.Name, v.MessageID)
			}
		}
		for m, err := range p.Maps() {
			must(err)
			put("MAPS", m.Name, m.Bits, entries(m))
		}
		for e, err := range p.Events() {
			must(err)
			text(fmt.Sprintf("event %d version %d", e.ID, e.Version), e.MessageID)
			tmpl, err := p.Template(&e)
			must(err)
			var shown any
			if tmpl != nil {
				items := [][]any{}
				for _, item := range tmpl.Items {
					name := ""
					if item.Map != 0 {
						m, err := p.Map(item.Map)
						must(err)
						name = m.Name
					}
					items = append(items, []any{item.Name, item.In, item.Out, name})
				}
				shown = []any{tmpl.GUID, items}
			}
			put("EVNT", e.ID, e.Version, e.Channel, e.Level, e.Opcode, e.Task, e.Keywords, e.MessageID, shown)
		}
	}
	// Python goes through the elements in the order of the file.
	compact := func(list []string) {
		for i, s := range list {
			b := new(bytes.Buffer)
			must(json.Compact(b, []byte(s)))
			list[i] = b.String()
		}
		slices.Sort(list)
	}
	compact(want)
	compact(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-Python +netelf\n%s", diff)
	}
	t.Logf("%d definitions", len(got))
}

// startWine makes a folder for Wine in which a program of Go runs, and gives what
// runs one. Wine 8.0 has no bcryptprimitives.dll, which Go asks for random numbers: a
// DLL that only forwards to what Wine has does it.
func startWine(t testing.TB) func(stdin, exe string) (string, error) {
	t.Helper()
	wine := "/usr/lib/wine/wine64"
	if _, err := os.Stat(wine); errors.Is(err, fs.ErrNotExist) {
		logtest.Missing(t, "Wine is not installed: apt-get install --no-install-recommends wine64")
	}
	const pkg = "binutils-mingw-w64-x86-64"
	as, ld := logtest.Program(t, "x86_64-w64-mingw32-as", pkg), logtest.Program(t, "x86_64-w64-mingw32-ld", pkg)
	dir, err := os.MkdirTemp("", "netelf-wine")
	if err != nil {
		t.Fatal(err)
	}
	prefix := "prefix" // in dir
	env := func() []string {
		return append(os.Environ(), "WINEPREFIX="+filepath.Join(dir, prefix), "WINEDEBUG=-all", "DISPLAY=")
	}
	stop := func() {
		cmd := exec.Command("/usr/lib/wine/wineserver64", "-k", "-w")
		cmd.Env = env()
		_ = cmd.Run() // there may be none any more
	}
	t.Cleanup(func() {
		stop()
		_ = os.RemoveAll(dir) // what is left is in the temporary folder
	})
	runIn := func(stdin, program string, args ...string) (string, error) {
		cmd := exec.Command(program, args...)
		cmd.Env, cmd.Dir, cmd.Stdin = env(), dir, strings.NewReader(stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return string(out), fmt.Errorf("%s: %w: %s", filepath.Base(program), err, stderr.String())
		}
		return string(out), nil
	}
	// Wine's making of its folder now and then leaves programs of Windows out, then
	// says that they can't be started. That is not what is tested: a second folder is
	// made, and a third.
	for try := 1; ; try++ {
		out, err := runIn("", wine, "wineboot.exe", "--init")
		if err == nil {
			break
		}
		if try == 3 {
			t.Fatal(out, err)
		}
		t.Log("Wine did not start, once more: ", out, err)
		stop()
		prefix = fmt.Sprintf("prefix%d", try+1)
	}
	for name, text := range map[string]string{"e.s": "\n", "b.def": "LIBRARY bcryptprimitives.dll\nEXPORTS\n  ProcessPrng = advapi32.SystemFunction036\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := runIn("", as, "-o", "e.o", "e.s"); err != nil {
		t.Fatal(out, err)
	}
	dll := filepath.Join(prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")
	if out, err := runIn("", ld, "-shared", "-e", "0", "-o", dll, "e.o", "b.def"); err != nil {
		t.Fatal(out, err)
	}
	return func(stdin, exe string) (string, error) { return runIn(stdin, wine, exe) }
}

// TestMessageFormat: Insert gives what Wine's FormatMessageW gives, where that gives
// anything.
func TestMessageFormat(t *testing.T) {
	exec1 := startWine(t)
	exe := filepath.Join(t.TempDir(), "formatmessage.exe")
	build := exec.Command("go", "build", "-o", exe, "./testdata/formatmessage")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	calls := append(formatCalls(), tableCalls(t)...)
	var in strings.Builder
	for _, c := range calls {
		in.WriteString(strconv.Quote(c.text))
		for _, a := range c.args {
			in.WriteByte('\t')
			switch a := a.(type) {
			case string:
				in.WriteString(strconv.Quote(a))
			case int64:
				in.WriteString(strconv.FormatInt(a, 10))
			}
		}
		in.WriteByte('\n')
	}
	out, err := exec1(in.String(), exe)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(out, "\r\n", "\n"), "\n"), "\n")
	if len(lines) != len(calls) {
		t.Fatalf("%d results of %d calls", len(lines), len(calls))
	}
	compared := 0
	for i, c := range calls {
		want, err := strconv.Unquote(lines[i])
		if lines[i] == "error 235" { // ERROR_NO_WORK_DONE: the result is empty
			want, err = "", nil
		}
		if err != nil {
			t.Errorf("%q %v: %s", c.text, c.args, lines[i])
			continue
		}
		var args []string
		for _, a := range c.args {
			args = append(args, fmt.Sprint(a))
		}
		if got := string(message.Insert(nil, c.text, args, &message.Options{CRLF: true})); got != want {
			t.Errorf("%q %v:\nhave %q\nwant %q", c.text, c.args, got, want)
		}
		compared++
	}
	t.Logf("%d calls compared", compared)
}

type formatCall struct {
	text string
	args []any
}

// tableCalls are calls with the texts of a real table, in five languages.
func tableCalls(t testing.TB) (calls []formatCall) {
	ts, err := openPE(t, wineDLL(t, "kernelbase.dll")).Tables(message.English, 0x07, 0x0c, 0x11, 0x19)
	if err != nil || len(ts) != 5 {
		t.Fatalf("%d tables, %v", len(ts), err)
	}
	args := make([]any, 99)
	for i := range args {
		args[i] = fmt.Sprintf("<%d>", i+1)
	}
	for _, tab := range ts {
		for m, err := range tab.All() {
			if err != nil {
				t.Fatal(err)
			}
			if text := m.String(); !anyForm.MatchString(strings.ReplaceAll(text, "%%", "")) {
				calls = append(calls, formatCall{text, args})
			}
		}
	}
	return calls
}

// anyForm is the beginning of a form.
var anyForm = regexp.MustCompile(`%[1-9][0-9]?!`)

// formatCalls are calls with every form and escape, but for two that Wine has
// otherwise than Microsoft documents them: %b is a space, and the flag 0 means
// nothing in a number with a precision.
func formatCalls() (calls []formatCall) {
	for _, s := range []string{"", "a", "hello", "\u00e4\u20ac\u4e2d"} {
		for _, form := range []string{"", "!s!", "!ls!", "!ws!", "!5s!", "!-5s!", "!05s!", "!.2s!", "!8.2s!", "!-8.2s!", "!08.3s!", "!.0s!"} {
			calls = append(calls, formatCall{"[%1" + form + "]", []any{s}})
		}
		calls = append(calls,
			formatCall{"[%1!*s!]", []any{int64(7), s}}, formatCall{"[%1!-*s!]", []any{int64(7), s}},
			formatCall{"[%1!.*s!]", []any{int64(3), s}}, formatCall{"[%1!*.*s!] %4", []any{int64(9), int64(2), s, "d"}},
			formatCall{"[%2!*.*s!] %1", []any{"x", int64(9), int64(2), s}})
	}
	for _, flags := range []string{"", "-", "0", "+", " ", "#", "-#", "0+", "0#", "-+"} {
		for _, width := range []string{"", "9"} {
			for _, prec := range []string{"", ".0", ".5"} {
				if prec != "" && strings.Contains(flags, "0") {
					continue
				}
				for _, size := range []struct {
					text string
					bits int
				}{{"", 32}, {"h", 16}, {"l", 32}, {"I32", 32}, {"I64", 64}, {"ll", 64}} {
					if size.text != "" && (width != "" || prec != "") {
						continue
					}
					for _, verb := range "diuxXo" {
						for _, v := range []int64{0, 1, -1, 7, 255, -4096, 32767, -32768, 70000, 2147483647, -2147483648, 1 << 40, -1 << 40} {
							if lim := int64(1) << (size.bits - 1); size.bits < 64 && (v >= lim || v < -lim) {
								continue // what does not fit is text to Insert
							}
							calls = append(calls, formatCall{fmt.Sprintf("<%%1!%s%s%s%s%c!>", flags, width, prec, size.text, verb), []any{v}})
						}
					}
				}
			}
		}
	}
	calls = append(calls,
		formatCall{"%1!*.*u!,%1!*.*u!", []any{int64(6), int64(4), int64(2), int64(5), int64(3), int64(1)}},
		formatCall{"%1!*.*u!,%4!*.*u!", []any{int64(6), int64(4), int64(2), int64(5), int64(3), int64(1)}},
		formatCall{"%1!c!%2!c!%3!lc!", []any{int64(65), int64(98), int64(0x20ac)}},
		formatCall{"%1!p!", []any{int64(0xbeef)}})
	pieces := []string{
		"%n", "%r", "%t", "%%", "%.", "%!", "% ", "%\\", "%q", "%-", "%0", "%1", "%2", "%2!6s!", "%3!x!", "%10", "\r\n", "\n", "\r", "a", "b c", " ", "!", "\u00e9", "\U0001f600", "1", "0",
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var b strings.Builder
		for range 1 + rnd.IntN(12) {
			b.WriteString(pieces[rnd.IntN(len(pieces))])
		}
		text := b.String()
		if anyForm.MatchString(strings.NewReplacer("%%", "", "%2!6s!", "", "%3!x!", "").Replace(text)) {
			continue // FormatMessage takes any exclamation mark for a form's
		}
		calls = append(calls, formatCall{text, []any{"one", "two", int64(0x1f), "4", "5", "6", "7", "8", "9", "ten", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21"}})
	}
	return calls
}
