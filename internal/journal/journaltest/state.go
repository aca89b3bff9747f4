package journaltest

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// state is a file: as a process sees it, as it is on the disk, and what lies
// between the two.
type state struct {
	now   []byte
	disk  []byte
	space int64    // taken of the disk: as far as was written or reserved
	since []change // in order
}

// A change is a sector's new content, or a new size.
type change struct {
	at    int64 // of the sector; -1: a size
	size  int64
	data  []byte // of the sector, shorter at the file's end
	clean bool   // a failed sync took it for written
}

func sorted(m map[string]*state) []string { return slices.Sorted(maps.Keys(m)) }

func (s *state) clone() *state {
	return &state{now: slices.Clone(s.now), disk: slices.Clone(s.disk), space: s.space, since: slices.Clone(s.since)}
}

func resized(b []byte, size int64) []byte {
	if n := int64(len(b)); size > n {
		return append(b, make([]byte, size-n)...)
	}
	return b[:size:size]
}

func (s *state) resize(size int64) {
	if size != int64(len(s.now)) {
		s.now = resized(s.now, size)
		s.since = append(s.since, change{at: -1, size: size})
	}
}

func (s *state) write(p []byte, off int64) {
	end := off + int64(len(p))
	if end > int64(len(s.now)) {
		s.resize(end)
	}
	copy(s.now[off:], p)
	for at := off &^ (SectorSize - 1); at < end; at += SectorSize {
		sector := s.now[at:min(at+SectorSize, int64(len(s.now)))]
		s.since = append(s.since, change{at: at, data: slices.Clone(sector)})
	}
}

// put writes a sector as far as the file reaches.
func put(b []byte, c *change) {
	if c.at < int64(len(b)) {
		copy(b[c.at:], c.data)
	}
}

// sync brings to the disk what is not taken for written already.
func (s *state) sync() {
	var left []change
	for i := range s.since {
		c := s.since[i]
		switch {
		case c.at < 0:
			s.disk = resized(s.disk, c.size)
			left = cut(left, c.size)
		case c.clean:
			left = append(left, c)
		default:
			put(s.disk, &c)
			left = slices.DeleteFunc(left, func(o change) bool { return o.at == c.at })
		}
	}
	s.since = left
}

// cut shortens the changes to a file that is cut to size.
func cut(changes []change, size int64) []change {
	kept := changes[:0]
	for _, c := range changes {
		if c.at >= size {
			continue
		}
		if n := size - c.at; n < int64(len(c.data)) {
			c.data = append(slices.Clone(c.data[:n]), make([]byte, int64(len(c.data))-n)...)
		}
		kept = append(kept, c)
	}
	return kept
}

// failedSync leaves the data of all that is not synced to chance.
func (s *state) failedSync() {
	for i := range s.since {
		s.since[i].clean = s.since[i].at >= 0
	}
}

// crash gives the file after a power cut. Sizes change in order; of each sector
// any content may be there that it was given since the sync.
func (s *state) crash(rnd *rand.Rand) *state {
	disk := slices.Clone(s.disk)
	sizes := 0
	for i := range s.since {
		if s.since[i].at < 0 {
			sizes++
		}
	}
	keepSizes := rnd.IntN(sizes + 1)
	odds := [...]int{0, 3, 50, 97, 100}[rnd.IntN(5)] // of a sector to be kept, in percent
	if odds == 100 {
		keepSizes = sizes
	}
	for i := range s.since {
		switch c := &s.since[i]; {
		case c.at >= 0:
			if rnd.IntN(100) < odds {
				put(disk, c)
			}
		case keepSizes > 0:
			keepSizes--
			disk = resized(disk, c.size)
		}
	}
	return &state{now: slices.Clone(disk), disk: disk, space: int64(len(disk))}
}
