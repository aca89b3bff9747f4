package users

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

const goodHash = "$argon2id$v=19$m=64,t=1,p=2$YW5vdGhlcnNhbHQ$oRCBPbkUFMg0FSZqhQBWfQ"

const goodFile = `{
  "version": 1,
  "domain": "S-1-5-21-3623811015-0-30300820",
  "next_rid": 1007,
  "users": [
    {
      "name": "fred",
      "rid": 1000,
      "groups": [
        "administrators",
        "event log readers"
      ],
      "password": "` + goodHash + `",
      "nt_hash": "47fcf5774ba122ba1b874b1071c222ad"
    },
    {
      "name": "Wilma & 火",
      "rid": 1006,
      "groups": [],
      "password": "` + goodHash + `"
    }
  ]
}
`

func TestDecode(t *testing.T) {
	text := goodFile
	f, err := decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.encode()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(text, string(b)); d != "" {
		t.Errorf("-decoded +encoded:\n%s", d)
	}
	e, ok := f.find("FRED")
	if !ok {
		t.Fatal("no fred")
	}
	want := User{"fred", "S-1-5-21-3623811015-0-30300820-1000", []Group{Administrators, EventLogReaders}, true}
	if d := cmp.Diff(want, f.user(e)); d != "" {
		t.Error(d)
	}
	if e, ok := f.find("wilma & 火"); !ok || f.user(e).NTLM {
		t.Errorf("%v, %v", e, ok)
	}
	// Order and spaces do not matter, nor the spelling of groups.
	if _, err := decode([]byte(`{"users":[],"next_rid":1000,"domain":"S-1-5-21-1-2-3","version":1}`)); err != nil {
		t.Error(err)
	}
}

func TestDecodeErrors(t *testing.T) {
	text := goodFile
	replace := func(old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not in the file", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	tests := []struct {
		name, text string
		at         string // where in the text, "" its beginning; a second part, behind |, is looked for behind the first
		field      string
		want       string
	}{
		{"empty", "", "", "", "unexpected EOF"},
		{"an array", "[]", "", "", "want an object"},
		{"cut off", text[:60], `"S-1`, ".domain", "unexpected EOF"},
		{"something behind it", text + "{}", "{}", "", "something stands behind the end"},
		{"no UTF-8", replace("fred", "fr\xffd"), "\xff", "", "not valid UTF-8"},
		{"too large", strings.Repeat(" ", maxFile+1), "", "", "over 4194304 bytes: over a limit"},
		{"no version", replace(`"version": 1,`, ``), "", ".version", "there is none"},
		{"another version", replace(`"version": 1`, `"version": 2`), "2", ".version", "have 2, want 1: it is of another netelf"},
		{"a version twice", replace(`"version": 1`, `"version": 1, "version": 1`), `1|"version"`, ".version", "stands there twice"},
		{"a key in capitals", replace(`"version"`, `"Version"`), "1", ".Version", "unknown key"},
		{"another domain", replace("S-1-5-21-3623811015-0-30300820", "S-1-5-21-1-2"), `"S-1`, ".domain", `have "S-1-5-21-1-2", want S-1-5-21 and three numbers of 32 bits`},
		{"a domain that is too large", replace("S-1-5-21-3623811015-0-30300820", "S-1-5-21-4294967296-0-0"), `"S-1`, ".domain", `have "S-1-5-21-4294967296-0-0", want S-1-5-21 and three numbers of 32 bits`},
		{"a next rid that is taken", replace("1007", "1006"), "", ".next_rid", `have 1006, but "Wilma & 火" has the rid 1006`},
		{"a next rid that is too small", replace("1007", "999"), "999", ".next_rid", "want a number from 1000 to 1073741824"},
		{"a number in quotes", replace("1007", `"1007"`), `"1007"`, ".next_rid", "want a number from 1000 to 1073741824"},
		{"a fraction", replace("1007", `1007.0`), "1007.0", ".next_rid", "want a number from 1000 to 1073741824"},
		{"users are no array", `{"users": {}}`, "{}", ".users", "want an array"},
		{"a user is no object", `{"users": [1]}`, "1", ".users[0]", "want an object"},
		{"an unknown key", replace(`"rid": 1000`, `"rid": 1000, "x": 0`), `"x": |0`, ".users[0].x", `unknown key (user "fred")`},
		{"a key twice", replace(`"rid": 1000`, `"rid": 1000, "rid": 1001`), `1000, |"rid"`, ".users[0].rid", `stands there twice (user "fred")`},
		{"a bad name", replace(`"fred"`, `"a/b"`), `"a/b"`, ".users[0].name", `user name "a/b" has the character "/": invalid argument`},
		{"no name", replace(`"name": "fred",`, ``), "[|{", ".users[0].name", "there is none"},
		{"no password", replace(`"password": "`+goodHash+`",`, ``), "[|{", ".users[0].password", `there is none (user "fred")`},
		{"a name that is none", replace(`"fred"`, `[]`), "[]", ".users[0].name", "want a string"},
		{"a name twice", replace(`Wilma & 火`, `FRED`), "},|{", ".users[1].name", `"FRED" is there already, as "fred"`},
		{"a rid twice", replace(`1006`, `1000`), "},|{", ".users[1].rid", `"Wilma & 火" has the rid 1000, as "fred" has`},
		{"an unknown group", replace(`"administrators"`, `"root"`), `"root"`, ".users[0].groups", `unknown group "root": want administrators, users or readers (user "fred")`},
		{"many groups", replace(`"administrators"`, `"users", "users", "users"`), `"event`, ".users[0].groups", `over 3: over a limit (user "fred")`},
		{"a hash that costs too much", replace(`m=64`, `m=4194304`), `"$argon2id`, ".users[0].password", `m=4194304, want 16 to 262144 (user "fred")`},
		{"a short NT hash", replace(`47fcf5774ba122ba1b874b1071c222ad`, `47fc`), `"47fc"`, ".users[0].nt_hash", `want 16 bytes in hexadecimal (user "fred")`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, second, both := strings.Cut(tt.at, "|")
			at := strings.Index(tt.text, first)
			if both {
				at += len(first)
				at += strings.Index(tt.text[at:], second)
			}
			line := 1 + strings.Count(tt.text[:at], "\n")
			want := fmt.Sprintf("json: file%s at offset 0x%x: line %d: %s", tt.field, at, line, tt.want)
			_, err := decode([]byte(tt.text))
			if err == nil || err.Error() != want {
				t.Errorf("have %v\nwant %s", err, want)
			}
			var format *eventlog.FormatError
			if !errors.As(err, &format) {
				t.Errorf("%T", err)
			}
		})
	}
}

func TestManyUsers(t *testing.T) {
	f := &file{domain: "S-1-5-21-1-2-3", next: firstRID + maxUsers + 1}
	h, err := parseHash(goodHash)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxUsers + 1 {
		if i == maxUsers {
			b, err := f.encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := decode(b); err != nil {
				t.Errorf("as many as are allowed: %v", err)
			}
		}
		f.add(entry{name: fmt.Sprintf("%064d", i), rid: uint32(firstRID + i), groups: []Group{Administrators, Users, EventLogReaders}, hash: h, nt: new([16]byte)})
	}
	b, err := f.encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decode(b); err == nil || !strings.Contains(err.Error(), "over 4096: over a limit") || !errors.Is(err, eventlog.ErrTooLarge) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	text := goodFile
	f.Add([]byte(text))
	f.Add([]byte(`{"version":1,"domain":"S-1-5-21-1-2-3","next_rid":1000,"users":[]}`))
	f.Add([]byte(text[:200]))
	f.Add([]byte(`{"users":[{"name":"a","groups":[[[[[[[[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		one, err := decode(b)
		if err != nil {
			var format *eventlog.FormatError
			if !errors.As(err, &format) || format.Offset < 0 || format.Offset > int64(len(b)) {
				t.Errorf("%#v", err)
			}
			return
		}
		first, err := one.encode()
		if err != nil {
			t.Fatal(err)
		}
		two, err := decode(first)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		second, err := two.encode()
		if err != nil || string(first) != string(second) {
			t.Errorf("%v: not the same twice:\n%s\n%s", err, first, second)
		}
		for _, e := range one.list {
			if CheckName(e.name) != nil || e.hash.cost.check() != nil || !one.user(&e).SID.Valid() {
				t.Errorf("%+v", e)
			}
		}
	})
}
