package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"netelf.example/eventlog"
)

// FollowOptions are how to follow; nil is fine.
type FollowOptions struct {
	Last int           // so many of the newest events come first, of all logs together; 0: none
	Wait time.Duration // how long these wait for targets that are slow to answer; 0: 5 s

	Timeout  time.Duration // how long one answer may take, but for that of a new event; 0: 30 s
	Retry    time.Duration // the pause before a target is tried again, doubled each time; 0: 1 s
	MaxRetry time.Duration // the longest pause; 0: 30 s

	// Resolver finds the text on which it hangs which the newest events are, where
	// Where asks for text; whoever reads the cursor resolves what comes then. nil:
	// all of which the text is not known are among them.
	Resolver eventlog.Resolver

	// Credentials is shared with other walks over servers that have credentials in
	// common; nil: this one has its own.
	Credentials *Credentials

	// Notice is told of trouble and of its end, by one goroutine at a time; it
	// may not wait for the cursor. nil: nobody is told.
	Notice func(Notice)
}

const (
	defaultWait     = 5 * time.Second
	defaultTimeout  = 30 * time.Second
	defaultRetry    = time.Second
	defaultMaxRetry = 30 * time.Second

	// settle is how long it is waited after a log broke off whether the others of
	// its target do so too: then it is told once, of the target.
	settle = 200 * time.Millisecond

	// slots is how many events of a log may wait for the reader.
	slots = 4
	// opening is how many logs of one target are opened at the same time.
	opening = 8
	// maxLook is how many records of a log are looked at, at most, for its newest
	// events.
	maxLook = 1 << 20
)

// Notice is what is told of a target while its logs are followed.
type Notice struct {
	Target  string
	Log     string // its name in the target; "": all that are followed there
	Err     error  // nil: it is back
	GivenUp bool   // it is not tried again
}

// FollowCursor follows many logs; an eventlog.Cursor whose Next waits.
//
// The order of locks: noticing and mu stand alone. Notice is called under
// noticing.
type FollowCursor struct {
	sel     *eventlog.Selection // of each log, without marks
	after   []eventlog.Mark
	opts    FollowOptions
	limit   int
	judge   bool // Where hangs on the text: only what is Yes counts towards limit
	targets int

	credentials *Credentials

	cancel context.CancelFunc
	done   <-chan struct{} // closed when all is to end
	cause  func() error    // why done was closed
	over   chan struct{}   // closed when nothing is left to be followed

	items chan *item    // nothing is buffered: who has sent one was heard
	first chan history  // the newest events of each target, until begun
	begun chan struct{} // closed when nothing is taken from first any more

	noticing sync.Mutex

	mu   sync.Mutex
	logs []*followed // that were opened; and their given

	// Of the goroutine that calls Next.
	started bool
	newest  []*eventlog.Event // still to be given, the newest first
	yes     int
	err     error
}

var _ eventlog.Cursor = (*FollowCursor)(nil)

// item is an event or a loss on its way to the reader.
type item struct {
	log   *followed
	event eventlog.Event
	err   error         // the *Loss; nil: event
	mark  eventlog.Mark // behind it
	place bool          // mark counts: it is not from before the following began
	slot  bool          // it is sent back to be filled again
}

// Follow waits for new events of all logs of the targets and gives them as they
// come: in the order of arrival, those of one log in the order of its records,
// nothing twice. What is missing is a *eventlog.Loss, as it is in a log; that a
// log was cleared is one with eventlog.ErrMarkGone, and it goes on with the log's
// oldest record.
//
// A log begins behind its newest record when it is first opened, or behind the
// mark that sel.After has for it. With Last the newest events come first, in the
// order of time, without gap or repetition before those that follow; a target
// that is opened later than Wait gives its own newest events when it is opened.
// An event counts as selected there unless Where is No without its text.
//
// The logs of a target are those that it has when it is first opened.
//
// A target, or a log, that cannot be opened or breaks off is told to Notice once
// and tried again until it is back; it goes on behind what it has given, and the
// others do not notice. One that is not there (fs.ErrNotExist), is refused
// (fs.ErrPermission), cannot be followed (errors.ErrUnsupported) or does not
// understand the selection (ErrInvalid, ErrTooLarge) is given up. When all are,
// Next ends with [ErrIncomplete].
//
// Where, Since, Until, Want, Lang and After of sel count for each log, and Limit,
// at which Next ends with io.EOF, for all events. Start, Slack, Budget and
// Recovered are not for following, Backward is an error. A nil sel selects all.
//
// Each target has a goroutine and each log one more. What was decoded ahead of a
// reader that is slow is 4 events a log: then the log waits. Last holds so many
// events of each log until it has begun.
//
// AppendMarks is valid at any time, and says where another Follow goes on.
func Follow(ctx context.Context, targets []Target, sel *eventlog.Selection, opts *FollowOptions) *FollowCursor {
	if sel == nil {
		sel = new(eventlog.Selection)
	}
	own := &eventlog.Selection{Since: sel.Since, Until: sel.Until, Where: sel.Where, Want: sel.Want, Lang: sel.Lang}
	if own.Want != 0 { // these marks and the merge go by
		own.Want |= eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit()
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &FollowCursor{
		sel:     own,
		after:   slices.Clone(sel.After),
		limit:   sel.Limit,
		judge:   sel.Limit > 0 && sel.Where != nil && sel.Where.Needs().Has(eventlog.FieldMessage),
		targets: len(targets),
		cancel:  cancel,
		done:    ctx.Done(),
		cause:   ctx.Err,
		over:    make(chan struct{}),
		items:   make(chan *item),
		first:   make(chan history),
		begun:   make(chan struct{}),
	}
	if opts != nil {
		c.opts = *opts
	}
	c.opts.Last = max(c.opts.Last, 0)
	if c.opts.Last == 0 {
		c.started = true
		close(c.begun)
	}
	c.opts.Wait = cmp.Or(max(c.opts.Wait, 0), defaultWait)
	c.opts.Timeout = cmp.Or(max(c.opts.Timeout, 0), defaultTimeout)
	c.opts.Retry = cmp.Or(max(c.opts.Retry, 0), defaultRetry)
	c.opts.MaxRetry = max(cmp.Or(max(c.opts.MaxRetry, 0), defaultMaxRetry), c.opts.Retry)
	if c.credentials = c.opts.Credentials; c.credentials == nil {
		c.credentials = new(Credentials)
	}
	c.err = eventlog.CheckExpr(own.Where)
	if sel.Backward {
		c.err = fmt.Errorf("follow backwards: %w", eventlog.ErrInvalid)
	}
	if c.err != nil {
		cancel()
		targets = nil
	}
	var running sync.WaitGroup
	for i, t := range targets {
		tail := &tail{worker: worker{target: t, index: i, timeout: c.opts.Timeout, turn: c.credentials.join(&t)}, c: c}
		running.Go(func() { tail.run(ctx) })
	}
	go func() { // Close waits for it
		running.Wait()
		close(c.over)
	}()
	return c
}

// Next implements eventlog.Cursor.
func (c *FollowCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if c.err != nil {
		return c.err
	}
	select {
	case <-c.done:
		return c.end(c.cause())
	default:
	}
	if err := ctx.Err(); err != nil {
		return c.end(err)
	}
	if c.limit > 0 && c.yes >= c.limit {
		return c.end(io.EOF)
	}
	if !c.started {
		if err := c.begin(ctx); err != nil {
			return c.end(err)
		}
	}
	if n := len(c.newest) - 1; n >= 0 {
		*e, c.newest[n] = *c.newest[n], nil
		c.newest = c.newest[:n]
		c.count(e)
		return nil
	}
	select {
	case it := <-c.items:
		return c.take(it, e)
	case <-ctx.Done():
		return c.end(ctx.Err())
	case <-c.done:
		return c.end(c.cause())
	case <-c.over:
		if err := c.cause(); err != nil {
			return c.end(err)
		}
		return c.end(fmt.Errorf("nothing is left to be followed: %w", ErrIncomplete))
	}
}

// take gives what it holds and sends it back to its log.
func (c *FollowCursor) take(it *item, e *eventlog.Event) error {
	l, err := it.log, it.err
	if err == nil {
		*e, it.event = it.event, *e
		c.count(e)
	}
	if it.place {
		c.mu.Lock()
		l.given = it.mark
		c.mu.Unlock()
	}
	if it.slot {
		l.free <- it // has room for all
	}
	return err
}

func (c *FollowCursor) count(e *eventlog.Event) {
	if c.limit > 0 && (!c.judge || c.sel.Where.Match(e) == eventlog.Yes) {
		c.yes++
	}
}

// begin waits for the newest events of all targets, but not long.
func (c *FollowCursor) begin(ctx context.Context) error {
	c.started = true
	defer close(c.begun)
	patience := time.NewTimer(c.opts.Wait)
	defer patience.Stop()
	var lists []history
	for range c.targets {
		select {
		case h := <-c.first:
			lists = append(lists, h)
			continue
		case <-patience.C:
		case <-c.over:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.done:
			return c.cause()
		}
		break
	}
	c.newest = newest(lists, c.opts.Last)
	return nil
}

// history is some events of a log or a target, the newest first.
type history struct {
	server, log string
	index       int // of the target
	events      []*eventlog.Event
}

// newest is the newest n events of the lists, the newest first, in the order of a
// scan backward.
func newest(lists []history, n int) (merged []*eventlog.Event) {
	rest := make(map[*source][]*eventlog.Event, len(lists))
	var sources []*source
	for _, l := range lists {
		if len(l.events) > 0 {
			s := &source{worker: &worker{target: Target{Name: l.server}, index: l.index}, name: l.log}
			sources = append(sources, s)
			rest[s] = l.events
		}
	}
	rank(sources, true)
	var h heap
	for _, s := range sources {
		h.push(s, key(rest[s][0], true))
	}
	for len(h) > 0 && len(merged) < n {
		s := h[0].source
		merged = append(merged, rest[s][0])
		if rest[s] = rest[s][1:]; len(rest[s]) > 0 {
			h.lower(key(rest[s][0], true))
		} else {
			h.pop()
		}
	}
	return merged
}

// end ends the walk with err and says so to all that work for it.
func (c *FollowCursor) end(err error) error {
	c.err = err
	c.cancel()
	return err
}

// AppendMarks implements eventlog.Cursor: one mark for each log that was opened,
// by what was given of it, and those that the Selection came with for others.
func (c *FollowCursor) AppendMarks(marks []eventlog.Mark) []eventlog.Mark {
	names := make(map[eventlog.Origin]int)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.logs {
		m := l.given
		if i, again := names[fold(m)]; again {
			// The same log in two targets: rather give an event twice than leave
			// one out.
			if less(false, &m, &marks[i]) {
				marks[i] = m
			}
			continue
		}
		names[fold(m)] = len(marks)
		marks = append(marks, m)
	}
	for _, m := range c.after {
		if _, have := names[fold(m)]; !have {
			marks = append(marks, m)
		}
	}
	return marks
}

// Close ends the following, also a Next that waits, and returns when everything
// is closed. It may be called by any goroutine and more than once.
func (c *FollowCursor) Close() error {
	c.cancel()
	<-c.over
	return nil
}

// notice tells n, unless nobody wants to hear anything any more.
func (c *FollowCursor) notice(n Notice) {
	if c.opts.Notice == nil {
		return
	}
	c.noticing.Lock()
	defer c.noticing.Unlock()
	if c.cause() == nil {
		c.opts.Notice(n)
	}
}

// final says whether trying again would not help.
func final(err error) bool {
	for _, f := range []error{fs.ErrNotExist, fs.ErrPermission, errors.ErrUnsupported, eventlog.ErrInvalid, eventlog.ErrTooLarge} {
		if errors.Is(err, f) {
			return true
		}
	}
	return false
}

// pauses are those between one try and the next.
type pauses struct{ next, most time.Duration }

// wait waits for a little less than the next pause, so that those who were
// interrupted together do not all come back together. false: ctx ended.
func (p *pauses) wait(ctx context.Context) bool {
	d := p.next/2 + rand.N(p.next/2+1)
	p.next = min(2*p.next, p.most)
	return sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
