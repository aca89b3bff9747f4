package service

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/eventlog"
)

var killRounds = flag.Int("kill.rounds", 20, "how often TestKill kills")

// reporterEnv makes the test binary a process that reports: its value is the sync
// mode, the first id, and the data directory.
const reporterEnv = "NETELF_TEST_REPORTER"

func TestMain(m *testing.M) {
	if how := os.Getenv(reporterEnv); how != "" {
		fmt.Fprintln(os.Stderr, reportUntilKilled(how))
		os.Exit(1)
	}
	if dir := os.Getenv(asideEnv); dir != "" {
		fmt.Fprintln(os.Stderr, backupUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const killReporters = 4

var killLogs = [...]string{logApplication, logSystem, "Large"}

// reportUntilKilled writes a line for each report that was acknowledged: the log,
// the last record's number and the ids.
func reportUntilKilled(how string) error {
	ctx := context.Background()
	mode, rest, _ := strings.Cut(how, " ")
	from, dir, _ := strings.Cut(rest, " ")
	way, err := strconv.Atoi(mode)
	if err != nil {
		return err
	}
	first, err := strconv.ParseUint(from, 10, 32)
	if err != nil {
		return err
	}
	s, err := Open(dir, &Options{Sync: Sync(way), SyncEvery: 10 * time.Millisecond, MaxSize: 256 << 10})
	if err != nil {
		return err
	}
	if err := broken(s); err != nil {
		return err
	}
	large := int64(64 << 20)
	if _, err := s.find("Large"); err != nil {
		if err := eventlog.CreateLog(ctx, s.As(asAdmin), "Large", eventlog.Settings{MaxSize: &large}); err != nil {
			return err
		}
	}
	var lastID atomic.Uint32
	lastID.Store(uint32(first))
	failed := make(chan error)
	for range killReporters {
		go func() {
			for {
				name := killLogs[rand.IntN(len(killLogs))]
				r, err := eventlog.RegisterSource(ctx, s.As(asAdmin), name)
				if err != nil {
					failed <- err
					return
				}
				for range 1 + rand.IntN(20) {
					var ids []uint32
					for range 1 + rand.IntN(5) {
						ids = append(ids, lastID.Add(1))
					}
					last, err := r.Report(ctx, eventsOf(ids)...)
					if err != nil {
						failed <- err
						return
					}
					line := fmt.Sprint(name, " ", last)
					for _, id := range ids {
						line += fmt.Sprint(" ", id)
					}
					if _, err := os.Stdout.WriteString(line + "\n"); err != nil { // one write, so lines are whole
						failed <- err
						return
					}
				}
			}
		}()
	}
	return <-failed
}

// TestKill kills a process that reports, with SIGKILL, at any time, and finds all
// that it had acknowledged.
func TestKill(t *testing.T) {
	for _, mode := range []struct {
		name string
		sync Sync
	}{{"always", SyncAlways}, {"periodic", SyncPeriodic}, {"none", SyncNone}} {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			rounds := (*killRounds + 2) / 3
			if testing.Short() {
				rounds = 2
			}
			dir := t.TempDir()
			told := map[string]map[uint64]uint32{}
			for _, name := range killLogs {
				told[name] = map[uint64]uint32{}
			}
			first, acknowledged := uint32(0), 0
			for round := 1; round <= rounds; round++ {
				n, last := killOnce(t, dir, mode.sync, first, told)
				if acknowledged += n; t.Failed() {
					return
				}
				first = last + 10000
				verifyKilled(t, dir, round, told)
				if t.Failed() {
					return
				}
			}
			t.Logf("%d kills, %d events acknowledged", rounds, acknowledged)
		})
	}
}

// killOnce runs a reporting process until it is killed.
func killOnce(t *testing.T, dir string, mode Sync, first uint32, told map[string]map[uint64]uint32) (events int, lastID uint32) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %s", reporterEnv, mode, first, dir))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	in := bufio.NewReader(out)
	begun := false
	for {
		line, err := in.ReadString('\n')
		if err != nil { // what came of the last line counts for nothing
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
		if !begun {
			begun = true
			after := time.Duration(rand.IntN(150_000)) * time.Microsecond
			wait.Go(func() {
				time.Sleep(after)
				_ = cmd.Process.Kill() // it may have ended of itself, which Wait says
			})
		}
		f := strings.Fields(line)
		last, err := strconv.ParseUint(f[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range f[2:] {
			id, err := strconv.ParseUint(text, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			n := last + 1 + uint64(i) - uint64(len(f)-2)
			if was, ok := told[f[0]][n]; ok {
				t.Errorf("%s: record %d is acknowledged for %d, and was for %d", f[0], n, id, was)
			}
			told[f[0]][n] = uint32(id)
			lastID = max(lastID, uint32(id))
			events++
		}
	}
	wait.Wait()
	err = cmd.Wait()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != -1 {
		t.Errorf("reporter: %v: %s", err, stderr.String())
	}
	return events, lastID
}

// verifyKilled looks at the directory as it was left, once for reading and once as
// the next service, which leaves it clean.
func verifyKilled(t *testing.T, dir string, kills int, told map[string]map[uint64]uint32) {
	for _, readOnly := range []bool{true, false} {
		s, err := Open(dir, &Options{ReadOnly: readOnly, MaxSize: 256 << 10})
		if err != nil {
			t.Fatal(err)
		}
		if err := broken(s); err != nil {
			t.Error(err)
		}
		for _, name := range killLogs {
			f, err := look(s, name)
			if err != nil {
				t.Errorf("read only %t: %v", readOnly, err)
				continue
			}
			for n := range told[name] {
				if n >= f.info.Next {
					t.Errorf("read only %t: %s: record %d was acknowledged, the next one is %d", readOnly, name, n, f.info.Next)
				}
			}
			unclean := 0
			for i, e := range f.events {
				n := f.info.Oldest + uint64(i)
				if e.RecordNumber != n {
					t.Fatalf("%s: record %d where %d comes next", name, e.RecordNumber, n)
				}
				if isOwn(e) {
					if e.ID == ownEvents[ownUnclean].id {
						unclean++
					}
					continue
				}
				if err := intact(e); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if id, ok := told[name][n]; ok && id != uint32(e.ID) {
					t.Errorf("read only %t: %s: record %d has id %d, acknowledged was %d", readOnly, name, n, e.ID, id)
				}
			}
			if name == logSystem && !readOnly {
				if unclean == 0 || f.info.Oldest == 1 && unclean != kills {
					t.Errorf("System says %d times that the service was not stopped, want %d", unclean, kills)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	check(t, dir)
}
