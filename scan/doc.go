// Package scan reads many servers at once and gives what it finds as one list in
// the order of time, with an outcome for every server and every log.
//
//	c := scan.Open(ctx, []scan.Target{
//		{Name: "bedrock", Open: openBedrock},
//		{Name: "barney", Open: openBarney, Logs: []string{"System"}},
//	}, &eventlog.Selection{Since: since}, &scan.Options{Timeout: 30 * time.Second})
//	defer c.Close()
//	var e eventlog.Event
//	for {
//		…                   // c.Next, as with any eventlog.Cursor
//	}
//	for _, o := range c.Outcomes() {
//		fmt.Println(o.Target, o.State, o.Err)
//	}
//
// # Order
//
// Events come by (TimeWritten, server, log, record), ascending; with
// Selection.Backward by the same key descending. TimeWritten is compared in
// ticks of 100 ns, which is the finest that any format holds; server is the
// target's name and log the log's name in it, both compared byte by byte; two
// targets of one name stand in the order in which they were given. That breaks
// every tie, so the order does not hang on who answered first.
//
// The merge streams: it compares the next event of each log and never sorts
// inside one, so a log's own order is always kept. Where the clock of a server
// stepped back, TimeWritten steps back within its log, and events of other logs
// stand around that place as the walk came upon it. Backward is the exact reverse
// of forward as long as no log's TimeWritten steps back.
//
// An event is given only when every log that still lives has its next event
// ready, or is over. A *eventlog.Loss comes directly behind the event that its
// log gave before it, ahead of everything if there was none; so between one that
// is Partial and the event that it is about there may be events of other logs.
//
// # Trouble
//
// One server's trouble is its own outcome: what cannot be opened, does not answer
// in time or breaks off ends its part, and the rest goes on. Next answers
// [ErrIncomplete] at the end instead of io.EOF when there was any.
//
// A connection that breaks off in the middle of a walk (eventlog.Unreachable) is
// made again once: the server is opened a second time, and the log goes on at the
// place that it had come to, so that nothing is given twice and nothing is left
// out. Outcome.Broke says so. What is written to a log that is read forwards in
// the meantime may come as well.
//
// Timeout and Deadline count the time in which a server is waited for. The time
// that the merge waits for other servers, and that a reader takes for what it was
// given, is nobody's.
//
// A credential that a server refuses is not tried at the next one: [Credentials].
//
// # Paging
//
// Limit counts over the whole merge. Budget counts for each log; the first log
// that uses it up ends the walk with eventlog.ErrBudget, since nothing may be
// given beyond a place up to which one log has not been read. In both cases
// AppendMarks says where a later walk goes on, and the pages are together the
// same list as one long walk.
//
// # Limits
//
// Events are decoded ahead in batches of up to 512, and up to Options.Ahead or about
// 8 MiB in all, whatever the length of the logs; of each log two batches of some events.
// A target has at most [MaxLogs] logs. Each target has a goroutine.
//
// # Without a merge
//
// Each gives what each log has as soon as it is there, log by log, for those who count
// it or put it in order later. Ask opens the servers for what is not in their logs.
//
// # Following
//
// Follow waits for what is written, and gives it in the order in which it comes.
// What breaks off is tried again from where it was.
package scan
