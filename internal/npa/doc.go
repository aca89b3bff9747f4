// Package npa is the named-pipe hand-over by which Samba's smbd gives the opens of
// a pipe to another program: smbd does SMB and the logon, and who has the Unix
// socket np/NAME in Samba's ncalrpc directory answers \pipe\NAME.
//
//	p, err := npa.Take(ctx, npa.Options{Dir: "/run/samba/ncalrpc", Name: "eventlog"})
//	for {
//		c, err := p.Accept()
//		go server.ServeConn(ctx, c, dcerpc.Peer{Caller: c.Hello(), …})
//	}
//
// It is Samba's own protocol between its own programs, and no specification has
// it. What stands here was read from messages of Samba 4.17 and from the tables
// that generate its encoders (librpc/idl: named_pipe_auth, auth, security; of level 8
// no message was seen yet). Numbers are little-endian, in NDR, aligned from the
// message's first byte.
//
// # The hello
//
// smbd connects and sends
//
//	0x00  4  length of what follows, big-endian
//	0x04  4  "NPAM"
//	0x08  4  level: 7 or 8
//	0x0c  4  level again, the union's
//	0x10  1  transport; 1 is SMB
//	0x14  4  pointer: name of the client   each a conformant varying string of
//	0x18  4  pointer: its address          bytes, UTF-8, with a zero at its end
//	0x1c  2  its port
//	0x20  4  pointer: name of the server
//	0x24  4  pointer: its address
//	0x28  2  its port
//	0x2c  4  pointer: the session
//
// and what the pointers point to: of the session, the security token (SIDs, the
// user's first; privileges; at level 8 claims and the SIDs of the device), the
// Unix token, names, and keys, which are skipped. Among the SIDs there is one that
// is none, S-1-22-2041152804-FLAGS: it is taken out and its last number is
// Hello.Flags.
//
// # The reply
//
//	0x00  4  length of what follows, big-endian: 32
//	0x04  4  "NPAM"
//	0x08  4  level, and again at 0x0c
//	0x10  2  file type: 2, a pipe of messages
//	0x12  2  device state: 0x05ff
//	0x18  8  allocation size: 4096
//	0x20  4  NTSTATUS; not 0: the open is refused
//
// Behind it each message, in either direction, has its length before it in 2
// bytes, little-endian. Conn takes that off and puts it on.
//
// # The socket
//
// Samba's own helper, samba-dcerpcd, makes np/NAME when it starts, and unless it is
// run as a service it starts and ends as pipes are used. So a Pipe moves Samba's
// socket aside, to NAME.samba, and when there is a new one again, does so again:
// see Take.
//
// # Hostile input
//
// A hello has at most MaxHello bytes and must come within ten seconds; its counts
// are compared with what is left before they are used. It must be understood to
// its last byte: of a layout that is not known nothing is taken. On Linux, only
// root and the user of this process may connect, whatever the socket's mode. Among
// those, a hello is believed: it says who the caller is.
package npa
