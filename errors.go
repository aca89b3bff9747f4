package netelf

import (
	"errors"
	"fmt"
	"io"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Error is what every function and method here answers when it does not work.
type Error struct {
	Func string // the NetElf function without its prefix, as "ReadEventLog"; methods have that of theirs
	Name string // of the log, backup or source, as it was opened; "": not known

	// Oldest is the number of the log's oldest record now, where the error is
	// that records were overwritten before they were read; else 0.
	Oldest uint64

	Err error // why; io.EOF itself is the end, and only that is
}

// Error is the function, the name, and why.
func (e *Error) Error() string {
	s := e.Func
	if e.Name != "" {
		s += fmt.Sprintf(" %q", e.Name)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Oldest != 0 {
		s += fmt.Sprintf("; the oldest is now %d", e.Oldest)
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Win32 is the code that a Windows program would see: by the table that all of
// netelf uses (eventlog.ProblemOf), else the code that another machine answered,
// else ERROR_INVALID_FUNCTION. Records that are missing or damaged are
// ERROR_EVENTLOG_FILE_CORRUPT, unless the reason has a code of its own.
func (e *Error) Win32() nt.Win32Error {
	err := e.Err
	loss, isLoss := eventlog.AsLoss(err)
	if isLoss {
		err = loss.Err
	}
	p, ok := eventlog.ProblemOf(err)
	var w nt.Win32Error
	var s nt.Status
	switch {
	case ok && !(isLoss && p.Win32 == nt.ErrorInvalidParameter):
		return p.Win32
	case isLoss:
		return nt.ErrorEventlogFileCorrupt
	case errors.As(err, &w):
		return w
	case errors.As(err, &s):
		return s.Win32()
	}
	return p.Win32
}

// Is matches the Win32 code of e; errors.Is goes on with Err for all else.
func (e *Error) Is(target error) bool {
	w, ok := target.(nt.Win32Error)
	return ok && e.Win32() == w
}

// fail is err as an Error of the function fn, nil if err is nil.
func fail(fn, name string, err error) error {
	if err == nil {
		return nil
	}
	if err != io.EOF && errors.Is(err, io.EOF) {
		err = notEnd{err}
	}
	return &Error{Func: fn, Name: name, Err: err}
}

// notEnd is an error that wraps io.EOF and is not the end of a log, as that of a
// connection which broke: it must not look like one to errors.Is.
type notEnd struct{ err error }

func (e notEnd) Error() string        { return e.err.Error() }
func (e notEnd) As(target any) bool   { return errors.As(e.err, target) }
func (e notEnd) Is(target error) bool { return target != io.EOF && errors.Is(e.err, target) }

// invalid is err as eventlog.ErrInvalid, with its own text.
func invalid(err error) error { return fmt.Errorf("%w: %w", eventlog.ErrInvalid, err) }

func invalidf(format string, a ...any) error { return invalid(fmt.Errorf(format, a...)) }
