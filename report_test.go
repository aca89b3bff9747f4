package netelf_test

import (
	"slices"
	"testing"
	"time"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// events are those of a log.
func events(t testing.TB, srv eventlog.Server, log string) (list []*eventlog.Event) {
	t.Helper()
	for e, err := range openLog(t, srv, log).Records(t.Context(), seqForwards, 0) {
		ok(t, err)
		list = append(list, e)
	}
	return list
}

func TestRegisterEventSource(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		const fn = "RegisterEventSource"
		_, err := netelf.RegisterEventSource(t.Context(), w.srv, "Security")
		want(t, fn, err, denied)
		_, err = netelf.RegisterEventSource(t.Context(), w.srv, "")
		want(t, fn, err, badArg)
		_, err = netelf.RegisterEventSource(t.Context(), nil, "Disk")
		want(t, fn, err, badArg)
		if s := register(t, w.srv, "disk"); s.Name() != "disk" {
			t.Errorf("Name %q", s.Name())
		}
		// A source that nobody knows reports into Application.
		_, err = register(t, w.srv, "Unheard of").Report(t.Context(), &eventlog.Event{ID: 1})
		ok(t, err)
		if list := events(t, w.srv, "Application"); len(list) != 1 || list[0].Source != "Unheard of" {
			t.Errorf("Application: %v", list)
		}
	})
}

func TestReportEvent(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		src := register(t, w.srv, "Disk")
		n, err := netelf.ReportEvent(t.Context(), src, eventlog.Warning, 7, 0x80040033, "S-1-5-18", []string{"a", ""}, []byte{1, 2})
		ok(t, err)
		if n != 1 {
			t.Errorf("record %d, want 1", n)
		}
		e := events(t, w.srv, "Spool")[0]
		wanted := &eventlog.Event{
			RecordNumber: 1, TimeGenerated: e.TimeGenerated, TimeWritten: e.TimeWritten, ID: 0x80040033, Type: eventlog.Warning,
			Level: eventlog.LevelWarning, Category: 7, Source: "Disk", Computer: e.Computer, User: "S-1-5-18",
			Strings: []string{"a", ""}, Data: []byte{1, 2},
		}
		if d := logtest.Diff(e, wanted); d != "" {
			t.Errorf("reported:%s", d)
		}
		if e.TimeGenerated.IsZero() || e.TimeWritten.IsZero() || e.Computer == "" {
			t.Errorf("not filled in: %v %v %q", e.TimeGenerated, e.TimeWritten, e.Computer)
		}

		// By the handle of a log: of the source with its name.
		n, err = netelf.ReportEvent(t.Context(), openLog(t, w.srv, "Spool"), eventlog.Success, 0, 1, "", nil, nil)
		ok(t, err)
		if e := events(t, w.srv, "Spool")[1]; n != 2 || e.Source != "Spool" || e.Type != eventlog.Success {
			t.Errorf("record %d: %+v", n, e)
		}
		_, err = netelf.ReportEvent(t.Context(), openLog(t, w.srv, "Security"), eventlog.AuditFailure, 0, 1, "", nil, nil)
		want(t, "ReportEvent", err, denied)
	})
}

func TestReportBatch(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		src := register(t, w.srv, "Disk")
		when := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		given := []*eventlog.Event{
			{ID: 1, Source: "DISK", Type: eventlog.Error, Level: eventlog.LevelVerbose, Computer: "BEDROCK", TimeGenerated: when},
			{ID: 2, Strings: make([]string, netelf.MaxReportStrings)},
			{ID: 3, Data: make([]byte, netelf.MaxReportData)},
		}
		last, err := src.Report(t.Context(), given...)
		ok(t, err)
		list := events(t, w.srv, "Spool")
		if last != 3 || len(list) != 3 {
			t.Fatalf("last %d of %d", last, len(list))
		}
		if e := list[0]; e.Source != "Disk" || e.Level != eventlog.LevelError || e.Computer != "BEDROCK" || !e.TimeGenerated.Equal(when) {
			t.Errorf("first: %+v", e)
		}
		if len(list[1].Strings) != netelf.MaxReportStrings || len(list[2].Data) != netelf.MaxReportData {
			t.Error("what is just within the limits was changed")
		}
		if given[0].Source != "DISK" || given[1].Source != "" || given[0].Level != eventlog.LevelVerbose {
			t.Error("the caller's events were changed")
		}

		// One that is over a limit, and none is written.
		_, err = src.Report(t.Context(), &eventlog.Event{}, &eventlog.Event{Data: make([]byte, netelf.MaxReportData+1)})
		want(t, "ReportEvent", err, badArg)
		wantIs(t, "ReportEvent", err, eventlog.ErrTooLarge)
		if text := `ReportEvent "Disk": event 2: over a limit: 61441 bytes of data, the limit is 61440 (MaxReportData)`; err.Error() != text {
			t.Errorf("text %q, want %q", err, text)
		}
		last, err = src.Report(t.Context())
		if n := len(events(t, w.srv, "Spool")); n != 3 || last != 0 || err != nil {
			t.Errorf("%d events, last %d, %v", n, last, err)
		}
	})
}

func TestDeregister(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		src := register(t, w.srv, "Disk")
		ok(t, netelf.DeregisterEventSource(src))
		_, err := src.Report(t.Context(), &eventlog.Event{})
		want(t, "ReportEvent", err, badHandle)
		want(t, "DeregisterEventSource", netelf.DeregisterEventSource(src), badHandle)
	})
}

// TestReadStored: records of a file are given as they are stored there.
func TestReadStored(t *testing.T) {
	srv, whole := evtFile(t)
	h := openLog(t, srv, srv.name)
	for _, size := range []int{500, 1 << 16} {
		if got := readAll(t, h, seqForwards, size); !slices.Equal(got, whole) {
			t.Errorf("buffer %d: %d bytes, want the %d of the file", size, len(got), len(whole))
		}
		_, _, err := h.Read(t.Context(), seekForwards, logtest.First, nil)
		want(t, "ReadEventLog", err, small)
		h = openLog(t, srv, srv.name)
	}
}
