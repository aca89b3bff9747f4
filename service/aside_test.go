package service

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// asideEnv makes the test binary a process that stops amid a backup: its value is the
// data directory.
const asideEnv = "NETELF_TEST_ASIDE"

func backupUntilKilled(dir string) error {
	s, err := Open(dir, nil)
	if err != nil {
		return err
	}
	l, err := s.find(logSystem)
	if err != nil {
		return err
	}
	b, err := l.newAside()
	if err != nil {
		return err
	}
	if err := b.copyAll(context.Background(), l); err != nil {
		return err
	}
	fmt.Println(b.tmp.Name())
	select {}
}

// TestBackupKilled: a backup that a killed service left behind is gone with the next
// start, and one that another service is writing is not.
func TestBackupKilled(t *testing.T) {
	if !canLock {
		t.Skip("files have no locks here")
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asideEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(out)
	if !in.Scan() {
		t.Fatal("it has made no backup")
	}
	left := in.Text()

	other, err := Open(t.TempDir(), &Options{BackupDir: filepath.Dir(left)})
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(left); err != nil || fi.Size() == 0 {
		t.Errorf("while it is written: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if _, err := os.Stat(left); err != nil {
		t.Errorf("behind the end of it: %v", err)
	}
	brief, err := Open(dir, &Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := brief.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(left); err != nil {
		t.Errorf("who only reads has removed it: %v", err)
	}
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the next one has left it: %v", err)
	}
}

// TestRemoveAside: what is not certainly a backup that was left stays.
func TestRemoveAside(t *testing.T) {
	dir := t.TempDir()
	stay := []string{".backup-", ".backup-1.evt", ".backup-x", ".backup-1x", "backup-1", ".backup-+1", "x.backup-1", ".backup-2", ".backup-3", ".backup-４"}
	for _, name := range slices.Concat(stay[:7], stay[9:], []string{".backup-1", ".backup-4294967295"}) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("LfLe"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, ".backup-2"), 0o700), os.Symlink("backup-1", filepath.Join(dir, ".backup-3"))); err != nil {
		t.Fatal(err)
	}
	f, err := createAside(dir)
	if err != nil {
		t.Fatal(err)
	}
	stay = append(stay, filepath.Base(f.Name()))
	names, err := removeAside(dir)
	want := []string{".backup-1", ".backup-4294967295"}
	if !canLock {
		want, stay = nil, append(stay, want...)
	}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v", names, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	slices.Sort(stay)
	if !slices.Equal(have, stay) {
		t.Errorf("left are %q, want %q", have, stay)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if names, err := removeAside(filepath.Join(dir, "none")); names != nil || err != nil {
		t.Errorf("no directory: %q, %v", names, err)
	}
}
