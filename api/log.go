package api

import (
	"context"
	"encoding/json"
	"fmt"
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
	walk, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	resp, err := l.c.send(walk, http.MethodPost, l.path+"/events", "application/json", body)
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
	cur, err := newCursor(ctx, l.origin, resp.Body, cancel)
	if err != nil {
		return nil, err
	}
	return cur, nil
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
