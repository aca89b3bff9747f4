//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// However often a verb is told to end, and by whatever signal: nothing of its temporary
// folder is left. A signal may end it once that is so.
func TestEndedAgainAndAgain(t *testing.T) {
	bin, err := netelfBin()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "quarry.evt")
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := evt.Create(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, ready string
		sig         os.Signal
		args        []string
	}{
		{"demo", "@demo", os.Interrupt, []string{"demo"}},
		{"demo with a page", "browser", syscall.SIGTERM, []string{"demo", "--web"}},
		{"view", "http://", os.Interrupt, []string{"view", "--no-browser", log}},
		{"view, the terminal goes", "http://", syscall.SIGHUP, []string{"view", "--no-browser", log}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			temporary := t.TempDir()
			cmd := exec.Command(bin, tt.args...)
			cmd.Env = plainEnv("TMPDIR="+temporary, "GORACE=atexit_sleep_ms=0")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(awaitTime, func() { _ = cmd.Process.Kill() }) // Wait says so
			defer late.Stop()
			ready := false
			for in := bufio.NewScanner(stdout); !ready && in.Scan(); {
				ready = strings.Contains(in.Text(), tt.ready)
			}
			if list, err := os.ReadDir(temporary); !ready || err != nil || len(list) == 0 {
				t.Errorf("ready: %v, temporary: %v, %v", ready, list, err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			again := time.NewTicker(100 * time.Microsecond)
			defer again.Stop()
			for ended := false; !ended; {
				select {
				case err := <-done:
					ended = true
					if by, _ := cmd.ProcessState.Sys().(syscall.WaitStatus); err != nil && by.Signal() != tt.sig {
						t.Errorf("ended: %v", err)
					}
				case <-again.C:
					_ = cmd.Process.Signal(tt.sig) // it may have ended, which Wait says
				}
			}
			if list, err := os.ReadDir(temporary); err != nil || len(list) > 0 {
				t.Errorf("left behind: %v, %v", list, err)
			}
		})
	}
}

// endedLog is a log in whose copying a signal comes.
type endedLog struct{ eventlog.Log }

func (endedLog) Copy(ctx context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "half a log")
	if err := errors.Join(err, syscall.Kill(os.Getpid(), syscall.SIGTERM)); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(awaitTime):
		return errors.New("the signal does not come")
	}
}

// A copy that is ended leaves nothing beside where it was to be, and the signal does not
// end the process, here the tests, before.
func TestCopyEnded(t *testing.T) {
	dir := t.TempDir()
	if err := copyLog(t.Context(), endedLog{}, filepath.Join(dir, "quarry.evt")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("left behind: %v, %v", list, err)
	}
}
