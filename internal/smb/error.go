package smb

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"runtime/debug"
	"strings"

	smb2 "github.com/cloudsoda/go-smb2"

	"netelf.example/nt"
)

// Error is what a server refused.
type Error struct {
	Server string    // host:port
	Op     string    // what was wanted, as `\pipe\eventlog` or `logon as QUARRY\fred`
	Status nt.Status // the server's answer

	ticket bool // it is about a ticket
}

func (e *Error) Error() string {
	text := e.Status.Error()
	switch {
	case e.ticket && errors.Is(e, fs.ErrPermission):
		return "smb: " + e.Server + ": " + e.Op + ": the server does not take the ticket, or has no such user: " + text
	}
	switch e.Status {
	case nt.StatusObjectNameNotFound, nt.StatusObjectPathNotFound:
		if text = "the server has no such file"; strings.HasPrefix(e.Op, `\pipe\`) {
			text = "the server has no such pipe"
		}
	case nt.StatusPipeNotAvailable, nt.StatusPipeBusy, nt.StatusInsufficientResources:
		text = "the server has no instance of it left: " + text
	}
	return "smb: " + e.Server + ": " + e.Op + ": " + text
}

// Is makes a logon that was refused, for whatever reason that lies with the account,
// an fs.ErrPermission, and what nt.Status says of the others.
func (e *Error) Is(target error) bool {
	if target == fs.ErrPermission {
		switch e.Status {
		case nt.StatusLogonFailure, nt.StatusWrongPassword, nt.StatusNoSuchUser, nt.StatusAccountRestriction,
			nt.StatusInvalidLogonHours, nt.StatusInvalidWorkstation, nt.StatusPasswordExpired, nt.StatusAccountDisabled,
			nt.StatusAccountExpired, nt.StatusPasswordMustChange, nt.StatusAccountLockedOut, nt.StatusLogonTypeNotGranted:
			return true
		}
	}
	return e.Status.Is(target)
}

// Unwrap is the status.
func (e *Error) Unwrap() error { return e.Status }

// status is the server's answer that err is, or wraps. The module keeps three of
// them as errors of the system.
func status(err error) (nt.Status, bool) {
	var re *smb2.ResponseError
	switch {
	case errors.As(err, &re):
		return nt.Status(re.Code), true
	case errors.Is(err, smb2.ErrRequestNotAccepted):
		return nt.StatusRequestNotAccepted, true
	case errors.Is(err, fs.ErrNotExist):
		return nt.StatusObjectNameNotFound, true
	case errors.Is(err, fs.ErrPermission):
		return nt.StatusAccessDenied, true
	}
	return 0, false
}

// connectionError is the end of a connection, which the module does not unwrap.
func connectionError(err error) (error, bool) {
	var te *smb2.TransportError
	if !errors.As(err, &te) {
		return nil, false
	}
	err = te.Err
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return err, true
	}
	return &net.OpError{Op: "read", Net: "tcp", Err: err}, true
}

// panicError is a panic of the module.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return "what the server sent cannot be understood" }

// guard runs f, which calls the module: it dereferences what a server need not have
// sent, as the keys of an encryption that was not negotiated.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return f()
}
