package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"time"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// What a server of benchScan is like: each of its answers takes its time, and one
// answer gives all events of the log.
const (
	scanDelay  = 50 * time.Millisecond
	scanEvents = 100
)

// scanBound is how much longer a scan may take than the slowest of its servers and
// the bare work together.
const scanBound = 3

// benchScan reads many servers in this process, each of which lets one wait, beside
// the same work without the waiting. A scan is to take little longer than its
// slowest server does.
func benchScan(w io.Writer, _ string) error {
	fmt.Fprintf(w, "\nscan of many servers, each answer after %v, %d events each; median of %d rounds\n", scanDelay, scanEvents, *runs)
	fmt.Fprintf(w, "%8s  %10s  %10s  %10s  %22s  %16s\n", "servers", "scan", "slowest", "bare work", "scan/(slowest + bare)", "KiB a server")
	for _, n := range []int{1, 10, 100, 1000} {
		var walls, slowests, bares, memories []float64
		for range *runs {
			bare, err := scanMany(n, 0)
			if err != nil {
				return err
			}
			r, err := scanMany(n, scanDelay)
			if err != nil {
				return err
			}
			walls = append(walls, r.wall.Seconds())
			slowests = append(slowests, r.slowest.Seconds())
			bares = append(bares, bare.wall.Seconds())
			memories = append(memories, r.memory)
		}
		wall, slowest, bare := median(walls), median(slowests), median(bares)
		ratio := wall / (slowest + bare)
		word := ""
		if ratio >= scanBound {
			word = fmt.Sprintf("  more than %d", scanBound)
		}
		fmt.Fprintf(w, "%8d  %8.1fms  %8.1fms  %8.1fms  %22.2f  %16.1f%s\n", n, wall*1e3, slowest*1e3, bare*1e3, ratio, median(memories)/1024, word)
	}
	return nil
}

// scanResult is how one scan went.
type scanResult struct {
	wall, slowest time.Duration
	memory        float64 // bytes a server, when all have their first event ready
}

func scanMany(n int, delay time.Duration) (r scanResult, err error) {
	targets := make([]scan.Target, n)
	for i := range targets {
		name := fmt.Sprintf("srv%04d", i)
		s := &waiting{origin: eventlog.Origin{Server: name, Log: "System"}, delay: delay}
		targets[i] = scan.Target{Name: name, Open: s.open, Default: []string{"System"}}
	}
	before := inUse()
	ctx := context.Background()
	begin := time.Now()
	c := scan.Open(ctx, targets, &eventlog.Selection{Backward: true}, &scan.Options{Parallel: n})
	defer c.Close()
	var e eventlog.Event
	for i := 0; ; i++ {
		switch err := c.Next(ctx, &e); {
		case err == io.EOF && i == n*scanEvents:
			r.wall += time.Since(begin)
			for _, o := range c.Outcomes() {
				r.slowest = max(r.slowest, o.Elapsed)
			}
			return r, nil
		case err != nil:
			return r, fmt.Errorf("after %d of %d events: %w", i, n*scanEvents, err)
		case i == 0: // the looking does not count
			r.wall = time.Since(begin)
			r.memory = max(inUse()-before, 0) / float64(n)
			begin = time.Now()
		}
	}
}

// inUse is what of memory is in use: heap and stacks.
func inUse() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// waiting is a server with one log that is far away; it is its own log.
type waiting struct {
	origin eventlog.Origin
	delay  time.Duration
}

func (s *waiting) wait(ctx context.Context) error {
	if s.delay == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(s.delay)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *waiting) open(ctx context.Context) (eventlog.Server, error) { return s, s.wait(ctx) }
func (s *waiting) Close() error                                      { return nil }
func (s *waiting) Logs(context.Context) ([]eventlog.Info, error)     { return nil, fs.ErrInvalid }
func (s *waiting) Info(context.Context) (eventlog.Info, error)       { return eventlog.Info{}, nil }
func (s *waiting) OpenLog(ctx context.Context, _ string) (eventlog.Log, error) {
	return s, s.wait(ctx)
}
func (s *waiting) Read(context.Context, *eventlog.Selection) (eventlog.Cursor, error) {
	return &waitingCursor{s: s}, nil
}

type waitingCursor struct {
	s *waiting
	n int
}

func (c *waitingCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return m }
func (c *waitingCursor) Close() error                                  { return nil }

func (c *waitingCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if c.n == scanEvents {
		return io.EOF
	}
	if c.n == 0 {
		if err := c.s.wait(ctx); err != nil {
			return err
		}
	}
	c.n++
	e.Reset()
	e.Origin = &c.s.origin
	e.RecordNumber = uint64(scanEvents + 1 - c.n)
	e.TimeWritten = time.Unix(int64(1e9+1000*e.RecordNumber), 0)
	e.TimeGenerated = e.TimeWritten
	e.Source, e.Computer = "Service Control Manager", "BEDROCK"
	e.Strings = append(e.Strings, "Print Spooler", "running")
	e.Data = append(e.Data, "0123456789abcdef"...)
	return nil
}
