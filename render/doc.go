// Package render turns events into text: a table for people, the line of the
// scripts of Windows NT, NDJSON, CSV (RFC 4180) and the XML of the Windows event
// schema ([MS-EVEN6] 2.2.13); and NDJSON back into events.
//
//	w, err := render.New(os.Stdout, render.Table, &render.Options{Location: time.Local, Width: 120})
//	…
//	for e, err := range eventlog.All(ctx, log, nil) {
//		…
//		err = w.Write(e)
//	}
//	err = w.Close()
//
// A [Writer] holds back up to 64 KiB; follow flushes after each event. The
// append functions under it ([AppendJSON], [AppendClassic], [AppendXML]) are
// pure and do not allocate where there is room.
//
// # Hostile text
//
// Whoever may write to a log, or send a file of one, chooses every text in it. No
// output lets through what moves a cursor, starts an escape sequence, changes the
// direction of the text around it, or cannot be seen: C0, DEL and C1 controls,
// all format characters (Unicode's Cf: U+202A to U+202E, U+2066 to U+2069,
// U+200B to U+200F, U+061C, U+FEFF, tags …), U+2028, U+2029, and noncharacters.
// A byte that is not UTF-8 becomes U+FFFD.
//
//	table    \x1b, \u202e, \U000e0041; a run of line ends and tabs is one space
//	classic  the same, but line ends and tabs are \x0a, \x0d, \x09
//	json     \u001b, \u202e, \udb40\udc41
//	csv      as classic, but tabs and line ends are kept, in quotation marks; a
//	         carriage return alone is \x0d
//	xml      &#x202e;; what XML 1.0 has no way to say is U+FFFD
//
// A backslash stays as it is in table and classic, so what is shown can be
// ambiguous there; json is exact. A text cell of csv that begins with = + - @, one
// of their full-width forms, a tab or a line end has an apostrophe before it, so
// that no spreadsheet computes it (CWE-1236).
//
// # Table
//
// One line an event under a header, in columns that begin with a sensible width
// and grow with what comes. What is empty is "-". Where there is no message text
// the strings stand in for it, joined by ", ", with their names if they have some. A ~ before the record number marks
// a recovered record: found in slack space or a damaged stretch, no longer
// reached by the log itself; without that column it stands before the line. The
// colour of the type repeats what its word says.
//
// On a terminal cells and lines are cut, which an ellipsis says: the message keeps
// a third of the width, or two sevenths where the others would be of no use without
// the difference, and the others share the rest. Where that is too little
// for the least that each begins with, the computer is left out, and then the
// record number, unless they are asked for. Times and numbers are never cut. Of a
// path its end is kept, of a server's log the beginning and the end. Below 100
// columns there is one space between columns, else two.
//
// # JSON
//
// One object a line, its keys in this order:
//
//	key            value
//	server         string, as the user named it; not there for a file
//	log            string, the log's name in its server, a file's path
//	record         number, up to 64 bits; not there if unknown
//	time           string, when the source submitted it: RFC 3339, UTC, as many
//	               digits of the fraction as there are; not there if unknown
//	time_written   string, when the log took it, the same
//	id             number, the low 16 bits of event_id
//	event_id       number, 32 bits, not signed
//	type           string: "error", "warning", "information", "audit success",
//	               "audit failure", "success"; a number if it is none of these
//	level          string: "log always", "critical", "error", "warning",
//	               "information", "verbose"; a number if it is none of these
//	category       number
//	source         string
//	computer       string, as the record says
//	user           string, the SID; not there if there is none
//	user_name      string, only for SIDs that have the same name everywhere
//	strings        array of strings
//	data           string, base64; not there if empty
//	message        string; not there if there is no text
//	message_by     string: "event", "server", "catalogue", or "not found"; not
//	               there if nobody looked
//	category_name  string, the text of category; not there if there is none
//	recovered      true, or not there
//	offset         number, of the record in its file; not there if there is none
//	provider_guid  string in braces
//	keywords       string, "0x80000000000000"
//	task           number
//	opcode         number
//	version        number
//	process_id     number
//	thread_id      number
//	activity_id    string in braces
//	related_activity_id  the same
//	channel        string
//	record_id      number, what the event itself calls EventRecordID
//	event_source_name  string, under which its provider writes to the old interface
//	user_data      string, the element in UserData that strings are from
//	data_name      string, EventData's own Name
//	names          array of strings, the names of strings; "" where one has none
//	xml            string, the event's own XML
//	raw            string, base64, the record as stored
//
// From provider_guid on they are what only formats beyond .evt know, and are not
// there if zero or empty. Years outside 0 to 9999 have a sign and six digits, as
// ISO 8601 and ECMAScript write them; RFC 3339 has no way to. Fields limits which
// keys are written, not their order. [ParseJSON] gives back every field, but for
// Origin.Channel and bytes that were not UTF-8.
//
// # CSV
//
// A header line, CRLF, strings and names joined by "|", with \| and \\ for these
// two characters in them. Bytes are hexadecimal.
//
// # XML
//
// One Event element a line inside Events. An event that brings its own XML is
// shown by that, taken apart and written anew. For the others the channel is what
// the event names; or else what its log is known to be of (Origin.Channel); or
// else the log's name, a file's without its folder. Keywords are those that Windows gives
// to events of the old interface: 0x80000000000000, with the audit bits
// 0xa0000000000000 and 0x90000000000000. Strings of UserData stand in its element,
// under their names.
//
// # Limits
//
// What a Writer keeps from one event to the next is one buffer, which is let go
// when an event made it larger than 1 MiB, and for json the texts of up to 256
// kinds of events, of at most 512 bytes each. Own XML is used up to 64 levels and 64
// attributes an element; ParseJSON skips unknown values up to 64 levels.
package render
