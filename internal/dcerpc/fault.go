package dcerpc

import (
	"errors"
	"fmt"
	"io/fs"
)

// Statuses of a fault (C706 appendix E, and Win32 codes where [MS-RPCE] uses them).
const (
	FaultAccessDenied    = 0x00000005 // ERROR_ACCESS_DENIED
	FaultNDR             = 0x000006f7 // RPC_X_BAD_STUB_DATA
	FaultSecurityPackage = 0x00000721 // RPC_S_SEC_PKG_ERROR
	FaultCancel          = 0x1c00000d // nca_s_fault_cancel
	FaultUnspecified     = 0x1c000012 // nca_s_fault_unspec
	FaultContextMismatch = 0x1c00001a // nca_s_fault_context_mismatch: a context handle that is none
	FaultNoMemory        = 0x1c00001b // nca_s_fault_remote_no_memory
	FaultOpRange         = 0x1c010002 // nca_s_op_rng_error
	FaultUnkIf           = 0x1c010003 // nca_s_unk_if
	FaultProto           = 0x1c01000b // nca_s_proto_error
	FaultTooBusy         = 0x1c010014 // nca_s_server_too_busy
)

var faultNames = map[uint32]string{
	FaultAccessDenied:    "access denied",
	FaultNDR:             "the stub received bad data",
	FaultSecurityPackage: "security package error",
	FaultCancel:          "call cancelled",
	FaultUnspecified:     "unspecified fault",
	FaultContextMismatch: "context handle mismatch",
	FaultNoMemory:        "out of memory",
	FaultOpRange:         "no such operation",
	FaultUnkIf:           "unknown interface",
	FaultProto:           "protocol error",
	FaultTooBusy:         "server too busy",
}

// Fault is a call that was refused or went wrong, as it goes over the wire: a
// [Handler] returns one to answer its status, and a [Client] returns the one that
// came. errors.Is finds fs.ErrPermission in FaultAccessDenied, and in
// FaultSecurityPackage, by which Samba refuses a wrong password. It is not signed: who
// can change the packets can forge one.
type Fault struct{ Status uint32 }

func (f *Fault) Error() string {
	if n, ok := faultNames[f.Status]; ok {
		return fmt.Sprintf("rpc fault 0x%08x: %s", f.Status, n)
	}
	return fmt.Sprintf("rpc fault 0x%08x", f.Status)
}

// Is makes a refusal an fs.ErrPermission.
func (f *Fault) Is(target error) bool {
	return target == fs.ErrPermission && (f.Status == FaultAccessDenied || f.Status == FaultSecurityPackage)
}

// LogonError is a refusal of what a client's Mechanism has shown of its user. It
// unwraps to the *[Fault] or *[BindError] that says so, which names neither.
type LogonError struct {
	Text string // what is refused, a sentence: see [Shower]
	Err  error
}

func (e *LogonError) Error() string { return e.Text + ": " + e.Err.Error() }

// Unwrap is the server's answer.
func (e *LogonError) Unwrap() error { return e.Err }

// refusedLogon is err, or, where the server refused m, a *LogonError with it. sure is
// false where it may also be the call that was refused.
func refusedLogon(m Mechanism, err error, sure bool) error {
	s, ok := m.(Shower)
	if !ok || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	var f *Fault
	var b *BindError
	if !errors.As(err, &f) && !errors.As(err, &b) {
		return err
	}
	text := s.Refusal()
	switch {
	case text == "":
		return err
	case !sure:
		text += ", or what was asked"
	}
	return &LogonError{text, err}
}

// Results and reasons of a presentation context (C706 12.6.3.1; 3 is of 2.2.2.4).
const (
	resultAccept   = 0
	resultReject   = 2 // provider_rejection
	resultFeatures = 3 // negotiate_ack

	reasonNone           = 0
	reasonAbstractSyntax = 1
	reasonTransferSyntax = 2
	reasonLocalLimit     = 3
)

// Reasons of a bind_nak (C706 12.6.3.1 and 2.2.2.5).
const (
	nakNotSpecified = 0
	nakLocalLimit   = 2
	nakVersion      = 4 // protocol_version_not_supported
	nakAuthType     = 8 // authentication_type_not_recognized
	nakChecksum     = 9 // invalid_checksum
)

var nakNames = map[uint16]string{
	nakNotSpecified: "no reason given", 1: "temporary congestion", nakLocalLimit: "over a limit of the server",
	nakVersion: "protocol version not supported", 5: "default context not supported",
	nakAuthType: "authentication type not recognized", nakChecksum: "authentication failed",
}

var reasonNames = map[uint16]string{
	reasonNone: "no reason given", reasonAbstractSyntax: "interface not supported",
	reasonTransferSyntax: "transfer syntax not supported", reasonLocalLimit: "over a limit of the server",
}

// BindError is a bind that the server refused: all of it, or the interface.
type BindError struct {
	Nak    bool   // the whole bind was refused, by a bind_nak
	Reason uint16 // of the bind_nak, or why the interface was not accepted
}

func (e *BindError) Error() string {
	names, what := reasonNames, "interface refused"
	if e.Nak {
		names, what = nakNames, "bind refused"
	}
	if n, ok := names[e.Reason]; ok {
		return "rpc: " + what + ": " + n
	}
	return fmt.Sprintf("rpc: %s: reason %d", what, e.Reason)
}

// Is makes a bind whose authentication failed an fs.ErrPermission.
func (e *BindError) Is(target error) bool {
	return target == fs.ErrPermission && e.Nak && e.Reason == nakChecksum
}
