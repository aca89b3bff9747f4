// Package evtx reads .evtx files, the event logs of Windows since Vista and Server
// 2008.
//
// The records are binary XML ([MS-EVEN6] 2.2.12, package binxml); the file around
// them is described by libyal's "Windows XML Event Log (EVTX) format", and drawn in
// docs/formats/evtx.md:
//
//	0x0000   file header: ElfFile, numbers of the chunks and of the next record, flags
//	0x1000   chunk of 0x10000 bytes
//	         0x000  chunk header: ElfChnk, record numbers, free space, checksums
//	         0x080  offsets of names and templates by their hash
//	         0x200  record | record | … | free, or remains of older use
//	0x11000  next chunk …
//
// A [Record] is a view over the bytes of its chunk. [Reader] is an eventlog.Log over
// an io.ReaderAt with one chunk a cursor in memory, or a few where
// Options.Parallel lets chunks be decoded ahead:
//
//	r, err := evtx.Open("Security.evtx", nil)
//	…
//	for e, err := range eventlog.All(ctx, r, &eventlog.Selection{Backward: true}) {
//
// # Events
//
// The values of EventData, or of the elements in UserData, are the event's Strings,
// and their names Extra.Names: of user data the attributes too, as element/attribute,
// and Extra.UserData is that element's name. RecordNumber is the number of the
// record in this log; Extra.RecordID is what the event itself calls EventRecordID,
// which is another one in logs of forwarded events and in exported parts of a log.
// TimeGenerated is TimeCreated, and TimeWritten when the record was written. Type
// follows from the level and the keywords. Message is what a RenderingInfo says.
//
// # Damage
//
// A chunk stands for itself: whatever became of others, its records are read. Chunks
// are put in order by the numbers of their records. Checksums of the file, of each
// chunk's header and of its records are compared; what does not agree is said, by a
// Loss item with both values, and read all the same. Where no record begins the
// chunk is searched for the next one, and the numbers that are missing are said. In
// a dirty file the newest chunk is read beyond what its header knows of. With
// Selection.Recovered all other whole records are given too: in the free space of
// chunks, in chunks that are no longer of the log, and where the numbers do not fit.
// Every walk backwards gives what the walk forwards gives, in the opposite order.
//
// # A file that is being written
//
// [Reader.Renew] gives a Reader of the file as it is by then, for who follows what
// another program writes (package files).
//
// # Hostile files
//
// A chunk is never larger than 64 KiB and nothing in it points out of it; the rest
// is bounded by package binxml. Up to [MaxChunks] chunks are read, for each of which
// 24 bytes are kept.
package evtx
