package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/evtx"
)

// Backup writes the log, as it is now, to a clean .evt file of that name in the
// backup directory. It is written aside and then given its name, which must not
// be taken.
func (h *handle) Backup(ctx context.Context, name string) error {
	// Who may only read must not fill the disk of the server with what it reads.
	if err := h.check(eventlog.RightRead|eventlog.RightClear, "back up"); err != nil {
		return err
	}
	if h.l.opts.ReadOnly {
		return fmt.Errorf("back up log %s: %w", h.l.origin.Log, ErrReadOnly)
	}
	b, err := h.l.newBackup(name)
	if err != nil {
		return err
	}
	defer b.abandon()
	if err := b.copyAll(ctx, h.l); err != nil {
		return fmt.Errorf("back up log %s: %w", h.l.origin.Log, err)
	}
	return b.finish()
}

// Clear removes all records. With a backup it clears what that holds and nothing
// else: what is reported meanwhile is in the one or stays in the other.
func (h *handle) Clear(ctx context.Context, backup string) error {
	if err := h.check(eventlog.RightClear, "clear"); err != nil {
		return err
	}
	if h.l.opts.ReadOnly {
		return fmt.Errorf("clear log %s: %w", h.l.origin.Log, ErrReadOnly)
	}
	var b *backupFile
	if backup != "" {
		var err error
		if b, err = h.l.newBackup(backup); err != nil {
			return err
		}
		defer b.abandon()
		// Most of it now; what comes meanwhile is added when reporters wait.
		if err := b.copy(ctx, h.l); behind(err) {
			if err := b.reset(); err != nil {
				return err
			}
		} else if err != nil {
			return fmt.Errorf("back up log %s: %w", h.l.origin.Log, err)
		}
	}
	if b != nil { // which is not to be given up while it is written
		ctx = context.WithoutCancel(ctx)
	}
	err := h.l.ask(ctx, &request{do: func() error {
		if b != nil {
			if err := b.copy(ctx, h.l); err != nil {
				return fmt.Errorf("back up: %w", err)
			}
			if err := b.finish(); err != nil {
				return err
			}
		}
		return h.l.clear()
	}})
	if err != nil {
		return fmt.Errorf("clear log %s: %w", h.l.origin.Log, err)
	}
	h.v.s.own(clearedEvent(h.v.c, h.l.origin.Log, backup))
	return nil
}

// behind says whether a backup could not keep up with what is reported.
func behind(err error) bool {
	return errors.Is(err, eventlog.ErrOverwrite) || errors.Is(err, eventlog.ErrLogFull)
}

// backupFile is a backup that is being written.
type backupFile struct {
	dir, name string
	tmp       *os.File
	w         *evt.Writer
	next      uint64 // the first record that it has not
	gen       uint64
	like      evt.FileHeader // whose MaxSize and Retention it gets
}

func (l *log) newBackup(name string) (*backupFile, error) {
	name, err := backupName(name)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(l.opts.BackupDir, name)); err == nil {
		return nil, fmt.Errorf("backup %s: %w", name, fs.ErrExist)
	}
	b, err := l.newAside()
	if err != nil {
		return nil, err
	}
	b.name = name
	return b, nil
}

// newAside is a backup that has no name.
func (l *log) newAside() (*backupFile, error) {
	dir := l.opts.BackupDir
	err := makeDir(dir)
	if err != nil {
		return nil, err
	}
	b := &backupFile{dir: dir, like: *l.header.Load()}
	if b.tmp, err = createAside(dir); err != nil {
		return nil, err
	}
	if err := b.reset(); err != nil {
		b.abandon()
		return nil, err
	}
	return b, nil
}

// reset begins anew.
func (b *backupFile) reset() error {
	b.w, b.next = nil, 0
	return b.tmp.Truncate(0)
}

// copyAll copies the log into a backup that is still empty.
func (b *backupFile) copyAll(ctx context.Context, l *log) error {
	err := b.copy(ctx, l)
	if !behind(err) {
		return err
	}
	// Too much is reported meanwhile: once more, with reporters waiting.
	if err := b.reset(); err != nil {
		return err
	}
	// It is waited for in any case: b is not to be given up while it is written.
	return l.ask(context.WithoutCancel(ctx), &request{do: func() error { return b.copy(ctx, l) }})
}

// copy adds the records that the backup does not have yet.
func (b *backupFile) copy(ctx context.Context, l *log) error {
	st := l.State()
	if b.w == nil {
		b.gen = st.Generation
		var err error
		opts := &evt.WriterOptions{MaxSize: st.Size + maxGrowth, Retention: evt.RetainForever, FirstRecord: max(st.Oldest, 1)}
		if b.w, err = evt.Create(b.tmp, opts); err != nil {
			return err
		}
	} else if b.gen != st.Generation {
		return eventlog.ErrMarkGone
	} else if st.Next == uint32(b.next) {
		return nil
	}
	c, err := evt.ReadLive(ctx, l, &eventlog.Selection{Start: b.next, Want: eventlog.FieldRaw.Bit()}, false, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	var e eventlog.Event
	for {
		err := c.Next(ctx, &e)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if _, err := b.w.AppendRaw(e.Raw, true); err != nil {
			return err
		}
		b.next = e.RecordNumber + 1
	}
	b.next = max(b.next, uint64(st.Next))
	return nil
}

// maxGrowth is how much may be reported while a backup is written before it
// begins anew with reporters waiting.
const maxGrowth = 64 << 20

// clean makes a clean file of what was written.
func (b *backupFile) clean() error {
	if err := b.w.Flush(); err != nil {
		return err
	}
	w, err := evt.OpenWriter(b.tmp, b.w.Size(), &evt.WriterOptions{MaxSize: int64(b.like.MaxSize), Retention: b.like.Retention})
	if err != nil {
		return err
	}
	return w.Flush()
}

// finish gives the backup its name, if nobody else has it by now.
func (b *backupFile) finish() error {
	if err := b.clean(); err != nil {
		return err
	}
	if err := b.tmp.Sync(); err != nil {
		return err
	}
	if err := os.Link(b.tmp.Name(), filepath.Join(b.dir, b.name)); err != nil {
		if errors.Is(err, fs.ErrExist) {
			err = fs.ErrExist
		}
		return fmt.Errorf("backup %s: %w", b.name, err)
	}
	return syncDir(b.dir)
}

// abandon removes what was written aside.
func (b *backupFile) abandon() {
	_ = b.tmp.Close() // written and synced, or not wanted
	_ = os.Remove(b.tmp.Name())
}

// OpenBackup opens a backup in the backup directory, .evt or .evtx, for administrators.
func (v *server) OpenBackup(_ context.Context, name string) (eventlog.Log, error) {
	if !isAdministrator(v.c) {
		v.s.auditRefusal(v.c, "open backup", name)
		return nil, denied(v.c, "open backup", name)
	}
	file, err := backupName(name)
	if err != nil {
		return nil, err
	}
	return openBackup(filepath.Join(v.s.opts.BackupDir, file), &eventlog.Origin{Server: v.s.opts.Server, Log: file})
}

// openBackup opens an .evt file or, if it begins like one, an .evtx file, which
// somebody has put there: the service itself writes none.
func openBackup(name string, origin *eventlog.Origin) (eventlog.Log, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	l, err := readBackup(f, origin)
	if err != nil {
		_ = f.Close() // it was only read from
		return nil, err
	}
	return l, nil
}

func readBackup(f *os.File, origin *eventlog.Origin) (eventlog.Log, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var head [8]byte
	if n, err := f.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return nil, err
	} else if evtx.Sniff(head[:n]) {
		return evtx.NewReader(f, fi.Size(), &evtx.Options{Origin: origin, Closer: f})
	}
	return evt.NewReader(f, fi.Size(), &evt.Options{Origin: origin, Closer: f})
}
