// Package results asks many servers one question and keeps the answer, so that it can
// be paged through, counted and drawn while it is still coming.
//
//	store := results.NewStore(nil)
//	r, err := store.Create(caller, &results.Query{Targets: targets, Selection: sel})
//	…
//	page, err := r.Page(ctx, &results.PageQuery{Rank: 0, Rows: 100})
//	bars, err := r.Histogram(time.Time{}, time.Time{}, 200)
//	ids, err := r.Facet(results.Field{Field: eventlog.FieldCode}, 20, 5)
//	version, err := r.Wait(ctx, page.Version) // and again
//
// A [Result] walks over all logs of all its servers by scan.Each and keeps 32 bytes of
// each event that matches, and nothing of the others. Events themselves stay where they
// are: a page reads those that it shows again by their record numbers, and a row whose
// event is gone says so and never shows another one.
//
// # Order and rank
//
// Rows stand newest first, by (TimeWritten, server, log, record) descending: exactly as
// package scan merges them backwards. What is kept of each log is a run in that order.
// The row of a rank is found by bisecting all runs at once; of each block of 128 keys
// sixteen bytes are in memory, so that few blocks have to be read for it.
//
// # While it is coming
//
// Everything can be asked for from the beginning. Each answer has the version of the
// result that it is of, and [Result.Wait] waits for another one. As servers come at
// different paces, rows come in between: a page names the servers that may still put
// some before its last row, and is to be asked for again when the version has changed.
// Counts only grow. A row is named by an Anchor, which stays the same while its rank
// changes.
//
// # What is exact
//
// Counts, ranks and pages are. So are histograms, except of a result without bounds in
// time that is still coming: there nobody knows yet what the buckets are, and events
// are counted in slots of time that are wider than one tick. Facets are exact up to
// 10,000 values of a field; beyond that they say how much each count may be short.
//
// # Limits
//
// A store bounds how many results a caller and all have, how long they live, and how
// much of the disk they take; a result that has no more room stops, and says how far it
// has come with each server. In memory a result has up to 4 KiB of keys a log, some
// hundred events for the first page, and its facets. The other keys lie in a temporary
// file that has no name, so that nothing is left of it behind a crash. What is read from
// there is this process's own; a file that was damaged meanwhile gives wrong rows or an
// error and no panic.
//
// # Who sees it
//
// Whoever has created it: [Store.Get] finds a result only for a caller of the same name
// with the same SIDs and the same mask, since the events were read with these rights.
package results
