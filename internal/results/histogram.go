package results

import (
	"fmt"
	"slices"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// MaxBuckets is how many parts a histogram can have.
const MaxBuckets = 4096

// maxBars is how many histograms are kept, to be gone on with when more comes.
const maxBars = 8

// Histogram counts events by TimeGenerated and level.
type Histogram struct {
	Version      uint64
	Since, Until time.Time // bucket i begins at Since plus i of n parts of this, rounded up to 100 ns
	Buckets      []eventlog.LevelCounts
	Undated      eventlog.LevelCounts // events whose time is unknown: 1601 or 1970
	Outside      uint64               // events before Since or from Until on
	Exact        bool                 // each event is in the bucket it belongs to; else it may be one beside it
	Done         bool                 // nothing else is coming
}

// Histogram counts into n buckets from since to until. Zero times are the bounds of
// the query, and where it has none the events themselves: then buckets are not Exact
// before all has been counted. It may be called again and again while more comes:
// what was counted is not counted again.
func (r *Result) Histogram(since, until time.Time, n int) (*Histogram, error) {
	if n < 1 || n > MaxBuckets {
		return nil, fmt.Errorf("%d buckets, want 1 to %d: %w", n, MaxBuckets, eventlog.ErrInvalid)
	}
	if err := r.use(); err != nil {
		return nil, err
	}
	if since.IsZero() {
		since = r.query.Selection.Since
	}
	if until.IsZero() {
		until = r.query.Selection.Until
	}
	from, to := ceil(since), ceil(until)
	open := since.IsZero() || until.IsZero()

	o := r.order()
	r.mu.Lock()
	h := &Histogram{Version: o.version, Undated: r.slots.undated, Done: r.over}
	first, last, any := r.slots.span()
	if since.IsZero() {
		from = first
	}
	if until.IsZero() {
		to = last
	}
	switch {
	case open && !any, !open && from >= to:
		// There is nothing, or nothing to be in it.
		h.Buckets, h.Exact = make([]eventlog.LevelCounts, n), true
		h.Outside = o.total - h.Undated.Sum()
		r.mu.Unlock()
		h.Since, h.Until = since, until
		return h, nil
	case from >= to:
		to = from + 1
	}
	if open && !r.over {
		h.Buckets, h.Outside = r.slots.buckets(from, to, n)
		r.mu.Unlock()
		h.Since, h.Until = nt.Filetime(from).Time(), nt.Filetime(to).Time()
		return h, nil
	}
	r.mu.Unlock()
	h.Since, h.Until, h.Exact = nt.Filetime(from).Time(), nt.Filetime(to).Time(), true

	// One at a time: two of them would read the same blocks.
	r.barsMu.Lock()
	defer r.barsMu.Unlock()
	b := r.barsOf(from, to, n)
	if err := b.count(o); err != nil {
		return nil, err
	}
	h.Buckets, h.Undated, h.Outside, h.Version, h.Done = slices.Clone(b.counts), b.undated, b.outside, b.version, b.done
	return h, nil
}

// ceil is the first tick that is not before t.
func ceil(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	n := ticks(t)
	if nt.Filetime(n).Time().Before(t) {
		n++
	}
	return n
}

// bars are a histogram that goes on.
type bars struct {
	from, to uint64
	counts   []eventlog.LevelCounts
	undated  eventlog.LevelCounts
	outside  uint64
	counted  map[runID]uint64 // keys of each run
	version  uint64
	done     bool
}

// barsOf finds a histogram again or begins it. barsMu is held.
func (r *Result) barsOf(from, to uint64, n int) *bars {
	i := slices.IndexFunc(r.bars, func(b *bars) bool { return b.from == from && b.to == to && len(b.counts) == n })
	if i >= 0 {
		b := r.bars[i]
		r.bars = append(slices.Delete(r.bars, i, i+1), b) // the last is the one used last
		return b
	}
	if len(r.bars) == maxBars {
		r.bars = slices.Delete(r.bars, 0, 1)
	}
	b := &bars{from: from, to: to, counts: make([]eventlog.LevelCounts, n), counted: map[runID]uint64{}}
	r.bars = append(r.bars, b)
	return b
}

// count goes on up to the state of o.
func (b *bars) count(o *order) error {
	if o.version < b.version {
		return nil // somebody else was faster, and is further on
	}
	buffer := make([]byte, blockSize)
	load := func(at uint32) ([]byte, error) { return o.spill.read(buffer, at) }
	for i, r := range o.runs {
		v := &o.views[i]
		for at := b.counted[r.id]; at < v.len(); b.counted[r.id] = at {
			block, err := v.block(int(at/blockKeys), load)
			if err != nil {
				return err
			}
			for j := int(at % blockKeys); j < len(block)/keySize; j++ {
				b.add(decodeKey(block, j))
				at++
			}
		}
	}
	b.version, b.done = o.version, o.over
	return nil
}

func (b *bars) add(k key) {
	switch {
	case k.generated <= undatedUpTo:
		b.undated.Count(eventlog.Level(k.level))
	case k.generated < b.from || k.generated >= b.to:
		b.outside++
	default:
		b.counts[bucketOf(k.generated-b.from, b.to-b.from, len(b.counts))].Count(eventlog.Level(k.level))
	}
}
