// Package service keeps event logs in a data directory, by the rules of Windows NT:
// circular .evt files of a set size, retention, sources with message files, access
// rules, backups, and an audit trail in Security. It is what 'netelf serve' runs and
// what dir:PATH opens.
//
//	s, err := service.Open("/var/lib/quarry", nil)
//	…
//	defer s.Close()
//	srv := s.As(service.Local("/var/lib/quarry", ""))
//	r, err := eventlog.RegisterSource(ctx, srv, "Crusher")
//	…
//	last, err := r.Report(ctx, &eventlog.Event{ID: 7, Type: eventlog.Error, Strings: []string{"belt 3"}})
//
// # Who asks
//
// A Service answers nobody by itself. [Service.As] is it as one caller sees it, an
// eventlog.Server: what each call may do is decided by the rules of the log alone, in
// that one place, whatever door the caller came through. [Local] is the user of this
// process.
//
// # What is guaranteed
//
// A report is answered when its events are as durable as [Options].Sync says: with
// SyncAlways they are on the disk, and there after a power cut. After the end of the
// process nothing is lost in any way of Sync, and the next Open needs no repair.
// docs/data-directory.md has the files, the order in which they are written, and what
// a crash can leave.
//
// # Who may be in it at once
//
// Open takes the directory alone, with ReadOnly it shares it with others that read
// and writes nothing; otherwise it is [ErrInUse]. A Service and all that comes of it
// may be used by many goroutines: reports that come together share a sync.
//
// # What is damaged
//
// A catalogue, journal or log with something else in it than was written is an
// *eventlog.FormatError that names the place. A log that cannot be opened keeps none
// of the others from it.
package service
