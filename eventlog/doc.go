// Package eventlog is the vocabulary of netelf and the contract between its
// parts: what an event is, how events are selected, how a log is walked and how
// a walk ends. It reads and writes nothing itself. Everything that keeps events
// (an .evt file, a folder of files, the event log service, another machine)
// implements [Log] and [Server]; everything that shows them uses these.
//
// # Words
//
// A record is what lies on disk or on the wire; an event is the neutral form of
// it, [Event]. A log is an ordered set of records with ascending record numbers;
// a server is what keeps logs and what one connects to; the computer is what a
// record says about where it came from. A [Selection] says which events of a log
// are wanted and in which direction. A [Cursor] is one walk over them. A [Mark]
// is a remembered place in a log.
//
// # A walk
//
//	c, err := log.Read(ctx, &eventlog.Selection{Backward: true})
//	…
//	defer c.Close()
//	var e eventlog.Event
//	var out eventlog.Outcome
//	for {
//		err := c.Next(ctx, &e)
//		if out.Note(err); out.Done() {
//			break
//		}
//		if err == nil {
//			use(&e) // e is overwritten by the next Next; Clone keeps one
//		}
//	}
//
// Next answers nil for an event, a *[Loss] for something that is missing at this
// place (the walk goes on), [io.EOF] at the end when all was seen, and any other
// error at an end that came too early. [All] is the same as a range-over-func.
//
// # Selecting
//
// [Expr] is a closed tree of And, Or, Not and Term that one evaluator judges
// against a [View]: a record as it lies there, or an Event. The answer is No,
// Maybe or Yes; Maybe means that it hangs on a field that is not known at this
// stage, such as message text. A log gives what is Yes or Maybe; [Resolve],
// placed once by the outermost reader, finds the text and settles the rest.
//
// # Limits
//
// The package allocates nothing by numbers from outside. Expression trees are
// bounded by [MaxExprDepth] and [MaxExprTerms], which [CheckExpr] enforces for
// trees that come from strangers.
package eventlog
