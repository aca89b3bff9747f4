package catalog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"netelf.example/eventlog"
)

// Merge adds all sources and files of other. A source that both have stays as it
// was added last; nothing is removed. Every file is checked against its hash. An error
// of other's, in one source or file, is in the result and the rest is merged; one of
// c's ends it with c unchanged. Two catalogues are not merged into each other at the
// same time.
func (c *Catalog) Merge(ctx context.Context, other *Catalog) error {
	return c.take(ctx, other, nil)
}

// Export makes a new catalogue of the sources that want says, nil being all, with the
// files that they name; with all of them, also the files that no source names. It
// fails with fs.ErrExist where there is a file of that name.
func (c *Catalog) Export(ctx context.Context, name string, want func(*Source) bool) error {
	dst, err := Create(name, &Options{Now: c.now})
	if err != nil {
		return err
	}
	err = dst.take(ctx, c, want)
	if e := dst.Close(); err == nil {
		err = e
	}
	if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
		_ = os.Remove(name) // it is ours, and not whole
	}
	return err
}

// take copies sources and files from another catalogue.
func (c *Catalog) take(ctx context.Context, from *Catalog, want func(*Source) bool) error {
	if c == from {
		return nil
	}
	from.cold.Lock()
	sources, err := from.findSources(ctx, MaxSources, `1 ORDER BY s.id`)
	from.cold.Unlock()
	if err != nil {
		return err
	}
	var damage []error
	err = c.Update(ctx, func(tx *Tx) error {
		damage = nil
		from.cold.Lock()
		defer from.cold.Unlock()
		wanted := map[int64]bool{}
		for i := range sources {
			k := &sources[i]
			if err := from.fill(ctx, k); err != nil {
				damage = append(damage, err)
				continue
			}
			if want != nil && !want(&k.Source) {
				continue
			}
			if newer, err := tx.newer(&k.Source); err != nil {
				return err
			} else if newer {
				if err := tx.AddSource(k.Source); err != nil {
					return err
				}
			}
			for _, path := range k.allPaths() {
				files, err := from.filesOf(ctx, &k.Source, path)
				if err != nil {
					damage = append(damage, err)
				}
				for _, f := range files {
					wanted[f.id] = true
				}
			}
		}
		return tx.takeFiles(from, want == nil, wanted, &damage)
	})
	return errors.Join(append([]error{err}, damage...)...)
}

// newer says whether s is to take the place of what the catalogue has.
func (tx *Tx) newer(s *Source) (bool, error) {
	var n int
	err := tx.tx.QueryRowContext(tx.ctx, `SELECT count(*) FROM source WHERE name_key = ? AND log_key = ? AND guessed <= ? AND added >= ?`,
		eventlog.Fold(s.Name), eventlog.Fold(s.Log), s.Guessed, s.Added.Unix()).Scan(&n)
	return n == 0, tx.c.wrap("source", err)
}

// takeFiles copies files, one in memory at a time. from.cold is held.
func (tx *Tx) takeFiles(from *Catalog, all bool, wanted map[int64]bool, damage *[]error) error {
	last := int64(-1 << 63)
	for n := 0; ; n++ {
		var f *heldFile
		id, ok, err := from.after(tx.ctx, last)
		if err != nil || !ok {
			return err
		}
		if n == MaxFiles {
			return fmt.Errorf("%s: %w", from.name, damaged("file", over("files or more", MaxFiles+1, MaxFiles)))
		}
		last = id
		if !all && !wanted[id] {
			continue
		}
		if from.held > MaxHeld {
			from.forget()
		}
		if f, err = from.fileByID(tx.ctx, id); err == nil {
			var content *File
			if f == nil {
				continue // gone since
			}
			if content, err = from.content(tx.ctx, f); err == nil {
				err = content.check()
			}
			if err == nil {
				if _, err := tx.AddFile(content); err != nil {
					return err
				}
				continue
			}
		}
		if tx.ctx.Err() != nil {
			return err
		}
		*damage = append(*damage, err)
	}
}

// after is the first file behind an id. cold is held.
func (c *Catalog) after(ctx context.Context, last int64) (id int64, ok bool, err error) {
	rows, err := c.conn.QueryContext(ctx, `SELECT id FROM file WHERE id > ? ORDER BY id LIMIT 1`, last)
	if err != nil {
		return 0, false, c.wrap("file", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err says it
	if rows.Next() {
		ok = true
		if err := rows.Scan(&id); err != nil {
			return 0, false, c.wrap("file", err)
		}
	}
	return id, ok, c.wrap("file", rows.Err())
}

// content is a whole file. cold is held.
func (c *Catalog) content(ctx context.Context, h *heldFile) (*File, error) {
	f := &File{Name: h.Name, Version: h.Version, Origin: h.Origin, Added: h.Added}
	size := 0
	for i := range h.tables {
		t, err := c.table(ctx, h, i)
		if err != nil {
			return nil, err
		}
		if size += len(t.Bytes()); size > MaxFileBytes {
			return nil, fmt.Errorf("file %q: %w", h.Name, over("bytes of tables", int64(size), MaxFileBytes))
		}
		f.Tables = append(f.Tables, t)
	}
	var ids []int64
	err := c.ask(ctx, "provider", MaxProviders, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM provider WHERE file = ? ORDER BY ord`, h.id)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p, err := c.provider(ctx, id)
		if err != nil {
			return nil, err
		}
		f.Providers = append(f.Providers, *p)
	}
	if id := f.ID(); !bytes.Equal(id[:], h.ID[:]) {
		return nil, fmt.Errorf("%s: %w", c.name, damaged("file", fmt.Errorf("%s: its content has another one", h.Name)))
	}
	return f, nil
}
