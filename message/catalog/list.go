package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/message"
)

// notExist is the error of something that the catalogue does not have.
func notExist(what, name string) error {
	return fmt.Errorf("%s %q: %w", what, name, fs.ErrNotExist)
}

// text selects a column as text of at most limit bytes; what is none is NULL, at which
// Scan fails.
func text(column string, limit int) string {
	return fmt.Sprintf("CASE WHEN typeof(%[1]s) = 'text' AND octet_length(%[1]s) <= %[2]d THEN %[1]s END", column, limit)
}

// blob selects a column as bytes, likewise.
func blob(column string, limit int) string {
	return fmt.Sprintf("CASE WHEN typeof(%[1]s) = 'blob' AND octet_length(%[1]s) <= %[2]d THEN %[1]s END", column, limit)
}

// ask runs a query and scans its rows, of which there may be limit. cold is held.
func (c *Catalog) ask(ctx context.Context, what string, limit int, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := c.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return c.wrap(what, err)
	}
	defer func() { _ = rows.Close() }() // rows.Err says it
	for n := 0; rows.Next(); n++ {
		if n == limit {
			return fmt.Errorf("%s: %w", c.name, damaged(what, over("rows or more", int64(limit)+1, int64(limit))))
		}
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", c.name, damaged(what, err))
		}
	}
	return c.wrap(what, rows.Err())
}

// sourceColumns are what scanSource scans.
var sourceColumns = strings.Join([]string{
	"s.id", text("s.log", MaxName), text("s.name", MaxName), "s.category_count", "s.types", blob("s.guid", 16), "s.guessed", text("s.origin", MaxName), "s.added",
}, ", ")

// kept is a source and its id in the file.
type kept struct {
	id int64
	Source
}

func scanSource(rows *sql.Rows) (k kept, err error) {
	var guid []byte
	var added int64
	if err := rows.Scan(&k.id, &k.Log, &k.Name, &k.CategoryCount, &k.Types, &guid, &k.Guessed, &k.Origin, &added); err != nil {
		return k, err
	}
	k.Added = time.Unix(added, 0).UTC()
	k.GUID, err = guidOf(guid)
	return k, err
}

// findSources are the sources of a condition, without their files. cold is held.
func (c *Catalog) findSources(ctx context.Context, limit int, where string, args ...any) (list []kept, err error) {
	err = c.ask(ctx, "source", limit, func(rows *sql.Rows) error {
		k, err := scanSource(rows)
		list = append(list, k)
		return err
	}, `SELECT `+sourceColumns+` FROM source s WHERE `+where, args...)
	return list, err
}

// fill adds the paths of a source. cold is held.
func (c *Catalog) fill(ctx context.Context, k *kept) error {
	err := c.ask(ctx, "source_file", MaxSourceFiles+2, func(rows *sql.Rows) error {
		var kind int
		var path string
		var hash []byte
		if err := rows.Scan(&kind, &path, &hash); err != nil {
			return err
		}
		switch kind {
		case kindMessage:
			k.MessageFiles = append(k.MessageFiles, path)
		case kindCategory:
			k.CategoryFile = path
		case kindParameter:
			k.ParameterFile = path
		default:
			return fmt.Errorf("file of kind %d", kind)
		}
		if hash == nil {
			return nil
		}
		if len(hash) != len(FileID{}) {
			return fmt.Errorf("a hash of %d bytes", len(hash))
		}
		if k.Files == nil {
			k.Files = map[string]FileID{}
		}
		k.Files[path] = FileID(hash)
		return nil
	}, `SELECT kind, `+text("path", MaxPath)+`, `+blob("hash", 64)+` FROM source_file WHERE source = ? ORDER BY kind, ord`, k.id)
	if err != nil {
		return err
	}
	if err := k.check(); err != nil {
		return fmt.Errorf("%s: %w", c.name, damaged("source", err))
	}
	return nil
}

// Summary is a source and how much the catalogue has for it.
type Summary struct {
	Source
	Found     int // of its paths that the catalogue has a file for
	Messages  int // in its message files, in the language that has the most
	Languages []message.Lang
}

// List lists the sources, by log and name, with what there is of their texts. It
// gives at most MaxSources.
func (c *Catalog) List(ctx context.Context) ([]Summary, error) {
	c.cold.Lock()
	defer c.cold.Unlock()
	sources, err := c.findSources(ctx, MaxSources, `1 ORDER BY s.log_key, s.name_key`)
	if err != nil {
		return nil, err
	}
	list := make([]Summary, 0, len(sources))
	for i := range sources {
		k := &sources[i]
		if err := c.fill(ctx, k); err != nil {
			return list, err
		}
		s := Summary{Source: k.Source}
		most := map[message.Lang]int{}
		for kind := kindMessage; kind <= kindParameter; kind++ {
			for _, path := range k.paths(kind) {
				files, err := c.filesOf(ctx, &k.Source, path)
				if err != nil {
					return list, err
				}
				if len(files) > 0 {
					s.Found++
				}
				for _, f := range files {
					if kind == kindMessage {
						for _, t := range f.tables {
							most[t.lang] += t.messages
							s.Messages = max(s.Messages, most[t.lang])
						}
					}
				}
			}
		}
		for l := range most {
			s.Languages = append(s.Languages, l)
		}
		slices.Sort(s.Languages)
		list = append(list, s)
	}
	return list, nil
}

// FileInfo is a file without its texts.
type FileInfo struct {
	ID            FileID
	Name, Version string
	Origin        string
	Added         time.Time
}

// Files lists the files, by name. It gives at most MaxFiles.
func (c *Catalog) Files(ctx context.Context) (list []FileInfo, err error) {
	c.cold.Lock()
	defer c.cold.Unlock()
	err = c.ask(ctx, "file", MaxFiles, func(rows *sql.Rows) error {
		f, err := scanFile(rows)
		list = append(list, f.FileInfo)
		return err
	}, `SELECT `+fileColumns+` FROM file ORDER BY name_key, added, id`)
	return list, err
}

// Found is a text that Show has found.
type Found struct {
	File string // name of the file
	ID   uint32
	Lang message.Lang
	Text string // as it stands in the table, without insertions
}

// Show gives the texts of a message in all languages, in the order in which the
// source's files are asked. An id below 0x10000 is a code and finds every id that has
// it. With log "" the source is that of any log. It is fs.ErrNotExist where there is
// no such source.
func (c *Catalog) Show(ctx context.Context, log, source string, id uint32) ([]Found, error) {
	c.cold.Lock()
	defer c.cold.Unlock()
	where, args := `s.name_key = ?`, []any{eventlog.Fold(source)}
	if log != "" {
		where, args = where+` AND s.log_key = ?`, append(args, eventlog.Fold(log))
	}
	sources, err := c.findSources(ctx, MaxSources, where+` ORDER BY s.log_key`, args...)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, notExist("source", source)
	}
	var list []Found
	var errs []error
	shown := map[int64]bool{}
	for i := range sources {
		k := &sources[i]
		if err := c.fill(ctx, k); err != nil {
			errs = append(errs, err)
			continue
		}
		for _, path := range k.MessageFiles {
			files, err := c.filesOf(ctx, &k.Source, path)
			if err != nil {
				errs = append(errs, err)
			}
			for _, f := range files {
				if shown[f.id] {
					continue
				}
				shown[f.id] = true
				for j := range f.tables {
					tab, err := c.table(ctx, f, j)
					if err != nil {
						errs = append(errs, err)
						continue
					}
					for t, err := range tab.All() {
						if err == nil && (t.ID == id || id <= 0xffff && t.ID&0xffff == id) {
							list = append(list, Found{f.Name, t.ID, t.Lang, t.String()})
							if len(list) == message.MaxMessages {
								return list, errors.Join(append(errs, over("texts or more", message.MaxMessages+1, message.MaxMessages))...)
							}
						}
					}
				}
			}
		}
	}
	return list, errors.Join(errs...)
}
