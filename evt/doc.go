// Package evt reads and writes .evt files, the event logs of Windows NT 3.1 to
// Server 2003, as netelf's own service keeps them too.
//
// The structures are ELF_LOGFILE_HEADER, EVENTLOGRECORD ([MS-EVEN] 2.2.3) and
// ELF_EOF_RECORD; docs/formats/evt.md draws them. A file is a header of 0x30 bytes
// and a ring behind it, in which the newest record overwrites the oldest:
//
//	0x00   header: LfLe, offsets of the oldest record and of the EOF record, numbers, flags
//	0x30   …newer records | EOF record | slack (remains) | oldest record …| body of the last
//	       ^ a body that began at the file's end may go on here
//
// A [Record] is a view over bytes. [Reader] is an eventlog.Log over an
// io.ReaderAt with one bounded, reused buffer a cursor:
//
//	r, err := evt.Open("SysEvent.Evt", nil)
//	…
//	for e, err := range eventlog.All(ctx, r, &eventlog.Selection{Backward: true}) {
//
// # Damage
//
// Files come dirty (copied while Windows wrote them), wrapped, cut off, with
// stretches of zeros or of something else. Where no record begins, the reader
// searches for the next signature, says what is missing there by a Loss item with
// the offset and the record numbers, and goes on. Record numbers that cannot be
// right are not believed. With Selection.Recovered it also gives what the log
// itself no longer reaches: records in the slack between the newest and the
// oldest, in damaged stretches, and in pieces without any header. Every walk
// backwards gives what the walk forwards gives, in the opposite order.
//
// # A file that is being written
//
// [Reader.Renew] gives a Reader of the file as it is by then, for who follows what
// another program writes (package files); [ReadLive] is for a log that this process
// writes.
//
// # Hostile files
//
// No length is believed before the bytes are there, no record is longer than
// [MaxRecordSize], every step of a walk moves on, so that time is linear in the
// file's size, and memory does not grow with it.
package evt
