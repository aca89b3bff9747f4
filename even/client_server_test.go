package even

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/epm"
	"netelf.example/internal/winreg"
	"netelf.example/nt"
)

// registry is one in memory.
type registry struct {
	logs map[string]winreg.Log
	err  error
}

func (r *registry) Logs(context.Context) (names []string, err error) {
	for n := range r.logs {
		names = append(names, n)
	}
	return names, r.err
}

func (r *registry) Log(_ context.Context, name string) (winreg.Log, error) {
	return r.logs[name], r.err
}

func (r *registry) SetLog(_ context.Context, name string, maxSize, retention *uint32) error {
	l := r.logs[name]
	if maxSize != nil {
		l.MaxSize = maxSize
	}
	if retention != nil {
		l.Retention = retention
	}
	r.logs[name] = l
	return r.err
}

func (r *registry) Sources(_ context.Context, log string) ([]eventlog.Source, error) {
	return []eventlog.Source{{Name: "b" + log, Log: log}, {Name: "A" + log, Log: log}}, r.err
}

// TestClientNames: a name that is not known is never opened, since the server would
// open Application for it.
func TestClientNames(t *testing.T) {
	stray := errors.New("the registry is out of order")
	logs := shelf{}
	for _, n := range []string{"Application", "Security", "System", "DNS Server"} {
		logs[n] = memory(n, nil)
	}
	dns := map[string]winreg.Log{"DNS Server": {}, "System": {}, "odd/channel": {}}
	for _, x := range []struct {
		name string
		reg  Registry
		want string // the log that is opened
		err  error
		text string
	}{
		{"system", nil, "System", nil, ""},
		{"SECURITY", nil, "Security", nil, ""},
		{"application", &registry{err: stray}, "Application", nil, ""},
		{"dns server", nil, "", fs.ErrNotExist, `whether there is a log "dns server" cannot be asked, and the server would open Application for a name that it does not know: it is not opened`},
		{"dns server", &registry{logs: dns}, "DNS Server", nil, ""},
		{"dns servers", &registry{logs: dns}, "", fs.ErrNotExist, `the registry lists no log "dns servers", and the server would open Application for a name that it does not know: it is not opened`},
		{"dns server", &registry{logs: dns, err: stray}, "", stray, `whether there is a log "dns server" is not known, and the server would open Application for a name that it does not know: the registry is out of order`},
		{"Microsoft-Windows-Dns/Operational", &registry{logs: dns}, "", fs.ErrNotExist, `"Microsoft-Windows-Dns/Operational" is an event channel, and MS-EVEN has none: it is not opened`},
		{"odd/channel", &registry{logs: dns}, "", fs.ErrNotExist, ""},
		{"", nil, "", fs.ErrNotExist, "a log without a name: file does not exist"},
	} {
		c := asking(t, door(t, logs), ClientOptions{Registry: x.reg})
		l, err := c.OpenLog(t.Context(), x.name)
		if !errors.Is(err, x.err) || x.text != "" && err.Error() != x.text {
			t.Errorf("%q: error %v, want %v, %s", x.name, err, x.err, x.text)
		}
		if err != nil {
			continue
		}
		if i, err := l.Info(t.Context()); err != nil || i.Name != x.want || i.Channel != x.want {
			t.Errorf("%q: %+v, %v, want %s", x.name, i, err, x.want)
		}
		_ = l.Close() // never fails
	}
}

// TestClientLogs lists logs.
func TestClientLogs(t *testing.T) {
	size, day, never := uint32(512<<10), uint32(86400), uint32(0xffffffff)
	logs := shelf{"System": memory("System", events(5, 3)), "Application": memory("Application", nil), "Security": &refusing{}, "DNS Server": memory("DNS Server", nil)}
	const can = eventlog.CanFollow | eventlog.CanReport | eventlog.CanBackup | eventlog.CanClear
	at := nt.Time32(1_300_000_000)
	system := eventlog.Info{Name: "System", Channel: "System", Oldest: 5, Next: 8, OldestTime: at, NewestTime: at.Add(2 * time.Second), Can: can}
	application := eventlog.Info{Name: "Application", Channel: "Application", Next: 1, Can: can}
	security := eventlog.Info{Name: "Security", Channel: "Security"}
	c := asking(t, door(t, logs), ClientOptions{})
	got, err := c.Logs(t.Context())
	if d := cmp.Diff([]eventlog.Info{application, security, system}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}

	reg := &registry{logs: map[string]winreg.Log{"System": {MaxSize: &size, Retention: &day, SDDL: "O:BA"}, "DNS Server": {Retention: &never}, "system": {}}}
	var notices []string
	c = asking(t, door(t, logs), ClientOptions{Registry: reg, Notice: func(s string) { notices = append(notices, s) }})
	system.MaxSize, system.Retention, system.Can = 512<<10, 24*time.Hour, can|eventlog.CanSet
	system.SDDL = "O:BA"
	dns := eventlog.Info{Name: "DNS Server", Channel: "DNS Server", Next: 1, Retention: eventlog.RetainForever, Can: can | eventlog.CanSet}
	delete(reg.logs, "system")
	got, err = c.Logs(t.Context())
	if d := cmp.Diff([]eventlog.Info{dns, system}, got); err != nil || d != "" || len(notices) != 0 {
		t.Errorf("with a registry: %v, %q (-want +got):\n%s", err, notices, d)
	}
	reg.err = fs.ErrPermission
	got, err = c.Logs(t.Context())
	if err != nil || len(got) != 3 || len(notices) != 1 || notices[0] != "bedrock: only the usual logs are listed: permission denied" {
		t.Errorf("with a registry that cannot be read: %v, %v, %q", got, err, notices)
	}
}

// refusing is a log that may not be read.
type refusing struct{ eventlog.Log }

func (*refusing) Info(context.Context) (eventlog.Info, error) {
	return eventlog.Info{}, fs.ErrPermission
}
func (*refusing) Close() error { return nil }

// TestClientSettings sets what is set in the registry.
func TestClientSettings(t *testing.T) {
	reg := &registry{logs: map[string]winreg.Log{"System": {}}}
	w := door(t, shelf{"System": memory("System", nil)})
	l := openLog(t, asking(t, w, ClientOptions{Registry: reg}), "System")
	for _, x := range []struct {
		s               eventlog.Settings
		size, retention string
		err             error
	}{
		{eventlog.Settings{}, "-", "-", nil},
		{eventlog.Settings{MaxSize: ptr[int64](1 << 20)}, "1048576", "-", nil},
		{eventlog.Settings{Retention: ptr(time.Duration(0))}, "1048576", "0", nil},
		{eventlog.Settings{Retention: ptr(1500 * time.Millisecond)}, "1048576", "2", nil},
		{eventlog.Settings{Retention: ptr(eventlog.RetainForever)}, "1048576", "4294967295", nil},
		{eventlog.Settings{MaxSize: ptr[int64](0)}, "1048576", "4294967295", eventlog.ErrInvalid},
		{eventlog.Settings{MaxSize: ptr[int64](1 << 32)}, "1048576", "4294967295", eventlog.ErrInvalid},
		{eventlog.Settings{Retention: ptr(time.Duration(-1))}, "1048576", "4294967295", eventlog.ErrInvalid},
		{eventlog.Settings{Retention: ptr(4294967295 * time.Second)}, "1048576", "4294967295", eventlog.ErrInvalid},
		{eventlog.Settings{SDDL: ptr("O:BA")}, "1048576", "4294967295", errors.ErrUnsupported},
	} {
		if err := eventlog.Set(t.Context(), l, x.s); !errors.Is(err, x.err) {
			t.Errorf("%+v: %v, want %v", x.s, err, x.err)
		}
		text := func(n *uint32) string {
			if n == nil {
				return "-"
			}
			return fmt.Sprint(*n)
		}
		r := reg.logs["System"]
		if text(r.MaxSize) != x.size || text(r.Retention) != x.retention {
			t.Errorf("%+v: %s, %s, want %s, %s", x.s, text(r.MaxSize), text(r.Retention), x.size, x.retention)
		}
	}
	c := asking(t, w, ClientOptions{})
	l = openLog(t, c, "System")
	if err := eventlog.Set(t.Context(), l, eventlog.Settings{MaxSize: ptr[int64](1)}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without a registry: %v", err)
	}
	if _, err := eventlog.Sources(t.Context(), c); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("sources without a registry: %v", err)
	}
	c = asking(t, w, ClientOptions{Registry: &registry{logs: map[string]winreg.Log{"System": {}, "Application": {}}}})
	list, err := eventlog.Sources(t.Context(), c)
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	if strings.Join(names, " ") != "AApplication ASystem bApplication bSystem" || err != nil {
		t.Errorf("sources %q, %v", names, err)
	}
	for what, err := range map[string]error{
		"add source": eventlog.SetSource(t.Context(), c, eventlog.Source{}), "remove source": eventlog.RemoveSource(t.Context(), c, "x"),
		"create log": eventlog.CreateLog(t.Context(), c, "x", eventlog.Settings{}), "delete log": eventlog.DeleteLog(t.Context(), c, "x"),
	} {
		const why = ": MS-EVEN has no call for it; a netelf server does it over https://, and any server on its own machine: unsupported operation"
		if !errors.Is(err, errors.ErrUnsupported) || err.Error() != what+why {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestClientService: the service over the protocol, as an administrator and as
// others.
func TestClientService(t *testing.T) {
	s := opened(t, t.TempDir())
	ctx := t.Context()
	now := nt.Time32(1_700_000_000)
	c := asking(t, door(t, s.As(admin)), ClientOptions{Now: func() time.Time { return now }})
	r, err := eventlog.RegisterSource(ctx, c, "Disk")
	if err != nil {
		t.Fatal(err)
	}
	want := []eventlog.Event{{
		RecordNumber: 1, TimeGenerated: nt.Time32(1_500_000_000), TimeWritten: nt.Time32(1_800_000_000), ID: 0xc0000007, Type: eventlog.Error,
		Level: eventlog.LevelError, Category: 3, Source: "Disk", Computer: "PEBBLE", User: "S-1-5-18", Strings: []string{"one", "", "zwei ä"}, Data: []byte{1, 2}, Offset: -1,
	}, {
		RecordNumber: 2, TimeGenerated: now, TimeWritten: nt.Time32(1_800_000_000), Type: eventlog.Success, Level: eventlog.LevelInformation, Source: "Quarry", Offset: -1,
	}}
	first, second := want[0], want[1]
	second.TimeGenerated = time.Time{}
	if last, err := r.Report(ctx, &first, &second); last != 2 || err != nil {
		t.Fatalf("report: %d, %v", last, err)
	}
	l := openLog(t, c, "Application")
	compare := func(l eventlog.Log) {
		t.Helper()
		var got []eventlog.Event
		for e, err := range eventlog.All(ctx, l, nil) {
			if err != nil {
				t.Fatal(err)
			}
			e.Origin = nil
			got = append(got, *e)
		}
		for i := range got { // what is empty, and what nobody said
			if got[i].Computer == "bedrock" || len(got[i].Strings) == 0 {
				got[i].Computer, got[i].Strings, got[i].Data, got[i].Raw = "", nil, nil, nil
			}
			got[i].Raw = nil
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	compare(l)

	// A walk goes on when its log is closed; nothing else does.
	other := openLog(t, c, "Application")
	open, err := other.Read(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := cursorText(ctx, open); got != "1-2" || err != nil {
		t.Errorf("a walk over a closed log: %s, %v", got, err)
	}
	if err := open.Close(); err != nil {
		t.Error(err)
	}
	_, infoErr := other.Info(ctx)
	_, readErr := other.Read(ctx, nil)
	_, reporterErr := eventlog.LogReporterOf(ctx, other, "")
	for what, err := range map[string]error{
		"info": infoErr, "read": readErr, "report": reporterErr, "clear": eventlog.Clear(ctx, other, ""),
		"backup": eventlog.Backup(ctx, other, "x"), "set": eventlog.Set(ctx, other, eventlog.Settings{}),
	} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s of a closed log: %v", what, err)
		}
	}

	// What cannot be reported is not sent.
	for what, e := range map[string]*eventlog.Event{
		"strings": {Strings: make([]string, maxStrings+1)}, "data": {Data: make([]byte, maxData+1)}, "user": {User: "fred"},
		"zero": {Strings: []string{"a\x00b"}}, "time": {TimeGenerated: nt.Time32(0).Add(-time.Second)}, "computer": {Computer: strings.Repeat("x", 40000)},
	} {
		if last, err := r.Report(ctx, &first, e); !errors.Is(err, eventlog.ErrInvalid) || last != 0 || !strings.HasPrefix(err.Error(), "event 2: ") {
			t.Errorf("%s: %d, %v", what, last, err)
		}
	}
	// A log's own reporter takes any source.
	lr, err := eventlog.LogReporterOf(ctx, l, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"", "Application", "Disk", "nobody's"} {
		if _, err := lr.Report(ctx, &eventlog.Event{Source: source}); err != nil {
			t.Errorf("%q: %v", source, err)
		}
	}
	if err := lr.Close(); err != nil {
		t.Error(err)
	}
	if _, err := lr.Report(ctx, &first); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("report behind Close: %v", err)
	}
	sources := map[string]int{}
	for e, err := range eventlog.All(ctx, l, &eventlog.Selection{Start: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		sources[e.Source]++
	}
	if d := cmp.Diff(map[string]int{"Application": 2, "Disk": 1, "nobody's": 1}, sources); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}

	// Backup, once; clear, with and without one.
	if err := eventlog.Backup(ctx, l, "first.evt"); err != nil {
		t.Fatal(err)
	}
	if err := eventlog.Backup(ctx, l, `C:\any\where\first.evt`); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup: %v", err)
	}
	for _, name := range []string{`\\pebble\share\x.evt`, `../x`, ``} {
		if err := eventlog.Backup(ctx, l, name); !errors.Is(err, eventlog.ErrBackupName) {
			t.Errorf("backup %q: %v", name, err)
		}
	}
	if err := eventlog.Clear(ctx, l, "first.evt"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("clear with a backup that is there: %v", err)
	}
	cur, err := l.Read(ctx, &eventlog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	defer cur.Close()
	if err := eventlog.Clear(ctx, l, "second.evt"); err != nil {
		t.Fatal(err)
	}
	if got, err := cursorText(ctx, cur); got != "" || !errors.Is(err, eventlog.ErrMarkGone) {
		t.Errorf("a walk that began before the clear: %s, %v", got, err)
	}
	if got, err := walkedBy(t, l, &eventlog.Selection{}); got != "" || err != nil {
		t.Errorf("a walk that began behind it: %s, %v", got, err)
	}
	if err := eventlog.Clear(ctx, l, ""); err != nil {
		t.Error(err)
	}
	b, err := eventlog.OpenBackup(ctx, c, "second.evt")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got, err := walkedBy(t, b, &eventlog.Selection{Backward: true}); got != "6-1" || err != nil {
		t.Errorf("the backup: %s, %v", got, err)
	}
	if i, err := b.Info(ctx); err != nil || i.Count() != 6 || i.Can != 0 {
		t.Errorf("the backup: %+v, %v", i, err)
	}
	if err := eventlog.Clear(ctx, b, ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("clear a backup: %v", err)
	}
	if _, err := eventlog.OpenBackup(ctx, c, "third.evt"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a backup that is not there: %v", err)
	}

	// A guest.
	g := asking(t, door(t, s.As(guest)), ClientOptions{})
	_, err = g.OpenLog(ctx, "Security")
	if !errors.Is(err, fs.ErrPermission) || eventlog.StateOf(err) != eventlog.Refused || err.Error() != "ElfrOpenELW: access denied (STATUS_ACCESS_DENIED)" {
		t.Errorf("a guest: %v", err)
	}
	if _, err := eventlog.RegisterSource(ctx, g, "Disk"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a guest's source: %v", err)
	}
}

// TestClientReporterAgain: a reporter whose connection was lost while it was idle
// loses nothing; one that loses it amid a report says that it does not know.
func TestClientReporterAgain(t *testing.T) {
	s := opened(t, t.TempDir())
	w := door(t, s.As(admin))
	now := nt.Time32(1_700_000_000)
	c := asking(t, w, ClientOptions{Now: func() time.Time { return now }})
	r, err := eventlog.RegisterSource(t.Context(), c, "Disk")
	if err != nil {
		t.Fatal(err)
	}
	for want := uint64(1); want < 4; want++ {
		if last, err := r.Report(t.Context(), &eventlog.Event{}); last != want || err != nil {
			t.Fatalf("report %d: %d, %v", want, last, err)
		}
		w.cut()
		now = now.Add(probeAfter + 1)
	}
	if _, err := r.Report(t.Context(), &eventlog.Event{}); err != nil {
		t.Fatal(err) // it was idle for long enough
	}
	w.cut()
	_, err = r.Report(t.Context(), &eventlog.Event{})
	if err == nil || !strings.HasSuffix(err.Error(), "; whether it was done is not known") {
		t.Errorf("report over a connection that is lost: %v", err)
	}
	if last, err := r.Report(t.Context(), &eventlog.Event{}); last != 5 || err != nil {
		t.Errorf("report behind it: %d, %v", last, err)
	}
}

// TestClientAuthentication: privacy first; bare only where it is allowed and the
// server does not take the other.
func TestClientAuthentication(t *testing.T) {
	accept, right := logons("wilma")
	_, wrong := logons("betty")
	h := NewHandler(HandlerOptions{For: forServer(shelf{"System": memory("System", events(1, 3))})})
	ifaces := []dcerpc.Interface{h}
	must := func(p *dcerpc.Peer, _ dcerpc.SyntaxID) error {
		if p.AuthLevel != dcerpc.LevelPrivacy {
			return errors.New("no privacy")
		}
		return nil
	}
	for _, x := range []struct {
		name      string
		server    dcerpc.ServerOptions
		mechanism func(context.Context) (dcerpc.Mechanism, uint8, error)
		allow     bool
		err       error  // of Dial or OpenLog
		text      string // of it
		notices   int
		skew      bool
	}{
		{name: "privacy", server: dcerpc.ServerOptions{Auth: accept, Authorize: must}, mechanism: right, skew: true},
		{name: "privacy, bare allowed", server: dcerpc.ServerOptions{Auth: accept, Authorize: must}, mechanism: right, allow: true, skew: true},
		{name: "bare", server: dcerpc.ServerOptions{}},
		{name: "bare is refused", server: dcerpc.ServerOptions{Auth: accept, Authorize: must}, err: fs.ErrPermission},
		{name: "a wrong password", server: dcerpc.ServerOptions{Auth: accept}, mechanism: wrong, err: fs.ErrPermission,
			text: "bind: the server refuses the user or the password: rpc fault 0x00000005: access denied"},
		{name: "a wrong password is no reason to go down", server: dcerpc.ServerOptions{Auth: accept}, mechanism: wrong, allow: true, err: fs.ErrPermission},
		{name: "it takes no authentication", server: dcerpc.ServerOptions{}, mechanism: right, text: "bind: rpc: bind refused: authentication type not recognized"},
		{name: "it takes none, bare allowed", server: dcerpc.ServerOptions{}, mechanism: right, allow: true, notices: 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			x.server.Interfaces = ifaces
			w := serving(t, x.server)
			var notices []string
			o := &ClientOptions{Name: "bedrock", Dialer: w, Mechanism: x.mechanism, AllowBare: x.allow, Notice: func(s string) { notices = append(notices, s) }}
			c, err := Dial(t.Context(), o)
			var l eventlog.Log
			if err == nil {
				defer c.Close()
				if l, err = c.OpenLog(t.Context(), "System"); err == nil {
					defer l.Close()
				}
			}
			if x.err != nil || x.text != "" {
				if x.err != nil && !errors.Is(err, x.err) || x.text != "" && (err == nil || err.Error() != x.text) {
					t.Errorf("error %v, want %v%s", err, x.err, x.text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := walkedBy(t, l, &eventlog.Selection{}); got != "1-3" || err != nil {
				t.Errorf("%s, %v", got, err)
			}
			w.cut()
			if got, err := walkedBy(t, l, &eventlog.Selection{}); got != "1-3" || err != nil {
				t.Errorf("once more: %s, %v", got, err)
			}
			if len(notices) != x.notices {
				t.Errorf("notices %q", notices)
			}
			if d, ok := c.Skew(); ok != x.skew || d > time.Minute || d < -time.Minute {
				t.Errorf("skew %v, %v", d, ok)
			}
		})
	}
	o := &ClientOptions{Name: "bedrock", Dialer: serving(t, dcerpc.ServerOptions{Interfaces: ifaces, Auth: accept}), Mechanism: right,
		Now: func() time.Time { return time.Now().Add(-3 * time.Hour) }}
	c, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if d, ok := c.Skew(); !ok || d < 179*time.Minute || d > 181*time.Minute {
		t.Errorf("skew %v, %v, want three hours", d, ok)
	}
}

// TestClientCancel: a call that is cancelled ends its connection, and the log goes on
// with another one. Close ends a Next that waits.
func TestClientCancel(t *testing.T) {
	s := newScript(t, events(1, 50))
	hold := make(chan struct{})
	s.few = 10
	h := s.iface()
	serve := h.New
	h.New = func(ctx context.Context, p *dcerpc.Peer) (dcerpc.Handler, error) {
		inner, err := serve(ctx, p)
		return holding{inner, hold}, err
	}
	w := serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{h}})
	l := openLog(t, asking(t, w, ClientOptions{}), "System")
	next := func(c eventlog.Cursor, ctx context.Context, n int) (err error) {
		var e eventlog.Event
		for range n {
			if err = c.Next(ctx, &e); err != nil {
				return err
			}
		}
		return nil
	}
	for _, how := range []string{"cancel", "close"} {
		c, err := l.Read(t.Context(), &eventlog.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		go func() { hold <- struct{}{} }() // the first read is answered, the second one is not
		if err := next(c, t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error)
		go func() { ended <- next(c, ctx, 1) }()
		want := context.Canceled
		if how == "close" {
			want = fs.ErrClosed
			_ = c.Close() // never fails
		} else {
			cancel()
		}
		if err := <-ended; !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", how, err, want)
		}
		if err := next(c, t.Context(), 1); !errors.Is(err, want) {
			t.Errorf("%s, once more: %v, want %v", how, err, want)
		}
		_ = c.Close() // never fails
	}
	close(hold)
	if got, err := walkedBy(t, l, &eventlog.Selection{}); got != "1-50" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

// holding answers reads of records only when it is let.
type holding struct {
	dcerpc.Handler
	hold chan struct{}
}

func (h holding) Call(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	if op == opReadELW {
		select {
		case <-h.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return h.Handler.Call(ctx, op, in, order)
}

// TestClientTCP: over TCP, at an address and with an endpoint mapper.
func TestClientTCP(t *testing.T) {
	h := NewHandler(HandlerOptions{For: forServer(shelf{"System": memory("System", events(1, 3))})})
	port := listening(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{h}})
	mapper := listening(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{epm.Interface(epm.Entry{Interface: Interface, Port: port})}})
	none := listening(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{epm.Interface()}})
	for _, d := range []Dialer{
		TCP(fmt.Sprintf("127.0.0.1:%d", port), nil),
		TCP("127.0.0.1", &TCPOptions{MapperPort: mapper}),
	} {
		c := asking(t, d, ClientOptions{})
		l := openLog(t, c, "System")
		for range 2 {
			if got, err := walkedBy(t, l, &eventlog.Selection{}); got != "1-3" || err != nil {
				t.Errorf("%s, %v", got, err)
			}
		}
		if _, err := d.Dial(t.Context(), "winreg"); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("another pipe: %v", err)
		}
	}
	if _, err := Dial(t.Context(), &ClientOptions{Dialer: TCP("127.0.0.1", &TCPOptions{MapperPort: none})}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an endpoint mapper that does not know it: %v", err)
	}
	if _, err := Dial(t.Context(), &ClientOptions{Dialer: TCP("127.0.0.1:1", nil)}); eventlog.StateOf(err) != eventlog.Unreachable {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := Dial(t.Context(), &ClientOptions{}); err == nil {
		t.Error("without a Dialer")
	}
}

// TestClientError: what a status is to errors.Is.
func TestClientError(t *testing.T) {
	for _, x := range []struct {
		status   nt.Status
		is, isno []error
	}{
		{nt.StatusAccessDenied, []error{fs.ErrPermission, nt.StatusAccessDenied}, []error{fs.ErrNotExist}},
		{nt.StatusObjectNameNotFound, []error{fs.ErrNotExist}, []error{fs.ErrExist}},
		{nt.StatusObjectNameCollision, []error{fs.ErrExist}, nil},
		{nt.StatusEndOfFile, nil, []error{errEOF}},
		{nt.StatusInvalidParameter, []error{eventlog.ErrInvalid}, []error{eventlog.ErrTooLarge}},
		{nt.StatusEventlogFileChanged, []error{eventlog.ErrMarkGone}, []error{eventlog.ErrOverwrite}},
		{nt.StatusInvalidHandle, []error{eventlog.ErrHandle}, []error{fs.ErrClosed}},
		{nt.StatusLogFileFull, []error{eventlog.ErrLogFull}, nil},
		{nt.StatusDiskFull, []error{eventlog.ErrDiskFull}, nil},
		{nt.StatusEventlogFileCorrupt, []error{eventlog.ErrCorrupt}, nil},
		{nt.StatusNotImplemented, []error{errors.ErrUnsupported}, nil},
		{nt.StatusCancelled, nil, []error{context.Canceled}},
	} {
		err := fmt.Errorf("a layer: %w", &Error{"ElfrReadELW", "bedrock", x.status})
		for _, is := range x.is {
			if !errors.Is(err, is) {
				t.Errorf("%v is no %v", err, is)
			}
		}
		for _, isno := range x.isno {
			if errors.Is(err, isno) {
				t.Errorf("%v is %v", err, isno)
			}
		}
	}
	broken := callError("ElfrReadELW", fmt.Errorf("dcerpc: %w", errEOF))
	if errors.Is(broken, errEOF) || broken.Error() != "ElfrReadELW: the connection broke off: dcerpc: EOF" {
		t.Errorf("%v", broken)
	}
}

// TestClientRegistry: the connection to the registry is made when it is needed, and
// once more when it was lost.
func TestClientRegistry(t *testing.T) {
	w := serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{{ID: winreg.ID, New: func(context.Context, *dcerpc.Peer) (dcerpc.Handler, error) {
		return emptyRegistry{}, nil
	}}}})
	w.pipe = RegistryPipe
	o := ClientOptions{Name: "bedrock", Dialer: w}
	r := NewRegistry(&o)
	for dials := 1; dials < 4; dials++ {
		for range 2 {
			if _, err := r.Logs(t.Context()); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "registry: BaseRegOpenKey: ") {
				t.Errorf("%v", err)
			}
			if w.count() != dials {
				t.Errorf("connected %d times, want %d", w.count(), dials)
			}
		}
		w.cut()
	}
	gone := errors.New("nobody is there")
	w.err = gone
	if _, err := r.Log(t.Context(), "System"); !errors.Is(err, gone) {
		t.Errorf("nobody there: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Sources(t.Context(), "System"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := r.SetLog(t.Context(), "System", nil, nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// emptyRegistry has HKEY_LOCAL_MACHINE and nothing else.
type emptyRegistry struct{}

func (emptyRegistry) Close() {}

func (emptyRegistry) Call(_ context.Context, op uint16, _ []byte, order binary.ByteOrder) ([]byte, error) {
	const openLocalMachine, openKey = 2, 15
	switch op {
	case openLocalMachine:
		return encode(&handleResponse{LogHandle: [20]byte{4: 1}}, order)
	case openKey:
		return encode(&handleResponse{Status: nt.Status(nt.ErrorFileNotFound)}, order)
	}
	return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
}
