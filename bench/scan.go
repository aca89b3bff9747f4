package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"runtime"
	"time"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/rpcauth"
	"netelf.example/scan"
	"netelf.example/target"
)

// What a server of benchScan is like: each of its answers comes after a while, and one
// answer to a read has all events of the log.
const (
	scanDelay  = 50 * time.Millisecond
	scanEvents = 100
)

// scanBound is how much longer a scan may take than one of its servers by itself and
// the bare work together.
const scanBound = 3

// benchScan reads many servers over loopback, each at an address of its own, by the
// client that netelf scan has: a logon, a log that is opened, asked for its bounds, and
// read, all of it sealed. Servers and client are in this process, and share its
// processors. Beside it stand a scan of one server, which is what the slowest of many
// equal ones takes, and the bare work: the same servers without the waiting.
func benchScan(w io.Writer, _ string) error {
	fmt.Fprintf(w, "\nscan of many servers over TCP, each answer after %v, %d events each; median of %d rounds\n", scanDelay, scanEvents, *runs)
	fmt.Fprintf(w, "%8s  %10s  %10s  %10s  %10s  %18s  %20s\n", "servers", "scan", "one server", "bare work", "its CPU", "scan/(one + bare)", "KiB a server, 2 ends")
	var alone float64
	for _, n := range []int{1, 10, 100, 1000} {
		var walls, bares, cpus, memories []float64
		for range *runs {
			bare, err := scanMany(n, 0)
			if err != nil {
				return err
			}
			r, err := scanMany(n, scanDelay)
			if err != nil {
				return err
			}
			walls = append(walls, r.wall.Seconds())
			bares = append(bares, bare.wall.Seconds())
			cpus = append(cpus, bare.cpu.Seconds())
			memories = append(memories, r.memory)
		}
		wall, bare := median(walls), median(bares)
		if n == 1 {
			alone = wall
		}
		ratio := wall / (alone + bare)
		word := ""
		if ratio >= scanBound {
			word = fmt.Sprintf("  more than %d", scanBound)
		}
		fmt.Fprintf(w, "%8d  %8.1fms  %8.1fms  %8.1fms  %8.1fms  %18.2f  %20.1f%s\n", n, wall*1e3, alone*1e3, bare*1e3, median(cpus)*1e3, ratio, median(memories)/1024, word)
	}
	return nil
}

// scanResult is how one scan went.
type scanResult struct {
	wall, cpu time.Duration
	memory    float64 // bytes a server, of it and its client, when all have their first event ready
}

func scanMany(n int, delay time.Duration) (r scanResult, err error) {
	servers, err := startWaiting(n, delay)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, servers.close()) }()
	before := inUse()
	begun := processorTime()
	ctx := context.Background()
	begin := time.Now()
	c := scan.Open(ctx, servers.targets, &eventlog.Selection{Backward: true}, &scan.Options{Parallel: n})
	defer c.Close()
	var e eventlog.Event
	for i := 0; ; i++ {
		switch err := c.Next(ctx, &e); {
		case err == io.EOF && i == n*scanEvents:
			r.wall += time.Since(begin)
			r.cpu += processorTime() - begun
			return r, nil
		case err != nil:
			for _, o := range c.Outcomes() {
				if o.Bad() {
					err = fmt.Errorf("%w; %s: %w", err, o.Target, o.Err)
					break
				}
			}
			return r, fmt.Errorf("after %d of %d events: %w", i, n*scanEvents, err)
		case i == 0: // the looking does not count
			r.wall, r.cpu = time.Since(begin), processorTime()-begun
			r.memory = max(inUse()-before, 0) / float64(n)
			begin, begun = time.Now(), processorTime()
		}
	}
}

// inUse is what of memory is in use: heap and stacks.
func inUse() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// waitingServers are servers of one log that are far away.
type waitingServers struct {
	targets []scan.Target
	rpc     *dcerpc.Server
	ended   chan error
	n       int // listeners
}

const scanPassword = "yabba-dabba-doo"

// startWaiting starts n servers, each at an address of this machine where the system
// has so many, else at a port.
func startWaiting(n int, delay time.Duration) (*waitingServers, error) {
	h := even.NewHandler(even.HandlerOptions{
		For: func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return waitingServer{}, nil }, MaxTotalHandles: 4 * n,
	})
	inner := h.New
	h.New = func(ctx context.Context, p *dcerpc.Peer) (dcerpc.Handler, error) {
		d, err := inner(ctx, p)
		return &waitingHandler{d, delay}, err
	}
	s := &waitingServers{ended: make(chan error, n), rpc: dcerpc.NewServer(dcerpc.ServerOptions{
		Interfaces: []dcerpc.Interface{h}, MaxFrag: 65535, MaxConns: 4 * n,
		Auth: rpcauth.Acceptors(rpcauth.Options{
			Computer: "BEDROCK", Domain: "BEDROCK",
			Lookup: func(l *rpcauth.Logon) ([16]byte, bool, error) {
				return ntlm.NTHash(scanPassword), l.User == "fred", nil
			},
			Done: func(_ *rpcauth.Logon, err error) error { return err },
		}),
	})}
	ask := target.Remote{Who: "user fred", Credentials: func(context.Context, string) (target.Credentials, error) {
		return target.Credentials{User: "fred", Password: scanPassword}, nil
	}}
	for i := range n {
		l, err := net.Listen("tcp", fmt.Sprintf("127.1.%d.%d:0", i/250, 1+i%250))
		if err != nil {
			l, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.n++
		go func() { s.ended <- s.rpc.Serve(context.Background(), l) }()
		t, err := target.Parse("rpc://" + l.Addr().String())
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		t.Remote = ask
		s.targets = append(s.targets, t.Scan([]string{"System"}))
	}
	return s, nil
}

// close ends the servers.
func (s *waitingServers) close() error {
	err := s.rpc.Close()
	for range s.n {
		if e := <-s.ended; !errors.Is(e, dcerpc.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// waitingHandler answers late.
type waitingHandler struct {
	dcerpc.Handler
	delay time.Duration
}

func (h *waitingHandler) Call(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	if h.delay > 0 {
		t := time.NewTimer(h.delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return h.Handler.Call(ctx, op, in, order)
}

// waitingServer has one log, which is itself.
type waitingServer struct{}

var waitingOrigin = &eventlog.Origin{Log: "System"}

func (waitingServer) Close() error                                  { return nil }
func (waitingServer) Logs(context.Context) ([]eventlog.Info, error) { return nil, fs.ErrInvalid }
func (s waitingServer) OpenLog(context.Context, string) (eventlog.Log, error) {
	return s, nil
}
func (waitingServer) Info(context.Context) (eventlog.Info, error) {
	return eventlog.Info{Name: "System", Oldest: 1, Next: scanEvents + 1}, nil
}
func (waitingServer) Read(_ context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c := &waitingCursor{next: 1}
	if sel.Backward {
		c.next, c.back = scanEvents, true
	}
	if sel.Start != 0 {
		c.next = sel.Start
	}
	return c, nil
}

type waitingCursor struct {
	next uint64
	back bool
}

func (c *waitingCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return m }
func (c *waitingCursor) Close() error                                  { return nil }

func (c *waitingCursor) Next(_ context.Context, e *eventlog.Event) error {
	if c.next == 0 || c.next > scanEvents {
		return io.EOF
	}
	e.Reset()
	e.Origin, e.RecordNumber = waitingOrigin, c.next
	e.TimeWritten = time.Unix(int64(1e9+1000*e.RecordNumber), 0)
	e.TimeGenerated = e.TimeWritten
	e.Source, e.Computer = "Service Control Manager", "BEDROCK"
	e.Strings = append(e.Strings, "Print Spooler", "running")
	e.Data = append(e.Data, "0123456789abcdef"...)
	if c.next++; c.back {
		c.next -= 2
	}
	return nil
}
