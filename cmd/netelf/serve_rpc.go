package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/config"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/epm"
	"netelf.example/internal/krb5"
	"netelf.example/internal/npa"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/users"
	"netelf.example/internal/winbind"
	"netelf.example/nt"
	"netelf.example/service"
)

// rpcDoor is MS-EVEN: it finds out who comes, and knows nothing of what they may
// do.
type rpcDoor struct {
	s        *service.Service
	log      *slog.Logger
	conf     config.RPC
	computer string
	users    *users.Store
	throttle *users.Throttle

	admin *atomic.Pointer[uint32] // the group of this machine that administrates

	handler dcerpc.Interface
	tickets *krb5.Service    // nil: Kerberos is not offered
	pipe    *npa.Pipe        // nil: none
	winbind *winbind.Winbind // nil: it is not asked
	addr    *net.TCPAddr     // where it answers over TCP; nil: it does not
	servers []*dcerpc.Server
	running sync.WaitGroup
	failed  chan error // a listener that ended by itself
}

// whom is what a logon is about, between the look at its user and its end.
type whom struct {
	user users.User        // one of the service's own; of a ticket it may have no Name
	done func(failed bool) // of the throttle; nil: of a ticket
}

// openRPC opens what is configured of MS-EVEN.
func openRPC(s *service.Service, log *slog.Logger, c *config.Config, computer string, admin *atomic.Pointer[uint32]) (*rpcDoor, error) {
	d := &rpcDoor{s: s, log: log, conf: c.RPC, computer: computer, admin: admin, throttle: users.NewThrottle(nil), failed: make(chan error, 3)}
	if d.conf.Listen == "" && d.conf.Mapper != "" {
		return nil, errors.New("rpc.mapper has nothing to tell without rpc.listen")
	}
	if d.conf.SambaPipe == "" && d.conf.Winbind != "" {
		return nil, errors.New("rpc.winbind has nothing to check without rpc.samba_pipe")
	}
	switch {
	case d.conf.Keytab == "" && d.conf.Realm != "":
		return nil, errors.New("rpc.realm has nothing to say without rpc.keytab")
	case d.conf.Listen == "" && d.conf.SambaPipe == "" && d.conf.Keytab != "":
		return nil, errors.New("rpc.keytab has nothing to check without rpc.listen or rpc.samba_pipe")
	case d.conf.Listen == "" && d.conf.SambaPipe == "":
		return d, nil
	}
	var err error
	if err = d.openKerberos(); err != nil {
		return nil, err
	}
	if d.users, err = users.Open(c.Service.UsersFile(), nil); err != nil {
		return nil, err
	}
	d.handler = even.NewHandler(even.HandlerOptions{For: d.serverFor, Logger: log})
	if err = d.openTCP(); err == nil {
		err = d.openSamba()
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// options are what both doors have in common. MaxFrag is as large as it can be:
// who reads a log asks for much at once.
func (d *rpcDoor) options() dcerpc.ServerOptions {
	return dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{d.handler}, Auth: d.acceptors(), MaxFrag: 65535, Logger: d.log}
}

// openTCP answers over TCP, and tells an endpoint mapper's clients where.
func (d *rpcDoor) openTCP() error {
	if d.conf.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", string(d.conf.Listen))
	if err != nil {
		return fmt.Errorf("rpc.listen: %w", err)
	}
	d.addr, _ = l.Addr().(*net.TCPAddr) // it is one
	d.log.Info("MS-EVEN", "listen", l.Addr().String())
	o := d.options()
	o.Authorize = d.authorize
	d.serve(l, dcerpc.NewServer(o))
	if d.conf.Mapper == "" {
		return nil
	}
	m, err := net.Listen("tcp", string(d.conf.Mapper))
	if err != nil {
		return fmt.Errorf("rpc.mapper: %w", err)
	}
	d.log.Info("endpoint mapper", "listen", m.Addr().String())
	entry := epm.Entry{Interface: d.handler.ID, Port: uint16(d.addr.Port), Annotation: "netelf event logs"}
	d.serve(m, dcerpc.NewServer(dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{epm.Interface(entry)}, Logger: d.log}))
	return nil
}

// openSamba takes the pipe over from Samba, which knows who comes. What a client
// does inside the pipe protects its messages and nothing else.
func (d *rpcDoor) openSamba() error {
	if d.conf.SambaPipe == "" {
		return nil
	}
	if d.conf.Winbind != "" {
		w, err := winbind.New(winbind.Options{Program: string(d.conf.Winbind)})
		if err != nil {
			return fmt.Errorf("rpc.winbind: %w", err)
		}
		d.winbind = w
	}
	p, err := npa.Take(context.Background(), npa.Options{Dir: string(d.conf.SambaPipe), Name: "eventlog", Logger: d.log})
	if err != nil {
		return fmt.Errorf("rpc.samba_pipe: %w", err)
	}
	o := d.options()
	o.Auth = d.pipeAcceptors()
	s := dcerpc.NewServer(o)
	d.servers, d.pipe = append(d.servers, s), p
	d.running.Go(func() {
		for {
			c, err := p.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				d.failed <- fmt.Errorf("rpc.samba_pipe: %w", err)
				return
			}
			d.running.Go(func() {
				peer := dcerpc.Peer{
					Addr: c.RemoteAddr(), LocalAddr: c.LocalAddr(), Transport: dcerpc.TransportPipe, Endpoint: `\pipe\eventlog`, Caller: c.Hello(),
				}
				if err := s.ServeConn(context.Background(), c, peer); err != nil && !errors.Is(err, dcerpc.ErrServerClosed) {
					d.log.Info("pipe", "peer", c.RemoteAddr().String(), "error", err)
				}
			})
		}
	})
	return nil
}

func (d *rpcDoor) serve(l net.Listener, s *dcerpc.Server) {
	d.servers = append(d.servers, s)
	d.running.Go(func() {
		if err := s.Serve(context.Background(), l); !errors.Is(err, dcerpc.ErrServerClosed) {
			d.failed <- fmt.Errorf("%s: %w", l.Addr(), err)
		}
	})
}

// Close ends it: calls under way are answered, if they do not take long.
func (d *rpcDoor) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var err error
	if d.pipe != nil {
		err = d.pipe.Close()
	}
	if d.winbind != nil {
		err = errors.Join(err, d.winbind.Close())
	}
	for _, s := range d.servers {
		if err := s.Shutdown(ctx); err != nil {
			d.log.Warn("calls were cut off", "error", err)
		}
	}
	d.running.Wait()
	return err
}

// acceptors are how clients log on.
func (d *rpcDoor) acceptors() map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism {
	return rpcauth.Acceptors(rpcauth.Options{Computer: netBIOS(d.computer), Domain: d.domainName(), Lookup: d.lookup, Kerberos: d.tickets, Done: d.done})
}

// netBIOS is the name of a computer as NT knows it.
func netBIOS(computer string) string {
	name, _, _ := strings.Cut(computer, ".")
	name = strings.ToUpper(name)
	if name = name[:min(len(name), 15)]; name == "" {
		name = "NETELF"
	}
	return name
}

// lookup finds the user of a logon, unless it comes too early. The domain does
// not count: clients name their own as often as ours.
func (d *rpcDoor) lookup(l *rpcauth.Logon) (hash [16]byte, ok bool, err error) {
	done, err := d.throttle.Try(l.User, addrOf(l.Peer))
	if err != nil {
		return hash, false, err
	}
	w := &whom{done: done}
	l.Whom = w
	hash, w.user, ok, err = d.hashOf(l.User)
	return hash, ok, err
}

// hashOf is what is kept of a user's password for NTLM; false: nothing is.
func (d *rpcDoor) hashOf(name string) (hash [16]byte, u users.User, ok bool, err error) {
	hash, u, err = d.users.NTHash(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return hash, u, false, nil
	case err != nil:
		d.log.Error("users", "error", err)
		return hash, u, false, err
	}
	return hash, u, true, nil
}

// done writes into Security how a logon ended.
func (d *rpcDoor) done(l *rpcauth.Logon, err error) error {
	if l.Kerberos {
		return d.ticketDone(l, err)
	}
	if w, ok := l.Whom.(*whom); ok {
		w.done(errors.Is(err, ntlm.ErrLogon))
	}
	var soon *users.TooSoon
	if errors.As(err, &soon) {
		// Security has the ones that were looked at; these may be any number.
		d.log.Warn("logon refused", "user", l.User, "addr", addrOf(l.Peer), "error", err)
		return nil
	}
	if l.Anonymous && err == nil {
		return nil // nobody logged on; what it asks for is refused, or not, and audited
	}
	if err != nil {
		return d.refused(l, doorRPC, err)
	}
	return d.audit(service.LogonEvent(d.callerOf(l), l.By))
}

const doorRPC = "MS-EVEN"

// authorize says whether a client's security is what is configured.
func (d *rpcDoor) authorize(p *dcerpc.Peer, _ dcerpc.SyntaxID) error {
	least := map[config.Security]uint8{
		config.SecurityNone: dcerpc.LevelNone, config.SecurityConnect: dcerpc.LevelConnect,
		config.SecurityIntegrity: dcerpc.LevelIntegrity, config.SecurityPrivacy: dcerpc.LevelPrivacy,
	}
	need, ok := least[d.conf.Security]
	if !ok { // auto
		need = dcerpc.LevelIntegrity
		if addrOf(p).IsLoopback() {
			need = dcerpc.LevelConnect
		}
	}
	l, known := p.Identity.(*rpcauth.Logon)
	anonymous := !known || l.Anonymous
	var why string
	switch {
	case anonymous && !bool(d.conf.Anonymous):
		why = "it does not log on, and rpc.anonymous is false"
	case anonymous && need <= dcerpc.LevelConnect:
		return nil
	case p.AuthLevel < need:
		why = fmt.Sprintf("its security is of level %d, and rpc.security wants %d", p.AuthLevel, need)
	default:
		return nil
	}
	d.log.Warn("refused", "addr", addrOf(p), "reason", why)
	return fs.ErrPermission
}

// serverFor is the service as a client sees it.
func (d *rpcDoor) serverFor(_ context.Context, p *dcerpc.Peer) (eventlog.Server, error) {
	if h, ok := p.Caller.(*npa.Hello); ok {
		return d.s.As(d.sambaCaller(h)), nil
	}
	l, ok := p.Identity.(*rpcauth.Logon)
	if !ok {
		l = &rpcauth.Logon{Anonymous: true, Peer: p}
	}
	return d.s.As(d.callerOf(l)), nil
}

// sambaCaller is whom Samba let in, by the token that it made of it.
func (d *rpcDoor) sambaCaller(h *npa.Hello) eventlog.Caller {
	c := h.Caller()
	if g := d.admin.Load(); g != nil && slices.Contains(h.Groups, uint64(*g)) && !slices.Contains(c.SIDs, nt.SIDAdministrators) {
		c.SIDs = append(c.SIDs, nt.SIDAdministrators)
	}
	return c
}

// callerOf is who a logon is.
func (d *rpcDoor) callerOf(l *rpcauth.Logon) eventlog.Caller {
	c := eventlog.Caller{Door: doorRPC, Addr: addrOf(l.Peer).String()}
	w, ok := l.Whom.(*whom)
	if l.Anonymous || !ok {
		c.Name, c.SIDs = "ANONYMOUS LOGON", []eventlog.SID{nt.SIDAnonymous, nt.SIDEveryone, nt.SIDNetwork}
		return c
	}
	switch {
	case l.Ticket != nil && l.Ticket.PAC:
		c.Name, c.SIDs = l.Ticket.Domain+`\`+l.Ticket.Account, slices.Clone(l.Ticket.SIDs)
	case l.Ticket != nil && w.user.Name == "":
		c.Name = l.Ticket.Principal()
	default:
		c.Name, c.SIDs = d.domainName()+`\`+w.user.Name, w.user.SIDs()
	}
	for _, sid := range []eventlog.SID{nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDNetwork} {
		if !slices.Contains(c.SIDs, sid) {
			c.SIDs = append(c.SIDs, sid)
		}
	}
	return c
}

func (d *rpcDoor) domainName() string {
	if d.conf.Domain != "" {
		return string(d.conf.Domain)
	}
	return netBIOS(d.computer)
}

// addrOf is where a client is; the zero Addr where that cannot be said.
func addrOf(p *dcerpc.Peer) netip.Addr {
	if p == nil || p.Addr == nil {
		return netip.Addr{}
	}
	host, port, err := net.SplitHostPort(p.Addr.String())
	if err != nil {
		return netip.Addr{}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}
