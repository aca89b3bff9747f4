package winreg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/nt"
)

// eventLogPath is where the logs are, below HKEY_LOCAL_MACHINE.
const eventLogPath = `SYSTEM\CurrentControlSet\Services\EventLog`

// maxLogs bounds the logs of a server.
const maxLogs = 4096

// maxFiles bounds the message files of a source, and maxFile each in characters.
const (
	maxFiles = 64
	maxFile  = 1024
)

// Registry is what a server's registry says of its logs. Its methods may be called
// by many goroutines; the connection has one call at a time.
type Registry struct {
	client *dcerpc.Client
	root   *Key // HKEY_LOCAL_MACHINE
}

// Log is what the registry says of a log. What is not set there is nil or "".
type Log struct {
	Name       string
	MaxSize    *uint32 // bytes
	Retention  *uint32 // seconds; 0: overwrite as needed, 0xFFFFFFFF: never overwrite
	File       string  // the server's path of it, as %SystemRoot%\system32\config\SysEvent.Evt
	SDDL       string  // CustomSD: who may do what
	AutoBackup bool    // AutoBackupLogFiles: a full log is saved and cleared
}

// Dial binds to the registry's interface over nc, a connection to \pipe\winreg, and
// returns the Registry that owns nc; after an error nc is closed. o says how, its
// Interface apart. ctx is for Dial alone.
func Dial(ctx context.Context, nc net.Conn, o *dcerpc.ClientOptions) (*Registry, error) {
	with := dcerpc.ClientOptions{}
	if o != nil {
		with = *o
	}
	with.Interface = ID
	if with.MaxResponse == 0 {
		with.MaxResponse = 2 * maxData
	}
	c, err := dcerpc.Dial(ctx, nc, &with)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	root, err := OpenLocalMachine(ctx, c)
	if err != nil {
		_ = c.Close() // what went wrong is err
		return nil, err
	}
	return &Registry{c, root}, nil
}

// Close closes the connection, and all keys with it.
func (r *Registry) Close() error { return r.client.Close() }

// LocalMachine is HKEY_LOCAL_MACHINE, which is not to be closed.
func (r *Registry) LocalMachine() *Key { return r.root }

// with opens a key below that of the logs, for f.
func (r *Registry) with(ctx context.Context, path string, a Access, f func(k *Key) error) (err error) {
	k, err := r.root.Open(ctx, path, a)
	if err != nil {
		return err
	}
	defer func() {
		// Where ctx or the connection has ended, the handle has too.
		if e := k.Close(ctx); err == nil {
			err = e
		}
	}()
	return f(k)
}

// logPath is the path of a log's key.
func logPath(name string) (string, error) {
	if name == "" || nt.UTF16Len(name) > 2*maxName || strings.ContainsAny(name, "\\\x00") {
		return "", fmt.Errorf("registry: log %q: %w", cut(name), eventlog.ErrInvalid)
	}
	return eventLogPath + `\` + name, nil
}

// Logs lists the names of the logs, as the server orders them.
func (r *Registry) Logs(ctx context.Context) (names []string, err error) {
	err = r.with(ctx, eventLogPath, AccessRead, func(k *Key) error {
		names, err = k.Keys(ctx, maxLogs)
		return err
	})
	if err != nil {
		return nil, err
	}
	return names, nil
}

// Log is what is said of a log. One that is not there is fs.ErrNotExist.
func (r *Registry) Log(ctx context.Context, name string) (Log, error) {
	path, err := logPath(name)
	if err != nil {
		return Log{}, err
	}
	l := Log{Name: name}
	err = r.with(ctx, path, AccessRead, func(k *Key) error {
		auto, err := number(ctx, k, "AutoBackupLogFiles")
		if err != nil {
			return err
		}
		l.AutoBackup = auto != nil && *auto != 0
		if l.MaxSize, err = number(ctx, k, "MaxSize"); err != nil {
			return err
		}
		if l.Retention, err = number(ctx, k, "Retention"); err != nil {
			return err
		}
		if l.File, err = text(ctx, k, "File"); err != nil {
			return err
		}
		l.SDDL, err = text(ctx, k, "CustomSD")
		return err
	})
	if err != nil {
		return Log{}, err
	}
	return l, nil
}

// SetLog sets what is not nil: bytes, of which Windows wants multiples of 65,536, and
// seconds, as Log has them. These are two values: when the second one fails, the
// first one is set. Windows takes them up by itself, and shrinks no log before it is
// cleared. One that is not there is fs.ErrNotExist.
func (r *Registry) SetLog(ctx context.Context, name string, maxSize, retention *uint32) error {
	path, err := logPath(name)
	if err != nil {
		return err
	}
	return r.with(ctx, path, AccessSet, func(k *Key) error {
		for _, v := range []struct {
			name string
			n    *uint32
		}{{"MaxSize", maxSize}, {"Retention", retention}} {
			if v.n == nil {
				continue
			}
			if err := k.Set(ctx, NumberValue(v.name, *v.n)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sources lists the sources that are registered to a log, as the server orders them.
// One of which a part cannot be read, or is not what it must be, is there without
// that part, and the error says so: it joins all of them, and the list is whole
// where it is not nil. One that went away meanwhile is not there.
func (r *Registry) Sources(ctx context.Context, log string) ([]eventlog.Source, error) {
	path, err := logPath(log)
	if err != nil {
		return nil, err
	}
	var names []string
	err = r.with(ctx, path, AccessRead, func(k *Key) error {
		names, err = k.Keys(ctx, maxKeys)
		return err
	})
	if err != nil {
		return nil, err
	}
	list, flaws := make([]eventlog.Source, 0, len(names)), flaws{}
	for _, name := range names {
		s := eventlog.Source{Name: name, Log: log}
		err := r.with(ctx, path+`\`+name, AccessRead, func(k *Key) error { return readSource(ctx, k, &s, &flaws) })
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil && !flaws.note(err) {
			return nil, err
		}
		list = append(list, s)
	}
	return list, flaws.err()
}

// readSource reads the values of a source's key. The error is what ends all.
func readSource(ctx context.Context, k *Key, s *eventlog.Source, flaws *flaws) error {
	for _, v := range []struct {
		name string
		read func(name string) error
	}{
		{"EventMessageFile", func(name string) error {
			all, err := text(ctx, k, name)
			if err == nil {
				s.MessageFiles, err = files(k, name, all)
			}
			return err
		}},
		{"CategoryMessageFile", func(name string) (err error) {
			s.CategoryFile, err = file(ctx, k, name)
			return err
		}},
		{"ParameterMessageFile", func(name string) (err error) {
			s.ParameterFile, err = file(ctx, k, name)
			return err
		}},
		{"CategoryCount", func(name string) (err error) {
			s.CategoryCount, err = count(ctx, k, name)
			return err
		}},
		{"TypesSupported", func(name string) (err error) {
			s.Types, err = count(ctx, k, name)
			return err
		}},
	} {
		if err := v.read(v.name); err != nil && !flaws.note(err) {
			return err
		}
	}
	return nil
}

// errFlaw is a value that is not what it must be.
var errFlaw = errors.New("not what it must be")

// flaws are errors of single sources.
type flaws struct {
	all  []error
	more int
}

// maxFlaws is how many are told.
const maxFlaws = 16

// note keeps err; false says that it is one that ends all.
func (f *flaws) note(err error) bool {
	if !isCode(err) && !errors.Is(err, errFlaw) && !errors.Is(err, eventlog.ErrTooLarge) && !errors.Is(err, eventlog.ErrInvalid) {
		return false
	}
	if len(f.all) == maxFlaws {
		f.more++
		return true
	}
	f.all = append(f.all, err)
	return true
}

func (f *flaws) err() error {
	if f.more > 0 {
		return errors.Join(append(f.all, fmt.Errorf("and %d more", f.more))...)
	}
	return errors.Join(f.all...)
}

// flawed is a value that is not what it must be, with the place.
func flawed(k *Key, err error) error {
	return fmt.Errorf("registry: %s: %w: %w", k.path, err, errFlaw)
}

// number is a value that is a number; nil where there is none.
func number(ctx context.Context, k *Key, name string) (*uint32, error) {
	v, err := k.Value(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n, err := v.Number()
	if err != nil {
		return nil, flawed(k, err)
	}
	return &n, nil
}

// count is number, 0 where there is none.
func count(ctx context.Context, k *Key, name string) (uint32, error) {
	n, err := number(ctx, k, name)
	if n == nil {
		return 0, err
	}
	return *n, err
}

// text is a value that is text; "" where there is none.
func text(ctx context.Context, k *Key, name string) (string, error) {
	v, err := k.Value(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s, err := v.Text()
	if err != nil {
		return "", flawed(k, err)
	}
	return s, nil
}

// file is a value that is a path.
func file(ctx context.Context, k *Key, name string) (string, error) {
	s, err := text(ctx, k, name)
	if err == nil && nt.UTF16Len(s) > 2*maxFile {
		return "", flawed(k, fmt.Errorf("value %q: a path of %d characters, at most %d", name, nt.UTF16Len(s)/2, maxFile))
	}
	return strings.TrimSpace(s), err
}

// files are the paths that semicolons separate.
func files(k *Key, name, s string) ([]string, error) {
	var all []string
	for f := range strings.SplitSeq(s, ";") {
		switch f = strings.TrimSpace(f); {
		case f == "":
			continue
		case nt.UTF16Len(f) > 2*maxFile:
			return nil, flawed(k, fmt.Errorf("value %q: a path of %d characters, at most %d", name, nt.UTF16Len(f)/2, maxFile))
		case len(all) == maxFiles:
			return nil, flawed(k, fmt.Errorf("value %q: over %d paths", name, maxFiles))
		}
		all = append(all, f)
	}
	return all, nil
}
