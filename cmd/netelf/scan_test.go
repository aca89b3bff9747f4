package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netelf.example/scan"
)

// TestScanStopped: who stops a scan is told what became of each target, and the
// exit code is that of a failure.
func TestScanStopped(t *testing.T) {
	for _, output := range []string{"json", "classic"} {
		open := func(name string) *os.File {
			f, err := os.Create(filepath.Join(t.TempDir(), name))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		}
		a := &app{stdout: open("out"), stderr: open("err"), now: time.Now, environ: func() []string { return nil }}
		f := &scanFlags{output: output, since: "all", sample: true}
		j, err := a.planScan(f, nil)
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
		if n := strings.Count(string(said), "cancelled: you stopped it\n"); n != len(sampleServers) {
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
	targets, err := sampleTargets(time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := targets[0].Open(context.Background())
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
