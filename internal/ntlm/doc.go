// Package ntlm authenticates with NTLMv2 and protects messages afterwards, as
// [MS-NLMP] says. It has both sides:
//
//	i, err := ntlm.NewInitiator(ntlm.InitiatorOptions{User: "fred", Password: "…", Seal: true})
//	negotiate, _, err := i.Step(nil)
//	…                                          // send it, receive the challenge
//	authenticate, done, err := i.Step(challenge)
//	s := i.Security()                          // done: sign and seal with it
//
//	a, err := ntlm.NewAcceptor(ntlm.AcceptorOptions{Computer: "BEDROCK", Lookup: hashOf})
//	challenge, _, err := a.Step(negotiate)
//	_, done, err := a.Step(authenticate)       // errors.Is(err, ntlm.ErrLogon): wrong user or password
//
// # What is spoken
//
// NTLMv2 with extended session security and Unicode, 128-bit keys (56-bit ones
// where an option allows it), key exchange, signing and sealing. LM and NTLMv1
// responses are neither sent nor accepted; OEM names and the session security of
// NTLMv1 are refused. The connection-less variant does not exist here. The
// integrity code over the three messages (MIC) is sent where the challenge has a
// time, and checked where the initiator says that it has sent one.
//
// NTLM rests on MD4, MD5 and RC4. It is here because Windows' event log is
// reached by it, not because it is strong: whoever records a logon can try
// passwords against it, and whoever has the NT hash needs no password.
//
// # What hostile bytes meet
//
// A message longer than [MaxMessage] is refused, as is a name beyond [MaxName]
// bytes or a list of more than [MaxAVPairs] pairs. Each payload must lie inside its
// message; nothing is allocated by a number that the peer claims. Malformed bytes
// give an [eventlog.FormatError] of format "ntlm". Secrets are in no error and in no
// String.
package ntlm
