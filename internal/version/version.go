// Package version counts the changes of something that others show, and lets them
// wait for the next one.
package version

import (
	"context"
	"sync"
)

// Counter is a number that grows with each change. The zero value is at 0. Many
// goroutines may use it; its mutex stands alone.
type Counter struct {
	mu      sync.Mutex
	n       uint64
	changed chan struct{} // closed at the next change; nil: nobody waits
}

// Changed counts a change and wakes those that wait.
func (c *Counter) Changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// Now is the version there is.
func (c *Counter) Now() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// Wait answers the version there is as soon as it is another one than seen, or with
// the error of ctx.
func (c *Counter) Wait(ctx context.Context, seen uint64) (uint64, error) {
	for {
		c.mu.Lock()
		if c.n != seen {
			defer c.mu.Unlock()
			return c.n, nil
		}
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return seen, ctx.Err()
		}
	}
}
