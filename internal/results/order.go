package results

import (
	"sort"
)

// order is a state of all runs of a Result, in which rows are found by their rank.
// It is for one goroutine.
type order struct {
	runs    []*run // in the order that breaks ties
	views   []view // of them
	total   uint64
	version uint64
	over    bool  // all is counted
	waiting []int // targets of which no log is known yet

	spill  *spill
	blocks map[uint32][]byte
}

func (o *order) load(at uint32) ([]byte, error) {
	if b, ok := o.blocks[at]; ok {
		return b, nil
	}
	b, err := o.spill.read(nil, at)
	if err != nil {
		return nil, err
	}
	o.blocks[at] = b
	return b, nil
}

// below is how many keys of a view have a place below place, or with orEqual up to
// it. from and to are fences between which it is known to lie.
func (o *order) below(v *view, place uint64, orEqual bool, w window) (uint64, error) {
	b := w.find(v, place, orEqual)
	if b == len(v.fences) && len(v.tail) > 0 && !beyond(placeAt(v.tail, 0), place, orEqual) {
		return uint64(b)*blockKeys + uint64(search(v.tail, place, orEqual)), nil
	}
	if b == 0 {
		return 0, nil
	}
	block, err := o.load(v.fences[b-1].at)
	if err != nil {
		return 0, err
	}
	return uint64(b-1)*blockKeys + uint64(search(block, place, orEqual)), nil
}

// window bounds the number of fences below a place.
type window struct{ low, high int }

func all(v *view) window { return window{0, len(v.fences)} }

// find is how many fences lie below a place.
func (w window) find(v *view, place uint64, orEqual bool) int {
	return w.low + sort.Search(w.high-w.low, func(i int) bool { return beyond(v.fences[w.low+i].first, place, orEqual) })
}

// upTo says whether more than rank keys have a place up to place. The fences settle
// that for most places, and only the others need blocks. found gets what the fences
// say, for the next, narrower search.
func (o *order) upTo(place, rank uint64, windows []window, found []int) (bool, error) {
	var least, most uint64
	for i := range o.views {
		v := &o.views[i]
		b := windows[i].find(v, place, true)
		found[i] = b
		switch {
		case b == len(v.fences) && len(v.tail) > 0 && !beyond(placeAt(v.tail, 0), place, true):
			n := uint64(b)*blockKeys + uint64(search(v.tail, place, true))
			least, most = least+n, most+n
		case b > 0:
			least, most = least+uint64(b-1)*blockKeys+1, most+uint64(b)*blockKeys
		}
	}
	if least > rank || most <= rank {
		return least > rank, nil
	}
	var n uint64
	for i := range o.views {
		below, err := o.below(&o.views[i], place, true, windows[i])
		if err != nil {
			return false, err
		}
		if n += below; n > rank {
			return true, nil
		}
	}
	return false, nil
}

// seek is how many keys of each view come before the row of a rank, which must be
// below total.
func (o *order) seek(rank uint64) ([]uint64, error) {
	low, high := ^uint64(0), uint64(0)
	windows, found := make([]window, len(o.views)), make([]int, len(o.views))
	for i := range o.views {
		v := &o.views[i]
		windows[i] = all(v)
		if v.len() > 0 {
			low, high = min(low, v.first()), max(high, v.last)
		}
	}
	for low < high {
		middle := low + (high-low)/2
		more, err := o.upTo(middle, rank, windows, found)
		if err != nil {
			return nil, err
		}
		for i, b := range found {
			if more {
				windows[i].high = b
			} else {
				windows[i].low = b
			}
		}
		if more {
			high = middle
		} else {
			low = middle + 1
		}
	}
	// Of the rows at this place, the first runs come first.
	at, upper := make([]uint64, len(o.views)), make([]uint64, len(o.views))
	for i := range o.views {
		v := &o.views[i]
		var err error
		if at[i], err = o.below(v, low, false, all(v)); err != nil {
			return nil, err
		}
		if upper[i], err = o.below(v, low, true, all(v)); err != nil {
			return nil, err
		}
		rank -= at[i]
	}
	for i := range at {
		step := min(rank, upper[i]-at[i])
		at[i] += step
		rank -= step
	}
	return at, nil
}

func (v *view) first() uint64 {
	if len(v.fences) > 0 {
		return v.fences[0].first
	}
	return placeAt(v.tail, 0)
}

// before is how many keys come before a place in the run of this position in the
// order: those of earlier runs with an equal place do, those of later ones do not.
func (o *order) before(place uint64, position int) (uint64, error) {
	var n uint64
	for i := range o.views {
		below, err := o.below(&o.views[i], place, i <= position, all(&o.views[i]))
		if err != nil {
			return 0, err
		}
		n += below
	}
	return n, nil
}

// rank is that of a row.
func (o *order) rank(position int, index uint64) (uint64, error) {
	block, err := o.views[position].block(int(index/blockKeys), o.load)
	if err != nil {
		return 0, err
	}
	n, err := o.before(placeAt(block, int(index%blockKeys)), position)
	if err != nil {
		return 0, err
	}
	// before counts all keys of its own run with this place.
	own, err := o.below(&o.views[position], placeAt(block, int(index%blockKeys)), true, all(&o.views[position]))
	return n - own + index, err
}

// frontier is the place before which nothing will come any more, and the position of
// the run that it lies in. ok is false when all is over.
func (o *order) frontier() (place uint64, position int, ok bool) {
	if len(o.waiting) > 0 {
		return 0, -1, true
	}
	for i := range o.views {
		if v := &o.views[i]; !v.over && (!ok || v.last < place) {
			place, position, ok = v.last, i, true
		}
	}
	return place, position, ok
}

// settled is how many rows have the rank that they will keep.
func (o *order) settled() (uint64, error) {
	place, position, ok := o.frontier()
	switch {
	case !ok:
		return o.total, nil
	case position < 0:
		return 0, nil
	}
	return o.before(place, position)
}

// merge walks over rows in their order.
type merge struct {
	o    *order
	at   []uint64 // the next key of each view
	heap []head
}

type head struct {
	place    uint64
	position int
	block    []byte
}

func (h *head) before(x *head) bool {
	return h.place < x.place || h.place == x.place && h.position < x.position
}

// merge begins behind at keys of each view.
func (o *order) merge(at []uint64) (*merge, error) {
	m := &merge{o: o, at: at, heap: make([]head, 0, len(at))}
	for i := range o.views {
		h := head{position: i}
		if more, err := m.fill(&h); err != nil {
			return nil, err
		} else if more {
			m.heap = append(m.heap, h)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

// fill gives a head the next key of its view; false: there is none.
func (m *merge) fill(h *head) (bool, error) {
	v, at := &m.o.views[h.position], m.at[h.position]
	if at >= v.len() {
		return false, nil
	}
	if h.block == nil || at%blockKeys == 0 {
		if h.block != nil {
			delete(m.o.blocks, v.fences[at/blockKeys-1].at) // so that a long walk holds a block of each run
		}
		var err error
		if h.block, err = v.block(int(at/blockKeys), m.o.load); err != nil {
			return false, err
		}
	}
	h.place = placeAt(h.block, int(at%blockKeys))
	return true, nil
}

func (m *merge) down(i int) {
	h := m.heap
	for {
		j := 2*i + 1
		if j >= len(h) {
			return
		}
		if j+1 < len(h) && h[j+1].before(&h[j]) {
			j++
		}
		if !h[j].before(&h[i]) {
			return
		}
		h[i], h[j] = h[j], h[i]
		i = j
	}
}

// next gives the next row; ok is false where there is none.
func (m *merge) next() (position int, index uint64, k key, ok bool, err error) {
	if len(m.heap) == 0 {
		return 0, 0, k, false, nil
	}
	h := &m.heap[0]
	position, index = h.position, m.at[h.position]
	k = decodeKey(h.block, int(index%blockKeys))
	m.at[position]++
	more, err := m.fill(h)
	if err != nil {
		return 0, 0, k, false, err
	}
	if !more {
		last := len(m.heap) - 1
		m.heap[0] = m.heap[last]
		m.heap = m.heap[:last]
	}
	m.down(0)
	return position, index, k, true, nil
}
