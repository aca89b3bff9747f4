package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
)

// worker opens one target and decodes its logs ahead, in a goroutine of its own.
//
// It cannot deadlock with the reader or with other workers: a token is held only
// while a server is being opened or a batch is being made, and neither of these
// waits for the reader or for another token. Handing a batch over never waits,
// because ready has room for every batch that a source has, and neither does
// asking for one, because requests has room for those of all sources. So whoever
// waits for a token gets one as soon as somebody's server has answered or its
// deadline has passed.
type worker struct {
	target   Target
	index    int
	sel      *eventlog.Selection
	timeout  time.Duration // of one answer; 0: none
	reading  time.Duration // timeout once all is open
	deadline time.Duration // of all answers together; 0: none
	turn     *turn
	tokens   chan struct{}
	examined *atomic.Uint64 // of the whole scan
	survey   bool           // logs are asked for their Info
	about    about

	busy atomic.Int64 // nanoseconds of opening and reading
	late atomic.Bool
	soft *time.Timer // sets late

	// The worker's.
	spent      time.Duration   // waiting for answers, where there is a deadline
	former     eventlog.Server // the one whose connection broke off
	reopened   bool            // it was tried to open server again
	generation int             // of server: 1 once it was opened again

	server eventlog.Server

	// Set before the worker is announced as opened, then only read.
	err      error // why there are no sources
	sources  []*source
	requests chan *batch
}

// softDeadline is how long a batch may take before what there is of it is handed over:
// nobody waits long for an event that has been read. It also keeps the deadline
// of a batch away from Nexts that are slow but alive.
const softDeadline = 50 * time.Millisecond

// newWorkers are those of a walk over targets, each in the line of its credential.
func newWorkers(targets []Target, sel *eventlog.Selection, opts *Options, examined *atomic.Uint64) []*worker {
	credentials := opts.Credentials
	if credentials == nil {
		credentials = new(Credentials)
	}
	tokens := make(chan struct{}, cmp.Or(max(opts.Parallel, 0), DefaultParallel))
	all := make([]*worker, len(targets))
	for i, t := range targets {
		w := &worker{
			target:   t,
			index:    i,
			sel:      sel,
			reading:  max(opts.Timeout, 0),
			deadline: max(opts.Deadline, 0),
			turn:     credentials.join(&t),
			tokens:   tokens,
			examined: examined,
			about:    about{status: Status{Target: t.Name}},
		}
		w.soft = time.AfterFunc(time.Hour, func() { w.late.Store(true) }) // fill sets it
		all[i] = w
	}
	return all
}

func (w *worker) run(ctx context.Context, opened chan<- *worker) {
	defer w.close()
	if w.err = w.turn.wait(ctx); w.err == nil {
		if !w.work(ctx, func() { w.err = w.open(ctx) }) {
			w.err = ctx.Err()
		}
		w.turn.leave() // if nobody has answered
	}
	live := len(w.requests)
	switch {
	case w.err != nil:
		w.about.failed(w.err)
	case live == 0:
		w.about.phase(Over)
	default:
		w.about.phase(Reading)
	}
	opened <- w // has room for all
	for live > 0 {
		select {
		case <-ctx.Done():
			return
		case b := <-w.requests:
			if !w.work(ctx, func() { w.fill(ctx, b) }) {
				return // nobody waits for the batch any more
			}
			w.about.read(b.n, b.err, b.last)
			if b.last {
				b.source.close()
				if live--; live == 0 {
					w.about.phase(Over)
				}
			}
			b.source.ready <- b
		}
	}
}

// work does f with a token; false: ctx ended before there was one.
func (w *worker) work(ctx context.Context, f func()) bool {
	select {
	case w.tokens <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	begin := time.Now()
	f()
	w.busy.Add(int64(time.Since(begin)))
	<-w.tokens
	return true
}

// opening is how long one answer may take before all is open.
func (w *worker) opening() time.Duration { return cmp.Or(w.reading, w.target.OpenTimeout) }

// ask gives f, one answer of the server, until the deadline.
func (w *worker) ask(ctx context.Context, f func(context.Context) error) error {
	limit, last := w.timeout, false
	if w.deadline > 0 {
		left := w.deadline - w.spent
		if left <= 0 {
			return w.overtime()
		}
		if limit == 0 || left <= limit {
			limit, last = left, true
		}
		begin := time.Now()
		defer func() { w.spent += time.Since(begin) }()
	}
	if limit == 0 {
		return f(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := f(limited)
	if err != nil && err != io.EOF && limited.Err() != nil && ctx.Err() == nil {
		// Whatever it says, such as "use of closed connection", this is why.
		if last {
			return w.overtime()
		}
		return fmt.Errorf("no answer within %v: %w", limit, context.DeadlineExceeded)
	}
	return err
}

// overtime is the error of a target that has used up its deadline.
func (w *worker) overtime() error {
	return fmt.Errorf("not done within %v: %w", w.deadline, context.DeadlineExceeded)
}

// answer is ask for what gives a value.
func answer[T any](ctx context.Context, w *worker, f func(context.Context) (T, error)) (v T, err error) {
	err = w.ask(ctx, func(ctx context.Context) (err error) {
		v, err = f(ctx)
		return err
	})
	return v, err
}

// open opens the server and all of its logs that are to be read. A log that
// cannot be opened is a source that begins with its end.
func (w *worker) open(ctx context.Context) error {
	w.about.phase(Opening)
	w.timeout = w.opening()
	defer func() { w.timeout = w.reading }()
	if err := w.openServer(ctx); err != nil {
		return err
	}
	defer w.about.ask(w.server)
	names, err := w.names(ctx)
	if err != nil {
		return err
	}
	w.sources = make([]*source, 0, len(names))
	w.requests = make(chan *batch, 2*len(names))
	var refused error
	for _, name := range names {
		s := &source{worker: w, name: name, ready: make(chan *batch, 2), asked: true, size: 1}
		b := &batch{source: s, want: 1, most: maxBatchBytes}
		err := w.openLog(ctx, s, w.sel)
		if w.target.passes(err) {
			s.close()
			refused = fmt.Errorf("log %s: %w", name, err)
			continue
		}
		w.sources = append(w.sources, s)
		if err != nil {
			s.close()
			w.about.read(0, err, true)
			b.err, b.last = err, true
			s.ready <- b
			continue
		}
		w.requests <- b
	}
	if len(w.sources) == 0 {
		return refused // all were; or there is no log
	}
	return nil
}

// openServer logs on.
func (w *worker) openServer(ctx context.Context) error {
	server, err := answer(ctx, w, w.target.Open)
	w.turn.answered(err)
	if err == nil {
		w.server = server
	}
	return err
}

// names are the logs to be read.
func (w *worker) names(ctx context.Context) ([]string, error) {
	var names []string
	wanted := w.target.Logs
	if wanted == nil {
		wanted = w.target.Default
	}
	if wanted == nil {
		infos, err := answer(ctx, w, w.server.Logs)
		if errors.Is(err, errors.ErrUnsupported) {
			return defaultLogs, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list logs: %w", err)
		}
		for i := range infos {
			names = append(names, infos[i].Name)
		}
	} else {
		m, ok := w.server.(interface{ Match(string) []string })
		for _, name := range wanted {
			var match []string
			if ok {
				match = m.Match(name)
			}
			if len(match) == 0 {
				match = []string{name} // opening it says what is wrong with it
			}
			names = append(names, match...)
		}
		seen := make(map[string]bool, len(names))
		names = slices.DeleteFunc(names, func(name string) bool {
			again := seen[name]
			seen[name] = true
			return again
		})
	}
	if len(names) > MaxLogs {
		return nil, fmt.Errorf("%d logs: %w", len(names), eventlog.ErrTooLarge)
	}
	return names, nil
}

func (w *worker) openLog(ctx context.Context, s *source, sel *eventlog.Selection) error {
	log, err := answer(ctx, w, func(ctx context.Context) (eventlog.Log, error) { return w.server.OpenLog(ctx, s.name) })
	if err != nil {
		return err
	}
	s.log = log
	if w.survey && !s.informed {
		info, err := answer(ctx, w, log.Info)
		switch state := eventlog.StateOf(err); {
		case err == nil:
			s.info, s.informed = info, true
		case state == eventlog.Cancelled, state == eventlog.Timeout, state == eventlog.Unreachable:
			return err
		}
	}
	cursor, err := answer(ctx, w, func(ctx context.Context) (eventlog.Cursor, error) { return log.Read(ctx, sel) })
	if err != nil {
		return err
	}
	s.cursor = cursor
	return nil
}

// fill makes a batch.
func (w *worker) fill(ctx context.Context, b *batch) {
	soft := softDeadline
	if w.timeout > 0 {
		soft = min(soft, w.timeout/2)
	}
	for more := true; more; {
		w.late.Store(false)
		w.soft.Reset(soft)
		before := eventlog.Examined(b.source.cursor)
		err := w.ask(ctx, func(ctx context.Context) error {
			b.fill(ctx, w.sel.Backward, w.late.Load)
			if b.last {
				return b.err
			}
			return nil
		})
		w.soft.Stop()
		n := eventlog.Examined(b.source.cursor) - before
		if record, ok := eventlog.Bounded(b.source.cursor); ok {
			b.bounded = record
		}
		b.source.examined.Add(n)
		w.examined.Add(n)
		more = false
		switch {
		case err != nil && !b.last:
			// The deadline was over before anything was asked.
			b.n, b.err, b.last, b.marks = 0, err, true, b.source.cursor.AppendMarks(nil)
		case b.last && err != io.EOF:
			if b.err = w.again(ctx, b.source, err); b.err == nil {
				b.last = false
				more = b.n == 0 // there must be something in it
			}
		}
	}
}

// close ends what is still open of the target.
func (w *worker) close() {
	w.soft.Stop()
	for _, s := range w.sources {
		s.close()
	}
	for _, server := range []eventlog.Server{w.former, w.server} {
		if server != nil {
			_ = server.Close() // it was only read from
		}
	}
}

// close ends the walk over the log. The batches keep nothing of it: strings are
// the reader's for good.
func (s *source) close() { closeLog(&s.cursor, &s.log) }

// closeLog closes a walk and its log, if they are open.
func closeLog(cursor *eventlog.Cursor, log *eventlog.Log) {
	if *cursor != nil {
		_ = (*cursor).Close() // it was only read from
		*cursor = nil
	}
	if *log != nil {
		_ = (*log).Close() // it was only read from
		*log = nil
	}
}
