// Package files makes an eventlog.Server of an .evt or .evtx file, or of a folder
// of them.
//
//	srv, err := files.Open("/mnt/evidence", nil)
//	…
//	defer srv.Close()
//	infos, err := srv.Logs(ctx)                        // one for each file
//	log, err := srv.OpenLog(ctx, "bedrock/SysEvent.Evt")
//	names := srv.Match("System")                       // bedrock/SysEvent.Evt, barney/System.evt
//
// # What is a log
//
// A file that is named itself is one log, whatever it is called. In a folder, and
// in all folders below it, a log is every file that is called .evt or .evtx, in any
// case, or that begins like such a file. Which of the two it is is said by its first
// bytes, and where they are damaged by its name. Links to files are followed, but one to a
// file that is there anyway is not read a second time. Links to folders are not
// followed, so there are no loops. What is neither file nor folder (a FIFO, a
// device) is never opened. Nothing is ever opened for writing.
//
// [Server.Skipped] says what in a folder was left out, and why.
//
// # Names
//
// A log of a folder is called by its path below the folder, with slashes; the
// Origin of its events is that, and the folder as it was given. A file that is
// named itself is called by its path as it was given, and its Origin has no
// server. Only names that were found when the folder was opened can be opened,
// so no name leads out of it. Names are as they are on disk, with whatever
// control characters: who prints one escapes it.
//
// # Trouble
//
// A file that cannot be read is a log all the same, and opening it says why. A
// folder that cannot be read, or is too deep, stands among the logs by its name
// and a slash at the end, and opening it says why; "/" stands for what lies
// beyond the limits. Nothing is left out silently.
//
// # Following
//
// A log of a file can be followed (eventlog.Follow) while another program writes it.
// The file is looked at by its name, at the pace of Options.PollMin and PollMax; a
// look reads what says whether anything came, and what came. Events come once, in
// the order of their numbers; what is damaged or overwritten is a *eventlog.Loss,
// once, when it is sure that it is not just being written; so is that the log was
// cleared (eventlog.ErrMarkGone), behind which it goes on with the oldest record. A
// file that was replaced is opened anew. One that is gone, or is no log any more, for
// some time ends the walk. Which logs a folder has is not looked at again.
//
// # Limits
//
// Folders are followed [MaxDepth] deep, and of at most [MaxEntries] entries at
// most [MaxLogs] logs are taken. At most Options.MaxOpen files are open at a
// time, however many logs are: a file is opened when it is read, and the one not
// used for longest is closed. If one that is opened again is not the same file
// with the same size and time any more, reading it is [ErrChanged]; of one that is
// followed only the file must be the same.
package files
