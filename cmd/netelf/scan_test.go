package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netelf.example/files"
	"netelf.example/scan"
)

// demoFile is a file with a log of the demo.
func demoFile(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), name+".evt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(demoLog(f, demoServers[0], demoLogs[0], time.Now()), f.Close()); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// TestScanStopped: who stops a scan is told what became of each target, and the
// exit code is that of a failure.
func TestScanStopped(t *testing.T) {
	for _, output := range []string{"json", "classic"} {
		a := testApp(t)
		var files []string
		for _, name := range []string{"one", "two", "three"} {
			files = append(files, demoFile(t, name))
		}
		j, err := a.planScan(&scanFlags{output: output}, files)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		var e *exitError
		if err := j.run(ctx); !errors.As(err, &e) || e.code != exitFailed {
			t.Errorf("%s: got %v", output, err)
		}
		said, err := os.ReadFile(a.stderr.Name())
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(said), "cancelled: you stopped it\n"); n != len(files) {
			t.Errorf("%s: said\n%s", output, said)
		}
	}
}

// TestProgressNow: a total is only said when all targets have told theirs.
func TestProgressNow(t *testing.T) {
	p := newProgress(make([]scan.Target, 2))
	p.opened(context.Background(), nil, errors.New("no"), true)
	if _, total := p.now(); total != 0 {
		t.Errorf("total %d before all are open", total)
	}
	srv, err := files.Open(demoFile(t, "one"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.opened(context.Background(), srv, nil, true)
	if _, total := p.now(); total == 0 {
		t.Error("no total")
	}
	p.opened(context.Background(), srv, nil, false)
	if _, total := p.now(); total != 0 {
		t.Errorf("total %d with a part of a server's logs", total)
	}
}
