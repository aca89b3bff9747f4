// Package even is MS-EVEN, the protocol by which Windows NT and its successors
// read, write and manage event logs over the network: interface
// 82273fdc-e32a-18c3-3f78-827929dc23ea version 0.0, over [MS-RPCE] in NDR 2.0.
// Section numbers are those of [MS-EVEN], version 20240423.
//
//	s := dcerpc.NewServer(dcerpc.ServerOptions{
//		Interfaces: []dcerpc.Interface{even.NewHandler(even.HandlerOptions{For: who})},
//	})
//
// The Handler serves any eventlog.Server: the service, a folder of files, another
// machine. What of it the caller may do is decided by that Server alone.
//
// The Client is an eventlog.Server over another machine's: Windows, Samba, netelf.
// Dial has what it needs to know. A name that the server's registry does not list
// is never opened, and what a server leaves out, overwrites or clears during a walk
// is said.
//
// # What it answers
//
//	0 12  ElfrClearELFW, A          10 17  ElfrReadELW, A
//	1 13  ElfrBackupELFW, A         11 18  ElfrReportEventW, A
//	2     ElfrCloseEL               22     ElfrGetLogInformation
//	3     ElfrDeregisterEventSource 23     ElfrFlushEL
//	4     ElfrNumberOfRecords       24     ElfrReportEventAndSourceW
//	5     ElfrOldestRecord          25 26  ElfrReportEventExW, A
//	6     ElfrChangeNotify
//	7 14  ElfrOpenELW, A
//	8 15  ElfrRegisterEventSourceW, A
//	9 16  ElfrOpenBELW, A
//
// Each answers an NTSTATUS, by the table of package eventlog. 19 to 21 are not used
// on the wire, and like numbers from 27 a fault, nca_s_op_rng_error.
//
// # As Windows does it
//
// A log name that is not known opens Application (3.1.4.3), and so does one with a
// slash, which no name in this protocol can have. Through such a handle nothing is
// cleared or backed up: whoever mistypes a name would hit another log. ElfrFlushEL
// answers STATUS_ACCESS_DENIED and ElfrChangeNotify STATUS_INVALID_HANDLE, always.
// A buffer that is read into is transmitted whole, however little is in it, because
// that is what its NDR type says. Record numbers are the lower 32 bits of the log's.
//
// ElfrClearELFW without a backup: BackupFileName is null, or a string without a
// buffer, as Windows' own client sends it.
//
// # Differently
//
// Backups lie in one directory of the server. Of the name of one, an NT object path
// as \??\C:\folder\name, the last part counts; what has another form, or could mean
// another machine, a device or a stream, is STATUS_OBJECT_PATH_SYNTAX_BAD, whatever
// there is. RecordNumber and TimeWritten of a report are those of the record, as
// 3.1.4.13 wants it; Windows since Vista leaves them as they were. In the A forms,
// text is of code page 1252, and a character that it does not have is a question
// mark.
//
// # Hostile input
//
// Stubs that are no NDR, or not of the types that the operation has, answer a fault
// (RPC_X_BAD_STUB_DATA). Context handles are random, belong to the association that
// opened them, end with it, and are bounded in number. Buffers are bounded by
// 0x7ffff bytes, reports by 256 strings and 61,440 bytes of data. Errors do not tell
// more than their status; what the table does not know is logged.
package even
