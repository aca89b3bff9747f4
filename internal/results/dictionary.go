package results

import (
	"cmp"
	"slices"

	"netelf.example/eventlog"
)

// Bounds of what is counted by text.
const (
	maxValues = 10_000  // values of one field
	maxText   = 1 << 20 // bytes of them all
	maxValue  = 1 << 10 // bytes of one; longer ones count as others
)

// dictionary counts texts in bounded memory. Case does not count, as it does not in
// selections. While there is room all counts are exact. When there is none the rarest
// half of the values is given up; a value that comes again begins anew, and from then
// on it may have been there up to floor times more. So what is frequent is never
// missed: every value that is not in the list was there floor times at most.
type dictionary struct {
	exact  map[string]*value // by the text as it stands in events
	folded map[string]*value // by eventlog.Fold of it
	bytes  int
	last   *value // the one that was counted last, and its text
	text   string

	total uint64 // texts counted
	long  uint64 // of these longer than maxValue
	floor uint64
	lost  bool // values were given up
}

// value is a text that is counted.
type value struct {
	text  string // as it came first
	count uint64
	more  uint64 // it may have been there so many times more
}

func (d *dictionary) add(s string) {
	d.total++
	if d.last != nil && d.text == s {
		d.last.count++
		return
	}
	v := d.exact[s]
	if v == nil {
		if len(s) > maxValue {
			d.long++
			return
		}
		v = d.enter(s)
	}
	v.count++
	d.last, d.text = v, s
}

// enter takes in a text that was not seen as it is.
func (d *dictionary) enter(s string) *value {
	if d.exact == nil {
		d.exact, d.folded = map[string]*value{}, map[string]*value{}
	}
	if len(d.exact) >= maxValues || d.bytes+len(s) > maxText {
		d.prune()
	}
	f := eventlog.Fold(s)
	v := d.folded[f]
	if v == nil {
		v = &value{text: s, more: d.floor}
		d.folded[f] = v
	}
	d.exact[s] = v
	d.bytes += len(s)
	return v
}

// prune gives up the rarest half of the values, and all other spellings.
func (d *dictionary) prune() {
	list := make([]*value, 0, len(d.folded))
	for _, v := range d.folded {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b *value) int {
		return cmp.Or(cmp.Compare(b.count+b.more, a.count+a.more), cmp.Compare(a.text, b.text))
	})
	clear(d.exact)
	clear(d.folded)
	d.bytes, d.last, d.text = 0, nil, ""
	for i, v := range list {
		if i >= maxValues/2 || d.bytes+len(v.text) > maxText/2 {
			d.floor, d.lost = max(d.floor, v.count+v.more), true
			continue
		}
		d.exact[v.text] = v
		d.folded[eventlog.Fold(v.text)] = v
		d.bytes += len(v.text)
	}
}

// numbers count a 16-bit field, exactly.
type numbers struct {
	pages [256]*[256]uint64
	total uint64
}

func (n *numbers) add(v uint16) {
	p := n.pages[v>>8]
	if p == nil {
		p = new([256]uint64)
		n.pages[v>>8] = p
	}
	p[v&0xff]++
	n.total++
}
