package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"netelf.example/eventlog"
	"netelf.example/internal/worded"
	"netelf.example/service"
)

// ChangeOptions are how a target is opened to be changed; nil is fine.
type ChangeOptions struct {
	Create bool         // a data directory that is not there is made; false: it is an error
	Sync   service.Sync // when a report is answered; zero: when it is on the disk; a service knows by itself
}

var errSync = fmt.Errorf("when a report is answered is for the service to say, by its configuration: %w", errors.ErrUnsupported)

// OpenToChange opens what the target names for reading and changing, as the user
// of this process. A data directory is then open for nobody else; who has it is
// named by the error, which is service.ErrInUse. created says that the directory
// was not there, or empty. Files are never opened to be changed.
func (t Target) OpenToChange(ctx context.Context, opts *ChangeOptions) (srv eventlog.Server, created bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if opts == nil {
		opts = new(ChangeOptions)
	}
	switch t.Kind {
	case DataDir:
	case Local:
		if opts.Sync != service.SyncAlways {
			return nil, false, errSync
		}
		srv, err = t.dial()
		return srv, false, err
	case SMB, RPC, HTTP:
		if opts.Sync != service.SyncAlways {
			return nil, false, errSync
		}
		srv, err = t.Open(ctx)
		return srv, false, err
	case Path:
		return nil, false, errFiles
	default:
		return nil, false, errGroup
	}
	if opts.Create {
		if created, err = mayBecomeDir(t.Name); err != nil {
			return nil, false, err
		}
	}
	if !created {
		if err := isDataDir(t.Name); err != nil {
			return nil, false, err
		}
	}
	srv, err = t.openDir(&service.Options{Sync: opts.Sync, Brief: true})
	return srv, created && err == nil, err
}

func (t Target) openDir(opts *service.Options) (eventlog.Server, error) {
	if opts.ReadOnly {
		if err := isDataDir(t.Name); err != nil {
			return nil, err
		}
	}
	opts.Server = t.Text
	caller := service.Local(t.Name, "") // before Open: whoever makes it owns it
	s, err := service.Open(t.Name, opts)
	if err != nil {
		return nil, err
	}
	all, ok := s.As(caller).(abilities)
	if !ok {
		return nil, errors.Join(errors.New("the service lacks abilities"), s.Close())
	}
	return &dataDir{all, s}, nil
}

// abilities are all that the service can do.
type abilities interface {
	eventlog.Server
	eventlog.Creator
	eventlog.BackupOpener
	eventlog.Registrar
	eventlog.SourceKeeper
}

// dataDir is the service as one caller sees it, of whom there is no other: the
// service ends with it. It has every ability of what it embeds and no more, so
// that it neither hides nor feigns one.
type dataDir struct {
	abilities
	s *service.Service
}

var _ eventlog.Server = (*dataDir)(nil)

func (d *dataDir) Close() error { return d.s.Close() }

// marks are the files by which a data directory is known: its lock and its
// catalogue, of which a service that ended at once may have left only one.
var marks = []string{"netelf.lock", "catalog.json"}

// isDataDir says what is wrong if name is no data directory, so that nothing is
// made in a folder that was named by mistake.
func isDataDir(name string) error {
	fi, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return worded.Errorf(fs.ErrNotExist, "no such data directory")
	case err != nil:
		return err
	case !fi.IsDir():
		return errors.New("is a file and no data directory")
	}
	for _, mark := range marks {
		if _, err := os.Lstat(filepath.Join(name, mark)); err == nil {
			return nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return worded.Errorf(fs.ErrNotExist, "is a folder but no data directory: it has no %s", marks[0])
}

// mayLieThere are files that a data directory may have before it is one: those of
// its users.
var mayLieThere = []string{"users.json", "users.json.lock"}

// mayBecomeDir says whether name is nothing yet, or an empty folder.
func mayBecomeDir(name string) (bool, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.IsDir() {
		return false, err // isDataDir says what is wrong
	}
	list, err := f.ReadDir(len(mayLieThere) + 1)
	for _, e := range list {
		if !slices.Contains(mayLieThere, e.Name()) {
			return false, nil
		}
	}
	if err == io.EOF {
		err = nil
	}
	return err == nil, err
}
