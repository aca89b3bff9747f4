package netelf_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"netelf.example/api"
	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/service"
)

func init() {
	worlds["socket"] = func(t testing.TB) world {
		s, err := service.Open(t.TempDir(), nil)
		ok(t, err)
		t.Cleanup(func() { ok(t, s.Close()) })
		dir, err := os.MkdirTemp("", "netelf") // a socket's name is short
		ok(t, err)
		t.Cleanup(func() { ok(t, os.RemoveAll(dir)) })
		l, err := net.Listen("unix", filepath.Join(dir, "s"))
		ok(t, err)
		caller := eventlog.Caller{Name: "root", SIDs: []eventlog.SID{"S-1-5-32-544", "S-1-5-11"}}
		h := &http.Server{Handler: server.New(server.Options{
			Caller: func(*http.Request) (eventlog.Caller, error) { return caller, nil },
			For:    func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
		})}
		done := make(chan error, 1)
		go func() { done <- h.Serve(l) }()
		t.Cleanup(func() {
			ok(t, h.Close())
			if err := <-done; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		})
		srv := api.Unix(filepath.Join(dir, "s"), "")
		t.Cleanup(func() { ok(t, srv.Close()) })
		ok(t, eventlog.CreateLog(t.Context(), srv, "Spool", eventlog.Settings{}))
		ok(t, eventlog.SetSource(t.Context(), srv, eventlog.Source{Name: "Disk", Log: "Spool"}))
		return world{srv: srv}
	}
}
