package watch

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/version"
	"netelf.example/scan"
)

// Options are how to watch; nil is fine.
type Options struct {
	Every    time.Duration // from one refresh of a server to the next, give or take a tenth; 0: 5 min
	Parallel int           // servers that are asked at the same time, and as many that somebody asks for; 0: 8

	// Scan is how they are asked. A Timeout of 0 is 30 s here: nobody sits in front of it
	// who would end it.
	Scan scan.Options

	Now func() time.Time // the clock; nil: time.Now
}

// firstSpread is within what time all servers are asked for the first time, if there is
// room.
const firstSpread = 10 * time.Second

// Watch watches servers. Many goroutines may use it.
//
// mu stands above nothing.
type Watch struct {
	opts    Options
	cancel  context.CancelFunc
	ctx     context.Context // of all that is asked
	running sync.WaitGroup
	changes version.Counter
	servers []*server
	names   map[string]*server
	slots   chan struct{} // for refreshes that are due
	asked   chan struct{} // for those that somebody asks for

	mu    sync.Mutex
	goods map[string]bool // credentials that were let in, since they were renewed
}

// server is a server that is watched.
type server struct {
	w      *Watch
	target scan.Target
	wake   chan struct{} // has room for one

	// w.mu guards these.
	known   known
	renewed int          // how often its credential was
	asked   bool         // a refresh is due
	waiting []chan error // those that have asked for one
}

// New begins to watch servers, whose names must differ.
func New(targets []scan.Target, opts *Options) (*Watch, error) {
	w := &Watch{names: map[string]*server{}, goods: map[string]bool{}}
	if opts != nil {
		w.opts = *opts
	}
	o := &w.opts
	o.Every = cmp.Or(max(o.Every, 0), 5*time.Minute)
	o.Parallel = cmp.Or(max(o.Parallel, 0), 8)
	o.Scan.Timeout = cmp.Or(max(o.Scan.Timeout, 0), 30*time.Second)
	if o.Scan.Credentials == nil {
		o.Scan.Credentials = new(scan.Credentials)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, t := range targets {
		if w.names[t.Name] != nil {
			return nil, fmt.Errorf("server %q is named twice: %w", t.Name, eventlog.ErrInvalid)
		}
		s := &server{w: w, target: t, wake: make(chan struct{}, 1)}
		s.known = known{state: Server{Name: t.Name}, logs: map[string]*logKnown{}, levels: map[int64]*eventlog.LevelCounts{}}
		w.names[t.Name] = s
		w.servers = append(w.servers, s)
	}
	w.slots, w.asked = make(chan struct{}, o.Parallel), make(chan struct{}, o.Parallel)
	w.ctx, w.cancel = context.WithCancel(context.Background())
	for _, s := range w.servers {
		w.running.Go(func() { s.run(w.ctx) })
	}
	return w, nil
}

// update changes what is known of a server.
func (s *server) update(f func(*known)) {
	s.w.mu.Lock()
	f(&s.known)
	s.w.mu.Unlock()
	s.w.changes.Changed()
}

// run refreshes a server until ctx ends.
func (s *server) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	s.due(timer, rand.N(min(firstSpread, s.w.opts.Every)))
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			s.ask()
		case <-s.wake:
		}
		if !s.meant() {
			continue // it was woken for what has been done
		}
		if !s.stopped() && !s.turn(ctx) {
			return
		}
		if s.stopped() {
			timer.Stop()
			s.update(func(k *known) { k.state.Next = time.Time{} })
			s.answer(scan.ErrNotTried)
			continue
		}
		every := s.w.opts.Every
		s.due(timer, every-every/10+rand.N(every/5+1))
	}
}

// ask says that a refresh is due.
func (s *server) ask() {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.asked = true
}

// meant says whether one is.
func (s *server) meant() bool {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.asked
}

func (s *server) stopped() bool {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.known.state.Stopped
}

// take takes those that wait for what begins now.
func (s *server) take() []chan error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	waiting := s.waiting
	s.waiting, s.asked = nil, false
	return waiting
}

// answer answers those that wait for what will not begin.
func (s *server) answer(err error) {
	for _, c := range s.take() {
		c <- err // has room
	}
}

// due sets when the server is asked next.
func (s *server) due(timer *time.Timer, in time.Duration) {
	timer.Reset(in)
	s.update(func(k *known) { k.state.Next = s.w.opts.Now().Add(in) })
}

// turn refreshes when there is room for it: at once, if somebody asks for it and not too
// many do. false: ctx ended.
func (s *server) turn(ctx context.Context) bool {
	var asked chan struct{}
	wake := s.wake
	for {
		s.w.mu.Lock()
		if len(s.waiting) > 0 {
			asked, wake = s.w.asked, nil
		}
		s.w.mu.Unlock()
		var slots chan struct{}
		select {
		case s.w.slots <- struct{}{}:
			slots = s.w.slots
		case asked <- struct{}{}:
			slots = asked
		case <-wake:
			continue
		case <-ctx.Done():
			return false
		}
		waiting := s.take()
		err := s.refresh(ctx)
		<-slots
		for _, c := range waiting {
			c <- err // has room
		}
		return ctx.Err() == nil
	}
}

// Servers is the state of all servers, in the order in which they were given, and its
// version.
func (w *Watch) Servers() ([]Server, uint64) {
	v := w.changes.Now()
	now := w.opts.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Server, 0, len(w.servers))
	for _, s := range w.servers {
		list = append(list, s.known.show(now))
	}
	return list, v
}

// find finds a server by its name.
func (w *Watch) find(name string) (*server, error) {
	s := w.names[name]
	if s == nil {
		return nil, fmt.Errorf("no server %q is watched: %w", name, fs.ErrNotExist)
	}
	return s, nil
}

// Server is the state of one server.
func (w *Watch) Server(name string) (Server, error) {
	s, err := w.find(name)
	if err != nil {
		return Server{}, err
	}
	now := w.opts.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	return s.known.show(now), nil
}

// Wait answers the version there is as soon as it is another one than seen, or with the
// error of ctx.
func (w *Watch) Wait(ctx context.Context, seen uint64) (uint64, error) {
	return w.changes.Wait(ctx, seen)
}

// Refresh asks a server at once, and answers with its error when that is done. A server
// that is stopped is not asked: scan.ErrNotTried.
func (w *Watch) Refresh(ctx context.Context, name string) error {
	s, err := w.find(name)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	w.mu.Lock()
	s.waiting, s.asked = append(s.waiting, done), true
	w.mu.Unlock()
	s.poke()
	select {
	case err := <-done:
		return err
	case <-w.ctx.Done():
		return fs.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// poke wakes a server.
func (s *server) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // somebody else has
	}
}

// Renew says that a credential is another one now: the servers that were stopped because
// of it are asked again.
func (w *Watch) Renew(credential string) {
	w.opts.Scan.Credentials.Renew(credential)
	var list []*server
	w.mu.Lock()
	delete(w.goods, credential)
	for _, s := range w.servers {
		if s.target.Credential != credential {
			continue
		}
		s.renewed++
		if s.known.state.Stopped {
			s.known.state.Stopped, s.asked = false, true
			list = append(list, s)
		}
	}
	w.mu.Unlock()
	for _, s := range list {
		s.poke()
	}
	w.changes.Changed()
}

// good notes that a credential was let in.
func (w *Watch) good(credential string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.goods[credential] = true
}

// refused notes that a credential was refused. One that was good until then may have
// expired: the next server tries it alone.
func (w *Watch) refused(credential string, notTried bool) {
	w.mu.Lock()
	was := w.goods[credential]
	delete(w.goods, credential)
	w.mu.Unlock()
	if was && !notTried {
		w.opts.Scan.Credentials.Renew(credential)
	}
}

// Close ends it, and waits for what is under way.
func (w *Watch) Close() error {
	w.cancel()
	w.running.Wait()
	return nil
}
