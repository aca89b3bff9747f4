package server

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
)

// of wraps an answer's body, as the library wants it.
type of[T any] struct{ Body T }

// LogPath, BackupPath and OpenCheck are exported for the library, which does not
// see them otherwise.
type LogPath struct {
	Log string `path:"log" doc:"name of the log; case does not count"`
}

type BackupPath struct {
	Backup string `path:"backup" doc:"name of the backup"`
}

type OpenCheck struct {
	Check string `query:"check" enum:"open" doc:"open: ask only whether it may be opened; the answer has what the caller may know"`
}

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/v1/" + path, Summary: summary, DefaultStatus: status, MaxBodyBytes: maxRequest,
		Errors: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}}
}

func (h *Handler) about() {
	about := func(ctx context.Context, _ *struct{}) (*of[api.About], error) {
		return &of[api.About]{api.About{
			Version: h.opts.Version, Computer: h.opts.Computer, Time: h.opts.Now().UTC(), Zone: h.opts.Zone,
			Caller: aboutCaller(callerOf(ctx)),
		}}, nil
	}
	huma.Register(h.api, operation("about", http.MethodGet, "about", "What the server is, and who asks", http.StatusOK), about)
	root := operation("who-am-i", http.MethodGet, "", "The same", http.StatusOK)
	root.Path = "/v1"
	huma.Register(h.api, root, about)
}

func (h *Handler) logs() {
	huma.Register(h.api, operation("list-logs", http.MethodGet, "logs", "All logs", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*of[api.Logs], error) {
			out := &of[api.Logs]{api.Logs{Logs: []api.Log{}}}
			err := h.with(ctx, func(srv eventlog.Server) error {
				infos, err := srv.Logs(ctx)
				for i := range infos {
					out.Body.Logs = append(out.Body.Logs, api.LogOf(&infos[i]))
				}
				return err
			})
			return out, err
		})
	huma.Register(h.api, operation("create-log", http.MethodPost, "logs", "Creates a log", http.StatusNoContent),
		func(ctx context.Context, in *of[api.NewLog]) (*struct{}, error) {
			return nil, h.with(ctx, func(srv eventlog.Server) error {
				return eventlog.CreateLog(ctx, srv, in.Body.Name, in.Body.Settings.Settings())
			})
		})
	huma.Register(h.api, operation("delete-log", http.MethodDelete, "logs/{log}", "Deletes a log with its records and sources", http.StatusNoContent),
		func(ctx context.Context, in *LogPath) (*struct{}, error) {
			return nil, h.with(ctx, func(srv eventlog.Server) error { return eventlog.DeleteLog(ctx, srv, in.Log) })
		})
	huma.Register(h.api, operation("log", http.MethodGet, "logs/{log}", "What is known of a log", http.StatusOK),
		func(ctx context.Context, in *struct {
			LogPath
			OpenCheck
		}) (*of[api.Log], error) {
			return h.info(ctx, in.Log, in.Check != "", false)
		})
	huma.Register(h.api, operation("set-log", http.MethodPatch, "logs/{log}", "Changes the settings of a log", http.StatusNoContent),
		func(ctx context.Context, in *struct {
			LogPath
			Body api.Settings
		}) (*struct{}, error) {
			return nil, h.withLog(ctx, in.Log, false, func(_ eventlog.Server, l eventlog.Log) error {
				return eventlog.Set(ctx, l, in.Body.Settings())
			})
		})
	huma.Register(h.api, operation("clear-log", http.MethodPost, "logs/{log}/clear", "Removes all records, after a backup if it is named", http.StatusNoContent),
		func(ctx context.Context, in *struct {
			LogPath
			Body api.Clear
		}) (*struct{}, error) {
			return nil, h.withLog(ctx, in.Log, false, func(_ eventlog.Server, l eventlog.Log) error {
				return eventlog.Clear(ctx, l, in.Body.Backup)
			})
		})
	huma.Register(h.api, operation("backup-log", http.MethodPost, "logs/{log}/backups", "Makes a backup, which lies with the server", http.StatusNoContent),
		func(ctx context.Context, in *struct {
			LogPath
			Body api.Backup
		}) (*struct{}, error) {
			return nil, h.withLog(ctx, in.Log, false, func(_ eventlog.Server, l eventlog.Log) error {
				return eventlog.Backup(ctx, l, in.Body.Name)
			})
		})
	huma.Register(h.api, operation("backup", http.MethodGet, "backups/{backup}", "What is known of a backup", http.StatusOK),
		func(ctx context.Context, in *struct {
			BackupPath
			OpenCheck
		}) (*of[api.Log], error) {
			return h.info(ctx, in.Backup, in.Check != "", true)
		})
}

// withLog does f with a log, or a backup.
func (h *Handler) withLog(ctx context.Context, name string, backup bool, f func(eventlog.Server, eventlog.Log) error) error {
	return h.with(ctx, func(srv eventlog.Server) error {
		l, err := open(ctx, srv, name, backup)
		if err != nil {
			return err
		}
		err = f(srv, l)
		if closed := l.Close(); err == nil {
			err = closed
		}
		return err
	})
}

func open(ctx context.Context, srv eventlog.Server, name string, backup bool) (eventlog.Log, error) {
	if backup {
		return eventlog.OpenBackup(ctx, srv, name)
	}
	return srv.OpenLog(ctx, name)
}

// info tells of a log. With check it is enough that it may be opened: somebody
// may set what he may not read.
func (h *Handler) info(ctx context.Context, name string, check, backup bool) (*of[api.Log], error) {
	var out of[api.Log]
	err := h.withLog(ctx, name, backup, func(srv eventlog.Server, l eventlog.Log) error {
		i, err := l.Info(ctx)
		if check && errors.Is(err, fs.ErrPermission) {
			i, err = eventlog.Info{Name: listed(ctx, srv, name)}, nil
			i.Channel = i.Name
		}
		out.Body = api.LogOf(&i)
		return err
	})
	return &out, err
}

// listed is the name as the server writes it.
func listed(ctx context.Context, srv eventlog.Server, name string) string {
	infos, err := srv.Logs(ctx)
	if err != nil {
		return name
	}
	for i := range infos {
		if eventlog.EqualFold(infos[i].Name, name) {
			return infos[i].Name
		}
	}
	return name
}
