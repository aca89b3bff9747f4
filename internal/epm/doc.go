// Package epm asks an endpoint mapper for the TCP port of an interface, and is a
// small one: the interface e1af8308-5d1f-11c9-91a4-08002b14a0fa 3.0 of C706 appendix
// O with the changes of [MS-RPCE] 2.2.1.2, which listens on port 135.
//
//	addr, err := epm.Map(ctx, conn, eventlogID) // conn to port 135; addr "10.0.0.7:49152"
//
//	s := dcerpc.NewServer(dcerpc.ServerOptions{
//		Interfaces: []dcerpc.Interface{epm.Interface(epm.Entry{Interface: eventlogID, Port: 49152})},
//	})
//
// An endpoint travels as a tower of floors (C706 appendix L), always little-endian:
//
//	2  number of floors
//	   of each: 2 length and left side (the protocol), 2 length and right side (its data)
//	   1  0d, interface, major version   minor version
//	   2  0d, NDR, major version         minor version
//	   3  0b, connection-oriented RPC    minor version
//	   4  07, TCP                        port, big-endian
//	   5  09, IP                         IPv4 address
//
// The server answers ept_map, ept_lookup and ept_lookup_handle_free for a fixed list
// of TCP endpoints; other operations are out of its range. It asks for no
// authentication, as no endpoint mapper does, and gives nothing but the list. A tower
// has at most 4,096 bytes and 32 floors, an answer 500 entries, and a connection 8
// lookups that have not come to their end.
package epm
