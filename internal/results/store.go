package results

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// Options are those of a Store; nil is fine.
type Options struct {
	// Dir is where the files lie; "": the system's folder for temporary files.
	Dir string

	PerOwner int // results that a caller may have; 0: 16
	Most     int // and all together; 0: 256

	ResultDisk int64 // bytes on the disk that a result may take; 0: 1 GiB, 33 million rows
	Disk       int64 // and all together; 0: 4 GiB

	Idle time.Duration // a result that nobody asks for so long is closed; 0: 15 minutes
	Age  time.Duration // and one that is so old; 0: 12 hours

	// ReadTimeout is how long a page waits for the servers that its events are read from
	// again; 0: 5 s.
	ReadTimeout time.Duration
	// Open is how many servers are held open for that; 0: 64.
	Open int

	// Scan is how servers are asked. Without Credentials each result has its own: a
	// password that was refused is tried again for the next one.
	Scan     scan.Options
	Resolver eventlog.Resolver // finds message text; nil: nobody does
}

// Store keeps results. Many goroutines may use it; its mutex stands alone.
type Store struct {
	opts Options
	disk atomic.Int64
	pool pool

	sweeping sync.WaitGroup
	stop     context.CancelFunc

	mu      sync.Mutex
	results map[string]*Result
	closed  bool
}

// NewStore makes a store. Close ends what is in it.
func NewStore(opts *Options) *Store {
	s := &Store{results: map[string]*Result{}}
	if opts != nil {
		s.opts = *opts
	}
	o := &s.opts
	o.PerOwner = cmp.Or(max(o.PerOwner, 0), 16)
	o.Most = cmp.Or(max(o.Most, 0), 256)
	o.ResultDisk = cmp.Or(max(o.ResultDisk, 0), 1<<30)
	o.Disk = cmp.Or(max(o.Disk, 0), 4<<30)
	o.Idle = cmp.Or(max(o.Idle, 0), 15*time.Minute)
	o.Age = cmp.Or(max(o.Age, 0), 12*time.Hour)
	o.ReadTimeout = cmp.Or(max(o.ReadTimeout, 0), 5*time.Second)
	s.pool.most = cmp.Or(max(o.Open, 0), 64)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.sweeping.Go(func() { s.sweep(ctx) })
	return s
}

// errMost is why there is no room for one more.
var errMost = fmt.Errorf("there are too many results: %w", eventlog.ErrTooLarge)

// Create asks a query for a caller and answers at once. When the caller has too many
// results the one that was used longest ago is closed; when all have, it is
// eventlog.ErrTooLarge.
func (s *Store) Create(c eventlog.Caller, q *Query) (*Result, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	r := newResult(s, rand.Text(), owner(c), q)
	old, err := s.enter(r)
	if err != nil {
		return nil, err
	}
	if old != nil {
		_ = old.close() // nobody can do anything about its file
	}
	return r, nil
}

// enter puts a result into the store, and takes out the one that makes way for it.
func (s *Store) enter(r *Result) (old *Result, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fs.ErrClosed
	}
	own := 0
	for _, x := range s.results {
		if x.owner == r.owner {
			if own++; old == nil || x.used.Load() < old.used.Load() {
				old = x
			}
		}
	}
	if own < s.opts.PerOwner {
		if old = nil; len(s.results) >= s.opts.Most {
			return nil, errMost
		}
	}
	if old != nil {
		delete(s.results, old.id)
	}
	r.begin()
	s.results[r.id] = r
	return old, nil
}

// Get finds a caller's result. One that has expired, and another's, is fs.ErrNotExist.
func (s *Store) Get(c eventlog.Caller, id string) (*Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.results[id]
	if r == nil || r.owner != owner(c) || s.expired(r, time.Now()) {
		return nil, fmt.Errorf("no such result: %w", fs.ErrNotExist)
	}
	r.touch()
	return r, nil
}

// List gives a caller's results, the newest first.
func (s *Store) List(c eventlog.Caller) (list []*Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := owner(c)
	for _, r := range s.results {
		if r.owner == own {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *Result) int { return cmp.Or(b.created.Compare(a.created), cmp.Compare(a.id, b.id)) })
	return list
}

// owner is by what a caller is known again: another mask or other groups are other
// rights, and another caller.
func owner(c eventlog.Caller) string {
	sids := make([]string, len(c.SIDs))
	for i, sid := range c.SIDs {
		sids[i] = string(sid)
	}
	slices.Sort(sids)
	return fmt.Sprintf("%q %q %d", c.Name, strings.Join(slices.Compact(sids), " "), c.Mask)
}

func (s *Store) expired(r *Result, now time.Time) bool {
	return now.Sub(r.created) >= s.opts.Age || now.Sub(time.Unix(0, r.used.Load())) >= s.opts.Idle
}

// sweep closes what has expired.
func (s *Store) sweep(ctx context.Context) {
	t := time.NewTicker(min(s.opts.Idle, s.opts.Age, handleIdle) / 2)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			var old []*Result
			s.mu.Lock()
			for id, r := range s.results {
				if s.expired(r, now) {
					delete(s.results, id)
					old = append(old, r)
				}
			}
			s.mu.Unlock()
			for _, r := range old {
				_ = r.close() // nobody can do anything about its file
			}
			s.pool.idle(now)
		}
	}
}

// forget takes a result out.
func (s *Store) forget(r *Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.results, r.id)
}

// Disk is how many bytes all results take on the disk.
func (s *Store) Disk() int64 { return s.disk.Load() }

// Close closes all results and waits for them.
func (s *Store) Close() error {
	s.stop()
	s.sweeping.Wait()
	s.mu.Lock()
	s.closed = true
	all := s.results
	s.results = map[string]*Result{}
	s.mu.Unlock()
	var err error
	for _, r := range all {
		r.cancel() // all at once, and then wait
	}
	for _, r := range all {
		err = errors.Join(err, r.close())
	}
	s.pool.sweep(func(*handle) bool { return true })
	return err
}

// Refine is the query of a result restricted further: to events for which where holds
// too, and to servers by the names of their targets; nil is no restriction.
func (r *Result) Refine(where eventlog.Expr, servers []string) (*Query, error) {
	q := r.query
	if where != nil {
		if q.Selection.Where != nil {
			where = eventlog.And{q.Selection.Where, where}
		}
		q.Selection.Where = where
	}
	if servers != nil {
		q.Targets = nil
		for _, name := range servers {
			i := slices.IndexFunc(r.query.Targets, func(t scan.Target) bool { return t.Name == name })
			if i < 0 {
				return nil, fmt.Errorf("the result has no server %q: %w", name, fs.ErrNotExist)
			}
			q.Targets = append(q.Targets, r.query.Targets[i])
		}
	}
	return &q, q.check()
}
