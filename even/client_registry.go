package even

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/winreg"
)

// Registry is what a server keeps below
// SYSTEM\CurrentControlSet\Services\EventLog of its registry, which is where
// Windows has what MS-EVEN cannot ask for.
type Registry interface {
	// Logs is the names of the logs.
	Logs(context.Context) ([]string, error)
	// Log is what is set of one of them.
	Log(ctx context.Context, name string) (winreg.Log, error)
	// SetLog sets what is not nil: bytes, and seconds.
	SetLog(ctx context.Context, name string, maxSize, retention *uint32) error
	// Sources is the sources that are registered to a log. With an error the list is
	// nil, or has what could be read.
	Sources(ctx context.Context, log string) ([]eventlog.Source, error)
}

const retainForever = math.MaxUint32

// withRegistry puts what the registry says of a log into i.
func withRegistry(i *eventlog.Info, r *winreg.Log) {
	i.SDDL = r.SDDL
	if r.MaxSize != nil {
		i.MaxSize = int64(*r.MaxSize)
	}
	switch {
	case r.Retention == nil:
	case *r.Retention == retainForever:
		i.Retention = eventlog.RetainForever
	default:
		i.Retention = time.Duration(*r.Retention) * time.Second
	}
}

// registryValues is settings as values of a log's key. Parts of a second count as
// one.
func registryValues(s eventlog.Settings) (maxSize, retention *uint32, err error) {
	if s.SDDL != nil {
		return nil, nil, fmt.Errorf("access rules: %w", errors.ErrUnsupported)
	}
	if s.MaxSize != nil {
		if *s.MaxSize <= 0 || *s.MaxSize > math.MaxUint32 {
			return nil, nil, fmt.Errorf("size of %d bytes, it is 1 to %d: %w", *s.MaxSize, uint32(math.MaxUint32), eventlog.ErrInvalid)
		}
		n := uint32(*s.MaxSize)
		maxSize = &n
	}
	if s.Retention != nil {
		n := uint32(retainForever)
		if d := *s.Retention; d != eventlog.RetainForever {
			sec := int64(d / time.Second)
			if d%time.Second > 0 {
				sec++
			}
			if d < 0 || sec >= retainForever {
				return nil, nil, fmt.Errorf("retention of %v, it is 0 to %d seconds: %w", d, uint32(retainForever-1), eventlog.ErrInvalid)
			}
			n = uint32(sec)
		}
		retention = &n
	}
	return maxSize, retention, nil
}

// RegistryPipe is the pipe that the registry is asked on.
const RegistryPipe = "winreg"

// RemoteRegistry is the registry of a server, over a connection that is made when it
// is needed and made again when it was lost. Its methods may be called by many
// goroutines.
type RemoteRegistry struct {
	o      ClientOptions
	binder binder

	mu     sync.Mutex
	closed bool
	open   *winreg.Registry // nil: none is
}

var _ Registry = (*RemoteRegistry)(nil)

// NewRegistry is the registry of the server that o is for: of its fields those count
// that say how to connect. Nothing is connected yet.
func NewRegistry(o *ClientOptions) *RemoteRegistry {
	r := &RemoteRegistry{o: *o}
	r.o.fill()
	r.binder.o = &r.o
	return r
}

// Close closes the connection, if there is one.
func (r *RemoteRegistry) Close() error {
	r.mu.Lock()
	open := r.open
	r.open, r.closed = nil, true
	r.mu.Unlock()
	if open != nil {
		return open.Close()
	}
	return nil
}

// connection is the one that is open, or a new one.
func (r *RemoteRegistry) connection(ctx context.Context) (w *winreg.Registry, reused bool, err error) {
	r.mu.Lock()
	w, closed := r.open, r.closed
	r.mu.Unlock()
	switch {
	case closed:
		return nil, false, fmt.Errorf("registry: %w", fs.ErrClosed)
	case w != nil:
		return w, true, nil
	}
	err = r.binder.bind(ctx, func(ctx context.Context, o dcerpc.ClientOptions) error {
		nc, err := r.o.Dialer.Dial(ctx, RegistryPipe)
		if err != nil {
			return err
		}
		w, err = winreg.Dial(ctx, nc, &o)
		return err
	})
	if err != nil {
		return nil, false, callError("", err)
	}
	r.mu.Lock()
	old := r.open
	switch {
	case r.closed:
		old = w
	default:
		r.open = w
	}
	r.mu.Unlock()
	if old != nil {
		_ = old.Close() // somebody else was faster, or it is closed
	}
	return w, false, nil
}

// do calls f, and once more over another connection if that was lost while it was
// idle.
func (r *RemoteRegistry) do(ctx context.Context, f func(*winreg.Registry) error) error {
	for {
		w, reused, err := r.connection(ctx)
		if err != nil {
			return err
		}
		if err = f(w); err == nil {
			return nil
		}
		err = callError("", err)
		lost := broken(err)
		if lost || ctx.Err() != nil {
			r.mu.Lock()
			if r.open == w {
				r.open = nil
			}
			r.mu.Unlock()
			_ = w.Close() // what went wrong is err
		}
		if !reused || !lost || ctx.Err() != nil {
			return err
		}
	}
}

// Logs is the names of the logs.
func (r *RemoteRegistry) Logs(ctx context.Context) (names []string, err error) {
	err = r.do(ctx, func(w *winreg.Registry) (err error) {
		names, err = w.Logs(ctx)
		return err
	})
	return names, err
}

// Log is what is set of a log.
func (r *RemoteRegistry) Log(ctx context.Context, name string) (l winreg.Log, err error) {
	err = r.do(ctx, func(w *winreg.Registry) (err error) {
		l, err = w.Log(ctx, name)
		return err
	})
	return l, err
}

// SetLog sets values of a log; to set them twice does no harm.
func (r *RemoteRegistry) SetLog(ctx context.Context, name string, maxSize, retention *uint32) error {
	return r.do(ctx, func(w *winreg.Registry) error { return w.SetLog(ctx, name, maxSize, retention) })
}

// Sources is the sources of a log.
func (r *RemoteRegistry) Sources(ctx context.Context, log string) (list []eventlog.Source, err error) {
	err = r.do(ctx, func(w *winreg.Registry) (err error) {
		list, err = w.Sources(ctx, log)
		return err
	})
	return list, err
}
