package even

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// backupPath is a name that a backup may have, and backupFile what it comes to.
const (
	backupPath = `\??\C:\Temp\system.evt`
	backupFile = "system.evt"
)

// TestCalls: every operation that has a name answers, with whatever message it has,
// in a response of its own type, whether the handle is good or not.
func TestCalls(t *testing.T) {
	named := 0
	for op, x := range calls {
		if x.name == "" {
			continue
		}
		named++
		for _, empty := range []bool{true, false} {
			c := dialed(t, newFake(), HandlerOptions{})
			req := x.request()
			if !empty {
				fill(req)
			}
			if r, ok := req.(*readRequest); ok && empty {
				r.ReadFlags = flagSequential | flagForwards
			}
			resp := x.response()
			c.call(uint16(op), req, resp)
			var got nt.Status
			switch r := resp.(type) {
			case *statusResponse:
				got = r.Status
			case *handleResponse:
				got = r.Status
				if op != opCloseEL && op != opDeregisterEventSource {
					continue // it opens
				}
			case *numberResponse:
				got = r.Status
			case *readResponse:
				got = r.Status
			case *logInformationResponse:
				got = r.Status
			case *reportResponse:
				got = r.Status
			}
			c.want(x.name+" with a handle that is none", got, nt.StatusInvalidHandle)
		}
	}
	if named != 24 {
		t.Errorf("%d operations, want 24", named)
	}
}

func TestFaults(t *testing.T) {
	c := dialed(t, newFake(), HandlerOptions{})
	whole, err := encode(&handleRequest{someHandle}, c.order)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name string
		op   uint16
		in   []byte
		want uint32
	}{
		{"not used on the wire", 19, whole, dcerpc.FaultOpRange},
		{"not used on the wire", 20, whole, dcerpc.FaultOpRange},
		{"not used on the wire", 21, whole, dcerpc.FaultOpRange},
		{"beyond the last", 27, whole, dcerpc.FaultOpRange},
		{"far beyond the last", 65535, whole, dcerpc.FaultOpRange},
		{"no stub", opCloseEL, nil, dcerpc.FaultNDR},
		{"cut off", opCloseEL, whole[:19], dcerpc.FaultNDR},
	} {
		out, err := c.h.Call(t.Context(), x.op, x.in, c.order)
		var f *dcerpc.Fault
		if !errors.As(err, &f) || f.Status != x.want || out != nil {
			t.Errorf("%s, %d: %v, %d bytes; want fault 0x%x", x.name, x.op, err, len(out), x.want)
		}
	}
}

// TestOpen: names that are not known open Application, and only through such a
// handle nothing can be cleared and backed up.
func TestOpen(t *testing.T) {
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			srv := newFake()
			srv.put("System", events(1, 3)...)
			srv.put("Application", events(1, 5)...)
			c := dialed(t, srv, HandlerOptions{})
			c.order = order
			for _, op := range []uint16{opOpenELW, opOpenELA} {
				for log, count := range map[string]uint32{"System": 3, "system": 3, "System\x00": 3, "Application": 5} {
					h := c.opens(op, log, nt.StatusSuccess)
					if n := c.number(opNumberOfRecords, h, nt.StatusSuccess); n != count {
						t.Errorf("%q: %d records, want %d", log, n, count)
					}
					c.close(h, nt.StatusSuccess)
					c.close(h, nt.StatusInvalidHandle)
				}
				for _, log := range []string{"Sytem", "", "a/b", "Sys\x00tem", `..\System`, "dns server"} {
					h := c.opens(op, log, nt.StatusSuccess)
					if n := c.number(opNumberOfRecords, h, nt.StatusSuccess); n != 5 {
						t.Errorf("%q: %d records, want Application's 5", log, n)
					}
					c.clear(h, nil, nt.StatusAccessDenied)
					c.backup(h, backupPath, nt.StatusAccessDenied)
					c.close(h, nt.StatusSuccess)
				}
			}
			if srv.open != 0 || len(srv.backups) != 0 {
				t.Errorf("%d logs are still open, %d backups were made", srv.open, len(srv.backups))
			}
		})
	}
}

// TestRefused: what the server answers is answered, and not another log opened.
func TestRefused(t *testing.T) {
	srv := newFake()
	c := dialed(t, srv, HandlerOptions{})
	h := c.open("System")
	source := c.opens(opRegisterEventSourceW, "Disk", nt.StatusSuccess)
	for _, p := range eventlog.Problems() {
		if !p.Status.Failed() || p.Status == nt.StatusEndOfFile {
			continue // a budget's end and an end are no refusals
		}
		srv.err = fmt.Errorf("server: %w", p.Err)
		// A log that is not there, and a name that none can have, open Application,
		// which answers the same here.
		c.opens(opOpenELW, "System", p.Status)
		c.opens(opRegisterEventSourceW, "Disk", p.Status)
		c.opens(opRegisterEventSourceA, "Disk", p.Status)
		c.opens(opOpenBELW, backupPath, p.Status)
		c.number(opNumberOfRecords, h, p.Status)
		c.number(opOldestRecord, h, p.Status)
		c.clear(h, nil, p.Status)
		c.clear(h, ptr(ndr.Text(backupPath)), p.Status)
		c.backup(h, backupPath, p.Status)
		c.read(h, 5, 0, 100, p.Status)
		var info logInformationResponse
		c.call(opGetLogInformation, &logInformationRequest{h, 0, 4}, &info)
		c.want("information", info.Status, p.Status)
		if len(info.Buffer) != 4 {
			t.Errorf("information: %d bytes", len(info.Buffer))
		}
		var rep reportResponse
		c.call(opReportEventW, &reportRequest{LogHandle: source, RecordNumber: ptr(uint32(5)), TimeWritten: ptr(uint32(6))}, &rep)
		c.want("report", rep.Status, p.Status)
		if *rep.RecordNumber != 5 || *rep.TimeWritten != 6 {
			t.Errorf("a report that failed gives record %d, time %d", *rep.RecordNumber, *rep.TimeWritten)
		}
	}
	if c.log.Len() != 0 {
		t.Errorf("logged: %s", c.log)
	}
	srv.err = errors.New("the disk says ouch")
	c.number(opNumberOfRecords, h, nt.StatusUnsuccessful)
	if s := c.log.String(); !strings.Contains(s, "ElfrNumberOfRecords") || !strings.Contains(s, "ouch") {
		t.Errorf("an error that no status tells is not logged: %q", s)
	}
}

func TestNumbers(t *testing.T) {
	srv := newFake()
	srv.put("System", events(1<<32+5, 3)...)
	c := dialed(t, srv, HandlerOptions{})
	h, empty := c.open("System"), c.open("Application")
	if n := c.number(opOldestRecord, h, nt.StatusSuccess); n != 5 {
		t.Errorf("oldest %d, want the lower half of the number, 5", n)
	}
	if n := c.number(opNumberOfRecords, h, nt.StatusSuccess); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
	if n, o := c.number(opNumberOfRecords, empty, nt.StatusSuccess), c.number(opOldestRecord, empty, nt.StatusSuccess); n != 0 || o != 0 {
		t.Errorf("empty: %d records, oldest %d", n, o)
	}
	srv.logs["system"].over = true // it does not know where it ends
	if n := c.number(opNumberOfRecords, h, nt.StatusSuccess); n != 3 {
		t.Errorf("%d records walked, want 3", n)
	}
	if got, _ := c.read(h, flagSeek|flagForwards, 6, 4096, nt.StatusSuccess); !slices.Equal(got, []uint32{6, 7}) {
		t.Errorf("seek by the lower half: %d", got)
	}
	c.read(h, flagSeek|flagForwards, 4, 4096, nt.StatusInvalidParameter)
}

func TestLogInformation(t *testing.T) {
	srv := newFake()
	c := dialed(t, srv, HandlerOptions{})
	h := c.open("System")
	for _, x := range []struct {
		level, size  uint32
		full         bool
		want         nt.Status
		needed, word uint32
	}{
		{0, 4, false, nt.StatusSuccess, 4, 0},
		{0, 4, true, nt.StatusSuccess, 4, 1},
		{0, 1024, true, nt.StatusSuccess, 4, 1},
		{0, 3, true, nt.StatusBufferTooSmall, 4, 0},
		{0, 0, true, nt.StatusBufferTooSmall, 4, 0},
		{1, 1024, true, nt.StatusInvalidLevel, 0, 0},
		{0xffffffff, 0, true, nt.StatusInvalidLevel, 0, 0},
	} {
		srv.logs["system"].full = x.full
		var r logInformationResponse
		c.call(opGetLogInformation, &logInformationRequest{h, x.level, x.size}, &r)
		word := binary.LittleEndian.Uint32(append(bytes.Clone(r.Buffer), 0, 0, 0, 0))
		if r.Status != x.want || r.BytesNeeded != x.needed || uint32(len(r.Buffer)) != x.size || word != x.word {
			t.Errorf("%+v: %v, %d needed, %d bytes, %d", x, r.Status, r.BytesNeeded, len(r.Buffer), word)
		}
	}
}

func TestLocalOnly(t *testing.T) {
	c := dialed(t, newFake(), HandlerOptions{})
	h := c.open("System")
	var r statusResponse
	c.call(opFlushEL, &handleRequest{h}, &r)
	c.want("flush", r.Status, nt.StatusAccessDenied)
	c.call(opChangeNotify, &changeNotifyRequest{LogHandle: h}, &r)
	c.want("change notify", r.Status, nt.StatusInvalidHandle)
	c.number(opNumberOfRecords, h, nt.StatusSuccess)
}

func TestClearAndBackup(t *testing.T) {
	srv := newFake()
	srv.put("System", events(1, 3)...)
	c := dialed(t, srv, HandlerOptions{})
	h := c.open("System")
	for _, name := range []string{`C:\x.evt`, `\\server\share\x.evt`, `\??\UNC\server\share\x.evt`, "x", "", `\??\C:\..`, `\??\C:\nul`, `\??\C:\a:b`} {
		c.backup(h, name, nt.StatusObjectPathSyntaxBad)
		c.clear(h, &ndr.String{Text: name, Buffer: true}, nt.StatusObjectPathSyntaxBad)
		c.opens(opOpenBELW, name, nt.StatusObjectPathSyntaxBad)
		c.opens(opOpenBELA, name, nt.StatusObjectPathSyntaxBad)
	}
	c.opens(opOpenBELW, backupPath, nt.StatusObjectNameNotFound)
	c.backup(h, backupPath, nt.StatusSuccess)
	c.backup(h, `\??\D:\`+backupFile, nt.StatusObjectNameCollision) // all lie in one folder
	c.clear(h, ptr(ndr.Text(backupPath)), nt.StatusObjectNameCollision)
	if n := c.number(opNumberOfRecords, h, nt.StatusSuccess); n != 3 {
		t.Fatalf("%d records are left where nothing was to be cleared", n)
	}
	c.clear(h, ptr(ndr.Text(`\??\C:\second.evt`)), nt.StatusSuccess)
	if n := c.number(opNumberOfRecords, h, nt.StatusSuccess); n != 0 {
		t.Errorf("%d records after clear", n)
	}
	for _, op := range []uint16{opOpenBELW, opOpenBELA} {
		for _, name := range []string{backupPath, `\??\E:\other\second.evt`} {
			b := c.opens(op, name, nt.StatusSuccess)
			if n := c.number(opNumberOfRecords, b, nt.StatusSuccess); n != 3 {
				t.Errorf("%d records in the backup", n)
			}
			if got, _ := c.read(b, 5, 0, 4096, nt.StatusSuccess); !slices.Equal(got, []uint32{1, 2, 3}) {
				t.Errorf("the backup has %d", got)
			}
			c.clear(b, nil, nt.StatusInvalidHandle)
			c.backup(b, `\??\C:\third`, nt.StatusInvalidHandle)
			var r reportResponse
			c.call(opReportEventW, &reportRequest{LogHandle: b}, &r)
			c.want("report to a backup", r.Status, nt.StatusInvalidHandle)
			c.close(b, nt.StatusSuccess)
		}
	}
	// Windows' own client sends a string without a buffer where there is no name.
	srv.put("System", events(1, 3)...)
	h = c.open("System")
	for _, op := range []uint16{opClearELFW, opClearELFA} {
		for _, none := range []*ndr.String{nil, {}} {
			var r statusResponse
			c.call(op, &clearRequest{ansi: op == opClearELFA, LogHandle: h, BackupFileName: none}, &r)
			c.want("clear without a backup", r.Status, nt.StatusSuccess)
		}
	}
	if len(srv.backups) != 2 {
		t.Errorf("%d backups, want 2", len(srv.backups))
	}
}

func TestReport(t *testing.T) {
	srv := newFake()
	c := dialed(t, srv, HandlerOptions{})
	system := c.open("System")
	disk := c.opens(opRegisterEventSourceA, "Disk", nt.StatusSuccess)
	for _, x := range []struct {
		name   string
		op     uint16
		handle ndr.ContextHandle
		log    string
		source string
	}{
		{"a log's handle", opReportEventW, system, "system", "System"},
		{"a source's handle", opReportEventW, disk, "application", "Disk"},
		{"ANSI", opReportEventA, disk, "application", "Disk"},
		{"with a source", opReportEventAndSourceW, system, "system", "Other"},
		{"Ex", opReportEventExW, disk, "application", "Disk"},
		{"Ex, ANSI", opReportEventExA, system, "system", "System"},
	} {
		for _, returned := range []bool{true, false} {
			req := fill(calls[x.op].request()).(*reportRequest)
			req.LogHandle, req.TimeGenerated = x.handle, 0
			if req.ex {
				req.TimeGenerated, _ = nt.FiletimeOf(nt.Time32(1_300_000_000))
			}
			if req.withSource {
				req.SourceName = ndr.Text("Other")
			}
			if !returned {
				req.RecordNumber, req.TimeWritten = nil, nil
			}
			resp := calls[x.op].response().(*reportResponse)
			c.call(x.op, req, resp)
			c.want(x.name, resp.Status, nt.StatusSuccess)
			l := srv.logs[x.log]
			e := l.Events[len(l.Events)-1]
			if e.Source != x.source || e.Computer != "BEDROCK" || e.User != req.UserSID || !e.TimeGenerated.Equal(nt.Time32(1_300_000_000)) ||
				e.ID != 0xc0000003 || e.Type != eventlog.Error || e.Level != eventlog.LevelOf(eventlog.Error) || e.Category != 2 ||
				!slices.Equal(e.Strings, []string{"one", "", "drei ß"}) || !bytes.Equal(e.Data, req.Data) {
				t.Errorf("%s: %+v", x.name, e)
			}
			switch {
			case !returned && (resp.RecordNumber != nil || resp.TimeWritten != nil):
				t.Errorf("%s: numbers for which there is no room", x.name)
			case returned && *resp.RecordNumber != uint32(e.RecordNumber):
				t.Errorf("%s: record %d, want %d", x.name, *resp.RecordNumber, e.RecordNumber)
			case returned && !req.ex:
				// Where the log of a source is not known, the time is the clock's.
				want := uint32(2_000_000_000)
				if x.handle == disk {
					want = 1_900_000_000
				}
				if *resp.TimeWritten != want {
					t.Errorf("%s: written at %d, want %d", x.name, *resp.TimeWritten, want)
				}
			}
		}
	}
	n := len(srv.logs["system"].Events)
	for name, change := range map[string]func(*reportRequest){
		"too many strings": func(m *reportRequest) { m.Strings = make([]ndr.String, 257) },
		"too much data":    func(m *reportRequest) { m.Data = make([]byte, 61441) },
	} {
		req := &reportRequest{LogHandle: system}
		change(req)
		var r reportResponse
		c.call(opReportEventW, req, &r)
		c.want(name, r.Status, nt.StatusInvalidParameter)
	}
	// A SID of revision 2 is well transmitted, and none.
	req := fill(&reportRequest{}).(*reportRequest)
	req.LogHandle = system
	in, err := encode(req, c.order)
	if err != nil {
		t.Fatal(err)
	}
	sid := bytes.Index(in, []byte{5, 0, 0, 0, 1, 5, 0, 0, 0, 0, 0, 5})
	in[sid+4] = 2
	out, err := c.h.Call(t.Context(), opReportEventW, in, c.order)
	var r reportResponse
	if err != nil || decode(&r, "", out, c.order) != nil || r.Status != nt.StatusInvalidParameter {
		t.Errorf("a SID that is none: %v, %v", err, r.Status)
	}
	if len(srv.logs["system"].Events) != n {
		t.Error("something refused was reported")
	}
}

// TestHandles: handles are bounded, belong to their association, and end with it.
func TestHandles(t *testing.T) {
	srv := newFake()
	door := NewHandler(HandlerOptions{
		For:        func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return srv, nil },
		MaxHandles: 3, MaxTotalHandles: 5,
	})
	dial := func() *client {
		h, err := door.New(t.Context(), &dcerpc.Peer{})
		if err != nil {
			t.Fatal(err)
		}
		return &client{t: t, h: h, order: binary.LittleEndian, log: new(bytes.Buffer)}
	}
	a, b := dial(), dial()
	var handles []ndr.ContextHandle
	for i := range 3 {
		h := a.opens([]uint16{opOpenELW, opRegisterEventSourceW, opOpenELA}[i], "System", nt.StatusSuccess)
		if slices.Contains(handles, h) || !bytes.Equal(h[:4], make([]byte, 4)) {
			t.Errorf("handle %x", h)
		}
		handles = append(handles, h)
	}
	a.opens(opOpenELW, "System", nt.StatusNoMemory)
	a.opens(opOpenBELW, backupPath, nt.StatusNoMemory)
	b.open("System")
	foreign := b.open("System")
	b.opens(opRegisterEventSourceW, "System", nt.StatusNoMemory) // of all together there are five
	a.number(opNumberOfRecords, foreign, nt.StatusInvalidHandle)
	a.close(foreign, nt.StatusInvalidHandle)
	b.number(opNumberOfRecords, foreign, nt.StatusSuccess)

	a.close(handles[0], nt.StatusSuccess)
	a.number(opNumberOfRecords, handles[0], nt.StatusInvalidHandle)
	var r handleResponse
	a.call(opDeregisterEventSource, &handleRequest{handles[1]}, &r)
	a.want("deregister", r.Status, nt.StatusSuccess)
	b.open("System")
	srv.err = fs.ErrPermission // what is not opened takes no place
	for range 10 {
		a.opens(opOpenELW, "System", nt.StatusAccessDenied)
	}
	srv.err = nil
	a.open("System")

	a.h.Close()
	b.h.Close()
	if srv.open != 0 || srv.closed != 2 {
		t.Errorf("%d are still open; the server was closed %d times", srv.open, srv.closed)
	}
	c := dial()
	c.open("System") // there is room again
	c.h.Close()
}

func TestNewHandler(t *testing.T) {
	if _, err := NewHandler(HandlerOptions{}).New(t.Context(), &dcerpc.Peer{}); err == nil || err.Error() != "even: HandlerOptions.For is not set" {
		t.Error(err)
	}
	refusal := errors.New("who are you")
	door := NewHandler(HandlerOptions{For: func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return nil, refusal }})
	if _, err := door.New(t.Context(), &dcerpc.Peer{}); err != refusal {
		t.Error(err)
	}
	if got, want := door.ID.String(), "{82273FDC-E32A-18C3-3F78-827929DC23EA} v0.0"; got != want {
		t.Errorf("the interface is %s, want %s", got, want)
	}
}
