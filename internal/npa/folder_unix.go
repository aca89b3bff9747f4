//go:build unix

package npa

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// folder is Samba's folder of sockets, held open: names in it are looked up in this
// folder, whatever comes to stand at its path, and symbolic links are not followed.
type folder struct {
	path string
	f    *os.File
	id   fileID
}

// fileID is which file a name means.
type fileID struct {
	dev, ino uint64
	socket   bool
}

func idOf(st *unix.Stat_t) fileID {
	return fileID{uint64(st.Dev), uint64(st.Ino), uint32(st.Mode)&unix.S_IFMT == unix.S_IFSOCK}
}

func openFolder(path string) (*folder, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, fmt.Errorf("npa: %w", err)
	}
	var st unix.Stat_t
	switch err := unix.Fstat(int(f.Fd()), &st); {
	case err != nil:
		_ = f.Close() // it was only read
		return nil, fmt.Errorf("npa: %w", &os.PathError{Op: "stat", Path: path, Err: err})
	case st.Uid != 0 && int(st.Uid) != os.Geteuid():
		_ = f.Close()
		return nil, fmt.Errorf("npa: %s belongs to user %d, neither to root nor to this user", path, st.Uid)
	case st.Mode&0o022 != 0:
		_ = f.Close()
		return nil, fmt.Errorf("npa: others than its owner may write to %s (mode %04o)", path, st.Mode&0o7777)
	}
	return &folder{path, f, idOf(&st)}, nil
}

func (f *folder) close() { _ = f.f.Close() } // it was only read

// current says whether the folder is still what stands at its path.
func (f *folder) current() bool {
	var st unix.Stat_t
	return unix.Lstat(f.path, &st) == nil && idOf(&st) == f.id
}

func (f *folder) fd() int { return int(f.f.Fd()) }

func (f *folder) fail(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("npa: %w", &os.PathError{Op: op, Path: filepath.Join(f.path, name), Err: err})
}

func (f *folder) stat(name string) (fileID, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(f.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fileID{}, f.fail("stat", name, err)
	}
	return idOf(&st), nil
}

func (f *folder) link(old, name string) error {
	return f.fail("link", name, unix.Linkat(f.fd(), old, f.fd(), name, 0))
}

func (f *folder) rename(old, name string) error {
	return f.fail("rename", old, unix.Renameat(f.fd(), old, f.fd(), name))
}

func (f *folder) remove(name string) error {
	return f.fail("remove", name, unix.Unlinkat(f.fd(), name, 0))
}

// dead says whether nobody answers a socket.
func (f *folder) dead(name string) bool {
	nc, err := net.Dial("unix", f.address(name))
	if err == nil {
		_ = nc.Close() // nothing was said on it
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// listen makes a socket that only its owner, and root, may connect to.
func (f *folder) listen(name string) (*net.UnixListener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// On Linux the file takes over the mode. Elsewhere this fails, and the folder's
		// mode must do.
		return c.Control(func(fd uintptr) { _ = unix.Fchmod(int(fd), 0o600) })
	}}
	l, err := lc.Listen(context.Background(), "unix", f.address(name))
	if err != nil {
		return nil, err
	}
	ul := l.(*net.UnixListener)
	ul.SetUnlinkOnClose(false)
	return ul, nil
}

// trusted are the users that may connect.
func trusted() []uint32 { return []uint32{0, uint32(os.Geteuid())} }
