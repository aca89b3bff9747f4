package catalog

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/nt"
)

// entryKey is what of an event says where its text is. The names are as the event
// has them: folding them would cost more than to keep one entry twice.
type entryKey struct {
	lang, log, source string
	guid              nt.GUID
}

// entry is a source in a language, and the texts that it was asked for.
type entry struct {
	c       *Catalog
	key     entryKey
	langs   []message.Lang
	sources []kept // in the order in which they are asked
	opts    message.Options

	mu     sync.RWMutex
	texts  map[textKey]found    // mu
	params map[uint32]paramText // mu
}

// found is a text: a template, a name that is the text as it stands, or none.
type found struct {
	template *message.Template
	name     string
	maps     []itemMap // of the strings that go into the template
}

// textKey is what of an event says which text it has.
type textKey struct {
	id      uint32 // of the event, or the category
	version int16  // of the event, -1 where nobody says
	form    uint8
}

// forms of a textKey.
const (
	formClassic  uint8 = iota // the id is a message's
	formManifest              // the id is an event's of a manifest
	formCategory
	formTask    // a category that is a task of a manifest
	formLevel   // the id is a level's
	formOpcode  // the id is a task's, and an opcode's in its lower half
	formKeyword // the id is the number of a keyword's bit
)

type paramText struct {
	text string
	ok   bool
}

// buffers are where texts are made.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

var _ eventlog.Resolver = (*Catalog)(nil)

// Message implements eventlog.Resolver. lang is a list, as message.ParseLangs reads
// it. The source of e, of a classic event of a provider that has a manifest its
// EventSourceName, is looked for in the event's channel, or its log where that is not
// known: then among sources without a log, by the
// provider's GUID, and at last in any log. Its message files are asked in their order
// for all 32 bits of the id. An event of a manifest, one with a provider's GUID that is
// not marked as classic, is looked up by its id and version in the manifest, which
// says what message it has; so is a classic event whose id has 16 bits and no message,
// where its source is a provider and its versions agree.
//
// A string of an event of a manifest whose datum has a map is the name that the map
// gives its value, if there is one.
//
// %%n in a text or a string is the source's parameter message, else the system's: that of
// kernelbase.dll, kernel32.dll or msobjs.dll, where the catalogue has one. %{S-1-5-18} in
// a string is the name of that SID, if all computers have it.
func (c *Catalog) Message(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	en := c.entry(lang, e)
	if en == nil {
		return "", eventlog.NotFound
	}
	k := textKey{id: uint32(e.ID), version: -1}
	if e.Extra != nil {
		k.version = int16(e.Extra.Version)
		if modern(e) {
			k.form, k.id = formManifest, uint32(e.ID.Code())
		}
	}
	return en.render(k, e.Strings)
}

// Category is the text of e.Category, or "" and eventlog.NotFound. It comes from the
// source's category file, or is the provider's task of that number.
func (c *Catalog) Category(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	if e.Category == 0 {
		return "", eventlog.NotFound
	}
	en := c.entry(lang, e)
	if en == nil {
		return "", eventlog.NotFound
	}
	k := textKey{id: uint32(e.Category), version: -1, form: formCategory}
	if modern(e) {
		k.form = formTask
	}
	return en.render(k, nil)
}

// modern says whether e is an event of a manifest.
func modern(e *eventlog.Event) bool {
	return e.Extra != nil && !e.Extra.ProviderGUID.IsZero() && e.Extra.Keywords&eventlog.KeywordClassic == 0
}

// entry is the entry of e, nil where it cannot be made.
func (c *Catalog) entry(lang string, e *eventlog.Event) *entry {
	k := entryKey{lang: lang, source: e.Source}
	if x := e.Extra; x != nil {
		k.guid, k.log = x.ProviderGUID, x.Channel
		if x.EventSourceName != "" && !modern(e) {
			k.source = x.EventSourceName // as its message files are registered
		}
	}
	if k.log == "" && e.Origin != nil {
		k.log = cmp.Or(e.Origin.Channel, e.Origin.Log)
	}
	c.warm.RLock()
	en := c.entries[k]
	c.warm.RUnlock()
	if en != nil {
		return en
	}
	if len(k.lang) > MaxName || len(k.log) > MaxPath || len(k.source) > MaxName {
		return nil // no source has such names
	}
	return c.newEntry(k)
}

// begin is the beginning of a question to the file: cold is held from here on.
func (c *Catalog) begin() {
	c.cold.Lock()
	c.read = 0
	if c.held > MaxHeld {
		c.forget()
	}
}

func (c *Catalog) newEntry(k entryKey) *entry {
	c.begin()
	defer c.cold.Unlock()
	c.warm.RLock()
	en := c.entries[k]
	c.warm.RUnlock()
	if en != nil {
		return en
	}
	k.lang, k.log, k.source = strings.Clone(k.lang), strings.Clone(k.log), strings.Clone(k.source)
	en = &entry{c: c, key: k, langs: c.langs, texts: map[textKey]found{}, params: map[uint32]paramText{}}
	en.opts.Param, en.opts.SID = en.param, message.AccountName
	if k.lang != "" {
		// The languages before one that is none count.
		if list, _ := message.ParseLangs(k.lang); len(list) > 0 {
			en.langs = list
		}
	}
	var err error
	if en.sources, err = c.match(context.Background(), k); err != nil {
		c.note(err)
		if !errors.Is(err, eventlog.ErrCorrupt) {
			return nil // to be asked again
		}
	}
	c.hold(512 + 2*len(k.log) + 2*len(k.source) + 512*len(en.sources))
	c.warm.Lock()
	c.entries[k] = en
	c.warm.Unlock()
	return en
}

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

// render is the text of a key with strings in it.
func (en *entry) render(k textKey, list []string) (string, eventlog.TextBy) {
	en.mu.RLock()
	t, ok := en.texts[k]
	en.mu.RUnlock()
	if !ok {
		t = en.find(k)
	}
	if t.template == nil {
		if t.name == "" {
			return "", eventlog.NotFound
		}
		return t.name, eventlog.ByCatalogue
	}
	list = mapped(list, t.maps)
	b, _ := buffers.Get().(*[]byte)
	*b = t.template.Append((*b)[:0], list, &en.opts)
	s := string(*b)
	buffers.Put(b)
	return s, eventlog.ByCatalogue
}

// find asks the file for a text.
func (en *entry) find(k textKey) found {
	en.c.begin()
	defer en.c.cold.Unlock()
	en.mu.RLock()
	t, ok := en.texts[k]
	en.mu.RUnlock()
	if ok {
		return t
	}
	text, from, err := en.c.seek(context.Background(), en, k)
	en.c.note(err)
	switch from {
	case fromName:
		t.name = text
	case fromFile:
		t.template = message.NewTemplate(text)
	case fromManifest:
		t.template = message.NewTemplate(text)
		var held int
		t.maps, held, err = en.c.itemMaps(context.Background(), en, k)
		en.c.note(err) // the values stay as they are
		en.c.hold(held)
		if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
			return t // to be asked again
		}
	default:
		if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
			return t // to be asked again
		}
	}
	en.c.hold(3 * len(text))
	en.mu.Lock()
	en.texts[k] = t
	en.mu.Unlock()
	return t
}

// param is the parameter message of a number.
func (en *entry) param(id uint32) (string, bool) {
	en.mu.RLock()
	p, ok := en.params[id]
	en.mu.RUnlock()
	if ok {
		return p.text, p.ok
	}
	en.c.begin()
	defer en.c.cold.Unlock()
	text, found, err := en.c.seekParam(context.Background(), en, id)
	en.c.note(err)
	if !found && err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
		return "", false
	}
	en.c.hold(len(text))
	en.mu.Lock()
	en.params[id] = paramText{text, found}
	en.mu.Unlock()
	return text, found
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

// provided is a provider of a manifest and the file that it is in.
type provided struct{ id, file int64 }

// providers are those of an entry, those of the file added last first: by GUID, or
// by name where the event has none. cold is held.
func (c *Catalog) providers(ctx context.Context, en *entry) (list []provided, err error) {
	const from = `SELECT p.id, p.file FROM provider p JOIN file f ON f.id = p.file WHERE `
	const order = ` ORDER BY f.added DESC, f.id DESC, p.ord LIMIT ?`
	scan := func(rows *sql.Rows) error {
		var p provided
		err := rows.Scan(&p.id, &p.file)
		list = append(list, p)
		return err
	}
	guids := []nt.GUID{en.key.guid}
	if en.key.guid.IsZero() {
		guids = nil
		for i := range en.sources {
			if g := en.sources[i].GUID; !g.IsZero() && !slices.Contains(guids, g) {
				guids = append(guids, g)
			}
		}
	}
	for _, g := range guids {
		if err := c.ask(ctx, "provider", MaxVersions, scan, from+`p.guid = ?`+order, g[:], MaxVersions); err != nil {
			return nil, err
		}
	}
	if len(guids) == 0 && en.key.source != "" {
		err = c.ask(ctx, "provider", MaxVersions, scan, from+`p.name_key = ?`+order, eventlog.Fold(en.key.source), MaxVersions)
	}
	return list, err
}

// byManifest is the text that the manifest of the event's provider gives a key, or
// the name of a task without one. cold is held.
func (c *Catalog) byManifest(ctx context.Context, en *entry, k textKey) (text string, isName, ok bool, err error) {
	list, err := c.providers(ctx, en)
	if err != nil {
		return "", false, false, err
	}
	for _, p := range list {
		id, name, ok, err := c.definition(ctx, p, k)
		if err != nil {
			return "", false, false, err
		}
		if !ok {
			continue
		}
		if id == message.NoMessage {
			return name, true, name != "", nil
		}
		text, ok, err := c.ofProvider(ctx, en, p, id)
		if !ok && name != "" {
			return name, true, true, err
		}
		return text, false, ok, err
	}
	return "", false, false, nil
}

// ofProvider is the text of a message that a manifest names: in the file with the
// manifest, else in those of the source. cold is held.
func (c *Catalog) ofProvider(ctx context.Context, en *entry, p provided, id uint32) (string, bool, error) {
	f, err := c.fileByID(ctx, p.file)
	errs := []error{err}
	if f != nil {
		text, ok, err := c.lookup(ctx, []*heldFile{f}, id, en.langs)
		errs = append(errs, err)
		if ok {
			return text.String(), true, errors.Join(errs...)
		}
	}
	text, ok, err := c.inSources(ctx, en, kindMessage, id)
	return text, ok, errors.Join(append(errs, err)...)
}

// definition is the message id that a provider gives an event or a task, and the name
// of the task. cold is held.
func (c *Catalog) definition(ctx context.Context, p provided, k textKey) (id uint32, name string, ok bool, err error) {
	if kind, value, task, ok := defined(k); ok {
		return c.defined(ctx, p, kind, value, task)
	}
	where, args := `version = ?`, []any{p.id, int64(k.id), int64(k.version)}
	if k.version < 0 {
		where, args = `1`, args[:2]
	}
	differ := false
	err = c.ask(ctx, "provider_event", 256, func(rows *sql.Rows) error {
		var this uint32
		err := rows.Scan(&this)
		differ = differ || ok && this != id
		id, ok = this, true
		return err
	}, `SELECT message_id FROM provider_event WHERE provider = ? AND event = ? AND `+where, args...)
	if differ { // nobody says which version it is
		return message.NoMessage, "", true, err
	}
	return id, "", ok, err
}

// Providers are the providers of a GUID or, with a zero one, of a name, out of all
// files, the one added last first.
func (c *Catalog) Providers(ctx context.Context, guid nt.GUID, name string) ([]Provider, error) {
	c.cold.Lock()
	defer c.cold.Unlock()
	if guid.IsZero() && name == "" {
		return nil, fmt.Errorf("provider: neither GUID nor name: %w", eventlog.ErrInvalid)
	}
	found, err := c.providers(ctx, &entry{key: entryKey{source: name, guid: guid}})
	if err != nil {
		return nil, err
	}
	var list []Provider
	for _, f := range found {
		p, err := c.provider(ctx, f.id)
		if err != nil {
			return list, err
		}
		list = append(list, *p)
	}
	return list, nil
}

// provider is a whole provider. cold is held.
func (c *Catalog) provider(ctx context.Context, id int64) (*Provider, error) {
	p := &Provider{}
	err := c.ask(ctx, "provider", 1, func(rows *sql.Rows) error {
		var guid []byte
		err := rows.Scan(&guid, &p.Name, &p.MessageID)
		if err == nil {
			p.GUID, err = guidOf(guid)
		}
		return err
	}, `SELECT `+blob("guid", 16)+`, `+text("name", MaxName)+`, message_id FROM provider WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	err = c.ask(ctx, "provider_event", MaxEvents, func(rows *sql.Rows) error {
		var e message.EventDefinition
		var keywords int64
		err := rows.Scan(&e.ID, &e.Version, &e.Channel, &e.Level, &e.Opcode, &e.Task, &keywords, &e.MessageID)
		e.Keywords = uint64(keywords)
		p.Events = append(p.Events, e)
		return err
	}, `SELECT event, version, channel, level, opcode, task, keywords, message_id FROM provider_event WHERE provider = ? ORDER BY event, version`, id)
	if err != nil {
		return nil, err
	}
	err = c.ask(ctx, "provider_definition", MaxDefinitions, func(rows *sql.Rows) error {
		var kind int
		var value int64
		var guid []byte
		var d message.Definition
		if err := rows.Scan(&kind, &value, &d.Task, &d.MessageID, &d.Name, &guid); err != nil {
			return err
		}
		if kind < 0 || kind >= defKinds {
			return fmt.Errorf("definition of kind %d", kind)
		}
		d.Value = uint64(value)
		g, err := guidOf(guid)
		d.GUID = g
		list := p.definitions(kind)
		*list = append(*list, d)
		return err
	}, `SELECT kind, value, task, message_id, `+text("name", MaxName)+`, `+blob("guid", 16)+` FROM provider_definition WHERE provider = ? ORDER BY kind, value, task`, id)
	if err != nil {
		return nil, err
	}
	return p, c.maps(ctx, id, p)
}

// content is a whole file. cold is held.
func (c *Catalog) content(ctx context.Context, h *heldFile) (*File, error) {
	f := &File{Name: h.Name, Version: h.Version, Origin: h.Origin, Added: h.Added}
	size := 0
	for i := range h.tables {
		t, err := c.table(ctx, h, i)
		if err != nil {
			return nil, err
		}
		if size += len(t.Bytes()); size > MaxFileBytes {
			return nil, fmt.Errorf("file %q: %w", h.Name, over("bytes of tables", int64(size), MaxFileBytes))
		}
		f.Tables = append(f.Tables, t)
	}
	var ids []int64
	err := c.ask(ctx, "provider", MaxProviders, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM provider WHERE file = ? ORDER BY ord`, h.id)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p, err := c.provider(ctx, id)
		if err != nil {
			return nil, err
		}
		f.Providers = append(f.Providers, *p)
	}
	if id := f.ID(); !bytes.Equal(id[:], h.ID[:]) {
		return nil, fmt.Errorf("%s: %w", c.name, damaged("file", fmt.Errorf("%s: its content has another one", h.Name)))
	}
	return f, nil
}
