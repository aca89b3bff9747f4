//go:build !unix

package npa

import (
	"errors"
	"fmt"
	"net"
)

// folder is nothing where there is no Samba.
type folder struct{}

type fileID struct{ socket bool }

func openFolder(path string) (*folder, error) {
	return nil, fmt.Errorf("npa: %s: a pipe of Samba: %w on this system", path, errors.ErrUnsupported)
}

func (*folder) close()                                   {}
func (*folder) current() bool                            { return false }
func (*folder) stat(string) (fileID, error)              { return fileID{}, errors.ErrUnsupported }
func (*folder) link(_, _ string) error                   { return errors.ErrUnsupported }
func (*folder) rename(_, _ string) error                 { return errors.ErrUnsupported }
func (*folder) exchange(_, _ string) error               { return errors.ErrUnsupported }
func (*folder) remove(string) error                      { return errors.ErrUnsupported }
func (*folder) dead(string) bool                         { return false }
func (*folder) listen(string) (*net.UnixListener, error) { return nil, errors.ErrUnsupported }

func trusted() []uint32 { return nil }

func peerUID(net.Conn) (uid uint32, ok bool) { return 0, false }
