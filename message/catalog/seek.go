package catalog

import (
	"context"
	"errors"
	"math"
	"slices"

	"netelf.example/eventlog"
	"netelf.example/message"
)

// match are the sources that an event can be of, in the order in which they are
// asked. cold is held.
func (c *Catalog) match(ctx context.Context, k entryKey) ([]kept, error) {
	log := eventlog.Fold(k.log)
	list, err := c.findSources(ctx, MaxMatches, `s.name_key = ? ORDER BY s.log_key LIMIT ?`, eventlog.Fold(k.source), MaxMatches)
	if err != nil {
		return nil, err
	}
	rank := func(s *kept) int {
		switch {
		case log != "" && eventlog.Fold(s.Log) == log:
			return 0
		case s.Log == "":
			return 1
		case !k.guid.IsZero() && s.GUID == k.guid:
			return 2
		}
		return 3
	}
	if !k.guid.IsZero() {
		more, err := c.findSources(ctx, MaxMatches, `s.guid = ? AND s.guid <> x'00000000000000000000000000000000' ORDER BY s.log_key LIMIT ?`, k.guid[:], MaxMatches)
		if err != nil {
			return nil, err
		}
		for _, m := range more {
			if !slices.ContainsFunc(list, func(s kept) bool { return s.id == m.id }) {
				list = append(list, m)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b kept) int { return rank(&a) - rank(&b) })
	if len(list) > 0 && rank(&list[0]) < 3 { // then the same name in other logs is another source
		list = slices.DeleteFunc(list, func(s kept) bool { return rank(&s) == 3 })
	}
	var errs []error
	whole := list[:0]
	for _, s := range list {
		if err := c.fill(ctx, &s); err != nil {
			errs = append(errs, err)
			continue
		}
		whole = append(whole, s)
	}
	return whole, errors.Join(errs...)
}

// inFiles is the text of a message in the first of the source's files of a kind that
// has it. cold is held.
func (c *Catalog) inFiles(ctx context.Context, s *Source, kind int, id uint32, want []message.Lang) (string, bool, error) {
	var errs []error
	for _, path := range s.paths(kind) {
		files, err := c.filesOf(ctx, s, path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		text, ok, err := c.lookup(ctx, files, id, want)
		if err != nil {
			errs = append(errs, err)
		}
		if ok {
			return text.String(), true, errors.Join(errs...)
		}
	}
	return "", false, errors.Join(errs...)
}

// inSources is the same for the sources of an entry.
func (c *Catalog) inSources(ctx context.Context, en *entry, kind int, id uint32) (string, bool, error) {
	var errs []error
	for i := range en.sources {
		s := &en.sources[i].Source
		if kind == kindCategory && s.CategoryCount > 0 && id > s.CategoryCount {
			continue
		}
		text, ok, err := c.inFiles(ctx, s, kind, id, en.langs)
		if err != nil {
			errs = append(errs, err)
		}
		if ok {
			return text, true, errors.Join(errs...)
		}
	}
	return "", false, errors.Join(errs...)
}

// origin says where a text was found.
type origin uint8

const (
	fromNowhere  origin = iota
	fromFile            // in a message table, as what it is
	fromManifest        // by an event's definition
	fromName            // it is a name in a manifest
)

// seek is the text of a key, before insertion, or the name that stands for it. cold
// is held.
func (c *Catalog) seek(ctx context.Context, en *entry, k textKey) (text string, from origin, err error) {
	var errs []error
	switch k.form {
	case formClassic, formCategory:
		kind := kindMessage
		if k.form == formCategory {
			kind = kindCategory
		}
		text, ok, err := c.inSources(ctx, en, kind, k.id)
		if ok {
			return text, fromFile, err
		}
		if k.id > math.MaxUint16 {
			return "", fromNowhere, err
		}
		errs = append(errs, err)
	}
	text, name, ok, err := c.byManifest(ctx, en, k)
	switch {
	case name && ok:
		from = fromName
	case ok && (k.form == formManifest || k.form == formClassic):
		from = fromManifest
	case ok:
		from = fromFile // nothing is inserted into it
	}
	return text, from, errors.Join(append(errs, err)...)
}

// systemFiles have the system's own messages, for %%n; those of Security stand in
// msobjs.dll.
var systemFiles = []string{"kernelbase.dll", "kernel32.dll", "msobjs.dll"}

func (c *Catalog) seekParam(ctx context.Context, en *entry, id uint32) (string, bool, error) {
	text, ok, err := c.inSources(ctx, en, kindParameter, id)
	if ok {
		return text, ok, err
	}
	errs := []error{err}
	names := systemFiles
	if eventlog.EqualFold(en.key.log, "Security") {
		names = []string{"msobjs.dll", "kernelbase.dll", "kernel32.dll"}
	}
	for _, name := range names {
		files, err := c.filesNamed(ctx, name)
		errs = append(errs, err)
		text, ok, err := c.lookup(ctx, files, id, en.langs)
		errs = append(errs, err)
		if ok {
			return text.String(), true, errors.Join(errs...)
		}
	}
	return "", false, errors.Join(errs...)
}
