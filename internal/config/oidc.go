package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"netelf.example/internal/quote"
	"netelf.example/nt"
)

// OIDCCallback is the path that browsers come back to.
const OIDCCallback = "/v1/session/oidc/callback"

// The types of values of OpenID Connect.
type (
	// Link is a URL over TLS, or of this machine.
	Link string
	// Words are words with a space between them.
	Words string
	// Roles are groups and what they may.
	Roles string
)

// Role is what a group may.
type Role struct {
	Group string // as the provider has it
	SID   nt.SID
}

// checkOIDC says what is wrong with values that are well each for itself.
func (h *HTTP) checkOIDC() error {
	wrong := func(key, format string, args ...any) error {
		return &Problem{Name: "the configuration", Key: "http." + key, Err: fmt.Errorf(format, args...)}
	}
	if h.OIDCIssuer == "" {
		for _, x := range []struct{ key, text string }{
			{"oidc_client", string(h.OIDCClient)}, {"oidc_secret", string(h.OIDCSecret)}, {"oidc_redirect", string(h.OIDCRedirect)},
		} {
			if x.text != "" {
				return wrong(x.key, "is there, and http.oidc_issuer is missing")
			}
		}
		return nil
	}
	if h.OIDCClient == "" || h.OIDCRedirect == "" {
		return wrong("oidc_issuer", "is there, and http.oidc_client or http.oidc_redirect is missing")
	}
	u, err := url.Parse(string(h.OIDCRedirect))
	switch {
	case err != nil || u.Path != OIDCCallback:
		return wrong("oidc_redirect", "have %s, want the path %s", quote.Short(string(h.OIDCRedirect)), OIDCCallback)
	case u.Scheme == "http" && !bool(h.Plain):
		return wrong("oidc_redirect", "have %s, and the service speaks TLS: want https://", quote.Short(string(h.OIDCRedirect)))
	}
	return nil
}

func (l *Link) text() string  { return string(*l) }
func (l *Link) plain() string { return "" }
func (l *Link) set(text string, _ *Field) error {
	if text != "" {
		u, err := url.Parse(text)
		switch {
		case err != nil, lineFlaw(text) != nil, u.Hostname() == "", u.RawQuery != "", u.ForceQuery, strings.Contains(text, "#"),
			u.Scheme != "https" && u.Scheme != "http":
			return fmt.Errorf("have %s, want a URL without query, as https://id.example.com", quote.Short(text))
		case u.User != nil:
			return errors.New("has a user name in it, want a URL without one, as https://id.example.com")
		case u.Scheme == "http" && !loopback(net.JoinHostPort(u.Hostname(), "80")):
			return fmt.Errorf("have %s, which others can read and change on the way: want https://", quote.Short(text))
		}
	}
	*l = Link(text)
	return nil
}

// List is the words.
func (w Words) List() []string { return strings.Fields(string(w)) }

func (w *Words) text() string  { return string(*w) }
func (w *Words) plain() string { return "" }
func (w *Words) set(text string, _ *Field) error {
	for _, c := range text {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' { // RFC 6749 section 3.3
			return fmt.Errorf("have %s, in which %q cannot be", quote.Short(text), c)
		}
	}
	if strings.TrimSpace(text) == "" {
		return errors.New("has no word")
	}
	*w = Words(text)
	return nil
}

// roleNames are the roles that have a name.
var roleNames = map[string]nt.SID{
	"administrators": nt.SIDAdministrators, "readers": nt.SIDEventLogReaders, "event log readers": nt.SIDEventLogReaders,
}

// List is the roles, in their order.
func (r Roles) List() []Role {
	list, _ := parseRoles(string(r)) // what is wrong with it was told
	return list
}

// parseRoles takes group=role; group=role. A group may have = in its name.
func parseRoles(text string) (list []Role, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ";") {
		at := strings.LastIndexByte(part, '=')
		if at < 0 {
			return nil, fmt.Errorf("have %s, want group=role, with a semicolon between two", quote.Short(strings.TrimSpace(part)))
		}
		group, role := strings.TrimSpace(part[:at]), strings.TrimSpace(part[at+1:])
		if group == "" {
			return nil, fmt.Errorf("have %s, which names no group", quote.Short(strings.TrimSpace(part)))
		}
		sid, ok := roleNames[strings.ToLower(role)]
		if !ok {
			// One number behind the authority is what the system itself is, or everybody.
			if sid, err = nt.ParseSID(role); err != nil || strings.Count(string(sid), "-") < 4 {
				return nil, fmt.Errorf("have the role %s, want administrators, readers, or the SID of a group, as S-1-5-21-1-2-3-1105", quote.Short(role))
			}
		}
		list = append(list, Role{group, sid})
	}
	return list, nil
}

func (r *Roles) text() string  { return string(*r) }
func (r *Roles) plain() string { return "" }
func (r *Roles) set(text string, _ *Field) error {
	err := lineFlaw(text)
	if err == nil {
		_, err = parseRoles(text)
	}
	if err != nil {
		return err
	}
	*r = Roles(text)
	return nil
}
