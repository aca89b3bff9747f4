package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/certs"
)

// DefaultPort is the one on which the HTTP API is looked for over the network.
const DefaultPort = "7446"

// Credentials are who asks: a user by its password, or a program by its token.
type Credentials struct {
	User, Password string
	Token          string // then the others are not used
}

// Format prints who it is, and nothing else.
func (c Credentials) Format(f fmt.State, _ rune) {
	if c.Token != "" {
		fmt.Fprint(f, "a token")
		return
	}
	fmt.Fprint(f, c.User)
}

// HTTPSOptions are those of HTTPS; nil is fine.
type HTTPSOptions struct {
	Name string // what events say they were read from; "": the address

	// Roots are who may have signed the server's certificate; nil: whom the system
	// trusts. With a Fingerprint, the SHA-256 of the certificate in hexadecimal, it
	// must be that one, whoever signed it and for whatever name.
	Roots       *x509.CertPool
	Fingerprint string

	// Login says who asks, when that is first needed; nil: nobody.
	Login func(context.Context) (Credentials, error)
}

// HTTPS is the Client of a server at an address, as bedrock, bedrock:443 or
// [2001:db8::1]. Nothing is connected yet. It logs in once, by the password or with
// the token that Login says; a password that is refused is not tried again.
//
// It speaks HTTP/1.1: a walk has a connection of its own then, which one that is
// read slowly does not share with others.
func HTTPS(address string, o *HTTPSOptions) (*Client, error) {
	if o == nil {
		o = new(HTTPSOptions)
	}
	host, err := withPort(address)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots}
	if o.Fingerprint != "" {
		pin, err := certs.ParseFingerprint(o.Fingerprint)
		if err != nil {
			return nil, fmt.Errorf("fingerprint: %w", err)
		}
		// The certificate is known, and nothing else of it counts.
		config.InsecureSkipVerify = true
		config.VerifyConnection = func(s tls.ConnectionState) error {
			if got := certs.Of(s.PeerCertificates[0].Raw); !got.Is(pin) {
				return &CertificateError{Fingerprint: got.String(), Err: errors.New("it has another fingerprint than it should")}
			}
			return nil
		}
	}
	c := &Client{name: o.Name, base: "https://" + host, lost: &lostError{address}, login: &login{ask: o.Login}}
	if c.name == "" {
		c.name = address
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, TLSClientConfig: config, TLSHandshakeTimeout: 15 * time.Second,
			TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
			MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true,
		},
		// A redirect would be a stranger's.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// withPort is an address with its port.
func withPort(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]"), DefaultPort
	}
	if host == "" || port == "" || strings.ContainsAny(host, "/?#@[]% ") {
		return "", fmt.Errorf("%q is no address: want bedrock, bedrock:%s or [2001:db8::1]", address, DefaultPort)
	}
	return net.JoinHostPort(host, port), nil
}

// CertificateError is a server whose certificate is not trusted.
type CertificateError struct {
	Fingerprint string // of what the server has, SHA-256
	Err         error
}

func (e *CertificateError) Error() string {
	return fmt.Sprintf("the certificate of the server is not trusted: %v. Its fingerprint is %s: if the server says the same when it starts, "+
		"give it as --fingerprint, or write it into your configuration", e.Err, e.Fingerprint)
}

func (e *CertificateError) Unwrap() error { return e.Err }

// lostError is a connection over the network that broke off: another one may do
// better.
type lostError struct{ address string }

func (e *lostError) Error() string { return "the connection to " + e.address + " broke off" }

// As makes it an error of the network.
func (e *lostError) As(target any) bool {
	if t, ok := target.(**net.OpError); ok {
		*t = &net.OpError{Op: "read", Net: "tcp", Err: errBroken}
		return true
	}
	return false
}

// login is who a client is, and what it is known by. The zero login is nobody.
type login struct {
	ask func(context.Context) (Credentials, error)

	mu      sync.Mutex // guards what follows; held while one logs in, so that one does
	asked   bool
	token   string
	user    Credentials
	cookie  *http.Cookie
	refused error // which stays: a wrong password is tried once
}

// sign puts what the client is known by on a request. stale is a session that the
// server does not know any more; nil: none.
func (l *login) sign(ctx context.Context, c *Client, req *http.Request, stale *http.Cookie) (used *http.Cookie, err error) {
	if l == nil || l.ask == nil {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.asked {
		who, err := l.ask(ctx)
		if err != nil {
			return nil, err
		}
		l.asked, l.token, l.user = true, who.Token, who
	}
	switch {
	case l.refused != nil:
		return nil, l.refused
	case l.token != "":
		req.Header.Set("Authorization", "Bearer "+l.token)
		return nil, nil
	case l.cookie == nil || l.cookie == stale:
		if l.cookie, err = c.logIn(ctx, l.user); err != nil {
			if eventlog.StateOf(err) == eventlog.Refused {
				l.refused = err
			}
			return nil, err
		}
	}
	req.AddCookie(l.cookie)
	return l.cookie, nil
}

// logIn begins a session.
func (c *Client) logIn(ctx context.Context, who Credentials) (*http.Cookie, error) {
	body, err := json.Marshal(Login{User: who.User, Password: who.Password})
	if err != nil {
		return nil, err
	}
	resp, err := c.once(ctx, http.MethodPost, path("session"), "application/json", body, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() // what counts is in the header
	if resp.StatusCode/100 != 2 {
		return nil, problemIn(resp)
	}
	for _, cookie := range resp.Cookies() {
		if strings.HasSuffix(cookie.Name, "netelf") && cookie.Value != "" {
			return &http.Cookie{Name: cookie.Name, Value: cookie.Value}, nil
		}
	}
	return nil, errors.New("the server let us in without a session")
}

// logOut ends the session, if there is one and the server is there to hear it.
func (l *login) logOut(c *Client) {
	if l == nil {
		return
	}
	l.mu.Lock()
	cookie := l.cookie
	l.cookie = nil
	l.mu.Unlock()
	if cookie == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	resp, err := c.once(ctx, http.MethodDelete, path("session"), "", nil, func(r *http.Request) error { r.AddCookie(cookie); return nil })
	if err == nil {
		_ = resp.Body.Close() // it ends by itself otherwise
	}
}
