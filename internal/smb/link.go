package smb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

const (
	maxMessage   = 1<<20 + 4<<10    // bytes of a message of the server: the module asks for a MiB of a folder or a file at most
	writeTimeout = 30 * time.Second // for one message
)

// errUnsigned is a request that would have gone out bare.
var errUnsigned = errors.New("the server took the logon as that of a guest, and nothing could be signed")

// Of an SMB2 header ([MS-SMB2] 2.2.1.2).
const (
	headerSize    = 64
	offsetStatus  = 8
	offsetCommand = 12
	offsetFlags   = 16

	commandNegotiate    = 0
	commandSessionSetup = 1
	flagSigned          = 8
)

var (
	protocolID  = [4]byte{0xfe, 'S', 'M', 'B'}
	transformID = [4]byte{0xfd, 'S', 'M', 'B'}
)

// link is the TCP connection below a session. It sees each message as it goes out,
// and sees to what the module above does not: that it is signed, that it goes in
// time and in one piece, and how long those that come are.
type link struct {
	net.Conn
	bare    bool          // it may be unsigned
	timeout time.Duration // of a write

	// For the one goroutine that writes: the length of the message ([MS-SMB2] 2.1),
	// which comes in a write of its own.
	out []byte

	// For the one goroutine that reads.
	head [4]byte
	have int // of head: bytes that were handed out; 4: they all were
	rest int // of the message
	peek [offsetCommand + 2]byte
	seen int // bytes of peek that are there

	first []byte // of the first message, as far as it is of use

	unsigned atomic.Bool                   // errUnsigned came up
	heard    atomic.Bool                   // a message came
	skew     atomic.Pointer[time.Duration] // nil: not known
	logon    atomic.Uint32                 // the status of the last answer to a SESSION_SETUP
}

// newLink makes the link of a connection.
func newLink(nc net.Conn, bare bool) *link {
	return &link{Conn: nc, bare: bare, timeout: writeTimeout, have: 4}
}

// Write takes a length, or the message that it is of. An error ends the connection:
// the module would go on, behind half a message.
func (l *link) Write(b []byte) (int, error) {
	if len(l.out) == 0 && len(b) == 4 {
		l.out = append(l.out, b...)
		return len(b), nil
	}
	if err := l.send(b); err != nil {
		_ = l.Close() // what went wrong is err
		return 0, err
	}
	return len(b), nil
}

// send sends the length that is in out, and its message.
func (l *link) send(b []byte) error {
	if len(l.out) != 4 || int(binary.BigEndian.Uint32(l.out)) != len(b) {
		return fmt.Errorf("a message of %d bytes goes out without its length", len(b))
	}
	if !l.bare && !protected(b) {
		l.unsigned.Store(true)
		return errUnsigned
	}
	if err := l.SetWriteDeadline(time.Now().Add(l.timeout)); err != nil {
		return err
	}
	l.out = append(l.out, b...)
	_, err := l.Conn.Write(l.out)
	l.out = l.out[:0]
	return err
}

// protected says whether a message of ours is encrypted, or signed, or one of those
// before there is a key.
func protected(b []byte) bool {
	if len(b) < headerSize {
		return false
	}
	switch [4]byte(b) {
	case transformID:
		return true
	case protocolID:
		switch binary.LittleEndian.Uint16(b[offsetCommand:]) {
		case commandNegotiate, commandSessionSetup:
			return true
		}
		return binary.LittleEndian.Uint32(b[offsetFlags:])&flagSigned != 0
	}
	return false
}

// Read gives lengths and messages, but no more than to the end of either.
func (l *link) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if l.have == len(l.head) && l.rest == 0 {
		if _, err := io.ReadFull(l.Conn, l.head[:]); err != nil {
			return 0, err
		}
		n := binary.BigEndian.Uint32(l.head[:])
		if n > maxMessage {
			return 0, fmt.Errorf("a message of %d bytes, at most %d", n, maxMessage)
		}
		l.have, l.rest, l.seen = 0, int(n), 0
		l.heard.Store(true)
	}
	if l.have < len(l.head) {
		n := copy(b, l.head[l.have:])
		l.have += n
		return n, nil
	}
	n, err := l.Conn.Read(b[:min(len(b), l.rest)])
	l.hear(b[:n])
	l.rest -= n
	if l.seen < len(l.peek) {
		l.seen += copy(l.peek[l.seen:], b[:n])
		if l.seen == len(l.peek) && [4]byte(l.peek[:]) == protocolID && binary.LittleEndian.Uint16(l.peek[offsetCommand:]) == commandSessionSetup {
			l.logon.Store(binary.LittleEndian.Uint32(l.peek[offsetStatus:]))
		}
	}
	return n, err
}
