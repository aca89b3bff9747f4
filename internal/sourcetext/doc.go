// Package sourcetext finds the text of events in the message files that their sources
// name, on the machine that it runs on: what an event viewer on Windows does, and what
// the event log service does for its own logs.
//
// A message file is a PE file (.dll, .exe and their like, with the .mui files in the
// folders beside it that are named like languages) or a .mc file of the Message
// Compiler. It is read, never loaded. What it is is decided by its first two bytes.
//
// # Who may make it open what
//
// Whoever registers a source names paths, and that is for administrators. A path
// is opened if it is an absolute one of this machine; one that leads to another
// machine (\\server\share) is not, nor is anything but a regular file. Only
// messages come out of a file.
//
// # Limits
//
// A file has at most MaxFile bytes, .mc text message.MaxSource; MaxHeld bytes of
// messages are kept, of MaxFiles files; beyond, all is forgotten and read again. A file
// that cannot be read, or is damaged, costs the texts in it. Whether a file has
// changed is looked at every Recheck.
package sourcetext
