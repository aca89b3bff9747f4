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
	"strings"
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
	s, direct, give, err := openServed(work)
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
		Handler:     server.New(give),
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
	reads, err := readRates(ctx, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %-47s %12.0f events/s   best %.0f\n", "reading back, all fields, through the socket", median(reads), slices.Max(reads))
	return nil
}

// openServed opens a service that is not synced, with a source, and what hands it out
// over HTTP.
func openServed(work string) (*service.Service, eventlog.Reporter, server.Options, error) {
	s, r, err := openService(filepath.Join(work, "data"), &service.Options{Sync: service.SyncNone, MaxSize: 64 << 20, Brief: true})
	return s, r, server.Options{
		Caller: server.CallerOf,
		For:    func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
	}, err
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

// readRates reads the log whole as often as is asked, and says how many events a second
// that were.
func readRates(ctx context.Context, srv eventlog.Server) (rates []float64, err error) {
	for range *runs {
		rate, err := readThrough(ctx, srv)
		if err != nil {
			return nil, err
		}
		rates = append(rates, rate)
	}
	return rates, nil
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
		err := cur.Next(ctx, &e)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		n++
	}
	if n == 0 || !strings.HasPrefix(e.Source, "quarry") {
		return 0, fmt.Errorf("read %d events, the last of source %q", n, e.Source)
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}
