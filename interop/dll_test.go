//go:build interop

package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/internal/logtest"
	"netelf.example/message"
)

// buildDLL makes a DLL of a message text.
func buildDLL(t testing.TB, name, source string) {
	t.Helper()
	linkDLL(t, name, []byte(strings.ReplaceAll(source, "\n", "\r\n")))
}

// linkDLL makes a DLL of a message text, as windmc reads it with args, by windmc,
// windres and ld. dir is where what windmc makes besides is.
func linkDLL(t testing.TB, name string, source []byte, args ...string) (dir string) {
	t.Helper()
	const pkg = "binutils-mingw-w64-x86-64"
	windmc, windres, ld := logtest.Program(t, "x86_64-w64-mingw32-windmc", pkg), logtest.Program(t, "x86_64-w64-mingw32-windres", pkg), logtest.Program(t, "x86_64-w64-mingw32-ld", pkg)
	gcc := logtest.Program(t, "gcc", "gcc") // windres wants a preprocessor
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.mc"), source, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		append(append([]string{windmc}, args...), "t.mc"),
		{windres, "--preprocessor=" + gcc, "--preprocessor-arg=-E", "--preprocessor-arg=-xc-header", "-O", "coff", "t.rc", "t.o"},
		{ld, "-shared", "-e", "0", "-o", name, "t.o"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", args[0], err, out)
		}
	}
	return dir
}

// openPE opens a message file that must be whole.
func openPE(t testing.TB, name string) *message.PE {
	t.Helper()
	f, size := openFile(t, name)
	pe, err := message.OpenPE(f, size)
	if err != nil {
		t.Fatal(err)
	}
	if d := pe.Damage(); d != nil {
		t.Errorf("%s: %v", name, d)
	}
	return pe
}

// openFile opens a file for as long as the test takes.
func openFile(t testing.TB, name string) (f *os.File, size int64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // only read
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return f, st.Size()
}
