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

	"netelf.example/eventlog"
)

// progress is a bar on the standard error, if that is a terminal, that comes when
// a scan takes longer than a second. It goes when results are written to a
// terminal too: they are progress enough.
type progress struct {
	stderr *os.File
	ended  chan struct{}
	once   sync.Once
	wait   sync.WaitGroup
	shared bool // the output is a terminal as well

	mu      sync.Mutex
	cursors []eventlog.Cursor
	total   uint64 // records, as far as known
	unknown bool   // there are more
	pending int    // targets that are not open yet
}

const progressAfter = time.Second

// startProgress begins to wait; nothing is shown, and nothing counted, where
// nobody would see it.
func (j *scanJob) startProgress() *progress {
	p := &progress{stderr: j.stderr, ended: make(chan struct{}), shared: width(j.stdout) > 0, pending: len(j.targets)}
	if width(j.stderr) == 0 || j.quiet() {
		return p
	}
	for i := range j.targets {
		t := &j.targets[i]
		open, all := t.Open, t.Logs == nil
		t.Open = func(ctx context.Context) (eventlog.Server, error) {
			srv, err := open(ctx)
			p.opened(ctx, srv, err, all)
			return srv, err
		}
	}
	p.wait.Go(p.show)
	return p
}

func (j *scanJob) quiet() bool { return j.report.quiet }

// maxInfos is how many logs a target may have to have its records counted first.
const maxInfos = 1000

// opened counts the records of a server.
func (p *progress) opened(ctx context.Context, srv eventlog.Server, err error, all bool) {
	var n uint64
	known := true
	if err == nil {
		infos, err := srv.Logs(ctx)
		known = all && err == nil && len(infos) <= maxInfos
		for i := range infos {
			n += infos[i].Count()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending--
	p.total += n
	p.unknown = p.unknown || !known
}

// watch counts what c examines as well.
func (p *progress) watch(c eventlog.Cursor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cursors = append(p.cursors, c)
}

// now is how many records were examined of how many; total 0: nobody knows.
func (p *progress) now() (examined, total uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.cursors {
		examined += eventlog.Examined(c)
	}
	if p.pending > 0 || p.unknown {
		return examined, 0
	}
	return examined, max(p.total, examined)
}

func (p *progress) show() {
	select {
	case <-p.ended:
		return
	case <-time.After(progressAfter):
	}
	bars := mpb.New(mpb.WithOutput(p.stderr), mpb.WithWidth(48), mpb.WithRefreshRate(150*time.Millisecond))
	bar := bars.New(0, mpb.BarStyle().Lbound("[").Filler("#").Tip("#").Padding("-").Rbound("]"),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name("reading ")),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			if s.Total <= 0 {
				return " " + counted(uint64(s.Current), "record")
			}
			return fmt.Sprintf(" %d of %s", s.Current, counted(uint64(s.Total), "record"))
		})))
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for {
		examined, total := p.now()
		bar.SetTotal(int64(total), false)
		bar.SetCurrent(int64(examined))
		select {
		case <-p.ended:
			bar.Abort(true)
			bars.Wait()
			return
		case <-tick.C:
		}
	}
}

// stop takes the bar away.
func (p *progress) stop() {
	p.once.Do(func() { close(p.ended) })
	p.wait.Wait()
}

// before is w that takes the bar away before it is written to, if both would
// be on a terminal.
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
