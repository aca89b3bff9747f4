//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/internal/logtest"
)

// TestCurl runs the examples of docs/http-api.md, in their order.
func TestCurl(t *testing.T) {
	curl := logtest.Program(t, "curl", "curl")
	doc, err := os.ReadFile("../../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := serveDir(t)
	token := logtest.Administrator(t, filepath.Join(dir, "data", "users.json"))
	s := serve(t, dir, "--http", "127.0.0.1:0")
	addr, _ := s.https()
	work := t.TempDir()
	cert, err := os.ReadFile(filepath.Join(s.data(), "http.crt"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"http.crt": string(cert), "auth": "Authorization: Bearer " + token + "\n"} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for i, block := range strings.Split(string(doc), "```sh\n") {
		if i == 0 {
			continue
		}
		block, _, _ = strings.Cut(block, "```")
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			rest, ok := strings.CutPrefix(line, "curl -sS ")
			if !ok {
				t.Fatalf("%s: no example of curl", line)
			}
			n++
			cmd := exec.Command("sh", "-c", curl+" -sS --fail-with-body --max-time 60 "+rest)
			cmd.Dir, cmd.Env = work, plainEnv("URL=https://"+addr, "TOKEN="+token)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d examples, want more", n)
	}
	for _, name := range []string{"system.evt", "selected.evt", "system.csv"} {
		if fi, err := os.Stat(filepath.Join(work, name)); err != nil || fi.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.stop()
}
