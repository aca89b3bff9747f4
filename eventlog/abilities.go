package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// What only some logs and servers can do stands in small interfaces. They are
// asserted here and nowhere else, and a Log or Server is never wrapped: a wrapper
// would hide or feign an ability.

// Follower is a Log whose new events can be waited for.
type Follower interface {
	// Follow is Read that waits at the end; what was overtaken or dropped is a
	// *Loss.
	Follow(context.Context, *Selection) (Cursor, error)
}

// Keeper is a Log that can be managed.
type Keeper interface {
	// Clear removes all records, after a backup if it is named; if the backup
	// fails nothing is cleared.
	Clear(ctx context.Context, backup string) error
	Backup(ctx context.Context, name string) error
	Set(context.Context, Settings) error
}

// Copier is a Log that can be had as a file.
type Copier interface {
	// Copy writes the log, as it is now, to w as a clean .evt file. What w got
	// before an error is no file.
	Copy(ctx context.Context, w io.Writer) error
}

// Creator is a Server in which logs come and go.
type Creator interface {
	CreateLog(ctx context.Context, name string, s Settings) error
	DeleteLog(ctx context.Context, name string) error
}

// BackupOpener is a Server that opens the backups that lie on it.
type BackupOpener interface {
	OpenBackup(ctx context.Context, name string) (Log, error)
}

// Registrar is a Server that takes events.
type Registrar interface {
	// RegisterSource checks the right to write to the source's log.
	RegisterSource(ctx context.Context, name string) (Reporter, error)
}

// Reporter writes events of one source.
type Reporter interface {
	// Report returns when all are as durable as the server was configured for,
	// with the record number of the last.
	Report(context.Context, ...*Event) (last uint64, err error)
	Close() error
}

// Source is a registered source of events: what NT keeps below
// Services\EventLog\Log\Source in the registry. The paths of files are kept as
// they are given, and nothing is opened by them.
type Source struct {
	Name string `json:"name"` // unique over all logs; case does not count
	Log  string `json:"log"`  // that its events go to

	MessageFiles  []string `json:"message_files,omitempty"`  // EventMessageFile
	CategoryFile  string   `json:"category_file,omitempty"`  // CategoryMessageFile
	ParameterFile string   `json:"parameter_file,omitempty"` // ParameterMessageFile
	CategoryCount uint32   `json:"category_count,omitempty"` // categories 1 to this have text
	Types         uint32   `json:"types,omitempty"`          // TypesSupported: Error | …; 0: not said
}

// SourceKeeper is a Server that knows which sources there are.
type SourceKeeper interface {
	// Sources lists them, sorted by name.
	Sources(context.Context) ([]Source, error)
	// SetSource registers a source, in place of the one that has its name.
	SetSource(context.Context, Source) error
	// RemoveSource forgets a source; what it reports goes to Application then.
	RemoveSource(ctx context.Context, name string) error
}

// Guarded is a Server that can be seen as a caller sees it.
type Guarded interface {
	As(Caller) Server
}

// Auditor writes audit events into Security; it is handed to doors and not found
// by assertion.
type Auditor interface {
	Audit(context.Context, Caller, *Event) error
}

func unsupported(what string) error { return fmt.Errorf("%s: %w", what, errors.ErrUnsupported) }

// Follow walks l and waits for new events, if l can.
func Follow(ctx context.Context, l Log, s *Selection) (Cursor, error) {
	if f, ok := l.(Follower); ok {
		return f.Follow(ctx, s)
	}
	return nil, unsupported("follow")
}

// Clear clears l, if l can; backup "" makes none.
func Clear(ctx context.Context, l Log, backup string) error {
	if k, ok := l.(Keeper); ok {
		return k.Clear(ctx, backup)
	}
	return unsupported("clear")
}

// Backup makes a backup of l, if l can.
func Backup(ctx context.Context, l Log, name string) error {
	if k, ok := l.(Keeper); ok {
		return k.Backup(ctx, name)
	}
	return unsupported("backup")
}

// Copy writes l to w as a clean .evt file, if l can.
func Copy(ctx context.Context, l Log, w io.Writer) error {
	if c, ok := l.(Copier); ok {
		return c.Copy(ctx, w)
	}
	return unsupported("copy")
}

// Set changes settings of l, if l can.
func Set(ctx context.Context, l Log, s Settings) error {
	if k, ok := l.(Keeper); ok {
		return k.Set(ctx, s)
	}
	return unsupported("set")
}

// CreateLog creates a log, if srv can.
func CreateLog(ctx context.Context, srv Server, name string, s Settings) error {
	if c, ok := srv.(Creator); ok {
		return c.CreateLog(ctx, name, s)
	}
	return unsupported("create log")
}

// DeleteLog deletes a log, if srv can.
func DeleteLog(ctx context.Context, srv Server, name string) error {
	if c, ok := srv.(Creator); ok {
		return c.DeleteLog(ctx, name)
	}
	return unsupported("delete log")
}

// OpenBackup opens a backup that lies on srv, if srv can.
func OpenBackup(ctx context.Context, srv Server, name string) (Log, error) {
	if b, ok := srv.(BackupOpener); ok {
		return b.OpenBackup(ctx, name)
	}
	return nil, unsupported("open backup")
}

// RegisterSource opens a source for reporting, if srv can.
func RegisterSource(ctx context.Context, srv Server, name string) (Reporter, error) {
	if r, ok := srv.(Registrar); ok {
		return r.RegisterSource(ctx, name)
	}
	return nil, unsupported("register source")
}

// Sources lists the sources of srv, if srv can.
func Sources(ctx context.Context, srv Server) ([]Source, error) {
	if k, ok := srv.(SourceKeeper); ok {
		return k.Sources(ctx)
	}
	return nil, unsupported("list sources")
}

// SetSource registers a source, if srv can.
func SetSource(ctx context.Context, srv Server, s Source) error {
	if k, ok := srv.(SourceKeeper); ok {
		return k.SetSource(ctx, s)
	}
	return unsupported("add source")
}

// RemoveSource forgets a source, if srv can.
func RemoveSource(ctx context.Context, srv Server, name string) error {
	if k, ok := srv.(SourceKeeper); ok {
		return k.RemoveSource(ctx, name)
	}
	return unsupported("remove source")
}
