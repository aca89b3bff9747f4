package results

import (
	"context"
	"errors"
	"sync"
	"time"

	"netelf.example/eventlog"
)

const (
	maxLogsHeld = 64               // of one server that is held open
	handleIdle  = time.Minute      // an open server that nobody has used for so long is closed
	again       = 15 * time.Second // and one that could not be opened is not tried before
)

// pool holds servers open from which events are read again, up to a number of them for
// all results together. Those that were not used for longest are closed first.
//
// Its mutex stands above nothing; a handle's ready is taken without it.
type pool struct {
	most int

	mu   sync.Mutex
	list []*handle // the one used last stands last
}

// handles are those of one result.
type handles struct {
	pool   *pool
	result *Result
}

func newHandles(r *Result) *handles { return &handles{pool: &r.store.pool, result: r} }

// handle is a server of a result.
type handle struct {
	result *Result
	target int
	ready  chan struct{} // has room for one: whoever opens something

	// pool.mu guards these.
	refs int
	used time.Time
	dead bool // it is not in the list any more

	// Whoever holds ready has these.
	server eventlog.Server
	logs   map[string]eventlog.Log
	failed error // why it could not be opened
	until  time.Time
}

// get finds the handle of a server.
func (hs *handles) get(target int) *handle {
	p := hs.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, h := range p.list {
		if h.result == hs.result && h.target == target {
			p.list = append(append(p.list[:i:i], p.list[i+1:]...), h)
			h.refs++
			return h
		}
	}
	h := &handle{result: hs.result, target: target, ready: make(chan struct{}, 1), refs: 1}
	p.list = append(p.list, h)
	return h
}

// put gives a handle back. With an error its server is in trouble: the next one to come
// opens it anew, but not at once, so that nobody waits for it again and again.
func (p *pool) put(h *handle, broken error) {
	p.mu.Lock()
	h.refs--
	h.used = time.Now()
	if broken != nil && !h.dead {
		p.remove(h)
		if !errors.Is(broken, context.Canceled) {
			p.list = append(p.list, &handle{
				result: h.result, target: h.target, ready: make(chan struct{}, 1), used: h.used,
				failed: broken, until: h.used.Add(again),
			})
		}
	}
	var closing []*handle
	if h.dead && h.refs == 0 {
		closing = append(closing, h)
	}
	for i := 0; i < len(p.list) && len(p.list) > p.most; {
		if old := p.list[i]; old.refs == 0 {
			p.remove(old)
			closing = append(closing, old)
			continue
		}
		i++
	}
	p.mu.Unlock()
	for _, h := range closing {
		h.close()
	}
}

// remove takes a handle out of the list. mu is held.
func (p *pool) remove(h *handle) {
	h.dead = true
	for i, x := range p.list {
		if x == h {
			p.list = append(p.list[:i:i], p.list[i+1:]...)
			return
		}
	}
}

// sweep closes what is meant and in nobody's hands.
func (p *pool) sweep(meant func(*handle) bool) {
	var closing []*handle
	p.mu.Lock()
	for _, h := range append([]*handle(nil), p.list...) {
		if meant(h) {
			p.remove(h)
			if h.refs == 0 {
				closing = append(closing, h)
			}
		}
	}
	p.mu.Unlock()
	for _, h := range closing {
		h.close()
	}
}

// idle closes what nobody has used for a while.
func (p *pool) idle(now time.Time) {
	p.sweep(func(h *handle) bool { return h.refs == 0 && now.Sub(h.used) > handleIdle })
}

// close closes the handles of the result.
func (hs *handles) close() {
	hs.pool.sweep(func(h *handle) bool { return h.result == hs.result })
}

func (h *handle) close() {
	for _, l := range h.logs {
		_ = l.Close() // it was only read from
	}
	if h.server != nil {
		_ = h.server.Close() // it was only read from
	}
}

// log opens a log of the server, and the server if need be. With own the log is the
// caller's to close.
func (h *handle) log(ctx context.Context, name string) (l eventlog.Log, own bool, err error) {
	select {
	case h.ready <- struct{}{}:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	defer func() { <-h.ready }()
	if l := h.logs[name]; l != nil {
		return l, false, nil
	}
	if h.server == nil {
		if h.failed != nil && time.Now().Before(h.until) {
			return nil, false, h.failed
		}
		if err := h.result.refusal(h.target, nil); err != nil {
			return nil, false, err
		}
		server, err := h.result.query.Targets[h.target].Open(ctx)
		if err != nil {
			if refused(err) {
				_ = h.result.refusal(h.target, err) // for the next time
			} else if !errors.Is(err, context.Canceled) {
				h.failed, h.until = err, time.Now().Add(again)
			}
			return nil, false, err
		}
		h.server, h.logs, h.failed = server, map[string]eventlog.Log{}, nil
	}
	l, err = h.server.OpenLog(ctx, name)
	if err != nil {
		return nil, false, err
	}
	if len(h.logs) >= maxLogsHeld {
		return l, true, nil
	}
	h.logs[name] = l
	return l, false, nil
}

// refused says whether a server did not let somebody in.
func refused(err error) bool { return eventlog.StateOf(err) == eventlog.Refused }

// refusal is why a server did not let anybody in when events were to be read again, and
// notes it if there is an err. It is not asked another time for this result: that may
// lock an account.
func (r *Result) refusal(target int, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.targets[target]
	if err != nil {
		t.refused = err
	}
	return t.refused
}
