package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"sync/atomic"

	"netelf.example/eventlog"
)

// clientLog is a backup at the other end, or what a log has in common with it.
type clientLog struct {
	c      *Client
	path   string
	origin *eventlog.Origin
	closed atomic.Bool
}

// liveLog is a log at the other end.
type liveLog struct{ clientLog }

var (
	_ eventlog.Log      = (*clientLog)(nil)
	_ eventlog.Log      = (*liveLog)(nil)
	_ eventlog.Follower = (*liveLog)(nil)
	_ eventlog.Keeper   = (*liveLog)(nil)
	_ eventlog.Copier   = (*liveLog)(nil)
)

func (l *clientLog) check() error {
	if l.closed.Load() {
		return fmt.Errorf("log %s: %w", l.origin.Log, fs.ErrClosed)
	}
	return nil
}

func (l *clientLog) Info(ctx context.Context) (eventlog.Info, error) {
	var info Log
	if err := l.check(); err != nil {
		return eventlog.Info{}, err
	}
	if err := l.c.do(ctx, http.MethodGet, l.path, nil, &info); err != nil {
		return eventlog.Info{}, err
	}
	return info.Info(), nil
}

func (l *clientLog) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	return l.read(ctx, s, false)
}

func (l *liveLog) Follow(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	return l.read(ctx, s, true)
}

func (l *clientLog) read(ctx context.Context, s *eventlog.Selection, follow bool) (eventlog.Cursor, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if s == nil {
		s = new(eventlog.Selection)
	}
	walk := func(ctx context.Context, s *eventlog.Selection) (*cursor, error) { return l.walk(ctx, s, follow) }
	cur, err := walk(ctx, s)
	if err != nil {
		return nil, err // and not cur, which would be a Cursor that is not nil
	}
	if l.c.login == nil || follow {
		return cur, nil
	}
	return &relay{read: walk, sel: *s, own: s.Budget > 0, cur: cur}, nil
}

// walk asks for a walk.
func (l *clientLog) walk(ctx context.Context, s *eventlog.Selection, follow bool) (*cursor, error) {
	t, err := SelectionOf(s, l.origin)
	if err != nil {
		return nil, err
	}
	t.Follow = follow
	body, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", eventlog.ErrInvalid, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// The walk goes on when the caller's context is done: that is for this call.
	going, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	resp, err := l.c.send(going, http.MethodPost, l.path+"/events", "application/json", body)
	if !stop() {
		if err == nil {
			_ = resp.Body.Close() // the caller wants it no more
		}
		return nil, ctx.Err()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return newCursor(ctx, l.origin, resp.Body, cancel, l.c.lost)
}

func (l *clientLog) Close() error {
	l.closed.Store(true)
	return nil
}

func (l *liveLog) Clear(ctx context.Context, backup string) error {
	if err := l.check(); err != nil {
		return err
	}
	return l.c.do(ctx, http.MethodPost, l.path+"/clear", Clear{backup}, nil)
}

// Copy reads the whole log, as an .evt file.
func (l *liveLog) Copy(ctx context.Context, w io.Writer) error {
	if err := l.check(); err != nil {
		return err
	}
	resp, err := l.c.send(ctx, http.MethodGet, l.path+"/copy", "", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // it was only read from
	body := &noted{r: resp.Body}
	if _, err = io.Copy(w, body); body.err != nil {
		return l.c.transportError(ctx, body.err)
	}
	return err
}

// noted is a Reader that keeps its error apart from that of the Writer.
type noted struct {
	r   io.Reader
	err error
}

func (n *noted) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return k, err
}

func (l *liveLog) Backup(ctx context.Context, name string) error {
	if err := l.check(); err != nil {
		return err
	}
	return l.c.do(ctx, http.MethodPost, l.path+"/backups", Backup{name}, nil)
}

func (l *liveLog) Set(ctx context.Context, s eventlog.Settings) error {
	if err := l.check(); err != nil {
		return err
	}
	set, err := SettingsOf(s)
	if err != nil {
		return err
	}
	return l.c.do(ctx, http.MethodPatch, l.path, set, nil)
}
