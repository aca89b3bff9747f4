package catalog

import (
	"context"
	"io"
	"strings"
)

// shares is the place of a server's shares: the first part of a name is the share. It
// lasts as long as ctx.
type shares struct {
	ctx         context.Context
	from        Shares
	left, limit int64 // bytes of files that may be read, and those at first
	names       int   // of files and folders that may be listed
	over        error // why nothing more can be had
}

// note keeps an error that is the end of the session.
func (p *shares) note(err error) error {
	if err != nil && p.over == nil && p.from.Over(err) {
		p.over = err
	}
	return err
}

func (p *shares) list(name string, more func(name string) bool) error {
	if name == "." { // shares are not listed: one that is not there is found out when it is opened
		for c := 'A'; c <= 'Z'; c++ {
			more(string(c) + "$")
		}
		more(adminShare)
		return nil
	}
	share, folder, ok := strings.Cut(name, "/")
	if !ok {
		folder = "."
	}
	err := p.from.List(p.ctx, share, folder, func(name string) bool {
		if p.names--; p.names < 0 {
			return false
		}
		return more(name)
	})
	if p.names < 0 && p.over == nil {
		p.over = over("names of the server's files or more", MaxWalk+1, MaxWalk)
	}
	if p.over != nil {
		return p.over
	}
	return p.note(err)
}

func (p *shares) open(name string) (file, int64, error) {
	share, name, _ := strings.Cut(name, "/")
	f, err := p.from.Open(p.ctx, share, name)
	if p.note(err) != nil {
		return nil, 0, err
	}
	return &blocks{ServerFile: f, of: p, have: map[int64][]byte{}}, f.Size(), nil
}

// blocks reads a file in pieces that are worth the way to the server, and counts them.
type blocks struct {
	ServerFile
	of   *shares
	have map[int64][]byte // by their number; at most maxBlocks
}

const (
	block     = 64 << 10
	maxBlocks = 8
)

func (b *blocks) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= b.Size() {
		return 0, io.EOF
	}
	if len(p) > block {
		return b.read(p, off)
	}
	for n := 0; ; {
		i := (off + int64(n)) / block
		piece, ok := b.have[i]
		if !ok {
			piece = make([]byte, min(block, b.Size()-i*block))
			if _, err := b.read(piece, i*block); err != nil && err != io.EOF {
				return n, err
			}
			if len(b.have) == maxBlocks {
				clear(b.have)
			}
			b.have[i] = piece
		}
		n += copy(p[n:], piece[off+int64(n)-i*block:])
		if n == len(p) {
			return n, nil
		}
		if off+int64(n) >= b.Size() {
			return n, io.EOF
		}
	}
}

func (b *blocks) read(p []byte, off int64) (int, error) {
	if b.of.left -= int64(len(p)); b.of.left < 0 {
		b.of.left = 0
		return 0, over("bytes of the server's files or more", b.of.limit+1, b.of.limit)
	}
	n, err := b.ServerFile.ReadAt(p, off)
	return n, b.of.note(err)
}
