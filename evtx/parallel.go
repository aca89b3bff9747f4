package evtx

import (
	"context"
	"io/fs"
	"sync"

	"netelf.example/eventlog"
)

// pipeline decodes chunks ahead, on several goroutines, and gives them in the
// order of the walk. At most two chunks a goroutine are under way or waiting.
type pipeline struct {
	order chan chan *batch // in the order of the walk
	free  chan *batch      // memory to be used again
	last  *batch           // that next gave
	stop  chan struct{}
	once  sync.Once
	wg    sync.WaitGroup
}

func newPipeline(r *Reader, sel *eventlog.Selection, route route, n int) *pipeline {
	type job struct {
		visit visit
		out   chan *batch
	}
	jobs := make(chan job)
	p := &pipeline{order: make(chan chan *batch, n), free: make(chan *batch, 2*n+1), stop: make(chan struct{})}
	p.wg.Go(func() {
		defer close(jobs)
		defer close(p.order)
		for {
			v, ok := route.next()
			if !ok {
				return
			}
			out := make(chan *batch, 1)
			select {
			case p.order <- out:
			case <-p.stop:
				return
			}
			select {
			case jobs <- job{v, out}:
			case <-p.stop:
				return
			}
		}
	})
	// What counts events is the cursor's: here each record is judged by itself.
	each := *sel
	each.Limit, each.Budget = 0, 0
	for range n {
		p.wg.Go(func() {
			w, judge := newWorker(r, sel), eventlog.NewJudge(&each)
			for j := range jobs {
				b := new(batch)
				select {
				case b = <-p.free:
				default:
				}
				w.visit(j.visit, b)
				w.decode(b, judge)
				j.out <- b
			}
		})
	}
	return p
}

// decode does ahead what a walk does with each entry.
func (w *worker) decode(b *batch, judge *eventlog.Judge) {
	for len(b.results) < b.count {
		b.results = append(b.results, result{})
	}
	for i := range b.count {
		x := &b.results[i]
		if w.at(i, x); x.what == isLoss {
			continue
		}
		if x.tri = judge.Take(&w.rec); x.tri != eventlog.No {
			x.err = w.fill(&x.event, x.what)
		}
	}
}

func (p *pipeline) next(ctx context.Context) (*batch, error) {
	if p.last != nil {
		select {
		case p.free <- p.last:
		default:
		}
		p.last = nil
	}
	var out chan *batch
	var ok bool
	select {
	case out, ok = <-p.order:
	case <-p.stop:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !ok {
		select {
		case <-p.stop: // closed meanwhile: this is no end
			return nil, fs.ErrClosed
		default:
			return nil, nil
		}
	}
	select {
	case p.last = <-out:
		return p.last, nil
	case <-p.stop:
		return nil, fs.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipeline) close() {
	p.once.Do(func() { close(p.stop) })
	p.wg.Wait()
}
