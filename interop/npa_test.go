//go:build interop

package interop

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/logtest"
	"netelf.example/internal/npa"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/rpcauth"
	"netelf.example/nt"
	"netelf.example/service"
)

// behindSamba is the service behind a private smbd.
type behindSamba struct {
	*smbd
	as  eventlog.Server // the service, as an administrator
	dir string          // its backups are here

	mu    sync.Mutex
	peers []dcerpc.Peer // of the associations, in order
	log   strings.Builder
}

func (b *behindSamba) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

// last is the peer of the last association.
func (b *behindSamba) last() dcerpc.Peer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.peers) == 0 {
		b.t.Fatal("nobody has come")
	}
	return b.peers[len(b.peers)-1]
}

// startBehindSamba starts a service with the log "dns server" and seven events in
// Application, an smbd, and what joins them.
func startBehindSamba(t *testing.T, o smbdOptions) *behindSamba {
	t.Helper()
	b := &behindSamba{smbd: startSMBD(t, o), dir: t.TempDir()}
	log := slog.New(slog.NewTextHandler(b, nil))
	s, err := service.Open(b.dir, &service.Options{Sync: service.SyncNone, Computer: "bedrock", Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx := t.Context()
	b.as = s.As(eventlog.Caller{Name: "fred", SIDs: []eventlog.SID{nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDAdministrators}})
	if err := eventlog.CreateLog(ctx, b.as, "dns server", eventlog.Settings{}); err != nil {
		t.Fatal(err)
	}
	r, err := eventlog.RegisterSource(ctx, b.as, "quarry")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		if _, err := r.Report(ctx, &eventlog.Event{Type: eventlog.Information, ID: eventlog.EventID(uint32(i)), Strings: []string{"rock"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	srv := dcerpc.NewServer(dcerpc.ServerOptions{
		Interfaces: []dcerpc.Interface{even.NewHandler(even.HandlerOptions{Logger: log, For: func(_ context.Context, p *dcerpc.Peer) (eventlog.Server, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.peers = append(b.peers, *p)
			return s.As(p.Caller.(*npa.Hello).Caller()), nil
		}})},
		Auth: rpcauth.Acceptors(rpcauth.Options{
			Computer: "BEDROCK", Domain: "QUARRY",
			Lookup: func(l *rpcauth.Logon) ([16]byte, bool, error) { return ntlm.NTHash("secret"), l.User == "root", nil },
			Done:   func(_ *rpcauth.Logon, err error) error { return err },
		}),
		Logger: log,
	})
	p, err := npa.Take(context.Background(), npa.Options{Dir: b.ncalrpc, Name: "eventlog", Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := p.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				_ = srv.ServeConn(context.Background(), c, dcerpc.Peer{ // it is in the log
					Addr: c.RemoteAddr(), LocalAddr: c.LocalAddr(), Transport: dcerpc.TransportPipe, Endpoint: `\pipe\eventlog`, Caller: c.Hello(),
				})
			})
		}
	})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		_ = srv.Close()
		served.Wait()
		if t.Failed() {
			t.Logf("%s", b.log.String())
		}
	})
	// The first open of any pipe starts Samba's helper, which makes the folder.
	if _, err := b.rpcclient("root%secret", "127.0.0.1", "lsaquery"); err != nil {
		t.Fatal(err)
	}
	b.until("our socket in the pipe's place", b.ours)
	return b
}

// ours says whether the pipe's name is that of our socket.
func (b *behindSamba) ours() bool {
	at, err := os.Lstat(b.np("eventlog"))
	own, err2 := os.Lstat(b.np("eventlog.NETELF"))
	return err == nil && err2 == nil && os.SameFile(at, own)
}

// TestSambaHello: what smbd says of users is read as Samba's own decoder reads it.
func TestSambaHello(t *testing.T) {
	ndrdump := logtest.Program(t, "ndrdump", "samba-testsuite")
	s := startSMBD(t, smbdOptions{Users: []string{"daemon", "nobody"}})
	if _, err := s.rpcclient("root%secret", "127.0.0.1", "lsaquery"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.np("eventlog")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", s.np("eventlog"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, user := range []string{"root", "daemon", "nobody", ""} {
		t.Run("user "+user, func(t *testing.T) {
			login := user + "%secret"
			if user == "" {
				login = "%"
			}
			done := make(chan string, 1)
			go func() { // it fails: nobody answers
				out, err := s.rpcclient(login, "127.0.0.1", "eventlog_numrecord System")
				done <- fmt.Sprint(out, err)
			}()
			defer func() {
				if t.Failed() {
					t.Log(<-done)
				}
			}()
			if err := l.(*net.UnixListener).SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			nc, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			head := make([]byte, 4)
			if _, err := io.ReadFull(nc, head); err != nil {
				t.Fatal(err)
			}
			msg := make([]byte, 4+binary.BigEndian.Uint32(head))
			copy(msg, head)
			if _, err := io.ReadFull(nc, msg[4:]); err != nil {
				t.Fatal(err)
			}
			// The reply: it is well. Where there is none, smbd tries again and waits.
			if _, err := nc.Write(append(append([]byte("\x00\x00\x00\x20NPAM"), msg[8:16]...), "\x02\x00\xff\x05\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)); err != nil {
				t.Fatal(err)
			}
			h, err := npa.ReadHello(bytes.NewReader(msg))
			if err != nil {
				t.Fatalf("%v\n%x", err, msg)
			}
			file := filepath.Join(t.TempDir(), "hello")
			if err := os.WriteFile(file, msg, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := run(ndrdump, "named_pipe_auth", "named_pipe_auth_req", "struct", file)
			if err != nil || !strings.Contains(out, "dump OK") {
				t.Fatalf("%v\n%s", err, out)
			}
			field := func(name string) (values []string) {
				for _, m := range regexp.MustCompile(`(?m)^\s+`+name+`\s+: (.*)$`).FindAllStringSubmatch(out, -1) {
					if v := m[1]; v != "*" && v != "NULL" {
						values = append(values, strings.Trim(v, "'"))
					}
				}
				return values
			}
			var sids []string
			for _, s := range h.SIDs {
				sids = append(sids, string(s))
			}
			text := func(s ...string) []string { return slices.DeleteFunc(s, func(s string) bool { return s == "" }) }
			got := map[string][]string{
				"level": {fmt.Sprintf("0x%08x (%d)", h.Level, h.Level)}, "transport": {fmt.Sprintf("0x%02x (%d)", h.Transport, h.Transport)},
				"remote_client_name": {h.ClientName}, "remote_client_addr": {h.ClientAddr}, "remote_client_port": {fmt.Sprintf("0x%04x (%d)", h.ClientPort, h.ClientPort)},
				"local_server_name": {h.ServerName}, "local_server_addr": {h.ServerAddr}, "local_server_port": {fmt.Sprintf("0x%04x (%d)", h.ServerPort, h.ServerPort)},
				"sids": append(sids, fmt.Sprintf("S-1-22-2041152804-%d", h.Flags)),
				"uid":  {fmt.Sprintf("0x%016x (%d)", h.UID, h.UID)}, "gid": {fmt.Sprintf("0x%016x (%d)", h.GID, h.GID)}, "ngroups": {fmt.Sprintf("0x%08x (%d)", len(h.Groups), len(h.Groups))},
				"privilege_mask": {fmt.Sprintf("0x%016x (%d)", h.Privileges, h.Privileges)}, "rights_mask": {fmt.Sprintf("0x%08x (%d)", h.Rights, h.Rights)},
				"account_name": text(h.Account), "user_principal_name": text(h.Principal), "domain_name": {h.Domain}, "dns_domain_name": text(h.DNSDomain),
				"full_name": text(h.FullName), "unix_name": text(h.UnixName),
			}
			got["authenticated"] = []string{"0x00 (0)"}
			if h.Authenticated {
				got["authenticated"] = []string{"0x01 (1)"}
			}
			want := map[string][]string{}
			for name := range got {
				want[name] = text(field(name)...)
				got[name] = text(got[name]...)
			}
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-ndrdump +ours)\n%s", d)
			}
			if h.Level != 7 && h.Level != 8 || len(h.SIDs) < 3 || h.Account != user && user != "" {
				t.Errorf("level %d, %d SIDs, account %q", h.Level, len(h.SIDs), h.Account)
			}
			t.Logf("level %d: %s, %v, authenticated %v", h.Level, h.Caller().Name, h.SIDs, h.Authenticated)
		})
	}
}

// TestSambaRPCClient: rpcclient reads and writes the service's logs through smbd,
// with and without an authentication of its own inside the pipe.
func TestSambaRPCClient(t *testing.T) {
	b := startBehindSamba(t, smbdOptions{Users: []string{"daemon"}})
	for _, x := range []struct {
		server      string
		auth, level uint8
	}{
		{"127.0.0.1", dcerpc.AuthNone, dcerpc.LevelNone},
		{"ncacn_np:127.0.0.1[sign]", dcerpc.AuthNTLM, dcerpc.LevelIntegrity},
		{"ncacn_np:127.0.0.1[seal]", dcerpc.AuthNTLM, dcerpc.LevelPrivacy},
		{"ncacn_np:127.0.0.1[spnego,ntlm,sign]", dcerpc.AuthSPNEGO, dcerpc.LevelIntegrity},
		{"ncacn_np:127.0.0.1[spnego,ntlm,seal]", dcerpc.AuthSPNEGO, dcerpc.LevelPrivacy},
	} {
		t.Run(x.server, func(t *testing.T) {
			out, err := b.rpcclient("root%secret", x.server, "eventlog_numrecord Application", "eventlog_oldestrecord Application",
				"eventlog_loginfo Application", `eventlog_readlog Application`)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{"number of records: 7", "oldest entry: 1", "'rock'"} {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			p := b.last()
			h := p.Caller.(*npa.Hello)
			if p.AuthType != x.auth || p.AuthLevel != x.level || h.Account != "root" || h.Domain != "BEDROCK" || !h.HasUnix || h.UID != 0 {
				t.Errorf("authentication %d at level %d, %q in %q", p.AuthType, p.AuthLevel, h.Account, h.Domain)
			}
		})
	}
	if out, err := b.rpcclient("root%secret", "127.0.0.1", `eventlog_reportevent "dns server"`); err != nil {
		t.Errorf("report: %v\n%s", err, out)
	}
	l, err := b.as.OpenLog(t.Context(), "dns server")
	if err != nil {
		t.Fatal(err)
	}
	info, err := l.Info(t.Context())
	if err != nil || info.Oldest != 1 || info.Next != 2 {
		t.Errorf("the report is not there: %+v, %v", info, err)
	}
	// The other commands that it has.
	for _, x := range []struct{ command, want string }{
		{`eventlog_reporteventsource "dns server"`, "entry: 2 written at "},
		{"eventlog_registerevsource Quarry", ""},
		{`eventlog_backuplog "dns server" C:\\x.evt`, ""},
	} {
		if out, err := b.rpcclient("root%secret", "127.0.0.1", x.command); err != nil || !strings.Contains(out, x.want) {
			t.Errorf("%s: %v\n%s", x.command, err, out)
		}
	}
	if _, err := eventlog.OpenBackup(t.Context(), b.as, "x.evt"); err != nil {
		t.Errorf("the backup: %v", err)
	}
	// The caller is the token's: daemon is no administrator, and Security is not theirs.
	out, err := b.rpcclient("daemon%secret", "127.0.0.1", "eventlog_numrecord Application")
	if err != nil || !strings.Contains(out, "number of records: 7") {
		t.Errorf("daemon: %v\n%s", err, out)
	}
	if h := b.last().Caller.(*npa.Hello); h.Account != "daemon" {
		t.Errorf("account %q", h.Account)
	}
	if out, err := b.rpcclient("daemon%secret", "127.0.0.1", "eventlog_numrecord Security"); err == nil || !strings.Contains(out+err.Error(), "NT_STATUS_ACCESS_DENIED") {
		t.Errorf("daemon in Security: %v\n%s", err, out)
	}
	if out, err := b.rpcclient("root%secret", "127.0.0.1", "eventlog_numrecord Security"); err != nil {
		t.Errorf("root in Security: %v\n%s", err, out)
	}
}

// TestSambaTorture: Samba's tests of event log servers pass through smbd.
func TestSambaTorture(t *testing.T) {
	smbtorture := logtest.Program(t, "smbtorture", "samba-testsuite")
	for _, options := range []string{"", ",sign", ",seal"} {
		t.Run("port"+options, func(t *testing.T) {
			b := startBehindSamba(t, smbdOptions{})
			out, err := run(smbtorture, "-s", b.conf, "--option=torture:dangerous=yes", fmt.Sprintf("ncacn_np:127.0.0.1[port=%d%s]", b.port, options), "-U", "root%secret", "rpc.eventlog")
			if n := strings.Count(out, "\nsuccess: "); err != nil || n != 8 {
				t.Errorf("%d of 8: %v\n%s", n, err, out)
			}
		})
	}
}

// TestSambaRestart: Samba's helper ends and is started again by the open of another
// pipe. Within a second eventlog is ours again, and in between an open fails or is
// ours; other data are never answered.
func TestSambaRestart(t *testing.T) {
	b := startBehindSamba(t, smbdOptions{})
	stop := make(chan struct{})
	var opens sync.WaitGroup
	var answered, failed int
	opens.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			out, err := b.rpcclient("root%secret", "127.0.0.1", "eventlog_numrecord Application")
			switch {
			case err == nil && strings.Contains(out, "number of records: 7"):
				answered++
			case strings.Contains(out, "number of records"):
				t.Errorf("other data: %s", out)
			default:
				failed++
			}
		}
	})
	for range 3 {
		before := b.helper()
		if before == 0 {
			t.Fatal("there is no helper")
		}
		b.stopHelpers()
		if _, err := b.rpcclient("root%secret", "127.0.0.1", "lsaquery"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		b.until("our socket's return", b.ours)
		took := time.Since(began)
		if after := b.helper(); after == before || after == 0 {
			t.Errorf("helper %d after %d", after, before)
		}
		if took > time.Second {
			t.Errorf("taken back after %v", took)
		}
		t.Logf("taken back %v after the helper answered", took)
		out, err := b.rpcclient("root%secret", "127.0.0.1", "eventlog_numrecord Application")
		if err != nil || !strings.Contains(out, "number of records: 7") {
			t.Errorf("%v\n%s", err, out)
		}
	}
	close(stop)
	opens.Wait()
	if answered == 0 {
		t.Error("no open was answered")
	}
	t.Logf("%d opens answered, %d failed", answered, failed)
	// Clients cannot reach what was moved aside.
	if st, err := os.Lstat(b.np("eventlog.SAMBA")); err != nil || st.Mode().Type() != os.ModeSocket {
		t.Errorf("%v, %v", st, err)
	}
	smbtorture := logtest.Program(t, "smbtorture", "samba-testsuite")
	for _, name := range []string{"eventlog.SAMBA", "eventlog.samba"} {
		out, err := run(smbtorture, "-s", b.conf, fmt.Sprintf(`ncacn_np:127.0.0.1[\pipe\%s,port=%d]`, name, b.port), "-U", "root%secret", "rpc.eventlog")
		if err == nil || !strings.Contains(out+err.Error(), "NT_STATUS_OBJECT_NAME_NOT_FOUND") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestSambaOwnHelper: where Samba's helper is a service, smbd starts none, and our
// pipe is ours whether it runs or not.
func TestSambaOwnHelper(t *testing.T) {
	b := startBehindSamba(t, smbdOptions{OwnHelper: true})
	check := func(when string) {
		t.Helper()
		b.until("our socket in the pipe's place", b.ours)
		out, err := b.rpcclient("root%secret", "127.0.0.1", "eventlog_numrecord Application")
		if err != nil || !strings.Contains(out, "number of records: 7") {
			t.Errorf("%s: %v\n%s", when, err, out)
		}
	}
	check("with it")
	b.stopHelpers()
	if out, err := b.rpcclient("root%secret", "127.0.0.1", "lsaquery"); err == nil || b.helper() != 0 {
		t.Errorf("helper %d was started: %v\n%s", b.helper(), err, out)
	}
	check("without it")
	b.startHelper()
	check("with it again")
}
