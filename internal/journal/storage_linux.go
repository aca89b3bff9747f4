package journal

import (
	"os"
	"syscall"
)

const fallocKeepSize = 0x01 // FALLOC_FL_KEEP_SIZE

// dataSync is fdatasync(2): the data and the size, not the times.
func dataSync(f *os.File) error {
	return control(f, "fdatasync", syscall.Fdatasync)
}

func preallocate(f *os.File, off, n int64) error {
	return control(f, "fallocate", func(fd int) error {
		return syscall.Fallocate(fd, fallocKeepSize, off, n)
	})
}

func control(f *os.File, op string, call func(fd int) error) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = c.Control(func(fd uintptr) {
		for {
			if failed = call(int(fd)); failed != syscall.EINTR {
				return
			}
		}
	})
	if err == nil && failed != nil {
		err = &os.PathError{Op: op, Path: f.Name(), Err: failed}
	}
	return err
}
