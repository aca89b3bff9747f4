package scan

// heap has the source whose event comes next at its top: the smallest key, and
// among equal keys the smallest rank.
type heap []entry

type entry struct {
	key    uint64
	source *source
}

func (a *entry) before(b *entry) bool {
	if a.key != b.key {
		return a.key < b.key
	}
	return a.source.rank < b.source.rank
}

// push adds a source.
func (h *heap) push(s *source, key uint64) {
	*h = append(*h, entry{key, s})
	for i := len(*h) - 1; i > 0; {
		up := (i - 1) / 2
		if !(*h)[i].before(&(*h)[up]) {
			return
		}
		(*h)[i], (*h)[up] = (*h)[up], (*h)[i]
		i = up
	}
}

// lower gives the top another key and puts it where it belongs.
func (h heap) lower(key uint64) {
	x := entry{key, h[0].source}
	i := 0
	for {
		j := 2*i + 1
		if j >= len(h) {
			break
		}
		if j+1 < len(h) && h[j+1].before(&h[j]) {
			j++
		}
		if !h[j].before(&x) {
			break
		}
		h[i] = h[j]
		i = j
	}
	h[i] = x
}

// pop removes the top.
func (h *heap) pop() {
	n := len(*h) - 1
	last := (*h)[n]
	(*h)[n] = entry{}
	*h = (*h)[:n]
	if n > 0 {
		(*h)[0].source = last.source
		h.lower(last.key)
	}
}
