package api

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"

	"netelf.example/eventlog"
	"netelf.example/query"
)

// Problem is an error as it travels (RFC 9457).
type Problem struct {
	Type   string `json:"type,omitempty" format:"uri" doc:"about:blank: title and code say it all"`
	Title  string `json:"title,omitempty" doc:"what the status means"`
	Status int    `json:"status,omitempty" doc:"HTTP status"`
	Code   string `json:"code" doc:"what it is, for programs"`
	Detail string `json:"detail,omitempty" doc:"what it is, for people"`
	Last   uint64 `json:"last,omitempty" doc:"of a report that stopped in the middle: record number of the last event that is in the log"`

	Offset  *int   `json:"offset,omitempty" doc:"of a query: where what is wrong begins, in bytes"`
	Length  int    `json:"length,omitempty" doc:"and how long it is; not there: something is missing at that place"`
	Message string `json:"message,omitempty" doc:"what is wrong there"`
}

// ProblemOf is err as it travels. The text of an error that the contract does
// not know is not sent.
func ProblemOf(err error) *Problem {
	row, ok := eventlog.ProblemOf(err)
	p := &Problem{Status: row.HTTP, Code: row.Code, Detail: "an internal error; the log of the server says more"}
	if ok {
		p.Detail = err.Error()
	}
	var q *query.Error
	if errors.As(err, &q) {
		p.Offset, p.Length, p.Message = &q.Offset, q.Len, q.Msg
	}
	return p
}

// Error is an error that the server answered. errors.Is finds the sentinel of
// package eventlog that it stands for.
type Error struct {
	Problem Problem
	is      error // nil: none
}

// Err is p as an error.
func (p *Problem) Err() error {
	e := &Error{Problem: *p}
	switch p.Status {
	case http.StatusUnauthorized, http.StatusTooManyRequests: // of which the contract has no row
		e.is = fs.ErrPermission
		return e
	}
	for _, row := range eventlog.Problems() {
		if row.Code == p.Code && row.Err != io.EOF {
			e.is = row.Err
			break
		}
	}
	return e
}

func (e *Error) Error() string {
	switch {
	case e.Problem.Detail != "":
		return e.Problem.Detail
	case e.Problem.Title != "":
		return e.Problem.Title
	}
	return "error " + e.Problem.Code
}

func (e *Error) Unwrap() error { return e.is }

// unreachable is a server that no connection can be made to. It does not unwrap:
// a socket that is not there must not look like a log that is not there.
type unreachable struct {
	text string
	err  *net.OpError
}

func (e *unreachable) Error() string { return e.text }

func (e *unreachable) As(target any) bool {
	if t, ok := target.(**net.OpError); ok {
		*t = e.err
		return true
	}
	return false
}

func (e *unreachable) Is(target error) bool {
	return target == fs.ErrPermission && errors.Is(e.err, fs.ErrPermission)
}
