package webtest

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/web"
)

// Password is what the user fred logs in with.
const Password = "yabba dabba"

// maxBody bounds what is read of a request.
const maxBody = 1 << 20

// wait is how long a question for a newer version waits.
const wait = 20 * time.Second

// Knobs are what a test can set.
type Knobs struct {
	Rows        int    `json:"rows"`         // events of a result
	Stranger    bool   `json:"stranger"`     // nobody is logged in
	Provider    string `json:"provider"`     // of OpenID Connect, who lets people in; empty: nobody does
	Calm        bool   `json:"calm"`         // no event is hostile
	Plain       bool   `json:"plain"`        // the caller is no administrator
	Outsider    bool   `json:"outsider"`     // the caller may not look at servers
	TailStopped bool   `json:"tail_stopped"` // no more events come
	Unwell      bool   `json:"unwell"`       // every answer is 503
	More        int    `json:"more"`         // servers besides
}

// Request is one that changes something.
type Request struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// Seen is what was asked of the API.
type Seen struct {
	Requests        []Request `json:"requests"`
	Open            []string  `json:"open"` // results
	TailSent        int       `json:"tail_sent"`
	TailDropped     int       `json:"tail_dropped"`
	Tails           int       `json:"tails"` // that are open
	Exports         int       `json:"exports"`
	ExportsCanceled int       `json:"exports_canceled"`
	ExportsWhole    int       `json:"exports_whole"`
}

// Fake is the API and the page.
type Fake struct {
	mux  *http.ServeMux
	now  time.Time
	calm atomic.Bool // as the knob says

	mu       sync.Mutex // guards what follows
	knobs    Knobs
	seen     Seen
	results  map[string]*result
	made     int
	views    map[string]map[string]any
	servers  int           // version of their states
	asked    time.Time     // when dino was asked last
	changed  chan struct{} // closed when a version changes
	logNames []string
}

// New makes a page whose results have a number of events. Its clock stands at now.
func New(rows int, now time.Time) *Fake {
	f := &Fake{
		mux: http.NewServeMux(), now: now.UTC().Truncate(time.Second), knobs: Knobs{Rows: rows},
		results: map[string]*result{}, views: map[string]map[string]any{}, servers: 1, changed: make(chan struct{}),
		logNames: []string{"System", "Application", "Security"},
	}
	f.asked = f.now
	f.mux.Handle("/", web.Handler())
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /fake": f.look, "PUT /fake": f.set, "POST /fake/grow": f.grow,
		"GET /v1/about": f.about, "GET /v1/login": f.ways, "GET /v1/session/oidc": f.byProvider, "POST /v1/session": f.logIn, "DELETE /v1/session": f.logOut,
		"GET /v1/servers": f.listServers, "POST /v1/servers/{server}/refresh": f.refresh, "POST /v1/servers/{server}/credential": f.noted,
		"GET /v1/servers/{server}/logs/{log}/records/{record}": f.record,
		"POST /v1/results":               f.create,
		"GET /v1/results/{id}":           f.progress,
		"DELETE /v1/results/{id}":        f.remove,
		"GET /v1/results/{id}/rows":      f.rows,
		"GET /v1/results/{id}/histogram": f.histogram,
		"GET /v1/results/{id}/facets":    f.facets,
		"GET /v1/results/{id}/export":    f.export,
		"POST /v1/query":                 f.query,
		"GET /v1/views":                  f.listViews, "PUT /v1/views/{name}": f.keepView, "DELETE /v1/views/{name}": f.dropView,
		"GET /v1/logs": f.logs, "POST /v1/logs": f.newLog, "PATCH /v1/logs/{log}": f.noted, "POST /v1/logs/{log}/clear": f.noted,
		"GET /v1/logs/{log}/copy": f.copyLog, "GET /v1/sources": f.sources,
		"POST /v1/files": f.file, "GET /v1/tail": f.tail,
	} {
		f.mux.HandleFunc(pattern, h)
	}
	return f
}

func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		f.mu.Lock()
		k := f.knobs
		if r.Method != http.MethodGet {
			f.seen.Requests = append(f.seen.Requests, Request{Method: r.Method, Path: r.URL.RequestURI(), Body: f.body(r)})
		}
		f.mu.Unlock()
		switch {
		case k.Unwell:
			refuse(w, http.StatusServiceUnavailable, "", "the quarry is closed", nil)
			return
		case k.Stranger && !slices.Contains([]string{"/v1/login", "/v1/session", "/v1/session/oidc"}, r.URL.Path):
			refuse(w, http.StatusUnauthorized, "unknown-caller", "log in, or send a token that is good", nil)
			return
		case k.Outsider && !slices.ContainsFunc([]string{"/v1/about", "/v1/login", "/v1/session", "/v1/logs", "/v1/sources"}, func(own string) bool { return strings.HasPrefix(r.URL.Path, own) }):
			refuse(w, http.StatusForbidden, "access-denied", "other servers are for administrators and event log readers", nil)
			return
		}
	}
	f.mux.ServeHTTP(w, r)
}

// body is a request's body as JSON, if it is; the handler reads it again. f.mu is held.
func (f *Fake) body(r *http.Request) json.RawMessage {
	b, _ := io.ReadAll(io.LimitReader(r.Body, maxBody)) // who breaks off is answered by nobody
	r.Body = io.NopCloser(strings.NewReader(string(b)))
	if !json.Valid(b) {
		return nil
	}
	return b
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever left needs nothing more
}

// refuse answers a problem, as api/server does.
func refuse(w http.ResponseWriter, status int, code, detail string, more map[string]any) {
	p := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail}
	for k, v := range more {
		p[k] = v
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p) // whoever left needs nothing more
}

// read is the JSON of a request, which is the page's own: what is none is empty.
func read[T any](r *http.Request) (v T) {
	_ = json.NewDecoder(r.Body).Decode(&v)
	return v
}

// change tells all who wait that there is something newer. f.mu is held.
func (f *Fake) change() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// await waits until version, which is asked under f.mu, is another than what the
// request has seen.
func (f *Fake) await(r *http.Request, version func() int) {
	after, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		f.mu.Lock()
		now, changed := version(), f.changed
		f.mu.Unlock()
		if now > after {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-timer.C:
			return
		case <-changed:
		}
	}
}

func (f *Fake) look(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seen
	s.Open = []string{}
	for id := range f.results {
		s.Open = append(s.Open, id)
	}
	slices.Sort(s.Open)
	answer(w, s)
}

// set changes the knobs that are named.
func (f *Fake) set(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := json.NewDecoder(r.Body).Decode(&f.knobs); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.calm.Store(f.knobs.Calm)
	f.change()
}

// grow lets the results that grow have some more events before all that they have,
// or come to their end.
func (f *Fake) grow(_ http.ResponseWriter, r *http.Request) {
	by := read[struct {
		Rows int  `json:"rows"`
		Done bool `json:"done"`
	}](r)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.results {
		if !x.done {
			x.before += by.Rows
			x.version++
			x.done = by.Done
		}
	}
	f.change()
}

func (f *Fake) about(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer(w, map[string]any{"version": "test", "computer": "BEDROCK", "time": f.now, "zone": "Asia/Kathmandu",
		"caller": map[string]any{"name": `BEDROCK\fred`, "sids": []string{}, "administrator": !f.knobs.Plain}})
}

func (f *Fake) ways(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ways := map[string]any{"password": true, "oidc": nil}
	if f.knobs.Provider != "" {
		ways["oidc"] = map[string]any{"name": f.knobs.Provider}
	}
	answer(w, ways)
}

// byProvider lets everybody in, as a provider does at which somebody is logged in.
func (f *Fake) byProvider(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.knobs.Stranger = false
	http.Redirect(w, r, r.URL.Query().Get("return"), http.StatusSeeOther)
}

func (f *Fake) logIn(w http.ResponseWriter, r *http.Request) {
	in := read[struct{ User, Password string }](r)
	f.mu.Lock()
	defer f.mu.Unlock()
	if in.User != "fred" || in.Password != Password {
		refuse(w, http.StatusUnauthorized, "logon-refused", "wrong user name or password", nil)
		return
	}
	f.knobs.Stranger = false
	answer(w, map[string]any{"caller": map[string]any{"name": in.User}})
}

func (f *Fake) logOut(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.knobs.Stranger = true
	w.WriteHeader(http.StatusNoContent)
}

// noted is for requests that change nothing here: they were seen.
func (f *Fake) noted(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func (f *Fake) listViews(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []map[string]any{{"name": "lockouts", "title": "Lockouts", "query": "id:4740,644", "logs": []string{"Security"}, "builtin": true}}
	for _, v := range f.views {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b map[string]any) int { return cmp.Compare(a["name"].(string), b["name"].(string)) })
	answer(w, map[string]any{"views": all})
}

func (f *Fake) keepView(w http.ResponseWriter, r *http.Request) {
	v := read[map[string]any](r)
	v["name"] = r.PathValue("name")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.views[r.PathValue("name")] = v
	answer(w, v)
}

func (f *Fake) dropView(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.views, r.PathValue("name"))
	w.WriteHeader(http.StatusNoContent)
}
