package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/eventlog"
)

// said is one message of an event stream.
type said struct{ ID, Event, Data string }

// follow reads the event stream of a log; next is its next message.
func (b *browser) follow(path, last string) (next func() said, stop func()) {
	t := b.n.t
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", b.n.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b.cookie != nil {
		req.AddCookie(b.cookie)
	}
	for name, value := range b.headers {
		req.Header.Set(name, value)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	client := &http.Client{Transport: b.n.http.Transport} // without its time limit
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if ct := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || ct != "text/event-stream" {
		t.Fatalf("%s: %s, %s", path, resp.Status, ct)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	next = func() (s said) {
		t.Helper()
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				s.ID = value
			case "event":
				s.Event = value
			case "data":
				s.Data = value
			case "":
				return s
			}
		}
		return said{}
	}
	stop = sync.OnceFunc(func() {
		cancel()
		closing(t, resp.Body)
	})
	t.Cleanup(stop) // a server waits for its streams
	return next, stop
}

func reporterOf(t testing.TB, n *network, source string) eventlog.Reporter {
	t.Helper()
	r, err := n.client("fred", "Yabba1").RegisterSource(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func report(t testing.TB, r eventlog.Reporter, ids ...eventlog.EventID) {
	t.Helper()
	for _, id := range ids {
		if _, err := r.Report(t.Context(), &eventlog.Event{ID: id, Strings: []string{"a\nb"}}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEventStream follows as a browser does: what comes, how far it is where nothing
// comes, and on from there.
func TestEventStream(t *testing.T) {
	n, b := quarry(t, 3)
	n.h.opts.Beat = 5 * time.Millisecond
	r := reporterOf(t, n, "Quarry")
	path := selecting("/v1/logs/quarry/follow", onlyIDOne)
	next, stop := b.follow(path, "")
	if s := next(); s.Event != "note" || !strings.HasPrefix(s.Data, `{"netelf":"begin","mark":{"record":3`) {
		t.Fatalf("begins with %+v", s)
	}
	event := func(record string) said {
		t.Helper()
		for {
			s := next()
			switch {
			case s == said{}:
				t.Fatal("it broke off")
			case s.Event == "note" && strings.Contains(s.Data, `"here"`):
			case s.Event == "" && strings.HasPrefix(s.Data, `{"record":`+record+`,`):
				return s
			default:
				t.Fatalf("got %+v, want record %s", s, record)
			}
		}
	}
	report(t, r, 7, 1)
	event("5")
	report(t, r, 7, 7, 7) // of which nothing is to be seen
	var here said
	for !strings.Contains(here.Data, `"record":8,`) {
		if here = next(); here.Event != "note" {
			t.Fatalf("got %+v", here)
		}
	}
	stop()
	report(t, r, 1, 2, 1)
	next, stop = b.follow(path, here.ID)
	defer stop()
	if s := next(); !strings.Contains(s.Data, `"begin","mark":{"record":8,`) {
		t.Fatalf("goes on with %+v", s)
	}
	event("9")
	event("11")
	b.want(204, "", "POST", "/v1/logs/quarry/clear", "{}")
	for {
		s := next()
		if strings.Contains(s.Data, `"loss"`) && strings.Contains(s.Data, `"mark-gone"`) {
			break
		}
		if !strings.Contains(s.Data, `"here"`) {
			t.Fatalf("cleared: %+v", s)
		}
	}
	report(t, r, 1)
	event("1")
}

// TestBeatMark: a client that follows by the API goes on behind what did not match,
// and hears so while nothing does.
func TestBeatMark(t *testing.T) {
	n, _ := quarry(t, 3)
	n.h.opts.Beat = 5 * time.Millisecond
	c := n.client("fred", "Yabba1")
	l, err := c.OpenLog(t.Context(), "Quarry")
	if err != nil {
		t.Fatal(err)
	}
	cur, err := eventlog.Follow(t.Context(), l, &eventlog.Selection{Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, cur)
	report(t, reporterOf(t, n, "Quarry"), 7, 7, 7)
	for { // each time as long as a beat may take to come
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := cur.Next(ctx, new(eventlog.Event))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if m := cur.AppendMarks(nil)[0]; m.Record == 6 && !m.Time.IsZero() {
			return
		}
		if cur, err = eventlog.Follow(t.Context(), l, &eventlog.Selection{After: cur.AppendMarks(nil), Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 1)}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFollowEndsWithSession: who is not known any more sees nothing more.
func TestFollowEndsWithSession(t *testing.T) {
	n := overTLSService(t)
	n.h.opts.Beat = 5 * time.Millisecond
	fred := n.browser("fred", "Yabba1")
	var made api.MadeToken
	if err := json.Unmarshal([]byte(fred.want(200, "netelf_", "POST", "/v1/users/fred/tokens", `{"name":"x","scope":["read"]}`)), &made); err != nil {
		t.Fatal(err)
	}
	byToken := &browser{n: n, headers: map[string]string{"Authorization": "Bearer " + made.Text}}
	for _, x := range []struct {
		name string
		b    *browser
		end  func()
	}{
		{"its token is revoked", byToken, func() { fred.want(204, "", "DELETE", "/v1/users/fred/tokens/x", "") }},
		{"its user is removed", n.browser("dino", "Bone1"), func() { fred.want(204, "", "DELETE", "/v1/users/dino", "") }},
		{"it logs out", n.browser("wilma", "Pebbles1"), nil},
	} {
		next, stop := x.b.follow("/v1/logs/System/follow", "")
		if x.end == nil {
			x.b.want(204, "", "DELETE", "/v1/session", "")
		} else {
			x.end()
		}
		for {
			s := next()
			if strings.Contains(s.Data, `"error"`) && strings.Contains(s.Data, "has ended") {
				break
			}
			if s == (said{}) || s.Event != "note" {
				t.Fatalf("%s: %+v", x.name, s)
			}
		}
		stop()
	}
}

// TestManyFollowers: each of many gets every event, or is told the numbers of those
// that it does not get.
func TestManyFollowers(t *testing.T) {
	const followers, events = 20, 2000
	n := overTLSService(t)
	c := n.client("fred", "Yabba1")
	size := int64(128 << 10) // which is less than what comes
	if err := c.CreateLog(t.Context(), "Quarry", eventlog.Settings{MaxSize: &size}); err != nil {
		t.Fatal(err)
	}
	l, err := c.OpenLog(t.Context(), "Quarry")
	if err != nil {
		t.Fatal(err)
	}
	var ready, done sync.WaitGroup
	for i := range followers {
		ready.Add(1)
		done.Go(func() {
			cur, err := eventlog.Follow(t.Context(), l, new(eventlog.Selection))
			ready.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer closing(t, cur)
			var e eventlog.Event
			for next := uint64(1); next <= events; {
				err := cur.Next(t.Context(), &e)
				loss, lost := eventlog.AsLoss(err)
				switch {
				case lost && loss.First == next && loss.Last >= next:
					next = loss.Last + 1
				case err == nil && e.RecordNumber == next:
					next++
				default:
					t.Errorf("follower %d: record %d, %v, want %d", i, e.RecordNumber, err, next)
					return
				}
			}
		})
	}
	ready.Wait()
	r := reporterOf(t, n, "Quarry")
	for range events / 100 {
		batch := make([]*eventlog.Event, 100)
		for i := range batch {
			batch[i] = &eventlog.Event{ID: 7, Strings: []string{"block", "wall"}}
		}
		if _, err := r.Report(t.Context(), batch...); err != nil {
			t.Fatal(err)
		}
	}
	done.Wait()
}

// TestStalled gives up a client that takes nothing.
func TestStalled(t *testing.T) {
	l := new(endlessLog)
	n := overTLS(t, Options{For: forAll(&memory{log: l}), Stall: 50 * time.Millisecond}, AccountsOptions{})
	n.add("fred", "Yabba1")
	b := n.browser("fred", "Yabba1")
	req, err := http.NewRequestWithContext(t.Context(), "GET", n.url+"/v1/logs/x/export?format=json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(b.cookie)
	resp, err := n.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the walk is given up", func() bool { return l.open.Load() == 0 })
	closing(t, resp.Body)
}

// TestSlowFollower: what is written slowly but taken is not given up, and a stream is
// no answer that has to end in time.
func TestSlowFollower(t *testing.T) {
	n, b := quarry(t, 1)
	n.h.opts.Beat = time.Hour
	next, stop := b.follow("/v1/logs/quarry/follow", "")
	defer stop()
	next()
	time.Sleep(20 * time.Millisecond)
	report(t, reporterOf(t, n, "Quarry"), 1)
	if s := next(); !strings.HasPrefix(s.Data, `{"record":2,`) {
		t.Errorf("got %+v", s)
	}
}

// TestServerSentEvents are as the standard has them: no line break of an event ends
// its message.
func TestServerSentEvents(t *testing.T) {
	m := api.MarkOf(eventlog.Mark{Record: 5})
	e := &eventlog.Event{RecordNumber: 5, Strings: []string{"a\r\nb\n\ndata: c", "\u2028"}}
	text := string(sse.line(nil, api.AppendEvent(nil, e), false, "System", m))
	if lines := strings.Split(text, "\n"); len(lines) != 4 || lines[2] != "" || strings.ContainsAny(text, "\r\u2028") {
		t.Errorf("%q", text)
	}
	want := fmt.Sprintf("id: %s\nevent: note\ndata: {\"netelf\":\"end\"}\n\n", place{record: 5}.text("System"))
	if d := cmp.Diff(want, string(sse.line(nil, api.AppendNote(nil, &api.Note{Netelf: api.NoteEnd}), true, "System", m))); d != "" {
		t.Error(d)
	}
}

// TestSessionIsRenewed: a client whose session the server has forgotten logs in again
// by itself, once.
func TestSessionIsRenewed(t *testing.T) {
	n := overTLSService(t)
	c := n.client("dino", "Bone1")
	for range 3 {
		if _, err := c.Logs(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.now.Add(int64(25 * time.Hour))
	}
	if acts := n.told(); len(acts) != 3 {
		t.Errorf("logged in %d times: %q", len(acts), acts)
	}
	if _, err := n.users.SetPassword(t.Context(), "dino", "Bone2", nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := c.Logs(t.Context()); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("with the old password: %v", err)
		}
	}
	if acts := n.told(); len(acts) != 1 {
		t.Errorf("tried the old password %d times: %q", len(acts), acts)
	}
}
