package service

import (
	"netelf.example/eventlog"
	"netelf.example/message"
)

// Texts finds the text of events by the sources that are registered, as reading a log
// does: of an event of the source's own log, or of none, as somebody asks who has a
// source and an id alone. It says nothing of what is in a log.
func (s *Service) Texts() eventlog.Resolver { return sourceTexts{s} }

type sourceTexts struct{ s *Service }

func (t sourceTexts) Message(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	src, ok := t.s.cat.state.Load().source(eventlog.Fold(e.Source))
	if ok && (e.Origin == nil || e.Origin.Log == "" || eventlog.EqualFold(src.Log, e.Origin.Log)) {
		langs, _ := message.ParseLangs(lang) // those before one that is none
		if text, ok := t.s.textOf(&src, langs, e); ok {
			return text, eventlog.ByServer
		}
	}
	return Texts{}.Message(lang, e)
}

// textOf is the text of an event of a source: the service's own, or that of the
// source's message files.
func (s *Service) textOf(src *Source, langs []message.Lang, e *eventlog.Event) (string, bool) {
	if _, own := ownSource(src.Name); own {
		return messageText(e.Source, e.ID, e.Strings, langs)
	}
	return s.files.Message(src, langs, e)
}

// categoryOf is the name of the category of an event of a source.
func (s *Service) categoryOf(src *Source, langs []message.Lang, e *eventlog.Event) (string, bool) {
	if _, own := ownSource(src.Name); own {
		return categoryText(e.Source, e.Category, langs)
	}
	return s.files.Category(src, langs, e.Category)
}
