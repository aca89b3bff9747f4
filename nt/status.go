package nt

import (
	"errors"
	"fmt"
	"slices"
)

// Status is an NTSTATUS (MS-ERREF section 2.3): the upper two bits are the
// severity (0 success, 1 information, 2 warning, 3 error), then come the
// customer bit, a reserved bit, twelve bits of facility and sixteen of code. A
// Status is an error value whatever its severity; compare it with StatusSuccess
// or ask Failed before returning it as one.
type Status uint32

// row returns what is known of s, nil if it is nothing.
func (s Status) row() *statusRow {
	i, ok := slices.BinarySearchFunc(statusTable[:], s, func(r statusRow, s Status) int {
		switch {
		case r.value < s:
			return -1
		case r.value > s:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &statusTable[i]
}

// Failed reports whether the severity of s is error. A warning, such as
// StatusBufferOverflow or StatusNoMoreEntries, carries an answer and is not a
// failure.
func (s Status) Failed() bool {
	return s>>30 == 3
}

// String returns the specification's name and the value,
// "STATUS_ACCESS_DENIED (0xC0000022)", or "NTSTATUS 0xC0001234" where the value
// is not in the table.
func (s Status) String() string {
	if r := s.row(); r != nil {
		return fmt.Sprintf("%s (0x%08X)", r.name, uint32(s))
	}
	return fmt.Sprintf("NTSTATUS 0x%08X", uint32(s))
}

// Error returns a plain description and the specification's name,
// "access denied (STATUS_ACCESS_DENIED)", or what String returns where the value
// is not in the table.
func (s Status) Error() string {
	if r := s.row(); r != nil {
		return r.text + " (" + r.name + ")"
	}
	return s.String()
}

// Is lets errors.Is match fs.ErrPermission, fs.ErrNotExist, fs.ErrExist and
// errors.ErrUnsupported as the Win32 error for s does, and the last also for
// StatusNotImplemented, whose Win32 error is the vague ErrorInvalidFunction.
func (s Status) Is(target error) bool {
	if s == StatusNotImplemented && target == errors.ErrUnsupported {
		return true
	}
	return s.Win32().Is(target)
}

// Win32 returns the Win32 error that a Windows program sees for s, as
// RtlNtStatusToDosError maps it: ErrorMrMidNotFound where it has no mapping (or
// the table here has none). Many statuses share one error, and some answers
// surprise: StatusPipeNotAvailable is ErrorPipeBusy, StatusCancelled is
// ErrorOperationAborted and not ErrorCancelled, StatusConnectionReset is
// ErrorNetnameDeleted. TestStatusWin32 holds them.
func (s Status) Win32() Win32Error {
	const customer, facilityMask = 0x2000_0000, 0xFFFF_0000
	if s&customer != 0 {
		return Win32Error(s) // defined by an application: passed through
	}
	if s>>28 == 0xD {
		s &^= 0x1000_0000 // the reserved bit marks an HRESULT made of an NTSTATUS
	}
	if r := s.row(); r != nil {
		return r.win32
	}
	switch s & facilityMask {
	case 0xC001_0000, 0x8007_0000: // a Win32 error as an NTSTATUS, as an HRESULT
		return Win32Error(s &^ facilityMask)
	}
	return ErrorMrMidNotFound
}
