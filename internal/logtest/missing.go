package logtest

import (
	"os"
	"os/exec"
	"testing"
)

// Missing ends a test that cannot run here: it is skipped, and with CI=true, where
// all must be there, it fails. what says what is missing and how to get it.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Program is the path of a program that a test runs, of a package of Debian.
func Program(t testing.TB, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Missing(t, program+" is not installed: apt-get install "+debianPackage)
	}
	return path
}

// Python is Debian's Python, if it has a module.
func Python(t testing.TB, module, debianPackage string) string {
	t.Helper()
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import "+module).CombinedOutput(); err != nil {
		Missing(t, python+" has no module "+module+": apt-get install "+debianPackage+": "+string(out))
	}
	return python
}
