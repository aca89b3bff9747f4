package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"syscall"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/service"
)

// What is aimed at.
const (
	aimOfBare   = 0.90      // durable reports of 64 reporters, of what the bare loop does
	aimOfSQLite = 10.0      // and times what SQLite does
	aimUnsynced = 1_000_000 // events a second, on one core, a hundred a report
	aimReopen   = 1.0       // seconds, a log of a GiB after a crash
)

// administrator is who reports and reads.
var administrator = eventlog.Caller{Name: "bench", SIDs: []eventlog.SID{"S-1-5-32-544"}}

const (
	logName    = "Application"
	recordSize = 300 // of benchEvent, about, and exactly of what the peers write
)

// benchEvent is an event whose record has about recordSize bytes.
func benchEvent(i int) *eventlog.Event {
	return &eventlog.Event{
		ID: 0x40000000 | 7036, Type: eventlog.Information, Level: eventlog.LevelInformation, Category: uint16(i % 3),
		Source: "quarry", Computer: "bedrock", User: "S-1-5-21-583907252-1788223648-839522115-1003",
		Strings: []string{fmt.Sprintf("conveyor belt %d", i%1000), "is running", "as was asked for by the operator of this quarry, Fred F."},
		Offset:  -1,
	}
}

// recordOf is the size of the record of an event.
func recordOf(e *eventlog.Event) (int, error) {
	c := *e
	c.TimeGenerated = time.Now()
	c.TimeWritten = c.TimeGenerated
	b, err := evt.AppendRecord(nil, &c)
	return len(b), err
}

// openService opens a data directory and a source in it.
func openService(folder string, opts *service.Options) (*service.Service, eventlog.Reporter, error) {
	s, err := service.Open(folder, opts)
	if err != nil {
		return nil, nil, err
	}
	r, err := eventlog.RegisterSource(context.Background(), s.As(administrator), "quarry")
	if err != nil {
		_ = s.Close() // the first error counts
		return nil, nil, err
	}
	return s, r, nil
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return 0
	}
	return v[len(v)/2]
}

// verdict is a line that says how something compares with what was aimed at.
func verdict(w io.Writer, what, have, aim string, reached bool) {
	mark := "reached"
	if !reached {
		mark = "MISSED"
	}
	fmt.Fprintf(w, "  %-58s %12s   aim %-12s %s\n", what, have, aim, mark)
}

// benchUnsynced fills a log on one core, a hundred events a report, and reads it.
func benchUnsynced(w io.Writer, work string) error {
	const batch = 100
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	ctx := context.Background()
	events := make([]*eventlog.Event, batch)
	for i := range events {
		events[i] = benchEvent(i)
	}
	s, r, err := openService(work, &service.Options{Sync: service.SyncNone, MaxSize: 64 << 20, Brief: true})
	if err != nil {
		return err
	}
	defer s.Close()
	var reports, busy, reads []float64
	for range *runs {
		begin, used, n := time.Now(), processorTime(), 0
		for time.Since(begin) < time.Second {
			if _, err := r.Report(ctx, events...); err != nil {
				return err
			}
			n += batch
		}
		reports = append(reports, float64(n)/time.Since(begin).Seconds())
		busy = append(busy, float64(n)/(processorTime()-used).Seconds())
		rate, err := readThrough(ctx, s.As(administrator))
		if err != nil {
			return err
		}
		reads = append(reads, rate)
	}
	fmt.Fprintf(w, "\nnot synced, one core; median of %d rounds\n", *runs)
	for _, l := range []struct {
		name  string
		rates []float64
	}{{"reports of 100 events", reports}, {"by processor time, kernel included", busy}, {"reading back, all fields", reads}} {
		fmt.Fprintf(w, "  %-36s %12.0f events/s   best %.0f\n", l.name, median(l.rates), slices.Max(l.rates))
	}
	// On a machine that others use too, what the processor needed says more.
	have := median(reports)
	verdict(w, "events a second", fmt.Sprintf("%.0f", have), fmt.Sprint(aimUnsynced), have >= aimUnsynced)
	return s.Close()
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
