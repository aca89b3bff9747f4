package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/internal/worded"
)

// catalogName is the file of a data directory that says which logs and sources
// there are: a JSON object of "version", "logs" and "sources", where a log is a
// logEntry and a source is a Source. It is written whole, aside, and renamed.
const catalogName = "catalog.json"

// catalogVersion is the only version there is. A file of another one is not read:
// what it says besides could be a rule of access.
const catalogVersion = 1

// Limits of a catalogue.
const (
	maxLogs        = 1024
	maxSources     = 16384
	maxCatalogSize = 16 << 20 // bytes of the file
)

// logEntry is what is known of a log besides its file. MaxSize and Retention are
// those of the file's header, in which they can change: the entry keeps with what
// the file is made, if the service ends before it is there.
type logEntry struct {
	Name      string    `json:"name"`                // as it was first given
	SDDL      string    `json:"sddl,omitempty"`      // "": the default
	Created   time.Time `json:"created,omitzero"`    // zero: with the directory
	MaxSize   uint32    `json:"max_size,omitempty"`  // bytes, of a new file; 0: the service's default
	Retention uint32    `json:"retention,omitempty"` // seconds, of a new file; 0: overwrite as needed
}

// catalog is the logs and sources of a data directory. It may be used by many
// goroutines; readers wait for nobody. A change is on disk when the method that
// makes it returns without an error; with one it is not made here, and unless the
// directory could not be synced, not on disk either.
type catalog struct {
	dir   dirFS
	fresh bool // there was no file

	mu    sync.Mutex // held by whoever changes
	state atomic.Pointer[catalogState]
}

// catalogState is one state of a catalogue and is never changed. The keys are
// names as eventlog.Fold leaves them.
type catalogState struct {
	logs    map[string]logEntry
	sources map[string]Source
}

// loadCatalog reads the catalogue of a directory. Where there is none it has the
// standard logs, and nothing is written.
func loadCatalog(dir dirFS) (*catalog, error) {
	c := &catalog{dir: dir}
	s := &catalogState{logs: map[string]logEntry{}, sources: map[string]Source{}}
	b, err := dir.ReadFile(catalogName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.fresh = true
	case err != nil:
		return nil, err
	default:
		if err := s.decode(b); err != nil {
			return nil, err
		}
	}
	for _, name := range standardLogs {
		if key := eventlog.Fold(name); s.logs[key].Name == "" {
			s.logs[key] = logEntry{Name: name}
		}
	}
	c.state.Store(s)
	return c, nil
}

// save writes the catalogue as it is, which a fresh one needs once.
func (c *catalog) save() error { return c.change(func(*catalogState) error { return nil }) }

// change makes a change, if it can be written.
func (c *catalog) change(do func(*catalogState) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.state.Load()
	s := &catalogState{logs: maps.Clone(old.logs), sources: maps.Clone(old.sources)}
	if err := do(s); err != nil {
		return err
	}
	b, err := s.encode()
	if err != nil {
		return err
	}
	if err := writeAside(c.dir, catalogName, b); err != nil {
		return fmt.Errorf("write %s: %w", catalogName, err)
	}
	c.state.Store(s)
	return nil
}

// log is the log of a name, in which case does not count.
func (c *catalog) log(name string) (logEntry, bool) {
	e, ok := c.state.Load().logs[eventlog.Fold(name)]
	return e, ok
}

// logs is all logs, sorted by name.
func (c *catalog) logs() []logEntry { return sortedByKey(c.state.Load().logs) }

// addLog adds a log. A name that a log or a source of another log has is
// fs.ErrExist.
func (c *catalog) addLog(e logEntry) error {
	return c.change(func(s *catalogState) error {
		if err := s.addLog(e); err != nil {
			return err
		}
		if e.SDDL == "" {
			return nil
		}
		return checkSDDL(e.SDDL)
	})
}

func (s *catalogState) addLog(e logEntry) error {
	if err := checkLogName(e.Name); err != nil {
		return err
	}
	if len(s.logs) >= maxLogs {
		return fmt.Errorf("log %s: there are %d logs, which is the limit: %w", e.Name, maxLogs, eventlog.ErrTooLarge)
	}
	key := eventlog.Fold(e.Name)
	if old, ok := s.logs[key]; ok {
		return worded.Errorf(fs.ErrExist, "there is a log %s already", old.Name)
	}
	if src, ok := s.source(key); ok && eventlog.Fold(src.Log) != key {
		return worded.Errorf(fs.ErrExist, "log %s: it is the name of a source of log %s", e.Name, src.Log)
	}
	e.Created = e.Created.UTC().Round(0)
	s.logs[key] = e
	return nil
}

// removeLog removes a log and, as NT does, its sources.
func (c *catalog) removeLog(name string) error {
	return c.change(func(s *catalogState) error {
		key, e, err := s.find(name)
		if err != nil {
			return err
		}
		if isStandardLog(name) {
			return fmt.Errorf("log %s is always there and is not deleted: %w", e.Name, eventlog.ErrInvalid)
		}
		delete(s.logs, key)
		maps.DeleteFunc(s.sources, func(_ string, src Source) bool { return eventlog.EqualFold(src.Log, name) })
		return nil
	})
}

// setSDDL gives a log other rules; "" is the default.
func (c *catalog) setSDDL(name, sddl string) error {
	return c.change(func(s *catalogState) error {
		key, e, err := s.find(name)
		if err != nil {
			return err
		}
		if sddl != "" {
			if err := checkSDDL(sddl); err != nil {
				return err
			}
		}
		e.SDDL = sddl
		s.logs[key] = e
		return nil
	})
}

func noLog(name string) error {
	return worded.Errorf(fs.ErrNotExist, "there is no log %s", quote.Short(name))
}

func (s *catalogState) find(name string) (key string, e logEntry, err error) {
	key = eventlog.Fold(name)
	e, ok := s.logs[key]
	if !ok {
		err = noLog(name)
	}
	return key, e, err
}

func sortedByKey[T any](m map[string]T) []T {
	list := make([]T, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[key])
	}
	return list
}

// encode is the file's text, the same for the same state.
func (s *catalogState) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Version int        `json:"version"`
		Logs    []logEntry `json:"logs"`
		Sources []Source   `json:"sources"`
	}{catalogVersion, sortedByKey(s.logs), sortedByKey(s.sources)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", catalogName, err, eventlog.ErrInvalid)
	}
	if b.Len() > maxCatalogSize {
		return nil, fmt.Errorf("%s: %d bytes, at most %d: %w", catalogName, b.Len(), maxCatalogSize, eventlog.ErrTooLarge)
	}
	return b.Bytes(), nil
}

// decode reads the file's text into an empty state. Errors are
// *eventlog.FormatError and name line, offset and key.
func (s *catalogState) decode(b []byte) error {
	if len(b) > maxCatalogSize {
		return catalogError(b, 0, "", fmt.Errorf("%d bytes, at most %d", len(b), maxCatalogSize))
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return catalogError(b, i, "", errors.New("not valid UTF-8"))
		}
		i += n
	}
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		at := 0
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = max(int(syntax.Offset)-1, 0)
		}
		field, err := kindError(err)
		return catalogError(b, at, field, err)
	}
	if head.Version == nil {
		return catalogError(b, 0, "version", errors.New("there is none"))
	}
	if *head.Version != catalogVersion {
		return catalogError(b, 0, "version", fmt.Errorf("have %d, want %d: it is of another netelf", *head.Version, catalogVersion))
	}

	// Entry by entry, so that the place of each is known.
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return catalogError(b, 0, "", errors.New("not an object"))
	}
	seen := map[string]bool{}
	var sources []placed[Source]
	for d.More() {
		at := entryOffset(b, d)
		t, err := d.Token()
		key, _ := t.(string)
		if err == nil && seen[key] {
			err = errors.New("it stands there twice")
		}
		seen[key] = true
		if err == nil {
			switch key {
			case "version":
				_, err = d.Token()
			case "logs":
				var logs []placed[logEntry]
				if logs, err = decodeList[logEntry](b, d, key); err == nil {
					err = s.addLogs(b, logs)
				}
			case "sources":
				sources, err = decodeList[Source](b, d, key)
			default:
				err = errors.New("unknown key")
			}
		}
		if err != nil {
			var format *eventlog.FormatError
			if errors.As(err, &format) {
				return err
			}
			return catalogError(b, at, key, err)
		}
	}
	for _, src := range sources { // when all logs are known
		if err := s.addSource(src.v, false); err != nil {
			return catalogError(b, src.at, src.field, err)
		}
	}
	return nil
}

func (s *catalogState) addLogs(b []byte, logs []placed[logEntry]) error {
	for _, l := range logs {
		if err := s.addLog(l.v); err != nil {
			return catalogError(b, l.at, l.field+".name", err)
		}
		if l.v.SDDL == "" {
			continue
		}
		// Rules that are understood to allow nothing to anybody are no reason not
		// to start.
		if _, err := parseAccess(l.v.SDDL); err != nil {
			return catalogError(b, l.at, l.field+".sddl", err)
		}
	}
	return nil
}

// placed is an entry and where it stands.
type placed[T any] struct {
	v     T
	field string
	at    int
}

// decodeList reads an array, or null.
func decodeList[T any](b []byte, d *json.Decoder, key string) (list []placed[T], err error) {
	t, err := d.Token()
	if err != nil || t == nil {
		return nil, err
	}
	if t != json.Delim('[') {
		return nil, errors.New("not an array")
	}
	for d.More() {
		p := placed[T]{field: fmt.Sprintf("%s[%d]", key, len(list)), at: entryOffset(b, d)}
		if err := d.Decode(&p.v); err != nil {
			field, err := kindError(err)
			if field != "" {
				field = "." + field
			}
			return nil, catalogError(b, p.at, p.field+field, err)
		}
		list = append(list, p)
	}
	_, err = d.Token()
	return list, err
}

// kindError says of a value of the wrong kind which it is, in words of JSON; other
// errors are left as they are.
func kindError(err error) (field string, _ error) {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return "", err
	}
	want := "a number that fits"
	switch kind.Type.Kind() {
	case reflect.Struct:
		want = "an object"
	case reflect.Slice:
		want = "an array"
	case reflect.String:
		want = "a string"
	}
	return kind.Field, fmt.Errorf("have %s, want %s", kind.Value, want)
}

// entryOffset is where what d reads next begins.
func entryOffset(b []byte, d *json.Decoder) int {
	at := int(d.InputOffset())
	for at < len(b) && bytes.IndexByte([]byte(" \t\r\n,"), b[at]) >= 0 {
		at++
	}
	return at
}

func catalogError(b []byte, at int, field string, err error) error {
	at = min(at, len(b))
	line := 1 + bytes.Count(b[:at], []byte{'\n'})
	return &eventlog.FormatError{Format: "json", Struct: catalogName, Field: field, Offset: int64(at), Err: fmt.Errorf("line %d: %w", line, err)}
}
