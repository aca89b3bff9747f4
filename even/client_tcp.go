package even

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"netelf.example/internal/epm"
)

// PipeName is the pipe below \pipe\ that MS-EVEN is spoken on.
const PipeName = "eventlog"

// Dialer makes connections to one server. What goes over them is DCE/RPC: each PDU
// is written by one Write.
type Dialer interface {
	// Dial opens a named pipe, as "eventlog", or what stands for it. ctx is for
	// Dial alone.
	Dial(ctx context.Context, pipe string) (net.Conn, error)
}

// TCPOptions are those of TCP; nil is fine.
type TCPOptions struct {
	MapperPort uint16        // of the endpoint mapper; 0: 135
	Timeout    time.Duration // of one connection; 0: 10 s
}

// TCP is a Dialer over TCP (ncacn_ip_tcp). addr is "host:port", or "host" alone:
// then the server's endpoint mapper is asked for the port, and asked again when
// nobody answers there any more. What else than MS-EVEN is asked for is
// errors.ErrUnsupported.
func TCP(addr string, o *TCPOptions) Dialer {
	if o == nil {
		o = new(TCPOptions)
	}
	t := &tcp{addr: addr, timeout: o.Timeout, mapper: o.MapperPort}
	if t.timeout <= 0 {
		t.timeout = 10 * time.Second
	}
	if t.mapper == 0 {
		t.mapper = epm.Port
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		t.host = strings.TrimSuffix(strings.TrimPrefix(addr, "["), "]")
	}
	return t
}

type tcp struct {
	addr, host string // host "": addr is whole
	mapper     uint16
	timeout    time.Duration

	mu    sync.Mutex
	found string // what the endpoint mapper said
}

func (t *tcp) Dial(ctx context.Context, pipe string) (net.Conn, error) {
	if pipe != PipeName {
		return nil, fmt.Errorf("pipe %s over TCP: %w", pipe, errors.ErrUnsupported)
	}
	d := net.Dialer{Timeout: t.timeout}
	if t.host == "" {
		return d.DialContext(ctx, "tcp", t.addr)
	}
	t.mu.Lock()
	addr := t.found
	t.mu.Unlock()
	if addr != "" {
		if nc, err := d.DialContext(ctx, "tcp", addr); err == nil || ctx.Err() != nil {
			return nc, err
		}
	}
	nc, err := d.DialContext(ctx, "tcp", net.JoinHostPort(t.host, strconv.Itoa(int(t.mapper))))
	if err != nil {
		return nil, err
	}
	if addr, err = epm.Map(ctx, nc, Interface); err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.found = addr
	t.mu.Unlock()
	return d.DialContext(ctx, "tcp", addr)
}
