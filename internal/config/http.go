package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"netelf.example/internal/quote"
)

// HTTP is the section of the HTTP API over the network.
type HTTP struct {
	Listen         Address  `key:"listen" empty:"it is not offered" doc:"the address and port on which the HTTP API is answered over TLS"`
	Plain          Flag     `key:"plain" default:"false" doc:"without TLS: on a loopback address only"`
	Certificate    Path     `key:"certificate" empty:"one that the service signs itself, http.crt in the data directory" doc:"the file of the certificate, and of those that it is signed with, in PEM; read again when it changes"`
	Key            Path     `key:"key" empty:"that of the service's own certificate, http.key" doc:"the file of the certificate's private key, in PEM"`
	SessionIdle    Duration `key:"session_idle" default:"1h" min:"1m" max:"168h" doc:"how long a session lasts that is not used"`
	SessionMost    Duration `key:"session_most" default:"24h" min:"1m" max:"720h" doc:"how long any session lasts"`
	MaxConnections Count    `key:"max_connections" default:"1024" min:"1" max:"65536" doc:"connections at a time; an address has an eighth of them"`
	Proxies        Networks `key:"proxies" empty:"nobody is believed" doc:"the addresses of proxies that clients come through, as 127.0.0.1 10.1.0.0/24: what their X-Forwarded-For and X-Forwarded-Proto say of a client is believed"`
	MaxRecords     Count    `key:"max_records" default:"10000000" min:"1000" max:"1000000000000" doc:"records that one request may examine; what is beyond is left for another request"`

	OIDCIssuer   Link  `key:"oidc_issuer" empty:"it is not offered" doc:"the provider of OpenID Connect that lets people in beside passwords: the URL that it calls itself by"`
	OIDCClient   Name  `key:"oidc_client" empty:"it is not offered" doc:"what the provider knows the service by: its client id"`
	OIDCSecret   Path  `key:"oidc_secret" empty:"there is none: a public client" doc:"the file of the client's secret, for its owner alone"`
	OIDCRedirect Link  `key:"oidc_redirect" empty:"it is not offered" doc:"where browsers come back to, as the provider has it registered: https://bedrock.example.com:7446/v1/session/oidc/callback"`
	OIDCCA       Path  `key:"oidc_ca" empty:"whom the system trusts" doc:"the file of those who may have signed the provider's certificate, in PEM"`
	OIDCLabel    Name  `key:"oidc_label" empty:"the host of the issuer" doc:"what people know the provider by"`
	OIDCScopes   Words `key:"oidc_scopes" default:"openid profile" doc:"the scopes that are asked for"`
	OIDCName     Name  `key:"oidc_name" default:"preferred_username" doc:"the claim that is the name of a user; email counts if the provider has verified it"`
	OIDCUsers    Flag  `key:"oidc_users" default:"false" doc:"who has the name of a user of service.users is that user, with its rights: only where nobody chooses the name at the provider"`
	OIDCGroups   Name  `key:"oidc_groups" default:"groups" doc:"the claim that has the groups of a user"`
	OIDCRoles    Roles `key:"oidc_roles" empty:"groups mean nothing" doc:"what groups of the provider may, as quarry-admins=administrators; auditors=readers; ops=S-1-5-21-1-2-3-1105"`
}

// Networks are addresses, and networks with the number of their bits, with a space
// between two.
type Networks string

// Count is a number of things.
type Count int64

// Check says what is wrong with values that are well each for itself.
func (h *HTTP) Check() error {
	switch {
	case (h.Certificate == "") != (h.Key == ""):
		return &Problem{Name: "the configuration", Key: "http.certificate", Err: errors.New("certificate and key go together: one of them is missing")}
	case bool(h.Plain) && h.Certificate != "":
		return &Problem{Name: "the configuration", Key: "http.plain", Err: errors.New("is true, and there is a certificate: want one of the two")}
	case bool(h.Plain) && h.Listen != "" && !loopback(string(h.Listen)):
		return &Problem{Name: "the configuration", Key: "http.plain", Err: fmt.Errorf("is true, and http.listen is %s, which others can reach: passwords would be read on the way; want a loopback address, as 127.0.0.1", quote.Short(string(h.Listen)))}
	}
	return h.checkOIDC()
}

// loopback says whether an address is only for this machine. A name can mean
// anything, but for the one that every system has.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// List is the networks, in their order. An address is one of itself alone.
func (n Networks) List() []netip.Prefix {
	list, _ := parseNetworks(string(n)) // what is wrong with it was told
	return list
}

func parseNetworks(text string) (list []netip.Prefix, err error) {
	for word := range strings.FieldsSeq(text) {
		p, err := netip.ParsePrefix(word)
		if err != nil {
			a, err := netip.ParseAddr(word)
			if err != nil || a.Zone() != "" {
				return nil, fmt.Errorf("have %s, want addresses and networks, as 127.0.0.1 10.1.0.0/24", quote.Short(word))
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		switch {
		case p.Addr().Is4In6():
			return nil, fmt.Errorf("have %s, want it as an address of IPv4", quote.Short(word))
		case p != p.Masked():
			return nil, fmt.Errorf("have %s, want %s, or an address alone", quote.Short(word), p.Masked())
		}
		list = append(list, p)
	}
	return list, nil
}

func (n *Networks) text() string  { return string(*n) }
func (n *Networks) plain() string { return "" }
func (n *Networks) set(text string, _ *Field) error {
	err := lineFlaw(text)
	if err == nil {
		_, err = parseNetworks(text)
	}
	if err != nil {
		return err
	}
	*n = Networks(text)
	return nil
}

func (n *Count) text() string  { return strconv.FormatInt(int64(*n), 10) }
func (n *Count) plain() string { return "!!int" }
func (n *Count) set(text string, f *Field) error {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text != strconv.FormatInt(v, 10) {
		return fmt.Errorf("have %s, want a whole number", quote.Short(text))
	}
	if low, err := strconv.ParseInt(f.min, 10, 64); err == nil && v < low {
		return fmt.Errorf("have %d, want at least %d", v, low)
	}
	if high, err := strconv.ParseInt(f.max, 10, 64); err == nil && v > high {
		return fmt.Errorf("have %d, want at most %d", v, high)
	}
	*n = Count(v)
	return nil
}
