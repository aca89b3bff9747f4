//go:build unix

package users

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What root makes and changes belongs to whom the folder, and the file, belong
// to; others own what they make.
func TestOwner(t *testing.T) {
	dir := t.TempDir()
	folder, own := os.Geteuid(), os.Geteuid()
	if os.Geteuid() == 0 {
		folder, own = 12345, 12346
		if err := os.Chown(dir, folder, folder); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "u")
	owner := func(name string) int {
		t.Helper()
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return int(info.Sys().(*syscall.Stat_t).Uid)
	}
	s := open(t, name)
	add(t, s, NewUser{Name: "fred", Password: "x"})
	if owner(name) != folder || owner(name+".lock") != folder {
		t.Errorf("the file is of %d, the lock of %d, the folder of %d", owner(name), owner(name+".lock"), folder)
	}
	if err := os.Chown(name, own, -1); err != nil {
		t.Fatal(err)
	}
	add(t, s, NewUser{Name: "wilma", Password: "x"})
	if owner(name) != own {
		t.Errorf("the file is of %d, and was of %d", owner(name), own)
	}
}

// What a process that was killed left behind is in nobody's way.
func TestLeftBehind(t *testing.T) {
	name := filepath.Join(t.TempDir(), "u")
	s := open(t, name)
	add(t, s, NewUser{Name: "fred", Password: "x"})
	if err := os.WriteFile(name+".new", []byte(`{"version": 1, "dom`), 0o644); err != nil {
		t.Fatal(err)
	}
	if list, err := open(t, name).List(); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	add(t, s, NewUser{Name: "wilma", Password: "x"})
	if list, err := open(t, name).List(); err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := os.Lstat(name + ".new"); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}
