package service

import (
	"context"
	"fmt"
	"io"
	"os"

	"netelf.example/eventlog"
)

var _ eventlog.Copier = (*handle)(nil)

// Copy writes the log, as it is now, to w as a clean .evt file. It is made aside
// first, where backups are, so that a slow reader holds nobody up, and needs the
// same rights as a backup.
func (h *handle) Copy(ctx context.Context, w io.Writer) error {
	if err := h.check(eventlog.RightRead|eventlog.RightClear, "back up"); err != nil {
		return err
	}
	if h.l.opts.ReadOnly {
		return fmt.Errorf("copy log %s: %w", h.l.origin.Log, ErrReadOnly)
	}
	select {
	case h.v.s.copies <- struct{}{}:
		defer func() { <-h.v.s.copies }()
	case <-ctx.Done():
		return ctx.Err()
	}
	b, err := h.l.newAside()
	if err != nil {
		return err
	}
	defer b.abandon()
	if err = b.copyAll(ctx, h.l); err == nil {
		err = b.clean()
	}
	if err != nil {
		return fmt.Errorf("copy log %s: %w", h.l.origin.Log, err)
	}
	if _, err := b.tmp.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(w, untilDone{ctx, b.tmp})
	return err
}

// untilDone is a file that is read until ctx is done.
type untilDone struct {
	ctx context.Context
	f   *os.File
}

func (r untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.f.Read(p)
}
