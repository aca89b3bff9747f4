package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/internal/certs"
	"netelf.example/internal/config"
	"netelf.example/internal/users"
	"netelf.example/service"
)

// httpDoor is the HTTP API over the network. One that is not offered has neither
// accounts nor a server.
type httpDoor struct {
	s        *service.Service
	log      *slog.Logger
	proxies  server.Proxies
	accounts *server.Accounts
	listener net.Listener
	keeper   *certs.Keeper // nil: plain
	server   *http.Server
	look     <-chan time.Time // when it is time to look whether the certificate is another one
	ticker   *time.Ticker
	failed   chan error
}

// lookEvery is how often the files of the certificate are looked at.
const lookEvery = 30 * time.Second

// openHTTP opens what is configured of HTTP. Who guesses passwords is slowed down
// together with those who come by MS-EVEN.
func openHTTP(s *service.Service, log *slog.Logger, c *config.Config, computer string, rpc *rpcDoor) (*httpDoor, error) {
	conf := c.HTTP
	d := &httpDoor{s: s, log: log, proxies: conf.Proxies.List(), failed: make(chan error, 1)}
	if err := conf.Check(); err != nil { // flags may have changed what was well in a file
		return nil, usage("%w", err)
	}
	if conf.Listen == "" {
		return d, nil
	}
	file, err := users.Open(c.Service.UsersFile(), nil)
	if err != nil {
		return nil, err
	}
	switch {
	case bool(conf.Plain):
	case conf.Certificate != "":
		d.keeper, err = certs.Files(string(conf.Certificate), string(conf.Key))
	default:
		host, _ := os.Hostname() // a machine without a name is asked by its address
		d.keeper, err = certs.Own(string(c.Service.Data), []string{strings.ToLower(computer), host}, time.Now())
	}
	if err != nil {
		return nil, fmt.Errorf("http.certificate: %w", err)
	}
	provider, err := openOIDC(&conf)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", string(conf.Listen))
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w", err)
	}
	d.listener = l
	d.accounts = server.NewAccounts(server.AccountsOptions{
		Users: file, Audit: d.audit, OIDC: provider, Throttle: rpc.throttle, Domain: rpc.domainName(),
		Idle: time.Duration(conf.SessionIdle), Most: time.Duration(conf.SessionMost), Logger: log,
	})
	// An answer may be long in coming: a report that is sent slowly, a backup that is
	// made before a clear. A stream has a deadline of its own for each write.
	d.server = &http.Server{
		ErrorLog: stdlog.New(strangers{log}, "", 0), ReadHeaderTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, WriteTimeout: 15 * time.Minute,
		MaxHeaderBytes: 64 << 10, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 128},
	}
	d.listener = server.Limit(l, int(conf.MaxConnections), d.proxies, log)
	attrs := []any{"listen", l.Addr().String()}
	if d.keeper == nil {
		log.Info("HTTP without TLS", attrs...)
		return d, nil
	}
	d.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: d.keeper.Certificate}
	d.ticker = time.NewTicker(lookEvery)
	d.look = d.ticker.C
	log.Info("HTTPS", append(attrs, "fingerprint", d.keeper.Fingerprint().String())...)
	return d, nil
}

// strangers takes what net/http says. Mostly that is about clients, who can make it say
// as much as they like, as by handshakes that fail; a panic is our own.
type strangers struct{ log *slog.Logger }

func (w strangers) Write(b []byte) (int, error) {
	level := slog.LevelDebug
	if bytes.Contains(b, []byte("panic")) {
		level = slog.LevelError
	}
	w.log.Log(context.Background(), level, strings.TrimSpace(string(b)))
	return len(b), nil
}

// serve begins to answer.
func (d *httpDoor) serve(h *server.Handler) {
	if d.server == nil {
		return
	}
	d.server.Handler = d.proxies.Handler(withPage(h.Network()))
	go func() {
		if d.keeper == nil {
			d.failed <- d.server.Serve(d.listener)
		} else {
			d.failed <- d.server.ServeTLS(d.listener, "", "")
		}
	}()
}

// renew reads the certificate again: if its files have changed, or in any case.
func (d *httpDoor) renew(always bool) {
	if d.keeper == nil {
		return
	}
	before := d.keeper.Fingerprint()
	_, err := d.keeper.Changed()
	if always {
		err = d.keeper.Reload()
	}
	if err != nil {
		d.log.Error("the certificate stays as it was", "error", err)
	} else if now := d.keeper.Fingerprint(); now != before {
		d.log.Info("the certificate is another one", "fingerprint", now.String())
	}
}

// Close ends it when its requests have ended, or ctx has.
func (d *httpDoor) Close(ctx context.Context, s *daemonState) error {
	if d.server == nil {
		return nil
	}
	if d.ticker != nil {
		d.ticker.Stop()
	}
	return s.shutDown(ctx, d.server)
}

// audit writes into Security what was done by way of the HTTP API.
func (d *httpDoor) audit(ctx context.Context, c eventlog.Caller, a server.Act) error {
	var e *eventlog.Event
	switch a.Kind {
	case server.ActLogon:
		e = service.LogonEvent(c, a.What)
	case server.ActLogonRefused:
		e = service.LogonRefusedEvent(c, a.What, a.More)
	case server.ActRefused:
		e = service.RefusedEvent(c, a.What, a.On)
	case server.ActUserAdded:
		e = service.UserAddedEvent(c, a.On, a.More)
	case server.ActUserRemoved:
		e = service.UserRemovedEvent(c, a.On)
	case server.ActUserChanged:
		e = service.UserChangedEvent(c, a.On, a.What, a.More)
	case server.ActTokenMade:
		e = service.TokenEvent(c, a.On, a.What, a.More)
	case server.ActTokenRevoked:
		e = service.TokenEvent(c, a.On, a.What, "")
	case server.ActCredentialGiven:
		e = service.CredentialEvent(c, a.On, a.What)
	default:
		return fmt.Errorf("act of kind %d: %w", a.Kind, eventlog.ErrInvalid)
	}
	return d.s.Audit(ctx, c, e)
}
