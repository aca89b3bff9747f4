// Package catalog is the portable catalogue of message files: one SQLite file that
// has the message tables and event providers of any number of DLLs, and says which
// of them the sources of events name. With it an event gets its text on a machine
// that has none of the DLLs.
//
//	c, err := catalog.Open("messages.netelf", nil)
//	…
//	defer c.Close()
//	cursor = eventlog.Resolve(cursor, &selection, c)
//
// A Catalog is an eventlog.Resolver. It also gives categories their text. What has
// no text stays without: the result is eventlog.NotFound.
//
// # Filling
//
// Update adds sources and files in one transaction. The imports read them from
// a folder of DLLs (ImportFolder), exports and hives of the registry (ImportReg,
// ImportHive), the sources that a service has registered (ImportSources), a Windows installation with its
// hives (ImportWindows) and a Windows server (ImportServer), which somebody else has
// connected to. Merge and Export copy between catalogues.
//
// A file is known by its name and by a hash of what was taken from it, so that
// several versions of a DLL stand beside each other. A source names the paths that
// the registry has. Where the import knew which file that was, the source keeps its
// hash and has the texts of that file alone; else those of all files with the
// path's last part as their name, the one added last first.
//
// docs/message-catalogue.md draws the schema.
//
// # Hostile input
//
// Catalogues are shared between people. A file is looked at before SQLite opens it:
// the application id, the version of the schema, and that it asks for no
// write-ahead log. It is opened read-only, its schema must be this one to the
// letter (no views, no triggers), and every value that is read has a limit with
// a name: MaxName, MaxPath, MaxSourceFiles, MaxFileBytes, MaxTables, MaxProviders,
// MaxEvents, MaxDefinitions, MaxMapped, MaxSources, MaxFiles, MaxSize. Tables are decoded by
// package message. No path in a catalogue is ever opened: paths are only compared.
// What is damaged has no text, and Damage says what it was.
package catalog
