package eventlog

import (
	"context"
	"io"
)

// Resolver finds message text.
type Resolver interface {
	// Message is the text of e in lang, or "" and NotFound. lang is a list of BCP 47
	// tags, separated by commas, the one wanted most first; "": the default.
	Message(lang string, e *Event) (string, TextBy)
}

// CategoryResolver is a Resolver that also finds the text of categories. One that
// is none leaves categories without text.
type CategoryResolver interface {
	// Category is the text of e.Category in lang, or "" and NotFound.
	Category(lang string, e *Event) (string, TextBy)
}

// Settler is a Cursor that counts what it gives. Resolve tells it of each event that
// may have been wanted whether it was, so that it knows when its limit is reached.
type Settler interface {
	// Settle is about the event of the last Next.
	Settle(wanted bool)
}

// Resolve is c with message text: it fills Message and CategoryName if s wants them,
// settles what was Maybe and keeps s.Limit, which c alone cannot keep when it does
// not know the text. It is placed once, by the outermost reader, and is the one place
// that says who is asked, in this order: the event, which may carry its text; the
// server that keeps its log, whose cursor has filled it in; r. Who of them has the
// text is MessageBy. A nil r finds no text.
func Resolve(c Cursor, s *Selection, r Resolver) Cursor {
	wanted := s.Wanted()
	out := &resolved{Cursor: c, sel: s, by: r, text: wanted.Has(FieldMessage)}
	if wanted.Has(FieldCategoryName) {
		out.categories, _ = r.(CategoryResolver)
	}
	if !out.text && out.categories == nil {
		return c
	}
	out.settle = s.Where != nil && s.Where.Needs().Has(FieldMessage)
	if out.settle {
		out.settler, _ = c.(Settler)
	}
	return out
}

type resolved struct {
	Cursor
	sel        *Selection
	by         Resolver
	categories CategoryResolver // nil: they are not wanted, or nobody knows them
	settler    Settler          // nil: c does not count
	text       bool
	settle     bool
	given      int
}

func (c *resolved) Next(ctx context.Context, e *Event) error {
	for {
		if c.settle && c.sel.Limit > 0 && c.given >= c.sel.Limit {
			if c.settler != nil { // it is at its end, and says so in its outcomes
				if err := c.Cursor.Next(ctx, e); err != nil {
					return err
				}
			}
			return io.EOF
		}
		if err := c.Cursor.Next(ctx, e); err != nil {
			return err
		}
		if c.text && e.MessageBy == NotSought {
			e.MessageBy = NotFound
			if c.by != nil {
				e.Message, e.MessageBy = c.by.Message(c.sel.Lang, e)
			}
		}
		if c.settle {
			wanted := c.sel.Where.Match(e) == Yes
			if c.settler != nil {
				c.settler.Settle(wanted)
			}
			if !wanted {
				continue
			}
		}
		if c.categories != nil && e.CategoryName == "" && e.Category != 0 {
			if name, by := c.categories.Category(c.sel.Lang, e); by > NotFound {
				e.CategoryName = name
			}
		}
		c.given++
		return nil
	}
}

func (c *resolved) Examined() uint64 { return Examined(c.Cursor) }

func (c *resolved) Bounded() (record uint64, ok bool) { return Bounded(c.Cursor) }

func (c *resolved) Passed() Mark { return Passed(c.Cursor) }
