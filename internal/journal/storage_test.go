package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/internal/journal"
)

// TestStorage uses real files: an end without Close, for readers only, and Close.
func TestStorage(t *testing.T) {
	dir := t.TempDir()
	open := func(name string, flag int) journal.Storage {
		t.Helper()
		s, err := journal.OpenStorage(filepath.Join(dir, name), flag, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() }) // closed already, mostly
		return s
	}
	pair := func() *journal.File {
		t.Helper()
		f, err := journal.Open(open("data", os.O_RDWR|os.O_CREATE), open("log", os.O_RDWR|os.O_CREATE), nil)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := pair()
	if err := f.Truncate(100_000); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("here"), 90_000); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(true); err != nil {
		t.Fatal(err)
	}
	ro, err := journal.OpenReadOnly(open("data", os.O_RDONLY), open("log", os.O_RDONLY))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := readAll(ro.Reader()); err != nil || len(b) != 100_000 || !strings.HasPrefix(string(b[90_000:]), "here") {
		t.Errorf("for reading: %d bytes, %v", len(b), err)
	}
	if err := ro.Commit(true); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("commit for reading: %v", err)
	}
	if err := ro.Close(); err != nil {
		t.Error(err)
	}
	f = pair()
	if err := f.Truncate(90_004); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(false); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "data"))
	if err != nil || len(b) != 90_004 || string(b[90_000:]) != "here" {
		t.Errorf("data file: %d bytes, %v", len(b), err)
	}
	none, err := journal.OpenReadOnly(open("data", os.O_RDONLY), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := none.Size(); n != 90_004 {
		t.Errorf("without a journal: %d bytes", n)
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}
