package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/regf"
	"netelf.example/nt"
)

type regKey struct{ log, name string }

// regSource is a source that is being read. rank says how good the control set is
// that its values are from: 0 is the current one.
type regSource struct {
	Source
	rank     int
	resource string // of a publisher: the file with its manifest
}

// registered collects sources out of a registry, whichever way it is read.
type registered struct {
	sources map[regKey]*regSource
	key     regKey
	source  *regSource // that the values belong to; nil: to none
}

func newRegistered() registered { return registered{sources: map[regKey]*regSource{}} }

// regData is the data of a value: texts, or a number.
type regData struct {
	texts  []string
	number uint64
	isText bool
	gone   bool // the export deletes the value
}

// dataOf are the data of a value.
func dataOf(v *regf.Value) (d regData, err error) {
	switch v.Type {
	case regf.TypeString, regf.TypeExpand:
		var s string
		s, err = v.Text()
		if d.isText = true; s != "" {
			d.texts = []string{s}
		}
	case regf.TypeMultiString:
		d.isText = true
		d.texts, err = v.Texts()
	case regf.TypeNumber:
		var n uint32
		n, err = v.Number()
		d.number = uint64(n)
	default:
		d.gone = true
	}
	return d, err
}

// list are the sources that name a file or a provider, by log and name.
func (r *registered) list() (list []Source) {
	list = make([]Source, 0, len(r.sources))
	for _, s := range r.sources {
		if s.resource != "" && !slices.Contains(s.MessageFiles, s.resource) && len(s.MessageFiles) < MaxSourceFiles {
			s.MessageFiles = append(s.MessageFiles, s.resource)
		}
		if len(s.allPaths()) > 0 || !s.GUID.IsZero() {
			list = append(list, s.Source)
		}
	}
	slices.SortFunc(list, func(a, b Source) int {
		if c := strings.Compare(eventlog.Fold(a.Log), eventlog.Fold(b.Log)); c != 0 {
			return c
		}
		return strings.Compare(eventlog.Fold(a.Name), eventlog.Fold(b.Name))
	})
	return list
}

// enter begins a key, of which parts is the path: source is nil where it is no
// source's.
func (r *registered) enter(parts []string) error {
	r.source = nil
	n := len(parts)
	rank := 0
	var found Source
	switch {
	case n >= 4 && eventlog.EqualFold(parts[n-4], "Services") && eventlog.EqualFold(parts[n-3], "EventLog"):
		found.Log, found.Name = parts[n-2], parts[n-1]
		if n >= 5 && !eventlog.EqualFold(parts[n-5], "CurrentControlSet") {
			rank = 1000
			if number, ok := strings.CutPrefix(eventlog.Fold(parts[n-5]), "controlset"); ok {
				if v, err := strconv.ParseUint(number, 10, 9); err == nil {
					rank = 1 + int(v)
				}
			}
		}
	case n >= 3 && eventlog.EqualFold(parts[n-3], "WINEVT") && eventlog.EqualFold(parts[n-2], "Publishers"):
		guid, err := nt.ParseGUID(parts[n-1])
		if err != nil {
			return err
		}
		found.GUID, found.Name = guid, guid.String() // until its name comes
	default:
		return nil
	}
	if err := found.check(); err != nil {
		return err
	}
	k := regKey{eventlog.Fold(found.Log), eventlog.Fold(found.Name)}
	switch old := r.sources[k]; {
	case old == nil && len(r.sources) == MaxSources:
		return over("sources or more", MaxSources+1, MaxSources)
	case old != nil && old.rank < rank:
		return nil // a better control set has it
	case old != nil && old.rank == rank:
		r.source = old // the same key again
	default:
		r.source = &regSource{Source: found, rank: rank}
		r.sources[k] = r.source
	}
	r.key = k
	return nil
}

// set puts a value into the source.
func (r *registered) set(name string, d regData) error {
	s := &r.source.Source
	publisher := s.Log == ""
	if d.gone {
		return nil
	}
	paths := func() (list []string, err error) {
		if !d.isText {
			return nil, errors.New("not a text")
		}
		for _, t := range d.texts {
			for path := range strings.SplitSeq(t, ";") {
				if path = strings.TrimSpace(path); path == "" {
					continue
				}
				try := Source{Source: eventlog.Source{Name: "x", MessageFiles: []string{path}}}
				if err := try.check(); err != nil {
					return nil, fmt.Errorf("path %q: no path of a file", clip(path))
				}
				list = append(list, path)
			}
		}
		if len(list) > MaxSourceFiles {
			return nil, over("files", int64(len(list)), MaxSourceFiles)
		}
		return list, nil
	}
	one := func(to *string) error {
		list, err := paths()
		if err == nil && len(list) > 0 {
			*to = list[0]
		}
		return err
	}
	number := func(to *uint32) error {
		if d.isText {
			return errors.New("not a number")
		}
		*to = uint32(d.number)
		return nil
	}
	switch name = eventlog.Fold(name); {
	case name == "eventmessagefile" && !publisher, name == "messagefilename" && publisher:
		list, err := paths()
		if err == nil {
			s.MessageFiles = list
		}
		return err
	case name == "resourcefilename" && publisher:
		return one(&r.source.resource)
	case name == "categorymessagefile" && !publisher:
		return one(&s.CategoryFile)
	case name == "parametermessagefile" && !publisher, name == "parameterfilename" && publisher:
		return one(&s.ParameterFile)
	case name == "categorycount" && !publisher:
		return number(&s.CategoryCount)
	case name == "typessupported" && !publisher:
		return number(&s.Types)
	case name == "providerguid" && !publisher:
		if len(d.texts) != 1 {
			return errors.New("not a text")
		}
		guid, err := nt.ParseGUID(d.texts[0])
		if err == nil {
			s.GUID = guid
		}
		return err
	case name == "" && publisher:
		if len(d.texts) != 1 {
			return errors.New("not a text")
		}
		return r.rename(d.texts[0])
	}
	return nil
}

// rename gives a publisher its name, if no other has it.
func (r *registered) rename(name string) error {
	try := Source{Source: eventlog.Source{Name: name}}
	if err := try.check(); err != nil {
		return err
	}
	k := regKey{"", eventlog.Fold(name)}
	if other := r.sources[k]; other != nil && other != r.source {
		return fmt.Errorf("publisher %q comes twice", name)
	}
	delete(r.sources, r.key)
	r.source.Name = name
	r.sources[k] = r.source
	r.key = k
	return nil
}
