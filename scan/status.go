package scan

import (
	"errors"
	"sync"
	"time"

	"netelf.example/eventlog"
)

// Phase is how far a target is.
type Phase uint8

// The phases.
const (
	Waiting Phase = iota // for its turn
	Opening
	Reading
	Over
)

func (p Phase) String() string {
	if names := [...]string{"waiting", "opening", "reading", "over"}; int(p) < len(names) {
		return names[p]
	}
	return "?"
}

// Status is what is known of a target while it is being read.
type Status struct {
	Target   string
	Phase    Phase
	State    eventlog.State // the worst so far
	NotTried bool           // it was left alone, see ErrNotTried
	Events   uint64         // that were read, which is ahead of what was given
}

// Word is the phase in one word, and once it is over the state.
func (s *Status) Word() string {
	if s.Phase != Over {
		return s.Phase.String()
	}
	return word(s.NotTried, s.State)
}

func word(notTried bool, s eventlog.State) string {
	if notTried {
		return ErrNotTried.Error()
	}
	return s.String()
}

// Status appends how far each target is, in their order. It may be called at any
// time by any goroutine.
func (c *Cursor) Status(list []Status) []Status {
	for _, w := range c.workers {
		list = append(list, w.about.now())
	}
	return list
}

// about is what others may ask of a worker while it works. Its mutex stands alone.
type about struct {
	mu     sync.Mutex
	status Status
	skew   time.Duration
	skewed bool  // skew is known
	broke  error // why the server was opened a second time
}

func (a *about) now() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status
}

func (a *about) phase(p Phase) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status.Phase = p
}

// read notes a batch, with what came behind its events.
func (a *about) read(events int, err error, last bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status.Events += uint64(events)
	switch {
	case err == nil:
	case last:
		var o eventlog.Outcome
		o.Note(err)
		a.status.State = max(a.status.State, o.State)
	default:
		a.status.State = max(a.status.State, eventlog.Partial)
	}
}

// failed notes that there is nothing to be read.
func (a *about) failed(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status.Phase, a.status.State = Over, eventlog.StateOf(err)
	a.status.NotTried = errors.Is(err, ErrNotTried)
}

// ask asks a server for its clock.
func (a *about) ask(server eventlog.Server) {
	s, ok := server.(interface{ Skew() (time.Duration, bool) })
	if !ok {
		return
	}
	skew, ok := s.Skew()
	a.mu.Lock()
	defer a.mu.Unlock()
	if ok {
		a.skew, a.skewed = skew, true
	}
}

// reopened notes why the server was opened a second time.
func (a *about) reopened(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broke = why
}

// told is what an Outcome has of it.
func (a *about) told() (skew time.Duration, skewed bool, broke error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.skew, a.skewed, a.broke
}
