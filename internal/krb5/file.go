package krb5

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxFile is the longest configuration, ticket cache or keytab that is read, in bytes.
const maxFile = 1 << 20

// readFile reads a file of bounded size. Whoever hands its error on does so by because:
// fs.ErrNotExist would say that a target is not there.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // it was only read from
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	return b, err
}

// because is why a file could not be read, without its name.
func because(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "it may not be read"
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// CachePath is the file that a value of KRB5CCNAME names.
func CachePath(name string) (string, error) {
	kind, path, ok := strings.Cut(name, ":")
	switch {
	case !ok || strings.ContainsAny(kind, `/\`) || len(kind) == 1: // C:\ is a drive
		return name, nil
	case kind == "FILE":
		return path, nil
	}
	return "", fmt.Errorf("kerberos: the ticket cache %q is of type %s, and only FILE is read: run kinit with KRB5CCNAME=FILE:… set, and netelf too", name, kind)
}
