//go:build interop

// Package interop holds tests against foreign programs: what netelf writes must
// be read by them, and what they write by netelf. They are built with the tag
// interop:
//
//	go test -tags interop ./interop
//
// A test skips where its program is missing and says what to install; where the
// environment has CI=true that is a failure. Real logs of Windows are sought in
// the folder that NETELF_CORPUS names, or else in ../../shared/corpus; a test that
// wants one skips where it is missing.
package interop
