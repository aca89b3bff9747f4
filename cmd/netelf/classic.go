package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/render"
	"netelf.example/scan"
)

// classic writes what the scripts of Windows NT wrote: of one target a header
// and its events, of several a block for each, in the order in which they were
// given.
func (j *scanJob) classic(ctx context.Context, p *progress) error {
	now := func() time.Time { return j.now().In(j.render.Location) }
	if len(j.targets) == 1 {
		name := j.logName()
		begun := now()
		return j.block(ctx, 0, p, j.open(ctx, 0, p), &headed{w: p.before(j.stdout), text: func() string {
			return render.ClassicHeader(name(), j.window, begun) + "\n"
		}})
	}

	// Some are read ahead of the one whose turn it is, each as far as its buffer
	// goes: then it waits. They share what one list may decode ahead.
	j.opts.Ahead = max(aheadEvents/j.parallel(), 1)
	if j.opts.Credentials == nil {
		j.opts.Credentials = new(scan.Credentials)
	}
	ahead := make([]*lookahead, len(j.targets))
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer running.Wait()
	defer cancel()
	started := 0
	out := p.before(j.stdout)
	for i := range ahead {
		for ; started < min(i+j.parallel(), len(ahead)); started++ {
			n, begun := started, now()
			a := newLookahead()
			ahead[n] = a
			c := j.open(ctx, n, p) // here, so that they log on in their order
			running.Go(func() {
				a.end(j.block(ctx, n, p, c, &headed{w: a.writer(ctx), text: func() string {
					return render.ClassicSeparator + "\n" + render.ClassicServerHeader(j.window, begun, j.targets[n].Name) + "\n"
				}}))
			})
		}
		if err := ahead[i].copyTo(out); err != nil {
			return err
		}
		ahead[i] = nil
	}
	return nil
}

// aheadEvents is how many events are decoded ahead in all.
const aheadEvents = 1 << 15

func (j *scanJob) parallel() int { return cmp.Or(j.opts.Parallel, scan.DefaultParallel) }

// open begins to read target i.
func (j *scanJob) open(ctx context.Context, i int, p *progress) *scan.Cursor {
	c := scan.Open(ctx, j.targets[i:i+1], &j.sel, &j.opts)
	p.watch(i, c)
	return c
}

// block writes the header and the events of target i, and why it could not be
// read.
func (j *scanJob) block(ctx context.Context, i int, p *progress, c *scan.Cursor, out *headed) error {
	defer p.over(i, c)
	defer c.Close()
	opts := j.render
	if len(j.targets) > 1 {
		opts.Now = j.now
	}
	w, err := render.New(out, render.Classic, &opts)
	if err != nil {
		return err
	}
	if err := j.stream(ctx, c, w, func(l *eventlog.Loss) { j.report.loss(i, l) }); err != nil {
		return err
	}
	o := c.Outcomes()[0]
	j.report.outcome(i, o)
	text := ""
	if o.Bad() {
		text = render.ClassicError(j.targets[i].Name, errors.New(errorText(o.Err))) + "\n"
	}
	_, err = io.WriteString(out, text)
	return err
}

// logName is what the header of the one target calls its log: what was asked
// for, or what the log says of itself once it is open, or the target.
func (j *scanJob) logName() func() string {
	t := &j.targets[0]
	if j.log != "" {
		return func() string { return j.log }
	}
	if t.Default != nil { // more than one, and listing them would be work
		return func() string { return t.Name }
	}
	var mu sync.Mutex
	name, open := t.Name, t.Open
	t.Open = func(ctx context.Context) (eventlog.Server, error) {
		srv, err := open(ctx)
		if err != nil {
			return srv, err
		}
		if infos, err := srv.Logs(ctx); err == nil && len(infos) == 1 && infos[0].Channel != "" {
			mu.Lock()
			defer mu.Unlock()
			name = infos[0].Channel
		}
		return srv, nil
	}
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return name
	}
}

// headed writes a text before the first thing that is written, if only "".
type headed struct {
	w    io.Writer
	text func() string
	done bool
}

func (h *headed) Write(b []byte) (int, error) {
	if !h.done {
		h.done = true
		if _, err := io.WriteString(h.w, h.text()); err != nil {
			return 0, err
		}
	}
	if len(b) == 0 {
		return 0, nil
	}
	return h.w.Write(b)
}
