package even

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"

	"netelf.example/eventlog"
	"netelf.example/internal/ndr"
)

// managed is the log of a handle through which it may be cleared and backed up: not
// that of a backup, and none that the client did not name.
func (a *association) managed(ctx context.Context, id ndr.ContextHandle) (eventlog.Log, error) {
	h, err := a.handles.get(id)
	switch {
	case err != nil:
		return nil, err
	case h.backup:
		return nil, fmt.Errorf("handle of a backup: %w", eventlog.ErrHandle)
	case h.stray:
		return nil, fmt.Errorf("the log that was asked for is not known: %w", fs.ErrPermission)
	}
	return h.opens(ctx, a)
}

// clear is ElfrClearELFW and A. Without a name there is no backup; a name that is
// empty is a wrong one.
func (a *association) clear(ctx context.Context, m *clearRequest) error {
	l, err := a.managed(ctx, m.LogHandle)
	if err != nil {
		return err
	}
	backup := ""
	if m.BackupFileName != nil && m.BackupFileName.Buffer {
		if backup, err = backupName(trimZero(m.BackupFileName.Text)); err != nil {
			return err
		}
	}
	return eventlog.Clear(ctx, l, backup)
}

// backup is ElfrBackupELFW and A.
func (a *association) backup(ctx context.Context, m *backupRequest) error {
	l, err := a.managed(ctx, m.LogHandle)
	if err != nil {
		return err
	}
	name, err := backupName(trimZero(m.BackupFileName.Text))
	if err != nil {
		return err
	}
	return eventlog.Backup(ctx, l, name)
}

// logInformation is ElfrGetLogInformation: whether the log is full, an
// EVENTLOG_FULL_INFORMATION (2.2.4).
func (a *association) logInformation(ctx context.Context, m *logInformationRequest) message {
	out := &logInformationResponse{Buffer: make([]byte, m.BufSize)}
	full, err := a.full(ctx, m)
	if err == nil || m.InfoLevel == infoLevelFullInformation {
		out.BytesNeeded = sizeFullInformation
	}
	if err == nil && m.BufSize < sizeFullInformation {
		err = eventlog.ErrBuffer
	}
	if err == nil && full {
		binary.LittleEndian.PutUint32(out.Buffer, 1)
	}
	out.Status = a.status(opGetLogInformation, err)
	return out
}

func (a *association) full(ctx context.Context, m *logInformationRequest) (bool, error) {
	h, err := a.handles.get(m.LogHandle)
	if err != nil {
		return false, err
	}
	if m.InfoLevel != infoLevelFullInformation {
		return false, eventlog.ErrLevel
	}
	l, err := h.opens(ctx, a)
	if err != nil {
		return false, err
	}
	i, err := l.Info(ctx)
	return i.Full, err
}
