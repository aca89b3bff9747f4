package ntlm

import (
	"errors"
	"fmt"
	"io/fs"

	"netelf.example/eventlog"
	"netelf.example/internal/worded"
)

// What Step and a Session answer beside malformed input. All but ErrState and
// ErrProtection are fs.ErrPermission by errors.Is.
var (
	// ErrLogon is an acceptor's answer to an unknown user and to a wrong password
	// alike.
	ErrLogon = worded.Errorf(fs.ErrPermission, "unknown user or wrong password")
	// ErrWeak is an LM or NTLMv1 response, or a peer without what is required.
	ErrWeak = worded.Errorf(fs.ErrPermission, "the peer's authentication is too weak")
	// ErrMIC is a logon whose messages were changed on the way.
	ErrMIC = worded.Errorf(fs.ErrPermission, "the integrity code of the logon is wrong")
	// ErrSignature is a message that was changed, repeated, left out or signed by
	// somebody else. The direction that it came from is unusable after it.
	ErrSignature = worded.Errorf(fs.ErrPermission, "the signature of the message is wrong")
	// ErrProtection is a request to sign or seal where that was not negotiated.
	ErrProtection = errors.New("this protection was not negotiated")
	// ErrState is a call that the state of the exchange does not allow.
	ErrState = errors.New("not possible in this state of the authentication")
)

// malformed is the FormatError of a field at an offset of its message.
func malformed(structure, field string, offset int, format string, args ...any) error {
	return &eventlog.FormatError{Format: "ntlm", Struct: structure, Field: field, Offset: int64(offset), Err: fmt.Errorf(format, args...)}
}

// named is an error with the package's name, which a FormatError has already.
func named(err error) error {
	if _, ok := err.(*eventlog.FormatError); ok {
		return err
	}
	return fmt.Errorf("ntlm: %w", err)
}
