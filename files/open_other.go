//go:build !unix

package files

import "os"

func openRead(name string) (*os.File, error) { return os.Open(name) }
