package netelf_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"netelf.example"
	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/service"
)

// TestBackupEVTX opens an .evtx file among the backups: its events are read as
// records of the old interface.
func TestBackupEVTX(t *testing.T) {
	dir := t.TempDir()
	s, err := service.Open(dir, nil)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	var events []*eventlog.Event
	for i := range 5 {
		e := logtest.Realistic(i)
		e.RecordNumber = uint64(i + 1)
		e.Extra = &eventlog.Extra{Names: []string{"a", "b", "c"}[:len(e.Strings)]}
		events = append(events, e)
	}
	b, err := new(logtest.EVTX).Bytes(events)
	ok(t, err)
	ok(t, os.MkdirAll(filepath.Join(dir, "backup"), 0o700))
	ok(t, os.WriteFile(filepath.Join(dir, "backup", "other.evtx"), b, 0o600))
	admin := s.As(eventlog.Caller{Name: "root", SIDs: []eventlog.SID{"S-1-5-32-544", "S-1-5-11"}})
	h, err := netelf.OpenBackupEventLog(t.Context(), admin, "other.evtx")
	ok(t, err)
	defer h.Close()
	if n, err := netelf.GetNumberOfEventLogRecords(t.Context(), h); err != nil || n != 5 {
		t.Errorf("number: %d, %v", n, err)
	}
	if got := numbers(t, readAll(t, h, seqForwards, 1<<16)); !slices.Equal(got, []uint64{1, 2, 3, 4, 5}) {
		t.Errorf("records %v", got)
	}
	if got := numbers(t, readAll(t, h, seqBackwards, 1<<16)); !slices.Equal(got, []uint64{4, 3, 2, 1}) {
		t.Errorf("turned round: %v", got)
	}
}
