package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/results"
	"netelf.example/internal/users"
	"netelf.example/internal/watch"
	"netelf.example/nt"
	"netelf.example/scan"
	"netelf.example/service"
)

// fleet is a service with four servers beside itself: barney and betty answer, dino is
// dead, and wilma waits until it is let go.
type fleet struct {
	*network
	many   *Many
	own    *service.Service
	events []*eventlog.Event // all that there are on barney and betty, with their Origin
	letGo  chan struct{}
	logons atomic.Int64
	opened atomic.Int64
	views  string
}

var manyTimes = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

// fill makes a data directory with n events in each log.
func (f *fleet) fill(server string, n int) *service.Service {
	f.t.Helper()
	dir := f.t.TempDir()
	for i, log := range []string{"System", "Application", "Security"} {
		file, err := os.Create(filepath.Join(dir, log+".evt"))
		if err != nil {
			f.t.Fatal(err)
		}
		w, err := evt.Create(file, &evt.WriterOptions{})
		if err != nil {
			f.t.Fatal(err)
		}
		for k := range n {
			at := manyTimes.Add(time.Duration(k*len(server)+i) * time.Second)
			e := &eventlog.Event{
				TimeGenerated: at, TimeWritten: at, ID: eventlog.EventID(100 + k%7), Type: []eventlog.Type{eventlog.Error, eventlog.Warning, eventlog.Information}[k%3],
				Source: []string{"Crusher", "Belt"}[k%2], Computer: strings.ToUpper(server), Strings: []string{server, fmt.Sprint(k % 5)},
			}
			if _, err := w.Append(e); err != nil {
				f.t.Fatal(err)
			}
		}
		if err := errors.Join(w.Flush(), file.Close()); err != nil {
			f.t.Fatal(err)
		}
	}
	s, err := service.Open(dir, &service.Options{Server: server})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { closing(f.t, s) })
	for _, log := range defaultLogs { // with what the service itself has written
		l, err := s.As(eventlog.Caller{SIDs: []eventlog.SID{nt.SIDAdministrators}}).OpenLog(f.t.Context(), log)
		if err != nil {
			f.t.Fatal(err)
		}
		for e, err := range eventlog.All(f.t.Context(), l, nil) {
			if err != nil {
				f.t.Fatal(err)
			}
			if server == "barney" || server == "betty" {
				f.events = append(f.events, e)
			}
		}
		closing(f.t, l)
	}
	return s
}

func newFleet(t *testing.T, n int) *fleet {
	f := &fleet{network: &network{t: t}, letGo: make(chan struct{})}
	whole := eventlog.Caller{Name: "netelf", SIDs: []eventlog.SID{nt.SIDAdministrators}}
	as := func(s *service.Service) func(context.Context) (eventlog.Server, error) {
		return func(context.Context) (eventlog.Server, error) { f.opened.Add(1); return s.As(whole), nil }
	}
	barney, betty, wilma := f.fill("barney", n), f.fill("betty", n), f.fill("wilma", 1)
	f.own = f.fill(Own, 3)
	target := func(name, credential string, open func(context.Context) (eventlog.Server, error)) Target {
		return Target{Name: name, Kind: "even", Groups: []string{"quarry"}, Logon: func(string, string) { f.logons.Add(1) }, Scan: func(logs []string) scan.Target {
			return scan.Target{Name: name, Open: open, Logs: logs, Default: defaultLogs, Credential: credential}
		}}
	}
	targets := []Target{
		target("barney", "", as(barney)), target("betty", "", as(betty)),
		target("dino", "bone", func(context.Context) (eventlog.Server, error) {
			return nil, fmt.Errorf("wrong password: %w", os.ErrPermission)
		}),
		target("wilma", "", func(ctx context.Context) (eventlog.Server, error) {
			select {
			case <-f.letGo:
				return wilma.As(whole), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}),
	}
	asking := scan.Options{Credentials: new(scan.Credentials)}
	watched := []scan.Target{{Name: Own, Open: as(f.own)}}
	for i := range targets {
		watched = append(watched, targets[i].Scan(nil))
	}
	w, err := watch.New(watched, &watch.Options{Every: time.Hour, Scan: asking})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, w) })
	store := results.NewStore(&results.Options{Scan: asking, Dir: t.TempDir()})
	t.Cleanup(func() { closing(t, store) })
	f.views = filepath.Join(t.TempDir(), "views.json")
	f.many, err = NewMany(ManyOptions{Results: store, Fleet: w, Every: time.Hour, Targets: targets, Scan: asking, Views: f.views, Files: filepath.Join(t.TempDir(), "files"), MaxFile: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, f.many) })
	f.network = overTLS(t, Options{Many: f.many, For: func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return f.own.As(c), nil }}, AccountsOptions{})
	f.add("fred", "Yabba1", users.Administrators)
	f.add("betty", "Yabba1", users.EventLogReaders)
	f.add("dino", "Yabba1")
	return f
}

// answers asks for JSON.
func answers[T any](b *browser, status int, method, path string, body any) (out T) {
	b.n.t.Helper()
	text := ""
	if body != nil {
		j, err := json.Marshal(body)
		if err != nil {
			b.n.t.Fatal(err)
		}
		text = string(j)
	}
	if err := json.Unmarshal([]byte(b.want(status, "", method, path, text)), &out); err != nil {
		b.n.t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

// ask creates a result and waits for its end.
func (b *browser) result(ask api.Ask) api.Progress {
	b.n.t.Helper()
	p := answers[api.Progress](b, 201, "POST", "/v1/results", ask)
	for !p.Done {
		p = answers[api.Progress](b, 200, "GET", fmt.Sprintf("/v1/results/%s?after=%d", p.ID, p.Version), nil)
	}
	return p
}

// newest are events as a result has them.
func newest(list []*eventlog.Event, keep func(*eventlog.Event) bool) (out []*eventlog.Event) {
	for _, e := range list {
		if keep == nil || keep(e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *eventlog.Event) int {
		if c := b.TimeWritten.Compare(a.TimeWritten); c != 0 {
			return c
		}
		if c := strings.Compare(b.Origin.Server, a.Origin.Server); c != 0 {
			return c
		}
		if c := strings.Compare(b.Origin.Log, a.Origin.Log); c != 0 {
			return c
		}
		return int(b.RecordNumber) - int(a.RecordNumber)
	})
	return out
}

// TestResult compares pages, facets and the histogram with a count by hand.
func TestManyResult(t *testing.T) {
	f := newFleet(t, 300)
	b := f.browser("fred", "Yabba1")
	for _, x := range []struct {
		query string
		keep  func(*eventlog.Event) bool
	}{
		{"", nil},
		{"type:error", func(e *eventlog.Event) bool { return e.Type == eventlog.Error }},
		{"source:belt log:system", func(e *eventlog.Event) bool { return e.Source == "Belt" && e.Origin.Log == "System" }},
		{"id:104 or string.2:3", func(e *eventlog.Event) bool { return e.ID.Code() == 104 || len(e.Strings) > 1 && e.Strings[1] == "3" }},
	} {
		p := b.result(api.Ask{Servers: []string{"barney", "betty"}, Query: x.query})
		want := newest(f.events, x.keep)
		if p.Total != uint64(len(want)) || len(want) == 0 || p.More != "" {
			t.Fatalf("%q: %+v, want %d", x.query, p, len(want))
		}
		if !p.First.Equal(want[len(want)-1].TimeGenerated) || !p.Last.Equal(want[0].TimeGenerated) {
			t.Errorf("%q: from %v to %v", x.query, p.First, p.Last)
		}
		at := 0
		for at < len(want) {
			rows := answers[api.Rows](b, 200, "GET", fmt.Sprintf("/v1/results/%s/rows?first=%d&limit=70", p.ID, at), nil)
			if len(rows.Rows) == 0 || len(rows.Pending) != 0 || !rows.Done {
				t.Fatalf("%q: page at %d: %+v", x.query, at, rows)
			}
			for _, r := range rows.Rows {
				var e struct {
					Server, Log, Source string
					Record              uint64
					ID                  eventlog.EventID `json:"event_id"`
				}
				if err := json.Unmarshal(r.Event, &e); err != nil {
					t.Fatal(err)
				}
				w := want[at]
				if r.Rank != uint64(at) || e.Server != w.Origin.Server || e.Log != w.Origin.Log || e.Record != w.RecordNumber || e.ID != w.ID || e.Source != w.Source || r.Server != e.Server || r.Log != e.Log {
					t.Fatalf("%q: row %d is %s, want %s record %d", x.query, at, r.Event, w.Origin, w.RecordNumber)
				}
				if at == 40 {
					around := answers[api.Rows](b, 200, "GET", "/v1/results/"+p.ID+"/rows?before=3&after=2&around="+r.Key, nil)
					if around.First != 37 || len(around.Rows) != min(6, len(want)-37) || around.Rows[3].Key != r.Key {
						t.Errorf("%q: around %d: %d rows from %d", x.query, at, len(around.Rows), around.First)
					}
				}
				at++
			}
		}
		bars := answers[api.Histogram](b, 200, "GET", "/v1/results/"+p.ID+"/histogram?slots=17", nil)
		byHand := make([]api.ByLevel, 17)
		width := bars.Until.Sub(bars.Since)
		for _, e := range want {
			byHand[int(e.TimeGenerated.Sub(bars.Since)*17/width)][e.Level]++
		}
		if !bars.Exact || !bars.Done || !slices.Equal(bars.Counts, byHand) {
			t.Errorf("%q: bars %v, want %v", x.query, bars.Counts, byHand)
		}
		fields := map[string]func(*eventlog.Event) string{
			"server": func(e *eventlog.Event) string { return e.Origin.Server },
			"log":    func(e *eventlog.Event) string { return e.Origin.Log },
			"source": func(e *eventlog.Event) string { return e.Source },
			"id":     func(e *eventlog.Event) string { return fmt.Sprint(e.ID.Code()) },
			"level":  func(e *eventlog.Event) string { return e.Level.String() },
			"type":   func(e *eventlog.Event) string { return e.Type.String() },
		}
		for name, of := range fields {
			count := map[string]uint64{}
			for _, e := range want {
				count[of(e)]++
			}
			all := answers[api.Facets](b, 200, "GET", "/v1/results/"+p.ID+"/facets?limit=50&fields="+name, nil)
			have := map[string]uint64{}
			for _, v := range all.Facets[0].Values {
				have[v.Value] = v.Count
			}
			if !all.Facets[0].Exact || all.Of != uint64(len(want)) || fmt.Sprint(have) != fmt.Sprint(count) {
				t.Errorf("%q: %s: %v, want %v", x.query, name, have, count)
			}
		}
		for all := (api.Facets{}); !all.Done; {
			all = answers[api.Facets](b, 200, "GET", "/v1/results/"+p.ID+"/facets?fields=data.2,source", nil)
			if all.Done && len(all.Facets[0].Values) == 0 {
				t.Errorf("%q: no values of the second string", x.query)
			}
		}
		// What is asked of a result is in it.
		of := b.result(api.Ask{Of: p.ID, Query: "computer:barney", Servers: []string{"barney"}})
		if n := len(newest(want, func(e *eventlog.Event) bool { return e.Computer == "BARNEY" })); of.Total != uint64(n) {
			t.Errorf("%q: refined %d, want %d", x.query, of.Total, n)
		}
		for form, count := range map[string]func([]byte) int{
			"json": func(b []byte) int { return strings.Count(string(b), "\n") },
			"csv":  func(b []byte) int { return strings.Count(string(b), "\r\n") - 1 },
			"xml":  func(b []byte) int { return strings.Count(string(b), "<Event ") },
			"evt": func(b []byte) int {
				l, err := evt.NewReader(strings.NewReader(string(b)), int64(len(b)), nil)
				if err != nil {
					t.Fatal(err)
				}
				n, last := 0, time.Time{}
				for e, err := range eventlog.All(t.Context(), l, nil) {
					if err != nil || e.TimeWritten.Before(last) {
						t.Fatal(err, e)
					}
					last = e.TimeWritten
					n++
				}
				return n
			},
		} {
			body, h, _ := b.get("/v1/results/" + p.ID + "/export?form=" + form)
			if n := count(body); n != len(want) || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
				t.Errorf("%q: %s has %d events, want %d; %s", x.query, form, n, len(want), h.Get("Content-Disposition"))
			}
		}
		b.want(204, "", "DELETE", "/v1/results/"+p.ID, "")
		b.want(404, "no such result", "GET", "/v1/results/"+p.ID, "")
	}
}

// TestManyTrouble: one server's trouble is its own, and its rows come in later.
func TestManyTrouble(t *testing.T) {
	f := newFleet(t, 20)
	b := f.browser("fred", "Yabba1")
	p := answers[api.Progress](b, 201, "POST", "/v1/results", api.Ask{Query: "computer:barney or computer:betty or computer:wilma"})
	state := func(name string) api.AskedServer {
		return p.Servers[slices.IndexFunc(p.Servers, func(s api.AskedServer) bool { return s.Name == name })]
	}
	for !state("barney").Done || !state("betty").Done || !state("dino").Done || !state(Own).Done {
		p = answers[api.Progress](b, 200, "GET", fmt.Sprintf("/v1/results/%s?after=%d", p.ID, p.Version), nil)
	}
	if s := state("dino"); s.State != "refused" && s.State != "not tried" || !strings.Contains(s.Error, "wrong password") {
		t.Errorf("dino: %+v", s)
	}
	if s := state("barney"); s.State != "ok" || s.Matched != 40 || s.Examined != 41 {
		t.Errorf("barney: %+v", s)
	}
	rows := answers[api.Rows](b, 200, "GET", "/v1/results/"+p.ID+"/rows", nil)
	if rows.Total != 80 || len(rows.Rows) != 80 || rows.Done || !slices.Equal(rows.Pending, []string{"wilma"}) {
		t.Errorf("%d of %d rows, pending %v", len(rows.Rows), rows.Total, rows.Pending)
	}
	if s := state("wilma"); s.Done || s.State != "opening" {
		t.Errorf("wilma: %+v", s)
	}
	close(f.letGo)
	for !p.Done {
		p = answers[api.Progress](b, 200, "GET", fmt.Sprintf("/v1/results/%s?after=%d", p.ID, p.Version), nil)
	}
	if rows = answers[api.Rows](b, 200, "GET", "/v1/results/"+p.ID+"/rows", nil); rows.Total != 82 || len(rows.Pending) != 0 {
		t.Errorf("in the end %d rows, pending %v", rows.Total, rows.Pending)
	}
}

// TestManyRoles is who may do what.
func TestManyRoles(t *testing.T) {
	f := newFleet(t, 3)
	fred, betty, dino := f.browser("fred", "Yabba1"), f.browser("betty", "Yabba1"), f.browser("dino", "Yabba1")
	stranger := &browser{n: f.network}
	p := fred.result(api.Ask{Servers: []string{"barney"}})
	f.told()
	const ok, no, none = 200, 403, 404
	for _, x := range []struct {
		method, path, body string
		fred, betty, dino  int
	}{
		{"GET", "/v1/servers", "", ok, ok, no},
		{"POST", "/v1/servers/barney/refresh", "", 202, 202, no},
		{"POST", "/v1/servers/~/refresh", "", 202, 202, no},
		{"POST", "/v1/servers/slate/refresh", "", none, none, no},
		{"POST", "/v1/servers/barney/credential", `{"user":"slate","password":"Dabba Doo"}`, 204, no, no},
		{"GET", "/v1/servers/~/logs", "", ok, ok, no},
		{"GET", "/v1/servers/barney/logs/System/records/2", "", ok, ok, no},
		{"GET", "/v1/servers/barney/logs/Security/records/2", "", ok, no, no},
		{"GET", "/v1/servers/barney/logs/security/records/2", "", ok, no, no},
		{"GET", "/v1/servers/~/logs/Security/records/2", "", ok, ok, no},
		{"GET", "/v1/servers/barney/logs/System/records/99", "", none, none, no},
		{"GET", "/v1/servers/barney/logs/System/records/2?time=2001-01-01T00:00:00Z", "", 410, 410, no},
		{"GET", "/v1/servers/slate/logs/System/records/2", "", none, none, no},
		{"POST", "/v1/results", `{"servers":["barney"]}`, 201, 201, no},
		{"POST", "/v1/results", `{"servers":["slate"]}`, none, none, no},
		{"POST", "/v1/results", `{"servers":["file:none"]}`, none, none, no},
		{"POST", "/v1/results", `{"query":"levle:1"}`, 400, 400, no},
		{"GET", "/v1/results/" + p.ID, "", ok, none, no},
		{"GET", "/v1/results/" + p.ID + "/rows", "", ok, none, no},
		{"GET", "/v1/results/" + p.ID + "/histogram", "", ok, none, no},
		{"GET", "/v1/results/" + p.ID + "/facets", "", ok, none, no},
		{"GET", "/v1/results/" + p.ID + "/facets?fields=quarry", "", 400, none, no},
		{"GET", "/v1/results/" + p.ID + "/export?form=csv", "", ok, none, no},
		{"POST", "/v1/results", `{"of":"` + p.ID + `"}`, 201, none, no},
		{"POST", "/v1/query", `{"text":"lev","at":3}`, ok, ok, no},
		{"GET", "/v1/views", "", ok, ok, no},
		{"PUT", "/v1/views/mine", `{"title":"x","query":"level:1"}`, 204, 204, no},
		{"PUT", "/v1/views/mine", `{"title":"x","query":"levle:1"}`, 400, 400, no},
		{"DELETE", "/v1/views/errors", "", 400, 400, no},
		{"DELETE", "/v1/views/none", "", none, none, no},
		{"GET", "/v1/tail?servers=slate", "", none, none, no},
		{"GET", "/v1/tail?query=levle:1", "", 400, 400, no},
		{"POST", "/v1/files?name=x", "no log", 400, 400, no},
		{"DELETE", "/v1/results/" + p.ID, "", 204, none, no},
	} {
		stranger.want(401, "", x.method, x.path, x.body)
		dino.want(x.dino, "", x.method, x.path, x.body)
		betty.want(x.betty, "", x.method, x.path, x.body)
		fred.want(x.fred, "", x.method, x.path, x.body)
	}
	if f.logons.Load() != 1 {
		t.Errorf("%d credentials were given, want 1", f.logons.Load())
	}
	// Who gave it, for which server, of which user; and nothing of its password.
	written := []string{"2 betty server barney give a credential for", "8 fred barney slate"}
	if d := cmp.Diff(written, f.told()); d != "" {
		t.Errorf("written down (-want +got):\n%s", d)
	}
	// Security of another server is not there for a reader, by whatever name.
	for _, logs := range [][]string{{"Security"}, {"SECURITY"}, {"all"}} {
		whole := fred.result(api.Ask{Servers: []string{"barney"}, Logs: logs})
		part := betty.result(api.Ask{Servers: []string{"barney"}, Logs: logs})
		if want := map[bool]uint64{true: 10, false: 3}[logs[0] == "all"]; whole.Total != want {
			t.Errorf("%v: an administrator sees %d, want %d", logs, whole.Total, want)
		}
		if want := map[bool]uint64{true: 7, false: 0}[logs[0] == "all"]; part.Total != want {
			t.Errorf("%v: a reader sees %d, want %d", logs, part.Total, want)
		}
	}
	if text := fred.want(400, `"message"`, "POST", "/v1/results", `{"query":"level:1 levle:1"}`); !strings.Contains(text, `"offset":8`) || !strings.Contains(text, `"length":5`) {
		t.Error(text)
	}
}

// TestManyAlone gives a credential where nobody has an account, and nothing is written down.
func TestManyAlone(t *testing.T) {
	f := newFleet(t, 1)
	for sid, want := range map[eventlog.SID]int{nt.SIDAdministrators: 204, nt.SIDEventLogReaders: 403} {
		h := New(Options{Many: f.many, Caller: func(*http.Request) (eventlog.Caller, error) {
			return eventlog.Caller{Name: "you", SIDs: []eventlog.SID{sid}}, nil
		}})
		r := httptest.NewRequest("POST", "/v1/servers/barney/credential", strings.NewReader(`{"user":"slate","password":"Dabba Doo"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", sid, w.Code, w.Body, want)
		}
	}
	if n := f.logons.Load(); n != 1 {
		t.Errorf("%d credentials were given, want 1", n)
	}
}

// TestManySingle is one event with its bytes.
func TestManySingle(t *testing.T) {
	f := newFleet(t, 5)
	b := f.browser("fred", "Yabba1")
	s := answers[api.Single](b, 200, "GET", "/v1/servers/betty/logs/system/records/3", nil)
	if s.Previous != 2 || s.Next != 4 || !strings.Contains(s.XML, "<EventRecordID>3</EventRecordID>") || !strings.Contains(string(s.Event), `"server":"betty"`) {
		t.Errorf("%+v", s)
	}
	if s.Hex == nil || len(s.Hex.Fields) < 20 {
		t.Fatalf("%+v", s.Hex)
	}
	at := 0
	for _, x := range s.Hex.Fields {
		if x.Offset < at || x.Offset+x.Length > len(s.Hex.Bytes) {
			t.Errorf("%s lies at %d to %d, behind %d", x.Path, x.Offset, x.Offset+x.Length, at)
		}
		at = x.Offset + x.Length
		if x.Path == "Strings[0]" && x.Value != "betty" {
			t.Errorf("%s is %q", x.Path, x.Value)
		}
	}
	if s = answers[api.Single](b, 200, "GET", "/v1/servers/betty/logs/System/records/1", nil); s.Previous != 0 || s.Next != 2 {
		t.Errorf("record 1: between %d and %d", s.Previous, s.Next)
	}
	at5 := manyTimes.Add(4 * time.Duration(len("betty")) * time.Second).Format(time.RFC3339)
	if s = answers[api.Single](b, 200, "GET", "/v1/servers/betty/logs/Application/records/5?time="+manyTimes.Add(21*time.Second).Format(time.RFC3339), nil); s.Previous != 4 || s.Next != 0 {
		t.Errorf("record 5: between %d and %d", s.Previous, s.Next)
	}
	b.want(410, "mark-gone", "GET", "/v1/servers/betty/logs/Application/records/5?time="+at5, "")
	b.want(410, "mark-gone", "GET", "/v1/servers/betty/logs/Application/records/6?time="+at5, "")
}

// TestManyServers: their states, and waiting for others.
func TestManyServers(t *testing.T) {
	f := newFleet(t, 5)
	b := f.browser("fred", "Yabba1")
	for _, name := range []string{"~", "barney", "betty", "dino"} {
		b.want(202, "", "POST", "/v1/servers/"+name+"/refresh", "")
	}
	var s api.Servers
	state := func(name string) *api.ServerState {
		return &s.Servers[slices.IndexFunc(s.Servers, func(s api.ServerState) bool { return s.Name == name })]
	}
	s = answers[api.Servers](b, 200, "GET", "/v1/servers", nil)
	for state("barney").State != "ok" || state(Own).State != "ok" || !state("dino").Refused {
		s = answers[api.Servers](b, 200, "GET", fmt.Sprintf("/v1/servers?after=%d", s.Version), nil)
	}
	if x := state("barney"); x.Kind != "even" || len(x.Logs) != 2 || x.Logs[1].Name != "System" || x.Logs[1].Records != 6 || x.LastEvent == nil || x.Hours == nil || len(x.Hours.Counts) != 24 || !slices.Equal(x.Groups, []string{"quarry"}) || !slices.Equal(x.Usual, defaultLogs) {
		t.Errorf("barney: %+v", x)
	}
	if x := state("dino"); x.State != "refused" || !strings.Contains(x.Error, "wrong password") {
		t.Errorf("dino: %+v", x)
	}
	if x := state(Own); x.Kind != "service" || len(x.Logs) != 3 || !slices.Equal(x.Usual, defaultLogs) {
		t.Errorf("own: %+v", x)
	}
	b.want(200, `"name":"System"`, "GET", "/v1/servers/barney/logs", "")
	// A refused server is left alone by results, too: it is not asked again.
	p := b.result(api.Ask{Servers: []string{"dino"}})
	if x := p.Servers[0]; x.State != "not tried" {
		t.Errorf("dino, asked again: %+v", x)
	}
}

// TestManyExportCancelled: who goes away leaves nothing running.
func TestManyExportCancelled(t *testing.T) {
	f := newFleet(t, 100)
	b := f.browser("fred", "Yabba1")
	// wilma does not answer, so that the export waits in its middle.
	p := answers[api.Progress](b, 201, "POST", "/v1/results", api.Ask{Servers: []string{"barney", "wilma"}})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", f.url+"/v1/results/"+p.ID+"/export?form=json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(b.cookie)
	done := make(chan error, 1)
	go func() {
		resp, err := f.http.Do(req)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close() // it was only read from
		}
		done <- err
	}()
	until(t, "the export runs", func() bool { return len(f.h.streams) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the client heard %v", err)
	}
	until(t, "the export has ended", func() bool { return len(f.h.streams) == 0 })
}

// until waits for what another goroutine does.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not yet: %s", what)
		}
	}
}

// tailEvent is one of a stream.
type tailEvent struct{ id, kind, data string }

func (b *browser) tailOf(ctx context.Context, path, last string) <-chan tailEvent {
	b.n.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", b.n.url+path, nil)
	if err != nil {
		b.n.t.Fatal(err)
	}
	req.AddCookie(b.cookie)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := b.n.http.Do(req)
	if err != nil || resp.StatusCode != 200 {
		b.n.t.Fatal(err, resp)
	}
	out := make(chan tailEvent, 100)
	go func() {
		defer close(out)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 8<<20)
		var e tailEvent
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.kind = value
			case "data":
				e.data = value
				select {
				case out <- e:
				case <-ctx.Done():
					return
				}
				e = tailEvent{}
			}
		}
	}()
	return out
}

// TestTail: what is reported comes, and a cursor goes on behind it.
func TestTail(t *testing.T) {
	f := newFleet(t, 3)
	b := f.browser("fred", "Yabba1")
	report := func(text string) {
		t.Helper()
		r, err := eventlog.RegisterSource(t.Context(), f.own.As(eventlog.Caller{Name: "x", SIDs: []eventlog.SID{nt.SIDAdministrators}}), "Application")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Report(t.Context(), &eventlog.Event{ID: 1, Type: eventlog.Error, Level: eventlog.LevelError, Strings: []string{text}}); err != nil {
			t.Fatal(err)
		}
		closing(t, r)
	}
	wait := func(events <-chan tailEvent, text string) (id string) {
		t.Helper()
		for e := range events {
			if e.kind == "rows" && strings.Contains(e.data, text) {
				if !strings.Contains(e.data, `"server":"."`) {
					t.Errorf("an event says not where it is from: %s", e.data)
				}
				return e.id
			}
		}
		t.Fatalf("%s did not come", text)
		return ""
	}
	ctx, cancel := context.WithCancel(t.Context())
	events := b.tailOf(ctx, "/v1/tail?servers=.&servers=dino&logs=Application&query=type:error", "")
	status := <-events
	if status.kind != "status" || !strings.Contains(status.data, `"dino"`) {
		t.Errorf("first: %+v", status)
	}
	// Nothing says when the log is followed: what comes before that is not shown.
	stop := make(chan struct{})
	first := make(chan string, 1)
	go func() { first <- wait(events, "jammed"); close(stop) }()
	for going := true; going; {
		report("jammed")
		select {
		case <-stop:
			going = false
		case <-time.After(50 * time.Millisecond):
		}
	}
	id := <-first
	cancel()
	if id == "" {
		t.Fatal("no cursor")
	}
	report("while nobody looked")
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	wait(b.tailOf(ctx, "/v1/tail?servers=.&logs=Application&query=type:error", id), "while nobody looked")
	b.want(204, "", "DELETE", "/v1/session", "")
	cancel()
	until(t, "the tails have ended", func() bool { return len(f.h.streams) == 0 })
}

// TestTailDrops: what is not taken is dropped, the oldest first, and counted.
func TestTailDrops(t *testing.T) {
	x := &tailing{status: map[string]api.TailServer{}}
	for i := range tailEvents + 250 {
		x.take(fmt.Appendf(nil, "%d", i), nil)
	}
	rows, _, _, _ := x.batch()
	if rows.Dropped != 250 || len(rows.Rows) != tailEvents || string(rows.Rows[0]) != "250" {
		t.Errorf("%d dropped, %d there from %s", rows.Dropped, len(rows.Rows), rows.Rows[0])
	}
	big := make([]byte, tailBytes/2)
	for range 5 {
		x.take(big, nil)
	}
	if rows, _, _, _ := x.batch(); rows.Dropped != 3 || len(rows.Rows) != 2 {
		t.Errorf("%d dropped, %d there", rows.Dropped, len(rows.Rows))
	}
	if rows, _, _, _ := x.batch(); rows != nil {
		t.Errorf("nothing is there, and %+v is sent", rows)
	}
}

// TestViews are there after a restart.
func TestViews(t *testing.T) {
	f := newFleet(t, 1)
	b := f.browser("betty", "Yabba1")
	b.want(200, `"builtin":true`, "GET", "/v1/views", "")
	b.want(204, "", "PUT", "/v1/views/quarry", `{"title":"The quarry","query":"source:belt","servers":["barney"],"range":"8h"}`)
	b.want(204, "", "PUT", "/v1/views/errors", `{"title":"Ours","query":"level<=2"}`)
	s, err := openViews(f.views)
	if err != nil {
		t.Fatal(err)
	}
	list := s.list()
	i := slices.IndexFunc(list, func(v api.View) bool { return v.Name == "quarry" })
	if i < 0 || list[i].Title != "The quarry" || list[i].Builtin || len(list) != len(builtinViews)+1 {
		t.Errorf("%+v", list)
	}
	b.want(204, "", "DELETE", "/v1/views/errors", "")
	b.want(200, `"Errors of the last day"`, "GET", "/v1/views", "")
	b.want(422, "", "PUT", "/v1/views/..%2Fx", `{"title":"x","query":""}`)
	for i := range maxViews {
		_ = s.change(func(m map[string]api.ViewBody) error { m[fmt.Sprint(i)] = api.ViewBody{}; return nil })
	}
	if err := os.WriteFile(f.views, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openViews(f.views); err == nil || !strings.Contains(err.Error(), "views.json") {
		t.Errorf("a damaged file: %v", err)
	}
	for _, v := range builtinViews {
		if a := queryAnswer(v.Query, 0, manyTimes); a.Error != nil {
			t.Errorf("view %s: %+v", v.Name, a.Error)
		}
	}
}

// TestFiles: a file is a server of the session that has sent it.
func TestFiles(t *testing.T) {
	f := newFleet(t, 5)
	b, other := f.browser("fred", "Yabba1"), f.browser("fred", "Yabba1")
	body, _, _ := b.get("/v1/logs/System/copy")
	var sent api.File
	send := "/v1/files?name=" + url.QueryEscape("C:\\logs\\..\\Sys\"\x1bEvent.evt")
	if err := json.Unmarshal([]byte(b.want(201, "", "POST", send, string(body))), &sent); err != nil {
		t.Fatal(err)
	}
	if sent.Name != "Sys__Event.evt" || len(sent.Logs) != 1 || sent.Size != int64(len(body)) {
		t.Errorf("%+v", sent)
	}
	b.want(200, sent.Server, "GET", "/v1/servers", "")
	p := b.result(api.Ask{Servers: []string{sent.Server}, Logs: []string{"all"}})
	rows := answers[api.Rows](b, 200, "GET", "/v1/results/"+p.ID+"/rows", nil)
	if p.Total == 0 || p.Total != rows.Total || rows.Rows[0].Server != sent.Server || rows.Rows[0].Log != sent.Name || strings.Contains(string(rows.Rows[0].Event), f.many.uploads.dir) {
		t.Errorf("%+v: %s", p, rows.Rows[0].Event)
	}
	if text, _, _ := b.get("/v1/results/" + p.ID + "/export?form=json"); strings.Contains(string(text), f.many.uploads.dir) || !strings.Contains(string(text), sent.Server) {
		t.Errorf("exported: %s", text)
	}
	b.want(200, `"hex"`, "GET", "/v1/servers/"+sent.Server+"/logs/"+sent.Name+"/records/1", "")
	// Nobody else has it, not even the same user in another session.
	other.want(404, "", "POST", "/v1/results", `{"servers":["`+sent.Server+`"]}`)
	if strings.Contains(other.want(200, "", "GET", "/v1/servers", ""), sent.Server) {
		t.Error("another session sees the file")
	}
	hostile := slices.Clone(body)
	for i := range hostile[48:] {
		hostile[48+i] ^= byte(i * 7)
	}
	var damaged api.File
	if status, answer, _ := b.ask("POST", "/v1/files?name=x.evt", string(hostile)); status == 201 {
		if err := json.Unmarshal([]byte(answer), &damaged); err != nil {
			t.Fatal(err)
		}
		b.result(api.Ask{Servers: []string{damaged.Server}, Logs: []string{"all"}})
	} else if status != 400 {
		t.Errorf("a file that is all wrong: %d %s", status, answer)
	}
	b.want(400, "no event log", "POST", "/v1/files?name=x", "yabba dabba doo")
	b.want(413, "too-large", "POST", "/v1/files?name=x.evt", strings.Repeat("x", 1<<20+1))
	for _, name := range []string{"", "..", ".", "/", "a/../..", "\x00", strings.Repeat("é", 400)} {
		if got := fileNameOf(name); got == "" || got[0] == '/' || strings.ContainsAny(got, "/\\\x00") || strings.Trim(got, ".") == "" || len(got) > 128 {
			t.Errorf("%q is kept as %q", name, got)
		}
	}
	b.want(204, "", "DELETE", "/v1/session", "")
	f.many.uploads.sweep()
	if list, err := os.ReadDir(f.many.uploads.dir); err != nil || len(list) != 0 {
		t.Errorf("behind the session there is %v, %v", list, err)
	}
}

func FuzzQueryAnswer(f *testing.F) {
	for _, text := range []string{"", "lev", "level<=2 sour", `"a`, "*[System[EventID=1]]", "<QueryList><Query><Select Path='System'>*</Select></Query></QueryList>", "é:\xff", "-(a or"} {
		f.Add(text, len(text))
	}
	f.Fuzz(func(t *testing.T, text string, at int) {
		if at < 0 || at > len(text) {
			return
		}
		a := queryAnswer(text, at, manyTimes)
		if e := a.Error; e != nil && (e.Offset < 0 || e.Length < 0 || e.Offset+e.Length > len(text) || e.Message == "") {
			t.Errorf("%q: %+v", text, e)
		}
		for _, c := range a.Completions {
			if c.From < 0 || c.To < c.From || c.To > len(text) {
				t.Errorf("%q at %d: %+v", text, at, c)
			}
		}
		if again := queryAnswer(a.Canonical, 0, manyTimes); a.Error == nil && (again.Error != nil || again.Canonical != a.Canonical) {
			t.Errorf("%q means %q, which means %q", text, a.Canonical, again.Canonical)
		}
	})
}
