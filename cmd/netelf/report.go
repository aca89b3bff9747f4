package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"netelf.example/eventlog"
	"netelf.example/files"
	"netelf.example/scan"
)

// report collects what became of each target and says it at the end.
type report struct {
	*app
	quiet   bool
	reverse bool           // the oldest events come first
	summary *summary       // for programs; nil: none
	silent  bool           // it stands in place of what is said to people
	byName  map[string]int // the first target of a name

	mu      sync.Mutex
	targets []fate
}

// fate is what became of one target.
type fate struct {
	name    string
	outcome scan.Outcome
	losses  []string // the first maxShown of them
	more    int
	inFile  bool // a loss has a place in a file
	skipped []files.Skip
}

// maxShown is how many losses, and how many skipped files, are listed of a target.
const maxShown = 10

func newReport(a *app, targets []scan.Target, quiet, reverse bool) *report {
	r := &report{app: a, quiet: quiet, reverse: reverse, byName: make(map[string]int)}
	for i, t := range targets {
		r.targets = append(r.targets, fate{name: t.Name})
		if _, ok := r.byName[t.Name]; !ok {
			r.byName[t.Name] = i
		}
	}
	return r
}

// watch is open that notes what target i leaves out.
func (r *report) watch(i int, open func(context.Context) (eventlog.Server, error)) func(context.Context) (eventlog.Server, error) {
	return func(ctx context.Context) (eventlog.Server, error) {
		srv, err := open(ctx)
		if s, ok := srv.(interface{ Skipped() []files.Skip }); ok && err == nil {
			skipped := s.Skipped()
			r.mu.Lock()
			defer r.mu.Unlock()
			r.targets[i].skipped = skipped
		}
		return srv, err
	}
}

// loss notes one of target i; -1: that of its Origin.
func (r *report) loss(i int, l *eventlog.Loss) {
	if o := l.Origin; i < 0 && o != nil {
		i = r.byName[o.Log]
		if o.Server != "" {
			i = r.byName[o.Server]
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.targets[max(i, 0)]
	t.inFile = t.inFile || l.Offset >= 0
	if len(t.losses) == maxShown {
		t.more++
		return
	}
	t.losses = append(t.losses, l.Error())
}

func (r *report) outcome(i int, o scan.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.targets[i].outcome = o
}

// end prints the summary and answers the exit code.
func (r *report) end(ctx context.Context) error {
	units, failed, partial, well := 0, 0, false, true
	for i := range r.targets {
		t := &r.targets[i]
		if !r.silent {
			r.print(t)
		}
		well = well && t.outcome.State == eventlog.OK
		// A log of a folder counts as a server does: so one bad file among many is
		// some, and not all.
		outcomes := []eventlog.Outcome{t.outcome.Outcome}
		if len(t.outcome.Logs) > 0 {
			outcomes = outcomes[:0]
			for _, l := range t.outcome.Logs {
				outcomes = append(outcomes, l.Outcome)
			}
		}
		for _, o := range outcomes {
			units++
			switch {
			case o.Bad():
				failed++
			case o.State == eventlog.Partial:
				partial = true
			}
		}
	}
	exit := exitOK
	switch {
	case ctx.Err() != nil, failed > 0 && failed == units:
		exit = exitFailed
	case failed > 0:
		exit = exitSome
	case partial:
		exit = exitDamaged
	}
	if len(r.targets) > 1 && !r.silent && !(r.quiet && well) {
		r.say("%s", r.tally())
	}
	if r.summary != nil {
		if err := r.summary.write(r.document(r.now(), exit, ctx.Err() != nil)); err != nil {
			return err
		}
	}
	return code(exit)
}

func (r *report) print(t *fate) {
	o := &t.outcome
	name := t.name
	ok := o.State == eventlog.OK
	if ok && r.quiet && len(t.skipped) == 0 {
		return
	}
	bad := slices.DeleteFunc(slices.Clone(o.Logs), func(l scan.LogOutcome) bool { return !l.Bad() })
	switch {
	case len(o.Logs) == 0 && !ok:
		r.say("%s: %s: %s", name, o.Word(), errorText(o.Err))
	case len(o.Logs) == 1 && o.Bad():
		r.say("%s: %v, %s: %s", name, o.State, events(o), errorText(o.Err))
	case o.Bad():
		r.say("%s: %s; %d of %d logs could not be read to their end:", name, events(o), len(bad), len(o.Logs))
	case ok && r.quiet:
	default:
		r.say("%s: %v, %s%s%s", name, o.State, events(o), missing(&o.Outcome), bounded(o, r.reverse))
	}
	if len(o.Logs) > 1 {
		list(r.app, bad, func(l scan.LogOutcome) string {
			return fmt.Sprintf("%s: %v: %s", l.Log, l.State, errorText(l.Err))
		})
	}
	if text := clock(o); text != "" && !(ok && r.quiet) {
		r.say("  its clock is %s", text)
	}
	if o.Broke != nil && !(ok && r.quiet) {
		r.say("  the connection was made again where it broke off: %v", o.Broke)
	}
	for _, l := range t.losses {
		r.say("  %s", l)
	}
	switch {
	case t.more > 0 && t.inFile:
		r.say("  and %d more; 'netelf check' lists all of a file", t.more)
	case t.more > 0:
		r.say("  and %d more", t.more)
	}
	list(r.app, t.skipped, func(s files.Skip) string { return fmt.Sprintf("skipped %s: %s", s.Path, s.Reason) })
}

// list prints the first of xs, and how many there are beyond.
func list[T any](a *app, xs []T, text func(T) string) {
	for i, x := range xs {
		if i == maxShown {
			a.say("  and %d more", len(xs)-maxShown)
			return
		}
		a.say("  %s", text(x))
	}
}

func errorText(err error) string {
	switch {
	case err == nil:
		return "no reason given"
	case errors.Is(err, context.Canceled):
		return "you stopped it"
	}
	return words(err)
}

func events(o *scan.Outcome) string {
	s := counted(o.Events, "event")
	if n := len(o.Logs); n > 1 {
		s += fmt.Sprintf(" of %d logs", n)
	}
	return s
}

// maxBounded is how many logs are named of a target whose walks were shortened.
const maxBounded = 3

// bounded says how far into its logs a walk went that a bound in time has
// shortened.
func bounded(o *scan.Outcome, reverse bool) string {
	var words []string
	for _, l := range o.Logs {
		switch {
		case l.Bounded == 0:
		case len(o.Logs) == 1:
			words = append(words, fmt.Sprintf("record %d", l.Bounded))
		default:
			words = append(words, fmt.Sprintf("%d of %s", l.Bounded, l.Log))
		}
	}
	if len(words) == 0 {
		return ""
	}
	if more := len(words) - maxBounded; more > 0 {
		words = append(words[:maxBounded], fmt.Sprintf("so in %d more", more))
	}
	if len(o.Logs) > 1 {
		words[0] = "record " + words[0]
	}
	if reverse {
		return ", begun or ended at " + strings.Join(words, ", ")
	}
	return ", back to " + strings.Join(words, ", ")
}

// missing says how many records are known to be.
func missing(o *eventlog.Outcome) string {
	switch {
	case o.Lost > 0 && o.LostUnknown:
		return fmt.Sprintf(", %s missing and perhaps more", counted(o.Lost, "record"))
	case o.Lost > 0:
		return fmt.Sprintf(", %s missing", counted(o.Lost, "record"))
	case o.LostUnknown:
		return ", records may be missing"
	case o.Losses > 0:
		return ", no record is missing"
	}
	return ""
}

func counted(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
