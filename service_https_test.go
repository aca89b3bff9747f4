package netelf_test

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/api"
	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/internal/certs"
	"netelf.example/internal/users"
	"netelf.example/service"
)

func init() {
	worlds["https"] = func(t testing.TB) world {
		s, err := service.Open(t.TempDir(), nil)
		ok(t, err)
		t.Cleanup(func() { ok(t, s.Close()) })
		file, err := users.Open(filepath.Join(t.TempDir(), "users.json"), &users.Options{Cost: users.Cost{Memory: 64, Passes: 1, Lanes: 1}})
		ok(t, err)
		_, err = file.Add(t.Context(), users.NewUser{Name: "fred", Password: "Yabba", Groups: []users.Group{users.Administrators}})
		ok(t, err)
		h := server.New(server.Options{
			Caller:   server.CallerOf,
			For:      func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
			Accounts: server.NewAccounts(server.AccountsOptions{Users: file, Audit: func(context.Context, eventlog.Caller, server.Act) error { return nil }}),
		})
		hs := httptest.NewTLSServer(h.Network())
		t.Cleanup(hs.Close)
		srv, err := api.HTTPS(strings.TrimPrefix(hs.URL, "https://"), &api.HTTPSOptions{
			Fingerprint: certs.Of(hs.Certificate().Raw).String(),
			Login: func(context.Context) (api.Credentials, error) {
				return api.Credentials{User: "fred", Password: "Yabba"}, nil
			},
		})
		ok(t, err)
		t.Cleanup(func() { ok(t, srv.Close()) })
		ok(t, eventlog.CreateLog(t.Context(), srv, "Spool", eventlog.Settings{}))
		ok(t, eventlog.SetSource(t.Context(), srv, eventlog.Source{Name: "Disk", Log: "Spool"}))
		return world{srv: srv}
	}
}
