// Package logtest is the contract of [eventlog.Log] as a test: a fixture of
// events, a table of selections with the record numbers that each must give,
// and [Run], which holds an implementation to both. Whatever keeps events, it
// must answer alike.
//
//	func TestContract(t *testing.T) {
//		logtest.Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
//			return openLogWith(t, events)
//		})
//	}
//
// The fixture holds only what a record of a classic .evt file can say (times in
// whole seconds, no names, no text). The expected numbers are written by hand
// and not computed by the evaluator.
//
// [RunLevels] is the same for logs that keep levels in place of types.
//
// [EVTX] makes .evtx files of events, and [BinXML] the binary XML in them, for
// tests of what reads such files.
//
// [Memory] is the plain implementation over a slice, which tests the table
// itself and which other packages walk in their tests.
package logtest
