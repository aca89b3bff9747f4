package service

import (
	"context"

	"netelf.example/eventlog"
)

// textNeeds is what of an event its text is made of.
const textNeeds = eventlog.Fields(1<<eventlog.FieldID | 1<<eventlog.FieldSource | 1<<eventlog.FieldString)

// textSelection is the selection for a log whose cursor is going to be one
// of texts, and the service's own source whose events there get text: "" if none
// is wanted, or no own source reports there. sel is not changed.
func textSelection(log string, sel *eventlog.Selection) (_ *eventlog.Selection, source string) {
	wanted := sel.Wanted()
	if !wanted.Has(eventlog.FieldMessage) {
		return sel, ""
	}
	for _, own := range ownSources {
		if eventlog.EqualFold(own.Log, log) {
			s := *sel
			s.Want = wanted | textNeeds
			return &s, own.Name
		}
	}
	return sel, ""
}

// texts gives the events of the own source of a log their text. Nobody but
// administrators reports under that name to that log, see Report; under the same
// name in another log an event is not the service's. What has no text here is left
// to whoever knows message files, and what is a Maybe of the selection stays so.
type texts struct {
	eventlog.Cursor
	source string
}

func (c *texts) Next(ctx context.Context, e *eventlog.Event) error {
	if err := c.Cursor.Next(ctx, e); err != nil {
		return err
	}
	if e.MessageBy == eventlog.NotSought && eventlog.EqualFold(e.Source, c.source) {
		if text, ok := messageText(e.Source, e.ID, e.Strings); ok {
			e.Message, e.MessageBy = text, eventlog.ByServer
		}
	}
	return nil
}

func (c *texts) Examined() uint64 { return eventlog.Examined(c.Cursor) }
