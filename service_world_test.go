package netelf_test

import (
	"testing"

	"netelf.example/eventlog"
	"netelf.example/service"
)

func init() {
	worlds["service"] = func(t testing.TB) world {
		s, err := service.Open(t.TempDir(), nil)
		ok(t, err)
		t.Cleanup(func() { ok(t, s.Close()) })
		srv := s.As(eventlog.Caller{Name: "root", SIDs: []eventlog.SID{"S-1-5-32-544", "S-1-5-11"}})
		ok(t, eventlog.CreateLog(t.Context(), srv, "Spool", eventlog.Settings{}))
		ok(t, eventlog.SetSource(t.Context(), srv, eventlog.Source{Name: "Disk", Log: "Spool"}))
		return world{srv: srv}
	}
}
