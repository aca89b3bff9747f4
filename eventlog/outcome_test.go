package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestOutcome(t *testing.T) {
	one := &Loss{First: 7, Last: 7, Err: ErrCorrupt}
	three := &Loss{First: 10, Last: 12, Err: ErrOverwrite}
	unknown := &Loss{Err: ErrCorrupt}
	partial := &Loss{First: 3, Partial: true, Err: ErrTooLarge}
	broken := errors.New("broken")
	for _, x := range []struct {
		name string
		in   []error
		want Outcome
		bad  bool
	}{
		{"not begun", nil, Outcome{}, false},
		{"under way", []error{nil, nil}, Outcome{Events: 2}, false},
		{"all", []error{nil, nil, io.EOF}, Outcome{Events: 2, done: true}, false},
		{"empty", []error{io.EOF}, Outcome{done: true}, false},
		{"losses", []error{one, nil, fmt.Errorf("in a merge: %w", three), nil, io.EOF},
			Outcome{State: Partial, Events: 2, Losses: 2, Lost: 4, Err: one, done: true}, false},
		{"unknown loss", []error{unknown, one, io.EOF}, Outcome{State: Partial, Losses: 2, Lost: 1, LostUnknown: true, Err: unknown, done: true}, false},
		{"partial event", []error{partial, nil, io.EOF}, Outcome{State: Partial, Events: 1, Losses: 1, Err: partial, done: true}, false},
		{"budget", []error{nil, ErrBudget}, Outcome{State: Partial, Events: 1, Err: ErrBudget, done: true}, false},
		{"failed", []error{nil, broken}, Outcome{State: Failed, Events: 1, Err: broken, done: true}, true},
		{"failed behind a loss", []error{one, broken}, Outcome{State: Failed, Losses: 1, Lost: 1, Err: broken, done: true}, true},
		{"refused", []error{fs.ErrPermission}, Outcome{State: Refused, Err: fs.ErrPermission, done: true}, true},
		{"nothing counts behind the end", []error{nil, io.EOF, nil, one, broken}, Outcome{Events: 1, done: true}, false},
		{"nothing counts behind a failure", []error{broken, nil, io.EOF}, Outcome{State: Failed, Err: broken, done: true}, true},
	} {
		var o Outcome
		for _, err := range x.in {
			o.Note(err)
		}
		if o != x.want || o.Done() != x.want.done || o.Bad() != x.bad {
			t.Errorf("%s: %+v, bad %v, want %+v, bad %v", x.name, o, o.Bad(), x.want, x.bad)
		}
	}
	var o Outcome
	end := fmt.Errorf("connection: %w", io.EOF)
	if o.Note(end); o.State != Failed || o.Err != end {
		t.Errorf("a wrapped io.EOF is the end: %+v", o)
	}
}

func TestStateOf(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, x := range []struct {
		err  error
		want State
	}{
		{nil, OK},
		{ErrBudget, Partial},
		{fmt.Errorf("srv: %w", ErrBudget), Partial},
		{context.Canceled, Cancelled},
		{dial(context.Canceled), Cancelled},
		{context.DeadlineExceeded, Timeout},
		{os.ErrDeadlineExceeded, Timeout},
		{dial(os.NewSyscallError("connect", syscall.ETIMEDOUT)), Timeout},
		{&net.DNSError{Err: "timeout", IsTimeout: true}, Timeout},
		{fs.ErrPermission, Refused},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, Refused},
		{dial(os.NewSyscallError("connect", syscall.EACCES)), Refused},
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), Unreachable},
		{fmt.Errorf("srv: %w", dial(syscall.EHOSTUNREACH)), Unreachable},
		{&net.DNSError{Err: "no such host", IsNotFound: true}, Unreachable},
		{fs.ErrNotExist, Failed},
		{ErrCorrupt, Failed},
		{ErrMarkGone, Failed},
		{io.ErrUnexpectedEOF, Failed},
	} {
		if got := StateOf(x.err); got != x.want {
			t.Errorf("%v: %v, want %v", x.err, got, x.want)
		}
	}
	for i, want := range []string{"ok", "partial", "cancelled", "refused", "timeout", "unreachable", "failed", "7"} {
		if got := State(i).String(); got != want {
			t.Errorf("State(%d) = %q, want %q", i, got, want)
		}
	}
}

func TestLoss(t *testing.T) {
	o := &Origin{Server: "srv", Log: "System"}
	for _, x := range []struct {
		l     Loss
		text  string
		n     uint64
		known bool
	}{
		{Loss{}, "records may be missing", 0, false},
		{Loss{Origin: o, Err: ErrCorrupt}, "srv/System: records may be missing: the log is damaged", 0, false},
		{Loss{First: 7}, "records may be missing", 0, false},
		{Loss{First: 7, Last: 5}, "records may be missing", 0, false},
		{Loss{First: 7, Last: 7}, "record 7 is missing", 1, true},
		{Loss{Origin: &Origin{Log: "a.evt"}, First: 7, Last: 9, Err: ErrOverwrite}, "a.evt: records 7 to 9 are missing: the log was overwritten faster than it was read", 3, true},
		{Loss{Origin: &Origin{}, First: 7, Last: 7}, "record 7 is missing", 1, true},
		{Loss{Partial: true}, "damaged, but no record is missing", 0, true},
		{Loss{Partial: true, First: 7, Err: ErrTooLarge}, "record 7 is incomplete: over a limit", 0, true},
	} {
		if got := x.l.Error(); got != x.text {
			t.Errorf("%q, want %q", got, x.text)
		}
		if n, known := x.l.Count(); n != x.n || known != x.known {
			t.Errorf("%s: %d, %v, want %d, %v", x.text, n, known, x.n, x.known)
		}
		if x.l.Err != nil && !errors.Is(&x.l, x.l.Err) {
			t.Errorf("%s: does not unwrap", x.text)
		}
	}
}
