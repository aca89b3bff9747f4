//go:build interop

package interop

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netelf.example/internal/logtest"
)

// schemathesisVersion is of PyPI. It makes requests of an OpenAPI document, right and
// wrong ones, and holds the answers to it.
const schemathesisVersion = "4.32.5"

// needPyPI installs a package of PyPI into a folder of its own, and answers its program
// of the same name.
func needPyPI(t *testing.T, name, version string) string {
	t.Helper()
	python := logtest.Python(t, "ensurepip", "python3-venv")
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, python, "-m", "venv", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pip := exec.CommandContext(ctx, filepath.Join(dir, "bin", "pip"), "install", "-q", "--no-cache-dir", "--disable-pip-version-check", name+"=="+version)
	if out, err := pip.CombinedOutput(); err != nil {
		logtest.Missing(t, name+" cannot be had of PyPI: "+err.Error()+": "+string(out))
	}
	return filepath.Join(dir, "bin", name)
}

// TestSchemathesis holds every operation of the HTTP API to its document, as an
// administrator with a token, for a minute at most: no answer is an internal error, and
// each has a status, a type and a form that the document knows.
func TestSchemathesis(t *testing.T) {
	st := needPyPI(t, "schemathesis", schemathesisVersion)
	dir, err := os.MkdirTemp("", "netelf") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "netelf")
	if out, err := exec.Command("go", "build", "-o", bin, "netelf.example/cmd/netelf").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	token := logtest.Administrator(t, filepath.Join(dir, "data", "users.json"))
	cmd := exec.Command(bin, "serve", "--data", filepath.Join(dir, "data"), "--socket", filepath.Join(dir, "s"), "--http", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "NETELF_HTTP_PLAIN=true")
	said := filepath.Join(dir, "log")
	log, err := os.Create(said)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended, which Wait says
		if err := cmd.Wait(); err != nil {
			t.Errorf("the service ended: %v", err)
		}
		if b, err := os.ReadFile(said); err != nil || bytes.Contains(b, []byte("panic")) || bytes.Contains(b, []byte("level=ERROR")) {
			t.Errorf("the service said: %v\n%s", err, b)
		}
	}()
	url := ""
	for end := time.Now().Add(30 * time.Second); url == ""; time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(said)
		if err != nil || time.Now().After(end) {
			t.Fatalf("it does not come to answer: %v\n%s", err, b)
		}
		if _, rest, ok := strings.Cut(string(b), "listen="); ok && bytes.Contains(b, []byte("msg=ready")) {
			url, _, _ = strings.Cut(rest, "\n")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, st, "run", "http://"+url+"/openapi.json", "--header", "Authorization: Bearer "+token,
		"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance",
		"--exclude-operation-id", "follow", "--exclude-operation-id", "read-log", "--exclude-operation-id", "report", // the first two wait, and the body of the third is lines of JSON, which it cannot make
		"--max-examples", "10", "--max-time", "60", "--request-timeout", "10", "--seed", "1", "--generation-database", "none", "--no-color", "--warnings", "off")
	run.Dir = dir
	out, err := run.CombinedOutput()
	if err != nil {
		for i, line := range bytes.Split(out, []byte{'\n'}) { // some have requests of any length
			if i < 400 {
				t.Errorf("%s", line[:min(len(line), 300)])
			}
		}
	}
	if i := bytes.LastIndex(out, []byte("SUMMARY")); i >= 0 {
		t.Logf("%s", out[i:])
	}
}
