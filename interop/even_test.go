//go:build interop

package interop

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/epm"
	"netelf.example/internal/logtest"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/spnego"
	"netelf.example/nt"
	"netelf.example/service"
)

// The NTLM and SPNEGO packages as mechanisms of dcerpc.
type (
	spnegoServer struct{ *spnego.Acceptor }
	ntlmServer   struct{ *ntlm.Acceptor }
	ntlmSecurity struct{ *ntlm.Session }
)

func (m spnegoServer) ntlm() *ntlm.Acceptor {
	mech, _ := m.Mechanism()
	return mech.(*ntlm.Acceptor)
}

func (m spnegoServer) Security() dcerpc.Security { return ntlmSecurity{m.ntlm().Security()} }
func (m ntlmServer) Security() dcerpc.Security   { return ntlmSecurity{m.Acceptor.Security()} }
func (m spnegoServer) Identity() any             { return ntlmName(m.ntlm()) }
func (m ntlmServer) Identity() any               { return ntlmName(m.Acceptor) }
func (s ntlmSecurity) SignsHeader() bool         { return s.Flags()&ntlm.FlagExtendedSessionSecurity != 0 }

func ntlmName(a *ntlm.Acceptor) string {
	user, _ := a.Name()
	return user
}

// stubs keeps the first request and response of each operation that a foreign
// client called.
type stubs struct {
	mu  sync.Mutex
	all map[uint16][2][]byte
}

// recorder is a Handler that keeps what goes through it.
type recorder struct {
	dcerpc.Handler
	to *stubs
}

func (r recorder) Call(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	out, err := r.Handler.Call(ctx, op, in, order)
	r.to.mu.Lock()
	defer r.to.mu.Unlock()
	if _, ok := r.to.all[op]; !ok && err == nil {
		r.to.all[op] = [2][]byte{append([]byte(nil), in...), append([]byte(nil), out...)}
	}
	return out, err
}

// evenWorld is a service with a log "dns server" and a source Quarry of System, and
// an MS-EVEN server for it. fred, with the password wilma, is an administrator, and
// so is who binds without a name.
type evenWorld struct {
	service *service.Service
	as      eventlog.Server
	dir     string
	addr    *net.TCPAddr
	stubs   stubs
}

func startEven(t testing.TB, host string) *evenWorld {
	t.Helper()
	w := &evenWorld{dir: t.TempDir(), stubs: stubs{all: map[uint16][2][]byte{}}}
	s, err := service.Open(w.dir, &service.Options{Sync: service.SyncNone, Computer: "bedrock"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	admin := eventlog.Caller{Name: "fred", SIDs: []eventlog.SID{nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDAdministrators}}
	w.service, w.as = s, s.As(admin)
	if err := eventlog.CreateLog(t.Context(), w.as, "dns server", eventlog.Settings{}); err != nil {
		t.Fatal(err)
	}
	if err := eventlog.SetSource(t.Context(), w.as, eventlog.Source{Name: "Quarry", Log: "System"}); err != nil {
		t.Fatal(err)
	}
	door := even.NewHandler(even.HandlerOptions{For: func(_ context.Context, p *dcerpc.Peer) (eventlog.Server, error) {
		return s.As(admin), nil
	}})
	serve := door.New
	door.New = func(ctx context.Context, p *dcerpc.Peer) (dcerpc.Handler, error) {
		h, err := serve(ctx, p)
		if err != nil {
			return nil, err
		}
		return recorder{h, &w.stubs}, nil
	}
	acceptor := func() (*ntlm.Acceptor, error) {
		return ntlm.NewAcceptor(ntlm.AcceptorOptions{Computer: "BEDROCK", DNSComputer: "bedrock.example", DNSDomain: "example",
			Lookup: func(_, user string) ([16]byte, bool, error) { return ntlm.NTHash("wilma"), user == "fred", nil }})
	}
	o := dcerpc.ServerOptions{
		Interfaces: []dcerpc.Interface{door},
		Auth: map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism{
			dcerpc.AuthNTLM: func(*dcerpc.Peer) dcerpc.Mechanism {
				a, err := acceptor()
				if err != nil {
					t.Error(err)
				}
				return ntlmServer{a}
			},
			dcerpc.AuthSPNEGO: func(*dcerpc.Peer) dcerpc.Mechanism {
				a, err := spnego.NewAcceptor([]spnego.Offer{{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return acceptor() }}})
				if err != nil {
					t.Error(err)
				}
				return spnegoServer{a}
			},
		},
	}
	w.addr = serveRPC(t, o, host+":0")
	return w
}

// serveRPC answers DCE/RPC at an address until the test ends.
func serveRPC(t testing.TB, o dcerpc.ServerOptions, addr string) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		logtest.Missing(t, fmt.Sprintf("this test wants a port to itself: %v", err))
	}
	srv, done := dcerpc.NewServer(o), make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(context.Background(), l) // it ends when the server is closed
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr)
}

// TestTortureEven: Samba's test suite finds nothing wrong, without authentication
// and with it.
func TestTortureEven(t *testing.T) {
	smbtorture := logtest.Program(t, "smbtorture", "samba-testsuite")
	for _, login := range []string{"%", "fred%wilma"} {
		w := startEven(t, "127.0.0.1")
		out, err := run(smbtorture, "--option=torture:dangerous=yes", fmt.Sprintf("ncacn_ip_tcp:127.0.0.1[%d]", w.addr.Port), "-U"+login, "rpc.eventlog")
		if n := strings.Count(out, "\nsuccess: "); err != nil || n != 8 || strings.Contains(out, "\nskip: ") {
			t.Errorf("%s: %v, %d of 8 tests succeed\n%s", login, err, n, out)
		}
		w.dumps(t)
	}
}

// TestRpcclientEven: what Samba's command line gets. Over TCP it asks the endpoint
// mapper first, so that has an address of its own, and sends to where that says.
func TestRpcclientEven(t *testing.T) {
	rpcclient := logtest.Program(t, "rpcclient", "smbclient")
	const host = "127.0.0.2"
	w := startEven(t, host)
	serveRPC(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{
		epm.Interface(epm.Entry{Interface: even.Interface, Port: uint16(w.addr.Port)}),
	}}, host+":135")
	for _, x := range []struct{ command, want string }{
		{"eventlog_numrecord 'dns server'", "number of records: 0\n"},
		{"eventlog_reportevent 'dns server'", "entry: 1 written at "},
		{"eventlog_reporteventsource 'dns server'", "entry: 2 written at "},
		{"eventlog_numrecord 'dns server'", "number of records: 2\n"},
		{"eventlog_oldestrecord 'dns server'", "oldest entry: 1\n"},
		{"eventlog_readlog 'dns server'", "2:rpcclient:bedrock:test_event_written_by_rpcclient 1:dns server:bedrock:test_event_written_by_rpcclient"},
		{"eventlog_registerevsource Quarry", ""},
		{`eventlog_backuplog 'dns server' 'C:\x.evt'`, ""}, // it puts \??\ before that
		{`eventlog_backuplog 'dns server' 'C:\x.evt'`, "result was NT_STATUS_OBJECT_NAME_COLLISION\n"},
		{"eventlog_loginfo 'dns server'", ""},
	} {
		out, err := run(rpcclient, "-d1", "--debug-stdout", "ncacn_ip_tcp:"+host, "-Ufred%wilma", "-c", x.command)
		failed := strings.HasPrefix(x.want, "result was ")
		if strings.HasPrefix(x.command, "eventlog_readlog") {
			out = rpcclientRecords(out)
		}
		if (err != nil) != failed || x.want == "" && out != "" || !strings.HasPrefix(out, x.want) {
			t.Errorf("%s: %v\n%s\nwant %s", x.command, err, out, x.want)
		}
	}
	w.dumps(t)
}

var rpcclientField = regexp.MustCompile(`(?m)^ +(RecordNumber|SourceName|Computername|Strings) +: '?(?:0x[0-9a-f]+ \()?([^')\n]*)`)

// rpcclientRecords is the numbers, sources, computers and strings of the records
// that rpcclient prints. When the end is answered it prints its buffer, with the
// last record, once more.
func rpcclientRecords(out string) string {
	var b strings.Builder
	for _, m := range rpcclientField.FindAllStringSubmatch(out, -1) {
		switch m[1] {
		case "RecordNumber":
			b.WriteString(" " + m[2])
		case "Strings":
			b.WriteString(":" + strings.ReplaceAll(m[2], " ", "_"))
		default:
			b.WriteString(":" + m[2])
		}
	}
	return strings.TrimPrefix(b.String(), " ")
}

// TestImpacketEven: what impacket gets from each function that it has.
func TestImpacketEven(t *testing.T) {
	python := logtest.Python(t, "impacket.dcerpc.v5.even", "python3-impacket")
	const want = `open 00000000
open stray 00000000
empty c0000011
report 00000000 1
report 00000000 2
report 00000000 3
report too many c000000d
report too much c000000d
count 00000000 3
oldest 00000000 1
read 00000000 3:80001234:2:7:1300000000:dns_server/PEBBLE: 2:80001234:2:7:1300000000:dns_server/PEBBLE:odd|len 1:80001234:2:7:1300000000:dns_server/PEBBLE:one|zwei_ä||four
read c0000011
seek 00000000 2:80001234:2:7:1300000000:dns_server/PEBBLE:odd|len 3:80001234:2:7:1300000000:dns_server/PEBBLE:
seek c000000d
no flags c000000d
no room c0000023
over the limit rpc_x_bad_stub_data
register 00000000
report 00000000
backup bad c000003b
backup 00000000
backup twice c0000035
backup stray c0000022
open backup 00000000
open backup none c0000034
read backup 00000000 1:80001234:2:7:1300000000:dns_server/PEBBLE:one|zwei_ä||four 2:80001234:2:7:1300000000:dns_server/PEBBLE:odd|len 3:80001234:2:7:1300000000:dns_server/PEBBLE:
report backup c0000008
clear backup c0000008
clear stray c0000022
clear twice c0000035
clear 00000000
clear 00000000
count 00000000 0
close 00000000
close twice c0000008
`
	for _, login := range [][]string{nil, {"fred", "wilma"}} {
		w := startEven(t, "127.0.0.1")
		out, err := run(python, append([]string{"testdata/impacket_even.py", fmt.Sprint(w.addr.Port)}, login...)...)
		out = strings.ReplaceAll(out, " \n", "\n")
		if d := cmp.Diff(want, out); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", login, err, d)
		}
		// What was reported is in the logs, whole.
		first := eventlog.Event{
			RecordNumber: 1, TimeGenerated: nt.Time32(1_300_000_000), ID: 0x80001234, Type: eventlog.Warning, Category: 7, Source: "dns server",
			Computer: "PEBBLE", User: "S-1-5-21-1-2-3-500", Strings: []string{"one", "zwei ä", "", "four"}, Data: []byte{1, 2, 3},
		}
		b, err := eventlog.OpenBackup(t.Context(), w.as, "second.evt")
		if err != nil {
			t.Fatal(err)
		}
		compareFirst(t, b, &eventlog.Selection{Limit: 1}, first)
		system, err := w.as.OpenLog(t.Context(), "System")
		if err != nil {
			t.Fatal(err)
		}
		first.RecordNumber, first.Source, first.User, first.Strings, first.Data = 0, "Quarry", "", []string{"from the quarry"}, nil
		compareFirst(t, system, &eventlog.Selection{Where: eventlog.TextTerm(eventlog.FieldSource, eventlog.Eq, "Quarry")}, first)
		w.dumps(t)
	}
}

// compareFirst compares the first event that sel selects with want; a RecordNumber
// of 0 is any.
func compareFirst(t *testing.T, l eventlog.Log, sel *eventlog.Selection, want eventlog.Event) {
	t.Helper()
	defer l.Close()
	for e, err := range eventlog.All(t.Context(), l, sel) {
		if err != nil {
			t.Fatal(err)
		}
		got := eventlog.Event{
			RecordNumber: e.RecordNumber, TimeGenerated: e.TimeGenerated, ID: e.ID, Type: e.Type, Category: e.Category,
			Source: e.Source, Computer: e.Computer, User: e.User, Strings: e.Strings, Data: e.Data,
		}
		if want.RecordNumber == 0 {
			got.RecordNumber = 0
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("reported (-want +got):\n%s", d)
		}
		return
	}
	t.Errorf("there is nothing of %s", want.Source)
}

// sambaNames are Samba's names of the operations.
var sambaNames = map[uint16]string{
	0: "ClearEventLogW", 1: "BackupEventLogW", 2: "CloseEventLog", 4: "GetNumRecords", 5: "GetOldestRecord", 7: "OpenEventLogW",
	3: "DeregisterEventSource", 8: "RegisterEventSourceW", 9: "OpenBackupEventLogW", 10: "ReadEventLogW", 11: "ReportEventW", 22: "GetLogInformation", 23: "FlushEventLog", 24: "ReportEventAndSourceW",
}

// dumps has Samba's decoder take apart what was answered, down to the last byte.
func (w *evenWorld) dumps(t *testing.T) {
	t.Helper()
	ndrdump := logtest.Program(t, "ndrdump", "samba-testsuite")
	in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	w.stubs.mu.Lock()
	defer w.stubs.mu.Unlock()
	for op, s := range w.stubs.all {
		name := sambaNames[op]
		if name == "" {
			t.Errorf("operation %d was called", op)
			continue
		}
		args := []string{"--validate"}
		if op == 10 || op == 22 { // the buffer's size is in the request
			args = append(args, "-c", in)
		}
		for file, b := range map[string][]byte{in: s[0], out: s[1]} {
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text, err := run(ndrdump, append(args, "eventlog", "eventlog_"+name, "out", out)...)
		if err != nil || !strings.HasSuffix(text, "dump OK\n") || strings.Contains(text, "unread bytes") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
