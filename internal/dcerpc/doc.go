// Package dcerpc is connection-oriented DCE/RPC 5.0, both ends: bytes of stubs in,
// bytes of stubs out. It follows C706 (DCE 1.1: RPC) chapter 12 and [MS-RPCE];
// section numbers without a name are those of [MS-RPCE].
//
//	s := dcerpc.NewServer(dcerpc.ServerOptions{
//		Interfaces: []dcerpc.Interface{{ID: eventlogID, New: newHandler}},
//		Auth:       map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism{dcerpc.AuthNTLM: newNTLM},
//		Authorize:  func(p *dcerpc.Peer, _ dcerpc.SyntaxID) error { … p.AuthLevel … },
//	})
//	err := s.Serve(ctx, listener)
//
//	c, err := dcerpc.Dial(ctx, conn, &dcerpc.ClientOptions{Interface: eventlogID})
//	out, err := c.Call(ctx, op, in)
//
// # What it speaks
//
// A message is a PDU, a call's message is one PDU or several, its fragments.
//
//	0x00  1  rpc_vers 5
//	0x01  1  rpc_vers_minor 0 or 1
//	0x02  1  PTYPE
//	0x03  1  pfc_flags: 01 first, 02 last fragment, 04 header signing, 80 object UUID …
//	0x04  4  drep: 10 00 00 00 little-endian, 00 00 00 00 big-endian
//	0x08  2  frag_length, of all
//	0x0a  2  auth_length, of the token
//	0x0c  4  call_id
//	0x10     body, by PTYPE; of a request
//	         4 alloc_hint, 2 p_cont_id, 2 opnum, 16 object UUID if flagged, stub
//	…        auth_pad_length bytes of padding, then the sec_trailer
//	      1  auth_type
//	      1  auth_level
//	      1  auth_pad_length
//	      1  reserved
//	      4  auth_context_id
//	…        auth_length bytes: a token of the authentication, or the signature
//
// The transfer syntax is NDR 2.0. Either byte order is taken, and answered in. A
// connection has one security context and one call at a time: neither concurrent
// multiplexing nor security context multiplexing is offered. An orphaned call is
// dropped and the connection kept, and the bind-time feature negotiation says so.
//
// With header signing, a signature covers header, body and sec_trailer; without,
// stub and padding. Some mechanisms sign all of it anyway: see [HeaderSigner].
// Faults are not signed, as Windows and Samba do not sign theirs.
//
// # Limits
//
// A PDU has at most 65,535 bytes by its own field, and a fragment of a call no more
// than was negotiated. A server's connection holds one call of up to
// [ServerOptions].MaxCallSize, and one fragment. Hints of the peer about sizes are
// not looked at. What does not verify is not delivered: it ends the connection.
package dcerpc
