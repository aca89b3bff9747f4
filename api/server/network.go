package server

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Network is the Handler for those who come over the network: a page of another
// origin changes nothing in the name of whoever looks at it.
func (h *Handler) Network() http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.opts.Logger.Warn("refused", "addr", r.RemoteAddr, "origin", r.Header.Get("Origin"), "reason", "another origin")
		refuse(w, refusal(http.StatusForbidden, "a page of another origin asks for it", nil).coded("cross-origin"))
	}))
	return p.Handler(h)
}

// Limited accepts so many connections at a time, and of one address an eighth of
// them. Of IPv6 the first 64 bits are an address. A proxy may have all.
type Limited struct {
	net.Listener
	most, each int
	proxies    Proxies
	log        *slog.Logger

	mu   sync.Mutex // guards what follows
	all  int
	from map[netip.Prefix]int
	told bool // that there are too many; once, until there are none
}

// Limit makes a Limited. What is too much is closed at once.
func Limit(l net.Listener, most int, proxies Proxies, log *slog.Logger) *Limited {
	return &Limited{Listener: l, most: most, each: max(1, most/8), proxies: proxies, log: log, from: map[netip.Prefix]int{}}
}

// Accept waits for a connection.
func (l *Limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		key, proxy := l.keyOf(c.RemoteAddr())
		if l.enter(key, proxy) {
			return &limitedConn{Conn: c, l: l, key: key}, nil
		}
		_ = c.Close() // it is of no use
	}
}

// keyOf is what a connection counts for, and whether that is a proxy.
func (l *Limited) keyOf(a net.Addr) (key netip.Prefix, proxy bool) {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return key, false
	}
	addr := p.Addr().Unmap().WithZone("")
	if l.proxies.has(addr) {
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	key, _ = addr.Prefix(bits) // the zero one would do
	return key, false
}

func (l *Limited) enter(key netip.Prefix, proxy bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all < l.most && (proxy || l.from[key] < l.each) {
		l.all++
		l.from[key]++
		return true
	}
	if !l.told { // once, or whoever does it fills the log, too
		l.told = true
		l.log.Warn("too many connections", "addr", key.Addr().String(), "its", l.from[key], "all", l.all)
	}
	return false
}

func (l *Limited) leave(key netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from[key]--; l.from[key] == 0 {
		delete(l.from, key)
	}
	if l.all--; l.all == 0 {
		l.told = false
	}
}

type limitedConn struct {
	net.Conn
	l    *Limited
	key  netip.Prefix
	once sync.Once
}

func (c *limitedConn) Close() error {
	c.once.Do(func() { c.l.leave(c.key) })
	return c.Conn.Close()
}
