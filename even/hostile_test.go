package even

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/rpcauth"
	"netelf.example/nt"
	"netelf.example/service"
)

var (
	hostilePDUs = flag.Int("hostile.pdus", 10_000, "how many damaged PDUs TestHostile sends")
	hostileSeed = flag.Uint64("hostile.seed", 1, "the seed of TestHostile")
)

// hostileDoor is a DCE/RPC server with MS-EVEN before a service, in which fred, with
// the password wilma, is an administrator.
type hostileDoor struct {
	srv    *dcerpc.Server
	panics atomic.Int64 // and errors that are logged as such
	first  atomic.Pointer[string]
}

// hostileHandles is how many handles all clients together may have.
const hostileHandles = 32

func newHostileDoor(t *testing.T, o dcerpc.ServerOptions) *hostileDoor {
	t.Helper()
	d := &hostileDoor{}
	log := slog.New(hostileLog{d})
	s, err := service.Open(t.TempDir(), &service.Options{Sync: service.SyncNone, Computer: "bedrock", Brief: true, MaxSize: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := eventlog.RegisterSource(t.Context(), s.As(admin), "quarry")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, e := range events(1, 50) {
		if _, err := r.Report(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	o.Logger = log
	o.Interfaces = []dcerpc.Interface{NewHandler(HandlerOptions{
		For:             func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return s.As(admin), nil },
		MaxTotalHandles: hostileHandles, Logger: log,
	})}
	o.Auth = rpcauth.Acceptors(rpcauth.Options{
		Computer: "BEDROCK", Domain: "BEDROCK",
		Lookup: func(l *rpcauth.Logon) ([16]byte, bool, error) {
			return ntlm.NTHash("wilma"), eventlog.EqualFold(l.User, "fred"), nil
		},
		Done: func(_ *rpcauth.Logon, err error) error { return err },
	})
	d.srv = dcerpc.NewServer(o)
	return d
}

// hostileLog counts what must not be logged.
type hostileLog struct{ d *hostileDoor }

func (hostileLog) Enabled(context.Context, slog.Level) bool { return true }
func (l hostileLog) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l hostileLog) WithGroup(string) slog.Handler          { return l }
func (l hostileLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError || strings.Contains(r.Message, "panic") {
		var b strings.Builder
		b.WriteString(r.Message)
		r.Attrs(func(a slog.Attr) bool {
			fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
			return true
		})
		l.d.panics.Add(1)
		l.d.first.CompareAndSwap(nil, new(b.String()))
	}
	return nil
}

// hostileLogin is how a client comes.
type hostileLogin struct {
	authType, level uint8 // AuthNone: it does not log on
}

var hostileLogins = []hostileLogin{
	{dcerpc.AuthNone, dcerpc.LevelNone}, {dcerpc.AuthNTLM, dcerpc.LevelConnect}, {dcerpc.AuthNTLM, dcerpc.LevelIntegrity},
	{dcerpc.AuthNTLM, dcerpc.LevelPrivacy}, {dcerpc.AuthSPNEGO, dcerpc.LevelConnect}, {dcerpc.AuthSPNEGO, dcerpc.LevelPrivacy},
}

func (l hostileLogin) dial(ctx context.Context, nc net.Conn) (*dcerpc.Client, error) {
	o := &dcerpc.ClientOptions{Interface: Interface}
	if l.authType != dcerpc.AuthNone {
		m, err := rpcauth.NewInitiator(rpcauth.Credentials{User: "fred", Password: "wilma"}, "host/bedrock", l.authType == dcerpc.AuthSPNEGO)
		if err != nil {
			return nil, err
		}
		o.Mechanism, o.AuthType, o.AuthLevel, o.HeaderSigning = m, l.authType, l.level, true
	}
	return dcerpc.Dial(ctx, nc, o)
}

// hostileCall makes a call, whose response must be whole.
func hostileCall(ctx context.Context, c *dcerpc.Client, op uint16, req, resp message) error {
	in, err := encode(req, binary.LittleEndian)
	if err != nil {
		return err
	}
	out, err := c.Call(ctx, op, in)
	if err != nil {
		return err
	}
	return decode(resp, opName(op), out, binary.LittleEndian)
}

// hostileOpen opens Application.
func hostileOpen(ctx context.Context, c *dcerpc.Client) (ndr.ContextHandle, nt.Status, error) {
	var opened handleResponse
	err := hostileCall(ctx, c, opOpenELW, &openRequest{ModuleName: ndr.Text("Application"), MajorVersion: 1, MinorVersion: 1}, &opened)
	return opened.LogHandle, opened.Status, err
}

// hostileCalls are what a client calls that has opened a log, without its closing.
// The record with the number oldest is there.
func hostileCalls(h ndr.ContextHandle, oldest uint32) []struct {
	op        uint16
	req, resp message
} {
	report := func(m reportRequest) *reportRequest {
		m.LogHandle, m.EventType, m.ComputerName = h, 4, ndr.Text("PEBBLE")
		m.UserSID, m.Strings, m.Data = "S-1-5-18", []ndr.String{ndr.Text("one"), ndr.Text("two")}, []byte{1, 2, 3}
		m.Time, m.TimeGenerated = 1_300_000_000, 129_444_736_000_000_000 // 2011
		m.RecordNumber, m.TimeWritten = new(uint32), new(uint32)
		if m.withSource {
			m.SourceName = ndr.Text("quarry")
		}
		if m.ex {
			m.TimeWritten = nil
		}
		return &m
	}
	return []struct {
		op        uint16
		req, resp message
	}{
		{opReportEventW, report(reportRequest{}), &reportResponse{}},
		{opReportEventA, report(reportRequest{ansi: true}), &reportResponse{}},
		{opReportEventAndSourceW, report(reportRequest{withSource: true}), &reportResponse{}},
		{opReportEventExW, report(reportRequest{ex: true}), &reportResponse{ex: true}},
		{opNumberOfRecords, &handleRequest{h}, &numberResponse{}},
		{opOldestRecord, &handleRequest{h}, &numberResponse{}},
		{opReadELW, &readRequest{h, seqBackwards, 0, 2000}, &readResponse{}},
		{opReadELW, &readRequest{h, flagSeek | flagForwards, oldest, 2000}, &readResponse{}},
		{opReadELA, &readRequest{h, flagSeek | flagForwards, oldest, 2000}, &readResponse{}},
		{opGetLogInformation, &logInformationRequest{LogHandle: h, BufSize: 16}, &logInformationResponse{}},
		{opOpenELA, &openRequest{ansi: true, ModuleName: ndr.Text("System"), MajorVersion: 1, MinorVersion: 1}, &handleResponse{}},
		{opRegisterEventSourceW, &openRequest{ModuleName: ndr.Text("quarry"), MajorVersion: 1, MinorVersion: 1}, &handleResponse{}},
	}
}

// hostileTap keeps what a client writes: one PDU a Write.
type hostileTap struct {
	net.Conn
	sent [][]byte
}

func (c *hostileTap) Write(b []byte) (int, error) {
	c.sent = append(c.sent, bytes.Clone(b))
	return c.Conn.Write(b)
}

// talk is one that is recorded: what a client sent, how many PDUs of it are the
// bind, the logon and the opening, and the handle that it got.
type talk struct {
	login  hostileLogin
	pdus   [][]byte
	begin  int
	handle ndr.ContextHandle
}

// converse is the conversation of an honest client, in which everything must be
// well.
func converse(ctx context.Context, nc net.Conn, login hostileLogin) (*talk, error) {
	tap := &hostileTap{Conn: nc}
	c, err := login.dial(ctx, tap)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	h, status, err := hostileOpen(ctx, c)
	if err != nil || status != nt.StatusSuccess {
		return nil, fmt.Errorf("open: %v, %w", status, err)
	}
	k := &talk{login: login, begin: len(tap.sent), handle: h}
	var oldest numberResponse
	if err := hostileCall(ctx, c, opOldestRecord, &handleRequest{h}, &oldest); err != nil {
		return nil, err
	}
	for _, x := range hostileCalls(h, max(oldest.Number, 1)) { // somebody may have cleared it
		if err := hostileCall(ctx, c, x.op, x.req, x.resp); err != nil {
			return nil, fmt.Errorf("%s: %w", opName(x.op), err)
		}
		switch r := x.resp.(type) {
		case *readResponse:
			if r.Status != nt.StatusSuccess || len(r.Buffer) == 0 {
				return nil, fmt.Errorf("%s: %v, %d bytes", opName(x.op), r.Status, len(r.Buffer))
			}
		case *reportResponse:
			if r.Status != nt.StatusSuccess || *r.RecordNumber == 0 {
				return nil, fmt.Errorf("%s: %v", opName(x.op), r.Status)
			}
		}
	}
	var closed handleResponse
	if err := hostileCall(ctx, c, opCloseEL, &handleRequest{h}, &closed); err != nil || closed.Status != nt.StatusSuccess {
		return nil, fmt.Errorf("close: %v, %w", closed.Status, err)
	}
	k.pdus = tap.sent
	return k, nil
}

// mutate damages some of the PDUs of a conversation, with pieces of others, and says
// how many. A PDU whose length was changed says its new one, as often as not.
func mutate(rnd *rand.Rand, pdus, others [][]byte) (out [][]byte, damaged int) {
	out = make([][]byte, 0, len(pdus)+2)
	for _, p := range pdus {
		out = append(out, bytes.Clone(p))
	}
	damaged = 1 + rnd.IntN(4)
	for range damaged {
		i := rnd.IntN(len(out))
		p := out[i]
		if len(p) < 2 {
			continue
		}
		switch rnd.IntN(9) {
		case 0, 1: // bits
			for range 1 + rnd.IntN(8) {
				p[rnd.IntN(len(p))] ^= 1 << rnd.IntN(8)
			}
		case 2: // lengths and counts: of the header, or anywhere
			at := []int{8, 10, 16, 20, 22, rnd.IntN(len(p)), rnd.IntN(len(p)) &^ 3, rnd.IntN(len(p)) &^ 3}[rnd.IntN(8)]
			v := []uint32{0, 1, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, rnd.Uint32(), uint32(len(p))}[rnd.IntN(11)]
			switch {
			case at < 16 && at+2 <= len(p):
				binary.LittleEndian.PutUint16(p[at:], uint16(v))
			case at+4 <= len(p):
				binary.LittleEndian.PutUint32(p[at:], v)
			}
		case 3: // truncated
			out[i] = p[:rnd.IntN(len(p))]
		case 4: // spliced
			q := others[rnd.IntN(len(others))]
			out[i] = append(p[:rnd.IntN(len(p))], q[rnd.IntN(len(q)):]...)
		case 5: // longer
			out[i] = append(p, make([]byte, rnd.IntN(3000))...)
		case 6: // twice, or another in its place
			out = slices.Insert(out, i, bytes.Clone(others[rnd.IntN(len(others))]))
		case 7: // the kind, flags and byte order
			p[[]int{2, 3, 4}[rnd.IntN(3)]%len(p)] = byte(rnd.IntN(32))
		case 8: // swapped
			j := rnd.IntN(len(out))
			out[i], out[j] = out[j], out[i]
		}
		if p := out[min(i, len(out)-1)]; len(p) >= 16 && rnd.IntN(2) == 0 {
			binary.LittleEndian.PutUint16(p[8:], uint16(len(p)))
		}
	}
	return out, damaged
}

// TestHostile: whatever comes, nothing panics, the next honest client is served,
// and in the end no goroutine, file, handle or memory is held.
func TestHostile(t *testing.T) {
	d := newHostileDoor(t, dcerpc.ServerOptions{})
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s")) // the places of TCP would run out
	if err != nil {
		t.Skipf("no Unix sockets: %v", err)
	}
	served := make(chan error, 1)
	go func() { served <- d.srv.Serve(context.Background(), l) }()
	defer func() {
		_ = d.srv.Close() // never fails
		if err := <-served; !errors.Is(err, dcerpc.ErrServerClosed) {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	connect := func() *net.UnixConn {
		t.Helper()
		nc, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return nc.(*net.UnixConn)
	}
	var talks []*talk
	var others [][]byte
	honest := func() {
		t.Helper()
		for _, login := range hostileLogins {
			nc := connect()
			k, err := converse(ctx, nc, login)
			if err != nil {
				t.Fatalf("an honest client of type %d, level %d: %v", login.authType, login.level, err)
			}
			if len(talks) < len(hostileLogins) {
				talks, others = append(talks, k), append(others, k.pdus...)
			}
		}
	}
	honest()
	idle := await(t, "connections that were closed to end", func() bool { return runtime.NumGoroutine() <= 12 })
	files, before := openFiles(), heap()

	rnd := rand.New(rand.NewPCG(*hostileSeed, 2))
	sent, deep, answered := 0, 0, 0
	drain := make([]byte, 64<<10)
	for last := 0; sent < *hostilePDUs; {
		k := talks[rnd.IntN(len(talks))]
		nc := connect()
		pdus := k.pdus
		// A logon cannot be played again. Where requests are not signed a client of
		// ours logs on and opens the log, and only what is behind that is damaged,
		// with the handle that it got.
		if k.login.level <= dcerpc.LevelConnect && rnd.IntN(3) > 0 {
			c, err := k.login.dial(ctx, &hostileTap{Conn: nc})
			if err != nil {
				t.Fatalf("behind %d PDUs: %v", sent, err)
			}
			h, status, err := hostileOpen(ctx, c)
			if err != nil || status != nt.StatusSuccess {
				t.Fatalf("behind %d PDUs: %v, %v", sent, status, err)
			}
			pdus = nil
			for _, p := range k.pdus[k.begin:] {
				pdus = append(pdus, bytes.ReplaceAll(p, k.handle[:], h[:]))
			}
			deep++
		}
		pdus, n := mutate(rnd, pdus, others)
		sent += n
		var writing sync.WaitGroup
		writing.Go(func() {
			for _, p := range pdus {
				if _, err := nc.Write(p); err != nil {
					break // it has hung up
				}
			}
			_ = nc.CloseWrite() // it may have
		})
		for {
			n, err := nc.Read(drain)
			if answered += n; err != nil {
				break
			}
		}
		writing.Wait()
		_ = nc.Close() // all was read
		if sent-last >= 1000 {
			last = sent
			honest()
		}
	}
	honest()
	if n := d.panics.Load(); n != 0 {
		t.Errorf("%d panics and errors, the first: %s", n, *d.first.Load())
	}
	t.Logf("%d damaged PDUs, %d conversations behind a logon, %d bytes answered", sent, deep, answered)
	if answered == 0 || deep == 0 {
		t.Error("nothing was answered")
	}

	await(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= idle })
	await(t, "files to be closed", func() bool { return openFiles() <= files })
	// All handles that there can be are to be had, so none was left.
	c, err := hostileLogins[0].dial(ctx, connect())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range hostileHandles + 1 {
		want := nt.StatusSuccess
		if i == hostileHandles {
			want = nt.StatusNoMemory
		}
		if _, status, err := hostileOpen(ctx, c); err != nil || status != want {
			t.Errorf("handle %d: %v, %v, want %v", i, status, err, want)
		}
	}
	if after := heap(); after > before+16<<20 {
		t.Errorf("%d bytes of memory were in use before, and %d are after", before, after)
	}
}

// await waits for what must come, and gives the number of goroutines then.
func await(t *testing.T, what string, ok func() bool) int {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			b := make([]byte, 1<<20)
			t.Fatalf("waited for %s:\n%s", what, b[:runtime.Stack(b, true)])
		}
	}
	return runtime.NumGoroutine()
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what has a finalizer
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// openFiles is how many files the process has open, 0 where that is not known.
func openFiles() int {
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(d)
}

// TestSlowClients: clients that say nothing, half a PDU or half a request, or that
// never read, lose their places in time, before they have logged on and behind it,
// and the next honest client has one.
func TestSlowClients(t *testing.T) {
	const most = 4
	login := hostileLogin{dcerpc.AuthNTLM, dcerpc.LevelConnect}
	for _, x := range []struct {
		name   string
		within time.Duration // for how long a place is lost; the options are the defaults
		// slow has a connection, and leaves it.
		slow func(ctx context.Context, t *testing.T, nc net.Conn, k *talk)
	}{
		{"silent", 30 * time.Second, func(context.Context, *testing.T, net.Conn, *talk) {}},
		{"half a PDU", 30 * time.Second, func(_ context.Context, _ *testing.T, nc net.Conn, k *talk) {
			_, _ = nc.Write(k.pdus[0][:20])
		}},
		{"a byte at a time", 30 * time.Second, func(_ context.Context, _ *testing.T, nc net.Conn, k *talk) {
			for _, c := range k.pdus[0] {
				if _, err := nc.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(5 * time.Second)
			}
		}},
		{"a bind and no more", 30 * time.Second, func(_ context.Context, _ *testing.T, nc net.Conn, k *talk) {
			_, _ = nc.Write(k.pdus[0])
			_, _ = nc.Read(make([]byte, 4096))
		}},
		{"a bind whose answer is not read", 30 * time.Second, func(_ context.Context, _ *testing.T, nc net.Conn, k *talk) {
			_, _ = nc.Write(k.pdus[0])
		}},
		{"logs on and is silent", 30 * time.Second, func(ctx context.Context, t *testing.T, nc net.Conn, _ *talk) {
			if _, err := login.dial(ctx, nc); err != nil {
				t.Error(err)
			}
		}},
		{"a request without end", 30 * time.Second, func(ctx context.Context, t *testing.T, nc net.Conn, k *talk) {
			if _, err := login.dial(ctx, nc); err != nil {
				t.Error(err)
			}
			p := bytes.Clone(k.pdus[k.begin])
			p[3] &^= 2 // it is not the last fragment
			for {
				if _, err := nc.Write(p); err != nil {
					return
				}
				p[3] &^= 1 // nor the first
				time.Sleep(10 * time.Second)
			}
		}},
		{"opens a log and is silent", 15 * time.Minute, func(ctx context.Context, t *testing.T, nc net.Conn, _ *talk) {
			c, err := login.dial(ctx, nc)
			if err == nil {
				_, _, err = hostileOpen(ctx, c)
			}
			if err != nil {
				t.Error(err)
			}
		}},
		{"opens a log and half a PDU", 30 * time.Second, func(ctx context.Context, t *testing.T, nc net.Conn, k *talk) {
			c, err := login.dial(ctx, nc)
			if err == nil {
				_, _, err = hostileOpen(ctx, c)
			}
			if err != nil {
				t.Error(err)
			}
			_, _ = nc.Write(k.pdus[k.begin][:20])
		}},
		{"never reads its records", 30 * time.Second, func(ctx context.Context, t *testing.T, nc net.Conn, k *talk) {
			c, err := login.dial(ctx, nc)
			if err != nil {
				t.Error(err)
				return
			}
			h, _, err := hostileOpen(ctx, c)
			if err != nil {
				t.Error(err)
			}
			p := bytes.ReplaceAll(k.pdus[k.begin+7], k.handle[:], h[:]) // a read
			_, _ = nc.Write(p)
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newHostileDoor(t, dcerpc.ServerOptions{MaxConns: most})
				ctx := t.Context()
				connect := func() (net.Conn, <-chan error) {
					client, server := net.Pipe()
					ended := make(chan error, 1)
					go func() { ended <- d.srv.ServeConn(ctx, server, dcerpc.Peer{}) }()
					synctest.Wait()
					return client, ended
				}
				nc, ended := connect()
				k, err := converse(ctx, nc, login)
				if err != nil {
					t.Fatal(err)
				}
				<-ended

				began := time.Now()
				var slow [most]<-chan error
				var clients sync.WaitGroup
				for i := range most {
					var nc net.Conn
					nc, slow[i] = connect()
					defer nc.Close()
					clients.Go(func() { x.slow(ctx, t, nc, k) })
				}
				synctest.Wait()
				nc, ended = connect()
				if _, err := converse(ctx, nc, login); err == nil {
					t.Error("there is one more place than there should be")
				}
				if err := <-ended; !errors.Is(err, dcerpc.ErrTooManyConns) {
					t.Errorf("one too many: %v", err)
				}

				for i := range most {
					if err := <-slow[i]; err == nil {
						t.Errorf("slow client %d ended as if all were well", i)
					}
				}
				if took := time.Since(began); took > x.within+time.Second {
					t.Errorf("the places were lost for %v, want %v", took, x.within)
				}
				nc, ended = connect()
				if _, err := converse(ctx, nc, login); err != nil {
					t.Errorf("an honest client: %v", err)
				}
				<-ended
				clients.Wait()
				_ = d.srv.Close() // never fails
				if n := d.panics.Load(); n != 0 {
					t.Errorf("%d panics and errors, the first: %s", n, *d.first.Load())
				}
			})
		})
	}
}
