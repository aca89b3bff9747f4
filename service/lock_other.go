//go:build !unix && !windows

package service

import (
	"errors"
	"os"
)

var errLocked = errors.New("locked")

// lockFile knows no locks here: nobody keeps two services off one directory.
func lockFile(*os.File, bool) error { return nil }

func unlockFile(*os.File) error { return nil } // closing does it
