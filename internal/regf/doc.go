// Package regf reads registry hives: the files in which Windows keeps its registry,
// such as System32\config\SYSTEM, with the transaction logs beside them.
//
//	h, err := regf.Open(f, size, &regf.Options{Logs: logs})
//	root, err := h.Root()
//	k, err := root.Key(`ControlSet001\Services\EventLog`)
//	for below, err := range k.Keys() { … }
//	v, err := below.Value("EventMessageFile")
//
// The format is that of M. Suhanov, "Windows registry file format specification", and of
// J. Metz, "Windows NT Registry File (REGF) format"; docs/formats/regf.md draws it. Hives
// of the versions 1.2 to 1.6 are read, of Windows NT 3.5 and later. Nothing is written:
// what transaction logs say is laid over the file in memory.
//
// # Hostile input
//
// Nothing is allocated by a number that the hive claims before it was compared with
// what the file has. A key is given only where it names the key that lists it as its
// parent, so that what is given is a tree, at most MaxDepth deep; a list that has the
// same thing twice gives it once. Limits have names: MaxDepth, MaxKeys, MaxValues,
// MaxData, MaxLog, MaxReplayed, MaxErrors.
//
// What is damaged is an error that names the place (*eventlog.FormatError), in a range
// as an item of it; the rest is given. What can be read in spite of it, as a base
// block whose checksum is wrong, is said by Damage.
package regf
