//go:build !windows

package journal

import (
	"errors"
	"os"
	"path/filepath"
)

// syncDir makes the entry of name durable in its directory.
func syncDir(name string) error {
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
