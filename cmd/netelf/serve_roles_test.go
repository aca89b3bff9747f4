//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/npa"
	"netelf.example/internal/winreg"
	"netelf.example/nt"
)

// pipeDialer opens a pipe as Samba hands it over, for whom its hello tells of.
type pipeDialer struct {
	s *dcerpc.Server
	h *npa.Hello
}

func (d *pipeDialer) Dial(_ context.Context, pipe string) (net.Conn, error) {
	if pipe != even.PipeName {
		return nil, fmt.Errorf("%s: %w", pipe, errors.ErrUnsupported)
	}
	ours, theirs := net.Pipe()
	go d.s.ServeConn(context.Background(), theirs, dcerpc.Peer{Addr: d.h.Client(), Transport: dcerpc.TransportPipe, Caller: d.h}) // it ends with ours
	return ours, nil
}

// namedLogs is a registry that lists the logs and knows nothing else.
type namedLogs struct{}

func (namedLogs) Logs(context.Context) ([]string, error) {
	return []string{"Application", "Quarry", "Security", "System"}, nil
}

func (namedLogs) Log(context.Context, string) (winreg.Log, error) {
	return winreg.Log{}, errors.ErrUnsupported
}

func (namedLogs) SetLog(context.Context, string, *uint32, *uint32) error {
	return errors.ErrUnsupported
}

func (namedLogs) Sources(context.Context, string) ([]eventlog.Source, error) {
	return nil, errors.ErrUnsupported
}

// TestPipeRoles is what Samba's users may do with each log, by what Samba's token
// says of them.
func TestPipeRoles(t *testing.T) {
	d, _ := pipeDoor(t)
	admin := d.s.As(eventlog.Caller{Name: "root", SIDs: []eventlog.SID{nt.SIDAdministrators, nt.SIDAuthenticatedUsers}})
	if err := eventlog.CreateLog(t.Context(), admin, "Quarry", eventlog.Settings{}); err != nil {
		t.Fatal(err)
	}
	d.handler = even.NewHandler(even.HandlerOptions{For: d.serverFor, Logger: d.log})
	server := dcerpc.NewServer(dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{d.handler}, Logger: d.log})
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	group := uint32(4711)
	d.admin.Store(&group)
	with := func(change func(*npa.Hello)) *npa.Hello {
		h := hello("betty")
		change(h)
		return h
	}
	for _, x := range []struct {
		role string
		h    *npa.Hello
		want map[string]string // nothing stands for no access at all
	}{
		{"root", with(func(h *npa.Hello) { h.HasUnix, h.UID = true, 0 }), map[string]string{
			"System": "read report backup clear", "Security": "read backup clear", "Application": "read report backup clear", "Quarry": "read report backup clear"}},
		{"a domain's administrator", with(func(h *npa.Hello) { h.SIDs = append(h.SIDs, nt.SIDAdministrators) }), map[string]string{
			"System": "read report backup clear", "Security": "read backup clear", "Application": "read report backup clear", "Quarry": "read report backup clear"}},
		{"the group that administrates", with(func(h *npa.Hello) { h.HasUnix, h.UID, h.Groups = true, 1000, []uint64{100, 4711} }), map[string]string{
			"System": "read report backup clear", "Security": "read backup clear", "Application": "read report backup clear", "Quarry": "read report backup clear"}},
		{"event log reader", with(func(h *npa.Hello) { h.SIDs = append(h.SIDs, nt.SIDEventLogReaders) }), map[string]string{
			"System": "read", "Security": "read", "Application": "read report", "Quarry": "read report"}},
		{"user", hello("barney"), map[string]string{
			"System": "read", "Security": "", "Application": "read report", "Quarry": "read report"}},
		{"guest", with(func(h *npa.Hello) { h.SIDs = append(h.SIDs, "S-1-5-32-546") }), map[string]string{
			"System": "", "Security": "", "Application": "", "Quarry": ""}},
		{"anonymous", with(func(h *npa.Hello) { h.SIDs = []nt.SID{nt.SIDAnonymous, nt.SIDEveryone} }), map[string]string{
			"System": "", "Security": "", "Application": "", "Quarry": ""}},
	} {
		t.Run(x.role, func(t *testing.T) {
			got := map[string]string{}
			for log := range x.want {
				got[log] = strings.Join(pipeRights(t, server, x.h, x.role, log), " ")
			}
			if diff := cmp.Diff(x.want, got); diff != "" {
				t.Errorf("what it may do (-want +got):\n%s", diff)
			}
		})
	}
	for _, line := range d.security(t) {
		if strings.Contains(line, "by way of Samba") {
			t.Errorf("somebody reported into Security: %s", line)
		}
	}
}

// pipeRights tries each operation on a log. A refusal is one, and nothing else.
func pipeRights(t *testing.T, server *dcerpc.Server, h *npa.Hello, role, log string) (may []string) {
	t.Helper()
	ctx := t.Context()
	c, err := even.Dial(ctx, &even.ClientOptions{Name: "samba", Dialer: &pipeDialer{server, h}, Registry: namedLogs{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	note := func(op string, err error) {
		switch {
		case err == nil:
			may = append(may, op)
		case !errors.Is(err, fs.ErrPermission):
			t.Errorf("%s: %s: %v", log, op, err)
		}
	}
	l, err := c.OpenLog(ctx, log)
	if err != nil {
		note("open", err)
		return may
	}
	_, err = l.Info(ctx)
	note("read", err)
	r, err := eventlog.LogReporterOf(ctx, l, "")
	if err == nil {
		_, err = r.Report(ctx, &eventlog.Event{ID: 7, Strings: []string{"by way of Samba"}})
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	note("report", err)
	note("backup", eventlog.Backup(ctx, l, strings.ReplaceAll(log+" of "+role, "'", "")+".evt"))
	note("clear", eventlog.Clear(ctx, l, ""))
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	return may
}
