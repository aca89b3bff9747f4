package even

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"

	"netelf.example/eventlog"
	"netelf.example/internal/ndr"
)

// errHandles is that there are too many handles.
var errHandles = errors.New("too many open handles")

// table is the context handles of one association.
type table struct {
	open     map[ndr.ContextHandle]*handle
	max      int
	total    *atomic.Int64 // of all associations
	maxTotal int64
}

// get is the handle of an id: eventlog.ErrHandle for one that is null, was closed, or
// is another association's.
func (t *table) get(id ndr.ContextHandle) (*handle, error) {
	if h, ok := t.open[id]; ok {
		return h, nil
	}
	return nil, fmt.Errorf("context handle: %w", eventlog.ErrHandle)
}

// reserve takes a place for a handle, so that nothing is opened beyond the limits;
// put or release must follow.
func (t *table) reserve() error {
	if len(t.open) >= t.max {
		return errHandles
	}
	if t.total.Add(1) > t.maxTotal {
		t.total.Add(-1)
		return errHandles
	}
	return nil
}

// release gives back a place that was reserved.
func (t *table) release() { t.total.Add(-1) }

// put gives a handle an id: attributes 0, and 128 random bits that nobody guesses.
func (t *table) put(h *handle) (id ndr.ContextHandle) {
	if t.open == nil {
		t.open = map[ndr.ContextHandle]*handle{}
	}
	_, _ = rand.Read(id[4:]) // it never fails, by its contract
	t.open[id] = h
	return id
}

// remove forgets a handle.
func (t *table) remove(id ndr.ContextHandle) {
	delete(t.open, id)
	t.release()
}

// clear forgets all handles.
func (t *table) clear() {
	t.total.Add(-int64(len(t.open)))
	t.open = nil
}
