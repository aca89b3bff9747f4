package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/service"
)

// childEnv makes the program a process that reports until it is killed: its value
// is the data directory.
const childEnv = "NETELF_BENCH_CHILD"

// reopenRounds is how often the log is opened cold, and how often warm.
const reopenRounds = 3

// benchReopen fills a log, kills the process that does, and lets others open it:
// what counts is the time until the service is there and has taken the first
// report.
func benchReopen(w io.Writer, work string) error {
	if _, err := killed(work); err != nil { // it fills the log
		return err
	}
	var cold, warm []float64
	for range reopenRounds {
		if err := forget(work); err != nil {
			return err
		}
		c, err := killed(work)
		if err != nil {
			return err
		}
		h, err := killed(work)
		if err != nil {
			return err
		}
		cold, warm = append(cold, c), append(warm, h)
	}
	fi, err := os.Stat(filepath.Join(work, logName+".evt"))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nopening a full log of %d MiB behind kill -9, up to the first report; median of %d\n", fi.Size()>>20, reopenRounds)
	fmt.Fprintf(w, "  %-34s %12.3f s\n", "not in the page cache", median(cold))
	fmt.Fprintf(w, "  %-34s %12.3f s\n", "in the page cache", median(warm))
	have := max(median(cold), median(warm))
	verdict(w, "seconds, at worst", fmt.Sprintf("%.3f", have), fmt.Sprintf("%.1f", aimReopen), have < aimReopen)
	return nil
}

// killed runs a process that opens the directory and reports, and kills it in the
// middle of that. It gives how long the opening took.
func killed(work string) (seconds float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, fmt.Sprintf("-big=%d", *big))
	cmd.Env = append(os.Environ(), childEnv+"="+work)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_ = cmd.Process.Kill() // if it has ended, Wait says how
	if e := cmd.Wait(); err != nil {
		return 0, fmt.Errorf("reporting process: %w: %s", errors.Join(err, e), strings.TrimSpace(complaint.String()))
	}
	return strconv.ParseFloat(strings.TrimSpace(line), 64)
}

// runChild opens the directory, fills the log if it is not full, and reports on and
// on. When all it has to do is to be killed it says how long the opening took.
func runChild(work string) error {
	ctx := context.Background()
	begin := time.Now()
	s, r, err := openService(work, &service.Options{Sync: service.SyncNone, MaxSize: uint32(*big) << 20})
	if err != nil {
		return err
	}
	if _, err := r.Report(ctx, benchEvent(0)); err != nil {
		return err
	}
	took := time.Since(begin)
	l, err := s.As(administrator).OpenLog(ctx, logName)
	if err != nil {
		return err
	}
	events := make([]*eventlog.Event, 100)
	for i := range events {
		events[i] = benchEvent(i)
	}
	// A full log has lost its first record; and on behind that, so that there is
	// something in the journal.
	for more := 200; more > 0; {
		if _, err := r.Report(ctx, events...); err != nil {
			return err
		}
		i, err := l.Info(ctx)
		if err != nil {
			return err
		}
		if i.Oldest > 1 {
			more--
		}
	}
	fmt.Println(took.Seconds())
	for {
		if _, err := r.Report(ctx, events...); err != nil {
			return err
		}
	}
}

// forget takes the files of a folder out of the page cache.
func forget(work string) error {
	names, err := filepath.Glob(filepath.Join(work, "*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = f.Sync()
		if err == nil {
			err = dropCache(f)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
