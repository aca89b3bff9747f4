package journal

import (
	"errors"
	"math"
	"sync"
)

const (
	pageShift = 12
	pageSize  = 1 << pageShift
)

type page = [pageSize]byte

// A layer is what some transactions make of the layer below. A page in it is
// whole; of the layer below it shows what lies before low, and zeros from there.
type layer struct {
	pages     map[int64]*page // by offset >> pageShift
	low, size int64           // of the file: the least it was, and what it is
}

func newLayer(size int64) *layer {
	return &layer{pages: make(map[int64]*page), low: size, size: size}
}

// cut removes what lies from size on, and calls drop for the pages that go.
func (l *layer) cut(size int64, drop func(*page)) {
	l.low = min(l.low, size)
	l.size = size
	for i, pg := range l.pages {
		switch start := i << pageShift; {
		case start >= size:
			delete(l.pages, i)
			drop(pg)
		case start+pageSize > size:
			clear(pg[size-start:])
		}
	}
}

var errNeedBase = errors.New("not in the layers")

// compose fills p with what stands at off, looking into the layers from the top
// down. base bytes of p hold the data file's content; errNeedBase if it takes
// more. A layer may be nil. The committed ones are guarded by the caller.
func compose(p []byte, off int64, base int, baseSize int64, layers ...*layer) error {
	for len(p) > 0 {
		i, in := off>>pageShift, off&(pageSize-1)
		n := min(len(p), int(pageSize-in))
		limit, found := int64(math.MaxInt64), false
		for _, l := range layers {
			if l == nil {
				continue
			}
			if pg := l.pages[i]; pg != nil {
				k := before(limit, off, n)
				copy(p[:k], pg[in:])
				clear(p[k:n])
				found = true
				break
			}
			limit = min(limit, l.low)
		}
		if !found {
			k := before(min(limit, baseSize), off, n)
			if k > max(base, 0) {
				return errNeedBase
			}
			clear(p[k:n])
		}
		p, off, base = p[n:], off+int64(n), base-n
	}
	return nil
}

// before is how many of n bytes at off lie before limit.
func before(limit, off int64, n int) int {
	return int(min(max(limit-off, 0), int64(n)))
}

// pool keeps the pages that no layer has, for the next transaction.
type pool struct {
	mu   sync.Mutex // last in the order of locks
	free []*page
}

func (p *pool) get() *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free) - 1; n >= 0 {
		pg := p.free[n]
		p.free = p.free[:n]
		return pg
	}
	return new(page)
}

func (p *pool) put(pg *page) {
	p.mu.Lock()
	p.free = append(p.free, pg)
	p.mu.Unlock()
}

// putAll empties the layer.
func (p *pool) putAll(l *layer) {
	p.mu.Lock()
	for _, pg := range l.pages {
		p.free = append(p.free, pg)
	}
	p.mu.Unlock()
	clear(l.pages)
}
