// Package ndr decodes and encodes what remote procedure calls carry, in the
// transfer syntax NDR 2.0 (C706 chapter 14, with the types of [MS-DTYP]): bytes
// in, values out. It knows of no call; those that do write down their parameters
// in order, once for the Reader and once for the Writer.
//
//	r := ndr.NewReader(stub, binary.LittleEndian, "ElfrOldestRecord")
//	h := r.Field("LogHandle").ContextHandle()
//	if err := r.Err(); err != nil …
//
// # Pointers
//
// A reference pointer of a parameter is not transmitted: what it points to stands
// in its place. A unique pointer is a referent id, 0 for null, and what it points
// to stands right behind it where it is a parameter, but behind the whole
// structure or array where it is embedded in one. Defer puts that off, and Flush,
// called where the outermost structure ends, does what was put off: in the order
// in which the pointers stand, and what is put off meanwhile before the next of
// them. RPC_UNICODE_STRING and RPC_STRING have such a pointer, so a parameter that
// is one ends with Flush.
//
// # Hostile input
//
// The Reader keeps the first error and its offset; what is read after it is zero
// and costs nothing. Every count is compared with the bytes that are left, and
// with the caller's limit, before it is used: nothing is allocated by a number
// that the input claims. Where the specification lets two fields say the same
// (MaximumLength and the maximum count of the array), they must agree. Text
// is UTF-16 with replacement of what is none. Bytes behind the last parameter are
// left alone, as in Windows.
package ndr
