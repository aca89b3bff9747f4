package service

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestMakeDir(t *testing.T) {
	top := t.TempDir()
	deep := filepath.Join(top, "a", "b", "c")
	for range 2 { // the second finds it there
		if err := makeDir(deep); err != nil {
			t.Fatal(err)
		}
	}
	for p := deep; p != top; p = filepath.Dir(p) {
		fi, err := os.Stat(p)
		if err != nil || !fi.IsDir() || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", p, fi, err)
		}
	}
	file := filepath.Join(top, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, filepath.Join(file, "below")} {
		if err := makeDir(name); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if fi, err := os.Stat(file); err != nil || fi.Mode()&fs.ModeType != 0 {
		t.Errorf("the file is gone: %v, %v", fi, err)
	}
}
