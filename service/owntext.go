package service

import (
	"bytes"
	_ "embed" // netelf.mc
	"slices"
	"strings"
	"sync"

	"netelf.example/eventlog"
	"netelf.example/message"
)

//go:embed netelf.mc
var ownMC []byte

// MessageFile is the message file of the service's own events, in the language of the
// Message Compiler, UTF-8. Its messages are those of the sources EventLog and Security,
// the categories of Security those with the numbers from 1.
func MessageFile() []byte { return bytes.Clone(ownMC) }

// MessageSources are the sources whose texts are in MessageFile.
func MessageSources() []Source { return slices.Clone(ownSources[:]) }

// ownTables is MessageFile compiled. A test holds that nothing is wrong with it.
var ownTables = sync.OnceValue(func() message.Tables {
	source, err := message.ParseMC(ownMC)
	if err != nil {
		return nil
	}
	tables, _ := source.Compile()
	return tables
})

// Texts is an eventlog.Resolver, and one of categories, for the events that a service
// writes itself, wherever they are read: in a copy of a log's file, in a backup or
// by a protocol that has no texts. It knows them by their mark, so that an event of
// Windows with the same source and number has no text of it.
type Texts struct{}

var (
	_ eventlog.Resolver         = Texts{}
	_ eventlog.CategoryResolver = Texts{}
)

// Message implements eventlog.Resolver.
func (Texts) Message(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	if IsOwn(e) {
		langs, _ := message.ParseLangs(lang) // those before one that is none
		if text, ok := messageText(e.Source, e.ID, e.Strings, langs); ok {
			return text, eventlog.ByCatalogue
		}
	}
	return "", eventlog.NotFound
}

// Category implements eventlog.CategoryResolver.
func (Texts) Category(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	if IsOwn(e) {
		langs, _ := message.ParseLangs(lang) // those before one that is none
		if text, ok := categoryText(e.Source, e.Category, langs); ok {
			return text, eventlog.ByCatalogue
		}
	}
	return "", eventlog.NotFound
}

// IsOwn says whether e is one that a service wrote itself. In a log that is known to
// be another than its own it is not: there everybody may report under any name.
func IsOwn(e *eventlog.Event) bool {
	if !bytes.Equal(e.Data, ownMark) || !ownKindOf(e.Source, e.ID) {
		return false
	}
	log := ""
	if e.Origin != nil {
		if log = e.Origin.Channel; log == "" && !strings.ContainsAny(e.Origin.Log, `./\`) { // a file's name says nothing
			log = e.Origin.Log
		}
	}
	own, _ := ownSource(e.Source)
	return log == "" || eventlog.EqualFold(log, own.Log)
}

// ownKindOf says whether a source and an id are those of an own event.
func ownKindOf(source string, id eventlog.EventID) bool {
	own, ok := ownSource(source)
	for k := range ownEvents {
		if ok && ownEvents[k].id == id && ownKind(k).source() == own.Name {
			return true
		}
	}
	return false
}

// messageText is the text of an event of the service itself in the first of langs that
// there is, else in English; ok is false for every other event.
func messageText(source string, id eventlog.EventID, values []string, langs []message.Lang) (text string, ok bool) {
	if !ownKindOf(source, id) {
		return "", false
	}
	return ownText(uint32(id), values, langs)
}

// categoryText is the name of a category of the service's own sources.
func categoryText(source string, category uint16, langs []message.Lang) (text string, ok bool) {
	if !eventlog.EqualFold(source, sourceSecurity) || category == 0 || category > securityCategories {
		return "", false
	}
	return ownText(uint32(category), nil, langs)
}

func ownText(id uint32, values []string, langs []message.Lang) (string, bool) {
	text, ok := ownTables().Message(id, langs...)
	if !ok {
		return "", false
	}
	return string(message.Insert(nil, text.String(), values, nil)), true
}
