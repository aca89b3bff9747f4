package even

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/logtest"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// fakeServer keeps logs in memory. It knows no ability beyond the contract's
// oldest: no LogReporter, no Destined.
type fakeServer struct {
	logs    map[string]*fakeLog
	backups map[string]*fakeLog
	err     error // what everything answers; nil: works
	closed  int
	open    int
}

func newFake() *fakeServer {
	s := &fakeServer{logs: map[string]*fakeLog{}, backups: map[string]*fakeLog{}}
	for _, name := range []string{"System", "Application", "a/b"} {
		s.put(name)
	}
	return s
}

// put makes a log of events.
func (s *fakeServer) put(name string, events ...*eventlog.Event) *fakeLog {
	l := &fakeLog{Memory: logtest.NewMemory(eventlog.Origin{Log: name}, events), srv: s, next: 1}
	if n := len(events); n > 0 {
		l.next = events[n-1].RecordNumber + 1
	}
	s.logs[eventlog.Fold(name)] = l
	return l
}

func (s *fakeServer) Logs(context.Context) ([]eventlog.Info, error) { return nil, s.err }

func (s *fakeServer) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	if s.err != nil {
		return nil, s.err
	}
	if l := s.logs[eventlog.Fold(name)]; l != nil {
		s.open++
		return l, nil
	}
	return nil, fmt.Errorf("log %q: %w", name, fs.ErrNotExist)
}

func (s *fakeServer) OpenBackup(_ context.Context, name string) (eventlog.Log, error) {
	if s.err != nil {
		return nil, s.err
	}
	if l := s.backups[name]; l != nil {
		s.open++
		return l, nil
	}
	return nil, fmt.Errorf("backup %q: %w", name, fs.ErrNotExist)
}

func (s *fakeServer) RegisterSource(_ context.Context, name string) (eventlog.Reporter, error) {
	if s.err != nil {
		return nil, s.err
	}
	l := s.logs[eventlog.Fold(name)]
	if l == nil {
		l = s.logs["application"]
	}
	s.open++
	return &fakeReporter{l, name}, nil
}

func (s *fakeServer) Close() error {
	s.closed++
	return nil
}

type fakeLog struct {
	*logtest.Memory
	srv  *fakeServer
	next uint64
	gen  uint64
	full bool
	over bool // it does not know its next number
}

func (l *fakeLog) Info(ctx context.Context) (eventlog.Info, error) {
	if l.srv.err != nil {
		return eventlog.Info{}, l.srv.err
	}
	i, err := l.Memory.Info(ctx)
	i.Next, i.Generation, i.Full = l.next, l.gen, l.full
	if l.over {
		i.Next = 0
	}
	return i, err
}

func (l *fakeLog) Read(ctx context.Context, s *eventlog.Selection) (eventlog.Cursor, error) {
	if l.srv.err != nil {
		return nil, l.srv.err
	}
	return l.Memory.Read(ctx, s)
}

func (l *fakeLog) Clear(ctx context.Context, backup string) error {
	if backup != "" {
		if err := l.Backup(ctx, backup); err != nil {
			return err
		}
	}
	if l.srv.err != nil {
		return l.srv.err
	}
	l.Memory = logtest.NewMemory(l.Origin, nil)
	l.next, l.gen = 1, l.gen+1
	return nil
}

func (l *fakeLog) Backup(_ context.Context, name string) error {
	if l.srv.err != nil {
		return l.srv.err
	}
	if l.srv.backups[name] != nil {
		return fmt.Errorf("backup %q: %w", name, fs.ErrExist)
	}
	c := *l
	l.srv.backups[name] = &c
	return nil
}

func (l *fakeLog) Set(context.Context, eventlog.Settings) error { return errors.ErrUnsupported }

func (l *fakeLog) Close() error {
	l.srv.open--
	return nil
}

type fakeReporter struct {
	l      *fakeLog
	source string
}

func (r *fakeReporter) Report(_ context.Context, events ...*eventlog.Event) (last uint64, err error) {
	if r.l.srv.err != nil {
		return 0, r.l.srv.err
	}
	for _, e := range events {
		c := e.Clone()
		if c.Source == "" {
			c.Source = r.source
		}
		c.RecordNumber, c.TimeWritten = r.l.next, nt.Time32(2_000_000_000)
		r.l.next++
		r.l.Memory = logtest.NewMemory(r.l.Origin, append(r.l.Events, c))
		last = c.RecordNumber
	}
	return last, nil
}

func (r *fakeReporter) Close() error {
	r.l.srv.open--
	return nil
}

// client calls a Handler as its RPC server would.
type client struct {
	t     testing.TB
	h     dcerpc.Handler
	order binary.ByteOrder
	log   *bytes.Buffer
}

func dialed(t testing.TB, srv eventlog.Server, o HandlerOptions) *client {
	t.Helper()
	c := &client{t: t, order: binary.LittleEndian, log: new(bytes.Buffer)}
	o.For = func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return srv, nil }
	o.Now = func() time.Time { return nt.Time32(1_900_000_000) }
	o.Logger = slog.New(slog.NewTextHandler(c.log, nil))
	h, err := NewHandler(o).New(t.Context(), &dcerpc.Peer{})
	if err != nil {
		t.Fatal(err)
	}
	c.h = h
	t.Cleanup(h.Close)
	return c
}

// call makes a call, whose response must be whole.
func (c *client) call(op uint16, req, resp message) {
	c.t.Helper()
	in, err := encode(req, c.order)
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := c.h.Call(c.t.Context(), op, in, c.order)
	if err != nil {
		c.t.Fatalf("%s: %v", opName(op), err)
	}
	r := ndr.NewReader(out, c.order, opName(op))
	if resp.unmarshal(r); r.Err() != nil || r.Rest() != 0 {
		c.t.Fatalf("%s: the response: %v, %d bytes left", opName(op), r.Err(), r.Rest())
	}
}

func (c *client) want(what string, have, want nt.Status) {
	c.t.Helper()
	if have != want {
		c.t.Errorf("%s: have %v, want %v", what, have, want)
	}
}

// opens opens something and gives its handle, which is null where that failed.
func (c *client) opens(op uint16, name string, want nt.Status) ndr.ContextHandle {
	c.t.Helper()
	server := uint16('\\')
	ansi := op >= opClearELFA
	var req message = &openRequest{ansi: ansi, UNCServerName: &server, ModuleName: ndr.Text(name), MajorVersion: 1, MinorVersion: 1}
	if op == opOpenBELW || op == opOpenBELA {
		req = &openBackupRequest{ansi: ansi, BackupFileName: ndr.Text(name), MajorVersion: 1, MinorVersion: 1}
	}
	var resp handleResponse
	c.call(op, req, &resp)
	c.want(fmt.Sprintf("%s %q", opName(op), name), resp.Status, want)
	if resp.LogHandle.IsZero() != resp.Status.Failed() {
		c.t.Errorf("%s %q: handle %x with %v", opName(op), name, resp.LogHandle, resp.Status)
	}
	return resp.LogHandle
}

func (c *client) open(name string) ndr.ContextHandle {
	c.t.Helper()
	return c.opens(opOpenELW, name, nt.StatusSuccess)
}

func (c *client) close(h ndr.ContextHandle, want nt.Status) {
	c.t.Helper()
	var resp handleResponse
	c.call(opCloseEL, &handleRequest{h}, &resp)
	c.want("close", resp.Status, want)
	if !resp.Status.Failed() && !resp.LogHandle.IsZero() || resp.Status.Failed() && resp.LogHandle != h {
		c.t.Errorf("close gives handle %x back with %v", resp.LogHandle, resp.Status)
	}
}

func (c *client) number(op uint16, h ndr.ContextHandle, want nt.Status) uint32 {
	c.t.Helper()
	var resp numberResponse
	c.call(op, &handleRequest{h}, &resp)
	c.want(opName(op), resp.Status, want)
	return resp.Number
}

// read reads, and gives the numbers of the records.
func (c *client) read(h ndr.ContextHandle, flags, offset, size uint32, want nt.Status) (numbers []uint32, needed uint32) {
	c.t.Helper()
	var resp readResponse
	c.call(opReadELW, &readRequest{h, flags, offset, size}, &resp)
	c.want(fmt.Sprintf("read 0x%x from %d into %d bytes", flags, offset, size), resp.Status, want)
	if resp.Size != size || resp.Status.Failed() && len(resp.Buffer) > 0 || resp.Status != nt.StatusBufferTooSmall && resp.MinNumberOfBytesNeeded != 0 {
		c.t.Errorf("read: buffer of %d bytes of %d, %d read, %d needed, with %v", resp.Size, size, len(resp.Buffer), resp.MinNumberOfBytesNeeded, resp.Status)
	}
	for b := resp.Buffer; len(b) > 0; {
		var r evt.Record
		if err := r.UnmarshalBinary(b); err != nil {
			c.t.Fatalf("read: %v", err)
		}
		numbers = append(numbers, r.RecordNumber())
		b = b[r.Length():]
	}
	return numbers, resp.MinNumberOfBytesNeeded
}

func (c *client) clear(h ndr.ContextHandle, backup *ndr.String, want nt.Status) {
	c.t.Helper()
	var resp statusResponse
	c.call(opClearELFW, &clearRequest{LogHandle: h, BackupFileName: backup}, &resp)
	c.want("clear", resp.Status, want)
}

func (c *client) backup(h ndr.ContextHandle, name string, want nt.Status) {
	c.t.Helper()
	for op, ansi := range map[uint16]bool{opBackupELFW: false, opBackupELFA: true} {
		var resp statusResponse
		c.call(op, &backupRequest{ansi: ansi, LogHandle: h, BackupFileName: ndr.Text(name)}, &resp)
		c.want(fmt.Sprintf("%s %q", opName(op), name), resp.Status, want)
		if want == nt.StatusSuccess {
			want = nt.StatusObjectNameCollision // it is there for the other form
		}
	}
}

func ptr[T any](v T) *T { return &v }

// events is n events with numbers from first on, each of the same size.
func events(first uint64, n int) (list []*eventlog.Event) {
	for i := range n {
		list = append(list, &eventlog.Event{
			RecordNumber: first + uint64(i), TimeGenerated: nt.Time32(1_300_000_000), TimeWritten: nt.Time32(1_300_000_000 + uint32(i)),
			ID: 0xc0000007, Type: eventlog.Error, Level: eventlog.LevelOf(eventlog.Error), Category: 3, Source: "Disk", Computer: "BEDROCK",
			User: "S-1-5-18", Strings: []string{strings.Repeat("s", 20), fmt.Sprintf("%04d", i)}, Data: []byte{1, 2, 3}, Offset: -1,
		})
	}
	return list
}
