package service

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

func TestSource(t *testing.T) {
	c := mustLoad(t, newMemDir(""))
	for _, l := range []string{"Mail", "Web"} {
		if err := c.addLog(logEntry{Name: l}); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []Source{
		{Name: "Postfix", Log: "MAIL", MessageFiles: []string{"postfix.dll"}},
		{Name: "Disk", Log: "System"},
		{Name: "Mail", Log: "Mail", CategoryFile: "mail.dll", CategoryCount: 2},
		{Name: "Sub/Part:1", Log: "Application"},
	} {
		if err := c.addSource(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		want Source
		ok   bool
	}{
		{"postFIX", Source{Name: "Postfix", Log: "Mail", MessageFiles: []string{"postfix.dll"}}, true},
		{"Disk", Source{Name: "Disk", Log: "System"}, true},
		{"mail", Source{Name: "Mail", Log: "Mail", CategoryFile: "mail.dll", CategoryCount: 2}, true},
		{"web", Source{Name: "Web", Log: "Web"}, true},
		{"SYSTEM", Source{Name: "System", Log: "System"}, true},
		{"eventlog", ownSources[0], true},
		{"security", ownSources[1], true},
		{"NoSuch", Source{Name: "NoSuch", Log: "Application"}, false},
		{"", Source{Log: "Application"}, false},
	} {
		got, ok := c.source(tt.name)
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.ok {
			t.Errorf("%q: %v -want +got\n%s", tt.name, ok, diff)
		}
	}

	var names []string
	for _, s := range c.sources() {
		names = append(names, s.Name+" in "+s.Log)
	}
	want := []string{"Disk in System", "EventLog in System", "Mail in Mail", "Postfix in Mail", "Security in Security", "Sub/Part:1 in Application"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}

	// What is given out is the caller's, and what was given is not kept.
	s, _ := c.source("Postfix")
	s.MessageFiles[0] = "changed"
	c.sources()[3].MessageFiles[0] = "changed"
	if s, _ := c.source("Postfix"); s.MessageFiles[0] != "postfix.dll" {
		t.Error(s)
	}

	for _, tt := range []struct {
		name string
		do   func() error
		is   error
		want string
	}{
		{"twice", func() error { return c.addSource(Source{Name: "POSTFIX", Log: "Mail"}) }, fs.ErrExist, "there is a source Postfix of log Mail already"},
		{"in another log", func() error { return c.addSource(Source{Name: "postfix", Log: "Web"}) }, fs.ErrExist, "there is a source Postfix of log Mail already"},
		{"name of another log", func() error { return c.setSource(Source{Name: "web", Log: "Mail"}) }, fs.ErrExist, "source web: it is the name of a log, and so a source of that"},
		{"no such log", func() error { return c.addSource(Source{Name: "x", Log: "y"}) }, fs.ErrNotExist, `source x: there is no log "y"`},
		{"no log", func() error { return c.addSource(Source{Name: "x"}) }, fs.ErrNotExist, `source x: there is no log ""`},
		{"into Security", func() error { return c.addSource(Source{Name: "x", Log: "security"}) }, fs.ErrPermission, "source x: only the service reports to Security: permission denied"},
		{"moved into Security", func() error { return c.setSource(Source{Name: "Postfix", Log: "Security"}) }, fs.ErrPermission, "source Postfix: only the service reports to Security: permission denied"},
		{"Security itself", func() error { return c.setSource(Source{Name: "SECURITY", Log: "Security"}) }, fs.ErrPermission, "source Security is the service's own: permission denied"},
		{"Security elsewhere", func() error { return c.setSource(Source{Name: "security", Log: "Application"}) }, fs.ErrPermission, "source Security is the service's own: permission denied"},
		{"EventLog", func() error { return c.setSource(Source{Name: "eventlog", Log: "Application"}) }, fs.ErrPermission, "source EventLog is the service's own: permission denied"},
		{"remove EventLog", func() error { return c.removeSource("EVENTLOG") }, fs.ErrPermission, "source EventLog is the service's own: permission denied"},
		{"remove none", func() error { return c.removeSource("x\x1b") }, fs.ErrNotExist, `there is no source "x\x1b"`},
		{"remove a log's name", func() error { return c.removeSource("Web") }, fs.ErrNotExist, `there is no source "Web"`},
	} {
		if err := tt.do(); err == nil || err.Error() != tt.want || !errors.Is(err, tt.is) {
			t.Errorf("%s:\n got %v\nwant %s", tt.name, err, tt.want)
		}
	}

	if err := c.setSource(Source{Name: "POSTFIX", Log: "Web", Types: 7}); err != nil {
		t.Fatal(err)
	}
	if s, _ := c.source("postfix"); s.Log != "Web" || s.Name != "POSTFIX" || s.Types != 7 || s.MessageFiles != nil {
		t.Errorf("%+v", s)
	}
	if err := c.removeSource("postfix"); err != nil {
		t.Fatal(err)
	}
	if s, ok := c.source("postfix"); ok || s.Log != "Application" {
		t.Errorf("%+v, %v", s, ok)
	}
	if err := c.removeSource("mail"); err != nil {
		t.Fatal(err)
	}
	if s, ok := c.source("mail"); !ok || s.Log != "Mail" || s.CategoryCount != 0 {
		t.Errorf("a log's name is no source of it any more: %+v, %v", s, ok)
	}
}

func TestCheckSource(t *testing.T) {
	for _, s := range []Source{
		{Name: strings.Repeat("x", maxSourceName), Log: "Application"},
		{Name: strings.Repeat("𝄞", maxSourceName/2), Log: "Application"},
		{Name: "a", MessageFiles: []string{`\\srv\share\a.dll`, "/usr/share/a.mc", `%SystemRoot%\a.dll`, "./a", "../a", ".a", `C:\a b.dll`}},
		{Name: "a", CategoryCount: maxCategories, Types: supportedTypes},
	} {
		if err := checkSource(&s); err != nil {
			t.Error(err)
		}
	}
	many := make([]string, maxMessageFiles+1)
	long := strings.Repeat("x", maxFilePath+1)
	head := `"` + long[:64] + `"…`
	for _, tt := range []struct {
		s    Source
		is   error
		want string
	}{
		{Source{}, eventlog.ErrInvalid, `source name "" is empty`},
		{Source{Name: `a\b`}, eventlog.ErrInvalid, `source name "a\\b" has the character "\\"`},
		{Source{Name: "a\x00"}, eventlog.ErrInvalid, `source name "a\x00" has the control character U+0000`},
		{Source{Name: "a\xff"}, eventlog.ErrInvalid, `source name "a\xff" is not valid UTF-8`},
		{Source{Name: " a"}, eventlog.ErrInvalid, `source name " a" begins with a dot or space`},
		{Source{Name: "a "}, eventlog.ErrInvalid, `source name "a " ends with a dot or space`},
		{Source{Name: long[:256]}, eventlog.ErrTooLarge, "source name " + head + ": 256 characters, at most 255"},
		{Source{Name: "a", MessageFiles: many}, eventlog.ErrTooLarge, "source a: 33 message files, at most 32"},
		{Source{Name: "a", MessageFiles: []string{"x", ""}}, eventlog.ErrInvalid, `source a: message file "" is empty`},
		{Source{Name: "a", MessageFiles: []string{"x;y"}}, eventlog.ErrInvalid, `source a: message file "x;y" has the character ";"`},
		{Source{Name: "a", MessageFiles: []string{"x\n"}}, eventlog.ErrInvalid, `source a: message file "x\n" has the control character U+000A`},
		{Source{Name: "a", MessageFiles: []string{".."}}, eventlog.ErrInvalid, `source a: message file ".." begins with a dot or space`},
		{Source{Name: "a", MessageFiles: []string{long}}, eventlog.ErrTooLarge, "source a: message file " + head + ": 1025 characters, at most 1024"},
		{Source{Name: "a", CategoryFile: "x\xff"}, eventlog.ErrInvalid, `source a: category file "x\xff" is not valid UTF-8`},
		{Source{Name: "a", ParameterFile: "x "}, eventlog.ErrInvalid, `source a: parameter file "x " ends with a dot or space`},
		{Source{Name: "a", CategoryCount: 65536}, eventlog.ErrTooLarge, "source a: 65536 categories, at most 65535"},
		{Source{Name: "a", Types: 0x127}, eventlog.ErrInvalid, "source a: types 0x127, of which 0x120 are not known"},
	} {
		err := checkSource(&tt.s)
		if want := tt.want + ": " + tt.is.Error(); err == nil || err.Error() != want || !errors.Is(err, tt.is) {
			t.Errorf("\n got %v\nwant %s", err, want)
		}
	}
}
