package npa

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// maxMessage is the longest message, in bytes: its length has 16 bits.
const maxMessage = 1<<16 - 1

// Conn is an opened pipe: what is read of it is the bytes of its messages, one
// behind the other; each Write is one message. Its addresses are the client's and
// the server's of the SMB connection. One goroutine may read while others write.
type Conn struct {
	nc    net.Conn
	hello *Hello

	// Read's alone.
	r    *bufio.Reader
	head [2]byte // the length before the next message, as far as it has come
	have int     // bytes of head
	left int     // bytes of the message that are still to be read

	mu  sync.Mutex // guards out
	out []byte
}

func newConn(nc net.Conn, h *Hello) *Conn {
	return &Conn{nc: nc, hello: h, r: bufio.NewReader(nc)}
}

// Hello is who has opened the pipe. It is not to be changed.
func (c *Conn) Hello() *Hello { return c.hello }

// Read reads of the messages, and of the next one only when the one before it is
// through. Between messages the end is io.EOF, elsewhere io.ErrUnexpectedEOF. An
// empty message, which smbd never sends, is an error, since a stream of these could
// go on for ever. After a deadline has passed and was set anew, it goes on.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.left == 0 {
		for c.have < len(c.head) {
			n, err := c.r.Read(c.head[c.have:])
			c.have += n
			if err != nil {
				if err == io.EOF && c.have > 0 {
					err = io.ErrUnexpectedEOF
				}
				return 0, err
			}
		}
		if c.left = int(binary.LittleEndian.Uint16(c.head[:])); c.left == 0 {
			return 0, errors.New("npa: message without bytes")
		}
		c.have = 0
	}
	n, err := c.r.Read(p[:min(len(p), c.left)])
	c.left -= n
	if err == io.EOF && c.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Write sends one message, of 1 to 65,535 bytes; of none, nothing.
func (c *Conn) Write(p []byte) (int, error) {
	switch {
	case len(p) == 0:
		return 0, nil
	case len(p) > maxMessage:
		return 0, fmt.Errorf("npa: message of %d bytes, at most %d", len(p), maxMessage)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = binary.LittleEndian.AppendUint16(c.out[:0], uint16(len(p)))
	c.out = append(c.out, p...)
	n, err := c.nc.Write(c.out)
	return max(n-2, 0), err
}

// Close closes the pipe; reads and writes under way fail.
func (c *Conn) Close() error { return c.nc.Close() }

// LocalAddr is the server's end of the SMB connection.
func (c *Conn) LocalAddr() net.Addr { return c.hello.Server() }

// RemoteAddr is the client's end of the SMB connection.
func (c *Conn) RemoteAddr() net.Addr { return c.hello.Client() }

// SetDeadline is that of net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.nc.SetDeadline(t) }

// SetReadDeadline is that of net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.nc.SetReadDeadline(t) }

// SetWriteDeadline is that of net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.nc.SetWriteDeadline(t) }
