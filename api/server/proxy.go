package server

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are networks of which proxies come that are believed: what they say of their
// clients, nobody else may say.
type Proxies []netip.Prefix

// has says whether an address is of a proxy.
func (p Proxies) has(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// Handler has next see the requests of proxies as their clients made them: from where,
// by X-Forwarded-For, and over TLS if X-Forwarded-Proto says so. Of everybody else
// these are only headers.
func (p Proxies) Handler(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := addrOf(r); p.has(from) {
			own := r.WithContext(r.Context())
			own.RemoteAddr = netip.AddrPortFrom(p.client(from, r.Header), 0).String()
			if own.TLS == nil && forwardedTLS(r.Header) {
				own.TLS = new(tls.ConnectionState) // that there is TLS is all that is known of it
			}
			r = own
		}
		next.ServeHTTP(w, r)
	})
}

// client is whoever the proxy at from speaks for. Each proxy has put behind the others
// where its request came from: the last address that is no proxy's is the client's, and
// what stands before it anybody can have written.
func (p Proxies) client(from netip.Addr, h http.Header) netip.Addr {
	for _, value := range slices.Backward(h.Values("X-Forwarded-For")) {
		for rest := value; rest != ""; {
			var last string
			if i := strings.LastIndexByte(rest, ','); i >= 0 {
				rest, last = rest[:i], rest[i+1:]
			} else {
				rest, last = "", rest
			}
			a, ok := forwarded(strings.TrimSpace(last))
			if !ok {
				return from // as far as somebody knows
			}
			if from = a; !p.has(a) {
				return a
			}
		}
	}
	return from
}

// forwarded is an address as proxies write it: with a port, or without.
func forwarded(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		with, err := netip.ParseAddrPort(s)
		if err != nil {
			return a, false
		}
		a = with.Addr()
	}
	return a.Unmap().WithZone(""), true
}

// forwardedTLS says whether the client came by TLS to the proxy that is nearest to here.
func forwardedTLS(h http.Header) bool {
	values := h.Values("X-Forwarded-Proto")
	if len(values) == 0 {
		return false
	}
	last := values[len(values)-1]
	return strings.EqualFold(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]), "https")
}
