package nt

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Win32Error is a Win32 error code (MS-ERREF section 2.2), what GetLastError
// returns and what the RPC run-time reports in its RPC_S_ and RPC_X_ values,
// which share the numbers. It is an error value even where it is ErrorSuccess.
type Win32Error uint32

// row returns what is known of e, nil if it is nothing.
func (e Win32Error) row() *win32Row {
	i, ok := slices.BinarySearchFunc(win32Table[:], e, func(r win32Row, e Win32Error) int {
		switch {
		case r.value < e:
			return -1
		case r.value > e:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &win32Table[i]
}

// String returns the specification's name and the value, "ERROR_HANDLE_EOF (38)",
// or "Win32 error 4711" where the value is not in the table; above 0xFFFF, where
// no Win32 error is, the number is hexadecimal.
func (e Win32Error) String() string {
	r := e.row()
	switch {
	case r != nil:
		return fmt.Sprintf("%s (%d)", r.name, uint32(e))
	case e > 0xFFFF:
		return fmt.Sprintf("Win32 error 0x%08X", uint32(e))
	}
	return fmt.Sprintf("Win32 error %d", uint32(e))
}

// Error returns a plain description and the specification's name,
// "end of file (ERROR_HANDLE_EOF)", or what String returns where the value is not
// in the table.
func (e Win32Error) Error() string {
	if r := e.row(); r != nil {
		return r.text + " (" + r.name + ")"
	}
	return e.String()
}

// Is lets errors.Is match fs.ErrPermission, fs.ErrNotExist, fs.ErrExist and
// errors.ErrUnsupported.
func (e Win32Error) Is(target error) bool {
	switch target {
	case fs.ErrPermission:
		return e == ErrorAccessDenied || e == ErrorPrivilegeNotHeld
	case fs.ErrNotExist:
		switch e {
		case ErrorFileNotFound, ErrorPathNotFound, ErrorNotFound, ErrorBadNetpath, ErrorBadNetName, ErrorEvtChannelNotFound:
			return true
		}
	case fs.ErrExist:
		return e == ErrorFileExists || e == ErrorAlreadyExists
	case errors.ErrUnsupported:
		return e == ErrorNotSupported || e == ErrorCallNotImplemented || e == ErrorRPCCannotSupport
	}
	return false
}
