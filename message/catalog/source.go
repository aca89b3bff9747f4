package catalog

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Limits of what a catalogue says of sources and files.
const (
	MaxName        = 1024    // bytes of a name of a source, log, file or definition, and of where something is from
	MaxPath        = 4096    // bytes of a path
	MaxSourceFiles = 64      // message files of a source
	MaxSources     = 1 << 16 // sources that are listed
	MaxFiles       = 1 << 17 // files that are listed
)

// Source is a source of events and where its texts are.
type Source struct {
	// Source has the paths as the registry does. Log "" is a source whose log
	// nobody said: it stands in for every log.
	eventlog.Source

	// GUID is that of its provider; zero: none.
	GUID nt.GUID

	// Files are the files of the catalogue that its paths are, by path as it is
	// written above. A path that is not in it means all files of its name.
	Files map[string]FileID

	// Guessed marks a source that is only the name of a file. It gives way to any
	// other source of its name.
	Guessed bool

	Origin string    // where it is from, for people
	Added  time.Time // when; whole seconds. zero: Update fills it
}

// kinds of a source's files, in the column source_file.kind.
const (
	kindMessage = iota
	kindCategory
	kindParameter
)

// paths are the paths of a kind.
func (s *Source) paths(kind int) []string {
	one := func(p string) []string {
		if p == "" {
			return nil
		}
		return []string{p}
	}
	switch kind {
	case kindCategory:
		return one(s.CategoryFile)
	case kindParameter:
		return one(s.ParameterFile)
	}
	return s.MessageFiles
}

// allPaths are the paths of all kinds.
func (s *Source) allPaths() []string {
	var list []string
	for kind := kindMessage; kind <= kindParameter; kind++ {
		list = append(list, s.paths(kind)...)
	}
	return list
}

// check says what is wrong with a source.
func (s *Source) check() error {
	if s.Name == "" {
		return errors.New("a source without a name")
	}
	for _, v := range []struct {
		what, s string
		limit   int
	}{{"name", s.Name, MaxName}, {"log", s.Log, MaxName}, {"origin", s.Origin, MaxName}} {
		if err := checkText(v.s, v.limit); err != nil {
			return fmt.Errorf("source %q: %s: %w", clip(s.Name), v.what, err)
		}
	}
	if len(s.MessageFiles) > MaxSourceFiles {
		return fmt.Errorf("source %q: %w", s.Name, over("message files", int64(len(s.MessageFiles)), MaxSourceFiles))
	}
	for _, p := range s.allPaths() {
		if err := checkText(p, MaxPath); err != nil {
			return fmt.Errorf("source %q: path %q: %w", s.Name, clip(p), err)
		}
		if Base(p) == "" {
			return fmt.Errorf("source %q: path %q: no file's name at its end", s.Name, clip(p))
		}
	}
	return nil
}

// checkText says what is wrong with a name or a path.
func checkText(s string, limit int) error {
	if len(s) > limit {
		return over("bytes", int64(len(s)), int64(limit))
	}
	if !utf8.ValidString(s) {
		return errors.New("not UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return fmt.Errorf("control character U+%04X", r)
		}
	}
	return nil
}

// Base is the last part of a Windows or Unix path, the name by which files are
// found: "netevent.dll" of `%SystemRoot%\System32\netevent.dll`.
func Base(path string) string {
	return path[strings.LastIndexAny(path, `\/:`)+1:]
}
