//go:build unix && !linux

package npa

import (
	"errors"
	"net"
	"path/filepath"
)

func (f *folder) address(name string) string { return filepath.Join(f.path, name) }

func (f *folder) exchange(_, b string) error { return f.fail("exchange", b, errors.ErrUnsupported) }

func peerUID(net.Conn) (uid uint32, ok bool) { return 0, false }
