package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// progress is shown on the standard error, if that is a terminal, when a scan takes
// longer than a second: of one target a bar, of several a table of them. It goes
// when results are written to a terminal too: they are progress enough.
type progress struct {
	stderr  *os.File
	ended   chan struct{}
	once    sync.Once
	wait    sync.WaitGroup
	shared  bool // the output is a terminal as well
	targets []scan.Target

	mu       sync.Mutex
	cursors  map[int]*scan.Cursor // by their first target
	statuses []scan.Status        // as they were last known
	examined uint64               // by cursors that are over
	total    uint64               // records, as far as known
	unknown  bool                 // there are more
	pending  int                  // targets that are not open yet
}

const (
	progressAfter = time.Second
	progressEvery = 150 * time.Millisecond
)

// startProgress begins to wait; nothing is shown, and nothing counted, where
// nobody would see it.
func (j *scanJob) startProgress() *progress {
	p := newProgress(j.targets)
	p.stderr, p.shared = j.stderr, width(j.stdout) > 0
	if width(j.stderr) == 0 || j.quiet() || j.report.silent {
		return p
	}
	if len(j.targets) != 1 {
		p.wait.Go(p.showTable)
		return p
	}
	t := &j.targets[0]
	open, all := t.Open, t.Logs == nil && t.Default == nil
	t.Open = func(ctx context.Context) (eventlog.Server, error) {
		srv, err := open(ctx)
		p.opened(ctx, srv, err, all)
		return srv, err
	}
	p.wait.Go(p.showBar)
	return p
}

func newProgress(targets []scan.Target) *progress {
	p := &progress{ended: make(chan struct{}), targets: targets, pending: len(targets), cursors: map[int]*scan.Cursor{}}
	for _, t := range targets {
		p.statuses = append(p.statuses, scan.Status{Target: t.Name})
	}
	return p
}

func (j *scanJob) quiet() bool { return j.report.quiet }

// maxInfos is how many logs a target may have to have its records counted first.
const maxInfos = 1000

// opened counts the records of a server; all says whether all of its logs are read.
func (p *progress) opened(ctx context.Context, srv eventlog.Server, err error, all bool) {
	var n uint64
	known := true
	if err == nil {
		known = false
		if all { // else it would be work for nothing
			infos, err := srv.Logs(ctx)
			known = err == nil && len(infos) <= maxInfos
			for i := range infos {
				n += infos[i].Count()
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending--
	p.total += n
	p.unknown = p.unknown || !known
}

// watch counts what c examines as well, and looks how far its targets are, of which
// the first is first.
func (p *progress) watch(first int, c *scan.Cursor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cursors[first] = c
}

// over is the opposite of watch: what was known remains, and c does not.
func (p *progress) over(first int, c *scan.Cursor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.cursors, first)
	p.examined += c.Examined()
	p.look(first, c)
}

// look notes how far the targets of c are. p.mu is held.
func (p *progress) look(first int, c *scan.Cursor) {
	copy(p.statuses[first:], c.Status(nil))
}

// now is how many records were examined of how many; total 0: nobody knows.
func (p *progress) now() (examined, total uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	examined = p.examined
	for _, c := range p.cursors {
		examined += c.Examined()
	}
	if p.pending > 0 || p.unknown {
		return examined, 0
	}
	return examined, max(p.total, examined)
}

// table is how far the targets are, in lines.
func (p *progress) table(lines, width int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for first, c := range p.cursors {
		p.look(first, c)
	}
	return statusTable(p.statuses, lines, width)
}

// late says whether it is time to show something.
func (p *progress) late() bool {
	select {
	case <-p.ended:
		return false
	case <-time.After(progressAfter):
		return true
	}
}

func (p *progress) bars() *mpb.Progress {
	return mpb.New(mpb.WithOutput(p.stderr), mpb.WithWidth(48), mpb.WithRefreshRate(progressEvery))
}

// until calls f now and then until there is nothing to be shown any more.
func (p *progress) until(f func()) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		f()
		select {
		case <-p.ended:
			return
		case <-tick.C:
		}
	}
}

func (p *progress) showBar() {
	if !p.late() {
		return
	}
	bars := p.bars()
	bar := bars.New(0, mpb.BarStyle().Lbound("[").Filler("#").Tip("#").Padding("-").Rbound("]"),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name("reading ")),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			if s.Total <= 0 {
				return " " + counted(uint64(s.Current), "record")
			}
			return fmt.Sprintf(" %d of %s", s.Current, counted(uint64(s.Total), "record"))
		})))
	p.until(func() {
		examined, total := p.now()
		bar.SetTotal(int64(total), false)
		bar.SetCurrent(int64(examined))
	})
	bar.Abort(true)
	bars.Wait()
}

func (p *progress) showTable() {
	if !p.late() {
		return
	}
	w, h, err := term.GetSize(int(p.stderr.Fd()))
	if err != nil || w <= 0 || h <= 0 {
		w, h = 80, 24
	}
	// The last line of a terminal stays free, and so does one for the prompt.
	lines := make([]string, max(min(len(p.targets)+1, h-2), 1))
	var mu sync.Mutex
	bars := p.bars()
	rows := make([]*mpb.Bar, len(lines))
	for i := range rows {
		rows[i] = bars.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			mu.Lock()
			defer mu.Unlock()
			return lines[i]
		})))
	}
	p.until(func() {
		text := p.table(len(lines), w-1)
		mu.Lock()
		defer mu.Unlock()
		clear(lines)
		copy(lines, text)
	})
	for _, r := range rows {
		r.Abort(true)
	}
	bars.Wait()
}

// stop takes it away.
func (p *progress) stop() {
	p.once.Do(func() { close(p.ended) })
	p.wait.Wait()
}

// before is w that takes it away before it is written to, if both would be on a
// terminal.
func (p *progress) before(w io.Writer) io.Writer {
	if !p.shared {
		return w
	}
	return writerFunc(func(b []byte) (int, error) {
		p.stop()
		return w.Write(b)
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
