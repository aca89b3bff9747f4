package netelf_test

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"slices"
	"testing"
	"time"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

const (
	badHandle  = nt.ErrorInvalidHandle
	badLevel   = nt.ErrorInvalidLevel
	denied     = nt.ErrorAccessDenied
	notFound   = nt.ErrorFileNotFound
	notAble    = nt.ErrorNotSupported
	exists     = nt.ErrorFileExists
	badName    = nt.ErrorInvalidName
	cancelled  = nt.ErrorCancelled
	logFull    = nt.ErrorLogFileFull
	noLog      = "No such log"
	backupName = "before.evt"
)

func TestOpenEventLog(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		const fn = "OpenEventLog"
		for _, name := range []string{"Spool", "SPOOL", "application"} {
			if h := openLog(t, w.srv, name); h.Name() != name {
				t.Errorf("Name %q, want %q", h.Name(), name)
			}
		}
		_, err := netelf.OpenEventLog(t.Context(), w.srv, noLog)
		want(t, fn, err, notFound)
		wantIs(t, fn, err, fs.ErrNotExist)
		if e := asError(err); e.Name != noLog {
			t.Errorf("Name %q", e.Name)
		}
		_, err = netelf.OpenEventLog(t.Context(), w.srv, "")
		want(t, fn, err, badArg)
		_, err = netelf.OpenEventLog(t.Context(), nil, "Spool")
		want(t, fn, err, badArg)
	})
}

// handles are one of each kind, all of them good for closing.
func handles(t *testing.T, srv eventlog.Server) map[string]netelf.Handle {
	d, err := netelf.OpenEventLogDetail(t.Context(), srv, "Spool", nil)
	ok(t, err)
	l, err := netelf.OpenEventLog(t.Context(), srv, "Spool")
	ok(t, err)
	s, err := netelf.RegisterEventSource(t.Context(), srv, "Disk")
	ok(t, err)
	return map[string]netelf.Handle{"log": l, "source": s, "detail": d}
}

// calls are all functions that take a handle, with the kinds that they take.
func calls(t *testing.T) map[string]struct {
	call  func(netelf.Handle) error
	kinds []string
} {
	ctx := t.Context()
	type row = struct {
		call  func(netelf.Handle) error
		kinds []string
	}
	log := []string{"log"}
	return map[string]row{
		"CloseEventLog": {netelf.CloseEventLog, log},
		"ReadEventLog": {func(h netelf.Handle) error {
			_, _, err := netelf.ReadEventLog(ctx, h, seqForwards, 0, make([]byte, 1<<16))
			return err
		}, log},
		"GetNumberOfEventLogRecords": {func(h netelf.Handle) error {
			_, err := netelf.GetNumberOfEventLogRecords(ctx, h)
			return err
		}, log},
		"GetOldestEventLogRecord": {func(h netelf.Handle) error {
			_, err := netelf.GetOldestEventLogRecord(ctx, h)
			return err
		}, log},
		"BackupEventLog":  {func(h netelf.Handle) error { return netelf.BackupEventLog(ctx, h, "x.evt") }, log},
		"ClearEventLog":   {func(h netelf.Handle) error { return netelf.ClearEventLog(ctx, h, "") }, log},
		"EventLogGetInfo": {func(h netelf.Handle) error { _, err := netelf.EventLogGetInfo(ctx, h, 1); return err }, log},
		"EventLogSetInfo": {func(h netelf.Handle) error {
			return netelf.EventLogSetInfo(ctx, h, 1, netelf.EventLogInfo1{MaxSize: 64})
		}, log},
		"ReportEvent": {func(h netelf.Handle) error {
			_, err := netelf.ReportEvent(ctx, h, eventlog.Error, 0, 1, "", nil, nil)
			return err
		}, []string{"log", "source"}},
		"DeregisterEventSource": {netelf.DeregisterEventSource, []string{"source"}},
		"ReadEventLogDetail": {func(h netelf.Handle) error {
			_, err := netelf.ReadEventLogDetail(ctx, h, encode(t, logtest.Events()[:1])[0])
			return err
		}, []string{"detail"}},
		"CloseEventLogDetail": {netelf.CloseEventLogDetail, []string{"detail"}},
	}
}

// TestHandles: a handle of another kind, nil, and one that is closed are
// ERROR_INVALID_HANDLE for every function.
func TestHandles(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		for fn, c := range calls(t) {
			for kind, h := range handles(t, w.srv) {
				if !slices.Contains(c.kinds, kind) {
					want(t, fn, c.call(h), badHandle)
				}
				ok(t, h.Close())
				want(t, fn, c.call(h), badHandle)
				if err := h.Close(); !errors.Is(err, badHandle) {
					t.Errorf("closed twice: %v", err)
				}
			}
			for _, h := range []netelf.Handle{nil, (*netelf.EventLog)(nil), (*netelf.EventSource)(nil), (*netelf.EventLogDetail)(nil)} {
				want(t, fn, c.call(h), badHandle)
				wantIs(t, fn, c.call(h), eventlog.ErrHandle)
			}
		}
		for kind, h := range handles(t, w.srv) {
			var err error
			switch kind {
			case "log":
				err = netelf.CloseEventLog(h)
			case "source":
				err = netelf.DeregisterEventSource(h)
			case "detail":
				err = netelf.CloseEventLogDetail(h)
			}
			ok(t, err)
		}
		h := openLog(t, w.srv, "Spool")
		ok(t, h.Close())
		for _, err := range h.Records(t.Context(), seqForwards, 0) {
			want(t, "ReadEventLog", err, badHandle)
		}
		_, err := h.Info(t.Context())
		want(t, "EventLogGetInfo", err, badHandle)
		want(t, "EventLogSetInfo", h.Set(t.Context(), eventlog.Settings{}), badHandle)
	})
}

// TestSentinels sends every error of the contract through every function that asks
// the server.
func TestSentinels(t *testing.T) {
	ctx := t.Context()
	for _, p := range eventlog.Problems() {
		if p.Err == nil {
			continue
		}
		check := func(fn string, err error) {
			t.Helper()
			want(t, fn, err, p.Win32)
			wantIs(t, fn, err, p.Err)
		}
		for fn, c := range calls(t) {
			srv := newFake()
			report(t, srv, 1)
			all := handles(t, srv)
			srv.fail(p.Err)
			check(fn, c.call(all[c.kinds[0]]))
		}
		srv := newFake().with("Spool", logtest.Events())
		h := openLog(t, srv, "Spool")
		src := register(t, srv, "Disk")
		// While a walk is under way.
		srv.log("Spool").mem.Fail = p.Err
		_, _, err := netelf.ReadEventLog(ctx, h, seqForwards, 0, make([]byte, 1<<16))
		check("ReadEventLog", err)
		for e, err := range h.Records(ctx, seqForwards, 0) {
			if check("ReadEventLog", err); e != nil {
				t.Error("an event in spite of it")
			}
		}
		srv.fail(p.Err)
		_, err = netelf.OpenEventLog(ctx, srv, "Spool")
		check("OpenEventLog", err)
		_, err = netelf.OpenBackupEventLog(ctx, srv, "x.evt")
		check("OpenBackupEventLog", err)
		_, err = netelf.RegisterEventSource(ctx, srv, "Disk")
		check("RegisterEventSource", err)
		_, err = netelf.OpenEventLogDetail(ctx, srv, "Spool", nil)
		check("OpenEventLogDetail", err)
		_, err = src.Report(ctx, &eventlog.Event{})
		check("ReportEvent", err)
		srv.fail(nil)
	}
}

func TestCancelled(t *testing.T) {
	srv := newFake().with("Spool", logtest.Events())
	h := openLog(t, srv, "Spool")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := h.Read(ctx, seqForwards, 0, make([]byte, 1<<16))
	want(t, "ReadEventLog", err, cancelled)
	if got := numbers(t, readAll(t, h, seqForwards, 1<<16)); len(got) != len(logtest.Events()) {
		t.Errorf("after that: %v", got)
	}
}

func TestNumberAndOldest(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		h := openLog(t, w.srv, "Spool")
		expect := func(count, oldest uint64) {
			t.Helper()
			n, err := netelf.GetNumberOfEventLogRecords(t.Context(), h)
			ok(t, err)
			o, err := netelf.GetOldestEventLogRecord(t.Context(), h)
			ok(t, err)
			if n != count || o != oldest {
				t.Errorf("%d records from %d on, want %d from %d", n, o, count, oldest)
			}
			i, err := h.Info(t.Context())
			ok(t, err)
			if i.Count() != count || i.Oldest != oldest {
				t.Errorf("Info: %d records from %d on, want %d from %d", i.Count(), i.Oldest, count, oldest)
			}
		}
		expect(0, 0)
		report(t, w.srv, 1)
		expect(1, 1)
		report(t, w.srv, 9)
		expect(10, 1)
		if w.overwrite != nil {
			w.overwrite("Spool", 4)
			expect(6, 5)
		}
		ok(t, h.Clear(t.Context(), ""))
		expect(0, 0)
	})
}

// TestNumberUnknownEnd: where the log does not know its next number, its records
// are counted.
func TestNumberUnknownEnd(t *testing.T) {
	srv := newFake().with("Spool", logtest.Events())
	srv.log("Spool").next = 0
	srv.log("Spool").mem.Losses = map[uint64]*eventlog.Loss{9: {Offset: 9}}
	n, err := openLog(t, srv, "Spool").Count(t.Context())
	if err != nil || n != uint64(len(logtest.Events())) {
		t.Errorf("%d, %v", n, err)
	}
	srv.log("Spool").mem.Fail = eventlog.ErrCorrupt
	_, err = openLog(t, srv, "Spool").Count(t.Context())
	want(t, "GetNumberOfEventLogRecords", err, nt.ErrorEventlogFileCorrupt)
}

func TestBackup(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		const fn = "BackupEventLog"
		report(t, w.srv, 5)
		h := openLog(t, w.srv, "Spool")
		whole := readAll(t, openLog(t, w.srv, "Spool"), seqForwards, 1<<16)
		want(t, fn, netelf.BackupEventLog(t.Context(), h, ""), badArg)
		want(t, fn, netelf.BackupEventLog(t.Context(), h, "../"+backupName), badName)
		ok(t, netelf.BackupEventLog(t.Context(), h, backupName))
		err := netelf.BackupEventLog(t.Context(), h, backupName)
		want(t, fn, err, exists)
		wantIs(t, fn, err, fs.ErrExist)

		// A clear whose backup fails clears nothing.
		want(t, "ClearEventLog", netelf.ClearEventLog(t.Context(), h, backupName), exists)
		want(t, "ClearEventLog", netelf.ClearEventLog(t.Context(), h, "../"+backupName), badName)
		if n, _ := h.Count(t.Context()); n != 5 {
			t.Errorf("%d records after a clear that failed, want 5", n)
		}
		ok(t, netelf.ClearEventLog(t.Context(), h, "second.evt"))

		const open = "OpenBackupEventLog"
		for _, name := range []string{backupName, "second.evt"} {
			b, err := netelf.OpenBackupEventLog(t.Context(), w.srv, name)
			ok(t, err)
			defer b.Close()
			if n, err := netelf.GetNumberOfEventLogRecords(t.Context(), b); err != nil || n != 5 {
				t.Errorf("number: %d, %v", n, err)
			}
			if n, err := netelf.GetOldestEventLogRecord(t.Context(), b); err != nil || n != 1 {
				t.Errorf("oldest: %d, %v", n, err)
			}
			if got := readAll(t, b, seqForwards, 1<<16); string(got) != string(whole) {
				t.Errorf("%s is not what the log was", name)
			}
			if got := numbers(t, readAll(t, b, seqBackwards, 300)); !slices.Equal(got, []uint64{4, 3, 2, 1}) {
				t.Errorf("turned round: %v", got)
			}
			buf := make([]byte, 1<<16)
			n, _, err := netelf.ReadEventLog(t.Context(), b, seekBackwards, 3, buf)
			if got := numbers(t, buf[:n]); err != nil || !slices.Equal(got, []uint64{3, 2, 1}) {
				t.Errorf("seek: %v, %v", got, err)
			}
			_, _, err = netelf.ReadEventLog(t.Context(), b, seekForwards, 6, buf)
			want(t, "ReadEventLog", err, badArg)
			_, err = netelf.EventLogGetInfo(t.Context(), b, 1)
			ok(t, err)
			records := 0
			for _, err := range b.Records(t.Context(), seqForwards, 0) {
				ok(t, err)
				records++
			}
			if records != 5 {
				t.Errorf("Records: %d", records)
			}

			// What it refuses.
			for _, fn := range []string{"ReportEvent", "ClearEventLog", "BackupEventLog", "EventLogSetInfo"} {
				want(t, fn, calls(t)[fn].call(b), badHandle)
			}
			want(t, "EventLogSetInfo", b.Set(t.Context(), eventlog.Settings{}), badHandle)
		}
		_, err = netelf.OpenBackupEventLog(t.Context(), w.srv, "other.evt")
		want(t, open, err, notFound)
		_, err = netelf.OpenBackupEventLog(t.Context(), w.srv, "../"+backupName)
		want(t, open, err, badName)
		_, err = netelf.OpenBackupEventLog(t.Context(), w.srv, "")
		want(t, open, err, badArg)
		_, err = netelf.OpenBackupEventLog(t.Context(), nil, backupName)
		want(t, open, err, badArg)
	})
}

func TestClear(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		report(t, w.srv, 3)
		h := openLog(t, w.srv, "Spool")
		ok(t, netelf.ClearEventLog(t.Context(), h, ""))
		if got := readAll(t, h, seqForwards, 1<<16); len(got) != 0 {
			t.Errorf("%d bytes after a clear", len(got))
		}
		report(t, w.srv, 1)
		if got := numbers(t, readAll(t, h, seqForwards, 1<<16)); !slices.Equal(got, []uint64{1}) {
			t.Errorf("after a clear: %v, want 1", got)
		}
	})
}

func TestGetAndSetInfo(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		h := openLog(t, w.srv, "Spool")
		for _, level := range []uint32{0, 2, 100} {
			_, err := netelf.EventLogGetInfo(t.Context(), h, level)
			want(t, "EventLogGetInfo", err, badLevel)
			wantIs(t, "EventLogGetInfo", err, eventlog.ErrLevel)
			want(t, "EventLogSetInfo", netelf.EventLogSetInfo(t.Context(), h, level, netelf.EventLogInfo1{MaxSize: 64}), badLevel)
		}
		for _, c := range []struct{ set, want netelf.EventLogInfo1 }{
			{netelf.EventLogInfo1{MaxSize: 512}, netelf.EventLogInfo1{MaxSize: 512}},
			{netelf.EventLogInfo1{MaxSize: 100, Retention: 86400}, netelf.EventLogInfo1{MaxSize: 128, Retention: 86400}},
			{netelf.EventLogInfo1{MaxSize: 1024, Retention: netelf.RetainForever}, netelf.EventLogInfo1{MaxSize: 1024, Retention: netelf.RetainForever}},
			{netelf.EventLogInfo1{MaxSize: 1024, Retention: netelf.RetainForever - 1}, netelf.EventLogInfo1{MaxSize: 1024, Retention: netelf.RetainForever - 1}},
		} {
			ok(t, netelf.EventLogSetInfo(t.Context(), h, 1, c.set))
			got, err := netelf.EventLogGetInfo(t.Context(), h, 1)
			ok(t, err)
			if got != c.want {
				t.Errorf("set %+v, got %+v, want %+v", c.set, got, c.want)
			}
		}
		want(t, "EventLogSetInfo", netelf.EventLogSetInfo(t.Context(), h, 1, netelf.EventLogInfo1{Retention: 1}), badArg)
		keep := time.Hour
		ok(t, h.Set(t.Context(), eventlog.Settings{Retention: &keep}))
		if got, _ := netelf.EventLogGetInfo(t.Context(), h, 1); got != (netelf.EventLogInfo1{MaxSize: 1024, Retention: 3600}) {
			t.Errorf("one alone: %+v", got)
		}
	})
}

func TestInfoUnits(t *testing.T) {
	srv := newFake()
	h := openLog(t, srv, "Spool")
	for _, c := range []struct {
		size int64
		keep time.Duration
		want netelf.EventLogInfo1
	}{
		{1, time.Nanosecond, netelf.EventLogInfo1{MaxSize: 1, Retention: 1}}, // never "as needed" by rounding
		{1025, -time.Second, netelf.EventLogInfo1{MaxSize: 2}},
		{math.MaxInt64, math.MaxInt64 - 1, netelf.EventLogInfo1{MaxSize: math.MaxUint32, Retention: netelf.RetainForever - 1}},
		{65536, eventlog.RetainForever, netelf.EventLogInfo1{MaxSize: 64, Retention: netelf.RetainForever}},
	} {
		srv.log("Spool").size, srv.log("Spool").keep = c.size, c.keep
		if got, err := netelf.EventLogGetInfo(t.Context(), h, 1); err != nil || got != c.want {
			t.Errorf("%d, %v: %+v, %v, want %+v", c.size, c.keep, got, err, c.want)
		}
	}
	srv.log("Spool").size = 0
	_, err := netelf.EventLogGetInfo(t.Context(), h, 1)
	want(t, "EventLogGetInfo", err, notAble) // the settings are not known, and not 0
	wantIs(t, "EventLogGetInfo", err, errors.ErrUnsupported)
}

// TestBare: what the other side cannot do is ERROR_NOT_SUPPORTED.
func TestBare(t *testing.T) {
	srv := bare{newFake()}
	h := openLog(t, srv, "Spool")
	for _, fn := range []string{"BackupEventLog", "ClearEventLog", "EventLogSetInfo", "ReportEvent"} {
		want(t, fn, calls(t)[fn].call(h), notAble)
	}
	_, err := netelf.RegisterEventSource(t.Context(), srv, "Disk")
	want(t, "RegisterEventSource", err, notAble)
	_, err = netelf.OpenBackupEventLog(t.Context(), srv, backupName)
	want(t, "OpenBackupEventLog", err, notAble)
	if n, err := h.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
