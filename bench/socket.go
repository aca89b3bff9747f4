package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/api"
	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/service"
)

// benchSocket reports through the service's socket, beside the same reports to the
// service itself, and reads back through it. Both ends are in this process, on the
// processors that there are.
func benchSocket(w io.Writer, work string) (err error) {
	s, direct, err := openService(filepath.Join(work, "data"), &service.Options{Sync: service.SyncNone, MaxSize: 64 << 20, Brief: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	socket := filepath.Join(work, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	h := &http.Server{
		Handler: server.New(server.Options{
			Caller: server.CallerOf,
			For:    func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
		}),
		ConnContext: server.ConnContext(func(server.Peer) eventlog.Caller { return administrator }),
	}
	go h.Serve(server.Peers(l, slog.New(slog.DiscardHandler))) // it ends with Close
	defer h.Close()
	c := api.Unix(socket, ".")
	defer c.Close()
	ctx := context.Background()
	remote, err := eventlog.RegisterSource(ctx, c, "quarry")
	if err != nil {
		return err
	}

	type line struct {
		name           string
		r              eventlog.Reporter
		reporters, per int
		rates          []float64
	}
	var lines []*line
	for _, n := range []struct{ reporters, per int }{{1, 1}, {8, 1}, {64, 1}, {1, 100}, {8, 100}} {
		lines = append(lines,
			&line{"service", direct, n.reporters, n.per, nil},
			&line{"through the socket", remote, n.reporters, n.per, nil})
	}
	for range *runs {
		for _, l := range lines {
			rate, err := reportRate(ctx, l.r, l.reporters, l.per)
			if err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			l.rates = append(l.rates, rate)
		}
	}
	fmt.Fprintf(w, "\nnot synced, through the socket; median of %d rounds\n", *runs)
	for i, l := range lines {
		ratio := ""
		if i%2 == 1 {
			ratio = fmt.Sprintf("   %.2f of the service itself", median(l.rates)/median(lines[i-1].rates))
		}
		fmt.Fprintf(w, "  %2d reporters, %3d a report, %-20s %12.0f events/s%s\n", l.reporters, l.per, l.name, median(l.rates), ratio)
	}
	var reads []float64
	for range *runs {
		rate, err := readThrough(ctx, c)
		if err != nil {
			return err
		}
		reads = append(reads, rate)
	}
	fmt.Fprintf(w, "  %-47s %12.0f events/s   best %.0f\n", "reading back, all fields, through the socket", median(reads), slices.Max(reads))
	return nil
}

// reportRate is how many events a second so many reporters get rid of.
func reportRate(ctx context.Context, r eventlog.Reporter, reporters, per int) (float64, error) {
	var wg sync.WaitGroup
	var n atomic.Int64
	failed := make(chan error, reporters)
	begin := time.Now()
	for range reporters {
		wg.Go(func() {
			events := make([]*eventlog.Event, per)
			for i := range events {
				events[i] = benchEvent(i)
			}
			for time.Since(begin) < 300*time.Millisecond {
				if _, err := r.Report(ctx, events...); err != nil {
					failed <- err
					return
				}
				n.Add(int64(per))
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return float64(n.Load()) / time.Since(begin).Seconds(), nil
}

// readThrough reads the log whole.
func readThrough(ctx context.Context, srv eventlog.Server) (rate float64, err error) {
	l, err := srv.OpenLog(ctx, logName)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	cur, err := l.Read(ctx, &eventlog.Selection{})
	if err != nil {
		return 0, err
	}
	defer cur.Close()
	begin, n := time.Now(), 0
	var e eventlog.Event
	for {
		switch err := cur.Next(ctx, &e); err {
		case nil:
			n++
		case io.EOF:
			return float64(n) / time.Since(begin).Seconds(), nil
		default:
			return 0, err
		}
	}
}
