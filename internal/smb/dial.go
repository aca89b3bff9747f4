package smb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"sync"

	smb2 "github.com/cloudsoda/go-smb2"

	"netelf.example/internal/krb5"
	"netelf.example/nt"
)

// Port is where servers listen.
const Port = "445"

// Service is what servers are to Kerberos: with the host, the principal.
const Service = "cifs"

// Credentials are who a client is.
type Credentials struct {
	User, Domain string // Domain "": the server's own
	Password     string
	Workstation  string // that the server is told; "": none
	Anonymous    bool   // the others are not used

	// Kerberos has tickets, and the others are not used; nil: NTLM with the password.
	Kerberos *krb5.Client
}

// Format prints who it is, and nothing else, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.name()) }

// name is who it is.
func (c Credentials) name() string {
	switch {
	case c.Anonymous:
		return "nobody"
	case c.Kerberos != nil:
		if name := c.Kerberos.Name(); name != "" {
			return name + " by Kerberos"
		}
		return "the user of the ticket cache"
	case c.Domain != "":
		return c.Domain + `\` + c.User
	}
	return c.User
}

// Options say whom to connect to, and as whom.
type Options struct {
	Address     string // host[:port]; the host may be an IPv6 address in brackets, or, without a port, bare
	Credentials Credentials

	// Dial makes the connection; nil: a net.Dialer's DialContext.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Logger *slog.Logger // of what went wrong that no call returns; nil: discarded
}

// Session is a logon at a server, of which there can be many pipes at a time. Its
// methods may be called by many goroutines.
type Session struct {
	host, address string
	link          *link
	smb           *smb2.Session
	log           *slog.Logger
	ticket        *ticketInitiator // nil: NTLM

	// ctx ends with the session. No other context ever reaches the module: one that
	// ends amid a write lets the next message into the buffer that is being written.
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex // guards what follows
	closed bool
	work   sync.WaitGroup // calls of the module; Add under mu and not when closed
}

// Dial connects to a server and logs on. ctx is for Dial alone. A logon that is
// refused is an *Error that is fs.ErrPermission.
func Dial(ctx context.Context, o Options) (*Session, error) {
	address, host, err := parseAddress(o.Address)
	if err != nil {
		return nil, err
	}
	c := o.Credentials
	switch {
	case c.Anonymous:
		c = Credentials{Anonymous: true, Workstation: c.Workstation}
	case c.Kerberos != nil:
		c = Credentials{Kerberos: c.Kerberos}
	case c.User == "":
		return nil, errors.New("smb: no user is named")
	}
	for _, s := range []string{c.User, c.Domain, c.Password, c.Workstation} {
		if len(s) > maxName {
			return nil, fmt.Errorf("smb: user, domain, workstation and password have at most %d bytes", maxName)
		}
	}
	dial := o.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	nc, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("smb: %w", err)
	}
	s := &Session{host: host, address: address, link: newLink(nc, c.Anonymous), log: o.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())

	// The connection ends with ctx, and with it whatever the module waits for.
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() }) // ctx says why
	err = guard(func() error { return s.logOn(ctx, c) })
	s.logPanic(err)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		err = s.dialError(err, c)
		s.cancel()
		_ = nc.Close() // what went wrong is err
		return nil, err
	}
	return s, nil
}

// maxName bounds what goes into an NTLM message, whose lengths have 16 bits.
const maxName = 1024

// parseAddress is the address to dial, and the host in it.
func parseAddress(a string) (address, host string, err error) {
	host, port, err := net.SplitHostPort(a)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(a, "["), "]"), Port
		if strings.Contains(host, ":") && net.ParseIP(host) == nil {
			return "", "", fmt.Errorf("smb: address %q: %w", a, err)
		}
	}
	if host == "" || strings.ContainsAny(host, `\/`) {
		return "", "", fmt.Errorf("smb: address %q has no host", a)
	}
	if port == "" {
		port = Port
	}
	return net.JoinHostPort(host, port), host, nil
}

// logOn negotiates, logs on and has the server prove that it has the key.
func (s *Session) logOn(ctx context.Context, c Credentials) (err error) {
	d := smb2.Dialer{
		Negotiator: smb2.Negotiator{RequireMessageSigning: !c.Anonymous},
		Initiator: &smb2.NTLMInitiator{
			User: c.User, Domain: c.Domain, Password: c.Password, Workstation: c.Workstation, TargetSPN: Service + "/" + s.host,
		},
	}
	if c.Kerberos != nil {
		t, err := c.Kerberos.Ticket(ctx, Service, s.host)
		if err != nil {
			return err
		}
		s.ticket = newTicketInitiator(t)
		d.Initiator = s.ticket
	}
	if s.smb, err = d.DialConn(ctx, s.link, s.address); err != nil {
		return err
	}
	s.smb = s.smb.WithContext(s.ctx)
	if err := s.smb.Echo(); err != nil {
		if _, ok := connectionError(err); ok || s.link.unsigned.Load() {
			return err
		}
		return fmt.Errorf("the server does not prove that it knows the user: %w", err)
	}
	return nil
}

// dialError is why Dial failed, without a word of the password.
func (s *Session) dialError(err error, c Credentials) error {
	who := "logon as " + c.name()
	if s.link.unsigned.Load() {
		return fmt.Errorf("smb: %s: %s: %w", s.address, who, errUnsigned)
	}
	if k := (*krb5.Error)(nil); errors.As(err, &k) {
		return s.named(who, err)
	}
	if st, ok := status(err); ok {
		return &Error{Server: s.address, Op: who, Status: st, ticket: s.ticket != nil}
	}
	if s.ticket != nil {
		if err := s.ticket.explain(nt.Status(s.link.logon.Load())); err != nil {
			if st, ok := err.(nt.Status); ok {
				return &Error{Server: s.address, Op: who, Status: st, ticket: true}
			}
			return s.named(who, err)
		}
	}
	if e, ok := connectionError(err); ok && !s.link.heard.Load() && errors.Is(e, io.ErrUnexpectedEOF) {
		return fmt.Errorf("smb: %s: the server hangs up, as one that speaks SMB 1 only: %w", s.address, e)
	}
	return s.named(who, err)
}

// named is err with the place where it came up.
func (s *Session) named(op string, err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err // the place is op
	}
	if e, ok := connectionError(err); ok {
		err = e
	}
	return fmt.Errorf("smb: %s: %s: %w", s.address, op, err)
}

// RemoteAddr is the server's address, of TCP.
func (s *Session) RemoteAddr() net.Addr { return s.link.RemoteAddr() }

// Close ends the session and its pipes; what is under way in them fails. The server
// is not told in words: the module takes no care of what is under way when it logs
// off, and the end of the connection is the end of the session ([MS-SMB2] 3.3.7.1).
func (s *Session) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	var err error
	if !again {
		s.cancel()
		err = s.link.Close()
	}
	s.work.Wait()
	return err
}

// errClosed is a session that was closed.
var errClosed = fmt.Errorf("smb: session closed: %w", net.ErrClosed)

// start calls f, which calls the module, in a goroutine that Close waits for. Its
// answer goes to the channel; nobody need receive it.
func (s *Session) start(f func() error) (<-chan error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	done := make(chan error, 1)
	s.work.Go(func() {
		err := guard(f)
		s.logPanic(err)
		done <- err
	})
	return done, nil
}

// logPanic ends the connection where err is a panic of the module, and logs it: what
// state the module is in nobody knows.
func (s *Session) logPanic(err error) {
	if p := (*panicError)(nil); errors.As(err, &p) {
		s.log.Error("smb: panic of the SMB module", "server", s.address, "panic", p.value, "stack", string(p.stack))
		_ = s.link.Close() // that was the error
	}
}
