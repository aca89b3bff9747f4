package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"netelf.example/eventlog"
	"netelf.example/internal/version"
)

// maxTold bounds the losses that are remembered so as not to be told again.
const maxTold = 1024

// follower is a walk over a file that goes on being written.
//
// Nothing tells when a file changes: what a system offers sees neither shares nor
// writes through a mapping, so it is looked at again and again. A look is a stat by
// the file's name, and what Renew reads. If something came a walk of the Reader
// that Renew has made goes on behind the mark, and ends where the log does.
//
// A writer is met in the middle of a write. So a walk that meets damage stops
// before it and is made again at the next look, from the same mark; only when the
// file has stood still for some looks, or the place has been damaged for many, it is
// surveyed anew as a whole, and what is said of it then counts. That goes for a mark
// that is void too: a file that is just being copied over the old one has fewer
// records for a while.
//
// Each look does work that is bounded by the file's size, whatever the writer does,
// and all but a few only by what came; and looks that cannot make anything of it
// come in longer and longer times.
type follower struct {
	server *Server
	entry  *entry
	origin *eventlog.Origin
	sel    eventlog.Selection // of each walk, but for its mark
	limit  int
	yes    int
	pace   version.Pace

	reader  eventlog.Log    // of what the file was when it was last understood; nil: not since it was replaced
	walk    eventlog.Cursor // nil: nothing is there to be walked over
	accept  bool            // what walk says is missing is
	mark    eventlog.Mark
	fromOne bool // the log was empty and new: its first record is 1
	losses  []*eventlog.Loss
	told    map[lost]bool
	err     error // what ended it

	info   fs.FileInfo // of the last look; nil: none was made
	still  int         // looks since anything changed
	held   int         // looks since the walk cannot go on; 0: it can
	absent int         // looks since the file is not there
	drains int         // looks at a file that was replaced
	known  string      // why Renew does not understand what was surveyed

	done chan struct{} // closed by Close

	mu     sync.Mutex // guards what follows
	file   *file
	own    bool          // file is to be closed here
	passed eventlog.Mark // past what did not match
	closed bool
}

// lost is what makes a loss the same one.
type lost struct {
	offset      int64
	first, last uint64
	partial     bool
}

// follow is Options.Follow of the readers. It is not for what a log no longer
// reaches: Recovered counts for nothing, as Slack and Budget do.
func (s *Server) follow(ctx context.Context, e *entry, f *file, origin *eventlog.Origin, r eventlog.Log, sel *eventlog.Selection) (eventlog.Cursor, error) {
	if sel.Backward {
		return nil, fmt.Errorf("follow backwards: %w", eventlog.ErrInvalid)
	}
	c := &follower{
		server: s, entry: e, origin: origin, limit: sel.Limit, reader: r, file: f, done: make(chan struct{}),
		sel:  eventlog.Selection{Since: sel.Since, Until: sel.Until, Where: sel.Where, Want: sel.Wanted(), Lang: sel.Lang},
		told: make(map[lost]bool), pace: version.Pace{Min: s.pollMin, Max: s.pollMax},
	}
	c.sel.Want |= eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit() // the mark goes by these
	if err := c.begin(ctx, sel); err != nil {
		return nil, err
	}
	f.follow()
	return c, nil
}

// begin finds the place where it begins: behind the newest record, or where the
// selection says.
func (c *follower) begin(ctx context.Context, sel *eventlog.Selection) error {
	if err := eventlog.CheckExpr(sel.Where); err != nil {
		return err
	}
	oldest, next := extent(c.reader)
	if next == 0 {
		return fmt.Errorf("nothing in the file says where the log ends: %w", eventlog.ErrCorrupt)
	}
	first, loss, err := sel.First(c.origin, oldest, next)
	if err != nil {
		return err
	}
	c.mark = eventlog.Mark{Server: c.origin.Server, Log: c.origin.Log}
	m := sel.Mark(c.origin)
	switch {
	case m == nil && sel.Start == 0:
		c.mark.Record, c.fromOne = next-1, next == 1
		return c.date(ctx)
	case m != nil && m.Record+1 >= first:
		c.mark.Record, c.mark.Time = m.Record, m.Time
	case m == nil || m.Record != 0:
		c.mark.Record = first - 1
	}
	if loss != nil {
		c.losses = append(c.losses, loss)
	}
	one := eventlog.Selection{After: []eventlog.Mark{c.mark}, Limit: 1, Want: eventlog.FieldRecord.Bit()}
	walk, err := c.reader.Read(ctx, &one) // says whether the mark is void
	if err != nil {
		return err
	}
	return walk.Close()
}

// date finds out when the record of the mark was written: that tells it from one
// of the same number in a log that was cleared.
func (c *follower) date(ctx context.Context) error {
	walk, err := c.reader.Read(ctx, &eventlog.Selection{Backward: true, Limit: 1, Want: eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit()})
	if err != nil {
		return err
	}
	defer walk.Close()
	var e eventlog.Event
	for {
		err := walk.Next(ctx, &e)
		if _, ok := eventlog.AsLoss(err); ok {
			continue // of what was there before
		}
		if err == nil && e.RecordNumber == c.mark.Record {
			c.mark.Time = e.TimeWritten
		}
		if err == io.EOF {
			err = nil
		}
		return err
	}
}

// Next implements eventlog.Cursor.
func (c *follower) Next(ctx context.Context, e *eventlog.Event) error {
	if c.err != nil {
		return c.err
	}
	err := c.next(ctx, e)
	if _, ok := eventlog.AsLoss(err); err != nil && !ok {
		c.err = err
		c.stop()
	}
	return err
}

func (c *follower) next(ctx context.Context, e *eventlog.Event) error {
	for {
		select {
		case <-c.done:
			return fs.ErrClosed
		default:
		}
		switch {
		case c.limit > 0 && c.yes >= c.limit:
			return io.EOF
		case len(c.losses) > 0:
			loss := c.losses[0]
			c.losses = c.losses[1:]
			return loss
		case c.walk == nil:
			if err := c.wait(ctx); err != nil {
				return err
			}
			continue
		}
		err := c.walk.Next(ctx, e)
		loss, ok := eventlog.AsLoss(err)
		switch {
		case err == nil && e.Recovered: // not of the log: whether something is missing is said by a loss
		case err == nil:
			c.moved()
			if c.limit > 0 && (c.sel.Where == nil || c.sel.Where.Match(e) == eventlog.Yes) {
				c.yes++
			}
			return nil
		case ok:
			if said, err := c.lose(loss); said {
				return err
			}
		case err == io.EOF:
			c.moved()
			c.pass()
			c.held = 0
			c.stop()
		case ctx.Err() != nil, c.accept:
			return err
		default: // it was written to, or cut off, while it was read
			c.hold()
		}
	}
}

// lose says a loss, if it is one and was not said before.
func (c *follower) lose(loss *eventlog.Loss) (said bool, err error) {
	key := lost{loss.Offset, loss.First, loss.Last, loss.Partial}
	switch {
	case c.told[key]:
		return false, nil
	case !c.accept && !c.sure(loss):
		c.hold()
		return false, nil
	}
	if len(c.told) >= maxTold {
		clear(c.told)
	}
	c.told[key] = true
	c.moved()
	return true, loss
}

// sure says whether a loss is one though the file is being written.
func (c *follower) sure(loss *eventlog.Loss) bool {
	if errors.Is(loss.Err, eventlog.ErrOverwrite) {
		return c.held >= overtaken
	}
	_, next := extent(c.reader)
	return c.held >= behind && !loss.Partial && loss.Last != 0 && loss.Last+1 < next
}

// hold ends the walk before what may be whole at the next look.
func (c *follower) hold() {
	c.held++
	c.stop()
}

func (c *follower) stop() {
	if c.walk != nil {
		_ = c.walk.Close() // it was only read from
		c.walk = nil
	}
}

// moved takes over the mark of the walk.
func (c *follower) moved() {
	for _, m := range c.walk.AppendMarks(nil) {
		if m.Record != c.mark.Record {
			c.held, c.fromOne = 0, false
			c.pace.Came()
		}
		c.mark = m
	}
}

// pass lets Passed know of the mark.
func (c *follower) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passed = c.mark
}

// Passed implements eventlog.Passer.
func (c *follower) Passed() eventlog.Mark {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passed
}

// AppendMarks implements eventlog.Cursor.
func (c *follower) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return append(m, c.mark) }

// Close implements eventlog.Cursor.
func (c *follower) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	close(c.done)
	if c.own {
		return c.file.Close()
	}
	return nil
}
