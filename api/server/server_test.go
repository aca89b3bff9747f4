package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
	"netelf.example/service"
)

// serve serves what is behind For on a socket, and answers its name.
func serve(t testing.TB, opts Options) string {
	t.Helper()
	if opts.Caller == nil {
		opts.Caller = CallerOf
	}
	return listen(t, New(opts))
}

func listen(t testing.TB, h *Handler) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "api") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s := &http.Server{Handler: h, ConnContext: ConnContext(callerFor), ErrorLog: slog.NewLogLogger(log.Handler(), 0)}
	done := make(chan error, 1)
	go func() { done <- s.Serve(Peers(l, log)) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return socket
}

// callerFor makes an administrator of whoever runs the test.
func callerFor(p Peer) eventlog.Caller {
	return eventlog.Caller{Name: "tester", Door: "socket", SIDs: []eventlog.SID{nt.UnixUser(p.UID), nt.SIDAdministrators, nt.SIDAuthenticatedUsers}}
}

// serving is a client of a Server that is there already.
func serving(t testing.TB, srv eventlog.Server) *api.Client {
	t.Helper()
	c := api.Unix(serve(t, Options{For: func(context.Context, eventlog.Caller) (eventlog.Server, error) { return srv, nil }}), ".")
	t.Cleanup(func() { closing(t, c) })
	return c
}

func closing(t testing.TB, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// memory is a Server of one log.
type memory struct {
	log eventlog.Log
	err error
}

func (m *memory) Logs(context.Context) ([]eventlog.Info, error) { return nil, m.err }
func (m *memory) OpenLog(context.Context, string) (eventlog.Log, error) {
	return m.log, m.err
}
func (m *memory) Close() error { return nil }

// TestClientIsALog holds a log at the other end of a socket to the contract.
func TestClientIsALog(t *testing.T) {
	for _, name := range []string{"System", "a/b c%2F..?#ü"} {
		logtest.Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
			m := logtest.NewMemory(eventlog.Origin{Server: "behind", Log: name, Channel: "System"}, events)
			l, err := serving(t, &memory{log: m}).OpenLog(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			return l
		})
	}
}

// TestProblems sends each error of the contract through the door.
func TestProblems(t *testing.T) {
	m := &memory{}
	c := serving(t, m)
	for _, row := range eventlog.Problems() {
		if row.Err == io.EOF {
			continue
		}
		m.err = fmt.Errorf("log %q: %w", "Quarry", row.Err)
		_, err := c.Logs(t.Context())
		if got, ok := eventlog.ProblemOf(err); !ok || got.Code != row.Code {
			t.Errorf("%s came out as %v", row.Code, err)
		}
		if err == nil || err.Error() != m.err.Error() {
			t.Errorf("%s: the text is %q, want %q", row.Code, err, m.err)
		}
		m.log = &logtest.Memory{Events: logtest.Events(), Fail: m.err, FailAfter: 2}
		m.err = nil
		l, err := c.OpenLog(t.Context(), "System")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range eventlog.All(t.Context(), l, nil) {
			if err == nil {
				n++
				continue
			}
			if got, ok := eventlog.ProblemOf(err); !ok || got.Code != row.Code || n != 2 {
				t.Errorf("%s ended a walk after %d events as %v", row.Code, n, err)
			}
		}
	}
	m.err = errors.New("secret text")
	if _, err := c.Logs(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("an internal error came out as %v", err)
	}
}

// TestLosses tells a client what is missing, in the middle of a walk.
func TestLosses(t *testing.T) {
	o := eventlog.Origin{Server: "behind", Log: "System"}
	m := logtest.NewMemory(o, logtest.Events())
	m.Losses = map[uint64]*eventlog.Loss{
		9:  {Offset: 0x1234, First: 9, Partial: true, Err: &eventlog.FormatError{Format: "evt", Struct: "EVENTLOGRECORD", Offset: 0x1234, Err: errors.New("odd")}},
		11: {Offset: -1, First: 1, Last: 4, Err: eventlog.ErrOverwrite},
		12: {Offset: -1},
	}
	l, err := serving(t, &memory{log: m}).OpenLog(t.Context(), "System")
	if err != nil {
		t.Fatal(err)
	}
	cur, err := l.Read(t.Context(), &eventlog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, cur)
	var got []string
	var out eventlog.Outcome
	for !out.Done() {
		var e eventlog.Event
		err := cur.Next(t.Context(), &e)
		out.Note(err)
		if _, ok := eventlog.AsLoss(err); ok {
			got = append(got, err.Error())
		}
	}
	want := []string{
		"./System: record 9 is incomplete: evt: EVENTLOGRECORD at offset 0x1234: odd",
		"./System: records 1 to 4 are missing: the log was overwritten faster than it was read",
		"./System: records may be missing",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if out.State != eventlog.Partial || out.Events != 14 || out.Lost != 4 || !out.LostUnknown {
		t.Errorf("outcome %+v", out)
	}
}

// overService is the service with a client of it.
func overService(t *testing.T) *api.Client {
	t.Helper()
	s, err := service.Open(t.TempDir(), &service.Options{Sync: service.SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, s) })
	c := api.Unix(serve(t, Options{
		For:     func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
		Version: "1.2.3", Computer: "bedrock", Zone: "Asia/Kathmandu",
	}), ".")
	t.Cleanup(func() { closing(t, c) })
	return c
}

func TestKeep(t *testing.T) {
	c := overService(t)
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	size, keep, forever := int64(1<<20), 48*time.Hour, eventlog.RetainForever
	ok(c.CreateLog(ctx, "Quarry", eventlog.Settings{MaxSize: &size, Retention: &keep}))
	if err := c.CreateLog(ctx, "quarry", eventlog.Settings{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
	l, err := c.OpenLog(ctx, "quarry")
	ok(err)
	i, err := l.Info(ctx)
	ok(err)
	if i.Name != "Quarry" || i.MaxSize != size || i.Retention != keep || i.Count() != 0 {
		t.Errorf("info %+v", i)
	}
	if i.Can != eventlog.CanFollow|eventlog.CanReport|eventlog.CanBackup|eventlog.CanClear|eventlog.CanSet {
		t.Errorf("abilities %b", i.Can)
	}
	ok(eventlog.Set(ctx, l, eventlog.Settings{Retention: &forever}))
	if i, err = l.Info(ctx); err != nil || i.Retention != forever {
		t.Errorf("info %+v, %v", i, err)
	}
	half := 500 * time.Millisecond
	if err := eventlog.Set(ctx, l, eventlog.Settings{Retention: &half}); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("half a second of retention: %v", err)
	}

	src := eventlog.Source{Name: "Crusher", Log: "Quarry", MessageFiles: []string{`%SystemRoot%\a b.dll`, "c.dll"}, CategoryCount: 3}
	ok(c.SetSource(ctx, src))
	list, err := c.Sources(ctx)
	ok(err)
	found := false
	for _, s := range list {
		found = found || cmp.Equal(s, src)
	}
	if !found {
		t.Errorf("sources %+v", list)
	}
	r, err := c.RegisterSource(ctx, "crusher")
	ok(err)
	e := &eventlog.Event{ID: 0xc0000007, Type: eventlog.Error, Category: 2, Strings: []string{"belt 3", "ünïcode\u202e", ""}, Data: []byte{0, 1, 255}}
	if last, err := r.Report(ctx, e, e, e); last != 3 || err != nil {
		t.Fatalf("reported %d, %v", last, err)
	}
	var got []*eventlog.Event
	for e, err := range eventlog.All(ctx, l, &eventlog.Selection{Backward: true}) {
		ok(err)
		got = append(got, e)
	}
	if len(got) != 3 {
		t.Fatalf("%d events", len(got))
	}
	if e := got[0]; e.RecordNumber != 3 || e.ID != 0xc0000007 || e.Type != eventlog.Error || e.Category != 2 || e.Source != "crusher" ||
		!cmp.Equal(e.Strings, []string{"belt 3", "ünïcode\u202e", ""}) || !cmp.Equal(e.Data, []byte{0, 1, 255}) ||
		e.Origin.String() != "./Quarry" || e.User != nt.UnixUser(uint32(os.Getuid())) || time.Since(e.TimeGenerated) > time.Minute {
		t.Errorf("the event came back as %+v", e)
	}

	ok(eventlog.Backup(ctx, l, "one.evt"))
	if err := eventlog.Backup(ctx, l, "one.evt"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup: %v", err)
	}
	if err := eventlog.Backup(ctx, l, "../one.evt"); !errors.Is(err, eventlog.ErrBackupName) {
		t.Errorf("a backup elsewhere: %v", err)
	}
	ok(eventlog.Clear(ctx, l, "two.evt"))
	b, err := c.OpenBackup(ctx, "two.evt")
	ok(err)
	if i, err := b.Info(ctx); err != nil || i.Count() != 3 {
		t.Errorf("the backup: %+v, %v", i, err)
	}
	if err := eventlog.Clear(ctx, b, ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a backup was cleared: %v", err)
	}
	ok(c.RemoveSource(ctx, "Crusher"))
	if err := c.RemoveSource(ctx, "Crusher"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed twice: %v", err)
	}
	ok(c.DeleteLog(ctx, "Quarry"))
	if _, err := c.OpenLog(ctx, "Quarry"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opened what was deleted: %v", err)
	}
	if _, err := c.RegisterSource(ctx, ""); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("a source without a name: %v", err)
	}
	if d, known := c.Skew(); known {
		t.Errorf("the clock was never asked for, and is %v ahead", d)
	}
	a, err := c.About(ctx)
	if err != nil || a.Version != "1.2.3" || a.Computer != "bedrock" || a.Zone != "Asia/Kathmandu" || a.Caller.Name != "tester" || !a.Caller.Administrator || time.Since(a.Time) > time.Minute {
		t.Errorf("about: %+v, %v", a, err)
	}
	if d, known := c.Skew(); !known || d.Abs() > time.Minute {
		t.Errorf("the clock of this very machine is %v ahead, %v", d, known)
	}
}

// TestFollow waits for events, ends with the client, and says so when the server
// goes.
func TestFollow(t *testing.T) {
	c := overService(t)
	ctx := t.Context()
	l, err := c.OpenLog(ctx, "Application")
	if err != nil {
		t.Fatal(err)
	}
	cur, err := eventlog.Follow(ctx, l, &eventlog.Selection{Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 7)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.RegisterSource(ctx, "Crusher")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if _, err := r.Report(ctx, &eventlog.Event{ID: 6}, &eventlog.Event{ID: 7}); err != nil {
			t.Fatal(err)
		}
		var e eventlog.Event
		if err := cur.Next(ctx, &e); err != nil || e.RecordNumber != uint64(2*n+2) {
			t.Fatalf("followed to %d, %v", e.RecordNumber, err)
		}
	}
	ended := make(chan error)
	go func() { ended <- cur.Next(ctx, new(eventlog.Event)) }()
	closing(t, cur)
	if err := <-ended; !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Next ended with %v", err)
	}
}

// TestDrain ends walks with a word, and their marks stay good.
func TestDrain(t *testing.T) {
	m := logtest.NewMemory(eventlog.Origin{Log: "System"}, logtest.Events())
	m.Block, m.BlockAfter = true, 2
	h := New(Options{Caller: CallerOf, For: func(context.Context, eventlog.Caller) (eventlog.Server, error) { return &memory{log: m}, nil }})
	c := api.Unix(listen(t, h), ".")
	defer closing(t, c)
	l, err := c.OpenLog(t.Context(), "System")
	if err != nil {
		t.Fatal(err)
	}
	cur, err := l.Read(t.Context(), &eventlog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, cur)
	var e eventlog.Event
	for range 2 {
		if err := cur.Next(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	h.Drain()
	if err := cur.Next(t.Context(), &e); !errors.Is(err, fs.ErrClosed) || !strings.Contains(err.Error(), "stopping") {
		t.Errorf("Next ended with %v", err)
	}
	if marks := cur.AppendMarks(nil); len(marks) != 1 || marks[0].Record != e.RecordNumber {
		t.Errorf("marks %v behind record %d", marks, e.RecordNumber)
	}
}

// TestMany reports more than fits into one request.
func TestMany(t *testing.T) {
	c := overService(t)
	size := int64(64 << 20)
	if err := c.CreateLog(t.Context(), "Big", eventlog.Settings{MaxSize: &size}); err != nil {
		t.Fatal(err)
	}
	r, err := c.RegisterSource(t.Context(), "Big")
	if err != nil {
		t.Fatal(err)
	}
	e := &eventlog.Event{ID: 1, Data: make([]byte, service.MaxData)}
	events := make([]*eventlog.Event, 300) // 18 MiB, a third more on the way
	for i := range events {
		events[i] = e
	}
	if last, err := r.Report(t.Context(), events...); last != 300 || err != nil {
		t.Fatalf("reported %d, %v", last, err)
	}
	l, err := c.OpenLog(t.Context(), "Big")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range eventlog.All(t.Context(), l, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.RecordNumber != uint64(n) || len(e.Data) != service.MaxData {
			t.Fatalf("event %d is record %d with %d bytes", n, e.RecordNumber, len(e.Data))
		}
	}
	if n != 300 {
		t.Errorf("%d events came back", n)
	}
}

// TestRefused sends what no Client would.
func TestRefused(t *testing.T) {
	s, err := service.Open(t.TempDir(), &service.Options{Sync: service.SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, s)
	socket := serve(t, Options{For: func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil }})
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	defer tr.CloseIdleConnections()
	deep := strings.Repeat(`{"not":`, 100) + `{"or":[]}` + strings.Repeat("}", 100)
	for _, x := range []struct {
		method, path, body string
		status             int
		text               string // that the answer has
	}{
		{"GET", "/v1/nothing", "", 404, ""},
		{"GET", "/v1/logs/Nothing", "", 404, `"code":"not-found"`},
		{"GET", "/v1/logs/..%2F..%2Fetc%2Fpasswd", "", 404, `"code":"not-found"`},
		{"GET", "/v1/backups/..%2Fx.evt", "", 400, `"code":"invalid-backup-name"`},
		{"GET", "/v1/logs/System?chek=open", "", 422, "chek"},
		{"GET", "/v1/logs/System?check=shut", "", 422, "check"},
		{"POST", "/v1/logs", `{"name":"a","max_sise":1}`, 422, "max_sise"},
		{"POST", "/v1/logs", `{"name":""}`, 422, "name"},
		{"POST", "/v1/logs", `{"name":"a/../../b?"}`, 400, `"code":"invalid"`},
		{"POST", "/v1/logs", `{`, 400, ""},
		{"POST", "/v1/logs", strings.Repeat(" ", maxRequest+1), 413, "too-large"},
		{"PATCH", "/v1/logs/System", `{"max_size":0}`, 422, "max_size"},
		{"PATCH", "/v1/logs/System", `{"sddl":"D:(A;;nonsense"}`, 400, `"code":"invalid"`},
		{"DELETE", "/v1/logs/System", "", 400, `"code":"invalid"`},
		{"POST", "/v1/logs/System/events", `{"where":` + deep + `}`, 400, "nested more than"},
		{"POST", "/v1/logs/System/events", `{"where":{}}`, 400, "one of and, or, not, field"},
		{"POST", "/v1/logs/System/events", `{"where":{"field":"record","text":"x"}}`, 400, "compared with a number"},
		{"POST", "/v1/logs/System/events", `{"where":{"field":"source","number":1}}`, 400, "compared with a text"},
		{"POST", "/v1/logs/System/events", `{"where":{"field":"nonsense","number":1}}`, 400, "unknown field"},
		{"POST", "/v1/logs/System/events", `{"where":{"field":"record","op":"likely","number":1}}`, 422, "op"},
		{"POST", "/v1/logs/System/events", `{"want":["nonsense"]}`, 400, "unknown field"},
		{"POST", "/v1/logs/System/events", `{"limit":-1}`, 422, "limit"},
		{"POST", "/v1/logs/System/events", `{"after":{"record":1000000}}`, 410, "mark-gone"},
		{"POST", "/v1/logs/System/events", ``, 400, ""},
		{"POST", "/v1/reports", "{}", 422, "source"},
		{"POST", "/v1/reports?source=x", "{}\n{\"id\":\"x\"}\n", 400, "line 2"},
		{"POST", "/v1/reports?source=x", "{}" + strings.Repeat("\n", MaxEvents+1), 413, "too-large"},
		{"POST", "/v1/reports?source=x", `{"user":"nonsense"}`, 400, "user"},
		{"POST", "/v1/reports?source=Security", `{}`, 403, "access-denied"},
		{"PUT", "/v1/sources/x", `{"name":"y","log":"System"}`, 400, "called"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), x.method, "http://netelf"+x.path, strings.NewReader(x.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Errorf("%s %s: %v", x.method, x.path, err)
			continue
		}
		b, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			t.Error(err)
		}
		if resp.StatusCode != x.status || !strings.Contains(string(b), x.text) {
			t.Errorf("%s %s %.60s: %d %s, want %d with %s", x.method, x.path, x.body, resp.StatusCode, b, x.status, x.text)
		}
	}
}

// TestTooLong is refused before a byte of it came.
func TestTooLong(t *testing.T) {
	socket := serve(t, Options{For: func(context.Context, eventlog.Caller) (eventlog.Server, error) { return &memory{}, nil }})
	c, err := new(net.Dialer).DialContext(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, c)
	if _, err := fmt.Fprintf(c, "POST /v1/reports?source=x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", maxBody+1); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil || !strings.Contains(string(b), "413") || !strings.Contains(string(b), "too-large") {
		t.Errorf("got %s, %v", b, err)
	}
}

// TestHeld lets one caller have so much in memory at a time, and each other as
// much.
func TestHeld(t *testing.T) {
	var h held
	one, other := eventlog.Caller{SIDs: []eventlog.SID{"S-1-22-1-1"}}, eventlog.Caller{SIDs: []eventlog.SID{"S-1-22-1-2"}}
	var release []func()
	for range 2 { // of a length that is not known
		r, err := h.take(t.Context(), one, -1)
		if err != nil {
			t.Fatal(err)
		}
		release = append(release, r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.take(ctx, one, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a third: %v", err)
	}
	r, err := h.take(t.Context(), other, maxBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range append(release, r) {
		r()
	}
	if len(h.callers) != 0 {
		t.Errorf("%d callers are remembered", len(h.callers))
	}
}

// TestNobody refuses connections that nobody is behind.
func TestNobody(t *testing.T) {
	socket := serve(t, Options{
		Caller: func(*http.Request) (eventlog.Caller, error) { return eventlog.Caller{}, errors.New("secret reason") },
		For: func(context.Context, eventlog.Caller) (eventlog.Server, error) {
			t.Error("it was asked for a server")
			return nil, fs.ErrPermission
		},
	})
	c := api.Unix(socket, ".")
	defer closing(t, c)
	if _, err := c.Logs(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

// TestStreams bounds the walks that are open at once.
func TestStreams(t *testing.T) {
	m := &logtest.Memory{Events: logtest.Events(), Block: true}
	c := api.Unix(serve(t, Options{Streams: 2, For: func(context.Context, eventlog.Caller) (eventlog.Server, error) { return &memory{log: m}, nil }}), ".")
	defer closing(t, c)
	l, err := c.OpenLog(t.Context(), "System")
	if err != nil {
		t.Fatal(err)
	}
	var open []eventlog.Cursor
	for range 2 {
		cur, err := l.Read(t.Context(), &eventlog.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, cur)
	}
	if _, err := l.Read(t.Context(), &eventlog.Selection{}); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("a third walk: %v", err)
	}
	for _, cur := range open {
		closing(t, cur)
	}
	for { // until the server has noticed
		cur, err := l.Read(t.Context(), &eventlog.Selection{})
		if err == nil {
			closing(t, cur)
			break
		}
		if !strings.Contains(err.Error(), "too many") {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestUnreachable names the socket, and is not mistaken for a log that is not
// there.
func TestUnreachable(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "none")
	c := api.Unix(socket, ".")
	_, err := c.OpenLog(t.Context(), "System")
	if err == nil || errors.Is(err, fs.ErrNotExist) || eventlog.StateOf(err) != eventlog.Unreachable ||
		err.Error() != "no service answers on "+socket+": no such file or directory ('netelf serve' runs one)" {
		t.Errorf("got %v, %v", err, eventlog.StateOf(err))
	}
}

var update = flag.Bool("update", false, "write docs/openapi.json")

// TestOpenAPI compares the document that is committed with the one that is
// served.
func TestOpenAPI(t *testing.T) {
	if strconv.IntSize != 64 {
		t.Skip("the document says of every int that it has 64 bits: test on a machine where it has")
	}
	const name = "../../docs/openapi.json"
	many, err := NewMany(ManyOptions{Files: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, many)
	b, err := New(Options{Version: "v1", Many: many}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, b, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	if *update {
		if err := os.WriteFile(name, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), indented.String()); d != "" {
		t.Errorf("docs/openapi.json is not what is served; go test ./api/server -update writes it: %s", d)
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add([]byte("{\"event_id\":7,\"strings\":[\"a\"]}\n\n{}\n"))
	c := callerFor(Peer{})
	f.Fuzz(func(t *testing.T, b []byte) {
		events, err := parseEvents(b, c)
		if err != nil {
			return
		}
		for _, e := range events {
			if e.User == "" {
				t.Fatal("an event of nobody")
			}
		}
	})
}

// TestText: the events of a walk have text where it is asked for, in the language that
// is asked for, and say who has it.
func TestText(t *testing.T) {
	dir := t.TempDir()
	mc := filepath.Join(dir, "quarry.mc")
	text := "LanguageNames=(English=0x409:a)\nLanguageNames=(German=0x407:b)\nFacilityNames=(None=0)\n" +
		"MessageId=1 Severity=Success Facility=None\nLanguage=English\nBelts\n.\nLanguage=German\nB\u00e4nder\n.\n" +
		"MessageId=7 Severity=Success Facility=None\nLanguage=English\nBelt %1 is %2.\n.\nLanguage=German\nBand %1 ist %2.\n.\n"
	if err := os.WriteFile(mc, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := service.Open(filepath.Join(dir, "data"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, s) })
	c := serving(t, s.As(eventlog.Caller{SIDs: []eventlog.SID{nt.SIDAdministrators}}))
	ctx := t.Context()
	if err := eventlog.SetSource(ctx, c, eventlog.Source{Name: "Crusher", Log: "Application", MessageFiles: []string{mc}, CategoryFile: mc, CategoryCount: 1}); err != nil {
		t.Fatal(err)
	}
	r, err := eventlog.RegisterSource(ctx, c, "Crusher")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Report(ctx, &eventlog.Event{ID: 7, Category: 1, Type: eventlog.Error, Strings: []string{"3", "jammed"}}); err != nil {
		t.Fatal(err)
	}
	l, err := c.OpenLog(ctx, "Application")
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, l)
	both := eventlog.FieldMessage.Bit() | eventlog.FieldCategoryName.Bit()
	for _, tt := range []struct {
		want eventlog.Fields
		lang string
		text string
	}{
		{0, "", "not sought: , "},
		{both, "", "server: Belt 3 is jammed., Belts"},
		{both, "fr,de-AT,en", "server: Band 3 ist jammed., B\u00e4nder"},
		{eventlog.FieldMessage.Bit(), "xx", "server: Belt 3 is jammed., "},
		{eventlog.FieldCategoryName.Bit(), "", "not sought: , Belts"},
	} {
		for e, err := range eventlog.All(ctx, l, &eventlog.Selection{Want: tt.want, Lang: tt.lang}) {
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%v: %s, %s", e.MessageBy, e.Message, e.CategoryName); got != tt.text {
				t.Errorf("want %b in %q: %q, want %q", tt.want, tt.lang, got, tt.text)
			}
		}
	}
}
