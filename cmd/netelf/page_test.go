package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	neturl "net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/evt"
)

// browserOf is a client with cookies, that follows redirections.
func browserOf(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: time.Minute}
}

func fetch(t *testing.T, c *http.Client, method, url, body string) (status int, text string, h http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// total asks a page for all events of its servers, and waits for them.
func total(t *testing.T, c *http.Client, base, ask string) (p api.Progress) {
	t.Helper()
	_, text, _ := fetch(t, c, "POST", base+"/v1/results", ask)
	for {
		if err := json.Unmarshal([]byte(text), &p); err != nil || p.ID == "" {
			t.Fatal(err, text)
		}
		if p.Done {
			return p
		}
		_, text, _ = fetch(t, c, "GET", fmt.Sprintf("%s/v1/results/%s?after=%d", base, p.ID, p.Version), "")
	}
}

// TestDemoPage asks four servers over TCP by the page's API.
func TestDemoPage(t *testing.T) {
	d := &demo{dir: t.TempDir()}
	if err := d.open(t.Context(), time.Now(), 0); err != nil {
		t.Fatal(err)
	}
	a := newApp()
	page, err := a.demoPage(d)
	if err != nil {
		t.Fatal(err)
	}
	base, _, _ := strings.Cut(page.url(), "/?")
	stranger := browserOf(t)
	for _, path := range []string{"/", "/v1/servers", "/?token=x", "/?token=", "/app.js"} {
		if status, _, _ := fetch(t, stranger, "GET", base+path, ""); status != http.StatusForbidden {
			t.Errorf("a stranger gets %d for %s", status, path)
		}
	}
	if status, _, _ := fetch(t, stranger, "GET", strings.Replace(page.url(), "127.0.0.1", "localhost", 1), ""); status != http.StatusForbidden {
		t.Errorf("another name of the machine gets %d", status)
	}
	c := browserOf(t)
	status, text, h := fetch(t, c, "GET", page.url(), "")
	if status != 200 || !strings.Contains(text, "<title>netelf</title>") || !strings.Contains(h.Get("Content-Security-Policy"), "script-src 'self'") {
		t.Errorf("the page: %d %s", status, text)
	}
	p := total(t, c, base, `{}`)
	if len(p.Servers) != len(demoServers) || p.Total < 50 {
		t.Errorf("%+v", p)
	}
	for _, s := range p.Servers {
		if s.State != "ok" || s.Matched == 0 {
			t.Errorf("%+v", s)
		}
	}
	if status, text, _ := fetch(t, c, "GET", base+"/v1/results/"+p.ID+"/rows?limit=1000", ""); status != 200 || !strings.Contains(text, `"server":"wilma"`) || strings.Contains(text, `"gone"`) {
		t.Errorf("rows: %d %.500s", status, text)
	}
	if err := errors.Join(page.close(), d.close()); err != nil {
		t.Error(err)
	}
}

// TestView shows files, until it is ended.
func TestView(t *testing.T) {
	dir := t.TempDir()
	if err := demoData(filepath.Join(dir, "fred"), "fred", time.Now()); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	a := &app{stdin: os.Stdin, stdout: out, stderr: out, now: time.Now, environ: os.Environ}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	one := filepath.Join(dir, "fred", "System.evt")
	go func() { done <- a.view(ctx, []string{one, filepath.Join(dir, "fred"), one}, &textFlags{}, false) }()
	var url string
	for end := time.Now().Add(30 * time.Second); url == ""; time.Sleep(time.Millisecond) {
		b, err := os.ReadFile(out.Name())
		if line, _, ok := strings.Cut(string(b), "\n"); ok {
			url = line
		}
		select {
		case ended := <-done:
			t.Fatal(ended)
		default:
		}
		if err != nil || time.Now().After(end) {
			t.Fatalf("no address: %v, %s", err, b)
		}
	}
	c := browserOf(t)
	var first []string // what is looked at first
	c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		first = append(first, r.URL.RequestURI())
		return nil
	}
	fetch(t, c, "GET", url, "")
	if !slices.Equal(first, []string{"/events?since="}) {
		t.Errorf("the address leads to %q", first)
	}
	base, _, _ := strings.Cut(url, "/?")
	var s api.Servers
	if _, text, _ := fetch(t, c, "GET", base+"/v1/servers", ""); json.Unmarshal([]byte(text), &s) != nil || len(s.Servers) != 2 || s.Servers[0].Usual != nil || s.Servers[1].Usual != nil {
		t.Errorf("all logs of files are read: %s", text)
	}
	p := total(t, c, base, `{"logs":["all"]}`)
	if len(p.Servers) != 2 || p.Total == 0 || p.Servers[0].Matched == 0 || p.Servers[1].Matched <= p.Servers[0].Matched {
		t.Errorf("%+v", p)
	}
	tailOfFile(t, c, base, one)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"smb://bedrock", ".", "@web", filepath.Join(dir, "none")} {
		if err := a.view(t.Context(), []string{bad}, &textFlags{}, false); err == nil {
			t.Errorf("%s is shown", bad)
		}
	}
}

// tailOfFile: what comes into a file that is shown comes to the page.
func tailOfFile(t *testing.T, c *http.Client, base, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	w, err := evt.OpenWriter(f, info.Size(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Get(base + "/v1/tail?logs=all&servers=" + neturl.QueryEscape(name))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	came := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() && !strings.Contains(lines.Text(), "well again") {
		}
		came <- lines.Text()
	}()
	// It is not said when the log is open, and what is written before that is not new.
	now := time.Now()
	for end := now.Add(awaitTime); time.Now().Before(end); {
		if _, err := w.Append(&eventlog.Event{Source: "Crusher", TimeGenerated: now, TimeWritten: now, Strings: []string{"it is well again"}}); err != nil {
			t.Fatal(err)
		}
		select {
		case text := <-came:
			if !strings.Contains(text, "well again") {
				t.Errorf("the tail ended with %q", text)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Error("nothing comes")
}

// TestWatched reads the file of servers, and says what is wrong with it.
func TestWatched(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "servers.yaml")
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, environ: func() []string { return []string{passwordVariable + "=x", tokenVariable + "=y"} }}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("servers:\n  bedrock: {target: smb://bedrock, auth_file: a}\n  slate: {target: \"https://slate\"}\ngroups:\n  web: {servers: [slate, rpc://betty:1026], auth_file: b}\n  all: [bedrock, \"@web\"]\n")
	list, _, err := a.watched(name)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, x := range list {
		have = append(have, fmt.Sprint(x.Name, " ", x.Kind, " ", x.Groups, " ", strings.ReplaceAll(x.Scan(nil).Credential, dir, "")))
	}
	want := "bedrock even [all] file /a; rpc://betty:1026 even [all web] file /b; slate https [all web] file /b"
	if got := strings.Join(have, "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for text, says := range map[string]string{
		"servers:\n  x: {target: .}\n":              "always among",
		"servers:\n  x: {target: smb://}\n":         "",
		"servers:\n  x: {target: a, password: b}\n": "",
	} {
		write(text)
		if _, _, err := a.watched(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, _, err := a.watched(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "watch.servers") {
		t.Errorf("a file that is not there: %v", err)
	}
	// Nobody is asked, and the environment is not for other servers.
	write("servers:\n  bedrock: {target: rpc://127.0.0.1:1, user: fred}\n")
	if list, _, err = a.watched(name); err != nil {
		t.Fatal(err)
	}
	if _, err := list[0].Scan(nil).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "there is no password for fred") {
		t.Errorf("without a password: %v", err)
	}
	list[0].Logon(`BEDROCK\wilma`, "Pebbles1")
	if _, err := list[0].Scan(nil).Open(t.Context()); err == nil || strings.Contains(err.Error(), "no password") || strings.Contains(err.Error(), "Pebbles1") {
		t.Errorf("with one that was given: %v", err)
	}
}
