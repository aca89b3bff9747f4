package smb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"unicode"

	smb2 "github.com/cloudsoda/go-smb2"
)

// Share is a share of the server that folders and files are read from. Paths in it
// have slashes; "." is the share itself. The server finds names without regard to case.
type Share struct {
	session *Session
	name    string
	tree    *smb2.Share
}

// Share opens a share, as ADMIN$. ctx is for the call alone; a share ends with the
// session.
func (s *Session) Share(ctx context.Context, name string) (*Share, error) {
	if !fileName(name) {
		return nil, fmt.Errorf("smb: %q is not the name of a share", name)
	}
	sh := &Share{session: s, name: name}
	err := sh.do(ctx, name, func() (func(), error) {
		tree, err := s.smb.Mount(`\\` + s.host + `\` + name)
		if err != nil {
			return nil, err
		}
		tree = tree.WithContext(s.ctx)
		return func() { sh.tree = tree }, nil
	})
	if err != nil {
		return nil, err
	}
	return sh, nil
}

// do makes a call of the module, and waits for it as long as ctx lasts. What the call
// has for the caller it hands over in a function, which is not run when nobody waits
// any more.
func (sh *Share) do(ctx context.Context, op string, call func() (hand func(), err error)) error {
	var hand func()
	done, err := sh.session.start(func() (err error) {
		hand, err = call()
		return err
	})
	if err != nil {
		return err
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err != nil {
		return sh.session.pipeError(op, err)
	}
	if hand != nil {
		hand()
	}
	return nil
}

// path is a path as the server wants it.
func (sh *Share) path(name string) (string, error) {
	if name == "." {
		return "", nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !fileName(part) {
			return "", &fs.PathError{Op: "open", Path: sh.name + "/" + name, Err: fs.ErrInvalid}
		}
	}
	if len(name) > maxPath {
		return "", &fs.PathError{Op: "open", Path: sh.name, Err: errors.New("a path that is too long")}
	}
	return strings.ReplaceAll(name, "/", `\`), nil
}

// maxPath is how many bytes a path may have; its length in a request has 16 bits of
// bytes of UTF-16.
const maxPath = 16 << 10

// fileName says whether a name is one that a file can have, and nothing else.
func fileName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxName &&
		!strings.ContainsAny(name, `\/:*?"<>|`) && strings.IndexFunc(name, unicode.IsControl) < 0
}

// batch is how many entries of a folder are asked for at a time.
const batch = 512

// List gives the names in a folder, until more says no. A server that gives a name
// which is not that of a file, as one with a slash in it or "..", is an error.
func (sh *Share) List(ctx context.Context, name string, more func(name string) bool) error {
	path, err := sh.path(name)
	if err != nil {
		return err
	}
	op := sh.name + "/" + name
	var f *smb2.File
	err = sh.do(ctx, op, func() (func(), error) {
		opened, err := sh.tree.Open(path)
		if err != nil {
			return nil, err
		}
		runtime.SetFinalizer(opened, nil) // the module's: it would talk to the server from there
		return func() { f = opened }, nil
	})
	if err != nil {
		return err
	}
	defer sh.shut(f)
	for {
		var list []os.FileInfo
		err := sh.do(ctx, op, func() (func(), error) {
			found, err := f.Readdir(batch)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return func() { list = found }, err
		})
		if err != nil {
			return err
		}
		for _, e := range list {
			if !fileName(e.Name()) {
				return fmt.Errorf("smb: %s: %s: %q is not the name of a file", sh.session.address, op, e.Name())
			}
			if !more(e.Name()) {
				return nil
			}
		}
		if len(list) < batch {
			return nil
		}
	}
}

// shut closes a file of the module, without waiting for the server.
func (sh *Share) shut(f *smb2.File) { _, _ = sh.session.start(f.Close) } // a session that was closed has no files

// File is an open file of a share.
type File struct {
	share *Share
	name  string
	file  *smb2.File
	size  int64
}

// Open opens a file for reading. One that is not there is an *Error that is
// fs.ErrNotExist.
func (sh *Share) Open(ctx context.Context, name string) (*File, error) {
	path, err := sh.path(name)
	if err != nil {
		return nil, err
	}
	var f *File
	err = sh.do(ctx, sh.name+"/"+name, func() (func(), error) {
		file, err := sh.tree.Open(path)
		if err != nil {
			return nil, err
		}
		runtime.SetFinalizer(file, nil) // the module's: it would talk to the server from there
		st, err := file.Stat()
		if err == nil && (st.IsDir() || st.Size() < 0) {
			err = errors.New("not a regular file")
		}
		if err != nil {
			_ = file.Close() // what went wrong is err
			return nil, err
		}
		return func() { f = &File{sh, name, file, st.Size()} }, nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Size is how many bytes the server says that the file has.
func (f *File) Size() int64 { return f.size }

// ReadAt reads within the size that the file had when it was opened. It waits for the
// server until the session ends.
func (f *File) ReadAt(b []byte, off int64) (n int, err error) {
	want := len(b)
	if off < 0 || off >= f.size {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), f.size-off)]
	op := f.share.name + "/" + f.name
	err = f.share.do(context.Background(), op, func() (func(), error) {
		k, err := f.file.ReadAt(b, off)
		if err == io.EOF || err == nil && k < len(b) {
			err = io.ErrUnexpectedEOF // it became shorter
		}
		return func() { n = k }, err
	})
	if err == nil && n < want {
		err = io.EOF
	}
	return n, err
}

// Close closes the file, without waiting for the server.
func (f *File) Close() error {
	f.share.shut(f.file)
	return nil
}
