package server

import (
	"encoding/binary"
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who connected: SO_PEERCRED and SO_PEERGROUPS.
func peerOf(c *net.UnixConn) (p Peer, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return p, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); failed != nil {
			return
		}
		p = Peer{PID: int(cred.Pid), UID: cred.Uid, Groups: []uint32{cred.Gid}}
		var more []uint32
		if more, failed = peerGroups(int(fd)); failed == nil {
			p.Groups = append(p.Groups, more...)
		}
	})
	return p, errors.Join(err, failed)
}

// peerGroups is SO_PEERGROUPS, for which the system's package has no function.
func peerGroups(fd int) ([]uint32, error) {
	const most = 65536 // NGROUPS_MAX
	for n := 64; ; n = min(4*n, most) {
		buf := make([]byte, 4*n)
		size := uint32(len(buf))
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == unix.ERANGE && n < most:
			continue
		case errno == unix.ENOPROTOOPT: // a kernel before 4.13
			return nil, nil
		case errno != 0:
			return nil, errno
		}
		groups := make([]uint32, size/4)
		for i := range groups {
			groups[i] = binary.NativeEndian.Uint32(buf[4*i:])
		}
		return groups, nil
	}
}
