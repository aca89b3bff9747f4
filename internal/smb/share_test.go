package smb

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"netelf.example/nt"
)

// Commands ([MS-SMB2] 2.2.1.2) that files need.
const (
	commandClose          = 6
	commandQueryDirectory = 14
	commandQueryInfo      = 16
)

const statusNoMoreFiles nt.Status = 0x80000006

// output is an answer with a buffer ([MS-SMB2] 2.2.34, 2.2.38).
func output(b []byte) []byte {
	head := make([]byte, 8, 8+len(b))
	le := binary.LittleEndian
	le.PutUint16(head, 9)
	le.PutUint16(head[2:], headerSize+8)
	le.PutUint32(head[4:], uint32(len(b)))
	return append(head, b...)
}

// folderEntries are entries of a folder, FileIdBothDirectoryInformation ([MS-FSCC]
// 2.4.22).
func folderEntries(names ...string) []byte {
	var all []byte
	le := binary.LittleEndian
	last := 0
	for _, n := range names {
		for len(all)%8 != 0 {
			all = append(all, 0)
		}
		if len(all) > 0 {
			le.PutUint32(all[last:], uint32(len(all)-last))
		}
		last = len(all)
		b := make([]byte, 104)
		le.PutUint64(b[40:], 7)
		le.PutUint32(b[60:], uint32(nt.UTF16Len(n)))
		if strings.HasSuffix(n, "d") {
			le.PutUint32(b[56:], 0x10)
		}
		all = append(all, nt.AppendUTF16(b, n)...)
	}
	return all
}

// fileInfo is FileAllInformation of a file of a size ([MS-FSCC] 2.4.2).
func fileInfo(size uint64, attributes uint32) []byte {
	b := make([]byte, 104)
	binary.LittleEndian.PutUint32(b[32:], attributes)
	binary.LittleEndian.PutUint64(b[48:], size)
	return b
}

// withFiles is a server whose folders have batches of entries, and whose files have
// a size.
func withFiles(t *testing.T, size uint64, attributes uint32, batches func(n int) []byte) *fakeServer {
	s := &fakeServer{t: t}
	n := 0
	s.answer = func(command uint16, _ nt.Status, body []byte) []byte {
		switch command {
		case commandQueryDirectory:
			n++
			return output(batches(n - 1))
		case commandQueryInfo:
			return output(fileInfo(size, attributes))
		case commandClose:
			b := make([]byte, 60)
			b[0] = 60
			return b
		}
		return body
	}
	s.status = func(command uint16) nt.Status {
		if command == commandQueryDirectory && batches(n) == nil {
			return statusNoMoreFiles
		}
		return 0
	}
	return s
}

func share(t *testing.T, s *fakeServer) *Share {
	t.Helper()
	x, err := s.dial(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	sh, err := x.Share(t.Context(), "ADMIN$")
	if err != nil {
		t.Fatal(err)
	}
	return sh
}

func TestShareList(t *testing.T) {
	for _, x := range []struct {
		name    string
		batches [][]byte
		want    string
		err     string
	}{
		{"names", [][]byte{folderEntries(".", "..", "a.dll", "Ωd"), folderEntries("b")}, "a.dll, Ωd, b", ""},
		{"empty", nil, "", ""},
		{"up", [][]byte{folderEntries("a", `..\..\secret`)}, "a", `smb: bedrock:445: ADMIN$/.: "..\\..\\secret" is not the name of a file`},
		{"slash", [][]byte{folderEntries("a/b")}, "", `smb: bedrock:445: ADMIN$/.: "a/b" is not the name of a file`},
		{"no name", [][]byte{folderEntries("")}, "", `smb: bedrock:445: ADMIN$/.: "" is not the name of a file`},
		{"control", [][]byte{folderEntries("a\x1b[2J")}, "", `smb: bedrock:445: ADMIN$/.: "a\x1b[2J" is not the name of a file`},
		{"stream", [][]byte{folderEntries("a:b")}, "", `smb: bedrock:445: ADMIN$/.: "a:b" is not the name of a file`},
		{"no entries", [][]byte{make([]byte, 50)}, "", "smb: bedrock:445: ADMIN$/.: invalid response error: broken query directory response format"},
	} {
		t.Run(x.name, func(t *testing.T) {
			sh := share(t, withFiles(t, 0, 0, func(n int) []byte {
				if n < len(x.batches) {
					return x.batches[n]
				}
				return nil
			}))
			var got []string
			err := sh.List(t.Context(), ".", func(name string) bool {
				got = append(got, name)
				return true
			})
			if text := strings.Join(got, ", "); text != x.want || (err == nil) != (x.err == "") || err != nil && err.Error() != x.err {
				t.Errorf("%s, %v", text, err)
			}
		})
	}
}

// TestShareEndless: a folder that has no end is left when the caller has enough, or
// when its context ends.
func TestShareEndless(t *testing.T) {
	sh := share(t, withFiles(t, 0, 0, func(n int) []byte { return folderEntries(fmt.Sprint(2*n), fmt.Sprint(2*n+1)) }))
	n := 0
	if err := sh.List(t.Context(), "x", func(string) bool { n++; return n < 5000 }); err != nil || n != 5000 {
		t.Errorf("%d entries, %v", n, err)
	}
	s := withFiles(t, 0, 0, func(int) []byte { return folderEntries(".") })
	sh = share(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	s.mu.Lock()
	status := s.status
	s.status = func(command uint16) nt.Status {
		if s.seen[commandQueryDirectory] == 100 {
			cancel()
		}
		return status(command)
	}
	s.mu.Unlock()
	if err := sh.List(ctx, "x", func(string) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestShareFile(t *testing.T) {
	s := withFiles(t, 10, 0, nil)
	sh := share(t, s)
	f, err := sh.Open(t.Context(), "System32/a.dll")
	if err != nil {
		t.Fatal(err)
	}
	if f.Size() != 10 {
		t.Errorf("%d bytes", f.Size())
	}
	s.mu.Lock()
	s.queue = map[uint32][][]byte{1: {[]byte("0123456789"), []byte("56789"), []byte("slate")}}
	s.mu.Unlock()
	b := make([]byte, 20)
	if n, err := f.ReadAt(b[:10], 0); err != nil || string(b[:n]) != "0123456789" {
		t.Errorf("%q, %v", b[:n], err)
	}
	// No more is asked for than it has, whatever the server would give.
	if n, err := f.ReadAt(b, 5); err != io.EOF || string(b[:n]) != "56789" {
		t.Errorf("%q, %v", b[:n], err)
	}
	if n, err := f.ReadAt(b, 10); err != io.EOF || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	// One that has less than it said.
	if _, err := f.ReadAt(b, 0); !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "smb: bedrock:445: ADMIN$/System32/a.dll: unexpected EOF" {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestShareErrors(t *testing.T) {
	gone := withFiles(t, 10, 0, nil)
	sh := share(t, gone)
	for _, name := range []string{"", "..", "a/../b", "/a", "a/", `a\b`, "a//b", "a:b", "a*", "a\x00", "a/./b", strings.Repeat("a/", 10_000) + "b"} {
		if _, err := sh.Open(t.Context(), name); err == nil {
			t.Errorf("%q opens", name)
		}
		if err := sh.List(t.Context(), name, nil); err == nil {
			t.Errorf("%q is listed", name)
		}
	}
	gone.mu.Lock()
	if gone.seen[commandCreate] != 0 {
		t.Error("the server was asked for one of these")
	}
	gone.status = func(command uint16) nt.Status {
		return map[uint16]nt.Status{commandCreate: nt.StatusObjectNameNotFound, commandTreeConnect: nt.StatusBadNetworkName}[command]
	}
	gone.mu.Unlock()
	if _, err := sh.Open(t.Context(), "a"); !errors.Is(err, fs.ErrNotExist) || err.Error() != "smb: bedrock:445: ADMIN$/a: the server has no such file" {
		t.Error(err)
	}
	if _, err := sh.session.Share(t.Context(), "D$"); !errors.Is(err, fs.ErrNotExist) || err.Error() != "smb: bedrock:445: D$: network name not found (STATUS_BAD_NETWORK_NAME)" {
		t.Error(err)
	}
	if _, err := sh.session.Share(t.Context(), `x\y`); err == nil {
		t.Error("a share with a backslash")
	}
	if _, err := share(t, withFiles(t, 1<<63, 0, nil)).Open(t.Context(), "a"); err == nil {
		t.Error("a file of less than nothing opens")
	}
	if _, err := share(t, withFiles(t, 10, 0x10, nil)).Open(t.Context(), "a"); err == nil || !strings.HasSuffix(err.Error(), "not a regular file") {
		t.Error(err)
	}
	if err := sh.session.Close(); err != nil {
		t.Error(err)
	}
	if _, err := sh.Open(t.Context(), "a"); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}
