package catalog

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"netelf.example/eventlog"
	"netelf.example/message"
)

const (
	// ApplicationID stands in the header of the SQLite file: "nElf".
	ApplicationID = 0x6e456c66
	// Version is that of the schema, SQLite's user_version. Version 1, which has no maps,
	// is read as well, and becomes this one when it is opened for changes.
	Version = 2
)

// MaxSize is how many bytes a catalogue may have that Open takes.
const MaxSize = 4 << 30

// schema is what a catalogue has, in the order of its creation. A file whose schema
// differs in one letter is none.
var schema = []struct{ typ, name, sql string }{
	{"table", "source", `CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  log TEXT NOT NULL,
  name TEXT NOT NULL,
  log_key TEXT NOT NULL,
  name_key TEXT NOT NULL,
  category_count INTEGER NOT NULL,
  types INTEGER NOT NULL,
  guid BLOB NOT NULL,
  guessed INTEGER NOT NULL,
  origin TEXT NOT NULL,
  added INTEGER NOT NULL
) STRICT`},
	{"index", "source_name", `CREATE UNIQUE INDEX source_name ON source (name_key, log_key)`},
	{"index", "source_guid", `CREATE INDEX source_guid ON source (guid) WHERE guid <> x'00000000000000000000000000000000'`},
	{"table", "source_file", `CREATE TABLE source_file (
  source INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  path TEXT NOT NULL,
  hash BLOB,
  PRIMARY KEY (source, kind, ord)
) STRICT, WITHOUT ROWID`},
	{"table", "file", `CREATE TABLE file (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  version TEXT NOT NULL,
  origin TEXT NOT NULL,
  added INTEGER NOT NULL
) STRICT`},
	{"index", "file_hash", `CREATE UNIQUE INDEX file_hash ON file (hash)`},
	{"index", "file_name", `CREATE INDEX file_name ON file (name_key, added)`},
	{"table", "message_table", `CREATE TABLE message_table (
  id INTEGER PRIMARY KEY,
  file INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  lang INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT`},
	{"index", "message_table_file", `CREATE UNIQUE INDEX message_table_file ON message_table (file, ord, lang, messages)`},
	{"table", "provider", `CREATE TABLE provider (
  id INTEGER PRIMARY KEY,
  file INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  guid BLOB NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  message_id INTEGER NOT NULL
) STRICT`},
	{"index", "provider_file", `CREATE UNIQUE INDEX provider_file ON provider (file, ord)`},
	{"index", "provider_guid", `CREATE INDEX provider_guid ON provider (guid)`},
	{"index", "provider_name", `CREATE INDEX provider_name ON provider (name_key)`},
	{"table", "provider_event", `CREATE TABLE provider_event (
  provider INTEGER NOT NULL,
  event INTEGER NOT NULL,
  version INTEGER NOT NULL,
  channel INTEGER NOT NULL,
  level INTEGER NOT NULL,
  opcode INTEGER NOT NULL,
  task INTEGER NOT NULL,
  keywords INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY (provider, event, version)
) STRICT, WITHOUT ROWID`},
	{"table", "provider_definition", `CREATE TABLE provider_definition (
  provider INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  value INTEGER NOT NULL,
  task INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  guid BLOB NOT NULL,
  PRIMARY KEY (provider, kind, value, task)
) STRICT, WITHOUT ROWID`},
	{"table", "provider_map", `CREATE TABLE provider_map (
  provider INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  name TEXT NOT NULL,
  bits INTEGER NOT NULL,
  PRIMARY KEY (provider, ord)
) STRICT, WITHOUT ROWID`},
	{"table", "provider_map_entry", `CREATE TABLE provider_map_entry (
  provider INTEGER NOT NULL,
  map INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  value INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY (provider, map, ord)
) STRICT, WITHOUT ROWID`},
	{"table", "provider_mapped", `CREATE TABLE provider_mapped (
  provider INTEGER NOT NULL,
  event INTEGER NOT NULL,
  version INTEGER NOT NULL,
  item INTEGER NOT NULL,
  map INTEGER NOT NULL,
  PRIMARY KEY (provider, event, version, item)
) STRICT, WITHOUT ROWID`},
}

// newTables is how many tables at the end of the schema version 1 has not.
const newTables = 3

// schemaOf is the schema of a version.
func schemaOf(version int) []struct{ typ, name, sql string } {
	if version == 1 {
		return schema[:len(schema)-newTables]
	}
	return schema
}

// ErrReadOnly is the error of a change to a catalogue that was opened for reading.
var ErrReadOnly = errors.New("the catalogue was opened for reading")

// Options are those of Open and Create; nil is fine.
type Options struct {
	// Write opens the file for changes. Create always does. False: for reading.
	Write bool

	// Lang is the languages of texts for which none is named, as message.ParseLangs
	// reads them. "": none
	// in particular, which finds neutral texts first, then English ones.
	Lang string

	// Now is the clock that says when something was added. nil: time.Now.
	Now func() time.Time
}

// Catalog is an open catalogue. It may be used by many goroutines. What another
// process adds may stay unseen until it is opened again.
type Catalog struct {
	name  string
	db    *sql.DB
	conn  *sql.Conn // the only one: limits are set for a connection
	write bool
	// version is that of the file.
	version int
	langs   []message.Lang
	now     func() time.Time

	// cold is held by whoever uses conn. It is taken before warm and before an entry's
	// lock.
	cold   sync.Mutex
	files  map[int64]*heldFile // cold
	named  map[string][]int64  // cold; ids of files by the key of their name
	held   int64               // cold; bytes that the resolver keeps
	read   int64               // cold; bytes of tables that were read for this question
	damage []error             // cold

	maxRead int64 // MaxRead, but in tests

	warm    sync.RWMutex
	entries map[entryKey]*entry // warm
}

// Open opens a catalogue. It fails with an *eventlog.FormatError where the header says
// that the file is none, or of another version, and with a *DamageError where it is
// none inside.
func Open(name string, opts *Options) (*Catalog, error) {
	if opts == nil {
		opts = &Options{}
	}
	c, err := newCatalog(name, opts)
	if err != nil {
		return nil, err
	}
	if err := checkHeader(name); err != nil {
		return nil, err
	}
	if err := c.connect(opts.Write); err != nil {
		return nil, err
	}
	err = c.checkSchema()
	if err == nil && c.write && c.version < Version {
		err = c.upgrade()
	}
	if err != nil {
		_ = c.shut() // what went wrong is err
		return nil, err
	}
	return c, nil
}

// Create makes a new, empty catalogue and opens it for changes. It fails with
// fs.ErrExist where there is a file of that name.
func Create(name string, opts *Options) (*Catalog, error) {
	if opts == nil {
		opts = &Options{}
	}
	c, err := newCatalog(name, opts)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	err = f.Close()
	if err == nil {
		err = c.connect(true)
	}
	if err == nil {
		if err = c.makeSchema(); err != nil {
			_ = c.shut() // the error of makeSchema counts
		}
	}
	if err != nil {
		_ = os.Remove(name) // it is ours, and empty
		return nil, err
	}
	return c, nil
}

func newCatalog(name string, opts *Options) (*Catalog, error) {
	c := &Catalog{name: name, now: opts.Now, maxRead: MaxRead}
	if c.now == nil {
		c.now = time.Now
	}
	if opts.Lang != "" {
		list, err := message.ParseLangs(opts.Lang)
		if err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", name, err)
		}
		c.langs = list
	}
	c.forget()
	return c, nil
}

// Close closes the file. No text is found after it.
func (c *Catalog) Close() error {
	c.cold.Lock()
	defer c.cold.Unlock()
	c.forget()
	return c.shut()
}

// DamageError is damage in a table of a catalogue. errors.Is(err, eventlog.ErrCorrupt)
// holds.
type DamageError struct {
	Table string // of the schema
	Err   error
}

func (e *DamageError) Error() string { return "catalogue: " + e.Table + ": " + e.Err.Error() }

func (e *DamageError) Unwrap() error { return e.Err }

// Is makes every DamageError an eventlog.ErrCorrupt.
func (e *DamageError) Is(target error) bool { return target == eventlog.ErrCorrupt }

func damaged(table string, err error) error { return &DamageError{table, err} }

// bad is the error of a file whose header is not that of a catalogue.
func bad(structure, field string, offset int64, err error) error {
	return &eventlog.FormatError{Format: "catalogue", Struct: structure, Field: field, Offset: offset, Err: err}
}

// over says that a number is beyond a limit.
func over(what string, have, limit int64) error {
	return fmt.Errorf("%d %s, and %d is the limit: %w", have, what, limit, eventlog.ErrTooLarge)
}

// checkHeader looks at the header of the file before SQLite does.
func checkHeader(name string) error {
	st, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	if st.Size() > MaxSize {
		return fmt.Errorf("catalogue %s: %w", name, over("bytes", st.Size(), MaxSize))
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	var b [100]byte
	n, err := io.ReadFull(f, b[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("catalogue %s: %w", name, err)
	}
	if err := header(b[:n]); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// header judges the first 100 bytes of a catalogue, the header of an SQLite file.
func header(b []byte) error {
	const magic = "SQLite format 3\x00"
	if len(b) < 100 {
		return bad("header", "", 0, fmt.Errorf("need 100 bytes, have %d", len(b)))
	}
	if string(b[:len(magic)]) != magic {
		return bad("header", "magic", 0, errors.New("not an SQLite file"))
	}
	if b[18] != 1 || b[19] != 1 {
		return bad("header", "format versions", 18, fmt.Errorf("have %d and %d, want 1 and 1: no write-ahead log", b[18], b[19]))
	}
	if id := binary.BigEndian.Uint32(b[68:]); id != ApplicationID {
		return bad("header", "application_id", 68, fmt.Errorf("have 0x%08x, want 0x%08x: not a message catalogue", id, ApplicationID))
	}
	if v := binary.BigEndian.Uint32(b[60:]); v < 1 || v > Version {
		return bad("header", "user_version", 60, fmt.Errorf("version %d of the catalogue, want 1 to %d", v, Version))
	}
	return nil
}

// limitLength is the longest value that SQLite makes or reads for us, and
// limitAttached how many other files a statement may attach.
const (
	sqliteLimitLength   = 0
	sqliteLimitAttached = 7
	limitLength         = message.MaxResource + 1<<16
)

func (c *Catalog) connect(write bool) error {
	abs, err := filepath.Abs(c.name)
	if err != nil {
		return err
	}
	path := filepath.ToSlash(abs)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	q := url.Values{"mode": {"ro"}, "_defensive": {"1"}, "_error_rc": {"1"}, "_busy_timeout": {"5000"}, "_txlock": {"deferred"}, "_dqs": {"0"},
		"_pragma": {"trusted_schema(0)", "cell_size_check(1)", "mmap_size(0)", "temp_store(2)"}}
	if write {
		q.Set("mode", "rw")
		q.Set("_txlock", "immediate")
		q.Set("_synchronous", "FULL")
	} else {
		q.Set("_query_only", "1")
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	connector, err := sqlite.NewConnector(u.String())
	if err != nil {
		return fmt.Errorf("catalogue %s: %w", c.name, err)
	}
	c.write = write
	c.db = sql.OpenDB(connector)
	c.db.SetMaxOpenConns(1)
	c.conn, err = c.db.Conn(context.Background())
	if err == nil {
		_, err = sqlite.Limit(c.conn, sqliteLimitLength, limitLength)
	}
	if err == nil {
		_, err = sqlite.Limit(c.conn, sqliteLimitAttached, 0)
	}
	if err != nil {
		_ = c.shut() // the first error counts
		return c.wrap("open", err)
	}
	return nil
}

// shut closes the one connection, and what stands around it.
func (c *Catalog) shut() error {
	var err error
	if c.conn != nil {
		err = c.conn.Close()
	}
	return errors.Join(err, c.db.Close())
}

// wrap adds the place to an error of SQLite. What says that the file is damaged is
// a DamageError.
func (c *Catalog) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff {
		case 11, 26: // SQLITE_CORRUPT, SQLITE_NOTADB
			return fmt.Errorf("%s: %w", c.name, damaged(what, err))
		}
	}
	return fmt.Errorf("catalogue %s: %s: %w", c.name, what, err)
}

func (c *Catalog) makeSchema() error {
	list := []string{fmt.Sprintf("PRAGMA application_id = %d", ApplicationID), fmt.Sprintf("PRAGMA user_version = %d", Version)}
	for _, s := range schema {
		list = append(list, s.sql)
	}
	c.version = Version
	return c.execAll("create", list)
}

// upgrade makes this version of an older one. Another process may have done it
// meanwhile: then there is nothing to do.
func (c *Catalog) upgrade() error {
	list := []string{fmt.Sprintf("PRAGMA user_version = %d", Version)}
	for _, s := range schema[len(schemaOf(c.version)):] {
		list = append(list, strings.Replace(s.sql, "CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1))
	}
	if err := c.execAll("upgrade", list); err != nil {
		return err
	}
	return c.checkSchema()
}

// execAll runs statements in one transaction.
func (c *Catalog) execAll(what string, list []string) error {
	tx, err := c.conn.BeginTx(context.Background(), nil)
	if err != nil {
		return c.wrap(what, err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	for _, s := range list {
		if _, err := tx.Exec(s); err != nil {
			return c.wrap(what, err)
		}
	}
	return c.wrap(what, tx.Commit())
}

func (c *Catalog) checkSchema() error {
	if err := c.conn.QueryRowContext(context.Background(), `PRAGMA user_version`).Scan(&c.version); err != nil {
		return c.wrap("schema", err)
	}
	schema := schemaOf(c.version)
	rows, err := c.conn.QueryContext(context.Background(), `SELECT type, name, CASE WHEN octet_length(sql) <= 4096 THEN sql ELSE '' END FROM sqlite_schema
		WHERE sql IS NOT NULL OR name NOT LIKE 'sqlite_autoindex_%' LIMIT ?`, len(schema)+1)
	if err != nil {
		return c.wrap("schema", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err says it
	seen := make([]bool, len(schema))
	for rows.Next() {
		var typ, name, text string
		if err := rows.Scan(&typ, &name, &text); err != nil {
			return c.wrap("schema", err)
		}
		i := slices.IndexFunc(schema, func(s struct{ typ, name, sql string }) bool { return s.name == name })
		if i < 0 || schema[i].typ != typ || schema[i].sql != text || seen[i] {
			return fmt.Errorf("%s: %w", c.name, damaged("schema: "+clip(name), errors.New("not as catalogues have it")))
		}
		seen[i] = true
	}
	if err := rows.Err(); err != nil {
		return c.wrap("schema", err)
	}
	if i := slices.Index(seen, false); i >= 0 {
		return fmt.Errorf("%s: %w", c.name, damaged("schema: "+schema[i].name, errors.New("missing")))
	}
	return nil
}

// clip is s, short enough for an error.
func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
