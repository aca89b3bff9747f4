package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/term"

	"netelf.example/internal/users"
	"netelf.example/render"
)

// newPassword asks for a password twice on a terminal. Elsewhere it is the first
// line of the standard input.
func (a *app) newPassword(ctx context.Context, user string) (string, error) {
	if !a.interactive() {
		return passwordLine(ctx, a.stdin)
	}
	first, err := a.askPassword(ctx, "new password of "+user+": ")
	if err != nil {
		return "", err
	}
	if err := users.CheckPassword(first); err != nil {
		return "", err
	}
	second, err := a.askPassword(ctx, "once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two are not the same; nothing was done")
	}
	return first, nil
}

// passwordLine reads one line, and no more of the input than a password has.
func passwordLine(ctx context.Context, r io.Reader) (string, error) {
	b, err := wait(ctx, func() ([]byte, error) {
		var b []byte
		for one := make([]byte, 1); len(b) < users.MaxPassword+len("\r\n"); {
			n, err := r.Read(one)
			if n == 1 && one[0] == '\n' {
				return b, nil
			}
			b = append(b, one[:n]...)
			if errors.Is(err, io.EOF) {
				return b, nil
			}
			if err != nil {
				return nil, err
			}
		}
		return b, nil // too long, which is not ours to say
	})
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	b = bytes.TrimSuffix(b, []byte("\r"))
	return string(b), users.CheckPassword(string(b))
}

// askPassword asks on the terminal, which does not show the answer.
func (a *app) askPassword(ctx context.Context, question string) (string, error) {
	fd := int(a.stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(a.stderr, render.Visible(question)); err != nil {
		return "", err
	}
	b, err := wait(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	_, _ = io.WriteString(a.stderr, "\n") // which the terminal did not show either
	if err != nil {
		_ = term.Restore(fd, before) // so that it shows again what is typed
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(b), nil
}

// wait does what cannot be called off, but does not wait for its end when ctx is.
func wait(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	results := make(chan result, 1)
	go func() { // ends with the process at the latest
		b, err := read()
		results <- result{b, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-results:
		return r.b, r.err
	}
}
