// Package worded makes errors that are another one by errors.Is, and say it in words
// of their own: those of package fs speak of files.
package worded

import "fmt"

type wordedError struct {
	is   error
	text string
}

func (e *wordedError) Error() string        { return e.text }
func (e *wordedError) Is(target error) bool { return target == e.is }

// Errorf is an error that is the given one, and whose text is the format with args.
func Errorf(is error, format string, args ...any) error {
	return &wordedError{is, fmt.Sprintf(format, args...)}
}
