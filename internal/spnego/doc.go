// Package spnego agrees with a peer on an authentication mechanism, as [RFC 4178]
// and [MS-SPNG] say, and carries that mechanism's tokens. It has both sides:
//
//	i, err := spnego.NewInitiator([]spnego.Offer{{OID: spnego.NTLM, New: newNTLM}})
//	init, _, err := i.Step(nil)        // a NegTokenInit with the first mechanism's token
//	resp, done, err := i.Step(answer)  // until done
//
//	a, err := spnego.NewAcceptor([]spnego.Offer{{OID: spnego.NTLM, New: newNTLM}})
//	resp, done, err := a.Step(init)
//
// After done, Mechanism is the mechanism that was agreed on; the session that it has
// established is asked from it.
//
// # The list of mechanisms and its signature
//
// The initiator offers mechanisms in its order, with a first token for the first of
// them. The acceptor takes the first that it has too. If that is not the initiator's
// first, somebody between the two may have shortened the list: then both sides
// exchange a signature of it (mechListMIC), made with the agreed mechanism. They do
// so as well where the mechanism wants it, and whenever the peer sends one.
//
// # What hostile bytes meet
//
// A token longer than [MaxToken] is refused, as is a list of more than
// [MaxMechanisms]. DER is read with definite lengths only, each inside the one
// around it; nothing recurses and nothing is allocated by a number that the peer
// claims. Malformed bytes give an [eventlog.FormatError] of format "spnego".
package spnego
