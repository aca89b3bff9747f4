package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"netelf.example/nt"
)

// The sentinels of the contract. What the standard library has a word for is
// that: fs.ErrNotExist for a log that is not there, fs.ErrExist for a backup that
// is, fs.ErrPermission for a right that is missing, errors.ErrUnsupported for
// what the other side cannot do, io.EOF for the end.
var (
	ErrMarkGone   = errors.New("the remembered place is void: the log was cleared")
	ErrBudget     = errors.New("read budget used up")
	ErrOverwrite  = errors.New("the log was overwritten faster than it was read")
	ErrLogFull    = errors.New("the log is full")
	ErrCorrupt    = errors.New("the log is damaged")
	ErrInvalid    = errors.New("invalid argument")
	ErrLevel      = errors.New("unknown information level")
	ErrBuffer     = errors.New("buffer too small")
	ErrHandle     = errors.New("invalid handle")
	ErrBackupName = errors.New("invalid backup name")
	ErrTooLarge   = errors.New("over a limit")
	ErrDiskFull   = errors.New("no space left on the disk")
)

// FormatError is malformed input. Every decoder answers it, errors.As finds it,
// and errors.Is(err, ErrCorrupt) holds.
type FormatError struct {
	Format string // "evt", "evtx", "sid"
	Struct string // the specification's name, as "EVENTLOGRECORD"
	Field  string // the specification's name, as "Length"; "": the whole structure
	Offset int64  // of the structure's field in the file
	Err    error  // what is wrong with it
}

func (e *FormatError) Error() string {
	s := e.Struct
	if e.Field != "" {
		s += "." + e.Field
	}
	return fmt.Sprintf("%s: %s at offset 0x%x: %v", e.Format, s, e.Offset, e.Err)
}

func (e *FormatError) Unwrap() error { return e.Err }

// Is makes every FormatError an ErrCorrupt.
func (e *FormatError) Is(target error) bool { return target == ErrCorrupt }

// Problem is one row of the table that every door and every client uses: how an
// error of the contract is said in Win32, on the wire and over HTTP.
type Problem struct {
	Err    error
	Win32  nt.Win32Error
	Status nt.Status
	HTTP   int    // status code
	Code   string // the problem's name in the HTTP API
}

// problems is in order of preference: the first that errors.Is, or the first
// that has the code, is meant.
var problems = []Problem{
	{io.EOF, nt.ErrorHandleEOF, nt.StatusEndOfFile, 200, "end"},
	{ErrMarkGone, nt.ErrorEventlogFileChanged, nt.StatusEventlogFileChanged, 410, "mark-gone"},
	{ErrOverwrite, nt.ErrorEventlogFileChanged, nt.StatusEventlogFileChanged, 410, "overwritten"},
	{ErrBudget, nt.ErrorMoreData, nt.StatusMoreEntries, 200, "budget"},
	{ErrLogFull, nt.ErrorLogFileFull, nt.StatusLogFileFull, 507, "log-full"},
	{ErrCorrupt, nt.ErrorEventlogFileCorrupt, nt.StatusEventlogFileCorrupt, 500, "damaged"},
	{ErrLevel, nt.ErrorInvalidLevel, nt.StatusInvalidLevel, 400, "invalid-level"},
	{ErrBuffer, nt.ErrorInsufficientBuffer, nt.StatusBufferTooSmall, 400, "buffer-too-small"},
	{ErrHandle, nt.ErrorInvalidHandle, nt.StatusInvalidHandle, 400, "invalid-handle"},
	{ErrBackupName, nt.ErrorInvalidName, nt.StatusObjectPathSyntaxBad, 400, "invalid-backup-name"},
	{ErrTooLarge, nt.ErrorInvalidParameter, nt.StatusInvalidParameter, 413, "too-large"},
	{ErrInvalid, nt.ErrorInvalidParameter, nt.StatusInvalidParameter, 400, "invalid"},
	{ErrDiskFull, nt.ErrorDiskFull, nt.StatusDiskFull, 507, "disk-full"},
	{syscall.ENOSPC, nt.ErrorDiskFull, nt.StatusDiskFull, 507, "disk-full"},
	{fs.ErrNotExist, nt.ErrorFileNotFound, nt.StatusObjectNameNotFound, 404, "not-found"},
	{fs.ErrExist, nt.ErrorFileExists, nt.StatusObjectNameCollision, 409, "exists"},
	{fs.ErrClosed, nt.ErrorInvalidHandle, nt.StatusInvalidHandle, 503, "closed"},
	{fs.ErrPermission, nt.ErrorAccessDenied, nt.StatusAccessDenied, 403, "access-denied"},
	{errors.ErrUnsupported, nt.ErrorNotSupported, nt.StatusNotSupported, 501, "unsupported"},
	{context.DeadlineExceeded, nt.ErrorTimeout, nt.StatusIOTimeout, 504, "timeout"},
	{context.Canceled, nt.ErrorCancelled, nt.StatusCancelled, 499, "cancelled"},
}

// ProblemOf is the row for err. io.EOF is the end only if err is it: one that is
// wrapped, as of a connection that broke, is an error like any other. ok is false for an error that the contract does
// not know, which doors answer as an internal error without its text.
func ProblemOf(err error) (p Problem, ok bool) {
	for _, p := range problems {
		if err == p.Err || p.Err != io.EOF && errors.Is(err, p.Err) {
			return p, true
		}
	}
	return Problem{Err: err, Win32: nt.ErrorInvalidFunction, Status: nt.StatusUnsuccessful, HTTP: 500, Code: "internal"}, false
}

// Problems is the whole table, for tests that send each through a door.
func Problems() []Problem { return append([]Problem(nil), problems...) }
