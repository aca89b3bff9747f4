//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"netelf.example/api"
	"netelf.example/eventlog"
)

// netelfBin is a netelf as it is installed, with the race detector if the tests
// have it, in a folder that every user may enter.
var netelfBin = sync.OnceValues(func() (string, error) {
	dir, err := openDir()
	if err != nil {
		return "", err
	}
	atEnd = append(atEnd, func() { _ = os.RemoveAll(dir) }) // nobody is there to be told
	name := filepath.Join(dir, "netelf")
	args := []string{"build", "-o", name}
	if raceDetector() {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, ".")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return name, nil
})

func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// openDir is a new folder that every user may enter. Its name is short, since that
// of a socket must be.
func openDir() (string, error) {
	dir, err := os.MkdirTemp("", "netelf")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

func serveDir(t *testing.T) string {
	t.Helper()
	dir, err := openDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// plainEnv is the environment without what services and netelf take from it.
func plainEnv(more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		for _, prefix := range []string{"NETELF_", "NOTIFY_SOCKET=", "WATCHDOG_", "JOURNAL_STREAM=", childEnv + "="} {
			if strings.HasPrefix(v, prefix) {
				return true
			}
		}
		return false
	})
	return append(env, more...)
}

// serving is a service in a process of its own.
type serving struct {
	t      *testing.T
	cmd    *exec.Cmd
	dir    string // has data and socket
	socket string
	ready  chan struct{} // closed when it says that it is
	done   chan struct{} // closed when the process has ended
	err    error         // of Wait, after done

	mu   sync.Mutex
	said bytes.Buffer // on the standard error
}

// begin starts a service whose data and socket are in dir, and does not wait for
// it.
func begin(t *testing.T, dir string, args ...string) *serving {
	t.Helper()
	return beginEnv(t, dir, nil, args...)
}

// beginEnv is begin, with more variables.
func beginEnv(t *testing.T, dir string, env []string, args ...string) *serving {
	t.Helper()
	bin, err := netelfBin()
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{t: t, dir: dir, socket: filepath.Join(dir, "socket"), ready: make(chan struct{}), done: make(chan struct{})}
	s.cmd = exec.Command(bin, append([]string{"serve", "--data", s.data(), "--socket", s.socket}, args...)...)
	s.cmd.Env = plainEnv(append(env, "NETELF_MAX_SIZE=256KiB", "GORACE=atexit_sleep_ms=0")...)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.done)
		for in, ready := bufio.NewReader(stderr), false; ; {
			line, err := in.ReadString('\n')
			s.mu.Lock()
			s.said.WriteString(line)
			s.mu.Unlock()
			if !ready && strings.Contains(line, "msg=ready") {
				ready = true
				close(s.ready)
			}
			if err != nil {
				break
			}
		}
		s.err = s.cmd.Wait()
	}()
	t.Cleanup(func() { s.kill() })
	return s
}

// serve is begin, and waits until the service answers.
func serve(t *testing.T, dir string, args ...string) *serving {
	t.Helper()
	s := begin(t, dir, args...)
	select {
	case <-s.ready:
	case <-s.done:
		t.Fatalf("the service ended: %v\n%s", s.err, s.stderr())
	case <-time.After(awaitTime):
		t.Fatalf("the service does not come to answer:\n%s", s.stderr())
	}
	return s
}

func (s *serving) data() string { return filepath.Join(s.dir, "data") }

func (s *serving) stderr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// signal sends a signal and waits for the end.
func (s *serving) signal(sig os.Signal) error {
	_ = s.cmd.Process.Signal(sig) // it may have ended, which Wait says
	select {
	case <-s.done:
	case <-time.After(awaitTime):
		s.t.Errorf("the service does not end with %v:\n%s", sig, s.stderr())
		_ = s.cmd.Process.Kill() // so that the test does
		<-s.done
	}
	if said := s.stderr(); strings.Contains(said, "DATA RACE") || strings.Contains(said, "panic") {
		s.t.Errorf("the service said:\n%s", said)
	}
	return s.err
}

// kill ends it as nothing can prevent.
func (s *serving) kill() { _ = s.signal(syscall.SIGKILL) }

// stop ends it cleanly.
func (s *serving) stop() {
	s.t.Helper()
	if err := s.signal(syscall.SIGTERM); err != nil {
		s.t.Errorf("stopped: %v\n%s", err, s.stderr())
	}
	if _, err := os.Lstat(s.socket); !errors.Is(err, os.ErrNotExist) {
		s.t.Errorf("its socket is still there: %v", err)
	}
}

// client is a client of its own, with connections of its own.
func (s *serving) client() *api.Client {
	c := api.Unix(s.socket, ".")
	s.t.Cleanup(func() { _ = c.Close() }) // never fails
	return c
}

// child is the test binary as another process, which does what children[name]
// says, by args.
func child(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = plainEnv(childEnv+"="+name, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// walk gives all that a cursor has to f, up to the end; a loss is an error.
func walk(ctx context.Context, c eventlog.Cursor, f func(*eventlog.Event) error) error {
	defer c.Close()
	for {
		var e eventlog.Event
		switch err := c.Next(ctx, &e); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := f(&e); err != nil {
			return err
		}
	}
}
