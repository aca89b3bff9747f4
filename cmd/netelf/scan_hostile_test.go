package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/rpcauth"
	"netelf.example/render"
)

var (
	hostileScans = flag.Int("hostile.scans", 25, "how many damaged conversations TestScanDamaged has of each kind")
	hostileSeed  = flag.Uint64("hostile.seed", 1, "the seed of TestScanDamaged")
)

// The operations of MS-EVEN that a scan makes (3.1.4).
const (
	opCloseLog = 2
	opCount    = 4
	opOldest   = 5
	opReadLog  = 10
)

// lying is a server that answers well, and what it answers goes through change before
// it is sealed. change may be called by many goroutines; an error ends the call.
type lying struct {
	srv    eventlog.Server
	change func(op uint16, out []byte) ([]byte, error)
}

// serve offers it over TCP, to fred.
func (y *lying) serve(t *testing.T, password string) string {
	t.Helper()
	h := even.NewHandler(even.HandlerOptions{For: func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return y.srv, nil }})
	inner := h.New
	h.New = func(ctx context.Context, p *dcerpc.Peer) (dcerpc.Handler, error) {
		d, err := inner(ctx, p)
		return &lyingHandler{d, y}, err
	}
	s := dcerpc.NewServer(dcerpc.ServerOptions{
		Interfaces: []dcerpc.Interface{h}, MaxFrag: 65535,
		Auth: rpcauth.Acceptors(rpcauth.Options{
			Computer: "SLATE", Domain: "SLATE",
			Lookup: func(l *rpcauth.Logon) ([16]byte, bool, error) { return ntlm.NTHash(password), l.User == "fred", nil },
			Done:   func(_ *rpcauth.Logon, err error) error { return err },
		}),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		_ = s.Close() // whoever is there is cut off
		<-ended
	})
	return l.Addr().String()
}

type lyingHandler struct {
	dcerpc.Handler
	y *lying
}

func (h *lyingHandler) Call(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	out, err := h.Handler.Call(ctx, op, in, order)
	if err != nil || h.y.change == nil {
		return out, err
	}
	return h.y.change(op, out)
}

// endless is a server of logs that never come to an end: each has 2^32-2 records,
// the newest of now.
type endless struct{ eventlog.Server }

func (s endless) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	return endlessLog{origin: &eventlog.Origin{Server: "slate", Log: name}}, nil
}
func (s endless) Close() error { return nil }

type endlessLog struct {
	eventlog.Log
	origin *eventlog.Origin
}

const endlessNext = 1<<32 - 1

func (l endlessLog) Close() error { return nil }
func (l endlessLog) Info(context.Context) (eventlog.Info, error) {
	return eventlog.Info{Name: l.origin.Log, Oldest: 1, Next: endlessNext}, nil
}
func (l endlessLog) Read(_ context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c := &endlessCursor{l: l, next: endlessNext - 1, back: sel.Backward}
	if sel.Start != 0 {
		c.next = sel.Start
	}
	return c, nil
}

type endlessCursor struct {
	l    endlessLog
	next uint64
	back bool
}

func (c *endlessCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return m }
func (c *endlessCursor) Close() error                                  { return nil }
func (c *endlessCursor) Next(ctx context.Context, e *eventlog.Event) error {
	if err := ctx.Err(); err != nil || c.next == 0 || c.next >= endlessNext {
		return io.EOF
	}
	e.Reset()
	e.Origin, e.RecordNumber, e.TimeWritten = c.l.origin, c.next, time.Now().Truncate(time.Second)
	e.TimeGenerated, e.Type, e.Source, e.Computer = e.TimeWritten, eventlog.Error, "Crusher", "SLATE"
	e.Data = append(e.Data, make([]byte, 1000)...)
	if c.next++; c.back {
		c.next -= 2
	}
	return nil
}

// peak is how much memory is in use at most while f runs, beyond what was before.
func peak(f func()) uint64 {
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	// What the tests before have left, as cobra does of each command, lets as much
	// garbage lie as it is itself.
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	before, most := inUse(), uint64(0)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most = max(most, inUse())
			select {
			case <-over:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	f()
	close(over)
	<-ended
	return most - min(before, most)
}

// hostilePeak bounds the memory of a scan of one hostile server, and of all else that
// runs in the test's process meanwhile.
const hostilePeak = 256 << 20

// hostileEnd is how long a scan of it may take; what bounds it is a second.
const hostileEnd = 30 * time.Second

// scanned scans a hostile server beside an honest one, and sees to it that there is an
// outcome of each, in time and memory, and that the honest one is read.
func scanned(t *testing.T, honest *demoServer, addr, password string, f *scanFlags) (out, said string) {
	t.Helper()
	j := scanOf(t, f, password, "fred="+honest.door.addr.String(), "slate="+addr)
	ctx, cancel := context.WithTimeout(t.Context(), hostileEnd)
	defer cancel()
	var exit int
	used := peak(func() { exit, out, said = exitWith(ctx, t, j) })
	t.Log(said)
	lines := strings.Split(said, "\n")
	if ctx.Err() != nil || !strings.HasPrefix(said, "fred: ") || !strings.Contains(said, "\nslate: ") || !strings.HasPrefix(lines[len(lines)-2], "2 targets: ") {
		t.Errorf("exit %d, %v, said\n%s", exit, ctx.Err(), said)
	}
	if f.limit == 0 && !strings.HasPrefix(said, "fred: ok, ") {
		t.Errorf("the honest one was not read: exit %d, said\n%s", exit, said)
	}
	if used > hostilePeak {
		t.Errorf("%d MiB were in use", used>>20)
	}
	return out, said
}

// Servers that mean no good, beside one that does: each has an outcome, in its time
// and in bounded memory, and the other one is read.
func TestScanHostile(t *testing.T) {
	const password = "yabba-dabba-doo"
	fred, slate := living(t, "fred", password), living(t, "wilma", password)
	honest := slate.door.addr.String()
	admin := slate.s.As(eventlog.Caller{SIDs: []eventlog.SID{"S-1-5-32-544"}})
	le := binary.LittleEndian
	read := func(f func(out []byte) ([]byte, error)) string {
		return (&lying{srv: admin, change: func(op uint16, out []byte) ([]byte, error) {
			if op != opReadLog {
				return out, nil
			}
			return f(out)
		}}).serve(t, password)
	}
	var calls atomic.Int64
	for _, x := range []struct {
		name, addr string
		flags      scanFlags
		want       string // a part of what is said of it
	}{
		{"a log without an end, so many of it", (&lying{srv: endless{}}).serve(t, password), scanFlags{limit: 5000}, "slate: ok, "},
		{"a log without an end, so long", (&lying{srv: endless{}}).serve(t, password), scanFlags{deadline: time.Second, fields: "record"}, "not done within 1s"},
		{"more records than there are", (&lying{srv: admin, change: func(op uint16, out []byte) ([]byte, error) {
			if op == opCount {
				le.PutUint32(out, 0xfffffffe)
			}
			return out, nil
		}}).serve(t, password), scanFlags{}, "slate: "},
		{"the oldest one moves", (&lying{srv: admin, change: func(op uint16, out []byte) ([]byte, error) {
			if op == opOldest {
				le.PutUint32(out, uint32(calls.Add(7)))
			}
			return out, nil
		}}).serve(t, password), scanFlags{since: "all"}, "slate: "},
		{"a read that says it has more", read(func(out []byte) ([]byte, error) {
			if len(out) > 16 {
				le.PutUint32(out[len(out)-12:], 0x7fffffff)
			}
			return out, nil
		}), scanFlags{}, "slate: 0 events of 2 logs; 2 of 2 logs could not be read to their end:"},
		{"an array that says it is longer", read(func(out []byte) ([]byte, error) { le.PutUint32(out, 0xfffffff0); return out, nil }), scanFlags{}, "slate: 0 events"},
		{"records of no length", read(func(out []byte) ([]byte, error) { clear(out[4:min(8, len(out))]); return out, nil }), scanFlags{}, "slate: "},
		{"records that are longer than what there is", read(func(out []byte) ([]byte, error) { le.PutUint32(out[4:], 0x7ffffff0); return out, nil }), scanFlags{}, "slate: "},
		{"an answer that is cut off", read(func(out []byte) ([]byte, error) { return out[:len(out)/2], nil }), scanFlags{}, "slate: 0 events"},
		{"no answer but success", read(func(out []byte) ([]byte, error) { return make([]byte, len(out)), nil }), scanFlags{deadline: 2 * time.Second}, "slate: "},
		{"always the same records", func() string {
			var first atomic.Pointer[[]byte]
			return read(func(out []byte) ([]byte, error) {
				first.CompareAndSwap(nil, &out)
				return *first.Load(), nil
			})
		}(), scanFlags{since: "all", deadline: 2 * time.Second}, "slate: "},
		{"handles that do not end", (&lying{srv: admin, change: func(op uint16, out []byte) ([]byte, error) {
			if op == opCloseLog {
				return nil, &dcerpc.Fault{Status: 5}
			}
			return out, nil
		}}).serve(t, password), scanFlags{}, "slate: ok, "},
		{"an answer that never ends", read(func(out []byte) ([]byte, error) { return append(out, make([]byte, 32<<20)...), nil }), scanFlags{timeout: 10 * time.Second}, "slate: 0 events"},
		{"a byte a second", inTheWay(t, honest, func(answers io.Reader, to net.Conn) error {
			for {
				if _, err := io.CopyN(to, answers, 1); err != nil {
					return err
				}
				time.Sleep(time.Second)
			}
		}), scanFlags{timeout: 2 * time.Second}, "slate: timeout: no answer within 2s"},
		{"a byte a second behind the logon", inTheWay(t, honest, func(answers io.Reader, to net.Conn) error {
			if _, err := io.CopyN(to, answers, 2000); err != nil {
				return err
			}
			for {
				if _, err := io.CopyN(to, answers, 1); err != nil {
					return err
				}
				time.Sleep(time.Second)
			}
		}), scanFlags{timeout: 2 * time.Second}, "timeout: no answer within 2s"},
		{"noise", inTheWay(t, honest, func(_ io.Reader, to net.Conn) error {
			_, err := io.CopyN(to, rand.NewChaCha8([32]byte{}), 1<<20)
			return err
		}), scanFlags{}, "slate: "},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, said := scanned(t, fred, x.addr, password, &x.flags)
			if !strings.Contains(said, x.want) {
				t.Errorf("said\n%s", said)
			}
		})
	}
}

// What a scan needs of memory does not hang on how many events there are.
func TestScanMemory(t *testing.T) {
	const password = "yabba-dabba-doo"
	addr := (&lying{srv: endless{}}).serve(t, password)
	for _, form := range []render.Form{render.JSON, render.Classic} {
		used := func(n int) uint64 {
			j := scanOf(t, &scanFlags{output: form.String(), limit: count(n), logs: []string{"System"}}, password, "slate="+addr)
			var err error
			if j.stdout, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
				t.Fatal(err)
			}
			defer j.stdout.Close() // nothing is in it
			return peak(func() {
				if err := j.run(t.Context()); err != nil || j.report.targets[0].outcome.Events != uint64(n) {
					t.Errorf("%v: %v, %+v", form, err, j.report.targets[0].outcome)
				}
			})
		}
		// Each event has over 1000 bytes, and what is read ahead of the list is bounded.
		few, many := used(4_000), used(40_000)
		t.Logf("%v: %d KiB for 4000 events, %d KiB for 40000", form, few>>10, many>>10)
		if many > few+24<<20 {
			t.Errorf("%v: %d KiB for 4000 events, %d KiB for 40000", form, few>>10, many>>10)
		}
	}
}

// Answers of which bytes are damaged, below the seal and inside of it, or that break
// off: each scan has an outcome, and no event of it is one that is not there.
func TestScanDamaged(t *testing.T) {
	const password = "yabba-dabba-doo"
	fred, slate := living(t, "fred", password), living(t, "wilma", password)
	addr := slate.door.addr.String()
	admin := slate.s.As(eventlog.Caller{SIDs: []eventlog.SID{"S-1-5-32-544"}})
	for i := range *hostileScans {
		r := rand.New(rand.NewPCG(*hostileSeed, uint64(i)))
		name := fmt.Sprintf("-hostile.seed %d, scan %d", *hostileSeed, i)
		at, flip := int64(r.IntN(12000)), byte(1+r.IntN(255))
		t.Run("on the wire", func(t *testing.T) {
			damaged := inTheWay(t, addr, func(answers io.Reader, to net.Conn) error {
				if _, err := io.CopyN(to, answers, at); err != nil {
					return err
				}
				b := make([]byte, 1)
				if _, err := io.ReadFull(answers, b); err != nil {
					return err
				}
				b[0] ^= flip
				if _, err := to.Write(b); err != nil {
					return err
				}
				_, err := io.Copy(to, answers)
				return err
			})
			// What follows a length that is too long never comes.
			out, said := scanned(t, fred, damaged, password, &scanFlags{timeout: 5 * time.Second})
			genuine(t, name, out, said, at > 2000)
		})
		t.Run("breaks off", func(t *testing.T) {
			broken := inTheWay(t, addr, func(answers io.Reader, to net.Conn) error {
				_, err := io.CopyN(to, answers, at)
				return err
			})
			out, said := scanned(t, fred, broken, password, &scanFlags{timeout: 5 * time.Second})
			genuine(t, name, out, said, at > 2000)
		})
		t.Run("inside the seal", func(t *testing.T) {
			every := 1 + r.IntN(4)
			var calls atomic.Int64
			y := &lying{srv: admin, change: func(_ uint16, out []byte) ([]byte, error) {
				n := calls.Add(1)
				if n%int64(every) != 0 || len(out) == 0 {
					return out, nil
				}
				d := rand.New(rand.NewPCG(*hostileSeed, uint64(1000*i)+uint64(n)))
				for range 1 + d.IntN(4) {
					out[d.IntN(len(out))] ^= byte(1 + d.IntN(255))
				}
				if d.IntN(4) == 0 {
					out = out[:d.IntN(len(out)+1)]
				}
				return out, nil
			}}
			_, said := scanned(t, fred, y.serve(t, password), password, &scanFlags{timeout: 5 * time.Second, deadline: 5 * time.Second, since: []string{"", "all"}[i%2]})
			if strings.Contains(said, "panic") {
				t.Errorf("%s: said\n%s", name, said)
			}
		})
	}
}

// genuine sees to it that what is sealed was not changed, and that what is damaged
// behind the logon is nobody's refusal, for which others would not be tried.
func genuine(t *testing.T, name, out, said string, behind bool) {
	t.Helper()
	for line := range strings.Lines(out) {
		if !strings.Contains(line, `"computer":"FRED"`) && !strings.Contains(line, `"computer":"WILMA"`) {
			t.Errorf("%s: an event that nobody has reported: %s", name, line)
		}
	}
	if strings.Contains(said, "panic") || behind && strings.Contains(said, "refused") {
		t.Errorf("%s: said\n%s", name, said)
	}
}
