package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// server is the service as one caller sees it.
type server struct {
	s *Service
	c eventlog.Caller
}

var (
	_ eventlog.Server       = (*server)(nil)
	_ eventlog.Creator      = (*server)(nil)
	_ eventlog.BackupOpener = (*server)(nil)
	_ eventlog.Registrar    = (*server)(nil)
	_ eventlog.SourceKeeper = (*server)(nil)
	_ eventlog.Log          = (*handle)(nil)
	_ eventlog.Follower     = (*handle)(nil)
	_ eventlog.Keeper       = (*handle)(nil)
)

// denied is a refusal of the caller c.
func denied(c eventlog.Caller, what, name string) error {
	return fmt.Errorf("%s %s as %s: %w", what, name, callerName(c), fs.ErrPermission)
}

func callerName(c eventlog.Caller) string {
	if c.Name == "" {
		return "an unknown user"
	}
	return c.Name
}

// Logs lists all logs, or the one that is left to the caller. Of those that the caller may not read, and of those that
// cannot be opened, it has the name only, and for administrators the rules.
func (v *server) Logs(ctx context.Context) ([]eventlog.Info, error) {
	var all []eventlog.Info
	for _, l := range v.s.all() {
		if v.c.Only != "" && !eventlog.EqualFold(v.c.Only, l.origin.Log) {
			continue
		}
		rights := l.access.Load().allowed(v.c)
		if rights&eventlog.RightRead == 0 {
			all = append(all, v.nameOnly(l.origin.Log))
			continue
		}
		i, err := l.info(ctx)
		if err := ctx.Err(); err != nil {
			return all, err
		}
		if err != nil { // opening it says what is wrong; the others are listed
			l.logger().Error("list", "error", err)
		}
		i.Can |= v.can(rights)
		i.SDDL = v.sddl(l.origin.Log)
		all = append(all, i)
	}
	for _, name := range v.s.brokenLogs() {
		if v.c.Only != "" && !eventlog.EqualFold(v.c.Only, name) {
			continue
		}
		all = append(all, v.nameOnly(name))
	}
	return all, nil
}

func (v *server) nameOnly(log string) eventlog.Info {
	return eventlog.Info{Name: log, Channel: log, SDDL: v.sddl(log)}
}

func (v *server) can(rights eventlog.Rights) (c eventlog.Can) {
	if rights&eventlog.RightWrite != 0 {
		c |= eventlog.CanReport
	}
	if rights&eventlog.RightRead != 0 && rights&eventlog.RightClear != 0 {
		c |= eventlog.CanBackup
	}
	if rights&eventlog.RightClear != 0 {
		c |= eventlog.CanClear
	}
	if isAdministrator(v.c) {
		c |= eventlog.CanSet
	}
	return c
}

// OpenLog decides once what the caller may do with the log; the handle keeps it.
// Administrators get a handle of each log, to set what is set of it.
func (v *server) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	l, err := v.s.find(name)
	if err != nil {
		return nil, err
	}
	rights := l.access.Load().allowed(v.c)
	if rights&eventlog.RightRead == 0 && !isAdministrator(v.c) {
		v.s.auditRefusal(v.c, "open", l.origin.Log)
		return nil, denied(v.c, "open log", l.origin.Log)
	}
	return &handle{l: l, v: v, rights: rights}, nil
}

func (v *server) Close() error { return nil }

// handle is an open log.
type handle struct {
	l      *log
	v      *server
	rights eventlog.Rights
	closed atomic.Bool
}

func (h *handle) check(need eventlog.Rights, what string) error {
	if h.closed.Load() {
		return fmt.Errorf("log %s: %w", h.l.origin.Log, fs.ErrClosed)
	}
	if h.rights&need != need {
		h.v.s.auditRefusal(h.v.c, what, h.l.origin.Log)
		return denied(h.v.c, what+" log", h.l.origin.Log)
	}
	return nil
}

func (h *handle) Info(ctx context.Context) (eventlog.Info, error) {
	if err := h.check(eventlog.RightRead, "read"); err != nil {
		return eventlog.Info{}, err
	}
	i, err := h.l.info(ctx)
	i.Can |= h.v.can(h.rights)
	i.SDDL = h.v.sddl(h.l.origin.Log)
	return i, err
}

func (h *handle) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	return h.read(ctx, sel, false)
}

// Follow goes on with new events as they are committed.
func (h *handle) Follow(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	if h.v.s.opts.ReadOnly {
		return nil, fmt.Errorf("follow log %s, to which nobody writes: %w", h.l.origin.Log, errors.ErrUnsupported)
	}
	return h.read(ctx, sel, true)
}

func (h *handle) read(ctx context.Context, sel *eventlog.Selection, follow bool) (eventlog.Cursor, error) {
	if err := h.check(eventlog.RightRead, "read"); err != nil {
		return nil, err
	}
	inner, text := textSelection(sel)
	c, err := evt.ReadLive(ctx, h.l, inner, follow, &evt.Options{Origin: h.l.origin})
	if err != nil || !text {
		return c, err
	}
	return h.v.s.texts(c, h.l.origin.Log, sel), nil
}

// sddl is the rules of a log, for administrators; "" for everybody else.
func (v *server) sddl(log string) string {
	if !isAdministrator(v.c) {
		return ""
	}
	e, ok := v.s.cat.log(log)
	if ok && e.SDDL == "" {
		return defaultSDDL(e.Name)
	}
	return e.SDDL
}

func (h *handle) Close() error {
	h.closed.Store(true)
	return nil
}
