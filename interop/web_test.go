//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netelf.example/internal/logtest"
	"netelf.example/web/webtest"
)

// nodeModules is what npm ci has put beside the page.
func nodeModules(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../web/node_modules", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		logtest.Missing(t, name+" is not installed: cd web && npm ci")
	}
	return path
}

// node runs tests of node's, and fails as they do.
func node(t *testing.T, env []string, limit time.Duration, args ...string) {
	t.Helper()
	program := logtest.Program(t, "node", "nodejs")
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"--test", "--test-concurrency=1", "--test-reporter=spec"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// TestPageUnits tests single parts of the page, which esbuild makes into what node
// understands.
func TestPageUnits(t *testing.T) {
	logtest.Program(t, "node", "nodejs")
	dir := t.TempDir()
	args := []string{"tool", "-modfile=../tools/go.mod", "esbuild", "test/unit/page.test.ts", "--bundle", "--platform=node", "--format=esm",
		"--jsx=automatic", "--jsx-import-source=preact", "--out-extension:.js=.mjs", "--log-level=warning", "--outdir=" + dir}
	for name, file := range map[string]string{
		"preact": "preact/preact.mjs", "preact/hooks": "preact/hooks.mjs", "preact/jsx-runtime": "preact/jsxRuntime.mjs",
		"@preact/signals": "signals/signals.mjs", "@preact/signals-core": "signals/signals-core.mjs", "uplot": "uplot/uPlot.esm.js",
	} {
		args = append(args, "--alias:"+name+"=./vendor/"+file)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = "../web"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("esbuild: %v\n%s", err, out)
	}
	node(t, nil, time.Minute, filepath.Join(dir, "page.test.mjs"))
}

// realTests are of netelf itself; all others have the API that makes its events up.
const realTests = "real.test.js"

// TestPage has the page in Chromium, over an API that makes its events up: all that it
// offers, by mouse and by key, with nothing that its policy forbids, no error of a
// script and no request to elsewhere.
func TestPage(t *testing.T) {
	files, err := filepath.Glob("../web/test/browser/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if filepath.Base(file) == realTests {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			s := httptest.NewServer(webtest.New(5_000_000, time.Now()))
			defer s.Close()
			defer s.CloseClientConnections()
			inChromium(t, file, s.URL)
		})
	}
}

// inChromium runs the tests of one file on a page.
func inChromium(t *testing.T, file, page string) {
	t.Helper()
	chromium := logtest.Program(t, "chromium", "chromium")
	nodeModules(t, "playwright-core")
	nodeModules(t, "axe-core")
	node(t, []string{"NETELF_PAGE=" + page, "CHROMIUM=" + chromium}, 10*time.Minute, file)
}

// TestPageOfDemo has the page of netelf itself in Chromium: what it shows are the events
// of four servers, over MS-EVEN.
func TestPageOfDemo(t *testing.T) {
	logtest.Program(t, "chromium", "chromium")
	dir := t.TempDir()
	netelf := filepath.Join(dir, "netelf")
	if out, err := run("go", "build", "-o", netelf, "netelf.example/cmd/netelf"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(netelf, "demo", "--web")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slow := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }) // what it says ends then
	defer func() {
		slow.Stop()
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended, which Wait says
		if err := cmd.Wait(); err != nil || complaints.Len() > 0 {
			t.Errorf("demo: %v\n%s", err, &complaints)
		}
	}()
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if address := strings.TrimSpace(lines.Text()); strings.HasPrefix(address, "http://") {
			slow.Stop()
			inChromium(t, filepath.Join("..", "web", "test", "browser", realTests), address)
			return
		}
	}
	t.Error("it does not say where its page is")
}
