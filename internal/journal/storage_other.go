//go:build !linux

package journal

import (
	"errors"
	"os"
)

// dataSync is all that os has: F_FULLFSYNC on Darwin, FlushFileBuffers on
// Windows, fsync elsewhere.
func dataSync(f *os.File) error { return f.Sync() }

func preallocate(*os.File, int64, int64) error { return errors.ErrUnsupported }
