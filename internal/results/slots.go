package results

import (
	"math/bits"
	"time"

	"netelf.example/eventlog"
)

const (
	slotCount  = 2048
	firstShift = 23 // the first slots are 2^23 ticks long, not quite a second
)

// undatedUpTo is the time up to which an event has none: 1601, or 1970, is what a
// clock says that was never set, and what stands where there is nothing.
var undatedUpTo = ticks(time.Unix(0, 0))

// slots count by time and level while nobody knows yet how far back it goes. A slot
// is 2^shift ticks long; when an event lies beyond the last or before the first they
// are made longer, two and two together.
type slots struct {
	shift    uint
	base     uint64 // the number of the first slot: its ticks >> shift
	counts   []eventlog.LevelCounts
	undated  eventlog.LevelCounts
	min, max uint64 // ticks of what is dated; max 0: nothing is
}

func (s *slots) add(k *key) {
	if k.generated <= undatedUpTo {
		s.undated.Count(eventlog.Level(k.level))
		return
	}
	if s.max == 0 {
		s.counts, s.shift = make([]eventlog.LevelCounts, slotCount), firstShift
		s.min, s.max = k.generated, k.generated
		s.base = s.centred()
	}
	s.min, s.max = min(s.min, k.generated), max(s.max, k.generated)
	i := k.generated>>s.shift - s.base
	if i >= slotCount { // before the first too
		s.widen()
		i = k.generated>>s.shift - s.base
	}
	s.counts[i].Count(eventlog.Level(k.level))
}

// centred is the base with which what there is lies in the middle.
func (s *slots) centred() uint64 {
	first, last := s.min>>s.shift, s.max>>s.shift
	room := (slotCount - (last - first + 1)) / 2
	return first - min(room, first)
}

// widen makes room for min and max.
func (s *slots) widen() {
	shift := s.shift
	for s.max>>shift-s.min>>shift >= slotCount/2 {
		shift++
	}
	old, base, by := s.counts, s.base, shift-s.shift
	s.counts, s.shift = make([]eventlog.LevelCounts, slotCount), shift
	s.base = s.centred()
	for i := range old {
		if old[i] != (eventlog.LevelCounts{}) {
			s.counts[(base+uint64(i))>>by-s.base].Add(&old[i])
		}
	}
}

// span is the time from the first event to behind the last; false: there is none.
func (s *slots) span() (since, until uint64, ok bool) { return s.min, s.max + 1, s.max != 0 }

// buckets counts into n equal parts of [since, until), each slot where it begins.
func (s *slots) buckets(since, until uint64, n int) (list []eventlog.LevelCounts, outside uint64) {
	list = make([]eventlog.LevelCounts, n)
	for i := range s.counts {
		c := &s.counts[i]
		if *c == (eventlog.LevelCounts{}) {
			continue
		}
		at := min(max((s.base+uint64(i))<<s.shift, s.min), s.max)
		if at < since || at >= until {
			outside += c.Sum()
			continue
		}
		list[bucketOf(at-since, until-since, n)].Add(c)
	}
	return list, outside
}

// bucketOf is in which of n equal parts of span something lies, which is below span.
func bucketOf(offset, span uint64, n int) int {
	high, low := bits.Mul64(offset, uint64(n))
	q, _ := bits.Div64(high, low, span)
	return int(q)
}
