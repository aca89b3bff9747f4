package netelf

import (
	"context"
	"errors"
	"math"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/worded"
)

// GetNumberOfEventLogRecords is how many records a log or a backup has:
// NetElfGetNumberOfEventLogRecords. It is also what is in a file of which the
// end is not marked; there it is found by reading all of it.
func GetNumberOfEventLogRecords(ctx context.Context, h Handle) (uint64, error) {
	l, err := as[*EventLog]("GetNumberOfEventLogRecords", h)
	if err != nil {
		return 0, err
	}
	return l.Count(ctx)
}

// Count is [GetNumberOfEventLogRecords].
func (l *EventLog) Count(ctx context.Context) (uint64, error) {
	const fn = "GetNumberOfEventLogRecords"
	i, err := l.info(ctx, fn)
	if err != nil {
		return 0, err
	}
	if i.Next != 0 || i.Oldest == 0 {
		return i.Count(), nil
	}
	var n uint64
	for _, err := range eventlog.All(ctx, l.log, &eventlog.Selection{Want: eventlog.FieldRecord.Bit()}) {
		if _, lost := eventlog.AsLoss(err); lost {
			continue // what is missing is not in the log
		}
		if err != nil {
			return 0, l.fail(fn, err)
		}
		n++
	}
	return n, nil
}

// GetOldestEventLogRecord is the number of the oldest record of a log or a
// backup, 0 if it has none: NetElfGetOldestEventLogRecord.
func GetOldestEventLogRecord(ctx context.Context, h Handle) (uint64, error) {
	l, err := as[*EventLog]("GetOldestEventLogRecord", h)
	if err != nil {
		return 0, err
	}
	return l.Oldest(ctx)
}

// Oldest is [GetOldestEventLogRecord].
func (l *EventLog) Oldest(ctx context.Context) (uint64, error) {
	i, err := l.info(ctx, "GetOldestEventLogRecord")
	return i.Oldest, err
}

// BackupEventLog saves a log as an .evt file on the server's disk:
// NetElfBackupEventLog.
//
// name is that of a file which must not be there yet, else it is
// ERROR_FILE_EXISTS. It lies in the server's backup directory: a name that leads
// out of it is ERROR_INVALID_NAME. An empty name is ERROR_INVALID_PARAMETER, a
// full disk ERROR_DISK_FULL, a log that cannot be backed up ERROR_NOT_SUPPORTED.
func BackupEventLog(ctx context.Context, h Handle, name string) error {
	l, err := as[*EventLog]("BackupEventLog", h)
	if err != nil {
		return err
	}
	return l.Backup(ctx, name)
}

// Backup is [BackupEventLog].
func (l *EventLog) Backup(ctx context.Context, name string) error {
	const fn = "BackupEventLog"
	if err := l.live(); err != nil {
		return fail(fn, l.name, err)
	}
	if name == "" {
		return fail(fn, l.name, invalid(errNoName))
	}
	return l.fail(fn, eventlog.Backup(ctx, l.log, name))
}

// ClearEventLog removes all records of a log, after a backup if it is named:
// NetElfClearEventLog.
//
// backup is as in [BackupEventLog], or "" for none; if it fails, nothing is
// cleared. Handles that have read from the log, this one too, get
// ERROR_EVENTLOG_FILE_CHANGED from their next read. A caller without the right to
// clear is ERROR_ACCESS_DENIED.
func ClearEventLog(ctx context.Context, h Handle, backup string) error {
	l, err := as[*EventLog]("ClearEventLog", h)
	if err != nil {
		return err
	}
	return l.Clear(ctx, backup)
}

// Clear is [ClearEventLog].
func (l *EventLog) Clear(ctx context.Context, backup string) error {
	const fn = "ClearEventLog"
	if err := l.live(); err != nil {
		return fail(fn, l.name, err)
	}
	return l.fail(fn, eventlog.Clear(ctx, l.log, backup))
}

// EventLogInfo1 is EVENTLOG_INFO_1, what level 1 of [EventLogGetInfo] and
// [EventLogSetInfo] is about.
type EventLogInfo1 struct {
	// MaxSize is how large the log's file may become, in KB. The server rounds
	// it up to a multiple of 64.
	MaxSize uint32

	// Retention is how many seconds a record is kept before it may be
	// overwritten. 0: overwrite as needed; RetainForever: never.
	Retention uint32
}

// RetainForever is the Retention of a log that overwrites nothing.
const RetainForever = math.MaxUint32

// EventLogGetInfo is the configuration of a log or a backup:
// NetElfEventLogGetInfo.
//
// A level other than 1 is ERROR_INVALID_LEVEL. Where the other side does not tell
// its settings (MS-EVEN has no call for them) it is ERROR_NOT_SUPPORTED. What
// exceeds the units is their greatest value; parts of them count as whole.
func EventLogGetInfo(ctx context.Context, h Handle, level uint32) (EventLogInfo1, error) {
	const fn = "EventLogGetInfo"
	l, err := as[*EventLog](fn, h)
	if err != nil {
		return EventLogInfo1{}, err
	}
	if err := l.open(); err != nil {
		return EventLogInfo1{}, fail(fn, l.name, err)
	}
	if level != 1 {
		return EventLogInfo1{}, fail(fn, l.name, eventlog.ErrLevel)
	}
	i, err := l.info(ctx, fn)
	if err != nil {
		return EventLogInfo1{}, err
	}
	if i.MaxSize <= 0 {
		return EventLogInfo1{}, fail(fn, l.name, errNoSettings)
	}
	return EventLogInfo1{
		MaxSize:   units(i.MaxSize, 1024, math.MaxUint32),
		Retention: retention(i.Retention),
	}, nil
}

var errNoSettings = worded.Errorf(errors.ErrUnsupported, "the server does not tell the log's settings")

// units is n in whole units, rounded up, of at most limit.
func units(n, unit int64, limit uint32) uint32 {
	u := n / unit
	if n%unit != 0 {
		u++
	}
	return uint32(min(u, int64(limit)))
}

func retention(d time.Duration) uint32 {
	if d == eventlog.RetainForever {
		return RetainForever
	}
	return units(int64(max(d, 0)), int64(time.Second), RetainForever-1)
}

// EventLogSetInfo changes the configuration of a log: NetElfEventLogSetInfo. Both
// values of info are set; [EventLog.Set] sets one alone.
//
// A level other than 1 is ERROR_INVALID_LEVEL, a MaxSize of 0
// ERROR_INVALID_PARAMETER, a caller who is not an administrator
// ERROR_ACCESS_DENIED. A MaxSize below what is in use takes effect at the next
// clear, as in NT.
func EventLogSetInfo(ctx context.Context, h Handle, level uint32, info EventLogInfo1) error {
	const fn = "EventLogSetInfo"
	l, err := as[*EventLog](fn, h)
	if err != nil {
		return err
	}
	if err := l.live(); err != nil {
		return fail(fn, l.name, err)
	}
	switch {
	case level != 1:
		return fail(fn, l.name, eventlog.ErrLevel)
	case info.MaxSize == 0:
		return fail(fn, l.name, invalidf("MaxSize is 0"))
	}
	size := int64(info.MaxSize) * 1024
	keep := time.Duration(info.Retention) * time.Second
	if info.Retention == RetainForever {
		keep = eventlog.RetainForever
	}
	return l.Set(ctx, eventlog.Settings{MaxSize: &size, Retention: &keep})
}

// Set changes the settings that are not nil; its errors are those of
// [EventLogSetInfo].
func (l *EventLog) Set(ctx context.Context, s eventlog.Settings) error {
	const fn = "EventLogSetInfo"
	if err := l.live(); err != nil {
		return fail(fn, l.name, err)
	}
	return l.fail(fn, eventlog.Set(ctx, l.log, s))
}

// Info is all that is known of the log or backup: what [EventLogGetInfo],
// [GetNumberOfEventLogRecords] and [GetOldestEventLogRecord] have, and more.
func (l *EventLog) Info(ctx context.Context) (eventlog.Info, error) {
	return l.info(ctx, "EventLogGetInfo")
}

func (l *EventLog) info(ctx context.Context, fn string) (eventlog.Info, error) {
	if err := l.open(); err != nil {
		return eventlog.Info{}, fail(fn, l.name, err)
	}
	i, err := l.log.Info(ctx)
	if err != nil {
		return eventlog.Info{}, l.fail(fn, err)
	}
	return i, nil
}
