package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"time"

	"netelf.example/api"
	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/internal/results"
	"netelf.example/internal/watch"
	"netelf.example/scan"
	"netelf.example/service"
)

// manyServers is how many servers the HTTP API asks for a result; together they have
// resultEvents.
const manyServers = 4

// benchMany asks four servers by the HTTP API: how long the newest 200 events take
// while everything is still being counted, and the counts themselves.
func benchMany(w io.Writer, work string) (err error) {
	var targets []server.Target
	var watched []scan.Target
	for i := range manyServers {
		name := fmt.Sprint("server", i)
		s, r, err := openService(filepath.Join(work, name), &service.Options{Server: name, Sync: service.SyncNone, MaxSize: 1 << 30, Brief: true})
		if err != nil {
			return err
		}
		defer s.Close()
		batch := make([]*eventlog.Event, 1000)
		begin := time.Now().Add(-resultEvents * time.Second)
		for n := 0; n < resultEvents/manyServers; n += len(batch) {
			for k := range batch {
				batch[k] = benchEvent(n + k)
				batch[k].TimeGenerated = begin.Add(time.Duration(n+k) * manyServers * time.Second)
			}
			if _, err := r.Report(context.Background(), batch...); err != nil {
				return err
			}
		}
		t := server.Target{Name: name, Kind: "even", Scan: func([]string) scan.Target {
			return scan.Target{Name: name, Logs: []string{logName}, Open: func(context.Context) (eventlog.Server, error) { return s.As(administrator), nil }}
		}}
		targets, watched = append(targets, t), append(watched, t.Scan(nil))
	}
	fleet, err := watch.New(watched, &watch.Options{Every: 24 * time.Hour})
	if err != nil {
		return err
	}
	defer fleet.Close()
	store := results.NewStore(&results.Options{Dir: work})
	defer store.Close()
	many, err := server.NewMany(server.ManyOptions{Results: store, Fleet: fleet, Targets: targets, Alone: true})
	if err != nil {
		return err
	}
	defer many.Close()
	h := httptest.NewServer(server.New(server.Options{Many: many, Caller: func(*http.Request) (eventlog.Caller, error) { return administrator, nil }}))
	defer h.Close()

	var first, bars, counted []float64
	for range *runs {
		begin := time.Now()
		var p api.Progress
		if err := ask(h.URL+"/v1/results", []byte("{}"), &p); err != nil {
			return err
		}
		at := h.URL + "/v1/results/" + p.ID
		for have, drawn := false, false; !have || !drawn || !p.Done; {
			var rows api.Rows
			if !have {
				if err := ask(at+"/rows?limit=200", nil, &rows); err != nil {
					return err
				}
				if have = len(rows.Rows) == 200 && len(rows.Pending) == 0; have {
					first = append(first, time.Since(begin).Seconds())
				}
			}
			var x api.Histogram
			if !drawn {
				if err := ask(at+"/histogram?slots=200", nil, &x); err != nil {
					return err
				}
				for _, c := range x.Counts {
					drawn = drawn || c != api.ByLevel{}
				}
				if drawn {
					bars = append(bars, time.Since(begin).Seconds())
				}
			}
			if err := ask(at, nil, &p); err != nil {
				return err
			}
		}
		var facets api.Facets
		var exact api.Histogram
		if err := ask(at+"/histogram?slots=200", nil, &exact); err != nil {
			return err
		}
		if err := ask(at+"/facets?fields=source,id,level,server,log,user,computer,type,category", nil, &facets); err != nil {
			return err
		}
		if !exact.Exact || facets.Of != resultEvents {
			return fmt.Errorf("%d events were counted, want %d", facets.Of, resultEvents)
		}
		counted = append(counted, time.Since(begin).Seconds())
	}
	fmt.Fprintf(w, "\na result of %d events of %d servers, by the HTTP API; median of %d rounds\n", resultEvents, manyServers, *runs)
	counting{median(first), median(bars), median(counted)}.judge(w, "the newest 200 events of all, final")
	return nil
}

// ask gets JSON, or posts some for it.
func ask(url string, body []byte, out any) error {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
