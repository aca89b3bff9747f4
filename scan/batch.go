package scan

import (
	"context"
	"errors"
	"sync/atomic"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// source is one log of one target. Its worker and the reader pass batches to and
// fro and share nothing else: the worker has a batch from the moment it stands
// in worker.requests until it stands in ready.
type source struct {
	worker *worker
	name   string
	ready  chan *batch // has room for both batches, so that a worker never waits

	// The worker's.
	log        eventlog.Log
	cursor     eventlog.Cursor
	generation int    // of the server that it was opened with
	again      bool   // it was tried to open it again
	partial    uint64 // the record that is said to be incomplete and comes next; 0: none
	told       uint64 // that record, in a log that was opened again
	info       eventlog.Info
	informed   bool // info is known

	// The reader's.
	rank    int
	current *batch
	next    int    // the item of current that comes next
	idle    *batch // the other batch, nil while it is asked for
	asked   bool
	size    int // of the batch asked for last
	given   given
	bounded uint64 // as that of the batches that were taken
	out     eventlog.Outcome

	examined atomic.Uint64 // the worker adds
}

// batch is a stretch of a log, decoded ahead. Its Events are reused.
type batch struct {
	source *source
	want   int // events at most
	most   int // bytes that end it
	events []eventlog.Event
	keys   []uint64 // of events
	n      int      // events there are

	err     error  // what came behind the events; nil: nothing yet
	last    bool   // err ended the log
	bounded uint64 // the record at which the walk was shortened; 0: not, or not yet

	marks []eventlog.Mark // where the log goes on behind all of this, if it does not follow from the last event
}

const (
	// A few huge events do not make batches huge: one ends early when it has its share
	// of what all logs together may hold, within these.
	aheadBytes    = 8 << 20
	minBatchBytes = 4 << 10
	maxBatchBytes = 128 << 10

	eventBytes  = 448 // of an Event and its Extra, whatever they hold
	stringBytes = 16  // of one of its Strings, without its text
	// slotBytes is what an Event of a batch may keep of memory for the next.
	slotBytes = 4 << 10
)

// fill decodes the next stretch of the log. late asks for an end of it.
func (b *batch) fill(ctx context.Context, backward bool, late func() bool) {
	b.n, b.err, b.last, b.bounded, b.marks = 0, nil, false, 0, nil
	if grow := b.want - len(b.events); grow > 0 {
		b.events = append(b.events, make([]eventlog.Event, grow)...)
		b.keys = append(b.keys, make([]uint64, grow)...)
	}
	cursor := b.source.cursor
	for bytes := 0; b.n < b.want && bytes < b.most; {
		e := &b.events[b.n]
		if cap(e.Data)+cap(e.Raw) > slotBytes {
			e.Data, e.Raw = nil, nil
		}
		if err := cursor.Next(ctx, e); err != nil {
			var loss *eventlog.Loss
			lost := errors.As(err, &loss)
			if lost && loss.Partial && loss.First != 0 {
				again := loss.First == b.source.told
				b.source.partial, b.source.told = loss.First, 0
				if again {
					continue // it was said before the connection broke off
				}
			}
			b.err, b.last = err, !lost
			if b.last || !loss.Partial || loss.First == 0 {
				// One that is part of an event is no place to go on behind: the
				// event comes next.
				b.marks = cursor.AppendMarks(nil)
			}
			return
		}
		b.source.partial, b.source.told = 0, 0
		b.keys[b.n] = key(e, backward)
		b.n++
		if e.RecordNumber == 0 || e.Recovered {
			// Such an event is no place in its log; only the cursor knows where
			// it stands, and only now.
			b.marks = cursor.AppendMarks(nil)
			return
		}
		if late() {
			return
		}
		bytes += size(e)
	}
}

// key is what the merge compares: smaller comes first.
func key(e *eventlog.Event, backward bool) uint64 {
	t, _ := nt.FiletimeOf(e.TimeWritten) // one outside the range is as good as its end
	if backward {
		return ^uint64(t)
	}
	return uint64(t)
}

// size is about how much memory an event takes.
func size(e *eventlog.Event) int {
	n := eventBytes + len(e.Data) + len(e.Raw) + len(e.Message)
	for _, s := range e.Strings {
		n += stringBytes + len(s)
	}
	if e.Extra != nil {
		n += len(e.Extra.XML)
	}
	return n
}
