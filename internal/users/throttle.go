package users

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"sync"
	"time"

	"netelf.example/eventlog"
)

// ThrottleOptions are those of a Throttle; nil is fine.
type ThrottleOptions struct {
	NameFree    int           // failures of a name that cost nothing; 0: 5
	AddressFree int           // those of an address; 0: 20
	First       time.Duration // the delay after the first that costs; each more doubles it; 0: one second
	NameMost    time.Duration // the longest delay of a name, which its owner suffers too; 0: one minute
	AddressMost time.Duration // that of an address; 0: 15 minutes
	Forget      time.Duration // how long after its last failure a name or address is forgotten; 0: one hour
	Size        int           // names, and addresses, that are remembered; 0: 8192

	Now func() time.Time // nil: time.Now
}

// Throttle slows down whoever guesses passwords. It counts failures by name,
// whoever fails and whether a user has the name or not, and by address, of which
// IPv6 has its first 64 bits count. After the free ones each failure doubles the
// delay before the next attempt, and attempts are one at a time; what comes too
// early is refused and costs nothing more.
//
// A success takes no failure back: otherwise one who has a password, or waits for
// the owner of one, could go on for free.
type Throttle struct {
	opts ThrottleOptions

	mu        sync.Mutex // guards what follows
	names     counts[string]
	addresses counts[netip.Prefix]
}

// burst is how many attempts of a name, or address, may be under way while it has
// free failures left.
const burst = 64

// NewThrottle makes a Throttle that has seen nothing.
func NewThrottle(opts *ThrottleOptions) *Throttle {
	t := new(Throttle)
	if opts != nil {
		t.opts = *opts
	}
	o := &t.opts
	o.NameFree, o.AddressFree, o.Size = cmp.Or(o.NameFree, 5), cmp.Or(o.AddressFree, 20), cmp.Or(o.Size, 8192)
	o.First, o.Forget = cmp.Or(o.First, time.Second), cmp.Or(o.Forget, time.Hour)
	o.NameMost, o.AddressMost = cmp.Or(o.NameMost, time.Minute), cmp.Or(o.AddressMost, 15*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	t.names = counts[string]{opts: o, free: o.NameFree, most: o.NameMost, m: map[string]*count{}}
	t.addresses = counts[netip.Prefix]{opts: o, free: o.AddressFree, most: o.AddressMost, m: map[netip.Prefix]*count{}}
	return t
}

// TooSoon is an attempt that comes too early; it is fs.ErrPermission.
type TooSoon struct {
	Wait time.Duration // until one may come
}

func (e *TooSoon) Error() string {
	return fmt.Sprintf("too many failed attempts: wait %v", time.Duration(e.Seconds())*time.Second)
}

// Seconds is Wait in whole seconds, of which there is at least one.
func (e *TooSoon) Seconds() int64 {
	return max(1, int64((e.Wait+time.Second-1)/time.Second))
}

// Is makes it a right that is missing.
func (e *TooSoon) Is(target error) bool { return target == fs.ErrPermission }

// Try begins an attempt to log in, before the password is looked at. addr is whom
// it comes from; the zero Addr, of a local socket, is not counted. The error is
// *TooSoon. Without one, done must be called, once, with whether it failed.
func (t *Throttle) Try(name string, addr netip.Addr) (done func(failed bool), err error) {
	now := t.opts.Now()
	key := nameKey(name)
	from, counted := addressKey(addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := t.names.wait(key, now)
	if counted {
		wait = max(wait, t.addresses.wait(from, now))
	}
	if wait > 0 {
		return nil, &TooSoon{wait}
	}
	t.names.begin(key, now)
	if counted {
		t.addresses.begin(from, now)
	}
	var once sync.Once
	return func(failed bool) {
		once.Do(func() {
			now := t.opts.Now()
			t.mu.Lock()
			defer t.mu.Unlock()
			t.names.end(key, failed, now)
			if counted {
				t.addresses.end(from, failed, now)
			}
		})
	}, nil
}

// nameKey is what a name is counted by; those that nobody can have are one.
func nameKey(name string) string {
	if CheckName(name) != nil {
		return ""
	}
	return eventlog.Fold(name)
}

func addressKey(a netip.Addr) (netip.Prefix, bool) {
	a = a.Unmap().WithZone("")
	bits := 64
	switch {
	case !a.IsValid():
		return netip.Prefix{}, false
	case a.Is4():
		bits = 32
	}
	p, err := a.Prefix(bits)
	return p, err == nil
}

// count is what is known of a name or address.
type count struct {
	failures int
	underWay int
	last     time.Time // failure, or beginning
	until    time.Time // none may begin before
}

// counts is that of all names, or all addresses.
type counts[K comparable] struct {
	opts *ThrottleOptions
	free int
	most time.Duration
	m    map[K]*count
}

// old says that a count can be forgotten.
func (c *counts[K]) old(n *count, now time.Time) bool {
	return n.underWay == 0 && now.Sub(n.last) >= c.opts.Forget && !now.Before(n.until)
}

// wait is how long an attempt has to, 0 if it may begin.
func (c *counts[K]) wait(key K, now time.Time) time.Duration {
	n, ok := c.m[key]
	switch {
	case !ok && len(c.m) >= c.opts.Size && !c.room(now):
		return c.opts.First
	case !ok:
		return 0
	case c.old(n, now):
		delete(c.m, key)
		return 0
	case now.Before(n.until):
		return n.until.Sub(now)
	case n.failures >= c.free && n.underWay > 0, n.underWay >= burst:
		return c.opts.First
	}
	return 0
}

func (c *counts[K]) begin(key K, now time.Time) {
	n, ok := c.m[key]
	if !ok {
		n = new(count)
		c.m[key] = n
	}
	n.underWay++
	n.last = now
}

func (c *counts[K]) end(key K, failed bool, now time.Time) {
	n := c.m[key] // what is under way stays
	n.underWay--
	n.last = now
	if !failed {
		if n.failures == 0 && n.underWay == 0 {
			delete(c.m, key)
		}
		return
	}
	n.failures++
	if n.failures < c.free {
		return
	}
	delay := c.most
	if doubled := n.failures - c.free; doubled < 32 && c.opts.First<<doubled>>doubled == c.opts.First {
		delay = min(delay, c.opts.First<<doubled)
	}
	n.until = now.Add(delay)
}

// room forgets what can be: what is old, and if that is too little, a quarter of
// all, of those with the fewest failures the oldest first. One who floods it with
// names does not get a name forgotten that he goes on with. It says whether there
// is room now.
func (c *counts[K]) room(now time.Time) bool {
	type kept struct {
		key K
		n   *count
	}
	var list []kept
	for key, n := range c.m {
		switch {
		case c.old(n, now):
			delete(c.m, key)
		case n.underWay == 0:
			list = append(list, kept{key, n})
		}
	}
	if len(c.m) < c.opts.Size-c.opts.Size/4 {
		return true
	}
	slices.SortFunc(list, func(a, b kept) int {
		return cmp.Or(cmp.Compare(a.n.failures, b.n.failures), a.n.last.Compare(b.n.last))
	})
	for _, k := range list[:min(len(list), max(1, c.opts.Size/4))] {
		delete(c.m, k.key)
	}
	return len(c.m) < c.opts.Size
}
