//go:build interop

package interop

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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

// TestPage has the page in Chromium, over an API that makes its events up: all that it
// offers, by mouse and by key, with nothing that its policy forbids, no error of a
// script and no request to elsewhere.
func TestPage(t *testing.T) {
	chromium := logtest.Program(t, "chromium", "chromium")
	nodeModules(t, "playwright-core")
	nodeModules(t, "axe-core")
	files, err := filepath.Glob("../web/test/browser/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s := httptest.NewServer(webtest.New(5_000_000, time.Now()))
			defer s.Close()
			defer s.CloseClientConnections()
			node(t, []string{"NETELF_PAGE=" + s.URL, "CHROMIUM=" + chromium}, 10*time.Minute, file)
		})
	}
}
