package netelf

import (
	"context"
	"sync"

	"netelf.example/eventlog"
	"netelf.example/internal/reading"
)

// EventLog is the handle of a log or of a backup. It may be used by many
// goroutines; reads through one handle are done one after the other, since each
// moves its place. It keeps the Server it came from, and does not close it.
type EventLog struct {
	srv    eventlog.Server
	name   string
	backup bool
	log    eventlog.Log

	// Locks are taken in the order reading, registering, mu.

	reading sync.Mutex      // for the whole of a read
	at      *reading.Reader // where sequential reads go on

	registering sync.Mutex        // for as long as the source is registered
	reporter    eventlog.Reporter // of the source with the log's name, from the first report on

	mu     sync.Mutex // for moments only
	closed bool
}

// OpenEventLog opens a log for reading and managing: NetElfOpenEventLog.
//
// name is that of a log of srv, in which case does not count. One that is not
// there is ERROR_FILE_NOT_FOUND, and never another log, as it would be on Windows,
// where an unknown name opens Application. A caller without the right to read is
// ERROR_ACCESS_DENIED, an empty name ERROR_INVALID_PARAMETER.
//
// The handle is closed by [CloseEventLog].
func OpenEventLog(ctx context.Context, srv eventlog.Server, name string) (*EventLog, error) {
	const fn = "OpenEventLog"
	if err := checkOpen(srv, name); err != nil {
		return nil, fail(fn, name, err)
	}
	l, err := srv.OpenLog(ctx, name)
	if err != nil {
		return nil, fail(fn, name, err)
	}
	return &EventLog{srv: srv, name: name, log: l, at: reading.New(l, false)}, nil
}

// OpenBackupEventLog opens a backup that lies on the server's disk, and never one
// of the caller's own: NetElfOpenBackupEventLog.
//
// name is as [BackupEventLog] took it. One that is not there is
// ERROR_FILE_NOT_FOUND, one that the server allows no backup to have
// ERROR_INVALID_NAME, a server without backups ERROR_NOT_SUPPORTED.
//
// The handle is read like that of a live log. What it refuses is
// ERROR_INVALID_HANDLE, as in [MS-EVEN] 3.1.4.9 and 3.1.4.11: [ReportEvent],
// [ClearEventLog], [BackupEventLog], [EventLogSetInfo]. It is closed by
// [CloseEventLog].
func OpenBackupEventLog(ctx context.Context, srv eventlog.Server, name string) (*EventLog, error) {
	const fn = "OpenBackupEventLog"
	if err := checkOpen(srv, name); err != nil {
		return nil, fail(fn, name, err)
	}
	l, err := eventlog.OpenBackup(ctx, srv, name)
	if err != nil {
		return nil, fail(fn, name, err)
	}
	return &EventLog{srv: srv, name: name, backup: true, log: l, at: reading.New(l, true)}, nil
}

// CloseEventLog closes the handle of a log or a backup: NetElfCloseEventLog. A
// read that is under way ends. What is called with the handle afterwards, and
// CloseEventLog itself, is ERROR_INVALID_HANDLE.
func CloseEventLog(h Handle) error {
	l, err := as[*EventLog]("CloseEventLog", h)
	if err != nil {
		return err
	}
	return l.Close()
}

// Close is [CloseEventLog].
func (l *EventLog) Close() error {
	const fn = "CloseEventLog"
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	l.mu.Unlock()
	if closed {
		return fail(fn, l.name, eventlog.ErrHandle)
	}
	var first error
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	note(l.at.Close())
	l.registering.Lock()
	if l.reporter != nil {
		note(l.reporter.Close())
	}
	l.registering.Unlock()
	note(l.log.Close())
	return fail(fn, l.name, first)
}

// Name is the log's or the backup's name as it was opened.
func (l *EventLog) Name() string { return l.name }

// open is an error if the handle was closed.
func (l *EventLog) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return eventlog.ErrHandle
	}
	return nil
}

// live is an error if the handle was closed, or is that of a backup.
func (l *EventLog) live() error {
	if l.backup {
		return eventlog.ErrHandle
	}
	return l.open()
}

// fail is err as an Error; after Close, whatever went wrong is the handle.
func (l *EventLog) fail(fn string, err error) error {
	if err != nil && l.open() != nil {
		err = eventlog.ErrHandle
	}
	return fail(fn, l.name, err)
}
