// Package query is the languages that people ask for events in: text to
// eventlog.Expr and back. It parses, prints and splits trees; what a tree selects
// is decided by eventlog.Expr.Match alone.
//
// [Parse] takes any of three and knows which it is by how it begins:
//
//	level<=2 source:dc* -id:4625 since:8h "logon failure"      the small language
//	*[System[EventID=4625] and EventData[Data='bob']]          XPath of Windows' event queries
//	<QueryList><Query><Select Path="Security">*</Select>…      structured XML queries and views saved by Event Viewer
//
// docs/query.md describes all three, with a grammar and what Windows does
// otherwise. XPath and QueryList are those of Microsoft's pages "Consuming Events"
// and "Query Schema" (Windows Event Log), without a bound on the number of clauses
// but that of the tree.
//
// [Format] prints a tree in the small language; Parse of it gives an equal tree.
// There is no tree that it cannot say. [Split] lifts bounds on time and record out
// of a tree, [Complete] says what can stand at a place of a text.
//
// # Limits
//
// A text has at most [MaxText] bytes and nests at most [MaxNesting] deep, a tree is
// bounded by eventlog.CheckExpr. XML has no document type, no entities of its own
// and elements up to 32 deep. Nothing that a text names is opened. What is wrong is
// an [*Error] with its place. The clock is not read: a text that counts from now
// needs Options.Now.
package query
