package service

import (
	"errors"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/nt"
)

func TestCheckLogName(t *testing.T) {
	for _, name := range []string{
		"System", "Security", "Application", "a", "Directory Service", "Microsoft-Windows-Winlogon/Operational",
		"a/b/c", "CON", "nul.txt", "100%", "ätna", "日本語", "𝄞", "a.b", "..a"[2:], "it's", "~", "-x", "[a](b){c}",
		strings.Repeat("x", 231), strings.Repeat("日", 25),
	} {
		if err := checkLogName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, tt := range []struct{ name, want string }{
		{"", `log name "" is empty: invalid argument`},
		{"a\\b", `log name "a\\b" has the character "\\": invalid argument`},
		{`a"`, `log name "a\"" has the character "\"": invalid argument`},
		{"a<", `log name "a<" has the character "<": invalid argument`},
		{"a>", `log name "a>" has the character ">": invalid argument`},
		{"a|", `log name "a|" has the character "|": invalid argument`},
		{"a*", `log name "a*" has the character "*": invalid argument`},
		{"a?", `log name "a?" has the character "?": invalid argument`},
		{"a:b", `log name "a:b" has the character ":": invalid argument`},
		{"a\x00b", `log name "a\x00b" has the control character U+0000: invalid argument`},
		{"a\nb", `log name "a\nb" has the control character U+000A: invalid argument`},
		{"a\x7f", `log name "a\x7f" has the control character U+007F: invalid argument`},
		{"a\u0085", `log name "a\u0085" has the control character U+0085: invalid argument`},
		{"a\xff", `log name "a\xff" is not valid UTF-8: invalid argument`},
		{"\xed\xa0\x80", `log name "\xed\xa0\x80" is not valid UTF-8: invalid argument`},
		{" a", `log name " a" begins with a dot or space: invalid argument`},
		{"\u00a0a", `log name "\u00a0a" begins with a dot or space: invalid argument`},
		{"a ", `log name "a " ends with a dot or space: invalid argument`},
		{".a", `log name ".a" begins with a dot or space: invalid argument`},
		{"a.", `log name "a." ends with a dot or space: invalid argument`},
		{".", `log name "." begins with a dot or space: invalid argument`},
		{"..", `log name ".." begins with a dot or space: invalid argument`},
		{"/", `log name "/" has nothing before, between or behind slashes: invalid argument`},
		{"/a", `log name "/a" has nothing before, between or behind slashes: invalid argument`},
		{"a/", `log name "a/" has nothing before, between or behind slashes: invalid argument`},
		{"a//b", `log name "a//b" has nothing before, between or behind slashes: invalid argument`},
		{"a/../b", `log name "a/../b" has the part "..": invalid argument`},
		{"a/./b", `log name "a/./b" has the part ".": invalid argument`},
		{strings.Repeat("x", 256), `log name "` + strings.Repeat("x", 64) + `"…: 256 characters, at most 255: over a limit`},
		{strings.Repeat("𝄞", 128), `log name "` + strings.Repeat("𝄞", 16) + `"…: 256 characters, at most 255: over a limit`},
		{strings.Repeat("x", 232), `log name "` + strings.Repeat("x", 64) + `"…: its file name has 236 bytes, at most 235: over a limit`},
		{strings.Repeat("日", 26), `log name "` + strings.Repeat("日", 21) + `"…: its file name has 238 bytes, at most 235: over a limit`},
	} {
		err := checkLogName(tt.name)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%.20q:\n got %v\nwant %s", tt.name, err, tt.want)
		}
		if !errors.Is(err, eventlog.ErrInvalid) && !errors.Is(err, eventlog.ErrTooLarge) {
			t.Errorf("%.20q: %v", tt.name, err)
		}
	}
}

func TestFileName(t *testing.T) {
	for _, tt := range []struct{ log, file string }{
		{"System", "System.evt"},
		{"Directory Service", "Directory Service.evt"},
		{"Microsoft-Windows-Winlogon/Operational", "Microsoft-Windows-Winlogon%4Operational.evt"},
		{"a/1", "a%41.evt"},
		{"100%", "100%25.evt"},
		{"%41", "%2541.evt"},
		{"x.evt", "x.evt.evt"},
		{"é", "%C3%A9.evt"},
		{"e\u0301", "e%CC%81.evt"},
		{"CON", "%_CON.evt"},
		{"con.log", "%_con.log.evt"},
		{"Nul .x", "%_Nul .x.evt"},
		{"COM1", "%_COM1.evt"},
		{"lpt0", "%_lpt0.evt"},
		{"CONIN$", "%_CONIN$.evt"},
		{"COM10", "COM10.evt"},
		{"console", "console.evt"},
		{"con/1", "con%41.evt"},
	} {
		if got := fileName(tt.log); got != tt.file {
			t.Errorf("fileName(%q) = %q, want %q", tt.log, got, tt.file)
		}
		if got, ok := logNameOf(tt.file); got != tt.log || !ok {
			t.Errorf("logNameOf(%q) = %q, %v, want %q", tt.file, got, ok, tt.log)
		}
	}
	for _, file := range []string{
		"", ".evt", "System", "System.EVT", "System.evt.journal", "catalog.json", ".hidden.evt", "a%.evt", "a%2.evt", "a%2x.evt",
		"a%c3%a9.evt", "a%61.evt", "%43ON.evt", "CON.evt", "%_System.evt", "%_%_CON.evt", "a%C3.evt", "a%2F.evt", "a%5Cb.evt", "%4.evt", "a%4%4b.evt",
		"a%00.evt", "a .evt", "a%4..%4b.evt", "a/b.evt", "é.evt", strings.Repeat("x", 232) + ".evt",
	} {
		if got, ok := logNameOf(file); ok {
			t.Errorf("logNameOf(%q) = %q", file, got)
		}
	}
}

func TestBackupName(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"security", "security.evt"},
		{"security.evt", "security.evt"},
		{"security.bak", "security.bak"},
		{"2001-02-03 security", "2001-02-03 security.evt"},
		{"sécurité", "sécurité.evt"},
		{"a..b", "a..b"},
		{strings.Repeat("x", 231), strings.Repeat("x", 231) + ".evt"},
	} {
		if got, err := backupName(tt.name); got != tt.want || err != nil {
			t.Errorf("backupName(%q) = %q, %v", tt.name, got, err)
		}
	}
	const bare = " is not a bare file name: backups lie in the backup directory of the server"
	for _, tt := range []struct{ name, want string }{
		{"", `backup name "" is empty`},
		{"/tmp/x", `backup name "/tmp/x"` + bare},
		{"../x", `backup name "../x"` + bare},
		{`..\x`, `backup name "..\\x"` + bare},
		{`C:\x.evt`, `backup name "C:\\x.evt"` + bare},
		{`\??\C:\x.evt`, `backup name "\\??\\C:\\x.evt"` + bare},
		{`C:x`, `backup name "C:x"` + bare},
		{"x.evt:stream", `backup name "x.evt:stream"` + bare},
		{"..", `backup name ".." begins with a dot or space`},
		{".", `backup name "." begins with a dot or space`},
		{".x.evt", `backup name ".x.evt" begins with a dot or space`},
		{" x", `backup name " x" begins with a dot or space`},
		{"x.", `backup name "x." ends with a dot or space`},
		{"x ", `backup name "x " ends with a dot or space`},
		{"x\x00.evt", `backup name "x\x00.evt" has the control character U+0000`},
		{"x\n", `backup name "x\n" has the control character U+000A`},
		{"x\xff", `backup name "x\xff" is not valid UTF-8`},
		{"x?", `backup name "x?" has the character "?"`},
		{"*", `backup name "*" has the character "*"`},
		{"nul", `backup name "nul" is a device's name on Windows`},
		{"Com1.evt", `backup name "Com1.evt" is a device's name on Windows`},
		{"COM¹.evt", `backup name "COM¹.evt" is a device's name on Windows`},
		{strings.Repeat("x", 232), `backup name "` + strings.Repeat("x", 64) + `"… has 236 bytes, at most 235`},
	} {
		got, err := backupName(tt.name)
		if err == nil || err.Error() != tt.want+": invalid backup name" {
			t.Errorf("%.20q:\n got %v\nwant %s", tt.name, err, tt.want)
		}
		if got != "" || !errors.Is(err, eventlog.ErrBackupName) {
			t.Errorf("%.20q: %q, %v", tt.name, got, err)
		}
	}
}

// FuzzFileName: names go to file names and back, no two to one, and file names
// that differ in case only are of one log.
func FuzzFileName(f *testing.F) {
	for _, s := range []string{"System", "a/b", "a%4b", "CON", "con.x", "é", "É", "K", "\u212a", "%_CON", "a/1", "x.evt"} {
		f.Add(s, strings.ToUpper(s))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if log, ok := logNameOf(a); ok && fileName(log) != a {
			t.Fatalf("%q is the file of %q, which has %q", a, log, fileName(log))
		}
		if checkLogName(a) != nil {
			return
		}
		file := fileName(a)
		if got, ok := logNameOf(file); got != a || !ok {
			t.Fatalf("%q → %q → %q, %v", a, file, got, ok)
		}
		if len(file) > maxFileName || strings.ContainsAny(file, `/\"<>|*?:`) || file[0] == '.' || nt.IsDevice(file) {
			t.Fatalf("%q → %q", a, file)
		}
		for i := range len(file) {
			if file[i] < ' ' || file[i] > '~' {
				t.Fatalf("%q → %q", a, file)
			}
		}
		if checkLogName(b) != nil {
			return
		}
		other := fileName(b)
		if file == other && a != b {
			t.Fatalf("%q and %q both → %q", a, b, file)
		}
		if strings.EqualFold(file, other) && !eventlog.EqualFold(a, b) {
			t.Fatalf("%q → %q and %q → %q", a, file, b, other)
		}
	})
}

// FuzzBackupName: what is accepted is a plain file of the directory.
func FuzzBackupName(f *testing.F) {
	for _, s := range []string{"a", "a.evt", "../a", `\??\C:\a`, ".a", "nul", "a.", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := backupName(s)
		if err != nil {
			return
		}
		if name == "" || len(name) > maxFileName || strings.ContainsAny(name, "/\\:\x00") || name[0] == '.' || !strings.Contains(name, ".") || !strings.HasPrefix(name, s) {
			t.Fatalf("%q → %q", s, name)
		}
		if again, err := backupName(name); again != name || err != nil {
			t.Fatalf("%q → %q → %q, %v", s, name, again, err)
		}
	})
}

func TestQuoted(t *testing.T) {
	for _, tt := range []struct{ s, want string }{
		{"a\x1b[2J", `"a\x1b[2J"`},
		{strings.Repeat("a", 65), `"` + strings.Repeat("a", 64) + `"…`},
		{strings.Repeat("a", 63) + "日", `"` + strings.Repeat("a", 63) + `"…`},
		{strings.Repeat("\x80", 100), `"` + strings.Repeat(`\x80`, 60) + `"…`},
	} {
		if got := quote.Short(tt.s); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.s, got, tt.want)
		}
	}
}
