package service

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/journal"
	"netelf.example/internal/logtest"
)

// BenchmarkReport is how many events a second are answered, by the number of
// reporters at the same time and of events in a report. Beside the durable ones
// stands what a bare loop of append and data sync does on the same disk with as
// many bytes at a time.
func BenchmarkReport(b *testing.B) {
	for _, mode := range []struct {
		name string
		sync Sync
	}{{"durable", SyncAlways}, {"unsynced", SyncNone}} {
		for _, reporters := range []int{1, 8, 64} {
			for _, batch := range []int{1, 100} {
				b.Run(fmt.Sprintf("%s/%d reporters/%d a report", mode.name, reporters, batch), func(b *testing.B) {
					benchmarkReport(b, mode.sync, reporters, batch)
				})
			}
		}
	}
}

func benchmarkReport(b *testing.B, mode Sync, reporters, batch int) {
	s, err := Open(b.TempDir(), &Options{Sync: mode, MaxSize: 256 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	events := make([]*eventlog.Event, batch)
	for i := range events {
		events[i] = logtest.Realistic(i)
		events[i].Source = "quarry"
	}
	r, err := eventlog.RegisterSource(context.Background(), s.As(asUser), "quarry")
	if err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	begin := time.Now()
	for n := range reporters {
		wg.Go(func() {
			for i := n; i < b.N; i += reporters {
				if _, err := r.Report(context.Background(), events...); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N*batch)/time.Since(begin).Seconds(), "events/s")
}

// BenchmarkBareSync is the bare loop: groups of so many records of 300 bytes.
func BenchmarkBareSync(b *testing.B) {
	for _, group := range []int{1, 8, 64, 100, 800, 6400} {
		b.Run(fmt.Sprintf("%d records", group), func(b *testing.B) {
			f, err := journal.OpenStorage(filepath.Join(b.TempDir(), "bare"), os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			data := make([]byte, 300*group)
			var off int64
			for b.Loop() {
				if _, err := f.WriteAt(data, off); err != nil {
					b.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					b.Fatal(err)
				}
				if off += int64(len(data)); off > 256<<20 {
					off = 0
				}
			}
			b.ReportMetric(float64(b.N*group)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
