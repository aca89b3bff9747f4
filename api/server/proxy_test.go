package server

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
)

var someProxies = Proxies{
	netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.1.0.0/24"), netip.MustParsePrefix("2001:db8::/64"),
}

// What a request is taken for: proxies are believed, and nobody else.
func TestProxies(t *testing.T) {
	for _, tt := range []struct {
		name, from string
		headers    []string // name, value, name, value …
		want       string
		tls        bool
	}{
		{"nobody said anything", "127.0.0.1:1000", nil, "127.0.0.1:0", false},
		{"one client", "127.0.0.1:1000", []string{"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https"}, "192.0.2.7:0", true},
		{"a stranger", "192.0.2.1:1000", []string{"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https"}, "192.0.2.1:1000", false},
		{"a client that makes something up", "127.0.0.1:1000", []string{"X-Forwarded-For", "10.9.9.9, 192.0.2.7", "X-Forwarded-Proto", "https, http"}, "192.0.2.7:0", false},
		{"a client that calls itself a proxy", "127.0.0.1:1000", []string{"X-Forwarded-For", "198.51.100.1,192.0.2.7"}, "192.0.2.7:0", false},
		{"two proxies", "127.0.0.1:1000", []string{"X-Forwarded-For", "203.0.113.5, 192.0.2.7, 10.1.0.9"}, "192.0.2.7:0", false},
		{"two headers", "127.0.0.1:1000", []string{"X-Forwarded-For", "192.0.2.7", "X-Forwarded-For", "10.1.0.9", "X-Forwarded-Proto", "http", "X-Forwarded-Proto", "HTTPS"}, "192.0.2.7:0", true},
		{"proxies alone", "127.0.0.1:1000", []string{"X-Forwarded-For", "10.1.0.8, 10.1.0.9"}, "10.1.0.8:0", false},
		{"IPv6", "[2001:db8::1]:1000", []string{"X-Forwarded-For", "2001:db8:1::7"}, "[2001:db8:1::7]:0", false},
		{"IPv4 within IPv6", "[::ffff:127.0.0.1]:1000", []string{"X-Forwarded-For", "::ffff:192.0.2.7"}, "192.0.2.7:0", false},
		{"with a port", "127.0.0.1:1000", []string{"X-Forwarded-For", "192.0.2.7:4711"}, "192.0.2.7:0", false},
		{"with a port, IPv6", "127.0.0.1:1000", []string{"X-Forwarded-For", "[2001:db8:1::7]:4711"}, "[2001:db8:1::7]:0", false},
		{"no address", "127.0.0.1:1000", []string{"X-Forwarded-For", "192.0.2.7, unknown"}, "127.0.0.1:0", false},
		{"no address behind a proxy", "127.0.0.1:1000", []string{"X-Forwarded-For", "192.0.2.7, _x, 10.1.0.9"}, "10.1.0.9:0", false},
		{"nothing between commas", "127.0.0.1:1000", []string{"X-Forwarded-For", "192.0.2.7,,"}, "127.0.0.1:0", false},
		{"empty", "127.0.0.1:1000", []string{"X-Forwarded-For", "", "X-Forwarded-Proto", ""}, "127.0.0.1:0", false},
		{"no peer", "@", []string{"X-Forwarded-For", "192.0.2.7"}, "@", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.from
		for h := range slices.Chunk(tt.headers, 2) {
			r.Header.Add(h[0], h[1])
		}
		asked := 0
		someProxies.Handler(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
			asked++
			if got.RemoteAddr != tt.want || (got.TLS != nil) != tt.tls {
				t.Errorf("%s: from %s, TLS %v; want %s, %v", tt.name, got.RemoteAddr, got.TLS != nil, tt.want, tt.tls)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
		if asked != 1 || r.RemoteAddr != tt.from || r.TLS != nil {
			t.Errorf("%s: asked %d times, and it was changed to %s", tt.name, asked, r.RemoteAddr)
		}
	}
}

func FuzzProxies(f *testing.F) {
	f.Add("192.0.2.7, 10.1.0.9", "https")
	f.Add("[2001:db8::1]:80,,", "http,https")
	f.Fuzz(func(t *testing.T, client, proto string) {
		h := http.Header{"X-Forwarded-For": {client}, "X-Forwarded-Proto": {proto}}
		from := netip.MustParseAddr("127.0.0.1")
		if a := someProxies.client(from, h); !a.IsValid() || a.Zone() != "" || a != from && !strings.Contains(client, ".") && !strings.Contains(client, ":") {
			t.Errorf("%q: %v", client, a)
		}
		forwardedTLS(h)
	})
}

// Behind the proxy of net/http, which does TLS, a login gets a cookie that goes over TLS
// alone, and from a page of the proxy's own address; Security has the client.
func TestBehindProxy(t *testing.T) {
	n := overTLSService(t)
	for _, believed := range []Proxies{someProxies, nil} {
		back := httptest.NewServer(believed.Handler(n.h.Network()))
		defer back.Close()
		to, err := url.Parse(back.URL)
		if err != nil {
			t.Fatal(err)
		}
		front := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.In.RemoteAddr = "192.0.2.7:1000" // everybody is on this machine
			r.SetXForwarded()
		}})
		defer front.Close()
		ask := func(origin string) *http.Response {
			r, err := http.NewRequestWithContext(t.Context(), "POST", front.URL+"/v1/session", strings.NewReader(`{"user":"fred","password":"Yabba1"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Origin", origin)
			a, err := front.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			if _, err := io.Copy(io.Discard, a.Body); err != nil {
				t.Fatal(err)
			}
			return a
		}
		a := ask(front.URL)
		cookies := a.Cookies()
		if a.StatusCode/100 != 2 || len(cookies) != 1 {
			t.Fatalf("a login: %s, cookies %v", a.Status, cookies)
		}
		if c := cookies[0]; c.Secure != (believed != nil) || strings.HasPrefix(c.Name, "__Host-") != (believed != nil) {
			t.Errorf("believed %v: the cookie is %v", believed, c)
		}
		if a := ask("https://elsewhere.example"); a.StatusCode != http.StatusForbidden {
			t.Errorf("another origin: %s", a.Status)
		}
	}
}

// TestProxyThrottle: whoever guesses behind a proxy is slowed down alone.
func TestProxyThrottle(t *testing.T) {
	n := overTLSService(t)
	h := someProxies.Handler(n.h.Network())
	guess := func(client, user, password string) int {
		r := httptest.NewRequest("POST", "/v1/session", strings.NewReader(`{"user":"`+user+`","password":"`+password+`"}`))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = "127.0.0.1:1000"
		r.Header.Set("X-Forwarded-For", client)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	last := 0
	for i := range 30 { // 20 cost nothing, and no name comes twice
		last = guess("192.0.2.7", fmt.Sprint("nobody", i), "x")
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the last guess of many: %d", last)
	}
	if got := guess("192.0.2.8", "fred", "Yabba1"); got/100 != 2 {
		t.Errorf("another client: %d", got)
	}
}

// A proxy has the connections of all its clients.
func TestLimitProxy(t *testing.T) {
	l := &Limited{most: 4, each: 1, proxies: someProxies, from: map[netip.Prefix]int{}, log: slog.New(slog.DiscardHandler)}
	key, proxy := l.keyOf(address("127.0.0.1:1"))
	if !proxy || key.String() != "127.0.0.1/32" {
		t.Errorf("%v, %v", key, proxy)
	}
	for range 4 {
		if !l.enter(key, proxy) {
			t.Fatal("a proxy is refused")
		}
	}
	if l.enter(key, proxy) {
		t.Error("more than all")
	}
	for range 4 {
		l.leave(key)
	}
	if l.all != 0 || len(l.from) != 0 {
		t.Errorf("%d are counted, of %v", l.all, l.from)
	}
}
