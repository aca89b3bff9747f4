package even

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"sync"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/logtest"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/reading"
	"netelf.example/internal/rpcauth"
)

// shelf is a Server of logs that are there. Many associations may use it.
type shelf map[string]eventlog.Log

func (s shelf) Logs(context.Context) ([]eventlog.Info, error) { return nil, errors.ErrUnsupported }
func (s shelf) Close() error                                  { return nil }
func (s shelf) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	for n, l := range s {
		if eventlog.EqualFold(n, name) {
			return l, nil
		}
	}
	return nil, fmt.Errorf("log %q: %w", name, fs.ErrNotExist)
}

// wired is a Dialer that serves each connection by a Server over a net.Pipe.
type wired struct {
	rpc  *dcerpc.Server
	err  error  // instead of a connection
	pipe string // that it has; "": PipeName

	mu    sync.Mutex
	dials int
	conns []net.Conn // the client's ends
	wg    sync.WaitGroup
}

func (w *wired) Dial(ctx context.Context, pipe string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials++
	if have := cmp.Or(w.pipe, PipeName); pipe != have {
		return nil, fmt.Errorf("pipe %q: %w", pipe, fs.ErrNotExist)
	}
	if w.err != nil {
		return nil, w.err
	}
	near, far := net.Pipe()
	w.conns = append(w.conns, near)
	w.wg.Go(func() { _ = w.rpc.ServeConn(context.Background(), far, dcerpc.Peer{}) }) // the client tells how it ended
	return near, nil
}

// cut ends all connections.
func (w *wired) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close() // of which the client is not told
	}
	w.conns = nil
}

func (w *wired) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dials
}

// serving is a Dialer for an interface.
func serving(t testing.TB, o dcerpc.ServerOptions) *wired {
	t.Helper()
	w := &wired{rpc: dcerpc.NewServer(o)}
	t.Cleanup(func() {
		_ = w.rpc.Close() // what is open is the client's
		w.wg.Wait()
	})
	return w
}

// door is a Dialer for a Handler of srv.
func door(t testing.TB, srv eventlog.Server) *wired {
	t.Helper()
	h := NewHandler(HandlerOptions{For: func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return srv, nil }})
	return serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{h}, MaxFrag: 65535})
}

// forServer is a HandlerOptions.For of one Server.
func forServer(srv eventlog.Server) func(context.Context, *dcerpc.Peer) (eventlog.Server, error) {
	return func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return srv, nil }
}

// asking is a Client of a Dialer.
func asking(t testing.TB, d Dialer, o ClientOptions) *Client {
	t.Helper()
	if o.Dialer = d; o.Name == "" {
		o.Name = "bedrock"
	}
	c, err := Dial(t.Context(), &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // never fails
	return c
}

func openLog(t testing.TB, c eventlog.Server, name string) eventlog.Log {
	t.Helper()
	l, err := c.OpenLog(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // never fails
	return l
}

// logons are both sides of NTLM inside SPNEGO: fred has the password wilma.
func logons(password string) (map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism, func(context.Context) (dcerpc.Mechanism, uint8, error)) {
	accept := rpcauth.Acceptors(rpcauth.Options{
		Computer: "BEDROCK", Domain: "QUARRY",
		Lookup: func(l *rpcauth.Logon) ([16]byte, bool, error) {
			return ntlm.NTHash("wilma"), l.User == "fred", nil
		},
		Done: func(*rpcauth.Logon, error) error { return nil },
	})
	return accept, func(context.Context) (dcerpc.Mechanism, uint8, error) {
		i, err := rpcauth.NewInitiator(rpcauth.Credentials{User: "fred", Password: password}, "host/bedrock", true)
		if err != nil {
			return nil, 0, err
		}
		return i, i.AuthType(), nil
	}
}

// script is a server of one log whose answers to reads can be changed. It gives the
// records from oldest on by itself; change, where it is set, may answer otherwise.
type script struct {
	mu      sync.Mutex
	records [][]byte // of ascending numbers, without a gap
	first   uint32   // the number of the first one
	count   func() (oldest, n uint32)
	change  func(m *readRequest, resp *readResponse) error // nil: nothing is changed; the error ends the call
	few     int                                            // records of one answer; 0: as many as there is room for
	reads   []readRequest
	opens   int
	counts  int // questions for the number of records, and the oldest
}

func newScript(t testing.TB, list []*eventlog.Event) *script {
	t.Helper()
	s := &script{first: uint32(list[0].RecordNumber)}
	for _, e := range list {
		b, err := reading.AppendRecord(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		s.records = append(s.records, b)
	}
	return s
}

// at is the record with a number, nil if the log has none.
func (s *script) at(n uint32) []byte {
	if i := n - s.first; i < uint32(len(s.records)) {
		return s.records[i]
	}
	return nil
}

// iface is the server.
func (s *script) iface() dcerpc.Interface {
	return dcerpc.Interface{ID: Interface, New: func(context.Context, *dcerpc.Peer) (dcerpc.Handler, error) {
		return &scripted{s: s, place: map[[20]byte]uint32{}}, nil
	}}
}

// scripted is one association. place is the number that comes next.
type scripted struct {
	s     *script
	place map[[20]byte]uint32
}

func (h *scripted) Close() {}

func (h *scripted) Call(_ context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	req := calls[op].request()
	if err := decode(req, calls[op].name, in, order); err != nil {
		return nil, &dcerpc.Fault{Status: dcerpc.FaultNDR}
	}
	switch m := req.(type) {
	case *openRequest:
		h.s.opens++
		var id [20]byte
		binary.LittleEndian.PutUint32(id[4:], uint32(len(h.place)+1))
		h.place[id] = 0
		return encode(&handleResponse{LogHandle: id}, order)
	case *handleRequest:
		h.s.counts++
		oldest, n := h.s.first, uint32(len(h.s.records))
		if h.s.count != nil {
			oldest, n = h.s.count()
		}
		if op == opOldestRecord {
			n = oldest
		}
		if op == opCloseEL {
			return encode(&handleResponse{}, order)
		}
		return encode(&numberResponse{Number: n}, order)
	case *logInformationRequest:
		return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
	case *readRequest:
		h.s.reads = append(h.s.reads, *m)
		resp := &readResponse{Size: m.NumberOfBytesToRead}
		h.read(m, resp)
		if h.s.change != nil {
			if err := h.s.change(m, resp); err != nil {
				return nil, err
			}
		}
		return encode(resp, order)
	}
	return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
}

// read is a read as it should be.
func (h *scripted) read(m *readRequest, resp *readResponse) {
	seek, back, err := reading.Mode(m.ReadFlags)
	if err != nil {
		resp.Status = 0xc000000d
		return
	}
	n := h.place[m.LogHandle]
	switch {
	case seek:
		if n = m.RecordOffset; h.s.at(n) == nil {
			resp.Status = 0xc000000d
			return
		}
	case n == 0 && back:
		n = h.s.first + uint32(len(h.s.records)) - 1
	case n == 0:
		n = h.s.first
	}
	for i := 0; ; i++ {
		b := h.s.at(n)
		if b == nil || h.s.few > 0 && i == h.s.few || len(resp.Buffer)+len(b) > int(m.NumberOfBytesToRead) {
			switch {
			case len(resp.Buffer) > 0:
			case b == nil:
				resp.Status = 0xc0000011
			default:
				resp.Status, resp.MinNumberOfBytesNeeded = 0xc0000023, uint32(len(b))
			}
			break
		}
		resp.Buffer = append(resp.Buffer, b...)
		if n++; back {
			n -= 2
		}
	}
	h.place[m.LogHandle] = n
}

// walkedBy is what a walk gave, as "5-9 lost 10-12 13-20", and how it ended if not
// with io.EOF.
func walkedBy(t testing.TB, l eventlog.Log, sel *eventlog.Selection) (text string, err error) {
	t.Helper()
	c, err := l.Read(t.Context(), sel)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return cursorText(t.Context(), c)
}

func cursorText(ctx context.Context, c eventlog.Cursor) (text string, err error) {
	var runs []string
	var from, to uint64
	end := func() {
		if from != 0 {
			runs = append(runs, fmt.Sprintf("%d-%d", from, to))
		}
		from = 0
	}
	var e eventlog.Event
	for range 200_000 {
		err = c.Next(ctx, &e)
		if loss, ok := eventlog.AsLoss(err); ok {
			end()
			switch {
			case loss.Last == 0:
				runs = append(runs, "cleared")
			case loss.Partial:
				runs = append(runs, fmt.Sprintf("partial %d", loss.First))
			default:
				runs = append(runs, fmt.Sprintf("lost %d-%d", loss.First, loss.Last))
			}
			continue
		}
		if err != nil {
			end()
			if err == io.EOF {
				return strings.Join(runs, " "), nil
			}
			return strings.Join(runs, " "), err
		}
		if n := e.RecordNumber; from != 0 && (n == to+1 && to >= from || n == to-1 && to <= from) {
			to = n
		} else {
			end()
			from, to = n, n
		}
	}
	return strings.Join(runs, " "), errors.New("the walk does not end")
}

// memory is a log of events in memory.
func memory(name string, list []*eventlog.Event) *logtest.Memory {
	return logtest.NewMemory(eventlog.Origin{Log: name, Channel: name}, list)
}

var errEOF = io.EOF

// listening serves over TCP on a port of this machine.
func listening(t testing.TB, o dcerpc.ServerOptions) (port uint16) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, done := dcerpc.NewServer(o), make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(context.Background(), l) // it ends when the server is closed
	}()
	t.Cleanup(func() {
		_ = s.Close() // what is open is the client's
		<-done
	})
	return uint16(l.Addr().(*net.TCPAddr).Port)
}
