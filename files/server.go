package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// Options are how to open; nil is fine.
type Options struct {
	MaxOpen int // how many files are open at a time; 0: 128
	Buffer  int // bytes of a file that a cursor holds; 0: 256 KiB, less (down to 16 KiB) where there are many files
}

const (
	defaultMaxOpen = 128

	// The buffers of all files together, and of one.
	allBuffers = 64 << 20
	minBuffer  = 16 << 10
	maxBuffer  = 256 << 10
)

// Server is a file or a folder of files; an eventlog.Server. What is in the
// folder is found out once, by Open.
type Server struct {
	path    string
	single  bool
	logs    []entry // by name
	skipped []Skip
	exact   map[string]int   // into logs, by name
	folded  map[string][]int // by folded name
	pool    *pool
	buffer  int
}

// entry is what Logs lists.
type entry struct {
	name    string
	path    string
	channel string
	err     error // a folder, or what is left of one: why it could not be read
}

// Skip is a file that is or may be an event log and is not read.
type Skip struct {
	Path   string // below the folder, with slashes
	Reason string
}

var _ eventlog.Server = (*Server)(nil)

// Open opens a file or a folder. A folder without any log is an error.
func Open(name string, opts *Options) (*Server, error) {
	if opts == nil {
		opts = new(Options)
	}
	s := &Server{path: name}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		t := &tree{root: name, maxLogs: MaxLogs, maxEntries: MaxEntries}
		if err := t.find(); err != nil {
			return nil, err
		}
		s.logs, s.skipped = t.logs, t.skipped
	default:
		kind, _, err := look(name)
		if err == nil && kind == isEvtx {
			err = &fs.PathError{Op: "read", Path: name, Err: errEvtx}
		}
		if err != nil {
			return nil, err
		}
		s.single = true
		s.logs = []entry{{name: name, path: name, channel: channel(name)}}
	}
	s.exact = make(map[string]int, len(s.logs))
	s.folded = make(map[string][]int, len(s.logs))
	for i := range s.logs {
		n := s.logs[i].name
		s.exact[n] = i
		s.folded[eventlog.Fold(n)] = append(s.folded[eventlog.Fold(n)], i)
	}
	s.pool = newPool(cmp.Or(max(opts.MaxOpen, 0), defaultMaxOpen))
	s.buffer = cmp.Or(max(opts.Buffer, 0), min(max(allBuffers/len(s.logs), minBuffer), maxBuffer))
	return s, nil
}

// Logs implements eventlog.Server. Of each file it reads the few places that say
// what is in it. A log that cannot be read has a name and no more.
func (s *Server) Logs(ctx context.Context) ([]eventlog.Info, error) {
	infos := make([]eventlog.Info, 0, len(s.logs))
	for i := range s.logs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := &s.logs[i]
		info, err := s.info(ctx, e)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		info.Name, info.Channel = e.name, e.channel
		infos = append(infos, info)
	}
	return infos, nil
}

func (s *Server) info(ctx context.Context, e *entry) (eventlog.Info, error) {
	l, err := s.open(e)
	if err != nil {
		return eventlog.Info{}, err
	}
	defer l.Close()
	return l.Info(ctx)
}

// OpenLog implements eventlog.Server. A name that fits several logs, none of
// them exactly, is eventlog.ErrInvalid.
func (s *Server) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	i, ok := s.exact[name]
	if !ok {
		like := s.folded[eventlog.Fold(name)]
		switch len(like) {
		case 0:
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		case 1:
			i = like[0]
		default:
			return nil, fmt.Errorf("log %q is %d files that differ in case: %w", name, len(like), eventlog.ErrInvalid)
		}
	}
	l, err := s.open(&s.logs[i])
	if err != nil {
		return nil, err // not l, which would be a Log that is not nil
	}
	return l, nil
}

func (s *Server) open(e *entry) (*evt.Reader, error) {
	if e.err != nil {
		return nil, e.err
	}
	f, err := s.pool.file(e.path)
	if err != nil {
		return nil, err
	}
	origin := &eventlog.Origin{Log: e.name, Channel: e.channel}
	if !s.single {
		origin.Server = s.path
	}
	r, err := evt.NewReader(f, f.info.Size(), &evt.Options{Origin: origin, Channel: e.channel, Buffer: s.buffer, Closer: f})
	if err != nil {
		_ = f.Close() // it was only read from
		return nil, err
	}
	return r, nil
}

// Close implements eventlog.Server. Logs that are open stay so until they are
// closed themselves.
func (s *Server) Close() error { return nil }

// Match is the logs that a person means by name: the one that has exactly this
// name; or else all that are called so, have a base name like it, with .evt or
// without, or hold the channel of that name. Case does not count. What could not
// be looked into is in it too, since it may hold such a log.
func (s *Server) Match(name string) []string {
	if _, ok := s.exact[name]; ok {
		return []string{name}
	}
	var names []string
	for i := range s.logs {
		e := &s.logs[i]
		base := path.Base(slashes(e.name))
		if e.err != nil || eventlog.EqualFold(name, e.name) || eventlog.EqualFold(name, base) ||
			eventlog.EqualFold(name, stem(base)) || e.channel != "" && eventlog.EqualFold(name, e.channel) {
			names = append(names, e.name)
		}
	}
	return names
}

// Skipped is what in the folder is or may be an event log and is not read, by
// path.
func (s *Server) Skipped() []Skip { return slices.Clone(s.skipped) }

// errEvtx is an errors.ErrUnsupported with a text of its own.
var errEvtx error = unsupported("it is an .evtx file, which this version does not read")

type unsupported string

func (e unsupported) Error() string        { return string(e) }
func (e unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

// stem is a file's name without .evt.
func stem(base string) string {
	if hasExt(base, ".evt") {
		return base[:len(base)-len(".evt")]
	}
	return base
}

func hasExt(name, ext string) bool {
	return len(name) > len(ext) && strings.EqualFold(name[len(name)-len(ext):], ext)
}

// channels are the names that Windows NT gives the files of its three logs, and
// those of the logs themselves.
var channels = map[string]string{
	"sysevent": "System", "system": "System",
	"secevent": "Security", "security": "Security",
	"appevent": "Application", "application": "Application",
}

// channel is what the records of a file with this name are of, "" if it does not
// say.
func channel(name string) string {
	return channels[strings.ToLower(stem(path.Base(slashes(name))))]
}
