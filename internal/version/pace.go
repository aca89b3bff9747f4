package version

import "time"

// Pace is how often something is looked at that cannot say when it changes: after
// Min, and, while nothing comes, in times that get longer up to Max.
type Pace struct {
	Min, Max time.Duration
	next     time.Duration
}

// Next is how long to wait before the next look.
func (p *Pace) Next() time.Duration {
	d := max(p.next, p.Min)
	p.next = min(2*d, max(p.Min, p.Max))
	return d
}

// Came begins with Min again, since something came.
func (p *Pace) Came() { p.next = 0 }
