package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
)

// Each reads many servers at once without a merge: what a log gives goes to a Taker
// as soon as it is there, and no log waits for another one, be it on the same
// server. It is for whoever counts or keeps, and puts things in order later.
//
// A log is read in pieces of up to EachOptions.Piece records, in turns with the
// other logs of its server. So a log in which nothing is found hides nobody, it is
// known how far each is, and what a Timeout bounds is one piece. Between two pieces
// the log is asked anew, behind the mark of what was read; what was overwritten in
// the meantime is a *eventlog.Loss.
//
// Limit, Budget and Recovered of sel do not count: there is no first event of all, and
// recovered records are no places in a log behind which it could go on.
//
// It answers when all is over or ctx is, with what became of the targets in their
// order.
func Each(ctx context.Context, targets []Target, sel *eventlog.Selection, opts *EachOptions, t Taker) []Outcome {
	e := newEach(targets, sel, opts, t)
	all := make([]Outcome, len(targets))
	var examined atomic.Uint64
	var running sync.WaitGroup
	for i, w := range newWorkers(targets, &e.first, &e.opts.Options, &examined) {
		w.survey = e.opts.Info
		running.Go(func() {
			all[i] = e.run(ctx, w)
			t.Over(i, &all[i])
		})
	}
	running.Wait()
	return all
}

// Taker takes what Each reads. The calls for one target come one after the other,
// those for different targets at the same time.
type Taker interface {
	// Opening says that the target's turn has come.
	Opening(target int)
	// Opened gives the logs that are read, also those that could not be opened,
	// of which the first Stretch is the last. It is not called for a target that
	// could not be opened.
	Opened(target int, logs []Opened)
	// Take takes a stretch, which is the Taker's until it returns.
	Take(*Stretch)
	// Over comes last, for every target.
	Over(target int, o *Outcome)
}

// Opened is a log that is read.
type Opened struct {
	Name string        // in its server
	Info eventlog.Info // if Known
	// Known says that the log was asked for its Info and answered.
	Known bool
}

// Stretch is what was read of one log in one go.
type Stretch struct {
	Target, Log int // which target, and which of its logs

	Events   []eventlog.Event
	First    bool          // they are filled as the Selection says, and not only as Later does
	Examined uint64        // records that were looked at for it
	Mark     eventlog.Mark // the place in the log behind it; no Record: not known
	Err      error         // what came behind the events, a *eventlog.Loss or the end; nil: nothing yet
	Last     bool          // Err, which may be io.EOF, ended the log
}

// EachOptions are Options for Each.
type EachOptions struct {
	Options

	// Piece is how many records of a log are looked at before another log of its
	// server has its turn; 0: 32768. The first piece of each log is shorter.
	Piece int64

	// Later is what is wanted of events behind the first piece of a log, as
	// Selection.Want; 0: the same.
	Later eventlog.Fields

	// Info asks each log for its Info when it is opened.
	Info bool
}

const (
	defaultPiece = 1 << 15
	firstPiece   = 1 << 10
)

// each is a call of Each.
type each struct {
	opts        EachOptions
	first, rest eventlog.Selection
	size        int // of a batch
	taker       Taker
}

func newEach(targets []Target, sel *eventlog.Selection, opts *EachOptions, t Taker) *each {
	e := &each{taker: t}
	if opts != nil {
		e.opts = *opts
	}
	if sel != nil {
		e.first = *sel
		e.first.After = slices.Clone(sel.After)
	}
	e.first.Recovered, e.first.Limit = false, 0
	e.rest = e.first
	e.rest.Budget = cmp.Or(max(e.opts.Piece, 0), defaultPiece)
	e.first.Budget = min(firstPiece, e.rest.Budget)
	e.rest.Want = cmp.Or(e.opts.Later, e.first.Want)
	for _, s := range []*eventlog.Selection{&e.first, &e.rest} {
		if s.Want != 0 {
			s.Want |= eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit()
		}
	}
	ahead := cmp.Or(max(e.opts.Ahead, 0), defaultAhead)
	e.size = min(max(ahead/2/max(len(targets), 1), minBatch), maxBatch)
	return e
}

// piece is a stretch under way.
type piece struct {
	batch
	log      int
	first    bool
	examined uint64
	mark     eventlog.Mark
}

// turns is a log of a target that Each reads.
type turns struct {
	*source
	marks []eventlog.Mark // where its present piece began
	again bool            // it is not in its first piece
	over  bool            // what is left to be said is that
}

// run reads one target to its end.
func (e *each) run(ctx context.Context, w *worker) (o Outcome) {
	o.Target = w.target.Name
	defer func() {
		w.close()
		o.Elapsed = time.Duration(w.busy.Load())
		o.Skew, o.SkewKnown, o.Broke = w.about.told()
		o.Note(io.EOF) // nothing but Done
	}()
	err := w.turn.wait(ctx)
	if err == nil {
		if !w.work(ctx, func() { e.taker.Opening(w.index); err = w.open(ctx) }) {
			err = ctx.Err()
		}
		w.turn.leave() // if nobody has answered
	}
	if err != nil {
		o.Note(err)
		return o
	}
	opened := make([]Opened, len(w.sources))
	for i, s := range w.sources {
		opened[i] = Opened{Name: s.name, Info: s.info, Known: s.informed}
	}
	e.taker.Opened(w.index, opened)
	w.sel = &e.rest // for what is opened again
	e.logs(ctx, w)
	ended := ctx.Err()
	for _, s := range w.sources {
		l := LogOutcome{Log: s.name, Outcome: s.out, First: s.given.first, Last: s.given.last}
		l.Examined = s.examined.Load()
		if ended != nil {
			l.Note(ended) // nothing, if it is done
		}
		o.Logs = append(o.Logs, l)
		o.add(&l.Outcome)
	}
	return o
}

// logs reads the logs of a target in turns. While one stretch is taken the next one
// is made.
func (e *each) logs(ctx context.Context, w *worker) {
	full, free := make(chan *piece, 2), make(chan *piece, 2)
	free <- new(piece)
	free <- new(piece)
	var taking sync.WaitGroup
	taking.Go(func() {
		for p := range full {
			s := p.source
			s.out.Events += uint64(p.n) // as Note(nil) does
			if p.err != nil {
				s.out.Note(p.err)
			}
			for _, at := range []int{0, p.n - 1} {
				if p.n > 0 {
					s.given.event(&p.events[at])
				}
			}
			e.taker.Take(&Stretch{
				Target: w.index, Log: p.log, Events: p.events[:p.n], First: p.first, Examined: p.examined, Mark: p.mark, Err: p.err, Last: p.last,
			})
			free <- p
		}
	})
	live := make([]*turns, len(w.sources))
	for i, s := range w.sources {
		live[i] = &turns{source: s}
	}
	for n := len(live); n > 0; {
		for i, s := range live {
			if s == nil {
				continue
			}
			p := <-free
			p.source, p.log, p.want, p.most = s.source, i, e.size, maxBatchBytes
			if !e.stretch(ctx, w, s, p) {
				n = 0 // ctx has ended
				break
			}
			if p.last {
				s.close()
				live[i] = nil
				n--
			}
			full <- p
		}
	}
	close(full)
	taking.Wait()
}

// stretch makes the next stretch of a log; false: ctx ended before.
func (e *each) stretch(ctx context.Context, w *worker, s *turns, p *piece) bool {
	p.n, p.err, p.last, p.marks, p.examined = 0, nil, false, nil, 0
	switch {
	case s.over:
		p.err, p.last = io.EOF, true
		return true
	case s.cursor == nil: // it could not be opened
		b := <-s.ready
		p.err, p.last = b.err, true
		return true
	}
	before := s.examined.Load()
	if !w.work(ctx, func() { w.fill(ctx, &p.batch) }) {
		return false
	}
	p.examined = s.examined.Load() - before
	p.first = !s.again && !s.source.again
	marks := p.marks
	if marks == nil {
		marks = s.cursor.AppendMarks(nil)
	}
	p.mark = eventlog.Mark{}
	if len(marks) > 0 {
		p.mark = marks[0]
	}
	if !p.last {
		if s.again && s.informed && !s.source.again && vague(p.err) {
			p.err = e.before(s, &s.marks[0])
		}
		return true
	}
	switch {
	case errors.Is(p.err, eventlog.ErrBudget):
		return w.work(ctx, func() { e.next(ctx, w, s, p, marks) })
	case p.err == io.EOF && s.again:
		return w.work(ctx, func() { e.overwritten(ctx, w, s, p) })
	}
	return true
}

// next begins the next piece of a log.
func (e *each) next(ctx context.Context, w *worker, s *turns, p *piece, marks []eventlog.Mark) {
	if len(marks) == 0 || slices.Equal(marks, s.marks) {
		p.err = fmt.Errorf("the log does not say where it goes on: %w", eventlog.ErrInvalid)
		return
	}
	sel := e.rest
	sel.After = marks
	cursor, err := answer(ctx, w, func(ctx context.Context) (eventlog.Cursor, error) { return s.log.Read(ctx, &sel) })
	if err != nil {
		// The old cursor is where a connection that broke off is made again from.
		if p.err = w.again(ctx, s.source, err); p.err != nil {
			return
		}
	} else {
		_ = s.cursor.Close() // it was only read from
		s.cursor = cursor
	}
	s.marks, s.again = marks, true
	p.err, p.last = nil, false
}

// overwritten looks, when a log has come to its end in more than one piece
// backwards, whether that is the end that it had at the beginning: what was
// overwritten only up to the mark, no mark tells.
func (e *each) overwritten(ctx context.Context, w *worker, s *turns, p *piece) {
	loss := e.before(s, &p.mark)
	if loss == nil {
		return
	}
	now, err := answer(ctx, w, s.log.Info)
	if err != nil || now.Oldest != 0 && now.Oldest < p.mark.Record {
		return
	}
	p.err, p.last = loss, false
	s.over = true
}

// before is all that a log, read backwards, had before a mark when it was opened; nil:
// nothing that was asked for, or it is not known.
func (e *each) before(s *turns, m *eventlog.Mark) error {
	if !e.rest.Backward || !s.informed || s.info.Oldest == 0 || m.Record <= s.info.Oldest {
		return nil
	}
	if since := e.rest.Since; !since.IsZero() && m.Time.Before(since) {
		return nil
	}
	return &eventlog.Loss{Offset: -1, First: s.info.Oldest, Last: m.Record - 1, Err: eventlog.ErrOverwrite}
}

// vague says whether err is of a walk backwards whose mark was overwritten: it cannot
// know what else was.
func vague(err error) bool {
	l, ok := eventlog.AsLoss(err)
	return ok && l.First != 0 && l.Last == 0
}
