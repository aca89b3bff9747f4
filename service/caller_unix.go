//go:build unix

package service

import (
	"os"
	"syscall"
)

// owns says whether a directory belongs to uid. One that is not there yet will.
func owns(uid int, dir string) bool {
	fi, err := os.Stat(dir)
	if os.IsNotExist(err) {
		return true
	}
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == uid
}
