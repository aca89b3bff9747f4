package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"netelf.example/nt"
)

func TestFormatError(t *testing.T) {
	cause := errors.New("need 56 bytes, have 12")
	for _, x := range []struct {
		err  *FormatError
		want string
	}{
		{&FormatError{"evt", "EVENTLOGRECORD", "Length", 0x1234, cause}, "evt: EVENTLOGRECORD.Length at offset 0x1234: need 56 bytes, have 12"},
		{&FormatError{"evt", "ELF_LOGFILE_HEADER", "", 0, cause}, "evt: ELF_LOGFILE_HEADER at offset 0x0: need 56 bytes, have 12"},
	} {
		if got := x.err.Error(); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
		err := fmt.Errorf("a.evt: %w", x.err)
		var format *FormatError
		if !errors.Is(err, ErrCorrupt) || !errors.Is(err, cause) || errors.Is(err, ErrInvalid) || !errors.As(err, &format) {
			t.Errorf("%v: not a FormatError, not ErrCorrupt, or not its cause", err)
		}
	}
}

func TestSentinelTexts(t *testing.T) {
	for err, want := range map[error]string{
		ErrMarkGone:   "the remembered place is void: the log was cleared",
		ErrBudget:     "read budget used up",
		ErrOverwrite:  "the log was overwritten faster than it was read",
		ErrLogFull:    "the log is full",
		ErrCorrupt:    "the log is damaged",
		ErrInvalid:    "invalid argument",
		ErrLevel:      "unknown information level",
		ErrBuffer:     "buffer too small",
		ErrHandle:     "invalid handle",
		ErrBackupName: "invalid backup name",
		ErrTooLarge:   "over a limit",
		ErrDiskFull:   "no space left on the disk",
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

func TestProblemOf(t *testing.T) {
	for _, p := range Problems() {
		got, ok := ProblemOf(p.Err)
		if !ok || got != p && got.Code != p.Code {
			t.Errorf("%v: %+v, %v, want %+v", p.Err, got, ok, p)
		}
		got, ok = ProblemOf(fmt.Errorf("srv: %w", fmt.Errorf("System: %w", p.Err)))
		switch {
		case p.Err == io.EOF && ok:
			t.Errorf("a wrapped io.EOF is %+v", got)
		case p.Err != io.EOF && (!ok || got.Code != p.Code):
			t.Errorf("%v, wrapped: %+v, %v", p.Err, got, ok)
		}
	}
	for _, x := range []struct {
		err    error
		code   string
		win32  nt.Win32Error
		status nt.Status
		http   int
	}{
		{io.EOF, "end", 38, 0xC0000011, 200},
		{ErrMarkGone, "mark-gone", 1503, 0xC0000197, 410},
		{ErrLogFull, "log-full", 1502, 0xC0000188, 507},
		{&FormatError{Err: io.EOF}, "damaged", 1500, 0xC000018E, 500},
		{&Loss{Err: ErrOverwrite}, "overwritten", 1503, 0xC0000197, 410},
		{&fs.PathError{Err: syscall.ENOENT}, "not-found", 2, 0xC0000034, 404},
		{&fs.PathError{Err: syscall.EEXIST}, "exists", 80, 0xC0000035, 409},
		{&fs.PathError{Err: syscall.EACCES}, "access-denied", 5, 0xC0000022, 403},
		{os.NewSyscallError("write", syscall.ENOSPC), "disk-full", 112, 0xC000007F, 507},
		{unsupported("clear"), "unsupported", 50, 0xC00000BB, 501},
		{context.DeadlineExceeded, "timeout", 1460, 0xC00000B5, 504},
		{context.Canceled, "cancelled", 1223, 0xC0000120, 499},
	} {
		p, ok := ProblemOf(x.err)
		if !ok || p.Code != x.code || p.Win32 != x.win32 || p.Status != x.status || p.HTTP != x.http {
			t.Errorf("%v: %+v (win32 %d, status %#x), want %+v", x.err, p, uint32(p.Win32), uint32(p.Status), x)
		}
	}
	for _, err := range []error{errors.New("secret"), io.ErrUnexpectedEOF, nil} {
		p, ok := ProblemOf(err)
		if ok || p.Code != "internal" || p.HTTP != 500 || p.Win32 != nt.ErrorInvalidFunction || p.Status != nt.StatusUnsuccessful || p.Err != err {
			t.Errorf("%v: %+v, %v", err, p, ok)
		}
	}
	Problems()[0].Code = "changed"
	if Problems()[0].Code != "end" {
		t.Error("Problems shares the table")
	}
}
