// Package krb5 authenticates with Kerberos 5 and protects messages afterwards, as
// [RFC 4120], [RFC 4121] and [MS-KILE] say. It has both sides:
//
//	c, err := krb5.NewClient(krb5.ClientOptions{Config: "/etc/krb5.conf", Cache: "/tmp/krb5cc_0"})
//	t, err := c.Ticket(ctx, "host", "bedrock.quarry.example")
//	i := krb5.NewInitiator(t, krb5.DCE, true)
//	request, _, err := i.Step(nil)      // AP-REQ; then AP-REP comes, and the third leg goes
//	s := i.Session()                    // done: sign and seal with it
//
//	v, err := krb5.NewService(krb5.ServiceOptions{Keytab: "/etc/netelf.keytab"})
//	a := v.Accept()
//	reply, _, err := a.Step(request)
//	_, done, err := a.Step(third)       // a.Identity() is who came
//
// Messages, their ASN.1 and the key derivation are another module's, whose types do
// not leave this package. The exchange with a KDC, the ticket cache, the contexts and
// their tokens are here.
//
// # What is spoken
//
// Tickets from a cache file, or for a keytab or a password, over TCP, from the KDCs
// that krb5.conf or DNS names; referrals to other realms are followed. What protects
// messages has AES with 128 or 256 bits and HMAC-SHA1-96 ([RFC 3962]); RC4, DES and
// the types of [RFC 8009] are not offered for it. Both sides are authenticated, always.
//
// DCE style is what RPC has ([MS-KILE] 3.4.5.1): tokens without a GSS-API header, a third
// leg, and a wrap token that stands apart from what it encrypts:
//
//	0x00  2  05 04
//	0x02  1  flags: 01 of the acceptor, 02 sealed, 04 the acceptor's subkey
//	0x03  1  ff
//	0x04  2  EC, bytes of filler: 16 here; others send 0 to 16
//	0x06  2  RRC, 28: how far the ciphertext is rotated, beside EC
//	0x08  8  sequence number
//	0x10     EC bytes of filler and the 16 of this header with RRC 0, encrypted
//	…    12  HMAC over confounder, whole message, filler and header
//	…    16  confounder, encrypted
//
// Encrypted as one are the confounder, the data, the filler and the header; what of
// the message is not encrypted is in the HMAC all the same.
//
// # What hostile bytes meet
//
// An answer of a KDC, a token, a cache file and a keytab have named limits, and nothing
// is allocated by a number that they claim. A panic of the module beneath is an error.
// Of a KDC, how often a password is hashed is bounded, since nothing authenticates that
// it asks for it. Sequence numbers must come as they are counted, a request comes once
// only ([Service] remembers them), and clocks may differ by five minutes.
package krb5
