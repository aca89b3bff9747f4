package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"

	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/nt"
)

// localPage is the web page for whoever runs this program, on loopback, without TLS and
// without users: who has its address, in which there is a random token, is let in.
type localPage struct {
	listener net.Listener
	many     *manyServers
	api      *server.Handler
	http     *http.Server
	token    string // of the address
	session  string // of the cookie that it is changed for
	first    string // address of what is looked at first
	served   chan error
}

// openLocalPage shows servers on a page, and first what has that address there.
func openLocalPage(c manyConfig, first string) (*localPage, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &localPage{listener: l, token: rand.Text(), session: rand.Text(), first: first, served: make(chan error, 1)}
	if p.many, err = openManyServers(c); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	// Who opens the page is there at once, and these servers mind no logon: none waits
	// for its turn to be asked. What comes of it their states say.
	asked, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range c.targets {
		_ = p.many.watch.Refresh(asked, c.targets[i].Name)
	}
	who := eventlog.Caller{Name: "you", Door: "page", SIDs: []eventlog.SID{nt.SIDAdministrators}}
	p.api = server.New(server.Options{
		Caller:  func(*http.Request) (eventlog.Caller, error) { return who, nil },
		For:     func(context.Context, eventlog.Caller) (eventlog.Server, error) { return noServer{}, nil },
		Version: version(), Zone: localZone(time.Now()), Texts: c.texts, Many: p.many.many,
	})
	p.http = &http.Server{Handler: p.guard(withPage(p.api.Network())), ReadHeaderTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	go func() { p.served <- p.http.Serve(l) }()
	return p, nil
}

// url is where the page is.
func (p *localPage) url() string {
	return fmt.Sprintf("http://%s/?token=%s", p.listener.Addr(), p.token)
}

// pageCookie is what a browser is known by. Cookies of a host are those of all its
// ports: another page of this machine has its own.
func (p *localPage) pageCookie() string {
	_, port, _ := net.SplitHostPort(p.listener.Addr().String()) // of a listener of our own
	return "netelf-page-" + port
}

// guard lets in who has the token, or what it was changed for. A name that leads here,
// as one of a page elsewhere may, is not ours.
func (p *localPage) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
		c, err := r.Cookie(p.pageCookie())
		token := r.URL.Query().Get("token")
		switch {
		case r.Host != p.listener.Addr().String():
		case r.Method == http.MethodGet && r.URL.Path == "/" && token != "" && same(token, p.token):
			http.SetCookie(w, &http.Cookie{Name: p.pageCookie(), Value: p.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Referrer-Policy", "no-referrer")
			http.Redirect(w, r, p.first, http.StatusSeeOther)
			return
		case err == nil && same(c.Value, p.session):
			next.ServeHTTP(w, r)
			return
		}
		http.Error(w, "open the address that netelf has printed", http.StatusForbidden)
	})
}

// close ends it.
func (p *localPage) close() error {
	p.api.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := p.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = p.http.Close()
	}
	if served := <-p.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, p.many.close())
}

// noServer is the service of a page that has none of its own.
type noServer struct{}

func (noServer) Logs(context.Context) ([]eventlog.Info, error) { return nil, nil }
func (noServer) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	return nil, fmt.Errorf("log %q: %w", strings.TrimSpace(name), fs.ErrNotExist)
}
func (noServer) Close() error { return nil }
