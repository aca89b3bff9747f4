// Package journal makes the changes of a data file durable together: all writes
// and truncations between two Commits are in the file after a crash, or none is.
//
//	data, err := journal.OpenStorage("System.evt", os.O_RDWR|os.O_CREATE, 0o600)
//	…
//	log, err := journal.OpenStorage("System.evt-journal", os.O_RDWR|os.O_CREATE, 0o600)
//	…
//	f, err := journal.Open(data, log, nil)
//	…
//	f.WriteAt(record, off)
//	f.Truncate(size)
//	err = f.Commit(true)
//
// Beside the data file lies a redo journal. A transaction's pages are kept in
// memory; Commit writes what changed as one entry into the journal. The data file
// is written by [File.Checkpoint] alone. Until then, pages of memory lie over it in
// layers, the upper first:
//
//	open transaction   pages of 4 KiB, seen by the writer only
//	active layer       committed in this epoch, its entries in one area of the journal
//	frozen layer       committed in the epoch before, being checkpointed; its entries in the other
//	data file          as the last checkpoint left it
//
// # The journal's layout
//
// Little-endian. Two header slots, then two areas; the entries of epoch e begin at
// the start of area e%2.
//
//	0x0000  header slot 0, 64 bytes and zeros up to 512
//	0x1000  header slot 1
//	0x2000  area 0
//	0x2000 + area size  area 1
//
// The slot in force is the valid one of the higher epoch.
//
//	0x00  8   "NELFJRNL"
//	0x08  4   version, 1
//	0x0c  4   zero
//	0x10  8   epoch: the oldest whose entries count
//	0x18  8   sequence number of its first entry
//	0x20  8   salt, random, new at each Open
//	0x28  8   size of an area
//	0x30  8   size of the data file before that entry
//	0x38  4   zero
//	0x3c  4   CRC-32C of the 60 bytes before
//
// An entry begins on a sector of 512 bytes and is filled up to one with zeros.
//
//	0x00  4   0x454a454e
//	0x04  4   CRC-32C of 0x08 to 0x48
//	0x08  8   salt
//	0x10  8   epoch
//	0x18  8   sequence number, one more than that of the entry before
//	0x20  8   sequence number of the newest entry known to be on the disk
//	0x28  8   least size the data file had in the transaction
//	0x30  8   its size after it
//	0x38  4   length of the body, which is all that follows
//	0x3c  4   number of ranges
//	0x40  4   CRC-32C of the body
//	0x44  4   zero
//	0x48      ranges: offset 8, length 8; ascending, not overlapping
//	…         the bytes of the ranges, in their order
//
// To replay an entry: cut the file to the least size, extend it with zeros to the
// size after it, write the ranges.
//
// # Why it holds
//
// Assumed is that a sector of 512 bytes is written as a whole or not; that a sync
// without an error has written all before it; and nothing of what is not synced:
// each sector of it may be on the disk or not, in any order.
//
// An entry counts if salt, epoch, sequence number and both checksums are what the
// replay expects, so the replay ends at the first entry that is not whole. It
// gives a prefix of the commits. No byte of an entry is written again while its
// epoch counts, so what was synced is in the prefix.
//
// A checkpoint syncs the entries of the frozen layer before it touches the data
// file, and writes the header that voids them after the data file is synced. At
// each moment between, the data file holds, in each of its sectors, what it was or
// what the frozen layer makes of it; the replay from the old header writes all
// sectors that differ, so it gives the same again, however often it is cut off. A
// new header goes into the other slot and is synced before an area is used again:
// whichever slot a crash leaves in force, the entries that it counts are there.
//
// Entries that a crash left behind a missing one never count later: Open goes two
// epochs on, and takes a new salt, before it lets anything be written. The salt
// stands in no data file, so an event whose text looks like an entry is not one.
//
// A torn tail and damage are told apart by the number of the newest synced entry
// that each entry carries: if one is found that was begun when the missing one was
// on the disk already, or one too new for the header, the journal is damaged, and
// Open says where and changes nothing. Damage behind which nothing was written
// cannot be told from a torn tail. Two bad slots are damage, unless the journal is
// nothing but zeros.
//
// After a failed sync the kernel may hold pages as written that are not. So
// nothing is acknowledged any more, and the next Open writes and syncs the
// entries again before it relies on them.
//
// # Limits
//
// A transaction, in pages of 4 KiB, and an entry have to fit Options.MaxDirty. Up
// to three times as much is held in memory, and two more for writing. The journal
// takes twice as much on the disk, reserved when it is opened and given back by
// Close, which leaves it empty: the data file then is complete without it.
//
// Space for a longer data file is reserved before the commit, but the reservation
// is not synced by itself: after a power cut on a full disk Open may have to be
// tried again with more space. A file system that copies on write can run out of
// space in a checkpoint; what was committed stays in the journal, and the next
// checkpoint tries again. On systems without fallocate(2) the data file may be
// longer, by zeros, than what is committed until the next checkpoint.
//
// A data file exchanged under its journal is noticed only if it is too short. Who
// replaces one does so after a Close, when the journal is empty, or removes the
// journal with it.
//
// Locks between processes are the caller's, and so is the privacy of the files.
//
// Of hostile content no length is believed before it was compared with what the
// file has, and memory is bounded by the journal's size.
package journal
