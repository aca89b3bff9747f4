package netelf_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/nt"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  netelf.Error
		want string
	}{
		{netelf.Error{Func: "ReadEventLog", Name: "Spool", Err: io.EOF}, `ReadEventLog "Spool": EOF`},
		{netelf.Error{Func: "CloseEventLog", Err: eventlog.ErrHandle}, "CloseEventLog: invalid handle"},
		{netelf.Error{Func: "ReadEventLog", Name: "a\nb", Oldest: 7, Err: &eventlog.Loss{First: 3, Last: 6, Err: eventlog.ErrOverwrite}},
			`ReadEventLog "a\nb": records 3 to 6 are missing: the log was overwritten faster than it was read; the oldest is now 7`},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	src := register(t, newFake(), "Disk")
	for _, c := range []struct {
		event *eventlog.Event
		want  string
	}{
		{&eventlog.Event{Strings: make([]string, 257)}, `ReportEvent "Disk": over a limit: 257 strings, the limit is 256 (MaxReportStrings)`},
		{&eventlog.Event{Data: make([]byte, 61441)}, `ReportEvent "Disk": over a limit: 61441 bytes of data, the limit is 61440 (MaxReportData)`},
		{&eventlog.Event{User: "S-1-x"}, `ReportEvent "Disk": invalid argument: user "S-1-x" is no SID`},
		{&eventlog.Event{Source: "Tape"}, `ReportEvent "Disk": invalid argument: source "Tape" is not the one that was registered`},
		{nil, `ReportEvent "Disk": invalid argument: no event given`},
	} {
		_, err := src.Report(t.Context(), c.event)
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
		want(t, "ReportEvent", err, badArg)
	}
}

func TestErrorCodes(t *testing.T) {
	corrupt := nt.ErrorEventlogFileCorrupt
	for _, c := range []struct {
		err  error
		want nt.Win32Error
	}{
		{errors.New("something"), nt.ErrorInvalidFunction},
		{nt.ErrorRPCServerUnavailable, nt.ErrorRPCServerUnavailable},
		{fmt.Errorf("bedrock: %w", nt.StatusLogonFailure), nt.ErrorLogonFailure},
		{fmt.Errorf("bedrock: %w", nt.StatusAccessDenied), denied},
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, notFound},
		{&eventlog.Loss{}, corrupt},
		{&eventlog.Loss{Err: eventlog.ErrTooLarge}, corrupt},
		{&eventlog.Loss{Err: errors.New("something")}, corrupt},
		{&eventlog.Loss{Err: eventlog.ErrOverwrite}, changed},
		{&eventlog.Loss{Err: fs.ErrPermission}, denied},
		{io.EOF, eof},
	} {
		err := &netelf.Error{Func: "ReadEventLog", Err: c.err}
		if !errors.Is(err, c.want) || err.Win32() != c.want {
			t.Errorf("%v: %v, want %v", c.err, err.Win32(), c.want)
		}
		if errors.Is(err, nt.ErrorSuccess) || !errors.Is(err, c.err) {
			t.Errorf("%v: matches what it is not, or not itself", c.err)
		}
	}
}

// TestBrokenIsNotTheEnd: an error that wraps io.EOF, as of a connection that broke,
// does not look like the end of the log.
func TestBrokenIsNotTheEnd(t *testing.T) {
	srv := newFake()
	h := openLog(t, srv, "Spool")
	broken := &fs.PathError{Op: "read", Path: "pipe", Err: io.EOF}
	srv.fail(broken)
	_, _, err := h.Read(t.Context(), seqForwards, 0, nil)
	if errors.Is(err, io.EOF) || errors.Is(err, eof) {
		t.Errorf("%v is the end", err)
	}
	var path *fs.PathError
	if !errors.As(err, &path) || path != broken || !errors.Is(err, broken) {
		t.Errorf("%v is not what it was", err)
	}
	if text := `ReadEventLog "Spool": read pipe: EOF`; err.Error() != text {
		t.Errorf("text %q, want %q", err, text)
	}
	srv.fail(nil)
}
