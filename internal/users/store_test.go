package users

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

// cheap is what passwords cost in tests.
func cheap() *Options { return &Options{Cost: Cost{Memory: 64, Passes: 1, Lanes: 1}} }

func open(t *testing.T, name string) *Store {
	t.Helper()
	s, err := Open(name, cheap())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t *testing.T, s *Store, n NewUser) User {
	t.Helper()
	u, err := s.Add(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestStore(t *testing.T) {
	ctx := t.Context()
	name := filepath.Join(t.TempDir(), "sub", "users.json")
	s := open(t, name)
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Fatalf("%v, %v", list, err)
	}
	fred := add(t, s, NewUser{Name: "Fred", Password: "password"})
	wilma := add(t, s, NewUser{Name: "wilma", Password: "Yabba", Groups: []Group{EventLogReaders, Administrators, Administrators}, NoNTLM: true})
	domain, ok := strings.CutSuffix(string(fred.SID), "-1000")
	if !ok || !fred.SID.Valid() || !strings.HasPrefix(domain, "S-1-5-21-") {
		t.Errorf("SID %s", fred.SID)
	}
	if d := cmp.Diff(User{"Fred", fred.SID, []Group{Users}, true}, fred); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(User{"wilma", eventlog.SID(domain + "-1001"), []Group{Administrators, EventLogReaders}, false}, wilma); d != "" {
		t.Error(d)
	}

	// Another Store of the file sees the same, under names of any case.
	other := open(t, name)
	for _, s := range []*Store{s, other} {
		if u, err := s.Lookup("FRED"); err != nil || cmp.Diff(fred, u) != "" {
			t.Errorf("%v, %v", u, err)
		}
		if u, err := s.Check(ctx, "fRED", "password"); err != nil || cmp.Diff(fred, u) != "" {
			t.Errorf("%v, %v", u, err)
		}
		if h, u, err := s.NTHash("fred"); err != nil || fmt.Sprintf("%x", h) != "8846f7eaee8fb117ad06bdd830b7586c" || u.SID != fred.SID {
			t.Errorf("%x, %v, %v", h, u, err)
		}
	}
	for _, c := range []struct{ name, password string }{
		{"Fred", "Password"}, {"Fred", ""}, {"Fred", "password "}, {"barney", "password"}, {"", ""}, {`X\Fred`, "password"},
		{"Fred", "password" + strings.Repeat("\x00", MaxPassword)}, {"wilma", "password"},
	} {
		if u, err := s.Check(ctx, c.name, c.password); err != ErrLogon || !errors.Is(err, fs.ErrPermission) || u.Name != "" {
			t.Errorf("%.20q, %.20q: %v, %v", c.name, c.password, u, err)
		}
	}
	if ErrLogon.Error() != "wrong user name or password" {
		t.Error(ErrLogon)
	}
	for _, n := range []string{"wilma", "barney"} {
		if _, _, err := s.NTHash(n); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("NT hash of %s: %v", n, err)
		}
	}

	// What cannot be added.
	for _, c := range []struct {
		n    NewUser
		is   error
		want string
	}{
		{NewUser{Name: "FRED", Password: "x"}, fs.ErrExist, `there is a user "Fred" already`},
		{NewUser{Name: "a/b", Password: "x"}, eventlog.ErrInvalid, `user name "a/b" has the character "/": invalid argument`},
		{NewUser{Name: "barney"}, eventlog.ErrInvalid, `the password is empty: invalid argument`},
		{NewUser{Name: "barney", Password: "x", Groups: []Group{groups}}, eventlog.ErrInvalid, `group 3: invalid argument`},
	} {
		if _, err := s.Add(ctx, c.n); !errors.Is(err, c.is) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %s", c.n, err, c.want)
		}
	}

	// Another password, through the other Store.
	yes, no := true, false
	for _, c := range []struct {
		name string
		ntlm *bool
		want bool
	}{{"fred", nil, true}, {"fred", &no, false}, {"fred", nil, false}, {"wilma", nil, false}, {"wilma", &yes, true}} {
		u, err := other.SetPassword(ctx, c.name, "Bedrock 2", c.ntlm)
		if err != nil || u.NTLM != c.want {
			t.Errorf("%s: %+v, %v", c.name, u, err)
		}
		if _, _, err := s.NTHash(c.name); (err == nil) != c.want {
			t.Errorf("NT hash of %s: %v", c.name, err)
		}
	}
	if _, err := s.Check(ctx, "Fred", "password"); err != ErrLogon {
		t.Errorf("the old password: %v", err)
	}
	if u, err := s.Check(ctx, "Fred", "Bedrock 2"); err != nil || u.SID != fred.SID {
		t.Errorf("the new password: %v, %v", u, err)
	}
	if _, err := s.SetPassword(ctx, "barney", "x", nil); !errors.Is(err, fs.ErrNotExist) || err.Error() != `there is no user "barney"` {
		t.Error(err)
	}
	if _, err := s.SetPassword(ctx, "fred", "", nil); !errors.Is(err, eventlog.ErrInvalid) {
		t.Error(err)
	}

	// A rid is not given again.
	if u, err := other.Remove(ctx, "WILMA"); err != nil || u.SID != wilma.SID {
		t.Errorf("%v, %v", u, err)
	}
	if _, err := s.Remove(ctx, "wilma"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if u := add(t, s, NewUser{Name: "wilma", Password: "x"}); u.SID != eventlog.SID(domain+"-1002") {
		t.Errorf("SID %s", u.SID)
	}
	list, err := other.List()
	if err != nil || len(list) != 2 || list[0].Name != "Fred" || list[1].Name != "wilma" {
		t.Errorf("%v, %v", list, err)
	}

	// Nothing of it can be read by others, and nothing lies about.
	var names []string
	dir, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dir {
		names = append(names, d.Name())
		if info, err := d.Info(); err != nil || modesCount && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", d.Name(), info.Mode(), err)
		}
	}
	if d := cmp.Diff([]string{"users.json", "users.json.lock"}, names); d != "" {
		t.Error(d)
	}
}

// Two files of the same users have other SIDs.
func TestDomains(t *testing.T) {
	a := add(t, open(t, filepath.Join(t.TempDir(), "a")), NewUser{Name: "x", Password: "x"})
	b := add(t, open(t, filepath.Join(t.TempDir(), "b")), NewUser{Name: "x", Password: "x"})
	if a.SID == b.SID {
		t.Errorf("both are %s", a.SID)
	}
}

func TestRandomFails(t *testing.T) {
	opts := cheap()
	opts.Rand = bytes.NewReader(make([]byte, saltSize+sumSize))
	name := filepath.Join(t.TempDir(), "u")
	s, err := Open(name, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), NewUser{Name: "x", Password: "x"}); err == nil || err.Error() != "EOF" {
		t.Error(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was written: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes of files say nothing on Windows")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "u")
	if err := os.WriteFile(name, []byte(goodFile), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Open(name, cheap())
		want := fmt.Sprintf("%s: has the mode %04o, so others may get at the passwords: chmod 600 %s", name, mode, name)
		if err == nil || err.Error() != want || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, mode := range []fs.FileMode{0o600, 0o400} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(name, cheap()); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(dir, cheap()); err == nil || err.Error() != dir+": is no regular file" {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(name, "x"), cheap()); err == nil {
		t.Error("a file in a file is no error")
	}
	if _, err := Open(name, &Options{Cost: Cost{Memory: 1 << 30}}); err == nil || err.Error() != "argon2id: m=1073741824, want 32 to 262144" {
		t.Error(err)
	}
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bad, cheap()); err == nil || err.Error() != bad+": json: file at offset 0x0: line 1: want an object" || !errors.Is(err, eventlog.ErrCorrupt) {
		t.Error(err)
	}
}

// A file that somebody else changes counts at once, and one that cannot be read
// lets nobody in.
func TestReload(t *testing.T) {
	name := filepath.Join(t.TempDir(), "u")
	s := open(t, name)
	add(t, s, NewUser{Name: "fred", Password: "password"})
	if changed, err := s.Reload(); changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	put := func(b []byte) {
		t.Helper()
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(whole[:50])
	for range 2 {
		if _, err := s.Check(t.Context(), "fred", "password"); !errors.Is(err, eventlog.ErrCorrupt) {
			t.Errorf("half a file: %v", err)
		}
		if _, _, err := s.NTHash("fred"); !errors.Is(err, eventlog.ErrCorrupt) {
			t.Errorf("half a file: %v", err)
		}
	}
	if _, err := s.Add(t.Context(), NewUser{Name: "x", Password: "x"}); !errors.Is(err, eventlog.ErrCorrupt) {
		t.Errorf("half a file: %v", err)
	}
	put(whole)
	if changed, err := s.Reload(); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	if _, err := s.Check(t.Context(), "fred", "password"); err != nil {
		t.Error(err)
	}
	if modesCount {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Lookup("fred"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a file for all: %v", err)
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Check(t.Context(), "fred", "password"); err != ErrLogon {
		t.Errorf("no file: %v", err)
	}
}

// A link stays one.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	add(t, open(t, real), NewUser{Name: "fred", Password: "x"})
	if err := os.Symlink("real", link); err != nil {
		t.Skip(err)
	}
	add(t, open(t, link), NewUser{Name: "wilma", Password: "x"})
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("%v, %v", info, err)
	}
	if list, err := open(t, real).List(); err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
}

// Many writers, each with a Store of its own as processes have, lose nothing.
func TestWriters(t *testing.T) {
	name := filepath.Join(t.TempDir(), "u")
	const writers, each = 4, 8
	var wg sync.WaitGroup
	for w := range writers {
		s := open(t, name)
		wg.Go(func() {
			for i := range each {
				if _, err := s.Add(t.Context(), NewUser{Name: fmt.Sprintf("u%d-%d", w, i), Password: "x"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, err := open(t, name).List()
	sids := map[eventlog.SID]bool{}
	for _, u := range list {
		sids[u.SID] = true
	}
	if err != nil || len(list) != writers*each || len(sids) != len(list) {
		t.Errorf("%d users, %d SIDs, %v", len(list), len(sids), err)
	}
}

func TestBusy(t *testing.T) {
	name := filepath.Join(t.TempDir(), "u")
	s := open(t, name)
	add(t, s, NewUser{Name: "fred", Password: "x"})
	unlock, err := lock(t.Context(), name+".lock")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Remove(ctx, "fred"); !errors.Is(err, context.Canceled) {
		t.Errorf("while it is locked: %v", err)
	}
	if _, err := s.Lookup("fred"); err != nil {
		t.Errorf("reading while it is locked: %v", err)
	}
	unlock()
	if _, err := s.Remove(t.Context(), "fred"); err != nil {
		t.Error(err)
	}
}

// A change that cannot be written leaves the file, and nothing beside it.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "u")
	s := open(t, name)
	add(t, s, NewUser{Name: "fred", Password: "x"})
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(name+".new", "x"), 0o700); err != nil { // in the way, for root too
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), NewUser{Name: "wilma", Password: "x"}); err == nil || !strings.HasPrefix(err.Error(), "write "+name+": ") {
		t.Errorf("%v", err)
	}
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(before, after) {
		t.Errorf("%v: it was\n%s\nand is\n%s", err, before, after)
	}
	if list, err := s.List(); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// Who finds the lock taken gives up after a while.
func TestLockTaken(t *testing.T) {
	name := filepath.Join(t.TempDir(), "u.lock")
	unlock, err := lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if _, err := lock(t.Context(), name); err != ErrBusy || err.Error() != "is being changed by another process" {
			t.Errorf("%v", err)
		}
		if waited := time.Since(begin); waited != lockPause*lockTries {
			t.Errorf("waited %v", waited)
		}
	})
}

// Whoever waits for a turn stops when it is called off, and gets one when there is
// one.
func TestTurns(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "u"))
	add(t, s, NewUser{Name: "fred", Password: "x"})
	for range maxChecks {
		s.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error)
	go func() { _, err := s.Check(ctx, "fred", "x"); got <- err }()
	go func() { _, err := s.Check(t.Context(), "fred", "x"); got <- err }()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-s.slots
	if err := <-got; err != nil {
		t.Error(err)
	}
	if _, err := s.Check(ctx, "fred", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("called off before: %v", err)
	}
	if len(s.slots) != maxChecks-1 {
		t.Errorf("%d turns are taken, want %d", len(s.slots), maxChecks-1)
	}
}

// The hash of a name that nobody has costs what those of the file do.
func TestDecoy(t *testing.T) {
	name := filepath.Join(t.TempDir(), "u")
	add(t, open(t, name), NewUser{Name: "fred", Password: "x"})
	s, err := Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	if h, known := s.compared(f, "barney"); known || h.cost != cheap().Cost || len(h.sum) != sumSize {
		t.Errorf("%v, %+v", known, h.cost)
	}
	if h, known := s.compared(f, "FRED"); !known || h.cost != cheap().Cost {
		t.Errorf("%v, %+v", known, h.cost)
	}
	if h, known := s.compared(new(file), "fred"); known || h.cost != (Cost{}).orDefault() {
		t.Errorf("%v, %+v", known, h.cost)
	}
}
