package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"netelf.example/web/webtest"
)

const (
	pageRows = 5_000_000
	aimFrame = 35.0 // milliseconds of the slowest twentieth of all frames, drawn without a GPU
)

// benchPage has the page in Chromium, over an API that makes five million events up,
// and measures what somebody waits for who looks at them.
func benchPage(w io.Writer, _ string) error {
	fmt.Fprintf(w, "\nThe page: %d events in Chromium, drawn without a GPU\n", pageRows)
	for _, need := range [][2]string{{"node", "nodejs"}, {"chromium", "chromium"}} {
		if _, err := exec.LookPath(need[0]); err != nil {
			fmt.Fprintf(w, "  %s is not installed: apt-get install %s\n", need[0], need[1])
			return nil
		}
	}
	script := filepath.Join("web", "test", "measure.js")
	if _, err := os.Stat(filepath.Join("web", "node_modules", "playwright-core")); err != nil {
		fmt.Fprintln(w, "  playwright-core is not installed: cd web && npm ci")
		return nil
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return err
	}
	s := httptest.NewServer(webtest.New(pageRows, time.Now()))
	defer s.Close()
	defer s.CloseClientConnections()
	cmd := exec.Command("node", script)
	cmd.Env = append(os.Environ(), "NETELF_PAGE="+s.URL, "CHROMIUM="+chromium)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("node %s: %w", script, err)
	}
	var got struct{ First, P50, P95, Last float64 } // milliseconds
	if err := json.Unmarshal(out, &got); err != nil {
		return err
	}
	fmt.Fprintf(w, "  %-36s %7.0f ms\n", "first rows, from the address on", got.First)
	fmt.Fprintf(w, "  %-36s %7.1f ms  (p95 %.1f ms)\n", "a frame with other rows in it", got.P50, got.P95)
	fmt.Fprintf(w, "  %-36s %7.0f ms\n", "to the last row, by the key End", got.Last)
	verdict(w, "frames", fmt.Sprintf("%.1f ms", got.P95), fmt.Sprintf("p95 at most %.0f ms", aimFrame), got.P95 <= aimFrame)
	return nil
}
