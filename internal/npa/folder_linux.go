package npa

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// address is a name in the folder as a socket's address: by the open folder, which
// is also short enough whatever its path.
func (f *folder) address(name string) string {
	dir := fmt.Sprintf("/proc/self/fd/%d", f.fd())
	if _, err := os.Stat(dir); err != nil { // no /proc
		dir = f.path
	}
	return filepath.Join(dir, name)
}

// exchange swaps two names in one step; errors.ErrUnsupported where the file system
// cannot.
func (f *folder) exchange(a, b string) error {
	err := unix.Renameat2(f.fd(), a, f.fd(), b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		err = errors.ErrUnsupported
	}
	return f.fail("exchange", b, err)
}

// peerUID is the user that has connected.
func peerUID(nc net.Conn) (uid uint32, ok bool) {
	uc, isUnix := nc.(*net.UnixConn)
	if !isUnix {
		return 0, false
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return 0, false
	}
	_ = raw.Control(func(fd uintptr) { // it is closed: then nothing is read either
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid, ok = cred.Uid, true
		}
	})
	return uid, ok
}
