package users

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

var tokenTestCost = Cost{Memory: 64, Passes: 1, Lanes: 1}

func tokenStore(t testing.TB, names ...string) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "users.json"), &Options{Cost: tokenTestCost})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, err := s.Add(t.Context(), NewUser{Name: name, Password: "secret"}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestScope(t *testing.T) {
	const r, w, c = eventlog.RightRead, eventlog.RightWrite, eventlog.RightClear
	for _, x := range []struct {
		names  string
		rights eventlog.Rights // that are left; 0: all
	}{
		{"read", r}, {"report", w}, {"clear", c}, {"read,clear", r | c}, {"read,report,clear", r | w | c}, {"manage", 0}, {"read,manage", 0},
	} {
		s, err := ParseScope(strings.Split(x.names, ","))
		if err != nil || s.String() != x.names {
			t.Errorf("%s: %v, %v", x.names, s, err)
		}
		if got := s.Mask(); x.rights == 0 && got != 0 || x.rights != 0 && (got == 0 || got&(r|w|c) != x.rights) {
			t.Errorf("%s: mask %#x, want %#x", x.names, got, x.rights)
		}
	}
	if Scope(0).Mask()&(r|w|c) != 0 || Scope(0).Mask() == 0 {
		t.Error("no scope gives rights")
	}
	for _, names := range [][]string{nil, {""}, {"all"}, {"read", "x"}} {
		if s, err := ParseScope(names); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%q: %v, %v", names, s, err)
		}
	}
}

// TestTokenLife is one from its making to its end, over another reading of the file.
func TestTokenLife(t *testing.T) {
	s := tokenStore(t, "Fred", "wilma")
	ctx, now := t.Context(), time.Date(2026, 11, 22, 8, 30, 0, 999, time.UTC)
	text, err := s.AddToken(ctx, "fred", Token{Name: "Nightly", Scope: ScopeRead | ScopeClear, Log: "System", Made: now, Expires: now.Add(time.Hour)})
	if err != nil || !strings.HasPrefix(text, TokenPrefix) || len(text) != len(TokenPrefix)+43 {
		t.Fatalf("%q, %v", text, err)
	}
	b, err := os.ReadFile(s.Name())
	if err != nil || strings.Contains(string(b), text[len(TokenPrefix):]) {
		t.Errorf("the file has the token itself, %v", err)
	}
	again, err := Open(s.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	u, got, err := again.ByToken(text, now)
	want := Token{Name: "Nightly", Scope: ScopeRead | ScopeClear, Log: "System", Made: now.Truncate(time.Second), Expires: now.Add(time.Hour).Truncate(time.Second)}
	if d := cmp.Diff(want, got); d != "" || u.Name != "Fred" || err != nil {
		t.Errorf("%v, %v: %s", u, err, d)
	}
	for _, wrong := range []string{"", "x", text + "x", text[1:], strings.ToUpper(text), strings.Repeat("x", 1000)} {
		if _, _, err := again.ByToken(wrong, now); !errors.Is(err, ErrLogon) {
			t.Errorf("%.50q: %v", wrong, err)
		}
	}
	if _, _, err := again.ByToken(text, now.Add(time.Hour)); !errors.Is(err, ErrLogon) || !strings.Contains(err.Error(), "past its end") {
		t.Errorf("past its end: %v", err)
	}
	// Other changes of the file leave it.
	if _, err := again.SetPassword(ctx, "fred", "other", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Remove(ctx, "wilma"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ByToken(text, now); err != nil {
		t.Errorf("after other changes: %v", err)
	}
	if err := again.RemoveToken(ctx, "FRED", "nightly"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ByToken(text, now); !errors.Is(err, ErrLogon) {
		t.Errorf("revoked: %v", err)
	}
	if list, err := s.Tokens("fred"); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestTokenRefused(t *testing.T) {
	s := tokenStore(t, "fred")
	ctx, now := t.Context(), time.Now()
	good := Token{Name: "a", Scope: ScopeRead, Made: now}
	if _, err := s.AddToken(ctx, "fred", good); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Token)) Token {
		n := Token{Name: "b", Scope: ScopeRead, Made: now}
		change(&n)
		return n
	}
	for _, x := range []struct {
		name, user string
		t          Token
		is         error
	}{
		{"no such user", "dino", with(func(*Token) {}), fs.ErrNotExist},
		{"there already", "fred", with(func(n *Token) { n.Name = "A" }), fs.ErrExist},
		{"no name", "fred", with(func(n *Token) { n.Name = "" }), eventlog.ErrInvalid},
		{"a bad name", "fred", with(func(n *Token) { n.Name = "a/b" }), eventlog.ErrInvalid},
		{"no scope", "fred", with(func(n *Token) { n.Scope = 0 }), eventlog.ErrInvalid},
		{"an unknown scope", "fred", with(func(n *Token) { n.Scope = 1 << 7 }), eventlog.ErrInvalid},
		{"over before it begins", "fred", with(func(n *Token) { n.Expires = now.Add(-time.Hour) }), eventlog.ErrInvalid},
		{"a log without end", "fred", with(func(n *Token) { n.Log = strings.Repeat("x", 2000) }), eventlog.ErrInvalid},
		{"a year that no file has", "fred", with(func(n *Token) { n.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }), eventlog.ErrInvalid},
	} {
		if text, err := s.AddToken(ctx, x.user, x.t); !errors.Is(err, x.is) || text != "" {
			t.Errorf("%s: %q, %v, want %v", x.name, text, err, x.is)
		}
	}
	if err := s.RemoveToken(ctx, "fred", "b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed what is not there: %v", err)
	}
	if err := s.RemoveToken(ctx, "dino", "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed of nobody: %v", err)
	}
	for i := range maxTokens - 1 {
		if _, err := s.AddToken(ctx, "fred", with(func(n *Token) { n.Name = fmt.Sprint("t", i) })); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddToken(ctx, "fred", with(func(*Token) {})); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("one too many: %v", err)
	}
}

// TestTokenFile names the place of what is wrong with a token.
func TestTokenFile(t *testing.T) {
	const hash = `"hash": "0000000000000000000000000000000000000000000000000000000000000000"`
	user := func(name, tokens string) string {
		rid := 1000 + len(name)
		return fmt.Sprintf(`{"name": %q, "rid": %d, "groups": ["users"], "password": "$argon2id$v=19$m=64,t=1,p=1$YW5vdGhlcnNhbHQ$oRCBPbkUMFg0FSZqhQBWfQ", "tokens": [%s]}`, name, rid, tokens)
	}
	one := `{"name": "a", ` + hash + `, "scope": ["read"], "made": "2026-11-22T08:30:00Z"}`
	for _, x := range []struct{ users, want string }{
		{user("fred", one), ""},
		{user("fred", `{"name": "a", "hash": "00", "scope": ["read"], "made": "2026-11-22T08:30:00Z"}`), "tokens[0].hash"},
		{user("fred", `{"name": "a", `+hash+`, "scope": [], "made": "2026-11-22T08:30:00Z"}`), "needs a scope"},
		{user("fred", `{"name": "a", `+hash+`, "scope": ["all"], "made": "2026-11-22T08:30:00Z"}`), `unknown scope "all"`},
		{user("fred", `{"name": "a", `+hash+`, "scope": ["read"], "made": "yesterday"}`), "want a time"},
		{user("fred", `{"name": "a", `+hash+`, "scope": ["read"]}`), "tokens[0].made"},
		{user("fred", `{"name": "a/", `+hash+`, "scope": ["read"], "made": "2026-11-22T08:30:00Z"}`), "tokens[0].name"},
		{user("fred", `{"name": "a", `+hash+`, "scope": ["read"], "made": "2026-11-22T08:30:00Z", "x": 1}`), "tokens[0].x"},
		{user("fred", `{"name": "a", `+hash+`, "scope": ["read"], "log": 1, "made": "2026-11-22T08:30:00Z"}`), "tokens[0].log"},
		{user("fred", one+","+one), `"a" is there already`},
		{user("fred", one) + "," + user("wilma", strings.Replace(one, `"a"`, `"b"`, 1)), "a token that is there already"},
		{user("fred", strings.TrimSuffix(strings.Repeat("{},", maxTokens+1), ",")), "tokens[0]"},
	} {
		f, err := decode([]byte(`{"version": 1, "domain": "S-1-5-21-1-2-3", "next_rid": 2000, "users": [` + x.users + `]}`))
		var format *eventlog.FormatError
		switch {
		case x.want == "":
			if err != nil {
				t.Errorf("%s: %v", x.users, err)
				continue
			}
			if b, err := f.encode(); err != nil || !strings.Contains(string(b), `"scope": [`) {
				t.Errorf("%s, %v", b, err)
			}
		case !errors.As(err, &format) || !strings.Contains(err.Error(), x.want):
			t.Errorf("%s: %v, want %q", x.users, err, x.want)
		}
	}
}

// TestStamp is another one with another password, and another user of that name.
func TestStamp(t *testing.T) {
	s := tokenStore(t, "fred", "wilma")
	ctx := context.Background()
	seen := map[Stamp]string{}
	look := func(what, name string) {
		t.Helper()
		_, stamp, err := s.Stamped(name)
		if err != nil || seen[stamp] != "" {
			t.Errorf("%s: %v, the same as %s", what, err, seen[stamp])
		}
		seen[stamp] = what
	}
	look("fred", "fred")
	look("wilma", "wilma")
	if _, err := s.SetPassword(ctx, "fred", "secret", nil); err != nil { // the same word
		t.Fatal(err)
	}
	look("set", "fred")
	_, before, _ := s.Stamped("fred")
	if err := s.SetGroups(ctx, "fred", []Group{Administrators, Users, Administrators}); err != nil {
		t.Fatal(err)
	}
	u, after, err := s.Stamped("FRED")
	if err != nil || before != after || !cmp.Equal(u.Groups, []Group{Administrators, Users}) {
		t.Errorf("with other groups: %v, %v", u, err)
	}
	if err := s.SetGroups(ctx, "fred", nil); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("without groups: %v", err)
	}
	if _, err := s.Remove(ctx, "fred"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Stamped("fred"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed: %v", err)
	}
	if _, err := s.Add(ctx, NewUser{Name: "fred", Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	look("made again", "fred")
}

func TestTooSoonText(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		1: "1s", time.Millisecond: "1s", time.Second: "1s", time.Second + 1: "2s", 90 * time.Second: "1m30s",
	} {
		if got := (&TooSoon{wait}).Error(); got != "too many failed attempts: wait "+want {
			t.Errorf("%v: %s", wait, got)
		}
	}
}
