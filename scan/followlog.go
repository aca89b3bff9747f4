package scan

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"netelf.example/eventlog"
)

var (
	errNoLogs = errors.New("it has no logs")
	errEnded  = errors.New("it ended, and was to be followed")
)

// followed is one log that is followed. But for given it belongs to the goroutine
// that opens or pumps it.
type followed struct {
	*tail
	name string
	free chan *item // those that are not under way to the reader

	gone bool  // given up
	told bool  // that there is trouble
	err  error // of opening it for a session

	log    eventlog.Log
	cursor eventlog.Cursor
	opened bool          // once
	mark   eventlog.Mark // where it goes on
	seen   eventlog.Mark // what cursor last said of that
	marks  []eventlog.Mark

	newest []*eventlog.Event // to be given first, the newest first
	losses []*eventlog.Loss  // to be given before what cursor has

	given eventlog.Mark // behind what was given; c.mu guards it
}

// unasked says whether l is passed over without a word: it may not be read, and
// nobody asked for it by name.
func (l *followed) unasked() bool {
	return !l.opened && l.target.passes(l.err)
}

// open opens the log and follows it behind its mark.
func (l *followed) open(ctx context.Context) error {
	log, err := answer(ctx, &l.worker, func(ctx context.Context) (eventlog.Log, error) { return l.server.OpenLog(ctx, l.name) })
	if err != nil {
		return err
	}
	l.log = log
	if l.opened {
		err = l.again(ctx)
	} else {
		err = l.first(ctx)
	}
	if err != nil {
		l.close()
		return err
	}
	if !l.opened {
		l.opened = true
		for range slots {
			l.free <- &item{log: l, place: true, slot: true}
		}
		l.c.mu.Lock()
		l.given = l.mark
		if m := l.asked(); m != nil {
			l.given = *m // a loss may come before anything is given
		}
		l.c.logs = append(l.c.logs, l)
		l.c.mu.Unlock()
	}
	return nil
}

// first is follow for the first time, with what came before it.
func (l *followed) first(ctx context.Context) error {
	for try := range 3 {
		l.newest, l.losses = nil, nil
		generation := l.generation(ctx)
		if err := l.follow(ctx, slices.Clone(l.c.after)); err != nil {
			return err
		}
		if l.mark.Record == 0 || l.asked() != nil {
			return nil
		}
		l.look(ctx)
		if try == 2 || generation == l.generation(ctx) {
			break
		}
		// It was cleared meanwhile: what was found comes again.
		_ = l.cursor.Close() // it was only read from
		l.cursor = nil
	}
	return nil
}

// asked is the mark that the Selection came with for the log; nil: none.
func (l *followed) asked() *eventlog.Mark {
	return (&eventlog.Selection{After: l.c.after}).Mark(l.origin())
}

// again is follow behind the mark.
func (l *followed) again(ctx context.Context) error {
	oldest := uint64(0)
	if l.mark.Record == 0 {
		// Such a mark is the whole log, whatever that is now: that record 1 is not
		// there any more must be found out.
		i, err := answer(ctx, &l.worker, l.log.Info)
		if err != nil {
			return err
		}
		oldest = i.Oldest
	}
	if err := l.follow(ctx, []eventlog.Mark{l.mark}); err != nil {
		return err
	}
	if oldest > 1 && len(l.losses) == 0 {
		l.losses = append(l.losses, &eventlog.Loss{Origin: l.origin(), Offset: -1, First: 1, Last: oldest - 1, Err: eventlog.ErrOverwrite})
	}
	return nil
}

// generation is that of the log, 0 if it is not known.
func (l *followed) generation(ctx context.Context) uint64 {
	if l.c.opts.Last == 0 {
		return 0 // nobody asks
	}
	i, err := answer(ctx, &l.worker, l.log.Info)
	if err != nil {
		return 0 // not known; following says what is wrong
	}
	return i.Generation
}

// follow goes on behind the marks. Where the log's is void, the log was cleared,
// which is a loss, and it goes on with the oldest record.
func (l *followed) follow(ctx context.Context, after []eventlog.Mark) error {
	open := func() (err error) {
		sel := *l.c.sel
		sel.After = after
		l.cursor, err = answer(ctx, &l.worker, func(ctx context.Context) (eventlog.Cursor, error) {
			return eventlog.Follow(ctx, l.log, &sel)
		})
		return err
	}
	err := open()
	cleared := errors.Is(err, eventlog.ErrMarkGone)
	if cleared {
		for i := range after { // those of other logs do not count
			after[i].Record, after[i].Time = 0, time.Time{}
		}
		err = open()
	}
	if err != nil {
		l.cursor = nil // it may be one that is not nil
		return err
	}
	if l.seen = (eventlog.Mark{Log: l.name}); !l.opened {
		l.mark = l.seen
	}
	if l.marks = l.cursor.AppendMarks(l.marks[:0]); len(l.marks) > 0 {
		if l.seen = l.marks[0]; !l.opened {
			l.mark = l.seen
		}
	}
	if cleared {
		l.clearing()
	}
	return nil
}

// origin is what its losses are of.
func (l *followed) origin() *eventlog.Origin {
	return &eventlog.Origin{Server: l.mark.Server, Log: l.mark.Log}
}

// clearing says that the log was cleared, and puts the mark before its oldest
// record.
func (l *followed) clearing() {
	l.mark.Record, l.mark.Time = 0, time.Time{}
	l.losses = append(l.losses, &eventlog.Loss{Origin: l.origin(), Offset: -1, Err: eventlog.ErrMarkGone})
}

// void makes the best of a walk that ended with err: true if that was because the
// log was cleared, and it is to go on with the oldest record.
func (l *followed) void(err error) bool {
	if !errors.Is(err, eventlog.ErrMarkGone) || l.mark.Record == 0 {
		return false
	}
	l.clearing()
	return true
}

// look finds the newest events up to the mark, and when the record there was
// written.
func (l *followed) look(ctx context.Context) {
	begin := &eventlog.Selection{Backward: true, Start: l.mark.Record, Limit: 1, Want: eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit()}
	// Without the time the mark is only weaker, so that errors do not count.
	_ = l.back(ctx, begin, func(e *eventlog.Event) bool {
		if e.RecordNumber == l.mark.Record {
			l.mark.Time = e.TimeWritten
		}
		return false
	})
	if l.c.opts.Last == 0 {
		return
	}
	sel := *l.c.sel
	sel.Backward, sel.Start, sel.Limit, sel.Budget = true, l.mark.Record, l.c.opts.Last, maxLook
	err := l.back(ctx, &sel, func(e *eventlog.Event) bool {
		if sel.Where == nil || sel.Where.Match(e) != eventlog.No {
			l.newest = append(l.newest, e.Clone())
		}
		return len(l.newest) < l.c.opts.Last
	})
	if err != nil && !errors.Is(err, eventlog.ErrBudget) && ctx.Err() == nil {
		l.losses = append(l.losses, &eventlog.Loss{
			Origin: l.origin(), Offset: -1, Err: err,
		})
	}
}

// back walks over the log for as long as give wants more. What was overwritten or
// is damaged is passed over: the walk begins with what is new.
func (l *followed) back(ctx context.Context, sel *eventlog.Selection, give func(*eventlog.Event) bool) error {
	c, err := answer(ctx, &l.worker, func(ctx context.Context) (eventlog.Cursor, error) { return l.log.Read(ctx, sel) })
	if err != nil {
		return err
	}
	defer c.Close() // it was only read from
	if l.c.opts.Resolver != nil {
		c = eventlog.Resolve(c, sel, l.c.opts.Resolver)
	}
	var e eventlog.Event
	for {
		err := l.ask(ctx, func(ctx context.Context) error { return c.Next(ctx, &e) })
		_, loss := eventlog.AsLoss(err)
		switch {
		case err == io.EOF:
			return nil
		case err != nil && !loss:
			return err
		case err == nil && !give(&e):
			return nil
		}
	}
}

// pump gives what comes, until the log breaks off.
func (l *followed) pump(ctx context.Context) error {
	for _, e := range slices.Backward(l.newest) {
		if !l.send(ctx, &item{event: *e}) {
			return ctx.Err()
		}
	}
	l.newest = nil
	for len(l.losses) > 0 {
		if !l.send(ctx, &item{log: l, err: l.losses[0], mark: l.mark, place: true}) {
			return ctx.Err()
		}
		l.losses = l.losses[1:]
	}
	for {
		var it *item
		select {
		case it = <-l.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := l.cursor.Next(ctx, &it.event)
		loss, lost := eventlog.AsLoss(err)
		if err == nil || lost {
			l.moved(err == nil)
			if err == nil && len(l.marks) == 0 {
				l.mark = it.event.Mark()
			}
			if lost && errors.Is(loss.Err, eventlog.ErrMarkGone) {
				// Whatever the cursor says: it goes on with the oldest record.
				l.mark.Record, l.mark.Time = 0, time.Time{}
			}
			it.err, it.mark = err, l.mark
			if !l.send(ctx, it) {
				return ctx.Err()
			}
			continue
		}
		l.free <- it
		l.moved(false)
		if err == io.EOF {
			err = errEnded
		}
		return err
	}
}

func (l *followed) send(ctx context.Context, it *item) bool {
	select {
	case l.c.items <- it:
		return true
	case <-ctx.Done():
		return false
	}
}

// moved takes over the cursor's mark, if it is another one than it was: as long as
// it stands still, more may be known here of the place.
func (l *followed) moved(event bool) {
	if l.marks = l.cursor.AppendMarks(l.marks[:0]); len(l.marks) == 0 {
		return
	}
	m := l.marks[0]
	if event || m.Record != l.seen.Record || !m.Time.Equal(l.seen.Time) {
		l.seen, l.mark = m, m
	}
}

func (l *followed) close() {
	closeLog(&l.cursor, &l.log)
}
