package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"netelf.example/eventlog"
	"netelf.example/render"
	"netelf.example/scan"
)

// classic writes what the scripts of Windows NT wrote: of one target a header
// and its events, of several a block for each, in the order in which they were
// given.
func (j *scanJob) classic(ctx context.Context, p *progress) error {
	if len(j.targets) == 1 {
		now := j.now().In(j.render.Location)
		name := j.logName()
		return j.block(ctx, 0, p, &headed{w: p.before(j.stdout), text: func() string {
			return render.ClassicHeader(name(), j.window, now) + "\n"
		}})
	}

	// All are read at once, each into a file of its own: its events may be more
	// than fit into memory, and the blocks stand in order.
	spools := make([]spool, len(j.targets))
	turns := make(chan struct{}, j.parallel())
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer running.Wait()
	defer cancel()
	for i := range spools {
		s := &spools[i]
		s.done = make(chan struct{})
		running.Go(func() {
			defer close(s.done)
			turns <- struct{}{}
			defer func() { <-turns }()
			if s.err = s.open(); s.err == nil {
				now := j.now().In(j.render.Location)
				s.err = j.block(ctx, i, p, &headed{w: s.file, text: func() string {
					return render.ClassicSeparator + "\n" + render.ClassicServerHeader(j.window, now, j.targets[i].Name) + "\n"
				}})
			}
		})
	}
	out := p.before(j.stdout)
	var first error
	for i := range spools {
		s := &spools[i]
		<-s.done
		if s.err == nil && first == nil {
			s.err = s.copyTo(out)
		}
		s.close()
		if s.err != nil && first == nil {
			first = s.err
			cancel()
		}
	}
	return first
}

func (j *scanJob) parallel() int {
	if j.opts.Parallel > 0 {
		return j.opts.Parallel
	}
	return 16
}

// block writes the header and the events of target i, and why it could not be
// read.
func (j *scanJob) block(ctx context.Context, i int, p *progress, out *headed) error {
	opts := j.render
	if len(j.targets) > 1 {
		opts.Now = j.now
	}
	w, err := render.New(out, render.Classic, &opts)
	if err != nil {
		return err
	}
	c := scan.Open(ctx, j.targets[i:i+1], &j.sel, &j.opts)
	defer c.Close()
	p.watch(c)
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
