package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/npa"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/users"
	"netelf.example/internal/winbind"
	"netelf.example/nt"
	"netelf.example/service"
)

// Logons inside Samba's pipe. The caller is the one whom Samba let in, whatever is
// said inside: a second logon there makes keys that protect the calls, and gives no
// right. So it must be of the caller's own account. Otherwise whoever may open the
// pipe could try the passwords of others here, have them locked out by it, at the
// domain's controllers too, and sign calls with a key that is not the caller's. The
// name is compared before any password is looked at.
//
// It is no logon of its own, and a success is not in Security: Samba has let the
// user in, and an event of netelf's own user of that name, with another SID, would
// be wrong. What is refused is there, as 529, or 537 where the password is not the
// reason.

// doorSamba is the door of these logons, as npa.Hello.Caller says it.
const doorSamba = "samba"

// What pipeDone is told beside what package ntlm refuses by.
var (
	errOtherUser   = errors.New("the pipe was opened as another user")
	errAnonymously = errors.New("anonymous inside a pipe that a user has opened")
	errUnasked     = errors.New("winbind")
)

// winbindRefused is what winbind refuses by, beside a wrong password.
type winbindRefused struct{ reason string }

func (e *winbindRefused) Error() string        { return "winbind: " + e.reason }
func (e *winbindRefused) Is(target error) bool { return target == fs.ErrPermission }

// pipeAcceptors are how clients log on inside Samba's pipe.
func (d *rpcDoor) pipeAcceptors() map[uint8]func(*dcerpc.Peer) dcerpc.Mechanism {
	o := rpcauth.Options{Computer: netBIOS(d.computer), Domain: d.domainName(), Lookup: d.pipeLookup, Kerberos: d.tickets, Done: d.pipeDone}
	if d.winbind != nil {
		o.Verify = d.pipeVerify
	}
	return rpcauth.Acceptors(o)
}

// helloOf is who has opened the pipe that a logon comes through.
func helloOf(p *dcerpc.Peer) *npa.Hello {
	h, ok := p.Caller.(*npa.Hello)
	if !ok {
		h = new(npa.Hello) // nobody: no name is its own
	}
	return h
}

// ownName says whether a name, as a client sent it, is that of the account that has
// opened the pipe, or its principal. The domain does not count: of one account,
// clients name its domain, their own workgroup, or none.
func ownName(h *npa.Hello, domain, user string) bool {
	switch {
	case user == "" || slices.Contains(h.SIDs, nt.SIDAnonymous):
		return false
	case domain == "" && strings.Contains(user, "@") && eventlog.EqualFold(user, h.Principal):
		return true
	}
	return eventlog.EqualFold(user, h.Account)
}

// ownDomain says whether winbind may be asked about a user of a domain, as a client
// sent it: winbind knows users of one name in many domains.
func ownDomain(h *npa.Hello, domain string) bool {
	return domain == "" || eventlog.EqualFold(domain, h.Domain) || eventlog.EqualFold(domain, h.DNSDomain)
}

// pipeLookup finds the hash of the service's own user of the caller's name. Attempts
// are counted by the account that makes them, which the one whose name is given
// does not suffer from.
func (d *rpcDoor) pipeLookup(l *rpcauth.Logon) (hash [16]byte, ok bool, err error) {
	h := helloOf(l.Peer)
	done, err := d.throttle.Try(h.Account, addrOf(l.Peer))
	if err != nil {
		return hash, false, err
	}
	l.Whom = &whom{done: done}
	if !ownName(h, l.Domain, l.User) {
		return hash, false, fmt.Errorf("%w, %s", errOtherUser, h.Caller().Name)
	}
	hash, _, ok, err = d.hashOf(l.User)
	return hash, ok, err
}

// pipeVerify asks winbind about the caller's password.
func (d *rpcDoor) pipeVerify(l *rpcauth.Logon, challenge [8]byte, response []byte) (base [16]byte, ok bool, err error) {
	if h := helloOf(l.Peer); !ownDomain(h, l.Domain) {
		d.log.Info("winbind is not asked: the client names another domain", "user", l.User, "domain", l.Domain, "caller", h.Caller().Name)
		return base, false, nil
	}
	a, err := d.winbind.Ask(context.Background(), winbind.Question{Domain: l.Domain, User: l.User, Challenge: challenge, Response: response})
	switch {
	case err != nil:
		d.log.Error("winbind", "user", l.User, "error", err)
		return base, false, err
	case a.Verdict == winbind.Yes:
		return a.Key, true, nil
	}
	d.log.Warn("winbind", "user", l.User, "domain", l.Domain, "answer", a.String())
	switch a.Verdict {
	case winbind.Wrong:
		return base, false, nil
	case winbind.Absent:
		return base, false, fmt.Errorf("%w: %s", errUnasked, a.Reason)
	}
	return base, false, &winbindRefused{a.Reason}
}

// pipeDone ends a logon inside the pipe. Counted as failed is what a password, or
// a name, was tried with.
func (d *rpcDoor) pipeDone(l *rpcauth.Logon, err error) error {
	if l.Kerberos {
		return d.pipeTicketDone(l, err)
	}
	if w, ok := l.Whom.(*whom); ok {
		var refused *winbindRefused
		w.done(errors.Is(err, ntlm.ErrLogon) || errors.Is(err, errOtherUser) || errors.As(err, &refused))
	}
	if l.Anonymous && err == nil {
		if slices.Contains(helloOf(l.Peer).SIDs, nt.SIDAnonymous) {
			return nil
		}
		err = errAnonymously // a session key of zeros would pass for protection
	}
	if err == nil {
		return nil
	}
	var soon *users.TooSoon
	if errors.As(err, &soon) || l.Anonymous {
		// Security has the ones that were looked at; these may be any number.
		d.log.Warn("logon refused", "door", doorSamba, "user", l.User, "caller", helloOf(l.Peer).Caller().Name, "addr", addrOf(l.Peer), "error", err)
		return err
	}
	return errors.Join(err, d.refused(l, doorSamba, err))
}

// refused writes into Security that a logon was refused. Its error is that this
// could not be done.
func (d *rpcDoor) refused(l *rpcauth.Logon, door string, err error) error {
	c := eventlog.Caller{Name: l.User, Door: door, Addr: addrOf(l.Peer).String()}
	switch {
	case l.Ticket != nil:
		c.Name = l.Ticket.Principal()
	case l.Domain != "":
		c.Name = l.Domain + `\` + l.User
	}
	reason := err.Error()
	if errors.Is(err, ntlm.ErrLogon) {
		reason = ""
	}
	return d.audit(service.LogonRefusedEvent(c, l.By, reason))
}

// audit writes into Security. Who cannot be written down does not come in.
func (d *rpcDoor) audit(e *eventlog.Event) error {
	err := d.s.Audit(context.Background(), eventlog.Caller{}, e)
	if err != nil {
		d.log.Error("audit", "error", err)
	}
	return err
}
