package server

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
)

// get gets a file, and what is said behind it.
func (b *browser) get(path string) (body []byte, h, trailer http.Header) {
	t := b.n.t
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", b.n.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(b.cookie)
	resp, err := b.n.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, resp.Body)
	if body, err = io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s: %s, %v: %s", path, resp.Status, err, body)
	}
	return body, resp.Header, resp.Trailer
}

// TestExports: each form has all events, a type and a name.
func TestExports(t *testing.T) {
	_, b := quarry(t, 25)
	for _, x := range []struct {
		format, contentType, ext string
		count                    func([]byte) (int, error)
	}{
		{"json", "application/x-ndjson", ".jsonl", func(body []byte) (int, error) { return bytes.Count(body, []byte(`"source":"Quarry"`)), nil }},
		{"csv", "text/csv; charset=utf-8", ".csv", func(body []byte) (int, error) {
			rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
			return len(rows) - 1, err
		}},
		{"xml", "application/xml; charset=utf-8", ".xml", func(body []byte) (int, error) {
			var doc struct{ Event []struct{} }
			err := xml.Unmarshal(body, &doc)
			return len(doc.Event), err
		}},
		{"evt", evtType, ".evt", func(body []byte) (int, error) {
			r, err := evt.NewReader(bytes.NewReader(body), int64(len(body)), nil)
			if err != nil {
				return 0, err
			}
			i, err := r.Info(t.Context())
			return int(i.Count()), err
		}},
	} {
		for path, want := range map[string]int{
			"/v1/logs/quarry/export?format=" + x.format:                        25,
			selecting("/v1/logs/quarry/export", onlyIDOne, "format="+x.format): 8,
		} {
			body, h, trailer := b.get(path)
			n, err := x.count(body)
			if err != nil || n != want {
				t.Errorf("%s: %d events, %v, want %d", path, n, err, want)
			}
			if name := h.Get("Content-Disposition"); h.Get("Content-Type") != x.contentType || !strings.HasPrefix(name, `attachment; filename="quarry-20`) || !strings.HasSuffix(name, x.ext+`"`) {
				t.Errorf("%s: %s, %s", path, h.Get("Content-Type"), name)
			}
			if trailer.Get("Netelf-Events") != fmt.Sprint(want) || trailer.Get("Netelf-Lost") != "0" {
				t.Errorf("%s: behind it stands %v", path, trailer)
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "netelf-export-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFileName(t *testing.T) {
	h := New(Options{Now: func() time.Time { return time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC) }})
	for log, want := range map[string]string{
		"System": "System-20261122-083000.evt", `a/b"\..` + "\r\n": "a-b--..---20261122-083000.evt", "..": "---20261122-083000.evt",
		"ü": "--20261122-083000.evt", strings.Repeat("x", 300): strings.Repeat("x", 100) + "-20261122-083000.evt",
	} {
		if got := h.fileName(log, ".evt"); got != want {
			t.Errorf("%q: %q, want %q", log, got, want)
		}
	}
}

// TestCopy has the log as it is, with its numbers and settings.
func TestCopy(t *testing.T) {
	n, b := quarry(t, 25)
	body, h, _ := b.get("/v1/logs/quarry/copy")
	if h.Get("Content-Type") != evtType || !strings.HasSuffix(h.Get("Content-Disposition"), `.evt"`) {
		t.Errorf("headers %v", h)
	}
	r, err := evt.NewReader(bytes.NewReader(body), int64(len(body)), nil)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for e, err := range eventlog.All(t.Context(), r, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if count++; e.RecordNumber != uint64(count) || e.Strings[0] != fmt.Sprint("block ", count) {
			t.Errorf("event %d is %+v", count, e)
		}
	}
	if header, err := r.Header(); count != 25 || err != nil || header.Flags&evt.FlagDirty != 0 {
		t.Errorf("%d events, header %+v, %v", count, header, err)
	}
	// What the client makes of it is the same.
	var copied bytes.Buffer
	l, err := n.client("fred", "Yabba1").OpenLog(t.Context(), "Quarry")
	if err != nil {
		t.Fatal(err)
	}
	if err := eventlog.Copy(t.Context(), l, &copied); err != nil || !bytes.Equal(copied.Bytes(), body) {
		t.Errorf("%d bytes, %v, want %d", copied.Len(), err, len(body))
	}
	dino := n.browser("dino", "Bone1")
	dino.want(403, "access-denied", "GET", "/v1/logs/quarry/copy", "")
	w := overTLS(t, Options{For: forAll(&memory{log: logtest.NewMemory(eventlog.Origin{}, logtest.Events())})}, AccountsOptions{})
	w.add("fred", "Yabba1")
	w.browser("fred", "Yabba1").want(501, "unsupported", "GET", "/v1/logs/x/copy", "")
}

// TestExportFails breaks the connection off: nobody takes half of it for the whole.
func TestExportFails(t *testing.T) {
	m := logtest.NewMemory(eventlog.Origin{Log: "System"}, logtest.Events())
	m.Fail, m.FailAfter = errors.New("the disk is gone"), 3
	n := overTLS(t, Options{For: forAll(&memory{log: m})}, AccountsOptions{})
	n.add("fred", "Yabba1")
	b := n.browser("fred", "Yabba1")
	for _, format := range []string{"json", "csv", "xml"} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", n.url+"/v1/logs/System/export?format="+format, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(b.cookie)
		resp, err := n.http.Do(req)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			closing(t, resp.Body)
		}
		if err == nil {
			t.Errorf("%s: it looks whole", format)
		}
	}
	b.want(500, "internal", "GET", "/v1/logs/System/export?format=evt", "")
}

// endlessLog makes events up as long as somebody reads them.
type endlessLog struct {
	made atomic.Int64
	open atomic.Int64 // cursors
}

func (l *endlessLog) Info(context.Context) (eventlog.Info, error) {
	return eventlog.Info{Name: "x"}, nil
}
func (l *endlessLog) Close() error { return nil }
func (l *endlessLog) Read(context.Context, *eventlog.Selection) (eventlog.Cursor, error) {
	l.open.Add(1)
	return &endlessCursor{l: l}, nil
}

// hugeEvents is how many events endlessLog has: 5 GiB as JSON and more.
const hugeEvents = 5 << 20

type endlessCursor struct {
	l *endlessLog
	n uint64
}

var padding = strings.Repeat("x", 1024)

func (c *endlessCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.n == hugeEvents {
		return io.EOF
	}
	c.n++
	c.l.made.Add(1)
	*e = eventlog.Event{RecordNumber: c.n, ID: 7, Type: eventlog.Information, Strings: []string{padding}}
	return nil
}
func (c *endlessCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark {
	return append(m, eventlog.Mark{Log: "x", Record: c.n})
}
func (c *endlessCursor) Close() error { c.l.open.Add(-1); return nil }

// TestHugeExportCancelled reads some of 5 GiB and goes away: nothing goes on behind
// it, neither a walk nor a goroutine.
func TestHugeExportCancelled(t *testing.T) {
	l := new(endlessLog)
	n := overTLS(t, Options{For: forAll(&memory{log: l})}, AccountsOptions{})
	n.add("fred", "Yabba1")
	b := n.browser("fred", "Yabba1")
	before := runtime.NumGoroutine()
	for _, path := range []string{"/v1/logs/x/export?format=json", "/v1/logs/x/export?format=csv", "/v1/logs/x/count"} {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", n.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(b.cookie)
		done := make(chan struct{})
		go func() {
			defer close(done)
			resp, err := n.http.Do(req)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			if _, err := io.CopyN(io.Discard, resp.Body, 16<<20); err != nil {
				return
			}
			<-ctx.Done()
		}()
		await(t, path+" begins", func() bool { return l.made.Load() > 10000 })
		cancel()
		<-done
		await(t, path+" ends", func() bool { return l.open.Load() == 0 && len(n.h.streams) == 0 })
		if made := l.made.Swap(0); made >= hugeEvents {
			t.Errorf("%s: all %d events were made", path, made)
		}
	}
	n.http.CloseIdleConnections()
	await(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before+2 })
}

// await waits for something that is going to be so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 30 seconds", what)
		}
	}
}
