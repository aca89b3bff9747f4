package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/api"
	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/internal/certs"
	"netelf.example/internal/users"
)

// benchHTTP reads through the HTTP API over TLS, and has a hundred clients follow
// 5,000 events a second: each gets all, or is told how many it does not get. Both ends
// are in this process, on the processors that there are.
func benchHTTP(w io.Writer, work string) (err error) {
	s, direct, give, err := openServed(work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	store, err := users.Open(filepath.Join(work, "users.json"), nil)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := store.Add(ctx, users.NewUser{Name: "fred", Password: "Yabba Dabba", Groups: []users.Group{users.Administrators}}); err != nil {
		return err
	}
	give.Accounts = server.NewAccounts(server.AccountsOptions{Users: store, Audit: func(context.Context, eventlog.Caller, server.Act) error { return nil }})
	hs := httptest.NewTLSServer(server.New(give).Network())
	defer hs.Close()
	client, err := api.HTTPS(strings.TrimPrefix(hs.URL, "https://"), &api.HTTPSOptions{
		Name: ".", Fingerprint: certs.Of(hs.Certificate().Raw).String(),
		Login: func(context.Context) (api.Credentials, error) {
			return api.Credentials{User: "fred", Password: "Yabba Dabba"}, nil
		},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	begin := time.Now()
	if _, err := client.About(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nHTTP over TLS\n  %-47s %12.0f ms\n", "logging in, by argon2id", time.Since(begin).Seconds()*1000)
	begin = time.Now()
	const asks = 500
	for range asks {
		if _, err := client.About(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "  %-47s %12.0f requests/s\n", "who am I, one after the other", asks/time.Since(begin).Seconds())
	if err := benchFollowers(ctx, w, client, direct); err != nil {
		return err
	}
	if _, err := reportRate(ctx, direct, 8, 100); err != nil { // so that there is enough to read
		return err
	}
	reads, err := readRates(ctx, client)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %-47s %12.0f events/s\n", "reading back, all fields", median(reads))
	return nil
}

// benchFollowers has a hundred clients follow for five seconds.
func benchFollowers(ctx context.Context, w io.Writer, client *api.Client, r eventlog.Reporter) error {
	const followers, rate, seconds = 100, 5000, 5
	l, err := client.OpenLog(ctx, logName)
	if err != nil {
		return err
	}
	var got, lost atomic.Uint64
	var wg sync.WaitGroup
	failed := make(chan error, followers)
	var last atomic.Uint64
	done := make(chan struct{})
	for range followers {
		cur, err := eventlog.Follow(ctx, l, new(eventlog.Selection))
		if err != nil {
			return err
		}
		wg.Go(func() {
			defer cur.Close()
			var e eventlog.Event
			for next := uint64(0); ; {
				err := cur.Next(ctx, &e)
				at := e.RecordNumber
				if loss, ok := eventlog.AsLoss(err); ok {
					n, _ := loss.Count()
					lost.Add(n)
					at = loss.Last
				} else if err != nil {
					failed <- err
					return
				} else if got.Add(1); next != 0 && at != next {
					failed <- fmt.Errorf("record %d where %d comes next, and nothing was said", at, next)
					return
				}
				next = at + 1
				select {
				case <-done:
					if at >= last.Load() {
						return
					}
				default:
				}
			}
		})
	}
	begin := time.Now()
	for i := range rate * seconds / 50 {
		events := make([]*eventlog.Event, 50)
		for k := range events {
			events[k] = benchEvent(k)
		}
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second * 50 / rate)))
		n, err := r.Report(ctx, events...)
		if err != nil {
			return err
		}
		last.Store(n)
	}
	reported := time.Since(begin)
	close(done)
	n, err := r.Report(ctx, benchEvent(0)) // which everybody waits for
	if err != nil {
		return err
	}
	last.Store(n)
	wg.Wait()
	late := time.Since(begin) - reported
	select {
	case err := <-failed:
		return err
	default:
	}
	fmt.Fprintf(w, "  %-47s %12.0f events/s   %d told to be lost, all there %v behind the last\n",
		fmt.Sprintf("%d clients follow %d events/s for %d s", followers, rate, seconds),
		float64(got.Load())/time.Since(begin).Seconds(), lost.Load(), late.Round(time.Millisecond))
	return nil
}
