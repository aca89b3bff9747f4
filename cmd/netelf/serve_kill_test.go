//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/target"
)

var (
	serveKills = flag.Int("serve.kills", 6, "how often TestServeKill kills a service")
	serveSeed  = flag.Uint64("serve.seed", 0, "of TestServeKill; 0: another one each time")
)

// killLogs are reported to: one wraps, one is as small as a log can be, and one
// keeps all.
var killLogs = []string{"Application", "Quarry", "Large"}

// killReporters are the goroutines that report, by the log that they report to.
// pipeSource is that of another process that does, into Large.
var killReporters = []string{"Application", "Quarry", "Large", "Large"}

const pipeSource = "Pipe"

// TestServeKill kills a service, with SIGKILL, while it is reported to and
// followed, again and again. What it had acknowledged, or shown, is there
// afterwards, once, in order and whole.
func TestServeKill(t *testing.T) {
	seed := *serveSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-serve.seed %d", seed)
	for i, mode := range []string{"always", "periodic", "none"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			k := &killing{dir: serveDir(t), mode: mode, rng: rand.New(rand.NewPCG(seed, uint64(i))), told: map[string]map[uint64]string{}}
			for _, log := range killLogs {
				k.told[log] = map[uint64]string{}
			}
			k.prepare(t)
			for k.round = 1; k.round <= (*serveKills+2)/3 && !t.Failed(); k.round++ {
				k.kill(t)
				k.look(t)
			}
			if !t.Failed() {
				k.finish(t)
			}
			t.Logf("%d kills, %d of them while it began; %d events acknowledged, %d of them over a pipe; %d followed",
				k.kills+k.early, k.early, k.acknowledged.Load(), k.piped, k.followed)
		})
	}
}

// killing is a data directory whose services are killed.
type killing struct {
	dir, mode string
	rng       *rand.Rand // of the test's goroutine
	round     int
	kills     int // while it answered
	early     int // while it began

	acknowledged    atomic.Int64
	piped, followed int

	mu   sync.Mutex
	told map[string]map[uint64]string // by log and record: the event that is acknowledged, or was shown
}

// tell notes that an event is in a log.
func (k *killing) tell(log string, n uint64, event string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, ok := k.told[log][n]; ok && was != event {
		return fmt.Errorf("%s: record %d is said to be %s, and was said to be %s", log, n, event, was)
	}
	k.told[log][n] = event
	return nil
}

func (k *killing) serve(t *testing.T) *serving { return serve(t, k.dir, "--sync", k.mode) }

// prepare makes the logs.
func (k *killing) prepare(t *testing.T) {
	ctx := t.Context()
	s := k.serve(t)
	c := s.client()
	for log, size := range map[string]int64{"Quarry": 64 << 10, "Large": 256 << 20} {
		if err := c.CreateLog(ctx, log, eventlog.Settings{MaxSize: &size}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SetSource(ctx, eventlog.Source{Name: pipeSource, Log: "Large"}); err != nil {
		t.Fatal(err)
	}
	s.stop()
}

// kill runs a service that is reported to until it is killed.
func (k *killing) kill(t *testing.T) {
	s := k.serve(t)
	var killed atomic.Bool
	var all, first sync.WaitGroup
	run := func(f func(*api.Client, func()) error) {
		c := s.client()
		first.Add(1)
		begun := sync.OnceFunc(first.Done)
		all.Go(func() {
			defer begun()
			if err := f(c, begun); !killed.Load() {
				t.Errorf("before the service was killed: %v", err)
			}
		})
	}
	for i, log := range killReporters {
		rng := rand.New(rand.NewPCG(k.rng.Uint64(), 0))
		run(func(c *api.Client, begun func()) error {
			return k.report(t, c, log, fmt.Sprintf("%d.%d", k.round, i), rng, begun)
		})
	}
	run(func(c *api.Client, begun func()) error { return k.follow(t, c, begun) })
	pipe := k.pipe(t, s)
	first.Wait()
	time.Sleep(time.Duration(k.rng.IntN(150_000)) * time.Microsecond) // the moment is any
	killed.Store(true)
	s.kill()
	all.Wait()
	pipe()
	k.kills++

	// The next one does not even come to answer, at times.
	for k.rng.IntN(2) == 0 {
		s := begin(t, k.dir, "--sync", k.mode)
		time.Sleep(time.Duration(k.rng.IntN(30_000)) * time.Microsecond)
		s.kill()
		k.early++
	}
}

// killEvent is the event with a number of a reporter: all that it has follows from
// these.
func killEvent(who string, n int) *eventlog.Event {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, who, n) // never fails
	sum := h.Sum64()
	types := []eventlog.Type{eventlog.Error, eventlog.Warning, eventlog.Information}
	typ := types[sum%3]
	e := &eventlog.Event{ID: eventlog.EventID(sum >> 32), Type: typ, Level: eventlog.LevelOf(typ), Category: uint16(n),
		Strings: []string{who, strconv.Itoa(n), strings.Repeat(string(rune('a'+sum%26)), int(sum>>8%600))}}
	if len := sum >> 16 % 50; len > 0 {
		e.Data = []byte(strings.Repeat(string(rune(sum>>24%128)), int(len)))
	}
	return e
}

// killName is what an event of this test is told by: its reporter and number. The
// error says that it is not as it was reported.
func killName(e *eventlog.Event) (who string, n int, err error) {
	if strings.EqualFold(e.Source, pipeSource) {
		who, num, ok := strings.Cut(strings.Join(e.Strings, "|"), " ")
		if n, err = strconv.Atoi(num); err != nil || !ok || e.ID != 0 || len(e.Data) > 0 {
			return "", 0, fmt.Errorf("record %d is not whole: %+v", e.RecordNumber, e)
		}
		return who, n, nil
	}
	if len(e.Strings) == 3 {
		who = e.Strings[0]
		n, err = strconv.Atoi(e.Strings[1])
	}
	if err != nil || who == "" {
		return "", 0, fmt.Errorf("record %d is not whole: %+v", e.RecordNumber, e)
	}
	type part struct {
		ID       eventlog.EventID
		Type     eventlog.Type
		Category uint16
		Strings  []string
		Data     string
	}
	of := func(e *eventlog.Event) part { return part{e.ID, e.Type, e.Category, e.Strings, string(e.Data)} }
	if diff := cmp.Diff(of(killEvent(who, n)), of(e)); diff != "" {
		return "", 0, fmt.Errorf("record %d is not as it was reported (-want +got):\n%s", e.RecordNumber, diff)
	}
	return who, n, nil
}

func killKey(who string, n int) string { return fmt.Sprint(who, " ", n) }

// report reports to a log until it cannot, which is its error, and notes what is
// acknowledged.
func (k *killing) report(t *testing.T, c *api.Client, log, who string, rng *rand.Rand, begun func()) error {
	ctx := t.Context()
	r, err := eventlog.RegisterSource(ctx, c, log)
	if err != nil {
		return err
	}
	for n := 1; ; {
		count := 1 + rng.IntN(5)
		if rng.IntN(20) == 0 {
			count = 200
		}
		var events []*eventlog.Event
		for i := range count {
			events = append(events, killEvent(who, n+i))
		}
		last, err := r.Report(ctx, events...)
		if err != nil {
			return err
		}
		// Events of one report have numbers one after the other.
		for i := range count {
			if err := k.tell(log, last-uint64(count-1-i), killKey(who, n+i)); err != nil {
				t.Error(err)
			}
		}
		k.acknowledged.Add(int64(count))
		n += count
		begun()
	}
}

// follow notes what it is shown of Large, until it cannot follow, which is its
// error.
func (k *killing) follow(t *testing.T, c *api.Client, begun func()) error {
	ctx := t.Context()
	l, err := c.OpenLog(ctx, "Large")
	if err != nil {
		return err
	}
	defer l.Close() // it was only read from
	cur, err := eventlog.Follow(ctx, l, new(eventlog.Selection))
	if err != nil {
		return err
	}
	begun()
	last := uint64(0)
	err = walk(ctx, cur, func(e *eventlog.Event) error {
		if last != 0 && e.RecordNumber != last+1 {
			t.Errorf("followed: record %d behind %d", e.RecordNumber, last)
		}
		last = e.RecordNumber
		who, n, err := killName(e)
		if err == nil {
			err = k.tell("Large", last, killKey(who, n))
		}
		if err != nil {
			t.Errorf("followed: %v", err)
		}
		k.followed++
		return nil
	})
	if _, lost := eventlog.AsLoss(err); lost || err == nil {
		t.Errorf("followed up to record %d, and then: %v", last, err)
	}
	return err
}

var writtenBefore = regexp.MustCompile(`(\d+) events? (?:was|were) written before`)

// pipe runs a netelf that reports what it is written. The function that it returns
// waits for its end, and notes what it says that is written.
func (k *killing) pipe(t *testing.T, s *serving) (wait func()) {
	bin, err := netelfBin()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "report", "--source", pipeSource, "-")
	cmd.Env = plainEnv("NETELF_SOCKET="+s.socket, "GORACE=atexit_sleep_ms=0")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	who := fmt.Sprint(k.round, ".pipe")
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for n := 1; ; n++ {
			if _, err := fmt.Fprintln(in, killKey(who, n)); err != nil {
				return // it has ended
			}
		}
	}()
	return func() {
		err := cmd.Wait()
		<-fed
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
			t.Errorf("netelf report: %v: %s", err, stderr.String())
			return
		}
		m := writtenBefore.FindStringSubmatch(stderr.String())
		if m == nil || m[1] == "0" { // it did not come to report
			if stdout.Len() > 0 {
				t.Errorf("netelf report: %q, but wrote nothing: %s", stdout.String(), stderr.String())
			}
			return
		}
		written, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		last, err := strconv.ParseUint(strings.TrimSpace(stdout.String()), 10, 64)
		if err != nil {
			t.Fatalf("netelf report: %v: %s", err, stderr.String())
		}
		k.piped += written
		k.acknowledged.Add(int64(written))
		if err := k.tell("Large", last, killKey(who, written)); err != nil {
			t.Error(err)
		}
	}
}

// look finds what was told in the directory as it was left, and over the socket
// of the next service.
func (k *killing) look(t *testing.T) {
	ctx := t.Context()
	dir, err := target.Parse("dir:" + filepath.Join(k.dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	srv, err := dir.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	left := k.verify(t, "as it was left", srv)
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	s := k.serve(t)
	served := k.verify(t, "over the socket", s.client())
	if diff := cmp.Diff(left, served); diff != "" {
		t.Errorf("(-as it was left +over the socket):\n%s", diff)
	}
	k.system(t, s.client())
	s.kill() // it has written two events, and wrote no word of its end
	k.kills++
}

// verify reads all logs, and compares them with what was told. It answers the
// first and the last record of each, and what is there of each reporter.
func (k *killing) verify(t *testing.T, where string, srv eventlog.Server) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, log := range killLogs {
		if err := k.verifyLog(t.Context(), srv, log, seen); err != nil {
			t.Errorf("%s: %s: %v", where, log, err)
		}
	}
	return seen
}

func (k *killing) verifyLog(ctx context.Context, srv eventlog.Server, log string, seen map[string]string) error {
	l, err := srv.OpenLog(ctx, log)
	if err != nil {
		return err
	}
	defer l.Close() // it was only read from
	info, err := l.Info(ctx)
	if err != nil {
		return err
	}
	told := k.told[log]
	next := info.Oldest
	last := map[string]int{} // of a reporter
	var names []string
	cur, err := l.Read(ctx, new(eventlog.Selection))
	if err != nil {
		return err
	}
	err = walk(ctx, cur, func(e *eventlog.Event) error {
		if e.RecordNumber != next {
			return fmt.Errorf("record %d where %d comes next", e.RecordNumber, next)
		}
		who, n, err := killName(e)
		if err != nil {
			return err
		}
		switch before, ok := last[who]; {
		case ok && n != before+1:
			return fmt.Errorf("record %d: event %d of %s behind its event %d", next, n, who, before)
		case !ok && n != 1 && info.Oldest == 1:
			return fmt.Errorf("record %d: event %d of %s is its first", next, n, who)
		}
		last[who] = n
		name := killKey(who, n)
		if want, ok := told[next]; ok && want != name {
			return fmt.Errorf("record %d is %s, want %s, as was said", next, name, want)
		}
		names = append(names, name)
		next++
		return nil
	})
	if err != nil {
		return err
	}
	if info.Oldest != 0 && next != info.Next {
		return fmt.Errorf("the last record is %d, and %d is said to be the next", next-1, info.Next)
	}
	for n, name := range told {
		switch {
		case n >= next:
			return fmt.Errorf("record %d, %s, was said to be there; the next is %d", n, name, next)
		case n < info.Oldest:
			delete(told, n) // overwritten
		}
	}
	seen[log] = fmt.Sprint(info.Oldest, " to ", next, " ", last)

	// Backwards is the same.
	cur, err = l.Read(ctx, &eventlog.Selection{Backward: true})
	if err != nil {
		return err
	}
	err = walk(ctx, cur, func(e *eventlog.Event) error {
		who, n, err := killName(e)
		if err != nil {
			return err
		}
		if next--; e.RecordNumber != next || len(names) == 0 || names[len(names)-1] != killKey(who, n) {
			return fmt.Errorf("backwards: record %d, %s, where %d comes next", e.RecordNumber, killKey(who, n), next)
		}
		names = names[:len(names)-1]
		return nil
	})
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("backwards: %d records are missing", len(names))
	}
	return err
}

// system looks at what System says: once for each start, and before that for each
// end that was none.
func (k *killing) system(t *testing.T, srv eventlog.Server) {
	t.Helper()
	l, err := srv.OpenLog(t.Context(), "System")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it was only read from
	cur, err := l.Read(t.Context(), new(eventlog.Selection))
	if err != nil {
		t.Fatal(err)
	}
	var codes []uint16
	count := map[uint16]int{}
	err = walk(t.Context(), cur, func(e *eventlog.Event) error {
		codes = append(codes, e.Code())
		count[e.Code()]++
		if e.RecordNumber != uint64(len(codes)) {
			return fmt.Errorf("System: record %d where %d comes next", e.RecordNumber, len(codes))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(codes); n < 2 || codes[n-2] != 6008 || codes[n-1] != 6005 {
		t.Errorf("System ends with %v, want 6008, 6005", codes[max(0, n-2):])
	}
	if n := count[6008]; n < k.kills || n > k.kills+k.early {
		t.Errorf("System says %d times that the service was not stopped, want %d to %d", n, k.kills, k.kills+k.early)
	}
	if count[6006] != 1 { // that of prepare
		t.Errorf("System says %d times that the service was stopped, want 1", count[6006])
	}
}

// finish stops the service: what it leaves are files that any tool reads, and
// which have the same.
func (k *killing) finish(t *testing.T) {
	ctx := t.Context()
	s := k.serve(t)
	served := k.verify(t, "at last", s.client())
	s.stop()
	left := map[string]string{}
	for _, log := range killLogs {
		srv := &oneFile{filepath.Join(s.data(), log+".evt")}
		if err := k.verifyLog(ctx, srv, log, left); err != nil {
			t.Errorf("its file: %s: %v", log, err)
		}
	}
	if diff := cmp.Diff(served, left); diff != "" {
		t.Errorf("(-over the socket +in its file):\n%s", diff)
	}
	files, err := os.ReadDir(s.data())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains([]string{".evt", ".journal", ".json", ".lock"}, filepath.Ext(f.Name())) {
			t.Errorf("%s is left in the directory", f.Name())
		}
	}
}

// oneFile is a Server of one .evt file, whatever log is asked for.
type oneFile struct{ name string }

func (f *oneFile) Logs(context.Context) ([]eventlog.Info, error) { return nil, io.EOF }

func (f *oneFile) OpenLog(ctx context.Context, log string) (eventlog.Log, error) {
	r, err := evt.Open(f.name, nil)
	if err != nil {
		return nil, err
	}
	if h, err := r.Header(); err != nil || h.Flags&evt.FlagDirty != 0 {
		return nil, errors.Join(fs.ErrInvalid, fmt.Errorf("its header is %+v: %w", h, err), r.Close())
	}
	return r, nil
}

func (f *oneFile) Close() error { return nil }
