package target

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"netelf.example/api"
	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/krb5"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/smb"
)

// Credentials are who asks a server.
type Credentials struct {
	User, Domain string // Domain "": the server's own
	Password     string
	Anonymous    bool // nobody; the others are not used

	// Kerberos has tickets, and the others are not used; nil: NTLM with the password.
	Kerberos *krb5.Client
	// Token is that of a program, for HTTP, where it is used in place of the others.
	Token string
}

// Format prints who it is, and nothing else.
func (c Credentials) Format(f fmt.State, _ rune) {
	name := c.User
	if c.Domain != "" {
		name = c.Domain + `\` + c.User
	}
	switch {
	case c.Anonymous:
		name = "nobody"
	case c.Kerberos != nil:
		name = c.Kerberos.Name()
	case c.Token != "":
		name = "a token"
	}
	fmt.Fprint(f, name)
}

// Remote is how a server is asked, for SMB, RPC and HTTP.
type Remote struct {
	// Credentials says who asks. It is called when the target is opened, with the user
	// that the target names, "" if it names none. nil: nobody.
	Credentials func(ctx context.Context, user string) (Credentials, error)

	// Who is the same for targets that are asked as the same user: where that is
	// refused once, a scan tries it at no other. "": nobody in particular.
	Who string

	// AllowBare asks without authentication of its own inside the pipe where the
	// server does not take that; over TCP it is not used.
	AllowBare bool

	Notice func(text string) // what the user should know; nil: nobody does

	// HTTP is how a server is asked by its HTTP API.
	HTTP HTTPRemote
}

// HTTPRemote is what is known of a server that is asked by its HTTP API.
type HTTPRemote struct {
	CA          string // file of those who may have signed its certificate, in PEM; "": whom the system trusts
	Fingerprint string // SHA-256 of its certificate; "": not known
}

// host parts user@host.
func (t *Target) host() (user, host string) {
	if i := strings.LastIndexByte(t.Name, '@'); i >= 0 {
		return t.Name[:i], t.Name[i+1:]
	}
	return "", t.Name
}

// connect opens a server by MS-EVEN.
func (t Target) connect(ctx context.Context) (eventlog.Server, error) {
	user, host := t.host()
	c := Credentials{Anonymous: true}
	if t.Remote.Credentials != nil {
		var err error
		if c, err = t.Remote.Credentials(ctx, user); err != nil {
			return nil, err
		}
	}
	if c.Token != "" {
		return nil, errToken
	}
	o := &even.ClientOptions{Name: t.Text, Notice: t.Remote.Notice}
	if !c.Anonymous {
		o.Mechanism = func(ctx context.Context) (dcerpc.Mechanism, uint8, error) {
			i, err := t.initiator(ctx, c, hostOnly(host))
			if err != nil {
				return nil, 0, err
			}
			return i, i.AuthType(), nil
		}
	}
	if t.Kind == RPC {
		o.Dialer = even.TCP(host, nil)
		srv, err := even.Dial(ctx, o)
		if err != nil {
			return nil, err // and not srv, which would be a Server that is not nil
		}
		return srv, nil
	}
	d := smb.NewDialer(smb.Options{Address: host, Credentials: smb.Credentials{User: c.User, Domain: c.Domain, Password: c.Password, Anonymous: c.Anonymous, Kerberos: c.Kerberos}})
	o.Dialer, o.AllowBare = d, t.Remote.AllowBare
	o.Registry = even.NewRegistry(o)
	srv, err := even.Dial(ctx, o)
	if err != nil {
		if t.bare {
			err = &nothing{fmt.Errorf("no such file or folder, and as a server: %w", err)}
		}
		return nil, errors.Join(err, d.Close())
	}
	return &overSMB{srv, d}, nil
}

// initiator makes the calling side of an authentication for RPC. Inside a pipe it has
// the ticket that the pipe was opened with.
func (t Target) initiator(ctx context.Context, c Credentials, host string) (*rpcauth.Initiator, error) {
	service := "host"
	if t.Kind != RPC {
		service = smb.Service
	}
	return rpcauth.Negotiate(ctx, rpcauth.Credentials{User: c.User, Domain: c.Domain, Password: c.Password}, c.Kerberos, service, host)
}

// SameHost says whether the names of two targets of a kind, as barney and
// fred@barney, are of one server at one port.
func SameHost(a, b string) bool {
	_, x := (&Target{Name: a}).host()
	_, y := (&Target{Name: b}).host()
	return strings.EqualFold(strings.TrimSuffix(x, ":"+api.DefaultPort), strings.TrimSuffix(y, ":"+api.DefaultPort))
}

// dialHTTP opens a server by its HTTP API. It logs in at once: what is refused is
// refused when a target is opened.
func (t Target) dialHTTP(ctx context.Context) (eventlog.Server, error) {
	user, host := t.host()
	o := &api.HTTPSOptions{Name: t.Text, Fingerprint: t.Remote.HTTP.Fingerprint}
	if name := t.Remote.HTTP.CA; name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		if o.Roots = x509.NewCertPool(); !o.Roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca %s: there is no certificate in it", name)
		}
	}
	if t.Remote.Credentials != nil {
		o.Login = func(ctx context.Context) (api.Credentials, error) {
			c, err := t.Remote.Credentials(ctx, user)
			if err == nil && c.Anonymous {
				err = errAnonymous
			}
			return api.Credentials{User: c.User, Password: c.Password, Token: c.Token}, err
		}
	}
	c, err := api.HTTPS(host, o)
	if err != nil {
		return nil, err
	}
	if _, err := c.About(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

var errToken = errors.New("who asks? a token is for https:// only: give --logon (-U), --auth-file (-A) with a user, or --anonymous")

var errAnonymous = fmt.Errorf("the HTTP API knows no anonymous callers: give --logon (-U), --auth-file (-A) or a token: %w", errors.ErrUnsupported)

// nothing is a word that names no file, and no server that can be reached.
type nothing struct{ error }

func (e *nothing) Unwrap() error { return e.error }

// Is makes it an fs.ErrNotExist where there is no host of that name either.
func (e *nothing) Is(target error) bool {
	var dns *net.DNSError
	return target == fs.ErrNotExist && errors.As(e.error, &dns) && dns.IsNotFound
}

// overSMB is a client with the session that it has for itself.
type overSMB struct {
	*even.Client
	session *smb.Dialer
}

// Skew is that of the logon inside the pipe, else that of the session.
func (s *overSMB) Skew() (d time.Duration, ok bool) {
	if d, ok = s.Client.Skew(); !ok {
		d, ok = s.session.Skew()
	}
	return d, ok
}

func (s *overSMB) Close() error { return errors.Join(s.Client.Close(), s.session.Close()) }

// hostOnly is an address without its port.
func hostOnly(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
