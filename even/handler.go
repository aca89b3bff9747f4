package even

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/internal/reading"
	"netelf.example/nt"
)

// HandlerOptions are those of a Handler. For is needed; a zero value of another
// field means what stands at it.
type HandlerOptions struct {
	// For is the Server as a peer sees it. It is asked once an association, at the
	// first call; the Server is closed when the association ends. An error refuses: a
	// *dcerpc.Fault with its status, any other as access denied.
	For func(ctx context.Context, p *dcerpc.Peer) (eventlog.Server, error)

	MaxHandles      int              // open handles of one association; 0: 256
	MaxTotalHandles int              // of all together; 0: 4096
	Now             func() time.Time // of reports whose record cannot be read; nil: time.Now
	Logger          *slog.Logger     // errors that no status tells; nil: nothing is logged
}

// errNotConfigured is a Handler that does not know whom it serves.
var errNotConfigured = errors.New("even: HandlerOptions.For is not set")

// NewHandler is MS-EVEN for a dcerpc.Server. The limit of all handles together is
// that of all associations of this Interface.
func NewHandler(o HandlerOptions) dcerpc.Interface {
	if o.MaxHandles <= 0 {
		o.MaxHandles = 256
	}
	if o.MaxTotalHandles <= 0 {
		o.MaxTotalHandles = 4096
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	total := new(atomic.Int64)
	return dcerpc.Interface{
		ID: Interface,
		New: func(ctx context.Context, p *dcerpc.Peer) (dcerpc.Handler, error) {
			if o.For == nil {
				return nil, errNotConfigured
			}
			srv, err := o.For(ctx, p)
			if err != nil {
				return nil, err
			}
			return &association{srv: srv, opts: &o, handles: table{max: o.MaxHandles, total: total, maxTotal: int64(o.MaxTotalHandles)}}, nil
		},
	}
}

// association is what one client has open. It is called by one goroutine at a time.
type association struct {
	srv     eventlog.Server
	opts    *HandlerOptions
	handles table
	out     []byte            // reused: the stub of a read
	walks   []*reading.Reader // those that may have a walk open, the one that was read last at the end
}

// maxWalks is how many walks of an association stay open between reads. Each has
// buffers, and a client may have many handles; one whose walk was closed goes on
// with a new one.
const maxWalks = 4

// walk makes r the last that was read.
func (a *association) walk(r *reading.Reader) {
	a.forget(r)
	a.walks = append(a.walks, r)
	if len(a.walks) > maxWalks {
		a.walks[0].Rest()
		a.walks = slices.Delete(a.walks, 0, 1)
	}
}

// forget says that r is not read any more.
func (a *association) forget(r *reading.Reader) {
	if i := slices.Index(a.walks, r); i >= 0 {
		a.walks = slices.Delete(a.walks, i, i+1)
	}
}

// Call answers one operation.
func (a *association) Call(ctx context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	if op >= opCount || calls[op].name == "" {
		return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
	}
	req := calls[op].request()
	if err := decode(req, calls[op].name, in, order); err != nil {
		a.opts.Logger.Debug("bad stub", "error", err)
		return nil, &dcerpc.Fault{Status: dcerpc.FaultNDR}
	}
	if r, ok := req.(*readRequest); ok {
		return a.serveRead(ctx, op, r, order)
	}
	return encode(a.serve(ctx, op, req), order)
}

// Close ends the association and all that is open in it.
func (a *association) Close() {
	for _, h := range a.handles.open {
		a.closed(h.close())
	}
	a.handles.clear()
	a.closed(a.srv.Close())
}

// closed logs that something could not be closed well, which nobody is there to be
// told.
func (a *association) closed(err error) {
	if err != nil {
		a.opts.Logger.Warn("close", "error", err)
	}
}

// serve answers all operations but reads.
func (a *association) serve(ctx context.Context, op uint16, req message) message {
	switch m := req.(type) {
	case *openRequest:
		if op == opOpenELW || op == opOpenELA {
			return a.opened(op, func() (*handle, error) { return a.openLog(ctx, m.ModuleName.Text) })
		}
		return a.opened(op, func() (*handle, error) { return a.registerSource(ctx, m.ModuleName.Text) })
	case *openBackupRequest:
		return a.opened(op, func() (*handle, error) { return a.openBackup(ctx, m.BackupFileName.Text) })
	case *clearRequest:
		return &statusResponse{a.status(op, a.clear(ctx, m))}
	case *backupRequest:
		return &statusResponse{a.status(op, a.backup(ctx, m))}
	case *changeNotifyRequest:
		return &statusResponse{nt.StatusInvalidHandle} // of all handles from afar
	case *logInformationRequest:
		return a.logInformation(ctx, m)
	case *reportRequest:
		return a.report(ctx, op, m)
	case *handleRequest:
		return a.serveHandle(ctx, op, m)
	}
	return &statusResponse{nt.StatusNotImplemented} // there is no other; the table and TestCalls say so
}

// serveHandle answers the operations that take a handle and nothing else.
func (a *association) serveHandle(ctx context.Context, op uint16, m *handleRequest) message {
	h, err := a.handles.get(m.LogHandle)
	switch op {
	case opNumberOfRecords, opOldestRecord:
		var n uint32
		if err == nil {
			count := h.count
			if op == opOldestRecord {
				count = h.oldest
			}
			n, err = count(ctx, a)
		}
		return &numberResponse{n, a.status(op, err)}
	case opFlushEL:
		if err == nil {
			err = fs.ErrPermission // 3.1.4 reserves it for local use, and Windows refuses it to everybody
		}
		return &statusResponse{a.status(op, err)}
	}
	// ElfrCloseEL and ElfrDeregisterEventSource close what the other one opens
	// too, as Windows does (notes 39 and 41 of appendix B).
	if err != nil {
		return &handleResponse{m.LogHandle, a.status(op, err)}
	}
	a.handles.remove(m.LogHandle)
	a.forget(h.reading)
	a.closed(h.close())
	return &handleResponse{}
}

// serveRead answers ElfrReadELW and A, whose records go into the response without
// being copied once more.
func (a *association) serveRead(ctx context.Context, op uint16, m *readRequest, order binary.ByteOrder) ([]byte, error) {
	const around = 20 // bytes before and behind the buffer
	// The stub of the read before is not kept by anybody; its bytes are cleared.
	w := ndr.NewWriter(slices.Grow(a.out[:0], int(m.NumberOfBytesToRead)+around), order)
	buf := beginRead(w, m.NumberOfBytesToRead)
	var n, needed int
	h, err := a.handles.get(m.LogHandle)
	var r *reading.Reader
	if err == nil {
		r, err = h.reads(ctx, a)
	}
	if err == nil {
		a.walk(r)
		q := reading.Request{From: func(i *eventlog.Info) (uint64, error) { return seekTo(m.RecordOffset, i) }}
		if op == opReadELA {
			q.Convert = ansiRecord
		}
		if q.Seek, q.Back, err = reading.Mode(m.ReadFlags); err == nil {
			n, needed, err = r.Read(ctx, &q, buf)
		}
	}
	endRead(w, n, uint32(needed), a.status(op, readError(err)))
	out, err := w.Bytes()
	a.out = out[:0]
	return out, err
}

// readError is err, or that the log is damaged where a loss says nothing that a
// status is for.
func readError(err error) error {
	if loss, lost := eventlog.AsLoss(err); lost && !errors.Is(loss, eventlog.ErrOverwrite) && !errors.Is(loss, eventlog.ErrMarkGone) {
		return eventlog.ErrCorrupt
	}
	return err
}

// status is the NTSTATUS of an error.
func (a *association) status(op uint16, err error) nt.Status {
	if err == nil {
		return nt.StatusSuccess
	}
	p, known := eventlog.ProblemOf(err)
	if !known {
		a.opts.Logger.Error("call", "operation", opName(op), "error", err)
	}
	return p.Status
}
