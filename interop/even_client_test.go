//go:build interop

package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/logtest"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/smb"
)

// smbPipes is an even.Dialer over a logon, which counts what is sent: each PDU is one
// Write.
type smbPipes struct {
	*smb.Session
	sent *atomic.Int64
}

func (p smbPipes) Dial(ctx context.Context, pipe string) (net.Conn, error) {
	nc, err := p.Pipe(ctx, pipe)
	if err != nil {
		return nil, err
	}
	return counted{nc, p.sent}, nil
}

type counted struct {
	net.Conn
	sent *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.sent.Add(1)
	return c.Conn.Write(b)
}

// written is what eventlogadm is given of record n: TimeGenerated is an hour before
// TimeWritten, which goes on by a second a record.
func written(n int, begin time.Time) eventlog.Event {
	at := begin.Add(time.Duration(n) * time.Second)
	e := eventlog.Event{
		RecordNumber: uint64(n), TimeGenerated: at.Add(-time.Hour), TimeWritten: at, ID: 0x80000000 + eventlog.EventID(n), Type: eventlog.Warning,
		Level: eventlog.LevelWarning, Category: uint16(n % 7), Source: "Quarry", Computer: "PEBBLE", Strings: []string{fmt.Sprint("event ", n)}, Offset: -1,
	}
	if n%3 == 0 {
		e.Strings = append(e.Strings, "zwei", strings.Repeat("x", n%200+1))
	}
	return e
}

// eventlogadm writes records into a log of Samba's own.
func (s *smbd) eventlogadm(log string, from, n int, begin time.Time) {
	s.t.Helper()
	program := logtest.Program(s.t, "eventlogadm", "samba")
	var b strings.Builder
	for i := from; i < from+n; i++ {
		e := written(i, begin)
		fmt.Fprintf(&b, "LEN: 0\nRS1: 1699505740\nRCN: %d\nTMG: %d\nTMW: %d\nEID: %d\nETP: WARNING\nECT: %d\nRS2: 0\nCRN: 0\nUSL: 0\nSRC: %s\nSRN: %s\n",
			i, e.TimeGenerated.Unix(), e.TimeWritten.Unix(), uint32(e.ID), e.Category, e.Source, e.Computer)
		for _, t := range e.Strings {
			fmt.Fprintf(&b, "STR: %s\n", t)
		}
		b.WriteString("DAT: \n\n")
	}
	cmd := exec.Command(program, "-s", s.conf, "-o", "write", log)
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("eventlogadm: %v: %s", err, out)
	}
}

// evenOptions are those of a client of a smbd.
func evenOptions(s *smb.Session, private bool) even.ClientOptions {
	o := even.ClientOptions{Name: "bedrock", Dialer: smbPipes{s, new(atomic.Int64)}}
	if private {
		o.Mechanism = func(context.Context) (dcerpc.Mechanism, uint8, error) {
			i, err := rpcauth.NewInitiator(rpcRoot, "host/127.0.0.1", true)
			if err != nil {
				return nil, 0, err
			}
			return i, i.AuthType(), nil
		}
	}
	return o
}

func evenDial(t *testing.T, o even.ClientOptions) *even.Client {
	t.Helper()
	c, err := even.Dial(t.Context(), &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // what is open is only read from
	return c
}

// walk is all that a selection gives, without the origin.
func walkAll(t *testing.T, l eventlog.Log, sel *eventlog.Selection) (list []eventlog.Event) {
	t.Helper()
	for e, err := range eventlog.All(t.Context(), l, sel) {
		if err != nil {
			t.Fatal(err)
		}
		e.Origin = nil
		list = append(list, *e)
	}
	return list
}

// TestEvenClientSamba: our client reads what eventlogadm has written into Samba's own
// event log server, in every direction and over every kind of bind.
func TestEvenClientSamba(t *testing.T) {
	const n = 900
	w := startSMBD(t, smbdOptions{EventLogs: []string{"System", "Application", "Security", "DNS Server"}})
	begin := time.Now().Add(-2 * time.Hour).Truncate(time.Second).UTC()
	w.eventlogadm("System", 1, n, begin)
	w.eventlogadm("DNS Server", 1, 3, begin)
	// The second opinion.
	out, err := w.rpcclient("root%secret", "127.0.0.1", "eventlog_numrecord System", "eventlog_oldestrecord System")
	if err != nil || out != fmt.Sprintf("number of records: %d\noldest entry: 1\n", n) {
		t.Fatalf("rpcclient: %v\n%s", err, out)
	}
	session := smbDial(t, w, smbRoot)
	want := make([]eventlog.Event, n)
	for i := range want {
		want[i] = written(i+1, begin)
	}
	back := make([]eventlog.Event, n)
	for i := range back {
		back[i] = want[n-1-i]
	}
	for _, private := range []bool{false, true} {
		o := evenOptions(session, private)
		c := evenDial(t, o)
		l, err := c.OpenLog(t.Context(), "system")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		i, err := l.Info(t.Context())
		if err != nil || i.Oldest != 1 || i.Next != n+1 || !i.OldestTime.Equal(want[0].TimeWritten) || !i.NewestTime.Equal(back[0].TimeWritten) {
			t.Errorf("private %v: %+v, %v", private, i, err)
		}
		for _, x := range []struct {
			name string
			sel  eventlog.Selection
			want []eventlog.Event
		}{
			{"forwards", eventlog.Selection{}, want},
			{"backwards", eventlog.Selection{Backward: true}, back},
			{"the newest", eventlog.Selection{Backward: true, Limit: 5}, back[:5]},
			{"in growing buffers", eventlog.Selection{Limit: n - 1}, want[:n-1]},
			{"in growing buffers, backwards", eventlog.Selection{Backward: true, Limit: n - 1}, back[:n-1]},
			{"from a record", eventlog.Selection{Start: 500}, want[499:]},
			{"from a record, backwards", eventlog.Selection{Start: 300, Backward: true}, back[n-300:]},
			{"behind a mark", eventlog.Selection{After: []eventlog.Mark{{Server: "bedrock", Log: "System", Record: 890, Time: want[889].TimeWritten}}}, want[890:]},
			{"since", eventlog.Selection{Since: want[850].TimeGenerated, Slack: time.Nanosecond}, want[850:]},
			{"since, backwards", eventlog.Selection{Since: want[850].TimeGenerated, Slack: time.Nanosecond, Backward: true}, back[:50]},
			{"one source", eventlog.Selection{Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 77)}, want[76:77]},
		} {
			sent := o.Dialer.(smbPipes).sent
			before := sent.Load()
			if d := cmp.Diff(x.want, walkAll(t, l, &x.sel), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("private %v, %s (-want +got):\n%.3000s", private, x.name, d)
			}
			calls := sent.Load() - before
			if calls > 12 {
				t.Errorf("private %v, %s: %d calls", private, x.name, calls)
			}
			t.Logf("private %v, %s: %d calls", private, x.name, calls)
		}
		mark := eventlog.Mark{Server: "bedrock", Log: "System", Record: 890, Time: want[888].TimeWritten}
		if _, err := l.Read(t.Context(), &eventlog.Selection{After: []eventlog.Mark{mark}}); !errors.Is(err, eventlog.ErrMarkGone) {
			t.Errorf("private %v, a mark with another time: %v", private, err)
		}
	}
}

// TestEvenClientSambaNames: which logs there are is said by Samba's registry; others
// are not opened, though it would open Application for them.
func TestEvenClientSambaNames(t *testing.T) {
	w := startSMBD(t, smbdOptions{EventLogs: []string{"System", "Application", "Security", "DNS Server"}})
	begin := time.Now().Add(-2 * time.Hour).Truncate(time.Second).UTC()
	w.eventlogadm("DNS Server", 1, 3, begin)
	w.eventlogadm("Application", 1, 2, begin)
	o := evenOptions(smbDial(t, w, smbRoot), true)
	o.Registry = even.NewRegistry(&o)
	c := evenDial(t, o)
	infos, err := c.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, i := range infos {
		got[i.Name] = i.Count()
		if i.MaxSize != 512<<10 || i.Retention != 7*24*time.Hour {
			t.Errorf("%s: %d bytes, %v", i.Name, i.MaxSize, i.Retention)
		}
	}
	if d := cmp.Diff(map[string]uint64{"Application": 2, "DNS Server": 3, "Security": 0, "System": 0}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	l, err := c.OpenLog(t.Context(), "dns server")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := walkAll(t, l, nil); len(got) != 3 {
		t.Errorf("DNS Server has %d records", len(got))
	}
	if _, err := c.OpenLog(t.Context(), "DNS Servers"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a log that is not there: %v", err)
	}
	size, day := int64(1<<20), 24*time.Hour
	if err := eventlog.Set(t.Context(), l, eventlog.Settings{MaxSize: &size, Retention: &day}); err != nil {
		t.Fatal(err)
	}
	if i, err := l.Info(t.Context()); err != nil || i.MaxSize != size || i.Retention != day || i.Next != 4 {
		t.Errorf("set: %+v, %v", i, err)
	}
}

// TestEvenClientSambaChanges: reports, follows and clears; what Samba cannot do, and
// what it does not let somebody do, comes as what it is.
func TestEvenClientSambaChanges(t *testing.T) {
	w := startSMBD(t, smbdOptions{EventLogs: []string{"System", "Application", "Security"}, Users: []string{"daemon"}})
	ctx := t.Context()
	o := evenOptions(smbDial(t, w, smbRoot), true)
	o.PollMin = 10 * time.Millisecond
	c := evenDial(t, o)
	l, err := c.OpenLog(ctx, "System")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	follow, err := eventlog.Follow(ctx, l, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer follow.Close()
	r, err := eventlog.LogReporterOf(ctx, l, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sent := eventlog.Event{
		TimeGenerated: time.Now().Truncate(time.Second).UTC(), ID: 0x40000007, Type: eventlog.Information, Level: eventlog.LevelInformation, Category: 3,
		Computer: "PEBBLE", Strings: []string{"zwei ä"}, Data: []byte{1, 2, 3, 0},
	}
	for want := range 3 {
		last, err := r.Report(ctx, &sent)
		if err != nil || last != 0 && last != uint64(want+1) {
			t.Fatalf("report: %d, %v", last, err)
		}
		var e eventlog.Event
		if err := follow.Next(ctx, &e); err != nil {
			t.Fatal(err)
		}
		if e.RecordNumber != uint64(want+1) || e.ID != sent.ID || e.Type != sent.Type || e.Category != 3 || e.Computer != "PEBBLE" || e.User != sent.User ||
			!e.TimeGenerated.Equal(sent.TimeGenerated) || cmp.Diff(sent.Strings, e.Strings) != "" || cmp.Diff(sent.Data, e.Data) != "" || e.Source != "System" {
			t.Errorf("followed: %+v", e)
		}
	}
	// Samba decodes several strings, and a SID, as the protocol does not have them.
	more := sent
	more.Strings = []string{"one", "two"}
	if f := (*dcerpc.Fault)(nil); !errors.As(reportOne(ctx, r, &more), &f) || f.Status != dcerpc.FaultNDR {
		t.Errorf("report of two strings: %v", f)
	}
	if _, err := eventlog.RegisterSource(ctx, c, "Quarry"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("register a source: %v", err)
	}
	if err := eventlog.Backup(ctx, l, "x.evt"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("backup: %v", err)
	}
	if _, err := eventlog.OpenBackup(ctx, c, "x.evt"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("open a backup: %v", err)
	}
	if err := eventlog.Clear(ctx, l, ""); err != nil {
		t.Fatal(err)
	}
	if i, err := l.Info(ctx); err != nil || i.Count() != 0 {
		t.Errorf("cleared: %+v, %v", i, err)
	}
	if _, err := r.Report(ctx, &sent); err != nil {
		t.Fatal(err)
	}
	var e eventlog.Event
	if loss, lost := eventlog.AsLoss(follow.Next(ctx, &e)); !lost || !errors.Is(loss, eventlog.ErrMarkGone) {
		t.Errorf("followed over a clear: %v", loss)
	}
	if err := follow.Next(ctx, &e); err != nil || e.RecordNumber != 1 {
		t.Errorf("followed behind it: %d, %v", e.RecordNumber, err)
	}

	d := evenDial(t, evenOptions(smbDial(t, w, smb.Credentials{User: "daemon", Password: "secret"}), false))
	_, err = d.OpenLog(ctx, "Security")
	if !errors.Is(err, fs.ErrPermission) || eventlog.StateOf(err) != eventlog.Refused {
		t.Errorf("daemon: %v", err)
	}
	wrong := evenOptions(smbDial(t, w, smbRoot), false)
	wrong.Mechanism = func(context.Context) (dcerpc.Mechanism, uint8, error) {
		i, err := rpcauth.NewInitiator(rpcauth.Credentials{User: "root", Password: "wrong"}, "host/127.0.0.1", true)
		return i, dcerpc.AuthSPNEGO, err
	}
	wrong.AllowBare = true
	if _, err := even.Dial(ctx, &wrong); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a wrong password inside the pipe: %v", err)
	}
}

func reportOne(ctx context.Context, r eventlog.Reporter, e *eventlog.Event) error {
	_, err := r.Report(ctx, e)
	return err
}

// TestEvenClientBehindSamba: our client, Samba's SMB and our server behind it: reads
// of many buffers both ways, reports, backups and clears, with privacy inside the
// pipe and without.
func TestEvenClientBehindSamba(t *testing.T) {
	const n = 5000
	b := startBehindSamba(t, smbdOptions{})
	ctx := t.Context()
	r, err := eventlog.RegisterSource(ctx, b.as, "quarry")
	if err != nil {
		t.Fatal(err)
	}
	var list []*eventlog.Event
	for i := range n {
		e := written(i, time.Now())
		list = append(list, &e)
	}
	if _, err := r.Report(ctx, list...); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	own, err := b.as.OpenLog(ctx, "Application")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	session := smbDial(t, b.smbd, smbRoot)
	for _, private := range []bool{false, true} {
		c := evenDial(t, evenOptions(session, private))
		l, err := c.OpenLog(ctx, "Application")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for _, back := range []bool{false, true} {
			sel := &eventlog.Selection{Backward: back, Want: eventlog.AllFields &^ eventlog.FieldMessage.Bit() &^ eventlog.FieldXML.Bit()}
			want, got := walkAll(t, own, sel), walkAll(t, l, sel)
			if len(got) != len(want) || len(want) < 2000 { // the log has wrapped
				t.Fatalf("private %v, backward %v: %d records, want %d", private, back, len(got), len(want))
			}
			for i := range want {
				want[i].Offset = -1 // it lies in a file at the other end
				if bytes.Equal(want[i].Raw, got[i].Raw) && i%500 != 0 {
					continue // whose fields are those of the bytes, as the others show
				}
				if d := cmp.Diff(want[i], got[i], cmpopts.EquateEmpty()); d != "" {
					t.Fatalf("private %v, backward %v (-want +got):\n%s", private, back, d)
				}
			}
		}
		s, err := eventlog.RegisterSource(ctx, c, "quarry")
		if err != nil {
			t.Fatal(err)
		}
		i, err := own.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		e := eventlog.Event{ID: 7, Type: eventlog.Error, Computer: "PEBBLE", User: "S-1-5-18", Strings: []string{"one", "", "zwei ä"}, Data: []byte{1, 2, 3}}
		if last, err := s.Report(ctx, &e, &e); err != nil || last != i.Next+1 {
			t.Errorf("private %v: report: %d, %v, want %d", private, last, err, i.Next+1)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		name := fmt.Sprintf("private-%v.evt", private)
		if err := eventlog.Backup(ctx, l, name); err != nil {
			t.Error(err)
		}
		if err := eventlog.Backup(ctx, l, name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("private %v: a second backup: %v", private, err)
		}
		backup, err := eventlog.OpenBackup(ctx, c, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := walkAll(t, backup, &eventlog.Selection{Backward: true, Limit: 1}); len(got) != 1 || got[0].RecordNumber != i.Next+1 || got[0].User != e.User {
			t.Errorf("private %v: the backup ends with %+v", private, got)
		}
		if err := backup.Close(); err != nil {
			t.Error(err)
		}
	}
	c := evenDial(t, evenOptions(session, true))
	l, err := c.OpenLog(ctx, "Application")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := eventlog.Clear(ctx, l, ""); err != nil {
		t.Error(err)
	}
	if i, err := own.Info(ctx); err != nil || i.Count() != 0 {
		t.Errorf("cleared: %+v, %v", i, err)
	}
}
