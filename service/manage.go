package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// administer refuses everybody but administrators, and everything in a directory
// that is open for reading.
func (v *server) administer(what, name string) error {
	if v.s.opts.ReadOnly {
		return fmt.Errorf("%s %s: %w", what, name, ErrReadOnly)
	}
	if !isAdministrator(v.c) {
		v.s.auditRefusal(v.c, what, name)
		return denied(v.c, what, name)
	}
	return nil
}

// retentionSeconds is a Retention as the header has it.
func retentionSeconds(d time.Duration) (uint32, error) {
	switch s := d / time.Second; {
	case d == eventlog.RetainForever:
		return evt.RetainForever, nil
	case d < 0 || d%time.Second != 0 || s >= evt.RetainForever:
		return 0, fmt.Errorf("retention %v: whole seconds from 0 to %d: %w", d, uint32(evt.RetainForever-1), eventlog.ErrInvalid)
	default:
		return uint32(s), nil
	}
}

func maxSizeBytes(n int64) (uint32, error) {
	if n < 1 || n > math.MaxUint32-evt.SizeStep+1 {
		return 0, fmt.Errorf("max size %d: 1 to %d bytes: %w", n, uint32(math.MaxUint32-evt.SizeStep+1), eventlog.ErrInvalid)
	}
	return uint32((n + evt.SizeStep - 1) / evt.SizeStep * evt.SizeStep), nil
}

// Set changes settings. A MaxSize is rounded up to 64 KiB; one below the file's
// size takes effect when the log is cleared, as on NT.
func (h *handle) Set(ctx context.Context, n eventlog.Settings) error {
	name := h.l.origin.Log
	if h.closed.Load() {
		return fmt.Errorf("log %s: %w", name, fs.ErrClosed)
	}
	if err := h.v.administer("set", "log "+name); err != nil {
		return err
	}
	old := *h.l.header.Load()
	opts := evt.WriterOptions{MaxSize: int64(old.MaxSize), Retention: old.Retention}
	if n.MaxSize != nil {
		m, err := maxSizeBytes(*n.MaxSize)
		if err != nil {
			return err
		}
		opts.MaxSize = int64(m)
	}
	if n.Retention != nil {
		var err error
		if opts.Retention, err = retentionSeconds(*n.Retention); err != nil {
			return err
		}
	}
	if n.SDDL != nil {
		before, _ := h.v.s.cat.log(name)
		if err := h.v.s.setSDDL(name, *n.SDDL); err != nil {
			return err
		}
		h.v.s.own(settingEvent(h.v.c, name, "SDDL", before.SDDL, *n.SDDL))
	}
	if n.MaxSize == nil && n.Retention == nil {
		return nil
	}
	if err := h.l.ask(ctx, &request{do: func() error { return h.l.set(opts) }}); err != nil {
		return fmt.Errorf("set log %s: %w", name, err)
	}
	if opts.MaxSize != int64(old.MaxSize) {
		h.v.s.own(settingEvent(h.v.c, name, "MaxSize", strconv.FormatUint(uint64(old.MaxSize), 10), strconv.FormatInt(opts.MaxSize, 10)))
	}
	if opts.Retention != old.Retention {
		h.v.s.own(settingEvent(h.v.c, name, "Retention", strconv.FormatUint(uint64(old.Retention), 10), strconv.FormatUint(uint64(opts.Retention), 10)))
	}
	return nil
}

// setSDDL gives a log other rules. Handles that are open keep what they may.
func (s *Service) setSDDL(name, sddl string) error {
	if err := s.cat.setSDDL(name, sddl); err != nil {
		return err
	}
	rules, err := accessOf(name, sddl)
	if err != nil {
		return err
	}
	l, err := s.find(name)
	if err != nil {
		return err
	}
	l.access.Store(rules)
	return nil
}

// CreateLog makes a log, which is empty and a source of itself.
func (v *server) CreateLog(_ context.Context, name string, n eventlog.Settings) error {
	if err := v.administer("create", "log "+name); err != nil {
		return err
	}
	e := logEntry{Name: name, Created: v.s.opts.Now()}
	var err error
	if n.MaxSize != nil {
		if e.MaxSize, err = maxSizeBytes(*n.MaxSize); err != nil {
			return err
		}
	}
	if n.Retention != nil {
		if e.Retention, err = retentionSeconds(*n.Retention); err != nil {
			return err
		}
	}
	if n.SDDL != nil {
		e.SDDL = *n.SDDL
	}
	if err := v.s.create(e); err != nil {
		return err
	}
	v.s.own(logEvent(ownLogCreated, v.c, name))
	return nil
}

func (s *Service) create(e logEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("create log %s: %w", e.Name, fs.ErrClosed)
	}
	// What a deleted log of that name may have left, if the service ended then. It
	// must be gone before the catalogue has the name again: whoever opens the log
	// next would take it for the log's. A name that is there is addLog's to refuse.
	if _, exists := s.cat.log(e.Name); !exists && checkLogName(e.Name) == nil {
		if err := s.removeFiles(e.Name); err != nil {
			return fmt.Errorf("create log %s: %w", e.Name, err)
		}
	}
	if err := s.cat.addLog(e); err != nil {
		return err
	}
	l, err := s.open(e)
	if err != nil {
		return fmt.Errorf("create log %s: %w", e.Name, errors.Join(err, s.cat.removeLog(e.Name)))
	}
	s.logs[eventlog.Fold(e.Name)] = l
	return nil
}

// DeleteLog removes a log with its records and its sources; System, Security and
// Application stay.
func (v *server) DeleteLog(_ context.Context, name string) error {
	if err := v.administer("delete", "log "+name); err != nil {
		return err
	}
	if err := v.s.remove(name); err != nil {
		return err
	}
	v.s.own(logEvent(ownLogDeleted, v.c, name))
	return nil
}

func (s *Service) remove(name string) error {
	key := eventlog.Fold(name)
	s.mu.Lock()
	if e, ok := s.cat.log(name); ok {
		name = e.Name // as its files are called
	}
	if err := s.cat.removeLog(name); err != nil {
		s.mu.Unlock()
		return err
	}
	l := s.logs[key]
	delete(s.logs, key)
	delete(s.broken, key)
	s.mu.Unlock()
	var err error
	if l != nil {
		err = l.close()
	}
	return errors.Join(err, s.removeFiles(name))
}

// removeFiles removes the files of a log, and returns when they are gone for good.
func (s *Service) removeFiles(name string) error {
	removed := false
	for _, ext := range []string{"", journalExt} {
		err := s.opts.files.Remove(fileName(name) + ext)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		removed = removed || err == nil
	}
	if !removed {
		return nil
	}
	return s.opts.files.Sync()
}

// Sources lists the registered sources, sorted by name.
func (v *server) Sources(context.Context) ([]Source, error) { return v.s.cat.sources(), nil }

// SetSource registers a source, in place of the one that has its name.
func (v *server) SetSource(_ context.Context, src Source) error {
	if err := v.administer("add", "source "+src.Name); err != nil {
		return err
	}
	if err := v.s.cat.setSource(src); err != nil {
		return err
	}
	src, _ = v.s.cat.source(src.Name)
	v.s.own(sourceEvent(ownSourceAdded, v.c, src.Name, src.Log))
	return nil
}

// RemoveSource forgets a source; what it reports goes to Application then.
func (v *server) RemoveSource(_ context.Context, name string) error {
	if err := v.administer("remove", "source "+name); err != nil {
		return err
	}
	src, _ := v.s.cat.source(name)
	if err := v.s.cat.removeSource(name); err != nil {
		return err
	}
	v.s.own(sourceEvent(ownSourceRemoved, v.c, src.Name, src.Log))
	return nil
}
