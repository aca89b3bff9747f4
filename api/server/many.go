package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/results"
	"netelf.example/internal/watch"
	"netelf.example/nt"
	"netelf.example/query"
	"netelf.example/scan"
)

// Own is the name of the service itself among servers. In a path it is ownPath, since
// clients take a dot out of it.
const (
	Own     = "."
	ownPath = "~"
)

// ManyOptions are those of the operations over many servers. Results and Fleet must be
// set.
type ManyOptions struct {
	Results *results.Store
	Fleet   *watch.Watch  // of the servers of Targets, and of the service itself by the name of Own
	Every   time.Duration // how often it asks, to be told
	Targets []Target      // servers beside the service itself
	Alone   bool          // the service itself has no logs: it is not among the servers

	// Scan is how servers are asked for what Results does not keep. Its Credentials are
	// those of Results and Fleet, too, or what one has seen refused the other tries again.
	Scan scan.Options

	Views string // the file of views; "": none are kept
	Files string // the folder of files that were sent, which is the handler's alone; "": none are taken
	// MaxFile bounds such a file, in bytes; 0: DefaultMaxFile.
	MaxFile int64
}

// Target is a server beside the service itself.
type Target struct {
	Name   string
	Groups []string
	Kind   string // even, https or file

	// Scan makes a target of its logs with these names; nil: those that it is asked for
	// where nobody says which. Its Default may be taken away for all logs.
	Scan func(logs []string) scan.Target

	// Logon has another user ask, from now on, this server and all that have the same
	// Credential; nil: nobody logs on there.
	Logon func(user, password string)
}

// Many is what the operations over many servers have in common. It is closed behind the
// Handler.
type Many struct {
	opts    ManyOptions
	targets map[string]*Target
	views   *viewStore
	uploads *uploads
	kept    keptServers
	sweeper sync.WaitGroup
	stop    context.CancelFunc
}

// NewMany makes a Many.
func NewMany(o ManyOptions) (*Many, error) {
	if o.MaxFile <= 0 {
		o.MaxFile = DefaultMaxFile
	}
	if o.Scan.Credentials == nil {
		o.Scan.Credentials = new(scan.Credentials)
	}
	m := &Many{opts: o, targets: map[string]*Target{}}
	for i := range o.Targets {
		t := &o.Targets[i]
		if m.targets[t.Name] != nil || t.Name == Own {
			return nil, fmt.Errorf("server %q is named twice: %w", t.Name, eventlog.ErrInvalid)
		}
		m.targets[t.Name] = t
	}
	var err error
	if m.views, err = openViews(o.Views); err != nil {
		return nil, err
	}
	if o.Files != "" {
		if err := os.MkdirAll(o.Files, 0o700); err != nil {
			return nil, err
		}
		m.uploads = newUploads(o.Files, o.MaxFile)
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.sweeper.Go(func() { m.uploads.sweepOften(ctx) })
	return m, nil
}

// Close removes the files that were sent, and closes servers that were kept open.
func (m *Many) Close() error {
	m.kept.close()
	m.stop()
	m.sweeper.Wait()
	return m.uploads.close()
}

// manyOperations are offered where there is something to ask.
func (h *Handler) manyOperations() {
	if h.opts.Many == nil {
		return
	}
	h.servers()
	h.records()
	h.results()
	h.resultParts()
	h.tail()
	h.queries()
	h.viewOperations()
	h.files()
}

// looks says whether a caller may look at other servers: administrators and event log
// readers, with whatever was not taken away from them.
func looks(c eventlog.Caller) bool {
	return c.Only == "" && (c.Mask == 0 || c.Mask&eventlog.RightRead != 0) &&
		(slices.Contains(c.SIDs, nt.SIDAdministrators) || slices.Contains(c.SIDs, nt.SIDEventLogReaders))
}

// looksAtSecurity says whether a caller may read Security of another server. The service
// asks there with a credential of its own: what it is let in to see is not for everybody
// who may see the rest.
func looksAtSecurity(c eventlog.Caller) bool {
	return looks(c) && slices.Contains(c.SIDs, nt.SIDAdministrators)
}

// looker is the caller, if it may look at other servers.
func (h *Handler) looker(ctx context.Context) (eventlog.Caller, *Many, error) {
	c := callerOf(ctx)
	if !looks(c) {
		return c, nil, refusal(http.StatusForbidden, "other servers are for administrators and event log readers", nil)
	}
	return c, h.opts.Many, nil
}

// find finds a server of a caller by its name, and makes a target of its logs.
func (h *Handler) find(ctx context.Context, name string, logs []string) (scan.Target, error) {
	m, id := h.opts.Many, identityOf(ctx)
	all := slices.ContainsFunc(logs, func(l string) bool { return eventlog.EqualFold(l, allLogs) })
	if all {
		logs = nil
	}
	var t scan.Target
	if name == Own && !m.opts.Alone {
		c := id.caller
		t = scan.Target{Name: Own, Logs: logs, Default: defaultLogs, Open: func(ctx context.Context) (eventlog.Server, error) { return h.opts.For(ctx, c) }}
	} else if f := m.uploads.find(id, name); f != nil {
		return f.scan(logs), nil // who has sent it may see all of it
	} else if known := m.targets[name]; known != nil {
		t = known.Scan(slices.Clone(logs))
		if !looksAtSecurity(id.caller) {
			t = withoutSecurity(t)
		}
		t = m.notRefused(t)
	} else {
		return t, fmt.Errorf("server %q: %w", name, fs.ErrNotExist)
	}
	if all {
		t.Default = nil
	}
	return t, nil
}

// keeping does f with a target that find has found, over a server that was kept open if
// there is one. What is on this machine is opened each time: nobody logs on for it.
func (h *Handler) keeping(ctx context.Context, name string, t scan.Target, f func(scan.Target) (answered bool, err error)) error {
	m, id := h.opts.Many, identityOf(ctx)
	known := m.targets[name]
	if known == nil || known.Kind == "file" || m.uploads.find(id, name) != nil {
		_, err := f(t)
		return err
	}
	return m.kept.walk(keptKey{name, looksAtSecurity(id.caller)}, t, f)
}

// foreign is an error of another server as an answer: what the contract does not know is
// no error of this one.
func (h *Handler) foreign(ctx context.Context, server string, err error) error {
	if _, known := eventlog.ProblemOf(err); known || server == Own {
		return err
	}
	h.opts.Logger.Warn("another server", "server", server, "caller", callerOf(ctx).Name, "error", err)
	return refusal(http.StatusBadGateway, server+": "+err.Error(), nil).coded("server-failed")
}

// notRefused is a target that is left alone while its credential is one that was refused
// there: else each question would be another wrong password.
func (m *Many) notRefused(t scan.Target) scan.Target {
	open, name := t.Open, t.Name
	t.Open = func(ctx context.Context) (eventlog.Server, error) {
		if s, err := m.opts.Fleet.Server(name); err == nil && s.Stopped {
			return nil, fmt.Errorf("%w: its credential was refused: %w", scan.ErrNotTried, cmp.Or(s.Err, fs.ErrPermission))
		}
		return open(ctx)
	}
	return t
}

// allLogs is what a list of logs has for all of a server. defaultLogs are those that are
// asked for where nobody says which.
const allLogs = "all"

var defaultLogs = []string{"System", "Application"}

// targetsOf are the servers with these names, none for all: without the files that
// somebody has sent, which are asked for by name.
func (h *Handler) targetsOf(ctx context.Context, names, logs []string) ([]scan.Target, error) {
	if len(names) == 0 {
		if !h.opts.Many.opts.Alone {
			names = append(names, Own)
		}
		for i := range h.opts.Many.opts.Targets {
			names = append(names, h.opts.Many.opts.Targets[i].Name)
		}
	}
	var list []scan.Target
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		t, err := h.find(ctx, name, logs)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// withoutSecurity is a target whose Security is not there for the reader.
func withoutSecurity(t scan.Target) scan.Target {
	open := t.Open
	t.Open = func(ctx context.Context) (eventlog.Server, error) {
		srv, err := open(ctx)
		if err != nil {
			return nil, err
		}
		g := &guarded{srv}
		if m, ok := srv.(matcher); ok {
			return &guardedMatcher{g, m}, nil
		}
		return g, nil
	}
	return t
}

// matcher is a server that says itself which of its logs a name means.
type matcher interface{ Match(name string) []string }

// guarded is a Server without its log Security. It is known by its name and by what the
// log says that it is of: a file, or a log that was opened by the name of a source, may
// be called anything.
type guarded struct{ eventlog.Server }

type guardedMatcher struct {
	*guarded
	matcher
}

const security = "Security"

var errSecurity = fmt.Errorf("log Security of another server is for administrators: %w", fs.ErrPermission)

func isSecurity(i *eventlog.Info) bool {
	return eventlog.EqualFold(i.Name, security) || eventlog.EqualFold(i.Channel, security)
}

// Logs implements eventlog.Server.
func (g *guarded) Logs(ctx context.Context) ([]eventlog.Info, error) {
	list, err := g.Server.Logs(ctx)
	return slices.DeleteFunc(list, func(i eventlog.Info) bool { return isSecurity(&i) }), err
}

// OpenLog implements eventlog.Server.
func (g *guarded) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	if eventlog.EqualFold(name, security) {
		return nil, errSecurity
	}
	l, err := g.Server.OpenLog(ctx, name)
	if err != nil {
		return nil, err
	}
	info, err := l.Info(ctx)
	if err == nil && isSecurity(&info) {
		err = errSecurity
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Skew is that of the server, which a scan asks for.
func (g *guarded) Skew() (time.Duration, bool) {
	if s, ok := g.Server.(interface{ Skew() (time.Duration, bool) }); ok {
		return s.Skew()
	}
	return 0, false
}

// narrow adds a query to a selection of events, and bounds in time.
func (h *Handler) narrow(s *eventlog.Selection, q *query.Query, since, until string) error {
	for _, b := range []struct {
		name, text string
		take       func(time.Time)
	}{
		{"since", since, func(t time.Time) { s.Since = later(s.Since, t) }},
		{"until", until, func(t time.Time) { s.Until = earlier(s.Until, t) }},
	} {
		if b.text == "" {
			continue
		}
		w, err := query.ParseWhen(b.text, h.opts.Now(), time.UTC)
		if err != nil {
			return fmt.Errorf("%s: %w: %w", b.name, err, eventlog.ErrInvalid)
		}
		b.take(w.Time)
	}
	if q != nil {
		s.Where = query.Both(s.Where, q.Where)
		s.Since = later(s.Since, q.Since)
		s.Until = earlier(s.Until, q.Until)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// earlier is the earlier of two bounds, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Waiting for another version: how long, and how often an answer may come.
const (
	waitMost = 25 * time.Second
	waitPace = 100 * time.Millisecond
)

// awaits waits for another version than after, which is none below 0. What ends it is
// no error: the answer is the version there is.
func (h *Handler) awaits(ctx context.Context, after int64, wait func(context.Context, uint64) (uint64, error)) {
	if after < 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, waitMost)
	defer cancel()
	defer context.AfterFunc(h.going, cancel)()
	pace := time.NewTimer(waitPace) // versions may change with every batch
	defer pace.Stop()
	if _, err := wait(ctx, uint64(after)); err != nil {
		return
	}
	select {
	case <-pace.C:
	case <-ctx.Done():
	}
}

// AfterQuery is exported for the library, which does not see it otherwise.
type AfterQuery struct {
	After int64 `query:"after" default:"-1" minimum:"-1" doc:"a version: the answer waits up to 25 seconds for another one; not there: it does not wait"`
}

// timeOf is a time as it travels; nil: not known.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// relabelled is an event as a row has it: by the name of its server here.
func relabelled(e *eventlog.Event, server, log string) *eventlog.Event {
	o := eventlog.Origin{}
	if e.Origin != nil {
		o = *e.Origin
	}
	o.Server, o.Log = server, cmp.Or(log, o.Log)
	e.Origin = &o
	return e
}
