package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/nt"
)

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
