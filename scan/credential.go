package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"netelf.example/eventlog"
)

// ErrNotTried is why a target was left alone: another one had refused the same
// credential.
var ErrNotTried = errors.New("not tried")

// Credentials remembers what became of credentials, so that a wrong password is
// tried once and not at every server, which locks accounts. Of the targets with one
// [Target.Credential] the first logs on alone and the others wait. If it is let in
// the others follow, all at once, and what one of them refuses is its own affair. If
// it is refused, the others are not tried. If it answers neither way, the next one
// goes alone.
//
// The zero value is ready. It is for walks that belong together: each Open has its
// own unless Options say otherwise.
//
// Its mutex stands alone.
type Credentials struct {
	mu    sync.Mutex
	gates map[string]*gate
}

// gate is what is known of one credential. The mutex of Credentials guards it.
type gate struct {
	settled bool
	refused error   // why nobody else is to try; nil: it is a good one, or not known yet
	line    []*turn // those that wait, behind the one whose turn it is
}

// turn is the place of a target in the line of its credential; nil: it has none.
type turn struct {
	of     *Credentials
	gate   *gate
	target string
	come   chan struct{} // closed when it is its turn, or all is settled
}

// join puts a target at the end of the line.
func (c *Credentials) join(t *Target) *turn {
	if t.Credential == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gates[t.Credential]
	if g == nil {
		if c.gates == nil {
			c.gates = make(map[string]*gate)
		}
		g = new(gate)
		c.gates[t.Credential] = g
	}
	own := &turn{of: c, gate: g, target: t.Name, come: make(chan struct{})}
	if g.settled {
		close(own.come)
		return own
	}
	g.line = append(g.line, own)
	if len(g.line) == 1 {
		close(own.come)
	}
	return own
}

// Renew forgets what became of a credential: the next target that has it logs on
// alone again. It is for when somebody has given another password, and for when one
// that was good is refused.
func (c *Credentials) Renew(credential string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.gates[credential]; g != nil && g.settled {
		delete(c.gates, credential)
	}
}

// wait waits for the turn. The error says why the target is not to be tried.
func (t *turn) wait(ctx context.Context) error {
	if t == nil {
		return nil
	}
	select {
	case <-t.come:
	case <-ctx.Done():
		t.leave()
		return ctx.Err()
	}
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	return t.gate.refused
}

// answered says how the logon went.
func (t *turn) answered(err error) {
	if t == nil {
		return
	}
	refused := err != nil && eventlog.StateOf(err) == eventlog.Refused
	if err != nil && !refused {
		t.leave()
		return
	}
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	g := t.gate
	if g.settled {
		return
	}
	g.settled = true
	if refused {
		g.refused = &notTried{t.target, err}
	}
	for _, other := range g.line[1:] {
		close(other.come)
	}
	g.line = nil
}

// leave gives up the place: who stands first next goes then. Without one it does
// nothing.
func (t *turn) leave() {
	if t == nil {
		return
	}
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	i := slices.Index(t.gate.line, t)
	if i < 0 {
		return
	}
	t.gate.line = slices.Delete(t.gate.line, i, i+1)
	if i == 0 && len(t.gate.line) > 0 {
		close(t.gate.line[0].come)
	}
}

// notTried is an ErrNotTried that says who refused.
type notTried struct {
	target string
	err    error
}

func (e *notTried) Error() string {
	return fmt.Sprintf("%s refused the same credential: %v", e.target, e.err)
}
func (e *notTried) Unwrap() []error { return []error{ErrNotTried, e.err} }
