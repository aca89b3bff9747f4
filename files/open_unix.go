//go:build unix

package files

import (
	"os"
	"syscall"
)

// openRead does not wait for a FIFO's writer, should one stand there by now.
func openRead(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}
