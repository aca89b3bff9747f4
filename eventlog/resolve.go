package eventlog

import (
	"context"
	"io"
)

// Resolver finds message text.
type Resolver interface {
	// Message is the text of e in lang ("": the default), or "" and NotFound.
	Message(lang string, e *Event) (string, TextBy)
}

// Resolve is c with message text: it fills Message if s wants it, settles what
// was Maybe and keeps s.Limit, which c alone cannot keep when it does not know
// the text. It is placed once, by the outermost reader. A nil r finds no text.
func Resolve(c Cursor, s *Selection, r Resolver) Cursor {
	wanted := s.Wanted()
	if !wanted.Has(FieldMessage) {
		return c
	}
	settle := s.Where != nil && s.Where.Needs().Has(FieldMessage)
	return &resolved{Cursor: c, sel: s, by: r, settle: settle}
}

type resolved struct {
	Cursor
	sel    *Selection
	by     Resolver
	settle bool
	given  int
}

func (c *resolved) Next(ctx context.Context, e *Event) error {
	for {
		if c.settle && c.sel.Limit > 0 && c.given >= c.sel.Limit {
			return io.EOF
		}
		if err := c.Cursor.Next(ctx, e); err != nil {
			return err
		}
		if e.MessageBy == NotSought {
			e.MessageBy = NotFound
			if c.by != nil {
				e.Message, e.MessageBy = c.by.Message(c.sel.Lang, e)
			}
		}
		if !c.settle || c.sel.Where.Match(e) == Yes {
			c.given++
			return nil
		}
	}
}

func (c *resolved) Examined() uint64 { return Examined(c.Cursor) }

func (c *resolved) Bounded() (record uint64, ok bool) { return Bounded(c.Cursor) }
