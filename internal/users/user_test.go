package users

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

func TestCheckName(t *testing.T) {
	for _, good := range []string{"fred", "Fred Flintstone", "fred.f", "f-1_2$%&{}'`~^!#()", "ä", "火", strings.Repeat("x", 64), strings.Repeat("𝔵", 32)} {
		if err := CheckName(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"":                      `user name "" is empty: invalid argument`,
		`BEDROCK\fred`:          `user name "BEDROCK\\fred" has the character "\\": invalid argument`,
		"a/b":                   `user name "a/b" has the character "/": invalid argument`,
		"a:b":                   `user name "a:b" has the character ":": invalid argument`,
		`a"b`:                   `user name "a\"b" has the character "\"": invalid argument`,
		"fred@bedrock":          `user name "fred@bedrock" has the character "@": invalid argument`,
		"a*":                    `user name "a*" has the character "*": invalid argument`,
		"a\nb":                  `user name "a\nb" has the character U+000A, which does not print: invalid argument`,
		"a\u202eb":              `user name "a\u202eb" has the character U+202E, which does not print: invalid argument`,
		"a\u00a0b":              `user name "a\u00a0b" has the character U+00A0, which does not print: invalid argument`,
		"a\xff":                 `user name "a\xff" is not valid UTF-8: invalid argument`,
		" a":                    `user name " a" begins or ends with a space or dot: invalid argument`,
		"a ":                    `user name "a " begins or ends with a space or dot: invalid argument`,
		".a":                    `user name ".a" begins or ends with a space or dot: invalid argument`,
		"a.":                    `user name "a." begins or ends with a space or dot: invalid argument`,
		strings.Repeat("x", 65): `user name "` + strings.Repeat("x", 64) + `"… has 65 characters, at most 64: invalid argument`,
		strings.Repeat("𝔵", 33): `user name "` + strings.Repeat("𝔵", 16) + `"… has 66 characters, at most 64: invalid argument`,
	} {
		if err := CheckName(bad); err == nil || err.Error() != want || !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%q: %v, want %s", bad, err, want)
		}
	}
}

func TestGroups(t *testing.T) {
	for name, want := range map[string]Group{
		"administrators": Administrators, "Users": Users, "readers": EventLogReaders,
		"event log readers": EventLogReaders, "Event-Log-Readers": EventLogReaders,
	} {
		if g, err := ParseGroup(name); err != nil || g != want {
			t.Errorf("%s: %v, %v", name, g, err)
		}
	}
	if _, err := ParseGroup("guests"); err == nil || err.Error() != `unknown group "guests": want administrators, users or readers` {
		t.Error(err)
	}
	u := User{SID: "S-1-5-21-1-2-3-1000", Groups: []Group{Administrators, Users, EventLogReaders}}
	want := []eventlog.SID{"S-1-5-21-1-2-3-1000", "S-1-5-32-544", "S-1-5-32-545", "S-1-5-32-573"}
	if d := cmp.Diff(want, u.SIDs()); d != "" {
		t.Error(d)
	}
	if g := Group(9); g.String() != "group 9" || g.SID() != "S-1-0-0" {
		t.Errorf("%v, %s", g, g.SID())
	}
}
