//go:build unix

package main

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/krb5"
	"netelf.example/internal/npa"
	"netelf.example/internal/rpcauth"
	"netelf.example/nt"
)

// ticketLogon is somebody with a ticket, as package rpcauth says it; nil: one that
// cannot be read.
func ticketLogon(t *krb5.Identity, h *npa.Hello) *rpcauth.Logon {
	l := &rpcauth.Logon{
		By: "Kerberos", Kerberos: true, Ticket: t,
		Peer: &dcerpc.Peer{Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1030}, Caller: h},
	}
	if t != nil {
		l.User, l.Domain = t.User, t.Realm
	}
	return l
}

// TestTicketCaller: who somebody with a ticket is here.
func TestTicketCaller(t *testing.T) {
	d, _ := pipeDoor(t)
	fred, err := d.users.Lookup("fred")
	if err != nil {
		t.Fatal(err)
	}
	all := []eventlog.SID{nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDNetwork}
	const own, group = "S-1-5-21-1-2-3-1105", "S-1-5-21-1-2-3-513"
	for _, x := range []struct {
		name string
		who  krb5.Identity
		want eventlog.Caller
	}{
		{"of a domain", krb5.Identity{User: "fred", Realm: "QUARRY.EXAMPLE", Own: true, PAC: true, Account: "fred", Domain: "QUARRY", SID: own, SIDs: []nt.SID{own, group, nt.SIDEveryone}},
			eventlog.Caller{Name: `QUARRY\fred`, SIDs: []eventlog.SID{own, group, nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDNetwork}}},
		{"the service's user", krb5.Identity{User: "Fred", Realm: "QUARRY.EXAMPLE", Own: true},
			eventlog.Caller{Name: `BEDROCK\fred`, SIDs: append(fred.SIDs(), all...)}},
		{"no user of the service", krb5.Identity{User: "dino", Realm: "QUARRY.EXAMPLE", Own: true},
			eventlog.Caller{Name: "dino@QUARRY.EXAMPLE", SIDs: all}},
		{"another realm's fred", krb5.Identity{User: "fred", Realm: "SLATE.EXAMPLE"},
			eventlog.Caller{Name: "fred@SLATE.EXAMPLE", SIDs: all}},
		{"a principal of two parts", krb5.Identity{User: "fred/admin", Realm: "QUARRY.EXAMPLE", Own: true},
			eventlog.Caller{Name: "fred/admin@QUARRY.EXAMPLE", SIDs: all}},
	} {
		t.Run(x.name, func(t *testing.T) {
			l := ticketLogon(&x.who, nil)
			if err := d.done(l, nil); err != nil {
				t.Fatal(err)
			}
			x.want.Door, x.want.Addr = doorRPC, "192.0.2.7"
			if diff := cmp.Diff(x.want, d.callerOf(l)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	want := []string{
		"540 fred QUARRY", "540 fred BEDROCK", "540 dino@QUARRY.EXAMPLE -", "540 fred@SLATE.EXAMPLE -", "540 fred/admin@QUARRY.EXAMPLE -",
	}
	if diff := cmp.Diff(want, logons(t, d)); diff != "" {
		t.Errorf("Security: -want +got\n%s", diff)
	}
}

// logons are what Security has of logons: id, user and domain.
func logons(t *testing.T, d *rpcDoor) (list []string) {
	t.Helper()
	for _, text := range d.security(t) {
		if id, rest, _ := strings.Cut(text, " "); id == "540" || id == "537" || id == "529" {
			list = append(list, id+" "+strings.Join(strings.SplitN(rest, "|", 3)[:2], " "))
		}
	}
	return list
}

// TestTicketRefused: a refusal is written down with who it is about, but not as often
// as one address likes; a ticket that cannot be read is in the log only.
func TestTicketRefused(t *testing.T) {
	d, said := pipeDoor(t)
	why := errors.New("kerberos: the ticket has expired")
	for range 3 {
		if err := d.done(ticketLogon(nil, nil), why); err != nil {
			t.Fatal(err)
		}
	}
	fred := &krb5.Identity{User: "fred", Realm: "QUARRY.EXAMPLE"}
	for range 100 {
		if err := d.done(ticketLogon(fred, nil), why); err != nil {
			t.Fatal(err)
		}
	}
	got := logons(t, d)
	if len(got) < 1 || len(got) > 5 || got[0] != "537 fred@QUARRY.EXAMPLE -" {
		t.Errorf("in Security %q", got)
	}
	if n := strings.Count(said.String(), "logon refused"); n+len(got) != 103 {
		t.Errorf("%d refusals in the log and %d in Security, want 103", n, len(got))
	}
}

// TestOwnTicket: inside Samba's pipe a ticket is the caller's own, or refused.
func TestOwnTicket(t *testing.T) {
	d, _ := pipeDoor(t)
	const sid = "S-1-5-21-1-2-3-1105"
	h := &npa.Hello{Account: "fred", Domain: "QUARRY", Principal: "Fred@quarry.example", SIDs: []nt.SID{sid, nt.SIDEveryone}}
	nobody := &npa.Hello{SIDs: []nt.SID{nt.SIDAnonymous}}
	for _, x := range []struct {
		name string
		h    *npa.Hello
		who  krb5.Identity
		ok   bool
	}{
		{"by SID", h, krb5.Identity{User: "f.flintstone", Realm: "QUARRY.EXAMPLE", PAC: true, Account: "f.flintstone", SID: sid}, true},
		{"by principal", h, krb5.Identity{User: "fred", Realm: "QUARRY.EXAMPLE"}, true},
		{"by account", h, krb5.Identity{User: "FRED", Realm: "QUARRY.EXAMPLE"}, true},
		{"another user", h, krb5.Identity{User: "barney", Realm: "QUARRY.EXAMPLE"}, false},
		{"another SID and name", h, krb5.Identity{User: "barney", Realm: "QUARRY.EXAMPLE", PAC: true, SID: "S-1-5-21-1-2-3-1106"}, false},
		{"in a pipe that nobody has opened", nobody, krb5.Identity{User: "fred", Realm: "QUARRY.EXAMPLE"}, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			err := d.pipeDone(ticketLogon(&x.who, x.h), nil)
			if x.ok != (err == nil) || !x.ok && !errors.Is(err, errOtherUser) {
				t.Errorf("%v, want it taken: %v", err, x.ok)
			}
		})
	}
}
