package results

import (
	"sort"
	"time"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// run is what was found in one log, newest first: keys in ascending places. Only the
// goroutine that takes from its server adds to it. What is shown of it is a view.
type run struct {
	id     runID
	server string
	log    string
	target int // index in Query.Targets

	// Of the goroutine that adds.
	fences []fence
	tail   []byte // keys behind the last block
	last   uint64 // place of the last key

	// The mutex of the Result guards what follows.
	view       view
	examined   uint64
	total      uint64    // records that the log had; 0: not known
	generation uint64    // of the log; 0: not known
	newest     uint64    // record number of the first match
	lowest     uint64    // and of the last
	oldest     time.Time // TimeWritten of the oldest record that was looked at
	over       bool
	outcome    eventlog.Outcome
}

// runID names a run for as long as there is its Result: a target and a log of it.
type runID struct{ target, log uint32 }

// fence is a block of keys in the file.
type fence struct {
	first uint64 // place of its first key
	at    uint32
}

// view is a state of a run, which does not change any more.
type view struct {
	fences []fence
	tail   []byte
	last   uint64 // place of the last key; no later one is less
	over   bool   // there will be no others
}

func (v *view) len() uint64 { return uint64(len(v.fences))*blockKeys + v.tailLen() }

func (v *view) tailLen() uint64 { return uint64(len(v.tail) / keySize) }

// add adds a match; the error says that there is no room.
func (r *run) add(e *eventlog.Event, s *spill) (key, error) {
	k := keyOf(e, r.last)
	if len(r.tail) == blockSize {
		at, err := s.write(r.tail)
		if err != nil {
			return k, err
		}
		r.fences = append(r.fences, fence{placeAt(r.tail, 0), at})
		r.tail = nil // the old one is in views
	}
	r.tail = k.append(r.tail)
	r.last = k.place
	return k, nil
}

// publish shows what was added.
func (r *run) publish() {
	r.view = view{
		fences: r.fences[:len(r.fences):len(r.fences)], tail: r.tail[:len(r.tail):len(r.tail)],
		last: r.last, over: r.over,
	}
}

// progress notes a stretch.
func (r *run) progress(s *scan.Stretch, kept int) {
	r.examined += s.Examined
	r.outcome.Events += uint64(kept)
	if t := s.Mark.Time; !t.IsZero() && (r.oldest.IsZero() || t.Before(r.oldest)) {
		r.oldest = t
	}
	if s.Err != nil {
		r.outcome.Note(s.Err)
	}
	r.over = r.over || s.Last
}

// block is the i-th block of keys, the tail behind the last one.
func (v *view) block(b int, load func(at uint32) ([]byte, error)) ([]byte, error) {
	if b == len(v.fences) {
		return v.tail, nil
	}
	return load(v.fences[b].at)
}

// search is how many keys of a block have a place below place, or with orEqual up to
// it.
func search(block []byte, place uint64, orEqual bool) int {
	return sort.Search(len(block)/keySize, func(i int) bool { return beyond(placeAt(block, i), place, orEqual) })
}

func beyond(have, place uint64, orEqual bool) bool {
	if orEqual {
		return have > place
	}
	return have >= place
}
