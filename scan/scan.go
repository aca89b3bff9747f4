package scan

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
)

// MaxLogs is how many logs of one target are read; a server that lists more is
// not believed.
const MaxLogs = 1 << 16

// ErrIncomplete ends a walk in which a server or a log could not be read, or not
// to its end; Outcomes says which.
var ErrIncomplete = errors.New("not all servers could be read")

// Target is a server to be read.
type Target struct {
	// Name is what the outcome is called by and what ties are broken by.
	Name string

	// Open makes the server, which is closed when it has been read. ctx is for
	// the opening alone; Open, and everything the server answers, must end when
	// its context does.
	Open func(ctx context.Context) (eventlog.Server, error)

	// Logs are the logs to be read. A server with a method Match(name string)
	// []string says itself which of its logs a name means. nil: Default.
	Logs []string

	// Default are the logs to be read where Logs says nothing. nil: all that the
	// server lists; where it cannot list: System, Security and Application.
	Default []string

	// PassRefused says that a log which may not be read is passed over where neither
	// Logs nor Default name it. It is for servers that keep logs for others too; a
	// file that may not be read is missing.
	PassRefused bool

	// Credential says that Open logs on with what other targets with the same key
	// log on with as well; Credentials has what follows from that. "": it does not
	// matter.
	Credential string

	// OpenTimeout is how long one answer may take until all logs are open, where
	// Options have no Timeout; 0: as long as it likes.
	OpenTimeout time.Duration
}

// passes says whether a log that could not be opened is passed over.
func (t *Target) passes(err error) bool {
	return t.PassRefused && t.Logs == nil && t.Default == nil && err != nil && eventlog.StateOf(err) == eventlog.Refused
}

// Options are how to scan.
type Options struct {
	Parallel int           // how many targets work at the same time; 0: DefaultParallel
	Timeout  time.Duration // how long one answer, an open or what a Next gives, may take; 0: none
	Deadline time.Duration // how long all answers of a target may take together; 0: none
	Ahead    int           // how many events may be decoded ahead in all, at least 8 a log; 0: 32768

	// Credentials is shared by walks over servers that have credentials in common;
	// nil: this walk has its own.
	Credentials *Credentials
}

// DefaultParallel is how many targets work at the same time. Servers are waited for
// more than they make work.
const DefaultParallel = 64

const (
	defaultAhead = 1 << 15

	// A batch is as long as Ahead allows, within these.
	minBatch = 4
	maxBatch = 512
)

// defaultLogs are read of a server that cannot list.
var defaultLogs = []string{"System", "Security", "Application"}

// Open begins a walk over all targets at once. It starts to work right away and
// reports all trouble by Next and Outcomes; ctx ends it. A nil sel selects all.
func Open(ctx context.Context, targets []Target, sel *eventlog.Selection, opts *Options) *Cursor {
	var own eventlog.Selection
	if sel != nil {
		own = *sel
		own.After = slices.Clone(sel.After)
	}
	if own.Want != 0 { // these the merge itself goes by
		own.Want |= eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit()
	}
	sel = &own
	if opts == nil {
		opts = new(Options)
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &Cursor{
		sel:    sel,
		cancel: cancel,
		done:   ctx.Done(),
		cause:  ctx.Err,
		opened: make(chan *worker, len(targets)),
		ahead:  cmp.Or(max(opts.Ahead, 0), defaultAhead),
		limit:  sel.Limit,
		judge:  sel.Limit > 0 && sel.Where != nil && sel.Where.Needs().Has(eventlog.FieldMessage),
	}
	c.workers = newWorkers(targets, sel, opts, &c.examined)
	for _, w := range c.workers {
		c.running.Go(func() { w.run(ctx, c.opened) })
	}
	return c
}

// rank puts the sources into the order that breaks ties.
func rank(sources []*source, backward bool) {
	slices.SortFunc(sources, func(a, b *source) int {
		return cmp.Or(
			strings.Compare(a.worker.target.Name, b.worker.target.Name),
			strings.Compare(a.name, b.name),
			cmp.Compare(a.worker.index, b.worker.index),
		)
	})
	if backward {
		slices.Reverse(sources)
	}
	for i, s := range sources {
		s.rank = i
	}
}
