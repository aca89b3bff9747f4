package web

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	serve    = flag.String("web.serve", "", "answer for the page and a made-up API on this address, until the test is ended")
	fakeRows = flag.Int("web.rows", 5_000_000, "events of a result of the made-up API")
)

// TestServeFake is a page to look at, with an API that makes its events up.
func TestServeFake(t *testing.T) {
	if *serve == "" {
		t.Skip("for a look at the page: go test ./web -run TestServeFake -timeout 0 -web.serve 127.0.0.1:8123")
	}
	t.Fatal(http.ListenAndServe(*serve, newFake(*fakeRows)))
}

// fake answers the API as the page asks it, for a result of any size: everything
// about a row follows from its rank.
type fake struct {
	mux   *http.ServeMux
	total int
	now   time.Time

	mu    sync.Mutex
	views map[string]map[string]any
}

func newFake(rows int) *fake {
	f := &fake{mux: http.NewServeMux(), total: rows, now: time.Now().UTC().Truncate(time.Second), views: map[string]map[string]any{}}
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // whoever left needs nothing more
	}
	f.mux.Handle("/", Handler())
	f.mux.HandleFunc("GET /v1/about", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"version": "test", "time": f.now, "caller": map[string]any{"name": "fred", "sids": []string{}, "administrator": true}})
	})
	f.mux.HandleFunc("GET /v1/servers", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("after") {
			select {
			case <-r.Context().Done():
			case <-time.After(20 * time.Second):
			}
		}
		answer(w, map[string]any{"version": 1, "every_seconds": 300, "servers": f.servers()})
	})
	progress := func() map[string]any {
		var servers []map[string]any
		for _, s := range fakeServers {
			servers = append(servers, map[string]any{"name": s, "state": "ok", "matched": f.total / 4, "examined": f.total, "done": true})
		}
		servers = append(servers, map[string]any{"name": "dino", "state": "unreachable", "error": "connection refused", "done": true})
		return map[string]any{"id": "r1", "version": 1, "done": true, "total": f.total, "examined": f.total * 4, "servers": servers}
	}
	f.mux.HandleFunc("POST /v1/results", func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Query string }
		_ = json.NewDecoder(r.Body).Decode(&asked) // an empty query is one too
		if i := strings.Index(asked.Query, "levle"); i >= 0 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"status": 400, "code": "query", "detail": "there is no field levle; did you mean level?", "offset": i, "length": 5})
			return
		}
		answer(w, progress())
	})
	f.mux.HandleFunc("GET /v1/results/r1", func(w http.ResponseWriter, r *http.Request) { answer(w, progress()) })
	f.mux.HandleFunc("DELETE /v1/results/r1", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	f.mux.HandleFunc("GET /v1/results/r1/rows", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		first, _ := strconv.Atoi(q.Get("first"))
		limit, _ := strconv.Atoi(q.Get("limit"))
		if around := q.Get("around"); around != "" {
			first, _ = strconv.Atoi(strings.TrimPrefix(around, "k"))
			limit = 1
		}
		rows := []map[string]any{}
		for i := first; i < min(first+limit, f.total); i++ {
			e := f.event(i)
			rows = append(rows, map[string]any{"rank": i, "key": "k" + strconv.Itoa(i), "server": e["server"], "log": e["log"], "event": e})
		}
		answer(w, map[string]any{"version": 1, "total": f.total, "done": true, "pending": []string{}, "first": first, "rows": rows})
	})
	f.mux.HandleFunc("GET /v1/results/r1/histogram", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("slots"))
		n = max(1, min(n, 1000))
		rnd := rand.New(rand.NewPCG(1, 2))
		counts := make([][6]int, n)
		for i := range counts {
			counts[i] = [6]int{0, rnd.IntN(3), rnd.IntN(200), rnd.IntN(400), rnd.IntN(5000), rnd.IntN(100)}
		}
		answer(w, map[string]any{"version": 1, "done": true, "since": f.now.Add(-8 * time.Hour), "until": f.now, "step_ms": 8 * 3600e3 / n, "counts": counts})
	})
	f.mux.HandleFunc("GET /v1/results/r1/facets", func(w http.ResponseWriter, r *http.Request) {
		var facets []map[string]any
		for field := range strings.SplitSeq(r.URL.Query().Get("fields"), ",") {
			facets = append(facets, map[string]any{"field": field, "exact": true, "distinct": 4, "other": 17,
				"values": []map[string]any{{"value": "Service Control Manager", "count": 120034}, {"value": "dcom", "count": 312}, {"value": "W32Time", "count": 9}}})
		}
		answer(w, map[string]any{"version": 1, "done": true, "of": f.total, "facets": facets})
	})
	f.mux.HandleFunc("GET /v1/servers/{server}/logs/{log}/records/{record}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("record"))
		e := f.event(f.total - n)
		answer(w, map[string]any{"event": e, "xml": "<Event>\n  <System/>\n</Event>", "previous": n - 1, "next": n + 1,
			"hex": map[string]any{"bytes": "TGZMZQEAAAACAAAA", "fields": []map[string]any{{"offset": 0, "length": 4, "path": "Reserved", "value": "LfLe"}, {"offset": 4, "length": 4, "path": "RecordNumber", "value": "1"}, {"offset": 8, "length": 4, "path": "TimeGenerated", "value": "2"}}}})
	})
	f.mux.HandleFunc("POST /v1/query", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"canonical": "", "completions": []map[string]any{{"text": "level:", "detail": "how bad it is", "from": 0, "to": 0}, {"text": "source:", "detail": "who reported it", "from": 0, "to": 0}}})
	})
	f.mux.HandleFunc("GET /v1/views", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		all := []map[string]any{{"name": "lockouts", "title": "Lockouts", "query": "id:4740,644", "logs": []string{"Security"}, "builtin": true}}
		for _, v := range f.views {
			all = append(all, v)
		}
		answer(w, map[string]any{"views": all})
	})
	f.mux.HandleFunc("PUT /v1/views/{name}", func(w http.ResponseWriter, r *http.Request) {
		v := map[string]any{"name": r.PathValue("name")}
		_ = json.NewDecoder(r.Body).Decode(&v) // it is the page's own
		f.mu.Lock()
		defer f.mu.Unlock()
		f.views[r.PathValue("name")] = v
		answer(w, v)
	})
	f.mux.HandleFunc("GET /v1/logs", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"logs": []map[string]any{{"name": "System", "oldest": 1, "next": 1234, "size": 524288, "max_size": 1 << 20, "retention": 604800, "can": []string{"set", "clear", "backup"}}}})
	})
	f.mux.HandleFunc("GET /v1/sources", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"sources": []map[string]any{{"name": "Crusher", "log": "System"}}})
	})
	f.mux.HandleFunc("GET /v1/tail", f.tail)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

var (
	fakeServers = []string{"barney", "betty", "fred", "wilma"}
	fakeTypes   = []string{"information", "information", "information", "warning", "error", "audit success", "audit failure"}
	fakeLevels  = []string{"information", "information", "information", "warning", "error", "log always", "log always"}
)

// hostile is what an attacker puts into an event.
const hostile = "<script>window.caught = 1</script><img src=x onerror=alert(1)> \x1b[31mred\x1b[0m \u202egnp.exe\u202c end"

func (f *fake) event(rank int) map[string]any {
	k := (rank * 7919) % len(fakeTypes)
	text := fmt.Sprintf("The belt %d of the quarry stopped for %d seconds.", rank%17, rank%61)
	if rank%10 == 3 {
		text = hostile
	}
	at := f.now.Add(-time.Duration(rank) * 8 * time.Hour / time.Duration(max(f.total, 1)))
	return map[string]any{
		"server": fakeServers[rank%4], "log": []string{"System", "Application", "Security"}[rank%3], "record": f.total - rank,
		"time": at, "time_written": at, "id": 7000 + rank%40, "event_id": 7000 + rank%40, "type": fakeTypes[k], "level": fakeLevels[k],
		"category": 0, "source": "Service Control Manager", "computer": "bedrock", "strings": []string{"belt", strconv.Itoa(rank)}, "message": text, "message_by": "catalogue",
	}
}

func (f *fake) servers() []map[string]any {
	var all []map[string]any
	for i, s := range fakeServers {
		hours := make([][6]int, 24)
		for h := range hours {
			hours[h] = [6]int{0, 0, (h*i + h) % 5, h % 3, 100, 0}
		}
		all = append(all, map[string]any{"name": s, "groups": []string{"quarry"}, "kind": "even", "state": "ok", "checked": f.now, "last_event": f.now, "skew_ms": 120,
			"hours": map[string]any{"start": f.now.Add(-24 * time.Hour), "counts": hours},
			"logs":  []map[string]any{{"name": "System", "size": 500000, "max_size": 1 << 20, "oldest_time": f.now.Add(-90 * time.Hour), "newest_time": f.now}}})
	}
	return append(all,
		map[string]any{"name": "dino", "kind": "even", "state": "unreachable", "error": "dial tcp 127.0.0.1:1: connection refused", "checked": f.now},
		map[string]any{"name": "hoppy", "kind": "even", "state": "refused", "error": "the password of fred is wrong", "checked": f.now, "refused": true})
}

// tail sends 5,000 events a second, in batches of a tenth of one.
func (f *fake) tail(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			var rows []map[string]any
			for range 500 {
				e := f.event(n % max(f.total, 1))
				e["time"], e["record"] = time.Now().UTC(), n
				rows = append(rows, e)
				n++
			}
			b, _ := json.Marshal(map[string]any{"rows": rows, "dropped": 0})
			fmt.Fprintf(w, "id: %d\nevent: rows\ndata: %s\n\n", n, b)
			if http.NewResponseController(w).Flush() != nil {
				return
			}
		}
	}
}
