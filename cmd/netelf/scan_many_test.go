package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/render"
	"netelf.example/scan"
)

// testApp is an app whose outputs are files.
func testApp(t *testing.T) *app {
	t.Helper()
	open := func(name string) *os.File {
		f, err := os.Create(filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	return &app{stdout: open("out"), stderr: open("err"), now: time.Now, environ: func() []string { return nil }}
}

// remote is a server whose logon and whose first event take their time.
type remote struct {
	log          *logtest.Memory
	logon, first time.Duration
	err          error // of the logon
	ahead        time.Duration
	events       *atomic.Int32 // that were read
}

func (r *remote) open(ctx context.Context) (eventlog.Server, error) {
	if err := pause(ctx, r.logon); err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, r.err
	}
	return r, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *remote) Skew() (time.Duration, bool) { return r.ahead, r.ahead != 0 }
func (r *remote) Close() error                { return nil }
func (r *remote) Logs(context.Context) ([]eventlog.Info, error) {
	return nil, errors.ErrUnsupported
}
func (r *remote) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	if name != "System" {
		return nil, fs.ErrNotExist
	}
	return &remoteLog{r.log, r}, nil
}

type remoteLog struct {
	*logtest.Memory
	r *remote
}

func (l *remoteLog) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := l.Memory.Read(ctx, sel)
	return &remoteCursor{Cursor: c, r: l.r}, err
}

type remoteCursor struct {
	eventlog.Cursor
	r     *remote
	begun bool
}

func (c *remoteCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if !c.begun {
		c.begun = true
		if err := pause(ctx, c.r.first); err != nil {
			return err
		}
	}
	if c.r.events != nil {
		c.r.events.Add(1)
	}
	return c.Cursor.Next(ctx, e)
}

func remotely(name string, n int, r *remote) scan.Target {
	var events []*eventlog.Event
	for i := range n {
		at := time.Date(1999, 12, 23, 15, 54, 0, 0, time.UTC).Add(time.Duration(i) * time.Second)
		events = append(events, &eventlog.Event{
			RecordNumber: uint64(i + 1), TimeGenerated: at, TimeWritten: at, Type: eventlog.Information,
			Level: eventlog.LevelInformation, Source: "Crusher", Computer: strings.ToUpper(name), ID: 7, Strings: []string{"belt", fmt.Sprint(i)}, Offset: -1,
		})
	}
	r.log = logtest.NewMemory(eventlog.Origin{Server: name, Log: "System"}, events)
	return scan.Target{Name: name, Open: r.open, Default: []string{"System"}}
}

// job is a scan of targets, as planScan makes it.
func job(a *app, form render.Form, targets []scan.Target) *scanJob {
	j := &scanJob{app: a, targets: targets, form: form, window: "in the whole log", render: render.Options{Location: time.UTC}}
	j.sel = eventlog.Selection{Backward: true, Want: render.Wants(form, nil)}
	j.report = newReport(a, targets, false, false)
	return j
}

// exitOf runs a job and answers its exit code and what was written.
func exitOf(t *testing.T, j *scanJob) (exit int, out, said string) {
	t.Helper()
	return exitWith(t.Context(), t, j)
}

func exitWith(ctx context.Context, t *testing.T, j *scanJob) (exit int, out, said string) {
	t.Helper()
	if err := j.run(ctx); err != nil {
		var e *exitError
		if !errors.As(err, &e) || e.err != nil {
			t.Fatal(err)
		}
		exit = e.code
	}
	read := func(f *os.File) string {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return exit, read(j.stdout), read(j.stderr)
}

// The job of the old scripts: four servers, of which one is dead, one refuses and
// one is slow, in each of the outputs.
func TestFourServers(t *testing.T) {
	for _, form := range []render.Form{render.Classic, render.JSON} {
		synctest.Test(t, func(t *testing.T) {
			slow := &remote{logon: 5 * time.Second, first: 9 * time.Second, ahead: -90 * time.Second}
			j := job(testApp(t), form, []scan.Target{
				remotely("bedrock", 3, &remote{ahead: 600 * time.Millisecond}),
				remotely("barney", 3, &remote{logon: time.Hour}),
				remotely("betty", 3, &remote{err: fs.ErrPermission}),
				remotely("wilma", 2, slow),
			})
			j.opts.Timeout = 10 * time.Second
			begun := time.Now()
			doc := new(bytes.Buffer)
			j.report.summary = &summary{w: doc, begun: begun}
			exit, out, said := exitOf(t, j)
			if d := time.Since(begun); d != 14*time.Second {
				t.Errorf("%v: took %v", form, d)
			}
			if n := strings.Count(out, "BEDROCK") + strings.Count(out, "WILMA"); exit != exitSome || n != 5 {
				t.Errorf("%v: exit %d with %d events:\n%s", form, exit, n, out)
			}
			want := `bedrock: ok, 3 events
barney: timeout: no answer within 10s: context deadline exceeded
betty: refused: permission denied
wilma: ok, 2 events
  its clock is 1m30s behind
4 targets: 2 ok, 1 timeout, 1 refused; 5 events; the clock of wilma is 1m30s behind
`
			if d := cmp.Diff(want, said); d != "" {
				t.Errorf("%v (-want +got):\n%s", form, d)
			}
			if form == render.Classic && !strings.Contains(out, "for betty\nError for betty:permission denied\n###") {
				t.Errorf("got\n%s", out)
			}
			var got summaryDoc
			if err := json.Unmarshal(doc.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			skews, states := "", ""
			for _, s := range got.Servers {
				states += s.State + " "
				if s.Skew != nil {
					skews += fmt.Sprint(*s.Skew, " ")
				}
			}
			if got.Seconds != 14 || got.ExitCode != exitSome || got.Events != 5 || skews != "0.6 -90 " ||
				states != "ok timeout refused ok " || got.Servers[3].Seconds != 14 || got.Servers[2].Error != "permission denied" {
				t.Errorf("%s", doc)
			}
		})
	}
}

// With classic, too, a wrong password is tried once.
func TestClassicRefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		var targets []scan.Target
		for i := range 200 {
			targets = append(targets, scan.Target{Name: fmt.Sprintf("srv%03d", i), Credential: "fred", Open: func(ctx context.Context) (eventlog.Server, error) {
				tries.Add(1)
				return nil, errors.Join(pause(ctx, time.Second), fs.ErrPermission)
			}})
		}
		exit, out, said := exitOf(t, job(testApp(t), render.Classic, targets))
		if exit != exitFailed || tries.Load() != 1 {
			t.Errorf("exit %d after %d attempts", exit, tries.Load())
		}
		const why = "srv000 refused the same credential: permission denied\n"
		if n := strings.Count(out, ":"+why); n != 199 {
			t.Errorf("%d of 199 are told in the list", n)
		}
		if !strings.Contains(said, "\nsrv199: not tried: "+why) || !strings.HasSuffix(said, "\n200 targets: 1 refused, 199 not tried; 0 events\n") {
			t.Errorf("said\n%s", said)
		}
	})
}

// blocked is an output that nobody reads until free is closed.
type blocked struct {
	free chan struct{}
	n    int
}

func (b *blocked) Write(p []byte) (int, error) {
	<-b.free
	b.n += len(p)
	return len(p), nil
}

// What is read ahead of a block that is not read is bounded.
func TestLookahead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookahead()
		var wrote atomic.Int64
		line := bytes.Repeat([]byte("x"), 1000)
		go func() {
			w := l.writer(t.Context())
			for range 10000 {
				n, err := w.Write(line)
				if err != nil {
					t.Error(err)
				}
				wrote.Add(int64(n))
			}
			l.end(errors.New("enough"))
		}()
		synctest.Wait()
		if n := wrote.Load(); n < maxAhead || n > maxAhead+int64(len(line)) {
			t.Errorf("%d bytes ahead, want about %d", n, maxAhead)
		}
		out := &blocked{free: make(chan struct{})}
		end := make(chan error)
		go func() { end <- l.copyTo(out) }()
		synctest.Wait()
		if n := wrote.Load(); n > 2*(maxAhead+int64(len(line))) {
			t.Errorf("%d bytes ahead of a write that waits", n)
		}
		close(out.free)
		if err := <-end; err == nil || err.Error() != "enough" || out.n != 10000*len(line) {
			t.Errorf("%d bytes, %v", out.n, err)
		}

		// Who stops it need not read it.
		l = newLookahead()
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			w := l.writer(ctx)
			for range 2 * maxAhead / len(line) {
				if _, err := w.Write(line); err != nil {
					t.Error(err)
				}
			}
			close(over)
		}()
		synctest.Wait()
		cancel()
		<-over
	})
}

// Of targets whose turn has not come some are read, each so far and no further.
func TestClassicAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 20000
		var opened, read atomic.Int32
		var targets []scan.Target
		for i := range 10 {
			r := &remote{events: &read}
			if i == 0 {
				r.logon = time.Hour
			}
			s := remotely(fmt.Sprint("srv", i), n, r)
			open := s.Open
			s.Open = func(ctx context.Context) (eventlog.Server, error) {
				opened.Add(1)
				return open(ctx)
			}
			targets = append(targets, s)
		}
		a := testApp(t)
		j := job(a, render.Classic, targets)
		j.opts.Parallel = 3
		ctx, cancel := context.WithCancel(t.Context())
		end := make(chan error)
		go func() { end <- j.run(ctx) }()
		synctest.Wait()
		if n := opened.Load(); n != 3 {
			t.Errorf("%d opened, want 3", n)
		}
		if r := read.Load(); r < 1000 || r > n {
			t.Errorf("%d events of 2 targets were read, each of which has %d", r, n)
		}

		// Who stops it gets what there is, and an outcome of each.
		cancel()
		var e *exitError
		if err := <-end; !errors.As(err, &e) || e.code != exitFailed {
			t.Errorf("got %v", err)
		}
		said, err := os.ReadFile(a.stderr.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(said), "srv0: cancelled: you stopped it\n") || !strings.Contains(string(said), "srv9: cancelled: you stopped it\n") {
			t.Errorf("said\n%s", said)
		}
		out, err := os.ReadFile(a.stdout.Name())
		if err != nil {
			t.Fatal(err)
		}
		if events := strings.Count(string(out), ":Crusher:"); events < 1000 || events > n {
			t.Errorf("%d events are listed", events)
		}
	})
}

func TestStatusTable(t *testing.T) {
	list := []scan.Status{
		{Target: "bedrock", Phase: scan.Over, Events: 12},
		{Target: "barney", Phase: scan.Reading, Events: 1},
		{Target: "betty", Phase: scan.Over, State: eventlog.Refused},
		{Target: "wilma", Phase: scan.Waiting},
		{Target: "a-server-with-a-long-name\x1b.example.com", Phase: scan.Over, State: eventlog.Refused, NotTried: true},
	}
	for _, tt := range []struct {
		lines, width int
		want         string
	}{
		{10, 80, `5 targets: 1 ok, 1 reading, 1 refused, 1 waiting, 1 not tried; 13 events
  bedrock                                   ok         12 events
  barney                                    reading    1 event
  betty                                     refused    0 events
  wilma                                     waiting    0 events
  a-server-with-a-long-name\x1b.example.c…  not tried  0 events`},
		{3, 200, `5 targets: 1 ok, 1 reading, 1 refused, 1 waiting, 1 not tried; 13 events; 3 not shown
  barney  reading  1 event
  betty   refused  0 events`},
		{1, 20, `5 targets: 1 ok, 1 …`},
		{2, 16, `5 targets: 1 ok…
  barney  readi…`},
	} {
		got := statusTable(list, tt.lines, tt.width)
		if d := cmp.Diff(tt.want, strings.Join(got, "\n")); d != "" {
			t.Errorf("%d lines of %d (-want +got):\n%s", tt.lines, tt.width, d)
		}
	}
	many := make([]scan.Status, 1000)
	if got := statusTable(many, 22, 80); len(got) != 22 || got[0] != "1000 targets: 1000 waiting; 0 events; 979 not shown" {
		t.Errorf("%d lines, %q", len(got), got[0])
	}
}

func TestTally(t *testing.T) {
	r := &report{}
	for _, skew := range []time.Duration{0, 3 * time.Second, -time.Hour, 1499 * time.Millisecond} {
		o := scan.Outcome{Skew: skew, SkewKnown: true}
		r.targets = append(r.targets, fate{name: skew.String(), outcome: o})
	}
	const want = "4 targets: 4 ok; 0 events; the clock of -1h0m0s is 1h0m0s behind, that of 1 more is wrong too"
	if got := r.tally(); got != want {
		t.Errorf("got %s", got)
	}
}

// Which targets wait how long, and which of their logs are read.
func TestPlanLive(t *testing.T) {
	t.Chdir(t.TempDir())
	plan := func(f *scanFlags, args ...string) []scan.Target {
		f.output = "json"
		j, err := testApp(t).planScan(f, args)
		if err != nil {
			t.Fatal(err)
		}
		return j.targets
	}
	args := []string{"bedrock", "rpc://betty:1026", "https://barney", "./x", "dir:y", "."}
	for i, s := range plan(&scanFlags{}, args...) {
		if want := i < 3; (s.OpenTimeout == openTimeout) != want || s.Logs != nil {
			t.Errorf("%s: %v, %q", s.Name, s.OpenTimeout, s.Logs)
		}
	}
	for _, s := range plan(&scanFlags{timeoutGiven: true, logs: []string{"System,ALL"}}, args...) {
		if s.OpenTimeout != 0 || s.Logs != nil || s.Default != nil {
			t.Errorf("%+v", s)
		}
	}
	if s := plan(&scanFlags{logs: []string{"System", "Security"}}, "bedrock")[0]; len(s.Logs) != 2 {
		t.Errorf("%q", s.Logs)
	}
}

func TestPrintable(t *testing.T) {
	got := string(printable([]byte("{\"a\":\"b\u202e\u009b\U000e0001ü\U0001F600\"}")))
	if want := `{"a":"b\u202e\u009b\udb40\udc01ü😀"}`; got != want {
		t.Errorf("got %s", got)
	}
	var v map[string]string
	if err := json.Unmarshal([]byte(got), &v); err != nil || v["a"] != "b\u202e\u009b\U000e0001ü😀" {
		t.Errorf("%q, %v", v, err)
	}
}

// Whatever a list of targets is, its lines are read in their order and within
// their bounds.
func FuzzTargetLines(f *testing.F) {
	f.Add([]byte("bedrock\n# no\n\n  rpc://betty:1026  # yes\nx#y\n"))
	f.Add([]byte("\ufeffbedrock\r\n@web\r\n"))
	f.Add(bytes.Repeat([]byte("x"), maxTargetLine+1))
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		last := 0
		err := (&app{}).targetLines(name, func(line int, text string) error {
			if line <= last || line > bytes.Count(b, []byte("\n"))+1 || text == "" || len(text) > maxTargetLine ||
				text[0] == '#' || strings.TrimSpace(text) != text || strings.ContainsAny(text, "\n") {
				t.Errorf("line %d is %q", line, text)
			}
			last = line
			return nil
		})
		if err != nil && !strings.HasSuffix(err.Error(), "the line has over 4096 bytes") {
			t.Error(err)
		}
	})
}

func TestBoundedText(t *testing.T) {
	o := func(records ...uint64) *scan.Outcome {
		o := new(scan.Outcome)
		for i, n := range records {
			o.Logs = append(o.Logs, scan.LogOutcome{Log: fmt.Sprint("L", i), Bounded: n})
		}
		return o
	}
	for _, x := range []struct {
		o       *scan.Outcome
		reverse bool
		want    string
	}{
		{o(), false, ""},
		{o(0, 0), false, ""},
		{o(7), false, ", back to record 7"},
		{o(7, 0, 9), false, ", back to record 7 of L0, 9 of L2"},
		{o(1, 2, 3), false, ", back to record 1 of L0, 2 of L1, 3 of L2"},
		{o(1, 2, 3, 4, 0, 6), false, ", back to record 1 of L0, 2 of L1, 3 of L2, so in 2 more"},
		{o(7), true, ", begun or ended at record 7"},
	} {
		if got := bounded(x.o, x.reverse); got != x.want {
			t.Errorf("have %q, want %q", got, x.want)
		}
	}
}
