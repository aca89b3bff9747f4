package eventlog

// LevelCounts are counts of events by level: 0 to 5 as Level has them, and all others
// last.
type LevelCounts [7]uint64

// Count counts an event of a level.
func (c *LevelCounts) Count(l Level) { c[min(int(l), len(c)-1)]++ }

// Add adds other counts.
func (c *LevelCounts) Add(o *LevelCounts) {
	for i, n := range o {
		c[i] += n
	}
}

// Sum is the count of all.
func (c LevelCounts) Sum() (n uint64) {
	for _, x := range c {
		n += x
	}
	return n
}
