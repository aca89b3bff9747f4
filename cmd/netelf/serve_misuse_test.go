//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"netelf.example/api"
	"netelf.example/eventlog"
)

func init() { children["about"] = aboutChild }

// aboutChild asks who it is.
func aboutChild() error {
	a, err := api.Unix(os.Args[1], ".").About(context.Background())
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// userConnections is how many connections a user may have at a time.
const userConnections = 128

// rawConn is a connection on which anything may be written.
type rawConn struct {
	net.Conn
	in *bufio.Reader
}

func dialRaw(t *testing.T, s *serving) *rawConn {
	t.Helper()
	c, err := net.Dial("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // it may be closed
	if err := c.SetDeadline(time.Now().Add(awaitTime)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{c, bufio.NewReader(c)}
}

// ask writes text and reads an answer: its status, or 0 where the connection is
// closed instead of one. The body of a refusal may be cut off.
func (c *rawConn) ask(text string) (status int, body []byte, err error) {
	written := make(chan struct{})
	go func() { // the answer may come before all is taken
		defer close(written)
		_, _ = io.WriteString(c, text) // what was wrong is found by reading
	}()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		_ = c.Close() // so that the write ends
		<-written
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			return 0, nil, err
		}
		return 0, nil, nil
	}
	body, err = io.ReadAll(resp.Body)
	if resp.StatusCode/100 == 2 && err == nil {
		err = resp.Body.Close()
		<-written
		return resp.StatusCode, body, err
	}
	_ = c.Close() // a refusal ends it
	<-written
	return resp.StatusCode, body, nil
}

const aboutRequest = "GET /v1/about HTTP/1.1\r\nHost: netelf\r\n\r\n"

// answers says whether the service answers a client that it has not seen yet.
func answers(t *testing.T, s *serving) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitTime)
	defer cancel()
	c := s.client()
	if _, err := c.Logs(ctx); err != nil {
		t.Errorf("another client: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// connections is how many open connections the service has, -1 where the system
// does not say.
func connections(t *testing.T, s *serving) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return -1
	}
	dir := fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := -1 // the one that it listens on
	for _, fd := range fds {
		if name, err := os.Readlink(filepath.Join(dir, fd.Name())); err == nil && strings.HasPrefix(name, "socket:") {
			n++
		}
	}
	return n
}

// awaitAlone waits until the service has no connections.
func awaitAlone(t *testing.T, s *serving) {
	t.Helper()
	for end := time.Now().Add(awaitTime); connections(t, s) > 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the service still has %d connections", connections(t, s))
		}
	}
}

// TestServeManyConnections has one user open more connections than it may: those
// are closed, and others are not kept out.
func TestServeManyConnections(t *testing.T) {
	s := serve(t, serveDir(t))
	var open []*rawConn
	refused := 0
	for range 200 {
		c := dialRaw(t, s)
		status, _, err := c.ask(aboutRequest)
		switch {
		case err != nil:
			t.Fatal(err)
		case status == http.StatusOK:
			open = append(open, c)
		case status == 0:
			refused++
		default:
			t.Errorf("status %d", status)
		}
	}
	if len(open) != userConnections || refused != 200-userConnections {
		t.Errorf("%d connections were answered and %d refused, want %d and %d", len(open), refused, userConnections, 200-userConnections)
	}
	if os.Getuid() == 0 {
		var a api.About
		b := runAs(t, s, 65534, 65534, nil, "about", s.socket)
		if err := json.Unmarshal(b, &a); err != nil || a.Caller.Administrator {
			t.Errorf("another user: %v: %s", err, b)
		}
	}
	// Those that are open go on being answered, and one that is closed makes room.
	for _, c := range open {
		if status, _, err := c.ask(aboutRequest); status != http.StatusOK || err != nil {
			t.Fatalf("status %d, %v", status, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	awaitAlone(t, s)
	answers(t, s)
	s.stop()
}

// TestServeMisuse writes to the service what is no request, or only a half of
// one, or too much of it, and leaves walks in the middle.
func TestServeMisuse(t *testing.T) {
	fresh := serve(t, serveDir(t))
	answers(t, fresh)
	before := goroutines(t, fresh)

	s := serve(t, serveDir(t))
	request := func(method, path, more, body string) string {
		return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: netelf\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s", method, path, len(body), more, body)
	}
	t.Run("requests", func(t *testing.T) {
		for _, x := range []struct {
			name, text string
			want       int // its status
		}{
			{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x7f", 505) + "\r\n\r\n", 400},
			{"zeros", strings.Repeat("\x00", 70000) + "\r\n\r\n", 431},
			{"no version", "GET /v1/about\r\n\r\n", 400},
			{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
			{"HTTP/9", "GET /v1/about HTTP/9.9\r\nHost: x\r\n\r\n", 505},
			{"no host", "GET /v1/about HTTP/1.1\r\n\r\n", 400},
			{"header without a colon", "GET /v1/about HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400},
			{"header of 1 MiB", "GET /v1/about HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", 431},
			{"100000 headers", "GET /v1/about HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 100000) + "\r\n", 431},
			{"path of 1 MiB", "GET /v1/logs/" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
			{"two lengths", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
			{"length below zero", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
			{"length and chunks", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
			{"chunks that are none", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400},
			{"a chunk without end", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n", 400},
			{"no such path", request("GET", "/v2/logs", "", ""), 404},
			{"no such method", request("BREW", "/v1/logs", "", ""), 405},
			{"out of the tree", request("GET", "/v1/../../etc/passwd", "", ""), 307},
			{"a log out of the tree", request("GET", "/v1/logs/..%2f..%2fetc%2fpasswd", "", ""), 404},
			{"a backup out of the tree", request("GET", "/v1/backups/..%2fSystem.evt", "", ""), 400},
			{"no JSON", request("POST", "/v1/logs", "", "{"), 400},
			{"deep JSON", request("POST", "/v1/logs/System/events", "", strings.Repeat("[", 500000)), 400},
			{"deep selection", request("POST", "/v1/logs/System/events", "", `{"where":`+strings.Repeat(`{"not":`, 90000)+"1"+strings.Repeat("}", 90001)), 400},
			{"no selection", request("POST", "/v1/logs/System/events", "", `{"where":7}`), 422},
			{"too large", request("POST", "/v1/logs", "", strings.Repeat(" ", 1<<20+1)), 413},
			{"too many events", request("POST", "/v1/reports?source=x", "", strings.Repeat("\n", 200_000)), 413},
			{"no events", request("POST", "/v1/reports?source=x", "", "\x00\x01"), 400},
			{"a parameter too many", request("GET", "/v1/logs?x=1", "", ""), 422},
		} {
			t.Run(x.name, func(t *testing.T) {
				t.Parallel()
				c := dialRaw(t, s)
				status, body, err := c.ask(x.text)
				if err != nil || status != x.want {
					t.Errorf("status %d, %v, want %d: %.300s", status, err, x.want, body)
				}
				if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
				answers(t, s)
			})
		}
	})

	t.Run("half requests", func(t *testing.T) {
		var half []*rawConn
		for _, text := range []string{
			"", "G", "GET /v1/about HTTP/1.1\r\n", "GET /v1/about HTTP/1.1\r\nHost: x\r\nX-Long: ",
			"POST /v1/reports?source=x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"event_id\":1",
			"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
		} {
			for range 10 {
				c := dialRaw(t, s)
				if _, err := io.WriteString(c, text); err != nil {
					t.Fatal(err)
				}
				half = append(half, c)
			}
		}
		answers(t, s)
		for _, c := range half {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		awaitAlone(t, s)
		info := logInfo(t, s, "Application")
		if info.Count() != 0 {
			t.Errorf("%d events of half a report were written", info.Count())
		}
	})

	t.Run("walks that nobody reads", func(t *testing.T) {
		c := s.client()
		r, err := eventlog.RegisterSource(t.Context(), c, "Application")
		if err != nil {
			t.Fatal(err)
		}
		var events []*eventlog.Event
		for range 200 {
			events = append(events, &eventlog.Event{ID: 1, Type: eventlog.Error, Strings: []string{strings.Repeat("x", 500)}})
		}
		if _, err := r.Report(t.Context(), events...); err != nil {
			t.Fatal(err)
		}
		var deaf []*rawConn
		for i := range userConnections - 20 {
			c := dialRaw(t, s)
			body := `{}`
			if i%2 == 0 {
				body = `{"follow":true,"start":1}`
			}
			if _, err := io.WriteString(c, request("POST", "/v1/logs/Application/events", "", body)); err != nil {
				t.Fatal(err)
			}
			deaf = append(deaf, c)
		}
		// Reports wait for none of them, also where they come round.
		for range 10 {
			if _, err := r.Report(t.Context(), events...); err != nil {
				t.Fatal(err)
			}
		}
		if info := logInfo(t, s, "Application"); info.Oldest == 1 || info.Next != 2201 {
			t.Errorf("records %d to %d are there", info.Oldest, info.Next-1)
		}
		if err := errors.Join(r.Close(), c.Close()); err != nil {
			t.Error(err)
		}
		for _, c := range deaf {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})

	t.Run("followers that leave", func(t *testing.T) {
		// More of them than may be open at once, were they not let go of.
		var wait sync.WaitGroup
		for range 8 {
			c := s.client()
			wait.Go(func() {
				for range 100 {
					err := onLog(t.Context(), c, "System", func(l eventlog.Log) error {
						cur, err := eventlog.Follow(t.Context(), l, new(eventlog.Selection))
						if err != nil {
							return err
						}
						return cur.Close()
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
	})

	answers(t, s)
	for by, n := range goroutines(t, s) {
		if n > before[by] {
			t.Errorf("%d goroutines that %s has made are left, a service that did nothing has %d:\n%s", n, by, before[by], s.stderr())
		}
	}
}

func logInfo(t *testing.T, s *serving, log string) (info eventlog.Info) {
	t.Helper()
	c := s.client()
	err := onLog(t.Context(), c, log, func(l eventlog.Log) (err error) {
		info, err = l.Info(t.Context())
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	return info
}

var (
	// The one with the number 0 is no goroutine but a stack of the scheduler: it is
	// told of where the signal found that at work.
	goroutineLine    = regexp.MustCompile(`(?m)^goroutine [1-9]\d* .*\[`)
	goroutineCreated = regexp.MustCompile(`(?m)^created by (\S+)`)
)

// goroutines ends a service, when it has no connections, so that it says which
// goroutines it has, and counts them by the functions that have made them. Those of
// a connection are an error.
func goroutines(t *testing.T, s *serving) map[string]int {
	t.Helper()
	awaitAlone(t, s)
	if connections(t, s) < 0 {
		s.stop()
		return nil
	}
	_ = s.signal(syscall.SIGQUIT) // it ends with an error
	said := s.stderr()
	n := map[string]int{}
	for g := range bytes.SplitSeq([]byte(said), []byte("\n\n")) {
		if !goroutineLine.Match(g) {
			continue
		}
		by := "the system"
		if m := goroutineCreated.FindSubmatch(g); m != nil {
			by = string(m[1])
		}
		if strings.HasPrefix(by, "runtime.") {
			continue // the collector has as many as it likes
		}
		n[by]++
		for _, what := range []string{"net/http.(*conn).serve", "server.(*outbox)", "server.(*walk)"} {
			if bytes.Contains(g, []byte(what)) {
				t.Errorf("the service has nobody to serve, and still\n%s", g)
			}
		}
	}
	if n["the system"] != 1 {
		t.Errorf("the service does not say which goroutines it has:\n%s", said)
	}
	return n
}
