package config

import (
	"fmt"
	"net"
	"strconv"

	"netelf.example/internal/quote"
)

// RPC is the section of MS-EVEN, by which NT programs reach the service.
type RPC struct {
	Listen    Address  `key:"listen" empty:"it is not offered" doc:"the address and port on which MS-EVEN is answered over TCP (ncacn_ip_tcp)"`
	Mapper    Address  `key:"mapper" empty:"there is none" doc:"the address and port of an endpoint mapper of its own, for clients that ask on port 135; not where another program has it"`
	Security  Security `key:"security" default:"auto" doc:"what a client must do: none; connect, log on; integrity, sign; privacy, encrypt; auto is integrity, and on loopback connect"`
	Anonymous Flag     `key:"anonymous" default:"false" doc:"clients that do not log on are let in, with the rights of Anonymous (S-1-5-7), which by default has none"`
	Domain    NetBIOS  `key:"domain" empty:"the name of the computer" doc:"the NetBIOS domain that clients are told, up to 15 characters"`
	Keytab    Path     `key:"keytab" empty:"Kerberos is not offered" doc:"the file with the service's keys of Kerberos, as of host/bedrock.quarry.example: clients with a ticket are let in"`
	Realm     Realm    `key:"realm" empty:"the realms of the keytab" doc:"the realm of Kerberos of which a principal fred@REALM is the service's own user fred, where the ticket says nothing of groups"`
	SambaPipe Path     `key:"samba_pipe" empty:"it is not offered" doc:"the folder of Samba's ncalrpc sockets, as /run/samba/ncalrpc: eventlog is answered for Samba, in its place"`
	Winbind   Path     `key:"winbind" empty:"it is not asked" doc:"Samba's program ntlm_auth, as /usr/bin/ntlm_auth: inside Samba's pipe, winbind checks the passwords that the service does not have"`
}

// The types of values of a section, as those of Service.
type (
	// Address is a host and a port, of which the host may be missing: all.
	Address string
	// Security is what clients must do.
	Security string
	// Flag is true or false.
	Flag bool
	// NetBIOS is the name of a computer or domain, as NT knows it.
	NetBIOS string
	// Realm is a realm of Kerberos.
	Realm string
)

// The values of Security.
const (
	SecurityAuto      Security = "auto"
	SecurityNone      Security = "none"
	SecurityConnect   Security = "connect"
	SecurityIntegrity Security = "integrity"
	SecurityPrivacy   Security = "privacy"
)

func (a *Address) text() string  { return string(*a) }
func (a *Address) plain() string { return "" }
func (a *Address) set(text string, _ *Field) error {
	if err := lineFlaw(text); err != nil {
		return err
	}
	if text != "" {
		_, port, err := net.SplitHostPort(text)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return fmt.Errorf("have %s, want an address and a port, as 127.0.0.1:1026, [::1]:1026 or :1026", quote.Short(text))
		}
	}
	*a = Address(text)
	return nil
}

func (s *Security) text() string  { return string(*s) }
func (s *Security) plain() string { return "" }
func (s *Security) set(text string, _ *Field) error {
	switch v := Security(text); v {
	case SecurityAuto, SecurityNone, SecurityConnect, SecurityIntegrity, SecurityPrivacy:
		*s = v
		return nil
	}
	return fmt.Errorf("have %s, want auto, none, connect, integrity or privacy", quote.Short(text))
}

func (f *Flag) text() string  { return strconv.FormatBool(bool(*f)) }
func (f *Flag) plain() string { return "!!bool" }
func (f *Flag) set(text string, _ *Field) error {
	switch text {
	case "true":
		*f = true
	case "false":
		*f = false
	default:
		return fmt.Errorf("have %s, want true or false", quote.Short(text))
	}
	return nil
}

func (n *NetBIOS) text() string  { return string(*n) }
func (n *NetBIOS) plain() string { return "" }
func (n *NetBIOS) set(text string, _ *Field) error {
	const most = 15
	if len(text) > most {
		return fmt.Errorf("have %s, want at most %d characters", quote.Short(text), most)
	}
	for _, c := range text {
		if c <= ' ' || c >= 0x7f || c == '\\' || c == '/' || c == ':' || c == '*' || c == '?' || c == '"' || c == '<' || c == '>' || c == '|' {
			return fmt.Errorf("have %s, in which %q cannot be", quote.Short(text), c)
		}
	}
	*n = NetBIOS(text)
	return nil
}

func (r *Realm) text() string  { return string(*r) }
func (r *Realm) plain() string { return "" }
func (r *Realm) set(text string, _ *Field) error {
	const most = 255
	if len(text) > most {
		return fmt.Errorf("have %s, want at most %d characters", quote.Short(text), most)
	}
	for _, c := range text {
		if c <= ' ' || c >= 0x7f || c == '@' || c == '/' {
			return fmt.Errorf("have %s, in which %q cannot be", quote.Short(text), c)
		}
	}
	*r = Realm(text)
	return nil
}
