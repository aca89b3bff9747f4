// Package winreg reads and sets a server's registry over DCE/RPC ([MS-RRP], the
// interface 338cd001-2244-31f1-aaaa-900038001003 on \pipe\winreg), and of it what
// MS-EVEN has no calls for: which logs there are, how big they may grow and how long
// they keep what, and which sources have which message files.
//
//	r, err := winreg.Dial(ctx, pipe, &dcerpc.ClientOptions{Mechanism: …})
//	names, err := r.Logs(ctx)
//	l, err := r.Log(ctx, "System")       // l.MaxSize, l.Retention
//	list, err := r.Sources(ctx, "System")
//
// The logs are the keys below SYSTEM\CurrentControlSet\Services\EventLog, and the
// sources of a log are the keys below its own.
//
// # Hostile servers
//
// A name has at most 255 characters and a value at most 1 MiB; there are at most 4,096
// logs, and 65,536 keys below one. What a server answers is compared with what was
// asked for: a value that does not fit the buffer that was offered is an error, and
// so is text of an odd number of bytes, or a number that has not four. Names come as
// they are, and may have any character but zero and the backslash; whoever shows them
// must see to that. Paths of message files are text: nothing is opened by them.
package winreg
