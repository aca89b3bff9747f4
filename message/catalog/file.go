package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/nt"
)

// Limits of a file.
const (
	MaxFileBytes   = 64 << 20 // bytes of all of its message tables
	MaxTables      = 1024     // message tables
	MaxProviders   = message.MaxProviders
	MaxEvents      = 1 << 18 // events of its providers, all together
	MaxDefinitions = 1 << 18 // levels, tasks, opcodes, keywords and channels, all together
)

// FileID is what tells two files apart: a SHA-256 hash over the name, in which case
// does not count, the tables and the providers.
type FileID [sha256.Size]byte

// String is the hash in hexadecimal.
func (id FileID) String() string { return hex.EncodeToString(id[:]) }

// File is what is taken from a message file: a DLL with its .mui files.
type File struct {
	Name      string         // without a folder, "netevent.dll"
	Version   string         // as its maker calls it; "": not known
	Tables    message.Tables // in the order in which they are asked
	Providers []Provider
	Origin    string    // where it is from, for people
	Added     time.Time // when; whole seconds. zero: Update fills it
}

// Provider is what a manifest says of a provider of events, but for the templates of
// their data: of those it has which of the data have maps, in which their values have
// texts.
type Provider struct {
	GUID      nt.GUID
	Name      string // "": the manifest does not say
	MessageID uint32 // of its display name, or message.NoMessage
	Events    []message.EventDefinition

	Levels, Tasks, Opcodes, Keywords, Channels []message.Definition

	Maps   []message.Map
	Mapped []Mapped // by event, version and item
}

// Mapped is a datum of an event whose values are those of a map.
type Mapped struct {
	Event   uint16
	Version uint8
	Item    uint16 // of the event's data, from 0
	Map     int    // of the provider's maps, from 0
}

// count is how many definitions a provider has, those of its maps included.
func (p *Provider) count() int {
	n := len(p.Maps) + len(p.Mapped)
	for kind := range defKinds {
		n += len(*p.definitions(kind))
	}
	for i := range p.Maps {
		n += len(p.Maps[i].Entries)
	}
	return n
}

// kinds of definitions, in the column provider_definition.kind.
const (
	defLevel = iota
	defTask
	defOpcode
	defKeyword
	defChannel
	defKinds
)

// definitions is the list of a kind.
func (p *Provider) definitions(kind int) *[]message.Definition {
	return [defKinds]*[]message.Definition{&p.Levels, &p.Tasks, &p.Opcodes, &p.Keywords, &p.Channels}[kind]
}

// FileOf takes the message tables and providers out of PE files: those of a .dll and
// of all its .mui files, the .mui files first. What can be read is in the File even
// if there is an error, which speaks of all that can not.
func FileOf(name string, parts ...*message.PE) (*File, error) {
	f := &File{Name: name}
	var errs []error
	size, events, definitions := int64(0), 0, 0
	for _, pe := range parts {
		errs = append(errs, pe.Damage()...)
		tables, err := pe.Tables()
		if err != nil {
			errs = append(errs, err)
		}
		for _, t := range tables {
			if size += int64(len(t.Bytes())); size > MaxFileBytes || len(f.Tables) == MaxTables {
				return f, errors.Join(append(errs, fmt.Errorf("more than %d bytes, or %d tables: %w", MaxFileBytes, MaxTables, eventlog.ErrTooLarge))...)
			}
			f.Tables = append(f.Tables, t)
		}
		manifests, err := pe.Manifests()
		if err != nil {
			errs = append(errs, err)
		}
		for _, m := range manifests {
			for _, from := range m.Providers {
				p, err := providerOf(from, MaxEvents-events, MaxDefinitions-definitions)
				if err != nil {
					errs = append(errs, fmt.Errorf("provider %v: %w", from.GUID, err))
				}
				if len(f.Providers) == MaxProviders {
					return f, errors.Join(append(errs, over("providers or more", MaxProviders+1, MaxProviders))...)
				}
				events += len(p.Events)
				definitions += p.count()
				f.Providers = append(f.Providers, p)
			}
		}
	}
	return f, errors.Join(errs...)
}

// providerOf copies a provider out of its manifest: names that are too long, and
// what comes twice, stay behind.
func providerOf(from *message.Provider, events, definitions int) (Provider, error) {
	p := Provider{GUID: from.GUID, Name: clean(from.Name), MessageID: from.MessageID}
	var errs []error
	type version struct {
		id      uint16
		version uint8
	}
	seen := map[version]bool{}
	maps := mapReader{from: from, at: map[uint32]int{}, left: definitions, items: MaxDefinitions}
	for e, err := range from.Events() {
		if err != nil {
			errs = append(errs, err)
			break
		}
		if k := (version{e.ID, e.Version}); !seen[k] {
			if len(p.Events) == events {
				errs = append(errs, over("events or more", MaxEvents+1, MaxEvents))
				break
			}
			seen[k] = true
			p.Events = append(p.Events, plain(e))
			if err := maps.event(&e); err != nil && len(errs) <= message.MaxErrors {
				errs = append(errs, err)
			}
		}
	}
	p.Maps, p.Mapped, definitions = maps.list, maps.mapped, maps.left
	for kind, seq := range [defKinds]func(func(message.Definition, error) bool){
		from.Levels(), from.Tasks(), from.Opcodes(), from.Keywords(), from.Channels(),
	} {
		type key struct {
			value uint64
			task  uint16
		}
		seen := map[key]bool{}
		list := p.definitions(kind)
		for d, err := range seq {
			if err != nil {
				errs = append(errs, err)
				if len(errs) > message.MaxErrors {
					break
				}
				continue
			}
			if k := (key{d.Value, d.Task}); !seen[k] {
				if definitions == 0 {
					errs = append(errs, over("definitions or more", MaxDefinitions+1, MaxDefinitions))
					break
				}
				definitions--
				seen[k] = true
				d.Name = clean(d.Name)
				*list = append(*list, d)
			}
		}
	}
	return p, errors.Join(errs...)
}

// mapReader finds the maps of a provider that its events use.
type mapReader struct {
	from   *message.Provider
	at     map[uint32]int // in list, by their offsets; -1: damaged
	list   []message.Map
	mapped []Mapped
	left   int // definitions that there is room for
	items  int // that are looked at
}

// event takes what the template of an event says.
func (r *mapReader) event(e *message.EventDefinition) error {
	if r.items <= 0 {
		return nil
	}
	t, err := r.from.Template(e)
	if err != nil || t == nil {
		return err
	}
	if r.items -= len(t.Items); r.items <= 0 {
		return over("data of events or more", MaxDefinitions, MaxDefinitions)
	}
	for i, item := range t.Items {
		if item.Map == 0 {
			continue
		}
		n, ok := r.at[item.Map]
		if !ok {
			if n, err = r.read(item.Map); err != nil {
				r.at[item.Map] = -1
				return err
			}
			r.at[item.Map] = n
		}
		if n < 0 {
			continue
		}
		if r.left--; r.left < 0 {
			r.left = 0
			return over("definitions or more", MaxDefinitions+1, MaxDefinitions)
		}
		r.mapped = append(r.mapped, Mapped{e.ID, e.Version, uint16(i), n})
	}
	return nil
}

func (r *mapReader) read(at uint32) (int, error) {
	m, err := r.from.Map(at)
	if err != nil {
		return 0, err
	}
	if r.left < 1+len(m.Entries) {
		return 0, over("definitions or more", MaxDefinitions+1, MaxDefinitions)
	}
	r.left -= 1 + len(m.Entries)
	m.Name = clean(m.Name)
	r.list = append(r.list, *m)
	return len(r.list) - 1, nil
}

// plain is the definition without what only its manifest can use.
func plain(e message.EventDefinition) message.EventDefinition {
	return message.EventDefinition{
		ID: e.ID, Version: e.Version, Channel: e.Channel, Level: e.Level, Opcode: e.Opcode, Task: e.Task,
		Keywords: e.Keywords, MessageID: e.MessageID,
	}
}

// clean is a name that a catalogue takes.
func clean(s string) string {
	if checkText(s, MaxName) == nil {
		return s
	}
	return ""
}

// check says what is wrong with a file.
func (f *File) check() error {
	if f.Name == "" || Base(f.Name) != f.Name {
		return fmt.Errorf("file %q: not the name of a file", clip(f.Name))
	}
	for _, v := range []struct{ what, s string }{{"name", f.Name}, {"version", f.Version}, {"origin", f.Origin}} {
		if err := checkText(v.s, MaxName); err != nil {
			return fmt.Errorf("file %q: %s: %w", clip(f.Name), v.what, err)
		}
	}
	if len(f.Tables) > MaxTables {
		return fmt.Errorf("file %q: %w", f.Name, over("tables", int64(len(f.Tables)), MaxTables))
	}
	if len(f.Providers) > MaxProviders {
		return fmt.Errorf("file %q: %w", f.Name, over("providers", int64(len(f.Providers)), MaxProviders))
	}
	size, events, definitions := int64(0), 0, 0
	for _, t := range f.Tables {
		if len(t.Bytes()) > message.MaxResource {
			return fmt.Errorf("file %q: table in %v: %w", f.Name, t.Lang, over("bytes", int64(len(t.Bytes())), message.MaxResource))
		}
		size += int64(len(t.Bytes()))
	}
	if size > MaxFileBytes {
		return fmt.Errorf("file %q: %w", f.Name, over("bytes of tables", size, MaxFileBytes))
	}
	for i := range f.Providers {
		p := &f.Providers[i]
		if err := checkText(p.Name, MaxName); err != nil {
			return fmt.Errorf("file %q: provider %v: name: %w", f.Name, p.GUID, err)
		}
		events += len(p.Events)
		for kind := range defKinds {
			for _, d := range *p.definitions(kind) {
				if err := checkText(d.Name, MaxName); err != nil {
					return fmt.Errorf("file %q: provider %v: definition %d: %w", f.Name, p.GUID, d.Value, err)
				}
			}
		}
		for i := range p.Maps {
			if err := checkText(p.Maps[i].Name, MaxName); err != nil {
				return fmt.Errorf("file %q: provider %v: map: %w", f.Name, p.GUID, err)
			}
		}
		for _, m := range p.Mapped {
			if m.Map < 0 || m.Map >= len(p.Maps) {
				return fmt.Errorf("file %q: provider %v: event %d: map %d of %d", f.Name, p.GUID, m.Event, m.Map, len(p.Maps))
			}
		}
		definitions += p.count()
	}
	if events > MaxEvents {
		return fmt.Errorf("file %q: %w", f.Name, over("events", int64(events), MaxEvents))
	}
	if definitions > MaxDefinitions {
		return fmt.Errorf("file %q: %w", f.Name, over("definitions", int64(definitions), MaxDefinitions))
	}
	return nil
}

// ID is the hash of the file. Version, Origin and Added have no part in it.
func (f *File) ID() FileID {
	h := sha256.New()
	var b []byte
	le := binary.LittleEndian
	text := func(s string) {
		b = le.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	text(eventlog.Fold(f.Name))
	b = le.AppendUint32(b, uint32(len(f.Tables)))
	for _, t := range f.Tables {
		b = le.AppendUint16(b, uint16(t.Lang))
		b = le.AppendUint32(b, uint32(len(t.Bytes())))
		h.Write(b)
		h.Write(t.Bytes())
		b = b[:0]
	}
	b = le.AppendUint32(b, uint32(len(f.Providers)))
	for i := range f.Providers {
		p := &f.Providers[i]
		b = append(b, p.GUID[:]...)
		text(p.Name)
		b = le.AppendUint32(b, p.MessageID)
		b = le.AppendUint32(b, uint32(len(p.Events)))
		for _, e := range sortedEvents(p.Events) {
			b = le.AppendUint16(b, e.ID)
			b = append(b, e.Version, e.Channel, e.Level, e.Opcode)
			b = le.AppendUint16(b, e.Task)
			b = le.AppendUint64(b, e.Keywords)
			b = le.AppendUint32(b, e.MessageID)
		}
		for kind := range defKinds {
			list := sortedDefinitions(*p.definitions(kind))
			b = le.AppendUint32(b, uint32(len(list)))
			for _, d := range list {
				b = le.AppendUint64(b, d.Value)
				b = le.AppendUint16(b, d.Task)
				b = le.AppendUint32(b, d.MessageID)
				text(d.Name)
				b = append(b, d.GUID[:]...)
			}
		}
		if len(p.Maps) > 0 { // else the hash is that of version 1
			b = p.appendMaps(b)
		}
		h.Write(b)
		b = b[:0]
	}
	h.Write(b)
	return FileID(h.Sum(nil))
}

// appendMaps appends the maps as they are hashed.
func (p *Provider) appendMaps(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, uint32(len(p.Maps)))
	for i := range p.Maps {
		m := &p.Maps[i]
		b = le.AppendUint32(b, uint32(len(m.Name)))
		b = append(b, m.Name...)
		bits := byte(0)
		if m.Bits {
			bits = 1
		}
		b = le.AppendUint32(append(b, bits), uint32(len(m.Entries)))
		for _, e := range m.Entries {
			b = le.AppendUint32(le.AppendUint32(b, e.Value), e.MessageID)
		}
	}
	b = le.AppendUint32(b, uint32(len(p.Mapped)))
	for _, m := range sortedMapped(p.Mapped) {
		b = append(le.AppendUint16(b, m.Event), m.Version)
		b = le.AppendUint32(le.AppendUint16(b, m.Item), uint32(m.Map))
	}
	return b
}

func sortedMapped(list []Mapped) []Mapped {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Mapped) int {
		return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Item, b.Item))
	})
	return list
}

// sortedEvents are events in the order in which a catalogue gives them back.
func sortedEvents(list []message.EventDefinition) []message.EventDefinition {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b message.EventDefinition) int {
		if a.ID != b.ID {
			return int(a.ID) - int(b.ID)
		}
		return int(a.Version) - int(b.Version)
	})
	return list
}

func sortedDefinitions(list []message.Definition) []message.Definition {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b message.Definition) int {
		switch x, y := int64(a.Value), int64(b.Value); { // as SQLite keeps a keyword's mask
		case x < y:
			return -1
		case x > y:
			return 1
		}
		if a.Task != b.Task {
			return int(a.Task) - int(b.Task)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// count is how many messages a table has.
func count(t *message.Table) int {
	n := 0
	for _, err := range t.All() {
		if err == nil {
			n++
		}
	}
	return n
}
