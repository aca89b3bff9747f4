package server

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/eventlog"
)

// quarry is a log of n events over TLS, and fred who looks at it. The events have the
// ids 0, 1, 2, 0, …
func quarry(t testing.TB, n int) (*network, *browser) {
	t.Helper()
	w := overTLSService(t)
	c := w.client("fred", "Yabba1")
	if err := c.CreateLog(t.Context(), "Quarry", eventlog.Settings{}); err != nil {
		t.Fatal(err)
	}
	r, err := c.RegisterSource(t.Context(), "Quarry")
	if err != nil {
		t.Fatal(err)
	}
	events := make([]*eventlog.Event, n)
	for i := range events {
		events[i] = &eventlog.Event{ID: eventlog.EventID(i % 3), Type: eventlog.Information, Strings: []string{fmt.Sprint("block ", i+1)}}
	}
	if _, err := r.Report(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	return w, w.browser("fred", "Yabba1")
}

// page gets a page, and which records it has.
func (b *browser) page(path string) (p api.Page, records []uint64) {
	b.n.t.Helper()
	if err := json.Unmarshal([]byte(b.want(200, `"events"`, "GET", path, "")), &p); err != nil {
		b.n.t.Fatal(err)
	}
	for _, line := range p.Events {
		var e struct{ Record uint64 }
		if err := json.Unmarshal(line, &e); err != nil {
			b.n.t.Fatal(err)
		}
		records = append(records, e.Record)
	}
	return p, records
}

const (
	quarryEvents = "/v1/logs/quarry/events"
	onlyIDOne    = `{"where":{"field":"id","number":1}}`
	newestFirst  = `{"backward":true}`
)

func selecting(path, text string, more ...string) string {
	return path + "?select=" + url.QueryEscape(text) + strings.Join(append([]string{""}, more...), "&")
}

// TestPages goes through a log page by page, to its end and back, in both orders.
func TestPages(t *testing.T) {
	_, b := quarry(t, 25)
	for _, x := range []struct {
		name, text string
		pages      [][]uint64
	}{
		{"all", `{}`, [][]uint64{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, {21, 22, 23, 24, 25}}},
		{"newest first", newestFirst, [][]uint64{{25, 24, 23, 22, 21, 20, 19, 18, 17, 16}, {15, 14, 13, 12, 11, 10, 9, 8, 7, 6}, {5, 4, 3, 2, 1}}},
		{"selected", onlyIDOne, [][]uint64{{2, 5, 8, 11, 14, 17, 20, 23}}},
		{"selected, newest first", `{"backward":true,"where":{"field":"id","number":2}}`, [][]uint64{{24, 21, 18, 15, 12, 9, 6, 3}}},
	} {
		t.Run(x.name, func(t *testing.T) {
			path := selecting(quarryEvents, x.text, "limit=10")
			var back []string
			cursor := ""
			for i, want := range x.pages {
				p, got := b.page(path + cursor)
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("page %d (-want +got):\n%s", i, d)
				}
				if p.End != (i == len(x.pages)-1) {
					t.Errorf("page %d: end %v", i, p.End)
				}
				cursor = "&cursor=" + p.Next
				back = append(back, "&cursor="+p.Previous)
			}
			for i := len(x.pages) - 1; i > 0; i-- {
				p, got := b.page(path + back[i])
				if d := cmp.Diff(x.pages[i-1], got); d != "" {
					t.Fatalf("back to page %d (-want +got):\n%s", i-1, d)
				}
				if _, again := b.page(path + "&cursor=" + p.Next); !cmp.Equal(again, x.pages[i]) {
					t.Errorf("and forth to page %d: %v", i, again)
				}
			}
		})
	}
}

// TestPageAtTheEnd waits for what comes with the cursor of the end, and finds its way
// back from an empty page.
func TestPageAtTheEnd(t *testing.T) {
	w, b := quarry(t, 3)
	p, _ := b.page(quarryEvents)
	empty, got := b.page(quarryEvents + "?cursor=" + p.Next)
	if len(got) != 0 || !empty.End || empty.Next == "" {
		t.Fatalf("behind the end: %+v", empty)
	}
	if _, back := b.page(quarryEvents + "?cursor=" + empty.Previous); !cmp.Equal(back, []uint64{1, 2, 3}) {
		t.Errorf("back from there: %v", back)
	}
	r, err := w.client("fred", "Yabba1").RegisterSource(t.Context(), "Quarry")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Report(t.Context(), &eventlog.Event{ID: 9}); err != nil {
		t.Fatal(err)
	}
	if _, more := b.page(quarryEvents + "?cursor=" + empty.Next); !cmp.Equal(more, []uint64{4}) {
		t.Errorf("what came: %v", more)
	}
	oldest, _ := b.page(selecting(quarryEvents, newestFirst))
	if oldest.Next != "" || !oldest.End {
		t.Errorf("behind the oldest record there is %q", oldest.Next)
	}
	b.want(204, "", "POST", "/v1/logs/quarry/clear", "{}")
	b.want(410, "mark-gone", "GET", quarryEvents+"?cursor="+p.Next, "")
	if _, got := b.page(quarryEvents); len(got) != 0 {
		t.Errorf("cleared: %v", got)
	}
}

// TestPageRefused has clear errors for what is wrong.
func TestPageRefused(t *testing.T) {
	_, b := quarry(t, 3)
	p, _ := b.page(quarryEvents)
	for _, x := range []struct {
		path   string
		status int
		text   string
	}{
		{quarryEvents + "?cursor=x", 400, "the cursor is none"},
		{quarryEvents + "?cursor=" + p.Next + "AA", 400, "the cursor is none"},
		{"/v1/logs/System/events?cursor=" + p.Next, 400, "of another log"},
		{quarryEvents + "?limit=0", 422, "limit"},
		{quarryEvents + "?limit=1001", 422, "limit"},
		{quarryEvents + "?limits=1", 422, "limits"},
		{selecting(quarryEvents, `{"backwards":true}`), 400, "backwards"},
		{selecting(quarryEvents, `{} {}`), 400, "behind its end"},
		{selecting(quarryEvents, `{`), 400, "select"},
		{selecting(quarryEvents, `{"follow":true}`), 400, "not for this"},
		{selecting(quarryEvents, `{"limit":-1}`), 400, "no less than 0"},
		{selecting(quarryEvents, `{"where":{"field":"id"}}`), 400, "compared with a number"},
		{quarryEvents + "/9", 404, "record 9"},
		{quarryEvents + "/0", 422, "record"},
		{quarryEvents + "/x", 422, "record"},
		{"/v1/logs/nothing/events", 404, "not-found"},
		{"/v1/logs/nothing/count", 404, "not-found"},
		{"/v1/logs/nothing/export?format=csv", 404, "not-found"},
		{"/v1/logs/nothing/copy", 404, "not-found"},
		{"/v1/logs/nothing/follow", 404, "not-found"},
		{"/v1/logs/quarry/export", 422, "format"},
		{"/v1/logs/quarry/export?format=xls", 422, "format"},
		{selecting("/v1/logs/quarry/export", `{"budget":1}`, "format=csv"), 400, "budget"},
		{selecting("/v1/logs/quarry/export", newestFirst, "format=evt"), 400, "oldest record first"},
		{selecting("/v1/logs/quarry/follow", newestFirst), 400, "backwards"},
		{"/v1/sources/Quarry/text?id=1", 404, "not-found"},
		{"/v1/sources/Quarry/text", 422, "id"},
	} {
		b.want(x.status, x.text, "GET", x.path, "")
	}
}

// TestOneEvent comes by its number, alone and with those around it.
func TestOneEvent(t *testing.T) {
	_, b := quarry(t, 9)
	b.want(200, `"strings":["block 5"]`, "GET", quarryEvents+"/5", "")
	for path, want := range map[string][]uint64{
		"/5/context":                  {1, 2, 3, 4, 5, 6, 7, 8, 9},
		"/5/context?before=2&after=1": {3, 4, 5, 6},
		"/1/context?before=2&after=1": {1, 2},
		"/9/context?before=1&after=5": {8, 9},
		"/5/context?before=0&after=0": {5},
	} {
		if _, got := b.page(quarryEvents + path); !cmp.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	b.want(200, `"message":"The event log service was started.","message_by":"server"`, "GET", "/v1/logs/System/events/1", "")
	b.want(200, `{"text":"The event log service was started.","by":"server"}`, "GET", "/v1/sources/eventlog/text?id=2147489653", "")
	b.want(200, `The Quarry log was deleted`, "GET", "/v1/sources/security/text?id=7006&strings=a&strings=b&strings=c&strings=d&strings=Quarry", "")
}

// TestCount counts what is selected, with text as the service knows it.
func TestCount(t *testing.T) {
	_, b := quarry(t, 25)
	b.want(200, `{"count":25,"examined":25,"end":true}`, "GET", "/v1/logs/quarry/count", "")
	b.want(200, `{"count":8,"examined":25,"end":true}`, "GET", selecting("/v1/logs/quarry/count", onlyIDOne), "")
	b.want(200, `"count":1,`, "GET", selecting("/v1/logs/System/count", `{"where":{"field":"message","op":"contains","text":"was started"}}`), "")
	b.want(200, `{"count":0,"examined":25,"end":true}`, "GET", selecting("/v1/logs/quarry/count", `{"where":{"field":"message","op":"contains","text":"was started"}}`), "")
}

// TestRecords bounds what one request examines: its result is what was seen, and its
// cursor goes on.
func TestRecords(t *testing.T) {
	w, b := quarry(t, 25)
	w.h.opts.Records = 10
	path := selecting(quarryEvents, `{"where":{"field":"id","number":99}}`)
	for range 2 {
		p, got := b.page(path)
		if len(got) != 0 || p.End || p.Stopped == nil || p.Stopped.Code != "budget" || p.Examined != 10 {
			t.Fatalf("stopped: %+v", p)
		}
		path = selecting(quarryEvents, `{"where":{"field":"id","number":99}}`, "cursor="+p.Next)
	}
	if p, _ := b.page(path); !p.End || p.Stopped != nil || p.Examined != 5 {
		t.Errorf("the rest: %+v", p)
	}
	total, cursor := uint64(0), ""
	for i := range 3 {
		var n api.Count
		if err := json.Unmarshal([]byte(b.want(200, `"count"`, "GET", selecting("/v1/logs/quarry/count", onlyIDOne)+cursor, "")), &n); err != nil {
			t.Fatal(err)
		}
		total, cursor = total+n.Count, "&cursor="+n.Next
		if n.End != (i == 2) || (n.Stopped == nil) != n.End {
			t.Errorf("count %d: %+v", i, n)
		}
	}
	if total != 8 {
		t.Errorf("counted %d, want 8", total)
	}
	// An export is bounded by its log alone.
	if answer := b.want(200, "", "GET", "/v1/logs/quarry/export?format=json", ""); strings.Count(answer, "\n") != 25 {
		t.Errorf("exported %d lines", strings.Count(answer, "\n"))
	}
}

func TestPlace(t *testing.T) {
	for _, p := range []place{
		{}, {record: 1}, {turned: true, record: 1 << 63}, {at: true, record: 7}, {record: 9, time: time.Unix(-5, 999999999).UTC()},
		{turned: true, at: true, record: 9, time: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	} {
		got, err := parsePlace(p.text("System"), "SYSTEM")
		if err != nil || got != p {
			t.Errorf("%+v came back as %+v, %v", p, got, err)
		}
		if _, err := parsePlace(p.text("System"), "Security"); err == nil {
			t.Errorf("%+v is of another log, too", p)
		}
	}
}

func FuzzPlace(f *testing.F) {
	f.Add(place{record: 5, time: time.Unix(1, 2)}.text("System"))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePlace(text, "System")
		if err != nil {
			return
		}
		again, err := parsePlace(p.text("System"), "System")
		if err != nil || again != p {
			t.Fatalf("%+v, again %+v, %v", p, again, err)
		}
	})
}
