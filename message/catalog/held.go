package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"netelf.example/eventlog"
	"netelf.example/message"
)

// Limits of what the resolver keeps and reads.
const (
	MaxHeld     = 64 << 20  // bytes of tables and texts that are kept; beyond, all is forgotten and read again
	MaxRead     = 256 << 20 // bytes of tables that are read for one text
	MaxVersions = 64        // files of one name that are asked
	MaxMatches  = 256       // sources of one name
)

// heldFile is a file as the resolver has met it.
type heldFile struct {
	FileInfo
	id     int64
	tables []heldTable
}

// heldTable is one table of it.
type heldTable struct {
	id       int64
	lang     message.Lang
	messages int
	table    *message.Table // nil: not read, or there was no room to keep it
}

// fileColumns are what scanFile scans.
var fileColumns = "id, " + blob("hash", 64) + ", " + text("name", MaxName) + ", " + text("version", MaxName) + ", " + text("origin", MaxName) + ", added"

func scanFile(rows *sql.Rows) (f heldFile, err error) {
	var hash []byte
	var added int64
	if err := rows.Scan(&f.id, &hash, &f.Name, &f.Version, &f.Origin, &added); err != nil {
		return f, err
	}
	if len(hash) != len(f.ID) {
		return f, fmt.Errorf("a hash of %d bytes", len(hash))
	}
	f.ID, f.Added = FileID(hash), time.Unix(added, 0).UTC()
	return f, nil
}

// forget empties what the resolver keeps. cold is held, or nobody else knows c.
func (c *Catalog) forget() {
	c.files, c.named, c.held = map[int64]*heldFile{}, map[string][]int64{}, 0
	c.warm.Lock()
	c.entries = map[entryKey]*entry{}
	c.warm.Unlock()
}

// hold counts what is kept, the cost of keeping it included. cold is held.
func (c *Catalog) hold(bytes int) { c.held += int64(bytes) + 256 }

// note keeps an error for Damage. cold is held.
func (c *Catalog) note(err error) {
	if err != nil && len(c.damage) < message.MaxErrors && !errors.Is(err, sql.ErrConnDone) {
		c.damage = append(c.damage, err)
	}
}

// Damage is what was wrong with the catalogue where the resolver looked for texts:
// the first message.MaxErrors errors. An event whose text they cost has none.
func (c *Catalog) Damage() []error {
	c.cold.Lock()
	defer c.cold.Unlock()
	return append([]error(nil), c.damage...)
}

// filesOf are the files that a path of a source is: the one that its hash names, else
// those of its name, the one added last first. cold is held.
func (c *Catalog) filesOf(ctx context.Context, s *Source, path string) ([]*heldFile, error) {
	if hash, ok := s.Files[path]; ok {
		list, err := c.filesBy(ctx, string(hash[:]), `hash = ?`, hash[:])
		if len(list) > 0 || err != nil {
			return list, err
		}
	}
	return c.filesNamed(ctx, Base(path))
}

func (c *Catalog) filesNamed(ctx context.Context, name string) ([]*heldFile, error) {
	key := eventlog.Fold(name)
	return c.filesBy(ctx, "/"+key, `name_key = ? ORDER BY added DESC, id DESC`, key)
}

func (c *Catalog) filesBy(ctx context.Context, key, where string, arg any) ([]*heldFile, error) {
	ids, ok := c.named[key]
	if !ok {
		var found []heldFile
		err := c.ask(ctx, "file", MaxVersions, func(rows *sql.Rows) error {
			f, err := scanFile(rows)
			found = append(found, f)
			return err
		}, `SELECT `+fileColumns+` FROM file WHERE `+where+fmt.Sprintf(` LIMIT %d`, MaxVersions), arg)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if _, ok := c.files[f.id]; !ok {
				c.files[f.id] = &f
				if err := c.listTables(ctx, &f); err != nil {
					delete(c.files, f.id)
					return nil, err
				}
			}
			ids = append(ids, f.id)
		}
		c.named[key] = ids
		c.hold(len(key) + 16*len(ids))
	}
	list := make([]*heldFile, 0, len(ids))
	for _, id := range ids {
		list = append(list, c.files[id])
	}
	return list, nil
}

func (c *Catalog) fileByID(ctx context.Context, id int64) (*heldFile, error) {
	list, err := c.filesBy(ctx, fmt.Sprint("#", id), `id = ?`, id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// listTables finds which tables a file has. cold is held.
func (c *Catalog) listTables(ctx context.Context, f *heldFile) error {
	err := c.ask(ctx, "message_table", MaxTables, func(rows *sql.Rows) error {
		var t heldTable
		err := rows.Scan(&t.id, &t.lang, &t.messages)
		f.tables = append(f.tables, t)
		return err
	}, `SELECT id, lang, messages FROM message_table WHERE file = ? ORDER BY ord`, f.id)
	c.hold(64 * len(f.tables))
	return err
}

// table is a table of a file. cold is held.
func (c *Catalog) table(ctx context.Context, f *heldFile, i int) (*message.Table, error) {
	t := &f.tables[i]
	if t.table != nil {
		return t.table, nil
	}
	var tab *message.Table
	err := c.ask(ctx, "message_table", 1, func(rows *sql.Rows) error {
		var body []byte
		err := rows.Scan(&body)
		if err == nil && body == nil {
			err = fmt.Errorf("table in %v of %s: no bytes, or more than %d", t.lang, f.Name, message.MaxResource)
		}
		if err == nil {
			tab, err = message.NewTable(body, t.lang)
		}
		return err
	}, `SELECT `+blob("body", message.MaxResource)+` FROM message_table WHERE id = ?`, t.id)
	if err == nil && tab == nil {
		err = fmt.Errorf("%s: %w", c.name, damaged("message_table", fmt.Errorf("table in %v of %s: gone", t.lang, f.Name)))
	}
	if err != nil {
		return nil, err
	}
	c.read += int64(len(tab.Bytes()))
	if c.held+int64(len(tab.Bytes())) <= MaxHeld {
		t.table = tab
		c.hold(len(tab.Bytes()))
	} else {
		c.held = MaxHeld + 1 // the next question begins with nothing
	}
	return tab, nil
}

// lookup is the text of a message in files that stand for one another, in the
// language nearest to those wanted. cold is held.
func (c *Catalog) lookup(ctx context.Context, files []*heldFile, id uint32, want []message.Lang) (text message.Text, ok bool, err error) {
	var langs []message.Lang
	seen := map[message.Lang]bool{}
	for _, f := range files {
		for i := range f.tables {
			if l := f.tables[i].lang; !seen[l] {
				seen[l] = true
				langs = append(langs, l)
			}
		}
	}
	message.Order(langs, want...)
	var errs []error
	for _, l := range langs {
		for _, f := range files {
			for i := range f.tables {
				if f.tables[i].lang != l {
					continue
				}
				if c.read > c.maxRead {
					return text, false, errors.Join(append(errs, fmt.Errorf("%s: %w", c.name, damaged("message_table", over("bytes of tables for one text", c.read, c.maxRead))))...)
				}
				tab, err := c.table(ctx, f, i)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				if text, ok = tab.Lookup(id); ok {
					return text, true, errors.Join(errs...)
				}
			}
		}
	}
	return text, false, errors.Join(errs...)
}
