// Package smb opens the named pipes of a server over SMB ([MS-SMB2]), as package
// dcerpc wants them: \pipe\NAME on the share IPC$ as a net.Conn. It lists folders of
// other shares and reads files of them (Share).
//
//	s, err := smb.Dial(ctx, smb.Options{Address: "bedrock", Credentials: smb.Credentials{User: "fred", Password: "…"}})
//	nc, err := s.Pipe(ctx, "eventlog")
//	c, err := dcerpc.Dial(ctx, nc, &dcerpc.ClientOptions{…})
//
// It speaks SMB 2.0.2 to 3.1.1 over TCP and logs on with NTLMv2 or Kerberos inside
// SPNEGO, or as nobody. SMB 1, all that Windows XP and 2003 have, is not spoken. The protocol
// itself is in another module; this package holds what is right for pipes.
//
// # Security
//
// All that follows the logon is signed, or encrypted where the server says so for
// the session or the share: a request that would go out otherwise is not sent, and
// Dial proves before it returns that the server has the key as well. A server that
// makes a guest of the user gives no key, and is refused. A session of nobody
// (Credentials.Anonymous) has no key either, and nothing in it is protected. Which
// dialect is spoken is protected by SMB 3.1.1 only: who can change packets can
// bring it down to an older one, which is signed, but not encrypted.
//
// # Hostile servers
//
// A message of the server has at most 1 MiB and 4 KiB, which is checked before there is
// memory for it, and a message of a pipe at most 65,535 bytes, the longest PDU. A
// write that the server does not take within 30 s ends the session. Where the module
// beneath panics on what a server sent, that is an error, and ends the session too.
// A server that takes nothing of a message, again and again, or lists a folder that has
// nothing in it without an end, keeps a goroutine busy until the session is closed.
//
// Names of files come from the server one by one, and one that is not that of a file
// ends its list; what leads out of a folder is never asked for. A file is read as far
// as the size that it had when it was opened.
package smb
