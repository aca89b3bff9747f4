package scan

import (
	"context"
	"slices"
	"sync"
	"time"

	"netelf.example/eventlog"
)

// tail follows one target. It opens the target's server again and again; each
// time is a session.
type tail struct {
	worker // for its answers; neither its channels nor its sources are used
	c      *FollowCursor

	logs    []*followed // nil: not listed yet
	up      time.Time   // when the session was open; zero: it is not
	told    bool        // that there is trouble
	offered bool        // the newest events, or that there are none
}

// run follows the target until it is given up or ctx ends.
func (t *tail) run(ctx context.Context) {
	p := pauses{t.c.opts.Retry, t.c.opts.MaxRetry}
	for {
		t.up = time.Time{}
		err := t.session(ctx)
		t.offer(ctx, nil)
		if ctx.Err() != nil {
			return
		}
		if final(err) {
			t.c.notice(Notice{Target: t.target.Name, Err: err, GivenUp: true})
			return
		}
		if !t.told {
			t.told = true
			t.c.notice(Notice{Target: t.target.Name, Err: err})
		}
		if !t.up.IsZero() && time.Since(t.up) > p.most {
			p.next = t.c.opts.Retry
		}
		if !p.wait(ctx) {
			return
		}
	}
}

// offer gives the newest events, newest first, to what the reader begins with;
// false: it has begun.
func (t *tail) offer(ctx context.Context, events []*eventlog.Event) bool {
	if t.offered {
		return false
	}
	t.offered = true
	select {
	case t.c.first <- history{server: t.target.Name, index: t.index, events: events}:
		return true
	case <-t.c.begun:
		return false
	case <-ctx.Done():
		return true
	}
}

// session is one connection, as long as one log of it can be followed.
type session struct {
	*tail
	cancel context.CancelFunc

	mu   sync.Mutex
	live int   // logs that are not given up
	down int   // of these: that broke off
	err  error // of the last that broke off or was given up
}

// session opens the target and follows its logs until the last of them breaks off
// or is given up, and says why.
func (t *tail) session(ctx context.Context) error {
	server, err := t.logOn(ctx)
	if err != nil {
		return err
	}
	defer server.Close() // it was only read from
	t.server = server
	if t.logs == nil {
		if err := t.list(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &session{tail: t, cancel: cancel}
	defer func() {
		for _, l := range t.logs {
			l.close()
		}
	}()
	logs := s.open(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.live == s.down {
		return s.err
	}
	t.up = time.Now()
	for _, l := range logs {
		if l.err == nil {
			l.told = false // that the target is back says it all
		}
	}
	if t.told {
		t.told = false
		t.c.notice(Notice{Target: t.target.Name})
	}
	if !t.begin(ctx, logs) {
		return ctx.Err()
	}
	var running sync.WaitGroup
	for _, l := range logs {
		running.Go(func() { s.keep(ctx, l) })
	}
	running.Wait()
	return s.err
}

// logOn opens the target's server, when it is the target's turn.
func (t *tail) logOn(ctx context.Context) (eventlog.Server, error) {
	own := t.turn
	t.turn = nil
	if own == nil { // it was opened before
		own = t.c.credentials.join(&t.target)
	}
	defer own.leave()
	if err := own.wait(ctx); err != nil {
		return nil, err
	}
	server, err := answer(ctx, &t.worker, t.target.Open)
	own.answered(err)
	return server, err
}

// list finds out which logs are to be followed.
func (t *tail) list(ctx context.Context) error {
	names, err := t.names(ctx)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errNoLogs
	}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if key := eventlog.Fold(name); t.target.Logs == nil || !seen[key] {
			seen[key] = true
			l := &followed{tail: t, name: name, free: make(chan *item, slots)}
			t.logs = append(t.logs, l)
		}
	}
	return nil
}

// open opens all logs that are not given up, and answers those that still are not
// then. Their err says how it went.
func (s *session) open(ctx context.Context) []*followed {
	logs := slices.DeleteFunc(slices.Clone(s.logs), func(l *followed) bool { return l.gone })
	tokens := make(chan struct{}, opening)
	var running sync.WaitGroup
	for _, l := range logs {
		tokens <- struct{}{} // each is given back: every answer has its deadline
		running.Go(func() {
			l.err = l.open(ctx)
			<-tokens
		})
	}
	running.Wait()
	if ctx.Err() != nil {
		return nil
	}
	s.live = len(logs)
	for _, l := range logs {
		switch {
		case l.err == nil:
		case final(l.err):
			l.gone = true
			s.live--
		default:
			s.down++
		}
	}
	for _, l := range logs {
		if l.err != nil && s.err == nil && l.gone == (s.live == 0) {
			s.err = l.err
		}
		// Of a target that is given up as a whole that is told, and no more.
		if l.gone && s.live > 0 && !l.unasked() {
			s.c.notice(Notice{Target: s.target.Name, Log: l.name, Err: l.err, GivenUp: true})
		}
	}
	return slices.DeleteFunc(logs, func(l *followed) bool { return l.gone })
}

// begin gives the newest events that were found when the logs were opened for the
// first time.
func (t *tail) begin(ctx context.Context, logs []*followed) bool {
	var lists []history
	for _, l := range logs {
		lists = append(lists, history{t.target.Name, l.name, t.index, l.newest})
		l.newest = nil
	}
	events := newest(lists, t.c.opts.Last)
	if t.offer(ctx, events) {
		return ctx.Err() == nil
	}
	for _, e := range slices.Backward(events) {
		select {
		case t.c.items <- &item{event: *e}:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// keep follows a log for as long as the session lasts, and opens it again where
// it breaks off alone.
func (s *session) keep(ctx context.Context, l *followed) {
	p := pauses{s.c.opts.Retry, s.c.opts.MaxRetry}
	err := l.err
	down := err != nil // and s has counted it
	for {
		if err == nil {
			begin := time.Now()
			err = l.pump(ctx)
			l.close()
			if ctx.Err() != nil {
				return
			}
			if l.void(err) {
				if err = l.open(ctx); err == nil {
					continue
				}
			}
			if time.Since(begin) > p.most {
				p.next = s.c.opts.Retry
			}
		}
		if ctx.Err() != nil {
			return
		}
		if final(err) {
			s.giveUp(l, down, err)
			return
		}
		if !down {
			down = true
			s.fell(err)
		}
		// Where all break off, that is told of the target; and what is well again
		// at once is not worth a word.
		if !l.told && !sleep(ctx, settle) || l.told && !p.wait(ctx) {
			return
		}
		switch err = l.open(ctx); {
		case err == nil:
			down = false
			s.mu.Lock()
			s.down--
			s.mu.Unlock()
			if l.told {
				l.told = false
				s.c.notice(Notice{Target: s.target.Name, Log: l.name})
			}
		case !l.told && !final(err) && ctx.Err() == nil:
			l.told = true
			s.c.notice(Notice{Target: s.target.Name, Log: l.name, Err: err})
		}
	}
}

// fell notes that a log broke off. If all have, the session is over.
func (s *session) fell(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down++
	s.err = err
	if s.down == s.live {
		s.cancel()
	}
}

// giveUp notes that a log is not tried any more; down says whether it had been
// counted as broken off.
func (s *session) giveUp(l *followed, down bool, err error) {
	s.mu.Lock()
	l.gone = true
	s.live--
	if down {
		s.down--
	}
	over := s.down == s.live
	if s.live == 0 || s.err == nil {
		s.err = err
	}
	last := s.live == 0
	s.mu.Unlock()
	if !last {
		s.c.notice(Notice{Target: s.target.Name, Log: l.name, Err: err, GivenUp: true})
	}
	if over {
		s.cancel()
	}
}
