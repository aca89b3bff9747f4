package catalog

import (
	"context"
	"database/sql"

	"netelf.example/eventlog"
)

// Names are what the provider of an event calls what the event has numbers for: its
// level, task and opcode, and each of its keywords that has a name, from the lowest bit
// on. "" is what has none.
type Names struct {
	Level, Task, Opcode string
	Keywords            []string
}

// Names finds the names for an event of a manifest in a language: the provider's text
// in the language, or else the name that stands in its manifest. An event of another
// kind has none.
func (c *Catalog) Names(lang string, e *eventlog.Event) (n Names) {
	if !modern(e) {
		return n
	}
	en := c.entry(lang, e)
	if en == nil {
		return n
	}
	name := func(form uint8, id uint32) string {
		s, _ := en.render(textKey{id: id, version: -1, form: form}, nil)
		return s
	}
	n.Level = name(formLevel, uint32(e.Level))
	if e.Extra.Task != 0 {
		n.Task = name(formTask, uint32(e.Extra.Task))
	}
	n.Opcode = name(formOpcode, uint32(e.Extra.Task)<<16|uint32(e.Extra.Opcode))
	for bit := range uint32(64) {
		if e.Extra.Keywords&(1<<bit) != 0 {
			if s := name(formKeyword, bit); s != "" {
				n.Keywords = append(n.Keywords, s)
			}
		}
	}
	return n
}

// defined is the definition that a key asks for.
func defined(k textKey) (kind int, value uint64, task uint16, ok bool) {
	switch k.form {
	case formTask, formCategory:
		return defTask, uint64(k.id), 0, true
	case formLevel:
		return defLevel, uint64(k.id), 0, true
	case formOpcode:
		return defOpcode, uint64(k.id & 0xffff), uint16(k.id >> 16), true
	case formKeyword:
		return defKeyword, 1 << k.id, 0, true
	}
	return 0, 0, 0, false
}

// defined is the message id and the name that a provider gives a number; an opcode is
// that of the task, or else that for all. cold is held.
func (c *Catalog) defined(ctx context.Context, p provided, kind int, value uint64, task uint16) (id uint32, name string, ok bool, err error) {
	err = c.ask(ctx, "provider_definition", 1, func(rows *sql.Rows) error {
		ok = true
		return rows.Scan(&id, &name)
	}, `SELECT message_id, `+text("name", MaxName)+` FROM provider_definition WHERE provider = ? AND kind = ? AND value = ? AND task IN (0, ?) ORDER BY task DESC LIMIT 1`,
		p.id, kind, int64(value), int64(task))
	return id, name, ok, err
}
