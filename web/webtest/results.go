package webtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// result is one that is asked for; f.mu guards it.
type result struct {
	id, query string
	rows      int // that it began with
	before    int // that came since, all of them newer
	version   int
	done      bool
}

func (x *result) total() int { return x.rows + x.before }

func (f *Fake) create(w http.ResponseWriter, r *http.Request) {
	in := read[struct{ Query string }](r)
	if e := wrong(in.Query); e != nil {
		refuse(w, http.StatusBadRequest, "query", e["message"].(string), e)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made++
	x := &result{id: "r" + strconv.Itoa(f.made), query: in.Query, rows: f.knobs.Rows, version: 1, done: true}
	switch {
	case strings.Contains(in.Query, "slowly"):
		x.rows, x.done = min(x.rows, 1000), false
	case strings.Contains(in.Query, "none"):
		x.rows = 0
	}
	f.results[x.id] = x
	w.WriteHeader(http.StatusCreated)
	answer(w, x.progress())
}

// wrong is what is wrong with a query.
func wrong(query string) map[string]any {
	if i := strings.Index(query, "levle"); i >= 0 {
		return map[string]any{"message": "there is no field levle; did you mean level?", "offset": i, "length": 5}
	}
	return nil
}

func (x *result) progress() map[string]any {
	var servers []map[string]any
	for i, s := range names {
		servers = append(servers, map[string]any{"name": s, "state": "ok", "matched": x.total() / 4, "examined": x.total(), "done": x.done || i > 0})
	}
	servers = append(servers, map[string]any{"name": "dino", "state": "unreachable", "error": "connection refused", "matched": 0, "examined": 0, "done": true})
	return map[string]any{"id": x.id, "version": x.version, "done": x.done, "total": x.total(), "examined": x.total() * 4, "servers": servers}
}

// of finds the result of a request, and answers where there is none. f.mu is held.
func (f *Fake) of(w http.ResponseWriter, r *http.Request) *result {
	x := f.results[r.PathValue("id")]
	if x == nil {
		refuse(w, http.StatusNotFound, "no-result", "this result is over: ask again", nil)
	}
	return x
}

func (f *Fake) progress(w http.ResponseWriter, r *http.Request) {
	f.await(r, func() int {
		if x := f.results[r.PathValue("id")]; x != nil {
			return x.version
		}
		return 1 << 30
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if x := f.of(w, r); x != nil {
		answer(w, x.progress())
	}
}

func (f *Fake) remove(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.results, r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
}

func (f *Fake) rows(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.of(w, r)
	if x == nil {
		return
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(r.URL.Query().Get(name)) // what is none is 0
		return n
	}
	first, limit := number("first"), number("limit")
	if key := r.URL.Query().Get("around"); key != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(key, "k"))
		if err != nil || n+x.before < 0 || n+x.before >= x.total() {
			answer(w, map[string]any{"version": x.version, "total": x.total(), "done": x.done, "pending": []string{}, "first": 0, "rows": []any{}})
			return
		}
		at := n + x.before
		first = max(0, at-number("before"))
		limit = at + number("after") + 1 - first
	}
	rows := []map[string]any{}
	for i := first; i < min(first+min(limit, 1000), x.total()); i++ {
		n := i - x.before
		e := f.event(n)
		row := map[string]any{"rank": i, "key": "k" + strconv.Itoa(n), "server": e["server"], "log": e["log"], "event": e}
		if strings.Contains(x.query, "gone") && i%5 == 2 {
			row["event"], row["gone"] = nil, "the log was cleared since "+Hostile
		}
		rows = append(rows, row)
	}
	pending := []string{}
	if !x.done {
		pending = append(pending, "barney")
	}
	answer(w, map[string]any{"version": x.version, "total": x.total(), "done": x.done, "pending": pending, "first": first, "rows": rows})
}

func (f *Fake) histogram(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.of(w, r)
	if x == nil {
		return
	}
	n, _ := strconv.Atoi(r.URL.Query().Get("slots"))
	n = max(1, min(n, 1000))
	rnd := rand.New(rand.NewPCG(1, 2)) // the same each time
	counts := make([][6]int, n)
	for i := range counts {
		if x.total() == 0 || !x.done && i < n/2 {
			continue
		}
		wave := 1 + i*7%23
		counts[i] = [6]int{rnd.IntN(40 * wave), rnd.IntN(3), rnd.IntN(9 * wave), rnd.IntN(20 * wave), rnd.IntN(200 * wave), rnd.IntN(100)}
	}
	answer(w, map[string]any{"version": x.version, "done": x.done, "since": f.now.Add(-8 * time.Hour), "until": f.now, "step_ms": 8 * 3600e3 / n, "counts": counts})
}

func (f *Fake) facets(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.of(w, r)
	if x == nil {
		return
	}
	value := func(v string, n int) map[string]any { return map[string]any{"value": v, "count": n} }
	known := map[string][]map[string]any{
		"source": {value("Service Control Manager", x.total()/2), value("Crusher", x.total()/3), value("W32Time", x.total()/6)},
		"log":    {value("System", x.total()/2), value("Application", x.total()/3), value("Security", x.total()/6)},
		"type":   {value("information", x.total()/2), value("audit success", x.total()/8), value("warning", x.total()/8), value("audit failure", x.total()/8), value("error", x.total()/8)},
		"server": {value("barney", x.total()/4), value("betty", x.total()/4), value("fred", x.total()/4), value("wilma", x.total()/4)},
		"level":  {value("information", x.total()/2), value("log always", x.total()/4), value("warning", x.total()/8), value("error", x.total()/8)},
		"id":     {value("7000", x.total()/40), value("7001", x.total()/40)},
	}
	if !f.calm.Load() {
		known["source"] = append(known["source"], value(Hostile, 1))
	}
	var facets []map[string]any
	for field := range strings.SplitSeq(r.URL.Query().Get("fields"), ",") {
		values := known[field]
		if values == nil {
			values = []map[string]any{value("bedrock", x.total())}
		}
		facet := map[string]any{"field": field, "exact": field != "user", "distinct": len(values), "other": 0, "values": values}
		if field == "id" {
			facet["distinct"], facet["rare"], facet["other"] = 40, []map[string]any{value("4740", 1)}, x.total()/2
		}
		facets = append(facets, facet)
	}
	answer(w, map[string]any{"version": x.version, "done": x.done, "of": x.total(), "facets": facets})
}

// export streams all events; who goes away ends it.
func (f *Fake) export(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	x := f.of(w, r)
	if x == nil {
		f.mu.Unlock()
		return
	}
	f.seen.Exports++
	total := x.total()
	f.mu.Unlock()
	w.Header().Set("Content-Disposition", `attachment; filename="events.`+r.URL.Query().Get("form")+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	line, _ := json.Marshal(f.event(1)) // a map of strings and numbers
	block := bytes.Repeat(append(line, '\n'), 64)
	whole := true
	for i := 0; i < total && whole; i += 64 {
		_, err := w.Write(block)
		whole = err == nil && r.Context().Err() == nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if whole {
		f.seen.ExportsWhole++
	} else {
		f.seen.ExportsCanceled++
	}
}

// query completes fields; of values nothing is known here.
func (f *Fake) query(w http.ResponseWriter, r *http.Request) {
	in := read[struct {
		Text string
		At   int
	}](r)
	out := map[string]any{"canonical": in.Text, "completions": []any{}}
	if e := wrong(in.Text); e != nil {
		out["error"] = e
	}
	at := max(0, min(in.At, len(in.Text)))
	begin := in.Text[strings.LastIndexAny(in.Text[:at], " (-")+1 : at]
	var all []map[string]any
	for _, field := range []string{"id", "level", "log", "server", "source", "user"} {
		if begin != "" && strings.HasPrefix(field, begin) {
			all = append(all, map[string]any{"text": field + ":", "detail": "field", "from": at - len(begin), "to": at})
		}
	}
	if all != nil {
		out["completions"] = all
	}
	answer(w, out)
}

// file takes what begins as an .evt file does.
func (f *Fake) file(w http.ResponseWriter, r *http.Request) {
	var head [8]byte
	_, _ = r.Body.Read(head[:]) // too little is none
	if !bytes.Contains(head[:], []byte("LfLe")) {
		refuse(w, http.StatusBadRequest, "format", fmt.Sprintf("%s is no event log", r.URL.Query().Get("name")), nil)
		return
	}
	answer(w, map[string]any{"server": "file:1"})
}
