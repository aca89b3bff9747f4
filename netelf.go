// Package netelf is the NetElf API, the event log functions of Advanced Server
// for UNIX, over any eventlog.Server: the event log service of a machine, a
// folder of .evt files, another machine. The package's name is the functions'
// prefix: NetElfOpenEventLog is [OpenEventLog], NetElfReadEventLog is
// [ReadEventLog], and so on for all sixteen. Where those take a server's name,
// these take a context and the Server.
//
// # Two forms
//
// The functions are the form for programs that are ported: a [Handle], flags, a
// buffer of the caller's that is filled with EVENTLOGRECORD structures
// ([MS-EVEN] 2.2.3), errors that are Win32 codes. The handles are ordinary
// values with methods, and those are the form for new programs:
//
//	h, err := netelf.OpenEventLog(ctx, srv, "System")
//	…
//	defer h.Close()
//	for e, err := range h.Records(ctx, netelf.ForwardsRead, 0) {
//
// A Go program that only wants to log needs two lines, see [NewHandler]:
//
//	src, err := netelf.RegisterEventSource(ctx, srv, "MyService")
//	log := slog.New(netelf.NewHandler(src, nil))
//
// # Errors
//
// Every error is an [*Error]. errors.Is finds in it both what the contract has
// for it (fs.ErrNotExist, eventlog.ErrLogFull, io.EOF, …) and its Win32 code
// (nt.ErrorFileNotFound, nt.ErrorLogFileFull, nt.ErrorHandleEOF, …).
//
// # Units
//
// Record numbers are those of the log, 64 bits wide; in an EVENTLOGRECORD stands
// the lower half. Times in it are seconds since 1970 UTC. MaxSize of
// [EventLogInfo1] is in KB, Retention in seconds; eventlog.Info and
// eventlog.Settings have bytes and durations.
//
// # Limits
//
// A report has at most [MaxReportStrings] strings and [MaxReportData] bytes of
// data. No record is longer than evt.MaxRecordSize, so that a buffer of that size
// holds any. What a server says is checked before it is handed on as an
// EVENTLOGRECORD.
package netelf

import (
	"errors"

	"netelf.example/eventlog"
)

// Limits of a report, those of Windows NT ([MS-EVEN] 3.1.4.13, ElfrReportEventW).
const (
	MaxReportStrings = 256   // strings of one event
	MaxReportData    = 61440 // bytes of data of one event
)

// Handle is what the functions take: an [*EventLog], an [*EventSource] or an
// [*EventLogDetail]. One of the wrong kind, a nil one and one that was closed are
// ERROR_INVALID_HANDLE.
type Handle interface {
	// Close is CloseEventLog, DeregisterEventSource or CloseEventLogDetail,
	// whichever the handle is for.
	Close() error

	handle()
}

func (*EventLog) handle()       {}
func (*EventSource) handle()    {}
func (*EventLogDetail) handle() {}

// as is h as the kind of handle that the function fn takes.
func as[T interface {
	Handle
	comparable
}](fn string, h Handle) (T, error) {
	t, ok := h.(T)
	var none T
	if !ok || t == none {
		return none, &Error{Func: fn, Err: eventlog.ErrHandle}
	}
	return t, nil
}

var (
	errNoServer = errors.New("no server given")
	errNoName   = errors.New("no name given")
)

// checkOpen is what is wrong with the arguments of a function that opens.
func checkOpen(srv eventlog.Server, name string) error {
	switch {
	case srv == nil:
		return invalid(errNoServer)
	case name == "":
		return invalid(errNoName)
	}
	return nil
}
