// Package webtest has an HTTP API that makes its events up, for the page to be looked
// at, tested and measured: results of any size, of which everything about a row
// follows from its number.
//
// Words in a query make it behave: "slowly" is a result that grows when it is told to,
// "none" has no events, "gone" has rows whose events are gone, "levle" is misspelled.
// The rest is told by PUT /fake, and what was asked of the API can be had by GET /fake:
// a test in a browser needs nothing else. It is no part of netelf.
package webtest
