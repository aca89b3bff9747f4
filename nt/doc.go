// Package nt is the vocabulary that every format and protocol of Windows shares:
// security identifiers, GUIDs, its two clocks, its little-endian UTF-16 and its
// two families of error numbers.
//
// It reads and writes what these specifications define:
//
//	SID        MS-DTYP section 2.4.2 (text 2.4.2.1, binary 2.4.2.2, well-known 2.4.2.4)
//	GUID       MS-DTYP section 2.3.4 (binary 2.3.4.2, text 2.3.4.3)
//	Filetime   MS-DTYP section 2.3.3, 100 ns since 1601-01-01 UTC
//	Time32     the 32-bit seconds since 1970-01-01 UTC of MS-EVEN section 2.2.3
//	IsDevice   the names that Windows keeps for devices
//	UTF-16LE   RFC 2781 section 2, with replacement of what it does not allow
//	Status     MS-ERREF section 2.3, NTSTATUS
//	Win32Error MS-ERREF section 2.2
//
// A SID as it stands in a record, and back:
//
//	sid, n, err := nt.DecodeSID(b)       // "S-1-5-18", 12 bytes used
//	fmt.Println(sid.Name())              // NT AUTHORITY\SYSTEM
//	b, err = sid.AppendBinary(b[:0])     // the same 12 bytes
//
// Everything here is a pure function of its arguments: no files, no network, no
// clock, no locale, and no state but constant tables. SIDs of accounts are not
// resolved; only the names that are the same on every Windows are known, in
// English.
//
// # Hostile input
//
// No function panics on input, and none allocates by a number that the input
// claims. A SID has at most [MaxSubAuthorities] sub-authorities and its text at
// most 184 characters; a count that promises more than the bytes at hand is an
// error that says what is there and what is needed. Text in UTF-16 never fails:
// an unpaired surrogate becomes U+FFFD and an odd last byte is dropped, since a
// damaged record must still be shown. Every value of a [Filetime] is a time, but
// those from the year 10000 on do not pass [time.Time.MarshalJSON].
package nt
