package files

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/evtx"
)

// Options are how to open; nil is fine.
type Options struct {
	MaxOpen int // how many files are open at a time; 0: 128
	Buffer  int // bytes of an .evt file that a cursor holds; 0: 256 KiB, less (down to 16 KiB) where there are many files
	Beside  int // how many other files and folders are read at the same time, which share memory and cores with this one; 0: none

	// NoVerify leaves the checksums of .evtx files alone; false: what does not agree
	// with them is said, and read all the same.
	NoVerify bool

	// PollMin and PollMax are how often a log that is followed is looked at: after
	// PollMin, and, while nothing comes, in times that get longer up to PollMax; 0:
	// 250 ms, 4 s.
	PollMin, PollMax time.Duration
}

const (
	defaultMaxOpen = 128
	defaultPollMin = 250 * time.Millisecond
	defaultPollMax = 4 * time.Second

	// The buffers of all files together, and of one.
	allBuffers = 64 << 20
	minBuffer  = 16 << 10
	maxBuffer  = 256 << 10

	// Goroutines that decode the chunks of files ahead, of all that are read beside each
	// other; and as many as are worth it.
	maxParallel = 4
	minParallel = 2
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

	pollMin, pollMax time.Duration

	noVerify bool
	parallel int // goroutines that decode a file's chunks ahead
}

// entry is what Logs lists.
type entry struct {
	name    string
	path    string
	channel string
	evtx    bool  // it is read as an .evtx file
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
		if err != nil {
			return nil, err
		}
		s.single = true
		s.logs = []entry{entryOf(name, name, kind)}
	}
	s.exact = make(map[string]int, len(s.logs))
	s.folded = make(map[string][]int, len(s.logs))
	for i := range s.logs {
		n := s.logs[i].name
		s.exact[n] = i
		s.folded[eventlog.Fold(n)] = append(s.folded[eventlog.Fold(n)], i)
	}
	s.pool = newPool(cmp.Or(max(opts.MaxOpen, 0), defaultMaxOpen))
	s.noVerify = opts.NoVerify
	s.pollMin = cmp.Or(max(opts.PollMin, 0), defaultPollMin)
	s.pollMax = cmp.Or(max(opts.PollMax, 0), defaultPollMax)
	share := func(all int) int { return all / len(s.logs) / (1 + max(opts.Beside, 0)) }
	if n := share(min(runtime.GOMAXPROCS(0), maxParallel)); n >= minParallel {
		s.parallel = n
	}
	s.buffer = cmp.Or(max(opts.Buffer, 0), min(max(share(allBuffers), minBuffer), maxBuffer))
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
		info.Name, info.Channel = e.name, cmp.Or(info.Channel, e.channel)
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
	return s.open(&s.logs[i])
}

func (s *Server) open(e *entry) (eventlog.Log, error) {
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
	l, err := s.reader(e, f, f.info.Size(), origin, s.parallel)
	if err != nil {
		_ = f.Close() // it was only read from
		return nil, err
	}
	return l, nil
}

func (s *Server) reader(e *entry, f *file, size int64, origin *eventlog.Origin, parallel int) (eventlog.Log, error) {
	if e.evtx {
		return asLog(evtx.NewReader(f, size, &evtx.Options{
			Origin: origin, NoVerify: s.noVerify, Parallel: parallel, Closer: f,
			Follow: func(ctx context.Context, r *evtx.Reader, sel *eventlog.Selection) (eventlog.Cursor, error) {
				return s.follow(ctx, e, f, origin, r, sel)
			},
		}))
	}
	return asLog(evt.NewReader(f, size, &evt.Options{
		Origin: origin, Channel: e.channel, Buffer: s.buffer, Closer: f,
		Follow: func(ctx context.Context, r *evt.Reader, sel *eventlog.Selection) (eventlog.Cursor, error) {
			return s.follow(ctx, e, f, origin, r, sel)
		},
	}))
}

// asLog is l, or nil with an error and not a Log that holds a nil pointer.
func asLog[L eventlog.Log](l L, err error) (eventlog.Log, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Close implements eventlog.Server. Logs that are open stay so until they are
// closed themselves.
func (s *Server) Close() error { return nil }

// Match is the logs that a person means by name: the one that has exactly this
// name; or else all that are called so, have a base name like it, with .evt or
// .evtx or without, or hold the channel of that name. Case does not count. What could not
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

// stem is a file's name without .evt or .evtx.
func stem(base string) string {
	for _, ext := range extensions {
		if hasExt(base, ext) {
			return base[:len(base)-len(ext)]
		}
	}
	return base
}

// extensions are those of event logs.
var extensions = [...]string{".evt", ".evtx"}

// called says whether a file has the name of an event log.
func called(name string) bool { return stem(name) != name }

func hasExt(name, ext string) bool {
	return len(name) > len(ext) && strings.EqualFold(name[len(name)-len(ext):], ext)
}

// entryOf is the log that a file is: what it is is said by its first bytes, and
// where they say nothing, by its name.
func entryOf(name, path string, k kind) entry {
	return entry{name: name, path: path, channel: channel(name), evtx: k == isEvtx || k == isOther && hasExt(name, ".evtx")}
}

// channels are the names that Windows NT gives the files of its three logs, and
// those of the logs themselves.
var channels = map[string]string{
	"sysevent": "System", "system": "System",
	"secevent": "Security", "security": "Security",
	"appevent": "Application", "application": "Application",
}

// channel is what the records of a file with this name are of, "" if it does not
// say. Windows writes %4 for the slash in a channel's name.
func channel(name string) string {
	base := stem(path.Base(slashes(name)))
	if strings.Contains(base, "%4") {
		return strings.ReplaceAll(base, "%4", "/")
	}
	return channels[strings.ToLower(base)]
}
