package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"netelf.example/internal/krb5"
	"netelf.example/internal/npa"
	"netelf.example/internal/rpcauth"
	"netelf.example/service"
)

// Logons by Kerberos. The KDC has looked at the password; what is left to find out is
// who that is here: the SIDs of the PAC, where the ticket has one, else the service's
// own user of that name in its own realm, else any authenticated user.
//
// A ticket that cannot be read names nobody, and one that was overheard can be sent
// again and again. So Security has the refusals of an address as often as the throttle
// lets them come, and the log has all.

// openKerberos reads the keytab.
func (d *rpcDoor) openKerberos() error {
	if d.conf.Keytab == "" {
		return nil
	}
	var err error
	if d.tickets, err = krb5.NewService(krb5.ServiceOptions{Keytab: string(d.conf.Keytab), Realm: string(d.conf.Realm)}); err != nil {
		return fmt.Errorf("rpc.keytab: %w", err)
	}
	d.log.Info("Kerberos", "principals", strings.Join(d.tickets.Principals(), " "))
	return nil
}

// ticketDone finds out who a ticket's user is here, and writes into Security how the
// logon ended.
func (d *rpcDoor) ticketDone(l *rpcauth.Logon, err error) error {
	if err != nil {
		return d.ticketRefused(l, doorRPC, err)
	}
	w := new(whom)
	l.Whom = w
	if t := l.Ticket; !t.PAC && t.Own && !strings.Contains(t.User, "/") {
		w.user, err = d.users.Lookup(t.User)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.log.Error("users", "error", err)
			return err
		}
	}
	return d.audit(service.LogonEvent(d.callerOf(l), l.By))
}

// ticketRefused writes down a ticket that was refused. Its error is that this could
// not be done.
func (d *rpcDoor) ticketRefused(l *rpcauth.Logon, door string, err error) error {
	addr := addrOf(l.Peer)
	done, soon := d.throttle.Try("ticket from "+addr.String(), addr)
	if soon == nil {
		done(true)
	}
	if soon != nil || l.Ticket == nil {
		d.log.Warn("logon refused", "door", door, "by", l.By, "addr", addr, "error", err)
		return nil
	}
	return d.refused(l, door, err)
}

// pipeTicketDone ends a logon by Kerberos inside Samba's pipe, which like any there must
// be the caller's own.
func (d *rpcDoor) pipeTicketDone(l *rpcauth.Logon, err error) error {
	if err == nil && !ownTicket(helloOf(l.Peer), l.Ticket) {
		err = fmt.Errorf("%w, %s", errOtherUser, helloOf(l.Peer).Caller().Name)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, d.ticketRefused(l, doorSamba, err))
}

// ownTicket says whether a ticket is that of the account that has opened the pipe: of
// its SID, or of its name or principal.
func ownTicket(h *npa.Hello, t *krb5.Identity) bool {
	if t.PAC && slices.Contains(h.SIDs, t.SID) {
		return true
	}
	return ownName(h, "", t.Principal()) || ownName(h, t.Realm, t.User)
}
