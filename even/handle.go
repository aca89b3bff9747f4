package even

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/reading"
	"netelf.example/nt"
)

// application is the log that is opened for a name that is not known, and that
// takes what unknown sources report (3.1.4.3, 3.1.4.5).
const application = "Application"

// handle is what an IELF_HANDLE stands for (3.1.1.5).
type handle struct {
	name    string            // of the log
	log     eventlog.Log      // nil: of a source, and not needed by now
	to      eventlog.Reporter // nil: nothing was reported by now
	backup  bool              // it is of ElfrOpenBEL
	stray   bool              // the name or source that was asked for is not known, and it is Application instead
	reading *reading.Reader   // nil: nothing was read by now
}

// opened makes the response of an operation that opens something.
func (a *association) opened(op uint16, open func() (*handle, error)) message {
	if err := a.handles.reserve(); err != nil {
		a.opts.Logger.Warn("open", "operation", opName(op), "error", err)
		return &handleResponse{Status: nt.StatusNoMemory}
	}
	h, err := open()
	if err != nil {
		a.handles.release()
		return &handleResponse{Status: a.status(op, err)}
	}
	return &handleResponse{LogHandle: a.handles.put(h)}
}

// openLog opens a live log, which the caller must have the right to read.
func (a *association) openLog(ctx context.Context, name string) (*handle, error) {
	name = trimZero(name)
	h := &handle{}
	err := fs.ErrNotExist
	if name != "" && !strings.Contains(name, "/") {
		h.log, err = a.srv.OpenLog(ctx, name)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, eventlog.ErrInvalid) {
		h.stray = true
		h.log, err = a.srv.OpenLog(ctx, application)
	}
	if err != nil {
		return nil, err
	}
	// A Server may open a log for those who may only manage it. Info tells.
	i, err := h.log.Info(ctx)
	if err != nil {
		a.closed(h.log.Close())
		return nil, err
	}
	if h.name = i.Name; h.name == "" {
		h.name = name
	}
	return h, nil
}

// registerSource opens a source for reporting.
func (a *association) registerSource(ctx context.Context, name string) (*handle, error) {
	name = trimZero(name)
	to, err := eventlog.RegisterSource(ctx, a.srv, name)
	if err != nil {
		return nil, err
	}
	log, known := eventlog.Destination(to)
	return &handle{name: log, to: to, stray: !known}, nil
}

// openBackup opens a backup.
func (a *association) openBackup(ctx context.Context, path string) (*handle, error) {
	name, err := backupName(trimZero(path))
	if err != nil {
		return nil, err
	}
	l, err := eventlog.OpenBackup(ctx, a.srv, name)
	if err != nil {
		return nil, err
	}
	return &handle{name: name, log: l, backup: true}, nil
}

// trimZero is s without the zeros at its end, which some clients count in.
func trimZero(s string) string { return strings.TrimRight(s, "\x00") }

// opens is the handle's log. A source's is opened when it is needed: its handle has
// all rights that the caller has (3.1.4).
func (h *handle) opens(ctx context.Context, a *association) (eventlog.Log, error) {
	if h.log == nil {
		if h.name == "" {
			return nil, fmt.Errorf("the log of a source: %w", errors.ErrUnsupported)
		}
		l, err := a.srv.OpenLog(ctx, h.name)
		if err != nil {
			return nil, err
		}
		h.log = l
	}
	return h.log, nil
}

// reads is the handle's place for reading.
func (h *handle) reads(ctx context.Context, a *association) (*reading.Reader, error) {
	if h.reading == nil {
		l, err := h.opens(ctx, a)
		if err != nil {
			return nil, err
		}
		h.reading = reading.New(l, h.backup)
	}
	return h.reading, nil
}

// count is how many records the log has. Where the end of a file is not marked,
// that is found by reading all of it.
func (h *handle) count(ctx context.Context, a *association) (uint32, error) {
	l, err := h.opens(ctx, a)
	if err != nil {
		return 0, err
	}
	i, err := l.Info(ctx)
	if err != nil {
		return 0, err
	}
	n := i.Count()
	if i.Next == 0 && i.Oldest != 0 {
		if n, err = walked(ctx, l); err != nil {
			return 0, err
		}
	}
	return uint32(min(n, math.MaxUint32)), nil
}

// walked is how many records a walk over a log finds.
func walked(ctx context.Context, l eventlog.Log) (n uint64, err error) {
	for _, err := range eventlog.All(ctx, l, &eventlog.Selection{Want: eventlog.FieldRecord.Bit()}) {
		if _, lost := eventlog.AsLoss(err); lost {
			continue // what is missing is not in the log
		}
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// oldest is the number of the oldest record, 0 if there is none.
func (h *handle) oldest(ctx context.Context, a *association) (uint32, error) {
	l, err := h.opens(ctx, a)
	if err != nil {
		return 0, err
	}
	i, err := l.Info(ctx)
	if err != nil || i.Oldest == i.Next {
		return 0, err
	}
	return uint32(i.Oldest), nil
}

// close releases what the handle holds.
func (h *handle) close() error {
	var errs []error
	if h.reading != nil {
		errs = append(errs, h.reading.Close())
	}
	if h.to != nil {
		errs = append(errs, h.to.Close())
	}
	if h.log != nil {
		errs = append(errs, h.log.Close())
	}
	return errors.Join(errs...)
}
