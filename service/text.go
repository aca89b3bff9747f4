package service

import (
	"context"

	"netelf.example/eventlog"
	"netelf.example/message"
)

// textNeeds is what of an event its text is made of.
const textNeeds = eventlog.Fields(1<<eventlog.FieldID | 1<<eventlog.FieldSource | 1<<eventlog.FieldString | 1<<eventlog.FieldCategory)

// textFields is what is text of an event.
const textFields = eventlog.Fields(1<<eventlog.FieldMessage | 1<<eventlog.FieldCategoryName)

// maxKnown is how many names of sources a cursor remembers.
const maxKnown = 1024

// texts gives the events of a log the text that the service has: of its own events,
// and out of the message files of the sources that are registered to the log. Nobody
// but administrators reports under the names of the service's own sources to their
// logs, see Report; under the name of a source in another log an event is not that
// source's. What has no text here is left to whoever knows other message files, and
// what is a Maybe of the selection stays so.
type texts struct {
	eventlog.Cursor
	s     *Service
	log   string
	langs []message.Lang
	want  eventlog.Fields

	state *catalogState      // whose sources are known
	known map[string]*Source // by names as events have them; nil: no source of the log
}

// textSelection is the selection for a log whose cursor is going to be one of texts,
// and whether it is: sel is not changed.
func textSelection(sel *eventlog.Selection) (_ *eventlog.Selection, wanted bool) {
	want := sel.Wanted()
	if want&textFields == 0 {
		return sel, false
	}
	s := *sel
	s.Want = want | textNeeds
	return &s, true
}

func (s *Service) texts(c eventlog.Cursor, log string, sel *eventlog.Selection) *texts {
	langs, _ := message.ParseLangs(sel.Lang) // those before one that is none
	return &texts{Cursor: c, s: s, log: log, langs: langs, want: sel.Wanted()}
}

func (c *texts) Next(ctx context.Context, e *eventlog.Event) error {
	if err := c.Cursor.Next(ctx, e); err != nil {
		return err
	}
	src := c.source(e.Source)
	if src == nil {
		return nil
	}
	if c.want.Has(eventlog.FieldMessage) && e.MessageBy == eventlog.NotSought {
		if text, ok := c.s.textOf(src, c.langs, e); ok {
			e.Message, e.MessageBy = text, eventlog.ByServer
		}
	}
	if c.want.Has(eventlog.FieldCategoryName) && e.CategoryName == "" {
		e.CategoryName, _ = c.s.categoryOf(src, c.langs, e)
	}
	return nil
}

// source is the source of that name of the log, nil if there is none.
func (c *texts) source(name string) *Source {
	if state := c.s.cat.state.Load(); state != c.state || len(c.known) >= maxKnown {
		c.state, c.known = state, map[string]*Source{}
	}
	src, ok := c.known[name]
	if !ok {
		if s, ok := c.state.source(eventlog.Fold(name)); ok && eventlog.EqualFold(s.Log, c.log) {
			src = &s
		}
		c.known[name] = src
	}
	return src
}

func (c *texts) Examined() uint64      { return eventlog.Examined(c.Cursor) }
func (c *texts) Passed() eventlog.Mark { return eventlog.Passed(c.Cursor) }
