package users

import (
	"os"

	"golang.org/x/sys/windows"
)

// modesCount: who may read a file stands in its access rules there, which it gets
// from its folder.
const modesCount = false

var errLocked = windows.ERROR_LOCK_VIOLATION

func lockFile(f *os.File) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY | windows.LOCKFILE_EXCLUSIVE_LOCK)
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
}

// sameOwner has nothing to do: files belong as their folder says.
func sameOwner(*os.File, string) error { return nil }
