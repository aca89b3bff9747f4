package even

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/nt"
)

// Error is a call that a server answered with a status. Its text does not name the
// server: whoever asks several says whose trouble it is. errors.Is finds what
// package eventlog's table has for the status, and what nt.Status itself is:
// fs.ErrPermission where the caller was refused.
type Error struct {
	Op     string // the specification's name, "ElfrOpenELW"
	Server string // as the user named it
	Status nt.Status
}

func (e *Error) Error() string {
	return e.Op + ": " + e.Status.Error()
}

func (e *Error) Unwrap() error { return e.Status }

// Is makes an Error what the table says of its status. Of sentinels that share one
// it is the general one; io.EOF is never what a call fails with, and a server does
// not cancel what its client does.
func (e *Error) Is(target error) bool {
	switch target {
	case io.EOF, context.Canceled, fs.ErrClosed, eventlog.ErrTooLarge, eventlog.ErrOverwrite:
		return false
	}
	for _, p := range eventlog.Problems() {
		if p.Status == e.Status && p.Err == target {
			return true
		}
	}
	return false
}

// statusOf is the status that a call was answered with.
func statusOf(err error) (nt.Status, bool) {
	var e *Error
	if errors.As(err, &e) {
		return e.Status, true
	}
	return 0, false
}

// errBroken stands for all that a server which went away looks like. It does not
// unwrap: that a connection was at its end must not look like the end of a log.
type errBroken struct{ cause error }

func (e *errBroken) Error() string { return "the connection broke off: " + e.cause.Error() }

// As finds what says that it was the network.
func (e *errBroken) As(target any) bool {
	op, ok := target.(**net.OpError)
	if ok && !errors.As(e.cause, op) {
		*op = &net.OpError{Op: "read", Net: "tcp", Err: e.cause} // of one that just closed
	}
	return ok
}

// broken says whether a connection that fails with err has come to its end, for a
// reason that another one may not have.
func broken(err error) bool {
	var b *errBroken
	return errors.As(err, &b)
}

// callError is what went wrong with a call that has no status, with its operation; ""
// for what err names by itself.
func callError(op string, err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET), errors.Is(err, dcerpc.ErrClientClosed):
		err = &errBroken{err}
	default:
		if f := (*dcerpc.Fault)(nil); errors.As(err, &f) && f.Status == dcerpc.FaultOpRange {
			err = fmt.Errorf("%w: %w", f, errors.ErrUnsupported)
		}
	}
	if op == "" {
		return err
	}
	return fmt.Errorf("%s: %w", op, err)
}

// Win32 codes that come as the status of a fault ([MS-RPCE] 2.2.2.5).
const faultInvalidHandle = 6 // ERROR_INVALID_HANDLE

// staleHandle says whether the server does not know a handle any more.
func staleHandle(err error) bool {
	if f := (*dcerpc.Fault)(nil); errors.As(err, &f) {
		return f.Status == dcerpc.FaultContextMismatch || f.Status == faultInvalidHandle
	}
	s, _ := statusOf(err)
	return s == nt.StatusInvalidHandle
}
