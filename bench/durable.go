package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/service"
)

// recorder keeps one record at a time for any number of goroutines: it returns
// when the record is on the disk.
type recorder interface {
	record() error
	// settle returns when all that was asked for is kept, with how many records were
	// lost on the way. Who answers records has nothing to do here.
	settle() (lost int, err error)
	close() error
}

// contender is one of those that are compared.
type contender struct {
	name   string
	open   func(folder string) (recorder, error)
	answer bool // it says when a record is on the disk

	r     recorder
	gone  string // why it does not take part
	rates map[int][]float64
	lost  int
}

// errMissing is what open says of a program that is not installed.
type errMissing string

func (e errMissing) Error() string { return string(e) }

const (
	durableRounds = 5
	durableTime   = 300 * time.Millisecond // of one contender with so many reporters
)

var durableReporters = []int{1, 8, 64}

// benchDurable compares records a second, each on the disk before the next one of
// its reporter.
func benchDurable(w io.Writer, work string) error {
	size, err := recordOf(benchEvent(0))
	if err != nil {
		return err
	}
	netelf := &contender{name: "netelf service", answer: true, open: openDurable}
	bare := &contender{name: "bare loop: queue, write, data sync", answer: true, open: openBare}
	sqlite := &contender{name: "SQLite, WAL, synchronous=FULL", answer: true, open: openSQLite}
	rsyslog := &contender{name: "rsyslogd, file with sync on", open: openRsyslog}
	patient := &contender{name: "bare loop that awaits reporters", answer: true, open: openPatient}
	all := []*contender{bare, netelf, patient, sqlite, rsyslog}
	for i, c := range all {
		c.rates = map[int][]float64{}
		folder := filepath.Join(work, fmt.Sprint(i))
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
		c.r, err = c.open(folder)
		if missing, ok := err.(errMissing); ok {
			c.gone = string(missing)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		defer c.r.close()
	}
	for round := -1; round < durableRounds; round++ { // the first one warms up
		for _, n := range durableReporters {
			for i := range all {
				c := all[(i+max(round, 0))%len(all)]
				if c.gone != "" {
					continue
				}
				rate, lost, err := c.round(n)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				if round >= 0 {
					c.rates[n] = append(c.rates[n], rate)
					c.lost += lost
				}
			}
		}
	}

	fmt.Fprintf(w, "\ndurable, one event of %d bytes a report; records/s, median of %d rounds\n%-36s", size, durableRounds, "")
	for _, n := range durableReporters {
		fmt.Fprintf(w, " %10d", n)
	}
	fmt.Fprintln(w, "  reporters")
	for _, c := range all {
		if c.gone != "" {
			fmt.Fprintf(w, "%-36s %s\n", c.name, c.gone)
			continue
		}
		fmt.Fprintf(w, "%-36s", c.name)
		for _, n := range durableReporters {
			fmt.Fprintf(w, " %10.0f", median(c.rates[n]))
		}
		if !c.answer {
			fmt.Fprintf(w, "  answers nobody; %d lost", c.lost)
		}
		fmt.Fprintln(w)
	}
	for _, n := range durableReporters {
		of := netelf.ratio(bare, n)
		have, what := fmt.Sprintf("%.0f%%", 100*of), fmt.Sprintf("of the bare loop, %d reporters", n)
		if n == slices.Max(durableReporters) {
			verdict(w, what, have, fmt.Sprintf("%.0f%%", 100*aimOfBare), of >= aimOfBare)
		} else {
			fmt.Fprintf(w, "  %-58s %12s\n", what, have)
		}
	}
	for _, n := range durableReporters {
		fmt.Fprintf(w, "  %-58s %11.0f%%\n", fmt.Sprintf("of the bare loop that awaits reporters, %d reporters", n), 100*netelf.ratio(patient, n))
	}
	for _, n := range durableReporters {
		times := netelf.ratio(sqlite, n)
		have, what := fmt.Sprintf("%.1fx", times), fmt.Sprintf("of SQLite, %d reporters", n)
		if n == slices.Max(durableReporters) {
			verdict(w, what, have, fmt.Sprintf("%.0fx", aimOfSQLite), times >= aimOfSQLite)
		} else {
			fmt.Fprintf(w, "  %-58s %12s\n", what, have)
		}
	}
	return nil
}

// ratio is the median of the ratios of the rounds: what disturbs the machine
// disturbs both of a round.
func (c *contender) ratio(to *contender, reporters int) float64 {
	var ratios []float64
	for i, rate := range c.rates[reporters] {
		if i < len(to.rates[reporters]) {
			ratios = append(ratios, rate/to.rates[reporters][i])
		}
	}
	return median(ratios)
}

// round lets so many reporters report for a while.
func (c *contender) round(reporters int) (rate float64, lost int, err error) {
	var (
		wg    sync.WaitGroup
		total atomic.Int64
		mu    sync.Mutex
	)
	begin := time.Now()
	for range reporters {
		wg.Go(func() {
			n := int64(0)
			defer func() { total.Add(n) }()
			for time.Since(begin) < durableTime {
				if e := c.r.record(); e != nil {
					mu.Lock()
					defer mu.Unlock()
					err = e
					return
				}
				n++
			}
		})
	}
	wg.Wait()
	if err != nil {
		return 0, 0, err
	}
	if lost, err = c.r.settle(); err != nil {
		return 0, 0, err
	}
	return (float64(total.Load()) - float64(lost)) / time.Since(begin).Seconds(), lost, nil
}

// durable is the service.
type durable struct {
	s    *service.Service
	r    eventlog.Reporter
	next atomic.Int64
}

func openDurable(folder string) (recorder, error) {
	s, r, err := openService(folder, &service.Options{MaxSize: 64 << 20})
	if err != nil {
		return nil, err
	}
	return &durable{s: s, r: r}, nil
}

func (d *durable) record() error {
	_, err := d.r.Report(context.Background(), benchEvent(int(d.next.Add(1))))
	return err
}

func (d *durable) settle() (int, error) { return 0, nil }
func (d *durable) close() error         { return d.s.Close() }
