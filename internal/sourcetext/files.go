package sourcetext

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"netelf.example/eventlog"
	"netelf.example/message"
)

// Limits of what is read and kept.
const (
	MaxFile  = 256 << 20 // bytes of a PE file, of which only its resources are read
	MaxHeld  = 64 << 20  // bytes of messages of all files
	MaxFiles = 4096      // files
	MaxParts = 64        // .mui files of one file

	maxDirEntries = 1 << 14 // entries of a folder that are looked at for folders of languages
)

// Recheck is how long a file is taken for what it was.
const Recheck = 2 * time.Second

// Options are those of New; nil is fine.
type Options struct {
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // is told of files that cannot be read, once each; nil: nobody
}

// Files are the message files of sources. They may be used by many goroutines.
type Files struct {
	now    func() time.Time
	logger *slog.Logger

	mu    sync.RWMutex
	files map[string]*file // mu
	held  int64            // mu
}

// file is what was found under a path. It is not changed.
type file struct {
	tables  message.Tables
	size    int64     // of the tables
	stamp   []stamp   // of the file and its parts
	checked time.Time // when it was last seen to be the same
	err     error     // why there is nothing, or not all
}

// stamp tells a file from what it becomes when it is written again.
type stamp struct {
	name string
	size int64
	time time.Time
}

// New makes an empty Files.
func New(opts *Options) *Files {
	f := &Files{now: time.Now, logger: slog.New(slog.DiscardHandler), files: map[string]*file{}}
	if opts != nil && opts.Now != nil {
		f.now = opts.Now
	}
	if opts != nil && opts.Logger != nil {
		f.logger = opts.Logger
	}
	return f
}

// Message is the text of an event of src, out of the first of its message files that
// has it, in the language nearest to langs. %%n is the message n of the parameter
// file, and %{S-1-5-18} in a string the name of a well-known SID.
func (f *Files) Message(src *eventlog.Source, langs []message.Lang, e *eventlog.Event) (string, bool) {
	for _, path := range src.MessageFiles {
		if text, ok := f.tables(path).Message(uint32(e.ID), langs...); ok {
			return f.insert(src, langs, text.String(), e.Strings), true
		}
	}
	return "", false
}

// Category is the name of a category of src.
func (f *Files) Category(src *eventlog.Source, langs []message.Lang, category uint16) (string, bool) {
	if category == 0 || src.CategoryFile == "" || src.CategoryCount > 0 && uint32(category) > src.CategoryCount {
		return "", false
	}
	text, ok := f.tables(src.CategoryFile).Message(uint32(category), langs...)
	if !ok {
		return "", false
	}
	return f.insert(src, langs, text.String(), nil), true
}

func (f *Files) insert(src *eventlog.Source, langs []message.Lang, text string, values []string) string {
	opts := message.Options{SID: message.AccountName}
	if src.ParameterFile != "" {
		opts.Param = func(id uint32) (string, bool) {
			p, ok := f.tables(src.ParameterFile).Message(id, langs...)
			if !ok {
				return "", false
			}
			return p.String(), true
		}
	}
	return string(message.Insert(nil, text, values, &opts))
}

// Check says what is wrong with a message file, and which texts are in it.
func (f *Files) Check(path string) (message.Tables, error) {
	got := read(path)
	return got.tables, got.err
}

// tables are those of a path, none if it has none.
func (f *Files) tables(path string) message.Tables {
	now := f.now()
	f.mu.RLock()
	have := f.files[path]
	f.mu.RUnlock()
	if have != nil && now.Before(have.checked.Add(Recheck)) && !now.Before(have.checked) {
		return have.tables
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if again := f.files[path]; again != have && again != nil {
		return again.tables // somebody else has just looked
	}
	if have != nil && have.same() {
		same := *have
		same.checked = now
		f.files[path] = &same
		return same.tables
	}
	got := read(path)
	got.checked = now
	if got.err != nil && (have == nil || have.err == nil || have.err.Error() != got.err.Error()) {
		f.logger.Warn("message file", "path", path, "error", got.err)
	}
	if have != nil {
		f.held -= have.size
	}
	if f.held+got.size > MaxHeld || len(f.files) >= MaxFiles {
		f.files, f.held = map[string]*file{}, 0
	}
	f.files[path] = got
	f.held += got.size
	return got.tables
}

// same says whether a file is as it was.
func (f *file) same() bool {
	for _, s := range f.stamp {
		if st, err := os.Stat(s.name); err != nil && !s.time.IsZero() || err == nil && (st.Size() != s.size || !st.ModTime().Equal(s.time)) {
			return false
		}
	}
	return true
}

// read reads the file of a path.
func read(path string) *file {
	got := &file{stamp: []stamp{{name: path}}}
	if err := usable(path); err != nil {
		got.stamp, got.err = nil, err
		return got
	}
	in, size, err := open(path)
	if err != nil {
		got.err = err
		return got
	}
	defer in.Close() // it was only read from
	got.stamp[0] = stampOf(path, in)
	var head [2]byte
	if n, err := in.ReadAt(head[:], 0); n < 2 {
		if err == nil || err == io.EOF {
			err = errors.New("empty")
		}
		got.err = fmt.Errorf("%s: %w", path, err)
		return got
	}
	if string(head[:]) != "MZ" {
		got.tables, got.err = readMC(in, size)
	} else {
		var errs []error
		for _, part := range append(Parts(path), path) { // the texts of .mui files are asked first
			tables, st, err := readPE(part)
			if part != path {
				got.stamp = append(got.stamp, st)
			}
			got.tables = append(got.tables, tables...)
			errs = append(errs, err)
		}
		got.err = errors.Join(errs...)
	}
	if got.err != nil {
		got.err = fmt.Errorf("%s: %w", path, got.err)
	}
	for _, t := range got.tables {
		got.size += int64(len(t.Bytes()))
	}
	if got.size > MaxHeld {
		got.tables, got.size = nil, 0
		got.err = fmt.Errorf("%s: messages of more than %d bytes: %w", path, MaxHeld, eventlog.ErrTooLarge)
	}
	return got
}

// usable says whether a path of a source is one that is opened.
func usable(path string) error {
	switch {
	case strings.HasPrefix(path, `\\`), strings.HasPrefix(path, "//"):
		return fmt.Errorf("%s: not a file of this machine", path)
	case !filepath.IsAbs(path):
		return fmt.Errorf("%s: not the whole path of a file of this machine", path)
	}
	return nil
}

// open opens a regular file. A pipe is neither opened nor waited for.
func open(path string) (*os.File, int64, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = &os.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	if err == nil && st.Size() > MaxFile {
		err = fmt.Errorf("%s: %d bytes, and %d is the limit: %w", path, st.Size(), MaxFile, eventlog.ErrTooLarge)
	}
	if err != nil {
		_ = f.Close() // nothing was done with it
		return nil, 0, err
	}
	return f, st.Size(), nil
}

func stampOf(path string, f *os.File) stamp {
	st, err := f.Stat()
	if err != nil {
		return stamp{name: path} // it is read again next time
	}
	return stamp{path, st.Size(), st.ModTime()}
}

func readMC(in *os.File, size int64) (message.Tables, error) {
	if size > message.MaxSource {
		return nil, fmt.Errorf("%d bytes, and %d is the limit of text: %w", size, message.MaxSource, eventlog.ErrTooLarge)
	}
	b, err := io.ReadAll(io.NewSectionReader(in, 0, size))
	if err != nil {
		return nil, err
	}
	source, err := message.ParseMC(b)
	if source == nil {
		return nil, err
	}
	tables, errCompile := source.Compile()
	return tables, errors.Join(err, errCompile)
}

func readPE(path string) (message.Tables, stamp, error) {
	in, size, err := open(path)
	if err != nil {
		return nil, stamp{name: path}, err
	}
	defer in.Close() // it was only read from
	st := stampOf(path, in)
	pe, err := message.OpenPE(in, size)
	if err != nil {
		return nil, st, err
	}
	tables, err := pe.Tables()
	return tables, st, errors.Join(append(pe.Damage(), err)...)
}

// Parts are the .mui files of a PE file: those of its name in folders beside it that
// are named like a language, in the order of the names.
func Parts(path string) []string {
	dir, base := filepath.Split(path)
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return nil
	}
	defer d.Close() // it was only read from
	entries, _ := d.ReadDir(maxDirEntries)
	var list []string
	for _, e := range entries {
		if lang, err := message.ParseLang(e.Name()); err != nil || !eventlog.EqualFold(lang.String(), e.Name()) || lang == message.Neutral {
			continue
		}
		name := filepath.Join(dir, e.Name(), base+".mui")
		if st, err := os.Stat(name); err == nil && st.Mode().IsRegular() {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list[:min(len(list), MaxParts)]
}
