package even

import (
	"context"
	"time"

	"netelf.example/eventlog"
)

// wait waits for new records, at the end of the log. The server is asked after
// PollMin, and, while nothing comes, in times that get longer up to PollMax.
func (c *clientCursor) wait(ctx context.Context) error {
	o := &c.log.c.o
	c.pace.Min, c.pace.Max = o.PollMin, o.PollMax
	t := time.NewTimer(c.pace.Next())
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		if err := c.ensure(ctx); err != nil {
			return err
		}
		err := c.look(ctx)
		if err == nil {
			break
		}
		if err := c.reopen(ctx, err); err != nil {
			return err
		}
	}
	c.stalls, c.breaks, c.eofs = 0, 0, 0
	if c.seen.next > c.end {
		c.end = c.seen.next
		c.pace.Came()
		if c.verify = c.last.number != 0; !c.noSeek {
			c.synced = false
		}
		if c.seen.oldest > c.pos {
			c.lose(c.pos, c.seen.oldest-1, eventlog.ErrOverwrite)
			c.pos = c.seen.oldest
			c.discard()
		}
	}
	return nil
}

// again begins the walk anew, since the log was cleared.
func (c *clientCursor) again(ctx context.Context) error {
	if err := c.ensure(ctx); err != nil {
		return err
	}
	b, err := c.s.bounds(ctx)
	if err != nil {
		c.restart = true
		return err
	}
	c.anew(b)
	return nil
}

// anew puts the way before the oldest record of a log that was cleared.
func (c *clientCursor) anew(b bounds) {
	c.losses = append(c.losses, &eventlog.Loss{Origin: c.log.origin, Offset: -1, Err: eventlog.ErrMarkGone})
	c.pos, c.end, c.seen, c.last, c.verify = b.oldest, b.next, b, last{}, false
	if b.oldest == 0 {
		c.pos = b.next
	}
	c.discard()
}
