package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/certs"
)

// maxAnswer bounds an answer that is not a stream, in bytes.
const maxAnswer = 16 << 20

// Client is an eventlog.Server at the other end of a connection.
type Client struct {
	http *http.Client
	base string // scheme and host
	name string // Origin.Server of what is read

	lost  error                         // what a connection that broke off is called
	login *login                        // nil: the system says who it is
	skew  atomic.Pointer[time.Duration] // nil: not known
}

var (
	_ eventlog.Server       = (*Client)(nil)
	_ eventlog.Creator      = (*Client)(nil)
	_ eventlog.BackupOpener = (*Client)(nil)
	_ eventlog.Registrar    = (*Client)(nil)
	_ eventlog.SourceKeeper = (*Client)(nil)
)

// Unix is the Client of the service that listens on a Unix socket. Nothing is
// connected yet. The name is what its events say they were read from.
func Unix(socket, name string) *Client {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, "unix", socket)
		var op *net.OpError
		if errors.As(err, &op) && ctx.Err() == nil {
			return nil, &unreachable{fmt.Sprintf("no service answers on %s: %v ('netelf serve' runs one)", socket, cause(op)), op}
		}
		return c, err
	}
	return &Client{
		name: name,
		lost: errBroken,
		base: "http://netelf",
		http: &http.Client{
			Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true},
			// A redirect would be a stranger's.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// cause is the innermost error, as the system says it.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// Close ends the session and lets go of connections that are idle.
func (c *Client) Close() error {
	c.login.logOut(c)
	c.http.CloseIdleConnections()
	return nil
}

// path makes a path of segments, each of which may have any character.
func path(segments ...string) string {
	p := "/v1"
	for _, s := range segments {
		p += "/" + url.PathEscape(s)
	}
	return p
}

// send sends a request. The answer is one of status 2xx, and its body must be
// closed; anything else is an error. What only reads is sent once more if its
// connection breaks off, and everything if the session has ended meanwhile.
func (c *Client) send(ctx context.Context, method, path, contentType string, body []byte) (*http.Response, error) {
	var session *http.Cookie
	reads := method == http.MethodGet || strings.HasSuffix(path, "/events")
	for again := false; ; again = true {
		resp, err := c.once(ctx, method, path, contentType, body, func(req *http.Request) (err error) {
			session, err = c.login.sign(ctx, c, req, session)
			return err
		})
		switch {
		case err == c.lost && reads && !again:
			continue
		case err != nil:
			return nil, err
		case resp.StatusCode/100 == 2:
			return resp, nil
		}
		err = problemIn(resp)
		_ = resp.Body.Close() // there is an error already
		if resp.StatusCode != http.StatusUnauthorized || session == nil || again {
			return nil, err
		}
	}
}

// once sends a request that sign, if it is not nil, has signed.
func (c *Client) once(ctx context.Context, method, path, contentType string, body []byte, sign func(*http.Request) error) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", contentType)
	}
	if sign != nil {
		if err := sign(req); err != nil {
			return nil, err
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.transportError(ctx, err)
	}
	return resp, nil
}

// transportError is err without what the method and the made-up address say.
func (c *Client) transportError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) && len(untrusted.UnverifiedCertificates) > 0 {
		return &CertificateError{Fingerprint: certs.Of(untrusted.UnverifiedCertificates[0].Raw).String(), Err: untrusted.Err}
	}
	if broken(err) {
		return c.lost
	}
	return err
}

// errBroken stands for all that a service which went away looks like. It does not
// unwrap: that a write found nobody must not look like a pipe whose reader left.
var errBroken = errors.New("the connection to the service broke off")

func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

func problemIn(resp *http.Response) error {
	var p Problem
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || p.Code == "" {
		return fmt.Errorf("the service answered with status %s", resp.Status)
	}
	return p.Err()
}

// do sends a request and decodes its answer into out; nil for either is none.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%w: %w", eventlog.ErrInvalid, err)
		}
	}
	resp, err := c.send(ctx, method, path, "application/json", body)
	if err != nil {
		return err
	}
	return c.answer(ctx, resp, out)
}

func (c *Client) answer(ctx context.Context, resp *http.Response, out any) error {
	defer resp.Body.Close() // it was only read from
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return c.transportError(ctx, err)
	case len(b) > maxAnswer:
		return fmt.Errorf("the service's answer is longer than %d bytes", maxAnswer)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("the service's answer: %w", err)
	}
	return nil
}

// About asks what the server says of itself, and who the caller is to it.
func (c *Client) About(ctx context.Context) (a About, err error) {
	begin := time.Now()
	if err = c.do(ctx, http.MethodGet, path("about"), nil, &a); err == nil && !a.Time.IsZero() {
		now := time.Now()
		c.skew.Store(new(a.Time.Sub(begin.Add(now.Sub(begin) / 2))))
	}
	return a, err
}

// Skew is how far the server's clock was ahead of this one's at the last About; ok is
// false before one.
func (c *Client) Skew() (d time.Duration, ok bool) {
	if p := c.skew.Load(); p != nil {
		return *p, true
	}
	return 0, false
}

// Logs lists all logs.
func (c *Client) Logs(ctx context.Context) ([]eventlog.Info, error) {
	var list Logs
	if err := c.do(ctx, http.MethodGet, path("logs"), nil, &list); err != nil {
		return nil, err
	}
	infos := make([]eventlog.Info, len(list.Logs))
	for i := range list.Logs {
		infos[i] = list.Logs[i].Info()
	}
	return infos, nil
}

// OpenLog asks whether the log may be opened; nothing stays open at the server,
// which decides again with each call.
func (c *Client) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	l := new(liveLog)
	if err := c.open(ctx, path("logs", name), &l.clientLog); err != nil {
		return nil, err
	}
	return l, nil
}

// OpenBackup opens a backup that lies with the server.
func (c *Client) OpenBackup(ctx context.Context, name string) (eventlog.Log, error) {
	l := new(clientLog)
	if err := c.open(ctx, path("backups", name), l); err != nil {
		return nil, err
	}
	return l, nil
}

func (c *Client) open(ctx context.Context, path string, l *clientLog) error {
	var info Log
	if err := c.do(ctx, http.MethodGet, path+"?check=open", nil, &info); err != nil {
		return err
	}
	l.c, l.path, l.origin = c, path, &eventlog.Origin{Server: c.name, Log: info.Name, Channel: info.Channel}
	return nil
}

// CreateLog creates a log.
func (c *Client) CreateLog(ctx context.Context, name string, s eventlog.Settings) error {
	set, err := SettingsOf(s)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path("logs"), NewLog{name, set}, nil)
}

// DeleteLog deletes a log.
func (c *Client) DeleteLog(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, path("logs", name), nil, nil)
}

// Sources lists all sources.
func (c *Client) Sources(ctx context.Context) ([]eventlog.Source, error) {
	var list Sources
	err := c.do(ctx, http.MethodGet, path("sources"), nil, &list)
	return list.Sources, err
}

// SetSource registers a source.
func (c *Client) SetSource(ctx context.Context, s eventlog.Source) error {
	return c.do(ctx, http.MethodPut, path("sources", s.Name), s, nil)
}

// RemoveSource forgets a source.
func (c *Client) RemoveSource(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, path("sources", name), nil, nil)
}
