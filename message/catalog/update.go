package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Tx is a change that is being made.
type Tx struct {
	c   *Catalog
	ctx context.Context
	tx  *sql.Tx
}

// Update makes a change as a whole: what fn has done is in the file when Update
// returns nil, and nothing of it when fn or the file has an error. fn uses tx and not
// the catalogue itself, which waits until the change is made. Another process that
// writes is waited for, for 5 seconds.
func (c *Catalog) Update(ctx context.Context, fn func(tx *Tx) error) error {
	if !c.write {
		return fmt.Errorf("catalogue %s: %w", c.name, ErrReadOnly)
	}
	c.cold.Lock()
	defer c.cold.Unlock()
	tx, err := c.conn.BeginTx(context.Background(), nil) // not ctx: an end of that would end the connection
	if err != nil {
		return c.wrap("update", err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := fn(&Tx{c, ctx, tx}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return c.wrap("update", err)
	}
	if err := tx.Commit(); err != nil {
		return c.wrap("update", err)
	}
	c.forget()
	return nil
}

// AddSource adds a source in a transaction of its own.
func (c *Catalog) AddSource(ctx context.Context, s Source) error {
	return c.Update(ctx, func(tx *Tx) error { return tx.AddSource(s) })
}

// AddFile adds a file in a transaction of its own.
func (c *Catalog) AddFile(ctx context.Context, f *File) (id FileID, err error) {
	err = c.Update(ctx, func(tx *Tx) error {
		id, err = tx.AddFile(f)
		return err
	})
	return id, err
}

func (tx *Tx) exec(query string, args ...any) (sql.Result, error) {
	r, err := tx.tx.ExecContext(tx.ctx, query, args...)
	return r, tx.c.wrap("write", err)
}

// AddSource adds a source, in place of the one of its log and name. One that is
// guessed gives way to every other of its name: it is not added beside one, and
// goes when one comes.
func (tx *Tx) AddSource(s Source) error {
	if err := s.check(); err != nil {
		return err
	}
	name, log := eventlog.Fold(s.Name), eventlog.Fold(s.Log)
	if s.Guessed {
		var n int
		err := tx.tx.QueryRowContext(tx.ctx, `SELECT count(*) FROM source WHERE name_key = ? AND guessed = 0`, name).Scan(&n)
		if err != nil {
			return tx.c.wrap("source", err)
		}
		if n > 0 {
			return nil
		}
	}
	if err := tx.remove(`name_key = ? AND (log_key = ? OR guessed = 1 AND ? = 0)`, name, log, s.Guessed); err != nil {
		return err
	}
	if s.Added.IsZero() {
		s.Added = tx.c.now()
	}
	r, err := tx.exec(`INSERT INTO source (log, name, log_key, name_key, category_count, types, guid, guessed, origin, added) VALUES (?,?,?,?,?,?,?,?,?,?)`,
		s.Log, s.Name, log, name, int64(s.CategoryCount), int64(s.Types), s.GUID[:], s.Guessed, s.Origin, s.Added.Unix())
	if err != nil {
		return err
	}
	id, err := r.LastInsertId()
	if err != nil {
		return tx.c.wrap("write", err)
	}
	for kind := kindMessage; kind <= kindParameter; kind++ {
		for i, p := range s.paths(kind) {
			var hash []byte // NULL
			if f, ok := s.Files[p]; ok {
				hash = f[:]
			}
			if _, err := tx.exec(`INSERT INTO source_file (source, kind, ord, path, hash) VALUES (?,?,?,?,?)`, id, kind, i, p, hash); err != nil {
				return err
			}
		}
	}
	return nil
}

// RemoveSource removes a source; it is fs.ErrNotExist where there is none.
func (tx *Tx) RemoveSource(log, name string) error {
	var id int64
	err := tx.tx.QueryRowContext(tx.ctx, `SELECT id FROM source WHERE name_key = ? AND log_key = ?`, eventlog.Fold(name), eventlog.Fold(log)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return notExist("source", name)
	}
	if err != nil {
		return tx.c.wrap("source", err)
	}
	return tx.remove(`id = ?`, id)
}

func (tx *Tx) remove(where string, args ...any) error {
	if _, err := tx.exec(`DELETE FROM source_file WHERE source IN (SELECT id FROM source WHERE `+where+`)`, args...); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM source WHERE `+where, args...)
	return err
}

// AddFile adds a file, unless it is there: then only its Added is that of now. The
// messages of its tables are counted, and a table may have damage.
func (tx *Tx) AddFile(f *File) (FileID, error) {
	if err := f.check(); err != nil {
		return FileID{}, err
	}
	hash := f.ID()
	added := f.Added
	if added.IsZero() {
		added = tx.c.now()
	}
	r, err := tx.exec(`UPDATE file SET added = max(added, ?) WHERE hash = ?`, added.Unix(), hash[:])
	if err != nil {
		return hash, err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return hash, tx.c.wrap("write", err)
	}
	r, err = tx.exec(`INSERT INTO file (hash, name, name_key, version, origin, added) VALUES (?,?,?,?,?,?)`,
		hash[:], f.Name, eventlog.Fold(f.Name), f.Version, f.Origin, added.Unix())
	if err != nil {
		return hash, err
	}
	id, err := r.LastInsertId()
	if err != nil {
		return hash, tx.c.wrap("write", err)
	}
	for i, t := range f.Tables {
		if _, err := tx.exec(`INSERT INTO message_table (file, ord, lang, messages, body) VALUES (?,?,?,?,?)`,
			id, i, int64(t.Lang), count(t), t.Bytes()); err != nil {
			return hash, err
		}
	}
	for i := range f.Providers {
		if err := tx.addProvider(id, i, &f.Providers[i]); err != nil {
			return hash, err
		}
	}
	return hash, nil
}

func (tx *Tx) addProvider(file int64, ord int, p *Provider) error {
	r, err := tx.exec(`INSERT INTO provider (file, ord, guid, name, name_key, message_id) VALUES (?,?,?,?,?,?)`,
		file, ord, p.GUID[:], p.Name, eventlog.Fold(p.Name), int64(p.MessageID))
	if err != nil {
		return err
	}
	id, err := r.LastInsertId()
	if err != nil {
		return tx.c.wrap("write", err)
	}
	for _, e := range p.Events {
		if _, err := tx.exec(`INSERT INTO provider_event (provider, event, version, channel, level, opcode, task, keywords, message_id) VALUES (?,?,?,?,?,?,?,?,?)`,
			id, int64(e.ID), int64(e.Version), int64(e.Channel), int64(e.Level), int64(e.Opcode), int64(e.Task), int64(e.Keywords), int64(e.MessageID)); err != nil {
			return err
		}
	}
	for kind := range defKinds {
		for _, d := range *p.definitions(kind) {
			if _, err := tx.exec(`INSERT INTO provider_definition (provider, kind, value, task, message_id, name, guid) VALUES (?,?,?,?,?,?,?)`,
				id, kind, int64(d.Value), int64(d.Task), int64(d.MessageID), d.Name, d.GUID[:]); err != nil {
				return err
			}
		}
	}
	return tx.addMaps(id, p)
}

func (tx *Tx) addMaps(id int64, p *Provider) error {
	for i := range p.Maps {
		m := &p.Maps[i]
		if _, err := tx.exec(`INSERT INTO provider_map (provider, ord, name, bits) VALUES (?,?,?,?)`, id, i, m.Name, m.Bits); err != nil {
			return err
		}
		for j, e := range m.Entries {
			if _, err := tx.exec(`INSERT INTO provider_map_entry (provider, map, ord, value, message_id) VALUES (?,?,?,?,?)`,
				id, i, j, int64(e.Value), int64(e.MessageID)); err != nil {
				return err
			}
		}
	}
	for _, m := range p.Mapped {
		if _, err := tx.exec(`INSERT INTO provider_mapped (provider, event, version, item, map) VALUES (?,?,?,?,?)`,
			id, int64(m.Event), int64(m.Version), int64(m.Item), m.Map); err != nil {
			return err
		}
	}
	return nil
}

// RemoveFile removes a file; it is fs.ErrNotExist where there is none. Sources that
// name it stay.
func (tx *Tx) RemoveFile(hash FileID) error {
	var id int64
	err := tx.tx.QueryRowContext(tx.ctx, `SELECT id FROM file WHERE hash = ?`, hash[:]).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return notExist("file", hash.String())
	}
	if err != nil {
		return tx.c.wrap("file", err)
	}
	for _, q := range []string{
		`DELETE FROM provider_map WHERE provider IN (SELECT id FROM provider WHERE file = ?)`,
		`DELETE FROM provider_map_entry WHERE provider IN (SELECT id FROM provider WHERE file = ?)`,
		`DELETE FROM provider_mapped WHERE provider IN (SELECT id FROM provider WHERE file = ?)`,
		`DELETE FROM provider_event WHERE provider IN (SELECT id FROM provider WHERE file = ?)`,
		`DELETE FROM provider_definition WHERE provider IN (SELECT id FROM provider WHERE file = ?)`,
		`DELETE FROM provider WHERE file = ?`, `DELETE FROM message_table WHERE file = ?`, `DELETE FROM file WHERE id = ?`,
	} {
		if _, err := tx.exec(q, id); err != nil {
			return err
		}
	}
	return nil
}

// guidOf is a GUID out of the file.
func guidOf(b []byte) (nt.GUID, error) {
	if len(b) != len(nt.GUID{}) {
		return nt.GUID{}, fmt.Errorf("a GUID of %d bytes", len(b))
	}
	return nt.GUID(b), nil
}
