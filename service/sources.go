package service

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/internal/worded"
	"netelf.example/nt"
)

// Limits of a source.
const (
	maxSourceName   = 255    // UTF-16 units, as of the registry key that it is on Windows
	maxMessageFiles = 32     // of a source
	maxFilePath     = 1024   // UTF-16 units of the path of a message file
	maxCategories   = 0xffff // an event's category has 16 bits
)

// supportedTypes are the types that a source can be registered for.
const supportedTypes = uint32(eventlog.Error | eventlog.Warning | eventlog.Information | eventlog.AuditSuccess | eventlog.AuditFailure)

// Source is a registered source of events.
type Source = eventlog.Source

// The service's own sources. They are registered always, nobody changes them,
// and Security has no other.
const (
	sourceEventLog = "EventLog"
	sourceSecurity = "Security"
)

var ownSources = [...]Source{
	{Name: sourceEventLog, Log: logSystem, Types: uint32(eventlog.Error | eventlog.Warning | eventlog.Information)},
	{Name: sourceSecurity, Log: logSecurity, CategoryCount: securityCategories, Types: uint32(eventlog.AuditSuccess | eventlog.AuditFailure)},
}

// ownSource is the service's own source of a name.
func ownSource(name string) (Source, bool) {
	for _, s := range ownSources {
		if eventlog.EqualFold(s.Name, name) {
			return s, true
		}
	}
	return Source{}, false
}

// source is the source of a name. The name of a log is a source of it. For a name
// that nobody has registered ok is false, and it is a source of Application.
func (c *catalog) source(name string) (s Source, ok bool) {
	if s, ok := c.state.Load().source(eventlog.Fold(name)); ok {
		s.MessageFiles = slices.Clone(s.MessageFiles)
		return s, true
	}
	return Source{Name: name, Log: logApplication}, false
}

// source is the source under a key, shared with the state.
func (s *catalogState) source(key string) (Source, bool) {
	if src, ok := ownSource(key); ok {
		return src, true
	}
	if src, ok := s.sources[key]; ok {
		return src, true
	}
	if l, ok := s.logs[key]; ok {
		return Source{Name: l.Name, Log: l.Name}, true
	}
	return Source{}, false
}

// sources is the service's own sources and those that were registered, sorted by
// name.
func (c *catalog) sources() []Source {
	list := sortedByKey(c.state.Load().sources)
	list = append(list, ownSources[:]...)
	for i := range list {
		list[i].MessageFiles = slices.Clone(list[i].MessageFiles)
	}
	slices.SortFunc(list, func(a, b Source) int { return strings.Compare(eventlog.Fold(a.Name), eventlog.Fold(b.Name)) })
	return list
}

// addSource registers a source. A name that one has is fs.ErrExist, whatever log
// that is of; a log that is not there is fs.ErrNotExist; one that belongs to the
// service, or to Security, is fs.ErrPermission.
func (c *catalog) addSource(src Source) error {
	return c.change(func(s *catalogState) error { return s.addSource(src, false) })
}

// setSource registers a source, in place of the one that has the name.
func (c *catalog) setSource(src Source) error {
	return c.change(func(s *catalogState) error { return s.addSource(src, true) })
}

// removeSource removes a source; what it reports then goes to Application.
func (c *catalog) removeSource(name string) error {
	return c.change(func(s *catalogState) error {
		if own, ok := ownSource(name); ok {
			return fmt.Errorf("source %s is the service's own: %w", own.Name, fs.ErrPermission)
		}
		key := eventlog.Fold(name)
		if _, ok := s.sources[key]; !ok {
			return worded.Errorf(fs.ErrNotExist, "there is no source %s", quote.Short(name))
		}
		delete(s.sources, key)
		return nil
	})
}

func (s *catalogState) addSource(src Source, replace bool) error {
	if err := checkSource(&src); err != nil {
		return err
	}
	key := eventlog.Fold(src.Name)
	_, l, err := s.find(src.Log)
	if err != nil {
		return fmt.Errorf("source %s: %w", src.Name, err)
	}
	if own, ok := ownSource(key); ok {
		return fmt.Errorf("source %s is the service's own: %w", own.Name, fs.ErrPermission)
	}
	if l.Name == logSecurity {
		return fmt.Errorf("source %s: only the service reports to %s: %w", src.Name, logSecurity, fs.ErrPermission)
	}
	old, exists := s.sources[key]
	if exists && !replace {
		return worded.Errorf(fs.ErrExist, "there is a source %s of log %s already", old.Name, old.Log)
	}
	if named, ok := s.logs[key]; ok && named.Name != l.Name {
		return worded.Errorf(fs.ErrExist, "source %s: it is the name of a log, and so a source of that", src.Name)
	}
	if !exists && len(s.sources) >= maxSources {
		return fmt.Errorf("source %s: there are %d sources, which is the limit: %w", src.Name, maxSources, eventlog.ErrTooLarge)
	}
	src.Log = l.Name
	src.MessageFiles = slices.Clone(src.MessageFiles)
	if len(src.MessageFiles) == 0 {
		src.MessageFiles = nil
	}
	s.sources[key] = src
	return nil
}

// checkSource says what is wrong with a source in itself.
func checkSource(s *Source) error {
	if err := checkSourceName(s.Name); err != nil {
		return err
	}
	if n := len(s.MessageFiles); n > maxMessageFiles {
		return fmt.Errorf("source %s: %d message files, at most %d: %w", s.Name, n, maxMessageFiles, eventlog.ErrTooLarge)
	}
	for _, p := range s.MessageFiles {
		if err := checkFilePath(s.Name, "message file", p); err != nil {
			return err
		}
	}
	if s.CategoryFile != "" {
		if err := checkFilePath(s.Name, "category file", s.CategoryFile); err != nil {
			return err
		}
	}
	if s.ParameterFile != "" {
		if err := checkFilePath(s.Name, "parameter file", s.ParameterFile); err != nil {
			return err
		}
	}
	switch {
	case s.CategoryCount > maxCategories:
		return fmt.Errorf("source %s: %d categories, at most %d: %w", s.Name, s.CategoryCount, maxCategories, eventlog.ErrTooLarge)
	case s.Types&^supportedTypes != 0:
		return fmt.Errorf("source %s: types 0x%x, of which 0x%x are not known: %w", s.Name, s.Types, s.Types&^supportedTypes, eventlog.ErrInvalid)
	}
	return nil
}

// checkSourceName says what is wrong with a source's name: it has 1 to 255 UTF-16
// units, no control characters and no backslash, and neither begins nor ends with
// a space or dot.
func checkSourceName(name string) error {
	if n := nt.UTF16Len(name) / 2; n > maxSourceName {
		return fmt.Errorf("source name %s: %d characters, at most %d: %w", quote.Short(name), n, maxSourceName, eventlog.ErrTooLarge)
	}
	if flaw := nameFlaw(name, `\`); flaw != "" {
		return fmt.Errorf("source name %s %s: %w", quote.Short(name), flaw, eventlog.ErrInvalid)
	}
	return nil
}

// checkFilePath allows what a path may be on any system, but no semicolon, which
// parts the paths of such a list on Windows.
func checkFilePath(source, what, path string) error {
	if n := nt.UTF16Len(path) / 2; n > maxFilePath {
		return fmt.Errorf("source %s: %s %s: %d characters, at most %d: %w", source, what, quote.Short(path), n, maxFilePath, eventlog.ErrTooLarge)
	}
	flaw := ""
	if first := strings.TrimLeft(path, "."); first != "" {
		path = first // . and .. may begin a path, and a hidden file's name
	}
	if flaw = nameFlaw(path, ";"); flaw != "" {
		return fmt.Errorf("source %s: %s %s %s: %w", source, what, quote.Short(path), flaw, eventlog.ErrInvalid)
	}
	return nil
}
