package catalog

import (
	"cmp"
	"context"
	"errors"
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
