package smb

import (
	"context"
	"errors"
	"net"
	"sync"

	"netelf.example/nt"
)

// Dialer opens pipes of one server over one session: it logs on at the first pipe,
// and again at the first one behind the end of the session, as when the server was
// restarted. Its methods may be called by many goroutines.
type Dialer struct {
	o    Options
	turn chan struct{} // holds one token: whose turn it is to log on

	mu      sync.Mutex // guards what follows; not held while anything waits
	session *Session   // nil: none was made, or it has ended
	closed  bool
}

// NewDialer makes a Dialer; nothing is dialled yet.
func NewDialer(o Options) *Dialer {
	d := &Dialer{o: o, turn: make(chan struct{}, 1)}
	d.turn <- struct{}{}
	return d
}

// Dial opens a pipe, as Session.Pipe does, and logs on first where that must be.
func (d *Dialer) Dial(ctx context.Context, pipe string) (net.Conn, error) {
	for {
		s, fresh, err := d.current(ctx)
		if err != nil {
			return nil, err
		}
		nc, err := s.Pipe(ctx, pipe)
		if err == nil || fresh || !IsOver(err) {
			return nc, err
		}
		d.drop(s)
	}
}

// current is the session; fresh says that it was made just now.
func (d *Dialer) current(ctx context.Context) (s *Session, fresh bool, err error) {
	select {
	case <-ctx.Done():
		return nil, false, ctx.Err()
	case <-d.turn:
	}
	defer func() { d.turn <- struct{}{} }()
	d.mu.Lock()
	s, closed := d.session, d.closed
	d.mu.Unlock()
	switch {
	case closed:
		return nil, false, errClosed
	case s != nil:
		return s, false, nil
	}
	if s, err = Dial(ctx, d.o); err != nil {
		return nil, false, err
	}
	d.mu.Lock()
	closed = d.closed
	if !closed {
		d.session = s
	}
	d.mu.Unlock()
	if closed {
		_ = s.Close() // it was not used
		return nil, false, errClosed
	}
	return s, true, nil
}

// drop forgets a session that has ended.
func (d *Dialer) drop(s *Session) {
	d.mu.Lock()
	if d.session == s {
		d.session = nil
	}
	d.mu.Unlock()
	_ = s.Close() // it has ended
}

// IsOver says whether an error is the end of a session.
func IsOver(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) || errors.Is(err, net.ErrClosed) {
		return true
	}
	var e *Error
	if errors.As(err, &e) {
		switch e.Status {
		case nt.StatusUserSessionDeleted, nt.StatusNetworkSessionExpired, nt.StatusConnectionDisconnected, nt.StatusConnectionReset:
			return true
		}
	}
	return false
}

// Close ends the session and its pipes. Later pipes are net.ErrClosed.
func (d *Dialer) Close() error {
	d.mu.Lock()
	s := d.session
	d.session, d.closed = nil, true
	d.mu.Unlock()
	if s == nil {
		return nil
	}
	if err := s.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
