package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/users"
	"netelf.example/nt"
	"netelf.example/render"
	"netelf.example/scan"
)

// The tests of this file run servers as the demo does, the service and its door over
// TCP, and scan them with what the verb itself uses.

// living starts a server with the events of a day, on which fred has a password.
func living(t *testing.T, name, password string) *demoServer {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "users.json")
	store, err := users.Open(file, &users.Options{Cost: users.Cost{Memory: 64, Passes: 1, Lanes: 1}}) // NTLM takes none of it
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Add(t.Context(), users.NewUser{Name: "fred", Password: password, Groups: []users.Group{users.Administrators}}); err != nil {
		t.Fatal(err)
	}
	s, err := startDemoServer(filepath.Join(dir, "data"), file, name, 0, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := (&demo{servers: []*demoServer{s}}).close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// log opens a log of a server as an administrator at its machine.
func (s *demoServer) log(t *testing.T, name string) eventlog.Log {
	t.Helper()
	l, err := s.s.As(eventlog.Caller{SIDs: []eventlog.SID{nt.SIDAdministrators}}).OpenLog(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // it was only read from
	return l
}

// logons is how many logons at a server were refused, and were not, by what Security
// says.
func (s *demoServer) logons(t *testing.T) (refused, let int) {
	t.Helper()
	for e, err := range eventlog.All(t.Context(), s.log(t, "Security"), &eventlog.Selection{Since: time.Now().Add(-10 * time.Minute)}) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Computer == "" || e.TimeWritten.Before(begunTests) || !strings.Contains(strings.Join(e.Strings, " "), "MS-EVEN"):
		case e.ID.Code() == 529:
			refused++
		case e.ID.Code() == 540:
			let++
		}
	}
	return refused, let
}

var begunTests = time.Now().Truncate(time.Second)

// scanOf is a scan of servers as it is typed, with the password of fred: servers are
// names, an equals sign and where they are.
func scanOf(t *testing.T, f *scanFlags, password string, servers ...string) *scanJob {
	t.Helper()
	a := testApp(t)
	a.environ = func() []string { return []string{passwordVariable + "=" + password} }
	a.ownConfig = filepath.Join(t.TempDir(), "config.yaml")
	text := "servers:\n"
	var names []string
	for _, s := range servers {
		name, addr, _ := strings.Cut(s, "=")
		text += fmt.Sprintf("  %s: {target: \"rpc://%s\"}\n", name, addr)
		names = append(names, name)
	}
	text += fmt.Sprintf("groups:\n  all: {servers: [%s], user: fred}\n", strings.Join(names, ", "))
	if err := os.WriteFile(a.ownConfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.timeoutGiven = f.timeout > 0
	if f.output == "" {
		f.output = render.JSON.String()
	}
	j, err := a.planScan(f, []string{"@all"})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// inTheWay stands before a server: what that answers goes through change, which may
// write, wait until the connection is closed, or end it.
func inTheWay(t *testing.T, addr string, change func(answers io.Reader, to net.Conn) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				_ = near.Close() // the server is gone: so is this
				continue
			}
			wait.Go(func() {
				_, _ = io.Copy(far, near) // until the client has closed it
				_ = far.Close()           // as above
				_ = near.Close()
			})
			wait.Go(func() {
				_ = change(far, near) // however it ended, the client sees its end
				_ = near.Close()
				_ = far.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // it was only listened on
		wait.Wait()
	})
	return l.Addr().String()
}

// closedPort is an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// silent passes on so many bytes, and then nothing more until the client has had
// enough.
func silent(n int64) func(io.Reader, net.Conn) error {
	return func(answers io.Reader, to net.Conn) error {
		if _, err := io.CopyN(to, answers, n); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, answers)
		return err
	}
}

// slowTimeout is what a scan waits in tests where one server does not answer; the
// others take a thousandth of it.
const slowTimeout = 4 * time.Second

// The job of the old scripts, with servers that live: one is dead, one does not take
// the password, one does not answer in time; all the others are read.
func TestScanServers(t *testing.T) {
	t.Parallel()
	const password = "yabba-dabba-doo"
	wilma, betty, fred, pebbles := living(t, "wilma", password), living(t, "betty", "another-one"), living(t, "fred", password), living(t, "barney", password)
	// It lets one log on, and goes silent when it is asked for records.
	slow := inTheWay(t, wilma.door.addr.String(), silent(2000))
	try := func(t *testing.T, form render.Form) {
		t.Parallel()
		j := scanOf(t, &scanFlags{output: form.String(), timeout: slowTimeout}, password,
			"fred="+fred.door.addr.String(), "barney="+closedPort(t), "betty="+betty.door.addr.String(), "wilma="+slow, "pebbles="+pebbles.door.addr.String())
		doc := new(strings.Builder)
		j.report.summary = &summary{w: doc, begun: time.Now()}
		exit, out, said := exitOf(t, j)
		want := regexp.MustCompile(`^fred: ok, (\d+) events of 2 logs, back to record \d+ of System
barney: unreachable: dial tcp .*
betty: refused: bind: the server refuses the user or the password: rpc fault 0x00000005: access denied
wilma: 0 events of 2 logs; 2 of 2 logs could not be read to their end:
  System: timeout: no answer within 4s: context deadline exceeded
  Application: timeout: no answer within 4s: context deadline exceeded
pebbles: ok, (\d+) events of 2 logs.*
5 targets: 2 ok, 1 unreachable, 1 refused, 1 timeout; (\d+) events
$`)
		m := want.FindStringSubmatch(said)
		if m == nil || exit != exitSome || strings.Contains(said+out+doc.String(), password) {
			t.Fatalf("%v: exit %d, said\n%s", form, exit, said)
		}
		if n := strings.Count(out, "FRED") + strings.Count(out, "BARNEY"); fmt.Sprint(n) != m[3] || n < 10 {
			t.Errorf("%v: %d events, and %s are said\n%s", form, n, m[3], out)
		}
		var got summaryDoc
		if err := json.Unmarshal([]byte(doc.String()), &got); err != nil {
			t.Fatal(err)
		}
		states := ""
		for _, s := range got.Servers {
			states += fmt.Sprint(s.Server, " ", s.State, " ")
		}
		if states != "fred ok barney unreachable betty refused wilma timeout pebbles ok " || got.ExitCode != exitSome || fmt.Sprint(got.Events) != m[3] {
			t.Errorf("%v: %s", form, doc)
		}
		logs := got.Servers[0].Logs
		if len(logs) != 2 || logs[0].Log != "System" || logs[0].Bounded == 0 || !strings.Contains(doc.String(), `"bounded":`) {
			t.Errorf("%v: %+v", form, logs)
		}
		if d := got.Servers[0].Skew; d == nil || *d < -10 || *d > 10 {
			t.Errorf("%v: the clock of this very machine is wrong: %s", form, doc)
		}
	}
	t.Run("forms", func(t *testing.T) {
		for _, form := range []render.Form{render.JSON, render.Classic} {
			t.Run(form.String(), func(t *testing.T) { try(t, form) })
		}
	})
	if refused, _ := betty.logons(t); refused != 2 {
		t.Errorf("betty was tried %d times by two scans", refused)
	}
}

// Two hundred names and a wrong password: the servers see one attempt.
func TestScanRefusedOnce(t *testing.T) {
	t.Parallel()
	var servers []*demoServer
	for _, name := range demoServers {
		servers = append(servers, living(t, name, "yabba-dabba-doo"))
	}
	for _, form := range []render.Form{render.JSON, render.Classic} {
		var names []string
		for i := range 200 {
			names = append(names, fmt.Sprintf("srv%03d=%v", i, servers[i%len(servers)].door.addr))
		}
		exit, _, said := exitOf(t, scanOf(t, &scanFlags{output: form.String()}, "wilma", names...))
		if exit != exitFailed || !strings.HasSuffix(said, "\n200 targets: 1 refused, 199 not tried; 0 events\n") || !strings.HasPrefix(said, "srv000: refused: ") {
			t.Errorf("%v: exit %d, said\n%s", form, exit, said)
		}
		tries := 0
		for _, s := range servers {
			refused, let := s.logons(t)
			tries += refused
			if let != 0 {
				t.Errorf("%s let somebody in", s.name)
			}
		}
		want := map[render.Form]int{render.JSON: 1, render.Classic: 2}[form] // the second scan is one more
		if tries != want {
			t.Errorf("%v: %d attempts, want %d", form, tries, want)
		}
	}
}

// carried are the fields of an event that MS-EVEN has: all of the record. The others
// are where it was read (server, log, channel, offset) and what is derived from these.
const carried = "record,time,time_written,id,event_id,type,level,category,source,computer,user,strings,data,raw"

// A log that is asked for over TCP has the events of its file, in all fields that the
// protocol has.
func TestScanSameAsFile(t *testing.T) {
	t.Parallel()
	const password = "yabba-dabba-doo"
	s := living(t, "barney", password)
	r, err := eventlog.RegisterSource(t.Context(), s.s.As(eventlog.Caller{Name: "fred", SIDs: []eventlog.SID{nt.SIDAdministrators}}), "quarry")
	if err != nil {
		t.Fatal(err)
	}
	many := make([]string, 256)
	for i := range many {
		many[i] = fmt.Sprint("string ", i)
	}
	at := time.Date(1999, 12, 23, 15, 54, 9, 0, time.UTC)
	_, err = r.Report(t.Context(), []*eventlog.Event{
		{},
		{ID: 0xffffffff, Type: eventlog.Success, Category: 0xffff, TimeGenerated: at, Computer: "PEBBLE", User: "S-1-5-18", Strings: []string{""}},
		{ID: 7, Type: eventlog.Error, Source: "Störung 😀", User: "S-1-5-21-4294967295-0-1-2-3-4-5-6-7-8-9-10-11-500", Strings: []string{"", "ä", "", "zwei\r\nlines", "\u0001"}, Data: []byte{0}},
		{ID: 8, Type: eventlog.AuditFailure, Strings: many},
		{ID: 9, Type: eventlog.Warning, Data: make([]byte, 61440)},
		{ID: 10, Type: eventlog.Information, Strings: []string{strings.Repeat("x", 31839)}},
	}...)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	have := map[string]string{}
	for _, log := range demoLogs {
		f := &scanFlags{since: "all", logs: []string{log}, fields: carried, reverse: log != "System"}
		exit, out, said := exitOf(t, scanOf(t, f, password, "barney="+s.door.addr.String()))
		if exit != exitOK {
			t.Fatalf("%s: exit %d: %s", log, exit, said)
		}
		have[log] = out
	}
	// As a file it is a copy of what the service has on its disk.
	admin := s.s.As(eventlog.Caller{SIDs: []eventlog.SID{nt.SIDAdministrators}})
	for _, log := range demoLogs {
		if err := eventlog.Backup(t.Context(), s.log(t, log), log+".evt"); err != nil {
			t.Fatal(err)
		}
	}
	if err := admin.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(s.door.users.Name())
	for _, log := range demoLogs {
		a := testApp(t)
		f := &scanFlags{output: "json", fields: carried, reverse: log != "System"}
		j, err := a.planScan(f, []string{filepath.Join(dir, "data", "backup", log+".evt")})
		if err != nil {
			t.Fatal(err)
		}
		exit, out, said := exitOf(t, j)
		if exit != exitOK {
			t.Fatalf("%s: exit %d: %s", log, exit, said)
		}
		// Security goes on: that of the backups is in it, and so is the logon of this.
		want, got := strings.Split(out, "\n"), strings.Split(have[log], "\n")
		if log == "Security" {
			if len(got) > len(want) || len(got) < 20 {
				t.Fatalf("%s: %d lines, %d in the file", log, len(got), len(want))
			}
			want, got = want[:len(got)-1], got[:len(got)-1]
		}
		if d := cmp.Diff(want, got); d != "" || len(got) < 10 {
			t.Errorf("%s: %d lines (-file +server):\n%s", log, len(got), d)
		}
	}
}

// Who stops a scan gets what was listed, what became of each server, and nothing is
// left running.
func TestScanServersStopped(t *testing.T) {
	t.Parallel()
	const password = "yabba-dabba-doo"
	fred, wilma := living(t, "fred", password), living(t, "wilma", password)
	stuck := make(chan struct{}, 64)
	slow := inTheWay(t, wilma.door.addr.String(), func(answers io.Reader, to net.Conn) error {
		if _, err := io.CopyN(to, answers, 2000); err != nil {
			return err
		}
		stuck <- struct{}{}
		_, err := io.Copy(io.Discard, answers)
		return err
	})
	j := scanOf(t, &scanFlags{output: "classic"}, password, "fred="+fred.door.addr.String(), "wilma="+slow)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	end := make(chan error, 1)
	go func() { end <- j.run(ctx) }()
	<-stuck
	for { // what fred has is listed though wilma hangs
		b, err := os.ReadFile(j.stdout.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), ":FRED:") {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	cancel()
	var e *exitError
	select {
	case err := <-end:
		if !errors.As(err, &e) || e.code != exitFailed {
			t.Errorf("got %v", err)
		}
	case <-time.After(awaitTime):
		t.Fatal("it goes on")
	}
	said, err := os.ReadFile(j.stderr.Name())
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^fred: (ok, \d+ events of 2 logs.*|\d+ events of 2 logs; \d of 2 logs.*(\n  .*)*)\nwilma: (cancelled|0 events)`).Match(said) {
		t.Errorf("said\n%s", said)
	}
}

// A connection that ends while nobody reads, as one that has been idle for too long,
// is made again where the walk was: no record is missing, and none comes twice.
func TestScanIdle(t *testing.T) {
	t.Parallel()
	const password, n = "yabba-dabba-doo", 3000
	s := living(t, "barney", password)
	admin := s.s.As(eventlog.Caller{Name: "fred", SIDs: []eventlog.SID{nt.SIDAdministrators}})
	max := int64(8 << 20) // more than one answer holds
	if err := eventlog.Set(t.Context(), s.log(t, "Application"), eventlog.Settings{MaxSize: &max}); err != nil {
		t.Fatal(err)
	}
	r, err := eventlog.RegisterSource(t.Context(), admin, "quarry")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var list []*eventlog.Event
	for range n {
		list = append(list, &eventlog.Event{ID: 1, Data: make([]byte, 1000)})
	}
	if _, err := r.Report(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	addr := inTheWay(t, s.door.addr.String(), func(answers io.Reader, to net.Conn) error {
		mu.Lock()
		open = append(open, to)
		mu.Unlock()
		_, err := io.Copy(to, answers)
		return err
	})
	j := scanOf(t, &scanFlags{logs: []string{"Application"}}, password, "barney="+addr)
	j.opts.Ahead = 1 // no more than must be
	c := scan.Open(t.Context(), j.targets, &j.sel, &j.opts)
	defer c.Close()
	var e eventlog.Event
	last := uint64(0)
	for i := 0; ; i++ {
		err := c.Next(t.Context(), &e)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("after %d events: %v, %v", i, err, c.Outcomes()[0].Err)
		}
		if i > 0 && e.RecordNumber != last-1 {
			t.Fatalf("record %d comes behind %d", e.RecordNumber, last)
		}
		if last = e.RecordNumber; i == 0 {
			mu.Lock()
			for _, nc := range open {
				_ = nc.Close() // of which the client is not told
			}
			mu.Unlock()
		}
	}
	o := c.Outcomes()[0]
	mu.Lock()
	defer mu.Unlock()
	if o.State != eventlog.OK || o.Events < n || len(open) < 2 {
		t.Errorf("%d connections, %+v", len(open), o)
	}
}
