package files

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
)

// growth is a log file that a test writes while it is followed, and what became of
// each record. Times are those of a bubble: a test of an hour takes no time.
type growth struct {
	t      *testing.T
	name   string
	f      *os.File
	next   uint64 // number of the next record
	epoch  int    // how often the log was cleared
	random *rand.Rand

	put func(*eventlog.Event) // appends

	// What was given, by whoever follows; to be looked at when that has ended.
	event   eventlog.Event // the one that was given last
	given   []string       // "epoch:number" of events
	losses  []*eventlog.Loss
	cleared int
}

func newGrowth(t *testing.T, name string, seed uint64) *growth {
	g := &growth{t: t, name: filepath.Join(t.TempDir(), name), next: 1, random: rand.New(rand.NewPCG(seed, 7))}
	g.open()
	return g
}

func (g *growth) open() {
	f, err := os.OpenFile(g.name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { f.Close() })
	g.f = f
}

// current is the file that has the name now.
type current struct{ g *growth }

func (c current) ReadAt(b []byte, off int64) (int, error)  { return c.g.f.ReadAt(b, off) }
func (c current) WriteAt(b []byte, off int64) (int, error) { return c.g.f.WriteAt(b, off) }
func (c current) Truncate(size int64) error                { return c.g.f.Truncate(size) }

// evt makes it a circular .evt log of a size.
func (g *growth) evt(size int64) {
	w, err := evt.Create(current{g}, &evt.WriterOptions{MaxSize: size})
	if err != nil {
		g.t.Fatal(err)
	}
	g.put = func(e *eventlog.Event) {
		if _, err := w.Append(e); err != nil {
			g.t.Error(err)
		}
		if g.random.IntN(20) == 0 {
			if err := w.Flush(); err != nil {
				g.t.Error(err)
			}
		}
	}
}

// swap puts a copy of the file in its place.
func (g *growth) swap() {
	b, err := os.ReadFile(g.name)
	if err == nil {
		err = os.WriteFile(g.name+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(g.name+".new", g.name)
	}
	if err != nil {
		g.t.Error(err)
	}
	g.open()
}

// evtx makes it an .evtx log, of which each record comes in pieces.
func (g *growth) evtx(l *logtest.EVTXLog) {
	made := false
	g.put = func(e *eventlog.Event) {
		writes, err := l.Append(e)
		if err != nil {
			g.t.Error(err)
		}
		if g.random.IntN(2) == 0 { // in an order of their own
			some := writes
			if !made {
				some = writes[1:] // behind the one that makes the file
			}
			g.random.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		}
		made = true
		pause := 200 * time.Millisecond / time.Duration(max(len(writes), 1)) // of all less than PollMin
		for _, w := range writes {
			if err := logtest.Apply(g.f, []logtest.Write{w}); err != nil {
				g.t.Error(err)
			}
			if g.random.IntN(2) == 0 {
				time.Sleep(pause)
			}
		}
	}
}

// make makes it a log of the kind that its name says, that goes round.
func (g *growth) make() {
	if hasExt(g.name, ".evtx") {
		g.evtx(&logtest.EVTXLog{MaxChunks: 3, HeadEvery: 4, EVTX: logtest.EVTX{PerChunk: 10}})
		return
	}
	g.evt(64 << 10)
}

// stringOf is what the string of a record is.
func stringOf(epoch int, number uint64) string {
	return fmt.Sprintf("%d:%d %s", epoch, number, strings.Repeat("x", int(number*37%400)))
}

func (g *growth) append(n int) {
	for range n {
		at := time.Unix(1_000_000_000+int64(g.epoch)*1_000_000+int64(g.next), 0).UTC()
		g.put(&eventlog.Event{RecordNumber: g.next, TimeGenerated: at, TimeWritten: at, Level: 4, Type: eventlog.Information, Source: "Test", Computer: "SRV", Strings: []string{stringOf(g.epoch, g.next)}})
		g.next++
	}
}

// follow follows until ctx ends, and notes what comes.
func (g *growth) follow(ctx context.Context, sel *eventlog.Selection) error {
	s := open(g.t, g.name, &Options{MaxOpen: 1})
	l, err := s.OpenLog(ctx, g.name)
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := eventlog.Follow(ctx, l, sel)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		if err := g.note(c.Next(ctx, &g.event)); err != nil {
			return err
		}
	}
}

// note notes what Next says, of event; what ends a walk is returned.
func (g *growth) note(err error) error {
	e := &g.event
	loss, lost := eventlog.AsLoss(err)
	switch {
	case err == nil:
		epoch, number, text := 0, uint64(0), ""
		if len(e.Strings) == 1 {
			text = e.Strings[0]
			fmt.Sscanf(text, "%d:%d", &epoch, &number)
		}
		if number != e.RecordNumber || text != stringOf(epoch, number) || e.Source != "Test" || e.TimeWritten.Unix() != 1_000_000_000+int64(epoch)*1_000_000+int64(number) {
			g.t.Errorf("record %d at %v of %s is none that was written: %.80q", e.RecordNumber, e.TimeWritten, e.Source, text)
		}
		g.given = append(g.given, fmt.Sprintf("%d:%d", epoch, number))
	case lost:
		g.losses = append(g.losses, loss)
		if errors.Is(loss.Err, eventlog.ErrMarkGone) {
			g.cleared++
		}
		g.given = append(g.given, fmt.Sprintf("lost %d-%d", loss.First, loss.Last))
	default:
		return err
	}
	return nil
}

// overtaken sees to it that all that was lost was overwritten.
func (g *growth) overtaken() {
	g.t.Helper()
	for _, l := range g.losses {
		if !errors.Is(l.Err, eventlog.ErrOverwrite) {
			g.t.Error(l)
		}
	}
}

// check compares what was given with what was written from number first on in each
// epoch: everything once, in order, or lost.
func (g *growth) check(first uint64) {
	g.t.Helper()
	want, epoch, seen := first, 0, 0
	for _, x := range g.given {
		var from, to uint64
		switch {
		case x == "lost 0-0":
			epoch, want = -1, 1 // it was cleared: the next record says by which epoch
			continue
		case strings.HasPrefix(x, "lost"):
			fmt.Sscanf(x, "lost %d-%d", &from, &to)
		default:
			var is int
			fmt.Sscanf(x, "%d:%d", &is, &from)
			to = from
			if seen++; epoch < 0 {
				epoch = is
			}
			if is != epoch {
				g.t.Errorf("%s in epoch %d", x, epoch)
			}
		}
		if from != want {
			g.t.Errorf("%s, but %d comes next", x, want)
		}
		want = to + 1
	}
	if want != g.next || epoch != g.epoch {
		g.t.Errorf("it ends before %d of epoch %d, and %d of epoch %d is next; %d given", want, epoch, g.next, g.epoch, seen)
	}
}

// during follows while write writes, and long enough behind it that all must have
// come.
func (g *growth) during(sel *eventlog.Selection, write func()) {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.follow(ctx, sel) }()
	synctest.Wait()
	write()
	time.Sleep(5 * time.Minute)
	synctest.Wait()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		g.t.Errorf("it ended with %v", err)
	}
	if g.t.Failed() {
		g.t.Logf("%q\n%v", g.given, g.losses)
	}
}

func seeds(t *testing.T, n int, run func(t *testing.T, seed uint64)) {
	for seed := range uint64(n) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { run(t, seed) }) })
	}
}

// each runs a test for each kind of file.
func each(t *testing.T, run func(t *testing.T, g *growth)) {
	for _, kind := range []string{"a.evt", "a.evtx"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGrowth(t, kind, 1)
				g.make()
				run(t, g)
			})
		})
	}
}
