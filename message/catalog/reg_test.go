package catalog

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// regText is an export as regedit writes it, with what is odd in it.
const regText = `Windows Registry Editor Version 5.00

; a comment
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\EventLog\System]
"MaxSize"=dword:01400000
"Sources"=hex(7):61,00,\
  00,00,00,00

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Eventlog\System\Service Control Manager]
"providerGuid"="{555908d1-a6d7-4695-8e1e-26931d2012f4}"
"EventMessageFile"=hex(2):25,00,53,00,79,00,73,00,74,00,65,00,6d,00,52,00,6f,\
  00,6f,00,74,00,25,00,5c,00,61,00,2e,00,64,00,6c,00,6c,00,3b,00,62,00,2e,00,\
  64,00,6c,00,6c,00,00,00
"ParameterMessageFile"="C:\\Windows\\System32\\kernel32.dll"
"TypesSupported"=dword:00000007
"CategoryCount"=hex(4):05,00,00,00
"CategoryMessageFile"="cat.dll" ; behind it
"Other \"name\""="x\
y"
"Gone"=-

[HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Services\EventLog\System\Service Control Manager]
"EventMessageFile"="worse.dll"
[HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Services\EventLog\Application\Only There]
"EventMessageFile"="two.dll"
[HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\EventLog\Application\Only There]
"EventMessageFile"="one.dll"

[-HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\EventLog\System\Removed]
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\EventLog\System\Empty]
[HKEY_LOCAL_MACHINE\SOFTWARE\Other]
@="a value
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\EventLog\System\Not A Key]
of three lines"
"x"=hex:zz

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Publishers\{01020304-0506-0708-090a-0b0c0d0e0f10}]
@="Test-Publisher"
"ResourceFileName"="%SystemRoot%\\res.dll"
"MessageFileName"="%SystemRoot%\\msg.dll"
`

func regWant(t testing.TB) []Source {
	scm, err := nt.ParseGUID("{555908d1-a6d7-4695-8e1e-26931d2012f4}")
	must(t, err)
	pub, err := nt.ParseGUID("{01020304-0506-0708-090a-0b0c0d0e0f10}")
	must(t, err)
	return []Source{
		{Source: eventlog.Source{Name: "Test-Publisher", MessageFiles: []string{`%SystemRoot%\msg.dll`, `%SystemRoot%\res.dll`}}, GUID: pub},
		{Source: eventlog.Source{Log: "Application", Name: "Only There", MessageFiles: []string{"one.dll"}}},
		{Source: eventlog.Source{
			Log: "System", Name: "Service Control Manager", MessageFiles: []string{`%SystemRoot%\a.dll`, "b.dll"}, CategoryFile: "cat.dll",
			ParameterFile: `C:\Windows\System32\kernel32.dll`, CategoryCount: 5, Types: 7,
		}, GUID: scm},
	}
}

func utf16File(s string) string {
	return "\xff\xfe" + string(nt.AppendUTF16(nil, strings.ReplaceAll(s, "\n", "\r\n")))
}

// swapped has the bytes of each unit of UTF-16 the other way round.
func swapped(s string) string {
	b := []byte(s)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

func TestParseReg(t *testing.T) {
	for _, x := range []struct{ name, text string }{
		{"UTF-8", regText}, {"with a mark", "\ufeff" + regText}, {"UTF-16", utf16File(regText)},
		{"UTF-16, most significant byte first", swapped(utf16File(regText))},
	} {
		got, err := ParseReg(strings.NewReader(x.text))
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
		}
		if diff := cmp.Diff(regWant(t), got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", x.name, diff)
		}
	}
	got, err := ParseReg(strings.NewReader("REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\M\xfcller]\r\n" +
		"\"EventMessageFile\"=hex(2):43,3a,5c,4d,fc,6c,\\\r\n  6c,65,72,2e,64,6c,6c,00\r\n"))
	want := []Source{{Source: eventlog.Source{Log: "Application", Name: "Müller", MessageFiles: []string{`C:\Müller.dll`}}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("REGEDIT4: %v (-want +got)\n%s", err, diff)
	}
}

func TestParseRegErrors(t *testing.T) {
	const key = "Windows Registry Editor Version 5.00\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\"
	rest := "\n" + key[37:] + "Good]\n\"EventMessageFile\"=\"good.dll\"\n"
	for _, x := range []struct{ text, want string }{
		{"S]\n\"EventMessageFile\"=hex(2):zz,00", `line 3: value "EventMessageFile": "zz" is no byte in hexadecimal`},
		{"S]\n\"EventMessageFile\"=hex(2):41", `line 3: value "EventMessageFile": 1 bytes of UTF-16`},
		{"S]\n\"EventMessageFile\"=dword:00000001", `line 3: value "EventMessageFile": not a text`},
		{"S]\n\"TypesSupported\"=\"7\"", `line 3: value "TypesSupported": not a number`},
		{"S]\n\"TypesSupported\"=dword:100000000", `line 3: value "TypesSupported": dword "100000000": not a number of 32 bits`},
		{"S]\n\"TypesSupported\"=hex(4):01", `line 3: value "TypesSupported": 1 bytes, want 4`},
		{"S]\n\"TypesSupported\"=what", `line 3: value "TypesSupported": "what" is no data`},
		{"S]\n\"TypesSupported\"=what:1", `line 3: value "TypesSupported": "what" is no kind of data`},
		{"S]\n\"TypesSupported\" 7", `line 3: value "TypesSupported": no = behind its name`},
		{"S]\nTypes=7", `line 3: "Types=7" is no key, value or comment`},
		{"S]\n\"EventMessageFile\"=\"a.dll\" b", `line 3: value "EventMessageFile": "b" behind its end`},
		{"S]\n\"EventMessageFile\"=\"C:\\\\\"", `line 3: value "EventMessageFile": path "C:\\": no path of a file`},
		{"S]\n\"EventMessageFile\"=\"" + strings.Repeat("a;", 65) + "\"", `line 3: value "EventMessageFile": 65 files, and 64 is the limit: over a limit`},
		{"S]\n\"providerGuid\"=\"x\"", `line 3: value "providerGuid": guid "x": 1 characters, want 36 or 38 with braces`},
		{"S", "line 2: key \"[HKEY_LOCAL_MACHINE\\\\SYSTEM\\\\CurrentControlSet\\\\Services\\\\EventLog\\\\Application\\\\S\": no ] at its end, or more than 4096 bytes"},
		{strings.Repeat("x", MaxName+1) + "]", `line 2: source "` + strings.Repeat("x", 100) + `…": name: 1025 bytes, and 1024 is the limit: over a limit`},
	} {
		list, err := ParseReg(strings.NewReader(key + x.text + rest))
		var lines RegErrors
		if !errors.As(err, &lines) || err.Error() != x.want {
			t.Errorf("%.80q: have %v\nwant %s", x.text, err, x.want)
		}
		if len(list) != 1 || list[0].Name != "Good" {
			t.Errorf("%.80q: the rest is %+v", x.text, list)
		}
	}
	_, err := ParseReg(strings.NewReader(key + "S]\n\"a\"=x\n\"b\"=x\n\"EventMessageFile\"=\"open"))
	if want := `line 3: value "a": "x" is no data (and 2 more)`; err == nil || err.Error() != want {
		t.Errorf("have %v, want %s", err, want)
	}
	for _, x := range []struct{ text, want string }{
		{"", `registry export: line 0: have "", want "Windows Registry Editor Version 5.00" or "REGEDIT4"`},
		{"\n\nhello\n", `registry export: line 3: have "hello", want "Windows Registry Editor Version 5.00" or "REGEDIT4"`},
	} {
		if _, err := ParseReg(strings.NewReader(x.text)); err == nil || err.Error() != x.want {
			t.Errorf("have %v\nwant %s", err, x.want)
		}
	}
}

// FuzzReg: whatever is read, every source is one that a catalogue takes.
func FuzzReg(f *testing.F) {
	f.Add([]byte(regText))
	f.Add([]byte(utf16File(regText)))
	f.Add([]byte("REGEDIT4\n[x\\Services\\EventLog\\A\\B]\n\"EventMessageFile\"=hex(2):41,\\\n00\n"))
	f.Add([]byte("REGEDIT4\n[x\\Services\\EventLog\\A\\B]\n\"EventMessageFile\"=\"a\\"))
	f.Add([]byte("REGEDIT4\n[x\\WINEVT\\Publishers\\{01020304-0506-0708-090a-0b0c0d0e0f10}]\n@=\"A\"\n[x\\WINEVT\\Publishers\\{01020304-0506-0708-090a-0b0c0d0e0f11}]\n@=\"a\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseReg(strings.NewReader(string(b)))
		var lines RegErrors
		if errors.As(err, &lines) {
			for i, e := range lines {
				if e.Line < 1 || i > 0 && e.Line < lines[i-1].Line {
					t.Errorf("line %d behind %v", e.Line, lines[max(i-1, 0)])
				}
			}
		} else if err != nil && list != nil {
			t.Errorf("%d sources, and %v", len(list), err)
		}
		seen := map[regKey]bool{}
		for _, s := range list {
			if err := s.check(); err != nil {
				t.Error(err)
			}
			k := regKey{eventlog.Fold(s.Log), eventlog.Fold(s.Name)}
			if seen[k] {
				t.Errorf("%v comes twice", k)
			}
			seen[k] = true
		}
	})
}
