package message

import (
	"fmt"

	"netelf.example/eventlog"
)

// bad is the error of a structure at an offset.
func bad(format, structure, field string, offset int64, err error) error {
	return &eventlog.FormatError{Format: format, Struct: structure, Field: field, Offset: offset, Err: err}
}

// short says that bytes are missing.
func short(need, have int64) error {
	return fmt.Errorf("need %d bytes, have %d", need, have)
}

// over says that a number is beyond a limit.
func over(what string, have, limit uint64) error {
	return fmt.Errorf("%d %s, and %d is the limit: %w", have, what, limit, eventlog.ErrTooLarge)
}
