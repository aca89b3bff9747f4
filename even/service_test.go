package even

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
	"netelf.example/service"
)

var (
	admin = eventlog.Caller{Name: "root", SIDs: []eventlog.SID{nt.UnixUser(0), nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDAdministrators}}
	user  = eventlog.Caller{Name: "fred", SIDs: []eventlog.SID{nt.UnixUser(1000), nt.SIDEveryone, nt.SIDAuthenticatedUsers}}
	guest = eventlog.Caller{Name: "guest", SIDs: []eventlog.SID{nt.SIDAnonymous, nt.SIDEveryone}}
)

func opened(t *testing.T, dir string) *service.Service {
	t.Helper()
	s, err := service.Open(dir, &service.Options{Sync: service.SyncNone, Computer: "bedrock", Now: func() time.Time { return nt.Time32(1_800_000_000) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestService goes through the operations over the service, as an administrator.
func TestService(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	ctx := context.Background()
	if err := eventlog.SetSource(ctx, s.As(admin), eventlog.Source{Name: "Disk", Log: "System"}); err != nil {
		t.Fatal(err)
	}
	if err := eventlog.CreateLog(ctx, s.As(admin), "Spool", eventlog.Settings{}); err != nil {
		t.Fatal(err)
	}
	c := dialed(t, s.As(admin), HandlerOptions{})
	spool := c.open("spool")
	disk := c.opens(opRegisterEventSourceW, "Disk", nt.StatusSuccess)
	other := c.opens(opRegisterEventSourceA, "nobody knows it", nt.StatusSuccess)

	report := func(h ndr.ContextHandle, op uint16, source string) uint32 {
		t.Helper()
		req := fill(calls[op].request()).(*reportRequest)
		req.LogHandle = h
		if req.withSource {
			req.SourceName = ndr.Text(source)
		}
		resp := calls[op].response().(*reportResponse)
		c.call(op, req, resp)
		c.want(opName(op), resp.Status, nt.StatusSuccess)
		if resp.TimeWritten != nil && *resp.TimeWritten != 1_800_000_000 {
			t.Errorf("%s: written at %d", opName(op), *resp.TimeWritten)
		}
		return *resp.RecordNumber
	}
	newest := func(log string) eventlog.Event {
		t.Helper()
		l, err := s.As(admin).OpenLog(ctx, log)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for e, err := range eventlog.All(ctx, l, &eventlog.Selection{Backward: true, Limit: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			return *e
		}
		t.Fatalf("%s is empty", log)
		return eventlog.Event{}
	}
	for _, x := range []struct {
		h           ndr.ContextHandle
		op          uint16
		log, source string
	}{
		{spool, opReportEventW, "Spool", "Spool"},
		{spool, opReportEventA, "Spool", "Spool"},
		{spool, opReportEventAndSourceW, "Spool", "printer"}, // though it is nobody's source
		{spool, opReportEventAndSourceW, "Spool", "Disk"},    // though that is one of System
		{disk, opReportEventW, "System", "Disk"},
		{disk, opReportEventA, "System", "Disk"},
		{disk, opReportEventAndSourceW, "System", "printer"},
		{other, opReportEventW, "Application", "nobody knows it"},
	} {
		n := report(x.h, x.op, x.source)
		e := newest(x.log)
		if uint32(e.RecordNumber) != n || e.Source != x.source || e.Computer != "BEDROCK" || !e.TimeGenerated.Equal(nt.Time32(1_300_000_000)) {
			t.Errorf("%s to %s: record %d: %+v", opName(x.op), x.log, n, e)
		}
	}

	// A source's handle reads its log, and clears it where the source is known.
	if n := c.number(opNumberOfRecords, other, nt.StatusSuccess); n != 1 {
		t.Errorf("Application has %d records", n)
	}
	c.clear(other, nil, nt.StatusAccessDenied)
	c.backup(other, backupPath, nt.StatusAccessDenied)
	if n := c.number(opNumberOfRecords, spool, nt.StatusSuccess); n != 4 {
		t.Errorf("Spool has %d records", n)
	}
	if got, _ := c.read(spool, seqBackwards, 0, maxBatchBuff, nt.StatusSuccess); !slices.Equal(got, []uint32{4, 3, 2, 1}) {
		t.Errorf("Spool: %d", got)
	}

	c.backup(spool, backupPath, nt.StatusSuccess)
	if _, err := os.Stat(filepath.Join(dir, "backup", backupFile)); err != nil {
		t.Error(err)
	}
	b := c.opens(opOpenBELW, backupPath, nt.StatusSuccess)
	if got, _ := c.read(b, seqForwards, 0, maxBatchBuff, nt.StatusSuccess); !slices.Equal(got, []uint32{1, 2, 3, 4}) {
		t.Errorf("the backup: %d", got)
	}
	c.read(b, seqForwards, 0, maxBatchBuff, nt.StatusEndOfFile)
	c.clear(spool, ptr(ndr.Text(backupPath)), nt.StatusObjectNameCollision)
	c.clear(spool, nil, nt.StatusSuccess)
	c.read(spool, seqBackwards, 0, maxBatchBuff, nt.StatusEventlogFileChanged)
	if n := report(spool, opReportEventW, ""); n != 1 {
		t.Errorf("the first record behind a clear has number %d", n)
	}
	c.opens(opOpenBELW, `\??\C:\none.evt`, nt.StatusObjectNameNotFound)

	var r reportResponse
	req := fill(&reportRequest{}).(*reportRequest)
	req.LogHandle, req.Strings[0].Text = spool, "a\x00b"
	c.call(opReportEventW, req, &r)
	c.want("a zero in a string", r.Status, nt.StatusInvalidParameter)
	req.Strings[0].Text = string(bytes.Repeat([]byte("x"), service.MaxStringLength+1))
	c.call(opReportEventW, req, &r)
	c.want("a string that is too long", r.Status, nt.StatusInvalidParameter)
	if n := c.number(opNumberOfRecords, spool, nt.StatusSuccess); n != 1 {
		t.Errorf("%d records", n)
	}
	c.close(b, nt.StatusSuccess)
}

// TestServiceFull: a log that keeps all refuses what it has no room for, and says
// that it is full.
func TestServiceFull(t *testing.T) {
	s := opened(t, t.TempDir())
	ctx := context.Background()
	forever, size := eventlog.RetainForever, int64(evt.SizeStep)
	if err := eventlog.CreateLog(ctx, s.As(admin), "Small", eventlog.Settings{MaxSize: &size, Retention: &forever}); err != nil {
		t.Fatal(err)
	}
	c := dialed(t, s.As(admin), HandlerOptions{})
	h := c.open("Small")
	full := func() uint32 {
		var r logInformationResponse
		c.call(opGetLogInformation, &logInformationRequest{h, 0, 4}, &r)
		c.want("information", r.Status, nt.StatusSuccess)
		return uint32(r.Buffer[0])
	}
	if full() != 0 {
		t.Error("full from the beginning")
	}
	var r reportResponse
	for range 10 {
		c.call(opReportEventW, &reportRequest{LogHandle: h, Data: make([]byte, 30000), RecordNumber: ptr(uint32(99))}, &r)
	}
	c.want("report", r.Status, nt.StatusLogFileFull)
	if full() != 1 || *r.RecordNumber != 99 {
		t.Errorf("full %d, record number %d", full(), *r.RecordNumber)
	}
}

// TestServiceAccess: the log that is really opened decides, and the rights that the
// handle was made with.
func TestServiceAccess(t *testing.T) {
	s := opened(t, t.TempDir())
	c := dialed(t, s.As(user), HandlerOptions{})
	c.opens(opOpenELW, "Security", nt.StatusAccessDenied)
	system, app := c.open("System"), c.open("Application")
	c.clear(system, nil, nt.StatusAccessDenied)
	c.clear(app, nil, nt.StatusAccessDenied)
	c.opens(opOpenBELW, backupPath, nt.StatusAccessDenied)
	c.opens(opRegisterEventSourceW, "EventLog", nt.StatusAccessDenied)
	c.opens(opRegisterEventSourceW, "System", nt.StatusAccessDenied)
	c.opens(opRegisterEventSourceW, "Security", nt.StatusAccessDenied)
	c.opens(opRegisterEventSourceW, "", nt.StatusInvalidParameter)
	report := func(h ndr.ContextHandle, source string, want nt.Status) {
		t.Helper()
		op, m := uint16(opReportEventW), &reportRequest{LogHandle: h}
		if source != "" {
			op, m = opReportEventAndSourceW, &reportRequest{withSource: true, LogHandle: h, SourceName: ndr.Text(source)}
		}
		var r reportResponse
		c.call(op, m, &r)
		c.want("report", r.Status, want)
	}
	report(system, "", nt.StatusAccessDenied)
	report(system, "anything", nt.StatusAccessDenied)
	report(app, "", nt.StatusSuccess)
	report(app, "anything", nt.StatusSuccess)

	// The rules change: handles keep what they may.
	l, err := s.As(admin).OpenLog(context.Background(), "Application")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sddl := "O:BAG:SYD:(A;;0x7;;;BA)"
	if err := eventlog.Set(context.Background(), l, eventlog.Settings{SDDL: &sddl}); err != nil {
		t.Fatal(err)
	}
	report(app, "", nt.StatusSuccess)
	c.read(app, seqForwards, 0, 0, nt.StatusBufferTooSmall)
	c.opens(opOpenELW, "Application", nt.StatusAccessDenied)
	c.opens(opOpenELW, "no such log", nt.StatusAccessDenied)
	c.opens(opRegisterEventSourceW, "no such source", nt.StatusAccessDenied)

	c = dialed(t, s.As(guest), HandlerOptions{})
	for _, log := range []string{"System", "Application", "Security", "no such log"} {
		c.opens(opOpenELW, log, nt.StatusAccessDenied)
		c.opens(opRegisterEventSourceW, log, nt.StatusAccessDenied)
	}

	// An administrator without the right to read may set a log, and read nothing.
	nobody := "O:BAG:SYD:"
	if err := eventlog.Set(context.Background(), l, eventlog.Settings{SDDL: &nobody}); err != nil {
		t.Fatal(err)
	}
	c = dialed(t, s.As(admin), HandlerOptions{})
	c.opens(opOpenELW, "Application", nt.StatusAccessDenied)
	h := c.opens(opRegisterEventSourceW, "System", nt.StatusSuccess)
	if n := c.number(opNumberOfRecords, h, nt.StatusSuccess); n == 0 {
		t.Error("a source's handle does not read")
	}
}

// TestServiceReadAll: what is read over the protocol, byte by byte, is what the log
// keeps, forwards and backwards, in buffers of any size.
func TestServiceReadAll(t *testing.T) {
	s := opened(t, t.TempDir())
	ctx := context.Background()
	r, err := eventlog.RegisterSource(ctx, s.As(admin), "quarry")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		e := &eventlog.Event{ID: eventlog.EventID(i), Type: eventlog.Information, Strings: []string{fmt.Sprint(i), "ä\r\n"}, Data: make([]byte, i%300)}
		if _, err := r.Report(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	l, err := s.As(admin).OpenLog(ctx, "Application")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for flags, back := range map[uint32]bool{seqForwards: false, seqBackwards: true} {
		var want []byte
		for e, err := range eventlog.All(ctx, l, &eventlog.Selection{Backward: back, Want: eventlog.FieldRaw.Bit()}) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, e.Raw...)
		}
		for _, size := range []uint32{600, 5000, 65536, maxBatchBuff} {
			c := dialed(t, s.As(admin), HandlerOptions{})
			h := c.open("Application")
			var got []byte
			for {
				var r readResponse
				c.call(opReadELW, &readRequest{h, flags, 0, size}, &r)
				if r.Status == nt.StatusEndOfFile {
					break
				}
				if c.want("read", r.Status, nt.StatusSuccess); t.Failed() {
					return
				}
				got = append(got, r.Buffer...)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("flags %d, buffers of %d: %d bytes, want %d", flags, size, len(got), len(want))
			}
		}
	}
}

func BenchmarkReadELW(b *testing.B) {
	s, err := service.Open(b.TempDir(), &service.Options{Sync: service.SyncNone, MaxSize: 16 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	r, err := eventlog.RegisterSource(ctx, s.As(admin), "quarry")
	if err != nil {
		b.Fatal(err)
	}
	var list []*eventlog.Event
	for i := range 30000 {
		list = append(list, &eventlog.Event{ID: eventlog.EventID(i), Strings: []string{fmt.Sprint(i), "a string of some length"}, Data: make([]byte, 40)})
	}
	if _, err := r.Report(ctx, list...); err != nil {
		b.Fatal(err)
	}
	c := dialed(b, s.As(admin), HandlerOptions{})
	log := c.open("Application")
	in, err := encode(&readRequest{log, seqForwards, 0, maxBatchBuff}, c.order)
	if err != nil {
		b.Fatal(err)
	}
	var total, records int64
	b.ReportAllocs()
	for b.Loop() {
		total, records = 0, 0
		c.call(opReadELW, &readRequest{log, flagSeek | flagForwards, 1, 0}, &readResponse{})
		for {
			out, err := c.h.Call(ctx, opReadELW, in, c.order)
			if err != nil {
				b.Fatal(err)
			}
			var resp readResponse
			if err := decode(&resp, "", out, c.order); err != nil {
				b.Fatal(err)
			}
			if resp.Status == nt.StatusEndOfFile {
				break
			}
			total += int64(len(resp.Buffer))
		}
		c.close(log, nt.StatusSuccess)
		log = c.open("Application")
		if in, err = encode(&readRequest{log, seqForwards, 0, maxBatchBuff}, c.order); err != nil {
			b.Fatal(err)
		}
		records = 30000
	}
	b.SetBytes(total)
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
