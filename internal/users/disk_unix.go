//go:build unix

package users

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// modesCount says that the mode of a file says who may read it.
const modesCount = true

var errLocked = unix.EWOULDBLOCK

func lockFile(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// sameOwner gives f to the owner of the file or folder name, which only root can.
func sameOwner(f *os.File, name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}
